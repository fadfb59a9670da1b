//! Files: kept once by content (hex SHA-256), written beside the data, streamed, never executed.
//!
//! A file is written under a temporary name, synced and renamed before anything in the store names it, so a name in the
//! store always has its bytes. What nothing names any more is swept away later.

use crate::execute::Subject;
use crate::{Caller, Engine, Tolerate as _, secret, see};
use model::access::{self, Operation};
use model::attachment::{Attachment, FileInfo, check_ending, check_type, safe_filename};
use model::command::{Command, StoreFile};
use model::event::Event;
use model::id::AttachmentId;
use model::{Actor, Error, Result};
use std::path::{Path, PathBuf};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

/// What may be uploaded.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Until an administrator says otherwise.
    pub max_bytes: u64,
    /// File name endings that are refused, in lower case without the dot.
    pub blocked_endings: Vec<String>,
    /// Media types that are accepted (`image/*` means all images); empty: all that are not blocked.
    pub allowed_types: Vec<String>,
    pub blocked_types: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        let blocked = ["exe", "com", "bat", "cmd", "msi", "scr", "ps1", "sh", "php", "jar", "vbs"];
        Self {
            max_bytes: 25 * 1024 * 1024,
            blocked_endings: blocked.map(str::to_owned).to_vec(),
            allowed_types: Vec::new(),
            blocked_types: Vec::new(),
        }
    }
}

pub(crate) struct Files {
    root: PathBuf,
    limits: Limits,
    /// Names whose bytes were there already when they were kept again: the sweep leaves them alone for a while, because the
    /// row that will name them is still on its way.
    again: moka::sync::Cache<String, ()>,
    /// Keeping and sweeping a file take turns.
    turn: tokio::sync::Mutex<()>,
}

impl Files {
    pub(crate) async fn open(root: PathBuf, limits: Limits) -> Result<Self> {
        tokio::fs::create_dir_all(root.join("tmp"))
            .await
            .map_err(|e| Error::internal(format!("can't make {}: {e}", root.display())))?;
        let again =
            moka::sync::Cache::builder().max_capacity(100_000).time_to_live(std::time::Duration::from_hours(1)).build();
        Ok(Self { root, limits, again, turn: tokio::sync::Mutex::default() })
    }

    /// Where a file lies; `None` for what isn't a digest.
    pub(crate) fn path(&self, sha256: &str) -> Option<PathBuf> {
        let good = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        let (folder, _) = sha256.split_at_checked(2)?;
        good.then(|| self.root.join(folder).join(sha256))
    }

    fn temporary(&self) -> Result<PathBuf> {
        Ok(self.root.join("tmp").join(secret::random_token(12)?))
    }

    /// Throws away what a process was writing when it was killed: no upload takes until `before`, a day ago.
    async fn sweep_temporary(&self, before: model::Time) -> std::io::Result<()> {
        let mut entries = tokio::fs::read_dir(self.root.join("tmp")).await?;
        while let Some(entry) = entries.next_entry().await? {
            let written = entry.metadata().await?.modified()?.duration_since(std::time::UNIX_EPOCH);
            if written.is_ok_and(|age| age.as_millis() < u128::try_from(before.0).unwrap_or(0)) {
                tokio::fs::remove_file(entry.path()).await?;
            }
        }
        Ok(())
    }

    /// Writes a stream away; answers digest and size.
    async fn keep(&self, mut bytes: impl AsyncRead + Send + Unpin, max: u64) -> Result<(String, u64)> {
        let temporary = self.temporary()?;
        let kept = self.write(&mut bytes, &temporary, max).await;
        if kept.is_err() {
            tokio::fs::remove_file(&temporary).await.tolerate("removing a half-written file");
        }
        let (sha256, size) = kept?;
        self.adopt(&sha256, &temporary).await?;
        Ok((sha256, size))
    }

    async fn write(&self, bytes: &mut (impl AsyncRead + Send + Unpin), to: &Path, max: u64) -> Result<(String, u64)> {
        let io = |e: std::io::Error| Error::internal(format!("writing a file: {e}"));
        let mut file = tokio::fs::File::create(to).await.map_err(io)?;
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        let mut buffer = vec![0; 64 * 1024];
        let mut size = 0_u64;
        loop {
            let n =
                bytes.read(&mut buffer).await.map_err(|e| Error::invalid("file", format!("could not be read: {e}")))?;
            let Some(chunk) = buffer.get(..n).filter(|c| !c.is_empty()) else { break };
            size += n as u64;
            if size > max {
                return Err(Error::TooLarge { field: "file", limit: max });
            }
            context.update(chunk);
            file.write_all(chunk).await.map_err(io)?;
        }
        file.sync_all().await.map_err(io)?;
        Ok((secret::hex(context.finish().as_ref()), size))
    }

    /// Moves a written file to its place.
    pub(crate) async fn adopt(&self, sha256: &str, from: &Path) -> Result<()> {
        let io = |e: std::io::Error| Error::internal(format!("keeping a file: {e}"));
        let to = self.path(sha256).ok_or_else(|| Error::internal("not a digest"))?;
        let _turn = self.turn.lock().await;
        if tokio::fs::try_exists(&to).await.map_err(io)? {
            self.again.insert(sha256.to_owned(), ());
            return tokio::fs::remove_file(from).await.map_err(io);
        }
        let folder = to.parent().map(Path::to_path_buf).unwrap_or_default();
        tokio::fs::create_dir_all(&folder).await.map_err(io)?;
        tokio::fs::rename(from, &to).await.map_err(io)?;
        // The name itself must survive a power cut, too.
        let folder = tokio::fs::File::open(folder).await.map_err(io)?;
        folder.sync_all().await.map_err(io)
    }

