//! Hours and labor rates.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::labor as app;
use crate::graphql::connection::{LARGEST_PAGE, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{BigInt, Date, day_range};
use crate::graphql::types::enums::CostCenterKind;
use crate::graphql::types::labor::{LaborRate, LaborReport};

#[derive(Default)]
pub struct LaborQueries;

#[Object]
impl LaborQueries {
    /// Hours worked from `from` (included) to `to` (excluded) and what they cost, by the cost centers of one kind.
    #[graphql(complexity = "100 * child_complexity + 1")]
    async fn labor(&self, ctx: &Context<'_>, from: Date, to: Date, kind: CostCenterKind) -> Result<LaborReport, Error> {
        let query = app::LaborQuery { days: day_range(&from, &to).or_failure(ctx)?, by: kind.into() };
        Ok(app::labor(ctx.data::<App>()?, actor(ctx)?, query).await.or_failure(ctx)?.into())
    }

    /// Labor rates after an id, in the order in which they were recorded. At most 500 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn labor_rates(&self, ctx: &Context<'_>, after: Option<BigInt>, first: Option<i32>) -> Result<Vec<LaborRate>, Error> {
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let after = after.map_or(Ok(0), |after| after.to_i64("after")).or_failure(ctx)?;
        let rates = app::labor_rates(ctx.data::<App>()?, actor(ctx)?, after, size).await.or_failure(ctx)?;
        Ok(rates.into_iter().map(LaborRate::from).collect())
    }
}
