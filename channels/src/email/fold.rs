//! What is new in a mail: its text without the quoted history and signature at its end.
//!
//! Cuts once, so nothing is lost or reordered: `fresh` and `folded` are the two sides of the cut. Answers written between
//! quotes stay with their quotes. When nothing would be left, nothing is folded. Each line is looked at a fixed number of
//! times.

use super::quote::{
    attribution, blank, delimiter, device, forwarded, header_block, marker, original_message, quoted, rule,
};

/// A signature is short; longer text below `--` was written to be read.
const LONGEST_SIGNATURE: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    pub fresh: String,
    pub folded: String,
}

pub fn fold(text: &str) -> Folded {
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let end = trim_tail(&lines, history(&lines));
    let bytes: usize = text.split_inclusive('\n').take(end).map(str::len).sum();
    let (fresh, folded) = text.split_at_checked(bytes).unwrap_or((text, ""));
    if blank_text(fresh) || blank_text(folded) {
        return Folded { fresh: text.trim().to_owned(), folded: String::new() };
    }
    Folded { fresh: fresh.trim_matches(['\n', '\r', ' ']).to_owned(), folded: folded.to_owned() }
}

fn blank_text(text: &str) -> bool {
    text.lines().all(blank)
}

/// The first line of history that is announced, wherever that is: everything from there on is folded.
fn history(lines: &[&str]) -> usize {
    let mut said = false;
    let mut passed_on = false;
    let Some(first) = lines.iter().position(|line| !blank(line)) else { return lines.len() };
    for (at, line) in lines.iter().enumerate().skip(first) {
        if blank(line) {
            continue;
        }
        if marker(line) {
            return at;
        }
        if forwarded(line) {
            passed_on = true;
        }
        if said && !passed_on && (original_message(line) || header_block(lines, at)) {
            return above_rules(lines, at);
        }
        if said
            && !passed_on
            && let Some(start) = attribution(lines, at)
            && start > first
            && plain_history(lines, at)
        {
            return start;
        }
        said |= !quoted(line) && !rule(line) && !original_message(line);
    }
    lines.len()
}

/// After an attribution: history that is not marked with `>`, because it came from HTML.
fn plain_history(lines: &[&str], attribution: usize) -> bool {
    lines.iter().skip(attribution + 1).find(|line| !blank(line)).is_some_and(|line| !quoted(line))
}

/// Outlook draws a line above its block.
fn above_rules(lines: &[&str], at: usize) -> usize {
    at - lines.iter().take(at).rev().take_while(|line| blank(line) || rule(line)).count()
}

/// Takes quotes, attributions and signatures off the end until what ends there is the writer's own.
fn trim_tail(lines: &[&str], history: usize) -> usize {
    let mut end = history;
    let mut signed = false;
    loop {
        while end.checked_sub(1).and_then(|last| lines.get(last)).is_some_and(|line| blank(line)) {
            end -= 1;
        }
        let Some(last) = end.checked_sub(1) else { return 0 };
        let Some(&line) = lines.get(last) else { return end };
        if quoted(line) {
            end = quote_start(lines, last);
        } else if let Some(start) = attribution(lines, last).filter(|_| end < lines.len()) {
            end = start;
        } else if device(line) {
            end = last;
        } else if let Some(start) = (!signed).then(|| signature(lines, end)).flatten() {
            // Once: a person has one signature, and looking again and again at the same lines would take its time.
            signed = true;
            end = start;
        } else {
            return end;
        }
    }
}

/// Where the quoted block begins that ends at `last`; blank lines inside it belong to it.
fn quote_start(lines: &[&str], last: usize) -> usize {
    let inside = lines.iter().take(last + 1).rev().take_while(|line| quoted(line) || blank(line)).count();
    last + 1 - inside
}

