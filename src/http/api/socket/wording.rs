//! What a notification says, in its reader's language. The seam to the words that the list of notifications shows, too.

use crate::http::App;
use model::notice::NoticeKind;
use model::{Actor, Result};

pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) message: String,
}

pub(super) async fn worded(app: &App, actor: &Actor, kind: NoticeKind, number: Option<&str>) -> Result<Words> {
    let me = app.engine.me(actor).await?;
    let english = me.profile.locale.is_some_and(|locale| locale.starts_with("en"));
    let number = number.unwrap_or_default();
    let (title, message) = if english { in_english(kind, number) } else { in_chinese(kind, number) };
    Ok(Words { title, message })
}

fn in_chinese(kind: NoticeKind, number: &str) -> (&'static str, String) {
    match kind {
        NoticeKind::TicketCreated => ("工单已创建", format!("工单 {number} 已创建")),
        NoticeKind::TicketAssigned => ("工单已分配", format!("工单 {number} 已分配给您")),
        NoticeKind::TicketStatusChanged => ("工单状态已更新", format!("工单 {number} 的状态已更新")),
        NoticeKind::TicketCommented => ("工单有新回复", format!("工单 {number} 有新的回复")),
        NoticeKind::TicketResolved => ("工单已解决", format!("工单 {number} 已解决")),
        NoticeKind::TicketClosed => ("工单已关闭", format!("工单 {number} 已关闭")),
        NoticeKind::TicketOverdue => ("工单已超时", format!("工单 {number} 已超过服务时限")),
        NoticeKind::SystemAlert => ("系统提醒", "一个 Webhook 因多次发送失败已被停用".to_owned()),
    }
}

fn in_english(kind: NoticeKind, number: &str) -> (&'static str, String) {
    match kind {
        NoticeKind::TicketCreated => ("Ticket created", format!("Ticket {number} was created")),
        NoticeKind::TicketAssigned => ("Ticket assigned", format!("Ticket {number} was assigned to you")),
        NoticeKind::TicketStatusChanged => ("Ticket status changed", format!("Ticket {number} has another status now")),
        NoticeKind::TicketCommented => ("New reply", format!("Ticket {number} has a new reply")),
        NoticeKind::TicketResolved => ("Ticket resolved", format!("Ticket {number} was resolved")),
        NoticeKind::TicketClosed => ("Ticket closed", format!("Ticket {number} was closed")),
        NoticeKind::TicketOverdue => ("Ticket overdue", format!("Ticket {number} missed its service level")),
        NoticeKind::SystemAlert => ("System alert", "A webhook was disabled after it had failed too often".to_owned()),
    }
}
