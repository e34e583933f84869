//! Hours and what they cost.

use async_graphql::{InputObject, SimpleObject};

use super::finance::amounts;
use super::masters::{CostCenter, persons};
use super::money::Money;
use crate::app::labor as app;
use crate::domain::labor::Hours;
use crate::domain::money::{Currency, Money as DomainMoney};
use crate::domain::rejection::Rejection;
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, Decimal};

/// Hours of one person on one day.
#[derive(Debug, Clone, InputObject)]
pub struct TimeEntryInput {
    /// The system that keeps the hours; with `externalId` it is the key of the entry, for ever.
    source: String,
    external_id: String,
    worked_on: Date,
    /// The person's name or number in that system.
    person: String,
    role: Option<String>,
    /// Not zero, at most 24, with at most six decimals. Below zero they take earlier hours of the same person and day back.
    hours: Decimal,
    /// Code of the person's team, which is relieved of the cost.
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
    /// Whether the client is asked to pay for them. It changes no posting.
    #[graphql(default = true)]
    billable: bool,
}

impl TimeEntryInput {
    /// # Errors
    /// `DATE_INVALID`, `HOURS_INVALID`.
    pub fn read(self) -> Result<app::TimeInput, Rejection> {
        Ok(app::TimeInput {
            worked_on: self.worked_on.to_day("workedOn")?,
            hours: Hours::parse(&self.hours.0)?,
            source: self.source,
            external_id: self.external_id,
            person: self.person,
            role: self.role,
            team: self.team,
            project: self.project,
            client: self.client,
            feature: self.feature,
            is_billable: self.billable,
        })
    }
}

/// What an hour costs, of a person, a role, or a person in a role.
#[derive(Debug, Clone, InputObject)]
pub struct LaborRateInput {
    person: Option<String>,
    role: Option<String>,
    /// Pay and burden, not what a client is billed.
    cost_per_hour: Decimal,
    currency: CurrencyCode,
    effective_from: Date,
    /// The first day on which it holds no longer.
    effective_to: Option<Date>,
}

impl LaborRateInput {
    /// # Errors
    /// `DATE_INVALID`, `CURRENCY_UNKNOWN`, the refusals of an amount.
    pub fn read(self) -> Result<app::RateInput, Rejection> {
        let currency = Currency::parse(&self.currency.0).map_err(|rejection| rejection.under("currency"))?;
        Ok(app::RateInput {
            person: self.person,
            role: self.role,
            cost_per_hour: DomainMoney::parse(&self.cost_per_hour.0, currency).map_err(|rejection| rejection.under("costPerHour"))?,
            from: self.effective_from.to_day("effectiveFrom")?,
            to: self.effective_to.map(|day| day.to_day("effectiveTo")).transpose()?,
        })
    }
}

/// What an hour costs. A person's own rate stands above that of a role; then the one that began last counts.
#[derive(SimpleObject)]
pub struct LaborRate {
    id: BigInt,
    person: Option<String>,
    role: Option<String>,
    cost_per_hour: Money,
    effective_from: Date,
    /// The first day on which it holds no longer.
    effective_to: Option<Date>,
}

impl From<app::LaborRate> for LaborRate {
    fn from(rate: app::LaborRate) -> Self {
        Self {
            id: rate.number.into(),
            person: rate.person,
            role: rate.role,
            cost_per_hour: rate.cost_per_hour.into(),
            effective_from: rate.from.into(),
            effective_to: rate.to.map(Date::from),
        }
    }
}

/// Hours by cost center. Cost stands in account 5020, and is taken out of 6790.
#[derive(SimpleObject)]
pub struct LaborReport {
    /// Hours and cost of rows of fewer persons are null for a token that may not read rates.
    least_persons: i32,
    rows: Vec<LaborRow>,
    /// Entries that no rate is known for: they cost nothing yet, and are booked when one is saved.
    waiting_entries: BigInt,
    waiting_hours: Decimal,
}

/// The hours on one cost center.
#[derive(SimpleObject)]
pub struct LaborRow {
    center: Option<CostCenter>,
    entries: BigInt,
    /// Null when fewer than `leastPersons` stand behind the row and the token may not read rates.
    hours: Option<Decimal>,
    /// What they cost at the rates that count now, by currency; null as `hours`.
    cost: Option<Vec<Money>>,
}

impl From<app::LaborReport> for LaborReport {
    fn from(report: app::LaborReport) -> Self {
        Self {
            least_persons: persons(report.least_persons),
            rows: report.rows.into_iter().map(LaborRow::from).collect(),
            waiting_entries: report.waiting_entries.into(),
            waiting_hours: report.waiting_hours.exact().into(),
        }
    }
}

impl From<app::LaborRow> for LaborRow {
    fn from(row: app::LaborRow) -> Self {
        Self {
            center: row.center.map(CostCenter::from),
            entries: row.entries.into(),
            hours: row.figures.as_ref().map(|figures| figures.hours.exact().into()),
            cost: row.figures.as_ref().map(|figures| amounts(&figures.costs)),
        }
    }
}
