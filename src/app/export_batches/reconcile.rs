//! What a target took of a period beside the ledger, account by account.

use super::targets::by_code;
use crate::app::auth::{Actor, Permission};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::chart::Account;
use crate::domain::export_batch::units_per_minor;
use crate::domain::ids::EntryNumber;
use crate::domain::money::Currency;
use crate::domain::period::Month;
use crate::store::StoreError;
use crate::store::account_nets::last_entry;
use crate::store::export_batch::reconcile;

/// A period of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    pub target: String,
    pub period: Month,
    pub through_entry: EntryNumber,
    /// In the order of account codes and currencies.
    pub rows: Vec<ReconciledAccount>,
}

/// Ledger units, debits less credits. `exported + rounded + open` is `ledger`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciledAccount {
    pub account: Account,
    pub currency: Currency,
    pub ledger: i128,
    /// In live batches.
    pub exported: i128,
    /// In batches that the other system booked.
    pub acknowledged: i128,
    /// Taken by live batches, and rounded off what they export.
    pub rounded: i128,
    /// In no live batch.
    pub open: i128,
}

/// # Errors
/// [`AppError::Forbidden`]; `EXPORT_TARGET_UNKNOWN`; any database failure.
pub async fn export_reconciliation(app: &App, actor: &Actor, target: String, period: Month) -> Result<Reconciliation, AppError> {
    reading(app, actor, Permission::Export, move |ledger, books, masters| {
        let found = by_code(ledger, books, &target)?;
        let mut rows = Vec::new();
        for row in reconcile(ledger, books, found.id, period)? {
            let unit = units_per_minor(row.currency);
            let exported = i128::from(row.exported).saturating_mul(unit);
            let account = masters.account_by_id(row.account).cloned();
            rows.push(ReconciledAccount {
                account: account.ok_or_else(|| StoreError::corrupt("a balance names an account that is not in the chart"))?,
                currency: row.currency,
                ledger: i128::from(row.ledger),
                exported,
                acknowledged: i128::from(row.acknowledged).saturating_mul(unit),
                rounded: i128::from(row.taken).saturating_sub(exported),
                open: i128::from(row.ledger).saturating_sub(i128::from(row.taken)),
            });
        }
        rows.sort_by(|left, right| (&left.account.code, left.currency).cmp(&(&right.account.code, right.currency)));
        Ok(Reconciliation { target, period, through_entry: last_entry(ledger, books)?, rows })
    })
    .await
}
