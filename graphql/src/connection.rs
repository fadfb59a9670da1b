//! Relay connections: edges, page information, the total where it can be counted, and the cursor that a page is true for.
//!
//! The total is counted only when it is selected; the cursor is taken before the page is read, so that a stream which
//! starts there misses nothing.

use crate::context::Call;
use crate::error::Result;
use crate::quick::{InOrder, Quick};
use crate::scalars::Cursor;
use async_graphql::connection::PageInfo;
use async_graphql::{Context, Object, SimpleObject, TypeName};
use model::audit::AuditFilter;
use model::query::{Page, Place, Slice, TicketFilter, UserFilter};
use std::borrow::Cow;

/// A page of a list.
pub struct Connection<T: Quick> {
    edges: Vec<Edge<T>>,
    has_next: bool,
    has_previous: bool,
    as_of: Cursor,
    total: Total,
}

/// An item of a page, and its place in the list.
#[derive(SimpleObject)]
#[graphql(name_type)]
pub struct Edge<T: Quick> {
    /// The item's place in the list, for `after` and `before`.
    cursor: String,
    /// The item.
    node: InOrder<T>,
}

/// How many there are in all, or how to find out.
pub(crate) enum Total {
    Unknown,
    Known(i64),
    Tickets(Box<TicketFilter>),
    Users(UserFilter),
    Audit(AuditFilter),
}

impl<T: Quick> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

impl<T: Quick> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

/// A page of a list, in the form that Relay's connection specification describes.
#[Object(name_type)]
impl<T: Quick> Connection<T> {
    /// The items with their places.
    async fn edges(&self) -> &[Edge<T>] {
        &self.edges
    }

    /// The items alone.
    async fn nodes(&self) -> Vec<&InOrder<T>> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// What lies before and after the page.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: self.edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: self.edges.last().map(|edge| edge.cursor.clone()),
        }
    }

    /// How many there are in all; null where that is not counted. It costs a query of its own, so ask only if you show it.
    #[graphql(complexity = 5)]
    async fn total_count(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        let call = Call::of(ctx)?;
        Ok(match &self.total {
            Total::Unknown => None,
            Total::Known(count) => Some(*count),
            Total::Tickets(filter) => Some(Box::pin(call.engine.count_tickets(call.actor(), filter)).await?),
            Total::Audit(filter) => Some(Box::pin(call.engine.count_audit(call.actor(), filter.clone())).await?),
            Total::Users(filter) => Some(Box::pin(call.engine.count_users(call.actor(), filter)).await?),
        })
    }

    /// The place in the event log that the page is true for, at least: start a subscription there to keep it true.
    async fn as_of(&self) -> &Cursor {
        &self.as_of
    }
}

impl<T: Quick> Connection<T> {
    pub(crate) fn of<M>(slice: Slice<M>, as_of: Cursor, total: Total, mut node: impl FnMut(M) -> T) -> Self {
        Self {
            has_next: slice.has_next,
            has_previous: slice.has_previous,
            edges: slice
                .items
                .into_iter()
                .map(|(place, item)| Edge { cursor: place.text(), node: InOrder(node(item)) })
                .collect(),
            as_of,
            total,
        }
    }
}

/// Relay's four arguments, as a resolver has them.
#[derive(Default)]
pub(crate) struct Window {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

impl Window {
    pub(crate) fn page(&self) -> model::Result<Page> {
        Page::relay(self.first, self.after.as_deref(), self.last, self.before.as_deref())
    }
}

/// A place in a list that is ordered by id alone.
pub(crate) fn by_id(id: i64) -> Place {
    Place { key: None, id }
}

/// How much of a list that has no pages is asked for.
pub(crate) fn part(first: i32, most: usize) -> usize {
    usize::try_from(first).unwrap_or(1).clamp(1, most)
}

/// How many items a page can have: what a field's cost is multiplied by.
pub(crate) fn rows(first: Option<i32>, last: Option<i32>) -> usize {
    let asked = first.or(last).unwrap_or(20);
    usize::try_from(asked).unwrap_or(1).clamp(1, model::query::PAGE_MAX)
}
