//! Rules of SLA configurations, and of what they do to tickets, by table.

use crate::actor::{Actor, By, Member, Via};
use crate::category::{Category, CategoryForm};
use crate::command::{CategoryRef, Command, Edit, EditSlaConfig, EditTicket, OpenTicket, Request};
use crate::counters::Counters;
use crate::decide::{Facts, Scene, decide};
use crate::event::{About, Event, Recorded};
use crate::id::{CategoryId, Seq, SessionId, SlaConfigId, TicketId, UserId};
use crate::notice::{NoticeKind, alert, may_tell, notices};
use crate::people::{Profile, Role, User, UserStatus};
use crate::policy::Policy;
use crate::sla::{EscalationAction, EscalationRule, SlaConfig, Target};
use crate::ticket::{Priority, Status, Ticket};
use crate::{Error, Result, Time};

const BOSS: UserId = UserId(1);
const AGENT: UserId = UserId(2);
const GONE: UserId = UserId(3);
const ALICE: UserId = UserId(4);

fn actor(role: Role) -> Actor {
    Actor::User(Member { id: ALICE, role, via: Via::Session(SessionId(1)), scopes: Vec::new() })
}

fn user(id: UserId, role: Role, status: UserStatus) -> User {
    User {
        id,
        profile: Profile::default(),
        role,
        status,
        has_password: false,
        created_at: Time(0),
        updated_at: Time(0),
        last_login_at: None,
        login_count: 0,
        version: 1,
    }
}

fn facts() -> Facts {
    let people = [
        (BOSS, Role::Supervisor, UserStatus::Active),
        (AGENT, Role::Agent, UserStatus::Active),
        (GONE, Role::Agent, UserStatus::Suspended),
        (ALICE, Role::User, UserStatus::Active),
    ];
    Facts { people: people.map(|(id, role, status)| user(id, role, status)).to_vec(), ..Facts::default() }
}

fn decided(facts: &Facts, policy: &Policy, (actor, now): (&Actor, Time), command: Command) -> Result<Vec<Event>> {
    let scene = Scene { facts, actor, policy, now };
    decide(&scene, &Request::from(command), &mut Counters::default()).map(|decision| decision.events)
}

fn asked(facts: &Facts, command: Command) -> Result<Vec<Event>> {
    decided(facts, &Policy::default(), (&actor(Role::Admin), Time(60_000)), command)
}

fn form() -> EditSlaConfig {
    EditSlaConfig {
        name: Some("standard".into()),
        response_minutes: Some(60),
        resolution_minutes: Some(480),
        ..EditSlaConfig::default()
    }
}

fn rule(minutes: i64, action: EscalationAction) -> EscalationRule {
    EscalationRule { trigger_minutes: minutes, action, notify: Vec::new(), target: None }
}

/// A configuration as it stands after it was made.
fn made(id: i64, edit: EditSlaConfig) -> SlaConfig {
    let events = asked(&facts(), Command::CreateSlaConfig(Box::new(edit))).unwrap();
    let [Event::SlaConfigCreated { config }] = events.as_slice() else { panic!("{events:?}") };
    SlaConfig { id: SlaConfigId(id), ..(**config).clone() }
}

