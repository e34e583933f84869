//! Flux: cost of two ranges of days beside each other, with the difference split into volume, mix and price.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::access::Access;
use super::as_of::{AsOf, Control, controls, nets};
use super::filter::name_kind;
use super::hierarchy::{at_level, kind_of};
use super::later_tokens::LaterTokens;
use super::measured::Measured;
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::ids::{AccountId, EntryNumber, NameId};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::DayRange;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{FluxParts, FluxSide, Grain, SpendDimension, SpendMeasure, flux as split};
use crate::store::balance::{BlockFilter, Slice, Snapshot};
use crate::store::journal::names;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct FluxQuery {
    pub before: DayRange,
    pub now: DayRange,
    pub by: SpendDimension,
    pub measure: SpendMeasure,
    /// Adds cost centers up at this level of their hierarchy; 1 is the topmost.
    pub level: Option<u32>,
    /// A difference of at least this much of its currency is marked.
    pub threshold: Option<Exact>,
    pub as_of_entry: Option<EntryNumber>,
}

/// One key in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FluxRow {
    /// `None` for cost without the dimension.
    pub code: Option<String>,
    pub currency: Currency,
    pub before: FluxSide,
    pub now: FluxSide,
    pub parts: FluxParts,
    pub is_above_threshold: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flux {
    pub before: DayRange,
    pub now: DayRange,
    pub by: SpendDimension,
    pub measure: SpendMeasure,
    pub through_entry: EntryNumber,
    /// In the order of code and currency.
    pub rows: Vec<FluxRow>,
    /// The difference of all rows, beside the difference of the movements of the measure's accounts in the trial balance.
    pub controls: Vec<Control>,
}

type Sides = BTreeMap<(i64, Currency), FluxSide>;

/// Compares the cost of two ranges by one dimension, as of an entry. A limited token gets the cost it sees.
///
/// # Errors
/// `AS_OF_ENTRY_UNKNOWN`, `RANGE_TOO_LARGE`, [`AppError::Forbidden`] or a database failure.
pub async fn flux(app: &App, actor: &Actor, query: FluxQuery) -> Result<Flux, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    if query.level == Some(0) {
        return Err(Rejection::at(Code::RangeInvalid, "level", "a level is from 1, the topmost").into());
    }
    let measured = Measured::of(&access.masters, query.measure);
    let everything = BlockFilter { visible: access.visible.clone(), ..BlockFilter::default() };
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, query.as_of_entry).await?;
    let [before, now] = sides(&figures, &access, &query, (&measured, &everything)).await?;
    let mut movement: BTreeMap<Currency, i128> = BTreeMap::new();
    for (days, sign) in [(query.now, 1), (query.before, -1)] {
        let mut sums = figures.sums(days, &[SpendDimension::Account], false, &everything).await?;
        sums.retain(|(_, keys, _), _| keys.first().is_some_and(|id| measured.accounts.iter().any(|account| i64::from(account.0) == *id)));
        for (currency, units) in nets(&sums) {
            *movement.entry(currency).or_default() += sign * units;
        }
        for (sum, net) in measured.moved(&figures.snapshot, (days, Some(figures.through)), &[], &everything).await? {
            *movement.entry(sum.currency).or_default() += sign * net;
        }
    }
    let through_entry = figures.through;
    figures.snapshot.end().await?;
    let keys: BTreeSet<(i64, Currency)> = before.keys().chain(now.keys()).copied().collect();
    let codes = codes(&access, query.by, keys.iter().map(|(id, _)| *id)).await?;
    let (mut rows, mut report) = (Vec::with_capacity(keys.len()), BTreeMap::new());
    for key in keys {
        let side = |sides: &Sides| sides.get(&key).copied().unwrap_or_default();
        let tokens = |sides: &Sides| sides.iter().filter(|((_, currency), _)| *currency == key.1).map(|(_, side)| side.tokens.max(0)).sum();
        let parts = split(side(&before), side(&now), (tokens(&before), tokens(&now)));
        *report.entry(key.1).or_default() += parts.difference();
        let threshold = query.threshold.and_then(|threshold| threshold.round_half_even(key.1.ledger_scale()));
        rows.push(FluxRow {
            code: codes.get(&key.0).cloned(),
            currency: key.1,
            before: side(&before),
            now: side(&now),
            parts,
            is_above_threshold: threshold.is_some_and(|threshold| parts.difference().abs() >= i128::from(threshold)),
        });
    }
    rows.sort_by(|a, b| (&a.code, a.currency.code()).cmp(&(&b.code, b.currency.code())));
    Ok(Flux {
        before: query.before,
        now: query.now,
        by: query.by,
        measure: query.measure,
        through_entry,
        rows,
        controls: controls(&report, &movement),
    })
}

