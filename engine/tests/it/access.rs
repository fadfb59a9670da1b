//! The whole permission matrix: the table against one written out here, and every command and query through the engine.

use crate::house::{House, START, actor, change, each_backend};
use engine::Caller;
use model::access::{Grant, Operation, on_person, on_ticket};
use model::actor::{Member, Scope, Via};
use model::attachment::FileInfo;
use model::automation::reply::QuickReplyInput;
use model::automation::{
    ActionInput, QuickReplyFilter, RuleFilter, RuleInput, RunFilter, TemplateFilter, TemplateForm,
};
use model::category::CategoryForm;
use model::cleanup::{Record, Task};
use model::command::*;
use model::comment::Visibility;
use model::counters::Counters;
use model::decide::{Facts, Scene, decide};
use model::id::*;
use model::mail::EmailConfig;
use model::notice::{NoticeKind, Route, Rule};
use model::people::{Channel, ProfileInput, Role, User, UserStatus};
use model::policy::Policy;
use model::query::{EventFilter, Page, Sort, TicketFilter, UserFilter, UserSort};
use model::session::{Sealed, SignInFilter};
use model::ticket::{Priority, Status};
use model::webhook::{Headers, Topic};
use model::{Actor, Error, Event};
use std::sync::atomic::{AtomicUsize, Ordering};

/// User, agent, supervisor, admin: `-` no, `o` own, `r` wherever the role reaches. From seed 001 "权限说明", seed 003 §2.2 and
/// `dialects.md` 0.7, 0.21, 0.23. An operation without a row doesn't compile.
fn expected(operation: Operation) -> &'static str {
    use Operation::*;
    match operation {
        ReadTicket | OpenTicket | ListTickets | ReadStatistics | ReadEvents | ReadCategories | StoreFile => "rrrr",
        EditTicket | CloseTicket | ReopenTicket | AddComment => "orrr",
        ReadInternal | EditWorkflow | ChangeStatus | SetPriority | AssignTicket | EscalateTicket => "-rrr",
        MergeTicket | AddInternalNote | OpenTicketForOthers | ListStaff => "-rrr",
        WithdrawTicket | RateTicket | EditComment | CreateApiToken | ReadNotifications => "oooo",
        EditNotificationRules => "oooo",
        NoteRating => "orrr",
        DeleteTicket | RestoreTicket => "--rr",
        DiscardTicket => "oorr",
        WithdrawComment => "oorr",
        SetCommentVisibility => "-orr",
        ReadPerson => "orrr",
        EditProfile | SetPassword | ReadSessions | EndSession | RevokeApiToken | UnlinkIdentity => "ooor",
        DisableSecondFactor | RevokeTrustedDevice => "ooor",
        EnableSecondFactor => "oooo",
        ReadAllTickets => "--rr",
        ListPeople | CreateUser | SetRole | SetUserStatus | EditCategories | ReadSettings => "--rr",
        ReadDeliveries | ReadQuarantine | SettleQuarantine => "--rr",
        ReadQuickReplies | UseQuickReply | ReadTemplates | ReadRules => "-rrr",
        WriteQuickReply => "-ooo",
        PublishQuickReply => "--rr",
        ManageTemplates | ManageRules => "---r",
        SendNotification | ReadCleanup | RunCleanup | ReadSystem => "---r",
        ReadSla => "-rrr",
        ReadEmailConfig | ManageEmail | ManageSla => "---r",
        LinkIdentity | ChangeSettings | ReadAudit | ReadWebhooks | ManageWebhooks => "---r",
        Housekeeping => "----",
    }
}

