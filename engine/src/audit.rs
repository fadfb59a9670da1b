//! The audit log: who asked for which change from where, and what came of it.
//!
//! Whoever carries out changes for somebody notes them here (`Engine::note`); one writer takes what has gathered and writes it
//! a few times a second, beside the batches that write events. The queue is bounded: when it is full, those who note wait,
//! and nothing is dropped. An engine that is closed writes what was noted before it ends.

use crate::{Caller, Engine, Inner};
use model::access::{self, Operation};
pub use model::audit::{Act, AuditEntry, AuditFilter, status_of};
use model::id::UserId;
use model::query::{Page, Slice};
use model::{Actor, Error, Result, Time};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout_at;

/// Lines that may wait.
const QUEUE: usize = 4_096;
/// Lines that are written in one go.
const BATCH: usize = 1_024;
/// How long the first of them waits for others.
const EVERY: Duration = Duration::from_millis(250);
/// After a failure, how long until the next try, and how many tries there are when the engine closes.
const AGAIN: Duration = Duration::from_secs(1);
const LAST_TRIES: usize = 5;
/// How long a reader waits for what was noted before.
const PATIENCE: Duration = Duration::from_secs(2);

tokio::task_local! {
    /// Who acts, as soon as it is known.
    static WHO: Who;
}

/// Where it is written down who acts; the first who is named stays.
pub type Who = Arc<OnceLock<Actor>>;

/// Does the work where it is heard who acts.
pub fn hearing<F: Future>(who: Who, work: F) -> impl Future<Output = F::Output> {
    WHO.scope(who, work)
}

/// Says who acts: the caller, or somebody who signs in. Where nobody listens, it is said in vain.
pub fn acts(actor: &Actor) {
    if actor.user().is_some() {
        _ = WHO.try_with(|who| who.set(actor.clone()).is_ok());
    }
}

pub(crate) enum Line {
    Act(Time, Box<Act>),
    /// Whoever asks wants to read what was noted so far.
    Flush(oneshot::Sender<()>),
}

/// The queue's end that notes, and the writer at the other.
#[derive(Default)]
pub(crate) struct Audit {
    queue: Mutex<Option<mpsc::Sender<Line>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    pub(crate) fn start(&self, engine: Weak<Inner>) -> Result<()> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        self.queue.lock().map_err(Error::internal)?.replace(queue);
        self.writer.lock().map_err(Error::internal)?.replace(tokio::spawn(write(engine, waiting)));
        Ok(())
    }

    fn sender(&self) -> Option<mpsc::Sender<Line>> {
        self.queue.lock().ok().and_then(|queue| queue.clone())
    }

    /// Writes what was noted; afterwards nothing can be.
    pub(crate) async fn close(&self) {
        let queue = self.queue.lock().ok().and_then(|mut queue| queue.take());
        drop(queue);
        let writer = self.writer.lock().ok().and_then(|mut writer| writer.take());
        if let Some(writer) = writer
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "the audit log's writer failed");
        }
    }
}

async fn write(engine: Weak<Inner>, mut waiting: mpsc::Receiver<Line>) {
    let mut open = true;
    while open {
        let (mut acts, mut readers) = (Vec::new(), Vec::new());
        let mut until = None;
        // The first line sets the time at which all of them are written, a reader or a full batch brings it forward.
        while acts.len() < BATCH && readers.is_empty() {
            let line = match until {
                None => waiting.recv().await,
                Some(until) => match timeout_at(until, waiting.recv()).await {
                    Ok(line) => line,
                    Err(_) => break,
                },
            };
            match line {
                Some(Line::Act(at, act)) => acts.push((at, *act)),
                Some(Line::Flush(reader)) => readers.push(reader),
                None => {
                    open = false;
                    break;
                }
            }
            until = until.or_else(|| Some(tokio::time::Instant::now() + EVERY));
        }
        let Some(inner) = engine.upgrade() else { return };
        written(&Engine(inner), &mut acts, &waiting).await;
        for reader in readers {
            // Whoever asked may have stopped waiting.
            reader.send(()).ok();
        }
    }
}

/// Writes the lines, however long it takes; only a closing engine gives up.
async fn written(engine: &Engine, acts: &mut Vec<(Time, Act)>, waiting: &mpsc::Receiver<Line>) {
    let mut tries = 0;
    while !acts.is_empty() {
        let Err(error) = engine.write_acts(acts).await else { return };
        if waiting.is_closed() {
            tries += 1;
            if tries == LAST_TRIES {
                tracing::error!(%error, lines = acts.len(), "lines of the audit log are lost");
                return;
            }
        }
        tracing::warn!(%error, lines = acts.len(), "the audit log could not be written; trying again");
        tokio::time::sleep(AGAIN).await;
    }
}

