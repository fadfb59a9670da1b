//! Reading over HTTP: a ticket with its comments, a list, a search, by persisted GraphQL queries; a ticket, a list and the
//! statistics of the dialects. All against a bare axum server that answers a constant text of the same size, asked by the same
//! clients with the same request.

use super::client::{Ask, Load, Work, get, post, with_body};
use super::dialect::Dialect;
use super::house::{House, Person};
use super::limits::{Bare, Cell, Side, compare};
use super::report::{Amount, Figure, quantile};
use super::seed::{self, Dice};
use crate::cli::Failure;
use bytes::Bytes;
use model::query::TicketFilter;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

const CLIENTS: usize = 16;
const BARE: &str = "bare axum, JSON of the same size";
/// Answers that are looked at to learn their size.
const SAMPLES: u64 = 50;
/// Milliseconds within which 99 of 100 questions for the statistics are answered.
const STATISTICS_MS: f64 = 5.0;
/// Requests that are sent by turns.
const REQUESTS: u64 = 2_000;
/// The id before the first ticket's.
pub const BEFORE_FIRST: u64 = 100_000;

const DETAIL: &str = "query Detail($id: ID!) { ticket(id: $id) { id number title description status priority resolution \
    createdAt updatedAt tags commentCount requester { id name } assignee { id name } category { id name } \
    comments(first: 20) { nodes { id body byStaff visibility createdAt author { id name } } pageInfo { hasNextPage endCursor } } } }";

macro_rules! row {
    () => {
        "nodes { id number title status priority createdAt updatedAt commentCount requester { id name } assignee { id name } } \
         pageInfo { hasNextPage endCursor }"
    };
}
const LIST: &str = concat!(
    "query List($status: Status!) { tickets(filter: { status: [$status] }, sort: { by: CREATED, direction: DESC }, first: 20) { ",
    row!(),
    " } }"
);
const SEARCH: &str = concat!("query Search($text: String!) { tickets(search: $text, first: 20) { ", row!(), " } }");

/// A query that the server knows by its hash.
struct Persisted {
    text: &'static str,
    hash: String,
}

impl Persisted {
    fn new(text: &'static str) -> Self {
        let mut hash = String::new();
        for byte in digest(&SHA256, text.as_bytes()).as_ref() {
            write!(hash, "{byte:02x}").unwrap_or_default();
        }
        Self { text, hash }
    }

    /// What is sent once, so that the server knows it.
    fn first(&self, variables: Value) -> Bytes {
        let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": self.hash } });
        Bytes::from(json!({ "query": self.text, "variables": variables, "extensions": extensions }).to_string())
    }

    fn later(&self, variables: &Value) -> Bytes {
        let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": self.hash } });
        Bytes::from(json!({ "variables": variables, "extensions": extensions }).to_string())
    }
}

/// Clients that ask the same query with different variables, by turns. Each begins elsewhere.
async fn asking(
    address: SocketAddr,
    clients: usize,
    by: &Person,
    query: &'static str,
    variables: Vec<Value>,
) -> Result<(Load, Ask), Failure> {
    let persisted = Persisted::new(query);
    let head = post("/graphql", address, "application/json", Some(&by.token))?;
    let told = with_body(&head, persisted.first(variables.first().cloned().unwrap_or_default()));
    let tell = Work { ask: Box::new(move |_, _| told.clone()), sign: "{\"data\":{\"ticket" };
    Load::new(address, 1, tell).await?.sample(1).await?;
    let asks = variables.iter().map(|each| with_body(&head, persisted.later(each))).collect();
    by_turns(address, clients, asks, "{\"data\":{\"ticket").await
}

/// Clients that send some requests by turns, and the first of the requests. Each client begins elsewhere.
async fn by_turns(
    address: SocketAddr,
    clients: usize,
    asks: Vec<Ask>,
    sign: &'static str,
) -> Result<(Load, Ask), Failure> {
    let first = asks.first().cloned().unwrap_or_default();
    let ask = move |client: usize, turn: u64| {
        let at = (client as u64 * 127 + turn).checked_rem(asks.len() as u64).unwrap_or_default();
        asks.get(at as usize).cloned().unwrap_or_default()
    };
    Ok((Load::new(address, clients, Work { ask: Box::new(ask), sign }).await?, first))
}

/// Ids of random tickets of the store.
fn ids(count: u64) -> impl Iterator<Item = u64> {
    let mut dice = Dice::new(count);
    (0..REQUESTS).map(move |_| BEFORE_FIRST + 1 + dice.below(count))
}

fn tickets(count: u64) -> Vec<Value> {
    ids(count).map(|id| json!({ "id": format!("ticket_{id}") })).collect()
}

fn statuses() -> Vec<Value> {
    ["NEW", "OPEN", "IN_PROGRESS", "PENDING", "RESOLVED", "CLOSED"].map(|status| json!({ "status": status })).to_vec()
}

/// Tickets, lists and searches by turns, as clients of a server elsewhere: for the memory under load.
pub async fn mixed(address: SocketAddr, clients: usize, by: &Person, count: u64) -> Result<Vec<Load>, Failure> {
    let words = [seed::CHINESE, seed::ENGLISH].map(|(word, _)| json!({ "text": word })).to_vec();
    let third = (clients / 3).max(1);
    let mut loads = Vec::new();
    for (query, variables) in [(DETAIL, tickets(count)), (LIST, statuses()), (SEARCH, words)] {
        loads.push(asking(address, third, by, query, variables).await?.0);
    }
    Ok(loads)
}

