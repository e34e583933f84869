//! Chargeback statements with their lines, the terms of rebills, and standard rates.
//!
//! The same statements are read on the desk, under the books' lock, and in a reading transaction.

mod cost;
mod terms;

pub use cost::{CostRow, CostScope, SpecialRow, cost_rows, special_rows};
pub use terms::{RebillTerms, rate_insert, rate_list, terms_list, terms_save};

use super::cells::{books_cell, currency_of, name_id};
use super::ledger::{Cell, Ledger, Row, RowExt, Value};
use super::sums::exact_sum;
use super::{StoreError, rows};
use crate::domain::chargeback::{Basis, Content, Line, LineKind, RateMeter, StatementNumber, StatementStatus, Terms, Treatment};
use crate::domain::chart::CenterKind;
use crate::domain::ids::{AccountId, BooksId, EntryNumber, NameId};
use crate::domain::manual_journals::Persons;
use crate::domain::money::{Amount, Currency, Exact, Money};
use crate::domain::period::{Moment, Month};

/// A statement as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub number: StatementNumber,
    pub content: Content,
    pub total: Money,
    pub cost: Money,
    /// Of the content, with its number.
    pub content_hash: String,
    /// The last entry of the books when it was drafted.
    pub through_entry: EntryNumber,
    pub drafted_by: Persons,
    pub drafted_at: Moment,
    pub status: StatementStatus,
    pub approved_by: Option<Persons>,
    pub approved_at: Option<Moment>,
    pub entry: Option<EntryNumber>,
    pub posted_at: Option<Moment>,
    pub reversal: Option<EntryNumber>,
    /// Under which the other system booked it.
    pub document_number: Option<String>,
    /// Why it is void or reversed.
    pub reason: Option<String>,
}

/// Which statements are asked for.
#[derive(Debug, Clone, Default)]
pub struct StatementFilter {
    pub numbers: Option<Vec<StatementNumber>>,
    pub period: Option<Month>,
    pub kind: Option<CenterKind>,
    pub status: Option<StatementStatus>,
    /// Of these centers alone.
    pub centers: Option<Vec<NameId>>,
    pub after: i64,
    pub limit: Option<usize>,
}

/// The number that the next statement gets. Under the books' lock nobody else takes it.
///
/// # Errors
/// Any database failure.
pub fn statement_next_number(ledger: &mut Ledger, books: BooksId) -> Result<StatementNumber, StoreError> {
    let rows = ledger.rows("SELECT COALESCE(MAX(number), 0) + 1 FROM chargeback WHERE books_id = $1", &[books_cell(books)])?;
    rows.first().map_or(Ok(StatementNumber(1)), |row| row.int(0).map(StatementNumber))
}

/// Stores the statement as it stands now, without its lines.
///
/// # Errors
/// Any database failure; [`StoreError::Refused`] when the database's own guards see another state.
pub fn statement_save(ledger: &mut Ledger, books: BooksId, statement: &Statement) -> Result<(), StoreError> {
    let (content, terms) = (&statement.content, &statement.content.terms);
    let (markup, approved) = (terms.markup.to_string(), statement.approved_by.as_ref());
    let row = [
        books_cell(books),
        int(statement.number.0),
        int(terms.period.0),
        int(content.kind.id()),
        int(content.center.0),
        int(content.currency.id()),
        int(terms.provider.0),
        int(terms.basis.id()),
        int(i64::from(terms.showback)),
        Cell::Text(&markup),
        int(terms.treatment.id()),
        int(terms.receivable.0),
        int(statement.total.amount.units()),
        int(statement.cost.amount.units()),
        Cell::Text(&statement.content_hash),
        int(statement.through_entry.0),
        Cell::Text(&statement.drafted_by.subject),
        Cell::text_or_null(statement.drafted_by.acting_for.as_deref()),
        int(statement.drafted_at.0),
        int(statement.status.id()),
        Cell::text_or_null(approved.map(|persons| persons.subject.as_str())),
        Cell::text_or_null(approved.and_then(|persons| persons.acting_for.as_deref())),
        Cell::int_or_null(statement.approved_at.map(|moment| moment.0)),
        Cell::int_or_null(statement.entry.map(|entry| entry.0)),
        Cell::int_or_null(statement.posted_at.map(|moment| moment.0)),
        Cell::int_or_null(statement.reversal.map(|entry| entry.0)),
        Cell::text_or_null(statement.document_number.as_deref()),
        Cell::text_or_null(statement.reason.as_deref()),
    ];
    ledger.insert(&rows::CHARGEBACK, std::iter::once(row))
}

