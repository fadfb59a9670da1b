//! Conditional and partial requests (RFC 9110, 13 and 14), as far as one file needs them: an entity tag, one range.

use axum::http::HeaderMap;
use axum::http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};

/// Which part of a file is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Whole,
    /// From the first byte, so many; never empty.
    Part {
        first: u64,
        length: u64,
    },
    /// The range lies outside the file.
    Nothing,
}

/// Whether the client has the file already.
pub fn unchanged(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// The part that is asked for. Several ranges, other units and what cannot be read are answered with the whole.
pub fn wanted(headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    let Some(range) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else { return Wanted::Whole };
    if headers.get(IF_RANGE).is_some_and(|known| known.as_bytes() != etag.as_bytes()) {
        return Wanted::Whole;
    }
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|spec| spec.trim().split_once('-')) else {
        return Wanted::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (first, last) = match (from.trim(), to.trim()) {
        ("", count) => match number(count) {
            Some(count) => (size.saturating_sub(count), if count == 0 { None } else { size.checked_sub(1) }),
            None => return Wanted::Whole,
        },
        (from, "") => match number(from) {
            Some(first) => (first, size.checked_sub(1)),
            None => return Wanted::Whole,
        },
        (from, to) => match (number(from), number(to)) {
            (Some(first), Some(last)) if first <= last => (first, size.checked_sub(1).map(|end| last.min(end))),
            (Some(_) | None, Some(_) | None) => return Wanted::Whole,
        },
    };
    match last {
        Some(last) if first <= last => Wanted::Part { first, length: last - first + 1 },
        Some(_) | None => Wanted::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderName;

    fn headers(all: &[(HeaderName, &str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn ranges() {
        let part = |first, length| Wanted::Part { first, length };
        for (range, size, want) in [
            ("bytes=0-4", 10, part(0, 5)),
            ("bytes=5-", 10, part(5, 5)),
            ("bytes=-3", 10, part(7, 3)),
            ("bytes=-30", 10, part(0, 10)),
            ("bytes=0-99", 10, part(0, 10)),
            ("bytes=10-", 10, Wanted::Nothing),
            ("bytes=-0", 10, Wanted::Nothing),
            ("bytes=0-0", 0, Wanted::Nothing),
            ("bytes=4-2", 10, Wanted::Whole),
            ("bytes=0-1,3-4", 10, Wanted::Whole),
            ("lines=0-1", 10, Wanted::Whole),
            ("bytes=x-", 10, Wanted::Whole),
        ] {
            assert_eq!(wanted(&headers(&[(RANGE, range)]), "\"a\"", size), want, "{range}");
        }
        let stale = headers(&[(RANGE, "bytes=0-1"), (IF_RANGE, "\"b\"")]);
        assert_eq!(wanted(&stale, "\"a\"", 10), Wanted::Whole);
    }

    #[test]
    fn tags() {
        assert!(unchanged(&headers(&[(IF_NONE_MATCH, "\"b\", W/\"a\"")]), "\"a\""));
        assert!(unchanged(&headers(&[(IF_NONE_MATCH, "*")]), "\"a\""));
        assert!(!unchanged(&headers(&[(IF_NONE_MATCH, "\"b\"")]), "\"a\""));
        assert!(!unchanged(&HeaderMap::new(), "\"a\""));
    }
}
