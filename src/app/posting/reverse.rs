//! Reversal of a posted entry: its exact mirror, once.

use chrono::NaiveDate;
use serde_json::json;

use super::room::Movement;
use super::session::{Session, narrow};
use super::stored_charge::{StoredCharge, basis};
use super::write_batch::{Command, Revision};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::duties::persons;
use crate::app::ingest::counts;
use crate::app::{App, AppError};
use crate::domain::duties::Duty;
use crate::domain::ids::{BlockId, ChargeNumber, EntryNumber};
use crate::domain::journal::{EntryDraft, EntryKind, JournalEntry, Posting, ReversalView, Side, reverse};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::Weight;
use crate::store::StoreError;
use crate::store::journal_draft::preparer_of;
use crate::store::ledger::{Cell, RowExt};

/// What the caller asks.
#[derive(Debug, Clone)]
pub struct ReverseInput {
    pub idempotency_key: String,
    pub number: i64,
    /// The accounting day of the reversal; not before the entry's own.
    pub effective_on: NaiveDate,
    pub reason: String,
}

/// The entry that a command posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    pub number: EntryNumber,
    /// The same key and content came before; this is its first receipt.
    pub replayed: bool,
}

const OPERATION: &str = "reverseJournalEntry";
const LONGEST_KEY: usize = 200;
const LONGEST_REASON: usize = 1_000;

/// Posts the mirror of an entry. The entries of one charge are reversed latest first; reversing the one that booked it marks the charge reversed.
///
/// # Errors
/// `Forbidden`; `Rejected` with `ENTRY_NOT_FOUND`, `ALREADY_REVERSED`, `REVERSAL_OF_REVERSAL`, `REVERSAL_BEFORE_ENTRY`, `LATER_CORRECTION`, `PERIOD_CLOSED` and its kin, `IDEMPOTENCY_CONFLICT`.
pub async fn reverse_journal_entry(app: &App, actor: &Actor, input: ReverseInput) -> Result<Posted, AppError> {
    if !actor.may(Permission::PostCorrections) {
        return Err(AppError::Forbidden(Permission::PostCorrections));
    }
    check_text("idempotencyKey", &input.idempotency_key, LONGEST_KEY)?;
    check_text("reason", &input.reason, LONGEST_REASON)?;
    let books = app.books(actor).await?;
    let recorded_at = Moment::from_instant(app.clock().now());
    let (is_closer, reversing) = (actor.may(Permission::ClosePeriods), actor.clone());
    let work = move |session: &mut Session| {
        session.act_as_closer(is_closer);
        let posted = reverse_in_tx(session, &reversing, &input)?;
        if !posted.replayed {
            session.check_duty(&reversing, Duty::Posting, None)?;
            let told = Change {
                action: "entry.reverse",
                object: format!("entry {}", input.number),
                after: Some(json!({ "entry": posted.number.to_string(), "effectiveOn": input.effective_on.to_string() })),
                reason: Some(input.reason),
                ..Change::default()
            };
            session.audit(audit::event(&reversing, told));
        }
        Ok(posted)
    };
    books.desk().run(recorded_at, work).await
}

fn check_text(field: &'static str, text: &str, longest: usize) -> Result<(), Rejection> {
    if text.trim().is_empty() {
        return Err(Rejection::at(Code::MissingField, field, format!("`{field}` is required")));
    }
    if text.len() > longest {
        return Err(Rejection::at(Code::TextTooLong, field, format!("`{field}` holds {longest} bytes")));
    }
    Ok(())
}

/// An entry made by hand took two persons; nobody undoes their own alone.
fn refuse_preparer(session: &mut Session, actor: &Actor, original: &JournalEntry) -> Result<(), AppError> {
    if !matches!(original.kind, EntryKind::Manual | EntryKind::WriteOff) {
        return Ok(());
    }
    let prepared_by = preparer_of(&mut session.ledger, session.books, original.number)?;
    if prepared_by.is_some_and(|preparer| preparer.share_one_with(&persons(actor))) {
        let message = format!("you prepared entry {}: another person reverses it", original.number);
        return Err(Rejection::at(Code::SamePerson, "number", message).into());
    }
    Ok(())
}

