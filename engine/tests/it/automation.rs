//! Rules act once on each event, in order, whatever happens to the process; templates and quick replies are used.

use crate::house::{Dice, House, caller, each_backend};
use engine::{Caller, Engine, Options};
use model::automation::reply::QuickReplyInput;
use model::automation::{
    ActionInput, Blank, BlankKind, ConditionInput, QuickReplyFilter, RuleInput, Run, RunFilter, TemplateForm,
    UseTemplate,
};
use model::command::{AddComment, Command, Edit, EditQuickReply, EditRule, EditTemplate, OpenTicket};
use model::comment::Visibility;
use model::event::Event;
use model::id::{RuleId, TicketId};
use model::notice::{NoticeKind, Route, Rule};
use model::people::{Role, UserStatus};
use model::query::Page;
use model::ticket::{Priority, Status};
use model::time::{DAY, HOUR};
use model::{Actor, Error};
use serde_json::{Value, json};
use std::collections::BTreeMap;

mod reach;

fn action(kind: &str, params: Value) -> ActionInput {
    ActionInput { kind: kind.into(), params: params.as_object().cloned().unwrap() }
}

fn rule(name: &str, trigger: &str, actions: Vec<ActionInput>) -> RuleInput {
    RuleInput {
        name: name.into(),
        kind: "classification".into(),
        active: true,
        priority: 10,
        trigger: trigger.into(),
        actions,
        ..RuleInput::default()
    }
}

/// One that says its name on every new ticket.
pub fn tagging(name: &str, active: bool) -> RuleInput {
    RuleInput { active, ..rule(name, "ticket.created", vec![action("add_tag", json!({ "tag": name }))]) }
}

fn switch(active: bool) -> EditRule {
    EditRule { active: Some(active), ..EditRule::default() }
}

fn condition(field: &str, operator: &str, value: Value) -> ConditionInput {
    ConditionInput { field: field.into(), operator: operator.into(), value, joint: None }
}

fn system() -> Caller {
    Caller::system("test")
}

async fn make(house: &House, input: RuleInput) -> RuleId {
    house.engine.create_rule(&system(), input).await.unwrap().id
}

/// What rules have done, the oldest first.
async fn runs(engine: &Engine, filter: RunFilter) -> Vec<Run> {
    let slice = engine.rule_runs(&Actor::System("test"), filter, &Page::first(100)).await.unwrap();
    slice.items.into_iter().rev().map(|(_, run)| run).collect()
}

