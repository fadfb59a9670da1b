//! Running the house: the first start, readiness, backups, rebuilding the search index.

use crate::{Caller, Clock, Engine, NewUser, Tolerate as _, secret};
use model::category::{CategoryForm, FIRST_CATEGORIES};
use model::command::Command;
use model::people::{ProfileInput, Role, UserStatus};
use model::query::{Direction, Page, Sort, SortBy, TicketFilter};
use model::{Error, Result};
use store::{Scope, Store};

/// The administrator that the first start makes.
#[derive(Debug, Clone)]
pub struct FirstAdmin {
    pub email: String,
    pub password: String,
    /// Whether the password was made up here: then it must be shown, once.
    pub generated: bool,
}

/// What a log has for life.
pub(crate) struct Life {
    pub epoch: String,
    pub signing_key: String,
}

/// Reads the log's epoch and key, or gives it its own on the first start.
pub(crate) async fn life_of(store: &Store, _clock: &dyn Clock) -> Result<Life> {
    let mut conn = store.read().await?;
    let known =
        (store::settings::meta(&mut conn, "epoch").await?, store::settings::meta(&mut conn, "signing_key").await?);
    drop(conn);
    if let (Some(epoch), Some(signing_key)) = known {
        return Ok(Life { epoch, signing_key });
    }
    // Two processes may start at once: the write lock lets one be the first.
    let mut batch = store.begin().await?;
    let known = (
        store::settings::meta(batch.conn(), "epoch").await?,
        store::settings::meta(batch.conn(), "signing_key").await?,
    );
    if let (Some(epoch), Some(signing_key)) = known {
        batch.rollback().await?;
        return Ok(Life { epoch, signing_key });
    }
    let life = Life { epoch: new_epoch()?, signing_key: secret::random_token(48)? };
    batch.set_meta("epoch", &life.epoch).await?;
    batch.set_meta("signing_key", &life.signing_key).await?;
    batch.commit().await?;
    Ok(life)
}

/// A name for a life of the log: short, without the separator.
fn new_epoch() -> Result<String> {
    Ok(secret::random_token(6)?.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase())
}

impl Engine {
    /// Makes the first categories and, where there is no administrator, one with this or a made-up password.
    pub async fn first_admin(&self, email: Option<&str>, password: Option<&str>) -> Result<Option<FirstAdmin>> {
        let mut conn = self.0.store.read().await?;
        let categories = store::category::all(&mut conn).await?;
        let admin = store::people::any_with_role(&mut conn, Role::Admin).await?;
        drop(conn);
        let system = Caller::system("setup");
        if categories.is_empty() {
            for (order, (key, name)) in FIRST_CATEGORIES.into_iter().enumerate() {
                let form = CategoryForm {
                    key: key.to_owned(),
                    name: name.to_owned(),
                    sort_order: order as i64,
                    ..CategoryForm::empty()
                };
                self.execute(&system, Command::CreateCategory(Box::new(form)))
                    .await
                    .map(|_| ())
                    .tolerate("making a first category");
            }
        }
        if admin {
            return Ok(None);
        }
        let email = email.unwrap_or("admin@localhost").to_owned();
        let generated = password.is_none();
        let password = match password {
            Some(password) => password.to_owned(),
            None => secret::random_token(15)?,
        };
        let profile = ProfileInput {
            email: Some(email.clone()),
            display_name: Some("Administrator".to_owned()),
            ..ProfileInput::default()
        };
        let new = NewUser { profile, role: Role::Admin, status: UserStatus::Active, password: Some(password.clone()) };
        match self.create_user(&system, new).await {
            Ok(_) => Ok(Some(FirstAdmin { email, password, generated })),
            // Another server that starts on the same database may have been faster.
            Err(error @ Error::Conflict { .. }) => {
                let mut conn = self.0.store.read().await?;
                if store::people::any_with_role(&mut conn, Role::Admin).await? { Ok(None) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }

    /// `Ok`, or what is not ready.
    pub async fn ready(&self) -> Result<(), Vec<String>> {
        let mut missing = Vec::new();
        let read = async { store::event::last(&mut self.0.store.read().await?).await };
        if let Err(error) = read.await {
            tracing::error!(%error, "the database can't be read");
            missing.push("the database can't be read".to_owned());
        }
        let writing = self.0.writer.lock().is_ok_and(|w| w.as_ref().is_some_and(|w| !w.is_finished()));
        if !writing {
            missing.push("the writer is not running".to_owned());
        }
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    /// Migrations that a store lacks, without running them.
    pub async fn pending_migrations(options: &store::Options) -> Result<Vec<String>> {
        let store = Store::connect(options).await?;
        let pending = store.pending_migrations().await;
        store.close().await;
        pending
    }

    /// Copies the whole store, line by line, while it is in use; answers the number of rows.
    pub async fn backup(&self, line: impl FnMut(&str) -> Result<()> + Send) -> Result<u64> {
        store::backup::copy(self.0.store.read().await?, line).await
    }

    /// Every stored file that something names, in order of the digest, after one.
    pub async fn files(&self, after: &str, limit: usize) -> Result<Vec<(String, i64)>> {
        store::attachment::files_after(&mut self.0.store.read().await?, after, limit).await
    }

    /// Puts a copy back into an empty store. The engine must be started anew afterwards: the log begins another life.
    pub async fn restore(&self, lines: impl Iterator<Item = std::io::Result<String>> + Send) -> Result<u64> {
        let epoch = new_epoch()?;
        let mut batch = self.0.store.begin().await?;
        let restored = async {
            let mut restore = store::backup::Restore::begin(&mut batch).await?;
            for line in lines {
                let line = line.map_err(|e| Error::internal(format!("reading the backup: {e}")))?;
                restore.line(&line).await?;
            }
            restore.finish(&epoch).await
        }
        .await;
        match restored {
            Ok(rows) => {
                batch.commit_as_is().await?;
                self.0.files.belong_to(&epoch, Some(&self.0.epoch)).await?;
                Ok(rows)
            }
            Err(error) => {
                batch.rollback().await?;
                Err(error)
            }
        }
    }

    /// Makes the search index anew. `progress` hears how many tickets are done, of how many.
    pub async fn reindex(&self, mut progress: impl FnMut(u64, u64) + Send) -> Result<u64> {
        let all = u64::try_from(self.all_tickets().await?).unwrap_or(0);
        let filter = TicketFilter { deleted: true, ..TicketFilter::default() };
        let sort = Sort { by: SortBy::Created, direction: Direction::Ascending };
        let mut page = Page::first(100);
        let mut done = 0;
        loop {
            let slice =
                store::list::tickets(&mut self.0.store.read().await?, &filter, Scope::All, sort, &page, self.now())
                    .await?;
            let mut batch = self.0.store.begin().await?;
            for (_, ticket) in &slice.items {
                batch.reindex(ticket.id).await?;
            }
            batch.commit().await?;
            done += slice.items.len() as u64;
            progress(done, all.max(done));
            match slice.items.last() {
                Some((place, _)) if slice.has_next => page.after = Some(*place),
                _ => return Ok(done),
            }
        }
    }
}
