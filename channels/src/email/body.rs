//! Which parts are the text, which the HTML, and which are files.
//!
//! Of alternatives the plainest that says something is the text; of everything else, all of it in order. Whatever is not
//! shown as text becomes a part; nothing is thrown away but a second rendition for AMP readers.

use super::mime::{Leaf, Node};
use super::{Part, header, html, name};
use encoding_rs::Encoding;

#[derive(Debug, Default)]
pub(super) struct Body {
    pub text: String,
    pub html: Option<String>,
    pub parts: Vec<Part>,
}

/// One stretch of the mail's text, in the renditions that came.
#[derive(Debug, Default)]
struct Stretch {
    plain: Option<String>,
    html: Option<String>,
}

struct Collector {
    hint: Option<&'static Encoding>,
    parts: Vec<Part>,
}

pub(super) fn read(root: &Node<'_>, hint: Option<&'static Encoding>) -> Body {
    let mut collector = Collector { hint, parts: Vec::new() };
    let mut stretches = Vec::new();
    collector.collect(root, &mut stretches);
    let texts: Vec<String> = stretches.iter().map(readable).filter(|text| !text.is_empty()).collect();
    let htmls: Vec<String> =
        stretches.into_iter().filter_map(|stretch| stretch.html).filter(|html| !html.trim().is_empty()).collect();
    let html = (!htmls.is_empty()).then(|| htmls.join("\n"));
    let mut parts = collector.parts;
    for part in &mut parts {
        let shown =
            part.content_id.as_ref().zip(html.as_ref()).is_some_and(|(id, html)| html.contains(&format!("cid:{id}")));
        part.inline |= shown;
    }
    Body { text: texts.join("\n\n"), html, parts }
}

fn readable(stretch: &Stretch) -> String {
    let plain = stretch.plain.as_deref().map(tidy).unwrap_or_default();
    if plain.is_empty() { stretch.html.as_deref().map(html::to_text).unwrap_or_default() } else { plain }
}

impl Collector {
    fn collect(&mut self, node: &Node<'_>, stretches: &mut Vec<Stretch>) {
        match node {
            Node::Leaf(leaf) => self.leaf(leaf, stretches),
            Node::Multi { subtype, children } if subtype == "alternative" => {
                let mut found = Vec::new();
                for child in children {
                    // One alternative may be text, a file, and more text: Apple's mails are.
                    let mut pieces = Vec::new();
                    self.collect(child, &mut pieces);
                    found.extend(whole(pieces));
                }
                stretches.extend(one_of(found));
            }
            Node::Multi { children, .. } => {
                for child in children {
                    self.collect(child, stretches);
                }
            }
        }
    }

    fn leaf(&mut self, leaf: &Leaf<'_>, stretches: &mut Vec<Stretch>) {
        let named = leaf.filename(self.hint);
        // Some mailers name the body itself; a second named text is a file that somebody attached.
        let file = leaf.disposition.value == "attachment" || (named.is_some() && !stretches.is_empty());
        match leaf.content_type.value.as_str() {
            "text/plain" if !file => stretches.push(Stretch { plain: Some(leaf.text(self.hint)), html: None }),
            "text/html" if !file => stretches.push(Stretch { plain: None, html: Some(leaf.text(self.hint)) }),
            "text/x-amp-html" => {}
            _ => self.part(leaf, named),
        }
    }

    fn part(&mut self, leaf: &Leaf<'_>, named: Option<String>) {
        let content_type = leaf.content_type.value.clone();
        let bytes = leaf.bytes();
        let attached_mail = content_type == "message/rfc822" || content_type == "message/global";
        let named = if attached_mail { named.or_else(|| subject(&bytes)).map(|name| eml(&name)) } else { named };
        let filename = name::file_name(named.as_deref(), &content_type, self.parts.len() + 1);
        let content_id = leaf
            .headers
            .text("content-id")
            .map(|id| id.trim_matches(['<', '>', ' ']).to_owned())
            .filter(|id| !id.is_empty());
        let inline = leaf.disposition.value == "inline" && leaf.content_type.main() == "image";
        self.parts.push(Part { filename, content_type, content_id, inline, bytes });
    }
}

fn whole(pieces: Vec<Stretch>) -> Option<Stretch> {
    pieces.into_iter().reduce(|one, next| Stretch {
        plain: joined(one.plain, next.plain, "\n\n"),
        html: joined(one.html, next.html, "\n"),
    })
}

fn joined(one: Option<String>, next: Option<String>, between: &str) -> Option<String> {
    match (one, next) {
        (Some(one), Some(next)) => Some(one + between + &next),
        (one, next) => one.or(next),
    }
}