async fn comments(engine: &Engine, ticket: TicketId) -> Vec<String> {
    let all = engine.comments(&Actor::System("t"), ticket, engine::Part::oldest(true, 100)).await.unwrap();
    all.into_iter().skip(1).map(|comment| comment.body.into_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_act_in_order_each_on_what_those_before_have_made_of_it() {
    each_backend(|house| async move {
        let (alice, bob) = (house.person("alice", Role::User).await, house.person("bob", Role::Agent).await);
        // Made the other way round than they act, and by equal priority in the order of making.
        let say = |name: &str| action("add_comment", json!({ "content": name, "is_internal": true }));
        let last = make(
            &house,
            RuleInput {
                priority: 50,
                conditions: vec![
                    condition("priority", "gte", json!("high")),
                    condition("assignee", "is_not_empty", Value::Null),
                ],
                ..rule(
                    "last",
                    "ticket.created",
                    vec![say("last"), action("set_status", json!({ "status": "in_progress" }))],
                )
            },
        )
        .await;
        let first = make(
            &house,
            RuleInput {
                priority: 1,
                conditions: vec![
                    ConditionInput { joint: Some("or".into()), ..condition("title", "contains", json!("bug")) },
                    condition("content", "contains", json!("error")),
                ],
                ..rule(
                    "first",
                    "ticket.created",
                    vec![
                        action("set_priority", json!({ "priority": "high" })),
                        action("assign", json!({ "user_id": bob.id })),
                        action("add_tag", json!({ "tag": "bug" })),
                        say("first"),
                    ],
                )
            },
        )
        .await;
        make(&house, rule("second", "ticket.created", vec![say("second")])).await;
        make(&house, rule("third", "ticket.created", vec![say("third")])).await;

        let by = caller(&alice);
        let bug = house.engine.open_ticket(&by, OpenTicket::new("A BUG", "d")).await.unwrap().id;
        let error = house.engine.open_ticket(&by, OpenTicket::new("t", "an Error")).await.unwrap().id;
        let other = house.engine.open_ticket(&by, OpenTicket::new("t", "d")).await.unwrap().id;
        // Nothing happens inside the request.
        assert_eq!(house.get(bug).await.priority, Priority::Normal);
        assert_eq!(house.engine.automate().await.unwrap(), 3);
        for ticket in [bug, error] {
            let now = house.get(ticket).await;
            assert_eq!((now.priority, now.assignee, now.status), (Priority::High, Some(bob.id), Status::InProgress));
            assert_eq!(now.tags.len(), 1);
            assert_eq!(comments(&house.engine, ticket).await, ["first", "second", "third", "last"]);
        }
        assert_eq!(comments(&house.engine, other).await, ["second", "third"]);
        // Once, however often somebody looks.
        assert_eq!(house.engine.automate().await.unwrap(), 0);
        let done = runs(&house.engine, RunFilter { ticket: Some(bug), ..RunFilter::default() }).await;
        let names: Vec<&str> = done.iter().map(|run| run.run.rule_name.as_str()).collect();
        assert_eq!(names, ["first", "second", "third", "last"]);
        assert!(done.iter().all(|run| run.run.succeeded()));
        assert_eq!(done[0].run.message(), "set_priority, assign, add_tag, add_comment");
        let figures = house.engine.rule_figures(&Actor::System("t"), &[first, last]).await.unwrap();
        assert_eq!((figures[&first].runs, figures[&first].failures, figures[&last].runs), (2, 0, 2));
        // History says which rule it was.
        let history = house.engine.history(&Actor::System("t"), bug, None, 50).await.unwrap();
        let changed = history.iter().find(|r| matches!(r.event, Event::PriorityChanged { .. })).unwrap();
        assert_eq!(
            (changed.by.user, changed.by.rule, changed.by.system.as_deref()),
            (None, Some(first), Some("first"))
        );
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_did_sets_off_no_rule() {
    each_backend(|house| async move {
        let alice = house.person("alice", Role::User).await;
        let flip = |name: &str, from: &str, to: &str| RuleInput {
            conditions: vec![condition("priority", "eq", json!(from))],
            ..rule(name, "ticket.updated", vec![action("set_priority", json!({ "priority": to }))])
        };
        make(&house, flip("up", "low", "high")).await;
        make(&house, flip("down", "high", "low")).await;
        make(&house, rule("echo", "ticket.commented", vec![action("add_comment", json!({ "content": "echo" }))])).await;
        let ticket = house.ticket(&caller(&alice), "t").await.id;
        house.system(Command::SetPriority(ticket, Priority::Low)).await;
        house.engine.add_comment(&caller(&alice), ticket, AddComment::public("hi")).await.unwrap();
        let mut acted = 0;
        for _ in 0..5 {
            acted += house.engine.automate().await.unwrap();
        }
        assert_eq!(acted, 2);
        // Both rules heard the one change by a person, one after the other; their own changes nobody heard.
        assert_eq!(house.get(ticket).await.priority, Priority::Low);
        assert_eq!(comments(&house.engine, ticket).await, ["hi", "echo"]);
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_acts_only_while_it_is_switched_on() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        let tags =
            async |ticket| house.get(ticket).await.tags.iter().map(|t| t.as_str().to_owned()).collect::<Vec<_>>();
        let before = house.ticket(&alice, "before").await.id;
        let id = make(&house, tagging("r", true)).await;
        house.engine.automate().await.unwrap();
        assert!(tags(before).await.is_empty(), "the past is past");
        let seen = house.ticket(&alice, "seen").await.id;
        house.engine.automate().await.unwrap();
        assert_eq!(tags(seen).await, ["r"]);
        // Switched off between the event and the looking: it stops at once.
        let missed = house.ticket(&alice, "missed").await.id;
        house.engine.edit_rule(&system(), id, switch(false)).await.unwrap();
        house.engine.automate().await.unwrap();
        let off = house.ticket(&alice, "off").await.id;
        // And what happened meanwhile stays undone after it is switched on again.
        house.engine.edit_rule(&system(), id, switch(true)).await.unwrap();
        let on = house.ticket(&alice, "on").await.id;
        house.engine.automate().await.unwrap();
        assert!(tags(missed).await.is_empty() && tags(off).await.is_empty());
        assert_eq!(tags(on).await, ["r"]);
        // One that listens to something else now does not act on the past, either, not even after a restart.
        house.status(on, Status::InProgress).await;
        let heard = |trigger: &str| EditRule { trigger: Some(trigger.into()), ..EditRule::default() };
        house.engine.edit_rule(&system(), id, heard("ticket.status_changed")).await.unwrap();
        house.engine.automate().await.unwrap();
        assert_eq!(tags(on).await, ["r"]);
        house.engine.edit_rule(&system(), id, heard("ticket.created")).await.unwrap();
        let gone = house.ticket(&alice, "gone").await.id;
        house.engine.delete_rule(&system(), id).await.unwrap();
        assert_eq!(house.engine.automate().await.unwrap(), 0);
        assert!(tags(gone).await.is_empty());
        // What it did stays in the log, its figures go with it.
        assert_eq!(runs(&house.engine, RunFilter { rule: Some(id), ..RunFilter::default() }).await.len(), 2);
        assert!(house.engine.rule_figures(&Actor::System("t"), &[id]).await.unwrap().is_empty());
        assert_eq!(house.engine.rule(&Actor::System("t"), id).await, Err(Error::not_found("rule")));
        // A ticket that is gone is nobody's to act on.
        make(&house, tagging("s", true)).await;
        let deleted = house.ticket(&alice, "deleted").await.id;
        house.system(Command::DeleteTicket(deleted)).await;
        house.engine.automate().await.unwrap();
        assert!(tags(deleted).await.is_empty());
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_action_can_not_do_is_noted_and_the_others_go_on() {
    each_backend(|house| async move {
        let (alice, bob) = (caller(&house.person("alice", Role::User).await), house.person("bob", Role::Agent).await);
        let id = make(
            &house,
            rule(
                "r",
                "ticket.created",
                vec![
                    action("set_status", json!({ "status": "resolved" })),
                    action("assign", json!({ "user_id": bob.id })),
                    action("add_tag", json!({ "tag": "done" })),
                ],
            ),
        )
        .await;
        house.system(Command::SetUserStatus(bob.id, UserStatus::Suspended)).await;
        let ticket = house.ticket(&alice, "t").await.id;
        assert_eq!(house.engine.automate().await.unwrap(), 1);
        let now = house.get(ticket).await;
        assert_eq!((now.status, now.assignee, now.tags.len()), (Status::New, None, 1));
        let [run] = runs(&house.engine, RunFilter::default()).await.try_into().unwrap();
        assert!(!run.run.succeeded());
        let message = run.run.message();
        assert!(message.contains("actions[0] set_status: a ticket that is new can't become resolved"), "{message}");
        assert!(message.contains("actions[1] assign: assignee has an account that is not active"), "{message}");
        assert_eq!(runs(&house.engine, RunFilter { success: Some(true), ..RunFilter::default() }).await.len(), 0);
        let figures = house.engine.rule_figures(&Actor::System("t"), &[id]).await.unwrap();
        assert_eq!((figures[&id].runs, figures[&id].failures), (1, 1));
        // It can be switched off although its assignee is gone, and not on again.
        house.engine.edit_rule(&system(), id, switch(false)).await.unwrap();
        let told = house.engine.edit_rule(&system(), id, switch(true)).await.unwrap_err();
        assert_eq!(told.field(), Some("actions[1].params.user_id"));
        // Lines are forgotten after a while, figures are not.
        house.clock.advance(31 * DAY);
        house.engine.start_background();
        for _ in 0..200 {
            if house.count("SELECT COUNT(*) FROM rule_runs").await == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
        assert_eq!(house.count("SELECT COUNT(*) FROM rule_runs").await, 0);
        assert_eq!(house.count("SELECT runs FROM rule_figures").await, 1);
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_trigger_is_heard() {
    each_backend(|house| async move {
        let (alice, bob) = (caller(&house.person("alice", Role::User).await), house.person("bob", Role::Agent).await);
        for trigger in model::automation::Trigger::ALL {
            make(
                &house,
                rule(trigger.word(), trigger.word(), vec![action("add_tag", json!({ "tag": trigger.word() }))]),
            )
            .await;
        }
        let ticket = house.ticket(&alice, "t").await.id;
        house.assign(ticket, Some(bob.id)).await;
        house.status(ticket, Status::InProgress).await;
        house.system(Command::EscalateTicket(ticket, model::command::EscalateTicket::default())).await;
        house.engine.add_comment(&alice, ticket, AddComment::public("hi")).await.unwrap();
        house.clock.advance(30 * 24 * HOUR);
        house.engine.fire_timers().await.unwrap();
        house.engine.automate().await.unwrap();
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for run in runs(&house.engine, RunFilter::default()).await {
            *count.entry(run.run.trigger.word()).or_default() += 1;
        }
        // Assigning opened it, escalating raised its priority, and both of its clocks ran out.
        let want = [
            ("sla.breached", 2),
            ("ticket.assigned", 1),
            ("ticket.commented", 1),
            ("ticket.created", 1),
            ("ticket.escalated", 1),
            ("ticket.priority_changed", 1),
            ("ticket.status_changed", 2),
            ("ticket.updated", 5),
        ];
        assert_eq!(count.into_iter().collect::<Vec<_>>(), want);
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_act_once() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        make(&house, rule("r", "ticket.created", vec![action("add_comment", json!({ "content": "x" }))])).await;
        // Only PostgreSQL has several servers; on SQLite, several readers of one do as well.
        let second = if house.store().await.is_postgres() { house.second().await } else { house.engine.clone() };
        for n in 0..20 {
            house.ticket(&alice, &format!("t{n}")).await;
            let (one, other) = futures_util::future::join(house.engine.automate(), second.automate()).await;
            one.unwrap();
            other.unwrap();
        }
        house.engine.automate().await.unwrap();
        for n in 0..20 {
            assert_eq!(comments(&house.engine, TicketId(100_001 + n)).await, ["x"]);
        }
        assert_eq!(house.count("SELECT COUNT(*) FROM rule_runs").await, 20);
        if house.store().await.is_postgres() {
            second.close().await;
        }
        house.engine.close().await;
    })
    .await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Has rules act until `enough` runs are in the store, then ends the runtime under it.
fn crash(options: &Options, enough: i64) {
    let runtime = runtime();
    let engine = runtime.block_on(Engine::start(options.clone())).unwrap();
    let acting = engine.clone();
    runtime.spawn(async move { acting.automate().await.unwrap() });
    runtime.block_on(async {
        while engine.count_rule_runs(&Actor::System("t"), RunFilter::default()).await.unwrap() < enough {
            tokio::task::yield_now().await;
        }
    });
    drop(engine);
    runtime.shutdown_background();
}

#[test]
fn a_rule_acts_once_although_the_process_dies_in_the_middle() {
    const TICKETS: i64 = 60;
    for postgres in [false, true] {
        let keeper = runtime();
        let house = keeper.block_on(House::open_with(postgres, |_| {}));
        keeper.block_on(async {
            let alice = caller(&house.person("alice", Role::User).await);
            for name in ["one", "two"] {
                make(&house, rule(name, "ticket.created", vec![action("add_comment", json!({ "content": name }))]))
                    .await;
            }
            for n in 0..TICKETS {
                house.ticket(&alice, &format!("t{n}")).await;
            }
            house.engine.close().await;
        });
        let mut dice = Dice(99);
        let mut enough = 0;
        for _ in 0..4 {
            enough += 2 + dice.below(20) as i64;
            crash(&house.options, enough);
        }
        let engine = keeper.block_on(Engine::start(house.options.clone())).unwrap();
        keeper.block_on(async {
            engine.automate().await.unwrap();
            for n in 0..TICKETS {
                assert_eq!(comments(&engine, TicketId(100_001 + n)).await, ["one", "two"], "{n}");
            }
            assert_eq!(house.count("SELECT COUNT(*) FROM rule_runs").await, 2 * TICKETS);
            assert_eq!(house.count("SELECT CAST(SUM(runs) AS BIGINT) FROM rule_figures").await, 2 * TICKETS);
            engine.close().await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_can_not_do_holds_nobody_up() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        make(&house, tagging("r", true)).await;
        let broken = house.ticket(&alice, "broken").await.id;
        let fine = house.ticket(&alice, "fine").await.id;
        // The line that would be written is there already, under the number that it would get.
        let seq = house.count("SELECT MIN(seq) FROM events WHERE type = 'ticket_opened'").await;
        let sql = store::db::Sql::new(
            "INSERT INTO rule_runs (id, rule_id, rule_name, ticket_id, seq, event, success, done, milliseconds, at) \
             VALUES (1, 99, 'x', 1, $1, 'ticket.created', TRUE, '[]', 0, 0)",
        );
        house.sql(sql.bind(seq)).await;
        let mut failures = 0;
        while let Err(error) = house.engine.automate().await {
            assert_ne!(error.code(), "BUSY");
            failures += 1;
            assert!(failures < 10, "it goes on for ever");
            if failures == 2 {
                house.sql(store::db::Sql::new("DELETE FROM rule_runs WHERE rule_id = 99")).await;
            }
        }
        assert_eq!(failures, 2);
        assert_eq!((house.get(broken).await.tags.len(), house.get(fine).await.tags.len()), (1, 1));
        house.engine.close().await;
    })
    .await;
}

fn blank(name: &str) -> Blank {
    Blank {
        name: name.into(),
        kind: BlankKind::Text,
        label: String::new(),
        required: true,
        options: Vec::new(),
        default: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_opened_by_a_template() {
    each_backend(|house| async move {
        let (alice, bob) = (caller(&house.person("alice", Role::User).await), house.person("bob", Role::Agent).await);
        let form = TemplateForm {
            name: "Bug".into(),
            title: "[Bug] {{summary}}".into(),
            content: "{{summary}} on {{os}}".into(),
            kind: Some("bug".into()),
            priority: Some(Priority::High),
            status: Some(Status::InProgress),
            assignee: Some(bob.id),
            active: true,
            blanks: vec![blank("summary")],
            ..TemplateForm::default()
        };
        let template = house.engine.create_template(&system(), form).await.unwrap();
        let open = |values: Value| {
            let using = UseTemplate { template: template.id, values: values.as_object().cloned().unwrap() };
            OpenTicket { template: Some(using), ..OpenTicket::new("", "") }
        };
        let made = house.engine.open_ticket(&alice, open(json!({ "summary": "broken" }))).await.unwrap();
        assert_eq!(made.title.as_str(), "[Bug] broken");
        assert_eq!((made.kind.as_str(), made.priority, made.status), ("bug", Priority::High, Status::InProgress));
        assert_eq!((made.assignee, made.custom_fields["summary"].as_str()), (Some(bob.id), Some("broken")));
        let stored = house.get(made.id).await;
        assert_eq!((stored.status, stored.version, made.version), (Status::InProgress, 2, 2));
        let all = house.engine.comments(&alice.actor, made.id, engine::Part::oldest(false, 5)).await.unwrap();
        assert_eq!(all[0].body.as_str(), "broken on");
        // What is said itself counts.
        let own =
            OpenTicket { priority: Some(Priority::Low), kind: Some("x".into()), ..open(json!({ "summary": "s" })) };
        let own = OpenTicket { title: "Mine".into(), ..own };
        let own = house.engine.open_ticket(&alice, own).await.unwrap();
        assert_eq!((own.title.as_str(), own.priority, own.kind.as_str()), ("Mine", Priority::Low, "x"));
        assert_eq!(house.engine.template(&Actor::System("t"), template.id).await.unwrap().uses, 2);
        let told = house.engine.open_ticket(&alice, open(json!({}))).await.unwrap_err();
        assert!(told.field() == Some("template_values") && told.to_string().contains("\"summary\""), "{told}");
        // An assignee who has left, and a status that a new ticket can't have, are passed over.
        house.system(Command::SetUserStatus(bob.id, UserStatus::Suspended)).await;
        let nobodys = house.engine.open_ticket(&alice, open(json!({ "summary": "s" }))).await.unwrap();
        assert_eq!((nobodys.assignee, nobodys.status), (None, Status::InProgress));
        let status = Edit::Set(Some(Status::Resolved));
        let resolved = EditTemplate { status, ..EditTemplate::default() };
        house.engine.edit_template(&system(), template.id, resolved).await.unwrap();
        let new = house.engine.open_ticket(&alice, open(json!({ "summary": "s" }))).await.unwrap();
        assert_eq!(new.status, Status::New);
        let off = EditTemplate { active: Some(false), ..EditTemplate::default() };
        house.engine.edit_template(&system(), template.id, off).await.unwrap();
        let told = house.engine.open_ticket(&alice, open(json!({ "summary": "s" }))).await.unwrap_err();
        assert_eq!(told.field(), Some("template_id"));
        house.engine.delete_template(&system(), template.id).await.unwrap();
        let told = house.engine.open_ticket(&alice, open(json!({ "summary": "s" }))).await.unwrap_err();
        assert_eq!(told.field(), Some("template_id"));
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_reply_is_its_makers_and_a_public_one_the_houses() {
    each_backend(|house| async move {
        let [bob, carol, sue, root] = [
            house.person("bob", Role::Agent).await,
            house.person("carol", Role::Agent).await,
            house.person("sue", Role::Supervisor).await,
            house.person("root", Role::Admin).await,
        ]
        .map(|user| caller(&user));
        let input =
            |public| QuickReplyInput { name: "n".into(), content: "100%".into(), public, ..QuickReplyInput::default() };
        let public = |public| EditQuickReply { public: Some(public), ..EditQuickReply::default() };
        let e = &house.engine;
        let own = e.create_quick_reply(&bob, input(false)).await.unwrap().id;
        for other in [&carol, &sue, &root] {
            assert_eq!(e.quick_reply(&other.actor, own).await, Err(Error::not_found("quick reply")));
            assert_eq!(e.use_quick_reply(other, own).await, Err(Error::not_found("quick reply")));
            assert_eq!(e.edit_quick_reply(other, own, public(false)).await, Err(Error::not_found("quick reply")));
            assert_eq!(e.delete_quick_reply(other, own).await, Err(Error::not_found("quick reply")));
            let all = e.quick_replies(&other.actor, QuickReplyFilter::default(), &Page::first(10)).await.unwrap();
            assert!(all.items.is_empty());
        }
        assert_eq!(e.use_quick_reply(&bob, own).await.unwrap().uses, 1);
        assert!(matches!(e.create_quick_reply(&bob, input(true)).await, Err(Error::Forbidden { .. })));
        assert!(matches!(e.edit_quick_reply(&bob, own, public(true)).await, Err(Error::Forbidden { .. })));
        let shared = e.create_quick_reply(&sue, input(true)).await.unwrap().id;
        assert_eq!(e.use_quick_reply(&carol, shared).await.unwrap().uses, 1);
        assert!(matches!(e.delete_quick_reply(&carol, shared).await, Err(Error::Forbidden { .. })));
        e.edit_quick_reply(&root, shared, public(true)).await.unwrap();
        for (word, found) in [("%", 2), ("100%", 2), ("_", 0), ("N", 2), ("x", 0)] {
            let filter = QuickReplyFilter { keyword: Some(word.into()), ..QuickReplyFilter::default() };
            assert_eq!(e.count_quick_replies(&bob.actor, filter).await.unwrap(), found, "{word}");
        }
        house.engine.close().await;
    })
    .await;
}
