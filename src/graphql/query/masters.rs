//! Accounts, cost centers, names, prices and rules.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::masters::{self as app, PriceFilter};
use crate::domain::chart::{CenterKind, CostCenter as DomainCenter, NameKind};
use crate::domain::rejection::{Code, Rejection};
use crate::graphql::connection::{Connection, LARGEST_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::DateTime;
use crate::graphql::types::enums::CostCenterKind;
use crate::graphql::types::masters::{Account, CostCenter, Provider};
use crate::graphql::types::prices::{Discount, ModelAlias, Price};
use crate::graphql::types::rules::{AttributionRule, PostingRule};

#[derive(Default)]
pub struct MasterQueries;

#[Object]
impl MasterQueries {
    /// The chart of accounts, in the order of their codes.
    async fn accounts(&self, ctx: &Context<'_>) -> Result<Vec<Account>, Error> {
        let accounts = app::accounts(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(accounts.into_iter().map(Account::from).collect())
    }

    /// Cost centers in the order of kind and code. A token limited to cost centers gets those it names. At most 500 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn cost_centers(
        &self,
        ctx: &Context<'_>,
        kind: Option<CostCenterKind>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<CostCenter>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let last = after.as_deref().map(center_key).transpose().or_failure(ctx)?;
        let wanted: Option<CenterKind> = kind.map(Into::into);
        let mut centers = app::cost_centers(ctx.data::<App>()?, actor).await.or_failure(ctx)?;
        centers.retain(|center| wanted.is_none_or(|kind| kind == center.kind));
        centers.sort_by(|a, b| (a.kind, &a.code).cmp(&(b.kind, &b.code)));
        let beyond = |center: &DomainCenter| last.as_ref().is_none_or(|(kind, code)| (center.kind, &center.code) > (*kind, code));
        let mut rest = centers.into_iter().filter(beyond);
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let has_next = rest.next().is_some();
        let items = page.into_iter().map(|center| {
            let cursor = List::CostCenters.cursor(format_args!("{}:{}", center.kind.id(), center.code));
            (cursor, CostCenter::from(center))
        });
        Ok(connection(items, after.is_some(), has_next))
    }

    /// Providers known from the charges and from `saveProviders`, and how each is paid.
    async fn providers(&self, ctx: &Context<'_>) -> Result<Vec<Provider>, Error> {
        let (app, actor) = (ctx.data::<App>()?, actor(ctx)?);
        let mut names: std::collections::BTreeSet<_> =
            app::names(app, actor, NameKind::Provider).await.or_failure(ctx)?.into_iter().collect();
        if actor.scope.is_some() {
            return Ok(names.into_iter().map(|provider| Provider { provider, settlement: None, grants: None, overdraw: None }).collect());
        }
        let masters = app::masters(app, actor).await.or_failure(ctx)?;
        names.extend(masters.settlements.keys().cloned());
        let provider = |provider: String| {
            let terms = masters.provider_terms(&provider);
            Provider {
                provider,
                settlement: Some(terms.settlement.into()),
                grants: Some(terms.grants.into()),
                overdraw: Some(terms.overdraw.into()),
            }
        };
        Ok(names.into_iter().map(provider).collect())
    }

    /// Models known from the charges.
    async fn models(&self, ctx: &Context<'_>) -> Result<Vec<String>, Error> {
        names(ctx, NameKind::Model).await
    }

    /// Features known from the charges.
    async fn features(&self, ctx: &Context<'_>) -> Result<Vec<String>, Error> {
        names(ctx, NameKind::Feature).await
    }

    /// Environments known from the charges.
    async fn environments(&self, ctx: &Context<'_>) -> Result<Vec<String>, Error> {
        names(ctx, NameKind::Environment).await
    }

    /// The price book, in the order of provider, model, meter and start. At most 500 a page.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn prices(
        &self,
        ctx: &Context<'_>,
        provider: Option<String>,
        model: Option<String>,
        #[graphql(desc = "Only prices that apply at this instant.")] at: Option<DateTime>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<Price>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let last = after.as_deref().map(|cursor| List::Prices.number(cursor)).transpose().or_failure(ctx)?;
        let at = at.map(|at| at.to_instant("at")).transpose().or_failure(ctx)?;
        let prices = app::prices(ctx.data::<App>()?, actor, PriceFilter { provider, model, at }).await.or_failure(ctx)?;
        let begin = match last {
            None => 0,
            // Prices are never deleted: one that is not there was given out for another filter.
            Some(last) => prices
                .iter()
                .position(|price| i64::from(price.id.0) == last)
                .map(|position| position + 1)
                .ok_or_else(|| Rejection::at(Code::CursorInvalid, "after", Code::CursorInvalid.help()))
                .or_failure(ctx)?,
        };
        let mut rest = prices.into_iter().skip(begin);
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let has_next = rest.next().is_some();
        let items = page.into_iter().map(|price| (List::Prices.cursor(price.id), Price::from(price)));
        Ok(connection(items, after.is_some(), has_next))
    }

    /// Contracted discounts, in the order in which they were saved.
    async fn discounts(&self, ctx: &Context<'_>) -> Result<Vec<Discount>, Error> {
        let discounts = app::discounts(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(discounts.into_iter().map(Discount::from).collect())
    }

    /// Other names of priced models, in the order of provider and alias.
    async fn model_aliases(&self, ctx: &Context<'_>) -> Result<Vec<ModelAlias>, Error> {
        let aliases = app::model_aliases(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(aliases.into_iter().map(ModelAlias::from).collect())
    }

    /// Active attribution rules, in the order in which they are tried.
    async fn attribution_rules(&self, ctx: &Context<'_>) -> Result<Vec<AttributionRule>, Error> {
        let masters = app::masters(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(masters.attribution_rules.iter().cloned().map(AttributionRule::from).collect())
    }

    /// Posting rules, in the order in which they are tried.
    async fn posting_rules(&self, ctx: &Context<'_>) -> Result<Vec<PostingRule>, Error> {
        let masters = app::masters(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(masters.posting_rules.iter().cloned().map(PostingRule::from).collect())
    }
}

async fn names(ctx: &Context<'_>, kind: NameKind) -> Result<Vec<String>, Error> {
    app::names(ctx.data::<App>()?, actor(ctx)?, kind).await.or_failure(ctx)
}

/// Kind and code of the last center of a page.
fn center_key(cursor: &str) -> Result<(CenterKind, String), Rejection> {
    let key = List::CostCenters.key(cursor)?;
    let parts = key.split_once(':').and_then(|(kind, code)| Some((CenterKind::from_id(kind.parse().ok()?)?, code.to_owned())));
    parts.ok_or_else(|| Rejection::at(Code::CursorInvalid, "after", Code::CursorInvalid.help()))
}
