//! Which tickets, which people, in which order: the inputs, and whether a ticket that just changed is among the wanted.

use crate::error::Result;
use crate::event::EventType;
use crate::node::read_all;
use crate::scalars::DateTime;
use crate::words::{Channel, Priority, Role, SortDirection, Source, Status, TicketSortBy, UserStatus, all};
use async_graphql::{ID, InputObject};
use model::Time;
use model::query::{EventFilter, Sort, TicketFilter, UserFilter};
use model::ticket::Ticket;

/// Which tickets. What is left out does not filter; everything that is said must hold.
#[derive(Debug, Default, InputObject)]
pub struct TicketFilterInput {
    /// One of these tickets.
    ids: Option<Vec<ID>>,
    /// In one of these statuses.
    status: Option<Vec<Status>>,
    /// With, or without, the reopened flag.
    reopened: Option<bool>,
    /// Of one of these priorities.
    priority: Option<Vec<Priority>>,
    /// Of one of these types.
    #[graphql(name = "type")]
    kind: Option<Vec<String>>,
    /// In one of these categories (not those below them).
    category: Option<Vec<ID>>,
    /// Come in in one of these ways.
    source: Option<Vec<Source>>,
    /// Opened on one of these surfaces.
    channel: Option<Vec<Channel>>,
    /// Of one of these requesters.
    requester: Option<Vec<ID>>,
    /// Of one of these assignees.
    assignee: Option<Vec<ID>>,
    /// Nobody's (true), or somebody's (false).
    unassigned: Option<bool>,
    /// Of this department.
    department: Option<String>,
    /// With all of these tags.
    tags: Option<Vec<String>>,
    /// Opened at this instant or later.
    created_from: Option<DateTime>,
    /// Opened before this instant.
    created_to: Option<DateTime>,
    /// Changed at this instant or later.
    updated_from: Option<DateTime>,
    /// Past their own due date and still worked on.
    overdue: Option<bool>,
    /// Past their service level's resolution time and still worked on.
    sla_overdue: Option<bool>,
    /// With a missed service level.
    sla_breached: Option<bool>,
    /// Escalated ones.
    escalated: Option<bool>,
    /// Also deleted ones, for administrators.
    deleted: Option<bool>,
}

/// By what and in which direction a list of tickets is ordered; ties are broken by id.
#[derive(Debug, InputObject)]
pub struct TicketSortInput {
    /// By what; the best match first where there is a search, the newest first otherwise.
    by: Option<TicketSortBy>,
    /// In which direction.
    #[graphql(default_with = "SortDirection::Descending")]
    direction: SortDirection,
}

/// Which people. What is left out does not filter.
#[derive(Debug, Default, InputObject)]
pub struct UserFilterInput {
    /// One of these people.
    ids: Option<Vec<ID>>,
    /// With one of these roles.
    role: Option<Vec<Role>>,
    /// With an account in one of these states.
    status: Option<Vec<UserStatus>>,
    /// A part of the name, user name, e-mail address or telephone number.
    search: Option<String>,
}

/// Which events. What is left out does not filter.
#[derive(Debug, Default, InputObject)]
pub struct EventFilterInput {
    /// Of one of these tickets.
    tickets: Option<Vec<ID>>,
    /// Of one of these kinds.
    types: Option<Vec<EventType>>,
}

impl TicketFilterInput {
    pub(crate) fn read(self) -> Result<TicketFilter> {
        Ok(TicketFilter {
            ids: read_all("ids", self.ids.as_deref())?,
            status: all(self.status),
            reopened: self.reopened,
            priority: all(self.priority),
            kind: self.kind.unwrap_or_default(),
            category: read_all("category", self.category.as_deref())?,
            uncategorized: false,
            creator: None,
            source: all(self.source),
            channel: all(self.channel),
            requester: read_all("requester", self.requester.as_deref())?,
            assignee: read_all("assignee", self.assignee.as_deref())?,
            unassigned: self.unassigned,
            department: self.department,
            tags: self.tags.unwrap_or_default(),
            created_from: self.created_from.map(|t| t.0),
            created_to: self.created_to.map(|t| t.0),
            updated_from: self.updated_from.map(|t| t.0),
            overdue: self.overdue,
            sla_overdue: self.sla_overdue,
            sla_breached: self.sla_breached,
            escalated: self.escalated,
            search: None,
            deleted: self.deleted.unwrap_or_default(),
        })
    }
}

impl TicketSortInput {
    /// The order that is meant where some of it is left out.
    pub(crate) fn read(sort: Option<Self>, search: Option<&str>) -> Sort {
        let natural = if search.is_some() { TicketSortBy::Relevance } else { TicketSortBy::Created };
        let (by, direction) =
            sort.map_or((natural, SortDirection::Descending), |sort| (sort.by.unwrap_or(natural), sort.direction));
        Sort { by: by.into(), direction: direction.into() }
    }
}

impl UserFilterInput {
    pub(crate) fn read(self) -> Result<UserFilter> {
        Ok(UserFilter {
            ids: read_all("ids", self.ids.as_deref())?,
            role: all(self.role),
            status: all(self.status),
            search: self.search.filter(|text| !text.trim().is_empty()),
        })
    }
}

