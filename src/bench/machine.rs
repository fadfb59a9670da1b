//! Where it is measured: what the system says of itself, and how fast the disk under the stores makes a write durable.

use super::report::{Machine, quantile};
use crate::cli::Failure;
use engine::{Clock as _, SystemClock};
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

const SYNCS: usize = 300;
const BLOCK: usize = 4_096;

pub async fn look(folder: &Path) -> Result<Machine, Failure> {
    let path = folder.join("sync");
    let measured = tokio::task::spawn_blocking(move || syncs(&path)).await;
    let measured = measured.map_err(|error| Failure::doing("The disk cannot be measured", error))?;
    let took = measured.map_err(|error| Failure::doing("The disk cannot be measured", error))?;
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let kib: u64 = memory.trim().trim_end_matches("kB").trim().parse().unwrap_or_default();
    Ok(Machine {
        cpu: cpu.trim_start_matches([' ', '\t', ':']).to_owned(),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        memory_mib: kib / 1_024,
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        directory: folder.display().to_string(),
        sync_p50_ms: quantile(&took, 0.5),
        sync_p99_ms: quantile(&took, 0.99),
        build: if cfg!(debug_assertions) { "debug" } else { "release" },
        version: env!("CARGO_PKG_VERSION"),
        date: SystemClock.now().rfc3339(),
        command: std::env::args().collect::<Vec<_>>().join(" "),
    })
}

/// How long a block takes to be written and durable, shortest first.
fn syncs(path: &Path) -> std::io::Result<Vec<Duration>> {
    let mut file = File::create(path)?;
    let block = [7; BLOCK];
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&block)?;
        file.sync_data()?;
        took.push(began.elapsed());
    }
    std::fs::remove_file(path)?;
    took.sort_unstable();
    Ok(took)
}
