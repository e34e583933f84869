//! Hours handed in: each key is recorded once for ever, and booked where a rate is known.

use std::collections::HashMap;

use serde_json::json;

use super::LONGEST_NAME;
use super::book::{Priced, book};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::{Session, command};
use crate::app::{App, AppError};
use crate::domain::attribution::Centers;
use crate::domain::chart::{CenterKind, CodingBlock, NameKind, well_known};
use crate::domain::ids::{BlockId, NameId};
use crate::domain::labor::{Hours, rate_for};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::labor::{NewTime, booking_insert, labor_rate_list, time_insert, time_known, time_next, time_of_day, waiting_insert};

/// Entries in one call: a day of a company of a thousand persons.
pub const MOST_ENTRIES: usize = 1_000;
/// Longest source in bytes, as for charges.
const LONGEST_SOURCE: usize = 200;

/// Hours as they are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeInput {
    pub source: String,
    pub external_id: String,
    pub worked_on: Day,
    pub person: String,
    pub role: Option<String>,
    pub hours: Hours,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    pub is_billable: bool,
}

/// What became of the hours of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordedTime {
    pub recorded: usize,
    /// The same key with the same content was recorded before.
    pub replayed: usize,
    /// Of the recorded ones, those that no rate is known for.
    pub waiting: usize,
}

/// Records hours and books them at their rates: Dr 5020 / Cr 6790, all or nothing.
///
/// # Errors
/// `Forbidden`; at its place in the list `MISSING_FIELD`, `DATE_OUT_OF_RANGE`, `COST_CENTER_UNKNOWN`, `HOURS_EXCEEDED`, `IDEMPOTENCY_CONFLICT`,
/// or what the gate refuses; `TOO_MANY_ITEMS`.
pub async fn record_time_entries(app: &App, actor: &Actor, inputs: Vec<TimeInput>) -> Result<RecordedTime, AppError> {
    if !actor.may(Permission::RecordActivity) || actor.scope.is_some() {
        return Err(AppError::Forbidden(Permission::RecordActivity));
    }
    let books = app.books(actor).await?;
    if inputs.len() > MOST_ENTRIES {
        let message = format!("`entries` has {} items; one call takes {MOST_ENTRIES}. Split it", inputs.len());
        return Err(Rejection::at(Code::TooManyItems, "entries", message).into());
    }
    let recorded_at = Moment::from_instant(app.clock().now());
    let mut refused = Vec::new();
    for (position, input) in inputs.iter().enumerate() {
        refused.extend(check(input, recorded_at.day()).err().map(|rejection| placed(rejection, position)));
    }
    if !refused.is_empty() {
        return Err(AppError::Rejected(refused));
    }
    let who = actor.clone();
    books.desk().run(recorded_at, move |session| record_in_tx(session, &who, &inputs)).await
}

fn placed(rejection: Rejection, position: usize) -> Rejection {
    rejection.under(position.to_string()).under("entries")
}

fn check(input: &TimeInput, today: Day) -> Result<(), Rejection> {
    command::text("source", &input.source, LONGEST_SOURCE)?;
    command::text("externalId", &input.external_id, command::LONGEST_KEY)?;
    command::text("person", &input.person, LONGEST_NAME)?;
    if let Some(role) = &input.role {
        command::text("role", role, LONGEST_NAME)?;
    }
    if let Some(feature) = &input.feature {
        command::text("feature", feature, LONGEST_NAME)?;
    }
    command::past_day("workedOn", input.worked_on, today)
}

/// Everything the caller said; the same key with another hash is refused.
fn content_hash(input: &TimeInput) -> i64 {
    let centers = [&input.role, &input.team, &input.project, &input.client, &input.feature];
    let content = json!([input.worked_on.0, input.person, input.hours.millionths(), input.is_billable, centers]);
    crate::app::ingest::key_hash("recordTimeEntries", &content.to_string())
}

