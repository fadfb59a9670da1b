//! From the query strings of `/v1` to what the engine is asked: filters, orders, pages, days. Pure, tested by table.
//!
//! A page that is out of bounds is moved into them, as the document's own server does; anything else that can't be read is
//! refused, with every bad parameter at once.

use super::convert::{self, CATEGORIES, PRIORITIES, STATUSES};
use super::wire;
use crate::http::query::{PageNumber, boolean, integer, word};
use engine::{CommentQuery, ReportBy, ReportQuery, StatisticsQuery};
use model::Result;
use model::category::Category;
use model::error::Problems;
use model::id::UserId;
use model::query::{Direction, Sort, SortBy, TicketFilter};
use model::text::Tag;
use model::time::{Zone, day};

/// Items on a page where nobody says how many, and the most there are.
const TICKETS: i64 = 20;
const COMMENTS: i64 = 50;
const PAGE_MAX: i64 = 100;
/// Characters of a search.
const SEARCH_MAX: usize = 500;

pub(super) fn shown(page: PageNumber, total: i64) -> wire::Pagination {
    wire::Pagination { total, page: page.page, page_size: page.size, total_pages: page.pages(total) }
}

pub(super) fn page(number: Option<&str>, size: Option<&str>, natural: i64, problems: &mut Problems) -> PageNumber {
    let page = integer("page", number, problems).unwrap_or(1).max(1);
    let size = integer("page_size", size, problems).filter(|size| *size >= 1).unwrap_or(natural).min(PAGE_MAX);
    PageNumber { page, size }
}

/// What a list of tickets is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    pub filter: TicketFilter,
    pub sort: Sort,
    pub page: PageNumber,
}

pub fn tickets(query: &wire::TicketsQuery, categories: &[Category]) -> Result<Asked> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let mut filter = TicketFilter::default();
    let page = page(query.page.as_deref(), query.page_size.as_deref(), TICKETS, p);
    if let Some((status, reopened)) = word("status", query.status.as_deref(), &STATUSES, convert::statuses, p) {
        filter.status = status.to_vec();
        filter.reopened = reopened;
    }
    if let Some(alike) = word("priority", query.priority.as_deref(), &PRIORITIES, convert::priorities, p) {
        filter.priority = alike.to_vec();
    }
    let known = |given: &str| CATEGORIES.into_iter().find(|word| *word == given);
    if let Some(wanted) = word("category", query.category.as_deref(), &CATEGORIES, known, p) {
        let shown = categories.iter().filter(|c| convert::category(categories, Some(c.id)) == wanted);
        filter.category = shown.map(|c| c.id).collect();
        // What has none is shown as this word, too. Without a category of that word, nothing but the impossible is left.
        filter.uncategorized = convert::category(categories, None) == wanted;
        if filter.category.is_empty() && !filter.uncategorized {
            filter.category.push(NO_CATEGORY);
        }
    }
    filter.assignee = integer("assignee_id", query.assignee_id.as_deref(), p).map(UserId).into_iter().collect();
    filter.creator = integer("creator_id", query.creator_id.as_deref(), p).map(UserId);
    filter.sla_overdue = boolean("overdue", query.overdue.as_deref(), p);
    filter.tags = tags(query.tags.as_deref(), p)?;
    filter.search = query.search.as_deref().map(|text| text.trim().to_owned());
    if let Some(text) = &filter.search {
        if text.chars().count() > SEARCH_MAX {
            p.add("search", format!("must have at most {SEARCH_MAX} characters"));
        }
        if text.contains('\0') {
            p.add("search", "must not contain a NUL character");
        }
    }
    let by = |given: &str| match given {
        "created_at" => Some(SortBy::Created),
        "priority" => Some(SortBy::Priority),
        "sla_due_time" => Some(SortBy::SlaDue),
        _ => None,
    };
    let by = word("sort_by", query.sort_by.as_deref(), &["created_at", "priority", "sla_due_time"], by, p);
    let way = |given: &str| match given {
        "asc" => Some(Direction::Ascending),
        "desc" => Some(Direction::Descending),
        _ => None,
    };
    let direction = word("sort_order", query.sort_order.as_deref(), &["asc", "desc"], way, p);
    problems.finish()?;
    Ok(Asked { filter, sort: Sort { by: by.unwrap_or_default(), direction: direction.unwrap_or_default() }, page })
}

