//! Courier: rows of the delivery ledger become attempts.
//!
//! It claims what is due, the first of each lane only, tries, writes down how it went, and settles: back-off, giving up and
//! "uncertain" are decided here, once, for every carrier. Attempts run side by side, and each is settled when it ends, so
//! that one slow peer keeps nobody else waiting.

use crate::carrier::{Carrier, Receipt, Trace, Undelivered};
use crate::hub::linger;
use crate::{Caller, Engine, Inner, Tolerate as _};
use model::command::Command;
use model::id::WebhookId;
use model::{Result, Time, webhook};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use store::attempt::Attempt;
use store::delivery::{Claim, Delivery, Settled};
use tokio::sync::watch;
use tokio::task::{self, JoinSet};

/// Deliveries to one endpoint that are tried at the same time.
const AT_ONCE_EACH: usize = 8;
/// Attempts before giving up; with the back-off below, about a day.
const ATTEMPTS: i64 = 18;
/// The first and the longest pause between attempts, in milliseconds.
const FIRST_PAUSE: i64 = 15_000;
const LONGEST_PAUSE: i64 = 3 * model::time::HOUR;
/// A peer may ask for so much patience, and no more.
const ASKED_MAX: i64 = model::time::DAY;
/// How long running attempts may go on when the engine closes.
const FAREWELL: Duration = Duration::from_secs(3);

impl Engine {
    /// Sends by a carrier from now on, for as long as the engine lives. A route that is new begins with what happens next;
    /// one that was there before goes on where it stopped.
    pub fn carry(&self, carrier: Arc<dyn Carrier>) {
        if let Ok(mut carriers) = self.0.carriers.lock() {
            carriers.push(carrier.clone());
        }
        let courier = tokio::spawn(run(Arc::downgrade(&self.0), carrier, self.0.closing.subscribe()));
        if let Ok(mut couriers) = self.0.couriers.lock() {
            couriers.push(courier);
        }
    }

    /// The carrier of a route, where one was started in this process.
    pub(crate) fn carrier(&self, route: &str) -> Option<Arc<dyn Carrier>> {
        self.0.carriers.lock().ok()?.iter().find(|c| c.route() == route).cloned()
    }

    /// Lets the couriers finish what they are at; what is cut off is tried again by the next start.
    pub(crate) async fn stop_couriers(&self) {
        self.0.closing.send_replace(true);
        let couriers = self.0.couriers.lock().map(|mut c| std::mem::take(&mut *c)).unwrap_or_default();
        for mut courier in couriers {
            if tokio::time::timeout(FAREWELL, &mut courier).await.is_err() {
                courier.abort();
                // It was aborted: that is what it says.
                courier.await.ok();
            }
        }
    }

    /// Tries what is due on a carrier's route; answers how many attempts were made.
    pub async fn attempt_deliveries(&self, carrier: &dyn Carrier) -> Result<usize> {
        let claimed = self.claim(carrier, carrier.at_once(), &[]).await?;
        for done in futures_util::future::join_all(claimed.iter().map(|d| self.attempt(carrier, d))).await {
            done?;
        }
        Ok(claimed.len())
    }

    async fn claim(&self, carrier: &dyn Carrier, limit: usize, busy: &[WebhookId]) -> Result<Vec<Delivery>> {
        let now = self.now();
        // Looking costs a read; the write lock is taken only where there is something.
        if limit == 0 || !store::delivery::is_due(&mut self.0.store.read().await?, carrier.route(), now).await? {
            return Ok(Vec::new());
        }
        let patience = i64::try_from(carrier.patience().as_millis()).unwrap_or(i64::MAX);
        let route = carrier.route();
        let claim = Claim { route, now, until: now.plus(patience), limit, each: AT_ONCE_EACH, busy };
        let mut batch = self.0.store.begin().await?;
        let claimed = batch.claim_deliveries(claim).await?;
        batch.commit().await?;
        Ok(claimed)
    }