#[test]
fn a_configuration_needs_what_it_promises_and_names_only_staff() {
    let told = |edit: EditSlaConfig| match asked(&facts(), Command::CreateSlaConfig(Box::new(edit))) {
        Err(Error::Invalid(all)) => all.into_iter().map(|p| p.field).collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    };
    let notify = |ids: &[UserId]| EscalationRule { notify: ids.to_vec(), ..rule(5, EscalationAction::NotifyAdmin) };
    let hand = |id| EscalationRule { target: Some(id), ..rule(5, EscalationAction::EscalateToManager) };
    let with = |rules: Vec<EscalationRule>| EditSlaConfig { rules: Some(rules), ..form() };
    let unknown = Edit::Set(Some(CategoryRef::Key("nothing".into())));
    let table: Vec<(EditSlaConfig, &[&str])> = vec![
        (EditSlaConfig::default(), &["name", "response_time", "resolution_time"]),
        (form(), &[]),
        (EditSlaConfig { name: Some(" ".into()), category: unknown, ..form() }, &["category", "name"]),
        (with(vec![notify(&[BOSS, AGENT]), hand(AGENT)]), &[]),
        (with(vec![notify(&[BOSS, GONE])]), &["escalation_rules[0].notify_users"]),
        (with(vec![notify(&[BOSS]), notify(&[ALICE])]), &["escalation_rules[1].notify_users"]),
        (with(vec![hand(UserId(99))]), &["escalation_rules[0].target_user_id"]),
    ];
    for (edit, fields) in table {
        assert_eq!(told(edit.clone()), fields, "{edit:?}");
    }
}

#[test]
fn there_is_one_default_and_no_more_than_a_hundred() {
    let first = made(11, EditSlaConfig { default: Some(true), ..form() });
    let second = made(12, form());
    let known = Facts { sla_configs: vec![first.clone(), second], ..facts() };
    let words = |events: Result<Vec<Event>>| -> Vec<(i64, bool)> {
        let told = |event| {
            if let Event::SlaConfigCreated { config } = event {
                return (0, config.form.default);
            }
            let Event::SlaConfigEdited { config, form } = event else { panic!("{event:?}") };
            (config.0, form.to.default)
        };
        events.unwrap().into_iter().map(told).collect()
    };
    let default = |default| Box::new(EditSlaConfig { default: Some(default), ..EditSlaConfig::default() });
    let edit = |id, form| words(asked(&known, Command::EditSlaConfig(SlaConfigId(id), form)));
    assert_eq!(edit(12, default(true)), [(11, false), (12, true)]);
    assert_eq!(edit(11, default(true)), [], "it is");
    assert_eq!(edit(11, default(false)), [(11, false)]);
    let new = Box::new(EditSlaConfig { default: Some(true), ..form() });
    assert_eq!(words(asked(&known, Command::CreateSlaConfig(new))), [(11, false), (0, true)]);

    let full = Facts { sla_configs: vec![first; 100], ..facts() };
    assert_eq!(asked(&full, Command::CreateSlaConfig(Box::new(form()))).unwrap_err().code(), "CONFLICT");
    for command in [Command::EditSlaConfig(SlaConfigId(9), default(true)), Command::DeleteSlaConfig(SlaConfigId(9))] {
        assert_eq!(asked(&known, command).unwrap_err().code(), "NOT_FOUND");
    }
}

