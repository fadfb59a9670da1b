//! One ticket's life: it comes in as a mail, is watched, answered, resolved, reopened, found and told; on both databases.

use crate::api::{each, items, soon};
use crate::app::{TestApp, each_backend};
use crate::mail::Mail;
use serde_json::{Value, json};

const EVENTS: &str = "subscription($after: Cursor) { events(after: $after, filter: {types: [TICKET_OPENED, COMMENT_ADDED, STATUS_CHANGED]}) {
    cursor type summary ticket { id title status } comment { body } by { name } } }";

const FIRST: Mail<'_> = Mail {
    from: "=?utf-8?B?5bCP5p2O?= <li@example.net>",
    subject: "登录失败",
    id: "first@example.net",
    answers: None,
    text: "客户端一直转圈，无法登录。",
};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_becomes_a_ticket_and_lives() {
    each_backend(|app| async move { story(&app).await }).await;
}

async fn story(app: &TestApp) {
    let agent = &app.agent.token;
    let begin = app.as_of(agent).await;
    let mut socket = app.live(agent, EVENTS, json!({ "after": begin })).await;
    let mut stream = app.sse(agent, EVENTS, json!({ "after": begin })).await;

    // In by the hook.
    let taken = app.take_mail(&FIRST.raw()).await;
    assert_eq!(taken["state"], "opened", "{taken}");
    let id = format!("ticket_{}", taken["ticket"]);
    let seen = socket.next().await;
    let told = stream.next().await;
    for event in [&seen["events"], &told.result["data"]["events"]] {
        assert_eq!((&event["type"], &event["ticket"]["title"]), (&json!("TICKET_OPENED"), &json!("登录失败")));
        assert_eq!(event["ticket"]["id"], id.as_str());
    }
    assert_eq!(told.id.as_deref(), seen["events"]["cursor"].as_str(), "an event's id is its cursor");
    assert_eq!(told.result["extensions"]["cursor"], seen["events"]["cursor"]);
    // The same mail once more is the same ticket.
    let again = app.take_mail(&FIRST.raw()).await;
    assert_eq!((&again["state"], &again["ticket"]), (&json!("duplicate"), &taken["ticket"]));

    // In by the pipe, beside the running server.
    let second = Mail {
        from: "Ada <ada@example.net>",
        subject: "Refund please",
        id: "pipe@example.net",
        text: "The invoice was paid twice.",
        ..FIRST
    };
    let piped = app.cli(&["mail", "ingest"], second.raw().as_bytes()).await.ok();
    assert!(piped.starts_with("ticket ") && piped.ends_with(" opened"), "{piped}");
    assert_eq!(socket.next().await["events"]["ticket"]["title"], "Refund please");
    assert_eq!(stream.next().await.result["data"]["events"]["ticket"]["title"], "Refund please");
    let again = app.cli(&["mail", "ingest"], second.raw().as_bytes()).await.ok();
    assert!(again.ends_with(" has it already"), "{again}");

    // Answered, and resolved.
    let say = json!({ "ticket": id, "body": "请重启客户端再试。", "effect": "CONVERSE" });
    app.done(agent, "addComment", "comment { id ticket { status } }", say).await;
    let answered = socket.next().await;
    assert_eq!(answered["events"]["comment"]["body"], "请重启客户端再试。");
    let resolve = json!({ "id": id, "status": "RESOLVED", "reason": "a restart helps" });
    let resolved = app.done(agent, "changeStatus", "ticket { status firstReplyAt resolvedAt }", resolve).await;
    assert_eq!(resolved["ticket"]["status"], "RESOLVED");
    assert!(resolved["ticket"]["firstReplyAt"].is_string() && resolved["ticket"]["resolvedAt"].is_string());

    // The customer answers by mail: the comment joins, the ticket is open again.
    let reply = Mail {
        id: "again@example.net",
        subject: "Re: 登录失败",
        answers: Some("first@example.net"),
        text: "重启以后还是不行。",
        ..FIRST
    };
    let joined = app.take_mail(&reply.raw()).await;
    assert_eq!((&joined["state"], &joined["ticket"]), (&json!("commented"), &taken["ticket"]));
    let detail =
        "query($id: ID!) { ticket(id: $id) { status reopened reopenCount commentCount description channel source
        customer { name email } comments { nodes { body byStaff channel authorName } } } }";
    let ticket = app.data(agent, detail, json!({ "id": id })).await["ticket"].take();
    assert_eq!((&ticket["reopened"], &ticket["reopenCount"]), (&json!(true), &json!(1)), "{ticket:#}");
    assert_ne!(ticket["status"], "RESOLVED");
    assert_eq!((&ticket["channel"], &ticket["source"]), (&json!("EMAIL"), &json!("EMAIL")));
    assert_eq!(ticket["customer"], json!({ "name": "小李", "email": "li@example.net" }));
    assert_eq!(ticket["description"], "客户端一直转圈，无法登录。");
    assert_eq!(each(&ticket["comments"]["nodes"], "body"), ["请重启客户端再试。", "重启以后还是不行。"]);
    assert_eq!(each(&ticket["comments"]["nodes"], "byStaff"), [true, false]);

    // A stranger who answers the same mail gets a ticket that follows it.
    let stranger = Mail { from: "Eve <eve@example.net>", id: "eve@example.net", text: "Mine, too.", ..reply };
    let linked = app.take_mail(&stranger.raw()).await;
    assert_eq!(linked["state"], "opened");
    assert_ne!(linked["ticket"], taken["ticket"]);
    let follows = app
        .data(
            agent,
            "query($id: ID!) { ticket(id: $id) { follows { id } } }",
            json!({ "id": format!("ticket_{}", linked["ticket"]) }),
        )
        .await;
    assert_eq!(follows["ticket"]["follows"]["id"], id.as_str());

    // Both streams end with the stranger's ticket, having told the same.
    let (mut by_socket, mut by_stream) = (vec![answered["events"].clone()], Vec::new());
    let last = format!("ticket_{}", linked["ticket"]);
    while by_socket.last().unwrap()["ticket"]["id"] != last.as_str() {
        by_socket.push(socket.next().await["events"].take());
    }
    while by_stream.len() < by_socket.len() {
        by_stream.push(stream.next().await.result["data"]["events"].take());
    }
    let cursors = |list: &[Value]| list.iter().map(|event| event["cursor"].clone()).collect::<Vec<_>>();
    assert_eq!(cursors(&by_stream), cursors(&by_socket));

    // Found in Chinese (two characters, from the title, the mail and an answer), in English, by number.
    let search = "query($words: String!) { tickets(search: $words) { nodes { id } totalCount } }";
    for words in
        ["登录", "转圈", "重启", "重启 登录", &format!("#{}", taken["ticket"]), taken["number"].as_str().unwrap()]
    {
        let found = app.data(agent, search, json!({ "words": words })).await;
        assert!(each(&found["tickets"]["nodes"], "id").contains(&&json!(id)), "{words}: {found}");
    }
    let refund = app.data(agent, search, json!({ "words": "INVOICE twice" })).await;
    assert_eq!(items(&refund["tickets"]["nodes"]).len(), 1);
    assert_eq!(items(&app.data(agent, search, json!({ "words": "退款" })).await["tickets"]["nodes"]).len(), 0);

    // The history tells all of it, newest first.
    let history = "query($id: ID!) { ticket(id: $id) { history(first: 50) { nodes { type by { name system } changes { field old new } reason summary } } } }";
    let history = app.data(agent, history, json!({ "id": id })).await["ticket"]["history"]["nodes"].take();
    let kinds: Vec<&str> = items(&history).iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.last(), Some(&"TICKET_OPENED"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "COMMENT_ADDED").count(), 2, "{kinds:?}");
    let reasons: Vec<&Value> = each(&history, "reason");
    assert!(reasons.contains(&&json!("a restart helps")), "{reasons:?}");
    let moved =
        items(&history).iter().flat_map(|event| items(&event["changes"])).filter(|change| change["field"] == "status");
    assert!(moved.clone().any(|change| change["new"] == "RESOLVED" || change["new"] == "resolved"), "{history:#}");

    // Strangers know of none of it.
    let stranger = &app.stranger.token;
    assert_eq!(
        app.code(stranger, "query($id: ID!) { ticket(id: $id) { title } }", json!({ "id": id })).await,
        "NOT_FOUND"
    );
    let by_number = json!({ "number": taken["number"] });
    assert_eq!(
        app.code(stranger, "query($number: String) { ticket(number: $number) { title } }", by_number).await,
        "NOT_FOUND"
    );
    assert_eq!(
        app.data(stranger, search, json!({ "words": "登录" })).await["tickets"],
        json!({ "nodes": [], "totalCount": 0 })
    );
    let say = json!({ "ticket": id, "body": "let me in" });
    assert_eq!(app.payload(stranger, "addComment", "comment { id }", say).await["userErrors"][0]["code"], "NOT_FOUND");
    let nothing = app.live(stranger, "subscription($id: ID!) { ticket(id: $id) { type } }", json!({ "id": id })).await;
    assert_eq!(nothing.refusal().await, "NOT_FOUND");
    let own = app.open_ticket(stranger, "my own").await;
    let mut theirs = app.live(stranger, EVENTS, json!({ "after": begin })).await;
    assert_eq!(
        theirs.next().await["events"]["ticket"]["id"],
        own["id"],
        "the first event that a stranger sees is their own"
    );
    assert!(soon(app.mail("x")).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hook_wants_its_secret() {
    let app = TestApp::start().await;
    for secret in [None, Some("wrong"), Some("")] {
        let request = app.http.post(app.at("/hooks/email")).body(FIRST.raw());
        let request = secret.into_iter().fold(request, |request, secret| request.header("x-hook-secret", secret));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "UNAUTHENTICATED");
    }
    let bare = TestApp::with(&[("email.hook_secret", "")]).await;
    assert_eq!(bare.mail(&FIRST.raw()).await.unwrap().status(), 404);
    let small = TestApp::with(&[("email.max_message_bytes", "2000")]).await;
    let long = "x".repeat(3_000);
    let mail = Mail { text: &long, ..FIRST };
    assert_eq!(small.mail(&mail.raw()).await.unwrap().status(), 413);
    for app in [app, bare, small] {
        let none = app.data(&app.admin.token, "{ tickets { totalCount } inbound { nodes { id } } }", json!({})).await;
        assert_eq!(none, json!({ "tickets": { "totalCount": 0 }, "inbound": { "nodes": [] } }));
    }
}
