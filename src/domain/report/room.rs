//! Room: what a balance still takes.

use super::Totals;
use crate::domain::money::limits::{LARGEST_BALANCE, LARGEST_COUNT, UNUSUAL_COUNT};

/// What an entry is to the balances it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Debits and credits together stay within what one column holds, so that there is room for the mirror of everything.
    Ordinary,
    /// Each column alone stays within what it holds.
    Correction,
}

/// Which figure of a balance would exceed what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    Money,
    Count,
}

impl Totals {
    /// Debits and credits together.
    pub fn gross(self) -> i128 {
        i128::from(self.debit) + i128::from(self.credit)
    }

    /// Whether a count is so large that balances are looked at before it is added.
    pub fn has_unusual_counts(self) -> bool {
        self.counts().into_iter().any(|count| count.unsigned_abs() > UNUSUAL_COUNT.unsigned_abs())
    }

    fn counts(self) -> [i64; 4] {
        [self.charges, self.input_tokens, self.output_tokens, self.cache_read_tokens]
    }

    /// Which figure would exceed what a balance that stands at `self` holds, were it moved. `None`: it fits.
    pub fn full_after(self, moved: Self, weight: Weight) -> Option<Full> {
        let (debit, credit) = (i128::from(self.debit) + i128::from(moved.debit), i128::from(self.credit) + i128::from(moved.credit));
        let reached = match weight {
            Weight::Ordinary => debit + credit,
            Weight::Correction => debit.max(credit),
        };
        // What moves no money is not refused for money that stands there already.
        if moved.gross() > 0 && reached > i128::from(LARGEST_BALANCE) {
            return Some(Full::Money);
        }
        let limit = match weight {
            Weight::Ordinary => i128::from(LARGEST_COUNT),
            Weight::Correction => i128::from(i64::MAX),
        };
        let counts = self.counts().into_iter().zip(moved.counts());
        counts.map(|(held, moved)| (i128::from(held) + i128::from(moved), moved)).find_map(|(count, moved)| {
            let grows = moved > 0 && count > limit || moved < 0 && count < -limit;
            grows.then_some(Full::Count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(debit: i64, credit: i64) -> Totals {
        Totals { debit, credit, ..Totals::default() }
    }

    #[test]
    fn ordinary_entries_leave_room_for_the_mirror_of_everything() {
        const MOST: i64 = i64::MAX;
        assert_eq!(held(MOST - 10, 0).full_after(held(10, 0), Weight::Ordinary), None);
        assert_eq!(held(MOST - 10, 0).full_after(held(11, 0), Weight::Ordinary), Some(Full::Money));
        assert_eq!(held(MOST - 10, 5).full_after(held(0, 6), Weight::Ordinary), Some(Full::Money));
        // The mirror of the whole debit side fits on the credit side.
        assert_eq!(held(MOST, 0).full_after(held(0, MOST), Weight::Correction), None);
        assert_eq!(held(MOST, MOST).full_after(held(0, 1), Weight::Correction), Some(Full::Money));
        // A charge that costs nothing still counts.
        assert_eq!(held(MOST, MOST).full_after(Totals { charges: 1, ..Totals::default() }, Weight::Ordinary), None);
    }

    #[test]
    fn counts_of_unusual_size_stop_halfway() {
        let tokens = |input_tokens: i64| Totals { input_tokens, ..Totals::default() };
        assert!(!tokens(UNUSUAL_COUNT).has_unusual_counts());
        assert!(tokens(-UNUSUAL_COUNT - 1).has_unusual_counts());
        assert_eq!(tokens(LARGEST_COUNT - 1).full_after(tokens(1), Weight::Ordinary), None);
        assert_eq!(tokens(LARGEST_COUNT).full_after(tokens(1), Weight::Ordinary), Some(Full::Count));
        assert_eq!(tokens(LARGEST_COUNT).full_after(tokens(1), Weight::Correction), None);
        assert_eq!(tokens(LARGEST_COUNT + 5).full_after(tokens(-1), Weight::Ordinary), None, "what shrinks is not refused");
    }
}
