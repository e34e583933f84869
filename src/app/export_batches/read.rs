//! Reads of batches and their lines.

use super::{AttemptRow, BatchRow};
use crate::app::auth::{Actor, Permission};
use crate::app::journal::Page;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::chart::{Account, CostCenter};
use crate::domain::export_batch::document_number;
use crate::domain::money::{Currency, Exact};
use crate::store::StoreError;
use crate::store::export_batch::{BatchFilter, attempt_list, batch_list, line_list};

/// A batch as its readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchView {
    pub batch: BatchRow,
}

/// A line with its coding block spelled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineView {
    /// From 1 within the batch.
    pub line: i64,
    pub document_number: String,
    pub account: Account,
    pub team: Option<CostCenter>,
    pub project: Option<CostCenter>,
    pub client: Option<CostCenter>,
    pub feature: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub environment: Option<String>,
    /// At the currency's minor digits; one of the two is absent.
    pub debit: Option<Exact>,
    pub credit: Option<Exact>,
    pub currency: Currency,
    pub reason: Option<String>,
}

/// The batch of an id.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn export_batch(app: &App, actor: &Actor, id: i64) -> Result<Option<BatchView>, AppError> {
    reading(app, actor, Permission::Export, move |ledger, books, _| {
        Ok(batch_list(ledger, books, BatchFilter::Id(id))?.pop().map(|batch| BatchView { batch }))
    })
    .await
}

/// A batch that is known to be there.
pub(super) async fn must(app: &App, actor: &Actor, id: i64) -> Result<BatchView, AppError> {
    let found = reading(app, actor, Permission::DeliverExports, move |ledger, books, _| {
        Ok(batch_list(ledger, books, BatchFilter::Id(id))?.pop().map(|batch| BatchView { batch }))
    });
    Ok(found.await?.ok_or_else(|| StoreError::corrupt(format!("export batch {id}")))?)
}

/// One page of batches beyond an id, of a target or of all.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn export_batches(
    app: &App,
    actor: &Actor,
    target: Option<String>,
    after: i64,
    first: usize,
) -> Result<Page<BatchView>, AppError> {
    reading(app, actor, Permission::Export, move |ledger, books, _| {
        let limit = i64::try_from(first).unwrap_or(i64::MAX).saturating_add(1);
        let target = target.as_deref().unwrap_or_default();
        let batches = batch_list(ledger, books, BatchFilter::Page { target, after, limit })?;
        Ok(Page::of(batches.into_iter().map(|batch| BatchView { batch }).collect(), first))
    })
    .await
}

/// The lines of a batch, in the order of its documents.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn lines(app: &App, actor: &Actor, batch: &BatchRow) -> Result<Vec<LineView>, AppError> {
    let (id, external) = (batch.id, batch.external_number.clone());
    reading(app, actor, Permission::Export, move |ledger, books, masters| {
        let rows = line_list(ledger, books, id)?;
        let documents = rows.last().and_then(|row| usize::try_from(row.document).ok()).unwrap_or(0);
        let view = |row: crate::store::export_batch::LineRow| {
            let (currency, block) = row.key;
            let account = masters.account_by_id(block.account).cloned();
            let account = account.ok_or_else(|| StoreError::corrupt(format!("line {} of a batch has no account", row.line)))?;
            let center = |id| masters.center_by_id(id).cloned();
            let amount = Exact::new(i128::from(row.minor).abs(), currency.minor_digits());
            Ok(LineView {
                line: row.line,
                document_number: document_number(&external, usize::try_from(row.document).unwrap_or(0), documents),
                account,
                team: center(block.team),
                project: center(block.project),
                client: center(block.client),
                feature: row.feature,
                provider: row.provider,
                model: row.model,
                environment: row.environment,
                debit: (row.minor > 0).then_some(amount),
                credit: (row.minor < 0).then_some(amount),
                currency,
                reason: row.reason,
            })
        };
        Ok(rows.into_iter().map(view).collect::<Result<_, StoreError>>()?)
    })
    .await
}

/// The log of deliveries of a batch.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn attempts(app: &App, actor: &Actor, batch: &BatchRow) -> Result<Vec<AttemptRow>, AppError> {
    let id = batch.id;
    reading(app, actor, Permission::Export, move |ledger, books, _| Ok(attempt_list(ledger, books, id)?)).await
}
