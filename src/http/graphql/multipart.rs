//! Uploads, by the GraphQL multipart request specification: `operations`, then `map`, then the files.
//! Each file goes to a temporary file of its own as it arrives, so memory does not grow with it. `http.rs` lets only those
//! come here who are signed in.
//! Refuses files that the map does not name, names without a file, and places that are not in the variables.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::Ordering;

use async_graphql::{Request as Operation, UploadValue};
use axum::body::Body as HttpBody;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;

use super::Options;
use super::document::{Draft, Prepared};
use super::http::Read;
use super::parameters::Body;
use super::persisted::Documents;
use super::problem::Problem;
use crate::http::form::{AROUND, Bounds, Fault, Form, LONGEST, Part};

/// Reads the request and stores its files.
pub(super) async fn read(
    headers: &HeaderMap,
    body: HttpBody,
    documents: &Documents,
    options: &Options,
) -> Result<Read, Problem> {
    let read = taken(headers, body, documents, options);
    tokio::time::timeout(LONGEST, read).await.map_err(|_| Problem::slow_body())?
}

async fn taken(headers: &HeaderMap, body: HttpBody, documents: &Documents, options: &Options) -> Result<Read, Problem> {
    let mut request = Request::new(body);
    if let Some(content_type) = headers.get(CONTENT_TYPE) {
        request.headers_mut().insert(CONTENT_TYPE, content_type.clone());
    }
    let texts = (options.max_body_bytes as u64).saturating_mul(2);
    let files = options.max_upload_bytes.load(Ordering::Relaxed).saturating_mul(options.max_uploads as u64);
    let bounds = Bounds {
        silence: options.body_timeout,
        bytes: texts.saturating_add(files).saturating_add(AROUND),
        // The two texts come before the files.
        parts: options.max_uploads.saturating_add(2),
    };
    let mut form =
        Form::open(request, bounds).await.map_err(|_| Problem::bad_request("The multipart body has no boundary"))?;

    let operations = text_part(&mut form, "operations", options).await?;
    let map = text_part(&mut form, "map", options).await?;
    let mut targets = Targets::draft(documents, &operations, options)?;
    let mut map: HashMap<String, Vec<String>> = serde_json::from_slice(&map)
        .map_err(|_| Problem::bad_request("`map` must be a JSON object of arrays of paths"))?;
    if map.len() > options.max_uploads {
        return Err(Problem::too_large(format!("At most {} files in one request", options.max_uploads)));
    }

    while let Some(field) = form.next().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        let paths = map
            .remove(&name)
            .ok_or_else(|| Problem::bad_request(format!("The file \"{name}\" is not in `map`, or came twice")))?;
        let filename = field.file_name().unwrap_or(&name).to_owned();
        let content_type = field.content_type().map(str::to_owned);
        let stored = store(field, &name, options).await?;
        for path in paths {
            let content = reopen(&stored)?;
            let upload = UploadValue { filename: filename.clone(), content_type: content_type.clone(), content };
            targets.place(&path, upload)?;
        }
    }
    if let Some(name) = map.keys().next() {
        return Err(Problem::bad_request(format!("The file \"{name}\" is in `map` but was not sent")));
    }
    targets.into_read()
}

/// The operations that files are put into.
enum Targets {
    One(Box<Draft>),
    Many(Vec<Draft>),
}

impl Targets {
    fn draft(documents: &Documents, operations: &[u8], options: &Options) -> Result<Self, Problem> {
        Ok(match Body::from_json(operations, options.batching)? {
            Body::One(parameters) => Self::One(Box::new(Draft::new(documents, *parameters)?)),
            Body::Many(all) => {
                let drafts: Result<_, _> = all.into_iter().map(|one| Draft::new(documents, one)).collect();
                Self::Many(drafts?)
            }
        })
    }

    fn place(&mut self, path: &str, upload: UploadValue) -> Result<(), Problem> {
        let (request, path): (&mut Operation, &str) = match self {
            Self::One(one) => (&mut one.request, path),
            Self::Many(all) => path
                .split_once('.')
                .and_then(|(index, rest)| Some((&mut all.get_mut(index.parse::<usize>().ok()?)?.request, rest)))
                .ok_or_else(|| misplaced(path))?,
        };
        let before = request.uploads.len();
        request.set_upload(path, upload);
        // The library says nothing about a path that leads nowhere.
        if request.uploads.len() == before { Err(misplaced(path)) } else { Ok(()) }
    }

    /// The files are in their places: now the variables can be checked.
    fn into_read(self) -> Result<Read, Problem> {
        Ok(match self {
            Self::One(one) => {
                let Prepared { request, kind } = one.finish()?;
                Read::One(Box::new(request), kind)
            }
            Self::Many(all) => Read::Many(all.into_iter().map(Draft::finish).collect::<Result<_, _>>()?),
        })
    }
}

fn misplaced(path: &str) -> Problem {
    Problem::bad_request(format!("`map` names \"{path}\", which is not in the variables"))
}

/// The next part, which must be the one that the specification wants there.
async fn text_part(form: &mut Form, name: &str, options: &Options) -> Result<Vec<u8>, Problem> {
    let missing = || Problem::bad_request("The parts must come in order: `operations`, `map`, then the files");
    let part = form.next().await.map_err(broken)?.filter(|part| part.name() == Some(name)).ok_or_else(missing)?;
    part.bytes(options.max_body_bytes).await.map_err(|fault| match fault {
        Fault::TooLarge => Problem::too_large(format!("`{name}` is larger than {} bytes", options.max_body_bytes)),
        Fault::Unreadable | Fault::Silent | Fault::TooManyParts => broken(fault),
    })
}

/// Writes a file part to disk, as far as its size is allowed.
async fn store(mut part: Part<'_>, name: &str, options: &Options) -> Result<NamedTempFile, Problem> {
    let stored = create(options.upload_dir.as_deref()).map_err(Problem::internal)?;
    let mut file = tokio::fs::File::from_std(reopen(&stored)?);
    let mut size = 0_u64;
    while let Some(chunk) = part.chunk().await.map_err(broken)? {
        size += chunk.len() as u64;
        let most = options.max_upload_bytes.load(Ordering::Relaxed);
        if size > most {
            let message = format!("The file \"{name}\" is larger than {most} bytes");
            return Err(Problem::too_large(message));
        }
        file.write_all(&chunk).await.map_err(Problem::internal)?;
    }
    file.flush().await.map_err(Problem::internal)?;
    Ok(stored)
}

fn create(dir: Option<&Path>) -> std::io::Result<NamedTempFile> {
    match dir {
        Some(dir) => NamedTempFile::new_in(dir),
        None => NamedTempFile::new(),
    }
}

/// A handle with a reading position of its own: a file that stands in two variables is read twice. The name goes when
/// the part is done, the content with the last handle.
fn reopen(stored: &NamedTempFile) -> Result<File, Problem> {
    stored.reopen().map_err(Problem::internal)
}

fn broken(fault: Fault) -> Problem {
    match fault {
        Fault::TooLarge => Problem::too_large("The request is too large"),
        Fault::Silent => Problem::slow_body(),
        Fault::Unreadable => Problem::bad_request("The multipart body is malformed or broke off"),
        Fault::TooManyParts => Problem::bad_request("The multipart body has more parts than files are taken"),
    }
}
