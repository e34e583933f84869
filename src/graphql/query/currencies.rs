//! Exchange rates, and the books in their reporting currency.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::exchange as app;
use crate::domain::money::Currency;
use crate::graphql::connection::{Connection, LARGEST_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::{CurrencyCode, Date};
use crate::graphql::types::currencies::{CurrencySettings, CurrencyTranslation, ExchangeRate};

#[derive(Default)]
pub struct CurrencyQueries;

#[Object]
impl CurrencyQueries {
    /// The reporting currency, and how old a rate may be.
    async fn currency_settings(&self, ctx: &Context<'_>) -> Result<CurrencySettings, Error> {
        Ok(app::currency_settings(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?.into())
    }

    /// Exchange rates in the order in which they were recorded. At most 500 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn exchange_rates(
        &self,
        ctx: &Context<'_>,
        from: Option<CurrencyCode>,
        to: Option<CurrencyCode>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<ExchangeRate>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let currency = |field: &'static str, code: Option<CurrencyCode>| {
            code.map(|code| Currency::parse(&code.0).map_err(|rejection| rejection.under(field))).transpose()
        };
        let filter = app::RateFilter {
            from: currency("from", from).or_failure(ctx)?,
            to: currency("to", to).or_failure(ctx)?,
            after: after.as_deref().map_or(Ok(0), |cursor| List::ExchangeRates.number(cursor)).or_failure(ctx)?,
        };
        // One more than the page tells whether there is a next one.
        let mut rates = app::exchange_rates(ctx.data::<App>()?, actor, filter, size.saturating_add(1)).await.or_failure(ctx)?;
        let has_next = rates.len() > size;
        rates.truncate(size);
        let items = rates.into_iter().map(|rate| (List::ExchangeRates.cursor(rate.number), ExchangeRate::from(rate)));
        Ok(connection(items, after.is_some(), has_next))
    }

    /// The trial balance at the end of a day in the reporting currency, with the exchange difference that is not booked.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn currency_translation(&self, ctx: &Context<'_>, as_of: Date) -> Result<CurrencyTranslation, Error> {
        let as_of = as_of.to_day("asOf").or_failure(ctx)?;
        Ok(app::currency_translation(ctx.data::<App>()?, actor(ctx)?, as_of).await.or_failure(ctx)?.into())
    }
}
