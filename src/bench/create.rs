//! Creating over HTTP: tickets by a GraphQL mutation and by the dialects, for each its first comment, the event, the history, the
//! search index and the counts; comments by the dialects. Against single-row commits of the same database.

use super::client::{Ask, Load, Work, post, with_body};
use super::dialect::Dialect;
use super::house::{House, People};
use super::limits::{Cell, Side, compare};
use super::read::BEFORE_FIRST;
use super::report::Figure;
use super::seed::{self, Dice};
use crate::cli::Failure;
use bytes::Bytes;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use store::bench::Commits;

const MUTATION: &str = "mutation Open($input: OpenTicketInput!) { openTicket(input: $input) { \
    ticket { id number title status createdAt } userErrors { message } } }";
const ONE_WRITER: &str = "single-row commits of one writer";
/// Texts that are sent by turns.
const TEXTS: u64 = 512;

/// How many clients create at once, and which share of the limit is to be reached.
pub const ON_SQLITE: [(usize, f64); 3] = [(1, 0.40), (16, 1.00), (64, 1.50)];
pub const ON_POSTGRES: [(usize, f64); 1] = [(16, 0.25)];

/// How many clients use a dialect at once, and the share to be reached: GraphQL's.
const DIALECT: (usize, f64) = (16, 1.00);

/// Clients that open tickets, each as a requester of its own.
pub async fn load(address: SocketAddr, people: &People, clients: usize) -> Result<Load, Failure> {
    let mut bodies = Vec::new();
    for number in 0..TEXTS {
        let open = seed::ticket(1_000_000_000 + number);
        let input = json!({ "title": open.title, "description": open.description, "tags": open.tags });
        bodies.push(Bytes::from(json!({ "query": MUTATION, "variables": { "input": input } }).to_string()));
    }
    let mut heads = Vec::new();
    for client in 0..clients {
        let token = &people.requester(client)?.token;
        heads.push(vec![post("/graphql", address, "application/json", Some(token))?]);
    }
    writing(address, heads, bodies, "\"openTicket\":{\"ticket\":{\"id\":\"ticket_").await
}

/// A client for each list of heads: it sends them by turns, with the bodies by turns.
async fn writing(
    address: SocketAddr,
    heads: Vec<Vec<Ask>>,
    bodies: Vec<Bytes>,
    sign: &'static str,
) -> Result<Load, Failure> {
    let clients = heads.len();
    let ask = move |client: usize, turn: u64| {
        let text = (client as u64 * 31 + turn).checked_rem(bodies.len() as u64).unwrap_or_default();
        let body = bodies.get(text as usize).cloned().unwrap_or_default();
        let own = heads.get(client).map(Vec::as_slice).unwrap_or_default();
        let head = own.get(turn.checked_rem(own.len() as u64).unwrap_or_default() as usize);
        head.map(|head| with_body(head, body)).unwrap_or_default()
    };
    Load::new(address, clients, Work { ask: Box::new(ask), sign }).await
}

/// The same over a dialect.
async fn tickets_over(dialect: &Dialect, house: &House, clients: usize) -> Result<Load, Failure> {
    let bodies = (0..TEXTS).map(|number| Bytes::from(dialect.ticket_body(2_000_000_000 + number).to_string()));
    let mut heads = Vec::new();
    for client in 0..clients {
        let token = &house.people.requester(client)?.token;
        heads.push(vec![post(&dialect.tickets(), house.address, "application/json", Some(token))?]);
    }
    writing(house.address, heads, bodies.collect(), dialect.opened).await
}

/// Clients that answer random tickets of the store over a dialect.
async fn comments_over(dialect: &Dialect, house: &House, clients: usize, tickets: u64) -> Result<Load, Failure> {
    let bodies = (0..TEXTS).map(|number| {
        let text = Dice::new(3_000_000_000 + number).text(20);
        Bytes::from(json!({ "content": text, "is_internal": number % 4 == 0 }).to_string())
    });
    let mut heads = Vec::new();
    for client in 0..clients {
        let (token, mut dice) = (&house.people.supervisor(client)?.token, Dice::new(client as u64));
        let paths = (0..TEXTS).map(|_| dialect.comments(BEFORE_FIRST + 1 + dice.below(tickets)));
        let own = paths.map(|path| post(&path, house.address, "application/json", Some(token)));
        heads.push(own.collect::<Result<_, _>>()?);
    }
    writing(house.address, heads, bodies.collect(), dialect.commented).await
}

/// Tickets and comments over a dialect, on SQLite.
pub async fn dialect_on_sqlite(
    dialect: &Dialect,
    house: &House,
    tickets: u64,
    seconds: u64,
) -> Result<Vec<Figure>, Failure> {
    let (clients, reach) = DIALECT;
    let prefix = dialect.prefix;
    let loads = [
        ("create", tickets_over(dialect, house, clients).await?),
        ("comment", comments_over(dialect, house, clients, tickets).await?),
    ];
    let mut figures = Vec::new();
    for (work, load) in loads {
        let file = format!("limit-{}-{work}.db", prefix.trim_start_matches('/'));
        let work = format!("{prefix} {work}, SQLite synchronous=FULL");
        let cell = Cell { work, clients, against: ONE_WRITER, reach };
        figures.push(against_sqlite(cell, &house.folder.join(file), load, seconds).await?);
    }
    Ok(figures)
}

async fn against_sqlite(cell: Cell, path: &Path, load: Load, seconds: u64) -> Result<Figure, Failure> {
    let mut limit = Side::Commits(Commits::sqlite(path)?);
    let figure = compare(cell, &mut limit, &mut Side::Load(load), seconds).await?;
    if let Side::Commits(commits) = limit {
        commits.close().await?;
    }
    Ok(figure)
}

/// Creates on SQLite, `synchronous=FULL`, as many at a time as there are clients.
pub async fn on_sqlite(house: &House, seconds: u64) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (clients, reach) in ON_SQLITE {
        let path = house.folder.join(format!("limit-{clients}.db"));
        let load = load(house.address, &house.people, clients).await?;
        let cell = Cell { work: "create, SQLite synchronous=FULL".to_owned(), clients, against: ONE_WRITER, reach };
        figures.push(against_sqlite(cell, &path, load, seconds).await?);
    }
    Ok(figures)
}

/// Creates on PostgreSQL; the limit writes to the same server and database.
pub async fn on_postgres(house: &House, url: &str, seconds: u64) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (clients, reach) in ON_POSTGRES {
        let mut limit = Side::Commits(Commits::postgres(url, clients).await?);
        let mut own = Side::Load(load(house.address, &house.people, clients).await?);
        let cell = Cell {
            work: "create, PostgreSQL".to_owned(),
            clients,
            against: "single-row commits at 16 connections",
            reach,
        };
        figures.push(compare(cell, &mut limit, &mut own, seconds).await?);
        if let Side::Commits(commits) = limit {
            commits.close().await?;
        }
    }
    Ok(figures)
}