/// Adds the lines of a new statement.
///
/// # Errors
/// Any database failure.
pub fn line_insert(ledger: &mut Ledger, books: BooksId, statement: &Statement) -> Result<(), StoreError> {
    let lines = statement.content.lines.iter().zip(1_i64..).map(|(line, position)| {
        let [provider, model, feature] = [&line.provider, &line.model, &line.feature].map(|name| Cell::text_or_null(name.as_deref()));
        let (unit, rate) = (Cell::text_or_null(line.unit), Cell::text_or_null(line.rate.as_deref()));
        let (kind, month, quantity) = (int(line.kind.id()), int(line.month.0), Cell::int_or_null(line.quantity));
        let (number, cost, amount) = (int(statement.number.0), int(line.cost.units()), int(line.amount.units()));
        let (books, position, description) = (books_cell(books), int(position), Cell::Text(&line.description));
        [books, number, position, kind, month, description, provider, model, feature, quantity, unit, rate, cost, amount]
    });
    ledger.insert(&rows::CHARGEBACK_LINE, lines)
}

/// Statements with their lines, in the order of their numbers.
///
/// # Errors
/// Any database failure.
pub fn statement_list(ledger: &mut Ledger, books: BooksId, filter: &StatementFilter) -> Result<Vec<Statement>, StoreError> {
    let mut conditions = format!(" AND c.number > {}", filter.after);
    if let Some(numbers) = &filter.numbers {
        conditions.push_str(&one_of("c.number", numbers.iter().map(|number| number.0)));
    }
    if let Some(centers) = &filter.centers {
        conditions.push_str(&one_of("c.center_id", centers.iter().map(|center| i64::from(center.0))));
    }
    let equals = [
        ("period", filter.period.map(|month| i64::from(month.0))),
        ("kind", filter.kind.map(|kind| i64::from(kind.id()))),
        ("status", filter.status.map(|status| i64::from(status.id()))),
    ];
    for (column, value) in equals.into_iter().filter_map(|(column, value)| Some((column, value?))) {
        conditions.push_str(&format!(" AND c.{column} = {value}"));
    }
    let limit = filter.limit.map(|limit| format!(" LIMIT {limit}")).unwrap_or_default();
    let columns = columns_of(&rows::CHARGEBACK, "c");
    let sql = format!("SELECT {columns} FROM chargeback c WHERE c.books_id = $1{conditions} ORDER BY c.number{limit}");
    let mut statements = Vec::new();
    ledger.scan(&sql, &[books_cell(books)], |row| {
        statements.push(statement_of(row)?);
        Ok(())
    })?;
    let columns = columns_of(&rows::CHARGEBACK_LINE, "l");
    let sql = format!("SELECT {columns} FROM chargeback_line l WHERE l.books_id = $1 AND l.number = $2 ORDER BY l.line");
    for statement in &mut statements {
        let lines = &mut statement.content.lines;
        ledger.scan(&sql, &[books_cell(books), int(statement.number.0)], |row| {
            lines.push(line_of(row)?);
            Ok(())
        })?;
    }
    Ok(statements)
}

