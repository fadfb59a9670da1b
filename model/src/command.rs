//! What can be asked for: one struct per command, and who sent it from where.
//!
//! Commands carry raw input; `decide` checks it. The same verb runs through every layer: `openTicket`, `OpenTicket`,
//! `TicketOpened`, `open_ticket`.

mod change;
mod edit;

pub use change::{ChangeTicket, Hand, Kinds, Rating, WriteKind};
pub use edit::{Edit, EditCategory, EditQuickReply, EditRule, EditSlaConfig, EditTemplate};

use crate::actor::Scope;
use crate::attachment::{FileInfo, Picture, Purpose};
use crate::automation::reply::QuickReplyInput;
use crate::automation::{RuleInput, TemplateForm, UseTemplate};
use crate::category::CategoryForm;
use crate::cleanup::{Record, Task};
use crate::comment::Visibility;
use crate::id::{
    ApiTokenId, AttachmentId, CategoryId, CommentId, DeviceId, IdentityId, InboundId, NotificationId, QuickReplyId,
    RuleId, Seq, SessionId, SlaConfigId, TemplateId, TicketId, UserId, WebhookId,
};
use crate::mail::EmailConfig;
use crate::notice::{NoticeKind, Rule};
use crate::people::{Channel, ProfileInput, Role, UserStatus};
use crate::session::Sealed;
use crate::setting::Kind;
use crate::text::Email;
use crate::ticket::{Priority, Resolution, Source, Status};
use crate::time::Time;
use crate::webhook::{Headers, Topic};
use serde_json::{Map, Value};

#[derive(Debug, Clone)]
pub struct OpenTicket {
    pub title: String,
    pub description: String,
    pub priority: Option<Priority>,
    pub kind: Option<String>,
    pub category: Option<CategoryRef>,
    pub source: Source,
    pub channel: Channel,
    /// Staff may open for someone else.
    pub requester: Option<UserId>,
    pub assignee: Option<UserId>,
    pub department: Option<String>,
    pub tags: Vec<String>,
    pub custom_fields: Map<String, Value>,
    pub customer_name: Option<String>,
    pub customer_email: Option<String>,
    pub customer_phone: Option<String>,
    pub due_at: Option<Time>,
    pub native: Map<String, Value>,
    pub attachments: Vec<AttachmentId>,
    /// Quoted history and signature of a mail.
    pub folded: Option<String>,
    pub meta: Map<String, Value>,
    pub follows: Option<TicketId>,
    /// What is not given is taken from it.
    pub template: Option<UseTemplate>,
    /// Which of our mailboxes it came in at.
    pub mailbox: Option<Email>,
}

impl OpenTicket {
    /// A ticket with a title and a description; everything else by default.
    pub fn new(title: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            description: description.into(),
            priority: None,
            kind: None,
            category: None,
            source: Source::Web,
            channel: Channel::Web,
            requester: None,
            assignee: None,
            department: None,
            tags: Vec::new(),
            custom_fields: Map::new(),
            customer_name: None,
            customer_email: None,
            customer_phone: None,
            due_at: None,
            native: Map::new(),
            attachments: Vec::new(),
            folded: None,
            meta: Map::new(),
            follows: None,
            template: None,
            mailbox: None,
        }
    }
}

/// A category, by its id or its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryRef {
    Id(CategoryId),
    Key(String),
}

/// Sets plain fields of a ticket; status, priority and assignee have commands of their own.
#[derive(Debug, Clone, Default)]
pub struct EditTicket {
    pub title: Option<String>,
    pub kind: Option<String>,
    pub category: Edit<Option<CategoryRef>>,
    pub department: Edit<Option<String>>,
    pub tags: Option<Vec<String>>,
    pub custom_fields: Option<Map<String, Value>>,
    pub customer_name: Edit<Option<String>>,
    pub customer_email: Edit<Option<String>>,
    pub customer_phone: Edit<Option<String>>,
    pub due_at: Edit<Option<Time>>,
    pub native: Option<Map<String, Value>>,
}

#[derive(Debug, Clone)]
pub struct ChangeStatus {
    pub status: Status,
    /// The verdict; where none is given, resolving counts as accepted (see `decide`).
    pub resolution: Option<Resolution>,
    pub reason: Option<String>,
}

