//! What an hour costs: saved, never edited. A new rate books what waited for it, and the difference to what was booked by another.

use std::collections::BTreeMap;

use serde_json::json;

use super::LONGEST_NAME;
use super::book::{Priced, book};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::{Session, command};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::labor::{LaborRate, rate_for};
use crate::domain::money::Money;
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::labor::{RecordedTime, booking_insert, labor_rate_insert, labor_rate_list, time_of_rate, waiting_delete};

/// Rates in one call.
const MOST_RATES: usize = 1_000;
/// Entries that one call books again: some years of the hours of ten persons. It bounds how long other writers wait.
const MOST_REBOOKED: usize = 50_000;
/// Rates that the audit log shows of one change.
const SHOWN_RATES: usize = 50;

/// A rate as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateInput {
    pub person: Option<String>,
    pub role: Option<String>,
    pub cost_per_hour: Money,
    pub from: Day,
    /// The first day on which it holds no longer.
    pub to: Option<Day>,
}

/// What became of the rates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SavedRates {
    /// As they stand now, in the order given.
    pub rates: Vec<LaborRate>,
    /// Entries of hours that were booked, or booked otherwise.
    pub rebooked: usize,
}

/// Saves rates, all or nothing, and books the hours they are for.
///
/// # Errors
/// `Forbidden`; `LABOR_RATE_INVALID`, `TEXT_TOO_LONG` at its place in the list; `TOO_MANY_ITEMS`.
pub async fn save_labor_rates(app: &App, actor: &Actor, inputs: Vec<RateInput>) -> Result<SavedRates, AppError> {
    for permission in [Permission::RecordActivity, Permission::ReadLaborRates] {
        if !actor.may(permission) || actor.scope.is_some() {
            return Err(AppError::Forbidden(permission));
        }
    }
    let books = app.books(actor).await?;
    if inputs.len() > MOST_RATES {
        let message = format!("`rates` has {} items; one call takes {MOST_RATES}. Split it", inputs.len());
        return Err(Rejection::at(Code::TooManyItems, "rates", message).into());
    }
    let refused: Vec<Rejection> = inputs
        .iter()
        .enumerate()
        .filter_map(|(position, input)| check(input).err().map(|rejection| rejection.under(position.to_string()).under("rates")))
        .collect();
    if !refused.is_empty() {
        return Err(AppError::Rejected(refused));
    }
    let (recorded_at, who) = (Moment::from_instant(app.clock().now()), actor.clone());
    books.desk().run(recorded_at, move |session| save_in_tx(session, &who, inputs)).await
}

/// Rates after a number, in the order of recording.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn labor_rates(app: &App, actor: &Actor, after: i64, limit: usize) -> Result<Vec<LaborRate>, AppError> {
    reading(app, actor, Permission::ReadLaborRates, move |ledger, books, _| Ok(labor_rate_list(ledger, books, after, Some(limit))?)).await
}

fn check(input: &RateInput) -> Result<(), Rejection> {
    for (field, text) in [("person", &input.person), ("role", &input.role)] {
        if let Some(text) = text {
            command::text(field, text, LONGEST_NAME)?;
        }
    }
    let invalid = |field: &'static str| Rejection::of(Code::LaborRateInvalid).under(field);
    if input.person.is_none() && input.role.is_none() {
        return Err(invalid("person"));
    }
    if input.cost_per_hour.amount.units() < 0 {
        return Err(invalid("costPerHour"));
    }
    if input.to.is_some_and(|to| to <= input.from) {
        return Err(invalid("effectiveTo"));
    }
    Ok(())
}

fn save_in_tx(session: &mut Session, actor: &Actor, inputs: Vec<RateInput>) -> Result<SavedRates, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let mut held = labor_rate_list(command::ledger(session), books, 0, None)?;
    let mut next = held.last().map_or(1, |rate| rate.number.saturating_add(1));
    let (mut saved, mut new) = (Vec::with_capacity(inputs.len()), Vec::new());
    for input in inputs {
        let RateInput { person, role, cost_per_hour, from, to } = input;
        let rate = LaborRate { number: next, person, role, cost_per_hour, from, to };
        // The latest recorded of the same statement is the one that counts.
        let stated = held.iter().rev().find(|stated| stated.is_about_the_same(&rate));
        if let Some(stated) = stated.filter(|stated| stated.cost_per_hour == rate.cost_per_hour) {
            saved.push(stated.clone());
            continue;
        }
        next = next.saturating_add(1);
        held.push(rate.clone());
        new.push(rate.clone());
        saved.push(rate);
    }
    labor_rate_insert(command::ledger(session), books, &new, recorded_at)?;
    let rebooked = rebook(session, &held, &new)?;
    if !new.is_empty() {
        let after =
            json!({ "added": new.len(), "rates": new.iter().take(SHOWN_RATES).map(shown).collect::<Vec<_>>(), "rebooked": rebooked });
        let change = Change { action: "laborRate.save", object: "labor rates".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(SavedRates { rates: saved, rebooked })
}

/// The audit log says whose rate changed, not what it is: it has readers who may not know.
fn shown(rate: &LaborRate) -> String {
    let (person, role) = (rate.person.as_deref().unwrap_or("*"), rate.role.as_deref().unwrap_or("*"));
    format!("{}: {person} as {role} from {}", rate.number, rate.from)
}

/// Books the hours that the new rates are for, where they make a difference.
fn rebook(session: &mut Session, rates: &[LaborRate], new: &[LaborRate]) -> Result<usize, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let mut concerned: BTreeMap<i64, RecordedTime> = BTreeMap::new();
    for rate in new {
        let times = time_of_rate(command::ledger(session), books, rate, MOST_REBOOKED.saturating_add(1))?;
        concerned.extend(times.into_iter().map(|time| (time.number, time)));
        if concerned.len() > MOST_REBOOKED {
            let message = format!("the rates change more than {MOST_REBOOKED} entries of hours. Save fewer at once, or for shorter times");
            return Err(Rejection::at(Code::TooManyItems, "rates", message).into());
        }
    }
    let mut bookings = Vec::new();
    for time in concerned.values() {
        let Some(rate) = rate_for(rates, &time.person, time.role.as_deref(), time.worked_on) else { continue };
        let priced = Priced { worked_on: time.worked_on, hours: time.hours, block: time.block, applied_block: time.applied_block };
        if let Some(booking) = book(session, priced, time.booking, rate)? {
            if time.booking.is_none() {
                waiting_delete(command::ledger(session), books, time.number)?;
            }
            bookings.push((time.number, booking));
        }
    }
    booking_insert(command::ledger(session), books, &bookings, recorded_at)?;
    Ok(bookings.len())
}
