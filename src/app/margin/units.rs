//! Unit economics: what one unit of output of a feature costs, what it is worth, and what it takes.

use std::collections::{BTreeMap, BTreeSet};

use super::dimension::Codes;
use super::gather::{Gathered, Gatherer, Lines};
use crate::app::auth::{Actor, Permission};
use crate::app::outputs::Units;
use crate::app::reports::access::Access;
use crate::app::reports::as_of::AsOf;
use crate::app::reports::reading::in_reading;
use crate::app::reports::{DimensionFilter, MOST_ROWS};
use crate::app::{App, AppError};
use crate::domain::ids::EntryNumber;
use crate::domain::margin::{MarginFigures, MarginLine, ratio, ratio_of_units};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Interval, SpendDimension};
use crate::store::balance::{BlockFilter, Snapshot};
use crate::store::charge::recorded_costs;

/// Decimals of counts for each unit, and of the efficiency ratio.
const RATIO_DECIMALS: u32 = 4;
/// Charges whose costs are put in order at once: 160 MB of amounts.
const MOST_CHARGES: usize = 20_000_000;

/// What is asked.
#[derive(Debug, Clone)]
pub struct UnitQuery {
    pub days: DayRange,
    /// Every feature with outputs of the unit, when absent.
    pub feature: Option<String>,
    pub unit: String,
    /// Without one, the range is a single period.
    pub interval: Option<Interval>,
}

/// One feature in one period and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    pub period: Option<String>,
    pub feature: Option<String>,
    pub currency: Currency,
    /// In millionths, of all outputs whatever the currency of their value.
    pub units: i128,
    /// In ledger units, of the outputs whose value is in the currency; none when none has one.
    pub value: Option<i128>,
    pub figures: MarginFigures,
    pub charges: i128,
    pub input_tokens: i128,
    pub output_tokens: i128,
    /// Clients with revenue or cost of the feature in the period.
    pub active_clients: i128,
    /// By the code of the model; `None` for cost without one.
    pub models: Vec<ModelUse>,
    /// The cost of a unit in the period before, of the rows of the same feature and currency.
    pub cost_per_unit_before: Option<Exact>,
}

/// One model's part of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUse {
    pub model: Option<String>,
    pub ai_cost: i128,
    pub charges: i128,
    pub input_tokens: i128,
    pub output_tokens: i128,
}

impl UnitRow {
    /// AI of cost of revenue and of operating expense: a unit takes both.
    pub fn ai_cost(&self) -> i128 {
        self.figures.direct_ai + self.figures.operating_ai
    }

    /// AI, labor, other direct and allocated cost.
    pub fn full_cost(&self) -> i128 {
        self.ai_cost() + self.figures.applied_labor + self.figures.other_cost + self.figures.allocated
    }

    /// Units of money for each unit of output, to the ledger scale; none without units.
    pub fn per_unit(&self, units_of_money: i128) -> Option<Exact> {
        ratio_of_units(units_of_money, self.currency, self.units)
    }

    /// Value for each unit of cost; none without a value or a cost.
    pub fn efficiency_ratio(&self) -> Option<Exact> {
        ratio(self.value?, self.full_cost(), RATIO_DECIMALS)
    }

    /// A count for each unit of output.
    pub fn count_per_unit(&self, count: i128) -> Option<Exact> {
        ratio(count.checked_mul(1_000_000)?, self.units, RATIO_DECIMALS)
    }

    /// The price of a unit at which a margin of so many percent is left: full cost / units / (1 - percent / 100). None without units.
    ///
    /// # Errors
    /// `MARGIN_TARGET_INVALID` at 100 percent and above, which no price leaves.
    pub fn price_for_margin(&self, percent: Exact) -> Result<Option<Exact>, Rejection> {
        let rest = Exact::new(100, 0).checked_sub(percent).filter(|rest| rest.mantissa() > 0).ok_or_else(|| Rejection {
            code: Code::MarginTargetInvalid,
            path: Vec::new(),
            message: format!("no price leaves a margin of {percent} percent: ask for less than 100"),
        })?;
        // full / (units / 10^6) / (rest / 100), in one division.
        let price = || {
            let denominator = self.units.checked_mul(rest.mantissa())?;
            let numerator = self.full_cost().checked_mul(100)?.checked_mul(10_i128.checked_pow(rest.scale())?)?;
            ratio_of_units(numerator, self.currency, denominator)
        };
        Ok(price())
    }

