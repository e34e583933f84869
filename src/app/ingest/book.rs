//! Booking: the part of ingest that runs under the books' lock. Keys are told apart, charges numbered, entries passed through the gate.

use foldhash::{HashMap, HashMapExt};

use super::file::{ChargeBlocks, file};
use super::prepare::{Cost, Prepared, counts, prepare};
use super::receipt::Outcome;
use crate::app::AppError;
use crate::app::posting::{KnownCharge, Movement, NewCharge, Note, Session};
use crate::domain::ids::{ChargeNumber, EntryNumber};
use crate::domain::journal::{EntryDraft, EntryKind, Posting, Side};
use crate::domain::money::Money;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Totals, Weight};
use crate::store::StoreError;

/// Charges of one caller that get their receipts together.
pub struct Submission {
    pub charges: Vec<Prepared>,
    /// All or none.
    pub atomic: bool,
}

/// What is known of a key before its charge is booked.
enum Key {
    /// The filter has never seen the hash.
    New,
    /// The hash is taken, by another key.
    Collides,
    Known(KnownCharge),
    /// Another charge of the same transaction has it.
    Twin,
}

/// Books submissions into the session's open transaction. The outcomes hold once it is committed.
///
/// # Errors
/// Any database failure; refusals of single charges are outcomes.
pub fn book(session: &mut Session, submissions: &mut [Submission]) -> Result<Vec<Vec<Outcome>>, AppError> {
    prepare_again_where_masters_moved(session, submissions);
    let mut booked: Booked = HashMap::new();
    let mut all = Vec::with_capacity(submissions.len());
    let mut keys = find_keys(session, submissions, &mut booked)?.into_iter();
    for submission in submissions {
        let charges = std::mem::take(&mut submission.charges);
        let found: Vec<Key> = keys.by_ref().take(charges.len()).collect();
        all.push(if submission.atomic {
            book_atomic(session, charges, found, &mut booked)?
        } else {
            book_each(session, charges, found, &mut booked)?
        });
    }
    Ok(all)
}

fn book_each(session: &mut Session, charges: Vec<Prepared>, keys: Vec<Key>, booked: &mut Booked) -> Result<Vec<Outcome>, AppError> {
    charges.into_iter().zip(keys).map(|(charge, key)| book_one(session, charge, key, booked)).collect()
}

/// Books all or none. What is refused is found by booking it, whatever the reason; then everything is undone.
fn book_atomic(session: &mut Session, charges: Vec<Prepared>, keys: Vec<Key>, booked: &mut Booked) -> Result<Vec<Outcome>, AppError> {
    let (before, hashes) = (session.next_charge(), charges.iter().map(|charge| charge.key_hash).collect::<Vec<_>>());
    let conflicts = conflicts_within(&charges, &keys, booked);
    let mut outcomes = Vec::new();
    let done = session.attempt(|session| {
        outcomes = book_each(session, charges, keys, booked)?;
        let is_refused = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Rejected(_)));
        if is_refused { Err(Rejection::of(Code::AtomicRefused).into()) } else { Ok(()) }
    });
    match done {
        Ok(()) => return Ok(outcomes),
        Err(AppError::Rejected(_)) => {}
        Err(error) => return Err(error),
    }
    for hash in hashes {
        if let Some(twins) = booked.get_mut(&hash) {
            twins.retain(|twin| twin.outcome.number().is_none_or(|number| number.0 < before));
        }
    }
    let refuse = |(outcome, conflict): (Outcome, Option<Outcome>)| match outcome {
        _ if conflict.is_some() => conflict.unwrap_or(outcome),
        Outcome::Rejected(_) => outcome,
        Outcome::Recorded { .. } | Outcome::Unpriced { .. } | Outcome::Replayed { .. } => {
            Outcome::Rejected(Rejection::of(Code::AtomicRefused))
        }
    };
    Ok(outcomes.into_iter().zip(conflicts).map(refuse).collect())
}

/// Which charges say something else than the first one of the call under their key. What is wrong with a key is told before what is wrong with
/// the first charge of it.
fn conflicts_within(charges: &[Prepared], keys: &[Key], booked: &Booked) -> Vec<Option<Outcome>> {
    let mut own: HashMap<(&str, &str), i64> = HashMap::new();
    let conflicts = charges.iter().zip(keys).map(|(charge, key)| {
        if matches!(key, Key::Known(_)) || twin(booked, charge).is_some() {
            return None;
        }
        let first = *own.entry((&charge.event.source, &charge.event.external_id)).or_insert(charge.content_hash);
        (first != charge.content_hash).then(|| conflict(&charge.event.external_id))
    });
    conflicts.collect()
}

/// Charges booked earlier in the same transaction, for the hashes that occur in it more than once.
type Booked = HashMap<i64, Vec<InTransaction>>;

struct InTransaction {
    source: String,
    external_id: String,
    content_hash: i64,
    outcome: Outcome,
}

