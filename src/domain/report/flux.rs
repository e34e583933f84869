//! Flux: why cost differs between two periods, split into volume, mix and price without a remainder.
//!
//! The quantity is tokens, input and output. With `C0`, `C1` a key's cost and `q0`, `q1` its tokens in the two periods, and `Q0`, `Q1` the tokens
//! of all keys of the currency:
//!
//! * at the volume of now: `V = C0 * Q1 / Q0`, had everything grown alike,
//! * at the tokens of now: `M = C0 * q1 / q0`, the former cost of a token times the tokens of now,
//! * volume is `V - C0`, mix is `M - V`, price is `C1 - M`. They add up to `C1 - C0` in integers, whatever `V` and `M` are rounded to.
//!
//! `V` and `M` are rounded half to even to ledger units. Without tokens before (`Q0` is zero), `V` is `C0`. A key without tokens before has no
//! former price: with tokens now, all of its cost now is mix (`M` is `C1`); without, it is price (`M` is `V`).

/// One key in one period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FluxSide {
    /// Debits less credits, in ledger units.
    pub cost: i128,
    pub tokens: i128,
}

/// The parts of a difference, in ledger units. They add up to it exactly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FluxParts {
    pub volume: i128,
    pub mix: i128,
    pub price: i128,
}

impl FluxParts {
    pub fn difference(self) -> i128 {
        self.volume + self.mix + self.price
    }
}

/// `cost * numerator / denominator`, half to even; `None` when it does not fit, or when a quantity is not above zero where it must be.
fn share(cost: i128, numerator: i128, denominator: i128) -> Option<i128> {
    if denominator <= 0 || numerator < 0 {
        return None;
    }
    let product = cost.checked_mul(numerator)?;
    let (floor, rest) = (product.div_euclid(denominator), product.rem_euclid(denominator));
    let twice = rest.checked_mul(2)?;
    let is_up = twice > denominator || (twice == denominator && floor % 2 != 0);
    Some(if is_up { floor + 1 } else { floor })
}

/// Splits one key's difference. `totals` are the tokens of all keys before and now.
///
/// Quantities that corrections brought below zero have no meaning as a volume: they count as none.
pub fn flux(before: FluxSide, now: FluxSide, totals: (i128, i128)) -> FluxParts {
    let tokens = (before.tokens.max(0), now.tokens.max(0));
    let at_volume = share(before.cost, totals.1.max(0), totals.0.max(0)).unwrap_or(before.cost);
    let at_tokens = match tokens {
        (0, 0) => at_volume,
        (0, _) => now.cost,
        (then, today) => share(before.cost, today, then).unwrap_or(at_volume),
    };
    FluxParts { volume: at_volume - before.cost, mix: at_tokens - at_volume, price: now.cost - at_tokens }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn side(cost: i128, tokens: i128) -> FluxSide {
        FluxSide { cost, tokens }
    }

    /// Two models: A from 1,000 tokens for 100 to 3,000 for 330, B from 1,000 for 300 to 1,000 for 300. All tokens double.
    #[test]
    fn a_difference_is_volume_mix_and_price() {
        let totals = (2_000, 4_000);
        assert_eq!(flux(side(100, 1_000), side(330, 3_000), totals), FluxParts { volume: 100, mix: 100, price: 30 });
        assert_eq!(flux(side(300, 1_000), side(300, 1_000), totals), FluxParts { volume: 300, mix: -300, price: 0 });
    }

    #[test]
    fn what_was_not_there_before_is_mix_and_what_counts_no_tokens_is_price() {
        assert_eq!(flux(side(0, 0), side(70, 5), (10, 10)), FluxParts { volume: 0, mix: 70, price: 0 });
        assert_eq!(flux(side(10, 0), side(25, 0), (10, 10)), FluxParts { volume: 0, mix: 0, price: 15 });
        assert_eq!(flux(side(10, 5), side(0, 0), (5, 0)), FluxParts { volume: -10, mix: 0, price: 0 });
        assert_eq!(flux(side(0, 0), side(7, 5), (0, 5)), FluxParts { volume: 0, mix: 7, price: 0 });
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_difference(
            costs in (-1_000_000_000_000_000_i128..1_000_000_000_000_000, -1_000_000_000_000_000_i128..1_000_000_000_000_000),
            tokens in (-5_i128..1_000_000_000_000, -5_i128..1_000_000_000_000),
            others in (0_i128..1_000_000_000_000, 0_i128..1_000_000_000_000),
        ) {
            let totals = (tokens.0 + others.0, tokens.1 + others.1);
            let parts = flux(side(costs.0, tokens.0), side(costs.1, tokens.1), totals);
            prop_assert_eq!(parts.difference(), costs.1 - costs.0);
            // Nothing happened: no part says otherwise.
            let same = flux(side(costs.0, tokens.0), side(costs.0, tokens.0), (totals.0, totals.0));
            prop_assert_eq!(same, FluxParts::default());
        }
    }
}
