//! What is at fault is called in GraphQL what its input is called there, in every mutation whose rules call it otherwise.

use crate::app::TestApp;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_told_by_the_inputs_own_names() {
    let app = TestApp::start().await;
    let root = &app.admin.token;
    let rule = |more: Value| {
        let mut rule = json!({
            "name": "r", "type": "SLA", "trigger": "SLA_BREACHED", "actions": [{ "type": "escalate", "params": {} }],
        });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "rule": rule })
    };
    let template = |more: Value| {
        let mut template = json!({ "name": "t" });
        template.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "template": template })
    };
    let sla = |more: Value| {
        let mut sla = json!({ "name": "s", "responseTime": 60, "resolutionTime": 480 });
        sla.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sla
    };
    let table = [
        (
            "createRule",
            "rule { id }",
            json!({ "rule": { "name": "r", "trigger": "SLA_BREACHED", "actions": [{ "type": "escalate" }] } }),
            "type",
        ),
        (
            "createRule",
            "rule { id }",
            json!({ "rule": { "name": "r", "type": "SLA", "actions": [{ "type": "escalate" }] } }),
            "trigger",
        ),
        (
            "createRule",
            "rule { id }",
            rule(json!({ "actions": [{ "type": "assign", "params": { "user_id": 999_999 } }] })),
            "actions[0].params.user_id",
        ),
        (
            "createRule",
            "rule { id }",
            rule(json!({ "actions": [{ "type": "add_comment", "params": { "content": "x", "is_internal": 5 } }] })),
            "actions[0].params.is_internal",
        ),
        (
            "createRule",
            "rule { id }",
            rule(json!({ "conditions": [{ "field": "title", "operator": "eq", "value": "x", "logicOp": "xor" }] })),
            "conditions[0].logicOp",
        ),
        ("createTemplate", "template { id }", template(json!({ "assignee": app.user.global() })), "assignee"),
        ("createTemplate", "template { id }", template(json!({ "assignee": "ticket_1" })), "assignee"),
        ("createTemplate", "template { id }", template(json!({ "defaultCategory": "999" })), "defaultCategory"),
        ("createTemplate", "template { id }", template(json!({ "defaultType": "x".repeat(51) })), "defaultType"),
        ("createTemplate", "template { id }", template(json!({ "category": "x".repeat(51) })), "category"),
        (
            "createTemplate",
            "template { id }",
            template(json!({ "fields": [{ "name": "a b", "type": "TEXT" }] })),
            "fields",
        ),
        ("createTemplate", "template { id }", template(json!({ "titleTemplate": "x".repeat(201) })), "titleTemplate"),
        (
            "createQuickReply",
            "quickReply { id }",
            json!({ "name": "n", "content": "c", "category": "x".repeat(51) }),
            "category",
        ),
        ("createSlaConfig", "slaConfig { id }", sla(json!({ "kind": "x".repeat(51) })), "kind"),
        ("createSlaConfig", "slaConfig { id }", sla(json!({ "category": "999" })), "category"),
        (
            "createSlaConfig",
            "slaConfig { id }",
            sla(json!({ "escalationRules": [{ "triggerMinutes": -1, "action": "NOTIFY_ADMIN" }] })),
            "escalationRules[0].triggerMinutes",
        ),
        ("createCategory", "category { id }", json!({ "key": "k", "name": "n", "slaHours": 0 }), "slaHours"),
        (
            "createCategory",
            "category { id }",
            json!({ "key": "k", "name": "n", "autoAssignee": app.user.global() }),
            "autoAssignee",
        ),
        (
            "openTicket",
            "ticket { id }",
            json!({ "title": "t", "description": "d", "template": "template_999" }),
            "template",
        ),
        (
            "openTicket",
            "ticket { id }",
            json!({ "title": "t", "description": "d", "customer": { "email": "nobody" } }),
            "customer.email",
        ),
    ];
    for (mutation, fields, input, field) in table {
        let payload = app.payload(root, mutation, fields, input.clone()).await;
        let [error] = payload["userErrors"].as_array().unwrap().as_slice() else {
            panic!("{mutation} {input}: {payload}")
        };
        assert_eq!(error["field"], field, "{mutation} {input}: {payload}");
        assert!(error["message"].as_str().unwrap().starts_with(field), "{payload}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_say_only_what_changes() {
    let app = TestApp::start().await;
    let root = &app.admin.token;
    let form = json!({ "name": "t", "description": "d", "assignee": app.agent.global(), "defaultPriority": "HIGH" });
    let made = app.done(root, "createTemplate", "template { id }", json!({ "template": form })).await;
    let id = made["template"]["id"].clone();
    let shown = "template { name description active defaultPriority assignee { id } }";
    let edit = |form: Value| json!({ "id": id, "template": form });
    let off = app.done(root, "editTemplate", shown, edit(json!({ "active": false }))).await;
    let whole = json!({
        "name": "t", "description": "d", "active": false, "defaultPriority": "HIGH", "assignee": { "id": app.agent.global() },
    });
    assert_eq!(off["template"], whole);
    let less = app
        .done(
            root,
            "editTemplate",
            shown,
            edit(json!({ "description": null, "defaultPriority": null, "assignee": null })),
        )
        .await;
    assert_eq!(
        less["template"],
        json!({ "name": "t", "description": null, "active": false, "defaultPriority": null, "assignee": null })
    );
    let made = app
        .done(
            root,
            "createCategory",
            "category { id }",
            json!({ "key": "k", "name": "n", "color": "#3b82f6", "slaHours": 4 }),
        )
        .await;
    let id = made["category"]["id"].clone();
    let input = json!({ "id": id, "name": "other", "slaHours": null });
    let edited = app.done(root, "editCategory", "category { key name color slaHours active }", input).await;
    assert_eq!(
        edited["category"],
        json!({ "key": "k", "name": "other", "color": "#3b82f6", "slaHours": null, "active": true })
    );
}
