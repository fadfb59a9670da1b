//! What commands print: lines on standard output, progress on standard error.
//!
//! Progress shows on a terminal only, so logs and pipes stay clean.

use super::failure::{self, Failure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::Write as _;

/// Prints a line and sends it on its way at once.
pub fn say(line: impl std::fmt::Display) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(failure::output)
}

/// Prints text as it is.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(failure::output)
}

/// A bar for work of known length, a spinner while the length is 0.
pub fn progress(what: &'static str, length: u64) -> ProgressBar {
    let template = if length == 0 {
        "{msg} {spinner} {human_pos} ({elapsed})"
    } else {
        "{msg} {wide_bar} {human_pos}/{human_len} ({eta})"
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target((length > 0).then_some(length), ProgressDrawTarget::stderr());
    bar.with_style(style).with_message(what)
}

/// `12 rows`, `1 row`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}
