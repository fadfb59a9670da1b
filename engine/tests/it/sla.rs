//! SLA configurations at work: due times by what was agreed on, in every process, and escalations, each once.

use crate::house::{House, caller, each_backend, soon};
use engine::{Caller, Engine};
use model::Actor;
use model::command::{AddComment, EditSlaConfig, OpenTicket};
use model::event::Event;
use model::id::{Seq, SlaConfigId, TicketId};
use model::notice::{NoticeKind, Route};
use model::people::Role;
use model::query::Page;
use model::sla::{Day, EscalationAction, EscalationRule, WorkingHours};
use model::ticket::{Priority, Status, Ticket};
use model::time::{HOUR, MINUTE};

fn form(name: &str) -> EditSlaConfig {
    EditSlaConfig {
        name: Some(name.into()),
        response_minutes: Some(60),
        resolution_minutes: Some(480),
        ..EditSlaConfig::default()
    }
}

fn config(ticket: &Ticket) -> Option<i64> {
    ticket.agreement.as_ref().map(|agreement| agreement.config.0)
}

/// Minutes from its creation.
fn due(ticket: &Ticket) -> (i64, i64) {
    let minutes = |at: model::Time| (at.0 - ticket.created_at.0) / MINUTE;
    (minutes(ticket.response_due_at), minutes(ticket.resolution_due_at))
}

