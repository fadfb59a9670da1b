//! What may be asked: filters, sorting, keyset paging, and the cursor of the event log.

use crate::error::{Error, Result};
use crate::id::{CategoryId, Seq, TicketId, UserId};
use crate::people::{Channel, Role, UserStatus};
use crate::ticket::{Priority, Source, Status};
use crate::time::Time;

/// Which tickets. Empty lists and `None` don't filter; all conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct TicketFilter {
    pub ids: Vec<TicketId>,
    pub status: Vec<Status>,
    /// `Some(true)`: only tickets with the reopened flag; `Some(false)`: only those without.
    pub reopened: Option<bool>,
    pub priority: Vec<Priority>,
    pub kind: Vec<String>,
    pub category: Vec<CategoryId>,
    /// Those without a category: only them, or beside the ones in `category`.
    pub uncategorized: bool,
    pub source: Vec<Source>,
    pub channel: Vec<Channel>,
    pub requester: Vec<UserId>,
    /// Requested by this one; whose tickets one may ask for by name is a permission of its own (seed 003 §3.3).
    pub creator: Option<UserId>,
    pub assignee: Vec<UserId>,
    /// `Some(true)`: nobody's; `Some(false)`: somebody's.
    pub unassigned: Option<bool>,
    pub department: Option<String>,
    /// All of these tags.
    pub tags: Vec<String>,
    pub created_from: Option<Time>,
    /// Exclusive.
    pub created_to: Option<Time>,
    pub updated_from: Option<Time>,
    /// Past its own due date and active.
    pub overdue: Option<bool>,
    /// Past its SLA resolution time and active.
    pub sla_overdue: Option<bool>,
    /// The SLA's response or resolution was missed.
    pub sla_breached: Option<bool>,
    pub escalated: Option<bool>,
    /// Words in Chinese or English, or a number; see `search`.
    pub search: Option<String>,
    /// Also deleted ones (administrators only).
    pub deleted: bool,
}

impl TicketFilter {
    /// Whether time alone changes what matches.
    pub fn by_the_clock(&self) -> bool {
        self.overdue.is_some() || self.sla_overdue.is_some()
    }
}

/// By what a list is ordered; ties are broken by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SortBy {
    /// Creation, which is the id's order.
    #[default]
    Created,
    Updated,
    Priority,
    DueAt,
    SlaDue,
    /// How well it matches the search; without a search, creation.
    Relevance,
}

impl SortBy {
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Priority => "priority",
            Self::DueAt => "due_at",
            Self::SlaDue => "sla_due",
            Self::Relevance => "relevance",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    Ascending,
    #[default]
    Descending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sort {
    pub by: SortBy,
    pub direction: Direction,
}

/// The largest page.
pub const PAGE_MAX: usize = 100;

/// A page of a list, by keyset: so many items after (or before) a place in the order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Page {
    pub limit: usize,
    pub after: Option<Place>,
    pub before: Option<Place>,
    /// Take the last `limit` items instead of the first.
    pub backward: bool,
    /// So many are skipped: for clients that page by number. Costs what it skips.
    pub offset: usize,
}

impl Page {
    pub fn first(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Relay's four arguments.
    pub fn relay(first: Option<i32>, after: Option<&str>, last: Option<i32>, before: Option<&str>) -> Result<Self> {
        let (count, backward, field) = match (first, last) {
            (Some(_), Some(_)) => return Err(Error::invalid("last", "must not be given together with first")),
            (Some(n), None) => (n, false, "first"),
            (None, Some(n)) => (n, true, "last"),
            (None, None) => (20, false, "first"),
        };
        let limit = usize::try_from(count).ok().filter(|n| (1..=PAGE_MAX).contains(n));
        let limit = limit.ok_or_else(|| Error::invalid(field, format!("must be 1 to {PAGE_MAX}")))?;
        let place = |field, text: Option<&str>| -> Result<Option<Place>> {
            text.map(|t| Place::parse(t).ok_or_else(|| Error::invalid(field, "is not a cursor of this list")))
                .transpose()
        };
        Ok(Self { limit, after: place("after", after)?, before: place("before", before)?, backward, offset: 0 })
    }
}

/// A place in an ordered list: the sort value and the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The sort column's value; `None` where the column is empty.
    pub key: Option<i64>,
    pub id: i64,
}

impl Place {
    pub fn text(self) -> String {
        match self.key {
            Some(key) => format!("{key}_{}", self.id),
            None => format!("n_{}", self.id),
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (key, id) = text.split_once('_')?;
        let key = if key == "n" { None } else { Some(key.parse().ok()?) };
        Some(Self { key, id: id.parse().ok()? })
    }
}

/// One page of a list and what lies around it.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    pub items: Vec<(Place, T)>,
    pub has_next: bool,
    pub has_previous: bool,
}

impl<T> Slice<T> {
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Slice<U> {
        Slice {
            items: self.items.into_iter().map(|(place, item)| (place, f(item))).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }
}

/// Which people.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    pub ids: Vec<UserId>,
    pub role: Vec<Role>,
    pub status: Vec<UserStatus>,
    /// A part of the name, user name, e-mail address or phone number.
    pub search: Option<String>,
}

/// By what people are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserSortBy {
    #[default]
    Id,
    CreatedAt,
    UpdatedAt,
    LastLoginAt,
    Username,
    Email,
    Role,
    Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserSort {
    pub by: UserSortBy,
    pub direction: Direction,
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub tickets: Vec<TicketId>,
    /// Event words, e.g. `ticket_opened`.
    pub types: Vec<String>,
}

/// A place in the event log of one installation: `<epoch>.<seq>`. The epoch changes when a log is restored from a backup,
/// so that a cursor of another life of the log is recognized instead of being taken for a place in this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub epoch: String,
    pub seq: Seq,
}

impl Cursor {
    /// Reads a cursor. `0` is the beginning of whatever log it is.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        if text == "0" {
            return Ok(None);
        }
        let parts = text.split_once('.').and_then(|(epoch, seq)| Some((epoch, seq.parse().ok()?)));
        match parts {
            Some((epoch, seq)) if !epoch.is_empty() && seq >= 0 => {
                Ok(Some(Self { epoch: epoch.to_owned(), seq: Seq(seq) }))
            }
            _ => Err(Error::invalid("after", "is not a cursor")),
        }
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.epoch, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_cursors_are_read_back() {
        for place in [Place { key: Some(-5), id: 7 }, Place { key: None, id: 9 }] {
            assert_eq!(Place::parse(&place.text()), Some(place));
        }
        let cursor = Cursor { epoch: "k3f9".into(), seq: Seq(12) };
        assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), Some(cursor));
        assert_eq!(Cursor::parse("0").unwrap(), None);
        assert!(Cursor::parse("12").is_err());
        assert!(Cursor::parse("a.-1").is_err());
    }

    #[test]
    fn relay_arguments_are_checked() {
        assert_eq!(Page::relay(None, None, None, None).unwrap().limit, 20);
        assert!(Page::relay(Some(0), None, None, None).is_err());
        assert!(Page::relay(Some(101), None, None, None).is_err());
        assert!(Page::relay(Some(1), None, Some(1), None).is_err());
        assert!(Page::relay(Some(1), Some("x"), None, None).is_err());
        assert!(Page::relay(None, None, Some(5), Some("n_3")).unwrap().backward);
    }
}
