//! Drafts of entries made by hand, their lines and their approvals.
//!
//! Writes go through the posting desk's connection, in its transaction; the same statements are read there and from the pool.

use super::journal::sql::{by_index, column, id_list, one_of, rows, text_and_int};
use super::ledger::Column::{Int, Text};
use super::ledger::{Cell, Column, Ledger, Row, RowExt, Table, Value};
use super::{Store, StoreError};
use crate::domain::ids::{AccountId, BooksId, DraftId, EntryNumber, NameId};
use crate::domain::journal::{EntryKind, Side};
use crate::domain::manual_journals::{DraftContent, DraftLine, DraftStatus, Persons};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, Moment};

/// A draft as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub id: DraftId,
    pub status: DraftStatus,
    /// Counts the edits, from 1.
    pub version: i64,
    pub content: DraftContent,
    /// Of the content, with its version.
    pub content_hash: String,
    pub approvals_needed: i64,
    pub prepared_by: Persons,
    pub prepared_issuer: String,
    pub prepared_at: Moment,
    /// Whether the preparer closes periods, so that the entry may go into a soft-closed one.
    pub prepared_as_closer: bool,
    /// Who rejected it or took it back, and when and why.
    pub decided_by: Option<String>,
    pub decided_at: Option<Moment>,
    pub reason: Option<String>,
    pub entry: Option<EntryNumber>,
}

/// That a person approved one version of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub draft: DraftId,
    pub version: i64,
    pub approver: Persons,
    pub issuer: String,
    pub content_hash: String,
    pub approved_at: Moment,
}

/// Who prepared the draft that became an entry, under the books' lock.
///
/// # Errors
/// Any database failure.
pub fn preparer_of(ledger: &mut Ledger, books: BooksId, entry: EntryNumber) -> Result<Option<Persons>, StoreError> {
    let sql = "SELECT prepared_by, prepared_for FROM journal_draft WHERE books_id = $1 AND entry_number = $2";
    let rows = ledger.rows(sql, &[Cell::Int(i64::from(books.0)), Cell::Int(entry.0)])?;
    let persons = |row: &Row| Ok(Persons { subject: row.text(0)?.to_owned(), acting_for: row.text_or_none(1)?.map(ToOwned::to_owned) });
    rows.first().map(persons).transpose()
}

/// Which drafts a reader asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftFilter {
    /// Beyond `after`, in the order of their ids.
    Page {
        status: Option<DraftStatus>,
        after: DraftId,
        limit: u64,
    },
    Ids(Vec<DraftId>),
    /// Those that became these entries.
    Entries(Vec<EntryNumber>),
}

static DRAFT: Table = Table {
    name: "journal_draft",
    columns: &[
        Int("books_id"),
        Int("id"),
        Int("kind"),
        Int("status"),
        Int("version"),
        Int("effective_on"),
        Text("memo"),
        Int("corrects"),
        Text("content_hash"),
        Int("approvals_needed"),
        Text("prepared_by"),
        Text("prepared_issuer"),
        Text("prepared_for"),
        Int("prepared_at"),
        Text("decided_by"),
        Int("decided_at"),
        Text("reason"),
        Int("entry_number"),
        Int("prepared_as_closer"),
    ],
    on_conflict: "ON CONFLICT (books_id, id) DO UPDATE SET kind = excluded.kind, status = excluded.status, version = excluded.version, \
                  effective_on = excluded.effective_on, memo = excluded.memo, corrects = excluded.corrects, content_hash = excluded.content_hash, \
                  approvals_needed = excluded.approvals_needed, prepared_by = excluded.prepared_by, prepared_issuer = excluded.prepared_issuer, \
                  prepared_for = excluded.prepared_for, prepared_at = excluded.prepared_at, decided_by = excluded.decided_by, \
                  decided_at = excluded.decided_at, reason = excluded.reason, entry_number = excluded.entry_number, \
                  prepared_as_closer = excluded.prepared_as_closer",
};

static LINE: Table = Table {
    name: "journal_draft_line",
    columns: &[
        Int("books_id"),
        Int("draft_id"),
        Int("version"),
        Int("line"),
        Int("side"),
        Int("amount"),
        Int("currency_id"),
        Int("account_id"),
        Int("team_id"),
        Int("project_id"),
        Int("client_id"),
        Text("feature"),
    ],
    on_conflict: "",
};

