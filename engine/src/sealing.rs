//! Secrets that must be read again, such as the one that signs a webhook: encrypted at rest under the installation's key.
//!
//! The key is derived from the signing key, for this one purpose (HKDF-SHA256); each secret has a nonce of its own
//! (ChaCha20-Poly1305). What comes out is text: base64 of the nonce and the ciphertext. Whoever has a row, a log or a query's
//! answer has nothing; whoever has the whole database has the key, too.

use crate::secret;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use model::session::Sealed;
use model::{Error, Result};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

/// Seals and opens.
pub(crate) struct Sealer(LessSafeKey);

impl Sealer {
    pub(crate) fn new(signing_key: &[u8]) -> Result<Self> {
        let derived = Salt::new(HKDF_SHA256, b"echodesk").extract(signing_key);
        let okm = derived.expand(&[b"secrets at rest"], &CHACHA20_POLY1305);
        let key = UnboundKey::from(okm.map_err(|_| Error::internal("no key could be derived"))?);
        Ok(Self(LessSafeKey::new(key)))
    }

    /// `what` it is for: a text that was sealed for something else does not open.
    pub(crate) fn seal(&self, what: &'static str, text: &str) -> Result<Sealed> {
        let nonce = URL_SAFE_NO_PAD.decode(secret::random_token(NONCE_LEN)?).map_err(Error::internal)?;
        let mut sealed = text.as_bytes().to_vec();
        let unique =
            Nonce::try_assume_unique_for_key(&nonce).map_err(|_| Error::internal("a nonce of another size"))?;
        self.0
            .seal_in_place_append_tag(unique, Aad::from(what.as_bytes()), &mut sealed)
            .map_err(|_| Error::internal("a secret can't be sealed"))?;
        Ok(Sealed(Some(STANDARD_NO_PAD.encode([nonce, sealed].concat()))))
    }

    pub(crate) fn open(&self, what: &'static str, sealed: &Sealed) -> Result<String> {
        let bad = || Error::internal(format!("a sealed {what} can't be opened: it was sealed under another key"));
        let bytes = STANDARD_NO_PAD.decode(sealed.0.as_deref().unwrap_or_default()).map_err(|_| bad())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or_else(bad)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| bad())?;
        let mut text = sealed.to_vec();
        let text = self.0.open_in_place(nonce, Aad::from(what.as_bytes()), &mut text).map_err(|_| bad())?;
        String::from_utf8(text.to_vec()).map_err(|_| bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_the_same_key_for_the_same_purpose_only() {
        let sealer = Sealer::new(b"a signing key of this installation").unwrap();
        let sealed = sealer.seal("secret", "whsec_密").unwrap();
        assert_eq!(sealer.open("secret", &sealed).unwrap(), "whsec_密");
        assert!(!sealed.0.as_deref().unwrap().contains("whsec"));
        assert_ne!(sealer.seal("secret", "whsec_密").unwrap(), sealed, "each has a nonce of its own");
        assert!(sealer.open("headers", &sealed).is_err());
        assert!(Sealer::new(b"another").unwrap().open("secret", &sealed).is_err());
        let mut forged = sealed.0.unwrap();
        forged.pop();
        assert!(sealer.open("secret", &Sealed(Some(forged))).is_err());
        assert!(sealer.open("secret", &Sealed(None)).is_err());
    }
}
