//! Spend by any dimensions over a range of days.
//!
//! One dimension without a filter reads its own narrow roll-up; anything else adds up the balances of coding blocks. Whole months
//! are read from monthly balances wherever the interval allows it, so the work does not grow with the number of charges.

use std::collections::{BTreeMap, HashMap};

use super::access::Access;
use super::filter::DimensionFilter;
use super::slices::{DatedSlice, dated_slices};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::chart::{CenterKind, UNATTRIBUTED};
use crate::domain::ids::{AccountId, NameId};
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Grain, Interval, SpendDimension};
use crate::store::balance::{BlockFilter, Slice, Snapshot, Sum, SumTotals};
use crate::store::journal::names;

/// Rows in one answer: more is not read by anyone at once, and would hold the memory of many requests.
pub const MOST_ROWS: usize = 50_000;

/// What is asked.
#[derive(Debug, Clone)]
pub struct SpendQuery {
    pub range: DayRange,
    /// A dimension named twice counts once.
    pub group_by: Vec<SpendDimension>,
    /// Without one, the range is a single period.
    pub interval: Option<Interval>,
    pub filter: DimensionFilter,
}

/// Money in ledger units of each currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendReport {
    /// In the order of period and keys.
    pub rows: Vec<SpendRow>,
    pub totals: BTreeMap<Currency, i128>,
    /// The part of the totals on a standing center for cost whose owner is not known.
    pub unattributed: BTreeMap<Currency, i128>,
    pub unpriced_charges: i64,
}

/// Cost of one period and one combination of keys in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendRow {
    /// The name of the period; `None` without an interval.
    pub period: Option<String>,
    /// In the order asked for; `None` for cost without that dimension.
    pub keys: Vec<(SpendDimension, Option<String>)>,
    pub currency: Currency,
    /// Debits less credits of cost accounts, in ledger units.
    pub cost: i128,
    pub charges: i128,
    pub input_tokens: i128,
    pub output_tokens: i128,
    pub cache_read_tokens: i128,
}

/// The sums of one row.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    cost: i128,
    charges: i128,
    input_tokens: i128,
    output_tokens: i128,
    cache_read_tokens: i128,
}

/// First day of the period (none without an interval), ids of the keys, currency.
type RowKey = (Option<Day>, Vec<i64>, Currency);

/// Adds spend up. Cost is what cost accounts bear; a limited token gets the blocks it sees, totals included.
///
/// # Errors
/// `RANGE_TOO_LARGE` above [`MOST_ROWS`], a filter's refusals, [`AppError::Forbidden`] or a database failure.
pub async fn spend(app: &App, actor: &Actor, mut query: SpendQuery) -> Result<SpendReport, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let mut seen = std::collections::BTreeSet::new();
    query.group_by.retain(|dimension| seen.insert(*dimension));
    let cost_accounts: Vec<_> =
        access.masters.accounts.iter().filter(|account| account.class.is_cost()).map(|account| account.id).collect();
    let mut filter = query.filter.resolve(&access).await?;
    let pending_filter = BlockFilter { accounts: None, ..filter.clone() };
    filter.accounts = Some(match filter.accounts {
        None => cost_accounts,
        Some(wanted) => wanted.into_iter().filter(|id| cost_accounts.contains(id)).collect(),
    });
    let by_block = query.group_by.len() > 1 || !query.filter.is_empty() || access.visible.is_some();
    let snapshot = Snapshot::begin(access.store, access.books_id()).await?;
    let reader = Reader { snapshot: &snapshot, filter: &filter, by_block };
    let folded = reader.fold(&query).await?;
    let unattributed = reader.unattributed(&access, query.range).await?;
    let unpriced_charges = snapshot.pending_count(query.range, &pending_filter).await?;
    snapshot.end().await?;
    let rows = labelled(&access, &query, folded).await?;
    let mut totals = BTreeMap::new();
    for row in &rows {
        *totals.entry(row.currency).or_default() += row.cost;
    }
    Ok(SpendReport { rows, totals, unattributed, unpriced_charges })
}

/// One report's reads in one snapshot.
struct Reader<'a> {
    snapshot: &'a Snapshot,
    /// Its accounts are the cost accounts looked at.
    filter: &'a BlockFilter,
    by_block: bool,
}

