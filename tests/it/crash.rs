//! The built server is killed again and again while clients write and read: nothing that was acknowledged is lost,
//! nothing is doubled, and every reader sees every event once and in order.

use crate::api::{Api, items, soon};
use crate::binary::{Binary, Home};
use crate::live::{Live, Sse};
use crate::mail::Mail;
use engine::{Clock as _, Engine, FixedClock, Options, SystemClock};
use model::people::Channel;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

/// How often the server is killed.
const KILLS: usize = 5;
/// The most acknowledged writes between two kills: the moment is a matter of luck.
const BETWEEN: usize = 150;
/// Mails, and creates: each of these sends its writes one after the other, and all of them together one at each tick.
const WRITERS: usize = 4;
const WRITES: usize = 110;
/// 200 a second.
const TICK: Duration = Duration::from_millis(5);
/// Clients that follow the log, every third of them by server-sent events.
const READERS: usize = 10;

/// Where the server is now. Each start counts.
type Address = watch::Receiver<(usize, String)>;

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_on_sqlite_loses_and_doubles_nothing() {
    killed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_on_postgres_loses_and_doubles_nothing() {
    killed(true).await;
}

async fn killed(postgres: bool) {
    let home = Home::new(postgres).await;
    let token = home.person("root@example.org", "admin").await;
    let mut server = home.serve().await;
    let begin = server.as_of(&token).await;
    let (address, here) = watch::channel((0, server.api().url.clone()));
    let (acknowledged, mut count) = watch::channel(0_usize);
    let acknowledged = Arc::new(acknowledged);
    let ticks = Arc::new(Mutex::new(tokio::time::interval(TICK)));

    // What each writer was told: its title, and the ticket that it became.
    let mut writers: JoinSet<Vec<(String, Value)>> = JoinSet::new();
    for writer in 0..WRITERS {
        for kind in [Write::Mail, Write::Create] {
            let (here, token) = (here.clone(), token.clone());
            let (acknowledged, ticks) = (Arc::clone(&acknowledged), Arc::clone(&ticks));
            writers.spawn(async move {
                let mut told = Vec::new();
                for n in 0..WRITES {
                    let title = format!("{kind:?} {n} of {writer}");
                    ticks.lock().await.tick().await;
                    let ticket = insist(&here, |api| attempt(api, kind, title.clone(), token.clone())).await;
                    told.push((title, ticket));
                    acknowledged.send_modify(|count| *count += 1);
                }
                told
            });
        }
    }
    let (end, until) = watch::channel(None);
    let mut readers: JoinSet<Vec<String>> = JoinSet::new();
    for reader in 0..READERS {
        readers.spawn(read(reader % 3 == 2, here.clone(), token.clone(), begin.clone(), until.clone()));
    }

    let mut enough = 0;
    for kill in 1..=KILLS {
        // In the middle of the writing, wherever each writer is just then.
        enough += 1 + usize::try_from(RandomState::new().hash_one(kill)).unwrap() % BETWEEN;
        println!("kill {kill} after {enough} writes");
        soon(count.wait_for(|count| *count >= enough)).await.unwrap();
        server.kill().await;
        server = home.serve().await;
        address.send_replace((kill, server.api().url.clone()));
    }
    let told: Vec<(String, Value)> = soon(writers.join_all()).await.into_iter().flatten().collect();
    assert_eq!(told.len(), 2 * WRITERS * WRITES);

    // Everything acknowledged is there, once, and is the ticket that was acknowledged.
    let tickets = all_tickets(&server, &token).await;
    for (title, ticket) in &told {
        assert_eq!(tickets.get(title).map(Vec::as_slice), Some(&[ticket.clone()][..]), "{title}");
    }
    assert_eq!(tickets.len(), told.len(), "nothing else came into being");

    // The readers end where the log ends, and have seen all that is between.
    let last = server.as_of(&token).await;
    end.send_replace(Some(last.clone()));
    let log = home.run(&["events", "--after", &begin, "--json"], b"").await.ok();
    let log: Vec<String> = log.lines().map(cursor_of_line).collect();
    let upto = log.iter().position(|cursor| *cursor == last).unwrap() + 1;
    for seen in soon(readers.join_all()).await {
        assert_eq!(seen.len(), seen.iter().collect::<BTreeSet<_>>().len(), "a reader has seen an event twice");
        assert_eq!(seen, log[..upto], "a reader has seen other events than there are in the log");
    }
    let places: Vec<i64> = log.iter().map(|cursor| cursor.rsplit('.').next().unwrap().parse().unwrap()).collect();
    assert!(places.windows(2).all(|pair| pair[1] == pair[0] + 1), "the log has a hole");
    server.terminate().await;
    assert!(server.ended().await.success());
}

fn cursor_of_line(line: &str) -> String {
    let event: Value = serde_json::from_str(line).unwrap();
    event["cursor"].as_str().unwrap().to_owned()
}

#[derive(Debug, Clone, Copy)]
enum Write {
    Mail,
    Create,
}

/// One try: the ticket's number if it was acknowledged.
async fn attempt(api: Api, kind: Write, title: String, token: String) -> Option<Value> {
    match kind {
        Write::Mail => {
            let id = format!("{}@example.net", title.replace(' ', "-"));
            let raw = Mail { from: "Li <li@example.net>", subject: &title, id: &id, answers: None, text: "正文" }.raw();
            let answer = api.mail(&raw).await.ok().filter(|answer| answer.status() == 200)?;
            Some(answer.json::<Value>().await.ok()?["ticket"].take()).filter(|ticket| !ticket.is_null())
        }
        Write::Create => {
            let text = "mutation($input: OpenTicketInput!) { openTicket(input: $input) { ticket { databaseId } userErrors { message } } }";
            let input = json!({ "title": title, "description": "text", "clientMutationId": title });
            let body = json!({ "query": text, "variables": { "input": input } });
            let mut answer: Value = api.post(&token, &body).await.ok()?.json().await.ok()?;
            Some(answer["data"]["openTicket"]["ticket"]["databaseId"].take()).filter(|ticket| !ticket.is_null())
        }
    }
}

/// Tries until it is acknowledged; after a failure, at the next server.
async fn insist<F, Fut>(here: &Address, mut attempt: F) -> Value
where
    F: FnMut(Api) -> Fut,
    Fut: Future<Output = Option<Value>>,
{
    let mut here = here.clone();
    loop {
        let (start, url) = here.borrow_and_update().clone();
        if let Some(ticket) = attempt(Api::new(url)).await {
            return ticket;
        }
        soon(here.wait_for(|(now, _)| *now > start)).await.unwrap();
    }
}

/// Reads events from a cursor on, by whichever server is there, until it is told where the log ends and has come there.
async fn read(
    events: bool,
    mut here: Address,
    token: String,
    begin: String,
    mut until: watch::Receiver<Option<String>>,
) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    loop {
        let (start, url) = here.borrow_and_update().clone();
        let api = Api::new(url);
        let after = seen.last().unwrap_or(&begin).clone();
        let reading = async {
            if events {
                by_events(&api, &token, &after, &mut seen, &mut until).await
            } else {
                by_socket(&api, &token, &after, &mut seen, &mut until).await
            }
        };
        if soon(Box::pin(reading)).await {
            return seen;
        }
        soon(here.wait_for(|(now, _)| *now > start)).await.unwrap();
    }
}

