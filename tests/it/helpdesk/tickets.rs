//! `/api`: tickets. The document's samples field by field, each spelling, each refusal, and who may.

use super::{call, get, refused, send};
use crate::api::{Api, each};
use crate::app::{Person, TestApp, person};
use engine::Caller;
use model::command::{Edit, EditCategory};
use model::id::{CategoryId, UserId};
use model::people::{ProfileInput, Role};
use model::{Actor, Time};
use reqwest::Method;
use serde_json::{Value, json};

mod bulk;
mod comments;
mod desk;
mod lists;
mod samples;
mod together;
mod workflow;

/// The day of the document's samples.
pub fn morning() -> Time {
    Time::parse("2025-01-01T10:00:00Z").unwrap()
}

/// Somebody with the names of a sample.
pub async fn named(app: &TestApp, role: Role, username: &str, names: (&str, &str)) -> Person {
    let who = person(&app.engine, username, role).await;
    let profile = ProfileInput {
        username: Some(username.to_owned()),
        email: Some(format!("{username}@example.com")),
        last_name: Some(names.0.to_owned()),
        first_name: Some(names.1.to_owned()),
        ..ProfileInput::default()
    };
    app.engine.edit_profile(&Caller::system("test"), who.id, profile).await.unwrap();
    who
}

/// The category of a key, with these hours and this assignee.
pub async fn category(app: &TestApp, key: &str, sla_hours: Option<i64>, auto_assignee: Option<UserId>) -> i64 {
    let system = Actor::System("test");
    let all = app.engine.categories(&system).await.unwrap();
    let known = all.iter().find(|category| category.form.key == key).unwrap();
    let edit = EditCategory {
        sla_hours: Edit::Set(sla_hours),
        auto_assignee: Edit::Set(auto_assignee),
        description: Edit::Set(Some("技术相关问题".to_owned())),
        ..EditCategory::default()
    };
    app.engine.edit_category(&Caller::system("test"), CategoryId(known.id.0), edit).await.unwrap();
    known.id.0
}

/// Opens a ticket with some fields of its own and answers its id.
pub async fn open(app: &Api, token: &str, title: &str, more: Value) -> i64 {
    let mut form = json!({ "title": title, "description": format!("about {title}") });
    form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    send(app, token, Method::POST, "/tickets", form).await["id"].as_i64().unwrap()
}

pub async fn put(app: &Api, token: &str, id: i64, form: Value) -> Value {
    send(app, token, Method::PUT, &format!("/tickets/{id}"), form).await
}

pub async fn post(app: &Api, token: &str, id: i64, what: &str, form: Value) -> Value {
    send(app, token, Method::POST, &format!("/tickets/{id}/{what}"), form).await
}

pub async fn detail(app: &Api, token: &str, id: i64) -> Value {
    get(app, token, &format!("/tickets/{id}")).await["data"].take()
}

pub fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

pub fn titles(list: &Value) -> Vec<String> {
    each(&list["data"], "title").into_iter().map(|title| title.as_str().unwrap().to_owned()).collect()
}

