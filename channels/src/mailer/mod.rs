//! Mail going out: the carrier that writes mails about what happened and hands them to a mail server.
//!
//! Answers for whom a mail goes to and what it says (`words.rs`), how it looks (`letter.rs`, `dkim.rs`), and what a server's
//! answers mean (`send.rs`). When to try again and when to give up is the engine's courier's; whether somebody wants to be
//! told is their rules'. lettre's `tracing` feature stays off: at the level of debug it would log passwords.

mod dkim;
mod letter;
mod send;
mod words;

pub use dkim::DkimOptions;

use crate::wording;
use dkim::Signer;
use engine::{Carrier, Delivery, EMAIL, Engine, Outgoing, Parcel, Receipt, Told, Trace, Undelivered};
use futures_util::future::BoxFuture;
use letter::{Content, Letter, Made, Sender};
use lettre::transport::smtp::client::Certificate;
use model::event::{Event, Recorded};
use model::id::{Seq, UserId};
use model::locale::Locale;
use model::notice::{NoticeKind, Route};
use model::people::User;
use model::time::HOUR;
use model::{Actor, Error, Result};
use send::Server;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Connections to the mail server at the same time: many servers refuse more from one client.
const AT_ONCE: usize = 4;

/// How mail is sent, beside what administrators may change.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where people reach this server; links begin with it. Without a slash at the end.
    pub public_url: String,
    /// For everything up to the message, and once more for the message.
    pub timeout: Duration,
    /// Certificates that are trusted besides the public ones.
    pub ca_file: Option<PathBuf>,
    pub dkim: Option<DkimOptions>,
}

/// The carrier.
pub struct Mailer {
    options: Options,
    trusted: Vec<Certificate>,
    signer: Option<Signer>,
}

impl Mailer {
    /// # Errors
    /// Where a file that the options name can't be read, or is not what it has to be.
    pub fn new(options: Options) -> Result<Self> {
        let trusted = options.ca_file.as_ref().map(|path| {
            let why =
                |e: &dyn std::fmt::Display| Error::internal(format!("email.smtp_ca_file {}: {e}", path.display()));
            let pem = std::fs::read(path).map_err(|e| why(&e))?;
            Certificate::from_pem(&pem).map_err(|e| why(&e))
        });
        let trusted = trusted.transpose()?.into_iter().collect();
        let signer = options.dkim.as_ref().map(Signer::read).transpose()?;
        Ok(Self { options, trusted, signer })
    }

    /// A mail to somebody, if they have an address.
    fn letter(engine: &Engine, user: &User, locale: Locale, content: Content) -> Result<Option<Letter>> {
        let Some(address) = &user.profile.email else { return Ok(None) };
        Ok(Some(Letter {
            to: address.as_str().to_owned(),
            name: Some(user.name()),
            message_id: message_id(engine)?,
            thread: None,
            reply_to: None,
            from: None,
            locale,
            content,
        }))
    }

    /// The mail to one of those who are told of an event.
    fn notice(
        &self,
        engine: &Engine,
        event: &Recorded,
        told: &Told,
        to: (&User, NoticeKind),
    ) -> Result<Option<Parcel>> {
        let (user, kind) = to;
        let locale = locale_of(engine, user);
        let said = wording::words(event, told, to, (locale, &self.options.public_url));
        let Some(words) = said.map(|said| words::notice(said, user, locale)) else { return Ok(None) };
        let Some(mut letter) = Self::letter(engine, user, locale, Content::of(&words))? else { return Ok(None) };
        // An answer to what was said among staff would be read by everybody: it finds no way back by itself.
        let among_staff = matches!(&event.event, Event::CommentAdded { .. }) && told.said.is_none();
        if let Some(ticket) = told.ticket.as_ref().filter(|_| !among_staff) {
            letter.thread = Some(format!("<{}>", engine.message_id(ticket.id, ticket.description)));
            letter.reply_to = engine.reply_address(ticket.id, ticket.mailbox.as_ref());
        }
        // The first mailbox is the one that `smtp_from` speaks for; the others speak for themselves.
        let came = engine.mailbox_of(told.ticket.as_ref().and_then(|ticket| ticket.mailbox.as_ref()));
        letter.from = came.filter(|came| engine.mailbox() != Some(came)).map(str::to_owned);
        parcel(event, user, kind.word(), &letter).map(Some)
    }

