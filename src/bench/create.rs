//! Creating tickets over HTTP: a GraphQL mutation with an API token, for each ticket its first comment, the event, the
//! history, the search index and the counts; against single-row commits of the same database.

use super::client::{Load, Work, post, with_body};
use super::house::{House, People};
use super::limits::{Cell, Side, compare};
use super::report::Figure;
use super::seed;
use crate::cli::Failure;
use bytes::Bytes;
use serde_json::json;
use std::net::SocketAddr;
use store::bench::Commits;

const MUTATION: &str = "mutation Open($input: OpenTicketInput!) { openTicket(input: $input) { \
    ticket { id number title status createdAt } userErrors { message } } }";
/// Texts that are sent by turns.
const TEXTS: u64 = 512;

/// How many clients create at once, and which share of the limit is to be reached.
pub const ON_SQLITE: [(usize, f64); 3] = [(1, 0.40), (16, 1.00), (64, 1.50)];
pub const ON_POSTGRES: [(usize, f64); 1] = [(16, 0.25)];

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
        heads.push(post("/graphql", address, "application/json", Some(token))?);
    }
    let ask = move |client: usize, turn: u64| {
        let text = (client as u64 * 31 + turn).checked_rem(bodies.len() as u64).unwrap_or_default();
        let body = bodies.get(text as usize).cloned().unwrap_or_default();
        heads.get(client).map(|head| with_body(head, body)).unwrap_or_default()
    };
    Load::new(address, clients, Work { ask: Box::new(ask), sign: "\"openTicket\":{\"ticket\":{\"id\":\"ticket_" }).await
}

/// Creates on SQLite, `synchronous=FULL`, as many at a time as there are clients.
pub async fn on_sqlite(house: &House, seconds: u64) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (clients, reach) in ON_SQLITE {
        let path = house.folder.join(format!("limit-{clients}.db"));
        let mut limit = Side::Commits(Commits::sqlite(&path).await?);
        let mut own = Side::Load(load(house.address, &house.people, clients).await?);
        let cell = Cell {
            work: "create, SQLite synchronous=FULL",
            clients,
            against: "single-row commits of one writer",
            reach,
        };
        figures.push(compare(cell, &mut limit, &mut own, seconds).await?);
        if let Side::Commits(commits) = limit {
            commits.close().await?;
        }
    }
    Ok(figures)
}

/// Creates on PostgreSQL; the limit writes to the same server and database.
pub async fn on_postgres(house: &House, url: &str, seconds: u64) -> Result<Vec<Figure>, Failure> {
    let mut figures = Vec::new();
    for (clients, reach) in ON_POSTGRES {
        let mut limit = Side::Commits(Commits::postgres(url, clients).await?);
        let mut own = Side::Load(load(house.address, &house.people, clients).await?);
        let cell = Cell { work: "create, PostgreSQL", clients, against: "single-row commits at 16 connections", reach };
        figures.push(compare(cell, &mut limit, &mut own, seconds).await?);
        if let Side::Commits(commits) = limit {
            commits.close().await?;
        }
    }
    Ok(figures)
}
