//! How `/v1` tells no, for its documents (seed 003 §6).

use crate::http::documents::refusals::Refusals;

/// The schema of every refusal.
pub(super) const REFUSAL: &str = "V1Refusal";

pub(super) const REFUSALS: Refusals = Refusals {
    schema: REFUSAL,
    always: &[
        ("400", "VALIDATION_ERROR: path, query, body or a header can't be read (请求参数错误)"),
        ("401", "UNAUTHORIZED: nobody is named, or the token is no good (未认证)"),
        ("403", "FORBIDDEN: the caller may not do this (无权限)"),
        ("500", "INTERNAL_ERROR (服务器内部错误)"),
        ("503", "INTERNAL_ERROR: it took too long; try again"),
    ],
    with_body: &[
        ("413", "VALIDATION_ERROR: the body is larger than the server takes"),
        ("422", "VALIDATION_ERROR: the body can be read, and is wrong (验证失败)"),
    ],
    on_one: &[(
        "/tickets/{",
        ("404", "TICKET_NOT_FOUND: no such ticket, or the caller may not know of it (资源不存在)"),
    )],
    open: &[],
};
