//! Answers that stay true until the next commit, and are given again as the text that they were.
//!
//! Such is a list of tickets of which nothing is selected but what the log alone decides: no clock, no settings, nothing
//! that is counted beside the log. The answer is kept by who asks, what and with which variables, and at which place of the
//! log; the engine says which place that is, whichever process writes (`engine::Answers`).

use crate::context::Viewer;
use crate::known;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{Positioned, Request, Response, Value};
use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a field of an answer may have, in bytes, on the average; an answer of longer texts is not kept.
pub(crate) const FIELD: usize = 100;

/// For the data of a request whose sender writes data that is `Value::Binary` as it is: it is JSON text.
pub struct AsText;

/// Noted by a resolver that asked the clock after all.
#[derive(Clone, Default)]
pub(crate) struct Passing(Arc<AtomicBool>);

impl Passing {
    pub(crate) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The data as text of at most so many bytes, if it may be kept.
    pub(crate) fn kept(&self, response: &Response, most: usize) -> Option<Value> {
        let keeps = response.errors.is_empty() && response.extensions.is_empty() && !self.0.load(Ordering::Relaxed);
        let text = serde_json::to_vec(&response.data).ok().filter(|text| keeps && text.len() <= most)?;
        Some(Value::Binary(text.into()))
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

/// The fields of one type that the log alone decides; with what may be selected of those that are objects.
struct Known {
    plain: &'static [&'static str],
    objects: &'static [(&'static str, &'static Known)],
}

const QUERY: Known = Known { plain: &["asOf"], objects: &[("tickets", &CONNECTION)] };
const CONNECTION: Known =
    Known { plain: &["totalCount", "asOf"], objects: &[("edges", &EDGE), ("nodes", &TICKET), ("pageInfo", &PAGE)] };
const EDGE: Known = Known { plain: &["cursor"], objects: &[("node", &TICKET)] };
const PAGE: Known = Known { plain: &["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"], objects: &[] };
const TICKET: Known = Known {
    plain: &[
        "id",
        "databaseId",
        "number",
        "title",
        "status",
        "priority",
        "createdAt",
        "updatedAt",
        "resolution",
        "reopened",
        "type",
        "source",
        "channel",
        "department",
        "tags",
        "dueAt",
        "responseDueAt",
        "resolutionDueAt",
        "resolvedAt",
        "closedAt",
        "escalated",
        "commentCount",
        "version",
    ],
    objects: &[("requester", &USER), ("assignee", &USER)],
};
const USER: Known = Known {
    plain: &["id", "databaseId", "name", "username", "email", "firstName", "lastName", "displayName", "role", "status"],
    objects: &[],
};

/// Whether an operation selects only what the log decides.
pub(crate) fn lasts(request: &mut Request) -> bool {
    let Some(operation) = known::running(request) else { return false };
    operation.directives.is_empty() && QUERY.has_all(&operation.selection_set.node)
}

impl Known {
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
            None => name == "__typename" || self.plain.contains(&name),
        };
        known && field.directives.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lasting(text: &str) -> bool {
        lasts(&mut Request::new(text))
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
