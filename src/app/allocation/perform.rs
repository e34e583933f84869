//! Performing a run again, from what it kept.

use std::collections::BTreeSet;

use super::increment::{Base, applied, versions_of_run};
use super::plan::{plan_as_of, result_hash};
use super::run::RunMode;
use crate::app::auth::{Actor, Permission};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::ids::BooksId;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::allocation::{RunHead, RunKind, entry_list, reversal_of, rule_of_run_list, run_by_number, run_list};
use crate::store::ledger::Ledger;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Performed {
    pub kept_hash: String,
    pub hash: String,
}

impl Performed {
    pub fn is_same(&self) -> bool {
        self.kept_hash == self.hash
    }
}

/// Computes a run again: cost as of its last entry, drivers as of its last value, and the versions of its rules. Nothing is written.
///
/// # Errors
/// `ALLOCATION_RUN_NOT_FOUND`; `REVERSAL_OF_REVERSAL` for a reversal, which mirrors a run; [`AppError::Forbidden`] or a database failure.
pub async fn perform_again(app: &App, actor: &Actor, number: i64) -> Result<Performed, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let head = run_by_number(ledger, books, number)?;
        let head = head.ok_or_else(|| Rejection::of(Code::AllocationRunNotFound).under("id"))?;
        if head.kind == RunKind::Reversal {
            let message = "a reversal mirrors a run: perform that run again";
            return Err(Rejection::at(Code::ReversalOfReversal, "id", message).into());
        }
        let base = base(ledger, books, &head)?;
        let rules = versions_of_run(ledger, books, number)?;
        let plan = plan_as_of(ledger, books, masters, (&head, rules), &base.entries)?;
        let plan = applied(ledger, books, masters, &base, plan)?;
        Ok(Performed { kept_hash: head.result_hash, hash: result_hash(&plan.rules, &plan.outcome) })
    })
    .await
}

/// The runs of the same rules that were in force when this one read the books.
fn base(ledger: &mut Ledger, books: BooksId, head: &RunHead) -> Result<Base, StoreError> {
    let own: BTreeSet<String> = rule_of_run_list(ledger, books, head.number)?.into_iter().map(|(code, _)| code).collect();
    let mode = if head.kind == RunKind::Increment { RunMode::Increment } else { RunMode::Rerun };
    let mut base = Base { mode, ..Base::default() };
    for run in run_list(ledger, books, Some(head.month), 0, usize::try_from(head.number).unwrap_or(usize::MAX))? {
        if run.number >= head.number || run.kind == RunKind::Reversal {
            continue;
        }
        if let Some(reversal) = reversal_of(ledger, books, run.number)? {
            // A reversal that was posted by then already took its run back.
            let reversal = run_by_number(ledger, books, reversal)?;
            if reversal.is_some_and(|reversal| reversal.through_entry < head.through_entry) {
                continue;
            }
        }
        if rule_of_run_list(ledger, books, run.number)?.iter().any(|(code, _)| own.contains(code)) {
            base.entries.extend(entry_list(ledger, books, run.number)?.into_iter().map(|(entry, _)| entry));
            base.runs.push(run);
        }
    }
    Ok(base)
}
