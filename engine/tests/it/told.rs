//! What people want to be told: rules that they set, and what comes of them, in the app and by other routes.

use crate::house::{House, actor, caller, each_backend};
use engine::Caller;
use model::Actor;
use model::command::{AddComment, Command, LinkIdentity};
use model::comment::Visibility;
use model::error::Error;
use model::event::Recorded;
use model::id::{Seq, UserId};
use model::notice::{NoticeKind, Route, Rule};
use model::people::{Channel, Role, User, UserStatus};
use model::query::Page;

fn rule(kind: NoticeKind, route: Route, enabled: bool) -> Rule {
    Rule { kind, route, enabled }
}

async fn kinds(house: &House, user: &User) -> Vec<NoticeKind> {
    let page = Page::first(50);
    let told = house.engine.notifications(&actor(user.id, user.role), None, &page).await.unwrap();
    told.items.into_iter().map(|(_, notice)| notice.kind).rev().collect()
}

async fn set(house: &House, user: &User, rules: &[Rule]) {
    house.engine.set_preferences(&caller(user), rules.to_vec()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_muted_leaves_no_row_and_nothing_else_is() {
    each_backend(|house| async move {
        let (alice, bob) = (house.person("alice", Role::User).await, house.person("bob", Role::Agent).await);
        let ticket = house.ticket(&caller(&alice), "one").await;
        house.assign(ticket.id, Some(bob.id)).await;
        set(&house, &alice, &[rule(TicketCommented, Route::InApp, false)]).await;
        for n in 0..3 {
            house.engine.add_comment(&caller(&bob), ticket.id, AddComment::public(format!("b{n}"))).await.unwrap();
            house.engine.add_comment(&caller(&alice), ticket.id, AddComment::public(format!("a{n}"))).await.unwrap();
        }
        use NoticeKind::{TicketAssigned, TicketCommented, TicketResolved, TicketStatusChanged};
        // A new ticket is open once somebody has it: that one is told of the assignment alone, and she of nothing.
        assert_eq!(kinds(&house, &alice).await, [], "she wants to hear nothing of comments");
        assert_eq!(
            kinds(&house, &bob).await,
            [TicketAssigned, TicketCommented, TicketCommented, TicketCommented],
            "he was told of his own words, or of an assignment twice"
        );
        house.status(ticket.id, model::ticket::Status::InProgress).await;
        house.status(ticket.id, model::ticket::Status::Resolved).await;
        assert_eq!(kinds(&house, &alice).await, [TicketStatusChanged, TicketResolved]);
        // And back: what was not told stays untold.
        set(&house, &alice, &[rule(TicketCommented, Route::InApp, true)]).await;
        house.engine.add_comment(&caller(&bob), ticket.id, AddComment::public("again")).await.unwrap();
        assert_eq!(kinds(&house, &alice).await.last(), Some(&TicketCommented));
        assert_eq!(house.count("SELECT muted FROM counters").await, 0);
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_cost_nothing_until_somebody_mutes_something_and_one_statement_then() {
    each_backend(|house| async move {
        let (alice, bob) = (house.person("alice", Role::User).await, house.person("bob", Role::Agent).await);
        let ticket = house.ticket(&caller(&alice), "one").await;
        house.assign(ticket.id, Some(bob.id)).await;
        let comment = async |text: &str| {
            let add = async || {
                drop(house.engine.add_comment(&caller(&bob), ticket.id, AddComment::public(text)).await.unwrap());
            };
            house.statements(add).await
        };
        comment("warm").await;
        let plain = comment("plain").await;
        // Rules that are not about the app are no reason to look.
        set(&house, &bob, &[rule(NoticeKind::TicketCommented, Route::Email, true)]).await;
        assert_eq!(comment("still").await, plain);
        set(&house, &bob, &[rule(NoticeKind::TicketClosed, Route::InApp, false)]).await;
        assert_eq!(comment("looked").await, plain + 1);
        set(&house, &bob, &[rule(NoticeKind::TicketClosed, Route::InApp, true)]).await;
        assert_eq!(comment("no more").await, plain);
        house.engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_switched_on_only_where_it_is_proven_whose_it_is() {
    each_backend(|house| async move {
        let alice = house.person("alice", Role::User).await;
        let by = caller(&alice);
        let on = |route| vec![rule(NoticeKind::TicketResolved, route, true)];
        let refused = house.engine.set_preferences(&by, on(Route::Discord)).await.unwrap_err();
        assert!(matches!(&refused, Error::Conflict { field: Some("discord"), .. }), "{refused:?}");
        // Off is what it is anyway.
        house.engine.set_preferences(&by, vec![rule(NoticeKind::TicketResolved, Route::Discord, false)]).await.unwrap();
        for (channel, verified) in [(Channel::Discord, true), (Channel::Telegram, false)] {
            let external_id = channel.word().to_owned();
            let link = LinkIdentity { user: alice.id, channel, external_id, display: None, verified, proof: None };
            house.system(Command::LinkIdentity(link)).await;
        }
        house.engine.set_preferences(&by, on(Route::Discord)).await.unwrap();
        let refused = house.engine.set_preferences(&by, on(Route::Telegram)).await.unwrap_err();
        assert_eq!(refused.code(), "CONFLICT", "a name that nobody has proven");
        let all = house.engine.preferences(&by.actor).await.unwrap();
        assert_eq!(all.len(), 32);
        let of = |route| all.iter().filter(move |p| p.rule.route == route);
        assert!(of(Route::Discord).all(|p| p.available) && of(Route::Telegram).all(|p| !p.available));
        let enabled: Vec<_> = of(Route::Discord).filter(|p| p.rule.enabled).map(|p| p.rule.kind).collect();
        assert_eq!(enabled, [NoticeKind::TicketResolved]);
        let twice = vec![rule(NoticeKind::TicketClosed, Route::Email, true); 2];
        assert_eq!(house.engine.set_preferences(&by, twice).await.unwrap_err().code(), "INVALID");
        // Nobody's but one's own: the name of the caller is in no input.
        let other = Command::SetNotificationRules(alice.id, on(Route::Email));
        let bob = house.person("bob", Role::Admin).await;
        assert_eq!(house.engine.execute(&caller(&bob), other).await.unwrap_err(), Error::not_found("user"));
        house.engine.close().await;
    })
    .await;
}

/// The last event of this kind, as a carrier reads it.
async fn last(house: &House, word: &str) -> Recorded {
    let store = house.store().await;
    let log = store::event::after(&mut store.read().await.unwrap(), Seq(0), 1_000).await.unwrap();
    store.close().await;
    log.into_iter().rev().find(|recorded| recorded.event.word() == word).unwrap()
}

/// Whom the last event of a kind is told by mail, and what is quoted.
async fn mailed(house: &House, word: &str) -> Vec<(UserId, NoticeKind, Option<String>)> {
    let told = house.engine.told(&last(house, word).await, Route::Email).await.unwrap();
    told.into_iter()
        .flat_map(|told| told.to.iter().map(|(u, k)| (u.id, *k, told.said.clone())).collect::<Vec<_>>())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn other_routes_go_by_the_same_rules_and_as_people_stood_then() {
    each_backend(|house| async move {
        let alice = house.person("alice", Role::User).await;
        let (bob, carol) = (house.person("bob", Role::Agent).await, house.person("carol", Role::Agent).await);
        let engine = &house.engine;
        let ticket = house.ticket(&caller(&alice), "one").await;
        assert_eq!(mailed(&house, "ticket_opened").await, [], "nobody but her is concerned");
        house.assign(ticket.id, Some(bob.id)).await;
        let to_bob = last(&house, "ticket_assigned").await;
        house.assign(ticket.id, Some(carol.id)).await;
        let assigned = [(carol.id, NoticeKind::TicketAssigned, None)];
        assert_eq!(mailed(&house, "ticket_assigned").await, assigned, "staff, by default");
        // What is told of an event doesn't change with the ticket.
        let told = engine.told(&to_bob, Route::Email).await.unwrap().unwrap();
        assert_eq!((told.to[0].0.id, told.ticket.unwrap().assignee), (bob.id, Some(bob.id)));
        engine.add_comment(&caller(&carol), ticket.id, AddComment::public("hello")).await.unwrap();
        assert_eq!(mailed(&house, "comment_added").await, [], "customers ask for mail");
        set(&house, &alice, &[rule(NoticeKind::TicketCommented, Route::Email, true)]).await;
        let comment = engine.add_comment(&caller(&carol), ticket.id, AddComment::public("again")).await.unwrap();
        let quoted = [(alice.id, NoticeKind::TicketCommented, Some("again".to_owned()))];
        assert_eq!(mailed(&house, "comment_added").await, quoted);
        // What became internal, or was taken back, before it is told, is not told.
        house.system(Command::SetCommentVisibility(comment.id, Visibility::Internal)).await;
        assert_eq!(mailed(&house, "comment_added").await, []);
        // Among staff: told, and not quoted.
        set(&house, &carol, &[rule(NoticeKind::TicketCommented, Route::Email, true)]).await;
        let note = AddComment { visibility: Visibility::Internal, ..AddComment::public("between us") };
        engine.add_comment(&Caller::system("test"), ticket.id, note).await.unwrap();
        assert_eq!(mailed(&house, "comment_added").await, [(carol.id, NoticeKind::TicketCommented, None)]);
        assert!(engine.told(&last(&house, "comment_added").await, Route::Telegram).await.unwrap().is_none());
        // Whose account is shut hears nothing.
        house.system(Command::SetUserStatus(carol.id, UserStatus::Suspended)).await;
        assert_eq!(mailed(&house, "comment_added").await, []);
        let system = Actor::System("test");
        assert_eq!(engine.preferences(&system).await.unwrap_err().code(), "UNAUTHENTICATED");
        house.engine.close().await;
    })
    .await;
}
