//! Splits that re-sum: the largest-remainder method.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{ToPrimitive, Zero};

/// There is no basis to split by: every weight is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no basis to split by: every weight is zero")]
pub struct NoBasis;

/// One part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// In ledger units, with the sign of the pool.
    pub units: i64,
    /// Whether it holds one of the units that were left over after rounding down.
    pub has_extra_unit: bool,
}

/// Splits `pool` (ledger units, signed) over the keys in proportion to their weights, which may be of any size.
///
/// The parts re-sum to the pool exactly; each differs from its exact share by less than one unit; a zero weight gets zero;
/// splitting `-pool` gives the negated parts. Units left over go to the largest remainders, ties to the smaller key.
///
/// # Errors
/// [`NoBasis`] when all weights are zero.
pub fn largest_remainder<K: Ord + Clone, W: Clone + Into<BigUint>>(
    pool: i64,
    weights: &BTreeMap<K, W>,
) -> Result<BTreeMap<K, i64>, NoBasis> {
    let parts = split(pool, &weights.values().cloned().map(Into::into).collect::<Vec<_>>())?;
    Ok(weights.keys().cloned().zip(parts.into_iter().map(|part| part.units)).collect())
}

/// The same over weights whose order decides ties.
///
/// # Errors
/// [`NoBasis`] when all weights are zero.
pub fn split(pool: i64, weights: &[BigUint]) -> Result<Vec<Part>, NoBasis> {
    let total: BigUint = weights.iter().sum();
    if total.is_zero() {
        return Err(NoBasis);
    }
    let magnitude = pool.unsigned_abs();
    // A weight is at most the total. Where that fits a word, machine numbers do.
    if let Some(total) = total.to_u64() {
        let products = weights.iter().map(|weight| u128::from(weight.to_u64().unwrap_or(0)) * u128::from(magnitude));
        return Ok(shared(pool, products.map(|product| product.div_rem(&u128::from(total)))));
    }
    Ok(shared(pool, weights.iter().map(|weight| (weight * magnitude).div_rem(&total))))
}

/// Quotients, which sum to no more than the pool, and what is left of it to the largest remainders.
fn shared<N: ToPrimitive + Ord>(pool: i64, quotients: impl Iterator<Item = (N, N)>) -> Vec<Part> {
    let magnitude = pool.unsigned_abs();
    // A part is at most the pool, which fits.
    let (mut parts, mut remainders) = (Vec::new(), Vec::new());
    for (position, (quotient, remainder)) in quotients.enumerate() {
        parts.push((quotient.to_u64().unwrap_or(magnitude), false));
        remainders.push((Reverse(remainder), position));
    }
    let given = parts.iter().fold(0_u64, |given, part| given.saturating_add(part.0));
    let left = usize::try_from(magnitude.saturating_sub(given)).unwrap_or(usize::MAX);
    if let Some(last) = left.checked_sub(1).filter(|last| *last < remainders.len()) {
        // The position decides among equal remainders.
        remainders.select_nth_unstable(last);
    }
    for (_, position) in remainders.iter().take(left) {
        if let Some(part) = parts.get_mut(*position) {
            *part = (part.0.saturating_add(1), true);
        }
    }
    let signed = |units| if pool < 0 { 0_i64.saturating_sub_unsigned(units) } else { 0_i64.saturating_add_unsigned(units) };
    parts.into_iter().map(|(units, has_extra_unit)| Part { units: signed(units), has_extra_unit }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pool: i64, weights: &[u64]) -> Vec<i64> {
        let weights: BTreeMap<usize, u64> = weights.iter().copied().enumerate().collect();
        largest_remainder(pool, &weights).unwrap().into_values().collect()
    }

    #[test]
    fn golden_splits() {
        assert_eq!(split(1002, &[33, 33, 34]), [331, 330, 341]);
        assert_eq!(split(1, &[95, 5]), [1, 0]);
        assert_eq!(split(10_000, &[1, 1, 1]), [3334, 3333, 3333]);
        assert_eq!(split(-100, &[1, 1, 1]), [-34, -33, -33]);
        assert_eq!(split(1000, &[40, 60, 100]), [200, 300, 500]);
        assert_eq!(split(i64::MIN, &[7]), [i64::MIN]);
        assert_eq!(largest_remainder(5, &BTreeMap::from([("a", 0_u64)])), Err(NoBasis));
    }

    proptest! {
        #[test]
        fn parts_re_sum_and_mirror(pool in -1_000_000_000_000_i64..1_000_000_000_000, weights in proptest::collection::vec(0_u64..1_000_000, 1..12)) {
            prop_assume!(weights.iter().any(|weight| *weight > 0));
            let parts = split(pool, &weights);
            prop_assert_eq!(parts.iter().sum::<i64>(), pool);
            let mirrored: Vec<i64> = split(-pool, &weights).into_iter().map(|part| -part).collect();
            prop_assert_eq!(&parts, &mirrored);
            let total: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let error = i128::from(*part) * total - i128::from(pool) * i128::from(*weight);
                prop_assert!(error.abs() < total, "a part is off by a unit or more");
                prop_assert!(*weight > 0 || *part == 0);
            }
        }
    }
}
