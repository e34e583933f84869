//! Outputs handed in: each key is recorded once for ever, and added to the sum of its day.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::units::Units;
use crate::app::activity::{Codes, Fact, Recording, centers, check_all, check_key, permitted, take_new};
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::app::posting::{Session, command};
use crate::app::{App, AppError};
use crate::domain::outputs::{Count, LONGEST_UNIT, OutputInput};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::activity::FactTable;
use crate::store::outputs::{Centers, NewOutput, OutputDay, output_day, output_insert};

const OUTPUTS: Recording = Recording { table: FactTable::Outputs, operation: "recordOutputs", list: "outputs" };

/// What became of the outputs of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordedOutputs {
    pub recorded: usize,
    /// The same key with the same content was recorded before.
    pub replayed: usize,
}

impl Fact for OutputInput {
    fn key(&self) -> (&str, &str) {
        (&self.source, &self.external_id)
    }

    fn content(&self) -> Value {
        let value = self.value.map(|value| (value.amount.units(), value.currency.to_string()));
        let centers = [&self.team, &self.project, &self.client, &self.feature];
        json!([self.produced_on.0, self.unit, self.quantity.millionths(), value, centers])
    }
}

/// Records outputs, all or nothing.
///
/// # Errors
/// `Forbidden`; at its place in the list `MISSING_FIELD`, `OUTPUT_INVALID`, `OUTPUT_UNIT_UNKNOWN`, `OUTPUTS_EXCEEDED`, `DATE_OUT_OF_RANGE`,
/// `COST_CENTER_UNKNOWN`, `IDEMPOTENCY_CONFLICT`; `TOO_MANY_ITEMS`.
pub async fn record_outputs(app: &App, actor: &Actor, inputs: Vec<OutputInput>) -> Result<RecordedOutputs, AppError> {
    let books = permitted(app, actor).await?;
    let recorded_at = Moment::from_instant(app.clock().now());
    check_all(OUTPUTS.list, &inputs, |input| {
        check_key(input, input.feature.as_deref())?;
        command::text("unit", &input.unit, LONGEST_UNIT)?;
        input.check_value()?;
        command::past_day("producedOn", input.produced_on, recorded_at.day())
    })?;
    let who = actor.clone();
    books.desk().run(recorded_at, move |session| record_in_tx(session, &who, &inputs)).await
}

fn record_in_tx(session: &mut Session, actor: &Actor, inputs: &[OutputInput]) -> Result<RecordedOutputs, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let units = Units::load(command::ledger(session), books)?;
    let (mut outputs, mut days) = (Vec::new(), HashMap::new());
    let replayed = take_new(session, OUTPUTS, inputs, |session, input, numbered| {
        units.check(&input.unit)?;
        let (team, project) = (input.team.as_deref(), input.project.as_deref());
        let codes = Codes { team, project, client: input.client.as_deref(), feature: input.feature.as_deref() };
        let centers = centers(session, codes, input.produced_on)?;
        add_to_day(session, &mut days, input, centers)?;
        outputs.push(NewOutput { number: numbered.number, content_hash: numbered.content_hash, input, centers });
        Ok(())
    })?;
    output_insert(command::ledger(session), books, &outputs, recorded_at)?;
    let done = RecordedOutputs { recorded: outputs.len(), replayed };
    if done.recorded > 0 {
        let after = json!({ "recorded": done.recorded, "replayed": done.replayed });
        let change = Change { action: "outputs.record", object: "outputs".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(done)
}

/// The refusal of outputs that a day does not hold.
fn beyond(field: &'static str, day: Day) -> Rejection {
    Rejection::at(
        Code::LedgerOverflow,
        field,
        format!("the outputs of {day} would add up to more than a day holds: check the {field} and its unit"),
    )
}

/// Adds to the sum of the unit, day and centers, with what is stored. Neither quantity nor value of it falls below zero.
fn add_to_day<'a>(
    session: &mut Session,
    days: &mut HashMap<(&'a str, Day, Centers), OutputDay>,
    input: &'a OutputInput,
    centers: Centers,
) -> Result<(), AppError> {
    let key = (input.unit.as_str(), input.produced_on, centers);
    let mut sum = match days.get(&key) {
        Some(held) => held.clone(),
        None => {
            let books = command::books(session);
            output_day(command::ledger(session), books, key.0, key.1, centers)?
        }
    };
    let held = sum.quantity;
    let exceeded = |field: &'static str, message: String| Rejection::at(Code::OutputsExceeded, field, message);
    let total = held.checked_add(input.quantity).ok_or_else(|| beyond("quantity", input.produced_on))?;
    sum.quantity = Some(total).filter(|total| *total >= Count::ZERO).ok_or_else(|| {
        let (quantity, held) = (input.quantity.exact(), held.exact());
        exceeded("quantity", format!("{quantity} with the {held} of {} recorded there on {} are below zero", input.unit, input.produced_on))
    })?;
    if let Some(value) = input.value {
        let held = sum.values.entry(value.currency.id()).or_default();
        let total = held.checked_add(value.amount.units()).ok_or_else(|| beyond("value", input.produced_on))?;
        *held = Some(total).filter(|total| *total >= 0).ok_or_else(|| {
            exceeded("value", format!("{value} would leave the outputs of {} worth less than nothing", input.produced_on))
        })?;
    }
    days.insert(key, sum);
    Ok(())
}
