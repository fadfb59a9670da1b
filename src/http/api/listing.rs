//! What lists of `/api` are asked for, in the spellings of its known clients (`dialects.md` 2.2): orders, and the ids that
//! reference fields ask for. Pure; what a list can be ordered by, the list says.

use crate::http::query::one_of;
use model::error::Problems;
use model::query::Direction;
use serde_json::Value;

/// A parameter's name and what was sent for it.
pub type Sent<'a> = (&'static str, Option<&'a str>);

/// Ids that one list may be asked for.
const IDS_MAX: usize = 1_000;

/// An order as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The parameter that names the field, for whoever refuses it.
    pub name: &'static str,
    pub field: Option<String>,
    pub direction: Option<Direction>,
}

/// Reads `created_at`, `created_at:desc`, `created_at desc`, `-created_at` or `["created_at","DESC"]` from the first of the fields
/// that was sent; a direction beside it counts where it names none itself.
pub fn order(fields: &[Sent<'_>], directions: &[Sent<'_>], problems: &mut Problems) -> Order {
    let sent = |all: &[Sent<'_>]| all.iter().find_map(|(name, text)| Some((*name, text.map(str::trim)?.to_owned())));
    let beside = sent(directions);
    let Some((name, text)) = sent(fields) else {
        let direction = beside.and_then(|(name, way)| direction(name, Some(&way), problems));
        return Order { name: "sort", field: None, direction };
    };
    let pair: Option<[String; 2]> = serde_json::from_str(&text).ok();
    let (field, own) = match (&pair, text.split_once([':', ' ']), text.strip_prefix('-')) {
        (Some([field, way]), ..) => (field.as_str(), Some(way.as_str())),
        (None, Some((field, way)), _) => (field, Some(way)),
        (None, None, Some(field)) => (field, Some("desc")),
        (None, None, None) => (text.as_str(), None),
    };
    let direction = match (own, beside) {
        (Some(way), _) => direction(name, Some(way), problems),
        (None, Some((name, way))) => direction(name, Some(&way), problems),
        (None, None) => None,
    };
    Order { name, field: Some(field.trim().to_ascii_lowercase()), direction }
}

pub fn direction(name: &'static str, text: Option<&str>, problems: &mut Problems) -> Option<Direction> {
    match text?.trim().to_ascii_lowercase().as_str() {
        "asc" => Some(Direction::Ascending),
        "desc" => Some(Direction::Descending),
        _ => {
            problems.add(name, one_of(&["asc", "desc"]));
            None
        }
    }
}

/// The ids inside a `filter`, where it names some.
pub fn ids(filter: Option<&str>, problems: &mut Problems) -> Option<Vec<i64>> {
    let Ok(Value::Object(filter)) = serde_json::from_str(filter?) else {
        problems.add("filter", "must be a JSON object");
        return None;
    };
    let given = filter.get("ids").or_else(|| filter.get("id"))?;
    let given = given.as_array().cloned().unwrap_or_else(|| vec![given.clone()]);
    if given.len() > IDS_MAX {
        problems.add("filter", format!("must name at most {IDS_MAX} ids"));
        return None;
    }
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let numbers: Option<Vec<i64>> = given.iter().map(number).collect();
    if numbers.is_none() {
        problems.add("filter", "must name ids that are integers");
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_order_is_read() {
        use Direction::{Ascending, Descending};
        for (fields, directions, field, direction) in [
            (vec![], vec![], None, None),
            (vec![], vec![("order", Some("ASC"))], None, Some(Ascending)),
            (vec![("sort", Some("email"))], vec![("order", Some("asc"))], Some("email"), Some(Ascending)),
            (vec![("sort", Some("created_at:asc"))], vec![], Some("created_at"), Some(Ascending)),
            (vec![("sort", Some("[\"id\",\"ASC\"]"))], vec![("order", Some("desc"))], Some("id"), Some(Ascending)),
            (vec![("sort", None), ("sort_by", Some("Email"))], vec![("order", None)], Some("email"), None),
            (vec![("order_by", Some("-last_login_at"))], vec![], Some("last_login_at"), Some(Descending)),
            (vec![("order_by", Some("status asc"))], vec![], Some("status"), Some(Ascending)),
        ] {
            let mut problems = Problems::default();
            let read = order(&fields, &directions, &mut problems);
            assert_eq!((read.field.as_deref(), read.direction), (field, direction), "{fields:?} {directions:?}");
            assert!(problems.finish().is_ok());
        }
        let mut problems = Problems::default();
        order(&[("sort", Some("id"))], &[("order", Some("up"))], &mut problems);
        order(&[("sort_by", Some("id:sideways"))], &[], &mut problems);
        assert_eq!(
            problems.finish().unwrap_err().to_string(),
            "order must be one of asc, desc; sort_by must be one of asc, desc"
        );
    }

    #[test]
    fn ids_are_read_out_of_a_filter() {
        let read = |text: Option<&str>| ids(text, &mut Problems::default());
        assert_eq!(read(None), None);
        assert_eq!(read(Some("{\"ids\":[3,\"4\"]}")), Some(vec![3, 4]));
        assert_eq!(read(Some("{\"id\":5}")), Some(vec![5]));
        let mut problems = Problems::default();
        ids(Some("nonsense"), &mut problems);
        ids(Some("{\"ids\":[\"x\"]}"), &mut problems);
        assert!(problems.finish().is_err());
    }
}
