//! What an administrator writes to one person: it goes the way of every notification, by the routes that its reader wants.

use crate::{Caller, Engine, Subject};
use model::command::{Command, SendNotification};
use model::event::Event;
use model::id::{Seq, TicketId};
use model::notice::{Notice, NoticeKind, Written};
use model::people::User;
use model::{Error, Result, Time};

/// What was written to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentNotification {
    pub recipient: User,
    pub kind: NoticeKind,
    pub ticket: Option<TicketId>,
    pub written: Written,
    pub at: Time,
    /// As it stands in the app; nothing where its reader is told by other routes only.
    pub notice: Option<Notice>,
}

impl Engine {
    /// Writes to one person.
    ///
    /// # Errors
    /// `NotFound` for nobody; `Invalid` for a ticket that they may not know of; `Conflict` where their account is closed, or
    /// they want to be told of that kind by no route at all.
    pub async fn send_notification(&self, by: &Caller, send: SendNotification) -> Result<SentNotification> {
        let outcome = self.execute(by, Command::SendNotification(Box::new(send))).await?;
        let Subject::Notice(user, seq) = outcome.subject else { return Err(Error::internal("nothing was sent")) };
        let mut conn = self.0.store.read().await?;
        let recorded = store::event::after(&mut conn, Seq(seq.0 - 1), 1).await?.pop();
        let notice = store::notification::of_event(&mut conn, user, seq).await?.pop();
        drop(conn);
        let Some((at, Event::NotificationSent { kind, ticket, written, .. })) = recorded.map(|r| (r.at, r.event))
        else {
            return Err(Error::internal("what was sent is not in the log"));
        };
        let recipient = self.portrayed_one(&by.actor, self.person(user).await?);
        Ok(SentNotification { recipient, kind, ticket, written: *written, at, notice })
    }
}
