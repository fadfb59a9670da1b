//! The writer: takes the commands that wait, decides and applies each in one transaction, commits once, answers everyone.
//!
//! That is group commit: the disk is synced once per batch, not once per command. A command that is refused has written
//! nothing, because rules are decided before anything is written. Where the database itself refuses a statement, the whole
//! batch is rolled back and its commands are carried out one by one, so that the faulty one fails alone.

use crate::caller::{LONGEST_KEY, is_key};
use crate::facts;
use crate::seat::Seat;
use crate::subject::{Subject, subject_of};
use crate::{Caller, Engine, Inner, Tolerate as _};
use model::automation::Running;
use model::command::{Command, Request};
use model::decide::{Scene, decide};
use model::event::{Event, Recorded};
use model::id::{CommentId, InboundId, TicketId};
use model::inbound::InboundState;
use model::ticket::Ticket;
use model::{Actor, Error, Result};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use store::inbound::NewInbound;
use store::{Batch, Rules, Uncommitted};
use tokio::sync::{mpsc, oneshot};

/// Commands that may wait; more are told to come back.
pub(crate) const QUEUE: usize = 4_096;
/// Commands that one transaction carries.
const BATCH: usize = 256;

/// How long a reader waits for what was posted.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a batch waits at most for those who came along the last time.
const GATHER: Duration = Duration::from_millis(1);

/// What a command led to.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub subject: Subject,
    /// The ticket as it stands after a command on a ticket or comment.
    pub ticket: Option<Ticket>,
    /// The ticket as it stood before it.
    pub before: Option<Ticket>,
    /// Empty where the command asked for what was so already, or had been carried out before.
    pub events: Vec<Arc<Recorded>>,
    /// It had been carried out before: the first answer stands.
    pub repeated: bool,
    refusal: Option<Error>,
    /// What rules did, where they were to.
    pub(crate) runs: Vec<Running>,
}

impl Outcome {
    fn changes_policy(&self) -> bool {
        self.events.iter().any(|recorded| crate::settings::concerns(&recorded.event))
    }

    /// As whom the answer is read. Who did it just now may see what became of it; who did it before may have lost the right.
    pub(crate) fn reader<'a>(&self, by: &'a Caller) -> &'a Actor {
        if self.repeated { &by.actor } else { &Actor::System("answer") }
    }

    /// Nothing happened, so far.
    pub(crate) fn nothing(subject: Subject) -> Self {
        Self {
            subject,
            ticket: None,
            before: None,
            events: Vec::new(),
            repeated: false,
            refusal: None,
            runs: Vec::new(),
        }
    }
}

/// Something for the writer to do.
pub(crate) struct Job {
    pub work: Work,
    pub answer: oneshot::Sender<Result<Outcome>>,
}

#[expect(clippy::large_enum_variant, reason = "most of them are commands")]
pub(crate) enum Work {
    Command {
        caller: Caller,
        command: Command,
        /// The raw message that it settles, in the same transaction.
        settles: Option<InboundId>,
    },
    StoreInbound(NewInbound),
    SettleInbound {
        id: InboundId,
        state: InboundState,
        why: Option<String>,
        went: Option<(TicketId, CommentId)>,
    },
    MendInbound {
        id: InboundId,
        raw: store::inbound::Raw,
        size: i64,
    },
    /// Has rules act on an event, or notes why they can't.
    RunRules {
        event: Arc<Recorded>,
        broken: Option<String>,
    },
    ForgetOld,
    /// Has the store go by the policy that this server started with.
    KeepAutoClose,
}

impl Engine {
    /// Carries out a command, durably, and answers what happened.
    pub async fn execute(&self, by: &Caller, command: Command) -> Result<Outcome> {
        self.submit(Work::Command { caller: by.clone(), command, settles: None }).await
    }

    pub(crate) async fn submit(&self, work: Work) -> Result<Outcome> {
        self.enqueue(work).await?.await.map_err(|_| Error::internal("the writer went away"))?
    }

    /// Has it carried out without waiting for what comes of it: for what must take the same time whether there is something
    /// to do or not. Who has to see what came of it, waits by `posted`.
    pub(crate) async fn post(&self, work: Work) -> Result<()> {
        let done = self.enqueue(work).await?;
        self.0.posted.send_modify(|count| *count += 1);
        let engine = self.clone();
        tokio::spawn(async move {
            if let Ok(Err(error)) = done.await {
                tracing::warn!(%error, "what nobody waited for failed");
            }
            engine.0.posted.send_modify(|count| *count = count.saturating_sub(1));
        });
        Ok(())
    }

