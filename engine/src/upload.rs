//! Uploads: taken in, looked at, cleaned, and given to whoever may see them.
//!
//! A file is received first and filed afterwards, because a form may name its ticket after its file. What is not filed goes
//! away. What a file is, `model::media` says; how a picture is cleaned, `picture/`.

use crate::files::{Written, media_type};
use crate::picture::{self, Faulty, Seen};
use crate::subject::Subject;
use crate::{Caller, Engine, see};
use model::access::{self, Operation};
use model::attachment::{
    Attachment, FileInfo, Picture, Purpose, Thumbnail, check_ending, check_type, safe_filename, unsupported,
};
use model::command::{Command, StoreFile};
use model::event::Event;
use model::id::{AttachmentId, TicketId};
use model::media::{self, PictureKind};
use model::{Actor, Error, Result};
use std::path::{Path, PathBuf};
use tokio::io::AsyncRead;

/// Files of a ticket that are listed.
const OF_TICKET: usize = 200;

/// A file that was taken in and belongs to nothing yet.
pub struct Received {
    file: FileInfo,
    written: Written,
    picture: Option<Picture>,
    small: Option<Written>,
}

/// A file on its way out.
#[derive(Debug)]
pub struct Served {
    pub attachment: Attachment,
    /// Hex SHA-256 of the bytes, for the entity tag.
    pub sha256: String,
    pub content_type: String,
    pub file: tokio::fs::File,
}

impl Engine {
    /// The largest file that is taken, in bytes.
    pub fn max_upload_bytes(&self) -> u64 {
        self.policy().max_file_bytes
    }

