//! What strangers and slow callers can do to the server's doors: fill the disk, hold a connection, have work done twice.
//!
//! Senders that stall speak by a socket of their own here, because no HTTP client stops in the middle of a request.

use crate::api::{HOOK_SECRET, items, signed, soon};
use crate::app::TestApp;
use engine::{Caller, NewToken};
use model::actor::Scope;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const FORM: &str = "multipart/form-data; boundary=x";

/// A server that waits a second for those who say nothing.
async fn impatient() -> TestApp {
    TestApp::with(&[("http.request_timeout_seconds", "1")]).await
}

async fn line(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap()
}

/// Announces a body, and sends no more of it than this.
async fn stalling(app: &TestApp, path: &str, headers: &[(&str, &str)], begun: &str) -> TcpStream {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 100000\r\n\r\n{begun}");
    let mut line = line(app).await;
    line.write_all(head.as_bytes()).await.unwrap();
    line
}

/// Status, and the whole answer: the server hangs up on whoever doesn't send what they announced.
async fn told(mut line: TcpStream) -> (u16, String) {
    let mut all = Vec::new();
    soon(line.read_to_end(&mut all)).await.unwrap();
    let all = String::from_utf8(all).unwrap();
    let status = all.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{all:?}"));
    (status, all)
}

fn part(name: &str, more: &str, content: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n")
}

