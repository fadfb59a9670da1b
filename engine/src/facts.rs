//! What each command needs loaded, under the write lock, before it can be decided.
//!
//! A command that names nothing needs nothing: opening a plain ticket costs no read at all.

use model::Actor;
use model::attachment::Purpose;
use model::automation::{Action, QuickReplyFilter, RuleInput, TemplateForm};
use model::command::{
    CategoryRef, ChangeTicket, Command, Edit, EnableSecondFactor, Hand, OpenTicket, Proof, StartSession,
};
use model::decide::Facts;
use model::id::{AttachmentId, CategoryId, CommentId, TicketId, UserId};
use model::people::ProfileInput;
use model::sla::{EscalationRule, NOTIFIED_MAX, RULES_MAX};
use model::ticket::Ticket;
use model::{Error, Result};
use store::automation::reply::Seen;
use store::{Batch, Conn};

/// Loads a command's facts. What isn't there stays empty: what that means is for `decide`.
pub(crate) async fn load(batch: &mut Batch<'_>, actor: &Actor, command: &Command) -> Result<Facts> {
    let mut facts = Facts::default();
    let conn = batch.conn();
    match command {
        Command::OpenTicket(open) => {
            facts.requester = user(conn, open.requester).await?;
            facts.assignee = user(conn, open.assignee).await?;
            facts.attachments = attachments(conn, &open.attachments).await?;
            if let Some(follows) = open.follows {
                facts.other = ticket(conn, follows).await?;
            }
            category(conn, &mut facts, open.category.as_ref()).await?;
            template(conn, &mut facts, open).await?;
        }
        Command::EditTicket(id, edit) => {
            facts.ticket = ticket(conn, *id).await?;
            if let Edit::Set(wanted) = &edit.category {
                category(conn, &mut facts, wanted.as_ref()).await?;
            }
        }
        Command::ChangeStatus(id, _)
        | Command::CloseTicket(id, _)
        | Command::ReopenTicket(id, _)
        | Command::WithdrawTicket(id, _)
        | Command::SetPriority(id, _)
        | Command::WriteStatus(id, _)
        | Command::WritePriority(id, _)
        | Command::RateTicket(id, ..)
        | Command::DeleteTicket(id)
        | Command::DiscardTicket(id)
        | Command::RestoreTicket(id) => facts.ticket = ticket(conn, *id).await?,
        Command::FireTimers(id) => {
            facts.ticket = ticket(conn, *id).await?;
            let waiting = facts.ticket.iter().flat_map(Ticket::escalations).map(|(_, rule)| rule.clone());
            facts.people = people(conn, &waiting.collect::<Vec<_>>()).await?;
        }
        Command::AssignTicket(id, assign) => {
            facts.ticket = ticket(conn, *id).await?;
            facts.assignee = user(conn, assign.assignee).await?;
        }
        Command::EscalateTicket(id, escalate) => {
            facts.ticket = ticket(conn, *id).await?;
            facts.assignee = user(conn, escalate.assignee).await?;
        }
        Command::ChangeTicket(id, change) => changed(conn, &mut facts, *id, change).await?,
        Command::MergeTicket { ticket: id, into } => {
            facts.ticket = ticket(conn, *id).await?;
            facts.other = ticket(conn, *into).await?;
            facts.movable = store::comment::movable(conn, *id, &[]).await?;
        }
        Command::UnmergeTicket(id) => unmerge(conn, &mut facts, *id).await?,
        Command::AddComment(id, add) => {
            facts.ticket = ticket(conn, *id).await?;
            facts.attachments = attachments(conn, &add.attachments).await?;
        }
        Command::EditComment(id, _) | Command::SetCommentVisibility(id, _) | Command::WithdrawComment(id) => {
            comment(conn, &mut facts, *id).await?;
        }
        Command::DiscardFile(id) => facts.attachments = attachments(conn, &[*id]).await?,
        Command::CreateUser(create) | Command::Register(create) => {
            facts.taken = taken(conn, &create.profile, None).await?;
        }
        Command::MakeContact(contact) => {
            let held = store::people::identity(conn, contact.channel, &contact.external_id).await?;
            facts.user = user(conn, held.as_ref().map(|i| i.user)).await?;
            facts.identity = held;
            let profile = ProfileInput { email: contact.email.clone(), ..ProfileInput::default() };
            facts.taken = taken(conn, &profile, None).await?;
        }
        Command::EditProfile(id, profile) => {
            facts.user = user(conn, Some(*id)).await?;
            facts.taken = taken(conn, profile, Some(*id)).await?;
        }
        Command::SetRole(id, _) => facts.user = user(conn, Some(*id)).await?,
        Command::SetUserStatus(id, _) | Command::EndSessions { user: id, .. } => {
            facts.user = user(conn, Some(*id)).await?;
            facts.sessions = store::session::open_of_user(conn, *id).await?;
        }
        Command::EditAccount(id, edit) => {
            everywhere(conn, &mut facts, *id).await?;
            facts.taken = taken(conn, &edit.profile, Some(*id)).await?;
        }
        Command::SetPassword(id, _) => everywhere(conn, &mut facts, *id).await?,
        Command::ResetPassword(reset) => {
            everywhere(conn, &mut facts, reset.user).await?;
            if let Some(user) = &facts.user {
                facts.print = Some(crate::reset::print(conn, user).await?);
            }
        }
        Command::RequestPasswordReset(login) => facts.user = store::people::by_login(conn, login).await?,
        Command::EnableSecondFactor(EnableSecondFactor { user: id, .. }) | Command::DisableSecondFactor(id) => {
            facts.user = user(conn, Some(*id)).await?;
            facts.factor = store::factor::of_user(conn, *id).await?;
            facts.devices = store::device::of_user(conn, *id).await?;
        }
        Command::RevokeTrustedDevice(id) => facts.device = store::device::by_id(conn, *id).await?,
        Command::LinkIdentity(link) => {
            facts.user = user(conn, Some(link.user)).await?;
            facts.identity = store::people::identity(conn, link.channel, link.external_id.trim()).await?;
        }
        Command::UnlinkIdentity(id) => facts.identity = store::people::identity_by_id(conn, *id).await?,
        Command::StartSession(start) => session(conn, &mut facts, start).await?,
        Command::RefreshSession(refresh) => {
            (facts.session, facts.refresh) = store::session::by_refresh(conn, &refresh.presented).await?;
            facts.user = user(conn, facts.session.as_ref().map(|s| s.user)).await?;
        }
        Command::EndSession(id, _) => facts.session = store::session::by_id(conn, *id).await?,
        Command::CreateApiToken(create) => facts.user = user(conn, Some(create.user)).await?,
        Command::RevokeApiToken(id) => facts.api_token = store::session::token_by_id(conn, *id).await?,
        Command::CreateCategory(form) => category_form(conn, &mut facts, None, form).await?,
        Command::EditCategory(id, edit) => {
            facts.category = store::category::by_id(conn, *id).await?;
            if let Some(held) = &facts.category {
                let form = edit.clone().over(held.form.clone());
                category_form(conn, &mut facts, Some(*id), &form).await?;
            }
        }
        Command::DeleteCategory(id) => {
            facts.category = store::category::by_id(conn, *id).await?;
            (facts.category_tickets, facts.category_children) = store::category::in_use(conn, *id).await?;
        }
        Command::ChangeSetting(change) => {
            facts.held = store::settings::held(conn, &[change.key.trim()]).await?;
            facts.settings = store::settings::count(conn).await?;
        }
        Command::ChangeSettings(changes) => {
            let some = changes.iter().take(model::setting::MOST_AT_ONCE);
            let keys: Vec<&str> = some.map(|change| change.key.trim()).collect();
            facts.held = store::settings::held(conn, &keys).await?;
            facts.settings = store::settings::count(conn).await?;
        }
        Command::SendNotification(send) => {
            facts.user = user(conn, Some(send.to)).await?;
            facts.rules = store::rules::of(conn, &[send.to]).await?.remove(&send.to).unwrap_or_default();
            if let Some(id) = send.ticket {
                facts.other = ticket(conn, id).await?;
            }
        }
        Command::StartCleanup(start) => {
            facts.cleanups = store::cleanup::open(conn, start.task).await?;
            facts.cleanup_due = store::cleanup::last_due(conn, start.task).await?;
        }
        Command::ForgetRecords { run, record, most } => {
            facts.cleanups = store::cleanup::run(conn, *run).await?.into_iter().collect();
            if let Some(run) = facts.cleanups.first() {
                facts.forgettable = store::cleanup::forgettable(conn, *record, run.before, *most).await?;
            }
        }
        Command::FinishCleanup { run, .. } => {
            facts.cleanups = store::cleanup::run(conn, *run).await?.into_iter().collect();
        }
        Command::CreateSlaConfig(form) | Command::EditSlaConfig(_, form) => {
            facts.sla_configs = store::sla::all(conn).await?;
            facts.people = people(conn, form.rules.as_deref().unwrap_or_default()).await?;
            if let Edit::Set(wanted) = &form.category {
                category(conn, &mut facts, wanted.as_ref()).await?;
            }
        }
        Command::DeleteSlaConfig(_) => facts.sla_configs = store::sla::all(conn).await?,
        Command::QuarantineInbound { inbound, .. } | Command::SettleInbound { inbound, .. } => {
            facts.inbound = store::inbound::by_id(conn, *inbound).await?;
        }
        Command::CreateWebhook(_) => facts.webhooks = store::webhook::count(conn).await?,
        Command::EditWebhook(id, _)
        | Command::RotateWebhookSecret(id, _)
        | Command::DisableWebhook(id, _)
        | Command::DeleteWebhook(id) => facts.webhook = store::webhook::by_id(conn, *id).await?.map(|k| k.webhook),
        Command::SetNotificationRules(id, _) => {
            facts.user = user(conn, Some(*id)).await?;
            facts.rules = store::rules::of(conn, &[*id]).await?.remove(id).unwrap_or_default();
            facts.identities = store::people::identities(conn, &[*id]).await?;
        }
        Command::SetEmailConfig(_) => facts.email = Some(store::email::kept(conn).await?.state),
        Command::StoreFile(store) => {
            if let Some(id) = store.ticket {
                facts.ticket = ticket(conn, id).await?;
            }
            if store.purpose == Purpose::Avatar {
                facts.user = user(conn, actor.user()).await?;
            }
        }
        Command::CreateQuickReply(_) => {
            let (all, none) = (Seen(None), QuickReplyFilter::default());
            facts.quick_replies = store::automation::reply::count(conn, all, &none).await?;
            if let Some(user) = actor.user() {
                facts.own_replies = store::automation::reply::count_of(conn, user).await?;
            }
        }
        Command::EditQuickReply(id, _) | Command::UseQuickReply(id) | Command::DeleteQuickReply(id) => {
            facts.quick_reply = store::automation::reply::by_id(conn, *id).await?;
        }
        Command::CreateTemplate(form) => {
            facts.templates = store::automation::template::count(conn).await?;
            template_form(conn, &mut facts, form).await?;
        }
        Command::EditTemplate(id, edit) => {
            facts.template = store::automation::template::by_id(conn, *id).await?;
            if let Some(held) = &facts.template {
                let form = edit.clone().over(held.form.clone());
                template_form(conn, &mut facts, &form).await?;
            }
        }
        Command::DeleteTemplate(id) => facts.template = store::automation::template::by_id(conn, *id).await?,
        Command::CreateRule(input) => {
            facts.automation_rules = store::automation::rule::count(conn).await?;
            rule_input(conn, &mut facts, input).await?;
        }
        Command::EditRule(id, edit) => {
            facts.rule = store::automation::rule::by_id(conn, *id).await?;
            if let Some(held) = &facts.rule {
                let input = edit.clone().over(held.form.clone().into());
                rule_input(conn, &mut facts, &input).await?;
            }
        }
        Command::DeleteRule(id) => facts.rule = store::automation::rule::by_id(conn, *id).await?,
        Command::NoteEmailTest { .. }
        | Command::CountViews(_)
        | Command::NoteFailedSignIn { .. }
        | Command::MarkNotificationsRead { .. } => {}
    }
    Ok(facts)
}

