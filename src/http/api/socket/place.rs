//! Where a client of the socket has come to: after an event, or, where one event makes several frames, within one.
//!
//! It is written as the log's cursor, `k3f9.42`; within an event as the cursor before it and how many frames of the event were
//! had, `k3f9.41:1`. Clients hand it back as it is.

use model::id::Seq;
use model::query::Cursor;
use model::{Error, Result};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) cursor: Cursor,
    /// Frames of the next event that the client had.
    frames: usize,
}

impl Place {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let bad = || Error::invalid("after", "is not a cursor");
        let (cursor, frames) = match text.split_once(':') {
            Some((cursor, frames)) => (cursor, frames.parse().map_err(|_| bad())?),
            None => (text, 0),
        };
        // Another log's beginning is nothing to go on from.
        Ok(Self { cursor: Cursor::parse(cursor)?.ok_or_else(bad)?, frames })
    }

    /// After frame `number` (from 1) of the `count` that the event at the cursor makes.
    pub(super) fn after(cursor: Cursor, number: usize, count: usize) -> Self {
        if number >= count {
            return Self { cursor, frames: 0 };
        }
        Self { cursor: Cursor { seq: Seq(cursor.seq.0 - 1), ..cursor }, frames: number }
    }

    /// How many frames of this event the client had. An event that it may not see makes none, and is not asked about.
    pub(super) fn had(&self, event: Seq) -> usize {
        if event.0 == self.cursor.seq.0 + 1 { self.frames } else { 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.frames {
            0 => write!(f, "{}", self.cursor),
            frames => write!(f, "{}:{frames}", self.cursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_frame_is_had_twice_and_none_is_missed() {
        let cursor = |seq| Cursor { epoch: "k3f9".into(), seq: Seq(seq) };
        for (number, text) in [(1, "k3f9.41:1"), (2, "k3f9.41:2"), (3, "k3f9.42")] {
            let place = Place::after(cursor(42), number, 3);
            assert_eq!(place.to_string(), text);
            assert_eq!(Place::parse(text).unwrap(), place);
            let again = if place.cursor.seq < Seq(42) { place.had(Seq(42)) } else { 3 };
            assert_eq!((again, place.had(Seq(43))), (number, 0));
        }
        for bad in ["", "0", "42", "k3f9.42:", "k3f9.42:x", "k3f9.42:-1", ":1"] {
            assert_eq!(Place::parse(bad).unwrap_err().field(), Some("after"), "{bad}");
        }
    }
}
