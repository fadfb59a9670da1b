//! By which server mail goes out: the settings file's, over which administrators set another while the service runs.
//!
//! What is in force is kept in memory and forgotten by the event that changes it, in every process. The password is sealed
//! before the command that sets it, opened here for whoever sends, and shown to nobody.

use crate::{Caller, Engine};
use model::access::{self, Operation};
use model::command::{Command, Edit, SetEmailConfig};
use model::event::{Event, Recorded};
use model::id::Seq;
use model::mail::{self, EmailConfig, EmailTest, Smtp};
use model::session::Sealed;
use model::text::Email;
use model::{Actor, Error, Result};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

/// The route by which mail goes.
pub const EMAIL: &str = "email";

const PASSWORD: &str = "mail password";

/// A password on its way to the mail server; it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(***)")
    }
}

/// What sends mail now.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub smtp: Smtp,
    pub password: Option<Password>,
    /// The place in the log of the last change that this process has seen; 0 before any.
    pub since: Seq,
}

/// How mail is sent, as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSettings {
    pub smtp: Smtp,
    pub test: Option<EmailTest>,
}

/// What to change of it; what is `None` or `Keep` stays. An empty password takes it away.
#[derive(Clone, Default)]
pub struct EmailEdit {
    pub config: EmailConfig,
    pub password: Edit<String>,
}

/// What is in force, as of a change: what was read before one is never taken for what is true after it.
#[derive(Default)]
pub(crate) struct Mailing {
    changed: AtomicI64,
    known: Mutex<Option<Arc<Outgoing>>>,
}

impl Mailing {
    pub(crate) fn observe(&self, recorded: &Recorded) {
        if matches!(recorded.event, Event::EmailConfigChanged { .. }) {
            self.changed.store(recorded.seq.0, Ordering::SeqCst);
        }
    }
}

impl Engine {
    /// For whoever sends.
    pub async fn outgoing(&self) -> Result<Arc<Outgoing>> {
        let mailing = &self.0.mailing;
        let since = Seq(mailing.changed.load(Ordering::SeqCst));
        if let Some(known) = mailing.known.lock().map_err(Error::internal)?.as_ref()
            && known.since == since
        {
            return Ok(known.clone());
        }
        let kept = store::email::kept(&mut self.0.store.read().await?).await?;
        let password = match kept.state.config.has_password {
            None => self.0.email.smtp_password.clone(),
            Some(false) => None,
            Some(true) => Some(Password(self.0.sealer.open(PASSWORD, &kept.password)?)),
        };
        let outgoing = Arc::new(Outgoing { smtp: kept.state.config.over(&self.policy().smtp), password, since });
        *mailing.known.lock().map_err(Error::internal)? = Some(outgoing.clone());
        Ok(outgoing)
    }

    /// Our domain: Message-IDs end with it, and we greet mail servers by it.
    pub fn email_domain(&self) -> &str {
        &self.0.email.domain
    }

    /// The first of our mailboxes.
    pub fn mailbox(&self) -> Option<&str> {
        self.0.email.addresses.first().map(String::as_str)
    }

    /// The mailbox that something came in at, while it is still ours.
    pub fn mailbox_of(&self, came: Option<&Email>) -> Option<&str> {
        let came = came?.as_str();
        self.0.email.addresses.iter().map(String::as_str).find(|ours| ours.eq_ignore_ascii_case(came))
    }

    /// How mail is sent, and how the last test went; never the password.
    pub async fn email_settings(&self, actor: &Actor) -> Result<EmailSettings> {
        access::in_general(actor, Operation::ReadEmailConfig)?;
        let state = store::email::kept(&mut self.0.store.read().await?).await?.state;
        Ok(EmailSettings { smtp: state.config.over(&self.policy().smtp), test: state.test })
    }

    /// Changes how mail is sent, at once, in every process.
    ///
    /// # Errors
    /// `Invalid` names every field at fault.
    pub async fn edit_email_settings(&self, by: &Caller, edit: EmailEdit) -> Result<EmailSettings> {
        access::in_general(&by.actor, Operation::ManageEmail)?;
        let password = match edit.password {
            Edit::Keep => Edit::Keep,
            Edit::Set(text) if text.is_empty() => Edit::Set(Sealed::default()),
            Edit::Set(text) => {
                mail::password(&text)?;
                Edit::Set(self.0.sealer.seal(PASSWORD, &text)?)
            }
        };
        let set = SetEmailConfig { config: edit.config, password };
        self.execute(by, Command::SetEmailConfig(Box::new(set))).await?;
        self.email_settings(&Actor::System("email")).await
    }

    /// Sends a test mail, at once and once, and notes how it went.
    ///
    /// # Errors
    /// `Invalid` for what is no address; that the mail could not be sent is no error but the answer.
    pub async fn test_email(&self, by: &Caller, to: &str) -> Result<EmailTest> {
        access::in_general(&by.actor, Operation::ManageEmail)?;
        let to = Email::parse("test_email", to.trim())?;
        let carrier = self.carrier(EMAIL);
        let carrier =
            carrier.ok_or_else(|| Error::conflict("test_email", "this process sends no mail; ask the server"))?;
        let sent = carrier.probe(self, to.as_str()).await;
        let (ok, why) = (sent.is_ok(), sent.err().map(|failed| failed.why().to_owned()));
        self.execute(by, Command::NoteEmailTest { ok, why }).await?;
        let noted = store::email::kept(&mut self.0.store.read().await?).await?.state.test;
        noted.ok_or_else(|| Error::internal("a test was not noted"))
    }
}
