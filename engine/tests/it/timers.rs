//! What time alone does: missed targets and closings, each once, whoever looks and however often.

use crate::house::{House, START, caller, each_backend};
use engine::Engine;
use model::command::{AddComment, Command};
use model::people::Role;
use model::sla::Target;
use model::ticket::{Resolution, Status};
use model::time::{DAY, HOUR};
use model::{Actor, Event};

/// The targets that were missed and the closings, over all tickets, in order.
async fn fired(house: &House) -> Vec<&'static str> {
    let store = house.store().await;
    let all = store::event::after(&mut store.read().await.unwrap(), model::id::Seq(0), 1_000).await.unwrap();
    store.close().await;
    let system = |r: &model::Recorded| r.by.system.as_deref() == Some("timers");
    all.iter()
        .filter(|r| system(r))
        .map(|r| match &r.event {
            Event::SlaBreached { target: Target::Response, .. } => "response",
            Event::SlaBreached { target: Target::Resolution, .. } => "resolution",
            Event::StatusChanged { .. } => "closed",
            other => other.word(),
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_missed_once_and_not_when_they_are_met() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        let bob = caller(&house.person("bob", Role::Agent).await);
        let missed = house.ticket(&alice, "missed").await.id;
        let replied = house.ticket(&alice, "replied").await.id;
        let met = house.ticket(&alice, "met").await.id;
        engine.add_comment(&alice, missed, AddComment::public("hello?")).await.unwrap();
        engine.add_comment(&bob, replied, AddComment::public("yes")).await.unwrap();
        house.status(met, Status::InProgress).await;
        house.status(met, Status::Resolved).await;
        house.clock.advance(8 * HOUR - 1);
        assert_eq!(engine.fire_timers().await.unwrap(), 0);
        house.clock.advance(1);
        // Two processes look at the same time, again and again.
        let second = house.second().await;
        let look = async |engine: &Engine| engine.fire_timers().await.unwrap();
        let (a, b) = tokio::join!(look(engine), look(&second));
        assert_eq!(a + b, 1);
        assert_eq!(look(engine).await + look(&second).await, 0);
        assert_eq!(fired(&house).await, ["response"]);
        assert!(house.get(missed).await.response_breached && !house.get(replied).await.response_breached);
        // The clock goes back, and forward again: it stays at once.
        house.clock.advance(-5 * HOUR);
        assert_eq!(look(engine).await, 0);
        house.clock.advance(5 * HOUR + 64 * HOUR);
        second.close().await;
        engine.close().await;
        // Also after a restart, with what was due in between.
        let engine = house.second().await;
        let again = house.second().await;
        let (a, b) = tokio::join!(look(&engine), look(&again));
        assert_eq!(a + b, 2);
        assert_eq!(fired(&house).await, ["response", "resolution", "resolution"]);
        assert_eq!(look(&engine).await, 0);
        // Withdrawn, merged and deleted tickets have no clocks.
        let ticket = |title: &'static str| engine.open_ticket(&alice, model::command::OpenTicket::new(title, "d"));
        let (withdrawn, merged, deleted) =
            (ticket("w").await.unwrap().id, ticket("m").await.unwrap().id, ticket("d").await.unwrap().id);
        let system = engine::Caller::system("test");
        engine.withdraw_ticket(&alice, withdrawn, None).await.unwrap();
        engine.merge_ticket(&system, merged, met).await.unwrap();
        engine.delete_ticket(&system, deleted).await.unwrap();
        house.clock.advance(80 * HOUR);
        assert_eq!(look(&engine).await, 0);
        // An unmerged one has them again.
        engine.unmerge_ticket(&system, merged).await.unwrap();
        engine.restore_ticket(&system, deleted).await.unwrap();
        assert_eq!(look(&engine).await, 2);
        again.close().await;
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resolved_tickets_close_by_themselves_unless_they_are_reopened() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        let (left, taken_up) = (house.ticket(&alice, "left").await.id, house.ticket(&alice, "again").await.id);
        for id in [left, taken_up] {
            house.status(id, Status::InProgress).await;
            house.status(id, Status::Resolved).await;
        }
        house.clock.advance(6 * DAY);
        engine.reopen_ticket(&alice, taken_up, "no".into()).await.unwrap();
        house.clock.advance(DAY);
        engine.fire_timers().await.unwrap();
        let closed = house.get(left).await;
        assert_eq!((closed.status, closed.resolution), (Status::Closed, Resolution::Accepted));
        assert_eq!(house.get(taken_up).await.status, Status::Open);
        assert_eq!(engine.fire_timers().await.unwrap(), 0);
        let mut seen = fired(&house).await;
        seen.sort_unstable();
        assert_eq!(seen, ["closed", "resolution", "response"]);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_configuration_left_due_holds_up_nothing() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        for n in 0..210 {
            let id = house.ticket(&alice, &format!("t{n}")).await.id;
            house.status(id, Status::InProgress).await;
            house.status(id, Status::Resolved).await;
        }
        house.clock.advance(8 * DAY);
        house.engine.close().await;
        // It now says that nothing closes by itself.
        let mut options = house.options.clone();
        options.policy.auto_close_hours = None;
        let engine = Engine::start(options).await.unwrap();
        let late = engine.open_ticket(&alice, model::command::OpenTicket::new("late", "d")).await.unwrap().id;
        house.clock.advance(9 * HOUR);
        assert_eq!(engine.fire_timers().await.unwrap(), 1);
        assert!(engine.ticket(&Actor::System("t"), late).await.unwrap().response_breached);
        // The server fires by itself within a second or two.
        engine.start_background();
        let mut events = engine.events(&Actor::System("t"), None, model::query::EventFilter::default()).await.unwrap();
        house.clock.advance(64 * HOUR);
        // The nightly clean-up is due, too.
        let mut event = crate::house::next(&mut events).await;
        while event.about.is_none() {
            event = crate::house::next(&mut events).await;
        }
        assert!(matches!(event.event, Event::SlaBreached { target: Target::Resolution, .. }), "{:?}", event.event);
        engine.execute(&engine::Caller::system("t"), Command::CountViews(vec![(late, 2)])).await.unwrap();
        engine.view(late);
        engine.flush_views().await.unwrap();
        assert_eq!(engine.ticket(&Actor::System("t"), late).await.unwrap().view_count, 3);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_changed_while_nothing_ran_count_for_what_was_resolved_before() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        let id = house.ticket(&alice, "t").await.id;
        house.status(id, Status::InProgress).await;
        house.status(id, Status::Resolved).await;
        house.engine.close().await;
        let started = async |hours: Option<i64>| {
            let mut options = house.options.clone();
            options.policy.auto_close_hours = hours;
            let engine = Engine::start(options).await.unwrap();
            engine.go_by_policy().await.unwrap();
            engine
        };
        // From a week to a month: a week later nothing is due, now or every second.
        let engine = started(Some(720)).await;
        house.clock.advance(8 * DAY);
        assert_eq!(engine.fire_timers().await.unwrap(), 0);
        let due = async || house.count("SELECT COALESCE(MAX(next_timer_at), 0) FROM tickets").await;
        assert_eq!(due().await, START.plus(30 * DAY).0);
        engine.close().await;
        let engine = started(None).await;
        assert_eq!(due().await, 0);
        engine.close().await;
        // From never to some: it is due at once.
        let engine = started(Some(24)).await;
        assert_eq!(engine.fire_timers().await.unwrap(), 1);
        assert_eq!(engine.ticket(&Actor::System("t"), id).await.unwrap().status, Status::Closed);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_that_is_wrong_is_put_right_by_the_look_at_it() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        let ticket = house.ticket(&alice, "t").await;
        house.sql(store::db::Sql::new("UPDATE tickets SET next_timer_at = 1")).await;
        assert_eq!(house.engine.fire_timers().await.unwrap(), 0);
        let due = house.count("SELECT next_timer_at FROM tickets").await;
        assert_eq!(due, ticket.response_due_at.0);
        house.engine.close().await;
    })
    .await;
}