#[test]
fn a_category_that_is_agreed_on_is_not_deleted() {
    let form = CategoryForm {
        key: "technical".into(),
        name: "技术".into(),
        description: None,
        color: None,
        icon: None,
        parent: None,
        sla_hours: Some(4),
        auto_assignee: None,
        active: true,
        sort_order: 0,
    };
    let category = Category { id: CategoryId(7), form, created_at: Time(0), updated_at: Time(0) };
    let known = Facts { category: Some(category), ..facts() };
    let edit = EditSlaConfig { category: Edit::Set(Some(CategoryRef::Id(CategoryId(7)))), ..self::form() };
    let events = asked(&known, Command::CreateSlaConfig(Box::new(edit))).unwrap();
    let [Event::SlaConfigCreated { config }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(config.form.category, Some(CategoryId(7)));
    let delete = |sla_configs| {
        let policy = Policy { sla_configs, ..Policy::default() };
        decided(&known, &policy, (&actor(Role::Admin), Time(0)), Command::DeleteCategory(CategoryId(7)))
    };
    assert!(delete(Vec::new()).is_ok());
    assert_eq!(delete(vec![(**config).clone()]).unwrap_err().code(), "CONFLICT");
}

fn policy(configs: Vec<SlaConfig>) -> Policy {
    Policy { sla_configs: configs, ..Policy::default() }
}

fn opened(policy: &Policy) -> Ticket {
    let open = Command::OpenTicket(Box::new(OpenTicket::new("t", "d")));
    let events = decided(&facts(), policy, (&actor(Role::User), Time(0)), open).unwrap();
    let [Event::TicketOpened { ticket, .. }] = events.as_slice() else { panic!("{events:?}") };
    (**ticket).clone()
}

fn system() -> Actor {
    Actor::System("test")
}

/// What happens, folded into the ticket.
fn done(ticket: &mut Ticket, policy: &Policy, (by, now): (&Actor, Time), command: Command) -> Vec<Event> {
    let known = Facts { ticket: Some(ticket.clone()), ..facts() };
    let events = decided(&known, policy, (by, now), command).unwrap();
    for event in &events {
        ticket.evolve(event, now);
    }
    events
}

#[test]
fn another_agreement_is_another_promise_and_the_same_one_stays() {
    let low = made(1, EditSlaConfig { priority: Edit::Set(Some(Priority::Low)), ..form() });
    let bug = EditSlaConfig { kind: Edit::Set(Some("bug".into())), resolution_minutes: Some(100), ..form() };
    let before = policy(vec![low.clone(), made(2, bug)]);
    let mut ticket = opened(&before);
    let hours = Policy::default().sla;
    assert_eq!((ticket.agreement.clone(), ticket.response_due_at), (None, Time(0).plus_hours(hours.response.normal)));

    let kind = |kind: &str| {
        let edit = EditTicket { kind: Some(kind.to_owned()), ..EditTicket::default() };
        Command::EditTicket(TicketId(1), Box::new(edit))
    };
    let later = Time(9_000_000);
    done(&mut ticket, &before, (&system(), later), kind("bug"));
    assert_eq!(ticket.agreement.as_ref().map(|a| a.config), Some(SlaConfigId(2)));
    assert_eq!(
        (ticket.response_due_at, ticket.resolution_due_at),
        (Time(0).plus_minutes(60), Time(0).plus_minutes(100))
    );
    // The configuration changes; the ticket's promise does not, whatever else is edited.
    let mut after = before.clone();
    after.sla_configs.iter_mut().for_each(|config| config.form.resolution_minutes = 7);
    let title = EditTicket { title: Some("new".into()), kind: Some("bug".into()), ..EditTicket::default() };
    let told = done(&mut ticket, &after, (&system(), later), Command::EditTicket(TicketId(1), Box::new(title)));
    assert_eq!((told.len(), ticket.resolution_due_at), (1, Time(0).plus_minutes(100)));
    // A priority that leads to the same one asks it anew, as it is now.
    done(&mut ticket, &after, (&system(), later), Command::SetPriority(TicketId(1), Priority::High));
    assert_eq!(ticket.resolution_due_at, Time(0).plus_minutes(7));
    // One that says more: priority before type.
    done(&mut ticket, &before, (&system(), later), Command::SetPriority(TicketId(1), Priority::Low));
    assert_eq!(ticket.agreement.as_ref().map(|a| a.config), Some(SlaConfigId(1)));
    assert_eq!(ticket.resolution_due_at, Time(0).plus_minutes(480));
    // None of them is left: the hours of the policy, from creation.
    done(&mut ticket, &policy(Vec::new()), (&system(), later), kind("request"));
    assert_eq!((ticket.agreement.clone(), ticket.resolution_due_at), (None, Time(0).plus_hours(hours.resolution.low)));
}

const MINUTE: i64 = crate::time::MINUTE;

fn fire(ticket: &mut Ticket, policy: &Policy, minute: i64) -> Vec<&'static str> {
    let events = done(ticket, policy, (&system(), Time(minute * MINUTE)), Command::FireTimers(TicketId(1)));
    events.iter().map(Event::word).collect()
}

