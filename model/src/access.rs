//! The permission table: every command and every query × role × relation to the ticket, in one place.
//!
//! A ticket that is out of reach is "not found", never "forbidden". What the roles mean: seed 001 "权限说明", seed 003 §2.2,
//! `dialects.md` 0.7 and 0.23. The system (timers, adapters, the machine's own command line) may do everything.

use crate::actor::{Actor, Scope};
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::people::Role;
use crate::ticket::Ticket;

/// Everything that can be permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    // on a ticket
    ReadTicket,
    ReadInternal,
    EditTicket,
    /// Department, due date, native values.
    EditWorkflow,
    ChangeStatus,
    CloseTicket,
    ReopenTicket,
    WithdrawTicket,
    SetPriority,
    AssignTicket,
    EscalateTicket,
    RateTicket,
    /// Passing on how the requester rates it.
    NoteRating,
    DeleteTicket,
    /// Deleting what one opened oneself.
    DiscardTicket,
    RestoreTicket,
    MergeTicket,
    AddComment,
    AddInternalNote,
    EditComment,
    WithdrawComment,
    SetCommentVisibility,
    // on nothing in particular
    OpenTicket,
    OpenTicketForOthers,
    ListTickets,
    /// Asking about everybody's tickets at once: reports, and what somebody else requested.
    ReadAllTickets,
    ReadStatistics,
    ReadEvents,
    ReadCategories,
    StoreFile,
    // on a person (oneself, or others)
    ReadPerson,
    EditProfile,
    SetPassword,
    ReadSessions,
    EndSession,
    CreateApiToken,
    RevokeApiToken,
    EnableSecondFactor,
    DisableSecondFactor,
    RevokeTrustedDevice,
    UnlinkIdentity,
    ReadNotifications,
    // on the house
    ListStaff,
    ListPeople,
    CreateUser,
    SetRole,
    SetUserStatus,
    LinkIdentity,
    EditCategories,
    ReadSettings,
    ChangeSettings,
    /// Writing a notification to somebody by hand.
    SendNotification,
    /// What is forgotten when, and what was.
    ReadCleanup,
    RunCleanup,
    /// Figures of the whole installation.
    ReadSystem,
    ReadAudit,
    ReadDeliveries,
    ReadQuarantine,
    SettleQuarantine,
    ReadWebhooks,
    ManageWebhooks,
    EditNotificationRules,
    ReadEmailConfig,
    /// How mail is sent, and trying it out.
    ManageEmail,
    ReadSla,
    /// What is agreed on, and what happens when it is not kept.
    ManageSla,
    /// Those that are public, and one's own.
    ReadQuickReplies,
    UseQuickReply,
    /// Making, changing and deleting one that only its maker sees.
    WriteQuickReply,
    /// The same of those that all staff see.
    PublishQuickReply,
    ReadTemplates,
    ManageTemplates,
    /// The rules that act by themselves, and what they have done.
    ReadRules,
    ManageRules,
    /// Timers, contacts, counters: nobody but the system.
    Housekeeping,
}

/// What one role may do of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    No,
    /// Only where the caller is the requester (of a ticket) or the person concerned.
    Own,
    /// Wherever the role reaches: a user their own tickets, an agent also those assigned to them and those of nobody, a
    /// supervisor and an administrator all.
    Reach,
}

#[allow(clippy::enum_glob_use, reason = "the table reads as a table; tests see it as used otherwise")]
impl Operation {
    pub const ALL: [Self; 75] = {
        use Operation::*;
        [
            ReadTicket,
            ReadInternal,
            EditTicket,
            EditWorkflow,
            ChangeStatus,
            CloseTicket,
            ReopenTicket,
            WithdrawTicket,
            SetPriority,
            AssignTicket,
            EscalateTicket,
            RateTicket,
            NoteRating,
            DeleteTicket,
            DiscardTicket,
            RestoreTicket,
            MergeTicket,
            AddComment,
            AddInternalNote,
            EditComment,
            WithdrawComment,
            SetCommentVisibility,
            OpenTicket,
            OpenTicketForOthers,
            ListTickets,
            ReadAllTickets,
            ReadStatistics,
            ReadEvents,
            ReadCategories,
            StoreFile,
            ReadPerson,
            EditProfile,
            SetPassword,
            ReadSessions,
            EndSession,
            CreateApiToken,
            RevokeApiToken,
            EnableSecondFactor,
            DisableSecondFactor,
            RevokeTrustedDevice,
            UnlinkIdentity,
            ReadNotifications,
            ListStaff,
            ListPeople,
            CreateUser,
            SetRole,
            SetUserStatus,
            LinkIdentity,
            EditCategories,
            ReadSettings,
            ChangeSettings,
            SendNotification,
            ReadCleanup,
            RunCleanup,
            ReadSystem,
            ReadAudit,
            ReadDeliveries,
            ReadQuarantine,
            SettleQuarantine,
            ReadWebhooks,
            ManageWebhooks,
            EditNotificationRules,
            ReadEmailConfig,
            ManageEmail,
            ReadSla,
            ManageSla,
            ReadQuickReplies,
            UseQuickReply,
            WriteQuickReply,
            PublishQuickReply,
            ReadTemplates,
            ManageTemplates,
            ReadRules,
            ManageRules,
            Housekeeping,
        ]
    };

