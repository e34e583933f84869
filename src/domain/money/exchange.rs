//! Exchange rates and exact conversion: rounded once, half to even, at the ledger scale of the target currency.
//!
//! A rate says how much of `to` one unit of `from` is. It is used as it stands, or turned over as an exact fraction: 1 / 1.25 is 4 / 5 and
//! never a rounded decimal. Rates are not chained through a third currency; who needs a cross rate saves one.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Amount, Currency, Exact, Money};
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};

/// Decimals of a rate: more than any market quotes, few enough that a conversion never leaves 128 bits for an amount that fits.
const MOST_DECIMALS: u32 = 12;
/// Digits of a rate in all.
const LARGEST_MANTISSA: i128 = 1_000_000_000_000_000_000;

/// An exact rate above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(Exact);

impl Rate {
    /// Reads plain decimal text.
    ///
    /// # Errors
    /// `AMOUNT_INVALID` for what is no decimal, `RATE_INVALID` for zero, below zero, or too many digits.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let exact = Exact::parse(text)?.normalized();
        if exact.mantissa() <= 0 || exact.mantissa() >= LARGEST_MANTISSA || exact.scale() > MOST_DECIMALS {
            return Err(Rejection::of(Code::RateInvalid));
        }
        Ok(Self(exact))
    }

    pub fn exact(self) -> Exact {
        self.0
    }
}

/// A rate as a report names it: how much, of which day, from where, and whether it was turned over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub rate: Rate,
    /// The day the rate is of; not after the day it is used for.
    pub day: Day,
    pub source: String,
    /// The saved rate is that of the other direction: one unit of the target is this much of what is converted.
    pub is_inverse: bool,
}

impl Quote {
    /// The amount in another currency, rounded half to even at its ledger scale. `None` when it does not fit.
    pub fn convert(&self, money: Money, to: Currency) -> Option<Money> {
        let units = self.convert_units(i128::from(money.amount.units()), money.currency, to)?;
        Some(Amount::from_units(i64::try_from(units).ok()?).with(to))
    }

    /// The same for a sum of ledger units, which may exceed one amount.
    pub fn convert_units(&self, units: i128, from: Currency, to: Currency) -> Option<i128> {
        let (mantissa, scale) = (self.rate.0.mantissa(), i64::from(self.rate.0.scale()));
        let shift = i64::from(to.ledger_scale()) - i64::from(from.ledger_scale());
        let (numerator, denominator) = if self.is_inverse {
            power(units, 1, shift.checked_add(scale)?, mantissa)?
        } else {
            power(units.checked_mul(mantissa)?, 1, shift.checked_sub(scale)?, 1)?
        };
        Some(divide_half_even(numerator, denominator))
    }
}

/// `numerator * 10^exponent / (denominator * divisor)` as a fraction of whole numbers.
fn power(numerator: i128, denominator: i128, exponent: i64, divisor: i128) -> Option<(i128, i128)> {
    let ten = 10_i128.checked_pow(u32::try_from(exponent.unsigned_abs()).ok()?)?;
    if exponent >= 0 {
        Some((numerator.checked_mul(ten)?, denominator.checked_mul(divisor)?))
    } else {
        Some((numerator, denominator.checked_mul(ten)?.checked_mul(divisor)?))
    }
}

/// The nearest whole number; halves go to the even neighbour. `denominator` is above zero.
fn divide_half_even(numerator: i128, denominator: i128) -> i128 {
    let (quotient, remainder) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let up = match remainder.cmp(&(denominator - remainder)) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => quotient % 2 != 0,
    };
    quotient + i128::from(up)
}

/// `amount * part / whole`, rounded half to even; all of it when `part` is `whole`. `None` when it does not fit, or `whole` is not above zero.
pub fn share(amount: i64, part: i64, whole: i64) -> Option<i64> {
    if whole <= 0 {
        return None;
    }
    let product = i128::from(amount).checked_mul(i128::from(part))?;
    i64::try_from(divide_half_even(product, i128::from(whole))).ok()
}

/// The rates that the books know, as far as they are needed.
#[derive(Debug, Default)]
pub struct RateBook {
    rates: BTreeMap<(Currency, Currency), BTreeMap<Day, (Rate, String)>>,
    /// How many days a rate may be old.
    most_days: i32,
}

