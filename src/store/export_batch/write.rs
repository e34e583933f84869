//! What is written of batches: only added, but for windows that are released and the carry, which is a cache.

use super::{Answer, AttemptRow, BatchRow, Rounded, Sums, TargetRow, Window, kinds_text};
use crate::domain::export_batch::Key;
use crate::domain::ids::BooksId;
use crate::domain::period::Moment;
use crate::store::cells::books_cell;
use crate::store::ledger::{Cell, Ledger};
use crate::store::{StoreError, rows};

/// A batch as it is frozen. Its sums come in the order of their keys.
#[derive(Debug)]
pub struct NewBatch<'a> {
    pub batch: &'a BatchRow,
    pub windows: &'a [Window],
    /// What was taken of each key.
    pub sums: &'a Sums,
    pub rounded: &'a Rounded,
    pub lines: &'a [NewLine],
}

/// A line of a document: minor units of one of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLine {
    pub document: i64,
    pub key: Key,
    pub minor: i64,
}

/// # Errors
/// Any database failure.
pub fn target_insert(ledger: &mut Ledger, books: BooksId, row: &TargetRow, by: &str, at: Moment) -> Result<(), StoreError> {
    let settings = serde_json::to_string(&row.target).map_err(|error| StoreError::corrupt(format!("an export target: {error}")))?;
    let (code, by, at) = (Cell::Text(&row.code), Cell::Text(by), Cell::Int(at.0));
    let cells = [books_cell(books), Cell::Int(row.id), Cell::Int(row.version), code, Cell::Text(&settings), by, at];
    ledger.insert(&rows::EXPORT_TARGET, std::iter::once(cells))
}

/// Nine cells: the currency, the account and the dimensions.
fn key_cells(key: &Key) -> [Cell<'static>; 9] {
    let (currency, block) = key;
    let names = [block.team, block.project, block.client, block.feature, block.provider, block.model, block.environment];
    let [team, project, client, feature, provider, model, environment] = names.map(|name| Cell::Int(i64::from(name.0)));
    let (currency, account) = (Cell::Int(i64::from(currency.id())), Cell::Int(i64::from(block.account.0)));
    [currency, account, team, project, client, feature, provider, model, environment]
}

/// Stores a batch: what it took, its sums and lines, then the batch that seals them.
///
/// # Errors
/// Any database failure; `Refused` when it took what another live batch has, or does not balance.
pub fn batch_insert(ledger: &mut Ledger, books: BooksId, new: &NewBatch<'_>) -> Result<(), StoreError> {
    let (key, id) = (books_cell(books), Cell::Int(new.batch.id));
    let (target, period) = (Cell::Int(new.batch.target_id), Cell::Int(i64::from(new.batch.period.0)));
    let window = |window: &Window| {
        let (kind, after, through) = (Cell::Int(i64::from(window.kind.id())), Cell::Int(window.after), Cell::Int(window.through));
        [key, id, kind, after, through, target, period, Cell::Int(0)]
    };
    ledger.insert(&rows::EXPORT_WINDOW, new.windows.iter().map(window))?;
    let mut positions = std::collections::BTreeMap::new();
    let sums = (1_i64..).zip(new.rounded).map(|(position, (sum, (carried, exported)))| {
        positions.insert(*sum, position);
        let (debit, credit) = new.sums.get(sum).copied().unwrap_or_default();
        let [currency, account, team, project, client, feature, provider, model, environment] = key_cells(sum);
        let amounts = [debit, credit, *carried, *exported].map(Cell::Int);
        let [debit, credit, carried, exported] = amounts;
        let position = Cell::Int(position);
        [
            key,
            id,
            position,
            currency,
            account,
            team,
            project,
            client,
            feature,
            provider,
            model,
            environment,
            debit,
            credit,
            carried,
            exported,
        ]
    });
    ledger.insert(&rows::EXPORT_SUM, sums.collect::<Vec<_>>().into_iter())?;
    let line = |(number, line): (i64, &NewLine)| {
        let position = positions.get(&line.key).copied().unwrap_or_default();
        [key, id, Cell::Int(number), Cell::Int(line.document), Cell::Int(position), Cell::Int(line.minor)]
    };
    ledger.insert(&rows::EXPORT_LINE, (1..).zip(new.lines).map(line))?;
    let batch = new.batch;
    let kinds = kinds_text(&batch.kinds);
    let row = [
        key,
        id,
        target,
        Cell::Int(batch.target_version),
        Cell::Int(batch.number),
        period,
        Cell::Text(&kinds),
        Cell::Int(batch.through_entry.0),
        Cell::Int(batch.rounding.id()),
        Cell::Text(&batch.external_number),
        Cell::Text(&batch.content_hash),
        Cell::Text(&batch.created_by),
        Cell::Int(batch.recorded_at.0),
    ];
    ledger.insert(&rows::EXPORT_BATCH, std::iter::once(row))
}

