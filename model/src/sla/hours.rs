//! Working hours: on which days of a week a clock runs, from when to when, in the business zone.
//!
//! A span lies within its day; who works through midnight says so on both days (`24:00` ends one, `00:00` begins the next).
//! The zone has no summer time, so a week is as long as any other.

use crate::error::{Error, Problems, Result};
use crate::time::{DAY, MINUTE, Time, Zone};
use serde::{Deserialize, Serialize};

/// The days of a week, and what their two fields are called where clients send them.
pub const DAYS: [(&str, &str, &str); 7] = [
    ("monday", "working_hours.monday.start", "working_hours.monday.end"),
    ("tuesday", "working_hours.tuesday.start", "working_hours.tuesday.end"),
    ("wednesday", "working_hours.wednesday.start", "working_hours.wednesday.end"),
    ("thursday", "working_hours.thursday.start", "working_hours.thursday.end"),
    ("friday", "working_hours.friday.start", "working_hours.friday.end"),
    ("saturday", "working_hours.saturday.start", "working_hours.saturday.end"),
    ("sunday", "working_hours.sunday.start", "working_hours.sunday.end"),
];

/// A day as it is written: `HH:MM`, and both empty where nobody works.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Day {
    pub start: String,
    pub end: String,
}

/// From one minute of a day to another, which is excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub start: i64,
    pub end: i64,
}

impl Span {
    fn minutes(self) -> i64 {
        self.end - self.start
    }
}

/// A week, from Monday on. At least one day has hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkingHours([Option<Span>; 7]);

impl WorkingHours {
    /// Reads a week, and names what is wrong with it by day.
    pub fn parse(week: &[Day; 7]) -> Result<Self> {
        let mut problems = Problems::default();
        let mut days = [None; 7];
        for ((written, (_, start, end)), day) in week.iter().zip(DAYS).zip(&mut days) {
            *day = problems.take(span(written, (start, end)))?.flatten();
        }
        problems.finish()?;
        if days.iter().all(Option::is_none) {
            return Err(Error::invalid("working_hours", "must be open on at least one day"));
        }
        Ok(Self(days))
    }

    /// The week as it is written.
    pub fn written(&self) -> [Day; 7] {
        let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        self.0.map(|day| day.map_or_else(Day::default, |span| Day { start: clock(span.start), end: clock(span.end) }))
    }

    /// Minutes of a week.
    pub fn week(&self) -> i64 {
        self.0.iter().flatten().map(|span| span.minutes()).sum()
    }

    /// The first instant at which so many minutes have been worked since `from`. What ends with the day ends at the day's
    /// end, not when the next one begins.
    pub fn after(&self, from: Time, minutes: i64, zone: Zone) -> Time {
        let week = self.week().saturating_mul(MINUTE).max(1);
        let work = minutes.saturating_mul(MINUTE);
        if work <= 0 {
            return from;
        }
        // Whole weeks are the same wherever they begin; something is always left for the last one.
        let weeks = (work - 1) / week;
        let mut left = work - weeks.saturating_mul(week);
        let from = from.plus(weeks.saturating_mul(7 * DAY));
        let first = zone.day_number(from);
        for day in first..=first.saturating_add(7) {
            let Some(span) = self.on(day) else { continue };
            let midnight = zone.day_start(day);
            let open = midnight.plus_minutes(span.start).max(from);
            let room = midnight.plus_minutes(span.end).0.saturating_sub(open.0).max(0);
            if left <= room {
                return open.plus(left);
            }
            left -= room;
        }
        from.plus(7 * DAY)
    }

    /// The hours of a day, by its number; day 0, 1970-01-01, was a Thursday.
    fn on(&self, day: i64) -> Option<Span> {
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default();
        self.0.get(weekday).copied().flatten()
    }
}

fn span(day: &Day, (start, end): (&'static str, &'static str)) -> Result<Option<Span>> {
    let (from, to) = (day.start.trim(), day.end.trim());
    if from.is_empty() && to.is_empty() {
        return Ok(None);
    }
    let mut problems = Problems::default();
    let mut read = |field, text| {
        let minute = clock(text);
        if minute.is_none() {
            problems.add(field, "must be like 09:00, or empty with the other one where nobody works");
        }
        minute
    };
    let (first, last) = (read(start, from), read(end, to));
    if let (Some(first), Some(last)) = (first, last)
        && last <= first
    {
        problems.add(end, "must be after the start; what goes on past midnight belongs to the next day");
    }
    problems.finish()?;
    Ok(first.zip(last).map(|(start, end)| Span { start, end }))
}

