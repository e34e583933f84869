//! One pool over its receivers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use num_bigint::BigUint;
use num_traits::Zero;

use super::Center;
use super::outcome::{Basis, PoolPart, Receiving, Weights};
use super::rule::{Method, Receiver, Residual, RuleTerms, Tier, TierMode, WhenZero};
use super::weights::{Asked, Drivers, scaled, sum};
use crate::domain::money::{Currency, Exact, Part, split};
use crate::domain::rejection::{Code, Rejection};

/// A pool to spread.
pub struct ToSpread<'a> {
    pub terms: &'a RuleTerms,
    pub pool: i64,
    pub currency: Currency,
    pub drivers: &'a Drivers,
    pub excluded: &'a BTreeSet<Center>,
    pub also: &'a BTreeSet<Center>,
}

/// What became of it. The parts of a pool that nobody receives from are empty.
#[derive(Debug, Default)]
pub struct Spread {
    pub basis: Arc<Basis>,
    pub parts: Vec<PoolPart>,
}

impl Spread {
    /// One part for each receiver of a basis, in their order.
    pub fn of(basis: Basis, parts: impl IntoIterator<Item = Part>) -> Self {
        let part = |(receiver, part): (usize, Part)| PoolPart { receiver, units: part.units, has_extra_unit: part.has_extra_unit };
        let parts = parts.into_iter().take(basis.receivers.len()).enumerate().map(part).collect();
        Self { basis: Arc::new(basis), parts }
    }
}

/// Receivers before the split, with the weight of each.
#[derive(Default)]
struct Weighted {
    receivers: Vec<Receiving>,
    weights: Vec<BigUint>,
}

impl Weighted {
    fn by_quantity(quantities: BTreeMap<Center, Exact>, weights: Vec<BigUint>) -> Self {
        let receiving = |(to, quantity)| Receiving { to: Some(to), quantity: Some(quantity) };
        Self { receivers: quantities.into_iter().map(receiving).collect(), weights }
    }

    /// Named receivers, whose weights are no quantities.
    fn by_name(receivers: &[Receiver], weights: Vec<BigUint>) -> Self {
        let receiving = |receiver: &Receiver| Receiving { to: Some(receiver.center.clone()), quantity: None };
        Self { receivers: receivers.iter().map(receiving).collect(), weights }
    }
}

