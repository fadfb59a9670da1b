//! Webhooks by REST: managed by administrators, refused to everybody else, and told of what happens to a real receiver.

use super::{call, code, get, open_as, refused, send};
use crate::api::{Api, each, items};
use crate::app::{TestApp, each_backend};
use crate::receiver::{Answer, Heard, Receiver};
use crate::webhooks::all_sent;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::{Command, Stdio};
use tokio::task::spawn_blocking;

const ALL: [&str; 7] = [
    "ticket.created",
    "ticket.assigned",
    "ticket.status_changed",
    "ticket.closed",
    "ticket.reopened",
    "ticket.comment_added",
    "ticket.sla_violated",
];
/// Nothing is sent there: no test that uses it opens a ticket.
const PUBLIC: &str = "https://8.8.8.8/hook";

/// Seed 003, section 8.3, to the letter; what it says of a request is printed.
const VERIFY: &str = "
import hmac
import hashlib
import sys

def verify_webhook(payload, signature, secret):
    computed = hmac.new(
        secret.encode(),
        payload.encode(),
        hashlib.sha256
    ).hexdigest()
    return hmac.compare_digest(computed, signature)

print(verify_webhook(sys.stdin.buffer.read().decode(), sys.argv[1], sys.argv[2]))
";

/// Whether the document's own function takes the signature.
async fn is_taken(heard: &Heard, secret: &str) -> bool {
    let (body, signature, secret) = (heard.body.clone(), heard.header("x-signature").to_owned(), secret.to_owned());
    let run = spawn_blocking(move || {
        let mut python = Command::new("python3");
        python.args(["-c", VERIFY, &signature, &secret]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = python.spawn().expect("this test needs python3");
        running.stdin.take().unwrap().write_all(&body).unwrap();
        running.wait_with_output().unwrap()
    });
    match run.await.unwrap().stdout.trim_ascii() {
        b"True" => true,
        b"False" => false,
        other => panic!("{}", String::from_utf8_lossy(other)),
    }
}

async fn create(app: &Api, token: &str, url: &str, more: Value) -> Value {
    let mut form = json!({ "url": url, "events": ALL });
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, mut body) = call(app, token, Method::POST, "/webhooks", Some(&form)).await;
    assert_eq!(status, 201, "{body:#}");
    body["data"].take()
}

