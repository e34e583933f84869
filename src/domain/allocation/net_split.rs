//! The own cost of a service over the operating receivers: the largest remainder of exact weights that are never computed in full.
//!
//! A weight is `sum over k of adjugate[s][k] * units[k][o]` over the determinant, thousands of digits for a hundred mutual services. A split
//! needs only how many whole units of money each receiver gets and in which order the remainders are. So each `adjugate[s][k] / determinant`
//! is cut off after [`FRACTION`] bits, and all that is computed with these cut numbers is below the truth by less than a known error: a
//! number cut off lacks less than one unit of its last bit, and a part takes it `units * cost` times. Wherever that error could decide
//! (a remainder that may belong to the next unit, or remainders around the last one to be rounded up), the exact weight is computed and
//! decides instead. The outcome is that of `money::split` over the exact weights, to the unit and in every tie.

use std::collections::BTreeMap;

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{ToPrimitive, Zero};

use super::equations::Solution;
use crate::domain::money::{Part, split};

/// Bits of a fraction. A cost has 63 bits and a column of units at most 64 and those of the number of services, so 50 and more are left
/// over: what is too close to tell is nearly always a tie.
const FRACTION: u64 = 192;

/// A fraction below one in [`FRACTION`] bits, the highest word first, so that the derived order is that of the numbers.
type Bits = [u64; 3];

/// The units that receivers used, where each fits a word.
#[derive(Debug, PartialEq, Eq)]
pub struct SmallUnits {
    /// By service and receiver.
    rows: Vec<Vec<u64>>,
    /// The largest sum of what one receiver used of all services.
    most: u128,
    /// For each receiver the first one that used exactly the same: their weights are equal.
    twins: Vec<usize>,
}

impl SmallUnits {
    /// `None` where some units need more than a word.
    pub fn of(units: &[Vec<BigUint>]) -> Option<Self> {
        let rows: Option<Vec<Vec<u64>>> = units.iter().map(|row| row.iter().map(ToPrimitive::to_u64).collect()).collect();
        let rows = rows?;
        let width = rows.first().map_or(0, Vec::len);
        let (mut most, mut twins, mut first) = (0, Vec::with_capacity(width), BTreeMap::new());
        let mut columns: Vec<_> = rows.iter().map(|row| row.iter().copied()).collect();
        for receiver in 0..width {
            let column: Vec<u64> = columns.iter_mut().filter_map(Iterator::next).collect();
            most = most.max(column.iter().map(|units| u128::from(*units)).sum());
            twins.push(*first.entry(column).or_insert(receiver));
        }
        Some(Self { rows, most, twins })
    }
}

/// What became of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NetPart {
    pub receiver: usize,
    pub part: Part,
}

/// Splits the own cost of a service over the receivers that any of it reaches.
pub fn net_split(solution: &Solution, service: usize, pool: i64) -> Vec<NetPart> {
    let found = solution.small_units().map(|units| Bounded::of(solution, units, (service, pool)).parts());
    found.unwrap_or_else(|| by_weights(solution, service, pool))
}

/// The same by the weights themselves.
fn by_weights(solution: &Solution, service: usize, pool: i64) -> Vec<NetPart> {
    let width = solution.by_receivers().first().map_or(0, Vec::len);
    let weights: Vec<BigUint> = (0..width).map(|receiver| solution.weight(service, receiver)).collect();
    // Without weights there is nothing to give: every service of a solution reaches a receiver.
    let parts = split(pool, &weights).unwrap_or_default();
    let parts = parts.into_iter().zip(&weights).enumerate().filter(|(_, (_, weight))| !weight.is_zero());
    parts.map(|(receiver, (part, _))| NetPart { receiver, part }).collect()
}

/// A receiver's part from below.
#[derive(Debug, Clone, Copy)]
struct Lower {
    receiver: usize,
    whole: u64,
    /// Below the true remainder by less than the error.
    remainder: Bits,
}

/// A split on its way.
struct Bounded<'a> {
    solution: &'a Solution,
    units: &'a SmallUnits,
    service: usize,
    pool: i64,
    /// By how much a remainder may be too small.
    error: Bits,
    /// Exact parts by the first of each set of twins: whole units, and the remainder over the determinant.
    exact: BTreeMap<usize, (u64, BigUint)>,
}

impl<'a> Bounded<'a> {
    fn of(solution: &'a Solution, units: &'a SmallUnits, (service, pool): (usize, i64)) -> Self {
        let error = bits(&(BigUint::from(units.most) * pool.unsigned_abs())).1;
        Self { solution, units, service, pool, error, exact: BTreeMap::new() }
    }

    fn parts(mut self) -> Vec<NetPart> {
        let mut lowers = self.lowers();
        for lower in &mut lowers {
            if plus(lower.remainder, self.error).is_none() {
                let (whole, remainder) = self.exactly(lower.receiver);
                // Cut off as well, which the error covers.
                (lower.whole, lower.remainder) = (*whole, bits(&((remainder << FRACTION) / self.solution.determinant())).1);
            }
        }
        let given = lowers.iter().fold(0_u64, |given, lower| given.saturating_add(lower.whole));
        let extra = self.extra(&lowers, usize::try_from(self.pool.unsigned_abs().saturating_sub(given)).unwrap_or(usize::MAX));
        let signed = |units| if self.pool < 0 { 0_i64.saturating_sub_unsigned(units) } else { 0_i64.saturating_add_unsigned(units) };
        let part = |(lower, has_extra_unit): (&Lower, bool)| {
            let units = signed(lower.whole.saturating_add(u64::from(has_extra_unit)));
            NetPart { receiver: lower.receiver, part: Part { units, has_extra_unit } }
        };
        lowers.iter().zip(extra).map(part).collect()
    }

