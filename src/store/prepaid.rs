//! Lots of credits and what was used of them.
//!
//! The same reads run on the desk, under the books' lock, and in a reading transaction of a report.

use super::StoreError;
use super::account_nets::{AsAt, last_entry};
use super::cells::{books_cell, currency_of, day_cell, day_of, name_id, next_number};
use super::ledger::{Cell, Ledger, RowExt, Value};
use super::rows;
use crate::domain::chart::NameKind;
use crate::domain::ids::{BooksId, EntryNumber, NameId};
use crate::domain::money::{Amount, Money};
use crate::domain::period::{Day, Moment};
use crate::domain::posting_rules::GrantPolicy;
use crate::domain::prepaid::{LotKind, PaidFrom, UseKind};

/// A lot as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditLot {
    pub number: i64,
    pub kind: LotKind,
    pub provider: NameId,
    pub money: Money,
    pub begins_on: Day,
    pub expires_on: Option<Day>,
    pub policy: GrantPolicy,
    pub paid_from: Option<PaidFrom>,
    pub entry: Option<EntryNumber>,
    pub reference: String,
}

/// A part of a lot that was used; its lot says the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditUse {
    pub number: i64,
    pub lot: i64,
    pub kind: UseKind,
    pub amount: Amount,
    pub effective_on: Day,
    pub entry: Option<EntryNumber>,
}

/// A fact counts since its entry, and one whose entry was mirrored by then does not.
fn in_force(AsAt { day, through }: AsAt) -> String {
    format!(
        "COALESCE(x.since_entry, x.entry_number, 0) <= {through} AND NOT EXISTS (SELECT 1 FROM journal_entry r \
         WHERE r.books_id = x.books_id AND r.corrects = x.entry_number AND r.kind = 2 AND r.effective_on <= {} AND r.number <= {through})",
        day.0
    )
}

/// The id of a provider that some charge or command named.
///
/// # Errors
/// Any database failure.
pub fn provider_id(ledger: &mut Ledger, books: BooksId, provider: &str) -> Result<Option<NameId>, StoreError> {
    let sql = "SELECT id FROM interned_name WHERE books_id = $1 AND kind = $2 AND name = $3";
    let key = [books_cell(books), Cell::Int(i64::from(NameKind::Provider.id())), Cell::Text(provider)];
    ledger.rows(sql, &key)?.first().map(|row| name_id(row.int(0)?)).transpose()
}

/// The names of all providers.
///
/// # Errors
/// Any database failure.
pub fn provider_names(ledger: &mut Ledger, books: BooksId) -> Result<Vec<(NameId, String)>, StoreError> {
    let sql = "SELECT id, name FROM interned_name WHERE books_id = $1 AND kind = $2";
    let rows = ledger.rows(sql, &[books_cell(books), Cell::Int(i64::from(NameKind::Provider.id()))])?;
    rows.iter().map(|row| Ok((name_id(row.int(0)?)?, row.text(1)?.to_owned()))).collect()
}

/// The lots of a provider that begin by a day and are in force then, in the order of their numbers.
///
/// # Errors
/// Any database failure.
pub fn lots(ledger: &mut Ledger, books: BooksId, provider: NameId, kind: LotKind, at: AsAt) -> Result<Vec<CreditLot>, StoreError> {
    let sql = format!(
        "SELECT x.number, x.currency_id, x.amount, x.begins_on, x.expires_on, x.policy, x.paid_from, x.entry_number, x.reference \
         FROM credit_lot x WHERE x.books_id = $1 AND x.provider_id = $2 AND x.begins_on <= $3 AND x.kind = $4 AND {} ORDER BY x.number",
        in_force(at)
    );
    let parameters = [books_cell(books), Cell::Int(i64::from(provider.0)), day_cell(at.day), Cell::Int(lot_kind_id(kind))];
    let mut lots = Vec::new();
    ledger.scan(&sql, &parameters, |row| {
        lots.push(lot_of(row, provider, kind)?);
        Ok(())
    })?;
    Ok(lots)
}

