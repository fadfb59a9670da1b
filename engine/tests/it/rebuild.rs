//! The log is the truth: replayed into an empty store it makes the same rows, and the cube equals a count from scratch.

use crate::house::{Dice, House, START, caller, change, each_backend};
use engine::{Caller, Engine};
use model::actor::{ActingRule, By, Member, Via};
use model::attachment::Purpose;
use model::automation::reply::QuickReplyInput;
use model::automation::{TemplateForm, UseTemplate};
use model::cleanup::Task;
use model::command::*;
use model::comment::Visibility;
use model::event::Event;
use model::id::{ApiTokenId, CategoryId, CommentId, DeviceId, RuleId, Seq, SessionId, SlaConfigId, TicketId, UserId};
use model::mail::EmailConfig;
use model::notice::{NoticeKind, Route, Rule};
use model::people::{Role, User};
use model::session::Sealed;
use model::sla::{Day, EscalationAction, EscalationRule, WorkingHours};
use model::ticket::{Priority, Resolution, Status, Ticket};
use model::time::{DAY, HOUR, MINUTE, Zone};
use model::{Actor, Command};
use std::collections::BTreeMap;
use store::{Rules, Store};

/// The rows of a store by table, as a backup writes them, in an order of their own.
pub async fn tables(store: &Store) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    let line = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        match value.get("table") {
            Some(name) => name.as_str().unwrap().clone_into(&mut table),
            None => all.entry(table.clone()).or_default().push(line.to_owned()),
        }
        Ok(())
    };
    store::backup::copy(store.read().await.unwrap(), line).await.unwrap();
    for rows in all.values_mut() {
        rows.sort();
    }
    all
}

struct Cast {
    people: Vec<User>,
}

fn form(n: usize) -> model::category::CategoryForm {
    model::category::CategoryForm {
        key: format!("c{n}"),
        name: format!("category {n}"),
        description: None,
        color: None,
        icon: None,
        parent: None,
        sla_hours: (n == 1).then_some(3),
        auto_assignee: None,
        active: true,
        sort_order: n as i64,
    }
}

/// Something random that somebody might do; much of it is refused.
fn command(dice: &mut Dice, cast: &Cast) -> (Caller, Command) {
    let person = cast.people[dice.below(cast.people.len())].clone();
    let ticket = TicketId(100_001 + dice.below(25) as i64);
    let comment = CommentId(1 + dice.below(60) as i64);
    let staff = Some(cast.people[2 + dice.below(3)].id);
    let category = Some(CategoryRef::Id(CategoryId(1 + dice.below(2) as i64)));
    let flip = dice.below(2) == 0;
    if dice.below(9) == 0 {
        return (caller(&person), rules(dice, person.id));
    }
    let command = match dice.below(23) {
        0..4 => Command::OpenTicket(Box::new(OpenTicket {
            tags: vec![format!("t{}", dice.below(5))],
            priority: Some(Priority::ALL[dice.below(5)]),
            category: if flip { category } else { None },
            ..OpenTicket::new(format!("title {}", dice.below(9)), "text 文字")
        })),
        4 => Command::EditTicket(
            ticket,
            Box::new(EditTicket {
                title: Some(format!("title {}", dice.below(9))),
                tags: Some(vec![format!("t{}", dice.below(5)), "x".into()]),
                category: Edit::Set(if flip { category } else { None }),
                ..EditTicket::default()
            }),
        ),
        5..8 => Command::ChangeStatus(ticket, change(Status::ALL[dice.below(7)])),
        8 => {
            let verdict = Some(Resolution::Rejected);
            Command::ChangeStatus(ticket, ChangeStatus { resolution: verdict, ..change(Status::Closed) })
        }
        9 => Command::ReopenTicket(ticket, "again".into()),
        10 => Command::WithdrawTicket(ticket, None),
        11 => Command::SetPriority(ticket, Priority::ALL[dice.below(5)]),
        12 => Command::AssignTicket(
            ticket,
            AssignTicket { assignee: if flip { staff } else { None }, department: Edit::Keep, reason: None },
        ),
        13 => Command::EscalateTicket(
            ticket,
            EscalateTicket { assignee: if flip { staff } else { None }, ..EscalateTicket::default() },
        ),
        14 => Command::RateTicket(ticket, 1 + dice.below(5) as i64, None),
        15 => {
            if flip {
                Command::DeleteTicket(ticket)
            } else {
                Command::RestoreTicket(ticket)
            }
        }
        16 => {
            let into = TicketId(100_001 + dice.below(25) as i64);
            if flip { Command::MergeTicket { ticket, into } } else { Command::UnmergeTicket(ticket) }
        }
        17 | 18 => Command::AddComment(
            ticket,
            Box::new(AddComment {
                visibility: if flip { Visibility::Internal } else { Visibility::Public },
                effect: if dice.below(2) == 0 { Effect::Converse } else { Effect::Keep },
                ..AddComment::public(format!("said {}", dice.below(100)))
            }),
        ),
        19 => Command::EditComment(comment, format!("edited {}", dice.below(100))),
        20 => Command::WithdrawComment(comment),
        21 => Command::ChangeTicket(
            ticket,
            Box::new(ChangeTicket {
                comment: Some(AddComment::public(format!("together {}", dice.below(100)))),
                edit: EditTicket { title: Some(format!("together {}", dice.below(9))), ..EditTicket::default() },
                status: Some(WriteStatus {
                    status: Status::ALL[dice.below(7)],
                    alike: &[],
                    reopened: None,
                    reason: None,
                }),
                hand: Some(Hand::Transfer {
                    to: if flip { staff } else { None },
                    department: Edit::Set(Some(format!("d{}", dice.below(3)))),
                    reason: None,
                }),
                ..ChangeTicket::default()
            }),
        ),
        _ => Command::SetCommentVisibility(comment, if flip { Visibility::Internal } else { Visibility::Public }),
    };
    (caller(&person), command)
}

