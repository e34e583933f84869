//! Foreign monetary items: what is open in another currency, and at what value the books carry it.
//!
//! An item is what one account owes or claims in one currency, provider by provider. It is carried at the rate of each day on which it moved;
//! a settlement takes away its share of that value, and revaluations in force add their adjustments.

use std::collections::BTreeMap;

use crate::app::AppError;
use crate::app::masters::Masters;
use crate::domain::chart::well_known;
use crate::domain::ids::{AccountId, BooksId, NameId};
use crate::domain::money::{Amount, Currency, RateBook};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::store::account_nets::{DayNet, day_nets};
use crate::store::exchange::{ForeignSettlement, RevaluationLine, rate_book, settings};
use crate::store::ledger::Ledger;

/// Accounts of money, owed or held: they are worth what the rate of the day says. Prepaid credits are not: they are settled in services.
pub(super) const MONETARY: [&str; 5] =
    [well_known::CASH, well_known::RECEIVABLE, well_known::UNBILLED_RECEIVABLE, well_known::PAYABLE, well_known::ACCRUED_USAGE];

/// Account, provider and currency of an item.
pub(super) type ItemKey = (AccountId, NameId, Currency);

/// In ledger units; debits are above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Item {
    /// In the foreign currency.
    pub open: i64,
    /// In the reporting currency, without revaluations.
    pub carrying: i64,
}

/// The reporting currency with the rates up to a day.
pub(in crate::app) struct Rates {
    pub reporting: Currency,
    pub book: RateBook,
}

impl Rates {
    /// # Errors
    /// `REPORTING_CURRENCY_MISSING`, or a database failure.
    pub fn load(ledger: &mut Ledger, books: BooksId, as_of: Day) -> Result<Self, AppError> {
        let held = settings(ledger, books)?;
        let reporting = held.reporting.ok_or_else(|| Rejection::of(Code::ReportingCurrencyMissing))?;
        Ok(Self { reporting, book: rate_book(ledger, books, reporting, as_of, held.rate_days)? })
    }

    /// Ledger units in the reporting currency.
    pub fn value(&self, units: i64, currency: Currency, day: Day) -> Result<i64, Rejection> {
        Ok(self.book.convert(Amount::from_units(units).with(currency), self.reporting, day)?.amount.units())
    }

    /// The same for a sum, which may exceed one amount.
    pub fn value_of_sum(&self, units: i128, currency: Currency, day: Day) -> Result<i128, Rejection> {
        self.book.convert_units(units, currency, self.reporting, day)
    }
}

/// What every day moved on the monetary accounts in currencies other than the reporting one.
pub(super) fn foreign_days(
    ledger: &mut Ledger,
    books: BooksId,
    masters: &Masters,
    reporting: Currency,
    as_of: Day,
) -> Result<Vec<(AccountId, DayNet)>, AppError> {
    let mut days = Vec::new();
    for account in MONETARY.into_iter().filter_map(|code| masters.account(code)) {
        let nets = day_nets(ledger, books, account.id, as_of)?;
        days.extend(nets.into_iter().filter(|net| net.currency != reporting).map(|net| (account.id, net)));
    }
    Ok(days)
}

/// The items at the end of a day. `days` and `settlements` may reach beyond it.
pub(super) fn items(
    rates: &Rates,
    days: &[(AccountId, DayNet)],
    settlements: &[ForeignSettlement],
    as_of: Day,
) -> Result<BTreeMap<ItemKey, Item>, Rejection> {
    // What was settled left at its own value, not at that day's rate.
    let mut moved: BTreeMap<(ItemKey, Day), i64> = BTreeMap::new();
    let mut items: BTreeMap<ItemKey, Item> = BTreeMap::new();
    for (account, net) in days.iter().filter(|(_, net)| net.day <= as_of) {
        let key = (*account, net.provider, net.currency);
        add(moved.entry((key, net.day)).or_default(), net.net)?;
        add(&mut items.entry(key).or_default().open, net.net)?;
    }
    for settled in settlements.iter().filter(|settled| settled.paid_on <= as_of) {
        let key = (settled.account, settled.provider, settled.currency);
        add(moved.entry((key, settled.paid_on)).or_default(), -settled.amount)?;
        add(&mut items.entry(key).or_default().carrying, settled.relieved)?;
    }
    for ((key, day), net) in moved {
        let value = rates.value(net, key.2, day)?;
        add(&mut items.entry(key).or_default().carrying, value)?;
    }
    Ok(items)
}

/// What revaluations in force added to the carrying value of each item.
pub(super) fn adjustments(lines: &[RevaluationLine]) -> Result<BTreeMap<ItemKey, i64>, Rejection> {
    let mut adjustments = BTreeMap::new();
    for line in lines {
        let change = line.value.checked_sub(line.carrying).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        add(adjustments.entry((line.account, line.provider, line.currency)).or_default(), change)?;
    }
    Ok(adjustments)
}

pub(super) fn add(sum: &mut i64, amount: i64) -> Result<(), Rejection> {
    *sum = sum.checked_add(amount).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
    Ok(())
}
