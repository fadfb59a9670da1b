//! Requests per minute over HTTP: on any router, in any dialect's words, by the caller's real address.

use crate::api::signed;
use crate::app::TestApp;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use echodesk::config::Config;
use echodesk::http::graphql::ClientAddress;
use echodesk::http::{App, limits};
use model::Error;
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use tower::ServiceExt as _;

/// As shipped: with limits.
async fn limited(settings: &[(&str, &str)]) -> TestApp {
    TestApp::with(&[settings, &[("rate_limit.enabled", "true")]].concat()).await
}

/// A dialect of its own.
fn refusal(error: &Error) -> Response {
    let Error::Busy { after_ms } = error else { panic!("{error:?}") };
    let details = json!({ "retry_after": after_ms.div_ceil(1_000) });
    let body = json!({ "success": false, "error_code": "RATE_LIMIT_EXCEEDED", "details": details });
    (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response()
}

struct Small {
    app: TestApp,
    router: Router,
}

impl Small {
    /// A router with two routes, one of which fails, around the app's engine.
    fn around(app: TestApp) -> Self {
        let config = Config::with(&[]).unwrap();
        let (_, stopping) = tokio::sync::watch::channel(false);
        let inner = Arc::new(App::new(app.engine.clone(), config, stopping));
        let routes = Router::new()
            .route("/things", get(async || "things"))
            .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .fallback(async || StatusCode::NOT_FOUND)
            .layer(limits::layer(&inner, refusal, limits::by_headers));
        Self { app, router: Router::new().nest("/small", routes) }
    }

    async fn get(&self, path: &str, token: &str, from: &str) -> Response {
        let mut request = Request::builder().uri(format!("/small{path}")).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ClientAddress(from.parse::<IpAddr>().unwrap()));
        if !token.is_empty() {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        self.router.clone().oneshot(request).await.unwrap()
    }
}

fn number(answer: &Response, name: &str) -> i64 {
    let value = answer.headers().get(name).unwrap_or_else(|| panic!("{name} is missing: {answer:?}"));
    value.to_str().unwrap().parse().unwrap()
}

/// Limit, remaining, and the seconds until the reset.
fn told(small: &Small, answer: &Response) -> (i64, i64, i64) {
    let reset = number(answer, "x-ratelimit-reset") - small.app.engine.now().0 / 1_000;
    (number(answer, "x-ratelimit-limit"), number(answer, "x-ratelimit-remaining"), reset)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_says_where_the_caller_stands() {
    let small = Small::around(limited(&[]).await);
    let (home, away) = ("192.0.2.1", "2001:db8::7");
    let user = &small.app.user.token.clone();
    for (n, path) in ["/things", "/broken", "/nowhere", "/things"].into_iter().enumerate() {
        let answer = small.get(path, user, home).await;
        assert_eq!(told(&small, &answer), (60, 59 - n as i64, 60), "{path}");
    }
    // A person is one wherever they are, and an address's strangers are others.
    assert_eq!(told(&small, &small.get("/things", user, away).await).1, 55);
    assert_eq!(told(&small, &small.get("/things", "", home).await), (10, 9, 60));
    assert_eq!(told(&small, &small.get("/things", "nonsense", home).await), (10, 8, 60));
    // A whole /64 is one address.
    assert_eq!(told(&small, &small.get("/things", "", away).await).1, 9);
    assert_eq!(told(&small, &small.get("/things", "", "2001:db8::ffff:1").await).1, 8);
    let agent = small.app.agent.token.clone();
    assert_eq!(told(&small, &small.get("/things", &agent, home).await).0, 120);
    for token in [small.app.admin.token.clone(), small.app.supervisor.token.clone()] {
        let answer = small.get("/things", &token, home).await;
        assert_eq!(told(&small, &answer), (2_147_483_647, 2_147_483_647, 60), "without a limit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixty_first_request_of_a_minute_is_refused_in_the_dialects_words() {
    let small = Small::around(limited(&[]).await);
    let user = &small.app.user.token.clone();
    for _ in 0..60 {
        assert_eq!(small.get("/things", user, "192.0.2.1").await.status(), 200);
    }
    small.app.clock.advance(29_500);
    let refused = small.get("/things", user, "192.0.2.1").await;
    assert_eq!((refused.status().as_u16(), told(&small, &refused).1), (429, 0));
    assert_eq!(refused.headers()[RETRY_AFTER], "31");
    let body = axum::body::to_bytes(refused.into_body(), 10_000).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["error_code"], &body["details"]["retry_after"]), (&json!("RATE_LIMIT_EXCEEDED"), &json!(31)));
    small.app.clock.advance(30_500);
    assert_eq!(small.get("/things", user, "192.0.2.1").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_off_where_the_settings_say_so() {
    let small = Small::around(TestApp::start().await);
    for _ in 0..12 {
        let answer = small.get("/things", "", "192.0.2.1").await;
        assert_eq!(answer.status(), 200);
        assert!(!answer.headers().contains_key("x-ratelimit-limit"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn graphql_is_counted_only_where_the_settings_say_so() {
    let free = limited(&[]).await;
    let query = json!({ "query": "{ __typename }" });
    for _ in 0..15 {
        let answer = free.post("", &query).await.unwrap();
        assert!(answer.status() == 200 && !answer.headers().contains_key("x-ratelimit-limit"));
    }
    let counted = limited(&[("rate_limit.graphql", "true"), ("rate_limit.user", "3")]).await;
    for left in ["2", "1", "0"] {
        let answer = counted.post(&counted.user.token, &query).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["x-ratelimit-remaining"].to_str().unwrap()),
            (200, left)
        );
    }
    let refused = counted.post(&counted.user.token, &query).await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()[RETRY_AFTER].to_str().unwrap()), (429, "60"));
    let refused: Value = refused.json().await.unwrap();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "RATE_LIMIT_EXCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_behind_a_trusted_proxy_are_told_apart() {
    let settings = [("rate_limit.graphql", "true"), ("rate_limit.anonymous", "2")];
    let query = json!({ "query": "{ __typename }" });
    for (trusted, second_is_counted_apart) in [("127.0.0.0/8,10.0.0.0/8", true), ("10.0.0.0/8", false)] {
        let app = limited(&[settings[0], settings[1], ("http.trusted_proxies", trusted)]).await;
        let from = async |name: &'static str, hops: &'static str| {
            let request = signed(app.http.post(app.at("/graphql")), "").header(name, hops).json(&query);
            request.send().await.unwrap().status().as_u16()
        };
        for _ in 0..2 {
            assert_eq!(from("x-forwarded-for", "198.51.100.1").await, 200);
        }
        assert_eq!(from("x-forwarded-for", "198.51.100.1").await, 429);
        // What stands left of the rightmost unknown address was written by the caller.
        assert_eq!(from("x-forwarded-for", "203.0.113.5, 198.51.100.1, 10.1.1.1").await, 429);
        let other = if second_is_counted_apart { 200 } else { 429 };
        assert_eq!(from("x-forwarded-for", "198.51.100.2").await, other);
        // What such a proxy passes through as the caller wrote it makes nobody out of them.
        let both = |app: &TestApp| {
            let request = app.http.post(app.at("/graphql")).header("forwarded", "for=203.0.113.77");
            request.header("x-forwarded-for", "198.51.100.1").json(&query).send()
        };
        assert_eq!(both(&app).await.unwrap().status(), 429);
    }
    let app = limited(&[
        settings[0],
        settings[1],
        ("http.trusted_proxies", "127.0.0.0/8"),
        ("http.forwarded_header", "forwarded"),
    ])
    .await;
    for (value, status) in [("for=198.51.100.1", 200), ("for=198.51.100.1", 200), ("for=198.51.100.1", 429)]
        .into_iter()
        .chain([("for=\"[2001:db8::9]:1234\";proto=https", 200)])
    {
        let answer = app.http.post(app.at("/graphql")).header("forwarded", value).json(&query).send().await.unwrap();
        assert_eq!(answer.status(), status, "{value}");
    }
}
