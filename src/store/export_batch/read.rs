//! Reads of batches, their lines and what became of them.

use std::collections::{BTreeSet, HashMap};

use super::write::NewLine;
use super::{Answer, AttemptRow, BatchRow, LIVE, Rounded, Sums, key_of, kinds_of};
use crate::domain::export_batch::{Key, RoundingPolicy};
use crate::domain::ids::{AccountId, BooksId, EntryNumber, NameId};
use crate::domain::money::Currency;
use crate::domain::period::{Moment, Month};
use crate::store::StoreError;
use crate::store::cells::{books_cell, currency_of, day_of, name_id};
use crate::store::journal::sql::in_list;
use crate::store::ledger::{Cell, Ledger, RowExt, Value};

/// Which batches are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchFilter<'a> {
    Id(i64),
    /// The batch of this number of a target.
    Number(&'a str, i64),
    /// Those of a target, or of all, beyond an id.
    Page {
        target: &'a str,
        after: i64,
        limit: i64,
    },
    /// Those that took entries of a month.
    Month(Month),
}

const BATCHES: &str = "SELECT b.id, b.target_id, b.target_version, t.code, b.number, b.period, b.kinds, b.through_entry, b.rounding, \
    b.external_number, b.content_hash, b.created_by, b.recorded_at, a.is_rejected, a.document_number, a.posted_on, a.subject, a.recorded_at, \
    CASE WHEN EXISTS (SELECT 1 FROM export_attempt d WHERE d.books_id = b.books_id AND d.batch_id = b.id AND d.is_delivered = 1) \
    THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END, s.by_batch_id, \
    CASE WHEN EXISTS (SELECT 1 FROM stale_mark m WHERE m.books_id = b.books_id AND m.month = b.period AND m.kind = 'EXPORT_BATCH' \
    AND m.renewed_at IS NULL AND m.object = t.code || ' ' || CAST(b.number AS TEXT)) THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END \
    FROM export_batch b JOIN export_target t ON t.books_id = b.books_id AND t.id = b.target_id AND t.version = b.target_version \
    LEFT JOIN export_answer a ON a.books_id = b.books_id AND a.batch_id = b.id \
    LEFT JOIN export_supersession s ON s.books_id = b.books_id AND s.batch_id = b.id WHERE b.books_id = $1";

/// Batches in the order of their ids.
///
/// # Errors
/// Any database failure.
pub fn batch_list(ledger: &mut Ledger, books: BooksId, filter: BatchFilter<'_>) -> Result<Vec<BatchRow>, StoreError> {
    let key = books_cell(books);
    let (condition, parameters) = match filter {
        BatchFilter::Id(id) => ("b.id = $2", vec![key, Cell::Int(id)]),
        BatchFilter::Number(target, number) => ("t.code = $2 AND b.number = $3", vec![key, Cell::Text(target), Cell::Int(number)]),
        BatchFilter::Page { target, after, limit } => (
            "($2 = '' OR t.code = $2) AND b.id > $3 ORDER BY b.id LIMIT $4",
            vec![key, Cell::Text(target), Cell::Int(after), Cell::Int(limit)],
        ),
        BatchFilter::Month(month) => ("b.period = $2 ORDER BY b.id", vec![key, Cell::Int(i64::from(month.0))]),
    };
    ledger.rows(&format!("{BATCHES} AND {condition}"), &parameters)?.iter().map(|row| batch_of(row)).collect()
}

fn batch_of(row: &[Value]) -> Result<BatchRow, StoreError> {
    let corrupt = || StoreError::corrupt("an export batch");
    let answer = match row.int_or_none(13)? {
        None => None,
        Some(rejected) => Some(Answer {
            is_rejected: rejected == 1,
            document_number: row.text_or_none(14)?.map(ToOwned::to_owned),
            posted_on: row.int_or_none(15)?.map(day_of).transpose()?,
            subject: row.text(16)?.to_owned(),
            recorded_at: Moment(row.int(17)?),
        }),
    };
    Ok(BatchRow {
        id: row.int(0)?,
        target_id: row.int(1)?,
        target_version: row.int(2)?,
        target: row.text(3)?.to_owned(),
        number: row.int(4)?,
        period: i32::try_from(row.int(5)?).map(Month).map_err(|_| corrupt())?,
        kinds: kinds_of(row.text(6)?)?,
        through_entry: EntryNumber(row.int(7)?),
        rounding: RoundingPolicy::from_id(row.int(8)?).ok_or_else(corrupt)?,
        external_number: row.text(9)?.to_owned(),
        content_hash: row.text(10)?.to_owned(),
        created_by: row.text(11)?.to_owned(),
        recorded_at: Moment(row.int(12)?),
        answer,
        is_delivered: row.int(18)? == 1,
        superseded_by: row.int_or_none(19)?,
        is_stale: row.int(20)? == 1,
    })
}

