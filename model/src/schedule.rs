//! When something that is done again and again is due: minute, hour, day of the month, month, day of the week, as cron writes
//! them, in the business zone.
//!
//! `*`, numbers, ranges, lists and steps; no names, no `@daily`. As in cron, a day is meant if either kind of day names it,
//! where both are restricted. What is due never (30 February) is refused.

use crate::time::{MINUTE, Time, Zone};
use std::fmt;

/// Days that are looked through: every leap day falls into them.
const DAYS: i64 = 8 * 366;

/// The minutes at which it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether both kinds of day are restricted.
    either: bool,
}

impl Schedule {
    /// Reads such as `0 2 * * *`; `None` for what can't be read or is never due.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace();
        let mut next = |least, most| read(fields.next()?, least, most);
        let (minutes, hours, days, months, weekdays) =
            (next(0, 59)?, next(0, 23)?, next(1, 31)?, next(1, 12)?, next(0, 7)?);
        if fields.next().is_some() {
            return None;
        }
        // Sunday has two numbers.
        let weekdays = (weekdays | (weekdays >> 7)) & 0b111_1111;
        let all = |bits: u64, least: u32, most: u32| (least..=most).all(|n| bits & (1 << n) != 0);
        let either = !all(days, 1, 31) && !all(weekdays, 0, 6);
        let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let schedule = Self { text, minutes, hours, days, months, weekdays, either };
        schedule.last(Time(DAYS * crate::time::DAY), Zone::default()).map(|_| schedule)
    }

    /// Every night at two.
    pub fn nightly() -> Self {
        let every = u64::MAX;
        Self {
            text: "0 2 * * *".to_owned(),
            minutes: 1,
            hours: 1 << 2,
            days: every,
            months: every,
            weekdays: every,
            either: false,
        }
    }

    /// The last time, up to now, at which it was due.
    pub fn last(&self, now: Time, zone: Zone) -> Option<Time> {
        let today = zone.day_number(now);
        (0..DAYS).map(|back| today - back).filter(|day| self.falls_on(*day, zone)).find_map(|day| {
            let begin = zone.day_start(day);
            let minute = (0..24 * 60_i64).rev().find(|minute| {
                let at = begin.plus(minute * MINUTE);
                at <= now && has(self.hours, minute / 60) && has(self.minutes, minute % 60)
            });
            minute.map(|minute| begin.plus(minute * MINUTE))
        })
    }

    fn falls_on(&self, day: i64, zone: Zone) -> bool {
        let (_, month, of_month) = zone.date(zone.day_start(day));
        // 1970-01-01 was a Thursday.
        let (by_month, by_week) = (has(self.days, of_month.into()), has(self.weekdays, (day + 4).rem_euclid(7)));
        has(self.months, month.into()) && if self.either { by_month || by_week } else { by_month && by_week }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn has(bits: u64, n: i64) -> bool {
    bits & (1 << n) != 0
}

/// The numbers of one field, as bits.
fn read(field: &str, least: u32, most: u32) -> Option<u64> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|n| (least..=most).contains(n));
    field.split(',').try_fold(0_u64, |bits, part| {
        let (span, step) = match part.split_once('/') {
            Some((span, step)) => (span, Some(step.parse::<usize>().ok().filter(|step| (1..=60).contains(step))?)),
            None => (part, None),
        };
        let (from, to) = match span.split_once('-') {
            _ if span == "*" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            // `5/10`: from five on.
            None => (number(span)?, if step.is_some() { most } else { number(span)? }),
        };
        if from > to {
            return None;
        }
        Some((from..=to).step_by(step.unwrap_or(1)).fold(bits, |bits, n| bits | (1 << n)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(text: &str, now: &str) -> String {
        let zone = Zone::default();
        let due = Schedule::parse(text).unwrap().last(Time::parse(now).unwrap(), zone).unwrap();
        zone.wall(due)
    }

    #[test]
    fn what_was_due_last() {
        // A Monday, ten in the morning in Shanghai.
        let now = "2026-01-05T02:00:00Z";
        for (text, due) in [
            ("0 2 * * *", "2026-01-05 02:00:00"),
            ("0 10 * * *", "2026-01-05 10:00:00"),
            ("1 10 * * *", "2026-01-04 10:01:00"),
            ("*/15 * * * *", "2026-01-05 10:00:00"),
            ("30 8-9 * * *", "2026-01-05 09:30:00"),
            ("0 3 * * 0", "2026-01-04 03:00:00"),
            ("0 3 * * 7", "2026-01-04 03:00:00"),
            ("0 3 1 * *", "2026-01-01 03:00:00"),
            // Either kind of day.
            ("0 3 1 * 6", "2026-01-03 03:00:00"),
            ("0 3 31 12 *", "2025-12-31 03:00:00"),
            ("5/20 9 * * 1,3", "2026-01-05 09:45:00"),
            ("0 0 29 2 *", "2024-02-29 00:00:00"),
        ] {
            assert_eq!(last(text, now), due, "{text}");
        }
        assert_eq!(last(&Schedule::nightly().to_string(), now), "2026-01-05 02:00:00");
        let nightly = Schedule::nightly().last(Time::parse(now).unwrap(), Zone::default()).unwrap();
        assert_eq!(Zone::default().wall(nightly), "2026-01-05 02:00:00");
        assert_eq!(Schedule::parse("  0   2 * *  * ").unwrap().to_string(), "0 2 * * *");
    }

    #[test]
    fn what_cant_be_read_or_is_never_due_is_refused() {
        for bad in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "1,,2 * * * *",
            "@daily",
            "0 0 30 2 *",
        ] {
            assert_eq!(Schedule::parse(bad), None, "{bad}");
        }
    }
}
