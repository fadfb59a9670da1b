//! A ticket's history in the document's words: what was done, in one Chinese sentence, and each field before and after. Pure.
//!
//! Readers who are not staff learn nothing of native values, of texts that an edit replaced, or of the reasons that staff
//! give each other.

use super::super::people::{found, moment};
use super::super::wire::{FieldChange, HistoryEntry};
use super::convert::{KINDS, View, status};
use model::Actor;
use model::Time;
use model::event::{Change, Event, Recorded, TicketChanges};
use model::id::UserId;
use model::sla::{EscalationAction, Target};
use model::ticket::{Priority, Resolution, Status};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everybody whom an event names.
pub fn named(recorded: &Recorded) -> Vec<UserId> {
    let by = recorded.by.user;
    let assignee = if let Event::TicketAssigned { assignee, .. } = &recorded.event { Some(assignee) } else { None };
    let (from, to) = assignee.map_or((None, None), |assignee| (assignee.from, assignee.to));
    [by, from, to].into_iter().flatten().collect()
}

pub fn entry(recorded: &Recorded, view: &View<'_>) -> HistoryEntry {
    let changes = changes(&recorded.event, view);
    let flat = changes.first().map(|(name, change)| (*name, change.clone()));
    HistoryEntry {
        id: recorded.seq.0,
        ticket_id: recorded.event.ticket().map_or(0, |id| id.0),
        action: action(&recorded.event),
        description: by_rule(recorded, sentence(&recorded.event, view), view.reader),
        user_id: recorded.by.user.map(|user| user.0),
        user: found(view.people, recorded.by.user, view.reader),
        created_at: moment(recorded.at),
        field_name: flat.as_ref().map(|(name, _)| *name),
        old_value: flat.as_ref().and_then(|(_, change)| text(&change.old)),
        new_value: flat.as_ref().and_then(|(_, change)| text(&change.new)),
        field_changes: changes.into_iter().collect::<BTreeMap<_, _>>(),
    }
}

/// What a rule did says so; there is no user to name. Which one it was, is for staff.
fn by_rule(recorded: &Recorded, told: String, reader: &Actor) -> String {
    match (recorded.by.rule, &recorded.by.system) {
        (Some(_), Some(rule)) if reader.is_staff() => format!("{told}（自动化规则：{rule}）"),
        (_, _) => told,
    }
}

/// Whether anything is to be seen of it here: to these clients, a new ticket is an open one.
pub fn shows(event: &Event) -> bool {
    let opens = |status: &Change<Status>| status.from == Status::New && status.to == Status::Open;
    !matches!(event, Event::StatusChanged { status, .. } if opens(status))
}

/// The document's word for what was done. Logins and the like are in no ticket's history.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is no event of a ticket is in no ticket's history")]
fn action(event: &Event) -> &'static str {
    match event {
        Event::TicketOpened { .. } => "create",
        Event::TicketEdited { .. } | Event::TicketRated { .. } => "update",
        Event::StatusChanged { reopened: true, .. } => "reopen",
        Event::StatusChanged { status, resolution, .. } => match (status.to, resolution.to) {
            (Status::Resolved, _) => "resolve",
            (Status::Closed, Resolution::Rejected | Resolution::AutoRejected) => "reject",
            (Status::Closed, _) => "close",
            (Status::New | Status::Open | Status::InProgress | Status::Pending | Status::Cancelled, _) => {
                "status_change"
            }
        },
        Event::PriorityChanged { .. } => "priority_change",
        Event::TicketAssigned { transfer: true, .. } => "transfer",
        Event::TicketAssigned { assignee: Change { from: Some(_), to: None }, .. } => "unassign",
        Event::TicketAssigned { .. } => "assign",
        Event::TicketEscalated { .. } => "escalate",
        Event::TicketMerged { .. } => "merge",
        Event::TicketUnmerged { .. } => "split",
        Event::CommentAdded { comment, .. } if !comment.attachments.is_empty() => "attachment",
        Event::CommentAdded { .. }
        | Event::CommentEdited { .. }
        | Event::CommentVisibilityChanged { .. }
        | Event::CommentWithdrawn { .. } => "comment",
        Event::FileStored { .. } => "attachment",
        _ => "system",
    }
}

fn status_name(known: Status) -> &'static str {
    match known {
        Status::New | Status::Open => "待处理",
        Status::InProgress => "处理中",
        Status::Pending => "等待中",
        Status::Resolved => "已解决",
        Status::Closed => "已关闭",
        Status::Cancelled => "已取消",
    }
}

fn priority_name(known: Priority) -> &'static str {
    match known {
        Priority::Low => "低",
        Priority::Normal => "普通",
        Priority::High => "高",
        Priority::Urgent => "紧急",
        Priority::Critical => "严重",
    }
}

