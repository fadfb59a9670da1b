//! What people want to be told, and by which route; and whom an event is told by one.
//!
//! The app's own notifications are written with the event, by the store. What goes by other routes is asked for here by
//! their carriers, after the event; the rule is the same.

use crate::{Caller, Engine};
use model::access::{self, Operation};
use model::command::Command;
use model::comment::Visibility;
use model::event::{About, Event, Recorded};
use model::id::UserId;
use model::notice::{self, NoticeKind, Route, Rule};
use model::people::{Channel, Identity, User};
use model::ticket::Ticket;
use model::{Actor, Result};
use std::sync::Arc;

/// Whether somebody is told of a kind of thing by a route, and whether the route reaches them at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preference {
    pub rule: Rule,
    pub available: bool,
}

/// An event, for those who are told of it by a route.
#[derive(Debug, Clone)]
pub struct Told {
    pub to: Vec<(Arc<User>, NoticeKind)>,
    /// As it stood right after the event.
    pub ticket: Option<Ticket>,
    /// Who did it, where it was a person.
    pub by: Option<Arc<User>>,
    /// What was said, where everybody who is told may read it.
    pub said: Option<String>,
}

impl Engine {
    /// What the caller is told, and how: every kind by every route.
    pub async fn preferences(&self, actor: &Actor) -> Result<Vec<Preference>> {
        access::in_general(actor, Operation::ReadNotifications)?;
        let user = self.me(actor).await?;
        let mut conn = self.0.store.read().await?;
        let rules = store::rules::of(&mut conn, &[user.id]).await?.remove(&user.id).unwrap_or_default();
        let identities = store::people::identities(&mut conn, &[user.id]).await?;
        let all = rules.all(user.role).into_iter();
        Ok(all.map(|rule| Preference { rule, available: reaches(&user, &identities, rule.route) }).collect())
    }

    /// Changes what the caller is told; what is not named stays.
    ///
    /// # Errors
    /// A conflict for a chat on which the caller is not known.
    pub async fn set_preferences(&self, by: &Caller, rules: Vec<Rule>) -> Result<Vec<Preference>> {
        let user = by.actor.user().ok_or_else(access::sign_in)?;
        self.execute(by, Command::SetNotificationRules(user, rules)).await?;
        self.preferences(&by.actor).await
    }

    /// By which names people are known on a channel, where it is proven.
    pub async fn known_on(&self, channel: Channel, people: &[UserId]) -> Result<Vec<Identity>> {
        let all = store::people::identities(&mut self.0.store.read().await?, people).await?;
        Ok(all.into_iter().filter(|identity| identity.verified && identity.channel == channel).collect())
    }

    /// Whom an event is told by a route, now, with what they are told of; nothing where it is nobody.
    pub async fn told(&self, recorded: &Recorded, route: Route) -> Result<Option<Told>> {
        let mut said = None;
        let mut shown_to_all = true;
        if let Event::CommentAdded { comment, .. } = &recorded.event {
            let now = store::comment::by_id(&mut self.0.store.read().await?, comment.id).await?;
            // It was taken back, or taken from those who could read it.
            let Some(now) = now.filter(|c| c.withdrawn_at.is_none()) else { return Ok(None) };
            shown_to_all = now.visibility != Visibility::Internal;
            said = shown_to_all.then(|| now.body.into_string());
        }
        let mut to = Vec::new();
        for (user, kind) in self.concerned(recorded).await? {
            if user.is_active() && (shown_to_all || user.role.is_staff()) {
                to.push((user, kind));
            }
        }
        if to.is_empty() {
            return Ok(None);
        }
        let ids: Vec<UserId> = to.iter().map(|(user, _)| user.id).collect();
        let rules = store::rules::of(&mut self.0.store.read().await?, &ids).await?;
        to.retain(|(user, kind)| match rules.get(&user.id) {
            Some(rules) => rules.wants(*kind, route, user.role),
            None => notice::by_default(*kind, route, user.role),
        });
        if to.is_empty() {
            return Ok(None);
        }
        let ticket = match recorded.event.ticket() {
            Some(id) => self.ticket_at(id, recorded.seq).await?,
            None => None,
        };
        let by: Vec<UserId> = recorded.by.user.into_iter().collect();
        let by = self.known_people(&by).await?.into_iter().next();
        Ok(Some(Told { to, ticket, by, said }))
    }

    /// Whom an event concerns, before anybody's rules: as the people around the ticket were then.
    async fn concerned(&self, recorded: &Recorded) -> Result<Vec<(Arc<User>, NoticeKind)>> {
        let mut kinds = match recorded.about {
            // Whoever can't see the ticket any more is not told of it.
            Some(About { deleted: true, .. }) => Vec::new(),
            // Most events concern nobody, whoever is around them; that needs no look into the log.
            Some(_) if notice::kind(&recorded.event).is_none() => Vec::new(),
            Some(_) => {
                let then = store::event::about_then(&mut self.0.store.read().await?, recorded.seq).await?;
                then.map(|about| notice::notices(recorded, &about)).unwrap_or_default()
            }
            None => Vec::new(),
        };
        kinds.extend(notice::addressed(&recorded.event));
        if let Some((role, kind)) = notice::alert(&recorded.event) {
            let all = store::people::active_with_role(&mut self.0.store.read().await?, role).await?;
            kinds.extend(all.into_iter().map(|user| (user, kind)));
        }
        let ids: Vec<UserId> = kinds.iter().map(|(user, _)| *user).collect();
        let people = self.known_people(&ids).await?;
        let with_kind = |user: Arc<User>| {
            let kind = kinds.iter().find(|(id, _)| *id == user.id).map(|(_, kind)| *kind);
            kind.map(|kind| (user, kind))
        };
        Ok(people.into_iter().filter_map(with_kind).collect())
    }
}

fn reaches(user: &User, identities: &[Identity], route: Route) -> bool {
    match route {
        Route::InApp => true,
        Route::Email => user.profile.email.is_some(),
        Route::Discord | Route::Telegram => identities.iter().any(|i| i.verified && Some(i.channel) == route.channel()),
    }
}
