//! From a raw mail to a ticket: stores it, reads it, hands it to the engine.
//!
//! The raw mail is durable before anything else happens, so a mail that was taken is never lost: what cannot be read goes
//! to quarantine, what was interrupted is read again after the next start. Whether it opens a ticket, joins one or came
//! before is the engine's decision.

use super::inbound::inbound;
use super::{Kind, Mail, Ours, Part, Unparsable, parse};
use engine::{Caller, Engine};
use model::id::{InboundId, TicketId};
use model::inbound::{Inbound, InboundState};
use model::people::Channel;
use model::{Actor, Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Up to this size a mail is read on the spot; a larger one beside the async threads.
const READ_INLINE: usize = 64 * 1024;
/// Whom the event log names for what mail did.
const READER: &str = "email";

/// Takes mails in. Clones share everything.
#[derive(Clone)]
pub struct MailIntake {
    engine: Engine,
    ours: Arc<Ours>,
}

/// A mail that was stored, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    pub inbound: InboundId,
    pub outcome: Outcome,
}

/// What became of a mail. A ticket comes with its yearly number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Opened(TicketId, String),
    Commented(TicketId, String),
    /// It had come in before; this is where it went then.
    Duplicate(TicketId, String),
    /// Nobody can read it but staff, who find it in the quarantine.
    Quarantined(String),
    /// Kept, and meant for nobody: our own mail come back.
    Ignored(String),
}

impl Outcome {
    /// The ticket that it is part of now.
    pub fn ticket(&self) -> Option<(TicketId, &str)> {
        match self {
            Self::Opened(id, number) | Self::Commented(id, number) | Self::Duplicate(id, number) => Some((*id, number)),
            Self::Quarantined(_) | Self::Ignored(_) => None,
        }
    }

    /// A stable word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Opened(..) => "opened",
            Self::Commented(..) => "commented",
            Self::Duplicate(..) => "duplicate",
            Self::Quarantined(_) => "quarantined",
            Self::Ignored(_) => "ignored",
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Opened(id, number) => write!(f, "ticket {id} {number} opened"),
            Self::Commented(id, number) => write!(f, "ticket {id} {number} commented"),
            Self::Duplicate(id, number) => write!(f, "ticket {id} {number} has it already"),
            Self::Quarantined(why) => write!(f, "quarantined: {why}"),
            Self::Ignored(why) => write!(f, "ignored: {why}"),
        }
    }
}

impl MailIntake {
    pub fn new(engine: Engine, ours: Ours) -> Self {
        Self { engine, ours: Arc::new(ours) }
    }

    /// Stores a raw mail and reads it. An error means that it is not known to be stored, or that the store could not be
    /// reached afterwards: the sender tries again, and the second copy is recognized.
    pub async fn ingest(&self, raw: Vec<u8>, remote: Option<String>) -> Result<Ingested> {
        let inbound = self.engine.store_inbound(Channel::Email, raw.clone(), remote).await?;
        self.take(inbound, raw).await
    }

    /// Reads a stored mail once more, on behalf of somebody who may see it.
    pub async fn reprocess(&self, by: &Caller, id: InboundId) -> Result<Ingested> {
        let known = self.engine.inbound_by_id(&by.actor, id).await?;
        if !matches!(known.state, InboundState::Received | InboundState::Quarantined) {
            return Err(Error::conflict("id", "the message has been settled already"));
        }
        let raw = self.engine.inbound_raw(&by.actor, id).await?;
        self.take(id, raw).await
    }

    /// Reads the mails that were stored but not read, because the process ended in between; returns how many it tried.
    /// Mails younger than `untouched_ms` are left alone: another process may be reading them.
    pub async fn resume(&self, untouched_ms: i64) -> Result<usize> {
        let waiting = self.engine.received().await?;
        let latest = self.engine.now().plus(-untouched_ms);
        let waiting = waiting.into_iter().filter(|one| one.channel == Channel::Email && one.received_at <= latest);
        let mut tried = 0;
        for one in waiting {
            tried += 1;
            match self.reprocess(&Caller::system(READER), one.id).await {
                Ok(done) => tracing::info!(inbound = one.id.0, outcome = done.outcome.word(), "read a stored mail"),
                Err(error) => tracing::warn!(inbound = one.id.0, %error, "a stored mail is still unread"),
            }
        }
        Ok(tried)
    }