    pub(crate) async fn read(&self, sha256: &str) -> Result<Vec<u8>> {
        let path = self.path(sha256).ok_or_else(|| Error::internal("not a digest"))?;
        tokio::fs::read(path).await.map_err(|e| Error::internal(format!("reading a file: {e}")))
    }
}

impl Engine {
    /// Stores an upload. It belongs to the caller until a comment names it.
    ///
    /// # Errors
    /// `TooLarge`, `Invalid` for a type that isn't accepted.
    #[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
    pub async fn upload(
        &self,
        by: &Caller,
        filename: &str,
        content_type: Option<&str>,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> Result<Attachment> {
        access::in_general(&by.actor, Operation::StoreFile)?;
        let filename = safe_filename(filename);
        let limits = &self.0.files.limits;
        check_ending(&filename, &limits.blocked_endings)?;
        let content_type = media_type(content_type);
        check_type(&content_type, &limits.allowed_types, &limits.blocked_types)?;
        let (sha256, size) = self.0.files.keep(bytes, self.policy().max_file_bytes).await?;
        let file = FileInfo { sha256, filename, content_type, size: size as i64, content_id: None, inline: false };
        let outcome = self.execute(by, Command::StoreFile(StoreFile { file })).await?;
        let stored = outcome.events.iter().find_map(|r| match &r.event {
            Event::FileStored { attachment } => Some((**attachment).clone()),
            _ => None,
        });
        match (stored, outcome.subject) {
            (Some(attachment), _) => Ok(attachment),
            (None, Subject::Attachment(id)) => self.attachment(&by.actor, id).await,
            (None, _) => Err(Error::internal("no file was stored")),
        }
    }

    /// Keeps the bytes of a part of an incoming message; the message's comment will name it. No type is refused here:
    /// what came by mail is kept, and served harmlessly.
    pub async fn keep_file(
        &self,
        filename: &str,
        content_type: &str,
        content_id: Option<String>,
        inline: bool,
        bytes: Vec<u8>,
    ) -> Result<FileInfo> {
        let (sha256, size) = self.0.files.keep(bytes.as_slice(), u64::MAX).await?;
        Ok(FileInfo {
            sha256,
            filename: safe_filename(filename),
            content_type: media_type(Some(content_type)),
            size: size as i64,
            content_id,
            inline,
        })
    }

    /// An attachment that the actor may see: their own unused upload, or one of a comment that they may read.
    pub async fn attachment(&self, actor: &Actor, id: AttachmentId) -> Result<Attachment> {
        let gone = || Error::not_found("attachment");
        if matches!(actor, Actor::Anonymous) {
            return Err(access::sign_in());
        }
        let mut conn = self.0.store.read().await?;
        let found = store::attachment::by_ids(&mut conn, &[id]).await?.into_iter().next().ok_or_else(gone)?;
        let Some(comment) = found.comment else {
            let own = found.owner.is_some() && found.owner == actor.user();
            return if own || matches!(actor, Actor::System(_)) { Ok(found) } else { Err(gone()) };
        };
        let comment = store::comment::by_id(&mut conn, comment).await?.ok_or_else(gone)?;
        let ticket = store::ticket::by_id(&mut conn, comment.ticket).await?.ok_or_else(gone)?;
        access::on_ticket(actor, Operation::ReadTicket, &ticket).map_err(|_| gone())?;
        if !comment.is_public() && !see::internal(actor) {
            return Err(gone());
        }
        Ok(found)
    }

    /// An attachment's bytes, as an open file.
    pub async fn download(&self, actor: &Actor, id: AttachmentId) -> Result<(Attachment, tokio::fs::File)> {
        let attachment = self.attachment(actor, id).await?;
        let path = self.0.files.path(&attachment.file.sha256).ok_or_else(|| Error::internal("not a digest"))?;
        let file = tokio::fs::File::open(&path)
            .await
            .map_err(|e| Error::internal(format!("a stored file is missing: {e}")))?;
        Ok((attachment, file))
    }

    /// Where a stored file lies, whoever asks: for backups and the doctor on the machine itself.
    pub fn file_path(&self, sha256: &str) -> Option<PathBuf> {
        self.0.files.path(sha256)
    }

    /// Takes a file over from a backup. The digest must have been checked.
    pub async fn adopt_file(&self, sha256: &str, temporary: &Path) -> Result<()> {
        self.0.files.adopt(sha256, temporary).await
    }

    /// Throws away uploads that no comment named within a day, and their bytes where nothing else needs them.
    pub(crate) async fn sweep_files(&self) -> Result<()> {
        let before = self.now().plus(-model::time::DAY);
        self.0.files.sweep_temporary(before).await.tolerate("sweeping half-written files");
        let unused = store::attachment::unused_before(&mut self.0.store.read().await?, before, 200).await?;
        for attachment in unused {
            self.execute(&Caller::system("files"), Command::DiscardFile(attachment.id)).await?;
            let _turn = self.0.files.turn.lock().await;
            if self.0.files.again.contains_key(&attachment.file.sha256) {
                continue;
            }
            let used = store::attachment::file_in_use(&mut self.0.store.read().await?, &attachment.file.sha256).await?;
            if let Some(path) = self.0.files.path(&attachment.file.sha256).filter(|_| !used) {
                tokio::fs::remove_file(path).await.tolerate("removing an unused file");
            }
        }
        Ok(())
    }
}

/// A declared type if it looks like one; bytes otherwise.
fn media_type(declared: Option<&str>) -> String {
    let kind = declared.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let good = kind.split_once('/').is_some_and(|(a, b)| {
        let token = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c));
        token(a) && token(b)
    });
    if good && kind.len() <= 100 { kind } else { "application/octet-stream".to_owned() }
}
