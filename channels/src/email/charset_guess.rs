//! Which charset bytes are in that nobody declared, or that a declaration does not fit.
//!
//! chardetng does the work; what is added is a lean towards Chinese for short texts, where statistics have nothing to
//! count and our writers are mostly Chinese. It never answers with UTF-8 for bytes that are not UTF-8.

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, GB18030, GBK};

/// Enough for statistics, and a bound on the work.
const SAMPLE: usize = 64 * 1024;

pub(super) fn guess(bytes: &[u8]) -> &'static Encoding {
    let sample = sample(bytes);
    let mut detector = EncodingDetector::new();
    detector.feed(sample, true);
    let guessed = detector.guess(None, true);
    if guessed == GBK || (lean_chinese(sample, guessed) && !japanese(guessed)) { GB18030 } else { guessed }
}

/// The first part of the text that has something to tell: long ASCII prefixes (logs, HTML heads) are skipped.
fn sample(bytes: &[u8]) -> &[u8] {
    let first = bytes.iter().position(|&b| b >= 0x80 || b == 0x1b).unwrap_or(0);
    let from = bytes.get(first..).unwrap_or_default();
    from.get(..SAMPLE).unwrap_or(from)
}

fn japanese(guessed: &'static Encoding) -> bool {
    guessed == encoding_rs::EUC_JP || guessed == encoding_rs::SHIFT_JIS || guessed == encoding_rs::ISO_2022_JP
}

/// Nine in ten of the 8-bit bytes are pairs from the rows of GB 2312 that hold punctuation and the 3,755 common
/// characters, and at least one is such a character. Western text has its 8-bit bytes alone, next to letters.
fn lean_chinese(bytes: &[u8], guessed: &'static Encoding) -> bool {
    let (mut han, mut other) = (0usize, 0usize);
    let mut rest = bytes;
    while let Some((&lead, tail)) = rest.split_first() {
        rest = tail;
        if lead < 0x80 {
            continue;
        }
        let Some((&trail, after)) = tail.split_first() else { break };
        match (lead, trail) {
            (0xb0..=0xd7, 0xa1..=0xfe) => {
                han += 1;
                rest = after;
            }
            (0xa1..=0xa3, 0xa1..=0xfe) => rest = after,
            (0x81..=0xfe, 0x40..=0xfe) => {
                other += 1;
                rest = after;
            }
            _ => other += 2,
        }
    }
    // Korean and Traditional Chinese look alike in this count, but only as long as the detector has little to go by.
    han > 0 && han >= other * 9 && (guessed.is_single_byte() || han < 12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, EUC_JP, EUC_KR, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};

    #[test]
    fn guesses() {
        for (encoding, text, want) in [
            (GB18030, "退款申请", GB18030),
            (GB18030, "关于服务器无法连接的问题：昨天晚上开始，每次登录都超时。", GB18030),
            (BIG5, "關於伺服器無法連線的問題：昨天晚上開始，每次登入都逾時。", BIG5),
            (SHIFT_JIS, "サーバーに接続できません。昨日の夜からです。", SHIFT_JIS),
            (EUC_JP, "サーバーに接続できません。昨日の夜からです。", EUC_JP),
            (EUC_KR, "서버에 접속할 수 없습니다. 어제 밤부터 그렇습니다.", EUC_KR),
            (WINDOWS_1252, "Schöne Grüße aus Köln, für die Mühe größten Dank", WINDOWS_1252),
            (WINDOWS_1251, "Сервер не отвечает со вчерашнего вечера", WINDOWS_1251),
        ] {
            assert_eq!(guess(&encoding.encode(text).0).name(), want.name(), "{text}");
        }
    }
}
