//! How often a client of the socket may say something: so many frames a second on average, and some more at once.

use std::time::Duration;
use tokio::time::Instant;

/// What a frame costs: ten a second.
const COST: Duration = Duration::from_millis(100);
/// Frames that may come at once.
const AT_ONCE: u32 = 50;

/// When what has come would have been due, had it come evenly.
#[derive(Debug)]
pub(super) struct Pace {
    due: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { due: now }
    }

    /// Counts a frame; `false` refuses it, and then it costs nothing.
    pub(super) fn takes(&mut self, now: Instant) -> bool {
        let due = self.due.max(now) + COST;
        let takes = due <= now + COST * AT_ONCE;
        if takes {
            self.due = due;
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_and_fifty_at_once() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        let taken = |pace: &mut Pace, now: Instant| (0..200).filter(|_| pace.takes(now)).count();
        assert_eq!(taken(&mut pace, now), 50);
        assert_eq!(taken(&mut pace, now + Duration::from_millis(99)), 0);
        assert_eq!(taken(&mut pace, now + Duration::from_secs(1)), 10);
        assert_eq!(taken(&mut pace, now + Duration::from_hours(1)), 50);
    }
}
