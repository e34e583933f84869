//! Hours, their rates and their bookings.

use super::StoreError;
use super::cells::{books_cell, currency_of, day_cell, day_of};
use super::ledger::{Cell, Ledger, RowExt, Value};
use super::rows;
use super::sums::exact_sum;
use crate::domain::ids::{BlockId, BooksId, EntryNumber};
use crate::domain::labor::{Hours, LaborRate};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::{Day, DayRange, Moment};

/// Hours as they are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTime {
    pub number: i64,
    pub source: String,
    pub external_id: String,
    pub content_hash: i64,
    pub worked_on: Day,
    pub person: String,
    pub role: Option<String>,
    pub hours: Hours,
    pub is_billable: bool,
    /// Bears the cost.
    pub block: BlockId,
    /// Is relieved of it.
    pub applied_block: BlockId,
}

/// Recorded hours and their latest booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedTime {
    pub number: i64,
    pub person: String,
    pub role: Option<String>,
    pub worked_on: Day,
    pub hours: Hours,
    pub block: BlockId,
    pub applied_block: BlockId,
    pub booking: Option<Booking>,
}

/// What hours cost by a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    pub revision: i64,
    pub rate: i64,
    pub cost: Money,
    /// None when nothing had to be posted.
    pub entry: Option<EntryNumber>,
}

/// Hours by one dimension of the blocks that bear their cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaborSum {
    /// The id of the dimension; zero for none.
    pub key: i64,
    pub persons: i64,
    pub hours: Hours,
    pub entries: i64,
}

/// The hours of a person on a day.
///
/// # Errors
/// Any database failure.
pub fn time_of_day(ledger: &mut Ledger, books: BooksId, person: &str, day: Day) -> Result<Hours, StoreError> {
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(hours_millionths), 0) AS BIGINT) FROM time_entry{} WHERE books_id = $1 AND person = $2 AND worked_on = $3",
        ledger.by_index("time_entry_of_person")
    );
    let rows = ledger.rows(&sql, &[books_cell(books), Cell::Text(person), day_cell(day)])?;
    rows.first().map_or(Ok(Hours::ZERO), |row| row.int(0).map(Hours::from_millionths))
}

/// # Errors
/// Any database failure.
pub fn time_insert(ledger: &mut Ledger, books: BooksId, times: &[NewTime], recorded_at: Moment) -> Result<(), StoreError> {
    let rows = times.iter().map(|time| {
        [
            books_cell(books),
            Cell::Int(time.number),
            Cell::Text(&time.source),
            Cell::Text(&time.external_id),
            Cell::Int(time.content_hash),
            day_cell(time.worked_on),
            Cell::Text(&time.person),
            Cell::text_or_null(time.role.as_deref()),
            Cell::Int(time.hours.millionths()),
            Cell::Int(i64::from(time.is_billable)),
            Cell::Int(i64::from(time.block.0)),
            Cell::Int(i64::from(time.applied_block.0)),
            Cell::Int(recorded_at.0),
        ]
    });
    ledger.insert(&rows::TIME_ENTRY, rows)
}

/// Notes hours that no rate is known for.
///
/// # Errors
/// Any database failure.
pub fn waiting_insert(ledger: &mut Ledger, books: BooksId, waiting: &[(i64, Day, Hours)]) -> Result<(), StoreError> {
    let rows =
        waiting.iter().map(|(number, day, hours)| [books_cell(books), Cell::Int(*number), day_cell(*day), Cell::Int(hours.millionths())]);
    ledger.insert(&rows::WAITING_TIME, rows)
}

/// Hours that have a cost now wait no longer.
///
/// # Errors
/// Any database failure.
pub fn waiting_delete(ledger: &mut Ledger, books: BooksId, number: i64) -> Result<(), StoreError> {
    ledger.run("DELETE FROM waiting_time WHERE books_id = $1 AND time_number = $2", &[books_cell(books), Cell::Int(number)])
}

