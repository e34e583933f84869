//! Re-attribution: charges moved to the owner that today's rules and masters name, by reclassification entries.

use chrono::NaiveDate;
use serde_json::json;

use super::room::Movement;
use super::session::Session;
use super::stored_charge::{Booking, Note, OtherNames, StoredCharge, basis};
use super::write_batch::Revision;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::ingest::{counts, debit_account};
use crate::app::{App, AppError};
use crate::domain::attribution::{Attribution, attribute};
use crate::domain::chart::{CodingBlock, NameKind};
use crate::domain::duties::Duty;
use crate::domain::ids::{AccountId, NameId};
use crate::domain::journal::{EntryDraft, EntryKind, Posting, Side};
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::Weight;
use crate::domain::usage::UsageEvent;

/// Which charges, by the day they occurred: `from` included, `to` excluded.
#[derive(Debug, Clone)]
pub struct ReattributeInput {
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Reports what would be moved and writes nothing.
    pub dry_run: bool,
}

/// What re-attribution found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReattributeReport {
    pub examined: u64,
    /// Charges whose owner, or account, changed.
    pub moved: u64,
    /// Reclassification entries posted: charges without a booked cost move without one.
    pub entries: u64,
    /// Charges that stay where they are, because a balance does not hold the move.
    pub refused: u64,
}

const CHARGES_PER_TRANSACTION: u64 = 2_000;

/// Attributes the charges of a range again, from the facts they came with and the rules of now, and posts the moves.
/// Runs in transactions of about 2,000 charges; a run that was cut off is simply run again.
///
/// # Errors
/// `Forbidden`, `Rejected` with `RANGE_INVALID`, database failures.
pub async fn reattribute_charges(app: &App, actor: &Actor, input: ReattributeInput) -> Result<ReattributeReport, AppError> {
    if !actor.may(Permission::PostCorrections) {
        return Err(AppError::Forbidden(Permission::PostCorrections));
    }
    let range = DayRange::new(Day::from_date(input.from), Day::from_date(input.to))?;
    let books = app.books(actor).await?;
    // The zone does not change once there are charges.
    let zone = books.refresh_masters(app.store()).await?.zone();
    let (from, to) = (zone.start_of(range.from()), zone.start_of(range.to()));
    let mut total = ReattributeReport::default();
    let mut next = Some(from);
    while let Some(start) = next {
        let recorded_at = Moment::from_instant(app.clock().now());
        let moving = actor.clone();
        let work = move |session: &mut Session| {
            let answer = reattribute_in_tx(session, input.dry_run, start, to)?;
            if session.has_revisions() {
                session.check_duty(&moving, Duty::Posting, None)?;
                session.audit(audit::event(&moving, told(range, answer.0)));
            }
            Ok(answer)
        };
        let (done, rest) = books.desk().run(recorded_at, work).await?;
        total.examined += done.examined;
        total.moved += done.moved;
        total.entries += done.entries;
        total.refused += done.refused;
        next = rest;
    }
    Ok(total)
}

/// What one transaction moved.
fn told(range: DayRange, report: ReattributeReport) -> Change {
    let object = format!("charges {} to {}", range.from(), range.to());
    let after = json!({ "moved": report.moved, "entries": report.entries });
    Change { action: "charges.reattribute", object, after: Some(after), ..Change::default() }
}

