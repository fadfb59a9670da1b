//! The log: lines on standard error, for people or for machines.
//!
//! It answers for form and level only. What is logged is decided where it happens, and never holds the text of a
//! ticket, a comment or a mail. Standard output stays free for what a command prints.

use crate::config::{Log, LogFormat};
use std::io::{IsTerminal, stderr};
use thiserror::Error;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, fmt};

/// Why the log could not be started.
#[derive(Debug, Error)]
pub enum TelemetryError {
    #[error("log.level is not understood: {0}")]
    Level(#[from] ParseError),
    #[error("the log was started twice: {0}")]
    Twice(#[from] TryInitError),
}

/// Starts the log of this process; once, before anything else.
pub fn start(log: &Log) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder().parse(&log.level)?;
    match log.format {
        LogFormat::Text => {
            let lines = fmt().with_env_filter(filter).with_writer(stderr);
            // On a terminal the subscriber decides for itself, so NO_COLOR holds.
            let lines = if stderr().is_terminal() { lines } else { lines.with_ansi(false) };
            lines.finish().try_init()?;
        }
        LogFormat::Json => {
            let lines = fmt().json().flatten_event(true).with_current_span(true).with_span_list(false);
            lines.with_env_filter(filter).with_writer(stderr).finish().try_init()?;
        }
    }
    Ok(())
}
