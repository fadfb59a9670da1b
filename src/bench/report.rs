//! What was measured, as people read it and as programs do: the machine, a table, what falls short.

use super::limits::Cell;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// Work that was done in some time.
#[derive(Debug, Default)]
pub struct Rate {
    took: Vec<Duration>,
    time: Duration,
}

impl Rate {
    /// Adds a slice, and answers its rate.
    pub fn add(&mut self, took: Vec<Duration>, time: Duration) -> f64 {
        let rate = took.len() as f64 / time.as_secs_f64();
        self.took.extend(took);
        self.time += time;
        rate
    }

    pub fn per_second(&self) -> f64 {
        if self.time.is_zero() { 0.0 } else { self.took.len() as f64 / self.time.as_secs_f64() }
    }

    /// A quantile of the times, in milliseconds.
    pub fn quantile(&mut self, share: f64) -> f64 {
        self.took.sort_unstable();
        quantile(&self.took, share)
    }
}

/// A quantile of sorted times, in milliseconds.
pub fn quantile(sorted: &[Duration], share: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(place).map_or(0.0, |took| took.as_secs_f64() * 1e3)
}

/// One line of the table of rates.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    pub work: String,
    pub clients: usize,
    pub tickets: u64,
    pub against: &'static str,
    pub limit: f64,
    pub own: f64,
    pub ratio: f64,
    /// The lowest and highest ratio of a pair of slices.
    pub ratio_low: f64,
    pub ratio_high: f64,
    pub reach: f64,
    pub ok: bool,
    pub own_p50_ms: f64,
    pub own_p99_ms: f64,
    pub limit_p50_ms: f64,
    pub limit_p99_ms: f64,
}

impl Figure {
    pub fn new(cell: Cell, mut limit: Rate, mut own: Rate, pairs: &[f64]) -> Self {
        let ratio = own.per_second() / limit.per_second().max(f64::MIN_POSITIVE);
        Self {
            work: cell.work,
            clients: cell.clients,
            tickets: 0,
            against: cell.against,
            limit: limit.per_second(),
            own: own.per_second(),
            ratio,
            ratio_low: pairs.iter().copied().fold(f64::INFINITY, f64::min),
            ratio_high: pairs.iter().copied().fold(0.0, f64::max),
            reach: cell.reach,
            ok: ratio >= cell.reach,
            own_p50_ms: own.quantile(0.5),
            own_p99_ms: own.quantile(0.99),
            limit_p50_ms: limit.quantile(0.5),
            limit_p99_ms: limit.quantile(0.99),
        }
    }
}

/// A quantity that is to stay below a bound: a latency, memory, a size.
#[derive(Debug, Clone, Serialize)]
pub struct Amount {
    pub work: String,
    pub tickets: u64,
    pub value: f64,
    pub bound: f64,
    pub unit: &'static str,
    pub ok: bool,
    /// What stands beside it.
    pub beside: String,
}

impl Amount {
    pub fn new(work: impl Into<String>, value: f64, bound: f64, unit: &'static str) -> Self {
        Self { work: work.into(), tickets: 0, value, bound, unit, ok: value <= bound, beside: String::new() }
    }

    pub fn beside(self, beside: impl Into<String>) -> Self {
        Self { beside: beside.into(), ..self }
    }
}

/// Where it was measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub memory_mib: u64,
    pub kernel: String,
    pub directory: String,
    /// Milliseconds for a write of 4 KiB and its fdatasync there: half of them are faster.
    pub sync_p50_ms: f64,
    pub sync_p99_ms: f64,
    pub build: &'static str,
    pub version: &'static str,
    pub date: String,
    pub command: String,
}

/// Everything that a run found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub figures: Vec<Figure>,
    pub amounts: Vec<Amount>,
    /// Cells that could not be measured, and why.
    pub failed: Vec<String>,
    pub notes: Vec<String>,
}

/// A figure may be so many times worse in the large store than in the small one.
const GROWTH: f64 = 1.5;

impl Report {
    /// Notes the size of the store that was measured.
    pub fn sized(&mut self, tickets: u64, figures: Vec<Figure>, amounts: Vec<Amount>) {
        self.figures.extend(figures.into_iter().map(|figure| Figure { tickets, ..figure }));
        self.amounts.extend(amounts.into_iter().map(|amount| Amount { tickets, ..amount }));
    }