fn lot_of(row: &[Value], provider: NameId, kind: LotKind) -> Result<CreditLot, StoreError> {
    let corrupt = || StoreError::corrupt("a lot of credits");
    let policy = i16::try_from(row.int(5)?).ok().and_then(GrantPolicy::from_id).ok_or_else(corrupt)?;
    let paid_from = match row.int_or_none(6)? {
        None => None,
        Some(1) => Some(PaidFrom::Payable),
        Some(2) => Some(PaidFrom::Cash),
        Some(_) => return Err(corrupt()),
    };
    Ok(CreditLot {
        number: row.int(0)?,
        kind,
        provider,
        money: Amount::from_units(row.int(2)?).with(currency_of(row.int(1)?)?),
        begins_on: day_of(row.int(3)?)?,
        expires_on: row.int_or_none(4)?.map(day_of).transpose()?,
        policy,
        paid_from,
        entry: row.int_or_none(7)?.map(EntryNumber),
        reference: row.text(8)?.to_owned(),
    })
}

/// What was used of the lots of a provider by a day and is in force then.
///
/// # Errors
/// Any database failure.
pub fn uses(ledger: &mut Ledger, books: BooksId, provider: NameId, at: AsAt) -> Result<Vec<CreditUse>, StoreError> {
    let sql = format!(
        "SELECT x.number, x.lot_number, x.kind, x.amount, x.effective_on, x.entry_number FROM credit_use x \
         JOIN credit_lot l ON l.books_id = x.books_id AND l.number = x.lot_number \
         WHERE x.books_id = $1 AND l.provider_id = $2 AND x.effective_on <= $3 AND {} ORDER BY x.number",
        in_force(at)
    );
    let mut uses = Vec::new();
    ledger.scan(&sql, &[books_cell(books), Cell::Int(i64::from(provider.0)), day_cell(at.day)], |row| {
        uses.push(CreditUse {
            number: row.int(0)?,
            lot: row.int(1)?,
            kind: if row.int(2)? == 1 { UseKind::Applied } else { UseKind::Expired },
            amount: Amount::from_units(row.int(3)?),
            effective_on: day_of(row.int(4)?)?,
            entry: row.int_or_none(5)?.map(EntryNumber),
        });
        Ok(())
    })?;
    Ok(uses)
}

/// Stores a lot under the next number, and answers it. The lot's own number is not looked at.
///
/// # Errors
/// Any database failure.
pub fn lot_insert(ledger: &mut Ledger, books: BooksId, lot: &CreditLot, recorded_at: Moment) -> Result<i64, StoreError> {
    let number = next_number(ledger, books, "credit_lot")?;
    let next = last_entry(ledger, books)?.0.saturating_add(1);
    let row = [
        books_cell(books),
        Cell::Int(number),
        Cell::Int(lot_kind_id(lot.kind)),
        Cell::Int(i64::from(lot.provider.0)),
        Cell::Int(i64::from(lot.money.currency.id())),
        Cell::Int(lot.money.amount.units()),
        day_cell(lot.begins_on),
        Cell::int_or_null(lot.expires_on.map(|day| i64::from(day.0))),
        Cell::Int(i64::from(lot.policy.id())),
        Cell::int_or_null(lot.paid_from.map(|from| if from == PaidFrom::Payable { 1 } else { 2 })),
        Cell::int_or_null(lot.entry.map(|entry| entry.0)),
        Cell::Text(&lot.reference),
        Cell::Int(recorded_at.0),
        Cell::Int(lot.entry.map_or(next, |entry| entry.0)),
    ];
    ledger.insert(&rows::CREDIT_LOT, std::iter::once(row))?;
    Ok(number)
}

/// Stores uses under the next numbers. Their own numbers are not looked at.
///
/// # Errors
/// Any database failure.
pub fn use_insert(ledger: &mut Ledger, books: BooksId, uses: &[CreditUse], recorded_at: Moment) -> Result<(), StoreError> {
    let first = next_number(ledger, books, "credit_use")?;
    let next = last_entry(ledger, books)?.0.saturating_add(1);
    let rows = (first..).zip(uses).map(|(number, credit)| {
        [
            books_cell(books),
            Cell::Int(number),
            Cell::Int(credit.lot),
            Cell::Int(if credit.kind == UseKind::Applied { 1 } else { 2 }),
            Cell::Int(credit.amount.units()),
            day_cell(credit.effective_on),
            Cell::int_or_null(credit.entry.map(|entry| entry.0)),
            Cell::Int(recorded_at.0),
            Cell::Int(credit.entry.map_or(next, |entry| entry.0)),
        ]
    });
    ledger.insert(&rows::CREDIT_USE, rows)
}

fn lot_kind_id(kind: LotKind) -> i64 {
    match kind {
        LotKind::Bought => 1,
        LotKind::Granted => 2,
    }
}
