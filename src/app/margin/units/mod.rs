//! Unit economics: what one unit of output costs, what it is worth, and what it takes: by feature, client, project, team and model.
//!
//! A unit takes the cost of the features that produced it. Which these are is asked of all outputs of the unit in the range, so that rows by any keys add
//! up to the row without keys. Outputs, cost, revenue and counts of a row follow the same filter. Outputs carry no model: by model, or of some models,
//! they are in the row of what has none.

mod charge_costs;
mod row;

use std::collections::{BTreeMap, BTreeSet};

pub use charge_costs::{ChargeCosts, charge_costs};
pub use row::{ModelUse, UnitRow};

use super::dimension::{Codes, check_level};
use super::gather::{Gathered, Gatherer, Key, Lines};
use crate::app::auth::{Actor, Permission};
use crate::app::outputs::Units;
use crate::app::reports::access::Access;
use crate::app::reports::as_of::AsOf;
use crate::app::reports::hierarchy::{at_level, kind_of};
use crate::app::reports::reading::in_reading;
use crate::app::reports::{DimensionFilter, MOST_ROWS};
use crate::app::{App, AppError};
use crate::domain::ids::EntryNumber;
use crate::domain::margin::{MarginFigures, MarginLine};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{CostPart, Interval, SpendDimension};
use crate::store::balance::{BlockFilter, OutputSum, Snapshot};

/// What rows of unit economics are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnitDimension {
    Feature,
    Client,
    Project,
    Team,
    Model,
}

impl UnitDimension {
    fn stored(self) -> SpendDimension {
        match self {
            Self::Feature => SpendDimension::Feature,
            Self::Client => SpendDimension::Client,
            Self::Project => SpendDimension::Project,
            Self::Team => SpendDimension::Team,
            Self::Model => SpendDimension::Model,
        }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct UnitQuery {
    pub days: DayRange,
    pub unit: String,
    /// A dimension named twice counts once.
    pub group_by: Vec<UnitDimension>,
    /// Without one, the range is a single period.
    pub interval: Option<Interval>,
    /// Every feature with outputs of the unit, when it names none.
    pub filter: DimensionFilter,
    /// Adds clients, projects and teams up at this level of their hierarchy; 1 is the topmost.
    pub level: Option<u32>,
}

impl UnitQuery {
    /// A unit by the features that produce it.
    pub fn of(days: DayRange, unit: String) -> Self {
        let (interval, filter, level) = (None, DimensionFilter::default(), None);
        Self { days, unit, group_by: vec![UnitDimension::Feature], interval, filter, level }
    }
}

/// First day of the period, ids of the keys.
type Place = (Option<Day>, Vec<i64>);

/// Outputs of one place.
#[derive(Default)]
struct Produced {
    units: i128,
    values: BTreeMap<Currency, i128>,
}

/// The economics of a unit, in the order of period, keys and currency. A limited token gets what it sees.
///
/// # Errors
/// `OUTPUT_UNIT_UNKNOWN`, `RANGE_TOO_LARGE`, a filter's refusals, [`AppError::Forbidden`] or a database failure.
pub async fn unit_economics(app: &App, actor: &Actor, query: &UnitQuery) -> Result<(EntryNumber, Vec<UnitRow>), AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    check_level(query.level)?;
    let unit = query.unit.clone();
    in_reading(app, &access.books, move |ledger, books, _| Ok(Units::load(ledger, books)?.check(&unit)?)).await?;
    let mut group_by = query.group_by.clone();
    let mut seen = BTreeSet::new();
    group_by.retain(|dimension| seen.insert(*dimension));
    let reading = Reading { access: &access, query, group_by, lines: Lines::of(&access.masters) };
    let found = reading.read().await?;
    let ids = found.by_model.keys().flat_map(|(_, keys, _)| keys.iter().copied());
    let ids = ids.chain(found.outputs.keys().flat_map(|(_, keys)| keys.iter().copied()));
    let codes = Codes::load(&access, ids).await?;
    let through_entry = found.through_entry;
    let mut rows = Rows { codes, group_by: &reading.group_by, interval: query.interval, produced: found.outputs, rows: BTreeMap::new() };
    for ((day, mut keys, currency), gathered) in found.by_model {
        let model = keys.pop().unwrap_or_default();
        rows.add((day, keys, currency), model, &gathered);
    }
    for ((day, keys, currency), clients) in found.clients {
        if let Some(row) = rows.rows.get_mut(&(day, keys, currency)) {
            row.active_clients = i128::try_from(clients.len()).unwrap_or(i128::MAX);
        }
    }
    rows.add_values();
    let rows = rows.finished();
    if rows.len() > MOST_ROWS {
        return Err(Rejection::of(Code::RangeTooLarge).into());
    }
    Ok((through_entry, rows))
}

/// What one snapshot showed.
struct Found {
    through_entry: EntryNumber,
    outputs: BTreeMap<Place, Produced>,
    /// The model is the last of the keys.
    by_model: BTreeMap<Key, Gathered>,
    /// Clients with revenue or cost in each row.
    clients: BTreeMap<Key, BTreeSet<i64>>,
}

struct Reading<'a> {
    access: &'a Access<'a>,
    query: &'a UnitQuery,
    group_by: Vec<UnitDimension>,
    lines: Lines,
}

