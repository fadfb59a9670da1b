//! The delivery ledger, with a carrier that fails as it is told.

use crate::house::{caller, each_backend};
use engine::{Carrier, Delivery, Engine, Parcel, Receipt, Trace, Undelivered};
use futures_util::future::BoxFuture;
use model::command::OpenTicket;
use model::event::{Event, Recorded};
use model::people::Role;
use model::query::Page;
use model::{Actor, Result};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// Sends a line per opened ticket; `answers` says how each attempt by a body's text ends.
#[derive(Default)]
struct Pigeon {
    sent: Mutex<Vec<String>>,
    answers: Mutex<HashMap<String, Vec<Undelivered>>>,
}

impl Pigeon {
    fn fails(&self, body: &str, how: Undelivered) {
        self.answers.lock().unwrap().entry(body.to_owned()).or_default().push(how);
    }

    fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }
}

impl Carrier for Pigeon {
    fn route(&self) -> &'static str {
        "pigeon"
    }

    fn parcels<'a>(&'a self, _: &'a Engine, event: &'a Recorded) -> BoxFuture<'a, Result<Vec<Parcel>>> {
        Box::pin(async move {
            let Event::TicketOpened { ticket, .. } = &event.event else { return Ok(Vec::new()) };
            let lane = ticket.kind.clone();
            Ok(vec![Parcel {
                lane,
                recipient: "roost".into(),
                ticket: Some(ticket.id),
                body: ticket.title.to_string(),
                ..Parcel::default()
            }])
        })
    }

    fn deliver<'a>(
        &'a self,
        _: &'a Engine,
        delivery: &'a Delivery,
        _: &'a mut Trace,
    ) -> BoxFuture<'a, Result<Receipt, Undelivered>> {
        Box::pin(async move {
            if let Some(how) = self.answers.lock().unwrap().get_mut(&delivery.body).and_then(Vec::pop) {
                return Err(how);
            }
            self.sent.lock().unwrap().push(delivery.body.clone());
            Ok(Receipt { id: Some(format!("ring {}", delivery.id)), delivered: false })
        })
    }
}

fn titled(title: &str, lane: &str) -> OpenTicket {
    OpenTicket { kind: Some(lane.to_owned()), ..OpenTicket::new(title, "text") }
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_keep_their_order_in_a_lane_and_each_failure_is_told_apart() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let user = caller(&house.person("alice", Role::User).await);
        let pigeon = Pigeon::default();
        engine.open_ticket(&user, titled("before", "a")).await.unwrap();
        assert_eq!(engine.dispatch(&pigeon).await.unwrap(), 0, "a new route begins with what happens next");
        for (title, lane) in [("first", "a"), ("second", "a"), ("other", "b"), ("never", "c"), ("maybe", "d")] {
            engine.open_ticket(&user, titled(title, lane)).await.unwrap();
        }
        pigeon.fails("first", Undelivered::Later { after: Some(Duration::from_mins(2)), why: "busy".into() });
        pigeon.fails("never", Undelivered::Never { why: "no such roost".into() });
        pigeon.fails("maybe", Undelivered::Uncertain { why: "it flew off".into() });
        while engine.dispatch(&pigeon).await.unwrap() > 0 {}
        while engine.attempt_deliveries(&pigeon).await.unwrap() > 0 {}
        assert_eq!(pigeon.sent(), ["other"], "the lane waits for its first, the other lane doesn't");
        house.clock.advance(119_000);
        assert_eq!(engine.attempt_deliveries(&pigeon).await.unwrap(), 0, "the peer asked for two minutes");
        house.clock.advance(2_000);
        while engine.attempt_deliveries(&pigeon).await.unwrap() > 0 {}
        assert_eq!(pigeon.sent(), ["other", "first", "second"]);
        let ledger = engine.deliveries(&Actor::System("test"), None, None, &Page::first(20)).await.unwrap();
        let states: HashMap<String, String> = ledger.items.into_iter().map(|(_, d)| (d.body, d.state)).collect();
        let state = |body: &str| states[body].as_str();
        assert_eq!((state("first"), state("never"), state("maybe")), ("accepted", "failed", "uncertain"));
        assert_eq!(engine.due_deliveries().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_keeps_failing_is_given_up_after_about_a_day() {
    each_backend(|house| async move {
        let engine = &house.engine;
        let user = caller(&house.person("alice", Role::User).await);
        let pigeon = Pigeon::default();
        engine.dispatch(&pigeon).await.unwrap();
        engine.open_ticket(&user, titled("storm", "a")).await.unwrap();
        for _ in 0..50 {
            pigeon.fails("storm", Undelivered::Later { after: None, why: "storm".into() });
        }
        while engine.dispatch(&pigeon).await.unwrap() > 0 {}
        let (mut attempts, mut minutes) = (0, 0);
        while engine.due_deliveries().await.unwrap() > 0 {
            attempts += engine.attempt_deliveries(&pigeon).await.unwrap();
            house.clock.advance(60_000);
            minutes += 1;
            assert!(minutes < 3 * 24 * 60, "it is never given up");
        }
        assert_eq!(attempts, 18);
        assert!((20 * 60..30 * 60).contains(&minutes), "{minutes} minutes");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dispatch_goes_on_where_it_stopped_and_doubles_nothing() {
    each_backend(|house| async move {
        let user = caller(&house.person("alice", Role::User).await);
        let pigeon = Pigeon::default();
        house.engine.dispatch(&pigeon).await.unwrap();
        let second = house.second().await;
        for n in 0..20 {
            house.engine.open_ticket(&user, titled(&format!("t{n}"), "a")).await.unwrap();
        }
        // Two processes at once, and again after both are through.
        let (a, b) = tokio::join!(house.engine.dispatch(&pigeon), second.dispatch(&pigeon));
        a.unwrap();
        b.unwrap();
        while house.engine.dispatch(&pigeon).await.unwrap() + second.dispatch(&pigeon).await.unwrap() > 0 {}
        while house.engine.attempt_deliveries(&pigeon).await.unwrap() > 0 {}
        let expected: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
        assert_eq!(pigeon.sent(), expected);
    })
    .await;
}
