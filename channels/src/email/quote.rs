//! Lines that say: from here on it is somebody else's, or no text at all.
//!
//! Knows how mail programs announce quoted history ("On … wrote:", header blocks, separators) and how signatures look, in
//! the languages that our people write. Looks at single lines and small groups; [`fold`](super::fold) decides.

/// Longer than any attribution that a program writes.
const LONGEST_ATTRIBUTION: usize = 400;
const MOST_WRAPPED: usize = 4;

pub(super) fn blank(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || c == '\u{200b}' || c == '\u{feff}')
}

pub(super) fn quoted(line: &str) -> bool {
    line.trim_start().starts_with(['>', '＞'])
}

/// Our own "type above this line", quoted or not.
pub(super) fn marker(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '|' | '*'));
    line.starts_with("##-") && (line.contains("reply above this line") || line.contains("请在此行上方回复"))
}

/// `-----Original Message-----` and its translations.
pub(super) fn original_message(line: &str) -> bool {
    let Some(inner) = dashed(line) else { return false };
    const WORDS: [&str; 16] = [
        "original message",
        "original appointment",
        "replied message",
        "原始邮件",
        "原始郵件",
        "回复的原邮件",
        "回复的邮件",
        "原邮件",
        "邮件原件",
        "原始訊息",
        "元のメッセージ",
        "ursprüngliche nachricht",
        "originalnachricht",
        "message d'origine",
        "message original",
        "mensaje original",
    ];
    WORDS.contains(&inner.as_str())
}

/// A forwarded mail is what the writer wants to show, not history.
pub(super) fn forwarded(line: &str) -> bool {
    let words = [
        "forwarded message",
        "转发的邮件",
        "转发邮件信息",
        "转发邮件",
        "轉寄郵件",
        "weitergeleitete nachricht",
        "message transféré",
        "mensaje reenviado",
        "転送メッセージ",
    ];
    let line = dashed(line).unwrap_or_else(|| line.trim().to_lowercase());
    words.iter().any(|word| line.starts_with(word)) || line.starts_with("begin forwarded message")
}

/// The lower-cased words between two rows of dashes.
fn dashed(line: &str) -> Option<String> {
    let line = line.trim().trim_matches('*').trim();
    if line.len() > 200 || !line.starts_with("--") || !line.ends_with("--") {
        return None;
    }
    let inner = line.trim_matches(|c: char| c == '-' || c.is_whitespace());
    (!inner.is_empty()).then(|| inner.replace('’', "'").to_lowercase())
}

/// A row of dashes or underscores and nothing else.
pub(super) fn rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 5 && line.chars().all(|c| matches!(c, '-' | '_' | '=' | '─' | '—' | '*'))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    From,
    Sent,
    To,
    Subject,
}

fn label(line: &str) -> Option<Label> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '|' | '\u{a0}'));
    let end = line.char_indices().take(24).find(|(_, c)| matches!(c, ':' | '：')).map(|(at, _)| at)?;
    let name = line.get(..end)?.trim_matches(|c: char| c.is_whitespace() || c == '*').to_lowercase();
    Some(match name.as_str() {
        "from" | "发件人" | "寄件者" | "寄件人" | "發件人" | "差出人" | "送信者" | "von" | "de" | "da" | "van" => {
            Label::From
        }
        "sent" | "date" | "发送时间" | "发送日期" | "日期" | "时间" | "寄件日期" | "傳送時間" | "送信日時" | "日時"
        | "日付" | "gesendet" | "datum" | "envoyé" | "enviado" | "enviado el" | "fecha" | "inviato" => Label::Sent,
        "to" | "收件人" | "收件者" | "宛先" | "an" | "à" | "para" | "a" => Label::To,
        "subject" | "主题" | "主題" | "主旨" | "件名" | "betreff" | "objet" | "asunto" | "oggetto" => {
            Label::Subject
        }
        _ => return None,
    })
}

/// Outlook's block of From, Sent, To, Subject starting at `lines[at]`. Blank lines between the fields are allowed: HTML
/// makes paragraphs of them.
pub(super) fn header_block(lines: &[&str], at: usize) -> bool {
    if lines.get(at).and_then(|line| label(line)) != Some(Label::From) {
        return false;
    }
    let mut seen = Vec::new();
    for line in lines.iter().skip(at + 1).filter(|line| !blank(line)).take(9) {
        match label(line) {
            Some(Label::From) => break,
            Some(label) if !seen.contains(&label) => seen.push(label),
            _ => {}
        }
    }
    seen.contains(&Label::Subject) && seen.len() >= 2
}

