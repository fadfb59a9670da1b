//! Words, forms and reasons of tickets, by table.

use super::*;
use model::Error;
use serde_json::{Value, json};

fn bad(told: Result<impl std::fmt::Debug>) -> Vec<&'static str> {
    match told {
        Err(Error::Invalid(all)) => all.into_iter().map(|problem| problem.field).collect(),
        other => panic!("{other:?}"),
    }
}

fn form<T: serde::de::DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

#[test]
fn every_status_has_a_word_and_every_word_its_statuses() {
    for known in Status::ALL {
        let word = status(known);
        assert!(STATUSES.contains(&word));
        assert!(statuses(word).unwrap().contains(&known));
    }
    assert_eq!(statuses("open").unwrap(), [Status::New, Status::Open]);
    assert_eq!(statuses("new"), None, "the document has no such word");
    for word in WRITABLE {
        assert!(write_status(word, None).is_some(), "{word}");
    }
    assert!(write_status("new", None).is_none());
    let reopened = write_status("reopened", None).unwrap();
    assert_eq!((reopened.status, reopened.reopened), (Status::Open, Some(true)));
}

#[test]
fn every_type_is_shown_by_a_word_of_the_document() {
    for (code, word) in
        [("incident", "incident"), ("RP", "complaint"), ("OP", "consultation"), ("AG", "request"), ("?", "request")]
    {
        assert_eq!(KINDS.shown(code), word);
        assert!(TYPES.contains(&word));
    }
    assert_eq!(kinds("change").unwrap(), ["change", "JY", "GU"]);
    assert_eq!(kinds("bug"), None);
    for word in PRIORITIES {
        assert_eq!(Priority::parse(word).map(Priority::word), Some(word));
    }
    for word in SOURCES {
        assert_eq!(Source::parse(word).map(Source::word), Some(word));
    }
}

#[test]
fn what_is_left_out_stays_and_null_empties() {
    let change =
        update(form(json!({ "title": "t", "assigned_to_id": null, "category_id": 5, "due_date": null }))).unwrap();
    assert!(change.record && change.comment.is_none() && change.status.is_none() && change.rating.is_none());
    assert_eq!(change.edit.category, Edit::Set(Some(CategoryRef::Id(CategoryId(5)))));
    assert_eq!((change.edit.due_at, change.edit.customer_name), (Edit::Set(None), Edit::Keep));
    assert!(matches!(change.hand, Some(Hand::Assign(AssignTicket { assignee: None, .. }))));
    assert!(update(form(json!({}))).unwrap().hand.is_none());
    let change = update(form(json!({ "internal_notes": " ", "rating_comment": "" }))).unwrap();
    assert!(change.comment.is_none() && change.rating.is_none());
    let change = update(form(json!({ "internal_notes": "n", "rating": 5 }))).unwrap();
    assert_eq!(change.comment.unwrap().visibility, Visibility::Internal);
    assert_eq!(change.rating, Some(Rating { stars: Some(5), comment: None }));
}

#[test]
fn the_log_keeps_as_much_of_a_remark_as_there_is_room_for() {
    let told = |comment: &str, notes: &str| {
        let write =
            status_write(form(json!({ "status": "open", "comment": comment, "resolution_notes": notes }))).unwrap();
        write.status.unwrap().reason
    };
    assert_eq!(told("", ""), None);
    assert_eq!(told("c", "").as_deref(), Some("c"));
    assert_eq!(told("c", "n").as_deref(), Some("c；n"));
    let long = told(&"字".repeat(1_000), "n").unwrap();
    assert!(long.chars().count() == REASON_MAX && long.ends_with("字…；n"));
    assert_eq!(told("c", &"n".repeat(500)), Some("n".repeat(500)));
}

#[test]
fn every_bad_field_is_told() {
    let all = json!({ "title": " ", "description": "", "type": 1, "priority": "x", "source": "fax", "category_id": "x",
        "assigned_to_id": 1.5, "customer_email": "x", "tags": "x", "custom_fields": 1, "due_date": "x" });
    let mut told = bad(open(form(all)));
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "assigned_to_id",
            "category_id",
            "custom_fields",
            "customer_email",
            "description",
            "due_date",
            "priority",
            "source",
            "tags",
            "title",
            "type"
        ]
    );
    assert_eq!(bad(assign(form(json!({ "comment": "a\u{0}b" })))), ["assigned_to_id", "comment"]);
    assert_eq!(bad(transfer(form(json!({ "department": " " })))), ["assigned_to_id"]);
    assert_eq!(bad(bulk_delete(form(json!({ "ids": [] })))), ["ids"]);
    assert_eq!(bulk_delete(form(json!({ "ticket_ids": [3, 3] }))).unwrap().len(), 1);
}
