//! The schema over a real engine: the operations that the README shows, what they cost in SQL, and what streams carry.
//! Who may do what is tested where it is decided.

use crate::{Options, Schema, Viewer, attach, schema, sdl};
use async_graphql::{Request, Response, Value, Variables, value};
use engine::{Caller, Engine, NewUser};
use futures_util::StreamExt;
use model::Actor;
use model::people::{ProfileInput, Role, UserStatus};

struct House {
    engine: Engine,
    schema: Schema,
    admin: Actor,
    user: Actor,
    _folder: tempfile::TempDir,
}

async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("echodesk.db").display());
    let engine = Engine::start(engine::Options::new(url, folder.path())).await.unwrap();
    engine.first_admin(Some("root@example.org"), Some("correct horse")).await.unwrap();
    let profile =
        ProfileInput { email: Some("ada@example.org".into()), username: Some("ada".into()), ..ProfileInput::default() };
    let new =
        NewUser { profile, role: Role::User, status: UserStatus::Active, password: Some("battery staple".into()) };
    engine.create_user(&Caller::system("test"), new).await.unwrap();
    let schema = schema(engine.clone(), Options::default());
    let mut house = House { engine, schema, admin: Actor::Anonymous, user: Actor::Anonymous, _folder: folder };
    house.admin = house.sign_in("root@example.org", "correct horse").await;
    house.user = house.sign_in("ada", "battery staple").await;
    house
}

impl House {
    fn request(&self, actor: &Actor, text: &str, variables: Value) -> Request {
        let json = variables.into_json().unwrap();
        let request = Request::new(text).variables(Variables::from_json(json));
        attach(
            request,
            &self.engine,
            Viewer { actor: actor.clone(), ip: None, user_agent: None, idempotency_key: None },
        )
    }

    async fn answer(&self, actor: &Actor, text: &str, variables: Value) -> Response {
        self.schema.execute(self.request(actor, text, variables)).await
    }

    async fn data(&self, actor: &Actor, text: &str, variables: Value) -> serde_json::Value {
        let response = self.answer(actor, text, variables).await;
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        response.data.into_json().unwrap()
    }

    async fn sign_in(&self, login: &str, password: &str) -> Actor {
        let text = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken user { name role } userErrors { code } } }";
        let input = value!({ "input": { "login": login, "password": password } });
        let data = self.data(&Actor::Anonymous, text, input).await;
        let token = data["signIn"]["accessToken"].as_str().unwrap();
        self.engine.authenticate(Some(&format!("Bearer {token}"))).await.unwrap()
    }

    async fn open(&self, actor: &Actor, title: &str) -> serde_json::Value {
        let text = "mutation($input: OpenTicketInput!) {
            openTicket(input: $input) { ticket { id number version } userErrors { code field message } clientMutationId }
        }";
        let input = value!({ "input": { "title": title, "description": "因为按钮不见了", "priority": "HIGH", "categoryKey": "technical" } });
        self.data(actor, text, input).await["openTicket"].clone()
    }
}

fn code(response: &Response) -> Option<Value> {
    response.errors.first().and_then(|e| e.extensions.as_ref()).and_then(|e| e.get("code")).cloned()
}

