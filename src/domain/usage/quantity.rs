//! Quantities: non-negative, exact to a millionth of their unit.

use super::Meter;
use crate::domain::money::Exact;
use crate::domain::rejection::{Code, Rejection};

/// Millionths of a unit (token, second, page, ...). Whole for tokens; six decimals for seconds and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(i64);

const MILLION: i64 = 1_000_000;

impl Quantity {
    pub const ZERO: Self = Self(0);

    /// A million million units: a thousand times the largest context ever offered, times a thousand calls. More is a mistake in the unit.
    pub const MAX_UNITS: i64 = 1_000_000_000_000;

    /// # Errors
    /// `QUANTITY_NEGATIVE`, `QUANTITY_TOO_LARGE`.
    pub fn from_units(units: i64) -> Result<Self, Rejection> {
        if units < 0 {
            return Err(Rejection {
                code: Code::QuantityNegative,
                path: Vec::new(),
                message: format!("{units} is negative; quantities are not. Correct a charge by reversing it"),
            });
        }
        if units > Self::MAX_UNITS {
            return Err(Self::too_large());
        }
        Ok(Self(units * MILLION))
    }

    /// Reads plain decimal text with at most six decimals.
    ///
    /// # Errors
    /// `QUANTITY_INVALID`, `QUANTITY_NEGATIVE`, `QUANTITY_TOO_LARGE`.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        if let Ok(units) = text.parse::<i64>()
            && !text.starts_with('+')
        {
            return Self::from_units(units);
        }
        let invalid = || Rejection {
            code: Code::QuantityInvalid,
            path: Vec::new(),
            message: format!(
                "`{}` is not a quantity: a number with at most six decimals, such as 1200 or \"12.5\"",
                text.chars().take(40).collect::<String>()
            ),
        };
        let exact =
            Exact::parse(text).map_err(|rejection| if rejection.code == Code::AmountTooLarge { Self::too_large() } else { invalid() })?;
        if exact.mantissa() < 0 {
            return Err(Rejection {
                code: Code::QuantityNegative,
                path: Vec::new(),
                message: format!("{text} is negative; quantities are not"),
            });
        }
        if exact.normalized().scale() > 6 {
            return Err(invalid());
        }
        match exact.round_half_even(6) {
            Some(micros) if micros <= Self::MAX_UNITS * MILLION => Ok(Self(micros)),
            _ => Err(Self::too_large()),
        }
    }

    /// The same quantity, if it can be one of the meter: tokens are whole.
    ///
    /// # Errors
    /// `QUANTITY_INVALID`.
    pub fn of_meter(self, meter: &Meter) -> Result<Self, Rejection> {
        if self.0 % MILLION != 0 && meter.is_whole() {
            return Err(Self::not_whole(&self.to_string()));
        }
        Ok(self)
    }

    /// Reads a quantity of a meter as people write it. `1.200` tokens are one thousand two hundred where a point groups digits, and `1.000` could
    /// be either: neither is taken.
    ///
    /// # Errors
    /// `QUANTITY_INVALID`, `QUANTITY_NEGATIVE`, `QUANTITY_TOO_LARGE`.
    pub fn parse_of_meter(text: &str, meter: &Meter) -> Result<Self, Rejection> {
        let quantity = Self::parse(text)?.of_meter(meter)?;
        let looks_grouped = text.split_once('.').is_some_and(|(_, decimals)| decimals.len() == 3);
        if looks_grouped && meter.is_whole() { Err(Self::not_whole(text)) } else { Ok(quantity) }
    }

    fn not_whole(text: &str) -> Rejection {
        let shown: String = text.chars().take(40).collect();
        Rejection {
            code: Code::QuantityInvalid,
            path: Vec::new(),
            message: format!("`{shown}` is no number of tokens: tokens are whole numbers, written without separators, such as 1200"),
        }
    }

    fn too_large() -> Rejection {
        Rejection {
            code: Code::QuantityTooLarge,
            path: Vec::new(),
            message: format!("more than {} units in one charge; check the unit of the quantity", Self::MAX_UNITS),
        }
    }

    /// Rebuilds a quantity from its stored millionths.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole units, the fraction cut: for counts of tokens in reports.
    pub fn whole_units(self) -> i64 {
        self.0 / MILLION
    }

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub fn checked_sub(self, other: Self) -> Option<Self> {
        (self.0 >= other.0).then(|| Self(self.0 - other.0))
    }

    /// The sum; saturates far above anything a charge can hold.
    #[must_use]
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub fn exact(self) -> Exact {
        Exact::new(i128::from(self.0), 6)
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 % MILLION == 0 { write!(formatter, "{}", self.0 / MILLION) } else { self.exact().normalized().fmt(formatter) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_exactly_or_refused() {
        for (text, shown) in [("0", "0"), ("1200", "1200"), ("12.5", "12.5"), ("0.000001", "0.000001"), ("1000000000000", "1000000000000")]
        {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), shown);
        }
        for (text, code) in [
            ("-1", Code::QuantityNegative),
            ("-0.5", Code::QuantityNegative),
            ("1000000000001", Code::QuantityTooLarge),
            ("99999999999999999999", Code::QuantityTooLarge),
            ("1e3", Code::QuantityInvalid),
            ("0.0000001", Code::QuantityInvalid),
            ("", Code::QuantityInvalid),
            ("+5", Code::QuantityInvalid),
        ] {
            assert_eq!(Quantity::parse(text).unwrap_err().code, code, "{text}");
        }
    }
}
