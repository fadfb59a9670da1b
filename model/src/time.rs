//! Instants and the business zone.
//!
//! Inside, time is milliseconds since 1970 UTC; only surfaces print it. The current time comes from the engine's `Clock`.

use chrono::{DateTime, Datelike, FixedOffset, SecondsFormat, Timelike, Utc};
use serde::{Deserialize, Serialize};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

impl Time {
    /// `self` plus so many milliseconds.
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    pub fn plus_hours(self, hours: i64) -> Self {
        self.plus(hours.saturating_mul(HOUR))
    }

    pub fn plus_minutes(self, minutes: i64) -> Self {
        self.plus(minutes.saturating_mul(MINUTE))
    }

    /// Whole minutes from `earlier` to `self`, rounded down, never negative.
    pub fn minutes_since(self, earlier: Time) -> i64 {
        (self.0 - earlier.0).max(0) / MINUTE
    }

    /// RFC 3339 in UTC with `Z`, to the second where there are no milliseconds.
    pub fn rfc3339(self) -> String {
        let format = if self.0.rem_euclid(SECOND) == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
        self.utc().to_rfc3339_opts(format, true)
    }

    /// Reads RFC 3339 with any offset; a bare date is its midnight in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(Self(at.timestamp_millis()));
        }
        let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Self(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis()))
    }

    /// To the second, for surfaces that show no milliseconds.
    pub fn whole_seconds(self) -> Self {
        Self(self.0.div_euclid(SECOND) * SECOND)
    }

    /// Reads a date as HTTP headers have it, such as `Wed, 21 Oct 2015 07:28:00 GMT`.
    pub fn parse_http(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc2822(text.trim()).ok().map(|at| Self(at.timestamp_millis()))
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }
}

/// The number of a day that is written `YYYY-MM-DD`, and in no other way: days since 1970-01-01.
pub fn day(text: &str) -> Option<i64> {
    let form = |(i, b): (usize, u8)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() };
    if text.len() != 10 || !text.bytes().enumerate().all(form) {
        return None;
    }
    Some(Time::parse(text)?.0.div_euclid(DAY))
}

/// The zone in which days begin and end: ticket numbers count per day and per year in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    offset: FixedOffset,
}

impl Default for Zone {
    /// Asia/Shanghai, UTC+08:00 all year (`dialects.md` 0.5).
    fn default() -> Self {
        Self::east_minutes(8 * 60).unwrap_or(Self { offset: chrono::Offset::fix(&Utc) })
    }
}

impl Zone {
    /// A zone so many minutes east of UTC; `None` beyond a day.
    pub fn east_minutes(minutes: i32) -> Option<Self> {
        FixedOffset::east_opt(minutes.checked_mul(60)?).map(|offset| Self { offset })
    }

    /// The wall clock's date there: (year, month, day).
    pub fn date(self, at: Time) -> (i32, u32, u32) {
        let local = at.utc().with_timezone(&self.offset);
        (local.year(), local.month(), local.day())
    }

    /// `YYYY-MM-DD HH:MM:SS`, the wall clock's reading there.
    pub fn wall(self, at: Time) -> String {
        let local = at.utc().with_timezone(&self.offset);
        let (y, m, d) = (local.year(), local.month(), local.day());
        format!("{y:04}-{m:02}-{d:02} {:02}:{:02}:{:02}", local.hour(), local.minute(), local.second())
    }

    /// The day's number there: days since 1970-01-01, by which statistics are grouped.
    pub fn day_number(self, at: Time) -> i64 {
        (at.0 + i64::from(self.offset.local_minus_utc()) * SECOND).div_euclid(DAY)
    }

    /// The instant at which a day begins there.
    pub fn day_start(self, day: i64) -> Time {
        Time(day * DAY - i64::from(self.offset.local_minus_utc()) * SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_rfc3339() {
        assert_eq!(Time(0).rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Time(1_729_679_400_123).rfc3339(), "2024-10-23T10:30:00.123Z");
        assert_eq!(Time::parse("2024-10-23T18:30:00+08:00"), Some(Time(1_729_679_400_000)));
        assert_eq!(Time::parse("2024-10-23"), Some(Time(1_729_641_600_000)));
        assert_eq!(Time::parse("soon"), None);
        assert_eq!(Time::parse_http("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Time(1_445_412_480_000)));
        assert_eq!(Time::parse_http("120"), None);
        assert_eq!(Time(1_729_679_400_999).whole_seconds().rfc3339(), "2024-10-23T10:30:00Z");
        assert_eq!(Time(-1).whole_seconds().rfc3339(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn days_are_written_in_one_way() {
        assert_eq!(day("1970-01-02"), Some(1));
        assert_eq!(
            day("2024-10-23").map(|n| Zone::default().day_start(n).rfc3339()),
            Some("2024-10-22T16:00:00Z".into())
        );
        for bad in ["2024-10-32", "2024-1-1", "24-10-01", "2024/10/01", "2024-10-01T00:00:00Z", "", "２０24-10-1"] {
            assert_eq!(day(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_business_day_is_the_zones() {
        let evening = Time::parse("2024-10-23T17:00:00Z").unwrap();
        assert_eq!(Zone::default().date(evening), (2024, 10, 24));
        assert_eq!(Zone::default().wall(evening), "2024-10-24 01:00:00");
        assert_eq!(
            Zone::default().day_number(evening),
            Zone::default().day_number(Time::parse("2024-10-24T00:00:00Z").unwrap())
        );
    }

    #[test]
    fn minutes_round_down_and_never_go_below_zero() {
        assert_eq!(Time(119_999).minutes_since(Time(0)), 1);
        assert_eq!(Time(0).minutes_since(Time(60_000)), 0);
    }
}
