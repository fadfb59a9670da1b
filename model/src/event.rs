//! What happened. The event log is the outbox: every reader (subscriptions, history, notifications, deliveries) reads it.
//!
//! An event carries what changed, old and new, so that history needs nothing else. Secrets ride along as `Sealed` and are
//! never serialized.

mod about;

use crate::actor::By;
use crate::attachment::Attachment;
use crate::automation::{QuickReply, QuickReplyForm, Rule, RuleForm, Template, TemplateForm};
use crate::category::{Category, CategoryForm};
use crate::cleanup::{Record, Task};
use crate::comment::{Comment, Visibility};
use crate::id::{
    ApiTokenId, AttachmentId, CategoryId, CommentId, DeviceId, IdentityId, InboundId, NotificationId, QuickReplyId,
    RuleId, Seq, SessionId, SlaConfigId, TemplateId, TicketId, UserId, WebhookId,
};
use crate::mail::EmailConfig;
use crate::notice::{NoticeKind, RuleChange, Written};
use crate::people::{Channel, Identity, Profile, Role, User, UserStatus};
use crate::session::{ApiToken, Sealed, Session, TrustedDevice};
use crate::setting::Shelf;
use crate::sla::{Agreement, EscalationRule, SlaConfig, SlaForm, Target};
use crate::text::{Body, Tag, Title};
use crate::ticket::{Customer, Priority, Resolution, Status, Ticket};
use crate::time::Time;
use crate::webhook::{Webhook, WebhookChanges};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change<T> {
    pub from: T,
    pub to: T,
}

impl<T: PartialEq> Change<T> {
    /// The change from one value to another, or `None` where they are equal.
    pub fn of(from: T, to: T) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }
}

/// The fields of a ticket that are edited as plain values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TicketChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Change<Title>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Change<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Change<Option<CategoryId>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_sla_hours: Option<Change<Option<i64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_due_at: Option<Change<Time>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution_due_at: Option<Change<Time>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Change<Option<Box<Agreement>>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<Change<Option<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Change<Vec<Tag>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_fields: Option<Change<Map<String, Value>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Change<Customer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Change<Option<Time>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub native: Option<Change<Map<String, Value>>>,
}

