//! `echodesk settings`: every setting, as `SETTINGS.md` has it.

use super::failure::Failure;
use super::terminal;
use crate::config::settings_markdown;

pub fn run() -> Result<(), Failure> {
    terminal::print(&settings_markdown())
}