/// A line with the names of its dimensions that are no cost centers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    pub line: i64,
    pub document: i64,
    pub key: Key,
    /// Above zero for a debit, below for a credit.
    pub minor: i64,
    pub feature: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub environment: Option<String>,
    /// Why the other system refused it.
    pub reason: Option<String>,
}

const LINES: &str = "SELECT s.currency_id, s.account_id, s.team_id, s.project_id, s.client_id, s.feature_id, s.provider_id, s.model_id, \
    s.environment_id, l.line, l.document, l.minor, f.name, v.name, m.name, n.name, r.reason FROM export_line l \
    JOIN export_sum s ON s.books_id = l.books_id AND s.batch_id = l.batch_id AND s.position = l.position \
    LEFT JOIN interned_name f ON f.books_id = s.books_id AND f.id = s.feature_id AND f.kind = 4 \
    LEFT JOIN interned_name v ON v.books_id = s.books_id AND v.id = s.provider_id AND v.kind = 5 \
    LEFT JOIN interned_name m ON m.books_id = s.books_id AND m.id = s.model_id AND m.kind = 6 \
    LEFT JOIN interned_name n ON n.books_id = s.books_id AND n.id = s.environment_id AND n.kind = 7 \
    LEFT JOIN export_line_reason r ON r.books_id = l.books_id AND r.batch_id = l.batch_id AND r.line = l.line \
    WHERE l.books_id = $1 AND l.batch_id = $2 ORDER BY l.line";

/// The lines of a batch in their order.
///
/// # Errors
/// Any database failure.
pub fn line_list(ledger: &mut Ledger, books: BooksId, batch: i64) -> Result<Vec<LineRow>, StoreError> {
    let mut lines = Vec::new();
    ledger.scan(LINES, &[books_cell(books), Cell::Int(batch)], |row| {
        let text = |column| row.text_or_none(column).map(|text| text.map(ToOwned::to_owned));
        lines.push(LineRow {
            key: key_of(row, 0)?,
            line: row.int(9)?,
            document: row.int(10)?,
            minor: row.int(11)?,
            feature: text(12)?,
            provider: text(13)?,
            model: text(14)?,
            environment: text(15)?,
            reason: text(16)?,
        });
        Ok(())
    })?;
    Ok(lines)
}

/// The number of lines of a batch: they count from 1.
///
/// # Errors
/// Any database failure.
pub fn lines_exist(ledger: &mut Ledger, books: BooksId, batch: i64) -> Result<i64, StoreError> {
    let sql = "SELECT COALESCE(MAX(line), 0) FROM export_line WHERE books_id = $1 AND batch_id = $2";
    ledger.rows(sql, &[books_cell(books), Cell::Int(batch)])?.first().map_or(Ok(0), |row| row.int(0))
}

/// The attempts at delivering a batch, in their order.
///
/// # Errors
/// Any database failure.
pub fn attempt_list(ledger: &mut Ledger, books: BooksId, batch: i64) -> Result<Vec<AttemptRow>, StoreError> {
    let sql = "SELECT number, recorded_at, subject, channel, is_delivered, note FROM export_attempt WHERE books_id = $1 AND batch_id = $2 ORDER BY number";
    let attempt = |row: &Vec<Value>| {
        Ok(AttemptRow {
            number: row.int(0)?,
            recorded_at: Moment(row.int(1)?),
            subject: row.text(2)?.to_owned(),
            channel: row.text(3)?.to_owned(),
            is_delivered: row.int(4)? == 1,
            note: row.text_or_none(5)?.map(ToOwned::to_owned),
        })
    };
    ledger.rows(sql, &[books_cell(books), Cell::Int(batch)])?.iter().map(attempt).collect()
}

/// What is carried for each key of a target, in ledger units.
///
/// # Errors
/// Any database failure.
pub fn carry_list(ledger: &mut Ledger, books: BooksId, target: i64) -> Result<Vec<(Key, i64)>, StoreError> {
    let sql = "SELECT currency_id, account_id, team_id, project_id, client_id, feature_id, provider_id, model_id, environment_id, units \
               FROM export_carry WHERE books_id = $1 AND target_id = $2 AND units <> 0";
    let mut carries = Vec::new();
    ledger.scan(sql, &[books_cell(books), Cell::Int(target)], |row| {
        carries.push((key_of(row, 0)?, row.int(9)?));
        Ok(())
    })?;
    Ok(carries)
}

