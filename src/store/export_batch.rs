//! Export batches: targets, what live batches took, the sums of entries, and what became of each batch.
//!
//! The same reads run on the desk, under the books' lock, and in a reading transaction.

mod gaps;
mod prefix;
mod read;
mod write;

use std::collections::BTreeMap;

pub use gaps::{entries_exist, entry_numbers_of_month, kinds_taken};
pub use prefix::{books_origin, prefix_insert, prefix_is_taken, prefix_list};
pub use read::{
    BatchFilter, LineRow, ReconciledRow, attempt_list, batch_list, batch_sums, carry_list, line_list, lines_exist, names_of, reconcile,
};
pub use write::{
    NewBatch, NewLine, answer_insert, attempt_insert, batch_insert, carry_add, reason_insert, supersede, target_insert, window_release,
};

use super::StoreError;
use super::cells::{books_cell, currency_of, name_id};
use super::ledger::{Cell, Ledger, RowExt, Value};
use super::sums::exact_sum;
use crate::domain::chart::CodingBlock;
use crate::domain::export_batch::{BatchStatus, Key, RoundingPolicy, Target};
use crate::domain::ids::{AccountId, BooksId, EntryNumber};
use crate::domain::journal::EntryKind;
use crate::domain::period::{Day, Moment, Month};
use crate::domain::report::SpendDimension;

/// A version of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRow {
    pub id: i64,
    /// From 1; zero for a format of the program that nobody used yet.
    pub version: i64,
    pub code: String,
    pub target: Target,
}

/// Entries of one kind that a live batch took, by their numbers: above `after`, up to `through`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    pub kind: EntryKind,
    pub after: i64,
    pub through: i64,
}

/// A batch and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    pub id: i64,
    pub target_id: i64,
    pub target_version: i64,
    pub target: String,
    /// Gapless within the target.
    pub number: i64,
    pub period: Month,
    /// Stored ids of the kinds; empty for all.
    pub kinds: Vec<EntryKind>,
    pub through_entry: EntryNumber,
    pub rounding: RoundingPolicy,
    pub external_number: String,
    pub content_hash: String,
    pub created_by: String,
    pub recorded_at: Moment,
    pub answer: Option<Answer>,
    pub is_delivered: bool,
    /// The id of the batch that took its entries after it was rejected.
    pub superseded_by: Option<i64>,
    pub is_stale: bool,
}

/// What the other system said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub is_rejected: bool,
    pub document_number: Option<String>,
    pub posted_on: Option<Day>,
    pub subject: String,
    pub recorded_at: Moment,
}

impl BatchRow {
    pub fn status(&self) -> BatchStatus {
        match &self.answer {
            Some(answer) if answer.is_rejected => BatchStatus::Rejected,
            Some(_) => BatchStatus::Acknowledged,
            None if self.is_delivered => BatchStatus::Exported,
            None => BatchStatus::Frozen,
        }
    }
}

/// A delivery of a batch, or an attempt at one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    pub number: i64,
    pub recorded_at: Moment,
    pub subject: String,
    pub channel: String,
    pub is_delivered: bool,
    pub note: Option<String>,
}

/// Debits and credits of a key in ledger units; both only grow.
pub type Sums = BTreeMap<Key, (i64, i64)>;

/// What is carried to each key in ledger units, and the minor units that it exports.
pub type Rounded = BTreeMap<Key, (i64, i64)>;

/// What came of a batch that was rejected does not count. `b` is the batch.
const LIVE: &str = "NOT EXISTS (SELECT 1 FROM export_answer a WHERE a.books_id = b.books_id AND a.batch_id = b.id AND a.is_rejected = 1)";

/// The newest version of every target, in the order of their codes.
///
/// # Errors
/// Any database failure.
pub fn target_list(ledger: &mut Ledger, books: BooksId) -> Result<Vec<TargetRow>, StoreError> {
    let sql = "SELECT t.id, t.version, t.code, t.settings FROM export_target t WHERE t.books_id = $1 AND t.version = \
               (SELECT MAX(n.version) FROM export_target n WHERE n.books_id = t.books_id AND n.id = t.id) ORDER BY t.code";
    ledger.rows(sql, &[books_cell(books)])?.iter().map(|row| target_of(row)).collect()
}

/// A version of a target.
///
/// # Errors
/// Any database failure.
pub fn target_at(ledger: &mut Ledger, books: BooksId, id: i64, version: i64) -> Result<TargetRow, StoreError> {
    let sql = "SELECT id, version, code, settings FROM export_target WHERE books_id = $1 AND id = $2 AND version = $3";
    let rows = ledger.rows(sql, &[books_cell(books), Cell::Int(id), Cell::Int(version)])?;
    rows.first().map_or_else(|| Err(StoreError::corrupt(format!("version {version} of export target {id}"))), |row| target_of(row))
}

