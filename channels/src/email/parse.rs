//! From bytes to a [`Mail`].
//!
//! Puts together what the neighbours read. Takes anything that has one header or is text; refuses only what is empty or
//! no mail at all. Never panics, and its work grows with the size of the mail and nothing else.

use super::header::{Headers, email, split};
use super::kind::{Evidence, kind};
use super::mime::{Node, tree};
use super::{Address, Mail, Ours, Part, Unparsable, body, charset, charset_guess, fold};
use encoding_rs::Encoding;
use ring::digest::{Context, SHA256, digest};

/// How much of a body is looked at to find out what the mail is written in.
const SAMPLE: usize = 64 * 1024;

/// Reads a mail as it was received. `ours` is needed to know our own mail when it comes back.
pub fn parse(raw: &[u8], ours: &Ours) -> Result<Mail, Unparsable> {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw).trim_ascii_start();
    if raw.is_empty() {
        return Err(Unparsable { why: "it is empty".to_owned() });
    }
    let (mut headers, rest) = split(raw);
    if headers.is_empty() && !textual(raw) {
        return Err(Unparsable { why: "no header, and not text".to_owned() });
    }
    let root = tree(headers.clone(), rest);
    headers.hint = written_in(&headers, &root);
    let body = body::read(&root, headers.hint);
    let folded = fold::fold(&body.text);

    let from = headers.addresses("from").into_iter().next();
    let to = headers.addresses("to");
    let cc = headers.addresses("cc");
    let subject = headers.text("subject").unwrap_or_default();
    let date = headers.date("date");
    let message_id = headers.ids("message-id").into_iter().next().or_else(|| odd_id(&headers));
    let evidence = Evidence {
        headers: &headers,
        root: &root,
        subject: &subject,
        text: &body.text,
        message_id: message_id.as_deref(),
        from: from.as_ref(),
    };
    let kind = kind(&evidence, ours);
    let mut mail = Mail {
        message_id,
        content_hash: String::new(),
        sender: headers.addresses("sender").into_iter().next(),
        reply_to: headers.addresses("reply-to"),
        recipients: recipients(&headers, &to, &cc),
        in_reply_to: headers.ids("in-reply-to"),
        references: headers.ids("references"),
        from,
        to,
        cc,
        subject,
        date,
        text: body.text,
        fresh: folded.fresh,
        folded: folded.folded,
        html: body.html,
        parts: body.parts,
        kind,
    };
    mail.content_hash = content_hash(&mail);
    Ok(mail)
}

/// Some programs write an id without `<`, `>` and `@`.
fn odd_id(headers: &Headers) -> Option<String> {
    let id = headers.text("message-id")?;
    let id = id.trim_matches(['<', '>', ' ']);
    (!id.is_empty() && !id.contains(' ')).then(|| id.to_owned())
}

/// Every address it may have been delivered to: plus-addresses often stand only in what the transport added.
fn recipients(headers: &Headers, to: &[Address], cc: &[Address]) -> Vec<String> {
    let mut all: Vec<String> = to.iter().chain(cc).map(|address| address.email.clone()).collect();
    for name in
        ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to", "resent-cc", "apparently-to"]
    {
        all.extend(headers.addresses(name).into_iter().map(|address| address.email));
    }
    let mut unique: Vec<String> = Vec::with_capacity(all.len());
    let mut seen = std::collections::HashSet::new();
    for address in all.iter().filter_map(|address| email(address)) {
        if seen.insert(address.clone()) {
            unique.push(address);
        }
    }
    unique
}

/// The multi-byte charset that the mail's raw 8-bit headers are probably in: a declared one, or what the bytes look like.
fn written_in(headers: &Headers, root: &Node<'_>) -> Option<&'static Encoding> {
    let leaves = root.leaves();
    let mut bytes = headers.eight_bit();
    let hidden = leaves.iter().any(|leaf| !leaf.headers.eight_bit().is_empty());
    let declared = leaves.iter().filter(|leaf| leaf.content_type.main() == "text").find_map(|leaf| {
        leaf.charset()
            .as_deref()
            .and_then(charset::encoding)
            .filter(|encoding| !encoding.is_single_byte() && encoding.name() != "UTF-8")
    });
    if declared.is_some() || (bytes.is_empty() && !hidden) {
        return declared;
    }
    bytes.extend(leaves.iter().flat_map(|leaf| leaf.headers.eight_bit()));
    if std::str::from_utf8(&bytes).is_ok() {
        return None;
    }
    for leaf in leaves.iter().filter(|leaf| leaf.content_type.main() == "text") {
        bytes.extend_from_slice(leaf.body.get(..SAMPLE).unwrap_or(leaf.body));
    }
    Some(charset_guess::guess(&bytes)).filter(|encoding| !encoding.is_single_byte())
}

/// Text has no NUL and hardly any other control characters.
fn textual(raw: &[u8]) -> bool {
    let sample = raw.get(..SAMPLE).unwrap_or(raw);
    let odd = sample.iter().filter(|&&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)).count();
    !sample.contains(&0) && odd * 50 <= sample.len()
}

