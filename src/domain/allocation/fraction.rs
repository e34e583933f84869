//! Exact fractions.

use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};

/// An exact fraction; the denominator is above zero. It is shown in lowest terms, and kept as it was made: finding the common divisor of two
/// numbers of a thousand digits takes longer than anything else that is done with them.
#[derive(Debug, Clone)]
pub struct Fraction {
    numerator: BigInt,
    denominator: BigUint,
}

impl Fraction {
    /// In lowest terms. `None` when the denominator is zero.
    pub fn new(numerator: BigInt, denominator: BigUint) -> Option<Self> {
        Self::as_given(numerator, denominator).map(|fraction| fraction.lowest())
    }

    /// Without looking for a common divisor. `None` when the denominator is zero.
    pub fn as_given(numerator: BigInt, denominator: BigUint) -> Option<Self> {
        if denominator.is_zero() { None } else { Some(Self { numerator, denominator }) }
    }

    fn lowest(&self) -> Self {
        self.divided(&common_divisor(self.numerator.magnitude(), &self.denominator))
    }

    fn divided(&self, common: &BigUint) -> Self {
        Self { numerator: &self.numerator / BigInt::from(common.clone()), denominator: &self.denominator / common }
    }

    /// Its text, if that has at most so many characters. Of a long fraction the answer comes long before the common divisor would be known.
    pub fn text_within(&self, most: u32) -> Option<String> {
        // One digit and the line take two characters.
        let least = &self.denominator / BigUint::from(10_u32).pow(most.saturating_sub(2));
        let (mut larger, mut smaller) = (self.denominator.clone(), self.numerator.magnitude() % &self.denominator);
        while !smaller.is_zero() {
            // The common divisor divides both, so what is left below the line has too many digits already.
            if smaller <= least {
                return None;
            }
            (larger, smaller) = (smaller.clone(), larger % smaller);
        }
        let lowest = self.divided(&larger);
        let text = format!("{}/{}", lowest.numerator, lowest.denominator);
        (text.len() <= usize::try_from(most).unwrap_or(usize::MAX)).then_some(text)
    }

    pub fn is_zero(&self) -> bool {
        self.numerator.is_zero()
    }

    /// The decimal with `scale` digits after the point; halves go to the even neighbour.
    pub fn rounded(&self, scale: u32) -> String {
        let scaled = self.numerator.magnitude() * BigUint::from(10_u32).pow(scale);
        let (mut quotient, remainder) = scaled.div_rem(&self.denominator);
        let twice = remainder * 2_u32;
        if twice > self.denominator || (twice == self.denominator && quotient.is_odd()) {
            quotient += 1_u32;
        }
        let width = usize::try_from(scale).unwrap_or(0);
        let digits = format!("{quotient:0>width$}", width = width + 1);
        let (whole, fraction) = digits.split_at(digits.len() - width);
        let fraction = fraction.trim_end_matches('0');
        let sign = if self.numerator.is_negative() && !quotient.is_zero() { "-" } else { "" };
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// The fraction of a value, such as a share of a pool in ledger units.
    #[must_use]
    pub fn times(&self, value: &BigInt) -> Self {
        Self { numerator: &self.numerator * value, denominator: self.denominator.clone() }
    }

    /// A whole number.
    pub fn whole(units: i64) -> Self {
        Self { numerator: BigInt::from(units), denominator: BigUint::from(1_u32) }
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let over = |one: &Self, by: &BigUint| &one.numerator * BigInt::from(by.clone());
        let numerator = over(self, &other.denominator) + over(other, &self.denominator);
        Self::new(numerator, &self.denominator * &other.denominator).unwrap_or_else(|| self.clone())
    }

    /// This part of `of` parts: the product with `part / of`. `None` when `of` is zero.
    pub fn part(&self, part: i64, of: i64) -> Option<Self> {
        let sign = if of < 0 { -1 } else { 1 };
        Self::new(&self.numerator * part * sign, &self.denominator * of.unsigned_abs())
    }

    /// The same divided by a power of ten, such as ledger units in units of the currency.
    #[must_use]
    pub fn shifted(&self, scale: u32) -> Self {
        Self { numerator: self.numerator.clone(), denominator: &self.denominator * BigUint::from(10_u32).pow(scale) }
    }

    /// The nearest whole number; halves go to the even neighbour. `None` when it does not fit.
    pub fn round_half_even(&self) -> Option<i64> {
        let (quotient, remainder) = self.numerator.magnitude().div_rem(&self.denominator);
        let twice = remainder * 2_u32;
        let up = twice > self.denominator || (twice == self.denominator && quotient.is_odd());
        let magnitude = (quotient + u32::from(up)).to_i64()?;
        if self.numerator.is_negative() { magnitude.checked_neg() } else { Some(magnitude) }
    }
}

impl std::fmt::Display for Fraction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { numerator, denominator } = self.lowest();
        write!(formatter, "{numerator}/{denominator}")
    }
}

/// Two fractions are the same when they are so in lowest terms.
impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        let across = |one: &Self, by: &Self| &one.numerator * BigInt::from(by.denominator.clone());
        across(self, other) == across(other, self)
    }
}

impl Eq for Fraction {}

/// Euclid's on machine numbers where both fit, as those of ordinary drivers do.
fn common_divisor(left: &BigUint, right: &BigUint) -> BigUint {
    match (left.to_u64(), right.to_u64()) {
        (Some(left), Some(right)) => BigUint::from(left.gcd(&right)),
        _ => left.gcd(right),
    }
}