    /// Waits, but not for ever, until everything is carried out that was posted.
    pub(crate) async fn posted(&self) {
        let mut posted = self.0.posted.subscribe();
        let done = posted.wait_for(|count| *count == 0);
        tokio::time::timeout(PATIENCE, done).await.tolerate("waiting for what was posted");
    }

    async fn enqueue(&self, work: Work) -> Result<oneshot::Receiver<Result<Outcome>>> {
        let jobs = self.0.jobs.lock().map_err(Error::internal)?.clone();
        let jobs = jobs.ok_or(Error::Busy { after_ms: 1_000 })?;
        let (answer, wait) = oneshot::channel();
        // A full queue pushes back for a moment, then tells the caller to come again.
        let sent = tokio::time::timeout(Duration::from_secs(5), jobs.send(Job { work, answer })).await;
        if !matches!(sent, Ok(Ok(()))) {
            return Err(Error::Busy { after_ms: 1_000 });
        }
        Ok(wait)
    }
}

/// The writer, in its seat. It ends when nobody can send any more.
pub(crate) async fn writer(engine: Weak<Inner>, mut waiting: mpsc::Receiver<Job>, seat: Seat) {
    let mut jobs = Vec::with_capacity(BATCH);
    let mut before = 1;
    let mut took = Duration::ZERO;
    loop {
        jobs.clear();
        if waiting.recv_many(&mut jobs, BATCH).await == 0 {
            return;
        }
        gather(&mut waiting, &mut jobs, before, took, seat).await;
        before = jobs.len();
        let Some(inner) = engine.upgrade() else { return };
        let engine = Engine(inner);
        let batch: Vec<Job> = std::mem::replace(&mut jobs, Vec::with_capacity(BATCH));
        metrics::histogram!("echodesk_batch_commands").record(batch.len() as f64);
        let began = Instant::now();
        carry_out(&engine, batch).await;
        took = began.elapsed() / u32::try_from(before).unwrap_or(1).max(1);
    }
}

/// Callers who were answered together come again together, but not at the same instant: where the last batch was larger
/// than what waits now, the others get a moment to arrive, so that they share one sync of the disk instead of two. The
/// moment is a fraction of what a commit costs here, so nobody waits long for callers who don't come.
async fn gather(waiting: &mut mpsc::Receiver<Job>, jobs: &mut Vec<Job>, before: usize, commit: Duration, seat: Seat) {
    let wanted = before.min(BATCH);
    let until = Instant::now() + (commit / 4).min(GATHER);
    while jobs.len() < wanted {
        match seat {
            Seat::Task => tokio::task::yield_now().await,
            Seat::Thread => std::thread::yield_now(),
        }
        while jobs.len() < BATCH
            && let Ok(job) = waiting.try_recv()
        {
            jobs.push(job);
        }
        if Instant::now() >= until {
            return;
        }
    }
}

async fn carry_out(engine: &Engine, batch: Vec<Job>) {
    let works: Vec<&Work> = batch.iter().map(|job| &job.work).collect();
    let mut results = Vec::with_capacity(works.len());
    while let Some(rest) = works.get(results.len()..).filter(|rest| !rest.is_empty()) {
        match attempt(engine, rest).await {
            Ok(some) if !some.is_empty() => results.extend(some),
            Ok(_) => results.extend(rest.iter().map(|_| Err(logged(Error::internal("no answer"))))),
            Err(error) if rest.len() == 1 => results.push(Err(logged(error))),
            Err(error) => {
                tracing::warn!(%error, commands = rest.len(), "a batch failed; its commands are carried out one by one");
                for work in rest {
                    let alone = attempt(engine, &[work]).await.map_err(logged);
                    results.push(alone.and_then(|mut r| r.pop().unwrap_or_else(|| Err(Error::internal("no answer")))));
                }
            }
        }
    }
    for (job, result) in batch.into_iter().zip(results) {
        // A caller who has gone away is not told, but what they asked for has happened.
        job.answer.send(result).unwrap_or_default_gone();
    }
}

/// `send` gives back what nobody waits for.
trait Gone {
    fn unwrap_or_default_gone(self);
}

