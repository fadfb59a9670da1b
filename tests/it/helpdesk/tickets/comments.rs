//! `/api/tickets/{id}/comments`.

use super::{code, detail, open, post};
use crate::api::each;
use crate::app::each_backend;
use crate::helpdesk::{call, get, holds, refused, send};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_added_listed_edited_and_withdrawn() {
    each_backend(|app| async move {
        let id = open(&app, &app.user.token, "t", json!({})).await;
        let path = format!("/tickets/{id}/comments");
        let form = json!({ "content": "已开始调查该问题", "is_internal": false });
        let (status, told) = call(&app, &app.agent.token, Method::POST, &path, Some(&form)).await;
        let sample = json!({ "success": true, "data": { "ticket_id": id, "content": "已开始调查该问题", "is_internal": false,
            "user": { "id": app.agent.id.0, "username": "agnes" }, "created_at": "2026-01-05T02:00:00Z" } });
        assert!(status == 201 && holds(&sample, &told), "{told:#}");
        let first = told["data"]["id"].as_i64().unwrap();
        post(&app, &app.agent.token, id, "comments", json!({ "content": "note", "is_internal": true })).await;
        let last = post(&app, &app.user.token, id, "comments", json!({ "content": "thanks" })).await["id"].clone();
        let told = refused(&app, &app.user.token, Method::POST, &path, Some(json!({ "content": "x", "is_internal": true }))).await;
        assert_eq!(told, code(403, "INSUFFICIENT_PERMISSIONS"));

        let all = get(&app, &app.agent.token, &path).await;
        assert_eq!(each(&all["data"], "content"), [&json!("已开始调查该问题"), &json!("note"), &json!("thanks")]);
        let theirs = get(&app, &app.user.token, &format!("{path}?order=desc")).await;
        assert_eq!(each(&theirs["data"], "content"), [&json!("thanks"), &json!("已开始调查该问题")]);
        assert_eq!(theirs["total"], 2);
        let page = get(&app, &app.agent.token, &format!("{path}?page=2&limit=2")).await;
        assert_eq!((each(&page["data"], "content"), &page["pagination"]["pages"]), (vec![&json!("thanks")], &json!(2)));
        assert_eq!(detail(&app, &app.user.token, id).await["comment_count"], 2);

        let one = format!("{path}/{first}");
        let told = refused(&app, &app.user.token, Method::PUT, &one, Some(json!({ "content": "x" }))).await;
        assert_eq!(told, code(403, "INSUFFICIENT_PERMISSIONS"));
        app.clock.advance(60_000);
        let edited = send(&app, &app.agent.token, Method::PUT, &one, json!({ "content": "fixed" })).await;
        assert!(holds(&json!({ "id": first, "content": "fixed", "updated_at": "2026-01-05T02:01:00Z" }), &edited));
        let told = refused(&app, &app.agent.token, Method::DELETE, &format!("{path}/{last}"), None).await;
        assert_eq!(told, code(403, "INSUFFICIENT_PERMISSIONS"));
        let (_, told) = call(&app, &app.user.token, Method::DELETE, &format!("{path}/{last}"), None).await;
        assert_eq!((&told["message"], &told["data"]), (&json!("评论已撤回"), &Value::Null));
        let all = get(&app, &app.agent.token, &path).await;
        assert_eq!(each(&all["data"], "content"), [&json!("fixed"), &json!("note")]);
        let told = refused(&app, &app.agent.token, Method::PUT, &format!("{path}/999999"), Some(json!({ "content": "x" }))).await;
        assert_eq!(told, code(404, "NOT_FOUND"));
        // Of another ticket, and of a ticket that one doesn't know.
        let other = open(&app, &app.user.token, "o", json!({})).await;
        let told = refused(&app, &app.agent.token, Method::DELETE, &format!("/tickets/{other}/comments/{first}"), None).await;
        assert_eq!(told, code(404, "NOT_FOUND"));
        let told = refused(&app, &app.stranger.token, Method::GET, &path, None).await;
        assert_eq!(told, code(404, "TICKET_NOT_FOUND"));
        let told = refused(&app, &app.user.token, Method::GET, &format!("{path}?order=up"), None).await;
        assert_eq!(told, code(400, "VALIDATION_FAILED"));
    })
    .await;
}
