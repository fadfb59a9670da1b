//! `/api`: categories with those below them and how many tickets each has (分类管理接口).

use super::people::moment;
use super::wire::{self, Envelope, List, Nothing, Refusal, Reply};
use super::{Answer, Api, Listed, listing, paging};
use crate::http::App;
use crate::http::dialect::{Body, Caller, Fail, Ids, Params};
use crate::http::field::Field;
use crate::http::query::{PageNumber, boolean};
use axum::extract::State;
use model::access::Operation;
use model::category::{Category, CategoryForm, key_of};
use model::command::EditCategory;
use model::error::Problems;
use model::id::{CategoryId, UserId};
use model::{Error, Result};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

type Server = State<Arc<App>>;

pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(detail, edit, delete))
}

/// List categories (获取分类列表)
///
/// Those at the top, each with those below it.
#[utoipa::path(get, path = "/categories", operation_id = "apiListCategories", tag = "api categories",
    params(wire::CategoriesQuery),
    responses((status = 200, description = "All of them, or a page", body = List<wire::Category>)),
)]
async fn list(
    app: Server,
    by: Caller<Api>,
    Params(query, ..): Params<wire::CategoriesQuery, Api>,
) -> Listed<wire::Category> {
    let (categories, counts) = (app.engine.categories(&by.actor).await?, app.engine.category_counts(&by.actor).await?);
    let forest = Forest { categories: &categories, counts: &counts };
    let (chosen, page) = chosen(&query, &categories).map_err(Fail::of_query)?;
    let total = i64::try_from(chosen.len()).unwrap_or(i64::MAX);
    let page = page.unwrap_or(PageNumber { page: 1, size: total.max(1) });
    let part = page.part();
    let some = chosen.into_iter().skip(part.skip).take(part.limit).map(|one| forest.tree(one, 0)).collect();
    Ok(List::new(some, paging::shown(page, total)))
}

/// Create a category (创建分类)
#[utoipa::path(post, path = "/categories", operation_id = "apiCreateCategory", tag = "api categories",
    request_body = wire::CategoryForm,
    responses(
        (status = 201, description = "The category", body = Envelope<wire::Category>),
        (status = 409, description = "There is one of that name or key", body = Refusal),
    ),
)]
async fn create(app: Server, by: Caller<Api>, Body(form, ..): Body<wire::CategoryForm, Api>) -> Answer<wire::Category> {
    by.may(Operation::EditCategories)?;
    let known = app.engine.categories(&by.actor).await?;
    let made = app.engine.create_category(&by, new(form, &known)?).await?;
    Ok(Reply::created("分类创建成功", bare(&made)))
}

/// Read a category
#[utoipa::path(get, path = "/categories/{id}", operation_id = "apiCategory", tag = "api categories",
    params(("id" = i64, Path, description = "The category's number", example = 1)),
    responses((status = 200, description = "The category", body = Envelope<wire::Category>)),
)]
async fn detail(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<wire::Category> {
    let (categories, counts) = (app.engine.categories(&by.actor).await?, app.engine.category_counts(&by.actor).await?);
    let one = found(&categories, id)?;
    Ok(Reply::done("", Forest { categories: &categories, counts: &counts }.tree(one, 0)))
}

/// Edit a category
///
/// What is left out stays, null takes away.
#[utoipa::path(put, path = "/categories/{id}", operation_id = "apiEditCategory", tag = "api categories",
    params(("id" = i64, Path, description = "The category's number", example = 1)),
    request_body = Option<wire::CategoryForm>,
    responses(
        (status = 200, description = "The category as it is now", body = Envelope<wire::Category>),
        (status = 409, description = "There is one of that key", body = Refusal),
    ),
)]
async fn edit(
    app: Server,
    by: Caller<Api>,
    Ids([id], ..): Ids<Api, 1>,
    Body(form, ..): Body<wire::CategoryForm, Api>,
) -> Answer<wire::Category> {
    by.may(Operation::EditCategories)?;
    let changed = app.engine.edit_category(&by, CategoryId(id), edited(form)?).await?;
    let (categories, counts) = (app.engine.categories(&by.actor).await?, app.engine.category_counts(&by.actor).await?);
    let forest = Forest { categories: &categories, counts: &counts };
    Ok(Reply::done("分类更新成功", forest.tree(&changed, 0)))
}

