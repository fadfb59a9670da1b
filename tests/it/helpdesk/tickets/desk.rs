//! Statistics, and the lists that they count.

use super::{category, morning, open, post, put, titles};
use crate::api::{each, items};
use crate::app::{TestApp, each_backend, person};
use crate::helpdesk::{get, holds};
use model::people::Role;
use model::time::HOUR;
use serde_json::json;

/// A number of the statistics, and the list that has so many.
const LISTS: [(&str, &str); 4] = [
    ("my_tickets", "/tickets/my-tickets"),
    ("unassigned", "/tickets/unassigned"),
    ("overdue", "/tickets/overdue"),
    ("sla_breached", "/tickets/sla-breach"),
];

async fn agree(app: &TestApp) {
    let other = person(&app.engine, &format!("agent{}", app.engine.statements()), Role::Agent).await;
    for person in [&app.admin, &app.supervisor, &app.agent, &app.user, &app.stranger, &other] {
        let stats = get(app, &person.token, "/tickets/stats").await;
        let stats = &stats["data"];
        for (name, path) in LISTS {
            let list = get(app, &person.token, &format!("{path}?limit=100")).await;
            assert_eq!(stats[name], list["total"], "{name} for {}: {stats:#}", person.id);
            assert_eq!(list["total"], items(&list["data"]).len(), "{name}");
        }
    }
    // Those who see everything count what the list of everything has.
    let stats = get(app, &app.admin.token, "/tickets/stats").await;
    let mut sum = 0;
    for status in ["open", "in_progress", "pending", "resolved", "closed", "cancelled"] {
        let list = get(app, &app.admin.token, &format!("/tickets?status={status}")).await;
        assert_eq!(stats["data"][status], list["total"], "{status}");
        sum += list["total"].as_i64().unwrap();
    }
    assert_eq!(stats["data"]["total"], sum);
    for priority in ["low", "normal", "high", "urgent", "critical"] {
        let list = get(app, &app.admin.token, &format!("/tickets?priority={priority}")).await;
        assert_eq!(stats["data"]["by_priority"][priority], list["total"], "{priority}");
    }
    let high =
        get(app, &app.admin.token, "/tickets?priority=high,urgent,critical&status=open,in_progress,pending").await;
    assert_eq!(stats["data"]["high_priority"], high["total"]);
    let escalated = get(app, &app.admin.token, "/tickets?is_escalated=true").await;
    assert_eq!(stats["data"]["escalated"], escalated["total"]);
    let in_categories: i64 =
        stats["data"]["by_category"].as_object().unwrap().values().map(|n| n.as_i64().unwrap()).sum();
    assert_eq!(in_categories, sum);
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_are_the_lengths_of_the_lists() {
    each_backend(|app| async move { count(&app).await }).await;
}

async fn count(app: &TestApp) {
    app.clock.set(morning());
    let support = category(app, "technical", Some(4), Some(app.supervisor.id)).await;
    let (user, admin) = (&app.user.token, &app.admin.token);
    agree(app).await;
    let priorities = ["low", "normal", "high", "urgent", "critical"];
    for n in 0..20_usize {
        app.clock.advance(60_000);
        let due = if n % 3 == 0 { json!("2025-01-01T12:00:00Z") } else { json!(null) };
        let form = json!({ "priority": priorities[n % 5], "category_id": if n % 4 == 0 { json!(support) } else { json!(null) }, "due_date": due });
        let by = if n % 6 == 5 { &app.stranger.token } else { user };
        let id = open(app, by, &format!("t{n}"), form).await;
        match n % 4 {
            1 => drop(post(app, admin, id, "assign", json!({ "assigned_to_id": app.agent.id.0 })).await),
            2 if n > 9 => drop(post(app, admin, id, "assign", json!({ "assigned_to_id": app.admin.id.0 })).await),
            _ => {}
        }
        if n % 5 == 3 {
            post(app, admin, id, "status", json!({ "status": "in_progress" })).await;
            post(app, admin, id, "status", json!({ "status": if n % 2 == 0 { "resolved" } else { "pending" } })).await;
        }
        if n == 7 || n == 9 {
            post(app, admin, id, "escalate", json!({})).await;
        }
        if n == 11 {
            put(app, admin, id, json!({ "status": "cancelled" })).await;
        }
    }
    agree(app).await;
    // Time alone makes them late.
    app.clock.advance(5 * HOUR);
    agree(app).await;

    let told = get(app, admin, "/tickets/overdue").await;
    let dues = each(&told["data"], "due_date");
    assert!(!dues.is_empty() && dues.iter().all(|due| **due == "2025-01-01T12:00:00Z"));
    let first = &told["data"][0];
    assert!(holds(&json!({ "is_overdue": true, "overdue_hours": 3 }), first), "{first:#}");
    let told = get(app, admin, "/tickets/sla-breach").await;
    let first = &told["data"][0];
    let wanted = json!({ "title": "t0", "sla_breached": true, "breach_hours": 1, "sla_due_date": "2025-01-01T14:01:00Z",
        "category": { "id": support, "name": "技术支持", "sla_hours": 4 } });
    assert!(holds(&wanted, first), "{first:#}");
    let told = get(app, admin, "/tickets/unassigned?priority=high,urgent&limit=1").await;
    assert_eq!((items(&told["data"]).len(), told["total"].as_i64() > Some(1)), (1, true), "{told:#}");
    let told = get(app, admin, &format!("/tickets/unassigned?category_id={support}")).await;
    assert_eq!(told["total"], 0, "the category gives its tickets to somebody");
    let mine = get(app, &app.agent.token, "/tickets/my-tickets?status=open,in_progress&priority=normal,low").await;
    assert!(titles(&mine).iter().all(|title| ["t1", "t5", "t9", "t13", "t17"].contains(&title.as_str())));
    // A category that lost its assignee: its tickets say who would get them.
    let id = open(app, user, "free", json!({ "category_id": support })).await;
    put(app, admin, id, json!({ "assigned_to_id": null })).await;
    let told = get(app, admin, "/tickets/unassigned?limit=1").await;
    assert!(holds(&json!({ "title": "free", "auto_assign_user_id": app.supervisor.id.0 }), &told["data"][0]));

    // Statistics of some days count tickets of those days.
    app.clock.advance(10 * 24 * HOUR);
    open(app, user, "late", json!({})).await;
    let told = get(app, admin, "/tickets/stats?range=7d").await;
    assert_eq!((&told["data"]["total"], &told["data"]["unassigned"]), (&json!(1), &json!(1)));
    assert_eq!(get(app, admin, "/tickets?range=7d").await["total"], 1);
}
