//! What records of activity share: keys and numbers; and the sums of hours by month.

use std::collections::BTreeMap;

use super::StoreError;
use super::cells::{books_cell, next_number};
use super::labor::NewTime;
use super::ledger::{Cell, Ledger, RowExt};
use super::rows;
use crate::domain::ids::BooksId;

/// A table of facts that are recorded once for ever under their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactTable {
    Time,
    Revenue,
    Outputs,
    Payroll,
}

impl FactTable {
    fn name(self) -> &'static str {
        match self {
            Self::Time => "time_entry",
            Self::Revenue => "revenue_entry",
            Self::Outputs => "output_entry",
            Self::Payroll => "payroll_entry",
        }
    }
}

/// The content hash of a recorded key.
///
/// # Errors
/// Any database failure.
pub fn fact_known(
    ledger: &mut Ledger,
    books: BooksId,
    table: FactTable,
    (source, external_id): (&str, &str),
) -> Result<Option<i64>, StoreError> {
    let sql = format!("SELECT content_hash FROM {} WHERE books_id = $1 AND source = $2 AND external_id = $3", table.name());
    ledger.rows(&sql, &[books_cell(books), Cell::Text(source), Cell::Text(external_id)])?.first().map(|row| row.int(0)).transpose()
}

/// The number that the next recorded fact gets.
///
/// # Errors
/// Any database failure.
pub fn fact_next(ledger: &mut Ledger, books: BooksId, table: FactTable) -> Result<i64, StoreError> {
    next_number(ledger, books, table.name())
}

/// Adds hours to the sums by month, for all and by person.
///
/// # Errors
/// Any database failure.
pub fn time_sums_add(ledger: &mut Ledger, books: BooksId, times: &[NewTime]) -> Result<(), StoreError> {
    let (mut months, mut persons) = (BTreeMap::new(), BTreeMap::new());
    for time in times {
        let (month, block) = (i64::from(time.worked_on.month().0), i64::from(time.block.0));
        // One call is at most a thousand days, so a sum of it is far from the limit.
        let add = |sum: &mut i64| *sum = sum.saturating_add(time.hours.millionths());
        add(months.entry((month, block)).or_insert(0));
        add(persons.entry((month, block, time.person.as_str())).or_insert(0));
    }
    let rows = months.into_iter().map(|((month, block), hours)| [books_cell(books), Cell::Int(month), Cell::Int(block), Cell::Int(hours)]);
    ledger.insert(&rows::TIME_MONTH, rows)?;
    let rows = persons.into_iter().map(|((month, block, person), hours)| {
        [books_cell(books), Cell::Int(month), Cell::Int(block), Cell::Text(person), Cell::Int(hours)]
    });
    ledger.insert(&rows::TIME_PERSON_MONTH, rows)
}
