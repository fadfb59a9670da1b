//! Whatever a client sends, it hears the dialect's envelope, a documented code, and nothing of what is inside.

use super::{call, code, open, refused};
use crate::api::signed;
use crate::app::{TestApp, each_backend};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_is_told_at_once() {
    let app = TestApp::start().await;
    let bad = json!({ "title": "", "description": 5, "category": "nonsense", "tags": "a", "metadata": [] });
    let (status, body) = call(&app, &app.user.token, Method::POST, "/tickets", Some(&bad)).await;
    assert_eq!(
        (status, &body["error_code"], &body["message"]),
        (422, &json!("VALIDATION_ERROR"), &json!("Validation failed"))
    );
    assert_eq!(
        body["details"],
        json!({
            "title": "title must have 1 to 200 characters",
            "description": "description must be a string",
            "category": "category must be one of technical, account, billing, feature, complaint, other",
            "priority": "priority is required",
            "tags": "tags must be a list of strings",
            "metadata": "metadata must be an object",
        })
    );
    let query = "/tickets?page=x&status=done&sort_by=title&overdue=maybe&tags=%00&search=%00";
    let (status, body) = call(&app, &app.user.token, Method::GET, query, None).await;
    assert_eq!((status, &body["error_code"]), (400, &json!("VALIDATION_ERROR")));
    let fields: Vec<&String> = body["details"].as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 6, "{fields:?}");
    // What only the engine knows comes by the client's name, too.
    let large = json!({ "title": "t", "description": "d", "category": "other", "priority": "low", "metadata": { "x": "y".repeat(20_000) } });
    let (status, body) = call(&app, &app.user.token, Method::POST, "/tickets", Some(&large)).await;
    assert_eq!(status, 422);
    assert!(body["details"]["metadata"].is_string(), "{body}");
    // A comment that is too long has its own code; the longest that is not, in any script, is taken.
    let id = open(&app, &app.user.token, "t").await;
    let at = format!("/tickets/{id}/comments");
    let say = |length: usize| Some(json!({ "content": "字".repeat(length) }));
    assert_eq!(refused(&app, &app.user.token, Method::POST, &at, say(10_001)).await, code(422, "COMMENT_TOO_LONG"));
    assert_eq!(call(&app, &app.user.token, Method::POST, &at, say(10_000).as_ref()).await.0, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_signed_in_is_told_so_first() {
    let app = TestApp::start().await;
    for (method, path) in [
        (Method::GET, "/tickets"),
        (Method::POST, "/tickets"),
        (Method::GET, "/tickets/100001"),
        (Method::GET, "/tickets/abc"),
        (Method::DELETE, "/tickets/100001/comments/1"),
        (Method::GET, "/tickets/stats"),
        (Method::GET, "/tickets/my-stats"),
        (Method::GET, "/tickets/sla-report"),
    ] {
        for token in ["", "nonsense", "ecd_unknown", "a.b.c"] {
            let told = refused(&app, token, method.clone(), path, None).await;
            assert_eq!(told, code(401, "UNAUTHORIZED"), "{method} {path} {token}");
        }
    }
    let answer = app.http.get(app.at("/v1/tickets")).header("authorization", "Basic dTpw").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_in_the_envelope() {
    each_backend(|app| async move { unreadable(&app).await }).await;
}

async fn unreadable(app: &TestApp) {
    let token = &app.agent.token;
    let id = open(app, &app.user.token, "t").await;
    // Paths and methods.
    for (method, path, status, error) in [
        (Method::GET, "/nothing", 404, "NOT_FOUND"),
        (Method::GET, "", 404, "NOT_FOUND"),
        (Method::GET, "/tickets/100001/nothing", 404, "NOT_FOUND"),
        (Method::PUT, "/tickets", 405, "METHOD_NOT_ALLOWED"),
        (Method::POST, "/tickets/stats", 405, "METHOD_NOT_ALLOWED"),
        (Method::PATCH, "/tickets/100001", 405, "METHOD_NOT_ALLOWED"),
        (Method::GET, "/tickets/100001/close", 405, "METHOD_NOT_ALLOWED"),
        (Method::GET, "/tickets/abc", 400, "VALIDATION_ERROR"),
        (Method::GET, "/tickets/1.5", 400, "VALIDATION_ERROR"),
        (Method::GET, "/tickets/%ff", 400, "VALIDATION_ERROR"),
        (Method::GET, "/tickets/100001%27%20or%201=1", 400, "VALIDATION_ERROR"),
        (Method::GET, "/tickets/99999999999999999999", 404, "TICKET_NOT_FOUND"),
        (Method::GET, "/tickets/-1", 404, "TICKET_NOT_FOUND"),
        (Method::GET, "/tickets/0", 404, "TICKET_NOT_FOUND"),
        (Method::GET, "/tickets/123", 404, "TICKET_NOT_FOUND"),
        (Method::DELETE, "/tickets/100001/comments/abc", 400, "VALIDATION_ERROR"),
        (Method::DELETE, "/tickets/123/comments/1", 404, "TICKET_NOT_FOUND"),
        (Method::GET, "/tickets/123/comments", 404, "TICKET_NOT_FOUND"),
        (Method::GET, "/tickets/sla-report", 400, "VALIDATION_ERROR"),
        (Method::GET, "/tickets/stats?start_date=2026-02-30", 400, "VALIDATION_ERROR"),
    ] {
        assert_eq!(refused(app, token, method.clone(), path, None).await, code(status, error), "{method} {path}");
    }
    // Bodies.
    let limit = 1 << 20;
    let post = |path: String| signed(app.http.post(app.at(&format!("/v1{path}"))), token);
    let assign = format!("/tickets/{id}/assign");
    for (text, status, error) in [
        ("{", 400, "VALIDATION_ERROR"),
        ("nonsense", 400, "VALIDATION_ERROR"),
        (r#"{"assignee_id": 1e999}"#, 400, "VALIDATION_ERROR"),
        (&"[".repeat(2_000), 400, "VALIDATION_ERROR"),
        ("", 422, "VALIDATION_ERROR"),
        ("null", 422, "VALIDATION_ERROR"),
        ("[5]", 422, "VALIDATION_ERROR"),
        (r#"{"assignee_id": "5"}"#, 422, "VALIDATION_ERROR"),
        (r#"{"assignee_id": null}"#, 422, "VALIDATION_ERROR"),
        (r#"{"assignee_id": 5.5}"#, 422, "VALIDATION_ERROR"),
        (r#"{"assignee_id": -1}"#, 404, "ASSIGNEE_NOT_FOUND"),
        (&"x".repeat(limit + 1), 413, "VALIDATION_ERROR"),
    ] {
        let answer = post(assign.clone()).body(text.to_owned()).send().await.unwrap();
        let shown: String = text.chars().take(40).collect();
        assert_eq!(answer.status(), status, "{shown}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!((&body["success"], &body["error_code"]), (&json!(false), &json!(error)), "{shown}: {body}");
        let told = body.to_string();
        assert!(!told.contains("src/") && !told.contains("serde") && !told.contains("SELECT"), "{told}");
    }
    // Without the length being announced, too.
    let stream = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 64 * 1024]));
    let endless = reqwest::Body::wrap_stream(futures_util::StreamExt::take(stream, 20));
    let answer = post(assign.clone()).body(endless).send().await.unwrap();
    assert_eq!(answer.status(), 413);
    // A key that can't be read is not passed over.
    let answer = post("/tickets".to_owned()).header("idempotency-key", &b"k\xe9y"[..]).send().await.unwrap();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["details"], json!({ "Idempotency-Key": "Idempotency-Key must be ASCII" }));
    // What a database can't hold is refused by name.
    for text in ["a\0b"] {
        let form = json!({ "title": text, "description": text, "category": "other", "priority": "low", "tags": [text], "metadata": { text: text } });
        let (status, body) = call(app, token, Method::POST, "/tickets", Some(&form)).await;
        assert_eq!(status, 422, "{body}");
        let comment = json!({ "content": text });
        assert_eq!(refused(app, token, Method::POST, &format!("/tickets/{id}/comments"), Some(comment)).await.0, 422);
        let close = json!({ "reason": text });
        assert_eq!(refused(app, token, Method::POST, &format!("/tickets/{id}/close"), Some(close)).await.0, 422);
        let status = json!({ "status": "closed", "reason": text });
        assert_eq!(refused(app, token, Method::PATCH, &format!("/tickets/{id}/status"), Some(status)).await.0, 422);
    }
}
