//! What an administrator writes to one person: by the routes that they want, about what they may see, to nobody else.

use crate::house::{House, actor, caller, each_backend, next};
use engine::Caller;
use model::command::{Command, SendNotification};
use model::event::Event;
use model::id::UserId;
use model::notice::{NoticeKind, Route, Rule};
use model::people::{Role, UserStatus};
use model::query::{EventFilter, Page};
use model::ticket::Priority;

fn to(user: UserId) -> SendNotification {
    SendNotification {
        to: user,
        kind: NoticeKind::SystemAlert,
        ticket: None,
        title: "系统维护".into(),
        content: "今晚维护。".into(),
        priority: Priority::High,
        action_url: Some("/status".into()),
    }
}

async fn wants(house: &House, user: UserId, route: Route, enabled: bool) {
    let rule = Rule { kind: NoticeKind::SystemAlert, route, enabled };
    house.system(Command::SetNotificationRules(user, vec![rule])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_to_one_person_in_the_words_that_were_written() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let (alice, mallory) = (house.person("alice", Role::User).await, house.person("mallory", Role::User).await);
        let ticket = house.ticket(&caller(&alice), "one").await.id;
        let mut heard = engine.events(&caller(&alice).actor, None, EventFilter::default()).await.unwrap();
        let mut notices = engine.notification_stream(&caller(&alice).actor).await.unwrap();
        let keyed = root.clone().keyed(Some("k".into()));
        let sent =
            engine.send_notification(&keyed, SendNotification { ticket: Some(ticket), ..to(alice.id) }).await.unwrap();
        let notice = sent.notice.clone().unwrap();
        assert_eq!((notice.user, notice.ticket, notice.read_at), (alice.id, Some(ticket), None));
        assert_eq!(sent.written.sender, root.actor.user());
        // The same call again is the same notification.
        let again =
            engine.send_notification(&keyed, SendNotification { ticket: Some(ticket), ..to(alice.id) }).await.unwrap();
        assert_eq!(again, sent);
        let told = engine.worded(&caller(&alice).actor, vec![notice.clone()]).await.unwrap();
        assert_eq!((told[0].title.as_ref(), told[0].message.as_str()), ("系统维护", "今晚维护。"));
        assert!(matches!(next(&mut heard).await.event, Event::NotificationSent { .. }));
        let streamed = crate::house::soon(futures_util::StreamExt::next(&mut notices)).await.unwrap().unwrap();
        assert_eq!(streamed.id, notice.id);
        // It is about the ticket, and no part of its history.
        let history = engine.history(&root.actor, ticket, None, 10).await.unwrap();
        assert!(history.iter().all(|r| !matches!(r.event, Event::NotificationSent { .. })));
        let count = async |user: &model::people::User| engine.unread_count(&caller(user).actor).await.unwrap();
        assert_eq!((count(&alice).await, count(&mallory).await), (1, 0));
        // To oneself, too; and nobody else reads it in the log.
        engine.send_notification(&root, to(root.actor.user().unwrap())).await.unwrap();
        assert_eq!(engine.unread_count(&root.actor).await.unwrap(), 1);
        let other = actor(house.person("other", Role::Admin).await.id, Role::Admin);
        let mut seen = engine.events(&other, Some("0"), EventFilter::default()).await.unwrap();
        house.ticket(&caller(&mallory), "last").await;
        loop {
            match &next(&mut seen).await.event {
                Event::NotificationSent { .. } => panic!("read by somebody else"),
                Event::TicketOpened { ticket, .. } if ticket.title.as_str() == "last" => break,
                _ => {}
            }
        }
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_reader_says_by_which_routes() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let alice = house.person("alice", Role::User).await;
        let told = async |route| {
            let sent = engine.send_notification(&root, to(alice.id)).await.unwrap();
            let store = house.store().await;
            let last = store::event::last(&mut store.read().await.unwrap()).await.unwrap();
            let event =
                store::event::after(&mut store.read().await.unwrap(), model::id::Seq(last.0 - 1), 1).await.unwrap();
            store.close().await;
            (sent.notice.is_some(), engine.told(&event[0], route).await.unwrap().is_some())
        };
        assert_eq!(told(Route::Email).await, (true, false), "by default in the app");
        wants(&house, alice.id, Route::Email, true).await;
        assert_eq!(told(Route::Email).await, (true, true));
        wants(&house, alice.id, Route::InApp, false).await;
        assert_eq!(told(Route::Email).await, (false, true));
        wants(&house, alice.id, Route::Email, false).await;
        let refused = engine.send_notification(&root, to(alice.id)).await.unwrap_err();
        assert_eq!((refused.code(), refused.field()), ("CONFLICT", Some("recipient_id")));
        let page = Page::first(10);
        assert_eq!(engine.notifications(&caller(&alice).actor, None, &page).await.unwrap().items.len(), 2);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_written_is_refused() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let root = caller(&house.person("root", Role::Admin).await);
        let sue = caller(&house.person("sue", Role::Supervisor).await);
        let (alice, mallory) = (house.person("alice", Role::User).await, house.person("mallory", Role::User).await);
        let hers = house.ticket(&caller(&alice), "hers").await.id;
        let deleted = house.ticket(&caller(&mallory), "deleted").await.id;
        engine.delete_ticket(&Caller::system("test"), deleted).await.unwrap();
        let send = |edit: fn(&mut SendNotification)| {
            let mut send = to(mallory.id);
            edit(&mut send);
            send
        };
        for ticket in [hers, deleted, model::id::TicketId(1)] {
            let about = SendNotification { ticket: Some(ticket), ..to(mallory.id) };
            let refused = engine.send_notification(&root, about).await.unwrap_err();
            assert_eq!((refused.code(), refused.field()), ("INVALID", Some("related_ticket_id")), "{ticket}");
        }
        for (bad, field) in [
            (send(|s| s.title = " ".into()), "title"),
            (send(|s| s.title = "x".repeat(256)), "title"),
            (send(|s| s.content = String::new()), "content"),
            (send(|s| s.content = "x".repeat(5_001)), "content"),
            (send(|s| s.action_url = Some("javascript:x".into())), "action_url"),
        ] {
            let refused = engine.send_notification(&root, bad).await.unwrap_err();
            assert_eq!((refused.code(), refused.field()), ("INVALID", Some(field)));
        }
        let nobody = engine.send_notification(&root, to(UserId(999))).await.unwrap_err();
        assert_eq!(nobody.code(), "NOT_FOUND");
        assert_eq!(engine.send_notification(&sue, to(alice.id)).await.unwrap_err().code(), "FORBIDDEN");
        house.system(Command::SetUserStatus(mallory.id, UserStatus::Suspended)).await;
        assert_eq!(engine.send_notification(&root, to(mallory.id)).await.unwrap_err().code(), "CONFLICT");
        assert_eq!(house.count("SELECT COUNT(*) FROM notifications").await, 0);
        engine.close().await;
    })
    .await;
}
