//! Exact decimals without a bound on precision that rating could reach.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::domain::rejection::{Code, Rejection};

/// An exact decimal `mantissa / 10^scale`. Every operation is exact or an error; nothing rounds but [`Exact::round_half_even`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Exact {
    mantissa: i128,
    scale: u32,
}

/// Largest power of ten that fits `i128`.
const MAX_POWER: u32 = 38;

fn power_of_ten(exponent: u32) -> Option<i128> {
    if exponent > MAX_POWER { None } else { 10_i128.checked_pow(exponent) }
}

impl Exact {
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    pub const fn new(mantissa: i128, scale: u32) -> Self {
        Self { mantissa, scale }
    }

    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    pub fn scale(self) -> u32 {
        self.scale
    }

    /// Reads plain decimal text: an optional `-`, digits, and optionally a point with digits. No exponent, no blanks, no `+`.
    ///
    /// # Errors
    /// `AMOUNT_INVALID` for any other text, `AMOUNT_TOO_LARGE` above 18 digits before or 18 after the point.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let invalid = || Rejection {
            code: Code::AmountInvalid,
            path: Vec::new(),
            message: format!("`{}` is not a decimal string such as \"12.50\"", text.chars().take(40).collect::<String>()),
        };
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(invalid()),
            None => (digits, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        if whole.len() > 18 || fraction.len() > 18 {
            return Err(Rejection {
                code: Code::AmountTooLarge,
                path: Vec::new(),
                message: "a decimal has at most 18 digits before and 18 after the point".into(),
            });
        }
        let mut mantissa: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa * 10 + i128::from(byte - b'0');
        }
        let scale = u32::try_from(fraction.len()).unwrap_or(0);
        Ok(Self { mantissa: if negative { -mantissa } else { mantissa }, scale })
    }

    /// The same value with no trailing zeros after the point.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }

    fn rescaled(self, scale: u32) -> Option<i128> {
        self.mantissa.checked_mul(power_of_ten(scale.checked_sub(self.scale)?)?)
    }

    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.rescaled(scale)?.checked_add(other.rescaled(scale)?)?;
        Some(Self { mantissa, scale })
    }

    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self { mantissa: other.mantissa.checked_neg()?, scale: other.scale })
    }

    pub fn checked_mul(self, other: Self) -> Option<Self> {
        Some(Self { mantissa: self.mantissa.checked_mul(other.mantissa)?, scale: self.scale.checked_add(other.scale)? })
    }

    /// Divides by a whole number, exactly: `None` when the quotient is not a finite decimal or does not fit.
    pub fn checked_div_exact(self, divisor: i64) -> Option<Self> {
        if divisor <= 0 {
            return None;
        }
        let (mut rest, mut twos, mut fives) = (divisor, 0_u32, 0_u32);
        while rest % 2 == 0 {
            rest /= 2;
            twos += 1;
        }
        while rest % 5 == 0 {
            rest /= 5;
            fives += 1;
        }
        if rest != 1 {
            return None;
        }
        // 1 / (2^a 5^b) = 2^(m-a) 5^(m-b) / 10^m, with m the larger of the two.
        let digits = twos.max(fives);
        let factor = 2_i128.checked_pow(digits - twos)?.checked_mul(5_i128.checked_pow(digits - fives)?)?;
        Some(Self { mantissa: self.mantissa.checked_mul(factor)?, scale: self.scale.checked_add(digits)? }.normalized())
    }

    /// The whole number of `10^-scale` nearest to this value; halves go to the even neighbour. `None` when it does not fit `i64`.
    pub fn round_half_even(self, scale: u32) -> Option<i64> {
        if self.scale <= scale {
            return i64::try_from(self.rescaled(scale)?).ok();
        }
        let Some(divisor) = power_of_ten(self.scale - scale) else {
            // |mantissa| < 1.8e38 < half of 10^39: the value is nearer to zero than to one unit.
            return Some(0);
        };
        let (quotient, remainder) = (self.mantissa.div_euclid(divisor), self.mantissa.rem_euclid(divisor));
        let round_up = match remainder.cmp(&(divisor - remainder)) {
            Ordering::Less => false,
            Ordering::Greater => true,
            Ordering::Equal => quotient % 2 != 0,
        };
        i64::try_from(quotient + i128::from(round_up)).ok()
    }
}

impl TryFrom<String> for Exact {
    type Error = Rejection;

    fn try_from(text: String) -> Result<Self, Rejection> {
        Self::parse(&text)
    }
}

impl From<Exact> for String {
    fn from(exact: Exact) -> Self {
        exact.to_string()
    }
}

impl std::fmt::Display for Exact {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        let scale = usize::try_from(self.scale).unwrap_or(0);
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        if fraction.is_empty() { write!(formatter, "{sign}{whole}") } else { write!(formatter, "{sign}{whole}.{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    #[test]
    fn text_is_read_strictly() {
        for bad in ["", "-", ".5", "5.", "1e3", " 1", "+1", "1,5", "0x1", "NaN", "１"] {
            assert_eq!(Exact::parse(bad).unwrap_err().code, Code::AmountInvalid, "{bad}");
        }
        assert_eq!(exact("-0012.3400").to_string(), "-12.34");
        assert_eq!(exact("0.000000001").to_string(), "0.000000001");
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        for (text, scale, rounded) in
            [("0.5", 0, 0), ("1.5", 0, 2), ("2.5", 0, 2), ("-0.5", 0, 0), ("-1.5", 0, -2), ("2.51", 0, 3), ("1.25", 1, 12), ("7", 2, 700)]
        {
            assert_eq!(exact(text).round_half_even(scale), Some(rounded), "{text}");
        }
    }

    #[test]
    fn division_is_exact_or_refused() {
        assert_eq!(exact("2.50").checked_div_exact(1_000_000).unwrap().to_string(), "0.0000025");
        assert_eq!(exact("1").checked_div_exact(8).unwrap().to_string(), "0.125");
        assert_eq!(exact("1").checked_div_exact(3), None);
        assert_eq!(exact("1").checked_div_exact(0), None);
    }

    proptest! {
        #[test]
        fn display_and_parse_are_inverse(mantissa in -999_999_999_999_999_999_i128..=999_999_999_999_999_999, scale in 0_u32..=18) {
            let value = Exact::new(mantissa, scale).normalized();
            prop_assert_eq!(Exact::parse(&value.to_string()).unwrap(), value);
        }

        #[test]
        fn rounding_is_within_half_a_unit(mantissa in -1_000_000_000_000_000_i128..1_000_000_000_000_000, scale in 10_u32..=18) {
            let rounded = Exact::new(mantissa, scale).round_half_even(9).unwrap();
            let difference = Exact::new(mantissa, scale).checked_sub(Exact::new(i128::from(rounded), 9)).unwrap();
            let half = Exact::new(5, 10);
            let above = Exact::new(difference.mantissa.abs(), difference.scale).checked_sub(half).unwrap();
            prop_assert!(above.mantissa <= 0);
        }
    }
}
