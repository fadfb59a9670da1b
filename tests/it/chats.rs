//! Notifications by chat: to those who are linked and asked for it, once, in their language; what a chat answers decides
//! whether it is tried again.

use crate::api::{Api, items, soon};
use crate::app::TestApp;
use crate::helpdesk;
use crate::mailer::assign;
use crate::webhooks::all_sent;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use model::time::MINUTE;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a chat's server does with the next message.
#[derive(Clone)]
enum Fault {
    Says(u16, Value),
    HangsUp,
}

struct Shared {
    /// The path and the body of each message that came.
    said: watch::Sender<Vec<(String, Value)>>,
    faults: Mutex<VecDeque<Fault>>,
}

/// A server on loopback that is as much of Discord and of Telegram as a message to a person needs.
struct ChatServer {
    url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for ChatServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl ChatServer {
    async fn start() -> Self {
        let shared = Arc::new(Shared { said: watch::Sender::new(Vec::new()), faults: Mutex::default() });
        let router = Router::new().fallback(hear).with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, serving }
    }

    fn fails(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.faults.lock().unwrap().extend(faults);
    }

    /// Waits until so many messages have come.
    async fn said(&self, count: usize) -> Vec<(String, Value)> {
        let mut said = self.shared.said.subscribe();
        let all = soon(said.wait_for(|all| all.len() >= count)).await.unwrap();
        all.clone()
    }
}

