//! Attachments: sent down to those who may read the comment, taken up from those who are signed in.
//!
//! Whatever a file says it is, no browser runs it as a page of this server: pages and scripts go out as plain bytes, all
//! but harmless pictures as downloads, and everything in a sandbox without an origin.

use super::answer::{Refusal, Refused};
use super::hooks::announced;
use super::range::{Wanted, unchanged, wanted};
use super::{App, gate};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Multipart, Path, Query, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::Caller;
use futures_util::stream::{BoxStream, try_unfold};
use futures_util::{Stream, StreamExt as _};
use model::Error;
use model::attachment::Attachment;
use model::id::AttachmentId;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _, ReadBuf};
use utoipa::ToSchema;

/// Bytes that are read of a file at a time.
const CHUNK: u64 = 128 * 1024;
/// The multipart field that holds the file.
const FIELD: &str = "file";
const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");

/// Download a file
///
/// For those who may see the comment that it belongs to. Ranges and conditional requests are understood.
#[utoipa::path(get, path = "/attachments/{id}", operation_id = "download", tag = "files",
    params(("id" = i64, Path, description = "The attachment's number", example = 1)),
    responses(
        (status = 200, description = "The file", body = String, content_type = "*/*"),
        (status = 206, description = "The part that was asked for", body = String, content_type = "*/*"),
        (status = 304, description = "The file is as it was"),
        (status = 401, description = "The token is no good", body = Refused),
        (status = 404, description = "There is no such file, or the caller may not know of it", body = Refused),
        (status = 416, description = "The file has no such part"),
    ),
    security((), ("token" = []), ("key" = [])),
)]
pub async fn download(app: State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    sent_down(app, &id, headers).await
}

/// Download a file by a name of its own
///
/// The name is for people and decides nothing.
#[utoipa::path(get, path = "/attachments/{id}/{filename}", operation_id = "downloadNamed", tag = "files",
    params(
        ("id" = i64, Path, description = "The attachment's number", example = 1),
        ("filename" = String, Path, description = "Any name", example = "log.txt"),
    ),
    responses(
        (status = 200, description = "The file", body = String, content_type = "*/*"),
        (status = 206, description = "The part that was asked for", body = String, content_type = "*/*"),
        (status = 304, description = "The file is as it was"),
        (status = 401, description = "The token is no good", body = Refused),
        (status = 404, description = "There is no such file, or the caller may not know of it", body = Refused),
        (status = 416, description = "The file has no such part"),
    ),
    security((), ("token" = []), ("key" = [])),
)]
pub async fn download_named(
    app: State<Arc<App>>,
    Path((id, _)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    sent_down(app, &id, headers).await
}

async fn sent_down(State(app): State<Arc<App>>, id: &str, headers: HeaderMap) -> Result<Response, Refusal> {
    let actor = gate::actor(&app.engine, &headers).await?;
    let id = id.parse().ok().map(AttachmentId).ok_or_else(|| Error::not_found("attachment"))?;
    let (attachment, mut file) = app.engine.download(&actor, id).await?;
    let etag = format!("\"{}\"", attachment.file.sha256);
    let mut answer = described(&attachment, &etag);
    if unchanged(&headers, &etag) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(answer);
    }
    let unreadable = |error: io::Error| Error::internal(format!("reading a file: {error}"));
    let size = file.metadata().await.map_err(unreadable)?.len();
    let length = match wanted(&headers, &etag, size) {
        Wanted::Whole => size,
        Wanted::Part { first, length } => {
            file.seek(io::SeekFrom::Start(first)).await.map_err(unreadable)?;
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
            put(&mut answer, CONTENT_RANGE, &format!("bytes {first}-{}/{size}", first + length - 1));
            length
        }
        Wanted::Nothing => {
            *answer.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            put(&mut answer, CONTENT_RANGE, &format!("bytes */{size}"));
            // There is nothing in it to have a type.
            answer.headers_mut().remove(CONTENT_TYPE);
            return Ok(answer);
        }
    };
    put(&mut answer, CONTENT_LENGTH, &length.to_string());
    *answer.body_mut() = Body::from_stream(bytes_of(file, length));
    Ok(answer)
}

/// The headers of a file, without its bytes.
fn described(attachment: &Attachment, etag: &str) -> Response {
    let (kind, inline) = shown_as(&attachment.file.content_type);
    let mut answer = Response::new(Body::empty());
    put(&mut answer, CONTENT_TYPE, kind);
    put(&mut answer, CONTENT_DISPOSITION, &disposition(inline, &attachment.file.filename));
    put(&mut answer, ETAG, etag);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // A copy may be kept, but whether it may still be seen is asked each time.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    answer
}

fn put(answer: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// The type that goes out, and whether a browser may show it.
fn shown_as(declared: &str) -> (&str, bool) {
    let kind = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let active = ["html", "svg", "xml", "script", "css", "mhtml", "multipart/", "message/", "flash", "wasm"];
    match kind.as_str() {
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" => (declared, true),
        other if other.is_empty() || active.iter().any(|word| other.contains(word)) => {
            ("application/octet-stream", false)
        }
        _ => (declared, false),
    }
}

/// RFC 6266: a name in ASCII for old clients, the real one as RFC 5987 has it.
fn disposition(inline: bool, filename: &str) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let plain: String = filename
        .chars()
        .map(|c| if c.is_ascii() && !c.is_ascii_control() && !"\"\\%".contains(c) { c } else { '_' })
        .collect();
    let mut encoded = String::with_capacity(filename.len() * 3);
    for byte in filename.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn bytes_of(file: File, length: u64) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut buffer = vec![0; usize::try_from(left.min(CHUNK)).unwrap_or_default()];
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.truncate(read);
        Ok(Some((Bytes::from(buffer), (file, left - read as u64))))
    })
}

