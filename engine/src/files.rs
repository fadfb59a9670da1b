//! Files: kept once by content (hex SHA-256), written beside the data, streamed, never executed.
//!
//! A file is written under a temporary name, synced and renamed before anything in the store names it, so a name in the
//! store always has its bytes. What nothing names any more is swept away later.

use crate::{Caller, Engine, Tolerate as _, secret};
use model::attachment::{FileInfo, safe_filename};
use model::command::Command;
use model::media::HEAD;
use model::time::{DAY, HOUR};
use model::{Error, Result, Time};
use std::collections::BTreeSet;
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
        let blocked = [
            "exe", "dll", "com", "bat", "cmd", "msi", "scr", "cpl", "lnk", "hta", "ps1", "sh", "bash", "php", "phtml",
            "phar", "jar", "vbs",
        ];
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
    pub(crate) limits: Limits,
    /// Keeping and sweeping a file take turns.
    turn: tokio::sync::Mutex<()>,
    /// Pictures that are read at a time: each may take memory.
    pub(crate) drawing: tokio::sync::Semaphore,
}

/// Names the stores that name files beside it.
const STORES: &str = "stores";
/// Files that are looked at in one go.
const AT_ONCE: usize = 200;
/// Pictures that are read at a time.
const DRAWN_AT_ONCE: usize = 2;

/// A file that was written and has no name yet. It goes away if it gets none.
pub(crate) struct Written {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    pub(crate) size: u64,
}

impl Drop for Written {
    fn drop(&mut self) {
        match std::fs::remove_file(&self.path) {
            // It was given its name.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            removed => removed.tolerate("removing a file that nobody wanted"),
        }
    }
}

impl Files {
    pub(crate) async fn open(root: PathBuf, limits: Limits) -> Result<Self> {
        tokio::fs::create_dir_all(root.join("tmp"))
            .await
            .map_err(|e| Error::internal(format!("can't make {}: {e}", root.display())))?;
        let drawing = tokio::sync::Semaphore::new(DRAWN_AT_ONCE);
        Ok(Self { root, limits, turn: tokio::sync::Mutex::default(), drawing })
    }

    /// The stores that name files here, by their logs' epochs.
    async fn stores(&self) -> Result<BTreeSet<String>> {
        match tokio::fs::read_to_string(self.root.join(STORES)).await {
            Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            Err(error) => Err(unreadable(error)),
        }
    }

    /// Notes that a store names files here, and that it was called otherwise before.
    pub(crate) async fn belong_to(&self, epoch: &str, before: Option<&str>) -> Result<()> {
        let known = self.stores().await?;
        let mut stores = known.clone();
        if let Some(before) = before {
            stores.remove(before);
        }
        stores.insert(epoch.to_owned());
        if stores == known {
            return Ok(());
        }
        let io = |e: std::io::Error| Error::internal(format!("noting whose the files are: {e}"));
        let written = self.temporary()?;
        let lines: String = stores.iter().flat_map(|epoch| [epoch, "\n"]).collect();
        tokio::fs::write(&written, lines).await.map_err(io)?;
        tokio::fs::rename(&written, self.root.join(STORES)).await.map_err(io)
    }

    /// Where a file lies; `None` for what isn't a digest.
    pub(crate) fn path(&self, sha256: &str) -> Option<PathBuf> {
        let good = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        let (folder, _) = sha256.split_at_checked(2)?;
        good.then(|| self.root.join(folder).join(sha256))
    }

