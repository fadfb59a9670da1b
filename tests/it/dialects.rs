//! One ticket through several dialects: what is done in one is seen in all, each in its own words, on both databases.

use crate::app::{TestApp, each_backend};
use crate::{helpdesk, v1};
use reqwest::Method;
use serde_json::{Value, json};

const TICKET: &str =
    "query($id: ID!) { ticket(id: $id) { title status priority resolution reopened tags escalated version
    rating commentCount assignee { databaseId } comments { nodes { body visibility } } } }";
const EVENTS: &str = "subscription($after: Cursor) { events(after: $after) { type } }";

/// What the three surfaces say of a ticket now.
struct Views {
    v1: Value,
    api: Value,
    graphql: Value,
}

async fn views(app: &TestApp, id: i64) -> Views {
    let token = &app.agent.token;
    let graphql = app.data(token, TICKET, json!({ "id": format!("ticket_{id}") })).await["ticket"].take();
    Views {
        v1: v1::get(app, token, &format!("/tickets/{id}")).await["data"].take(),
        api: helpdesk::get(app, token, &format!("/tickets/{id}")).await["data"].take(),
        graphql,
    }
}

impl Views {
    /// A field by its name in each, and what each says.
    #[track_caller]
    fn say(&self, names: [&str; 3], values: [Value; 3]) {
        let [v1, api, graphql] = names;
        assert_eq!([&self.v1[v1], &self.api[api], &self.graphql[graphql]], values.each_ref(), "{names:?}");
    }