async fn cell(
    house: &House,
    (work, reach): (&str, f64),
    query: &'static str,
    variables: Vec<Value>,
    seconds: u64,
) -> Result<Figure, Failure> {
    let by = house.people.supervisor(0)?;
    against_bare((work, reach), asking(house.address, CLIENTS, by, query, variables).await?, seconds).await
}

async fn against_bare(
    (work, reach): (&str, f64),
    (mut own, first): (Load, Ask),
    seconds: u64,
) -> Result<Figure, Failure> {
    let answers = own.sample(SAMPLES).await?;
    let bytes: usize = answers.iter().map(Bytes::len).sum();
    let size = bytes.checked_div(answers.len()).unwrap_or_default();
    let bare = Bare::open(of_size(&answers, size)).await?;
    let mut limit = bare.load(CLIENTS, first).await?;
    let cell = Cell { work: work.to_owned(), clients: CLIENTS, against: BARE, reach };
    let figure = compare(cell, &mut limit, &mut Side::Load(own), seconds).await?;
    Ok(Figure { work: format!("{work} ({size} bytes)"), ..figure })
}

/// A JSON text of this length: an answer of ours, cut or filled up.
fn of_size(answers: &[Bytes], size: usize) -> Bytes {
    let text = answers.first().map(|answer| String::from_utf8_lossy(answer).into_owned()).unwrap_or_default();
    let plain: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
    let mut body = String::from("{\"data\":\"");
    for c in plain.chars().chain(std::iter::repeat('x')) {
        if body.len() + c.len_utf8() + 2 > size.max(12) {
            break;
        }
        body.push(c);
    }
    body.push_str("\"}");
    Bytes::from(body)
}

pub async fn detail(house: &House, count: u64, seconds: u64) -> Result<Figure, Failure> {
    cell(house, ("ticket with its comments", 0.25), DETAIL, tickets(count), seconds).await
}

pub async fn list(house: &House, seconds: u64) -> Result<Figure, Failure> {
    cell(house, ("list of 20 by status", 0.15), LIST, statuses(), seconds).await
}

/// A dialect as a supervisor asks it.
async fn asked(
    dialect: &Dialect,
    house: &House,
    clients: usize,
    paths: impl Iterator<Item = String> + Send,
) -> Result<(Load, Ask), Failure> {
    let by = house.people.supervisor(0)?;
    let asks = paths.map(|path| get(&path, house.address, Some(&by.token))).collect::<Result<_, _>>()?;
    by_turns(house.address, clients, asks, dialect.read).await
}

/// A ticket, a list and the statistics over a dialect, under the shares that GraphQL has to reach, too.
pub async fn dialect_figures(
    dialect: &Dialect,
    house: &House,
    count: u64,
    seconds: u64,
) -> Result<Vec<Figure>, Failure> {
    let prefix = dialect.prefix;
    let one = asked(dialect, house, CLIENTS, ids(count).map(|id| dialect.ticket(id))).await?;
    let ticket = against_bare((&format!("{prefix} ticket"), 0.25), one, seconds).await?;
    let lists = asked(dialect, house, CLIENTS, dialect.lists()).await?;
    let list = against_bare((&format!("{prefix} list of 20 by status"), 0.15), lists, seconds).await?;
    let sums = asked(dialect, house, CLIENTS, std::iter::once(dialect.statistics())).await?;
    let statistics = against_bare((&format!("{prefix} statistics"), 0.06), sums, seconds).await?;
    Ok(vec![ticket, list, statistics])
}

/// How long somebody waits who asks for the statistics alone.
pub async fn statistics_alone(dialect: &Dialect, house: &House, seconds: u64) -> Result<Amount, Failure> {
    let (mut load, _) = asked(dialect, house, 1, std::iter::once(dialect.statistics())).await?;
    load.sample(SAMPLES).await?;
    let mut took = load.run(Duration::from_secs(seconds.max(1))).await?;
    took.sort_unstable();
    let beside = format!("one client, {} requests, p50 {:.2} ms", took.len(), quantile(&took, 0.5));
    let work = format!("{} statistics, p99", dialect.prefix);
    Ok(Amount::new(work, quantile(&took, 0.99), STATISTICS_MS, "ms").beside(beside))
}

/// Both words, after a look whether they stand in one of a hundred tickets.
pub async fn search(house: &House, count: u64, seconds: u64) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for ((word, _), work) in [(seed::CHINESE, "search, Chinese word"), (seed::ENGLISH, "search, English word")] {
        let filter = TicketFilter { search: Some(word.to_owned()), ..TicketFilter::default() };
        let found = house.engine.count_tickets(&house.people.supervisor(0)?.caller.actor, &filter).await?;
        if u64::try_from(found).ok() != Some(count / 100) {
            return Err(Failure::new(format!("{word} stands in {found} of {count} tickets, not in one of a hundred.")));
        }
        figures.push(cell(house, (work, 0.06), SEARCH, vec![json!({ "text": word })], seconds).await?);
    }
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bare_answer_is_json_of_the_same_size() {
        let ours = Bytes::from(json!({ "data": { "title": "登录 \"x\"\n", "n": 1 } }).to_string());
        for size in [12, 20, 40, 400] {
            let body = of_size(std::slice::from_ref(&ours), size);
            assert!(
                serde_json::from_slice::<Value>(&body).is_ok() && body.len() + 4 > size && body.len() <= size,
                "{size}"
            );
        }
    }
}
