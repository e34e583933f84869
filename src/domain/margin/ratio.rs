//! Percentages and quotients of exact figures, rounded once, half to even. What has no meaning is absent, never zero.

use crate::domain::money::{Currency, Exact};

/// Decimals of a percentage.
const PERCENT_DECIMALS: u32 = 2;

/// `100 * part / whole` with two decimals; `None` where the whole is not above zero.
pub fn percent(part: i128, whole: i128) -> Option<Exact> {
    quotient(part.checked_mul(100)?, whole, PERCENT_DECIMALS)
}

/// `numerator / denominator` with so many decimals; `None` where the denominator is not above zero, or where it does not fit.
pub fn ratio(numerator: i128, denominator: i128, decimals: u32) -> Option<Exact> {
    quotient(numerator, denominator, decimals)
}

/// Ledger units of a currency for each whole of a quantity that is counted in millionths, to the ledger scale of the currency.
pub fn ratio_of_units(units: i128, currency: Currency, millionths: i128) -> Option<Exact> {
    let scale = currency.ledger_scale();
    // units / 10^scale / (millionths / 10^6)
    let quotient = rounded(units.checked_mul(1_000_000)?, millionths)?;
    Some(Exact::new(quotient, scale).normalized())
}

fn quotient(numerator: i128, denominator: i128, decimals: u32) -> Option<Exact> {
    let scaled = numerator.checked_mul(10_i128.checked_pow(decimals)?)?;
    Some(Exact::new(rounded(scaled, denominator)?, decimals).normalized())
}

/// The whole number nearest to a quotient; halves go to the even neighbour.
pub(super) fn rounded(numerator: i128, denominator: i128) -> Option<i128> {
    if denominator <= 0 {
        return None;
    }
    let (floor, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let is_up = match rest.cmp(&(denominator - rest)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => floor % 2 != 0,
    };
    Some(floor + i128::from(is_up))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(exact: Option<Exact>) -> String {
        exact.map_or_else(|| "none".to_owned(), |exact| exact.to_string())
    }

    #[test]
    fn percentages_round_half_to_even_and_have_no_meaning_without_a_whole() {
        assert_eq!(text(percent(1, 3)), "33.33");
        assert_eq!(text(percent(2, 3)), "66.67");
        assert_eq!(text(percent(-1, 3)), "-33.33");
        // 1/16 is 6.25 %; 12,345 of 1,000,000 is 1.2345 %, whose half goes down to the even 1.23 or up beyond it.
        assert_eq!(text(percent(12_345, 1_000_000)), "1.23");
        assert_eq!(text(percent(12_350, 1_000_000)), "1.24", "1.235 goes to the even 1.24");
        assert_eq!(text(percent(12_250, 1_000_000)), "1.22", "1.225 goes to the even 1.22");
        assert_eq!((percent(5, 0), percent(5, -10)), (None, None));
    }

    /// 1 USD over 3 units: 0.333333333. 2 USD over 1.5 hours: 1.333333333.
    #[test]
    fn money_over_a_quantity_keeps_the_ledger_scale() {
        assert_eq!(text(ratio_of_units(1_000_000_000, Currency::USD, 3_000_000)), "0.333333333");
        assert_eq!(text(ratio_of_units(2_000_000_000, Currency::USD, 1_500_000)), "1.333333333");
        assert_eq!(ratio_of_units(1, Currency::USD, 0), None);
        assert_eq!(text(ratio(7, 2, 0)), "4");
        assert_eq!(text(ratio(5, 2, 0)), "2");
    }
}