/// What a ticket is opened by, with whom and what it names. Its category counts where the opener names none.
async fn template(conn: &mut Conn, facts: &mut Facts, open: &OpenTicket) -> Result<()> {
    let Some(id) = open.template.as_ref().map(|using| using.template) else { return Ok(()) };
    facts.template = store::automation::template::by_id(conn, id).await?;
    let Some(form) = facts.template.as_ref().map(|template| template.form.clone()) else { return Ok(()) };
    facts.template_assignee = user(conn, form.assignee).await?;
    if open.category.is_none() {
        category(conn, facts, form.ticket_category.map(CategoryRef::Id).as_ref()).await?;
    }
    Ok(())
}

async fn template_form(conn: &mut Conn, facts: &mut Facts, form: &TemplateForm) -> Result<()> {
    let people: Vec<UserId> = form.assignee.into_iter().collect();
    let categories: Vec<CategoryId> = form.ticket_category.into_iter().collect();
    named(conn, facts, &people, &categories).await
}

/// Whom and what a rule's actions name. What is malformed is refused later, by its place.
async fn rule_input(conn: &mut Conn, facts: &mut Facts, input: &RuleInput) -> Result<()> {
    let Ok(form) = input.check() else { return Ok(()) };
    let people: Vec<UserId> = form.actions.iter().filter_map(|action| action.person().map(|(id, _)| id)).collect();
    let categories: Vec<CategoryId> = form.actions.iter().filter_map(Action::category).collect();
    named(conn, facts, &people, &categories).await
}