/// Adds ledger units to what is carried for keys of a target.
///
/// # Errors
/// Any database failure.
pub fn carry_add(ledger: &mut Ledger, books: BooksId, target: i64, units: &[(Key, i64)]) -> Result<(), StoreError> {
    let row = |(key, units): &(Key, i64)| {
        let [currency, account, team, project, client, feature, provider, model, environment] = key_cells(key);
        let (books, target, units) = (books_cell(books), Cell::Int(target), Cell::Int(*units));
        [books, target, currency, account, team, project, client, feature, provider, model, environment, units]
    };
    ledger.insert(&rows::EXPORT_CARRY, units.iter().filter(|(_, units)| *units != 0).map(row))
}

/// Says that a batch took back the entries of a rejected one.
///
/// # Errors
/// Any database failure.
pub fn supersede(ledger: &mut Ledger, books: BooksId, rejected: &[i64], by: i64) -> Result<(), StoreError> {
    ledger.insert(&rows::EXPORT_SUPERSESSION, rejected.iter().map(|batch| [books_cell(books), Cell::Int(*batch), Cell::Int(by)]))
}

/// # Errors
/// Any database failure.
pub fn attempt_insert(ledger: &mut Ledger, books: BooksId, batch: i64, attempt: &AttemptRow) -> Result<(), StoreError> {
    let row = [
        books_cell(books),
        Cell::Int(batch),
        Cell::Int(attempt.number),
        Cell::Int(attempt.recorded_at.0),
        Cell::Text(&attempt.subject),
        Cell::Text(&attempt.channel),
        Cell::Int(i64::from(attempt.is_delivered)),
        Cell::text_or_null(attempt.note.as_deref()),
    ];
    ledger.insert(&rows::EXPORT_ATTEMPT, std::iter::once(row))
}

/// # Errors
/// Any database failure; `Refused` when the batch was answered.
pub fn answer_insert(ledger: &mut Ledger, books: BooksId, batch: i64, answer: &Answer) -> Result<(), StoreError> {
    let row = [
        books_cell(books),
        Cell::Int(batch),
        Cell::Int(answer.recorded_at.0),
        Cell::Text(&answer.subject),
        Cell::Int(i64::from(answer.is_rejected)),
        Cell::text_or_null(answer.document_number.as_deref()),
        Cell::int_or_null(answer.posted_on.map(|day| i64::from(day.0))),
    ];
    ledger.insert(&rows::EXPORT_ANSWER, std::iter::once(row))
}

/// # Errors
/// Any database failure.
pub fn reason_insert(ledger: &mut Ledger, books: BooksId, batch: i64, reasons: &[(i64, String)]) -> Result<(), StoreError> {
    let row = |(line, reason): &'_ (i64, String)| (Cell::Int(*line), reason.clone());
    let owned: Vec<_> = reasons.iter().map(row).collect();
    ledger.insert(
        &rows::EXPORT_LINE_REASON,
        owned.iter().map(|(line, reason)| [books_cell(books), Cell::Int(batch), *line, Cell::Text(reason)]),
    )
}

/// Gives the entries of a rejected batch back.
///
/// # Errors
/// Any database failure.
pub fn window_release(ledger: &mut Ledger, books: BooksId, batch: i64) -> Result<(), StoreError> {
    let sql = "UPDATE export_window SET released = 1 WHERE books_id = $1 AND batch_id = $2 AND released = 0";
    ledger.run(sql, &[books_cell(books), Cell::Int(batch)])
}
