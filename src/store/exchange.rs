//! Exchange rates, the reporting currency, and what revaluations and settlements found.

use super::StoreError;
use super::cells::{books_cell, currency_of, day_cell, day_of, name_id, next_number};
use super::ledger::{Cell, Ledger, RowExt};
use super::rows;
use crate::domain::ids::{AccountId, BooksId, EntryNumber, NameId};
use crate::domain::money::{Currency, Rate, RateBook};
use crate::domain::period::{Day, Moment};

/// How the books see other currencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrencySettings {
    pub reporting: Option<Currency>,
    /// How many days old a rate may be for the day it is used for.
    pub rate_days: i32,
}

/// A rate as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRate {
    pub number: i64,
    pub from: Currency,
    pub to: Currency,
    pub day: Day,
    pub rate: Rate,
    pub source: String,
    pub recorded_at: Moment,
}

/// A rate to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRate {
    pub from: Currency,
    pub to: Currency,
    pub day: Day,
    pub rate: Rate,
    pub source: String,
}

/// What a revaluation in force found of an item, in units of the reporting currency; debits are above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevaluationLine {
    pub account: AccountId,
    pub provider: NameId,
    pub currency: Currency,
    /// Open in the foreign currency.
    pub open: i64,
    pub carrying: i64,
    pub value: i64,
}

/// A foreign liability that was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignSettlement {
    pub entry: EntryNumber,
    pub account: AccountId,
    pub provider: NameId,
    pub currency: Currency,
    /// Paid off, in the foreign currency.
    pub amount: i64,
    /// The carrying value that left, in the reporting currency.
    pub relieved: i64,
    pub paid: i64,
    pub paid_on: Day,
}

/// # Errors
/// Any database failure.
pub fn settings(ledger: &mut Ledger, books: BooksId) -> Result<CurrencySettings, StoreError> {
    let rows = ledger.rows("SELECT reporting_currency_id, rate_days FROM books WHERE id = $1", &[books_cell(books)])?;
    let row = rows.first().ok_or_else(|| StoreError::corrupt("books without a row"))?;
    let rate_days = i32::try_from(row.int(1)?).map_err(|_| StoreError::corrupt("books.rate_days"))?;
    Ok(CurrencySettings { reporting: row.int_or_none(0)?.map(currency_of).transpose()?, rate_days })
}

/// # Errors
/// Any database failure.
pub fn settings_save(ledger: &mut Ledger, books: BooksId, currency: Currency, rate_days: i32) -> Result<(), StoreError> {
    let values = [Cell::Int(i64::from(currency.id())), Cell::Int(i64::from(rate_days)), books_cell(books)];
    ledger.run("UPDATE books SET reporting_currency_id = $1, rate_days = $2 WHERE id = $3", &values)
}

