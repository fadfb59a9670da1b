//! Counts, durations and rates as `/v1` prints them. Pure, tested by table.
//!
//! A duration is `2h 15m`, rounded down to minutes and never rolled into days; a rate has one decimal, and of nothing it is
//! 100, because nothing was missed.

use super::convert::{self, CATEGORIES, PRIORITIES, STATUSES, name_of};
use super::wire;
use engine::{Levels, OwnStatistics, Report, ReportBy, Statistics};
use model::category::Category;
use model::people::User;
use model::ticket::Status;
use serde_json::{Map, Value};
use std::sync::Arc;

pub fn duration(minutes: Option<f64>) -> String {
    let whole = minutes.unwrap_or_default().max(0.0) as i64;
    match (whole / 60, whole % 60) {
        (0, minutes) => format!("{minutes}m"),
        (hours, minutes) => format!("{hours}h {minutes}m"),
    }
}

/// A percentage with one decimal.
fn percent(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

fn rate(part: i64, of: i64) -> f64 {
    if of == 0 { 100.0 } else { percent(part as f64 * 100.0 / of as f64) }
}

/// Each of the words with its count, those without one, too, in the words' order.
fn counts<'a>(words: &[&'static str], given: impl Iterator<Item = (&'a str, i64)>) -> Map<String, Value> {
    let mut sums: Vec<(&str, i64)> = words.iter().map(|word| (*word, 0)).collect();
    for (word, count) in given {
        if let Some((_, sum)) = sums.iter_mut().find(|(known, _)| *known == word) {
            *sum += count;
        }
    }
    sums.into_iter().map(|(word, count)| (word.to_owned(), count.into())).collect()
}

pub fn stats(told: &Statistics, categories: &[Category]) -> wire::Stats {
    let statuses = told.by_status.iter().map(|(status, count)| {
        // Those that count as reopened are open otherwise; each is counted once.
        let reopened = if *status == Status::Open { told.reopened } else { 0 };
        (convert::status(*status, false), count - reopened)
    });
    let reopened = (convert::status(Status::Open, true), told.reopened);
    let priorities = told.by_priority.iter().map(|(priority, count)| (convert::priority(*priority), *count));
    let in_categories = told.by_category.iter().map(|(id, count)| (convert::category(categories, *id), *count));
    wire::Stats {
        total_tickets: told.total,
        by_status: counts(&STATUSES, statuses.chain([reopened])),
        by_priority: counts(&PRIORITIES, priorities),
        by_category: counts(&CATEGORIES, in_categories),
        sla_metrics: wire::SlaMetrics {
            average_response_time: duration(told.average_response_minutes),
            average_resolution_time: duration(told.average_resolution_minutes),
            sla_compliance_rate: percent(told.sla_compliance.unwrap_or(100.0)),
            overdue_tickets: told.sla_overdue,
        },
    }
}

/// The time that it takes to resolve is that of the tickets assigned to oneself; of one's own where none was.
pub fn my_stats(told: &OwnStatistics) -> wire::MyStats {
    let (created, assigned) = (&told.created, &told.assigned);
    let closed = [Status::Closed, Status::Cancelled];
    let resolved = [Status::Resolved];
    wire::MyStats {
        created_by_me: wire::CreatedByMe {
            total: created.total(),
            open: created.total() - created.of(&resolved) - created.of(&closed),
            resolved: created.of(&resolved),
            closed: created.of(&closed),
        },
        assigned_to_me: wire::AssignedToMe {
            total: assigned.total(),
            in_progress: assigned.of(&[Status::InProgress]),
            pending: assigned.of(&[Status::Pending]),
            resolved: assigned.of(&resolved),
        },
        overdue_assigned: told.overdue_assigned,
        average_resolution_time: duration(assigned.average_resolution_minutes.or(created.average_resolution_minutes)),
    }
}

