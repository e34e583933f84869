//! From ledger units to minor units: with a carry that keeps every batch balanced and nothing drifting, or each key for itself.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How a target rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoundingPolicy {
    /// What is rounded off a key is carried to its next batch: no rounding account is needed.
    Carry,
    /// Every key is rounded for itself, half to even, and the difference of the batch is a line on the rounding account.
    RoundingLine,
}

impl RoundingPolicy {
    /// The number under which it is stored.
    pub fn id(self) -> i64 {
        match self {
            Self::Carry => 1,
            Self::RoundingLine => 2,
        }
    }

    pub fn from_id(id: i64) -> Option<Self> {
        [Self::Carry, Self::RoundingLine].into_iter().find(|policy| policy.id() == id)
    }
}

/// The sums do not add up to zero, so they are no sums of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sums of a batch do not add up to zero")]
pub struct Unbalanced;

/// Rounds sums of ledger units (carry and movement together, zero over all keys) to minor units of `unit` ledger units each.
///
/// Every key is rounded down, and as many keys as that left over get one minor unit more: those with the largest remainders, ties to the
/// smaller key. The results sum to zero, and each differs from its sum by less than one minor unit: the difference is its next carry.
///
/// # Errors
/// [`Unbalanced`].
pub fn with_carry<K: Ord + Clone>(unit: i128, sums: &BTreeMap<K, i128>) -> Result<BTreeMap<K, i128>, Unbalanced> {
    if sums.values().try_fold(0_i128, |total, sum| total.checked_add(*sum)) != Some(0) {
        return Err(Unbalanced);
    }
    let unit = unit.max(1);
    let mut rounded: BTreeMap<K, i128> = sums.iter().map(|(key, sum)| (key.clone(), sum.div_euclid(unit))).collect();
    let missing = rounded.values().sum::<i128>().saturating_neg();
    let mut remainders: Vec<(Reverse<i128>, &K)> = sums.iter().map(|(key, sum)| (Reverse(sum.rem_euclid(unit)), key)).collect();
    remainders.sort_unstable();
    for (_, key) in remainders.into_iter().take(usize::try_from(missing).unwrap_or(0)) {
        if let Some(minor) = rounded.get_mut(key) {
            *minor = minor.saturating_add(1);
        }
    }
    Ok(rounded)
}

/// Rounds one sum of ledger units to minor units, half to even.
pub fn half_even(unit: i128, sum: i128) -> i128 {
    let unit = unit.max(1);
    let (down, rest) = (sum.div_euclid(unit), sum.rem_euclid(unit));
    let twice = rest.saturating_mul(2);
    let is_up = twice > unit || (twice == unit && down.rem_euclid(2) == 1);
    if is_up { down.saturating_add(1) } else { down }
}
