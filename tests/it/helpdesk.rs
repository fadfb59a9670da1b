//! The helpdesk dialect, `/api`, through the real router: every endpoint of seed 001, its fields, its codes, and who may.

use crate::api::{Api, signed};
use reqwest::Method;
use serde_json::{Value, json};

mod accounts;
mod admin;
mod automation;
mod categories;
mod literal;
mod notifications;
mod sla;
mod socket;
mod system;
mod tickets;
mod upload;

/// Sends a request below /api and answers status and body, which is in one of the two envelopes. An empty token is none.
pub async fn call(app: &Api, token: &str, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let request = app.http.request(method, app.at(&format!("/api{path}")));
    let request = if token.is_empty() { request } else { signed(request, token) };
    let request = if let Some(body) = body { request.json(body) } else { request };
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {status} {text}"));
    assert_eq!(body["success"], status < 400, "{path}: {body:#}");
    // Known clients look for these words where name and password don't match.
    if body["msg"] != "Invalid email or password" {
        assert_eq!(body["message"], body["msg"], "{path}: {body:#}");
    }
    if status >= 400 {
        assert_eq!(body["code"], status, "{path}: {body:#}");
        assert!(body["error_code"].is_string() && body["details"].is_object(), "{path}: {body:#}");
        assert!(body["message"] != "" && body["error"] != "", "{path}: {body:#}");
    } else {
        assert_eq!(body["code"], 0, "{path}: {body:#}");
    }
    (status, body)
}

pub async fn get(app: &Api, token: &str, path: &str) -> Value {
    let (status, body) = call(app, token, Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {body:#}");
    body
}

/// The `data` of something that has to go well.
pub async fn send(app: &Api, token: &str, method: Method, path: &str, body: Value) -> Value {
    let (status, mut answer) = call(app, token, method, path, Some(&body)).await;
    assert!(status < 300, "{path}: {answer:#}");
    answer["data"].take()
}

/// HTTP status and business code of something that has to fail.
pub async fn refused(app: &Api, token: &str, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
    let (status, answer) = call(app, token, method, path, body.as_ref()).await;
    assert!(status >= 400, "{path}: {answer:#}");
    (status, answer["error_code"].as_str().unwrap().to_owned())
}

/// Whether everything of the first stands in the second, so that a documented sample can be held to an answer that has more.
pub fn holds(sample: &Value, answer: &Value) -> bool {
    match (sample, answer) {
        (Value::Object(sample), Value::Object(answer)) => {
            sample.iter().all(|(name, value)| answer.get(name).is_some_and(|given| holds(value, given)))
        }
        (Value::Array(sample), Value::Array(answer)) => {
            sample.len() == answer.len() && sample.iter().zip(answer).all(|(one, other)| holds(one, other))
        }
        _ => sample == answer,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_in_the_dialects_words() {
    let app = crate::app::TestApp::start().await;
    let (status, told) = call(&app, "", Method::GET, "/nowhere", None).await;
    assert_eq!(status, 404);
    let sample = json!({ "success": false, "code": 404, "error_code": "NOT_FOUND", "message": "资源不存在", "error": "Resource not found", "details": {} });
    assert!(holds(&sample, &told), "{told:#}");
}
