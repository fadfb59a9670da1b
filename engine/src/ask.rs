//! Queries: what the actor may see, and nothing else. Strangers' objects are not found.

use crate::reads::Listed;
use crate::{Engine, Opened, see};
use model::access::{self, Operation};
use model::category::Category;
use model::comment::{Comment, CommentVersion};
use model::event::Recorded;
use model::id::{CommentId, InboundId, Seq, TicketId, UserId};
use model::inbound::{InboundState, StoredInbound};
use model::notice::Notice;
use model::people::{Identity, Role, User};
use model::query::{Page, Slice, Sort, TicketFilter, UserFilter};
use model::session::{ApiToken, Session};
use model::ticket::Ticket;
use model::{Actor, Error, Result};
use std::sync::Arc;
use store::Scope;
use store::comment::Part;
use store::delivery::{Delivery, Which};
use store::detail::Opening;

/// Earlier texts of one comment that are shown.
const VERSIONS_MAX: usize = 50;

impl Engine {
    pub async fn me(&self, actor: &Actor) -> Result<User> {
        let me = self.person(actor.user().ok_or_else(access::sign_in)?).await?;
        Ok(self.portrayed_one(actor, me))
    }

    /// # Errors
    /// `NotFound`, whether there is no such ticket or the actor may not know of it.
    pub async fn ticket(&self, actor: &Actor, id: TicketId) -> Result<Arc<Ticket>> {
        if matches!(actor, Actor::Anonymous) {
            return Err(access::sign_in());
        }
        let found = self.0.reads.tickets.get(id, self.reader()).await?;
        let ticket = found.ok_or_else(|| Error::not_found("ticket"))?;
        access::on_ticket(actor, Operation::ReadTicket, &ticket)?;
        Ok(ticket)
    }

    /// The ticket with its first comments, oldest first, the description among them.
    ///
    /// # Errors
    /// `NotFound`, whether there is no such ticket or the actor may not know of it.
    pub async fn open(&self, actor: &Actor, id: TicketId, comments: usize) -> Result<Arc<Opened>> {
        if matches!(actor, Actor::Anonymous) {
            return Err(access::sign_in());
        }
        let opening = Opening { internal: see::internal(actor), comments };
        let found = self.0.reads.opened.get((id, opening), self.reader()).await?;
        let opened = found.ok_or_else(|| Error::not_found("ticket"))?;
        access::on_ticket(actor, Operation::ReadTicket, &opened.ticket)?;
        Ok(opened)
    }

    /// The ticket with any of its three numbers, or its id as `100001` or `#100001`.
    pub async fn ticket_by_number(&self, actor: &Actor, number: &str) -> Result<Arc<Ticket>> {
        let number = number.trim();
        let known = store::ticket::by_number(&mut self.0.store.read().await?, number).await?;
        let id = known.or_else(|| number.trim_start_matches('#').parse().ok().map(TicketId));
        match id {
            Some(id) => self.ticket(actor, id).await,
            None if matches!(actor, Actor::Anonymous) => Err(access::sign_in()),
            None => Err(Error::not_found("ticket")),
        }
    }

    /// Those of the tickets that the actor may see, in no order.
    pub async fn tickets_by_ids(&self, actor: &Actor, ids: &[TicketId]) -> Result<Vec<Arc<Ticket>>> {
        let mut tickets: Vec<Arc<Ticket>> = match ids {
            [one] => self.0.reads.tickets.get(*one, self.reader()).await?.into_iter().collect(),
            many => {
                let found = store::ticket::by_ids(&mut self.0.store.read().await?, many).await?;
                found.into_iter().map(Arc::new).collect()
            }
        };
        tickets.retain(|t| access::on_ticket(actor, Operation::ReadTicket, t).is_ok());
        Ok(tickets)
    }

    pub(crate) fn reach(actor: &Actor, filter: &TicketFilter) -> Result<Scope> {
        access::in_general(actor, Operation::ListTickets)?;
        if let Some(creator) = filter.creator.filter(|creator| actor.user() != Some(*creator)) {
            access::on_person(actor, Operation::ReadAllTickets, Some(creator))?;
        }
        if filter.deleted && !matches!(actor.role(), None | Some(Role::Admin)) {
            return Err(Error::Forbidden { what: "list deleted tickets" });
        }
        see::scope(actor).ok_or_else(access::sign_in)
    }