fn target_of(row: &[Value]) -> Result<TargetRow, StoreError> {
    let target = serde_json::from_str(row.text(3)?).map_err(|error| StoreError::corrupt(format!("an export target: {error}")))?;
    Ok(TargetRow { id: row.int(0)?, version: row.int(1)?, code: row.text(2)?.to_owned(), target })
}

/// What live batches of the target took of a month.
///
/// # Errors
/// Any database failure.
pub fn window_list(ledger: &mut Ledger, books: BooksId, target: i64, month: Month) -> Result<Vec<Window>, StoreError> {
    let sql = "SELECT kind, after_entry, through_entry FROM export_window WHERE books_id = $1 AND target_id = $2 AND period = $3 \
               AND released = 0 ORDER BY kind, after_entry";
    let rows = ledger.rows(sql, &[books_cell(books), Cell::Int(target), Cell::Int(i64::from(month.0))])?;
    rows.iter().map(|row| Ok(Window { kind: kind_of(row.int(0)?)?, after: row.int(1)?, through: row.int(2)? })).collect()
}

/// The versions of the target with which live batches of a month were made.
///
/// # Errors
/// Any database failure.
pub fn version_list(ledger: &mut Ledger, books: BooksId, target: i64, month: Month) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "SELECT DISTINCT b.target_version FROM export_batch b WHERE b.books_id = $1 AND b.target_id = $2 AND b.period = $3 AND {LIVE}"
    );
    let rows = ledger.rows(&sql, &[books_cell(books), Cell::Int(target), Cell::Int(i64::from(month.0))])?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// The block columns of a key as an expression each, and those that are grouped by.
fn key_columns(alias: &str, exported: &[SpendDimension]) -> (String, String) {
    let columns = [
        ("team_id", SpendDimension::Team),
        ("project_id", SpendDimension::Project),
        ("client_id", SpendDimension::Client),
        ("feature_id", SpendDimension::Feature),
        ("provider_id", SpendDimension::Provider),
        ("model_id", SpendDimension::Model),
        ("environment_id", SpendDimension::Environment),
    ];
    let (mut selected, mut grouped) = (format!("{alias}.account_id"), format!("{alias}.account_id"));
    for (column, dimension) in columns {
        if exported.contains(&dimension) {
            selected.push_str(&format!(", {alias}.{column}"));
            grouped.push_str(&format!(", {alias}.{column}"));
        } else {
            selected.push_str(", CAST(0 AS BIGINT)");
        }
    }
    (selected, grouped)
}

/// The sums of all entries of a month, from balances; at most `limit` keys.
///
/// # Errors
/// Any database failure.
pub fn month_sums(
    ledger: &mut Ledger,
    books: BooksId,
    month: Month,
    exported: &[SpendDimension],
    limit: usize,
) -> Result<Sums, StoreError> {
    let (selected, grouped) = key_columns("b", exported);
    let sql = format!(
        "SELECT x.currency_id, {selected}, {}, {} FROM balance x \
         JOIN coding_block b ON b.books_id = x.books_id AND b.id = x.key_id \
         WHERE x.books_id = $1 AND x.grain = 2 AND x.period = $2 GROUP BY x.currency_id, {grouped} LIMIT {limit}",
        exact_sum("x.debit"),
        exact_sum("x.credit")
    );
    sums(ledger, &sql, &[books_cell(books), Cell::Int(i64::from(month.0))])
}

/// What live batches of the target took of a month.
///
/// # Errors
/// Any database failure.
pub fn taken_sums(ledger: &mut Ledger, books: BooksId, target: i64, month: Month, exported: &[SpendDimension]) -> Result<Sums, StoreError> {
    let (selected, grouped) = key_columns("s", exported);
    let sql = format!(
        "SELECT s.currency_id, {selected}, {}, {} FROM export_batch b \
         JOIN export_sum s ON s.books_id = b.books_id AND s.batch_id = b.id \
         WHERE b.books_id = $1 AND b.target_id = $2 AND b.period = $3 AND {LIVE} GROUP BY s.currency_id, {grouped}",
        exact_sum("s.debit"),
        exact_sum("s.credit")
    );
    sums(ledger, &sql, &[books_cell(books), Cell::Int(target), Cell::Int(i64::from(month.0))])
}

/// Which entries are summed: of these kinds, dated in the month, numbered above `after` and up to `through`.
#[derive(Debug, Clone, Copy)]
pub struct EntryRange<'a> {
    pub month: Month,
    pub kinds: &'a [EntryKind],
    pub after: i64,
    pub through: i64,
}