pub fn report(
    told: &Report,
    by: ReportBy,
    period: wire::Period,
    people: &[Arc<User>],
    categories: &[Category],
) -> wire::SlaReport {
    let overall = &told.overall;
    let assignees = || {
        let part = told.by_assignee.iter().map(|(id, levels)| wire::AssigneePart {
            assignee_id: id.map(|id| id.0),
            assignee_name: id.and_then(|id| name_of(people, id)),
            kept: kept(levels),
        });
        part.collect()
    };
    let in_categories = || {
        let parts = told.by_category.iter().map(|(id, levels)| (convert::category(categories, *id), levels));
        let parts = merged(&CATEGORIES, parts).into_iter();
        parts.map(|(category, levels)| wire::CategoryPart { category, kept: kept(&levels) }).collect()
    };
    let priorities = told.by_priority.iter().map(|(priority, levels)| (convert::priority(*priority), levels));
    wire::SlaReport {
        period,
        overall: wire::Overall {
            total_tickets: overall.total,
            met_response_sla: overall.response_met,
            met_resolution_sla: overall.resolution_met,
            response_sla_rate: rate(overall.response_met, overall.total),
            resolution_sla_rate: rate(overall.resolution_met, overall.total),
        },
        // The most urgent first, as in the document.
        by_priority: merged(&PRIORITIES, priorities)
            .into_iter()
            .rev()
            .map(|(priority, levels)| wire::PriorityPart { priority, kept: kept(&levels) })
            .collect(),
        by_assignee: (by == ReportBy::Assignee).then(assignees),
        by_category: (by == ReportBy::Category).then(in_categories),
    }
}

/// The parts of the same word as one, in the words' order, without those that are empty.
fn merged<'a>(
    words: &[&'static str],
    parts: impl Iterator<Item = (&'a str, &'a Levels)>,
) -> Vec<(&'static str, Levels)> {
    let mut sums: Vec<(&str, Levels)> = words.iter().map(|word| (*word, Levels::default())).collect();
    for (word, levels) in parts {
        if let Some((_, sum)) = sums.iter_mut().find(|(known, _)| *known == word) {
            sum.total += levels.total;
            sum.response_met += levels.response_met;
            sum.resolution_met += levels.resolution_met;
            sum.both_met += levels.both_met;
        }
    }
    sums.retain(|(_, levels)| levels.total > 0);
    sums
}

fn kept(levels: &Levels) -> wire::Kept {
    wire::Kept { total: levels.total, met_sla: levels.both_met, sla_rate: rate(levels.both_met, levels.total) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::Tally;
    use model::id::CategoryId;
    use model::ticket::Priority;
    use serde_json::json;

    #[test]
    fn durations_and_rates_as_in_the_document() {
        for (minutes, text) in [
            (None, "0m"),
            (Some(0.9), "0m"),
            (Some(59.99), "59m"),
            (Some(60.0), "1h 0m"),
            (Some(135.0), "2h 15m"),
            (Some(1_110.5), "18h 30m"),
            (Some(6_000.0), "100h 0m"),
        ] {
            assert_eq!(duration(minutes), text);
        }
        for ((part, of), is) in
            [((148, 156), 94.9), ((142, 156), 91.0), ((5, 5), 100.0), ((26, 28), 92.9), ((0, 0), 100.0)]
        {
            assert!((rate(part, of) - is).abs() < 1e-9, "{part} of {of}");
        }
    }

    #[test]
    fn every_ticket_is_counted_once_under_a_word_of_the_document() {
        let told = Statistics {
            total: 12,
            by_status: vec![(Status::New, 1), (Status::Open, 5), (Status::Closed, 4), (Status::Cancelled, 2)],
            by_priority: vec![(Priority::Normal, 7), (Priority::Urgent, 3), (Priority::Critical, 2)],
            by_category: vec![(None, 9), (Some(CategoryId(1)), 3)],
            reopened: 2,
            sla_compliance: Some(94.46),
            ..Statistics::default()
        };
        let told = stats(&told, &[]);
        assert_eq!(
            Value::Object(told.by_status),
            json!({ "new": 1, "open": 3, "in_progress": 0, "pending": 0, "resolved": 0, "closed": 6, "reopened": 2 })
        );
        assert_eq!(Value::Object(told.by_priority), json!({ "low": 0, "medium": 7, "high": 0, "urgent": 5 }));
        assert_eq!(told.by_category.get("other"), Some(&json!(12)));
        assert!((told.sla_metrics.sla_compliance_rate - 94.5).abs() < 1e-9);
    }

    #[test]
    fn open_is_what_is_neither_resolved_nor_closed() {
        let tally = Tally {
            by_status: Status::ALL.into_iter().map(|status| (status, 1)).collect(),
            average_resolution_minutes: Some(920.0),
            ..Tally::default()
        };
        let told = my_stats(&OwnStatistics { created: tally, assigned: Tally::default(), overdue_assigned: 2 });
        assert_eq!(told.created_by_me, wire::CreatedByMe { total: 7, open: 4, resolved: 1, closed: 2 });
        assert_eq!((told.assigned_to_me.total, told.average_resolution_time.as_str()), (0, "15h 20m"));
    }
}
