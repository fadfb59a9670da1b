//! The service: one typed method per command, each a line over `execute`. Surfaces call these.

use crate::execute::Outcome;
use crate::subject::Subject;
use crate::{Caller, Engine, see};
use model::access;
use model::category::{Category, CategoryForm};
use model::command::{
    AddComment, AssignTicket, ChangeStatus, ChangeTicket, Command, EditCategory, EditTicket, EscalateTicket,
    LinkIdentity, OpenTicket,
};
use model::comment::{Comment, Visibility};
use model::id::{CategoryId, CommentId, IdentityId, InboundId, NotificationId, TicketId, UserId};
use model::inbound::StoredInbound;
use model::people::{Identity, ProfileInput, Role, User, UserStatus};
use model::ticket::{Priority, Ticket};
use model::{Actor, Error, Result};

/// Tickets that one bulk command may name.
pub const BULK_MAX: usize = 200;

impl Engine {
    /// A command on a ticket answers the ticket as it stands afterwards.
    async fn on_ticket(&self, by: &Caller, command: Command) -> Result<Ticket> {
        let outcome = self.execute(by, command).await?;
        self.ticket_after(by, outcome).await
    }

    pub(crate) async fn ticket_after(&self, by: &Caller, outcome: Outcome) -> Result<Ticket> {
        let reader = outcome.reader(by);
        match (outcome.ticket, outcome.subject) {
            (Some(ticket), _) => Ok(ticket),
            // A message that had come in before is named by its comment.
            (None, Subject::Ticket(id) | Subject::Comment(_, id)) => self.known_ticket(reader, id).await,
            (None, _) => Err(Error::internal("a command on a ticket answered no ticket")),
        }
    }

