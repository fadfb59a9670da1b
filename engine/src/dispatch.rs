//! Dispatch: events become rows of the delivery ledger.
//!
//! It reads the log with a place of its own and writes the rows and its place in one transaction, so a restart neither
//! loses nor doubles a delivery. Where events lead to nothing, which is most of them, its place is kept in memory and
//! written now and then: reading those events again leads to nothing again.

use crate::Engine;
use crate::carrier::{Carrier, Parcel};
use model::event::Recorded;
use model::id::Seq;
use model::{Error, Result};
use std::sync::Arc;
use store::delivery::NewDelivery;

/// Events that may be read again after a restart because nothing came of them.
const UNWRITTEN: i64 = 5_000;

/// How far a reader has come: as it is written, and in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    written: Seq,
    seen: Seq,
}

impl Reading {
    /// A place that is written.
    pub(crate) fn at(place: Seq) -> Self {
        Self { written: place, seen: place }
    }

    pub(crate) fn seen(self) -> Seq {
        self.seen
    }
}

/// What one look at the log came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dispatched {
    pub events: usize,
    pub queued: usize,
}

impl Engine {
    /// Turns the events that a carrier has not seen into deliveries; answers how many events it has gone through. A route
    /// that is new begins where its carrier says, or with what happens next.
    pub async fn dispatch(&self, carrier: &dyn Carrier) -> Result<usize> {
        Ok(self.dispatch_page(carrier).await?.events)
    }

    pub(crate) async fn dispatch_page(&self, carrier: &dyn Carrier) -> Result<Dispatched> {
        let name = format!("dispatch:{}", carrier.route());
        if carrier.starts_afresh() && carrier.is_idle(self).await? {
            self.stop_reading(&name).await?;
            return Ok(Dispatched::default());
        }
        let Some(reading) = self.reading(&name).await? else {
            self.begin_reading(&name, carrier.begins_after(self).await?).await?;
            return Ok(Dispatched::default());
        };
        // Looked at before anything else: what comes later is seen by the next look.
        let last = self.0.hub.last();
        if last <= reading.seen {
            return Ok(Dispatched::default());
        }
        if carrier.is_idle(self).await? {
            self.read_up_to(&name, reading, last).await?;
            return Ok(Dispatched::default());
        }
        let mut events = store::event::after(&mut self.0.store.read().await?, reading.seen, crate::hub::PAGE).await?;
        // What a carrier keeps in mind is as new as what the hub has handed on, and no newer.
        events.retain(|event| event.seq <= last);
        let Some(last) = events.last().map(|e| e.seq) else { return Ok(Dispatched::default()) };
        let mut planned = Vec::new();
        for event in &events {
            planned.extend(carrier.parcels(self, event).await?.into_iter().map(|parcel| (event.seq, parcel)));
        }
        // A change of who is told is a line that must not be crossed a second time.
        let settled = events.iter().any(|e| e.event.webhook().is_some());
        if planned.is_empty() && !settled {
            self.read_up_to(&name, reading, last).await?;
            return Ok(Dispatched { events: events.len(), queued: 0 });
        }
        let queued = self.write_down(&name, reading, last, carrier.route(), planned).await?;
        Ok(Dispatched { events: events.len(), queued })
    }

    pub(crate) async fn reading(&self, name: &str) -> Result<Option<Reading>> {
        let known = self.0.readings.lock().map_err(Error::internal)?.get(name).copied();
        if let Some(Some(known)) = known {
            return Ok(Some(known));
        }
        let written = store::event::known_reader(&mut self.0.store.read().await?, name).await?;
        let reading = written.map(|written| Reading { written, seen: written });
        if let Some(reading) = reading {
            self.remember(name, reading)?;
        }
        Ok(reading)
    }

    pub(crate) fn remember(&self, name: &str, reading: Reading) -> Result<()> {
        self.0.readings.lock().map_err(Error::internal)?.insert(name.to_owned(), Some(reading));
        Ok(())
    }

