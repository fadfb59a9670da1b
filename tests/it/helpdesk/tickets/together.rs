//! GraphQL's `changeTicket` and `discardTicket`: the same command as `/api`'s PUT and DELETE.

use super::{detail, open};
use crate::app::each_backend;
use crate::helpdesk::{get, holds, refused};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn graphql_changes_many_things_at_once() {
    each_backend(|app| async move {
        let id = open(&app, &app.user.token, "t", json!({})).await;
        let global = format!("ticket_{id}");
        let input = json!({ "id": global, "title": "new", "status": "RESOLVED", "priority": "HIGH", "assignee": app.agent.global(),
            "comment": { "body": "note", "internal": true } });
        let told = app.payload(&app.agent.token, "changeTicket", "ticket { id }", input.clone()).await;
        assert_eq!(told["userErrors"][0]["code"], "INVALID_STATUS_TRANSITION");
        let before = detail(&app, &app.agent.token, id).await;
        assert!(holds(&json!({ "title": "t", "priority": "normal", "comment_count": 0 }), &before), "{before:#}");
        let mut input = input;
        input["status"] = json!("IN_PROGRESS");
        let told = app.done(&app.agent.token, "changeTicket", "ticket { title status priority assignee { id } }", input).await;
        let sample = json!({ "title": "new", "status": "IN_PROGRESS", "priority": "HIGH", "assignee": { "id": app.agent.global() } });
        assert_eq!(told["ticket"], sample);
        let now = detail(&app, &app.agent.token, id).await;
        assert!(holds(&json!({ "title": "new", "status": "in_progress", "comment_count": 1, "assigned_to_id": app.agent.id.0 }), &now));
        let input = json!({ "id": global, "assignee": null, "dueAt": null, "rating": 5 });
        let told = app.payload(&app.agent.token, "changeTicket", "ticket { id }", input).await;
        assert_eq!(told["userErrors"][0]["field"], "rating", "{told:#}");

        let told = app.payload(&app.agent.token, "discardTicket", "ticket { id }", json!({ "id": global })).await;
        assert_eq!(told["userErrors"][0]["code"], "FORBIDDEN");
        app.done(&app.user.token, "discardTicket", "ticket { id }", json!({ "id": global })).await;
        assert_eq!(refused(&app, &app.admin.token, Method::GET, &format!("/tickets/{id}"), None).await.0, 404);
        assert_eq!(get(&app, &app.user.token, "/tickets").await["data"], Value::Array(Vec::new()));
    })
    .await;
}