fn reverse_in_tx(session: &mut Session, actor: &Actor, input: &ReverseInput) -> Result<Posted, AppError> {
    let effective_on = Day::from_date(input.effective_on);
    let content = crate::app::ingest::key_hash(&format!("{} {effective_on}", input.number), &input.reason);
    if let Some((hash, receipt)) = session.command(OPERATION, &input.idempotency_key)? {
        if hash != content {
            return Err(Rejection::of(Code::IdempotencyConflict).under("idempotencyKey").into());
        }
        let number = receipt.parse().map_err(|_| StoreError::corrupt("the receipt of a reversal"))?;
        return Ok(Posted { number: EntryNumber(number), replayed: true });
    }
    let original = session.journal_entry(EntryNumber(input.number))?.ok_or_else(|| Rejection::of(Code::EntryNotFound).under("number"))?;
    match original.kind {
        EntryKind::Allocation => return Err(Rejection::of(Code::EntryOfRun).under("number").into()),
        EntryKind::Labor => return Err(Rejection::of(Code::LaborEntry).under("number").into()),
        EntryKind::Revenue => return Err(Rejection::of(Code::RevenueEntry).under("number").into()),
        EntryKind::LaborVariance => return Err(Rejection::of(Code::PayrollEntry).under("number").into()),
        EntryKind::Chargeback => return Err(Rejection::of(Code::ChargebackEntry).under("number").into()),
        _ => refuse_preparer(session, actor, &original)?,
    }
    let reversed_by = session.reversal_of(original.number)?;
    let postings = reverse(&ReversalView { original: &original, reversed_by }, effective_on)?;
    let charge = match original.charge {
        Some(number) => Some(session.stored_charge_by_number(number)?.ok_or_else(|| StoreError::corrupt(format!("charge {number}")))?),
        None => None,
    };
    if let Some(latest) = charge.as_ref().and_then(|charge| charge.entry).filter(|latest| *latest != original.number) {
        return Err(
            Rejection::at(Code::LaterCorrection, "number", format!("entry {latest} corrects the same charge: reverse it first")).into()
        );
    }
    let service_day = original.service_on.unwrap_or(original.effective_on);
    let draft = EntryDraft {
        kind: EntryKind::Reversal,
        effective_on,
        service_on: (service_day.month() != effective_on.month()).then_some(service_day),
        postings: &postings,
        charge: original.charge,
        corrects: Some(original.number),
        memo: Some(&input.reason),
    };
    let number = session.post(&draft).map_err(|error| error.placed(Code::LedgerOverflow, "number"))?;
    if let Some(charge) = charge {
        revise(session, &original, charge, Mirror { number, effective_on })?;
    }
    session.batch.commands.push(Command {
        operation: OPERATION,
        key: input.idempotency_key.clone(),
        content_hash: content,
        receipt: number.to_string(),
    });
    Ok(Posted { number, replayed: false })
}

/// The posted reversal.
struct Mirror {
    number: EntryNumber,
    effective_on: Day,
}

/// Takes the charge back to the state before the entry, or to *reversed* when the entry booked it.
/// Money moves on the day of the reversal; counts go back where they were counted, or with the money when that period is closed.
fn revise(session: &mut Session, original: &JournalEntry, charge: StoredCharge, reversal: Mirror) -> Result<(), AppError> {
    let counts = counts(&charge.event);
    let day = if session.booking_day(charge.booked_on) == charge.booked_on { charge.booked_on } else { reversal.effective_on };
    let currency = charge.cost.map_or(Currency::USD, |cost| cost.currency);
    let before = match original.kind {
        EntryKind::Charge | EntryKind::Reversal => None,
        _ => session.state_before(&charge)?,
    };
    let moved = |block, currency, totals| Movement { block, day, currency, totals };
    let mut changes = vec![moved(charge.block, currency, counts.counts_negated())];
    session.count_on(&charge, day);
    let revision = match before {
        None => Revision {
            charge: charge.number,
            revision: charge.revision + 1,
            kind: EntryKind::Reversal,
            block: charge.block,
            rule: charge.rule,
            note: charge.note,
            meter_lines: charge.meter_lines,
            basis: basis::REVERSED,
            cost: Some(Amount::ZERO.with(currency)),
            entry: Some(reversal.number),
            since: reversal.number,
        },
        Some(before) => {
            let currency = before.cost.map_or(currency, |cost| cost.currency);
            changes.push(moved(before.block, currency, counts));
            Revision { charge: charge.number, revision: charge.revision + 1, kind: EntryKind::Reversal, since: reversal.number, ..before }
        }
    };
    session.count(&changes, Weight::Correction)?;
    session.batch.revisions.push(revision);
    Ok(())
}

