//! What mail says, in Chinese and in English: whole sentences, small, and nothing that is internal.
//!
//! Pure. Each mail is written once as lines, a quotation and a link, from which both parts are laid out.

use engine::Told;
use model::event::{Event, Recorded};
use model::locale::Locale;
use model::notice::NoticeKind;
use model::people::User;
use model::sla::Target;
use model::ticket::{Status, Ticket};

/// Characters of a comment that a mail quotes.
const QUOTED: usize = 2_000;
/// Characters of a title in a subject.
const TITLE: usize = 120;

fn pick<T>(locale: Locale, chinese: T, english: T) -> T {
    match locale {
        Locale::ZhCn => chinese,
        Locale::En => english,
    }
}

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub locale: Locale,
    pub subject: String,
    pub greeting: String,
    pub lines: Vec<String>,
    pub quote: Option<String>,
    /// What it is called, and where it leads.
    pub link: Option<(&'static str, String)>,
    pub footer: &'static str,
}

/// On one line, without characters that have no place in it, and no longer than so many.
pub(super) fn line(text: &str, most: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c }).collect();
    let joined = clean.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    cut(&joined, most)
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn status(locale: Locale, status: Status) -> &'static str {
    let (chinese, english) = match status {
        Status::New => ("新建", "new"),
        Status::Open => ("待处理", "open"),
        Status::InProgress => ("处理中", "in progress"),
        Status::Pending => ("等待回复", "waiting for an answer"),
        Status::Resolved => ("已解决", "resolved"),
        Status::Closed => ("已关闭", "closed"),
        Status::Cancelled => ("已取消", "cancelled"),
    };
    pick(locale, chinese, english)
}

fn greeting(locale: Locale, name: &str) -> String {
    let name = line(name, 100);
    pick(locale, format!("{name}，您好："), format!("Hello {name},"))
}

