//! What conditions hold of, by table.

use super::*;
use crate::actor::{Actor, Member, Via};
use crate::command::{Command, OpenTicket, Request};
use crate::counters::Counters;
use crate::decide::{Facts, Scene, decide};
use crate::id::{CategoryId, SessionId, UserId};
use crate::people::Role;
use crate::policy::Policy;
use crate::text::Email;
use crate::{Event, Time};
use serde_json::json;

fn ticket() -> Ticket {
    let actor =
        Actor::User(Member { id: UserId(1), role: Role::User, via: Via::Session(SessionId(1)), scopes: Vec::new() });
    let (facts, policy) = (Facts::default(), Policy::default());
    let scene = Scene { facts: &facts, actor: &actor, policy: &policy, now: Time(0) };
    let open =
        OpenTicket { tags: vec!["VIP".into(), "登录".into()], ..OpenTicket::new("Login BUG 无法登录", "d") };
    let request = Request::from(Command::OpenTicket(Box::new(open)));
    let events = decide(&scene, &request, &mut Counters::default()).unwrap().events;
    let [Event::TicketOpened { ticket, .. }] = events.as_slice() else { panic!("no ticket") };
    let mut ticket = (**ticket).clone();
    ticket.category = Some(CategoryId(3));
    ticket.customer.email = Some(Email::parse("email", "Ann@Example.org").unwrap());
    ticket
}

fn read(field: &str, operator: &str, value: Value) -> Result<Condition> {
    let (field, operator) = (field.to_owned(), operator.to_owned());
    ConditionInput { field, operator, value, joint: None }.read(0)
}

#[test]
fn every_operator_of_every_shape() {
    let ticket = ticket();
    let subject = Subject {
        ticket: &ticket,
        description: Some("An Error occurred"),
        comment: None,
        requester_email: Some("ulla@example.org"),
        category_key: Some("technical"),
    };
    for (field, operator, value, holds) in [
        ("title", "contains", json!("bug"), true),
        ("title", "contains", json!("BUG 无法"), true),
        ("title", "not_contains", json!("bug"), false),
        ("title", "eq", json!("login bug 无法登录"), true),
        ("title", "ne", json!("x"), true),
        ("title", "starts_with", json!("login"), true),
        ("title", "ends_with", json!("登录"), true),
        ("title", "ends_with", json!("login"), false),
        ("title", "is_empty", Value::Null, false),
        ("content", "contains", json!("error"), true),
        ("description", "contains", json!("nothing"), false),
        ("comment", "is_empty", Value::Null, true),
        ("comment", "contains", json!("x"), false),
        ("comment", "not_contains", json!("x"), true),
        ("priority", "eq", json!("normal"), true),
        ("priority", "ne", json!("normal"), false),
        ("priority", "in", json!(["high", "normal"]), true),
        ("priority", "in", json!("high, urgent"), false),
        ("priority", "not_in", json!(["high", "urgent"]), true),
        ("priority", "gt", json!("low"), true),
        ("priority", "gt", json!("normal"), false),
        ("priority", "gte", json!("normal"), true),
        ("priority", "lt", json!("high"), true),
        ("priority", "lte", json!("low"), false),
        ("status", "eq", json!("new"), true),
        ("status", "eq", json!("open"), true),
        ("status", "eq", json!("closed"), false),
        ("status", "ne", json!("open"), false),
        ("type", "eq", json!("Request"), true),
        ("type", "starts_with", json!("inc"), false),
        ("source", "eq", json!("web"), true),
        ("source", "in", json!(["email", "phone"]), false),
        ("category", "eq", json!(3), true),
        ("category", "eq", json!("Technical"), true),
        ("category_id", "in", json!([1, 2]), false),
        ("category", "is_empty", Value::Null, false),
        ("tags", "contains", json!("vip"), true),
        ("tags", "contains", json!("vi"), false),
        ("tag", "eq", json!("登录"), true),
        ("tags", "in", json!("a,vip"), true),
        ("tags", "not_in", json!("a,b"), true),
        ("tags", "is_not_empty", Value::Null, true),
        ("requester_email", "ends_with", json!("@example.org"), true),
        ("customer_email", "eq", json!("ann@example.org"), true),
        ("assignee", "is_empty", Value::Null, true),
        ("assigned_to_id", "eq", json!(5), false),
        ("assignee", "ne", json!("5"), true),
        ("department", "is_empty", json!(true), true),
    ] {
        let condition = read(field, operator, value.clone()).unwrap();
        assert_eq!(condition.holds(&subject), holds, "{field} {operator} {value}");
        let kept = serde_json::to_value(&condition).unwrap();
        assert_eq!(serde_json::from_value::<Condition>(kept).unwrap(), condition);
    }
}