    /// The mail to somebody who asked for a new password. The link is not in it: it is made when the mail is sent.
    async fn reset(&self, engine: &Engine, event: &Recorded, user: UserId) -> Result<Option<Parcel>> {
        let people = engine.users_by_ids(&Actor::System("mail"), &[user]).await?;
        let Some(user) = people.first() else { return Ok(None) };
        let content = Content::PasswordReset { user: user.id, asked_at: event.at };
        let letter = Self::letter(engine, user, locale_of(engine, user), content)?;
        letter.map(|letter| parcel(event, user, "password_reset", &letter)).transpose()
    }

    /// The subject and both parts, made now where they could not be made before.
    async fn words(&self, engine: &Engine, letter: &Letter) -> Result<(String, String, String), Undelivered> {
        let never = |why: &str| Undelivered::Never { why: why.to_owned() };
        match &letter.content {
            Content::Written { subject, text, html } => Ok((subject.clone(), text.clone(), html.clone())),
            Content::PasswordReset { asked_at, .. } if engine.now() > asked_at.plus(HOUR) => {
                Err(never("the link was asked for more than an hour ago"))
            }
            Content::PasswordReset { user, .. } => {
                #[expect(clippy::wildcard_enum_match_arm, reason = "one that is for good, and all others")]
                let token = engine.password_reset_token(*user, &letter.to).await.map_err(|error| match error {
                    Error::NotFound { .. } => never("the account is closed, or has another address by now"),
                    other => Undelivered::Later { after: None, why: other.to_string() },
                })?;
                let link = format!("{}/reset-password?token={token}", self.options.public_url);
                let words = words::password_reset(letter.name.as_deref(), letter.locale, link);
                Ok((words.subject.clone(), words.plain(), words.html()))
            }
        }
    }

    async fn attempt(
        &self,
        engine: &Engine,
        letter: &Letter,
        ready: impl FnOnce() -> BoxFuture<'static, Result<bool>>,
        trace: &mut Trace,
    ) -> Result<Receipt, Undelivered> {
        let never = |why: String| Undelivered::Never { why };
        let outgoing = engine.outgoing().await;
        let outgoing = outgoing.map_err(|e| Undelivered::Later { after: None, why: e.to_string() })?;
        if outgoing.smtp.host.is_empty() {
            return Err(never("no mail server is set (smtp_host)".to_owned()));
        }
        if !outgoing.smtp.enabled {
            return Err(never("sending mail is switched off (is_enabled)".to_owned()));
        }
        let (subject, text, html) = self.words(engine, letter).await?;
        let sender = sender(engine, &outgoing, letter.from.as_deref());
        let made = letter.message(&sender, (&subject, &text, &html), engine.now()).map_err(never)?;
        let made = match &self.signer {
            Some(signer) => {
                let bytes = signer.sign(&made.bytes, engine.now()).map_err(|e| never(e.to_string()))?;
                Made { bytes, ..made }
            }
            None => made,
        };
        let server = Server {
            outgoing: &outgoing,
            hello: engine.email_domain(),
            trusted: &self.trusted,
            timeout: self.options.timeout,
        };
        trace.request = Some(json!({
            "server": server.place(),
            "security": outgoing.smtp.security.word(),
            "from": sender.address,
            "to": letter.to,
            "message_id": letter.message_id,
            "bytes": made.bytes.len(),
        }));
        server.send(&made, ready, trace).await
    }
}

/// The language in which somebody is written to.
fn locale_of(engine: &Engine, user: &User) -> Locale {
    Locale::of(user.profile.locale.as_deref(), engine.policy().locale)
}

fn message_id(engine: &Engine) -> Result<String> {
    Ok(format!("<{}@{}>", engine::random_token(18)?, engine.email_domain()))
}

