//! Cells that the rows of many tables have, and how they are read back.

use super::StoreError;
use super::ledger::{Cell, Ledger, RowExt};
use crate::domain::ids::{BooksId, NameId};
use crate::domain::money::Currency;
use crate::domain::period::Day;

/// The next number of a table whose rows are numbered within the books; the lock of the books keeps it free.
pub(super) fn next_number(ledger: &mut Ledger, books: BooksId, table: &'static str) -> Result<i64, StoreError> {
    let rows = ledger.rows(&format!("SELECT COALESCE(MAX(number), 0) FROM {table} WHERE books_id = $1"), &[books_cell(books)])?;
    Ok(rows.first().map_or(Ok(0), |row| row.int(0))?.saturating_add(1))
}

pub(super) fn books_cell(books: BooksId) -> Cell<'static> {
    Cell::Int(i64::from(books.0))
}

pub(super) fn day_cell(day: Day) -> Cell<'static> {
    Cell::Int(i64::from(day.0))
}

pub(super) fn name_id(id: i64) -> Result<NameId, StoreError> {
    i32::try_from(id).map(NameId).map_err(|_| StoreError::corrupt(format!("{id} is no name")))
}

pub(super) fn day_of(day: i64) -> Result<Day, StoreError> {
    i32::try_from(day).map(Day).map_err(|_| StoreError::corrupt(format!("{day} is no day")))
}

pub(super) fn currency_of(id: i64) -> Result<Currency, StoreError> {
    i16::try_from(id).ok().and_then(Currency::from_id).ok_or_else(|| StoreError::corrupt(format!("{id} is no currency")))
}
