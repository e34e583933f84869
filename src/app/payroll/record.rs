//! Payroll handed in: each key is recorded once for ever and booked on the last day of its month.

use serde_json::{Value, json};

use super::team_block;
use crate::app::activity::{Codes, Fact, Recording, centers, check_all, check_key, permitted, take_new};
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::app::posting::command::Lines;
use crate::app::posting::{Session, command};
use crate::app::{App, AppError};
use crate::domain::chart::well_known;
use crate::domain::ids::{EntryNumber, NameId};
use crate::domain::journal::{EntryDraft, EntryKind};
use crate::domain::payroll::PayrollInput;
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
use crate::store::activity::FactTable;
use crate::store::payroll::{NewPayroll, payroll_insert};

const PAYROLL: Recording = Recording { table: FactTable::Payroll, operation: "recordPayroll", list: "entries" };

/// What became of the payroll of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordedPayroll {
    pub recorded: usize,
    /// The same key with the same content was recorded before.
    pub replayed: usize,
}

impl Fact for PayrollInput {
    fn key(&self) -> (&str, &str) {
        (&self.source, &self.external_id)
    }

    fn content(&self) -> Value {
        json!([self.month.0, self.team, self.hours.millionths(), self.amount.amount.units(), self.amount.currency.to_string()])
    }
}

/// Records what payroll cost teams, all or nothing: Dr 6700 / Cr 2400.
///
/// # Errors
/// `Forbidden`; at its place in the list `MISSING_FIELD`, `PAYROLL_INVALID`, `DATE_OUT_OF_RANGE`, `COST_CENTER_UNKNOWN`, `ACCOUNT_UNKNOWN`,
/// `IDEMPOTENCY_CONFLICT`, or what the gate refuses; `TOO_MANY_ITEMS`.
pub async fn record_payroll(app: &App, actor: &Actor, inputs: Vec<PayrollInput>) -> Result<RecordedPayroll, AppError> {
    let books = permitted(app, actor).await?;
    let recorded_at = Moment::from_instant(app.clock().now());
    check_all(PAYROLL.list, &inputs, |input| {
        check_key(input, None)?;
        input.check()?;
        let first = input.month.first_day();
        command::past_day("period", first.min(recorded_at.day()), recorded_at.day())
    })?;
    let who = actor.clone();
    books.desk().run(recorded_at, move |session| record_in_tx(session, &who, &inputs)).await
}

fn record_in_tx(session: &mut Session, actor: &Actor, inputs: &[PayrollInput]) -> Result<RecordedPayroll, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let mut payrolls = Vec::new();
    let replayed = take_new(session, PAYROLL, inputs, |session, input, numbered| {
        if input.month > session.current_month() {
            let message = format!("{} has not begun; payroll is of a month that has", input.month);
            return Err(Rejection::at(Code::DateOutOfRange, "period", message).into());
        }
        let codes = Codes { team: Some(&input.team), project: None, client: None, feature: None };
        let [team, ..] = centers(session, codes, input.month.last_day())?;
        let entry = post(session, input, team)?;
        payrolls.push(NewPayroll { number: numbered.number, content_hash: numbered.content_hash, input, team, entry });
        Ok(())
    })?;
    payroll_insert(command::ledger(session), books, &payrolls, recorded_at)?;
    let done = RecordedPayroll { recorded: payrolls.len(), replayed };
    if done.recorded > 0 {
        let after = json!({ "recorded": done.recorded, "replayed": done.replayed });
        let change = Change { action: "payroll.record", object: "payroll".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(done)
}

/// Hours alone, without an amount, post nothing.
fn post(session: &mut Session, input: &PayrollInput, team: NameId) -> Result<Option<EntryNumber>, AppError> {
    let salaries = team_block(session, well_known::SALARIES, team)?;
    let clearing = team_block(session, well_known::PAYROLL_CLEARING, NameId::NONE)?;
    let mut lines = Lines::default();
    lines.pair(salaries, clearing, input.amount)?;
    if lines.is_empty() {
        return Ok(None);
    }
    let (last_day, effective_on) = (input.month.last_day(), session.booking_day(input.month.last_day()));
    let draft = EntryDraft {
        kind: EntryKind::LaborVariance,
        effective_on,
        service_on: (effective_on != last_day).then_some(last_day),
        postings: lines.postings(),
        charge: None,
        corrects: None,
        memo: Some("payroll"),
    };
    let entry = if input.amount.amount.is_positive() { session.post(&draft) } else { session.correct(&draft) };
    Ok(Some(entry.map_err(|error| error.placed(Code::LedgerOverflow, "amount"))?))
}