/// # Errors
/// Any database failure.
pub fn booking_insert(ledger: &mut Ledger, books: BooksId, bookings: &[(i64, Booking)], recorded_at: Moment) -> Result<(), StoreError> {
    let rows = bookings.iter().map(|(number, booking)| {
        [
            books_cell(books),
            Cell::Int(*number),
            Cell::Int(booking.revision),
            Cell::Int(booking.rate),
            Cell::Int(i64::from(booking.cost.currency.id())),
            Cell::Int(booking.cost.amount.units()),
            Cell::int_or_null(booking.entry.map(|entry| entry.0)),
            Cell::Int(recorded_at.0),
        ]
    });
    ledger.insert(&rows::TIME_BOOKING, rows)
}

/// Hours that a rate may be for, with their latest bookings, in the order of recording.
///
/// # Errors
/// Any database failure.
pub fn time_of_rate(ledger: &mut Ledger, books: BooksId, rate: &LaborRate, limit: usize) -> Result<Vec<RecordedTime>, StoreError> {
    let (column, whose) = match (&rate.person, &rate.role) {
        (Some(person), _) => ("person", person.as_str()),
        (None, role) => ("role", role.as_deref().unwrap_or_default()),
    };
    let sql = format!(
        "SELECT t.number, t.person, t.role, t.worked_on, t.hours_millionths, t.block_id, t.applied_block_id, \
         b.revision, b.rate_number, b.currency_id, b.amount, b.entry_number FROM time_entry t \
         LEFT JOIN time_booking b ON b.books_id = t.books_id AND b.time_number = t.number AND b.revision = \
         (SELECT MAX(m.revision) FROM time_booking m WHERE m.books_id = t.books_id AND m.time_number = t.number) \
         WHERE t.books_id = $1 AND t.{column} = $2 AND t.worked_on >= $3 AND t.worked_on < $4 ORDER BY t.number LIMIT {limit}"
    );
    let to = rate.to.unwrap_or(Day(i32::MAX));
    let mut times = Vec::new();
    ledger.scan(&sql, &[books_cell(books), Cell::Text(whose), day_cell(rate.from), day_cell(to)], |row| {
        times.push(recorded(row)?);
        Ok(())
    })?;
    Ok(times)
}

fn recorded(row: &[Value]) -> Result<RecordedTime, StoreError> {
    let block = |column| i32::try_from(row.int(column)?).map(BlockId).map_err(|_| StoreError::corrupt("a coding block of hours"));
    let booking = match row.int_or_none(7)? {
        None => None,
        Some(revision) => Some(Booking {
            revision,
            rate: row.int(8)?,
            cost: Amount::from_units(row.int(10)?).with(currency_of(row.int(9)?)?),
            entry: row.int_or_none(11)?.map(EntryNumber),
        }),
    };
    Ok(RecordedTime {
        number: row.int(0)?,
        person: row.text(1)?.to_owned(),
        role: row.text_or_none(2)?.map(str::to_owned),
        worked_on: day_of(row.int(3)?)?,
        hours: Hours::from_millionths(row.int(4)?),
        block: block(5)?,
        applied_block: block(6)?,
        booking,
    })
}

/// All rates after a number, in the order of recording.
///
/// # Errors
/// Any database failure.
pub fn labor_rate_list(ledger: &mut Ledger, books: BooksId, after: i64, limit: Option<usize>) -> Result<Vec<LaborRate>, StoreError> {
    let limit = limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
    let sql = format!(
        "SELECT number, person, role, currency_id, cost_per_hour, effective_from, effective_to FROM labor_rate \
         WHERE books_id = $1 AND number > $2 ORDER BY number{limit}"
    );
    let mut rates = Vec::new();
    ledger.scan(&sql, &[books_cell(books), Cell::Int(after)], |row| {
        rates.push(LaborRate {
            number: row.int(0)?,
            person: row.text_or_none(1)?.map(str::to_owned),
            role: row.text_or_none(2)?.map(str::to_owned),
            cost_per_hour: Amount::from_units(row.int(4)?).with(currency_of(row.int(3)?)?),
            from: day_of(row.int(5)?)?,
            to: row.int_or_none(6)?.map(day_of).transpose()?,
        });
        Ok(())
    })?;
    Ok(rates)
}

