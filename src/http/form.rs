//! Forms with files (multipart/form-data), read part by part as they come, by every surface that takes them.
//!
//! It bounds what a sender may do: bytes in all, parts, bytes of each part, and silence. What the parts are called, and how
//! somebody is told no, is the surface's business.

use super::file::Arriving;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::StreamExt as _;
use std::io;
use std::time::Duration;
use tokio::time::timeout;

/// How long a form may take to come, however steadily it does.
pub const LONGEST: Duration = Duration::from_hours(1);
/// What a form has around its files: boundaries, headers, words.
pub const AROUND: u64 = 1 << 20;
/// How much of a part is read past that nobody asked for.
const PASSED: u64 = 1 << 20;

/// What a form may be.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How long its sender may be silent.
    pub silence: Duration,
    /// Bytes in all.
    pub bytes: u64,
    pub parts: usize,
}

/// Why a form is not read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is no form, or broke off.
    Unreadable,
    /// Nothing came for too long.
    Silent,
    TooManyParts,
    /// A part, or all of it, has too many bytes.
    TooLarge,
}

/// A form on its way up.
pub struct Form {
    form: Multipart,
    bounds: Bounds,
    taken: usize,
}

/// A part of a form.
pub struct Part<'a> {
    field: Field<'a>,
    silence: Duration,
}

impl Form {
    /// Reads nothing yet.
    pub async fn open(mut request: Request, bounds: Bounds) -> Result<Self, Fault> {
        DefaultBodyLimit::max(usize::try_from(bounds.bytes).unwrap_or(usize::MAX)).apply(&mut request);
        let form = Multipart::from_request(request, &()).await.map_err(|_| Fault::Unreadable)?;
        Ok(Self { form, bounds, taken: 0 })
    }

    /// The next part; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>, Fault> {
        let Bounds { silence, parts, .. } = self.bounds;
        let next = timeout(silence, self.form.next_field()).await.map_err(|_| Fault::Silent)?;
        let Some(field) = next.map_err(fault)? else { return Ok(None) };
        self.taken += 1;
        if self.taken > parts { Err(Fault::TooManyParts) } else { Ok(Some(Part { field, silence })) }
    }

    /// Reads on and throws away, for whoever is still sending when they are told no.
    pub async fn read_on(&mut self, most: u64) -> Result<(), Fault> {
        let mut total = 0_u64;
        while let Ok(Some(mut field)) = self.form.next_field().await {
            while let Ok(Some(chunk)) = field.chunk().await {
                total = total.saturating_add(chunk.len() as u64);
                if total > most {
                    return Err(Fault::TooLarge);
                }
            }
        }
        Ok(())
    }
}

impl<'a> Part<'a> {
    pub fn name(&self) -> Option<&str> {
        self.field.name()
    }

    pub fn file_name(&self) -> Option<&str> {
        self.field.file_name()
    }

    pub fn content_type(&self) -> Option<&str> {
        self.field.content_type()
    }

    /// The next piece of it. A large file may take its time, but each piece must come soon.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        timeout(self.silence, self.field.chunk()).await.map_err(|_| Fault::Silent)?.map_err(fault)
    }

    /// All of it, for whoever bounds it themselves.
    pub fn arriving(self) -> Arriving<'a> {
        let Self { field, silence } = self;
        Arriving::new(field.map(|chunk| chunk.map_err(io::Error::other)).boxed(), silence)
    }

    /// All of it, if it has at most so many bytes.
    pub async fn bytes(mut self, most: usize) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if bytes.len().saturating_add(chunk.len()) > most {
                return Err(Fault::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Reads past it.
    pub async fn pass(mut self) -> Result<(), Fault> {
        let mut total = 0_u64;
        while let Some(chunk) = self.chunk().await? {
            total = total.saturating_add(chunk.len() as u64);
            if total > PASSED {
                return Err(Fault::TooLarge);
            }
        }
        Ok(())
    }
}

fn fault(error: MultipartError) -> Fault {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Fault::TooLarge } else { Fault::Unreadable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::header::CONTENT_TYPE;
    use futures_util::stream::{iter, pending};
    use std::convert::Infallible;

    const BOUNDS: Bounds = Bounds { silence: Duration::from_millis(30), bytes: 1_000, parts: 2 };

    /// A form whose sender falls silent after this.
    async fn silent_after(text: &str) -> Form {
        let said = iter([Ok::<_, Infallible>(Bytes::copy_from_slice(text.as_bytes()))]);
        let body = Body::from_stream(said.chain(pending()));
        let request = Request::builder().header(CONTENT_TYPE, "multipart/form-data; boundary=x").body(body).unwrap();
        Form::open(request, BOUNDS).await.unwrap()
    }

    fn part(name: &str, content: &str) -> String {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    }

    #[tokio::test]
    async fn the_silent_are_given_up_wherever_they_are() {
        for text in ["", "--x\r\nContent-Dis"] {
            assert_eq!(silent_after(text).await.next().await.err(), Some(Fault::Silent), "{text}");
        }
        let open = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nabc";
        let mut form = silent_after(open).await;
        assert_eq!(form.next().await.unwrap().unwrap().bytes(10).await.err(), Some(Fault::Silent));
        let mut form = silent_after(open).await;
        assert_eq!(form.next().await.unwrap().unwrap().pass().await.err(), Some(Fault::Silent));
        let mut form = silent_after(&part("a", "abc")).await;
        assert_eq!(form.next().await.unwrap().unwrap().name(), Some("a"));
        assert_eq!(form.next().await.err(), Some(Fault::Silent));
    }

    #[tokio::test]
    async fn forms_are_bounded() {
        let mut form = silent_after(&format!("{}{}--x--\r\n", part("a", "abc"), part("b", "d"))).await;
        assert_eq!(form.next().await.unwrap().unwrap().bytes(3).await, Ok(b"abc".to_vec()));
        assert_eq!(form.next().await.unwrap().unwrap().bytes(0).await, Err(Fault::TooLarge));

        let mut form = silent_after(&["a", "b", "c"].map(|name| part(name, "")).concat()).await;
        for _ in 0..2 {
            form.next().await.unwrap().unwrap().pass().await.unwrap();
        }
        assert_eq!(form.next().await.err(), Some(Fault::TooManyParts));

        let long = format!("--x\r\nContent-Disposition: {}", "h".repeat(2_000));
        assert_eq!(silent_after(&long).await.next().await.err(), Some(Fault::TooLarge));

        let plain = Request::builder().header(CONTENT_TYPE, "text/plain").body(Body::empty()).unwrap();
        assert_eq!(Form::open(plain, BOUNDS).await.err(), Some(Fault::Unreadable));
    }
}
