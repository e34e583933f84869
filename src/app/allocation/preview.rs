//! A preview: what a run would post now, computed by the same code, with nothing written.

use super::increment::{self, Base};
use super::lines;
use super::plan::{Plan, governing, plan, result_hash};
use super::run::RunMode;
use super::view::{PoolView, Traced};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::allocation::{Outcome, PoolOutcome, PoolPart};
use crate::domain::ids::EntryNumber;
use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};
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

/// What a run would do. Its lines are put into words when they are looked at: there may be millions, and nobody reads them all.
#[derive(Debug)]
pub struct Preview {
    pub month: Month,
    pub through_entry: EntryNumber,
    /// Equal plans have equal hashes; the run keeps it.
    pub hash: String,
    /// In the order in which they would be spread.
    pub pools: Vec<PoolView>,
    outcome: Outcome,
    /// For each pool the codes of the account that receivers are debited in, and of the one that the sender is credited in.
    accounts: Vec<(String, String)>,
}

/// A line that would be posted.
#[derive(Debug, Clone)]
pub struct PreviewLine {
    pub traced: Traced,
    pub debit_account: String,
    pub credit_account: String,
}

impl Preview {
    /// How many lines there are.
    pub fn line_count(&self) -> usize {
        self.outcome.pools.iter().map(|pool| pool.parts.len()).sum()
    }

    /// Some lines, in the order in which they would be posted.
    pub fn lines(&self, skip: usize, most: usize) -> Vec<PreviewLine> {
        let pools = self.pools.iter().zip(&self.outcome.pools).zip(&self.accounts);
        let line = |(view, pool): (&PoolView, &PoolOutcome), accounts: &(String, String), part: &PoolPart| PreviewLine {
            traced: Traced::of_preview(view, pool, part),
            debit_account: accounts.0.clone(),
            credit_account: accounts.1.clone(),
        };
        let parts = pools.flat_map(|(pool, accounts)| pool.1.parts.iter().map(move |part| (pool, accounts, part)));
        parts.skip(skip).take(most).map(|(pool, accounts, part)| line(pool, accounts, part)).collect()
    }
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
        shown(plan, masters)
    })
    .await
}

fn shown(plan: Plan, masters: &Masters) -> Result<Preview, AppError> {
    let (mut pools, mut accounts) = (Vec::with_capacity(plan.outcome.pools.len()), Vec::with_capacity(plan.outcome.pools.len()));
    let code = |id| masters.account_by_id(id).map(|account| account.code.clone()).unwrap_or_default();
    for pool in &plan.outcome.pools {
        let rule = plan.rules.get(pool.rule).ok_or_else(|| Rejection::of(Code::AllocationRuleUnknown))?;
        let (debit, credit) = lines::accounts(rule, pool, masters)?;
        accounts.push((code(debit), code(credit)));
        pools.push(PoolView::of_preview(pool, rule));
    }
    let hash = result_hash(&plan.rules, &plan.outcome);
    Ok(Preview { month: plan.month, through_entry: plan.through_entry, hash, pools, outcome: plan.outcome, accounts })
}
