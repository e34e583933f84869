//! Hours handed in: each key is recorded once for ever, and booked where a rate is known.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::LONGEST_NAME;
use super::book::{Priced, book};
use crate::app::activity::{Codes, Fact, Numbered, Recording, centers, check_all, check_key, permitted, take_new};
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::app::posting::{Session, command};
use crate::app::{App, AppError};
use crate::domain::chart::{CodingBlock, well_known};
use crate::domain::ids::{BlockId, NameId};
use crate::domain::labor::{Hours, TimeInput, rate_for};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::activity::{FactTable, time_sums_add};
use crate::store::labor::{NewTime, booking_insert, labor_rate_list, time_insert, time_of_day, waiting_insert};

const TIME: Recording = Recording { table: FactTable::Time, operation: "recordTimeEntries", list: "entries" };

/// What became of the hours of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordedTime {
    pub recorded: usize,
    /// The same key with the same content was recorded before.
    pub replayed: usize,
    /// Of the recorded ones, those that no rate is known for.
    pub waiting: usize,
}

impl Fact for TimeInput {
    fn key(&self) -> (&str, &str) {
        (&self.source, &self.external_id)
    }

    fn content(&self) -> Value {
        let centers = [&self.role, &self.team, &self.project, &self.client, &self.feature];
        json!([self.worked_on.0, self.person, self.hours.millionths(), self.is_billable, centers])
    }
}

/// Records hours and books them at their rates: Dr 5020 / Cr 6790, all or nothing.
///
/// # Errors
/// `Forbidden`; at its place in the list `MISSING_FIELD`, `DATE_OUT_OF_RANGE`, `COST_CENTER_UNKNOWN`, `HOURS_EXCEEDED`, `IDEMPOTENCY_CONFLICT`,
/// or what the gate refuses; `TOO_MANY_ITEMS`.
pub async fn record_time_entries(app: &App, actor: &Actor, inputs: Vec<TimeInput>) -> Result<RecordedTime, AppError> {
    let books = permitted(app, actor).await?;
    let recorded_at = Moment::from_instant(app.clock().now());
    check_all(TIME.list, &inputs, |input| check(input, recorded_at.day()))?;
    let who = actor.clone();
    books.desk().run(recorded_at, move |session| record_in_tx(session, &who, &inputs)).await
}

fn check(input: &TimeInput, today: Day) -> Result<(), Rejection> {
    check_key(input, input.feature.as_deref())?;
    command::text("person", &input.person, LONGEST_NAME)?;
    if let Some(role) = &input.role {
        command::text("role", role, LONGEST_NAME)?;
    }
    command::past_day("workedOn", input.worked_on, today)
}

fn record_in_tx(session: &mut Session, actor: &Actor, inputs: &[TimeInput]) -> Result<RecordedTime, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let rates = labor_rate_list(command::ledger(session), books, 0, None)?;
    let (mut times, mut days, mut bookings, mut waiting) = (Vec::new(), HashMap::new(), Vec::new(), Vec::new());
    let replayed = take_new(session, TIME, inputs, |session, input, numbered| {
        add_to_day(session, &mut days, input)?;
        let time = time_of(session, input, numbered)?;
        match rate_for(&rates, &time.person, time.role.as_deref(), time.worked_on) {
            None => waiting.push((time.number, time.worked_on, time.hours)),
            Some(rate) => {
                let priced = Priced { worked_on: time.worked_on, hours: time.hours, block: time.block, applied_block: time.applied_block };
                bookings.extend(book(session, priced, None, rate)?.map(|booking| (time.number, booking)));
            }
        }
        times.push(time);
        Ok(())
    })?;
    let ledger = command::ledger(session);
    time_insert(ledger, books, &times, recorded_at)?;
    time_sums_add(ledger, books, &times)?;
    booking_insert(ledger, books, &bookings, recorded_at)?;
    waiting_insert(ledger, books, &waiting)?;
    let done = RecordedTime { recorded: times.len(), replayed, waiting: waiting.len() };
    if done.recorded > 0 {
        let after = json!({ "recorded": done.recorded, "replayed": done.replayed, "waiting": done.waiting });
        let change = Change { action: "time.record", object: "time entries".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(done)
}

/// Adds to the hours of the person's day, with those that are stored.
fn add_to_day<'a>(session: &mut Session, days: &mut HashMap<(&'a str, Day), Hours>, input: &'a TimeInput) -> Result<(), AppError> {
    let key = (input.person.as_str(), input.worked_on);
    let held = match days.get(&key) {
        Some(held) => *held,
        None => {
            let books = command::books(session);
            time_of_day(command::ledger(session), books, key.0, key.1)?
        }
    };
    let total = held.checked_add(input.hours).filter(|total| total.fit_a_day());
    let total = total.ok_or_else(|| {
        let message = format!(
            "{} hours with the {} that are recorded of this person on {} do not make between 0 and 24",
            input.hours.exact(),
            held.exact(),
            input.worked_on
        );
        Rejection::at(Code::HoursExceeded, "hours", message)
    })?;
    days.insert(key, total);
    Ok(())
}

fn time_of(session: &mut Session, input: &TimeInput, numbered: Numbered) -> Result<NewTime, Rejection> {
    let (team, project) = (input.team.as_deref(), input.project.as_deref());
    let codes = Codes { team, project, client: input.client.as_deref(), feature: input.feature.as_deref() };
    let [team, project, client, feature] = centers(session, codes, input.worked_on)?;
    let none = NameId::NONE;
    let account = command::account(session, well_known::APPLIED_LABOR_COST)?;
    let cost = CodingBlock { account, team, project, client, feature, provider: none, model: none, environment: none };
    let account = command::account(session, well_known::LABOR_APPLIED)?;
    let applied = CodingBlock { account, project: none, client: none, feature: none, ..cost };
    let (block, applied_block): (BlockId, BlockId) = (session.block(cost), session.block(applied));
    Ok(NewTime {
        number: numbered.number,
        source: input.source.clone(),
        external_id: input.external_id.clone(),
        content_hash: numbered.content_hash,
        worked_on: input.worked_on,
        person: input.person.clone(),
        role: input.role.clone(),
        hours: input.hours,
        is_billable: input.is_billable,
        block,
        applied_block,
    })
}
