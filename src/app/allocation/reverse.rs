//! The reversal of a run: every entry mirrored, every pool and line with the other sign, as a run of its own that readers follow.

use std::collections::BTreeMap;

use serde_json::json;

use super::increment::in_force;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::Session;
use crate::app::posting::command::{self, Once};
use crate::app::{App, AppError};
use crate::domain::allocation::MOST_PARTS;
use crate::domain::ids::EntryNumber;
use crate::domain::journal::{EntryDraft, EntryKind, ReversalView, reverse};
use crate::domain::money::Amount;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::allocation::{
    RunHead, RunKind, entry_list, line_insert, line_list, live_remove, next_run, pool_insert, pool_list, reversal_of, rule_of_run_list,
    run_by_number, run_insert,
};

/// Longest reason: a page of text.
const LONGEST_REASON: usize = 2_000;

/// Which run, and why.
#[derive(Debug, Clone)]
pub struct ReverseRunInput {
    /// A run is reversed once, so its own number serves when absent.
    pub idempotency_key: Option<String>,
    pub number: i64,
    pub reason: Option<String>,
}

/// Reverses a run, dated as it was, or on the first open day when its period is closed. Answers the number of the run.
///
/// # Errors
/// `Forbidden`; `ALLOCATION_RUN_NOT_FOUND`, `ALLOCATION_NOT_LIVE`, `LATER_ALLOCATION_RUN`, `PERIOD_SOFT_CLOSED` and its kin; any database failure.
pub async fn reverse_allocation_run(app: &App, actor: &Actor, input: ReverseRunInput) -> Result<i64, AppError> {
    let key = input.idempotency_key.clone().unwrap_or_else(|| format!("run {}", input.number));
    let content = json!([input.number, input.reason]);
    let reason = input.reason.clone();
    let checked = reason.as_deref().map_or(Ok(()), |reason| command::text("reason", reason, LONGEST_REASON));
    let (number, who) = (input.number, actor.clone());
    let command = Once { operation: "reverseAllocationRun", key, content, checked };
    let done = command::once(app, actor, command, move |session| {
        let books = command::books(session);
        let run = run_by_number(command::ledger(session), books, number)?;
        let run = run.ok_or_else(|| Rejection::of(Code::AllocationRunNotFound).under("id"))?;
        session.act_as_closer(who.may(Permission::ClosePeriods));
        refuse_out_of_order(session, &run)?;
        reverse_in_tx(session, &who, &run, reason.as_deref())?;
        Ok(run.number)
    });
    Ok(done.await?.receipt)
}

fn refuse_out_of_order(session: &mut Session, run: &RunHead) -> Result<(), AppError> {
    let books = command::books(session);
    let ledger = command::ledger(session);
    if run.kind == RunKind::Reversal {
        return Err(Rejection::of(Code::ReversalOfReversal).under("id").into());
    }
    if let Some(reversal) = reversal_of(ledger, books, run.number)? {
        let message = format!("run {} was reversed by run {reversal}", run.number);
        return Err(Rejection::at(Code::AllocationNotLive, "id", message).into());
    }
    if let Some(later) = in_force(ledger, books, run.month, run.number.saturating_add(1))?.first() {
        let message = format!("run {} came later and saw the results of run {}: reverse it first", later.number, run.number);
        return Err(Rejection::at(Code::LaterAllocationRun, "id", message).into());
    }
    Ok(())
}

/// Reverses a run that is in force, in this transaction.
pub fn reverse_in_tx(session: &mut Session, actor: &Actor, run: &RunHead, reason: Option<&str>) -> Result<(), AppError> {
    let books = command::books(session);
    let through_entry = EntryNumber(session.head.last_entry);
    let effective_on = session.booking_day(run.effective_on);
    let posted = entry_list(command::ledger(session), books, run.number)?;
    let mut mirrored = BTreeMap::new();
    let mut entries = Vec::with_capacity(posted.len());
    for (entry, pool) in posted {
        let original = session.journal_entry(entry)?.ok_or_else(|| StoreError::corrupt(format!("entry {entry} of an allocation run")))?;
        let postings = reverse(&ReversalView { original: &original, reversed_by: None }, effective_on)?;
        let memo = format!("reversal of allocation run {}{}", run.number, reason.map(|reason| format!(": {reason}")).unwrap_or_default());
        let number = session
            .post(&EntryDraft {
                kind: EntryKind::Reversal,
                effective_on,
                service_on: (effective_on != run.effective_on).then_some(run.effective_on),
                postings: &postings,
                charge: None,
                corrects: Some(entry),
                memo: Some(&memo),
            })
            .map_err(|error| error.placed(Code::LedgerOverflow, "id"))?;
        mirrored.insert(entry, number);
        entries.push((number, pool));
    }
    let (subject, acting_for) = (actor.subject.clone(), actor.acting_for.clone());
    let recorded_at = command::recorded_at(session);
    let ledger = command::ledger(session);
    let head = RunHead {
        number: next_run(ledger, books)?,
        kind: RunKind::Reversal,
        refers_to: Some(run.number),
        effective_on,
        through_entry,
        reason: reason.map(ToOwned::to_owned),
        subject,
        acting_for,
        recorded_at,
        ..run.clone()
    };
    let rules = rule_of_run_list(ledger, books, run.number)?;
    run_insert(ledger, books, &head, &rules, &entries)?;
    let negated = |amount: Amount| Amount::ZERO.checked_sub(amount).ok_or_else(|| Rejection::of(Code::LedgerOverflow));
    let mut pools = pool_list(ledger, books, run.number)?;
    for pool in &mut pools {
        pool.money.amount = negated(pool.money.amount)?;
        pool.allocated = negated(pool.allocated)?;
    }
    pool_insert(ledger, books, head.number, &pools)?;
    let mut lines = line_list(ledger, books, (run.number, None), 0, MOST_PARTS)?;
    for line in &mut lines {
        line.amount = negated(line.amount)?;
        line.entry = line.entry.and_then(|entry| mirrored.get(&entry).copied());
    }
    line_insert(ledger, books, head.number, &lines)?;
    live_remove(ledger, books, run.number)?;
    let object = format!("allocation run {}", run.number);
    let after = json!({ "reversal": head.number, "effectiveOn": effective_on.to_string() });
    let told =
        Change { action: "allocation.reverse", object, after: Some(after), reason: reason.map(ToOwned::to_owned), ..Change::default() };
    session.audit(audit::event(actor, told));
    Ok(())
}
