//! A run: the plan, posted in the transaction that computed it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::increment::{self, Base};
use super::lines::kept;
use super::plan::{Plan, governing, plan, result_hash, with_pool};
use super::reverse;
use crate::app::App;
use crate::app::AppError;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::periods::renew;
use crate::app::posting::Session;
use crate::app::posting::command::{self, Done, Lines, Once};
use crate::domain::allocation::{AllocationRule, only_center};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{BooksId, EntryNumber};
use crate::domain::journal::{EntryDraft, EntryKind, MOST_POSTINGS};
use crate::domain::money::{Amount, Currency, balanced_parts};
use crate::domain::period::{Day, Month};
use crate::domain::rejection::Code;
use crate::store::StoreError;
use crate::store::allocation::{
    RunHead, RunKind, driver_snapshot_insert, line_insert, live_codes, live_insert, next_run, pool_insert, rule_list, run_insert,
};
use crate::store::ledger::Ledger;

/// The kind under which a run is told stale after its period was reopened.
pub const STALE_KIND: &str = "ALLOCATION";

/// The runs in force of a month, by the names under which they are known.
///
/// # Errors
/// Any database failure.
pub fn live_runs(session: &mut Session, month: Month) -> Result<Vec<String>, AppError> {
    let books = command::books(session);
    Ok(runs_in_force(command::ledger(session), books, month)?)
}

/// The same, of a read.
///
/// # Errors
/// Any database failure.
pub fn runs_in_force(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<Vec<String>, StoreError> {
    let runs = increment::in_force(ledger, books, month, 1)?;
    Ok(runs.into_iter().map(|run| format!("allocation run {}", run.number)).collect())
}

/// How the rules stand that govern a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulesOfMonth {
    pub governing: usize,
    /// Of those, how many have no run in force and nothing in their pool either: a run of them would be refused.
    pub idle: usize,
    /// Codes of those without a run in force that have something to spread.
    pub open: Vec<String>,
}

