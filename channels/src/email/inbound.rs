//! A read mail in the engine's words: who wrote, in answer to what, and what is kept of the headers.
//!
//! It translates and decides nothing; a clue is passed on, whether it is to be trusted or not.

use super::{Bounce, Clue as Found, Kind, Mail, Ours, clues};
use model::Time;
use model::attachment::FileInfo;
use model::command::Origin;
use model::inbound::{Clue, Inbound, Nature, Sender, Undelivered};
use model::people::Channel;
use model::text::{BODY_MAX, Email};
use serde_json::{Map, Value, json};

/// Addresses that the comment's `meta` keeps of one list.
const META_LIST: usize = 50;

/// What the engine is told of a mail whose files are stored already.
pub(super) fn inbound(mail: Mail, files: Vec<FileInfo>, ours: &Ours) -> Inbound {
    let folded = cut(&mail.folded, BODY_MAX);
    Inbound {
        origin: Origin { channel: Channel::Email, external_id: external_id(&mail) },
        from: sender(&mail),
        thread: thread(&mail, ours),
        folded: (!folded.trim().is_empty()).then(|| folded.to_owned()),
        files,
        sent_at: mail.date.map(Time),
        nature: nature(&mail.kind),
        mailbox: mailbox(&mail, ours),
        bounce: undelivered(&mail.kind),
        meta: meta_of(&mail),
        subject: mail.subject,
        text: mail.fresh,
    }
}

/// Which of ours it came in at: the first that it names.
fn mailbox(mail: &Mail, ours: &Ours) -> Option<Email> {
    let found = mail.recipients.iter().find_map(|address| ours.mailbox(address))?;
    Email::parse("to", found).ok()
}

/// What a report says that names a mail; its reader finds out whether it is one of ours.
fn undelivered(kind: &Kind) -> Option<Undelivered> {
    let Kind::Bounce(bounce) = kind else { return None };
    let said = [&bounce.recipient, &bounce.status, &bounce.diagnostic];
    let said: Vec<&str> = said.into_iter().filter_map(Option::as_deref).collect();
    Some(Undelivered {
        message_id: bounce.original_message_id.clone()?,
        permanent: bounce.permanent,
        why: cut(&format!("a mail server reports that it did not arrive: {}", said.join(" ")), 500).to_owned(),
    })
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
    use super::super::parse;
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