async fn named(conn: &mut Conn, facts: &mut Facts, people: &[UserId], categories: &[CategoryId]) -> Result<()> {
    facts.people = store::people::by_ids(conn, people).await?;
    let known = store::category::by_ids(conn, categories).await?;
    facts.known_categories = known.into_iter().map(|category| category.id).collect();
    Ok(())
}

/// A person, and wherever they are signed in or trusted.
async fn everywhere(conn: &mut Conn, facts: &mut Facts, id: UserId) -> Result<()> {
    facts.user = user(conn, Some(id)).await?;
    facts.sessions = store::session::open_of_user(conn, id).await?;
    facts.devices = store::device::of_user(conn, id).await?;
    Ok(())
}

async fn session(conn: &mut Conn, facts: &mut Facts, start: &StartSession) -> Result<()> {
    facts.user = user(conn, Some(start.user)).await?;
    facts.factor = store::factor::of_user(conn, start.user).await?;
    match &start.proof {
        Proof::Nothing | Proof::Step(_) => {}
        Proof::BackupCode(code) => {
            let hash = code.0.as_deref().unwrap_or_default();
            facts.backup_code = store::factor::has_code(conn, start.user, hash).await?;
        }
        Proof::Device(hash) => facts.device = store::device::by_token(conn, hash).await?,
    }
    if start.remember.is_some() {
        facts.devices = store::device::of_user(conn, start.user).await?;
    }
    Ok(())
}

