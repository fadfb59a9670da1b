//! Rules of compound changes, by table.

use super::*;
use crate::actor::{Member, Via};
use crate::command::{
    AddComment, AssignTicket, Command, EscalateTicket, Kinds, OpenTicket, Request, WriteKind, WritePriority,
};
use crate::decide::decide;
use crate::id::{CategoryId, SessionId, TicketId, UserId};
use crate::people::{Profile, Role, User, UserStatus};
use crate::policy::Policy;
use crate::ticket::Priority;
use crate::{Actor, Time};

type Before = fn(&mut Ticket);
type Ask = fn(&mut ChangeTicket);

const ME: UserId = UserId(1);
const AGENT: UserId = UserId(2);
const OTHER: UserId = UserId(3);

fn actor(id: UserId, role: Role) -> Actor {
    Actor::User(Member { id, role, via: Via::Session(SessionId(1)), scopes: Vec::new() })
}

fn user(id: UserId, role: Role) -> User {
    User {
        id,
        profile: Profile::default(),
        role,
        status: UserStatus::Active,
        has_password: false,
        created_at: Time(0),
        updated_at: Time(0),
        last_login_at: None,
        login_count: 0,
        version: 1,
    }
}

fn decided(facts: &Facts, actor: &Actor, command: Command) -> Result<Vec<Event>> {
    let policy = Policy::default();
    let scene = Scene { facts, actor, policy: &policy, now: Time(60_000) };
    decide(&scene, &Request::from(command), &mut Counters::default()).map(|decision| decision.events)
}

/// A ticket of mine that the agent works on.
fn facts(change: impl FnOnce(&mut Ticket)) -> Facts {
    let open = Command::OpenTicket(Box::new(OpenTicket::new("t", "d")));
    let events = decided(&Facts::default(), &actor(ME, Role::User), open).unwrap();
    let [Event::TicketOpened { ticket, description }] = events.as_slice() else { panic!("no ticket") };
    let mut ticket = (**ticket).clone();
    ticket.assignee = Some(AGENT);
    ticket.status = Status::InProgress;
    change(&mut ticket);
    Facts { ticket: Some(ticket), comment: Some((**description).clone()), ..Facts::default() }
}

fn asked(facts: &Facts, who: (UserId, Role), change: ChangeTicket) -> Result<Vec<&'static str>> {
    let events = decided(facts, &actor(who.0, who.1), Command::ChangeTicket(TicketId(1), Box::new(change)))?;
    Ok(events.iter().map(Event::word).collect())
}

fn status(status: Status) -> WriteStatus {
    let alike: &[Status] = if status == Status::Open { &[Status::New, Status::Open] } else { &[] };
    WriteStatus { status, alike, reopened: None, reason: None }
}

fn assign(to: Option<UserId>) -> AssignTicket {
    AssignTicket { assignee: to, department: Edit::Keep, reason: None }
}

/// The document's own update: everything at once, the hands last.
fn sample() -> ChangeTicket {
    ChangeTicket {
        comment: Some(AddComment { visibility: Visibility::Internal, ..AddComment::public("note") }),
        edit: EditTicket { title: Some("fixed".into()), ..EditTicket::default() },
        status: Some(status(Status::Resolved)),
        priority: Some(WritePriority { priority: Priority::High, alike: &[] }),
        rating: Some(Rating { stars: Some(5), comment: Some("good".into()) }),
        hand: Some(Hand::Assign(assign(Some(OTHER)))),
        ..ChangeTicket::default()
    }
}

#[test]
fn everything_happens_in_its_order() {
    let mut facts = facts(|_| ());
    facts.assignee = Some(user(OTHER, Role::Agent));
    let told = asked(&facts, (AGENT, Role::Agent), sample()).unwrap();
    let all =
        ["ticket_edited", "status_changed", "priority_changed", "ticket_rated", "ticket_assigned", "comment_added"];
    assert_eq!(told, all, "the note is for who has it then, although the agent does not reach it any more");
    // Without a new pair of hands, or where the requester reads it, the word comes first.
    let alone = ChangeTicket { hand: None, ..sample() };
    assert_eq!(asked(&facts, (AGENT, Role::Agent), alone).unwrap()[0], "comment_added");
    let public = ChangeTicket { comment: Some(AddComment::public("word")), ..sample() };
    assert_eq!(asked(&facts, (AGENT, Role::Agent), public).unwrap()[0], "comment_added");
}

