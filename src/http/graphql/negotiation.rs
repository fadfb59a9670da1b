//! Which media type an answer is given in, by the request's `Accept`.
//! Answers for the rules of RFC 9110 (quality, specificity) over the three types that are served here; refuses none
//! itself, it only says that nothing fits.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// The media types of a single answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: 200 for every well-formed request, the errors are in the body.
    Json,
    /// `application/graphql-response+json`: the status tells whether the operation ran.
    GraphQl,
}

impl Media {
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphQl => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// What the client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The best type for a single answer, if there is one.
    pub(super) single: Option<Media>,
    /// Whether `text/event-stream` is named. A wildcard does not count: no client that says `*/*` expects a stream.
    pub(super) events: bool,
}

impl Accepted {
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
        if values.peek().is_none() {
            return Self { single: Some(Media::Json), events: false };
        }
        Self::from_ranges(values.flat_map(|value| value.split(',')))
    }

    fn from_ranges<'a>(ranges: impl Iterator<Item = &'a str>) -> Self {
        let mut json = Weight::default();
        let mut graphql = Weight::default();
        let mut events = false;
        for range in ranges {
            let mut parts = range.split(';');
            let name = parts.next().unwrap_or_default().trim();
            let quality = parts
                .filter_map(|part| part.trim().strip_prefix("q=").or_else(|| part.trim().strip_prefix("Q=")))
                .find_map(|quality| quality.trim().parse::<f32>().ok())
                .unwrap_or(1.0);
            if name == "*/*" {
                json.offer(1, quality);
                graphql.offer(1, quality);
            } else if name.eq_ignore_ascii_case("application/*") {
                json.offer(2, quality);
                graphql.offer(2, quality);
            } else if name.eq_ignore_ascii_case("application/json") {
                json.offer(3, quality);
            } else if name.eq_ignore_ascii_case("application/graphql-response+json") {
                graphql.offer(3, quality);
            } else if name.eq_ignore_ascii_case("text/event-stream") {
                events |= quality > 0.0;
            }
        }
        Self { single: choose(json, graphql), events }
    }
}

/// How much a type is wanted: the most specific range that covers it decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd)]
struct Weight {
    quality: f32,
    specificity: u8,
}

impl Weight {
    fn offer(&mut self, specificity: u8, quality: f32) {
        if specificity > self.specificity {
            *self = Self { quality, specificity };
        }
    }

    fn wanted(self) -> bool {
        self.quality > 0.0
    }
}

/// Among equals the newer type wins if it was named, and plain JSON if only a wildcard let both in.
fn choose(json: Weight, graphql: Weight) -> Option<Media> {
    match (json.wanted(), graphql.wanted()) {
        (false, false) => None,
        (true, false) => Some(Media::Json),
        (false, true) => Some(Media::GraphQl),
        (true, true) if graphql > json || (graphql == json && graphql.specificity == 3) => Some(Media::GraphQl),
        (true, true) => Some(Media::Json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let json = Some(Media::Json);
        let graphql = Some(Media::GraphQl);
        let cases = [
            ("*/*", json, false),
            ("application/*", json, false),
            ("application/json", json, false),
            ("application/json; charset=utf-8", json, false),
            ("application/graphql-response+json", graphql, false),
            ("application/graphql-response+json, application/json", graphql, false),
            ("application/json, application/graphql-response+json", graphql, false),
            ("application/graphql-response+json;q=0.5, application/json", json, false),
            ("application/graphql-response+json, application/json;q=0.9", graphql, false),
            ("application/json;q=0, */*", graphql, false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", json, false),
            ("text/event-stream", None, true),
            ("text/event-stream, application/json", json, true),
            ("text/html", None, false),
            ("application/json;q=0", None, false),
        ];
        for (accept, single, events) in cases {
            let got = Accepted::from_ranges(accept.split(','));
            assert_eq!(got, Accepted { single, events }, "{accept}");
        }
    }

    #[test]
    fn nothing_said_is_json() {
        assert_eq!(Accepted::from_headers(&HeaderMap::new()).single, Some(Media::Json));
    }
}