fn prepare_again_where_masters_moved(session: &Session, submissions: &mut [Submission]) {
    let masters = session.masters();
    for submission in submissions {
        let is_stale = submission.charges.iter().any(|charge| charge.masters_version != masters.version);
        if is_stale {
            let charges = std::mem::take(&mut submission.charges);
            submission.charges = charges.into_iter().map(|charge| prepare(charge.event, masters)).collect();
        }
    }
}

/// For every charge of every submission in order: is its key new, known, or twice in this transaction?
fn find_keys(session: &mut Session, submissions: &[Submission], booked: &mut Booked) -> Result<Vec<Key>, StoreError> {
    let charges = || submissions.iter().flat_map(|submission| &submission.charges);
    let mut seen = <foldhash::HashSet<i64> as foldhash::HashSetExt>::with_capacity(charges().count());
    let mut probes = Vec::new();
    let are_new: Vec<bool> = charges().map(|charge| session.is_new_key(charge.key_hash)).collect();
    for (charge, _) in charges().zip(&are_new).filter(|(_, is_new)| !**is_new) {
        probes.push((i64::from(charge.event.occurred_at.hour()), charge.key_hash));
    }
    let at_hour = if probes.is_empty() { HashMap::new() } else { session.charges_at(&probes)? };
    let mut keys = Vec::with_capacity(seen.capacity());
    for (charge, is_new) in charges().zip(are_new) {
        let is_twin = !seen.insert(charge.key_hash);
        if is_twin {
            booked.entry(charge.key_hash).or_default();
        }
        let known = if is_new {
            None
        } else {
            let near = at_hour.get(&(i64::from(charge.event.occurred_at.hour()), charge.key_hash));
            find_known(session, charge, near)?
        };
        keys.push(match known {
            Some(known) => Key::Known(known),
            None if is_twin => Key::Twin,
            None if is_new => Key::New,
            None => Key::Collides,
        });
    }
    Ok(keys)
}

/// The stored charge with the same key: in its own hour, else in any. Equal hashes of other keys are stored under the next free number.
fn find_known(session: &mut Session, charge: &Prepared, near: Option<&KnownCharge>) -> Result<Option<KnownCharge>, StoreError> {
    let is_same = |session: &mut Session, known: &KnownCharge| {
        Ok::<_, StoreError>(known.external_id == charge.event.external_id && session.was_sent_by(known, &charge.event.source)?)
    };
    if let Some(known) = near
        && is_same(session, known)?
    {
        return Ok(Some(known.clone()));
    }
    let mut hash = charge.key_hash;
    loop {
        let candidates = session.charges_at_any_hour(hash)?;
        if candidates.is_empty() {
            return Ok(None);
        }
        for known in candidates {
            if is_same(session, &known)? {
                return Ok(Some(known));
            }
        }
        hash = hash.wrapping_add(1);
    }
}

fn twin<'a>(booked: &'a Booked, charge: &Prepared) -> Option<&'a InTransaction> {
    booked.get(&charge.key_hash)?.iter().find(|other| other.source == charge.event.source && other.external_id == charge.event.external_id)
}

fn conflict(external_id: &str) -> Outcome {
    Outcome::Rejected(Rejection::at(
        Code::IdempotencyConflict,
        "externalId",
        format!("`{external_id}` was recorded before with other content; the first one is kept"),
    ))
}

fn book_one(session: &mut Session, charge: Prepared, key: Key, booked: &mut Booked) -> Result<Outcome, AppError> {
    match &key {
        Key::Known(known) if known.content_hash == charge.content_hash => {
            return Ok(Outcome::Replayed { charge: known.number, entry: known.entry, cost: known.cost });
        }
        Key::Known(_) => return Ok(conflict(&charge.event.external_id)),
        Key::Twin => {
            if let Some(twin) = twin(booked, &charge) {
                let same = twin.content_hash == charge.content_hash;
                return Ok(if same { replay_of(&twin.outcome) } else { conflict(&charge.event.external_id) });
            }
        }
        Key::New | Key::Collides => {}
    }
    let stored_hash = if matches!(key, Key::New) { charge.key_hash } else { free_hash(session, &charge, booked)? };
    let Some(twins) = booked.get_mut(&charge.key_hash) else {
        return book_or_refuse(session, charge, stored_hash);
    };
    let (source, external_id, content_hash) = (charge.event.source.clone(), charge.event.external_id.clone(), charge.content_hash);
    let outcome = book_or_refuse(session, charge, stored_hash)?;
    if !matches!(outcome, Outcome::Rejected(_)) {
        twins.push(InTransaction { source, external_id, content_hash, outcome: outcome.clone() });
    }
    Ok(outcome)
}