/// Where the "On … wrote:" begins that ends with `lines[end]`: there, or some lines above.
pub(super) fn attribution(lines: &[&str], end: usize) -> Option<usize> {
    let start = opening(lines, end)?;
    // "张三 <zhang@example.com>" alone above "于2024年…写道：" belongs to it.
    let name = start.checked_sub(1).and_then(|above| lines.get(above)).map(|line| line.trim());
    let apart = lines.get(start).is_some_and(|line| line.trim_start().starts_with(['于', '於']));
    let named = name.is_some_and(|name| name.ends_with('>') && name.contains('@') && !quoted(name));
    Some(if apart && named { start - 1 } else { start })
}

fn opening(lines: &[&str], end: usize) -> Option<usize> {
    let last = lines.get(end)?.trim();
    if !last.ends_with([':', '：']) || quoted(last) || last.len() > LONGEST_ATTRIBUTION {
        return None;
    }
    let mut joined = last.to_owned();
    let mut single = attributes(last, Opening::None).then_some(end);
    for wrapped in 1..MOST_WRAPPED {
        if attributes(&joined, Opening::Word) {
            return Some(end + 1 - wrapped);
        }
        if single.is_none() && attributes(&joined, Opening::Digit) {
            single = Some(end + 1 - wrapped);
        }
        let above = end.checked_sub(wrapped).and_then(|at| lines.get(at)).map(|line| line.trim());
        let Some(above) =
            above.filter(|line| !blank(line) && !quoted(line) && line.len() + joined.len() <= LONGEST_ATTRIBUTION)
        else {
            return single;
        };
        joined = format!("{above} {joined}");
    }
    if attributes(&joined, Opening::Word) { Some(end + 1 - MOST_WRAPPED) } else { single }
}

/// How an attribution begins: with a word that comes before a date, with the date, or in a way that proves nothing (then
/// an address and the verb must do).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    Word,
    Digit,
    None,
}

/// Does this say who wrote and when?
fn attributes(text: &str, opening: Opening) -> bool {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '*').to_lowercase();
    let body = text.trim_end_matches([':', '：', ' ', '\u{a0}', '\u{202f}']);
    let digit = body.contains(|c: char| c.is_ascii_digit());
    let address = body.contains('@');
    let ends = |words: &[&str]| words.iter().any(|word| body.ends_with(word));
    let verb = ends(&[
        "wrote",
        "writes",
        "写道",
        "寫道",
        "schrieb",
        "a écrit",
        "escribió",
        "ha scritto",
        "schreef",
        "escreveu",
        "のメール",
        "が書きました",
        "书写",
    ]);
    let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    let german = text.starts_with("am ") && body.contains(" schrieb ") && digit;
    // "2024年10月23日(水) 10:00 山田 <y@x>:" — a date, an address, nothing else.
    let numeric = text.starts_with(|c: char| c.is_ascii_digit());
    match opening {
        Opening::Word => {
            (starts(&["on ", "at ", "am ", "le ", "el ", "il ", "op ", "em ", "在", "于", "於"]) && digit && verb)
                || german
        }
        Opening::Digit => numeric && (verb || (body.ends_with('>') && address)),
        Opening::None => verb && (address || (digit && ends(&["写道", "寫道"]))),
    }
}

/// "Sent from my iPhone" and the like: one line that a program added.
pub(super) fn device(line: &str) -> bool {
    let line = line.trim().trim_matches(['*', '_']);
    if line.chars().count() > 120 {
        return false;
    }
    let lower = line.to_lowercase();
    let words = lower.split_whitespace().count();
    let sentence = lower.trim_end_matches(['.', '。']).contains(['.', ',', '，', '。', '!', '?', '！', '？']);
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| lower.starts_with(prefix));
    if starts(&[
        "get outlook for",
        "获取 outlook",
        "获取outlook",
        "下载 outlook",
        "outlook für",
        "outlook für ios beziehen",
        "outlook for ios を入手",
    ]) {
        return true;
    }
    let short = !sentence && words <= 8;
    (starts(&[
        "sent from my ",
        "sent from a ",
        "sent from mail for",
        "sent from outlook",
        "sent from yahoo",
        "sent via ",
        "sent with ",
        "sent using ",
    ]) && short)
        || (starts(&[
            "发自我的",
            "發自我的",
            "从我的",
            "來自我的",
            "来自我的",
            "发自",
            "發自",
            "发送自",
            "通过我的",
            "傳送自",
        ]) && !sentence
            && line.chars().count() <= 40)
        || (starts(&[
            "von meinem ",
            "gesendet von ",
            "gesendet mit ",
            "envoyé de mon ",
            "envoyé depuis ",
            "enviado desde mi ",
            "enviado desde ",
        ]) && short)
        || (lower.ends_with("から送信") && words <= 4)
}

