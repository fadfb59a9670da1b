//! Webhooks: kept secret, told in order, given up, told again. The carrier here is a stand-in; the real one is tested
//! against a receiver in tests/it.

use crate::house::{House, caller, each_backend, next};
use engine::{
    Caller, Carrier, Clock as _, Delivery, Engine, NewWebhook, Parcel, Receipt, Trace, Undelivered, WEBHOOKS,
    WebhookEdit,
};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use model::command::{AddComment, Edit, OpenTicket};
use model::event::{Event, Recorded};
use model::id::WebhookId;
use model::people::Role;
use model::query::{EventFilter, Page};
use model::time::{DAY, HOUR, MINUTE};
use model::webhook::{Topic, Webhook};
use model::{Error, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Tells the title of each opened ticket; answers by what it was told to answer last.
struct Post {
    sent: Mutex<Vec<(i64, String, String)>>,
    fails: Mutex<Option<Undelivered>>,
    looked: AtomicUsize,
}

impl Post {
    fn new() -> Self {
        Self { sent: Mutex::default(), fails: Mutex::new(None), looked: AtomicUsize::new(0) }
    }

    fn sent(&self) -> Vec<(i64, String, String)> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }

    fn fail(&self, how: Option<Undelivered>) {
        *self.fails.lock().unwrap() = how;
    }

    async fn all(&self, engine: &Engine) {
        while engine.dispatch(self).await.unwrap() > 0 {}
        while engine.attempt_deliveries(self).await.unwrap() > 0 {}
    }
}

fn parcel(event: &Recorded, to: WebhookId) -> Option<Parcel> {
    let Event::TicketOpened { ticket, .. } = &event.event else { return None };
    Some(Parcel {
        lane: format!("{to}"),
        recipient: format!("{to} ticket.created"),
        ticket: Some(ticket.id),
        body: ticket.title.to_string(),
        webhook: Some(to),
        topic: Some(Topic::Created.word().into()),
        ..Parcel::default()
    })
}

impl Carrier for Post {
    fn route(&self) -> &'static str {
        WEBHOOKS
    }

    fn is_idle<'a>(&'a self, engine: &'a Engine) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(engine.endpoints().await?.iter().all(|e| !e.webhook.active)) })
    }

    fn parcels<'a>(&'a self, engine: &'a Engine, event: &'a Recorded) -> BoxFuture<'a, Result<Vec<Parcel>>> {
        Box::pin(async move {
            self.looked.fetch_add(1, Ordering::SeqCst);
            let endpoints = engine.endpoints().await?;
            let told = endpoints.iter().filter(|e| e.webhook.active && e.since < event.seq);
            Ok(told.filter_map(|e| parcel(event, e.webhook.id)).collect())
        })
    }

    fn parcels_again<'a>(
        &'a self,
        _: &'a Engine,
        event: &'a Recorded,
        to: &'a Webhook,
    ) -> BoxFuture<'a, Result<Vec<Parcel>>> {
        Box::pin(async move { Ok(parcel(event, to.id).into_iter().collect()) })
    }

    fn deliver<'a>(
        &'a self,
        engine: &'a Engine,
        delivery: &'a Delivery,
        trace: &'a mut Trace,
    ) -> BoxFuture<'a, Result<Receipt, Undelivered>> {
        Box::pin(async move {
            let id = delivery.webhook.unwrap();
            let endpoint = engine.endpoint(id).await.unwrap();
            let endpoint = endpoint.ok_or_else(|| Undelivered::Never { why: "deleted".into() })?;
            trace.request = Some(serde_json::json!({ "to": endpoint.webhook.url }));
            if let Some(how) = self.fails.lock().unwrap().clone() {
                trace.status = Some(500);
                return Err(how);
            }
            trace.status = Some(204);
            let signature = endpoint.sign(delivery.body.as_bytes());
            self.sent.lock().unwrap().push((id.0, delivery.body.clone(), signature));
            Ok(Receipt { id: None, delivered: true })
        })
    }
}

fn later() -> Undelivered {
    Undelivered::Later { after: None, why: "not now".into() }
}

fn hook(url: &str) -> NewWebhook {
    NewWebhook { url: url.into(), events: Topic::ALL.to_vec(), ..NewWebhook::default() }
}