    fn half_written(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(crate) fn temporary(&self) -> Result<PathBuf> {
        Ok(self.half_written().join(secret::random_token(12)?))
    }

    /// Throws away what a process was writing when it was killed: no upload takes until `before`, a day ago.
    async fn sweep_temporary(&self, before: Time) -> std::io::Result<()> {
        let mut entries = tokio::fs::read_dir(self.half_written()).await?;
        while let Some(entry) = entries.next_entry().await? {
            if is_older(&entry.metadata().await?, before) {
                tokio::fs::remove_file(entry.path()).await?;
            }
        }
        Ok(())
    }

    /// Writes a stream away and gives it its place; answers digest and size.
    async fn keep(&self, bytes: impl AsyncRead + Send + Unpin, now: Time) -> Result<(String, u64)> {
        let (written, _) = self.write(bytes, u64::MAX).await?;
        self.adopt(&written.sha256, &written.path, now).await?;
        Ok((written.sha256.clone(), written.size))
    }

    /// Writes a stream away; answers its first bytes, too.
    pub(crate) async fn write(&self, mut bytes: impl AsyncRead + Send + Unpin, max: u64) -> Result<(Written, Vec<u8>)> {
        let io = |e: std::io::Error| Error::internal(format!("writing a file: {e}"));
        let mut written = Written { path: self.temporary()?, sha256: String::new(), size: 0 };
        let mut file = tokio::fs::File::create(&written.path).await.map_err(io)?;
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        let mut buffer = vec![0; 64 * 1024];
        let mut head = Vec::new();
        loop {
            let n =
                bytes.read(&mut buffer).await.map_err(|e| Error::invalid("file", format!("could not be read: {e}")))?;
            let Some(chunk) = buffer.get(..n).filter(|c| !c.is_empty()) else { break };
            written.size += n as u64;
            if written.size > max {
                return Err(Error::TooLarge { field: "file", limit: max });
            }
            head.extend(chunk.iter().take(HEAD - head.len()));
            context.update(chunk);
            file.write_all(chunk).await.map_err(io)?;
        }
        file.sync_all().await.map_err(io)?;
        written.sha256 = secret::hex(context.finish().as_ref());
        Ok((written, head))
    }

    /// Moves a written file to its place. The sweep leaves it alone for a while, because the row that will name it is still on
    /// its way: in whichever process, the file's time says so.
    pub(crate) async fn adopt(&self, sha256: &str, from: &Path, now: Time) -> Result<()> {
        let io = |e: std::io::Error| Error::internal(format!("keeping a file: {e}"));
        let to = self.path(sha256).ok_or_else(|| Error::internal("not a digest"))?;
        let _turn = self.turn.lock().await;
        if tokio::fs::try_exists(&to).await.map_err(io)? {
            touch(&to, now).await.map_err(io)?;
            return tokio::fs::remove_file(from).await.map_err(io);
        }
        touch(from, now).await.map_err(io)?;
        let folder = to.parent().map(Path::to_path_buf).unwrap_or_default();
        tokio::fs::create_dir_all(&folder).await.map_err(io)?;
        tokio::fs::rename(from, &to).await.map_err(io)?;
        // The name itself must survive a power cut, too.
        let folder = tokio::fs::File::open(folder).await.map_err(io)?;
        folder.sync_all().await.map_err(io)
    }

    /// The first bytes of a file.
    pub(crate) async fn head(&self, sha256: &str, most: usize) -> Result<Vec<u8>> {
        let io = |e: std::io::Error| Error::internal(format!("reading a file: {e}"));
        let path = self.path(sha256).ok_or_else(|| Error::internal("not a digest"))?;
        let mut bytes = Vec::new();
        tokio::fs::File::open(path).await.map_err(io)?.take(most as u64).read_to_end(&mut bytes).await.map_err(io)?;
        Ok(bytes)
    }
}

impl Engine {
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
        let (sha256, size) = self.0.files.keep(bytes.as_slice(), self.now()).await?;
        Ok(FileInfo {
            sha256,
            filename: safe_filename(filename),
            content_type: media_type(Some(content_type)),
            size: size as i64,
            content_id,
            inline,
        })
    }

    /// Where a stored file lies, whoever asks: for backups and the doctor on the machine itself.
    pub fn file_path(&self, sha256: &str) -> Option<PathBuf> {
        self.0.files.path(sha256)
    }

    /// Where a surface may keep what it is still taking in. What is left there for a day is thrown away.
    pub fn half_written(&self) -> PathBuf {
        self.0.files.half_written()
    }

