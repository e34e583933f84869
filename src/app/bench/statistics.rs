//! Medians, quartiles and spreads in whole numbers. Nothing here measures.

use std::time::Duration;

/// The middle of some values, and the values that a quarter of them do not exceed and do not fall below. A place between two values is
/// interpolated and rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quartiles {
    pub lower: u64,
    pub median: u64,
    pub upper: u64,
}

impl Quartiles {
    /// `None` without values.
    pub fn of(values: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut sorted: Vec<u64> = values.into_iter().collect();
        sorted.sort_unstable();
        let at = |quarter| quantile(&sorted, quarter, 4);
        Some(Self { lower: at(1)?, median: at(2)?, upper: at(3)? })
    }

    /// Upper less lower quartile.
    pub fn range(self) -> u64 {
        self.upper.saturating_sub(self.lower)
    }

    /// The range beside the median in tenths of a percent; `None` where the median is zero.
    pub fn spread(self) -> Option<u64> {
        (u128::from(self.range()) * 1_000).checked_div(u128::from(self.median)).and_then(|spread| u64::try_from(spread).ok())
    }
}

/// The value at `part` of `parts` of the way through values in ascending order.
fn quantile(sorted: &[u64], part: usize, parts: usize) -> Option<u64> {
    let steps = sorted.len().checked_sub(1)?.checked_mul(part)?;
    let (position, rest) = (steps.checked_div(parts)?, steps.checked_rem(parts)?);
    let low = *sorted.get(position)?;
    let high = sorted.get(position + 1).copied().unwrap_or(low);
    let beyond = u128::from(high - low) * u128::try_from(rest).ok()? / u128::try_from(parts).ok()?;
    low.checked_add(u64::try_from(beyond).ok()?)
}

/// The time that this many in a hundred runs do not exceed.
pub fn percentile(times: &[Duration], percent: usize) -> Option<Duration> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get((sorted.len() * percent / 100).min(sorted.len().checked_sub(1)?)).copied()
}

/// How many a second, rounded down.
pub fn per_second(count: u64, elapsed: Duration) -> u64 {
    u64::try_from(u128::from(count) * 1_000_000_000 / elapsed.as_nanos().max(1)).unwrap_or(u64::MAX)
}

/// How much of the baseline's speed the path reaches, in millionths.
pub fn ratio(path: Duration, floor: Duration) -> u64 {
    u64::try_from(floor.as_nanos() * 1_000_000 / path.as_nanos().max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_values() {
        assert_eq!(Quartiles::of([]), None);
        assert_eq!(Quartiles::of([7]), Some(Quartiles { lower: 7, median: 7, upper: 7 }));
        assert_eq!(Quartiles::of([4, 1, 3, 2, 5]), Some(Quartiles { lower: 2, median: 3, upper: 4 }));
        // Positions 2.25, 4.5 and 6.75 of ten values.
        assert_eq!(Quartiles::of((0..10).map(|n| n * 100)), Some(Quartiles { lower: 225, median: 450, upper: 675 }));
        assert_eq!(Quartiles::of([u64::MAX, 0, u64::MAX]).unwrap().median, u64::MAX);
    }

    #[test]
    fn one_pair_that_went_wrong_moves_neither_median_nor_spread() {
        let mut ratios = vec![600_u64; 10];
        ratios[3] = 60_000;
        let quartiles = Quartiles::of(ratios).unwrap();
        assert_eq!((quartiles.median, quartiles.spread()), (600, Some(0)));
    }

    #[test]
    fn spread_is_the_range_of_the_quartiles_beside_the_median() {
        let quartiles = Quartiles { lower: 950, median: 1_000, upper: 1_010 };
        assert_eq!((quartiles.range(), quartiles.spread()), (60, Some(60)));
        assert_eq!(Quartiles::of([0, 0]).unwrap().spread(), None);
    }

    #[test]
    fn rates_and_ratios() {
        let (path, floor) = (Duration::from_millis(400), Duration::from_millis(250));
        assert_eq!((per_second(1_000, path), per_second(1_000, floor)), (2_500, 4_000));
        assert_eq!(ratio(path, floor), 625_000);
        let times: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!((percentile(&times, 50), percentile(&times, 99)), (Some(Duration::from_millis(51)), Some(Duration::from_millis(100))));
        assert_eq!(percentile(&[], 50), None);
    }
}
