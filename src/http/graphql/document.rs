//! A query's text becomes a parsed document, and parameters become a request that the schema can run.
//! Answers for what must be settled before the library sees a document: how deep its brackets nest (the parser
//! recurses without a limit), how far its fragments unfold (the library walks every path through them, and a few
//! hundred bytes can hold billions). Refuses to judge the query against the schema.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::types::{
    ExecutableDocument, FragmentDefinition, OperationDefinition, OperationType, Selection, SelectionSet,
    VariableDefinition,
};
use async_graphql::parser::{self, parse_query};
use async_graphql::{Name, Pos, Positioned, Request, ServerError, Value, Variables};

use super::parameters::Parameters;
use super::persisted::Documents;
use super::problem::{
    BAD_REQUEST, INTROSPECTION_DISABLED, PARSE_FAILED, Problem, TOO_COMPLEX, TOO_DEEP, VALIDATION_FAILED,
};

/// Brackets of every kind that may stand inside one another. The parser's own limit for selection sets is 64.
const MAX_NESTING: u32 = 128;

/// A parsed document with its text.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) text: String,
    parsed: ExecutableDocument,
}

/// A request that may run, and what kind of operation it asks for.
pub(super) struct Prepared {
    pub(super) request: Request,
    pub(super) kind: OperationType,
}

/// A request whose variables are not all there yet: its files are still to come.
pub(super) struct Draft {
    pub(super) request: Request,
    document: Arc<Document>,
}

impl Document {
    /// Parses a text and checks what is known to be costly, in time linear to its length.
    pub(super) fn parse(text: String, limits: DocumentLimits) -> Result<Self, Problem> {
        if text.len() > limits.bytes {
            return Err(too_complex(format!("A document has at most {} bytes", limits.bytes), None));
        }
        if nesting(&text) > MAX_NESTING {
            return Err(Problem::document(TOO_DEEP, ServerError::new("The document is nested too deep", None)));
        }
        let parsed = parse_query(&text).map_err(|error| {
            let code = if matches!(error, parser::Error::RecursionLimitExceeded) { TOO_DEEP } else { PARSE_FAILED };
            Problem::document(code, error.into())
        })?;
        Unfolding { fragments: &parsed.fragments, known: HashMap::new(), limits }.check(&parsed)?;
        Ok(Self { text, parsed })
    }

    /// The operation that will run, if the name picks one.
    fn operation(&self, operation_name: Option<&str>) -> Option<&OperationDefinition> {
        graphql::running(&self.parsed, operation_name)
    }
}

/// Sees to it that every variable that must be there is there. The library finds out only when it reaches the field
/// that uses it, and by then a mutation may have done half of its work.
fn check_variables(operation: &OperationDefinition, given: &Variables) -> Result<(), Problem> {
    for definition in &operation.variable_definitions {
        let VariableDefinition { name, var_type, default_value, .. } = &definition.node;
        let missing = given.get(&name.node).is_none_or(|value| *value == Value::Null);
        if missing && !var_type.node.nullable && default_value.is_none() {
            let message = format!("The variable \"${}\" of type \"{}\" was not given", name.node, var_type.node);
            return Err(Problem::document(BAD_REQUEST, ServerError::new(message, Some(definition.pos))));
        }
    }
    Ok(())
}

/// How large a document may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct DocumentLimits {
    pub(super) bytes: usize,
    pub(super) selections: u64,
    /// Whether the schema may be asked for. Left to the library, it would answer null where null cannot be.
    pub(super) introspection: bool,
}

/// Turns parameters into a request, its document taken from the cache where it is known.
pub(super) fn prepare(documents: &Documents, parameters: Parameters) -> Result<Prepared, Problem> {
    Draft::new(documents, parameters)?.finish()
}

impl Draft {
    pub(super) fn new(documents: &Documents, parameters: Parameters) -> Result<Self, Problem> {
        let Parameters { query, operation_name, variables, extensions } = parameters;
        let extensions = extensions.unwrap_or_default();
        let document = documents.resolve(query, &extensions)?;
        let mut request = Request::new(document.text.as_str()).variables(variables.unwrap_or_default());
        // Some clients send an empty name for "the only one".
        request.operation_name = operation_name.filter(|name| !name.is_empty());
        request.extensions = extensions;
        request.set_parsed_query(document.parsed.clone());
        Ok(Self { request, document })
    }

