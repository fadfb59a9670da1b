//! Why a command failed, as its user reads it: sentences on standard error, and an exit code.
//!
//! Nothing is printed as Rust's `Debug`, and nothing panics for a full disk.

use crate::config::ConfigError;
use std::fmt::Display;
use std::io;

/// The exit code of any failure that has none of its own.
pub const FAILED: u8 = 1;
/// sysexits `EX_USAGE`: the command line is wrong.
pub const USAGE: u8 = 64;
/// sysexits `EX_DATAERR`: what was sent will never be taken.
pub const DATA: u8 = 65;
/// sysexits `EX_TEMPFAIL`: it may well work later.
pub const TRY_AGAIN: u8 = 75;

/// A command that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub code: u8,
    /// A line each. None: there is nothing to say (a reader that closed its pipe).
    pub sentences: Vec<String>,
}

impl Failure {
    pub fn new(sentence: impl Into<String>) -> Self {
        Self { code: FAILED, sentences: vec![sentence.into()] }
    }

    /// Ends the command without a word, as a success.
    pub fn quiet() -> Self {
        Self { code: 0, sentences: Vec::new() }
    }

    pub fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// What was being done, and what the system said.
    pub fn doing(what: impl Display, error: impl Display) -> Self {
        Self::new(format!("{what}: {error}."))
    }

    /// Prints every sentence and gives the exit code.
    pub fn report(&self) -> u8 {
        for sentence in &self.sentences {
            eprintln!("error: {sentence}");
        }
        self.code
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self { code: FAILED, sentences: error.problems }
    }
}

impl From<model::Error> for Failure {
    fn from(error: model::Error) -> Self {
        if error == model::Error::ResyncRequired {
            return Self::new(
                "RESYNC_REQUIRED: this cursor is too old or of another log. Load the state anew and go on from its cursor.",
            );
        }
        // The operator is the one person who is told what is broken inside.
        if let model::Error::Internal(why) = &error {
            return Self::new(sentence(why));
        }
        Self::new(sentence(&error.to_string()))
    }
}

impl From<crate::telemetry::TelemetryError> for Failure {
    fn from(error: crate::telemetry::TelemetryError) -> Self {
        Self::new(sentence(&error.to_string()))
    }
}

/// Writing to standard output: a closed pipe is the reader's way to say "enough".
pub fn output(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::quiet()
    } else {
        Failure::doing("Standard output cannot be written", error)
    }
}

/// An upper-case letter in front, a full stop behind.
fn sentence(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sentences() {
        let failure = Failure::from(model::Error::not_found("user"));
        assert_eq!(failure, Failure::new("User not found."));
        assert_eq!(Failure::from(model::Error::internal("the disk is full.")), Failure::new("The disk is full."));
        assert_eq!(output(io::Error::from(io::ErrorKind::BrokenPipe)), Failure::quiet());
    }
}