impl RateBook {
    pub fn new(most_days: i32) -> Self {
        Self { rates: BTreeMap::new(), most_days }
    }

    /// Takes a rate in. Of one pair and day, the last one taken in counts: give them in the order in which they were recorded.
    pub fn insert(&mut self, from: Currency, to: Currency, day: Day, rate: Rate, source: String) {
        self.rates.entry((from, to)).or_default().insert(day, (rate, source));
    }

    /// The rate that applies on a day: the last one on or before it, if it is not too old. A rate of the pair itself goes before one of the
    /// opposite direction, which is turned over.
    ///
    /// # Errors
    /// `RATE_MISSING`.
    pub fn quote(&self, from: Currency, to: Currency, day: Day) -> Result<Quote, Rejection> {
        let found = self.last(from, to, day, false).or_else(|| self.last(to, from, day, true));
        found.ok_or_else(|| Rejection {
            code: Code::RateMissing,
            path: Vec::new(),
            message: format!(
                "no rate from {from} to {to} is dated {day} or at most {} days before: save one with saveExchangeRates",
                self.most_days
            ),
        })
    }

    /// The amount in another currency at the rate of a day; the same amount in its own currency.
    ///
    /// # Errors
    /// `RATE_MISSING`, `AMOUNT_TOO_LARGE`.
    pub fn convert(&self, money: Money, to: Currency, day: Day) -> Result<Money, Rejection> {
        if money.currency == to || money.amount == Amount::ZERO {
            return Ok(money.amount.with(to));
        }
        let converted = self.quote(money.currency, to, day)?.convert(money, to);
        converted.ok_or_else(|| Rejection {
            code: Code::AmountTooLarge,
            path: Vec::new(),
            message: format!("{money} is too large in {to}"),
        })
    }

    /// The same for a sum of ledger units, which may exceed one amount.
    ///
    /// # Errors
    /// `RATE_MISSING`, `AMOUNT_TOO_LARGE`.
    pub fn convert_units(&self, units: i128, from: Currency, to: Currency, day: Day) -> Result<i128, Rejection> {
        if from == to || units == 0 {
            return Ok(units);
        }
        let message = || format!("{} {from} is too large in {to}", Money::exact_of_units(units, from));
        let converted = self.quote(from, to, day)?.convert_units(units, from, to);
        converted.ok_or_else(|| Rejection { code: Code::AmountTooLarge, path: Vec::new(), message: message() })
    }

    fn last(&self, from: Currency, to: Currency, day: Day, is_inverse: bool) -> Option<Quote> {
        let (found, (rate, source)) = self.rates.get(&(from, to))?.range(..=day).next_back()?;
        let is_recent = i64::from(day.0) - i64::from(found.0) <= i64::from(self.most_days);
        is_recent.then(|| Quote { rate: *rate, day: *found, source: source.clone(), is_inverse })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str, currency: &str) -> Money {
        Money::parse(text, Currency::parse(currency).unwrap()).unwrap()
    }

    fn quote(rate: &str, is_inverse: bool) -> Quote {
        Quote { rate: Rate::parse(rate).unwrap(), day: Day(20_000), source: "ECB".into(), is_inverse }
    }

    #[test]
    fn worked_conversions() {
        let usd = Currency::USD;
        let in_usd = |amount, currency, rate, inverse| quote(rate, inverse).convert(money(amount, currency), usd).unwrap().to_string();
        assert_eq!(in_usd("1000", "EUR", "1.08", false), "1080 USD");
        assert_eq!(in_usd("1000", "EUR", "1.25", true), "800 USD");
        assert_eq!(in_usd("1", "EUR", "3", true), "0.333333333 USD", "an exact third, rounded once");
        assert_eq!(in_usd("15000", "JPY", "150", true), "100 USD");
        assert_eq!(in_usd("1", "KWD", "3.25", false), "3.25 USD");
        assert_eq!(in_usd("0.000000001", "EUR", "0.5", false), "0 USD", "a half goes to the even neighbour");
        assert_eq!(in_usd("0.000000003", "EUR", "0.5", false), "0.000000002 USD");
        assert_eq!(quote("0.00625", false).convert(money("100", "JPY"), usd).unwrap().to_string(), "0.625 USD");
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(quote("160", false).convert(money("-0.5", "USD"), yen).unwrap().to_string(), "-80 JPY");
        assert_eq!(quote("999999", false).convert(Amount::from_units(9_000_000_000_000_000_000).with(usd), yen), None);
    }

