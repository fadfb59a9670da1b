//! `/api/ws`: frames as documented, resumed where they broke off, for whoever may see what they tell of.

use crate::api::{signed, soon};
use crate::app::{PASSWORD, Person, TestApp};
use crate::peers::{install, node};
use engine::Caller;
use futures_util::future::join_all;
use futures_util::{SinkExt as _, StreamExt as _};
use model::command::AddComment;
use model::id::TicketId;
use model::people::Role;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::spawn_blocking;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async, connect_async};

struct Live(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Live {
    /// Connects; `Err` is the status that the handshake was answered with.
    async fn open(app: &TestApp, query: &str) -> Result<Self, u16> {
        let url = app.at(&format!("/api/ws?{query}")).replacen("http", "ws", 1);
        match soon(connect_async(url)).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => {
                let body: Value = serde_json::from_slice(answer.body().as_deref().unwrap_or_default()).unwrap();
                assert_eq!(body["success"], false, "{body}");
                Err(answer.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects and is greeted.
    async fn greeted(app: &TestApp, by: &Person, more: &str) -> (Self, Value) {
        let mut live = Self::open(app, &format!("token={}{more}", by.token)).await.unwrap();
        let hello = live.next().await;
        assert_eq!((&hello["type"], &hello["data"]["user_id"]), (&json!("connected"), &json!(by.id.0)), "{hello}");
        (live, hello)
    }

    async fn next(&mut self) -> Value {
        match soon(self.0.next()).await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Everything up to the answer of a ping: what else was to be told has been told by then.
    async fn rest(&mut self) -> Vec<Value> {
        self.say(json!({ "type": "ping" })).await;
        let mut all = Vec::new();
        loop {
            let frame = self.next().await;
            if frame["type"] == "pong" {
                return all;
            }
            all.push(frame);
        }
    }

    /// The next frames, up to the last one of what has happened by now.
    async fn until_now(&mut self, app: &TestApp) -> Vec<Value> {
        let now = app.engine.cursor().to_string();
        let mut all = Vec::new();
        loop {
            all.push(self.next().await);
            if all.last().unwrap()["cursor"] == now {
                return all;
            }
        }
    }

    async fn closed(mut self) -> (u16, String) {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

async fn note(app: &TestApp, by: &Person, ticket: &Value, body: &str, visibility: &str) {
    let input = json!({ "ticket": ticket["id"], "body": body, "visibility": visibility });
    app.done(&by.token, "addComment", "comment { id }", input).await;
}

async fn status(app: &TestApp, ticket: &Value, status: &str) {
    let input = json!({ "id": ticket["id"], "status": status });
    app.done(&app.agent.token, "changeStatus", "ticket { id }", input).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_other_people_gets_on_with_us() {
    let folder = spawn_blocking(|| install("socket", "ws")).await.unwrap();
    let app = TestApp::start().await;
    app.with_password("petra", Role::Agent).await;
    let sign_in = json!({ "login": "petra", "password": PASSWORD });
    let session = app.done("", "signIn", "accessToken", sign_in).await;
    let session = session["accessToken"].as_str().unwrap();
    let words = [&app.url, &app.agent.token, &app.supervisor.token, &app.user.token, session];
    node(&folder, "check.mjs", &words, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_hears_of_what_they_may_see_and_of_nothing_else() {
    crate::app::each_backend(|app| async move {
        let (mut mine, _) = Live::greeted(&app, &app.user, "").await;
        let (mut strangers, _) = Live::greeted(&app, &app.stranger, "").await;
        let (mut staffs, _) = Live::greeted(&app, &app.agent, "").await;
        let ticket = app.open_ticket(&app.user.token, "打印机").await;
        note(&app, &app.agent, &ticket, "secret words", "INTERNAL").await;
        note(&app, &app.agent, &ticket, "public words", "PUBLIC").await;
        status(&app, &ticket, "IN_PROGRESS").await;
        let heard = mine.until_now(&app).await;
        let words: Vec<(&str, &str)> =
            heard.iter().map(|f| (f["type"].as_str().unwrap(), f["data"]["type"].as_str().unwrap_or(""))).collect();
        let one = |kind| [("notification", kind), ("ticket_updated", "")];
        assert_eq!(words, [one("ticket_commented"), one("ticket_status_changed")].concat(), "{heard:#?}");
        let text = serde_json::to_string(&heard).unwrap();
        assert!(!text.contains("words"), "no text of a message is in a frame: {text}");
        let told = &heard[0];
        assert_eq!(told["data"]["ticket_id"], ticket["databaseId"]);
        assert_eq!(told["data"]["data"]["ticket_number"], ticket["number"]);
        assert_eq!(told["timestamp"], "2026-01-05T02:00:00Z");
        // Staff hear of the internal note, too.
        let heard = staffs.until_now(&app).await;
        assert_eq!(heard.iter().filter(|frame| frame["type"] == "ticket_updated").count(), 3, "{heard:#?}");
        assert_eq!(strangers.rest().await, Vec::<Value>::new());
        // In the reader's own language.
        let english = json!({ "id": app.user.global(), "profile": { "locale": "en" } });
        app.done(&app.user.token, "editProfile", "user { id }", english).await;
        note(&app, &app.agent, &ticket, "more", "PUBLIC").await;
        let frame = mine.next().await;
        assert_eq!(
            frame["data"]["message"],
            json!(format!("Ticket {} has a new reply", ticket["number"].as_str().unwrap()))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_after_a_cursor_or_says_that_it_cannot() {
    crate::app::each_backend(|app| async move {
        let (live, hello) = Live::greeted(&app, &app.agent, "").await;
        drop(live);
        let ticket = app.open_ticket(&app.user.token, "t").await;
        for word in ["IN_PROGRESS", "PENDING", "IN_PROGRESS", "RESOLVED"] {
            status(&app, &ticket, word).await;
        }
        let after = |cursor: &Value| format!("&after={}", cursor.as_str().unwrap());
        let (mut again, _) = Live::greeted(&app, &app.agent, &after(&hello["cursor"])).await;
        let heard = again.until_now(&app).await;
        let words: Vec<&Value> =
            heard.iter().filter(|f| f["type"] == "ticket_updated").map(|f| &f["data"]["status"]).collect();
        assert_eq!(words, ["in_progress", "pending", "in_progress", "resolved"]);
        let (mut last, _) = Live::greeted(&app, &app.agent, &after(&heard.last().unwrap()["cursor"])).await;
        assert_eq!(last.rest().await, Vec::<Value>::new());
        // A cursor of another log, or ahead of this one, can't be gone on from.
        for cursor in ["elsewhere.7".to_owned(), format!("{}0000", heard.last().unwrap()["cursor"].as_str().unwrap())] {
            let (mut lost, _) = Live::greeted(&app, &app.agent, &format!("&after={cursor}")).await;
            let frame = lost.next().await;
            assert_eq!(frame["type"], "resync_required", "{frame}");
            status(&app, &ticket, "CLOSED").await;
            assert!(lost.until_now(&app).await.iter().all(|f| f["cursor"].is_string()), "it goes on from now");
            app.done(&app.agent.token, "reopenTicket", "ticket { id }", json!({ "id": ticket["id"], "reason": "r" }))
                .await;
        }
        let refused = Live::open(&app, &format!("token={}&after=nonsense", app.agent.token)).await;
        assert_eq!(refused.err(), Some(400));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_counted_named_and_ended() {
    let app = TestApp::with(&[("graphql.max_sockets_per_user", "2")]).await;
    for query in ["", "token=", "token=nonsense", "token=ecd_nonsense"] {
        assert_eq!(Live::open(&app, query).await.err(), Some(401), "{query}");
    }
    // Not a handshake at all.
    let plain = signed(app.http.get(app.at("/api/ws")), &app.agent.token).send().await.unwrap();
    assert_eq!(plain.status(), 400);
    // Those of GraphQL count, too.
    let graphql = app.live(&app.agent.token, "subscription { events { cursor } }", json!({})).await;
    let (first, _) = Live::greeted(&app, &app.agent, "").await;
    assert_eq!(Live::open(&app, &format!("token={}", app.agent.token)).await.err(), Some(429));
    let (other, _) = Live::greeted(&app, &app.user, "").await;
    drop(graphql);
    // Too much at once is refused with a reason.
    let mut other = other;
    other.0.send(Message::text("x".repeat(70_000))).await.unwrap();
    assert_eq!(other.closed().await.0, 1009);
    // An account that is switched off hears nothing more.
    let input = json!({ "id": app.agent.global(), "status": "SUSPENDED" });
    app.done(&app.admin.token, "setUserStatus", "user { id }", input).await;
    let (code, reason) = first.closed().await;
    assert_eq!(code, 4401);
    assert!(reason.contains("sign in"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_marked_as_read() {
    let app = TestApp::start().await;
    let (mut live, _) = Live::greeted(&app, &app.user, "").await;
    let ticket = app.open_ticket(&app.user.token, "t").await;
    for n in 0..3 {
        note(&app, &app.agent, &ticket, &format!("{n}"), "PUBLIC").await;
    }
    let mut ids = Vec::new();
    while ids.len() < 3 {
        let frame = live.next().await;
        if frame["type"] == "notification" {
            ids.push(frame["data"]["id"].clone());
        }
    }
    live.rest().await;
    for (said, unread) in [
        (json!({ "type": "mark_read", "notification_id": ids[0] }), 2),
        (json!({ "type": "mark_read", "data": { "ids": [ids[1], 999_999] } }), 1),
        (json!({ "type": "mark_read", "data": { "all": true } }), 0),
    ] {
        live.say(said).await;
        let frame = live.next().await;
        assert_eq!(
            (&frame["type"], &frame["data"]["unread_count"]),
            (&json!("marked_read"), &json!(unread)),
            "{frame}"
        );
    }
    for bad in [json!({ "type": "mark_read" }), json!({ "type": "subscribe" }), json!([])] {
        live.say(bad).await;
        assert_eq!(live.next().await["type"], "error");
    }
    assert_eq!(live.rest().await, Vec::<Value>::new());
    // A change like any other: who, what, from where.
    let written = super::get(&app, &app.admin.token, "/admin/audit-logs?keyword=mark_read").await;
    assert_eq!(written["data"]["items"].as_array().unwrap().len(), 3, "{written:#}");
    let line = &written["data"]["items"][0];
    assert_eq!(
        (&line["user_id"], &line["method"], &line["client_ip"]),
        (&json!(app.user.id.0), &json!("WS"), &json!("127.0.0.1"))
    );
}

/// An office behind one address: each is counted as themselves, although browsers say only in the address who they are.
#[tokio::test(flavor = "multi_thread")]
async fn where_requests_are_counted_sockets_and_what_they_do_are_counted_by_the_person() {
    let settings = ["rate_limit.enabled", "rate_limit.api"].map(|name| (name, "true"));
    let limits = [("rate_limit.anonymous", "2"), ("rate_limit.user", "4"), ("rate_limit.agent", "20")];
    let app = TestApp::with(&[settings.as_slice(), limits.as_slice()].concat()).await;
    for _ in 0..5 {
        Live::greeted(&app, &app.agent, "").await;
    }
    let (mut live, _) = Live::greeted(&app, &app.user, "").await;
    let mark = json!({ "type": "mark_read", "data": { "all": true } });
    for kind in ["marked_read", "marked_read", "marked_read", "error"] {
        live.say(mark.clone()).await;
        let frame = live.next().await;
        assert_eq!(frame["type"], kind, "{frame}");
    }
    assert_eq!(Live::open(&app, &format!("token={}", app.user.token)).await.err(), Some(429));
    // Whoever is unknown is still counted by where they are, and a token in the address counts nowhere else.
    let wrong: Vec<_> = [401, 401, 429].map(Some).to_vec();
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(Live::open(&app, "token=nonsense").await.err());
    }
    assert_eq!(told, wrong);
    let path = format!("/api/tickets?token={}", app.agent.token);
    assert_eq!(app.get("", &path).await.status(), 429);
    app.clock.advance(60_000);
    live.say(mark).await;
    assert_eq!(live.next().await["type"], "marked_read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_talks_too_much_is_told_so() {
    let app = TestApp::start().await;
    let (mut live, _) = Live::greeted(&app, &app.user, "").await;
    for _ in 0..300 {
        live.say(json!({ "type": "ping" })).await;
    }
    let mut kinds = Vec::new();
    for _ in 0..300 {
        kinds.push(live.next().await);
    }
    let pongs = kinds.iter().filter(|frame| frame["type"] == "pong").count();
    let refused: Vec<&Value> = kinds.iter().filter(|frame| frame["type"] == "error").collect();
    assert!(pongs >= 50 && pongs + refused.len() == 300, "{pongs}");
    assert!(refused[0]["data"]["message"].as_str().unwrap().contains("too many frames"), "{}", refused[0]);
}

/// One that hears nothing for as long as it is not asked, with next to no room for what waits.
async fn slow(app: &TestApp, by: &Person) -> WebSocketStream<TcpStream> {
    let address = app.url.trim_start_matches("http://").parse().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(address).await.unwrap();
    let url = app.at(&format!("/api/ws?token={}", by.token)).replacen("http", "ws", 1);
    client_async(url, stream).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_cut_off_hears_why_and_comes_back_to_the_rest() {
    let app = TestApp::start().await;
    let ticket = app.open_ticket(&app.user.token, &"慢".repeat(200)).await;
    let id = TicketId(ticket["databaseId"].as_i64().unwrap());
    let mut socket = slow(&app, &app.user).await;
    let agent = Caller::new(app.engine.authenticate(Some(&format!("Bearer {}", app.agent.token))).await.unwrap());
    // More than the kernel's buffers on both sides hold, however they grow.
    let events = 9_000;
    for _ in 0..events / 200 {
        let all = (0..200).map(|_| app.engine.add_comment(&agent, id, AddComment::public("说")));
        assert!(join_all(all).await.iter().all(Result::is_ok));
    }
    // It is cut off while it does not read: the server says so, not the socket.
    let cut = async {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        loop {
            look.tick().await;
            let told = app.get(&app.admin.token, "/metrics").await.text().await.unwrap();
            if told.lines().any(|line| line.starts_with("echodesk_api_sockets_closed_total{code=\"4408\"}")) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(2), cut).await.expect("it was not cut off");
    let (mut heard, mut cursor) = (Vec::new(), String::new());
    let reason = loop {
        match soon(socket.next()).await {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                cursor = frame["cursor"].as_str().unwrap().to_owned();
                heard.push(frame["type"].clone());
            }
            Some(Ok(Message::Close(Some(frame)))) => break (u16::from(frame.code), frame.reason.to_string()),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason.0, 4408);
    assert!(reason.1.contains("come back with your cursor"), "{}", reason.1);
    let (mut again, _) = Live::greeted(&app, &app.user, &format!("&after={cursor}")).await;
    heard.extend(again.until_now(&app).await.into_iter().map(|frame| frame["type"].clone()));
    assert!(heard.iter().filter(|kind| *kind == "ticket_updated").count() == events, "each once");
    assert!(heard.iter().filter(|kind| *kind == "notification").count() == events, "each once");
}
