//! Tests over whole mails: the samples of `tests/mail`, and thousands of broken copies of them.

use super::{Clue, Kind, Mail, Ours, clues, parse};
use std::path::Path;

const NAMES: [&str; 12] = [
    "gb18030-inline-picture",
    "iso-2022-jp",
    "outlook-html-only",
    "gmail-reply",
    "qq-reply",
    "bounce-rfc3464",
    "out-of-office",
    "list",
    "no-message-id",
    "no-from",
    "broken-charset",
    "big5",
];

fn ours() -> Ours {
    Ours { domain: "desk.example".into(), addresses: vec!["support@desk.example".into()] }
}

fn raw(name: &str) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/mail").join(format!("{name}.eml"));
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn mail(name: &str) -> Mail {
    parse(&raw(name), &ours()).unwrap()
}

#[test]
fn subjects_and_writers() {
    for (name, from, email, subject) in [
        ("gb18030-inline-picture", "王小明", "wang.xiaoming@player.example", "服务器登录后黑屏，附截图：龘𠮷"),
        ("iso-2022-jp", "山田花子", "hanako@yamada.example", "アカウントに入れません"),
        ("outlook-html-only", "Anna Müller", "anna@mueller.example", "RE: [#100234] Invoices"),
        ("gmail-reply", "Tom Baker", "tom.baker@mail.example", "Re: Error 1042 when joining"),
        ("qq-reply", "小李", "123456789@qq.example", "回复：[#100377] 道具丢失"),
        (
            "bounce-rfc3464",
            "Mail Delivery System",
            "mailer-daemon@mx.example.net",
            "Undelivered Mail Returned to Sender",
        ),
        ("out-of-office", "Max Weber", "max.weber@firma.example", "Abwesenheitsnotiz: Rückfrage zu [#100420]"),
        ("list", "Player News", "news@player.example", "[players] Maintenance on Sunday"),
        ("no-message-id", "", "wang@player.example", "TK-2024-017 still waiting"),
        ("broken-charset", "赵六", "zhao@player.example", "充值没有到账，订单号 88123"),
        ("big5", "陳大文", "chen@player.example", "請問如何更換綁定的信箱？"),
    ] {
        let mail = mail(name);
        let sender = mail.from.unwrap();
        assert_eq!(
            (sender.name.as_deref().unwrap_or_default(), sender.email.as_str(), mail.subject.as_str()),
            (from, email, subject),
            "{name}"
        );
        assert!(mail.date.is_some(), "{name}");
    }
}

#[test]
fn what_they_wrote() {
    for (name, fresh) in [
        ("gb18030-inline-picture", "您好：\n\n登录后画面是黑的，只有声音。重新安装也没有用。\n截图在下面。"),
        (
            "iso-2022-jp",
            "サポート御中\n\n昨日からゲームにログインできません。\n「パスワードが違います」と表示されます。\n\nご確認をお願いいたします。",
        ),
        (
            "outlook-html-only",
            "Hello,\n\ntwo invoices are wrong; please see the order page (https://shop.example/orders?id=7&y=2024):\n\nInvoice | Amount\n\n2024-118 | 49 €\n\
             * charged twice\n* wrong address\n\nKind regards,\nAnna Müller",
        ),
        (
            "gmail-reply",
            "It works again after the update, thank you!\n\nOne more thing: my friend sees the same error. Shall he write to you himself?",
        ),
        ("qq-reply", "已经收到补偿了，非常感谢！"),
        (
            "out-of-office",
            "Guten Tag,\n\nich bin bis zum 16.09. nicht im Büro – bitte wenden Sie sich an büro@firma.example.\n\nMax Weber",
        ),
        ("list", "Maintenance\n\nServers are down on Sunday from 02:00 to 04:00 UTC."),
        ("no-message-id", "No answer since Monday. Is anybody there?"),
        ("no-from", ""),
        ("broken-charset", "昨天晚上充值了一百元，到现在还没有到账。\n请尽快处理，谢谢。"),
        ("big5", "您好，\n\n我的舊信箱已經停用，請問要怎麼換？功能裡面找不到許可。\n\n陳大文"),
    ] {
        let mail = mail(name);
        assert_eq!(mail.fresh, fresh, "{name}");
        assert!(mail.text.ends_with(mail.folded.trim_end()), "{name}");
    }
}

