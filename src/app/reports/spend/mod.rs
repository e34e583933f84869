//! Spend by any dimensions over a range of days, in one of the named measures.
//!
//! Dimensions of coding blocks are read from balances, so the work does not grow with the number of charges. What only a charge knows (its API key,
//! end user, tags, source, region, processing and service tier) is read from the charges of the range, up to a limit; both make the same totals.

mod balances;
mod charges;
mod labels;
mod previous;
mod query;

use std::collections::BTreeMap;

pub use charges::MOST_CHARGES_READ;
pub use query::{ChargeTest, SpendQuery};

use super::access::Access;
use super::hierarchy::{at_level, kind_of};
use super::measured::Measured;
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Interval, SpendKey};
use crate::store::balance::BlockFilter;

/// Rows in one answer: more is not read by anyone at once, and would hold the memory of many requests.
pub const MOST_ROWS: usize = 50_000;

/// Money in ledger units of each currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendReport {
    /// In the order of period and keys.
    pub rows: Vec<SpendRow>,
    /// The sums of the rows.
    pub totals: BTreeMap<Currency, i128>,
    /// The sums of the rows' `previous`; none unless it was asked for.
    pub previous: Option<BTreeMap<Currency, i128>>,
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
    pub keys: Vec<(SpendKey, Option<String>)>,
    pub currency: Currency,
    /// Debits less credits of the measure, in ledger units.
    pub cost: i128,
    /// The same of the period before; none unless it was asked for.
    pub previous: Option<i128>,
    pub charges: i128,
    pub input_tokens: i128,
    pub output_tokens: i128,
    pub cache_read_tokens: i128,
}

/// The sums of one row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Figures {
    cost: i128,
    charges: i128,
    input_tokens: i128,
    output_tokens: i128,
    cache_read_tokens: i128,
}

/// First day of the period (none without an interval), ids of the keys, currency.
type RowKey = (Option<Day>, Vec<i64>, Currency);

type Fold = BTreeMap<RowKey, Figures>;

/// What both ways of reading begin with.
struct Ground<'a> {
    access: &'a Access<'a>,
    query: &'a SpendQuery,
    /// As it was asked, before the measure narrows it.
    asked: BlockFilter,
    measured: Measured,
    /// The range itself with its interval, then the ranges that it is compared with.
    ranges: Vec<(DayRange, Option<Interval>)>,
}

/// What a way of reading answers with.
struct Read {
    /// In the order of the ranges.
    folds: Vec<Fold>,
    unattributed: BTreeMap<Currency, i128>,
    unpriced_charges: i64,
    /// Texts of keys that are no ids of names or masters: their ids are positions in it, from 1.
    texts: Vec<String>,
}

/// Adds spend up. A limited token gets the blocks it sees, totals included.
///
/// # Errors
/// `RANGE_TOO_LARGE` above [`MOST_ROWS`] rows or [`MOST_CHARGES_READ`] charges, a filter's refusals, `MISSING_FIELD` for a tag without its key,
/// [`AppError::Forbidden`] (also for dimensions of charges without `READ_CHARGES`) or a database failure.
pub async fn spend(app: &App, actor: &Actor, mut query: SpendQuery) -> Result<SpendReport, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    query.check()?;
    if query.reads_charges() && !actor.may(Permission::ReadCharges) {
        return Err(AppError::Forbidden(Permission::ReadCharges));
    }
    let comparison = query.with_previous.then(|| previous::Comparison::of(query.range, query.interval));
    let extra = comparison.iter().flat_map(|comparison| &comparison.extra).map(|range| (*range, None));
    let ranges = std::iter::once((query.range, query.interval)).chain(extra).collect();
    let asked = query.filter.resolve(&access).await?;
    let measured = Measured::of(&access.masters, query.measure());
    let ground = Ground { access: &access, query: &query, asked, measured, ranges };
    let mut read = if query.reads_charges() { charges::read(app, &ground).await? } else { balances::read(&ground).await? };
    for fold in &mut read.folds {
        ground.finish(fold)?;
    }
    labels::report(&access, &query, read, comparison.as_ref()).await
}

impl Ground<'_> {
    /// Adds centers up at the level that was asked for, and drops keys of which nothing is left.
    fn finish(&self, fold: &mut Fold) -> Result<(), AppError> {
        if let Some(level) = self.query.level {
            let kinds: Vec<_> = self.query.group_by.iter().map(|key| key.block().and_then(kind_of)).collect();
            for ((day, mut keys, currency), figures) in std::mem::take(fold) {
                for (id, kind) in keys.iter_mut().zip(&kinds) {
                    if let Some(kind) = kind {
                        *id = at_level(self.access, *kind, *id, level);
                    }
                }
                fold.entry((day, keys, currency)).or_default().add(&figures);
            }
        }
        fold.retain(|(_, keys, _), figures| keys.is_empty() || *figures != Figures::default());
        if fold.len() > MOST_ROWS { Err(Rejection::of(Code::RangeTooLarge).into()) } else { Ok(()) }
    }
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.cost += other.cost;
        self.charges += other.charges;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cache_read_tokens += other.cache_read_tokens;
    }

    fn of_cost(cost: i128) -> Self {
        Self { cost, ..Self::default() }
    }
}
