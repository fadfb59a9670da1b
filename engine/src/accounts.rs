//! Accounts: signing in and up, refreshing, passwords, API tokens.

use crate::execute::Subject;
use crate::{Caller, Engine, Tolerate as _, secret};
use model::access::{self, Operation};
use model::actor::Scope;
use model::command::{Command, CreateApiToken, CreateUser, RefreshSession, StartSession};
use model::event::Event;
use model::id::{ApiTokenId, SessionId, UserId};
use model::people::{self, ProfileInput, Role, User, UserStatus};
use model::session::{ApiToken, Sealed};
use model::{Actor, Error, Result, Time};

/// How accounts are guarded.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Failed sign-ins per account within the window; 0: unlimited.
    pub login_attempts: u32,
    pub login_window_ms: i64,
    /// Passwords that are hashed at the same time; each takes 19 MiB.
    pub max_password_hashes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { login_attempts: 10, login_window_ms: 300_000, max_password_hashes: 2 }
    }
}

/// A person who signs in.
#[derive(Debug, Clone, Default)]
pub struct SignIn {
    /// An e-mail address or a user name.
    pub login: String,
    pub password: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
}

/// A person who has signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub user: User,
    pub session: SessionId,
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds that the access token lives.
    pub expires_in: i64,
}

/// An account to make.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub profile: ProfileInput,
    pub role: Role,
    pub status: UserStatus,
    pub password: Option<String>,
}

/// An API token to make.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub user: UserId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub expires_at: Option<Time>,
}

impl Engine {
    /// Signs in by password.
    ///
    /// # Errors
    /// `Unauthenticated`, the same whether the account is unknown, closed or the password wrong; `Busy` after too many tries.
    pub async fn sign_in(&self, sign_in: SignIn) -> Result<SignedIn> {
        let ip = sign_in.ip.as_deref();
        self.0.throttle.check(&sign_in.login, ip, self.now())?;
        let mut conn = self.0.store.read().await?;
        let user = store::people::by_login(&mut conn, &sign_in.login).await?;
        let hash = match &user {
            Some(user) if user.is_active() => store::people::password_hash(&mut conn, user.id).await?,
            Some(_) | None => None,
        };
        drop(conn);
        let too_long = sign_in.password.chars().count() > 128;
        let right =
            self.0.passwords.check(if too_long { String::new() } else { sign_in.password.clone() }, hash).await?;
        match user {
            Some(user) if right => {
                self.0.throttle.succeeded(&sign_in.login);
                self.start_session(user, "password", sign_in.ip, sign_in.user_agent).await
            }
            other => {
                self.0.throttle.failed(&sign_in.login, ip, self.now());
                if let Some(user) = other {
                    let note =
                        Command::NoteFailedSignIn { user: user.id, ip: sign_in.ip, user_agent: sign_in.user_agent };
                    self.execute(&Caller::system("sign-in"), note).await.tolerate("noting a failed sign-in");
                }
                Err(Error::unauthenticated("the e-mail address (or user name) and password don't match"))
            }
        }
    }

    async fn start_session(
        &self,
        user: User,
        method: &str,
        ip: Option<String>,
        user_agent: Option<String>,
    ) -> Result<SignedIn> {
        let refresh_token = secret::random_token(32)?;
        let start = StartSession {
            user: user.id,
            method: method.to_owned(),
            ip,
            user_agent,
            refresh: Sealed(Some(secret::digest(&refresh_token))),
        };
        let outcome = self.execute(&Caller::system("sign-in"), Command::StartSession(start)).await?;
        let Subject::Session(session) = outcome.subject else { return Err(Error::internal("no session was started")) };
        self.signed_in(user, session, refresh_token)
    }

    fn signed_in(&self, user: User, session: SessionId, refresh_token: String) -> Result<SignedIn> {
        let minutes = self.policy().access_minutes;
        crate::audit::acts(&Actor::User(model::actor::Member {
            id: user.id,
            role: user.role,
            via: model::actor::Via::Session(session),
            scopes: Vec::new(),
        }));
        let access_token = self.0.keys.issue(&user, session, self.now(), minutes)?;
        Ok(SignedIn { user, session, access_token, refresh_token, expires_in: minutes * 60 })
    }

    /// Signs up a plain user and signs them in.
    pub async fn register(&self, new: NewUser, ip: Option<String>, user_agent: Option<String>) -> Result<SignedIn> {
        if !self.policy().allow_registration {
            return Err(Error::Forbidden { what: "sign up here; ask an administrator for an account" });
        }
        let password = new.password.as_deref().ok_or_else(|| Error::invalid("password", "must be given"))?;
        people::password(password, self.policy().password_min_length)?;
        // Bad profiles are refused before the dear hash.
        new.profile.check()?;
        if let Some(ip) = &ip {
            // Each sign-up counts, whether it succeeds or not: hashes are dear, and names could be tried out.
            let sign_up = format!("sign-up from {ip}");
            self.0.throttle.check(&sign_up, None, self.now())?;
            self.0.throttle.failed(&sign_up, None, self.now());
        }
        let hash = self.0.passwords.hash(password.to_owned()).await?;
        let create = CreateUser {
            profile: new.profile,
            role: Role::User,
            status: UserStatus::Active,
            password: Sealed(Some(hash)),
        };
        let outcome = self.execute(&Caller::system("sign-up"), Command::Register(Box::new(create))).await?;
        self.start_session(created(&outcome)?, "register", ip, user_agent).await
    }

