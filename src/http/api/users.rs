//! `/api`: accounts, for those who look after them (用户管理接口). Who may do what to whom, the model says.

use super::wire::{self, Envelope, Found, Nothing, Refusal, Reply, Shape};
use super::{Answer, Api, listing, paging, people};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use crate::http::field::Field;
use crate::http::query::{PageNumber, one_of};
use axum::extract::State;
use engine::{AccountEdit, NewUser};
use model::Result;
use model::access::Operation;
use model::error::Problems;
use model::id::UserId;
use model::people::{ProfileInput, Role, UserStatus};
use model::query::{Direction, UserFilter, UserSort, UserSortBy};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

/// Characters of a search.
const SEARCH_MAX: usize = 200;
const ROLES: [&str; 4] = ["user", "agent", "supervisor", "admin"];
const STATUSES: [&str; 3] = ["active", "inactive", "suspended"];

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(detail, edit, deactivate))
}

/// List accounts (获取用户列表)
///
/// The newest first, unless another order is asked for.
#[utoipa::path(get, path = "/admin/users", operation_id = "apiListUsers", tag = "api admin",
    params(wire::UsersQuery),
    responses((status = 200, description = "A page of them", body = Found<wire::ListedUser>)),
)]
async fn list(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::UsersQuery, Api>,
) -> std::result::Result<Found<wire::ListedUser>, Fail<Api>> {
    let (filter, sort, page) = asked(&query).map_err(Fail::of_query)?;
    let found = app.engine.accounts_numbered(&by.actor, &filter, sort, page.part()).await?;
    let shape = Shape::asked(query.page_size.as_deref(), query.order_by.as_deref());
    let listed = found.items.iter().map(|(user, ticket_count)| wire::ListedUser {
        user: people::account(user),
        login_count: user.login_count,
        ticket_count: *ticket_count,
    });
    Ok(Found::new(shape, listed.collect(), paging::shown(page, found.total)))
}

/// Read an account (获取单个用户)
#[utoipa::path(get, path = "/admin/users/{id}", operation_id = "apiUser", tag = "api admin",
    params(("id" = i64, Path, description = "The person's number", example = 1)),
    responses((status = 200, description = "The account with its figures", body = Envelope<wire::UserDetail>)),
)]
async fn detail(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::UserDetail> {
    let (user, tally) = app.engine.account(&by.actor, UserId(id)).await?;
    let detail = wire::UserDetail {
        user: people::account(&user),
        login_count: user.login_count,
        ticket_count: tally.created,
        ticket_stats: wire::TicketStats { created: tally.created, assigned: tally.assigned, resolved: tally.resolved },
    };
    Ok(Reply::done("", detail))
}

/// Create an account (创建用户)
#[utoipa::path(post, path = "/admin/users", operation_id = "apiCreateUser", tag = "api admin",
    request_body = wire::UserForm,
    responses(
        (status = 201, description = "The account", body = Envelope<wire::User>),
        (status = 409, description = "The user name or the e-mail address is taken", body = Refusal),
    ),
)]
async fn create(app: Server, by: Caller<Api>, Body(form, ..): Body<wire::UserForm, Api>) -> Answer<wire::User> {
    by.may(Operation::CreateUser)?;
    let made = app.engine.create_user(&by, new(form)?).await?;
    Ok(Reply::created("用户创建成功", people::account(&made)))
}

/// Edit an account
///
/// What is left out stays. All of it is changed, or nothing.
#[utoipa::path(put, path = "/admin/users/{id}", operation_id = "apiEditUser", tag = "api admin",
    params(("id" = i64, Path, description = "The person's number", example = 1)),
    request_body = Option<wire::UserForm>,
    responses(
        (status = 200, description = "The account as it is now", body = Envelope<wire::User>),
        (status = 409, description = "The user name or the e-mail address is taken", body = Refusal),
    ),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::UserForm, Api>,
) -> Answer<wire::User> {
    by.may(Operation::SetUserStatus)?;
    let edit = read(form)?;
    let changed = app.engine.edit_account(&by, UserId(id), edit).await?;
    Ok(Reply::done("用户更新成功", people::account(&changed)))
}

