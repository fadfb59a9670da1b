//! What every command answers to everyone, and one of each to try.

use super::things::*;
use super::*;

macro_rules! rows {
    ($t:ident; $($pattern:pat => $expected:literal, $sample:expr;)+) => {
        /// A new command without a row doesn't compile.
        pub(super) fn answers(command: &Command) -> &'static str {
            match command { $($pattern => $expected),+ }
        }
        pub(super) fn samples() -> Vec<fn(&Things) -> Command> {
            vec![$(|$t: &Things| { let _ = $t.n; $sample }),+]
        }
    };
}

// Ok, Forbidden, Not found, Unauthenticated.
rows! { t;
    Command::OpenTicket(_) => "UOOOOOOOF", Command::OpenTicket(Box::new(OpenTicket::new(format!("t{}", t.n), "d")));
    Command::EditTicket(..) => "UONOONOOF",
        Command::EditTicket(t.ticket, Box::new(EditTicket { title: Some("new".into()), ..EditTicket::default() }));
    Command::ChangeStatus(..) => "UFNOONOOF", Command::ChangeStatus(t.ticket, change(Status::Pending));
    Command::CloseTicket(..) => "UONOONOOF", Command::CloseTicket(t.resolved, "done".into());
    Command::ReopenTicket(..) => "UONOONOOF", Command::ReopenTicket(t.resolved, "again".into());
    Command::WithdrawTicket(..) => "UONFFNFFF", Command::WithdrawTicket(t.ticket, None);
    Command::SetPriority(..) => "UFNOONOOF", Command::SetPriority(t.ticket, Priority::High);
    Command::WriteStatus(..) => "UFNOONOOF",
        Command::WriteStatus(t.ticket, WriteStatus { status: Status::Pending, alike: &[], reopened: None, reason: None });
    Command::WritePriority(..) => "UFNOONOOF",
        Command::WritePriority(t.ticket, WritePriority { priority: Priority::Low, alike: &[] });
    Command::AssignTicket(..) => "UFNOONOOF", Command::AssignTicket(t.ticket, AssignTicket { assignee: Some(t.agent), department: Edit::Set(Some("d".into())), reason: None });
    Command::EscalateTicket(..) => "UFNOONOOF", Command::EscalateTicket(t.ticket, EscalateTicket::default());
    Command::RateTicket(..) => "UONFFNFFF", Command::RateTicket(t.resolved, 5, None);
    // Edited, moved and commented on at once: who may not do one of them does none. Owners may edit.
    Command::ChangeTicket(..) => "UFNOONOOF", Command::ChangeTicket(t.ticket, Box::new(ChangeTicket {
        comment: Some(AddComment::public("done")),
        edit: EditTicket { title: Some("new".into()), ..EditTicket::default() },
        status: Some(WriteStatus { status: Status::Pending, alike: &[], reopened: None, reason: None }),
        ..ChangeTicket::default()
    }));
    Command::DiscardTicket(_) => "UONFFNOOF", Command::DiscardTicket(t.ticket);
    Command::DeleteTicket(_) => "UFNFFNOOF", Command::DeleteTicket(t.ticket);
    Command::RestoreTicket(_) => "UNNNNNOOF", Command::RestoreTicket(t.deleted);
    Command::MergeTicket { .. } => "UFNOONOOF", Command::MergeTicket { ticket: t.ticket, into: t.other };
    Command::UnmergeTicket(_) => "UFNOONOOF", Command::UnmergeTicket(t.merged);
    Command::CountViews(_) => "UFFFFFFFF", Command::CountViews(vec![(t.ticket, 1)]);
    Command::FireTimers(_) => "UFFFFFFFF", Command::FireTimers(t.ticket);
    Command::AddComment(..) => "UONOONOOF", Command::AddComment(t.ticket, Box::new(AddComment::public("hello")));
    Command::EditComment(..) => "UONFFNFFF", Command::EditComment(t.comment, "edited".into());
    Command::SetCommentVisibility(..) => "UFNFFNOOF", Command::SetCommentVisibility(t.comment, Visibility::Internal);
    Command::WithdrawComment(_) => "UONFFNOOF", Command::WithdrawComment(t.comment);
    Command::StoreFile(_) => "UOOOOOOOF", Command::StoreFile(file());
    Command::DiscardFile(_) => "UONNNNNNN", Command::DiscardFile(t.upload);
    Command::CreateUser(_) => "UFFFFFOOF", Command::CreateUser(user(t.n, "created"));
    Command::Register(_) => "OOOOOOOOO", Command::Register(user(t.n, "registered"));
    Command::MakeContact(_) => "UFFFFFFFF",
        Command::MakeContact(MakeContact { channel: Channel::Email, external_id: "x".into(), display: None, email: None });
    Command::EditProfile(..) => "UONFFFFOF", Command::EditProfile(t.alice, Box::new(ProfileInput { phone: Some(t.n.to_string()), ..ProfileInput::default() }));
    Command::SetRole(..) => "UNNFFFOOF", Command::SetRole(t.target, Role::Agent);
    Command::SetUserStatus(..) => "UNNFFFOOF", Command::SetUserStatus(t.target, UserStatus::Suspended);
    Command::SetPassword(..) => "UONFFFFOF", Command::SetPassword(t.alice, Sealed(Some("y".into())));
    Command::EditAccount(..) => "UNNFFFOOF", Command::EditAccount(t.target, Box::new(EditAccount { role: Some(Role::Agent), status: Some(UserStatus::Suspended), ..EditAccount::default() }));
    Command::LinkIdentity(_) => "UFFFFFFOF", Command::LinkIdentity(identity(t.target, t.n, "linked"));
    Command::UnlinkIdentity(_) => "UONNNNNON", Command::UnlinkIdentity(t.identity);
    Command::StartSession(_) => "UFFFFFFFF", Command::StartSession(session(t.alice, t.n, "started"));
    Command::RefreshSession(_) => "UFFFFFFFF",
        Command::RefreshSession(RefreshSession { session: t.session, presented: format!("s{}", t.n), refresh: Sealed(None) });
    Command::EndSession(..) => "UONNNNNON", Command::EndSession(t.session, "bye".into());
    Command::EndSessions { .. } => "UONNNNNON", Command::EndSessions { user: t.alice, except: None, reason: "bye".into() };
    Command::NoteFailedSignIn { .. } => "UFFFFFFFF", Command::NoteFailedSignIn { user: t.alice, method: "password", ip: None, user_agent: None };
    Command::CreateApiToken(_) => "UONNNNNNN", Command::CreateApiToken(token(t.alice, t.n, "made"));
    Command::RevokeApiToken(_) => "UONNNNNON", Command::RevokeApiToken(t.token);
    // Of somebody else, who has one: nobody sets up another's, and only an administrator switches it off.
    Command::EnableSecondFactor(_) => "UNNNNNNNN", Command::EnableSecondFactor(factor(t.target));
    Command::DisableSecondFactor(_) => "UNNNNNNON", Command::DisableSecondFactor(t.target);
    Command::RevokeTrustedDevice(_) => "UONNNNNON", Command::RevokeTrustedDevice(t.device);
    Command::RequestPasswordReset(_) => "UFFFFFFFF", Command::RequestPasswordReset("alice".into());
    Command::ResetPassword(_) => "UFFFFFFFF",
        Command::ResetPassword(ResetPassword { user: t.alice, print: String::new(), password: Sealed(Some("z".into())) });
    Command::CreateCategory(_) => "UFFFFFOOF", Command::CreateCategory(form(t.n, "made"));
    Command::EditCategory(..) => "UFFFFFOOF", Command::EditCategory(t.category, Box::new(EditCategory { name: Some(named(t.n)), ..EditCategory::default() }));
    Command::DeleteCategory(_) => "UFFFFFOOF", Command::DeleteCategory(t.category);
    Command::ChangeSetting(_) => "UFFFFFFOF", Command::ChangeSetting(Box::new(ChangeSetting { key: "a.b".into(), value: Edit::Set(Some(t.n.into())), ..ChangeSetting::default() }));
    Command::ChangeSettings(_) => "UFFFFFFOF", Command::ChangeSettings(vec![ChangeSetting { key: "a.c".into(), value: Edit::Set(Some(t.n.into())), ..ChangeSetting::default() }]);
    Command::SendNotification(_) => "UFFFFFFOF", Command::SendNotification(Box::new(SendNotification {
        to: t.alice, kind: NoticeKind::SystemAlert, ticket: Some(t.ticket), title: "t".into(), content: "c".into(), priority: Priority::Low, action_url: None,
    }));
    Command::StartCleanup(_) => "UFFFFFFOF", Command::StartCleanup(StartCleanup { task: Task::LoginHistory, due: None });
    Command::ForgetRecords { .. } => "UFFFFFFFF", Command::ForgetRecords { run: Seq(1), record: Record::Session, most: 1 };
    Command::FinishCleanup { .. } => "UFFFFFFFF", Command::FinishCleanup { run: Seq(1), beside: 0, error: None };
    Command::MarkNotificationsRead { .. } => "UOOOOOOOO", Command::MarkNotificationsRead { ids: Vec::new(), all: true };
    Command::QuarantineInbound { .. } => "UFFFFFFFF", Command::QuarantineInbound { inbound: t.inbound, why: "x".into() };
    Command::SettleInbound { .. } => "UFFFFFOOF", Command::SettleInbound { inbound: t.inbound, discard: true };
    Command::CreateWebhook(_) => "UFFFFFFOF", Command::CreateWebhook(hook(t.n, "made"));
    Command::EditWebhook(..) => "UFFFFFFOF", Command::EditWebhook(t.webhook, Box::new(EditWebhook { active: Some(false), ..EditWebhook::default() }));
    Command::RotateWebhookSecret(..) => "UFFFFFFOF", Command::RotateWebhookSecret(t.webhook, Sealed(Some("y".into())));
    Command::DisableWebhook(..) => "UFFFFFFFF", Command::DisableWebhook(t.webhook, "x".into());
    Command::DeleteWebhook(_) => "UFFFFFFOF", Command::DeleteWebhook(t.webhook);
    Command::SetNotificationRules(..) => "UONNNNNNN",
        Command::SetNotificationRules(t.alice, vec![Rule { kind: NoticeKind::TicketClosed, route: Route::Email, enabled: t.n.is_multiple_of(2) }]);
    Command::SetEmailConfig(_) => "UFFFFFFOF",
        Command::SetEmailConfig(Box::new(SetEmailConfig { config: EmailConfig { port: Some(25), ..EmailConfig::default() }, password: Edit::Keep }));
    Command::CreateSlaConfig(_) => "UFFFFFFOF", Command::CreateSlaConfig(agreement(t.n));
    Command::EditSlaConfig(..) => "UFFFFFFOF", Command::EditSlaConfig(t.sla, agreement(t.n + 1_000_000));
    Command::DeleteSlaConfig(_) => "UFFFFFFOF", Command::DeleteSlaConfig(t.sla);
    Command::NoteEmailTest { .. } => "UFFFFFFOF", Command::NoteEmailTest { ok: true, why: None };
    Command::CreateQuickReply(_) => "UFFOOOOOF", Command::CreateQuickReply(Box::new(quick_reply("own", false)));
    Command::EditQuickReply(..) => "UFFFFFOOF", Command::EditQuickReply(t.reply, Box::new(EditQuickReply { name: Some(named(t.n)), ..EditQuickReply::default() }));
    Command::UseQuickReply(_) => "UFFOOOOOF", Command::UseQuickReply(t.reply);
    Command::DeleteQuickReply(_) => "UFFFFFOOF", Command::DeleteQuickReply(t.reply);
    Command::CreateTemplate(_) => "UFFFFFFOF", Command::CreateTemplate(template("made"));
    Command::EditTemplate(..) => "UFFFFFFOF", Command::EditTemplate(t.template, Box::new(EditTemplate { name: Some(named(t.n)), ..EditTemplate::default() }));
    Command::DeleteTemplate(_) => "UFFFFFFOF", Command::DeleteTemplate(t.template);
    Command::CreateRule(_) => "UFFFFFFOF", Command::CreateRule(rule("made"));
    Command::EditRule(..) => "UFFFFFFOF", Command::EditRule(t.rule, Box::new(EditRule { name: Some(named(t.n)), ..EditRule::default() }));
    Command::DeleteRule(_) => "UFFFFFFOF", Command::DeleteRule(t.rule);
}
