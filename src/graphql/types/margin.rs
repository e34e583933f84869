//! Margins, unit economics and targets.

use async_graphql::{Enum, InputObject, SimpleObject};

use super::enums::AccountClass;
use super::finance::{ControlTotal, ReportBasis};
use super::masters::{Account, persons};
use crate::app::margin as app;
use crate::app::reports::DimensionFilter;
use crate::domain::margin as domain;
use crate::domain::margin::percent;
use crate::domain::money::{Currency, Exact};
use crate::domain::rejection::Rejection;
use crate::domain::report::SpendDimension;
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, Decimal};

/// What a margin can be split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::margin::MarginDimension")]
pub enum MarginDimension {
    Client,
    Project,
    Team,
    /// The topmost project above a project, or the project itself.
    Service,
    Feature,
}

/// A line of the margin statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::margin::MarginLine")]
pub enum MarginLine {
    Revenue,
    /// AI use that is cost of revenue: 5000, 5090, 5095 and what is below them, and accounts of one's own that bear charges.
    DirectAi,
    /// Hours at their rates: 5020.
    AppliedLabor,
    /// Any other cost of revenue.
    OtherCost,
    /// Shared cost that allocation rules brought: 5050, and what such a rule moved within another account of cost of revenue.
    Allocated,
    /// AI use that is operating expense: 6000, 6500 and what is below them, and accounts of one's own that bear charges.
    OperatingAi,
    /// Any other operating expense.
    OperatingExpense,
}

/// Every list given must match; any of its codes does. A client, project or team matches with every one below it. `null` in a list stands for what is
/// without that dimension.
#[derive(Debug, Clone, Default, InputObject)]
pub struct MarginFilter {
    clients: Option<Vec<Option<String>>>,
    projects: Option<Vec<Option<String>>>,
    teams: Option<Vec<Option<String>>>,
    features: Option<Vec<Option<String>>>,
}

impl From<MarginFilter> for DimensionFilter {
    fn from(filter: MarginFilter) -> Self {
        let lists = [
            (SpendDimension::Client, filter.clients),
            (SpendDimension::Project, filter.projects),
            (SpendDimension::Team, filter.teams),
            (SpendDimension::Feature, filter.features),
        ];
        Self(lists.into_iter().filter_map(|(dimension, codes)| Some((dimension, codes?))).collect())
    }
}

/// Revenue and cost of a range of days, and the margins they leave.
#[derive(Debug, SimpleObject)]
pub struct Margin {
    basis: ReportBasis,
    from: Date,
    to: Date,
    /// The last entry that is in the figures.
    through_entry: BigInt,
    /// Hours of fewer persons are null for a token that may not read rates. `saveBooksSettings` changes it.
    least_persons: i32,
    /// In the order of period and keys; one row for each currency.
    rows: Vec<MarginRow>,
    /// The sum of all rows, by currency.
    totals: Vec<MarginRow>,
    /// The rows beside the trial balance of the same days, class by class.
    controls: Vec<MarginControl>,
}

/// One class of accounts: debits less credits of the rows beside the movement in the trial balance.
#[derive(Debug, SimpleObject)]
pub struct MarginControl {
    class: AccountClass,
    control: ControlTotal,
}

/// One value that a row is split by.
#[derive(Debug, SimpleObject)]
pub struct MarginKey {
    dimension: MarginDimension,
    /// Absent for what is without that dimension.
    code: Option<String>,
}