/// What somebody wants to be told is another thing every time.
fn rules(dice: &mut Dice, user: UserId) -> Command {
    let rule = |dice: &mut Dice| Rule {
        kind: NoticeKind::ALL[dice.below(NoticeKind::ALL.len())],
        route: [Route::InApp, Route::Email][dice.below(2)],
        enabled: dice.below(2) == 0,
    };
    Command::SetNotificationRules(user, vec![rule(dice)])
}

/// What is agreed on: for everything, so that rules fire, and for one category, in hours. A third one comes and goes.
async fn agree(house: &House, cast: &Cast) {
    let escalate = EscalationRule {
        trigger_minutes: 30,
        action: EscalationAction::EscalateToManager,
        notify: vec![cast.people[3].id],
        target: Some(cast.people[2].id),
    };
    let notify =
        EscalationRule { trigger_minutes: 90, action: EscalationAction::NotifyAdmin, notify: Vec::new(), target: None };
    let day = |open: bool| if open { ("09:00".to_owned(), "18:00".to_owned()) } else { Default::default() };
    let week = [true, true, true, false, true, true, false].map(day).map(|(start, end)| Day { start, end });
    let all = EditSlaConfig {
        name: Some("all".into()),
        default: Some(true),
        response_minutes: Some(120),
        resolution_minutes: Some(600),
        rules: Some(vec![escalate, notify.clone()]),
        ..EditSlaConfig::default()
    };
    let one = EditSlaConfig {
        name: Some("one".into()),
        category: Edit::Set(Some(CategoryRef::Id(CategoryId(2)))),
        hours: Edit::Set(WorkingHours::parse(&week).ok()),
        default: Some(false),
        rules: Some(vec![notify]),
        ..all.clone()
    };
    for form in [&all, &one, &all] {
        house.system(Command::CreateSlaConfig(Box::new(form.clone()))).await;
    }
    let rename = EditSlaConfig { name: Some("the one".into()), priority: Edit::Set(None), ..EditSlaConfig::default() };
    house.system(Command::EditSlaConfig(SlaConfigId(2), Box::new(rename))).await;
    house.system(Command::DeleteSlaConfig(SlaConfigId(1))).await;
}

async fn live(house: &House, steps: usize, seed: u64) -> Cast {
    let mut people = Vec::new();
    for (name, role) in [
        ("alice", Role::User),
        ("mallory", Role::User),
        ("bob", Role::Agent),
        ("sue", Role::Supervisor),
        ("root", Role::Admin),
    ] {
        people.push(house.person(name, role).await);
    }
    let cast = Cast { people };
    for n in 1..=2 {
        house.system(Command::CreateCategory(Box::new(form(n)))).await;
    }
    agree(house, &cast).await;
    let mut dice = Dice(seed);
    for n in 0..steps {
        house.clock.advance(MINUTE * dice.below(40) as i64);
        let (by, command) = command(&mut dice, &cast);
        house
            .engine
            .execute(&by, command.clone())
            .await
            .map_or_else(|error| assert_ne!(error.code(), "INTERNAL", "{command:?}"), drop);
        if n % 25 == 0 {
            house.clock.advance(HOUR);
            house.engine.fire_timers().await.unwrap();
        }
    }
    let config = EmailConfig { host: Some("mail.example".into()), ..EmailConfig::default() };
    house.system(Command::SetEmailConfig(Box::new(SetEmailConfig { config, password: Edit::Keep }))).await;
    house.system(Command::NoteEmailTest { ok: false, why: Some("no answer".into()) }).await;
    let alice = caller(&cast.people[0]);
    let file = house.engine.upload(&alice, "a.txt", None, &b"file"[..]).await.unwrap();
    let open = OpenTicket { attachments: vec![file.id], ..OpenTicket::new("with a file", "d") };
    let ticket = house.engine.open_ticket(&alice, open).await.unwrap().id;
    for (purpose, ticket) in [(Purpose::Avatar, None), (Purpose::Document, Some(ticket))] {
        crate::files::picture(&house.engine, &alice, purpose, ticket).await.unwrap();
    }
    come_and_go(house, &cast.people[0]).await;
    automated(house, &cast.people[2]).await;
    cast
}

