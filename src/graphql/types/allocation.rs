//! Allocation rules, drivers, and what previews and runs have in common.

use async_graphql::{ComplexObject, SimpleObject};

use super::allocation_rule::{AllocationMethod, AllocationResidual, WhenMissing, WhenNegative, WhenZero};
use super::allocation_run::AllocationRun;
use super::enums::CostCenterKind;
use super::masters::Account;
use super::money::Money;
use crate::app::allocation as app;
use crate::graphql::scalars::{CurrencyCode, Date, DateTime, Decimal};

/// A cost center by kind and code.
#[derive(Debug, Clone, SimpleObject)]
pub struct CenterReference {
    kind: CostCenterKind,
    code: String,
}

impl From<app::CenterRef> for CenterReference {
    fn from(center: app::CenterRef) -> Self {
        Self { kind: center.kind.into(), code: center.code }
    }
}

/// One version of an allocation rule. It never changes.
#[derive(SimpleObject)]
pub struct AllocationRule {
    code: String,
    /// From 1. The latest version that began by the posting date governs.
    version: i64,
    name: String,
    /// Rules run in this order, ties by code; later ones see what earlier ones moved.
    order: i64,
    /// First day on which it governs.
    valid_from: Date,
    /// First day on which it no longer does; open when absent.
    valid_to: Option<Date>,
    method: AllocationMethod,
    residual: AllocationResidual,
    when_zero: WhenZero,
    when_missing: WhenMissing,
    when_negative: WhenNegative,
    /// Everything the version says, as JSON.
    terms: String,
    author: String,
    saved_at: DateTime,
    /// Whether runs may use it: where duties are held apart, only once another person approved it.
    is_in_force: bool,
    approved_by: Option<String>,
    approved_at: Option<DateTime>,
}

impl From<app::RuleVersion> for AllocationRule {
    fn from(version: app::RuleVersion) -> Self {
        let is_in_force = version.is_in_force();
        let rule = version.rule;
        Self {
            version: rule.version,
            order: rule.order,
            valid_from: rule.valid_from.into(),
            valid_to: rule.valid_to.map(Date::from),
            method: AllocationMethod::of(&rule.terms.method),
            residual: rule.terms.residual.into(),
            when_zero: rule.terms.when_zero.into(),
            when_missing: rule.terms.when_missing.into(),
            when_negative: rule.terms.when_negative.into(),
            terms: serde_json::to_string(&rule.terms).unwrap_or_default(),
            code: rule.code,
            name: rule.name,
            author: version.author.subject,
            saved_at: version.recorded_at.into(),
            is_in_force,
            approved_by: version.approved_by,
            approved_at: version.approved_at.map(DateTime::from),
        }
    }
}

/// A recorded quantity of a driver. The latest of a period and center counts.
#[derive(SimpleObject)]
pub struct DriverValue {
    driver: String,
    period: String,
    cost_center: CenterReference,
    quantity: Decimal,
    recorded_by: String,
    recorded_at: DateTime,
}

impl DriverValue {
    pub fn of(value: app::RecordedDriver, code: String) -> Self {
        let app::RecordedDriver { value, subject, recorded_at, .. } = value;
        Self {
            driver: value.driver,
            period: value.month.to_string(),
            cost_center: CenterReference { kind: value.kind.into(), code },
            quantity: value.quantity.into(),
            recorded_by: subject,
            recorded_at: recorded_at.into(),
        }
    }
}

/// A pool: `allocated` + `retained` is `pool`.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct AllocationPool {
    #[graphql(skip)]
    view: app::PoolView,
    rule: String,
    rule_version: i64,
    step: i64,
    #[graphql(name = "from")]
    sender: Option<CenterReference>,
    pool: Money,
    allocated: Money,
    /// What the sender keeps: above what it should by rates that absorb too little, below zero where they charge too much.
    retained: Money,
    driver: Option<String>,
    driver_total: Option<Decimal>,
    /// Reciprocal: the cost with what other service centers gave.
    gross: Option<Decimal>,
}

