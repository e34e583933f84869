//! Pools and lines as they are shown: the same of a preview and of a run.

use super::lines::{decimal, quantity_text, share_text};
use crate::app::masters::Masters;
use crate::domain::allocation::{AllocationRule, Center, Gross, PoolOutcome, PoolPart};
use crate::domain::chart::CenterKind;
use crate::domain::ids::NameId;
use crate::domain::money::{Amount, Money};
use crate::store::allocation::{RunLine, RunPool};

/// A cost center by kind and code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CenterRef {
    pub kind: CenterKind,
    pub code: String,
}

impl From<&Center> for CenterRef {
    fn from(center: &Center) -> Self {
        Self { kind: center.kind, code: center.code.to_string() }
    }
}

/// Codes of ids.
pub struct RunNames<'a> {
    masters: &'a Masters,
}

impl<'a> RunNames<'a> {
    pub fn of(masters: &'a Masters) -> Self {
        Self { masters }
    }

    pub fn center(&self, center: Option<(CenterKind, NameId)>) -> Option<CenterRef> {
        let (kind, id) = center?;
        self.masters.center_by_id(id).map(|center| CenterRef { kind, code: center.code.clone() })
    }
}

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolView {
    pub rule: String,
    pub rule_version: i64,
    pub step: i64,
    pub from: Option<CenterRef>,
    pub pool: Money,
    pub allocated: Money,
    /// In ledger units.
    pub retained: i128,
    pub driver: Option<String>,
    pub driver_total: Option<String>,
    /// Reciprocal: the cost with what other service centers gave.
    pub gross: Option<String>,
    /// Reciprocal, of a preview: what goes to whom before netting, as far as it is asked for.
    before_netting: Option<Gross>,
}

impl PoolView {
    pub fn of_run(pool: RunPool, rule: &(String, i64), names: &RunNames<'_>) -> Self {
        Self {
            rule: rule.0.clone(),
            rule_version: rule.1,
            step: pool.step,
            from: names.center(pool.from),
            pool: pool.money,
            allocated: pool.allocated.with(pool.money.currency),
            retained: i128::from(pool.money.amount.units()) - i128::from(pool.allocated.units()),
            driver: pool.driver,
            driver_total: pool.driver_total,
            gross: pool.gross,
            before_netting: None,
        }
    }

    pub fn of_preview(pool: &PoolOutcome, rule: &AllocationRule) -> Self {
        Self {
            rule: rule.code.clone(),
            rule_version: rule.version,
            step: i64::from(pool.step),
            from: pool.from.as_ref().map(CenterRef::from),
            pool: Amount::from_units(pool.pool).with(pool.currency),
            allocated: Amount::from_units(pool.allocated).with(pool.currency),
            retained: pool.retained(),
            driver: pool.basis.driver.clone(),
            driver_total: pool.basis.driver_total.map(quantity_text),
            gross: pool.gross.as_ref().and_then(Gross::amount).map(|gross| decimal(&gross, pool.currency)),
            before_netting: pool.gross.clone(),
        }
    }

    /// Reciprocal, of a preview: what goes to whom before netting, service centers included.
    pub fn flows(&self) -> Vec<(CenterRef, String)> {
        let flows = self.before_netting.iter().flat_map(Gross::flows);
        flows.map(|flow| (CenterRef::from(&flow.to), decimal(&flow.amount, self.pool.currency))).collect()
    }
}

/// What one receiver gets of a pool, with the trace of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    pub step: i64,
    pub rule: String,
    pub rule_version: i64,
    pub from: Option<CenterRef>,
    pub to: Option<CenterRef>,
    pub driver: Option<String>,
    pub driver_quantity: Option<String>,
    pub driver_total: Option<String>,
    /// As [`share_text`] writes it.
    pub share: Option<String>,
    pub unrounded: Option<String>,
    pub has_extra_unit: bool,
    pub amount: Money,
}

impl Traced {
    pub fn of_run(pool: &RunPool, line: RunLine, (rule, rule_version): (String, i64), names: &RunNames<'_>) -> Self {
        Self {
            step: pool.step,
            rule,
            rule_version,
            from: names.center(pool.from),
            to: names.center(line.to),
            driver: pool.driver.clone(),
            driver_quantity: line.quantity,
            driver_total: pool.driver_total.clone(),
            share: line.share,
            unrounded: line.unrounded,
            has_extra_unit: line.has_extra_unit,
            amount: line.amount.with(pool.money.currency),
        }
    }

    pub fn of_preview(view: &PoolView, pool: &PoolOutcome, part: &PoolPart) -> Self {
        Self {
            step: view.step,
            rule: view.rule.clone(),
            rule_version: view.rule_version,
            from: view.from.clone(),
            to: pool.to(part).map(CenterRef::from),
            driver: view.driver.clone(),
            driver_quantity: pool.quantity(part).map(quantity_text),
            driver_total: view.driver_total.clone(),
            share: pool.share(part).map(|share| share_text(&share)),
            unrounded: pool.unrounded(part).map(|units| decimal(&units, pool.currency)),
            has_extra_unit: part.has_extra_unit,
            amount: Amount::from_units(part.units).with(pool.currency),
        }
    }
}
