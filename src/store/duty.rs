//! Who did what: the acts by which a person holds a duty.

use sea_orm::ConnectionTrait;

use super::StoreError;
use super::journal::sql::{column, rows};
use super::ledger::{Cell, Ledger, RowExt};
use crate::domain::ids::BooksId;
use crate::domain::manual_journals::Persons;
use crate::domain::period::{Day, Moment};

/// Which acts are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Acts<'a> {
    pub persons: &'a Persons,
    pub actions: &'static [&'static str],
    /// From this moment on.
    pub since: Moment,
    /// Done to this object alone.
    pub object: Option<&'a str>,
}

/// The number of a recent event in which one of the persons did one of the acts, under the books' lock.
///
/// # Errors
/// Any database failure.
pub fn act_find(ledger: &mut Ledger, books: BooksId, acts: &Acts<'_>) -> Result<Option<i64>, StoreError> {
    let [first, second] = names(acts.persons);
    let object = acts.object.unwrap_or_default();
    let parameters = [Cell::Int(i64::from(books.0)), Cell::Text(first), Cell::Text(second), Cell::Int(acts.since.0), Cell::Text(object)];
    let found = ledger.rows(&sql(acts.actions), &parameters)?;
    found.first().and_then(|row| row.int_or_none(0).transpose()).transpose()
}

/// The same in another transaction.
pub(in crate::store) async fn act_find_in(db: &impl ConnectionTrait, books: BooksId, acts: &Acts<'_>) -> Result<Option<i64>, StoreError> {
    let [first, second] = names(acts.persons);
    let object = acts.object.unwrap_or_default();
    let values = vec![i64::from(books.0).into(), first.into(), second.into(), acts.since.0.into(), object.into()];
    let found = rows(db, sql(acts.actions), values).await?;
    found.first().map_or(Ok(None), |row| column(row, 0))
}

/// Whether one of the persons prepared an entry by hand that falls into the days from `from` to before `to`, and was posted or may still be.
///
/// # Errors
/// Any database failure.
pub fn prepared_between(ledger: &mut Ledger, books: BooksId, persons: &Persons, from: Day, to: Day) -> Result<bool, StoreError> {
    let [first, second] = names(persons);
    let sql = "SELECT id FROM journal_draft WHERE books_id = $1 AND effective_on >= $2 AND effective_on < $3 AND status IN (2, 3) \
               AND (prepared_by = $4 OR prepared_by = $5 OR prepared_for = $4 OR prepared_for = $5) LIMIT 1";
    let (from, to) = (Cell::Int(i64::from(from.0)), Cell::Int(i64::from(to.0)));
    Ok(!ledger.rows(sql, &[Cell::Int(i64::from(books.0)), from, to, Cell::Text(first), Cell::Text(second)])?.is_empty())
}

/// Both names behind an act; the same one twice when nobody else is behind it.
fn names(persons: &Persons) -> [&str; 2] {
    [&persons.subject, persons.acting_for.as_deref().unwrap_or(&persons.subject)]
}

/// The actions are this program's own words, never a caller's.
fn sql(actions: &[&str]) -> String {
    let actions: Vec<String> = actions.iter().map(|action| format!("'{action}'")).collect();
    format!(
        "SELECT MAX(number) FROM audit_event WHERE books_id = $1 AND (subject = $2 OR subject = $3 OR acting_for = $2 OR acting_for = $3) \
         AND recorded_at >= $4 AND ($5 = '' OR object = $5) AND action IN ({})",
        actions.join(", ")
    )
}
