//! A mail as it waits in the ledger, and as the bytes that go out.
//!
//! What is told is written when it happens and sent as it was written; only a link that must not lie in the ledger is made
//! at each attempt. Names, titles and addresses are cleaned before they come near a header, and encoded by lettre.

use super::words::Words;
use crate::wording::line;
use lettre::address::Envelope;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use model::Time;
use model::id::UserId;
use model::locale::Locale;
use serde::{Deserialize, Serialize};
use std::time::{Duration, UNIX_EPOCH};

/// What stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Letter {
    pub to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// With brackets; the same at every attempt.
    pub message_id: String,
    /// The ticket's thread, by the Message-ID of its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The mailbox that it comes from, where it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    pub locale: Locale,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Content {
    Written {
        subject: String,
        text: String,
        html: String,
    },
    /// Written when it is sent: the link is a key to the account.
    PasswordReset {
        user: UserId,
        asked_at: Time,
    },
}

impl Content {
    pub(super) fn of(words: &Words) -> Self {
        Self::Written { subject: line(&words.subject, 250), text: words.plain(), html: words.html() }
    }
}

/// Who sends.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub address: String,
    pub name: String,
}

/// A message, ready to go.
pub(super) struct Made {
    pub envelope: Envelope,
    pub bytes: Vec<u8>,
}

/// `Auto-Submitted` (RFC 3834): nobody's vacation notice answers it.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The same for Exchange, which doesn't read the standard's.
#[derive(Debug, Clone)]
struct NoAutoResponse;

impl Header for NoAutoResponse {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Auto-Response-Suppress")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "All".to_owned())
    }
}

fn mailbox(name: Option<&str>, address: &str) -> Result<Mailbox, String> {
    let address: Address = address.parse().map_err(|_| format!("`{}` is not an address", line(address, 320)))?;
    let name = name.map(|name| line(name, 100)).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, address))
}

impl Letter {
    /// The message with these words. Errors are sentences.
    pub(super) fn message(&self, sender: &Sender, words: (&str, &str, &str), now: Time) -> Result<Made, String> {
        let (subject, text, html) = words;
        let date = UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
        let from = mailbox(Some(&sender.name), &sender.address)?;
        let to = mailbox(self.name.as_deref(), &self.to)?;
        let envelope = Envelope::new(Some(from.email.clone()), vec![to.email.clone()]).map_err(|e| e.to_string())?;
        let mut builder = Message::builder()
            .from(from)
            .to(to)
            .subject(line(subject, 250))
            .date(date)
            .message_id(Some(self.message_id.clone()))
            .header(AutoSubmitted)
            .header(NoAutoResponse);
        if let Some(thread) = &self.thread {
            builder = builder.in_reply_to(thread.clone()).references(thread.clone());
        }
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(mailbox(None, reply_to)?);
        }
        let parts = MultiPart::alternative_plain_html(text.to_owned(), html.to_owned());
        let message = builder.multipart(parts).map_err(|e| e.to_string())?;
        Ok(Made { envelope, bytes: message.formatted() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail_parser::MessageParser;

    fn letter(name: &str) -> Letter {
        Letter {
            to: "zhang@example.org".into(),
            name: Some(name.to_owned()),
            message_id: "<abc@desk.example>".into(),
            thread: Some("<root@desk.example>".into()),
            reply_to: Some("support+1@desk.example".into()),
            from: None,
            locale: Locale::ZhCn,
            content: Content::Written { subject: "s".into(), text: "t".into(), html: "h".into() },
        }
    }

    fn made(name: &str, subject: &str) -> Vec<u8> {
        let sender = Sender { address: "noreply@desk.example".into(), name: "工单系统\r\nBcc: x@y.example".into() };
        letter(name).message(&sender, (subject, "你好\n", "<p>你好</p>"), Time(1_767_578_400_000)).unwrap().bytes
    }

    #[test]
    fn both_parts_and_chinese_headers_are_read_back() {
        let bytes = made(
            "张三",
            "[TK-2026-001] 工单已分配给您：无法登录账号，而且这个标题非常非常长，需要折行才能放进一行里面",
        );
        assert!(bytes.is_ascii(), "no server needs to know more than ASCII");
        let read = MessageParser::default().parse(&bytes).unwrap();
        assert!(read.subject().unwrap().ends_with("需要折行才能放进一行里面"));
        assert_eq!(read.to().unwrap().first().unwrap().name(), Some("张三"));
        assert_eq!(read.message_id(), Some("abc@desk.example"));
        assert_eq!((read.body_text(0).unwrap().trim(), read.body_html(0).unwrap().trim()), ("你好", "<p>你好</p>"));
        assert_eq!(read.header("Auto-Submitted").and_then(|h| h.as_text()), Some("auto-generated"));
        assert_eq!(read.date().unwrap().to_rfc3339(), "2026-01-05T02:00:00Z");
        assert_eq!(read.reply_to().unwrap().first().unwrap().address(), Some("support+1@desk.example"));
    }

    #[test]
    fn nothing_that_people_write_becomes_a_header() {
        let evil = "x\r\nBcc: victim@example.org\r\n\r\nbody\u{2028}\u{0}";
        let bytes = made(evil, evil);
        let read = MessageParser::default().parse(&bytes).unwrap();
        assert!(read.bcc().is_none() && read.header("Bcc").is_none());
        let names: Vec<&str> = read.headers().iter().map(|h| h.name()).collect();
        let wanted = [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "In-Reply-To",
            "References",
            "Reply-To",
            "MIME-Version",
            "Content-Type",
        ];
        assert_eq!(names, wanted);
        assert_eq!(read.subject(), Some("x Bcc: victim@example.org body"));
    }

    #[test]
    fn what_is_no_address_is_said() {
        let sender = Sender { address: "nobody".into(), name: String::new() };
        let Err(why) = letter("x").message(&sender, ("s", "t", "h"), Time(0)) else { panic!("made") };
        assert!(why.contains("`nobody`"), "{why}");
    }
}
