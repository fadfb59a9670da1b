//! `Content-Type` and `Content-Disposition`: a value and its parameters.
//!
//! Reads what mailers send for file names: RFC 2231 with continuations, RFC 2047 inside quotes, percent-encoded UTF-8
//! without saying so, raw GBK bytes. Segments are joined as bytes before decoding: characters are cut between them.

use super::{charset, transfer, word};
use encoding_rs::Encoding;

/// More parameters than this are an attack or an accident.
const MOST: usize = 200;

#[derive(Debug, Default, Clone)]
pub(super) struct Field {
    /// Lower-cased: `text/plain`, `attachment`.
    pub value: String,
    params: Vec<Param>,
}

#[derive(Debug, Clone)]
struct Param {
    name: String,
    section: Option<u32>,
    extended: bool,
    bytes: Vec<u8>,
}

impl Field {
    pub fn parse(raw: &[u8]) -> Self {
        let end = raw.iter().position(|&b| b == b';').unwrap_or(raw.len());
        let (head, mut rest) = raw.split_at_checked(end).unwrap_or((raw, &[]));
        let head = String::from_utf8_lossy(head);
        let head = head.split('(').next().unwrap_or_default();
        let value: String = head.chars().filter(|c| !c.is_whitespace() && *c != '"').collect();
        let mut params = Vec::new();
        while !rest.is_empty() && params.len() < MOST {
            let (param, after) = param(rest);
            params.extend(param);
            rest = after;
        }
        Self { value: value.to_ascii_lowercase(), params }
    }

    /// `text` of `text/plain`.
    pub fn main(&self) -> &str {
        self.value.split('/').next().unwrap_or_default()
    }

    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.params.iter().find(|p| p.name == name).map(|p| p.bytes.as_slice())
    }

    /// A parameter's text, by whichever of the encodings it came.
    pub fn text(&self, name: &str, hint: Option<&'static Encoding>) -> Option<String> {
        let mut sections: Vec<&Param> =
            self.params.iter().filter(|p| p.name == name && (p.extended || p.section.is_some())).collect();
        if sections.is_empty() {
            return self.raw(name).map(|bytes| plain(bytes, hint));
        }
        sections.sort_by_key(|p| p.section.unwrap_or(0));
        let mut label = None;
        let mut bytes = Vec::new();
        for (at, param) in sections.iter().enumerate() {
            let mut piece = param.bytes.as_slice();
            if at == 0
                && param.extended
                && let Some((charset, value)) = labelled(piece)
            {
                label = charset;
                piece = value;
            }
            if param.extended { bytes.extend(percent(piece)) } else { bytes.extend_from_slice(piece) }
        }
        if label.is_none() && bytes.starts_with(b"=?") {
            return Some(plain(&bytes, hint));
        }
        Some(charset::decode_hinted(&bytes, label.as_deref(), hint))
    }
}

/// `charset'language'value`.
fn labelled(bytes: &[u8]) -> Option<(Option<String>, &[u8])> {
    let first = bytes.iter().position(|&b| b == b'\'')?;
    let (charset, rest) = (bytes.get(..first)?, bytes.get(first + 1..)?);
    let second = rest.iter().position(|&b| b == b'\'')?;
    let label = String::from_utf8_lossy(charset).into_owned();
    Some((Some(label).filter(|label| !label.is_empty()), rest.get(second + 1..)?))
}

fn plain(bytes: &[u8], hint: Option<&'static Encoding>) -> String {
    if bytes.is_ascii() && bytes.contains(&b'%') {
        // Some web mailers send UTF-8 percent-encoded without the star that would say so.
        let unescaped = percent(bytes);
        if !unescaped.is_ascii()
            && let Ok(text) = String::from_utf8(unescaped)
        {
            return text;
        }
    }
    word::decode(bytes, hint)
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, transfer::hex_pair(tail)) {
            (b'%', Some((value, after))) => {
                out.push(value);
                rest = after;
            }
            _ => out.push(byte),
        }
    }
    out
}