static APPROVAL: Table = Table {
    name: "journal_approval",
    columns: &[
        Int("books_id"),
        Int("draft_id"),
        Int("version"),
        Text("approver"),
        Text("issuer"),
        Text("acting_for"),
        Text("content_hash"),
        Text("prepared_by"),
        Text("prepared_for"),
        Int("approved_at"),
    ],
    on_conflict: "",
};

/// The id that the next draft gets. Under the books' lock nobody else takes it.
///
/// # Errors
/// Any database failure.
pub fn draft_next_id(ledger: &mut Ledger, books: BooksId) -> Result<DraftId, StoreError> {
    let rows = ledger.rows("SELECT COALESCE(MAX(id), 0) + 1 FROM journal_draft WHERE books_id = $1", &[int(books.0)])?;
    rows.first().map_or(Ok(DraftId(1)), |row| row.int(0).map(DraftId))
}

/// A draft with its lines, under the books' lock.
///
/// # Errors
/// Any database failure.
pub fn draft_find(ledger: &mut Ledger, books: BooksId, id: DraftId) -> Result<Option<Draft>, StoreError> {
    let key = [int(books.0), int(id.0)];
    let found = ledger.rows(&format!("{} AND d.id = $2", select(&DRAFT, "d")), &key)?;
    let Some(row) = found.first() else { return Ok(None) };
    let mut draft = draft_of(row)?;
    let lines = format!("{} AND l.draft_id = $2 AND l.version = $3 ORDER BY l.line", select(&LINE, "l"));
    for row in ledger.rows(&lines, &[int(books.0), int(id.0), int(draft.version)])? {
        draft.content.lines.push(line_of(&row)?);
    }
    Ok(Some(draft))
}

/// The approvals of the draft's present version.
///
/// # Errors
/// Any database failure.
pub fn approval_list(ledger: &mut Ledger, books: BooksId, draft: &Draft) -> Result<Vec<Approval>, StoreError> {
    let sql = format!("{} AND a.draft_id = $2 AND a.version = $3 ORDER BY a.approved_at, a.approver", select(&APPROVAL, "a"));
    ledger.rows(&sql, &[int(books.0), int(draft.id.0), int(draft.version)])?.iter().map(|row| approval_of(row)).collect()
}

/// Stores the draft as it stands now.
///
/// # Errors
/// Any database failure; [`StoreError::Refused`] when the database's own guards see another state.
pub fn draft_save(ledger: &mut Ledger, books: BooksId, draft: &Draft) -> Result<(), StoreError> {
    let content = &draft.content;
    let row = [
        int(books.0),
        int(draft.id.0),
        int(content.kind.id()),
        int(draft.status.id()),
        int(draft.version),
        int(content.effective_on.0),
        Cell::Text(&content.memo),
        Cell::int_or_null(content.corrects.map(|entry| entry.0)),
        Cell::Text(&draft.content_hash),
        int(draft.approvals_needed),
        Cell::Text(&draft.prepared_by.subject),
        Cell::Text(&draft.prepared_issuer),
        Cell::text_or_null(draft.prepared_by.acting_for.as_deref()),
        int(draft.prepared_at.0),
        Cell::text_or_null(draft.decided_by.as_deref()),
        Cell::int_or_null(draft.decided_at.map(|moment| moment.0)),
        Cell::text_or_null(draft.reason.as_deref()),
        Cell::int_or_null(draft.entry.map(|entry| entry.0)),
        int(i64::from(draft.prepared_as_closer)),
    ];
    ledger.insert(&DRAFT, std::iter::once(row))
}

/// Adds the lines of a new version.
///
/// # Errors
/// Any database failure.
pub fn line_insert(ledger: &mut Ledger, books: BooksId, draft: &Draft) -> Result<(), StoreError> {
    let lines = draft.content.lines.iter().zip(1_i64..).map(|(line, number)| {
        let (side, amount, currency) = (int(line.side.id()), int(line.money.amount.units()), int(line.money.currency.id()));
        let [team, project, client] = [line.team, line.project, line.client].map(|id| int(id.0));
        let (account, feature) = (int(line.account.0), Cell::text_or_null(line.feature.as_deref()));
        let (id, version) = (int(draft.id.0), int(draft.version));
        [int(books.0), id, version, int(number), side, amount, currency, account, team, project, client, feature]
    });
    ledger.insert(&LINE, lines)
}

