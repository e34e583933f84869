//! Targets for margins and for the cost of a unit.

use super::StoreError;
use super::cells::{books_cell, currency_of, day_cell, day_of, name_id};
use super::ledger::Column::{Int, Text};
use super::ledger::{Cell, Ledger, RowExt, Table};
use crate::domain::ids::BooksId;
use crate::domain::margin::{MarginTarget, TargetMeasure, TargetScope};
use crate::domain::money::Exact;
use crate::domain::period::Moment;

static MARGIN_TARGET: Table = Table {
    name: "margin_target",
    columns: &[
        Int("books_id"),
        Int("number"),
        Int("measure"),
        Int("scope"),
        Int("name_id"),
        Text("unit"),
        Text("value"),
        Int("currency_id"),
        Int("effective_from"),
        Int("effective_to"),
        Int("recorded_at"),
    ],
    on_conflict: "",
};

/// # Errors
/// Any database failure.
pub fn target_insert(ledger: &mut Ledger, books: BooksId, targets: &[MarginTarget], recorded_at: Moment) -> Result<(), StoreError> {
    let values: Vec<String> = targets.iter().map(|target| target.value.to_string()).collect();
    let rows = targets.iter().zip(&values).map(|(target, value)| {
        [
            books_cell(books),
            Cell::Int(target.number),
            Cell::Int(target.measure.id()),
            Cell::Int(target.scope.id()),
            Cell::Int(i64::from(target.name.0)),
            Cell::text_or_null(target.unit.as_deref()),
            Cell::Text(value),
            Cell::int_or_null(target.currency.map(|currency| i64::from(currency.id()))),
            day_cell(target.from),
            Cell::int_or_null(target.to.map(|day| i64::from(day.0))),
            Cell::Int(recorded_at.0),
        ]
    });
    ledger.insert(&MARGIN_TARGET, rows)
}

/// Every target, in the order of recording.
///
/// # Errors
/// Any database failure.
pub fn target_list(ledger: &mut Ledger, books: BooksId) -> Result<Vec<MarginTarget>, StoreError> {
    let sql = "SELECT number, measure, scope, name_id, unit, value, currency_id, effective_from, effective_to FROM margin_target \
               WHERE books_id = $1 ORDER BY number";
    let mut targets = Vec::new();
    ledger.scan(sql, &[books_cell(books)], |row| {
        let corrupt = || StoreError::corrupt("a margin target that cannot be read");
        targets.push(MarginTarget {
            number: row.int(0)?,
            measure: TargetMeasure::from_id(row.int(1)?).ok_or_else(corrupt)?,
            scope: TargetScope::from_id(row.int(2)?).ok_or_else(corrupt)?,
            name: name_id(row.int(3)?)?,
            unit: row.text_or_none(4)?.map(str::to_owned),
            value: row.text(5).and_then(|value| Exact::parse(value).map_err(|_| corrupt()))?,
            currency: row.int_or_none(6)?.map(currency_of).transpose()?,
            from: day_of(row.int(7)?)?,
            to: row.int_or_none(8)?.map(day_of).transpose()?,
        });
        Ok(())
    })?;
    Ok(targets)
}
