//! Units of outputs, revenue as it was recorded and what waits of it, and the variances of labor.

use async_graphql::{Context, Error, Object};

use crate::app::{App, outputs, payroll, revenue};
use crate::domain::period::DayRange;
use crate::graphql::connection::{Connection, LARGEST_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::Date;
use crate::graphql::types::outputs::OutputUnit;
use crate::graphql::types::payroll::LaborVarianceRow;
use crate::graphql::types::revenue::{RevenueEntry, WaitingRevenue};

#[derive(Default)]
pub struct ActivityQueries;

#[Object]
impl ActivityQueries {
    /// Payroll of a period (`YYYY-MM`) beside the labor that was applied, by team and currency.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn labor_variance(&self, ctx: &Context<'_>, period: String) -> Result<Vec<LaborVarianceRow>, Error> {
        let rows = payroll::labor_variance(ctx.data::<App>()?, actor(ctx)?, &period).await.or_failure(ctx)?;
        Ok(rows.into_iter().map(LaborVarianceRow::from).collect())
    }

    /// The units that outputs are counted in: the standard ones, then those that the books saved.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn output_units(&self, ctx: &Context<'_>) -> Result<Vec<OutputUnit>, Error> {
        let units = outputs::output_units(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(units.into_iter().map(OutputUnit::from).collect())
    }

    /// Revenue as it was recorded, in the order of recording: keep the last `endCursor` and ask again later for what came since. At most 500 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn revenue_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day on which it may begin to be earned.")] from: Option<Date>,
        #[graphql(desc = "The first day on which it may not.")] to: Option<Date>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<RevenueEntry>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let last = after.as_deref().map(|cursor| List::RevenueEntries.number(cursor)).transpose().or_failure(ctx)?;
        let day = |field: &'static str, date: Option<Date>| date.map(|date| date.to_day(field)).transpose();
        let filter = revenue::RevenueFilter { from: day("from", from).or_failure(ctx)?, to: day("to", to).or_failure(ctx)? };
        if let (Some(from), Some(to)) = (filter.from, filter.to) {
            DayRange::new(from, to).or_failure(ctx)?;
        }
        let page = revenue::revenue_entries(ctx.data::<App>()?, actor, filter, last.unwrap_or(0), size).await.or_failure(ctx)?;
        let items = page.items.into_iter().map(|entry| (List::RevenueEntries.cursor(entry.recorded.number), RevenueEntry::from(entry)));
        Ok(connection(items, after.is_some(), page.has_next))
    }

    /// Revenue that was recorded and is not recognised yet.
    async fn waiting_revenue(&self, ctx: &Context<'_>) -> Result<WaitingRevenue, Error> {
        Ok(revenue::waiting_revenue(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?.into())
    }
}