#[test]
fn the_table_is_the_one_written_here() {
    let policy = Policy::default();
    let requester = actor(UserId(1), Role::User);
    let scene = Scene { facts: &Facts::default(), actor: &requester, policy: &policy, now: START };
    let open = Command::OpenTicket(Box::new(OpenTicket::new("t", "d"))).into();
    let decision = decide(&scene, &open, &mut Counters::default()).unwrap();
    let Event::TicketOpened { ticket, .. } = &decision.events[0] else { panic!("no ticket") };
    for operation in Operation::ALL {
        for (role, letter) in Role::ALL.into_iter().zip(expected(operation).chars()) {
            let grant = match letter {
                '-' => Grant::No,
                'o' => Grant::Own,
                _ => Grant::Reach,
            };
            assert_eq!(operation.grant(role), grant, "{operation:?} {role:?}");
            // Oneself, and somebody else.
            for (me, own) in [(UserId(1), true), (UserId(2), false)] {
                let me = actor(me, role);
                let may = letter == 'r' || (letter == 'o' && own);
                assert_eq!(on_person(&me, operation, Some(UserId(1))).is_ok(), may, "{operation:?} {role:?} {own}");
                for assignee in [None, Some(UserId(2)), Some(UserId(3))] {
                    let mut ticket = ticket.clone();
                    ticket.assignee = assignee;
                    let sees = match role {
                        Role::User => own,
                        Role::Agent => own || assignee != Some(UserId(3)),
                        Role::Supervisor | Role::Admin => true,
                    };
                    let told = on_ticket(&me, operation, &ticket);
                    match (sees, may) {
                        (false, _) => assert_eq!(told, Err(Error::not_found("ticket")), "{operation:?} {role:?}"),
                        (true, true) => assert_eq!(told, Ok(()), "{operation:?} {role:?} {own}"),
                        (true, false) => {
                            assert!(matches!(told, Err(Error::Forbidden { .. })), "{operation:?} {role:?} {told:?}");
                        }
                    }
                }
            }
        }
        assert!(matches!(on_ticket(&Actor::Anonymous, operation, ticket), Err(Error::Unauthenticated { .. })));
        assert_eq!(on_ticket(&Actor::System("x"), operation, ticket), Ok(()));
        // A token whose scopes don't cover it may not, one whose scopes do may.
        for scope in Scope::ALL {
            let member =
                Member { id: UserId(1), role: Role::Admin, via: Via::ApiToken(ApiTokenId(1)), scopes: vec![scope] };
            let may = scope == operation.scope() && operation.grant(Role::Admin) != Grant::No;
            assert_eq!(on_person(&Actor::User(member), operation, Some(UserId(1))).is_ok(), may, "{operation:?}");
        }
    }
}

/// Who asks, in the order of the columns below.
const WHO: [&str; 9] = [
    "anonymous",
    "the requester",
    "another user",
    "the assignee",
    "an agent, of nobody's ticket",
    "another agent",
    "a supervisor",
    "an administrator",
    "an administrator's token that may only read",
];

struct People {
    alice: User,
    all: [User; 6],
}

impl People {
    async fn of(house: &House) -> Self {
        let alice = house.person("alice", Role::User).await;
        let all = [
            house.person("mallory", Role::User).await,
            house.person("bob", Role::Agent).await,
            house.person("carol", Role::Agent).await,
            house.person("dave", Role::Agent).await,
            house.person("sue", Role::Supervisor).await,
            house.person("root", Role::Admin).await,
        ];
        Self { alice, all }
    }

    fn actor(&self, who: usize) -> Actor {
        match who {
            0 => Actor::Anonymous,
            1 => actor(self.alice.id, Role::User),
            8 => Actor::User(Member {
                id: self.all[5].id,
                role: Role::Admin,
                via: Via::ApiToken(ApiTokenId(0)),
                scopes: vec![Scope::Read],
            }),
            n => actor(self.all[n - 2].id, self.all[n - 2].role),
        }
    }

    /// Whom the ticket is assigned to when this one asks.
    fn assignee(&self, who: usize) -> Option<UserId> {
        (who != 4).then_some(self.all[1].id)
    }
}

