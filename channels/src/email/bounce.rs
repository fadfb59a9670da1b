//! Reports that a mail did not arrive: RFC 3464, and the plain letters of older servers.
//!
//! Ties a report to the mail that it is about and tells a delay from a failure. Believes nothing about who sent it: a
//! report is a hint to look at a delivery of ours, and only one with our Message-ID in it points anywhere.

use super::header::{Headers, email, one_line, split};
use super::kind::Bounce;
use super::mime::Node;

/// A report that the MIME structure says is one.
pub(super) fn report(headers: &Headers, root: &Node<'_>) -> Option<Bounce> {
    let Node::Multi { subtype, .. } = root else { return None };
    let leaves = root.leaves();
    let status =
        leaves.iter().find(|leaf| leaf.is("message/delivery-status") || leaf.is("message/global-delivery-status"));
    let declared = headers
        .field("content-type")
        .raw("report-type")
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"delivery-status"));
    // Without the word "report", only a mailer may say so: a person may attach a report to a question about it.
    if !(subtype == "report" && (declared || status.is_some()) || status.is_some() && daemon(headers)) {
        return None;
    }
    let groups = status.map(|leaf| groups(&leaf.bytes())).unwrap_or_default();
    let action = |group: &&Headers| group.keyword("action");
    let about = groups.iter().filter(|group| group.has("final-recipient") || group.has("original-recipient"));
    let failed = about.clone().find(|group| action(group) == "failed").or_else(|| about.clone().next());
    let field = |name: &str| failed.and_then(|group| group.text(name)).filter(|text| !text.is_empty());
    let original = leaves.iter().find(|leaf| {
        ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers"]
            .contains(&leaf.content_type.value.as_str())
    });
    let inside =
        original.and_then(|leaf| split(leaf.bytes().trim_ascii_start()).0.ids("message-id").into_iter().next());
    let told = || {
        groups.iter().find_map(|group| {
            ["original-message-id", "x-original-message-id"].iter().find_map(|name| group.ids(name).into_iter().next())
        })
    };
    let text = leaves.iter().find(|leaf| leaf.is("text/plain")).map(|leaf| leaf.text(None)).unwrap_or_default();
    let recipient = field("final-recipient").or_else(|| field("original-recipient"));
    let recipient = recipient.as_deref().and_then(|value| email(value.rsplit(';').next().unwrap_or(value)));
    let status = field("status").map(|status| status.split_whitespace().next().unwrap_or_default().to_owned());
    let action = field("action").map(|action| action.to_lowercase());
    let permanent = match action.as_deref() {
        Some(action) => action == "failed",
        None => status.as_deref().is_some_and(|status| status.starts_with('5')),
    };
    let diagnostic = field("diagnostic-code")
        .map(|code| code.split_once(';').map_or(code.clone(), |(_, text)| text.trim().to_owned()));
    Some(Bounce {
        original_message_id: inside.or_else(told).or_else(|| referred(headers)),
        recipient: recipient.or_else(|| failed_recipient(headers, &text)),
        action,
        status,
        diagnostic,
        permanent,
    })
}

/// A letter from a mail server, read by its wording.
pub(super) fn letter(headers: &Headers, subject: &str, text: &str) -> Option<Bounce> {
    let returns = headers.raw("return-path").is_some_and(|path| path.trim_ascii() == b"<>");
    let subject = subject.to_lowercase();
    let titled = SUBJECTS.iter().any(|words| subject.contains(words));
    if !daemon(headers) || !(returns || titled || headers.has("x-failed-recipients")) {
        return None;
    }
    let head: String = text.chars().take(20_000).collect();
    let lower = head.to_lowercase();
    let delayed = DELAYS.iter().any(|words| subject.contains(words) || lower.contains(words));
    let status = status(&head);
    let diagnostic = head.lines().map(str::trim).find(|line| reply_code(line).is_some()).map(one_line);
    let transient = delayed || status.as_deref().is_some_and(|status| status.starts_with('4'));
    Some(Bounce {
        original_message_id: quoted_id(text).or_else(|| referred(headers)),
        recipient: failed_recipient(headers, &head),
        action: Some(if delayed { "delayed" } else { "failed" }.to_owned()),
        status,
        diagnostic,
        permanent: !transient,
    })
}

