//! Allocation lines as readers follow them: in the order of run and line, which is the order of posting.

use super::view::{RunNames, Traced};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::reports::reading::reading_limited;
use crate::app::{App, AppError};
use crate::domain::chart::{Account, CenterKind};
use crate::domain::ids::{EntryNumber, NameId};
use crate::domain::money::Money;
use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::allocation::{FeedLine, feed, line_list, pool_list, rule_of_run_list, run_by_number};
use crate::store::chargeback::terms_list;
use crate::store::journal::Visible;

/// A line with everything that traces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationLine {
    pub run: i64,
    /// From 1 within the run.
    pub line: i64,
    pub month: Month,
    pub traced: Traced,
    pub debit_account: Account,
    pub credit_account: Account,
    pub entry: Option<EntryNumber>,
    /// What was in the pool that it is a part of, and what was spread of it.
    pub pool: Money,
    pub allocated: Money,
}

impl AllocationLine {
    pub(super) fn of(found: FeedLine, masters: &Masters) -> Result<Self, AppError> {
        let FeedLine { run, month, rule, pool, line } = found;
        let account = |id| {
            masters
                .account_by_id(id)
                .cloned()
                .ok_or_else(|| StoreError::corrupt("an allocation line names an account that is not in the chart"))
        };
        Ok(Self {
            run,
            line: line.line,
            month,
            debit_account: account(line.debit_account)?,
            credit_account: account(line.credit_account)?,
            entry: line.entry,
            traced: Traced::of_run(&pool, line, rule, &RunNames::of(masters)),
            pool: pool.money,
            allocated: pool.allocated.with(pool.money.currency),
        })
    }
}

/// Lines of a period beyond a run and line, reversals included with the other sign. A token limited to cost centers follows the lines that its
/// centers receive; those of a client, which name rules, other centers and cost, where the client's terms show cost.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn allocations(app: &App, actor: &Actor, month: Month, after: (i64, i64), limit: usize) -> Result<Vec<AllocationLine>, AppError> {
    reading_limited(app, actor, Permission::ReadReports, move |ledger, books, masters, visible| {
        let mut visible = visible.cloned();
        if let Some(visible) = visible.as_mut().filter(|visible| !visible.clients.is_empty()) {
            let terms = terms_list(ledger, books)?;
            visible.clients.retain(|client| terms.iter().any(|terms| terms.client == *client && terms.shows_cost));
        }
        let to = visible.as_ref().map(receivers);
        let lines = feed(ledger, books, (month, to.as_deref()), after, limit)?;
        lines.into_iter().map(|line| AllocationLine::of(line, masters)).collect()
    })
    .await
}

/// The condition that a line's receiver is one of the visible centers.
fn receivers(visible: &Visible) -> String {
    let of = |(kind, ids): (CenterKind, &Vec<NameId>)| {
        let ids = ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(", ");
        if ids.is_empty() { "1 = 0".to_owned() } else { format!("(l.to_kind = {} AND l.to_id IN ({ids}))", kind.id()) }
    };
    let Visible { teams, projects, clients } = visible;
    [(CenterKind::Team, teams), (CenterKind::Project, projects), (CenterKind::Client, clients)].map(of).join(" OR ")
}

/// Lines of one run after a line, in their order; one more than `limit` tells that there are more.
///
/// # Errors
/// `ALLOCATION_RUN_NOT_FOUND`; [`AppError::Forbidden`] or a database failure.
pub async fn lines_of_run(app: &App, actor: &Actor, number: i64, after: i64, limit: usize) -> Result<Vec<AllocationLine>, AppError> {
    crate::app::reports::reading::reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let head = run_by_number(ledger, books, number)?;
        let head = head.ok_or_else(|| Rejection::of(Code::AllocationRunNotFound).under("id"))?;
        let rules = rule_of_run_list(ledger, books, number)?;
        let pools = pool_list(ledger, books, number)?;
        let mut lines = Vec::new();
        for line in line_list(ledger, books, (number, None), after, limit)? {
            let position = usize::try_from(line.pool.saturating_sub(1)).unwrap_or(usize::MAX);
            let pool = pools.get(position).cloned().ok_or_else(|| StoreError::corrupt("an allocation line without its pool"))?;
            let rule = usize::try_from(pool.rule).ok().and_then(|rule| rules.get(rule)).cloned();
            let rule = rule.ok_or_else(|| StoreError::corrupt("a pool without its rule"))?;
            lines.push(AllocationLine::of(FeedLine { run: number, month: head.month, rule, pool, line }, masters)?);
        }
        Ok(lines)
    })
    .await
}