impl Reading<'_> {
    async fn read(&self) -> Result<Found, AppError> {
        let resolved = self.query.filter.resolve(self.access).await?;
        let filter = BlockFilter { accounts: Some(self.lines.accounts(|line| line != MarginLine::OperatingExpense)), ..resolved };
        let figures = AsOf::begin(Snapshot::begin(self.access.store, self.access.books_id()).await?, None).await?;
        let snapshot = &figures.snapshot;
        let by: Vec<SpendDimension> = self.group_by.iter().map(|dimension| dimension.stored()).collect();
        let mut outputs: BTreeMap<Place, Produced> = BTreeMap::new();
        for sum in snapshot.outputs(self.query.days, &self.query.unit, &by, &filter).await? {
            self.produce(&mut outputs, &sum);
        }
        let features = self.features(snapshot, &filter).await?;
        let (days, interval) = (self.query.days, self.query.interval);
        let gatherer = Gatherer { snapshot, lines: &self.lines, days, interval, filter: &filter, rates: None };
        let with = |last| [&[SpendDimension::Feature][..], by.as_slice(), &[last][..]].concat();
        let mut by_model: BTreeMap<Key, Gathered> = BTreeMap::new();
        for (key, gathered) in gatherer.money(&with(SpendDimension::Model)).await? {
            if let Some(key) = self.within(&features, key) {
                by_model.entry(key).or_default().add(&gathered);
            }
        }
        self.set_right(snapshot, &filter, &with(SpendDimension::Model), (&features, &mut by_model)).await?;
        let mut clients: BTreeMap<Key, BTreeSet<i64>> = BTreeMap::new();
        for (key, gathered) in gatherer.money(&with(SpendDimension::Client)).await? {
            let Some((day, mut keys, currency)) = self.within(&features, key) else { continue };
            let client = keys.pop().unwrap_or_default();
            if client != 0 && (!gathered.figures.is_zero() || gathered.charges != 0) {
                clients.entry((day, keys, currency)).or_default().insert(client);
            }
        }
        let through_entry = figures.through;
        figures.snapshot.end().await?;
        Ok(Found { through_entry, outputs, by_model, clients })
    }

    /// Cost that a unit took is not lower because an agent's statement passed it on; and what a rule moved within an account of operating AI came by
    /// allocation.
    async fn set_right(
        &self,
        snapshot: &Snapshot,
        filter: &BlockFilter,
        by: &[SpendDimension],
        (features, rows): (&Option<BTreeSet<i64>>, &mut BTreeMap<Key, Gathered>),
    ) -> Result<(), AppError> {
        let by = [&[SpendDimension::Account][..], by].concat();
        for kind in CostPart::KINDS {
            let accounts = self.lines.accounts(|line| match CostPart::of_entry(kind) {
                Some(CostPart::Allocated) => line == MarginLine::OperatingAi,
                _ => !matches!(line, MarginLine::Revenue | MarginLine::OperatingExpense),
            });
            let filter = BlockFilter { accounts: Some(accounts), ..filter.clone() };
            for sum in snapshot.moved_sums(kind, (self.query.days, None), &by, &filter).await? {
                let Some((account, keys)) = sum.keys.split_first() else { continue };
                let Some((line, _)) = self.lines.of_key(Some(account)) else { continue };
                let day = self.query.interval.map(|interval| interval.first_day(sum.day));
                let Some(key) = self.within(features, (day, keys.to_vec(), sum.currency)) else { continue };
                let figures = &mut rows.entry(key).or_default().figures;
                match CostPart::of_entry(kind) {
                    Some(CostPart::Allocated) => figures.show_as_allocated(line, sum.net),
                    _ => figures.add(line, -sum.net),
                }
            }
        }
        Ok(())
    }

    fn produce(&self, outputs: &mut BTreeMap<Place, Produced>, sum: &OutputSum) {
        let period = self.query.interval.map(|interval| interval.first_day(sum.day));
        let produced = outputs.entry((period, self.keys(&sum.keys))).or_default();
        produced.units += sum.quantity;
        if let Some(currency) = sum.currency {
            *produced.values.entry(currency).or_default() += sum.value;
        }
    }

    /// Features that the cost of the unit is of: those that were asked for, or all that have outputs of it; `None` for any.
    async fn features(&self, snapshot: &Snapshot, filter: &BlockFilter) -> Result<Option<BTreeSet<i64>>, AppError> {
        if filter.dimensions.iter().any(|(dimension, _)| *dimension == SpendDimension::Feature) {
            return Ok(None);
        }
        // The outputs of everyone whom the reader sees, not only of those that are asked for: their rows add up to the same whole.
        let everyone = BlockFilter { visible: filter.visible.clone(), ..BlockFilter::default() };
        let all = snapshot.outputs(self.query.days, &self.query.unit, &[SpendDimension::Feature], &everyone).await?;
        Ok(Some(all.into_iter().filter_map(|sum| sum.keys.first().copied()).collect()))
    }

    /// A key without its feature in front, if the feature is one of the unit's. The last of the keys is no key of rows.
    fn within(&self, features: &Option<BTreeSet<i64>>, (day, keys, currency): Key) -> Option<Key> {
        let (feature, rest) = keys.split_first()?;
        if features.as_ref().is_some_and(|features| !features.contains(feature)) {
            return None;
        }
        let (last, of_row) = rest.split_last()?;
        let mut keys = self.keys(of_row);
        keys.push(*last);
        Some((day, keys, currency))
    }

    /// The keys of a row: centers at the level asked for.
    fn keys(&self, stored: &[i64]) -> Vec<i64> {
        let id = |(dimension, id): (&UnitDimension, &i64)| {
            kind_of(dimension.stored()).zip(self.query.level).map_or(*id, |(kind, level)| at_level(self.access, kind, *id, level))
        };
        self.group_by.iter().zip(stored).map(id).collect()
    }
}

