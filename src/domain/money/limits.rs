//! The limits of amounts and counts, each with its reason. What a balance holds is decided here and nowhere else.

use super::{Amount, Currency, Money};
use crate::domain::rejection::{Code, Rejection};

/// The most that one charge may cost, in ledger units: ten million dollars, and about as much in a currency whose unit is worth less, because
/// the ledger keeps fewer decimals of it. More is a mistake in a quantity or a price.
pub const LARGEST_CHARGE: i64 = 10_000_000_000_000_000;

/// The most that one amount given by a caller may be, in ledger units: a thousand million dollars. Nobody earns, pays or is granted more at
/// once, and a balance holds nine of them, so that a mistake of a few digits still leaves room for the right amount and for the correction.
pub const LARGEST_AMOUNT: i64 = 1_000_000_000_000_000_000;

/// The most that one column of a balance holds, and for ordinary entries the two columns together: what 64 bits hold. While the columns together
/// stay within it, one column has room for the mirror of everything that stands in the other.
pub const LARGEST_BALANCE: i64 = i64::MAX;

/// Counts of a charge above this are looked up in the balances before they are added. Nine thousand million smaller ones would be needed to
/// fill what is left above [`LARGEST_COUNT`].
pub const UNUSUAL_COUNT: i64 = 500_000_000;

/// The most that a count of a balance reaches by charges of unusual size: half of what 64 bits hold.
pub const LARGEST_COUNT: i64 = i64::MAX / 2;

/// The most of a quantity that is priced or counted once, in millionths: a million million units. More is a mistake in the unit.
pub const LARGEST_QUANTITY: u64 = 1_000_000_000_000_000_000;

impl Money {
    /// Refuses an amount above [`LARGEST_AMOUNT`], on either side of zero.
    ///
    /// # Errors
    /// `AMOUNT_TOO_LARGE`.
    pub fn within_limit(self) -> Result<Self, Rejection> {
        let largest = Amount::from_units(LARGEST_AMOUNT).with(self.currency);
        if self.amount.units().unsigned_abs() <= LARGEST_AMOUNT.unsigned_abs() {
            return Ok(self);
        }
        Err(Rejection {
            code: Code::AmountTooLarge,
            path: Vec::new(),
            message: format!("{self} is more than {largest}, the most that one amount may be: check its unit, or split it"),
        })
    }

    /// Ledger units that a price, a rate or a share made of what a caller gave; none when they exceed 64 bits.
    ///
    /// # Errors
    /// `AMOUNT_TOO_LARGE`.
    pub fn computed(units: Option<i64>, currency: Currency) -> Result<Self, Rejection> {
        match units {
            Some(units) => Amount::from_units(units).with(currency).within_limit(),
            None => Err(Rejection {
                code: Code::AmountTooLarge,
                path: Vec::new(),
                message: format!(
                    "the result is more than {}, the most that one amount may be: check the quantity and the price",
                    Amount::from_units(LARGEST_AMOUNT).with(currency)
                ),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_amount_is_taken_and_one_unit_more_is_not() {
        let usd = |units: i64| Amount::from_units(units).with(Currency::USD);
        for sign in [1, -1] {
            assert!(usd(sign * LARGEST_AMOUNT).within_limit().is_ok());
            assert_eq!(usd(sign * (LARGEST_AMOUNT + 1)).within_limit().unwrap_err().code, Code::AmountTooLarge);
        }
        assert_eq!(usd(i64::MIN).within_limit().unwrap_err().code, Code::AmountTooLarge);
        assert_eq!(Money::computed(None, Currency::USD).unwrap_err().code, Code::AmountTooLarge);
    }
}
