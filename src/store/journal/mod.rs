//! Reads of journal entries and postings.

mod blocks;
mod scan;
pub(in crate::store) mod sql;

use std::collections::HashMap;

use sea_orm::QueryResult;

pub(in crate::store) use blocks::small;
pub use blocks::{Visible, blocks, name_id, names, rule_codes};
pub use scan::JournalScan;
use sql::{by_index, column, id_list, one_of, rows};

use super::{Store, StoreError};
use crate::domain::ids::{BlockId, BooksId, ChargeNumber, EntryNumber};
use crate::domain::journal::{EntryKind, Side};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::{Day, Moment};

/// A posted entry without its postings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    pub number: EntryNumber,
    pub kind: EntryKind,
    pub effective_on: Day,
    /// The day that a prior-period entry belongs to.
    pub service_on: Option<Day>,
    pub recorded_at: Moment,
    pub charge: Option<ChargeNumber>,
    pub corrects: Option<EntryNumber>,
    pub memo: Option<String>,
}

/// A posting of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostingRow {
    pub entry: EntryNumber,
    pub line: i64,
    pub side: Side,
    pub money: Money,
    pub block: BlockId,
}

const ENTRY_COLUMNS: &str = "e.number, e.kind, e.effective_on, e.recorded_at, e.charge_id, e.corrects, e.memo, e.service_on";

/// Entries after a number, in the order of posting. A limited reader gets those with a visible posting.
///
/// # Errors
/// Any database failure.
pub async fn entries_after(
    store: &Store,
    books: BooksId,
    after: EntryNumber,
    limit: u64,
    visible: Option<&Visible>,
) -> Result<Vec<EntryRow>, StoreError> {
    let visible = visible.map(shows_a_posting).unwrap_or_default();
    let sql = format!(
        "SELECT {ENTRY_COLUMNS} FROM journal_entry e WHERE e.books_id = $1 AND e.number > $2{visible} ORDER BY e.number LIMIT {limit}"
    );
    rows(&store.db, sql, vec![i64::from(books.0).into(), after.0.into()]).await?.iter().map(entry_row).collect()
}

/// The entries of these numbers, as far as they exist and are visible.
///
/// # Errors
/// Any database failure.
pub async fn entries_by_number(
    store: &Store,
    books: BooksId,
    numbers: &[EntryNumber],
    visible: Option<&Visible>,
) -> Result<Vec<EntryRow>, StoreError> {
    let visible = visible.map(shows_a_posting).unwrap_or_default();
    let condition = one_of(store.db.get_database_backend(), "e.number", 2);
    let sql = format!("SELECT {ENTRY_COLUMNS} FROM journal_entry e WHERE e.books_id = $1 AND {condition}{visible} ORDER BY e.number");
    let values = vec![i64::from(books.0).into(), id_list(numbers.iter().map(|number| number.0))];
    rows(&store.db, sql, values).await?.iter().map(entry_row).collect()
}

/// The postings of these entries, in the order of entry and line. Which of them a reader sees is decided by their blocks.
///
/// # Errors
/// Any database failure.
pub async fn postings_of(store: &Store, books: BooksId, numbers: &[EntryNumber]) -> Result<Vec<PostingRow>, StoreError> {
    let condition = one_of(store.db.get_database_backend(), "entry_number", 2);
    let sql = format!(
        "SELECT entry_number, line, side, amount, currency_id, block_id FROM posting WHERE books_id = $1 AND {condition} ORDER BY entry_number, line"
    );
    let values = vec![i64::from(books.0).into(), id_list(numbers.iter().map(|number| number.0))];
    rows(&store.db, sql, values).await?.iter().map(posting_row).collect()
}

/// The reversal of each of these entries that has one.
///
/// # Errors
/// Any database failure.
pub async fn reversals_of(store: &Store, books: BooksId, numbers: &[EntryNumber]) -> Result<HashMap<EntryNumber, EntryNumber>, StoreError> {
    let backend = store.db.get_database_backend();
    let (index, condition) = (by_index(backend, "journal_entry_reversed_once"), one_of(backend, "corrects", 2));
    // Written out, so that the partial index of reversals can answer.
    let sql = format!("SELECT corrects, number FROM journal_entry{index} WHERE books_id = $1 AND kind = 2 AND {condition}");
    let values = vec![i64::from(books.0).into(), id_list(numbers.iter().map(|number| number.0))];
    let found = rows(&store.db, sql, values).await?;
    found.iter().map(|row| Ok((EntryNumber(column(row, 0)?), EntryNumber(column(row, 1)?)))).collect()
}

/// Name and day of creation of a set of books.
///
/// # Errors
/// Any database failure.
pub async fn books_name(store: &Store, books: BooksId) -> Result<Option<(String, Moment)>, StoreError> {
    let found = rows(&store.db, "SELECT name, created_at FROM books WHERE id = $1".to_owned(), vec![i64::from(books.0).into()]).await?;
    found.first().map(|row| Ok((column(row, 0)?, Moment(column(row, 1)?)))).transpose()
}

fn shows_a_posting(visible: &Visible) -> String {
    format!(
        " AND EXISTS (SELECT 1 FROM posting p JOIN coding_block b ON b.books_id = p.books_id AND b.id = p.block_id \
         WHERE p.books_id = e.books_id AND p.entry_number = e.number AND {})",
        visible.condition("b")
    )
}

fn entry_row(row: &QueryResult) -> Result<EntryRow, StoreError> {
    let kind: i64 = column(row, 1)?;
    Ok(EntryRow {
        number: EntryNumber(column(row, 0)?),
        kind: i16::try_from(kind)
            .ok()
            .and_then(EntryKind::from_id)
            .ok_or_else(|| StoreError::corrupt(format!("{kind} is no kind of entry")))?,
        effective_on: Day(small(column(row, 2)?)?),
        recorded_at: Moment(column(row, 3)?),
        charge: column::<Option<i64>>(row, 4)?.map(ChargeNumber),
        corrects: column::<Option<i64>>(row, 5)?.map(EntryNumber),
        memo: column(row, 6)?,
        service_on: column::<Option<i64>>(row, 7)?.map(small).transpose()?.map(Day),
    })
}

fn posting_row(row: &QueryResult) -> Result<PostingRow, StoreError> {
    let side: i64 = column(row, 2)?;
    Ok(PostingRow {
        entry: EntryNumber(column(row, 0)?),
        line: column(row, 1)?,
        side: i16::try_from(side).ok().and_then(Side::from_id).ok_or_else(|| StoreError::corrupt(format!("{side} is no side")))?,
        money: Amount::from_units(column(row, 3)?).with(currency(column(row, 4)?)?),
        block: BlockId(small(column(row, 5)?)?),
    })
}

/// The currency stored under this number.
pub(in crate::store) fn currency(id: i64) -> Result<Currency, StoreError> {
    i16::try_from(id).ok().and_then(Currency::from_id).ok_or_else(|| StoreError::corrupt(format!("{id} is no currency")))
}
