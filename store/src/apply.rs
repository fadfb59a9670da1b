//! Event to row changes: one exhaustive match, and the only writer of domain tables.

use crate::batch::Batch;
use crate::comment;
use model::comment::Comment;
use model::event::{About, Event, Recorded};
use model::id::{CommentId, TicketId};
use model::search;
use model::setting::{AUTO_CLOSE, Stored, hours_or_never};
use model::ticket::Ticket;
use model::time::Zone;
use model::{Actor, Error, Result, Time};

/// What applying depends on besides the event.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub zone: Zone,
    pub auto_close_hours: Option<i64>,
    /// The same, where no administrator has changed it.
    pub auto_close_default: Option<i64>,
}

/// The ticket that a command works on, carried from event to event so that it is read once.
pub type Loaded = Option<Ticket>;

impl Batch<'_> {
    /// Gives the event its place in the log, changes the rows, and appends it. `ticket` is the ticket that the event is
    /// about as it stands before it, and is brought up to date.
    pub async fn apply(
        &mut self,
        event: Event,
        actor: &Actor,
        ticket: &mut Loaded,
        now: Time,
        rules: Rules,
    ) -> Result<Recorded> {
        let seq = self.counters.next_event();
        let mut recorded = Recorded { seq, at: now, by: actor.by(), about: None, event };
        if let Some(id) = recorded.event.ticket() {
            let before = match ticket.take() {
                Some(known) if known.id == id => Some(known),
                _ if matches!(recorded.event, Event::TicketOpened { .. }) => None,
                _ => {
                    self.settle().await?;
                    crate::ticket::by_id(&mut self.conn, id).await?
                }
            };
            let after = self.apply_to_ticket(&recorded, before, rules).await?;
            let about = About::of(&after);
            recorded.about = Some(about);
            self.notify(&recorded, &about);
            *ticket = Some(after);
        }
        self.apply_rest(&recorded, rules).await?;
        self.alert(&recorded).await?;
        self.append(&recorded)?;
        Ok(recorded)
    }

    async fn apply_to_ticket(&mut self, recorded: &Recorded, before: Option<Ticket>, rules: Rules) -> Result<Ticket> {
        if let Event::TicketOpened { ticket, description } = &recorded.event {
            self.insert_ticket(ticket, rules.auto_close_hours)?;
            self.insert_comment(description).await?;
            self.later.cube.moved(None, ticket, rules.zone);
            self.index(ticket, description);
            return Ok((**ticket).clone());
        }
        let before = before.ok_or_else(|| Error::internal("an event of a ticket that isn't there"))?;
        let mut after = before.clone();
        after.evolve(&recorded.event, recorded.at);
        self.update_ticket(&before, &after, rules.auto_close_hours).await?;
        self.later.cube.moved(Some(&before), &after, rules.zone);
        if let Event::CommentAdded { comment, .. } = &recorded.event {
            self.insert_comment(comment).await?;
            self.index(&after, comment);
        }
        Ok(after)
    }

    /// Everything that isn't the ticket's own row.
    async fn apply_rest(&mut self, recorded: &Recorded, rules: Rules) -> Result<()> {
        let at = recorded.at;
        match &recorded.event {
            Event::TicketOpened { .. }
            | Event::CommentAdded { .. }
            | Event::StatusChanged { .. }
            | Event::PriorityChanged { .. }
            | Event::TicketAssigned { .. }
            | Event::TicketEscalated { .. }
            | Event::TicketRated { .. }
            | Event::SlaBreached { .. }
            | Event::SlaEscalated { .. }
            | Event::PasswordResetRequested { .. }
            | Event::InboundSettled { discarded: false, .. } => Ok(()),
            Event::TicketEdited { ticket, changes } => {
                if changes.title.is_some() || changes.tags.is_some() || changes.customer.is_some() {
                    self.reindex_head(*ticket).await?;
                }
                Ok(())
            }
            Event::TicketDeleted { ticket } | Event::TicketRestored { ticket } => self.reindex(*ticket).await,
            Event::TicketMerged { ticket, into, moved, .. } => {
                self.merge_comments(&moved.comments, *ticket, *into).await?;
                self.evolve_other(*into, recorded, rules).await?;
                self.reindex(*into).await
            }
            Event::TicketUnmerged { ticket, from, moved, .. } => {
                self.unmerge_comments(&moved.comments, *ticket).await?;
                self.evolve_other(*from, recorded, rules).await?;
                self.reindex(*ticket).await
            }
            Event::TicketsViewed { views } => {
                self.settle().await?;
                for (ticket, n) in views {
                    self.add_views(*ticket, *n).await?;
                }
                Ok(())
            }
            Event::CommentEdited { comment, body, .. } => {
                self.edit_comment(*comment, &body.from, &body.to, at, recorded.by.user).await?;
                self.reindex_comment(*comment).await
            }
            Event::CommentVisibilityChanged { comment, visibility, .. } => {
                self.set_comment_visibility(*comment, visibility.to).await?;
                self.reindex_comment(*comment).await
            }
            Event::CommentWithdrawn { comment, .. } => {
                self.withdraw_comment(*comment, at).await?;
                self.reindex_comment(*comment).await
            }
            Event::FileStored { attachment } => self.insert_attachment(attachment).await,
            Event::FileDiscarded { attachment } => self.delete_attachment(*attachment).await,
            Event::UserCreated { user, password } => self.insert_user(user, password).await,
            Event::ProfileEdited { user, profile } => self.set_profile(*user, &profile.to, at).await,
            Event::RoleChanged { user, role } => self.set_role(*user, role.to, at).await,
            Event::UserStatusChanged { user, status } => self.set_user_status(*user, status.to, at).await,
            Event::PasswordChanged { user, password } => self.set_password(*user, password, at).await,
            Event::IdentityLinked { identity } => self.insert_identity(identity).await,
            Event::IdentityUnlinked { identity, .. } => self.delete_identity(*identity).await,
            Event::SessionStarted { session, refresh } => {
                self.insert_session(session, refresh).await?;
                self.count_login(session.user, at).await
            }
            Event::SessionRefreshed { session, expires_at, refresh, .. } => {
                self.refresh_session(*session, refresh, *expires_at, at).await
            }
            Event::SessionEnded { session, reason, .. } => self.end_session(*session, reason, at).await,
            Event::SignInFailed { user, method, ip, user_agent } => {
                self.insert_failed_sign_in(recorded, *user, method, (ip.as_deref(), user_agent.as_deref())).await
            }
            Event::SecondFactorEnabled { user, secret, codes } => self.insert_factor(*user, secret, codes, at).await,
            Event::SecondFactorDisabled { user } => self.delete_factor(*user).await,
            Event::SecondFactorUsed { user, step, code } => self.use_factor(*user, *step, code).await,
            Event::DeviceTrusted { device, token } => self.insert_device(device, token).await,
            Event::TrustedDeviceUsed { device, ip, user_agent, .. } => {
                self.use_device(*device, ip.as_deref(), user_agent.as_deref(), at).await
            }
            Event::TrustedDeviceRevoked { device, .. } => self.revoke_device(*device, at).await,
            Event::ApiTokenCreated { token, secret } => self.insert_token(token, secret).await,
            Event::ApiTokenRevoked { token, .. } => self.revoke_token(*token, at).await,
            Event::CategoryCreated { category } => self.insert_category(category).await,
            Event::CategoryEdited { category, form } => self.set_category(*category, &form.to, at).await,
            Event::CategoryDeleted { category, .. } => self.delete_category(*category).await,
            Event::SettingChanged { key, value, description, public, shelf } => {
                let after = value.to.clone();
                let (description, shelf) = (description.clone(), shelf.clone());
                let after = after.map(|value| Stored { value, description, public: *public, shelf });
                self.set_setting(key, after.as_ref(), at, recorded.by.user).await?;
                if key != AUTO_CLOSE {
                    return Ok(());
                }
                self.settle().await?;
                self.keep_auto_close(value.to.as_ref().map_or(rules.auto_close_default, hours_or_never)).await
            }
            Event::NotificationSent { .. } => {
                self.deliver(recorded);
                Ok(())
            }
            Event::CleanupStarted { .. } => self.insert_cleanup(recorded).await,
            Event::RecordsForgotten { run, record, before, gone } => {
                // What waits to be written may be meant.
                self.flush().await?;
                self.forget_records(*run, *record, *before, *gone).await?;
                self.touch_cleanup(*run, at).await
            }
            Event::CleanupFinished { run, beside, error, .. } => {
                self.finish_cleanup(*run, *beside, error.as_deref(), at).await
            }
            Event::SlaConfigCreated { config } => self.insert_sla_config(config).await,
            Event::SlaConfigEdited { config, form } => self.set_sla_config(*config, &form.to, at).await,
            Event::SlaConfigDeleted { config, .. } => self.delete_sla_config(*config).await,
            Event::NotificationsRead { user, ids, all } => {
                self.flush().await?;
                self.mark_read(*user, ids, *all, at).await
            }
            Event::InboundQuarantined { inbound, why, .. } => {
                self.set_inbound(*inbound, model::inbound::InboundState::Quarantined, Some(why), None).await
            }
            Event::WebhookCreated { webhook, secret, headers } => {
                self.insert_webhook(webhook, secret, headers, recorded.seq).await
            }
            Event::WebhookEdited { webhook, changes, headers } => {
                self.set_webhook(*webhook, changes, headers, recorded).await
            }
            Event::WebhookSecretRotated { webhook, secret } => self.set_webhook_secret(*webhook, secret, at).await,
            Event::WebhookDisabled { webhook, why, .. } => self.disable_webhook(*webhook, why, at).await,
            Event::WebhookDeleted { webhook, .. } => self.delete_webhook(*webhook).await,
            Event::NotificationRulesChanged { user, rules } => {
                // What was told before this is settled by the rules of before.
                self.flush().await?;
                self.set_rules(*user, rules).await
            }
            Event::EmailConfigChanged { config, password_set, password } => {
                self.set_email_config(&config.to, password_set.then_some(password)).await
            }
            Event::EmailTested { ok, why } => self.note_email_test(*ok, why.as_deref(), at).await,
            Event::QuickReplyCreated { reply } => self.insert_quick_reply(reply).await,
            Event::QuickReplyEdited { reply, form } => self.set_quick_reply(*reply, &form.to, at).await,
            Event::QuickReplyUsed { reply, .. } => self.use_quick_reply(*reply).await,
            Event::QuickReplyDeleted { reply, .. } => self.delete_quick_reply(*reply).await,
            Event::TemplateCreated { template } => self.insert_template(template).await,
            Event::TemplateEdited { template, form } => self.set_template(*template, &form.to, at).await,
            Event::TemplateUsed { template } => self.use_template(*template).await,
            Event::TemplateDeleted { template, .. } => self.delete_template(*template).await,
            Event::RuleCreated { rule } => self.insert_rule(rule, recorded.seq).await,
            Event::RuleEdited { rule, form } => self.set_rule(*rule, form, recorded).await,
            Event::RuleDeleted { rule, .. } => self.delete_rule(*rule).await,
            Event::InboundSettled { inbound, discarded: true, .. } => {
                self.set_inbound(*inbound, model::inbound::InboundState::Discarded, None, None).await
            }
        }
    }

    async fn ticket(&mut self, id: TicketId) -> Result<Ticket> {
        self.settle().await?;
        crate::ticket::by_id(&mut self.conn, id)
            .await?
            .ok_or_else(|| Error::internal("an event of a ticket that isn't there"))
    }

    /// A merge changes two tickets with one event.
    async fn evolve_other(&mut self, id: TicketId, recorded: &Recorded, rules: Rules) -> Result<()> {
        let before = self.ticket(id).await?;
        let mut after = before.clone();
        after.evolve(&recorded.event, recorded.at);
        self.update_ticket(&before, &after, rules.auto_close_hours).await?;
        self.later.cube.moved(Some(&before), &after, rules.zone);
        Ok(())
    }

    fn index(&mut self, ticket: &Ticket, comment: &Comment) {
        let tokens = search::document(ticket, comment);
        self.later.documents.insert(comment.id, (!tokens.is_empty()).then(|| tokens.join(" ")));
    }

    async fn reindex_comment(&mut self, id: CommentId) -> Result<()> {
        self.settle().await?;
        let Some(found) = comment::by_id(&mut self.conn, id).await? else { return Ok(()) };
        let ticket = self.ticket(found.ticket).await?;
        self.index(&ticket, &found);
        Ok(())
    }

    async fn reindex_head(&mut self, id: TicketId) -> Result<()> {
        let ticket = self.ticket(id).await?;
        let Some(description) = comment::by_id(&mut self.conn, ticket.description).await? else { return Ok(()) };
        self.index(&ticket, &description);
        Ok(())
    }

    /// All documents of a ticket.
    pub async fn reindex(&mut self, id: TicketId) -> Result<()> {
        let ticket = self.ticket(id).await?;
        let mut part = comment::Part::oldest(true, 500);
        loop {
            let comments = comment::of_ticket(&mut self.conn, id, part).await?;
            for comment in &comments {
                self.index(&ticket, comment);
            }
            match comments.last() {
                Some(last) if comments.len() == part.limit => part.after = Some(last.id),
                _ => return Ok(()),
            }
        }
    }
}