const SUBJECTS: [&str; 14] = [
    "undeliver",
    "delivery status",
    "delivery failure",
    "delivery has failed",
    "delivery failed",
    "failure notice",
    "returned mail",
    "returning message",
    "mail system error",
    "message delayed",
    "退信",
    "退回",
    "投递失败",
    "unzustellbar",
];
const DELAYS: [&str; 8] = [
    "delayed",
    "will be retried",
    "will keep trying",
    "continue to try",
    "(delay)",
    "could not send message for past",
    "延迟",
    "延遲",
];

fn daemon(headers: &Headers) -> bool {
    let from = headers.addresses("from").into_iter().next();
    let local = from.as_ref().map(|from| from.email.split('@').next().unwrap_or_default().to_owned());
    let raw = headers.keyword("from");
    local.is_some_and(|local| {
        matches!(local.as_str(), "mailer-daemon" | "postmaster" | "mail-daemon" | "mdaemon" | "mailerdaemon")
    }) || raw.contains("mailer-daemon")
        || raw.contains("mail delivery subsystem")
}

/// The blocks of a delivery status: one about the message, one for each recipient.
fn groups(status: &[u8]) -> Vec<Headers> {
    let mut groups = Vec::new();
    let mut rest = status.trim_ascii_start();
    while !rest.is_empty() && groups.len() < 100 {
        let (headers, after) = split(rest);
        // A line that is no field stops a block without a blank line; skip it, or this would never end.
        let after =
            if after.len() == rest.len() { after.split_at_checked(1).map_or(&[][..], |(_, rest)| rest) } else { after };
        if !headers.is_empty() {
            groups.push(headers);
        }
        rest = after.trim_ascii_start();
    }
    groups
}

fn referred(headers: &Headers) -> Option<String> {
    ["original-message-id", "x-original-message-id", "in-reply-to"]
        .iter()
        .find_map(|name| headers.ids(name).into_iter().next())
        .or_else(|| headers.ids("references").pop())
}

