//! Passwords: argon2id, off the async threads, and never more of them at once than the machine can bear.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use model::{Error, Result};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Hashes and checks passwords. Each takes about 19 MiB while it runs.
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    /// A hash of nothing that anybody knows: checked for accounts that don't exist, so that they take as long.
    decoy: tokio::sync::OnceCell<String>,
}

impl Passwords {
    pub(crate) fn new(at_once: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(at_once.max(1))), decoy: tokio::sync::OnceCell::new() }
    }

    /// `admit` is asked when there is a place.
    async fn blocking<T: Send + 'static>(
        &self,
        admit: impl FnOnce() -> Result<()> + Send,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        // The place goes along into the thread: a caller who hangs up doesn't free it before the work is done.
        let place = self.places.clone().acquire_owned().await.map_err(Error::internal)?;
        admit()?;
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        })
        .await
        .map_err(Error::internal)?
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String> {
        let work = move || {
            Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string()).map_err(Error::internal)
        };
        self.blocking(|| Ok(()), work).await
    }

    /// Whether the password is right; `None` as hash is never right, and takes as long. `admit` is asked when its turn has come:
    /// of the tries that wait at once, each sees what those before it came to.
    pub(crate) async fn check(
        &self,
        password: String,
        hash: Option<String>,
        admit: impl FnOnce() -> Result<()> + Send,
    ) -> Result<bool> {
        let known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self
                .decoy
                .get_or_try_init(|| async { self.hash(crate::secret::random_token(16)?).await })
                .await?
                .clone(),
        };
        let right = self
            .blocking(admit, move || {
                let parsed = PasswordHash::new(&hash).map_err(Error::internal)?;
                Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
            })
            .await?;
        Ok(right && known)
    }
}
