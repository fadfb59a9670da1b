//! The same for many tickets: what fails is told beside what was done.

use super::{detail, faults, open, post};
use crate::app::{TestApp, each_backend};
use crate::helpdesk::{call, get, holds};
use reqwest::Method;
use serde_json::{Value, json};

async fn done(app: &TestApp, token: &str, method: Method, path: &str, form: Value) -> Value {
    let (status, mut told) = call(app, token, method, &format!("/tickets/{path}"), Some(&form)).await;
    assert_eq!(status, 200, "{told:#}");
    told["data"].take()
}

fn failures(told: &Value) -> Vec<(i64, &str)> {
    let all = told["failed_tickets"].as_array().unwrap().iter();
    all.map(|failed| {
        assert!(failed["reason"] != "" && failed["error"] != "");
        (failed["id"].as_i64().unwrap(), failed["error_code"].as_str().unwrap())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once() {
    each_backend(|app| async move { many(&app).await }).await;
}

async fn many(app: &TestApp) {
    let (admin, agent) = (&app.admin.token, &app.agent.token);
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(open(app, &app.user.token, &format!("t{n}"), json!({})).await);
    }
    let form = json!({ "ticket_ids": ids, "assigned_to_id": app.agent.id.0, "comment": "批量分配给技术支持" });
    let (_, told) = call(app, admin, Method::POST, "/tickets/bulk-assign", Some(&form)).await;
    let sample = json!({ "success": true, "message": "批量分配完成", "data": { "assigned_count": 4, "failed_count": 0,
        "assigned_tickets": ids, "failed_tickets": [] } });
    assert!(holds(&sample, &told), "{told:#}");
    assert_eq!(detail(app, admin, ids[3]).await["comments"][0]["content"], "批量分配给技术支持");
    // One that is not there, one twice, and somebody who can't work on tickets.
    let told = done(
        app,
        admin,
        Method::POST,
        "bulk-assign",
        json!({ "ticket_ids": [ids[0], 999, ids[0]], "assigned_to_id": app.supervisor.id.0 }),
    )
    .await;
    assert_eq!((&told["assigned_count"], &told["failed_count"]), (&json!(1), &json!(1)));
    assert_eq!(failures(&told), [(999, "TICKET_NOT_FOUND")]);
    let told =
        done(app, admin, Method::POST, "bulk-assign", json!({ "ticket_ids": ids, "assigned_to_id": app.user.id.0 }))
            .await;
    assert_eq!((&told["assigned_count"], failures(&told)[0].1), (&json!(0), "ASSIGNMENT_FAILED"));
    let told = done(
        app,
        &app.user.token,
        Method::POST,
        "bulk-assign",
        json!({ "ticket_ids": ids, "assigned_to_id": app.agent.id.0 }),
    )
    .await;
    assert_eq!((&told["failed_count"], failures(&told)[0].1), (&json!(4), "INSUFFICIENT_PERMISSIONS"));

    post(app, agent, ids[1], "status", json!({ "status": "in_progress" })).await;
    let form = json!({ "ticket_ids": ids, "status": "resolved", "comment": "批量解决" });
    let (_, told) = call(app, agent, Method::POST, "/tickets/bulk-status", Some(&form)).await;
    assert_eq!((&told["message"], &told["data"]["updated_tickets"]), (&json!("批量状态更新完成"), &json!([ids[1]])));
    let codes = ["TICKET_NOT_FOUND", "INVALID_STATUS_TRANSITION", "INVALID_STATUS_TRANSITION"];
    assert_eq!(failures(&told["data"]), [(ids[0], codes[0]), (ids[2], codes[1]), (ids[3], codes[2])]);
    assert_eq!(detail(app, admin, ids[2]).await["comment_count"], 1, "what failed said nothing");

    let form = json!({ "ticket_ids": ids, "updates": { "priority": "high", "status": "closed", "tags": ["x"] } });
    let told = done(app, admin, Method::POST, "bulk-update", form).await;
    assert_eq!((&told["updated_count"], &told["failed_count"]), (&json!(4), &json!(0)), "{told:#}");
    let now = detail(app, admin, ids[2]).await;
    assert!(holds(&json!({ "priority": "high", "status": "closed", "tags": ["x"] }), &now));

    let told = done(app, &app.user.token, Method::DELETE, "bulk-delete", json!({ "ids": [ids[0], 999] })).await;
    assert_eq!((&told["deleted_tickets"], failures(&told)), (&json!([ids[0]]), vec![(999, "TICKET_NOT_FOUND")]));
    let told = done(app, admin, Method::DELETE, "bulk-delete", json!({ "ticket_ids": ids })).await;
    assert_eq!((&told["deleted_count"], failures(&told)), (&json!(3), vec![(ids[0], "TICKET_NOT_FOUND")]));
    assert_eq!(get(app, admin, "/tickets").await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_calls_are_refused_as_a_whole() {
    let app = TestApp::start().await;
    let many: Vec<i64> = (1..=201).collect();
    let admin = &app.admin.token;
    for (method, path, form, fields) in [
        (Method::POST, "bulk-assign", json!({}), "assigned_to_id ticket_ids"),
        (Method::POST, "bulk-assign", json!({ "ticket_ids": [], "assigned_to_id": 1 }), "ticket_ids"),
        (Method::POST, "bulk-assign", json!({ "ticket_ids": many, "assigned_to_id": 1 }), "ticket_ids"),
        (Method::POST, "bulk-status", json!({ "ticket_ids": ["1"], "status": "new" }), "status ticket_ids"),
        (
            Method::POST,
            "bulk-update",
            json!({ "ticket_ids": [1], "updates": { "priority": "x", "title": 1 } }),
            "priority title",
        ),
        (Method::POST, "bulk-update", json!({ "ticket_ids": [1] }), "updates"),
        (Method::DELETE, "bulk-delete", json!({}), "ids"),
    ] {
        let (status, code, told) = faults(&app, admin, method, &format!("/tickets/{path}"), form.clone()).await;
        assert_eq!(
            (status, code.as_str(), told.join(" ").as_str()),
            (422, "VALIDATION_FAILED", fields),
            "{path} {form}"
        );
    }
}
