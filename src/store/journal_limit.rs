//! Limits on entries made by hand, and whether duties exclude each other.

use super::journal::sql::{column, rows, text_and_int};
use super::journal::{currency, small};
use super::ledger::Column::{Int, Text};
use super::ledger::{Cell, Ledger, RowExt, Table, Value};
use super::{Store, StoreError};
use crate::domain::duties::DutyMode;
use crate::domain::ids::{AccountId, BooksId};
use crate::domain::manual_journals::{ApproverLimit, JournalLimit, JournalLimits};
use crate::domain::period::Moment;

static JOURNAL_LIMIT: Table = Table {
    name: "journal_limit",
    columns: &[Int("books_id"), Int("account_id"), Int("currency_id"), Int("one_approver_up_to"), Int("refused_above")],
    on_conflict: "",
};

static APPROVER_LIMIT: Table =
    Table { name: "approver_limit", columns: &[Int("books_id"), Text("approver"), Int("currency_id"), Int("up_to")], on_conflict: "" };

const LIMITS: &str = "SELECT books_id, account_id, currency_id, one_approver_up_to, refused_above FROM journal_limit \
                      WHERE books_id = $1 ORDER BY account_id, currency_id";
const APPROVERS: &str =
    "SELECT books_id, approver, currency_id, up_to FROM approver_limit WHERE books_id = $1 ORDER BY approver, currency_id";
const MODE: &str = "SELECT mode, since FROM duty_setting WHERE books_id = $1";

/// The limits, under the books' lock.
///
/// # Errors
/// Any database failure.
pub fn limits_find(ledger: &mut Ledger, books: BooksId) -> Result<JournalLimits, StoreError> {
    let key = [Cell::Int(i64::from(books.0))];
    Ok(JournalLimits {
        entries: ledger.rows(LIMITS, &key)?.iter().map(|row| limit_of(row)).collect::<Result<_, _>>()?,
        approvers: ledger.rows(APPROVERS, &key)?.iter().map(|row| approver_of(row)).collect::<Result<_, _>>()?,
    })
}

/// The limits, for a reader.
///
/// # Errors
/// Any database failure.
pub async fn limits_load(store: &Store, books: BooksId) -> Result<JournalLimits, StoreError> {
    let key = || vec![i64::from(books.0).into()];
    let (mut limits, db) = (JournalLimits::default(), &store.db);
    for row in rows(db, LIMITS.to_owned(), key()).await? {
        limits.entries.push(limit_of(&text_and_int(&row, JOURNAL_LIMIT.columns)?)?);
    }
    for row in rows(db, APPROVERS.to_owned(), key()).await? {
        limits.approvers.push(approver_of(&text_and_int(&row, APPROVER_LIMIT.columns)?)?);
    }
    Ok(limits)
}

/// Replaces all limits of the books.
///
/// # Errors
/// Any database failure.
pub fn limits_replace(ledger: &mut Ledger, books: BooksId, limits: &JournalLimits) -> Result<(), StoreError> {
    let books = Cell::Int(i64::from(books.0));
    ledger.run("DELETE FROM journal_limit WHERE books_id = $1", &[books])?;
    ledger.run("DELETE FROM approver_limit WHERE books_id = $1", &[books])?;
    let entries = limits.entries.iter().map(|limit| {
        let account = Cell::Int(limit.account.map_or(0, |account| i64::from(account.0)));
        let currency = Cell::Int(i64::from(limit.currency.id()));
        [books, account, currency, Cell::int_or_null(limit.one_approver_up_to), Cell::int_or_null(limit.refused_above)]
    });
    ledger.insert(&JOURNAL_LIMIT, entries)?;
    let approvers = limits.approvers.iter().map(|limit| {
        let approver = Cell::Text(limit.approver.as_deref().unwrap_or_default());
        [books, approver, Cell::Int(i64::from(limit.currency.id())), Cell::Int(limit.up_to)]
    });
    ledger.insert(&APPROVER_LIMIT, approvers)
}

/// Whether duties exclude each other, and since when, under the books' lock.
///
/// # Errors
/// Any database failure.
pub fn mode_find(ledger: &mut Ledger, books: BooksId) -> Result<(DutyMode, Moment), StoreError> {
    let found = ledger.rows(MODE, &[Cell::Int(i64::from(books.0))])?;
    found.first().map_or(Ok((DutyMode::Off, Moment(0))), |row| mode_of(row.int(0)?, row.int(1)?))
}

/// The same for whoever reads.
///
/// # Errors
/// Any database failure.
pub async fn mode_load(store: &Store, books: BooksId) -> Result<(DutyMode, Moment), StoreError> {
    mode_in(&store.db, books).await
}

pub(in crate::store) async fn mode_in(db: &impl sea_orm::ConnectionTrait, books: BooksId) -> Result<(DutyMode, Moment), StoreError> {
    let found = rows(db, MODE.to_owned(), vec![i64::from(books.0).into()]).await?;
    found.first().map_or(Ok((DutyMode::Off, Moment(0))), |row| mode_of(column(row, 0)?, column(row, 1)?))
}

/// # Errors
/// Any database failure.
pub fn mode_save(ledger: &mut Ledger, books: BooksId, mode: DutyMode, since: Moment) -> Result<(), StoreError> {
    let sql = "INSERT INTO duty_setting (books_id, mode, since) VALUES ($1, $2, $3) \
               ON CONFLICT (books_id) DO UPDATE SET mode = excluded.mode, since = excluded.since";
    ledger.run(sql, &[Cell::Int(i64::from(books.0)), Cell::Int(i64::from(mode.id())), Cell::Int(since.0)])
}

fn mode_of(mode: i64, since: i64) -> Result<(DutyMode, Moment), StoreError> {
    let mode =
        i16::try_from(mode).ok().and_then(DutyMode::from_id).ok_or_else(|| StoreError::corrupt(format!("{mode} is no mode of duties")))?;
    Ok((mode, Moment(since)))
}

fn limit_of(row: &[Value]) -> Result<JournalLimit, StoreError> {
    let account = small(row.int(1)?)?;
    Ok(JournalLimit {
        account: (account != 0).then_some(AccountId(account)),
        currency: currency(row.int(2)?)?,
        one_approver_up_to: row.int_or_none(3)?,
        refused_above: row.int_or_none(4)?,
    })
}

fn approver_of(row: &[Value]) -> Result<ApproverLimit, StoreError> {
    let approver = row.text(1)?;
    Ok(ApproverLimit {
        approver: (!approver.is_empty()).then(|| approver.to_owned()),
        currency: currency(row.int(2)?)?,
        up_to: row.int(3)?,
    })
}
