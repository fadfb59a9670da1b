//! `echodesk bench`: the benchmark's options, its report as text and, where asked for, as JSON.

use super::failure::Failure;
use super::terminal;
use crate::bench::{self, Options, Part};
use crate::config::Config;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub struct Bench {
    /// Sizes of the stores that are made, in tickets
    #[arg(long, value_delimiter = ',', default_value = "10000,100000", value_parser = clap::value_parser!(u64).range(100..))]
    tickets: Vec<u64>,
    /// Seconds of each figure, and as many of the limit beside it
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// A PostgreSQL server for the rows about it; it must let us make databases
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Also write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where the stores lie while they are measured; it must be a real disk. By default beside the data directory
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
    /// Measure a debug build all the same
    #[arg(long)]
    allow_debug: bool,
}

impl Bench {
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let beside = config.data_dir.parent().filter(|parent| !parent.as_os_str().is_empty());
        let options = Options {
            tickets: self.tickets,
            seconds: self.seconds,
            postgres: self.postgres,
            only: self.only,
            dir: self.dir.unwrap_or_else(|| beside.unwrap_or(Path::new(".")).to_owned()),
            allow_debug: self.allow_debug,
        };
        let report = bench::run(&options).await?;
        if let Some(path) = self.json {
            let text = serde_json::to_string_pretty(&report)
                .map_err(|error| Failure::doing("The report is no JSON", error))?;
            let written = std::fs::write(&path, text + "\n");
            written.map_err(|error| Failure::doing(format_args!("{} cannot be written", path.display()), error))?;
        }
        terminal::print(&report.text())
    }
}
