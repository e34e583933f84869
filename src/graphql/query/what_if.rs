//! What-if.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::what_if as app;
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{Date, day_range};
use crate::graphql::types::enums::SpendDimension;
use crate::graphql::types::reports::DimensionFilter;
use crate::graphql::types::what_if::{ScenarioInput, WhatIf};

/// About what one core rates within the time limit of a request, with some to spare.
const MOST_CHARGES: u64 = 2_000_000;

#[derive(Default)]
pub struct WhatIfQueries;

#[Object]
impl WhatIfQueries {
    /// The charges of the days from `from` (included) to `to` (excluded) under other assumptions, beside what they cost. Nothing is written.
    /// A range of more than 2,000,000 charges is refused: `tallybook what-if` computes it beside the database.
    #[graphql(complexity = "1000 * scenarios.len() + 100 * child_complexity")]
    async fn what_if(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        filter: Option<DimensionFilter>,
        #[graphql(desc = "One to eight. One without changes is the actuals.")] scenarios: Vec<ScenarioInput>,
        #[graphql(desc = "Without one, there are totals only.")] group_by: Option<SpendDimension>,
    ) -> Result<WhatIf, Error> {
        let query = app::WhatIfQuery {
            days: day_range(&from, &to).or_failure(ctx)?,
            filter: filter.unwrap_or_default().into(),
            scenarios: scenarios.into_iter().map(Into::into).collect(),
            group_by: group_by.map(Into::into),
            most_charges: Some(MOST_CHARGES),
        };
        Ok(app::what_if(ctx.data::<App>()?, actor(ctx)?, query, |_, _| {}).await.or_failure(ctx)?.into())
    }
}
