//! Splits that re-sum: the largest-remainder method.

use std::collections::BTreeMap;

/// Why a split is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    #[error("there is no basis to split by: every weight is zero")]
    NoBasis,
    #[error("the weights are too large to split exactly")]
    Overflow,
}

/// Splits `pool` (ledger units, signed) over the keys in proportion to their weights.
///
/// The parts re-sum to the pool exactly; each differs from its exact share by less than one unit; a zero weight gets zero;
/// splitting `-pool` gives the negated parts. Units left over go to the largest remainders, ties to the smaller key.
///
/// # Errors
/// [`SplitError::NoBasis`] when all weights are zero, [`SplitError::Overflow`] when a product exceeds 128 bits.
pub fn largest_remainder<K: Ord + Clone>(pool: i64, weights: &BTreeMap<K, u64>) -> Result<BTreeMap<K, i64>, SplitError> {
    let total: u128 = weights.values().map(|weight| u128::from(*weight)).sum();
    if total == 0 {
        return Err(SplitError::NoBasis);
    }
    let magnitude = u128::from(pool.unsigned_abs());
    let mut parts = Vec::with_capacity(weights.len());
    let mut given: u128 = 0;
    for (key, weight) in weights {
        let product = magnitude.checked_mul(u128::from(*weight)).ok_or(SplitError::Overflow)?;
        given += product / total;
        parts.push((key.clone(), product / total, product % total));
    }
    // A stable sort keeps the key order among equal remainders.
    parts.sort_by_key(|part| std::cmp::Reverse(part.2));
    let left_over = usize::try_from(magnitude - given).map_err(|_| SplitError::Overflow)?;
    for part in parts.iter_mut().take(left_over) {
        part.1 += 1;
    }
    let sign = if pool < 0 { -1 } else { 1 };
    let signed = |part: u128| i64::try_from(part).map(|part| part * sign).map_err(|_| SplitError::Overflow);
    parts.into_iter().map(|(key, part, _)| Ok((key, signed(part)?))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pool: i64, weights: &[u64]) -> Vec<i64> {
        let weights = weights.iter().copied().enumerate().collect();
        largest_remainder(pool, &weights).unwrap().into_values().collect()
    }

    #[test]
    fn golden_splits() {
        assert_eq!(split(1002, &[33, 33, 34]), [331, 330, 341]);
        assert_eq!(split(1, &[95, 5]), [1, 0]);
        assert_eq!(split(10_000, &[1, 1, 1]), [3334, 3333, 3333]);
        assert_eq!(split(-100, &[1, 1, 1]), [-34, -33, -33]);
        assert_eq!(split(1000, &[40, 60, 100]), [200, 300, 500]);
        assert_eq!(largest_remainder(5, &BTreeMap::from([("a", 0)])), Err(SplitError::NoBasis));
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
