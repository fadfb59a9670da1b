//! What the GraphQL surface refuses, and how: introspection switched off, depth, cost, persisted queries, bad requests;
//! and that no error shows what is inside.

use crate::api::Api;
use crate::app::TestApp;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn introspection_can_be_switched_off() {
    let on = TestApp::start().await;
    let query = "{ __schema { queryType { name } } }";
    assert_eq!(on.data("", query, json!({})).await["__schema"]["queryType"]["name"], "Query");
    let off = TestApp::with(&[("graphql.introspection", "false"), ("graphql.playground", "false")]).await;
    let answer = off.graphql(&off.admin.token, query, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTROSPECTION_DISABLED", "{answer}");
    let hidden = "query { ...Hidden } fragment Hidden on Query { a: __type(name: \"Ticket\") { name } }";
    assert_eq!(off.code("", hidden, json!({})).await, "INTROSPECTION_DISABLED");
    assert_eq!(
        off.data("", "{ __typename serverInfo { introspection } }", json!({})).await["serverInfo"]["introspection"],
        false
    );
    assert_eq!(off.get("", "/playground").await.status(), 404);
    assert_eq!(
        off.get("", "/").await.text().await.unwrap(),
        "工单管理系统 (Echodesk). GraphQL is served at /graphql.\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_deep_or_too_dear_is_refused_and_the_cost_is_told() {
    let app = TestApp::with(&[("graphql.max_depth", "8"), ("graphql.max_complexity", "500")]).await;
    let agent = &app.agent.token;
    let plain = app.graphql(agent, "{ tickets(first: 10) { nodes { id title } } }", json!({})).await;
    let cost = plain["extensions"]["cost"].clone();
    assert!(!cost.is_null(), "{plain}");
    let dear =
        "query($first: Int) { tickets(first: $first) { nodes { id comments(first: 50) { nodes { id body } } } } }";
    assert_eq!(app.code(agent, dear, json!({ "first": 100 })).await, "QUERY_TOO_COMPLEX");
    let answer = app.graphql(agent, dear, json!({ "first": 2 })).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let deep = "{ tickets(first: 1) { nodes { follows { follows { follows { follows { follows { follows { id } } } } } } } } }";
    assert_eq!(app.code(agent, deep, json!({})).await, "QUERY_TOO_DEEP");
    // Aliases don't make it cheaper.
    let alias: String = (0..60).map(|n| format!("a{n}: tickets(first: 5) {{ nodes {{ id title }} }} ")).collect();
    let code = app.code(agent, &format!("{{ {alias} }}"), json!({})).await;
    assert_eq!(code, "QUERY_TOO_COMPLEX");
}

#[tokio::test(flavor = "multi_thread")]
async fn persisted_queries_are_remembered_by_their_hash() {
    let app = TestApp::start().await;
    let query = "query Remembered { __typename }";
    let hash: String = ring::digest::digest(&ring::digest::SHA256, query.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let ask = async |body: Value| app.post("", &body).await.unwrap().json::<Value>().await.unwrap();
    let unknown = ask(json!({ "extensions": extensions })).await;
    assert_eq!(unknown["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
    assert_eq!(ask(json!({ "query": query, "extensions": extensions })).await["data"]["__typename"], "Query");
    assert_eq!(ask(json!({ "extensions": extensions })).await["data"]["__typename"], "Query");
    let wrong = ask(json!({ "query": "{ asOf }", "extensions": extensions })).await;
    assert_eq!(wrong["errors"][0]["extensions"]["code"], "BAD_REQUEST");
    let off = TestApp::with(&[("graphql.persisted_queries", "0")]).await;
    let refused: Value = off.post("", &json!({ "extensions": extensions })).await.unwrap().json().await.unwrap();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_SUPPORTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_answered_clearly_and_changes_nothing() {
    let app = TestApp::start().await;
    let token = &app.user.token;
    let before = app.as_of(&app.admin.token).await;
    for (body, status, code) in [
        ("", 400, "BAD_REQUEST"),
        ("{", 400, "BAD_REQUEST"),
        ("[1]", 400, ""),
        ("17", 400, "BAD_REQUEST"),
        (r#"{"query":1}"#, 400, "BAD_REQUEST"),
        (r#"{"query":"{ a"}"#, 200, "GRAPHQL_PARSE_FAILED"),
        (r#"{"query":"{ nowhere }"}"#, 200, "GRAPHQL_VALIDATION_FAILED"),
        (
            r#"{"query":"mutation { openTicket(input: { title: 7, description: \"d\" }) { ticket { id } } }"}"#,
            200,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            r#"{"query":"mutation { openTicket(input: { title: \"t\", description: \"d\", surprise: 1 }) { ticket { id } } }"}"#,
            200,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            r#"{"query":"mutation { addComment(input: { body: \"t\" }) { comment { id } } }"}"#,
            200,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (r#"{"query":"query($id: ID!) { ticket(id: $id) { id } }","variables":{"id":{}}}"#, 200, ""),
    ] {
        let answer = app
            .http
            .post(app.at("/graphql"))
            .bearer_auth(token)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{body}");
        let answer: Value = answer.json().await.unwrap();
        let error = &answer["errors"][0];
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}: {answer}");
        assert!(code.is_empty() || error["extensions"]["code"] == code, "{body}: {answer}");
        assert!(error["extensions"]["code"].is_string(), "{body}: {answer}");
    }
    let get = app
        .http
        .get(app.at("/graphql"))
        .query(&[("query", "mutation { signOut { signedOut } }")])
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!((get.status().as_u16(), get.headers()["allow"].to_str().unwrap()), (405, "POST"));
    let forged = [
        token[..token.len() - 1].to_owned(),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.".to_owned(),
        "x".repeat(5_000),
        "工单".to_owned(),
    ];
    for token in forged {
        let answer = app
            .http
            .post(app.at("/graphql"))
            .header("authorization", format!("Bearer {token}").into_bytes())
            .json(&json!({ "query": "{ me { id } }" }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401, "{token}");
    }
    let long = "x".repeat(2 << 20);
    // By a client of its own: the server may hang up while the rest is still being sent.
    if let Ok(answer) =
        Api::new(app.url.clone()).post(token, &json!({ "query": "{ __typename }", "variables": { "x": long } })).await
    {
        assert_eq!(answer.status(), 413);
    }
    let typed = app
        .http
        .post(app.at("/graphql"))
        .bearer_auth(token)
        .header(CONTENT_TYPE, "text/plain")
        .body(r#"{"query":"{ __typename }"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(typed.status(), 415);
    assert_eq!(app.get(token, "/nowhere").await.json::<Value>().await.unwrap()["error"]["code"], "NOT_FOUND");
    assert_eq!(app.as_of(&app.admin.token).await, before, "nothing happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_databases_dislike_is_taken_or_refused_but_breaks_nothing() {
    crate::app::each_backend(|app| async move {
        for title in ["nul \u{0} inside", "quote ' \" ; -- \\", "%_*", "emoji 🎫🧾", "\u{202e}rtl", "a\u{301}"] {
            let input = json!({ "title": title, "description": title, "tags": [title], "customFields": { "k": title } });
            let text = "mutation($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id title } userErrors { code field } } }";
            let answer = app.graphql(&app.user.token, text, json!({ "input": input })).await;
            assert!(answer.get("errors").is_none(), "{title:?}: {answer}");
            let search = "query($words: String) { tickets(search: $words) { nodes { id } } }";
            let found = app.graphql(&app.user.token, search, json!({ "words": title })).await;
            let inside = found["errors"][0]["extensions"]["code"] == "INTERNAL";
            assert!(!inside, "{title:?}: {found}");
        }
    })
    .await;
}

/// The database goes away under the server: callers learn that it failed, and nothing of how.
#[tokio::test(flavor = "multi_thread")]
async fn errors_never_show_what_is_inside() {
    let app = TestApp::start().await;
    let ticket = app.open_ticket(&app.user.token, "one").await;
    app.engine.close().await;
    let query = "query($id: ID!) { ticket(id: $id) { title comments { nodes { body } } } }";
    let read = app.graphql(&app.user.token, query, json!({ "id": ticket["id"] })).await;
    let text =
        r#"mutation { openTicket(input: { title: "t", description: "d" }) { ticket { id } userErrors { message } } }"#;
    let write = app.graphql(&app.user.token, text, json!({})).await;
    for answer in [read, write] {
        assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{answer}");
        let shown = answer.to_string().to_lowercase();
        for inside in ["sql", "pool", "select", "database", "panick", "/tmp", ".rs"] {
            assert!(!shown.contains(inside), "{inside}: {shown}");
        }
    }
    assert_eq!(app.get("", "/healthz").await.status(), 200);
    let ready = app.get("", "/readyz").await;
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["ready"], false);
    app.left_as_it_is();
}