fn content_hash(mail: &Mail) -> String {
    let mut context = Context::new(&SHA256);
    let mut add = |field: &[u8]| {
        // Lengths keep neighbours apart: "ab" + "c" is not "a" + "bc".
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field);
    };
    add(mail.from.as_ref().map_or("", |from| from.email.as_str()).as_bytes());
    let mut to: Vec<&str> = mail.to.iter().map(|to| to.email.as_str()).collect();
    to.sort_unstable();
    add(to.join(",").as_bytes());
    add(mail.subject.as_bytes());
    add(mail.date.map(|date| date.to_string()).unwrap_or_default().as_bytes());
    // Relays rewrap nothing, but they trim blanks and change line ends.
    let text: Vec<&str> = mail.text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    add(text.join("\n").as_bytes());
    for Part { bytes, .. } in &mail.parts {
        add(digest(&SHA256, bytes).as_ref());
    }
    let digits = context.finish().as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]).collect::<Vec<_>>();
    digits.into_iter().filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use encoding_rs::{BIG5, GB18030};

    fn ours() -> Ours {
        Ours { domain: "desk.example".into(), addresses: vec!["help@desk.example".into()] }
    }

    fn mail(raw: &[u8]) -> Mail {
        parse(raw, &ours()).unwrap()
    }

    #[test]
    fn whatever_is_missing_it_is_a_mail() {
        for (raw, subject, text) in [
            ("Subject: a\r\n\r\nb", "a", "b"),
            ("Subject: a\r\rb\rc", "a", "b\nc"),
            ("From li@example.com Mon Sep  2 10:00:00 2024\nSubject: a\n\nb\n", "a", "b"),
            ("Subject: a", "a", ""),
            ("Just text, no header", "", "Just text, no header"),
            ("\r\n\r\nSubject: a\n\nb", "a", "b"),
            ("From: li@example.com\n\n", "", ""),
            ("Subject: a\u{1}\n\tb\n\nc\u{0}d", "a b", "cd"),
            (
                "Content-Type: multipart/mixed; boundary=x\nSubject: a\n\n--x\nContent-Type: text/plain\n\ncut sho",
                "a",
                "cut sho",
            ),
            ("Content-Type: nonsense\nSubject: a\n\nb", "a", "b"),
            ("Content-Type: text/plain; charset=x-martian\nSubject: a\n\nb", "a", "b"),
        ] {
            let mail = mail(raw.as_bytes());
            assert_eq!((mail.subject.as_str(), mail.text.as_str()), (subject, text), "{raw:?}");
        }
    }

    #[test]
    fn what_is_no_mail_is_refused() {
        for raw in [&b""[..], b" \r\n\n", &[0, 1, 2, 3, 0x89, b'P', b'N', b'G'], &[0x00; 100]] {
            let refused = parse(raw, &ours()).unwrap_err();
            assert!(refused.to_string().starts_with("not a mail"), "{raw:?}");
        }
    }

    #[test]
    fn raw_chinese_everywhere() {
        for (encoding, subject, text) in [(GB18030, "退款", "请帮我退款，谢谢。"), (BIG5, "退款", "請幫我退款，謝謝。")]
        {
            let mut raw = b"From: \"".to_vec();
            raw.extend_from_slice(&encoding.encode("李").0);
            raw.extend_from_slice(b"\" <li@example.com>\nSubject: ");
            raw.extend_from_slice(&encoding.encode(subject).0);
            raw.extend_from_slice(format!("\nContent-Type: text/plain; charset={}\n\n", encoding.name()).as_bytes());
            raw.extend_from_slice(&encoding.encode(text).0);
            let mail = mail(&raw);
            assert_eq!((mail.subject.as_str(), mail.text.as_str()), (subject, text));
            assert_eq!(mail.from.unwrap().name.as_deref(), Some("李"));
        }
    }

    #[test]
    fn the_hash_is_of_what_was_written() {
        let plain = "From: li@example.com\nTo: help@desk.example\nSubject: a\nDate: Mon, 2 Sep 2024 10:00:00 +0800\n\ntext \n\nmore";
        let carried = format!(
            "Received: from x\nDelivered-To: help@desk.example\nDKIM-Signature: v=1\n{}",
            plain.replace('\n', "\r\n").replace("text ", "text")
        );
        let hash = mail(plain.as_bytes()).content_hash;
        assert_eq!(hash.len(), 64);
        assert_eq!(hash, mail(carried.as_bytes()).content_hash);
        assert_ne!(hash, mail(plain.replace("more", "less").as_bytes()).content_hash);
        assert_ne!(hash, mail(plain.replace("Subject: a", "Subject: b").as_bytes()).content_hash);
    }

    #[test]
    fn delivered_to_whom() {
        let raw = "To: A <A@x.org>, b@x.org\nCc: c@x.org\nDelivered-To: help+T1@desk.example\nX-Original-To: a@X.org\nEnvelope-To: e@x.org\nResent-To: r@x.org\n\nx";
        assert_eq!(
            mail(raw.as_bytes()).recipients,
            ["a@x.org", "b@x.org", "c@x.org", "help+t1@desk.example", "e@x.org", "r@x.org"]
        );
    }

    #[test]
    fn nested_mails_are_files() {
        use std::fmt::Write as _;
        let mut deep = String::from("Subject: outer\n");
        for level in 0..20_000 {
            write!(deep, "Content-Type: message/rfc822\n\nSubject: level {level}\n").unwrap();
        }
        let mail = mail(deep.as_bytes());
        assert_eq!((mail.subject.as_str(), mail.parts.len(), mail.kind), ("outer", 1, Kind::Normal));
        assert_eq!(mail.parts[0].filename, "level 0.eml");
    }

    #[test]
    fn forty_megabytes() {
        let line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n";
        let mut raw = b"Subject: big\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nsee file\r\n--x\r\nContent-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec();
        raw.extend_from_slice(line.repeat(40 * 1024 * 1024 / line.len()).as_bytes());
        raw.extend_from_slice(b"\r\n--x--\r\n");
        let started = std::time::Instant::now();
        let mail = mail(&raw);
        let took = started.elapsed();
        assert_eq!((mail.text.as_str(), mail.parts.len()), ("see file", 1));
        // Unoptimized and on a busy machine; optimized it is a fraction of a second.
        assert!(took.as_secs() < 20, "{took:?}");
        eprintln!("forty megabytes: {took:?}");
    }
}
