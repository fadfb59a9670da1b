//! Who wrote it: a person, a machine that answers, a list, a server that could not deliver, or we ourselves.
//!
//! Everything but [`Kind::Normal`] must never be answered automatically; that is the caller's rule. When in doubt a mail is
//! a person's: a ticket too many is closed, one too few is never seen.

use super::header::Headers;
use super::mime::Node;
use super::{Address, Ours, bounce};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Normal,
    AutoReply,
    List,
    Bounce(Bounce),
    Own,
}

/// A report about one mail and one recipient of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bounce {
    pub original_message_id: Option<String>,
    pub recipient: Option<String>,
    /// Lower-cased: `failed`, `delayed`, `delivered`, `relayed`, `expanded`.
    pub action: Option<String>,
    /// `5.1.1`.
    pub status: Option<String>,
    pub diagnostic: Option<String>,
    /// The server has given up. A delay is not permanent, nor is a report of success.
    pub permanent: bool,
}

/// What the verdict rests on.
pub(super) struct Evidence<'a> {
    pub headers: &'a Headers,
    pub root: &'a Node<'a>,
    pub subject: &'a str,
    pub text: &'a str,
    pub message_id: Option<&'a str>,
    pub from: Option<&'a Address>,
}

pub(super) fn kind(mail: &Evidence<'_>, ours: &Ours) -> Kind {
    let headers = mail.headers;
    // Before `Own`: the server on our own host reports under our own domain.
    if let Some(bounce) =
        bounce::report(headers, mail.root).or_else(|| bounce::letter(headers, mail.subject, mail.text))
    {
        return Kind::Bounce(bounce);
    }
    let own = headers.has("x-echodesk-origin")
        || mail.message_id.is_some_and(|id| ours.sent(id))
        || mail.from.is_some_and(|from| ours.owns(&from.email));
    if own {
        Kind::Own
    } else if automatic(headers, mail.root)
        || away(mail.subject)
        || (suppressed(headers) && mentions_absence(mail.subject))
    {
        Kind::AutoReply
    } else if listed(headers) {
        Kind::List
    } else {
        Kind::Normal
    }
}

fn automatic(headers: &Headers, root: &Node<'_>) -> bool {
    let submitted = headers.keyword("auto-submitted");
    let submitted = submitted.split(';').next().unwrap_or_default().trim();
    let declared = !submitted.is_empty() && submitted != "no";
    let nonstandard = ["x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply"]
        .iter()
        .any(|name| headers.has(name) && !matches!(headers.keyword(name).as_str(), "no" | "false" | "0"));
    let precedence = matches!(headers.keyword("precedence").as_str(), "auto_reply" | "auto-reply" | "autoreply");
    // A receipt ("your mail was displayed") is a report too, though nothing bounced.
    let receipt = matches!(root, Node::Multi { subtype, .. } if subtype == "report")
        && headers
            .field("content-type")
            .raw("report-type")
            .is_some_and(|kind| kind.eq_ignore_ascii_case(b"disposition-notification"));
    declared || nonstandard || precedence || receipt
}

fn suppressed(headers: &Headers) -> bool {
    let value = headers.keyword("x-auto-response-suppress");
    value.split(',').any(|word| matches!(word.trim(), "all" | "autoreply" | "oof"))
}

fn listed(headers: &Headers) -> bool {
    matches!(headers.keyword("precedence").as_str(), "bulk" | "list" | "junk")
        || headers.has("list-id")
        || headers.has("list-unsubscribe")
}

const AWAY: [&str; 33] = [
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "automatic response",
    "out of office",
    "out of the office",
    "out-of-office",
    "自动回复",
    "自动答复",
    "自動回覆",
    "自動回復",
    "自動返信",
    "自动应答",
    "不在のお知らせ",
    "不在通知",
    "休假自动回复",
    "abwesenheitsnotiz",
    "abwesenheitsmeldung",
    "abwesenheit",
    "automatische antwort",
    "automatische abwesenheitsmeldung",
    "réponse automatique",
    "absence du bureau",
    "respuesta automática",
    "fuera de la oficina",
    "fuera de oficina",
    "risposta automatica",
    "automatisch antwoord",
    "resposta automática",
];

