//! Random tokens, their digests, and signatures. The one place that makes randomness.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::{Error, Result};
use ring::rand::SecureRandom as _;

/// So many random bytes.
#[expect(clippy::disallowed_methods, reason = "this is the place where randomness comes in")]
pub(crate) fn random_bytes(count: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; count];
    ring::rand::SystemRandom::new().fill(&mut buffer).map_err(|_| Error::internal("the system gives no randomness"))?;
    Ok(buffer)
}

/// `bytes` random bytes as URL-safe text.
pub fn random_token(bytes: usize) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes(bytes)?))
}

/// Hex SHA-256: what is kept of a random token.
pub fn digest(text: impl AsRef<[u8]>) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, text.as_ref()).as_ref())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, b| {
        // Writing to a String can't fail.
        write!(text, "{b:02x}").unwrap_or_default();
        text
    })
}

/// Compares two secrets in constant time.
pub fn same_secret(a: &str, b: &str) -> bool {
    digest(a) == digest(b)
}

/// The first `digits` hex digits of an HMAC-SHA256.
pub(crate) fn sign(key: &[u8], message: &str, digits: usize) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    hex(ring::hmac::sign(&key, message.as_bytes()).as_ref()).chars().take(digits).collect()
}
