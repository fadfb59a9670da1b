//! The body of a webhook, in the words of `/v1` (seed 003, 8.2): documented fields first, then what the event adds.
//!
//! Pure. It is written once, when the event is dispatched, and sent byte for byte at every attempt.

use engine::Picture;
use model::comment::Comment;
use model::event::{Change, Event, Recorded};
use model::people::User;
use model::sla::Target;
use model::ticket::{Priority, Status};
use model::webhook::Topic;
use model::{Error, Result};
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    event: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    ticket_id: i64,
    number: &'a str,
    title: &'a str,
    status: &'static str,
    priority: &'static str,
    creator: Option<Person<'a>>,
    url: String,
    #[serde(flatten)]
    more: More<'a>,
}

#[derive(Serialize)]
struct Person<'a> {
    id: i64,
    name: String,
    email: Option<&'a str>,
}

/// What one event tells beyond the others.
#[derive(Serialize)]
#[serde(untagged)]
enum More<'a> {
    Nothing {},
    Assigned {
        assignee: Option<Person<'a>>,
    },
    Moved {
        old_status: &'static str,
        new_status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    },
    Said {
        comment: Said<'a>,
    },
    Late {
        /// `response` or `resolution`.
        sla_type: &'static str,
        sla_due_time: String,
    },
}

#[derive(Serialize)]
struct Said<'a> {
    id: i64,
    content: &'a str,
    user: Option<Person<'a>>,
    is_internal: bool,
    created_at: String,
}

fn status_word(status: Status, reopened: bool) -> &'static str {
    match status {
        Status::New => "new",
        Status::Open if reopened => "reopened",
        Status::Open => "open",
        Status::InProgress => "in_progress",
        Status::Pending => "pending",
        Status::Resolved => "resolved",
        Status::Closed | Status::Cancelled => "closed",
    }
}

fn priority_word(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Normal => "medium",
        Priority::High => "high",
        Priority::Urgent | Priority::Critical => "urgent",
    }
}

fn person(user: &User) -> Person<'_> {
    Person { id: user.id.0, name: user.name(), email: user.profile.email.as_ref().map(|e| e.as_str()) }
}

fn said<'a>(comment: &'a Comment, picture: &'a Picture) -> Said<'a> {
    Said {
        id: comment.id.0,
        content: comment.body.as_str(),
        user: picture.person(comment.author).map(person),
        // What is internal never comes here.
        is_internal: false,
        created_at: comment.created_at.rfc3339(),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only these have more to tell; which events are told is Topic::of's"
)]
fn more<'a>(topic: Topic, event: &'a Event, picture: &'a Picture) -> More<'a> {
    let moved = |status: &Change<Status>, reason| More::Moved {
        old_status: status_word(status.from, picture.was_reopened),
        new_status: status_word(status.to, picture.ticket.reopened),
        reason,
    };
    match event {
        _ if topic == Topic::Assigned => {
            More::Assigned { assignee: picture.person(picture.ticket.assignee).map(person) }
        }
        Event::StatusChanged { status, reason, .. } => moved(status, reason.as_deref()),
        Event::TicketMerged { status, .. } => moved(&Change { from: *status, to: Status::Closed }, None),
        Event::TicketUnmerged { status, .. } => moved(&Change { from: Status::Closed, to: *status }, None),
        Event::CommentAdded { comment, .. } => More::Said { comment: said(comment, picture) },
        Event::SlaBreached { target, due_at, .. } => More::Late {
            sla_type: match target {
                Target::Response => "response",
                Target::Resolution => "resolution",
            },
            sla_due_time: due_at.rfc3339(),
        },
        _ => More::Nothing {},
    }
}