fn without_secret(mut webhook: Value) -> Value {
    let secret = webhook.as_object_mut().unwrap().remove("secret").unwrap();
    assert!(!secret.as_str().unwrap().is_empty());
    webhook
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_manages_webhooks() {
    each_backend(|app| async move {
        let admin = app.admin.token.as_str();
        let form = json!({
            "url": PUBLIC, "secret": "一个 s3cret", "events": ["ticket.closed", "ticket.created", "ticket.closed"],
            "headers": { "X-Env": "prod" }, "description": " our chat ",
        });
        let (status, made) = call(&app, admin, Method::POST, "/webhooks", Some(&form)).await;
        assert_eq!((status, &made["message"]), (201, &json!("Webhook created successfully")));
        let first = json!({
            "id": made["data"]["id"], "url": PUBLIC, "events": ["ticket.created", "ticket.closed"], "active": true,
            "headers": { "X-Env": "prod" }, "description": "our chat", "created_at": "2026-01-05T02:00:00Z",
            "updated_at": "2026-01-05T02:00:00Z", "disabled_at": null, "disabled_reason": null, "failing_since": null,
        });
        assert_eq!(made["data"]["secret"], "一个 s3cret");
        assert_eq!(without_secret(made["data"].clone()), first);
        let second = create(&app, admin, PUBLIC, json!({ "active": false, "secret": null })).await;
        assert!(second["secret"].as_str().unwrap().len() > 30);
        assert_eq!((&second["active"], &second["events"]), (&json!(false), &json!(ALL)));

        let listed = get(&app, admin, "/webhooks").await;
        assert_eq!(listed["data"], json!([first, without_secret(second.clone())]));
        assert_eq!(listed["pagination"], json!({ "total": 2, "page": 1, "page_size": 20, "total_pages": 1 }));
        let listed = get(&app, admin, "/webhooks?page=2&page_size=1").await;
        assert_eq!(each(&listed["data"], "id"), [&second["id"]]);
        assert_eq!(listed["pagination"], json!({ "total": 2, "page": 2, "page_size": 1, "total_pages": 2 }));
        assert_eq!(get(&app, admin, "/webhooks?page=3&page_size=1").await["data"], json!([]));

        let at = format!("/webhooks/{}", first["id"]);
        assert_eq!(get(&app, admin, &at).await["data"], first);
        app.clock.advance(1_000);
        let edit = json!({ "events": ["ticket.sla_violated"], "headers": {}, "description": "", "active": false });
        let edited = send(&app, admin, Method::PATCH, &at, edit).await;
        let mut expected = first.clone();
        expected.as_object_mut().unwrap().extend(
            json!({ "events": ["ticket.sla_violated"], "headers": {}, "description": null, "active": false,
                "updated_at": "2026-01-05T02:00:01Z" })
            .as_object()
            .unwrap()
            .clone(),
        );
        assert_eq!(edited, expected);
        assert_eq!(send(&app, admin, Method::PATCH, &at, json!({})).await, expected, "nothing is changed");

        let rotate = format!("{at}/rotate-secret");
        let given = send(&app, admin, Method::POST, &rotate, json!({ "secret": "mine" })).await;
        assert_eq!((&given["secret"], &given["id"]), (&json!("mine"), &first["id"]));
        let (status, made_up) = call(&app, admin, Method::POST, &rotate, None).await;
        assert_eq!(status, 200, "no body is an empty one");
        assert!(made_up["data"]["secret"].as_str().unwrap().starts_with("whsec_"));
        let secret = made_up["data"]["secret"].as_str().unwrap();
        assert!(!get(&app, admin, &at).await.to_string().contains(secret));

        assert_eq!(get(&app, admin, &format!("{at}/deliveries")).await["pagination"]["total"], 0);
        assert_eq!(call(&app, admin, Method::DELETE, &at, None).await, (204, Value::Null));
        assert_eq!(refused(&app, admin, Method::GET, &at, None).await, code(404, "NOT_FOUND"));
        assert_eq!(get(&app, admin, "/webhooks").await["pagination"]["total"], 1);
    })
    .await;
}

/// Every route, on a webhook and a delivery of these numbers, with a body that is well-formed.
fn routes(id: &Value, delivery: i64) -> Vec<(Method, String, Option<Value>)> {
    let at = format!("/webhooks/{id}");
    vec![
        (Method::GET, at.clone(), None),
        (Method::PATCH, at.clone(), Some(json!({ "active": true }))),
        (Method::DELETE, at.clone(), None),
        (Method::POST, format!("{at}/rotate-secret"), Some(json!({}))),
        (Method::GET, format!("{at}/deliveries"), None),
        (Method::POST, format!("{at}/deliveries/{delivery}/redeliver"), None),
        (Method::POST, format!("{at}/replay"), Some(json!({ "after": "0" }))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_may_and_what_is_not_there_is_not_found() {
    each_backend(|app| async move {
        let id = create(&app, &app.admin.token, PUBLIC, json!({})).await["id"].take();
        let mut all = routes(&id, 1);
        all.push((Method::GET, "/webhooks".to_owned(), None));
        all.push((Method::POST, "/webhooks".to_owned(), Some(json!({ "url": PUBLIC, "events": ALL }))));
        for (method, path, body) in all {
            for token in ["", "nonsense"] {
                let told = refused(&app, token, method.clone(), &path, body.clone()).await;
                assert_eq!(told, code(401, "UNAUTHORIZED"), "{method} {path}");
            }
            for by in [&app.user, &app.agent, &app.supervisor] {
                let told = refused(&app, &by.token, method.clone(), &path, body.clone()).await;
                assert_eq!(told, code(403, "FORBIDDEN"), "{method} {path}");
            }
        }
        for (method, path, body) in routes(&json!(i64::MAX), 1).into_iter().chain(routes(&json!(-1), 1)) {
            let told = refused(&app, &app.admin.token, method.clone(), &path, body).await;
            assert_eq!(told, code(404, "NOT_FOUND"), "{method} {path}");
        }
        for (method, path, body) in routes(&json!("x"), 1) {
            let told = refused(&app, &app.admin.token, method.clone(), &path.replace('"', ""), body).await;
            assert_eq!(told, code(400, "VALIDATION_ERROR"), "{method} {path}");
        }
        let put = refused(&app, &app.admin.token, Method::PUT, "/webhooks", Some(json!({}))).await;
        assert_eq!(put, code(405, "METHOD_NOT_ALLOWED"));
        assert_eq!(get(&app, &app.admin.token, "/webhooks").await["pagination"]["total"], 1, "all is as it was");
    })
    .await;
}

/// The fields that a refusal names.
async fn fields(app: &TestApp, status: u16, method: Method, path: &str, body: Option<Value>) -> Vec<String> {
    let (told, answer) = call(app, &app.admin.token, method, path, body.as_ref()).await;
    assert_eq!((told, &answer["error_code"]), (status, &json!("VALIDATION_ERROR")), "{path}: {answer:#}");
    let details = answer["details"].as_object().unwrap();
    for (field, problem) in details {
        assert!(problem.as_str().unwrap().starts_with(field), "{answer:#}");
    }
    details.keys().cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named() {
    let app = TestApp::start().await;
    let id = create(&app, &app.admin.token, PUBLIC, json!({})).await["id"].take();
    let at = format!("/webhooks/{id}");
    let new = |url: &str, events: Value| json!({ "url": url, "events": events });
    for (body, named) in [
        (json!({}), &["events", "url"][..]),
        (new("ftp://a.example", json!(["ticket.burnt"])), &["events", "url"]),
        (new("https://me:pw@a.example", json!([])), &["events", "url"]),
        (new(PUBLIC, json!("ticket.created")), &["events"]),
        (new(PUBLIC, json!(["Ticket.Created"])), &["events"]),
        (
            json!({ "url": 5, "events": [1], "secret": "x".repeat(257), "active": 1, "headers": { "Host": "x" },
                "description": "x".repeat(501) }),
            &["active", "description", "events", "headers", "secret", "url"],
        ),
    ] {
        let mut told = fields(&app, 422, Method::POST, "/webhooks", Some(body.clone())).await;
        told.sort_unstable();
        assert_eq!(told, named, "{body}");
    }
    let inside =
        ["http://127.0.0.1/", "http://localhost:9/", "http://[::1]/", "http://2130706433/", "https://10.1.2.3/x"];
    for url in inside.into_iter().chain(["http://169.254.169.254/latest/meta-data"]) {
        assert_eq!(fields(&app, 422, Method::POST, "/webhooks", Some(new(url, json!(ALL)))).await, ["url"], "{url}");
        let edit = json!({ "url": url });
        assert_eq!(fields(&app, 422, Method::PATCH, &at, Some(edit)).await, ["url"], "{url}");
    }
    let edit = json!({ "url": "", "events": [], "headers": { "A": 1 }, "secret": "quietly" });
    let mut told = fields(&app, 422, Method::PATCH, &at, Some(edit)).await;
    told.sort_unstable();
    assert_eq!(told, ["events", "headers", "secret", "url"]);
    let rotate = format!("{at}/rotate-secret");
    assert_eq!(fields(&app, 422, Method::POST, &rotate, Some(json!({ "secret": "" }))).await, ["secret"]);
    let replay = format!("{at}/replay");
    for after in [json!(null), json!(5), json!("yesterday"), json!("another-log.5"), json!("")] {
        let told = fields(&app, 422, Method::POST, &replay, Some(json!({ "after": after }))).await;
        assert_eq!(told, ["after"], "{after}");
    }
    assert_eq!(fields(&app, 400, Method::GET, "/webhooks?page=x", None).await, ["page"]);
    let query = format!("{at}/deliveries?page_size=1.5&state=lost");
    let mut told = fields(&app, 400, Method::GET, &query, None).await;
    told.sort_unstable();
    assert_eq!(told, ["page_size", "state"]);
    // To one that is switched off, nothing is sent; and what was made with a key is not made twice.
    send(&app, &app.admin.token, Method::PATCH, &at, json!({ "active": false })).await;
    let told = refused(&app, &app.admin.token, Method::POST, &replay, Some(json!({ "after": "0" }))).await;
    assert_eq!(told, code(409, "CONFLICT"));
    let request = || {
        let request = app.http.post(app.at("/v1/webhooks")).bearer_auth(&app.admin.token);
        request.header("idempotency-key", "once").json(&new(PUBLIC, json!(ALL))).send()
    };
    assert_eq!(
        (request().await.unwrap().status(), request().await.unwrap().status()),
        (201.try_into().unwrap(), 409.try_into().unwrap())
    );
    assert_eq!(get(&app, &app.admin.token, "/webhooks").await["pagination"]["total"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_arrives_signed_and_its_log_is_read_and_sent_again() {
    for postgres in [false, true] {
        let settings = [("webhooks.allow_private", "true"), ("public_url", "https://desk.example")];
        let (app, receiver) = (TestApp::on(postgres, &settings).await, Receiver::start().await);
        let (admin, user) = (app.admin.token.as_str(), app.user.token.as_str());
        let headers = json!({ "headers": { "X-Env": "a private value" } });
        let webhook = create(&app, admin, &receiver.url, headers).await;
        let secret = webhook["secret"].as_str().unwrap();
        let at = format!("/webhooks/{}", webhook["id"]);
        receiver.answers([Answer::Status(500)]);
        let ticket = open_as(&app, user, "无法登录账号", json!({})).await;
        receiver.heard(1).await;
        // The failure is in the log, and what comes next; then it is tried again.
        let mut waits = get(&app, admin, &format!("{at}/deliveries?state=queued")).await;
        while waits["data"][0]["attempts"][0].is_null() {
            waits = get(&app, admin, &format!("{at}/deliveries?state=queued")).await;
        }
        assert!(waits["data"][0]["next_attempt_at"].as_str().unwrap() > "2026-01-05T02:00:00Z", "{waits:#}");
        app.clock.advance(90_000);
        let heard = receiver.heard(2).await;
        all_sent(&app).await;
        assert_eq!(heard[0].body, heard[1].body);
        for one in &heard {
            assert!(is_taken(one, secret).await && !is_taken(one, "another").await);
        }
        let told = heard[1].json();
        assert_eq!((&told["event"], &told["data"]["ticket_id"]), (&json!("ticket.created"), &json!(ticket)));
        assert_eq!(told["data"]["title"], "无法登录账号");
        assert_eq!(told["data"]["url"], format!("https://desk.example/tickets/{ticket}"));

        let log = get(&app, admin, &format!("{at}/deliveries")).await;
        assert_eq!(log["pagination"]["total"], 1);
        let delivery = &log["data"][0];
        assert_eq!((&delivery["state"], &delivery["event"]), (&json!("delivered"), &json!("ticket.created")));
        assert_eq!((&delivery["webhook_id"], &delivery["ticket_id"]), (&webhook["id"], &json!(ticket)));
        assert_eq!(delivery["cursor"], heard[1].header("x-webhook-id"));
        assert_eq!(delivery["body"].as_str().unwrap().as_bytes(), heard[1].body);
        assert_eq!((&delivery["error"], &delivery["next_attempt_at"]), (&Value::Null, &Value::Null));
        let tries = &delivery["attempts"];
        assert_eq!((each(tries, "status"), &delivery["attempts_count"]), (vec![&json!(500), &json!(204)], &json!(2)));
        assert_eq!((&tries[0]["number"], &tries[0]["answer"]), (&json!(1), &json!("it is 500")));
        assert!(tries[0]["error"].is_string() && tries[1]["error"].is_null(), "{tries:#}");
        for (tried, heard) in items(tries).iter().zip(&heard) {
            assert!(tried["duration_ms"].as_i64().unwrap() >= 0);
            let request = &tried["request"];
            assert_eq!((&request["method"], &request["url"]), (&json!("POST"), &json!(receiver.url)));
            assert_eq!(request["headers"]["x-signature"], heard.header("x-signature"));
            assert_eq!(request["headers"]["x-env"], "***");
        }
        assert!(!log.to_string().contains(secret) && !log.to_string().contains("a private value"));

        // Once more, and all again; and by no other webhook's name.
        let other = create(&app, admin, &receiver.url, json!({ "active": false })).await;
        let foreign = format!("/webhooks/{}/deliveries/{}/redeliver", other["id"], delivery["id"]);
        assert_eq!(refused(&app, admin, Method::POST, &foreign, None).await, code(404, "NOT_FOUND"));
        let again = format!("{at}/deliveries/{}/redeliver", delivery["id"]);
        let (status, made) = call(&app, admin, Method::POST, &again, None).await;
        assert_eq!((status, &made["data"]["cursor"]), (201, &delivery["cursor"]));
        assert_ne!(made["data"]["id"], delivery["id"]);
        let heard = receiver.heard(3).await;
        assert_eq!(
            (&heard[2].body, heard[2].header("x-webhook-id")),
            (&heard[1].body, heard[1].header("x-webhook-id"))
        );
        send(&app, user, Method::POST, &format!("/tickets/{ticket}/comments"), json!({ "content": "more" })).await;
        receiver.heard(4).await;
        let replay = json!({ "after": delivery["cursor"] });
        let told = send(&app, admin, Method::POST, &format!("{at}/replay"), replay).await;
        assert_eq!((&told["deliveries"], &told["complete"]), (&json!(1), &json!(true)));
        let heard = receiver.heard(5).await;
        assert_eq!((heard[4].event(), &heard[4].body), ("ticket.comment_added", &heard[3].body));
        let told = send(&app, admin, Method::POST, &format!("{at}/replay"), json!({ "after": "0" })).await;
        assert_eq!(told["deliveries"], 2);
        receiver.heard(7).await;
        all_sent(&app).await;

        // Newest first, by pages.
        let log = get(&app, admin, &format!("{at}/deliveries?page=2&page_size=4")).await;
        assert_eq!(log["pagination"], json!({ "total": 6, "page": 2, "page_size": 4, "total_pages": 2 }));
        assert_eq!(each(&log["data"], "id").last(), Some(&&delivery["id"]));
        assert_eq!(get(&app, admin, &format!("{at}/deliveries?state=failed")).await["data"], json!([]));

        // Another secret signs at once, and who is deleted is told nothing.
        let rotated = send(&app, admin, Method::POST, &format!("{at}/rotate-secret"), json!({})).await;
        send(&app, user, Method::POST, &format!("/tickets/{ticket}/comments"), json!({ "content": "now" })).await;
        let heard = receiver.heard(8).await;
        assert!(is_taken(&heard[7], rotated["secret"].as_str().unwrap()).await && !is_taken(&heard[7], secret).await);
        all_sent(&app).await;
        assert_eq!(call(&app, admin, Method::DELETE, &at, None).await.0, 204);
        send(&app, user, Method::POST, &format!("/tickets/{ticket}/comments"), json!({ "content": "gone" })).await;
        all_sent(&app).await;
        assert_eq!(receiver.so_far().len(), 8);
    }
}