/// One period and combination of keys in one currency. A percentage is rounded to two decimals, half to even; it is null where revenue or cost is
/// not above zero.
#[derive(Debug, SimpleObject)]
pub struct MarginRow {
    /// The name of the period; absent without an interval.
    period: Option<String>,
    /// In the order of `groupBy`.
    keys: Vec<MarginKey>,
    currency: CurrencyCode,
    /// Rebilled AI cost included.
    revenue: Decimal,
    /// AI use that is cost of revenue.
    direct_ai: Decimal,
    /// Hours at their rates.
    applied_labor: Decimal,
    /// Any other direct cost of revenue.
    other_cost: Decimal,
    /// Revenue less direct AI, applied labor and other cost: the margin before allocation.
    contribution_margin: Decimal,
    contribution_margin_percent: Option<Decimal>,
    /// Shared cost that allocation rules brought.
    allocated: Decimal,
    /// The contribution margin less allocated cost.
    gross_margin: Decimal,
    gross_margin_percent: Option<Decimal>,
    /// AI in all cost of revenue, in percent.
    ai_share_of_cogs: Option<Decimal>,
    /// AI use that is operating expense. Below the gross margin.
    operating_ai: Decimal,
    /// Any other operating expense, contra accounts taken off.
    operating_expense: Decimal,
    /// The gross margin less both.
    net: Decimal,
    /// Hours worked. Null where fewer than `leastPersons` stand behind them and the token may not read rates. Hours have no currency: rows of one
    /// key in two currencies both show them.
    hours: Option<Decimal>,
    /// Direct AI and applied labor for each hour worked.
    effective_cost_per_hour: Option<Decimal>,
}

fn decimal(exact: Option<Exact>) -> Option<Decimal> {
    exact.map(Decimal::from)
}

impl From<app::MarginRow> for MarginRow {
    fn from(row: app::MarginRow) -> Self {
        let (effective, ai_share) = (row.effective_cost_per_hour(), row.ai_share());
        let (figures, money) = (row.figures, |units| Decimal::of_units(units, row.currency));
        let of_revenue = |part| decimal(percent(part, figures.revenue));
        Self {
            period: row.period,
            keys: row.keys.into_iter().map(|(dimension, code)| MarginKey { dimension: dimension.into(), code }).collect(),
            currency: row.currency.into(),
            revenue: money(figures.revenue),
            direct_ai: money(figures.direct_ai),
            applied_labor: money(figures.applied_labor),
            other_cost: money(figures.other_cost),
            contribution_margin: money(figures.contribution_margin()),
            contribution_margin_percent: of_revenue(figures.contribution_margin()),
            allocated: money(figures.allocated),
            gross_margin: money(figures.gross_margin()),
            gross_margin_percent: of_revenue(figures.gross_margin()),
            ai_share_of_cogs: decimal(ai_share),
            operating_ai: money(figures.operating_ai),
            operating_expense: money(figures.operating_expense),
            net: money(figures.net()),
            hours: row.hours.map(|hours| hours.exact().into()),
            effective_cost_per_hour: decimal(effective),
        }
    }
}

impl From<app::MarginReport> for Margin {
    fn from(report: app::MarginReport) -> Self {
        let control = |tie: app::MarginControl| MarginControl { class: tie.class.into(), control: ControlTotal::from(tie.control) };
        Self {
            basis: ReportBasis::Accrual,
            from: report.days.from().into(),
            to: report.days.to().into(),
            through_entry: report.through_entry.0.into(),
            least_persons: persons(report.least_persons),
            rows: report.rows.into_iter().map(MarginRow::from).collect(),
            totals: report.totals.into_iter().map(MarginRow::from).collect(),
            controls: report.controls.into_iter().map(control).collect(),
        }
    }
}

/// From revenue to the net, account by account, in one currency.
#[derive(Debug, SimpleObject)]
pub struct MarginWaterfall {
    currency: CurrencyCode,
    /// The last entry that is in the figures.
    through_entry: BigInt,
    steps: Vec<WaterfallStep>,
    contribution_margin: Decimal,
    gross_margin: Decimal,
    net: Decimal,
}

/// One account's part of a margin.
#[derive(Debug, SimpleObject)]
pub struct WaterfallStep {
    line: MarginLine,
    /// Absent for what allocation rules moved within the accounts of other lines.
    account: Option<Account>,
    /// What it adds to the margin: revenue above zero, cost below.
    amount: Decimal,
    /// All steps up to this one.
    running: Decimal,
}