    /// Stores an upload. It belongs to the caller until a comment names it.
    ///
    /// # Errors
    /// `TooLarge`, `Invalid` for a type that isn't accepted.
    pub async fn upload(
        &self,
        by: &Caller,
        filename: &str,
        content_type: Option<&str>,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> Result<Attachment> {
        let received = self.receive(by, filename, content_type, bytes).await?;
        self.file(by, received, Purpose::Attachment, None).await
    }

    /// Takes a file in: at most as large as the limit, of a kind that is taken, and cleaned if it is a picture.
    ///
    /// # Errors
    /// `TooLarge`, `Invalid` for a type that isn't accepted.
    pub async fn receive(
        &self,
        by: &Caller,
        filename: &str,
        content_type: Option<&str>,
        bytes: impl AsyncRead + Send + Unpin,
    ) -> Result<Received> {
        access::in_general(&by.actor, Operation::StoreFile)?;
        let filename = safe_filename(filename);
        let limits = &self.0.files.limits;
        check_ending(&filename, &limits.blocked_endings)?;
        let declared = media_type(content_type);
        check_type(&declared, &[], &limits.blocked_types)?;
        let (written, head) = self.0.files.write(bytes, self.max_upload_bytes()).await?;
        let settled = media::settle(&filename, &declared, &head)?;
        check_type(&settled, &limits.allowed_types, &limits.blocked_types)?;
        let drawn = match PictureKind::of(&settled) {
            Some(kind) => self.drawn(kind, &written).await?,
            None => None,
        };
        let info = |sha256: &str, size: u64, content_type: String| FileInfo {
            sha256: sha256.to_owned(),
            filename,
            content_type,
            size: size as i64,
            content_id: None,
            inline: false,
        };
        let Some(Drawn { cleaned, seen, small }) = drawn else {
            // What begins as a picture and is none is never shown as one.
            let kind = if PictureKind::of(&settled).is_some() { media::BYTES.to_owned() } else { settled };
            let file = info(&written.sha256, written.size, kind);
            return Ok(Received { file, written, picture: None, small: None });
        };
        let (width, height) = seen.upright();
        let thumbnail = small.as_ref().map(|s| Thumbnail { sha256: s.sha256.clone(), size: s.size as i64 });
        let picture = Picture { width: width.into(), height: height.into(), thumbnail };
        let file = info(&cleaned.sha256, cleaned.size, settled);
        Ok(Received { file, written: cleaned, picture: Some(picture), small })
    }

    /// Files what was received: for a ticket that the caller may see, as the caller's picture, or for a comment to come.
    ///
    /// # Errors
    /// `NotFound` for a ticket that isn't the caller's to see.
    #[expect(clippy::wildcard_enum_match_arm, reason = "looks for a few among many")]
    pub async fn file(
        &self,
        by: &Caller,
        received: Received,
        purpose: Purpose,
        ticket: Option<TicketId>,
    ) -> Result<Attachment> {
        if let Some(id) = ticket {
            // Once more under the lock; here so that nothing is kept for strangers.
            let known = self.0.reads.tickets.get(id, self.reader()).await?;
            let known = known.filter(|t| !(by.ignores_deleted && t.deleted_at.is_some()));
            access::on_ticket(&by.actor, Operation::StoreFile, &*known.ok_or_else(|| Error::not_found("ticket"))?)?;
        }
        let Received { file, written, picture, small } = received;
        for written in [Some(&written), small.as_ref()].into_iter().flatten() {
            self.0.files.adopt(&written.sha256, &written.path, self.now()).await?;
        }
        let outcome = self.execute(by, Command::StoreFile(StoreFile { file, purpose, ticket, picture })).await?;
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

    /// Cleans a picture and makes it small, where blocking is allowed, few at a time. `None`: it is no picture after all.
    async fn drawn(&self, kind: PictureKind, written: &Written) -> Result<Option<Drawn>> {
        let files = &self.0.files;
        let _turn = files.drawing.acquire().await.map_err(Error::internal)?;
        let from = written.path.clone();
        let into = [files.temporary()?, files.temporary()?];
        let drawn = tokio::task::spawn_blocking(move || draw(kind, &from, into)).await.map_err(Error::internal)?;
        match drawn {
            Ok(drawn) => Ok(Some(drawn)),
            Err(Faulty::Broken) => Ok(None),
            Err(Faulty::Vast) => {
                let limit = picture::MOST_PIXELS / 1_000_000;
                Err(unsupported(&format!("picture with more than {limit} million pixels")))
            }
            Err(Faulty::Io(error)) => Err(Error::internal(format!("cleaning a picture: {error}"))),
        }
    }

    /// An attachment that the actor may see: their own unused upload, one of a ticket that they may see, one of a comment that
    /// they may read, somebody's picture.
    pub async fn attachment(&self, actor: &Actor, id: AttachmentId) -> Result<Attachment> {
        if matches!(actor, Actor::Anonymous) {
            return Err(access::sign_in());
        }
        let found = store::attachment::by_ids(&mut self.0.store.read().await?, &[id]).await?;
        self.seen(actor, found.into_iter().next()).await
    }

    /// The same by the address of an upload, without its beginning.
    pub async fn attachment_at(&self, actor: &Actor, path: &str) -> Result<Attachment> {
        if matches!(actor, Actor::Anonymous) {
            return Err(access::sign_in());
        }
        let found = store::attachment::by_path(&mut self.0.store.read().await?, path).await?;
        self.seen(actor, found).await
    }

    async fn seen(&self, actor: &Actor, found: Option<Attachment>) -> Result<Attachment> {
        let gone = || Error::not_found("attachment");
        let found = found.ok_or_else(gone)?;
        let own = found.owner.is_some() && found.owner == actor.user();
        if found.purpose == Purpose::Avatar || actor.is_system() {
            return Ok(found);
        }
        let mut conn = self.0.store.read().await?;
        let (ticket, public) = match (found.comment, found.ticket) {
            (Some(comment), _) => {
                let comment = store::comment::by_id(&mut conn, comment).await?.ok_or_else(gone)?;
                (comment.ticket, comment.is_public())
            }
            (None, Some(ticket)) => (ticket, true),
            (None, None) => return if own { Ok(found) } else { Err(gone()) },
        };
        let ticket = store::ticket::by_id(&mut conn, ticket).await?.ok_or_else(gone)?;
        access::on_ticket(actor, Operation::ReadTicket, &ticket).map_err(|_| gone())?;
        if !public && !see::internal(actor) {
            return Err(gone());
        }
        Ok(found)
    }

    /// The first files of a ticket that belong to none of its comments, oldest first.
    pub async fn files_of_ticket(&self, actor: &Actor, ticket: TicketId) -> Result<Vec<Attachment>> {
        self.ticket(actor, ticket).await?;
        store::attachment::of_ticket(&mut self.0.store.read().await?, ticket, (0, OF_TICKET)).await
    }

    /// An attachment's bytes, as an open file.
    pub async fn download(&self, actor: &Actor, id: AttachmentId) -> Result<Served> {
        self.served(self.attachment(actor, id).await?).await
    }

    /// The bytes of an attachment that the engine has given to whoever reads them.
    pub async fn served(&self, attachment: Attachment) -> Result<Served> {
        let (sha256, content_type) = (attachment.file.sha256.clone(), attachment.file.content_type.clone());
        Ok(Served { file: self.bytes_of(&sha256).await?, attachment, sha256, content_type })
    }

    /// The same for its small picture; for what has none, the thing itself.
    pub async fn served_small(&self, attachment: Attachment) -> Result<Served> {
        let small = attachment.picture.as_ref().and_then(|picture| picture.thumbnail.clone());
        let Some(small) = small else { return self.served(attachment).await };
        let content_type = "image/jpeg".to_owned();
        Ok(Served { file: self.bytes_of(&small.sha256).await?, attachment, sha256: small.sha256, content_type })
    }

    async fn bytes_of(&self, sha256: &str) -> Result<tokio::fs::File> {
        let path = self.0.files.path(sha256).ok_or_else(|| Error::internal("not a digest"))?;
        let file = tokio::fs::File::open(&path).await;
        file.map_err(|e| Error::internal(format!("a stored file is missing: {e}")))
    }
}

/// A picture without what it said about its maker, and a small one.
struct Drawn {
    cleaned: Written,
    seen: Seen,
    small: Option<Written>,
}

fn draw(kind: PictureKind, from: &Path, [clean, small]: [PathBuf; 2]) -> Result<Drawn, Faulty> {
    let mut cleaned = Written { path: clean, sha256: String::new(), size: 0 };
    let seen = picture::clean(kind, from, &cleaned.path)?;
    sealed(&mut cleaned)?;
    // A decoder that stumbles over a stranger's file costs its thumbnail, and no more.
    let drawn = std::panic::catch_unwind(|| picture::thumbnail(kind, &cleaned.path, seen));
    let small = match drawn.unwrap_or_else(|_| Err("its decoder failed".to_owned())) {
        Ok(bytes) => bytes.map(|bytes| written(small, &bytes)).transpose()?,
        Err(why) => {
            tracing::debug!(why, "a picture has no thumbnail");
            None
        }
    };
    Ok(Drawn { cleaned, seen, small })
}

fn written(path: PathBuf, bytes: &[u8]) -> std::io::Result<Written> {
    let mut written = Written { path, sha256: String::new(), size: 0 };
    std::fs::write(&written.path, bytes)?;
    sealed(&mut written)?;
    Ok(written)
}

/// Notes digest and size of what was written, once it is on the disk.
fn sealed(written: &mut Written) -> std::io::Result<()> {
    let mut file = std::fs::File::open(&written.path)?;
    file.sync_all()?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let n = std::io::Read::read(&mut file, &mut buffer)?;
        let Some(chunk) = buffer.get(..n).filter(|c| !c.is_empty()) else { break };
        context.update(chunk);
        written.size += n as u64;
    }
    written.sha256 = crate::secret::hex(context.finish().as_ref());
    Ok(())
}
