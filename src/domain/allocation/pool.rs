//! Cost by coding block, and the pools that rules make of it.

use std::collections::{BTreeMap, BTreeSet};

use super::center::center_of;
use super::rule::{AllocationRule, PoolFilter, PostingMode};
use super::run::{Directory, by_account};
use crate::domain::chart::{Account, CenterKind, CodingBlock, NameKind};
use crate::domain::ids::{AccountId, NameId};
use crate::domain::money::Currency;
use crate::domain::rejection::{Code, Rejection};

/// Whether an account is in the pool of a rule that names none: cost, but for what centers charge each other. Cost that was charged on is
/// still there to be spread, and spreading it again would take the charge back.
pub fn is_pooled(account: &Account) -> bool {
    account.class.is_cost() && !account.is_recharge()
}

/// Debits less credits of a period by currency and block, in ledger units. Providers are added up: no rule looks at them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Costs(BTreeMap<Currency, BTreeMap<CodingBlock, i64>>);

/// Blocks of one pool with what they hold.
pub type Sources = Vec<(CodingBlock, i64)>;

impl Costs {
    /// Adds to a block.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW`.
    pub fn add(&mut self, currency: Currency, block: CodingBlock, units: i64) -> Result<(), Rejection> {
        let held = self.0.entry(currency).or_default().entry(block).or_default();
        *held = held.checked_add(units).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        Ok(())
    }

    /// Forgets blocks that hold nothing, and currencies without any block: what was taken off again leaves no trace of itself.
    pub fn drop_empty(&mut self) {
        self.0.retain(|_, blocks| {
            blocks.retain(|_, units| *units != 0);
            !blocks.is_empty()
        });
    }

    /// What a block holds.
    pub fn held(&self, currency: Currency, block: &CodingBlock) -> i64 {
        self.0.get(&currency).and_then(|blocks| blocks.get(block)).copied().unwrap_or(0)
    }

    /// The currencies that hold anything, in their order.
    pub fn currencies(&self) -> Vec<Currency> {
        self.0.keys().copied().collect()
    }

    /// The blocks that a filter takes, as far as they hold something.
    pub fn matching(&self, currency: Currency, filter: &Filter) -> Sources {
        let blocks = self.0.get(&currency).into_iter().flatten();
        blocks.filter(|(block, units)| **units != 0 && filter.takes(block)).map(|(block, units)| (*block, *units)).collect()
    }
}

/// A rule's pool in ids.
#[derive(Debug, Clone)]
pub struct Filter {
    accounts: BTreeSet<AccountId>,
    centers: Vec<(CenterKind, NameId)>,
    feature: Option<NameId>,
    model: Option<NameId>,
    environment: Option<NameId>,
}

impl Filter {
    /// Names that never appeared match nothing.
    ///
    /// # Errors
    /// `ACCOUNT_UNKNOWN`, `COST_CENTER_UNKNOWN` under `pool`.
    pub fn of(rule: &AllocationRule, directory: &impl Directory) -> Result<Self, Rejection> {
        let PoolFilter { accounts, team, project, client, feature, model, environment } = &rule.terms.pool;
        let mut ids = BTreeSet::new();
        for code in accounts {
            ids.insert(directory.account(code).map_err(|rejection| rejection.under("accounts").under("pool"))?);
        }
        if ids.is_empty() {
            ids = directory.pooled_accounts();
        }
        if let PostingMode::Accounts { credit, .. } = &rule.terms.posting {
            // What was allocated out before is no longer in the pool.
            ids.insert(directory.account(credit)?);
        }
        let mut centers = Vec::new();
        for (kind, code) in [(CenterKind::Team, team), (CenterKind::Project, project), (CenterKind::Client, client)] {
            if let Some(code) = code {
                let center = super::Center::new(kind, code);
                centers.push((kind, directory.center(&center).map_err(|rejection| rejection.under(kind.field()).under("pool"))?));
            }
        }
        let name = |kind, name: &Option<String>| name.as_ref().map(|name| directory.name(kind, name).unwrap_or(NameId(-1)));
        Ok(Self {
            accounts: ids,
            centers,
            feature: name(NameKind::Feature, feature),
            model: name(NameKind::Model, model),
            environment: name(NameKind::Environment, environment),
        })
    }