async fn hear(State(shared): State<Arc<Shared>>, uri: Uri, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let path = uri.path().to_owned();
    let answer = |status: u16, body: Value| (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response();
    if path.ends_with("/users/@me/channels") {
        let to = body["recipient_id"].as_str().unwrap();
        let recipient = json!({ "id": to, "username": "agnes", "discriminator": "0", "avatar": null });
        return answer(
            200,
            json!({ "id": format!("9{to}"), "type": 1, "recipients": [recipient], "last_message_id": null }),
        );
    }
    shared.said.send_modify(|said| said.push((path.clone(), body.clone())));
    let fault = shared.faults.lock().unwrap().pop_front();
    match fault {
        Some(Fault::Says(status, body)) => answer(status, body),
        // The connection ends without an answer.
        Some(Fault::HangsUp) => panic!("it hangs up"),
        None if path.contains("/messages") => answer(200, discord_message(&body)),
        None => {
            let chat = json!({ "id": body["chat_id"], "type": "private", "first_name": "agnes" });
            let sent = json!({ "message_id": 7, "date": 1_767_578_400, "chat": chat, "text": body["text"] });
            answer(200, json!({ "ok": true, "result": sent }))
        }
    }
}

fn discord_message(sent: &Value) -> Value {
    json!({
        "id": "4242", "channel_id": "91", "content": sent["content"], "timestamp": "2026-01-05T02:00:00+00:00",
        "author": { "id": "1", "username": "desk", "discriminator": "0", "avatar": null, "bot": true },
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [], "pinned": false, "type": 0, "nonce": sent["nonce"], "components": [],
    })
}

#[derive(Clone, Copy)]
struct Chat {
    word: &'static str,
    token: &'static str,
    /// The person's id there.
    id: &'static str,
}

const CHATS: [Chat; 2] = [
    Chat { word: "discord", token: "test.bot.token", id: "80351110224678912" },
    Chat { word: "telegram", token: "123456:TEST-token", id: "5550001" },
];

async fn app(chat: Chat, postgres: bool, server: &ChatServer) -> TestApp {
    let (token, url) = (format!("{}.token", chat.word), format!("{}.api_url", chat.word));
    let settings = [(token.as_str(), chat.token), (&url, &server.url), ("public_url", "https://desk.example")];
    let app = TestApp::on(postgres, &settings).await;
    let identity = json!({ "user": app.agent.global(), "channel": chat.word.to_uppercase(), "externalId": chat.id });
    app.done(&app.admin.token, "linkIdentity", "identity { id }", identity).await;
    wants(&app, chat).await;
    app
}

async fn wants(app: &TestApp, chat: Chat) {
    let preferences = json!({ "preferences": [{ "type": "ticket_assigned", chat.word: true }] });
    helpdesk::send(app, &app.agent.token, Method::PUT, "/user/notification-preferences", preferences).await;
}

async fn assigned(app: &TestApp, title: &str) -> Value {
    let ticket = app.open_ticket(&app.user.token, title).await;
    assign(app, &app.supervisor.token, &ticket, &app.agent.global()).await;
    ticket
}

async fn newest(api: &Api, token: &str, state: &str) -> Value {
    let query = "{ deliveries { nodes { route state why receipt attempts } } }";
    let found = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            let told = api.data(token, query, json!({})).await["deliveries"]["nodes"].take();
            if let Some(first) = items(&told).first().filter(|first| first["state"] == state) {
                return first.clone();
            }
        }
    };
    soon(found).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_linked_and_asks_for_it_is_told_once_in_plain_words() {
    for (chat, postgres) in CHATS.into_iter().flat_map(|chat| [(chat, false), (chat, true)]) {
        let server = ChatServer::start().await;
        let app = app(chat, postgres, &server).await;
        let ticket = assigned(&app, "**打印机** [坏了](http://evil.example) @everyone").await;
        let (path, message) = server.said(1).await.remove(0);
        let number = ticket["number"].as_str().unwrap();
        let link = format!("https://desk.example/tickets/{}", ticket["databaseId"]);
        let text = if chat.word == "discord" {
            assert_eq!(path, format!("/api/v10/channels/9{}/messages", chat.id));
            assert_eq!(message["allowed_mentions"]["parse"], json!([]), "nobody is called: {message}");
            assert_eq!(message["enforce_nonce"], true);
            message["content"].as_str().unwrap()
        } else {
            assert!(path.to_lowercase().ends_with("/sendmessage"), "{path}");
            assert_eq!((&message["chat_id"], message.get("parse_mode")), (&json!(5_550_001), None));
            assert_eq!(message["link_preview_options"]["is_disabled"], true);
            message["text"].as_str().unwrap()
        };
        assert!(text.contains(number) && text.contains("分配给了您") && text.ends_with(&link), "{text}");
        assert_eq!(text.contains(r"\*\*打印机\*\* \[坏了\]"), chat.word == "discord", "{text}");
        all_sent(&app).await;
        let told = newest(&app, &app.admin.token, "delivered").await;
        assert_eq!((&told["route"], &told["attempts"]), (&json!(chat.word), &json!(1)));
        // Whoever did not ask for it, or is not linked, is not told.
        assign(&app, &app.agent.token, &app.open_ticket(&app.user.token, "x").await, &app.supervisor.global()).await;
        all_sent(&app).await;
        assert_eq!(server.said(1).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_chat_answers_decides_whether_it_is_tried_again() {
    for chat in CHATS {
        let server = ChatServer::start().await;
        let app = app(chat, false, &server).await;
        let admin = &app.admin.token;
        // For now: a limit, and a token that somebody will mend.
        let later = if chat.word == "discord" {
            vec![
                Fault::Says(
                    429,
                    json!({ "message": "You are being rate limited.", "retry_after": 1.0, "global": false, "code": 0 }),
                ),
                Fault::Says(401, json!({ "message": "401: Unauthorized", "code": 0 })),
            ]
        } else {
            let wait = json!({ "ok": false, "error_code": 429, "description": "Too Many Requests: retry after 5",
                "parameters": { "retry_after": 5 } });
            vec![
                Fault::Says(429, wait),
                Fault::Says(401, json!({ "ok": false, "error_code": 401, "description": "Unauthorized" })),
            ]
        };
        server.fails(later);
        assigned(&app, "first").await;
        for tries in 1..=2 {
            server.said(tries).await;
            newest(&app, admin, "queued").await;
            app.clock.advance(5 * MINUTE);
        }
        server.said(3).await;
        newest(&app, admin, "delivered").await;
        // For good: they don't want to hear of us.
        let never = if chat.word == "discord" {
            Fault::Says(403, json!({ "message": "Cannot send messages to this user", "code": 50007 }))
        } else {
            Fault::Says(
                403,
                json!({ "ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user" }),
            )
        };
        server.fails([never]);
        assigned(&app, "second").await;
        let told = newest(&app, admin, "failed").await;
        let why = told["why"].as_str().unwrap();
        assert!(why.contains("this user") || why.contains("blocked"), "{why}");
        // Nobody knows: it is not sent again by itself.
        server.fails([Fault::HangsUp]);
        assigned(&app, "third").await;
        let told = newest(&app, admin, "uncertain").await;
        let why = told["why"].as_str().unwrap();
        assert!(why.contains("may have arrived") && !why.contains("TEST-token"), "{why}");
        app.clock.advance(600 * MINUTE);
        all_sent(&app).await;
        assert_eq!(server.said(5).await.len(), 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_before_there_was_a_bot_is_not_told() {
    let server = ChatServer::start().await;
    let chat = CHATS[0];
    let app = TestApp::start().await;
    let identity = json!({ "user": app.agent.global(), "channel": "DISCORD", "externalId": chat.id });
    app.done(&app.admin.token, "linkIdentity", "identity { id }", identity).await;
    wants(&app, chat).await;
    assigned(&app, "long ago").await;
    all_sent(&app).await;
    assert!(server.shared.said.borrow().is_empty());
    let query = "{ deliveries { nodes { route } } }";
    let told = app.data(&app.admin.token, query, json!({})).await["deliveries"]["nodes"].take();
    assert_eq!(told, json!([]), "nothing waits for a bot to come");
}