/// How the rules stand that govern a month.
///
/// # Errors
/// Any database failure.
pub fn rules_of_month(ledger: &mut Ledger, books: BooksId, masters: &Masters, month: Month) -> Result<RulesOfMonth, AppError> {
    // Without rules there is nothing to run.
    let Ok(rules) = governing(rule_list(ledger, books)?, month.last_day(), None, false) else { return Ok(RulesOfMonth::default()) };
    let live: BTreeSet<String> = live_codes(ledger, books, month)?.into_iter().map(|(code, _)| code).collect();
    let governing = rules.len();
    let without_run: Vec<AllocationRule> = rules.into_iter().filter(|rule| !live.contains(&rule.code)).collect();
    let mut open: Vec<String> = without_run.iter().map(|rule| rule.code.clone()).collect();
    if open.is_empty() {
        return Ok(RulesOfMonth { governing, idle: 0, open });
    }
    let without_runs = open.len();
    match with_pool(ledger, books, masters, (month, without_run)) {
        Ok(with_pool) => open.retain(|code| with_pool.iter().any(|rule| rule.code == *code)),
        // A rule whose masters are gone is open: the run says what is wrong with it.
        Err(AppError::Rejected(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(RulesOfMonth { governing, idle: without_runs.saturating_sub(open.len()), open })
}

/// Upon what a run runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RunMode {
    /// No rule has a run in force in the period.
    #[default]
    New,
    /// The runs in force are reversed, and the rules run again over everything.
    Rerun,
    /// The run in force stays, and what came since is added by its rules in the versions that ran.
    Increment,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct RunInput {
    pub idempotency_key: String,
    pub month: Month,
    /// Every rule in force that governs the period, when absent.
    pub rules: Option<Vec<String>>,
    pub mode: RunMode,
}

/// Spreads the shared cost of a period by rules, and answers the run's number. Entries are dated on the last day of the period.
///
/// # Errors
/// `Forbidden`; `ALLOCATION_RULE_UNKNOWN`, `RULE_NOT_APPROVED`, `ALLOCATION_ALREADY_RUN`, `ALLOCATION_NOT_LIVE`, `LATER_ALLOCATION_RUN`,
/// `NOTHING_TO_ALLOCATE`, the refusals of drivers and methods, `PERIOD_CLOSED` and its kin, `IDEMPOTENCY_CONFLICT`; any database failure.
pub async fn run_allocation(app: &App, actor: &Actor, input: RunInput) -> Result<Done<i64>, AppError> {
    let content = json!([input.month.0, input.rules, format!("{:?}", input.mode)]);
    let command = Once { operation: "runAllocation", key: input.idempotency_key.clone(), content, checked: Ok(()) };
    let who = actor.clone();
    command::once(app, actor, command, move |session| run_in_tx(session, &who, &input)).await
}

fn run_in_tx(session: &mut Session, actor: &Actor, input: &RunInput) -> Result<i64, AppError> {
    let (books, masters) = (command::books(session), session.masters().clone());
    let month = input.month;
    session.act_as_closer(actor.may(Permission::ClosePeriods));
    let ledger = command::ledger(session);
    let rules = governing(rule_list(ledger, books)?, month.last_day(), input.rules.as_deref(), false)?;
    let base = Base::load(ledger, books, (month, &rules), input.mode)?;
    let rules = base.rules(ledger, books, rules)?;
    let plan = plan(ledger, books, &masters, (month, rules), &base.entries)?;
    let plan = increment::applied(ledger, books, &masters, &base, plan)?;
    if input.mode == RunMode::Rerun {
        for run in base.runs.iter().rev() {
            reverse::reverse_in_tx(session, actor, run, Some("superseded by another run"))?;
        }
    }
    let kind = if input.mode == RunMode::Increment { RunKind::Increment } else { RunKind::Run };
    let refers_to = base.runs.first().map(|run| run.number);
    let head = post(session, actor, &plan, (kind, refers_to))?;
    renew(session, month, STALE_KIND)?;
    let codes: Vec<_> = plan.rules.iter().map(|rule| json!({ "code": rule.code, "version": rule.version })).collect();
    let after = json!({ "period": month.to_string(), "rules": codes, "throughEntry": head.through_entry.0, "hash": head.result_hash });
    let object = format!("allocation run {}", head.number);
    session.audit(audit::event(actor, Change { action: "allocation.run", object, after: Some(after), ..Change::default() }));
    Ok(head.number)
}

/// Posts a plan and keeps everything it decided.
fn post(session: &mut Session, actor: &Actor, plan: &Plan, (kind, refers_to): (RunKind, Option<i64>)) -> Result<RunHead, AppError> {
    let (books, masters) = (command::books(session), session.masters().clone());
    let number = next_run(command::ledger(session), books)?;
    let effective_on = plan.month.last_day();
    let (pools, mut lines) = kept(plan, &masters)?;
    let (mut entries, mut received) = (Vec::new(), BTreeMap::new());
    for (pool, outcome) in pools.iter().zip(&plan.outcome.pools) {
        let rule = plan.rules.get(outcome.rule).map(|rule| format!("{} version {}", rule.code, rule.version)).unwrap_or_default();
        let from = outcome.from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
        let memo = format!("allocation of {} by rule {rule}{from}", plan.month);
        for (entry, blocks) in post_transfer(session, (effective_on, &memo), (outcome.currency, &outcome.transfer))? {
            entries.push((entry, pool.pool));
            for block in blocks {
                // A receiving block names its receiver alone. A reclassification's line is found by the account.
                for to in [only_center(&block), None] {
                    received.entry((pool.pool, block.account, to)).or_insert(entry);
                }
            }
        }
    }
    for line in lines.iter_mut().filter(|line| line.amount != Amount::ZERO) {
        line.entry = received.get(&(line.pool, line.debit_account, line.to)).copied();
    }
    let head = RunHead {
        number,
        month: plan.month,
        kind,
        refers_to,
        effective_on,
        through_entry: plan.through_entry,
        through_driver_value: plan.through_driver_value,
        result_hash: result_hash(&plan.rules, &plan.outcome),
        reason: None,
        subject: actor.subject.clone(),
        acting_for: actor.acting_for.clone(),
        recorded_at: command::recorded_at(session),
    };
    let rules: Vec<(String, i64)> = plan.rules.iter().map(|rule| (rule.code.clone(), rule.version)).collect();
    let ledger = command::ledger(session);
    run_insert(ledger, books, &head, &rules, &entries)?;
    driver_snapshot_insert(ledger, books, number, &plan.standing)?;
    pool_insert(ledger, books, number, &pools)?;
    line_insert(ledger, books, number, &lines)?;
    if kind == RunKind::Run {
        live_insert(ledger, books, &head, &rules)?;
    }
    Ok(head)
}

/// The entries of a transfer, each with the blocks it has. A long transfer is cut at balanced boundaries.
fn post_transfer(
    session: &mut Session,
    (effective_on, memo): (Day, &str),
    (currency, transfer): (Currency, &[(CodingBlock, i64)]),
) -> Result<Vec<(EntryNumber, Vec<CodingBlock>)>, AppError> {
    let mut entries = Vec::new();
    let parts = if transfer.len() <= MOST_POSTINGS { vec![transfer.to_vec()] } else { balanced_parts(transfer.to_vec(), MOST_POSTINGS) };
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let mut lines = Lines::default();
        for (coding, units) in &part {
            let block = session.block(*coding);
            lines.signed(block, Amount::from_units(*units).with(currency))?;
        }
        let draft = EntryDraft {
            kind: EntryKind::Allocation,
            effective_on,
            service_on: None,
            postings: lines.postings(),
            charge: None,
            corrects: None,
            memo: Some(memo),
        };
        let entry = session.post(&draft).map_err(|error| error.placed(Code::LedgerOverflow, "period"))?;
        entries.push((entry, part.into_iter().map(|(coding, _)| coding).collect()));
    }
    Ok(entries)
}
