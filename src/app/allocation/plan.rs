//! The plan of a run: which versions govern, what they read, and what comes of it. A preview shows it, a run posts it.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::directory::MasterDirectory;
use super::standing;
use crate::app::AppError;
use crate::app::masters::Masters;
use crate::domain::allocation::{AllocationRule, Costs, Drivers, Input, MOST_PARTS, Outcome, PostingMode, allocate, has_pool, is_pooled};
use crate::domain::ids::{AccountId, BooksId, EntryNumber};
use crate::domain::integrity::Hash;
use crate::domain::period::{Day, Month};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::account_nets::last_entry;
use crate::store::allocation::{
    CostShape, RuleVersion, RunHead, Standing, costs_charged_back, costs_of_entries, costs_of_month, costs_posted_after, driver_snapshot,
    last_driver_value,
};
use crate::store::ledger::Ledger;

/// What a run would do.
#[derive(Debug)]
pub struct Plan {
    pub month: Month,
    pub rules: Vec<AllocationRule>,
    pub outcome: Outcome,
    pub through_entry: EntryNumber,
    pub through_driver_value: i64,
    pub standing: Vec<Standing>,
}

/// The one version of each rule that governs a posting date: the latest that began by then, if it has not ended.
///
/// # Errors
/// `ALLOCATION_RULE_UNKNOWN` and `RULE_NOT_APPROVED` at the code's place in `rules`.
pub fn governing(
    versions: Vec<RuleVersion>,
    day: Day,
    codes: Option<&[String]>,
    with_pending: bool,
) -> Result<Vec<AllocationRule>, Rejection> {
    let mut latest: BTreeMap<String, RuleVersion> = BTreeMap::new();
    let mut pending = BTreeSet::new();
    for version in versions.into_iter().filter(|version| version.rule.valid_from <= day) {
        if with_pending || version.is_in_force() {
            latest.insert(version.rule.code.clone(), version);
        } else {
            pending.insert(version.rule.code.clone());
        }
    }
    latest.retain(|_, version| version.rule.valid_to.is_none_or(|end| day < end));
    if let Some(codes) = codes {
        for (position, code) in codes.iter().enumerate() {
            if !latest.contains_key(code) {
                let refused = if pending.contains(code) { Code::RuleNotApproved } else { Code::AllocationRuleUnknown };
                let message = format!("{} of {}: {}", code.chars().take(64).collect::<String>(), day.month(), refused.help());
                return Err(Rejection { code: refused, path: Vec::new(), message }.under(position.to_string()).under("rules"));
            }
        }
        latest.retain(|code, _| codes.contains(code));
    }
    let mut rules: Vec<AllocationRule> = latest.into_values().map(|version| version.rule).collect();
    rules.sort_by(|left, right| (left.order, &left.code).cmp(&(right.order, &right.code)));
    if rules.is_empty() {
        return Err(Rejection::of(Code::AllocationRuleUnknown).under("rules"));
    }
    Ok(rules)
}

/// Computes the plan of rules over a month as the books are now, as if these entries had not been posted.
///
/// # Errors
/// The refusals of [`allocate`]; any database failure.
pub fn plan(
    ledger: &mut Ledger,
    books: BooksId,
    masters: &Masters,
    (month, rules): (Month, Vec<AllocationRule>),
    without: &[EntryNumber],
) -> Result<Plan, AppError> {
    let through_entry = last_entry(ledger, books)?;
    let through_driver_value = last_driver_value(ledger, books)?;
    let shape = shape(&rules, masters);
    let costs = costs(ledger, books, &shape, (month, through_entry), without)?;
    let mut drivers = Drivers::default();
    standing::recorded(ledger, books, masters, (&rules, month, through_driver_value), &mut drivers)?;
    let standing = standing::computed(ledger, books, masters, (&rules, month, through_entry), &mut drivers)?;
    let outcome = outcome(ledger, books, masters, (month, &rules), (costs, &drivers))?;
    Ok(Plan { month, rules, outcome, through_entry, through_driver_value, standing })
}

/// Computes again what a run computed, from what it kept: the cost as of its entry, the drivers as of its value, the versions of its rules.
/// `without` are entries that were posted by then and that it left out.
///
/// # Errors
/// As [`plan`].
pub fn plan_as_of(
    ledger: &mut Ledger,
    books: BooksId,
    masters: &Masters,
    (head, rules): (&RunHead, Vec<AllocationRule>),
    without: &[EntryNumber],
) -> Result<Plan, AppError> {
    let month = head.month;
    let shape = shape(&rules, masters);
    let costs = costs(ledger, books, &shape, (month, head.through_entry), without)?;
    let mut drivers = Drivers::default();
    standing::recorded(ledger, books, masters, (&rules, month, head.through_driver_value), &mut drivers)?;
    let code = |id| masters.center_by_id(id).map(|center| center.code.clone());
    driver_snapshot(ledger, books, head.number, &mut drivers, code)?;
    let outcome = outcome(ledger, books, masters, (month, &rules), (costs, &drivers))?;
    let (through_entry, through_driver_value) = (head.through_entry, head.through_driver_value);
    Ok(Plan { month, rules, outcome, through_entry, through_driver_value, standing: Vec::new() })
}

