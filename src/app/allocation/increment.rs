//! Runs upon runs: what an increment or a second run of a period starts from.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Plan;
use super::run::RunMode;
use crate::app::AppError;
use crate::app::masters::Masters;
use crate::domain::allocation::{AllocationRule, Center, Earlier, difference};
use crate::domain::chart::{CenterKind, CodingBlock};
use crate::domain::ids::{BooksId, EntryNumber, NameId};
use crate::domain::period::Month;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::allocation::{
    CostShape, RunHead, RunKind, costs_of_entries, entry_list, line_list, live_codes, pool_list, reversal_of, rule_list, rule_of_run_list,
    run_list,
};
use crate::store::ledger::Ledger;

/// Lines of one run that are read at once; it is also the most that a run has.
const EVERY_LINE: usize = crate::domain::allocation::MOST_PARTS;

/// The live runs that a mode is about, and the entries they posted.
#[derive(Debug, Default)]
pub struct Base {
    pub mode: RunMode,
    /// The run in force and its increments, in the order of their numbers; none for a first run.
    pub runs: Vec<RunHead>,
    pub entries: Vec<EntryNumber>,
}

impl Base {
    /// Finds what is in force of the rules, and refuses what the mode does not allow.
    ///
    /// # Errors
    /// `ALLOCATION_ALREADY_RUN`, `ALLOCATION_NOT_LIVE`, `LATER_ALLOCATION_RUN`; any database failure.
    pub fn load(ledger: &mut Ledger, books: BooksId, (month, rules): (Month, &[AllocationRule]), mode: RunMode) -> Result<Self, AppError> {
        let live: BTreeMap<String, i64> = live_codes(ledger, books, month)?.into_iter().collect();
        let numbers: BTreeSet<i64> = rules.iter().filter_map(|rule| live.get(&rule.code).copied()).collect();
        let (Some(first), RunMode::Rerun | RunMode::Increment) = (numbers.first().copied(), mode) else {
            return match (numbers.first(), mode) {
                (Some(number), _) => {
                    let codes: Vec<&str> =
                        rules.iter().filter(|rule| live.contains_key(&rule.code)).map(|rule| rule.code.as_str()).collect();
                    let message =
                        format!("{} ran in {month} (run {number}): reverse it, or run with mode RERUN or INCREMENT", codes.join(", "));
                    Err(Rejection::at(Code::AllocationAlreadyRun, "rules", message).into())
                }
                (None, RunMode::Increment) => Err(Rejection::of(Code::AllocationNotLive).under("rules").into()),
                (None, RunMode::New | RunMode::Rerun) => Ok(Self { mode, ..Self::default() }),
            };
        };
        if mode == RunMode::Increment && numbers.len() > 1 {
            let message = format!("the rules have several runs in {month}: add to the rules of one run at a time");
            return Err(Rejection::at(Code::AllocationNotLive, "rules", message).into());
        }
        let runs = in_force(ledger, books, month, first)?;
        // A later run of other rules saw what these moved.
        let asked = |run: &RunHead| numbers.contains(&run.number) || run.refers_to.is_some_and(|base| numbers.contains(&base));
        if let Some(later) = runs.iter().find(|run| !asked(run)) {
            let message = format!("run {} of other rules came after run {first} and saw its results: reverse it first", later.number);
            return Err(Rejection::at(Code::LaterAllocationRun, "rules", message).into());
        }
        let mut entries = Vec::new();
        for run in &runs {
            let covered = rule_of_run_list(ledger, books, run.number)?;
            if let Some((code, _)) = covered.iter().find(|(code, _)| !rules.iter().any(|rule| rule.code == *code)) {
                let message = format!("run {} also covers {code}: name it too or, if it governs no longer, reverse the run", run.number);
                return Err(Rejection::at(Code::AllocationAlreadyRun, "rules", message).into());
            }
            entries.extend(entry_list(ledger, books, run.number)?.into_iter().map(|(entry, _)| entry));
        }
        Ok(Self { mode, runs, entries })
    }

    /// The rules that are computed: an increment adds to what was run, by the versions that were run.
    ///
    /// # Errors
    /// Any database failure.
    pub fn rules(&self, ledger: &mut Ledger, books: BooksId, rules: Vec<AllocationRule>) -> Result<Vec<AllocationRule>, AppError> {
        match (self.mode, self.runs.first()) {
            (RunMode::Increment, Some(run)) => Ok(versions_of_run(ledger, books, run.number)?),
            _ => Ok(rules),
        }
    }
}