    /// Exchanges a refresh token for a new pair. Each is good once; one that comes again ends its session.
    #[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
    pub async fn refresh(&self, refresh_token: &str) -> Result<SignedIn> {
        let next = secret::random_token(32)?;
        let command = Command::RefreshSession(RefreshSession {
            session: SessionId(0),
            presented: secret::digest(refresh_token.trim()),
            refresh: Sealed(Some(secret::digest(&next))),
        });
        let outcome = self.execute(&Caller::system("refresh"), command).await?;
        let renewed = outcome.events.iter().find_map(|r| match &r.event {
            Event::SessionRefreshed { session, user, .. } => Some((*session, *user)),
            _ => None,
        });
        let (session, user) = renewed.ok_or_else(|| Error::internal("no session was refreshed"))?;
        let user = self.person(user).await?;
        self.signed_in(user, session, next)
    }

    pub(crate) async fn person(&self, id: UserId) -> Result<User> {
        let mut conn = self.0.store.read().await?;
        store::people::by_id(&mut conn, id).await?.ok_or_else(|| Error::not_found("user"))
    }

    /// Ends the session that the actor came with.
    pub async fn sign_out(&self, actor: &Actor) -> Result<()> {
        let Actor::User(member) = actor else { return Err(access::sign_in()) };
        match member.via {
            model::actor::Via::Session(id) => self.end_session(&Caller::new(actor.clone()), id).await,
            model::actor::Via::ApiToken(_) | model::actor::Via::Channel => {
                Err(Error::conflict("session", "an API token has no session to sign out of; revoke it instead"))
            }
        }
    }

    pub async fn end_session(&self, by: &Caller, id: SessionId) -> Result<()> {
        self.execute(by, Command::EndSession(id, "signed out".to_owned())).await.map(|_| ())
    }

    /// Ends a person's sessions, all but the one that the caller came with.
    pub async fn end_sessions(&self, by: &Caller, user: UserId) -> Result<()> {
        let except = match &by.actor {
            Actor::User(member) => match member.via {
                model::actor::Via::Session(id) => Some(id),
                model::actor::Via::ApiToken(_) | model::actor::Via::Channel => None,
            },
            Actor::Anonymous | Actor::System(_) => None,
        };
        let command = Command::EndSessions { user, except, reason: "signed out everywhere".to_owned() };
        self.execute(by, command).await.map(|_| ())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
    pub async fn create_user(&self, by: &Caller, new: NewUser) -> Result<User> {
        // Who may not, must not make us hash.
        access::in_general(&by.actor, Operation::CreateUser)?;
        new.profile.check()?;
        let password = match &new.password {
            Some(password) => {
                people::password(password, self.policy().password_min_length)?;
                Sealed(Some(self.0.passwords.hash(password.clone()).await?))
            }
            None => Sealed::default(),
        };
        let create = CreateUser { profile: new.profile, role: new.role, status: new.status, password };
        // The hash has salt in it: a repeated request is recognized by what the caller sent.
        let outcome = self.execute(by, Command::CreateUser(Box::new(create))).await?;
        match outcome.subject {
            Subject::User(id) if outcome.repeated => self.person(id).await,
            _ => created(&outcome),
        }
    }

    /// Sets a password. One's own needs the current one.
    pub async fn set_password(&self, by: &Caller, id: UserId, current: Option<String>, new: String) -> Result<User> {
        people::password(&new, self.policy().password_min_length)?;
        access::on_person(&by.actor, Operation::SetPassword, Some(id))?;
        if by.actor.user() == Some(id) {
            let login = format!("password of {id}");
            self.0.throttle.check(&login, None, self.now())?;
            let hash = store::people::password_hash(&mut self.0.store.read().await?, id).await?;
            if hash.is_some() && !self.0.passwords.check(current.unwrap_or_default(), hash).await? {
                self.0.throttle.failed(&login, None, self.now());
                return Err(Error::invalid("current_password", "is not right"));
            }
        }
        let hash = self.0.passwords.hash(new).await?;
        self.execute(by, Command::SetPassword(id, Sealed(Some(hash)))).await?;
        self.person(id).await
    }

    /// Makes an API token. The secret is shown this once.
    #[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
    pub async fn create_api_token(&self, by: &Caller, new: NewToken) -> Result<(ApiToken, String)> {
        let text = format!("{}{}", crate::authenticate::TOKEN_PREFIX, secret::random_token(32)?);
        let command = Command::CreateApiToken(CreateApiToken {
            user: new.user,
            name: new.name,
            scopes: new.scopes,
            expires_at: new.expires_at,
            secret: Sealed(Some(secret::digest(&text))),
        });
        let outcome = self.execute(by, command).await?;
        let token = outcome.events.iter().find_map(|r| match &r.event {
            Event::ApiTokenCreated { token, .. } => Some((**token).clone()),
            _ => None,
        });
        match token {
            Some(token) => Ok((token, text)),
            None => {
                Err(Error::conflict("idempotency_key", "the token was made before, and its secret is shown only once"))
            }
        }
    }

    pub async fn revoke_api_token(&self, by: &Caller, id: ApiTokenId) -> Result<()> {
        self.execute(by, Command::RevokeApiToken(id)).await.map(|_| ())
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
pub(crate) fn created(outcome: &crate::Outcome) -> Result<User> {
    let made = outcome.events.iter().find_map(|r| match &r.event {
        Event::UserCreated { user, .. } => Some((**user).clone()),
        _ => None,
    });
    made.ok_or_else(|| Error::internal("no user was made"))
}
