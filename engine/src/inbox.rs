//! What a person was told of, in words: by number of page, in their language, marked as read one by one.

use crate::{Caller, Engine, Numbered, Numbers};
use model::access::{self, Operation};
use model::id::{NotificationId, TicketId};
use model::locale::Locale;
use model::notice::Notice;
use model::query::Page;
use model::wording::wording;
use model::{Actor, Error, Result};
use std::borrow::Cow;
use std::collections::HashMap;

/// A notification in its reader's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worded {
    pub notice: Notice,
    /// The ticket's number. Its reader may have lost sight of the ticket since, so nothing else of it is told.
    pub number: Option<String>,
    pub title: Cow<'static, str>,
    pub message: String,
}

impl Engine {
    /// The language in which somebody is written to.
    pub async fn locale_of(&self, actor: &Actor) -> Result<Locale> {
        let otherwise = self.policy().locale;
        let Some(user) = actor.user() else { return Ok(otherwise) };
        let known = self.known_people(&[user]).await?;
        Ok(Locale::of(known.first().and_then(|user| user.profile.locale.as_deref()), otherwise))
    }

    /// Notifications in words, for the reader whose they are.
    pub async fn worded(&self, reader: &Actor, notices: Vec<Notice>) -> Result<Vec<Worded>> {
        if notices.is_empty() {
            return Ok(Vec::new());
        }
        let locale = self.locale_of(reader).await?;
        let ids: Vec<TicketId> = notices.iter().filter_map(|notice| notice.ticket).collect();
        let found = store::ticket::numbers(&mut self.0.store.read().await?, &ids).await?;
        let numbers: HashMap<TicketId, String> = found.into_iter().collect();
        let told = notices.into_iter().map(|notice| {
            let number = notice.ticket.and_then(|ticket| numbers.get(&ticket).cloned());
            let (title, message) = if let Some(written) = &notice.written {
                (written.title.clone().into(), written.content.clone())
            } else {
                let words = wording(notice.kind, number.as_deref(), locale);
                (words.title.into(), words.message)
            };
            Worded { notice, number, title, message }
        });
        Ok(told.collect())
    }

    /// One's own notifications by number of page, the newest first.
    pub async fn notifications_numbered(
        &self,
        actor: &Actor,
        read: Option<bool>,
        part: Numbers,
    ) -> Result<Numbered<Worded>> {
        let page = Page { offset: part.skip, ..Page::first(part.limit) };
        let slice = self.notifications(actor, read, &page).await?;
        let user = actor.user().ok_or_else(access::sign_in)?;
        let mut conn = self.0.store.read().await?;
        let unread = async |conn| store::notification::unread_count(conn, user).await;
        let total = match read {
            Some(false) => unread(&mut conn).await?,
            Some(true) => store::notification::count(&mut conn, user).await? - unread(&mut conn).await?,
            None => store::notification::count(&mut conn, user).await?,
        };
        drop(conn);
        let notices = slice.items.into_iter().map(|(_, notice)| notice).collect();
        Ok(Numbered { items: self.worded(actor, notices).await?, total })
    }

    /// Marks one of one's own notifications as read.
    ///
    /// # Errors
    /// `NotFound` where it is nobody's or somebody else's.
    pub async fn mark_notification_read(&self, by: &Caller, id: NotificationId) -> Result<()> {
        access::in_general(&by.actor, Operation::ReadNotifications)?;
        let user = by.actor.user().ok_or_else(access::sign_in)?;
        let known = store::notification::by_id(&mut self.0.store.read().await?, user, id).await?;
        match known.ok_or_else(|| Error::not_found("notification"))?.read_at {
            Some(_) => Ok(()),
            None => self.mark_notifications_read(by, vec![id], false).await.map(|_| ()),
        }
    }
}