impl<T> Gone for std::result::Result<(), T> {
    fn unwrap_or_default_gone(self) {
        if self.is_err() {
            tracing::debug!("a caller did not wait for the answer");
        }
    }
}

fn logged(error: Error) -> Error {
    if let Error::Internal(why) = &error {
        tracing::error!(why, "a command failed");
    }
    error
}

/// Carries out as much of it as may be decided by the policy that is in force, in one transaction: what comes after a change
/// of the policy is left for the next. `Err`: nothing of it happened.
async fn attempt(engine: &Engine, works: &[&Work]) -> Result<Vec<Result<Outcome>>> {
    let inner = &engine.0;
    let mut batch = inner.store.begin_here().await?;
    if let Err(error) = inner.hub.catch_up_before(engine, &mut batch).await {
        batch.rollback().await?;
        return Err(error);
    }
    let mut results = Vec::with_capacity(works.len());
    for work in works {
        match perform(engine, &mut batch, work).await {
            Ok(done) => {
                let changes_policy = done.as_ref().is_ok_and(Outcome::changes_policy);
                results.push(done);
                if changes_policy {
                    break;
                }
            }
            Err(error) => {
                batch.rollback().await?;
                return Err(error);
            }
        }
    }
    match batch.conclude().await {
        Ok(()) => {}
        Err(Uncommitted::Undone(error)) => return Err(error),
        // Nothing is tried again, or it might happen twice.
        Err(Uncommitted::Unknown(error)) => {
            let error = logged(error);
            return Ok(results.iter().map(|_| Err(error.clone())).collect());
        }
    }
    let events = results.iter().flatten().flat_map(|outcome: &Outcome| outcome.events.iter().cloned());
    inner.hub.publish(engine, events.collect()).await;
    Ok(results.into_iter().map(|r| r.and_then(refusal)).collect())
}

/// A refusal that something followed from (a stolen refresh token ends its session) is told after it is committed.
fn refusal(outcome: Outcome) -> Result<Outcome> {
    match outcome.refusal {
        Some(refused) => Err(refused),
        None => Ok(outcome),
    }
}

/// The outer error fails the batch, the inner one only this command.
async fn perform(engine: &Engine, batch: &mut Batch<'_>, work: &Work) -> Result<Result<Outcome>> {
    let now = engine.now();
    match work {
        Work::Command { caller, command, settles } => command_done(engine, batch, caller, command, *settles).await,
        Work::StoreInbound(new) => {
            let id = batch.store_inbound(new.clone(), now).await?;
            Ok(Ok(Outcome::nothing(Subject::Inbound(id))))
        }
        Work::SettleInbound { id, state, why, went } => {
            batch.set_inbound(*id, *state, why.as_deref(), *went).await?;
            Ok(Ok(Outcome::nothing(Subject::Inbound(*id))))
        }
        Work::MendInbound { id, raw, size } => {
            batch.mend_inbound(*id, raw.clone(), *size).await?;
            Ok(Ok(Outcome::nothing(Subject::Inbound(*id))))
        }
        Work::RunRules { event, broken } => {
            Box::pin(crate::automate::act(engine, batch, event, broken.as_deref())).await.map(Ok)
        }
        Work::KeepAutoClose => {
            batch.keep_auto_close(engine.policy().auto_close_hours).await?;
            Ok(Ok(Outcome::nothing(Subject::Nothing)))
        }
        Work::ForgetOld => {
            let tokens = now.plus(-(engine.policy().refresh_days + 1) * model::time::DAY);
            batch.forget_old(tokens, now.plus(-7 * model::time::DAY)).await?;
            batch.forget_attempts(now.plus(-30 * model::time::DAY)).await?;
            batch.forget_deliveries(now.plus(-90 * model::time::DAY)).await?;
            batch.forget_runs(now.plus(-30 * model::time::DAY)).await?;
            Ok(Ok(Outcome::nothing(Subject::Nothing)))
        }
    }
}