#[ComplexObject]
impl AllocationPool {
    /// Reciprocal: what goes to whom before netting.
    async fn flows(&self) -> Vec<AllocationFlow> {
        self.view.flows().into_iter().map(|(to, amount)| AllocationFlow { to: to.into(), amount: Decimal(amount) }).collect()
    }
}

/// A flow of the reciprocal solution.
#[derive(SimpleObject)]
pub struct AllocationFlow {
    to: CenterReference,
    amount: Decimal,
}

impl From<&app::PoolView> for AllocationPool {
    fn from(view: &app::PoolView) -> Self {
        Self {
            rule: view.rule.clone(),
            rule_version: view.rule_version,
            step: view.step,
            sender: view.from.clone().map(CenterReference::from),
            pool: view.pool.into(),
            allocated: view.allocated.into(),
            retained: Money::of_units(view.retained, view.pool.currency),
            driver: view.driver.clone(),
            driver_total: view.driver_total.clone().map(Decimal),
            gross: view.gross.clone().map(Decimal),
            view: view.clone(),
        }
    }
}

/// What one receiver gets of a pool, with the trace of it: the fields that lines of previews and of runs have in common.
#[derive(SimpleObject)]
pub struct TracedLine {
    /// Counts the pools of the run.
    step: i64,
    rule: String,
    rule_version: i64,
    /// Absent where the pool is of several centers.
    #[graphql(name = "from")]
    sender: Option<CenterReference>,
    to: Option<CenterReference>,
    driver: Option<String>,
    driver_quantity: Option<Decimal>,
    driver_total: Option<Decimal>,
    /// The fraction of the pool as a decimal; `shareFraction` is exact.
    share: Option<Decimal>,
    /// `numerator/denominator`; a fraction of more than 120 digits is kept as a decimal of 36 digits, marked by `~`.
    share_fraction: Option<String>,
    /// Before rounding, with nine decimals more than the ledger keeps.
    unrounded: Option<Decimal>,
    /// Whether it got one of the ledger units that rounding down left over.
    has_extra_unit: bool,
    /// Below zero for a pool that held a credit, and in a reversal: the sides are then exchanged.
    amount: Money,
}

impl From<app::Traced> for TracedLine {
    fn from(line: app::Traced) -> Self {
        Self {
            step: line.step,
            rule: line.rule,
            rule_version: line.rule_version,
            sender: line.from.map(CenterReference::from),
            to: line.to.map(CenterReference::from),
            driver: line.driver,
            driver_quantity: line.driver_quantity.map(Decimal),
            driver_total: line.driver_total.map(Decimal),
            share: line.share.as_deref().and_then(app::share_decimal).map(Decimal),
            share_fraction: line.share,
            unrounded: line.unrounded.map(Decimal),
            has_extra_unit: line.has_extra_unit,
            amount: line.amount.into(),
        }
    }
}

/// Where the cost of a charge ended, through every run in force.
#[derive(SimpleObject)]
pub struct ChargeTrace {
    source: String,
    external_id: String,
    /// Runs that moved any of it, in their order.
    runs: Vec<AllocationRun>,
    /// They add up to what the books carry for the charge.
    destinations: Vec<ChargeDestination>,
}

/// An account and the centers on it.
#[derive(SimpleObject)]
pub struct ChargeDestination {
    account: Account,
    cost_centers: Vec<CenterReference>,
    currency: CurrencyCode,
    /// Exact to nine decimals more than the ledger keeps: a cent of a pool goes to every receiver in its proportion.
    amount: Decimal,
}

impl From<app::ChargeTrace> for ChargeTrace {
    fn from(trace: app::ChargeTrace) -> Self {
        let destination = |destination: app::ChargeDestination| ChargeDestination {
            account: destination.account.into(),
            cost_centers: destination.centers.into_iter().map(CenterReference::from).collect(),
            currency: destination.currency.into(),
            amount: Decimal(destination.amount),
        };
        Self {
            source: trace.source,
            external_id: trace.external_id,
            runs: trace.runs.into_iter().map(AllocationRun::of_number).collect(),
            destinations: trace.destinations.into_iter().map(destination).collect(),
        }
    }
}
