//! How text becomes search tokens: in one place, for both databases, in Chinese and English.
//!
//! Han characters become overlapping pairs (and the single characters of a one-character query), everything else becomes
//! words in lower case. A document's tokens carry a prefix that says where they stood: nothing for what everyone who sees
//! the ticket may read, `i_` for internal notes, `h_` (beside the plain token) for the ticket's head: title, numbers, tags,
//! customer. `r_<id>` names the requester. So one index answers "within what the searcher may see" by itself.

use crate::comment::{Comment, Visibility};
use crate::id::UserId;
use crate::ticket::Ticket;
use std::collections::BTreeSet;

/// A query has at most so many tokens; the rest is ignored.
pub const QUERY_TOKENS_MAX: usize = 24;
/// A document has at most so many distinct tokens; longer comments are found by their first part.
pub const DOCUMENT_TOKENS_MAX: usize = 20_000;
const WORD_MAX: usize = 40;

fn is_han(c: char) -> bool {
    matches!(u32::from(c),
        0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x323af // Han
        | 0x3040..=0x30ff // Kana
        | 0xac00..=0xd7af) // Hangul
}

/// Whether words that begin with a token of a query are meant, too. One letter would mean too many, a number is that number,
/// and of Han characters each pair is looked for as it is.
pub fn may_go_on(token: &str) -> bool {
    token.chars().nth(1).is_some() && !token.chars().any(is_han) && !token.chars().all(|c| c.is_ascii_digit())
}

/// The tokens of a text. `singles`: whether lone characters count, too (they do in documents).
fn tokens(text: &str, singles: bool, mut emit: impl FnMut(String)) {
    let mut word = String::new();
    let mut run: Vec<char> = Vec::new();
    let flush_run = |run: &mut Vec<char>, emit: &mut dyn FnMut(String)| {
        for pair in run.windows(2) {
            emit(pair.iter().collect());
        }
        if singles || run.len() == 1 {
            for c in run.iter() {
                emit(c.to_string());
            }
        }
        run.clear();
    };
    let flush_word = |word: &mut String, emit: &mut dyn FnMut(String)| {
        if !word.is_empty() {
            let short: String = word.chars().take(WORD_MAX).collect();
            emit(short);
            word.clear();
        }
    };
    for c in text.chars() {
        if is_han(c) {
            flush_word(&mut word, &mut emit);
            run.push(c);
        } else {
            flush_run(&mut run, &mut emit);
            if c.is_alphanumeric() {
                // Full-width letters and digits are the same words as their narrow twins.
                let narrow = match u32::from(c) {
                    n @ 0xff01..=0xff5e => char::from_u32(n - 0xfee0).unwrap_or(c),
                    _ => c,
                };
                word.extend(narrow.to_lowercase().filter(|c| c.is_alphanumeric()));
            } else {
                flush_word(&mut word, &mut emit);
            }
        }
    }
    flush_run(&mut run, &mut emit);
    flush_word(&mut word, &mut emit);
}

/// The tokens under which a comment is found; the description carries the ticket's head as well. Empty: not indexed.
pub fn document(ticket: &Ticket, comment: &Comment) -> Vec<String> {
    if ticket.deleted_at.is_some() || comment.withdrawn_at.is_some() {
        return Vec::new();
    }
    let mut all = BTreeSet::new();
    let internal = comment.visibility == Visibility::Internal;
    tokens(comment.body.as_str(), true, |t| {
        if all.len() < DOCUMENT_TOKENS_MAX {
            all.insert(if internal { format!("i_{t}") } else { t });
        }
    });
    for attachment in &comment.attachments {
        tokens(&attachment.file.filename, true, |t| {
            all.insert(if internal { format!("i_{t}") } else { t });
        });
    }
    if comment.id == ticket.description {
        for text in head(ticket) {
            tokens(&text, true, |t| {
                all.insert(format!("h_{t}"));
                all.insert(t);
            });
        }
    }
    all.insert(requester(ticket.requester));
    all.into_iter().collect()
}

fn head(ticket: &Ticket) -> Vec<String> {
    let customer = &ticket.customer;
    let mut texts = vec![
        ticket.title.as_str().to_owned(),
        ticket.id.to_string(),
        ticket.numbers.yearly.clone(),
        ticket.numbers.daily.clone(),
        ticket.numbers.legacy.clone(),
    ];
    texts.extend(ticket.tags.iter().map(|t| t.as_str().to_owned()));
    texts.extend(
        [customer.name.clone(), customer.email.as_ref().map(|e| e.as_str().to_owned()), customer.phone.clone()]
            .into_iter()
            .flatten(),
    );
    texts
}

/// The token that every document of a requester's tickets carries.
pub fn requester(user: UserId) -> String {
    format!("r_{user}")
}

/// A search as tokens, all of which must be found. Empty: nothing to search for.
pub fn query(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    tokens(text, false, |t| {
        if all.len() < QUERY_TOKENS_MAX && !all.contains(&t) {
            all.push(t);
        }
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn han_text_becomes_pairs_and_latin_text_words() {
        assert_eq!(query("登录失败"), ["登录", "录失", "失败"]);
        assert_eq!(query("封"), ["封"]);
        assert_eq!(query("Steve无法LOGIN-2"), ["steve", "无法", "login", "2"]);
        assert_eq!(query("ＡＢＣ１２"), ["abc12"]);
        assert_eq!(query("TK-2025-001"), ["tk", "2025", "001"]);
        assert_eq!(query(" _\"'*:() "), Vec::<String>::new());
        assert_eq!(query(&"ab ".repeat(100)).len(), 1);
    }

    #[test]
    fn kana_and_hangul_are_found_too() {
        assert_eq!(query("ログイン"), ["ログ", "グイ", "イン"]);
        assert_eq!(query("로그인"), ["로그", "그인"]);
    }

    #[test]
    fn tokens_contain_nothing_that_a_query_language_could_read() {
        let mut seen = Vec::new();
        tokens("a' OR 1=1; -- \"x\" & | ! ( ) : * <-> 登'录", true, |t| seen.push(t));
        assert!(seen.iter().all(|t| t.chars().all(char::is_alphanumeric)), "{seen:?}");
    }
}
