//! `/v1/tickets/stats`, `/my-stats`, `/sla-report`, as documented and equal to what the lists show.

use super::{code, get, open_as, refused, send};
use crate::app::{TestApp, each_backend};
use reqwest::Method;
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;

/// Two of the user's, one of a stranger's: answered after 135 minutes and resolved after 1110, reopened, untouched.
async fn fill(app: &TestApp) {
    let agent = &app.agent.token;
    let first = open_as(app, &app.user.token, "a", json!({ "priority": "high" })).await;
    let second = open_as(app, &app.user.token, "b", json!({ "priority": "urgent", "category": "billing" })).await;
    open_as(app, &app.stranger.token, "c", json!({ "priority": "low", "category": "complaint" })).await;
    for id in [first, second] {
        send(app, agent, Method::POST, &format!("/tickets/{id}/assign"), json!({ "assignee_id": app.agent.id.0 }))
            .await;
    }
    app.clock.advance(135 * MINUTE);
    send(app, agent, Method::POST, &format!("/tickets/{first}/comments"), json!({ "content": "x" })).await;
    app.clock.advance(975 * MINUTE);
    for status in ["in_progress", "resolved"] {
        send(app, agent, Method::PATCH, &format!("/tickets/{first}/status"), json!({ "status": status })).await;
    }
    send(app, agent, Method::POST, &format!("/tickets/{second}/close"), json!({ "reason": "x" })).await;
    send(app, agent, Method::POST, &format!("/tickets/{second}/reopen"), json!({ "reason": "x" })).await;
    app.engine.fire_timers().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_those_of_the_tickets_one_may_see() {
    each_backend(|app| async move {
        fill(&app).await;
        let all = get(&app, &app.admin.token, "/tickets/stats").await["data"].take();
        assert_eq!(
            all,
            json!({
                "total_tickets": 3,
                "by_status": { "new": 1, "open": 0, "in_progress": 0, "pending": 0, "resolved": 1, "closed": 0, "reopened": 1 },
                "by_priority": { "low": 1, "medium": 0, "high": 1, "urgent": 1 },
                "by_category": { "technical": 1, "account": 0, "billing": 1, "feature": 0, "complaint": 1, "other": 0 },
                "sla_metrics": {
                    "average_response_time": "2h 15m", "average_resolution_time": "18h 30m",
                    "sla_compliance_rate": 66.7, "overdue_tickets": 1,
                },
            })
        );
        // The day is the business zone's: 2026-01-05 in Shanghai.
        for (token, query, total) in [
            (&app.admin.token, "?start_date=2026-01-05&end_date=2026-01-05", 3),
            (&app.admin.token, "?start_date=2026-01-06", 0),
            (&app.admin.token, "?end_date=2026-01-04", 0),
            (&app.admin.token, &format!("?assignee_id={}", app.agent.id), 2),
            (&app.user.token, "", 2),
            (&app.stranger.token, "", 1),
            (&app.agent.token, "", 3),
        ] {
            let told = get(&app, token, &format!("/tickets/stats{query}")).await["data"].take();
            assert_eq!(told["total_tickets"], total, "{query}");
        }
        let nothing = get(&app, &app.admin.token, "/tickets/stats?start_date=2030-01-01").await["data"].take();
        assert_eq!(nothing["sla_metrics"]["average_response_time"], "0m");
        assert_eq!(nothing["sla_metrics"]["sla_compliance_rate"], 100.0);

        let mine = get(&app, &app.agent.token, "/tickets/my-stats").await["data"].take();
        assert_eq!(
            mine,
            json!({
                "created_by_me": { "total": 0, "open": 0, "resolved": 0, "closed": 0 },
                "assigned_to_me": { "total": 2, "in_progress": 0, "pending": 0, "resolved": 1 },
                "overdue_assigned": 1, "average_resolution_time": "18h 30m",
            })
        );
        let own = get(&app, &app.user.token, "/tickets/my-stats").await["data"].take();
        assert_eq!(own["created_by_me"], json!({ "total": 2, "open": 1, "resolved": 1, "closed": 0 }));
        assert_eq!(own["assigned_to_me"]["total"], 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sla_report_is_divided_as_asked() {
    let app = TestApp::start().await;
    fill(&app).await;
    let at = |more: &str| format!("/tickets/sla-report?start_date=2026-01-01&end_date=2026-01-31{more}");
    let report = get(&app, &app.admin.token, &at("")).await["data"].take();
    let by_priority = json!([
        { "priority": "urgent", "total": 1, "met_sla": 0, "sla_rate": 0.0 },
        { "priority": "high", "total": 1, "met_sla": 1, "sla_rate": 100.0 },
        { "priority": "low", "total": 1, "met_sla": 1, "sla_rate": 100.0 },
    ]);
    let plain = json!({
        "period": { "start": "2026-01-01", "end": "2026-01-31" },
        "overall": {
            "total_tickets": 3, "met_response_sla": 2, "met_resolution_sla": 2,
            "response_sla_rate": 66.7, "resolution_sla_rate": 66.7,
        },
        "by_priority": by_priority,
    });
    assert_eq!(report, plain);
    assert_eq!(get(&app, &app.admin.token, &at("&group_by=priority")).await["data"], plain);
    let by_assignee = get(&app, &app.admin.token, &at("&group_by=assignee")).await["data"].take();
    assert_eq!(
        by_assignee["by_assignee"],
        json!([
            { "assignee_id": null, "assignee_name": null, "total": 1, "met_sla": 1, "sla_rate": 100.0 },
            { "assignee_id": app.agent.id.0, "assignee_name": "agnes", "total": 2, "met_sla": 1, "sla_rate": 50.0 },
        ])
    );
    let by_category = get(&app, &app.supervisor.token, &at("&group_by=category")).await["data"].take();
    assert_eq!(
        by_category["by_category"][1],
        json!({ "category": "billing", "total": 1, "met_sla": 0, "sla_rate": 0.0 })
    );
    assert_eq!((&by_category["by_assignee"], &by_category["by_priority"]), (&Value::Null, &by_priority));
    assert_eq!(refused(&app, &app.agent.token, Method::GET, &at(""), None).await, code(403, "FORBIDDEN"));
    for bad in
        ["/tickets/sla-report", &at("&group_by=tag"), "/tickets/sla-report?start_date=2026-02-01&end_date=2026-01-01"]
    {
        assert_eq!(
            refused(&app, &app.admin.token, Method::GET, bad, None).await,
            code(400, "VALIDATION_ERROR"),
            "{bad}"
        );
    }
}
