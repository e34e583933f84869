//! The books in their reporting currency: money at the closing rate, everything else at the rates of its own days.

use std::collections::BTreeMap;

use super::items::{MONETARY, Rates, adjustments};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::chart::{Account, well_known};
use crate::domain::ids::{AccountId, EntryNumber};
use crate::domain::money::{Currency, Quote};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::account_nets::last_entry;
use crate::store::exchange::{account_day_nets, revaluations_in_force, settlements};

/// By which rates a row was translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TranslationBasis {
    /// It is in the reporting currency.
    Reporting,
    /// The closing rate: what is owed or held in money.
    Closing,
    /// The rate of each day on which it moved: cost, revenue, prepaid credits.
    TransactionDays,
}

/// One account in one currency, in ledger units; debits are above zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranslatedRow {
    pub account: Account,
    pub currency: Currency,
    /// As the trial balance has it, in `currency`.
    pub balance: i128,
    pub basis: TranslationBasis,
    /// The closing rate, where it was used.
    pub quote: Option<Quote>,
    /// The part of a balance in the reporting currency that revaluations in force put there. It is not translated: the closing rate says it.
    pub revaluation: i128,
    /// In the reporting currency.
    pub translated: i128,
}

/// Every account and currency of the trial balance in the reporting currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyTranslation {
    pub as_of: Day,
    pub through_entry: EntryNumber,
    pub reporting: Currency,
    /// In the order of account code and currency.
    pub rows: Vec<TranslatedRow>,
}

impl CurrencyTranslation {
    /// Translated debits less credits: the exchange difference that is not booked. After a revaluation of the day only roundings are left.
    pub fn difference(&self) -> i128 {
        self.rows.iter().map(|row| row.translated).sum()
    }
}

/// Balances at the end of a day in the reporting currency.
///
/// # Errors
/// [`AppError::Forbidden`]; `REPORTING_CURRENCY_MISSING`, `RATE_MISSING`; a database failure.
pub async fn currency_translation(app: &App, actor: &Actor, as_of: Day) -> Result<CurrencyTranslation, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let rates = Rates::load(ledger, books, as_of)?;
        let through_entry = last_entry(ledger, books)?;
        let mut days: BTreeMap<(AccountId, Currency), BTreeMap<Day, i64>> = BTreeMap::new();
        for (account, currency, day, net) in account_day_nets(ledger, books, as_of)? {
            days.entry((account, currency)).or_default().insert(day, net);
        }
        let mut revalued: BTreeMap<AccountId, i128> = BTreeMap::new();
        for ((account, _, _), change) in adjustments(&revaluations_in_force(ledger, books, as_of)?)? {
            *revalued.entry(account).or_default() += i128::from(change);
        }
        let clearing = masters.account(well_known::CURRENCY_CLEARING).map(|account| account.id);
        let mut rows = Vec::with_capacity(days.len());
        // The clearing account's foreign side stands at the value that its other side has.
        let mut relieved: BTreeMap<(Currency, Day), (i128, i128)> = BTreeMap::new();
        for settled in settlements(ledger, books, as_of)? {
            let held = relieved.entry((settled.currency, settled.paid_on)).or_default();
            held.0 += i128::from(settled.amount);
            held.1 += i128::from(settled.relieved);
        }
        for ((account, currency), nets) in days {
            let settled = |day: Day| relieved.get(&(currency, day)).copied().filter(|_| Some(account) == clearing).unwrap_or_default();
            let revaluation = revalued.get(&account).copied().filter(|_| currency == rates.reporting).unwrap_or(0);
            rows.extend(row(&rates, masters, (account, currency), &nets, revaluation, settled, as_of)?);
        }
        rows.sort_by(|left, right| (&left.account.code, left.currency.code()).cmp(&(&right.account.code, right.currency.code())));
        Ok(CurrencyTranslation { as_of, through_entry, reporting: rates.reporting, rows })
    })
    .await
}

fn row(
    rates: &Rates,
    masters: &Masters,
    (account, currency): (AccountId, Currency),
    nets: &BTreeMap<Day, i64>,
    revaluation: i128,
    settled: impl Fn(Day) -> (i128, i128),
    as_of: Day,
) -> Result<Option<TranslatedRow>, AppError> {
    let account = masters.account_by_id(account).cloned();
    let account = account.ok_or_else(|| StoreError::corrupt("a balance names an account that is not in the chart"))?;
    let balance: i128 = nets.values().map(|net| i128::from(*net)).sum();
    if nets.values().all(|net| *net == 0) {
        return Ok(None);
    }
    let overflow = || Rejection::of(Code::LedgerOverflow);
    let (basis, quote, translated) = if currency == rates.reporting {
        (TranslationBasis::Reporting, None, balance - revaluation)
    } else if MONETARY.contains(&account.code.as_str()) && balance == 0 {
        // Nothing is nothing at any rate, also where none is saved.
        (TranslationBasis::Closing, None, 0)
    } else if MONETARY.contains(&account.code.as_str()) {
        let quote = rates.book.quote(currency, rates.reporting, as_of)?;
        let translated = quote.convert_units(balance, currency, rates.reporting).ok_or_else(overflow)?;
        (TranslationBasis::Closing, Some(quote), translated)
    } else {
        let mut sum: i128 = 0;
        for (day, net) in nets {
            let (amount, relieved) = settled(*day);
            sum += rates.value_of_sum(i128::from(*net) + amount, currency, *day)? - relieved;
        }
        (TranslationBasis::TransactionDays, None, sum)
    };
    Ok(Some(TranslatedRow { account, currency, balance, basis, quote, revaluation, translated }))
}