fn reattribute_in_tx(
    session: &mut Session,
    dry_run: bool,
    from: Moment,
    to: Moment,
) -> Result<(ReattributeReport, Option<Moment>), AppError> {
    let mut report = ReattributeReport::default();
    for hour in session.hours_with_charges(from, to)? {
        if report.examined >= CHARGES_PER_TRANSACTION {
            return Ok((report, Some(Moment(hour.saturating_mul(3_600_000_000)).max(from))));
        }
        for charge in session.stored_charges_of_hour(hour)? {
            // A zone's day may begin within an hour of UTC.
            if charge.basis != basis::REVERSED && (from..to).contains(&charge.event.occurred_at) {
                report.examined += 1;
                let work = |session: &mut Session| reattribute_one(session, charge, dry_run);
                let done = if dry_run { session.rehearse(work) } else { session.attempt(work) };
                match done {
                    Ok(done) => {
                        report.moved += u64::from(done.moved);
                        report.entries += u64::from(done.posted);
                    }
                    // One that cannot be moved stays where it is; the others go on.
                    Err(AppError::Rejected(rejections)) if rejections.iter().all(|rejection| rejection.code == Code::LedgerOverflow) => {
                        report.refused += 1;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok((report, None))
}

/// What became of one charge.
#[derive(Clone, Copy, Default)]
struct Done {
    moved: bool,
    posted: bool,
}

/// The block of an event as it is attributed now. What was booked on the *other* name moves to its own once the books take it; what is owed stays
/// under the provider it is owed to.
fn coding_now(
    session: &mut Session,
    event: &UsageEvent,
    attribution: &Attribution,
    held: CodingBlock,
    other: &mut OtherNames,
) -> Result<CodingBlock, Rejection> {
    let source = session.names.find(NameKind::Source, &event.source).unwrap_or(NameId::NONE);
    let mut named = |kind: NameKind, name: Option<&str>| {
        let Some(name) = name else { return Ok::<_, Rejection>(NameId::NONE) };
        let (id, is_other) = session.charge_name(kind, name, source)?;
        if is_other {
            other.insert(kind, name)
        } else {
            other.remove(kind)
        }
        Ok(id)
    };
    let feature = named(NameKind::Feature, attribution.feature.as_deref())?;
    let (model, environment) = (named(NameKind::Model, Some(&event.model))?, named(NameKind::Environment, event.environment.as_deref())?);
    let (team, project, client) = (attribution.team, attribution.project, attribution.client);
    Ok(CodingBlock { team, project, client, feature, model, environment, ..held })
}

fn reattribute_one(session: &mut Session, charge: StoredCharge, dry_run: bool) -> Result<Done, AppError> {
    let masters = session.masters().clone();
    let event = &charge.event;
    let attribution = attribute(event, &masters.attribution_rules, &*masters);
    let account = debit_account(event, &attribution, &masters);
    if account == AccountId(0) {
        return Err(Rejection::of(Code::AccountUnknown).into());
    }
    let Some(old) = session.names.coding(charge.block).copied() else { return Ok(Done::default()) };
    let mut other = Note::read(charge.note.as_deref())?.other;
    let coding = coding_now(session, event, &attribution, CodingBlock { account, ..old }, &mut other)?;
    let rule = attribution.rule.map_or(0, |rule| i64::from(rule.0));
    if coding == old && rule == charge.rule {
        return Ok(Done::default());
    }
    let mut done = Done { moved: coding != old, posted: false };
    if dry_run {
        return Ok(done);
    }
    let block = session.block(coding);
    let Booking { effective_on: day, service_on } = session.booking_of(&charge);
    let since = session.next_entry();
    let mut entry = charge.entry;
    if coding != old && charge.basis != basis::UNPRICED {
        session.count_on(&charge, day);
        let cost = charge.cost.unwrap_or_else(|| crate::domain::money::Amount::ZERO.with(Currency::USD));
        let moved = |block, totals| Movement { block, day, currency: cost.currency, totals };
        let counted = [moved(charge.block, counts(event).counts_negated()), moved(block, counts(event))];
        if cost.amount.is_positive() {
            let posting = |side, block| Posting { side, amount: cost.amount, currency: cost.currency, block };
            let postings = [posting(Side::Debit, block), posting(Side::Credit, charge.block)];
            let draft = EntryDraft {
                kind: EntryKind::Reclassification,
                effective_on: day,
                service_on,
                postings: &postings,
                charge: Some(charge.number),
                corrects: charge.entry,
                memo: Some("attribution changed"),
            };
            entry = Some(session.post_counting(&draft, &counted)?);
            done.posted = true;
        } else {
            session.count(&counted, Weight::Correction)?;
        }
    }
    let note = Note::text(event, &attribution, &other);
    let StoredCharge { number, revision, meter_lines, basis, cost, .. } = charge;
    session.batch.revisions.push(Revision {
        charge: number,
        revision: revision + 1,
        kind: EntryKind::Reclassification,
        block,
        rule,
        note,
        meter_lines,
        basis,
        cost,
        entry,
        since,
    });
    Ok(done)
}
