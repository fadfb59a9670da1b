//! `/api/user/notification-preferences`: what one is told, and by which ways.

use super::wire::{self, Envelope, NotificationType, Refusal, Reply, Ways};
use super::{Answer, Api};
use crate::http::App;
use crate::http::dialect::{Body, Caller};
use axum::extract::State;
use engine::Preference;
use model::Result;
use model::error::Problems;
use model::notice::{NoticeKind, Route, Rule};
use serde_json::Value;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(read, edit))
}

/// Read what you are told
///
/// Every kind of notification by every way (获取通知设置).
#[utoipa::path(get, path = "/user/notification-preferences", operation_id = "apiNotificationPreferences",
    tag = "api notifications",
    responses((status = 200, description = "What you are told, and how", body = Envelope<wire::Preferences>)),
)]
async fn read(app: Server, by: Caller<Api>) -> Answer<wire::Preferences> {
    Ok(Reply::done("", shown(&app.engine.preferences(&by.actor).await?)))
}

/// Change what you are told
///
/// What is not named stays as it is (更新通知设置).
#[utoipa::path(put, path = "/user/notification-preferences", operation_id = "apiEditNotificationPreferences",
    tag = "api notifications",
    request_body = wire::PreferencesEdit,
    responses(
        (status = 200, description = "What you are told now, and how", body = Envelope<wire::Preferences>),
        (status = 409, description = "CONFLICT: no account on that chat is linked and verified, or the Idempotency-Key was used for something else", body = Refusal),
    ),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Body(form, ..): Body<wire::PreferencesEdit, Api>,
) -> Answer<wire::Preferences> {
    let all = app.engine.set_preferences(&by, read_edit(form)?).await?;
    Ok(Reply::done("通知设置更新成功", shown(&all)))
}

fn read_edit(form: wire::PreferencesEdit) -> Result<Vec<Rule>> {
    let mut problems = Problems::default();
    let (mut rules, mut seen) = (Vec::new(), Vec::new());
    let value = form.preferences.required("preferences", &mut problems).unwrap_or_default();
    let items = value.as_array().map(Vec::as_slice).filter(|items| items.len() <= NoticeKind::ALL.len());
    if items.is_none() && !value.is_null() {
        problems.add("preferences", format!("must be a list of at most {}", NoticeKind::ALL.len()));
    }
    for item in items.unwrap_or_default() {
        let kind = item.get("type").and_then(Value::as_str).and_then(NoticeKind::parse);
        let Some(kind) = kind else {
            let words: Vec<&str> = NoticeKind::ALL.iter().map(|kind| kind.word()).collect();
            problems.add("preferences", format!("must each have a type, one of {}", words.join(", ")));
            break;
        };
        if seen.contains(&kind) {
            problems.add("preferences", format!("name {} twice", kind.word()));
            break;
        }
        seen.push(kind);
        for route in Route::ALL {
            match item.get(route.word()) {
                Some(Value::Bool(enabled)) => rules.push(Rule { kind, route, enabled: *enabled }),
                None | Some(Value::Null) => {}
                Some(_) => problems.add("preferences", format!("must say true or false for {}", route.word())),
            }
        }
    }
    problems.finish()?;
    Ok(rules)
}

fn shown(all: &[Preference]) -> wire::Preferences {
    let ways = |said: &dyn Fn(Route) -> bool| Ways {
        in_app: said(Route::InApp),
        email: said(Route::Email),
        discord: said(Route::Discord),
        telegram: said(Route::Telegram),
    };
    let enabled = |kind, route| all.iter().any(|p| (p.rule.kind, p.rule.route) == (kind, route) && p.rule.enabled);
    let each = |kind| wire::Preference { kind: word(kind), ways: ways(&|route| enabled(kind, route)) };
    wire::Preferences {
        preferences: NoticeKind::ALL.into_iter().map(each).collect(),
        available: ways(&|route| all.iter().any(|p| p.rule.route == route && p.available)),
    }
}

fn word(kind: NoticeKind) -> NotificationType {
    match kind {
        NoticeKind::TicketCreated => NotificationType::TicketCreated,
        NoticeKind::TicketAssigned => NotificationType::TicketAssigned,
        NoticeKind::TicketStatusChanged => NotificationType::TicketStatusChanged,
        NoticeKind::TicketCommented => NotificationType::TicketCommented,
        NoticeKind::TicketResolved => NotificationType::TicketResolved,
        NoticeKind::TicketClosed => NotificationType::TicketClosed,
        NoticeKind::TicketOverdue => NotificationType::TicketOverdue,
        NoticeKind::SystemAlert => NotificationType::SystemAlert,
    }
}
