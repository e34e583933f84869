//! Allocation rules, drivers, previews, runs, and lines as ERP integrations follow them.

use async_graphql::{Context, Error, ID, Object};

use crate::app::App;
use crate::app::allocation as app;
use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};
use crate::graphql::connection::{Connection, LARGEST_JOURNAL_PAGE, LARGEST_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor, or_user_errors};
use crate::graphql::mutation::allocation::AllocationMode;
use crate::graphql::types::allocation::{AllocationRule, ChargeTrace, DriverValue};
use crate::graphql::types::allocation_preview::AllocationPreview;
use crate::graphql::types::allocation_run::{AllocationLine, AllocationRun, page_of_lines};

#[derive(Default)]
pub struct AllocationQueries;

/// The number of a run's id.
///
/// # Errors
/// `ALLOCATION_RUN_NOT_FOUND` at `id`: only numbers are given out.
pub fn run_number(id: &ID) -> Result<i64, Rejection> {
    let number = id.parse::<i64>().ok().filter(|number| number.to_string() == **id);
    number.ok_or_else(|| Rejection::at(Code::AllocationRunNotFound, "id", Code::AllocationRunNotFound.help()))
}

#[Object]
impl AllocationQueries {
    /// Versions of allocation rules, in the order of code and version.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn allocation_rules(&self, ctx: &Context<'_>, code: Option<String>) -> Result<Vec<AllocationRule>, Error> {
        let versions = app::allocation_rules(ctx.data::<App>()?, actor(ctx)?, code).await.or_failure(ctx)?;
        Ok(versions.into_iter().map(AllocationRule::from).collect())
    }

    /// Recorded quantities of drivers in the order of recording. At most 500 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn driver_values(
        &self,
        ctx: &Context<'_>,
        driver: Option<String>,
        #[graphql(desc = "Such as `2026-01`.")] period: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<DriverValue>, Error> {
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let from = after.as_deref().map_or(Ok(0), |cursor| List::DriverValues.number(cursor)).or_failure(ctx)?;
        let found = app::driver_values(ctx.data::<App>()?, actor(ctx)?, (driver, period), from, size.saturating_add(1)).await;
        let mut found = found.or_failure(ctx)?;
        let has_next = found.len() > size;
        found.truncate(size);
        let items = found.into_iter().map(|(value, code)| (List::DriverValues.cursor(value.number), DriverValue::of(value, code)));
        Ok(connection(items, after.is_some(), has_next))
    }

    /// What a run of rules over a period would post now. Nothing is written.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn preview_allocation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Such as `2026-01`.")] period: String,
        #[graphql(desc = "Codes; every rule that governs the period when absent.")] rules: Option<Vec<String>>,
        #[graphql(default_with = "AllocationMode::New")] mode: AllocationMode,
        #[graphql(desc = "Whether versions count that wait for approval.", default = true)] with_pending: bool,
    ) -> Result<AllocationPreview, Error> {
        let actor = actor(ctx)?;
        let answer = match Month::parse(&period) {
            Ok(month) => {
                let input = app::PreviewInput { month, rules, mode: mode.into(), with_pending };
                app::preview_allocation(ctx.data::<App>()?, actor, input).await
            }
            Err(rejection) => Err(rejection.into()),
        };
        Ok(AllocationPreview::of(period, or_user_errors(ctx, answer)?))
    }

    /// Posted lines of a period in the order of posting, reversals included with the other sign: keep the last `endCursor` and ask again later for
    /// what was posted since. A token limited to cost centers follows what its centers receive. At most 1,000 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn allocations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Such as `2026-01`.")] period: String,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<AllocationLine>, Error> {
        let month = Month::parse(&period).or_failure(ctx)?;
        let size = page_size(first, LARGEST_JOURNAL_PAGE).or_failure(ctx)?;
        let from = after.as_deref().map_or(Ok((0, 0)), |cursor| List::AllocationLines.numbers(cursor)).or_failure(ctx)?;
        let found = app::allocations(ctx.data::<App>()?, actor(ctx)?, month, from, size.saturating_add(1)).await.or_failure(ctx)?;
        Ok(page_of_lines(found, after.is_some(), size))
    }

    /// A run.
    async fn allocation_run(&self, ctx: &Context<'_>, id: ID) -> Result<Option<AllocationRun>, Error> {
        // Every run has a number, and nothing else is one.
        let Ok(number) = run_number(&id) else { return Ok(None) };
        let view = app::run_view(ctx.data::<App>()?, actor(ctx)?, number).await.or_failure(ctx)?;
        Ok(view.map(AllocationRun::from))
    }

    /// Runs in the order of posting, reversals included. At most 500 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn allocation_runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Such as `2026-01`.")] period: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<AllocationRun>, Error> {
        let month = period.as_deref().map(Month::parse).transpose().or_failure(ctx)?;
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let from = after.as_deref().map_or(Ok(0), |cursor| List::AllocationRuns.number(cursor)).or_failure(ctx)?;
        let mut found = app::runs(ctx.data::<App>()?, actor(ctx)?, month, from, size.saturating_add(1)).await.or_failure(ctx)?;
        let has_next = found.len() > size;
        found.truncate(size);
        let items = found.into_iter().map(|run| (List::AllocationRuns.cursor(run.head.number), AllocationRun::from(run)));
        Ok(connection(items, after.is_some(), has_next))
    }

    /// Where the cost of a charge ended, through every run in force.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn charge_trace(&self, ctx: &Context<'_>, source: String, external_id: String) -> Result<Option<ChargeTrace>, Error> {
        let trace = app::charge_trace(ctx.data::<App>()?, actor(ctx)?, source, external_id).await.or_failure(ctx)?;
        Ok(trace.map(ChargeTrace::from))
    }
}
