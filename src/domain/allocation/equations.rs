//! The reciprocal method: service centers that serve each other, solved together in exact fractions.
//!
//! With `w[i][j]` units of service `i` used by `j` and `T[i]` all units that others used, `x[i] = c[i] + sum x[k] w[k][i] / T[k]`. Instead of
//! grossing costs up, each center's own cost goes to the operating receivers by the rows of `M^-1 W`, where `M = diag(T) - W` over service
//! centers and `W` on the right holds what operating receivers used. Rows of `M` hold whole numbers, so the inverse is computed without
//! fractions (Bareiss, Gauss-Jordan) as adjugate over determinant; both are at or above zero, because `M` is an M-matrix.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Zero};

use super::outcome::Fraction;

/// Whole-number consumption of services.
pub struct Consumption {
    /// Units of service `i` used by service `j`; the diagonal is zero.
    pub by_services: Vec<Vec<BigUint>>,
    /// Units of service `i` used by operating receiver `o`.
    pub by_receivers: Vec<Vec<BigUint>>,
}

/// The exact solution.
#[derive(Debug)]
pub struct Solution {
    /// For each service, weights over the operating receivers: what its own cost goes to. They sum to the determinant.
    pub net: Vec<Vec<BigUint>>,
    /// The inverse times the determinant.
    adjugate: Vec<Vec<BigInt>>,
    determinant: BigUint,
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

/// Solves consumption without a closed loop; `None` when there is one.
pub fn solve(consumption: &Consumption) -> Option<Solution> {
    let (adjugate, determinant) = inverse(matrix(consumption))?;
    let net = adjugate
        .iter()
        .map(|row| {
            let width = consumption.by_receivers.first().map_or(0, Vec::len);
            let mut weights = vec![BigUint::zero(); width];
            for (factor, units) in row.iter().zip(&consumption.by_receivers) {
                for (weight, units) in weights.iter_mut().zip(units).filter(|(_, units)| !units.is_zero()) {
                    *weight += factor.magnitude() * units;
                }
            }
            weights
        })
        .collect();
    Some(Solution { net, adjugate, determinant })
}

impl Consumption {
    /// Takes the common factor out of the consumption of each service: the fractions stay, the numbers shrink.
    #[must_use]
    pub fn reduced(mut self) -> Self {
        for (services, receivers) in self.by_services.iter_mut().zip(&mut self.by_receivers) {
            let common = services.iter().chain(receivers.iter()).fold(BigUint::zero(), |common, units| common.gcd(units));
            if common > BigUint::one() {
                services.iter_mut().chain(receivers).for_each(|units| *units /= &common);
            }
        }
        self
    }
}

/// `diag(T) - W` over the services.
fn matrix(consumption: &Consumption) -> Vec<Vec<BigInt>> {
    let rows = consumption.by_services.iter().zip(&consumption.by_receivers).enumerate();
    rows.map(|(service, (services, receivers))| {
        let total: BigUint = services.iter().chain(receivers).sum();
        let cell = |(column, units): (usize, &BigUint)| {
            if column == service { BigInt::from(total.clone()) } else { -BigInt::from(units.clone()) }
        };
        services.iter().enumerate().map(cell).collect()
    })
    .collect()
}

/// Adjugate and determinant of an M-matrix; `None` when it is singular.
///
/// Fraction-free Gauss-Jordan on the matrix beside the identity: after step `k`, every entry is a minor of the matrix, so each division by the
/// pivot before is exact. Leading minors of a regular M-matrix are above zero, so no rows are exchanged.
fn inverse(mut left: Vec<Vec<BigInt>>) -> Option<(Vec<Vec<BigInt>>, BigUint)> {
    let size = left.len();
    for (position, row) in left.iter_mut().enumerate() {
        row.extend((0..size).map(|column| BigInt::from(u8::from(column == position))));
    }
    let mut before = BigInt::one();
    for step in 0..size {
        let pivot_row = left.get(step)?.clone();
        let pivot = pivot_row.get(step)?.clone();
        if pivot.is_zero() {
            return None;
        }
        // Columns left of the step, and those of the identity that are not reached yet, hold pivots and zeros alone.
        let live = step + 1..size + step + 1;
        for (position, row) in left.iter_mut().enumerate().filter(|(position, _)| *position != step) {
            let factor = row.get(step)?.clone();
            for column in live.clone() {
                let (cell, above) = (row.get_mut(column)?, pivot_row.get(column)?);
                *cell = if factor.is_zero() || above.is_zero() {
                    &pivot * &*cell / &before
                } else {
                    (&pivot * &*cell - &factor * above) / &before
                };
            }
            // The row's own cells of the matrix (solved) or of the identity (not yet reached) hold the latest pivot.
            let own = if position < step { position } else { size + position };
            *row.get_mut(own)? = pivot.clone();
            *row.get_mut(step)? = BigInt::zero();
        }
        before = pivot;
    }
    let adjugate = left.into_iter().map(|mut row| row.split_off(size)).collect();
    Some((adjugate, before.magnitude().clone()))
}

impl Solution {
    /// The denominator of every weight in `net`.
    pub fn determinant(&self) -> &BigUint {
        &self.determinant
    }

    /// For each service, what one of its units bears, times the determinant, when the services' own costs are these.
    fn unit_costs(&self, own: &[i64]) -> Vec<BigInt> {
        (0..own.len())
            .map(|service| {
                let rows = self.adjugate.iter().zip(own);
                rows.filter_map(|(row, cost)| row.get(service).map(|cell| cell * *cost)).sum()
            })
            .collect()
    }

    /// What each service gives to every service and receiver before netting, and its gross cost, in ledger units.
    pub fn flows(&self, own: &[i64], consumption: &Consumption) -> Vec<GrossFlows> {
        let unit_costs = self.unit_costs(own);
        let rows = consumption.by_services.iter().zip(&consumption.by_receivers).zip(unit_costs);
        rows.map(|((services, receivers), unit_cost)| {
            let flow = |units: &BigUint| Fraction::new(&unit_cost * BigInt::from(units.clone()), self.determinant.clone());
            let total: BigUint = services.iter().chain(receivers.iter()).sum();
            GrossFlows {
                gross: flow(&total),
                to_services: services.iter().map(flow).collect(),
                to_receivers: receivers.iter().map(flow).collect(),
            }
        })
        .collect()
    }
}

/// What one service gives before netting.
#[derive(Debug)]
pub struct GrossFlows {
    pub gross: Option<Fraction>,
    pub to_services: Vec<Option<Fraction>>,
    pub to_receivers: Vec<Option<Fraction>>,
}
