//! From a command to what happens: pure rules, one file per noun.
//!
//! `decide` reads facts that were loaded under the write lock, checks who asks and what they sent, and answers with events.
//! It never looks anything up: what it needs is in `Facts`, and the engine's `facts.rs` says which command needs what.

mod automation;
mod category;
mod change;
mod cleanup;
mod comment;
mod device;
mod dialect;
mod factor;
mod house;
mod mail;
mod notify;
mod open;
mod person;
mod rules;
mod session;
mod setting;
mod sla;
mod ticket;
mod timer;
mod webhook;

pub use factor::{refused, wanted};
pub use person::used_up;

use crate::access::Operation;
use crate::actor::Actor;
use crate::attachment::Attachment;
use crate::automation::{QuickReply, Rule, Template};
use crate::category::Category;
use crate::cleanup::Run;
use crate::command::{Command, Request};
use crate::comment::{Comment, Visibility};
use crate::counters::Counters;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::id::{CategoryId, CommentId};
use crate::inbound::StoredInbound;
use crate::mail::EmailState;
use crate::notice::Rules;
use crate::people::{Identity, User};
use crate::policy::Policy;
use crate::session::{ApiToken, Refresh, SecondFactor, Session, TrustedDevice};
use crate::setting::Stored;
use crate::sla::SlaConfig;
use crate::ticket::Ticket;
use crate::time::Time;
use crate::webhook::Webhook;
use std::collections::BTreeMap;

/// What a decision may read. Each command fills only what it needs.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The ticket that the command names, or whose comment it names.
    pub ticket: Option<Ticket>,
    /// A merge's target, or the ticket that a new one follows up.
    pub other: Option<Ticket>,
    pub comment: Option<Comment>,
    /// The comments of `ticket` that a merge or its undoing would move.
    pub movable: Vec<(CommentId, Visibility)>,
    /// The person that the command is about.
    pub user: Option<User>,
    /// Whom a ticket is opened for.
    pub requester: Option<User>,
    pub assignee: Option<User>,
    pub category: Option<Category>,
    pub category_assignee: Option<User>,
    /// The proposed parent category and its own ancestors.
    pub ancestors: Vec<CategoryId>,
    /// Fields whose values belong to somebody or something else already.
    pub taken: Vec<&'static str>,
    pub attachments: Vec<Attachment>,
    pub session: Option<Session>,
    pub sessions: Vec<Session>,
    pub refresh: Refresh,
    /// The person's second factor.
    pub factor: Option<SecondFactor>,
    /// Whether the backup code that is shown is theirs and unused.
    pub backup_code: bool,
    /// The device that the command names, or whose token is shown.
    pub device: Option<TrustedDevice>,
    /// The person's devices that are not revoked.
    pub devices: Vec<TrustedDevice>,
    /// What a link for a new password must say of the account.
    pub print: Option<String>,
    pub api_token: Option<ApiToken>,
    pub identity: Option<Identity>,
    /// The person's names on channels.
    pub identities: Vec<Identity>,
    /// Those that the command names and that are not at their default.
    pub held: BTreeMap<String, Stored>,
    /// How many settings are not at their default.
    pub settings: i64,
    /// Whether a ticket has the category, deleted ones included, or another category stands below it.
    pub category_tickets: bool,
    pub category_children: bool,
    pub inbound: Option<StoredInbound>,
    pub webhook: Option<Webhook>,
    /// How many webhooks there are.
    pub webhooks: i64,
    /// What the person has said of what they want to be told.
    pub rules: Rules,
    /// Every SLA configuration.
    pub sla_configs: Vec<SlaConfig>,
    pub email: Option<EmailState>,
    pub quick_reply: Option<QuickReply>,
    /// How many quick replies there are, and how many of them are the caller's own.
    pub quick_replies: i64,
    pub own_replies: i64,
    /// The template that the command names, or that a ticket is opened by.
    pub template: Option<Template>,
    pub template_assignee: Option<User>,
    pub templates: i64,
    pub rule: Option<Rule>,
    pub automation_rules: i64,
    /// Those people whom a form or escalation rules name, and the categories that a form names, if there are such.
    pub people: Vec<User>,
    pub known_categories: Vec<CategoryId>,
    /// The clean-up that the command names, or those of its kind that have not ended.
    pub cleanups: Vec<Run>,
    /// When the last scheduled clean-up of its kind was due.
    pub cleanup_due: Option<Time>,
    /// How many records a batch would forget.
    pub forgettable: i64,
}

