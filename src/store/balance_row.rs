//! Single balances, and what a month moved in all, read under the books' lock before anything is added to them.

use std::collections::BTreeMap;

use super::StoreError;
use super::cells::{books_cell, currency_of};
use super::ledger::{Cell, Ledger, RowExt};
use crate::domain::ids::BooksId;
use crate::domain::money::Currency;
use crate::domain::period::Month;
use crate::domain::report::{Grain, Totals};

/// The key of a balance within the books: grain, period, key and currency, as they are stored.
pub type RowKey = [i64; 4];

/// Debits and credits of all accounts in a month, together: no balance of the month, or of a day in it, has more.
///
/// # Errors
/// Any database failure.
pub fn month_gross(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<BTreeMap<Currency, i128>, StoreError> {
    let sql = "SELECT currency_id, debit, credit FROM balance WHERE books_id = $1 AND grain = $2 AND period = $3";
    let mut gross: BTreeMap<Currency, i128> = BTreeMap::new();
    ledger.scan(sql, &[books_cell(books), Cell::Int(Grain::AccountMonth.id()), Cell::Int(i64::from(month.0))], |row| {
        *gross.entry(currency_of(row.int(0)?)?).or_default() += i128::from(row.int(1)?) + i128::from(row.int(2)?);
        Ok(())
    })?;
    Ok(gross)
}

/// What stands in one balance; zero when it has no row yet.
///
/// # Errors
/// Any database failure.
pub fn balance_row(ledger: &mut Ledger, books: BooksId, key: RowKey) -> Result<Totals, StoreError> {
    let sql = "SELECT debit, credit, charges, input_tokens, output_tokens, cache_read_tokens FROM balance \
               WHERE books_id = $1 AND grain = $2 AND period = $3 AND key_id = $4 AND currency_id = $5";
    let [grain, period, id, currency] = key.map(Cell::Int);
    let rows = ledger.rows(sql, &[books_cell(books), grain, period, id, currency])?;
    let Some(row) = rows.first() else { return Ok(Totals::default()) };
    Ok(Totals {
        debit: row.int(0)?,
        credit: row.int(1)?,
        charges: row.int(2)?,
        input_tokens: row.int(3)?,
        output_tokens: row.int(4)?,
        cache_read_tokens: row.int(5)?,
    })
}
