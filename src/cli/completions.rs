//! `echodesk completions`: a script that teaches a shell the commands and flags.

use super::failure::Failure;
use super::{Cli, terminal};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

#[derive(Debug, Args)]
pub struct Completions {
    /// The shell that the script is for
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "echodesk", &mut script);
        terminal::print(&String::from_utf8_lossy(&script))
    }
}
