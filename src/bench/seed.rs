//! Loading: so many tickets with three comments each, through the engine, so that every row, index, count and event is real.
//!
//! What a ticket says depends on its number alone, so every run loads the same. Two words stand in exactly one of a hundred
//! tickets each, a Chinese one of two characters and an English one: those are searched for.

use super::house::People;
use crate::cli::Failure;
use engine::Engine;
use indicatif::ProgressBar;
use model::command::{AddComment, ChangeStatus, OpenTicket};
use model::ticket::{Priority, Status};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

/// As many wait for the same commits as one of them carries.
const CALLERS: u64 = 256;
const COMMENTS: u64 = 3;
/// Of a hundred tickets, these have the word.
pub const CHINESE: (&str, u64) = ("闪退", 7);
pub const ENGLISH: (&str, u64) = ("overheating", 42);

const HAN: [&str; 40] = [
    "登录",
    "密码",
    "账号",
    "充值",
    "订单",
    "发票",
    "退款",
    "网络",
    "延迟",
    "服务器",
    "玩家",
    "封禁",
    "举报",
    "申诉",
    "打印机",
    "电脑",
    "屏幕",
    "键盘",
    "邮件",
    "附件",
    "更新",
    "安装",
    "权限",
    "会议",
    "系统",
    "数据",
    "备份",
    "恢复",
    "错误",
    "提示",
    "无法",
    "已经",
    "今天",
    "昨天",
    "请问",
    "谢谢",
    "尽快",
    "处理",
    "客服",
    "问题",
];
const LATIN: [&str; 60] = [
    "login",
    "password",
    "account",
    "payment",
    "order",
    "invoice",
    "refund",
    "network",
    "latency",
    "server",
    "player",
    "ban",
    "report",
    "appeal",
    "printer",
    "laptop",
    "screen",
    "keyboard",
    "email",
    "attachment",
    "update",
    "install",
    "permission",
    "meeting",
    "system",
    "data",
    "backup",
    "restore",
    "error",
    "message",
    "cannot",
    "already",
    "today",
    "yesterday",
    "please",
    "thanks",
    "urgent",
    "support",
    "issue",
    "customer",
    "the",
    "and",
    "with",
    "after",
    "before",
    "when",
    "still",
    "again",
    "broken",
    "slow",
    "missing",
    "wrong",
    "page",
    "button",
    "version",
    "device",
    "connect",
    "license",
    "window",
    "folder",
];

/// Numbers that look random and are always the same (SplitMix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..sides`.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.roll().checked_rem(sides).unwrap_or_default()
    }

    fn word(&mut self, words: &'static [&'static str]) -> &'static str {
        words.get(self.below(words.len() as u64) as usize).copied().unwrap_or_default()
    }

    /// Some words in both languages, and a number that few texts share. Han words stand apart, so that no two make a third.
    pub fn text(&mut self, words: u64) -> String {
        let mut text = String::new();
        for at in 0..words {
            let word = if at % 5 < 2 { self.word(&HAN) } else { self.word(&LATIN) };
            write!(text, "{word} ").unwrap_or_default();
        }
        write!(text, "#{}", self.below(100_000)).unwrap_or_default();
        text
    }
}

/// A ticket as its opener writes it.
pub fn ticket(number: u64) -> OpenTicket {
    let mut dice = Dice::new(number);
    let (title, description) = (dice.text(6), dice.text(45));
    let mut open = OpenTicket::new(title, description);
    open.priority =
        [Priority::Low, Priority::Normal, Priority::Normal, Priority::High].get(dice.below(4) as usize).copied();
    open.tags = vec![dice.word(&LATIN).to_owned()];
    open
}

/// Puts the word into the title, the description or the last comment, by turns.
fn with_words(number: u64, open: &mut OpenTicket, last: &mut String) {
    for (word, place) in [CHINESE, ENGLISH] {
        if number % 100 == place {
            let text = match (number / 100) % 4 {
                0 => &mut open.title,
                1 | 2 => &mut open.description,
                _ => &mut *last,
            };
            write!(text, " {word}").unwrap_or_default();
        }
    }
}

/// Loads so many tickets with their comments; the bar counts commands' tickets.
pub async fn load(engine: &Engine, people: &People, tickets: u64, bar: &ProgressBar) -> Result<(), Failure> {
    let next = Arc::new(AtomicU64::new(0));
    let people = Arc::new(people.clone());
    let mut running: JoinSet<Result<(), Failure>> = JoinSet::new();
    for _ in 0..CALLERS {
        let (engine, people, next, bar) = (engine.clone(), Arc::clone(&people), Arc::clone(&next), bar.clone());
        running.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= tickets {
                    return Ok(());
                }
                one(&engine, &people, number).await?;
                bar.inc(1);
            }
        });
    }
    while let Some(done) = running.join_next().await {
        done.map_err(|error| Failure::doing("Loading failed", error))??;
    }
    Ok(())
}

async fn one(engine: &Engine, people: &People, number: u64) -> Result<(), Failure> {
    let place = number as usize;
    let requester = people.requester(place)?;
    let (agent, supervisor) = (people.agent(place)?, people.supervisor(place)?);
    let mut open = ticket(number);
    let mut dice = Dice::new(number ^ 0x5eed);
    let mut last = dice.text(25);
    with_words(number, &mut open, &mut last);
    // Of ten tickets three are new, two open, two in work, one waits, one is resolved, one closed.
    let moves: &[Status] = match number % 10 {
        5 | 6 => &[Status::InProgress],
        7 => &[Status::Pending],
        8 => &[Status::InProgress, Status::Resolved],
        9 => &[Status::Closed],
        _ => &[],
    };
    let opened = if number % 10 < 3 {
        engine.open_ticket(&requester.caller, open).await?
    } else {
        open.requester = requester.caller.actor.user();
        open.assignee = agent.caller.actor.user();
        engine.open_ticket(&supervisor.caller, open).await?
    };
    for at in 1..=COMMENTS {
        let (by, text) = match at {
            1 => (&supervisor.caller, dice.text(20)),
            2 => (&requester.caller, dice.text(30)),
            _ => (&supervisor.caller, std::mem::take(&mut last)),
        };
        engine.add_comment(by, opened.id, AddComment::public(text)).await?;
    }
    for status in moves {
        let change = ChangeStatus { status: *status, resolution: None, reason: None };
        engine.change_status(&supervisor.caller, opened.id, change).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_stand_in_one_of_a_hundred_tickets_each() {
        for (word, _) in [CHINESE, ENGLISH] {
            let having = (0..1_000).filter(|number| {
                let (mut open, mut last) = (ticket(*number), Dice::new(*number).text(25));
                let before = [&open.title, &open.description, &last].map(|text| text.contains(word));
                assert_eq!(before, [false; 3], "{word} stands in the vocabulary");
                with_words(*number, &mut open, &mut last);
                [&open.title, &open.description, &last].into_iter().any(|text| text.contains(word))
            });
            assert_eq!(having.count(), 10);
        }
    }
}
