//! How tickets move: statuses, verdicts, reopening, merging, deleting; and that what changes nothing leaves no event.

use crate::house::{House, caller, change, each_backend};
use engine::Caller;
use model::command::*;
use model::comment::Visibility;
use model::id::TicketId;
use model::people::{Role, User};
use model::query::TicketFilter;
use model::ticket::{Priority, Resolution, Status, Ticket, may_move};
use model::time::{HOUR, MINUTE};
use model::{Actor, Error, Event};

struct Cast {
    user: User,
    agent: User,
    boss: User,
}

async fn cast(house: &House) -> Cast {
    Cast {
        user: house.person("alice", Role::User).await,
        agent: house.person("bob", Role::Agent).await,
        boss: house.person("sue", Role::Supervisor).await,
    }
}

/// A ticket in a status, by the shortest way.
async fn in_status(house: &House, by: &Caller, status: Status) -> Ticket {
    let id = house.ticket(by, "way").await.id;
    let way: &[Status] = match status {
        Status::New => &[],
        Status::Resolved => &[Status::InProgress, Status::Resolved],
        Status::Open | Status::InProgress | Status::Pending | Status::Closed | Status::Cancelled => &[status],
    };
    for step in way {
        house.status(id, *step).await;
    }
    house.get(id).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_move_is_as_the_state_machine_says() {
    each_backend(|house| async move {
        let cast = cast(&house).await;
        for from in Status::ALL {
            for to in Status::ALL {
                let ticket = in_status(&house, &caller(&cast.user), from).await;
                let moved = house.engine.change_status(&caller(&cast.boss), ticket.id, change(to)).await;
                match (may_move(from, to), moved) {
                    (true, Ok(after)) => {
                        assert_eq!(after.status, to);
                        assert_eq!(after.version, ticket.version + i64::from(from != to), "{from:?} {to:?}");
                        let reopens = to == Status::Open && !from.is_active();
                        assert_eq!(after.reopened, reopens, "{from:?} {to:?}");
                        assert_eq!(after.reopen_count, i64::from(reopens));
                        assert_eq!(after.closed_at.is_some(), to.is_final(), "{from:?} {to:?}");
                        assert_eq!(after.resolved_at.is_some(), matches!(to, Status::Resolved | Status::Closed));
                    }
                    (false, Err(Error::InvalidTransition { from: f, to: t })) => {
                        assert_eq!((f, t), (from.word(), to.word()));
                        assert_eq!(house.get(ticket.id).await, ticket);
                    }
                    (_, other) => panic!("{from:?} {to:?}: {other:?}"),
                }
            }
        }
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reopened_flag_dies_at_the_next_move_and_verdicts_survive() {
    each_backend(|house| async move {
        let cast = cast(&house).await;
        let (engine, user, agent) = (&house.engine, caller(&cast.user), caller(&cast.agent));
        let resolved = in_status(&house, &user, Status::Resolved).await;
        assert_eq!(resolved.resolution, Resolution::Accepted);
        let again = engine.reopen_ticket(&user, resolved.id, "not yet".into()).await.unwrap();
        assert!(again.reopened && again.status == Status::Open && again.resolution == Resolution::None);
        assert!(engine.reopen_ticket(&user, resolved.id, "x".into()).await.is_err(), "it is open");
        let edit = EditTicket { title: Some("other".into()), ..EditTicket::default() };
        assert!(engine.edit_ticket(&user, resolved.id, edit).await.unwrap().reopened, "an edit is no move");
        house.status(resolved.id, Status::InProgress).await;
        assert!(!house.get(resolved.id).await.reopened);
        let reject = ChangeStatus { resolution: Some(Resolution::Rejected), ..change(Status::Resolved) };
        engine.change_status(&agent, resolved.id, reject).await.unwrap();
        let closed = engine.close_ticket(&agent, resolved.id, "over".into()).await.unwrap();
        assert_eq!(closed.resolution, Resolution::Rejected, "a verdict survives a later close");
        // Closing without a verdict: accepted only after staff have answered in public.
        let silent = house.ticket(&user, "silent").await.id;
        let note = AddComment { visibility: Visibility::Internal, ..AddComment::public("hm") };
        engine.add_comment(&agent, silent, note).await.unwrap();
        engine.add_comment(&user, silent, AddComment::public("anyone?")).await.unwrap();
        assert_eq!(engine.close_ticket(&agent, silent, "x".into()).await.unwrap().resolution, Resolution::None);
        let answered = house.ticket(&user, "answered").await.id;
        engine.add_comment(&agent, answered, AddComment::public("so")).await.unwrap();
        assert_eq!(engine.close_ticket(&agent, answered, "x".into()).await.unwrap().resolution, Resolution::Accepted);
        // The requester closes only what is resolved, and needs a reason.
        let open = house.ticket(&user, "open").await.id;
        assert_eq!(engine.close_ticket(&user, open, "x".into()).await.unwrap_err().code(), "FORBIDDEN");
        assert_eq!(engine.close_ticket(&agent, open, "  ".into()).await.unwrap_err().field(), Some("reason"));
        assert!(engine.close_ticket(&agent, open, "字".repeat(501)).await.is_err());
        engine.close_ticket(&agent, open, "字".repeat(500)).await.unwrap();
        let withdrawn = house.ticket(&user, "mine").await.id;
        let withdrawn = engine.withdraw_ticket(&user, withdrawn, None).await.unwrap();
        assert_eq!((withdrawn.status, withdrawn.resolution), (Status::Cancelled, Resolution::Withdrawn));
        // A reply takes it up again, but not a withdrawn one.
        let speak = || AddComment { effect: Effect::Converse, ..AddComment::public("still broken") };
        engine.add_comment(&user, answered, speak()).await.unwrap();
        assert!(house.get(answered).await.reopened);
        engine.add_comment(&agent, answered, speak()).await.unwrap();
        assert_eq!(house.get(answered).await.status, Status::Pending);
        engine.add_comment(&user, answered, speak()).await.unwrap();
        assert_eq!(house.get(answered).await.status, Status::InProgress);
        engine.add_comment(&user, withdrawn.id, speak()).await.unwrap();
        assert_eq!(house.get(withdrawn.id).await.status, Status::Cancelled);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn priorities_and_categories_move_the_due_times_from_creation() {
    each_backend(|house| async move {
        let cast = cast(&house).await;
        let (engine, agent) = (&house.engine, caller(&cast.agent));
        let ticket = house.ticket(&caller(&cast.user), "sla").await;
        let due = |t: &Ticket| {
            ((t.response_due_at.0 - t.created_at.0) / HOUR, (t.resolution_due_at.0 - t.created_at.0) / HOUR)
        };
        assert_eq!(due(&ticket), (8, 72));
        house.clock.advance(90 * MINUTE);
        for (priority, hours) in [(Priority::Low, (24, 120)), (Priority::High, (4, 24)), (Priority::Critical, (1, 2))] {
            assert_eq!(due(&engine.set_priority(&agent, ticket.id, priority).await.unwrap()), hours);
        }
        engine.set_priority(&agent, ticket.id, Priority::Low).await.unwrap();
        for (priority, hours) in [(Priority::High, (4, 24)), (Priority::Urgent, (1, 4)), (Priority::Urgent, (1, 4))] {
            let after = engine.escalate_ticket(&agent, ticket.id, EscalateTicket::default()).await.unwrap();
            assert_eq!((after.priority, due(&after), after.escalated), (priority, hours, true));
        }
        let form = |key: &str, hours, active| model::category::CategoryForm {
            key: key.into(),
            name: key.into(),
            description: None,
            color: None,
            icon: None,
            parent: None,
            sla_hours: hours,
            auto_assignee: None,
            active,
            sort_order: 0,
        };
        let boss = caller(&cast.boss);
        engine.create_category(&boss, form("quick", Some(5), true)).await.unwrap();
        engine.create_category(&boss, form("off", None, false)).await.unwrap();
        let into = |key: Option<&str>| EditTicket {
            category: Edit::Set(key.map(|k| CategoryRef::Key(k.into()))),
            ..EditTicket::default()
        };
        assert_eq!(due(&engine.edit_ticket(&agent, ticket.id, into(Some("QUICK"))).await.unwrap()), (1, 5));
        assert_eq!(due(&engine.set_priority(&agent, ticket.id, Priority::Low).await.unwrap()), (24, 5));
        assert_eq!(
            engine.edit_ticket(&agent, ticket.id, into(Some("off"))).await.unwrap_err().field(),
            Some("category")
        );
        assert_eq!(
            engine.edit_ticket(&agent, ticket.id, into(Some("no"))).await.unwrap_err().field(),
            Some("category")
        );
        assert_eq!(due(&engine.edit_ticket(&agent, ticket.id, into(None)).await.unwrap()), (24, 120));
        let user = caller(&cast.user);
        let rate = |n| engine.rate_ticket(&user, ticket.id, n, None);
        assert_eq!(rate(5).await.unwrap_err().code(), "CONFLICT", "it is not over yet");
        house.status(ticket.id, Status::Closed).await;
        assert_eq!(rate(6).await.unwrap_err().field(), Some("rating"));
        assert_eq!(rate(4).await.unwrap().rating, Some(4));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_so_already_leaves_no_event_and_stale_versions_conflict() {
    each_backend(|house| async move {
        let cast = cast(&house).await;
        let (engine, boss) = (&house.engine, caller(&cast.boss));
        let ticket = house.ticket(&caller(&cast.user), "same").await;
        let comment = engine.add_comment(&boss, ticket.id, AddComment::public("c")).await.unwrap();
        let again = [
            Command::EditTicket(
                ticket.id,
                Box::new(EditTicket { title: Some(" same ".into()), ..EditTicket::default() }),
            ),
            Command::ChangeStatus(ticket.id, change(Status::New)),
            Command::SetPriority(ticket.id, Priority::Normal),
            Command::AssignTicket(
                ticket.id,
                AssignTicket { assignee: None, department: Edit::Set(None), reason: None },
            ),
            Command::EditComment(comment.id, "c".into()),
            Command::SetCommentVisibility(comment.id, Visibility::Public),
            Command::RestoreTicket(ticket.id),
            Command::SetRole(cast.agent.id, Role::Agent),
        ];
        let before = house.get(ticket.id).await;
        for command in again {
            let outcome = engine.execute(&boss, command.clone()).await.unwrap();
            assert!(outcome.events.is_empty(), "{command:?}");
        }
        assert_eq!(house.get(ticket.id).await, before);
        let expecting = |version| Caller { expected_version: Some(version), ..boss.clone() };
        let stale = engine.set_priority(&expecting(before.version - 1), ticket.id, Priority::High).await.unwrap_err();
        assert_eq!((stale.code(), stale.field()), ("CONFLICT", Some("expected_version")));
        engine.set_priority(&expecting(before.version), ticket.id, Priority::High).await.unwrap();
        // Who may not know of the ticket learns nothing from the version.
        let stranger = house.person("mallory", Role::User).await;
        let blind = Caller { expected_version: Some(1), ..caller(&stranger) };
        assert_eq!(engine.close_ticket(&blind, ticket.id, "x".into()).await.unwrap_err().code(), "NOT_FOUND");
        engine.delete_ticket(&boss, ticket.id).await.unwrap();
        let blind = Caller { expected_version: Some(1), ..caller(&cast.user) };
        assert_eq!(engine.close_ticket(&blind, ticket.id, "x".into()).await.unwrap_err().code(), "NOT_FOUND");
        assert_eq!(engine.restore_ticket(&blind, ticket.id).await.unwrap_err().code(), "NOT_FOUND");
        engine.close().await;
    })
    .await;
}

async fn found(house: &House, by: &Caller, text: &str) -> Vec<TicketId> {
    let filter = TicketFilter { search: Some(text.into()), ..TicketFilter::default() };
    let sort = model::query::Sort { by: model::query::SortBy::Relevance, ..Default::default() };
    let slice = house.engine.tickets(&by.actor, &filter, sort, &model::query::Page::first(50)).await.unwrap();
    assert_eq!(house.engine.count_tickets(&by.actor, &filter).await.unwrap(), slice.items.len() as i64, "{text}");
    slice.items.into_iter().map(|(_, t)| t.id).collect()
}

async fn bodies(house: &House, by: &Caller, id: TicketId) -> Vec<String> {
    let part = engine::Part::oldest(true, 100);
    let all = house.engine.comments(&by.actor, id, part).await.unwrap();
    all.into_iter().map(|c| c.body.into_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn merges_move_comments_and_can_be_undone_in_order() {
    each_backend(|house| async move {
        let cast = cast(&house).await;
        let (engine, user, boss) = (&house.engine, caller(&cast.user), caller(&cast.boss));
        let mut ids = Vec::new();
        for name in ["one", "two", "three"] {
            let id = house.ticket(&user, name).await.id;
            engine.add_comment(&user, id, AddComment::public(format!("from{name}"))).await.unwrap();
            let note = AddComment { visibility: Visibility::Internal, ..AddComment::public(format!("note{name}")) };
            engine.add_comment(&boss, id, note).await.unwrap();
            let gone = engine.add_comment(&user, id, AddComment::public(format!("gone{name}"))).await.unwrap();
            engine.withdraw_comment(&user, gone.id).await.unwrap();
            ids.push(id);
        }
        let [one, two, three] = ids[..] else { panic!() };
        house.status(one, Status::Closed).await;
        let original = house.get(one).await;
        house.clock.advance(HOUR);
        engine.merge_ticket(&boss, one, two).await.unwrap();
        let (source, target) = (house.get(one).await, house.get(two).await);
        assert_eq!(
            (source.status, source.merged_into, source.comment_count, source.internal_count),
            (Status::Closed, Some(two), 0, 0)
        );
        assert_eq!((target.comment_count, target.internal_count), (2, 2));
        assert_eq!(found(&house, &user, "fromone").await, [two]);
        assert_eq!(found(&house, &boss, "noteone").await, [two]);
        assert!(found(&house, &user, "noteone").await.is_empty());
        assert_eq!(engine.merge_ticket(&boss, two, one).await.unwrap_err().field(), Some("into"));
        assert_eq!(engine.merge_ticket(&boss, two, two).await.unwrap_err().field(), Some("into"));
        assert_eq!(engine.set_priority(&boss, one, Priority::High).await.unwrap_err().code(), "CONFLICT");
        // Into a third one, with what came from the first.
        engine.merge_ticket(&boss, two, three).await.unwrap();
        assert_eq!(house.get(three).await.comment_count, 3);
        assert_eq!(found(&house, &user, "fromone").await, [three]);
        assert_eq!(engine.unmerge_ticket(&boss, one).await.unwrap_err().code(), "CONFLICT", "the later merge first");
        engine.add_comment(&user, three, AddComment::public("later")).await.unwrap();
        engine.unmerge_ticket(&boss, two).await.unwrap();
        assert_eq!(found(&house, &user, "fromone").await, [two]);
        assert_eq!(found(&house, &user, "later").await, [three]);
        assert_eq!((house.get(two).await.status, house.get(two).await.comment_count), (Status::New, 2));
        engine.unmerge_ticket(&boss, one).await.unwrap();
        let restored = house.get(one).await;
        assert_eq!(
            (restored.status, restored.closed_at, restored.comment_count, restored.internal_count, restored.resolution),
            (original.status, original.closed_at, 1, 1, original.resolution)
        );
        for (id, name) in [(one, "one"), (two, "two"), (three, "three")] {
            let mut want =
                vec![format!("about {name}"), format!("from{name}"), format!("note{name}"), format!("gone{name}")];
            if id == three {
                want.push("later".into());
            }
            assert_eq!(bodies(&house, &boss, id).await, want);
            assert_eq!(found(&house, &user, &format!("from{name}")).await, [id]);
        }
        let history = engine.history(&boss.actor, one, None, 50).await.unwrap();
        let merges =
            history.iter().filter(|r| matches!(r.event, Event::TicketMerged { .. } | Event::TicketUnmerged { .. }));
        assert_eq!(merges.count(), 2);
        house.system(Command::DeleteTicket(three)).await;
        assert_eq!(
            engine.merge_ticket(&boss, one, three).await.unwrap_err().field(),
            Some("into"),
            "into a deleted one"
        );
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_tickets_are_gone_until_they_are_restored() {
    each_backend(|house| async move {
        let cast = cast(&house).await;
        let (engine, user, boss) = (&house.engine, caller(&cast.user), caller(&cast.boss));
        let ticket = house.ticket(&user, "deletable").await;
        let all = TicketFilter::default();
        engine.delete_ticket(&boss, ticket.id).await.unwrap();
        for by in [&user, &boss] {
            assert_eq!(engine.ticket(&by.actor, ticket.id).await.unwrap_err().code(), "NOT_FOUND");
            assert!(found(&house, by, "deletable").await.is_empty());
            assert_eq!(engine.count_tickets(&by.actor, &all).await.unwrap(), 0);
        }
        assert_eq!(engine.delete_ticket(&boss, ticket.id).await.unwrap_err().code(), "NOT_FOUND");
        engine.restore_ticket(&boss, ticket.id).await.unwrap();
        assert_eq!(found(&house, &user, "deletable").await, [ticket.id]);
        assert_eq!(engine.count_tickets(&boss.actor, &all).await.unwrap(), 1);
        // What was withdrawn or made internal is gone from the requester's history, too.
        let said = engine.add_comment(&boss, ticket.id, AddComment::public("oops")).await.unwrap();
        let other = engine.add_comment(&boss, ticket.id, AddComment::public("psst")).await.unwrap();
        engine.edit_comment(&boss, other.id, "pssst".into()).await.unwrap();
        engine.withdraw_comment(&boss, said.id).await.unwrap();
        engine.set_comment_visibility(&boss, other.id, Visibility::Internal).await.unwrap();
        let texts = |by: Caller| async move {
            let history = engine.history(&by.actor, ticket.id, None, 50).await.unwrap();
            let texts =
                history.iter().filter(|r| matches!(r.event, Event::CommentAdded { .. } | Event::CommentEdited { .. }));
            texts.count()
        };
        assert_eq!((texts(user.clone()).await, texts(boss.clone()).await), (0, 3));
        assert!(found(&house, &user, "oops").await.is_empty() && found(&house, &boss, "oops").await.is_empty());
        assert!(found(&house, &user, "pssst").await.is_empty());
        assert_eq!(found(&house, &boss, "pssst").await, [ticket.id]);
        let counts = house.get(ticket.id).await;
        assert_eq!((counts.comment_count, counts.internal_count), (0, 1));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_is_undone_by_who_reaches_both_and_strangers_learn_nothing_of_it() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        let mallory = caller(&house.person("mallory", Role::User).await);
        let (bob, carol) = (house.person("bob", Role::Agent).await, house.person("carol", Role::Agent).await);
        let root = caller(&house.person("root", Role::Admin).await);
        let [a, b, c] = [
            house.ticket(&alice, "a").await.id,
            house.ticket(&alice, "b").await.id,
            house.ticket(&alice, "c").await.id,
        ];
        engine.merge_ticket(&root, a, b).await.unwrap();
        engine.merge_ticket(&root, b, c).await.unwrap();
        for (stranger, code) in [(Caller::new(Actor::Anonymous), "UNAUTHENTICATED"), (mallory, "NOT_FOUND")] {
            assert_eq!(engine.unmerge_ticket(&stranger, a).await.unwrap_err().code(), code);
        }
        let first = engine.unmerge_ticket(&root, a).await.unwrap_err();
        assert!(first.to_string().contains("undo that first"), "{first}");
        engine.unmerge_ticket(&root, b).await.unwrap();
        // The source is free, the target is somebody else's.
        house.assign(b, Some(carol.id)).await;
        assert_eq!(engine.unmerge_ticket(&caller(&bob), a).await.unwrap_err().code(), "NOT_FOUND");
        engine.unmerge_ticket(&caller(&carol), a).await.unwrap();
        engine.close().await;
    })
    .await;
}
