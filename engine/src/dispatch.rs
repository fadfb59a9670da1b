//! Dispatch and courier: events become rows of the delivery ledger, rows become attempts.
//!
//! Dispatch reads the log with a place of its own and writes the rows and its place in one transaction, so a restart
//! neither loses nor doubles a delivery. The courier claims what is due, the first of each lane only, tries, and settles:
//! back-off, giving up and "uncertain" are decided here, once, for every carrier.

use crate::carrier::{Carrier, Receipt, Undelivered};
use crate::{Engine, Inner, Tolerate as _};
use model::{Result, Time};
use std::sync::{Arc, Weak};
use std::time::Duration;
use store::delivery::{Delivery, NewDelivery};

/// Deliveries that are tried at the same time.
const AT_ONCE: usize = 16;
/// How long an attempt may take before another process may claim it.
const CLAIM: i64 = 2 * model::time::MINUTE;
/// Attempts before giving up; with the back-off below, about a day.
const ATTEMPTS: i64 = 14;
/// The first and the longest pause between attempts, in milliseconds.
const FIRST_PAUSE: i64 = 15_000;
const LONGEST_PAUSE: i64 = 3 * model::time::HOUR;

impl Engine {
    /// Sends by a carrier from now on, for as long as the engine lives. A route that is new begins with what happens next;
    /// one that was there before goes on where it stopped.
    pub fn carry(&self, carrier: Arc<dyn Carrier>) {
        self.keep(tokio::spawn(run(Arc::downgrade(&self.0), carrier)));
    }

    /// Turns the events that a carrier has not seen into deliveries; answers how many events it has gone through.
    pub async fn dispatch(&self, carrier: &dyn Carrier) -> Result<usize> {
        let name = format!("dispatch:{}", carrier.route());
        let mut conn = self.0.store.read().await?;
        let Some(place) = store::event::known_reader(&mut conn, &name).await? else {
            drop(conn);
            let mut batch = self.0.store.begin().await?;
            let last = batch.last();
            batch.set_reader(&name, last).await?;
            batch.commit().await?;
            return Ok(0);
        };
        let events = store::event::after(&mut conn, place, crate::hub::PAGE).await?;
        drop(conn);
        let Some(last) = events.last().map(|e| e.seq) else { return Ok(0) };
        let mut planned = Vec::new();
        for event in &events {
            planned.extend(carrier.parcels(event).await?.into_iter().map(|parcel| (event.seq, parcel)));
        }
        let now = self.now();
        let mut batch = self.0.store.begin().await?;
        // Another process may have gone through the same events meanwhile; then its rows stand.
        if store::event::known_reader(batch.conn(), &name).await? != Some(place) {
            batch.rollback().await?;
            return Ok(events.len());
        }
        for (seq, parcel) in planned {
            let new = NewDelivery {
                seq,
                route: carrier.route().to_owned(),
                lane: parcel.lane,
                ticket: parcel.ticket,
                comment: parcel.comment,
                recipient: parcel.recipient,
                body: parcel.body,
            };
            batch.queue_delivery(new, now).await?;
        }
        batch.set_reader(&name, last).await?;
        batch.commit().await?;
        Ok(events.len())
    }

    /// Tries what is due on a carrier's route; answers how many attempts were made.
    pub async fn attempt_deliveries(&self, carrier: &dyn Carrier) -> Result<usize> {
        let now = self.now();
        let mut batch = self.0.store.begin().await?;
        let claimed = batch.claim_deliveries(carrier.route(), now, now.plus(CLAIM), AT_ONCE).await?;
        batch.commit().await?;
        let tries = claimed.iter().map(|delivery| async move { (delivery, carrier.deliver(delivery).await) });
        for (delivery, outcome) in futures_util::future::join_all(tries).await {
            self.settle(delivery, outcome).await?;
        }
        Ok(claimed.len())
    }

    async fn settle(&self, delivery: &Delivery, outcome: Result<Receipt, Undelivered>) -> Result<()> {
        let now = self.now();
        let (state, why, receipt, again_at) = match outcome {
            Ok(receipt) => (if receipt.delivered { "delivered" } else { "accepted" }, None, receipt.id, None),
            Err(Undelivered::Never { why }) => ("failed", Some(why), None, None),
            Err(Undelivered::Uncertain { why }) => ("uncertain", Some(why), None, None),
            Err(Undelivered::Later { why, .. }) if delivery.attempts >= ATTEMPTS => ("failed", Some(why), None, None),
            Err(Undelivered::Later { after, why }) => {
                ("queued", Some(why), None, Some(now.plus(pause(delivery, after))))
            }
        };
        metrics::counter!("echodesk_deliveries_total", "state" => state).increment(1);
        let mut batch = self.0.store.begin().await?;
        batch.settle_delivery(delivery.id, state, why.as_deref(), receipt.as_deref(), again_at, now).await?;
        batch.commit().await
    }
}

/// Doubled with each attempt, spread by the delivery's id so that many don't come at once, never shorter than asked for.
fn pause(delivery: &Delivery, asked: Option<Duration>) -> i64 {
    let doubled = FIRST_PAUSE.saturating_mul(1 << delivery.attempts.clamp(1, 20).saturating_sub(1));
    let spread = doubled.min(LONGEST_PAUSE) * (90 + delivery.id.0.rem_euclid(21)) / 100;
    let asked = asked.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(LONGEST_PAUSE));
    spread.max(asked)
}

async fn run(engine: Weak<Inner>, carrier: Arc<dyn Carrier>) {
    let mut live = match engine.upgrade() {
        Some(inner) => inner.hub.listen(),
        None => return,
    };
    loop {
        {
            let Some(inner) = engine.upgrade() else { return };
            let engine = Engine(inner);
            let work = async {
                while engine.dispatch(&*carrier).await? > 0 {}
                while engine.attempt_deliveries(&*carrier).await? > 0 {}
                Ok::<(), model::Error>(())
            };
            work.await.tolerate("delivering");
        }
        // The next event wakes us; what is due by time alone is looked for every second.
        tokio::select! {
            _ = live.recv() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

impl Engine {
    /// Deliveries that are due and not settled: a test's server must leave none.
    pub async fn due_deliveries(&self) -> Result<i64> {
        store::delivery::due_count(&mut self.0.store.read().await?, Time(i64::MAX)).await
    }
}