/// An account of a month: what the ledger has, and what live batches of a target took and exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconciledRow {
    pub account: AccountId,
    pub currency: Currency,
    /// Ledger units, debits less credits.
    pub ledger: i64,
    /// Ledger units, debits less credits.
    pub taken: i64,
    /// Minor units.
    pub exported: i64,
    /// Minor units of the batches that the other system booked.
    pub acknowledged: i64,
}

/// # Errors
/// Any database failure.
pub fn reconcile(ledger: &mut Ledger, books: BooksId, target: i64, month: Month) -> Result<Vec<ReconciledRow>, StoreError> {
    let sql = format!(
        "SELECT account_id, currency_id, CAST(SUM(ledger) AS BIGINT), CAST(SUM(taken) AS BIGINT), CAST(SUM(exported) AS BIGINT), \
         CAST(SUM(acknowledged) AS BIGINT) FROM (\
         SELECT x.key_id AS account_id, x.currency_id AS currency_id, x.debit - x.credit AS ledger, 0 AS taken, 0 AS exported, 0 AS acknowledged \
         FROM balance x WHERE x.books_id = $1 AND x.grain = 4 AND x.period = $3 \
         UNION ALL SELECT s.account_id, s.currency_id, 0, s.debit - s.credit, s.exported, \
         CASE WHEN EXISTS (SELECT 1 FROM export_answer k WHERE k.books_id = b.books_id AND k.batch_id = b.id) THEN s.exported ELSE 0 END \
         FROM export_batch b JOIN export_sum s ON s.books_id = b.books_id AND s.batch_id = b.id \
         WHERE b.books_id = $1 AND b.target_id = $2 AND b.period = $3 AND {LIVE}) y GROUP BY account_id, currency_id ORDER BY account_id, currency_id"
    );
    let rows = ledger.rows(&sql, &[books_cell(books), Cell::Int(target), Cell::Int(i64::from(month.0))])?;
    let row = |row: &Vec<Value>| {
        let account = i32::try_from(row.int(0)?).map(AccountId).map_err(|_| StoreError::corrupt("an account"))?;
        let currency = currency_of(row.int(1)?)?;
        Ok(ReconciledRow { account, currency, ledger: row.int(2)?, taken: row.int(3)?, exported: row.int(4)?, acknowledged: row.int(5)? })
    };
    rows.iter().map(row).collect()
}

/// The interned names in the keys of lines that are not stored yet.
///
/// # Errors
/// Any database failure.
pub fn names_of(ledger: &mut Ledger, books: BooksId, lines: &[NewLine]) -> Result<HashMap<NameId, String>, StoreError> {
    let blocks = lines.iter().map(|line| line.key.1);
    let ids: BTreeSet<i64> = blocks
        .flat_map(|block| [block.feature, block.provider, block.model, block.environment])
        .filter_map(NameId::some)
        .map(|id| i64::from(id.0))
        .collect();
    let mut names = HashMap::new();
    if ids.is_empty() {
        return Ok(names);
    }
    let sql = format!("SELECT id, name FROM interned_name WHERE books_id = $1 AND {}", in_list("id", ids));
    ledger.scan(&sql, &[books_cell(books)], |row| {
        names.insert(name_id(row.int(0)?)?, row.text(1)?.to_owned());
        Ok(())
    })?;
    Ok(names)
}

/// What a batch took of each key, and how that was rounded.
///
/// # Errors
/// Any database failure.
pub fn batch_sums(ledger: &mut Ledger, books: BooksId, batch: i64) -> Result<(Sums, Rounded), StoreError> {
    let sql = "SELECT currency_id, account_id, team_id, project_id, client_id, feature_id, provider_id, model_id, environment_id, debit, credit, \
               carried, exported FROM export_sum WHERE books_id = $1 AND batch_id = $2";
    let (mut sums, mut rounded) = (Sums::new(), Rounded::new());
    ledger.scan(sql, &[books_cell(books), Cell::Int(batch)], |row| {
        let key = key_of(row, 0)?;
        sums.insert(key, (row.int(9)?, row.int(10)?));
        rounded.insert(key, (row.int(11)?, row.int(12)?));
        Ok(())
    })?;
    Ok((sums, rounded))
}