/// Adds an approval of the draft's present version.
///
/// # Errors
/// Any database failure; [`StoreError::Refused`] when a preparer is among the approvers.
pub fn approval_insert(ledger: &mut Ledger, books: BooksId, draft: &Draft, approval: &Approval) -> Result<(), StoreError> {
    let row = [
        int(books.0),
        int(approval.draft.0),
        int(approval.version),
        Cell::Text(&approval.approver.subject),
        Cell::Text(&approval.issuer),
        Cell::text_or_null(approval.approver.acting_for.as_deref()),
        Cell::Text(&approval.content_hash),
        Cell::Text(&draft.prepared_by.subject),
        Cell::text_or_null(draft.prepared_by.acting_for.as_deref()),
        int(approval.approved_at.0),
    ];
    ledger.insert(&APPROVAL, std::iter::once(row))
}

/// Drafts with their lines and the approvals of their present version, in the order of their ids.
///
/// # Errors
/// Any database failure.
pub async fn draft_list(store: &Store, books: BooksId, filter: &DraftFilter) -> Result<Vec<(Draft, Vec<Approval>)>, StoreError> {
    let backend = store.db.get_database_backend();
    let mut values = vec![i64::from(books.0).into()];
    let condition = match filter {
        DraftFilter::Page { status, after, limit } => {
            values.push(after.0.into());
            let status = status.map(|status| format!(" AND d.status = {}", status.id())).unwrap_or_default();
            format!("d.id > $2{status} ORDER BY d.id LIMIT {limit}")
        }
        DraftFilter::Ids(ids) => {
            values.push(id_list(ids.iter().map(|id| id.0)));
            format!("{} ORDER BY d.id", one_of(backend, "d.id", 2))
        }
        DraftFilter::Entries(numbers) => {
            values.push(id_list(numbers.iter().map(|number| number.0)));
            format!("{} ORDER BY d.id", one_of(backend, "d.entry_number", 2))
        }
    };
    let found = rows(&store.db, format!("{} AND {condition}", select(&DRAFT, "d")), values).await?;
    let mut drafts = Vec::with_capacity(found.len());
    for row in &found {
        drafts.push((draft_of(&text_and_int(row, DRAFT.columns)?)?, Vec::new()));
    }
    let ids = || vec![i64::from(books.0).into(), id_list(drafts.iter().map(|(draft, _)| draft.id.0))];
    let of_version = |alias: &str| {
        format!(
            " AND {} AND {alias}.version = (SELECT d.version FROM journal_draft d WHERE d.books_id = {alias}.books_id AND d.id = {alias}.draft_id)",
            one_of(backend, &format!("{alias}.draft_id"), 2)
        )
    };
    let lines = rows(&store.db, format!("{}{} ORDER BY l.draft_id, l.line", select(&LINE, "l"), of_version("l")), ids()).await?;
    let approvals = format!("{}{} ORDER BY a.draft_id, a.approved_at, a.approver", select(&APPROVAL, "a"), of_version("a"));
    let approvals = rows(&store.db, approvals, ids()).await?;
    let mut by_id: std::collections::BTreeMap<i64, &mut (Draft, Vec<Approval>)> =
        drafts.iter_mut().map(|draft| (draft.0.id.0, draft)).collect();
    for row in &lines {
        if let Some(draft) = by_id.get_mut(&column::<i64>(row, 1)?) {
            draft.0.content.lines.push(line_of(&text_and_int(row, LINE.columns)?)?);
        }
    }
    for row in &approvals {
        let approval = approval_of(&text_and_int(row, APPROVAL.columns)?)?;
        if let Some(draft) = by_id.get_mut(&approval.draft.0) {
            draft.1.push(approval);
        }
    }
    Ok(drafts)
}