    /// The table. Columns: user, agent, supervisor, admin. Anonymous callers may do none of it.
    #[rustfmt::skip]
    pub fn grants(self) -> [Grant; 4] {
        use Grant::{No, Own, Reach};
        use Operation::*;
        match self {
            //                                          user   agent  superv admin
            ReadTicket                              => [Reach, Reach, Reach, Reach],
            ReadInternal                            => [No,    Reach, Reach, Reach],
            EditTicket                              => [Own,   Reach, Reach, Reach],
            EditWorkflow                            => [No,    Reach, Reach, Reach],
            ChangeStatus                            => [No,    Reach, Reach, Reach],
            CloseTicket                             => [Own,   Reach, Reach, Reach],
            ReopenTicket                            => [Own,   Reach, Reach, Reach],
            WithdrawTicket                          => [Own,   Own,   Own,   Own],
            SetPriority                             => [No,    Reach, Reach, Reach],
            AssignTicket                            => [No,    Reach, Reach, Reach],
            EscalateTicket                          => [No,    Reach, Reach, Reach],
            RateTicket                              => [Own,   Own,   Own,   Own],
            NoteRating                              => [Own,   Reach, Reach, Reach],
            DeleteTicket | RestoreTicket            => [No,    No,    Reach, Reach],
            DiscardTicket                           => [Own,   Own,   Reach, Reach],
            MergeTicket                             => [No,    Reach, Reach, Reach],
            AddComment                              => [Own,   Reach, Reach, Reach],
            AddInternalNote                         => [No,    Reach, Reach, Reach],
            // On a comment, "own" is its author.
            EditComment                             => [Own,   Own,   Own,   Own],
            WithdrawComment                         => [Own,   Own,   Reach, Reach],
            SetCommentVisibility                    => [No,    Own,   Reach, Reach],

            OpenTicket | ListTickets                => [Reach, Reach, Reach, Reach],
            OpenTicketForOthers                     => [No,    Reach, Reach, Reach],
            ReadAllTickets                          => [No,    No,    Reach, Reach],
            ReadStatistics                          => [Reach, Reach, Reach, Reach],
            ReadEvents | ReadCategories | StoreFile => [Reach, Reach, Reach, Reach],

            ReadPerson                              => [Own,   Reach, Reach, Reach],
            EditProfile                             => [Own,   Own,   Own,   Reach],
            SetPassword                             => [Own,   Own,   Own,   Reach],
            ReadSessions | EndSession               => [Own,   Own,   Own,   Reach],
            CreateApiToken                          => [Own,   Own,   Own,   Own],
            RevokeApiToken | UnlinkIdentity         => [Own,   Own,   Own,   Reach],
            EnableSecondFactor                      => [Own,   Own,   Own,   Own],
            // Who has lost the second factor and all backup codes asks an administrator.
            DisableSecondFactor                     => [Own,   Own,   Own,   Reach],
            RevokeTrustedDevice                     => [Own,   Own,   Own,   Reach],
            ReadNotifications                       => [Own,   Own,   Own,   Own],

            ListStaff                               => [No,    Reach, Reach, Reach],
            ListPeople                              => [No,    No,    Reach, Reach],
            CreateUser | SetRole | SetUserStatus    => [No,    No,    Reach, Reach],
            LinkIdentity                            => [No,    No,    No,    Reach],
            EditCategories                          => [No,    No,    Reach, Reach],
            ReadSettings                            => [No,    No,    Reach, Reach],
            ChangeSettings | ReadAudit              => [No,    No,    No,    Reach],
            SendNotification | ReadSystem           => [No,    No,    No,    Reach],
            ReadCleanup | RunCleanup                => [No,    No,    No,    Reach],
            ReadDeliveries                          => [No,    No,    Reach, Reach],
            ReadQuarantine | SettleQuarantine       => [No,    No,    Reach, Reach],
            ReadWebhooks | ManageWebhooks           => [No,    No,    No,    Reach],
            EditNotificationRules                   => [Own,   Own,   Own,   Own],
            ReadEmailConfig | ManageEmail           => [No,    No,    No,    Reach],
            ReadSla                                 => [No,    Reach, Reach, Reach],
            ManageSla                               => [No,    No,    No,    Reach],
            ReadQuickReplies | UseQuickReply        => [No,    Reach, Reach, Reach],
            WriteQuickReply                         => [No,    Own,   Own,   Own],
            PublishQuickReply                       => [No,    No,    Reach, Reach],
            ReadTemplates | ReadRules               => [No,    Reach, Reach, Reach],
            ManageTemplates | ManageRules           => [No,    No,    No,    Reach],
            Housekeeping                            => [No,    No,    No,    No],
        }
    }

