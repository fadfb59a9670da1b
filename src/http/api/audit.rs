//! `/api`: who asked for which change, from where, and what came of it (审计日志接口).

use super::people::moment;
use super::wire::{self, Envelope, Items, Reply};
use super::{Answer, Api, paging};
use crate::http::App;
use crate::http::dialect::{Caller, Fail, Params};
use crate::http::query::{PageNumber, integer, span, word};
use axum::extract::State;
use engine::{AuditEntry, AuditFilter};
use model::Result;
use model::error::Problems;
use model::id::UserId;
use model::people::Role;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Lines on a page, at most.
const MOST: i64 = 200;
const ROLES: [&str; 4] = ["user", "agent", "supervisor", "admin"];

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// List changes that were asked for (获取管理员操作日志)
///
/// Through whichever surface, refused ones included; the newest first. Bodies and query strings are never kept.
#[utoipa::path(get, path = "/admin/audit-logs", operation_id = "apiListAuditLogs", tag = "api admin",
    params(wire::AuditQuery),
    responses((status = 200, description = "A page of them", body = Envelope<Items<wire::AuditLog>>)),
)]
async fn list(
    State(app): State<Arc<App>>,
    by: Caller<Api>,
    Params(query, ..): Params<wire::AuditQuery, Api>,
) -> Answer<Items<wire::AuditLog>> {
    let (filter, page) = asked(&query).map_err(Fail::of_query)?;
    let found = app.engine.audit_numbered(&by.actor, filter, page.part()).await.map_err(Fail::of_query)?;
    let lines = found.items.into_iter().map(shown).collect();
    Ok(Reply::done("获取审计日志成功", Items::new(lines, paging::shown(page, found.total))))
}

fn asked(query: &wire::AuditQuery) -> Result<(AuditFilter, PageNumber)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let page = paging::page(query.page.as_deref(), [query.limit.as_deref(), query.page_size.as_deref()], MOST, p);
    let filter = AuditFilter {
        user: integer("user_id", query.user_id.as_deref(), p).map(UserId),
        role: word("role", query.role.as_deref(), &ROLES, Role::parse, p),
        method: query.method.clone(),
        status: integer("status", query.status.as_deref(), p),
        keyword: query.keyword.clone(),
        from: span("start_time", query.start_time.as_deref(), p).map(|(begins, _)| begins),
        to: span("end_time", query.end_time.as_deref(), p).map(|(_, over)| over.plus(-1)),
    };
    problems.finish()?;
    Ok((filter, page))
}

fn shown(line: AuditEntry) -> wire::AuditLog {
    let result = if line.succeeded() { "success" } else { "failure" };
    let act = line.act;
    let role = match (act.role, act.user, &act.username) {
        (Some(role), _, _) => role.word(),
        (None, None, Some(_)) => "system",
        (None, _, _) => "",
    };
    wire::AuditLog {
        id: line.id.0,
        created_at: moment(line.at),
        user_id: act.user.map(|user| user.0),
        username: act.username.unwrap_or_default(),
        role,
        action: act.action,
        method: act.method,
        path: act.path,
        status_code: act.status,
        client_ip: act.client_ip.unwrap_or_default(),
        latency_ms: act.latency_ms,
        result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read() {
        let of = |pairs: &[(&str, &str)]| {
            let all: serde_json::Map<String, serde_json::Value> =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
            asked(&serde_json::from_value(all.into()).unwrap())
        };
        let (filter, page) = of(&[("limit", "500"), ("role", "admin"), ("status", "403"), ("user_id", "7")]).unwrap();
        assert_eq!((page.size, filter.role, filter.status), (200, Some(Role::Admin), Some(403)));
        assert_eq!(filter.user, Some(UserId(7)));
        let (filter, _) = of(&[("start_time", "2026-01-05"), ("end_time", "2026-01-05")]).unwrap();
        assert_eq!(filter.from.unwrap().rfc3339(), "2026-01-05T00:00:00Z");
        assert_eq!(filter.to.unwrap().rfc3339(), "2026-01-05T23:59:59.999Z");
        let (filter, _) = of(&[("start_time", "2026-01-05T10:00:00 08:00")]).unwrap();
        assert_eq!(filter.from.unwrap().rfc3339(), "2026-01-05T02:00:00Z");
        // Of a second that an answer named, nothing is left out.
        let (filter, _) = of(&[("end_time", "2026-01-05T10:00:00Z")]).unwrap();
        assert_eq!(filter.to.unwrap().rfc3339(), "2026-01-05T10:00:00.999Z");
        let told = of(&[("start_time", "soon"), ("role", "king"), ("status", "x")]).unwrap_err().to_string();
        for name in ["start_time", "role", "status"] {
            assert!(told.contains(name), "{told}");
        }
    }
}