impl TicketChanges {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The comments that a merge moves (withdrawn ones stay), and how many of them are internal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moved {
    pub comments: Vec<CommentId>,
    pub internal: i64,
}

/// Everything that can happen. The words are stored; they never change once released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    // --- tickets
    TicketOpened {
        ticket: Box<Ticket>,
        description: Box<Comment>,
    },
    TicketEdited {
        ticket: TicketId,
        changes: Box<TicketChanges>,
    },
    StatusChanged {
        ticket: TicketId,
        status: Change<Status>,
        resolution: Change<Resolution>,
        /// Whether it is a reopening.
        reopened: bool,
        reason: Option<String>,
    },
    PriorityChanged {
        ticket: TicketId,
        priority: Change<Priority>,
        response_due_at: Time,
        resolution_due_at: Time,
        /// By which those are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agreement: Option<Box<Agreement>>,
    },
    TicketAssigned {
        ticket: TicketId,
        assignee: Change<Option<UserId>>,
        department: Change<Option<String>>,
        reason: Option<String>,
        /// It was handed on rather than given out; the log before this was known says nothing.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        transfer: bool,
    },
    TicketEscalated {
        ticket: TicketId,
        reason: Option<String>,
        /// It was escalated already.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    TicketRated {
        ticket: TicketId,
        rating: i64,
        comment: Option<String>,
    },
    SlaBreached {
        ticket: TicketId,
        target: Target,
        due_at: Time,
    },
    /// A rule of an SLA configuration fires; what it does to the ticket are events of their own.
    SlaEscalated {
        ticket: TicketId,
        config: SlaConfigId,
        rule: Box<EscalationRule>,
        /// The target that was missed.
        target: Target,
        /// Who is told; nobody, where it only notifies: all administrators.
        told: Vec<UserId>,
    },
    TicketDeleted {
        ticket: TicketId,
    },
    TicketRestored {
        ticket: TicketId,
    },
    /// `ticket` went into `into`, and these of its comments with it; `status` is what it was before.
    TicketMerged {
        ticket: TicketId,
        into: TicketId,
        moved: Moved,
        status: Status,
    },
    TicketUnmerged {
        ticket: TicketId,
        from: TicketId,
        moved: Moved,
        status: Status,
    },
    TicketsViewed {
        views: Vec<(TicketId, i64)>,
    },
    // --- comments
    CommentAdded {
        ticket: TicketId,
        comment: Box<Comment>,
        first_reply: bool,
    },
    CommentEdited {
        ticket: TicketId,
        comment: CommentId,
        visibility: Visibility,
        body: Change<Body>,
    },
    CommentVisibilityChanged {
        ticket: TicketId,
        comment: CommentId,
        visibility: Change<Visibility>,
    },
    CommentWithdrawn {
        ticket: TicketId,
        comment: CommentId,
        visibility: Visibility,
    },
    // --- files
    FileStored {
        attachment: Box<Attachment>,
    },
    FileDiscarded {
        attachment: AttachmentId,
    },
    // --- people
    UserCreated {
        user: Box<User>,
        #[serde(skip)]
        password: Sealed,
    },
    ProfileEdited {
        user: UserId,
        profile: Box<Change<Profile>>,
    },
    RoleChanged {
        user: UserId,
        role: Change<Role>,
    },
    UserStatusChanged {
        user: UserId,
        status: Change<UserStatus>,
    },
    PasswordChanged {
        user: UserId,
        #[serde(skip)]
        password: Sealed,
    },
    IdentityLinked {
        identity: Box<Identity>,
    },
    IdentityUnlinked {
        identity: IdentityId,
        user: UserId,
        channel: Channel,
        external_id: String,
    },
    // --- sessions
    SessionStarted {
        session: Box<Session>,
        #[serde(skip)]
        refresh: Sealed,
    },
    SessionRefreshed {
        session: SessionId,
        user: UserId,
        expires_at: Time,
        #[serde(skip)]
        refresh: Sealed,
    },
    SessionEnded {
        session: SessionId,
        user: UserId,
        reason: String,
    },
    SignInFailed {
        user: UserId,
        /// What was tried, `password` or `password+otp`.
        #[serde(default = "crate::session::by_password")]
        method: String,
        ip: Option<String>,
        user_agent: Option<String>,
    },
    SecondFactorEnabled {
        user: UserId,
        #[serde(skip)]
        secret: Sealed,
        /// SHA-256 of the backup codes, with commas between.
        #[serde(skip)]
        codes: Sealed,
    },
    SecondFactorDisabled {
        user: UserId,
    },
    /// A code was accepted: that of a time step, or else a backup code.
    SecondFactorUsed {
        user: UserId,
        step: Option<i64>,
        #[serde(skip)]
        code: Sealed,
    },
    DeviceTrusted {
        device: Box<TrustedDevice>,
        #[serde(skip)]
        token: Sealed,
    },
    TrustedDeviceUsed {
        device: DeviceId,
        user: UserId,
        ip: Option<String>,
        user_agent: Option<String>,
    },
    TrustedDeviceRevoked {
        device: DeviceId,
        user: UserId,
        reason: String,
    },
    /// The mail with the link is made at its sending; no token is ever stored.
    PasswordResetRequested {
        user: UserId,
    },
    ApiTokenCreated {
        token: Box<ApiToken>,
        #[serde(skip)]
        secret: Sealed,
    },
    ApiTokenRevoked {
        token: ApiTokenId,
        user: UserId,
    },
    // --- the house
    CategoryCreated {
        category: Box<Category>,
    },
    CategoryEdited {
        category: CategoryId,
        form: Box<Change<CategoryForm>>,
    },
    CategoryDeleted {
        category: CategoryId,
        name: String,
    },
    SettingChanged {
        key: String,
        value: Change<Option<Value>>,
        /// As they are afterwards.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(default)]
        public: bool,
        #[serde(default, skip_serializing_if = "Shelf::is_empty")]
        shelf: Shelf,
    },
    /// An administrator or a rule wrote it to one person. It may be about a ticket, and is no part of its history.
    NotificationSent {
        to: UserId,
        kind: NoticeKind,
        ticket: Option<TicketId>,
        written: Box<Written>,
    },
    // --- forgetting
    /// A clean-up began; its place in the log is its number. `due`: when it was, where nobody began it by hand.
    CleanupStarted {
        task: Task,
        due: Option<Time>,
        keep_days: i64,
        before: Time,
    },
    /// The oldest so many records from before an instant.
    RecordsForgotten {
        run: Seq,
        record: Record,
        before: Time,
        gone: i64,
    },
    CleanupFinished {
        run: Seq,
        task: Task,
        /// What was forgotten without the log, and all together.
        beside: i64,
        forgotten: i64,
        error: Option<String>,
    },
    SlaConfigCreated {
        config: Box<SlaConfig>,
    },
    SlaConfigEdited {
        config: SlaConfigId,
        form: Box<Change<SlaForm>>,
    },
    SlaConfigDeleted {
        config: SlaConfigId,
        name: String,
    },
    NotificationsRead {
        user: UserId,
        ids: Vec<NotificationId>,
        all: bool,
    },
    // --- what came in and could not be read
    InboundQuarantined {
        inbound: InboundId,
        channel: Channel,
        why: String,
    },
    InboundSettled {
        inbound: InboundId,
        channel: Channel,
        discarded: bool,
    },
    // --- webhooks
    WebhookCreated {
        webhook: Box<Webhook>,
        #[serde(skip)]
        secret: Sealed,
        #[serde(skip)]
        headers: Sealed,
    },
    WebhookEdited {
        webhook: WebhookId,
        changes: Box<WebhookChanges>,
        #[serde(skip)]
        headers: Sealed,
    },
    WebhookSecretRotated {
        webhook: WebhookId,
        #[serde(skip)]
        secret: Sealed,
    },
    /// It was given up: nobody switched it off.
    WebhookDisabled {
        webhook: WebhookId,
        url: String,
        why: String,
    },
    WebhookDeleted {
        webhook: WebhookId,
        url: String,
    },
    // --- mail, and what people want to be told
    NotificationRulesChanged {
        user: UserId,
        rules: Vec<RuleChange>,
    },
    EmailConfigChanged {
        config: Box<Change<EmailConfig>>,
        /// Whether the password is another one now, or none.
        password_set: bool,
        #[serde(skip)]
        password: Sealed,
    },
    /// A test mail was sent, or not.
    EmailTested {
        ok: bool,
        why: Option<String>,
    },
    // --- automation
    QuickReplyCreated {
        reply: Box<QuickReply>,
    },
    QuickReplyEdited {
        reply: QuickReplyId,
        form: Box<Change<QuickReplyForm>>,
    },
    QuickReplyUsed {
        reply: QuickReplyId,
        /// Whether all staff see it, or else only whoever used it.
        public: bool,
    },
    QuickReplyDeleted {
        reply: QuickReplyId,
        name: String,
        public: bool,
    },
    TemplateCreated {
        template: Box<Template>,
    },
    TemplateEdited {
        template: TemplateId,
        form: Box<Change<TemplateForm>>,
    },
    /// A ticket was opened by it.
    TemplateUsed {
        template: TemplateId,
    },
    TemplateDeleted {
        template: TemplateId,
        name: String,
    },
    RuleCreated {
        rule: Box<Rule>,
    },
    RuleEdited {
        rule: RuleId,
        form: Box<Change<RuleForm>>,
    },
    RuleDeleted {
        rule: RuleId,
        name: String,
    },
}

/// An event in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub seq: Seq,
    pub at: Time,
    pub by: By,
    /// The ticket that it is about, with who may see it, as it stood right after the event.
    pub about: Option<About>,
    pub event: Event,
}

/// Enough of the ticket to decide who may see an event of it, without asking the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    pub ticket: TicketId,
    pub requester: UserId,
    pub assignee: Option<UserId>,
    pub deleted: bool,
}

impl About {
    pub fn of(ticket: &Ticket) -> Self {
        Self {
            ticket: ticket.id,
            requester: ticket.requester,
            assignee: ticket.assignee,
            deleted: ticket.deleted_at.is_some(),
        }
    }
}
