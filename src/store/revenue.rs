//! Revenue, the parts that it is recognised in, and what waits for its day.

use super::StoreError;
use super::ledger::{Cell, Ledger, RowExt};
use super::prepaid::{books_cell, currency_of, day_cell, day_of};
use super::rows;
use crate::domain::ids::{BlockId, BooksId, EntryNumber};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::{Day, Moment};
use crate::domain::revenue::{Part, RevenueInput};

/// Revenue to be stored.
#[derive(Debug, Clone)]
pub struct NewRevenue<'a> {
    pub number: i64,
    pub content_hash: i64,
    pub input: &'a RevenueInput,
    pub amount: Amount,
    /// Earns it.
    pub block: BlockId,
    /// Is owed it.
    pub receivable_block: BlockId,
    /// In the order of their days, numbered from one.
    pub parts: Vec<Part>,
}

/// A part of revenue, with what its entry needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePart {
    pub revenue: i64,
    pub part: i64,
    pub earned_on: Day,
    pub money: Money,
    pub block: BlockId,
    pub receivable_block: BlockId,
    pub memo: Option<String>,
}

fn part_number(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX).saturating_add(1)
}

impl NewRevenue<'_> {
    /// The parts, each with what its entry needs.
    pub fn due_parts(&self) -> Vec<DuePart> {
        let due = |(position, part): (usize, &Part)| DuePart {
            revenue: self.number,
            part: part_number(position),
            earned_on: part.earned_on,
            money: part.amount.with(self.input.currency),
            block: self.block,
            receivable_block: self.receivable_block,
            memo: self.input.memo.clone(),
        };
        self.parts.iter().enumerate().map(due).collect()
    }
}

