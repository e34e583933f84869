//! The fast solution of mutual services against a slow and straightforward one: elimination over whole numbers, and a split by every weight.

use num_bigint::{BigInt, BigUint};
use num_traits::{One, Zero};
use proptest::prelude::*;

use super::equations::{Consumption, Solution, closed_loop, solve};
use super::net_split::net_split;
use crate::domain::money::{Part, split};

/// Adjugate and determinant by fraction-free Gauss-Jordan (Bareiss); `None` of a singular matrix.
fn slow_inverse(consumption: &Consumption) -> Option<(Vec<Vec<BigUint>>, BigUint)> {
    let size = consumption.by_services.len();
    let mut rows: Vec<Vec<BigInt>> = Vec::new();
    for (service, (services, receivers)) in consumption.by_services.iter().zip(&consumption.by_receivers).enumerate() {
        let total: BigUint = services.iter().chain(receivers).sum();
        let mut row: Vec<BigInt> = services.iter().map(|units| -BigInt::from(units.clone())).collect();
        row[service] = total.into();
        row.extend((0..size).map(|column| BigInt::from(u8::from(column == service))));
        rows.push(row);
    }
    let mut before = BigInt::one();
    for step in 0..size {
        let pivot_row = rows[step].clone();
        if pivot_row[step].is_zero() {
            return None;
        }
        for (_, row) in rows.iter_mut().enumerate().filter(|(position, _)| *position != step) {
            let factor = row[step].clone();
            for (cell, above) in row.iter_mut().zip(&pivot_row) {
                *cell = (&pivot_row[step] * &*cell - &factor * above) / &before;
            }
        }
        before = pivot_row[step].clone();
    }
    let adjugate = rows.into_iter().map(|row| row[size..].iter().map(|cell| cell.magnitude().clone()).collect()).collect();
    Some((adjugate, before.magnitude().clone()))
}

/// Every receiver's part by the weights of the slow solution, with the positions of those that have one.
fn slow_split(consumption: &Consumption, row: &[BigUint], pool: i64) -> Vec<(usize, Part)> {
    let width = consumption.by_receivers.first().map_or(0, Vec::len);
    let weight = |receiver: usize| row.iter().zip(&consumption.by_receivers).map(|(factor, units)| factor * &units[receiver]).sum();
    let weights: Vec<BigUint> = (0..width).map(weight).collect();
    let parts = split(pool, &weights).unwrap().into_iter().enumerate();
    parts.filter(|(receiver, _)| !weights[*receiver].is_zero()).collect()
}

fn consumption(services: usize, units: &[Vec<u64>]) -> Consumption {
    let cell = |row: usize, column: usize, units: u64| if row == column { BigUint::zero() } else { BigUint::from(units) };
    let row = |(row, units): (usize, &Vec<u64>)| -> Vec<BigUint> {
        units.iter().enumerate().map(|(column, units)| cell(row, column, *units)).collect()
    };
    let mut by_services: Vec<Vec<BigUint>> = units.iter().enumerate().map(row).collect();
    let by_receivers = by_services.iter_mut().map(|row| row.split_off(services)).collect();
    Consumption { by_services, by_receivers }
}

fn check(consumption: &Consumption, pools: &[i64]) -> Option<Solution> {
    let slow = slow_inverse(consumption);
    let solution = solve(consumption.clone());
    assert_eq!(solution.is_some(), slow.is_some(), "refused exactly where the matrix is singular");
    assert_eq!(slow.is_none(), !closed_loop(consumption).is_empty(), "which is where there is a closed loop");
    let (solution, (adjugate, determinant)) = (solution?, slow?);
    assert_eq!(solution.determinant(), &determinant);
    for (service, row) in adjugate.iter().enumerate() {
        assert_eq!(solution.row(service), row);
        for pool in pools {
            let found: Vec<(usize, Part)> = net_split(&solution, service, *pool).into_iter().map(|net| (net.receiver, net.part)).collect();
            assert_eq!(found, slow_split(consumption, row, *pool), "service {service}, pool {pool}");
        }
    }
    Some(solution)
}

/// Units that are often zero, often the same, and sometimes as large as drivers get.
fn unit() -> impl Strategy<Value = u64> {
    prop_oneof![3 => Just(0_u64), 3 => 1..4_u64, 2 => 1..100_000_u64, 1 => (u64::MAX - 3)..=u64::MAX]
}

fn world(services: std::ops::Range<usize>, receivers: std::ops::Range<usize>) -> impl Strategy<Value = (usize, Vec<Vec<u64>>)> {
    (services, receivers).prop_flat_map(|(services, receivers)| {
        let row = proptest::collection::vec(unit(), services + receivers);
        (Just(services), proptest::collection::vec(row, services))
    })
}

proptest! {
    #[test]
    fn small_worlds_come_out_as_by_the_slow_solution((services, units) in world(1..6, 0..7), pool in any::<i64>(), few in -40..40_i64) {
        check(&consumption(services, &units), &[pool, few, 1, -1, 0, i64::MIN, i64::MAX]);
    }
}

/// A multiplicative generator: the same worlds every time.
fn generated(services: usize, receivers: usize, below: u64, seed: u64) -> Consumption {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(48_271) % 2_147_483_647;
        state % below
    };
    let units: Vec<Vec<u64>> = (0..services).map(|_| (0..services + receivers).map(|_| next()).collect()).collect();
    consumption(services, &units)
}

#[test]
fn thirty_mutual_services_come_out_as_by_the_slow_solution() {
    let solution = check(&generated(30, 40, 100_000, 7), &[123_456_789_012_345, -999]).unwrap();
    assert!(solution.determinant().bits() > 500);
    // Few different quantities: most receivers have a twin, and remainders are equal all the time.
    check(&generated(30, 200, 2, 11), &[1_000_003, 100, 7]).unwrap();
}

#[test]
fn units_that_do_not_fit_a_word_are_split_by_their_weights() {
    let mut large = generated(4, 9, 50, 3);
    large.by_receivers[1][2] = BigUint::one() << 100;
    check(&large, &[1_000_000_007, -5]).unwrap();
}

/// Remainders that only the exact weights tell apart: two receivers differ in the last of very many units, and one unit is left over.
#[test]
fn remainders_too_close_to_tell_are_compared_exactly() {
    let half = u64::MAX / 2;
    for (first, second, extra) in [(half, half, 0), (half + 1, half, 0), (half, half + 1, 1)] {
        let solution = check(&consumption(1, &[vec![0, first, second]]), &[1, 3, 99]).unwrap();
        let parts = net_split(&solution, 0, 1);
        assert!(parts[extra].part.has_extra_unit, "{first} {second}");
    }
}

#[test]
fn a_ring_that_passes_nearly_everything_on_is_solved() {
    // Each of three services gives all to the next but for one unit of 10^12 of the last one: cost goes round a trillion times.
    let most = 1_000_000_000_000 - 1;
    let units = [vec![0, most, 0, 0], vec![0, 0, most, 0], vec![most, 0, 0, 1]];
    check(&consumption(3, &units), &[i64::MAX, -17]).unwrap();
    let closed = [vec![0, most, 0, 0], vec![0, 0, most, 0], vec![most, 0, 0, 0]];
    assert!(check(&consumption(3, &closed), &[1]).is_none());
}
