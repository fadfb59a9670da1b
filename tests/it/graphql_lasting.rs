//! Lists that are answered with the text that they were answered with before, and streams that share the text of their items: for
//! as long as it is true, and with nobody else.

use crate::api::soon;
use crate::app::{TestApp, each_backend};
use crate::live::Live;
use engine::{Caller, Engine, Options};
use model::people::ProfileInput;
use serde_json::{Value, json};

const LIST: &str = "query List($filter: TicketFilterInput) { tickets(first: 20, filter: $filter) {
    nodes { id title status requester { name } assignee { email } } totalCount } }";

async fn titles(app: &TestApp, token: &str, filter: Value) -> Vec<String> {
    let list = app.data(token, LIST, json!({ "filter": filter })).await;
    let nodes = list["tickets"]["nodes"].as_array().unwrap();
    assert_eq!(list["tickets"]["totalCount"], nodes.len());
    nodes.iter().map(|ticket| ticket["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_kept_is_true_and_its_readers_own() {
    each_backend(|app| async move {
        let (admin, user, stranger) = (&app.admin.token, &app.user.token, &app.stranger.token);
        let all = json!({});
        let ticket = app.open_ticket(user, "first").await;
        let asked = app.statements(async || drop(titles(&app, admin, json!({})).await)).await;
        assert_eq!(asked, 1, "the log's last place, and nothing else");
        let answer = app.graphql(admin, LIST, json!({ "filter": all })).await;
        assert_eq!(answer, app.graphql(admin, LIST, json!({ "filter": all })).await);
        assert!(answer["extensions"]["cost"]["complexity"].as_i64().unwrap() > 20, "{answer}");
        for _ in 0..3 {
            assert_eq!(titles(&app, user, json!({})).await, ["first"]);
            assert!(titles(&app, stranger, json!({})).await.is_empty());
        }
        // Whatever changes of what is in it, it is made anew.
        let id = &ticket["id"];
        app.done(admin, "assignTicket", "ticket { id }", json!({ "id": id, "assignee": app.agent.global() })).await;
        let assigned = app.data(admin, LIST, json!({ "filter": all })).await;
        assert_eq!(assigned["tickets"]["nodes"][0]["assignee"]["email"], "agnes@example.org");
        // Users don't read agents' addresses, however often others have.
        for _ in 0..3 {
            let read = app.data(user, LIST, json!({ "filter": all })).await;
            assert_eq!(read["tickets"]["nodes"][0]["assignee"]["email"], Value::Null);
        }
        app.open_ticket(stranger, "second").await;
        assert_eq!(titles(&app, admin, json!({})).await.len(), 2);
        assert_eq!(titles(&app, user, json!({})).await, ["first"]);
        assert_eq!(titles(&app, stranger, json!({})).await, ["second"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_time_alone_changes_is_not_kept() {
    each_backend(|app| async move {
        let admin = &app.admin.token;
        let due = json!({ "title": "due soon", "description": "x", "dueAt": "2026-01-05T03:00:00Z" });
        app.done(admin, "openTicket", "ticket { id }", due).await;
        let overdue = || json!({ "overdue": true });
        for _ in 0..3 {
            assert!(titles(&app, admin, overdue()).await.is_empty());
        }
        app.clock.advance(2 * model::time::HOUR);
        assert_eq!(titles(&app, admin, overdue()).await, ["due soon"]);
    })
    .await;
}

const STREAM: &str = "subscription Told($after: Cursor) {
    happened: events(after: $after) { type cursor ticketId changes { new field } } }";

/// What is told up to an event about this ticket.
async fn told_until(live: &mut Live, ticket: &Value) -> Vec<Value> {
    let mut told = Vec::new();
    while told.last().is_none_or(|last: &Value| last["ticketId"] != ticket["id"]) {
        told.push(live.next().await["happened"].take());
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_streams_are_told_alike_and_others_what_is_theirs() {
    each_backend(|app| async move {
        let (admin, user, stranger) = (&app.admin.token, &app.user.token, &app.stranger.token);
        let after = json!({ "after": app.as_of(admin).await });
        let mut equal = [app.live(admin, STREAM, after.clone()).await, app.live(admin, STREAM, after.clone()).await];
        let mut events = app.sse(admin, STREAM, after.clone()).await;
        let mut own = app.live(user, STREAM, after.clone()).await;
        let first = app.open_ticket(user, "first").await;
        let urgent = json!({ "id": first["id"], "priority": "URGENT" });
        app.done(admin, "setPriority", "ticket { id }", urgent).await;
        let second = app.open_ticket(stranger, "second").await;
        let third = app.open_ticket(user, "third").await;
        // One that comes later replays what the others have had, more of it than is kept.
        for n in 0..20 {
            app.open_ticket(user, &format!("more {n}")).await;
        }
        let mut later = app.live(admin, STREAM, after).await;
        let [one, other] = &mut equal;
        let told = told_until(one, &third).await;
        let words: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(words, ["TICKET_OPENED", "PRIORITY_CHANGED", "TICKET_OPENED", "TICKET_OPENED"]);
        assert_eq!(told[1]["changes"], json!([{ "new": "URGENT", "field": "priority" }]));
        assert_eq!(told_until(other, &third).await, told);
        assert_eq!(told_until(&mut later, &third).await, told);
        for event in &told {
            let next = events.next().await;
            assert_eq!((next.id.as_deref(), &next.result["data"]["happened"]), (event["cursor"].as_str(), event));
        }
        let mine = told_until(&mut own, &third).await;
        assert!(mine.iter().all(|event| event["ticketId"] != second["id"]), "{mine:?}");
        assert_eq!(mine.first(), told.first());
    })
    .await;
}

/// The row is new at once, and what this process has in memory of people a moment later: what was made in between must not stay.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_changed_of_a_person_is_soon_in_every_answer() {
    each_backend(|app| async move {
        let other = Engine::start(Options::new(&app.home.database_url, app.home.data_dir())).await.unwrap();
        app.open_ticket(&app.user.token, "first").await;
        for n in 0..20 {
            let name = format!("Name {n}");
            let profile = ProfileInput { display_name: Some(name.clone()), ..ProfileInput::default() };
            other.edit_profile(&Caller::system("test"), app.user.id, profile).await.unwrap();
            let seen = async {
                while app.data(&app.admin.token, LIST, json!({ "filter": {} })).await["tickets"]["nodes"][0]["requester"]
                    ["name"]
                    != name.as_str()
                {}
            };
            soon(seen).await;
        }
        other.close().await;
    })
    .await;
}
