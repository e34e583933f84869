//! Scenarios in, comparisons out.

use async_graphql::{InputObject, OneofObject, SimpleObject};

use super::enums::Processing;
use super::money::Money;
use crate::app::what_if as app;
use crate::domain::what_if as domain;
use crate::graphql::scalars::{BigInt, CurrencyCode, Decimal};

/// Assumptions with a name of their own. Changes apply in their order; prices are changed before all others.
#[derive(Debug, Clone, InputObject)]
pub struct ScenarioInput {
    name: String,
    /// At most 20.
    #[graphql(default)]
    changes: Vec<ScenarioChangeInput>,
}

/// One assumption.
#[derive(Debug, Clone, OneofObject)]
pub enum ScenarioChangeInput {
    Model(ModelChangeInput),
    Price(PriceChangeInput),
    CacheShare(ShareChangeInput),
    BatchShare(ShareChangeInput),
    HumanShare(HumanShareInput),
}

/// Usage is rated as that of another model.
#[derive(Debug, Clone, InputObject)]
pub struct ModelChangeInput {
    /// Whose usage; absent: everybody's.
    provider: Option<String>,
    /// The served name or the one in the price book; absent: every model.
    model: Option<String>,
    to_provider: String,
    to_model: String,
}

/// Prices are others: given, as `amount`, `per` and `currency` of one model and meter, or scaled, as `percent`.
#[derive(Debug, Clone, InputObject)]
pub struct PriceChangeInput {
    provider: String,
    /// Absent, with a percentage: every model.
    model: Option<String>,
    /// Absent, with a percentage: every meter.
    meter: Option<String>,
    /// Absent: STANDARD for a price that is given, every processing with a percentage.
    processing: Option<Processing>,
    /// Before contracted discounts.
    amount: Option<Decimal>,
    per: Option<BigInt>,
    currency: Option<CurrencyCode>,
    /// Of the price as it is: "90" is ten percent less.
    percent: Option<Decimal>,
}

/// A share of the usage: of text input that is read from a cache, or of each charge of standard processing that is rated as batch.
#[derive(Debug, Clone, InputObject)]
pub struct ShareChangeInput {
    provider: Option<String>,
    model: Option<String>,
    /// From 0 to 1, at most six decimals.
    share: Decimal,
}

/// People do a share of the charges.
#[derive(Debug, Clone, InputObject)]
pub struct HumanShareInput {
    provider: Option<String>,
    model: Option<String>,
    /// To 1; below zero, down to -10, AI takes over work of people and their hours are saved.
    share: Decimal,
    minutes_per_charge: Decimal,
    /// Pay and burden.
    cost_per_hour: Decimal,
    currency: CurrencyCode,
}

impl From<ScenarioInput> for domain::ScenarioInput {
    fn from(input: ScenarioInput) -> Self {
        Self { name: input.name, changes: input.changes.into_iter().map(Into::into).collect() }
    }
}

impl From<ScenarioChangeInput> for domain::ChangeInput {
    fn from(input: ScenarioChangeInput) -> Self {
        match input {
            ScenarioChangeInput::Model(ModelChangeInput { provider, model, to_provider, to_model }) => {
                Self::Model(domain::ModelInput { provider, model, to_provider, to_model })
            }
            ScenarioChangeInput::Price(input) => Self::Price(input.into()),
            ScenarioChangeInput::CacheShare(ShareChangeInput { provider, model, share }) => {
                Self::CacheShare(domain::CacheShareInput { provider, model, share: share.0 })
            }
            ScenarioChangeInput::BatchShare(ShareChangeInput { provider, model, share }) => {
                Self::BatchShare(domain::BatchShareInput { provider, model, share: share.0 })
            }
            ScenarioChangeInput::HumanShare(input) => Self::HumanShare(domain::HumanShareInput {
                provider: input.provider,
                model: input.model,
                share: input.share.0,
                minutes_per_charge: input.minutes_per_charge.0,
                cost_per_hour: input.cost_per_hour.0,
                currency: input.currency.0,
            }),
        }
    }
}

impl From<PriceChangeInput> for domain::PriceInput {
    fn from(input: PriceChangeInput) -> Self {
        Self {
            provider: input.provider,
            model: input.model,
            meter: input.meter,
            processing: input.processing.map(|processing| crate::domain::usage::Processing::from(processing).as_str().to_owned()),
            amount: input.amount.map(|amount| amount.0),
            // What is no number is refused as a divisor that is none.
            per: input.per.map(|per| per.to_i64("per").unwrap_or(0)),
            currency: input.currency.map(|currency| currency.0),
            percent: input.percent.map(|percent| percent.0),
        }
    }
}

