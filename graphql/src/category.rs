//! Categories as clients see them: a tree, out of the engine's cache.

use crate::context::Call;
use crate::error::Result;
use crate::node::global;
use crate::person::User;
use crate::scalars::DateTime;
use async_graphql::{Context, ID, Object};
use std::sync::Arc;

/// 分类: what tickets are sorted by.
#[derive(Clone)]
pub struct Category(pub(crate) Arc<model::category::Category>);

impl From<model::category::Category> for Category {
    fn from(category: model::category::Category) -> Self {
        Self(Arc::new(category))
    }
}

/// Which categories to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub parent: Parent,
    pub inactive: bool,
}

/// Whose children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    /// All categories, flat.
    Any,
    /// Only the roots, or those right below one.
    Only(Option<model::id::CategoryId>),
}

/// Categories in their order.
pub(crate) async fn list(call: Call<'_>, choice: Choice) -> Result<Vec<Category>> {
    let all = call.loaders.categories().await?;
    let chosen = all.iter().filter(|c| choice.inactive || c.form.active).filter(|c| match choice.parent {
        Parent::Any => true,
        Parent::Only(parent) => c.form.parent == parent,
    });
    let mut chosen: Vec<_> = chosen.cloned().collect();
    chosen.sort_by_key(|c| (c.form.sort_order, c.id));
    Ok(chosen.into_iter().map(Category::from).collect())
}

/// 分类: what tickets are sorted by.
#[Object]
impl Category {
    /// The global id, such as `category_1`.
    pub(crate) async fn id(&self) -> ID {
        global(self.0.id)
    }

    /// The bare number that the other surfaces show.
    async fn database_id(&self) -> i64 {
        self.0.id.0
    }

    /// A stable word, such as `technical`.
    async fn key(&self) -> &str {
        &self.0.form.key
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.form.name
    }

    /// What belongs into it.
    async fn description(&self) -> Option<&str> {
        self.0.form.description.as_deref()
    }

    /// Its colour, such as `#3b82f6`.
    async fn color(&self) -> Option<&str> {
        self.0.form.color.as_deref()
    }

    /// Its icon's name.
    async fn icon(&self) -> Option<&str> {
        self.0.form.icon.as_deref()
    }

    /// The category above it.
    async fn parent(&self, ctx: &Context<'_>) -> Result<Option<Category>> {
        match self.0.form.parent {
            Some(id) => Ok(Call::of(ctx)?.loaders.category(id).await?.map(Category)),
            None => Ok(None),
        }
    }

    /// The categories right below it, in their order.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn children(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Also those that are not in use.", default)] inactive: bool,
    ) -> Result<Vec<Category>> {
        list(Call::of(ctx)?, Choice { parent: Parent::Only(Some(self.0.id)), inactive }).await
    }

    /// Hours to the resolution of its tickets, where it has a target of its own.
    async fn sla_hours(&self) -> Option<i64> {
        self.0.form.sla_hours
    }

    /// Who gets its new tickets.
    async fn auto_assignee(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(Call::of(ctx)?.loaders.user_or(self.0.form.auto_assignee).await?.map(User))
    }

    /// Whether it is in use.
    async fn active(&self) -> bool {
        self.0.form.active
    }

    /// Its place among its siblings.
    async fn sort_order(&self) -> i64 {
        self.0.form.sort_order
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it changed last.
    async fn updated_at(&self) -> DateTime {
        self.0.updated_at.into()
    }

    /// How many of its tickets you may see.
    #[graphql(complexity = 3)]
    async fn ticket_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(Call::of(ctx)?.loaders.tickets_in(self.0.id).await?)
    }
}
