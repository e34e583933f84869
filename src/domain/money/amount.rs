//! Amounts at the ledger scale of their currency.

use super::{Currency, Exact};
use crate::domain::rejection::{Code, Rejection};

/// A whole number of ledger units (10^-9 dollars for USD). The currency says the scale; arithmetic is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i64);

/// An amount with its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    pub amount: Amount,
    pub currency: Currency,
}

impl Amount {
    pub const ZERO: Self = Self(0);

    pub fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// The stored form.
    pub fn units(self) -> i64 {
        self.0
    }

    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    pub fn with(self, currency: Currency) -> Money {
        Money { amount: self, currency }
    }
}

impl Money {
    /// Reads an amount given by a caller: plain decimal text, no more decimals than the ledger keeps.
    ///
    /// # Errors
    /// `AMOUNT_INVALID`, `AMOUNT_TOO_PRECISE`, `AMOUNT_TOO_LARGE`.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, Rejection> {
        let exact = Exact::parse(text)?.normalized();
        if exact.scale() > currency.ledger_scale() {
            return Err(Rejection {
                code: Code::AmountTooPrecise,
                path: Vec::new(),
                message: format!("`{text}` has {} decimals; the ledger keeps {} for {currency}", exact.scale(), currency.ledger_scale()),
            });
        }
        Self::computed(exact.round_half_even(currency.ledger_scale()), currency)
    }

    /// The value as an exact decimal, without trailing zeros.
    pub fn exact(self) -> Exact {
        Exact::new(i128::from(self.amount.0), self.currency.ledger_scale()).normalized()
    }

    /// A sum of ledger units that may exceed one amount, as a decimal: for totals of reports.
    pub fn exact_of_units(units: i128, currency: Currency) -> Exact {
        Exact::new(units, currency.ledger_scale()).normalized()
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.exact(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_kept_exactly_or_refused() {
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(Money::parse("12345678901.123456789", Currency::USD).unwrap_err().code, Code::AmountTooLarge);
        assert_eq!(Money::parse("1234567890.123456789", Currency::USD).unwrap_err().code, Code::AmountTooLarge);
        assert_eq!(Money::parse("123456789.123456789", Currency::USD).unwrap().to_string(), "123456789.123456789 USD");
        assert_eq!(Money::parse("0.0000000001", Currency::USD).unwrap_err().code, Code::AmountTooPrecise);
        assert_eq!(Money::parse("100.50", yen).unwrap().amount.units(), 1_005_000_000);
    }
}
