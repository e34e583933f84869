//! Reports.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::reports::{SpendQuery, TrialBalanceQuery, spend, trial_balance};
use crate::domain::ids::EntryNumber;
use crate::domain::rejection::Rejection;
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{BigInt, Date, day_range};
use crate::graphql::types::enums::{Interval, SpendDimension, SpendMeasure};
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

    /// Cost and usage from `from` (included) to `to` (excluded). A dimension that is named twice counts once. API_KEY, END_USER, TAG, SOURCE, REGION,
    /// PROCESSING and SERVICE_TIER, and filters by them, are read from the charges of the range, at most 2,000,000, and need READ_CHARGES.
    #[graphql(complexity = "100 * child_complexity + 1")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn spend(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        group_by: Vec<SpendDimension>,
        #[graphql(desc = "Without one, the range is a single period.")] interval: Option<Interval>,
        filter: Option<DimensionFilter>,
        #[graphql(desc = "USED when absent; FULLY_LOADED where the filter names accounts, which say themselves what is counted.")]
        measure: Option<SpendMeasure>,
        #[graphql(
            desc = "Adds teams, projects and clients up at this level of their hierarchy: 1 is the topmost. Centers above it stay as they are, so no cost is in two rows."
        )]
        level: Option<i32>,
        #[graphql(desc = "The tag that TAG in `groupBy` is the value of.")] tag_key: Option<String>,
    ) -> Result<Spend, Error> {
        let actor = actor(ctx)?;
        let (filter, charges) = filter.unwrap_or_default().parts();
        let query = SpendQuery {
            group_by: group_by.into_iter().map(Into::into).collect(),
            interval: interval.map(Into::into),
            filter,
            charges,
            measure: measure.map(Into::into),
            level: level.map(level_of),
            tag_key,
            with_previous: compares(ctx),
            ..SpendQuery::of(day_range(&from, &to).or_failure(ctx)?)
        };
        let measure = query.measure();
        Ok(Spend::of(spend(ctx.data::<App>()?, actor, query).await.or_failure(ctx)?, measure))
    }
}

/// A level of the hierarchy; below zero is as wrong as zero.
pub(super) fn level_of(level: i32) -> u32 {
    u32::try_from(level).unwrap_or(0)
}

/// Whether anything of the period before is selected: only then it is read.
fn compares(ctx: &Context<'_>) -> bool {
    let (of_total, of_rows) = (ctx.look_ahead(), ctx.look_ahead().field("rows"));
    ["previous", "previousTotals", "changePercent"].iter().any(|field| of_total.field(field).exists() || of_rows.field(field).exists())
}
