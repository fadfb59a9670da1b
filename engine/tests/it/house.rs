//! A house to test in: an engine on a fresh store, a clock that stands, and a few people.

use engine::{Caller, Engine, FixedClock, NewUser, Options};
use model::actor::{Member, Via};
use model::id::{SessionId, UserId};
use model::people::{ProfileInput, Role, User, UserStatus};
use model::{Actor, Time};
use std::sync::Arc;

/// The day on which tests begin: 2026-01-05T02:00:00Z, ten in the morning in Shanghai.
pub const START: Time = Time(1_767_578_400_000);

pub struct House {
    pub engine: Engine,
    pub clock: Arc<FixedClock>,
    pub options: Options,
    _dir: tempfile::TempDir,
}

/// Runs a test on SQLite and on PostgreSQL.
pub async fn each_backend<F, Fut>(test: F)
where
    F: Fn(House) -> Fut,
    Fut: Future<Output = ()>,
{
    for postgres in [false, true] {
        println!("--- on {}", if postgres { "PostgreSQL" } else { "SQLite" });
        test(House::open(postgres).await).await;
    }
}

impl House {
    pub async fn open(postgres: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = if postgres {
            store::testing::postgres::fresh_database().await
        } else {
            format!("sqlite://{}", dir.path().join("test.db").display())
        };
        let clock = Arc::new(FixedClock::at(START));
        let mut options = Options::new(url, dir.path());
        options.clock = clock.clone();
        options.store.max_connections = 6;
        options.email.domain = "mail.example.org".into();
        options.email.addresses = vec!["support@example.org".into()];
        let engine = Engine::start(options.clone()).await.unwrap();
        Self { engine, clock, options, _dir: dir }
    }

    /// Another process on the same store.
    pub async fn second(&self) -> Engine {
        Engine::start(self.options.clone()).await.unwrap()
    }

    pub async fn person(&self, name: &str, role: Role) -> User {
        let profile = ProfileInput {
            username: Some(name.to_owned()),
            email: Some(format!("{name}@example.org")),
            display_name: Some(name.to_owned()),
            ..ProfileInput::default()
        };
        let new = NewUser { profile, role, status: UserStatus::Active, password: None };
        self.engine.create_user(&Caller::system("test"), new).await.unwrap()
    }
}

/// The person as a caller with a session.
pub fn caller(user: &User) -> Caller {
    Caller::new(actor(user.id, user.role))
}

pub fn actor(id: UserId, role: Role) -> Actor {
    Actor::User(Member { id, role, via: Via::Session(SessionId(0)), scopes: Vec::new() })
}
