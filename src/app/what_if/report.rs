//! The answer: each scenario beside the actuals, whole and by group.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::{Cause, CauseKey, Ground, ScenarioSums, Sums, Tally};
use crate::app::AppError;
use crate::app::masters::Masters;
use crate::app::reports::MOST_ROWS;
use crate::domain::ids::{AccountId, NameId};
use crate::domain::money::{Currency, Exact};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::SpendDimension;

/// Reasons that are told of one scenario; `Reason` counts are complete in the sums.
const MOST_REASONS: usize = 20;

/// Scenarios beside what the same charges cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatIfReport {
    /// Booked or waiting for a price; reversed ones are left out.
    pub charges: u64,
    pub reversed: u64,
    /// Waiting for a price in the books: they are not in the actual cost.
    pub unpriced: u64,
    /// In the order asked for.
    pub scenarios: Vec<ScenarioReport>,
}

/// One scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioReport {
    pub name: String,
    pub total: Group,
    /// In the order of keys; empty without a dimension.
    pub groups: Vec<Group>,
    /// The most frequent first, at most twenty.
    pub reasons: Vec<Reason>,
}

/// Sums of one key of the dimension, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `None` for the total, and for charges without the dimension.
    pub key: Option<String>,
    pub charges: u64,
    /// Touched by a change; the others are carried over as they were booked.
    pub changed: u64,
    /// Without a price: the cost of these is missing, so it is incomplete.
    pub unpriced: u64,
    /// Meant for batch and without a batch price: they stay in the cost as they were.
    pub unbatched: u64,
    /// Of people; below zero when they are saved. Six decimals, rounded half to even.
    pub hours: Exact,
    /// In the order of currencies.
    pub comparisons: Vec<Comparison>,
}

/// Costs in one currency, in ledger units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    pub currency: Currency,
    pub actual: i128,
    pub ai: i128,
    pub human: i128,
}

/// Why charges of one model could not be priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub provider: String,
    /// As the charges name it.
    pub model: String,
    pub charges: u64,
    /// Whether they stay in the cost, only not as batch.
    pub is_kept: bool,
    /// That of the first of them.
    pub reason: String,
}

impl Comparison {
    /// AI and people together.
    pub fn cost(&self) -> i128 {
        self.ai.saturating_add(self.human)
    }

    /// Scenario less actual: below zero it is cheaper.
    pub fn difference(&self) -> i128 {
        self.cost().saturating_sub(self.actual)
    }

    /// The difference in percent of the actual cost, two decimals, rounded half to even; `None` of nothing.
    pub fn percent(&self) -> Option<Exact> {
        let (whole, part) = (self.actual.unsigned_abs(), self.difference().checked_mul(10_000)?);
        let whole = i128::try_from(whole).ok().filter(|whole| *whole > 0)?;
        let (quotient, rest) = (part.div_euclid(whole), part.rem_euclid(whole));
        let up = match rest.cmp(&(whole - rest)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => quotient % 2 != 0,
        };
        Some(Exact::new(quotient + i128::from(up), 2))
    }
}

impl Group {
    /// Whether every charge has a cost, in the way the scenario asks for.
    pub fn is_complete(&self) -> bool {
        self.unpriced == 0 && self.unbatched == 0
    }

    fn new(key: Option<String>, sums: &Sums, own: &ScenarioSums) -> Self {
        let currencies: BTreeSet<Currency> = sums.actual.keys().chain(own.ai.keys()).chain(own.human.keys()).copied().collect();
        let of = |sums: &BTreeMap<Currency, i128>, currency: Currency| sums.get(&currency).copied().unwrap_or(0);
        let comparison = |currency| Comparison {
            currency,
            actual: of(&sums.actual, currency),
            ai: of(&own.ai, currency),
            human: of(&own.human, currency),
        };
        Self {
            key,
            charges: sums.charges,
            changed: own.changed,
            unpriced: own.unpriced,
            unbatched: own.unbatched,
            hours: hours(own.minutes),
            comparisons: currencies.into_iter().map(comparison).collect(),
        }
    }
}

/// A sixtieth of the minutes. Six decimals of it are six of a sixtieth of a millionth; the rest is rounded half to even.
fn hours(minutes: Option<Exact>) -> Exact {
    let millionths = minutes.and_then(|minutes| minutes.checked_mul(Exact::new(1_000_000, 0))?.round_half_even(0));
    let rounded = millionths.and_then(|millionths| crate::domain::money::share(millionths, 1, 60)).unwrap_or(0);
    Exact::new(i128::from(rounded), 6).normalized()
}

impl WhatIfReport {
    /// # Errors
    /// `RANGE_TOO_LARGE` with more groups than a report has rows, `LEDGER_OVERFLOW`.
    pub(super) fn new(ground: &Ground, tally: Tally, masters: &Masters) -> Result<Self, AppError> {
        if tally.groups.len() > MOST_ROWS {
            return Err(Rejection::of(Code::RangeTooLarge).into());
        }
        let mut total = Sums::of(ground.scenarios.len());
        let mut keyed = Vec::with_capacity(tally.groups.len());
        for (id, sums) in tally.groups {
            total.add(sums.clone())?;
            if let Some(dimension) = ground.group_by {
                keyed.push((key_of(ground, masters, dimension, id), sums));
            }
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        let scenario = |((position, prepared), causes): ((usize, &crate::domain::what_if::Prepared), _)| {
            let group = |key: Option<String>, sums: &Sums| Some(Group::new(key, sums, sums.scenarios.get(position)?));
            Some(ScenarioReport {
                name: prepared.scenario.name.clone(),
                total: group(None, &total)?,
                groups: keyed.iter().filter_map(|(key, sums)| group(key.clone(), sums)).collect(),
                reasons: reasons(ground, causes),
            })
        };
        let scenarios = ground.scenarios.iter().enumerate().zip(tally.causes).filter_map(scenario).collect();
        Ok(Self { charges: total.charges, reversed: tally.reversed, unpriced: total.unpriced, scenarios })
    }
}

fn key_of(ground: &Ground, masters: &Masters, dimension: SpendDimension, id: i64) -> Option<String> {
    let id = i32::try_from(id).ok()?;
    match dimension {
        SpendDimension::Account => masters.account_by_id(AccountId(id)).map(|account| account.code.clone()),
        SpendDimension::Team | SpendDimension::Project | SpendDimension::Client => {
            masters.center_by_id(NameId(id)).map(|center| center.code.clone())
        }
        SpendDimension::Provider | SpendDimension::Model | SpendDimension::Feature | SpendDimension::Environment => {
            ground.names.get(&NameId(id)).cloned()
        }
    }
}

fn reasons(ground: &Ground, causes: BTreeMap<CauseKey, Cause>) -> Vec<Reason> {
    let name = |id: NameId| ground.names.get(&id).cloned().unwrap_or_default();
    let reason = |((provider, model, is_kept), cause): (CauseKey, Cause)| Reason {
        provider: name(provider),
        model: name(model),
        charges: cause.charges,
        is_kept,
        reason: cause.reason,
    };
    let mut reasons: Vec<Reason> = causes.into_iter().map(reason).collect();
    reasons.sort_by(|a, b| {
        b.charges.cmp(&a.charges).then_with(|| (&a.provider, &a.model, a.is_kept).cmp(&(&b.provider, &b.model, b.is_kept)))
    });
    reasons.truncate(MOST_REASONS);
    reasons
}
