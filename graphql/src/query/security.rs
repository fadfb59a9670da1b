//! What guards a person's account, as they (and administrators) see it.

use super::people::whose;
use crate::context::Call;
use crate::error::Result;
use crate::security::{LoginHistory, LoginHistoryFilter, SecondFactor, SignInRecord, TrustedDevice};
use async_graphql::{Context, ID, Object};
use engine::Numbers;
use model::Error;
use model::query::PAGE_MAX;

#[derive(Default)]
pub(super) struct Security;

#[Object(name = "QuerySecurity")]
impl Security {
    /// Your second factor, or another person's for administrators; null where there is none.
    async fn second_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose; yours if nothing is said.")] user: Option<ID>,
    ) -> Result<Option<SecondFactor>> {
        let call = Call::of(ctx)?;
        Ok(call.engine.second_factor(call.actor(), whose(call, user)?).await?.map(SecondFactor))
    }

    /// Your devices that skip the second factor, or another person's for administrators; newest first.
    #[graphql(complexity = "1 + 5 * child_complexity")]
    async fn trusted_devices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose; yours if nothing is said.")] user: Option<ID>,
    ) -> Result<Vec<TrustedDevice>> {
        let call = Call::of(ctx)?;
        let devices = call.engine.trusted_devices(call.actor(), whose(call, user)?).await?;
        Ok(devices.into_iter().map(TrustedDevice).collect())
    }

    /// Your sign-ins and the tries that failed, or another person's for administrators; newest first.
    #[graphql(complexity = "1 + crate::connection::rows(first, None) * child_complexity")]
    async fn login_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose; yours if nothing is said.")] user: Option<ID>,
        #[graphql(desc = "Which of them.")] filter: Option<LoginHistoryFilter>,
        #[graphql(desc = "So many, 1 to 100; 20 if nothing is said.")] first: Option<i32>,
        #[graphql(desc = "After so many others.", default)] skip: i32,
    ) -> Result<LoginHistory> {
        let call = Call::of(ctx)?;
        let limit = usize::try_from(first.unwrap_or(20)).ok().filter(|n| (1..=PAGE_MAX).contains(n));
        let limit = limit.ok_or_else(|| Error::invalid("first", format!("must be 1 to {PAGE_MAX}")))?;
        let skip = usize::try_from(skip).map_err(|_| Error::invalid("skip", "must be 0 or more"))?;
        let filter = filter.unwrap_or_default().read()?;
        let user = whose(call, user)?;
        let found = call.engine.sign_ins(call.actor(), user, &filter, Numbers { skip, limit }).await?;
        Ok(LoginHistory { nodes: found.items.into_iter().map(SignInRecord).collect(), total_count: found.total })
    }
}