/// Entries made by hand that correct one of these, as (corrected, entry, kind) in the order of posting.
///
/// # Errors
/// Any database failure.
pub async fn corrections_by_hand(
    store: &Store,
    books: BooksId,
    corrected: &[EntryNumber],
) -> Result<Vec<(EntryNumber, EntryNumber, EntryKind)>, StoreError> {
    let backend = store.db.get_database_backend();
    let (index, condition) = (by_index(backend, "journal_entry_corrected_by_hand"), one_of(backend, "e.corrects", 2));
    let sql = format!(
        "SELECT e.corrects, e.number, e.kind FROM journal_entry e{index} \
         WHERE e.books_id = $1 AND e.kind IN (5, 6) AND {condition} ORDER BY e.number"
    );
    let values = vec![i64::from(books.0).into(), id_list(corrected.iter().map(|number| number.0))];
    let corrupt = || StoreError::corrupt("an entry of unknown kind");
    let read = |row: &sea_orm::QueryResult| {
        let kind = i16::try_from(column::<i64>(row, 2)?).ok().and_then(EntryKind::from_id).ok_or_else(corrupt)?;
        Ok((EntryNumber(column(row, 0)?), EntryNumber(column(row, 1)?), kind))
    };
    rows(&store.db, sql, values).await?.iter().map(read).collect()
}

fn select(table: &Table, alias: &str) -> String {
    let columns: Vec<String> = table.columns.iter().map(|column: &Column| format!("{alias}.{}", column.name())).collect();
    format!("SELECT {} FROM {} {alias} WHERE {alias}.books_id = $1", columns.join(", "), table.name)
}

fn int(value: impl Into<i64>) -> Cell<'static> {
    Cell::Int(value.into())
}

fn draft_of(row: &[Value]) -> Result<Draft, StoreError> {
    let corrupt = || StoreError::corrupt("a journal draft");
    Ok(Draft {
        id: DraftId(row.int(1)?),
        content: DraftContent {
            kind: small(row, 2)?.and_then(EntryKind::from_id).ok_or_else(corrupt)?,
            effective_on: Day(narrow(row, 5)?),
            memo: row.text(6)?.to_owned(),
            corrects: row.int_or_none(7)?.map(EntryNumber),
            lines: Vec::new(),
        },
        status: small(row, 3)?.and_then(DraftStatus::from_id).ok_or_else(corrupt)?,
        version: row.int(4)?,
        content_hash: row.text(8)?.to_owned(),
        approvals_needed: row.int(9)?,
        prepared_by: Persons { subject: row.text(10)?.to_owned(), acting_for: text_or_none(row, 12)? },
        prepared_issuer: row.text(11)?.to_owned(),
        prepared_at: Moment(row.int(13)?),
        decided_by: text_or_none(row, 14)?,
        decided_at: row.int_or_none(15)?.map(Moment),
        reason: text_or_none(row, 16)?,
        entry: row.int_or_none(17)?.map(EntryNumber),
        prepared_as_closer: row.int(18)? != 0,
    })
}

fn line_of(row: &Row) -> Result<DraftLine, StoreError> {
    let corrupt = || StoreError::corrupt("a line of a journal draft");
    let currency = small(row, 6)?.and_then(Currency::from_id).ok_or_else(corrupt)?;
    Ok(DraftLine {
        side: small(row, 4)?.and_then(Side::from_id).ok_or_else(corrupt)?,
        money: Amount::from_units(row.int(5)?).with(currency),
        account: AccountId(narrow(row, 7)?),
        team: NameId(narrow(row, 8)?),
        project: NameId(narrow(row, 9)?),
        client: NameId(narrow(row, 10)?),
        feature: text_or_none(row, 11)?,
    })
}

fn approval_of(row: &[Value]) -> Result<Approval, StoreError> {
    Ok(Approval {
        draft: DraftId(row.int(1)?),
        version: row.int(2)?,
        approver: Persons { subject: row.text(3)?.to_owned(), acting_for: text_or_none(row, 5)? },
        issuer: row.text(4)?.to_owned(),
        content_hash: row.text(6)?.to_owned(),
        approved_at: Moment(row.int(9)?),
    })
}

fn text_or_none(row: &[Value], column: usize) -> Result<Option<String>, StoreError> {
    Ok(row.text_or_none(column)?.map(ToOwned::to_owned))
}

fn small(row: &[Value], column: usize) -> Result<Option<i16>, StoreError> {
    Ok(i16::try_from(row.int(column)?).ok())
}

fn narrow(row: &[Value], column: usize) -> Result<i32, StoreError> {
    let id = row.int(column)?;
    i32::try_from(id).map_err(|_| StoreError::corrupt(format!("{id} is no id")))
}