    async fn attempt(&self, carrier: &dyn Carrier, delivery: &Delivery) -> Result<()> {
        let mut trace = Trace::default();
        let (at, began) = (self.now(), Instant::now());
        let outcome = match delivery.handed_at {
            None => carrier.deliver(self, delivery, &mut trace).await,
            // The server went away in the middle of it.
            Some(_) => Err(Undelivered::Uncertain {
                why: "the server was stopped while it was handed over, so it may have arrived".to_owned(),
            }),
        };
        let took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let tried = Attempt {
            delivery: delivery.id,
            number: delivery.attempts,
            at,
            duration_ms: took,
            status: trace.status.map(i64::from),
            request: trace.request.as_ref().map(ToString::to_string),
            answer: trace.answer.clone(),
            error: outcome.as_ref().err().map(|e| e.why().to_owned()),
        };
        self.settle(delivery, outcome, tried).await
    }

    async fn settle(&self, delivery: &Delivery, outcome: Result<Receipt, Undelivered>, tried: Attempt) -> Result<()> {
        let now = self.now();
        let gone = matches!(outcome, Err(Undelivered::Gone { .. }));
        // What was never sent says nothing about the peer.
        let health = delivery.webhook.filter(|_| tried.request.is_some()).map(|id| (id, outcome.is_ok()));
        let (state, why, receipt, again_at) = match outcome {
            Ok(receipt) => (if receipt.delivered { "delivered" } else { "accepted" }, None, receipt.id, None),
            Err(Undelivered::Never { why } | Undelivered::Gone { why }) => ("failed", Some(why), None, None),
            Err(Undelivered::Uncertain { why }) => ("uncertain", Some(why), None, None),
            Err(Undelivered::Later { why, .. }) if delivery.attempts >= ATTEMPTS => ("failed", Some(why), None, None),
            Err(Undelivered::Later { after, why }) => {
                ("queued", Some(why), None, Some(now.plus(pause(delivery, after))))
            }
        };
        metrics::counter!("echodesk_deliveries_total", "state" => state).increment(1);
        let mut batch = self.0.store.begin().await?;
        let settled = Settled {
            id: delivery.id,
            attempt: delivery.attempts,
            state,
            why: why.as_deref(),
            receipt: receipt.as_deref(),
            again_at,
        };
        batch.settle_delivery(settled, now).await?;
        batch.note_attempt(tried).await?;
        let mut failing_since = None;
        match health {
            Some((id, true)) => batch.webhook_answered(id).await?,
            Some((id, false)) => failing_since = Some(batch.webhook_failed(id, now).await?),
            None => {}
        }
        batch.commit().await?;
        let Some(id) = delivery.webhook else { return Ok(()) };
        let give_up = match failing_since {
            _ if gone => Some("it answered 410 Gone".to_owned()),
            Some(since) if webhook::is_hopeless(since, now) => {
                Some(format!("every attempt since {} has failed", since.rfc3339()))
            }
            Some(_) | None => None,
        };
        if let Some(why) = give_up {
            self.execute(&Caller::system("courier"), Command::DisableWebhook(id, why)).await?;
        }
        Ok(())
    }

    /// Notes, durably, that a delivery is about to be handed to the peer, for carriers that can't take it back: should the
    /// server die from here on, it is uncertain and not sent again. False: another process has taken it over.
    pub async fn handing_over(&self, delivery: &Delivery) -> Result<bool> {
        let mut batch = self.0.store.begin().await?;
        let ours = batch.hand_over(delivery.id, delivery.attempts, self.now()).await?;
        batch.commit().await?;
        Ok(ours)
    }

    /// Deliveries that are due and not settled: a test's server must leave none.
    pub async fn due_deliveries(&self) -> Result<i64> {
        store::delivery::due_count(&mut self.0.store.read().await?, Time(i64::MAX)).await
    }
}