impl Reader<'_> {
    async fn fold(&self, query: &SpendQuery) -> Result<BTreeMap<RowKey, Figures>, AppError> {
        let mut folded: BTreeMap<RowKey, Figures> = BTreeMap::new();
        for (slice, first_day) in self.slices(query) {
            let sums = self.sums(slice, &query.group_by, MOST_ROWS + 1).await?;
            // More than were asked for means that some are missing.
            if sums.len() > MOST_ROWS {
                return Err(Rejection::of(Code::RangeTooLarge).into());
            }
            for sum in sums {
                let day = query.interval.map(|interval| interval.first_day(first_day(sum.bucket)));
                folded.entry((day, sum.keys, sum.currency)).or_default().add(&sum.totals);
            }
            if folded.len() > MOST_ROWS {
                return Err(Rejection::of(Code::RangeTooLarge).into());
            }
        }
        Ok(folded)
    }

    async fn sums(&self, slice: Slice, group_by: &[SpendDimension], limit: usize) -> Result<Vec<Sum>, AppError> {
        if self.by_block {
            return Ok(self.snapshot.block_sums(slice, group_by, self.filter, limit).await?);
        }
        // Account grains hold every account; dimension grains hold cost alone.
        let accounts: Option<Vec<i64>> = match group_by.first() {
            None | Some(SpendDimension::Account) => Some(self.accounts().iter().map(|id| i64::from(id.0)).collect()),
            Some(_) => None,
        };
        Ok(self.snapshot.key_sums(slice, !group_by.is_empty(), accounts.as_deref(), limit).await?)
    }

    fn accounts(&self) -> &[AccountId] {
        self.filter.accounts.as_deref().unwrap_or_default()
    }

    /// The range as slices of balances.
    fn slices(&self, query: &SpendQuery) -> Vec<DatedSlice> {
        let (month_grain, day_grain) = if self.by_block {
            (Grain::BlockMonth, Grain::BlockDay)
        } else {
            match query.group_by.first() {
                None | Some(SpendDimension::Account) => (Grain::AccountMonth, Grain::AccountDay),
                Some(dimension) => (Grain::DimensionMonth(*dimension), Grain::DimensionDay(*dimension)),
            }
        };
        dated_slices(query.range, query.interval, (month_grain, day_grain))
    }

    /// Cost on a standing center in the place of team, project or client, each unit counted once.
    async fn unattributed(&self, access: &Access<'_>, range: DayRange) -> Result<BTreeMap<Currency, i128>, AppError> {
        let standing = CenterKind::ALL.map(|kind| access.masters.center_by_code(kind, UNATTRIBUTED).map_or(NameId(-1), |center| center.id));
        let query = SpendQuery { range, group_by: Vec::new(), interval: None, filter: DimensionFilter::default() };
        if !self.by_block {
            let mut of_kinds = Vec::new();
            for (dimension, center) in [SpendDimension::Team, SpendDimension::Project, SpendDimension::Client].into_iter().zip(standing) {
                let query = SpendQuery { group_by: vec![dimension], ..query.clone() };
                let mut costs = BTreeMap::new();
                for (slice, _) in self.slices(&query) {
                    add_costs(&mut costs, self.snapshot.key_sums(slice, true, Some(&[i64::from(center.0)]), MOST_ROWS).await?);
                }
                of_kinds.extend((!costs.is_empty()).then_some(costs));
            }
            // Cost on one kind's center alone cannot be counted twice.
            if of_kinds.len() < 2 {
                return Ok(of_kinds.pop().unwrap_or_default());
            }
        }
        let filter = BlockFilter { any_center: Some(standing), ..self.filter.clone() };
        let reader = Reader { snapshot: self.snapshot, filter: &filter, by_block: true };
        let mut costs = BTreeMap::new();
        for (slice, _) in reader.slices(&query) {
            add_costs(&mut costs, reader.sums(slice, &[], MOST_ROWS).await?);
        }
        Ok(costs)
    }
}

impl Figures {
    fn add(&mut self, totals: &SumTotals) {
        self.cost += totals.debit - totals.credit;
        self.charges += totals.charges;
        self.input_tokens += totals.input_tokens;
        self.output_tokens += totals.output_tokens;
        self.cache_read_tokens += totals.cache_read_tokens;
    }
}

fn add_costs(costs: &mut BTreeMap<Currency, i128>, sums: Vec<Sum>) {
    for sum in sums {
        *costs.entry(sum.currency).or_default() += sum.totals.debit - sum.totals.credit;
    }
}

/// Rows with periods and codes in place of days and ids, in the order of period, codes and currency.
async fn labelled(access: &Access<'_>, query: &SpendQuery, folded: BTreeMap<RowKey, Figures>) -> Result<Vec<SpendRow>, AppError> {
    let ids: std::collections::BTreeSet<NameId> = folded
        .keys()
        .flat_map(|(_, keys, _)| query.group_by.iter().zip(keys))
        .filter(|(dimension, _)| super::filter::name_kind(**dimension).is_some())
        .filter_map(|(_, id)| i32::try_from(*id).ok().map(NameId))
        .collect();
    let names = if ids.is_empty() { HashMap::new() } else { names(access.store, access.books_id(), ids).await? };
    let code = |dimension: SpendDimension, id: i64| {
        let id = i32::try_from(id).unwrap_or_default();
        match dimension {
            SpendDimension::Account => access.masters.account_by_id(AccountId(id)).map(|account| account.code.clone()),
            SpendDimension::Team | SpendDimension::Project | SpendDimension::Client => {
                access.masters.center_by_id(NameId(id)).map(|center| center.code.clone())
            }
            SpendDimension::Provider | SpendDimension::Model | SpendDimension::Feature | SpendDimension::Environment => {
                names.get(&NameId(id)).cloned()
            }
        }
    };
    let mut rows: Vec<(Option<Day>, SpendRow)> = folded
        .into_iter()
        .map(|((day, ids, currency), figures)| {
            let keys = query.group_by.iter().zip(ids).map(|(dimension, id)| (*dimension, code(*dimension, id))).collect();
            let period = query.interval.zip(day).map(|(interval, day)| interval.period_of(day));
            let Figures { cost, charges, input_tokens, output_tokens, cache_read_tokens } = figures;
            (day, SpendRow { period, keys, currency, cost, charges, input_tokens, output_tokens, cache_read_tokens })
        })
        .collect();
    rows.sort_by(|(a_day, a), (b_day, b)| (a_day, &a.keys, a.currency).cmp(&(b_day, &b.keys, b.currency)));
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}
