//! What people are told of an event beside the app, in Chinese and in English: whole sentences, and nothing that is internal.
//!
//! Pure. Each is written once as a headline, lines, a quotation and a link; mails and chats lay it out in their own way.

use engine::Told;
use model::event::{Event, Recorded};
use model::locale::Locale;
use model::notice::NoticeKind;
use model::people::User;
use model::sla::Target;
use model::ticket::{Status, Ticket};

/// Characters of a comment that is quoted.
const QUOTED: usize = 2_000;
/// Characters of a title in a headline.
const TITLE: usize = 120;

pub(crate) fn pick<T>(locale: Locale, chinese: T, english: T) -> T {
    match locale {
        Locale::ZhCn => chinese,
        Locale::En => english,
    }
}

/// What happened, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub headline: String,
    pub lines: Vec<String>,
    pub quote: Option<String>,
    /// What it is called, and where it leads.
    pub link: Option<(&'static str, String)>,
}

/// On one line, without characters that have no place in it, and no longer than so many.
pub(crate) fn line(text: &str, most: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c }).collect();
    let joined = clean.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    cut(&joined, most)
}

pub(crate) fn cut(text: &str, most: usize) -> String {
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

/// What somebody is told of an event; nothing where there is nothing to tell.
pub(crate) fn words(
    event: &Recorded,
    told: &Told,
    (user, kind): (&User, NoticeKind),
    (locale, public_url): (Locale, &str),
) -> Option<Words> {
    let about = match &told.ticket {
        Some(ticket) => about_ticket(event, told, ticket, (user, kind, locale)),
        None => written(&event.event).or_else(|| alert(&event.event, locale)),
    };
    let (headline, lines) = about?;
    let link =
        |ticket: &Ticket| (pick(locale, "查看工单", "Open the ticket"), format!("{public_url}/tickets/{}", ticket.id));
    Some(Words {
        headline,
        lines,
        quote: told.said.as_deref().map(|said| cut(said.trim(), QUOTED)),
        link: told.ticket.as_ref().map(link).or_else(|| leads(&event.event, (locale, public_url))),
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
                Event::SlaBreached { target, .. } => *target,
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

/// What somebody wrote by hand, as it was written.
fn written(event: &Event) -> Option<(String, Vec<String>)> {
    let Event::NotificationSent { written, .. } = event else { return None };
    let paragraphs = written.content.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
    Some((line(&written.title, TITLE), paragraphs.map(str::to_owned).collect()))
}

/// Where that leads: to what it names, else to the ticket that it is about.
fn leads(event: &Event, (locale, public_url): (Locale, &str)) -> Option<(&'static str, String)> {
    let Event::NotificationSent { written, ticket, .. } = event else { return None };
    let page = written.action_url.as_ref().map(|url| {
        let url = if url.starts_with('/') { format!("{public_url}{url}") } else { url.clone() };
        (pick(locale, "查看详情", "See more"), url)
    });
    let of_ticket =
        |id: &model::id::TicketId| (pick(locale, "查看工单", "Open the ticket"), format!("{public_url}/tickets/{id}"));
    page.or_else(|| ticket.as_ref().map(of_ticket))
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