/// Scenarios beside what the same charges cost. It is by the day of the call and the present state of the charges.
#[derive(SimpleObject)]
pub struct WhatIf {
    /// Booked or waiting for a price.
    charges: BigInt,
    /// Left out.
    reversed_charges: BigInt,
    /// Waiting for a price in the books: the actual cost is without them.
    unpriced_charges: BigInt,
    /// In the order asked for.
    scenarios: Vec<ScenarioResult>,
}

/// One scenario.
#[derive(SimpleObject)]
pub struct ScenarioResult {
    name: String,
    total: ScenarioFigures,
    /// In the order of keys; empty without `groupBy`.
    groups: Vec<ScenarioFigures>,
    /// Models whose charges could not be priced as the scenario asks, the most frequent first, at most 20.
    reasons: Vec<UnpricedReason>,
}

/// Figures of one key, or of all.
#[derive(SimpleObject)]
pub struct ScenarioFigures {
    /// Null for the total, and for charges without the dimension.
    key: Option<String>,
    charges: BigInt,
    /// Touched by a change. The others are carried over as they were booked.
    changed_charges: BigInt,
    /// Without a price: their cost is missing.
    unpriced_charges: BigInt,
    /// Meant for batch and without a batch price: they stay in the cost as they were.
    unbatched_charges: BigInt,
    /// Whether every charge has a cost, in the way the scenario asks for.
    is_complete: bool,
    /// Of people; below zero when they are saved.
    human_hours: Decimal,
    /// One for each currency.
    comparisons: Vec<ScenarioComparison>,
}

/// Costs in one currency.
#[derive(SimpleObject)]
pub struct ScenarioComparison {
    actual: Money,
    /// AI and people.
    cost: Money,
    ai_cost: Money,
    human_cost: Money,
    /// Cost less actual: below zero it is cheaper.
    difference: Money,
    /// Of the actual cost, two decimals; null when that is zero.
    difference_percent: Option<Decimal>,
}

/// Why charges of one model could not be priced.
#[derive(SimpleObject)]
pub struct UnpricedReason {
    provider: String,
    /// As the charges name it.
    model: String,
    charges: BigInt,
    /// They stay in the cost as they were, only not as batch.
    stays_in_cost: bool,
    /// That of the first of them.
    reason: String,
}

fn count(number: u64) -> BigInt {
    i128::from(number).into()
}

impl From<app::WhatIfReport> for WhatIf {
    fn from(report: app::WhatIfReport) -> Self {
        Self {
            charges: count(report.charges),
            reversed_charges: count(report.reversed),
            unpriced_charges: count(report.unpriced),
            scenarios: report.scenarios.into_iter().map(ScenarioResult::from).collect(),
        }
    }
}

impl From<app::ScenarioReport> for ScenarioResult {
    fn from(report: app::ScenarioReport) -> Self {
        let reason = |reason: app::Reason| UnpricedReason {
            provider: reason.provider,
            model: reason.model,
            charges: count(reason.charges),
            stays_in_cost: reason.is_kept,
            reason: reason.reason,
        };
        Self {
            name: report.name,
            total: report.total.into(),
            groups: report.groups.into_iter().map(ScenarioFigures::from).collect(),
            reasons: report.reasons.into_iter().map(reason).collect(),
        }
    }
}

impl From<app::Group> for ScenarioFigures {
    fn from(group: app::Group) -> Self {
        Self {
            is_complete: group.is_complete(),
            key: group.key,
            charges: count(group.charges),
            changed_charges: count(group.changed),
            unpriced_charges: count(group.unpriced),
            unbatched_charges: count(group.unbatched),
            human_hours: group.hours.into(),
            comparisons: group.comparisons.into_iter().map(ScenarioComparison::from).collect(),
        }
    }
}

impl From<app::Comparison> for ScenarioComparison {
    fn from(comparison: app::Comparison) -> Self {
        let money = |units| Money::of_units(units, comparison.currency);
        Self {
            actual: money(comparison.actual),
            cost: money(comparison.cost()),
            ai_cost: money(comparison.ai),
            human_cost: money(comparison.human),
            difference: money(comparison.difference()),
            difference_percent: comparison.percent().map(Decimal::from),
        }
    }
}