/// Everything around a decision.
pub struct Scene<'a> {
    pub facts: &'a Facts,
    pub actor: &'a Actor,
    pub policy: &'a Policy,
    pub now: Time,
}

/// What follows from a command.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    /// What happens, in order. Nothing: the command asked for what is so already.
    pub events: Vec<Event>,
    /// What the caller hears although something happened (a reused refresh token ends the session).
    pub refusal: Option<Error>,
}

impl From<Vec<Event>> for Decision {
    fn from(events: Vec<Event>) -> Self {
        Self { events, refusal: None }
    }
}

impl From<Event> for Decision {
    fn from(event: Event) -> Self {
        vec![event].into()
    }
}

/// Decides. `counters` is a copy that is kept only if the command goes through.
pub fn decide(scene: &Scene<'_>, request: &Request, counters: &mut Counters) -> Result<Decision> {
    // Who isn't signed in learns nothing of what there is.
    if matches!((scene.actor, &request.command), (Actor::Anonymous, command) if !matches!(command, Command::Register(_)))
    {
        return Err(crate::access::sign_in());
    }
    if request.ignores_deleted && scene.facts.ticket.as_ref().is_some_and(|t| t.deleted_at.is_some()) {
        return Err(Error::not_found("ticket"));
    }
    if let (Some(expected), Some(ticket)) = (request.expected_version, &scene.facts.ticket) {
        // Only those who may see it learn that it has moved on.
        if crate::access::knows(scene.actor, ticket) && ticket.version != expected {
            let why = format!("the ticket has changed since: its version is {}, not {expected}", ticket.version);
            return Err(Error::conflict("expected_version", why));
        }
    }
    match &request.command {
        Command::OpenTicket(open) => open::open(scene, open, counters),
        Command::EditTicket(_, edit) => ticket::edit(scene, edit),
        Command::ChangeStatus(_, change) => ticket::change_status(scene, change),
        Command::CloseTicket(_, reason) => ticket::close(scene, reason),
        Command::ReopenTicket(_, reason) => ticket::reopen(scene, reason),
        Command::WithdrawTicket(_, reason) => ticket::withdraw(scene, reason.as_deref()),
        Command::SetPriority(_, priority) => ticket::set_priority(scene, *priority),
        Command::WriteStatus(_, write) => dialect::write_status(scene, write),
        Command::WritePriority(_, write) => dialect::write_priority(scene, write),
        Command::AssignTicket(_, assign) => ticket::assign(scene, assign),
        Command::EscalateTicket(_, escalate) => ticket::escalate(scene, escalate),
        Command::RateTicket(_, rating, text) => ticket::rate(scene, *rating, text.as_deref()),
        Command::ChangeTicket(_, change) => change::change(scene, change, counters),
        Command::DeleteTicket(_) => ticket::delete(scene, Operation::DeleteTicket),
        Command::DiscardTicket(_) => ticket::delete(scene, Operation::DiscardTicket),
        Command::RestoreTicket(_) => ticket::restore(scene),
        Command::MergeTicket { .. } => ticket::merge(scene),
        Command::UnmergeTicket(_) => ticket::unmerge(scene),
        Command::CountViews(views) => timer::count_views(scene, views),
        Command::FireTimers(_) => timer::fire(scene),
        Command::AddComment(_, add) => comment::add(scene, add, counters),
        Command::EditComment(_, body) => comment::edit(scene, body),
        Command::SetCommentVisibility(_, visibility) => comment::set_visibility(scene, *visibility),
        Command::WithdrawComment(_) => comment::withdraw(scene),
        Command::StoreFile(store) => house::store_file(scene, store, counters),
        Command::DiscardFile(_) => house::discard_file(scene),
        Command::CreateUser(create) => person::create(scene, create, counters),
        Command::Register(create) => person::register(scene, create, counters),
        Command::MakeContact(contact) => person::contact(scene, contact, counters),
        Command::EditProfile(_, profile) => person::edit_profile(scene, profile),
        Command::SetRole(_, role) => person::set_role(scene, *role),
        Command::SetUserStatus(_, status) => person::set_status(scene, *status),
        Command::SetPassword(_, password) => person::set_password(scene, password),
        Command::EditAccount(_, edit) => person::edit_account(scene, edit),
        Command::LinkIdentity(link) => person::link(scene, link, counters),
        Command::UnlinkIdentity(_) => person::unlink(scene),
        Command::StartSession(start) => session::start(scene, start, counters),
        Command::RefreshSession(refresh) => session::refresh(scene, refresh),
        Command::EndSession(_, reason) => session::end(scene, reason),
        Command::EndSessions { except, reason, .. } => session::end_all(scene, *except, reason),
        Command::NoteFailedSignIn { user, method, ip, user_agent } => {
            session::note_failure(scene, *user, method, (ip.as_deref(), user_agent.as_deref()))
        }
        Command::CreateApiToken(create) => session::create_token(scene, create, counters),
        Command::RevokeApiToken(_) => session::revoke_token(scene),
        Command::EnableSecondFactor(enable) => factor::enable(scene, enable),
        Command::DisableSecondFactor(_) => factor::disable(scene),
        Command::RevokeTrustedDevice(_) => device::revoke(scene),
        Command::RequestPasswordReset(_) => person::request_reset(scene),
        Command::ResetPassword(reset) => person::reset_password(scene, reset),
        Command::CreateCategory(form) => category::create(scene, form, counters),
        Command::EditCategory(_, form) => category::edit(scene, form),
        Command::DeleteCategory(_) => category::delete(scene),
        Command::ChangeSetting(change) => setting::change_setting(scene, change),
        Command::ChangeSettings(changes) => setting::change_settings(scene, changes),
        Command::SendNotification(send) => notify::send(scene, send),
        Command::StartCleanup(start) => cleanup::start(scene, start),
        Command::ForgetRecords { record, .. } => cleanup::forget(scene, *record),
        Command::FinishCleanup { beside, error, .. } => cleanup::finish(scene, *beside, error.as_deref()),
        Command::CreateSlaConfig(form) => sla::create(scene, form, counters),
        Command::EditSlaConfig(id, form) => sla::edit(scene, *id, form),
        Command::DeleteSlaConfig(id) => sla::delete(scene, *id),
        Command::MarkNotificationsRead { ids, all } => house::mark_read(scene, ids, *all),
        Command::QuarantineInbound { why, .. } => house::quarantine(scene, why),
        Command::SettleInbound { discard, .. } => house::settle(scene, *discard),
        Command::CreateWebhook(create) => webhook::create(scene, create, counters),
        Command::EditWebhook(_, edit) => webhook::edit(scene, edit),
        Command::RotateWebhookSecret(_, secret) => webhook::rotate(scene, secret),
        Command::DisableWebhook(_, why) => webhook::disable(scene, why),
        Command::DeleteWebhook(_) => webhook::delete(scene),
        Command::SetNotificationRules(_, rules) => rules::set(scene, rules),
        Command::SetEmailConfig(set) => mail::set(scene, set),
        Command::NoteEmailTest { ok, why } => mail::tested(scene, *ok, why.as_deref()),
        Command::CreateQuickReply(input) => automation::create_reply(scene, input, counters),
        Command::EditQuickReply(_, input) => automation::edit_reply(scene, input),
        Command::UseQuickReply(_) => automation::use_reply(scene),
        Command::DeleteQuickReply(_) => automation::delete_reply(scene),
        Command::CreateTemplate(form) => automation::create_template(scene, form, counters),
        Command::EditTemplate(_, form) => automation::edit_template(scene, form),
        Command::DeleteTemplate(_) => automation::delete_template(scene),
        Command::CreateRule(input) => automation::create_rule(scene, input, counters),
        Command::EditRule(_, input) => automation::edit_rule(scene, input),
        Command::DeleteRule(_) => automation::delete_rule(scene),
    }
}

impl Facts {
    fn ticket(&self) -> Result<&Ticket> {
        self.ticket.as_ref().ok_or_else(|| Error::not_found("ticket"))
    }

    fn user(&self) -> Result<&User> {
        self.user.as_ref().ok_or_else(|| Error::not_found("user"))
    }
}
