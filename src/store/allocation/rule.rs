//! Versions of rules. They are added and approved, never changed.

use super::tables::{ALLOCATION_RULE, ALLOCATION_RULE_APPROVAL};
use crate::domain::allocation::AllocationRule;
use crate::domain::ids::BooksId;
use crate::domain::manual_journals::Persons;
use crate::domain::period::Moment;
use crate::store::StoreError;
use crate::store::cells::{books_cell, day_cell, day_of};
use crate::store::ledger::{Cell, Ledger, RowExt, Value};

/// A version with who wrote and who approved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleVersion {
    pub rule: AllocationRule,
    /// Whether the books asked for another person's approval when it was saved.
    pub needs_approval: bool,
    pub author: Persons,
    pub recorded_at: Moment,
    /// Who approved it, and when.
    pub approved_by: Option<String>,
    pub approved_at: Option<Moment>,
}

impl RuleVersion {
    /// Whether runs may use it.
    pub fn is_in_force(&self) -> bool {
        !self.needs_approval || self.approved_by.is_some()
    }
}

const VERSIONS: &str = "SELECT r.code, r.version, r.name, r.rule_order, r.valid_from, r.valid_to, r.terms, r.needs_approval, r.subject, \
    r.acting_for, r.recorded_at, a.subject, a.recorded_at FROM allocation_rule r LEFT JOIN allocation_rule_approval a \
    ON a.books_id = r.books_id AND a.code = r.code AND a.version = r.version WHERE r.books_id = $1 ORDER BY r.code, r.version";

/// Every version, in the order of code and version.
///
/// # Errors
/// Any database failure; [`StoreError::Corrupt`] for terms that cannot be read.
pub fn rule_list(ledger: &mut Ledger, books: BooksId) -> Result<Vec<RuleVersion>, StoreError> {
    let mut versions = Vec::new();
    ledger.scan(VERSIONS, &[books_cell(books)], |row| {
        versions.push(version_of(row)?);
        Ok(())
    })?;
    Ok(versions)
}

fn version_of(row: &[Value]) -> Result<RuleVersion, StoreError> {
    let terms = serde_json::from_str(row.text(6)?).map_err(|error| StoreError::corrupt(format!("the terms of a rule: {error}")))?;
    Ok(RuleVersion {
        rule: AllocationRule {
            code: row.text(0)?.to_owned(),
            version: row.int(1)?,
            name: row.text(2)?.to_owned(),
            order: row.int(3)?,
            valid_from: day_of(row.int(4)?)?,
            valid_to: row.int_or_none(5)?.map(day_of).transpose()?,
            terms,
        },
        needs_approval: row.int(7)? == 1,
        author: Persons { subject: row.text(8)?.to_owned(), acting_for: row.text_or_none(9)?.map(ToOwned::to_owned) },
        recorded_at: Moment(row.int(10)?),
        approved_by: row.text_or_none(11)?.map(ToOwned::to_owned),
        approved_at: row.int_or_none(12)?.map(Moment),
    })
}

/// Adds a version.
///
/// # Errors
/// Any database failure.
pub fn rule_insert(ledger: &mut Ledger, books: BooksId, version: &RuleVersion) -> Result<(), StoreError> {
    let RuleVersion { rule, needs_approval, author, recorded_at, .. } = version;
    let terms = serde_json::to_string(&rule.terms).map_err(|error| StoreError::corrupt(format!("the terms of a rule: {error}")))?;
    let row = [
        books_cell(books),
        Cell::Text(&rule.code),
        Cell::Int(rule.version),
        Cell::Text(&rule.name),
        Cell::Int(rule.order),
        day_cell(rule.valid_from),
        Cell::int_or_null(rule.valid_to.map(|day| i64::from(day.0))),
        Cell::Text(&terms),
        Cell::Int(i64::from(*needs_approval)),
        Cell::Text(&author.subject),
        Cell::text_or_null(author.acting_for.as_deref()),
        Cell::Int(recorded_at.0),
    ];
    ledger.insert(&ALLOCATION_RULE, std::iter::once(row))
}

/// Approves a version.
///
/// # Errors
/// Any database failure; the database refuses the author as approver.
pub fn approval_insert(
    ledger: &mut Ledger,
    books: BooksId,
    version: &RuleVersion,
    approver: &Persons,
    at: Moment,
) -> Result<(), StoreError> {
    let row = [
        books_cell(books),
        Cell::Text(&version.rule.code),
        Cell::Int(version.rule.version),
        Cell::Text(&version.author.subject),
        Cell::Text(&approver.subject),
        Cell::text_or_null(approver.acting_for.as_deref()),
        Cell::Int(at.0),
    ];
    ledger.insert(&ALLOCATION_RULE_APPROVAL, std::iter::once(row))
}
