//! DKIM signatures (RFC 6376, and RFC 8463 for Ed25519): relaxed in header and body, made with ring.
//!
//! lettre's own signer would draw in the `rsa` crate. Only what this server writes is signed, so nothing here has to cope
//! with the oddities of foreign mail.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Error, Result, Time};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use std::path::{Path, PathBuf};

/// By which key mail is signed.
#[derive(Debug, Clone)]
pub struct DkimOptions {
    /// Empty: the sender's.
    pub domain: String,
    pub selector: String,
    /// PEM: Ed25519 (PKCS#8), or RSA (PKCS#8 or PKCS#1).
    pub key_file: PathBuf,
}

/// The headers that are signed where they are there.
const SIGNED: [&str; 11] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Auto-Submitted",
];

enum Key {
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// Signs mail.
pub(super) struct Signer {
    key: Key,
    domain: String,
    selector: String,
}

impl Signer {
    /// # Errors
    /// Where the file can't be read, or holds no key of these kinds.
    pub(super) fn read(options: &DkimOptions) -> Result<Self> {
        let path = &options.key_file;
        let why = |e: &dyn std::fmt::Display| Error::internal(format!("email.dkim_key_file {}: {e}", path.display()));
        let pem = std::fs::read_to_string(path).map_err(|e| why(&e))?;
        let key = key(path, &pem)?;
        Ok(Self { key, domain: options.domain.clone(), selector: options.selector.clone() })
    }

    /// The message with a signature before it. It has CRLF line ends, and a blank line after its headers.
    pub(super) fn sign(&self, message: &[u8], now: Time) -> Result<Vec<u8>> {
        let broken = || Error::internal("a message without a body can't be signed");
        let at = message.windows(4).position(|w| w == b"\r\n\r\n").ok_or_else(broken)?;
        let (head, body) = (message.get(..at + 2).ok_or_else(broken)?, message.get(at + 4..).ok_or_else(broken)?);
        let head = std::str::from_utf8(head).map_err(Error::internal)?;
        let headers = unfolded(head);
        let chosen: Vec<&(String, String)> = SIGNED
            .iter()
            .filter_map(|name| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)))
            .collect();
        let domain = if self.domain.is_empty() { sender(&headers).ok_or_else(broken)? } else { &self.domain };
        let names: Vec<&str> = chosen.iter().map(|(name, _)| name.as_str()).collect();
        let algorithm = match self.key {
            Key::Ed25519(_) => "ed25519-sha256",
            Key::Rsa(_) => "rsa-sha256",
        };
        let body_hash = STANDARD.encode(digest(&SHA256, &relaxed_body(body)));
        let unsigned = format!(
            "v=1; a={algorithm}; c=relaxed/relaxed; d={}; s={}; t={};\r\n\th={};\r\n\tbh={body_hash};\r\n\tb=",
            domain,
            self.selector,
            now.0.div_euclid(1_000),
            names.join(":"),
        );
        let mut signed: String = chosen.iter().map(|(name, value)| relaxed_header(name, value) + "\r\n").collect();
        signed.push_str(&relaxed_header("DKIM-Signature", &unsigned));
        let signature = STANDARD.encode(self.signature(signed.as_bytes())?);
        let mut folded = String::with_capacity(signature.len() + 32);
        for (n, c) in signature.chars().enumerate() {
            if n > 0 && n % 70 == 0 {
                folded.push_str("\r\n\t");
            }
            folded.push(c);
        }
        Ok([format!("DKIM-Signature: {unsigned}{folded}\r\n").as_bytes(), message].concat())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it blinds a computation with a private key; nothing is made out of it"
    )]
    fn signature(&self, signed: &[u8]) -> Result<Vec<u8>> {
        match &self.key {
            // RFC 8463: what is signed is the digest.
            Key::Ed25519(key) => Ok(key.sign(digest(&SHA256, signed).as_ref()).as_ref().to_vec()),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature)
                    .map_err(|_| Error::internal("the DKIM key can't sign"))?;
                Ok(signature)
            }
        }
    }
}

/// The domain of the address in `From`, which lettre writes last and in angle brackets where a name stands before it.
fn sender(headers: &[(String, String)]) -> Option<&str> {
    let (_, from) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("From"))?;
    let (_, domain) = from.rsplit_once('@')?;
    Some(domain.trim().trim_end_matches('>')).filter(|domain| !domain.is_empty())
}