/// The last `Message-ID:` line in a copy of the original (the first may be the report's own, quoted).
fn quoted_id(text: &str) -> Option<String> {
    let line = text.lines().rev().find(|line| {
        let line = line.trim_start_matches(['>', ' ']);
        line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:"))
    })?;
    let id = line.split_once('<')?.1.split_once('>')?.0.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// Exim says it in a header; qmail writes `<user@host>:`; others put the address on a line of its own.
fn failed_recipient(headers: &Headers, text: &str) -> Option<String> {
    if let Some(first) = headers.addresses("x-failed-recipients").into_iter().next() {
        return Some(first.email);
    }
    let lines = || text.lines().map(str::trim).take(200);
    let marked =
        lines().find_map(|line| line.strip_prefix('<')?.split_once(">:").and_then(|(address, _)| email(address)));
    let alone = || lines().find_map(|line| email(line.trim_end_matches(':')));
    let within = || {
        lines()
            .flat_map(str::split_whitespace)
            .find_map(|word| email(word.trim_matches(|c: char| !c.is_alphanumeric())))
    };
    marked.or_else(alone).or_else(within)
}

/// `5.1.1`: class, subject, detail.
fn status(text: &str) -> Option<String> {
    let token = |word: &&str| {
        let mut numbers = word.split('.');
        let class = matches!(numbers.next(), Some("2" | "4" | "5"));
        let rest: Vec<&str> = numbers.collect();
        class
            && rest.len() == 2
            && rest.iter().all(|n| !n.is_empty() && n.len() <= 3 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find(token).map(str::to_owned)
}

/// A line with an SMTP reply of refusal in it: `550 no such user`.
fn reply_code(line: &str) -> Option<&str> {
    let codes = |word: &&str| {
        let digits = word.trim_end_matches(['-', ':']).trim_start_matches(['#', '(']);
        digits.len() == 3 && digits.starts_with(['4', '5']) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    line.split_whitespace().find(codes)
}

#[cfg(test)]
mod tests {
    use super::super::mime;
    use super::*;

    fn of(raw: &str) -> Option<Bounce> {
        let (headers, body) = split(raw.as_bytes());
        let subject = headers.text("subject").unwrap_or_default();
        let text = String::from_utf8_lossy(body).into_owned();
        let root = mime::tree(headers.clone(), body);
        report(&headers, &root).or_else(|| letter(&headers, &subject, &text))
    }

    fn dsn(fields: &str) -> String {
        format!(
            "From: MAILER-DAEMON@mx.example.net\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n\
             --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n{fields}\n\
             --b\nContent-Type: text/rfc822-headers\n\nFrom: help@desk.example\nMessage-ID: <42@desk.example>\n--b--\n"
        )
    }

    #[test]
    fn reports() {
        for (fields, action, status, permanent) in [
            (
                "Final-Recipient: rfc822; li@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user",
                "failed",
                "5.1.1",
                true,
            ),
            (
                "Final-Recipient: rfc822;li@example.com\nAction: delayed\nStatus: 4.4.1 (no answer)\nDiagnostic-Code: smtp; 550 no such user",
                "delayed",
                "4.4.1",
                false,
            ),
            (
                "Final-Recipient: rfc822; ok@example.com\nAction: relayed\nStatus: 2.0.0\n\nOriginal-Recipient: rfc822;li@example.com\nAction: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp; 550 no such user",
                "failed",
                "4.4.7",
                true,
            ),
        ] {
            let bounce = of(&dsn(fields)).unwrap();
            assert_eq!(bounce.original_message_id.as_deref(), Some("42@desk.example"));
            assert_eq!(bounce.recipient.as_deref(), Some("li@example.com"));
            assert_eq!(
                (bounce.action.as_deref(), bounce.status.as_deref(), bounce.permanent),
                (Some(action), Some(status), permanent)
            );
            assert_eq!(bounce.diagnostic.as_deref(), Some("550 no such user"));
        }
    }

    #[test]
    fn letters() {
        let qmail = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n\n\
            Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message.\n\n\
            <li@example.com>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 no such user\n\n\
            --- Below this line is a copy of the message.\n\nReturn-Path: <help@desk.example>\nMessage-ID: <42@desk.example>\nSubject: Re: x\n";
        let bounce = of(qmail).unwrap();
        assert_eq!(bounce.original_message_id.as_deref(), Some("42@desk.example"));
        assert_eq!(
            (bounce.recipient.as_deref(), bounce.status.as_deref(), bounce.permanent),
            (Some("li@example.com"), Some("5.1.1"), true)
        );
        assert_eq!(bounce.diagnostic.as_deref(), Some("Remote host said: 550 5.1.1 no such user"));

        let late = "Return-Path: <>\nFrom: Postmaster <postmaster@mx.example.net>\nSubject: Warning: message delayed 4 hours\nIn-Reply-To: <42@desk.example>\n\n\
            Your message to li@example.com has not been delivered yet. It will be retried.\n";
        let bounce = of(late).unwrap();
        assert_eq!(
            (bounce.action.as_deref(), bounce.permanent, bounce.recipient.as_deref()),
            (Some("delayed"), false, Some("li@example.com"))
        );
        assert_eq!(bounce.original_message_id.as_deref(), Some("42@desk.example"));
    }

    #[test]
    fn people_do_not_bounce() {
        for raw in [
            "From: li@example.com\nReturn-Path: <>\nSubject: failure notice\n\nWhat does 550 mean?",
            "From: postmaster@example.com\nReturn-Path: <postmaster@example.com>\nSubject: Our new address\n\nhello",
            "From: li@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nwhy?\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--",
        ] {
            assert_eq!(of(raw), None, "{raw}");
        }
    }
}