    /// The pool of a service center: its own cost, with what it received in the account that receivers are debited in.
    ///
    /// # Errors
    /// `ACCOUNT_UNKNOWN`.
    pub fn of_service(&self, rule: &AllocationRule, center: (CenterKind, NameId), directory: &impl Directory) -> Result<Self, Rejection> {
        let mut filter = self.clone();
        filter.centers.push(center);
        if let PostingMode::Accounts { debit, .. } = &rule.terms.posting {
            filter.accounts.insert(directory.account(debit)?);
        }
        Ok(filter)
    }

    /// The accounts of the pool, in their order.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.accounts.iter().copied()
    }

    /// The centers that every block of the pool has.
    pub fn centers(&self) -> &[(CenterKind, NameId)] {
        &self.centers
    }

    /// The names that every block of the pool has, each with its kind.
    pub fn names(&self) -> impl Iterator<Item = (NameKind, NameId)> {
        let names = [(NameKind::Feature, self.feature), (NameKind::Model, self.model), (NameKind::Environment, self.environment)];
        names.into_iter().filter_map(|(kind, name)| Some((kind, name?)))
    }

    /// Whether a block is in the pool.
    pub fn takes(&self, block: &CodingBlock) -> bool {
        let is = |wanted: Option<NameId>, name: NameId| wanted.is_none_or(|wanted| wanted == name);
        self.accounts.contains(&block.account)
            && self.centers.iter().all(|(kind, id)| center_of(block, *kind) == *id)
            && is(self.feature, block.feature)
            && is(self.model, block.model)
            && is(self.environment, block.environment)
    }

    /// A receiving block keeps what the pool was narrowed to beside centers, so that reports by it add up to what they did.
    #[must_use]
    pub fn narrowed(&self, mut block: CodingBlock) -> CodingBlock {
        block.feature = self.feature.unwrap_or(block.feature);
        block.model = self.model.unwrap_or(block.model);
        block.environment = self.environment.unwrap_or(block.environment);
        block
    }
}

/// Whether a rule has anything to spread: a pool that is not empty, or rates, which charge for an empty one too.
///
/// # Errors
/// `ACCOUNT_UNKNOWN`, `COST_CENTER_UNKNOWN`, `RECEIVER_NOT_VALID`, `LEDGER_OVERFLOW`.
pub fn has_pool(rule: &AllocationRule, costs: &Costs, directory: &impl Directory) -> Result<bool, Rejection> {
    let filter = Filter::of(rule, directory)?;
    let currencies = rule.terms.currency.map_or_else(|| costs.currencies(), |currency| vec![currency]);
    if rule.terms.method.is_by_rate() {
        return Ok(!currencies.is_empty());
    }
    let mut filters = Vec::new();
    for service in rule.terms.method.service_centers() {
        let center = (service.center.kind, directory.center(&service.center)?);
        filters.push(filter.of_service(rule, center, directory)?);
    }
    if filters.is_empty() {
        filters.push(filter);
    }
    for (currency, filter) in currencies.iter().flat_map(|currency| filters.iter().map(move |filter| (*currency, filter))) {
        for (_, sources) in by_account(rule, costs.matching(currency, filter)) {
            if total(&sources)? != 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The sum of a pool.
///
/// # Errors
/// `LEDGER_OVERFLOW`.
pub fn total(sources: &Sources) -> Result<i64, Rejection> {
    let sum = sources.iter().map(|(_, units)| i128::from(*units)).sum::<i128>();
    i64::try_from(sum).map_err(|_| Rejection::of(Code::LedgerOverflow))
}