/// What to call somebody: as they sign in, where the reader may know that.
fn name(user: Option<UserId>, view: &View<'_>) -> String {
    match (found(view.people, user, view.reader), user) {
        (Some(person), _) if !person.username.is_empty() => person.username,
        (Some(person), _) => person.name,
        (None, Some(id)) => format!("#{id}"),
        (None, None) => "无".to_owned(),
    }
}

/// What happened, and why, as far as the reader may know.
#[expect(clippy::wildcard_enum_match_arm, reason = "what is no event of a ticket is in no ticket's history")]
fn sentence(event: &Event, view: &View<'_>) -> String {
    let staff = view.reader.is_staff();
    let (told, why) = match event {
        Event::TicketOpened { ticket, .. } => (format!("创建工单：{}", ticket.title), None),
        Event::TicketEdited { changes, .. } => (format!("更新工单：{}", edited(changes, view)), None),
        Event::StatusChanged { status, reopened: true, reason, .. } => {
            (format!("工单重新打开（原状态：{}）", status_name(status.from)), reason.as_deref())
        }
        Event::StatusChanged { status, reason, .. } => {
            (format!("工单状态从 {} 变更为 {}", status_name(status.from), status_name(status.to)), reason.as_deref())
        }
        Event::PriorityChanged { priority, .. } => {
            (format!("优先级从 {} 变更为 {}", priority_name(priority.from), priority_name(priority.to)), None)
        }
        Event::TicketAssigned { assignee, department, reason, transfer, .. } => {
            (handed(assignee, department, *transfer, view), reason.as_deref().filter(|_| staff))
        }
        Event::TicketEscalated { reason, .. } => ("工单已升级".to_owned(), reason.as_deref().filter(|_| staff)),
        Event::TicketRated { rating, comment, .. } => (format!("客户评分：{rating} 分"), comment.as_deref()),
        Event::SlaBreached { target: Target::Response, .. } => ("首次响应超过 SLA 时限".to_owned(), None),
        Event::SlaBreached { target: Target::Resolution, .. } => ("解决时间超过 SLA 时限".to_owned(), None),
        Event::SlaEscalated { rule, target, .. } => {
            let target = match target {
                Target::Response => "首次响应",
                Target::Resolution => "解决",
            };
            let did = match rule.action {
                EscalationAction::NotifyAdmin => "已通知管理员",
                EscalationAction::EscalateToManager => "工单自动升级",
                EscalationAction::ChangePriority => "优先级自动提升",
            };
            (format!("{target}超过 SLA 时限 {} 分钟，{did}", rule.trigger_minutes), None)
        }
        Event::TicketDeleted { .. } => ("删除工单".to_owned(), None),
        Event::TicketRestored { .. } => ("恢复工单".to_owned(), None),
        Event::TicketMerged { ticket, into, .. } => (format!("工单 #{ticket} 合并到工单 #{into}"), None),
        Event::TicketUnmerged { ticket, from, .. } => (format!("工单 #{ticket} 从工单 #{from} 拆分"), None),
        Event::CommentAdded { comment, .. } => {
            let internal = comment.visibility == model::comment::Visibility::Internal;
            (if internal { "添加内部备注" } else { "添加评论" }.to_owned(), Some(comment.body.as_str()))
        }
        Event::CommentEdited { body, .. } => ("编辑评论".to_owned(), Some(body.to.as_str())),
        Event::CommentVisibilityChanged { .. } => ("变更评论可见范围".to_owned(), None),
        Event::CommentWithdrawn { .. } => ("撤回评论".to_owned(), None),
        Event::FileStored { attachment } => (format!("上传附件：{}", attachment.file.filename), None),
        _ => (event.word().to_owned(), None),
    };
    match why {
        Some(why) => format!("{told}：{why}"),
        None => told,
    }
}

fn handed(
    assignee: &Change<Option<UserId>>,
    department: &Change<Option<String>>,
    transfer: bool,
    view: &View<'_>,
) -> String {
    let verb = if transfer { "转移" } else { "分配" };
    let place = department.to.as_deref().filter(|_| department.from != department.to);
    match (assignee.to, place) {
        (Some(to), None) => format!("工单{verb}给 {}", name(Some(to), view)),
        (Some(to), Some(place)) => format!("工单{verb}给 {}（部门：{place}）", name(Some(to), view)),
        (None, Some(place)) => format!("工单{verb}到部门 {place}"),
        (None, None) => format!("取消分配（原处理人：{}）", name(assignee.from, view)),
    }
}

