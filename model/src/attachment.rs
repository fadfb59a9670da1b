//! Attachments: files that belong to a comment, to a ticket or to a person as their picture, stored once by content.

use crate::error::{Error, Result};
use crate::id::{AttachmentId, CommentId, TicketId, UserId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// What a file was sent for, by the helpdesk dialect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The picture of whoever sends it.
    Avatar,
    #[default]
    Attachment,
    Document,
}

impl Purpose {
    pub const ALL: [Self; 3] = [Self::Avatar, Self::Attachment, Self::Document];

    pub fn word(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Attachment => "attachment",
            Self::Document => "document",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.word() == word)
    }
}

/// Where the addresses of uploads begin.
pub const UPLOADS: &str = "/uploads/";

/// A file. Until a comment or a ticket has it, only its owner may see it; afterwards, access follows the ticket's. An avatar
/// is for everybody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub id: AttachmentId,
    #[serde(flatten)]
    pub file: FileInfo,
    pub owner: Option<UserId>,
    pub ticket: Option<TicketId>,
    pub comment: Option<CommentId>,
    #[serde(default)]
    pub purpose: Purpose,
    /// Its address below `/uploads/`: `2026/01/name.png`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
    pub created_at: Time,
}

/// What is known of a picture that was read. Width and height are those that people see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    pub width: i64,
    pub height: i64,
    /// A smaller JPEG; `None` where the picture is small itself, or could not be drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Thumbnail>,
}

/// Another stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    pub sha256: String,
    /// Bytes.
    pub size: i64,
}

impl Attachment {
    /// The address of an upload on this server.
    pub fn address(&self) -> Option<String> {
        self.path.as_ref().map(|path| format!("{UPLOADS}{path}"))
    }
}

/// The name of a stored upload: from its digest and its number, so that it is new, and says nothing that its reader does not
/// have. The ending is that of its type.
pub fn stored_name(file: &FileInfo, id: AttachmentId) -> String {
    let print = file.sha256.get(..16).unwrap_or_default();
    let named = file.filename.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let plain = named.filter(|e| (1..=8).contains(&e.len()) && e.bytes().all(|b| b.is_ascii_alphanumeric()));
    match crate::media::ending(&file.content_type).map(str::to_owned).or(plain) {
        Some(ending) => format!("{print}-{id}.{ending}"),
        None => format!("{print}-{id}"),
    }
}

/// What is known of a stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Hex SHA-256 of the bytes: the file's name in the store.
    pub sha256: String,
    pub filename: String,
    pub content_type: String,
    /// Bytes.
    pub size: i64,
    /// The `Content-ID` by which an HTML mail shows it inline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
    #[serde(default)]
    pub inline: bool,
}

/// Reduces a file name to its last part without control characters; `attachment` where nothing is left.
pub fn safe_filename(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    let clean = clean.trim().trim_start_matches('.').trim();
    if clean.is_empty() { "attachment".to_owned() } else { clean.to_owned() }
}

/// The refusal of a file for what it is.
pub fn unsupported(kind: &str) -> Error {
    Error::invalid("file", format!("of type {kind} {}", crate::error::NOT_TAKEN))
}

/// Refuses file names whose ending is on the list (lower case, without dots).
pub fn check_ending(filename: &str, blocked: &[String]) -> Result<()> {
    // Some systems drop dots and spaces at the end, and would run what is left.
    let filename = filename.trim_end_matches(['.', ' ']);
    let ending = filename.rsplit_once('.').map(|(_, e)| e.to_lowercase()).unwrap_or_default();
    if blocked.contains(&ending) {
        return Err(unsupported(&format!(".{ending}")));
    }
    Ok(())
}

/// Refuses media types that are blocked, or not among those allowed where any are named. `image/*` means all images.
pub fn check_type(media: &str, allowed: &[String], blocked: &[String]) -> Result<()> {
    let named = |list: &[String]| {
        list.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => media.starts_with(prefix),
            None => media == pattern,
        })
    };
    if named(blocked) || !(allowed.is_empty() || named(allowed)) {
        return Err(unsupported(media));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_refused_by_name_and_by_family() {
        let list = |types: &[&str]| types.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert!(check_type("image/png", &[], &[]).is_ok());
        assert!(check_type("image/png", &list(&["image/*"]), &[]).is_ok());
        assert!(check_type("text/plain", &list(&["image/*"]), &[]).is_err());
        assert!(check_type("image/png", &list(&["image/*"]), &list(&["image/png"])).is_err());
    }

    #[test]
    fn file_names_lose_their_path_and_keep_their_script() {
        assert_eq!(safe_filename("../../etc/passwd"), "passwd");
        assert_eq!(safe_filename(r"C:\tmp\用户手册.pdf"), "用户手册.pdf");
        assert_eq!(safe_filename("a\r\nb.txt"), "ab.txt");
        assert_eq!(safe_filename("..."), "attachment");
        assert!(check_ending("x.EXE", &["exe".into()]).is_err());
        assert!(check_ending("x.exe. .", &["exe".into()]).is_err());
        assert!(check_ending("x.pdf", &["exe".into()]).is_ok());
    }
}