#[test]
fn what_no_condition_can_be_is_refused_by_its_place() {
    for (field, operator, value, part) in [
        ("mood", "eq", json!("x"), "field"),
        ("title", "regex", json!("x"), "operator"),
        ("title", "gt", json!("x"), "operator"),
        ("priority", "contains", json!("high"), "operator"),
        ("priority", "is_empty", Value::Null, "operator"),
        ("tags", "starts_with", json!("x"), "operator"),
        ("priority", "eq", json!("huge"), "value"),
        ("status", "in", json!(["open", "gone"]), "value"),
        ("source", "eq", json!("pigeon"), "value"),
        ("assignee", "eq", json!("bob"), "value"),
        ("title", "eq", Value::Null, "value"),
        ("title", "eq", json!(" "), "value"),
        ("title", "eq", json!(["a"]), "value"),
        ("title", "in", json!([]), "value"),
        ("title", "in", json!(["a", {}]), "value"),
        ("title", "in", json!(vec!["a"; 51]), "value"),
        ("title", "contains", json!("a".repeat(501)), "value"),
    ] {
        let input = ConditionInput { field: field.into(), operator: operator.into(), value, joint: None };
        let error = input.read(4).unwrap_err();
        assert_eq!(error.field(), Some(of_condition(4, part)), "{field} {operator}: {error}");
    }
    let input = ConditionInput { joint: Some("xor".into()), ..ConditionInput::default() };
    assert!(input.read(0).unwrap_err().to_string().contains("conditions[0].logic_op"));
}

#[test]
fn and_binds_closer_than_or() {
    let ticket = ticket();
    let subject =
        Subject { ticket: &ticket, description: None, comment: None, requester_email: None, category_key: None };
    let condition = |is: bool, joint: &str| ConditionInput {
        field: "priority".into(),
        operator: if is { "eq" } else { "ne" }.into(),
        value: json!("normal"),
        joint: Some(joint.into()),
    };
    for (all, holds) in [
        (vec![], true),
        (vec![(true, "and")], true),
        (vec![(false, "or")], false),
        (vec![(true, "or"), (false, "and")], true),
        (vec![(true, "and"), (false, "or")], false),
        (vec![(true, "or"), (false, "and"), (false, "and")], true),
        (vec![(false, "or"), (true, "and"), (false, "and")], false),
        (vec![(false, "and"), (true, "or"), (true, "and"), (true, "and")], true),
        (vec![(false, "or"), (false, "or"), (true, "or")], true),
    ] {
        let read: Vec<Condition> = all.iter().map(|(is, joint)| condition(*is, joint).read(0).unwrap()).collect();
        assert_eq!(all_hold(&read, &subject), holds, "{all:?}");
    }
}

#[test]
fn words_are_read_back() {
    for field in Field::ALL {
        assert_eq!(Field::parse(field.word()), Some(field));
        assert_eq!(serde_json::to_value(field).unwrap(), field.word());
    }
    for operator in Operator::ALL {
        assert_eq!(Operator::parse(operator.word()), Some(operator));
        assert_eq!(serde_json::to_value(operator).unwrap(), operator.word());
    }
}
