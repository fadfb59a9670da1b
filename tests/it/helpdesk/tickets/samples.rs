//! The samples of the document's ticket sections, in the order in which one day could have brought them.

use super::{category, detail, morning, named, open, post, put};
use crate::app::{TestApp, each_backend};
use crate::helpdesk::{call, get, holds};
use model::people::Role;
use model::time::MINUTE;
use reqwest::Method;
use serde_json::{Value, json};

#[track_caller]
fn held(sample: &Value, answer: &Value) {
    assert!(holds(sample, answer), "{sample:#}\nis not in\n{answer:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_as_documented() {
    each_backend(|app| async move { day(&app).await }).await;
}

async fn day(app: &TestApp) {
    app.clock.set(morning());
    let customer = named(app, Role::User, "customer", ("李", "四")).await;
    let agent = named(app, Role::Agent, "agent", ("王", "五")).await;
    let second = named(app, Role::Agent, "tech_support", ("张", "三")).await;
    let boss = named(app, Role::Supervisor, "supervisor", ("赵", "六")).await;
    let support = category(app, "technical", Some(4), None).await;

    // 创建工单
    let form = json!({
        "title": "登录问题", "description": "无法登录系统", "type": "incident", "priority": "high", "source": "web",
        "category_id": support, "customer_email": "customer@example.com", "customer_phone": "13900139000",
        "customer_name": "李四", "tags": ["登录", "认证", "紧急"],
        "custom_fields": { "affected_systems": ["主站", "移动端"], "reproduction_steps": "1. 打开登录页面\n2. 输入" },
        "due_date": "2025-01-02T10:00:00Z",
    });
    let (status, made) = call(app, &customer.token, Method::POST, "/tickets", Some(&form)).await;
    assert_eq!(status, 201);
    let id = made["data"]["id"].as_i64().unwrap();
    let sample = json!({ "success": true, "message": "工单创建成功", "data": {
        "id": id, "ticket_number": "TK-2025-001", "title": "登录问题", "status": "open", "priority": "high",
        "type": "incident", "created_by": { "id": customer.id.0, "username": "customer" }, "assigned_to": null,
        "created_at": "2025-01-01T10:00:00Z" } });
    held(&sample, &made);

    // 分配工单
    app.clock.advance(10 * MINUTE);
    let path = format!("/tickets/{id}/assign");
    let form = json!({ "assigned_to_id": agent.id.0, "comment": "分配给技术支持处理" });
    let (_, told) = call(app, &boss.token, Method::POST, &path, Some(&form)).await;
    let sample = json!({ "success": true, "message": "工单分配成功", "data": { "id": id, "assigned_to_id": agent.id.0,
        "assigned_to": { "id": agent.id.0, "username": "agent", "first_name": "五", "last_name": "王" },
        "updated_at": "2025-01-01T10:10:00Z" } });
    held(&sample, &told);

    // 获取工单列表
    let told =
        get(app, &boss.token, "/tickets?page=1&limit=20&status=open,pending&priority=high&sort=created_at&order=desc")
            .await;
    let sample = json!({ "success": true, "total": 1, "pagination": { "page": 1, "limit": 20, "total": 1, "pages": 1 },
        "data": [{ "id": id, "ticket_number": "TK-2025-001", "title": "登录问题", "description": "无法登录系统",
            "status": "open", "priority": "high", "type": "incident", "source": "web",
            "created_by_id": customer.id.0, "assigned_to_id": agent.id.0, "category_id": support,
            "created_by": { "id": customer.id.0, "username": "customer", "first_name": "四", "last_name": "李" },
            "assigned_to": { "id": agent.id.0, "username": "agent", "first_name": "五", "last_name": "王" },
            "category": { "id": support, "name": "技术支持" },
            "customer_email": "customer@example.com", "customer_phone": "13900139000", "customer_name": "李四",
            "created_at": "2025-01-01T10:00:00Z", "updated_at": "2025-01-01T10:10:00Z",
            "due_date": "2025-01-02T10:00:00Z", "sla_due_date": "2025-01-01T14:00:00Z",
            "is_overdue": false, "is_escalated": false, "sla_breached": false }] });
    held(&sample, &told);

    // 获取单个工单
    post(app, &agent.token, id, "status", json!({ "status": "in_progress" })).await;
    app.clock.advance(5 * MINUTE);
    post(app, &agent.token, id, "comments", json!({ "content": "已开始调查该问题" })).await;
    for _ in 0..5 {
        detail(app, &customer.token, id).await;
    }
    app.engine.flush_views().await.unwrap();
    let told = get(app, &customer.token, &format!("/tickets/{id}")).await;
    let comment = &told["data"]["comments"][0];
    let sample = json!({ "success": true, "data": {
        "id": id, "ticket_number": "TK-2025-001", "title": "登录问题", "description": "无法登录系统",
        "status": "in_progress", "priority": "high", "type": "incident", "source": "web",
        "category": { "id": support, "name": "技术支持", "description": "技术相关问题" },
        "tags": ["登录", "认证", "紧急"],
        "custom_fields": { "affected_systems": ["主站", "移动端"], "reproduction_steps": "1. 打开登录页面\n2. 输入" },
        "customer_email": "customer@example.com", "customer_phone": "13900139000", "customer_name": "李四",
        "created_at": "2025-01-01T10:00:00Z", "due_date": "2025-01-02T10:00:00Z", "sla_due_date": "2025-01-01T14:00:00Z",
        "resolved_at": null, "closed_at": null, "first_reply_at": "2025-01-01T10:15:00Z",
        "response_time": 15, "resolution_time": null, "view_count": 5, "comment_count": 1, "rating": null,
        "is_overdue": false, "is_escalated": false, "sla_breached": false,
        "comments": [{ "id": comment["id"], "content": "已开始调查该问题", "user": { "id": agent.id.0 },
            "created_at": "2025-01-01T10:15:00Z", "is_internal": false }] } });
    held(&sample, &told);
    assert!(!told.to_string().contains("分配给技术支持处理"), "what staff say among themselves is theirs");
    let staffs = detail(app, &agent.token, id).await;
    assert_eq!((&staffs["comment_count"], &staffs["comments"][0]["is_internal"]), (&json!(2), &json!(true)));
    let people = json!({ "created_by": { "id": customer.id.0, "username": "customer", "email": "customer@example.com" },
        "assigned_to": { "id": agent.id.0, "username": "agent", "first_name": "五", "last_name": "王", "email": "agent@example.com" } });
    held(&people, &staffs);

    // 更新工单
    app.clock.set(model::Time::parse("2025-01-01T15:30:00Z").unwrap());
    let form = json!({ "title": "登录问题已修复", "status": "resolved", "priority": "normal", "assigned_to_id": second.id.0,
        "internal_notes": "已重置用户密码并测试登录功能", "rating": 5, "rating_comment": "问题解决及时，服务态度良好" });
    let (_, told) = call(app, &agent.token, Method::PUT, &format!("/tickets/{id}"), Some(&form)).await;
    let sample = json!({ "success": true, "message": "工单更新成功", "data": { "id": id, "ticket_number": "TK-2025-001",
        "title": "登录问题已修复", "status": "resolved", "priority": "normal", "resolved_at": "2025-01-01T15:30:00Z",
        "resolution_time": 330, "updated_at": "2025-01-01T15:30:00Z" } });
    held(&sample, &told);
    let now = detail(app, &second.token, id).await;
    let rest = json!({ "assigned_to_id": second.id.0, "rating": 5, "rating_comment": "问题解决及时，服务态度良好" });
    held(&rest, &now);
    let notes = now["comments"].as_array().unwrap().last().unwrap();
    held(&json!({ "content": "已重置用户密码并测试登录功能", "is_internal": true, "user_id": agent.id.0 }), notes);

    // 删除工单
    let (_, told) = call(app, &boss.token, Method::DELETE, &format!("/tickets/{id}"), None).await;
    held(&json!({ "success": true, "message": "工单删除成功" }), &told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_needs_a_title_and_a_description_only() {
    let app = TestApp::start().await;
    let form = json!({ "title": "t", "description": "d", "priority": "low", "category_id": null });
    let (status, told) = call(&app, &app.user.token, Method::POST, "/tickets", Some(&form)).await;
    assert_eq!(status, 201);
    held(
        &json!({ "type": "request", "source": "web", "priority": "low", "category": null, "assigned_to": null }),
        &told["data"],
    );
    let id = open(&app, &app.user.token, "t", json!({})).await;
    assert_eq!(detail(&app, &app.user.token, id).await["priority"], "normal");
    // The document's own sample: staff may say whom it goes to, and the category says it otherwise.
    let other = category(&app, "billing", Some(2), Some(app.agent.id)).await;
    let form = json!({ "category_id": other });
    let automatic = open(&app, &app.user.token, "a", form).await;
    assert_eq!(detail(&app, &app.user.token, automatic).await["assigned_to_id"], app.agent.id.0);
    let form = json!({ "category_id": other, "assigned_to_id": app.supervisor.id.0 });
    let said = open(&app, &app.agent.token, "b", form).await;
    assert_eq!(detail(&app, &app.agent.token, said).await["assigned_to_id"], app.supervisor.id.0);
    // The document's own sample is sent by a plain user.
    let (status, _) = call(
        &app,
        &app.user.token,
        Method::POST,
        "/tickets",
        Some(&json!({ "title": "t", "description": "d", "assigned_to_id": app.agent.id.0 })),
    )
    .await;
    assert_eq!(status, 201);
}

/// Web clients send back the whole record that they were shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_record_can_be_sent_back() {
    let app = TestApp::start().await;
    let support = category(&app, "technical", Some(4), Some(app.agent.id)).await;
    let form =
        json!({ "category_id": support, "tags": ["a"], "customer_email": "x@y.org", "custom_fields": { "a": 1 } });
    let id = open(&app, &app.user.token, "t", form).await;
    // Staff know more than the dialect shows: a code of another one, and a due date to the millisecond.
    let input = json!({ "id": format!("ticket_{id}"), "type": "AG", "dueAt": "2026-02-01T00:00:00.250Z" });
    app.done(&app.agent.token, "editTicket", "ticket { id }", input).await;
    category(&app, "technical", Some(9), None).await;
    let before = detail(&app, &app.user.token, id).await;
    assert_eq!((&before["type"], &before["due_date"]), (&json!("request"), &json!("2026-02-01T00:00:00Z")));
    let events = get(&app, &app.admin.token, &format!("/tickets/{id}/history")).await["total"].clone();
    for token in [&app.user.token, &app.agent.token] {
        put(&app, token, id, before.clone()).await;
    }
    let kept = get(&app, &app.admin.token, &format!("/tickets/{id}/history")).await;
    assert_eq!(kept["total"], events, "nothing has happened: {kept:#}");
    let query = "query($id: ID!) { ticket(id: $id) { type dueAt } }";
    let told = app.data(&app.admin.token, query, json!({ "id": format!("ticket_{id}") })).await;
    assert_eq!(told["ticket"], json!({ "type": "AG", "dueAt": "2026-02-01T00:00:00.250Z" }));
    // One field of it changed, by somebody who may change that one.
    let mut record = before;
    record["title"] = json!("new");
    record["description"] = json!("more about it");
    put(&app, &app.user.token, id, record).await;
    let now = detail(&app, &app.user.token, id).await;
    assert_eq!((&now["title"], &now["description"]), (&json!("new"), &json!("more about it")));
    // null empties, and what is left out stays.
    put(
        &app,
        &app.agent.token,
        id,
        json!({ "assigned_to_id": null, "category_id": null, "due_date": null, "customer_email": null }),
    )
    .await;
    let now = detail(&app, &app.user.token, id).await;
    for field in ["assigned_to_id", "category_id", "due_date", "customer_email"] {
        assert_eq!(now[field], Value::Null, "{field}");
    }
    assert_eq!(now["tags"], json!(["a"]));
}
