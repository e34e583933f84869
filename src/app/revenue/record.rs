//! Revenue handed in: each key is recorded once for ever, its parts booked or waiting for their day.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::post::post;
use crate::app::activity::{Codes, Fact, LONGEST_NAME, Numbered, Recording, centers, check_all, check_key, permitted, take_new};
use crate::app::audit::{self, Change};
use crate::app::auth::Actor;
use crate::app::posting::{Session, command};
use crate::app::{App, AppError};
use crate::domain::chart::{CodingBlock, well_known};
use crate::domain::ids::NameId;
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::revenue::{Basis, RevenueInput, spread};
use crate::store::activity::FactTable;
use crate::store::revenue::{NewRevenue, contract_sums, recognition_insert, revenue_insert, waiting_insert};

const REVENUE: Recording = Recording { table: FactTable::Revenue, operation: "recordRevenue", list: "entries" };
/// Days over which one entry is earned, and that it may begin ahead: ten years, which no contract for AI work reaches.
const MOST_DAYS: i32 = 3_660;
/// Longest memo in bytes, as for charges.
const LONGEST_MEMO: usize = 500;

/// What became of the revenue of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordedRevenue {
    pub recorded: usize,
    /// The same key with the same content was recorded before.
    pub replayed: usize,
    /// Parts of the recorded ones whose day has not come.
    pub waiting: usize,
}

impl Fact for RevenueInput {
    fn key(&self) -> (&str, &str) {
        (&self.source, &self.external_id)
    }

    fn content(&self) -> Value {
        let (stated, units) = (self.stated, |amount: Option<Amount>| amount.map(Amount::units));
        let centers = [&self.contract, &self.team, &self.project, &self.client, &self.feature, &self.memo];
        json!([
            self.kind.id(),
            self.earned_on.0,
            self.earned_through.map(|day| day.0),
            self.currency.to_string(),
            [units(stated.amount), units(stated.contract_amount), stated.complete.map(|complete| complete.millionths())],
            stated.quantity.map(|quantity| quantity.millionths()),
            stated.unit_price.map(|price| price.normalized().to_string()),
            centers
        ])
    }
}

/// Records revenue and books what is earned of it: Dr 1150 / Cr 4000, all or nothing.
///
/// # Errors
/// `Forbidden`; at its place in the list `MISSING_FIELD`, `REVENUE_INVALID`, `REVENUE_REASON_MISSING`, `DATE_OUT_OF_RANGE`, `RANGE_INVALID`,
/// `COST_CENTER_UNKNOWN`, `IDEMPOTENCY_CONFLICT`, or what the gate refuses; `TOO_MANY_ITEMS`.
pub async fn record_revenue(app: &App, actor: &Actor, inputs: Vec<RevenueInput>) -> Result<RecordedRevenue, AppError> {
    let books = permitted(app, actor).await?;
    let recorded_at = Moment::from_instant(app.clock().now());
    check_all(REVENUE.list, &inputs, |input| check(input, recorded_at.day()))?;
    let who = actor.clone();
    books.desk().run(recorded_at, move |session| record_in_tx(session, &who, &inputs)).await
}

fn check(input: &RevenueInput, today: Day) -> Result<(), Rejection> {
    check_key(input, input.feature.as_deref())?;
    for (field, text, longest) in [("contract", &input.contract, LONGEST_NAME), ("memo", &input.memo, LONGEST_MEMO)] {
        text.as_deref().map_or(Ok(()), |text| command::text(field, text, longest))?;
    }
    input.basis()?;
    match input.earned_through {
        None => command::past_day("earnedOn", input.earned_on, today),
        Some(through) => check_range(input.earned_on, through, today),
    }
}

fn check_range(from: Day, through: Day, today: Day) -> Result<(), Rejection> {
    // What is earned over time may begin later: an order signed today.
    command::past_day("earnedOn", from.min(today), today)?;
    if through < from {
        let message = format!("`earnedThrough` ({through}) is the last day and not before `earnedOn` ({from})");
        return Err(Rejection::at(Code::RangeInvalid, "earnedThrough", message));
    }
    for (field, day, since) in [("earnedOn", from, today), ("earnedThrough", through, from)] {
        if day.0.saturating_sub(since.0) > MOST_DAYS {
            return Err(Rejection::at(
                Code::DateOutOfRange,
                field,
                format!("`{field}` is {day}, more than {MOST_DAYS} days after {since}"),
            ));
        }
    }
    Ok(())
}