const EVENTS: &str = "subscription($after: Cursor) { events(after: $after) { cursor type ticket { title } } }";

/// Whether the end was reached; otherwise the connection broke.
async fn by_socket(
    api: &Api,
    token: &str,
    after: &str,
    seen: &mut Vec<String>,
    until: &mut watch::Receiver<Option<String>>,
) -> bool {
    let Ok(mut live) = Live::open(api, token, EVENTS, json!({ "after": after })).await else { return false };
    loop {
        if until.borrow().is_some() && *until.borrow() == seen.last().cloned() {
            return true;
        }
        tokio::select! {
            result = live.result() => match result {
                Ok(result) => seen.push(result["data"]["events"]["cursor"].as_str().unwrap_or_else(|| panic!("{result:#}")).to_owned()),
                Err(_) => return false,
            },
            told = until.changed() => told.unwrap(),
        }
    }
}

async fn by_events(
    api: &Api,
    token: &str,
    after: &str,
    seen: &mut Vec<String>,
    until: &mut watch::Receiver<Option<String>>,
) -> bool {
    // What the client has seen is told by the header, as a browser does it; the variable is where it once began.
    let last = (!seen.is_empty()).then_some(after);
    let Ok(mut stream) = Sse::open(api, token, EVENTS, json!({ "after": after }), last).await else { return false };
    loop {
        if until.borrow().is_some() && *until.borrow() == seen.last().cloned() {
            return true;
        }
        tokio::select! {
            event = stream.event() => match event {
                Ok(told) => seen.push(told.id.unwrap_or_else(|| panic!("{:#}", told.result))),
                Err(_) => return false,
            },
            told = until.changed() => told.unwrap(),
        }
    }
}

