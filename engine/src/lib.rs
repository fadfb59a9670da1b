//! What happens: the only way in, the only way out.
//!
//! Surfaces call the typed methods of `Engine`; they write, emit, notify and authorize nothing themselves. Commands go
//! through one writer (`execute.rs`), queries through `ask.rs`, live readers through `hub.rs` and `stream.rs`.
//! The engine names no transport and no SQL.

mod account;
mod accounts;
mod address;
mod answers;
mod ask;
mod audit;
mod authenticate;
mod automate;
mod automation;
mod caller;
mod carrier;
mod cleanup;
mod clock;
mod courier;
mod desk;
mod devices;
mod dispatch;
mod endpoint;
mod execute;
mod facts;
mod figures;
mod files;
mod gather;
mod hub;
mod inbox;
mod intake;
mod jwt;
mod limit;
mod link;
mod mailing;
mod notifying;
mod numbered;
mod operations;
mod password;
mod picture;
mod reads;
mod report;
mod reset;
mod sealing;
mod seat;
mod second_factor;
mod secret;
mod see;
mod service;
mod settings;
mod sla;
mod statistics;
mod stream;
mod subject;
mod throttle;
mod timers;
mod told;
mod tolerate;
mod totp;
mod upload;
mod webhooks;
mod whole;

pub use account::{AccountEdit, AccountTally};
pub use accounts::{Limits as AccountLimits, NewToken, NewUser, SignIn, SignedIn};
pub use address::{Reach, Unreachable, is_public, parse as parse_address};
pub use answers::Answers;
pub use audit::{Act, AuditEntry, AuditFilter, Who, act_of, acts, hearing, status_of, took};
pub use caller::Caller;
pub use carrier::{Carrier, Parcel, Receipt, Trace, Undelivered};
pub use cleanup::{CleanupEdit, CleanupFigures, CleanupRun, CleanupTask, RUNS_MAX};
pub use clock::{Clock, FixedClock, SystemClock};
pub use desk::{DeskFigures, Pile};
pub use endpoint::{Endpoint, Picture};
pub use execute::Outcome;
pub use figures::{Database, OwnFigures, Remembered, SecurityPolicy, SystemFigures};
pub use files::Limits as FileLimits;
pub use inbox::Worded;
pub use intake::TakenIn;
pub use limit::{Rates, Standing};
pub use link::{Link, Signed, path_of};
pub use mailing::{EMAIL, EmailEdit, EmailSettings, Outgoing, Password};
pub use notifying::SentNotification;
pub use numbered::{Changed, CommentQuery, Detail, Logged, Numbered, Numbers};
pub use operations::FirstAdmin;
pub use reads::Opened;
pub use report::{Levels, OwnStatistics, Report, ReportBy, ReportQuery, Tally};
pub use second_factor::Enrolment;
pub use secret::{digest, random_token, same_secret};
pub use service::BULK_MAX;
pub use settings::Config;
pub use statistics::{Statistics, StatisticsQuery};
pub use store::attempt::Attempt;
pub use store::comment::Part;
pub use store::delivery::Delivery;
pub use store::settings::Setting;
pub use subject::Subject;
pub use told::{Preference, Told};
pub use tolerate::Tolerate;
pub use upload::{Received, Served};
pub use webhooks::{NewWebhook, Replayed, WEBHOOKS, WebhookEdit};
pub use whole::Whole;

use futures_util::future::BoxFuture;
use model::id::{Seq, TicketId};
use model::policy::Policy;
use model::query::Cursor;
use model::{Error, Result, Time};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use store::Store;
use tokio::sync::{mpsc, watch};