/// Alternatives say the same thing: the first plain text that is not blank, the last (richest) HTML.
fn one_of(found: Vec<Stretch>) -> Option<Stretch> {
    let mut one = Stretch::default();
    for stretch in found {
        if one.plain.as_deref().is_none_or(|plain| plain.trim().is_empty()) {
            one.plain = stretch.plain.or(one.plain);
        }
        one.html = stretch.html.or(one.html);
    }
    (one.plain.is_some() || one.html.is_some()).then_some(one)
}

/// An attached mail is called by its subject. Slashes in it ("Re: 1/2") are no directories.
fn subject(mail: &[u8]) -> Option<String> {
    let subject = header::split(mail).0.text("subject")?;
    let subject = subject.replace(['/', '\\'], "_");
    (!subject.is_empty()).then_some(subject)
}

fn eml(name: &str) -> String {
    let known = name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("eml"));
    if known { name.to_owned() } else { format!("{name}.eml") }
}

/// Line ends as `\n`, no control characters, no blank lines at either end.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' | '\t' => out.push(c),
            '\u{a0}' => out.push(' '),
            '\u{feff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    let first = out.find(|c: char| !c.is_whitespace()).unwrap_or(out.len());
    // Indentation of the first line is the writer's; blank lines above it are not.
    let start = out.get(..first).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1);
    out.get(start..).unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::mime;
    use super::*;

    fn body(raw: &str) -> Body {
        let (headers, rest) = header::split(raw.as_bytes());
        read(&mime::tree(headers, rest), None)
    }

    fn multi(subtype: &str, parts: &[&str]) -> String {
        format!("Content-Type: multipart/{subtype}; boundary=x\n\n--x\n{}\n--x--\n", parts.join("\n--x\n"))
    }

    const PLAIN: &str = "Content-Type: text/plain\n\nplain";
    const HTML: &str = "Content-Type: text/html\n\n<p>html <img src=\"cid:p1\"></p>";
    const BLANK: &str = "Content-Type: text/plain\n\n \n";
    const PICTURE: &str = "Content-Type: image/png\nContent-ID: <p1>\nContent-Transfer-Encoding: base64\n\naGVsbG8=";
    const INVITE: &str = "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR";

    #[test]
    fn the_right_text() {
        for (raw, text, html) in [
            (PLAIN.to_owned(), "plain", false),
            (HTML.to_owned(), "html", true),
            (multi("alternative", &[PLAIN, HTML]), "plain", true),
            (multi("alternative", &[BLANK, HTML]), "html", true),
            (multi("alternative", &[PLAIN, INVITE]), "plain", false),
            (multi("mixed", &[PLAIN, HTML]), "plain\n\nhtml", true),
            (multi("related", &[HTML, PICTURE]), "html", true),
            (multi("mixed", &[PLAIN, "Content-Disposition: attachment\n\nfile"]), "plain", false),
            (multi("mixed", &["Content-Type: text/plain; name=body.txt\n\nbody"]), "body", false),
        ] {
            let body = body(&raw);
            assert_eq!((body.text.as_str(), body.html.is_some()), (text, html), "{raw}");
        }
    }

    #[test]
    fn files() {
        let mail = "Content-Type: message/rfc822\n\nSubject: Re: 1/2\n\ninside";
        let winmail = "Content-Type: application/ms-tnef; name=winmail.dat\n\nx";
        let body = body(&multi("mixed", &[HTML, PICTURE, INVITE, mail, winmail, "Content-Type: image/gif\n\n"]));
        let names: Vec<&str> = body.parts.iter().map(|part| part.filename.as_str()).collect();
        assert_eq!(names, ["attachment-1.png", "attachment-2.ics", "Re_ 1_2.eml", "winmail.dat", "attachment-5.gif"]);
        assert_eq!(
            (body.parts[0].inline, body.parts[0].content_id.as_deref(), body.parts[0].bytes.as_slice()),
            (true, Some("p1"), &b"hello"[..])
        );
        assert!(!body.parts[1].inline);
        assert_eq!(body.text, "html");
    }

    #[test]
    fn an_alternative_in_pieces_is_whole() {
        let html = |text: &str| format!("Content-Type: text/html\n\n<p>{text}</p>");
        let inner =
            multi("mixed", &[&html("before"), PICTURE, &html("after")]).replace("--x", "--y").replace("=x", "=y");
        let body = body(&multi("alternative", &[BLANK, &inner]));
        assert_eq!((body.text.as_str(), body.parts.len()), ("before\n\nafter", 1));
    }

    #[test]
    fn text_is_tidied() {
        assert_eq!(tidy("\r\n  \n  a\rb\u{0}\u{7}\r\n\r\n"), "  a\nb");
    }
}