#[test]
fn rules_fire_once_so_long_after_the_target_that_was_missed() {
    let rules = vec![rule(0, EscalationAction::NotifyAdmin), rule(30, EscalationAction::ChangePriority)];
    let policy = policy(vec![made(1, EditSlaConfig { rules: Some(rules), ..form() })]);
    let mut ticket = opened(&policy);
    let timer = |ticket: &Ticket| ticket.next_timer(Some(1)).map(|at| at.0 / MINUTE);
    assert_eq!((timer(&ticket), fire(&mut ticket, &policy, 59)), (Some(60), vec![]));
    assert_eq!(fire(&mut ticket, &policy, 60), ["sla_breached", "sla_escalated"]);
    assert_eq!((timer(&ticket), fire(&mut ticket, &policy, 89)), (Some(90), vec![]));
    assert_eq!(fire(&mut ticket, &policy, 90), ["sla_escalated", "priority_changed"]);
    assert_eq!((ticket.priority, ticket.fired.len()), (Priority::High, 2), "what fired stays fired");
    assert_eq!((timer(&ticket), fire(&mut ticket, &policy, 479)), (Some(480), vec![]));
    assert_eq!(fire(&mut ticket, &policy, 9_999), ["sla_breached"]);
    assert_eq!(timer(&ticket), None);

    // Answered in time: the clock of the resolution counts.
    let mut ticket = opened(&policy);
    ticket.first_reply_at = Some(Time(5 * MINUTE));
    assert_eq!((timer(&ticket), fire(&mut ticket, &policy, 479)), (Some(480), vec![]));
    assert_eq!(fire(&mut ticket, &policy, 480), ["sla_breached", "sla_escalated"]);
    // All that is due at once, in the order of their times.
    let mut ticket = opened(&policy);
    let all = ["sla_breached", "sla_breached", "sla_escalated", "sla_escalated", "priority_changed"];
    assert_eq!(fire(&mut ticket, &policy, 9_999), all);
    assert_eq!(fire(&mut ticket, &policy, 9_999), Vec::<&str>::new());
}

type Change = fn(&mut Ticket);

#[test]
fn what_is_over_does_not_fire() {
    let policy =
        policy(vec![made(1, EditSlaConfig { rules: Some(vec![rule(0, EscalationAction::NotifyAdmin)]), ..form() })]);
    let table: [(Change, bool); 8] = [
        (|_| (), true),
        (|t| t.status = Status::Pending, true),
        (|t| t.status = Status::Resolved, false),
        (|t| t.status = Status::Closed, false),
        (|t| t.status = Status::Cancelled, false),
        (|t| t.deleted_at = Some(Time(1)), false),
        (|t| t.merged_into = Some(TicketId(9)), false),
        (|t| t.agreement = None, false),
    ];
    for (change, fires) in table {
        let mut ticket = opened(&policy);
        change(&mut ticket);
        let told = fire(&mut ticket, &policy, 100);
        assert_eq!(told.contains(&"sla_escalated"), fires, "{:?}", ticket.status);
    }
}

#[test]
fn an_escalation_puts_the_ticket_into_other_hands() {
    let hand = |target| EscalationRule { target, ..rule(10, EscalationAction::EscalateToManager) };
    let escalate = |target, was: Option<UserId>| {
        let config = made(1, EditSlaConfig { rules: Some(vec![hand(Some(BOSS))]), ..form() });
        let policy = policy(vec![config]);
        let mut ticket = opened(&policy);
        ticket.assignee = was;
        if let Some(agreement) = &mut ticket.agreement {
            agreement.rules = vec![hand(target)];
        }
        let told = fire(&mut ticket, &policy, 70);
        (told, ticket)
    };
    let (told, ticket) = escalate(Some(BOSS), None);
    let all =
        ["sla_breached", "sla_escalated", "ticket_escalated", "priority_changed", "ticket_assigned", "status_changed"];
    assert_eq!(told, all);
    assert_eq!((ticket.assignee, ticket.priority, ticket.escalated), (Some(BOSS), Priority::High, true));
    // To nobody, to who has it already, and to somebody who can't work on it by now.
    for (target, was) in [(None, None), (None, Some(AGENT)), (Some(BOSS), Some(BOSS)), (Some(GONE), Some(AGENT))] {
        let (told, ticket) = escalate(target, was);
        assert_eq!(told, ["sla_breached", "sla_escalated", "ticket_escalated", "priority_changed"]);
        assert_eq!(ticket.assignee, was);
    }
}