/// Cost and tokens of both ranges as of the entry: what the balances hold now, less what came later.
async fn sides(
    figures: &AsOf,
    access: &Access<'_>,
    query: &FluxQuery,
    (measured, everything): (&Measured, &BlockFilter),
) -> Result<[Sides; 2], AppError> {
    let by = query.by;
    let filter = &measured.narrowed(everything);
    let later = LaterTokens::read(figures, access.masters.zone(), [query.before, query.now]).await?;
    let mut both = [Sides::new(), Sides::new()];
    for ((sides, days), tokens) in both.iter_mut().zip([query.before, query.now]).zip(later.tokens) {
        *sides = sides_of_now(&figures.snapshot, days, by, filter).await?;
        for sum in figures.posted_later(days, &[by], false, filter).await? {
            let side = sides.entry((sum.keys.first().copied().unwrap_or_default(), sum.currency)).or_default();
            side.cost -= sum.totals.debit - sum.totals.credit;
        }
        let keys = figures.snapshot.block_keys(tokens.keys().map(|key| key.0), by, filter).await?;
        let keys: HashMap<_, _> = keys.into_iter().collect();
        for ((block, currency), tokens) in tokens {
            if let Some(key) = keys.get(&block) {
                sides.entry((*key, currency)).or_default().tokens -= tokens;
            }
        }
        for (sum, net) in measured.moved(&figures.snapshot, (days, Some(figures.through)), &[by], everything).await? {
            sides.entry((sum.keys.first().copied().unwrap_or_default(), sum.currency)).or_default().cost += net;
        }
        if let (Some(level), Some(kind)) = (query.level, kind_of(by)) {
            for ((id, currency), side) in std::mem::take(sides) {
                let above = sides.entry((at_level(access, kind, id, level), currency)).or_default();
                above.cost += side.cost;
                above.tokens += side.tokens;
            }
        }
        // What came later may have a row of its own, in which nothing is left.
        sides.retain(|_, side| *side != FluxSide::default());
    }
    Ok(both)
}

async fn sides_of_now(snapshot: &Snapshot, days: DayRange, by: SpendDimension, filter: &BlockFilter) -> Result<Sides, AppError> {
    let (months, rest) = days.in_months_and_days();
    let slice = |grain, from: i32, to: i32| Slice { grain, from: i64::from(from), to: i64::from(to), bucket: None };
    let months = months.map(|(first, end)| slice(Grain::BlockMonth, first.0, end.0));
    let rest = rest.into_iter().map(|range| slice(Grain::BlockDay, range.from().0, range.to().0));
    let mut sides = Sides::new();
    for slice in months.into_iter().chain(rest) {
        let sums = snapshot.block_sums(slice, &[by], filter, super::MOST_ROWS + 1).await?;
        if sums.len() > super::MOST_ROWS {
            return Err(Rejection::of(Code::RangeTooLarge).into());
        }
        for sum in sums {
            let side = sides.entry((sum.keys.first().copied().unwrap_or_default(), sum.currency)).or_default();
            side.cost += sum.totals.debit - sum.totals.credit;
            side.tokens += sum.totals.input_tokens + sum.totals.output_tokens;
        }
    }
    Ok(sides)
}

/// Codes of the keys that have one.
async fn codes(access: &Access<'_>, by: SpendDimension, ids: impl Iterator<Item = i64>) -> Result<HashMap<i64, String>, AppError> {
    let ids: BTreeSet<i32> = ids.filter_map(|id| i32::try_from(id).ok()).filter(|id| *id != 0).collect();
    if name_kind(by).is_some() {
        let names =
            if ids.is_empty() { HashMap::new() } else { names(access.store, access.books_id(), ids.into_iter().map(NameId)).await? };
        return Ok(names.into_iter().map(|(id, name)| (i64::from(id.0), name)).collect());
    }
    let code = |id: i32| {
        if by == SpendDimension::Account {
            access.masters.account_by_id(AccountId(id)).map(|account| account.code.clone())
        } else {
            access.masters.center_by_id(NameId(id)).map(|center| center.code.clone())
        }
    };
    Ok(ids.into_iter().filter_map(|id| Some((i64::from(id), code(id)?))).collect())
}