    /// A ticket as it stands, for somebody who did something to it before. It may be out of their reach by now.
    async fn known_ticket(&self, reader: &Actor, id: TicketId) -> Result<Ticket> {
        let found = store::ticket::by_id(&mut self.0.store.read().await?, id).await?;
        let found = found.ok_or_else(|| Error::not_found("ticket"))?;
        // Whoever deleted it hears that once more.
        let there = Ticket { deleted_at: None, ..found.clone() };
        if access::knows(reader, &there) { Ok(found) } else { Err(done_before()) }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
    async fn on_comment(&self, by: &Caller, command: Command) -> Result<Comment> {
        let outcome = self.execute(by, command).await?;
        let reader = outcome.reader(by);
        let made = outcome.events.iter().find_map(|r| match &r.event {
            model::Event::CommentAdded { comment, .. } => Some((**comment).clone()),
            _ => None,
        });
        match (made, outcome.subject) {
            (Some(comment), _) => Ok(comment),
            (None, Subject::Comment(id, ticket)) => {
                self.known_ticket(reader, ticket).await?;
                let found = store::comment::by_id(&mut self.0.store.read().await?, id).await?;
                let found = found.ok_or_else(|| Error::not_found("comment"))?;
                // Whoever withdrew it hears that once more, too.
                let there = found.visibility != Visibility::Internal || see::internal(reader);
                if there { Ok(found) } else { Err(done_before()) }
            }
            (None, _) => Err(Error::internal("a command on a comment answered no comment")),
        }
    }

    async fn on_user(&self, by: &Caller, id: UserId, command: Command) -> Result<User> {
        self.execute(by, command).await?;
        Ok(self.portrayed_one(&by.actor, self.person(id).await?))
    }

    pub async fn open_ticket(&self, by: &Caller, open: OpenTicket) -> Result<Ticket> {
        self.on_ticket(by, Command::OpenTicket(Box::new(open))).await
    }

    pub async fn edit_ticket(&self, by: &Caller, id: TicketId, edit: EditTicket) -> Result<Ticket> {
        self.on_ticket(by, Command::EditTicket(id, Box::new(edit))).await
    }

    pub async fn change_status(&self, by: &Caller, id: TicketId, change: ChangeStatus) -> Result<Ticket> {
        self.on_ticket(by, Command::ChangeStatus(id, change)).await
    }

    pub async fn close_ticket(&self, by: &Caller, id: TicketId, reason: String) -> Result<Ticket> {
        self.on_ticket(by, Command::CloseTicket(id, reason)).await
    }

    pub async fn reopen_ticket(&self, by: &Caller, id: TicketId, reason: String) -> Result<Ticket> {
        self.on_ticket(by, Command::ReopenTicket(id, reason)).await
    }

    pub async fn withdraw_ticket(&self, by: &Caller, id: TicketId, reason: Option<String>) -> Result<Ticket> {
        self.on_ticket(by, Command::WithdrawTicket(id, reason)).await
    }

    pub async fn set_priority(&self, by: &Caller, id: TicketId, priority: Priority) -> Result<Ticket> {
        self.on_ticket(by, Command::SetPriority(id, priority)).await
    }

    pub async fn assign_ticket(&self, by: &Caller, id: TicketId, assign: AssignTicket) -> Result<Ticket> {
        self.on_ticket(by, Command::AssignTicket(id, assign)).await
    }

    pub async fn escalate_ticket(&self, by: &Caller, id: TicketId, escalate: EscalateTicket) -> Result<Ticket> {
        self.on_ticket(by, Command::EscalateTicket(id, escalate)).await
    }

    pub async fn rate_ticket(&self, by: &Caller, id: TicketId, rating: i64, comment: Option<String>) -> Result<Ticket> {
        self.on_ticket(by, Command::RateTicket(id, rating, comment)).await
    }

    pub async fn change_ticket(&self, by: &Caller, id: TicketId, change: ChangeTicket) -> Result<Ticket> {
        self.on_ticket(by, Command::ChangeTicket(id, Box::new(change))).await
    }

    pub async fn discard_ticket(&self, by: &Caller, id: TicketId) -> Result<Ticket> {
        self.on_ticket(by, Command::DiscardTicket(id)).await
    }

    pub async fn delete_ticket(&self, by: &Caller, id: TicketId) -> Result<Ticket> {
        self.on_ticket(by, Command::DeleteTicket(id)).await
    }

    pub async fn restore_ticket(&self, by: &Caller, id: TicketId) -> Result<Ticket> {
        self.on_ticket(by, Command::RestoreTicket(id)).await
    }

    pub async fn merge_ticket(&self, by: &Caller, id: TicketId, into: TicketId) -> Result<Ticket> {
        self.on_ticket(by, Command::MergeTicket { ticket: id, into }).await
    }

    pub async fn unmerge_ticket(&self, by: &Caller, id: TicketId) -> Result<Ticket> {
        self.on_ticket(by, Command::UnmergeTicket(id)).await
    }

    /// The same command for several tickets at once, each with its own answer.
    ///
    /// # Errors
    /// `Invalid` when there are too many or none; what goes wrong with one ticket stands in its place.
    pub async fn bulk(
        &self,
        by: &Caller,
        ids: &[TicketId],
        command: impl Fn(TicketId) -> Command,
    ) -> Result<Vec<(TicketId, Result<Ticket>)>> {
        if ids.is_empty() || ids.len() > BULK_MAX {
            return Err(Error::invalid("ids", format!("must be 1 to {BULK_MAX}")));
        }
        let each = ids.iter().map(|id| {
            // A key names the whole call; within it, each ticket has its own.
            let caller = by.clone().keyed_among(by.once.key.as_deref(), &id.to_string());
            let command = command(*id);
            async move { (*id, self.on_ticket(&caller, command).await) }
        });
        Ok(futures_util::future::join_all(each).await)
    }

    pub async fn add_comment(&self, by: &Caller, ticket: TicketId, add: AddComment) -> Result<Comment> {
        self.on_comment(by, Command::AddComment(ticket, Box::new(add))).await
    }

    pub async fn edit_comment(&self, by: &Caller, id: CommentId, body: String) -> Result<Comment> {
        self.on_comment(by, Command::EditComment(id, body)).await
    }

    pub async fn withdraw_comment(&self, by: &Caller, id: CommentId) -> Result<Comment> {
        self.on_comment(by, Command::WithdrawComment(id)).await
    }

    pub async fn set_comment_visibility(&self, by: &Caller, id: CommentId, visibility: Visibility) -> Result<Comment> {
        self.on_comment(by, Command::SetCommentVisibility(id, visibility)).await
    }

    /// A picture of ours comes back as it was shown, with a signature: what is kept is its address.
    pub async fn edit_profile(&self, by: &Caller, id: UserId, mut profile: ProfileInput) -> Result<User> {
        profile.avatar_url = profile.avatar_url.map(|url| self.unsigned(url));
        self.on_user(by, id, Command::EditProfile(id, Box::new(profile))).await
    }

    pub async fn set_role(&self, by: &Caller, id: UserId, role: Role) -> Result<User> {
        self.on_user(by, id, Command::SetRole(id, role)).await
    }

    pub async fn set_user_status(&self, by: &Caller, id: UserId, status: UserStatus) -> Result<User> {
        self.on_user(by, id, Command::SetUserStatus(id, status)).await
    }

    pub async fn link_identity(&self, by: &Caller, link: LinkIdentity) -> Result<Identity> {
        let outcome = self.execute(by, Command::LinkIdentity(link)).await?;
        let Subject::Identity(id) = outcome.subject else { return Err(Error::internal("no identity was linked")) };
        let found = store::people::identity_by_id(&mut self.0.store.read().await?, id).await?;
        found.ok_or_else(|| Error::not_found("identity"))
    }

    pub async fn unlink_identity(&self, by: &Caller, id: IdentityId) -> Result<()> {
        self.execute(by, Command::UnlinkIdentity(id)).await.map(|_| ())
    }

    async fn on_category(&self, by: &Caller, command: Command) -> Result<Category> {
        let outcome = self.execute(by, command).await?;
        let Subject::Category(id) = outcome.subject else { return Err(Error::internal("no category")) };
        let found = store::category::by_id(&mut self.0.store.read().await?, id).await?;
        found.ok_or_else(|| Error::not_found("category"))
    }

    pub async fn create_category(&self, by: &Caller, form: CategoryForm) -> Result<Category> {
        self.on_category(by, Command::CreateCategory(Box::new(form))).await
    }

    /// What is left out stays as it is when it is carried out.
    pub async fn edit_category(&self, by: &Caller, id: CategoryId, edit: EditCategory) -> Result<Category> {
        self.on_category(by, Command::EditCategory(id, Box::new(edit))).await
    }

    /// Deletes a category that no ticket has, and puts one out of use that some have: that one is answered.
    pub async fn delete_category(&self, by: &Caller, id: CategoryId) -> Result<Option<Category>> {
        self.execute(by, Command::DeleteCategory(id)).await?;
        store::category::by_id(&mut self.0.store.read().await?, id).await
    }

    /// Marks one's own notifications as read; answers how many are still unread.
    pub async fn mark_notifications_read(&self, by: &Caller, ids: Vec<NotificationId>, all: bool) -> Result<i64> {
        self.execute(by, Command::MarkNotificationsRead { ids, all }).await?;
        self.unread_count(&by.actor).await
    }

    /// Takes a message out of the quarantine.
    pub async fn settle_inbound(&self, by: &Caller, id: InboundId, discard: bool) -> Result<StoredInbound> {
        self.execute(by, Command::SettleInbound { inbound: id, discard }).await?;
        let found = store::inbound::by_id(&mut self.0.store.read().await?, id).await?;
        found.ok_or_else(|| Error::not_found("message"))
    }
}

/// To somebody who repeats what they did before, and may not see any more what came of it.
fn done_before() -> Error {
    Error::conflict("idempotency_key", "this was done before, and you can't see any more what came of it")
}
