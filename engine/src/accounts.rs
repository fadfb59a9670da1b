//! Accounts: signing in and up, refreshing, passwords, API tokens.

use crate::execute::Work;
use crate::subject::Subject;
use crate::throttle::Guard;
use crate::{Caller, Engine, Tolerate as _, secret};
use model::access::{self, Operation};
use model::actor::Scope;
use model::command::{Command, CreateApiToken, CreateUser, Proof, RefreshSession, StartSession, TrustDevice};
use model::error::{Doubt, LOCKED};
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
    /// A code of the second factor, or a backup code.
    pub otp_code: Option<String>,
    /// What a trusted device was given: with it, no code is needed.
    pub device_token: Option<String>,
    /// Whether this device is to be trusted from now on, and under which name.
    pub remember_device: bool,
    pub device_name: Option<String>,
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
    /// For a device that is trusted from now on.
    pub device_token: Option<String>,
}

/// How a session begins.
struct Beginning {
    method: &'static str,
    ip: Option<String>,
    user_agent: Option<String>,
    proof: Proof,
    /// Whether the device is to be trusted, and under which name.
    trust: bool,
    device_name: Option<String>,
}

/// Minutes of a day.
const DAY_MINUTES: i64 = 24 * 60;

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
    /// Signs in by password, and by the second factor where there is one.
    ///
    /// # Errors
    /// `Unauthenticated`, the same whether the account is unknown or the password wrong; `Invalid` (`otp_code`) where only
    /// the second factor is missing; `Forbidden` for a closed account; `Busy` after too many tries.
    pub async fn sign_in(&self, sign_in: SignIn) -> Result<SignedIn> {
        let at_the_door = [Some(Guard::Login(&sign_in.login)), sign_in.ip.as_deref().map(Guard::Address)];
        let at_the_door: Vec<Guard<'_>> = at_the_door.into_iter().flatten().collect();
        self.0.throttle.check(&at_the_door, self.now())?;
        let mut entered = None;
        let enter = || self.0.throttle.enter(&at_the_door, self.now()).map(|at| entered = Some(at));
        let let_in = self.tried(&sign_in, enter).await;
        if let Some(at) = entered.filter(|_| !matches!(let_in, Err(Error::Unauthenticated { .. }))) {
            self.0.throttle.take_back(&at_the_door, at);
        }
        let_in
    }

    /// `enter` counts the try when its turn has come.
    async fn tried(&self, sign_in: &SignIn, enter: impl FnOnce() -> Result<()> + Send) -> Result<SignedIn> {
        let mut conn = self.0.store.read().await?;
        let user = store::people::by_login(&mut conn, &sign_in.login).await?;
        // Asked in both cases, and nothing below waits where somebody is known: time tells nobody who exists.
        let known = user.as_ref().map(|user| user.id);
        let hash = store::people::password_hash(&mut conn, known.unwrap_or(UserId(0))).await?;
        drop(conn);
        let right = self.is_right(sign_in.password.clone(), hash, enter).await?;
        let (method, let_in) = match user {
            // Only who knows the password learns that the account is closed.
            Some(user) if right && !user.is_active() => {
                return Err(Error::Forbidden { what: LOCKED });
            }
            Some(user) if right => ("password+otp", self.let_in(user, sign_in).await),
            Some(_) | None => {
                let why = "the e-mail address (or user name) and password don't match";
                ("password", Err(Error::doubted(Doubt::Password, why)))
            }
        };
        if let (Err(Error::Unauthenticated { .. }), Some(user)) = (&let_in, known) {
            if right {
                self.0.throttle.failed(&[Guard::Code(user)], self.now());
            }
            let (ip, user_agent) = (sign_in.ip.clone(), sign_in.user_agent.clone());
            let command = Command::NoteFailedSignIn { user, method, ip, user_agent };
            let note = Work::Command { caller: Caller::system("sign-in"), command, settles: None };
            self.post(note).await.tolerate("noting a failed sign-in");
        }
        let_in
    }

    /// Lets somebody in whose password is right, if what they show besides is enough.
    async fn let_in(&self, user: User, sign_in: &SignIn) -> Result<SignedIn> {
        let beginning = Beginning {
            method: "password",
            ip: sign_in.ip.clone(),
            user_agent: sign_in.user_agent.clone(),
            proof: self.proof(&user, sign_in).await?,
            trust: sign_in.remember_device,
            device_name: sign_in.device_name.clone(),
        };
        let id = user.id;
        let signed_in = self.start_session(user, beginning).await?;
        self.0.throttle.succeeded(&[Guard::Login(&sign_in.login), Guard::Code(id)]);
        Ok(signed_in)
    }

    /// Whether a password is right; the same time for none, for a wrong one, and for one that is far too long.
    async fn is_right(
        &self,
        password: String,
        hash: Option<String>,
        enter: impl FnOnce() -> Result<()> + Send,
    ) -> Result<bool> {
        let too_long = password.chars().count() > people::PASSWORD_MAX;
        self.0.passwords.check(if too_long { String::new() } else { password }, hash, enter).await
    }

    /// Has somebody who is signed in say their password again. An account without one has nothing to say.
    pub(crate) async fn confirm(&self, user: UserId, field: &'static str, password: String) -> Result<()> {
        let guard = [Guard::Password(user)];
        self.0.throttle.check(&guard, self.now())?;
        let hash = store::people::password_hash(&mut self.0.store.read().await?, user).await?;
        if hash.is_none() {
            return Ok(());
        }
        let mut entered = None;
        let enter = || self.0.throttle.enter(&guard, self.now()).map(|at| entered = Some(at));
        let right = self.is_right(password, hash, enter).await;
        if let Some(at) = entered.filter(|_| !matches!(right, Ok(false))) {
            self.0.throttle.take_back(&guard, at);
        }
        if right? { Ok(()) } else { Err(Error::invalid(field, "is not right")) }
    }

    async fn start_session(&self, user: User, beginning: Beginning) -> Result<SignedIn> {
        let Beginning { method, ip, user_agent, proof, trust, device_name } = beginning;
        let refresh_token = secret::random_token(32)?;
        let device_token = trust.then(|| secret::random_token(32)).transpose()?;
        let device = |token: &String| TrustDevice { name: device_name, token: Sealed(Some(secret::digest(token))) };
        let start = StartSession {
            user: user.id,
            method: method.to_owned(),
            ip,
            user_agent,
            refresh: Sealed(Some(secret::digest(&refresh_token))),
            proof,
            remember: device_token.as_ref().map(device),
        };
        let outcome = self.execute(&Caller::system("sign-in"), Command::StartSession(Box::new(start))).await?;
        let Subject::Session(session) = outcome.subject else { return Err(Error::internal("no session was started")) };
        Ok(SignedIn { device_token, ..self.signed_in(user, session, refresh_token)? })
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
        Ok(SignedIn { user, session, access_token, refresh_token, expires_in: minutes * 60, device_token: None })
    }

    /// An access token for a day instead of minutes, and when it dies: what the helpdesk dialect answers to a registration.
    pub fn token_for_a_day(&self, signed_in: &SignedIn) -> Result<(String, Time)> {
        let now = self.now();
        let token = self.0.keys.issue(&signed_in.user, signed_in.session, now, DAY_MINUTES)?;
        Ok((token, now.plus(DAY_MINUTES * model::time::MINUTE)))
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
            let guard = [Guard::SignUp(ip)];
            self.0.throttle.enter(&guard, self.now())?;
        }
        let hash = self.0.passwords.hash(password.to_owned()).await?;
        let create = CreateUser {
            profile: new.profile,
            role: Role::User,
            status: UserStatus::Active,
            password: Sealed(Some(hash)),
        };
        let outcome = self.execute(&Caller::system("sign-up"), Command::Register(Box::new(create))).await?;
        let beginning =
            Beginning { method: "register", ip, user_agent, proof: Proof::Nothing, trust: false, device_name: None };
        self.start_session(created(&outcome)?, beginning).await
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

    /// Ends the session of a refresh token, whether it is its current one or was used already; one that has ended stays so.
    ///
    /// # Errors
    /// `Unauthenticated` for a token of no session.
    pub async fn sign_out_by(&self, refresh_token: &str) -> Result<()> {
        let hash = secret::digest(refresh_token.trim());
        let (session, _) = store::session::by_refresh(&mut self.0.store.read().await?, &hash).await?;
        let session = session.ok_or_else(|| Error::unauthenticated("the refresh token is not valid"))?;
        let user = self.person(session.user).await?;
        let via = model::actor::Via::Session(session.id);
        let member = model::actor::Member { id: user.id, role: user.role, via, scopes: Vec::new() };
        let caller = Caller::new(Actor::User(member));
        crate::audit::acts(&caller.actor);
        self.end_session(&caller, session.id).await
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
            Actor::Anonymous | Actor::System(_) | Actor::Rule(_) => None,
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
            self.confirm(id, "current_password", current.unwrap_or_default()).await?;
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
