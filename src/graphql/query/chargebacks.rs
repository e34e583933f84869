//! Chargeback statements and what they are made by.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::chargeback as app;
use crate::domain::period::Month;
use crate::graphql::connection::{Connection, LARGEST_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::types::chargebacks::{Chargeback, ChargebackStatus, RebillTerms, StandardRate};
use crate::graphql::types::enums::CostCenterKind;

#[derive(Default)]
pub struct ChargebackQueries;

#[Object]
impl ChargebackQueries {
    /// The statement of this number, such as `CB-000001`.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn chargeback(&self, ctx: &Context<'_>, number: String) -> Result<Option<Chargeback>, Error> {
        Ok(app::chargeback(ctx.data::<App>()?, actor(ctx)?, &number).await.or_failure(ctx)?.map(Chargeback))
    }

    /// Statements in the order of their numbers. At most 500 a page. A token limited to cost centers sees those of its centers.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn chargebacks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Such as `2026-01`.")] period: Option<String>,
        kind: Option<CostCenterKind>,
        status: Option<ChargebackStatus>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<Chargeback>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let last = after.as_deref().map(|cursor| List::Chargebacks.number(cursor)).transpose().or_failure(ctx)?;
        let period = period.as_deref().map(Month::parse).transpose().or_failure(ctx)?;
        let query =
            app::StatementsQuery { period, kind: kind.map(Into::into), status: status.map(Into::into), after: last.unwrap_or_default() };
        let page = app::chargebacks(ctx.data::<App>()?, actor, query, size).await.or_failure(ctx)?;
        let items = page.items.into_iter().map(|view| (List::Chargebacks.cursor(view.statement.number.0), Chargeback(view)));
        Ok(connection(items, after.is_some(), page.has_next))
    }

    /// How clients are billed on, as far as terms were saved. Not for tokens limited to cost centers.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn rebill_terms(&self, ctx: &Context<'_>) -> Result<Vec<RebillTerms>, Error> {
        let terms = app::rebill_terms(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(terms.into_iter().map(RebillTerms::from).collect())
    }

    /// Every standard rate, in the order in which they were saved. Not for tokens limited to cost centers.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn standard_rates(&self, ctx: &Context<'_>) -> Result<Vec<StandardRate>, Error> {
        let rates = app::standard_rates(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(rates.into_iter().map(StandardRate::from).collect())
    }
}
