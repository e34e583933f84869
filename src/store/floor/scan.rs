//! The least that reading the same rows costs: what reports, what-if and verification are held against.

use crate::domain::ids::BooksId;
use crate::store::StoreError;
use crate::store::ledger::{Cell, Ledger};

/// Every charge of the books, in the columns that what-if reads.
const CHARGES: [&str; 1] =
    ["SELECT id, occurred_at, variant_id, block_id, meter_lines, basis, amount, currency_id FROM charge WHERE books_id = $1"];
/// The whole journal.
const JOURNAL: [&str; 2] = [
    "SELECT number, kind, effective_on, recorded_at, charge_id, corrects, posting_count, memo FROM journal_entry WHERE books_id = $1",
    "SELECT entry_number, line, side, amount, currency_id, block_id FROM posting WHERE books_id = $1",
];

/// Reads every charge, and does nothing with it. Answers their number.
///
/// # Errors
/// Any database failure.
pub fn charges(ledger: &mut Ledger, books: BooksId) -> Result<u64, StoreError> {
    read(ledger, books, &CHARGES)
}

/// Reads every entry and every posting, and does nothing with them. Answers the number of both.
///
/// # Errors
/// Any database failure.
pub fn journal(ledger: &mut Ledger, books: BooksId) -> Result<u64, StoreError> {
    read(ledger, books, &JOURNAL)
}

fn read(ledger: &mut Ledger, books: BooksId, statements: &[&str]) -> Result<u64, StoreError> {
    let mut rows = 0_u64;
    ledger.begin_reading()?;
    for sql in statements {
        ledger.scan(sql, &[Cell::Int(i64::from(books.0))], |_| {
            rows = rows.saturating_add(1);
            Ok(())
        })?;
    }
    ledger.rollback();
    Ok(rows)
}