/// The fields that an edit changed, by the names that people read.
fn edited(changed: &TicketChanges, view: &View<'_>) -> String {
    let called = |field: &str| match field {
        "title" => "标题",
        "type" => "类型",
        "category_id" => "分类",
        "department" => "部门",
        "tags" => "标签",
        "custom_fields" => "自定义字段",
        "customer_name" => "客户姓名",
        "customer_email" => "客户邮箱",
        "customer_phone" => "客户电话",
        "due_date" => "截止时间",
        "sla_due_date" => "SLA截止时间",
        _ => "其他",
    };
    let mut names: Vec<&str> = fields(changed, view).iter().map(|(field, _)| called(field)).collect();
    names.dedup();
    if names.is_empty() { "其他".to_owned() } else { names.join("、") }
}

type Named = (&'static str, FieldChange);

fn pair(name: &'static str, old: impl Into<Value>, new: impl Into<Value>) -> Option<Named> {
    let change = FieldChange { old: old.into(), new: new.into() };
    (change.old != change.new).then_some((name, change))
}

/// The fields that an event changed, as far as the reader may know.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others change no field of a ticket")]
fn changes(event: &Event, view: &View<'_>) -> Vec<Named> {
    let user = |id: Option<UserId>| id.map(|id| id.0);
    let all = match event {
        Event::TicketEdited { changes, .. } => return fields(changes, view),
        Event::StatusChanged { status: moved, .. } => vec![pair("status", status(moved.from), status(moved.to))],
        Event::PriorityChanged { priority, .. } => {
            vec![pair("priority", priority.from.word(), priority.to.word())]
        }
        Event::TicketAssigned { assignee, department, .. } => vec![
            pair("assigned_to_id", user(assignee.from), user(assignee.to)),
            pair("department", department.from.clone(), department.to.clone()),
        ],
        Event::TicketEscalated { again, .. } => vec![pair("is_escalated", *again, true)],
        Event::TicketRated { rating, .. } => vec![pair("rating", Value::Null, *rating)],
        Event::CommentEdited { body, .. } if view.reader.is_staff() => {
            vec![pair("content", body.from.as_str(), body.to.as_str())]
        }
        Event::CommentVisibilityChanged { visibility, .. } => {
            let internal = |known| known == model::comment::Visibility::Internal;
            vec![pair("is_internal", internal(visibility.from), internal(visibility.to))]
        }
        _ => Vec::new(),
    };
    all.into_iter().flatten().collect()
}

fn fields(changed: &TicketChanges, view: &View<'_>) -> Vec<Named> {
    // Without `..`: a new field of tickets has to be told, too.
    let TicketChanges {
        title,
        kind,
        category,
        category_sla_hours: _,
        // The document's ticket shows neither when the first answer is due nor by what.
        response_due_at: _,
        agreement: _,
        resolution_due_at,
        department,
        tags,
        custom_fields,
        customer,
        due_at,
        native,
    } = changed;
    let time = |at: Option<Time>| at.map(moment);
    let list = |tags: &[model::text::Tag]| tags.iter().map(|tag| Value::from(tag.as_str())).collect::<Vec<_>>();
    let mut all = vec![
        title.as_ref().and_then(|c| pair("title", c.from.as_str(), c.to.as_str())),
        kind.as_ref().and_then(|c| pair("type", KINDS.shown(&c.from), KINDS.shown(&c.to))),
        category.as_ref().and_then(|c| pair("category_id", c.from.map(|id| id.0), c.to.map(|id| id.0))),
        department.as_ref().and_then(|c| pair("department", c.from.clone(), c.to.clone())),
        tags.as_ref().and_then(|c| pair("tags", list(&c.from), list(&c.to))),
        custom_fields.as_ref().and_then(|c| pair("custom_fields", c.from.clone(), c.to.clone())),
        due_at.as_ref().and_then(|c| pair("due_date", time(c.from), time(c.to))),
        resolution_due_at.as_ref().and_then(|c| pair("sla_due_date", time(Some(c.from)), time(Some(c.to)))),
    ];
    if let Some(Change { from, to }) = customer {
        let email = |email: &Option<model::text::Email>| email.as_ref().map(|email| email.as_str().to_owned());
        all.push(pair("customer_name", from.name.clone(), to.name.clone()));
        all.push(pair("customer_email", email(&from.email), email(&to.email)));
        all.push(pair("customer_phone", from.phone.clone(), to.phone.clone()));
    }
    if let Some(c) = native.as_ref().filter(|_| view.reader.is_staff()) {
        all.push(pair("native", c.from.clone(), c.to.clone()));
    }
    all.into_iter().flatten().collect()
}

/// A value as text; nothing is nothing.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}
