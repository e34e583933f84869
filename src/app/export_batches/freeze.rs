//! From the sums that were taken to a frozen batch: rounded, cut into documents, checked against the format, hashed, stored.

use std::collections::BTreeMap;

use super::content::{content_hash, written};
use super::prefix::prefix_of;
use super::targets::format_of;
use crate::app::AppError;
use crate::app::auth::Actor;
use crate::app::posting::Session;
use crate::app::posting::command;
use crate::domain::chart::{CodingBlock, well_known};
use crate::domain::export_batch::{Key, RoundingPolicy, batch_number, cut, half_even, masked, units_per_minor, with_carry};
use crate::domain::ids::{EntryNumber, NameId};
use crate::domain::journal::EntryKind;
use crate::domain::money::Currency;
use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};
use crate::export::erp;
use crate::store::StoreError;
use crate::store::export_batch::{
    BatchRow, LineRow, NewBatch, NewLine, Rounded, Sums, TargetRow, Window, batch_insert, carry_add, carry_list, next_numbers,
};

/// What a batch takes.
pub(super) struct Taken<'a> {
    pub target: &'a TargetRow,
    pub month: Month,
    pub kinds: Vec<EntryKind>,
    pub windows: &'a [Window],
    pub sums: &'a Sums,
}

/// # Errors
/// `EXPORT_TOO_LARGE`, `AMOUNT_TOO_LARGE`, and what the format refuses; any database failure.
pub(super) fn freeze(session: &mut Session, actor: &Actor, taken: Taken<'_>) -> Result<BatchRow, AppError> {
    let target = taken.target;
    let rounded = match target.target.rounding() {
        RoundingPolicy::Carry => carried(session, target, taken.sums)?,
        RoundingPolicy::RoundingLine => with_rounding_line(session, taken.sums)?,
    };
    let exported = rounded.iter().map(|(key, (_, exported))| (*key, i128::from(*exported))).collect();
    let documents = cut(&exported, target.target.most_lines)?;
    let numbered = (1_i64..).zip(&documents);
    let lines: Vec<NewLine> = numbered
        .flat_map(|(document, cut)| cut.lines.iter().map(move |line| NewLine { document, key: line.key, minor: line.minor }))
        .collect();
    let prefix = prefix_of(session, target)?;
    let (id, number) = next_numbers(&mut session.ledger, session.books, target.id)?;
    let mut batch = BatchRow {
        id,
        target_id: target.id,
        target_version: target.version,
        target: target.code.clone(),
        number,
        period: taken.month,
        kinds: taken.kinds,
        through_entry: EntryNumber(session.head.last_entry),
        rounding: target.target.rounding(),
        external_number: batch_number(&prefix, taken.month, number)?,
        content_hash: String::new(),
        created_by: actor.subject.clone(),
        recorded_at: command::recorded_at(session),
        answer: None,
        is_delivered: false,
        superseded_by: None,
        is_stale: false,
    };
    let rows = named_lines(session, &lines)?;
    batch.content_hash = content_hash(session.masters(), &batch, &rows)?;
    // What is frozen can be written: the format has the last word before anything is stored.
    erp::write(format_of(&target.target)?, &written(session.masters(), &batch, &target.target, &rows)?)?;
    let new = NewBatch { batch: &batch, windows: taken.windows, sums: taken.sums, rounded: &rounded, lines: &lines };
    batch_insert(&mut session.ledger, session.books, &new)?;
    if target.target.rounding() == RoundingPolicy::Carry {
        let left = left_over(taken.sums, &rounded)?;
        carry_add(&mut session.ledger, session.books, target.id, &left)?;
    }
    Ok(batch)
}

