//! What statements stand on: the cost of the months as the journal has it now, and what was charged of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::AppError;
use crate::app::posting::{Session, command};
use crate::domain::chargeback::{
    Allocated, Assessed, Basis, Billed, Content, Counts, MonthCost, StandardRate, Terms, Usage, assess, compose, is_charged,
};
use crate::domain::chart::{CenterKind, CodingBlock};
use crate::domain::ids::NameId;
use crate::domain::journal::EntryKind;
use crate::domain::money::Currency;
use crate::domain::period::{Day, Month};
use crate::domain::rejection::{Code, Rejection};
use crate::store::chargeback::{CostScope, Stream, approved_months, billed_list, cost_rows, rate_list, special_rows};

/// Balances read for one draft: a large company's blocks, day by day.
const MOST_ROWS: usize = 1_000_000;

type Key = (NameId, Currency);

/// Read once for a draft, or for one center at its approval.
pub(super) struct Ground {
    kind: CenterKind,
    period: Month,
    costs: BTreeMap<Month, BTreeMap<Key, MonthCost>>,
    billed: BTreeMap<(NameId, Currency, Month), Billed>,
    /// The basis of the latest live statement of the month.
    bases: BTreeMap<(NameId, Currency, Month), Basis>,
    rates: Vec<StandardRate>,
}

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub kind: CenterKind,
    pub showback: bool,
    pub period: Month,
    pub basis: Basis,
    /// One center alone.
    pub center: Option<NameId>,
}

impl Ground {
    /// # Errors
    /// `RANGE_TOO_LARGE`, `LEDGER_OVERFLOW`; any database failure.
    pub fn read(session: &mut Session, wanted: Wanted) -> Result<Self, AppError> {
        let stream = Stream { kind: wanted.kind, showback: wanted.showback, through: wanted.period };
        let is_wanted = |center: NameId| wanted.center.is_none_or(|only| only == center);
        let mut ground = Self {
            kind: wanted.kind,
            period: wanted.period,
            costs: BTreeMap::new(),
            billed: BTreeMap::new(),
            bases: BTreeMap::new(),
            rates: rate_list(&mut session.ledger, session.books)?,
        };
        let mut months = BTreeSet::from([wanted.period]);
        let billed = billed_list(&mut session.ledger, session.books, stream)?;
        for row in billed {
            months.insert(row.month);
            let sum = Billed { cost: i128::from(row.cost), amount: i128::from(row.amount), has_statement: false };
            if is_wanted(row.center) {
                ground.billed.insert((row.center, row.currency, row.month), sum);
            }
        }
        let mut by_day = wanted.basis == Basis::StandardRate;
        for row in approved_months(&mut session.ledger, session.books, stream)? {
            months.insert(row.period);
            by_day |= row.basis == Basis::StandardRate;
            if row.is_live && is_wanted(row.center) {
                let key = (row.center, row.currency, row.period);
                ground.billed.entry(key).or_default().has_statement = true;
                ground.bases.insert(key, row.basis);
            }
        }
        let accounts = session.masters().accounts.iter().filter(|account| is_charged(account)).map(|account| account.id).collect();
        let scope = CostScope { kind: wanted.kind, center: wanted.center, accounts, by_day };
        let mut room = MOST_ROWS;
        for month in months {
            let costs = month_costs(session, &scope, month, &mut room)?;
            ground.costs.insert(month, costs);
        }
        Ok(ground)
    }

    /// Every center and currency that has cost, or was charged some.
    pub fn keys(&self) -> BTreeSet<Key> {
        let billed = self.billed.keys().map(|(center, currency, _)| (*center, *currency));
        self.costs.values().flat_map(|costs| costs.keys().copied()).chain(billed).collect()
    }

    /// The statement of a center as it would be drafted now.
    ///
    /// # Errors
    /// `STANDARD_RATE_MISSING`, `TOO_MANY_STATEMENT_LINES`, `LEDGER_OVERFLOW`.
    pub fn content(&self, terms: Terms, (center, currency): Key) -> Result<Content, Rejection> {
        let nothing = MonthCost::default();
        let earlier = self.costs.keys().copied().filter(|month| *month != self.period);
        let mut months = Vec::new();
        for month in std::iter::once(self.period).chain(earlier) {
            let key = (center, currency, month);
            let basis = self.bases.get(&key).copied().unwrap_or(terms.basis);
            let cost = self.costs.get(&month).and_then(|costs| costs.get(&(center, currency))).unwrap_or(&nothing);
            let lines = assess(month, currency, cost, basis, &self.rates)?;
            months.push(Assessed { month, lines, billed: self.billed.get(&key).copied().unwrap_or_default() });
        }
        let lines = compose(&terms, currency, months)?;
        Ok(Content { terms, kind: self.kind, center, currency, lines })
    }
}

fn center_of(kind: CenterKind, coding: &CodingBlock) -> NameId {
    match kind {
        CenterKind::Team => coding.team,
        CenterKind::Project => coding.project,
        CenterKind::Client => coding.client,
    }
}

/// What each center bore in a month. What chargebacks themselves posted is no cost; what allocations posted is shown by their memo.
fn month_costs(session: &mut Session, scope: &CostScope, month: Month, room: &mut usize) -> Result<BTreeMap<Key, MonthCost>, AppError> {
    let rows = cost_rows(&mut session.ledger, session.books, scope, month, room.saturating_add(1))?;
    *room = room.checked_sub(rows.len()).ok_or_else(|| Rejection::of(Code::RangeTooLarge).under("period"))?;
    let overflow = || Rejection::of(Code::LedgerOverflow);
    let mut costs: BTreeMap<Key, MonthCost> = BTreeMap::new();
    let mut elsewhere: BTreeMap<(i32, Currency, Day), i128> = BTreeMap::new();
    for special in special_rows(&mut session.ledger, session.books, scope, month)? {
        *elsewhere.entry((special.block.0, special.currency, special.day)).or_default() += i128::from(special.net);
        if special.kind == EntryKind::Allocation {
            let coding = command::coding(session, special.block)?;
            let cost = costs.entry((center_of(scope.kind, &coding), special.currency)).or_default();
            cost.allocated.push(Allocated { memo: special.memo, net: special.net });
        }
    }
    for row in rows {
        let coding = command::coding(session, row.block)?;
        let put_there = elsewhere.get(&(row.block.0, row.currency, row.day)).copied().unwrap_or_default();
        let net = i128::from(row.totals.debit) - i128::from(row.totals.credit) - put_there;
        let totals = row.totals;
        let usage = Usage {
            provider: command::name(session, coding.provider),
            model: command::name(session, coding.model),
            feature: command::name(session, coding.feature),
            day: row.day,
            net: i64::try_from(net).map_err(|_| overflow())?,
            counts: Counts {
                charges: totals.charges,
                input_tokens: totals.input_tokens,
                output_tokens: totals.output_tokens,
                cache_read_tokens: totals.cache_read_tokens,
            },
        };
        costs.entry((center_of(scope.kind, &coding), row.currency)).or_default().usage.push(usage);
    }
    Ok(costs)
}