/// Replies, templates and rules, written, used and thrown away, and what a rule does.
async fn automated(house: &House, agent: &User) {
    let reply = |name: &str| QuickReplyInput { name: name.into(), content: "c".into(), ..QuickReplyInput::default() };
    for name in ["one", "two"] {
        let made = house.engine.create_quick_reply(&caller(agent), reply(name)).await.unwrap();
        house.engine.use_quick_reply(&caller(agent), made.id).await.unwrap();
        let edit = EditQuickReply { name: Some("new".into()), ..EditQuickReply::default() };
        house.engine.edit_quick_reply(&caller(agent), made.id, edit).await.unwrap();
        if name == "one" {
            house.engine.delete_quick_reply(&caller(agent), made.id).await.unwrap();
        }
    }
    let system = Caller::system("test");
    let form = |name: &str| TemplateForm {
        name: name.into(),
        title: "t {{x}}".into(),
        content: "c".into(),
        active: true,
        ..TemplateForm::default()
    };
    let kept = house.engine.create_template(&system, form("kept")).await.unwrap();
    let edit = EditTemplate { name: Some("edited".into()), ..EditTemplate::default() };
    house.engine.edit_template(&system, kept.id, edit).await.unwrap();
    let gone = house.engine.create_template(&system, form("gone")).await.unwrap();
    house.engine.delete_template(&system, gone.id).await.unwrap();
    let rule = |name: &str, active: bool| crate::automation::tagging(name, active);
    let acts = house.engine.create_rule(&system, rule("acts", false)).await.unwrap();
    let on = EditRule { active: Some(true), ..EditRule::default() };
    house.engine.edit_rule(&system, acts.id, on).await.unwrap();
    let gone = house.engine.create_rule(&system, rule("gone", true)).await.unwrap();
    house.engine.delete_rule(&system, gone.id).await.unwrap();
    let using = UseTemplate { template: kept.id, values: serde_json::Map::new() };
    let open = OpenTicket { template: Some(using), ..OpenTicket::new("", "") };
    house.engine.open_ticket(&caller(agent), open).await.unwrap();
    assert_eq!(house.engine.automate().await.unwrap(), 1);
}

/// What guards an account, in all its forms; secrets are such as [`with_secrets`] makes again.
async fn come_and_go(house: &House, user: &User) {
    let sealed = |text: &str| Sealed(Some(text.to_owned()));
    let enable = EnableSecondFactor { user: user.id, secret: sealed("s"), codes: sealed("a,b,c") };
    house.engine.execute(&caller(user), Command::EnableSecondFactor(enable)).await.unwrap();
    let proofs = [Proof::Step(5), Proof::BackupCode(sealed("a")), Proof::Device("device 1".to_owned())];
    for (n, proof) in proofs.into_iter().enumerate() {
        house.clock.advance(MINUTE);
        let remember = (n < 2).then(|| TrustDevice { name: None, token: sealed(&format!("device {}", n + 1)) });
        let start = StartSession {
            user: user.id,
            method: "password".to_owned(),
            ip: Some(format!("192.0.2.{n}")),
            user_agent: Some("Mozilla/5.0 (iPhone)".to_owned()),
            refresh: sealed(&format!("r{n}")),
            proof,
            remember,
        };
        house.system(Command::StartSession(Box::new(start))).await;
    }
    let note = Command::NoteFailedSignIn { user: user.id, method: "password+otp", ip: None, user_agent: None };
    house.system(note).await;
    house.engine.execute(&caller(user), Command::RevokeTrustedDevice(DeviceId(2))).await.unwrap();
}

