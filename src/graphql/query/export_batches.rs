//! Batches for other finance systems.

use async_graphql::{Context, Error, Object};

use crate::app::App;
use crate::app::export_batches as app;
use crate::domain::period::Month;
use crate::graphql::connection::{Connection, LARGEST_PAGE, List, connection, page_cost, page_size};
use crate::graphql::error::{OrFailure, actor};
use crate::graphql::scalars::BigInt;
use crate::graphql::types::export_batches::{ExportBatch, ExportReconciliation, ExportTarget};

#[derive(Default)]
pub struct ExportBatchQueries;

#[Object]
impl ExportBatchQueries {
    /// The batch of this id. Not for tokens limited to cost centers.
    async fn export_batch(&self, ctx: &Context<'_>, id: BigInt) -> Result<Option<ExportBatch>, Error> {
        let id = id.to_i64("id").or_failure(ctx)?;
        let found = app::export_batch(ctx.data::<App>()?, actor(ctx)?, id).await.or_failure(ctx)?;
        Ok(found.map(|view| ExportBatch(view.batch)))
    }

    /// Batches of a target, or of all, in the order of their ids. At most 500 a page. Not for tokens limited to cost centers.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn export_batches(
        &self,
        ctx: &Context<'_>,
        target: Option<String>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<Connection<ExportBatch>, Error> {
        let actor = actor(ctx)?;
        let size = page_size(first, LARGEST_PAGE).or_failure(ctx)?;
        let last = after.as_deref().map(|cursor| List::ExportBatches.number(cursor)).transpose().or_failure(ctx)?;
        let page = app::export_batches(ctx.data::<App>()?, actor, target, last.unwrap_or(0), size).await.or_failure(ctx)?;
        let items = page.items.into_iter().map(|view| (List::ExportBatches.cursor(view.batch.id), ExportBatch(view.batch)));
        Ok(connection(items, after.is_some(), page.has_next))
    }

    /// Every system that batches can be made for: those the program knows a format of, and those that were saved.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn export_targets(&self, ctx: &Context<'_>) -> Result<Vec<ExportTarget>, Error> {
        let targets = app::export_targets(ctx.data::<App>()?, actor(ctx)?).await.or_failure(ctx)?;
        Ok(targets.into_iter().map(ExportTarget::from).collect())
    }

    /// What a target took of a period beside the ledger, account by account.
    #[graphql(complexity = "20 * child_complexity + 1")]
    async fn export_reconciliation(&self, ctx: &Context<'_>, target: String, period: String) -> Result<ExportReconciliation, Error> {
        let period = Month::parse(&period).or_failure(ctx)?;
        Ok(app::export_reconciliation(ctx.data::<App>()?, actor(ctx)?, target, period).await.or_failure(ctx)?.into())
    }
}