/// # Errors
/// Any database failure.
pub fn labor_rate_insert(ledger: &mut Ledger, books: BooksId, rates: &[LaborRate], recorded_at: Moment) -> Result<(), StoreError> {
    let rows = rates.iter().map(|rate| {
        [
            books_cell(books),
            Cell::Int(rate.number),
            Cell::text_or_null(rate.person.as_deref()),
            Cell::text_or_null(rate.role.as_deref()),
            Cell::Int(i64::from(rate.cost_per_hour.currency.id())),
            Cell::Int(rate.cost_per_hour.amount.units()),
            day_cell(rate.from),
            Cell::int_or_null(rate.to.map(|day| i64::from(day.0))),
            Cell::Int(recorded_at.0),
        ]
    });
    ledger.insert(&rows::LABOR_RATE, rows)
}

/// Hours and persons of a range by a column of the blocks that bear the cost.
///
/// # Errors
/// Any database failure.
pub fn labor_sums(ledger: &mut Ledger, books: BooksId, days: DayRange, column: &'static str) -> Result<Vec<LaborSum>, StoreError> {
    let sql = format!(
        "SELECT b.{column}, CAST(COUNT(DISTINCT t.person) AS BIGINT), CAST(SUM(t.hours_millionths) AS BIGINT), CAST(COUNT(*) AS BIGINT) \
         FROM time_entry t JOIN coding_block b ON b.books_id = t.books_id AND b.id = t.block_id \
         WHERE t.books_id = $1 AND t.worked_on >= $2 AND t.worked_on < $3 GROUP BY b.{column}"
    );
    let mut sums = Vec::new();
    ledger.scan(&sql, &[books_cell(books), day_cell(days.from()), day_cell(days.to())], |row| {
        sums.push(LaborSum { key: row.int(0)?, persons: row.int(1)?, hours: Hours::from_millionths(row.int(2)?), entries: row.int(3)? });
        Ok(())
    })?;
    Ok(sums)
}

/// What the hours of a range cost now, by the same column and currency.
///
/// # Errors
/// Any database failure.
pub fn labor_costs(
    ledger: &mut Ledger,
    books: BooksId,
    days: DayRange,
    column: &'static str,
) -> Result<Vec<(i64, Currency, i128)>, StoreError> {
    let cost = exact_sum("k.amount");
    let sql = format!(
        "SELECT b.{column}, k.currency_id, {cost} FROM time_entry t \
         JOIN coding_block b ON b.books_id = t.books_id AND b.id = t.block_id \
         JOIN time_booking k ON k.books_id = t.books_id AND k.time_number = t.number AND k.revision = \
         (SELECT MAX(m.revision) FROM time_booking m WHERE m.books_id = t.books_id AND m.time_number = t.number) \
         WHERE t.books_id = $1 AND t.worked_on >= $2 AND t.worked_on < $3 GROUP BY b.{column}, k.currency_id"
    );
    let mut costs = Vec::new();
    ledger.scan(&sql, &[books_cell(books), day_cell(days.from()), day_cell(days.to())], |row| {
        costs.push((row.int(0)?, currency_of(row.int(1)?)?, row.sum(2)?));
        Ok(())
    })?;
    Ok(costs)
}

/// Entries and hours of a range that wait for a rate.
///
/// # Errors
/// Any database failure.
pub fn waiting_sum(ledger: &mut Ledger, books: BooksId, days: DayRange) -> Result<(i64, Hours), StoreError> {
    let sql = "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(hours_millionths), 0) AS BIGINT) FROM waiting_time \
               WHERE books_id = $1 AND worked_on >= $2 AND worked_on < $3";
    let rows = ledger.rows(sql, &[books_cell(books), day_cell(days.from()), day_cell(days.to())])?;
    rows.first().map_or(Ok((0, Hours::ZERO)), |row| Ok((row.int(0)?, Hours::from_millionths(row.int(1)?))))
}
