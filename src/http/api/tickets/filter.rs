//! From the query strings of `/api/tickets` to what the engine is asked: filters, orders, pages. Pure, tested by table.
//!
//! The document's spelling and those of its known clients: one JSON object for all filters, a field with its direction, a
//! pair, a range of places. A page that is out of bounds is moved into them; anything else that can't be read is refused,
//! with every bad parameter at once.

use super::super::wire::{PileQuery, TicketsQuery};
use super::super::{listing, paging};
use super::convert::{PRIORITIES, STATUSES, TYPES, kinds, statuses};
use crate::http::query::{PageNumber, boolean, one_of};
use engine::Pile;
use model::error::Problems;
use model::id::{CategoryId, TicketId, UserId};
use model::query::{Direction, Sort, SortBy, TicketFilter};
use model::text::Tag;
use model::ticket::Priority;
use model::time::{DAY, HOUR, Zone};
use model::{Actor, Result, Time};
use serde_json::{Map, Value};

/// Characters of a search, and ids in a list of them.
const SEARCH_MAX: usize = 500;
const IDS_MAX: usize = 200;

/// What a list of tickets is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    pub filter: TicketFilter,
    pub sort: Sort,
    pub page: PageNumber,
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    pub actor: &'a Actor,
    pub now: Time,
    pub zone: Zone,
}

pub fn tickets(query: &TicketsQuery, asker: Asker<'_>) -> Result<Asked> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let query = &spread(query, p);
    let mut page =
        paging::page(query.page.as_deref(), [query.limit.as_deref(), query.page_size.as_deref()], paging::MOST, p);
    let mut filter = TicketFilter {
        status: words("status", query.status.as_deref(), &STATUSES, statuses, p),
        priority: words("priority", query.priority.as_deref(), &PRIORITIES, one(Priority::parse), p),
        kind: words("type", query.kind.as_deref(), &TYPES, kinds, p),
        assignee: ids("assigned_to_id", first([&query.assigned_to_id, &query.assigned_to]), p, UserId),
        requester: ids("created_by_id", first([&query.created_by_id, &query.created_by]), p, UserId),
        category: ids("category_id", query.category_id.as_deref(), p, CategoryId),
        ids: ids("ids", query.ids.as_deref(), p, TicketId),
        tags: tags(query.tags.as_deref(), p)?,
        search: search(first([&query.search, &query.q]), p),
        unassigned: boolean("unassigned", query.unassigned.as_deref(), p),
        overdue: boolean("is_overdue", query.is_overdue.as_deref(), p),
        sla_overdue: boolean("sla_breached", query.sla_breached.as_deref(), p),
        escalated: boolean("is_escalated", query.is_escalated.as_deref(), p),
        ..TicketFilter::default()
    };
    if boolean("assigned_to_me", query.assigned_to_me.as_deref(), p) == Some(true) {
        // Nobody's tickets are not theirs who are nobody.
        filter.assignee = vec![asker.actor.user().unwrap_or(UserId(-1))];
    }
    match query.range.as_deref().map(range) {
        Some(Some(Range::Since(millis))) => filter.created_from = Some(beginning(asker, millis)),
        Some(Some(Range::Places(places))) if query.page.is_none() => page = places,
        Some(Some(Range::Places(_))) | None => {}
        Some(None) => p.add("range", "must be like 7d or [0,24]"),
    }
    let sort = sort(query, p);
    problems.finish()?;
    Ok(Asked { filter, sort, page })
}

/// One of the short lists; so many are shown where nobody says how many.
pub fn pile(query: &PileQuery, pile: Pile, usual: i64, actor: &Actor) -> Result<Asked> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let mut page =
        paging::page(query.page.as_deref(), [query.limit.as_deref(), query.page_size.as_deref()], paging::MOST, p);
    if query.limit.is_none() && query.page_size.is_none() {
        page.size = usual;
    }
    let mut filter = pile.filter(actor);
    let wanted = words("status", query.status.as_deref(), &STATUSES, statuses, p);
    if filter.status.is_empty() {
        filter.status = wanted;
    } else if !wanted.is_empty() {
        filter.status.retain(|status| wanted.contains(status));
        if filter.status.is_empty() {
            filter.ids.push(TicketId(-1));
        }
    }
    filter.priority = words("priority", query.priority.as_deref(), &PRIORITIES, one(Priority::parse), p);
    filter.category = ids("category_id", query.category_id.as_deref(), p, CategoryId);
    problems.finish()?;
    let sort = match pile {
        Pile::Overdue => Sort { by: SortBy::DueAt, direction: Direction::Ascending },
        Pile::Breached => Sort { by: SortBy::Created, direction: Direction::Ascending },
        Pile::Mine | Pile::Unassigned | Pile::Pressing => Sort::default(),
    };
    Ok(Asked { filter, sort, page })
}

