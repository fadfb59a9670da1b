//! Objects whose fields are resolved one after the other.
//!
//! async-graphql resolves the fields of every object side by side, each as a task of its own, which costs more than most
//! fields themselves. Fields that never wait gain nothing from that. A selection of only such fields is resolved in
//! order; any other goes the usual way, so that look-ups of neighbours are still gathered. Naming a field here that does
//! wait is no error, but a list would look up its rows one by one: `tests/it/statements.rs` counts.

use async_graphql::parser::types::{Field, Selection};
use async_graphql::resolver_utils::{ContainerType, resolve_container_serial};
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

/// A type some of whose fields never wait.
pub trait Quick: ContainerType + OutputType {
    /// Their names: those that are in memory, or were loaded together with the object. Here those that the log alone decides
    /// (`lasting.rs` goes by it where it names the type) …
    const LASTING: &'static [&'static str];
    /// … and here the others: objects, and what hangs on the clock or on what is no event.
    const PASSING: &'static [&'static str];
}

/// To GraphQL the object itself.
pub struct InOrder<T>(pub T);

/// An object without neighbours: there is nobody to gather look-ups with.
pub struct Alone<T>(pub T);

impl<T: Quick> InOrder<T> {
    fn never_waits(selections: &[Positioned<Selection>]) -> bool {
        selections.iter().all(|selection| match &selection.node {
            Selection::Field(field) => {
                let name = field.node.name.node.as_str();
                T::LASTING.contains(&name) || T::PASSING.contains(&name)
            }
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
        })
    }
}

/// What a wrapper is to GraphQL: what it wraps.
macro_rules! named_as {
    ($inner:ident) => {
        fn type_name() -> std::borrow::Cow<'static, str> {
            $inner::type_name()
        }

        fn qualified_type_name() -> String {
            $inner::qualified_type_name()
        }

        fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
            $inner::create_type_info(registry)
        }
    };
}
pub(crate) use named_as;

impl<T: Quick> OutputType for InOrder<T> {
    named_as!(T);

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if Self::never_waits(&ctx.item.node.items) {
            return resolve_container_serial(ctx, &self.0).await;
        }
        Box::pin(self.0.resolve(ctx, field)).await
    }
}

impl<T: ContainerType + OutputType> OutputType for Alone<T> {
    named_as!(T);

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        resolve_container_serial(ctx, &self.0).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{admin, automation, comment, event, person, ticket};
    use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

    fn fields_of(name: &str) -> Vec<String> {
        let document = async_graphql::parser::parse_schema(crate::sdl()).unwrap();
        let mut objects = document.definitions.into_iter().filter_map(|definition| {
            let TypeSystemDefinition::Type(of) = definition else { return None };
            (of.node.name.node == name).then_some(of.node.kind)
        });
        let Some(TypeKind::Object(object)) = objects.next() else { panic!("{name} is no object") };
        object.fields.into_iter().map(|field| field.node.name.node.to_string()).collect()
    }

    fn named<T: Quick>() {
        let name = <T as OutputType>::type_name();
        let fields = fields_of(&name);
        for listed in T::LASTING.iter().chain(T::PASSING) {
            assert!(fields.iter().any(|field| field == listed), "{name} has no {listed}");
        }
    }

    #[test]
    fn what_is_listed_is_there() {
        named::<ticket::Ticket>();
        named::<person::User>();
        named::<comment::Comment>();
        named::<event::Event>();
        named::<admin::AuditLogEntry>();
        named::<automation::QuickReply>();
        named::<automation::RuleRun>();
    }
}