#[test]
fn the_sdl_is_stable_and_says_what_everything_is() {
    let text = sdl();
    assert_eq!(text, sdl());
    for part in [
        "type Ticket implements Node",
        "type TicketConnection {",
        "type TicketEdge {",
        "scalar DateTime @specifiedBy",
        "scalar Upload",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[tokio::test]
async fn a_ticket_is_opened_listed_and_read_without_a_look_up_per_row() {
    let house = house().await;
    let opened = house.open(&house.user, "无法登录").await;
    assert_eq!(opened["userErrors"], serde_json::json!([]));
    let id = opened["ticket"]["id"].as_str().unwrap();
    let text = "mutation($input: AddCommentInput!) { addComment(input: $input) { comment { id body author { name } } userErrors { code } } }";
    for n in 0..10 {
        let ticket = if n == 0 { opened.clone() } else { house.open(&house.user, &format!("ticket {n}")).await };
        let ticket = ticket["ticket"]["id"].as_str().unwrap();
        let say = value!({ "input": { "ticket": ticket, "body": "看看", "visibility": "INTERNAL" } });
        let said = house.data(&house.admin, text, say).await;
        assert_eq!(said["addComment"]["comment"]["body"], "看看");
    }

    let list = "query($first: Int) { tickets(filter: {status: [NEW]}, first: $first) {
        edges { cursor node { id title status requester { name } assignee { name } category { key } description comments(first: 5) { nodes { body author { name } } } } }
        pageInfo { hasNextPage endCursor } totalCount asOf
    } }";
    let mut counts = Vec::new();
    for first in [2, 10] {
        // The least of several: the first fills what the engine keeps, and the hub looks at the log now and then.
        let mut least = u64::MAX;
        for _ in 0..5 {
            let before = house.engine.statements();
            let data = house.data(&house.admin, list, value!({ "first": first })).await;
            least = least.min(house.engine.statements() - before);
            assert_eq!(data["tickets"]["edges"].as_array().unwrap().len(), first as usize);
            assert_eq!(data["tickets"]["totalCount"], 10);
            assert_eq!(data["tickets"]["edges"][0]["node"]["requester"]["name"], "ada");
            assert_eq!(data["tickets"]["edges"][0]["node"]["description"], "因为按钮不见了");
        }
        counts.push(least);
    }
    assert_eq!(counts[0], counts[1], "as many statements for two tickets as for ten");
    assert!(counts[1] <= 6, "{counts:?}");

    let detail = "query($id: ID!) { ticket(id: $id) { title description commentCount internalCount native
        comments { totalCount nodes { body visibility } } history { nodes { type summary changes { field } } } } }";
    let admins = house.data(&house.admin, detail, value!({ "id": id })).await;
    assert_eq!(admins["ticket"]["comments"]["nodes"][0]["visibility"], "INTERNAL");
    assert_eq!(admins["ticket"]["history"]["nodes"].as_array().unwrap().len(), 2);
    let users = house.data(&house.user, detail, value!({ "id": id })).await;
    assert_eq!(users["ticket"]["comments"], serde_json::json!({ "totalCount": 0, "nodes": [] }));
    assert_eq!(
        (&users["ticket"]["native"], &users["ticket"]["internalCount"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    assert_eq!(users["ticket"]["history"]["nodes"].as_array().unwrap().len(), 1);

    let nodes =
        "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Ticket { number } ... on User { email } } }";
    let found = house.data(&house.user, nodes, value!({ "ids": [id, "user_1", "ticket_999999", "session_1"] })).await;
    assert_eq!(found["nodes"][0]["__typename"], "Ticket");
    assert_eq!(found["nodes"][1], serde_json::json!({ "__typename": "User", "id": "user_1", "email": null }));
    assert_eq!((&found["nodes"][2], &found["nodes"][3]), (&serde_json::Value::Null, &serde_json::Value::Null));
    house.engine.close().await;
}

#[tokio::test]
async fn rejections_are_user_errors_and_failures_are_errors() {
    let house = house().await;
    let id = house.open(&house.user, "x").await["ticket"]["id"].as_str().unwrap().to_owned();
    let text = "mutation($input: ChangeStatusInput!) { changeStatus(input: $input) { ticket { status } userErrors { code field } clientMutationId } }";
    let illegal = value!({ "input": { "id": id.clone(), "status": "RESOLVED", "clientMutationId": "a" } });
    let refused = house.data(&house.admin, text, illegal).await;
    assert_eq!(refused["changeStatus"]["ticket"], serde_json::Value::Null);
    assert_eq!(refused["changeStatus"]["userErrors"][0]["code"], "INVALID_STATUS_TRANSITION");
    let wrong = value!({ "input": { "id": "comment_1", "status": "OPEN" } });
    let refused = house.data(&house.admin, text, wrong).await;
    assert_eq!(refused["changeStatus"]["userErrors"][0], serde_json::json!({ "code": "INVALID", "field": "id" }));
    let anonymous = house.answer(&Actor::Anonymous, "{ tickets { totalCount } }", value!({})).await;
    assert_eq!(code(&anonymous), Some("UNAUTHENTICATED".into()));
    let missing = house.answer(&house.user, "{ ticket(id: 5) { id } }", value!({})).await;
    assert_eq!(code(&missing), Some("NOT_FOUND".into()));
    let wide = "{ tickets(first: 100) { nodes { comments(first: 100) { nodes { id body } } } } }";
    let dear = house.answer(&house.admin, wide, value!({})).await;
    assert_eq!(code(&dear), Some("QUERY_TOO_COMPLEX".into()));
    assert!(dear.extensions.contains_key("cost"));
    house.engine.close().await;
}

/// What graphql-js asks: nine levels of `ofType`.
#[tokio::test]
async fn the_usual_introspection_query_is_within_the_limits() {
    let house = house().await;
    let of_type = (0..9).fold("name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
    let text = format!(
        "{{ __schema {{ queryType {{ name }} types {{ name fields(includeDeprecated: true) {{ name args {{ name type {{ {of_type} }} }} }}
         inputFields {{ name type {{ {of_type} }} }} }} directives {{ name args {{ name type {{ {of_type} }} }} }} }} }}"
    );
    let data = house.data(&Actor::Anonymous, &text, value!({})).await;
    assert_eq!(data["__schema"]["queryType"]["name"], "Query");
    house.engine.close().await;
}

