//! Outputs, their sums by day, and the units that the books saved.

use std::collections::BTreeMap;

use super::StoreError;
use super::cells::{books_cell, day_cell};
use super::ledger::{Cell, Ledger, RowExt};
use super::rows;
use crate::domain::ids::{BooksId, NameId};
use crate::domain::outputs::{Count, OutputInput, OutputUnit};
use crate::domain::period::{Day, Moment};

/// Stands for no value: every number from zero on is a currency's.
pub(in crate::store) const NO_CURRENCY: i64 = -1;

/// Team, project, client and feature of outputs.
pub type Centers = [NameId; 4];

/// An output to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewOutput<'a> {
    pub number: i64,
    pub content_hash: i64,
    pub input: &'a OutputInput,
    pub centers: Centers,
}

/// Outputs of one unit, day and centers, and their value by currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputDay {
    pub quantity: Count,
    /// In ledger units, by the id of the currency.
    pub values: BTreeMap<i16, i64>,
}

fn center_cells(centers: Centers) -> [Cell<'static>; 4] {
    centers.map(|id| Cell::Int(i64::from(id.0)))
}

/// Stores outputs and adds them to the sums of their days. What has no value is summed under no currency.
///
/// # Errors
/// Any database failure.
pub fn output_insert(ledger: &mut Ledger, books: BooksId, outputs: &[NewOutput<'_>], recorded_at: Moment) -> Result<(), StoreError> {
    let mut days = BTreeMap::new();
    let rows = outputs.iter().map(|output| {
        let [team, project, client, feature] = center_cells(output.centers);
        [
            books_cell(books),
            Cell::Int(output.number),
            Cell::Text(&output.input.source),
            Cell::Text(&output.input.external_id),
            Cell::Int(output.content_hash),
            Cell::Text(&output.input.unit),
            day_cell(output.input.produced_on),
            Cell::Int(output.input.quantity.millionths()),
            Cell::int_or_null(output.input.value.map(|value| value.amount.units())),
            Cell::int_or_null(output.input.value.map(|value| i64::from(value.currency.id()))),
            team,
            project,
            client,
            feature,
            Cell::Int(recorded_at.0),
        ]
    });
    ledger.insert(&rows::OUTPUT_ENTRY, rows)?;
    for output in outputs {
        let currency = output.input.value.map_or(NO_CURRENCY, |value| i64::from(value.currency.id()));
        let key = (output.input.unit.as_str(), output.input.produced_on, output.centers.map(|id| id.0), currency);
        let sum: &mut (i64, i64) = days.entry(key).or_default();
        let value = output.input.value.map_or(0, |value| value.amount.units());
        let (quantity, value) = (sum.0.checked_add(output.input.quantity.millionths()), sum.1.checked_add(value));
        *sum = quantity.zip(value).ok_or_else(|| StoreError::corrupt("outputs of a day exceed what can be counted"))?;
    }
    let rows = days.into_iter().map(|((unit, day, centers, currency), (quantity, value))| {
        let [team, project, client, feature] = center_cells(centers.map(NameId));
        let (currency, quantity, value) = (Cell::Int(currency), Cell::Int(quantity), Cell::Int(value));
        [books_cell(books), Cell::Text(unit), day_cell(day), team, project, client, feature, currency, quantity, value]
    });
    ledger.insert(&rows::OUTPUT_DAY, rows)
}

/// The sum of a unit, day and centers.
///
/// # Errors
/// Any database failure.
pub fn output_day(ledger: &mut Ledger, books: BooksId, unit: &str, day: Day, centers: Centers) -> Result<OutputDay, StoreError> {
    let sql = "SELECT currency_id, quantity_millionths, value FROM output_day WHERE books_id = $1 AND unit = $2 AND day = $3 \
               AND team_id = $4 AND project_id = $5 AND client_id = $6 AND feature_id = $7";
    let [team, project, client, feature] = center_cells(centers);
    let mut sum = OutputDay::default();
    ledger.scan(sql, &[books_cell(books), Cell::Text(unit), day_cell(day), team, project, client, feature], |row| {
        let overflow = || StoreError::corrupt("outputs of a day exceed what can be counted");
        sum.quantity = sum.quantity.checked_add(Count::from_millionths(row.int(1)?)).ok_or_else(overflow)?;
        let currency = i16::try_from(row.int(0)?).map_err(|_| StoreError::corrupt("a currency of outputs"))?;
        if i64::from(currency) != NO_CURRENCY {
            sum.values.insert(currency, row.int(2)?);
        }
        Ok(())
    })?;
    Ok(sum)
}

/// Units that the books saved, in the order of their codes.
///
/// # Errors
/// Any database failure.
pub fn unit_list(ledger: &mut Ledger, books: BooksId) -> Result<Vec<OutputUnit>, StoreError> {
    let mut units = Vec::new();
    ledger.scan("SELECT code, name FROM output_unit WHERE books_id = $1 ORDER BY code", &[books_cell(books)], |row| {
        units.push(OutputUnit { code: row.text(0)?.to_owned(), name: row.text(1)?.to_owned() });
        Ok(())
    })?;
    Ok(units)
}

/// Saves units; one of the same code gets the name. The codes are distinct.
///
/// # Errors
/// Any database failure.
pub fn unit_save(ledger: &mut Ledger, books: BooksId, units: &[OutputUnit], recorded_at: Moment) -> Result<(), StoreError> {
    let rows = units.iter().map(|unit| [books_cell(books), Cell::Text(&unit.code), Cell::Text(&unit.name), Cell::Int(recorded_at.0)]);
    ledger.insert(&rows::OUTPUT_UNIT, rows)
}