pub(crate) async fn command_done(
    engine: &Engine,
    batch: &mut Batch<'_>,
    caller: &Caller,
    command: &Command,
    settles: Option<InboundId>,
) -> Result<Result<Outcome>> {
    if let Some(origin) = &caller.once.origin
        && let Some((ticket, comment)) = store::once::origin(batch.conn(), origin).await?
    {
        if let Some(id) = settles {
            batch.set_inbound(id, InboundState::Duplicate, None, Some((ticket, comment))).await?;
        }
        let subject = Subject::Comment(comment, ticket);
        return Ok(Ok(Outcome { repeated: true, ..Outcome::nothing(subject) }));
    }
    let key = match (&caller.once.key, caller.actor.user()) {
        // Setting a password twice is harmless, and whether it is the same one can't be seen. A second factor is shown once.
        (Some(_), Some(_)) if is_secret(command) => None,
        (Some(key), Some(user)) => {
            if !is_key(key) {
                let problem = format!("must have 1 to {LONGEST_KEY} characters");
                return Ok(Err(Error::invalid("idempotency_key", problem)));
            }
            Some((user.0, key, crate::secret::digest(format!("{command:?}"))))
        }
        _ => None,
    };
    if let Some((user, key, print)) = &key
        && let Some((known, subject)) = store::once::key(batch.conn(), *user, key).await?
    {
        if known != *print {
            return Ok(Err(Error::conflict("idempotency_key", "the key was used for another request before")));
        }
        let subject = Subject::read(&subject);
        return Ok(Ok(Outcome { repeated: true, ..Outcome::nothing(subject) }));
    }
    if !matches!(command, Command::OpenTicket(open) if open.follows.is_none()) {
        batch.settle().await?;
    }
    let facts = match facts::load(batch, &caller.actor, command).await {
        Ok(facts) => facts,
        Err(error @ Error::Internal(_)) => return Err(error),
        Err(refused) => return Ok(Err(refused)),
    };
    let request = Request {
        command: command.clone(),
        once: caller.once.clone(),
        expected_version: caller.expected_version,
        ignores_deleted: caller.ignores_deleted,
    };
    let now = engine.now();
    let policy = engine.policy();
    let scene = Scene { facts: &facts, actor: &caller.actor, policy: &policy, now };
    let mut counters = batch.counters.clone();
    let decision = match decide(&scene, &request, &mut counters) {
        Ok(decision) => decision,
        Err(refused) => return Ok(Err(refused)),
    };
    // Events take their places from the same counters, so they are handed over before the first is applied.
    batch.counters = counters;
    let rules = Rules {
        zone: policy.zone,
        auto_close_hours: policy.auto_close_hours,
        auto_close_default: engine.0.settings.auto_close_default(),
    };
    let mut ticket = facts.ticket.clone();
    let mut events = Vec::with_capacity(decision.events.len());
    for event in decision.events {
        // A ticket that was only just opened is no row yet that could be changed.
        if matches!(events.first(), Some(first) if is_opening(first)) {
            batch.settle().await?;
        }
        events.push(Arc::new(batch.apply(event, &caller.actor, &mut ticket, now, rules).await?));
    }
    // Due by a timer of another policy: the next look is when this one says.
    if let (Command::FireTimers(_), Some(ticket), true) = (command, &ticket, events.is_empty()) {
        batch.set_timer(ticket, policy.auto_close_hours).await?;
    }
    let subject = subject_of(command, &facts, &events);
    if let Some((user, key, print)) = &key {
        batch.remember_key(*user, key, print, &subject.write(), now).await?;
    }
    if let (Some(ticket), Some(comment)) = (&ticket, comment_of(&events)) {
        if let Some(origin) = &caller.once.origin {
            batch.remember_origin(origin, ticket.id, comment, now).await?;
        }
        if let Some(id) = settles {
            batch.set_inbound(id, InboundState::Processed, None, Some((ticket.id, comment))).await?;
        }
    }
    let refusal = decision.refusal;
    Ok(Ok(Outcome { ticket, before: facts.ticket, events, refusal, ..Outcome::nothing(subject) }))
}

fn is_opening(recorded: &Arc<Recorded>) -> bool {
    matches!(recorded.event, Event::TicketOpened { .. })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
fn is_secret(command: &Command) -> bool {
    match command {
        Command::SetPassword(..) | Command::EnableSecondFactor(_) => true,
        Command::EditAccount(_, edit) => edit.password.is_some(),
        _ => false,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
fn comment_of(events: &[Arc<Recorded>]) -> Option<CommentId> {
    events.iter().find_map(|r| match &r.event {
        Event::TicketOpened { description, .. } => Some(description.id),
        Event::CommentAdded { comment, .. } => Some(comment.id),
        _ => None,
    })
}
