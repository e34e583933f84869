//! Units of outputs, revenue that waits, and the variances of labor.

use async_graphql::{Context, Error, Object};

use crate::app::{App, outputs, payroll, revenue};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::types::outputs::OutputUnit;
use crate::graphql::types::payroll::LaborVarianceRow;
use crate::graphql::types::revenue::WaitingRevenue;

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

    /// Revenue that was recorded and is not recognised yet.
    async fn waiting_revenue(&self, ctx: &Context<'_>) -> Result<WaitingRevenue, Error> {
        Ok(revenue::waiting_revenue(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?.into())
    }
}
