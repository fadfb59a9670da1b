//! TestApp: the real server in this process, on port 0, under a clock that stands, with a person of each role.
//!
//! It is put together as `echodesk serve` does it: settings, engine, server. When a test drops it, nothing may be left to
//! be delivered.

use crate::api::{Api, HOOK_SECRET};
use crate::binary::{Done, Home};
use echodesk::assembly::engine_options;
use echodesk::config::Config;
use echodesk::server::Server;
use echodesk::shutdown::Shutdown;
use engine::{Caller, Engine, FixedClock, NewToken, NewUser};
use model::Time;
use model::id::UserId;
use model::people::{ProfileInput, Role, UserStatus};
use std::ops::Deref;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// The day on which tests begin: 2026-01-05T02:00:00Z, ten in the morning in Shanghai.
pub const START: Time = Time(1_767_578_400_000);

/// The password of everybody who has one.
pub const PASSWORD: &str = "correct horse battery";

/// Somebody with an account and a token of their own.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: UserId,
    pub token: String,
}

impl Person {
    pub fn global(&self) -> String {
        format!("user_{}", self.id)
    }
}

pub struct TestApp {
    api: Api,
    pub engine: Engine,
    pub clock: Arc<FixedClock>,
    pub home: Home,
    pub admin: Person,
    pub supervisor: Person,
    pub agent: Person,
    pub user: Person,
    /// A user who has nothing to do with anybody's tickets.
    pub stranger: Person,
    shutdown: Shutdown,
    serving: Option<JoinHandle<()>>,
}

/// Runs a test on SQLite and on PostgreSQL.
pub async fn each_backend<F, Fut>(test: F)
where
    F: Fn(TestApp) -> Fut,
    Fut: Future<Output = ()>,
{
    for postgres in [false, true] {
        println!("--- on {}", if postgres { "PostgreSQL" } else { "SQLite" });
        test(TestApp::on(postgres, &[]).await).await;
    }
}

impl TestApp {
    /// On SQLite, with the defaults, except that requests are not limited.
    pub async fn start() -> Self {
        Self::on(false, &[]).await
    }

    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(false, settings).await
    }

    pub async fn on(postgres: bool, settings: &[(&str, &str)]) -> Self {
        let home = Home::new(postgres).await;
        let data_dir = home.data_dir().display().to_string();
        let mut all = vec![
            ("listen", "127.0.0.1:0"),
            ("data_dir", &data_dir),
            ("database_url", &home.database_url),
            ("email.domain", "desk.example"),
            ("email.addresses", "support@desk.example"),
            ("email.hook_secret", HOOK_SECRET),
            ("http.shutdown_grace_seconds", "2"),
            // Tests ask more than people do; those of the limits switch them on.
            ("rate_limit.enabled", "false"),
        ];
        all.extend(settings);
        let config = Config::with(&all).unwrap();
        let clock = Arc::new(FixedClock::at(START));
        let mut options = engine_options(&config);
        options.clock = clock.clone();
        let engine = Engine::start(options).await.unwrap();
        let shutdown = Shutdown::new();
        let server = Server::bind(config, engine.clone(), shutdown.clone()).await.unwrap();
        let api = Api::new(format!("http://{}", server.addresses()[0]));
        let serving = Some(tokio::spawn(server.serve()));
        // As at a first start; there is an administrator already.
        let root = person(&engine, "root", Role::Admin).await;
        assert!(engine.first_admin(None, None).await.unwrap().is_none());
        let [supervisor, agent, user, stranger] = [
            person(&engine, "sue", Role::Supervisor).await,
            person(&engine, "agnes", Role::Agent).await,
            person(&engine, "ulla", Role::User).await,
            person(&engine, "sam", Role::User).await,
        ];
        Self { api, engine, clock, home, admin: root, supervisor, agent, user, stranger, shutdown, serving }
    }

    /// Somebody who can sign in by [`PASSWORD`].
    pub async fn with_password(&self, name: &str, role: Role) -> Person {
        make(&self.engine, name, role, Some(PASSWORD.to_owned())).await
    }

    /// How many statements it takes, all that is kept being warm: the fewest of some runs, for what the server does by
    /// itself counts, too.
    pub async fn statements(&self, ask: impl AsyncFn()) -> u64 {
        ask().await;
        let mut fewest = u64::MAX;
        for _ in 0..7 {
            let before = self.engine.statements();
            ask().await;
            fewest = fewest.min(self.engine.statements() - before);
        }
        fewest
    }

    /// For a test that has taken the store away: what is due cannot be asked for then.
    pub fn left_as_it_is(mut self) {
        self.shutdown.request();
        self.serving = None;
    }

    /// The built program beside this server, on the same store.
    pub async fn cli(&self, words: &[&str], input: &[u8]) -> Done {
        self.home.run(words, input).await
    }
}

/// A new person; the name is their user name, and `name@example.org` their address.
pub async fn person(engine: &Engine, name: &str, role: Role) -> Person {
    make(engine, name, role, None).await
}

async fn make(engine: &Engine, name: &str, role: Role, password: Option<String>) -> Person {
    let profile = ProfileInput {
        username: Some(name.to_owned()),
        email: Some(format!("{name}@example.org")),
        display_name: Some(name.to_owned()),
        phone: Some("+86 10 5555 1234".to_owned()),
        ..ProfileInput::default()
    };
    let system = Caller::system("test");
    let new = NewUser { profile, role, status: UserStatus::Active, password };
    let id = engine.create_user(&system, new).await.unwrap().id;
    let new = NewToken { user: id, name: "tests".to_owned(), scopes: Vec::new(), expires_at: None };
    let (_, token) = engine.create_api_token(&system, new).await.unwrap();
    Person { id, token }
}

impl TestApp {
    /// Ends it although something is left to be delivered, to addresses at which nobody listens.
    pub async fn leave(mut self) {
        self.shutdown.request();
        if let Some(serving) = self.serving.take() {
            serving.await.unwrap();
        }
    }
}

impl Deref for TestApp {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if self.serving.is_none() {
            return;
        }
        let due = tokio::task::block_in_place(|| {
            Handle::current().block_on(async {
                let due = self.engine.due_deliveries().await;
                self.shutdown.request();
                if let Some(serving) = self.serving.take() {
                    serving.await.unwrap();
                }
                due
            })
        });
        if !std::thread::panicking() {
            assert_eq!(due.unwrap(), 0, "deliveries are left");
        }
    }
}
