//! `GET /api/tickets`: each parameter in each spelling, pages, what each role sees, and how many statements it takes.

use super::{category, code, open, post, titles};
use crate::api::items;
use crate::app::{TestApp, each_backend};
use crate::helpdesk::{get, refused};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_does_what_it_says() {
    each_backend(|app| async move { parameters(&app).await }).await;
}

async fn parameters(app: &TestApp) {
    let support = category(app, "technical", None, None).await;
    let (user, admin) = (&app.user.token, &app.admin.token);
    let mut ids = Vec::new();
    for (title, by, form) in [
        (
            "a",
            user,
            json!({ "priority": "low", "type": "incident", "tags": ["x", "y"], "due_date": "2026-01-09T00:00:00Z" }),
        ),
        (
            "b",
            user,
            json!({ "priority": "urgent", "tags": ["x"], "description": "登录失败，请帮忙", "category_id": support }),
        ),
        ("c", &app.stranger.token, json!({ "type": "complaint", "due_date": "2026-01-01T00:00:00Z" })),
    ] {
        app.clock.advance(1_000);
        ids.push(open(app, by, title, form).await);
    }
    let [a, b, c] = ids[..] else { panic!() };
    post(app, admin, b, "assign", json!({ "assigned_to_id": app.agent.id.0 })).await;
    post(app, admin, a, "status", json!({ "status": "pending" })).await;
    let (me, agent) = (app.user.id.0, app.agent.id.0);
    for (query, wanted) in [
        (String::new(), "c b a"),
        ("order=asc".to_owned(), "a b c"),
        ("status=open".to_owned(), "c b"),
        ("status=open,pending".to_owned(), "c b a"),
        ("status=closed".to_owned(), ""),
        ("priority=urgent,low".to_owned(), "b a"),
        ("type=incident,complaint".to_owned(), "c a"),
        (format!("assigned_to_id={agent}"), "b"),
        (format!("assigned_to={agent}"), "b"),
        (format!("created_by_id={me}"), "b a"),
        (format!("created_by={me}"), "b a"),
        (format!("category_id={support}"), "b"),
        (format!("ids={a},{c}"), "c a"),
        ("tags=x".to_owned(), "b a"),
        ("search=%E7%99%BB%E5%BD%95".to_owned(), "b"),
        ("q=%E7%99%BB%E5%BD%95".to_owned(), "b"),
        ("unassigned=true".to_owned(), "c a"),
        ("is_overdue=true".to_owned(), "c"),
        ("is_overdue=false".to_owned(), "b a"),
        ("sla_breached=true".to_owned(), ""),
        ("assigned_to_me=true".to_owned(), ""),
        ("sort=priority&order=asc".to_owned(), "a c b"),
        ("sort_by=due_date&sort_order=asc".to_owned(), "c a b"),
        ("sort=created_at:asc".to_owned(), "a b c"),
        ("sort=%5B%22id%22%2C%22ASC%22%5D&range=%5B0%2C24%5D".to_owned(), "a b c"),
        ("sort=updated_at&order=desc".to_owned(), "c a b"),
        ("filter=%7B%22status%22%3A%5B%22pending%22%5D%7D".to_owned(), "a"),
        (format!("filter=%7B%22ids%22%3A%5B{b}%5D%2C%22q%22%3A%22%22%7D"), "b"),
        ("range=1d".to_owned(), "c b a"),
        ("status=&priority=&unknown=1".to_owned(), "c b a"),
    ] {
        let told = get(app, admin, &format!("/tickets?{query}")).await;
        let wanted: Vec<&str> = wanted.split(' ').filter(|title| !title.is_empty()).collect();
        if query.contains("updated_at") {
            // The last two were changed in the same instant.
            assert_eq!(titles(&told).len(), wanted.len());
            continue;
        }
        assert_eq!(titles(&told), wanted, "{query}");
        assert_eq!(
            (&told["total"], &told["pagination"]["total"]),
            (&json!(wanted.len()), &json!(wanted.len())),
            "{query}"
        );
    }
    let mine = get(app, &app.agent.token, "/tickets?assigned_to_me=true").await;
    assert_eq!(titles(&mine), ["b"]);
    for (query, wanted, pages) in
        [("page=1&limit=2", "c b", 2), ("page=2&page_size=2", "a", 2), ("page=9&limit=2", "", 2)]
    {
        let told = get(app, admin, &format!("/tickets?{query}")).await;
        assert_eq!(titles(&told).join(" "), wanted, "{query}");
        assert_eq!((&told["pagination"]["pages"], &told["total"]), (&json!(pages), &json!(3)));
    }
    for bad in [
        "status=new",
        "priority=medium",
        "type=x",
        "assigned_to_id=x",
        "sort=colour",
        "order=up",
        "filter=x",
        "page=x",
        "range=1y",
    ] {
        let told = refused(app, admin, Method::GET, &format!("/tickets?{bad}"), None).await;
        assert_eq!(told, code(400, "VALIDATION_FAILED"), "{bad}");
    }
    // A user sees their own, an agent theirs and nobody's.
    for (token, wanted) in
        [(user, "b a"), (&app.stranger.token, "c"), (&app.agent.token, "c b a"), (&app.supervisor.token, "c b a")]
    {
        assert_eq!(titles(&get(app, token, "/tickets").await).join(" "), wanted);
    }
    post(app, admin, c, "assign", json!({ "assigned_to_id": app.supervisor.id.0 })).await;
    assert_eq!(titles(&get(app, &app.agent.token, "/tickets").await).join(" "), "b a");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_once_per_row() {
    each_backend(|app| async move { statements(&app).await }).await;
}

async fn statements(app: &TestApp) {
    let support = category(app, "technical", None, None).await;
    let mut last = 0;
    for n in 0..20 {
        let by = if n % 2 == 0 { &app.user } else { &app.stranger };
        let form = if n % 3 == 0 { json!({ "category_id": support }) } else { json!({}) };
        last = open(app, &by.token, &format!("t{n}"), form).await;
        let to = if n % 2 == 0 { &app.agent } else { &app.supervisor };
        let form = json!({ "assigned_to_id": to.id.0, "comment": "x" });
        post(app, &app.admin.token, last, "assign", form).await;
    }
    for n in 0..30 {
        let by = if n % 2 == 0 { &app.admin } else { &app.supervisor };
        post(app, &by.token, last, "comments", json!({ "content": format!("c{n}") })).await;
    }
    let asked = async |token: &str, path: &str| app.statements(async || drop(get(app, token, path).await)).await;
    for (name, person) in [("administrator", &app.admin), ("agent", &app.agent), ("user", &app.user)] {
        let few = asked(&person.token, "/tickets?limit=2&sort=priority").await;
        let many = asked(&person.token, "/tickets?limit=20&sort=priority").await;
        assert_eq!(few, many, "{name}: two tickets and twenty");
        assert!(many <= 6, "{name}: {many} statements for a list");
        println!("list, {name}: {many}");
        for path in ["my-tickets", "unassigned", "overdue", "sla-breach"] {
            let many = asked(&person.token, &format!("/tickets/{path}?limit=20")).await;
            assert!(many <= 8, "{name}: {many} statements for {path}");
        }
        let stats = asked(&person.token, "/tickets/stats").await;
        assert!(stats <= 16, "{name}: {stats} statements for the statistics");
        println!("statistics, {name}: {stats}");
    }
    let whole = asked(&app.admin.token, &format!("/tickets/{last}")).await;
    assert!(whole <= 4, "{whole} statements for a ticket");
    let few = asked(&app.admin.token, &format!("/tickets/{last}/history?limit=1")).await;
    let many = asked(&app.admin.token, &format!("/tickets/{last}/history")).await;
    assert_eq!(few, many, "history");
    let comments = asked(&app.admin.token, &format!("/tickets/{last}/comments")).await;
    assert!(many <= 4 && comments <= 4, "{many} statements for the history, {comments} for the comments");
    println!("detail {whole}, history {many}, comments {comments}");
    assert_eq!(items(&get(app, &app.admin.token, &format!("/tickets/{last}")).await["data"]["comments"]).len(), 31);
}
