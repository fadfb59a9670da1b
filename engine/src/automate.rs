//! Rules at work: a reader of the log that has them act on what happened, in order, each on each event once.
//!
//! Never inside the request: the reader comes behind the commit, with a place of its own in the log. What the rules do on an
//! event, what is noted of it, and the new place are one transaction of the writer, so that a process that dies has done all
//! of it or nothing, and a second process finds it done. Which rules there are is read under the write lock: one that was
//! switched off a moment ago does nothing. An event that a rule has caused sets off none, nor does the note of a machine's mail.

use crate::dispatch::Reading;
use crate::execute::{Outcome, Work, command_done};
use crate::hub::linger;
use crate::{Act, Caller, Engine, Inner, Tolerate as _, act_of};
use model::actor::ActingRule;
use model::automation::condition::{Condition, Field};
use model::automation::{Done, Rule, Running, Subject, braked};
use model::event::{Event, Recorded};
use model::id::Seq;
use model::ticket::Ticket;
use model::time::HOUR;
use model::{Actor, Error, Result};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use store::Batch;

/// The reader's name beside its place.
const READER: &str = "automation";
/// How often an event is tried on which the store fails, before rules pass it over.
const TRIES: u32 = 3;

/// What a reader keeps in mind.
#[derive(Default)]
pub(crate) struct Automation {
    /// How often rules have changed.
    changes: AtomicU64,
    active: Mutex<Option<(u64, Arc<Vec<Rule>>)>>,
    /// One looks at the log at a time, for it acts in order.
    turn: tokio::sync::Mutex<()>,
    /// The event on which the store failed, and how often.
    stumble: Mutex<(Seq, u32)>,
}

