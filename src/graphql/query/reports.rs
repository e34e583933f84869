//! Reports.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::reports::{SpendQuery, spend, trial_balance};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{Date, day_range};
use crate::graphql::types::enums::{Interval, SpendDimension};
use crate::graphql::types::reports::{DimensionFilter, Spend, TrialBalance};

#[derive(Default)]
pub struct ReportQueries;

#[Object]
impl ReportQueries {
    /// Debit and credit totals of every account at the end of a day, that day included.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn trial_balance(&self, ctx: &Context<'_>, as_of: Date) -> Result<TrialBalance, Error> {
        let as_of = as_of.to_day("asOf").or_failure(ctx)?;
        Ok(trial_balance(ctx.data::<App>()?, actor(ctx)?, as_of).await.or_failure(ctx)?.into())
    }

    /// Cost and usage from `from` (included) to `to` (excluded). A dimension that is named twice counts once.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn spend(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        group_by: Vec<SpendDimension>,
        #[graphql(desc = "Without one, the range is a single period.")] interval: Option<Interval>,
        filter: Option<DimensionFilter>,
    ) -> Result<Spend, Error> {
        let actor = actor(ctx)?;
        let query = SpendQuery {
            range: day_range(&from, &to).or_failure(ctx)?,
            group_by: group_by.into_iter().map(Into::into).collect(),
            interval: interval.map(Into::into),
            filter: filter.unwrap_or_default().into(),
        };
        Ok(spend(ctx.data::<App>()?, actor, query).await.or_failure(ctx)?.into())
    }
}