/// What a call that is refused tells: its code and the fields that it names.
pub async fn faults(app: &Api, token: &str, method: Method, path: &str, body: Value) -> (u16, String, Vec<String>) {
    let (status, told) = call(app, token, method, path, Some(&body)).await;
    assert!(status >= 400, "{path}: {told:#}");
    let fields = told["details"].as_object().unwrap().keys().cloned().collect();
    (status, told["error_code"].as_str().unwrap().to_owned(), fields)
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_forms_are_refused_by_field() {
    let app = TestApp::start().await;
    let id = open(&app, &app.user.token, "t", json!({})).await;
    let one = format!("/tickets/{id}");
    let (admin, post, put) = (&app.admin.token, Method::POST, Method::PUT);
    let of = |what: &str| format!("{one}/{what}");
    for (method, path, body, status, code, fields) in [
        (&post, "/tickets".to_owned(), json!({}), 422, "VALIDATION_FAILED", "description title"),
        (
            &post,
            "/tickets".to_owned(),
            json!({ "title": "", "description": 5, "type": "bug", "priority": "medium", "source": "x", "category_id": "1",
                "customer_email": "nobody", "tags": ["a,b"], "custom_fields": [], "due_date": "soon" }),
            422,
            "VALIDATION_FAILED",
            "category_id custom_fields customer_email description due_date priority source tags title type",
        ),
        (
            &post,
            "/tickets".to_owned(),
            json!({ "title": "t", "description": "d", "category_id": 999 }),
            404,
            "CATEGORY_NOT_FOUND",
            "category_id",
        ),
        (
            &post,
            "/tickets".to_owned(),
            json!({ "title": "t", "description": "d", "assigned_to_id": 999 }),
            404,
            "USER_NOT_FOUND",
            "assigned_to_id",
        ),
        (
            &put,
            one.clone(),
            json!({ "title": 1, "status": "new", "rating": "x", "assigned_to_id": "me" }),
            422,
            "VALIDATION_FAILED",
            "assigned_to_id rating status title",
        ),
        (&put, one.clone(), json!({ "title": "fine", "rating": 5 }), 409, "CONFLICT", "rating"),
        (
            &put,
            one.clone(),
            json!({ "title": "fine", "status": "resolved" }),
            409,
            "INVALID_STATUS_TRANSITION",
            "status",
        ),
        (&put, one.clone(), json!({ "title": "fine", "category_id": 999 }), 404, "CATEGORY_NOT_FOUND", "category_id"),
        (
            &put,
            one.clone(),
            json!({ "title": "fine", "description": "another's words" }),
            403,
            "INSUFFICIENT_PERMISSIONS",
            "",
        ),
        (&post, of("assign"), json!({ "comment": "x" }), 422, "VALIDATION_FAILED", "assigned_to_id"),
        (&post, of("assign"), json!({ "assigned_to_id": 999 }), 404, "USER_NOT_FOUND", "assigned_to_id"),
        (&post, of("assign"), json!({ "assigned_to_id": app.user.id.0 }), 422, "ASSIGNMENT_FAILED", "assigned_to_id"),
        (&post, of("transfer"), json!({}), 422, "VALIDATION_FAILED", "assigned_to_id"),
        (&post, of("transfer"), json!({ "assigned_to_id": app.user.id.0 }), 422, "ASSIGNMENT_FAILED", "assigned_to_id"),
        (
            &post,
            of("transfer"),
            json!({ "department": "x", "transfer_reason": "字".repeat(501) }),
            422,
            "VALIDATION_FAILED",
            "transfer_reason",
        ),
        (&post, of("escalate"), json!({ "priority": "low" }), 422, "VALIDATION_FAILED", "priority"),
        (
            &post,
            of("escalate"),
            json!({ "escalate_to_id": app.stranger.id.0 }),
            422,
            "ASSIGNMENT_FAILED",
            "assigned_to_id",
        ),
        (&post, of("status"), json!({}), 422, "VALIDATION_FAILED", "status"),
        (&post, of("status"), json!({ "status": "done", "comment": 1 }), 422, "VALIDATION_FAILED", "comment status"),
        (
            &post,
            of("status"),
            json!({ "status": "resolved", "comment": "x" }),
            409,
            "INVALID_STATUS_TRANSITION",
            "status",
        ),
        (&post, of("status"), json!({ "status": "reopened" }), 409, "INVALID_STATUS_TRANSITION", "status"),
        (&post, of("comments"), json!({}), 422, "VALIDATION_FAILED", "content"),
        (
            &post,
            of("comments"),
            json!({ "content": " ", "is_internal": "yes" }),
            422,
            "VALIDATION_FAILED",
            "content is_internal",
        ),
        (
            &post,
            "/tickets/999999/assign".to_owned(),
            json!({ "assigned_to_id": 1 }),
            404,
            "TICKET_NOT_FOUND",
            "ticket_id",
        ),
    ] {
        let fields: Vec<String> = fields.split(' ').filter(|field| !field.is_empty()).map(str::to_owned).collect();
        let told = faults(&app, admin, method.clone(), &path, body.clone()).await;
        assert_eq!(told, (status, code.to_owned(), fields), "{method} {path} {body}");
    }
    let left = detail(&app, admin, id).await;
    assert_eq!((&left["title"], &left["status"], &left["comment_count"]), (&json!("t"), &json!("open"), &json!(0)));
    let history = get(&app, admin, &of("history")).await;
    assert_eq!(history["total"], 1, "what was refused left nothing behind: {history:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_has_its_reach() {
    let app = TestApp::start().await;
    let other = person(&app.engine, "other", Role::Agent).await;
    let mine = open(&app, &app.user.token, "mine", json!({})).await;
    post(&app, &app.admin.token, mine, "assign", json!({ "assigned_to_id": app.agent.id.0 })).await;
    let path = format!("/tickets/{mine}");
    for token in [&app.stranger.token, &other.token] {
        assert_eq!(refused(&app, token, Method::GET, &path, None).await, code(404, "TICKET_NOT_FOUND"));
        assert_eq!(refused(&app, token, Method::DELETE, &path, None).await, code(404, "TICKET_NOT_FOUND"));
    }
    assert_eq!(refused(&app, "", Method::GET, &path, None).await, code(401, "UNAUTHORIZED"));
    for what in ["assign", "transfer", "escalate", "status"] {
        let form = json!({ "assigned_to_id": app.agent.id.0, "status": "pending", "department": "x" });
        let told = refused(&app, &app.user.token, Method::POST, &format!("{path}/{what}"), Some(form)).await;
        assert_eq!(told, code(403, "INSUFFICIENT_PERMISSIONS"), "{what}");
    }
    for body in [json!({ "internal_notes": "x" }), json!({ "priority": "high" }), json!({ "assigned_to_id": null })] {
        let told = refused(&app, &app.user.token, Method::PUT, &path, Some(body.clone())).await;
        assert_eq!(told, code(403, "INSUFFICIENT_PERMISSIONS"), "{body}");
    }
    assert_eq!(
        refused(&app, &app.agent.token, Method::DELETE, &path, None).await,
        code(403, "INSUFFICIENT_PERMISSIONS")
    );

    // Its creator deletes it; then it is gone for everybody, and an administrator brings it back.
    let (status, told) = call(&app, &app.user.token, Method::DELETE, &path, None).await;
    assert_eq!((status, &told["message"], &told["data"]), (200, &json!("工单删除成功"), &Value::Null));
    for token in [&app.user.token, &app.agent.token, &app.supervisor.token, &app.admin.token] {
        for at in ["", "/history", "/comments"] {
            let told = refused(&app, token, Method::GET, &format!("{path}{at}"), None).await;
            assert_eq!(told, code(404, "TICKET_NOT_FOUND"));
        }
        assert_eq!(get(&app, token, "/tickets").await["total"], 0);
        let told = refused(&app, token, Method::PUT, &path, Some(json!({ "title": "x" }))).await;
        assert_eq!(told, code(404, "TICKET_NOT_FOUND"));
    }
    for token in [&app.user.token, &app.agent.token] {
        let told = refused(&app, token, Method::POST, &format!("{path}/restore"), None).await;
        assert_eq!(told, code(404, "TICKET_NOT_FOUND"));
    }
    let back = post(&app, &app.admin.token, mine, "restore", json!({})).await;
    assert_eq!(back["id"], mine);
    assert_eq!(detail(&app, &app.user.token, mine).await["title"], "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn fixed_words_are_no_ids() {
    let app = TestApp::start().await;
    for word in ["stats", "my-tickets", "unassigned", "overdue", "sla-breach"] {
        get(&app, &app.admin.token, &format!("/tickets/{word}")).await;
    }
    let told = refused(&app, &app.admin.token, Method::GET, "/tickets/other", None).await;
    assert_eq!(told, code(400, "VALIDATION_FAILED"));
    assert_eq!(refused(&app, &app.admin.token, Method::GET, "/tickets/bulk-assign", None).await.0, 405);
}