/// Everything that a command may name, made anew for each cell of the matrix.
struct Things {
    n: usize,
    alice: UserId,
    target: UserId,
    agent: UserId,
    ticket: TicketId,
    number: String,
    other: TicketId,
    resolved: TicketId,
    deleted: TicketId,
    merged: TicketId,
    comment: CommentId,
    file: AttachmentId,
    upload: AttachmentId,
    session: SessionId,
    token: ApiTokenId,
    identity: IdentityId,
    category: CategoryId,
    inbound: InboundId,
    webhook: WebhookId,
    sla: SlaConfigId,
    device: DeviceId,
    /// A public one.
    reply: QuickReplyId,
    template: TemplateId,
    rule: RuleId,
}

fn profile(n: usize, prefix: &str) -> ProfileInput {
    ProfileInput { username: Some(format!("{prefix}{n}")), ..ProfileInput::default() }
}

fn user(n: usize, prefix: &str) -> Box<CreateUser> {
    let password = Sealed(Some("x".into()));
    Box::new(CreateUser { profile: profile(n, prefix), role: Role::User, status: UserStatus::Active, password })
}

fn form(n: usize, prefix: &str) -> Box<CategoryForm> {
    Box::new(CategoryForm {
        key: format!("{prefix}{n}"),
        name: "name".into(),
        description: None,
        color: None,
        icon: None,
        parent: None,
        sla_hours: None,
        auto_assignee: None,
        active: true,
        sort_order: 0,
    })
}

fn file() -> StoreFile {
    let sha256 = "0".repeat(64);
    let content_type = "text/plain".into();
    StoreFile::new(FileInfo {
        sha256,
        filename: "a.txt".into(),
        content_type,
        size: 1,
        content_id: None,
        inline: false,
    })
}

fn session(user: UserId, n: usize, prefix: &str) -> Box<StartSession> {
    let refresh = Sealed(Some(format!("{prefix}{n}")));
    let token = Sealed(Some(format!("device {prefix}{n}")));
    let remember = Some(TrustDevice { name: None, token });
    let method = "test".into();
    Box::new(StartSession { user, method, ip: None, user_agent: None, refresh, proof: Proof::Nothing, remember })
}

fn token(user: UserId, n: usize, prefix: &str) -> CreateApiToken {
    let secret = Sealed(Some(format!("{prefix}{n}")));
    CreateApiToken { user, name: "t".into(), scopes: vec![Scope::Read], expires_at: None, secret }
}

fn hook(n: usize, prefix: &str) -> Box<CreateWebhook> {
    Box::new(CreateWebhook {
        url: format!("https://{prefix}{n}.example/"),
        events: vec![Topic::Created],
        active: true,
        headers: Headers::default(),
        sealed_headers: Sealed(None),
        description: None,
        secret: Sealed(Some("x".into())),
    })
}

fn agreement(n: usize) -> Box<EditSlaConfig> {
    let (response_minutes, resolution_minutes) = (Some(60), Some(480));
    // Only for tickets of a type that no other test has.
    let kind = Edit::Set(Some("matrix".into()));
    let name = Some(format!("sla {n}"));
    Box::new(EditSlaConfig { name, kind, response_minutes, resolution_minutes, ..EditSlaConfig::default() })
}

/// One of their own for the administrator, who may take it away; there may be only so many, and the others only ask.
async fn agreed(house: &House, who: usize, n: usize) -> SlaConfigId {
    let known = house.engine.sla_configs(&Actor::System("test")).await.unwrap();
    // Another for each: one of those who ask at the same time deletes theirs.
    match known.get(n % known.len().max(1)) {
        Some(other) if who != 7 || known.len() > 80 => other.id,
        _ => {
            let made = house.system(Command::CreateSlaConfig(agreement(n))).await.subject;
            let engine::Subject::SlaConfig(id) = made else { panic!() };
            id
        }
    }
}

/// Another name.
fn named(n: usize) -> String {
    format!("edited {n}")
}

