//! Re-rating: what a later price, or a corrected one, makes of charges that are already stored. Only differences are posted.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::command::coding;
use super::room::Movement;
use super::session::Session;
use super::stored_charge::{Booking, StoredCharge, basis};
use super::write_batch::Revision;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::ingest::{ChargeBlocks, Cost, cost_of, counts, credit_block, post_cost, too_costly};
use crate::app::{App, AppError};
use crate::domain::duties::Duty;
use crate::domain::ids::{ChargeNumber, EntryNumber};
use crate::domain::journal::{EntryDraft, EntryKind, Posting, Side};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::Weight;

/// Which charges, by the moment they occurred: `from` included, `to` excluded.
#[derive(Debug, Clone)]
pub struct RerateInput {
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub provider: Option<String>,
    /// The model as the charges name it.
    pub model: Option<String>,
    /// Reports what would be posted and writes nothing.
    pub dry_run: bool,
}

/// What re-rating found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RerateReport {
    pub examined: u64,
    /// Booked charges whose cost changed.
    pub adjusted: u64,
    /// Unpriced charges that were booked.
    pub posted: u64,
    /// Change of cost in ledger units, one per currency; negative when cost fell.
    pub deltas: BTreeMap<Currency, i128>,
    /// Charges that stay as they are, because what they would cost now cannot be booked.
    pub refused: u64,
    /// Why, of the first of them.
    pub refusals: Vec<Rejection>,
}

#[derive(Default)]
struct Tally {
    examined: u64,
    adjusted: u64,
    posted: u64,
    deltas: BTreeMap<Currency, i128>,
    refused: u64,
    refusals: Vec<Rejection>,
}

/// Refusals that are told one by one; the rest are counted.
const MOST_REFUSALS: usize = 20;

/// Charges in one transaction: enough to share its cost, few enough not to keep gateways waiting.
const CHARGES_PER_TRANSACTION: u64 = 2_000;

/// Rates the charges of a range again with the price book of now, and posts the differences, each linked to the entry it corrects.
/// Runs in transactions of about 2,000 charges; a run that was cut off is simply run again, because only differences are posted.
///
/// # Errors
/// `Forbidden`, `Rejected` with `RANGE_INVALID`, database failures.
pub async fn rerate_charges(app: &App, actor: &Actor, input: RerateInput) -> Result<RerateReport, AppError> {
    if !actor.may(Permission::PostCorrections) {
        return Err(AppError::Forbidden(Permission::PostCorrections));
    }
    let (from, to) = (Moment::from_instant(input.from), Moment::from_instant(input.to));
    if from >= to {
        return Err(Rejection::at(Code::RangeInvalid, "to", "`to` must be later than `from`; it is the first moment not included").into());
    }
    let books = app.books(actor).await?;
    let input = std::sync::Arc::new(input);
    let mut tally = Tally::default();
    let mut next = Some(from);
    while let Some(start) = next {
        let recorded_at = Moment::from_instant(app.clock().now());
        let (input, rerating) = (input.clone(), actor.clone());
        let work = move |session: &mut Session| {
            let answer = rerate_in_tx(session, &input, start, to)?;
            // What one transaction changed is told in it; a transaction that changed nothing tells nothing.
            if session.has_revisions() {
                session.check_duty(&rerating, Duty::Posting, None)?;
                session.audit(audit::event(&rerating, told(&input, &answer.0)));
            }
            Ok(answer)
        };
        let (done, rest) = books.desk().run(recorded_at, work).await?;
        tally.add(done);
        next = rest;
    }
    Ok(tally.report())
}

fn told(input: &RerateInput, tally: &Tally) -> Change {
    let instant = crate::app::masters::write_instant;
    let after = json!({
        "adjusted": tally.adjusted,
        "posted": tally.posted,
        "deltas": tally.deltas.iter().map(|(currency, units)| format!("{} {currency}", Money::exact_of_units(*units, *currency))).collect::<Vec<_>>(),
        "provider": input.provider,
        "model": input.model,
    });
    let object = format!("charges {} to {}", instant(input.from), instant(input.to));
    Change { action: "charges.rerate", object, after: Some(after), ..Change::default() }
}

impl Tally {
    fn count(&mut self, change: Rerated) {
        match change.old {
            None => self.posted += 1,
            Some(old) => {
                self.adjusted += 1;
                self.delta(old.currency, -i128::from(old.amount.units()));
            }
        }
        self.delta(change.new.currency, i128::from(change.new.amount.units()));
    }

    fn refuse(&mut self, charge: ChargeNumber, rejections: Vec<Rejection>) {
        self.refused += 1;
        let room = MOST_REFUSALS.saturating_sub(self.refusals.len());
        let placed = |rejection: Rejection| rejection.under(charge.to_string()).under("charges");
        self.refusals.extend(rejections.into_iter().take(1).take(room).map(placed));
    }

    fn delta(&mut self, currency: Currency, units: i128) {
        *self.deltas.entry(currency).or_default() += units;
    }

    fn add(&mut self, other: Self) {
        self.examined += other.examined;
        self.adjusted += other.adjusted;
        self.posted += other.posted;
        self.refused += other.refused;
        let room = MOST_REFUSALS.saturating_sub(self.refusals.len());
        self.refusals.extend(other.refusals.into_iter().take(room));
        other.deltas.into_iter().for_each(|(currency, units)| self.delta(currency, units));
    }

    fn report(self) -> RerateReport {
        let Self { examined, adjusted, posted, deltas, refused, refusals } = self;
        RerateReport { examined, adjusted, posted, deltas, refused, refusals }
    }
}

/// What re-rating made of a charge.
#[derive(Clone, Copy)]
struct Rerated {
    /// None for a charge that had no price.
    old: Option<Money>,
    new: Money,
}

