//! `echodesk bench`: how fast this build is on this machine, as shares of limits that are measured in the same run.
//!
//! It makes stores of its own, loads them through the engine, and asks the real router over real sockets. Clients and server
//! share this process and its threads; the limits are asked by the same clients, so both sides pay the same for them. It
//! judges nothing but its own table: a figure that falls short is printed as such, and the command succeeds.

mod client;
mod create;
mod dialect;
mod house;
mod idle;
mod limits;
mod machine;
mod mail;
mod read;
mod report;
mod resources;
mod seed;
mod stream;

pub use report::Report;

use crate::cli::Failure;
use dialect::{API, V1};
use engine::Tolerate as _;
use house::House;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use report::{Amount, Figure};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Tickets over GraphQL, on SQLite and, with --postgres, on PostgreSQL; tickets and comments over /v1 and /api
    Create,
    /// A ticket with its comments, a list; over /v1 and /api statistics, too
    Read,
    /// A Chinese and an English word
    Search,
    /// Raw mail to ticket
    Mail,
    /// Commit to subscriber
    Stream,
    /// Memory, start-up, size of the program
    Resources,
}

/// How to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Sizes of the stores, in tickets.
    pub tickets: Vec<u64>,
    /// Seconds of each side of each cell.
    pub seconds: u64,
    /// A PostgreSQL server that we may make databases on.
    pub postgres: Option<String>,
    /// Empty: everything.
    pub only: Vec<Part>,
    /// Where the stores lie while they are measured: a real disk.
    pub dir: PathBuf,
    pub allow_debug: bool,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// Measures everything that is asked for, one size after the other.
pub async fn run(options: &Options) -> Result<Report, Failure> {
    if cfg!(debug_assertions) && !options.allow_debug {
        return Err(Failure::new(
            "This is a debug build, whose figures say nothing: run `cargo run --release -- bench`, or insist with --allow-debug.",
        ));
    }
    let folder = tempfile::Builder::new().prefix("echodesk-bench-").tempdir_in(&options.dir);
    let folder =
        folder.map_err(|error| Failure::doing(format_args!("{} cannot be written", options.dir.display()), error))?;
    let mut report = Report { machine: machine::look(folder.path()).await?, ..Report::default() };
    report.notes = NOTES.map(str::to_owned).to_vec();
    for tickets in &options.tickets {
        on_sqlite(options, &folder.path().join(format!("sqlite-{tickets}")), *tickets, &mut report).await?;
        if let (Some(server), true) = (&options.postgres, options.wants(Part::Create)) {
            on_postgres(options, server, &folder.path().join(format!("postgres-{tickets}")), *tickets, &mut report)
                .await?;
        }
    }
    if options.postgres.is_none() && options.wants(Part::Create) {
        report.failed.push("create, PostgreSQL: no server was named with --postgres".to_owned());
    }
    Ok(report)
}

const NOTES: [&str; 6] = [
    "Clients, limit and server share one process and its threads; both sides of a ratio pay for the same clients.",
    "A ratio is work done in all slices against the limit's; in brackets the lowest and highest of a pair of slices.",
    "Commit to subscriber: from the return of the call that opened the ticket (durable by then) to the message at the client; \
     earlier arrivals count as 0. The subscribers' sockets are clients in this process, too.",
    "Logging is at the level of this command (warn unless set), figures for Prometheus are kept, as a server keeps them.",
    "The store's files are read through once before anything is measured, as the system's memory has those of a server that runs.",
    "Memory and start-up are those of `echodesk serve` as a process of its own, on the store as the other cells left it.",
];

/// The store of one size on SQLite. What is only read comes first, so that it is read at that size.
async fn on_sqlite(options: &Options, folder: &Path, tickets: u64, report: &mut Report) -> Result<(), Failure> {
    let house = House::open(folder, None, async |engine, people| load("SQLite", engine, people, tickets).await).await?;
    let seconds = options.seconds;
    let (mut figures, mut amounts): (Vec<Figure>, Vec<Amount>) = (Vec::new(), Vec::new());
    let failed = &mut report.failed;
    if options.wants(Part::Read) {
        figures.extend(keep(failed, "ticket with its comments", read::detail(&house, tickets, seconds).await));
        figures.extend(keep(failed, "list of 20 by status", read::list(&house, seconds).await));
        for dialect in [V1, API] {
            let measured = read::dialect_figures(&dialect, &house, tickets, seconds).await;
            figures.extend(keep(failed, dialect.prefix, measured).into_iter().flatten());
            let alone = read::statistics_alone(&dialect, &house, seconds).await;
            amounts.extend(keep(failed, &format!("{} statistics, p99", dialect.prefix), alone));
        }
    }
    if options.wants(Part::Search) {
        figures.extend(keep(failed, "search", read::search(&house, tickets, seconds).await).into_iter().flatten());
    }
    if options.wants(Part::Stream) {
        amounts
            .extend(keep(failed, "commit to subscriber", stream::cells(&house, seconds).await).into_iter().flatten());
    }
    if options.wants(Part::Mail) {
        figures.extend(keep(failed, "mail to ticket", mail::cell(&house, seconds).await));
    }
    if options.wants(Part::Create) {
        figures.extend(keep(failed, "create, SQLite", create::on_sqlite(&house, seconds).await).into_iter().flatten());
        for dialect in [V1, API] {
            let measured = create::dialect_on_sqlite(&dialect, &house, tickets, seconds).await;
            let work = format!("{} create and comment", dialect.prefix);
            figures.extend(keep(failed, &work, measured).into_iter().flatten());
        }
    }
    let held = house.engine.all_tickets().await?;
    if options.wants(Part::Resources) {
        amounts.extend(keep(failed, "resources", resources::of(house, tickets).await).into_iter().flatten());
    } else {
        house.close().await?;
    }
    report.notes.push(format!("The SQLite store of {tickets} tickets held {held} when all its cells were done."));
    report.sized(tickets, figures, amounts);
    std::fs::remove_dir_all(folder).tolerate("removing a store of the benchmark");
    Ok(())
}

async fn on_postgres(
    options: &Options,
    server: &str,
    folder: &Path,
    tickets: u64,
    report: &mut Report,
) -> Result<(), Failure> {
    let name = format!("echodesk_bench_{tickets}");
    let url = store::bench::make_database(server, &name).await?;
    let house =
        House::open(folder, Some(&url), async |engine, people| load("PostgreSQL", engine, people, tickets).await)
            .await?;
    let measured = create::on_postgres(&house, &url, options.seconds).await;
    house.close().await?;
    store::bench::drop_database(server, &name).await?;
    let figures = keep(&mut report.failed, "create, PostgreSQL", measured).unwrap_or_default();
    report.sized(tickets, figures, Vec::new());
    Ok(())
}

async fn load(what: &str, engine: &engine::Engine, people: &house::People, tickets: u64) -> Result<(), Failure> {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} ({eta})");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(tickets), ProgressDrawTarget::stderr()).with_style(style);
    bar.set_message(format!("loading {what}"));
    let began = Instant::now();
    seed::load(engine, people, tickets, &bar).await?;
    bar.finish_and_clear();
    eprintln!("{what}: {tickets} tickets with three comments each loaded in {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// A cell that fails is told of, and the others go on.
fn keep<T>(failed: &mut Vec<String>, what: &str, measured: Result<T, Failure>) -> Option<T> {
    match measured {
        Ok(value) => {
            eprintln!("{what}: measured");
            Some(value)
        }
        Err(failure) => {
            let why = failure.sentences.join(" ");
            eprintln!("{what}: {why}");
            failed.push(format!("{what}: {why}"));
            None
        }
    }
}
