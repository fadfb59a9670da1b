//! GraphQL over HTTP: payloads, errors as data, idempotency, versions, nodes, paging, places in the log, who sees what.

use crate::api::{each, items};
use crate::app::{TestApp, each_backend};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_has_the_object_the_errors_and_the_clients_own_id() {
    let app = TestApp::start().await;
    let input = json!({
        "title": "按钮不见了", "description": "看不到", "priority": "HIGH", "type": "bug", "tags": ["ui", "急"],
        "customFields": { "os": "linux" }, "customer": { "name": "Li", "email": "Li@Example.net" }, "clientMutationId": "one",
    });
    let opened = app
        .done(&app.user.token, "openTicket", "ticket { id databaseId number numbers { daily yearly legacy } title description status priority type tags customFields customer { name email } requester { id } version createdAt responseDueAt source channel }", input)
        .await;
    let ticket = &opened["ticket"];
    assert_eq!(opened["clientMutationId"], "one");
    assert_eq!(ticket["id"], format!("ticket_{}", ticket["databaseId"]));
    assert_eq!(
        (&ticket["status"], &ticket["priority"], &ticket["type"]),
        (&json!("NEW"), &json!("HIGH"), &json!("bug"))
    );
    assert_eq!(ticket["number"], "TK-2026-001");
    assert_eq!(ticket["numbers"]["daily"], "T-20260105-0001");
    assert!(ticket["numbers"]["legacy"].as_str().unwrap().starts_with("2026-01-05-"), "{ticket:#}");
    assert_eq!(ticket["tags"], json!(["ui", "急"]));
    assert_eq!(ticket["customFields"], json!({ "os": "linux" }));
    assert_eq!(ticket["requester"]["id"], app.user.global());
    assert_eq!(ticket["createdAt"], "2026-01-05T02:00:00Z");
    assert_eq!(ticket["responseDueAt"], "2026-01-05T06:00:00Z", "four hours for high priority");
    assert_eq!((&ticket["source"], &ticket["channel"]), (&json!("WEB"), &json!("WEB")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_data_with_a_code_and_a_field() {
    let app = TestApp::start().await;
    let (admin, user) = (&app.admin.token, &app.user.token);
    let ticket = app.open_ticket(user, "one").await;
    let id = &ticket["id"];
    let long = "x".repeat(201);
    for (token, mutation, fields, input, code, field) in [
        (user, "openTicket", "ticket { id }", json!({ "title": "", "description": "d" }), "INVALID", json!("title")),
        (user, "openTicket", "ticket { id }", json!({ "title": long, "description": "d" }), "INVALID", json!("title")),
        (
            user,
            "openTicket",
            "ticket { id }",
            json!({ "title": "t", "description": " " }),
            "INVALID",
            json!("description"),
        ),
        (
            user,
            "openTicket",
            "ticket { id }",
            json!({ "title": "t", "description": "d", "categoryKey": "nowhere" }),
            "INVALID",
            json!("category"),
        ),
        (
            admin,
            "changeStatus",
            "ticket { id }",
            json!({ "id": id, "status": "RESOLVED" }),
            "INVALID_STATUS_TRANSITION",
            json!("status"),
        ),
        (
            admin,
            "changeStatus",
            "ticket { id }",
            json!({ "id": "comment_1", "status": "OPEN" }),
            "INVALID",
            json!("id"),
        ),
        (
            admin,
            "changeStatus",
            "ticket { id }",
            json!({ "id": "ticket_999", "status": "OPEN" }),
            "NOT_FOUND",
            Value::Null,
        ),
        (user, "changeStatus", "ticket { id }", json!({ "id": id, "status": "OPEN" }), "FORBIDDEN", Value::Null),
        (admin, "rateTicket", "ticket { id }", json!({ "id": id, "rating": 5 }), "FORBIDDEN", Value::Null),
        (
            user,
            "addComment",
            "comment { id }",
            json!({ "ticket": id, "body": "x", "visibility": "INTERNAL" }),
            "FORBIDDEN",
            Value::Null,
        ),
        (user, "setRole", "user { id }", json!({ "id": app.admin.global(), "role": "USER" }), "NOT_FOUND", Value::Null),
        (
            &app.supervisor.token,
            "setRole",
            "user { id }",
            json!({ "id": app.admin.global(), "role": "USER" }),
            "FORBIDDEN",
            Value::Null,
        ),
        (admin, "createCategory", "category { id }", json!({ "key": "a b", "name": "n" }), "INVALID", json!("key")),
    ] {
        let payload = app.payload(token, mutation, fields, input.clone()).await;
        let error = &payload["userErrors"][0];
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &field), "{mutation} {input}: {payload}");
        assert!(error["message"].as_str().unwrap().len() > 5, "{payload}");
        let object = fields.split(' ').next().unwrap();
        assert_eq!(payload[object], Value::Null, "{mutation} {input}");
    }
    // Several faults are told together.
    let both = app.payload(user, "openTicket", "ticket { id }", json!({ "title": "", "description": "" })).await;
    let mut fields: Vec<&str> =
        each(&both["userErrors"], "field").into_iter().map(|field| field.as_str().unwrap()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["description", "title"]);
    // Nobody may do nothing.
    assert_eq!(app.code("", "{ tickets { totalCount } }", json!({})).await, "UNAUTHENTICATED");
    let open = r#"mutation { openTicket(input: { title: "t", description: "d" }) { ticket { id } } }"#;
    assert_eq!(app.code("", open, json!({})).await, "UNAUTHENTICATED");
    assert_eq!(
        app.data(admin, "{ tickets { totalCount } }", json!({})).await["tickets"]["totalCount"],
        1,
        "nothing was changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_mutation_is_answered_once_more_and_not_done_once_more() {
    each_backend(|app| async move {
        let open = |token: String, key: &str, title: &str| {
            let input = json!({ "title": title, "description": "d", "clientMutationId": key });
            let app = &app;
            async move { app.done(&token, "openTicket", "ticket { id title }", input).await["ticket"].take() }
        };
        let user = || app.user.token.clone();
        let first = open(user(), "k", "one").await;
        assert_eq!(open(user(), "k", "one").await, first);
        assert_ne!(open(user(), "other", "one").await["id"], first["id"]);
        assert_ne!(
            open(app.stranger.token.clone(), "k", "theirs").await["id"],
            first["id"],
            "keys are each caller's own"
        );
        // At the same time, too.
        let many = futures_util::future::join_all((0..10).map(|_| open(user(), "burst", "burst"))).await;
        assert!(many.iter().all(|ticket| *ticket == many[0]));
        let say = json!({ "ticket": first["id"], "body": "once", "clientMutationId": "say" });
        for _ in 0..2 {
            app.done(&app.user.token, "addComment", "comment { id }", say.clone()).await;
        }
        let query = "query($id: ID!) { ticket(id: $id) { commentCount } tickets { totalCount } }";
        let seen = app.data(&app.user.token, query, json!({ "id": first["id"] })).await;
        assert_eq!((&seen["ticket"]["commentCount"], &seen["tickets"]["totalCount"]), (&json!(1), &json!(3)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_seen_an_old_version_is_told() {
    let app = TestApp::start().await;
    let ticket = app.open_ticket(&app.user.token, "one").await;
    let edit = |version: Value, title: &str| json!({ "id": ticket["id"], "title": title, "expectedVersion": version });
    let edited = app
        .done(&app.agent.token, "editTicket", "ticket { title version }", edit(ticket["version"].clone(), "two"))
        .await;
    assert!(edited["ticket"]["version"].as_i64() > ticket["version"].as_i64());
    let stale =
        app.payload(&app.agent.token, "editTicket", "ticket { id }", edit(ticket["version"].clone(), "three")).await;
    assert_eq!(stale["userErrors"][0]["code"], "CONFLICT", "{stale}");
    assert_eq!(stale["ticket"], Value::Null);
    let fresh = app
        .payload(&app.agent.token, "editTicket", "ticket { title }", edit(edited["ticket"]["version"].clone(), "three"))
        .await;
    assert_eq!(fresh["ticket"]["title"], "three");
    let without = json!({ "id": ticket["id"], "priority": "LOW" });
    app.done(&app.agent.token, "setPriority", "ticket { id }", without).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_found_by_their_ids_and_only_by_those_who_may() {
    let app = TestApp::start().await;
    let ticket = app.open_ticket(&app.user.token, "one").await;
    let comment = app.comment(&app.user.token, &ticket, "hello").await;
    let categories = app.data(&app.user.token, "{ categories { id } }", json!({})).await;
    let category = &categories["categories"][0]["id"];
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Ticket { number } ... on Comment { body } ... on User { name email } } }";
    let ids =
        json!([ticket["id"], "ticket_4711", comment["id"], app.user.global(), category, "session_1", ticket["id"]]);
    let mine = app.data(&app.user.token, query, json!({ "ids": ids })).await["nodes"].take();
    let kinds: Vec<Value> = items(&mine).iter().map(|node| node["__typename"].clone()).collect();
    assert_eq!(json!(kinds), json!(["Ticket", null, "Comment", "User", "Category", null, "Ticket"]));
    assert_eq!(mine[3]["email"], "ulla@example.org");
    let theirs = app.data(&app.stranger.token, query, json!({ "ids": ids })).await["nodes"].take();
    assert_eq!((&theirs[0], &theirs[2], &theirs[3]["email"]), (&Value::Null, &Value::Null, &Value::Null));
    let one = "query($id: ID!) { node(id: $id) { id ... on Ticket { title } } }";
    assert_eq!(app.data(&app.user.token, one, json!({ "id": ticket["id"] })).await["node"]["title"], "one");
    assert_eq!(app.code(&app.user.token, one, json!({ "id": "nonsense" })).await, "INVALID");
    let all = json!({ "ids": (0..101).map(|n| format!("ticket_{n}")).collect::<Vec<_>>() });
    assert_eq!(app.code(&app.user.token, query, all).await, "INVALID");
    // By any of its numbers, and by the bare one.
    let by = "query($id: ID, $number: String) { ticket(id: $id, number: $number) { id } }";
    for (id, number) in [
        (json!(ticket["databaseId"].to_string()), None),
        (Value::Null, Some("TK-2026-001")),
        (Value::Null, Some("T-20260105-0001")),
        (Value::Null, Some("#100001")),
    ] {
        assert_eq!(
            app.data(&app.user.token, by, json!({ "id": id, "number": number })).await["ticket"]["id"],
            ticket["id"],
            "{id} {number:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_both_ways_and_meet() {
    each_backend(|app| async move {
        let user = &app.user.token;
        for n in 0..7 {
            app.open_ticket(user, &format!("t{n}")).await;
        }
        app.open_ticket(&app.stranger.token, "not theirs").await;
        let query = "query($first: Int, $after: String, $last: Int, $before: String) { tickets(first: $first, after: $after, last: $last, before: $before) {
            edges { cursor node { title } } nodes { title } totalCount asOf pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }";
        let page = async |variables: Value| app.data(user, query, variables).await["tickets"].take();
        let titles = |page: &Value| each(&page["nodes"], "title").into_iter().map(|title| title.as_str().unwrap().to_owned()).collect::<Vec<_>>();
        // Forward.
        let (mut all, mut after, mut pages) = (Vec::new(), Value::Null, 0);
        loop {
            let one = page(json!({ "first": 3, "after": after })).await;
            assert_eq!(one["totalCount"], 7);
            assert_eq!(one["edges"][0]["cursor"], one["pageInfo"]["startCursor"]);
            assert_eq!(each(&one["edges"], "cursor").last().unwrap(), &&one["pageInfo"]["endCursor"]);
            all.extend(titles(&one));
            pages += 1;
            after = one["pageInfo"]["endCursor"].clone();
            if one["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        assert_eq!((pages, all.join(" ")), (3, "t6 t5 t4 t3 t2 t1 t0".to_owned()));
        // Backward.
        let (mut all, mut before) = (Vec::new(), Value::Null);
        loop {
            let one = page(json!({ "last": 3, "before": before })).await;
            all.splice(0..0, titles(&one));
            before = one["pageInfo"]["startCursor"].clone();
            if one["pageInfo"]["hasPreviousPage"] == false {
                break;
            }
        }
        assert_eq!(all.join(" "), "t6 t5 t4 t3 t2 t1 t0");
        // Other orders, and comments within a ticket.
        let sorted = "{ tickets(sort: {by: CREATED, direction: ASC}, first: 2) { nodes { title } } }";
        assert_eq!(titles(&app.data(user, sorted, json!({})).await["tickets"]), ["t0", "t1"]);
        for (variables, field) in [(json!({ "first": 101 }), "first"), (json!({ "first": -1 }), "first"), (json!({ "first": 1, "last": 1 }), "last"), (json!({ "first": 1, "after": "nonsense" }), "after")] {
            let answer = app.graphql(user, query, variables.clone()).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "INVALID", "{variables}: {answer}");
            assert!(answer["errors"][0]["extensions"]["field"].is_string(), "{field}: {answer}");
        }
        let ticket = app.open_ticket(user, "talk").await;
        for n in 0..5 {
            app.comment(user, &ticket, &format!("c{n}")).await;
        }
        let talk = "query($id: ID!, $newest: Boolean!, $after: String) { ticket(id: $id) { comments(first: 3, newestFirst: $newest, after: $after) { totalCount nodes { body } pageInfo { endCursor hasNextPage } } } }";
        for (newest, want) in [(false, "c0 c1 c2 c3 c4"), (true, "c4 c3 c2 c1 c0")] {
            let one = app.data(user, talk, json!({ "id": ticket["id"], "newest": newest })).await["ticket"]["comments"].take();
            let next = json!({ "id": ticket["id"], "newest": newest, "after": one["pageInfo"]["endCursor"] });
            let two = app.data(user, talk, next).await["ticket"]["comments"].take();
            let bodies: Vec<&str> = each(&one["nodes"], "body").into_iter().chain(each(&two["nodes"], "body")).map(|body| body.as_str().unwrap()).collect();
            assert_eq!(bodies.join(" "), want);
            assert_eq!((&one["totalCount"], &two["pageInfo"]["hasNextPage"]), (&json!(5), &json!(false)));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_the_stream_after_it_have_no_gap() {
    each_backend(|app| async move {
        let user = app.user.token.clone();
        let writing = async {
            for n in 0..60 {
                app.open_ticket(&user, &format!("n{n}")).await;
            }
        };
        let reading = async {
            let mut all = Vec::new();
            // Snapshots at any moment, each with its stream.
            for _ in 0..6 {
                let query = "{ asOf tickets(first: 100) { asOf nodes { title } } }";
                let snapshot = app.data(&app.agent.token, query, json!({})).await;
                let mut titles: Vec<String> = each(&snapshot["tickets"]["nodes"], "title").into_iter().map(|t| t.as_str().unwrap().to_owned()).collect();
                let after = snapshot["tickets"]["asOf"].clone();
                let text = "subscription($after: Cursor) { events(after: $after, filter: {types: [TICKET_OPENED]}) { ticket { title } } }";
                let mut live = app.live(&app.agent.token, text, json!({ "after": after })).await;
                while !titles.contains(&"n59".to_owned()) {
                    let title = live.next().await["events"]["ticket"]["title"].as_str().unwrap().to_owned();
                    // `asOf` may lie before what the page shows already; applying an event twice is harmless.
                    if !titles.contains(&title) {
                        titles.push(title);
                    }
                }
                titles.sort();
                all.push(titles);
            }
            all
        };
        let ((), all) = tokio::join!(writing, reading);
        for titles in all {
            assert_eq!(titles.len(), 60);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_of_other_logs_and_nonsense_are_refused() {
    let app = TestApp::start().await;
    let text = "subscription($after: Cursor) { events(after: $after) { cursor } }";
    for (after, code) in [("elsewhere.1", "RESYNC_REQUIRED"), ("nonsense", "INVALID")] {
        let live = app.live(&app.agent.token, text, json!({ "after": after })).await;
        assert_eq!(live.refusal().await, code, "{after}");
        let told = app.sse(&app.agent.token, text, json!({ "after": after })).await.event().await.unwrap();
        assert_eq!(told.result["errors"][0]["extensions"]["code"], code, "{after}");
    }
    // A place that does not exist yet is of another log, too.
    let now = app.as_of(&app.agent.token).await;
    let (epoch, seq) = now.rsplit_once('.').unwrap();
    let future = format!("{epoch}.{}", seq.parse::<i64>().unwrap() + 1_000);
    let live = app.live(&app.agent.token, text, json!({ "after": future })).await;
    assert_eq!(live.refusal().await, "RESYNC_REQUIRED");
    // Older than what is kept.
    app.clock.advance(31 * model::time::DAY);
    app.open_ticket(&app.user.token, "much later").await;
    let live = app.live(&app.agent.token, text, json!({ "after": format!("{epoch}.1") })).await;
    assert_eq!(live.refusal().await, "RESYNC_REQUIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tickets_at_once_each_with_its_own_answer() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(app.open_ticket(&app.user.token, &format!("t{n}")).await["id"].clone());
    }
    let mut asked = ids.clone();
    asked.push(json!("ticket_4711"));
    let fields = "results { id ticket { assignee { id } status } userErrors { code } }";
    let assign = json!({ "ids": asked, "assignee": app.agent.global() });
    let done = app.done(&app.supervisor.token, "bulkAssign", fields, assign).await;
    assert_eq!(each(&done["results"], "id"), asked.iter().collect::<Vec<_>>());
    for result in &items(&done["results"])[..3] {
        assert_eq!(result["ticket"]["assignee"]["id"], app.agent.global());
        assert_eq!(result["userErrors"], json!([]));
    }
    assert_eq!(done["results"][3]["userErrors"][0]["code"], "NOT_FOUND");
    let start = json!({ "ids": [ids[0]], "status": "IN_PROGRESS" });
    app.done(&app.agent.token, "bulkChangeStatus", fields, start).await;
    let resolve = json!({ "ids": ids, "status": "RESOLVED" });
    let done = app.done(&app.agent.token, "bulkChangeStatus", fields, resolve).await;
    assert_eq!(done["results"][0]["ticket"]["status"], "RESOLVED", "{done:#}");
    assert_eq!(done["results"][1]["userErrors"][0]["code"], "INVALID_STATUS_TRANSITION", "{done:#}");
    let many: Vec<String> = (0..201).map(|n| format!("ticket_{n}")).collect();
    let refused = app.payload(&app.agent.token, "bulkAssign", fields, json!({ "ids": many })).await;
    assert_eq!(
        (&refused["userErrors"][0]["code"], &refused["userErrors"][0]["field"]),
        (&json!("INVALID"), &json!("ids")),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn users_see_nothing_that_is_for_staff() {
    let app = TestApp::start().await;
    let (user, agent) = (&app.user.token, &app.agent.token);
    let ticket = app.open_ticket(user, "one").await;
    app.done(agent, "editTicket", "ticket { id }", json!({ "id": ticket["id"], "native": { "ec": { "uid": "42" } } }))
        .await;
    app.comment(agent, &ticket, "public answer").await;
    let note = json!({ "ticket": ticket["id"], "body": "between us", "visibility": "INTERNAL" });
    let note = app.done(agent, "addComment", "comment { id }", note).await["comment"].take();
    app.done(
        agent,
        "assignTicket",
        "ticket { id }",
        json!({ "id": ticket["id"], "assignee": app.agent.global(), "reason": "mine" }),
    )
    .await;
    let query = "query($id: ID!) { ticket(id: $id) { native internalCount commentCount assignee { name email phone role loginCount createdAt identities { externalId } }
        requester { email } comments { totalCount nodes { body meta author { name email } } } history(first: 50) { nodes { type reason data comment { body } } } } }";
    let staff = app.data(agent, query, json!({ "id": ticket["id"] })).await["ticket"].take();
    assert_eq!(
        (&staff["native"]["ec"]["uid"], &staff["internalCount"], &staff["comments"]["totalCount"]),
        (&json!("42"), &json!(1), &json!(2))
    );
    assert!(staff.to_string().contains("between us"));
    let theirs = app.data(user, query, json!({ "id": ticket["id"] })).await["ticket"].take();
    assert_eq!((&theirs["native"], &theirs["internalCount"]), (&Value::Null, &Value::Null));
    assert_eq!(theirs["requester"]["email"], "ulla@example.org");
    assert_eq!(theirs["assignee"]["name"], "agnes");
    for field in ["email", "phone", "loginCount", "createdAt"] {
        assert_eq!(theirs["assignee"][field], Value::Null, "{field}");
    }
    assert_eq!(each(&theirs["comments"]["nodes"], "body"), ["public answer"]);
    for hidden in ["between us", "agnes@example.org", "mine", "\"42\""] {
        assert!(!theirs.to_string().contains(hidden), "{hidden}: {theirs:#}");
    }
    assert!(each(&theirs["history"]["nodes"], "data").iter().all(|data| data.is_null()));
    let node = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(app.data(user, node, json!({ "id": note["id"] })).await["node"], Value::Null);
    // Nor is it found by words that only staff have written, or listed by what only staff may list.
    let search = "{ tickets(search: \"between\") { totalCount nodes { id } } }";
    assert_eq!(items(&app.data(user, search, json!({})).await["tickets"]["nodes"]).len(), 0);
    assert_eq!(items(&app.data(agent, search, json!({})).await["tickets"]["nodes"]).len(), 1);
    for query in [
        "{ users { nodes { id } } }",
        "{ staff { nodes { id } } }",
        "{ settings { key } }",
        "{ deliveries { nodes { id } } }",
        "{ quarantine { nodes { id } } }",
        "{ inbound { nodes { id } } }",
    ] {
        assert_eq!(app.code(user, query, json!({})).await, "FORBIDDEN", "{query}");
    }
    // A stream says no more than a query does.
    let text = "subscription { events(after: \"0\") { type data reason comment { body } by { user { email } } ticket { native } } }";
    let mut live = app.live(user, text, json!({})).await;
    app.open_ticket(user, "the end").await;
    let mut seen = Vec::new();
    while seen.iter().filter(|event: &&Value| event["type"] == "TICKET_OPENED").count() < 2 {
        seen.push(live.next().await["events"].take());
    }
    let seen = json!(seen).to_string();
    for hidden in ["between us", "agnes@example.org", "\"42\"", "mine"] {
        assert!(!seen.contains(hidden), "{hidden}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_answered_in_the_order_in_which_they_were_asked_for() {
    let app = TestApp::start().await;
    let root = &app.admin.token;
    app.open_ticket(&app.user.token, "first").await;
    let text =
        "{ tickets { totalCount nodes { comments { totalCount nodes { id } } description id } } me { name } asOf }";
    // Examined, known, and once more.
    for _ in 0..3 {
        let answer = app.post(root, &json!({ "query": text })).await.unwrap().text().await.unwrap();
        let at = |what: &str| answer.find(what).unwrap_or_else(|| panic!("{what} in {answer}"));
        let order =
            ["tickets", "totalCount", "nodes", "comments", "description", "\"id\"", "\"me\"", "asOf", "extensions"];
        assert!(order.windows(2).all(|two| at(two[0]) < at(two[1])), "{answer}");
    }
}
