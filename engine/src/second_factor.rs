//! The second factor: setting it up, switching it off, and what somebody shows at the door.
//!
//! The secret is encrypted before the command that keeps it is made; backup codes are kept as SHA-256. Both are shown once.

use crate::accounts::SignIn;
use crate::throttle::Guard;
use crate::{Caller, Engine, secret, totp};
use model::access::{self, Operation};
use model::command::{Command, EnableSecondFactor, Proof};
use model::decide;
use model::id::UserId;
use model::people::User;
use model::session::{Sealed, SecondFactor};
use model::{Actor, Result};

/// Backup codes that come with a second factor.
const BACKUP_CODES: usize = 10;
/// What the secret is sealed for.
const PURPOSE: &str = "second factor";

/// A second factor as it is shown, this once.
#[derive(Clone)]
pub struct Enrolment {
    /// Base32, for typing it in.
    pub secret: String,
    pub otpauth_url: String,
    /// The same as a picture, a `data:` URL.
    pub qr_code: String,
    /// Each is good for one sign-in.
    pub backup_codes: Vec<String>,
}

impl Engine {
    /// Sets up one's own second factor, which takes effect at once.
    ///
    /// # Errors
    /// `Invalid` for a wrong password; `Conflict` where there is one already.
    pub async fn enable_second_factor(&self, by: &Caller, password: String) -> Result<Enrolment> {
        let user = by.actor.user().ok_or_else(access::sign_in)?;
        access::on_person(&by.actor, Operation::EnableSecondFactor, Some(user))?;
        self.confirm(user, "password", password).await?;
        let person = self.person(user).await?;
        let secret = totp::new_secret()?;
        let backup_codes = (0..BACKUP_CODES).map(|_| totp::new_backup_code()).collect::<Result<Vec<_>>>()?;
        let account = person.profile.email.as_ref().map(|email| email.as_str().to_owned());
        let otpauth_url = totp::otpauth_url(&secret, &account.unwrap_or_else(|| person.name()))?;
        let qr_code = totp::qr_code(&otpauth_url)?;
        let hashes: Vec<String> = backup_codes.iter().map(|code| hash_of(user, code)).collect();
        let enable = EnableSecondFactor {
            user,
            secret: self.0.sealer.seal(PURPOSE, &secret)?,
            codes: Sealed(Some(hashes.join(","))),
        };
        self.execute(by, Command::EnableSecondFactor(enable)).await?;
        Ok(Enrolment { secret, otpauth_url, qr_code, backup_codes })
    }

    /// Switches a second factor off: one's own with one's password, somebody else's as an administrator.
    pub async fn disable_second_factor(&self, by: &Caller, user: UserId, password: String) -> Result<()> {
        access::on_person(&by.actor, Operation::DisableSecondFactor, Some(user))
            .map_err(|error| error.hidden("user"))?;
        if by.actor.user() == Some(user) {
            self.confirm(user, "password", password).await?;
        }
        self.execute(by, Command::DisableSecondFactor(user)).await.map(|_| ())
    }

    /// A person's second factor, if they have one.
    pub async fn second_factor(&self, actor: &Actor, user: UserId) -> Result<Option<SecondFactor>> {
        access::on_person(actor, Operation::ReadSessions, Some(user)).map_err(|error| error.hidden("user"))?;
        store::factor::of_user(&mut self.0.store.read().await?, user).await
    }

    /// What somebody whose password is right shows besides. Whether it is enough, `decide` says.
    ///
    /// # Errors
    /// `Invalid` where a code is needed and none was sent; `Unauthenticated` for a wrong one.
    pub(crate) async fn proof(&self, user: &User, sign_in: &SignIn) -> Result<Proof> {
        let now = self.now();
        let mut conn = self.0.store.read().await?;
        if let Some(token) = sign_in.device_token.as_deref().map(str::trim).filter(|token| !token.is_empty()) {
            let hash = secret::digest(token);
            let device = store::device::by_token(&mut conn, &hash).await?;
            // One that is no good is as none: the code is asked for.
            if device.is_some_and(|d| d.user == user.id && d.is_live(now)) {
                return Ok(Proof::Device(hash));
            }
        }
        let Some(sealed) = store::factor::sealed(&mut conn, user.id).await? else { return Ok(Proof::Nothing) };
        drop(conn);
        let code = totp::plain(sign_in.otp_code.as_deref().unwrap_or_default());
        if code.is_empty() {
            return Err(decide::wanted());
        }
        self.0.throttle.check(&[Guard::Code(user.id)], now)?;
        if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
            let secret = self.0.sealer.open(PURPOSE, &sealed)?;
            return totp::accepted(&secret, &code, now).map(Proof::Step).ok_or_else(decide::refused);
        }
        Ok(Proof::BackupCode(Sealed(Some(hash_of(user.id, &code)))))
    }
}

/// What is kept of a backup code. The person's number is part of it, so that a guess is one at one person's codes.
fn hash_of(user: UserId, code: &str) -> String {
    secret::digest(format!("{user} {}", totp::plain(code)))
}