impl EventFilterInput {
    pub(crate) fn read(self) -> Result<EventFilter> {
        Ok(EventFilter {
            tickets: read_all("tickets", self.tickets.as_deref())?,
            types: self.types.unwrap_or_default().into_iter().map(EventType::word).collect(),
        })
    }
}

/// Whether a ticket is among the wanted, by everything but the search: what the store's list decides in SQL, for one
/// ticket that just changed.
pub(crate) fn matches(filter: &TicketFilter, ticket: &Ticket, now: Time) -> bool {
    fn among<T: PartialEq>(wanted: &[T], value: &T) -> bool {
        wanted.is_empty() || wanted.contains(value)
    }
    fn maybe<T: PartialEq>(wanted: &[T], value: Option<&T>) -> bool {
        wanted.is_empty() || value.is_some_and(|value| wanted.contains(value))
    }
    fn flag(wanted: Option<bool>, value: bool) -> bool {
        wanted.is_none_or(|wanted| wanted == value)
    }
    among(&filter.ids, &ticket.id)
        && among(&filter.status, &ticket.status)
        && flag(filter.reopened, ticket.reopened)
        && among(&filter.priority, &ticket.priority)
        && among(&filter.kind, &ticket.kind)
        && maybe(&filter.category, ticket.category.as_ref())
        && among(&filter.source, &ticket.source)
        && among(&filter.channel, &ticket.channel)
        && among(&filter.requester, &ticket.requester)
        && filter.creator.is_none_or(|creator| creator == ticket.requester)
        && maybe(&filter.assignee, ticket.assignee.as_ref())
        && flag(filter.unassigned, ticket.assignee.is_none())
        && filter.department.as_ref().is_none_or(|wanted| ticket.department.as_ref() == Some(wanted))
        && filter.tags.iter().all(|wanted| ticket.tags.iter().any(|tag| tag.as_str() == wanted))
        && filter.created_from.is_none_or(|from| ticket.created_at >= from)
        && filter.created_to.is_none_or(|to| ticket.created_at < to)
        && filter.updated_from.is_none_or(|from| ticket.updated_at >= from)
        && flag(filter.overdue, ticket.is_overdue(now))
        && flag(filter.sla_overdue, ticket.is_sla_overdue(now))
        && flag(filter.sla_breached, ticket.response_breached || ticket.resolution_breached)
        && flag(filter.escalated, ticket.escalated)
        && (filter.deleted || ticket.deleted_at.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::id::{CommentId, TicketId, UserId};
    use model::number::Numbers;
    use model::text::{Tag, Title};
    use model::ticket::{Customer, Priority, Resolution, Source, Status};
    use serde_json::Map;

    fn ticket() -> Ticket {
        Ticket {
            id: TicketId(100_001),
            numbers: Numbers { yearly: String::new(), daily: String::new(), legacy: String::new() },
            title: Title::parse("x").unwrap(),
            status: Status::Open,
            reopened: false,
            reopen_count: 0,
            resolution: Resolution::None,
            priority: Priority::High,
            kind: "request".into(),
            category: None,
            source: Source::Web,
            channel: model::people::Channel::Web,
            requester: UserId(7),
            assignee: None,
            department: None,
            tags: vec![Tag::parse("vip").unwrap()],
            custom_fields: Map::new(),
            customer: Customer::default(),
            due_at: Some(Time(50)),
            response_due_at: Time(100),
            resolution_due_at: Time(200),
            category_sla_hours: None,
            first_reply_at: None,
            resolved_at: None,
            closed_at: None,
            response_breached: false,
            resolution_breached: false,
            escalated: false,
            view_count: 0,
            comment_count: 0,
            internal_count: 0,
            staff_replies: 0,
            rating: None,
            rating_comment: None,
            native: Map::new(),
            description: CommentId(1),
            follows: None,
            mailbox: None,
            merged_into: None,
            status_before_merge: None,
            deleted_at: None,
            created_at: Time(10),
            updated_at: Time(20),
            version: 1,
        }
    }

    #[test]
    fn every_condition_must_hold() {
        let none = TicketFilter::default;
        let cases = [
            (none(), true),
            (TicketFilter { status: vec![Status::New, Status::Open], ..none() }, true),
            (TicketFilter { status: vec![Status::Open], priority: vec![Priority::Low], ..none() }, false),
            (TicketFilter { assignee: vec![UserId(3)], ..none() }, false),
            (TicketFilter { unassigned: Some(true), requester: vec![UserId(7)], ..none() }, true),
            (TicketFilter { tags: vec!["vip".into(), "new".into()], ..none() }, false),
            (TicketFilter { created_from: Some(Time(10)), created_to: Some(Time(11)), ..none() }, true),
            (TicketFilter { created_to: Some(Time(10)), ..none() }, false),
            (TicketFilter { overdue: Some(true), sla_overdue: Some(false), ..none() }, true),
            (TicketFilter { department: Some("a".into()), ..none() }, false),
        ];
        for (filter, expected) in cases {
            assert_eq!(matches(&filter, &ticket(), Time(60)), expected, "{filter:?}");
        }
        let deleted = Ticket { deleted_at: Some(Time(30)), ..ticket() };
        assert!(!matches(&none(), &deleted, Time(60)));
    }
}
