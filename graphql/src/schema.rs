//! The schema twice over the same types: one that examines a document before it runs it, and one that runs what was examined.
//!
//! Examining (is it valid, what does it cost) takes longer than running a small query, and async-graphql makes every field
//! slower for an extension to look on. So the account of an operation is kept: the same document with variables that
//! could not change its account runs on the plain schema, and is answered the same.

use crate::cost::{Account, Cost, Slot};
use crate::mutation::Mutation;
use crate::query::Query;
use crate::subscription::Subscription;
use async_graphql::parser::types::{BaseType, DocumentOperations, OperationDefinition, Type};
use async_graphql::{Data, Executor, Name, Request, Response, SchemaBuilder, ValidationMode, Value};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use moka::sync::Cache;
use std::fmt::Write as _;
use std::sync::Arc;

/// Accounts that are kept.
const ACCOUNTS: u64 = 2_000;
/// An operation whose text and variables are longer than that is examined every time.
const LONGEST: usize = 16 * 1024;

type Types = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema. Clones are the same schema.
#[derive(Clone)]
pub struct Schema {
    examining: Types,
    plain: Types,
    accounts: Cache<String, Account>,
    limits: Cost,
}

impl Schema {
    pub(crate) fn new(build: impl Fn() -> SchemaBuilder<Query, Mutation, Subscription>, limits: Cost) -> Self {
        Self {
            examining: build().extension(limits).finish(),
            plain: build().validation_mode(ValidationMode::Fast).finish(),
            accounts: Cache::new(ACCOUNTS),
            limits,
        }
    }

    /// Runs a query or mutation.
    ///
    /// Not generic, and boxed here: a caller that held the future itself would compile all resolvers once more.
    pub fn execute(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(self.run(request))
    }

    async fn run(&self, mut request: Request) -> Response {
        let Some(key) = key(&mut request) else { return self.examining.execute(request).await };
        if let Some(account) = self.accounts.get(&key) {
            return account.stated(self.plain.execute(request).await, self.limits);
        }
        let slot = Slot::default();
        let response = self.examining.execute(request.data(slot.clone())).await;
        if let Some(account) = slot.account() {
            self.accounts.insert(key, account);
        }
        response
    }

    /// Runs anything, a subscription too.
    pub fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        self.examining.execute_stream_with_session_data(request, Arc::default())
    }
}

impl Executor for Schema {
    fn execute(&self, request: Request) -> impl Future<Output = Response> + Send {
        Self::execute(self, request)
    }

    fn execute_stream(&self, request: Request, session: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.examining, request, session)
    }
}

/// What an operation's account depends on: its text, which of its operations runs, and the values of its variables, but for
/// those that may be any text.
fn key(request: &mut Request) -> Option<String> {
    if request.query.len() > LONGEST {
        return None;
    }
    let name = request.operation_name.clone();
    let document = request.parsed_query().ok()?;
    let operation: &OperationDefinition = match (&document.operations, &name) {
        (DocumentOperations::Single(operation), None) => &operation.node,
        (DocumentOperations::Multiple(all), Some(name)) => &all.get(name.as_str())?.node,
        (DocumentOperations::Multiple(all), None) if all.len() == 1 => &all.values().next()?.node,
        (DocumentOperations::Single(_), Some(_)) | (DocumentOperations::Multiple(_), None) => return None,
    };
    let variables: Vec<(Name, bool)> = operation
        .variable_definitions
        .iter()
        .map(|definition| (definition.node.name.node.clone(), is_text(&definition.node.var_type.node)))
        .collect();
    let mut key = String::with_capacity(request.query.len() + 64);
    key.push_str(&request.query);
    // No document has this character: GraphQL doesn't allow it.
    key.push('\0');
    key.push_str(name.as_deref().unwrap_or_default());
    for (name, text) in variables {
        key.push('\0');
        match request.variables.get(&name) {
            None => key.push('-'),
            Some(Value::String(_)) if text => key.push('"'),
            Some(value) => write!(key, "{value}").ok()?,
        }
    }
    (key.len() <= LONGEST).then_some(key)
}

/// A type of which every text is a value, and none is dearer than another.
fn is_text(of: &Type) -> bool {
    matches!(&of.base, BaseType::Named(name) if matches!(name.as_str(), "String" | "ID"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{Variables, value};

    fn keyed(text: &str, variables: Value) -> Option<String> {
        key(&mut Request::new(text).variables(Variables::from_value(variables)))
    }

    #[test]
    fn only_free_text_leaves_the_account_as_it_is() {
        let text = "query($id: ID!, $n: Int, $s: Status) { ticket(id: $id) { id } }";
        let first = keyed(text, value!({ "id": "a", "n": 1, "s": "NEW" })).unwrap();
        assert_eq!(first, keyed(text, value!({ "id": "b", "n": 1, "s": "NEW" })).unwrap());
        for other in [
            value!({ "id": "a", "n": 2, "s": "NEW" }),
            value!({ "id": "a", "n": 1, "s": "FOO" }),
            value!({ "id": 7, "n": 1, "s": "NEW" }),
            value!({ "id": "a", "n": 1 }),
            value!({ "id": "a", "n": null, "s": "NEW" }),
        ] {
            assert_ne!(first, keyed(text, other.clone()).unwrap(), "{other}");
        }
        assert_ne!(
            first,
            keyed(&text.replace("{ id }", "{ title }"), value!({ "id": "a", "n": 1, "s": "NEW" })).unwrap()
        );
    }

    #[test]
    fn what_is_not_plain_is_examined_every_time() {
        assert_eq!(keyed("{ a", value!({})), None);
        assert!(keyed("query A { a }", value!({})).is_some() && keyed("{ a }", value!({})).is_some());
        let two = "query A { a } query B { b }";
        assert_eq!(keyed(two, value!({})), None);
        assert_eq!(keyed(&format!("{{ a(x: \"{}\") }}", "x".repeat(LONGEST)), value!({})), None);
    }
}
