//! Payroll and its difference from applied labor.

use async_graphql::{InputObject, SimpleObject};

use super::masters::CostCenter;
use super::money::Money;
use crate::app::payroll as app;
use crate::domain::money::{Amount, Currency, Money as DomainMoney};
use crate::domain::payroll::Variances;
use crate::domain::period::Month;
use crate::domain::rejection::Rejection;
use crate::graphql::scalars::{CurrencyCode, Decimal};

/// What payroll cost a team in a month.
#[derive(Debug, Clone, InputObject)]
pub struct PayrollEntryInput {
    /// The system that pays; with `externalId` it is the key of the entry, for ever.
    source: String,
    external_id: String,
    /// Such as `2026-01`.
    period: String,
    /// Code of the team.
    team: String,
    /// Hours that were paid, with at most six decimals; below zero they correct earlier ones.
    hours: Decimal,
    /// Pay and burden; below zero it corrects earlier payroll. Zero corrects hours alone.
    amount: Decimal,
    currency: CurrencyCode,
}

impl PayrollEntryInput {
    /// # Errors
    /// `DATE_INVALID`, `PAYROLL_INVALID`, `CURRENCY_UNKNOWN`, the refusals of an amount.
    pub fn read(self) -> Result<app::PayrollInput, Rejection> {
        let currency = Currency::parse(&self.currency.0).map_err(|rejection| rejection.under("currency"))?;
        Ok(app::PayrollInput {
            month: Month::parse(&self.period)?,
            hours: app::PayrollInput::read_hours(&self.hours.0)?,
            amount: DomainMoney::parse(&self.amount.0, currency).map_err(|rejection| rejection.under("amount"))?,
            source: self.source,
            external_id: self.external_id,
            team: self.team,
        })
    }
}

/// What the labor of a team cost in a period beside what was applied of it. Above zero is unfavourable.
#[derive(SimpleObject)]
pub struct LaborVarianceRow {
    /// Null for hours of no team.
    team: Option<CostCenter>,
    currency: CurrencyCode,
    /// What payroll cost.
    paid: Money,
    paid_hours: Decimal,
    /// What the hours worked in the period cost at their rates.
    applied: Money,
    /// The hours behind it; hours that wait for a rate are not among them.
    applied_hours: Decimal,
    /// Paid, less the paid hours at the applied cost of an hour. Null while no payroll is recorded.
    rate_variance: Option<Money>,
    /// The rest: hours that were paid and not applied. Null as `rateVariance`.
    utilization_variance: Option<Money>,
    /// What is posted of the rate variance; `trueUpLabor` posts the difference.
    posted_rate_variance: Money,
    posted_utilization_variance: Money,
}

impl From<app::LaborVarianceRow> for LaborVarianceRow {
    fn from(row: app::LaborVarianceRow) -> Self {
        let currency: Currency = row.currency;
        let money = |units: i64| Money::from(Amount::from_units(units).with(currency));
        let of = |part: fn(Variances) -> i64| row.variances.map(|variances| money(part(variances)));
        Self {
            currency: CurrencyCode(currency.to_string()),
            paid: money(row.labor.paid),
            paid_hours: row.labor.paid_hours.exact().into(),
            applied: money(row.labor.applied),
            applied_hours: row.labor.applied_hours.exact().into(),
            rate_variance: of(|variances| variances.rate),
            utilization_variance: of(|variances| variances.utilization),
            posted_rate_variance: money(row.posted.rate),
            posted_utilization_variance: money(row.posted.utilization),
            team: row.team.map(CostCenter::from),
        }
    }
}
