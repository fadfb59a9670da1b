//! A new password by mail. The link carries a value that is signed with the installation's key, dies after an hour, and names
//! the account as it stands: once the password (or the address) is another, it is used up. Nothing secret is stored.
//!
//! Who asks is told the same, and after the same time, whether there is such an account or not.

use crate::execute::Work;
use crate::throttle::Guard;
use crate::{Caller, Engine, secret};
use model::command::{Command, ResetPassword};
use model::decide;
use model::id::UserId;
use model::people::{self, User};
use model::session::Sealed;
use model::text::Email;
use model::{Error, Result, Time};
use store::Conn;

/// How long a link is good.
const GOOD_MS: i64 = 3_600_000;
/// Hex digits of the signature: all of it.
const SIGNATURE: usize = 64;

impl Engine {
    /// Asks for a mail with a link, by an e-mail address or a user name. Who sends it reads `PasswordResetRequested`.
    ///
    /// # Errors
    /// `Busy` when it is asked for too often, for this account or from this address, whether the account exists or not.
    pub async fn request_password_reset(&self, login: &str, ip: Option<&str>) -> Result<()> {
        let nothing = login.chars().all(|c| c.is_control() || c.is_whitespace());
        if nothing || login.chars().count() > 320 || login.contains('\0') {
            return Err(Error::invalid("email", "must have 1 to 320 characters"));
        }
        let login = login.trim();
        let guards = [Some(Guard::Mail(login)), ip.map(Guard::MailFrom)];
        let guards: Vec<Guard<'_>> = guards.into_iter().flatten().collect();
        self.0.throttle.enter(&guards, self.now())?;
        // Nobody waits for it: how long it takes would tell whether there is anybody to write to.
        let command = Command::RequestPasswordReset(login.to_owned());
        self.post(Work::Command { caller: Caller::system("password reset"), command, settles: None }).await
    }

    /// What stands in the link of a mail that is being written now, to this address.
    ///
    /// # Errors
    /// `NotFound` for an account that is closed by now, or has another address by now, or none.
    pub async fn password_reset_token(&self, user: UserId, to: &str) -> Result<String> {
        let mut conn = self.0.store.read().await?;
        let person = store::people::by_id(&mut conn, user).await?;
        let at = |p: &User| p.profile.email.as_ref().is_some_and(|email| email.as_str().eq_ignore_ascii_case(to));
        let person = person.filter(|p| p.is_active() && at(p));
        let person = person.ok_or_else(|| Error::not_found("user"))?;
        let print = print(&mut conn, &person).await?;
        let dies = self.now().plus(GOOD_MS).0.div_euclid(1_000);
        Ok(format!("{user}.{dies}.{}", self.signature(user, dies, &print)))
    }

    /// Sets a password by a link; ends all sessions, and no device is trusted any more.
    ///
    /// # Errors
    /// `Invalid` for the password, or for a link (`token`) that is no good any more.
    pub async fn reset_password(&self, token: &str, password: String) -> Result<User> {
        let (user, print) = self.read_reset(token).await?;
        people::password(&password, self.policy().password_min_length)?;
        let password = Sealed(Some(self.0.passwords.hash(password).await?));
        let reset = ResetPassword { user, print, password };
        self.execute(&Caller::system("password reset"), Command::ResetPassword(reset)).await?;
        let person = self.person(user).await?;
        let names = [person.profile.email.as_ref().map(Email::as_str), person.profile.username.as_deref()];
        let mut guards: Vec<Guard<'_>> = names.into_iter().flatten().map(Guard::Login).collect();
        guards.push(Guard::Password(user));
        self.0.throttle.succeeded(&guards);
        Ok(person)
    }

    /// Whether a link would be taken now.
    pub async fn check_reset(&self, token: &str) -> Result<()> {
        self.read_reset(token).await.map(|_| ())
    }

    async fn read_reset(&self, token: &str) -> Result<(UserId, String)> {
        let mut parts = token.trim().split('.');
        let mut number = || parts.next().and_then(|part| part.parse::<i64>().ok()).ok_or_else(decide::used_up);
        let (user, dies) = (UserId(number()?), number()?);
        let signature = parts.next().unwrap_or_default();
        if self.now() >= Time(dies.saturating_mul(1_000)) {
            return Err(decide::used_up());
        }
        let mut conn = self.0.store.read().await?;
        let person = store::people::by_id(&mut conn, user).await?.ok_or_else(decide::used_up)?;
        let print = print(&mut conn, &person).await?;
        let right = secret::same_secret(&self.signature(user, dies, &print), signature);
        if right && person.is_active() { Ok((user, print)) } else { Err(decide::used_up()) }
    }

    fn signature(&self, user: UserId, dies: i64, print: &str) -> String {
        secret::sign(self.0.keys.raw(), &format!("password reset {user} {dies} {print}"), SIGNATURE)
    }
}

/// What a link says of an account: another password or address, another print.
pub(crate) async fn print(conn: &mut Conn, user: &User) -> Result<String> {
    let hash = store::people::password_hash(conn, user.id).await?.unwrap_or_default();
    let email = user.profile.email.as_ref().map(Email::as_str).unwrap_or_default();
    Ok(secret::digest(format!("{hash}\n{email}")))
}