    #[test]
    fn the_last_rate_on_or_before_the_day_counts_unless_it_is_too_old() {
        let (eur, usd) = (Currency::parse("EUR").unwrap(), Currency::USD);
        let mut book = RateBook::new(7);
        book.insert(eur, usd, Day(100), Rate::parse("1.05").unwrap(), "first".into());
        book.insert(eur, usd, Day(100), Rate::parse("1.06").unwrap(), "corrected".into());
        book.insert(usd, eur, Day(104), Rate::parse("0.9").unwrap(), "other way".into());
        assert_eq!(book.quote(eur, usd, Day(99)).unwrap_err().code, Code::RateMissing);
        let on = |day| book.quote(eur, usd, Day(day)).map(|quote| (quote.source, quote.is_inverse));
        assert_eq!(on(107).unwrap(), ("corrected".to_owned(), false));
        assert_eq!(on(108).unwrap(), ("other way".to_owned(), true), "the pair's own rate is too old");
        assert_eq!(on(112).unwrap_err().code, Code::RateMissing);
        assert_eq!(book.convert(Amount::from_units(5).with(usd), usd, Day(0)).unwrap().amount.units(), 5);
    }

    #[test]
    fn rates_are_read_strictly() {
        for bad in ["0", "-1", "0.0000000000001", "999999999999999999.1"] {
            assert_eq!(Rate::parse(bad).unwrap_err().code, Code::RateInvalid, "{bad}");
        }
        assert_eq!(Rate::parse("1,08").unwrap_err().code, Code::AmountInvalid);
    }

    proptest! {
        #[test]
        fn there_and_back_is_within_the_rounding(units in -1_000_000_000_000_000_i64..1_000_000_000_000_000, rate in 1_i64..1_000_000_000, scale in 0_u32..=9) {
            let (eur, usd) = (Currency::parse("EUR").unwrap(), Currency::USD);
            let rate = Rate(Exact::new(i128::from(rate), scale).normalized());
            let quote = |is_inverse| Quote { rate, day: Day(0), source: String::new(), is_inverse };
            let Some(there) = quote(false).convert(Amount::from_units(units).with(eur), usd) else { return Ok(()) };
            let Some(back) = quote(true).convert(there, eur) else { return Ok(()) };
            // Half a unit there is at most half a unit divided by the rate on the way back, and half a unit more.
            let error = i128::from(back.amount.units() - units).abs();
            let ten = 10_i128.pow(rate.0.scale());
            prop_assert!(2 * error * rate.0.mantissa() <= ten + rate.0.mantissa(), "{error}");
        }

        #[test]
        fn a_conversion_is_within_half_a_unit(units in -1_000_000_000_000_i64..1_000_000_000_000, rate in 1_i64..1_000_000, scale in 0_u32..=6) {
            let (yen, usd) = (Currency::parse("JPY").unwrap(), Currency::USD);
            let quote = Quote { rate: Rate(Exact::new(i128::from(rate), scale)), day: Day(0), source: String::new(), is_inverse: false };
            let Some(got) = quote.convert(Amount::from_units(units).with(yen), usd) else { return Ok(()) };
            let got = i128::from(got.amount.units());
            // got / 10^9 against units * rate / 10^(7 + scale), both times 10^(9 + scale).
            let exact = i128::from(units) * i128::from(rate) * 100;
            let error = (got * 10_i128.pow(scale) - exact).abs();
            prop_assert!(2 * error <= 10_i128.pow(scale));
        }

        #[test]
        fn shares_of_the_whole_are_the_whole(amount in any::<i64>(), whole in 1..i64::MAX) {
            prop_assert_eq!(share(amount, whole, whole), Some(amount));
            prop_assert_eq!(share(amount, 0, whole), Some(0));
        }
    }
}