impl Automation {
    /// Follows the log.
    pub(crate) fn observe(&self, event: &Event) {
        if matches!(event, Event::RuleCreated { .. } | Event::RuleEdited { .. } | Event::RuleDeleted { .. }) {
            self.changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Whether the store has failed on this event often enough.
    fn gives_up(&self, seq: Seq) -> bool {
        let mut stumble = self.stumble.lock().unwrap_or_else(PoisonError::into_inner);
        let times = if stumble.0 == seq { stumble.1 + 1 } else { 1 };
        *stumble = (seq, times % TRIES);
        times >= TRIES
    }
}

/// Lives as long as the engine.
pub(crate) async fn run(engine: Weak<Inner>) {
    let mut live = match engine.upgrade() {
        Some(inner) => inner.hub.listen(),
        None => return,
    };
    loop {
        {
            let Some(inner) = engine.upgrade() else { return };
            Engine(inner).automate().await.map(|_| ()).tolerate("having rules act");
        }
        // The next event wakes us; what failed is looked at again by the clock.
        tokio::select! {
            _ = live.recv() => linger(&mut live).await,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

impl Engine {
    /// Has rules act on everything that has happened so far; answers on how many events they were set off.
    pub async fn automate(&self) -> Result<usize> {
        let _turn = self.0.automation.turn.lock().await;
        let mut acted = 0;
        while let Some(more) = self.automate_page().await? {
            acted += more;
        }
        Ok(acted)
    }

    /// The rules that are switched on, as of every event that was handed on before this is asked.
    async fn active_rules(&self) -> Result<Arc<Vec<Rule>>> {
        let automation = &self.0.automation;
        let changes = automation.changes.load(Ordering::SeqCst);
        let kept = automation.active.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((of, rules)) = kept
            && of == changes
        {
            return Ok(rules);
        }
        let rules = Arc::new(store::automation::rule::active(&mut self.0.store.read().await?).await?);
        *automation.active.lock().unwrap_or_else(PoisonError::into_inner) = Some((changes, rules.clone()));
        Ok(rules)
    }

    /// Nothing where there is nothing left to look at.
    async fn automate_page(&self) -> Result<Option<usize>> {
        // Looked at before the rules are: they are as new as this place, at least.
        let last = self.0.hub.last();
        let rules = self.active_rules().await?;
        let Some(mut reading) = self.reading(READER).await? else {
            // A rule that is made meanwhile acts on what happens after it, and nothing of that is behind `last`.
            self.begin_reading(READER, rules.iter().map(|rule| rule.since).min().or(Some(last))).await?;
            return Ok(Some(0));
        };
        if last <= reading.seen() {
            return Ok(None);
        }
        if rules.is_empty() {
            self.read_up_to(READER, reading, last).await?;
            return Ok(None);
        }
        let mut conn = self.0.store.read().await?;
        let mut events = store::event::after(&mut conn, reading.seen(), crate::hub::PAGE).await?;
        drop(conn);
        events.retain(|event| event.seq <= last);
        let Some(end) = events.last().map(|event| event.seq) else { return Ok(None) };
        let mut acted = 0;
        for event in events {
            if !rules.iter().any(|rule| rule.hears(&event)) {
                continue;
            }
            let seq = event.seq;
            if self.set_off(Arc::new(event)).await? {
                reading = Reading::at(seq);
                self.remember(READER, reading)?;
                acted += 1;
            } else {
                // Another process is further than we are.
                self.forget_reading(READER)?;
                return Ok(Some(acted));
            }
        }
        self.read_up_to(READER, reading, end).await?;
        Ok(Some(acted))
    }

    /// Whether the store can be written to at all.
    async fn takes_writes(&self) -> bool {
        match self.0.store.begin().await {
            Ok(batch) => batch.rollback().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Has rules act on one event; false where that was done before.
    async fn set_off(&self, event: Arc<Recorded>) -> Result<bool> {
        let seq = event.seq;
        let outcome = match self.submit(Work::RunRules { event: event.clone(), broken: None }).await {
            // Only where the store takes other things: then it is the event's fault.
            Err(error)
                if !matches!(error, Error::Busy { .. })
                    && self.0.automation.gives_up(seq)
                    && self.takes_writes().await =>
            {
                tracing::error!(%error, %seq, "rules can't act on an event; it is passed over");
                let broken = Some("an internal error occurred".to_owned());
                self.submit(Work::RunRules { event, broken }).await?
            }
            other => other?,
        };
        for run in &outcome.runs {
            let actor = Actor::Rule(ActingRule { id: run.rule, name: run.rule_name.clone() });
            self.note(Act {
                action: format!("rule {}", run.rule),
                path: format!("ticket {}: {}", run.ticket, run.trigger.word()),
                method: "RULE".to_owned(),
                status: if run.succeeded() { 200 } else { 409 },
                latency_ms: run.milliseconds,
                ..act_of(&actor)
            })
            .await;
        }
        Ok(!outcome.repeated)
    }
}

/// Has the rules act that hear an event, one after the other, each on what those before it have made of the ticket. `broken`:
/// nothing is done, and the lines say why.
pub(crate) async fn act(
    engine: &Engine,
    batch: &mut Batch<'_>,
    event: &Arc<Recorded>,
    broken: Option<&str>,
) -> Result<Outcome> {
    let mut outcome = Outcome::nothing(crate::Subject::Nothing);
    let place = store::event::known_reader(batch.conn(), READER).await?;
    if place.is_some_and(|place| place >= event.seq) {
        outcome.repeated = true;
        return Ok(outcome);
    }
    batch.settle().await?;
    let mut rules = store::automation::rule::active(batch.conn()).await?;
    rules.retain(|rule| rule.hears(event));
    let ticket = match event.event.ticket() {
        Some(id) if !rules.is_empty() => store::ticket::by_id(batch.conn(), id).await?,
        _ => None,
    };
    // What is gone, or went into another, is nobody's to act on.
    if let Some(mut ticket) = ticket.filter(|ticket| ticket.deleted_at.is_none() && ticket.merged_into.is_none()) {
        let mut around = Around::of(event);
        for rule in &rules {
            let began = Instant::now();
            around.load(batch, &rule.form.conditions, &ticket).await?;
            if !rule.acts_on(&around.subject(&ticket)) {
                continue;
            }
            let mut run = Running {
                rule: rule.id,
                rule_name: rule.form.name.clone(),
                ticket: ticket.id,
                seq: event.seq,
                trigger: rule.form.trigger,
                done: Vec::with_capacity(rule.form.actions.len()),
                milliseconds: 0,
            };
            let lately =
                store::automation::run::lately(batch.conn(), rule.id, ticket.id, engine.now().plus(-HOUR)).await?;
            let broken = broken.or_else(|| braked(lately));
            let acting = ActingRule { id: rule.id, name: rule.form.name.clone() };
            let caller = Caller::new(Actor::Rule(acting));
            for action in &rule.form.actions {
                let failure = if let Some(why) = broken {
                    Some(why.to_owned())
                } else {
                    let command = action.command(&ticket, &rule.form.name);
                    match command_done(engine, batch, &caller, &command, None).await? {
                        Ok(done) => {
                            outcome.events.extend(done.events);
                            ticket = done.ticket.unwrap_or(ticket);
                            None
                        }
                        Err(refused) => Some(refused.to_string()),
                    }
                };
                run.done.push(Done { action: action.word().to_owned(), failure });
            }
            run.milliseconds = crate::took(began);
            batch.note_run(&run, engine.now()).await?;
            metrics::counter!("echodesk_rule_runs_total", "success" => run.succeeded().to_string()).increment(1);
            outcome.runs.push(run);
        }
    }
    batch.set_reader(READER, event.seq).await?;
    Ok(outcome)
}

/// What conditions ask for beside the ticket, loaded when the first of them asks.
#[derive(Default)]
struct Around {
    comment: Option<String>,
    description: Option<String>,
    email: Option<String>,
    category: Option<(model::id::CategoryId, String)>,
    loaded: Vec<Field>,
}

impl Around {
    fn of(event: &Recorded) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only one of many has a comment's text")]
        let comment = match &event.event {
            Event::CommentAdded { comment, .. } => Some(comment.body.as_str().to_owned()),
            _ => None,
        };
        Self { comment, ..Self::default() }
    }

    async fn load(&mut self, batch: &mut Batch<'_>, conditions: &[Condition], ticket: &Ticket) -> Result<()> {
        for condition in conditions {
            let again =
                condition.field == Field::Category && self.category.as_ref().map(|(id, _)| *id) != ticket.category;
            if self.loaded.contains(&condition.field) && !again {
                continue;
            }
            self.loaded.push(condition.field);
            #[expect(clippy::wildcard_enum_match_arm, reason = "the others are fields of the ticket itself")]
            match condition.field {
                Field::Content => {
                    let found = store::comment::by_id(batch.conn(), ticket.description).await?;
                    self.description = found.map(|comment| comment.body.into_string());
                }
                Field::RequesterEmail => {
                    let found = store::people::by_id(batch.conn(), ticket.requester).await?;
                    self.email = found.and_then(|user| user.profile.email).map(|email| email.into_string());
                }
                Field::Category => {
                    self.category = match ticket.category {
                        Some(id) => store::category::by_id(batch.conn(), id).await?.map(|known| (id, known.form.key)),
                        None => None,
                    };
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn subject<'a>(&'a self, ticket: &'a Ticket) -> Subject<'a> {
        Subject {
            ticket,
            description: self.description.as_deref(),
            comment: self.comment.as_deref(),
            requester_email: self.email.as_deref(),
            category_key: self.category.as_ref().map(|(_, key)| key.as_str()),
        }
    }
}
