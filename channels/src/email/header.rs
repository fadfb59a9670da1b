//! A header block: its fields, unfolded and still as bytes, and typed readings of them.
//!
//! mail-parser reads addresses and dates; what it is given has been made sound UTF-8 first. A line that is no field ends
//! the block unless a field follows it, so a body without a blank line before it is not lost.

use super::lines::lines;
use super::param::Field;
use super::{Address, word};
use encoding_rs::Encoding;
use mail_parser::{DateTime, MessageParser};

/// Bounds on what one block may hold; the rest is read over.
const MOST_FIELDS: usize = 1_000;
const LONGEST_VALUE: usize = 64 * 1024;
const MOST_ADDRESSES: usize = 1_000;
const MOST_IDS: usize = 200;

#[derive(Debug, Default, Clone)]
pub(super) struct Headers {
    /// Names in lower case, in the order of the mail.
    fields: Vec<(String, Vec<u8>)>,
    /// What the mail is written in: for raw 8-bit values.
    pub hint: Option<&'static Encoding>,
}

/// The block at the start of `raw`, and the body after it.
pub(super) fn split(raw: &[u8]) -> (Headers, &[u8]) {
    let mut headers = Headers::default();
    let mut all = lines(raw).peekable();
    let mut body = raw.len();
    while let Some(line) = all.next() {
        let bytes = raw.get(line.start..line.end).unwrap_or_default();
        if bytes.is_empty() {
            body = line.next;
            break;
        }
        if bytes.starts_with(b" ") || bytes.starts_with(b"\t") {
            headers.extend(bytes);
        } else if let Some((name, value)) = field(bytes) {
            headers.push(name, value);
        } else {
            let next = all.peek().and_then(|next| raw.get(next.start..next.end)).unwrap_or_default();
            let mbox = line.start == 0 && (bytes.starts_with(b"From ") || bytes.starts_with(b">From "));
            if !mbox && field(next).is_none() {
                body = line.start;
                break;
            }
        }
    }
    (headers, raw.get(body..).unwrap_or_default())
}

