//! Requests per minute below `/v1` (seed 003 §9): how many each role has, and what every answer says of it.

use super::call;
use crate::api::signed;
use crate::app::TestApp;
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, Response};
use serde_json::{Value, json};

const LIMITED: (&str, &str) = ("rate_limit.enabled", "true");

async fn ask(app: &TestApp, token: &str, path: &str) -> Response {
    signed(app.http.get(app.at(&format!("/v1{path}"))), token).send().await.unwrap()
}

/// Limit, remaining, and the seconds until the reset.
fn told(app: &TestApp, answer: &Response) -> (i64, i64, i64) {
    let number = |name: &str| -> i64 {
        let value = answer.headers().get(name).unwrap_or_else(|| panic!("{name} is missing: {answer:?}"));
        value.to_str().unwrap().parse().unwrap()
    };
    let reset = number("x-ratelimit-reset") - app.engine.now().0 / 1_000;
    (number("x-ratelimit-limit"), number("x-ratelimit-remaining"), reset)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_has_the_documents_number_of_requests() {
    let app = TestApp::with(&[LIMITED]).await;
    for (token, limit, status) in [("", 10, 401), (&app.user.token, 60, 200), (&app.agent.token, 120, 200)] {
        for left in (0..limit).rev() {
            let answer = ask(&app, token, "/tickets/my-stats").await;
            assert_eq!((answer.status().as_u16(), told(&app, &answer)), (status, (limit, left, 60)), "{limit}");
        }
        let refused = ask(&app, token, "/tickets/my-stats").await;
        assert_eq!((refused.status().as_u16(), told(&app, &refused)), (429, (limit, 0, 60)));
        assert_eq!(refused.headers()[RETRY_AFTER], "60");
        assert_eq!(
            refused.json::<Value>().await.unwrap(),
            json!({
                "success": false, "message": "Rate limit exceeded", "error_code": "RATE_LIMIT_EXCEEDED",
                "details": { "retry_after": 60 },
            })
        );
    }
    for _ in 0..130 {
        let answer = ask(&app, &app.admin.token, "/tickets/my-stats").await;
        assert_eq!((answer.status().as_u16(), told(&app, &answer).0), (200, 2_147_483_647), "without a limit");
    }
    // A new minute begins with all of them.
    app.clock.advance(60_000);
    assert_eq!(told(&app, &ask(&app, &app.user.token, "/tickets/my-stats").await), (60, 59, 60));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_answered_says_where_the_caller_stands() {
    let app = TestApp::with(&[LIMITED]).await;
    let user = &app.user.token;
    for (left, (path, status)) in
        [("/tickets", 200), ("/nothing", 404), ("/tickets/1", 404), ("/tickets/x", 400), ("/tickets?page=x", 400)]
            .into_iter()
            .enumerate()
    {
        let answer = ask(&app, user, path).await;
        assert_eq!((answer.status().as_u16(), told(&app, &answer)), (status, (60, 59 - left as i64, 60)), "{path}");
    }
    let wrong = signed(app.http.put(app.at("/v1/tickets")), user).send().await.unwrap();
    assert_eq!((wrong.status().as_u16(), told(&app, &wrong).1), (405, 54));
    assert!(wrong.headers()["allow"].to_str().unwrap().contains("POST"), "{wrong:?}");
    // A bad token counts for the address, as none does; so guessing is limited, too.
    for (left, token) in ["", "nonsense", "ecd_unknown"].into_iter().enumerate() {
        let answer = ask(&app, token, "/tickets").await;
        assert_eq!((answer.status().as_u16(), told(&app, &answer)), (401, (10, 9 - left as i64, 60)), "{token}");
    }
    // GraphQL and the other surfaces have nothing to do with it.
    assert!(!app.get(user, "/healthz").await.headers().contains_key("x-ratelimit-limit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_not_carried_out() {
    let app = TestApp::with(&[LIMITED, ("rate_limit.user", "2")]).await;
    let form = json!({ "title": "t", "description": "d", "category": "other", "priority": "low" });
    for status in [201, 201, 429, 429] {
        assert_eq!(call(&app, &app.user.token, Method::POST, "/tickets", Some(&form)).await.0, status);
    }
    let (_, page) = call(&app, &app.admin.token, Method::GET, "/tickets", None).await;
    assert_eq!(page["pagination"]["total"], 2);
}