/// A status as a dialect writes it whose words are coarser or finer than ours (`dialects.md` 0.4, 4.1).
#[derive(Debug, Clone)]
pub struct WriteStatus {
    pub status: Status,
    /// Statuses that the dialect shows by the same word: a ticket in one of them stays in it.
    pub alike: &'static [Status],
    /// For a dialect to which "reopened" is a status beside open: which of the two it means.
    pub reopened: Option<bool>,
    pub reason: Option<String>,
}

/// A priority as a dialect writes it that has fewer of them.
#[derive(Debug, Clone)]
pub struct WritePriority {
    pub priority: Priority,
    /// Priorities that the dialect shows by the same word: a ticket with one of them keeps it.
    pub alike: &'static [Priority],
}

#[derive(Debug, Clone)]
pub struct AssignTicket {
    /// `None` takes the ticket away from its assignee.
    pub assignee: Option<UserId>,
    pub department: Edit<Option<String>>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct EscalateTicket {
    pub reason: Option<String>,
    pub assignee: Option<UserId>,
    /// What it is to become, if not what the rule makes of it; never less than it is.
    pub priority: Option<Priority>,
}

#[derive(Debug, Clone)]
pub struct AddComment {
    pub body: String,
    pub visibility: Visibility,
    pub channel: Channel,
    pub attachments: Vec<AttachmentId>,
    pub folded: Option<String>,
    pub meta: Map<String, Value>,
    pub effect: Effect,
    /// Whose words an adapter passes on; for the system only.
    pub on_behalf: Option<UserId>,
}

/// What a comment does to the ticket's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Effect {
    /// Nothing.
    #[default]
    Keep,
    /// It is a turn of a conversation: the requester's answer puts a waiting, resolved or closed ticket back to work, a
    /// public answer by staff makes it wait for the requester (`dialects.md` 4.1).
    Converse,
}

