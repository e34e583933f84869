//! What late cost adds to a run: the whole computed again, less what was posted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Center;
use super::outcome::{Basis, Outcome, PoolOutcome, PoolPart, Receiving};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::AccountId;
use crate::domain::money::Currency;
use crate::domain::rejection::{Code, Rejection};

/// What makes two pools the same: the rule, who gives, the account that is kept, and the currency.
type Key = (usize, Option<Center>, Option<AccountId>, Currency);

/// A pool as it was posted, all its runs added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// Position of the rule in the input.
    pub rule: usize,
    pub from: Option<Center>,
    pub account: Option<AccountId>,
    pub currency: Currency,
    pub pool: i64,
    pub parts: BTreeMap<Option<Center>, i64>,
    /// What its entries moved.
    pub lines: BTreeMap<CodingBlock, i64>,
}

impl Earlier {
    fn key(&self) -> Key {
        (self.rule, self.from.clone(), self.account, self.currency)
    }
}

impl From<&PoolOutcome> for Earlier {
    fn from(pool: &PoolOutcome) -> Self {
        Self {
            rule: pool.rule,
            from: pool.from.clone(),
            account: pool.account,
            currency: pool.currency,
            pool: pool.pool,
            parts: pool.parts.iter().map(|part| (pool.to(part).cloned(), part.units)).collect(),
            lines: pool.transfer.iter().copied().collect(),
        }
    }
}

/// The pools that changed, with the difference alone. Shares are those of now.
///
/// # Errors
/// `LEDGER_OVERFLOW`.
pub fn difference(outcome: Outcome, earlier: Vec<Earlier>) -> Result<Outcome, Rejection> {
    let mut before: BTreeMap<Key, Earlier> = BTreeMap::new();
    for pool in earlier {
        match before.get_mut(&pool.key()) {
            None => drop(before.insert(pool.key(), pool)),
            Some(known) => add_up(known, pool)?,
        }
    }
    let mut pools = Vec::new();
    let mut last_step = 0;
    for pool in outcome.pools {
        last_step = pool.step;
        let key = (pool.rule, pool.from.clone(), pool.account, pool.currency);
        let changed = match before.remove(&key) {
            None => pool,
            Some(known) => less(pool, known)?,
        };
        pools.push(changed);
    }
    for known in before.into_values() {
        last_step += 1;
        let Earlier { rule, ref from, account, currency, .. } = known;
        let empty = PoolOutcome {
            rule,
            step: last_step,
            from: from.clone(),
            account,
            currency,
            pool: 0,
            allocated: 0,
            basis: Arc::default(),
            parts: Vec::new(),
            transfer: Vec::new(),
            gross: None,
        };
        pools.push(less(empty, known)?);
    }
    pools.retain(|pool| pool.pool != 0 || !pool.transfer.is_empty() || pool.parts.iter().any(|part| part.units != 0));
    Ok(Outcome { pools })
}

fn add_up(known: &mut Earlier, more: Earlier) -> Result<(), Rejection> {
    let overflow = || Rejection::of(Code::LedgerOverflow);
    known.pool = known.pool.checked_add(more.pool).ok_or_else(overflow)?;
    for (to, units) in more.parts {
        let part = known.parts.entry(to).or_default();
        *part = part.checked_add(units).ok_or_else(overflow)?;
    }
    for (block, units) in more.lines {
        let line = known.lines.entry(block).or_default();
        *line = line.checked_add(units).ok_or_else(overflow)?;
    }
    Ok(())
}

fn less(mut pool: PoolOutcome, known: Earlier) -> Result<PoolOutcome, Rejection> {
    let overflow = || Rejection::of(Code::LedgerOverflow);
    pool.pool = pool.pool.checked_sub(known.pool).ok_or_else(overflow)?;
    let mut parts = known.parts;
    for part in &mut pool.parts {
        let to = pool.basis.receivers.get(part.receiver).and_then(|receiving| receiving.to.clone());
        part.units = part.units.checked_sub(parts.remove(&to).unwrap_or(0)).ok_or_else(overflow)?;
    }
    for (to, units) in parts.into_iter().filter(|(_, units)| *units != 0) {
        let units = units.checked_neg().ok_or_else(overflow)?;
        // They receive nothing now, and have no weight.
        let basis: &mut Basis = Arc::make_mut(&mut pool.basis);
        pool.parts.push(PoolPart { receiver: basis.receivers.len(), units, has_extra_unit: false });
        basis.receivers.push(Receiving { to, quantity: None });
    }
    pool.parts.retain(|part| part.units != 0);
    pool.allocated = pool.parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(part.units)).ok_or_else(overflow)?;
    let mut lines: BTreeMap<CodingBlock, i64> = BTreeMap::new();
    let negated = known.lines.into_iter().map(|(block, units)| (block, units.checked_neg()));
    for (block, units) in pool.transfer.iter().map(|(block, units)| (*block, Some(*units))).chain(negated) {
        let line = lines.entry(block).or_default();
        *line = units.and_then(|units| line.checked_add(units)).ok_or_else(overflow)?;
    }
    pool.transfer = lines.into_iter().filter(|(_, units)| *units != 0).collect();
    pool.gross = None;
    Ok(pool)
}
