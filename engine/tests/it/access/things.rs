//! Everything that a command or query of the matrix may name.

use super::*;

/// Everything that a command may name, made anew for each cell of the matrix.
pub(super) struct Things {
    pub(super) n: usize,
    pub(super) alice: UserId,
    pub(super) target: UserId,
    pub(super) agent: UserId,
    pub(super) ticket: TicketId,
    pub(super) number: String,
    pub(super) other: TicketId,
    pub(super) resolved: TicketId,
    pub(super) deleted: TicketId,
    pub(super) merged: TicketId,
    pub(super) comment: CommentId,
    pub(super) file: AttachmentId,
    pub(super) upload: AttachmentId,
    pub(super) session: SessionId,
    pub(super) token: ApiTokenId,
    pub(super) identity: IdentityId,
    pub(super) category: CategoryId,
    pub(super) inbound: InboundId,
    pub(super) webhook: WebhookId,
    pub(super) sla: SlaConfigId,
    pub(super) device: DeviceId,
    /// A public one.
    pub(super) reply: QuickReplyId,
    pub(super) template: TemplateId,
    pub(super) rule: RuleId,
}

pub(super) fn profile(n: usize, prefix: &str) -> ProfileInput {
    ProfileInput { username: Some(format!("{prefix}{n}")), ..ProfileInput::default() }
}

pub(super) fn user(n: usize, prefix: &str) -> Box<CreateUser> {
    let password = Sealed(Some("x".into()));
    Box::new(CreateUser { profile: profile(n, prefix), role: Role::User, status: UserStatus::Active, password })
}

pub(super) fn form(n: usize, prefix: &str) -> Box<CategoryForm> {
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

pub(super) fn file() -> StoreFile {
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

pub(super) fn session(user: UserId, n: usize, prefix: &str) -> Box<StartSession> {
    let refresh = Sealed(Some(format!("{prefix}{n}")));
    let token = Sealed(Some(format!("device {prefix}{n}")));
    let remember = Some(TrustDevice { name: None, token });
    let method = "test".into();
    Box::new(StartSession { user, method, ip: None, user_agent: None, refresh, proof: Proof::Nothing, remember })
}

pub(super) fn token(user: UserId, n: usize, prefix: &str) -> CreateApiToken {
    let secret = Sealed(Some(format!("{prefix}{n}")));
    CreateApiToken { user, name: "t".into(), scopes: vec![Scope::Read], expires_at: None, secret }
}

pub(super) fn hook(n: usize, prefix: &str) -> Box<CreateWebhook> {
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

pub(super) fn agreement(n: usize) -> Box<EditSlaConfig> {
    let (response_minutes, resolution_minutes) = (Some(60), Some(480));
    // Only for tickets of a type that no other test has.
    let kind = Edit::Set(Some("matrix".into()));
    let name = Some(format!("sla {n}"));
    Box::new(EditSlaConfig { name, kind, response_minutes, resolution_minutes, ..EditSlaConfig::default() })
}

/// One of their own for the administrator, who may take it away; there may be only so many, and the others only ask.
pub(super) async fn agreed(house: &House, who: usize, n: usize) -> SlaConfigId {
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
pub(super) fn named(n: usize) -> String {
    format!("edited {n}")
}

pub(super) fn quick_reply(name: &str, public: bool) -> QuickReplyInput {
    QuickReplyInput { name: name.into(), content: "c".into(), public, ..QuickReplyInput::default() }
}

pub(super) fn template(name: &str) -> Box<TemplateForm> {
    Box::new(TemplateForm { name: name.into(), active: true, ..TemplateForm::default() })
}

pub(super) fn rule(name: &str) -> Box<RuleInput> {
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

pub(super) fn factor(user: UserId) -> EnableSecondFactor {
    EnableSecondFactor { user, secret: Sealed(Some("x".into())), codes: Sealed(None) }
}

pub(super) fn identity(user: UserId, n: usize, prefix: &str) -> LinkIdentity {
    let external_id = format!("{prefix}{n}");
    LinkIdentity { user, channel: Channel::Discord, external_id, display: None, verified: true, proof: None }
}

impl Things {
    pub(super) async fn make(house: &House, people: &People, who: usize) -> Self {
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