#[test]
fn rules_of_another_agreement_wait_and_none_fires_twice() {
    // Escalation makes it high, and there the other configuration says what to do.
    let low = EditSlaConfig { rules: Some(vec![rule(0, EscalationAction::EscalateToManager)]), ..form() };
    let high = EditSlaConfig {
        priority: Edit::Set(Some(Priority::High)),
        rules: Some(vec![rule(5, EscalationAction::NotifyAdmin)]),
        ..form()
    };
    let policy = policy(vec![made(1, low), made(2, high)]);
    let mut ticket = opened(&policy);
    assert_eq!(
        fire(&mut ticket, &policy, 100),
        ["sla_breached", "sla_escalated", "ticket_escalated", "priority_changed"]
    );
    assert_eq!(ticket.agreement.as_ref().map(|a| a.config), Some(SlaConfigId(2)));
    assert_eq!(fire(&mut ticket, &policy, 100), ["sla_escalated"]);
    // Back under the first: it has fired.
    done(&mut ticket, &policy, (&system(), Time(0)), Command::SetPriority(TicketId(1), Priority::Low));
    assert_eq!(ticket.agreement.as_ref().map(|a| a.config), Some(SlaConfigId(1)));
    assert_eq!(fire(&mut ticket, &policy, 200), Vec::<&str>::new());
}

#[test]
fn who_is_named_and_reaches_the_ticket_is_told_or_else_all_administrators() {
    let config = made(1, EditSlaConfig { rules: Some(vec![rule(0, EscalationAction::NotifyAdmin)]), ..form() });
    let policy = policy(vec![config]);
    for (action, named, assignee, told, admins) in [
        (EscalationAction::NotifyAdmin, vec![], None, vec![], true),
        (EscalationAction::NotifyAdmin, vec![BOSS, AGENT], None, vec![BOSS, AGENT], false),
        (EscalationAction::NotifyAdmin, vec![BOSS, AGENT], Some(UserId(9)), vec![BOSS], false),
        (EscalationAction::NotifyAdmin, vec![BOSS, AGENT], Some(AGENT), vec![BOSS, AGENT], false),
        (EscalationAction::NotifyAdmin, vec![GONE], None, vec![], true),
        (EscalationAction::NotifyAdmin, vec![UserId(99)], None, vec![], true),
        (EscalationAction::ChangePriority, vec![BOSS], None, vec![BOSS], false),
        (EscalationAction::ChangePriority, vec![], None, vec![], false),
    ] {
        let mut ticket = opened(&policy);
        ticket.assignee = assignee;
        if let Some(agreement) = &mut ticket.agreement {
            agreement.rules = vec![EscalationRule { notify: named.clone(), ..rule(0, action) }];
        }
        let now = Time(60 * MINUTE);
        let events = done(&mut ticket, &policy, (&system(), now), Command::FireTimers(TicketId(1)));
        let event = events.into_iter().find(|event| event.word() == "sla_escalated").unwrap();
        assert!(matches!(event, Event::SlaEscalated { target: Target::Response, .. }));
        assert_eq!(alert(&event), admins.then_some((Role::Admin, NoticeKind::TicketOverdue)), "{named:?}");
        let about = About::of(&ticket);
        let recorded = Recorded { seq: Seq(1), at: now, by: By::default(), about: Some(about), event };
        let wanted: Vec<_> = told.iter().map(|user| (*user, NoticeKind::TicketOverdue)).collect();
        assert_eq!(notices(&recorded, &about), wanted, "{named:?}");
        assert!(told.iter().all(|user| may_tell(&recorded, *user, Some(Role::Agent))));
        assert_eq!(may_tell(&recorded, UserId(98), Some(Role::Admin)), admins);
    }
}
