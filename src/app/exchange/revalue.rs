//! Revaluation: open foreign items at the rate of a closing day, taken back on the first day of the next period.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::items::{Rates, adjustments, foreign_days, items};
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::app::posting::Session;
use crate::app::posting::command::{self, Done, Lines, Once};
use crate::app::{App, AppError};
use crate::domain::chart::well_known;
use crate::domain::ids::EntryNumber;
use crate::domain::journal::{EntryDraft, EntryKind, JournalEntry, ReversalView, reverse};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::exchange::{RevaluationLine, revaluation_insert, revaluations_in_force, settlements};

/// Which day's rates count.
#[derive(Debug, Clone)]
pub struct RevalueInput {
    pub idempotency_key: String,
    /// The accounting day, usually the last of a period.
    pub as_of: Day,
}

/// What a revaluation booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revalued {
    /// Absent when every item was carried at its value.
    pub entry: Option<i64>,
    /// The mirror on the first day of the next period.
    pub reversal: Option<i64>,
    /// What it cost in all, in ledger units of the reporting currency; a gain is below zero.
    loss: i64,
    currency: i16,
}

impl Revalued {
    /// What it cost in all; a gain is below zero.
    pub fn loss(&self) -> Money {
        Amount::from_units(self.loss).with(Currency::from_id(self.currency).unwrap_or(Currency::USD))
    }
}

/// Books the unrealised difference of every open foreign item: its account against 7110, in the reporting currency alone.
///
/// # Errors
/// `Forbidden`; `REPORTING_CURRENCY_MISSING`, `RATE_MISSING`, `DATE_OUT_OF_RANGE`, `IDEMPOTENCY_CONFLICT`.
pub async fn revalue(app: &App, actor: &Actor, input: RevalueInput) -> Result<Done<Revalued>, AppError> {
    let checked = command::past_day("asOf", input.as_of, Moment::from_instant(app.clock().now()).day());
    let command = Once { operation: "revalue", key: input.idempotency_key.clone(), content: json!([input.as_of.0]), checked };
    let who = actor.clone();
    command::once(app, actor, command, move |session| revalue_in_tx(session, &who, input.as_of)).await
}

fn revalue_in_tx(session: &mut Session, actor: &Actor, as_of: Day) -> Result<Revalued, AppError> {
    let (books, masters) = (command::books(session), session.masters().clone());
    let ledger = command::ledger(session);
    let rates = Rates::load(ledger, books, as_of)?;
    let days = foreign_days(ledger, books, &masters, rates.reporting, as_of)?;
    let settled = settlements(ledger, books, as_of)?;
    let in_force = adjustments(&revaluations_in_force(ledger, books, as_of)?)?;
    let overflow = || Rejection::of(Code::LedgerOverflow);
    let (mut found, mut lines, mut loss) = (Vec::new(), Lines::default(), 0_i64);
    for ((account, provider, currency), item) in items(&rates, &days, &settled, as_of)? {
        let adjusted = in_force.get(&(account, provider, currency)).copied().unwrap_or(0);
        let carrying = item.carrying.checked_add(adjusted).ok_or_else(overflow)?;
        let value = rates.value(item.open, currency, as_of)?;
        let gain = value.checked_sub(carrying).ok_or_else(overflow)?;
        if gain == 0 {
            continue;
        }
        let money = |units: i64| Amount::from_units(units).with(rates.reporting);
        let block = crate::app::ingest::credit_block(session, account, provider);
        lines.signed(block, money(gain))?;
        let difference = command::provider_block(session, well_known::UNREALISED_EXCHANGE, provider)?;
        lines.signed(difference, money(gain.checked_neg().ok_or_else(overflow)?))?;
        loss = loss.checked_sub(gain).ok_or_else(overflow)?;
        found.push(RevaluationLine { account, provider, currency, open: item.open, carrying, value });
    }
    let currency = rates.reporting.id();
    if found.is_empty() {
        return Ok(Revalued { entry: None, reversal: None, loss: 0, currency });
    }
    let (entry, reversal) = post(session, as_of, &lines).map_err(|error| error.placed(Code::LedgerOverflow, "asOf"))?;
    revaluation_insert(command::ledger(session), books, entry, &found)?;
    let after = json!({ "asOf": as_of.to_string(), "entry": entry.0, "reversal": reversal.0, "items": found.len() });
    let object = format!("revaluation {entry}");
    session.audit(audit::event(actor, Change { action: "exchange.revalue", object, after: Some(after), ..Change::default() }));
    Ok(Revalued { entry: Some(entry.0), reversal: Some(reversal.0), loss, currency })
}

/// Posts the revaluation, and its mirror on the first day of the next period.
fn post(session: &mut Session, as_of: Day, lines: &Lines) -> Result<(EntryNumber, EntryNumber), AppError> {
    let memo = format!("open foreign items at the rates of {as_of}");
    let draft = EntryDraft {
        kind: EntryKind::Revaluation,
        effective_on: as_of,
        service_on: None,
        postings: lines.postings(),
        charge: None,
        corrects: None,
        memo: Some(&memo),
    };
    let entry = session.post(&draft)?;
    let original = JournalEntry {
        number: entry,
        kind: EntryKind::Revaluation,
        effective_on: as_of,
        service_on: None,
        postings: lines.postings().to_vec(),
        charge: None,
        corrects: None,
        memo: None,
    };
    let next_period = as_of.month().next().first_day();
    let mirrored = reverse(&ReversalView { original: &original, reversed_by: None }, next_period)?;
    let memo = format!("revaluation of {as_of} taken back on the first day of the next period");
    let draft = EntryDraft {
        kind: EntryKind::Reversal,
        effective_on: next_period,
        postings: &mirrored,
        corrects: Some(entry),
        memo: Some(&memo),
        ..draft
    };
    session.date_ahead();
    Ok((entry, session.post(&draft)?))
}
