//! Periods and the close checklist.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::periods as app;
use crate::domain::period::Month;
use crate::graphql::connection::{Connection, LARGEST_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::types::periods::{CloseChecklist, Period};

#[derive(Default)]
pub struct PeriodQueries;

#[Object]
impl PeriodQueries {
    /// The months of the books in their order: those of one fiscal year, or from the first month that has entries through the month of
    /// today. At most 500 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn periods(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The calendar year in which the fiscal year ends.")] fiscal_year: Option<i32>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<Period>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let last = after.as_deref().map(|cursor| List::Periods.number(cursor)).transpose().or_failure(ctx)?;
        let query = app::PeriodQuery { fiscal_year, after: last.and_then(|month| i32::try_from(month).ok()).map(Month), first: size };
        let page = app::periods(ctx.data::<App>()?, actor, query).await.or_failure(ctx)?;
        let items = page.items.into_iter().map(|period| (List::Periods.cursor(period.month.0), Period::from(period)));
        Ok(connection(items, after.is_some(), page.has_next))
    }

    /// What must be settled before a period closes, measured now. Not for tokens limited to cost centers: it shows figures of all.
    #[graphql(complexity = "50 * child_complexity + 1")]
    async fn close_checklist(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Such as `2026-01`.")] period: String,
    ) -> Result<CloseChecklist, Error> {
        Ok(app::close_checklist(ctx.data::<App>()?, actor(ctx)?, &period).await.or_failure(ctx)?.into())
    }
}