/// Deactivate an account
///
/// It is signed out everywhere and can't sign in any more; what it did stays. PUT with the status active brings it back.
#[utoipa::path(delete, path = "/admin/users/{id}", operation_id = "apiDeactivateUser", tag = "api admin",
    params(("id" = i64, Path, description = "The person's number", example = 1)),
    responses((status = 200, description = "It is done", body = Envelope<Nothing>)),
)]
async fn deactivate(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<Nothing> {
    let edit = AccountEdit { status: Some(UserStatus::Inactive), ..AccountEdit::default() };
    app.engine.edit_account(&by, UserId(id), edit).await?;
    Ok(Reply::done("用户已停用", Nothing))
}

/// What an account is changed to; for a new one, all that there is.
fn read(form: wire::UserForm) -> Result<AccountEdit> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let role = one("role", form.role, &ROLES, Role::parse, p);
    let status = one("status", form.status, &STATUSES, UserStatus::parse, p);
    let edit = AccountEdit {
        profile: ProfileInput {
            username: form.username.optional("username", p),
            email: form.email.optional("email", p),
            first_name: form.first_name.optional("first_name", p),
            last_name: form.last_name.optional("last_name", p),
            display_name: form.display_name.optional("display_name", p),
            phone: form.phone.optional("phone", p),
            avatar_url: form.avatar_url.optional("avatar_url", p),
            locale: form.locale.optional("locale", p),
            ..ProfileInput::default()
        },
        role,
        status,
        password: form.password.optional("password", p),
    };
    problems.finish()?;
    Ok(edit)
}

fn new(form: wire::UserForm) -> Result<NewUser> {
    let AccountEdit { profile, role, status, password } = read(form)?;
    let mut problems = Problems::default();
    if profile.username.as_ref().is_none_or(|name| name.trim().is_empty()) {
        problems.add("username", "is required");
    }
    if profile.email.is_none() {
        problems.add("email", "is required");
    }
    if password.is_none() {
        problems.add("password", "is required");
    }
    problems.finish()?;
    Ok(NewUser { profile, role: role.unwrap_or(Role::User), status: status.unwrap_or(UserStatus::Active), password })
}

/// What one of some words in a body stands for.
fn one<T>(
    name: &'static str,
    field: Field<String>,
    words: &[&str],
    parse: impl Fn(&str) -> Option<T>,
    problems: &mut Problems,
) -> Option<T> {
    let text = field.optional(name, problems)?;
    let read = parse(text.trim());
    if read.is_none() {
        problems.add(name, one_of(words));
    }
    read
}

fn asked(query: &wire::UsersQuery) -> Result<(UserFilter, UserSort, PageNumber)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let limits = [query.limit.as_deref(), query.page_size.as_deref()];
    let page = paging::page(query.page.as_deref(), limits, paging::MOST, p);
    let inside = inside(query.filter.as_deref());
    let text = |name: &str| inside.get(name).and_then(Value::as_str).map(str::to_owned);
    let role = query.role.clone().or_else(|| text("role"));
    let status = query.status.clone().or_else(|| text("status"));
    let search = query.search.clone().or_else(|| text("search")).or_else(|| text("q"));
    if search.as_ref().is_some_and(|search| search.chars().count() > SEARCH_MAX || search.contains('\0')) {
        p.add("search", format!("must have at most {SEARCH_MAX} characters"));
    }
    let ids = listing::ids(query.filter.as_deref(), p);
    let filter = UserFilter {
        // An empty list of ids asks for nobody, which no person's number is.
        ids: ids
            .map(|ids| if ids.is_empty() { vec![UserId(0)] } else { ids.into_iter().map(UserId).collect() })
            .unwrap_or_default(),
        role: some("role", role.as_deref(), &ROLES, Role::parse, p),
        status: some("status", status.as_deref(), &STATUSES, UserStatus::parse, p),
        search,
    };
    let sort = sort(query, p);
    problems.finish()?;
    Ok((filter, sort, page))
}

