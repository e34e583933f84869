//! The trial balance of a day, with the last entry it contains.

use super::access::Access;
use super::as_of::{AsOf, FIRST_DAY, Sums};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::ids::{AccountId, EntryNumber};
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{SpendDimension, TrialBalance, TrialBalanceRow};
use crate::store::StoreError;
use crate::store::balance::{BlockFilter, Snapshot};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialBalanceQuery {
    /// This day is included.
    pub as_of: Day,
    /// The first day of the movement; without one, everything is movement.
    pub from: Option<Day>,
    /// As the books were after this entry; without one, as they are.
    pub as_of_entry: Option<EntryNumber>,
}

impl From<Day> for TrialBalanceQuery {
    fn from(as_of: Day) -> Self {
        Self { as_of, from: None, as_of_entry: None }
    }
}

/// The trial balance and the point in the journal it was read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialBalanceReport {
    pub as_of: Day,
    pub from: Option<Day>,
    /// Every entry up to this number is in it, as far as it is dated by then.
    pub through_entry: EntryNumber,
    pub balance: TrialBalance,
}

/// Debit and credit totals of every account up to the end of a day. A limited token gets the postings it sees.
///
/// # Errors
/// `RANGE_INVALID`, `AS_OF_ENTRY_UNKNOWN`, [`AppError::Forbidden`] or a database failure.
pub async fn trial_balance(app: &App, actor: &Actor, query: impl Into<TrialBalanceQuery>) -> Result<TrialBalanceReport, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let TrialBalanceQuery { as_of, from, as_of_entry } = query.into();
    if from.is_some_and(|from| from > as_of) {
        return Err(Rejection::at(Code::RangeInvalid, "from", "`from` must not be later than `asOf`").into());
    }
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, as_of_entry).await?;
    let filter = BlockFilter { visible: access.visible.clone(), ..BlockFilter::default() };
    let by = [SpendDimension::Account];
    let all = figures.sums(DayRange::new(FIRST_DAY, as_of.next())?, &by, false, &filter).await?;
    let before = match from {
        Some(from) if from > FIRST_DAY => figures.sums(DayRange::new(FIRST_DAY, from)?, &by, false, &filter).await?,
        _ => Sums::new(),
    };
    let through_entry = figures.through;
    figures.snapshot.end().await?;
    let mut rows = Vec::with_capacity(all.len());
    for (key, (debit, credit)) in all {
        let (opening_debit, opening_credit) = before.get(&key).copied().unwrap_or_default();
        let (_, keys, currency) = key;
        let id = keys.first().and_then(|id| i32::try_from(*id).ok()).map(AccountId);
        let account = id.and_then(|id| access.masters.account_by_id(id)).cloned();
        let account = account.ok_or_else(|| StoreError::corrupt("a balance names an account that is not in the chart"))?;
        rows.push(TrialBalanceRow { account, currency, debit, credit, opening_debit, opening_credit });
    }
    Ok(TrialBalanceReport { as_of, from, through_entry, balance: crate::domain::report::trial_balance(rows) })
}