/// As whom we send: the mailbox that it is about, else as is set, else as our first mailbox; by the name of the site.
fn sender(engine: &Engine, outgoing: &Outgoing, mailbox: Option<&str>) -> Sender {
    let set = Some(outgoing.smtp.from.as_str()).filter(|from| !from.is_empty());
    let otherwise = || format!("noreply@{}", engine.email_domain());
    let address = mailbox.or(set).or(engine.mailbox()).map_or_else(otherwise, str::to_owned);
    let name = Some(&outgoing.smtp.from_name).filter(|name| !name.is_empty()).cloned();
    Sender { address, name: name.unwrap_or_else(|| engine.policy().site_name.clone()) }
}

fn parcel(event: &Recorded, user: &User, what: &str, letter: &Letter) -> Result<Parcel> {
    Ok(Parcel {
        // What somebody is told arrives in its order; people don't wait for each other.
        lane: format!("mail {}", letter.to),
        recipient: format!("{} {what}", user.id),
        ticket: event.event.ticket(),
        body: serde_json::to_string(letter).map_err(Error::internal)?,
        topic: Some(what.to_owned()),
        message_id: Some(letter.message_id.trim_matches(['<', '>']).to_owned()),
        ..Parcel::default()
    })
}

impl Carrier for Mailer {
    fn route(&self) -> &str {
        EMAIL
    }

    /// Where a server was set just now, with what has happened since.
    fn begins_after<'a>(&'a self, engine: &'a Engine) -> BoxFuture<'a, Result<Option<Seq>>> {
        Box::pin(async { Ok(Some(engine.outgoing().await?.since).filter(|since| since.0 > 0)) })
    }

    fn is_idle<'a>(&'a self, engine: &'a Engine) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async { Ok(engine.outgoing().await?.smtp.host.is_empty()) })
    }

    fn starts_afresh(&self) -> bool {
        true
    }

    fn parcels<'a>(&'a self, engine: &'a Engine, event: &'a Recorded) -> BoxFuture<'a, Result<Vec<Parcel>>> {
        Box::pin(async move {
            if let Event::PasswordResetRequested { user } = &event.event {
                return Ok(self.reset(engine, event, *user).await?.into_iter().collect());
            }
            let Some(told) = engine.told(event, Route::Email).await? else { return Ok(Vec::new()) };
            let mut parcels = Vec::new();
            for (user, kind) in &told.to {
                parcels.extend(self.notice(engine, event, &told, (user, *kind))?);
            }
            Ok(parcels)
        })
    }

    fn deliver<'a>(
        &'a self,
        engine: &'a Engine,
        delivery: &'a Delivery,
        trace: &'a mut Trace,
    ) -> BoxFuture<'a, Result<Receipt, Undelivered>> {
        Box::pin(async move {
            let letter: Letter = serde_json::from_str(&delivery.body)
                .map_err(|e| Undelivered::Never { why: format!("what stands in the ledger is no mail: {e}") })?;
            let (ours, of) = (engine.clone(), delivery.clone());
            let ready =
                || -> BoxFuture<'static, Result<bool>> { Box::pin(async move { ours.handing_over(&of).await }) };
            self.attempt(engine, &letter, ready, trace).await
        })
    }

    fn probe<'a>(&'a self, engine: &'a Engine, to: &'a str) -> BoxFuture<'a, Result<Receipt, Undelivered>> {
        Box::pin(async move {
            let locale = engine.policy().locale;
            let letter = Letter {
                to: to.to_owned(),
                name: None,
                message_id: message_id(engine).map_err(|e| Undelivered::Never { why: e.to_string() })?,
                thread: None,
                reply_to: None,
                from: None,
                locale,
                content: Content::of(&words::test(locale)),
            };
            let ready = || -> BoxFuture<'static, Result<bool>> { Box::pin(async { Ok(true) }) };
            self.attempt(engine, &letter, ready, &mut Trace::default()).await
        })
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn patience(&self) -> Duration {
        2 * self.options.timeout + Duration::from_secs(30)
    }
}
