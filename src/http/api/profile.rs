//! `/api/user/profile` and `/api/user/stats`: one's own account, and how one's tickets stand.

use super::people::{account, moment};
use super::wire::{self, Envelope, Refusal, Reply};
use super::{Answer, Api};
use crate::http::App;
use crate::http::dialect::{Body, Caller};
use axum::extract::State;
use engine::{OwnFigures, Tally};
use model::Result;
use model::error::Problems;
use model::people::ProfileInput;
use model::ticket::Status;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(read, edit)).routes(routes!(stats))
}

/// Read one's profile
#[utoipa::path(get, path = "/user/profile", operation_id = "apiProfile", tag = "api accounts",
    responses((status = 200, description = "The caller's own account", body = Envelope<wire::User>)),
)]
async fn read(State(app): Server, by: Caller<Api>) -> Answer<wire::User> {
    Ok(Reply::done("", account(&app.engine.me(&by.actor).await?)))
}

/// Edit one's profile
///
/// What is left out stays; an empty text takes away.
#[utoipa::path(put, path = "/user/profile", operation_id = "apiEditProfile", tag = "api accounts",
    request_body = Option<wire::Profile>,
    responses(
        (status = 200, description = "The account as it is now", body = Envelope<wire::User>),
        (status = 409, description = "CONFLICT: the user name or the address is taken", body = Refusal),
    ),
)]
async fn edit(State(app): Server, by: Caller<Api>, Body(form, ..): Body<wire::Profile, Api>) -> Answer<wire::User> {
    let user = by.actor.user().ok_or_else(model::access::sign_in)?;
    let user = app.engine.edit_profile(&by, user, input(form)?).await?;
    Ok(Reply::done("个人资料更新成功", account(&user)))
}

fn input(form: wire::Profile) -> Result<ProfileInput> {
    let mut problems = Problems::default();
    let input = ProfileInput {
        username: form.username.optional("username", &mut problems),
        email: form.email.optional("email", &mut problems),
        first_name: form.first_name.optional("first_name", &mut problems),
        last_name: form.last_name.optional("last_name", &mut problems),
        display_name: form.display_name.optional("display_name", &mut problems),
        phone: form.phone.optional("phone", &mut problems),
        avatar_url: form.avatar_url.optional("avatar_url", &mut problems),
        locale: form.language.optional("language", &mut problems),
        openid: None,
        staff_id: None,
    };
    problems.finish()?;
    Ok(input)
}

/// How one's tickets stand
#[utoipa::path(get, path = "/user/stats", operation_id = "apiUserStats", tag = "api accounts",
    responses((status = 200, description = "The caller's own figures", body = Envelope<wire::UserStats>)),
)]
async fn stats(State(app): Server, by: Caller<Api>) -> Answer<wire::UserStats> {
    let OwnFigures { user, tickets, comments, notifications, unread } = app.engine.own_figures(&by.actor).await?;
    let data = wire::UserStats {
        created: counts(&tickets.created),
        assigned: counts(&tickets.assigned),
        overdue_assigned: tickets.overdue_assigned,
        comments,
        notifications,
        unread_notifications: unread,
        login_count: user.login_count,
        last_login_at: user.last_login_at.map(moment),
    };
    Ok(Reply::done("", data))
}

/// The document has no word for a new ticket: it is open.
fn counts(tally: &Tally) -> wire::TicketCounts {
    wire::TicketCounts {
        total: tally.total(),
        open: tally.of(&[Status::New, Status::Open]),
        in_progress: tally.of(&[Status::InProgress]),
        pending: tally.of(&[Status::Pending]),
        resolved: tally.of(&[Status::Resolved]),
        closed: tally.of(&[Status::Closed]),
        cancelled: tally.of(&[Status::Cancelled]),
    }
}
