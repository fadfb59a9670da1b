//! Routes that go away: announced on every answer of theirs and in the documents, months before they do.
//!
//! Seed 003, section 10, has `X-API-Deprecated-At`; RFC 9745 has `Deprecation`, RFC 8594 `Sunset`, and their links say where
//! to read on. A notice that breaks the policy does not compile when it stands in a `const`, as it should.

use super::documents::operations;
use axum::http::header::LINK;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::map_response;
use axum::response::Response;
use chrono::DateTime;
use utoipa::openapi::{Deprecated, PathItem};
use utoipa_axum::router::UtoipaMethodRouter;

pub const DEPRECATED_AT: HeaderName = HeaderName::from_static("x-api-deprecated-at");
pub const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
pub const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// A route is served for so many days at least after its deprecation: six months.
const SERVED_DAYS: i64 = 180;

/// A day in UTC, as days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(i64);

impl Day {
    /// Panics on a date that no calendar has; in a `const` that stops the build.
    pub const fn new(year: i64, month: i64, day: i64) -> Self {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 => 28 + leap as i64,
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => 0,
        };
        assert!(1 <= day && day <= length && year >= 1970, "there is no such day");
        // Years that begin in March end with their odd day.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let century = year / 100;
        let days = year * 365 + year / 4 - century + century / 4 + (month * 153 + 2) / 5 + day - 1;
        Self(days - 719_468)
    }

    fn seconds(self) -> i64 {
        self.0 * 86_400
    }

    fn shown(self, format: &str) -> String {
        DateTime::from_timestamp(self.seconds(), 0).unwrap_or_default().format(format).to_string()
    }
}

/// A notice that a route goes away.
#[derive(Debug, Clone, Copy)]
pub struct Notice {
    since: Day,
    sunset: Day,
    /// Where the notice is explained.
    about: &'static str,
    /// What to use instead.
    successor: Option<&'static str>,
}

impl Notice {
    /// Panics where the route would go sooner than the policy says; in a `const` that stops the build.
    pub const fn new(since: Day, sunset: Day, about: &'static str, successor: Option<&'static str>) -> Self {
        assert!(sunset.0 - since.0 >= SERVED_DAYS, "a deprecated route is served for six months");
        Self { since, sunset, about, successor }
    }

    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut link = format!("<{}>; rel=\"deprecation\"; type=\"text/html\"", self.about);
        if let Some(successor) = self.successor {
            link.push_str(", <");
            link.push_str(successor);
            link.push_str(">; rel=\"successor-version\"");
        }
        let all = [
            (DEPRECATED_AT, self.since.shown("%Y-%m-%dT00:00:00Z")),
            (DEPRECATION, format!("@{}", self.since.seconds())),
            (SUNSET, self.sunset.shown("%a, %d %b %Y 00:00:00 GMT")),
            (LINK, link),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?))).collect()
    }

    fn sentence(&self) -> String {
        let instead = self.successor.map(|successor| format!(" Use `{successor}` instead.")).unwrap_or_default();
        let day = "%Y-%m-%d";
        format!("Deprecated since {}; served until {}.{instead}", self.since.shown(day), self.sunset.shown(day))
    }
}

/// Marks routes, and their documents, as going away: `.routes(deprecated(routes!(old), NOTICE))`.
pub fn deprecated<S: Clone + Send + Sync + 'static>(
    (schemas, mut paths, router): UtoipaMethodRouter<S>,
    notice: Notice,
) -> UtoipaMethodRouter<S> {
    for item in paths.paths.values_mut() {
        mark(item, &notice);
    }
    let headers = notice.headers();
    let announce = map_response(move |response: Response| {
        let headers = headers.clone();
        async move { announced(response, headers) }
    });
    (schemas, paths, router.layer(announce))
}

fn announced(mut response: Response, headers: Vec<(HeaderName, HeaderValue)>) -> Response {
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    response
}

/// Marks every operation of a path.
fn mark(item: &mut PathItem, notice: &Notice) {
    for operation in operations(item) {
        operation.deprecated = Some(Deprecated::True);
        let said = operation.description.take().map(|said| format!("{said}\n\n")).unwrap_or_default();
        operation.description = Some(format!("{said}{}", notice.sentence()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt as _;
    use utoipa_axum::router::OpenApiRouter;
    use utoipa_axum::routes;

    const NOTICE: Notice = Notice::new(
        Day::new(2026, 12, 1),
        Day::new(2027, 6, 1),
        "https://desk.example.org/changes",
        Some("/v2/things"),
    );

    /// Things, the old way.
    #[utoipa::path(get, path = "/things", responses((status = 200, description = "Things")))]
    async fn old() -> &'static str {
        "things"
    }

    #[utoipa::path(get, path = "/news", responses((status = 200, description = "News")))]
    async fn new() -> &'static str {
        "news"
    }

    #[tokio::test]
    async fn answers_and_documents_say_that_a_route_goes_away() {
        let routes = OpenApiRouter::<()>::new().routes(deprecated(routes!(old), NOTICE)).routes(routes!(new));
        let (router, document) = routes.split_for_parts();
        let asked = |path: &str| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request)
        };
        let answer = asked("/things").await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        for (name, value) in [
            ("x-api-deprecated-at", "2026-12-01T00:00:00Z"),
            ("deprecation", "@1796083200"),
            ("sunset", "Tue, 01 Jun 2027 00:00:00 GMT"),
            (
                "link",
                "<https://desk.example.org/changes>; rel=\"deprecation\"; type=\"text/html\", \
                 </v2/things>; rel=\"successor-version\"",
            ),
        ] {
            assert_eq!(answer.headers()[name], value, "{name}");
        }
        assert!(!asked("/news").await.unwrap().headers().contains_key("deprecation"));
        let document = serde_json::to_value(document).unwrap();
        let old = &document["paths"]["/things"]["get"];
        assert_eq!(old["deprecated"], true);
        assert!(old["description"].as_str().unwrap().ends_with("Use `/v2/things` instead."), "{old}");
        assert!(document["paths"]["/news"]["get"].get("deprecated").is_none());
    }

    #[test]
    fn days_are_counted_as_the_calendar_has_them() {
        for (day, number) in [
            (Day::new(1970, 1, 1), 0),
            (Day::new(2000, 2, 29), 11_016),
            (Day::new(2026, 11, 21), 20_778),
            (Day::new(2100, 3, 1), 47_541),
        ] {
            assert_eq!(day, Day(number));
        }
    }

    #[test]
    #[should_panic(expected = "six months")]
    fn a_route_is_not_taken_away_in_a_hurry() {
        Notice::new(Day::new(2026, 12, 1), Day::new(2027, 1, 1), "", None);
    }
}
