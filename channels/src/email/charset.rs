//! Bytes to text, when the declared charset may be missing, unknown or a lie.
//!
//! Believes a declaration as long as the bytes agree with it; where they do not, guesses, and keeps the reading with the
//! least damage. Never fails: in the worst case some characters are U+FFFD.

use super::charset_guess::guess;
use encoding_rs::{Encoding, GB18030, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;
use std::borrow::Cow;

/// What a charset label means in mail.
#[derive(Debug, Clone, Copy)]
enum Label {
    Known(&'static Encoding),
    /// 7-bit Chinese: `~{` and `~}` around GB 2312 with the high bits off.
    Hz,
    /// Charsets that no browser has and some mail programs still send (UTF-7, code page 850).
    Old(fn(&[u8]) -> String),
    /// Says nothing: ASCII, "unknown-8bit", or a name that nobody knows.
    Unknown,
}

/// Decodes `bytes` as declared, or as they look.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    decode_hinted(bytes, declared, None)
}

/// As [`decode`]; `hint` is what the rest of the mail is written in, tried before guessing.
pub fn decode_hinted(bytes: &[u8], declared: Option<&str>, hint: Option<&'static Encoding>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return lossy(encoding, bytes.get(mark..).unwrap_or_default()).0;
    }
    match declared.map_or(Label::Unknown, label) {
        Label::Hz => hz(bytes),
        Label::Old(decoder) => decoder(bytes),
        Label::Unknown => undeclared(bytes, hint),
        Label::Known(encoding) => as_declared(bytes, encoding),
    }
}

/// The encoding that a label names, if it names one that can be taken for a hint.
pub fn encoding(declared: &str) -> Option<&'static Encoding> {
    match label(declared) {
        Label::Known(encoding) => Some(encoding),
        Label::Hz | Label::Old(_) | Label::Unknown => None,
    }
}

fn label(declared: &str) -> Label {
    let name = declared.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';')).to_ascii_lowercase();
    match name.as_str() {
        // What calls itself GB 2312 is GBK in practice, and GB18030 reads both.
        "gb2312" | "gbk" | "gb18030" | "gb_2312" | "gb_2312-80" | "gb2312-80" | "gb-2312" | "x-gbk" | "cp936"
        | "ms936" | "936" | "windows-936" | "euc-cn" | "x-euc-cn" | "chinese" | "gb18030-2000" | "gb18030-2005"
        | "gb18030-2022" => Label::Known(GB18030),
        "hz-gb-2312" | "hz" | "hz-gb2312" | "x-hz" => Label::Hz,
        "utf8" | "utf-8" | "utf_8" | "unicode-1-1-utf-8" | "utf8mb4" | "cp65001" | "utf-8-bom" => Label::Known(UTF_8),
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "iso88591" | "latin1" | "latin-1" | "cp1252" | "windows1252" => {
            Label::Known(WINDOWS_1252)
        }
        "shift-jis" | "sjis" | "cp932" | "ms932" | "windows-31j" => Label::Known(encoding_rs::SHIFT_JIS),
        "big5-eten" | "cp950" | "ms950" | "cn-big5" => Label::Known(encoding_rs::BIG5),
        "iso-2022-jp-ms" | "cp50220" | "cp50221" | "iso-2022-jp-1" | "iso-2022-jp-2" => Label::Known(ISO_2022_JP),
        "cp949" | "uhc" | "ks_c_5601-1987" => Label::Known(encoding_rs::EUC_KR),
        "" | "us-ascii" | "ascii" | "ansi_x3.4-1968" | "iso646-us" | "unknown-8bit" | "x-unknown" | "unknown"
        | "8bit" | "7bit" | "binary" | "default" | "default_charset" | "_autodetect" => Label::Unknown,
        other => match Encoding::for_label_no_replacement(other.as_bytes()) {
            Some(encoding) => Label::Known(encoding),
            None if matches!(other, "utf-7" | "unicode-1-1-utf-7" | "cp850" | "ibm850" | "850") => {
                charset_decoder(other.as_bytes()).map_or(Label::Unknown, Label::Old)
            }
            None => Label::Unknown,
        },
    }
}