impl Engine {
    /// Notes a change that somebody asked for, whatever came of it. It waits only where thousands wait to be written.
    pub async fn note(&self, act: Act) {
        let line = Line::Act(self.now(), Box::new(act.bounded()));
        let Some(queue) = self.0.audit.sender() else {
            tracing::error!("a change was asked for after the audit log had been closed");
            return;
        };
        if queue.send(line).await.is_err() {
            tracing::error!("the audit log's writer is gone");
        }
    }

    /// The same for whoever can't wait, because their caller has gone away.
    pub fn note_soon(&self, act: Act) {
        let Some(queue) = self.0.audit.sender() else { return };
        let line = Line::Act(self.now(), Box::new(act.bounded()));
        if let (Err(mpsc::error::TrySendError::Full(line)), Ok(runtime)) =
            (queue.try_send(line), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(async move { queue.send(line).await });
        }
    }

    /// The same for a door that is no HTTP surface: does the work, and notes it with its outcome and how long it took.
    pub async fn noted<T>(
        &self,
        by: &Caller,
        door: &str,
        action: &str,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let began = Instant::now();
        let done = work.await;
        self.note(Act {
            action: action.to_owned(),
            path: action.to_owned(),
            method: door.to_owned(),
            status: status_of(&done),
            latency_ms: took(began),
            ..act_of(&by.actor)
        })
        .await;
        done
    }

    async fn write_acts(&self, acts: &mut Vec<(Time, Act)>) -> Result<()> {
        let nameless: Vec<UserId> =
            acts.iter().filter(|(_, act)| act.username.is_none()).filter_map(|(_, act)| act.user).collect();
        if !nameless.is_empty() {
            let people = self.known_people(&nameless).await?;
            let names: HashMap<UserId, String> =
                people.iter().map(|p| (p.id, p.profile.username.clone().unwrap_or_else(|| p.name()))).collect();
            for (_, act) in acts.iter_mut().filter(|(_, act)| act.username.is_none()) {
                act.username = act.user.and_then(|user| names.get(&user).cloned());
            }
        }
        self.0.store.write_audit(acts).await
    }

    /// Waits until what was noted so far can be read.
    async fn settle_audit(&self) {
        let Some(queue) = self.0.audit.sender() else { return };
        let (reader, told) = oneshot::channel();
        let asked = async {
            if queue.send(Line::Flush(reader)).await.is_ok() {
                told.await.ok();
            }
        };
        // A database that can't be written to must not keep administrators from reading.
        tokio::time::timeout(PATIENCE, asked).await.ok();
    }

    /// Lines of the audit log, the newest first; with what this process noted before.
    pub async fn audit_log(&self, actor: &Actor, filter: AuditFilter, page: &Page) -> Result<Slice<AuditEntry>> {
        access::in_general(actor, Operation::ReadAudit)?;
        let filter = filter.check()?;
        self.settle_audit().await;
        store::audit::list(&mut self.0.store.read().await?, &filter, page).await
    }

    /// The same by number of page, with how many there are.
    pub async fn audit_numbered(
        &self,
        actor: &Actor,
        filter: AuditFilter,
        part: crate::Numbers,
    ) -> Result<crate::Numbered<AuditEntry>> {
        let page = Page { offset: part.skip, ..Page::first(part.limit) };
        let slice = self.audit_log(actor, filter.clone(), &page).await?;
        let total = self.count_audit(actor, filter).await?;
        Ok(crate::Numbered { items: slice.items.into_iter().map(|(_, line)| line).collect(), total })
    }

    pub async fn count_audit(&self, actor: &Actor, filter: AuditFilter) -> Result<i64> {
        access::in_general(actor, Operation::ReadAudit)?;
        store::audit::count(&mut self.0.store.read().await?, &filter.check()?).await
    }

    /// Forgets the lines from before an instant, at most so many by one statement.
    pub(crate) async fn forget_audit(&self, before: Time, most: i64) -> Result<i64> {
        let mut all = 0;
        loop {
            let gone = i64::try_from(self.0.store.forget_audit(before, most).await?).unwrap_or(i64::MAX);
            all += gone;
            if gone < most {
                return Ok(all);
            }
        }
    }
}

/// A line that says who, and nothing else yet.
pub fn act_of(actor: &Actor) -> Act {
    Act {
        user: actor.user(),
        username: actor.system_name(),
        role: actor.role(),
        action: String::new(),
        method: String::new(),
        path: String::new(),
        status: 0,
        client_ip: None,
        latency_ms: 0,
    }
}

/// Whole milliseconds since then.
pub fn took(began: Instant) -> i64 {
    i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX)
}
