//! A running server: an engine, the addresses that it listens on, and an orderly end.
//!
//! Everything that can fail before the first request fails in [`Server::bind`], as a sentence. Tests use it as it is, on
//! port 0 with an engine of their own.

use crate::assembly;
use crate::cli::Failure;
use crate::config::Config;
use crate::connections::{Connections, Patience};
use crate::http::{self, App};
use crate::shutdown::Shutdown;
use axum::Router;
use channels::email::MailIntake;
use engine::{Carrier, Engine, Tolerate as _};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How often mails are looked for that were stored and not read.
const RESUME_EVERY: Duration = Duration::from_secs(30);
/// A mail that another process took in so recently is still being read there.
const RESUME_AFTER_MS: i64 = 10_000;
/// WebSockets outlive the connections that the server counts; so long they have to say goodbye.
const FAREWELL: Duration = Duration::from_millis(150);

/// How long a new connection may say nothing.
const OPENING: Duration = Duration::from_secs(30);
/// How long the head of a request may take, and how long a connection may be idle before it. Proxies keep idle connections for
/// a minute: closed by us before, one of them may swallow the request that they are just sending.
const HEADS: Duration = Duration::from_secs(75);

/// An engine and the open addresses it will be served on.
pub struct Server {
    app: Arc<App>,
    router: Router,
    carriers: Vec<Arc<dyn Carrier>>,
    shutdown: Shutdown,
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

impl Server {
    /// Opens every address of `listen` and puts the routes together. Nothing is served yet.
    pub async fn bind(config: Config, engine: Engine, shutdown: Shutdown) -> Result<Self, Failure> {
        let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
        for address in &config.listen {
            let opened = TcpListener::bind(address).await.and_then(|open| Ok((open.local_addr()?, open)));
            let (bound, listener) = opened.map_err(|error| unbound(*address, &error))?;
            listeners.push(listener);
            addresses.push(bound);
        }
        let url = real_url(&config.public_url, &addresses);
        engine.serves_at(&url);
        let carriers = assembly::carriers(&config, url)?;
        let app = Arc::new(App::new(engine, config, shutdown.requested()));
        let router = http::router(&app);
        Ok(Self { app, router, carriers, shutdown, listeners, addresses })
    }

    /// The addresses as they were bound, with their real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub fn engine(&self) -> &Engine {
        &self.app.engine
    }

    /// Serves until stopping is asked for, lets running requests finish for as long as the settings grant, and closes the
    /// engine.
    pub async fn serve(self) {
        let Self { app, router, carriers, shutdown, listeners, .. } = self;
        let patience = Patience { most: app.config.http.max_connections, opening: OPENING, heads: HEADS };
        let connections = Connections::new(router, shutdown.clone(), patience);
        app.engine.start_background();
        for carrier in carriers {
            // It takes its place in the log before anybody is let in: of the first who comes it shall hear, too.
            app.engine.dispatch(&*carrier).await.tolerate("taking a place in the log");
            app.engine.carry(carrier);
        }
        let mut background = JoinSet::new();
        background.spawn(resume(app.intake.clone()));
        if let Some(metrics) = app.metrics.clone() {
            background.spawn(async move { metrics.upkeep().await });
        }
        let mut serving = JoinSet::new();
        for listener in listeners {
            serving.spawn(connections.clone().accept(listener));
        }
        drop(connections);
        shutdown.wait().await;
        let grace = Duration::from_secs(app.config.http.shutdown_grace_seconds);
        let drained = tokio::time::timeout(grace, async {
            while let Some(done) = serving.join_next().await {
                done.tolerate("serving an address");
            }
        });
        if drained.await.is_err() {
            tracing::warn!(seconds = grace.as_secs(), "some requests did not finish in time and are cut off");
            serving.abort_all();
        }
        tokio::time::sleep(FAREWELL.min(grace)).await;
        background.abort_all();
        app.engine.close().await;
        tracing::info!("stopped");
    }
}

/// Reads the mails that were stored and not read, at the start and for as long as the server runs.
async fn resume(intake: MailIntake) {
    let mut due = tokio::time::interval(RESUME_EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        intake.resume(RESUME_AFTER_MS).await.tolerate("looking for unread mail");
    }
}

fn unbound(address: SocketAddr, error: &io::Error) -> Failure {
    let (ip, port) = (address.ip(), address.port());
    let kind = error.kind();
    if kind == io::ErrorKind::AddrInUse {
        Failure::new(format!(
            "The address {address} is in use already: another program listens there. Stop it, or listen on another port \
             with --listen {} or ECHODESK_LISTEN.",
            SocketAddr::new(ip, port.wrapping_add(1).max(1024))
        ))
    } else if kind == io::ErrorKind::PermissionDenied {
        Failure::new(format!(
            "The port {port} is reserved for the system: listen on a port above 1023, or let a proxy stand in front."
        ))
    } else if kind == io::ErrorKind::AddrNotAvailable {
        Failure::new(format!(
            "This machine does not have the address {ip}: write one of its own into `listen`, or 0.0.0.0 for all."
        ))
    } else {
        Failure::doing(format_args!("The address {address} cannot be listened on"), error)
    }
}

/// Keeps a second server, and a restore, away from an SQLite store for as long as the file is held. PostgreSQL has room for
/// several.
pub fn lock(config: &Config) -> Result<Option<File>, Failure> {
    if config.database_url.is_postgres() {
        return Ok(None);
    }
    let path = config.data_dir.join("serve.lock");
    let cannot = |error: io::Error| {
        Failure::doing(format_args!("The data directory {} cannot be written", config.data_dir.display()), error)
    };
    std::fs::create_dir_all(&config.data_dir).map_err(cannot)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
            "Another Echodesk server runs on the data directory {}. Stop it first, or give this one its own data_dir.",
            config.data_dir.display()
        ))),
        Err(TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// The address as a caller on this machine writes it: nobody can connect to 0.0.0.0.
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// The public address; its port is made real where any free one was taken.
pub fn real_url(public_url: &str, addresses: &[SocketAddr]) -> String {
    match addresses.first() {
        Some(first) if public_url.ends_with(":0") => format!("http://{}", reachable(*first)),
        Some(_) | None => public_url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_to_a_data_directory() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::with(&[("data_dir", &folder.path().join("new").display().to_string())]).unwrap();
        let held = lock(&config).unwrap();
        assert!(held.is_some());
        let refused = lock(&config).unwrap_err();
        assert!(refused.sentences.concat().contains("Another Echodesk server"), "{refused:?}");
        drop(held);
        assert!(lock(&config).is_ok());
    }
}