impl ToSpread<'_> {
    /// Spreads by the rule's method.
    ///
    /// # Errors
    /// The refusals of drivers, `FIXED_AMOUNTS_EXCEED_POOL`, `AMOUNT_TOO_PRECISE`, `LEDGER_OVERFLOW`.
    pub fn spread(&self) -> Result<Spread, Rejection> {
        let receivers = &self.terms.receivers;
        match &self.terms.method {
            Method::Direct | Method::Even => self.proportional(even(receivers), None),
            Method::FixedPercent => self.by_percent(receivers),
            Method::FixedPortion => {
                let weights = scaled(&receivers.iter().map(|receiver| receiver.weight.unwrap_or(Exact::ZERO)).collect::<Vec<_>>());
                self.proportional(Weighted::by_name(receivers, weights), None)
            }
            Method::FixedAmount => self.by_amount(receivers),
            Method::Driver { driver } => self.by_driver(driver),
            Method::CostWeighted => self.by_driver("direct_cost"),
            Method::Tiered { driver, tiers, mode } => self.by_rate(driver, |quantity| tiered(tiers, *mode, quantity)),
            Method::StandardRate { driver, rate } => self.by_rate(driver, |quantity| quantity.checked_mul(*rate)),
            // These make pools of their own, and come here with a driver or not at all.
            Method::StepDown { .. } | Method::Reciprocal { .. } | Method::Reclassify { .. } => Ok(Spread::default()),
        }
    }

    /// In proportion to a driver, by the rule's policies.
    ///
    /// # Errors
    /// `DRIVER_MISSING`, `DRIVER_NEGATIVE`, `DRIVER_ZERO`, `LEDGER_OVERFLOW`.
    pub fn by_driver(&self, driver: &str) -> Result<Spread, Rejection> {
        let quantities = self.quantities(driver)?;
        let total = sum(quantities.values())?;
        let weights = scaled(&quantities.values().copied().collect::<Vec<_>>());
        self.proportional(Weighted::by_quantity(quantities, weights), Some((driver, total)))
    }

    fn quantities(&self, driver: &str) -> Result<BTreeMap<Center, Exact>, Rejection> {
        let Self { terms, currency, excluded, also, .. } = *self;
        Asked { terms, driver, currency, excluded, also }.quantities(self.drivers)
    }

    /// The whole pool, by weights; by the rule's policy where all of them are zero.
    fn proportional(&self, weighted: Weighted, driver: Option<(&str, Exact)>) -> Result<Spread, Rejection> {
        let Weighted { receivers, mut weights } = weighted;
        let mut total: BigUint = weights.iter().sum();
        let named = driver.map(|(driver, total)| (driver.to_owned(), total));
        let (driver, driver_total) = named.map_or((None, None), |(driver, total)| (Some(driver), Some(total)));
        if total.is_zero() {
            let retained = |driver| Spread { basis: Arc::new(Basis { driver, driver_total, ..Basis::default() }), parts: Vec::new() };
            match self.terms.when_zero {
                _ if self.pool == 0 => return Ok(retained(driver)),
                WhenZero::Retain => return Ok(retained(driver)),
                WhenZero::Even if !weights.is_empty() => {
                    weights = vec![BigUint::from(1_u32); weights.len()];
                    total = BigUint::from(weights.len());
                }
                WhenZero::Even | WhenZero::Refuse => return Err(no_basis(driver.as_deref())),
            }
        }
        let parts = split(self.pool, &weights).map_err(|_| no_basis(driver.as_deref()))?;
        Ok(Spread::of(Basis { driver, driver_total, receivers, weights: Weights::Listed { weights, total } }, parts))
    }

    /// Percent of the pool. The sender takes part in the split with what they leave, and is last in a tie.
    fn by_percent(&self, receivers: &[Receiver]) -> Result<Spread, Rejection> {
        let mut percents: Vec<Exact> = receivers.iter().map(|receiver| receiver.weight.unwrap_or(Exact::ZERO)).collect();
        let kept = Exact::new(100, 0).checked_sub(sum(&percents)?).filter(|kept| kept.mantissa() >= 0);
        percents.push(kept.ok_or_else(|| Rejection::of(Code::AllocationPercentInvalid).under("receivers"))?);
        let weights = scaled(&percents);
        let parts = split(self.pool, &weights).map_err(|_| no_basis(None))?;
        let total = weights.iter().sum();
        let weights = Weights::Listed { weights, total };
        Ok(Spread::of(Basis { receivers: with_weight(receivers), weights, ..Basis::default() }, parts))
    }

    /// Fixed amounts first. What is left stays with the sender, or goes to the receivers without an amount, else to all by their amounts.
    fn by_amount(&self, receivers: &[Receiver]) -> Result<Spread, Rejection> {
        let scale = self.currency.ledger_scale();
        let mut amounts = Vec::with_capacity(receivers.len());
        for (position, receiver) in receivers.iter().enumerate() {
            let refused = |code: Code| Rejection::of(code).under("weight").under(position.to_string()).under("receivers");
            let units = match receiver.weight.map(Exact::normalized) {
                Some(weight) if weight.scale() > scale => return Err(refused(Code::AmountTooPrecise)),
                Some(weight) => weight.round_half_even(scale).ok_or_else(|| refused(Code::AmountTooLarge))?.unsigned_abs(),
                None => 0,
            };
            amounts.push(units);
        }
        let magnitude = self.pool.unsigned_abs();
        let fixed: u128 = amounts.iter().map(|units| u128::from(*units)).sum();
        let Some(rest) = u128::from(magnitude).checked_sub(fixed).and_then(|rest| u64::try_from(rest).ok()) else {
            let shown = |units: u128| {
                crate::domain::money::Money::exact_of_units(i128::try_from(units).unwrap_or(i128::MAX), self.currency).to_string()
            };
            let message = format!("the amounts total {} and the pool holds {}", shown(fixed), shown(magnitude.into()));
            return Err(Rejection::at(Code::FixedAmountsExceedPool, "receivers", message));
        };
        let sharers: Vec<BigUint> = match self.terms.residual {
            Residual::Sender => Vec::new(),
            Residual::Receivers if receivers.iter().any(|receiver| receiver.weight.is_none()) => {
                receivers.iter().map(|receiver| BigUint::from(u32::from(receiver.weight.is_none()))).collect()
            }
            Residual::Receivers => amounts.iter().map(|units| BigUint::from(*units)).collect(),
        };
        let shared: BigUint = sharers.iter().sum();
        let rests = if rest == 0 || sharers.is_empty() {
            Vec::new()
        } else {
            split(i64::try_from(rest).map_err(|_| Rejection::of(Code::LedgerOverflow))?, &sharers).map_err(|_| no_basis(None))?
        };
        // A part is its amount and its fraction of the rest: over one denominator, the sharers' total.
        let unit = if shared.is_zero() { BigUint::from(1_u32) } else { shared };
        let (mut parts, mut weights) = (Vec::with_capacity(amounts.len()), Vec::with_capacity(amounts.len()));
        for (position, amount) in amounts.into_iter().enumerate() {
            let extra = rests.get(position);
            let rest_weight = sharers.get(position).map_or_else(BigUint::zero, |share| share * rest);
            weights.push(&unit * amount + rest_weight);
            let units = signed(amount.saturating_add(extra.map_or(0, |part| part.units.unsigned_abs())), self.pool);
            parts.push(Part { units, has_extra_unit: extra.is_some_and(|part| part.has_extra_unit) });
        }
        let weights = Weights::Listed { weights, total: unit * magnitude };
        Ok(Spread::of(Basis { receivers: with_weight(receivers), weights, ..Basis::default() }, parts))
    }

    /// Quantities at rates: charged as they are, each rounded once (half to even), or as weights of the whole pool.
    fn by_rate(&self, driver: &str, charge: impl Fn(Exact) -> Option<Exact>) -> Result<Spread, Rejection> {
        let quantities = self.quantities(driver)?;
        let total = sum(quantities.values())?;
        let overflow = || Rejection::of(Code::LedgerOverflow);
        let mut charges = Vec::with_capacity(quantities.len());
        for quantity in quantities.values() {
            charges.push(charge(*quantity).ok_or_else(overflow)?);
        }
        let pool = crate::domain::money::Money::exact_of_units(i128::from(self.pool).abs(), self.currency);
        let mut weights = scaled(&charges.iter().copied().chain([pool]).collect::<Vec<_>>());
        let total_weight = weights.pop().unwrap_or_default();
        let weighted = Weighted::by_quantity(quantities, weights);
        if self.terms.residual == Residual::Receivers {
            return self.proportional(weighted, Some((driver, total)));
        }
        let mut parts = Vec::with_capacity(charges.len());
        for charge in charges {
            // Whoever used the service is charged, also for a pool that holds a credit.
            let units = charge.round_half_even(self.currency.ledger_scale()).ok_or_else(overflow)?;
            parts.push(Part { units, has_extra_unit: false });
        }
        let Weighted { receivers, weights } = weighted;
        let weights = Weights::Listed { weights, total: total_weight };
        Ok(Spread::of(Basis { driver: Some(driver.to_owned()), driver_total: Some(total), receivers, weights }, parts))
    }
}