/// An id that no category has; 0 would be "none".
const NO_CATEGORY: model::id::CategoryId = model::id::CategoryId(-1);

/// All of these, separated by commas.
fn tags(text: Option<&str>, problems: &mut Problems) -> Result<Vec<String>> {
    let given = text.unwrap_or_default().split(',').map(str::trim).filter(|tag| !tag.is_empty());
    let given: Vec<String> = given.map(str::to_owned).collect();
    let tags = problems.take(Tag::list(&given))?.unwrap_or_default();
    Ok(tags.into_iter().map(Tag::into_string).collect())
}

pub fn comments(query: &wire::CommentsQuery) -> Result<(CommentQuery, PageNumber)> {
    let mut problems = Problems::default();
    let page = page(query.page.as_deref(), query.page_size.as_deref(), COMMENTS, &mut problems);
    let internal = boolean("include_internal", query.include_internal.as_deref(), &mut problems).unwrap_or_default();
    problems.finish()?;
    Ok((CommentQuery { internal, newest_first: true, part: page.part() }, page))
}

pub fn stats(query: &wire::StatsQuery, zone: Zone) -> Result<StatisticsQuery> {
    let mut problems = Problems::default();
    let days = days(query.start_date.as_deref(), query.end_date.as_deref(), &mut problems);
    let assignee = integer("assignee_id", query.assignee_id.as_deref(), &mut problems).map(UserId);
    problems.finish()?;
    let start = |day| zone.day_start(day);
    Ok(StatisticsQuery { from: days.0.map(start), to: days.1.map(start), assignee })
}

pub fn report(query: &wire::ReportQuery) -> Result<ReportQuery> {
    let mut problems = Problems::default();
    for (name, given) in [("start_date", &query.start_date), ("end_date", &query.end_date)] {
        if given.is_none() {
            problems.add(name, "is required");
        }
    }
    let (from, to) = days(query.start_date.as_deref(), query.end_date.as_deref(), &mut problems);
    let by = |given: &str| match given {
        "priority" => Some(ReportBy::Priority),
        "assignee" => Some(ReportBy::Assignee),
        "category" => Some(ReportBy::Category),
        _ => None,
    };
    let words = ["assignee", "priority", "category"];
    let by = word("group_by", query.group_by.as_deref(), &words, by, &mut problems);
    problems.finish()?;
    let (from_day, to_day) = (from.unwrap_or_default(), to.unwrap_or_default());
    Ok(ReportQuery { from_day, to_day, by: by.unwrap_or(ReportBy::Priority) })
}