fn outcome(
    ledger: &mut Ledger,
    books: BooksId,
    masters: &Masters,
    (month, rules): (Month, &[AllocationRule]),
    (costs, drivers): (Costs, &Drivers),
) -> Result<Outcome, AppError> {
    let directory = MasterDirectory::load(ledger, books, masters, (month.last_day(), rules))?;
    Ok(allocate(Input { rules, costs, drivers, most_parts: MOST_PARTS }, &directory)?)
}

/// The rules among these that have something to spread now.
///
/// # Errors
/// The refusals of masters that a rule names; any database failure.
pub fn with_pool(
    ledger: &mut Ledger,
    books: BooksId,
    masters: &Masters,
    (month, rules): (Month, Vec<AllocationRule>),
) -> Result<Vec<AllocationRule>, AppError> {
    let through_entry = last_entry(ledger, books)?;
    let costs = costs(ledger, books, &shape(&rules, masters), (month, through_entry), &[])?;
    let directory = MasterDirectory::load(ledger, books, masters, (month.last_day(), &rules))?;
    let mut found = Vec::with_capacity(rules.len());
    for rule in rules {
        if has_pool(&rule, &costs, &directory)? {
            found.push(rule);
        }
    }
    Ok(found)
}

/// What rules look at: every account that a pool may have, and the accounts that they name.
pub fn shape(rules: &[AllocationRule], masters: &Masters) -> CostShape {
    let mut accounts: BTreeSet<AccountId> =
        masters.accounts.iter().filter(|account| is_pooled(account)).map(|account| account.id).collect();
    for terms in rules.iter().map(|rule| &rule.terms) {
        let posting = match &terms.posting {
            PostingMode::KeepAccount => Vec::new(),
            PostingMode::Accounts { debit, credit } => vec![debit, credit],
        };
        accounts.extend(terms.pool.accounts.iter().chain(posting).filter_map(|code| masters.account(code)).map(|account| account.id));
    }
    let pools = || rules.iter().map(|rule| &rule.terms.pool);
    CostShape {
        accounts: accounts.into_iter().collect(),
        by_feature: pools().any(|pool| pool.feature.is_some()),
        by_model: pools().any(|pool| pool.model.is_some()),
        by_environment: pools().any(|pool| pool.environment.is_some()),
    }
}

/// The cost of a month as of an entry, as if some entries had not been posted, and without what statements charged on of it.
fn costs(
    ledger: &mut Ledger,
    books: BooksId,
    shape: &CostShape,
    (month, through): (Month, EntryNumber),
    without: &[EntryNumber],
) -> Result<Costs, AppError> {
    let overflow = || StoreError::Refused("an overflow of cost".to_owned());
    let mut costs = Costs::default();
    costs_of_month(ledger, books, shape, month, &mut |block, currency, units| costs.add(currency, block, units).map_err(|_| overflow()))?;
    taking(&mut costs, |each| costs_posted_after(ledger, books, shape, (month, through), each))?;
    taking(&mut costs, |each| costs_of_entries(ledger, books, shape, (month, without), each))?;
    taking(&mut costs, |each| {
        costs_charged_back(ledger, books, shape, (month, through), |block, currency, [debit, credit]| {
            each(block, currency, debit.checked_sub(credit).ok_or_else(overflow)?)
        })
    })?;
    costs.drop_empty();
    Ok(costs)
}

/// Takes what a read gives out of the costs.
fn taking(
    costs: &mut Costs,
    read: impl FnOnce(
        &mut dyn FnMut(crate::domain::chart::CodingBlock, crate::domain::money::Currency, i64) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>,
) -> Result<(), AppError> {
    let overflow = || StoreError::Refused("an overflow of cost".to_owned());
    let mut take = |block, currency, units: i64| {
        let units = units.checked_neg().ok_or_else(overflow)?;
        costs.add(currency, block, units).map_err(|_| overflow())
    };
    Ok(read(&mut take)?)
}

/// SHA-256 of everything that an outcome moves, in hexadecimal: equal outcomes have equal hashes.
pub fn result_hash(rules: &[AllocationRule], outcome: &Outcome) -> String {
    // Pool by pool: the whole text of millions of parts would be a copy of all of them.
    let (mut hasher, mut text) = (Sha256::new(), String::new());
    for pool in &outcome.pools {
        let rule = rules.get(pool.rule).map(|rule| format!("{} {}", rule.code, rule.version)).unwrap_or_default();
        let from = pool.from.as_ref().map(ToString::to_string).unwrap_or_default();
        let account = pool.account.map_or(0, |account| account.0);
        text.push_str(&format!("pool\t{rule}\t{from}\t{account}\t{}\t{}\t{}\n", pool.currency, pool.pool, pool.allocated));
        for part in &pool.parts {
            if let Some(to) = pool.to(part) {
                text.extend([to.kind.field(), " ", &to.code]);
            }
            text.extend(["\t", &part.units.to_string(), "\n"]);
        }
        hasher.update(&text);
        text.clear();
    }
    Hash(hasher.finalize().into()).to_string()
}