#[tokio::test]
async fn the_same_client_mutation_id_opens_one_ticket() {
    let house = house().await;
    let text = "mutation($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }";
    let input = value!({ "input": { "title": "once", "description": "only", "clientMutationId": "k1" } });
    let first = house.data(&house.user, text, input.clone()).await;
    assert_eq!(house.data(&house.user, text, input).await, first);
    house.engine.close().await;
}

#[tokio::test]
async fn streams_replay_go_live_and_say_where_they_are() {
    let house = house().await;
    let as_of = house.data(&house.user, "{ asOf }", value!({})).await["asOf"].as_str().unwrap().to_owned();
    house.open(&house.user, "before").await;
    let text =
        "subscription($after: Cursor) { events(after: $after) { cursor type summary ticket { title version } data } }";
    let mut stream = house.schema.execute_stream(house.request(&house.user, text, value!({ "after": as_of.clone() })));
    let item = stream.next().await.unwrap();
    assert!(item.errors.is_empty(), "{:?}", item.errors);
    let cursor = item.extensions.get("cursor").cloned();
    let data = item.data.into_json().unwrap();
    assert_eq!(
        (&data["events"]["ticket"]["title"], &data["events"]["data"]),
        (&"before".into(), &serde_json::Value::Null)
    );
    assert_eq!(cursor, Some(data["events"]["cursor"].as_str().unwrap().into()));
    house.open(&house.user, "after").await;
    let live = stream.next().await.unwrap().data.into_json().unwrap();
    assert_eq!(live["events"]["ticket"]["title"], "after");

    let inbox = "subscription($after: Cursor) { inbox(after: $after, filter: {priority: [LOW], unassigned: true}) { matches cursor ticket { title } event { type } } }";
    let mut stream = house.schema.execute_stream(house.request(&house.admin, inbox, value!({ "after": as_of })));
    let item = stream.next().await.unwrap().data.into_json().unwrap();
    assert_eq!((&item["inbox"]["matches"], &item["inbox"]["event"]["type"]), (&false.into(), &"TICKET_OPENED".into()));

    let old = house.request(&house.user, text, value!({ "after": "elsewhere.1" }));
    let refused = house.schema.execute_stream(old).next().await.unwrap();
    assert_eq!(code(&refused), Some("RESYNC_REQUIRED".into()));
    house.engine.close().await;
}
