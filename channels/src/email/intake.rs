//! From a raw mail to a ticket: stores it, reads it, hands it to the engine.
//!
//! The raw mail is durable before anything else happens, so a mail that was taken is never lost: what cannot be read goes
//! to quarantine, what was interrupted is read again after the next start. Whether it opens a ticket, joins one or came
//! before is the engine's decision.

use super::{Bounce, Clue as Found, Kind, Mail, Ours, Part, Unparsable, clues, parse};
use engine::{Caller, Engine};
use model::command::Origin;
use model::id::{InboundId, TicketId};
use model::inbound::{Clue, Inbound, Nature, Sender};
use model::people::Channel;
use model::text::{BODY_MAX, Email};
use model::{Actor, Error, Result, Time};
use serde_json::{Map, Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Up to this size a mail is read on the spot; a larger one beside the async threads.
const READ_INLINE: usize = 64 * 1024;
/// Whom the event log names for what mail did.
const READER: &str = "email";
/// Addresses and ids that the comment's `meta` keeps of one mail.
const META_LIST: usize = 50;

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
        let number = ticket.numbers.yearly;
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
        let folded = cut(&mail.folded, BODY_MAX);
        Ok(Inbound {
            origin: Origin { channel: Channel::Email, external_id: external_id(&mail) },
            from: sender(&mail),
            thread: thread(&mail, &self.ours),
            folded: (!folded.trim().is_empty()).then(|| folded.to_owned()),
            files,
            sent_at: mail.date.map(Time),
            nature: nature(&mail.kind),
            meta: meta_of(&mail),
            subject: mail.subject,
            text: mail.fresh,
        })
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

/// The name by which a second copy is known. Two mails with one Message-ID are one mail, whatever they say.
fn external_id(mail: &Mail) -> String {
    mail.message_id.clone().unwrap_or_else(|| format!("sha256:{}", mail.content_hash))
}

/// Who wrote. A mail that names nobody is from somebody of its own, so that strangers do not share an account.
fn sender(mail: &Mail) -> Sender {
    let named = mail.from.as_ref().or(mail.sender.as_ref()).or(mail.reply_to.first());
    let email = named.and_then(|one| Email::parse("from", &one.email).ok());
    let external_id = match (&email, named) {
        (Some(email), _) => email.as_str().to_owned(),
        (None, Some(one)) => one.email.clone(),
        (None, None) => format!("unknown-{}", mail.content_hash.chars().take(16).collect::<String>()),
    };
    Sender { external_id, display: named.and_then(|one| one.name.clone()), email }
}

/// The clues in the engine's words. A bounce belongs to what bounced, before anything else.
fn thread(mail: &Mail, ours: &Ours) -> Vec<Clue> {
    let bounced = match &mail.kind {
        Kind::Bounce(bounce) => bounce.original_message_id.clone().map(Clue::Message),
        Kind::Normal | Kind::AutoReply | Kind::List | Kind::Own => None,
    };
    let found = clues(mail, ours).into_iter().map(|clue| match clue {
        Found::Signed(token) => Clue::Signed(token),
        Found::OurMessage(id) | Found::Foreign(id) => Clue::Message(id),
        Found::Number(number) => Clue::Number(number),
    });
    bounced.into_iter().chain(found).collect()
}

/// The first `most` characters; the raw mail keeps the rest.
fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

fn nature(kind: &Kind) -> Nature {
    match kind {
        // Our own mail never gets that far.
        Kind::Normal | Kind::Own => Nature::Message,
        Kind::List => Nature::List,
        Kind::AutoReply => Nature::AutoReply,
        Kind::Bounce(_) => Nature::Bounce,
    }
}

/// What is kept of the headers beside the comment.
fn meta_of(mail: &Mail) -> Map<String, Value> {
    let mut meta = Map::new();
    let mut note = |name: &str, value: Value| {
        meta.insert(name.to_owned(), value);
    };
    note("content_hash", json!(mail.content_hash));
    if let Some(id) = &mail.message_id {
        note("message_id", json!(id));
    }
    for (name, list) in [("to", &mail.to), ("cc", &mail.cc), ("reply_to", &mail.reply_to)] {
        if !list.is_empty() {
            note(name, list.iter().take(META_LIST).map(|one| one.email.as_str()).collect());
        }
    }
    match &mail.kind {
        Kind::Normal => {}
        Kind::AutoReply => note("automatic", json!("auto_reply")),
        Kind::List => note("automatic", json!("list")),
        Kind::Own => note("automatic", json!("own")),
        Kind::Bounce(Bounce { original_message_id, recipient, action, status, diagnostic, permanent }) => {
            note("automatic", json!("bounce"));
            note(
                "bounce",
                json!({
                    "original_message_id": original_message_id,
                    "recipient": recipient,
                    "action": action,
                    "status": status,
                    "diagnostic": diagnostic,
                    "permanent": permanent,
                }),
            );
        }
    }
    meta
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Ours {
        Ours { domain: "desk.example".into(), addresses: vec!["help@desk.example".into()] }
    }

    fn mail(raw: &str) -> Mail {
        parse(raw.as_bytes(), &ours()).unwrap()
    }

    #[test]
    fn everybody_is_somebody() {
        for (raw, id, display) in [
            ("From: Li <Li@Example.com>\n\nx", "li@example.com", Some("Li")),
            ("Sender: s@example.com\n\nx", "s@example.com", None),
            ("Reply-To: r@example.com\n\nx", "r@example.com", None),
        ] {
            let sender = sender(&mail(raw));
            assert_eq!((sender.external_id.as_str(), sender.display.as_deref()), (id, display), "{raw}");
        }
        let nobody = |text: &str| sender(&mail(&format!("Subject: a\n\n{text}"))).external_id;
        assert!(nobody("one").starts_with("unknown-"));
        assert_ne!(nobody("one"), nobody("two"));
    }

    #[test]
    fn a_bounce_belongs_to_what_bounced() {
        let raw = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nSubject: failure notice [#100001]\n\n\
            Hi. This is the qmail-send program at mx.example.net.\n\n<li@example.com>:\n550 5.1.1 no such user\n\n\
            --- Below this line is a copy of the message.\n\nMessage-ID: <42@desk.example>\nSubject: Re: x\n";
        let mail = mail(raw);
        assert_eq!(thread(&mail, &ours()).first(), Some(&Clue::Message("42@desk.example".into())));
        let meta = meta_of(&mail);
        assert_eq!(meta.get("automatic"), Some(&json!("bounce")));
        assert_eq!(meta.get("bounce").and_then(|b| b.get("permanent")), Some(&json!(true)));
    }

    #[test]
    fn long_histories_are_cut_between_characters() {
        assert_eq!((cut("字字字", 2), cut("字字", 2), cut("", 2)), ("字字", "字字", ""));
    }

    #[test]
    fn without_a_message_id_the_content_is_the_name() {
        let one = mail("Subject: a\n\nb");
        assert_eq!(external_id(&one), format!("sha256:{}", one.content_hash));
        assert_eq!(external_id(&mail("Message-ID: <a@b>\n\nx")), "a@b");
    }
}
