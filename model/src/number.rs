//! The three numbers that a ticket has from birth, one for each family of clients (`dialects.md` 0.5).

use crate::id::TicketId;
use crate::time::{DAY, Time, Zone};
use serde::{Deserialize, Serialize};

/// All three are unique, searchable, and never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// `TK-2025-001`: counted per year.
    pub yearly: String,
    /// `T-20241023-0001`: counted per day.
    pub daily: String,
    /// `2023-11-17-211224191561`: local date and microseconds, the oldest clients' string id.
    pub legacy: String,
}

impl Numbers {
    pub(crate) fn make(id: TicketId, year: i64, of_year: i64, day: i64, of_day: i64, now: Time, zone: Zone) -> Self {
        let (y, m, d) = Zone::east_minutes(0).unwrap_or_default().date(Time(day * DAY));
        let (ly, lm, ld) = zone.date(now);
        // The clock gives milliseconds; the ticket's own id makes the last three digits distinct.
        let micros = (now.0 * 1_000 + id.0.rem_euclid(1_000)).rem_euclid(10_000_000_000_000);
        Self {
            yearly: format!("TK-{year}-{of_year:03}"),
            daily: format!("T-{y:04}{m:02}{d:02}-{of_day:04}"),
            legacy: format!("{ly:04}-{lm:02}-{ld:02}-{micros}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::counters::Counters;
    use crate::time::{Time, Zone};

    #[test]
    fn numbers_count_per_year_and_per_day_in_the_business_zone() {
        let mut counters = Counters::default();
        let zone = Zone::default();
        let at = Time::parse("2024-10-23T10:30:00Z").unwrap();
        let (id, first) = counters.next_ticket(at, zone);
        assert_eq!(id.0, 100_001);
        assert_eq!((first.yearly.as_str(), first.daily.as_str()), ("TK-2024-001", "T-20241023-0001"));
        let (_, second) = counters.next_ticket(at, zone);
        assert_eq!((second.yearly.as_str(), second.daily.as_str()), ("TK-2024-002", "T-20241023-0002"));
        assert_ne!(first.legacy, second.legacy);
        let (_, tomorrow) = counters.next_ticket(Time::parse("2024-10-23T16:00:00Z").unwrap(), zone);
        assert_eq!((tomorrow.yearly.as_str(), tomorrow.daily.as_str()), ("TK-2024-003", "T-20241024-0001"));
        let (_, year) = counters.next_ticket(Time::parse("2024-12-31T16:00:00Z").unwrap(), zone);
        assert_eq!((year.yearly.as_str(), year.daily.as_str()), ("TK-2025-001", "T-20250101-0001"));
        let (_, back) = counters.next_ticket(at, zone);
        assert_eq!(
            (back.yearly.as_str(), back.daily.as_str()),
            ("TK-2025-002", "T-20250101-0002"),
            "a clock that steps back"
        );
    }

    #[test]
    fn the_legacy_number_is_date_and_microseconds() {
        let mut counters = Counters::default();
        let (_, numbers) = counters.next_ticket(Time(1_700_211_224_191), Zone::default());
        assert_eq!(numbers.legacy, "2023-11-17-211224191001");
    }
}
