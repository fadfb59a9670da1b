//! `/api`: notifications (seed 001, 通知管理接口).

use super::{call, get, holds, refused, send};
use crate::api::{each, items};
use crate::app::{TestApp, each_backend};
use reqwest::Method;
use serde_json::json;

/// A ticket of the user's that is assigned to the agent; its number.
async fn assigned(app: &TestApp, title: &str) -> (i64, String) {
    let ticket = app.open_ticket(&app.user.token, title).await;
    // A ticket that somebody has looked at already, so that assigning it does nothing else.
    let open = json!({ "id": ticket["id"], "status": "OPEN" });
    app.done(&app.supervisor.token, "changeStatus", "ticket { id }", open).await;
    let assign = json!({ "id": ticket["id"], "assignee": app.agent.global() });
    app.done(&app.supervisor.token, "assignTicket", "ticket { id }", assign).await;
    (ticket["databaseId"].as_i64().unwrap(), ticket["number"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_as_documented() {
    each_backend(|app| async move {
        let (id, number) = assigned(&app, "one").await;
        let list = get(&app, &app.agent.token, "/notifications").await;
        let message = format!("工单 {number} 已分配给您");
        let sample = json!({
            "data": [{
                "type": "ticket_assigned", "title": "工单已分配", "message": message, "content": message,
                "data": { "ticket_id": id, "ticket_number": number }, "related_ticket_id": id, "is_read": false,
                "created_at": "2026-01-05T02:00:00Z",
            }],
            "pagination": { "page": 1, "limit": 20, "total": 1, "pages": 1 }, "total": 1,
        });
        assert!(holds(&sample, &list), "{list:#}");
        assigned(&app, "two").await;
        assigned(&app, "three").await;
        let ids = get(&app, &app.agent.token, "/notifications").await;
        let ids: Vec<i64> = each(&ids["data"], "id").into_iter().map(|id| id.as_i64().unwrap()).collect();
        assert!(ids.is_sorted_by(|a, b| a > b), "newest first: {ids:?}");
        let page = get(&app, &app.agent.token, "/notifications?page=2&limit=2").await;
        assert_eq!(each(&page["data"], "id"), [&json!(ids[2])]);
        assert!(holds(&json!({ "page": 2, "limit": 2, "total": 3, "pages": 2 }), &page["pagination"]), "{page:#}");
        let inside = get(&app, &app.agent.token, "/notifications?page_size=2").await;
        assert!(items(&inside["data"]["items"]).len() == 2 && inside["data"]["total"] == 3, "{inside:#}");

        let count = async || get(&app, &app.agent.token, "/notifications/unread-count").await["data"]["count"].clone();
        assert_eq!(count().await, 3);
        let path = format!("/notifications/{}/read", ids[0]);
        for _ in 0..2 {
            let (status, told) = call(&app, &app.agent.token, Method::PUT, &path, None).await;
            assert_eq!((status, &told["message"]), (200, &json!("通知已标记为已读")));
        }
        assert_eq!(count().await, 2);
        for unread in ["unread=true", "is_read=false"] {
            let left = get(&app, &app.agent.token, &format!("/notifications?{unread}")).await;
            assert_eq!(left["total"], 2);
            assert!(items(&left["data"]).iter().all(|one| one["is_read"] == false));
        }
        // A stranger's is not there, whoever asks.
        for token in [&app.user.token, &app.admin.token] {
            assert_eq!(refused(&app, token, Method::PUT, &path, None).await, (404, "NOT_FOUND".to_owned()));
        }
        assert_eq!(refused(&app, &app.agent.token, Method::PUT, "/notifications/999/read", None).await.0, 404);
        let (_, told) = call(&app, &app.agent.token, Method::PUT, "/notifications/read-all", None).await;
        assert_eq!((&told["message"], count().await), (&json!("所有通知已标记为已读"), json!(0)));
        assert_eq!(refused(&app, "", Method::GET, "/notifications", None).await, (401, "UNAUTHORIZED".to_owned()));
        assert_eq!(refused(&app, &app.agent.token, Method::GET, "/notifications?unread=maybe", None).await.0, 400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_speak_their_readers_language() {
    let app = TestApp::start().await;
    let (_, number) = assigned(&app, "one").await;
    let told = async || {
        let list = get(&app, &app.agent.token, "/notifications").await;
        (list["data"][0]["title"].as_str().unwrap().to_owned(), list["data"][0]["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(told().await.0, "工单已分配");
    send(&app, &app.admin.token, Method::PUT, "/admin/configs/default_locale", json!({ "value": "en" })).await;
    assert_eq!(told().await, ("Ticket assigned".to_owned(), format!("Ticket {number} was assigned to you")));
    let agent = format!("/admin/users/{}", app.agent.id);
    send(&app, &app.admin.token, Method::PUT, &agent, json!({ "locale": "zh-CN" })).await;
    assert_eq!(told().await.0, "工单已分配");
    let graphql =
        app.data(&app.agent.token, "{ notifications(first: 1) { nodes { title message } } }", json!({})).await;
    assert_eq!(graphql["notifications"]["nodes"][0]["message"], format!("工单 {number} 已分配给您"));
}