/// Since when, for statistics.
pub fn since(text: Option<&str>, asker: Asker<'_>) -> Result<Option<Time>> {
    let mut problems = Problems::default();
    let since = match text.map(range) {
        Some(Some(Range::Since(millis))) => Some(beginning(asker, millis)),
        Some(Some(Range::Places(_)) | None) => {
            problems.add("range", "must be like 7d");
            None
        }
        None => None,
    };
    problems.finish()?;
    Ok(since)
}

/// Which page of a list of parts.
pub fn part(page: Option<&str>, limit: [Option<&str>; 2]) -> Result<PageNumber> {
    let mut problems = Problems::default();
    let mut number = paging::page(page, limit, paging::MOST, &mut problems);
    if limit == [None, None] {
        number.size = paging::MOST;
    }
    problems.finish()?;
    Ok(number)
}

/// Whether a list of comments is wanted newest first.
pub fn newest_first(order: Option<&str>) -> Result<bool> {
    let mut problems = Problems::default();
    let direction = listing::direction("order", order, &mut problems);
    problems.finish()?;
    Ok(direction == Some(Direction::Descending))
}

/// The query with what its `filter` says, as far as it doesn't say it itself.
fn spread(query: &TicketsQuery, problems: &mut Problems) -> TicketsQuery {
    let Some(text) = &query.filter else { return query.clone() };
    let Ok(Value::Object(given)) = serde_json::from_str(text) else {
        problems.add("filter", "must be a JSON object");
        return query.clone();
    };
    let said: Map<String, Value> =
        given.iter().filter_map(|(name, value)| Some((name.clone(), Value::String(flat(value)?)))).collect();
    let inner: TicketsQuery = serde_json::from_value(said.into()).unwrap_or_default();
    macro_rules! over {
        ($($field:ident)+) => { TicketsQuery { $($field: query.$field.clone().or(inner.$field),)+ filter: None } };
    }
    over! {
        page limit page_size status priority kind assigned_to_id assigned_to created_by_id created_by category_id ids tags
        search q assigned_to_me unassigned is_overdue sla_breached is_escalated range sort order sort_by sort_order
    }
}

/// A JSON value as a parameter has it: lists by commas, and nothing where there is nothing.
fn flat(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null | Value::Object(_) => return None,
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(all) => all.iter().filter_map(flat).collect::<Vec<_>>().join(","),
    };
    (!text.trim().is_empty()).then_some(text)
}

/// The first that is given, of two spellings.
fn first(spellings: [&Option<String>; 2]) -> Option<&str> {
    spellings.into_iter().find_map(|given| given.as_deref())
}

