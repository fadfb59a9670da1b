//! `/api/admin/automation`: what the known client sends, who may, and what is refused by its place.

use super::{call, get, holds, refused, send};
use crate::app::{TestApp, each_backend, person};
use engine::Caller;
use model::people::{Role, UserStatus};
use reqwest::Method;
use serde_json::{Value, json};

const RULES: &str = "/admin/automation/rules";
const TEMPLATES: &str = "/admin/automation/templates";
const REPLIES: &str = "/admin/automation/quick-replies";

/// A ticket of the user's, and its number.
async fn ticket(app: &TestApp, title: &str, description: &str) -> i64 {
    let form = json!({ "title": title, "description": description });
    send(app, &app.user.token, Method::POST, "/tickets", form).await["id"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_known_client_act() {
    each_backend(|app| async move {
        let root = &app.admin.token;
        let assignment = json!({
            "name": "普通优先级工单自动分配", "description": "分配给客服", "rule_type": "assignment", "trigger_event": "ticket.created",
            "conditions": [{ "field": "priority", "operator": "eq", "value": "normal", "logic_op": "and" }],
            "actions": [{ "type": "assign", "params": { "user_id": app.agent.id.0 } }],
        });
        let (status, made) = call(&app, root, Method::POST, RULES, Some(&assignment)).await;
        assert_eq!(status, 201, "{made:#}");
        assert!(holds(&assignment, &made["data"]), "{made:#}");
        assert!(holds(&json!({ "is_active": true, "priority": 1, "execution_count": 0 }), &made["data"]), "{made:#}");
        let id = made["data"]["id"].as_i64().unwrap();
        let classification = json!({
            "name": "Bug问题自动分类", "description": "", "rule_type": "classification", "trigger_event": "ticket.created", "priority": 2,
            "conditions": [
                { "field": "title", "operator": "contains", "value": "bug", "logic_op": "or" },
                { "field": "content", "operator": "contains", "value": "error", "logic_op": "and" },
            ],
            "actions": [
                { "type": "set_priority", "params": { "priority": "high" } },
                { "type": "add_comment", "params": { "content": "系统自动识别为Bug问题，已提升优先级" } },
            ],
        });
        let bug = send(&app, root, Method::POST, RULES, classification).await["id"].as_i64().unwrap();

        let list = get(&app, &app.agent.token, RULES).await;
        assert!(holds(&json!({ "total": 2, "page": 1, "page_size": 20, "total_pages": 1 }), &list["data"]), "{list:#}");
        assert_eq!(list["data"]["rules"][0]["id"], id);
        for (query, total) in [
            ("?rule_type=assignment", 1),
            ("?trigger_event=ticket.created&is_active=true", 2),
            ("?trigger_event=ticket.updated", 0),
            ("?is_active=false", 0),
            ("?search=bug", 1),
            ("?page=2&page_size=1", 2),
        ] {
            let found = get(&app, root, &format!("{RULES}{query}")).await;
            assert_eq!(found["data"]["total"], total, "{query}");
        }

        let one = ticket(&app, "A Bug", "d").await;
        let other = ticket(&app, "t", "nothing").await;
        app.engine.automate().await.unwrap();
        let now = get(&app, root, &format!("/tickets/{one}")).await;
        assert!(holds(&json!({ "priority": "high", "status": "open", "assigned_to_id": app.agent.id.0 }), &now["data"]), "{now:#}");
        assert_eq!(now["data"]["comments"][0]["content"], "系统自动识别为Bug问题，已提升优先级");
        assert_eq!(get(&app, root, &format!("/tickets/{other}")).await["data"]["priority"], "normal");
        let history = get(&app, root, &format!("/tickets/{one}/history")).await;
        let told = history["data"].as_array().unwrap().iter().find(|entry| entry["action"] == "priority_change").unwrap();
        assert_eq!(told["description"], "优先级从 普通 变更为 高（自动化规则：Bug问题自动分类）");

        let stats = get(&app, &app.agent.token, &format!("{RULES}/{id}/stats")).await;
        let want = json!({ "rule_id": id, "execution_count": 2, "success_count": 2, "failure_count": 0, "success_rate": 100.0 });
        assert!(holds(&want, &stats["data"]), "{stats:#}");
        assert!(stats["data"]["average_exec_time"].is_i64() && stats["data"]["last_executed_at"].is_string());
        let logs = get(&app, root, &format!("/admin/automation/logs?rule_id={bug}&ticket_id={one}&success=true")).await;
        let want = json!({ "total": 1, "logs": [{
            "rule_id": bug, "rule_name": "Bug问题自动分类", "ticket_id": one, "trigger_event": "ticket.created", "success": true,
            "message": "set_priority, add_comment", "error_message": "", "executed_at": "2026-01-05T02:00:00Z",
        }] });
        assert!(holds(&want, &logs["data"]), "{logs:#}");
        assert_eq!(get(&app, root, "/admin/automation/logs?success=false").await["data"]["logs"], json!([]));
        assert_eq!(get(&app, root, "/admin/automation/logs?page=2&page_size=2").await["data"]["logs"].as_array().unwrap().len(), 1);
        // The audit log names the rule.
        let audit = get(&app, root, "/admin/audit-logs?method=RULE").await;
        let line = json!({ "username": "Bug问题自动分类", "role": "system", "status_code": 200, "user_id": null });
        assert!(audit["data"]["items"].as_array().unwrap().iter().any(|entry| holds(&line, entry)), "{audit:#}");

        // What is left out stays; switched off, it does nothing more.
        let path = format!("{RULES}/{id}");
        let off = send(&app, root, Method::PUT, &path, json!({ "is_active": false })).await;
        assert!(holds(&json!({ "is_active": false, "execution_count": 2, "actions": assignment["actions"] }), &off), "{off:#}");
        let whole = send(&app, root, Method::PUT, &path, off.clone()).await;
        assert_eq!(whole, off);
        let third = ticket(&app, "t", "d").await;
        app.engine.automate().await.unwrap();
        assert_eq!(get(&app, root, &format!("/tickets/{third}")).await["data"]["assigned_to_id"], Value::Null);
        assert_eq!(call(&app, root, Method::DELETE, &path, None).await.0, 200);
        assert_eq!(refused(&app, root, Method::GET, &path, None).await, (404, "NOT_FOUND".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_rule_is_told_by_its_place() {
    let app = TestApp::start().await;
    let root = &app.admin.token;
    let rule = |condition: Value, action: Value| json!({ "name": "r", "rule_type": "sla", "trigger_event": "sla.breached", "conditions": [condition], "actions": [action] });
    let fine = json!({ "field": "title", "operator": "eq", "value": "x" });
    let act = json!({ "type": "escalate", "params": {} });
    let with = |name: &str, value: Value| {
        let mut whole = rule(fine.clone(), act.clone());
        whole[name] = value;
        whole
    };
    for (bad, place) in [
        (json!({}), "name"),
        (json!({}), "rule_type"),
        (json!({}), "trigger_event"),
        (json!({}), "actions"),
        (with("name", json!(5)), "name"),
        (with("rule_type", json!("magic")), "rule_type"),
        (with("trigger_event", json!("ticket.eaten")), "trigger_event"),
        (with("priority", json!(101)), "priority"),
        (with("conditions", json!("x")), "conditions"),
        (with("conditions", json!([5])), "conditions[0]"),
        (with("conditions", json!(vec![fine.clone(); 21])), "conditions"),
        (with("actions", json!([])), "actions"),
        (with("actions", json!(vec![act.clone(); 11])), "actions"),
        (with("actions", json!([{ "type": "assign", "params": 5 }])), "actions[0].params"),
        (rule(json!({ "field": "mood", "operator": "eq", "value": "x" }), act.clone()), "conditions[0].field"),
        (rule(json!({ "field": "title", "operator": "like", "value": "x" }), act.clone()), "conditions[0].operator"),
        (rule(json!({ "field": "priority", "operator": "eq", "value": "x" }), act.clone()), "conditions[0].value"),
        (
            rule(json!({ "field": "title", "operator": "eq", "value": "x", "logic_op": "xor" }), act.clone()),
            "conditions[0].logic_op",
        ),
        (rule(fine.clone(), json!({ "type": "explode" })), "actions[0].type"),
        (rule(fine.clone(), json!({ "type": "assign" })), "actions[0].params.user_id"),
        (rule(fine.clone(), json!({ "type": "assign", "params": { "user_id": "bob" } })), "actions[0].params.user_id"),
        (
            rule(fine.clone(), json!({ "type": "assign", "params": { "user_id": 999_999 } })),
            "actions[0].params.user_id",
        ),
        (
            rule(fine.clone(), json!({ "type": "assign", "params": { "user_id": app.user.id.0 } })),
            "actions[0].params.user_id",
        ),
        (
            rule(fine.clone(), json!({ "type": "set_category", "params": { "category_id": 999 } })),
            "actions[0].params.category_id",
        ),
        (rule(fine.clone(), json!({ "type": "escalate", "params": { "mood": 1 } })), "actions[0].params"),
    ] {
        let (status, told) = call(&app, root, Method::POST, RULES, Some(&bad)).await;
        assert!(status == 400 && told["details"][place].is_string(), "{place} {bad}: {status} {told:#}");
    }
    for query in ["rule_type=x", "trigger_event=x", "is_active=x", "page=x"] {
        assert_eq!(call(&app, root, Method::GET, &format!("{RULES}?{query}"), None).await.0, 400);
    }
    assert_eq!(call(&app, root, Method::GET, "/admin/automation/logs?rule_id=x", None).await.0, 400);
    // There may be 200.
    for n in 0..200 {
        send(&app, root, Method::POST, RULES, with("name", json!(format!("r{n}")))).await;
    }
    assert_eq!(refused(&app, root, Method::POST, RULES, Some(with("name", json!("one more")))).await.0, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_opened_by_the_known_clients_template() {
    each_backend(|app| async move {
        let root = &app.admin.token;
        let form = json!({
            "name": "Bug报告模板", "description": "用于报告系统Bug的标准模板", "category": "bug", "title_template": "[Bug] {{summary}}",
            "content_template": "\n**问题描述：**\n{{description}}\n\n**重现步骤：**\n1. {{step1}}\n- 操作系统: {{os}}\n",
            "default_type": "bug", "default_priority": "normal", "default_status": "open",
            "custom_fields": [
                { "name": "summary", "type": "text", "label": "问题摘要", "required": true },
                { "name": "description", "type": "textarea", "label": "详细描述", "required": true },
                { "name": "severity", "type": "select", "label": "严重程度", "options": ["低", "中", "高", "紧急"] },
            ],
        });
        let (status, made) = call(&app, root, Method::POST, TEMPLATES, Some(&form)).await;
        assert_eq!(status, 201, "{made:#}");
        let id = made["data"]["id"].as_i64().unwrap();
        let path = format!("{TEMPLATES}/{id}");
        let read = get(&app, &app.agent.token, &path).await;
        assert_eq!(read["data"], made["data"]);
        assert!(holds(&json!({ "name": "Bug报告模板", "is_active": true, "usage_count": 0, "default_status": "open" }), &read["data"]));
        assert_eq!(read["data"]["custom_fields"][2], json!({
            "name": "severity", "type": "select", "label": "严重程度", "required": false, "options": ["低", "中", "高", "紧急"], "default_value": null,
        }));
        let list = get(&app, root, &format!("{TEMPLATES}?category=bug&is_active=true&search=bug")).await;
        assert!(holds(&json!({ "total": 1, "page": 1, "total_pages": 1, "templates": [{ "id": id }] }), &list["data"]), "{list:#}");

        // By whoever opens tickets, through either surface.
        let values = json!({ "summary": "登录失败", "description": "点了没反应", "severity": "高", "step1": "打开页面" });
        let form = json!({ "template_id": id, "template_values": values });
        let opened = send(&app, &app.user.token, Method::POST, "/tickets", form).await;
        let want = json!({ "title": "[Bug] 登录失败", "priority": "normal", "custom_fields": { "severity": "高" } });
        assert!(holds(&want, &opened), "{opened:#}");
        let detail = get(&app, &app.user.token, &format!("/tickets/{}", opened["id"])).await;
        assert_eq!(detail["data"]["description"], "\n**问题描述：**\n点了没反应\n\n**重现步骤：**\n1. 打开页面\n- 操作系统:");
        let input = json!({ "template": format!("template_{id}"), "templateValues": values, "priority": "LOW" });
        let opened = app.done(&app.user.token, "openTicket", "ticket { title priority }", input).await;
        assert_eq!(opened["ticket"], json!({ "title": "[Bug] 登录失败", "priority": "LOW" }));
        assert_eq!(get(&app, root, &path).await["data"]["usage_count"], 2);

        for (values, named) in [
            (json!({ "description": "d" }), "summary"),
            (json!({ "summary": "s", "description": "d", "severity": "很高" }), "severity"),
            (json!({ "summary": "s", "description": "d", "mood": "x" }), "mood"),
        ] {
            let form = json!({ "template_id": id, "template_values": values });
            let (status, told) = call(&app, &app.user.token, Method::POST, "/tickets", Some(&form)).await;
            assert_eq!(status, 422, "{told:#}");
            assert!(told["details"]["template_values"].as_str().unwrap().contains(named), "{told:#}");
        }
        let edited = send(&app, root, Method::PUT, &path, json!({ "is_active": false, "description": null })).await;
        assert!(holds(&json!({ "is_active": false, "description": null, "category": "bug" }), &edited), "{edited:#}");
        let form = json!({ "template_id": id, "template_values": { "summary": "s", "description": "d" } });
        let (status, told) = call(&app, &app.user.token, Method::POST, "/tickets", Some(&form)).await;
        assert!(status == 422 && told["details"]["template_id"].is_string(), "{told:#}");
        for (bad, field) in [
            (json!({}), "name"),
            (json!({ "name": "x", "category": 5 }), "category"),
            (json!({ "name": "x", "category": "长".repeat(51) }), "category"),
            (json!({ "name": "x", "default_priority": "huge" }), "default_priority"),
            (json!({ "name": "x", "default_status": "gone" }), "default_status"),
            (json!({ "name": "x", "assign_to_user_id": app.user.id.0 }), "assign_to_user_id"),
            (json!({ "name": "x", "default_category_id": 999 }), "default_category_id"),
            (json!({ "name": "x", "custom_fields": [{ "type": "text" }] }), "custom_fields"),
            (json!({ "name": "x", "custom_fields": [{ "name": "a", "type": "colour" }] }), "custom_fields"),
            (json!({ "name": "x", "custom_fields": "a" }), "custom_fields"),
            (json!({ "name": "x", "custom_fields": [{ "name": "a b" }] }), "custom_fields"),
            (json!({ "name": "x", "title_template": "x".repeat(201) }), "title_template"),
        ] {
            let (status, told) = call(&app, root, Method::POST, TEMPLATES, Some(&bad)).await;
            assert!(status == 422 && told["details"][field].is_string(), "{bad}: {told:#}");
        }
        assert_eq!(call(&app, root, Method::DELETE, &path, None).await.0, 200);
        assert_eq!(refused(&app, root, Method::GET, &path, None).await, (404, "NOT_FOUND".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_somebody_who_has_left_can_be_edited() {
    let app = TestApp::start().await;
    let root = &app.admin.token;
    let gone = person(&app.engine, "gone", Role::Agent).await;
    let id = gone.id.0;
    let rule = json!({
        "name": "old", "rule_type": "assignment", "trigger_event": "ticket.created",
        "actions": [{ "type": "assign", "params": { "user_id": id } }],
    });
    let made = [
        (TEMPLATES, json!({ "name": "old", "assign_to_user_id": id })),
        ("/categories", json!({ "name": "old", "auto_assign_user_id": id })),
        (RULES, rule),
    ];
    let mut paths = Vec::new();
    for (path, form) in made {
        paths.push(format!("{path}/{}", send(&app, root, Method::POST, path, form).await["id"]));
    }
    app.engine.set_user_status(&Caller::system("test"), gone.id, UserStatus::Suspended).await.unwrap();
    for path in &paths {
        let off = send(&app, root, Method::PUT, path, json!({ "is_active": false })).await;
        assert!(holds(&json!({ "name": "old", "is_active": false }), &off), "{off:#}");
        let whole = get(&app, root, path).await["data"].take();
        let named = send(&app, root, Method::PUT, path, json!({ "name": "new" })).await;
        assert!(holds(&json!({ "name": "new", "is_active": false }), &named), "{named:#}");
        // A whole record sent back, as it was, puts back only what it says.
        let back = send(&app, root, Method::PUT, path, whole).await;
        assert!(holds(&json!({ "name": "old", "is_active": false }), &back), "{back:#}");
    }
    let named = json!({ "assign_to_user_id": app.user.id.0 });
    let (status, told) = call(&app, root, Method::PUT, &paths[0], Some(&named)).await;
    assert!(status == 422 && told["details"]["assign_to_user_id"].is_string(), "{told:#}");
    let (status, told) = call(&app, root, Method::PUT, &paths[2], Some(&json!({ "is_active": true }))).await;
    assert!(status == 400 && told["details"]["actions[0].params.user_id"].is_string(), "{told:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quick_replies_are_written_found_and_used() {
    each_backend(|app| async move {
        let root = &app.admin.token;
        let form = json!({
            "name": "感谢反馈", "category": "礼貌用语", "content": "感谢您的反馈，我们会尽快处理您的问题。", "tags": "感谢,反馈", "is_public": true,
        });
        let (status, made) = call(&app, root, Method::POST, REPLIES, Some(&form)).await;
        assert_eq!(status, 201);
        assert!(holds(&form, &made["data"]), "{made:#}");
        let id = made["data"]["id"].as_i64().unwrap();
        let own = json!({ "name": "Own", "content": "mine", "tags": ["a", "b"] });
        let own = send(&app, &app.agent.token, Method::POST, REPLIES, own).await;
        assert!(holds(&json!({ "tags": "a,b", "is_public": false, "category": null, "created_by": app.agent.id.0 }), &own), "{own:#}");
        for (token, query, total) in [
            (&app.agent.token, "", 2),
            (root, "", 1),
            (root, "?keyword=感谢", 1),
            (root, "?keyword=反馈&category=礼貌用语", 1),
            (root, "?category=其他", 0),
            (&app.agent.token, "?is_public=false", 1),
            (&app.agent.token, "?keyword=MINE", 1),
            (&app.agent.token, "?page=2&page_size=1", 2),
        ] {
            let found = get(&app, token, &format!("{REPLIES}{query}")).await;
            assert_eq!(found["data"]["total"], total, "{query}: {found:#}");
            assert!(found["data"]["replies"].is_array());
        }
        let used = send(&app, &app.agent.token, Method::POST, &format!("{REPLIES}/{id}/use"), json!({})).await;
        assert!(holds(&json!({ "content": form["content"], "usage_count": 1 }), &used), "{used:#}");
        // Somebody else's own one is not there, whoever asks.
        let theirs = format!("{REPLIES}/{}", own["id"]);
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            assert_eq!(refused(&app, root, method, &theirs, None).await, (404, "NOT_FOUND".to_owned()));
        }
        assert_eq!(refused(&app, root, Method::POST, &format!("{theirs}/use"), None).await.0, 404);
        let edited = send(&app, root, Method::PUT, &format!("{REPLIES}/{id}"), json!({ "tags": "新", "category": null })).await;
        assert!(holds(&json!({ "name": "感谢反馈", "tags": "新", "category": null, "usage_count": 1 }), &edited), "{edited:#}");
        assert_eq!(call(&app, root, Method::DELETE, &format!("{REPLIES}/{id}"), None).await.0, 200);
        assert_eq!(call(&app, root, Method::DELETE, &format!("{REPLIES}/{id}"), None).await.0, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may() {
    let app = TestApp::start().await;
    let [user, agent, boss, root] = [&app.user.token, &app.agent.token, &app.supervisor.token, &app.admin.token];
    let public = json!({ "name": "n", "content": "c", "is_public": true });
    let own = json!({ "name": "n", "content": "c" });
    let template = json!({ "name": "n" });
    let rule = json!({
        "name": "n", "rule_type": "sla", "trigger_event": "sla.breached", "actions": [{ "type": "escalate" }],
    });
    for (path, body, want) in [
        (REPLIES, Some(&public), [401, 403, 403, 201, 201]),
        (REPLIES, Some(&own), [401, 403, 201, 201, 201]),
        (TEMPLATES, Some(&template), [401, 403, 403, 403, 201]),
        (RULES, Some(&rule), [401, 403, 403, 403, 201]),
        (REPLIES, None, [401, 403, 200, 200, 200]),
        (TEMPLATES, None, [401, 403, 200, 200, 200]),
        (RULES, None, [401, 403, 200, 200, 200]),
        ("/admin/automation/logs", None, [401, 403, 200, 200, 200]),
    ] {
        for (token, status) in ["", user, agent, boss, root].into_iter().zip(want) {
            let method = if body.is_some() { Method::POST } else { Method::GET };
            assert_eq!(call(&app, token, method, path, body).await.0, status, "{path} {body:?}");
        }
    }
    for (bad, field) in [
        (json!({}), "name"),
        (json!({ "name": "n" }), "content"),
        (json!({ "name": "n", "content": "c", "tags": 5 }), "tags"),
        (json!({ "name": "n", "content": "c", "is_public": "x" }), "is_public"),
        (json!({ "name": "n", "content": "c", "category": 5 }), "category"),
        (json!({ "name": "n".repeat(101), "content": "c" }), "name"),
        (json!({ "name": "n", "content": "c", "category": "长".repeat(51) }), "category"),
    ] {
        let (status, told) = call(&app, agent, Method::POST, REPLIES, Some(&bad)).await;
        assert!(status == 422 && told["details"][field].is_string(), "{bad}: {told:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tickets_at_once_by_the_known_clients_paths() {
    let app = TestApp::start().await;
    let (one, two) = (ticket(&app, "one", "d").await, ticket(&app, "two", "d").await);
    let boss = &app.supervisor.token;
    let form = json!({ "ticket_ids": [one, two], "updates": { "status": "in_progress", "priority": "high" } });
    let done = send(&app, boss, Method::POST, "/admin/automation/batch/update", form).await;
    assert!(holds(&json!({ "updated_count": 2, "failed_count": 0, "updated_tickets": [one, two] }), &done), "{done:#}");
    let form = json!({ "ticket_ids": [one, 5], "user_id": app.agent.id.0 });
    let done = send(&app, boss, Method::POST, "/admin/automation/batch/assign", form).await;
    assert!(holds(&json!({ "assigned_count": 1, "failed_count": 1, "assigned_tickets": [one] }), &done), "{done:#}");
    let now = get(&app, boss, &format!("/tickets/{one}")).await;
    assert!(holds(
        &json!({ "status": "in_progress", "priority": "high", "assigned_to_id": app.agent.id.0 }),
        &now["data"]
    ));
    for path in ["/admin/automation/batch/update", "/admin/automation/batch/assign"] {
        assert_eq!(refused(&app, boss, Method::POST, path, Some(json!({}))).await.0, 422);
        assert_eq!(call(&app, "", Method::POST, path, Some(&json!({}))).await.0, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_by_graphql() {
    let app = TestApp::start().await;
    let root = &app.admin.token;
    let reply = json!({ "name": "n", "content": "c", "tags": ["a"], "isPublic": true });
    let made = app.done(root, "createQuickReply", "quickReply { id tags uses isPublic owner { name } }", reply).await;
    let id = made["quickReply"]["id"].clone();
    assert!(holds(
        &json!({ "tags": ["a"], "uses": 0, "isPublic": true, "owner": { "name": "root" } }),
        &made["quickReply"]
    ));
    let used = app.done(&app.agent.token, "useQuickReply", "quickReply { content uses }", json!({ "id": id })).await;
    assert_eq!(used["quickReply"], json!({ "content": "c", "uses": 1 }));
    let edit = json!({ "id": id, "category": "x" });
    let edited = app.done(root, "editQuickReply", "quickReply { name category }", edit).await;
    assert_eq!(edited["quickReply"], json!({ "name": "n", "category": "x" }));

    let fields = json!([{ "name": "s", "type": "SELECT", "options": ["a"], "defaultValue": "a" }]);
    let form =
        json!({ "template": { "name": "t", "titleTemplate": "{{s}}", "contentTemplate": "c", "fields": fields } });
    let template =
        app.done(root, "createTemplate", "template { id active fields { name type defaultValue } }", form).await;
    assert_eq!(template["template"]["fields"], json!([{ "name": "s", "type": "SELECT", "defaultValue": "a" }]));
    let form = json!({ "id": template["template"]["id"], "template": { "active": false } });
    let edited = app.done(root, "editTemplate", "template { name active titleTemplate }", form).await;
    assert_eq!(edited["template"], json!({ "name": "t", "active": false, "titleTemplate": "{{s}}" }));

    let conditions = json!([{ "field": "title", "operator": "contains", "value": "x" }]);
    let form = json!({ "rule": {
        "name": "r", "type": "SLA", "trigger": "CREATED", "conditions": conditions,
        "actions": [{ "type": "add_tag", "params": { "tag": "t" } }],
    } });
    let rule = app
        .done(
            root,
            "createRule",
            "rule { id active priority conditions { field value } actions { type params } runs }",
            form,
        )
        .await;
    let want = json!({
        "active": true, "priority": 1, "conditions": [{ "field": "title", "value": "x" }],
        "actions": [{ "type": "add_tag", "params": { "tag": "t" } }], "runs": 0,
    });
    assert!(holds(&want, &rule["rule"]), "{rule:#}");
    let number = ticket(&app, "x", "d").await;
    app.engine.automate().await.unwrap();
    let text = "{ automationRules { name runs failures successRate } ruleRuns(first: 5) { totalCount nodes { ruleName succeeded message \
                trigger ticket { databaseId tags } actions { type failure } } } quickReplies { nodes { name } } ticketTemplates { name } }";
    let read = app.data(root, text, json!({})).await;
    assert_eq!(read["automationRules"], json!([{ "name": "r", "runs": 1, "failures": 0, "successRate": 100.0 }]));
    let run = json!({
        "ruleName": "r", "succeeded": true, "message": "add_tag", "trigger": "CREATED",
        "ticket": { "databaseId": number, "tags": ["t"] }, "actions": [{ "type": "add_tag", "failure": null }],
    });
    assert_eq!(read["ruleRuns"], json!({ "totalCount": 1, "nodes": [run] }));
    assert_eq!(
        (&read["quickReplies"]["nodes"][0]["name"], &read["ticketTemplates"][0]["name"]),
        (&json!("n"), &json!("t"))
    );
    let history = app
        .data(
            root,
            "query($id: ID!) { ticket(id: $id) { history { nodes { by { name system } type } } } }",
            json!({ "id": number.to_string() }),
        )
        .await;
    let by = &history["ticket"]["history"]["nodes"][0];
    assert_eq!(by, &json!({ "type": "TICKET_EDITED", "by": { "name": "The rule \"r\"", "system": "r" } }));
    let off = json!({ "id": rule["rule"]["id"], "rule": { "active": false } });
    assert_eq!(
        app.done(root, "editRule", "rule { active name }", off).await["rule"],
        json!({ "active": false, "name": "r" })
    );
    for (mutation, id) in [
        ("deleteRule", &rule["rule"]["id"]),
        ("deleteTemplate", &template["template"]["id"]),
        ("deleteQuickReply", &id),
    ] {
        assert_eq!(&app.done(root, mutation, "id", json!({ "id": id })).await["id"], id);
    }
}