/// A signature at the end of `lines[..end]`: below `-- `, or a mailing list's footer below a row of underscores.
fn signature(lines: &[&str], end: usize) -> Option<usize> {
    let from = end.saturating_sub(LONGEST_SIGNATURE);
    let tail = lines.get(from..end)?;
    if let Some(at) = tail.iter().rposition(|line| delimiter(line)) {
        return Some(from + at);
    }
    let at = tail.iter().rposition(|line| rule(line) && line.trim().starts_with("_____"))?;
    let footer = tail.iter().skip(at + 1).any(|line| {
        let line = line.to_lowercase();
        line.contains("mailing list") || line.contains("unsubscribe") || line.contains("退订")
    });
    footer.then_some(from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(text: &str) -> String {
        let folded = fold(text);
        assert!(folded.folded.is_empty() || text.ends_with(&folded.folded), "not verbatim: {text}");
        folded.fresh
    }

    #[test]
    fn history_is_folded() {
        for (text, want) in [
            (
                "Thanks!\n\nOn Tue, 3 Sep 2024 at 10:02, Help <help@example.com> wrote:\n\n> How are you?\n> Bye\n",
                "Thanks!",
            ),
            ("Thanks!\n\nOn Tue, 3 Sep 2024 at 10:02, Help\n<help@example.com>\nwrote:\n> How are you?\n", "Thanks!"),
            ("Thanks!\n\nOn 3 Sep 2024, at 10:02, Help <help@example.com> wrote:\n\nHow are you?\nBye", "Thanks!"),
            ("好的，谢谢。\n\n客服 <help@example.com> 于2024年9月3日周二 10:02写道：\n\n> 您好\n", "好的，谢谢。"),
            (
                "好的\n\n\n\n------------------ 原始邮件 ------------------\n发件人: \"客服\" <help@example.com>;\n发送时间: 2024年9月3日\n主题: 回复\n\n您好",
                "好的",
            ),
            ("收到\n\n\n\n\nAt 2024-09-03 10:02:00, \"客服\" <help@example.com> wrote:\n>您好\n", "收到"),
            (
                "Works.\n\n-----Original Message-----\nFrom: Help\nSent: Monday\nTo: me\nSubject: x\n\nDoes it?",
                "Works.",
            ),
            (
                "Works.\n\n________________________________\nFrom: Help <help@example.com>\nSent: Monday\nTo: me\nSubject: x\n\nDoes it?",
                "Works.",
            ),
            ("可以了\n\n发件人: 客服\n发送时间: 2024年9月3日\n收件人: 我\n主题: x\n\n请试试", "可以了"),
            ("Geht.\n\nVon: Hilfe\nGesendet: Montag, 3. September\nAn: ich\nBetreff: x\n\nGeht es?", "Geht."),
            ("Geht.\n\nAm 03.09.2024 um 10:02 schrieb Hilfe:\n> Geht es?", "Geht."),
            ("Oui.\n\nLe mar. 3 sept. 2024 à 10:02, Aide <help@example.com> a écrit :\n\n> Ça va ?", "Oui."),
            ("はい。\n\n2024年9月3日(火) 10:02 サポート <help@example.com>:\n\n> いかがですか。", "はい。"),
            ("Sí.\n\nEl mar, 3 sept 2024 a las 10:02, Ayuda (<help@example.com>) escribió:\n\n> ¿Va?", "Sí."),
            ("New words\n\n##- Please type your reply above this line -##\nold words", "New words"),
            (
                "新的\n\nOn 3 Sep 2024, at 10:02, Help <help@example.com> wrote:\n\n> ##- 请在此行上方回复 -##\n> 旧的",
                "新的",
            ),
        ] {
            assert_eq!(fresh(text), want, "{text}");
        }
    }

    #[test]
    fn signatures_are_folded() {
        for (text, want) in [
            ("It broke.\n\n-- \nLi Wei\nExample Ltd", "It broke."),
            ("It broke.\n\nSent from my iPhone", "It broke."),
            ("坏了。\n\n发自我的小米手机", "坏了。"),
            (
                "It broke.\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: H\nSent: M\nTo: m\nSubject: x\n\nold",
                "It broke.",
            ),
            (
                "It broke.\n\nSent from my iPhone\n\n> On 3 Sep 2024, at 10:02, Help <h@example.com> wrote:\n> \n> old",
                "It broke.",
            ),
            ("Yes.\n\nOn 3 Sep 2024 Help <h@example.com> wrote:\n> old\n\n-- \nLi", "Yes."),
            ("a -- b\n\nc", "a -- b\n\nc"),
            (
                "Hello\n\n_______________________________________________\nusers mailing list\nusers@example.com",
                "Hello",
            ),
        ] {
            assert_eq!(fresh(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_not_history_stays() {
        let between = "On 3 Sep 2024, at 10:02, Help <h@example.com> wrote:\n> Which version?\n\n1.20\n\n> Which system?\n\nLinux";
        assert_eq!(fresh(between), between);
        let below = fold(&format!("{between}\n\n> Anything else?\n> Bye\n"));
        assert_eq!((below.fresh.as_str(), below.folded.trim()), (between, "> Anything else?\n> Bye"));
        for text in [
            "> only a quote\n> and more",
            "-- \nonly a signature",
            "Sent from my iPhone",
            "On Monday I wrote:\nplease help",
            "From: Berlin\nTo: Paris\nsee you",
            "Look at this.\n\n---------- Forwarded message ---------\nFrom: Shop <s@example.com>\nDate: Tue\nSubject: Bill\nTo: me\n\nPay now",
            "-----Original Message-----\nFrom: a\nSent: b\nTo: c\nSubject: d\n\nforwarded without a word",
            "",
        ] {
            assert_eq!(fresh(text), text, "{text}");
        }
    }

    #[test]
    fn long_texts_of_one_kind_of_line_are_folded_too() {
        for line in [
            ">",
            "> a\n",
            "On 1 a\n",
            "wrote:\n",
            "On 1 a wrote:\n",
            "--\n",
            "From: a\n",
            "_____\n",
            "\n",
            "Sent from my iPhone\n",
            "> a\n\nx\n-- \n",
            "a@b>:\n",
        ] {
            // Anything that looked at each line more than a few times would not come back from this.
            let folded = fold(&line.repeat(200_000 / line.len()));
            assert_eq!(folded.fresh.trim().is_empty(), line.trim().is_empty(), "{line:?}");
        }
    }
}
