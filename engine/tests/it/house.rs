//! A house to test in: an engine on a fresh store, a clock that stands, and a few people.

use engine::{Caller, Engine, FixedClock, NewUser, Options};
use futures_util::StreamExt as _;
use model::actor::{Member, Via};
use model::command::{AssignTicket, ChangeStatus, Command, Edit, OpenTicket};
use model::event::Recorded;
use model::id::{SessionId, TicketId, UserId};
use model::people::{ProfileInput, Role, User, UserStatus};
use model::ticket::{Status, Ticket};
use model::{Actor, Time};
use std::sync::Arc;
use store::Store;
use store::db::Sql;

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
        Self::open_with(postgres, |_| {}).await
    }

    pub async fn open_with(postgres: bool, change: impl FnOnce(&mut Options)) -> Self {
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
        change(&mut options);
        let engine = Engine::start(options.clone()).await.unwrap();
        Self { engine, clock, options, _dir: dir }
    }

    /// Another process on the same store.
    pub async fn second(&self) -> Engine {
        Engine::start(self.options.clone()).await.unwrap()
    }

    /// The database itself, beside the engine.
    pub async fn store(&self) -> Store {
        Store::connect(&self.options.store).await.unwrap()
    }

    /// A statement beside the engine, under the write lock.
    pub async fn sql(&self, sql: Sql) {
        let store = self.store().await;
        let mut batch = store.begin().await.unwrap();
        batch.conn().run(sql).await.unwrap();
        batch.commit_as_is().await.unwrap();
        store.close().await;
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let store = self.store().await;
        let count = store.read().await.unwrap().int(Sql::new(sql)).await.unwrap();
        store.close().await;
        count
    }

    /// How many statements it takes, all that is kept being warm: the fewest of some runs, for what the engine does by
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

    pub async fn ticket(&self, by: &Caller, title: &str) -> Ticket {
        self.engine.open_ticket(by, OpenTicket::new(title, format!("about {title}"))).await.unwrap()
    }

    /// Has the system do it.
    pub async fn system(&self, command: Command) -> engine::Outcome {
        self.engine.execute(&Caller::system("test"), command).await.unwrap()
    }

    pub async fn assign(&self, ticket: TicketId, to: Option<UserId>) {
        let assign = AssignTicket { assignee: to, department: Edit::Keep, reason: None };
        self.system(Command::AssignTicket(ticket, assign)).await;
    }

    pub async fn status(&self, ticket: TicketId, status: Status) {
        self.system(Command::ChangeStatus(ticket, change(status))).await;
    }

    pub async fn get(&self, id: TicketId) -> Ticket {
        (*self.engine.ticket(&Actor::System("test"), id).await.unwrap()).clone()
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

pub fn change(status: Status) -> ChangeStatus {
    ChangeStatus { status, resolution: None, reason: None }
}

/// Fails a test that waits for ever.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(20), what).await.expect("it took too long")
}

pub type Events = futures_util::stream::BoxStream<'static, model::Result<Arc<Recorded>>>;

/// The next event of a stream.
pub async fn next(events: &mut Events) -> Arc<Recorded> {
    soon(events.next()).await.expect("the stream has ended").unwrap()
}

/// Numbers that look random and are the same every time.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// The person as a caller with a session.
pub fn caller(user: &User) -> Caller {
    Caller::new(actor(user.id, user.role))
}

pub fn actor(id: UserId, role: Role) -> Actor {
    Actor::User(Member { id, role, via: Via::Session(SessionId(0)), scopes: Vec::new() })
}