fn even(receivers: &[Receiver]) -> Weighted {
    Weighted::by_name(receivers, vec![BigUint::from(1_u32); receivers.len()])
}

/// Named receivers, whose weights are shown as quantities.
fn with_weight(receivers: &[Receiver]) -> Vec<Receiving> {
    receivers.iter().map(|receiver| Receiving { to: Some(receiver.center.clone()), quantity: receiver.weight }).collect()
}

fn signed(units: u64, pool: i64) -> i64 {
    if pool < 0 { 0_i64.saturating_sub_unsigned(units) } else { 0_i64.saturating_add_unsigned(units) }
}

fn no_basis(driver: Option<&str>) -> Rejection {
    let what = driver.map_or_else(|| "every weight".to_owned(), |driver| format!("driver {driver} of every receiver"));
    let message = format!("{what} is zero in the period: correct it, or let the rule say whenZero RETAIN or EVEN");
    Rejection::at(Code::DriverZero, "driver", message)
}

/// Quantity at tiers; `None` when it does not fit.
fn tiered(tiers: &[Tier], mode: TierMode, quantity: Exact) -> Option<Exact> {
    let within = |tier: &Tier| tier.up_to.is_none_or(|up_to| up_to.checked_sub(quantity).is_some_and(|room| room.mantissa() >= 0));
    if mode == TierMode::Volume {
        return quantity.checked_mul(tiers.iter().find(|tier| within(tier))?.rate);
    }
    let (mut charge, mut below) = (Exact::ZERO, Exact::ZERO);
    for tier in tiers {
        let reached = if within(tier) { quantity } else { tier.up_to? };
        charge = charge.checked_add(reached.checked_sub(below)?.checked_mul(tier.rate)?)?;
        below = reached;
        if within(tier) {
            return Some(charge);
        }
    }
    None
}