/// What somebody is told of an event; nothing where there is nothing to tell.
pub(super) fn notice(
    event: &Recorded,
    told: &Told,
    (user, kind): (&User, NoticeKind),
    (locale, public_url): (Locale, &str),
) -> Option<Words> {
    let about = match &told.ticket {
        Some(ticket) => about_ticket(event, told, ticket, (user, kind, locale)),
        None => alert(&event.event, locale),
    };
    let (subject, lines) = about?;
    let link =
        |ticket: &Ticket| (pick(locale, "查看工单", "Open the ticket"), format!("{public_url}/tickets/{}", ticket.id));
    Some(Words {
        locale,
        subject,
        greeting: greeting(locale, &user.name()),
        lines,
        quote: told.said.as_deref().map(|said| cut(said.trim(), QUOTED)),
        link: told.ticket.as_ref().map(link),
        footer: pick(
            locale,
            "这封邮件由系统自动发送。您可以在通知设置中选择要接收哪些邮件。",
            "This mail was sent automatically. In your notification settings you choose which mails you get.",
        ),
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only these have more to tell than their kind")]
fn about_ticket(
    event: &Recorded,
    told: &Told,
    ticket: &Ticket,
    (user, kind, locale): (&User, NoticeKind, Locale),
) -> Option<(String, Vec<String>)> {
    let number = &ticket.numbers.yearly;
    let title = line(ticket.title.as_str(), TITLE);
    let who = told.by.as_ref().filter(|by| by.id != user.id).map(|by| line(&by.name(), 100));
    let zh = locale == Locale::ZhCn;
    // What happened, for the subject; and in a whole sentence.
    let (headline, sentence) = match kind {
        NoticeKind::TicketCreated if zh => {
            ("工单已创建".into(), format!("工单 {number}“{title}”已创建，我们会尽快处理。"))
        }
        NoticeKind::TicketCreated => {
            ("Ticket opened".into(), format!("The ticket {number} “{title}” was opened. We will look into it soon."))
        }
        NoticeKind::TicketAssigned => assigned(locale, who.as_deref(), number, &title),
        NoticeKind::TicketStatusChanged => {
            let now = status(locale, ticket.status);
            let reopened = matches!(event.event, Event::StatusChanged { reopened: true, .. });
            match (zh, reopened) {
                (true, true) => {
                    ("工单已重新打开".into(), format!("工单 {number}“{title}”已重新打开，现在的状态是“{now}”。"))
                }
                (true, false) => {
                    (format!("工单状态更新为“{now}”"), format!("工单 {number}“{title}”的状态已变为“{now}”。"))
                }
                (false, true) => {
                    ("Ticket reopened".into(), format!("The ticket {number} “{title}” was reopened; it is {now} now."))
                }
                (false, false) => (format!("Ticket is {now}"), format!("The ticket {number} “{title}” is {now} now.")),
            }
        }
        NoticeKind::TicketCommented => match (zh, who) {
            (true, Some(who)) => ("工单有新回复".into(), format!("{who} 在工单 {number}“{title}”中添加了回复。")),
            (true, None) => ("工单有新回复".into(), format!("工单 {number}“{title}”有一条新回复。")),
            (false, Some(who)) => ("New comment".into(), format!("{who} commented on the ticket {number} “{title}”.")),
            (false, None) => {
                ("New comment".into(), format!("There is a new comment on the ticket {number} “{title}”."))
            }
        },
        NoticeKind::TicketResolved if zh => {
            ("工单已解决".into(), format!("工单 {number}“{title}”已解决。如果问题仍然存在，您可以重新打开它。"))
        }
        NoticeKind::TicketResolved => (
            "Ticket resolved".into(),
            format!("The ticket {number} “{title}” was resolved. If it isn't, you can reopen it."),
        ),
        NoticeKind::TicketClosed if ticket.status == Status::Cancelled && zh => {
            ("工单已取消".into(), format!("工单 {number}“{title}”已取消。"))
        }
        NoticeKind::TicketClosed if ticket.status == Status::Cancelled => {
            ("Ticket cancelled".into(), format!("The ticket {number} “{title}” was cancelled."))
        }
        NoticeKind::TicketClosed if zh => ("工单已关闭".into(), format!("工单 {number}“{title}”已关闭。")),
        NoticeKind::TicketClosed => ("Ticket closed".into(), format!("The ticket {number} “{title}” was closed.")),
        NoticeKind::TicketOverdue => {
            let target = match &event.event {
                Event::SlaBreached { target, .. } | Event::SlaEscalated { target, .. } => *target,
                _ => Target::Resolution,
            };
            match (zh, target) {
                (true, Target::Response) => {
                    ("工单响应超时".into(), format!("工单 {number}“{title}”的首次响应已超时。"))
                }
                (true, Target::Resolution) => ("工单处理超时".into(), format!("工单 {number}“{title}”的处理已超时。")),
                (false, Target::Response) => (
                    "First answer overdue".into(),
                    format!("The first answer to the ticket {number} “{title}” is overdue."),
                ),
                (false, Target::Resolution) => {
                    ("Ticket overdue".into(), format!("The resolution of the ticket {number} “{title}” is overdue."))
                }
            }
        }
        NoticeKind::SystemAlert => return None,
    };
    let headline: String = headline;
    let subject = pick(locale, format!("[{number}] {headline}：{title}"), format!("[{number}] {headline}: {title}"));
    Some((subject, vec![sentence]))
}

fn assigned(locale: Locale, who: Option<&str>, number: &str, title: &str) -> (String, String) {
    match (locale, who) {
        (Locale::ZhCn, Some(who)) => ("工单已分配给您".into(), format!("{who} 将工单 {number}“{title}”分配给了您。")),
        (Locale::ZhCn, None) => ("工单已分配给您".into(), format!("工单 {number}“{title}”已分配给您。")),
        (Locale::En, Some(who)) => {
            ("Assigned to you".into(), format!("{who} assigned the ticket {number} “{title}” to you."))
        }
        (Locale::En, None) => ("Assigned to you".into(), format!("The ticket {number} “{title}” was assigned to you.")),
    }
}

fn alert(event: &Event, locale: Locale) -> Option<(String, Vec<String>)> {
    let Event::WebhookDisabled { url, why, .. } = event else { return None };
    let (url, why) = (line(url, 500), line(why, 500));
    Some(match locale {
        Locale::ZhCn => (
            "系统提醒：Webhook 已停用".into(),
            vec![format!("发往 {url} 的 Webhook 因持续失败已停用。"), format!("原因：{why}")],
        ),
        Locale::En => (
            "A webhook was switched off".into(),
            vec![format!("The webhook for {url} kept failing and was switched off."), format!("Why: {why}")],
        ),
    })
}

pub(super) fn password_reset(name: Option<&str>, locale: Locale, link: String) -> Words {
    let hello = pick(locale, "您好：", "Hello,").to_owned();
    Words {
        locale,
        subject: pick(locale, "重置您的密码", "Reset your password").to_owned(),
        greeting: name.map_or(hello, |name| greeting(locale, name)),
        lines: vec![
            pick(
                locale,
                "我们收到了重置您账户密码的请求。请在一小时内打开下面的链接，设置新密码。",
                "Somebody asked for a new password for your account. Open the link below within an hour to set one.",
            )
            .to_owned(),
        ],
        quote: None,
        link: Some((pick(locale, "设置新密码", "Set a new password"), link)),
        footer: pick(
            locale,
            "如果这不是您本人的操作，请忽略这封邮件，您的密码不会改变。",
            "If it wasn't you, ignore this mail: your password stays as it is.",
        ),
    }
}

pub(super) fn test(locale: Locale) -> Words {
    Words {
        locale,
        subject: pick(locale, "测试邮件", "Test mail").to_owned(),
        greeting: pick(locale, "您好：", "Hello,").to_owned(),
        lines: vec![
            pick(
                locale,
                "这是一封测试邮件。您能读到它，说明邮件发送设置正确。",
                "This is a test mail. That you can read it shows that sending mail is set up properly.",
            )
            .to_owned(),
        ],
        quote: None,
        link: None,
        footer: pick(
            locale,
            "这封邮件应管理员的要求发送，无需回复。",
            "It was sent because an administrator asked for it. There is no need to answer.",
        ),
    }
}

impl Words {
    pub(super) fn plain(&self) -> String {
        let mut parts = vec![self.greeting.clone()];
        parts.extend(self.lines.iter().cloned());
        parts.extend(self.quote.as_ref().map(|q| q.lines().map(|l| format!("> {l}")).collect::<Vec<_>>().join("\n")));
        let colon = pick(self.locale, "：", ": ");
        parts.extend(self.link.as_ref().map(|(name, url)| format!("{name}{colon}\n{url}")));
        format!("{}\n\n--\n{}\n", parts.join("\n\n"), self.footer)
    }

    pub(super) fn html(&self) -> String {
        let paragraph = |text: &str| format!("<p>{}</p>\n", escaped(text));
        let mut body = paragraph(&self.greeting);
        body.extend(self.lines.iter().map(|line| paragraph(line)));
        if let Some(quote) = &self.quote {
            let lines: Vec<String> = quote.lines().map(escaped).collect();
            let style = "margin:0 0 1em;padding:0 0 0 1em;border-left:3px solid #d0d7de";
            let quoted = format!("<blockquote style=\"{style}\">{}</blockquote>\n", lines.join("<br>\n"));
            body.push_str(&quoted);
        }
        if let Some((name, url)) = &self.link {
            let link = format!("<p><a href=\"{}\">{}</a></p>\n", escaped(url), escaped(name));
            body.push_str(&link);
        }
        let footer = format!("<p style=\"color:#57606a;font-size:85%\">{}</p>\n", escaped(self.footer));
        body.push_str(&footer);
        format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n\
             <body style=\"font-family:sans-serif;line-height:1.5\">\n{body}</body>\n</html>\n",
            self.locale.word(),
            escaped(&self.subject)
        )
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
