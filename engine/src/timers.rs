//! Time: what is due is looked up every second by the wall clock, so it fires once, survives restarts, and follows when the
//! clock is moved. Whether something really fires, `decide` says under the write lock.

use crate::execute::Work;
use crate::{Caller, Engine, Inner, Tolerate as _};
use model::Result;
use model::command::Command;
use model::id::TicketId;
use std::sync::Weak;
use std::time::Duration;

/// Tickets that are looked at in one go.
const AT_ONCE: usize = 200;

pub(crate) async fn run(engine: Weak<Inner>) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    if let Some(inner) = engine.upgrade() {
        Engine(inner).go_by_policy().await.tolerate("going by the hours that the settings file has now");
    }
    loop {
        tick.tick().await;
        let Some(inner) = engine.upgrade() else { return };
        Engine(inner).fire_timers().await.tolerate("firing timers");
    }
}

pub(crate) async fn housekeeping(engine: Weak<Inner>) {
    let mut tick = tokio::time::interval(Duration::from_secs(5));
    let mut rounds: u64 = 0;
    loop {
        tick.tick().await;
        let Some(inner) = engine.upgrade() else { return };
        let engine = Engine(inner);
        engine.flush_views().await.tolerate("counting views");
        if rounds.is_multiple_of(12) {
            engine.forget_hits().await.tolerate("forgetting counted requests");
        }
        if rounds.is_multiple_of(720) {
            engine.submit(Work::ForgetOld).await.map(|_| ()).tolerate("forgetting old keys");
            engine.sweep_files().await.tolerate("sweeping unused files");
        }
        if rounds.is_multiple_of(17_280) {
            engine.sweep_orphans().await.tolerate("sweeping files that nothing names");
        }
        rounds += 1;
    }
}

impl Engine {
    /// Has the store go by the policy that this process was started with, where the settings file has changed since: for a
    /// server, not for a command beside it, which may have been given other settings.
    pub async fn go_by_policy(&self) -> Result<()> {
        self.submit(Work::KeepAutoClose).await.map(|_| ())
    }

    /// Fires what is due; answers how many tickets something happened to.
    pub async fn fire_timers(&self) -> Result<usize> {
        let mut fired = 0;
        let mut after = None;
        loop {
            let due = store::ticket::due_timers(&mut self.0.store.read().await?, self.now(), after, AT_ONCE).await?;
            let more = due.len() == AT_ONCE;
            after = due.last().copied();
            let due: Vec<TicketId> = due.into_iter().map(|(_, id)| id).collect();
            let system = Caller::system("timers");
            let commands = due.into_iter().map(|id| self.execute(&system, Command::FireTimers(id)));
            for outcome in futures_util::future::join_all(commands).await {
                match outcome {
                    Ok(outcome) => fired += usize::from(!outcome.events.is_empty()),
                    // One that fails must not hold up the others.
                    failed => failed.map(drop).tolerate("firing a ticket's timers"),
                }
            }
            if !more {
                return Ok(fired);
            }
        }
    }

    /// Counts a view of a ticket; it is written with others after a few seconds.
    pub fn view(&self, id: TicketId) {
        if let Ok(mut views) = self.0.views.lock()
            && views.len() < 100_000
        {
            *views.entry(id).or_default() += 1;
        }
    }

    /// Writes the views that were counted.
    pub async fn flush_views(&self) -> Result<()> {
        let views: Vec<(TicketId, i64)> = match self.0.views.lock() {
            Ok(mut views) => views.drain().collect(),
            Err(_) => return Ok(()),
        };
        for chunk in views.chunks(500) {
            self.execute(&Caller::system("views"), Command::CountViews(chunk.to_vec())).await?;
        }
        Ok(())
    }
}