async fn ticket(conn: &mut Conn, id: TicketId) -> Result<Option<Ticket>> {
    store::ticket::by_id(conn, id).await
}

async fn user(conn: &mut Conn, id: Option<UserId>) -> Result<Option<model::people::User>> {
    match id {
        Some(id) => store::people::by_id(conn, id).await,
        None => Ok(None),
    }
}

/// Those whom escalation rules name. What is more than there may be is refused later, by name.
async fn people(conn: &mut Conn, rules: &[EscalationRule]) -> Result<Vec<model::people::User>> {
    let ids = model::sla::people(rules);
    store::people::by_ids(conn, ids.get(..RULES_MAX * (NOTIFIED_MAX + 1)).unwrap_or(&ids)).await
}

async fn attachments(conn: &mut Conn, ids: &[AttachmentId]) -> Result<Vec<model::attachment::Attachment>> {
    if ids.len() > 1_000 {
        return Err(Error::invalid("attachments", "are too many"));
    }
    store::attachment::by_ids(conn, ids).await
}

async fn category(conn: &mut Conn, facts: &mut Facts, wanted: Option<&CategoryRef>) -> Result<()> {
    facts.category = match wanted {
        Some(CategoryRef::Id(id)) => store::category::by_id(conn, *id).await?,
        Some(CategoryRef::Key(key)) => store::category::by_key(conn, key).await?,
        None => None,
    };
    let automatic = facts.category.as_ref().and_then(|c| c.form.auto_assignee);
    facts.category_assignee = user(conn, automatic).await?;
    Ok(())
}

