//! Header text: RFC 2047 encoded words and raw 8-bit bytes.
//!
//! Neighbouring words of one charset are joined as bytes before they are decoded, because mailers cut characters in half
//! between words. Broken words stay as they stand.

use super::{charset, transfer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::Encoding;

/// Longer payloads are no encoded words; the bound keeps a header full of `=?` linear.
const LONGEST: usize = 4096;

struct Word {
    charset: String,
    bytes: Vec<u8>,
}

enum Run {
    Plain(String),
    Words(String),
}

/// The text of a header value. `hint` is the charset of the rest of the mail, for raw 8-bit values.
pub(super) fn decode(raw: &[u8], hint: Option<&'static Encoding>) -> String {
    let mut out = String::with_capacity(raw.len());
    for run in runs(raw, hint) {
        match run {
            Run::Plain(text) | Run::Words(text) => out.push_str(&text),
        }
    }
    out
}

/// The same value with each run of words as one sound UTF-8 word: what they decode to must not be taken for syntax (a
/// comma in a name would make two addresses of one).
pub(super) fn canonical(raw: &[u8], hint: Option<&'static Encoding>) -> String {
    let mut out = String::with_capacity(raw.len());
    for run in runs(raw, hint) {
        match run {
            // What is left of `=?` is no word; apart, it cannot make the address parser look for its end again and again.
            Run::Plain(text) => out.push_str(&text.replace("=?", "= ?")),
            Run::Words(text) => {
                out.push_str(" =?utf-8?B?");
                out.push_str(&STANDARD.encode(text));
                out.push_str("?= ");
            }
        }
    }
    out
}

fn runs(raw: &[u8], hint: Option<&'static Encoding>) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut plain: Vec<u8> = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'='
            && let Some((word, after)) = word(rest)
        {
            // Blanks between two words belong to neither.
            if words.is_empty() || !plain.iter().all(u8::is_ascii_whitespace) {
                flush(&mut runs, &mut words, &mut plain, hint);
            }
            plain.clear();
            match words.last_mut() {
                Some(last) if last.charset.eq_ignore_ascii_case(&word.charset) => {
                    last.bytes.extend_from_slice(&word.bytes);
                }
                _ => words.push(word),
            }
            rest = after;
            continue;
        }
        plain.push(byte);
        rest = tail;
    }
    flush(&mut runs, &mut words, &mut plain, hint);
    runs
}

fn flush(runs: &mut Vec<Run>, words: &mut Vec<Word>, plain: &mut Vec<u8>, hint: Option<&'static Encoding>) {
    if !words.is_empty() {
        let text = words.drain(..).map(|word| charset::decode_hinted(&word.bytes, Some(&word.charset), hint)).collect();
        runs.push(Run::Words(text));
    }
    if !plain.is_empty() {
        runs.push(Run::Plain(charset::decode_hinted(plain, None, hint)));
        plain.clear();
    }
}

/// One `=?charset?B?payload?=` at the start of `bytes`, and what follows it.
fn word(bytes: &[u8]) -> Option<(Word, &[u8])> {
    let rest = bytes.strip_prefix(b"=?")?;
    let (charset, rest) = until(rest, 60)?;
    let charset = std::str::from_utf8(charset).ok().filter(|label| label.is_ascii() && !label.is_empty())?;
    // RFC 2231 lets a language follow: `utf-8*en`.
    let charset = charset.split('*').next().unwrap_or(charset).to_owned();
    let (&method, rest) = rest.split_first()?;
    let rest = rest.strip_prefix(b"?")?;
    let window = rest.get(..LONGEST).unwrap_or(rest);
    let end = window.windows(2).position(|pair| pair == b"?=")?;
    let (payload, rest) = (rest.get(..end)?, rest.get(end + 2..)?);
    let bytes = match method {
        b'B' | b'b' => transfer::base64(payload),
        b'Q' | b'q' => {
            let spaced: Vec<u8> = payload.iter().map(|&b| if b == b'_' { b' ' } else { b }).collect();
            transfer::quoted_printable(&spaced)
        }
        _ => return None,
    };
    Some((Word { charset, bytes }, rest))
}

fn until(bytes: &[u8], most: usize) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().take(most).position(|&b| b == b'?')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, GB18030, ISO_2022_JP};

    fn b(label: &str, bytes: &[u8]) -> String {
        format!("=?{label}?B?{}?=", STANDARD.encode(bytes))
    }

    #[test]
    fn words() {
        for (raw, want) in [
            ("plain", "plain"),
            ("=?utf-8?q?caf=C3=A9_du_monde?=", "café du monde"),
            ("=?UTF-8?b?5L2g5aW9?=", "你好"),
            ("Re: =?utf-8?B?5L2g?= =?utf-8?B?5aW9?= now", "Re: 你好 now"),
            ("=?utf-8?B?5L2g?= and =?utf-8?B?5aW9?=", "你 and 好"),
            ("=?utf-8?Q?with space?=", "with space"),
            ("=?utf-8*zh?B?5L2g5aW9?=", "你好"),
            ("=?iso-8859-1?Q?=E4?=", "ä"),
            ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
            ("=?utf-8?B?5L2g5aW9", "=?utf-8?B?5L2g5aW9"),
            ("a = b ?= c", "a = b ?= c"),
        ] {
            assert_eq!(decode(raw.as_bytes(), None), want, "{raw}");
        }
    }

    #[test]
    fn a_character_cut_in_half_between_words_is_whole_again() {
        let bytes = GB18030.encode("无法登录游戏").0;
        let raw = format!("{}\r\n {}", b("gb2312", &bytes[..3]), b("GB2312", &bytes[3..]));
        assert_eq!(decode(raw.as_bytes(), None), "无法登录游戏");
        assert_eq!(decode("=?utf-8?Q?=E4=BD?= =?utf-8?B?oA==?=".as_bytes(), None), "你");
    }

    #[test]
    fn charsets_told_wrongly_or_not_at_all() {
        let gbk = GB18030.encode("关于朱镕基路喆先生的退款问题").0;
        assert_eq!(decode(b("gb2312", &gbk).as_bytes(), None), "关于朱镕基路喆先生的退款问题");
        assert_eq!(decode(b("utf-8", &gbk).as_bytes(), None), "关于朱镕基路喆先生的退款问题");
        assert_eq!(decode(&gbk, None), "关于朱镕基路喆先生的退款问题");
        assert_eq!(decode("原始主题".as_bytes(), None), "原始主题");
        assert_eq!(decode(b("big5", &BIG5.encode("請問").0).as_bytes(), None), "請問");
        assert_eq!(decode(b("iso-2022-jp", &ISO_2022_JP.encode("件名").0).as_bytes(), None), "件名");
    }

    #[test]
    fn canonical_words_hide_their_syntax() {
        let out = canonical(b("utf-8", "Wang, Li <x>".as_bytes()).as_bytes(), None);
        assert!(!out.contains(',') && !out.contains('<'), "{out}");
        assert!(!canonical(b"=?=?=?", None).contains("=?"));
    }
}