/// One parameter from `; name=value`, and what follows it.
fn param(bytes: &[u8]) -> (Option<Param>, &[u8]) {
    let start = bytes.iter().position(|&b| b != b';' && !b.is_ascii_whitespace()).unwrap_or(bytes.len());
    let bytes = bytes.get(start..).unwrap_or_default();
    let stop = bytes.iter().position(|&b| b == b'=' || b == b';').unwrap_or(bytes.len());
    let name = String::from_utf8_lossy(bytes.get(..stop).unwrap_or_default()).trim().to_ascii_lowercase();
    let rest = bytes.get(stop..).unwrap_or_default();
    let Some(rest) = rest.strip_prefix(b"=") else { return (None, rest) };
    let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    let rest = rest.get(blanks..).unwrap_or_default();
    let (value, rest) = if let Some(quoted) = rest.strip_prefix(b"\"") {
        unquote(quoted)
    } else {
        let end = rest.iter().position(|&b| b == b';').unwrap_or(rest.len());
        (rest.get(..end).unwrap_or_default().trim_ascii().to_vec(), rest.get(end..).unwrap_or_default())
    };
    let extended = name.ends_with('*');
    let mut pieces = name.trim_end_matches('*').splitn(2, '*');
    let base = pieces.next().unwrap_or_default().to_owned();
    let section = pieces.next().and_then(|number| number.parse().ok());
    ((!base.is_empty()).then_some(Param { name: base, section, extended, bytes: value }), rest)
}

/// Only `\"` and `\\` are escapes: other backslashes are Windows paths, or second bytes of Chinese characters.
fn unquote(bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail.first()) {
            (b'"', _) => break,
            (b'\\', Some(&escaped @ (b'"' | b'\\'))) if tail.len() > 1 => {
                out.push(escaped);
                rest = tail.get(1..).unwrap_or_default();
            }
            _ => out.push(byte),
        }
    }
    let end = rest.iter().position(|&b| b == b';').unwrap_or(rest.len());
    (out, rest.get(end..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::GB18030;

    fn name(raw: &[u8]) -> Option<String> {
        Field::parse(raw).text("filename", None)
    }

    #[test]
    fn file_names_in_every_dress() {
        for (raw, want) in [
            ("attachment; filename=report.pdf", "report.pdf"),
            ("attachment; filename=\"a; b \\\"c\\\".txt\"", "a; b \"c\".txt"),
            ("attachment; filename=two words.txt; size=3", "two words.txt"),
            ("attachment; filename*=utf-8''%E4%BD%A0%E5%A5%BD.png", "你好.png"),
            ("attachment; filename*=gb2312'zh'%C4%E3%BA%C3.png", "你好.png"),
            ("attachment; filename*0*=gbk''%C4; filename*1*=%E3%BA; filename*2*=%C3.png", "你好.png"),
            ("attachment; filename*1=\"rt.pdf\"; filename*0=\"repo\"", "report.pdf"),
            ("attachment; filename=\"=?gb2312?B?xOO6ww==?=.txt\"", "你好.txt"),
            ("attachment; filename=%E4%BD%A0%E5%A5%BD.doc", "你好.doc"),
            ("attachment; filename=100%25.txt", "100%25.txt"),
            ("attachment; filename=\"old.txt\"; filename*=UTF-8''%E6%96%B0.txt", "新.txt"),
            ("attachment; FileName = \"C:\\temp\\x.txt\"", "C:\\temp\\x.txt"),
            ("attachment; filename=\"never closed.txt", "never closed.txt"),
        ] {
            assert_eq!(name(raw.as_bytes()).as_deref(), Some(want), "{raw}");
        }
    }

    #[test]
    fn raw_gbk_names() {
        let raw = [b"attachment; filename=\"".as_slice(), &GB18030.encode("错误截图.png").0, b"\""].concat();
        assert_eq!(name(&raw).as_deref(), Some("错误截图.png"));
    }

    #[test]
    fn values() {
        let field = Field::parse(b"Text/HTML (comment); charset = \"UTF-8\" ;; boundary=x=y");
        assert_eq!((field.value.as_str(), field.main()), ("text/html", "text"));
        assert_eq!(field.raw("charset"), Some(&b"UTF-8"[..]));
        assert_eq!(field.raw("boundary"), Some(&b"x=y"[..]));
        assert_eq!(field.raw("missing"), None);
        assert!(Field::parse(b"").value.is_empty());
    }
}
