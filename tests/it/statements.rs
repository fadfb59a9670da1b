//! How many SQL statements an operation takes: a fixed number, however long the lists in it are.

use crate::app::{TestApp, each_backend};
use serde_json::{Value, json};

async fn statements(app: &TestApp, token: &str, query: &str, variables: Value) -> u64 {
    app.statements(async || drop(app.data(token, query, variables.clone()).await)).await
}

const LIST: &str = "query($ids: [ID!]) { tickets(first: 20, filter: {ids: $ids}) {
    edges { cursor node { id title status requester { name } assignee { name role } category { key parent { key } } description
        comments(first: 5) { nodes { body author { name } attachments { filename } } } } }
    pageInfo { hasNextPage endCursor } totalCount asOf } }";

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_asks_once_per_row() {
    each_backend(|app| async move { count(&app).await }).await;
}

async fn count(app: &TestApp) {
    let admin = &app.admin.token;
    let mut ids = Vec::new();
    for n in 0..20 {
        let by = if n % 2 == 0 { &app.user } else { &app.stranger };
        let input = json!({ "title": format!("ticket {n}"), "description": "x", "categoryKey": if n % 3 == 0 { "technical" } else { "billing" } });
        let ticket = app.done(&by.token, "openTicket", "ticket { id }", input).await["ticket"].take();
        let assignee = if n % 2 == 0 { &app.agent } else { &app.supervisor };
        app.done(admin, "assignTicket", "ticket { id }", json!({ "id": ticket["id"], "assignee": assignee.global() }))
            .await;
        for (token, body) in [(&by.token, "question"), (admin, "answer")] {
            app.comment(token, &ticket, body).await;
        }
        ids.push(ticket["id"].clone());
    }

    for (name, person) in [("administrator", &app.admin), ("agent", &app.agent), ("user", &app.user)] {
        let few = statements(app, &person.token, LIST, json!({ "ids": &ids[..5] })).await;
        let many = statements(app, &person.token, LIST, json!({ "ids": &ids })).await;
        assert_eq!(few, many, "{name}: five tickets and twenty");
        assert!(many <= 8, "{name}: {many} statements for a list");
        println!("list, {name}: {many}");
    }

    let detail = "query($id: ID!) { ticket(id: $id) { title description status requester { name } assignee { name } category { name }
        comments(first: 50) { nodes { body author { name } createdAt } } } }";
    let detail = statements(app, admin, detail, json!({ "id": ids[0] })).await;
    assert!(detail <= 5, "{detail} statements for a ticket with its comments");

    // Comments that were edited, with their earlier texts; deliveries are read in the same way.
    let versions = "query($id: ID!) { ticket(id: $id) { comments(first: 50) { nodes { body versions { body replacedBy { name } } } } } }";
    let mut asked = Vec::new();
    for (at, edits) in [(0, 2), (1, 12)] {
        let ticket = json!({ "id": ids[at] });
        for n in 0..edits {
            let made = app.comment(admin, &json!({ "id": ids[at] }), &format!("b{n}")).await;
            let edit = json!({ "id": made["id"], "body": format!("c{n}") });
            app.done(admin, "editComment", "comment { id }", edit).await;
        }
        asked.push(statements(app, admin, versions, ticket).await);
    }
    assert_eq!(asked[0], asked[1], "earlier texts of two comments and of twelve");

    let users = "query($first: Int) { users(first: $first) { nodes { id name email identities { channel } } pageInfo { hasNextPage } } }";
    let few = statements(app, admin, users, json!({ "first": 2 })).await;
    let many = statements(app, admin, users, json!({ "first": 20 })).await;
    assert_eq!(few, many, "users");
    assert!(many <= 4, "{many} statements for the users");
    let users = many;

    let history = "query($id: ID!, $first: Int) { ticket(id: $id) { history(first: $first) { nodes { type by { name user { name } } ticket { title } comment { body } changes { field } } } } }";
    let few = statements(app, admin, history, json!({ "id": ids[0], "first": 1 })).await;
    let many = statements(app, admin, history, json!({ "id": ids[0], "first": 50 })).await;
    // A page of one may hold no comment to look for.
    assert!(many <= few + 2 && many <= 8, "{few} and {many} statements for the history");
    let history = many;

    let notices = "query($first: Int) { notifications(first: $first) { nodes { type ticket { title requester { name } } } } unreadCount }";
    let few = statements(app, &app.agent.token, notices, json!({ "first": 2 })).await;
    let many = statements(app, &app.agent.token, notices, json!({ "first": 20 })).await;
    assert_eq!(few, many, "notifications");
    assert!(many <= 6, "{many} statements for the notifications");
    let statistics = statements(app, admin, "{ statistics { total byStatus { status count } } }", json!({})).await;
    assert!(statistics <= 4, "{statistics} statements for the statistics");
    println!("statistics {statistics}, detail {detail}, users {users}, history {history}, notifications {many}");
}