fn record_in_tx(session: &mut Session, actor: &Actor, inputs: &[TimeInput]) -> Result<RecordedTime, AppError> {
    let books = command::books(session);
    let first = time_next(command::ledger(session), books)?;
    let (mut times, mut refused) = (Vec::new(), Vec::new());
    let (mut keys, mut days, mut replayed) = (HashMap::new(), HashMap::new(), 0_usize);
    for (position, input) in inputs.iter().enumerate() {
        let (key, hash) = ((input.source.as_str(), input.external_id.as_str()), content_hash(input));
        let known = match keys.get(&key) {
            Some(known) => Some(*known),
            None => time_known(command::ledger(session), books, key.0, key.1)?,
        };
        if let Some(known) = known {
            replayed = replayed.saturating_add(1);
            if known != hash {
                refused.push(placed(Rejection::of(Code::IdempotencyConflict).under("externalId"), position));
            }
            continue;
        }
        keys.insert(key, hash);
        if let Err(rejection) = add_to_day(session, &mut days, input)? {
            refused.push(placed(rejection, position));
            continue;
        }
        let number = first.saturating_add(i64::try_from(times.len()).unwrap_or(i64::MAX));
        match time_of(session, input, number, hash) {
            Ok(time) => times.push((position, time)),
            Err(rejection) => refused.push(placed(rejection, position)),
        }
    }
    if !refused.is_empty() {
        return Err(AppError::Rejected(refused));
    }
    let waiting = book_all(session, &times)?;
    let done = RecordedTime { recorded: times.len(), replayed, waiting };
    if done.recorded > 0 {
        let after = json!({ "recorded": done.recorded, "replayed": done.replayed, "waiting": done.waiting });
        let change = Change { action: "time.record", object: "time entries".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(done)
}

/// Adds to the hours of the person's day, with those that are stored.
fn add_to_day<'a>(
    session: &mut Session,
    days: &mut HashMap<(&'a str, Day), Hours>,
    input: &'a TimeInput,
) -> Result<Result<(), Rejection>, AppError> {
    let key = (input.person.as_str(), input.worked_on);
    let held = match days.get(&key) {
        Some(held) => *held,
        None => {
            let books = command::books(session);
            time_of_day(command::ledger(session), books, key.0, key.1)?
        }
    };
    let total = held.checked_add(input.hours).filter(|total| total.fit_a_day());
    let Some(total) = total else {
        let message = format!(
            "{} hours with the {} that are recorded of this person on {} do not make between 0 and 24",
            input.hours.exact(),
            held.exact(),
            input.worked_on
        );
        return Ok(Err(Rejection::at(Code::HoursExceeded, "hours", message)));
    };
    days.insert(key, total);
    Ok(Ok(()))
}

fn time_of(session: &mut Session, input: &TimeInput, number: i64, content_hash: i64) -> Result<NewTime, Rejection> {
    let center = |kind: CenterKind, code: &Option<String>| match code {
        None => Ok(NameId::NONE),
        Some(code) => session.masters().center(kind, code, input.worked_on).map_err(|why| {
            let shown: String = code.chars().take(64).collect();
            Rejection::at(Code::CostCenterUnknown, kind.field(), format!("{} `{shown}` {why}", kind.field()))
        }),
    };
    let (team, project) = (center(CenterKind::Team, &input.team)?, center(CenterKind::Project, &input.project)?);
    let client = center(CenterKind::Client, &input.client)?;
    let feature = session.name(NameKind::Feature, input.feature.as_deref())?;
    let none = NameId::NONE;
    let account = command::account(session, well_known::APPLIED_LABOR_COST)?;
    let cost = CodingBlock { account, team, project, client, feature, provider: none, model: none, environment: none };
    let account = command::account(session, well_known::LABOR_APPLIED)?;
    let applied = CodingBlock { account, project: none, client: none, feature: none, ..cost };
    let (block, applied_block): (BlockId, BlockId) = (session.block(cost), session.block(applied));
    Ok(NewTime {
        number,
        source: input.source.clone(),
        external_id: input.external_id.clone(),
        content_hash,
        worked_on: input.worked_on,
        person: input.person.clone(),
        role: input.role.clone(),
        hours: input.hours,
        is_billable: input.is_billable,
        block,
        applied_block,
    })
}

/// Stores the hours and books those that have a rate; answers how many wait for one.
fn book_all(session: &mut Session, times: &[(usize, NewTime)]) -> Result<usize, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let rates = labor_rate_list(command::ledger(session), books, 0, None)?;
    let (mut bookings, mut waiting) = (Vec::new(), Vec::new());
    for (position, time) in times {
        let Some(rate) = rate_for(&rates, &time.person, time.role.as_deref(), time.worked_on) else {
            waiting.push((time.number, time.worked_on, time.hours));
            continue;
        };
        let priced = Priced { worked_on: time.worked_on, hours: time.hours, block: time.block, applied_block: time.applied_block };
        let booked = book(session, priced, None, rate).map_err(|error| match error {
            AppError::Rejected(refused) => AppError::Rejected(refused.into_iter().map(|rejection| placed(rejection, *position)).collect()),
            error => error,
        })?;
        bookings.extend(booked.map(|booking| (time.number, booking)));
    }
    let stored: Vec<NewTime> = times.iter().map(|(_, time)| time.clone()).collect();
    let ledger = command::ledger(session);
    time_insert(ledger, books, &stored, recorded_at)?;
    booking_insert(ledger, books, &bookings, recorded_at)?;
    waiting_insert(ledger, books, &waiting)?;
    Ok(waiting.len())
}