async fn opened(engine: &Engine, by: &Caller, priority: Priority) -> Ticket {
    let open = OpenTicket { priority: Some(priority), ..OpenTicket::new("t", "d") };
    engine.open_ticket(by, open).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_agreed_on_counts_from_then_on_and_for_nobody_before() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let alice = caller(&house.person("alice", Role::User).await);
        let before = opened(engine, &alice, Priority::Normal).await;
        assert_eq!((config(&before), due(&before)), (None, (8 * 60, 72 * 60)));

        let week: [Day; 7] = std::array::from_fn(|_| Day { start: "00:00".into(), end: "12:00".into() });
        let hours = EditSlaConfig {
            default: Some(true),
            hours: model::command::Edit::Set(WorkingHours::parse(&week).ok()),
            ..form("half days")
        };
        let half = engine.create_sla_config(&root, hours).await.unwrap();
        let high = EditSlaConfig { priority: model::command::Edit::Set(Some(Priority::High)), ..form("high") };
        let high = engine.create_sla_config(&root, high).await.unwrap();
        assert_eq!((half.id, high.id), (SlaConfigId(1), SlaConfigId(2)));
        let urgent = opened(engine, &alice, Priority::High).await;
        assert_eq!((config(&urgent), due(&urgent)), (Some(2), (60, 480)));
        let plain = opened(engine, &alice, Priority::Low).await;
        let wanted = half.form.hours.unwrap().after(plain.created_at, 480, engine.policy().zone);
        assert_eq!((config(&plain), plain.resolution_due_at), (Some(1), wanted));
        assert_eq!(house.get(before.id).await, before);

        // The agreement changes, and goes: who has its promise keeps it, until priority, type or category change.
        let less = EditSlaConfig { resolution_minutes: Some(90), ..EditSlaConfig::default() };
        engine.edit_sla_config(&root, high.id, less).await.unwrap();
        assert_eq!(house.get(urgent.id).await, urgent);
        assert_eq!(due(&opened(engine, &alice, Priority::High).await), (60, 90));
        house.clock.advance(HOUR);
        let raised = engine.set_priority(&root, before.id, Priority::High).await.unwrap();
        assert_eq!((config(&raised), due(&raised)), (Some(2), (60, 90)));
        engine.delete_sla_config(&root, high.id).await.unwrap();
        assert_eq!(house.get(urgent.id).await, urgent);
        assert_eq!(config(&opened(engine, &alice, Priority::High).await), Some(1));
        let known = engine.sla_configs(&root.actor).await.unwrap();
        assert_eq!(known.iter().map(|config| config.id.0).collect::<Vec<_>>(), [1]);
        engine.close().await;

        // Another process, later.
        let again = house.second().await;
        assert_eq!(again.policy().sla_configs, known);
        assert_eq!(config(&opened(&again, &alice, Priority::Critical).await), Some(1));
        again.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_processes_follow() {
    let house = House::open(true).await;
    let root = caller(&house.person("root", Role::Admin).await);
    let other = house.second().await;
    let made = house.engine.create_sla_config(&root, form("one")).await.unwrap();
    let rename = EditSlaConfig { name: Some("two".into()), ..EditSlaConfig::default() };
    house.engine.edit_sla_config(&root, made.id, rename).await.unwrap();
    soon(async {
        while other.policy().sla_configs.first().is_none_or(|config| config.form.name != "two") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(other.policy().sla_configs, other.sla_configs(&root.actor).await.unwrap());
    house.engine.delete_sla_config(&root, made.id).await.unwrap();
    soon(async {
        while !other.policy().sla_configs.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    house.engine.close().await;
    other.close().await;
}

/// What timers did to a ticket, in order.
async fn fired(house: &House, ticket: TicketId) -> Vec<model::Recorded> {
    let store = house.store().await;
    let all = store::event::after(&mut store.read().await.unwrap(), Seq(0), 1_000).await.unwrap();
    store.close().await;
    let ours = |r: &model::Recorded| r.by.system.as_deref() == Some("timers") && r.event.ticket() == Some(ticket);
    all.into_iter().filter(ours).collect()
}

fn words(events: &[model::Recorded]) -> Vec<&'static str> {
    events.iter().map(|recorded| recorded.event.word()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn escalations_happen_once_whoever_looks_and_however_often() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = house.person("root", Role::Admin).await;
        let bob = house.person("bob", Role::Agent).await;
        let alice = caller(&house.person("alice", Role::User).await);
        let rule =
            |trigger_minutes, action| EscalationRule { trigger_minutes, action, notify: Vec::new(), target: None };
        let rules = vec![
            rule(30, EscalationAction::NotifyAdmin),
            EscalationRule {
                notify: vec![bob.id],
                target: Some(bob.id),
                ..rule(60, EscalationAction::EscalateToManager)
            },
        ];
        let all = EditSlaConfig { default: Some(true), rules: Some(rules), ..form("all") };
        engine.create_sla_config(&caller(&root), all).await.unwrap();
        let left = opened(engine, &alice, Priority::Normal).await.id;
        let solved = opened(engine, &alice, Priority::Normal).await.id;
        let answered = opened(engine, &alice, Priority::Normal).await.id;
        engine.add_comment(&caller(&bob), answered, AddComment::public("yes")).await.unwrap();
        house.status(solved, Status::InProgress).await;
        house.status(solved, Status::Resolved).await;

        house.clock.advance(90 * MINUTE - 1);
        engine.fire_timers().await.unwrap();
        assert_eq!(words(&fired(&house, left).await), ["sla_breached"]);
        house.clock.advance(1);
        // Two processes look at the same time, again and again.
        let second = house.second().await;
        let look = async |engine: &Engine| engine.fire_timers().await.unwrap();
        let (a, b) = tokio::join!(look(engine), look(&second));
        assert_eq!(a + b, 1);
        assert_eq!(look(engine).await + look(&second).await, 0);
        let events = fired(&house, left).await;
        assert_eq!(words(&events), ["sla_breached", "sla_escalated"]);
        // It names nobody, so all administrators are told: in the app, and by mail.
        let told = engine.notifications(&caller(&root).actor, Some(false), &Page::first(10)).await.unwrap();
        let told: Vec<_> = told.items.iter().map(|(_, notice)| (notice.kind, notice.ticket)).collect();
        assert_eq!(told, [(NoticeKind::TicketOverdue, Some(left))]);
        let mailed = engine.told(&events[1], Route::Email).await.unwrap().unwrap();
        assert_eq!(mailed.to.iter().map(|(user, _)| user.id).collect::<Vec<_>>(), [root.id]);

        // Also after a restart, with what was due in between.
        engine.close().await;
        second.close().await;
        house.clock.advance(30 * MINUTE);
        let engine = house.second().await;
        assert_eq!(look(&engine).await, 1);
        let events = fired(&house, left).await;
        let escalated = ["sla_escalated", "ticket_escalated", "priority_changed", "ticket_assigned", "status_changed"];
        assert_eq!(words(&events)[2..], escalated);
        let ticket = engine.ticket(&Actor::System("test"), left).await.unwrap();
        assert_eq!((ticket.assignee, ticket.priority, ticket.fired.len()), (Some(bob.id), Priority::High, 2));
        let told = engine.notifications(&caller(&bob).actor, Some(false), &Page::first(10)).await.unwrap();
        let kinds: Vec<_> = told.items.iter().filter(|(_, n)| n.ticket == Some(left)).map(|(_, n)| n.kind).collect();
        assert_eq!(kinds, [NoticeKind::TicketAssigned, NoticeKind::TicketOverdue]);
        // The priority's change led to no second round, and requesters see nothing of it in the history.
        assert_eq!(look(&engine).await, 0);
        let seen = engine.history(&alice.actor, left, None, 50).await.unwrap();
        assert!(!seen.iter().any(|r| matches!(r.event, Event::SlaEscalated { .. } | Event::SlaBreached { .. })));

        // An answer in time: the clock of the resolution counts.
        assert!(fired(&house, answered).await.is_empty());
        house.clock.advance(480 * MINUTE);
        assert_eq!(look(&engine).await, 2);
        assert_eq!(words(&fired(&house, answered).await)[..2], ["sla_breached", "sla_escalated"]);
        // What was solved in time has no clocks, until it is taken up again.
        assert!(fired(&house, solved).await.is_empty());
        engine.reopen_ticket(&alice, solved, "no".into()).await.unwrap();
        assert_eq!(look(&engine).await, 1);
        assert_eq!(words(&fired(&house, solved).await)[..3], ["sla_breached", "sla_breached", "sla_escalated"]);
        engine.close().await;
    })
    .await;
}
