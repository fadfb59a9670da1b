//! Addresses of uploads that work without a token for a while: for `<img>`, which sends none.
//!
//! A link is signed for one reader (HMAC-SHA256 under a key of its own, derived from the installation's) and stands for that
//! reader until it expires: what they may no longer see, their links no longer show. It refuses to stand for anybody else.

use crate::{Engine, secret};
use model::access;
use model::actor::{Member, Scope, Via};
use model::attachment::{Attachment, UPLOADS};
use model::id::UserId;
use model::people::User;
use model::time::MINUTE;
use model::{Actor, Error, Result, Time};
use ring::hmac;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

/// An address with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    pub expires_at: Time,
}

/// What a link says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub reader: i64,
    /// Seconds since 1970.
    pub expires: i64,
    pub signature: String,
}

pub(crate) struct Signer {
    key: hmac::Key,
    /// They work for so long at least, and at most twice as long.
    minutes: i64,
    /// Where they begin, such as `https://desk.example.org`; with the path while nobody has said.
    base: OnceLock<String>,
}

impl Signer {
    pub(crate) fn new(signing_key: &[u8], minutes: i64) -> Result<Self> {
        let derived = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, b"echodesk").extract(signing_key);
        let okm = derived.expand(&[b"links to files"], hmac::HMAC_SHA256);
        let key = hmac::Key::from(okm.map_err(|_| Error::internal("no key could be derived"))?);
        Ok(Self { key, minutes, base: OnceLock::new() })
    }

    fn base(&self) -> &str {
        self.base.get().map(String::as_str).unwrap_or_default()
    }

    fn message(path: &str, reader: UserId, expires: i64) -> String {
        format!("{path}\n{reader}\n{expires}")
    }

    fn link(&self, path: &str, reader: UserId, now: Time) -> Link {
        // The same address for a while, so that browsers need not fetch a picture again for each list.
        let span = self.minutes.max(1) * MINUTE;
        let expires_at = Time((now.0 / span + 2) * span);
        let expires = expires_at.0 / 1_000;
        let signature = hmac::sign(&self.key, Self::message(path, reader, expires).as_bytes());
        let signature = secret::hex(signature.as_ref());
        let base = self.base();
        let url = format!("{base}{UPLOADS}{path}?expires={expires}&reader={reader}&signature={signature}");
        Link { url, expires_at }
    }

    /// In constant time.
    fn good(&self, path: &str, signed: &Signed) -> bool {
        let Some(tag) = unhex(&signed.signature) else { return false };
        let message = Self::message(path, UserId(signed.reader), signed.expires);
        hmac::verify(&self.key, message.as_bytes(), &tag).is_ok()
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    digits.chunks(2).map(|pair| if let [high, low] = pair { Some(high * 16 + low) } else { None }).collect()
}

impl Engine {
    /// Says where people reach this server, so that links begin there. The first word counts.
    pub fn serves_at(&self, base: &str) {
        self.0.links.base.get_or_init(|| base.trim_end_matches('/').to_owned());
    }

    /// The address of an upload, without a signature: for those who send a token.
    pub fn address(&self, attachment: &Attachment) -> Option<String> {
        Some(format!("{}{UPLOADS}{}", self.0.links.base(), attachment.path.as_deref()?))
    }

    /// A link to an upload for this reader, who has to be one to whom the engine has given it. Files of the time before
    /// uploads had addresses have none.
    pub fn link(&self, reader: &Actor, attachment: &Attachment) -> Option<Link> {
        Some(self.0.links.link(attachment.path.as_deref()?, reader.user()?, self.now()))
    }