/// HMAC-SHA256("s3cret", "hello"), by Python's hmac.
const SIGNED: &str = "e5a01537481fa0b2c697f787c7aff885412cf0760d08e08502259b39d2d6ae68";

fn now(house: &House) -> i64 {
    house.clock.now().0
}

async fn admin(house: &House) -> Caller {
    caller(&house.person("root", Role::Admin).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_shown_once_and_kept_sealed() {
    each_backend(|house| async move {
        let (engine, admin) = (&house.engine, admin(&house).await);
        let begin = engine.cursor().to_string();
        let new = NewWebhook {
            secret: Some("s3cret-of-mine".into()),
            headers: vec![("X-Token".into(), "header-value-of-mine".into())],
            description: Some("orders".into()),
            ..hook("https://hooks.example.invalid/in")
        };
        let (webhook, secret) = engine.create_webhook(&admin, new).await.unwrap();
        assert_eq!(secret, "s3cret-of-mine");
        assert_eq!(webhook.headers.pairs(), [("X-Token".to_owned(), "header-value-of-mine".to_owned())]);
        let (made, generated) = engine.create_webhook(&admin, hook("https://b.example.invalid/")).await.unwrap();
        assert!(generated.starts_with("whsec_") && generated.len() > 40, "{generated}");
        let edit = WebhookEdit {
            url: Some("https://c.example.invalid/".into()),
            headers: Some(vec![("X-Other".into(), "another-value-of-mine".into())]),
            description: Edit::Set(None),
            ..WebhookEdit::default()
        };
        let edited = engine.edit_webhook(&admin, webhook.id, edit).await.unwrap();
        assert_eq!((edited.url.as_str(), edited.description), ("https://c.example.invalid/", None));
        assert_eq!(edited.headers.pairs()[0].1, "another-value-of-mine");
        let (_, rotated) = engine.rotate_webhook_secret(&admin, made.id, None).await.unwrap();
        assert_ne!(rotated, generated);
        engine.delete_webhook(&admin, made.id).await.unwrap();
        assert_eq!(engine.webhook(&admin.actor, made.id).await, Err(Error::not_found("webhook")));

        // Neither the log, nor the rows, nor what is printed of them has any of it.
        let mut all = String::new();
        let mut events = engine.events(&admin.actor, Some(&begin), EventFilter::default()).await.unwrap();
        for word in
            ["webhook_created", "webhook_created", "webhook_edited", "webhook_secret_rotated", "webhook_deleted"]
        {
            let event = next(&mut events).await;
            assert_eq!(event.event.word(), word);
            all.extend([format!("{event:?}"), serde_json::to_string(&event.event).unwrap()]);
        }
        let store = house.store().await;
        for rows in crate::rebuild::tables(&store).await.into_values() {
            all += &rows.concat();
        }
        store.close().await;
        for hidden in ["s3cret-of-mine", "header-value-of-mine", "another-value-of-mine", &generated, &rotated] {
            assert!(!all.contains(hidden), "{hidden}");
        }
        assert!(all.contains("X-Other"), "names are told");
        // Another process on the same store opens them.
        let second = house.second().await;
        assert_eq!(
            second.webhook(&admin.actor, webhook.id).await.unwrap().headers.pairs()[0].1,
            "another-value-of-mine"
        );
        assert_eq!(
            second.endpoint(webhook.id).await.unwrap().unwrap().sign(b"hello"),
            engine.endpoint(webhook.id).await.unwrap().unwrap().sign(b"hello")
        );
        second.close().await;
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_may_be_is_checked_and_every_problem_named() {
    each_backend(|house| async move {
        let (engine, admin) = (&house.engine, admin(&house).await);
        let bad = NewWebhook {
            url: "http://127.0.0.1/x".into(),
            headers: vec![("Host".into(), "x".into())],
            secret: Some(String::new()),
            ..NewWebhook::default()
        };
        let Err(Error::Invalid(problems)) = engine.create_webhook(&admin, bad).await else { panic!() };
        let fields: Vec<_> = problems.iter().map(|p| p.field).collect();
        assert_eq!(fields, ["headers", "events", "secret", "url"], "{problems:?}");
        let (webhook, _) = engine.create_webhook(&admin, hook("https://1.1.1.1/")).await.unwrap();
        for url in ["http://10.0.0.1/", "http://[::1]/", "http://localhost/", "ftp://1.1.1.1/", "http://2130706433/"] {
            let edit = WebhookEdit { url: Some(url.into()), ..WebhookEdit::default() };
            let refused = engine.edit_webhook(&admin, webhook.id, edit).await.unwrap_err();
            assert_eq!(refused.field(), Some("url"), "{url}: {refused}");
        }
        // A repeated request makes no second one, and shows no secret.
        let keyed = admin.clone().keyed(Some("once".into()));
        engine.create_webhook(&keyed, hook("https://1.1.1.1/once")).await.unwrap();
        let again = engine.create_webhook(&keyed, hook("https://1.1.1.1/once")).await.unwrap_err();
        assert_eq!(again.code(), "CONFLICT");
        assert_eq!(engine.webhooks(&admin.actor).await.unwrap().len(), 2);
        // Nobody else may.
        let sue = caller(&house.person("sue", Role::Supervisor).await);
        assert_eq!(engine.create_webhook(&sue, hook("https://1.1.1.1/")).await.unwrap_err().code(), "FORBIDDEN");
        assert_eq!(engine.redeliver(&sue, model::id::DeliveryId(1)).await.unwrap_err().code(), "FORBIDDEN");
        assert_eq!(engine.replay_webhook(&sue, webhook.id, "0").await.unwrap_err().code(), "FORBIDDEN");
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_of_what_happens_while_it_is_on() {
    each_backend(|house| async move {
        let (engine, admin) = (&house.engine, admin(&house).await);
        let post = Post::new();
        post.all(engine).await;
        house.ticket(&admin, "before").await;
        post.all(engine).await;
        assert_eq!(post.looked.load(Ordering::SeqCst), 0, "nobody is told, so nothing is looked at");
        let new = NewWebhook { secret: Some("s3cret".into()), ..hook("https://a.example.invalid/") };
        let (webhook, _) = engine.create_webhook(&admin, new).await.unwrap();
        house.ticket(&admin, "hello").await;
        post.all(engine).await;
        let sent = post.sent();
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert_eq!(sent[0].1, "hello");
        assert_eq!(sent[0].2, SIGNED);
        // Switched off and on: what happened between is not told, in this life of the process or the next.
        let switch = async |active| {
            let edit = WebhookEdit { active: Some(active), ..WebhookEdit::default() };
            engine.edit_webhook(&admin, webhook.id, edit).await.unwrap();
        };
        switch(false).await;
        house.ticket(&admin, "between").await;
        post.all(engine).await;
        switch(true).await;
        house.ticket(&admin, "after").await;
        let second = house.second().await;
        post.all(&second).await;
        second.close().await;
        post.all(engine).await;
        assert_eq!(post.sent().into_iter().map(|s| s.1).collect::<Vec<_>>(), ["after"]);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_is_written_down_and_a_lane_waits_for_its_first() {
    each_backend(|house| async move {
        let (engine, admin) = (&house.engine, admin(&house).await);
        let post = Post::new();
        post.all(engine).await;
        let (webhook, _) = engine.create_webhook(&admin, hook("https://a.example.invalid/")).await.unwrap();
        let asked = std::time::Duration::from_mins(10);
        post.fail(Some(Undelivered::Later { after: Some(asked), why: "busy".into() }));
        for title in ["first", "second"] {
            house.ticket(&admin, title).await;
        }
        post.all(engine).await;
        assert!(engine.webhook(&admin.actor, webhook.id).await.unwrap().failing_since.is_some());
        post.fail(None);
        house.clock.advance(599_000);
        post.all(engine).await;
        assert_eq!(post.sent(), [], "it asked for ten minutes");
        house.clock.advance(2_000);
        post.all(engine).await;
        assert_eq!(post.sent().into_iter().map(|s| s.1).collect::<Vec<_>>(), ["first", "second"]);
        assert_eq!(engine.webhook(&admin.actor, webhook.id).await.unwrap().failing_since, None);
        let told =
            engine.webhook_deliveries(&admin.actor, webhook.id, Some("delivered"), &Page::first(10)).await.unwrap();
        assert_eq!(
            told.items.iter().map(|(_, d)| (d.body.as_str(), d.attempts)).collect::<Vec<_>>(),
            [("second", 1), ("first", 2)]
        );
        assert_eq!(engine.count_webhook_deliveries(&admin.actor, webhook.id, None).await.unwrap(), 2);
        let ids = [told.items[1].1.id];
        let tried = engine.delivery_attempts(&admin.actor, &ids).await.unwrap();
        let seen: Vec<_> = tried.iter().map(|a| (a.number, a.status, a.error.as_deref())).collect();
        assert_eq!(seen, [(1, Some(500), Some("busy")), (2, Some(204), None)]);
        assert!(tried.iter().all(|a| a.duration_ms >= 0 && a.request.as_deref().unwrap().contains("a.example")));
        assert_eq!(tried[1].at.0 - tried[0].at.0, 601_000);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_only_fails_is_given_up_and_administrators_hear_of_it() {
    each_backend(|house| async move {
        let (engine, admin) = (&house.engine, admin(&house).await);
        let sue = caller(&house.person("sue", Role::Supervisor).await);
        let mut told = engine.notification_stream(&admin.actor).await.unwrap();
        let post = Post::new();
        post.all(engine).await;
        let (webhook, _) = engine.create_webhook(&admin, hook("https://a.example.invalid/")).await.unwrap();
        post.fail(Some(later()));
        house.ticket(&admin, "one").await;
        let begin = now(&house);
        let off = loop {
            post.all(engine).await;
            let seen = engine.webhook(&admin.actor, webhook.id).await.unwrap();
            if !seen.active {
                break seen;
            }
            house.clock.advance(20 * MINUTE);
            // Something happens every few hours.
            if (now(&house) - begin) % (4 * HOUR) == 0 {
                house.ticket(&admin, "more").await;
            }
            assert!(now(&house) - begin < 5 * DAY, "it is never given up");
        };
        let took = now(&house) - begin;
        assert!((3 * DAY..3 * DAY + 6 * HOUR).contains(&took), "{} h", took / HOUR);
        assert!(off.disabled_at.is_some() && off.disabled_why.unwrap().contains("every attempt since"));
        let notice = crate::house::soon(told.next()).await.unwrap().unwrap();
        assert_eq!((notice.kind.word(), notice.ticket, notice.webhook), ("system_alert", None, Some(webhook.id)));
        assert_eq!(engine.unread_count(&sue.actor).await.unwrap(), 0, "administrators only");
        assert_eq!(engine.unread_count(&admin.actor).await.unwrap(), 1, "once");
        // Switched on again, it begins anew.
        post.fail(None);
        let edit = WebhookEdit { active: Some(true), ..WebhookEdit::default() };
        let on = engine.edit_webhook(&admin, webhook.id, edit).await.unwrap();
        assert_eq!((on.disabled_at, on.disabled_why, on.failing_since), (None, None, None));
        // One that says it is gone is believed at once.
        post.fail(Some(Undelivered::Gone { why: "410".into() }));
        house.ticket(&admin, "last").await;
        house.clock.advance(4 * HOUR);
        post.all(engine).await;
        let off = engine.webhook(&admin.actor, webhook.id).await.unwrap();
        assert!(!off.active && off.disabled_why.unwrap().contains("410"));
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_told_again_when_asked_for() {
    each_backend(|house| async move {
        let (engine, admin) = (&house.engine, admin(&house).await);
        let post = std::sync::Arc::new(Post::new());
        let begin = engine.cursor().to_string();
        house.ticket(&admin, "early").await;
        let (webhook, _) = engine.create_webhook(&admin, hook("https://a.example.invalid/")).await.unwrap();
        assert_eq!(
            engine.replay_webhook(&admin, webhook.id, &begin).await.unwrap_err().code(),
            "CONFLICT",
            "nobody carries"
        );
        engine.carry(post.clone());
        let settled = async |n: i64| {
            let all = async {
                while engine.count_webhook_deliveries(&admin.actor, webhook.id, Some("delivered")).await.unwrap() < n {
                    tokio::task::yield_now().await;
                }
            };
            crate::house::soon(all).await;
        };
        let again = engine.replay_webhook(&admin, webhook.id, &begin).await.unwrap();
        assert_eq!((again.deliveries, again.complete), (1, true));
        settled(1).await;
        let keyed = admin.clone().keyed(Some("again".into()));
        assert_eq!(engine.replay_webhook(&keyed, webhook.id, &begin).await.unwrap().deliveries, 1, "new ones");
        assert_eq!(engine.replay_webhook(&keyed, webhook.id, &begin).await.unwrap().deliveries, 0, "the same request");
        settled(2).await;
        let told = engine.webhook_deliveries(&admin.actor, webhook.id, None, &Page::first(5)).await.unwrap();
        let one = engine.redeliver(&admin, told.items[0].1.id).await.unwrap();
        assert_ne!(one.id, told.items[0].1.id);
        assert_eq!((one.body.as_str(), one.seq), ("early", told.items[0].1.seq));
        settled(3).await;
        assert_eq!(post.sent().len(), 3);
        assert_eq!(engine.replay_webhook(&admin, webhook.id, "other.1").await.unwrap_err(), Error::ResyncRequired);
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ticket_is_told_as_it_stood_then() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let user = caller(&house.person("alice", Role::User).await);
        let staff = caller(&house.person("agnes", Role::Agent).await);
        let ticket = engine.open_ticket(&user, OpenTicket::new("first title", "d")).await.unwrap();
        let edit = model::command::EditTicket { title: Some("second title".into()), ..Default::default() };
        engine.edit_ticket(&user, ticket.id, edit).await.unwrap();
        engine.close_ticket(&staff, ticket.id, "done".into()).await.unwrap();
        engine.reopen_ticket(&staff, ticket.id, "again".into()).await.unwrap();
        house.status(ticket.id, model::ticket::Status::InProgress).await;
        let note = engine.add_comment(&staff, ticket.id, AddComment::public("public, at first")).await.unwrap();
        engine
            .set_comment_visibility(
                &caller(&house.person("sue", Role::Supervisor).await),
                note.id,
                model::comment::Visibility::Internal,
            )
            .await
            .unwrap();
        let store = house.store().await;
        let log = store::event::after(&mut store.read().await.unwrap(), model::id::Seq(0), 100).await.unwrap();
        store.close().await;
        let mut seen = Vec::new();
        for event in log.iter().filter(|e| !Topic::of(&e.event).is_empty()) {
            let Some(picture) = engine.picture(event).await.unwrap() else {
                seen.push(format!("{} hidden", event.event.word()));
                continue;
            };
            let flag = if picture.was_reopened { "reopened " } else { "" };
            seen.push(format!(
                "{} {} {flag}{}",
                event.event.word(),
                picture.ticket.title,
                picture.ticket.status.word()
            ));
            assert_eq!(picture.person(Some(picture.ticket.requester)).unwrap().name(), "alice");
        }
        assert_eq!(
            seen,
            [
                "ticket_opened first title new",
                "status_changed second title closed",
                "status_changed second title open",
                "status_changed second title reopened in_progress",
                "comment_added hidden",
            ]
        );
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_did_for_a_new_endpoint_is_told_although_nobody_has_heard_of_it_yet() {
    each_backend(|house| async move {
        let (engine, other) = (&house.engine, house.second().await);
        let root = admin(&house).await;
        let post = Post::new();
        engine.create_webhook(&root, hook("https://hooks.example.org/first")).await.unwrap();
        post.all(engine).await;
        for n in 0..10 {
            let (made, _) = other.create_webhook(&root, hook(&format!("https://hooks.example.org/{n}"))).await.unwrap();
            let title = format!("t{n}");
            other.open_ticket(&root, OpenTicket::new(&title, "d")).await.unwrap();
            // However far this process has heard by now, it must not skip what it has not understood.
            post.all(engine).await;
            let heard = async {
                while !post.sent.lock().unwrap().iter().any(|(id, said, _)| *id == made.id.0 && *said == title) {
                    post.all(engine).await;
                    tokio::task::yield_now().await;
                }
            };
            crate::house::soon(heard).await;
        }
        other.close().await;
        engine.close().await;
    })
    .await;
}