    /// A page of the tickets that the actor may see.
    pub async fn tickets(
        &self,
        actor: &Actor,
        filter: &TicketFilter,
        sort: Sort,
        page: &Page,
    ) -> Result<Slice<Arc<Ticket>>> {
        let scope = Self::reach(actor, filter)?;
        let read = || async {
            let mut conn = self.0.store.read().await?;
            let slice = store::list::tickets(&mut conn, filter, scope, sort, page, self.now()).await?;
            let Slice { items, has_next, has_previous } = slice;
            let items = items.into_iter().map(|(place, ticket)| (place, Arc::new(ticket))).collect();
            Ok(Slice { items, has_next, has_previous })
        };
        if filter.by_the_clock() {
            return read().await;
        }
        let asked = Listed { scope, filter: filter.clone(), sort, page: page.clone() };
        self.0.reads.lists.get(self.committed().await?, asked, page.limit + 1, read).await
    }

    pub async fn count_tickets(&self, actor: &Actor, filter: &TicketFilter) -> Result<i64> {
        let scope = Self::reach(actor, filter)?;
        let read = || async { store::list::count(&mut self.0.store.read().await?, filter, scope, self.now()).await };
        if filter.by_the_clock() {
            return read().await;
        }
        self.0.reads.counts.get(self.committed().await?, (scope, filter.clone()), 1, read).await
    }

    /// A ticket's comments; internal notes and withdrawn ones only for those who may read them.
    pub async fn comments(&self, actor: &Actor, ticket: TicketId, part: Part) -> Result<Vec<Comment>> {
        self.ticket(actor, ticket).await?;
        let part = Part { internal: part.internal && see::internal(actor), ..part };
        store::comment::of_ticket(&mut self.0.store.read().await?, ticket, part).await
    }

    /// The first comments of several tickets, which the caller must have got from the engine for the same actor.
    pub async fn comments_of_tickets(&self, actor: &Actor, ids: &[TicketId], each: usize) -> Result<Vec<Comment>> {
        let visible: Vec<TicketId> = self.tickets_by_ids(actor, ids).await?.iter().map(|t| t.id).collect();
        store::comment::of_tickets(&mut self.0.store.read().await?, &visible, see::internal(actor), each).await
    }

    /// The same for tickets that were just loaded for this actor: no second look at who may see them.
    pub async fn comments_of_seen(&self, actor: &Actor, seen: &[Arc<Ticket>], each: usize) -> Result<Vec<Comment>> {
        let visible: Vec<TicketId> =
            seen.iter().filter(|t| access::on_ticket(actor, Operation::ReadTicket, t).is_ok()).map(|t| t.id).collect();
        let mut conn = self.0.store.read().await?;
        if let [one] = visible.as_slice() {
            return store::comment::of_ticket(&mut conn, *one, Part::oldest(see::internal(actor), each)).await;
        }
        store::comment::of_tickets(&mut conn, &visible, see::internal(actor), each).await
    }

    /// Those of the comments that the actor may read.
    pub async fn comments_by_ids(&self, actor: &Actor, ids: &[CommentId]) -> Result<Vec<Comment>> {
        let mut comments = store::comment::by_ids(&mut self.0.store.read().await?, ids).await?;
        let tickets: Vec<TicketId> = comments.iter().map(|c| c.ticket).collect();
        let visible = self.tickets_by_ids(actor, &tickets).await?;
        let internal = see::internal(actor);
        comments.retain(|c| (internal || c.is_public()) && visible.iter().any(|t| t.id == c.ticket));
        Ok(comments)
    }

    /// The earlier texts of comments, as far as the actor may read them: of each the last fifty, the oldest first.
    pub async fn comment_versions(&self, actor: &Actor, ids: &[CommentId]) -> Result<Vec<(CommentId, CommentVersion)>> {
        let seen: Vec<CommentId> = self.comments_by_ids(actor, ids).await?.iter().map(|comment| comment.id).collect();
        store::comment::versions(&mut self.0.store.read().await?, &seen, VERSIONS_MAX).await
    }