    /// Revenue less AI, labor and other direct cost.
    pub fn contribution(&self) -> i128 {
        self.figures.contribution_margin() - self.figures.operating_ai
    }
}

type RowKey = (Option<Day>, i64, Currency);

/// Outputs of one period and feature.
#[derive(Default)]
struct Produced {
    units: i128,
    values: BTreeMap<Currency, i128>,
}

/// The economics of a unit, in the order of period, feature and currency. A limited token gets what it sees.
///
/// # Errors
/// `OUTPUT_UNIT_UNKNOWN`, `RANGE_TOO_LARGE`, [`AppError::Forbidden`] or a database failure.
pub async fn unit_economics(app: &App, actor: &Actor, query: &UnitQuery) -> Result<(EntryNumber, Vec<UnitRow>), AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let unit = query.unit.clone();
    in_reading(app, &access.books, move |ledger, books, _| Ok(Units::load(ledger, books)?.check(&unit)?)).await?;
    let lines = Lines::of(&access.masters);
    let resolved = of_feature(query.feature.as_deref()).resolve(&access).await?;
    let filter = BlockFilter { accounts: Some(lines.accounts(|line| line != MarginLine::OperatingExpense)), ..resolved };
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, None).await?;
    let (days, interval) = (query.days, query.interval);
    let gatherer = Gatherer { snapshot: &figures.snapshot, lines: &lines, days, interval, filter: &filter, rates: None };
    let mut produced: BTreeMap<(Option<Day>, i64), Produced> = BTreeMap::new();
    for sum in figures.snapshot.outputs(query.days, &query.unit, &filter).await? {
        let period = query.interval.map(|interval| interval.first_day(sum.day));
        let row = produced.entry((period, i64::from(sum.feature.0))).or_default();
        row.units += sum.quantity;
        if let Some(currency) = sum.currency {
            *row.values.entry(currency).or_default() += sum.value;
        }
    }
    let features: BTreeSet<i64> = produced.keys().map(|(_, feature)| *feature).collect();
    let is_of = |feature: i64| query.feature.is_some() || features.contains(&feature);
    let by = |dimension| [SpendDimension::Feature, dimension];
    let by_model = gatherer.money(&by(SpendDimension::Model)).await?;
    let by_client = gatherer.money(&by(SpendDimension::Client)).await?;
    let through_entry = figures.through;
    figures.snapshot.end().await?;
    let codes = Codes::load(&access, features.iter().copied().chain(by_model.keys().flat_map(|(_, keys, _)| keys.iter().copied()))).await?;
    let mut rows = Rows { codes, interval: query.interval, produced, rows: BTreeMap::new() };
    for ((day, keys, currency), gathered) in by_model.into_iter().filter(|((_, keys, _), _)| keys.first().is_some_and(|id| is_of(*id))) {
        rows.add(day, &keys, currency, &gathered);
    }
    for ((day, keys, currency), gathered) in by_client {
        let client = keys.get(1).copied().unwrap_or_default();
        if let Some(row) = rows.rows.get_mut(&(day, keys.first().copied().unwrap_or_default(), currency)) {
            row.active_clients += i128::from(client != 0 && (!gathered.figures.is_zero() || gathered.charges != 0));
        }
    }
    rows.add_values();
    let rows = rows.finished();
    if rows.len() > MOST_ROWS {
        return Err(Rejection::of(Code::RangeTooLarge).into());
    }
    Ok((through_entry, rows))
}

fn of_feature(feature: Option<&str>) -> DimensionFilter {
    DimensionFilter(feature.map(|code| (SpendDimension::Feature, vec![Some(code.to_owned())])).into_iter().collect())
}

struct Rows {
    codes: Codes,
    interval: Option<Interval>,
    produced: BTreeMap<(Option<Day>, i64), Produced>,
    rows: BTreeMap<RowKey, UnitRow>,
}

