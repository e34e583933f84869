//! The letters with which documents begin. Whether some are taken is asked of all books: they may send to the same system.

use crate::domain::export_batch::Prefix;
use crate::domain::ids::BooksId;
use crate::domain::period::Moment;
use crate::store::cells::books_cell;
use crate::store::ledger::{Cell, Ledger, RowExt};
use crate::store::{StoreError, rows};

/// The prefixes of a target, in the order in which it got them.
///
/// # Errors
/// Any database failure.
pub fn prefix_list(ledger: &mut Ledger, books: BooksId, target: i64) -> Result<Vec<Prefix>, StoreError> {
    let sql = "SELECT prefix FROM export_prefix WHERE books_id = $1 AND target_id = $2 ORDER BY number";
    let read = |text: &str| Prefix::parse(text).map_err(|_| StoreError::corrupt("a prefix of documents"));
    ledger.rows(sql, &[books_cell(books), Cell::Int(target)])?.iter().map(|row| read(row.text(0)?)).collect()
}

/// Whether another target of any books has the prefix, or has a batch of before prefixes were kept whose number begins with it.
///
/// # Errors
/// Any database failure.
pub fn prefix_is_taken(ledger: &mut Ledger, books: BooksId, target: i64, prefix: &Prefix) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM export_prefix p WHERE p.prefix = $3 AND (p.books_id <> $1 OR p.target_id <> $2) \
               UNION ALL SELECT 1 FROM export_batch b WHERE b.external_number LIKE $3 || '____-%' AND (b.books_id <> $1 OR b.target_id <> $2) LIMIT 1";
    Ok(!ledger.rows(sql, &[books_cell(books), Cell::Int(target), Cell::Text(prefix.as_str())])?.is_empty())
}

/// Gives a target a prefix, for ever.
///
/// # Errors
/// Any database failure.
pub fn prefix_insert(
    ledger: &mut Ledger,
    books: BooksId,
    (target, number): (i64, i64),
    prefix: &Prefix,
    at: Moment,
) -> Result<(), StoreError> {
    let row = [books_cell(books), Cell::Int(target), Cell::Int(number), Cell::Text(prefix.as_str()), Cell::Int(at.0)];
    ledger.insert(&rows::EXPORT_PREFIX, std::iter::once(row))
}

/// The code of the books, and when they were created.
///
/// # Errors
/// Any database failure.
pub fn books_origin(ledger: &mut Ledger, books: BooksId) -> Result<(String, Moment), StoreError> {
    let rows = ledger.rows("SELECT code, created_at FROM books WHERE id = $1", &[books_cell(books)])?;
    let row = rows.first().ok_or_else(|| StoreError::corrupt("the books are gone"))?;
    Ok((row.text(0)?.to_owned(), Moment(row.int(1)?)))
}
