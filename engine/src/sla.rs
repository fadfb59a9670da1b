//! SLA configurations: read by staff, made by administrators. What they do to tickets, the rules decide (`model/src/sla/`), out
//! of the policy that every process keeps (`settings.rs`).

use crate::subject::Subject;
use crate::{Caller, Engine};
use model::access::{self, Operation};
use model::command::{Command, EditSlaConfig};
use model::id::SlaConfigId;
use model::sla::SlaConfig;
use model::{Actor, Error, Result};

impl Engine {
    /// All of them: the default one first, then as they were made.
    pub async fn sla_configs(&self, actor: &Actor) -> Result<Vec<SlaConfig>> {
        access::in_general(actor, Operation::ReadSla)?;
        let mut all = store::sla::all(&mut self.0.store.read().await?).await?;
        all.sort_by_key(|config| (!config.form.default, config.id));
        Ok(all)
    }

    pub async fn sla_config(&self, actor: &Actor, id: SlaConfigId) -> Result<SlaConfig> {
        let found = self.sla_configs(actor).await?.into_iter().find(|config| config.id == id);
        found.ok_or_else(|| Error::not_found("SLA configuration"))
    }

    pub async fn create_sla_config(&self, by: &Caller, form: EditSlaConfig) -> Result<SlaConfig> {
        self.on_sla_config(by, Command::CreateSlaConfig(Box::new(form))).await
    }

    pub async fn edit_sla_config(&self, by: &Caller, id: SlaConfigId, form: EditSlaConfig) -> Result<SlaConfig> {
        self.on_sla_config(by, Command::EditSlaConfig(id, Box::new(form))).await
    }

    pub async fn delete_sla_config(&self, by: &Caller, id: SlaConfigId) -> Result<()> {
        self.execute(by, Command::DeleteSlaConfig(id)).await.map(|_| ())
    }

    async fn on_sla_config(&self, by: &Caller, command: Command) -> Result<SlaConfig> {
        let Subject::SlaConfig(id) = self.execute(by, command).await?.subject else {
            return Err(Error::internal("no SLA configuration"));
        };
        let all = store::sla::all(&mut self.0.store.read().await?).await?;
        all.into_iter().find(|config| config.id == id).ok_or_else(|| Error::not_found("SLA configuration"))
    }
}
