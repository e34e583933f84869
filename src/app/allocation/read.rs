//! Reads of runs.

use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::chart::CenterKind;
use crate::domain::ids::{AccountId, BooksId, EntryNumber, NameId};
use crate::domain::money::Money;
use crate::domain::period::Month;
use crate::store::StoreError;
use crate::store::allocation::{RunHead, RunPool, entry_list, pool_list, reversal_of, rule_of_run_list, run_by_number, run_list};
use crate::store::ledger::Ledger;

/// A cost center by kind and code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CenterRef {
    pub kind: CenterKind,
    pub code: String,
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

    pub fn account(&self, id: AccountId) -> String {
        self.masters.account_by_id(id).map(|account| account.code.clone()).unwrap_or_default()
    }
}

/// A run with what it covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    pub head: RunHead,
    /// The run that reversed it.
    pub reversed_by: Option<i64>,
    /// Codes and versions of its rules, in their order.
    pub rules: Vec<(String, i64)>,
    pub pools: Vec<RunPoolView>,
    pub entries: Vec<EntryNumber>,
}

/// A pool of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPoolView {
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
    pub gross: Option<String>,
}

impl RunPoolView {
    pub fn of(pool: RunPool, rule: &(String, i64), names: &RunNames<'_>) -> Self {
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
        }
    }
}

fn view(ledger: &mut Ledger, books: BooksId, masters: &Masters, head: RunHead) -> Result<RunView, AppError> {
    let rules = rule_of_run_list(ledger, books, head.number)?;
    let names = RunNames::of(masters);
    let mut pools = Vec::new();
    for pool in pool_list(ledger, books, head.number)? {
        let rule = usize::try_from(pool.rule).ok().and_then(|rule| rules.get(rule));
        let rule = rule.ok_or_else(|| StoreError::corrupt("a pool without its rule"))?;
        pools.push(RunPoolView::of(pool, rule, &names));
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
