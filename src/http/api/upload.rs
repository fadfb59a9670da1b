//! `/api/upload`: a file for a ticket, for a comment to come, or as one's picture (seed 001, 文件上传接口).
//!
//! The file goes to the disk as it comes, whatever stands before and after it in the form. A form that is refused is read on
//! for a while, so that its sender hears why.

use super::people::moment;
use super::{Answer, Api, wire};
use crate::http::App;
use crate::http::dialect::{Caller, Fail, Failure};
use crate::http::form::{AROUND, Bounds, Fault, Form, Part};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use engine::Received;
use model::attachment::{Attachment, Purpose};
use model::id::TicketId;
use model::{Actor, Error};
use std::sync::Arc;
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How much of a form that is refused is read on and thrown away, and how long.
const PATIENCE: u64 = 64 << 20;
const READING_ON: Duration = Duration::from_secs(20);
/// Parts of a form, and the length of one that is no file.
const PARTS: usize = 20;
const WORD: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(upload))
}

/// Upload a file (上传文件)
///
/// What it is, its content says: programs are refused, and what calls itself a picture and is none is kept as what it is.
/// Pictures lose what they say about their maker (place, camera). An avatar is at once what the caller's profile shows.
#[utoipa::path(post, path = "/upload", operation_id = "apiUpload", tag = "api files",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = r"^[!-~]([\t -~]*[!-~])?$",
        description = "Any text of the caller's; the same key does it once")),
    request_body(content = wire::FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The file was taken up", body = wire::Envelope<wire::Uploaded>),
        (status = 404, description = "TICKET_NOT_FOUND: no such ticket, or the caller may not know of it (工单不存在)", body = wire::Refusal),
        (status = 409, description = "CONFLICT: the key was used for another request, or the ticket takes none", body = wire::Refusal),
        (status = 413, description = "FILE_TOO_LARGE (文件过大)", body = wire::Refusal),
        (status = 422, description = "UNSUPPORTED_FILE_TYPE (不支持的文件类型), or VALIDATION_FAILED: a part of the form is missing or wrong", body = wire::Refusal),
    ),
)]
async fn upload(State(app): State<Arc<App>>, by: Caller<Api>, request: Request) -> Answer<wire::Uploaded> {
    let most = app.engine.max_upload_bytes();
    let headers = request.headers();
    if headers.contains_key(EXPECT) && announced(headers).is_some_and(|length| length > most.saturating_add(AROUND)) {
        // It asks before it sends.
        return Err(Error::TooLarge { field: "file", limit: most }.into());
    }
    let silence = Duration::from_secs(app.config.http.request_timeout_seconds);
    let bounds = Bounds { silence, bytes: most.saturating_add(AROUND + PATIENCE), parts: PARTS };
    let mut form = Form::open(request, bounds).await.map_err(refused)?;
    match taken(&app, &by, &mut form).await {
        Ok(attachment) => Ok(wire::Reply::created("文件上传成功", shown(&app, &by.actor, attachment))),
        // Who said nothing for so long won't go on now.
        Err(refusal) if refusal.0 == Failure::TimedOut => Err(refusal),
        Err(refusal) => {
            // Whoever goes on sending would find the connection reset before reading the answer.
            if !matches!(tokio::time::timeout(READING_ON, form.read_on(PATIENCE)).await, Ok(Ok(()))) {
                tracing::debug!("a refused upload did not end");
            }
            Err(refusal)
        }
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn refused(fault: Fault) -> Fail<Api> {
    Fail::new(match fault {
        Fault::Unreadable => Failure::malformed("body", "is not a form that can be read (multipart/form-data)"),
        Fault::TooManyParts => Failure::malformed("body", "has too many parts"),
        Fault::TooLarge => Failure::malformed("body", "has a part that is too long"),
        Fault::Silent => Failure::TimedOut,
    })
}

/// Reads the form, and files what it carries.
async fn taken(app: &App, by: &engine::Caller, form: &mut Form) -> Result<Attachment, Fail<Api>> {
    let (mut received, mut purpose, mut ticket): (Option<Received>, _, _) = (None, Purpose::Attachment, None);
    while let Some(part) = form.next().await.map_err(refused)? {
        match part.name() {
            Some("file") if received.is_none() => {
                let filename = part.file_name().unwrap_or("attachment").to_owned();
                let kind = part.content_type().map(str::to_owned);
                received = Some(app.engine.receive(by, &filename, kind.as_deref(), part.arriving()).await?);
            }
            Some("file") => return Err(Error::invalid("file", "stands in the form twice").into()),
            Some("type") => {
                let word = text(part, "type").await?;
                purpose = Purpose::parse(&word)
                    .ok_or_else(|| Error::invalid("kind", "must be avatar, attachment or document"))?;
            }
            Some("ticket_id") => {
                let word = text(part, "ticket_id").await?;
                if !word.is_empty() {
                    let id = word.parse().map_err(|_| Error::invalid("ticket_id", "must be an integer"))?;
                    ticket = Some(TicketId(id));
                }
            }
            // A part that we don't know is read past.
            Some(_) | None => part.pass().await.map_err(refused)?,
        }
    }
    let received = received.ok_or_else(|| Error::invalid("file", "is missing from the form"))?;
    Ok(app.engine.file(by, received, purpose, ticket).await?)
}

/// A part that is a word.
async fn text(part: Part<'_>, name: &'static str) -> Result<String, Fail<Api>> {
    let bytes = part.bytes(WORD).await.map_err(|fault| match fault {
        Fault::TooLarge => Error::invalid(name, "is too long").into(),
        Fault::Unreadable | Fault::Silent | Fault::TooManyParts => refused(fault),
    })?;
    let text = String::from_utf8(bytes).map_err(|_| Error::invalid(name, "must be UTF-8"))?;
    Ok(text.trim().to_owned())
}

/// A file as its reader may fetch it.
pub(super) fn shown(app: &App, reader: &Actor, attachment: Attachment) -> wire::Uploaded {
    let link = app.engine.link(reader, &attachment);
    // What is older than the addresses below /uploads/ has none of them, and is fetched with a token.
    let named = attachment.path.as_ref().map(|path| format!("{}{path}", model::attachment::UPLOADS));
    let file_path = named.unwrap_or_else(|| engine::path_of(&attachment));
    let Attachment { id, file, picture, purpose, ticket, created_at, path, .. } = attachment;
    let filename = path.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or(&file.filename).to_owned();
    let url = link.as_ref().map_or_else(|| file_path.clone(), |link| link.url.clone());
    let picture = picture.filter(|_| link.is_some());
    wire::Uploaded {
        id: id.0,
        filename,
        original_name: file.filename,
        file_size: file.size,
        mime_type: file.content_type,
        file_path,
        thumbnail_url: picture.as_ref().map(|_| format!("{url}&size=small")),
        url,
        url_expires_at: link.map(|link| link.expires_at.rfc3339()),
        width: picture.as_ref().map(|picture| picture.width),
        height: picture.as_ref().map(|picture| picture.height),
        r#type: purpose.word(),
        ticket_id: ticket.map(|id| id.0),
        uploaded_at: moment(created_at),
    }
}
