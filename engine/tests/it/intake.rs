//! What comes in: who wrote, which ticket it belongs to, and that it happens once.

use crate::house::{House, caller, each_backend, soon};
use engine::{Engine, TakenIn};
use futures_util::future::join_all;
use model::Actor;
use model::command::Origin;
use model::comment::Visibility;
use model::id::{InboundId, TicketId};
use model::inbound::{Clue, Inbound, InboundState, Nature, Sender};
use model::people::{Channel, Role};
use model::text::Email;
use model::ticket::Status;

fn mail(id: &str, from: &str, thread: Vec<Clue>) -> Inbound {
    Inbound {
        origin: Origin { channel: Channel::Email, external_id: id.into() },
        from: Sender {
            external_id: from.into(),
            display: Some("Somebody\u{7}".into()),
            email: Some(Email::parse("email", from).unwrap()),
        },
        thread,
        subject: format!("about {id}"),
        text: format!("text of {id}"),
        folded: None,
        files: Vec::new(),
        sent_at: None,
        nature: Nature::Message,
        mailbox: None,
        bounce: None,
        meta: serde_json::Map::new(),
    }
}

async fn stored(engine: &Engine) -> InboundId {
    engine.store_inbound(Channel::Email, b"raw".to_vec(), None).await.unwrap()
}

async fn take(engine: &Engine, inbound: Inbound) -> TakenIn {
    let id = stored(engine).await;
    engine.take_in(id, inbound).await.unwrap()
}

fn signed(engine: &Engine, ticket: TicketId) -> Clue {
    let address = engine.reply_address(ticket, None).unwrap();
    Clue::Signed(address.split_once('+').unwrap().1.split_once('@').unwrap().0.to_owned())
}

