//! Attachments: sent down to those who may read the comment, taken up from those who are signed in.

use super::answer::{Refusal, Refused};
use super::file::{self, Arriving};
use super::form::{self, Bounds, Fault, Form};
use super::hooks::announced;
use super::{App, gate};
use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use engine::Caller;
use futures_util::StreamExt as _;
use model::Error;
use model::attachment::Attachment;
use model::id::AttachmentId;
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use utoipa::ToSchema;

/// The multipart field that holds the file.
const FIELD: &str = "file";
/// Parts of a form: the file may have others beside it.
const PARTS: usize = 20;

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
    file::sent_down(app.engine.download(&actor, id).await?, &headers).await
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
        (status = 408, description = "Nothing came for too long", body = Refused),
        (status = 409, description = "The key was used for something else", body = Refused),
        (status = 413, description = "The file is larger than the settings allow", body = Refused),
        (status = 422, description = "The file is missing, or not of a kind that is taken; the key is none", body = Refused),
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
    if by.actor.user().is_none() {
        return Err(Error::unauthenticated("sign in to send files").into());
    }
    let by = by.keyed(gate::key(headers).map_err(|problem| Error::Invalid(vec![problem]))?);
    let taken = timeout(form::LONGEST, taken(&app, &by, named, request));
    let attachment = taken.await.map_err(|_| refused(Fault::Silent, 0))??;
    let location = format!("/attachments/{}", attachment.id);
    let file = attachment.file;
    let body =
        Uploaded { id: attachment.id, filename: file.filename, size: file.size, content_type: file.content_type };
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(body)).into_response())
}

/// Takes the file in, in either form.
async fn taken(app: &App, by: &Caller, named: Named, request: Request) -> Result<Attachment, Refusal> {
    let headers = request.headers();
    let most = app.engine.max_upload_bytes();
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let form = kind.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data"));
    let silence = Duration::from_secs(app.config.http.request_timeout_seconds);
    if !form {
        if announced(headers).is_some_and(|length| length > most) {
            return Err(Refusal::too_large(most));
        }
        let filename = named.filename.unwrap_or_else(|| "attachment".to_owned());
        let bytes = request.into_body().into_data_stream().map(|chunk| chunk.map_err(io::Error::other));
        let bytes = Arriving::new(bytes.boxed(), silence);
        return Ok(app.engine.upload(by, &filename, kind.as_deref(), bytes).await?);
    }
    let bounds = Bounds { silence, bytes: most.saturating_add(form::AROUND), parts: PARTS };
    let told = |fault| refused(fault, bounds.bytes);
    let mut form = Form::open(request, bounds).await.map_err(told)?;
    while let Some(part) = form.next().await.map_err(told)? {
        if part.name() != Some(FIELD) {
            part.pass().await.map_err(told)?;
            continue;
        }
        let filename = part.file_name().unwrap_or("attachment").to_owned();
        let kind = part.content_type().map(str::to_owned);
        return Ok(app.engine.upload(by, &filename, kind.as_deref(), part.arriving()).await?);
    }
    Err(Error::invalid(FIELD, "is missing from the form").into())
}

fn refused(fault: Fault, most: u64) -> Refusal {
    let unreadable = |why: &str| Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", why);
    match fault {
        Fault::Unreadable => unreadable("the form cannot be read"),
        Fault::TooManyParts => unreadable("the form has too many parts"),
        Fault::TooLarge => Refusal::too_large(most),
        Fault::Silent => Refusal::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", "the body took too long to arrive"),
    }
}