    /// Whom a link stands for.
    ///
    /// # Errors
    /// `Unauthenticated` when it was not made here, has expired, or its reader's account does not work any more.
    pub async fn linked(&self, path: &str, signed: &Signed) -> Result<Actor> {
        let links = &self.0.links;
        if !links.good(path, signed) {
            return Err(Error::unauthenticated("the link's signature is wrong"));
        }
        if signed.expires <= self.now().0 / 1_000 {
            return Err(Error::unauthenticated("the link has expired"));
        }
        let id = UserId(signed.reader);
        let people = self.known_people(&[id]).await?;
        let person = people.first().filter(|person| person.is_active()).ok_or_else(access::sign_in)?;
        Ok(Actor::User(Member { id, role: person.role, via: Via::Channel, scopes: vec![Scope::Read] }))
    }

    /// A person whose picture, if it lies here, can be shown to this reader.
    pub(crate) fn portrayed(&self, reader: &Actor, user: Arc<User>) -> Arc<User> {
        match self.portrait(reader, &user) {
            Some(url) => {
                let mut user = (*user).clone();
                user.profile.avatar_url = Some(url);
                Arc::new(user)
            }
            None => user,
        }
    }

    pub(crate) fn portrayed_one(&self, reader: &Actor, mut user: User) -> User {
        if let Some(url) = self.portrait(reader, &user) {
            user.profile.avatar_url = Some(url);
        }
        user
    }

    fn portrait(&self, reader: &Actor, user: &User) -> Option<String> {
        let path = user.profile.avatar_url.as_deref()?.strip_prefix(UPLOADS)?;
        Some(self.0.links.link(path, reader.user()?, self.now()).url)
    }

    /// The address in a link of ours; any other is left as it is.
    pub(crate) fn unsigned(&self, url: String) -> String {
        let local = url.strip_prefix(self.0.links.base()).unwrap_or(&url);
        match local.split_once('?') {
            Some((address, signed)) if address.starts_with(UPLOADS) && signed.contains("signature=") => {
                address.to_owned()
            }
            Some(_) | None => url,
        }
    }
}

/// Where a file is fetched with a token, whatever it came by.
pub fn path_of(attachment: &Attachment) -> String {
    format!("/attachments/{}/{}", attachment.id, percent_encoded(&attachment.file.filename))
}

/// A file name as the last part of a path.
fn percent_encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            write!(encoded, "%{byte:02X}").unwrap_or_default();
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_in_a_path() {
        assert_eq!(percent_encoded("a b/ü?.pdf"), "a%20b%2F%C3%BC%3F.pdf");
    }

    fn signer() -> Signer {
        Signer::new(b"a key of this installation", 60).unwrap()
    }

    fn read(url: &str) -> Signed {
        let value =
            |name: &str| url.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)).unwrap_or_default().to_owned();
        Signed {
            reader: value("reader=").parse().unwrap(),
            expires: value("expires=").parse().unwrap(),
            signature: value("signature="),
        }
    }

    #[test]
    fn a_link_is_for_one_file_one_reader_and_one_time() {
        let signer = signer();
        let link = signer.link("2026/01/a.png", UserId(7), Time(1_767_578_400_000));
        assert_eq!(link.expires_at, Time(1_767_578_400_000 + 120 * MINUTE));
        assert!(link.url.starts_with("/uploads/2026/01/a.png?expires="), "{}", link.url);
        let signed = read(&link.url);
        assert!(signer.good("2026/01/a.png", &signed));
        assert!(!signer.good("2026/01/b.png", &signed));
        assert!(!signer.good("2026/01/a.png", &Signed { reader: 8, ..signed.clone() }));
        assert!(!signer.good("2026/01/a.png", &Signed { expires: signed.expires + 1, ..signed.clone() }));
        for bad in ["", "0", "zz", "éé", &"0".repeat(64)] {
            assert!(!signer.good("2026/01/a.png", &Signed { signature: bad.to_owned(), ..signed.clone() }), "{bad}");
        }
        let other = Signer::new(b"another", 60).unwrap();
        assert!(!other.good("2026/01/a.png", &signed));
        // Within the span it stays the same.
        assert_eq!(signer.link("2026/01/a.png", UserId(7), Time(1_767_578_400_000 + 59 * MINUTE)), link);
    }
}