fn replay_of(outcome: &Outcome) -> Outcome {
    match outcome {
        Outcome::Recorded { charge, entry, cost, .. } => Outcome::Replayed { charge: *charge, entry: *entry, cost: Some(*cost) },
        Outcome::Unpriced { charge, .. } => Outcome::Replayed { charge: *charge, entry: None, cost: None },
        Outcome::Replayed { .. } | Outcome::Rejected(_) => outcome.clone(),
    }
}

/// The hash under which the key is stored: its own, unless another key of the same hour has it.
fn free_hash(session: &mut Session, charge: &Prepared, booked: &Booked) -> Result<i64, StoreError> {
    let mut hash = charge.key_hash.wrapping_add(i64::try_from(booked.get(&charge.key_hash).map_or(0, Vec::len)).unwrap_or(0));
    if session.is_new_key(charge.key_hash) {
        return Ok(hash);
    }
    while !session.charges_at_any_hour(hash)?.is_empty() {
        hash = hash.wrapping_add(1);
    }
    Ok(hash)
}

/// Books a charge, or leaves nothing of it but its refusal.
fn book_or_refuse(session: &mut Session, charge: Prepared, key_hash: i64) -> Result<Outcome, AppError> {
    match session.attempt(|session| book_new(session, charge, key_hash)) {
        Err(AppError::Rejected(rejections)) => {
            let first = rejections.into_iter().next();
            Ok(Outcome::Rejected(first.unwrap_or_else(|| Rejection::of(Code::AtomicRefused))))
        }
        result => result,
    }
}

fn book_new(session: &mut Session, charge: Prepared, key_hash: i64) -> Result<Outcome, AppError> {
    if let Some(refusal) = charge.refusal() {
        return Err(refusal.into());
    }
    let filed = file(session, &charge)?;
    let service_day = session.service_day(charge.event.occurred_at);
    let day = session.booking_day(service_day);
    let late_on = (day != service_day).then_some(day);
    let cost = charge.cost.money();
    let number = ChargeNumber(session.next_charge());
    let entry = match cost {
        Some(cost) => {
            let draft = EntryDraft {
                kind: EntryKind::Charge,
                effective_on: day,
                service_on: late_on.map(|_| service_day),
                postings: &[],
                charge: Some(number),
                corrects: None,
                memo: None,
            };
            post_cost(session, &filed.blocks, cost, draft, counts(&charge.event)).map_err(|error| at_cost(error, &charge.cost))?
        }
        None => None,
    };
    let (basis, unpriced) = match &charge.cost {
        Cost::Rated(_) => (1, None),
        Cost::Reported(_) => (2, None),
        Cost::Unpriced(reason) => (0, Some(reason.clone())),
    };
    let note = filed.other.sentence();
    let outcome = match (&unpriced, cost) {
        (Some(reason), _) => Outcome::Unpriced { charge: number, reason: reason.clone(), note },
        (None, cost) => Outcome::Recorded {
            charge: number,
            entry,
            cost: cost.unwrap_or_else(|| crate::domain::money::Amount::ZERO.with(crate::domain::money::Currency::USD)),
            note,
        },
    };
    let rule = charge.attribution.rule.map_or(0, |rule| rule.0);
    let note = if filed.other.is_empty() { charge.note } else { Note::text(&charge.event, &charge.attribution, &filed.other) };
    let Prepared { event, content_hash, tags, meter_lines, .. } = charge;
    let new = NewCharge {
        event,
        day: service_day,
        // What waits for its price counts nowhere yet.
        late_on: late_on.filter(|_| cost.is_some()),
        key_hash,
        content_hash,
        block: filed.blocks.debit,
        rule,
        note,
        tags,
        meter_lines,
        basis,
        cost,
        entry,
        unpriced,
    };
    session.charge(new, filed.names);
    Ok(outcome)
}

/// The balances that overflow do so by the cost: its field is named.
fn at_cost(error: AppError, cost: &Cost) -> AppError {
    let field = if matches!(cost, Cost::Reported(_)) { "reportedCost" } else { "usage" };
    error.placed(Code::LedgerOverflow, field)
}

/// Posts a cost: debit what bears it, credit what is owed. A cost of zero posts nothing; its counts still count.
///
/// # Errors
/// The gate's refusal, `LEDGER_OVERFLOW`, any database failure.
pub fn post_cost(
    session: &mut Session,
    blocks: &ChargeBlocks,
    cost: Money,
    draft: EntryDraft<'_>,
    counts: Totals,
) -> Result<Option<EntryNumber>, AppError> {
    let counted = [Movement { block: blocks.debit, day: draft.effective_on, currency: cost.currency, totals: counts }];
    if !cost.amount.is_positive() {
        session.count(&counted, Weight::Ordinary)?;
        return Ok(None);
    }
    let posting = |side, block| Posting { side, amount: cost.amount, currency: cost.currency, block };
    let postings = [posting(Side::Debit, blocks.debit), posting(Side::Credit, blocks.credit)];
    session.post_counting(&EntryDraft { postings: &postings, ..draft }, &counted).map(Some)
}
