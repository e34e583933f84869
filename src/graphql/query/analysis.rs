//! Reports that explain.

use async_graphql::{Context, Error, Object};

use super::reports::{entry_number, level_of};
use crate::app::App;
use crate::app::reports::{FluxQuery, aged_items, flux};
use crate::domain::money::Exact;
use crate::domain::period::DayRange;
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{BigInt, Date, Decimal, day_range};
use crate::graphql::types::analysis::{AgedItems, Flux};
use crate::graphql::types::enums::{SpendDimension, SpendMeasure};

#[derive(Default)]
pub struct AnalysisQueries;

#[Object]
impl AnalysisQueries {
    /// Cost of two ranges of days (each from its first day, included, to its last, excluded) by one dimension, and why it changed.
    /// docs/API.md defines volume, mix and price.
    #[graphql(complexity = "100 * child_complexity + 1")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn flux(
        &self,
        ctx: &Context<'_>,
        from_before: Date,
        to_before: Date,
        from: Date,
        to: Date,
        by: SpendDimension,
        #[graphql(default_with = "SpendMeasure::Used")] measure: SpendMeasure,
        #[graphql(desc = "Adds teams, projects and clients up at this level of their hierarchy; 1 is the topmost.")] level: Option<i32>,
        #[graphql(desc = "Marks rows whose difference, up or down, is at least this much of their currency.")] threshold: Option<Decimal>,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
    ) -> Result<Flux, Error> {
        let before = (from_before.to_day("fromBefore").or_failure(ctx)?, to_before.to_day("toBefore").or_failure(ctx)?);
        let query = FluxQuery {
            before: DayRange::new(before.0, before.1).or_failure(ctx)?,
            now: day_range(&from, &to).or_failure(ctx)?,
            by: by.of_balances("by").or_failure(ctx)?,
            measure: measure.into(),
            level: level.map(level_of),
            threshold: threshold
                .map(|threshold| Exact::parse(&threshold.0).map_err(|rejection| rejection.under("threshold")))
                .transpose()
                .or_failure(ctx)?,
            as_of_entry: entry_number(as_of_entry.as_ref()).or_failure(ctx)?,
        };
        Ok(flux(ctx.data::<App>()?, actor(ctx)?, query).await.or_failure(ctx)?.into())
    }

    /// Suspense, cost without an owner and unreconciled accruals by age at the end of a day, that day included.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn aged_items(
        &self,
        ctx: &Context<'_>,
        as_of: Date,
        #[graphql(desc = "As the books were after this entry: the same number answers the same for ever.")] as_of_entry: Option<BigInt>,
    ) -> Result<AgedItems, Error> {
        let as_of = as_of.to_day("asOf").or_failure(ctx)?;
        let as_of_entry = entry_number(as_of_entry.as_ref()).or_failure(ctx)?;
        Ok(aged_items(ctx.data::<App>()?, actor(ctx)?, as_of, as_of_entry).await.or_failure(ctx)?.into())
    }
}