impl From<app::Waterfall> for MarginWaterfall {
    fn from(waterfall: app::Waterfall) -> Self {
        let money = |units| Decimal::of_units(units, waterfall.currency);
        let step = |step: app::WaterfallStep| WaterfallStep {
            line: step.line.into(),
            account: step.account.map(Account::from),
            amount: money(step.amount),
            running: money(step.running),
        };
        Self {
            currency: waterfall.currency.into(),
            through_entry: waterfall.through_entry.0.into(),
            contribution_margin: money(waterfall.figures.contribution_margin()),
            gross_margin: money(waterfall.figures.gross_margin()),
            net: money(waterfall.figures.net()),
            steps: waterfall.steps.into_iter().map(step).collect(),
        }
    }
}

/// Margins of two ranges of days beside each other.
#[derive(Debug, SimpleObject)]
pub struct MarginFlux {
    basis: ReportBasis,
    /// The last entry that is in the figures.
    through_entry: BigInt,
    /// Parts of labor of fewer persons are null for a token that may not read rates.
    least_persons: i32,
    /// In the order of keys and currency.
    rows: Vec<MarginFluxRow>,
}

/// Why the margin of one row changed. The gross margin changed by `revenue` less all other parts, exactly.
#[derive(Debug, SimpleObject)]
pub struct MarginFluxRow {
    keys: Vec<MarginKey>,
    currency: CurrencyCode,
    gross_margin_before: Decimal,
    gross_margin: Decimal,
    difference: Decimal,
    /// More revenue.
    revenue: Decimal,
    /// More direct AI cost; the three parts below add up to it.
    ai: Decimal,
    /// By more tokens.
    ai_volume: Decimal,
    /// By tokens of other models.
    ai_mix: Decimal,
    /// By another cost of a token, and cost that counts no tokens.
    ai_price: Decimal,
    /// More applied labor; the two parts below add up to it.
    labor: Decimal,
    /// By more hours, at the former cost of an hour. Null where fewer than `leastPersons` stand behind them and the token may not read rates.
    labor_hours: Option<Decimal>,
    /// By another cost of an hour; null as `laborHours`.
    labor_rate: Option<Decimal>,
    other_cost: Decimal,
    allocated: Decimal,
}

impl From<app::MarginFluxRow> for MarginFluxRow {
    fn from(row: app::MarginFluxRow) -> Self {
        let (parts, money) = (row.parts, |units| Decimal::of_units(units, row.currency));
        Self {
            keys: row.keys.into_iter().map(|(dimension, code)| MarginKey { dimension: dimension.into(), code }).collect(),
            currency: row.currency.into(),
            gross_margin_before: money(row.before.gross_margin()),
            gross_margin: money(row.now.gross_margin()),
            difference: money(parts.gross_margin()),
            revenue: money(parts.revenue),
            ai: money(parts.ai.difference()),
            ai_volume: money(parts.ai.volume),
            ai_mix: money(parts.ai.mix),
            ai_price: money(parts.ai.price),
            labor: money(parts.labor_hours + parts.labor_rate),
            labor_hours: row.shows_labor_parts.then(|| money(parts.labor_hours)),
            labor_rate: row.shows_labor_parts.then(|| money(parts.labor_rate)),
            other_cost: money(parts.other_cost),
            allocated: money(parts.allocated),
        }
    }
}

