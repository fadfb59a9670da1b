//! From a credential to an actor, and the moment at which the credential stops working.
//!
//! What is known of sessions and tokens is cached for half a minute and forgotten at once when an event says so.

use crate::{Engine, secret};
use model::actor::{Member, Via};
use model::error::Doubt;
use model::event::{Event, Recorded};
use model::id::{ApiTokenId, SessionId, UserId};
use model::people::User;
use model::{Actor, Error, Result, Time};
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;

/// API tokens begin with it, so that people and scanners recognize a leaked one.
pub(crate) const TOKEN_PREFIX: &str = "ecd_";

#[derive(Clone)]
struct Known {
    member: Arc<Member>,
    expires_at: Option<Time>,
}

pub(crate) struct Credentials {
    sessions: Cache<SessionId, Known>,
    tokens: Cache<String, Known>,
    ended: broadcast::Sender<Ended>,
}

/// A credential, or all of a person's, that stopped working.
#[derive(Debug, Clone, Copy)]
enum Ended {
    Session(SessionId),
    Token(ApiTokenId),
    User(UserId),
}

impl Default for Credentials {
    fn default() -> Self {
        let cache = || {
            Cache::builder().max_capacity(50_000).time_to_live(Duration::from_secs(30)).support_invalidation_closures()
        };
        Self {
            sessions: cache().build(),
            tokens: Cache::builder()
                .max_capacity(50_000)
                .time_to_live(Duration::from_secs(30))
                .support_invalidation_closures()
                .build(),
            ended: broadcast::channel(1_024).0,
        }
    }
}

impl Credentials {
    /// Forgets what an event makes stale.
    #[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
    pub(crate) fn observe(&self, recorded: &Recorded) {
        let ended = match &recorded.event {
            Event::SessionEnded { session, .. } => {
                self.sessions.invalidate(session);
                Ended::Session(*session)
            }
            Event::SessionRefreshed { session, .. } => {
                // It lives longer now.
                self.sessions.invalidate(session);
                return;
            }
            Event::ApiTokenRevoked { token, .. } => {
                let token = *token;
                self.forget(move |m| m.via == Via::ApiToken(token));
                Ended::Token(token)
            }
            Event::RoleChanged { user, .. } | Event::UserStatusChanged { user, .. } => {
                let user = *user;
                self.forget(move |m| m.id == user);
                Ended::User(user)
            }
            _ => return,
        };
        // Nobody waiting is no error.
        self.ended.send(ended).ok();
    }

    fn forget(&self, which: impl Fn(&Member) -> bool + Send + Sync + Clone + 'static) {
        let also = which.clone();
        // Both caches were built with support for this; it can't fail.
        self.sessions.invalidate_entries_if(move |_, k| which(&k.member)).ok();
        self.tokens.invalidate_entries_if(move |_, k| also(&k.member)).ok();
    }
}