/// Numbers of a month's statements that would charge somebody and are not posted: drafts, and approved ones. What is only shown is left out.
///
/// # Errors
/// Any database failure.
pub fn open_statements(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<Vec<(StatementNumber, StatementStatus)>, StoreError> {
    let sql = "SELECT number, status FROM chargeback WHERE books_id = $1 AND kind IN (1, 2, 3) AND period = $2 AND status IN (1, 2) \
               AND showback = 0 ORDER BY number";
    let read = |row: &Row| {
        let status = small(row, 1)?.and_then(StatementStatus::from_id).ok_or_else(|| StoreError::corrupt("a chargeback statement"))?;
        Ok((StatementNumber(row.int(0)?), status))
    };
    ledger.rows(sql, &[books_cell(books), int(month.0)])?.iter().map(read).collect()
}

/// Statements of one kind that count as charging, or not.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    pub kind: CenterKind,
    pub showback: bool,
    /// The last month looked at.
    pub through: Month,
}

/// What live statements charged of a month, markups apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BilledRow {
    pub center: NameId,
    pub currency: Currency,
    pub month: Month,
    pub cost: i64,
    pub amount: i64,
}

/// A month that had statements, live ones with their basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementRow {
    pub center: NameId,
    pub currency: Currency,
    pub period: Month,
    pub basis: Basis,
    pub is_live: bool,
}

impl Stream {
    fn key(self, books: BooksId) -> [Cell<'static>; 4] {
        [books_cell(books), int(self.kind.id()), int(i64::from(self.showback)), int(self.through.0)]
    }
}

/// What was charged of each month, center and currency.
///
/// # Errors
/// Any database failure.
pub fn billed_list(ledger: &mut Ledger, books: BooksId, stream: Stream) -> Result<Vec<BilledRow>, StoreError> {
    let sql = format!(
        "SELECT c.center_id, c.currency_id, l.month, {}, {} FROM chargeback c \
         JOIN chargeback_line l ON l.books_id = c.books_id AND l.number = c.number AND l.kind <> 5 \
         WHERE c.books_id = $1 AND c.kind = $2 AND c.showback = $3 AND l.month <= $4 AND c.status BETWEEN 2 AND 5 \
         GROUP BY c.center_id, c.currency_id, l.month ORDER BY c.center_id, c.currency_id, l.month",
        exact_sum("l.cost"),
        exact_sum("l.amount")
    );
    let row = |row: &Row| {
        Ok(BilledRow {
            center: name_id(row.int(0)?)?,
            currency: currency_of(row.int(1)?)?,
            month: month_of(row.int(2)?)?,
            cost: row.sum_of_one(3)?,
            amount: row.sum_of_one(4)?,
        })
    };
    ledger.rows(&sql, &stream.key(books))?.iter().map(row).collect()
}

/// Which months had statements that were approved, in the order of their numbers. One that was withdrawn after its approval counts too: its
/// month is taken up again like that of a reversed one.
///
/// # Errors
/// Any database failure.
pub fn approved_months(ledger: &mut Ledger, books: BooksId, stream: Stream) -> Result<Vec<StatementRow>, StoreError> {
    let sql = "SELECT c.center_id, c.currency_id, c.period, c.basis, c.status FROM chargeback c \
               WHERE c.books_id = $1 AND c.kind = $2 AND c.showback = $3 AND c.period <= $4 AND c.status BETWEEN 2 AND 7 \
               AND c.approved_by IS NOT NULL ORDER BY c.number";
    let row = |row: &Row| {
        let corrupt = || StoreError::corrupt("a chargeback statement");
        Ok(StatementRow {
            center: name_id(row.int(0)?)?,
            currency: currency_of(row.int(1)?)?,
            period: month_of(row.int(2)?)?,
            basis: small(row, 3)?.and_then(Basis::from_id).ok_or_else(corrupt)?,
            is_live: small(row, 4)?.and_then(StatementStatus::from_id).is_some_and(StatementStatus::is_live),
        })
    };
    ledger.rows(sql, &stream.key(books))?.iter().map(row).collect()
}

fn columns_of(table: &super::ledger::Table, alias: &str) -> String {
    table.columns.iter().map(|column| format!("{alias}.{}", column.name())).collect::<Vec<_>>().join(", ")
}