#[test]
fn one_refusal_refuses_all() {
    let table: [(Before, Ask, &str); 5] = [
        (|t| t.status = Status::Open, |_| (), "INVALID_STATUS_TRANSITION"),
        (|_| (), |c| c.edit.title = Some(String::new()), "INVALID"),
        (|_| (), |c| c.rating = Some(Rating { stars: Some(6), comment: None }), "INVALID"),
        (|t| t.assignee = Some(OTHER), |_| (), "NOT_FOUND"),
        (|t| t.merged_into = Some(TicketId(9)), |_| (), "CONFLICT"),
    ];
    for (before, ask, code) in table {
        let mut facts = facts(before);
        facts.assignee = Some(user(OTHER, Role::Agent));
        let mut change = sample();
        ask(&mut change);
        assert_eq!(asked(&facts, (AGENT, Role::Agent), change).unwrap_err().code(), code);
    }
    let mut facts = facts(|_| ());
    facts.assignee = Some(user(OTHER, Role::User));
    let told = asked(&facts, (AGENT, Role::Agent), sample()).unwrap_err();
    assert_eq!((told.code(), told.field()), ("INVALID", Some("assignee")));
    let told = asked(&facts, (ME, Role::User), sample()).unwrap_err();
    assert_eq!(told.code(), "FORBIDDEN", "a requester writes no internal notes");
}

/// A record as the requester was shown it, with one field of it changed.
#[test]
fn a_record_that_is_sent_back_changes_only_what_differs() {
    const KINDS: Kinds = Kinds { words: &[("incident", "incident"), ("request", "request")], other: "request" };
    let facts = facts(|t| {
        (t.kind, t.priority, t.due_at) = ("AG".into(), Priority::Critical, Some(Time(1_500)));
        (t.category, t.category_sla_hours, t.rating) = (Some(CategoryId(7)), Some(4), Some(3));
        t.customer.email = Email::parse("x", "a@b.org").ok();
    });
    let record = || ChangeTicket {
        record: true,
        description: Some("d".into()),
        edit: EditTicket {
            title: Some("t ".into()),
            category: Edit::Set(Some(CategoryRef::Id(CategoryId(7)))),
            department: Edit::Set(Some(" ".into())),
            tags: Some(Vec::new()),
            custom_fields: Some(serde_json::Map::new()),
            customer_name: Edit::Set(None),
            customer_email: Edit::Set(Some("A@b.org".into())),
            due_at: Edit::Set(Some(Time(1_000))),
            ..EditTicket::default()
        },
        kind: Some(WriteKind { kind: "request", words: KINDS }),
        status: Some(status(Status::InProgress)),
        priority: Some(WritePriority { priority: Priority::Urgent, alike: &[Priority::Urgent, Priority::Critical] }),
        rating: Some(Rating { stars: Some(3), comment: None }),
        hand: Some(Hand::Assign(assign(Some(AGENT)))),
        ..ChangeTicket::default()
    };
    let mine = (ME, Role::User);
    assert_eq!(asked(&facts, mine, record()), Ok(Vec::new()), "nothing differs, so nothing is refused");
    let table: [(Ask, Result<&str>); 7] = [
        (|c| c.edit.title = Some("new".into()), Ok("ticket_edited")),
        (|c| c.kind = Some(WriteKind { kind: "incident", words: KINDS }), Ok("ticket_edited")),
        (|c| c.description = Some("more".into()), Ok("comment_edited")),
        (|c| c.edit.due_at = Edit::Set(None), Err(Error::Forbidden { what: Operation::EditWorkflow.phrase() })),
        (
            |c| c.status = Some(status(Status::Pending)),
            Err(Error::Forbidden { what: Operation::ChangeStatus.phrase() }),
        ),
        (
            |c| c.priority = Some(WritePriority { priority: Priority::High, alike: &[] }),
            Err(Error::Forbidden { what: Operation::SetPriority.phrase() }),
        ),
        (
            |c| c.hand = Some(Hand::Assign(assign(None))),
            Err(Error::Forbidden { what: Operation::AssignTicket.phrase() }),
        ),
    ];
    for (change, wanted) in table {
        let mut sent = record();
        change(&mut sent);
        assert_eq!(asked(&facts, mine, sent), wanted.map(|word| vec![word]));
    }
    let strict = ChangeTicket { record: false, ..record() };
    assert!(matches!(asked(&facts, mine, strict), Err(Error::Forbidden { .. })), "a single write is permitted or not");
}

