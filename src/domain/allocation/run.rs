//! A run: rules in their order over the cost of a period.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Center;
use super::center::block_of;
use super::outcome::{Basis, Outcome, PoolOutcome, PoolPart, Receiving, Weights};
use super::pool::{Costs, Filter, Sources, total};
use super::rule::{AllocationRule, Method, PostingMode};
use super::spread::{Spread, ToSpread};
use super::weights::{Drivers, scaled};
use crate::domain::chart::{CenterKind, CodingBlock, NameKind};
use crate::domain::ids::{AccountId, NameId};
use crate::domain::money::{Currency, Exact, largest_remainder};
use crate::domain::rejection::{Code, Rejection};

/// Parts of one run: 500 pools over 5,000 receivers fit twice; more is kept in memory by nobody.
pub const MOST_PARTS: usize = 5_000_000;

/// The masters that codes are resolved with, as of the posting date.
pub trait Directory {
    /// # Errors
    /// `ACCOUNT_UNKNOWN`.
    fn account(&self, code: &str) -> Result<AccountId, Rejection>;
    /// # Errors
    /// `COST_CENTER_UNKNOWN`; `RECEIVER_NOT_VALID` for a center that takes no cost on the posting date.
    fn center(&self, center: &Center) -> Result<NameId, Rejection>;
    /// The name, if it ever appeared.
    fn name(&self, kind: NameKind, name: &str) -> Option<NameId>;
    /// The accounts of a pool that names none: those that [`super::is_pooled`] takes.
    fn pooled_accounts(&self) -> BTreeSet<AccountId>;
}

/// What a run works on.
pub struct Input<'a> {
    /// In the order in which they run.
    pub rules: &'a [AllocationRule],
    pub costs: Costs,
    pub drivers: &'a Drivers,
    /// Usually [`MOST_PARTS`].
    pub most_parts: usize,
}

/// Spreads every pool. Later rules see what earlier ones moved.
///
/// # Errors
/// The first refusal, under `rules` and the rule's code.
pub fn allocate(input: Input<'_>, directory: &impl Directory) -> Result<Outcome, Rejection> {
    let Input { rules, costs, drivers, most_parts } = input;
    let (outcome, bases) = (Outcome::default(), BTreeMap::new());
    let mut run = Run { costs, drivers, directory, outcome, step: 0, parts_left: most_parts, bases };
    for (position, rule) in rules.iter().enumerate() {
        run.rule(position, rule).map_err(|rejection| rejection.under(rule.code.clone()).under("rules"))?;
    }
    Ok(run.outcome)
}

/// A run on its way.
pub(super) struct Run<'a, D> {
    pub(super) costs: Costs,
    pub(super) drivers: &'a Drivers,
    pub(super) directory: &'a D,
    pub(super) outcome: Outcome,
    pub(super) step: u32,
    parts_left: usize,
    /// The latest basis by each driver.
    bases: BTreeMap<Option<String>, Arc<Basis>>,
}

/// One pool on its way: who gives, and what is in it.
pub(super) struct Pool<'a> {
    pub position: usize,
    pub rule: &'a AllocationRule,
    pub filter: &'a Filter,
    pub from: Option<Center>,
    pub account: Option<AccountId>,
    pub currency: Currency,
    pub sources: Sources,
}

