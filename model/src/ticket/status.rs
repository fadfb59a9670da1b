//! The one state machine: the union of the moves that the four dialects document (`dialects.md` 0.2, 2.2, 2.3, 4.1).

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    New,
    Open,
    InProgress,
    Pending,
    Resolved,
    Closed,
    Cancelled,
}

impl Status {
    pub const ALL: [Self; 7] =
        [Self::New, Self::Open, Self::InProgress, Self::Pending, Self::Resolved, Self::Closed, Self::Cancelled];

    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::InProgress => "in_progress",
            Self::Pending => "pending",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }

    /// Still being worked on.
    pub fn is_active(self) -> bool {
        match self {
            Self::New | Self::Open | Self::InProgress | Self::Pending => true,
            Self::Resolved | Self::Closed | Self::Cancelled => false,
        }
    }

    /// No work is expected any more, and a reopening is the only way back.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }
}

/// How it ended. A verdict survives a later close on another surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    None,
    Accepted,
    Rejected,
    AutoAccepted,
    AutoRejected,
    Withdrawn,
}

impl Resolution {
    pub const ALL: [Self; 6] =
        [Self::None, Self::Accepted, Self::Rejected, Self::AutoAccepted, Self::AutoRejected, Self::Withdrawn];

    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::AutoAccepted => "auto_accepted",
            Self::AutoRejected => "auto_rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }
}

/// Whether a ticket may go from one status to another by an explicit status write. Going nowhere is always allowed (and
/// does nothing). Reopening is a move of its own: from resolved, closed or cancelled to open, with the flag set.
///
/// ```
/// use model::ticket::{Status, may_move};
/// assert!(may_move(Status::InProgress, Status::Resolved));
/// assert!(!may_move(Status::Open, Status::Resolved)); // dialects.md 0.23
/// ```
pub fn may_move(from: Status, to: Status) -> bool {
    use Status::{Cancelled, Closed, InProgress, New, Open, Pending, Resolved};
    from == to
        || match from {
            New => matches!(to, Open | InProgress | Pending | Closed | Cancelled),
            Open => matches!(to, InProgress | Pending | Closed | Cancelled),
            InProgress => matches!(to, Pending | Resolved | Closed | Cancelled),
            Pending => matches!(to, InProgress | Resolved | Closed | Cancelled),
            Resolved => matches!(to, Closed | Open),
            Closed | Cancelled => matches!(to, Open),
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Status::{Cancelled, Closed, InProgress, New, Open, Pending, Resolved};

    #[test]
    fn every_documented_move_is_legal_and_no_other() {
        let legal = [
            (New, Open),
            (New, InProgress),
            (New, Pending),
            (New, Closed),
            (New, Cancelled),
            (Open, InProgress),
            (Open, Pending),
            (Open, Closed),
            (Open, Cancelled),
            (InProgress, Pending),
            (InProgress, Resolved),
            (InProgress, Closed),
            (InProgress, Cancelled),
            (Pending, InProgress),
            (Pending, Resolved),
            (Pending, Closed),
            (Pending, Cancelled),
            (Resolved, Closed),
            (Resolved, Open),
            (Closed, Open),
            (Cancelled, Open),
        ];
        for from in Status::ALL {
            for to in Status::ALL {
                let expected = from == to || legal.contains(&(from, to));
                assert_eq!(may_move(from, to), expected, "{} -> {}", from.word(), to.word());
            }
        }
    }

    #[test]
    fn words_are_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.word()), Some(status));
        }
        for resolution in Resolution::ALL {
            assert_eq!(Resolution::parse(resolution.word()), Some(resolution));
        }
    }
}