impl Session {
    /// The content hash and receipt of a key that was used.
    pub(in crate::app) fn command(&mut self, operation: &str, key: &str) -> Result<Option<(i64, String)>, StoreError> {
        let sql = "SELECT content_hash, receipt FROM command WHERE books_id = $1 AND operation = $2 AND idempotency_key = $3";
        let rows = self.ledger.rows(sql, &[Cell::Int(i64::from(self.books.0)), Cell::Text(operation), Cell::Text(key)])?;
        rows.first().map(|row| Ok((row.int(0)?, row.text(1)?.to_owned()))).transpose()
    }

    pub(in crate::app) fn journal_entry(&mut self, number: EntryNumber) -> Result<Option<JournalEntry>, StoreError> {
        let key = [Cell::Int(i64::from(self.books.0)), Cell::Int(number.0)];
        let entries = self.ledger.rows(
            "SELECT kind, effective_on, charge_id, corrects, memo, service_on FROM journal_entry WHERE books_id = $1 AND number = $2",
            &key,
        )?;
        let Some(entry) = entries.first() else { return Ok(None) };
        let postings = self.ledger.rows(
            "SELECT side, amount, currency_id, block_id FROM posting WHERE books_id = $1 AND entry_number = $2 ORDER BY line",
            &key,
        )?;
        let corrupt = || StoreError::corrupt(format!("entry {number}"));
        let small = |value: i64| i16::try_from(value).map_err(|_| corrupt());
        let postings = postings.iter().map(|row| {
            Ok(Posting {
                side: Side::from_id(small(row.int(0)?)?).ok_or_else(corrupt)?,
                amount: Amount::from_units(row.int(1)?),
                currency: Currency::from_id(small(row.int(2)?)?).ok_or_else(corrupt)?,
                block: BlockId(narrow(row.int(3)?)?),
            })
        });
        Ok(Some(JournalEntry {
            number,
            kind: EntryKind::from_id(small(entry.int(0)?)?).ok_or_else(corrupt)?,
            effective_on: Day(narrow(entry.int(1)?)?),
            service_on: entry.int_or_none(5)?.map(narrow).transpose()?.map(Day),
            postings: postings.collect::<Result<_, StoreError>>()?,
            charge: entry.int_or_none(2)?.map(ChargeNumber),
            corrects: entry.int_or_none(3)?.map(EntryNumber),
            memo: entry.text_or_none(4)?.map(ToOwned::to_owned),
        }))
    }

    pub(in crate::app) fn reversal_of(&mut self, number: EntryNumber) -> Result<Option<EntryNumber>, StoreError> {
        let sql = "SELECT number FROM journal_entry WHERE books_id = $1 AND corrects = $2 AND kind = 2";
        let rows = self.ledger.rows(sql, &[Cell::Int(i64::from(self.books.0)), Cell::Int(number.0)])?;
        rows.first().map(|row| row.int(0).map(EntryNumber)).transpose()
    }

    /// The state of a charge before its latest revision made entry `charge.entry`.
    fn state_before(&mut self, charge: &StoredCharge) -> Result<Option<Revision>, AppError> {
        let Some(entry) = charge.entry else { return Ok(None) };
        let sql = "SELECT revision, block_id, rule_id, note, meter_lines, basis, amount, currency_id, entry_number FROM charge_revision \
                   WHERE books_id = $1 AND charge_id = $2 AND revision < (SELECT min(x.revision) FROM charge_revision x \
                   WHERE x.books_id = $1 AND x.charge_id = $2 AND x.entry_number = $3) ORDER BY revision DESC LIMIT 1";
        let key = [Cell::Int(i64::from(self.books.0)), Cell::Int(charge.number.0), Cell::Int(entry.0)];
        let mut rows = self.ledger.rows(sql, &key)?;
        if rows.is_empty() {
            let sql = "SELECT 0, block_id, rule_id, note, meter_lines, basis, amount, currency_id, entry_number FROM charge WHERE books_id = $1 AND id = $2";
            rows = self.ledger.rows(sql, key.get(..2).unwrap_or_default())?;
        }
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Revision {
            charge: charge.number,
            revision: row.int(0)?,
            kind: EntryKind::Reversal,
            block: BlockId(narrow(row.int(1)?)?),
            rule: row.int(2)?,
            note: row.text_or_none(3)?.map(ToOwned::to_owned),
            meter_lines: row.text(4)?.to_owned(),
            basis: row.int(5)?,
            cost: super::stored_charge::money(row.int_or_none(6)?, row.int_or_none(7)?)?,
            entry: row.int_or_none(8)?.map(EntryNumber),
            since: entry,
        }))
    }
}
