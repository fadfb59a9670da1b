//! Resumable streams: replay from a cursor, then live, without a gap and without a repetition.

use crate::{Engine, see};
use futures_util::stream::BoxStream;
use model::event::{Event, Recorded};
use model::id::Seq;
use model::notice::Notice;
use model::query::{Cursor, EventFilter};
use model::{Actor, Error, Result};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

impl Engine {
    /// What the actor was notified of by one event that the engine has given to them.
    pub async fn notices_of(&self, actor: &Actor, recorded: &Recorded) -> Result<Vec<Notice>> {
        let user = actor.user().ok_or_else(model::access::sign_in)?;
        model::access::in_general(actor, model::access::Operation::ReadNotifications)?;
        // Few events notify anybody, and hardly ever this reader; the rows are read back because they have the ids.
        if !model::notice::may_tell(recorded, user, actor.role()) {
            return Ok(Vec::new());
        }
        store::notification::of_event(&mut self.0.store.read().await?, user, recorded.seq).await
    }

    /// The events that the actor may see, after a cursor (`0`: from the beginning of what is kept) or from now on.
    /// It ends with `Unauthenticated` when the actor's credential does: whoever reads must not take that for an end of
    /// what happens.
    ///
    /// # Errors
    /// `ResyncRequired` when the cursor is of another log, ahead of this one, or older than what is replayed.
    pub async fn events(
        &self,
        actor: &Actor,
        after: Option<&str>,
        filter: EventFilter,
    ) -> Result<BoxStream<'static, Result<Arc<Recorded>>>> {
        model::access::in_general(actor, model::access::Operation::ReadEvents)?;
        // Listen first, look at the log afterwards: what is committed in between is in both, and skipped once.
        let live = self.0.hub.listen();
        // Changes of the reader's own role before now are history; from here on they concern this stream.
        let fresh = self.0.hub.last();
        let after = match after {
            None => self.0.hub.last(),
            Some(text) => self.place(Cursor::parse(text)?).await?,
        };
        Ok(Box::pin(follow(self.clone(), actor.clone(), live, Span { after, fresh }, filter)))
    }

    /// The place of a cursor in this log, if it can be replayed from.
    pub(crate) async fn place(&self, cursor: Option<Cursor>) -> Result<Seq> {
        let oldest = self.oldest_replayed().await?;
        let Some(cursor) = cursor else { return Ok(oldest) };
        if cursor.epoch != self.0.epoch || cursor.seq < oldest {
            return Err(Error::ResyncRequired);
        }
        if cursor.seq > self.0.hub.last() {
            self.0.hub.catch_up(self).await?;
            if cursor.seq > self.0.hub.last() {
                return Err(Error::ResyncRequired);
            }
        }
        Ok(cursor.seq)
    }

    /// The place before the first event that is replayed.
    async fn oldest_replayed(&self) -> Result<Seq> {
        if self.0.replay_days <= 0 {
            return Ok(Seq(0));
        }
        let since = self.now().plus(-self.0.replay_days * model::time::DAY);
        store::event::last_before(&mut self.0.store.read().await?, since).await
    }

    /// What the actor is notified of from now on.
    pub async fn notification_stream(&self, actor: &Actor) -> Result<BoxStream<'static, Result<Notice>>> {
        model::access::in_general(actor, model::access::Operation::ReadNotifications)?;
        let (engine, reader) = (self.clone(), actor.clone());
        let events = self.events(actor, None, EventFilter::default()).await?;
        Ok(Box::pin(async_stream::stream! {
            for await event in events {
                match event {
                    Ok(event) => match engine.notices_of(&reader, &event).await {
                        Ok(notices) => for notice in notices { yield Ok(notice) },
                        Err(error) => yield Err(error),
                    }
                    Err(error) => yield Err(error),
                }
            }
        }))
    }
}

fn wanted(filter: &EventFilter, recorded: &Recorded) -> bool {
    let about = |ticket: Option<model::id::TicketId>| ticket.is_some_and(|t| filter.tickets.contains(&t));
    // A merge is an event of both tickets.
    let ticket = filter.tickets.is_empty() || about(recorded.event.ticket()) || about(recorded.event.other_ticket());
    let kind = filter.types.is_empty() || filter.types.iter().any(|t| t == recorded.event.word());
    ticket && kind
}

fn follow(
    engine: Engine,
    mut actor: Actor,
    mut live: tokio::sync::broadcast::Receiver<Arc<Recorded>>,
    span: Span,
    filter: EventFilter,
) -> impl futures_util::Stream<Item = Result<Arc<Recorded>>> + Send + 'static {
    async_stream::stream! {
        let Span { after: mut at, fresh } = span;
        // What the log holds beyond `at` up to what was handed on when we began, and again after each gap.
        let mut behind = engine.0.hub.last() > at;
        loop {
            if behind {
                let page = async {
                    let events = store::event::after(&mut engine.0.store.read().await?, at, crate::hub::PAGE).await?;
                    let (read, last) = (events.len(), events.last().map(|e| e.seq));
                    Ok::<_, Error>((engine.still_public(&actor, events).await?, read, last))
                };
                let (events, read, last) = match page.await {
                    Ok(page) => page,
                    Err(error) => { yield Err(error); return; }
                };
                let caught_up = read < crate::hub::PAGE;
                for event in events {
                    match step(&mut actor, &event, fresh) {
                        Step::End => { yield Err(over()); return; }
                        Step::Go if wanted(&filter, &event) && see::event(&actor, &event) => yield Ok(Arc::new(event)),
                        Step::Go => {}
                    }
                }
                at = last.unwrap_or(at);
                behind = !caught_up;
                continue;
            }
            match live.recv().await {
                Ok(event) if event.seq <= at => {}
                Ok(event) if event.seq.0 == at.0 + 1 => {
                    at = event.seq;
                    match step(&mut actor, &event, fresh) {
                        Step::End => { yield Err(over()); return; }
                        Step::Go if wanted(&filter, &event) && see::event(&actor, &event) => yield Ok(event),
                        Step::Go => {}
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_)) => behind = true,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Where a stream begins, and up to where the reader's own changes are history.
struct Span {
    after: Seq,
    fresh: Seq,
}

fn over() -> Error {
    Error::unauthenticated("the session is over: sign in again")
}

enum Step {
    Go,
    End,
}

/// What an event means for the reader themselves: another role, or the end.
#[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
fn step(actor: &mut Actor, recorded: &Recorded, fresh: Seq) -> Step {
    let Actor::User(member) = actor else { return Step::Go };
    if recorded.seq <= fresh {
        return Step::Go;
    }
    match &recorded.event {
        Event::RoleChanged { user, role } if *user == member.id => member.role = role.to,
        Event::UserStatusChanged { user, status }
            if *user == member.id && status.to != model::people::UserStatus::Active =>
        {
            return Step::End;
        }
        Event::SessionEnded { session, .. } if member.via == model::actor::Via::Session(*session) => return Step::End,
        Event::ApiTokenRevoked { token, .. } if member.via == model::actor::Via::ApiToken(*token) => return Step::End,
        _ => {}
    }
    Step::Go
}
