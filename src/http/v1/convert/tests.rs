//! Tables: the document's words against ours, and what a bad body hears.

use super::*;
use serde_json::{Value, json};

fn form<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

fn problems<T: std::fmt::Debug>(told: Result<T>) -> Vec<String> {
    match told {
        Err(Error::Invalid(all)) => all.into_iter().map(|p| format!("{} {}", p.field, p.problem)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn words_lead_there_and_back() {
    for status in Status::ALL {
        for reopened in [false, true] {
            let word = super::status(status, reopened && status == Status::Open);
            let (all, flag) = statuses(word).unwrap();
            assert!(all.contains(&status), "{status:?}");
            assert!(flag.is_none_or(|flag| flag == (reopened && status == Status::Open)));
        }
    }
    for known in Priority::ALL {
        assert!(priorities(priority(known)).unwrap().contains(&known));
    }
    assert_eq!(STATUSES.map(|word| statuses(word).is_some()), [true; 7]);
    assert_eq!(PRIORITIES.map(|word| priorities(word).is_some()), [true; 4]);
    assert_eq!((statuses("cancelled"), statuses("Open"), priorities("critical")), (None, None, None));
    let first = model::category::FIRST_CATEGORIES.map(|(key, _)| key);
    assert_eq!(first, CATEGORIES, "every installation starts with the document's categories");
}

#[test]
fn a_new_ticket_is_checked_as_a_whole() {
    let good = json!({
        "title": " 无法登录 ", "description": "六个字的描述", "category": "technical", "priority": "urgent",
        "tags": ["a", "b"], "metadata": { "os": "Windows 11" }, "unknown": 1,
    });
    let new = open(form(good)).unwrap();
    assert_eq!((new.title.as_str(), new.priority), ("无法登录", Some(Priority::Urgent)));
    assert_eq!(new.category, Some(CategoryRef::Key("technical".into())));
    assert_eq!((new.source, new.channel), (Source::Api, Channel::Api));
    assert_eq!(new.tags, ["a", "b"]);
    assert_eq!(
        problems(open(form(json!({})))),
        ["title is required", "description is required", "category is required", "priority is required"]
    );
    let bad = json!({
        "title": "", "description": 5, "category": "x", "priority": "critical", "tags": ["a,b"], "metadata": [],
    });
    assert_eq!(
        problems(open(form(bad))),
        [
            "title must have 1 to 200 characters",
            "description must be a string",
            "category must be one of technical, account, billing, feature, complaint, other",
            "priority must be one of low, medium, high, urgent",
            "tags must not contain a comma",
            "metadata must be an object",
        ]
    );
    // Characters are counted, not bytes.
    let long = |title: usize, description: usize| {
        let body = json!({ "title": "字".repeat(title), "description": "字".repeat(description),
            "category": "other", "priority": "low" });
        open(form(body))
    };
    assert!(long(200, 5_000).is_ok());
    assert_eq!(problems(long(201, 5_001)).len(), 2);
}

#[test]
fn comments_and_reasons_have_limits() {
    let add = |content: Value| add_comment(form(json!({ "content": content })));
    assert!(add(json!("字".repeat(10_000))).is_ok());
    let long = add(json!("字".repeat(10_001))).unwrap_err();
    assert_eq!(long, Error::TooLarge { field: "content", limit: 10_000 });
    assert_eq!(problems(add(json!("  "))), ["content must not be empty"]);
    assert_eq!(problems(add(Value::Null)), ["content is required"]);
    let wrong = json!({ "content": 1, "is_internal": "yes" });
    assert_eq!(problems(add_comment(form(wrong))), ["content must be a string", "is_internal must be true or false"]);
    let why = |text: &str| reason(form(json!({ "reason": text })));
    assert!(why(&"字".repeat(500)).is_ok());
    assert!(why(&"字".repeat(501)).is_err() && why(" ").is_err() && reason(form(json!({}))).is_err());
    let both = json!({ "status": "done", "reason": "x".repeat(501) });
    assert_eq!(problems(write_status(form(both))).len(), 2);
    assert_eq!(problems(assign(form(json!({ "assignee_id": "5" })))), ["assignee_id must be an integer"]);
}

#[test]
fn the_documents_words_are_those_that_are_read_and_written() {
    let schemas = &crate::http::documents::openapi()["components"]["schemas"];
    for (name, words) in [("V1Status", &STATUSES[..]), ("V1Priority", &PRIORITIES), ("V1Category", &CATEGORIES)] {
        assert_eq!(schemas[name]["enum"], serde_json::json!(words), "{name}");
    }
}
