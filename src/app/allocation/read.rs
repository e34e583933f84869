//! Reads of runs.

use super::view::{PoolView, RunNames};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::ids::{BooksId, EntryNumber};
use crate::domain::period::Month;
use crate::store::StoreError;
use crate::store::allocation::{RunHead, entry_list, pool_list, reversal_of, rule_of_run_list, run_by_number, run_list};
use crate::store::ledger::Ledger;

/// A run with what it covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    pub head: RunHead,
    /// The run that reversed it.
    pub reversed_by: Option<i64>,
    /// Codes and versions of its rules, in their order.
    pub rules: Vec<(String, i64)>,
    pub pools: Vec<PoolView>,
    pub entries: Vec<EntryNumber>,
}

fn view(ledger: &mut Ledger, books: BooksId, masters: &Masters, head: RunHead) -> Result<RunView, AppError> {
    let rules = rule_of_run_list(ledger, books, head.number)?;
    let names = RunNames::of(masters);
    let mut pools = Vec::new();
    for pool in pool_list(ledger, books, head.number)? {
        let rule = usize::try_from(pool.rule).ok().and_then(|rule| rules.get(rule));
        let rule = rule.ok_or_else(|| StoreError::corrupt("a pool without its rule"))?;
        pools.push(PoolView::of_run(pool, rule, &names));
    }
    Ok(RunView {
        reversed_by: reversal_of(ledger, books, head.number)?,
        entries: entry_list(ledger, books, head.number)?.into_iter().map(|(entry, _)| entry).collect(),
        rules,
        pools,
        head,
    })
}

/// The runs of these numbers, as far as they exist.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn runs_by_number(app: &App, actor: &Actor, numbers: Vec<i64>) -> Result<Vec<RunView>, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let mut runs = Vec::with_capacity(numbers.len());
        for number in numbers {
            if let Some(head) = run_by_number(ledger, books, number)? {
                runs.push(view(ledger, books, masters, head)?);
            }
        }
        Ok(runs)
    })
    .await
}

/// A run by its number. It shows the cost of every center, so a token limited to cost centers does not get it.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn run_view(app: &App, actor: &Actor, number: i64) -> Result<Option<RunView>, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let head = run_by_number(ledger, books, number)?;
        head.map(|head| view(ledger, books, masters, head)).transpose()
    })
    .await
}

/// Runs after a number, of a period where it is given; one more than `limit` tells that there are more.
///
/// # Errors
/// [`AppError::Forbidden`] or a database failure.
pub async fn runs(app: &App, actor: &Actor, month: Option<Month>, after: i64, limit: usize) -> Result<Vec<RunView>, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let heads = run_list(ledger, books, month, after, limit)?;
        heads.into_iter().map(|head| view(ledger, books, masters, head)).collect()
    })
    .await
}