impl AddComment {
    pub fn public(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            visibility: Visibility::Public,
            channel: Channel::Web,
            attachments: Vec::new(),
            folded: None,
            meta: Map::new(),
            effect: Effect::Keep,
            on_behalf: None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct StoreFile {
    pub file: FileInfo,
    pub purpose: Purpose,
    /// The ticket that it belongs to from the start.
    pub ticket: Option<TicketId>,
    pub picture: Option<Picture>,
}

impl StoreFile {
    /// A file that a comment will name.
    pub fn new(file: FileInfo) -> Self {
        Self { file, purpose: Purpose::Attachment, ticket: None, picture: None }
    }
}

#[derive(Debug, Clone)]
pub struct CreateUser {
    pub profile: ProfileInput,
    pub role: Role,
    pub status: UserStatus,
    /// The password's hash, made before the command; `None`: no password, as contacts have.
    pub password: Sealed,
}

/// A person whom a channel knows and we don't yet.
#[derive(Debug, Clone)]
pub struct MakeContact {
    pub channel: Channel,
    pub external_id: String,
    pub display: Option<String>,
    pub email: Option<String>,
}

#[derive(Debug, Clone)]
pub struct LinkIdentity {
    pub user: UserId,
    pub channel: Channel,
    pub external_id: String,
    pub display: Option<String>,
    pub verified: bool,
    pub proof: Option<String>,
}

/// What a person shows beside their password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proof {
    #[default]
    Nothing,
    /// A code that was right at this step of the clock.
    Step(i64),
    /// SHA-256 of a backup code.
    BackupCode(Sealed),
    /// SHA-256 of a trusted device's token.
    Device(String),
}

/// A device to trust from now on.
#[derive(Debug, Clone)]
pub struct TrustDevice {
    pub name: Option<String>,
    /// SHA-256 of its token.
    pub token: Sealed,
}

#[derive(Debug, Clone)]
pub struct StartSession {
    pub user: UserId,
    pub method: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    /// SHA-256 of the refresh token.
    pub refresh: Sealed,
    pub proof: Proof,
    pub remember: Option<TrustDevice>,
}

/// A second factor whose secret was made, and encrypted, before the command.
#[derive(Debug, Clone)]
pub struct EnableSecondFactor {
    pub user: UserId,
    pub secret: Sealed,
    /// SHA-256 of the backup codes, with commas between.
    pub codes: Sealed,
}

/// A password set by a link that was mailed.
#[derive(Debug, Clone)]
pub struct ResetPassword {
    pub user: UserId,
    /// What the link says of the account as it stood: another password since, and it is used up.
    pub print: String,
    pub password: Sealed,
}

#[derive(Debug, Clone)]
pub struct RefreshSession {
    pub session: SessionId,
    /// SHA-256 of the token that was presented, and of the one that takes its place.
    pub presented: String,
    pub refresh: Sealed,
}

#[derive(Debug, Clone)]
pub struct CreateApiToken {
    pub user: UserId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub expires_at: Option<Time>,
    pub secret: Sealed,
}

/// An endpoint that wants to be told. What is sealed was encrypted before the command: the log never sees it.
#[derive(Debug, Clone)]
pub struct CreateWebhook {
    pub url: String,
    pub events: Vec<Topic>,
    pub active: bool,
    pub headers: Headers,
    /// The values of `headers`.
    pub sealed_headers: Sealed,
    pub description: Option<String>,
    pub secret: Sealed,
}

/// What to change of a webhook; its secret is rotated, not edited.
#[derive(Debug, Clone, Default)]
pub struct EditWebhook {
    pub url: Option<String>,
    pub events: Option<Vec<Topic>>,
    /// Switching it on again forgives what it was switched off for.
    pub active: Option<bool>,
    pub headers: Option<Headers>,
    pub sealed_headers: Sealed,
    pub description: Edit<Option<String>>,
}

/// How mail is to be sent from now on.
#[derive(Debug, Clone)]
pub struct SetEmailConfig {
    /// What is `None` stays.
    pub config: EmailConfig,
    /// Sealed before the command; nothing in it takes the password away.
    pub password: Edit<Sealed>,
}

/// What to change of an account, all of it or nothing.
#[derive(Debug, Clone, Default)]
pub struct EditAccount {
    pub profile: ProfileInput,
    pub role: Option<Role>,
    pub status: Option<UserStatus>,
    /// The new password's hash.
    pub password: Option<Sealed>,
}

/// A setting to change.
#[derive(Debug, Clone, Default)]
pub struct ChangeSetting {
    pub key: String,
    /// Nothing takes it back to its default, or forgets it where it has none.
    pub value: Edit<Option<Value>>,
    pub description: Edit<Option<String>>,
    /// Whether those who are not signed in may read it; only for keys that we don't know.
    pub public: Option<bool>,
    /// What the value is to be read as; only for keys that we don't know.
    pub kind: Option<Kind>,
    /// Where it is sorted in; only for keys that we don't know.
    pub category: Edit<Option<String>>,
    pub group: Edit<Option<String>>,
}

/// What an administrator or a rule writes to one person.
#[derive(Debug, Clone)]
pub struct SendNotification {
    pub to: UserId,
    pub kind: NoticeKind,
    /// What it is about.
    pub ticket: Option<TicketId>,
    pub title: String,
    pub content: String,
    pub priority: Priority,
    pub action_url: Option<String>,
}

/// A clean-up to begin.
#[derive(Debug, Clone, Copy)]
pub struct StartCleanup {
    pub task: Task,
    /// When the schedule had it due; nothing: somebody wants it now.
    pub due: Option<Time>,
}

/// Everything that can be asked of the engine.
#[derive(Debug, Clone)]
pub enum Command {
    OpenTicket(Box<OpenTicket>),
    EditTicket(TicketId, Box<EditTicket>),
    ChangeStatus(TicketId, ChangeStatus),
    /// Like a status change to closed, but with a reason that is required; a requester may close what is resolved.
    CloseTicket(TicketId, String),
    ReopenTicket(TicketId, String),
    /// The requester takes it back.
    WithdrawTicket(TicketId, Option<String>),
    SetPriority(TicketId, Priority),
    WriteStatus(TicketId, WriteStatus),
    WritePriority(TicketId, WritePriority),
    AssignTicket(TicketId, AssignTicket),
    EscalateTicket(TicketId, EscalateTicket),
    RateTicket(TicketId, i64, Option<String>),
    ChangeTicket(TicketId, Box<ChangeTicket>),
    DeleteTicket(TicketId),
    /// Deletes what one opened oneself, or what one may delete anyway.
    DiscardTicket(TicketId),
    RestoreTicket(TicketId),
    MergeTicket {
        ticket: TicketId,
        into: TicketId,
    },
    UnmergeTicket(TicketId),
    CountViews(Vec<(TicketId, i64)>),
    /// What time alone does to a ticket: SLA breaches and escalations, closing what was resolved long ago.
    FireTimers(TicketId),
    AddComment(TicketId, Box<AddComment>),
    EditComment(CommentId, String),
    SetCommentVisibility(CommentId, Visibility),
    WithdrawComment(CommentId),
    StoreFile(StoreFile),
    DiscardFile(AttachmentId),
    CreateUser(Box<CreateUser>),
    /// A person signs up by themselves.
    Register(Box<CreateUser>),
    MakeContact(MakeContact),
    EditProfile(UserId, Box<ProfileInput>),
    SetRole(UserId, Role),
    SetUserStatus(UserId, UserStatus),
    SetPassword(UserId, Sealed),
    EditAccount(UserId, Box<EditAccount>),
    LinkIdentity(LinkIdentity),
    UnlinkIdentity(IdentityId),
    StartSession(Box<StartSession>),
    RefreshSession(RefreshSession),
    EndSession(SessionId, String),
    /// Ends every session of a person but, where given, one.
    EndSessions {
        user: UserId,
        except: Option<SessionId>,
        reason: String,
    },
    NoteFailedSignIn {
        user: UserId,
        method: &'static str,
        ip: Option<String>,
        user_agent: Option<String>,
    },
    CreateApiToken(CreateApiToken),
    RevokeApiToken(ApiTokenId),
    EnableSecondFactor(EnableSecondFactor),
    DisableSecondFactor(UserId),
    RevokeTrustedDevice(DeviceId),
    /// By an e-mail address or a user name, whether anybody has it or not.
    RequestPasswordReset(String),
    ResetPassword(ResetPassword),
    CreateCategory(Box<CategoryForm>),
    EditCategory(CategoryId, Box<EditCategory>),
    DeleteCategory(CategoryId),
    ChangeSetting(Box<ChangeSetting>),
    /// All of them or none.
    ChangeSettings(Vec<ChangeSetting>),
    SendNotification(Box<SendNotification>),
    StartCleanup(StartCleanup),
    /// One batch of a clean-up.
    ForgetRecords {
        run: Seq,
        record: Record,
        most: i64,
    },
    FinishCleanup {
        run: Seq,
        /// What was forgotten without the log.
        beside: i64,
        error: Option<String>,
    },
    CreateSlaConfig(Box<EditSlaConfig>),
    EditSlaConfig(SlaConfigId, Box<EditSlaConfig>),
    DeleteSlaConfig(SlaConfigId),
    MarkNotificationsRead {
        ids: Vec<NotificationId>,
        all: bool,
    },
    QuarantineInbound {
        inbound: InboundId,
        why: String,
    },
    SettleInbound {
        inbound: InboundId,
        discard: bool,
    },
    CreateWebhook(Box<CreateWebhook>),
    EditWebhook(WebhookId, Box<EditWebhook>),
    RotateWebhookSecret(WebhookId, Sealed),
    /// The courier gives it up, and says why.
    DisableWebhook(WebhookId, String),
    DeleteWebhook(WebhookId),
    SetNotificationRules(UserId, Vec<Rule>),
    SetEmailConfig(Box<SetEmailConfig>),
    /// A test mail was sent, or not.
    NoteEmailTest {
        ok: bool,
        why: Option<String>,
    },
    CreateQuickReply(Box<QuickReplyInput>),
    EditQuickReply(QuickReplyId, Box<EditQuickReply>),
    /// Counts a use.
    UseQuickReply(QuickReplyId),
    DeleteQuickReply(QuickReplyId),
    CreateTemplate(Box<TemplateForm>),
    EditTemplate(TemplateId, Box<EditTemplate>),
    DeleteTemplate(TemplateId),
    CreateRule(Box<RuleInput>),
    EditRule(RuleId, Box<EditRule>),
    DeleteRule(RuleId),
}

/// What protects a command from being carried out twice.
#[derive(Debug, Clone, Default)]
pub struct Once {
    /// The caller's own key (`Idempotency-Key`, `clientMutationId`), 1 to 200 characters, per actor, kept for days.
    pub key: Option<String>,
    /// What came in from a channel, by the channel's own id.
    pub origin: Option<Origin>,
}

/// A message of a channel: (channel, external id) is unique for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    pub channel: Channel,
    pub external_id: String,
}

/// A command with everything around it.
#[derive(Debug, Clone)]
pub struct Request {
    pub command: Command,
    pub once: Once,
    /// The ticket's version that the caller has seen; another one is a conflict.
    pub expected_version: Option<i64>,
    /// A deleted ticket is not there for this surface, whoever could restore it on another.
    pub ignores_deleted: bool,
}

impl From<Command> for Request {
    fn from(command: Command) -> Self {
        Self { command, once: Once::default(), expected_version: None, ignores_deleted: false }
    }
}