struct Rows<'a> {
    codes: Codes,
    group_by: &'a [UnitDimension],
    interval: Option<Interval>,
    produced: BTreeMap<Place, Produced>,
    rows: BTreeMap<Key, UnitRow>,
}

impl Rows<'_> {
    fn row(&mut self, (day, keys, currency): Key) -> &mut UnitRow {
        let place = (day, keys);
        let units = self.produced.get(&place).map_or(0, |produced| produced.units);
        let (group_by, codes, interval) = (self.group_by, &self.codes, self.interval);
        let (day, keys) = place;
        self.rows.entry((day, keys.clone(), currency)).or_insert_with(|| UnitRow {
            period: interval.zip(day).map(|(interval, day)| interval.period_of(day)),
            keys: group_by.iter().zip(keys).map(|(dimension, id)| (*dimension, codes.code(id))).collect(),
            currency,
            units,
            value: None,
            figures: MarginFigures::default(),
            charges: 0,
            input_tokens: 0,
            output_tokens: 0,
            active_clients: 0,
            models: Vec::new(),
            cost_per_unit_before: None,
        })
    }

    fn add(&mut self, key: Key, model: i64, gathered: &Gathered) {
        let model = self.codes.code(model);
        let row = self.row(key);
        row.figures = row.figures.plus(&gathered.figures);
        row.charges += gathered.charges;
        row.input_tokens += gathered.input_tokens;
        row.output_tokens += gathered.output_tokens;
        let ai_cost = gathered.figures.direct_ai + gathered.figures.operating_ai;
        if ai_cost != 0 || gathered.charges != 0 {
            let Gathered { charges, input_tokens, output_tokens, .. } = *gathered;
            row.models.push(ModelUse { model, ai_cost, charges, input_tokens, output_tokens });
        }
    }

    /// Puts values beside the cost of their currency; a value without a cost in its currency has a row of its own.
    fn add_values(&mut self) {
        let values = self.produced.iter().flat_map(|((day, keys), produced)| {
            produced.values.iter().map(move |(currency, value)| ((*day, keys.clone(), *currency), *value))
        });
        for (key, value) in values.collect::<Vec<_>>() {
            self.row(key).value = Some(value);
        }
        // Units that cost nothing and are worth nothing were produced all the same.
        let with_row: BTreeSet<Place> = self.rows.keys().map(|(day, keys, _)| (*day, keys.clone())).collect();
        let bare: Vec<Place> = self.produced.keys().filter(|place| !with_row.contains(*place)).cloned().collect();
        for (day, keys) in bare {
            self.row((day, keys, Currency::USD));
        }
    }

    fn finished(self) -> Vec<UnitRow> {
        let mut before: BTreeMap<(Vec<i64>, Currency), Exact> = BTreeMap::new();
        let mut rows: Vec<(Option<Day>, UnitRow)> = Vec::with_capacity(self.rows.len());
        for ((day, keys, currency), mut row) in self.rows {
            row.models.sort_by(|a, b| a.model.cmp(&b.model));
            row.cost_per_unit_before = before.get(&(keys.clone(), currency)).copied();
            if let Some(cost) = row.per_unit(row.full_cost()) {
                before.insert((keys, currency), cost);
            }
            rows.push((day, row));
        }
        rows.sort_by(|(a_day, a), (b_day, b)| (a_day, &a.keys, a.currency.code()).cmp(&(b_day, &b.keys, b.currency.code())));
        rows.into_iter().map(|(_, row)| row).collect()
    }
}