/// What an endpoint is sent.
pub(super) fn body(topic: Topic, recorded: &Recorded, picture: &Picture, public_url: &str) -> Result<String> {
    let ticket = &picture.ticket;
    let body = Body {
        event: topic.word(),
        timestamp: recorded.at.rfc3339(),
        data: Data {
            ticket_id: ticket.id.0,
            number: &ticket.numbers.daily,
            title: ticket.title.as_str(),
            status: status_word(ticket.status, ticket.reopened),
            priority: priority_word(ticket.priority),
            creator: picture.person(Some(ticket.requester)).map(person),
            url: format!("{public_url}/tickets/{}", ticket.id),
            more: more(topic, &recorded.event, picture),
        },
    };
    serde_json::to_string(&body).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Time;
    use model::actor::By;
    use model::comment::Visibility;
    use model::id::{CommentId, Seq, TicketId, UserId};
    use model::number::Numbers;
    use model::people::{Channel, Profile, Role, UserStatus};
    use model::text::{Body as Text, Email, Title};
    use model::ticket::{Customer, Resolution, Source, Ticket};
    use serde_json::{Map, Value, json};

    const AT: Time = Time(1_729_679_400_000);

    fn user(id: i64, name: &str) -> User {
        User {
            id: UserId(id),
            profile: Profile {
                display_name: Some(name.into()),
                email: Some(Email::parse("email", "zhangsan@example.com").unwrap()),
                ..Profile::default()
            },
            role: Role::User,
            status: UserStatus::Active,
            has_password: false,
            created_at: AT,
            updated_at: AT,
            last_login_at: None,
            login_count: 0,
            version: 1,
        }
    }

    fn picture(change: impl FnOnce(&mut Ticket)) -> Picture {
        let mut ticket = Ticket {
            id: TicketId(123),
            numbers: Numbers { yearly: "TK-2024-001".into(), daily: "T-20241023-0001".into(), legacy: "x".into() },
            title: Title::parse("无法登录账号").unwrap(),
            status: Status::New,
            reopened: false,
            reopen_count: 0,
            resolution: Resolution::None,
            priority: Priority::High,
            kind: "request".into(),
            category: None,
            source: Source::Web,
            channel: Channel::Web,
            requester: UserId(1),
            assignee: Some(UserId(5)),
            department: None,
            tags: Vec::new(),
            custom_fields: Map::new(),
            customer: Customer::default(),
            due_at: None,
            response_due_at: AT,
            resolution_due_at: AT,
            category_sla_hours: None,
            agreement: None,
            fired: Vec::new(),
            first_reply_at: None,
            resolved_at: None,
            closed_at: None,
            response_breached: false,
            resolution_breached: false,
            escalated: false,
            view_count: 0,
            comment_count: 0,
            internal_count: 0,
            staff_replies: 0,
            rating: None,
            rating_comment: None,
            native: Map::new(),
            description: CommentId(1),
            follows: None,
            mailbox: None,
            merged_into: None,
            status_before_merge: None,
            deleted_at: None,
            created_at: AT,
            updated_at: AT,
            version: 1,
        };
        change(&mut ticket);
        Picture { ticket, was_reopened: false, people: vec![user(1, "张三").into(), user(5, "李四").into()] }
    }

    fn sent(topic: Topic, event: Event, picture: &Picture) -> Value {
        let recorded = Recorded { seq: Seq(9), at: AT, by: By::default(), about: None, event };
        serde_json::from_str(&body(topic, &recorded, picture, "https://app.example.com").unwrap()).unwrap()
    }

    fn moved(from: Status, to: Status, reopened: bool) -> Event {
        Event::StatusChanged {
            ticket: TicketId(123),
            status: Change { from, to },
            resolution: Change { from: Resolution::None, to: Resolution::None },
            reopened,
            reason: Some("because".into()),
        }
    }

    #[test]
    fn the_documents_sample_comes_out_byte_for_byte() {
        let event = Event::TicketEscalated { ticket: TicketId(123), reason: None, again: false };
        let recorded = Recorded { seq: Seq(9), at: AT, by: By::default(), about: None, event };
        let made = body(Topic::Created, &recorded, &picture(|_| ()), "https://app.example.com").unwrap();
        let sample = r#"{"event":"ticket.created","timestamp":"2024-10-23T10:30:00Z","data":{"ticket_id":123,"number":"T-20241023-0001","title":"无法登录账号","status":"new","priority":"high","creator":{"id":1,"name":"张三","email":"zhangsan@example.com"},"url":"https://app.example.com/tickets/123"}}"#;
        assert_eq!(made, sample);
    }

    #[test]
    fn each_event_adds_what_its_reader_needs() {
        let data = |topic, event, picture: &Picture| sent(topic, event, picture)["data"].take();
        let assigned = Event::TicketAssigned {
            ticket: TicketId(123),
            assignee: Change { from: None, to: Some(UserId(5)) },
            department: Change { from: None, to: None },
            reason: Some("for staff only".into()),
            transfer: false,
        };
        let told = data(Topic::Assigned, assigned, &picture(|_| ()));
        assert_eq!(told["assignee"], json!({ "id": 5, "name": "李四", "email": "zhangsan@example.com" }));
        assert!(!told.to_string().contains("for staff only"));

        let now = picture(|t| (t.status, t.reopened) = (Status::Open, true));
        for topic in [Topic::StatusChanged, Topic::Reopened] {
            let told = data(topic, moved(Status::Closed, Status::Open, true), &now);
            assert_eq!(
                (&told["old_status"], &told["new_status"], &told["status"]),
                (&json!("closed"), &json!("reopened"), &json!("reopened"))
            );
            assert_eq!(told["reason"], "because");
        }
        let mut now = picture(|t| t.status = Status::InProgress);
        now.was_reopened = true;
        let told = data(Topic::StatusChanged, moved(Status::Open, Status::InProgress, false), &now);
        assert_eq!((&told["old_status"], &told["new_status"]), (&json!("reopened"), &json!("in_progress")));

        let late = Event::SlaBreached { ticket: TicketId(123), target: Target::Resolution, due_at: AT };
        let told = data(Topic::SlaViolated, late, &picture(|_| ()));
        assert_eq!((&told["sla_type"], &told["sla_due_time"]), (&json!("resolution"), &json!("2024-10-23T10:30:00Z")));

        let comment = Comment {
            id: CommentId(456),
            ticket: TicketId(123),
            author: Some(UserId(5)),
            by_staff: true,
            visibility: Visibility::Public,
            channel: Channel::Web,
            body: Text::parse("body", "谢谢").unwrap(),
            folded: None,
            created_at: AT,
            edited_at: None,
            withdrawn_at: None,
            merged_from: None,
            meta: Map::new(),
            attachments: Vec::new(),
            version: 1,
        };
        let event = Event::CommentAdded { ticket: TicketId(123), comment: Box::new(comment), first_reply: true };
        let told = data(Topic::CommentAdded, event, &picture(|_| ()));
        assert_eq!(told["comment"]["content"], "谢谢");
        assert_eq!((&told["comment"]["is_internal"], &told["comment"]["user"]["id"]), (&json!(false), &json!(5)));
    }

    #[test]
    fn words_are_those_of_v1() {
        let told = |change: fn(&mut Ticket)| {
            let event = Event::TicketEscalated { ticket: TicketId(123), reason: None, again: false };
            let body = sent(Topic::Created, event, &picture(change));
            (body["data"]["status"].as_str().unwrap().to_owned(), body["data"]["priority"].as_str().unwrap().to_owned())
        };
        assert_eq!(told(|t| t.priority = Priority::Normal).1, "medium");
        assert_eq!(told(|t| t.priority = Priority::Critical).1, "urgent");
        assert_eq!(told(|t| t.status = Status::Cancelled).0, "closed");
        assert_eq!(told(|t| (t.status, t.reopened) = (Status::Open, true)).0, "reopened");
    }
}
