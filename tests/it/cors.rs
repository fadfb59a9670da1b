//! Pages of other origins: nothing by default, and with the setting every answer, errors and refusals included.

use crate::app::TestApp;
use reqwest::Method;
use serde_json::json;

const PANEL: &str = "https://panel.example.org";

#[tokio::test(flavor = "multi_thread")]
async fn by_default_no_other_origin_is_let_in() {
    let app = TestApp::start().await;
    let answer = app.http.get(app.at("/healthz")).header("origin", PANEL).send().await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_origin_may_read_every_answer() {
    let limits = [("rate_limit.enabled", "true"), ("rate_limit.graphql", "true"), ("rate_limit.user", "1")];
    let settings = [&limits[..], &[("http.cors_origins", PANEL)]].concat();
    let app = TestApp::with(&settings).await;
    let token = &app.user.token;
    for (method, path, status) in [
        (Method::GET, "/healthz", 200),
        (Method::GET, "/nowhere", 404),
        (Method::DELETE, "/healthz", 405),
        (Method::POST, "/attachments", 401),
        (Method::GET, "/attachments/nonsense", 404),
        (Method::POST, "/graphql", 200),
        (Method::POST, "/graphql", 429),
    ] {
        let mut request = app.http.request(method.clone(), app.at(path)).header("origin", PANEL);
        if path == "/graphql" {
            request = request.bearer_auth(token).json(&json!({ "query": "{ __typename }" }));
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        let headers = answer.headers();
        assert_eq!(headers["access-control-allow-origin"], PANEL, "{method} {path}");
        assert!(!headers.contains_key("access-control-allow-credentials"), "callers send tokens, never cookies");
        let shown = headers["access-control-expose-headers"].to_str().unwrap();
        for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after", "x-request-id"] {
            assert!(shown.contains(name), "{method} {path}: {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn preflights_allow_what_the_routes_take() {
    let app = TestApp::with(&[("http.cors_origins", PANEL)]).await;
    let preflight = async |origin: &'static str, path: &'static str| {
        let request = app.http.request(Method::OPTIONS, app.at(path)).header("origin", origin);
        let request = request.header("access-control-request-method", "PATCH");
        request.header("access-control-request-headers", "authorization,content-type").send().await.unwrap()
    };
    for path in ["/graphql", "/attachments/1", "/nowhere"] {
        let answer = preflight(PANEL, path).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let headers = answer.headers();
        assert_eq!(headers["access-control-allow-origin"], PANEL, "{path}");
        let methods = headers["access-control-allow-methods"].to_str().unwrap();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert!(methods.contains(method), "{path}: {methods}");
        }
        let allowed = headers["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{path}: {allowed}");
    }
    let refused = preflight("https://evil.example", "/graphql").await;
    assert!(!refused.headers().contains_key("access-control-allow-origin"));
}
