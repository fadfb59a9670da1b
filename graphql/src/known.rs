//! By what an operation is known again: whatever its account depends on.

use async_graphql::parser::types::{
    BaseType, DocumentOperations, ExecutableDocument, OperationDefinition, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Request, Value};
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::LazyLock;

/// An operation whose text and variables are longer than that is not known again.
const LONGEST: usize = 16 * 1024;

/// The fields of the schema's input objects.
static INPUTS: LazyLock<HashMap<Name, HashMap<Name, Type>>> = LazyLock::new(|| {
    let parsed = async_graphql::parser::parse_schema(crate::sdl());
    let definitions = parsed.map(|document| document.definitions).unwrap_or_default();
    let inputs = definitions.into_iter().filter_map(|definition| {
        let TypeSystemDefinition::Type(definition) = definition else { return None };
        let TypeKind::InputObject(input) = definition.node.kind else { return None };
        let fields = input.fields.into_iter().map(|field| (field.node.name.node, field.node.ty.node));
        Some((definition.node.name.node, fields.collect()))
    });
    inputs.collect()
});

/// The operation of a document that runs, if the name picks one.
pub fn running<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let operation = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => operation,
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name)?,
        (DocumentOperations::Multiple(all), None) if all.len() == 1 => all.values().next()?,
        (DocumentOperations::Single(_), Some(_)) | (DocumentOperations::Multiple(_), None) => return None,
    };
    Some(&operation.node)
}

/// The operation's text, which of its operations runs, and the values of its variables, but for what may be any text.
/// `None`: it is to be examined each time.
pub(crate) fn key(request: &mut Request) -> Option<String> {
    if request.query.len() > LONGEST {
        return None;
    }
    let name = request.operation_name.clone();
    let operation = running(request.parsed_query().ok()?, name.as_deref())?;
    let definitions = &operation.variable_definitions;
    let variables: Vec<(Name, Type)> =
        definitions.iter().map(|one| (one.node.name.node.clone(), one.node.var_type.node.clone())).collect();
    let mut key = String::with_capacity(request.query.len() + 64);
    key.push_str(&request.query);
    // No document has this character: GraphQL doesn't allow it.
    key.push('\0');
    key.push_str(name.as_deref().unwrap_or_default());
    for (name, of) in variables {
        key.push('\0');
        match request.variables.get(&name) {
            None => key.push('-'),
            Some(value) => write_value(&mut key, value, Some(&of)).ok()?,
        }
    }
    (key.len() <= LONGEST).then_some(key)
}

/// A value with its free texts left out. Those that stay are quoted, so that nobody can write what isn't theirs to write.
fn write_value(key: &mut String, value: &Value, of: Option<&Type>) -> fmt::Result {
    match (value, of.map(|of| &of.base)) {
        (Value::String(_), Some(BaseType::Named(name))) if is_text(name) => key.write_char('"'),
        (Value::List(items), Some(BaseType::List(item))) => {
            key.write_char('[')?;
            items.iter().try_for_each(|item_value| {
                write_value(key, item_value, Some(item))?;
                key.write_char(',')
            })?;
            key.write_char(']')
        }
        (Value::Object(fields), Some(BaseType::Named(name))) if INPUTS.contains_key(name) => {
            let types = INPUTS.get(name);
            key.write_char('{')?;
            fields.iter().try_for_each(|(name, value)| {
                write!(key, "{name:?}:")?;
                write_value(key, value, types.and_then(|types| types.get(name)))?;
                key.write_char(',')
            })?;
            key.write_char('}')
        }
        _ => write!(key, "{value}"),
    }
}

/// A type of which every text is a value, and none is dearer than another.
fn is_text(name: &str) -> bool {
    matches!(name, "String" | "ID")
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

    #[test]
    fn texts_inside_of_input_objects_are_free_too() {
        let text = "mutation($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }";
        let of = |input: Value| keyed(text, value!({ "input": input })).unwrap();
        let first = of(value!({ "title": "a", "priority": "HIGH", "tags": ["x", "y"] }));
        assert_eq!(first, of(value!({ "title": "b\0\"}", "priority": "HIGH", "tags": ["z", ""] })));
        for other in [
            value!({ "title": "a", "priority": "LOW", "tags": ["x", "y"] }),
            value!({ "title": "a", "priority": "HIGH", "tags": ["x"] }),
            value!({ "title": "a", "priority": "HIGH", "tags": "x" }),
            value!({ "title": "a", "priority": "HIGH" }),
            value!({ "title": 1, "priority": "HIGH", "tags": ["x", "y"] }),
            value!({ "title": "a", "priority": "HIGH", "tags": ["x", "y"], "nobody": "a" }),
            value!({ "title": null, "priority": "HIGH", "tags": ["x", "y"] }),
        ] {
            assert_ne!(first, of(other.clone()), "{other}");
        }
        let due = |at: &str| of(value!({ "title": "a", "dueAt": at }));
        assert_ne!(due("2026-01-05T00:00:00Z"), due("never"), "not every text is a time");
    }
}