#[test]
fn files() {
    for (name, file, inline) in [
        ("gb18030-inline-picture", "黑屏截图.png", true),
        ("no-from", "attachment-1.pdf", false),
        ("broken-charset", "支付凭证.jpg", false),
    ] {
        let mail = mail(name);
        let part = &mail.parts[0];
        assert_eq!((mail.parts.len(), part.filename.as_str(), part.inline), (1, file, inline), "{name}");
        assert!(!part.bytes.is_empty());
    }
    assert!(mail("outlook-html-only").html.unwrap().contains("MsoNormal"));
    assert_eq!(mail("bounce-rfc3464").parts.last().unwrap().filename, "Re_ [#100401] Refund.eml");
}

#[test]
fn kinds() {
    for name in NAMES {
        let kind = mail(name).kind;
        match name {
            "out-of-office" => assert_eq!(kind, Kind::AutoReply),
            "list" => assert_eq!(kind, Kind::List),
            "bounce-rfc3464" => {
                let Kind::Bounce(bounce) = kind else { panic!("{kind:?}") };
                assert_eq!(bounce.original_message_id.as_deref(), Some("c.100401.2@desk.example"));
                assert_eq!(
                    (bounce.recipient.as_deref(), bounce.status.as_deref()),
                    (Some("gone@player.example"), Some("5.1.1"))
                );
                assert_eq!(
                    bounce.diagnostic.as_deref(),
                    Some("550 5.1.1 <gone@player.example>: Recipient address rejected")
                );
                assert!(bounce.permanent);
            }
            _ => assert_eq!(kind, Kind::Normal, "{name}"),
        }
    }
}

#[test]
fn where_they_belong() {
    let first = |name: &str| clues(&mail(name), &ours()).into_iter().next();
    assert_eq!(first("outlook-html-only"), Some(Clue::Signed("k7q2m9".into())));
    assert_eq!(first("gmail-reply"), Some(Clue::OurMessage("c.100301.2@desk.example".into())));
    assert_eq!(first("qq-reply"), Some(Clue::OurMessage("c.100377.3@desk.example".into())));
    assert_eq!(first("no-message-id"), Some(Clue::Number("TK-2024-017".into())));
    assert_eq!(first("big5"), None);
    assert_eq!(mail("no-message-id").message_id, None);
    assert_eq!(mail("no-from").from, None);
}

/// Small, seeded, and the same on each machine.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

fn mutate(mail: &mut Vec<u8>, random: &mut Xorshift) {
    const TOKENS: [&[u8]; 16] = [
        b"=?gb2312?B?",
        b"?=",
        b"\r\n\r\n",
        b"\r",
        b"--b8\r\n",
        b"Content-Type: multipart/mixed; boundary=\"",
        b"<",
        b">",
        b"(",
        b"\"",
        b"\xff\xfe",
        b"\x1b$B",
        b"~{",
        b"Content-Type: message/rfc822\r\n",
        b"\0",
        b"=",
    ];
    for _ in 0..=random.below(12) {
        let at = random.below(mail.len() + 1);
        match random.below(6) {
            0 => mail.truncate(at),
            1 if at < mail.len() => mail[at] = random.below(256) as u8,
            2 => mail.splice(at..at, TOKENS[random.below(TOKENS.len())].iter().copied()).for_each(drop),
            3 => mail.drain(at..(at + random.below(200)).min(mail.len())).for_each(drop),
            4 => {
                let copy = mail[at..(at + random.below(400)).min(mail.len())].to_vec();
                let to = random.below(mail.len() + 1);
                mail.splice(to..to, copy).for_each(drop);
            }
            _ if at < mail.len() => mail[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
}

#[test]
fn three_thousand_broken_mails() {
    let samples: Vec<Vec<u8>> = NAMES.iter().map(|name| raw(name)).collect();
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    let mut read = 0;
    for round in 0..3_000 {
        let mut bytes = samples[round % samples.len()].clone();
        mutate(&mut bytes, &mut random);
        if let Ok(mail) = parse(&bytes, &ours()) {
            read += 1;
            clues(&mail, &ours());
            assert!(!mail.subject.contains(char::is_control), "round {round}");
            assert!(mail.text.is_empty() || !mail.fresh.is_empty(), "round {round}");
            assert!(
                mail.parts.iter().all(|part| !part.filename.is_empty() && part.filename.chars().count() <= 200),
                "round {round}"
            );
        }
    }
    assert!(read > 2_900, "{read}");
}

#[test]
fn noise_is_refused_or_read_but_never_fatal() {
    let mut random = Xorshift(42);
    for length in 0..1_000 {
        let noise: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        drop(parse(&noise, &ours()));
    }
}
