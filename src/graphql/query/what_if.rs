//! What-if.

use async_graphql::{Context, Error, Object};

use super::reports::level_of;
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
    #[expect(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn what_if(
        &self,
        ctx: &Context<'_>,
        from: Date,
        to: Date,
        filter: Option<DimensionFilter>,
        #[graphql(desc = "One to eight. One without changes is the actuals.")] scenarios: Vec<ScenarioInput>,
        #[graphql(desc = "Without one, there are totals only.")] group_by: Option<SpendDimension>,
        #[graphql(desc = "Adds teams, projects and clients up at this level of their hierarchy; 1 is the topmost.")] level: Option<i32>,
    ) -> Result<WhatIf, Error> {
        let query = app::WhatIfQuery {
            days: day_range(&from, &to).or_failure(ctx)?,
            filter: filter.unwrap_or_default().of_balances().or_failure(ctx)?,
            scenarios: scenarios.into_iter().map(Into::into).collect(),
            group_by: group_by.map(|by| by.of_balances("groupBy")).transpose().or_failure(ctx)?,
            level: level.map(level_of),
            most_charges: Some(MOST_CHARGES),
        };
        Ok(app::what_if(ctx.data::<App>()?, actor(ctx)?, query, |_, _| {}).await.or_failure(ctx)?.into())
    }
}