/// `Name: value`, where the name is printable ASCII.
fn field(line: &[u8]) -> Option<(String, &[u8])> {
    let colon = line.iter().take(100).position(|&b| b == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    let named = !name.is_empty() && name.iter().all(|b| b.is_ascii_graphic());
    named.then(|| {
        (String::from_utf8_lossy(name).to_ascii_lowercase(), line.get(colon + 1..).unwrap_or_default().trim_ascii())
    })
}

impl Headers {
    fn push(&mut self, name: String, value: &[u8]) {
        if self.fields.len() < MOST_FIELDS {
            self.fields.push((name, value.get(..LONGEST_VALUE).unwrap_or(value).to_vec()));
        }
    }

    fn extend(&mut self, line: &[u8]) {
        if let Some((_, value)) = self.fields.last_mut()
            && value.len() + line.len() < LONGEST_VALUE
        {
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
        }
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// All values as bytes in one, for guessing what raw ones are written in.
    pub fn eight_bit(&self) -> Vec<u8> {
        self.fields.iter().filter(|(_, value)| !value.is_ascii()).flat_map(|(_, value)| value.iter().copied()).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// One line of decoded text without control characters.
    pub fn text(&self, name: &str) -> Option<String> {
        self.raw(name).map(|raw| one_line(&word::decode(raw, self.hint)))
    }

    /// The value trimmed and lower-cased: for fields that are keywords.
    pub fn keyword(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_lowercase()
    }

    pub fn field(&self, name: &str) -> Field {
        self.raw(name).map(Field::parse).unwrap_or_default()
    }

    /// Message-IDs without `<>`. Without any brackets, words with an `@` are taken.
    pub fn ids(&self, name: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for raw in self.all(name) {
            let text = word::decode(raw, self.hint);
            for id in bracketed(&text) {
                if ids.len() < MOST_IDS && !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        ids
    }

    pub fn addresses(&self, name: &str) -> Vec<Address> {
        let mut found = Vec::new();
        for raw in self.all(name) {
            let value = one_line(&word::canonical(raw, self.hint));
            addresses(&value, &mut found);
        }
        found.truncate(MOST_ADDRESSES);
        found
    }

    /// Milliseconds UTC.
    pub fn date(&self, name: &str) -> Option<i64> {
        let text = self.text(name)?;
        let parsed = DateTime::parse_rfc822(&format!("{text}\n")).filter(DateTime::is_valid);
        let iso = || DateTime::parse_rfc3339(&text.replacen(' ', "T", 1)).filter(DateTime::is_valid);
        parsed.or_else(iso).map(|date| date.to_timestamp() * 1_000)
    }
}

fn bracketed(text: &str) -> Vec<String> {
    let compact = |id: &str| -> String { id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect() };
    let inside: Vec<String> = text
        .split('<')
        .skip(1)
        .filter_map(|piece| piece.split_once('>').map(|(id, _)| compact(id)))
        .filter(|id| !id.is_empty() && id.len() <= 998)
        .collect();
    if !inside.is_empty() {
        return inside;
    }
    let bare = text.split(|c: char| c.is_whitespace() || c == ',' || c == '<' || c == '>');
    bare.filter(|id| id.contains('@') && id.len() <= 998).map(compact).collect()
}

fn addresses(value: &str, found: &mut Vec<Address>) {
    // As `To`: a name that mail-parser reads as a list. Its own lookups want exactly one such header.
    let block = format!("To: {value}\n\n");
    let before = found.len();
    if let Some(message) = MessageParser::default().parse_headers(block.as_bytes())
        && let Some(list) = message.to()
    {
        for address in list.iter() {
            let email = address.address.as_deref().and_then(email);
            let name = address.name.as_deref().map(one_line).filter(|name| !name.is_empty());
            match email {
                Some(email) => {
                    let name = name.filter(|name| !name.eq_ignore_ascii_case(&email));
                    found.push(Address { name, email });
                }
                // `"user@host" (Name)` and its like: the address stands where the name should.
                None => found.extend(name.as_deref().and_then(email_in).map(|email| Address { name: None, email })),
            }
        }
    }
    if found.len() == before
        && let Some(email) = email_in(value)
    {
        found.push(Address { name: None, email });
    }
}

fn email_in(text: &str) -> Option<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ',' | ';' | '(' | ')' | '[' | ']'))
        .find_map(email)
}

/// Loosely an address: something, an `@`, something; no blanks, no brackets. Lower-cased.
pub(super) fn email(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(|c| matches!(c, '<' | '>' | '"' | '\''));
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, domain) = text.rsplit_once('@')?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"');
    let sound =
        !local.is_empty() && !domain.is_empty() && text.len() <= 320 && !text.contains(odd) && !local.contains('@');
    (sound && !domain.starts_with('.') && !domain.ends_with('.')).then(|| text.to_lowercase())
}

/// Blanks of all kinds become one space, control characters go.
pub(super) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::GB18030;

    fn headers(raw: &str) -> Headers {
        split(raw.as_bytes()).0
    }

    fn emails(value: &str) -> Vec<(String, String)> {
        let list = headers(&format!("To: {value}\n\n")).addresses("to");
        list.into_iter().map(|a| (a.name.unwrap_or_default(), a.email)).collect()
    }

    #[test]
    fn blocks_end_where_the_text_begins() {
        for (raw, fields, body) in [
            ("A: 1\r\nB: 2\r\n\r\ntext", 2, "text"),
            ("A: 1\rB: 2\r\rtext", 2, "text"),
            ("From a@b Mon Jan 1\nA: 1\n\ntext", 1, "text"),
            ("A: 1\nstray line\nB: 2\n\ntext", 2, "text"),
            ("A: 1\nHello there\nBye", 1, "Hello there\nBye"),
            ("A: 1\n folded\n\tmore\n\n", 1, ""),
            ("no header at all\n\nx", 0, "no header at all\n\nx"),
            ("\nbody", 0, "body"),
        ] {
            let (headers, rest) = split(raw.as_bytes());
            assert_eq!((headers.fields.len(), rest), (fields, body.as_bytes()), "{raw:?}");
        }
        assert_eq!(headers("A: 1\n  folded\n\tmore\n\n").text("a").unwrap(), "1 folded more");
    }

    #[test]
    fn addresses_of_all_kinds() {
        let one = |name: &str, email: &str| vec![(name.to_owned(), email.to_owned())];
        for (value, want) in [
            ("Li Wei <Li.Wei@Example.COM>", one("Li Wei", "li.wei@example.com")),
            ("li@example.com", one("", "li@example.com")),
            ("<li@example.com>", one("", "li@example.com")),
            ("\"Li, Wei\" <li@example.com>", one("Li, Wei", "li@example.com")),
            ("=?utf-8?B?5p2OLCDkvJ8=?= <li@example.com>", one("李, 伟", "li@example.com")),
            ("\"=?gb2312?B?wO7OsA==?=\" <li@example.com>", one("李伟", "li@example.com")),
            ("li@example.com (Li Wei)", one("Li Wei", "li@example.com")),
            ("Undisclosed recipients:;", vec![]),
            ("nobody", vec![]),
            ("\"li@example.com\"", one("", "li@example.com")),
            ("li@example.com <li@example.com>", one("", "li@example.com")),
        ] {
            assert_eq!(emails(value), want, "{value}");
        }
        assert_eq!(emails("a@x.org, B <b@x.org>; c@x.org").len(), 3);
        assert_eq!(emails("team: a@x.org, b@x.org;").len(), 2);
    }

    #[test]
    fn raw_names_use_the_hint() {
        let raw = [b"From: \"".as_slice(), &GB18030.encode("李伟").0, b"\" <li@example.com>\n\n"].concat();
        let mut headers = split(&raw).0;
        headers.hint = Some(GB18030);
        assert_eq!(headers.addresses("from")[0].name.as_deref(), Some("李伟"));
    }

    #[test]
    fn ids_and_dates() {
        let headers = headers(
            "References: <a@x>\n <b@\n x> <a@x>\nIn-Reply-To: Your mail <c@x> of today\nMessage-ID: bare@x\n\
             Date: Wed, 23 Oct 2024 18:30:00 +0800 (CST)\nX-Iso: 2024-10-23 10:30:00+00:00\nX-Bad: tomorrow\n\n",
        );
        assert_eq!(headers.ids("references"), ["a@x", "b@x"]);
        assert_eq!(headers.ids("in-reply-to"), ["c@x"]);
        assert_eq!(headers.ids("message-id"), ["bare@x"]);
        assert_eq!(headers.date("date"), Some(1_729_679_400_000));
        assert_eq!(headers.date("x-iso"), Some(1_729_679_400_000));
        assert_eq!(headers.date("x-bad"), None);
    }
}