/// Lines as they are read back, with their names.
fn named_lines(session: &mut Session, lines: &[NewLine]) -> Result<Vec<LineRow>, StoreError> {
    let names = crate::store::export_batch::names_of(&mut session.ledger, session.books, lines)?;
    let name = |id: NameId| names.get(&id).cloned();
    let row = |(line, new): (i64, &NewLine)| {
        let block = new.key.1;
        LineRow {
            line,
            document: new.document,
            key: new.key,
            minor: new.minor,
            feature: name(block.feature),
            provider: name(block.provider),
            model: name(block.model),
            environment: name(block.environment),
            reason: None,
        }
    };
    Ok((1..).zip(lines).map(row).collect())
}

/// What a batch leaves over at each of its keys, less what it was carried: what is added to the carry of the target.
pub(super) fn left_over(sums: &Sums, rounded: &Rounded) -> Result<Vec<(Key, i64)>, AppError> {
    let overflow = || Rejection::of(Code::LedgerOverflow);
    let left = |(key, (_, exported)): (&Key, &(i64, i64))| {
        let (debit, credit) = sums.get(key).copied().unwrap_or_default();
        let exported = i128::from(*exported).checked_mul(units_per_minor(key.0)).ok_or_else(overflow)?;
        let left = (i128::from(debit) - i128::from(credit)).checked_sub(exported).ok_or_else(overflow)?;
        Ok((*key, i64::try_from(left).map_err(|_| overflow())?))
    };
    Ok(rounded.iter().map(left).collect::<Result<_, Rejection>>()?)
}

/// Rounds with the carry. What was carried for dimensions that are no longer exported is carried to the key without them.
fn carried(session: &mut Session, target: &TargetRow, sums: &Sums) -> Result<Rounded, AppError> {
    let dimensions = target.target.dimensions();
    let mut due: BTreeMap<Currency, BTreeMap<Key, i128>> = BTreeMap::new();
    for (key, (debit, credit)) in sums {
        due.entry(key.0).or_default().insert(*key, i128::from(*debit) - i128::from(*credit));
    }
    let mut carries: BTreeMap<Key, i64> = BTreeMap::new();
    for ((currency, block), units) in carry_list(&mut session.ledger, session.books, target.id)? {
        // A currency that the batch does not move keeps its carry.
        if let Some(due) = due.get_mut(&currency) {
            let key = (currency, masked(block, &dimensions));
            *due.entry(key).or_default() += i128::from(units);
            let carry = carries.entry(key).or_default();
            *carry = carry.checked_add(units).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        }
    }
    let mut rounded = Rounded::new();
    for (currency, due) in due {
        let minor = with_carry(units_per_minor(currency), &due).map_err(|error| StoreError::corrupt(error.to_string()))?;
        for (key, minor) in minor {
            rounded.insert(key, (carries.get(&key).copied().unwrap_or_default(), narrow(minor)?));
        }
    }
    Ok(rounded)
}

/// Rounds every sum for itself, and books the difference on the rounding account.
fn with_rounding_line(session: &Session, sums: &Sums) -> Result<Rounded, AppError> {
    let account = command::account(session, well_known::ROUNDING)?;
    let none = NameId::NONE;
    let block =
        CodingBlock { account, team: none, project: none, client: none, feature: none, provider: none, model: none, environment: none };
    let (mut rounded, mut differences) = (Rounded::new(), BTreeMap::<Currency, i64>::new());
    for (key, (debit, credit)) in sums {
        let minor = narrow(half_even(units_per_minor(key.0), i128::from(*debit) - i128::from(*credit)))?;
        rounded.insert(*key, (0, minor));
        let difference = differences.entry(key.0).or_default();
        *difference = difference.checked_sub(minor).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
    }
    for (currency, difference) in differences.into_iter().filter(|(_, difference)| *difference != 0) {
        let line = rounded.entry((currency, block)).or_default();
        line.1 = line.1.checked_add(difference).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
    }
    Ok(rounded)
}

fn narrow(minor: i128) -> Result<i64, Rejection> {
    i64::try_from(minor).map_err(|_| Rejection::of(Code::AmountTooLarge))
}
