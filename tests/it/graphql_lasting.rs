//! Lists that are answered with the text that they were answered with before: for as long as it is true, and to nobody else.

use crate::api::soon;
use crate::app::{TestApp, each_backend};
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