fn undeclared(bytes: &[u8], hint: Option<&'static Encoding>) -> String {
    if bytes.is_ascii() && !bytes.contains(&0x1b) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    if let Some(text) = utf8(bytes).filter(|_| !bytes.contains(&0x1b)) {
        return text.to_owned();
    }
    // A hint of a single-byte charset agrees with everything, so it proves nothing.
    if let Some(hint) = hint.filter(|hint| !hint.is_single_byte() && *hint != UTF_8)
        && let Some(text) = hint.decode_without_bom_handling_and_without_replacement(bytes)
    {
        return text.into_owned();
    }
    let guessed = guess(bytes);
    if guessed == ISO_2022_JP { lossy(guessed, &calm(bytes)).0 } else { pick(bytes, UTF_8, guessed) }
}

fn as_declared(bytes: &[u8], declared: &'static Encoding) -> String {
    let calmed;
    let bytes = if declared == ISO_2022_JP {
        calmed = calm(bytes);
        &calmed
    } else {
        bytes
    };
    if declared != UTF_8 && plainly_utf8(bytes, declared) {
        return lossy(UTF_8, bytes).0;
    }
    if let Some(text) = declared.decode_without_bom_handling_and_without_replacement(bytes) {
        return text.into_owned();
    }
    if declared == UTF_16LE || declared == UTF_16BE {
        return lossy(declared, bytes).0;
    }
    pick(bytes, declared, guess(bytes))
}

/// UTF-8 text under another name. Sequences of three bytes hardly ever come out right by accident; pairs of two do.
fn plainly_utf8(bytes: &[u8], declared: &'static Encoding) -> bool {
    if bytes.is_ascii() || bytes.contains(&0x1b) || declared == UTF_16LE || declared == UTF_16BE {
        return false;
    }
    let Some(text) = utf8(bytes) else { return false };
    let wide = text.chars().filter(|c| c.len_utf8() >= 3).count();
    if declared.is_single_byte() { true } else { wide >= 2 && text.chars().all(|c| c.len_utf8() != 2) }
}

/// The better of two readings. A guess wins only by doing clearly less damage: one cut-off character at the end of a
/// UTF-8 mail must not turn the whole of it into windows-1252.
fn pick(bytes: &[u8], declared: &'static Encoding, guessed: &'static Encoding) -> String {
    let (text, damage) = lossy(declared, bytes);
    let sound = text.chars().filter(|c| !c.is_ascii()).count().saturating_sub(damage);
    if declared == guessed || damage == 0 || damage * 8 <= sound {
        return text;
    }
    let (other, harm) = lossy(guessed, bytes);
    if harm < damage { other } else { text }
}

fn lossy(encoding: &'static Encoding, bytes: &[u8]) -> (String, usize) {
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    let damage = if broken { text.chars().filter(|&c| c == '\u{fffd}').count() } else { 0 };
    (Cow::into_owned(text), damage)
}