/// Everything that an engine is started with.
#[derive(Clone)]
pub struct Options {
    pub store: store::Options,
    /// Files (attachments, large raw mails) lie below it.
    pub data_dir: PathBuf,
    pub policy: Policy,
    pub clock: Arc<dyn Clock>,
    pub attachments: files::Limits,
    pub email: EmailOptions,
    pub accounts: accounts::Limits,
    /// Requests per minute, by role.
    pub rates: Rates,
    /// Days of the log that streams replay; older cursors must load anew. The history keeps everything.
    pub replay_days: i64,
    /// Where webhooks may point.
    pub webhooks: Reach,
    /// How long the signed address of a file works, at least.
    pub link_minutes: i64,
}

/// Our side of the mail.
#[derive(Debug, Clone, Default)]
pub struct EmailOptions {
    /// Our Message-IDs end with it.
    pub domain: String,
    /// Our mailboxes; reply addresses are made out of the first.
    pub addresses: Vec<String>,
    /// What signs in to the mail server of `Policy::smtp`.
    pub smtp_password: Option<Password>,
}

impl Options {
    /// Defaults around a store and a folder.
    pub fn new(store_url: impl Into<String>, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            store: store::Options::new(store_url),
            data_dir: data_dir.into(),
            policy: Policy::default(),
            clock: Arc::new(SystemClock),
            attachments: files::Limits::default(),
            email: EmailOptions::default(),
            accounts: accounts::Limits::default(),
            rates: Rates::default(),
            replay_days: 30,
            webhooks: Reach::default(),
            link_minutes: 60,
        }
    }
}

/// The engine. Clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

pub(crate) struct Inner {
    store: Store,
    settings: settings::Settings,
    audit: audit::Audit,
    automation: automate::Automation,
    clock: Arc<dyn Clock>,
    /// When this process began.
    began: Time,
    files: files::Files,
    email: EmailOptions,
    jobs: Mutex<Option<mpsc::Sender<execute::Job>>>,
    writer: Mutex<Option<tokio::task::JoinHandle<()>>>,
    hub: hub::Hub,
    credentials: authenticate::Credentials,
    passwords: password::Passwords,
    throttle: throttle::Throttle,
    /// Commands that are carried out while nobody waits for them.
    posted: watch::Sender<usize>,
    limits: limit::Limits,
    keys: jwt::Keys,
    categories: moka::sync::Cache<(), Arc<Vec<model::category::Category>>>,
    people: moka::sync::Cache<model::id::UserId, Arc<model::people::User>>,
    reads: reads::Reads,
    views: Mutex<HashMap<TicketId, i64>>,
    epoch: String,
    replay_days: i64,
    tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    sealer: sealing::Sealer,
    links: link::Signer,
    endpoints: endpoint::Endpoints,
    mailing: mailing::Mailing,
    reach: Reach,
    /// How far the readers of the log have come, by name; nothing: it reads no more.
    readings: Mutex<HashMap<String, Option<dispatch::Reading>>>,
    carriers: Mutex<Vec<Arc<dyn Carrier>>>,
    couriers: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    /// Turns true when the engine closes.
    closing: watch::Sender<bool>,
}

