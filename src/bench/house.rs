//! The server that is measured: a store of its own in a directory of its own, people with tokens, and the same router that
//! `echodesk serve` uses, in this process, on a port of its own.
//!
//! Settings are the defaults, whatever this machine has set, so that two runs measure the same thing.

use crate::assembly;
use crate::cli::Failure;
use crate::config::Config;
use crate::server::Server;
use crate::shutdown::Shutdown;
use engine::{Caller, Engine, NewToken, NewUser};
use model::Actor;
use model::actor::{Member, Via};
use model::id::SessionId;
use model::people::{ProfileInput, Role, UserStatus};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use tokio::task::JoinHandle;

pub const REQUESTERS: usize = 200;
const AGENTS: usize = 10;
/// Each account may hold a hundred sockets, so a thousand need several.
const SUPERVISORS: usize = 20;
/// What `POST /hooks/email` asks for.
pub const HOOK_SECRET: &str = "the-secret-of-the-benchmark";

/// Somebody with an API token.
#[derive(Clone)]
pub struct Person {
    pub caller: Caller,
    pub token: String,
    pub email: String,
}

/// Those who use the server.
#[derive(Clone)]
pub struct People {
    pub requesters: Vec<Person>,
    pub agents: Vec<Person>,
    pub supervisors: Vec<Person>,
}

pub struct House {
    pub engine: Engine,
    pub people: People,
    pub address: SocketAddr,
    pub folder: PathBuf,
    shutdown: Shutdown,
    serving: JoinHandle<()>,
    /// Closed last: a process that closes a file gives up all its locks on it, SQLite's among them.
    _read: Vec<File>,
}

impl House {
    /// Makes a store in the folder (on PostgreSQL where an address is given), lets `fill` put tickets into it, and serves it.
    pub async fn open(
        folder: &Path,
        database: Option<&str>,
        fill: impl AsyncFnOnce(&Engine, &People) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let config = config(folder, database)?;
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::doing(format_args!("{} cannot be made", folder.display()), error))?;
        let engine = Engine::start(assembly::engine_options(&config)).await?;
        // As at a first start: `/v1` names one of the first categories for every ticket.
        engine.first_admin(None, None).await?;
        let people = People::make(&engine).await?;
        fill(&engine, &people).await?;
        let read = read_through(folder).await?;
        let shutdown = Shutdown::new();
        let server = Server::bind(config, engine.clone(), shutdown.clone()).await?;
        let address = server.addresses().first().copied();
        let address = address.ok_or_else(|| Failure::new("The server of the benchmark listens nowhere."))?;
        let serving = tokio::spawn(server.serve());
        Ok(Self { engine, people, address, folder: folder.to_owned(), shutdown, serving, _read: read })
    }

    /// Stops serving and closes the store.
    pub async fn close(self) -> Result<People, Failure> {
        self.shutdown.request();
        self.serving.await.map_err(|error| Failure::doing("The server of the benchmark failed", error))?;
        Ok(self.people)
    }
}

/// Has the system keep the store's files in memory, as it does for a server that has run for a while: what a load of minutes
/// wrote first it may have let go of.
async fn read_through(folder: &Path) -> Result<Vec<File>, Failure> {
    let folder = folder.to_owned();
    let read = move || {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_file() {
                let mut file = File::open(path)?;
                std::io::copy(&mut file, &mut std::io::sink())?;
                files.push(file);
            }
        }
        Ok::<_, std::io::Error>(files)
    };
    let done = tokio::task::spawn_blocking(read).await;
    let done = done.map_err(|error| Failure::doing("The benchmark's files could not be read", error))?;
    done.map_err(|error| Failure::doing("The benchmark's files could not be read", error))
}

fn config(folder: &Path, database: Option<&str>) -> Result<Config, Failure> {
    let folder = folder.display().to_string();
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).to_string();
    let mut settings = vec![
        ("data_dir", folder.as_str()),
        ("listen", listen.as_str()),
        ("public_url", "http://127.0.0.1:8080"),
        ("email.hook_secret", HOOK_SECRET),
        ("email.domain", "desk.example.org"),
        ("email.addresses", "support@desk.example.org"),
        // Whoever asks as fast as they can would measure nothing but refusals.
        ("rate_limit.enabled", "false"),
    ];
    settings.extend(database.map(|url| ("database_url", url)));
    Ok(Config::with(&settings)?)
}

impl People {
    async fn make(engine: &Engine) -> Result<Self, Failure> {
        Ok(Self {
            requesters: some(engine, Role::User, REQUESTERS).await?,
            agents: some(engine, Role::Agent, AGENTS).await?,
            supervisors: some(engine, Role::Supervisor, SUPERVISORS).await?,
        })
    }

    /// A requester of a turn: always the same one for the same number.
    pub fn requester(&self, number: usize) -> Result<&Person, Failure> {
        pick(&self.requesters, number)
    }

    pub fn agent(&self, number: usize) -> Result<&Person, Failure> {
        pick(&self.agents, number)
    }

    pub fn supervisor(&self, number: usize) -> Result<&Person, Failure> {
        pick(&self.supervisors, number)
    }
}

fn pick(people: &[Person], number: usize) -> Result<&Person, Failure> {
    let place = number.checked_rem(people.len()).unwrap_or_default();
    people.get(place).ok_or_else(|| Failure::new("The benchmark has nobody to act."))
}

async fn some(engine: &Engine, role: Role, count: usize) -> Result<Vec<Person>, Failure> {
    let system = Caller::system("bench");
    let mut people = Vec::with_capacity(count);
    for number in 1..=count {
        let email = format!("{}{number}@example.org", role.word());
        let profile = ProfileInput {
            email: Some(email.clone()),
            display_name: Some(format!("{} {number}", role.word())),
            ..ProfileInput::default()
        };
        let new = NewUser { profile, role, status: UserStatus::Active, password: None };
        let user = engine.create_user(&system, new).await?;
        let new = NewToken { user: user.id, name: "bench".to_owned(), scopes: Vec::new(), expires_at: None };
        let (_, token) = engine.create_api_token(&system, new).await?;
        let member = Member { id: user.id, role, via: Via::Session(SessionId(0)), scopes: Vec::new() };
        people.push(Person { caller: Caller::new(Actor::User(member)), token, email });
    }
    Ok(people)
}