fn inside(filter: Option<&str>) -> Map<String, Value> {
    filter.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Several words with commas between them.
fn some<T>(
    name: &'static str,
    text: Option<&str>,
    words: &[&str],
    parse: impl Fn(&str) -> Option<T>,
    problems: &mut Problems,
) -> Vec<T> {
    let given = text.into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let read: Option<Vec<T>> = given.map(parse).collect();
    read.unwrap_or_else(|| {
        problems.add(name, one_of(words));
        Vec::new()
    })
}

/// The order, in any of the spellings that clients have for it.
fn sort(query: &wire::UsersQuery, problems: &mut Problems) -> UserSort {
    let fields = [
        ("sort", query.sort.as_deref()),
        ("sort_by", query.sort_by.as_deref()),
        ("order_by", query.order_by.as_deref()),
    ];
    let directions = [("order", query.order.as_deref()), ("sort_order", query.sort_order.as_deref())];
    let order = listing::order(&fields, &directions, problems);
    let direction = order.direction.unwrap_or(Direction::Descending);
    let Some(field) = order.field else { return UserSort { by: UserSortBy::CreatedAt, direction } };
    let by = match field.as_str() {
        "id" => UserSortBy::Id,
        "created_at" => UserSortBy::CreatedAt,
        "updated_at" => UserSortBy::UpdatedAt,
        "last_login_at" => UserSortBy::LastLoginAt,
        "username" | "name" => UserSortBy::Username,
        "email" => UserSortBy::Email,
        "role" => UserSortBy::Role,
        "status" => UserSortBy::Status,
        _ => {
            let words = ["id", "created_at", "updated_at", "last_login_at", "username", "email", "role", "status"];
            problems.add(order.name, one_of(&words));
            UserSortBy::Id
        }
    };
    UserSort { by, direction }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<(UserFilter, UserSort, PageNumber)> {
        let all: Map<String, Value> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        asked(&serde_json::from_value(all.into()).unwrap())
    }

    #[test]
    fn every_spelling_of_an_order_is_read() {
        for (pairs, by, direction) in [
            (vec![], UserSortBy::CreatedAt, Direction::Descending),
            (vec![("sort", "email"), ("order", "asc")], UserSortBy::Email, Direction::Ascending),
            (vec![("sort", "created_at:asc")], UserSortBy::CreatedAt, Direction::Ascending),
            (vec![("sort", "[\"id\",\"ASC\"]")], UserSortBy::Id, Direction::Ascending),
            (vec![("sort_by", "username"), ("sort_order", "DESC")], UserSortBy::Username, Direction::Descending),
            (vec![("order_by", "-last_login_at")], UserSortBy::LastLoginAt, Direction::Descending),
            (vec![("order_by", "status asc")], UserSortBy::Status, Direction::Ascending),
        ] {
            let (_, sort, _) = of(&pairs).unwrap();
            assert_eq!((sort.by, sort.direction), (by, direction), "{pairs:?}");
        }
        let told = of(&[("sort", "password"), ("order", "up"), ("role", "king")]).unwrap_err().to_string();
        assert!(["sort", "order", "role"].iter().all(|name| told.contains(name)), "{told}");
    }

    #[test]
    fn filters_of_the_web_client_are_read() {
        let (filter, ..) = of(&[("filter", "{\"ids\":[3,\"4\"]}")]).unwrap();
        assert_eq!(filter.ids, [UserId(3), UserId(4)]);
        let (filter, ..) = of(&[("filter", "{\"ids\":[]}")]).unwrap();
        assert_eq!(filter.ids, [UserId(0)]);
        let (filter, ..) =
            of(&[("filter", "{\"q\":\"li\",\"role\":\"agent\"}"), ("status", "active,inactive")]).unwrap();
        assert_eq!((filter.search.as_deref(), filter.role.as_slice()), (Some("li"), [Role::Agent].as_slice()));
        assert_eq!(filter.status.len(), 2);
        assert!(of(&[("filter", "nonsense")]).is_err());
    }
}
