//! What a run answers with.

use std::sync::Arc;

use num_bigint::{BigInt, BigUint};
use num_traits::Zero;

use super::Center;
use super::equations::Solution;
use super::fraction::Fraction;
use crate::domain::chart::CodingBlock;
use crate::domain::ids::AccountId;
use crate::domain::money::{Currency, Exact};

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
    /// Over whom and by what. Pools that are spread alike share it.
    pub basis: Arc<Basis>,
    pub parts: Vec<PoolPart>,
    /// What is posted: debits above zero, credits below. They sum to zero.
    pub transfer: Vec<(CodingBlock, i64)>,
    /// Reciprocal: what the service costs and gives before netting.
    pub gross: Option<Gross>,
}

impl PoolOutcome {
    /// What the sender keeps: below zero (of a pool above zero) when rates charged more than there was.
    pub fn retained(&self) -> i128 {
        i128::from(self.pool) - i128::from(self.allocated)
    }

    /// Who received a part; `None` where a reclassification leaves the cost with several centers.
    pub fn to(&self, part: &PoolPart) -> Option<&Center> {
        self.basis.receivers.get(part.receiver)?.to.as_ref()
    }

    /// The receiver's quantity of the driver.
    pub fn quantity(&self, part: &PoolPart) -> Option<Exact> {
        self.basis.receivers.get(part.receiver)?.quantity
    }

    /// The exact fraction of the pool that a part is; `None` of an empty pool.
    pub fn share(&self, part: &PoolPart) -> Option<Fraction> {
        let (weight, total) = self.basis.weights.of(part.receiver);
        Fraction::as_given(BigInt::from(weight), total.clone())
    }

    /// The part before rounding, in ledger units.
    pub fn unrounded(&self, part: &PoolPart) -> Option<Fraction> {
        // Rates charge whoever used the service, also for a pool that holds a credit.
        let pool = if part.units > 0 { BigInt::from(self.pool.unsigned_abs()) } else { BigInt::from(self.pool) };
        self.share(part).map(|share| share.times(&pool))
    }
}

/// Over whom a pool was spread, and by what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Basis {
    pub driver: Option<String>,
    pub driver_total: Option<Exact>,
    pub receivers: Vec<Receiving>,
    pub weights: Weights,
}

/// Somebody over whom a pool was spread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiving {
    /// `None` where a reclassification leaves the cost with several centers.
    pub to: Option<Center>,
    /// The receiver's quantity of the driver.
    pub quantity: Option<Exact>,
}

/// Whole numbers in whose proportion a pool was spread, in the order of the receivers. A receiver without one has zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weights {
    Listed {
        weights: Vec<BigUint>,
        /// What they are fractions of: more than their sum where the sender keeps a part.
        total: BigUint,
    },
    /// Those of a service of reciprocal equations, computed when they are asked for.
    Solved { solution: Arc<Solution>, service: usize },
}

impl Default for Weights {
    fn default() -> Self {
        Self::Listed { weights: Vec::new(), total: BigUint::zero() }
    }
}

impl Weights {
    /// The weight of a receiver, and what it is a fraction of.
    fn of(&self, receiver: usize) -> (BigUint, &BigUint) {
        match self {
            Self::Listed { weights, total } => (weights.get(receiver).cloned().unwrap_or_default(), total),
            Self::Solved { solution, service } => (solution.weight(*service, receiver), solution.determinant()),
        }
    }
}

/// What one receiver got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolPart {
    /// Position of the receiver in the pool's basis.
    pub receiver: usize,
    /// In ledger units, with the sign of the pool.
    pub units: i64,
    /// Whether it holds one of the units that rounding down left over.
    pub has_extra_unit: bool,
}

/// What a service center of the reciprocal method costs and gives before netting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gross {
    pub(super) solution: Arc<Solution>,
    pub(super) service: usize,
    /// What one unit of the service bears, times the determinant.
    pub(super) unit_cost: BigInt,
    /// Service centers, then receivers.
    pub(super) centers: Arc<[Center]>,
}

impl Gross {
    /// The cost with what other service centers gave, in ledger units.
    pub fn amount(&self) -> Option<Fraction> {
        self.solution.gross(self.service, &self.unit_cost)
    }

    /// What goes to whom, service centers included.
    pub fn flows(&self) -> impl Iterator<Item = Flow> {
        let flows = self.centers.iter().zip(self.solution.flows(self.service, &self.unit_cost));
        flows.filter_map(|(to, amount)| Some(Flow { to: to.clone(), amount: amount? })).filter(|flow| !flow.amount.is_zero())
    }
}

/// A flow of the reciprocal solution, in ledger units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    pub to: Center,
    pub amount: Fraction,
}
