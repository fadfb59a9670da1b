//! Transferring, escalating, moving, and the history that tells of it.

use super::{detail, morning, named, open, post};
use crate::api::{each, items};
use crate::app::{TestApp, each_backend};
use crate::helpdesk::{call, get, holds};
use model::people::Role;
use model::time::MINUTE;
use reqwest::Method;
use serde_json::{Value, json};

async fn history(app: &TestApp, token: &str, id: i64) -> Vec<Value> {
    let told = get(app, token, &format!("/tickets/{id}/history")).await;
    assert_eq!(told["total"], items(&told["data"]).len());
    items(&told["data"]).to_vec()
}

fn of<'a>(history: &'a [Value], action: &str) -> &'a Value {
    history.iter().find(|entry| entry["action"] == action).unwrap_or_else(|| panic!("no {action}: {history:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workflow_as_documented() {
    each_backend(|app| async move { workflow(&app).await }).await;
}

async fn workflow(app: &TestApp) {
    app.clock.set(morning());
    let tech = named(app, Role::Agent, "tech_support", ("张", "三")).await;
    let boss = named(app, Role::Supervisor, "boss", ("赵", "六")).await;
    let id = open(app, &app.user.token, "t", json!({ "priority": "normal" })).await;
    let admin = &app.admin.token;
    post(app, admin, id, "assign", json!({ "assigned_to_id": tech.id.0 })).await;

    let path = format!("/tickets/{id}/transfer");
    let form = json!({ "assigned_to_id": app.agent.id.0, "department": "technical", "comment": "转移到技术部门处理", "transfer_reason": "需要技术专家支持" });
    let (_, told) = call(app, &tech.token, Method::POST, &path, Some(&form)).await;
    let sample = json!({ "success": true, "message": "工单转移成功", "data": { "id": id, "assigned_to_id": app.agent.id.0,
        "previous_assignee_id": tech.id.0, "updated_at": "2025-01-01T10:00:00Z" } });
    assert!(holds(&sample, &told), "{told:#}");

    let path = format!("/tickets/{id}/escalate");
    let form = json!({ "reason": "客户VIP，需要优先处理", "escalate_to_id": boss.id.0, "comment": "紧急处理" });
    let (_, told) = call(app, &app.agent.token, Method::POST, &path, Some(&form)).await;
    let sample = json!({ "success": true, "message": "工单升级成功", "data": { "id": id, "priority": "high", "is_escalated": true,
        "assigned_to": { "id": boss.id.0, "username": "boss", "role": "supervisor" }, "updated_at": "2025-01-01T10:00:00Z",
        "sla_due_date": "2025-01-02T10:00:00Z" } });
    assert!(holds(&sample, &told), "{told:#}");
    // Once more: high becomes urgent; the web client says how high, and names nobody.
    let told = post(app, &boss.token, id, "escalate", json!({ "reason": "x" })).await;
    assert_eq!((&told["priority"], &told["sla_due_date"]), (&json!("urgent"), &json!("2025-01-01T14:00:00Z")));
    let told = post(app, &boss.token, id, "escalate", json!({ "reason": "x", "priority": "critical" })).await;
    assert_eq!(told["priority"], "critical");

    post(app, &boss.token, id, "status", json!({ "status": "in_progress" })).await;
    app.clock.advance(360 * MINUTE);
    let path = format!("/tickets/{id}/status");
    let form = json!({ "status": "resolved", "comment": "问题已解决", "resolution_notes": "重启服务器解决了问题" });
    let (_, told) = call(app, &boss.token, Method::POST, &path, Some(&form)).await;
    let sample = json!({ "success": true, "message": "状态更新成功", "data": { "id": id, "status": "resolved",
        "resolved_at": "2025-01-01T16:00:00Z", "resolution_time": 360, "updated_at": "2025-01-01T16:00:00Z" } });
    assert!(holds(&sample, &told), "{told:#}");

    let all = history(app, admin, id).await;
    let seqs: Vec<i64> = all.iter().map(|entry| entry["id"].as_i64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|a, b| a > b), "newest first");
    let told = of(&all, "resolve")["description"].as_str().unwrap();
    assert!(told.contains("问题已解决") && told.contains("重启服务器解决了问题"), "{told}");
    let sample = json!({ "action": "assign", "description": "工单分配给 tech_support", "user": { "id": app.admin.id.0, "username": "root" },
        "created_at": "2025-01-01T10:00:00Z", "field_changes": { "assigned_to_id": { "old": null, "new": tech.id.0 } },
        "field_name": "assigned_to_id", "old_value": null, "new_value": tech.id.0.to_string() });
    let assigned: Vec<&Value> = all.iter().filter(|entry| entry["action"] == "assign").collect();
    assert!(holds(&sample, assigned[1]), "{:#}", assigned[1]);
    let told = of(&all, "transfer");
    let words = told["description"].as_str().unwrap();
    assert!(words.contains("转移到技术部门处理") && words.contains("需要技术专家支持"), "{words}");
    let sample = json!({ "assigned_to_id": { "old": tech.id.0, "new": app.agent.id.0 }, "department": { "old": null, "new": "technical" } });
    assert_eq!(told["field_changes"], sample);
    let first = all.iter().rfind(|entry| entry["action"] == "escalate").unwrap();
    let words = first["description"].as_str().unwrap();
    assert!(words.contains("紧急处理") && words.contains("客户VIP，需要优先处理"), "{words}");
    let rest = ["create", "status_change", "priority_change", "comment"];
    for action in rest {
        of(&all, action);
    }

    // The requester hears of the moves and the public words, and of nothing that staff say among themselves.
    let theirs = history(app, &app.user.token, id).await;
    let told = of(&theirs, "resolve")["description"].as_str().unwrap();
    assert!(told.contains("问题已解决") && told.contains("重启服务器解决了问题"), "{told}");
    let text = json!(theirs).to_string();
    for secret in ["转移到技术部门处理", "需要技术专家支持", "紧急处理", "客户VIP"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let said = detail(app, &app.user.token, id).await;
    assert_eq!(each(&said["comments"], "content"), [&json!("问题已解决")]);

    // They are not content, then they are.
    let told = post(app, &app.user.token, id, "status", json!({ "status": "reopened", "comment": "还是不行" })).await;
    assert_eq!(
        (&told["status"], &told["is_reopened"], &told["resolved_at"]),
        (&json!("open"), &json!(true), &Value::Null)
    );
    assert!(of(&history(app, admin, id).await, "reopen")["description"].to_string().contains("还是不行"));
    for status in ["in_progress", "resolved"] {
        post(app, &boss.token, id, "status", json!({ "status": status })).await;
    }
    let told = post(app, &app.user.token, id, "status", json!({ "status": "closed" })).await;
    assert_eq!(told["status"], "closed");
    of(&history(app, admin, id).await, "close");

    let page = get(app, admin, &format!("/tickets/{id}/history?page=2&limit=3")).await;
    let whole = history(app, admin, id).await;
    assert_eq!(page["total"], whole.len());
    assert_eq!(each(&page["data"], "id"), whole[3..6].iter().map(|entry| &entry["id"]).collect::<Vec<_>>());
}

/// What is said with a change is committed with it: where the change is refused, nothing was said.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_change_says_nothing() {
    each_backend(|app| async move {
        let id = open(&app, &app.user.token, "t", json!({})).await;
        let admin = &app.admin.token;
        let before = detail(&app, admin, id).await;
        for (what, form, status) in [
            ("assign", json!({ "assigned_to_id": app.user.id.0, "comment": "lost" }), 422),
            ("transfer", json!({ "assigned_to_id": 999, "comment": "lost" }), 404),
            ("escalate", json!({ "escalate_to_id": app.user.id.0, "comment": "lost" }), 422),
            ("status", json!({ "status": "resolved", "comment": "lost" }), 409),
        ] {
            let (told, _) = call(&app, admin, Method::POST, &format!("/tickets/{id}/{what}"), Some(&form)).await;
            assert_eq!(told, status, "{what}");
        }
        let form = json!({ "title": "new", "internal_notes": "lost", "priority": "high", "status": "resolved" });
        let (told, _) = call(&app, admin, Method::PUT, &format!("/tickets/{id}"), Some(&form)).await;
        assert_eq!(told, 409);
        let after = detail(&app, admin, id).await;
        assert_eq!(before, after);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_to_a_department_leaves_it_in_its_hands() {
    let app = TestApp::start().await;
    let id = open(&app, &app.user.token, "t", json!({})).await;
    post(&app, &app.admin.token, id, "assign", json!({ "assigned_to_id": app.agent.id.0 })).await;
    let told = post(&app, &app.agent.token, id, "transfer", json!({ "department": "billing" })).await;
    let wanted =
        json!({ "department": "billing", "assigned_to_id": app.agent.id.0, "previous_assignee_id": app.agent.id.0 });
    assert!(holds(&wanted, &told), "{told:#}");
    // A long comment stands whole among the comments, and shortened in the history.
    let long = "字".repeat(800);
    post(
        &app,
        &app.agent.token,
        id,
        "status",
        json!({ "status": "in_progress", "comment": long, "resolution_notes": "n" }),
    )
    .await;
    let told = detail(&app, &app.user.token, id).await;
    assert_eq!(told["comments"][0]["content"], long);
    let told = history(&app, &app.user.token, id).await;
    let words = of(&told, "status_change")["description"].as_str().unwrap();
    assert!(words.ends_with("字…；n"), "{words}");
}