fn quick_reply(name: &str, public: bool) -> QuickReplyInput {
    QuickReplyInput { name: name.into(), content: "c".into(), public, ..QuickReplyInput::default() }
}

fn template(name: &str) -> Box<TemplateForm> {
    Box::new(TemplateForm { name: name.into(), active: true, ..TemplateForm::default() })
}

fn rule(name: &str) -> Box<RuleInput> {
    let params = [("priority".to_owned(), "high".into())].into_iter().collect();
    Box::new(RuleInput {
        name: name.into(),
        kind: "sla".into(),
        // It must not act in a test of something else.
        active: false,
        priority: 1,
        trigger: "ticket.created".into(),
        actions: vec![ActionInput { kind: "set_priority".into(), params }],
        ..RuleInput::default()
    })
}

fn factor(user: UserId) -> EnableSecondFactor {
    EnableSecondFactor { user, secret: Sealed(Some("x".into())), codes: Sealed(None) }
}

fn identity(user: UserId, n: usize, prefix: &str) -> LinkIdentity {
    let external_id = format!("{prefix}{n}");
    LinkIdentity { user, channel: Channel::Discord, external_id, display: None, verified: true, proof: None }
}

impl Things {
    async fn make(house: &House, people: &People, who: usize) -> Self {
        static N: AtomicUsize = AtomicUsize::new(0);
        let n = N.fetch_add(1, Ordering::Relaxed);
        let alice = people.alice.id;
        // The oldest clients' numbers are distinct for a thousand tickets a millisecond.
        house.clock.advance(1);
        let by = Caller::new(actor(alice, Role::User));
        let assignee = people.assignee(who);
        let open = async |status: Option<Status>| {
            let ticket = house.ticket(&by, "matrix").await;
            house.assign(ticket.id, assignee).await;
            house.status(ticket.id, Status::InProgress).await;
            if let Some(status) = status {
                house.status(ticket.id, status).await;
            }
            ticket
        };
        let ticket = open(None).await;
        let other = open(None).await.id;
        let resolved = open(Some(Status::Resolved)).await.id;
        let deleted = open(None).await.id;
        house.system(Command::DeleteTicket(deleted)).await;
        let merged = open(None).await.id;
        house.system(Command::MergeTicket { ticket: merged, into: other }).await;
        let upload = house.engine.upload(&by, "a.txt", None, n.to_string().as_bytes()).await.unwrap().id;
        let file = house.engine.upload(&by, "b.txt", None, format!("b{n}").as_bytes()).await.unwrap().id;
        let add = AddComment { attachments: vec![file], ..AddComment::public("alice's") };
        let comment = house.engine.add_comment(&by, ticket.id, add).await.unwrap().id;
        let one = async |command| house.system(command).await.subject;
        use engine::Subject::*;
        let User(target) = one(Command::CreateUser(user(n, "target"))).await else { panic!() };
        let started = house.system(Command::StartSession(session(alice, n, "s"))).await;
        let device = started.events.iter().find_map(|r| match &r.event {
            Event::DeviceTrusted { device, .. } => Some(device.id),
            _ => None,
        });
        let (Session(session), Some(device)) = (started.subject, device) else { panic!() };
        one(Command::EnableSecondFactor(factor(target))).await;
        let ApiToken(token) = one(Command::CreateApiToken(token(alice, n, "t"))).await else { panic!() };
        let Identity(identity) = one(Command::LinkIdentity(identity(alice, n, "i"))).await else { panic!() };
        let Category(category) = one(Command::CreateCategory(form(n, "c"))).await else { panic!() };
        let inbound = house.engine.store_inbound(Channel::Email, b"raw".to_vec(), None).await.unwrap();
        house.engine.quarantine(inbound, "bad").await.unwrap();
        let Webhook(webhook) = one(Command::CreateWebhook(hook(n, "kept"))).await else { panic!() };
        let sla = agreed(house, who, n).await;
        let QuickReply(reply) = one(Command::CreateQuickReply(Box::new(quick_reply("kept", true)))).await else {
            panic!()
        };
        let Template(template) = one(Command::CreateTemplate(template("kept"))).await else { panic!() };
        let Rule(rule) = one(Command::CreateRule(rule("kept"))).await else { panic!() };
        let (number, agent, ticket) = (ticket.numbers.yearly, people.all[1].id, ticket.id);
        Self {
            n,
            alice,
            target,
            agent,
            ticket,
            number,
            other,
            resolved,
            deleted,
            merged,
            comment,
            file,
            upload,
            session,
            token,
            identity,
            category,
            inbound,
            webhook,
            sla,
            device,
            reply,
            template,
            rule,
        }
    }
}