    /// Picks the operation and checks that it has its variables.
    pub(super) fn finish(self) -> Result<Prepared, Problem> {
        let Self { request, document } = self;
        let operation = document.operation(request.operation_name.as_deref()).ok_or_else(|| {
            let message = match &request.operation_name {
                Some(name) => format!("The document has no operation named \"{name}\""),
                None => "The document has several operations: name one in `operationName`".to_owned(),
            };
            Problem::document(VALIDATION_FAILED, ServerError::new(message, None))
        })?;
        check_variables(operation, &request.variables)?;
        Ok(Prepared { request, kind: operation.ty })
    }
}

/// How deep brackets nest, outside strings and comments.
fn nesting(text: &str) -> u32 {
    let mut rest = text.as_bytes();
    let (mut depth, mut deepest) = (0_u32, 0_u32);
    while let Some((&byte, tail)) = rest.split_first() {
        rest = match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                deepest = deepest.max(depth);
                tail
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                tail
            }
            b'#' => after(tail, |tail| matches!(tail, [b'\n' | b'\r', ..]).then_some(1), 1),
            b'"' => match tail {
                [b'"', b'"', block @ ..] => after(block, |tail| tail.starts_with(b"\"\"\"").then_some(3), 1),
                // A line break ends it too: the parser fails there, and what follows must not hide in a string.
                _ => after(tail, |tail| matches!(tail, [b'"' | b'\n' | b'\r', ..]).then_some(1), 2),
            },
            _ => tail,
        };
    }
    deepest
}

/// What stands behind the first place where `end` says how many bytes the end takes. A backslash hides what it
/// escapes: `escaped` bytes in all, or the four of `\"""`.
fn after(mut text: &[u8], end: fn(&[u8]) -> Option<usize>, escaped: usize) -> &[u8] {
    while !text.is_empty() {
        if let Some(taken) = end(text) {
            return text.get(taken..).unwrap_or_default();
        }
        let step = match text {
            [b'\\', b'"', b'"', b'"', ..] if escaped == 1 => 4,
            [b'\\', ..] => escaped,
            _ => 1,
        };
        text = text.get(step..).unwrap_or_default();
    }
    text
}

/// Counts the selections that a document unfolds to, each fragment counted once and remembered.
struct Unfolding<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while the fragment is being counted: meeting it again is a cycle.
    known: HashMap<&'a str, Option<u64>>,
    limits: DocumentLimits,
}

impl<'a> Unfolding<'a> {
    fn check(&mut self, document: &'a ExecutableDocument) -> Result<(), Problem> {
        let mut total = 0_u64;
        for (_, operation) in document.operations.iter() {
            total = total.saturating_add(self.count(&operation.node.selection_set.node, 0)?);
        }
        let limit = self.limits.selections;
        if total > limit {
            return Err(too_complex(format!("The document unfolds to more than {limit} selections"), None));
        }
        Ok(())
    }

    fn count(&mut self, set: &'a SelectionSet, depth: u32) -> Result<u64, Problem> {
        // A chain of fragments, each a level deeper, is bounded by nothing in the text.
        if depth > MAX_NESTING {
            return Err(Problem::document(TOO_DEEP, ServerError::new("The document is nested too deep", None)));
        }
        let mut total = 0_u64;
        for item in &set.items {
            let within = match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    if !self.limits.introspection && matches!(name, "__schema" | "__type") {
                        let error = ServerError::new("The schema cannot be asked for here", Some(item.pos));
                        return Err(Problem::document(INTROSPECTION_DISABLED, error));
                    }
                    self.count(&field.node.selection_set.node, depth + 1)?
                }
                Selection::InlineFragment(fragment) => self.count(&fragment.node.selection_set.node, depth + 1)?,
                Selection::FragmentSpread(spread) => self.spread(&spread.node.fragment_name.node, item.pos, depth)?,
            };
            total = total.saturating_add(within).saturating_add(1);
        }
        Ok(total)
    }

    fn spread(&mut self, name: &'a Name, pos: Pos, depth: u32) -> Result<u64, Problem> {
        match self.known.get(name.as_str()) {
            Some(Some(count)) => return Ok(*count),
            Some(None) => {
                let message = format!("The fragment \"{name}\" contains itself");
                return Err(Problem::document(VALIDATION_FAILED, ServerError::new(message, Some(pos))));
            }
            None => {}
        }
        let fragments = self.fragments;
        // A fragment that is not there is the validator's to report.
        let Some(fragment) = fragments.get(name) else { return Ok(0) };
        self.known.insert(name.as_str(), None);
        let count = self.count(&fragment.node.selection_set.node, depth + 1)?;
        self.known.insert(name.as_str(), Some(count));
        Ok(count)
    }
}