fn one<T>(read: impl Fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Vec<T>> {
    move |word| read(word).map(|value| vec![value])
}

fn parts(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// What some words stand for, separated by commas.
fn words<T>(
    name: &'static str,
    text: Option<&str>,
    known: &[&str],
    read: impl Fn(&str) -> Option<Vec<T>>,
    problems: &mut Problems,
) -> Vec<T> {
    let mut all = Vec::new();
    for word in parts(text) {
        let Some(values) = read(word) else {
            problems.add(name, one_of(known));
            break;
        };
        all.extend(values);
    }
    all
}

fn ids<T>(name: &'static str, text: Option<&str>, problems: &mut Problems, id: impl Fn(i64) -> T) -> Vec<T> {
    let mut all = Vec::new();
    for part in parts(text) {
        match part.parse() {
            Ok(number) if all.len() < IDS_MAX => all.push(id(number)),
            Ok(_) => {
                problems.add(name, format!("must be at most {IDS_MAX}"));
                break;
            }
            Err(_) => {
                problems.add(name, "must be an integer");
                break;
            }
        }
    }
    all
}

fn tags(text: Option<&str>, problems: &mut Problems) -> Result<Vec<String>> {
    let given: Vec<String> = parts(text).map(str::to_owned).collect();
    let tags = problems.take(Tag::list(&given))?.unwrap_or_default();
    Ok(tags.into_iter().map(Tag::into_string).collect())
}

fn search(text: Option<&str>, problems: &mut Problems) -> Option<String> {
    let text = text?.trim();
    if text.chars().count() > SEARCH_MAX {
        problems.add("search", format!("must have at most {SEARCH_MAX} characters"));
    }
    if text.contains('\0') {
        problems.add("search", "must not contain a NUL character");
    }
    Some(text.to_owned())
}

/// What a range is of.
enum Range {
    /// So many milliseconds until now.
    Since(i64),
    Places(PageNumber),
}

fn range(text: &str) -> Option<Range> {
    let text = text.trim();
    if let Ok([from, to]) = serde_json::from_str::<[i64; 2]>(text) {
        let size = to.saturating_sub(from).saturating_add(1).clamp(1, paging::MOST);
        return (from >= 0 && to >= from).then_some(Range::Places(PageNumber { page: from / size + 1, size }));
    }
    let unit = match text.chars().next_back()? {
        'h' => HOUR,
        'd' => DAY,
        'w' => 7 * DAY,
        _ => return None,
    };
    let number: i64 = text.get(..text.len() - 1)?.parse().ok().filter(|number| (1..=999).contains(number))?;
    Some(Range::Since(number * unit))
}

/// The beginning of the business day that was then: statistics count by days.
fn beginning(asker: Asker<'_>, millis: i64) -> Time {
    asker.zone.day_start(asker.zone.day_number(asker.now.plus(-millis)))
}

const FIELDS: [&str; 6] = ["created_at", "updated_at", "due_date", "priority", "sla_due_date", "id"];

fn sort(query: &TicketsQuery, problems: &mut Problems) -> Sort {
    let fields = [("sort", query.sort.as_deref()), ("sort_by", query.sort_by.as_deref())];
    let directions = [("order", query.order.as_deref()), ("sort_order", query.sort_order.as_deref())];
    let order = listing::order(&fields, &directions, problems);
    let by = order.field.map(|field| match field.as_str() {
        "created_at" | "id" => Some(SortBy::Created),
        "updated_at" => Some(SortBy::Updated),
        "due_date" => Some(SortBy::DueAt),
        "sla_due_date" => Some(SortBy::SlaDue),
        "priority" => Some(SortBy::Priority),
        _ => None,
    });
    if by == Some(None) {
        problems.add(order.name, one_of(&FIELDS));
    }
    Sort { by: by.flatten().unwrap_or_default(), direction: order.direction.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Error;
    use model::actor::{Member, Via};
    use model::id::SessionId;
    use model::people::Role;
    use model::ticket::Status;

    const NOW: Time = Time(1_767_578_400_000);

    fn agent() -> Actor {
        Actor::User(Member { id: UserId(7), role: Role::Agent, via: Via::Session(SessionId(1)), scopes: Vec::new() })
    }

    fn asked(query: &[(&str, &str)]) -> Result<Asked> {
        let map: Map<_, _> = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let query: TicketsQuery = serde_json::from_value(map.into()).unwrap();
        tickets(&query, Asker { actor: &agent(), now: NOW, zone: Zone::default() })
    }

    #[test]
    fn every_spelling_of_a_filter_means_the_same() {
        let none = TicketFilter::default;
        let open = TicketFilter { status: vec![Status::New, Status::Open, Status::Pending], ..none() };
        let mine = TicketFilter { assignee: vec![UserId(7)], ..none() };
        for (query, wanted) in [
            (vec![("status", "open, pending")], open.clone()),
            (vec![("filter", r#"{"status":["open","pending"],"q":"","tags":null}"#)], open.clone()),
            (vec![("status", "open,pending"), ("filter", r#"{"status":"closed"}"#)], open),
            (vec![("assigned_to_id", "7")], mine.clone()),
            (vec![("assigned_to", "7")], mine.clone()),
            (vec![("assigned_to_me", "true")], mine.clone()),
            (vec![("filter", r#"{"assigned_to":7}"#)], mine),
            (vec![("type", "consultation")], TicketFilter { kind: vec!["consultation".into(), "OP".into()], ..none() }),
            (vec![("q", " 登录 ")], TicketFilter { search: Some("登录".into()), ..none() }),
            (vec![("filter", r#"{"q":"登录"}"#)], TicketFilter { search: Some("登录".into()), ..none() }),
            (vec![("filter", r#"{"ids":[1,2]}"#)], TicketFilter { ids: vec![TicketId(1), TicketId(2)], ..none() }),
            (vec![("filter", r#"{"tags":["a","b"]}"#)], TicketFilter { tags: vec!["a".into(), "b".into()], ..none() }),
            (vec![("is_overdue", "true")], TicketFilter { overdue: Some(true), ..none() }),
            (vec![("sla_breached", "true")], TicketFilter { sla_overdue: Some(true), ..none() }),
            (vec![("unassigned", "true")], TicketFilter { unassigned: Some(true), ..none() }),
            (vec![("created_by", "5")], TicketFilter { requester: vec![UserId(5)], ..none() }),
            (vec![("range", "7d")], TicketFilter { created_from: Time::parse("2025-12-28T16:00:00Z"), ..none() }),
        ] {
            assert_eq!(asked(&query).unwrap().filter, wanted, "{query:?}");
        }
    }

    #[test]
    fn every_spelling_of_an_order_and_a_page_means_the_same() {
        let up = |by| Sort { by, direction: Direction::Ascending };
        let down = |by| Sort { by, direction: Direction::Descending };
        for (query, wanted) in [
            (vec![], down(SortBy::Created)),
            (vec![("sort", "priority"), ("order", "asc")], up(SortBy::Priority)),
            (vec![("sort_by", "due_date"), ("sort_order", "asc")], up(SortBy::DueAt)),
            (vec![("sort", "updated_at:desc")], down(SortBy::Updated)),
            (vec![("sort", r#"["id","ASC"]"#)], up(SortBy::Created)),
        ] {
            assert_eq!(asked(&query).unwrap().sort, wanted, "{query:?}");
        }
        for (query, wanted) in [
            (vec![], (1, 20)),
            (vec![("page", "3"), ("page_size", "50")], (3, 50)),
            (vec![("limit", "1000")], (1, 100)),
            (vec![("range", "[25,49]")], (2, 25)),
            (vec![("range", "[0,24]"), ("page", "4")], (4, 20)),
        ] {
            let page = asked(&query).unwrap().page;
            assert_eq!((page.page, page.size), wanted, "{query:?}");
        }
    }

    #[test]
    fn every_bad_parameter_is_told() {
        let all = [
            ("page", "x"),
            ("limit", "y"),
            ("status", "new"),
            ("priority", "medium"),
            ("type", "bug"),
            ("assigned_to_id", "me"),
            ("created_by_id", "1;2"),
            ("category_id", "technical"),
            ("ids", "1,x"),
            ("tags", "\0"),
            ("search", "\0"),
            ("unassigned", "maybe"),
            ("is_overdue", "1"),
            ("range", "soon"),
            ("order", "up"),
            ("sort", "colour"),
        ];
        let Err(Error::Invalid(told)) = asked(&all) else { panic!("accepted") };
        assert_eq!(told.into_iter().map(|problem| problem.field).collect::<Vec<_>>(), all.map(|(name, _)| name));
        for bad in ["[]", "{", "5"] {
            assert!(asked(&[("filter", bad)]).is_err(), "{bad}");
        }
        for bad in ["", "d", "0d", "-1d", "1000d", "7y", "[1]", "[5,2]", "日"] {
            assert!(range(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn short_lists_are_narrowed_and_never_widened() {
        let query = PileQuery { status: Some("closed".into()), ..PileQuery::default() };
        let told = pile(&query, Pile::Mine, 10, &agent()).unwrap();
        assert_eq!((told.filter.status, told.page.size), (vec![Status::Closed], 10));
        let told = pile(&query, Pile::Unassigned, 20, &agent()).unwrap();
        assert_eq!(told.filter.ids, [TicketId(-1)], "what is finished is nobody's work");
        let told =
            pile(&PileQuery { limit: Some("3".into()), ..PileQuery::default() }, Pile::Overdue, 20, &agent()).unwrap();
        assert_eq!((told.page.size, told.filter.assignee), (3, vec![UserId(7)]));
    }
}