    async fn take(&self, inbound: InboundId, raw: Vec<u8>) -> Result<Ingested> {
        let outcome = match self.read(raw).await {
            Ok(mail) if mail.kind == Kind::Own => self.ignore(inbound, "our own mail came back".to_owned()).await?,
            Ok(mail) => self.hand_over(inbound, mail).await?,
            Err(unparsable) => self.set_aside(inbound, unparsable.to_string()).await?,
        };
        Ok(Ingested { inbound, outcome })
    }

    async fn read(&self, raw: Vec<u8>) -> Result<Mail, Unparsable> {
        if raw.len() <= READ_INLINE {
            return parse_unharmed(&raw, &self.ours);
        }
        let ours = Arc::clone(&self.ours);
        let read = tokio::task::spawn_blocking(move || parse_unharmed(&raw, &ours));
        read.await.unwrap_or_else(|_| Err(defect()))
    }

    async fn hand_over(&self, id: InboundId, mail: Mail) -> Result<Outcome> {
        let machine = matches!(mail.kind, Kind::AutoReply | Kind::Bounce(_));
        let taken = match self.inbound(mail).await {
            Ok(inbound) => self.engine.take_in(id, inbound).await,
            Err(error) => Err(error),
        };
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) if passes(&error) => return Err(error),
            // The answer of a machine to nothing that we know: nobody needs to look at it.
            Err(Error::Conflict { why, .. }) if machine => return self.ignore(id, why).await,
            // Trying again would say the same: staff shall look at it.
            Err(error) => return self.set_aside(id, error.to_string()).await,
        };
        let ticket = self.engine.ticket(&Actor::System(READER), taken.ticket).await?;
        let number = ticket.numbers.yearly.clone();
        Ok(match (taken.duplicate, taken.opened) {
            (true, _) => Outcome::Duplicate(taken.ticket, number),
            (false, true) => Outcome::Opened(taken.ticket, number),
            (false, false) => Outcome::Commented(taken.ticket, number),
        })
    }

    async fn ignore(&self, id: InboundId, why: String) -> Result<Outcome> {
        self.engine.ignore_inbound(id, &why).await?;
        Ok(Outcome::Ignored(why))
    }

    async fn set_aside(&self, id: InboundId, why: String) -> Result<Outcome> {
        self.engine.quarantine(id, &why).await?;
        Ok(Outcome::Quarantined(why))
    }

    /// What the engine is told of a mail. Its files are stored on the way.
    async fn inbound(&self, mut mail: Mail) -> Result<Inbound> {
        let mut files = Vec::with_capacity(mail.parts.len());
        for Part { filename, content_type, content_id, inline, bytes } in std::mem::take(&mut mail.parts) {
            files.push(self.engine.keep_file(&filename, &content_type, content_id, inline, bytes).await?);
        }
        Ok(inbound(mail, files, &self.ours))
    }
}

/// A parser that panics must not take the mail with it.
fn parse_unharmed(raw: &[u8], ours: &Ours) -> Result<Mail, Unparsable> {
    catch_unwind(AssertUnwindSafe(|| parse(raw, ours))).unwrap_or_else(|_| Err(defect()))
}

fn defect() -> Unparsable {
    Unparsable { why: "reading it failed, which is a defect of Echodesk; the mail itself is kept".to_owned() }
}

/// Whether the same mail may well be taken later.
fn passes(error: &Error) -> bool {
    match error {
        Error::Busy { .. } | Error::Internal(_) => true,
        Error::NotFound { .. }
        | Error::Invalid(_)
        | Error::InvalidTransition { .. }
        | Error::Conflict { .. }
        | Error::Unauthenticated { .. }
        | Error::Forbidden { .. }
        | Error::ResyncRequired
        | Error::TooLarge { .. } => false,
    }
}
