//! What a person sees of where they are signed in: trusted devices, and the history of sign-ins.

use crate::numbered::{Numbered, Numbers};
use crate::{Caller, Engine};
use model::access::{self, Operation};
use model::command::Command;
use model::id::{DeviceId, UserId};
use model::session::{SignInFilter, SignInRecord, TrustedDevice};
use model::{Actor, Result};

impl Engine {
    /// A person's devices that skip the second factor today, newest first.
    pub async fn trusted_devices(&self, actor: &Actor, user: UserId) -> Result<Vec<TrustedDevice>> {
        access::on_person(actor, Operation::ReadSessions, Some(user)).map_err(|error| error.hidden("user"))?;
        let now = self.now();
        let mut devices = store::device::of_user(&mut self.0.store.read().await?, user).await?;
        devices.retain(|device| device.is_live(now));
        Ok(devices)
    }

    pub async fn revoke_trusted_device(&self, by: &Caller, id: DeviceId) -> Result<()> {
        self.execute(by, Command::RevokeTrustedDevice(id)).await.map(|_| ())
    }

    /// A part of the history of a person's sign-ins, newest first, and how long it is.
    pub async fn sign_ins(
        &self,
        actor: &Actor,
        user: UserId,
        filter: &SignInFilter,
        part: Numbers,
    ) -> Result<Numbered<SignInRecord>> {
        access::on_person(actor, Operation::ReadSessions, Some(user)).map_err(|error| error.hidden("user"))?;
        // Whoever has failed just now finds it here.
        self.posted().await;
        let now = self.now();
        let mut conn = self.0.store.read().await?;
        let total = store::history::count(&mut conn, user, filter, now).await?;
        if part.is_behind(total) {
            return Ok(Numbered { items: Vec::new(), total });
        }
        let items = store::history::of_user(&mut conn, user, (filter, now), (part.skip, part.limit)).await?;
        Ok(Numbered { items, total })
    }
}