/// All tickets by their titles.
async fn all_tickets(server: &Binary, token: &str) -> BTreeMap<String, Vec<Value>> {
    let query = "query($after: String) { tickets(first: 100, after: $after) { nodes { title databaseId } pageInfo { hasNextPage endCursor } } }";
    let mut all = BTreeMap::<String, Vec<Value>>::new();
    let mut after = Value::Null;
    loop {
        let page = server.data(token, query, json!({ "after": after })).await["tickets"].take();
        for ticket in items(&page["nodes"]) {
            all.entry(ticket["title"].as_str().unwrap().to_owned()).or_default().push(ticket["databaseId"].clone());
        }
        if page["pageInfo"]["hasNextPage"] != true {
            return all;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_drains_and_ends_well() {
    let home = Home::new(false).await;
    let token = home.person("root@example.org", "admin").await;
    let server = home.serve().await;
    let subscription = "subscription { events { cursor } }";
    let live = server.live(&token, subscription, json!({})).await;
    let mut stream = server.sse(&token, subscription, json!({})).await;
    server.open_ticket(&token, "before the end").await;
    stream.next().await;
    // A request that is under way when the signal comes: its head is there, its body is not.
    let (send, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let body = reqwest::Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(body));
    let request = server.http.post(server.at("/attachments?filename=late.txt")).bearer_auth(&token);
    let uploading = tokio::spawn(request.header("content-type", "text/plain").body(body).send());
    send.send(Ok(b"half ".to_vec())).await.unwrap();
    server.get("", "/healthz").await;
    server.terminate().await;
    // Streams are told at once, so that their clients go elsewhere.
    assert_eq!(live.closed().await, 1012);
    assert!(soon(stream.event()).await.is_err());
    send.send(Ok(b"and half".to_vec())).await.unwrap();
    drop(send);
    let answer = soon(uploading).await.unwrap().unwrap();
    assert_eq!(answer.status(), 201);
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");
    // Nothing is left half done: the next start serves what the last one took.
    let server = home.serve().await;
    assert_eq!(server.data(&token, "{ tickets { totalCount } }", json!({})).await["tickets"]["totalCount"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_store_refuses() {
    let home = Home::new(false).await;
    let server = home.serve().await;
    let second = tokio::time::timeout(Duration::from_secs(20), home.run(&["serve"], b"")).await.unwrap();
    assert_eq!(second.code, 1);
    assert!(second.err.contains("Another Echodesk server runs on the data directory"), "{}", second.err);
    assert!(second.err.contains("data_dir"), "{}", second.err);
    assert_eq!(second.out, "");
    assert_eq!(server.get("", "/healthz").await.status(), 200, "the first one serves on");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_postgres() {
    let home = Home::new(true).await;
    let token = home.person("root@example.org", "admin").await;
    let (one, two) = (home.serve().await, home.serve().await);
    let begin = one.as_of(&token).await;
    let mut live = two.live(&token, EVENTS, json!({ "after": begin })).await;
    for n in 0..10 {
        let server = if n % 2 == 0 { &one } else { &two };
        server.open_ticket(&token, &format!("ticket {n}")).await;
        assert_eq!(live.next().await["events"]["ticket"]["title"], format!("ticket {n}"));
    }
}

/// A server that dies between storing a mail and reading it has acknowledged nothing, and yet loses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_stored_and_not_read_is_read_at_the_next_start() {
    for postgres in [false, true] {
        let home = Home::new(postgres).await;
        let token = home.person("root@example.org", "admin").await;
        let mut options = Options::new(&home.database_url, home.data_dir());
        // Long enough ago that nobody can be reading it still.
        options.clock = Arc::new(FixedClock::at(SystemClock.now().plus(-model::time::MINUTE)));
        let engine = Engine::start(options).await.unwrap();
        let begin = engine.cursor().to_string();
        let mail =
            Mail { from: "Li <li@example.net>", subject: "left behind", id: "a@b.example", answers: None, text: "x" };
        engine.store_inbound(Channel::Email, mail.raw().into_bytes(), None).await.unwrap();
        engine.close().await;

        let server = home.serve().await;
        let opened = "subscription($after: Cursor) { events(after: $after, filter: {types: [TICKET_OPENED]}) { ticket { title } } }";
        let mut live = server.live(&token, opened, json!({ "after": begin })).await;
        assert_eq!(live.next().await["events"]["ticket"]["title"], "left behind");
        assert_eq!(server.take_mail(&mail.raw()).await["state"], "duplicate");
    }
}
