//! A file on its way down, and a body on its way up.
//!
//! Whatever a file says it is, no browser runs it as a page of this server: pages and scripts go out as plain bytes, all
//! but harmless pictures as downloads, and everything in a sandbox without an origin.

use super::answer::Refusal;
use super::range::{Wanted, unchanged, wanted};
use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use engine::Served;
use futures_util::stream::{BoxStream, try_unfold};
use futures_util::{Stream, StreamExt as _};
use model::Error;
use std::fmt::Write as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncSeekExt as _, ReadBuf};

/// Bytes that are read of a file at a time.
const CHUNK: u64 = 128 * 1024;
const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");

/// A file, or the part of it that is asked for.
pub(super) async fn sent_down(mut served: Served, headers: &HeaderMap) -> Result<Response, Refusal> {
    let etag = format!("\"{}\"", served.sha256);
    let mut answer = described(&served, &etag);
    if unchanged(headers, &etag) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(answer);
    }
    let unreadable = |error: io::Error| Error::internal(format!("reading a file: {error}"));
    let size = served.file.metadata().await.map_err(unreadable)?.len();
    let length = match wanted(headers, &etag, size) {
        Wanted::Whole => size,
        Wanted::Part { first, length } => {
            served.file.seek(io::SeekFrom::Start(first)).await.map_err(unreadable)?;
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
    *answer.body_mut() = Body::from_stream(bytes_of(served.file, length));
    Ok(answer)
}

/// The headers of a file, without its bytes.
fn described(served: &Served, etag: &str) -> Response {
    let (kind, inline) = shown_as(&served.content_type);
    let mut answer = Response::new(Body::empty());
    put(&mut answer, CONTENT_TYPE, kind);
    put(&mut answer, CONTENT_DISPOSITION, &disposition(inline, &served.attachment.file.filename));
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

/// A body as a reader. A sender who stays silent for too long is given up.
pub(super) struct Arriving<'a> {
    chunks: BoxStream<'a, io::Result<Bytes>>,
    rest: Bytes,
}

impl<'a> Arriving<'a> {
    pub(super) fn new(chunks: BoxStream<'a, io::Result<Bytes>>, patience: std::time::Duration) -> Self {
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