/// The subject begins with such a phrase and nothing grammatical follows: "Out of office chairs" is about chairs, and
/// "自动回复功能坏了" is a complaint.
fn away(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    let subject = subject.trim_start_matches(['[', '【', '(', '（', '<', ' ']);
    AWAY.iter().filter_map(|phrase| subject.strip_prefix(phrase)).any(|rest| {
        let rest = rest.strip_prefix(" autoreply").unwrap_or(rest);
        let ends = |c: char| matches!(c, ':' | '：' | ']' | '】' | ')' | '）' | '>' | '-' | '–' | '!' | '！');
        rest.is_empty() || rest.starts_with(ends) || rest.trim_start().starts_with(ends) || rest.starts_with(" re:")
    })
}

/// Loosely, for mails that forbid automatic answers: people's mail programs set that header too, so alone it proves nothing.
fn mentions_absence(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    let loose = ["vacation", "on leave", "away from", "休假", "外出", "出差", "urlaub", "congé", "vacaciones"];
    AWAY.iter().chain(&loose).any(|phrase| subject.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::super::{header, mime};
    use super::*;

    fn of(raw: &str) -> Kind {
        let ours = Ours { domain: "desk.example".into(), addresses: vec!["Help@desk.example".into()] };
        let (headers, body) = header::split(raw.as_bytes());
        let subject = headers.text("subject").unwrap_or_default();
        let root = mime::tree(headers.clone(), body);
        let from = headers.addresses("from").into_iter().next();
        let id = headers.ids("message-id").pop();
        let text = String::from_utf8_lossy(body);
        let mail = Evidence {
            headers: &headers,
            root: &root,
            subject: &subject,
            text: &text,
            message_id: id.as_deref(),
            from: from.as_ref(),
        };
        kind(&mail, &ours)
    }

    #[test]
    fn kinds() {
        for (raw, want) in [
            ("From: li@example.com\nSubject: help\n", Kind::Normal),
            ("Auto-Submitted: no\n", Kind::Normal),
            ("Auto-Submitted: auto-replied; owner-email=\"x\"\n", Kind::AutoReply),
            ("Auto-Submitted: Auto-Generated\n", Kind::AutoReply),
            ("X-Autoreply: yes\n", Kind::AutoReply),
            ("X-Autorespond: Thanks\n", Kind::AutoReply),
            ("Precedence: auto_reply\n", Kind::AutoReply),
            ("Precedence: bulk\nSubject: Out of Office: Re: Ticket\n", Kind::AutoReply),
            ("Subject: =?utf-8?B?6Ieq5Yqo5Zue5aSN?=: Re: x\n", Kind::AutoReply),
            ("Subject: 自动回复：您的邮件\n", Kind::AutoReply),
            ("Subject: Abwesenheitsnotiz: Ticket\n", Kind::AutoReply),
            ("Subject: [Auto-Reply] Ticket\n", Kind::AutoReply),
            ("Subject: Out of office chairs are broken\n", Kind::Normal),
            ("Subject: 自动回复功能坏了\n", Kind::Normal),
            ("Subject: Re: Automatic reply: x\n", Kind::Normal),
            ("X-Auto-Response-Suppress: All\nSubject: I am on vacation\n", Kind::AutoReply),
            ("X-Auto-Response-Suppress: DR, AutoReply\nSubject: I cannot log in\n", Kind::Normal),
            (
                "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nread\n--b--",
                Kind::AutoReply,
            ),
            ("List-Id: <users.example.com>\n", Kind::List),
            ("List-Unsubscribe: <https://x.org>\n", Kind::List),
            ("Precedence: Junk\n", Kind::List),
            ("X-Echodesk-Origin: comment-1\nAuto-Submitted: auto-generated\n", Kind::Own),
            ("Message-ID: <1@Desk.Example>\n", Kind::Own),
            ("Message-ID: <1@notdesk.example>\n", Kind::Normal),
            ("From: HELP@desk.example\n", Kind::Own),
        ] {
            assert_eq!(of(&format!("{raw}\n")), want, "{raw}");
        }
        let daemon = "From: MAILER-DAEMON@desk.example\nMessage-ID: <1@desk.example>\nReturn-Path: <>\nSubject: Undelivered Mail\n\nx";
        assert!(matches!(of(daemon), Kind::Bounce(_)));
    }
}
