//! Webhooks against a real receiver: signed, in order, again after a failure and after kill -9, never where they must not.

use crate::api::{Api, each, items, soon};
use crate::app::TestApp;
use crate::binary::Home;
use crate::mail::Mail;
use crate::receiver::{Answer, Heard, Receiver};
use model::time::{HOUR, MINUTE};
use serde_json::{Value, json};
use std::time::Duration;

const SECRET: &str = "一个 s3cret";
const SETTINGS: &[(&str, &str)] = &[("webhooks.allow_private", "true"), ("public_url", "https://desk.example/app")];

async fn app(postgres: bool) -> TestApp {
    TestApp::on(postgres, SETTINGS).await
}

/// Registers the receiver for everything.
async fn register(api: &Api, token: &str, receiver: &Receiver) -> Value {
    let events =
        json!(["CREATED", "ASSIGNED", "STATUS_CHANGED", "CLOSED", "REOPENED", "COMMENT_ADDED", "SLA_VIOLATED"]);
    let input = json!({ "url": receiver.url, "events": events, "secret": SECRET,
        "headers": [{ "name": "X-Env", "value": "a private value" }] });
    let made = api.done(token, "createWebhook", "secret webhook { id databaseId events active }", input).await;
    assert_eq!(made["secret"], SECRET);
    made["webhook"].clone()
}

/// Waits until nothing is left to be sent.
pub async fn all_sent(app: &TestApp) {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let done = async {
        while app.engine.due_deliveries().await.unwrap() > 0 {
            look.tick().await;
        }
    };
    soon(done).await;
}

/// Moves the clock on, once what was heard is written down, until so many requests have come: what is due by time is
/// looked for every second.
async fn heard_after(app: &TestApp, minutes: i64, receiver: &Receiver, count: usize) -> Vec<Heard> {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let written = async {
        let (system, page) = (model::Actor::System("test"), model::query::Page::first(1));
        while !app.engine.deliveries(&system, None, Some("sending"), &page).await.unwrap().items.is_empty() {
            look.tick().await;
        }
    };
    soon(written).await;
    app.clock.advance(minutes * MINUTE);
    receiver.heard(count).await
}