/// What a raw upload says in its address.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Named {
    /// The name of a file that is sent as it is; a form says it itself.
    #[param(nullable = false, example = "log.txt")]
    filename: Option<String>,
}

/// A file as a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes, and is never made")]
struct FileForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A file as it is.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it describes, and is never made")]
struct RawFile(Vec<u8>);

/// A file that was taken up.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({ "id": 1, "filename": "log.txt", "size": 4, "contentType": "text/plain" }))]
pub struct Uploaded {
    /// Name it when you write the comment that it belongs to.
    #[schema(value_type = i64)]
    id: AttachmentId,
    filename: String,
    /// In bytes.
    size: i64,
    content_type: String,
}

/// Upload a file
///
/// A form with the field `file`, or the bytes themselves with `?filename=`. The file belongs to nothing until a comment of the
/// same person names it, and is forgotten after a while if none does.
#[utoipa::path(post, path = "/attachments", operation_id = "upload", tag = "files",
    params(Named,
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200,
            description = "Protects the upload from being carried out twice")),
    request_body(content((FileForm = "multipart/form-data"), (RawFile = "application/octet-stream"))),
    responses(
        (status = 201, description = "The file was taken up", body = Uploaded, headers(("Location" = String, description = "Where it is"))),
        (status = 400, description = "The form cannot be read", body = Refused),
        (status = 401, description = "The caller is not signed in", body = Refused),
        (status = 403, description = "The token's scopes do not cover it", body = Refused),
        (status = 409, description = "The key was used for something else", body = Refused),
        (status = 413, description = "The file is larger than the settings allow", body = Refused),
        (status = 422, description = "The file is missing, or not of a kind that is taken", body = Refused),
    ),
    security(("token" = []), ("key" = [])),
)]
pub async fn upload(
    State(app): State<Arc<App>>,
    Query(named): Query<Named>,
    request: Request,
) -> Result<Response, Refusal> {
    let headers = request.headers();
    let by = Caller::new(gate::actor(&app.engine, headers).await?);
    let by = by.keyed(headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned));
    if by.actor.user().is_none() {
        return Err(Error::unauthenticated("sign in to send files").into());
    }
    let most = app.engine.policy().max_file_bytes;
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let form = kind.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
    let patience = std::time::Duration::from_secs(app.config.http.request_timeout_seconds);
    let attachment = if form {
        let mut form = Multipart::from_request(request, &()).await.map_err(|_| unreadable_form())?;
        loop {
            let field = form.next_field().await.map_err(|_| unreadable_form())?;
            let field = field.ok_or_else(|| Error::invalid(FIELD, "is missing from the form"))?;
            if field.name() != Some(FIELD) {
                continue;
            }
            let filename = field.file_name().unwrap_or("attachment").to_owned();
            let kind = field.content_type().map(str::to_owned);
            let bytes = Arriving::new(field.map(|chunk| chunk.map_err(io::Error::other)).boxed(), patience);
            break app.engine.upload(&by, &filename, kind.as_deref(), bytes).await?;
        }
    } else {
        if announced(headers).is_some_and(|length| length > most) {
            return Err(Refusal::too_large(most));
        }
        let filename = named.filename.unwrap_or_else(|| "attachment".to_owned());
        let bytes = request.into_body().into_data_stream().map(|chunk| chunk.map_err(io::Error::other));
        app.engine.upload(&by, &filename, kind.as_deref(), Arriving::new(bytes.boxed(), patience)).await?
    };
    let location = format!("/attachments/{}", attachment.id);
    let file = attachment.file;
    let body =
        Uploaded { id: attachment.id, filename: file.filename, size: file.size, content_type: file.content_type };
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(body)).into_response())
}

fn unreadable_form() -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", "the form cannot be read")
}

/// A body as a reader. A sender who stays silent for too long is given up.
struct Arriving<'a> {
    chunks: BoxStream<'a, io::Result<Bytes>>,
    rest: Bytes,
}

impl<'a> Arriving<'a> {
    fn new(chunks: BoxStream<'a, io::Result<Bytes>>, patience: std::time::Duration) -> Self {
        let chunks = tokio_stream::StreamExt::timeout(chunks, patience);
        let chunks = chunks.map(|chunk| chunk.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())));
        Self { chunks: chunks.boxed(), rest: Bytes::new() }
    }
}

impl AsyncRead for Arriving<'_> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.chunks.poll_next_unpin(cx)) {
                Some(chunk) => self.rest = chunk?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let most = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(most));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_run_as_a_page() {
        for (declared, sent, inline) in [
            ("image/png", "image/png", true),
            ("image/svg+xml", "application/octet-stream", false),
            ("text/html; charset=utf-8", "application/octet-stream", false),
            ("application/xhtml+xml", "application/octet-stream", false),
            ("text/javascript", "application/octet-stream", false),
            ("text/plain", "text/plain", false),
            ("application/pdf", "application/pdf", false),
            ("message/rfc822", "application/octet-stream", false),
            ("", "application/octet-stream", false),
        ] {
            assert_eq!(shown_as(declared), (sent, inline), "{declared}");
        }
    }

    #[test]
    fn names_in_any_script() {
        assert_eq!(disposition(false, "a b.txt"), "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt");
        assert_eq!(
            disposition(true, "截图\".png"),
            "inline; filename=\"___.png\"; filename*=UTF-8''%E6%88%AA%E5%9B%BE%22.png"
        );
    }
}