impl Engine {
    /// Opens the store, runs its migrations, and starts the writer and the hub.
    pub fn start(options: Options) -> BoxFuture<'static, Result<Self>> {
        // Boxed, so that nobody else compiles the writer once more.
        Box::pin(Self::started(options))
    }

    async fn started(options: Options) -> Result<Self> {
        let policy = Policy { max_file_bytes: options.attachments.max_bytes, ..options.policy };
        let files = files::Files::open(options.data_dir.join("files"), options.attachments).await?;
        let store = Store::open(&options.store).await?;
        let life = operations::life_of(&store, &*options.clock).await?;
        files.belong_to(&life.epoch, None).await?;
        let hub = hub::Hub::open(&store).await?;
        // Read after the hub's place: what changes from here on, the hub tells.
        let kept = settings::Kept::read(&mut store.read().await?).await?;
        let (jobs, waiting) = mpsc::channel(execute::QUEUE);
        let inner = Inner {
            sealer: sealing::Sealer::new(life.signing_key.as_bytes())?,
            links: link::Signer::new(life.signing_key.as_bytes(), options.link_minutes)?,
            keys: jwt::Keys::new(&life.signing_key)?,
            epoch: life.epoch,
            reads: reads::Reads::of(&store),
            store,
            credentials: authenticate::Credentials::default(),
            passwords: password::Passwords::new(options.accounts.max_password_hashes),
            throttle: throttle::Throttle::new(options.accounts),
            posted: watch::Sender::new(0),
            limits: limit::Limits::new(options.rates),
            settings: settings::Settings::new(policy, kept),
            audit: audit::Audit::default(),
            automation: automate::Automation::default(),
            began: options.clock.now(),
            clock: options.clock,
            files,
            email: options.email,
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(None),
            hub,
            categories: moka::sync::Cache::builder().max_capacity(1).build(),
            people: moka::sync::Cache::builder().max_capacity(10_000).build(),
            views: Mutex::default(),
            replay_days: options.replay_days,
            tasks: Mutex::default(),
            endpoints: endpoint::Endpoints::default(),
            mailing: mailing::Mailing::default(),
            reach: options.webhooks,
            readings: Mutex::default(),
            carriers: Mutex::default(),
            couriers: Mutex::default(),
            closing: watch::Sender::new(false),
        };
        let engine = Self(Arc::new(inner));
        let seat = seat::Seat::at(&engine.0.store);
        let writer = seat.start(execute::writer(Arc::downgrade(&engine.0), waiting, seat));
        engine.0.writer.lock().map_err(Error::internal)?.replace(writer);
        engine.0.audit.start(Arc::downgrade(&engine.0))?;
        engine.keep(tokio::spawn(hub::follow(Arc::downgrade(&engine.0))));
        Ok(engine)
    }

    /// Starts what a server does by itself: timers, rules, counting views, forgetting what is old.
    pub fn start_background(&self) {
        self.keep(tokio::spawn(timers::run(Arc::downgrade(&self.0))));
        self.keep(tokio::spawn(automate::run(Arc::downgrade(&self.0))));
        self.keep(tokio::spawn(timers::housekeeping(Arc::downgrade(&self.0))));
        self.keep(tokio::spawn(cleanup::keep_time(Arc::downgrade(&self.0))));
    }

    fn keep(&self, task: tokio::task::JoinHandle<()>) {
        if let Ok(mut tasks) = self.0.tasks.lock() {
            tasks.retain(|task| !task.is_finished());
            tasks.push(task);
        }
    }

    /// Carries out what waits, then closes the store. Commands that come later are refused.
    pub fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.closed())
    }

    async fn closed(&self) {
        self.flush_views().await.tolerate("counting the last views");
        self.stop_couriers().await;
        let tasks = self.0.tasks.lock().map(|mut tasks| std::mem::take(&mut *tasks)).unwrap_or_default();
        for task in &tasks {
            task.abort();
        }
        for task in tasks {
            // One that is at work just now must not find the store closed.
            task.await.ok();
        }
        let jobs = self.0.jobs.lock().ok().and_then(|mut jobs| jobs.take());
        drop(jobs);
        let writer = self.0.writer.lock().ok().and_then(|mut writer| writer.take());
        if let Some(writer) = writer {
            writer.await.tolerate("waiting for the writer");
        }
        self.0.audit.close().await;
        self.0.store.close().await;
    }

    pub fn now(&self) -> Time {
        self.0.clock.now()
    }

    /// The place of the last event that this process has seen: what a snapshot taken now is true for, at least.
    pub fn cursor(&self) -> Cursor {
        self.cursor_of(self.0.hub.last())
    }

    pub fn cursor_of(&self, seq: Seq) -> Cursor {
        Cursor { epoch: self.0.epoch.clone(), seq }
    }

    /// How many SQL statements have run: a test counts them per operation.
    pub fn statements(&self) -> u64 {
        self.0.store.statements()
    }
}