    /// Takes a file over from a backup. The digest must have been checked.
    pub async fn adopt_file(&self, sha256: &str, temporary: &Path) -> Result<()> {
        self.0.files.adopt(sha256, temporary, self.now()).await
    }

    /// Throws away uploads that no comment named within a day, and their bytes where nothing else needs them.
    pub(crate) async fn sweep_files(&self) -> Result<()> {
        let before = self.now().plus(-DAY);
        self.0.files.sweep_temporary(before).await.tolerate("sweeping half-written files");
        loop {
            let unused = store::attachment::unused_before(&mut self.0.store.read().await?, before, AT_ONCE).await?;
            let more = unused.len() == AT_ONCE;
            for attachment in unused {
                self.execute(&Caller::system("files"), Command::DiscardFile(attachment.id)).await?;
                let thumbnail = attachment.picture.and_then(|picture| picture.thumbnail);
                let named = [Some(attachment.file.sha256), thumbnail.map(|t| t.sha256)];
                self.drop_unused(named.into_iter().flatten().collect(), self.now().plus(-HOUR)).await?;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Removes the bytes that no row names: of what was refused after it was received, and of what a process was about to name
    /// or to remove when it was killed. Where another store ever named files in this folder, nothing is removed: what this one
    /// doesn't know may be that one's.
    pub async fn sweep_orphans(&self) -> Result<()> {
        if self.0.files.stores().await? != BTreeSet::from([self.0.epoch.clone()]) {
            tracing::debug!("the folder of files is another store's, too; what nothing names stays in it");
            return Ok(());
        }
        let mut folders = tokio::fs::read_dir(&self.0.files.root).await.map_err(unreadable)?;
        while let Some(folder) = folders.next_entry().await.map_err(unreadable)? {
            if folder.file_name().len() != 2 || !folder.file_type().await.map_err(unreadable)?.is_dir() {
                continue;
            }
            let mut names = Vec::new();
            let mut entries = tokio::fs::read_dir(folder.path()).await.map_err(unreadable)?;
            while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
                names.extend(entry.file_name().into_string());
                if names.len() == AT_ONCE {
                    self.drop_unused(std::mem::take(&mut names), self.now().plus(-DAY)).await?;
                }
            }
            self.drop_unused(names, self.now().plus(-DAY)).await?;
        }
        Ok(())
    }

    /// Removes those files that are older than an instant and that nothing names.
    async fn drop_unused(&self, mut names: Vec<String>, before: Time) -> Result<()> {
        let files = &self.0.files;
        let _turn = files.turn.lock().await;
        names.retain(|name| files.path(name).is_some());
        let used = store::attachment::files_in_use(&mut self.0.store.read().await?, &names).await?;
        for path in names.iter().filter(|name| !used.contains(name)).filter_map(|name| files.path(name)) {
            match tokio::fs::metadata(&path).await {
                Ok(known) if is_older(&known, before) => {
                    tokio::fs::remove_file(path).await.tolerate("removing an unused file");
                }
                // It is on its way to be used, or gone.
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }
}

fn unreadable(error: std::io::Error) -> Error {
    Error::internal(format!("looking through the files: {error}"))
}

fn is_older(known: &std::fs::Metadata, before: Time) -> bool {
    let written = known.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    written.is_some_and(|age| age.as_millis() < u128::try_from(before.0).unwrap_or(0))
}

/// Gives a file the time at which it was last wanted.
async fn touch(path: &Path, now: Time) -> std::io::Result<()> {
    let file = tokio::fs::File::open(path).await?.into_std().await;
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
    tokio::task::spawn_blocking(move || file.set_modified(at)).await.map_err(std::io::Error::other)?
}

/// A declared type if it looks like one; bytes otherwise.
pub(crate) fn media_type(declared: Option<&str>) -> String {
    let kind = declared.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let good = kind.split_once('/').is_some_and(|(a, b)| {
        let token = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c));
        token(a) && token(b)
    });
    if good && kind.len() <= 100 { kind } else { "application/octet-stream".to_owned() }
}
