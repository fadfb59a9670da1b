//! The one error: what a caller can act on, free of any transport.
//!
//! Each surface renders it once. `Internal` is logged where it arises and never shown. Something that the caller may not
//! know of is `NotFound`, not `Forbidden`.

use thiserror::Error as ThisError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, named for the caller.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Error {
    /// There is no such thing, or the caller may not know of it.
    #[error("{what} not found")]
    NotFound { what: &'static str },
    /// One or more inputs are wrong; every problem that was found is listed.
    #[error("{}", problems(.0))]
    Invalid(Vec<Problem>),
    /// The ticket's state doesn't allow the move (`from` and `to` in canonical words).
    #[error("a ticket that is {from} can't become {to}")]
    InvalidTransition { from: &'static str, to: &'static str },
    /// It collides with something that exists, or the caller's version is not the current one.
    #[error("{why}")]
    Conflict { field: Option<&'static str>, why: String },
    /// Nobody is signed in, or the credentials or the token are no good.
    #[error("{why}")]
    Unauthenticated { doubt: Doubt, why: String },
    /// The caller is known and may see the thing, but not do this.
    #[error("you may not {what}")]
    Forbidden { what: &'static str },
    /// The caller's cursor is older than what is kept (or of another log): load a fresh snapshot.
    #[error("the cursor is too old or of another log; load the state anew and go on from its cursor")]
    ResyncRequired,
    /// Too large, by the limit of that field (bytes unless said otherwise).
    #[error("{field} is too large: the limit is {limit}")]
    TooLarge { field: &'static str, limit: u64 },
    /// Too much at once; worth another try after so many milliseconds.
    #[error("too many requests; try again in {} s", after_ms.div_ceil(1000))]
    Busy { after_ms: u64 },
    /// Our fault. The text is for the log.
    #[error("an internal error occurred")]
    Internal(String),
}

/// What is the matter with somebody who is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// They brought no token, or one that is no good.
    Token,
    /// Their token was good once.
    Expired,
    /// Name and password don't match.
    Password,
    /// The password is right, and the code of the second factor is wrong.
    Code,
}

/// One input that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The input's name in canonical (snake_case) spelling.
    pub field: &'static str,
    /// A sentence without internals, e.g. "must have 1 to 200 characters".
    pub problem: String,
}

/// The problem of an input that names something which isn't there.
pub const ABSENT: &str = "does not exist";

/// What somebody may not do whose account is closed, and who knows its password.
pub const LOCKED: &str = "sign in: this account is locked";

/// The problem of a second factor that is not shown.
pub const WANTED: &str = "must be given: this account has a second factor, and OTP is required";

/// The end of the problem of a file that is of a kind which is not taken.
pub const NOT_TAKEN: &str = "is not accepted";

impl Problem {
    /// Whether it is a file of a kind that is not taken: some surfaces have a word of their own for that.
    pub fn is_unsupported(&self) -> bool {
        self.field == "file" && self.problem.ends_with(NOT_TAKEN)
    }

    /// Whether the password was right, and only the second factor is missing.
    pub fn is_wanted(&self) -> bool {
        self.problem == WANTED
    }

    /// Whether the input is well-formed and names nothing: some surfaces have a word of their own for that.
    pub fn is_absent(&self) -> bool {
        self.problem == ABSENT
    }
}

fn problems(all: &[Problem]) -> String {
    all.iter().map(|p| format!("{} {}", p.field, p.problem)).collect::<Vec<_>>().join("; ")
}

impl Error {
    /// One invalid field.
    pub fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem { field, problem: problem.into() }])
    }

    pub fn not_found(what: &'static str) -> Self {
        Self::NotFound { what }
    }

    pub fn conflict(field: &'static str, why: impl Into<String>) -> Self {
        Self::Conflict { field: Some(field), why: why.into() }
    }

    pub fn unauthenticated(why: impl Into<String>) -> Self {
        Self::Unauthenticated { doubt: Doubt::Token, why: why.into() }
    }

    /// Nobody, for a reason that some surfaces have a word of their own for.
    pub fn doubted(doubt: Doubt, why: impl Into<String>) -> Self {
        Self::Unauthenticated { doubt, why: why.into() }
    }

    pub fn internal(why: impl std::fmt::Display) -> Self {
        Self::Internal(why.to_string())
    }

    /// What is forbidden to somebody who may not even know of the thing: it is not found.
    pub fn hidden(self, what: &'static str) -> Self {
        if matches!(self, Self::Forbidden { .. }) { Self::NotFound { what } } else { self }
    }

    /// A stable word for programs; it never changes once released.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "NOT_FOUND",
            Self::Invalid(_) => "INVALID",
            Self::InvalidTransition { .. } => "INVALID_STATUS_TRANSITION",
            Self::Conflict { .. } => "CONFLICT",
            Self::Unauthenticated { .. } => "UNAUTHENTICATED",
            Self::Forbidden { .. } => "FORBIDDEN",
            Self::ResyncRequired => "RESYNC_REQUIRED",
            Self::TooLarge { .. } => "TOO_LARGE",
            Self::Busy { .. } => "BUSY",
            Self::Internal(_) => "INTERNAL",
        }
    }

    /// The first field at fault, where there is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Invalid(all) => all.first().map(|p| p.field),
            Self::Conflict { field, .. } => *field,
            Self::TooLarge { field, .. } => Some(field),
            Self::InvalidTransition { .. } => Some("status"),
            Self::NotFound { .. }
            | Self::Unauthenticated { .. }
            | Self::Forbidden { .. }
            | Self::ResyncRequired
            | Self::Busy { .. }
            | Self::Internal(_) => None,
        }
    }
}

/// Collects every problem of an input, so that a caller hears of all of them at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Keeps the value, or its problems and nothing.
    pub fn take<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::Invalid(more)) => {
                self.0.extend(more);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    pub fn add(&mut self, field: &'static str, problem: impl Into<String>) {
        self.0.push(Problem { field, problem: problem.into() });
    }

    /// `Ok` when nothing was wrong.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}
