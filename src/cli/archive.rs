//! What a backup looks like inside: a manifest, the database as lines, the files by their content.
//!
//! The manifest comes first and has the digest of the database's lines; a file's name is the digest of the file. So all of
//! a backup is verified before any of it is believed.

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

pub const MANIFEST: &str = "manifest.json";
pub const DATABASE: &str = "database.jsonl";
/// In front of a file's digest.
pub const FILES: &str = "files/";
/// The form of a backup that this version writes, and the only one that it reads.
pub const FORMAT: u32 = 1;

/// The first entry of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The version of Echodesk that wrote it.
    pub version: String,
    /// RFC 3339.
    pub created_at: String,
    /// The cursor of the last event that is inside for certain.
    pub cursor: String,
    /// Rows of the database.
    pub rows: u64,
    /// Lines of the database's part: the rows, and a line in front of each table.
    pub lines: u64,
    /// Hex SHA-256 of the database's part.
    pub database_sha256: String,
    pub files: u64,
    /// Bytes of all files together.
    pub file_bytes: u64,
    /// Files that the database names and that were not there.
    pub missing_files: u64,
}

/// A SHA-256 in the making.
pub struct Digest(Context);

impl Default for Digest {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl Digest {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn hex(self) -> String {
        self.0.finish().as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
            for digit in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(digit), 16));
            }
            text
        })
    }
}

/// Copies all bytes and returns their digest and how many there were.
pub fn copy_digested(from: &mut impl Read, to: &mut impl Write) -> io::Result<(String, u64)> {
    let mut digest = Digest::default();
    let mut buffer = vec![0; 128 * 1024];
    let mut bytes = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let chunk = buffer.get(..read).unwrap_or_default();
        digest.update(chunk);
        to.write_all(chunk)?;
        bytes += read as u64;
    }
    Ok((digest.hex(), bytes))
}

/// The digest in a file entry's name; nothing else is let into the store.
pub fn file_digest(entry: &str) -> Option<&str> {
    let digest = entry.strip_prefix(FILES)?;
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (digest.len() == 64 && digest.bytes().all(hex)).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        let mut copy = Vec::new();
        let (hex, bytes) = copy_digested(&mut &b"abc"[..], &mut copy).unwrap();
        assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((bytes, copy.as_slice()), (3, &b"abc"[..]));
        assert_eq!(file_digest(&format!("files/{hex}")), Some(hex.as_str()));
        for bad in ["files/../../etc/passwd", "files/abc", "database.jsonl", "/etc/passwd"] {
            assert_eq!(file_digest(bad), None, "{bad}");
        }
    }
}
