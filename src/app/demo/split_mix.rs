//! SplitMix64: a seeded generator of ten lines, so that a demo needs no randomness of the machine.
//!
//! Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014). Not for secrets.

/// The odd integer nearest to 2^64 over the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of well-mixed numbers; equal seeds give equal streams.
#[derive(Debug, Clone)]
pub(super) struct SplitMix64(u64);

/// The mixing step alone: one number in, another out, no two to the same.
pub(super) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

impl SplitMix64 {
    /// The stream of one item of a seeded sequence, so that any item can be made without those before it.
    pub(super) fn of_item(seed: u64, item: u64) -> Self {
        Self(mix(seed ^ item.wrapping_mul(GOLDEN)))
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below the bound, zero when the bound is zero. Its bias is below one in a million for bounds below 2^44.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.draw()).wrapping_mul(u128::from(bound));
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// True this many times in ten thousand.
    pub(super) fn happens(&mut self, in_ten_thousand: u64) -> bool {
        self.below(10_000) < in_ten_thousand
    }

    /// A number of the range, small ones more often than large ones, as sizes of calls are.
    pub(super) fn skewed(&mut self, from: u64, to: u64) -> u64 {
        let span = to.saturating_sub(from).saturating_add(1);
        let reach = self.below(span).saturating_add(1);
        from.saturating_add(self.below(reach))
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(items.len()).unwrap_or(0);
        usize::try_from(self.below(count)).ok().and_then(|position| items.get(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // The reference implementation's first numbers for the seed 1234567 (prng.di.unimi.it/splitmix64.c).
        let mut stream = SplitMix64(1_234_567);
        assert_eq!([stream.draw(), stream.draw()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut stream = SplitMix64::of_item(1, 2);
        for _ in 0..1000 {
            assert!(stream.below(7) < 7);
            assert!((5..=9).contains(&stream.skewed(5, 9)));
        }
        assert_eq!((stream.below(0), stream.skewed(3, 3), stream.pick::<u8>(&[])), (0, 3, None));
    }
}
