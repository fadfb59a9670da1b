//! `/api`: SLA configurations, as the known client of the automation pages sends them.

use super::{call, get, holds, refused, send};
use crate::api::{each, items};
use crate::app::{TestApp, each_backend};
use model::time::MINUTE;
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/admin/automation/sla";

fn week() -> Value {
    let day = json!({ "start": "09:00", "end": "18:00" });
    let free = json!({ "start": "", "end": "" });
    json!({
        "monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": day, "saturday": free, "sunday": free,
    })
}

/// The client's first sample; its people are ours.
fn standard(app: &TestApp) -> Value {
    json!({
        "name": "标准SLA配置", "description": "适用于一般工单的标准SLA", "is_default": true,
        "response_time": 60, "resolution_time": 480, "working_hours": week(),
        "escalation_rules": [
            { "trigger_minutes": 120, "action": "notify_admin", "notify_users": [app.admin.id.0] },
            { "trigger_minutes": 240, "action": "escalate_to_manager", "target_user_id": app.supervisor.id.0 },
        ],
    })
}

async fn opened(app: &TestApp, ticket: Value) -> Value {
    send(app, &app.user.token, Method::POST, "/tickets", ticket).await
}

#[tokio::test(flavor = "multi_thread")]
async fn configurations_are_made_and_act_as_the_client_expects() {
    each_backend(|app| async move {
        let admin = &app.admin.token;
        let (status, made) = call(&app, admin, Method::POST, PATH, Some(&standard(&app))).await;
        assert_eq!((status, &made["message"]), (201, &json!("SLA配置创建成功")));
        let mut sample = standard(&app);
        sample["escalation_rules"][0]["target_user_id"] = Value::Null;
        sample["escalation_rules"][1]["notify_users"] = json!([]);
        let rest = json!({
            "is_active": true, "priority": null, "type": null, "ticket_type": null, "category": null, "category_id": null,
            "created_at": "2026-01-05T02:00:00Z", "updated_at": "2026-01-05T02:00:00Z",
        });
        assert!(holds(&sample, &made["data"]) && holds(&rest, &made["data"]), "{made:#}");
        let high = json!({
            "name": "高优先级SLA配置", "description": "适用于高优先级工单的SLA", "priority": "high",
            "response_time": 30, "resolution_time": 240,
            "escalation_rules": [{ "trigger_minutes": 60, "action": "escalate_to_manager", "target_user_id": app.admin.id.0 }],
        });
        let high = send(&app, admin, Method::POST, PATH, high).await;
        assert_eq!((&high["priority"], &high["working_hours"]), (&json!("high"), &Value::Null));
        let list = get(&app, &app.agent.token, PATH).await;
        assert_eq!(each(&list["data"]["configs"], "id"), [&made["data"]["id"], &high["id"]]);
        assert!(holds(&json!({ "total": 2, "page": 1, "page_size": 20, "total_pages": 1 }), &list["data"]), "{list:#}");

        // Monday, ten o'clock in Shanghai: the hours of the day are just enough.
        let plain = opened(&app, json!({ "title": "t", "description": "d" })).await;
        assert_eq!(plain["sla_due_date"], "2026-01-05T10:00:00Z");
        let urgent = opened(&app, json!({ "title": "t", "description": "d", "priority": "high" })).await;
        assert_eq!(urgent["sla_due_date"], "2026-01-05T06:00:00Z");
        app.clock.advance(7 * 60 * MINUTE);
        let late = opened(&app, json!({ "title": "t", "description": "d" })).await;
        assert_eq!(late["sla_due_date"], "2026-01-06T08:00:00Z", "an hour today, seven tomorrow");

        // Two hours after the first answer was due the administrator is told, after four the ticket is somebody else's.
        app.clock.advance(-7 * 60 * MINUTE + 3 * 60 * MINUTE);
        app.engine.fire_timers().await.unwrap();
        let told = get(&app, admin, "/notifications").await;
        let told: Vec<&Value> =
            items(&told["data"]).iter().filter(|one| one["related_ticket_id"] == plain["id"]).collect();
        assert!(told.len() == 1 && told[0]["type"] == "ticket_overdue", "{told:#?}");
        app.clock.advance(2 * 60 * MINUTE);
        app.engine.fire_timers().await.unwrap();
        let path = format!("/tickets/{}", plain["id"]);
        let now = get(&app, admin, &path).await["data"].take();
        let sample = json!({ "assigned_to_id": app.supervisor.id.0, "priority": "high", "is_escalated": true, "sla_due_date": "2026-01-05T06:00:00Z" });
        assert!(holds(&sample, &now), "{now:#}");
        // Now it is a high one, and late by that agreement, too; after that it is under the first one again, which has fired.
        for _ in 0..3 {
            app.engine.fire_timers().await.unwrap();
        }
        let now = get(&app, admin, &path).await["data"].take();
        let sample = json!({ "assigned_to_id": app.admin.id.0, "priority": "urgent", "sla_due_date": "2026-01-05T10:00:00Z" });
        assert!(holds(&sample, &now), "{now:#}");
        let history = get(&app, admin, &format!("{path}/history")).await;
        let said: Vec<&str> = items(&history["data"]).iter().filter_map(|one| one["description"].as_str()).collect();
        for sentence in [
            "首次响应超过 SLA 时限 120 分钟，已通知管理员",
            "首次响应超过 SLA 时限 240 分钟，工单自动升级",
            "首次响应超过 SLA 时限 60 分钟，工单自动升级",
        ] {
            assert_eq!(said.iter().filter(|said| **said == sentence).count(), 1, "{said:#?}");
        }
        let seen = get(&app, &app.user.token, &format!("{path}/history")).await;
        assert!(!seen.to_string().contains("SLA 时限"), "{seen:#}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configurations_are_edited_listed_and_deleted() {
    let app = TestApp::start().await;
    let admin = &app.admin.token;
    let made = send(&app, admin, Method::POST, PATH, standard(&app)).await;
    let path = format!("{PATH}/{}", made["id"]);
    // What is sent back whole changes nothing.
    app.clock.advance(MINUTE);
    assert_eq!(send(&app, admin, Method::PUT, &path, made.clone()).await, made);
    assert_eq!(get(&app, admin, &path).await["data"], made);
    let edit = json!({
        "name": "改名", "is_active": false, "working_hours": null, "priority": "urgent", "ticket_type": "incident",
        "category": "technical", "escalation_rules": null,
    });
    let edited = send(&app, admin, Method::PUT, &path, edit).await;
    let sample = json!({
        "name": "改名", "description": "适用于一般工单的标准SLA", "is_active": false, "is_default": true, "working_hours": null,
        "priority": "urgent", "type": "incident", "ticket_type": "incident", "category": "technical",
        "response_time": 60, "escalation_rules": [], "updated_at": "2026-01-05T02:01:00Z",
    });
    assert!(holds(&sample, &edited) && edited["category_id"].is_i64(), "{edited:#}");
    let cleared = json!({ "priority": "", "type": null, "category": null, "description": null });
    let cleared = send(&app, admin, Method::PUT, &path, cleared).await;
    let sample = json!({ "priority": null, "type": null, "category": null, "category_id": null, "description": null });
    assert!(holds(&sample, &cleared), "{cleared:#}");

    // Another one takes the default over.
    let other = json!({ "name": "二", "is_default": true, "response_time": 5, "resolution_time": 10 });
    let other = send(&app, admin, Method::POST, PATH, other).await;
    for n in 0..3 {
        let more = json!({ "name": format!("更多 {n}"), "response_time": 5, "resolution_time": 10, "type": "bug" });
        send(&app, admin, Method::POST, PATH, more).await;
    }
    let list = get(&app, admin, &format!("{PATH}?page=2&page_size=2")).await;
    assert!(holds(&json!({ "total": 5, "page": 2, "page_size": 2, "total_pages": 3 }), &list["data"]), "{list:#}");
    assert_eq!(each(&list["data"]["configs"], "name"), ["更多 0", "更多 1"]);
    for (active, count) in [(true, 4), (false, 1)] {
        let list = get(&app, admin, &format!("{PATH}?is_active={active}")).await;
        assert_eq!((&list["data"]["total"], items(&list["data"]["configs"]).len()), (&json!(count), count));
    }
    let list = get(&app, admin, PATH).await;
    let default: Vec<&Value> = items(&list["data"]["configs"]).iter().filter(|one| one["is_default"] == true).collect();
    assert_eq!(default[0]["id"], other["id"], "{list:#}");
    assert_eq!(default.len(), 1);

    let (status, told) = call(&app, admin, Method::DELETE, &path, None).await;
    assert_eq!((status, &told["message"], &told["data"]), (200, &json!("SLA配置删除成功"), &Value::Null));
    for (method, body) in [(Method::GET, None), (Method::PUT, Some(json!({ "name": "x" }))), (Method::DELETE, None)] {
        assert_eq!(refused(&app, admin, method, &path, body).await, (404, "NOT_FOUND".to_owned()));
    }
    // A category that is agreed on stays.
    let category = send(&app, admin, Method::POST, "/categories", json!({ "name": "空" })).await;
    let named = json!({ "name": "三", "category_id": category["id"], "response_time": 5, "resolution_time": 10 });
    send(&app, admin, Method::POST, PATH, named).await;
    let delete = format!("/categories/{}", category["id"]);
    assert_eq!(refused(&app, admin, Method::DELETE, &delete, None).await, (409, "CONFLICT".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_and_what_is_refused() {
    let app = TestApp::start().await;
    let form = json!({ "name": "一", "response_time": 5, "resolution_time": 10 });
    for (token, read, write) in [
        ("", 401, 401),
        (&app.user.token, 403, 403),
        (&app.agent.token, 200, 403),
        (&app.supervisor.token, 200, 403),
        (&app.admin.token, 200, 201),
    ] {
        assert_eq!(call(&app, token, Method::GET, PATH, None).await.0, read);
        assert_eq!(call(&app, token, Method::POST, PATH, Some(&form)).await.0, write);
    }
    let rule = |rule: Value| {
        let mut form = form.clone();
        form["escalation_rules"] = json!([{ "trigger_minutes": 5, "action": "notify_admin" }, rule]);
        form
    };
    let with = |name: &str, value: Value| {
        let mut form = form.clone();
        form[name] = value;
        form
    };
    for (bad, field) in [
        (json!({}), "resolution_time"),
        (with("name", json!("x".repeat(101))), "name"),
        (with("response_time", json!(0)), "response_time"),
        (with("resolution_time", json!("long")), "resolution_time"),
        (with("priority", json!("huge")), "priority"),
        (with("type", json!("x".repeat(51))), "type"),
        (with("category", json!([1])), "category"),
        (with("category_id", json!("x")), "category_id"),
        (with("working_hours", json!({ "monday": { "start": "", "end": "" } })), "working_hours"),
        (with("working_hours", json!({ "monday": { "start": "18:00", "end": "09:00" } })), "working_hours.monday.end"),
        (with("assigned_user_id", json!(1)), "assigned_user_id"),
        (rule(json!({ "trigger_minutes": -1, "action": "notify_admin" })), "escalation_rules[1].trigger_minutes"),
        (rule(json!({ "trigger_minutes": 1, "action": "x" })), "escalation_rules[1].action"),
        (
            rule(json!({ "trigger_minutes": 1, "action": "notify_admin", "notify_users": [app.user.id.0] })),
            "escalation_rules[1].notify_users",
        ),
        (
            rule(json!({ "trigger_minutes": 1, "action": "escalate_to_manager", "target_user_id": 9_999 })),
            "escalation_rules[1].target_user_id",
        ),
        (rule(json!({ "trigger_minutes": 5, "action": "notify_admin" })), "escalation_rules[1]"),
    ] {
        let (status, told) = call(&app, &app.admin.token, Method::POST, PATH, Some(&bad)).await;
        assert!(status == 422 && told["details"][field].is_string(), "{bad}: {told:#}");
    }
    let unknown = with("category", json!("nothing"));
    let told = refused(&app, &app.admin.token, Method::POST, PATH, Some(unknown)).await;
    assert_eq!(told, (404, "CATEGORY_NOT_FOUND".to_owned()));
    for query in ["page=x", "is_active=maybe"] {
        let told = refused(&app, &app.admin.token, Method::GET, &format!("{PATH}?{query}"), None).await;
        assert_eq!(told, (400, "VALIDATION_FAILED".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_has_the_same() {
    let app = TestApp::start().await;
    let admin = &app.admin.token;
    let fields = "slaConfig { id name isDefault isActive priority kind category { key } responseTime resolutionTime \
                  workingHours { monday { start end } sunday { start } } \
                  escalationRules { triggerMinutes action notifyUsers { name } targetUser { name } } }";
    let input = json!({
        "name": "one", "isDefault": true, "responseTime": 60, "resolutionTime": 480,
        "workingHours": { "monday": { "start": "09:00", "end": "24:00" } },
        "escalationRules": [{
            "triggerMinutes": 5, "action": "ESCALATE_TO_MANAGER", "notifyUsers": [app.agent.global()],
            "targetUserId": app.supervisor.global(),
        }],
    });
    let made = app.done(admin, "createSlaConfig", fields, input).await["slaConfig"].take();
    let sample = json!({
        "name": "one", "isDefault": true, "isActive": true, "priority": null, "kind": null, "category": null,
        "responseTime": 60, "resolutionTime": 480,
        "workingHours": { "monday": { "start": "09:00", "end": "24:00" }, "sunday": null },
        "escalationRules": [{
            "triggerMinutes": 5, "action": "ESCALATE_TO_MANAGER", "notifyUsers": [{ "name": "agnes" }],
            "targetUser": { "name": "sue" },
        }],
    });
    assert!(holds(&sample, &made), "{made:#}");
    let ticket = app.open_ticket(&app.user.token, "t").await;
    let query = "query($id: ID!) { ticket(id: $id) { slaConfigId responseDueAt } }";
    let id = json!({ "id": ticket["id"] });
    let seen = app.data(&app.supervisor.token, query, id.clone()).await;
    assert_eq!(seen["ticket"], json!({ "slaConfigId": made["id"], "responseDueAt": "2026-01-05T03:00:00Z" }));
    let seen = app.data(&app.user.token, query, id).await;
    assert_eq!(seen["ticket"]["slaConfigId"], Value::Null);

    let edit =
        json!({ "id": made["id"], "priority": "HIGH", "workingHours": null, "escalationRules": [], "isActive": false });
    let edited = app.done(admin, "editSlaConfig", fields, edit).await["slaConfig"].take();
    let sample =
        json!({ "name": "one", "priority": "HIGH", "workingHours": null, "escalationRules": [], "isActive": false });
    assert!(holds(&sample, &edited), "{edited:#}");
    let bad = json!({ "id": made["id"], "escalationRules": [{ "triggerMinutes": -5, "action": "NOTIFY_ADMIN" }] });
    let told = app.payload(admin, "editSlaConfig", "slaConfig { id }", bad).await;
    assert_eq!(told["userErrors"][0]["field"], "escalationRules[0].triggerMinutes", "{told:#}");
    for (active, count) in [(Value::Null, 1), (json!(true), 0), (json!(false), 1)] {
        let query = "query($active: Boolean) { slaConfigs(active: $active) { id } }";
        let list = app.data(&app.agent.token, query, json!({ "active": active })).await;
        assert_eq!(items(&list["slaConfigs"]).len(), count);
    }
    let one = app
        .data(&app.agent.token, "query($id: ID!) { slaConfig(id: $id) { name } }", json!({ "id": made["id"] }))
        .await;
    assert_eq!(one["slaConfig"]["name"], "one");
    let events = app.data(admin, "{ auditLog(first: 5) { nodes { action } } }", json!({})).await;
    assert!(events.to_string().contains("mutation editSlaConfig"), "{events:#}");
    app.done(admin, "deleteSlaConfig", "id", json!({ "id": made["id"] })).await;
    let query = "query($id: ID!) { slaConfig(id: $id) { name } }";
    assert_eq!(app.code(admin, query, json!({ "id": made["id"] })).await, "NOT_FOUND");
}
