//! The Orris dialect through the real router: every endpoint of seed 003, its fields, its codes, and who may.

use crate::api::{Api, each, items, signed};
use crate::app::{TestApp, each_backend};
use reqwest::Method;
use serde_json::{Value, json};

mod errors;
mod figures;
mod limits;
mod lists;
mod samples;
mod webhooks;

/// Sends a request below /v1 and answers status and body, which is in one of the two envelopes.
pub async fn call(app: &Api, token: &str, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let request = signed(app.http.request(method, app.at(&format!("/v1{path}"))), token);
    let request = if let Some(body) = body { request.json(body) } else { request };
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    if status == 204 {
        assert_eq!(text, "");
        return (status, Value::Null);
    }
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {status} {text}"));
    assert_eq!(body["success"], status < 400, "{path}: {body:#}");
    assert!(body["message"].is_string(), "{path}: {body:#}");
    if status >= 400 {
        assert!(body["error_code"].is_string() && body["details"].is_object(), "{path}: {body:#}");
        assert_ne!(body["message"], "", "{path}: {body:#}");
    }
    (status, body)
}

pub async fn get(app: &Api, token: &str, path: &str) -> Value {
    let (status, body) = call(app, token, Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {body:#}");
    body
}

/// The `data` of something that has to go well.
pub async fn send(app: &Api, token: &str, method: Method, path: &str, body: Value) -> Value {
    let (status, mut answer) = call(app, token, method, path, Some(&body)).await;
    assert!(status < 300, "{path}: {answer:#}");
    answer["data"].take()
}

/// HTTP status and business code of something that has to fail.
pub async fn refused(app: &Api, token: &str, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
    let (status, answer) = call(app, token, method, path, body.as_ref()).await;
    assert!(status >= 400, "{path}: {answer:#}");
    (status, answer["error_code"].as_str().unwrap().to_owned())
}

/// Opens a ticket and answers its id.
pub async fn open(app: &Api, token: &str, title: &str) -> i64 {
    open_as(app, token, title, json!({})).await
}

/// The same with some fields of its own.
pub async fn open_as(app: &Api, token: &str, title: &str, more: Value) -> i64 {
    let mut form =
        json!({ "title": title, "description": "六个字的描述", "category": "technical", "priority": "high" });
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    send(app, token, Method::POST, "/tickets", form).await["ticket_id"].as_i64().unwrap()
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_opened_and_read_as_documented() {
    each_backend(|app| async move {
        let form = json!({
            "title": "无法登录账号", "description": "我尝试使用正确的密码登录，但系统提示密码错误。",
            "category": "technical", "priority": "high", "tags": ["login", "password"],
            "metadata": { "browser": "Chrome 120", "os": "Windows 11" },
        });
        let (status, opened) = call(&app, &app.user.token, Method::POST, "/tickets", Some(&form)).await;
        assert_eq!(status, 201);
        assert_eq!(
            opened,
            json!({
                "success": true, "message": "Ticket created successfully",
                "data": {
                    "ticket_id": 100_001, "number": "T-20260105-0001", "title": "无法登录账号", "status": "new",
                    "priority": "high", "sla_due_time": "2026-01-06T02:00:00Z", "created_at": "2026-01-05T02:00:00Z",
                },
            })
        );
        app.clock.advance(61_500);
        let assign = json!({ "assignee_id": app.agent.id.0 });
        let assigned = send(&app, &app.agent.token, Method::POST, "/tickets/100001/assign", assign).await;
        assert_eq!(
            assigned,
            json!({ "ticket_id": 100_001, "assignee_id": app.agent.id.0, "status": "open", "updated_at": "2026-01-05T02:01:01Z" })
        );
        let detail = get(&app, &app.agent.token, "/tickets/100001").await;
        assert_eq!(
            detail,
            json!({
                "success": true, "message": "",
                "data": {
                    "id": 100_001, "number": "T-20260105-0001", "title": "无法登录账号",
                    "description": "我尝试使用正确的密码登录，但系统提示密码错误。",
                    "category": "technical", "priority": "high", "status": "open",
                    "creator_id": app.user.id.0,
                    "creator": { "id": app.user.id.0, "name": "ulla", "email": "ulla@example.org" },
                    "assignee_id": app.agent.id.0,
                    "assignee": { "id": app.agent.id.0, "name": "agnes", "email": "agnes@example.org" },
                    "tags": ["login", "password"], "metadata": { "browser": "Chrome 120", "os": "Windows 11" },
                    "sla_due_time": "2026-01-06T02:00:00Z", "response_time": null, "resolved_time": null,
                    "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:01:01Z", "closed_at": null,
                    "comments_count": 0, "is_overdue": false,
                },
            })
        );
        // Customers know the name of who works for them, and not their address.
        let own = get(&app, &app.user.token, "/tickets/100001").await;
        assert_eq!(own["data"]["assignee"], json!({ "id": app.agent.id.0, "name": "agnes", "email": null }));
        assert_eq!(own["data"]["creator"]["email"], "ulla@example.org");
        // The key of the caller's choice opens one ticket, however often it is sent.
        let again = || signed(app.http.post(app.at("/v1/tickets")), &app.user.token).header("idempotency-key", "k1").json(&form);
        let first: Value = again().send().await.unwrap().json().await.unwrap();
        let second: Value = again().send().await.unwrap().json().await.unwrap();
        assert_eq!(first, second);
        // An API key in its own header is as good as a token.
        let key = app.http.get(app.at("/v1/tickets/100001")).header("x-api-key", &app.user.token).send().await.unwrap();
        assert_eq!(key.status(), 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_moves_as_documented() {
    let app = TestApp::start().await;
    let (user, agent, admin) = (&app.user.token, &app.agent.token, &app.admin.token);
    let id = open(&app, user, "moves").await;
    let at = |what: &str| format!("/tickets/{id}/{what}");
    let move_to =
        async |status: &str| call(&app, agent, Method::PATCH, &at("status"), Some(&json!({ "status": status }))).await;
    // What is not assigned can be taken; it becomes open, and no other status changes by it.
    let take = json!({ "assignee_id": app.agent.id.0 });
    assert_eq!(send(&app, agent, Method::POST, &at("assign"), take.clone()).await["status"], "open");
    let done =
        send(&app, agent, Method::PATCH, &at("status"), json!({ "status": "in_progress", "reason": "开始处理此问题" }))
            .await;
    assert_eq!(
        done,
        json!({ "ticket_id": id, "old_status": "open", "new_status": "in_progress", "updated_at": "2026-01-05T02:00:00Z" })
    );
    assert_eq!(send(&app, agent, Method::POST, &at("assign"), take).await["status"], "in_progress");
    for (status, new) in [("in_progress", 200), ("new", 409), ("open", 409), ("reopened", 409), ("resolved", 200)] {
        let (told, body) = move_to(status).await;
        assert_eq!(told, new, "{status}: {body}");
        if new == 409 {
            assert_eq!(body["error_code"], "INVALID_STATUS_TRANSITION");
            assert!(body["details"]["status"].is_string());
        }
    }
    // The creator closes what is resolved, with a reason; twice is once.
    let (status, body) = call(&app, user, Method::POST, &at("close"), Some(&json!({}))).await;
    assert_eq!((status, &body["details"]["reason"]), (422, &json!("reason is required")));
    app.clock.advance(1_000);
    let why = json!({ "reason": "问题已解决，用户确认满意" });
    for _ in 0..2 {
        assert_eq!(
            send(&app, user, Method::POST, &at("close"), why.clone()).await,
            json!({ "ticket_id": id, "status": "closed", "closed_at": "2026-01-05T02:00:01Z" })
        );
    }
    assert_eq!(refused(&app, agent, Method::PATCH, &at("status"), Some(json!({ "status": "open" }))).await.0, 409);
    let reopened =
        send(&app, user, Method::POST, &at("reopen"), json!({ "reason": "问题仍然存在，需要重新处理" })).await;
    assert_eq!(reopened, json!({ "ticket_id": id, "status": "reopened", "updated_at": "2026-01-05T02:00:01Z" }));
    let detail = get(&app, user, &format!("/tickets/{id}")).await["data"].take();
    assert_eq!(
        (&detail["closed_at"], &detail["resolved_time"], &detail["status"]),
        (&Value::Null, &Value::Null, &json!("reopened"))
    );
    assert_eq!(
        refused(&app, user, Method::POST, &at("reopen"), Some(json!({ "reason": "x" }))).await,
        code(409, "INVALID_STATUS_TRANSITION")
    );
    // From reopened to open the flag dies; reopening by a status write works, too.
    let (_, body) = move_to("open").await;
    assert_eq!((&body["data"]["old_status"], &body["data"]["new_status"]), (&json!("reopened"), &json!("open")));
    move_to("closed").await;
    let (_, body) = move_to("reopened").await;
    assert_eq!((&body["data"]["old_status"], &body["data"]["new_status"]), (&json!("closed"), &json!("reopened")));

    // Priorities: the due time is counted from creation; what we know better is not flattened.
    let raised = send(&app, agent, Method::PATCH, &at("priority"), json!({ "priority": "urgent" })).await;
    assert_eq!(
        raised,
        json!({ "ticket_id": id, "old_priority": "high", "new_priority": "urgent",
            "sla_due_time": "2026-01-05T06:00:00Z", "updated_at": "2026-01-05T02:00:01Z" })
    );
    let critical = json!({ "id": format!("ticket_{id}"), "priority": "CRITICAL" });
    app.done(agent, "setPriority", "ticket { priority }", critical).await;
    send(&app, agent, Method::PATCH, &at("priority"), json!({ "priority": "urgent" })).await;
    let query = "query($id: ID!) { ticket(id: $id) { priority } }";
    let kept = app.data(agent, query, json!({ "id": format!("ticket_{id}") })).await;
    assert_eq!(kept["ticket"]["priority"], "CRITICAL");

    // Deleted is gone, for administrators, too.
    assert_eq!(refused(&app, agent, Method::DELETE, &format!("/tickets/{id}"), None).await, code(403, "FORBIDDEN"));
    let (status, _) = call(&app, admin, Method::DELETE, &format!("/tickets/{id}"), None).await;
    assert_eq!(status, 204);
    for (method, path) in [
        (Method::GET, format!("/tickets/{id}")),
        (Method::DELETE, format!("/tickets/{id}")),
        (Method::GET, at("comments")),
    ] {
        assert_eq!(refused(&app, admin, method, &path, None).await, code(404, "TICKET_NOT_FOUND"), "{path}");
    }
    let gone = [
        ("close", json!({ "reason": "x" })),
        ("assign", json!({ "assignee_id": 1 })),
        ("comments", json!({ "content": "x" })),
    ];
    for (what, body) in gone {
        assert_eq!(
            refused(&app, admin, Method::POST, &at(what), Some(body)).await,
            code(404, "TICKET_NOT_FOUND"),
            "{what}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_written_listed_edited_and_withdrawn() {
    each_backend(|app| async move { comments(&app).await }).await;
}

async fn comments(app: &TestApp) {
    let (user, agent, admin) = (&app.user.token, &app.agent.token, &app.admin.token);
    let id = open(app, user, "talk").await;
    let at = format!("/tickets/{id}/comments");
    let say = async |token: &str, body: Value| send(app, token, Method::POST, &at, body).await;
    let first = say(agent, json!({ "content": "我已经检查了数据库日志", "is_internal": false })).await;
    assert_eq!(
        first,
        json!({ "comment_id": first["comment_id"], "ticket_id": id, "user": { "id": app.agent.id.0, "name": "agnes" },
            "content": "我已经检查了数据库日志", "is_internal": false, "created_at": "2026-01-05T02:00:00Z" })
    );
    let note = say(agent, json!({ "content": "此用户是VIP客户，优先处理", "is_internal": true })).await;
    let own = say(user, json!({ "content": "谢谢" })).await;
    assert_eq!(
        refused(app, user, Method::POST, &at, Some(json!({ "content": "x", "is_internal": true }))).await,
        code(403, "FORBIDDEN")
    );
    // The newest first; notes for staff who ask for them.
    let ids = |page: &Value| each(&page["data"], "id").into_iter().cloned().collect::<Vec<_>>();
    let (first_id, note_id, own_id) = (&first["comment_id"], &note["comment_id"], &own["comment_id"]);
    for (token, query, want) in [
        (user, "", vec![own_id, first_id]),
        (user, "?include_internal=true", vec![own_id, first_id]),
        (agent, "", vec![own_id, first_id]),
        (agent, "?include_internal=true", vec![own_id, note_id, first_id]),
        (agent, "?include_internal=true&page=2&page_size=2", vec![first_id]),
        (agent, "?page=9", vec![]),
    ] {
        let page = get(app, token, &format!("{at}{query}")).await;
        assert_eq!(ids(&page).iter().collect::<Vec<_>>(), want, "{query}");
        let total = if query.contains("internal") && token == agent { 3 } else { 2 };
        assert_eq!(page["pagination"]["total"], total, "{query}");
    }
    let page = get(app, user, &at).await;
    assert_eq!(page["pagination"], json!({ "total": 2, "page": 1, "page_size": 50, "total_pages": 1 }));
    assert_eq!(
        page["data"][0],
        json!({ "id": own_id, "ticket_id": id, "user": { "id": app.user.id.0, "name": "ulla" }, "content": "谢谢",
            "is_internal": false, "created_at": "2026-01-05T02:00:00Z" })
    );
    let detail = get(app, agent, &format!("/tickets/{id}")).await;
    assert_eq!(
        (&detail["data"]["comments_count"], &detail["data"]["response_time"]),
        (&json!(2), &json!("2026-01-05T02:00:00Z"))
    );

    // Only the author edits; the author or an administrator withdraws.
    let one = |id: &Value| format!("{at}/{id}");
    app.clock.advance(5_000);
    let edited = send(app, user, Method::PATCH, &one(own_id), json!({ "content": "更新后的评论内容" })).await;
    assert_eq!(
        edited,
        json!({ "comment_id": own_id, "content": "更新后的评论内容", "updated_at": "2026-01-05T02:00:05Z" })
    );
    let text = || Some(json!({ "content": "x" }));
    assert_eq!(refused(app, agent, Method::PATCH, &one(own_id), text()).await, code(403, "FORBIDDEN"));
    assert_eq!(refused(app, admin, Method::PATCH, &one(own_id), text()).await, code(403, "FORBIDDEN"));
    assert_eq!(refused(app, agent, Method::DELETE, &one(own_id), None).await, code(403, "FORBIDDEN"));
    assert_eq!(refused(app, user, Method::PATCH, &one(note_id), text()).await, code(404, "NOT_FOUND"));
    assert_eq!(refused(app, user, Method::DELETE, &one(note_id), None).await, code(404, "NOT_FOUND"));
    // Named with another ticket, or as no comment: not found; nor is a stranger told of the ticket.
    let other = open(app, user, "other").await;
    let elsewhere = format!("/tickets/{other}/comments/{own_id}");
    assert_eq!(refused(app, user, Method::PATCH, &elsewhere, text()).await, code(404, "NOT_FOUND"));
    assert_eq!(refused(app, user, Method::DELETE, &elsewhere, None).await, code(404, "NOT_FOUND"));
    assert_eq!(
        refused(app, user, Method::PATCH, &one(&json!(1)), text()).await,
        code(404, "NOT_FOUND"),
        "the description"
    );
    assert_eq!(refused(app, user, Method::PATCH, &one(&json!(999)), text()).await, code(404, "NOT_FOUND"));
    let stranger = &app.stranger.token;
    assert_eq!(refused(app, stranger, Method::PATCH, &one(own_id), text()).await, code(404, "TICKET_NOT_FOUND"));
    assert_eq!(refused(app, stranger, Method::GET, &at, None).await, code(404, "TICKET_NOT_FOUND"));
    for (token, comment) in [(admin, own_id), (agent, note_id)] {
        assert_eq!(call(app, token, Method::DELETE, &one(comment), None).await.0, 204);
        assert_eq!(refused(app, token, Method::DELETE, &one(comment), None).await, code(404, "NOT_FOUND"));
    }
    let page = get(app, agent, &format!("{at}?include_internal=true")).await;
    assert_eq!((ids(&page), &page["pagination"]["total"]), (vec![first_id.clone()], &json!(1)));
    assert_eq!(items(&get(app, user, &at).await["data"]).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_held_to_the_documents_table() {
    let app = TestApp::start().await;
    let (user, agent, admin) = (&app.user.token, &app.agent.token, &app.admin.token);
    let id = open(&app, user, "roles").await;
    let at = |what: &str| format!("/tickets/{id}/{what}");
    let assign = |to: i64| Some(json!({ "assignee_id": to }));
    let posts = [
        (Method::POST, at("assign"), assign(app.agent.id.0)),
        (Method::PATCH, at("status"), Some(json!({ "status": "closed" }))),
        (Method::PATCH, at("priority"), Some(json!({ "priority": "high" }))),
        (Method::POST, at("close"), Some(json!({ "reason": "not resolved yet" }))),
        (Method::DELETE, format!("/tickets/{id}"), None),
        (Method::GET, "/tickets/sla-report?start_date=2026-01-01&end_date=2026-01-31".to_owned(), None),
        (Method::GET, format!("/tickets?creator_id={}", app.stranger.id), None),
    ];
    for (method, path, body) in posts {
        assert_eq!(refused(&app, user, method.clone(), &path, body.clone()).await, code(403, "FORBIDDEN"), "{path}");
        // To a stranger the ticket does not exist.
        if path.contains(&id.to_string()) {
            let told = refused(&app, &app.stranger.token, method, &path, body).await;
            assert_eq!(told, code(404, "TICKET_NOT_FOUND"), "{path}");
        }
    }
    // Who is assigned: staff who exist.
    assert_eq!(refused(&app, agent, Method::POST, &at("assign"), assign(999)).await, code(404, "ASSIGNEE_NOT_FOUND"));
    assert_eq!(
        refused(&app, agent, Method::POST, &at("assign"), assign(app.user.id.0)).await,
        code(422, "VALIDATION_ERROR")
    );
    // What an agent gives away is out of their sight.
    let boss = app.supervisor.id.0;
    assert_eq!(send(&app, agent, Method::POST, &at("assign"), assign(boss).unwrap()).await["assignee_id"], boss);
    assert_eq!(refused(&app, agent, Method::GET, &format!("/tickets/{id}"), None).await, code(404, "TICKET_NOT_FOUND"));
    get(&app, admin, &format!("/tickets/{id}")).await;
    assert_eq!(refused(&app, agent, Method::GET, &format!("/tickets?creator_id={}", app.user.id), None).await.0, 403);
    let own = get(&app, user, &format!("/tickets?creator_id={}", app.user.id)).await;
    assert_eq!(own["pagination"]["total"], 1);
}