    pub fn grant(self, role: Role) -> Grant {
        let [user, agent, supervisor, admin] = self.grants();
        match role {
            Role::User => user,
            Role::Agent => agent,
            Role::Supervisor => supervisor,
            Role::Admin => admin,
        }
    }

    /// The scope that an API token needs for it.
    pub fn scope(self) -> Scope {
        use Operation::*;
        match self {
            ReadTicket | ReadInternal | ListTickets | ReadAllTickets | ReadStatistics | ReadEvents | ReadCategories
            | ReadPerson | ReadSessions | ReadNotifications | ListStaff | ListPeople | ReadSettings
            | ReadDeliveries | ReadQuarantine | ReadWebhooks | ReadEmailConfig | ReadAudit | ReadCleanup
            | ReadSystem | ReadSla | ReadQuickReplies | ReadTemplates | ReadRules => Scope::Read,
            EditTicket | EditWorkflow | ChangeStatus | CloseTicket | ReopenTicket | WithdrawTicket | SetPriority
            | AssignTicket | EscalateTicket | RateTicket | NoteRating | DeleteTicket | DiscardTicket
            | RestoreTicket | MergeTicket | AddComment | AddInternalNote | EditComment | WithdrawComment
            | SetCommentVisibility | OpenTicket | OpenTicketForOthers | StoreFile | UseQuickReply | WriteQuickReply => {
                Scope::Write
            }
            EditProfile
            | SetPassword
            | EndSession
            | CreateApiToken
            | RevokeApiToken
            | EnableSecondFactor
            | DisableSecondFactor
            | RevokeTrustedDevice
            | UnlinkIdentity
            | CreateUser
            | SetRole
            | SetUserStatus
            | LinkIdentity
            | EditCategories
            | ChangeSettings
            | SendNotification
            | RunCleanup
            | SettleQuarantine
            | ManageWebhooks
            | EditNotificationRules
            | ManageEmail
            | ManageSla
            | PublishQuickReply
            | ManageTemplates
            | ManageRules
            | Housekeeping => Scope::Admin,
        }
    }

    /// What an error says the caller may not do.
    pub fn phrase(self) -> &'static str {
        use Operation::*;
        match self {
            ReadTicket => "read this ticket",
            ReadInternal => "read internal notes",
            EditTicket => "edit this ticket",
            EditWorkflow => "change this ticket's department, due date or native values",
            ChangeStatus => "change this ticket's status",
            CloseTicket => "close this ticket",
            ReopenTicket => "reopen this ticket",
            WithdrawTicket => "withdraw a ticket of someone else",
            SetPriority => "change this ticket's priority",
            AssignTicket => "assign tickets",
            EscalateTicket => "escalate tickets",
            RateTicket => "rate a ticket of someone else",
            NoteRating => "pass on this ticket's rating",
            DeleteTicket => "delete tickets",
            DiscardTicket => "delete a ticket of someone else",
            RestoreTicket => "restore tickets",
            MergeTicket => "merge tickets",
            AddComment => "comment on this ticket",
            AddInternalNote => "write internal notes",
            EditComment => "edit a comment of someone else",
            WithdrawComment => "withdraw a comment of someone else",
            SetCommentVisibility => "change this comment's visibility",
            OpenTicket => "open tickets",
            OpenTicketForOthers => "open a ticket for someone else",
            ListTickets => "list tickets",
            ReadAllTickets => "ask about everybody's tickets",
            ReadStatistics => "read statistics",
            ReadEvents => "read events",
            ReadCategories => "read categories",
            StoreFile => "upload files",
            ReadPerson => "read this person's account",
            EditProfile => "edit this person's profile",
            SetPassword => "set this person's password",
            ReadSessions => "read this person's sessions",
            EndSession => "end this person's sessions",
            CreateApiToken => "create an API token for someone else",
            RevokeApiToken => "revoke this person's API tokens",
            EnableSecondFactor => "set up this person's second factor",
            DisableSecondFactor => "switch off this person's second factor",
            RevokeTrustedDevice => "revoke this person's trusted devices",
            UnlinkIdentity => "unlink this person's identities",
            ReadNotifications => "read someone else's notifications",
            ListStaff => "list staff",
            ListPeople => "list people",
            CreateUser => "create users",
            SetRole => "give this role",
            SetUserStatus => "change this person's status",
            LinkIdentity => "link identities",
            EditCategories => "edit categories",
            ReadSettings => "read settings",
            ChangeSettings => "change settings",
            SendNotification => "write notifications to others",
            ReadCleanup => "read what is forgotten when",
            RunCleanup => "begin a clean-up",
            ReadSystem => "read the figures of the installation",
            ReadAudit => "read the audit log",
            ReadDeliveries => "read deliveries",
            ReadQuarantine => "read the quarantine",
            SettleQuarantine => "settle quarantined messages",
            ReadWebhooks => "read webhooks",
            ManageWebhooks => "manage webhooks",
            EditNotificationRules => "say what somebody else is told",
            ReadEmailConfig => "read how mail is sent",
            ManageEmail => "change how mail is sent",
            ReadSla => "read SLA configurations",
            ManageSla => "manage SLA configurations",
            ReadQuickReplies => "read quick replies",
            UseQuickReply => "use quick replies",
            WriteQuickReply => "change a quick reply of someone else",
            PublishQuickReply => "make or change quick replies that all staff see",
            ReadTemplates => "read ticket templates",
            ManageTemplates => "change ticket templates",
            ReadRules => "read automation rules",
            ManageRules => "change automation rules",
            Housekeeping => "do what only the system does",
        }
    }
}

