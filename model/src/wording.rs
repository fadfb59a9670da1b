//! What a notification says, in its reader's language: one place for the list, the sockets and the mails.
//!
//! It names the ticket by its number and nothing else of it: whoever reads it may have lost sight of the ticket since.

use crate::locale::Locale;
use crate::notice::NoticeKind;

/// A notification in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    pub title: &'static str,
    pub message: String,
}

/// The words for a notification of the ticket with this number (`TK-2025-001`), or of none.
pub fn wording(kind: NoticeKind, number: Option<&str>, locale: Locale) -> Wording {
    let (title, before, behind) = match locale {
        Locale::ZhCn => chinese(kind),
        Locale::En => english(kind),
    };
    let message = match (kind, number) {
        (NoticeKind::SystemAlert, _) => behind.to_owned(),
        (_, Some(number)) => format!("{before} {number} {behind}"),
        (_, None) => format!("{before} {behind}"),
    };
    Wording { title, message }
}

/// Title, and what stands before and behind the number.
fn chinese(kind: NoticeKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        NoticeKind::TicketCreated => ("工单已创建", "工单", "已创建"),
        NoticeKind::TicketAssigned => ("工单已分配", "工单", "已分配给您"),
        NoticeKind::TicketStatusChanged => ("工单状态已更新", "工单", "的状态已更新"),
        NoticeKind::TicketCommented => ("工单有新回复", "工单", "有新的回复"),
        NoticeKind::TicketResolved => ("工单已解决", "工单", "已解决"),
        NoticeKind::TicketClosed => ("工单已关闭", "工单", "已关闭"),
        NoticeKind::TicketOverdue => ("工单已超时", "工单", "已超过服务时限"),
        NoticeKind::SystemAlert => ("系统提醒", "", "一个 Webhook 因多次发送失败已被停用"),
    }
}

fn english(kind: NoticeKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        NoticeKind::TicketCreated => ("Ticket created", "Ticket", "was created"),
        NoticeKind::TicketAssigned => ("Ticket assigned", "Ticket", "was assigned to you"),
        NoticeKind::TicketStatusChanged => ("Ticket status changed", "Ticket", "has another status now"),
        NoticeKind::TicketCommented => ("New reply", "Ticket", "has a new reply"),
        NoticeKind::TicketResolved => ("Ticket resolved", "Ticket", "was resolved"),
        NoticeKind::TicketClosed => ("Ticket closed", "Ticket", "was closed"),
        NoticeKind::TicketOverdue => ("Ticket overdue", "Ticket", "missed its service level"),
        NoticeKind::SystemAlert => ("System alert", "", "A webhook was disabled after it had failed too often"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_documents_own() {
        let told = wording(NoticeKind::TicketAssigned, Some("TK-2025-001"), Locale::ZhCn);
        assert_eq!((told.title, told.message.as_str()), ("工单已分配", "工单 TK-2025-001 已分配给您"));
        let told = wording(NoticeKind::TicketAssigned, Some("TK-2025-001"), Locale::En);
        assert_eq!(told.message, "Ticket TK-2025-001 was assigned to you");
    }

    #[test]
    fn every_kind_says_something_in_both_languages() {
        for kind in NoticeKind::ALL {
            for locale in [Locale::ZhCn, Locale::En] {
                for number in [Some("TK-2025-001"), None] {
                    let told = wording(kind, number, locale);
                    assert!(!told.title.is_empty() && told.message.len() > 8, "{kind:?} {locale:?}");
                    assert!(!told.message.contains("  ") && !told.message.starts_with(' '), "{kind:?} {locale:?}");
                }
            }
        }
    }
}
