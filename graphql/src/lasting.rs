//! Answers that stay true until the next commit, and are given again as the text that they were.
//!
//! Such is a list of tickets of which nothing is selected but what the log alone decides: no clock, no settings, nothing
//! that is counted beside the log. The answer is kept by who asks, what and with which variables, and at which place of the
//! log; the engine says which place that is, whichever process writes (`engine::Answers`).

use crate::context::Viewer;
use crate::event::Event;
use crate::known;
use crate::person::User;
use crate::quick::Quick as _;
use crate::ticket::Ticket;
use async_graphql::parser::types::{Field, OperationType, Selection, SelectionSet};
use async_graphql::{Positioned, Request, Response};
use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// For the data of a request whose sender writes data that is `Value::Binary` as it is: it is JSON text.
pub struct AsText;

/// Noted by a resolver that asked the clock after all.
#[derive(Clone, Default)]
pub(crate) struct Passing(Arc<AtomicBool>);

impl Passing {
    pub(crate) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The data as text, if it may be kept.
    pub(crate) fn text(&self, response: &Response) -> Option<Vec<u8>> {
        let keeps = response.errors.is_empty() && response.extensions.is_empty() && !self.0.load(Ordering::Relaxed);
        if keeps { serde_json::to_vec(&response.data).ok() } else { None }
    }
}

/// What an answer is kept by, where the sender takes it as text.
pub(crate) fn asked(request: &Request) -> Option<String> {
    request.data.get(&TypeId::of::<AsText>())?;
    let viewer: &Viewer = request.data.get(&TypeId::of::<Viewer>())?.downcast_ref()?;
    let name = request.operation_name.as_deref().unwrap_or_default();
    // Quoted or without it by themselves: no part can reach into the next.
    Some(format!("{:?}\0{name:?}\0{:?}\0{}", viewer.actor, *request.variables, request.query))
}

/// What may be selected of a type: fields that the log alone decides, and with what may be selected of those that are objects.
struct Selectable {
    fields: &'static [&'static str],
    objects: &'static [(&'static str, &'static Selectable)],
}

const QUERY: Selectable = Selectable { fields: &["asOf"], objects: &[("tickets", &CONNECTION)] };
const CONNECTION: Selectable = Selectable {
    fields: &["totalCount", "asOf"],
    objects: &[("edges", &EDGE), ("nodes", &TICKET), ("pageInfo", &PAGE)],
};
const EDGE: Selectable = Selectable { fields: &["cursor"], objects: &[("node", &TICKET)] };
const PAGE: Selectable =
    Selectable { fields: &["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"], objects: &[] };
const TICKET: Selectable =
    Selectable { fields: Ticket::LASTING, objects: &[("requester", &USER), ("assignee", &USER)] };
const USER: Selectable = Selectable { fields: User::LASTING, objects: &[] };

const STREAM: Selectable = Selectable { fields: &[], objects: &[("events", &EVENT), ("ticket", &EVENT)] };
const EVENT: Selectable = Selectable { fields: Event::LASTING, objects: &[("changes", &CHANGE)] };
const CHANGE: Selectable = Selectable { fields: &["field", "old", "new"], objects: &[] };

/// Whether a query selects only what the log decides.
pub(crate) fn lasts(request: &mut Request) -> bool {
    selects_only(&QUERY, OperationType::Query, request)
}

/// Whether a subscription has one field, and selects only what the log decides of its events.
pub(crate) fn is_alike(request: &mut Request) -> bool {
    selects_only(&STREAM, OperationType::Subscription, request)
}

fn selects_only(what: &Selectable, kind: OperationType, request: &mut Request) -> bool {
    let name = request.operation_name.clone();
    let operation = request.parsed_query().ok().and_then(|document| known::running(document, name.as_deref()));
    let Some(operation) = operation else { return false };
    operation.ty == kind && operation.directives.is_empty() && what.has_all(&operation.selection_set.node)
}

impl Selectable {
    fn has_all(&self, selected: &SelectionSet) -> bool {
        selected.items.iter().all(|item| match &item.node {
            Selection::Field(field) => self.has(field),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
        })
    }

    fn has(&self, field: &Positioned<Field>) -> bool {
        let field = &field.node;
        let name = field.name.node.as_str();
        let known = match self.objects.iter().find(|(object, _)| *object == name) {
            Some((_, object)) => object.has_all(&field.selection_set.node),
            None => name == "__typename" || self.fields.contains(&name),
        };
        known && field.directives.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt as _, StreamExt as _};

    fn lasting(text: &str) -> bool {
        lasts(&mut Request::new(text))
    }

    #[test]
    fn every_field_of_the_table_can_be_selected() {
        fn text(of: &Selectable) -> String {
            let objects = of.objects.iter().map(|(name, object)| format!("{name} {{ {} }}", text(object)));
            of.fields.iter().map(|&name| name.to_owned()).chain(objects).collect::<Vec<_>>().join(" ")
        }
        let schema = crate::builder().finish();
        // They come as far as the resolvers, which miss the engine: nothing is unknown to the schema.
        let resolved = |told: Response| {
            assert!(told.errors.iter().all(|error| !error.path.is_empty()), "{:?}", told.errors);
            assert!(!told.errors.is_empty());
        };
        let all = format!("{{ {} }}", text(&QUERY));
        assert!(lasting(&all), "{all}");
        resolved(schema.execute(all.as_str()).now_or_never().unwrap());
        for root in ["events", "ticket(id: 1)"] {
            let all = format!("subscription {{ {root} {{ {} }} }}", text(&EVENT));
            assert!(is_alike(&mut Request::new(&all)), "{all}");
            resolved(schema.execute_stream(all).next().now_or_never().flatten().unwrap());
        }
    }

    #[test]
    fn only_what_the_log_decides_is_alike() {
        for text in [
            "subscription { events { cursor summary } }",
            "subscription { events { ticket { id } } }",
            "subscription { events { by { name } } }",
            "subscription { inbox { cursor } }",
            "subscription { events { ...F } } fragment F on Event { cursor }",
            "query { tickets { asOf } }",
        ] {
            assert!(!is_alike(&mut Request::new(text)), "{text}");
        }
    }

    #[test]
    fn only_what_the_log_decides_lasts() {
        for text in [
            "{ asOf tickets { nodes { id title requester { name } } totalCount asOf } }",
            "query Mine($s: String) { mine: tickets(search: $s, first: 3) { edges { cursor node { __typename type } } pageInfo { endCursor } } }",
        ] {
            assert!(lasting(text), "{text}");
        }
        for text in [
            "{ tickets { nodes { isOverdue } } }",
            "{ tickets { nodes { viewCount } } }",
            "{ tickets { nodes { requester { lastLoginAt } } } }",
            "{ tickets { nodes { ...All } } } fragment All on Ticket { id }",
            "{ tickets { nodes { ... { id } } } }",
            "query($x: Boolean!) { tickets { nodes { id @include(if: $x) } } }",
            "{ me { id } }",
            "{ tickets { nodes { id } } me { id } }",
            "mutation { tickets: openTicket(input: {}) { ticket { id } } }",
            "query A { tickets { totalCount } } query B { tickets { totalCount } }",
            "{ tickets ",
        ] {
            assert!(!lasting(text), "{text}");
        }
    }
}
