//! The trial balance of a day, with the last entry it contains.

use super::access::Access;
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::ids::{AccountId, EntryNumber};
use crate::domain::money::Currency;
use crate::domain::period::Day;
use crate::domain::report::{Grain, SpendDimension, TrialBalance, TrialBalanceRow};
use crate::store::StoreError;
use crate::store::balance::{BlockFilter, Slice, Snapshot};

/// The trial balance and the point in the journal it was read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalanceReport {
    pub as_of: Day,
    /// Every entry up to this number is in it, as far as it is dated by then.
    pub through_entry: EntryNumber,
    pub balance: TrialBalance,
}

/// Rows are accounts times currencies: far below this in any chart.
const MOST_ROWS: usize = 100_000;

/// Debit and credit totals of every account up to the end of a day. A limited token gets the postings it sees.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn trial_balance(app: &App, actor: &Actor, as_of: Day) -> Result<TrialBalanceReport, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let month = as_of.month();
    let by_block = access.visible.is_some();
    let (months, days) = if by_block { (Grain::BlockMonth, Grain::BlockDay) } else { (Grain::AccountMonth, Grain::AccountDay) };
    let slices = [
        // Nothing is dated before 1970, so zero is the first period.
        Slice { grain: months, from: 0, to: i64::from(month.0), bucket: None },
        Slice { grain: days, from: i64::from(month.first_day().0), to: i64::from(as_of.next().0), bucket: None },
    ];
    let snapshot = Snapshot::begin(access.store, access.books_id()).await?;
    let through_entry = snapshot.last_entry().await?;
    let filter = BlockFilter { visible: access.visible.clone(), ..BlockFilter::default() };
    let mut sums = Vec::new();
    for slice in slices {
        sums.extend(if by_block {
            snapshot.block_sums(slice, &[SpendDimension::Account], &filter, MOST_ROWS).await?
        } else {
            snapshot.key_sums(slice, true, None, MOST_ROWS).await?
        });
    }
    snapshot.end().await?;
    let mut totals: std::collections::BTreeMap<(i64, Currency), (i128, i128)> = std::collections::BTreeMap::new();
    for sum in sums {
        let account = sum.keys.first().copied().unwrap_or_default();
        let total = totals.entry((account, sum.currency)).or_default();
        total.0 += i128::from(sum.totals.debit);
        total.1 += i128::from(sum.totals.credit);
    }
    let mut rows = Vec::with_capacity(totals.len());
    for ((account, currency), (debit, credit)) in totals {
        // A balance also counts charges that cost nothing; they have no postings.
        if debit == 0 && credit == 0 {
            continue;
        }
        let id = i32::try_from(account).ok().map(AccountId);
        let account = id.and_then(|id| access.masters.account_by_id(id)).cloned();
        let account = account.ok_or_else(|| StoreError::corrupt("a balance names an account that is not in the chart"))?;
        rows.push(TrialBalanceRow { account, currency, debit, credit });
    }
    Ok(TrialBalanceReport { as_of, through_entry, balance: crate::domain::report::trial_balance(rows) })
}