/// Stores revenue and its parts.
///
/// # Errors
/// Any database failure.
pub fn revenue_insert(ledger: &mut Ledger, books: BooksId, revenues: &[NewRevenue<'_>], recorded_at: Moment) -> Result<(), StoreError> {
    let rows = revenues.iter().map(|revenue| {
        let RevenueInput { stated, .. } = revenue.input;
        [
            books_cell(books),
            Cell::Int(revenue.number),
            Cell::Text(&revenue.input.source),
            Cell::Text(&revenue.input.external_id),
            Cell::Int(revenue.content_hash),
            Cell::Int(i64::from(revenue.input.kind.id())),
            day_cell(revenue.input.earned_on),
            day_cell(revenue.input.earned_through.unwrap_or(revenue.input.earned_on)),
            Cell::Int(revenue.amount.units()),
            Cell::Int(i64::from(revenue.input.currency.id())),
            Cell::Int(i64::from(revenue.block.0)),
            Cell::Int(i64::from(revenue.receivable_block.0)),
            Cell::text_or_null(revenue.input.contract.as_deref()),
            Cell::int_or_null(stated.contract_amount.map(Amount::units)),
            Cell::int_or_null(stated.complete.map(|complete| complete.millionths())),
            Cell::int_or_null(stated.quantity.map(|quantity| quantity.millionths())),
            Cell::text_or_null(revenue.input.memo.as_deref()),
            Cell::Int(recorded_at.0),
        ]
    });
    ledger.insert(&rows::REVENUE_ENTRY, rows)?;
    let parts = revenues.iter().flat_map(|revenue| {
        revenue.parts.iter().enumerate().map(|(position, part)| {
            [
                books_cell(books),
                Cell::Int(revenue.number),
                Cell::Int(part_number(position)),
                day_cell(part.earned_on),
                Cell::Int(part.amount.units()),
            ]
        })
    });
    ledger.insert(&rows::REVENUE_PART, parts)
}

/// Notes the entries that recognised parts.
///
/// # Errors
/// Any database failure.
pub fn recognition_insert(
    ledger: &mut Ledger,
    books: BooksId,
    recognised: &[(i64, i64, EntryNumber)],
    recorded_at: Moment,
) -> Result<(), StoreError> {
    let rows = recognised.iter().map(|(revenue, part, entry)| {
        [books_cell(books), Cell::Int(*revenue), Cell::Int(*part), Cell::Int(entry.0), Cell::Int(recorded_at.0)]
    });
    ledger.insert(&rows::REVENUE_RECOGNITION, rows)
}

/// Notes parts whose day has not come.
///
/// # Errors
/// Any database failure.
pub fn waiting_insert(ledger: &mut Ledger, books: BooksId, waiting: &[DuePart]) -> Result<(), StoreError> {
    let rows = waiting.iter().map(|due| [books_cell(books), day_cell(due.earned_on), Cell::Int(due.revenue), Cell::Int(due.part)]);
    ledger.insert(&rows::WAITING_REVENUE, rows)
}

/// A recognised part waits no longer.
///
/// # Errors
/// Any database failure.
pub fn waiting_delete(ledger: &mut Ledger, books: BooksId, due: &DuePart) -> Result<(), StoreError> {
    let sql = "DELETE FROM waiting_revenue WHERE books_id = $1 AND earned_on = $2 AND revenue_number = $3 AND part = $4";
    ledger.run(sql, &[books_cell(books), day_cell(due.earned_on), Cell::Int(due.revenue), Cell::Int(due.part)])
}

/// Parts that wait for a day up to `through`, the earliest first.
///
/// # Errors
/// Any database failure.
pub fn waiting_list(ledger: &mut Ledger, books: BooksId, through: Day, limit: usize) -> Result<Vec<DuePart>, StoreError> {
    let sql = format!(
        "SELECT w.revenue_number, w.part, w.earned_on, p.amount, e.currency_id, e.block_id, e.receivable_block_id, e.memo \
         FROM waiting_revenue w \
         JOIN revenue_part p ON p.books_id = w.books_id AND p.revenue_number = w.revenue_number AND p.part = w.part \
         JOIN revenue_entry e ON e.books_id = w.books_id AND e.number = w.revenue_number \
         WHERE w.books_id = $1 AND w.earned_on <= $2 ORDER BY w.earned_on, w.revenue_number, w.part LIMIT {limit}"
    );
    let mut due = Vec::new();
    ledger.scan(&sql, &[books_cell(books), day_cell(through)], |row| {
        let block = |column| i32::try_from(row.int(column)?).map(BlockId).map_err(|_| StoreError::corrupt("a coding block of revenue"));
        due.push(DuePart {
            revenue: row.int(0)?,
            part: row.int(1)?,
            earned_on: day_of(row.int(2)?)?,
            money: Amount::from_units(row.int(3)?).with(currency_of(row.int(4)?)?),
            block: block(5)?,
            receivable_block: block(6)?,
            memo: row.text_or_none(7)?.map(str::to_owned),
        });
        Ok(())
    })?;
    Ok(due)
}

/// Parts and amounts that wait for a day up to `through`, by currency.
///
/// # Errors
/// Any database failure.
pub fn waiting_sums(ledger: &mut Ledger, books: BooksId, through: Day) -> Result<Vec<(Currency, i64, i64)>, StoreError> {
    let sql = "SELECT e.currency_id, CAST(COUNT(*) AS BIGINT), CAST(SUM(p.amount) AS BIGINT) FROM waiting_revenue w \
               JOIN revenue_part p ON p.books_id = w.books_id AND p.revenue_number = w.revenue_number AND p.part = w.part \
               JOIN revenue_entry e ON e.books_id = w.books_id AND e.number = w.revenue_number \
               WHERE w.books_id = $1 AND w.earned_on <= $2 GROUP BY e.currency_id ORDER BY e.currency_id";
    let mut sums = Vec::new();
    ledger.scan(sql, &[books_cell(books), day_cell(through)], |row| {
        sums.push((currency_of(row.int(0)?)?, row.int(1)?, row.int(2)?));
        Ok(())
    })?;
    Ok(sums)
}

/// Source and external id, as one text, of the revenue that waits for a day up to `through`, with the day and the amount of each part, the earliest first.
///
/// # Errors
/// Any database failure.
pub fn waiting_keys(ledger: &mut Ledger, books: BooksId, through: Day, limit: usize) -> Result<Vec<(String, Day, Money)>, StoreError> {
    let sql = format!(
        "SELECT e.source, e.external_id, w.earned_on, p.amount, e.currency_id FROM waiting_revenue w \
         JOIN revenue_part p ON p.books_id = w.books_id AND p.revenue_number = w.revenue_number AND p.part = w.part \
         JOIN revenue_entry e ON e.books_id = w.books_id AND e.number = w.revenue_number \
         WHERE w.books_id = $1 AND w.earned_on <= $2 ORDER BY w.earned_on, w.revenue_number, w.part LIMIT {limit}"
    );
    let mut keys = Vec::new();
    ledger.scan(&sql, &[books_cell(books), day_cell(through)], |row| {
        let money = Amount::from_units(row.int(3)?).with(currency_of(row.int(4)?)?);
        keys.push((format!("{} {}", row.text(0)?, row.text(1)?), day_of(row.int(2)?)?, money));
        Ok(())
    })?;
    Ok(keys)
}

/// What was recorded under a contract, by currency.
///
/// # Errors
/// Any database failure.
pub fn contract_sums(ledger: &mut Ledger, books: BooksId, contract: &str) -> Result<Vec<(Currency, i64)>, StoreError> {
    let sql = "SELECT currency_id, CAST(SUM(amount) AS BIGINT) FROM revenue_entry WHERE books_id = $1 AND contract = $2 \
               GROUP BY currency_id ORDER BY currency_id";
    let mut sums = Vec::new();
    ledger.scan(sql, &[books_cell(books), Cell::Text(contract)], |row| {
        sums.push((currency_of(row.int(0)?)?, row.int(1)?));
        Ok(())
    })?;
    Ok(sums)
}
