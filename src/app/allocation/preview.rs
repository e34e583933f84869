//! A preview: what a run would post now, computed by the same code, with nothing written.

use super::increment::{self, Base};
use super::lines::kept;
use super::plan::{Plan, governing, plan, result_hash};
use super::read::{CenterRef, RunNames};
use super::run::RunMode;
use crate::app::auth::{Actor, Permission};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::allocation::Flow;
use crate::domain::ids::EntryNumber;
use crate::domain::money::{Amount, Money};
use crate::domain::period::Month;
use crate::store::allocation::rule_list;

/// What is asked.
#[derive(Debug, Clone)]
pub struct PreviewInput {
    pub month: Month,
    /// Every rule that governs the period, when absent.
    pub rules: Option<Vec<String>>,
    pub mode: RunMode,
    /// Whether versions count that wait for approval.
    pub with_pending: bool,
}

/// What a run would do.
#[derive(Debug)]
pub struct Preview {
    pub month: Month,
    pub through_entry: EntryNumber,
    /// Equal plans have equal hashes; the run keeps it.
    pub hash: String,
    pub pools: Vec<PreviewPool>,
    pub lines: Vec<PreviewLine>,
}

/// A pool that would be spread.
#[derive(Debug, Clone)]
pub struct PreviewPool {
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
    /// Reciprocal: the cost with what other service centers gave, and where it goes before netting.
    pub gross: Option<String>,
    pub flows: Vec<(CenterRef, String)>,
}

/// A line that would be posted.
#[derive(Debug, Clone)]
pub struct PreviewLine {
    /// Position of its pool in the preview.
    pub pool: usize,
    pub to: Option<CenterRef>,
    pub quantity: Option<String>,
    pub share: Option<String>,
    pub unrounded: Option<String>,
    pub has_extra_unit: bool,
    pub amount: Money,
    pub debit_account: String,
    pub credit_account: String,
}

/// Computes what a run would post. It shows the cost of every center, so a token limited to cost centers does not get it.
///
/// # Errors
/// [`AppError::Forbidden`]; the refusals of the run; any database failure.
pub async fn preview_allocation(app: &App, actor: &Actor, input: PreviewInput) -> Result<Preview, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let rules = governing(rule_list(ledger, books)?, input.month.last_day(), input.rules.as_deref(), input.with_pending)?;
        let base = Base::load(ledger, books, (input.month, &rules), input.mode)?;
        let rules = base.rules(ledger, books, rules)?;
        let plan = plan(ledger, books, masters, (input.month, rules), &base.entries)?;
        let plan = increment::applied(ledger, books, masters, &base, plan)?;
        shown(&plan, &RunNames::of(masters), masters)
    })
    .await
}

fn shown(plan: &Plan, names: &RunNames<'_>, masters: &crate::app::masters::Masters) -> Result<Preview, AppError> {
    let (kept_pools, kept_lines) = kept(plan, masters)?;
    let pools = kept_pools.into_iter().zip(&plan.outcome.pools).map(|(kept, pool)| {
        let rule = plan.rules.get(pool.rule);
        let flow =
            |flow: &Flow| (CenterRef { kind: flow.to.kind, code: flow.to.code.to_string() }, super::lines::decimal(&flow.amount, pool));
        PreviewPool {
            rule: rule.map(|rule| rule.code.clone()).unwrap_or_default(),
            rule_version: rule.map_or(0, |rule| rule.version),
            step: kept.step,
            from: names.center(kept.from),
            pool: kept.money,
            allocated: kept.allocated.with(pool.currency),
            retained: pool.retained(),
            driver: kept.driver,
            driver_total: kept.driver_total,
            gross: kept.gross,
            flows: pool.flows.iter().map(flow).collect(),
        }
    });
    let pools: Vec<PreviewPool> = pools.collect();
    let lines = kept_lines.into_iter().map(|line| {
        let pool = usize::try_from(line.pool.saturating_sub(1)).unwrap_or(0);
        let currency = pools.get(pool).map_or(crate::domain::money::Currency::USD, |pool| pool.pool.currency);
        PreviewLine {
            pool,
            to: names.center(line.to),
            quantity: line.quantity,
            share: line.share,
            unrounded: line.unrounded,
            has_extra_unit: line.has_extra_unit,
            amount: Amount::from_units(line.amount.units()).with(currency),
            debit_account: names.account(line.debit_account),
            credit_account: names.account(line.credit_account),
        }
    });
    let lines = lines.collect();
    Ok(Preview { month: plan.month, through_entry: plan.through_entry, hash: result_hash(&plan.rules, &plan.outcome), pools, lines })
}