impl Engine {
    /// The actor of a credential: `Bearer …` (access token or API token) or `ApiKey …`; nobody without one.
    ///
    /// # Errors
    /// `Unauthenticated` for a credential that is malformed, unknown, expired or revoked.
    pub async fn authenticate(&self, authorization: Option<&str>) -> Result<Actor> {
        let Some(text) = authorization.map(str::trim).filter(|t| !t.is_empty()) else { return Ok(Actor::Anonymous) };
        let token = match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("apikey") => {
                token.trim()
            }
            Some(_) => return Err(Error::unauthenticated("send the token as Authorization: Bearer TOKEN")),
            None => text,
        };
        let known = if token.starts_with(TOKEN_PREFIX) {
            self.by_api_token(token).await?
        } else {
            self.by_access_token(token).await?
        };
        Ok(Actor::User((*known).clone()))
    }

    async fn by_access_token(&self, token: &str) -> Result<Arc<Member>> {
        let now = self.now();
        let (user, id) = self.0.keys.read(token, now)?;
        let cache = &self.0.credentials.sessions;
        if let Some(known) = cache.get(&id)
            && known.member.id == user
        {
            return live(&known, now);
        }
        let before = self.0.hub.last();
        let mut conn = self.0.store.read().await?;
        let session = store::session::by_id(&mut conn, id).await?.filter(|s| s.user == user && s.is_live(now));
        let session = session.ok_or_else(|| Error::unauthenticated("the session has ended; sign in again"))?;
        let person = store::people::by_id(&mut conn, user).await?;
        let member = member(person, Via::Session(id), Vec::new())?;
        let known = Known { member, expires_at: Some(session.expires_at) };
        self.0.hub.keep(before, || cache.insert(id, known.clone()));
        live(&known, now)
    }

    async fn by_api_token(&self, token: &str) -> Result<Arc<Member>> {
        let now = self.now();
        let hash = secret::digest(token);
        let cache = &self.0.credentials.tokens;
        if let Some(known) = cache.get(&hash) {
            return live(&known, now);
        }
        let before = self.0.hub.last();
        let mut conn = self.0.store.read().await?;
        let found = store::session::token_by_hash(&mut conn, &hash).await?.filter(|t| t.is_live(now));
        let found = found.ok_or_else(|| Error::unauthenticated("the API token is unknown, expired or revoked"))?;
        let person = store::people::by_id(&mut conn, found.user).await?;
        let known =
            Known { member: member(person, Via::ApiToken(found.id), found.scopes)?, expires_at: found.expires_at };
        self.0.hub.keep(before, || cache.insert(hash, known.clone()));
        live(&known, now)
    }

    /// Resolves when the actor's credential stops working: the session ends, the token is revoked or expires, the person's
    /// role or account changes.
    pub fn ended(&self, actor: &Actor) -> impl Future<Output = ()> + Send + 'static {
        let mut ended = self.0.credentials.ended.subscribe();
        let engine = Arc::downgrade(&self.0);
        let member = match actor {
            Actor::User(member) => Some(member.clone()),
            Actor::Anonymous | Actor::System(_) | Actor::Rule(_) => None,
        };
        async move {
            let Some(member) = member else { return std::future::pending().await };
            let mut look = tokio::time::interval(Duration::from_mins(1));
            look.tick().await;
            loop {
                let news = tokio::select! {
                    news = ended.recv() => news.ok(),
                    _ = look.tick() => None,
                };
                match news {
                    Some(Ended::Session(id)) if member.via == Via::Session(id) => return,
                    Some(Ended::Token(id)) if member.via == Via::ApiToken(id) => return,
                    Some(Ended::User(id)) if member.id == id => return,
                    Some(Ended::Session(_) | Ended::Token(_) | Ended::User(_)) => {}
                    // Every minute, and after having missed something: is it still good?
                    None => {
                        let Some(inner) = engine.upgrade() else { return };
                        if matches!(Engine(inner).still_good(&member).await, Ok(false)) {
                            return;
                        }
                    }
                }
            }
        }
    }

    async fn still_good(&self, member: &Member) -> Result<bool> {
        let now = self.now();
        let mut conn = self.0.store.read().await?;
        let person = store::people::by_id(&mut conn, member.id).await?;
        let same = person.is_some_and(|p| p.is_active() && p.role == member.role);
        Ok(same
            && match member.via {
                Via::Session(id) => store::session::by_id(&mut conn, id).await?.is_some_and(|s| s.is_live(now)),
                Via::ApiToken(id) => store::session::token_by_id(&mut conn, id).await?.is_some_and(|t| t.is_live(now)),
                Via::Channel => true,
            })
    }

    /// Clears what an event makes stale, before anybody hears of the event.
    pub(crate) fn observe(&self, recorded: &Recorded) {
        self.0.credentials.observe(recorded);
        if let Some(user) = recorded.event.user() {
            self.0.people.invalidate(&user);
        }
        self.0.endpoints.observe(&recorded.event);
        self.0.mailing.observe(recorded);
        self.0.settings.observe(recorded);
        self.0.automation.observe(&recorded.event);
        if matches!(
            recorded.event,
            Event::CategoryCreated { .. } | Event::CategoryEdited { .. } | Event::CategoryDeleted { .. }
        ) {
            self.0.categories.invalidate_all();
        }
    }
}

fn live(known: &Known, now: Time) -> Result<Arc<Member>> {
    if known.expires_at.is_some_and(|at| at <= now) {
        return Err(Error::doubted(Doubt::Expired, "the credential has expired; sign in again"));
    }
    Ok(known.member.clone())
}

fn member(person: Option<User>, via: Via, scopes: Vec<model::Scope>) -> Result<Arc<Member>> {
    match person {
        Some(user) if user.is_active() => Ok(Arc::new(Member { id: user.id, role: user.role, via, scopes })),
        Some(_) | None => Err(Error::unauthenticated("this account is not active")),
    }
}