/// The line that by convention comes before a signature.
pub(super) fn delimiter(line: &str) -> bool {
    matches!(line.trim_end(), "--" | "—" | "－－")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts_at(text: &str) -> Option<usize> {
        let lines: Vec<&str> = text.lines().collect();
        attribution(&lines, lines.len() - 1)
    }

    #[test]
    fn attributions() {
        for (text, want) in [
            ("On Tue, 3 Sep 2024 at 10:02, Support <help@example.com> wrote:", Some(0)),
            ("ok\nOn Tue, 3 Sep 2024 at 10:02, Support Team\n<help@example.com> wrote:", Some(1)),
            ("On 3 Sep 2024, at\n10:02, Support Team of the Game\n<help@example.com>\nwrote:", Some(0)),
            ("张三 <zhang@example.com> 于2024年9月3日周二 10:02写道：", Some(0)),
            ("张三 <zhang@example.com>\n于2024年9月3日周二 10:02写道：", Some(0)),
            ("在 2024-09-03 10:02:00，\"客服\" <help@example.com> 写道：", Some(0)),
            ("At 2024-09-03 10:02:00, \"客服\" <help@example.com> wrote:", Some(0)),
            ("2024年9月3日(火) 10:02 サポート <help@example.com>:", Some(0)),
            ("Am 03.09.2024 um 10:02 schrieb Hilfe <help@example.com>:", Some(0)),
            ("Am Di., 3. Sept. 2024 um 10:02 Uhr schrieb Hilfe\n<help@example.com>:", Some(0)),
            ("Le mar. 3 sept. 2024 à 10:02, Aide <help@example.com> a écrit\u{a0}:", Some(0)),
            ("El mar, 3 sept 2024 a las 10:02, Ayuda (<help@example.com>) escribió:", Some(0)),
            ("On your remote host you can run:", None),
            ("Yesterday he wrote:", None),
            ("On page 3 I found this:", None),
            ("Steps:", None),
        ] {
            assert_eq!(starts_at(text), want, "{text}");
        }
    }

    #[test]
    fn separators_and_blocks() {
        assert!(original_message("-----Original Message-----"));
        assert!(original_message("------------------ 原始邮件 ------------------"));
        assert!(original_message("-------- Ursprüngliche Nachricht --------"));
        assert!(!original_message("---------- Forwarded message ---------"));
        assert!(forwarded("---------- Forwarded message ---------"));
        assert!(marker("> ##- Please type your reply above this line -##"));
        assert!(marker("##- 请在此行上方回复 -##"));
        for (text, want) in [
            ("*From:* A <a@x>\n*Sent:* Monday\n*To:* b\n*Subject:* c", true),
            ("发件人： 客服\n发送时间： 2024年\n收件人： b\n主题： c", true),
            ("Von: A\nGesendet: Montag\nAn: b\nBetreff: c", true),
            ("De : A\n\nEnvoyé : lundi\n\nÀ : b\n\nObjet : c", true),
            ("From: Berlin\nTo: Paris\nDate: tomorrow", false),
            ("Subject: c\nFrom: A", false),
        ] {
            assert_eq!(header_block(&text.lines().collect::<Vec<_>>(), 0), want, "{text}");
        }
    }

    #[test]
    fn devices() {
        for line in [
            "Sent from my iPhone",
            "发自我的iPhone",
            "发自我的小米手机",
            "Get Outlook for iOS (https://aka.ms/o0ukef)",
            "iPhoneから送信",
            "Von meinem iPhone gesendet",
            "Envoyé de mon iPhone",
            "Enviado desde mi iPhone",
            "Sent from Mail for Windows 10",
        ] {
            assert!(device(line), "{line}");
        }
        for line in [
            "Sent from my garden, where it is warm.",
            "发自我的内心，谢谢你们的帮助。",
            "I sent from my phone a picture",
        ] {
            assert!(!device(line), "{line}");
        }
    }
}
