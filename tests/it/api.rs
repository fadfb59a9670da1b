//! A small GraphQL client over HTTP: what a test asks, and what it hears.
//!
//! It knows addresses and tokens, nothing of the server behind them, so it talks to both kinds: the one in this process
//! and the built binary. What it hears is held against the documents (`held.rs`).

use crate::held::{Client, Request};
use crate::live::{Live, Sse};
use reqwest::Response;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use std::time::Duration;

/// The secret of POST /hooks/email in all tests.
pub const HOOK_SECRET: &str = "a-hook-secret-of-the-tests";

/// A server's address and a client for it.
#[derive(Clone)]
pub struct Api {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    pub http: Client,
}

impl Api {
    pub fn new(url: String) -> Self {
        Self { url, http: Client::new() }
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A GET with a token; an empty token sends none.
    pub async fn get(&self, token: &str, path: &str) -> Response {
        signed(self.http.get(self.at(path)), token).send().await.unwrap()
    }

    /// Sends any JSON to /graphql.
    pub async fn post(&self, token: &str, body: &Value) -> reqwest::Result<Response> {
        signed(self.http.post(self.at("/graphql")), token).json(body).send().await
    }

    /// The whole answer: data, errors, extensions.
    pub async fn graphql(&self, token: &str, query: &str, variables: Value) -> Value {
        let answer = self.post(token, &json!({ "query": query, "variables": variables })).await.unwrap();
        answer.json().await.unwrap()
    }

    /// The data of an operation that has to go well.
    pub async fn data(&self, token: &str, query: &str, variables: Value) -> Value {
        let mut answer = self.graphql(token, query, variables).await;
        assert!(answer.get("errors").is_none(), "{query}: {answer:#}");
        answer["data"].take()
    }

    /// The payload of a mutation that has to be carried out.
    pub async fn done(&self, token: &str, mutation: &str, fields: &str, input: Value) -> Value {
        let payload = self.payload(token, mutation, fields, input).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}");
        payload
    }

    /// The payload of a mutation, whatever it says.
    pub async fn payload(&self, token: &str, mutation: &str, fields: &str, input: Value) -> Value {
        let type_name = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let type_name = match mutation {
            "closeTicket" | "reopenTicket" => "TicketReasonInput",
            "deleteTicket" | "restoreTicket" | "unmergeTicket" => "TicketInput",
            _ => &type_name,
        };
        let text = format!(
            "mutation($input: {type_name}!) {{ {mutation}(input: $input) {{ {fields} clientMutationId userErrors {{ code field message }} }} }}"
        );
        self.data(token, &text, json!({ "input": input })).await[mutation].take()
    }

    /// The code of the first error of an operation that has to fail.
    pub async fn code(&self, token: &str, query: &str, variables: Value) -> String {
        let answer = self.graphql(token, query, variables).await;
        answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{query}: {answer:#}")).to_owned()
    }

    /// Opens a ticket and answers `{ id databaseId number version }`.
    pub async fn open_ticket(&self, token: &str, title: &str) -> Value {
        let input = json!({ "title": title, "description": format!("about {title}") });
        self.done(token, "openTicket", "ticket { id databaseId number version }", input).await["ticket"].take()
    }

    pub async fn comment(&self, token: &str, ticket: &Value, body: &str) -> Value {
        let input = json!({ "ticket": ticket["id"], "body": body });
        self.done(token, "addComment", "comment { id databaseId version }", input).await["comment"].take()
    }

    /// The place in the log now.
    pub async fn as_of(&self, token: &str) -> String {
        self.data(token, "{ asOf }", json!({})).await["asOf"].as_str().unwrap().to_owned()
    }

    /// A subscription over a WebSocket of its own.
    pub async fn live(&self, token: &str, query: &str, variables: Value) -> Live {
        Live::open(self, token, query, variables).await.unwrap()
    }

    /// A subscription over server-sent events.
    pub async fn sse(&self, token: &str, query: &str, variables: Value) -> Sse {
        Sse::open(self, token, query, variables, None).await.unwrap()
    }

    /// Hands a raw mail to the hook.
    pub async fn mail(&self, raw: &str) -> reqwest::Result<Response> {
        let request = self.http.post(self.at("/hooks/email")).header("x-hook-secret", HOOK_SECRET);
        request.body(raw.to_owned()).send().await
    }

    /// What the hook says of a mail that it takes.
    pub async fn take_mail(&self, raw: &str) -> Value {
        let answer = self.mail(raw).await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.json().await.unwrap()
    }
}

pub fn signed(request: Request, token: &str) -> Request {
    if token.is_empty() { request } else { request.header(AUTHORIZATION, format!("Bearer {token}")) }
}

/// Fails a test that waits for ever.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("it took too long")
}

/// The items of a JSON array.
pub fn items(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| panic!("no list: {value:#}"), Vec::as_slice)
}

/// One field of each item.
pub fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a Value> {
    items(list).iter().map(|item| &item[field]).collect()
}