impl Rows {
    fn row(&mut self, (day, feature, currency): RowKey) -> &mut UnitRow {
        let units = self.produced.get(&(day, feature)).map_or(0, |produced| produced.units);
        self.rows.entry((day, feature, currency)).or_insert_with(|| UnitRow {
            period: self.interval.zip(day).map(|(interval, day)| interval.period_of(day)),
            feature: self.codes.code(feature),
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

    fn add(&mut self, day: Option<Day>, keys: &[i64], currency: Currency, gathered: &Gathered) {
        let key = |position: usize| keys.get(position).copied().unwrap_or_default();
        let model = self.codes.code(key(1));
        let row = self.row((day, key(0), currency));
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
        let values: Vec<_> = self
            .produced
            .iter()
            .flat_map(|((day, feature), produced)| produced.values.iter().map(|(currency, value)| ((*day, *feature, *currency), *value)))
            .collect();
        for (key, value) in values {
            self.row(key).value = Some(value);
        }
        // Units that cost nothing and are worth nothing were produced all the same.
        let bare: Vec<_> = self.produced.keys().filter(|(day, feature)| self.currencies(*day, *feature) == 0).copied().collect();
        for (day, feature) in bare {
            self.row((day, feature, Currency::USD));
        }
    }

    fn currencies(&self, day: Option<Day>, feature: i64) -> usize {
        self.rows.keys().filter(|(of_day, of_feature, _)| (*of_day, *of_feature) == (day, feature)).count()
    }

    fn finished(self) -> Vec<UnitRow> {
        let mut before: BTreeMap<(i64, Currency), Exact> = BTreeMap::new();
        let mut rows: Vec<(Option<Day>, UnitRow)> = Vec::with_capacity(self.rows.len());
        for ((day, feature, currency), mut row) in self.rows {
            row.models.sort_by(|a, b| a.model.cmp(&b.model));
            row.cost_per_unit_before = before.get(&(feature, currency)).copied();
            if let Some(cost) = row.per_unit(row.full_cost()) {
                before.insert((feature, currency), cost);
            }
            rows.push((day, row));
        }
        rows.sort_by(|(a_day, a), (b_day, b)| (a_day, &a.feature, a.currency.code()).cmp(&(b_day, &b.feature, b.currency.code())));
        rows.into_iter().map(|(_, row)| row).collect()
    }
}

/// The costs of single charges of one currency: the smallest cost that so many percent of the charges do not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeCosts {
    pub currency: Currency,
    pub charges: usize,
    pub p50: i64,
    pub p90: i64,
    pub p95: i64,
    pub p99: i64,
    pub max: i64,
}

impl ChargeCosts {
    fn of(currency: Currency, mut costs: Vec<i64>) -> Option<Self> {
        costs.sort_unstable();
        // Nearest rank: the ceiling of percent times count.
        let at = |percent: usize| costs.get((costs.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Self { currency, charges: costs.len(), p50: at(50)?, p90: at(90)?, p95: at(95)?, p99: at(99)?, max: at(100)? })
    }
}

/// Percentiles of the present cost of the recorded charges of a range, by currency, the one with most charges first. Reads every charge.
///
/// # Errors
/// `RANGE_TOO_LARGE` above 20 million charges, [`AppError::Forbidden`] or a database failure.
pub async fn charge_costs(app: &App, actor: &Actor, days: DayRange, feature: Option<String>) -> Result<Vec<ChargeCosts>, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    let filter = of_feature(feature.as_deref()).resolve(&access).await?;
    in_reading(app, &access.books, move |ledger, books, masters| {
        let zone = masters.zone();
        let moments = (zone.start_of(days.from()), zone.start_of(days.to()));
        let mut costs: BTreeMap<Currency, Vec<i64>> = BTreeMap::new();
        let mut count = 0_usize;
        recorded_costs(ledger, books, moments, &filter, |currency, units| {
            count += 1;
            if count <= MOST_CHARGES {
                costs.entry(currency).or_default().push(units);
            }
        })?;
        if count > MOST_CHARGES {
            return Err(Rejection::of(Code::RangeTooLarge).into());
        }
        let mut all: Vec<_> = costs.into_iter().filter_map(|(currency, costs)| ChargeCosts::of(currency, costs)).collect();
        all.sort_by_key(|costs| (std::cmp::Reverse(costs.charges), costs.currency.code()));
        Ok(all)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_cost_that_was_charged() {
        let costs = ChargeCosts::of(Currency::USD, (1..=200).rev().collect()).unwrap();
        assert_eq!((costs.p50, costs.p90, costs.p95, costs.p99, costs.max), (100, 180, 190, 198, 200));
        let one = ChargeCosts::of(Currency::USD, vec![7]).unwrap();
        assert_eq!((one.p50, one.p99, one.max), (7, 7, 7));
        assert_eq!(ChargeCosts::of(Currency::USD, Vec::new()), None);
    }
}
