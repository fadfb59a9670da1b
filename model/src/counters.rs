//! Where ids and numbers come from: a handful of counters that a batch of commands loads, takes from and writes back.
//!
//! They live in one row each, and whoever holds the write lock holds them, so no id is given twice and none is skipped:
//! a command that is refused gives back what it took, because its copy is thrown away.

use crate::id::{
    ApiTokenId, AttachmentId, CategoryId, CommentId, DeviceId, FIRST_TICKET, IdentityId, InboundId, NotificationId,
    QuickReplyId, RuleId, RuleRunId, Seq, SessionId, SlaConfigId, TemplateId, TicketId, UserId, WebhookId,
};
use crate::number::Numbers;
use crate::time::{Time, Zone};

/// The values that were given last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    pub event: i64,
    pub ticket: i64,
    pub comment: i64,
    pub user: i64,
    pub category: i64,
    pub attachment: i64,
    pub identity: i64,
    pub session: i64,
    pub api_token: i64,
    pub inbound: i64,
    pub notification: i64,
    pub delivery: i64,
    /// The year that `year_tickets` counts in (business zone).
    pub year: i64,
    pub year_tickets: i64,
    /// The day (days since 1970, business zone) that `day_tickets` counts in.
    pub day: i64,
    pub day_tickets: i64,
    pub webhook: i64,
    pub device: i64,
    /// Not an id: how many rules say that somebody is not told of something in the app.
    pub muted: i64,
    pub sla_config: i64,
    pub quick_reply: i64,
    pub template: i64,
    pub rule: i64,
    pub rule_run: i64,
}

macro_rules! take {
    ($($fn:ident $field:ident $id:ident),+ $(,)?) => {$(
        pub fn $fn(&mut self) -> $id {
            self.$field += 1;
            $id(self.$field)
        }
    )+};
}

impl Counters {
    pub fn next_delivery(&mut self) -> crate::id::DeliveryId {
        self.delivery += 1;
        crate::id::DeliveryId(self.delivery)
    }

    take! {
        next_event event Seq, next_comment comment CommentId, next_user user UserId, next_category category CategoryId,
        next_attachment attachment AttachmentId, next_identity identity IdentityId, next_session session SessionId,
        next_api_token api_token ApiTokenId, next_inbound inbound InboundId, next_notification notification NotificationId,
        next_webhook webhook WebhookId, next_device device DeviceId, next_quick_reply quick_reply QuickReplyId,
        next_template template TemplateId, next_rule rule RuleId, next_rule_run rule_run RuleRunId,
        next_sla_config sla_config SlaConfigId,
    }

    /// The next ticket's id and its three numbers.
    pub fn next_ticket(&mut self, now: Time, zone: Zone) -> (TicketId, Numbers) {
        self.ticket = self.ticket.max(FIRST_TICKET - 1) + 1;
        let id = TicketId(self.ticket);
        let year = i64::from(zone.date(now).0);
        let day = zone.day_number(now);
        // A clock that steps back goes on counting in the later period: a number is never given twice.
        if year > self.year {
            (self.year, self.year_tickets) = (year, 0);
        }
        if day > self.day {
            (self.day, self.day_tickets) = (day, 0);
        }
        self.year_tickets += 1;
        self.day_tickets += 1;
        (id, Numbers::make(id, self.year, self.year_tickets, self.day, self.day_tickets, now, zone))
    }

    /// The counters in the order in which they are stored.
    pub fn values(&self) -> [i64; 24] {
        [
            self.event,
            self.ticket,
            self.comment,
            self.user,
            self.category,
            self.attachment,
            self.identity,
            self.session,
            self.api_token,
            self.inbound,
            self.notification,
            self.delivery,
            self.year,
            self.year_tickets,
            self.day,
            self.day_tickets,
            self.webhook,
            self.device,
            self.muted,
            self.sla_config,
            self.quick_reply,
            self.template,
            self.rule,
            self.rule_run,
        ]
    }

    /// The counters out of the stored order.
    pub fn of_values(values: [i64; 24]) -> Self {
        let [
            event,
            ticket,
            comment,
            user,
            category,
            attachment,
            identity,
            session,
            api_token,
            inbound,
            notification,
            delivery,
            year,
            year_tickets,
            day,
            day_tickets,
            webhook,
            device,
            muted,
            sla_config,
            quick_reply,
            template,
            rule,
            rule_run,
        ] = values;
        Self {
            event,
            ticket,
            comment,
            user,
            category,
            attachment,
            identity,
            session,
            api_token,
            inbound,
            notification,
            delivery,
            year,
            year_tickets,
            day,
            day_tickets,
            webhook,
            device,
            muted,
            sla_config,
            quick_reply,
            template,
            rule,
            rule_run,
        }
    }
}