async fn comment(conn: &mut Conn, facts: &mut Facts, id: CommentId) -> Result<()> {
    facts.comment = store::comment::by_id(conn, id).await?;
    if let Some(comment) = &facts.comment {
        facts.ticket = ticket(conn, comment.ticket).await?;
    }
    Ok(())
}

async fn changed(conn: &mut Conn, facts: &mut Facts, id: TicketId, change: &ChangeTicket) -> Result<()> {
    facts.ticket = ticket(conn, id).await?;
    facts.assignee = user(conn, change.hand.as_ref().and_then(Hand::assignee)).await?;
    if let Edit::Set(wanted) = &change.edit.category {
        category(conn, facts, wanted.as_ref()).await?;
    }
    if let Some(add) = &change.comment {
        facts.attachments = attachments(conn, &add.attachments).await?;
    }
    if let (Some(_), Some(known)) = (&change.description, &facts.ticket) {
        facts.comment = store::comment::by_id(conn, known.description).await?;
    }
    Ok(())
}

/// The comments that came with a merged ticket, and with those that had been merged into it before.
async fn unmerge(conn: &mut Conn, facts: &mut Facts, id: TicketId) -> Result<()> {
    facts.ticket = ticket(conn, id).await?;
    let Some(into) = facts.ticket.as_ref().and_then(|t| t.merged_into) else { return Ok(()) };
    facts.other = ticket(conn, into).await?;
    let sources = store::ticket::merged_chain(conn, id).await?;
    facts.movable = store::comment::movable(conn, into, &sources).await?;
    Ok(())
}

async fn category_form(
    conn: &mut Conn,
    facts: &mut Facts,
    id: Option<CategoryId>,
    form: &model::category::CategoryForm,
) -> Result<()> {
    let held = store::category::by_key(conn, form.key.trim()).await?;
    if held.is_some_and(|c| Some(c.id) != id) {
        facts.taken.push("key");
    }
    facts.assignee = user(conn, form.auto_assignee).await?;
    let mut next = form.parent;
    while let Some(parent) = next {
        let found = store::category::by_id(conn, parent).await?;
        if found.is_none() || facts.ancestors.len() > 10 {
            break;
        }
        facts.ancestors.push(parent);
        next = found.and_then(|c| c.form.parent);
    }
    Ok(())
}

/// The fields whose values somebody else has. What is malformed is refused later, by name.
async fn taken(conn: &mut Conn, input: &ProfileInput, except: Option<UserId>) -> Result<Vec<&'static str>> {
    match input.check() {
        Ok(profile) => store::people::taken(conn, &profile, except).await,
        Err(_) => Ok(Vec::new()),
    }
}
