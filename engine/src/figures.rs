//! Figures of the whole installation, for those who run it, and of one's own doings, for everybody.
//!
//! Tickets are counted by the cube; nothing here looks through all of them.

use crate::settings::Kept;
use crate::{DeskFigures, Engine, OwnStatistics};
use model::access::{self, Operation};
use model::people::{Role, User, UserStatus};
use model::session::{TRUSTED_DAYS, TRUSTED_MAX};
use model::time::DAY;
use model::{Actor, Result, Time};

/// Settled deliveries that are counted where nobody says since when.
const DELIVERIES: i64 = 30 * DAY;

/// The database that everything is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SystemFigures {
    pub people: Vec<(Role, UserStatus, i64)>,
    pub tickets: DeskFigures,
    /// Since when settled deliveries are counted, and how many there are in each state.
    pub deliveries_since: Time,
    pub deliveries: Vec<(String, i64)>,
    pub database: Database,
    /// Bytes that it takes.
    pub database_size: i64,
    /// Events in the log.
    pub events: i64,
    pub began: Time,
    pub now: Time,
}

/// What one has done, and what waits for one.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnFigures {
    pub user: User,
    pub tickets: OwnStatistics,
    pub comments: i64,
    pub notifications: i64,
    pub unread: i64,
}

/// What is really asked of those who sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityPolicy {
    pub password_min: usize,
    pub password_max: usize,
    pub allow_registration: bool,
    /// Failures for one name, and from one address, within so many milliseconds, until it has to wait; `None`: any number.
    pub bears: Option<(u32, u32, i64)>,
    pub access_minutes: i64,
    pub refresh_days: i64,
    pub trusted_days: i64,
    pub trusted_max: usize,
}

/// What is held in memory, each piece of it cleared by the event that changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remembered {
    /// Settings that are not at their default.
    pub settings: usize,
    pub people: u64,
    /// Whether the categories are.
    pub categories: bool,
}

impl Engine {
    /// Whether the figures of the installation are the actor's to read, for those who keep some themselves.
    pub fn may_read_figures(&self, actor: &Actor) -> Result<()> {
        access::in_general(actor, Operation::ReadSystem)
    }

    /// The tickets are those created since an instant, or all.
    pub async fn system_figures(&self, actor: &Actor, since: Option<Time>) -> Result<SystemFigures> {
        access::in_general(actor, Operation::ReadSystem)?;
        let tickets = self.desk_figures(actor, since).await?;
        let now = self.now();
        let deliveries_since = since.unwrap_or_else(|| now.plus(-DELIVERIES));
        let mut conn = self.0.store.read().await?;
        let people = store::people::tally(&mut conn).await?;
        let deliveries = store::delivery::states(&mut conn, deliveries_since).await?;
        let events = store::event::last(&mut conn).await?.0;
        drop(conn);
        Ok(SystemFigures {
            people,
            tickets,
            deliveries_since,
            deliveries,
            database: self.database(),
            database_size: self.0.store.size().await?,
            events,
            began: self.0.began,
            now,
        })
    }

    pub fn database(&self) -> Database {
        if self.0.store.is_postgres() { Database::Postgres } else { Database::Sqlite }
    }

    pub async fn own_figures(&self, actor: &Actor) -> Result<OwnFigures> {
        access::in_general(actor, Operation::ReadNotifications)?;
        let user = self.me(actor).await?;
        let tickets = self.own_statistics(actor).await?;
        let mut conn = self.0.store.read().await?;
        Ok(OwnFigures {
            comments: store::comment::said(&mut conn, user.id).await?,
            notifications: store::notification::count(&mut conn, user.id).await?,
            unread: store::notification::unread_count(&mut conn, user.id).await?,
            user,
            tickets,
        })
    }

    pub fn security_policy(&self, actor: &Actor) -> Result<SecurityPolicy> {
        access::in_general(actor, Operation::ReadSettings)?;
        let policy = self.policy();
        Ok(SecurityPolicy {
            password_min: policy.password_min_length,
            password_max: model::people::PASSWORD_MAX,
            allow_registration: policy.allow_registration,
            bears: self.0.throttle.bears(),
            access_minutes: policy.access_minutes,
            refresh_days: policy.refresh_days,
            trusted_days: TRUSTED_DAYS,
            trusted_max: TRUSTED_MAX,
        })
    }

    pub fn remembered(&self, actor: &Actor) -> Result<Remembered> {
        access::in_general(actor, Operation::ReadSettings)?;
        self.0.people.run_pending_tasks();
        self.0.categories.run_pending_tasks();
        Ok(Remembered {
            settings: self.0.settings.changed(),
            people: self.0.people.entry_count(),
            categories: self.0.categories.entry_count() > 0,
        })
    }

    /// Reads anew what is held in memory; answers how many settings that are.
    pub async fn read_anew(&self, actor: &Actor) -> Result<usize> {
        access::in_general(actor, Operation::ChangeSettings)?;
        self.0.people.invalidate_all();
        self.0.categories.invalidate_all();
        // While nothing is handed on, nothing newer than what is read can come in between.
        let turn = self.0.hub.hold().await;
        self.0.settings.replace(Kept::read(&mut self.0.store.read().await?).await?);
        drop(turn);
        Ok(self.0.settings.changed())
    }

    /// Whether a round trip works: something read out of the database, and the writer and the hub at their places.
    pub async fn round_trip(&self) -> Result<(), Vec<String>> {
        self.ready().await?;
        let handed_on = self.0.hub.last();
        let read = async { store::event::last(&mut self.0.store.read().await?).await };
        match read.await {
            Ok(last) if last >= handed_on => Ok(()),
            Ok(_) => Err(vec!["the hub is ahead of the log".to_owned()]),
            Err(_) => Err(vec!["the database can't be read".to_owned()]),
        }
    }
}
