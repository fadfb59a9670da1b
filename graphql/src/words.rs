//! The words: GraphQL's enums beside the model's. Each is converted by an exhaustive match, so a new word in the model
//! stops the build here.

use async_graphql::Enum;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $model:literal { $($(#[$item:meta])* $word:ident),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the words are the model's")]
        #[graphql(remote = $model)]
        pub enum $name { $($(#[$item])* $word),+ }
    )+};
}

words! {
    /// Where a ticket stands. Reopened is no status of its own: it is the flag `reopened`.
    Status = "model::ticket::Status" {
        /// Nobody has looked at it yet.
        New,
        /// It was looked at, or reopened.
        Open,
        /// Somebody works on it.
        InProgress,
        /// It waits for the requester.
        Pending,
        /// It is solved; the requester may still object.
        Resolved,
        /// It is over.
        Closed,
        /// It was taken back, or was none.
        Cancelled,
    }
    /// What a file was sent for.
    FilePurpose = "model::attachment::Purpose" {
        /// The picture of whoever sends it; their profile shows it at once.
        Avatar,
        /// Something to a ticket or comment.
        Attachment,
        /// The same, by another word.
        Document,
    }
    /// What a clean-up looks after.
    CleanupTask = "model::cleanup::Task" {
        /// Sessions that are over, and sign-ins that failed.
        LoginHistory,
        /// Devices that are trusted no more.
        TrustedDevices,
        /// Notifications that were read.
        Notifications,
        /// Lines of the audit log.
        AuditLogs,
    }
    /// Why a clean-up began.
    CleanupTrigger = "model::cleanup::Trigger" {
        /// Somebody began it.
        Manual,
        /// It was due.
        Scheduled,
    }
    /// How a ticket ended.
    Resolution = "model::ticket::Resolution" {
        /// It has not ended.
        None,
        /// Staff accepted it.
        Accepted,
        /// Staff rejected it.
        Rejected,
        /// A rule accepted it.
        AutoAccepted,
        /// A rule rejected it.
        AutoRejected,
        /// The requester took it back.
        Withdrawn,
    }
    /// How much a ticket matters, in rising order.
    Priority = "model::ticket::Priority" {
        /// 低
        Low,
        /// 普通
        Normal,
        /// 高
        High,
        /// 紧急
        Urgent,
        /// 严重
        Critical,
    }
    /// How a ticket came in.
    Source = "model::ticket::Source" {
        /// By a web page.
        Web,
        /// By e-mail.
        Email,
        /// By telephone.
        Phone,
        /// By a chat.
        Chat,
        /// By a program.
        Api,
        /// By an app.
        Mobile,
    }
    /// The surface that something was said on, or that a person is known from.
    Channel = "model::people::Channel" {
        /// A web page.
        Web,
        /// A program.
        Api,
        /// E-mail.
        Email,
        /// Discord.
        Discord,
        /// Telegram.
        Telegram,
        /// A game server.
        Game,
        /// A client of the oldest dialect.
        Legacy,
    }
    /// Who may read a comment.
    Visibility = "model::comment::Visibility" {
        /// Everyone who may see the ticket.
        Public,
        /// Staff only.
        Internal,
        /// Everyone; written by the system.
        System,
    }
    /// What a person may do in general.
    Role = "model::people::Role" {
        /// Opens tickets and sees their own.
        User,
        /// Works on tickets that are theirs or nobody's.
        Agent,
        /// Sees and manages all tickets.
        Supervisor,
        /// Manages the house, too.
        Admin,
    }
    /// Whether an account works.
    UserStatus = "model::people::UserStatus" {
        /// It works.
        Active,
        /// It rests.
        Inactive,
        /// It was shut.
        Suspended,
    }
    /// What an API token may be used for.
    Scope = "model::actor::Scope" {
        /// Queries and subscriptions.
        Read,
        /// Commands on tickets and comments.
        Write,
        /// People, categories, settings.
        Admin,
    }
    /// What became of a message from outside.
    InboundState = "model::inbound::InboundState" {
        /// It is stored, but was not read yet.
        Received,
        /// It is a ticket or a comment now.
        Processed,
        /// It had come in before.
        Duplicate,
        /// It could not be read: staff may mend it and run it again.
        Quarantined,
        /// Staff threw it away.
        Discarded,
    }
    /// What a notification tells of.
    NotificationType = "model::notice::NoticeKind" {
        /// A ticket was opened.
        TicketCreated,
        /// A ticket was given to you.
        TicketAssigned,
        /// A ticket's status changed.
        TicketStatusChanged,
        /// Somebody commented on a ticket.
        TicketCommented,
        /// A ticket was resolved.
        TicketResolved,
        /// A ticket was closed.
        TicketClosed,
        /// A ticket missed its service level.
        TicketOverdue,
        /// Something of the house needs an administrator: a webhook was given up.
        SystemAlert,
    }
    /// A way by which people are told.
    NotificationRoute = "model::notice::Route" {
        /// Among the notifications here.
        InApp,
        /// By mail.
        Email,
        /// By a direct message on Discord.
        Discord,
        /// By a message on Telegram.
        Telegram,
    }
    /// How the connection to the mail server is protected.
    SmtpSecurity = "model::mail::Security" {
        /// Not at all.
        None,
        /// It begins in the clear and must become TLS.
        StartTls,
        /// TLS from the first byte.
        Tls,
    }
    /// What a rule of an SLA configuration does.
    EscalationAction = "model::sla::EscalationAction" {
        /// Notifies those whom it names, or all administrators.
        NotifyAdmin,
        /// Escalates the ticket, and hands it over where it names somebody.
        EscalateToManager,
        /// Raises the priority by one step.
        ChangePriority,
    }
    /// What webhooks are told of.
    WebhookEvent = "model::webhook::Topic" {
        /// `ticket.created`
        Created,
        /// `ticket.assigned`
        Assigned,
        /// `ticket.status_changed`
        StatusChanged,
        /// `ticket.closed`, after `ticket.status_changed`
        Closed,
        /// `ticket.reopened`, after `ticket.status_changed`
        Reopened,
        /// `ticket.comment_added`; never for internal notes
        CommentAdded,
        /// `ticket.sla_violated`
        SlaViolated,
    }
    /// What a field of a ticket template takes.
    TemplateFieldType = "model::automation::BlankKind" {
        /// A line of text.
        Text,
        /// A text.
        Textarea,
        /// One of its options.
        Select,
        /// True or false.
        Checkbox,
        /// A day such as 2026-01-05.
        Date,
        /// A number.
        Number,
    }
    /// What an automation rule is for.
    RuleType = "model::automation::RuleKind" {
        /// It gives tickets to people.
        Assignment,
        /// It sorts tickets.
        Classification,
        /// It passes tickets upwards.
        Escalation,
        /// It watches over service levels.
        Sla,
    }
    /// What sets an automation rule off. What a rule did sets off none.
    RuleTrigger = "model::automation::Trigger" {
        /// `ticket.created`
        Created,
        /// `ticket.updated`: a field, the status, the priority or the assignee changed
        Updated,
        /// `ticket.assigned`
        Assigned,
        /// `ticket.status_changed`
        StatusChanged,
        /// `ticket.priority_changed`
        PriorityChanged,
        /// `ticket.commented`
        Commented,
        /// `ticket.escalated`
        Escalated,
        /// `sla.breached`
        SlaBreached,
    }
    /// By what a list of tickets is ordered.
    TicketSortBy = "model::query::SortBy" {
        /// When it was opened.
        Created,
        /// When it changed last.
        Updated,
        /// How much it matters.
        Priority,
        /// When it is due by its own date.
        DueAt,
        /// When its resolution is due by its service level.
        SlaDue,
        /// How well it matches the search.
        Relevance,
    }
    /// The direction of an order.
    SortDirection = "model::query::Direction" {
        /// Smallest, oldest first.
        #[graphql(name = "ASC")]
        Ascending,
        /// Largest, newest first.
        #[graphql(name = "DESC")]
        Descending,
    }
    /// What a comment does to the ticket's status.
    CommentEffect = "model::command::Effect" {
        /// Nothing.
        Keep,
        /// It is a turn of a conversation: an answer by staff makes the ticket wait for the requester, the requester's
        /// answer puts it back to work.
        Converse,
    }
}

/// Converts a list of words to the model's.
pub(crate) fn all<W: Into<M>, M>(words: Option<Vec<W>>) -> Vec<M> {
    words.unwrap_or_default().into_iter().map(Into::into).collect()
}
