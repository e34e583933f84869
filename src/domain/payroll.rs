//! Payroll beside labor: what salaries cost more or less than the labor that was applied of them, and why. Pure arithmetic.

use super::money::{Currency, Money};
use super::outputs::Count;
use super::period::Month;
use super::rejection::{Code, Rejection};

/// What payroll cost a team in a month, as it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayrollInput {
    pub source: String,
    pub external_id: String,
    pub month: Month,
    pub team: String,
    /// Paid hours; below zero they correct earlier ones.
    pub hours: Count,
    pub amount: Money,
}

impl PayrollInput {
    /// Reads paid hours.
    ///
    /// # Errors
    /// `PAYROLL_INVALID` at `hours`.
    pub fn read_hours(text: &str) -> Result<Count, Rejection> {
        let shown: String = text.chars().take(40).collect();
        Count::parse(text)
            .ok_or_else(|| Rejection::at(Code::PayrollInvalid, "hours", format!("`{shown}`: {}", Code::PayrollInvalid.help())))
    }

    /// Holds that it says anything.
    ///
    /// # Errors
    /// `PAYROLL_INVALID` at `amount`.
    pub fn check(&self) -> Result<(), Rejection> {
        let says_nothing = self.amount.amount.units() == 0 && self.hours == Count::ZERO;
        if says_nothing { Err(Rejection::of(Code::PayrollInvalid).under("amount")) } else { Ok(()) }
    }
}

/// What a team was paid, and what was applied of it at the rates, in one month and currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Labor {
    /// In ledger units.
    pub paid: i64,
    pub paid_hours: Count,
    /// In ledger units.
    pub applied: i64,
    pub applied_hours: Count,
}

/// Why payroll cost more (above zero) or less than what was applied, in ledger units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Variances {
    /// Hours cost more than their rates say.
    pub rate: i64,
    /// More hours were paid than worked on anything.
    pub utilization: i64,
}

impl Labor {
    /// Splits paid less applied. The standard rate is what was applied for an hour; the rate variance is what was paid less the paid hours at
    /// that rate, rounded once (half to even), and the rest is the utilization variance, so that both re-sum. Without hours on either side
    /// nothing tells a rate: all is utilization.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn variances(self) -> Result<Variances, Rejection> {
        let overflow = || Rejection::of(Code::LedgerOverflow);
        let total = self.paid.checked_sub(self.applied).ok_or_else(overflow)?;
        if self.applied_hours <= Count::ZERO || self.paid_hours <= Count::ZERO {
            return Ok(Variances { rate: 0, utilization: total });
        }
        let product = i128::from(self.applied).checked_mul(i128::from(self.paid_hours.millionths())).ok_or_else(overflow)?;
        let standard = rounded(product, i128::from(self.applied_hours.millionths())).ok_or_else(overflow)?;
        let rate = self.paid.checked_sub(standard).ok_or_else(overflow)?;
        Ok(Variances { rate, utilization: total.checked_sub(rate).ok_or_else(overflow)? })
    }
}

/// The whole number nearest to a quotient by a divisor above zero; halves go to the even neighbour.
fn rounded(dividend: i128, divisor: i128) -> Option<i64> {
    let (quotient, remainder) = (dividend.div_euclid(divisor), dividend.rem_euclid(divisor));
    let is_up = match remainder.cmp(&divisor.checked_sub(remainder)?) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient.rem_euclid(2) == 1,
    };
    i64::try_from(quotient.checked_add(i128::from(is_up))?).ok()
}

impl Variances {
    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn less(self, held: Self) -> Result<Self, Rejection> {
        let difference = |now: i64, held: i64| now.checked_sub(held).ok_or_else(|| Rejection::of(Code::LedgerOverflow));
        Ok(Self { rate: difference(self.rate, held.rate)?, utilization: difference(self.utilization, held.utilization)? })
    }
}

/// The rows of a period are of a team and a currency.
pub type TeamKey = (crate::domain::ids::NameId, Currency);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(hours: i64) -> Count {
        Count::from_millionths(hours * 1_000_000)
    }

    /// The example of double-entry-bookkeeping.com (standard costing, labor variances): 500 pieces of half an hour at 15.00 are 3,750.00;
    /// 230 hours were paid at 18.00, 4,140.00. Price 690.00 unfavourable, efficiency 300.00 favourable, together 390.00 unfavourable.
    #[test]
    fn the_golden_case() {
        let labor = Labor { paid: 414_000, paid_hours: hours(230), applied: 375_000, applied_hours: hours(250) };
        assert_eq!(labor.variances(), Ok(Variances { rate: 69_000, utilization: -30_000 }));
    }

    #[test]
    fn without_hours_all_is_utilization() {
        let idle = Labor { paid: 500, paid_hours: hours(10), applied: 0, applied_hours: hours(0) };
        assert_eq!(idle.variances(), Ok(Variances { rate: 0, utilization: 500 }));
        let unpaid = Labor { paid: 0, paid_hours: hours(0), applied: 500, applied_hours: hours(10) };
        assert_eq!(unpaid.variances(), Ok(Variances { rate: 0, utilization: -500 }));
    }

    proptest! {
        #[test]
        fn variances_re_sum(paid in -1_000_000_000_i64..1_000_000_000_000, paid_hours in 0_i64..1_000_000, applied in 0_i64..1_000_000_000_000, applied_hours in 0_i64..1_000_000) {
            let labor = Labor { paid, paid_hours: Count::from_millionths(paid_hours), applied, applied_hours: Count::from_millionths(applied_hours) };
            let found = labor.variances().unwrap();
            prop_assert_eq!(found.rate + found.utilization, paid - applied);
            if paid_hours > 0 && applied_hours > 0 {
                // |paid - rate - applied x paid_hours / applied_hours| <= 1/2
                let error = i128::from(paid - found.rate) * i128::from(applied_hours) - i128::from(applied) * i128::from(paid_hours);
                prop_assert!(2 * error.abs() <= i128::from(applied_hours));
            }
        }
    }
}
