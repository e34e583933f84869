//! Drivers, and the weights that come of them.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigUint;

use super::Center;
use super::rule::{RuleTerms, WhenMissing, WhenNegative, standing_driver};
use crate::domain::money::{Currency, Exact};
use crate::domain::rejection::{Code, Rejection};

/// Quantities of a period by driver and center.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drivers {
    values: BTreeMap<(String, Option<Currency>), BTreeMap<Center, Exact>>,
}

impl Drivers {
    /// Sets the quantity of a center; of a driver that is money, in one currency.
    pub fn set(&mut self, driver: &str, currency: Option<Currency>, center: Center, quantity: Exact) {
        self.values.entry((driver.to_owned(), currency)).or_default().insert(center, quantity);
    }

    /// Every value, in the order of driver, currency and center.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Currency>, &Center, Exact)> {
        self.values.iter().flat_map(|((driver, currency), centers)| {
            centers.iter().map(move |(center, quantity)| (driver.as_str(), *currency, center, *quantity))
        })
    }

    /// The values for a pool in a currency.
    fn of(&self, driver: &str, currency: Currency) -> BTreeMap<Center, Exact> {
        let counted = self.values.get(&(driver.to_owned(), None));
        let money = self.values.get(&(driver.to_owned(), Some(currency)));
        counted.into_iter().chain(money).flatten().map(|(center, quantity)| (center.clone(), *quantity)).collect()
    }
}

/// Whose quantities are asked for.
pub struct Asked<'a> {
    pub terms: &'a RuleTerms,
    pub driver: &'a str,
    pub currency: Currency,
    /// Centers that receive nothing: the sender, and service centers that are closed.
    pub excluded: &'a BTreeSet<Center>,
    /// Centers that receive beside those that the rule names: service centers that are still open.
    pub also: &'a BTreeSet<Center>,
}

impl Asked<'_> {
    /// The quantity of each receiver, in their order. Those that the rule names receive; when it names none, whoever has a value does.
    ///
    /// # Errors
    /// `DRIVER_MISSING`, `DRIVER_NEGATIVE`.
    pub fn quantities(&self, drivers: &Drivers) -> Result<BTreeMap<Center, Exact>, Rejection> {
        let mut values = drivers.of(self.driver, self.currency);
        values.retain(|center, _| !self.excluded.contains(center));
        let named = &self.terms.receivers;
        if named.is_empty() {
            let kind = self.terms.receiver_kind;
            values.retain(|center, _| self.also.contains(center) || kind.is_none_or(|kind| center.kind == kind));
        } else {
            let is_named = |center: &Center| named.binary_search_by(|receiver| receiver.center.cmp(center)).is_ok();
            values.retain(|center, _| self.also.contains(center) || is_named(center));
            for receiver in named.iter().filter(|receiver| !self.excluded.contains(&receiver.center)) {
                if !values.contains_key(&receiver.center) {
                    self.check_missing(&receiver.center)?;
                    values.insert(receiver.center.clone(), Exact::ZERO);
                }
            }
        }
        for (center, quantity) in &mut values {
            if quantity.mantissa() < 0 {
                if self.terms.when_negative == WhenNegative::Refuse {
                    let message = format!("driver {} of {center} is {quantity}: correct it, or let the rule take it as zero", self.driver);
                    return Err(Rejection::at(Code::DriverNegative, "driver", message));
                }
                *quantity = Exact::ZERO;
            }
        }
        Ok(values)
    }

    fn check_missing(&self, center: &Center) -> Result<(), Rejection> {
        if standing_driver(self.driver).is_some() || self.terms.when_missing == WhenMissing::Zero {
            return Ok(());
        }
        let message = format!("driver {} has no value for {center} in the period: record it, or let the rule take it as zero", self.driver);
        Err(Rejection::at(Code::DriverMissing, "driver", message))
    }
}

/// Decimals not below zero as whole numbers of one common power of ten.
pub fn scaled(quantities: &[Exact]) -> Vec<BigUint> {
    let scale = quantities.iter().map(|quantity| quantity.scale()).max().unwrap_or(0);
    let whole = |quantity: &Exact| {
        let mantissa = BigUint::from(quantity.mantissa().unsigned_abs());
        mantissa * BigUint::from(10_u32).pow(scale - quantity.scale())
    };
    quantities.iter().map(whole).collect()
}

/// The sum of decimals.
///
/// # Errors
/// `LEDGER_OVERFLOW`.
pub fn sum<'a>(quantities: impl IntoIterator<Item = &'a Exact>) -> Result<Exact, Rejection> {
    let mut quantities = quantities.into_iter();
    let sum = quantities.try_fold(Exact::ZERO, |sum, quantity| sum.checked_add(*quantity));
    sum.map(Exact::normalized).ok_or_else(|| Rejection::of(Code::LedgerOverflow))
}
