//! Revenue, the parts that it is recognised in, and what waits for its day.

use super::StoreError;
use super::cells::{books_cell, currency_of, day_cell, day_of, name_id};
use super::ledger::{Cell, Ledger, RowExt, Value};
use super::rows;
use super::sums::exact_sum;
use crate::domain::ids::{BlockId, BooksId, EntryNumber, NameId};
use crate::domain::money::{Amount, Currency, Exact, Money};
use crate::domain::outputs::Count;
use crate::domain::period::{Day, Moment};
use crate::domain::revenue::{Completion, Part, RevenueInput, RevenueKind};

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
    /// As it is stored.
    pub unit_price: Option<String>,
}

/// Revenue as it was recorded, with what of it is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueRow {
    pub number: i64,
    pub source: String,
    pub external_id: String,
    pub kind: RevenueKind,
    pub earned_from: Day,
    pub earned_through: Day,
    pub money: Money,
    pub recognised: Money,
    pub contract: Option<String>,
    pub contract_amount: Option<Money>,
    pub complete: Option<Completion>,
    pub quantity: Option<Count>,
    /// None for revenue that was recorded before prices were kept, too.
    pub unit_price: Option<Exact>,
    /// Team, project and client.
    pub centers: [NameId; 3],
    pub feature: Option<String>,
    pub memo: Option<String>,
    pub recorded_at: Moment,
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
            Cell::text_or_null(revenue.unit_price.as_deref()),
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
pub fn waiting_sums(ledger: &mut Ledger, books: BooksId, through: Day) -> Result<Vec<(Currency, i64, i128)>, StoreError> {
    let sql = format!(
        "SELECT e.currency_id, CAST(COUNT(*) AS BIGINT), {} FROM waiting_revenue w \
               JOIN revenue_part p ON p.books_id = w.books_id AND p.revenue_number = w.revenue_number AND p.part = w.part \
               JOIN revenue_entry e ON e.books_id = w.books_id AND e.number = w.revenue_number \
               WHERE w.books_id = $1 AND w.earned_on <= $2 GROUP BY e.currency_id ORDER BY e.currency_id",
        exact_sum("p.amount")
    );
    let mut sums = Vec::new();
    ledger.scan(&sql, &[books_cell(books), day_cell(through)], |row| {
        sums.push((currency_of(row.int(0)?)?, row.int(1)?, row.sum(2)?));
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
    let sql = format!(
        "SELECT currency_id, {} FROM revenue_entry{} WHERE books_id = $1 AND contract = $2 \
         GROUP BY currency_id ORDER BY currency_id",
        exact_sum("amount"),
        ledger.by_index("revenue_entry_of_contract")
    );
    let mut sums = Vec::new();
    ledger.scan(&sql, &[books_cell(books), Cell::Text(contract)], |row| {
        sums.push((currency_of(row.int(0)?)?, row.sum_of_one(1)?));
        Ok(())
    })?;
    Ok(sums)
}

/// Which revenue is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RevenueFilter {
    /// The first day on which it may begin to be earned.
    pub from: Option<Day>,
    /// The first day on which it may not.
    pub to: Option<Day>,
}

/// Revenue after a number, in the order of recording.
///
/// # Errors
/// Any database failure.
pub fn revenue_list(
    ledger: &mut Ledger,
    books: BooksId,
    filter: RevenueFilter,
    after: i64,
    limit: usize,
) -> Result<Vec<RevenueRow>, StoreError> {
    let sql = format!(
        "SELECT e.number, e.source, e.external_id, e.kind, e.earned_from, e.earned_through, e.amount, e.currency_id, \
         (SELECT CAST(COALESCE(SUM(p.amount), 0) AS BIGINT) FROM revenue_recognition r JOIN revenue_part p ON p.books_id = r.books_id \
          AND p.revenue_number = r.revenue_number AND p.part = r.part WHERE r.books_id = e.books_id AND r.revenue_number = e.number), \
         e.contract, e.contract_amount, e.percent_millionths, e.quantity_millionths, e.unit_price, \
         b.team_id, b.project_id, b.client_id, n.name, e.memo, e.recorded_at FROM revenue_entry e \
         JOIN coding_block b ON b.books_id = e.books_id AND b.id = e.block_id \
         LEFT JOIN interned_name n ON n.books_id = b.books_id AND n.id = b.feature_id \
         WHERE e.books_id = $1 AND e.number > $2 AND e.earned_from >= $3 AND e.earned_from < $4 ORDER BY e.number LIMIT {limit}"
    );
    let (from, to) = (filter.from.unwrap_or(Day(i32::MIN)), filter.to.unwrap_or(Day(i32::MAX)));
    let mut list = Vec::new();
    ledger.scan(&sql, &[books_cell(books), Cell::Int(after), day_cell(from), day_cell(to)], |row| {
        list.push(revenue(row)?);
        Ok(())
    })?;
    Ok(list)
}

fn revenue(row: &[Value]) -> Result<RevenueRow, StoreError> {
    let currency = currency_of(row.int(7)?)?;
    let money = |units| Amount::from_units(units).with(currency);
    let corrupt = |what: &str| StoreError::corrupt(format!("{what} of revenue"));
    let kind = i16::try_from(row.int(3)?).ok().and_then(RevenueKind::from_id).ok_or_else(|| corrupt("a kind"))?;
    let text = |column| Ok::<_, StoreError>(row.text_or_none(column)?.map(str::to_owned));
    let price = row.text_or_none(13)?.map(Exact::parse).transpose().map_err(|_| corrupt("a unit price"))?;
    Ok(RevenueRow {
        number: row.int(0)?,
        source: row.text(1)?.to_owned(),
        external_id: row.text(2)?.to_owned(),
        kind,
        earned_from: day_of(row.int(4)?)?,
        earned_through: day_of(row.int(5)?)?,
        money: money(row.int(6)?),
        recognised: money(row.int(8)?),
        contract: text(9)?,
        contract_amount: row.int_or_none(10)?.map(money),
        complete: row.int_or_none(11)?.map(Completion::from_millionths),
        quantity: row.int_or_none(12)?.map(Count::from_millionths),
        unit_price: price,
        centers: [name_id(row.int(14)?)?, name_id(row.int(15)?)?, name_id(row.int(16)?)?],
        feature: text(17)?,
        memo: text(18)?,
        recorded_at: Moment(row.int(19)?),
    })
}
