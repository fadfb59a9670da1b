//! Accounts over GraphQL: signing in, going on, signing out; stolen refresh tokens; tokens and their scopes; throttling.

use crate::api::{Api, each, items};
use crate::app::{PASSWORD, TestApp, each_backend};
use crate::live::Sse;
use model::people::Role;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SESSION: &str = "accessToken refreshToken expiresIn sessionId user { id }";

async fn sign_in(api: &Api, login: &str) -> Value {
    api.done("", "signIn", SESSION, json!({ "login": login, "password": PASSWORD })).await
}

fn token(session: &Value) -> &str {
    session["accessToken"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_from_its_beginning_to_its_end() {
    let app = TestApp::start().await;
    let petra = app.with_password("petra", Role::User).await;
    let session = sign_in(&app, "petra").await;
    assert_eq!((&session["expiresIn"], &session["user"]["id"]), (&json!(900), &json!(petra.global())));
    let by_email = sign_in(&app, "PETRA@example.org").await;
    let me = "{ me { id email loginCount } sessions { id current method endedAt } }";
    let seen = app.data(token(&session), me, json!({})).await;
    assert_eq!(seen["me"]["email"], "petra@example.org");
    let current: Vec<&Value> = items(&seen["sessions"]).iter().filter(|one| one["current"] == true).collect();
    assert_eq!((current.len(), &current[0]["id"], items(&seen["sessions"]).len()), (1, &session["sessionId"], 2));

    // An access token dies; its session goes on by the refresh token.
    app.clock.advance(16 * model::time::MINUTE);
    let expired = app.post(token(&session), &json!({ "query": me })).await.unwrap();
    assert_eq!(expired.status(), 401);
    assert!(expired.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
    let refresh = |refresh: &Value| json!({ "refreshToken": refresh });
    let next = app.done("", "refresh", SESSION, refresh(&session["refreshToken"])).await;
    assert_eq!(next["sessionId"], session["sessionId"]);
    assert_ne!(next["refreshToken"], session["refreshToken"]);
    app.data(token(&next), me, json!({})).await;

    // Signing out closes what is open, within a second; the other session lives on.
    let other = app.done("", "refresh", SESSION, refresh(&by_email["refreshToken"])).await;
    let text = "subscription { events { cursor } }";
    let socket = app.live(token(&next), text, json!({})).await;
    let mut stream = app.sse(token(&next), text, json!({})).await;
    let began = Instant::now();
    let out = app.data(token(&next), "mutation { signOut { signedOut userErrors { code } } }", json!({})).await;
    assert_eq!(out["signOut"]["signedOut"], true);
    assert_eq!(socket.closed().await, 4403);
    let told = stream.event().await.unwrap();
    assert_eq!(told.result["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(app.post(token(&next), &json!({ "query": me })).await.unwrap().status(), 401);
    assert_eq!(refused(&app, &next["refreshToken"]).await, "UNAUTHENTICATED");
    app.data(token(&other), me, json!({})).await;
}

/// The code that a refresh token is refused with.
async fn refused(api: &Api, refresh: &Value) -> String {
    let text = "mutation($input: RefreshInput!) { refresh(input: $input) { accessToken userErrors { code } } }";
    let answer = api.graphql("", text, json!({ "input": { "refreshToken": refresh } })).await;
    let top = answer["errors"][0]["extensions"]["code"].as_str();
    top.or(answer["data"]["refresh"]["userErrors"][0]["code"].as_str()).unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_comes_twice_ends_its_session() {
    let app = TestApp::start().await;
    app.with_password("petra", Role::User).await;
    let first = sign_in(&app, "petra").await;
    let thief = app.done("", "refresh", SESSION, json!({ "refreshToken": first["refreshToken"] })).await;
    let socket = app.live(token(&thief), "subscription { events { cursor } }", json!({})).await;
    assert_eq!(refused(&app, &first["refreshToken"]).await, "UNAUTHENTICATED");
    assert_eq!(socket.closed().await, 4403);
    assert_eq!(refused(&app, &thief["refreshToken"]).await, "UNAUTHENTICATED");
    assert_eq!(app.post(token(&thief), &json!({ "query": "{ me { id } }" })).await.unwrap().status(), 401);
    assert_eq!(refused(&app, &json!("nonsense")).await, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_say_nothing_and_are_counted() {
    let app = TestApp::with(&[("rate_limit.enabled", "true"), ("auth.login_attempts", "3")]).await;
    app.with_password("petra", Role::User).await;
    let text = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code message } } }";
    let attempt = async |login: &str, password: &str| {
        let answer = app.graphql("", text, json!({ "input": { "login": login, "password": password } })).await;
        answer["errors"][0].clone()
    };
    let wrong = attempt("petra", "wrong").await;
    let unknown = attempt("nobody", "wrong").await;
    assert_eq!(wrong["extensions"]["code"], "UNAUTHENTICATED", "{wrong}");
    assert_eq!(wrong["message"], unknown["message"]);
    attempt("petra", "wrong").await;
    attempt("petra", "wrong").await;
    let throttled = attempt("petra", PASSWORD).await;
    assert_eq!(throttled["extensions"]["code"], "BUSY", "{throttled}");
    assert_eq!(throttled["extensions"]["retryAfter"], 300);
    app.clock.advance(301 * 1_000);
    sign_in(&app, "petra").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_open_and_shut() {
    let app = TestApp::start().await;
    let (admin, supervisor) = (&app.admin.token, &app.supervisor.token);
    let input = json!({ "profile": { "username": "newcomer", "email": "new@example.org" }, "password": PASSWORD });
    let registered = app.done("", "register", SESSION, input.clone()).await;
    let newcomer = token(&registered).to_owned();
    assert_eq!(
        app.data(&newcomer, "{ me { role status hasPassword } }", json!({})).await["me"],
        json!({ "role": "USER", "status": "ACTIVE", "hasPassword": true })
    );
    let taken = app.payload("", "register", SESSION, input).await;
    assert_eq!(taken["userErrors"][0]["code"], "CONFLICT", "{taken}");
    let short =
        app.payload("", "register", SESSION, json!({ "profile": { "username": "b2" }, "password": "short" })).await;
    assert_eq!(short["userErrors"][0]["field"], "password", "{short}");
    // A password is changed by whoever knows the old one.
    let id = &registered["user"]["id"];
    let change = |current: Option<&str>| json!({ "id": id, "current": current, "password": "another horse battery" });
    for current in [None, Some("wrong")] {
        let refused = app.payload(&newcomer, "setPassword", "user { id }", change(current)).await;
        assert!(!items(&refused["userErrors"]).is_empty(), "{current:?}");
    }
    app.done(&newcomer, "setPassword", "user { id }", change(Some(PASSWORD))).await;
    // Shutting an account ends what it has open.
    let fresh =
        app.done("", "signIn", SESSION, json!({ "login": "newcomer", "password": "another horse battery" })).await;
    let socket = app.live(token(&fresh), "subscription { events { cursor } }", json!({})).await;
    app.done(supervisor, "setUserStatus", "user { status }", json!({ "id": id, "status": "SUSPENDED" })).await;
    assert_eq!(socket.closed().await, 4403);
    assert_eq!(app.post(token(&fresh), &json!({ "query": "{ me { id } }" })).await.unwrap().status(), 401);
    assert_eq!(
        app.payload(admin, "setRole", "user { role }", json!({ "id": app.user.global(), "role": "AGENT" })).await["user"]
            ["role"],
        "AGENT"
    );
    app.data(&app.user.token, "{ staff { nodes { name } } }", json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_do_what_their_scopes_say_until_they_are_revoked() {
    let app = TestApp::start().await;
    let made = app
        .done(
            &app.agent.token,
            "createApiToken",
            "secret token { id scopes }",
            json!({ "name": "reader", "scopes": ["READ"] }),
        )
        .await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert_eq!(app.data(&secret, "{ me { username } }", json!({})).await["me"]["username"], "agnes");
    let input = json!({ "title": "t", "description": "d" });
    let refused = app.payload(&secret, "openTicket", "ticket { id }", input).await;
    assert_eq!(refused["userErrors"][0]["code"], "FORBIDDEN");
    let listed = app.data(&app.agent.token, "{ apiTokens { id name revokedAt } }", json!({})).await;
    assert!(each(&listed["apiTokens"], "id").contains(&&made["token"]["id"]));
    assert!(!listed.to_string().contains(&secret));
    // By header, too.
    let by_key = app.http.get(app.at("/attachments/4711")).header("x-api-key", &secret).send().await.unwrap();
    assert_eq!(by_key.status(), 404);
    let mut stream: Sse = app.sse(&secret, "subscription { events { cursor } }", json!({})).await;
    app.done(&app.agent.token, "revokeApiToken", "id", json!({ "id": made["token"]["id"] })).await;
    assert_eq!(stream.event().await.unwrap().result["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(app.post(&secret, &json!({ "query": "{ me { id } }" })).await.unwrap().status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_its_devices_and_a_new_password_by_mail() {
    each_backend(|app| async move {
        let petra = app.with_password("petra", Role::User).await;
        let enable = json!({ "password": PASSWORD });
        let wrong = app.payload(&petra.token, "enableSecondFactor", "secret", json!({ "password": "wrong" })).await;
        assert_eq!((&wrong["secret"], &wrong["userErrors"][0]["field"]), (&Value::Null, &json!("password")));
        let made = app.done(&petra.token, "enableSecondFactor", "secret otpauthUrl qrCode backupCodes", enable).await;
        assert_eq!(made["backupCodes"].as_array().unwrap().len(), 10);
        let enter = |code: &Value| {
            json!({ "login": "petra", "password": PASSWORD, "otpCode": code, "rememberDevice": true, "deviceName": "Mac" })
        };
        let inside = app.done("", "signIn", "accessToken deviceToken", enter(&made["backupCodes"][0])).await;
        let token = inside["accessToken"].as_str().unwrap();
        let again = json!({ "input": enter(&made["backupCodes"][0]) });
        let text = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code } } }";
        assert_eq!(app.code("", text, again).await, "UNAUTHENTICATED", "a backup code is good once");
        let by_device = json!({ "login": "petra", "password": PASSWORD, "deviceToken": inside["deviceToken"] });
        app.done("", "signIn", "accessToken", by_device.clone()).await;
        let query = "{ secondFactor { backupCodesLeft enabledAt } trustedDevices { id name ip expiresAt }
            loginHistory(filter: { succeeded: true, deviceType: DESKTOP }) { totalCount nodes { method active device } } }";
        let shown = app.data(token, query, json!({})).await;
        assert_eq!(shown["secondFactor"]["backupCodesLeft"], 9);
        assert_eq!(shown["trustedDevices"][0]["name"], "Mac");
        assert_eq!(shown["loginHistory"]["totalCount"], 2);
        assert_eq!(shown["loginHistory"]["nodes"][1]["method"], "password+backup");
        // Others see nothing of it, administrators all of it.
        let of_petra = json!({ "user": petra.global() });
        let query = "query($user: ID) { trustedDevices(user: $user) { id } }";
        assert_eq!(app.code(&app.user.token, query, of_petra.clone()).await, "NOT_FOUND");
        let devices = app.data(&app.admin.token, query, of_petra.clone()).await;
        let device = json!({ "id": devices["trustedDevices"][0]["id"] });
        app.done(&petra.token, "revokeTrustedDevice", "id", device).await;
        let out = app.payload("", "signIn", "accessToken", by_device).await;
        assert_eq!(out["userErrors"][0]["field"], "otpCode");
        // By mail; the answer is the same whoever there is.
        let ask = |login: &str| json!({ "login": login });
        let told = app.done("", "requestPasswordReset", "accepted", ask("petra@example.org")).await;
        assert_eq!(told, app.done("", "requestPasswordReset", "accepted", ask("nobody@example.org")).await);
        let link = app.engine.password_reset_token(petra.id, "petra@example.org").await.unwrap();
        let reset = json!({ "token": link, "password": "another password" });
        let done = app.done("", "resetPassword", "user { name }", reset.clone()).await;
        assert_eq!(done["user"]["name"], "petra");
        let twice = app.payload("", "resetPassword", "user { id }", reset).await;
        assert_eq!(twice["userErrors"][0]["field"], "token");
        app.done(&app.admin.token, "disableSecondFactor", "disabled", of_petra).await;
        let plain = json!({ "login": "petra", "password": "another password" });
        app.done("", "signIn", "accessToken", plain).await;
    })
    .await;
}
