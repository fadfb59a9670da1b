//! What an operation costs, and what it may cost; and, for each item of a subscription, loaders of its own and its place
//! in the log as `extensions.cursor`.
//!
//! It is one extension for all of this, because async-graphql makes every field slower for each extension that there is.

use crate::alike::Line;
use crate::context::Viewer;
use crate::loaders::LateLoaders;
use crate::quick::named_as;
use crate::scalars::Cursor;
use async_graphql::async_trait::async_trait;
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextRequest, NextValidation,
};
use async_graphql::parser::types::Field;
use async_graphql::{
    ContextSelectionSet, Data, ErrorExtensionValues, OutputType, Positioned, Response, ServerError, ServerResult,
    ValidationResult, Value, value,
};
use engine::Engine;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// How deep and how dear an operation may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub max_depth: usize,
    pub max_complexity: usize,
}

impl ExtensionFactory for Cost {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Ledger { limits: *self, answered_once: AtomicBool::new(false), cost: OnceLock::new() })
    }
}

/// One request's account.
struct Ledger {
    limits: Cost,
    /// Whether it is a query or a mutation: a subscription never passes `request`.
    answered_once: AtomicBool,
    cost: OnceLock<ValidationResult>,
}

#[async_trait]
impl Extension for Ledger {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        self.answered_once.store(true, Ordering::Relaxed);
        let response = next.run(ctx).await;
        self.accounted(response)
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let cost = next.run(ctx).await?;
        let cost = *self.cost.get_or_init(|| cost);
        self.limits.check(cost.depth, cost.complexity)?;
        if let Some(slot) = ctx.data_opt::<Slot>() {
            slot.0.get_or_init(|| Account { depth: cost.depth, complexity: cost.complexity });
        }
        Ok(cost)
    }

    async fn execute(&self, ctx: &ExtensionContext<'_>, operation: Option<&str>, next: NextExecute<'_>) -> Response {
        if self.answered_once.load(Ordering::Relaxed) {
            return next.run(ctx, operation).await;
        }
        let (Some(engine), Some(viewer)) = (ctx.data_opt::<Engine>(), ctx.data_opt::<Viewer>()) else {
            return next.run(ctx, operation).await;
        };
        let place = Place::default();
        let mut data = Data::default();
        data.insert(LateLoaders::new(engine, &viewer.actor));
        data.insert(place.clone());
        let response = next.run_with_data(ctx, operation, data).await;
        match place.0.get() {
            Some(cursor) => response.extension("cursor", Value::String(cursor.clone())),
            // A query or mutation over a socket.
            None => self.accounted(response),
        }
    }
}

impl Ledger {
    fn accounted(&self, response: Response) -> Response {
        match self.cost.get() {
            Some(cost) => Account { depth: cost.depth, complexity: cost.complexity }.stated(response, self.limits),
            None => response,
        }
    }
}

/// What an operation costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    depth: usize,
    complexity: usize,
}

impl Account {
    /// The response with the account in its extensions.
    pub(crate) fn stated(self, response: Response, limits: Cost) -> Response {
        let account = value!({
            "complexity": self.complexity,
            "maximumComplexity": limits.max_complexity,
            "depth": self.depth,
            "maximumDepth": limits.max_depth,
        });
        response.extension("cost", account)
    }
}

/// Where the account of an operation that was found good is left for whoever asked for it.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<OnceLock<Account>>);

impl Slot {
    pub(crate) fn account(&self) -> Option<Account> {
        self.0.get().copied()
    }
}

impl Cost {
    fn check(self, depth: usize, complexity: usize) -> Result<(), Vec<ServerError>> {
        if depth > self.max_depth {
            let message = format!("the operation is {depth} levels deep; the limit is {}", self.max_depth);
            return Err(vec![refused("QUERY_TOO_DEEP", message, self.max_depth)]);
        }
        if complexity > self.max_complexity {
            let message = format!("the operation costs {complexity}; the limit is {}", self.max_complexity);
            return Err(vec![refused("QUERY_TOO_COMPLEX", message, self.max_complexity)]);
        }
        Ok(())
    }
}

fn refused(code: &str, message: String, limit: usize) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    extensions.set("limit", limit);
    ServerError { extensions: Some(extensions), ..ServerError::new(message, None) }
}

/// Where the item that is being resolved notes its place in the log.
#[derive(Clone, Default)]
struct Place(Arc<OnceLock<String>>);

/// An item of a stream: what it is, and its place in the log. To GraphQL it is the item itself.
pub(crate) struct Placed<T> {
    pub cursor: Cursor,
    pub item: T,
}

impl<T: OutputType> OutputType for Placed<T> {
    named_as!(T);

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if let Some(place) = ctx.data_opt::<Place>() {
            place.0.get_or_init(|| self.cursor.0.clone());
        }
        let Some(line) = ctx.data_opt::<Arc<Line>>() else { return self.item.resolve(ctx, field).await };
        if let Some(text) = line.get(&self.cursor.0) {
            return Ok(text);
        }
        let item = self.item.resolve(ctx, field).await?;
        Ok(line.keep(&self.cursor.0, &field.node.response_key().node, item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_or_too_dear_is_refused_with_the_limit() {
        let limits = Cost { max_depth: 3, max_complexity: 10 };
        assert!(limits.check(3, 10).is_ok());
        let code = |errors: Result<(), Vec<ServerError>>| {
            errors.unwrap_err().remove(0).extensions.and_then(|e| e.get("code").cloned())
        };
        assert_eq!(code(limits.check(4, 1)), Some(Value::from("QUERY_TOO_DEEP")));
        assert_eq!(code(limits.check(1, 11)), Some(Value::from("QUERY_TOO_COMPLEX")));
    }
}
