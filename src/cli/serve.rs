//! `echodesk serve`: the server, from the settings to its last request.

use super::failure::Failure;
use super::{open, terminal};
use crate::config::Config;
use crate::server::{Server, lock, reachable, real_url};
use crate::shutdown::Shutdown;
use crate::telemetry;
use engine::{Engine, FirstAdmin};
use std::net::SocketAddr;

pub async fn run(config: Config) -> Result<(), Failure> {
    telemetry::start(&config.log)?;
    // Signals that come during the start must not be lost.
    let shutdown = Shutdown::on_signals();
    let shutdown = shutdown.map_err(|error| Failure::doing("The program cannot listen for signals", error))?;
    let _held = lock(&config)?;
    let engine = open(&config).await?;
    let started = start(config, &engine, shutdown).await;
    let server = match started {
        Ok(server) => server,
        Err(failure) => {
            engine.close().await;
            return Err(failure);
        }
    };
    let memory = tokio::spawn(crate::memory::tend());
    server.serve().await;
    memory.abort();
    Ok(())
}

/// Opens the addresses first: a server that cannot be reached must not use up the first administrator's password.
async fn start(config: Config, engine: &Engine, shutdown: Shutdown) -> Result<Server, Failure> {
    let password = config.admin_password.as_ref().map(|secret| secret.expose().to_owned());
    let email = config.admin_email.clone();
    let (public_url, playground) = (config.public_url.clone(), config.graphql.playground);
    let server = Server::bind(config, engine.clone(), shutdown).await?;
    let admin = engine.first_admin(email.as_deref(), password.as_deref()).await?;
    if let Some(admin) = admin {
        terminal::say(welcome(&admin, server.addresses(), &public_url, playground))?;
    }
    for address in server.addresses() {
        terminal::say(format_args!("listening on http://{address}"))?;
    }
    Ok(server)
}

/// What the first start says, once.
fn welcome(admin: &FirstAdmin, addresses: &[SocketAddr], public_url: &str, playground: bool) -> String {
    let mut lines = vec!["This is the first start: the administrator was created.".to_owned()];
    let mut row = |name: &str, value: &str| lines.push(format!("  {name:<15} {value}"));
    for address in addresses {
        row("Address", &format!("http://{}", reachable(*address)));
    }
    row("Administrator", &admin.email);
    if admin.generated {
        row("Password", &format!("{}   (shown only now; change it after signing in)", admin.password));
    } else {
        row("Password", "as set by admin_password");
    }
    if playground {
        row("Playground", &format!("{}/playground", real_url(public_url, addresses)));
    }
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let rule = "-".repeat(width);
    format!("{rule}\n{}\n{rule}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_says_what_is_needed_to_sign_in() {
        let admin = FirstAdmin { email: "root@example.org".into(), password: "s3cret-words".into(), generated: true };
        let addresses = ["0.0.0.0:41234".parse().unwrap()];
        let said = welcome(&admin, &addresses, "http://127.0.0.1:0", true);
        for part in ["root@example.org", "s3cret-words", "http://127.0.0.1:41234/playground"] {
            assert!(said.contains(part), "{said}");
        }
        let given = FirstAdmin { generated: false, ..admin };
        let said = welcome(&given, &addresses, "https://desk.example.org", false);
        assert!(!said.contains("s3cret-words") && !said.contains("layground"), "{said}");
    }
}