/// The minute of a day that is written `HH:MM`; `24:00` is its end.
fn clock(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        let plain = digits.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i64>().ok().filter(|_| plain)
    };
    let (hour, minute) = (number(hour, 1..=2)?, number(minute, 2..=2)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= 24 * 60).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(days: [&str; 7]) -> [Day; 7] {
        days.map(|text| {
            let (start, end) = text.split_once('-').unwrap_or(("", ""));
            Day { start: start.to_owned(), end: end.to_owned() }
        })
    }

    fn office() -> WorkingHours {
        let day = "09:00-18:00";
        WorkingHours::parse(&week([day, day, day, day, day, "", ""])).unwrap()
    }

    /// A wall clock's reading in Shanghai.
    fn wall(text: &str) -> Time {
        Time::parse(&format!("{}:00+08:00", text.replace(' ', "T"))).unwrap()
    }

    #[test]
    fn working_time_is_added_to_a_moment() {
        // 2024-10-23 is a Wednesday.
        for (from, minutes, due) in [
            ("2024-10-23 10:00", 60, "2024-10-23 11:00"),
            ("2024-10-23 10:00", 480, "2024-10-23 18:00"),
            ("2024-10-23 10:00", 481, "2024-10-24 09:01"),
            ("2024-10-23 09:00", 540, "2024-10-23 18:00"),
            ("2024-10-23 07:30", 60, "2024-10-23 10:00"),
            ("2024-10-23 18:00", 1, "2024-10-24 09:01"),
            ("2024-10-23 17:59", 1, "2024-10-23 18:00"),
            ("2024-10-23 23:59", 60, "2024-10-24 10:00"),
            ("2024-10-25 17:00", 120, "2024-10-28 10:00"),
            ("2024-10-26 12:00", 60, "2024-10-28 10:00"),
            ("2024-10-27 23:59", 540, "2024-10-28 18:00"),
            ("2024-10-23 10:00", 2_700, "2024-10-30 10:00"),
            ("2024-10-23 09:00", 2_700, "2024-10-29 18:00"),
            ("2024-10-23 10:00", 10 * 2_700 + 30, "2025-01-01 10:30"),
            ("2024-12-31 17:30", 60, "2025-01-01 09:30"),
        ] {
            assert_eq!(office().after(wall(from), minutes, Zone::default()), wall(due), "{from} + {minutes}");
        }
    }

    #[test]
    fn seconds_are_kept_and_other_zones_have_other_days() {
        let from = wall("2024-10-23 17:59").plus(30_500);
        assert_eq!(office().after(from, 1, Zone::default()), wall("2024-10-24 09:00").plus(30_500));
        let utc = Zone::east_minutes(0).unwrap();
        let due = office().after(Time::parse("2024-10-25T17:59:00Z").unwrap(), 2, utc);
        assert_eq!(due.rfc3339(), "2024-10-28T09:01:00Z");
    }

    #[test]
    fn a_week_may_be_one_minute_or_all_of_it() {
        let rare = WorkingHours::parse(&week(["", "", "", "", "", "", "23:59-24:00"])).unwrap();
        assert_eq!(rare.week(), 1);
        assert_eq!(rare.after(wall("2024-10-23 10:00"), 3, Zone::default()), wall("2024-11-11 00:00"));
        let always = WorkingHours::parse(&week(["00:00-24:00"; 7])).unwrap();
        let from = wall("2024-10-27 23:30");
        for minutes in [1, 29, 30, 31, 1_440, 10_080, 10_081, 525_600] {
            assert_eq!(always.after(from, minutes, Zone::default()), from.plus_minutes(minutes));
        }
    }

    /// The same, minute by minute.
    #[test]
    fn it_is_what_counting_minutes_gives() {
        let odd = WorkingHours::parse(&week(["08:15-08:45", "", "00:00-00:10", "23:50-24:00", "", "9:00-12:00", ""]));
        for hours in [office(), odd.unwrap()] {
            for offset in [0, 7, 539, 540, 1_439, 3_000, 6_001] {
                let from = wall("2024-10-21 00:00").plus_minutes(offset);
                let (mut at, mut worked) = (from, 0);
                for minutes in 1..600 {
                    while worked < minutes {
                        let day = Zone::default().day_number(at);
                        let minute = (at.0 - Zone::default().day_start(day).0) / MINUTE;
                        worked += i64::from(hours.on(day).is_some_and(|s| (s.start..s.end).contains(&minute)));
                        at = at.plus_minutes(1);
                    }
                    assert_eq!(hours.after(from, minutes, Zone::default()), at, "{offset} + {minutes}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_week_is_named_by_its_day() {
        let told = |days| WorkingHours::parse(&week(days)).unwrap_err().to_string();
        assert!(told([""; 7]).starts_with("working_hours must be open"));
        for (day, field) in [
            ("9-18:00", "working_hours.tuesday.start must be like"),
            ("09:60-18:00", "working_hours.tuesday.start must be like"),
            ("09:00-", "working_hours.tuesday.end must be like"),
            ("-18:00", "working_hours.tuesday.start must be like"),
            ("09:00-24:01", "working_hours.tuesday.end must be like"),
            ("+9:00-18:00", "working_hours.tuesday.start must be like"),
            ("18:00-09:00", "working_hours.tuesday.end must be after"),
            ("09:00-09:00", "working_hours.tuesday.end must be after"),
        ] {
            assert!(told(["", day, "", "", "", "", ""]).starts_with(field), "{day}");
        }
        let both = told(["x-y", "", "", "", "", "", "1:00-0:00"]);
        assert!(both.contains("monday.start") && both.contains("monday.end") && both.contains("sunday.end"), "{both}");
    }

    #[test]
    fn a_week_is_written_as_it_was_read() {
        let written = office().written();
        assert_eq!(written[0], Day { start: "09:00".into(), end: "18:00".into() });
        assert_eq!((written[6].clone(), WorkingHours::parse(&written)), (Day::default(), Ok(office())));
        let json = serde_json::to_string(&office()).unwrap();
        assert_eq!(serde_json::from_str::<WorkingHours>(&json).unwrap(), office());
    }
}