impl<D: Directory> Run<'_, D> {
    fn rule(&mut self, position: usize, rule: &AllocationRule) -> Result<(), Rejection> {
        let filter = Filter::of(rule, self.directory)?;
        for receiver in &rule.terms.receivers {
            self.directory.center(&receiver.center)?;
        }
        match &rule.terms.method {
            Method::StepDown { centers, order } => self.step_down((position, rule), &filter, centers, *order),
            Method::Reciprocal { centers } => self.reciprocal((position, rule), &filter, centers),
            Method::Reclassify { percent } => self.reclassify((position, rule), &filter, *percent),
            Method::Direct
            | Method::Even
            | Method::FixedPercent
            | Method::FixedPortion
            | Method::FixedAmount
            | Method::Driver { .. }
            | Method::CostWeighted
            | Method::Tiered { .. }
            | Method::StandardRate { .. } => self.one_pool((position, rule), &filter),
        }
    }

    /// The currencies that a rule spreads.
    pub(super) fn currencies(&self, rule: &AllocationRule) -> Vec<Currency> {
        match rule.terms.currency {
            // Rates charge in their currency also when the pool is empty.
            Some(currency) => vec![currency],
            None => self.costs.currencies(),
        }
    }

    fn one_pool(&mut self, (position, rule): (usize, &AllocationRule), filter: &Filter) -> Result<(), Rejection> {
        self.step += 1;
        let from = sender(rule);
        let excluded: BTreeSet<Center> = from.iter().filter(|_| rule.terms.receivers.is_empty()).cloned().collect();
        let also = BTreeSet::new();
        for currency in self.currencies(rule) {
            let sources = self.costs.matching(currency, filter);
            for (account, sources) in by_account(rule, sources) {
                let pool = total(&sources)?;
                let (terms, drivers) = (&rule.terms, self.drivers);
                if pool == 0 && !terms.method.is_by_rate() {
                    continue;
                }
                let spread = ToSpread { terms, pool, currency, drivers, excluded: &excluded, also: &also }.spread()?;
                self.give(Pool { position, rule, filter, from: from.clone(), account, currency, sources }, spread)?;
            }
        }
        Ok(())
    }

    /// Books a spread: the parts, the transfer, and the costs that later rules see.
    pub(super) fn give(&mut self, pool: Pool<'_>, spread: Spread) -> Result<(), Rejection> {
        let left = self.parts_left.checked_sub(spread.parts.len());
        self.parts_left = left.ok_or_else(|| Rejection::of(Code::TooManyAllocationLines))?;
        let held = total(&pool.sources)?;
        let allocated = sum_of_parts(&spread.parts)?;
        let debits = self.debits(&pool, &spread)?;
        let credits = self.credits(&pool, held, allocated)?;
        let transfer = self.moved(pool.currency, debits.into_iter().chain(credits))?;
        let Spread { basis, parts } = spread;
        let basis = self.shared(basis);
        self.outcome.pools.push(PoolOutcome {
            rule: pool.position,
            step: self.step,
            from: pool.from,
            account: pool.account,
            currency: pool.currency,
            pool: held,
            allocated,
            basis,
            parts,
            transfer,
            gross: None,
        });
        Ok(())
    }

    /// The receivers' lines.
    fn debits(&self, pool: &Pool<'_>, spread: &Spread) -> Result<Vec<(CodingBlock, i64)>, Rejection> {
        let mut debits = Vec::with_capacity(spread.parts.len());
        if spread.parts.iter().all(|part| part.units == 0) {
            return Ok(debits);
        }
        let account = match (&pool.rule.terms.posting, pool.account) {
            (PostingMode::Accounts { debit, .. }, _) => self.directory.account(debit)?,
            (PostingMode::KeepAccount, Some(account)) => account,
            (PostingMode::KeepAccount, None) => return Err(Rejection::of(Code::AccountUnknown)),
        };
        for part in spread.parts.iter().filter(|part| part.units != 0) {
            let receiving = spread.basis.receivers.get(part.receiver);
            let Some(to) = receiving.and_then(|receiving| receiving.to.as_ref()) else { continue };
            debits.push((pool.filter.narrowed(block_of(account, to.kind, self.directory.center(to)?)), part.units));
        }
        Ok(debits)
    }

    /// The basis of an earlier pool, if it is the same: hundreds of pools by one driver over thousands of receivers keep one.
    fn shared(&mut self, basis: Arc<Basis>) -> Arc<Basis> {
        let latest = self.bases.entry(basis.driver.clone()).or_insert_with(|| basis.clone());
        if !Arc::ptr_eq(latest, &basis) && *latest != basis {
            *latest = basis;
        }
        latest.clone()
    }

    /// The sender's lines, below zero for a cost that leaves: each source by what it holds, or by its part of what was allocated.
    fn credits(&self, pool: &Pool<'_>, held: i64, allocated: i64) -> Result<Vec<(CodingBlock, i64)>, Rejection> {
        let overflow = || Rejection::of(Code::LedgerOverflow);
        if allocated == 0 {
            return Ok(Vec::new());
        }
        let taken: Sources = if held == allocated {
            pool.sources.clone()
        } else {
            let bears = |units: i64| if (units < 0) == (held < 0) { units.unsigned_abs() } else { 0 };
            let mut weights: BTreeMap<CodingBlock, u64> = pool.sources.iter().map(|(block, units)| (*block, bears(*units))).collect();
            if weights.values().all(|weight| *weight == 0) {
                weights = BTreeMap::from([(self.fallback(pool)?, 1)]);
            }
            largest_remainder(allocated, &weights).map_err(|_| overflow())?.into_iter().collect()
        };
        let credit = match &pool.rule.terms.posting {
            PostingMode::KeepAccount => None,
            PostingMode::Accounts { credit, .. } => Some(self.directory.account(credit)?),
        };
        let line = |(block, units): (CodingBlock, i64)| {
            let account = credit.unwrap_or(block.account);
            Ok((CodingBlock { account, ..block }, units.checked_neg().ok_or_else(overflow)?))
        };
        taken.into_iter().map(line).collect()
    }

    /// Where a rate is credited whose pool holds nothing.
    fn fallback(&self, pool: &Pool<'_>) -> Result<CodingBlock, Rejection> {
        let PostingMode::Accounts { credit, .. } = &pool.rule.terms.posting else { return Err(Rejection::of(Code::AccountUnknown)) };
        let account = self.directory.account(credit)?;
        let block = match &pool.from {
            Some(center) => block_of(account, center.kind, self.directory.center(center)?),
            None => block_of(account, CenterKind::Team, NameId::NONE),
        };
        Ok(pool.filter.narrowed(block))
    }

    /// Adds lines up by block and moves the costs.
    fn moved(&mut self, currency: Currency, lines: impl Iterator<Item = (CodingBlock, i64)>) -> Result<Vec<(CodingBlock, i64)>, Rejection> {
        let mut lines: Vec<(CodingBlock, i64)> = lines.filter(|(_, units)| *units != 0).collect();
        // Debits and credits of one block stay apart: both happened.
        lines.sort_unstable_by_key(|(block, units)| (*units < 0, *block));
        let mut moved: Vec<(CodingBlock, i64)> = Vec::with_capacity(lines.len());
        for (block, units) in lines {
            self.costs.add(currency, block, units)?;
            match moved.last_mut().filter(|(last, sum)| *last == block && (*sum < 0) == (units < 0)) {
                Some((_, sum)) => *sum = sum.checked_add(units).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?,
                None => moved.push((block, units)),
            }
        }
        Ok(moved)
    }

    /// Percent of what each block holds goes to another account on the same block.
    fn reclassify(&mut self, (position, rule): (usize, &AllocationRule), filter: &Filter, percent: Exact) -> Result<(), Rejection> {
        let PostingMode::Accounts { debit, credit } = &rule.terms.posting else { return Err(Rejection::of(Code::AccountUnknown)) };
        let (debit, credit) = (self.directory.account(debit)?, self.directory.account(credit)?);
        let overflow = || Rejection::of(Code::LedgerOverflow);
        let kept = Exact::new(100, 0).checked_sub(percent).ok_or_else(overflow)?;
        let weights = scaled(&[percent, kept]);
        self.step += 1;
        let from = sender(rule);
        for currency in self.currencies(rule) {
            let sources = self.costs.matching(currency, filter);
            let pool = total(&sources)?;
            if pool == 0 {
                continue;
            }
            let split = crate::domain::money::split(pool, &weights).map_err(|_| overflow())?;
            let Some(part) = split.first().copied() else { continue };
            let receivers = vec![Receiving { to: from.clone(), quantity: Some(percent) }];
            let weights = Weights::Listed { weights: weights.iter().take(1).cloned().collect(), total: weights.iter().sum() };
            let Spread { basis, parts } = Spread::of(Basis { receivers, weights, ..Basis::default() }, [part]);
            let pool = Pool { position, rule, filter, from: from.clone(), account: None, currency, sources };
            let held = total(&pool.sources)?;
            let allocated = part.units;
            let credits = self.credits(&pool, held, allocated)?;
            let debits = credits.iter().map(|(block, units)| (CodingBlock { account: debit, ..*block }, units.saturating_neg()));
            let credits = credits.iter().map(|(block, units)| (CodingBlock { account: credit, ..*block }, *units));
            let lines: Vec<_> = debits.chain(credits).collect();
            let transfer = self.moved(currency, lines.into_iter())?;
            self.outcome.pools.push(PoolOutcome {
                rule: position,
                step: self.step,
                from: from.clone(),
                account: None,
                currency,
                pool: held,
                allocated,
                basis,
                parts,
                transfer,
                gross: None,
            });
        }
        Ok(())
    }
}

/// The parts of a pool by the account that keeps them, or the pool as one.
pub(super) fn by_account(rule: &AllocationRule, sources: Sources) -> Vec<(Option<AccountId>, Sources)> {
    if rule.terms.posting != PostingMode::KeepAccount {
        return vec![(None, sources)];
    }
    let mut accounts: BTreeMap<AccountId, Sources> = BTreeMap::new();
    for (block, units) in sources {
        accounts.entry(block.account).or_default().push((block, units));
    }
    accounts.into_iter().map(|(account, sources)| (Some(account), sources)).collect()
}

fn sum_of_parts(parts: &[PoolPart]) -> Result<i64, Rejection> {
    let sum: i128 = parts.iter().map(|part| i128::from(part.units)).sum();
    i64::try_from(sum).map_err(|_| Rejection::of(Code::LedgerOverflow))
}

/// The center that the pool is of, the first of team, project and client that the rule names.
fn sender(rule: &AllocationRule) -> Option<Center> {
    let pool = &rule.terms.pool;
    let centers = [(CenterKind::Team, &pool.team), (CenterKind::Project, &pool.project), (CenterKind::Client, &pool.client)];
    centers.into_iter().find_map(|(kind, code)| code.as_deref().map(|code| Center::new(kind, code)))
}
