//! What live batches have not taken.

use super::{EntryRange, kinds_of};
use crate::domain::ids::BooksId;
use crate::domain::journal::EntryKind;
use crate::domain::period::Month;
use crate::store::StoreError;
use crate::store::cells::books_cell;
use crate::store::journal::sql::in_list;
use crate::store::ledger::{Cell, Ledger, RowExt};

/// The kinds of entries that batches of a target were ever asked for; none when one of them was of all kinds, or when there is no batch.
///
/// # Errors
/// Any database failure.
pub fn kinds_taken(ledger: &mut Ledger, books: BooksId, target: i64) -> Result<Option<Vec<EntryKind>>, StoreError> {
    let sql = "SELECT DISTINCT kinds FROM export_batch WHERE books_id = $1 AND target_id = $2";
    let mut taken = Vec::new();
    for row in ledger.rows(sql, &[books_cell(books), Cell::Int(target)])? {
        let kinds = kinds_of(row.text(0)?)?;
        if kinds.is_empty() {
            return Ok(None);
        }
        taken.extend(kinds);
    }
    taken.sort_unstable();
    taken.dedup();
    Ok((!taken.is_empty()).then_some(taken))
}

/// The first and the last entry that are dated in a month.
///
/// # Errors
/// Any database failure.
pub fn entry_numbers_of_month(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<Option<(i64, i64)>, StoreError> {
    let sql = "SELECT first_entry, last_entry FROM entry_month WHERE books_id = $1 AND month = $2";
    let rows = ledger.rows(sql, &[books_cell(books), Cell::Int(i64::from(month.0))])?;
    rows.first().map(|row| Ok((row.int(0)?, row.int(1)?))).transpose()
}

/// Whether there is any entry of a range. The last numbers are looked at first: they are those that came after a batch.
///
/// # Errors
/// Any database failure.
pub fn entries_exist(ledger: &mut Ledger, books: BooksId, range: EntryRange<'_>) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT e.number FROM journal_entry e WHERE e.books_id = $1 AND e.number > $2 AND e.number <= $3 AND e.effective_on >= $4 \
         AND e.effective_on < $5 AND {} ORDER BY e.number DESC LIMIT 1",
        in_list("e.kind", range.kinds.iter().map(|kind| i64::from(kind.id())))
    );
    let [from, to] = [range.month.first_day(), range.month.next().first_day()].map(|day| Cell::Int(i64::from(day.0)));
    let rows = ledger.rows(&sql, &[books_cell(books), Cell::Int(range.after), Cell::Int(range.through), from, to])?;
    Ok(!rows.is_empty())
}
