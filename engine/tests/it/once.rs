//! Once and only once: idempotency keys, messages of channels, and commands that share a transaction.

use crate::house::{caller, each_backend};
use engine::Caller;
use futures_util::future::join_all;
use model::command::*;
use model::people::{Channel, Role};
use model::query::TicketFilter;
use model::ticket::Priority;
use model::{Actor, Error};
use std::collections::BTreeSet;
use store::db::Sql;

fn keyed(by: &Caller, key: &str) -> Caller {
    by.clone().keyed(Some(key.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_stands_for_one_request_of_one_actor() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        let bob = caller(&house.person("bob", Role::User).await);
        let open = || OpenTicket::new("once", "only");
        let first = engine.open_ticket(&keyed(&alice, "k"), open()).await.unwrap();
        let again = engine.open_ticket(&keyed(&alice, "k"), open()).await.unwrap();
        assert_eq!(first, again);
        let other = engine.open_ticket(&keyed(&alice, "k"), OpenTicket::new("twice", "only")).await.unwrap_err();
        assert_eq!((other.code(), other.field()), ("CONFLICT", Some("idempotency_key")));
        assert_ne!(
            engine.open_ticket(&keyed(&bob, "k"), open()).await.unwrap().id,
            first.id,
            "keys are each actor's own"
        );
        for bad in [String::new(), "k".repeat(201)] {
            assert_eq!(
                engine.open_ticket(&keyed(&alice, &bad), open()).await.unwrap_err().field(),
                Some("idempotency_key")
            );
        }
        let add = |text: &str| engine.add_comment(&alice, first.id, AddComment::public(text));
        assert_ne!(add("x").await.unwrap().id, add("x").await.unwrap().id, "without a key, twice is twice");
        let said = AddComment::public("hello");
        let one = engine.add_comment(&keyed(&alice, "c"), first.id, said.clone()).await.unwrap();
        assert_eq!(engine.add_comment(&keyed(&alice, "c"), first.id, said).await.unwrap().id, one.id);
        // A refused request leaves its key free.
        assert!(engine.open_ticket(&keyed(&alice, "r"), OpenTicket::new("", "")).await.is_err());
        engine.open_ticket(&keyed(&alice, "r"), open()).await.unwrap();
        // Bulk: each ticket has its own.
        let root = caller(&house.person("root", Role::Admin).await);
        let (a, b) = (house.ticket(&alice, "a").await.id, house.ticket(&alice, "b").await.id);
        for _ in 0..2 {
            let all = engine
                .bulk(&keyed(&root, "bulk"), &[a, b], |id| Command::SetPriority(id, Priority::High))
                .await
                .unwrap();
            assert!(all.iter().all(|(id, t)| t.as_ref().is_ok_and(|t| t.id == *id && t.priority == Priority::High)));
        }
        // A key that is good is good for each of them.
        let longest = keyed(&root, &"k".repeat(200));
        for _ in 0..2 {
            let all = engine.bulk(&longest, &[a, b], |id| Command::SetPriority(id, Priority::Urgent)).await.unwrap();
            assert!(all.iter().all(|(_, t)| t.as_ref().is_ok_and(|t| t.version == 3)), "{all:?}");
        }
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_with_one_key_open_one_ticket() {
    each_backend(|house| async move {
        let alice = caller(&house.person("alice", Role::User).await);
        let second = house.second().await;
        let tasks = (0..50).map(|n| {
            let engine = if n % 2 == 0 { house.engine.clone() } else { second.clone() };
            let by = keyed(&alice, "same");
            tokio::spawn(async move { engine.open_ticket(&by, OpenTicket::new("t", "d")).await.unwrap().id })
        });
        let ids: BTreeSet<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(house.count("SELECT COUNT(*) FROM tickets").await, 1);
        // The same for messages of a channel: tickets and comments.
        let ticket = *ids.first().unwrap();
        let by = |n: &str| {
            let origin = Some(Origin { channel: Channel::Discord, external_id: n.to_owned() });
            Caller { once: Once { key: None, origin }, ..alice.clone() }
        };
        let tasks = (0..50).map(|n| {
            let engine = if n % 2 == 0 { house.engine.clone() } else { second.clone() };
            let (one, two) = (by("comment"), by("ticket"));
            tokio::spawn(async move {
                let comment = engine.add_comment(&one, ticket, AddComment::public("hi")).await.unwrap();
                (comment.id, engine.open_ticket(&two, OpenTicket::new("t", "d")).await.unwrap().id)
            })
        });
        let made: BTreeSet<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(made.len(), 1, "{made:?}");
        assert_eq!(house.get(ticket).await.comment_count, 1);
        assert_eq!(house.count("SELECT COUNT(*) FROM tickets").await, 2);
        second.close().await;
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_get_numbers_without_holes_and_a_refused_one_hurts_nobody() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        let before = engine.cursor().seq.0;
        let tasks = (0..200).map(|n| {
            let (engine, by) = (engine.clone(), alice.clone());
            // Every tenth is refused by the rules, every twentieth by the texts.
            let title = if n % 20 == 5 { String::new() } else { format!("t{n}") };
            let mut open = OpenTicket::new(title, "d");
            open.requester = (n % 20 == 15).then_some(model::id::UserId(999));
            tokio::spawn(async move { engine.open_ticket(&by, open).await })
        });
        let answers: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        let opened: Vec<_> = answers.iter().flatten().collect();
        assert_eq!(opened.len(), 180);
        let mut numbers: Vec<(i64, String)> = opened.iter().map(|t| (t.id.0, t.numbers.yearly.clone())).collect();
        numbers.sort();
        for (n, (id, yearly)) in numbers.iter().enumerate() {
            assert_eq!((*id, yearly.as_str()), (100_001 + n as i64, format!("TK-2026-{:03}", n + 1).as_str()));
        }
        assert_eq!(engine.cursor().seq.0, before + 180);
        let all = house.count("SELECT COUNT(*) FROM events").await;
        assert_eq!((all, house.count("SELECT MAX(seq) FROM events").await), (before + 180, before + 180));
        assert_eq!(engine.count_tickets(&Actor::System("t"), &TicketFilter::default()).await.unwrap(), 180);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_refuses_fails_alone() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        // Somebody beside the engine holds the number of the third ticket from here on.
        let taken = house.ticket(&alice, "taken").await;
        let third = format!("TK-2026-{:03}", 4);
        house.sql(Sql::new("UPDATE tickets SET number_yearly = $1 WHERE id = $2").bind(third).bind(taken.id)).await;
        let tasks = (0..30).map(|n| {
            let (engine, by) = (engine.clone(), alice.clone());
            let mut open = OpenTicket::new(format!("t{n}"), "d");
            // A NUL in a text that no rule looks at is refused by the store.
            open.folded = (n % 7 == 3).then(|| "a\0b".to_owned());
            tokio::spawn(async move { (n, engine.open_ticket(&by, open).await) })
        });
        let answers: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        let opened = answers.iter().filter(|(_, a)| a.is_ok()).count();
        for (n, answer) in &answers {
            match answer {
                Ok(ticket) => assert_ne!(ticket.numbers.yearly, "TK-2026-004", "{n}"),
                Err(Error::Invalid(_)) => assert_eq!(n % 7, 3, "{n}"),
                // Nobody passes the taken number; what comes after it is refused as well, and alone.
                Err(Error::Conflict { .. }) => {}
                Err(other) => panic!("{n}: {other:?}"),
            }
        }
        assert!(opened >= 2, "{answers:?}");
        assert_eq!(house.count("SELECT COUNT(*) FROM tickets").await, opened as i64 + 1);
        assert_eq!(house.count("SELECT COUNT(*) FROM events").await, house.count("SELECT event FROM counters").await);
        // Rules and queries meet the NUL before the store does.
        for text in ["\0", "a\0b"] {
            assert!(matches!(engine.ticket_by_number(&alice.actor, text).await, Err(Error::NotFound { .. })));
            let sign_in = engine::SignIn { login: text.into(), password: text.into(), ..engine::SignIn::default() };
            assert_eq!(engine.sign_in(sign_in).await.unwrap_err().code(), "UNAUTHENTICATED");
            assert_eq!(
                engine.open_ticket(&keyed(&alice, text), OpenTicket::new("t", "d")).await.unwrap_err().code(),
                "INVALID"
            );
            assert_eq!(
                engine.authenticate(Some(&format!("Bearer {text}"))).await.unwrap_err().code(),
                "UNAUTHENTICATED"
            );
        }
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_key_shows_nothing_that_its_owner_may_not_see_any_more() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let alice = caller(&house.person("alice", Role::User).await);
        let (bob, carol) = (house.person("bob", Role::Agent).await, house.person("carol", Role::Agent).await);
        let ticket = house.ticket(&alice, "t").await.id;
        house.assign(ticket, Some(bob.id)).await;
        let bob = caller(&bob);
        let note = AddComment { visibility: model::comment::Visibility::Internal, ..AddComment::public("note") };
        let (raising, saying) = (keyed(&bob, "p"), keyed(&bob, "n"));
        let raise = || engine.set_priority(&raising, ticket, Priority::High);
        let say = || engine.add_comment(&saying, ticket, note.clone());
        let (raised, said) = (raise().await.unwrap(), say().await.unwrap());
        assert_eq!((raise().await.unwrap().priority, say().await.unwrap().id), (raised.priority, said.id));
        house.assign(ticket, Some(carol.id)).await;
        for told in [raise().await.unwrap_err(), say().await.unwrap_err()] {
            assert_eq!((told.code(), told.field()), ("CONFLICT", Some("idempotency_key")), "{told}");
        }
        // Who withdrew a comment, or deleted a ticket, hears that once more.
        let said = engine.add_comment(&alice, ticket, AddComment::public("oh")).await.unwrap();
        for _ in 0..2 {
            let withdrawn = engine.withdraw_comment(&keyed(&alice, "w"), said.id).await.unwrap();
            assert!(withdrawn.withdrawn_at.is_some());
        }
        let sue = caller(&house.person("sue", Role::Supervisor).await);
        for _ in 0..2 {
            engine.delete_ticket(&keyed(&sue, "d"), ticket).await.unwrap();
        }
        engine.close().await;
    })
    .await;
}