/// Delete a category
///
/// One that tickets have is put out of use instead; one with categories below it is refused.
#[utoipa::path(delete, path = "/categories/{id}", operation_id = "apiDeleteCategory", tag = "api categories",
    params(("id" = i64, Path, description = "The category's number", example = 1)),
    responses(
        (status = 200, description = "It is gone, or out of use", body = Envelope<Nothing>),
        (status = 409, description = "There are categories below it", body = Refusal),
    ),
)]
async fn delete(app: Server, by: Caller<Api>, Ids([id], ..): Ids<Api, 1>) -> Answer<Nothing> {
    let kept = app.engine.delete_category(&by, CategoryId(id)).await?;
    Ok(Reply::done(if kept.is_some() { "分类已停用" } else { "分类删除成功" }, Nothing))
}

fn found(categories: &[Category], id: i64) -> Result<&Category> {
    categories.iter().find(|one| one.id.0 == id).ok_or_else(|| Error::not_found("category"))
}

/// Which of them a query asks for, and on which page.
fn chosen<'a>(query: &wire::CategoriesQuery, all: &'a [Category]) -> Result<(Vec<&'a Category>, Option<PageNumber>)> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let limits = [query.limit.as_deref(), query.page_size.as_deref()];
    let paged = query.page.is_some() || limits.iter().any(Option::is_some);
    let page = paging::page(query.page.as_deref(), limits, paging::MOST, p);
    let active = boolean("is_active", query.is_active.as_deref(), p);
    let ids = listing::ids(query.filter.as_deref(), p);
    problems.finish()?;
    let wanted = all.iter().filter(|one| match &ids {
        Some(ids) => ids.contains(&one.id.0),
        None => one.form.parent.is_none(),
    });
    let chosen = wanted.filter(|one| active.is_none_or(|active| one.form.active == active)).collect();
    Ok((chosen, paged.then_some(page)))
}

/// Categories with how many tickets each has by itself.
struct Forest<'a> {
    categories: &'a [Category],
    counts: &'a BTreeMap<CategoryId, i64>,
}

impl Forest<'_> {
    /// A category with all below it. The model allows ten levels, so the way down ends.
    fn tree(&self, one: &Category, depth: usize) -> wire::Category {
        let below = self.categories.iter().filter(|child| child.form.parent == Some(one.id) && depth < 16);
        let subcategories: Vec<wire::Category> = below.map(|child| self.tree(child, depth + 1)).collect();
        let own = self.counts.get(&one.id).copied().unwrap_or_default();
        let ticket_count = own + subcategories.iter().map(|child| child.ticket_count).sum::<i64>();
        wire::Category { ticket_count, subcategories, ..bare(one) }
    }
}

fn bare(category: &Category) -> wire::Category {
    let form = &category.form;
    wire::Category {
        id: category.id.0,
        key: form.key.clone(),
        name: form.name.clone(),
        description: form.description.clone(),
        color: form.color.clone(),
        icon: form.icon.clone(),
        parent_id: form.parent.map(|parent| parent.0),
        sla_hours: form.sla_hours,
        auto_assign_user_id: form.auto_assignee.map(|user| user.0),
        is_active: form.active,
        sort_order: form.sort_order,
        ticket_count: 0,
        created_at: moment(category.created_at),
        updated_at: moment(category.updated_at),
        subcategories: Vec::new(),
    }
}

fn new(form: wire::CategoryForm, known: &[Category]) -> Result<CategoryForm> {
    if matches!(form.name, Field::Absent) {
        return Err(Error::invalid("name", "is required"));
    }
    let keyless = matches!(form.key, Field::Absent);
    let mut made = edited(form)?.over(CategoryForm::empty());
    if keyless {
        let above = known.iter().find(|one| Some(one.id) == made.parent);
        made.key = key_of(&made.name, above.map(|above| above.form.key.as_str()));
    }
    Ok(made)
}

fn edited(form: wire::CategoryForm) -> Result<EditCategory> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let edit = EditCategory {
        key: form.key.optional("key", p),
        name: form.name.optional("name", p),
        description: form.description.edit("description", p),
        color: form.color.edit("color", p),
        icon: form.icon.edit("icon", p),
        parent: form.parent_id.edit("parent", p).map(CategoryId),
        sla_hours: form.sla_hours.edit("sla_hours", p),
        auto_assignee: form.auto_assign_user_id.edit("auto_assignee", p).map(UserId),
        active: form.is_active.optional("is_active", p),
        sort_order: form.sort_order.optional("sort_order", p),
    };
    problems.finish()?;
    Ok(edit)
}
