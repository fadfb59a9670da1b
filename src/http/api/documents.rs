//! How `/api` tells no, for its documents (seed 001, 错误码).

use crate::http::documents::refusals::Refusals;

/// The schema of every refusal.
pub(super) const REFUSAL: &str = "ApiRefusal";

pub(super) const REFUSALS: Refusals = Refusals {
    schema: REFUSAL,
    always: &[
        ("400", "VALIDATION_FAILED: path, query, body or a header can't be read (请求参数错误)"),
        ("401", "UNAUTHORIZED or TOKEN_EXPIRED: nobody is named, or the token is no good (未认证/Token无效)"),
        ("403", "INSUFFICIENT_PERMISSIONS: the caller may not do this (无权限)"),
        ("500", "INTERNAL_ERROR (服务器内部错误)"),
        ("503", "INTERNAL_ERROR: it took too long; try again"),
    ],
    with_body: &[
        ("413", "VALIDATION_FAILED: the body is larger than the server takes"),
        ("422", "VALIDATION_FAILED: the body can be read, and is wrong (数据验证失败)"),
    ],
    on_one: &[
        ("/tickets/{", ("404", "TICKET_NOT_FOUND: no such ticket, or the caller may not know of it (工单不存在)")),
        ("/categories/{", ("404", "CATEGORY_NOT_FOUND: no such category (分类不存在)")),
        ("/admin/automation/sla/{", ("404", "NOT_FOUND: no such configuration")),
        ("/admin/users/{", ("404", "USER_NOT_FOUND: no such user (用户不存在)")),
        ("/admin/automation/quick-replies/{", ("404", "NOT_FOUND: no such reply, or it is somebody else's")),
        ("/admin/automation/templates/{", ("404", "NOT_FOUND: no such template")),
        ("/admin/automation/rules/{", ("404", "NOT_FOUND: no such rule")),
    ],
    open: &[
        "/auth/register",
        "/auth/login",
        "/auth/refresh",
        "/auth/forgot-password",
        "/auth/reset-password",
        "/configs/public",
        "/ping",
        "/health",
        "/redis/test",
        "/email-status",
    ],
};
