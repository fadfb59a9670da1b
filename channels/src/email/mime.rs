//! The tree of a mail: which bytes are which part.
//!
//! Walks multiparts itself rather than through mail-parser, because that keeps nested mails as nested values (a million
//! levels overflow the stack when they are dropped), scans to the end for each boundary that never comes, and turns a
//! part with one bad escape into its raw text. Here depth and number are bounded and each level is read once.
//! Opens no attached mail: that is a file to us.

use super::header::{Headers, split};
use super::lines::lines;
use super::param::Field;
use super::{charset, transfer};
use encoding_rs::Encoding;

const DEEPEST: usize = 16;
const MOST_PARTS: usize = 1_000;

#[derive(Debug)]
pub(super) enum Node<'a> {
    Leaf(Leaf<'a>),
    Multi { subtype: String, children: Vec<Node<'a>> },
}

#[derive(Debug)]
pub(super) struct Leaf<'a> {
    pub headers: Headers,
    pub content_type: Field,
    pub disposition: Field,
    pub body: &'a [u8],
}

impl Leaf<'_> {
    pub fn bytes(&self) -> Vec<u8> {
        transfer::decode(self.body, &self.headers.keyword("content-transfer-encoding"))
    }

    pub fn charset(&self) -> Option<String> {
        self.content_type.raw("charset").map(|raw| String::from_utf8_lossy(raw).into_owned())
    }

    pub fn text(&self, hint: Option<&'static Encoding>) -> String {
        charset::decode_hinted(&self.bytes(), self.charset().as_deref(), hint)
    }

    pub fn is(&self, content_type: &str) -> bool {
        self.content_type.value == content_type
    }

    pub fn filename(&self, hint: Option<&'static Encoding>) -> Option<String> {
        let named = self.disposition.text("filename", hint).or_else(|| self.content_type.text("name", hint));
        named.filter(|name| !name.trim().is_empty())
    }
}

impl<'a> Node<'a> {
    pub fn leaves(&self) -> Vec<&Leaf<'a>> {
        match self {
            Node::Leaf(leaf) => vec![leaf],
            Node::Multi { children, .. } => children.iter().flat_map(Node::leaves).collect(),
        }
    }
}

/// The tree below a header block that has been split off already.
pub(super) fn tree(headers: Headers, body: &[u8]) -> Node<'_> {
    let mut budget = MOST_PARTS;
    node(headers, body, "text/plain", 0, &mut budget)
}

fn node<'a>(headers: Headers, body: &'a [u8], default: &str, depth: usize, budget: &mut usize) -> Node<'a> {
    *budget = budget.saturating_sub(1);
    let mut content_type = headers.field("content-type");
    if !content_type.value.contains('/') {
        // "Content-Type: text" and the like, from programs of another age.
        default.clone_into(&mut content_type.value);
    }
    if content_type.main() == "multipart" && depth < DEEPEST {
        let subtype = content_type.value.strip_prefix("multipart/").unwrap_or_default().to_owned();
        let default = if subtype == "digest" { "message/rfc822" } else { "text/plain" };
        let mut children = Vec::new();
        for part in content_type.raw("boundary").map(|boundary| parts(body, boundary)).unwrap_or_default() {
            if *budget == 0 {
                break;
            }
            let (headers, body) = split(part);
            children.push(node(headers, body, default, depth + 1, budget));
        }
        if !children.is_empty() {
            return Node::Multi { subtype, children };
        }
    }
    if content_type.main() == "multipart" {
        // No boundary in sight: what can still be read is read as text.
        "text/plain".clone_into(&mut content_type.value);
    }
    let disposition = headers.field("content-disposition");
    Node::Leaf(Leaf { headers, content_type, disposition, body })
}

/// What stands between boundary lines. A missing end boundary ends the last part where the bytes end.
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let boundary = boundary.trim_ascii_end();
    if boundary.is_empty() {
        return parts;
    }
    let mut start = None;
    let mut before = 0;
    for line in lines(body) {
        let bytes = body.get(line.start..line.end).unwrap_or_default();
        if let Some(rest) = bytes.strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary)) {
            let (closing, rest) = rest.strip_prefix(b"--").map_or((false, rest), |rest| (true, rest));
            if rest.trim_ascii().is_empty() {
                if let Some(start) = start {
                    // The line end before a boundary belongs to the boundary.
                    parts.push(body.get(start..before.max(start)).unwrap_or_default());
                }
                start = (!closing).then_some(line.next);
                if parts.len() >= MOST_PARTS {
                    return parts;
                }
            }
        }
        before = line.end;
    }
    if let Some(rest) = start.and_then(|start| body.get(start..)).filter(|rest| !rest.is_empty()) {
        parts.push(rest);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(raw: &str) -> Vec<(String, String)> {
        let (headers, body) = split(raw.as_bytes());
        let root = tree(headers, body);
        let leaves = root.leaves();
        leaves.iter().map(|leaf| (leaf.content_type.value.clone(), leaf.text(None))).collect()
    }

    fn pair(kind: &str, text: &str) -> (String, String) {
        (kind.to_owned(), text.to_owned())
    }

    #[test]
    fn parts_stand_between_boundaries() {
        let raw = "Content-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n--x\r\n\r\none\r\n--xy\r\n--x  \r\n\
                   Content-Type: text/html\r\n\r\n<b>two</b>\r\n\r\n--x--\r\nepilogue";
        assert_eq!(shape(raw), [pair("text/plain", "one\r\n--xy"), pair("text/html", "<b>two</b>\r\n")]);
    }

    #[test]
    fn damaged_multiparts() {
        for (raw, want) in [
            ("Content-Type: multipart/mixed; boundary=x\n\n--x\n\nonly", vec![pair("text/plain", "only")]),
            ("Content-Type: multipart/mixed\n\n--x\n\nlost", vec![pair("text/plain", "--x\n\nlost")]),
            ("Content-Type: multipart/mixed; boundary=y\n\nno parts", vec![pair("text/plain", "no parts")]),
            ("Content-Type: multipart/mixed; boundary=\"\"\n\n--\n", vec![pair("text/plain", "--\n")]),
            ("Content-Type: text\n\nold", vec![pair("text/plain", "old")]),
        ] {
            assert_eq!(shape(raw), want, "{raw:?}");
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        use std::fmt::Write as _;
        let mut deep = String::new();
        for level in 0..5_000 {
            write!(deep, "Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n").unwrap();
        }
        assert_eq!(shape(&deep).len(), 1);
        let many = format!("Content-Type: multipart/mixed; boundary=x\n\n{}", "--x\n\na\n".repeat(50_000));
        assert!(shape(&many).len() <= MOST_PARTS);
    }

    #[test]
    fn a_digest_holds_mails() {
        let raw = "Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: one\n\ntext\n--x--\n";
        assert_eq!(shape(raw), [pair("message/rfc822", "Subject: one\n\ntext")]);
    }
}
