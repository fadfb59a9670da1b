//! Tickets, nodes, categories, tags and statistics.

use crate::category::{self, Category};
use crate::connection::{Connection, Total, Window};
use crate::context::Call;
use crate::error::Result;
use crate::filter::{TicketFilterInput, TicketSortInput};
use crate::lasting::Passing;
use crate::node::{self, Node, read, read_or};
use crate::operations::Tag;
use crate::quick::Alone;
use crate::scalars::{Cursor, DateTime};
use crate::statistics::Statistics;
use crate::ticket::Ticket;
use async_graphql::{Context, ID, Object};
use engine::StatisticsQuery;
use futures_util::future::try_join_all;
use model::{Actor, Error};

#[derive(Default)]
pub(super) struct Tickets;

#[Object(name = "QueryTickets")]
impl Tickets {
    /// The place in the event log that this answer is true for, at least. Where the answer and a subscription after this
    /// place are put together, nothing is missing and nothing is there twice.
    async fn as_of(&self, ctx: &Context<'_>) -> Result<Cursor> {
        Ok(Call::of(ctx)?.loaders.as_of.clone().into())
    }

    /// The thing with a global id: a ticket, comment, user, category or attachment; null if there is none for you.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The global id.")] id: ID) -> Result<Option<Node>> {
        Box::pin(node::find(Call::of(ctx)?, &id)).await
    }

    /// The things with these global ids, in their order; null where there is none for you.
    #[graphql(complexity = "1 + ids.len() * child_complexity")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 global ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > 100 {
            return Err(Error::invalid("ids", "must be at most 100").into());
        }
        let call = Call::of(ctx)?;
        try_join_all(ids.iter().map(|id| node::find(call, id))).await
    }

    /// One ticket, by its id or by any of its numbers (`TK-2025-001`, `T-20241023-0001`, `100001`, `#100001` …).
    async fn ticket(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id, or the bare number.")] id: Option<ID>,
        #[graphql(desc = "Any of its numbers.")] number: Option<String>,
    ) -> Result<Option<Alone<Ticket>>> {
        let call = Call::of(ctx)?;
        let ticket = match (id, number) {
            (Some(id), None) if ctx.look_ahead().field("comments").exists() => {
                Box::pin(call.loaders.open(read("id", &id)?)).await?
            }
            (Some(id), None) => Box::pin(call.engine.ticket(call.actor(), read("id", &id)?)).await?,
            (None, Some(number)) => Box::pin(call.engine.ticket_by_number(call.actor(), &number)).await?,
            (Some(_), Some(_)) | (None, None) => {
                return Err(Error::invalid("id", "or number must be given, and not both").into());
            }
        };
        if matches!(call.actor(), Actor::User(_)) {
            call.engine.view(ticket.id);
        }
        Ok(Some(Alone(Ticket(ticket))))
    }

    /// Tickets that you may see.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the GraphQL field")]
    async fn tickets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which of them.")] filter: Option<TicketFilterInput>,
        #[graphql(desc = "Words in Chinese or English, or a number; all must be in the ticket or its comments.")]
        search: Option<String>,
        #[graphql(desc = "In which order.")] sort: Option<TicketSortInput>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<Ticket>> {
        let call = Call::of(ctx)?;
        let mut filter = filter.unwrap_or_default().read()?;
        filter.search = search.filter(|text| !text.trim().is_empty());
        let sort = TicketSortInput::read(sort, filter.search.as_deref());
        let page = Window { first, after, last, before }.page()?;
        if filter.by_the_clock()
            && let Some(passing) = ctx.data_opt::<Passing>()
        {
            passing.note();
        }
        let as_of = call.engine.cursor().into();
        let slice = Box::pin(call.engine.tickets(call.actor(), &filter, sort, &page)).await?;
        let mut people = Vec::with_capacity(2 * slice.items.len());
        for (_, ticket) in &slice.items {
            people.push(ticket.requester);
            people.extend(ticket.assignee);
        }
        call.loaders.meet(people).await?;
        Ok(Connection::of(slice, as_of, Total::Tickets(Box::new(filter)), Ticket))
    }

    /// 分类: all of them in their order, or only the roots, or those right below one.
    #[graphql(complexity = "1 + 10 * child_complexity")]
    async fn categories(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only the roots; ask for `children` to get the tree.", default)] roots: bool,
        #[graphql(desc = "Only those right below this one.")] parent: Option<ID>,
        #[graphql(desc = "Also those that are not in use.", default)] inactive: bool,
    ) -> Result<Vec<Category>> {
        let parent = match (read_or("parent", parent.as_ref())?, roots) {
            (Some(id), _) => category::Parent::Only(Some(id)),
            (None, true) => category::Parent::Only(None),
            (None, false) => category::Parent::Any,
        };
        Box::pin(category::list(Call::of(ctx)?, category::Choice { parent, inactive })).await
    }

    /// 标签: the tags in use, most used first.
    #[graphql(complexity = "1 + crate::connection::part(first, 1_000) * child_complexity")]
    async fn tags(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many, 1 to 1000.", default = 100)] first: i32,
    ) -> Result<Vec<Tag>> {
        let limit = usize::try_from(first).ok().filter(|n| (1..=1_000).contains(n));
        let limit = limit.ok_or_else(|| Error::invalid("first", "must be 1 to 1000"))?;
        let call = Call::of(ctx)?;
        let tags = Box::pin(call.engine.tags(call.actor(), limit)).await?;
        Ok(tags.into_iter().map(|(name, count)| Tag { name, count }).collect())
    }

    /// Counts and durations over the tickets that you may see: those opened between two days (both inclusive, in the
    /// business zone), of one assignee.
    #[graphql(complexity = "20 + child_complexity")]
    async fn statistics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Opened on this instant's day or later.")] from: Option<DateTime>,
        #[graphql(desc = "Opened on this instant's day or earlier.")] to: Option<DateTime>,
        #[graphql(desc = "Of this assignee.")] assignee: Option<ID>,
    ) -> Result<Statistics> {
        let call = Call::of(ctx)?;
        let query = StatisticsQuery {
            from: from.map(|t| t.0),
            to: to.map(|t| t.0),
            assignee: read_or("assignee", assignee.as_ref())?,
        };
        Ok(Box::pin(call.engine.statistics(call.actor(), query)).await?.into())
    }
}