/// Whether any exchange difference was booked in the reporting currency.
///
/// # Errors
/// Any database failure.
pub fn has_differences(ledger: &mut Ledger, books: BooksId) -> Result<bool, StoreError> {
    for table in ["revaluation_line", "foreign_settlement"] {
        if !ledger.rows(&format!("SELECT entry_number FROM {table} WHERE books_id = $1 LIMIT 1"), &[books_cell(books)])?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All rates into or out of a currency up to a day.
///
/// # Errors
/// Any database failure.
pub fn rate_book(ledger: &mut Ledger, books: BooksId, currency: Currency, as_of: Day, most_days: i32) -> Result<RateBook, StoreError> {
    let sql = "SELECT from_currency_id, to_currency_id, day, rate, source FROM exchange_rate \
               WHERE books_id = $1 AND (from_currency_id = $2 OR to_currency_id = $2) AND day <= $3 ORDER BY number";
    let mut book = RateBook::new(most_days);
    ledger.scan(sql, &[books_cell(books), Cell::Int(i64::from(currency.id())), day_cell(as_of)], |row| {
        let (from, to) = (currency_of(row.int(0)?)?, currency_of(row.int(1)?)?);
        book.insert(from, to, day_of(row.int(2)?)?, rate_of(row.text(3)?)?, row.text(4)?.to_owned());
        Ok(())
    })?;
    Ok(book)
}

/// The rate and source that count for a pair on exactly this day.
///
/// # Errors
/// Any database failure.
pub fn rate_of_day(ledger: &mut Ledger, books: BooksId, wanted: &NewRate) -> Result<Option<(Rate, String)>, StoreError> {
    let sql = format!(
        "SELECT rate, source FROM exchange_rate{} WHERE books_id = $1 AND from_currency_id = $2 AND to_currency_id = $3 AND day = $4 \
         ORDER BY number DESC LIMIT 1",
        ledger.by_index("exchange_rate_of_day")
    );
    let key = [books_cell(books), currency_cell(wanted.from), currency_cell(wanted.to), day_cell(wanted.day)];
    ledger.rows(&sql, &key)?.first().map(|row| Ok((rate_of(row.text(0)?)?, row.text(1)?.to_owned()))).transpose()
}

/// Records rates under the next numbers.
///
/// # Errors
/// Any database failure.
pub fn rate_insert(ledger: &mut Ledger, books: BooksId, rates: &[NewRate], recorded_at: Moment) -> Result<(), StoreError> {
    let first = next_number(ledger, books, "exchange_rate")?;
    let texts: Vec<String> = rates.iter().map(|rate| rate.rate.exact().to_string()).collect();
    let rows = (first..).zip(rates.iter().zip(&texts)).map(|(number, (rate, text))| {
        let (from, to) = (currency_cell(rate.from), currency_cell(rate.to));
        [
            books_cell(books),
            Cell::Int(number),
            from,
            to,
            day_cell(rate.day),
            Cell::Text(text),
            Cell::Text(&rate.source),
            Cell::Int(recorded_at.0),
        ]
    });
    ledger.insert(&rows::EXCHANGE_RATE, rows)
}

/// Which rates to list; all when nothing is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct RateFilter {
    pub from: Option<Currency>,
    pub to: Option<Currency>,
    /// Numbers above this one.
    pub after: i64,
}

/// Rates in the order in which they were recorded.
///
/// # Errors
/// Any database failure.
pub fn rate_list(ledger: &mut Ledger, books: BooksId, filter: RateFilter, limit: usize) -> Result<Vec<StoredRate>, StoreError> {
    let pair = |column: &str, currency: Option<Currency>| {
        currency.map(|currency| format!(" AND {column} = {}", currency.id())).unwrap_or_default()
    };
    let sql = format!(
        "SELECT number, from_currency_id, to_currency_id, day, rate, source, recorded_at FROM exchange_rate \
         WHERE books_id = $1 AND number > $2{}{} ORDER BY number LIMIT {limit}",
        pair("from_currency_id", filter.from),
        pair("to_currency_id", filter.to)
    );
    let mut rates = Vec::new();
    ledger.scan(&sql, &[books_cell(books), Cell::Int(filter.after)], |row| {
        rates.push(StoredRate {
            number: row.int(0)?,
            from: currency_of(row.int(1)?)?,
            to: currency_of(row.int(2)?)?,
            day: day_of(row.int(3)?)?,
            rate: rate_of(row.text(4)?)?,
            source: row.text(5)?.to_owned(),
            recorded_at: Moment(row.int(6)?),
        });
        Ok(())
    })?;
    Ok(rates)
}

/// Lines of the revaluations that are in force on a day: booked by then and not mirrored by then.
///
/// # Errors
/// Any database failure.
pub fn revaluations_in_force(ledger: &mut Ledger, books: BooksId, as_of: Day) -> Result<Vec<RevaluationLine>, StoreError> {
    let sql = "SELECT x.account_id, x.provider_id, x.currency_id, x.open_amount, x.carrying, x.value FROM revaluation_line x \
               JOIN journal_entry e ON e.books_id = x.books_id AND e.number = x.entry_number \
               WHERE x.books_id = $1 AND e.effective_on <= $2 AND NOT EXISTS (SELECT 1 FROM journal_entry r \
               WHERE r.books_id = x.books_id AND r.corrects = x.entry_number AND r.kind = 2 AND r.effective_on <= $2) \
               ORDER BY x.entry_number, x.line";
    let mut lines = Vec::new();
    ledger.scan(sql, &[books_cell(books), day_cell(as_of)], |row| {
        lines.push(RevaluationLine {
            account: account_id(row.int(0)?)?,
            provider: name_id(row.int(1)?)?,
            currency: currency_of(row.int(2)?)?,
            open: row.int(3)?,
            carrying: row.int(4)?,
            value: row.int(5)?,
        });
        Ok(())
    })?;
    Ok(lines)
}

/// # Errors
/// Any database failure.
pub fn revaluation_insert(ledger: &mut Ledger, books: BooksId, entry: EntryNumber, lines: &[RevaluationLine]) -> Result<(), StoreError> {
    let rows = (1_i64..).zip(lines).map(|(number, line)| {
        [
            books_cell(books),
            Cell::Int(entry.0),
            Cell::Int(number),
            Cell::Int(i64::from(line.account.0)),
            Cell::Int(i64::from(line.provider.0)),
            currency_cell(line.currency),
            Cell::Int(line.open),
            Cell::Int(line.carrying),
            Cell::Int(line.value),
        ]
    });
    ledger.insert(&rows::REVALUATION_LINE, rows)
}

/// Settlements up to a day that were not reversed by then, in the order of posting.
///
/// # Errors
/// Any database failure.
pub fn settlements(ledger: &mut Ledger, books: BooksId, as_of: Day) -> Result<Vec<ForeignSettlement>, StoreError> {
    let sql = "SELECT x.entry_number, x.account_id, x.provider_id, x.currency_id, x.amount, x.relieved, x.paid, x.paid_on \
               FROM foreign_settlement x WHERE x.books_id = $1 AND x.paid_on <= $2 AND NOT EXISTS (SELECT 1 FROM journal_entry r \
               WHERE r.books_id = x.books_id AND r.corrects = x.entry_number AND r.kind = 2 AND r.effective_on <= $2) ORDER BY x.entry_number";
    let mut settlements = Vec::new();
    ledger.scan(sql, &[books_cell(books), day_cell(as_of)], |row| {
        settlements.push(ForeignSettlement {
            entry: EntryNumber(row.int(0)?),
            account: account_id(row.int(1)?)?,
            provider: name_id(row.int(2)?)?,
            currency: currency_of(row.int(3)?)?,
            amount: row.int(4)?,
            relieved: row.int(5)?,
            paid: row.int(6)?,
            paid_on: day_of(row.int(7)?)?,
        });
        Ok(())
    })?;
    Ok(settlements)
}

/// # Errors
/// Any database failure.
pub fn settlement_insert(ledger: &mut Ledger, books: BooksId, settlement: &ForeignSettlement) -> Result<(), StoreError> {
    let row = [
        books_cell(books),
        Cell::Int(settlement.entry.0),
        Cell::Int(i64::from(settlement.account.0)),
        Cell::Int(i64::from(settlement.provider.0)),
        currency_cell(settlement.currency),
        Cell::Int(settlement.amount),
        Cell::Int(settlement.relieved),
        Cell::Int(settlement.paid),
        day_cell(settlement.paid_on),
    ];
    ledger.insert(&rows::FOREIGN_SETTLEMENT, std::iter::once(row))
}

/// What each day moved on each account: debits less credits, in the order of account, currency and day.
///
/// # Errors
/// Any database failure.
pub fn account_day_nets(ledger: &mut Ledger, books: BooksId, as_of: Day) -> Result<Vec<(AccountId, Currency, Day, i64)>, StoreError> {
    let sql = "SELECT key_id, currency_id, period, debit - credit FROM balance \
               WHERE books_id = $1 AND grain = 3 AND period <= $2 ORDER BY key_id, currency_id, period";
    let mut nets = Vec::new();
    ledger.scan(sql, &[books_cell(books), day_cell(as_of)], |row| {
        nets.push((account_id(row.int(0)?)?, currency_of(row.int(1)?)?, day_of(row.int(2)?)?, row.int(3)?));
        Ok(())
    })?;
    Ok(nets)
}

fn currency_cell(currency: Currency) -> Cell<'static> {
    Cell::Int(i64::from(currency.id()))
}

fn account_id(id: i64) -> Result<AccountId, StoreError> {
    i32::try_from(id).map(AccountId).map_err(|_| StoreError::corrupt(format!("{id} is no account")))
}

/// Rates were read before they were stored.
fn rate_of(text: &str) -> Result<Rate, StoreError> {
    Rate::parse(text).map_err(|rejection| StoreError::corrupt(format!("exchange_rate.rate: {rejection}")))
}
