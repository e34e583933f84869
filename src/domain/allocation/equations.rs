//! The reciprocal method: service centers that serve each other, solved together in exact fractions.
//!
//! With `w[i][j]` units of service `i` used by `j` and `T[i]` all units that others used, `x[i] = c[i] + sum x[k] w[k][i] / T[k]`. Instead of
//! grossing costs up, each center's own cost goes to the operating receivers by the rows of `M^-1 W`, where `M = diag(T) - W` over service
//! centers and `W` on the right holds what operating receivers used. `M` holds whole numbers, so its inverse is kept as adjugate over
//! determinant; both are at or above zero, because `M` is an M-matrix. Nothing is reduced: everything has the one determinant below it.
//!
//! The weights of the receivers, `adjugate * W`, have as many digits as the determinant, and there is one for each service and receiver. They
//! are not kept: a split finds its parts by bounds (`net_split.rs`), and a weight is computed when somebody looks at it.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Zero};

use super::fraction::Fraction;
use super::modular::{Matrix, adjugate};
use super::net_split::SmallUnits;

/// Whole-number consumption of services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumption {
    /// Units of service `i` used by service `j`; the diagonal is zero.
    pub by_services: Vec<Vec<BigUint>>,
    /// Units of service `i` used by operating receiver `o`.
    pub by_receivers: Vec<Vec<BigUint>>,
}

/// The exact solution.
#[derive(Debug, PartialEq, Eq)]
pub struct Solution {
    consumption: Consumption,
    /// The inverse times the determinant.
    adjugate: Vec<Vec<BigUint>>,
    determinant: BigUint,
    /// What receivers used, where all of it fits a word.
    small: Option<SmallUnits>,
}

/// Services from which nothing reaches an operating receiver: they would pass their cost round for ever.
pub fn closed_loop(consumption: &Consumption) -> Vec<usize> {
    let is_used = |units: &BigUint| !units.is_zero();
    let mut reaches: Vec<bool> = consumption.by_receivers.iter().map(|units| units.iter().any(is_used)).collect();
    loop {
        let more: Vec<usize> = consumption
            .by_services
            .iter()
            .enumerate()
            .filter(|(service, units)| {
                let through = units.iter().zip(&reaches).any(|(units, reaches)| *reaches && is_used(units));
                through && !reaches.get(*service).copied().unwrap_or(true)
            })
            .map(|(service, _)| service)
            .collect();
        if more.is_empty() {
            break;
        }
        for service in more {
            if let Some(reached) = reaches.get_mut(service) {
                *reached = true;
            }
        }
    }
    reaches.iter().enumerate().filter(|(_, reaches)| !**reaches).map(|(service, _)| service).collect()
}

/// Solves consumption; `None` when there is a closed loop.
pub fn solve(consumption: Consumption) -> Option<Solution> {
    // With a way from every service to a receiver, the matrix is a regular M-matrix, and all its leading minors are above zero.
    if !closed_loop(&consumption).is_empty() {
        return None;
    }
    let diagonal: Vec<BigUint> = (0..consumption.by_services.len()).filter_map(|service| consumption.total(service)).collect();
    let (adjugate, determinant) = adjugate(&Matrix { diagonal: &diagonal, beside: &consumption.by_services });
    let small = SmallUnits::of(&consumption.by_receivers);
    Some(Solution { consumption, adjugate, determinant, small })
}

impl Consumption {
    /// Takes the common factor out of the consumption of each service: the fractions stay, the numbers shrink.
    #[must_use]
    pub fn reduced(mut self) -> Self {
        for (services, receivers) in self.by_services.iter_mut().zip(&mut self.by_receivers) {
            let common = services
                .iter()
                .chain(receivers.iter())
                .fold(BigUint::zero(), |common, units| if common.is_one() { common } else { common.gcd(units) });
            if common > BigUint::one() {
                services.iter_mut().chain(receivers).for_each(|units| *units /= &common);
            }
        }
        self
    }

    /// All units of a service that others used.
    fn total(&self, service: usize) -> Option<BigUint> {
        let (services, receivers) = (self.by_services.get(service)?, self.by_receivers.get(service)?);
        Some(services.iter().chain(receivers).sum())
    }
}

impl Solution {
    /// What the weights of a service over the receivers sum to.
    pub fn determinant(&self) -> &BigUint {
        &self.determinant
    }

    /// What the receivers used of each service.
    pub(super) fn by_receivers(&self) -> &[Vec<BigUint>] {
        &self.consumption.by_receivers
    }

    pub(super) fn small_units(&self) -> Option<&SmallUnits> {
        self.small.as_ref()
    }

    /// A service's row of the inverse, times the determinant.
    pub(super) fn row(&self, service: usize) -> &[BigUint] {
        self.adjugate.get(service).map_or(&[], Vec::as_slice)
    }

    /// The part of a service's own cost that a receiver bears, times the determinant.
    pub fn weight(&self, service: usize, receiver: usize) -> BigUint {
        let used = self.consumption.by_receivers.iter().map(|units| units.get(receiver).filter(|units| !units.is_zero()));
        let terms = self.row(service).iter().zip(used).filter_map(|(factor, units)| Some(factor * units?));
        terms.sum()
    }

    /// For each service, what one of its units bears, times the determinant, when the services' own costs are these.
    pub fn unit_costs(&self, own: &[i64]) -> Vec<BigInt> {
        let mut costs = vec![BigInt::zero(); own.len()];
        for (row, own) in self.adjugate.iter().zip(own).filter(|(_, own)| **own != 0) {
            for (cost, cell) in costs.iter_mut().zip(row) {
                *cost += BigInt::from(cell * own.unsigned_abs()) * own.signum();
            }
        }
        costs
    }

    /// What a service costs with what other services gave, in ledger units, when one of its units bears this, times the determinant.
    pub fn gross(&self, service: usize, unit_cost: &BigInt) -> Option<Fraction> {
        let total = self.consumption.total(service)?;
        Fraction::as_given(unit_cost * BigInt::from(total), self.determinant.clone())
    }

    /// What a service gives to every service, and then to every receiver, before netting, in ledger units.
    pub fn flows(&self, service: usize, unit_cost: &BigInt) -> impl Iterator<Item = Option<Fraction>> {
        let to_services = self.consumption.by_services.get(service).into_iter().flatten();
        let used = to_services.chain(self.consumption.by_receivers.get(service).into_iter().flatten());
        used.map(move |units| Fraction::as_given(unit_cost * BigInt::from(units.clone()), self.determinant.clone()))
    }
}