    /// What happened to a ticket, newest first, as far as the actor may know it.
    pub async fn history(
        &self,
        actor: &Actor,
        ticket: TicketId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<Recorded>> {
        self.ticket(actor, ticket).await?;
        let mut before = before;
        let mut shown = Vec::new();
        // Events that are not for this actor are skipped, and the page is filled up.
        loop {
            let page = store::event::of_ticket(&mut self.0.store.read().await?, ticket, before, limit).await?;
            let more = page.len() == limit;
            before = page.last().map(|r| r.seq);
            let page = page.into_iter().filter(|r| see::event(actor, r)).collect();
            shown.extend(self.still_public(actor, page).await?);
            if !more || shown.len() >= limit {
                shown.truncate(limit);
                return Ok(shown);
            }
        }
    }

    /// Without the texts that were public once and are withdrawn or internal now, for those who may not read such.
    pub(crate) async fn still_public(&self, actor: &Actor, mut events: Vec<Recorded>) -> Result<Vec<Recorded>> {
        let ids: Vec<CommentId> = events.iter().filter_map(see::words_of).collect();
        if ids.is_empty() || see::internal(actor) {
            return Ok(events);
        }
        let mut hidden = store::comment::by_ids(&mut self.0.store.read().await?, &ids).await?;
        hidden.retain(|c| !c.is_public());
        events.retain(|r| see::words_of(r).is_none_or(|id| hidden.iter().all(|c| c.id != id)));
        Ok(events)
    }

    /// People: all for supervisors and administrators, staff for staff.
    pub async fn users(&self, actor: &Actor, filter: &UserFilter, page: &Page) -> Result<Slice<User>> {
        let filter = Self::people_filter(actor, filter)?;
        let mut people = store::people::list(&mut self.0.store.read().await?, &filter, page).await?;
        people.items = people.items.into_iter().map(|(at, user)| (at, self.portrayed_one(actor, user))).collect();
        Ok(people)
    }

    pub async fn count_users(&self, actor: &Actor, filter: &UserFilter) -> Result<i64> {
        let filter = Self::people_filter(actor, filter)?;
        store::people::count(&mut self.0.store.read().await?, &filter).await
    }

    fn people_filter(actor: &Actor, filter: &UserFilter) -> Result<UserFilter> {
        if access::in_general(actor, Operation::ListPeople).is_ok() {
            return Ok(filter.clone());
        }
        // Those who may not list people may still ask for staff, if they are staff themselves.
        let staff_only = !filter.role.is_empty() && filter.role.iter().all(|r| r.is_staff());
        access::in_general(actor, if staff_only { Operation::ListStaff } else { Operation::ListPeople })?;
        Ok(filter.clone())
    }

    /// People by id, in no order; without contact details for those who aren't staff.
    pub async fn users_by_ids(&self, actor: &Actor, ids: &[UserId]) -> Result<Vec<Arc<User>>> {
        if matches!(actor, Actor::Anonymous) {
            return Err(access::sign_in());
        }
        let users = self.known_people(ids).await?;
        Ok(users.into_iter().map(|user| self.portrayed(actor, see::person(actor, user))).collect())
    }

    /// A person, if they are in memory: the same few are named on every list.
    pub fn known_user(&self, actor: &Actor, id: UserId) -> Option<Arc<User>> {
        if matches!(actor, Actor::Anonymous) {
            return None;
        }
        self.0.people.get(&id).map(|user| self.portrayed(actor, see::person(actor, user)))
    }

    /// People out of memory as far as possible.
    pub(crate) async fn known_people(&self, ids: &[UserId]) -> Result<Vec<Arc<User>>> {
        let cache = &self.0.people;
        let mut found: Vec<Arc<User>> = ids.iter().filter_map(|id| cache.get(id)).collect();
        let missing: Vec<UserId> = ids.iter().copied().filter(|id| !found.iter().any(|u| u.id == *id)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let before = self.0.hub.last();
        let loaded = store::people::by_ids(&mut self.0.store.read().await?, &missing).await?;
        let loaded: Vec<Arc<User>> = loaded.into_iter().map(Arc::new).collect();
        self.0.hub.keep(before, || loaded.iter().for_each(|user| cache.insert(user.id, user.clone())));
        found.extend(loaded);
        Ok(found)
    }

    /// All categories in their order, kept in memory until one changes.
    pub async fn categories(&self, actor: &Actor) -> Result<Arc<Vec<Category>>> {
        access::in_general(actor, Operation::ReadCategories)?;
        if let Some(known) = self.0.categories.get(&()) {
            return Ok(known);
        }
        let before = self.0.hub.last();
        let all = Arc::new(store::category::all(&mut self.0.store.read().await?).await?);
        self.0.hub.keep(before, || self.0.categories.insert((), all.clone()));
        Ok(all)
    }

    /// Tags in use, most used first. They are staff's words: others don't see which there are.
    pub async fn tags(&self, actor: &Actor, limit: usize) -> Result<Vec<(String, i64)>> {
        access::in_general(actor, Operation::ListStaff)?;
        store::ticket::tags(&mut self.0.store.read().await?, limit.min(1_000)).await
    }

    pub async fn deliveries(
        &self,
        actor: &Actor,
        ticket: Option<TicketId>,
        state: Option<&str>,
        page: &Page,
    ) -> Result<Slice<Delivery>> {
        access::in_general(actor, Operation::ReadDeliveries)?;
        let which = Which { ticket, state, ..Which::default() };
        store::delivery::list(&mut self.0.store.read().await?, which, page).await
    }

    /// Stored raw messages, newest first.
    pub async fn inbound(
        &self,
        actor: &Actor,
        state: Option<InboundState>,
        page: &Page,
    ) -> Result<Slice<StoredInbound>> {
        access::in_general(actor, Operation::ReadQuarantine)?;
        store::inbound::list(&mut self.0.store.read().await?, state, page).await
    }

    pub async fn inbound_by_id(&self, actor: &Actor, id: InboundId) -> Result<StoredInbound> {
        access::in_general(actor, Operation::ReadQuarantine)?;
        let found = store::inbound::by_id(&mut self.0.store.read().await?, id).await?;
        found.ok_or_else(|| Error::not_found("message"))
    }

    /// One's own notifications: those that were read, those that were not, or all.
    pub async fn notifications(&self, actor: &Actor, read: Option<bool>, page: &Page) -> Result<Slice<Notice>> {
        access::in_general(actor, Operation::ReadNotifications)?;
        let user = actor.user().ok_or_else(access::sign_in)?;
        store::notification::of_user(&mut self.0.store.read().await?, user, read, page).await
    }

    pub async fn unread_count(&self, actor: &Actor) -> Result<i64> {
        access::in_general(actor, Operation::ReadNotifications)?;
        let user = actor.user().ok_or_else(access::sign_in)?;
        store::notification::unread_count(&mut self.0.store.read().await?, user).await
    }

    pub async fn sessions(&self, actor: &Actor, user: UserId) -> Result<Vec<Session>> {
        Self::about(actor, Operation::ReadSessions, user)?;
        store::session::of_user(&mut self.0.store.read().await?, user, 200).await
    }

    pub async fn api_tokens(&self, actor: &Actor, user: UserId) -> Result<Vec<ApiToken>> {
        Self::about(actor, Operation::ReadSessions, user)?;
        store::session::tokens_of_user(&mut self.0.store.read().await?, user).await
    }

    /// What belongs to a person who is none of the actor's business is not found.
    fn about(actor: &Actor, operation: Operation, user: UserId) -> Result<()> {
        access::on_person(actor, operation, Some(user)).map_err(|error| error.hidden("user"))
    }

    /// The channels that people are known by: one's own, or anybody's for staff.
    pub async fn identities(&self, actor: &Actor, users: &[UserId]) -> Result<Vec<Identity>> {
        if matches!(actor, Actor::Anonymous) {
            return Err(access::sign_in());
        }
        let users: Vec<UserId> =
            users.iter().copied().filter(|u| actor.is_staff() || actor.user() == Some(*u)).collect();
        store::people::identities(&mut self.0.store.read().await?, &users).await
    }
}
