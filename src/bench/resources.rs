//! What the server takes: the program itself, started as a process of its own on the loaded store. How long until it
//! answers, how much memory it holds before and after a load, how large the program is.

use super::client::{Load, Wire, post};
use super::create;
use super::house::{House, People};
use super::idle;
use super::read;
use super::report::{Amount, quantile};
use crate::cli::Failure;
use axum::http::{Method, StatusCode};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const STARTS: usize = 5;
/// Idle is idle only after what the start itself did.
const SETTLING: Duration = Duration::from_secs(3);
const LOAD: Duration = Duration::from_secs(10);
const CLIENTS: usize = 16;
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(2);
const MIB: f64 = 1_024.0 * 1_024.0;
const START_BOUND: f64 = 300.0;
const IDLE_BOUND: f64 = 40.0;
const LOADED_BOUND: f64 = 90.0;
/// What a thousand idle sockets may take.
const SOCKETS_BOUND: f64 = 20.0;
const SIZE_BOUND: f64 = 45.0;

/// A server in a process of its own; it ends when this is dropped.
struct Process {
    child: Child,
    address: SocketAddr,
    took: Duration,
}

impl Drop for Process {
    fn drop(&mut self) {
        // An orderly end would do the same to a store that nobody writes to.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

pub async fn cells(folder: &Path, people: People, tickets: u64) -> Result<Vec<Amount>, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::doing("The program cannot find itself", error))?;
    let size =
        std::fs::metadata(&program).map_err(|error| Failure::doing("The program cannot be measured", error))?.len();
    let mut starts = Vec::new();
    let mut process = start(&program, folder).await?;
    starts.push(process.took);
    while starts.len() < STARTS {
        drop(process);
        process = start(&program, folder).await?;
        starts.push(process.took);
    }
    starts.sort_unstable();
    tokio::time::sleep(SETTLING).await;
    let idle = resident(&process.child)?;
    let sockets = idle::sockets(process.address, &people).await?;
    tokio::time::sleep(SETTLING).await;
    let held = resident(&process.child)? - idle;
    drop(sockets);
    let asked = load(process.address, people, tickets).await?;
    let loaded = resident(&process.child)?;
    let slowest = quantile(&starts, 1.0);
    Ok(vec![
        Amount::new("start-up, process to /healthz", quantile(&starts, 0.5), START_BOUND, "ms")
            .beside(format!("median of {STARTS}, slowest {slowest:.0} ms")),
        Amount::new("resident memory, idle", idle, IDLE_BOUND, "MB"),
        Amount::new("1,000 idle /api sockets", held, SOCKETS_BOUND, "MB").beside("what they add to it"),
        Amount::new("resident memory, after the load", loaded, LOADED_BOUND, "MB").beside(format!(
            "{asked} requests in {} s at {CLIENTS} clients: tickets, lists, searches, creates",
            LOAD.as_secs()
        )),
        Amount::new("program", size as f64 / MIB, SIZE_BOUND, "MB"),
    ])
}

async fn start(program: &PathBuf, folder: &Path) -> Result<Process, Failure> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|open| open.local_addr());
    let address = free.map_err(|error| Failure::doing("No port is free", error))?;
    let mut command = Command::new(program);
    // Defaults, whatever this shell has set.
    command.args(["serve", "--data-dir"]).arg(folder).args(["--listen", &address.to_string()]).current_dir(folder);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let child = command.spawn().map_err(|error| Failure::doing("The program cannot be started", error))?;
    let mut process = Process { child, address, took: Duration::ZERO };
    loop {
        if healthy(address).await {
            process.took = began.elapsed();
            return Ok(process);
        }
        if let Ok(Some(status)) = process.child.try_wait() {
            return Err(Failure::new(format!("The program ended before it served: {status}.")));
        }
        if began.elapsed() > PATIENCE {
            return Err(Failure::new("The program does not answer."));
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn healthy(address: SocketAddr) -> bool {
    let Ok(mut wire) = Wire::open(address).await else { return false };
    let Ok(mut ask) = post("/healthz", address, "text/plain", None) else { return false };
    *ask.method_mut() = Method::GET;
    wire.ask(ask).await.is_ok_and(|(status, _)| status == StatusCode::OK)
}

/// `VmRSS` in MB.
fn resident(child: &Child) -> Result<f64, Failure> {
    let path = format!("/proc/{}/status", child.id());
    let status =
        std::fs::read_to_string(path).map_err(|error| Failure::doing("The memory cannot be measured", error))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<f64> = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
    kib.map(|kib| kib / 1_024.0)
        .ok_or_else(|| Failure::new("The system does not tell how much memory a process holds."))
}

/// Tickets, lists, searches and creates side by side; answers how many requests that were.
async fn load(address: SocketAddr, people: People, tickets: u64) -> Result<usize, Failure> {
    let mut loads: Vec<Load> = read::mixed(address, CLIENTS * 3 / 4, people.supervisor(0)?, tickets).await?;
    loads.push(create::load(address, &people, CLIENTS / 4).await?);
    let mut running = JoinSet::new();
    for mut load in loads {
        running.spawn(async move { load.run(LOAD).await.map(|took| took.len()) });
    }
    let mut asked = 0;
    while let Some(done) = running.join_next().await {
        asked += done.map_err(|error| Failure::doing("The load failed", error))??;
    }
    Ok(asked)
}

/// Measures a store that nobody serves any more.
pub async fn of(house: House, tickets: u64) -> Result<Vec<Amount>, Failure> {
    let folder = house.folder.clone();
    let people = house.close().await?;
    cells(&folder, people, tickets).await
}
