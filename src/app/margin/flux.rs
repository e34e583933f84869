//! Margins of two ranges of days beside each other, and why they differ.

use std::collections::{BTreeMap, BTreeSet};

use super::dimension::{Codes, Keys, MarginDimension, check_level};
use super::gather::{Gathered, Gatherer, Lines, Worked};
use crate::app::auth::{Actor, Permission};
use crate::app::reports::DimensionFilter;
use crate::app::reports::access::Access;
use crate::app::reports::as_of::AsOf;
use crate::app::{App, AppError};
use crate::domain::ids::EntryNumber;
use crate::domain::labor::LeastPersons;
use crate::domain::margin::{MarginFigures, MarginFluxParts, MarginLine, MarginSide, ModelSide, margin_flux as split};
use crate::domain::money::Currency;
use crate::domain::period::DayRange;
use crate::domain::report::{FluxSide, SpendDimension};
use crate::store::balance::{BlockFilter, Snapshot};

/// What is asked.
#[derive(Debug, Clone)]
pub struct MarginFluxQuery {
    pub before: DayRange,
    pub now: DayRange,
    pub group_by: Vec<MarginDimension>,
    pub filter: DimensionFilter,
    /// Adds clients, projects and teams up at this level of their hierarchy; 1 is the topmost.
    pub level: Option<u32>,
}

/// One combination of keys in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarginFluxRow {
    pub keys: Vec<(MarginDimension, Option<String>)>,
    pub currency: Currency,
    pub before: MarginFigures,
    pub now: MarginFigures,
    pub parts: MarginFluxParts,
    /// Whether labor may be shown in its parts to the reader: of too few persons, hours would tell their rates.
    pub shows_labor_parts: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarginFlux {
    pub before: DayRange,
    pub now: DayRange,
    pub through_entry: EntryNumber,
    /// Parts of labor of fewer persons are not shown to everyone.
    pub least_persons: LeastPersons,
    /// In the order of keys and currency.
    pub rows: Vec<MarginFluxRow>,
}

type RowKey = (Vec<i64>, Currency);

/// One range: figures by key, hours by key, and AI cost with its tokens by key and model.
struct Side {
    figures: BTreeMap<RowKey, Gathered>,
    hours: BTreeMap<Vec<i64>, Worked>,
    models: BTreeMap<(RowKey, i64), FluxSide>,
}

/// Compares two ranges. A limited token gets the blocks it sees.
///
/// # Errors
/// As the margin statement.
pub async fn margin_flux(app: &App, actor: &Actor, mut query: MarginFluxQuery) -> Result<MarginFlux, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    check_level(query.level)?;
    let mut seen = BTreeSet::new();
    query.group_by.retain(|dimension| seen.insert(*dimension));
    let (sees_persons, least_persons) = (actor.may(Permission::ReadLaborRates), access.masters.least_persons);
    let lines = Lines::of(&access.masters);
    let filter = query.filter.resolve(&access).await?;
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, None).await?;
    let row_keys = Keys { access: &access, by: &query.group_by, level: query.level };
    let read = Read { row_keys, snapshot: &figures.snapshot, lines: &lines, filter: &filter };
    let (before, now) = (read.side(query.before, !sees_persons).await?, read.side(query.now, !sees_persons).await?);
    let through_entry = figures.through;
    figures.snapshot.end().await?;
    let keys: BTreeSet<&RowKey> = before.figures.keys().chain(now.figures.keys()).collect();
    let codes = Codes::load(&access, keys.iter().flat_map(|(ids, _)| ids.iter().copied())).await?;
    let mut rows = Vec::with_capacity(keys.len());
    for key in keys {
        let worked = |side: &Side| side.hours.get(&key.0).copied().unwrap_or_default();
        let of = |side: &Side| MarginSide {
            figures: side.figures.get(key).map(|gathered| gathered.figures).unwrap_or_default(),
            hours: worked(side).hours,
        };
        let (then, today) = (of(&before), of(&now));
        let parts = split(&then, &today, &models_of(key, &before, &now));
        rows.push(MarginFluxRow {
            keys: query.group_by.iter().zip(&key.0).map(|(dimension, id)| (*dimension, codes.code(*id))).collect(),
            currency: key.1,
            before: then.figures,
            now: today.figures,
            parts,
            shows_labor_parts: [&before, &now].into_iter().all(|side| worked(side).is_shown(sees_persons, least_persons)),
        });
    }
    rows.sort_by(|a, b| (&a.keys, a.currency.code()).cmp(&(&b.keys, b.currency.code())));
    Ok(MarginFlux { before: query.before, now: query.now, through_entry, least_persons, rows })
}

fn models_of(key: &RowKey, before: &Side, now: &Side) -> Vec<ModelSide> {
    let range = (key.clone(), i64::MIN)..=(key.clone(), i64::MAX);
    let models: BTreeSet<i64> =
        [before, now].iter().flat_map(|side| side.models.range(range.clone()).map(|((_, model), _)| *model)).collect();
    let of = |side: &Side, model| side.models.get(&(key.clone(), model)).copied().unwrap_or_default();
    models.into_iter().map(|model| (of(before, model), of(now, model))).collect()
}

struct Read<'a> {
    row_keys: Keys<'a>,
    snapshot: &'a Snapshot,
    lines: &'a Lines,
    filter: &'a BlockFilter,
}

impl Read<'_> {
    async fn side(&self, days: DayRange, with_persons: bool) -> Result<Side, AppError> {
        let filtered = |wanted: fn(MarginLine) -> bool| BlockFilter { accounts: Some(self.lines.accounts(wanted)), ..self.filter.clone() };
        let (all, ai) = (filtered(|_| true), filtered(|line| line == MarginLine::DirectAi));
        let gatherer = Gatherer { snapshot: self.snapshot, lines: self.lines, days, interval: None, filter: &all, rates: None };
        let mut by = self.row_keys.stored();
        let mut side = Side { figures: BTreeMap::new(), hours: BTreeMap::new(), models: BTreeMap::new() };
        for ((_, keys, currency), gathered) in gatherer.money(&by).await? {
            side.figures.entry((self.row_keys.of(&keys), currency)).or_default().add(&gathered);
        }
        for ((_, keys), worked) in gatherer.hours(&by, with_persons).await? {
            side.hours.entry(self.row_keys.of(&keys)).or_default().add(worked);
        }
        by.push(SpendDimension::Model);
        for ((_, mut keys, currency), gathered) in (Gatherer { filter: &ai, ..gatherer }).money(&by).await? {
            let model = keys.pop().unwrap_or_default();
            let row = side.models.entry(((self.row_keys.of(&keys), currency), model)).or_default();
            row.cost += gathered.figures.direct_ai;
            row.tokens += gathered.input_tokens + gathered.output_tokens;
        }
        Ok(side)
    }
}
