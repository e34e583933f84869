//! Scenarios as callers write them: decimals as text, every name optional that may be. One reader for GraphQL and files.

use serde::Deserialize;

use super::scenario::{Change, Human, NewPrice, PriceChange, Scenario, Selection};
use super::{MOST_CHANGES, MOST_SCENARIOS};
use crate::domain::money::{Amount, Currency, Exact, Money, share};
use crate::domain::rating::UnitPrice;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::{Meter, Processing, limits};

/// Decimals of a share, a percentage or minutes: a millionth of a charge moves no report.
const MOST_DECIMALS: u32 = 6;
/// People's minutes for one charge: a working week.
const MOST_MINUTES: i128 = 2_400;
/// AI takes over at most this many times the charges there are.
const LARGEST_TAKEOVER: i128 = 10;
/// Percent of a price.
const LARGEST_PERCENT: i128 = 10_000;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScenarioInput {
    pub name: String,
    #[serde(default)]
    pub changes: Vec<ChangeInput>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ChangeInput {
    Model(ModelInput),
    Price(PriceInput),
    CacheShare(CacheShareInput),
    BatchShare(BatchShareInput),
    HumanShare(HumanShareInput),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelInput {
    pub provider: Option<String>,
    pub model: Option<String>,
    pub to_provider: String,
    pub to_model: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceInput {
    pub provider: String,
    pub model: Option<String>,
    pub meter: Option<String>,
    pub processing: Option<String>,
    pub amount: Option<String>,
    pub per: Option<i64>,
    pub currency: Option<String>,
    pub percent: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CacheShareInput {
    pub provider: Option<String>,
    pub model: Option<String>,
    pub share: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchShareInput {
    pub provider: Option<String>,
    pub model: Option<String>,
    pub share: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HumanShareInput {
    pub provider: Option<String>,
    pub model: Option<String>,
    pub share: String,
    pub minutes_per_charge: String,
    pub cost_per_hour: String,
    pub currency: String,
}

/// Reads all scenarios of a call.
///
/// # Errors
/// `SCENARIO_INVALID`, `TOO_MANY_ITEMS`, the refusals of amounts, meters and currencies; each with its path from `scenarios` on.
pub fn read_scenarios(inputs: Vec<ScenarioInput>) -> Result<Vec<Scenario>, Rejection> {
    if inputs.is_empty() {
        return Err(Rejection::at(Code::ScenarioInvalid, "scenarios", "give at least one scenario; one without changes shows the actuals"));
    }
    if inputs.len() > MOST_SCENARIOS {
        return Err(Rejection::at(Code::TooManyItems, "scenarios", format!("at most {MOST_SCENARIOS} scenarios stand beside each other")));
    }
    let mut scenarios: Vec<Scenario> = Vec::with_capacity(inputs.len());
    for (position, input) in inputs.into_iter().enumerate() {
        let is_twice = scenarios.iter().any(|scenario| scenario.name == input.name);
        let read = if is_twice { Err(invalid("name", "another scenario has the name already")) } else { input.read() };
        scenarios.push(read.map_err(|rejection| rejection.under(position.to_string()).under("scenarios"))?);
    }
    Ok(scenarios)
}

fn invalid(field: &'static str, message: &str) -> Rejection {
    Rejection::at(Code::ScenarioInvalid, field, message)
}

impl ScenarioInput {
    fn read(self) -> Result<Scenario, Rejection> {
        if self.name.trim().is_empty() || self.name.len() > limits::CODE || self.name.chars().any(char::is_control) {
            return Err(invalid("name", "a scenario has a name of at most 64 bytes without control characters"));
        }
        if self.changes.len() > MOST_CHANGES {
            return Err(Rejection::at(Code::TooManyItems, "changes", format!("a scenario has at most {MOST_CHANGES} changes")));
        }
        let read = |(position, change): (usize, ChangeInput)| {
            change.read().map_err(|rejection| rejection.under(position.to_string()).under("changes"))
        };
        let changes = self.changes.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Scenario { name: self.name, changes })
    }
}

impl ChangeInput {
    fn read(self) -> Result<Change, Rejection> {
        Ok(match self {
            Self::Model(ModelInput { provider, model, to_provider, to_model }) => {
                Change::Model { of: Selection { provider, model }, provider: to_provider, model: to_model }
            }
            Self::Price(input) => Change::Price(input.read()?),
            Self::CacheShare(CacheShareInput { provider, model, share }) => {
                Change::CacheShare { of: Selection { provider, model }, share: part(&share)? }
            }
            Self::BatchShare(BatchShareInput { provider, model, share }) => {
                Change::BatchShare { of: Selection { provider, model }, share: part(&share)? }
            }
            Self::HumanShare(input) => input.read()?,
        })
    }
}

impl PriceInput {
    fn read(self) -> Result<PriceChange, Rejection> {
        let meter = self.meter.as_deref().map(Meter::parse).transpose().map_err(|rejection| rejection.under("meter"))?;
        let unknown = || invalid("processing", "processing is STANDARD, BATCH, FLEX or PRIORITY");
        let processing = self.processing.as_deref().map(|text| Processing::parse(text).ok_or_else(unknown)).transpose()?;
        let (price, processing) = match (self.amount, self.per, self.currency, self.percent) {
            (None, None, None, Some(percent)) => {
                let range = "a price is scaled to a percentage from 0 to 10000 with at most six decimals";
                (NewPrice::Percent(decimal("percent", &percent, 0, LARGEST_PERCENT, range)?), processing)
            }
            (Some(amount), Some(per), Some(currency), None) => {
                if self.model.is_none() || meter.is_none() {
                    return Err(invalid("model", "a price that is given is of one model and one meter: name both, or give a percentage"));
                }
                let currency = Currency::parse(&currency).map_err(|rejection| rejection.under("currency"))?;
                let amount = Exact::parse(&amount).map_err(|rejection| rejection.under("amount"))?;
                (NewPrice::Set(UnitPrice::new(amount, per, currency)?), Some(processing.unwrap_or(Processing::Standard)))
            }
            _ => return Err(invalid("amount", "a price is either given, as amount, per and currency, or scaled, as percent")),
        };
        Ok(PriceChange { provider: self.provider, model: self.model, meter, processing, price })
    }
}

impl HumanShareInput {
    fn read(self) -> Result<Change, Rejection> {
        let range = "people do a share from 0 to 1; below zero, down to -10, AI takes over their work";
        let part = decimal("share", &self.share, -LARGEST_TAKEOVER, 1, range)?;
        let range = "the minutes that people need for one charge are from 0 to 2400, with at most six decimals";
        let minutes = decimal("minutesPerCharge", &self.minutes_per_charge, 0, MOST_MINUTES, range)?;
        let currency = Currency::parse(&self.currency).map_err(|rejection| rejection.under("currency"))?;
        let per_hour = Money::parse(&self.cost_per_hour, currency).map_err(|rejection| rejection.under("costPerHour"))?;
        if per_hour.amount.units() < 0 {
            return Err(Rejection::at(Code::AmountNegative, "costPerHour", "an hour does not cost less than nothing"));
        }
        let too_large = || Rejection::at(Code::AmountTooLarge, "costPerHour", "the hours of one charge cost more than can be held");
        let minutes = minutes.checked_mul(part).ok_or_else(too_large)?.normalized();
        // Both factors have at most six decimals.
        let trillionths = minutes.round_half_even(12).ok_or_else(too_large)?;
        let units = share(per_hour.amount.units(), trillionths, 60 * 1_000_000_000_000).ok_or_else(too_large)?;
        let per_charge = Human { minutes, cost: Amount::from_units(units).with(currency) };
        Ok(Change::HumanShare { of: Selection { provider: self.provider, model: self.model }, share: part, per_charge })
    }
}

/// A share of a whole.
fn part(text: &str) -> Result<Exact, Rejection> {
    decimal("share", text, 0, 1, "a share is from 0 to 1 with at most six decimals, such as \"0.25\"")
}

fn decimal(field: &'static str, text: &str, least: i128, most: i128, range: &str) -> Result<Exact, Rejection> {
    let exact = Exact::parse(text).map_err(|_| invalid(field, range))?.normalized();
    let is_within = |bound: i128, sign: i128| exact.checked_sub(Exact::new(bound, 0)).is_some_and(|rest| rest.mantissa() * sign >= 0);
    if exact.scale() > MOST_DECIMALS || !is_within(least, 1) || !is_within(most, -1) {
        return Err(invalid(field, range));
    }
    Ok(exact)
}
