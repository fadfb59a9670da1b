//! Which ticket a mail may belong to: clues, the most trustworthy first.
//!
//! Finds and orders; whether a token is genuine, a Message-ID known, and its sender allowed there, others decide. A number
//! in a subject is a guess that anybody can write.

use super::{Mail, Ours};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clue {
    /// TOKEN of `support+TOKEN@`, lower-cased like the address it stood in.
    Signed(String),
    /// A Message-ID of ours.
    OurMessage(String),
    /// Somebody else's Message-ID: of an earlier mail in the same conversation, perhaps.
    Foreign(String),
    /// A ticket number as it stood in the subject: `TK-2025-001`, `T-20241023-0001`, or `100001` for `#100001`.
    Number(String),
}

pub fn clues(mail: &Mail, ours: &Ours) -> Vec<Clue> {
    let mut clues: Vec<Clue> = Vec::new();
    let mut add = |clue: Clue| {
        if !clues.contains(&clue) {
            clues.push(clue);
        }
    };
    for recipient in &mail.recipients {
        if let Some(token) = token(recipient, ours) {
            add(Clue::Signed(token));
        }
    }
    let newest_first = || mail.in_reply_to.iter().chain(mail.references.iter().rev());
    for id in newest_first().filter(|id| ours.sent(id)) {
        add(Clue::OurMessage(id.clone()));
    }
    for id in newest_first().filter(|id| !ours.sent(id)) {
        add(Clue::Foreign(id.clone()));
    }
    for number in numbers(&mail.subject) {
        add(Clue::Number(number));
    }
    clues
}

/// The token of a plus-address of one of our mailboxes.
fn token(recipient: &str, ours: &Ours) -> Option<String> {
    let (local, domain) = recipient.rsplit_once('@')?;
    let (mailbox, token) = local.split_once('+')?;
    let mine = ours.owns(&format!("{mailbox}@{domain}"))
        || (ours.addresses.is_empty() && domain.eq_ignore_ascii_case(&ours.domain));
    (mine && !token.is_empty()).then(|| token.to_owned())
}

fn numbers(subject: &str) -> Vec<String> {
    let mut found = Vec::new();
    let pieces = subject.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '#')));
    for piece in pieces {
        let piece = piece.trim_matches('-');
        let upper = piece.to_ascii_uppercase();
        if yearly(&upper) || daily(&upper) {
            found.push(upper);
        } else if let Some(number) = piece.rsplit_once('#').map(|(_, number)| number)
            && (4..=15).contains(&number.len())
            && digits(number)
        {
            // Shorter ones are "issue #7" and "player #812"; our ids begin at 100001.
            found.push(number.to_owned());
        }
    }
    found
}

fn yearly(text: &str) -> bool {
    let Some((year, count)) = text.strip_prefix("TK-").and_then(|rest| rest.split_once('-')) else { return false };
    year.len() == 4 && digits(year) && (3..=9).contains(&count.len()) && digits(count)
}

fn daily(text: &str) -> bool {
    let Some((day, count)) = text.strip_prefix("T-").and_then(|rest| rest.split_once('-')) else { return false };
    day.len() == 8 && digits(day) && (4..=9).contains(&count.len()) && digits(count)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Ours {
        Ours { domain: "desk.example".into(), addresses: vec!["support@example.com".into()] }
    }

    #[test]
    fn clues_come_in_order_of_trust() {
        let raw = "From: li@example.org\nTo: Support <support+Tok.1-a@Example.com>\nDelivered-To: other+x@example.com\n\
            In-Reply-To: <old@desk.example>\nReferences: <first@example.org> <old@desk.example> <new@desk.example> <last@example.org>\n\
            Subject: Re: [#100001] TK-2025-001 (t-20241023-0001) #12 order#100001\n\nhi";
        let mail = super::super::parse(raw.as_bytes(), &ours()).unwrap();
        assert_eq!(
            clues(&mail, &ours()),
            [
                Clue::Signed("tok.1-a".into()),
                Clue::OurMessage("old@desk.example".into()),
                Clue::OurMessage("new@desk.example".into()),
                Clue::Foreign("last@example.org".into()),
                Clue::Foreign("first@example.org".into()),
                Clue::Number("100001".into()),
                Clue::Number("TK-2025-001".into()),
                Clue::Number("T-20241023-0001".into()),
            ]
        );
    }

    #[test]
    fn numbers_in_subjects() {
        for (subject, want) in [
            ("回复：[#100001]无法登录", vec!["100001"]),
            ("Re:TK-2025-0012:x", vec!["TK-2025-0012"]),
            ("【T-20241023-0001】", vec!["T-20241023-0001"]),
            ("Issue #7, player #812", vec![]),
            ("TK-25-001 T-2024-0001 100001 #1000x", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(numbers(subject), want, "{subject}");
        }
    }

    #[test]
    fn only_our_mailboxes_have_tokens() {
        for (recipient, want) in [
            ("support+abc@example.com", Some("abc")),
            ("sales+abc@example.com", None),
            ("support+abc@evil.example", None),
            ("support+@example.com", None),
            ("support@example.com", None),
        ] {
            assert_eq!(token(recipient, &ours()).as_deref(), want, "{recipient}");
        }
    }
}
