//! Stopping: the first SIGTERM or SIGINT asks everything to finish, the second one ends the process at once.
//!
//! Parts that run long hold a receiver and finish by themselves when it turns true; nobody is cancelled from here.

use std::io;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What a shell shows for a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// The wish to stop; clones share it.
#[derive(Debug, Clone)]
pub struct Shutdown {
    wish: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// Without signals: only [`Shutdown::request`] stops it. For tests, and for commands that run beside a server.
    pub fn new() -> Self {
        Self { wish: Arc::new(watch::Sender::new(false)) }
    }

    /// Listens for the signals of this process from now on. Needs a tokio runtime.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let asked = shutdown.clone();
        tokio::spawn(async move {
            for already_asked in [false, true] {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if already_asked {
                    tracing::warn!(signal = name, "stopping at once");
                    std::process::exit(INTERRUPTED);
                }
                tracing::info!(signal = name, "stopping; once more stops at once");
                asked.request();
            }
        });
        Ok(shutdown)
    }

    /// Turns true when stopping is asked for, and stays so.
    pub fn requested(&self) -> watch::Receiver<bool> {
        self.wish.subscribe()
    }

    /// Asks everything to finish.
    pub fn request(&self) {
        self.wish.send_replace(true);
    }

    /// Waits until stopping is asked for; at once if it was.
    pub async fn wait(&self) {
        // The sender is ours, so the channel cannot close while we wait.
        _ = self.requested().wait_for(|asked| *asked).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_hears_it_however_late_they_come() {
        let shutdown = Shutdown::new();
        let early = shutdown.requested();
        assert!(!*early.borrow());
        let waiting = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.wait().await }
        });
        shutdown.request();
        waiting.await.unwrap();
        shutdown.wait().await;
        assert!(*early.borrow() && *shutdown.requested().borrow());
    }
}
