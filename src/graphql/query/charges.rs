//! Charges.

use async_graphql::{Context, Error, InputObject, Object};

use crate::app::App;
use crate::app::charges as app;
use crate::app::reports::DimensionFilter;
use crate::domain::ids::ChargeNumber;
use crate::domain::period::Month;
use crate::domain::rejection::Rejection;
use crate::domain::report::SpendDimension;
use crate::graphql::connection::{Connection, LARGEST_JOURNAL_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::DateTime;
use crate::graphql::types::charge::Charge;
use crate::graphql::types::enums::ChargeStatus;

#[derive(Default)]
pub struct ChargeQueries;

/// Which charges are listed: all that is given must match; any code of a list does, and a cost center with every one below it. `null` in a list stands
/// for charges without that dimension.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ChargeFilter {
    status: Option<ChargeStatus>,
    /// The month in which they occurred, in the time zone of the books, such as `2026-01`.
    period: Option<String>,
    /// Occurred from this instant on.
    from: Option<DateTime>,
    /// Occurred before this instant.
    to: Option<DateTime>,
    source: Option<String>,
    providers: Option<Vec<Option<String>>>,
    models: Option<Vec<Option<String>>>,
    teams: Option<Vec<Option<String>>>,
    projects: Option<Vec<Option<String>>>,
    clients: Option<Vec<Option<String>>>,
    features: Option<Vec<Option<String>>>,
    environments: Option<Vec<Option<String>>>,
}

impl ChargeFilter {
    fn read(self, newest_first: bool) -> Result<app::ChargeQuery, Rejection> {
        let within = |rejection: Rejection| rejection.under("filter");
        let from = self.from.map(|from| from.to_moment("from")).transpose().map_err(within)?;
        let to = self.to.map(|to| to.to_moment("to")).transpose().map_err(within)?;
        let period = self.period.as_deref().map(Month::parse).transpose().map_err(within)?;
        let lists = [
            (SpendDimension::Provider, self.providers),
            (SpendDimension::Model, self.models),
            (SpendDimension::Team, self.teams),
            (SpendDimension::Project, self.projects),
            (SpendDimension::Client, self.clients),
            (SpendDimension::Feature, self.features),
            (SpendDimension::Environment, self.environments),
        ];
        let dimensions = DimensionFilter(lists.into_iter().filter_map(|(dimension, codes)| Some((dimension, codes?))).collect());
        Ok(app::ChargeQuery { status: self.status.map(Into::into), period, from, to, source: self.source, dimensions, newest_first })
    }
}

#[Object]
impl ChargeQueries {
    /// The charge with this key; absent when it never came.
    async fn charge(&self, ctx: &Context<'_>, source: String, external_id: String) -> Result<Option<Charge>, Error> {
        let charge = app::charge_by_key(ctx.data::<App>()?, actor(ctx)?, &source, &external_id).await.or_failure(ctx)?;
        Ok(charge.map(Charge::from))
    }

    /// Charges in the order of their arrival, or the newest first. At most 1,000 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn charges(
        &self,
        ctx: &Context<'_>,
        filter: Option<ChargeFilter>,
        #[graphql(default)] newest_first: bool,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<Charge>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_JOURNAL_PAGE).or_failure(ctx)?;
        let query = filter.unwrap_or_default().read(newest_first).or_failure(ctx)?;
        let from = after.as_deref().map(|cursor| List::Charges.number(cursor)).transpose().or_failure(ctx)?;
        let page = app::charges(ctx.data::<App>()?, actor, &query, from.map(ChargeNumber), size).await.or_failure(ctx)?;
        let items = page.items.into_iter().map(|charge| (List::Charges.cursor(charge.number), Charge::from(charge)));
        Ok(connection(items, after.is_some(), page.has_next))
    }
}
