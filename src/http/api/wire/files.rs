//! Uploads (文件上传接口).

use serde::Serialize;
use utoipa::ToSchema;

/// A file as a form. `ticket_id` and `type` may stand before or after it.
#[derive(ToSchema)]
#[schema(as = ApiFileForm)]
#[expect(dead_code, reason = "it describes, and is never made")]
pub struct FileForm {
    /// 文件内容
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
    /// 文件类型
    #[schema(rename = "type", inline, nullable = false)]
    pub r#type: Option<FileKind>,
    /// 关联工单ID
    #[schema(nullable = false, example = 100_001)]
    pub ticket_id: Option<i64>,
}

/// What a file is for.
#[derive(ToSchema)]
#[schema(as = ApiFileKind, rename_all = "snake_case", example = "attachment")]
#[expect(dead_code, reason = "it describes, and is never made")]
pub enum FileKind {
    Avatar,
    Attachment,
    Document,
}

/// A file that was taken up.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ApiUploaded)]
pub struct Uploaded {
    #[schema(example = 1)]
    pub id: i64,
    /// The name that it was given; the last part of its address.
    #[schema(example = "2cf24dba5fb0a30e-1.pdf")]
    pub filename: String,
    /// The name that it came with.
    #[schema(example = "用户手册.pdf")]
    pub original_name: String,
    /// In bytes, as it is kept: without what a picture said about its maker.
    #[schema(example = 1_024_000)]
    pub file_size: i64,
    /// What it is, by its content.
    #[schema(example = "application/pdf")]
    pub mime_type: String,
    #[schema(example = "/uploads/2025/01/2cf24dba5fb0a30e-1.pdf")]
    pub file_path: String,
    /// Works for a while without a token, for whoever asked; `file_path` always works with one.
    #[schema(
        example = "http://localhost:8081/uploads/2025/01/2cf24dba5fb0a30e-1.pdf?expires=1735761600&reader=1&signature=9f86d0"
    )]
    pub url: String,
    #[schema(required, format = DateTime, example = "2025-01-01T20:00:00Z")]
    pub url_expires_at: Option<String>,
    /// A small JPEG of a picture.
    #[schema(required)]
    pub thumbnail_url: Option<String>,
    /// Of a picture, in pixels.
    #[schema(required)]
    pub width: Option<i64>,
    #[schema(required)]
    pub height: Option<i64>,
    /// avatar, attachment or document.
    #[schema(rename = "type", example = "document")]
    pub r#type: &'static str,
    #[schema(required, example = 100_001)]
    pub ticket_id: Option<i64>,
    #[schema(format = DateTime, example = "2025-01-01T18:00:00Z")]
    pub uploaded_at: String,
}