fn record_in_tx(session: &mut Session, actor: &Actor, inputs: &[RevenueInput]) -> Result<RecordedRevenue, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let today = session.service_day(recorded_at);
    let (mut revenues, mut contracts, mut recognised, mut waiting) = (Vec::new(), Contracts::new(), Vec::new(), Vec::new());
    let replayed = take_new(session, REVENUE, inputs, |session, input, numbered| {
        let amount = amount_of(session, &mut contracts, input)?;
        let revenue = revenue_of(session, input, numbered, amount)?;
        for due in revenue.due_parts() {
            if due.earned_on > today {
                waiting.push(due);
            } else {
                recognised.push(post(session, &due)?);
            }
        }
        revenues.push(revenue);
        Ok(())
    })?;
    let ledger = command::ledger(session);
    revenue_insert(ledger, books, &revenues, recorded_at)?;
    recognition_insert(ledger, books, &recognised, recorded_at)?;
    waiting_insert(ledger, books, &waiting)?;
    let done = RecordedRevenue { recorded: revenues.len(), replayed, waiting: waiting.len() };
    if done.recorded > 0 {
        let after = json!({ "recorded": done.recorded, "replayed": done.replayed, "waiting": done.waiting });
        let change = Change { action: "revenue.record", object: "revenue".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(done)
}

/// What is recorded under the contracts of a call, with what the call itself adds: ledger units of the contract's one currency.
type Contracts<'a> = HashMap<&'a str, (Currency, i64)>;

/// The amount of an entry, which for a percentage is what its contract lacks. It is added to the contract.
fn amount_of<'a>(session: &mut Session, contracts: &mut Contracts<'a>, input: &'a RevenueInput) -> Result<Amount, AppError> {
    let basis = input.basis()?;
    let Some(contract) = input.contract.as_deref() else {
        return match basis {
            Basis::Amount(money) => Ok(money.amount),
            Basis::Percentage { .. } => Err(Rejection::of(Code::RevenueInvalid).under("contract").into()),
        };
    };
    let (currency, before) = match contracts.get(contract) {
        Some(held) => *held,
        None => {
            let books = command::books(session);
            contract_sums(command::ledger(session), books, contract)?.first().copied().unwrap_or((input.currency, 0))
        }
    };
    if currency != input.currency {
        let message = format!("the revenue of contract `{contract}` is in {currency}: a contract has one currency");
        return Err(Rejection::at(Code::RevenueInvalid, "currency", message).into());
    }
    let amount = match basis {
        Basis::Amount(money) => money.amount,
        Basis::Percentage { contract_amount, complete } => complete.recognised(contract_amount, before)?.amount,
    };
    let sum = before.checked_add(amount.units()).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
    contracts.insert(contract, (currency, sum));
    Ok(amount)
}

fn revenue_of<'a>(session: &mut Session, input: &'a RevenueInput, numbered: Numbered, amount: Amount) -> Result<NewRevenue<'a>, Rejection> {
    let (team, project) = (input.team.as_deref(), input.project.as_deref());
    let codes = Codes { team, project, client: input.client.as_deref(), feature: input.feature.as_deref() };
    let [team, project, client, feature] = centers(session, codes, input.earned_on)?;
    let none = NameId::NONE;
    let account = command::account(session, well_known::REVENUE)?;
    let earned = CodingBlock { account, team, project, client, feature, provider: none, model: none, environment: none };
    let account = command::account(session, well_known::UNBILLED_RECEIVABLE)?;
    let owed = CodingBlock { account, team: none, project: none, feature: none, ..earned };
    // A part of nothing, of a small amount over many months, is no part.
    let parts = spread(amount, input.earned_on, input.earned_through.unwrap_or(input.earned_on));
    let parts = parts.into_iter().filter(|part| part.amount != Amount::ZERO).collect();
    let (block, receivable_block) = (session.block(earned), session.block(owed));
    let unit_price = input.stated.unit_price.map(|price| price.normalized().to_string());
    let Numbered { number, content_hash } = numbered;
    Ok(NewRevenue { number, content_hash, input, amount, block, receivable_block, parts, unit_price })
}