/// The sums of entries in a range of numbers, in one pass over them; at most `limit` keys. A cross join keeps SQLite at this order.
///
/// # Errors
/// Any database failure.
pub fn entry_sums(
    ledger: &mut Ledger,
    books: BooksId,
    range: EntryRange<'_>,
    exported: &[SpendDimension],
    limit: usize,
) -> Result<Sums, StoreError> {
    let (selected, grouped) = key_columns("b", exported);
    let kinds = super::journal::sql::in_list("e.kind", range.kinds.iter().map(|kind| i64::from(kind.id())));
    let side = |side: i64| exact_sum(&format!("CASE p.side WHEN {side} THEN p.amount ELSE 0 END"));
    let sql = format!(
        "SELECT p.currency_id, {selected}, {}, {} FROM journal_entry e CROSS JOIN posting p CROSS JOIN coding_block b \
         WHERE e.books_id = $1 AND e.number > $2 AND e.number <= $3 AND e.effective_on >= $4 AND e.effective_on < $5 AND {kinds} \
         AND p.books_id = $1 AND p.entry_number = e.number AND b.books_id = $1 AND b.id = p.block_id \
         GROUP BY p.currency_id, {grouped} LIMIT {limit}",
        side(1),
        side(2)
    );
    let (from, to) = (range.month.first_day(), range.month.next().first_day());
    let days = [Cell::Int(i64::from(from.0)), Cell::Int(i64::from(to.0))];
    let [from, to] = days;
    sums(ledger, &sql, &[books_cell(books), Cell::Int(range.after), Cell::Int(range.through), from, to])
}

fn sums(ledger: &mut Ledger, sql: &str, parameters: &[Cell<'_>]) -> Result<Sums, StoreError> {
    let mut sums = Sums::new();
    ledger.scan(sql, parameters, |row| {
        sums.insert(key_of(row, 0)?, (row.sum_of_one(9)?, row.sum_of_one(10)?));
        Ok(())
    })?;
    Ok(sums)
}

/// A key from its nine columns: the currency, the account and the dimensions.
pub(in crate::store) fn key_of(row: &[Value], first: usize) -> Result<Key, StoreError> {
    let name = |column: usize| row.int(first.saturating_add(column)).and_then(name_id);
    let account = i32::try_from(row.int(first.saturating_add(1))?).map(AccountId).map_err(|_| StoreError::corrupt("an account"))?;
    let block = CodingBlock {
        account,
        team: name(2)?,
        project: name(3)?,
        client: name(4)?,
        feature: name(5)?,
        provider: name(6)?,
        model: name(7)?,
        environment: name(8)?,
    };
    Ok((currency_of(row.int(first)?)?, block))
}

fn kind_of(id: i64) -> Result<EntryKind, StoreError> {
    i16::try_from(id).ok().and_then(EntryKind::from_id).ok_or_else(|| StoreError::corrupt("an entry of unknown kind"))
}

/// The next id of a batch in the books, and its next number within the target.
///
/// # Errors
/// Any database failure.
pub fn next_numbers(ledger: &mut Ledger, books: BooksId, target: i64) -> Result<(i64, i64), StoreError> {
    let sql =
        "SELECT COALESCE(MAX(id), 0), COALESCE(MAX(CASE WHEN target_id = $2 THEN number END), 0) FROM export_batch WHERE books_id = $1";
    let rows = ledger.rows(sql, &[books_cell(books), Cell::Int(target)])?;
    rows.first().map_or(Ok((1, 1)), |row| Ok((row.int(0)?.saturating_add(1), row.int(1)?.saturating_add(1))))
}

/// Rejected batches of a month whose entries of one of the kinds nobody took back yet.
///
/// # Errors
/// Any database failure.
pub fn rejected_list(ledger: &mut Ledger, books: BooksId, target: i64, month: Month, kinds: &[EntryKind]) -> Result<Vec<i64>, StoreError> {
    let kinds = super::journal::sql::in_list("w.kind", kinds.iter().map(|kind| i64::from(kind.id())));
    let sql = format!(
        "SELECT DISTINCT w.batch_id FROM export_window w WHERE w.books_id = $1 AND w.target_id = $2 AND w.period = $3 AND w.released = 1 AND {kinds} \
         AND NOT EXISTS (SELECT 1 FROM export_supersession s WHERE s.books_id = w.books_id AND s.batch_id = w.batch_id) ORDER BY w.batch_id"
    );
    let rows = ledger.rows(&sql, &[books_cell(books), Cell::Int(target), Cell::Int(i64::from(month.0))])?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// The kinds of a batch as they are stored.
fn kinds_text(kinds: &[EntryKind]) -> String {
    kinds.iter().map(|kind| kind.id().to_string()).collect::<Vec<_>>().join(",")
}

fn kinds_of(text: &str) -> Result<Vec<EntryKind>, StoreError> {
    let ids = text.split(',').filter(|id| !id.is_empty());
    ids.map(|id| id.parse().map_err(|_| StoreError::corrupt("kinds of a batch")).and_then(kind_of)).collect()
}