/// The first and the last day, of the business zone.
fn days(start: Option<&str>, end: Option<&str>, problems: &mut Problems) -> (Option<i64>, Option<i64>) {
    let mut read = |name, text: Option<&str>| {
        let day = text.map(|text| day(text.trim()));
        if day == Some(None) {
            problems.add(name, "must be a date in the form YYYY-MM-DD");
        }
        day.flatten()
    };
    let (from, to) = (read("start_date", start), read("end_date", end));
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        problems.add("end_date", "must not be before start_date");
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Error;
    use model::category::CategoryForm;
    use model::id::CategoryId;
    use model::ticket::{Priority, Status};

    fn categories() -> Vec<Category> {
        let form = |key: &str, parent| CategoryForm {
            key: key.to_owned(),
            name: key.to_owned(),
            description: None,
            color: None,
            icon: None,
            parent,
            sla_hours: None,
            auto_assignee: None,
            active: true,
            sort_order: 0,
        };
        let rows = [("technical", None), ("other", None), ("network", Some(1)), ("wifi", Some(3)), ("vip", None)];
        let zero = model::Time(0);
        let all = rows.into_iter().enumerate().map(|(i, (key, parent))| Category {
            id: CategoryId(i as i64 + 1),
            form: form(key, parent.map(CategoryId)),
            created_at: zero,
            updated_at: zero,
        });
        all.collect()
    }

    fn asked(query: &[(&str, &str)]) -> Result<Asked> {
        let map: serde_json::Map<_, _> = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect();
        tickets(&serde_json::from_value(map.into()).unwrap(), &categories())
    }

    fn bad(told: Result<impl std::fmt::Debug>) -> Vec<&'static str> {
        match told {
            Err(Error::Invalid(all)) => all.into_iter().map(|p| p.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pages_are_moved_into_bounds() {
        for (page, size, is) in [
            ("1", "20", (1, 20)),
            ("0", "0", (1, 20)),
            ("-7", "-1", (1, 20)),
            ("3", "101", (3, 100)),
            ("9223372036854775807", "100", (i64::MAX, 100)),
        ] {
            let page = asked(&[("page", page), ("page_size", size)]).unwrap().page;
            assert_eq!((page.page, page.size), is);
        }
        assert_eq!(PageNumber { page: i64::MAX, size: 100 }.part().skip, usize::try_from(i64::MAX).unwrap());
        for (total, pages) in [(0, 1), (1, 1), (20, 1), (21, 2), (100, 5)] {
            assert_eq!(PageNumber { page: 1, size: 20 }.pages(total), pages, "{total}");
        }
        let (query, page) = comments(&wire::CommentsQuery::default()).unwrap();
        assert_eq!((query.internal, query.part.skip, query.part.limit, page.size), (false, 0, 50, 50));
    }

    #[test]
    fn words_become_what_they_stand_for() {
        let filter = |name, value| asked(&[(name, value)]).unwrap().filter;
        let none = TicketFilter::default;
        assert_eq!(
            filter("status", "open"),
            TicketFilter { status: vec![Status::Open], reopened: Some(false), ..none() }
        );
        assert_eq!(
            filter("status", "reopened"),
            TicketFilter { status: vec![Status::Open], reopened: Some(true), ..none() }
        );
        assert_eq!(filter("status", "closed").status, [Status::Closed, Status::Cancelled]);
        assert_eq!(filter("priority", "urgent").priority, [Priority::Urgent, Priority::Critical]);
        assert_eq!(filter("priority", "medium").priority, [Priority::Normal]);
        let ids =
            |filter: TicketFilter| (filter.category.iter().map(|c| c.0).collect::<Vec<_>>(), filter.uncategorized);
        assert_eq!(ids(filter("category", "technical")), (vec![1, 3, 4], false));
        assert_eq!(ids(filter("category", "other")), (vec![2, 5], true));
        assert_eq!(ids(filter("category", "billing")), (vec![-1], false), "none here is a billing category");
        assert_eq!(filter("tags", " a, b ,,a").tags, ["a", "b"]);
        assert_eq!(filter("overdue", "true").sla_overdue, Some(true));
        assert_eq!(filter("search", " 登录 ").search.as_deref(), Some("登录"));
        assert_eq!(filter("creator_id", "5").creator, Some(UserId(5)));
        assert_eq!(filter("assignee_id", "5").assignee, [UserId(5)]);
        let sort = asked(&[("sort_by", "sla_due_time"), ("sort_order", "asc")]).unwrap().sort;
        assert_eq!(sort, Sort { by: SortBy::SlaDue, direction: Direction::Ascending });
        assert_eq!(asked(&[]).unwrap().sort, Sort { by: SortBy::Created, direction: Direction::Descending });
    }

    #[test]
    fn every_bad_parameter_is_told() {
        let all = [
            ("page", "x"),
            ("page_size", "1.5"),
            ("status", "done"),
            ("priority", "critical"),
            ("category", "x"),
            ("assignee_id", "me"),
            ("creator_id", ""),
            ("overdue", "maybe"),
            ("tags", "\0"),
            ("search", "\0"),
            ("sort_by", "title"),
            ("sort_order", "up"),
        ];
        assert_eq!(bad(asked(&all)), all.map(|(name, _)| name));
        let query = |start: &str, end: &str| wire::ReportQuery {
            start_date: Some(start.to_owned()),
            end_date: Some(end.to_owned()),
            group_by: None,
        };
        assert_eq!(bad(report(&wire::ReportQuery::default())), ["start_date", "end_date"]);
        assert_eq!(bad(report(&query("2024-13-01", "tomorrow"))), ["start_date", "end_date"]);
        assert_eq!(bad(report(&query("2024-10-02", "2024-10-01"))), ["end_date"]);
        assert_eq!(report(&query("1970-01-02", "1970-01-02")).unwrap().from_day, 1);
    }
}