fn one_of(column: &str, ids: impl IntoIterator<Item = i64>) -> String {
    format!(" AND {}", super::journal::sql::in_list(column, ids))
}

fn int(value: impl Into<i64>) -> Cell<'static> {
    Cell::Int(value.into())
}

fn small(row: &[Value], column: usize) -> Result<Option<i16>, StoreError> {
    Ok(i16::try_from(row.int(column)?).ok())
}

fn month_of(month: i64) -> Result<Month, StoreError> {
    i32::try_from(month).map(Month).map_err(|_| StoreError::corrupt(format!("{month} is no month")))
}

fn exact_of(text: &str) -> Result<Exact, StoreError> {
    Exact::parse(text).map_err(|_| StoreError::corrupt(format!("`{text}` is no decimal")))
}

fn text_or_none(row: &[Value], column: usize) -> Result<Option<String>, StoreError> {
    Ok(row.text_or_none(column)?.map(ToOwned::to_owned))
}

fn account_id(id: i64) -> Result<AccountId, StoreError> {
    i32::try_from(id).map(AccountId).map_err(|_| StoreError::corrupt(format!("{id} is no account")))
}

fn statement_of(row: &[Value]) -> Result<Statement, StoreError> {
    let corrupt = || StoreError::corrupt("a chargeback statement");
    let currency = currency_of(row.int(5)?)?;
    let approved = text_or_none(row, 20)?;
    let approved_for = text_or_none(row, 21)?;
    Ok(Statement {
        number: StatementNumber(row.int(1)?),
        content: Content {
            terms: Terms {
                period: month_of(row.int(2)?)?,
                basis: small(row, 7)?.and_then(Basis::from_id).ok_or_else(corrupt)?,
                showback: row.int(8)? != 0,
                markup: exact_of(row.text(9)?)?,
                provider: name_id(row.int(6)?)?,
                treatment: small(row, 10)?.and_then(Treatment::from_id).ok_or_else(corrupt)?,
                receivable: account_id(row.int(11)?)?,
            },
            kind: small(row, 3)?.and_then(CenterKind::from_id).ok_or_else(corrupt)?,
            center: name_id(row.int(4)?)?,
            currency,
            lines: Vec::new(),
        },
        total: Amount::from_units(row.int(12)?).with(currency),
        cost: Amount::from_units(row.int(13)?).with(currency),
        content_hash: row.text(14)?.to_owned(),
        through_entry: EntryNumber(row.int(15)?),
        drafted_by: Persons { subject: row.text(16)?.to_owned(), acting_for: text_or_none(row, 17)? },
        drafted_at: Moment(row.int(18)?),
        status: small(row, 19)?.and_then(StatementStatus::from_id).ok_or_else(corrupt)?,
        approved_by: approved.map(|subject| Persons { subject, acting_for: approved_for }),
        approved_at: row.int_or_none(22)?.map(Moment),
        entry: row.int_or_none(23)?.map(EntryNumber),
        posted_at: row.int_or_none(24)?.map(Moment),
        reversal: row.int_or_none(25)?.map(EntryNumber),
        document_number: text_or_none(row, 26)?,
        reason: text_or_none(row, 27)?,
    })
}

fn line_of(row: &[Value]) -> Result<Line, StoreError> {
    let corrupt = || StoreError::corrupt("a line of a chargeback statement");
    let unit = row.text_or_none(10)?.map(|text| RateMeter::parse(text).map(RateMeter::as_str).ok_or_else(corrupt));
    Ok(Line {
        kind: small(row, 3)?.and_then(LineKind::from_id).ok_or_else(corrupt)?,
        month: month_of(row.int(4)?)?,
        description: row.text(5)?.to_owned(),
        provider: text_or_none(row, 6)?,
        model: text_or_none(row, 7)?,
        feature: text_or_none(row, 8)?,
        quantity: row.int_or_none(9)?,
        unit: unit.transpose()?,
        rate: text_or_none(row, 11)?,
        cost: Amount::from_units(row.int(12)?),
        amount: Amount::from_units(row.int(13)?),
    })
}
