//! Reports.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::reports::{SpendQuery, TrialBalanceQuery, spend, trial_balance};
use crate::domain::ids::EntryNumber;
use crate::domain::rejection::Rejection;
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{BigInt, Date, day_range};
use crate::graphql::types::enums::{Interval, SpendDimension};
use crate::graphql::types::reports::{DimensionFilter, Spend, TrialBalance};

/// The entry that a report is taken as of.
pub(super) fn entry_number(number: Option<&BigInt>) -> Result<Option<EntryNumber>, Rejection> {
    number.map(|number| number.to_i64("asOfEntry").map(EntryNumber)).transpose()
}

#[derive(Default)]
pub struct ReportQueries;

#[Object]
impl ReportQueries {
    /// Debit and credit totals of every account at the end of a day, that day included.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn trial_balance(
        &self,
        ctx: &Context<'_>,
        as_of: Date,
        #[graphql(desc = "The first day of the movement: what is dated earlier is opening.")] from: Option<Date>,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
    ) -> Result<TrialBalance, Error> {
        let query = TrialBalanceQuery {
            as_of: as_of.to_day("asOf").or_failure(ctx)?,
            from: from.map(|from| from.to_day("from")).transpose().or_failure(ctx)?,
            as_of_entry: entry_number(as_of_entry.as_ref()).or_failure(ctx)?,
        };
        Ok(trial_balance(ctx.data::<App>()?, actor(ctx)?, query).await.or_failure(ctx)?.into())
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
