//! What administrators ask: settings with their defaults, and who asked for which change.

use crate::admin::{AuditLogEntry, Config};
use crate::cleanup::{Cleanup, CleanupRun};
use crate::connection::{Connection, Total, Window};
use crate::context::Call;
use crate::error::Result;
use crate::node::{read, read_or};
use crate::scalars::DateTime;
use crate::sla::SlaConfig;
use crate::words::{CleanupTask, Role};
use async_graphql::{Context, ID, InputObject, Object};
use model::audit::AuditFilter;

#[derive(Default)]
pub(super) struct Admin;

/// Which lines of the audit log.
#[derive(InputObject, Default)]
pub struct AuditFilterInput {
    /// Asked for by this person.
    user: Option<ID>,
    /// By somebody who had this role.
    role: Option<Role>,
    /// With this method, such as POST.
    method: Option<String>,
    /// Answered with this status, such as 403.
    status: Option<i64>,
    /// With this in the name, the path or the action.
    keyword: Option<String>,
    /// From then on.
    from: Option<DateTime>,
    /// Until then.
    to: Option<DateTime>,
}

impl AuditFilterInput {
    fn read(self) -> model::Result<AuditFilter> {
        Ok(AuditFilter {
            user: read_or("user", self.user.as_ref())?,
            role: self.role.map(Into::into),
            method: self.method,
            status: self.status,
            keyword: self.keyword,
            from: self.from.map(|at| at.0),
            to: self.to.map(|at| at.0),
        })
    }
}

#[Object(name = "QueryAdmin")]
impl Admin {
    /// Every setting of the running service, changed or not.
    #[graphql(complexity = "1 + 20 * child_complexity")]
    async fn configs(&self, ctx: &Context<'_>) -> Result<Vec<Config>> {
        let call = Call::of(ctx)?;
        Ok(call.engine.configs(call.actor()).await?.into_iter().map(Config).collect())
    }

    /// The settings that anybody may read.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn public_configs(&self, ctx: &Context<'_>) -> Result<Vec<Config>> {
        Ok(Call::of(ctx)?.engine.public_configs().into_iter().map(Config).collect())
    }

    /// What is kept how long, and what was forgotten; for administrators.
    #[graphql(complexity = "10 + child_complexity")]
    async fn cleanup(&self, ctx: &Context<'_>) -> Result<Cleanup> {
        let call = Call::of(ctx)?;
        Ok(call.engine.cleanup_figures(call.actor()).await?.into())
    }

    /// Records of clean-ups, the newest first; for administrators.
    #[graphql(complexity = "1 + first.unwrap_or(20).clamp(1, 100) as usize * child_complexity")]
    async fn cleanup_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this kind.")] task: Option<CleanupTask>,
        #[graphql(desc = "So many, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
    ) -> Result<Vec<CleanupRun>> {
        let call = Call::of(ctx)?;
        let limit = usize::try_from(first.unwrap_or(20).clamp(1, 100)).unwrap_or(20);
        let runs = call.engine.cleanup_runs(call.actor(), task.map(Into::into), limit).await?;
        Ok(runs.into_iter().map(CleanupRun).collect())
    }

    /// SLA configurations: the default one first, then as they were made; for staff.
    #[graphql(complexity = "1 + 100 * child_complexity")]
    async fn sla_configs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that count, or only the others.")] active: Option<bool>,
    ) -> Result<Vec<SlaConfig>> {
        let call = Call::of(ctx)?;
        let all = call.engine.sla_configs(call.actor()).await?.into_iter();
        Ok(all.filter(|config| active.is_none_or(|active| config.form.active == active)).map(SlaConfig).collect())
    }

    /// One SLA configuration; for staff.
    async fn sla_config(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its global id, or its bare number.")] id: ID,
    ) -> Result<SlaConfig> {
        let call = Call::of(ctx)?;
        Ok(SlaConfig(call.engine.sla_config(call.actor(), read("id", &id)?).await?))
    }

    /// Who asked for which change from where, refusals included, newest first; for administrators.
    #[graphql(complexity = "1 + crate::connection::rows(first, last) * child_complexity")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which lines.")] filter: Option<AuditFilterInput>,
        #[graphql(desc = "So many from the start, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this place.")] after: Option<String>,
        #[graphql(desc = "So many from the end.")] last: Option<i32>,
        #[graphql(desc = "Those before this place.")] before: Option<String>,
    ) -> Result<Connection<AuditLogEntry>> {
        let call = Call::of(ctx)?;
        let page = Window { first, after, last, before }.page()?;
        let filter = filter.unwrap_or_default().read()?;
        let as_of = call.engine.cursor().into();
        let slice = call.engine.audit_log(call.actor(), filter.clone(), &page).await?;
        Ok(Connection::of(slice, as_of, Total::Audit(filter), AuditLogEntry))
    }
}