macro_rules! rows {
    ($t:ident; $($pattern:pat => $expected:literal, $sample:expr;)+) => {
        /// A new command without a row doesn't compile.
        fn answers(command: &Command) -> &'static str {
            match command { $($pattern => $expected),+ }
        }
        fn samples() -> Vec<fn(&Things) -> Command> {
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

fn letter<T>(answer: &Result<T, Error>) -> char {
    match answer {
        Ok(_) => 'O',
        Err(Error::Forbidden { .. }) => 'F',
        Err(Error::NotFound { .. }) => 'N',
        Err(Error::Unauthenticated { .. }) => 'U',
        Err(_) => '?',
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_answers_everyone_as_written() {
    each_backend(|house| async move {
        let people = People::of(&house).await;
        let mut wrong = Vec::new();
        // Several rows at once: what they write shares transactions.
        for some in samples().chunks(12) {
            let all = some.iter().flat_map(|sample| (0..WHO.len()).map(move |who| (*sample, who)));
            let cells = all.map(async |(sample, who)| {
                let things = Things::make(&house, &people, who).await;
                let command = sample(&things);
                let answer = house.engine.execute(&Caller::new(people.actor(who)), command.clone()).await;
                (who, command, answer)
            });
            for (who, command, answer) in futures_util::future::join_all(cells).await {
                let want = answers(&command).chars().nth(who).unwrap();
                if letter(&answer) != want {
                    let answer = answer.map(|o| o.subject);
                    wrong.push(format!("{command:?} by {}: {want} expected, got {answer:?}", WHO[who]));
                }
            }
            // There may be only so many of these.
            let (system, test) = (Caller::system("test"), Actor::System("test"));
            for rule in house.engine.rules(&test, &RuleFilter::default()).await.unwrap() {
                house.engine.delete_rule(&system, rule.id).await.unwrap();
            }
            for template in house.engine.templates(&test, &TemplateFilter::default()).await.unwrap() {
                house.engine.delete_template(&system, template.id).await.unwrap();
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        house.engine.close().await;
    })
    .await;
}

/// What queries answer; an empty list counts as not found.
const QUERIES: &[(&str, &str)] = &[
    ("me", "UOOOOOOOO"),
    ("ticket", "UONOONOOO"),
    ("ticket_by_number", "UONOONOOO"),
    ("ticket_by_no_number", "UNNNNNNNN"),
    ("deleted ticket", "UNNNNNNOO"),
    ("tickets_by_ids", "NONOONOOO"),
    ("tickets", "UONOONOOO"),
    ("deleted tickets", "UFFFFFFOO"),
    ("count_tickets", "UONOONOOO"),
    ("comments", "UONOONOOO"),
    ("comments_of_tickets", "NONOONOOO"),
    ("comments_by_ids", "NONOONOOO"),
    ("comment_versions", "NONOONOOO"),
    ("history", "UONOONOOO"),
    ("users", "UFFFFFOOO"),
    ("users who are staff", "UFFOOOOOO"),
    ("count_users", "UFFFFFOOO"),
    ("users_by_ids", "UOOOOOOOO"),
    ("categories", "UOOOOOOOO"),
    ("tags", "UFFOOOOOO"),
    ("settings", "UFFFFFOOO"),
    ("configs", "UFFFFFOOO"),
    ("accounts_numbered", "UFFFFFOOO"),
    ("account", "UFFFFFOOO"),
    ("audit_numbered", "UFFFFFFOO"),
    ("notifications_numbered", "UOOOOOOOO"),
    ("deliveries", "UFFFFFOOO"),
    ("inbound", "UFFFFFOOO"),
    ("inbound_by_id", "UFFFFFOOO"),
    ("inbound_raw", "UFFFFFOOO"),
    ("inbound_head", "UFFFFFOOO"),
    ("notifications", "UOOOOOOOO"),
    ("unread_count", "UOOOOOOOO"),
    ("sessions", "UONNNNNOO"),
    ("api_tokens", "UONNNNNOO"),
    ("second_factor", "UONNNNNOO"),
    ("trusted_devices", "UONNNNNOO"),
    ("sign_ins", "UONNNNNOO"),
    ("identities", "UONOOOOOO"),
    ("statistics", "UOOOOOOOO"),
    ("own_statistics", "UOOOOOOOO"),
    ("report", "UFFFFFOOO"),
    ("detail", "UONOONOOO"),
    ("deleted detail", "UNNNNNNNN"),
    ("tickets_numbered", "UONOONOOO"),
    ("tickets of somebody by name", "UOFFFFOOO"),
    ("comments_numbered", "UONOONOOO"),
    ("whole", "UONOONOOO"),
    ("deleted whole", "UNNNNNNNN"),
    ("descriptions", "NONOONOOO"),
    ("history_numbered", "UONOONOOO"),
    ("desk_figures", "UOOOOOOOO"),
    ("events", "UOOOOOOOO"),
    ("notification_stream", "UOOOOOOOO"),
    ("attachment", "UONOONOOO"),
    ("files_of_ticket", "UONOONOOO"),
    ("files_numbered", "UONOONOOO"),
    ("download", "UONOONOOO"),
    ("webhooks", "UFFFFFFOO"),
    ("webhook", "UFFFFFFOO"),
    ("webhook_deliveries", "UFFFFFFOO"),
    ("delivery_attempts", "UFFFFFOOO"),
    ("preferences", "UOOOOOOOO"),
    ("email_settings", "UFFFFFFOO"),
    ("quick_replies", "UFFOOOOOO"),
    ("quick_reply", "UFFOOOOOO"),
    ("templates", "UFFOOOOOO"),
    ("template", "UFFOOOOOO"),
    ("rules", "UFFOOOOOO"),
    ("rule", "UFFOOOOOO"),
    ("rule_figures", "UFFOOOOOO"),
    ("rule_runs", "UFFOOOOOO"),
    ("cleanup_runs", "UFFFFFFOO"),
    ("cleanup_figures", "UFFFFFFOO"),
    ("cleanup_config", "UFFFFFFOO"),
    ("system_figures", "UFFFFFFOO"),
    ("may_read_figures", "UFFFFFFOO"),
    ("own_figures", "UOOOOOOOO"),
    ("security_policy", "UFFFFFOOO"),
    ("remembered", "UFFFFFOOO"),
    ("read_anew", "UFFFFFFOF"),
    ("sla_configs", "UFFOOOOOO"),
    ("sla_config", "UFFOOOOOO"),
];

fn some<T>(list: Vec<T>) -> Result<(), Error> {
    if list.is_empty() { Err(Error::not_found("any")) } else { Ok(()) }
}

async fn query(name: &str, e: &engine::Engine, a: &Actor, t: &Things) -> Result<(), Error> {
    let mine = TicketFilter { ids: vec![t.ticket], ..TicketFilter::default() };
    let gone = TicketFilter { ids: vec![t.deleted], deleted: true, ..TicketFilter::default() };
    let page = Page::first(10);
    let part = engine::Part::oldest(true, 10);
    let numbers = engine::Numbers { skip: 0, limit: 10 };
    let staff = UserFilter { role: vec![Role::Agent], ..UserFilter::default() };
    match name {
        "me" => e.me(a).await.map(drop),
        "ticket" => e.ticket(a, t.ticket).await.map(drop),
        "ticket_by_number" => e.ticket_by_number(a, &t.number).await.map(drop),
        "ticket_by_no_number" => e.ticket_by_number(a, "nothing").await.map(drop),
        "deleted ticket" => e.ticket(a, t.deleted).await.map(drop),
        "tickets_by_ids" => some(e.tickets_by_ids(a, &[t.ticket]).await?),
        "tickets" => some(e.tickets(a, &mine, Sort::default(), &page).await?.items),
        "deleted tickets" => some(e.tickets(a, &gone, Sort::default(), &page).await?.items),
        "count_tickets" => some(vec![(); e.count_tickets(a, &mine).await? as usize]),
        "comments" => some(e.comments(a, t.ticket, part).await?),
        "comments_of_tickets" => some(e.comments_of_tickets(a, &[t.ticket], 5).await?),
        "comments_by_ids" => some(e.comments_by_ids(a, &[t.comment]).await?),
        "comment_versions" => e.comment_versions(a, t.comment).await.map(drop),
        "history" => some(e.history(a, t.ticket, None, 10).await?),
        "users" => some(e.users(a, &UserFilter::default(), &page).await?.items),
        "users who are staff" => some(e.users(a, &staff, &page).await?.items),
        "count_users" => e.count_users(a, &UserFilter::default()).await.map(drop),
        "users_by_ids" => some(e.users_by_ids(a, &[t.alice]).await?),
        "categories" => e.categories(a).await.map(drop),
        "tags" => e.tags(a, 10).await.map(drop),
        "settings" => e.settings(a).await.map(drop),
        "configs" => e.configs(a).await.map(drop),
        "cleanup_runs" => e.cleanup_runs(a, None, 5).await.map(drop),
        "cleanup_figures" => e.cleanup_figures(a).await.map(drop),
        "cleanup_config" => e.cleanup_config(a).map(drop),
        "may_read_figures" => e.may_read_figures(a),
        "system_figures" => e.system_figures(a, None).await.map(drop),
        "own_figures" => e.own_figures(a).await.map(drop),
        "security_policy" => e.security_policy(a).map(drop),
        "remembered" => e.remembered(a).map(drop),
        "read_anew" => e.read_anew(a).await.map(drop),
        "accounts_numbered" => {
            some(e.accounts_numbered(a, &UserFilter::default(), UserSort::default(), numbers).await?.items)
        }
        "account" => e.account(a, t.alice).await.map(drop),
        "audit_numbered" => e.audit_numbered(a, engine::AuditFilter::default(), numbers).await.map(drop),
        "notifications_numbered" => e.notifications_numbered(a, None, numbers).await.map(drop),
        "deliveries" => e.deliveries(a, None, None, &page).await.map(drop),
        "inbound" => some(e.inbound(a, None, &page).await?.items),
        "inbound_by_id" => e.inbound_by_id(a, t.inbound).await.map(drop),
        "inbound_head" => e.inbound_head(a, t.inbound, 10).await.map(drop),
        "inbound_raw" => e.inbound_raw(a, t.inbound).await.map(drop),
        "notifications" => e.notifications(a, None, &page).await.map(drop),
        "unread_count" => e.unread_count(a).await.map(drop),
        "sessions" => some(e.sessions(a, t.alice).await?),
        "api_tokens" => some(e.api_tokens(a, t.alice).await?),
        "second_factor" => e.second_factor(a, t.alice).await.map(drop),
        "trusted_devices" => some(e.trusted_devices(a, t.alice).await?),
        "sign_ins" => some(e.sign_ins(a, t.alice, &SignInFilter::default(), numbers).await?.items),
        "identities" => some(e.identities(a, &[t.alice]).await?),
        "statistics" => e.statistics(a, engine::StatisticsQuery::default()).await.map(drop),
        "own_statistics" => e.own_statistics(a).await.map(drop),
        "report" => {
            e.report(a, engine::ReportQuery { from_day: 0, to_day: 1, by: engine::ReportBy::Assignee }).await.map(drop)
        }
        "detail" => e.detail(a, t.ticket).await.map(drop),
        "deleted detail" => e.detail(a, t.deleted).await.map(drop),
        "tickets_numbered" => some(e.tickets_numbered(a, &mine, Sort::default(), numbers).await?.items),
        "tickets of somebody by name" => {
            let filter = TicketFilter { creator: Some(t.alice), ..TicketFilter::default() };
            e.tickets_numbered(a, &filter, Sort::default(), numbers).await.map(drop)
        }
        "comments_numbered" => {
            let query = engine::CommentQuery { internal: true, newest_first: true, part: numbers };
            some(e.comments_numbered(a, t.ticket, query).await?.items)
        }
        "whole" => e.whole(a, t.ticket, 10).await.map(drop),
        "deleted whole" => e.whole(a, t.deleted, 10).await.map(drop),
        "descriptions" => {
            let known = e.tickets_by_ids(&Actor::System("test"), &[t.ticket]).await?;
            some(e.descriptions(a, &known).await?)
        }
        "history_numbered" => some(e.history_numbered(a, t.ticket, numbers, |_| true).await?.items),
        "desk_figures" => e.desk_figures(a, None).await.map(drop),
        "events" => e.events(a, None, EventFilter::default()).await.map(drop),
        "notification_stream" => e.notification_stream(a).await.map(drop),
        "files_numbered" => e.files_numbered(a, t.ticket, numbers).await.map(drop),
        "files_of_ticket" => e.files_of_ticket(a, t.ticket).await.map(drop),
        "attachment" => e.attachment(a, t.file).await.map(drop),
        "download" => e.download(a, t.file).await.map(drop),
        "webhooks" => e.webhooks(a).await.map(drop),
        "webhook" => e.webhook(a, t.webhook).await.map(drop),
        "webhook_deliveries" => e.webhook_deliveries(a, t.webhook, None, &page).await.map(drop),
        "preferences" => e.preferences(a).await.map(drop),
        "email_settings" => e.email_settings(a).await.map(drop),
        "sla_configs" => e.sla_configs(a).await.map(drop),
        "sla_config" => e.sla_config(a, t.sla).await.map(drop),
        "delivery_attempts" => e.delivery_attempts(a, &[DeliveryId(1)]).await.map(drop),
        "quick_replies" => some(e.quick_replies(a, QuickReplyFilter::default(), &page).await?.items),
        "quick_reply" => e.quick_reply(a, t.reply).await.map(drop),
        "templates" => some(e.templates(a, &TemplateFilter::default()).await?),
        "template" => e.template(a, t.template).await.map(drop),
        "rules" => some(e.rules(a, &RuleFilter::default()).await?),
        "rule" => e.rule(a, t.rule).await.map(drop),
        "rule_figures" => e.rule_figures(a, &[t.rule]).await.map(drop),
        "rule_runs" => e.rule_runs(a, RunFilter::default(), &page).await.map(drop),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_answers_everyone_as_written() {
    each_backend(|house| async move {
        let people = People::of(&house).await;
        let mut wrong = Vec::new();
        for (who, person) in WHO.into_iter().enumerate() {
            let things = Things::make(&house, &people, who).await;
            for (name, want) in QUERIES {
                let answer = query(name, &house.engine, &people.actor(who), &things).await;
                if letter(&answer) != want.chars().nth(who).unwrap() {
                    wrong.push(format!("{name} by {person}: {want} expected, got {answer:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        house.engine.close().await;
    })
    .await;
}