/// One transaction's share: whole hours until enough charges are done. Answers where to go on.
fn rerate_in_tx(session: &mut Session, input: &RerateInput, from: Moment, to: Moment) -> Result<(Tally, Option<Moment>), AppError> {
    let mut tally = Tally::default();
    for hour in session.hours_with_charges(from, to)? {
        if tally.examined >= CHARGES_PER_TRANSACTION {
            return Ok((tally, Some(Moment(hour.saturating_mul(3_600_000_000)).max(from))));
        }
        for charge in session.stored_charges_of_hour(hour)? {
            let event = &charge.event;
            let is_wanted = (from..to).contains(&event.occurred_at)
                && input.provider.as_ref().is_none_or(|provider| *provider == event.provider)
                && input.model.as_ref().is_none_or(|model| *model == event.model);
            if is_wanted && charge.basis != basis::REVERSED {
                tally.examined += 1;
                let number = charge.number;
                match session.attempt(|session| rerate_one(session, charge, input.dry_run)) {
                    Ok(change) => change.into_iter().for_each(|change| tally.count(change)),
                    // One that cannot be booked stays as it is; the others go on.
                    Err(AppError::Rejected(rejections)) => tally.refuse(number, rejections),
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok((tally, None))
}

fn rerate_one(session: &mut Session, charge: StoredCharge, dry_run: bool) -> Result<Option<Rerated>, AppError> {
    let masters = session.masters().clone();
    let (cost, meter_lines) = cost_of(&charge.event, &masters);
    let basis = match &cost {
        Cost::Rated(_) => basis::RATED,
        Cost::Reported(_) => basis::REPORTED,
        // A price that is gone takes nothing back: the charge keeps what it was booked at.
        Cost::Unpriced(_) => return Ok(None),
    };
    let Some(new) = cost.money() else { return Ok(None) };
    if charge.cost == Some(new) {
        return Ok(None);
    }
    if let Some(refusal) = too_costly(&cost) {
        return Err(refusal.into());
    }
    let change = Rerated { old: charge.cost, new };
    if dry_run {
        return Ok(Some(change));
    }
    let account =
        masters.account(masters.settlement(&charge.event.provider).account()).ok_or_else(|| Rejection::of(Code::AccountUnknown))?.id;
    // As it was booked, also on the *other* name.
    let provider = coding(session, charge.block)?.provider;
    let since = session.next_entry();
    let blocks = ChargeBlocks { debit: charge.block, credit: credit_block(session, account, provider) };
    let (kind, entry) = match charge.cost {
        None => (EntryKind::Charge, book_priced(session, &charge, &blocks, new)?),
        Some(old) => (EntryKind::Rerating, post_difference(session, &charge, &blocks, old, new)?),
    };
    let booked_on = session.booking_of(&charge).effective_on;
    session.count_on(&charge, booked_on);
    let StoredCharge { number, revision, block, rule, note, entry: old_entry, .. } = charge;
    session.batch.revisions.push(Revision {
        charge: number,
        revision: revision + 1,
        kind,
        block,
        rule,
        note,
        meter_lines,
        basis,
        cost: Some(new),
        entry: entry.or(old_entry),
        since,
    });
    Ok(Some(change))
}

/// The entry of a charge whose price has arrived, on the day it occurred or, when that is closed, on the first open one.
fn book_priced(session: &mut Session, charge: &StoredCharge, blocks: &ChargeBlocks, cost: Money) -> Result<Option<EntryNumber>, AppError> {
    session.batch.priced.push(charge.number);
    let Booking { effective_on, service_on } = session.booking_of(charge);
    let draft = EntryDraft {
        kind: EntryKind::Charge,
        effective_on,
        service_on,
        postings: &[],
        charge: Some(charge.number),
        corrects: None,
        memo: None,
    };
    post_cost(session, blocks, cost, draft, counts(&charge.event)).map_err(|error| error.placed(Code::LedgerOverflow, "usage"))
}

/// The difference, where the charge was booked or, when that is closed, on the first open day. Another currency takes the old cost back whole.
fn post_difference(
    session: &mut Session,
    charge: &StoredCharge,
    blocks: &ChargeBlocks,
    old: Money,
    new: Money,
) -> Result<Option<EntryNumber>, AppError> {
    let (mut postings, mut counted) = (Vec::with_capacity(4), Vec::new());
    let mut change = |units: i64, currency: Currency| {
        let (debit, credit) = if units > 0 { (blocks.debit, blocks.credit) } else { (blocks.credit, blocks.debit) };
        if units != 0 {
            let posting = |side, block| Posting { side, amount: Amount::from_units(units.abs()), currency, block };
            postings.extend([posting(Side::Debit, debit), posting(Side::Credit, credit)]);
        }
    };
    let Booking { effective_on: day, service_on } = session.booking_of(charge);
    if old.currency == new.currency {
        change(new.amount.checked_sub(old.amount).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?.units(), new.currency);
    } else {
        change(-old.amount.units(), old.currency);
        change(new.amount.units(), new.currency);
        let counts = counts(&charge.event);
        counted.push(Movement { block: blocks.debit, day, currency: old.currency, totals: counts.counts_negated() });
        counted.push(Movement { block: blocks.debit, day, currency: new.currency, totals: counts });
    }
    if postings.is_empty() {
        // Nothing of one currency became nothing of another: no money moves.
        session.count(&counted, Weight::Correction)?;
        return Ok(None);
    }
    let draft = EntryDraft {
        kind: EntryKind::Rerating,
        effective_on: day,
        service_on,
        postings: &postings,
        charge: Some(charge.number),
        corrects: charge.entry,
        memo: Some("price changed"),
    };
    session.post_counting(&draft, &counted).map(Some)
}
