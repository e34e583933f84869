//! Recorded quantities of drivers: the statistical ledger. They are never in the trial balance.

use super::tables::DRIVER_VALUE;
use crate::domain::chart::CenterKind;
use crate::domain::ids::{BooksId, NameId};
use crate::domain::money::Exact;
use crate::domain::period::{Moment, Month};
use crate::store::StoreError;
use crate::store::cells::{books_cell, name_id, next_number};
use crate::store::ledger::{Cell, Ledger, RowExt, Value};

/// A quantity to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverValue {
    pub driver: String,
    pub month: Month,
    pub kind: CenterKind,
    pub center: NameId,
    pub quantity: Exact,
}

/// A quantity as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDriver {
    pub number: i64,
    pub value: DriverValue,
    pub subject: String,
    pub recorded_at: Moment,
}

/// The last number given out.
///
/// # Errors
/// Any database failure.
pub fn last_driver_value(ledger: &mut Ledger, books: BooksId) -> Result<i64, StoreError> {
    Ok(next_number(ledger, books, "driver_value")?.saturating_sub(1))
}

/// Records quantities under the next numbers.
///
/// # Errors
/// Any database failure.
pub fn value_insert(ledger: &mut Ledger, books: BooksId, values: &[DriverValue], (subject, at): (&str, Moment)) -> Result<(), StoreError> {
    let first = next_number(ledger, books, "driver_value")?;
    let quantities: Vec<String> = values.iter().map(|value| value.quantity.to_string()).collect();
    let rows = (first..).zip(values).zip(&quantities).map(|((number, value), quantity)| {
        [
            books_cell(books),
            Cell::Int(number),
            Cell::Text(&value.driver),
            Cell::Int(i64::from(value.month.0)),
            Cell::Int(i64::from(value.kind.id())),
            Cell::Int(i64::from(value.center.0)),
            Cell::Text(quantity),
            Cell::Text(subject),
            Cell::Int(at.0),
        ]
    });
    ledger.insert(&DRIVER_VALUE, rows)
}

/// What counts of a driver in a month, up to a number: the latest of each center.
///
/// # Errors
/// Any database failure.
pub fn driver_values(
    ledger: &mut Ledger,
    books: BooksId,
    (driver, month): (&str, Month),
    through: i64,
    mut each: impl FnMut(CenterKind, NameId, Exact),
) -> Result<(), StoreError> {
    let sql = "SELECT v.kind, v.center_id, v.quantity FROM driver_value v WHERE v.books_id = $1 AND v.month = $2 AND v.driver = $3 \
               AND v.number <= $4 ORDER BY +v.number";
    let parameters = [books_cell(books), Cell::Int(i64::from(month.0)), Cell::Text(driver), Cell::Int(through)];
    // A plain ORDER BY lets SQLite walk the table in the order of its key, through every value of every driver; the sign hides the key, and the
    // index of month and driver is used. In the order of their numbers, so that the latest of a center is the last to be set.
    ledger.scan(sql, &parameters, |row| {
        each(kind_of(row.int(0)?)?, name_id(row.int(1)?)?, quantity_of(row.text(2)?)?);
        Ok(())
    })
}

/// Recorded quantities after a number, of a month and a driver where they are given.
///
/// # Errors
/// Any database failure.
pub fn driver_list(
    ledger: &mut Ledger,
    books: BooksId,
    (driver, month): (Option<&str>, Option<Month>),
    after: i64,
    limit: usize,
) -> Result<Vec<RecordedDriver>, StoreError> {
    let sql = format!(
        "SELECT number, driver, month, kind, center_id, quantity, subject, recorded_at FROM driver_value WHERE books_id = $1 AND number > $2 \
         AND ($3 = '' OR driver = $3) AND ($4 < 0 OR month = $4) ORDER BY number LIMIT {limit}"
    );
    let month = Cell::Int(month.map_or(-1, |month| i64::from(month.0)));
    let mut values = Vec::new();
    ledger.scan(&sql, &[books_cell(books), Cell::Int(after), Cell::Text(driver.unwrap_or_default()), month], |row| {
        values.push(recorded(row)?);
        Ok(())
    })?;
    Ok(values)
}

fn recorded(row: &[Value]) -> Result<RecordedDriver, StoreError> {
    let month = i32::try_from(row.int(2)?).map_err(|_| StoreError::corrupt("a month of a driver"))?;
    Ok(RecordedDriver {
        number: row.int(0)?,
        value: DriverValue {
            driver: row.text(1)?.to_owned(),
            month: Month(month),
            kind: kind_of(row.int(3)?)?,
            center: name_id(row.int(4)?)?,
            quantity: quantity_of(row.text(5)?)?,
        },
        subject: row.text(6)?.to_owned(),
        recorded_at: Moment(row.int(7)?),
    })
}

pub fn kind_of(id: i64) -> Result<CenterKind, StoreError> {
    let kind = i16::try_from(id).ok().and_then(CenterKind::from_id);
    kind.ok_or_else(|| StoreError::corrupt(format!("{id} is no kind of cost center")))
}

pub fn quantity_of(text: &str) -> Result<Exact, StoreError> {
    Exact::parse(text).map_err(|rejection| StoreError::corrupt(format!("a quantity: {rejection}")))
}
