//! What a run answers with.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};

use super::Center;
use crate::domain::chart::CodingBlock;
use crate::domain::ids::AccountId;
use crate::domain::money::{Currency, Exact};

/// An exact fraction in lowest terms; the denominator is above zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fraction {
    numerator: BigInt,
    denominator: BigUint,
}

impl Fraction {
    /// `None` when the denominator is zero.
    pub fn new(numerator: BigInt, denominator: BigUint) -> Option<Self> {
        if denominator.is_zero() {
            return None;
        }
        let common = numerator.magnitude().gcd(&denominator);
        Some(Self { numerator: numerator / BigInt::from(common.clone()), denominator: denominator / common })
    }

    pub fn is_zero(&self) -> bool {
        self.numerator.is_zero()
    }

    /// The decimal with `scale` digits after the point; halves go to the even neighbour.
    pub fn rounded(&self, scale: u32) -> String {
        let scaled = self.numerator.magnitude() * BigUint::from(10_u32).pow(scale);
        let (mut quotient, remainder) = scaled.div_rem(&self.denominator);
        let twice = remainder * 2_u32;
        if twice > self.denominator || (twice == self.denominator && quotient.is_odd()) {
            quotient += 1_u32;
        }
        let width = usize::try_from(scale).unwrap_or(0);
        let digits = format!("{quotient:0>width$}", width = width + 1);
        let (whole, fraction) = digits.split_at(digits.len() - width);
        let fraction = fraction.trim_end_matches('0');
        let sign = if self.numerator.is_negative() && !quotient.is_zero() { "-" } else { "" };
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// The fraction of a value, such as a share of a pool in ledger units.
    #[must_use]
    pub fn times(&self, value: &BigInt) -> Self {
        Self::new(&self.numerator * value, self.denominator.clone()).unwrap_or_else(|| self.clone())
    }

    /// A whole number.
    pub fn whole(units: i64) -> Self {
        Self { numerator: BigInt::from(units), denominator: BigUint::from(1_u32) }
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let over = |one: &Self, by: &BigUint| &one.numerator * BigInt::from(by.clone());
        let numerator = over(self, &other.denominator) + over(other, &self.denominator);
        Self::new(numerator, &self.denominator * &other.denominator).unwrap_or_else(|| self.clone())
    }

    /// This part of `of` parts: the product with `part / of`. `None` when `of` is zero.
    pub fn part(&self, part: i64, of: i64) -> Option<Self> {
        let sign = if of < 0 { -1 } else { 1 };
        Self::new(&self.numerator * part * sign, &self.denominator * of.unsigned_abs())
    }

    /// The same divided by a power of ten, such as ledger units in units of the currency.
    #[must_use]
    pub fn shifted(&self, scale: u32) -> Self {
        Self::new(self.numerator.clone(), &self.denominator * BigUint::from(10_u32).pow(scale)).unwrap_or_else(|| self.clone())
    }

    /// The nearest whole number; halves go to the even neighbour. `None` when it does not fit.
    pub fn round_half_even(&self) -> Option<i64> {
        let (quotient, remainder) = self.numerator.magnitude().div_rem(&self.denominator);
        let twice = remainder * 2_u32;
        let up = twice > self.denominator || (twice == self.denominator && quotient.is_odd());
        let magnitude = (quotient + u32::from(up)).to_i64()?;
        if self.numerator.is_negative() { magnitude.checked_neg() } else { Some(magnitude) }
    }
}

impl std::fmt::Display for Fraction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.numerator, self.denominator)
    }
}

/// Everything a run decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In the order in which they were spread.
    pub pools: Vec<PoolOutcome>,
}

/// One pool in one currency, and who received what of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOutcome {
    /// Position of the rule in the input.
    pub rule: usize,
    /// Counts the pools of the run's steps from 1; the currencies and accounts of one pool share it.
    pub step: u32,
    /// The center that gives; `None` for a pool over several.
    pub from: Option<Center>,
    /// The account that the cost stays in, where the rule keeps it.
    pub account: Option<AccountId>,
    pub currency: Currency,
    /// What was in the pool, in ledger units; below zero for a credit.
    pub pool: i64,
    /// What the receivers got in all.
    pub allocated: i64,
    pub driver: Option<String>,
    pub driver_total: Option<Exact>,
    /// What the parts' weights are fractions of.
    pub total_weight: BigUint,
    pub parts: Vec<PoolPart>,
    /// What is posted: debits above zero, credits below. They sum to zero.
    pub transfer: Vec<(CodingBlock, i64)>,
    /// Reciprocal: the cost with what other service centers gave, in ledger units.
    pub gross: Option<Fraction>,
    /// Reciprocal: what goes to whom before netting, service centers included.
    pub flows: Vec<Flow>,
}

impl PoolOutcome {
    /// What the sender keeps: below zero (of a pool above zero) when rates charged more than there was.
    pub fn retained(&self) -> i128 {
        i128::from(self.pool) - i128::from(self.allocated)
    }

    /// The exact fraction of the pool that a part is; `None` of an empty pool.
    pub fn share(&self, part: &PoolPart) -> Option<Fraction> {
        Fraction::new(BigInt::from(part.weight.clone()), self.total_weight.clone())
    }

    /// The part before rounding, in ledger units.
    pub fn unrounded(&self, part: &PoolPart) -> Option<Fraction> {
        // Rates charge whoever used the service, also for a pool that holds a credit.
        let pool = if part.units > 0 { BigInt::from(self.pool.unsigned_abs()) } else { BigInt::from(self.pool) };
        self.share(part).map(|share| share.times(&pool))
    }
}

/// What one receiver got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolPart {
    /// `None` where a reclassification leaves the cost with several centers.
    pub to: Option<Center>,
    /// The receiver's quantity of the driver.
    pub quantity: Option<Exact>,
    pub weight: BigUint,
    /// In ledger units, with the sign of the pool.
    pub units: i64,
    /// Whether it holds one of the units that rounding down left over.
    pub has_extra_unit: bool,
}

/// A flow of the reciprocal solution, in ledger units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    pub to: Center,
    pub amount: Fraction,
}