/// A form of GraphQL's that breaks off inside its first file.
fn half_an_upload() -> String {
    let query = "mutation($input: UploadFileInput!) { uploadFile(input: $input) { attachment { id } } }";
    let operations = json!({ "query": query, "variables": { "input": { "file": null } } }).to_string();
    let texts = part("operations", "", &operations) + &part("map", "", r#"{"0":["variables.input.file"]}"#);
    texts + part("0", "; filename=\"a.txt\"", "half of a file").trim_end()
}

fn half_written(app: &TestApp) -> usize {
    std::fs::read_dir(app.home.data_dir().join("files/tmp")).unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_unknown_leaves_a_file_on_the_disk() {
    let app = TestApp::start().await;
    for path in ["/graphql", "/graphql/stream"] {
        let (status, answer) = told(stalling(&app, path, &[("Content-Type", FORM)], &half_an_upload()).await).await;
        assert_eq!(status, 401, "{path}: {answer}");
        assert!(answer.contains("UNAUTHENTICATED"), "{path}: {answer}");
        assert_eq!(half_written(&app), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_a_file_lies_with_the_others_and_goes_away() {
    let app = impatient().await;
    let token = format!("Bearer {}", app.user.token);
    let headers = [("Content-Type", FORM), ("Authorization", &token)];
    let line = stalling(&app, "/graphql", &headers, &half_an_upload()).await;
    let written = async {
        let mut look = tokio::time::interval(Duration::from_millis(5));
        while half_written(&app) == 0 {
            look.tick().await;
        }
    };
    soon(written).await;
    assert_eq!(told(line).await.0, 408);
    assert_eq!(half_written(&app), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stalls_is_told_so_at_every_door() {
    let app = impatient().await;
    let token = format!("Bearer {}", app.admin.token);
    let known = [("Content-Type", FORM), ("Authorization", token.as_str())];
    let unknown = [("Content-Type", FORM)];
    let hook = [("Content-Type", "message/rfc822"), ("X-Hook-Secret", HOOK_SECRET)];
    let page = [("Content-Type", "application/x-www-form-urlencoded")];
    let first = part("other", "", "x");
    for (path, headers, begun, status, says) in [
        // A form's hour is for those who are known, whatever a request says that it is.
        ("/api/auth/login", unknown.as_slice(), "", 503, "\"success\":false"),
        ("/v1/tickets", &known, "", 503, "\"success\":false"),
        ("/attachments", &known, "", 408, "TIMEOUT"),
        ("/attachments", &known, first.as_str(), 408, "TIMEOUT"),
        ("/api/upload", &known, "", 503, "\"success\":false"),
        ("/api/upload", &known, first.as_str(), 503, "\"success\":false"),
        ("/api/admin/configs/import", &known, "", 503, "\"success\":false"),
        ("/graphql", &known, "", 408, "TIMEOUT"),
        ("/hooks/email", &hook, "From: a", 503, "\"code\":\"TIMEOUT\""),
        ("/reset-password", &page, "token=", 503, "稍后重试"),
    ] {
        let (answered, answer) = told(stalling(&app, path, headers, begun).await).await;
        assert_eq!(answered, status, "{path} {begun}: {answer}");
        assert!(answer.contains(says), "{path} {begun}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_without_end_are_refused() {
    let app = TestApp::start().await;
    let many: String = (0..30).map(|n| part(&format!("p{n}"), "", "x")).collect();
    for path in ["/attachments", "/api/upload", "/api/admin/configs/import"] {
        let request = signed(app.http.post(app.at(path)), &app.admin.token).header("content-type", FORM);
        let answer = request.body(format!("{many}--x--\r\n")).send().await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!(status == 400 && text.contains("too many parts"), "{path} {status} {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_read_is_refused_and_nothing_is_done() {
    let app = TestApp::start().await;
    let key = b"schl\xfcssel".as_slice();
    let before = app.as_of(&app.admin.token).await;
    let raw = signed(app.http.post(app.at("/attachments?filename=a.txt")), &app.user.token);
    let refused = raw.header("idempotency-key", key).body("abc").send().await.unwrap();
    assert_eq!(refused.status(), 422);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["field"], "idempotency_key");
    let open =
        json!({ "query": "mutation { openTicket(input: { title: \"t\", description: \"d\" }) { ticket { id } } }" });
    for (path, accept) in [("/graphql", "application/json"), ("/graphql/stream", "text/event-stream")] {
        let request = signed(app.http.post(app.at(path)), &app.user.token).header("idempotency-key", key);
        let refused = request.header("accept", accept).json(&open).send().await.unwrap();
        assert_eq!(refused.status(), 400, "{path}");
        assert!(refused.text().await.unwrap().contains("Idempotency-Key must be ASCII"), "{path}");
    }
    assert_eq!(app.as_of(&app.admin.token).await, before, "nothing happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_key_is_good_for_every_mutation_of_a_request() {
    let app = TestApp::start().await;
    let text = "mutation { first: openTicket(input: { title: \"a\", description: \"d\" }) { ticket { id } userErrors { code field } } \
                another: openTicket(input: { title: \"b\", description: \"d\" }) { ticket { id } userErrors { code field } } }";
    let ask = async |key: String, path: &str, accept: &str| {
        let request = signed(app.http.post(app.at(path)), &app.user.token).header("idempotency-key", key);
        request.header("accept", accept).json(&json!({ "query": text })).send().await.unwrap()
    };
    let first: Value = ask("k".repeat(200), "/graphql", "application/json").await.json().await.unwrap();
    let [one, other] = ["first", "another"].map(|name| first["data"][name]["ticket"]["id"].clone());
    assert!(one.is_string() && other.is_string() && one != other, "{first:#}");
    let again: Value = ask("k".repeat(200), "/graphql", "application/json").await.json().await.unwrap();
    assert_eq!(again["data"], first["data"]);
    // Over a stream it is the same request.
    let streamed = ask("k".repeat(200), "/graphql/stream", "text/event-stream").await.text().await.unwrap();
    assert!(streamed.contains(one.as_str().unwrap()) && streamed.contains(other.as_str().unwrap()), "{streamed}");
    for bad in [String::new(), "k".repeat(201)] {
        let refused: Value = ask(bad, "/graphql", "application/json").await.json().await.unwrap();
        assert!(refused.to_string().contains("clientMutationId"), "{refused:#}");
    }
    let all = app.data(&app.user.token, "{ tickets(first: 10) { nodes { id } } }", json!({})).await;
    assert_eq!(items(&all["tickets"]["nodes"]).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_not_for_every_token_of_an_administrator() {
    let app = TestApp::start().await;
    for (scope, status) in [(Scope::Write, 403), (Scope::Read, 200)] {
        let new = NewToken { user: app.admin.id, name: "scoped".to_owned(), scopes: vec![scope], expires_at: None };
        let (_, token) = app.engine.create_api_token(&Caller::system("test"), new).await.unwrap();
        assert_eq!(app.get(&token, "/metrics").await.status(), status, "{scope:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_above_the_limit_are_closed_and_counted() {
    let app = TestApp::with(&[("http.max_connections", "10")]).await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(line(&app).await);
    }
    let mut refused = line(&app).await;
    // Closed or reset: nothing comes.
    let heard = soon(refused.read(&mut [0; 1])).await;
    assert!(!heard.is_ok_and(|bytes| bytes > 0));
    drop(open);
    let counted = async {
        let mut look = tokio::time::interval(Duration::from_millis(5));
        loop {
            look.tick().await;
            let Ok(answer) = signed(app.http.get(app.at("/metrics")), &app.admin.token).send().await else { continue };
            let text = answer.text().await.unwrap();
            break text.lines().any(|line| line.starts_with("echodesk_connections_refused_total "));
        }
    };
    assert!(soon(counted).await);
}