    /// The exact part of a receiver.
    fn exactly(&mut self, receiver: usize) -> &(u64, BigUint) {
        let twin = self.units.twins.get(receiver).copied().unwrap_or(receiver);
        self.exact.entry(twin).or_insert_with(|| {
            let bears = self.solution.weight(self.service, twin) * self.pool.unsigned_abs();
            let (whole, remainder) = bears.div_rem(self.solution.determinant());
            // A part is at most the pool, which fits.
            (whole.to_u64().unwrap_or(u64::MAX), remainder)
        })
    }

    /// Every receiver that any of the cost reaches, from below.
    fn lowers(&self) -> Vec<Lower> {
        let width = self.units.twins.len();
        let (mut shares, mut reached) = (vec![[0; 4]; width], vec![false; width]);
        let row = self.solution.row(self.service).iter().zip(&self.units.rows);
        // What receivers do not use at all may be used any number of times on the way: it is not looked at, so that a share is at most one.
        for (factor, units) in row.filter(|(factor, units)| !factor.is_zero() && units.iter().any(|units| *units != 0)) {
            let (whole, [high, middle, low]) = bits(&((factor << FRACTION) / self.solution.determinant()));
            for ((share, reached), units) in shares.iter_mut().zip(&mut reached).zip(units) {
                add_product(share, [low, middle, high, whole], *units);
                *reached |= *units != 0;
            }
        }
        let magnitude = self.pool.unsigned_abs();
        let lower = |(receiver, share)| {
            let mut bears = [0; 4];
            add_product(&mut bears, share, magnitude);
            let [low, middle, high, whole] = bears;
            Lower { receiver, whole, remainder: [high, middle, low] }
        };
        let lowers = shares.into_iter().enumerate().zip(reached).filter(|(_, reached)| *reached);
        lowers.map(|(share, _)| lower(share)).collect()
    }

    /// Who gets the units that rounding down left over: the largest remainders, ties by the order of receivers.
    fn extra(&mut self, lowers: &[Lower], left: usize) -> Vec<bool> {
        let mut remainders: Vec<Bits> = lowers.iter().map(|lower| lower.remainder).collect();
        let Some(last) = left.checked_sub(1).filter(|last| *last < remainders.len()) else { return vec![false; lowers.len()] };
        let (_, cut, _) = remainders.select_nth_unstable_by(last, |left, right| right.cmp(left));
        // Whoever is above the cut by more than the error is above it in truth, and so is whoever is that much below. Those between are told
        // apart exactly.
        let (above, below) = (plus(*cut, self.error), minus(*cut, self.error));
        let is_above = |lower: &Lower| above.is_some_and(|above| lower.remainder > above);
        let mut extra: Vec<bool> = lowers.iter().map(is_above).collect();
        let slots = left.saturating_sub(extra.iter().filter(|is_above| **is_above).count());
        let between = lowers.iter().enumerate().filter(|(_, lower)| !is_above(lower) && lower.remainder >= below);
        let mut between: Vec<(usize, usize)> = between.map(|(position, lower)| (position, lower.receiver)).collect();
        if between.len() > slots {
            let mut exact: Vec<(BigUint, usize)> =
                between.iter().map(|(position, receiver)| (self.exactly(*receiver).1.clone(), *position)).collect();
            // A stable sort keeps the order of the receivers among equal remainders.
            exact.sort_by(|left, right| right.0.cmp(&left.0));
            between = exact.into_iter().map(|(_, position)| (position, position)).collect();
        }
        for (position, _) in between.into_iter().take(slots) {
            if let Some(extra) = extra.get_mut(position) {
                *extra = true;
            }
        }
        extra
    }
}

/// The whole part of a number that is counted in the last bits of fractions, as far as it fits, and its fraction.
fn bits(number: &BigUint) -> (u64, Bits) {
    let mut words = number.iter_u64_digits();
    let mut next = || words.next().unwrap_or(0);
    let (low, middle, high) = (next(), next(), next());
    (next(), [high, middle, low])
}

/// `None` at one or above.
fn plus(left: Bits, right: Bits) -> Option<Bits> {
    let ([high, middle, low], [more_high, more_middle, more_low]) = (left, right);
    let (low, carry) = low.carrying_add(more_low, false);
    let (middle, carry) = middle.carrying_add(more_middle, carry);
    let (high, carry) = high.carrying_add(more_high, carry);
    (!carry).then_some([high, middle, low])
}

/// Zero when the difference is below it.
fn minus(left: Bits, right: Bits) -> Bits {
    let ([high, middle, low], [less_high, less_middle, less_low]) = (left, right);
    let (low, borrow) = low.borrowing_sub(less_low, false);
    let (middle, borrow) = middle.borrowing_sub(less_middle, borrow);
    let (high, borrow) = high.borrowing_sub(less_high, borrow);
    if borrow { [0; 3] } else { [high, middle, low] }
}

/// Adds a product to a sum, both with the lowest word first. What is added up here fits four words.
fn add_product(sum: &mut [u64; 4], number: [u64; 4], factor: u64) {
    let mut carry = 0;
    for (word, number) in sum.iter_mut().zip(number) {
        (*word, carry) = number.carrying_mul_add(factor, *word, carry);
    }
}