/// A notification by hand, settings in bulk, and what is old is forgotten.
async fn write_and_forget(house: &House, cast: &Cast) {
    let (alice, root) = (&cast.people[0], caller(&cast.people[4]));
    house
        .system(Command::SetNotificationRules(
            alice.id,
            vec![Rule { kind: NoticeKind::SystemAlert, route: Route::InApp, enabled: true }],
        ))
        .await;
    for n in 0..3 {
        let send = SendNotification {
            to: alice.id,
            kind: NoticeKind::SystemAlert,
            ticket: None,
            title: format!("写给您 {n}"),
            content: "c".into(),
            priority: Priority::High,
            action_url: Some("/x".into()),
        };
        house.engine.send_notification(&root, send).await.unwrap();
        let read = Command::MarkNotificationsRead { ids: Vec::new(), all: true };
        house.engine.execute(&caller(alice), read).await.unwrap();
        house.clock.advance(100 * DAY);
    }
    let set = |key: &str, value: serde_json::Value| ChangeSetting {
        key: key.into(),
        value: Edit::Set(Some(value)),
        category: Edit::Set(Some("theirs".into())),
        ..ChangeSetting::default()
    };
    let several = vec![set("cleanup_batch", 100.into()), set("theirs.a", "x".into())];
    house.engine.change_settings(&root, several).await.unwrap();
    for task in Task::ALL {
        let run = house.engine.clean_up(&root, task).await.unwrap();
        assert!(run.forgotten > 0 || task == Task::AuditLogs, "{run:?}");
    }
    house.system(Command::NoteFailedSignIn { user: alice.id, method: "password", ip: None, user_agent: None }).await;
}

fn actor_of(by: &By) -> Actor {
    match (by.user, by.role, &by.system) {
        (Some(id), Some(role), _) => Actor::User(Member { id, role, via: Via::Channel, scopes: Vec::new() }),
        (_, _, Some(name)) => match by.rule {
            Some(id) => Actor::Rule(ActingRule { id, name: name.clone() }),
            None => Actor::System(name.clone().leak()),
        },
        _ => Actor::Anonymous,
    }
}

