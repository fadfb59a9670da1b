//! Attachments: sent down to those who may read the comment, taken up from those who are signed in.

use super::answer::{Refusal, Refused};
use super::file::{self, Arriving};
use super::hooks::announced;
use super::{App, gate};
use axum::Json;
use axum::extract::{FromRequest as _, Multipart, Path, Query, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use engine::Caller;
use futures_util::StreamExt as _;
use model::Error;
use model::id::AttachmentId;
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;
use utoipa::ToSchema;

/// The multipart field that holds the file.
const FIELD: &str = "file";

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
    let most = app.engine.max_upload_bytes();
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