fn key(path: &Path, pem: &str) -> Result<Key> {
    let bad = || {
        Error::internal(format!(
            "email.dkim_key_file {}: must hold one private key as PEM, Ed25519 or RSA of 2048 to 8192 bits",
            path.display()
        ))
    };
    let inside: String = pem.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("-----")).collect();
    let der = STANDARD.decode(inside).map_err(|_| bad())?;
    if pem.contains("-----BEGIN RSA PRIVATE KEY-----") {
        return RsaKeyPair::from_der(&der).map(Key::Rsa).map_err(|_| bad());
    }
    // Some programs leave the public key out; it follows from the private one.
    if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
        return Ok(Key::Ed25519(key));
    }
    RsaKeyPair::from_pkcs8(&der).map(Key::Rsa).map_err(|_| bad())
}

/// Headers, each with what belongs to it on the lines that follow.
fn unfolded(head: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.split_terminator("\r\n") {
        match (line.split_once(':'), headers.last_mut()) {
            (_, Some((_, value))) if line.starts_with([' ', '\t']) => value.push_str(line),
            (Some((name, value)), _) => headers.push((name.to_owned(), value.to_owned())),
            (None, _) => {}
        }
    }
    headers
}

/// RFC 6376, 3.4.2.
fn relaxed_header(name: &str, value: &str) -> String {
    let words: Vec<&str> = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}", name.trim_end().to_ascii_lowercase(), words.join(" "))
}

/// RFC 6376, 3.4.4.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(body.len() + 2);
    let mut blank = 0;
    for line in body.split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut squeezed: Vec<u8> = Vec::with_capacity(line.len());
        for byte in line {
            match (byte, squeezed.last()) {
                (b' ' | b'\t', Some(b' ')) => {}
                (b' ' | b'\t', _) => squeezed.push(b' '),
                _ => squeezed.push(*byte),
            }
        }
        if squeezed.last() == Some(&b' ') {
            squeezed.pop();
        }
        if squeezed.is_empty() {
            blank += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut blank) {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(&squeezed);
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ED25519, KeyPair as _, UnparsedPublicKey};

    #[test]
    fn the_samples_of_the_rfc_come_out() {
        // RFC 6376, 3.4.5.
        assert_eq!(relaxed_header("A", " X"), "a:X");
        assert_eq!(relaxed_header("B ", " Y\t\r\n\tZ  "), "b:Y Z");
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\na\r\n"), b"\r\n\r\na\r\n");
    }

    #[test]
    fn a_signature_is_one_of_what_a_verifier_puts_together() {
        // RFC 8463, A.2: the private key of the sample.
        let seed = STANDARD.decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        assert_eq!(STANDARD.encode(pair.public_key()), "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
        let public = pair.public_key().as_ref().to_vec();
        let signer = Signer { key: Key::Ed25519(pair), domain: String::new(), selector: "brisbane".into() };
        let message =
            b"From: Joe <joe@football.example.com>\r\nSubject: Is\r\n  dinner ready?\r\nX-Other: 1\r\n\r\nHi.\r\n\r\n";
        let signed = signer.sign(message, Time(1_528_637_909_000)).unwrap();
        let text = String::from_utf8(signed).unwrap();
        assert!(
            text.contains("; d=football.example.com; s=brisbane;"),
            "the sender's domain, where none is set: {text}"
        );
        let (field, rest) = text.split_once("\r\nFrom:").unwrap();
        assert!(format!("From:{rest}").as_bytes() == message && field.contains("h=From:Subject;"));
        let (unsigned, signature) = field.rsplit_once("b=").unwrap();
        let bytes = STANDARD.decode(signature.replace("\r\n\t", "")).unwrap();
        let unsigned = unsigned.strip_prefix("DKIM-Signature:").unwrap();
        let said = format!(
            "from:Joe <joe@football.example.com>\r\nsubject:Is dinner ready?\r\n{}",
            relaxed_header("DKIM-Signature", &format!("{unsigned}b="))
        );
        let key = UnparsedPublicKey::new(&ED25519, public);
        key.verify(digest(&SHA256, said.as_bytes()).as_ref(), &bytes).unwrap();
        assert!(field.contains(&format!("bh={};", STANDARD.encode(digest(&SHA256, b"Hi.\r\n")))));
    }

    #[test]
    fn what_is_no_key_is_refused_by_name() {
        let Err(error) = key(Path::new("/etc/dkim.pem"), "hello") else { panic!("accepted") };
        assert!(error.to_string().contains("/etc/dkim.pem") || format!("{error:?}").contains("/etc/dkim.pem"));
    }
}