fn utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// ISO-2022-JP without escapes that another escape follows at once: joined words have them, the decoder calls it an error.
fn calm(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == 0x1b && rest.get(3) == Some(&0x1b) {
            rest = rest.get(3..).unwrap_or_default();
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    out
}

/// HZ: inside `~{ ~}` each pair of bytes is GB 2312 with the high bits off; `~~` is a tilde, `~` at a line end is nothing.
fn hz(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut chinese = false;
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail.first()) {
            (b'~', Some(b'{')) => (chinese, rest) = (true, tail.get(1..).unwrap_or_default()),
            (b'~', Some(b'}')) => (chinese, rest) = (false, tail.get(1..).unwrap_or_default()),
            (b'~', Some(b'~')) if !chinese => {
                out.push(b'~');
                rest = tail.get(1..).unwrap_or_default();
            }
            (b'~', Some(b'\n')) if !chinese => rest = tail.get(1..).unwrap_or_default(),
            // A line end closes an escape that was never closed: RFC 1843 lets none run over it.
            (b'\n' | b'\r', _) => {
                chinese = false;
                out.push(byte);
            }
            (0x21..=0x7e, Some(second @ 0x21..=0x7e)) if chinese => {
                out.extend_from_slice(&[byte | 0x80, second | 0x80]);
                rest = tail.get(1..).unwrap_or_default();
            }
            _ => out.push(byte),
        }
    }
    lossy(GB18030, &out).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, EUC_JP, SHIFT_JIS};

    const CHINESE: &str = "您好，我的账号被误封了，请帮忙处理一下，谢谢！订单号 20241023。";
    const TAIWAN: &str = "您好，我的帳號被誤鎖了，請幫忙處理一下，謝謝！";
    const JAPANESE: &str = "お世話になっております。ログインできません。ご確認をお願いいたします。";

    fn bytes(encoding: &'static Encoding, text: &str) -> Vec<u8> {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{text}");
        bytes.into_owned()
    }

    #[test]
    fn what_is_declared_rightly_is_believed() {
        for (label, encoding, text) in [
            ("gb18030", GB18030, "龘𠮷㙍"),
            ("GB2312", GB18030, "朱镕基 喆 囧"),
            ("\"gbk\"", GB18030, CHINESE),
            ("big5", BIG5, TAIWAN),
            ("ISO-2022-JP", ISO_2022_JP, JAPANESE),
            ("Shift_JIS", SHIFT_JIS, JAPANESE),
            ("euc-jp", EUC_JP, JAPANESE),
            ("windows-1252", WINDOWS_1252, "Grüße für 5 €"),
            ("iso-8859-1", WINDOWS_1252, "“quoted” – 5 €"),
            ("utf-8", UTF_8, "héllo 你好 🎉"),
        ] {
            assert_eq!(decode(&bytes(encoding, text), Some(label)), text, "{label}");
        }
    }

    #[test]
    fn a_wrong_or_missing_declaration_is_seen_through() {
        for (label, encoding, text) in [
            (Some("us-ascii"), GB18030, CHINESE),
            (Some("utf-8"), GB18030, CHINESE),
            (None, GB18030, CHINESE),
            (Some("x-no-such-thing"), GB18030, CHINESE),
            (None, GB18030, "账号被封"),
            (Some("utf-8"), BIG5, TAIWAN),
            (None, BIG5, TAIWAN),
            (None, SHIFT_JIS, JAPANESE),
            (None, EUC_JP, JAPANESE),
            (None, ISO_2022_JP, JAPANESE),
            (Some("us-ascii"), ISO_2022_JP, JAPANESE),
            (None, UTF_8, CHINESE),
            (Some("iso-8859-1"), UTF_8, CHINESE),
            (Some("iso-8859-1"), UTF_8, "Grüße"),
            (Some("gb2312"), UTF_8, CHINESE),
            (Some("utf-8"), WINDOWS_1252, "Grüße aus München, schöne Straßen"),
            (None, WINDOWS_1252, "Le café était fermé à l'arrivée, désolé"),
        ] {
            assert_eq!(decode(&bytes(encoding, text), label), text, "{label:?} {}", encoding.name());
        }
    }

    #[test]
    fn a_cut_off_character_does_not_change_the_charset() {
        let mut cut = CHINESE.as_bytes().to_vec();
        cut.truncate(cut.len() - 2);
        let text = decode(&cut, Some("utf-8"));
        assert!(text.starts_with("您好，我的账号被误封了"), "{text}");
        let mut cut = bytes(GB18030, CHINESE);
        cut.truncate(cut.len() - 1);
        assert!(decode(&cut, Some("gb2312")).starts_with("您好，我的账号"));
    }

    #[test]
    fn hz_is_read_by_hand() {
        let seven: Vec<u8> = bytes(GB18030, "请修复登录问题。").iter().map(|b| b & 0x7f).collect();
        let raw = [b"Hi: ~{".as_slice(), &seven, b"~} ~~bye~~ ~{", &seven].concat();
        assert_eq!(decode(&raw, Some("HZ-GB-2312")), "Hi: 请修复登录问题。 ~bye~ 请修复登录问题。");
        assert_eq!(decode(&[b"~{".as_slice(), &seven, b"\nplain"].concat(), Some("hz")), "请修复登录问题。\nplain");
    }

    #[test]
    fn a_hint_helps_short_text() {
        let subject = bytes(GB18030, "退款");
        assert_eq!(decode_hinted(&subject, None, Some(GB18030)), "退款");
    }

    #[test]
    fn marks_and_old_charsets() {
        assert_eq!(decode(b"\xef\xbb\xbfhi", Some("gbk")), "hi");
        assert_eq!(decode(b"+ZYeB9FH6ckh5Pg-", Some("utf-7")), "文致出版社");
        assert_eq!(decode(b"\x81\x82", Some("cp850")), "üé");
        assert_eq!(decode(&[0xff, 0xfe, 0x60, 0x4f], None), "你");
    }
}
