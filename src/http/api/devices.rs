//! `/api/user/trusted-devices` and `/api/user/login-history`: where one is signed in, and was.

use super::people::moment;
use super::wire::{self, Envelope, Items, List, LoginStatus, Nothing, Refusal, Reply};
use super::{Answer, Api, Listed, paging, profile};
use crate::http::App;
use crate::http::dialect::{Caller, Fail, Ids, Params};
use crate::http::query::{PageNumber, boolean, integer, span, word};
use axum::extract::State;
use model::error::Problems;
use model::id::{DeviceId, SessionId};
use model::session::{SignInFilter, SignInRecord, TRUSTED_MAX, TrustedDevice, device_of};
use model::{Result, Time};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(trusted))
        .routes(routes!(revoke))
        .routes(routes!(history))
        .merge(profile::routes())
}

/// List one's trusted devices
///
/// 查询可信设备. Those that skip the second factor today, newest first; at most five.
#[utoipa::path(get, path = "/user/trusted-devices", operation_id = "apiTrustedDevices", tag = "api accounts",
    responses((status = 200, description = "获取可信设备成功", body = List<wire::TrustedDevice>)),
)]
async fn trusted(State(app): Server, by: Caller<Api>) -> Listed<wire::TrustedDevice> {
    let user = by.actor.user().ok_or_else(model::access::sign_in)?;
    let devices: Vec<_> = app.engine.trusted_devices(&by.actor, user).await?.iter().map(shown).collect();
    let page = PageNumber { page: 1, size: TRUSTED_MAX as i64 };
    let total = devices.len() as i64;
    let done = "获取可信设备成功";
    Ok(List { message: done, msg: done, ..List::new(devices, paging::shown(page, total)) })
}

/// Stop trusting a device
///
/// 撤销可信设备. Its token stops working at once.
#[utoipa::path(delete, path = "/user/trusted-devices/{id}", operation_id = "apiRevokeTrustedDevice", tag = "api accounts",
    params(("id" = i64, Path, description = "The device's number", example = 12)),
    responses(
        (status = 200, description = "已撤销可信设备", body = Envelope<Nothing>),
        (status = 404, description = "NOT_FOUND: no such device of one's own", body = Refusal),
    ),
)]
async fn revoke(State(app): Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<Nothing> {
    app.engine.revoke_trusted_device(&by, DeviceId(id)).await?;
    Ok(Reply::done("已撤销可信设备", Nothing))
}

/// Read the history of one's logins
///
/// 查询登录历史. Newest first; what failed stands there, too.
#[utoipa::path(get, path = "/user/login-history", operation_id = "apiLoginHistory", tag = "api accounts",
    params(wire::LoginHistoryQuery),
    responses((status = 200, description = "获取登录历史成功", body = Envelope<Items<wire::LoginRecord>>)),
)]
async fn history(
    State(app): Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::LoginHistoryQuery, Api>,
) -> Answer<Items<wire::LoginRecord>> {
    let user = by.actor.user().ok_or_else(model::access::sign_in)?;
    let (filter, page) = asked(&query).map_err(Fail::of_query)?;
    let found = app.engine.sign_ins(&by.actor, user, &filter, page.part()).await?;
    let now = app.engine.now();
    let items = found.items.iter().map(|one| record(one, now)).collect();
    Ok(Reply::done("获取登录历史成功", Items::new(items, paging::shown(page, found.total))))
}

fn shown(device: &TrustedDevice) -> wire::TrustedDevice {
    wire::TrustedDevice {
        id: device.id.0,
        device_name: device.name.clone(),
        last_used_at: moment(device.last_used_at),
        last_ip: device.ip.clone(),
        user_agent: device.user_agent.clone(),
        expires_at: moment(device.expires_at),
        revoked: device.revoked_at.is_some(),
        created_at: moment(device.created_at),
        updated_at: moment(device.updated_at),
    }
}

fn record(one: &SignInRecord, now: Time) -> wire::LoginRecord {
    let device = device_of(one.user_agent.as_deref());
    let status = if one.succeeded() { LoginStatus::Success } else { LoginStatus::Failed };
    wire::LoginRecord {
        id: one.id,
        login_time: moment(one.at),
        ip_address: one.ip.clone(),
        device_info: device.to_string(),
        device_type: device.kind,
        user_agent: one.user_agent.clone(),
        login_method: one.method.clone(),
        status,
        login_status: status,
        session_id: one.session.map(|session| session.0),
        is_active: one.is_active(now),
        logout_time: one.ended_at.map(moment),
    }
}

/// What a query asks for. A kind of device or a method that there is not is one that nobody used.
fn asked(query: &wire::LoginHistoryQuery) -> Result<(SignInFilter, PageNumber)> {
    let mut problems = Problems::default();
    let sizes = [query.limit.as_deref(), query.page_size.as_deref()];
    let page = paging::page(query.page.as_deref(), sizes, paging::MOST, &mut problems);
    let text = |value: &Option<String>| value.as_deref().map(|text| text.trim().to_owned());
    let succeeded = |text: &str| match text {
        "success" => Some(true),
        "failed" => Some(false),
        _ => None,
    };
    let filter = SignInFilter {
        ip: text(&query.ip_address),
        device: text(&query.device_type).map(|kind| kind.to_lowercase()),
        method: text(&query.login_method),
        session: integer("session_id", query.session_id.as_deref(), &mut problems).map(SessionId),
        active: boolean("is_active", query.is_active.as_deref(), &mut problems),
        succeeded: word("status", query.status.as_deref(), &["success", "failed"], succeeded, &mut problems),
        from: span("start_date", query.start_date.as_deref(), &mut problems).map(|(begins, _)| begins),
        until: span("end_date", query.end_date.as_deref(), &mut problems).map(|(_, over)| over),
    };
    problems.finish()?;
    Ok((filter, page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_filter_is_named() {
        let query = wire::LoginHistoryQuery {
            session_id: Some("x".into()),
            is_active: Some("maybe".into()),
            status: Some("half".into()),
            start_date: Some("soon".into()),
            ..wire::LoginHistoryQuery::default()
        };
        let model::Error::Invalid(problems) = asked(&query).unwrap_err() else { panic!() };
        let fields: Vec<_> = problems.iter().map(|p| p.field).collect();
        assert_eq!(fields, ["session_id", "is_active", "status", "start_date"]);
    }

    #[test]
    fn a_last_day_is_part_of_it() {
        let until = |text: &str| {
            let query = wire::LoginHistoryQuery { end_date: Some(text.into()), ..wire::LoginHistoryQuery::default() };
            asked(&query).unwrap().0.until.unwrap().rfc3339()
        };
        assert_eq!(until("2025-01-02"), "2025-01-03T00:00:00Z");
        assert_eq!(until("2025-01-02T08:00:00+08:00"), "2025-01-02T00:00:01Z");
    }
}
