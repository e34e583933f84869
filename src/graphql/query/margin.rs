//! Margins, unit economics and targets.

use async_graphql::{Context, Error, Object};

use super::reports::level_of;
use crate::app::App;
use crate::app::margin as app;
use crate::domain::period::DayRange;
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{Date, day_range};
use crate::graphql::types::enums::Interval;
use crate::graphql::types::margin::{Margin, MarginDimension, MarginFilter, MarginFlux, MarginTargetResult, MarginWaterfall};
use crate::graphql::types::unit_economics::{UnitDimension, UnitEconomics, UnitFilter};

#[derive(Default)]
pub struct MarginQueries;

#[Object]
impl MarginQueries {
    /// Revenue, AI, labor, allocated cost and margins from `from` (included) to `to` (excluded).
    #[graphql(complexity = "100 * child_complexity + 1")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn margin(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        #[graphql(desc = "A dimension that is named twice counts once.")] group_by: Vec<MarginDimension>,
        #[graphql(desc = "Without one, the range is a single period.")] interval: Option<Interval>,
        filter: Option<MarginFilter>,
        #[graphql(desc = "Adds clients, projects and teams up at this level of their hierarchy; 1 is the topmost.")] level: Option<i32>,
        #[graphql(
            default,
            desc = "Every amount in the reporting currency at the rate of its day, rounded once a day, account and key; `controls` stay in their currencies."
        )]
        in_reporting_currency: bool,
    ) -> Result<Margin, Error> {
        let query = app::MarginQuery {
            days: day_range(&from, &to).or_failure(ctx)?,
            group_by: group_by.into_iter().map(Into::into).collect(),
            interval: interval.map(Into::into),
            filter: filter.unwrap_or_default().into(),
            level: level.map(level_of),
            in_reporting_currency,
        };
        Ok(app::margin(ctx.data::<App>()?, actor(ctx)?, query).await.or_failure(ctx)?.into())
    }

    /// From revenue to the net, account by account, of what the filter leaves, such as one client; one for each currency.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn margin_waterfall(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        filter: Option<MarginFilter>,
    ) -> Result<Vec<MarginWaterfall>, Error> {
        let days = day_range(&from, &to).or_failure(ctx)?;
        let steps =
            app::margin_waterfall(ctx.data::<App>()?, actor(ctx)?, days, filter.unwrap_or_default().into()).await.or_failure(ctx)?;
        Ok(steps.into_iter().map(MarginWaterfall::from).collect())
    }

    /// Margins of two ranges of days (each from its first day, included, to its last, excluded) beside each other, and why they differ.
    #[graphql(complexity = "100 * child_complexity + 1")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn margin_flux(
        &self,
        ctx: &Context<'_>,
        from_before: Date,
        to_before: Date,
        from: Date,
        to: Date,
        group_by: Vec<MarginDimension>,
        filter: Option<MarginFilter>,
        #[graphql(desc = "Adds clients, projects and teams up at this level of their hierarchy; 1 is the topmost.")] level: Option<i32>,
    ) -> Result<MarginFlux, Error> {
        let before = (from_before.to_day("fromBefore").or_failure(ctx)?, to_before.to_day("toBefore").or_failure(ctx)?);
        let query = app::MarginFluxQuery {
            before: DayRange::new(before.0, before.1).or_failure(ctx)?,
            now: day_range(&from, &to).or_failure(ctx)?,
            group_by: group_by.into_iter().map(Into::into).collect(),
            filter: filter.unwrap_or_default().into(),
            level: level.map(level_of),
        };
        Ok(app::margin_flux(ctx.data::<App>()?, actor(ctx)?, query).await.or_failure(ctx)?.into())
    }

    /// What a unit of output costs, is worth and takes, from `from` (included) to `to` (excluded). The rows add up to the row without keys.
    #[graphql(complexity = "100 * child_complexity + 1")]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn unit_economics(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        #[graphql(desc = "Every feature with outputs of the unit, when absent.")] feature: Option<String>,
        unit: String,
        #[graphql(desc = "Without one, the range is a single period.")] interval: Option<Interval>,
        #[graphql(desc = "FEATURE when absent; without any, one row for each period and currency.")] group_by: Option<Vec<UnitDimension>>,
        filter: Option<UnitFilter>,
        #[graphql(desc = "Adds clients, projects and teams up at this level of their hierarchy; 1 is the topmost.")] level: Option<i32>,
    ) -> Result<UnitEconomics, Error> {
        let query = app::UnitQuery {
            group_by: group_by.unwrap_or_else(|| vec![UnitDimension::Feature]).into_iter().map(Into::into).collect(),
            interval: interval.map(Into::into),
            filter: filter.unwrap_or_default().with_feature(feature),
            level: level.map(level_of),
            ..app::UnitQuery::of(day_range(&from, &to).or_failure(ctx)?, unit)
        };
        let report = app::unit_economics(ctx.data::<App>()?, actor(ctx)?, &query).await.or_failure(ctx)?;
        Ok(UnitEconomics::new(query, report))
    }

    /// The targets that hold on the last day from `from` (included) to `to` (excluded), beside what those days reached.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn margin_targets(&self, ctx: &Context<'_>, from: Date, to: Date) -> Result<Vec<MarginTargetResult>, Error> {
        let days = day_range(&from, &to).or_failure(ctx)?;
        let results = app::margin_targets(ctx.data::<App>()?, actor(ctx)?, days).await.or_failure(ctx)?;
        Ok(results.into_iter().map(MarginTargetResult::from).collect())
    }
}