/// The rules of a run in the versions that it used.
///
/// # Errors
/// Any database failure.
pub fn versions_of_run(ledger: &mut Ledger, books: BooksId, number: i64) -> Result<Vec<AllocationRule>, StoreError> {
    let wanted = rule_of_run_list(ledger, books, number)?;
    let mut versions: BTreeMap<(String, i64), AllocationRule> =
        rule_list(ledger, books)?.into_iter().map(|version| ((version.rule.code.clone(), version.rule.version), version.rule)).collect();
    let missing = || StoreError::corrupt(format!("run {number} names a version that is not there"));
    wanted.into_iter().map(|key| versions.remove(&key).ok_or_else(missing)).collect()
}

/// Runs of a month from a number on that are not reversed, in their order.
///
/// # Errors
/// Any database failure.
pub fn in_force(ledger: &mut Ledger, books: BooksId, month: Month, from: i64) -> Result<Vec<RunHead>, StoreError> {
    let mut runs = Vec::new();
    for run in run_list(ledger, books, Some(month), from.saturating_sub(1), usize::try_from(i32::MAX).unwrap_or(0))? {
        if run.kind != RunKind::Reversal && reversal_of(ledger, books, run.number)?.is_none() {
            runs.push(run);
        }
    }
    Ok(runs)
}

/// The plan as it is posted: of an increment, what is new in it.
///
/// # Errors
/// `NOTHING_TO_ALLOCATE`, `LEDGER_OVERFLOW`; any database failure.
pub fn applied(ledger: &mut Ledger, books: BooksId, masters: &Masters, base: &Base, mut plan: Plan) -> Result<Plan, AppError> {
    if base.mode == RunMode::Increment {
        let mut earlier = Vec::new();
        for run in &base.runs {
            earlier.extend(posted(ledger, books, masters, (run, &plan.rules))?);
        }
        plan.outcome = difference(plan.outcome, earlier)?;
    }
    if plan.outcome.pools.is_empty() {
        return Err(nothing_to_allocate(base).into());
    }
    Ok(plan)
}

/// Says what to do where nothing comes of a run.
fn nothing_to_allocate(base: &Base) -> Rejection {
    let message = match (base.mode, base.runs.last()) {
        (RunMode::Increment, _) => "nothing changed since the run: there is nothing to add".to_owned(),
        (RunMode::Rerun, Some(last)) => {
            format!(
                "the pools of the rules are empty by now: reverse the runs in force with reverseAllocationRun, run {} first",
                last.number
            )
        }
        (RunMode::New | RunMode::Rerun, _) => return Rejection::of(Code::NothingToAllocate),
    };
    Rejection { code: Code::NothingToAllocate, path: Vec::new(), message }
}

/// The pools of a run with what its entries moved.
fn posted(
    ledger: &mut Ledger,
    books: BooksId,
    masters: &Masters,
    (run, rules): (&RunHead, &[AllocationRule]),
) -> Result<Vec<Earlier>, AppError> {
    let center = |center: Option<(CenterKind, NameId)>| {
        center.and_then(|(kind, id)| masters.center_by_id(id).map(|found| Center::new(kind, &found.code)))
    };
    let covered = rule_of_run_list(ledger, books, run.number)?;
    let position = |rule: i64| {
        let code = usize::try_from(rule).ok().and_then(|rule| covered.get(rule)).map(|(code, _)| code);
        code.and_then(|code| rules.iter().position(|rule| rule.code == *code)).ok_or_else(|| StoreError::corrupt("a pool without its rule"))
    };
    let mut pools: BTreeMap<i64, Earlier> = BTreeMap::new();
    for pool in pool_list(ledger, books, run.number)? {
        let earlier = Earlier {
            rule: position(pool.rule)?,
            from: center(pool.from),
            account: pool.account,
            currency: pool.money.currency,
            pool: pool.money.amount.units(),
            parts: BTreeMap::new(),
            lines: BTreeMap::new(),
        };
        pools.insert(pool.pool, earlier);
    }
    for line in line_list(ledger, books, (run.number, None), 0, EVERY_LINE)? {
        if let Some(pool) = pools.get_mut(&line.pool) {
            let part = pool.parts.entry(center(line.to)).or_default();
            *part = part.checked_add(line.amount.units()).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        }
    }
    let every = CostShape {
        accounts: masters.accounts.iter().map(|account| account.id).collect(),
        by_feature: true,
        by_model: true,
        by_environment: true,
    };
    for (entry, pool) in entry_list(ledger, books, run.number)? {
        let Some(pool) = pools.get_mut(&pool) else { continue };
        let mut add = |block: CodingBlock, _, units: i64| {
            let line = pool.lines.entry(block).or_default();
            *line = line.checked_add(units).ok_or_else(|| StoreError::Refused("an overflow of an allocation".to_owned()))?;
            Ok(())
        };
        costs_of_entries(ledger, books, &every, (run.effective_on.month(), &[entry]), &mut add)?;
    }
    Ok(pools.into_values().collect())
}