#[test]
fn requesters_have_their_own_ways_of_ending() {
    let write =
        |to, reopened| ChangeTicket { status: Some(WriteStatus { reopened, ..status(to) }), ..ChangeTicket::default() };
    for (from, to, reopened, wanted) in [
        (Status::Resolved, Status::Closed, None, Ok(())),
        (Status::Open, Status::Closed, None, Err("FORBIDDEN")),
        (Status::Open, Status::Cancelled, None, Ok(())),
        (Status::Closed, Status::Open, Some(true), Ok(())),
        (Status::Open, Status::Open, Some(true), Err("INVALID_STATUS_TRANSITION")),
        (Status::Open, Status::InProgress, None, Err("FORBIDDEN")),
        (Status::InProgress, Status::Resolved, None, Err("FORBIDDEN")),
    ] {
        let facts = facts(|t| t.status = from);
        let told = asked(&facts, (ME, Role::User), write(to, reopened)).map(drop).map_err(|error| error.code());
        assert_eq!(told, wanted, "{from:?} {to:?}");
    }
}

#[test]
fn ways_of_handing_it_over() {
    let mut facts = facts(|t| t.priority = Priority::Normal);
    facts.assignee = Some(user(OTHER, Role::Supervisor));
    let hand = |hand| ChangeTicket { hand: Some(hand), ..ChangeTicket::default() };
    let events = |change| {
        let command = Command::ChangeTicket(TicketId(1), Box::new(change));
        decided(&facts, &actor(AGENT, Role::Agent), command)
    };
    let transfer = |to| Hand::Transfer { to, department: Edit::Set(Some("technical".into())), reason: None };
    let told = events(hand(transfer(None))).unwrap();
    assert!(
        matches!(told.as_slice(), [Event::TicketAssigned { transfer: true, assignee, .. }] if assignee.to == Some(AGENT))
    );
    let told = events(hand(transfer(Some(OTHER)))).unwrap();
    assert!(matches!(told.as_slice(), [Event::TicketAssigned { transfer: true, .. }]));
    let told = events(hand(Hand::Assign(assign(Some(OTHER))))).unwrap();
    assert!(matches!(told.as_slice(), [Event::TicketAssigned { transfer: false, .. }]));
    let raised = |priority| Hand::Escalate(EscalateTicket { priority, assignee: Some(OTHER), reason: None });
    for (wanted, to) in [(None, Priority::High), (Some(Priority::Critical), Priority::Critical)] {
        let told = events(hand(raised(wanted))).unwrap();
        assert!(matches!(told.get(1), Some(Event::PriorityChanged { priority, .. }) if priority.to == to), "{told:?}");
        assert!(matches!(told.last(), Some(Event::TicketAssigned { .. })));
    }
    assert_eq!(events(hand(raised(Some(Priority::Low)))).unwrap_err().field(), Some("priority"));
}

#[test]
fn a_rating_keeps_its_stars_when_only_its_words_change() {
    let words = || ChangeTicket {
        rating: Some(Rating { stars: None, comment: Some("fine".into()) }),
        ..ChangeTicket::default()
    };
    let rated = facts(|t| (t.status, t.rating) = (Status::Closed, Some(4)));
    assert_eq!(asked(&rated, (AGENT, Role::Agent), words()), Ok(vec!["ticket_rated"]));
    let unrated = facts(|t| t.status = Status::Closed);
    assert_eq!(asked(&unrated, (ME, Role::User), words()).unwrap_err().field(), Some("rating"));
}

#[test]
fn what_one_opened_oneself_one_may_discard() {
    for (who, role, wanted) in [
        (ME, Role::User, Ok(())),
        (AGENT, Role::Agent, Err("FORBIDDEN")),
        (OTHER, Role::User, Err("NOT_FOUND")),
        (OTHER, Role::Supervisor, Ok(())),
    ] {
        let told = decided(&facts(|_| ()), &actor(who, role), Command::DiscardTicket(TicketId(1)));
        assert_eq!(told.map(drop).map_err(|error| error.code()), wanted, "{role:?}");
    }
}