impl From<app::MarginFlux> for MarginFlux {
    fn from(flux: app::MarginFlux) -> Self {
        Self {
            basis: ReportBasis::Accrual,
            through_entry: flux.through_entry.0.into(),
            least_persons: persons(flux.least_persons),
            rows: flux.rows.into_iter().map(MarginFluxRow::from).collect(),
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::margin::TargetMeasure")]
pub enum TargetMeasure {
    /// At least so many percent.
    GrossMarginPercent,
    /// At least so many percent.
    ContributionMarginPercent,
    /// The full cost of a unit of a feature, at most so much.
    CostPerUnit,
}

/// Whether a target is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::margin::TargetStatus")]
pub enum TargetStatus {
    Met,
    Missed,
    /// There is nothing to measure: no revenue, or no units.
    NoData,
}

/// A target of exactly one client, project, team or feature.
#[derive(Debug, Clone, InputObject)]
pub struct MarginTargetInput {
    measure: TargetMeasure,
    client: Option<String>,
    project: Option<String>,
    team: Option<String>,
    feature: Option<String>,
    /// For the cost of a unit.
    unit: Option<String>,
    /// Percent, or money of `currency`.
    value: Decimal,
    /// For the cost of a unit.
    currency: Option<CurrencyCode>,
    effective_from: Date,
    /// The first day on which it holds no longer.
    effective_to: Option<Date>,
}

impl MarginTargetInput {
    /// # Errors
    /// `DATE_INVALID`, `CURRENCY_UNKNOWN`, the refusals of an amount.
    pub fn read(self) -> Result<app::TargetInput, Rejection> {
        let currency = self.currency.map(|code| Currency::parse(&code.0).map_err(|rejection| rejection.under("currency"))).transpose()?;
        Ok(app::TargetInput {
            measure: self.measure.into(),
            client: self.client,
            project: self.project,
            team: self.team,
            feature: self.feature,
            unit: self.unit,
            value: Exact::parse(&self.value.0).map_err(|rejection| rejection.under("value"))?,
            currency,
            from: self.effective_from.to_day("effectiveFrom")?,
            to: self.effective_to.map(|day| day.to_day("effectiveTo")).transpose()?,
        })
    }
}

/// What a margin or the cost of a unit should be.
#[derive(Debug, SimpleObject)]
pub struct MarginTarget {
    id: BigInt,
    measure: TargetMeasure,
    /// `null` unless it is of a client; so are the next three.
    client: Option<String>,
    project: Option<String>,
    team: Option<String>,
    feature: Option<String>,
    unit: Option<String>,
    value: Decimal,
    currency: Option<CurrencyCode>,
    effective_from: Date,
    /// The first day on which it holds no longer.
    effective_to: Option<Date>,
}

impl From<app::ScopedTarget> for MarginTarget {
    fn from(scoped: app::ScopedTarget) -> Self {
        let (target, code) = (scoped.target, scoped.code);
        let of = |scope| (target.scope == scope).then(|| code.clone());
        Self {
            id: target.number.into(),
            measure: target.measure.into(),
            client: of(domain::TargetScope::Client),
            project: of(domain::TargetScope::Project),
            team: of(domain::TargetScope::Team),
            feature: of(domain::TargetScope::Feature),
            unit: target.unit,
            value: target.value.into(),
            currency: target.currency.map(CurrencyCode::from),
            effective_from: target.from.into(),
            effective_to: target.to.map(Date::from),
        }
    }
}

/// A target beside what was reached, in one currency.
#[derive(Debug, SimpleObject)]
pub struct MarginTargetResult {
    target: MarginTarget,
    /// The currency of the figures; absent where there are none.
    currency: Option<CurrencyCode>,
    /// Percent, or the full cost of a unit; null where there is nothing to measure.
    actual: Option<Decimal>,
    /// `actual` less the target.
    gap: Option<Decimal>,
    status: TargetStatus,
}

impl From<app::TargetResult> for MarginTargetResult {
    fn from(result: app::TargetResult) -> Self {
        let gap = result.actual.and_then(|actual| actual.checked_sub(result.scoped.target.value));
        Self {
            target: result.scoped.into(),
            currency: result.currency.map(CurrencyCode::from),
            actual: decimal(result.actual),
            gap: decimal(gap),
            status: result.status.into(),
        }
    }
}