    /// The whole report as text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for part in
            [self.machine_text(), self.figures_text(), self.amounts_text(), self.growth_text(), self.notes_text()]
        {
            if !part.is_empty() {
                writeln!(out, "{part}").unwrap_or_default();
            }
        }
        out
    }

    fn machine_text(&self) -> String {
        let m = &self.machine;
        format!(
            "Echodesk {}, {} build, {}\n{}\n\n{} x {}, {} MiB, Linux {}\n{}: write of 4 KiB and fdatasync p50 {:.2} ms, p99 {:.2} ms\n",
            m.version,
            m.build,
            m.date,
            m.command,
            m.cores,
            m.cpu,
            m.memory_mib,
            m.kernel,
            m.directory,
            m.sync_p50_ms,
            m.sync_p99_ms
        )
    }

    fn figures_text(&self) -> String {
        if self.figures.is_empty() {
            return String::new();
        }
        let head = [
            "work", "clients", "tickets", "limit/s", "own/s", "ratio", "(slices)", "reach", "", "p50 ms", "p99 ms",
            "limit",
        ];
        let rows = self.figures.iter().map(|f| {
            vec![
                f.work.clone(),
                f.clients.to_string(),
                f.tickets.to_string(),
                format!("{:.0}", f.limit),
                format!("{:.0}", f.own),
                percent(f.ratio),
                format!("{}-{}", percent(f.ratio_low), percent(f.ratio_high)),
                percent(f.reach),
                verdict(f.ok),
                format!("{:.2}", f.own_p50_ms),
                format!("{:.2}", f.own_p99_ms),
                f.against.to_owned(),
            ]
        });
        table(&head, rows)
    }

    fn amounts_text(&self) -> String {
        if self.amounts.is_empty() {
            return String::new();
        }
        let head = ["work", "tickets", "value", "at most", "", "beside"];
        let rows = self.amounts.iter().map(|a| {
            let number = |value: f64| {
                if a.unit == "ms" && value < 100.0 {
                    format!("{value:.2} {}", a.unit)
                } else {
                    format!("{value:.0} {}", a.unit)
                }
            };
            vec![
                a.work.clone(),
                a.tickets.to_string(),
                number(a.value),
                number(a.bound),
                verdict(a.ok),
                a.beside.clone(),
            ]
        });
        table(&head, rows)
    }

    /// The largest store against the smallest, by the share of the limit: the machine's own ups and downs are out of it.
    fn growth_text(&self) -> String {
        let smallest = self.figures.iter().map(|f| f.tickets).min().unwrap_or_default();
        let largest = self.figures.iter().map(|f| f.tickets).max().unwrap_or_default();
        let at = |tickets| self.figures.iter().filter(move |f| f.tickets == tickets);
        let pairs = at(smallest).filter_map(|small| {
            let same = |large: &&Figure| large.work == small.work && large.clients == small.clients;
            at(largest).find(same).map(|large| (small, large))
        });
        if smallest == largest {
            return String::new();
        }
        let head = ["work", "clients", "small/large by ratio", "by rate", "at most", ""];
        let rows = pairs.map(|(small, large)| {
            let by_ratio = small.ratio / large.ratio.max(f64::MIN_POSITIVE);
            let by_rate = small.own / large.own.max(f64::MIN_POSITIVE);
            vec![
                small.work.clone(),
                small.clients.to_string(),
                format!("{by_ratio:.2}"),
                format!("{by_rate:.2}"),
                format!("{GROWTH}"),
                verdict(by_ratio <= GROWTH),
            ]
        });
        table(&head, rows)
    }

    fn notes_text(&self) -> String {
        let failed = self.failed.iter().map(|one| format!("NOT MEASURED: {one}"));
        failed.chain(self.notes.iter().map(|note| format!("* {note}"))).collect::<Vec<_>>().join("\n")
    }
}

fn verdict(ok: bool) -> String {
    if ok { "ok" } else { "SHORT" }.to_owned()
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// Columns as wide as their widest cell; the first to the left, the others to the right but the last.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut all = vec![head.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()];
    all.extend(rows);
    let widths: Vec<usize> = (0..head.len())
        .map(|at| all.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or_default())
        .collect();
    let mut out = String::new();
    for row in &all {
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
            let gap = if at == 0 { "" } else { "  " };
            let text =
                if at == 0 || at + 1 == head.len() { format!("{gap}{cell}{pad}") } else { format!("{gap}{pad}{cell}") };
            out.push_str(&text);
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert!((quantile(&times, 0.5) - 51.0).abs() < 1.1 && (quantile(&times, 0.99) - 99.0).abs() < 1.1);
        assert!((quantile(&times, 1.0) - 100.0).abs() < 0.001 && quantile(&[], 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn tables_line_up() {
        let rows = [vec!["a".to_owned(), "1".to_owned(), "x".to_owned()]];
        assert_eq!(table(&["work", "n", "end"], rows.into_iter()), "work  n  end\na     1  x\n");
    }
}