/// How a member stands to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Requester,
    Assignee,
    /// The ticket is nobody's.
    Unassigned,
    Stranger,
}

/// Whether a role reaches a ticket to which it stands like that.
pub fn reaches(role: Role, relation: Relation) -> bool {
    match role {
        Role::User => relation == Relation::Requester,
        Role::Agent => relation != Relation::Stranger,
        Role::Supervisor | Role::Admin => true,
    }
}

/// Whether the caller may know of a ticket at all.
pub fn sees(actor: &Actor, requester: UserId, assignee: Option<UserId>) -> bool {
    match actor {
        Actor::Anonymous => false,
        Actor::System(_) | Actor::Rule(_) => true,
        Actor::User(member) => reaches_ticket(member.role, member.id, (requester, assignee)),
    }
}

/// Whether somebody of a role reaches a ticket that these people are around: its requester and its assignee.
pub fn reaches_ticket(role: Role, user: UserId, (requester, assignee): (UserId, Option<UserId>)) -> bool {
    let relations = [
        (requester == user).then_some(Relation::Requester),
        (assignee == Some(user)).then_some(Relation::Assignee),
        assignee.is_none().then_some(Relation::Unassigned),
        Some(Relation::Stranger),
    ];
    relations.into_iter().flatten().any(|relation| reaches(role, relation))
}

/// Whether the caller may know of a ticket as it stands: a deleted one only those who could restore it.
pub fn knows(actor: &Actor, ticket: &Ticket) -> bool {
    let restores = actor.role().is_none_or(|role| Operation::RestoreTicket.grant(role) != Grant::No);
    sees(actor, ticket.requester, ticket.assignee) && (ticket.deleted_at.is_none() || restores)
}

/// Permits an operation on a ticket, or says why not: "not found" for what the caller may not know of.
pub fn on_ticket(actor: &Actor, operation: Operation, ticket: &Ticket) -> Result<()> {
    match actor {
        Actor::System(_) | Actor::Rule(_) => Ok(()),
        Actor::Anonymous => Err(sign_in()),
        Actor::User(member) => {
            let gone = ticket.deleted_at.is_some()
                && member.role != Role::Admin
                && (operation != Operation::RestoreTicket || operation.grant(member.role) == Grant::No);
            if gone || !sees(actor, ticket.requester, ticket.assignee) {
                return Err(Error::not_found("ticket"));
            }
            check(actor, operation, operation.grant(member.role), ticket.requester == member.id)
        }
    }
}

/// Permits an operation on something that belongs to a person (their account, session, comment).
pub fn on_person(actor: &Actor, operation: Operation, owner: Option<UserId>) -> Result<()> {
    match actor {
        Actor::System(_) | Actor::Rule(_) => Ok(()),
        Actor::Anonymous => Err(sign_in()),
        Actor::User(member) => check(actor, operation, operation.grant(member.role), owner == Some(member.id)),
    }
}

/// Permits an operation that is on nothing in particular.
pub fn in_general(actor: &Actor, operation: Operation) -> Result<()> {
    on_person(actor, operation, actor.user())
}

fn check(actor: &Actor, operation: Operation, grant: Grant, own: bool) -> Result<()> {
    let granted = match grant {
        Grant::No => false,
        Grant::Own => own,
        Grant::Reach => true,
    };
    if !granted {
        return Err(Error::Forbidden { what: operation.phrase() });
    }
    if !actor.has_scope(operation.scope()) {
        return Err(Error::Forbidden { what: "use this API token for that: its scopes don't cover it" });
    }
    Ok(())
}

/// What somebody hears who isn't signed in.
pub fn sign_in() -> Error {
    Error::unauthenticated("sign in first")
}
