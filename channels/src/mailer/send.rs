//! One attempt: the dialogue with the mail server, and what its answers mean.
//!
//! Until the message is handed over, a temporary refusal (4xx), a server that can't be reached and one that refuses us (our
//! name, our password, TLS) are tried again; a permanent refusal of this mail (5xx) is the end. From there on nobody knows:
//! a time-out or a broken connection is uncertain, and is never repeated by itself.

use super::letter::Made;
use engine::{Outgoing, Receipt, Trace, Undelivered};
use futures_util::future::BoxFuture;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use model::mail::Security;
use std::error::Error as _;
use std::time::Duration;

/// Characters of a server's answer that are kept.
const KEPT: usize = 500;
const FAREWELL: Duration = Duration::from_secs(2);

/// The mail server, and how to speak to it.
pub(super) struct Server<'a> {
    pub outgoing: &'a Outgoing,
    /// Our name.
    pub hello: &'a str,
    /// Trusted besides the public ones.
    pub trusted: &'a [Certificate],
    /// For everything up to the message, and once more for the message.
    pub timeout: Duration,
}

/// What a server said, or that it said nothing.
struct Said {
    code: Option<u16>,
    text: String,
}

impl Said {
    fn of(error: &Error) -> Self {
        let mut text = error.to_string();
        if let Some(source) = error.source()
            && !text.contains(&source.to_string())
        {
            text = format!("{text}: {source}");
        }
        Self { code: error.status().map(u16::from), text: clean(&text) }
    }

    /// It is we who are refused, not this mail: somebody will mend it.
    fn is_about_us(&self) -> bool {
        matches!(self.code, Some(421 | 454 | 530 | 534 | 535 | 538))
    }
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(KEPT).collect()
}

fn later(why: String) -> Undelivered {
    Undelivered::Later { after: None, why }
}

impl Server<'_> {
    /// Sends it. `ready` is asked right before the message itself: false, and it is not sent by this attempt.
    pub(super) async fn send(
        &self,
        made: &Made,
        ready: impl FnOnce() -> BoxFuture<'static, model::Result<bool>>,
        trace: &mut Trace,
    ) -> Result<Receipt, Undelivered> {
        let waited = |_| later(format!("no answer from {} within {} s", self.place(), self.timeout.as_secs()));
        let opened = async {
            let mut connection = self.open().await?;
            self.hand(&mut connection, made).await?;
            Ok(connection)
        };
        let opened = tokio::time::timeout(self.timeout, opened).await.map_err(waited)?;
        let mut connection = opened.inspect_err(|_| trace.status = None).map_err(|(said, failed)| {
            trace.status = said.and_then(|s: Said| s.code);
            failed
        })?;
        match ready().await {
            Ok(true) => {}
            Ok(false) => return Err(later("another process has taken it over".to_owned())),
            Err(error) => return Err(later(error.to_string())),
        }
        let said = tokio::time::timeout(self.timeout, connection.message(&made.bytes)).await;
        let Ok(said) = said else {
            let seconds = self.timeout.as_secs();
            let why = format!("no answer within {seconds} s after the message was sent; it may have arrived");
            return Err(Undelivered::Uncertain { why });
        };
        let answer = match said {
            Ok(answer) => answer,
            Err(error) => {
                let said = Said::of(&error);
                trace.status = said.code;
                return Err(match said.code {
                    Some(500..) => Undelivered::Never { why: said.text },
                    Some(_) => later(said.text),
                    None => {
                        let why = format!(
                            "the connection broke after the message was sent; it may have arrived ({})",
                            said.text
                        );
                        Undelivered::Uncertain { why }
                    }
                });
            }
        };
        trace.status = Some(u16::from(answer.code()));
        let text = clean(&answer.message().collect::<Vec<_>>().join(" "));
        trace.answer = Some(text.clone()).filter(|text| !text.is_empty());
        // It has the message; how it takes the farewell changes nothing.
        tokio::time::timeout(FAREWELL, connection.quit()).await.ok();
        Ok(Receipt { id: trace.answer.clone(), delivered: false })
    }

    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.outgoing.smtp.host, self.outgoing.smtp.port)
    }

    /// Connects, protects the connection, signs in. Whatever goes wrong here is not this mail's fault.
    async fn open(&self) -> Result<AsyncSmtpConnection, (Option<Said>, Undelivered)> {
        let smtp = &self.outgoing.smtp;
        let failed = |what: &'static str| {
            move |error: Error| {
                let said = Said::of(&error);
                let why = format!("{what}: {}", said.text);
                (Some(said), later(why))
            }
        };
        let host = smtp.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = || {
            let mut builder = TlsParameters::builder(host.clone());
            for certificate in self.trusted {
                builder = builder.add_root_certificate(certificate.clone());
            }
            builder.build_rustls().map_err(failed("TLS can't be used"))
        };
        let hello = ClientId::Domain(self.hello.to_owned());
        let at_once = if smtp.security == Security::Tls { Some(tls()?) } else { None };
        let place = (host.as_str(), smtp.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(place, Some(self.timeout), &hello, at_once, None)
            .await
            .map_err(failed("no connection to the mail server"))?;
        if smtp.security == Security::StartTls {
            connection.starttls(tls()?, &hello).await.map_err(failed("the connection can't be protected"))?;
        }
        if !smtp.username.is_empty() {
            let password = self.outgoing.password.as_ref().map_or("", |p| p.expose());
            let credentials = Credentials::new(smtp.username.clone(), password.to_owned());
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(failed("signing in to the mail server failed"))?;
        }
        Ok(connection)
    }

    /// Says who sends to whom, and asks for the message.
    async fn hand(&self, connection: &mut AsyncSmtpConnection, made: &Made) -> Result<(), (Option<Said>, Undelivered)> {
        let failed = |error: Error| {
            let said = Said::of(&error);
            let failed = match said.code {
                Some(500..) if !said.is_about_us() => Undelivered::Never { why: said.text.clone() },
                Some(_) | None => later(said.text.clone()),
            };
            (Some(said), failed)
        };
        let mut parameters = Vec::new();
        let mut addresses = made.envelope.to().iter().chain(made.envelope.from());
        if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let why = "the mail server takes no addresses outside of ASCII".to_owned();
                return Err((None, Undelivered::Never { why }));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        connection.command(Mail::new(made.envelope.from().cloned(), parameters)).await.map_err(failed)?;
        for to in made.envelope.to() {
            connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(failed)?;
        }
        connection.command(Data).await.map_err(failed)?;
        Ok(())
    }
}
