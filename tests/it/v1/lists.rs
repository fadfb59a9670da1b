//! `GET /v1/tickets`: each parameter, pages and their edges, what each role sees, and how many statements it takes.

use super::{get, open, open_as, send};
use crate::api::each;
use crate::app::{TestApp, each_backend};
use reqwest::Method;
use serde_json::{Value, json};

fn titles(page: &Value) -> Vec<&str> {
    each(&page["data"], "title").into_iter().map(|title| title.as_str().unwrap()).collect()
}

async fn listed(app: &TestApp, token: &str, query: &str) -> Vec<String> {
    let page = get(app, token, &format!("/tickets?{query}")).await;
    let titles = titles(&page);
    assert_eq!(page["pagination"]["total"], titles.len(), "{query}");
    titles.into_iter().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_does_what_it_says() {
    each_backend(|app| async move { parameters(&app).await }).await;
}

async fn parameters(app: &TestApp) {
    let (user, agent, admin) = (&app.user.token, &app.agent.token, &app.admin.token);
    let opened = [
        ("a", json!({ "priority": "low", "category": "billing", "tags": ["x", "y"] })),
        ("b", json!({ "priority": "urgent", "tags": ["x"], "description": "登录失败，请帮忙" })),
        ("c", json!({ "priority": "medium", "category": "other" })),
    ];
    let mut ids = Vec::new();
    for (title, more) in opened {
        app.clock.advance(1_000);
        ids.push(open_as(app, user, title, more).await);
    }
    ids.push(open(app, &app.stranger.token, "d").await);
    // By mail or GraphQL tickets come without a category, and with priorities that this dialect doesn't name.
    let critical = json!({ "title": "e", "description": "x", "priority": "CRITICAL" });
    app.done(user, "openTicket", "ticket { id }", critical).await;
    let at = |n: usize, what: &str| format!("/tickets/{}/{what}", ids[n]);
    send(app, agent, Method::POST, &at(0, "assign"), json!({ "assignee_id": app.agent.id.0 })).await;
    send(app, agent, Method::PATCH, &at(2, "status"), json!({ "status": "closed" })).await;
    send(app, agent, Method::POST, &at(2, "reopen"), json!({ "reason": "x" })).await;
    let withdraw = json!({ "id": format!("ticket_{}", ids[3]) });
    app.done(&app.stranger.token, "withdrawTicket", "ticket { id }", withdraw).await;

    let withdrawn = get(app, admin, &format!("/tickets/{}", ids[3])).await["data"].take();
    assert_eq!((&withdrawn["status"], &withdrawn["metadata"]), (&json!("closed"), &json!({ "cancelled": true })));

    let me = app.agent.id.0;
    let (by_me, by_user) = (format!("assignee_id={me}"), format!("creator_id={}", app.user.id));
    for (query, want) in [
        ("", "edcba"),
        ("status=new", "eb"),
        ("status=open", "a"),
        ("status=reopened", "c"),
        ("status=closed", "d"),
        ("status=in_progress", ""),
        ("priority=urgent", "eb"),
        ("priority=medium", "c"),
        ("category=billing", "a"),
        ("category=other", "ec"),
        ("category=feature", ""),
        ("category=technical&priority=high", "d"),
        (&by_me, "a"),
        ("assignee_id=999", ""),
        (&by_user, "ecba"),
        ("creator_id=999", ""),
        ("tags=x", "ba"),
        ("tags=x,y", "a"),
        ("tags=x,,%20y%20,", "a"),
        ("tags=z", ""),
        ("search=登录", "b"),
        ("search=%E7%99%BB%E5%BD%95", "b"),
        ("search=T-20260105-0001", "a"),
        ("search=!!!", ""),
        ("search=%20", "edcba"),
        ("overdue=true", ""),
        ("overdue=false", "edcba"),
        ("sort_order=asc", "abcde"),
        ("sort_by=priority", "ebdca"),
        ("sort_by=priority&sort_order=asc", "acdbe"),
        ("sort_by=sla_due_time&sort_order=asc", "ebdca"),
        ("status=&priority=&page=&search=", "edcba"),
        ("unknown=1", "edcba"),
    ] {
        assert_eq!(listed(app, admin, query).await.concat(), want, "{query}");
    }
    // Each sees what is theirs: an agent what is theirs or nobody's.
    let boss = json!({ "assignee_id": app.supervisor.id.0 });
    send(app, agent, Method::POST, &at(1, "assign"), boss).await;
    for (token, query, want) in [
        (user, "", "ecba"),
        (user, "assignee_id=999", ""),
        (agent, "", "edca"),
        (agent, "sort_by=priority&sort_order=asc", "acde"),
        (agent, "status=open", "a"),
        (agent, "category=other", "ec"),
        (&app.supervisor.token, "status=open", "ba"),
        (&app.stranger.token, "", "d"),
    ] {
        assert_eq!(listed(app, token, query).await.concat(), want, "{query}");
    }
    let hours = 3_600_000;
    app.clock.advance(25 * hours);
    assert_eq!(listed(app, admin, "overdue=true").await.concat(), "eb");
    let row = get(app, admin, "/tickets?priority=low").await["data"][0].take();
    assert_eq!(
        row,
        json!({
            "id": ids[0], "number": "T-20260105-0001", "title": "a", "category": "billing", "priority": "low",
            "status": "open", "creator_id": app.user.id.0, "creator_name": "ulla", "assignee_id": me,
            "assignee_name": "agnes", "tags": ["x", "y"], "sla_due_time": "2026-01-10T02:00:01Z",
            "created_at": "2026-01-05T02:00:01Z", "updated_at": "2026-01-05T02:00:03Z", "is_overdue": false,
        })
    );
    assert_eq!(get(app, admin, "/tickets?status=new").await["data"][0]["assignee_name"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_edges() {
    let app = TestApp::start().await;
    let admin = &app.admin.token;
    let empty = get(&app, admin, "/tickets").await;
    assert_eq!(
        (&empty["data"], &empty["pagination"]),
        (&json!([]), &json!({ "total": 0, "page": 1, "page_size": 20, "total_pages": 1 }))
    );
    for n in 0..7 {
        open(&app, &app.user.token, &n.to_string()).await;
    }
    for (query, want, page, size, pages) in [
        ("page_size=3", "654", 1, 3, 3),
        ("page_size=3&page=2", "321", 2, 3, 3),
        ("page_size=3&page=3", "0", 3, 3, 3),
        ("page_size=3&page=4", "", 4, 3, 3),
        ("page_size=7", "6543210", 1, 7, 1),
        ("page=0&page_size=0", "6543210", 1, 20, 1),
        ("page=-1&page_size=-5", "6543210", 1, 20, 1),
        ("page_size=1000", "6543210", 1, 100, 1),
        ("page=9223372036854775807&page_size=100", "", i64::MAX, 100, 1),
    ] {
        let told = get(&app, admin, &format!("/tickets?{query}")).await;
        assert_eq!(titles(&told).concat(), want, "{query}");
        assert_eq!(
            told["pagination"],
            json!({ "total": 7, "page": page, "page_size": size, "total_pages": pages }),
            "{query}"
        );
    }
}

async fn statements(app: &TestApp, token: &str, path: &str) -> u64 {
    app.statements(async || drop(get(app, token, path).await)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_takes_few_statements_however_long_it_is() {
    each_backend(|app| async move {
        let mut last = 0;
        for n in 0..20 {
            let by = if n % 2 == 0 { &app.user } else { &app.stranger };
            last = open(&app, &by.token, &n.to_string()).await;
            let to = json!({ "assignee_id": if n % 2 == 0 { app.agent.id.0 } else { app.supervisor.id.0 } });
            send(&app, &app.admin.token, Method::POST, &format!("/tickets/{last}/assign"), to).await;
            send(&app, &app.admin.token, Method::POST, &format!("/tickets/{last}/comments"), json!({ "content": "x" }))
                .await;
        }
        for token in [&app.admin.token, &app.agent.token, &app.user.token] {
            for query in ["", "&status=open", "&priority=high&sort_by=priority"] {
                let few = statements(&app, token, &format!("/tickets?page_size=2{query}")).await;
                let many = statements(&app, token, &format!("/tickets?page_size=20{query}")).await;
                assert!(few == many && many <= 3, "{few} and {many} statements for a list {query}");
            }
        }
        let detail = statements(&app, &app.admin.token, &format!("/tickets/{last}")).await;
        let comments = statements(&app, &app.admin.token, &format!("/tickets/{last}/comments")).await;
        assert!(detail <= 2 && comments <= 2, "{detail} for a ticket, {comments} for its comments");
    })
    .await;
}
