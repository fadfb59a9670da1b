//! Answers with their fields in the order in which they were asked for.
//!
//! async-graphql resolves the fields of an object side by side and writes each when it is there; the specification wants the
//! order of the selection (7.2.2), and people read it that way.

use crate::known;
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Request, Value};
use std::collections::HashMap;

/// How deep fragments and fields may stand in one another, and how many there may be, for answers to be put in order: nobody
/// has looked yet whether a fragment contains itself. What is larger is refused by the transport.
const DEEPEST: usize = 64;
const MOST: usize = 5_000;

/// The response keys of a selection, fragments unfolded, each with those below it.
#[derive(Debug, Default)]
pub(crate) struct Order(IndexMap<Name, Order>);

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

impl Order {
    /// That of the operation that is going to run; none in particular if it is too large, or can't be told.
    pub(crate) fn of(request: &mut Request) -> Self {
        let name = request.operation_name.clone();
        let (mut order, mut left) = (Self::default(), MOST);
        let fits = request.parsed_query().ok().and_then(|document| {
            let operation = known::running(document, name.as_deref())?;
            order.add(&document.fragments, &operation.selection_set.node, DEEPEST, &mut left)
        });
        fits.map_or_else(Self::default, |()| order)
    }

    fn add(&mut self, all: &Fragments, selected: &SelectionSet, deep: usize, left: &mut usize) -> Option<()> {
        let deep = deep.checked_sub(1)?;
        selected.items.iter().try_for_each(|item| {
            *left = left.checked_sub(1)?;
            match &item.node {
                Selection::Field(field) => {
                    let below = self.0.entry(field.node.response_key().node.clone()).or_default();
                    below.add(all, &field.node.selection_set.node, deep, left)
                }
                Selection::InlineFragment(fragment) => self.add(all, &fragment.node.selection_set.node, deep, left),
                Selection::FragmentSpread(spread) => {
                    let fragment = all.get(&spread.node.fragment_name.node)?;
                    self.add(all, &fragment.node.selection_set.node, deep, left)
                }
            }
        })
    }

    /// Puts the value of one of the answer's own fields into order.
    pub(crate) fn put_below(&self, field: &str, value: &mut Value) {
        if let Some(below) = self.0.get(field) {
            below.put(value);
        }
    }

    /// Puts an answer's fields into this order.
    pub(crate) fn put(&self, answer: &mut Value) {
        if self.0.is_empty() {
            return;
        }
        if let Value::List(items) = answer {
            for item in items.iter_mut() {
                self.put(item);
            }
        }
        let Value::Object(fields) = answer else { return };
        if fields.len() == self.0.len() && fields.keys().eq(self.0.keys()) {
            for (value, below) in fields.values_mut().zip(self.0.values()) {
                below.put(value);
            }
            return;
        }
        fields.sort_by_cached_key(|key, _| self.0.get_index_of(key));
        for (key, value) in fields {
            if let Some(below) = self.0.get(key) {
                below.put(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::value;

    #[test]
    fn fields_stand_as_they_were_asked_for() {
        let text = "query { b: x { n } a { ...F d { e f } } } fragment F on T { c { g } ... on U { h c { i } } }";
        let order = Order::of(&mut Request::new(text));
        let put = |mut answer: Value| {
            order.put(&mut answer);
            answer.to_string()
        };
        let mixed =
            value!({ "a": [{ "d": { "f": 1, "e": 2 }, "h": 3, "c": { "i": 4, "g": 5 } }, null], "b": { "n": [6] } });
        let right =
            value!({ "b": { "n": [6] }, "a": [{ "c": { "g": 5, "i": 4 }, "h": 3, "d": { "e": 2, "f": 1 } }, null] });
        assert_eq!(put(mixed), right.to_string());
        assert_eq!(put(right.clone()), right.to_string());
        let part = value!({ "a": [{ "d": { "f": 1 }, "c": { "i": 4 } }] });
        assert_eq!(put(part), value!({ "a": [{ "c": { "i": 4 }, "d": { "f": 1 } }] }).to_string());
        // What is a scalar to GraphQL may have an order of its own.
        assert_eq!(put(value!({ "b": { "n": { "z": 1, "y": 2 } } })), "{b: {n: {z: 1, y: 2}}}");
    }

    #[test]
    fn what_has_no_end_has_no_order() {
        for text in
            ["{ ...F } fragment F on T { a ...F }", "{ ...F } fragment F on T { a { ...F } }", "{ ...Nobody }", "{ a"]
        {
            assert!(Order::of(&mut Request::new(text)).0.is_empty(), "{text}");
        }
        // A few hundred bytes that unfold to a billion fields.
        let doubled = |n: i32| format!("fragment A{n} on T {{ ...A{0} ...A{0} }}", n + 1);
        let all: Vec<String> = (0..30).map(doubled).collect();
        let wide = format!("{{ ...A0 }} {} fragment A30 on T {{ a }}", all.join(" "));
        assert!(Order::of(&mut Request::new(wide)).0.is_empty());
    }
}