async fn number(house: &House, ticket: TicketId) -> Clue {
    Clue::Number(house.get(ticket).await.numbers.yearly)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_join_their_ticket_and_strangers_get_one_of_their_own() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let first = take(engine, mail("m1", "customer@example.com", vec![])).await;
        assert!(first.opened && !first.duplicate);
        let ticket = house.get(first.ticket).await;
        assert_eq!(
            (ticket.title.as_str(), ticket.channel, ticket.description),
            ("about m1", Channel::Email, first.comment)
        );
        assert_eq!(ticket.customer.name.as_deref(), Some("Somebody"));
        let ours = engine.message_id(first.ticket, first.comment);
        let clues = [
            signed(engine, first.ticket),
            Clue::Message("m1".into()),
            Clue::Message(ours.clone()),
            number(&house, first.ticket).await,
            Clue::Number(format!("#{}", first.ticket)),
        ];
        for (n, clue) in clues.iter().enumerate() {
            let joined = take(engine, mail(&format!("r{n}"), "customer@example.com", vec![clue.clone()])).await;
            assert_eq!((joined.ticket, joined.opened), (first.ticket, false), "{clue:?}");
            let other = take(engine, mail(&format!("s{n}"), "stranger@example.com", vec![clue.clone()])).await;
            assert!(other.opened);
            assert_eq!(house.get(other.ticket).await.follows, Some(first.ticket), "{clue:?}");
        }
        let forged = [
            Clue::Signed(format!("{}-0000000000000000", first.ticket)),
            Clue::Signed("nonsense".into()),
            Clue::Message(ours.replace(".c", ".c1")),
            Clue::Message("unknown".into()),
            Clue::Number("TK-1999-001".into()),
            Clue::Number("\0".into()),
        ];
        for (n, clue) in forged.into_iter().enumerate() {
            let taken = take(engine, mail(&format!("f{n}"), "customer@example.com", vec![clue.clone()])).await;
            assert!(taken.opened && house.get(taken.ticket).await.follows.is_none(), "{clue:?}");
        }
        // Staff's address gives nobody staff's rights.
        let bob = house.person("bob", Role::Agent).await;
        house.assign(first.ticket, Some(bob.id)).await;
        let spoofed = take(engine, mail("spoof", "bob@example.org", vec![signed(engine, first.ticket)])).await;
        assert_eq!(spoofed.ticket, first.ticket);
        let said = engine.comments_by_ids(&Actor::System("t"), &[spoofed.comment]).await.unwrap();
        assert!(!said[0].by_staff && said[0].author == Some(bob.id));
        assert_eq!(house.get(first.ticket).await.first_reply_at, None);
        // An answer takes up what was over; a machine's does not.
        for status in [Status::Closed, Status::Open] {
            house.status(first.ticket, status).await;
        }
        house.status(first.ticket, Status::Closed).await;
        for nature in [Nature::AutoReply, Nature::Bounce] {
            let machine = Inbound {
                nature,
                ..mail(&format!("{nature:?}"), "daemon@example.com", vec![signed(engine, first.ticket)])
            };
            let taken = take(engine, machine).await;
            let note = engine.comments_by_ids(&Actor::System("t"), &[taken.comment]).await.unwrap();
            assert_eq!((taken.ticket, note[0].visibility), (first.ticket, Visibility::Internal));
            assert_eq!(house.get(first.ticket).await.status, Status::Closed, "{nature:?}");
            let nothing = Inbound { nature, ..mail(&format!("{nature:?}2"), "daemon@example.com", vec![]) };
            let id = stored(engine).await;
            assert_eq!(engine.take_in(id, nothing).await.unwrap_err().code(), "CONFLICT");
            engine.ignore_inbound(id, "an automatic message").await.unwrap();
        }
        take(engine, mail("again", "customer@example.com", vec![signed(engine, first.ticket)])).await;
        let reopened = house.get(first.ticket).await;
        assert!(reopened.reopened && reopened.status == Status::Open);
        // A mailing list's mail is a ticket and moves none.
        let list = Inbound { nature: Nature::List, ..mail("list", "list@example.com", vec![]) };
        assert!(take(engine, list).await.opened);
        assert!(engine.received().await.unwrap().is_empty(), "every message went somewhere");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_tickets_conversation_goes_on_in_its_target() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let one = take(engine, mail("a", "first@example.com", vec![])).await.ticket;
        let two = take(engine, mail("b", "second@example.com", vec![])).await.ticket;
        let three = take(engine, mail("c", "third@example.com", vec![])).await.ticket;
        let boss = caller(&house.person("sue", Role::Supervisor).await);
        engine.merge_ticket(&boss, one, two).await.unwrap();
        engine.merge_ticket(&boss, two, three).await.unwrap();
        for (n, from) in ["first@example.com", "second@example.com", "third@example.com"].into_iter().enumerate() {
            let taken = take(engine, mail(&format!("on{n}"), from, vec![signed(engine, one)])).await;
            assert_eq!((taken.ticket, taken.opened), (three, n == 3), "{from}");
            assert!(n < 2 || !taken.opened);
        }
        let stranger = take(engine, mail("x", "other@example.com", vec![signed(engine, one)])).await;
        assert!(stranger.opened && house.get(stranger.ticket).await.follows == Some(three));
        engine.delete_ticket(&boss, three).await.unwrap();
        let gone = take(engine, mail("y", "first@example.com", vec![signed(engine, one)])).await;
        assert!(gone.opened, "what is deleted is not written to");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_twice_is_one_and_new_senders_are_made_once() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let second = house.second().await;
        let tasks = (0..20).map(|n| {
            let engine = if n % 2 == 0 { engine.clone() } else { second.clone() };
            tokio::spawn(async move { take(&engine, mail("same", "new@example.com", vec![])).await })
        });
        let taken: Vec<TakenIn> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(taken.iter().filter(|t| t.opened && !t.duplicate).count(), 1);
        assert!(taken.iter().all(|t| t.ticket == taken[0].ticket && t.comment == taken[0].comment));
        // More at once than there are connections: what is known already holds none while it waits for the writer.
        let again = (0..40).map(|_| take(engine, mail("same", "new@example.com", vec![])));
        assert!(soon(join_all(again)).await.iter().all(|t| t.duplicate));
        assert_eq!(house.count("SELECT COUNT(*) FROM tickets").await, 1);
        assert_eq!(house.count("SELECT COUNT(*) FROM users").await, 1);
        assert_eq!(house.count("SELECT COUNT(*) FROM inbound WHERE state = 'duplicate'").await, 59);
        // Long texts keep their whole as a file, NULs are left out.
        let long = Inbound {
            text: "长\0".repeat(150_000) + &"x".repeat(100_000),
            folded: None,
            ..mail("long", "new@example.com", vec![])
        };
        let taken = take(engine, long).await;
        let said = engine.comments_by_ids(&Actor::System("t"), &[taken.comment]).await.unwrap();
        assert_eq!(said[0].attachments[0].file.filename, "message.txt");
        second.close().await;
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_kept_mended_and_settled() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let boss = caller(&house.person("sue", Role::Supervisor).await);
        let agent = caller(&house.person("bob", Role::Agent).await);
        let big = vec![b'x'; 100_000];
        let id = engine.store_inbound(Channel::Email, big.clone(), None).await.unwrap();
        assert_eq!(engine.received().await.unwrap().len(), 1);
        engine.quarantine(id, &"why ".repeat(500)).await.unwrap();
        assert_eq!(engine.inbound_raw(&boss.actor, id).await.unwrap(), big);
        let state = async |id| engine.inbound_by_id(&boss.actor, id).await.unwrap().state;
        assert_eq!(state(id).await, InboundState::Quarantined);
        assert_eq!(engine.mend_inbound(&agent, id, b"x".to_vec()).await.unwrap_err().code(), "FORBIDDEN");
        engine.mend_inbound(&boss, id, b"mended".to_vec()).await.unwrap();
        assert_eq!(engine.inbound_raw(&boss.actor, id).await.unwrap(), b"mended");
        let taken = engine.take_in(id, mail("mended", "a@example.com", vec![])).await.unwrap();
        let settled = engine.inbound_by_id(&boss.actor, id).await.unwrap();
        assert_eq!((settled.state, settled.ticket), (InboundState::Processed, Some(taken.ticket)));
        assert_eq!(engine.settle_inbound(&boss, id, true).await.unwrap_err().code(), "CONFLICT");
        assert_eq!(engine.mend_inbound(&boss, id, b"x".to_vec()).await.unwrap_err().code(), "CONFLICT");
        let other = stored(engine).await;
        engine.quarantine(other, "bad").await.unwrap();
        assert_eq!(engine.settle_inbound(&boss, other, true).await.unwrap().state, InboundState::Discarded);
        assert_eq!(engine.inbound_raw(&boss.actor, InboundId(99)).await.unwrap_err().code(), "NOT_FOUND");
        engine.close().await;
    })
    .await;
}