fn too_complex(message: String, pos: Option<Pos>) -> Problem {
    Problem::document(TOO_COMPLEX, ServerError::new(message, pos))
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    const LIMITS: DocumentLimits = DocumentLimits { bytes: 100_000, selections: 1_000, introspection: true };

    fn refusal(text: &str) -> String {
        Document::parse(text.to_owned(), LIMITS).unwrap_err().code()
    }

    #[test]
    fn nesting_looks_past_strings_and_comments() {
        assert_eq!(nesting("{ a(x: [1, {y: 2}]) { b } }"), 4);
        assert_eq!(nesting(r#"{ a(x: "{{{{ \" {{{") }"#), 2);
        assert_eq!(nesting("{ a(x: \"\"\"{{{ \\\"\"\" {{{ \"\"\") # {{{{\n }"), 2);
        assert_eq!(nesting("{ a(x: \"\") { b(y: \"\") } }"), 3);
        assert_eq!(nesting("\"\n{{{{{"), 5);
    }

    #[test]
    fn deep_documents_are_refused_before_they_are_parsed() {
        assert_eq!(refusal(&"{a".repeat(40_000)), TOO_DEEP);
        assert_eq!(refusal(&format!("{{a(x:{})}}", "[".repeat(40_000))), TOO_DEEP);
        assert_eq!(refusal(&format!("{}{}", "{a".repeat(80), "}".repeat(80))), TOO_DEEP);
        assert_eq!(refusal("{"), PARSE_FAILED);
    }

    #[test]
    fn unfolding_is_counted_not_walked() {
        let mut bomb = "{ ...f0 }".to_owned();
        for n in 0..30 {
            let next = n + 1;
            bomb = format!("{bomb} fragment f{n} on Query {{ ...f{next} ...f{next} ...f{next} }}");
        }
        bomb.push_str(" fragment f30 on Query { a }");
        assert_eq!(refusal(&bomb), TOO_COMPLEX);
        assert_eq!(
            refusal("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a ...a }"),
            VALIDATION_FAILED
        );
        assert!(Document::parse("{ ...a ...a } fragment a on Query { x y }".to_owned(), LIMITS).is_ok());
    }

    #[test]
    fn the_operation_is_picked_by_name() {
        let kind = |text: &str, name| {
            let document = Document::parse(text.to_owned(), LIMITS).unwrap();
            document.operation(name).map(|operation| operation.ty)
        };
        let two = "query A { a } mutation B { b }";
        assert_eq!(kind(two, Some("B")), Some(OperationType::Mutation));
        assert_eq!(kind(two, Some("C")), None);
        assert_eq!(kind(two, None), None);
        assert_eq!(kind("query A { a }", None), Some(OperationType::Query));
        assert_eq!(kind("{ a }", Some("A")), None);
    }

    #[test]
    fn required_variables() {
        let check = |text: &str, given: Value| {
            let document = Document::parse(text.to_owned(), LIMITS).unwrap();
            check_variables(document.operation(None).unwrap(), &Variables::from_value(given)).is_ok()
        };
        assert!(check("query($n: Int!) { a(n: $n) }", value!({ "n": 1 })));
        assert!(!check("query($n: Int!) { a(n: $n) }", value!({})));
        assert!(!check("query($n: Int!) { a(n: $n) }", value!({ "n": null })));
        assert!(check("query($n: Int! = 1) { a(n: $n) }", value!({})));
        assert!(check("query($n: Int) { a(n: $n) }", value!({})));
    }
}
