//! Payroll, labor applied beside it, and what was posted of their difference.

use std::collections::BTreeMap;

use super::StoreError;
use super::cells::{books_cell, currency_of, day_cell, name_id};
use super::ledger::{Cell, Ledger, RowExt, Value};
use super::rows;
use super::sums::exact_sum;
use crate::domain::ids::{BooksId, EntryNumber, NameId};
use crate::domain::outputs::Count;
use crate::domain::payroll::{PayrollInput, TeamKey, Variances};
use crate::domain::period::{Moment, Month};

/// Payroll to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewPayroll<'a> {
    pub number: i64,
    pub content_hash: i64,
    pub input: &'a PayrollInput,
    pub team: NameId,
    /// None when nothing had to be posted.
    pub entry: Option<EntryNumber>,
}

/// An amount (ledger units) and its hours.
pub type Worked = (i64, Count);

/// What was posted of a team, month and currency so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrueUp {
    pub revision: i64,
    pub variances: Variances,
    pub entry: EntryNumber,
}

fn month_cell(month: Month) -> Cell<'static> {
    Cell::Int(i64::from(month.0))
}

/// # Errors
/// Any database failure.
pub fn payroll_insert(ledger: &mut Ledger, books: BooksId, payrolls: &[NewPayroll<'_>], recorded_at: Moment) -> Result<(), StoreError> {
    let rows = payrolls.iter().map(|payroll| {
        [
            books_cell(books),
            Cell::Int(payroll.number),
            Cell::Text(&payroll.input.source),
            Cell::Text(&payroll.input.external_id),
            Cell::Int(payroll.content_hash),
            month_cell(payroll.input.month),
            Cell::Int(i64::from(payroll.team.0)),
            Cell::Int(payroll.input.hours.millionths()),
            Cell::Int(payroll.input.amount.amount.units()),
            Cell::Int(i64::from(payroll.input.amount.currency.id())),
            Cell::int_or_null(payroll.entry.map(|entry| entry.0)),
            Cell::Int(recorded_at.0),
        ]
    });
    ledger.insert(&rows::PAYROLL_ENTRY, rows)
}

fn team_key(row: &[Value]) -> Result<TeamKey, StoreError> {
    Ok((name_id(row.int(0)?)?, currency_of(row.int(1)?)?))
}

fn worked(ledger: &mut Ledger, sql: &str, parameters: &[Cell<'_>]) -> Result<BTreeMap<TeamKey, Worked>, StoreError> {
    let mut sums = BTreeMap::new();
    ledger.scan(sql, parameters, |row| {
        sums.insert(team_key(row)?, (row.sum_of_one(2)?, Count::from_millionths(row.sum_of_one(3)?)));
        Ok(())
    })?;
    Ok(sums)
}

/// What payroll cost the teams in a month.
///
/// # Errors
/// Any database failure.
pub fn paid_sums(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<BTreeMap<TeamKey, Worked>, StoreError> {
    let sql = format!(
        "SELECT team_id, currency_id, {}, {} FROM payroll_entry WHERE books_id = $1 AND month = $2 GROUP BY team_id, currency_id",
        exact_sum("amount"),
        exact_sum("hours_millionths")
    );
    worked(ledger, &sql, &[books_cell(books), month_cell(month)])
}

/// What the hours that the teams worked in a month cost at their latest rates; hours without a rate are not in it.
///
/// # Errors
/// Any database failure.
pub fn applied_sums(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<BTreeMap<TeamKey, Worked>, StoreError> {
    let sql = format!(
        "SELECT b.team_id, k.currency_id, {}, {} FROM time_entry t \
               JOIN coding_block b ON b.books_id = t.books_id AND b.id = t.block_id \
               JOIN time_booking k ON k.books_id = t.books_id AND k.time_number = t.number AND k.revision = \
               (SELECT MAX(m.revision) FROM time_booking m WHERE m.books_id = t.books_id AND m.time_number = t.number) \
               WHERE t.books_id = $1 AND t.worked_on >= $2 AND t.worked_on <= $3 GROUP BY b.team_id, k.currency_id",
        exact_sum("k.amount"),
        exact_sum("t.hours_millionths")
    );
    worked(ledger, &sql, &[books_cell(books), day_cell(month.first_day()), day_cell(month.last_day())])
}

/// The months from `from` (included) to `to` (excluded) that payroll was recorded of, in their order.
///
/// # Errors
/// Any database failure.
pub fn payroll_months(ledger: &mut Ledger, books: BooksId, from: Month, to: Month) -> Result<Vec<Month>, StoreError> {
    let sql = "SELECT DISTINCT month FROM payroll_entry WHERE books_id = $1 AND month >= $2 AND month < $3 ORDER BY month";
    let month = |row: &Vec<Value>| {
        let month = row.int(0)?;
        i32::try_from(month).map(Month).map_err(|_| StoreError::corrupt(format!("{month} is no month")))
    };
    ledger.rows(sql, &[books_cell(books), month_cell(from), month_cell(to)])?.iter().map(month).collect()
}

/// What was posted of a month, by its latest revisions.
///
/// # Errors
/// Any database failure.
pub fn true_ups(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<BTreeMap<TeamKey, TrueUp>, StoreError> {
    let sql = "SELECT team_id, currency_id, revision, rate_variance, utilization_variance, entry_number FROM labor_true_up \
               WHERE books_id = $1 AND month = $2 ORDER BY revision";
    let mut latest = BTreeMap::new();
    ledger.scan(sql, &[books_cell(books), month_cell(month)], |row| {
        let variances = Variances { rate: row.int(3)?, utilization: row.int(4)? };
        latest.insert(team_key(row)?, TrueUp { revision: row.int(2)?, variances, entry: EntryNumber(row.int(5)?) });
        Ok(())
    })?;
    Ok(latest)
}

/// # Errors
/// Any database failure.
pub fn true_up_insert(
    ledger: &mut Ledger,
    books: BooksId,
    month: Month,
    true_ups: &[(TeamKey, TrueUp)],
    recorded_at: Moment,
) -> Result<(), StoreError> {
    let rows = true_ups.iter().map(|((team, currency), posted)| {
        [
            books_cell(books),
            month_cell(month),
            Cell::Int(i64::from(team.0)),
            Cell::Int(i64::from(currency.id())),
            Cell::Int(posted.revision),
            Cell::Int(posted.variances.rate),
            Cell::Int(posted.variances.utilization),
            Cell::Int(posted.entry.0),
            Cell::Int(recorded_at.0),
        ]
    });
    ledger.insert(&rows::LABOR_TRUE_UP, rows)
}