fn events(heard: &[Heard]) -> Vec<&str> {
    heard.iter().map(Heard::event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_seven_events_arrive_signed_and_in_order() {
    for postgres in [false, true] {
        let (app, receiver) = (app(postgres).await, Receiver::start().await);
        register(&app, &app.admin.token, &receiver).await;
        let (agent, user) = (&app.agent.token, &app.user.token);
        let ticket = app.open_ticket(user, "无法登录账号").await;
        let id = &ticket["id"];
        app.done(agent, "assignTicket", "ticket { id }", json!({ "id": id, "assignee": app.agent.global() })).await;
        let note = json!({ "ticket": id, "body": "between us only", "visibility": "INTERNAL" });
        app.done(agent, "addComment", "comment { id }", note).await;
        app.comment(agent, &ticket, "我们正在查看。").await;
        for status in ["IN_PROGRESS", "RESOLVED"] {
            app.done(agent, "changeStatus", "ticket { id }", json!({ "id": id, "status": status })).await;
        }
        app.done(user, "closeTicket", "ticket { id }", json!({ "id": id, "reason": "it works" })).await;
        app.done(user, "reopenTicket", "ticket { id }", json!({ "id": id, "reason": "not quite" })).await;
        // A try that is under way when the clock leaps would have lost its claim, and be made again.
        receiver.heard(10).await;
        let heard = heard_after(&app, 73 * HOUR / MINUTE, &receiver, 11).await;
        assert_eq!(
            events(&heard),
            [
                "ticket.created",
                "ticket.assigned",
                "ticket.status_changed",
                "ticket.comment_added",
                "ticket.status_changed",
                "ticket.status_changed",
                "ticket.status_changed",
                "ticket.closed",
                "ticket.status_changed",
                "ticket.reopened",
                "ticket.sla_violated",
            ]
        );
        for one in &heard {
            assert!(one.is_signed_by(SECRET), "{one:?}");
            assert!(!one.is_signed_by("another"));
            assert_eq!(one.header("content-type"), "application/json");
            assert!(one.header("user-agent").starts_with("Echodesk/"));
            assert_eq!(one.header("x-env"), "a private value");
            assert!(one.header("x-webhook-timestamp").parse::<i64>().unwrap() > 1_700_000_000);
            let body = one.json();
            assert_eq!(body["event"], one.event());
            assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
            let data = &body["data"];
            assert_eq!((&data["ticket_id"], &data["title"]), (&ticket["databaseId"], &json!("无法登录账号")));
            assert_eq!(data["priority"], "medium");
            let creator = json!({ "id": app.user.id, "name": "ulla", "email": "ulla@example.org" });
            assert_eq!(data["creator"], creator);
            assert_eq!(data["url"], format!("https://desk.example/app/tickets/{}", ticket["databaseId"]));
            assert!(!body.to_string().contains("between us only"));
        }
        let data = |n: usize| heard[n].json()["data"].take();
        assert_eq!((&data(0)["status"], &data(1)["assignee"]["name"]), (&json!("new"), &json!("agnes")));
        assert_eq!(
            (&data(3)["comment"]["content"], &data(3)["comment"]["is_internal"]),
            (&json!("我们正在查看。"), &json!(false))
        );
        let moves: Vec<_> =
            [2, 4, 5, 6, 7, 8, 9].map(|n| (data(n)["old_status"].take(), data(n)["new_status"].take())).to_vec();
        let words = [
            ("new", "open"),
            ("open", "in_progress"),
            ("in_progress", "resolved"),
            ("resolved", "closed"),
            ("resolved", "closed"),
            ("closed", "reopened"),
            ("closed", "reopened"),
        ];
        assert_eq!(moves, words.map(|(from, to)| (json!(from), json!(to))));
        assert_eq!((&data(9)["status"], &data(10)["sla_type"]), (&json!("reopened"), &json!("resolution")));
        // The id is the event's cursor: a close is one event that is told twice, everything else has its own.
        let ids: Vec<&str> = heard.iter().map(|one| one.header("x-webhook-id")).collect();
        assert_eq!((ids[6], ids[8]), (ids[7], ids[9]));
        let history = "subscription($after: Cursor) { events(after: $after) { type } }";
        let mut after = app.live(&app.admin.token, history, json!({ "after": ids[5] })).await;
        assert_eq!(after.next().await["events"]["type"], "STATUS_CHANGED");
        all_sent(&app).await;
        assert_eq!(receiver.so_far().len(), 11);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_comes_again_the_same_and_its_ticket_waits_for_it() {
    for postgres in [false, true] {
        let (app, receiver) = (app(postgres).await, Receiver::start().await);
        let webhook = register(&app, &app.admin.token, &receiver).await;
        receiver.answers([Answer::Status(500), Answer::With(503, "retry-after", "600".into())]);
        let ticket = app.open_ticket(&app.user.token, "first").await;
        receiver.heard(1).await;
        app.comment(&app.user.token, &ticket, "more").await;
        heard_after(&app, 1, &receiver, 2).await;
        // Another ticket is told at once.
        app.open_ticket(&app.user.token, "other").await;
        let heard = receiver.heard(3).await;
        assert_eq!(heard[2].json()["data"]["title"], "other");
        assert_eq!(heard[0].body, heard[1].body, "the same bytes");
        assert_eq!(heard[0].header("x-webhook-id"), heard[1].header("x-webhook-id"));
        // It asked for ten minutes.
        let heard = heard_after(&app, 10, &receiver, 5).await;
        assert_eq!(events(&heard[3..]), ["ticket.created", "ticket.comment_added"]);
        assert_eq!(heard[0].body, heard[3].body);
        all_sent(&app).await;
        assert_eq!(receiver.so_far().len(), 5);
        let query = "query($id: ID!) { webhook(id: $id) { failingSince deliveries { nodes { webhookEvent state body
            log { number status answer error durationMs request } } } } }";
        let told = app.data(&app.admin.token, query, json!({ "id": webhook["id"] })).await["webhook"].take();
        let deliveries = items(&told["deliveries"]["nodes"]);
        assert_eq!(each(&told["deliveries"]["nodes"], "state"), ["delivered", "delivered", "delivered"]);
        let first = deliveries.last().unwrap();
        assert_eq!(each(&first["log"], "status"), [&json!(500), &json!(503), &json!(204)]);
        assert_eq!(first["log"][0]["answer"], "it is 500");
        assert!(first["log"][0]["error"].as_str().unwrap().contains("500"));
        assert_eq!(first["log"][2]["error"], Value::Null);
        let request = &first["log"][0]["request"];
        assert_eq!((&request["method"], &request["headers"]["x-env"]), (&json!("POST"), &json!("***")));
        assert!(!told.to_string().contains(SECRET) && !told.to_string().contains("a private value"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_failure_and_410_is_the_end() {
    let (app, receiver, elsewhere) = (app(false).await, Receiver::start().await, Receiver::start().await);
    let webhook = register(&app, &app.admin.token, &receiver).await;
    receiver.answers([Answer::With(307, "location", elsewhere.url.clone()), Answer::Status(410)]);
    app.open_ticket(&app.user.token, "one").await;
    receiver.heard(1).await;
    heard_after(&app, 1, &receiver, 2).await;
    all_sent(&app).await;
    assert_eq!(elsewhere.so_far().len(), 0);
    let query = "query($id: ID!) { webhook(id: $id) { active disabledAt disabledReason deliveries { nodes { state log { error } } } }
        notifications { nodes { type ticketId webhook { id } } } }";
    let told = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            let told = app.data(&app.admin.token, query, json!({ "id": webhook["id"] })).await;
            if told["webhook"]["active"] == false {
                return told;
            }
        }
    };
    let told = soon(told).await;
    let log = &told["webhook"]["deliveries"]["nodes"][0]["log"];
    assert!(log[0]["error"].as_str().unwrap().contains("redirects are not followed"), "{log}");
    assert!(told["webhook"]["disabledReason"].as_str().unwrap().contains("410"));
    let notice = json!({ "type": "SYSTEM_ALERT", "ticketId": null, "webhook": { "id": webhook["id"] } });
    assert_eq!(told["notifications"]["nodes"][0], notice);
    // Nothing is sent to it any more.
    app.open_ticket(&app.user.token, "two").await;
    all_sent(&app).await;
    assert_eq!(receiver.so_far().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_refused_when_registered_and_at_every_attempt() {
    let receiver = Receiver::start().await;
    let strict = TestApp::start().await;
    for url in
        [receiver.url.as_str(), "http://localhost:9/", "http://[::1]/", "http://169.254.169.254/", "https://10.1.2.3/"]
    {
        let input = json!({ "url": url, "events": ["CREATED"] });
        let refused = strict.payload(&strict.admin.token, "createWebhook", "webhook { id } secret", input).await;
        assert_eq!((&refused["userErrors"][0]["field"], &refused["secret"]), (&json!("url"), &Value::Null), "{url}");
    }
    // One that was registered while it was allowed is not told once it isn't.
    let home = Home::new(false).await;
    let token = home.person("root@example.org", "admin").await;
    let allowed = ["webhook", "create", "--url", &receiver.url, "--set", "webhooks.allow_private=true"];
    let made = home.run(&allowed, b"").await.ok();
    let id = made.split('\t').next().unwrap();
    // It counts from when it was made, whether a server runs or ever ran.
    let mail = Mail { from: "Li <li@example.net>", subject: "one", id: "a@b.example", answers: None, text: "x" };
    home.run(&["mail", "ingest"], mail.raw().as_bytes()).await.ok();
    let server = home.serve().await;
    let query = "query($id: ID!) { webhook(id: $id) { deliveries { nodes { state why log { status } } } } }";
    let failed = async {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            let told = server.data(&token, query, json!({ "id": id })).await;
            let first = items(&told["webhook"]["deliveries"]["nodes"]).first();
            if let Some(first) = first.filter(|first| first["state"] == "failed") {
                return first.clone();
            }
        }
    };
    let failed = soon(failed).await;
    assert!(failed["why"].as_str().unwrap().contains("private or local address"), "{failed}");
    assert_eq!(failed["log"], json!([{ "status": null }]));
    assert_eq!(receiver.so_far().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_had_not_delivered_the_next_one_delivers_once() {
    let receiver = Receiver::start().await;
    let mut home = Home::new(false).await;
    home.set("ECHODESK_WEBHOOKS__ALLOW_PRIVATE", "true");
    let token = home.person("root@example.org", "admin").await;
    let server = home.serve().await;
    register(server.api(), &token, &receiver).await;
    receiver.answers([Answer::Silence]);
    server.open_ticket(&token, "while it dies").await;
    receiver.heard(1).await;
    server.kill().await;
    // Something happens while no server runs.
    let mail =
        Mail { from: "Li <li@example.net>", subject: "while it is dead", id: "a@b.example", answers: None, text: "x" };
    home.run(&["mail", "ingest"], mail.raw().as_bytes()).await.ok();
    let server = home.serve().await;
    let heard = receiver.heard(3).await;
    // Between two tickets there is no order.
    let told = |title: &str| heard[1..].iter().find(|one| one.json()["data"]["title"] == title).unwrap();
    let again = told("while it dies");
    assert_eq!((&again.body, again.header("x-webhook-id")), (&heard[0].body, heard[0].header("x-webhook-id")));
    told("while it is dead");
    // And once: what comes next is the next.
    server.open_ticket(&token, "after").await;
    let heard = receiver.heard(4).await;
    assert_eq!(heard[3].json()["data"]["title"], "after");
    server.terminate().await;
    server.ended().await;
    let server = home.serve().await;
    server.open_ticket(&token, "last").await;
    let heard = receiver.heard(5).await;
    assert_eq!((heard.len(), &heard[4].json()["data"]["title"]), (5, &json!("last")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_told_again_on_demand() {
    for postgres in [false, true] {
        let (app, receiver) = (app(postgres).await, Receiver::start().await);
        let admin = &app.admin.token;
        let begin = app.as_of(admin).await;
        let ticket = app.open_ticket(&app.user.token, "before it was there").await;
        app.comment(&app.user.token, &ticket, "said before, too").await;
        let webhook = register(&app, admin, &receiver).await;
        let replay = json!({ "id": webhook["id"], "after": begin });
        let again = app.done(admin, "replayWebhook", "deliveries complete cursor", replay.clone()).await;
        assert_eq!((&again["deliveries"], &again["complete"]), (&json!(2), &json!(true)));
        let heard = receiver.heard(2).await;
        assert_eq!(events(&heard), ["ticket.created", "ticket.comment_added"]);
        let query = "query($id: ID!) { webhook(id: $id) { deliveries { nodes { id webhookEvent } } } }";
        let told =
            app.data(admin, query, json!({ "id": webhook["id"] })).await["webhook"]["deliveries"]["nodes"].take();
        app.done(admin, "redeliver", "delivery { id body }", json!({ "id": told[0]["id"] })).await;
        let heard = receiver.heard(3).await;
        assert_eq!((heard[2].event(), &heard[2].body), ("ticket.comment_added", &heard[1].body));
        assert_eq!(heard[2].header("x-webhook-id"), heard[1].header("x-webhook-id"));
        app.done(admin, "replayWebhook", "deliveries", replay).await;
        receiver.heard(5).await;
        // Another secret signs from now on.
        let rotated = app.done(admin, "rotateWebhookSecret", "secret", json!({ "id": webhook["id"] })).await;
        app.comment(&app.user.token, &ticket, "and now").await;
        let heard = receiver.heard(6).await;
        assert!(heard[5].is_signed_by(rotated["secret"].as_str().unwrap()) && !heard[5].is_signed_by(SECRET));
        app.done(admin, "deleteWebhook", "id", json!({ "id": webhook["id"] })).await;
        app.comment(&app.user.token, &ticket, "nobody hears this").await;
        all_sent(&app).await;
        assert_eq!(receiver.so_far().len(), 6);
        assert_eq!(app.code(&app.supervisor.token, "{ webhooks { id } }", json!({})).await, "FORBIDDEN");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_works_beside_the_server() {
    let receiver = Receiver::start().await;
    let mut home = Home::new(false).await;
    home.set("ECHODESK_WEBHOOKS__ALLOW_PRIVATE", "true");
    let token = home.person("root@example.org", "admin").await;
    let server = home.serve().await;
    let words = [
        "webhook",
        "create",
        "--url",
        &receiver.url,
        "--event",
        "ticket.created",
        "--header",
        "X-A=1",
        "--secret",
        "-",
    ];
    let made = home.run(&words, b"from-stdin\n").await.ok();
    let (id, secret) = made.split_once('\t').unwrap();
    assert_eq!(secret, "from-stdin");
    let listed = home.run(&["webhook", "list"], b"").await.ok();
    assert_eq!(listed, format!("{id}\ton\tticket.created\t{}", receiver.url));
    server.open_ticket(&token, "one").await;
    let heard = receiver.heard(1).await;
    assert!(heard[0].is_signed_by("from-stdin") && heard[0].header("x-a") == "1");
    let said = async {
        loop {
            let said = home.run(&["webhook", "deliveries", id], b"").await.ok();
            if said.contains("delivered") {
                return said;
            }
        }
    };
    let said = soon(said).await;
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains("ticket.created") && lines[1].contains("\t204\t"), "{said}");
    assert_eq!(home.run(&["webhook", "deliveries", id, "--failed"], b"").await.ok(), "");
    home.run(&["webhook", "delete", id], b"").await.ok();
    assert_eq!(home.run(&["webhook", "list"], b"").await.ok(), "");
    let gone = home.run(&["webhook", "deliveries", id], b"").await;
    assert!(gone.code == 1 && gone.err.contains("not found"), "{gone:?}");
    let wrong = home.run(&["webhook", "create", "--url", "nonsense", "--event", "ticket.burnt"], b"").await;
    assert!(wrong.code == 1 && wrong.err.contains("ticket.created"), "{wrong:?}");
}