    #[track_caller]
    fn status(&self, v1: &str, api: &str, graphql: &str) {
        self.say(["status"; 3], [json!(v1), json!(api), json!(graphql)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ticket_through_all_dialects() {
    each_backend(|app| async move { through_all(&app).await }).await;
}

async fn through_all(app: &TestApp) {
    let (user, agent) = (&app.user.token, &app.agent.token);
    let begin = app.as_of(agent).await;
    // Opened in one, with what the others have other words for.
    let form = json!({ "title": "登录问题", "description": "无法登录系统，提示密码错误", "type": "incident", "priority": "normal",
        "tags": ["登录"], "custom_fields": { "browser": "Chrome 91.0" } });
    let id = helpdesk::send(app, user, Method::POST, "/tickets", form).await["id"].as_i64().unwrap();
    let seen = views(app, id).await;
    seen.status("new", "open", "NEW");
    seen.say(["title"; 3], [json!("登录问题"), json!("登录问题"), json!("登录问题")]);
    seen.say(["priority"; 3], [json!("medium"), json!("normal"), json!("NORMAL")]);
    seen.say(["tags"; 3], [json!(["登录"]), json!(["登录"]), json!(["登录"])]);
    assert_eq!(seen.v1["metadata"], seen.api["custom_fields"]);
    assert_eq!(seen.v1["sla_due_time"], seen.api["sla_due_date"]);

    // Assigned in the second, taken up in the third.
    let me = app.agent.id.0;
    v1::send(app, agent, Method::POST, &format!("/tickets/{id}/assign"), json!({ "assignee_id": me })).await;
    let seen = views(app, id).await;
    seen.say(["assignee_id", "assigned_to_id", "assignee"], [json!(me), json!(me), json!({ "databaseId": me })]);
    let start = json!({ "id": format!("ticket_{id}"), "status": "IN_PROGRESS" });
    app.done(agent, "changeStatus", "ticket { status }", start).await;
    views(app, id).await.status("in_progress", "in_progress", "IN_PROGRESS");

    // Spoken about in all three; what is internal stays so.
    let say = json!({ "content": "正在处理", "is_internal": false });
    v1::send(app, agent, Method::POST, &format!("/tickets/{id}/comments"), say).await;
    let note = json!({ "content": "密码策略变了", "is_internal": true });
    helpdesk::send(app, agent, Method::POST, &format!("/tickets/{id}/comments"), note).await;
    let answer = json!({ "ticket": format!("ticket_{id}"), "body": "谢谢" });
    app.done(user, "addComment", "comment { id }", answer).await;
    let seen = views(app, id).await;
    let texts = |list: &Value, name: &str| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(&seen.api["comments"], "content"), ["正在处理", "密码策略变了", "谢谢"]);
    assert_eq!(texts(&seen.graphql["comments"]["nodes"], "body"), ["正在处理", "密码策略变了", "谢谢"]);
    let all = v1::get(app, agent, &format!("/tickets/{id}/comments?include_internal=true")).await;
    assert_eq!(texts(&all["data"], "content"), ["谢谢", "密码策略变了", "正在处理"]);
    for own in [
        helpdesk::get(app, user, &format!("/tickets/{id}/comments")).await,
        v1::get(app, user, &format!("/tickets/{id}/comments")).await,
    ] {
        assert!(!own.to_string().contains("密码策略"), "{own:#}");
    }

    // A whole record sent back in coarser words changes nothing that it can't tell; resolving in one is seen in all.
    v1::send(app, agent, Method::PATCH, &format!("/tickets/{id}/priority"), json!({ "priority": "urgent" })).await;
    let critical = json!({ "id": format!("ticket_{id}"), "priority": "CRITICAL" });
    app.done(agent, "setPriority", "ticket { priority }", critical).await;
    v1::send(app, agent, Method::PATCH, &format!("/tickets/{id}/priority"), json!({ "priority": "urgent" })).await;
    let seen = views(app, id).await;
    seen.say(["priority"; 3], [json!("urgent"), json!("critical"), json!("CRITICAL")]);
    let resolve = json!({ "status": "resolved", "comment": "问题已解决", "resolution_notes": "重置密码" });
    helpdesk::send(app, agent, Method::POST, &format!("/tickets/{id}/status"), resolve).await;
    let seen = views(app, id).await;
    seen.status("resolved", "resolved", "RESOLVED");
    assert_eq!(seen.v1["resolved_time"], seen.api["resolved_at"]);

    // Rated, closed and opened again, each elsewhere.
    helpdesk::send(app, user, Method::PUT, &format!("/tickets/{id}"), json!({ "rating": 5 })).await;
    v1::send(app, user, Method::POST, &format!("/tickets/{id}/close"), json!({ "reason": "好了" })).await;
    let seen = views(app, id).await;
    seen.status("closed", "closed", "CLOSED");
    assert_eq!((&seen.api["rating"], &seen.graphql["rating"]), (&json!(5), &json!(5)));
    v1::send(app, user, Method::POST, &format!("/tickets/{id}/reopen"), json!({ "reason": "又坏了" })).await;
    let seen = views(app, id).await;
    seen.status("reopened", "open", "OPEN");
    assert_eq!((&seen.api["is_reopened"], &seen.graphql["reopened"]), (&json!(true), &json!(true)));

    // The stream has told all of it in order, and strangers are told nothing.
    let mut stream = app.live(agent, EVENTS, json!({ "after": begin })).await;
    let mut told = Vec::new();
    while told.iter().filter(|kind| *kind == "STATUS_CHANGED").count() < 5 {
        told.push(stream.next().await["events"]["type"].as_str().unwrap().to_owned());
    }
    let wanted = [
        "TICKET_OPENED",
        "TICKET_ASSIGNED",
        "STATUS_CHANGED",
        "STATUS_CHANGED",
        "COMMENT_ADDED",
        "COMMENT_ADDED",
        "COMMENT_ADDED",
        "PRIORITY_CHANGED",
        "PRIORITY_CHANGED",
    ];
    assert_eq!(told.iter().filter(|kind| wanted.contains(&kind.as_str())).take(9).collect::<Vec<_>>(), wanted);
    let stranger = &app.stranger.token;
    assert_eq!(
        v1::refused(app, stranger, Method::GET, &format!("/tickets/{id}"), None).await,
        (404, "TICKET_NOT_FOUND".to_owned())
    );
    assert_eq!(
        helpdesk::refused(app, stranger, Method::GET, &format!("/tickets/{id}"), None).await,
        (404, "TICKET_NOT_FOUND".to_owned())
    );

    // Gone in one is gone in all, until an administrator brings it back.
    helpdesk::call(app, &app.admin.token, Method::DELETE, &format!("/tickets/{id}"), None).await;
    for token in [user, agent] {
        assert_eq!(v1::refused(app, token, Method::GET, &format!("/tickets/{id}"), None).await.0, 404);
        assert_eq!(helpdesk::refused(app, token, Method::GET, &format!("/tickets/{id}"), None).await.0, 404);
    }
    let list = |all: &Value| all["pagination"]["total"].clone();
    assert_eq!(list(&v1::get(app, agent, "/tickets").await), 0);
    assert_eq!(list(&helpdesk::get(app, agent, "/tickets").await), 0);
    helpdesk::call(app, &app.admin.token, Method::POST, &format!("/tickets/{id}/restore"), None).await;
    views(app, id).await.status("reopened", "open", "OPEN");
}
