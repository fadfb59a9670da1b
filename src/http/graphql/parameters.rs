//! What a client sent, as a GraphQL request: `query`, `operationName`, `variables`, `extensions`.
//! Answers for their shape and for saying which of them is wrong; refuses everything that is not of that shape.
//! What the query means is `document.rs`'s business.

use async_graphql::{Extensions, Variables};
use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::Value as Json;

use super::Batching;
use super::problem::{BAD_REQUEST, Problem};

/// The parameters of one GraphQL request, their types checked.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    pub(super) query: Option<String>,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Option<Variables>,
    pub(super) extensions: Option<Extensions>,
}

/// One request, or several in an array.
#[derive(Debug)]
pub(super) enum Body {
    One(Box<Parameters>),
    Many(Vec<Parameters>),
}

impl Parameters {
    /// Reads one request from JSON. The common path parses the bytes once; only a request that failed is looked at
    /// again, to say what is wrong with it.
    pub(super) fn from_json(body: &[u8]) -> Result<Self, Problem> {
        if first_byte(body) == Some(b'{') {
            match serde_json::from_slice(body) {
                Ok(parameters) => Ok(parameters),
                Err(error) => Err(complaint(body, &error)),
            }
        } else {
            Err(Problem::bad_request(if body.is_empty() {
                "The request has no body; a JSON object with a `query` is expected"
            } else {
                "The request body must be a JSON object with a `query`"
            }))
        }
    }

    /// Reads the request from a query string (`GET`).
    pub(super) fn from_uri(uri: &Uri) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Raw {
            query: Option<String>,
            operation_name: Option<String>,
            variables: Option<String>,
            extensions: Option<String>,
        }
        fn object<T: for<'de> Deserialize<'de>>(name: &str, text: Option<String>) -> Result<Option<T>, Problem> {
            match text.filter(|text| !text.is_empty()) {
                None => Ok(None),
                Some(text) => serde_json::from_str(&text)
                    .map_err(|_| Problem::bad_request(format!("`{name}` must be a JSON object or null"))),
            }
        }
        let Query(raw) = Query::<Raw>::try_from_uri(uri)
            .map_err(|_| Problem::bad_request("The query string must name each parameter once, form-encoded"))?;
        Ok(Self {
            query: raw.query,
            operation_name: raw.operation_name,
            variables: object("variables", raw.variables)?,
            extensions: object("extensions", raw.extensions)?,
        })
    }
}

impl Body {
    /// Reads a request body, an array included where batching is switched on.
    pub(super) fn from_json(body: &[u8], batching: Batching) -> Result<Self, Problem> {
        if first_byte(body) != Some(b'[') {
            return Parameters::from_json(body).map(|one| Self::One(Box::new(one)));
        }
        let Batching::On(max) = batching else {
            return Err(Problem::refused(
                "BATCHING_DISABLED",
                "This server takes one operation per request, not an array",
            ));
        };
        let many: Vec<Parameters> = serde_json::from_slice(body).map_err(|error| complaint(body, &error))?;
        if many.is_empty() {
            Err(Problem::bad_request("The batch is empty"))
        } else if many.len() > max {
            Err(Problem::refused("BATCH_TOO_LARGE", format!("A batch holds at most {max} operations")))
        } else {
            Ok(Self::Many(many))
        }
    }
}

fn first_byte(body: &[u8]) -> Option<u8> {
    body.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Says what is wrong with a body that did not parse as a request.
fn complaint(body: &[u8], error: &serde_json::Error) -> Problem {
    let Ok(json) = serde_json::from_slice::<Json>(body) else {
        return Problem::refused(BAD_REQUEST, format!("The request body is not valid JSON: {error}"));
    };
    let each = json.as_array().cloned().unwrap_or_else(|| vec![json]);
    let wrong = |name: &str, is: fn(&Json) -> bool| {
        each.iter().filter_map(|it| it.get(name)).any(|it| !it.is_null() && !is(it))
    };
    Problem::bad_request(if wrong("query", Json::is_string) {
        "`query` must be a string".to_owned()
    } else if wrong("operationName", Json::is_string) {
        "`operationName` must be a string or null".to_owned()
    } else if wrong("variables", Json::is_object) {
        "`variables` must be an object or null".to_owned()
    } else if wrong("extensions", Json::is_object) {
        "`extensions` must be an object or null".to_owned()
    } else {
        format!("The request is malformed: {error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> String {
        Parameters::from_json(body.as_bytes()).unwrap_err().message().to_owned()
    }

    #[test]
    fn nulls_are_absent() {
        let read =
            Parameters::from_json(br#" {"query":"{a}","variables":null,"operationName":null,"extensions":null}"#);
        assert_eq!(read.unwrap().query.as_deref(), Some("{a}"));
    }

    #[test]
    fn the_wrong_one_is_named() {
        assert_eq!(message(r#"{"query":0}"#), "`query` must be a string");
        assert_eq!(message(r#"{"query":"{a}","variables":[1]}"#), "`variables` must be an object or null");
        assert_eq!(message(r#"{"query":"{a}","operationName":{}}"#), "`operationName` must be a string or null");
        assert_eq!(message(r#"{"query":"{a}","extensions":"x"}"#), "`extensions` must be an object or null");
        assert!(message(r#"{"quer"#).contains("not valid JSON"));
        assert!(message("").contains("no body"));
        assert!(message("17").contains("JSON object"));
    }

    #[test]
    fn batches() {
        let array = br#"[{"query":"{a}"},{"query":"{b}"}]"#;
        assert_eq!(Body::from_json(array, Batching::Off).unwrap_err().code(), "BATCHING_DISABLED");
        assert_eq!(Body::from_json(array, Batching::On(1)).unwrap_err().code(), "BATCH_TOO_LARGE");
        assert_eq!(Body::from_json(b"[]", Batching::On(2)).unwrap_err().code(), "BAD_REQUEST");
        assert!(matches!(Body::from_json(array, Batching::On(2)), Ok(Body::Many(many)) if many.len() == 2));
    }

    #[test]
    fn query_strings() {
        let uri: Uri = "/graphql?query=%7Ba%7D&variables=%7B%22x%22%3A1%7D".parse().unwrap();
        let read = Parameters::from_uri(&uri).unwrap();
        assert_eq!(read.query.as_deref(), Some("{a}"));
        assert_eq!(read.variables.unwrap().len(), 1);
        let uri: Uri = "/graphql?query=%7Ba%7D&variables=%5B%5D".parse().unwrap();
        assert_eq!(Parameters::from_uri(&uri).unwrap_err().message(), "`variables` must be a JSON object or null");
    }
}