/// Doubled with each attempt, spread by what looks like chance and is the same every time, never shorter than asked for.
fn pause(delivery: &Delivery, asked: Option<Duration>) -> i64 {
    let doubled = FIRST_PAUSE.saturating_mul(1 << delivery.attempts.clamp(1, 20).saturating_sub(1));
    let chance = (delivery.id.0 * 31 + delivery.attempts * 7_919).rem_euclid(41);
    let spread = doubled.min(LONGEST_PAUSE) * (80 + chance) / 100;
    let asked = asked.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(ASKED_MAX).min(ASKED_MAX));
    spread.max(asked)
}

/// Attempts on their way, each a task of its own, and whose they are.
#[derive(Default)]
struct Flying {
    tasks: JoinSet<()>,
    whose: HashMap<task::Id, WebhookId>,
}

impl Flying {
    fn start(&mut self, engine: Engine, carrier: Arc<dyn Carrier>, delivery: Delivery) {
        let whose = delivery.webhook;
        let attempt = async move { engine.attempt(&*carrier, &delivery).await.tolerate("settling a delivery") };
        let id = self.tasks.spawn(attempt).id();
        if let Some(whose) = whose {
            self.whose.insert(id, whose);
        }
    }

    /// Waits until one has ended, however; false where none is on its way.
    async fn landed(&mut self) -> bool {
        let Some(ended) = self.tasks.join_next_with_id().await else { return false };
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "an attempt at a delivery broke off");
                error.id()
            }
        };
        self.whose.remove(&id);
        true
    }

    fn free(&self, at_once: usize) -> usize {
        at_once.saturating_sub(self.tasks.len())
    }

    /// The endpoints that have as many attempts running as they may.
    fn busy(&self) -> Vec<WebhookId> {
        let mut counts: HashMap<WebhookId, usize> = HashMap::new();
        for id in self.whose.values() {
            *counts.entry(*id).or_default() += 1;
        }
        counts.into_iter().filter(|(_, count)| *count >= AT_ONCE_EACH).map(|(id, _)| id).collect()
    }
}

async fn run(engine: Weak<Inner>, carrier: Arc<dyn Carrier>, mut closing: watch::Receiver<bool>) {
    let mut live = match engine.upgrade() {
        Some(inner) => {
            let engine = Engine(inner);
            engine.take_over(&*carrier).await.tolerate("taking over deliveries");
            engine.0.hub.listen()
        }
        None => return,
    };
    let mut flying = Flying::default();
    let mut look = true;
    while !*closing.borrow() {
        {
            let Some(inner) = engine.upgrade() else { return };
            let engine = Engine(inner);
            engine.send_on(&carrier, &mut flying, &mut look).await.tolerate("delivering");
        }
        // The next event wakes us, and an attempt that ends; what is due by time alone is looked for every second.
        tokio::select! {
            _ = live.recv() => linger(&mut live).await,
            true = flying.landed() => look = true,
            () = tokio::time::sleep(Duration::from_secs(1)) => look = true,
            _ = closing.changed() => {}
        }
    }
    while flying.landed().await {}
}

impl Engine {
    /// Dispatches what has happened, and sets off what is due. `look`: whether something may be.
    async fn send_on(&self, carrier: &Arc<dyn Carrier>, flying: &mut Flying, look: &mut bool) -> Result<()> {
        loop {
            let done = self.dispatch_page(&**carrier).await?;
            *look |= done.queued > 0;
            if done.events == 0 {
                break;
            }
        }
        while *look && flying.free(carrier.at_once()) > 0 {
            let claimed = self.claim(&**carrier, flying.free(carrier.at_once()), &flying.busy()).await?;
            *look = !claimed.is_empty();
            for delivery in claimed {
                flying.start(self.clone(), carrier.clone(), delivery);
            }
        }
        Ok(())
    }

    /// What a server that died was at is due at once. One server has an SQLite store, so nobody else can be at it; on
    /// PostgreSQL somebody may, and the claims run out by themselves.
    async fn take_over(&self, carrier: &dyn Carrier) -> Result<()> {
        if self.0.store.is_postgres() {
            return Ok(());
        }
        let now = self.now();
        let mut batch = self.0.store.begin().await?;
        batch.release_deliveries(carrier.route(), now).await?;
        batch.commit().await
    }
}