/// Secrets are not in the log; their columns want distinct values.
fn with_secrets(mut event: Event, seq: Seq) -> Event {
    match &mut event {
        Event::SessionStarted { refresh, .. } | Event::SessionRefreshed { refresh, .. } => {
            *refresh = Sealed(Some(seq.to_string()));
        }
        Event::ApiTokenCreated { secret, .. } => *secret = Sealed(Some(seq.to_string())),
        Event::DeviceTrusted { device, token } => *token = Sealed(Some(format!("device {}", device.id))),
        Event::SecondFactorEnabled { secret, codes, .. } => {
            *secret = Sealed(Some("s".to_owned()));
            *codes = Sealed(Some("a,b,c".to_owned()));
        }
        Event::SecondFactorUsed { step: None, code, .. } => *code = Sealed(Some("a".to_owned())),
        _ => {}
    }
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_replayed_makes_the_same_rows() {
    each_backend(|house| async move {
        let cast = live(&house, 400, 7).await;
        write_and_forget(&house, &cast).await;
        let original = house.store().await;
        let log = store::event::after(&mut original.read().await.unwrap(), Seq(0), 100_000).await.unwrap();
        assert!(log.len() > 150, "{}", log.len());
        // Into the other database: the fold is the same there, too.
        let copy = House::open(!original.is_postgres()).await;
        copy.engine.close().await;
        let store = copy.store().await;
        let hours = house.options.policy.auto_close_hours;
        let rules = Rules { zone: Zone::default(), auto_close_hours: hours, auto_close_default: hours };
        for chunk in log.chunks(17) {
            let mut batch = store.begin().await.unwrap();
            for recorded in chunk {
                let event = with_secrets(recorded.event.clone(), recorded.seq);
                let again = batch.apply(event, &actor_of(&recorded.by), &mut None, recorded.at, rules).await.unwrap();
                assert_eq!((again.seq, &again.by), (recorded.seq, &recorded.by));
            }
            batch.commit().await.unwrap();
        }
        let (want, got) = (tables(&original).await, tables(&store).await);
        for name in [
            "tickets",
            "ticket_tags",
            "comments",
            "comment_versions",
            "attachments",
            "ticket_cube",
            "categories",
            "notifications",
            "notification_rules",
            "email_config",
            "sla_configs",
            "users",
            "second_factors",
            "backup_codes",
            "trusted_devices",
            "failed_sign_ins",
            "quick_replies",
            "ticket_templates",
            "automation_rules",
            "settings",
            "cleanup_runs",
            "events",
        ] {
            // Cells that came to nothing may or may not have a row.
            let rows = |all: &BTreeMap<String, Vec<String>>| -> Vec<String> {
                let rows = all.get(name).cloned().unwrap_or_default();
                rows.into_iter().filter(|r| !(name == "ticket_cube" && r.contains(NOTHING))).collect()
            };
            let (want, got) = (rows(&want), rows(&got));
            for (w, g) in want.iter().zip(&got) {
                assert_eq!(w, g, "{name}");
            }
            assert_eq!(want.len(), got.len(), "{name}");
        }
        original.close().await;
        store.close().await;
        house.engine.close().await;
    })
    .await;
}

/// How the row of a cell ends that came to nothing.
const NOTHING: &str = ",0,0,0,0,0,0,0,0,0,0,0]";

fn sums(t: &Ticket) -> [i64; 11] {
    let minutes = |to: Option<model::Time>| to.map_or(0, |to| (to.0 - t.created_at.0).max(0) / MINUTE);
    [
        1,
        i64::from(t.reopened),
        i64::from(t.escalated),
        i64::from(t.first_reply_at.is_some()),
        minutes(t.first_reply_at),
        i64::from(t.first_reply_at.is_some_and(|at| at <= t.response_due_at)),
        i64::from(t.resolved_at.is_some()),
        minutes(t.resolved_at),
        i64::from(t.resolved_at.is_some_and(|at| at <= t.resolution_due_at)),
        i64::from(t.response_breached || t.resolution_breached),
        i64::from(t.is_active() && t.resolution_breached),
    ]
}

async fn all_tickets(engine: &Engine) -> Vec<Ticket> {
    let ids: Vec<TicketId> = (100_001..100_400).map(TicketId).collect();
    let tickets = engine.tickets_by_ids(&Actor::System("t"), &ids).await.unwrap();
    tickets.iter().map(|ticket| (**ticket).clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cube_and_the_counts_equal_those_made_from_scratch() {
    each_backend(|house| async move {
        live(&house, 500, 0x00c0_ffee).await;
        let tickets = all_tickets(&house.engine).await;
        let mut want: BTreeMap<String, [i64; 11]> = BTreeMap::new();
        for t in tickets.iter().filter(|t| t.deleted_at.is_none()) {
            let day = (t.created_at.0 + 8 * HOUR).div_euclid(24 * HOUR);
            let (assignee, category) = (t.assignee.map_or(0, |u| u.0), t.category.map_or(0, |c| c.0));
            // Days, everybody's and each assignee's sums over all days; only those know who is late.
            for (day, assignee, late) in [(day, assignee, 0), (-1, assignee, 1), (-1, -1, 1)] {
                let cell = format!("[{day},{assignee},{category},{},\"{}\"", t.priority.rank(), t.status.word());
                let mut values = sums(t);
                values[10] *= late;
                for (sum, value) in want.entry(cell).or_default().iter_mut().zip(values) {
                    *sum += value;
                }
            }
        }
        let want: Vec<String> = want
            .iter()
            .map(|(cell, sums)| format!("{cell},{}", serde_json::to_string(sums).unwrap().trim_start_matches('[')))
            .collect();
        let store = house.store().await;
        let all = tables(&store).await;
        let mut got: Vec<String> = all["ticket_cube"].iter().filter(|r| !r.contains(NOTHING)).cloned().collect();
        got.sort();
        let mut want = want;
        want.sort();
        assert_eq!(got, want);
        // The counts of comments, too.
        for t in &tickets {
            let part = engine::Part::oldest(true, 1_000);
            let comments = house.engine.comments(&Actor::System("t"), t.id, part).await.unwrap();
            let kept = comments.iter().filter(|c| c.withdrawn_at.is_none() && c.id != t.description);
            let internal = kept.clone().filter(|c| c.visibility == Visibility::Internal).count() as i64;
            assert_eq!((t.comment_count, t.internal_count), (kept.count() as i64 - internal, internal), "{}", t.id);
            assert!(t.updated_at >= START);
        }
        store.close().await;
        house.engine.close().await;
    })
    .await;
}

#[test]
fn actors_are_read_back_from_the_log() {
    for via in [Via::Session(SessionId(1)), Via::ApiToken(ApiTokenId(1)), Via::Channel] {
        let actor = Actor::User(Member { id: UserId(1), role: Role::Agent, via, scopes: Vec::new() });
        assert_eq!(actor_of(&actor.by()).by(), actor.by());
    }
    assert_eq!(actor_of(&Actor::System("x").by()), Actor::System("x"));
    let rule = Actor::Rule(ActingRule { id: RuleId(1), name: "x".into() });
    assert_eq!(actor_of(&rule.by()), rule);
    assert_eq!(actor_of(&Actor::Anonymous.by()), Actor::Anonymous);
}
