//! What a client that was written from the document alone, by somebody who had not seen the code, stumbled over.

use super::tickets::{detail, open, post};
use super::{call, get, refused, send};
use crate::api::items;
use crate::app::{TestApp, each_backend};
use model::people::Role;
use reqwest::Method;
use serde_json::{Value, json};

async fn history(app: &TestApp, token: &str, id: i64) -> Vec<Value> {
    items(&get(app, token, &format!("/tickets/{id}/history")).await["data"]).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_not_there_is_named() {
    let app = TestApp::start().await;
    let token = &app.admin.token;
    for (method, path) in [
        (Method::GET, "/tickets/999"),
        (Method::DELETE, "/tickets/999"),
        (Method::GET, "/tickets/999/comments"),
        (Method::GET, "/tickets/999/history"),
    ] {
        let (status, told) = call(&app, token, method, path, None).await;
        let known = (&told["error_code"], &told["message"], &told["details"]);
        assert_eq!(
            (status, known),
            (404, (&json!("TICKET_NOT_FOUND"), &json!("工单不存在"), &json!({ "ticket_id": 999 })))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn assigning_a_new_ticket_changes_no_status_that_anybody_sees() {
    each_backend(|app| async move {
        let id = open(&app, &app.user.token, "t", json!({})).await;
        assert_eq!(detail(&app, &app.user.token, id).await["status"], "open");
        post(&app, &app.admin.token, id, "assign", json!({ "assigned_to_id": app.agent.id.0 })).await;
        assert_eq!(detail(&app, &app.user.token, id).await["status"], "open");
        for token in [&app.admin.token, &app.user.token] {
            assert!(history(&app, token, id).await.iter().all(|entry| entry["action"] != "status_change"));
        }
        let heard = get(&app, &app.user.token, "/notifications").await;
        assert!(items(&heard["data"]).iter().all(|one| one["type"] != "ticket_status_changed"), "{heard:#}");
        post(&app, &app.agent.token, id, "status", json!({ "status": "in_progress" })).await;
        assert_eq!(history(&app, &app.user.token, id).await[0]["action"], "status_change");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_says_what_was_so_before_and_in_its_readers_language() {
    each_backend(|app| async move {
        let id = open(&app, &app.user.token, "t", json!({})).await;
        for before in [false, true] {
            post(&app, &app.admin.token, id, "escalate", json!({ "reason": "x" })).await;
            let all = history(&app, &app.admin.token, id).await;
            let told = all.iter().find(|entry| entry["action"] == "escalate").unwrap();
            let want = if before { json!({}) } else { json!({ "is_escalated": { "old": false, "new": true } }) };
            assert_eq!(told["field_changes"], want);
        }
        let form = reqwest::multipart::Form::new()
            .text("ticket_id", id.to_string())
            .part("file", reqwest::multipart::Part::bytes(b"text".to_vec()).file_name("日志.txt"));
        let sent = crate::api::signed(app.http.post(app.at("/api/upload")), &app.user.token).multipart(form);
        assert_eq!(sent.send().await.unwrap().status(), 201);
        let told = &history(&app, &app.admin.token, id).await[0];
        assert_eq!((&told["action"], &told["description"]), (&json!("attachment"), &json!("上传附件：日志.txt")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_so_before_what_a_form_must_hold() {
    let app = TestApp::start().await;
    for (method, path) in [
        (Method::POST, "/admin/users"),
        (Method::PUT, "/admin/users/1"),
        (Method::POST, "/categories"),
        (Method::POST, "/admin/configs"),
        (Method::PUT, "/admin/configs/site_name"),
        (Method::POST, "/admin/email-config/test"),
        (Method::POST, "/admin/notifications"),
        (Method::POST, "/admin/automation/rules"),
        (Method::POST, "/admin/automation/templates"),
        (Method::POST, "/admin/automation/sla"),
    ] {
        for token in [&app.user.token, &app.agent.token] {
            let told = refused(&app, token, method.clone(), path, Some(json!({ "role": 7, "level": [] }))).await;
            assert_eq!(told, (403, "INSUFFICIENT_PERMISSIONS".to_owned()), "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_a_name_and_what_is_taken_is_said_plainly() {
    let app = TestApp::start().await;
    let token = &app.admin.token;
    for name in [json!(""), json!("  "), Value::Null] {
        let form = json!({ "username": name, "email": "a@example.org", "password": "Password123!" });
        let (status, told) = call(&app, token, Method::POST, "/admin/users", Some(&form)).await;
        assert_eq!((status, &told["details"]), (422, &json!({ "username": "username is required" })));
    }
    let form = json!({ "username": "ulla", "email": "a@example.org", "password": "Password123!" });
    let (status, told) = call(&app, token, Method::POST, "/admin/users", Some(&form)).await;
    assert_eq!((status, &told["details"]), (409, &json!({ "username": "That username is taken" })));
    send(&app, token, Method::POST, "/categories", json!({ "name": "Shipping" })).await;
    let (status, told) = call(&app, token, Method::POST, "/categories", Some(&json!({ "name": "Shipping" }))).await;
    assert_eq!((status, &told["details"]), (409, &json!({ "name": "That key is taken" })));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hands_a_ticket_on_with_a_word_says_it_to_who_has_it_then() {
    each_backend(|app| async move {
        let before = crate::app::person(&app.engine, "before", Role::Agent).await;
        let id = open(&app, &app.user.token, "t", json!({})).await;
        post(&app, &app.admin.token, id, "assign", json!({ "assigned_to_id": before.id.0 })).await;
        let form = json!({ "assigned_to_id": app.agent.id.0, "comment": "please", "transfer_reason": "x" });
        post(&app, &app.admin.token, id, "transfer", form).await;
        let heard = async |token: &str| {
            let all = get(&app, token, "/notifications").await;
            items(&all["data"]).iter().filter(|one| one["type"] == "ticket_commented").count()
        };
        assert_eq!((heard(&before.token).await, heard(&app.agent.token).await), (0, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_says_what_is_wrong_with_it() {
    let app = TestApp::start().await;
    for code in [json!(123_456), json!([]), json!(true)] {
        let form = json!({ "email": "ulla@example.org", "password": "x", "otp_code": code });
        let (status, told) = call(&app, "", Method::POST, "/auth/login", Some(&form)).await;
        assert_eq!((status, &told["error_code"]), (422, &json!("VALIDATION_FAILED")), "{told:#}");
    }
    // An empty one of two names is none.
    let form = json!({ "email": "", "username": "ulla", "password": "wrong" });
    assert_eq!(
        refused(&app, "", Method::POST, "/auth/login", Some(form)).await,
        (401, "INVALID_CREDENTIALS".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_those_of_the_moments_in_the_answers() {
    let app = TestApp::start().await;
    let token = &app.admin.token;
    send(&app, token, Method::PUT, "/admin/configs/site_name", json!({ "value": "x" })).await;
    let at = items(&get(&app, token, "/admin/audit-logs").await["data"]["items"])[0]["created_at"].clone();
    let at = at.as_str().unwrap();
    let day = at.split('T').next().unwrap();
    for query in [format!("start_time={day}&end_time={day}"), format!("start_time={at}&end_time={at}")] {
        let found = get(&app, token, &format!("/admin/audit-logs?{query}")).await;
        assert_ne!(found["data"]["total"], 0, "{query}");
    }
}
