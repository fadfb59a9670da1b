//! Access tokens: JWTs signed with HS256 under the installation's own key, through jsonwebtoken with ring behind it.
//!
//! One JWT serves every dialect (`dialects.md` 0.10): the claims are the union of what their clients read.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use model::id::{SessionId, UserId};
use model::people::{Role, User};
use model::{Error, Result, Time};
use ring::hmac;
use serde::{Deserialize, Serialize};

const ISSUER: &str = "echodesk";

/// HMAC-SHA256 by ring, as jsonwebtoken wants it.
struct Hs256(hmac::Key);

impl signature::Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl signature::Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[expect(clippy::wildcard_enum_match_arm, clippy::trivially_copy_pass_by_ref, reason = "the shape is jsonwebtoken's")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> std::result::Result<Box<dyn JwtSigner>, JwtError> {
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, clippy::trivially_copy_pass_by_ref, reason = "the shape is jsonwebtoken's")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> std::result::Result<Box<dyn JwtVerifier>, JwtError> {
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(hmac::HMAC_SHA256, key.try_get_as_bytes()?)))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

/// What an access token says. `nbt` is the user-centre dialect's spelling of `nbf`.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    sid: i64,
    role: String,
    openid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    userid: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<String>,
    iss: String,
    aud: String,
    iat: i64,
    nbf: i64,
    nbt: i64,
    exp: i64,
    jti: String,
}

/// The keys that sign and check access tokens.
pub(crate) struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    raw: Vec<u8>,
}

impl Keys {
    pub(crate) fn new(secret: &str) -> Result<Self> {
        // A second engine in the same process finds it installed already.
        PROVIDER.install_default().ok();
        if secret.len() < 32 {
            return Err(Error::internal("the signing key is too short"));
        }
        let raw = secret.as_bytes().to_vec();
        Ok(Self { encoding: EncodingKey::from_secret(&raw), decoding: DecodingKey::from_secret(&raw), raw })
    }

    /// For signatures of our own, such as reply addresses.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub(crate) fn issue(&self, user: &User, session: SessionId, now: Time, minutes: i64) -> Result<String> {
        let seconds = now.0.div_euclid(1_000);
        let staff = user.role.is_staff();
        let claims = Claims {
            sub: user.id.to_string(),
            sid: session.0,
            role: user.role.word().to_owned(),
            openid: user.profile.openid.clone().unwrap_or_else(|| format!("user_{}", user.id)),
            userid: staff.then(|| user.profile.staff_id.unwrap_or(user.id.0).to_string()),
            permissions: permissions(user.role).iter().map(|p| (*p).to_owned()).collect(),
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            iat: seconds,
            nbf: seconds,
            nbt: seconds,
            exp: seconds + minutes * 60,
            jti: crate::secret::random_token(9)?,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(Error::internal)
    }

    /// Whose token it is, if it is ours and not expired by our own clock.
    pub(crate) fn read(&self, token: &str, now: Time) -> Result<(UserId, SessionId)> {
        let bad = || Error::unauthenticated("the access token is not valid");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[ISSUER]);
        validation.set_issuer(&[ISSUER]);
        // Time is the engine's clock's, not jsonwebtoken's.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).map_err(|_| bad())?.claims;
        if claims.exp.saturating_mul(1_000) <= now.0 {
            return Err(Error::doubted(model::error::Doubt::Expired, "the access token has expired"));
        }
        let user = claims.sub.parse().map_err(|_| bad())?;
        Ok((UserId(user), SessionId(claims.sid)))
    }
}

/// The words of the user-centre dialect's `permissions`.
fn permissions(role: Role) -> &'static [&'static str] {
    match role {
        Role::User => &[],
        Role::Agent => &["authorize.normal"],
        Role::Supervisor => &["authorize.normal", "sen.admin"],
        Role::Admin => &["authorize.normal", "authorize.super", "sen.admin"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::people::{Profile, UserStatus};

    fn user() -> User {
        User {
            id: UserId(7),
            profile: Profile::default(),
            role: Role::Agent,
            status: UserStatus::Active,
            has_password: true,
            created_at: Time(0),
            updated_at: Time(0),
            last_login_at: None,
            login_count: 0,
            version: 1,
        }
    }

    #[test]
    fn tokens_are_read_back_until_they_expire() {
        let keys = Keys::new(&"k".repeat(43)).unwrap();
        let now = Time(1_700_000_000_000);
        let token = keys.issue(&user(), SessionId(3), now, 15).unwrap();
        assert_eq!(keys.read(&token, now).unwrap(), (UserId(7), SessionId(3)));
        assert!(keys.read(&token, now.plus(15 * 60_000)).is_err());
        let other = Keys::new(&"x".repeat(43)).unwrap();
        assert!(other.read(&token, now).is_err(), "another installation's key");
        let (head, _) = token.rsplit_once('.').unwrap();
        assert!(keys.read(&format!("{head}."), now).is_err(), "no signature");
        assert!(keys.read("a.b.c", now).is_err());
    }

    #[test]
    fn a_token_without_a_signature_algorithm_is_refused() {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let claims = r#"{"sub":"1","sid":1,"role":"admin","openid":"x","iss":"echodesk","aud":"echodesk","iat":0,"nbf":0,"nbt":0,"exp":9999999999,"jti":"x"}"#;
        let token = format!("{}.{}.", encode(r#"{"alg":"none","typ":"JWT"}"#), encode(claims));
        assert!(Keys::new(&"k".repeat(43)).unwrap().read(&token, Time(0)).is_err());
    }
}