    /// Forgets what is in mind of a place: it is read from the store again.
    pub(crate) fn forget_reading(&self, name: &str) -> Result<()> {
        self.0.readings.lock().map_err(Error::internal)?.remove(name);
        Ok(())
    }

    /// Forgets a place: whoever reads again begins anew.
    async fn stop_reading(&self, name: &str) -> Result<()> {
        if self.0.readings.lock().map_err(Error::internal)?.get(name) == Some(&None) {
            return Ok(());
        }
        if store::event::known_reader(&mut self.0.store.read().await?, name).await?.is_some() {
            let mut batch = self.0.store.begin().await?;
            batch.forget_reader(name).await?;
            batch.commit().await?;
        }
        self.0.readings.lock().map_err(Error::internal)?.insert(name.to_owned(), None);
        Ok(())
    }

    pub(crate) async fn begin_reading(&self, name: &str, after: Option<Seq>) -> Result<()> {
        let mut batch = self.0.store.begin().await?;
        if store::event::known_reader(batch.conn(), name).await?.is_some() {
            return batch.rollback().await;
        }
        let place = after.unwrap_or(batch.last()).min(batch.last());
        batch.set_reader(name, place).await?;
        batch.commit().await?;
        self.remember(name, Reading { written: place, seen: place })
    }

    /// Goes on without anything to send.
    pub(crate) async fn read_up_to(&self, name: &str, reading: Reading, seen: Seq) -> Result<()> {
        if seen.0 - reading.written.0 < UNWRITTEN {
            return self.remember(name, Reading { seen, ..reading });
        }
        self.write_down(name, reading, seen, "", Vec::new()).await.map(|_| ())
    }

    async fn write_down(
        &self,
        name: &str,
        reading: Reading,
        last: Seq,
        route: &str,
        planned: Vec<(Seq, Parcel)>,
    ) -> Result<usize> {
        let now = self.now();
        let mut batch = self.0.store.begin().await?;
        let written = store::event::known_reader(batch.conn(), name).await?.unwrap_or(last);
        if written != reading.written {
            // Another process went through the same events meanwhile; then its rows stand, and we go on behind them.
            batch.rollback().await?;
            self.remember(name, Reading { written, seen: written })?;
            return Ok(0);
        }
        let mut queued = 0;
        for (seq, parcel) in planned {
            queued += usize::from(batch.queue_delivery(delivery(route, seq, parcel), now).await?.is_some());
        }
        batch.set_reader(name, last).await?;
        batch.commit().await?;
        self.remember(name, Reading { written: last, seen: last })?;
        Ok(queued)
    }

    /// Queues what a carrier sends to one endpoint of some events, once for each `mark`; answers how many are new.
    pub(crate) async fn queue_again(
        &self,
        carrier: &Arc<dyn Carrier>,
        to: &model::webhook::Webhook,
        events: &[Recorded],
        mark: &str,
    ) -> Result<usize> {
        let mut planned = Vec::new();
        for event in events {
            planned.extend(carrier.parcels_again(self, event, to).await?.into_iter().map(|p| (event.seq, p)));
        }
        if planned.is_empty() {
            return Ok(0);
        }
        let now = self.now();
        let mut queued = 0;
        let mut batch = self.0.store.begin().await?;
        for (seq, mut parcel) in planned {
            parcel.recipient = format!("{} again {mark}", parcel.recipient);
            queued += usize::from(batch.queue_delivery(delivery(carrier.route(), seq, parcel), now).await?.is_some());
        }
        batch.commit().await?;
        Ok(queued)
    }
}

fn delivery(route: &str, seq: Seq, parcel: Parcel) -> NewDelivery {
    NewDelivery {
        seq,
        route: route.to_owned(),
        lane: parcel.lane,
        ticket: parcel.ticket,
        comment: parcel.comment,
        recipient: parcel.recipient,
        body: parcel.body,
        webhook: parcel.webhook,
        topic: parcel.topic,
        message_id: parcel.message_id,
    }
}
