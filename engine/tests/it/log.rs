//! Streams: what was missed and then live, each event once and in order, across processes, and only what one may see.

use crate::house::{Dice, Events, House, actor, caller, change, each_backend, next, soon};
use engine::{Caller, Engine};
use futures_util::StreamExt as _;
use model::actor::{Member, Via};
use model::command::*;
use model::comment::Visibility;
use model::id::{SessionId, TicketId};
use model::people::Role;
use model::query::EventFilter;
use model::session::Sealed;
use model::ticket::{Priority, Status};
use model::time::DAY;
use model::{Actor, Error};
use store::db::Sql;

async fn stream(engine: &Engine, by: &Actor, after: Option<&str>) -> Events {
    engine.events(by, after, EventFilter::default()).await.unwrap()
}

async fn write(engine: Engine, by: Caller, times: usize) {
    for n in 0..times {
        engine.open_ticket(&by, OpenTicket::new(format!("w{n}"), "d")).await.unwrap();
    }
}

/// Reads `count` events from the beginning, reconnecting again and again; fails on a gap or a repetition.
async fn follow_all(engine: Engine, count: i64, reconnects: usize) {
    let everyone = Actor::System("reader");
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut cursor = "0".to_owned();
    let mut seen = 0;
    let mut left = reconnects;
    while seen < count {
        let mut events = stream(&engine, &everyone, Some(&cursor)).await;
        let portion = if left == 0 { usize::MAX } else { dice.below(2 * count as usize / reconnects.max(1)) + 1 };
        left = left.saturating_sub(1);
        for _ in 0..portion {
            let event = next(&mut events).await;
            assert_eq!(event.seq.0, seen + 1);
            seen += 1;
            cursor = engine.cursor_of(event.seq).to_string();
            if seen == count {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_reconnects_thirty_times_sees_each_event_once() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        let second = house.second().await;
        let tasks = [
            tokio::spawn(write(house.engine.clone(), alice.clone(), 125)),
            tokio::spawn(write(house.engine.clone(), alice.clone(), 125)),
            // Another process writes, too.
            tokio::spawn(write(second.clone(), alice.clone(), 125)),
            tokio::spawn(write(second.clone(), alice.clone(), 125)),
            tokio::spawn(follow_all(house.engine.clone(), 501, 30)),
            tokio::spawn(follow_all(second.clone(), 501, 30)),
            tokio::spawn(follow_all(second.clone(), 501, 0)),
        ];
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(house.count("SELECT MAX(seq) FROM events").await, house.count("SELECT COUNT(*) FROM events").await);
        second.close().await;
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_sees_what_is_committed_and_never_skips_what_is_open() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        let second = house.second().await;
        let mut live = stream(&second, &Actor::System("reader"), None).await;
        let first = house.ticket(&alice, "first").await.id;
        assert_eq!(next(&mut live).await.event.ticket(), Some(first));
        // Somebody holds the write lock for a while: writers wait, readers don't, and nothing is out of order.
        let store = house.store().await;
        let held = store.begin().await.unwrap();
        let waiting: Vec<_> = [house.engine.clone(), second.clone()]
            .map(|engine| tokio::spawn(write(engine, alice.clone(), 5)))
            .into_iter()
            .collect();
        let seen = second.cursor().seq.0;
        assert_eq!(second.ticket(&alice.actor, first).await.unwrap().id, first);
        held.rollback().await.unwrap();
        store.close().await;
        for n in 1..=10 {
            assert_eq!(next(&mut live).await.seq.0, seen + n);
        }
        for task in waiting {
            task.await.unwrap();
        }
        second.close().await;
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_that_cannot_be_followed_ask_for_a_new_snapshot() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let everyone = Actor::System("reader");
        let alice = caller(&house.person("alice", Role::User).await);
        for n in 0..5 {
            house.clock.advance(10 * DAY);
            house.ticket(&alice, &format!("t{n}")).await;
        }
        let cursor = engine.cursor();
        let refused = async |text: String| match engine.events(&everyone, Some(&text), EventFilter::default()).await {
            Ok(_) => "accepted",
            Err(error) => error.code(),
        };
        assert_eq!(refused(cursor.to_string()).await, "accepted");
        assert_eq!(refused(format!("other.{}", cursor.seq)).await, "RESYNC_REQUIRED");
        assert_eq!(refused(engine.cursor_of(model::id::Seq(cursor.seq.0 + 1)).to_string()).await, "RESYNC_REQUIRED");
        // 30 days are kept: the events of days 0, 10 and 20 are beyond that on day 50; the place after them is good.
        assert_eq!(refused(engine.cursor_of(model::id::Seq(2)).to_string()).await, "RESYNC_REQUIRED");
        assert_eq!(refused(engine.cursor_of(model::id::Seq(3)).to_string()).await, "accepted");
        for bad in ["", "x", "12", "a.b", "a.-1", "☃.1"] {
            assert!(matches!(refused(bad.into()).await, "INVALID" | "RESYNC_REQUIRED"), "{bad}");
        }
        let mut all = stream(engine, &everyone, Some("0")).await;
        assert_eq!(next(&mut all).await.seq.0, 4, "0 is the beginning of what is kept");
        let mut rest = stream(engine, &everyone, Some(&engine.cursor_of(model::id::Seq(5)).to_string())).await;
        assert_eq!(next(&mut rest).await.seq.0, 6);
        engine.close().await;
    })
    .await;
}

/// An event that everybody sees.
async fn mark(house: &House, marker: i64) {
    let form = model::category::CategoryForm {
        key: format!("marker{marker}"),
        name: "m".into(),
        description: None,
        color: None,
        icon: None,
        parent: None,
        sla_hours: None,
        auto_assignee: None,
        active: true,
        sort_order: 0,
    };
    house.system(Command::CreateCategory(Box::new(form))).await;
}

/// The words of the events up to the marker.
async fn words(events: &mut Events) -> Vec<&'static str> {
    let mut words = Vec::new();
    loop {
        match next(events).await.event.word() {
            "category_created" => return words,
            word => words.push(word),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_shown_to_those_who_may_see_it_now() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let (alice, mallory) = (house.person("alice", Role::User).await, house.person("mallory", Role::User).await);
        let (bob, carol) = (house.person("bob", Role::Agent).await, house.person("carol", Role::Agent).await);
        let ticket = house.ticket(&caller(&alice), "seen").await.id;
        let mut readers = Vec::new();
        for person in [&alice, &mallory, &bob, &carol] {
            readers.push(stream(engine, &caller(person).actor, None).await);
        }
        // From the marker on they are live: what they see is judged as it stood right after each event.
        mark(&house, 0).await;
        for events in &mut readers {
            words(events).await;
        }
        let note = AddComment { visibility: Visibility::Internal, ..AddComment::public("note") };
        engine.add_comment(&caller(&bob), ticket, note).await.unwrap();
        house.assign(ticket, Some(bob.id)).await;
        house.system(Command::SetPriority(ticket, Priority::High)).await;
        house.assign(ticket, Some(carol.id)).await;
        house.status(ticket, Status::InProgress).await;
        house.system(Command::DeleteTicket(ticket)).await;
        let mut told = Vec::new();
        mark(&house, 1).await;
        for events in &mut readers {
            told.push(words(events).await);
        }
        assert_eq!(
            told[0],
            [
                "ticket_assigned",
                "status_changed",
                "priority_changed",
                "ticket_assigned",
                "status_changed",
                "ticket_deleted"
            ]
        );
        assert!(told[1].is_empty(), "{:?}", told[1]);
        let bobs = ["comment_added", "ticket_assigned", "status_changed", "priority_changed", "ticket_assigned"];
        assert_eq!(told[2], bobs, "he hears that he lost it, and nothing afterwards");
        assert_eq!(
            told[3],
            ["comment_added", "ticket_assigned", "ticket_assigned", "status_changed", "ticket_deleted"]
        );
        // Replayed, everything is judged by what holds now: the deleted ticket is seen by nobody but its end.
        let mut again = stream(engine, &caller(&alice).actor, Some("0")).await;
        let mut replayed = words(&mut again).await;
        replayed.extend(words(&mut again).await);
        assert!(replayed.iter().all(|w| matches!(*w, "user_created" | "ticket_deleted")), "{replayed:?}");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_whose_role_changes_sees_by_the_new_one_and_one_whose_session_ends_is_told() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        let bob = house.person("bob", Role::Agent).await;
        let start = StartSession {
            user: bob.id,
            method: "test".into(),
            ip: None,
            user_agent: None,
            refresh: Sealed(Some("r".into())),
            proof: Proof::Nothing,
            remember: None,
        };
        let outcome = house.system(Command::StartSession(Box::new(start))).await;
        let engine::Subject::Session(session) = outcome.subject else { panic!() };
        let with = |id: SessionId| {
            Actor::User(Member { id: bob.id, role: Role::Agent, via: Via::Session(id), scopes: vec![] })
        };
        let mut events = stream(engine, &with(session), None).await;
        let mut late = stream(engine, &with(session), None).await;
        let mine = house.ticket(&alice, "one").await.id;
        assert_eq!(next(&mut events).await.event.ticket(), Some(mine));
        house.system(Command::SetRole(bob.id, Role::User)).await;
        assert_eq!(next(&mut events).await.event.word(), "role_changed");
        house.ticket(&alice, "two").await;
        house.system(Command::SetRole(bob.id, Role::Supervisor)).await;
        assert_eq!(next(&mut events).await.event.word(), "role_changed", "the second ticket was hidden");
        let ended = tokio::spawn(engine.ended(&with(session)));
        // Another session's end is none of its business.
        let other = StartSession {
            user: bob.id,
            method: "test".into(),
            ip: None,
            user_agent: None,
            refresh: Sealed(Some("r2".into())),
            proof: Proof::Nothing,
            remember: None,
        };
        let engine::Subject::Session(other) = house.system(Command::StartSession(Box::new(other))).await.subject else {
            panic!()
        };
        house.system(Command::EndSession(other, "x".into())).await;
        house.system(Command::EndSession(session, "x".into())).await;
        let second = std::time::Duration::from_secs(1);
        tokio::time::timeout(second, ended).await.expect("within a second").unwrap();
        let drain = async { while events.next().await.is_some() {} };
        tokio::time::timeout(second, drain).await.expect("within a second");
        // One that was opened before the end and is read only afterwards ends, too.
        soon(async { while late.next().await.is_some() {} }).await;
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_notifications_follow_one_ticket() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let (alice, bob) = (house.person("alice", Role::User).await, house.person("bob", Role::Agent).await);
        let (one, two) = (house.ticket(&caller(&alice), "one").await.id, house.ticket(&caller(&alice), "two").await.id);
        let only = EventFilter { tickets: vec![two], types: vec!["status_changed".into()] };
        let mut events = engine.events(&actor(bob.id, Role::Agent), Some("0"), only).await.unwrap();
        let mut notices = engine.notification_stream(&caller(&alice).actor).await.unwrap();
        for id in [one, two] {
            engine.set_priority(&caller(&bob), id, Priority::Low).await.unwrap();
            engine.change_status(&caller(&bob), id, change(Status::Pending)).await.unwrap();
        }
        assert_eq!(next(&mut events).await.event.ticket(), Some(two));
        let mut told = async || soon(notices.next()).await.unwrap().unwrap();
        let heard: Vec<Option<TicketId>> = vec![told().await.ticket, told().await.ticket];
        assert_eq!(heard, [Some(one), Some(two)]);
        assert_eq!(engine.unread_count(&caller(&alice).actor).await.unwrap(), 2);
        assert_eq!(engine.mark_notifications_read(&caller(&alice), Vec::new(), true).await.unwrap(), 0);
        assert!(matches!(
            engine.events(&Actor::Anonymous, None, EventFilter::default()).await,
            Err(Error::Unauthenticated { .. })
        ));
        // A log that lost its place on disk can't be taken for one that has more.
        house.sql(Sql::new("DELETE FROM events WHERE seq < $1").bind(3_i64)).await;
        let mut all = stream(engine, &Actor::System("r"), Some("0")).await;
        assert_eq!(next(&mut all).await.seq.0, 3);
        engine.close().await;
    })
    .await;
}
