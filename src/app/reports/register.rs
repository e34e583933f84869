//! The journal register: what was posted between two numbers, beside what the balances say of it.

use std::collections::BTreeMap;

use super::access::Access;
use super::as_of::{AsOf, Control, FIRST_DAY, controls};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::ids::EntryNumber;
use crate::domain::journal::EntryKind;
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::balance::{BlockFilter, PostedBetween, Snapshot};

/// Entries of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegisterKind {
    pub kind: EntryKind,
    pub entries: i64,
    pub postings: i64,
}

/// Entries of the numbers from `from` to `to`, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    pub from: EntryNumber,
    pub to: EntryNumber,
    pub kinds: Vec<RegisterKind>,
    /// Debits and credits in ledger units, by currency.
    pub totals: BTreeMap<Currency, (i128, i128)>,
    /// Debits of the entries, beside the debits of the trial balance at `to` less those before `from`.
    pub controls: Vec<Control>,
}

/// The first day that nothing can be dated on: the year 9999 is the last that dates are written in.
const NEVER: Day = Day(2_932_897);

/// Totals of the entries between two numbers. A limited token gets those of the postings it sees.
///
/// # Errors
/// `RANGE_INVALID`, `AS_OF_ENTRY_UNKNOWN`, [`AppError::Forbidden`] or a database failure.
pub async fn register(app: &App, actor: &Actor, from: EntryNumber, to: Option<EntryNumber>) -> Result<Register, AppError> {
    let access = Access::to(app, actor, Permission::ReadJournal).await?;
    let filter = BlockFilter { visible: access.visible.clone(), ..BlockFilter::default() };
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, to).await.map_err(at_to_number)?;
    let to = figures.through;
    if from.0 < 1 || from.0 > to.0.saturating_add(1) {
        return Err(Rejection::at(Code::RangeInvalid, "fromNumber", format!("`fromNumber` is from 1 to {to}")).into());
    }
    let days = DayRange::new(FIRST_DAY, NEVER)?;
    let posted = PostedBetween { days, after: EntryNumber(from.0 - 1), through: to };
    let mut kinds = Vec::new();
    for (kind, entries, postings) in figures.snapshot.entries_by_kind(posted, &filter).await? {
        let kind = i16::try_from(kind).ok().and_then(EntryKind::from_id);
        let kind = kind.ok_or_else(|| StoreError::corrupt("an entry of no known kind"))?;
        kinds.push(RegisterKind { kind, entries, postings });
    }
    let mut totals: BTreeMap<Currency, (i128, i128)> = BTreeMap::new();
    for sum in figures.snapshot.posted_sums(posted, &[], false, &filter).await? {
        let total = totals.entry(sum.currency).or_default();
        total.0 += sum.totals.debit;
        total.1 += sum.totals.credit;
    }
    let mut balances: BTreeMap<Currency, i128> = BTreeMap::new();
    for ((_, _, currency), (debit, _)) in figures.sums(days, &[], false, &filter).await? {
        *balances.entry(currency).or_default() += debit;
    }
    let earlier = PostedBetween { days, after: EntryNumber(0), through: EntryNumber(from.0 - 1) };
    for sum in figures.snapshot.posted_sums(earlier, &[], false, &filter).await? {
        *balances.entry(sum.currency).or_default() -= sum.totals.debit;
    }
    figures.snapshot.end().await?;
    balances.retain(|currency, units| *units != 0 || totals.contains_key(currency));
    let debits = totals.iter().map(|(currency, (debit, _))| (*currency, *debit)).collect();
    Ok(Register { from, to, kinds, controls: controls(&debits, &balances), totals })
}

/// The number was asked for as the end of the register.
fn at_to_number(error: AppError) -> AppError {
    match error {
        AppError::Rejected(rejections) => AppError::Rejected(
            rejections.into_iter().map(|rejection| Rejection::at(rejection.code, "toNumber", rejection.message)).collect(),
        ),
        other => other,
    }
}
