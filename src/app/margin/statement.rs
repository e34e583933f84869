//! The margin statement: revenue, cost and margins by client, project, team, service or feature, and its tie to the trial balance.

use std::collections::{BTreeMap, BTreeSet};

use super::dimension::{Codes, Keys, MarginDimension, check_level};
use super::gather::{Gathered, Gatherer, Lines, Worked};
use crate::app::auth::{Actor, Permission};
use crate::app::exchange::Rates;
use crate::app::reports::access::Access;
use crate::app::reports::as_of::{AsOf, controls};
use crate::app::reports::reading::in_reading;
use crate::app::reports::{Control, DimensionFilter, MOST_ROWS};
use crate::app::{App, AppError};
use crate::domain::chart::AccountClass;
use crate::domain::ids::EntryNumber;
use crate::domain::labor::{Hours, LeastPersons};
use crate::domain::margin::{MarginFigures, percent, ratio_of_units};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::{Day, DayRange};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Interval, SpendDimension};
use crate::store::balance::{BlockFilter, Snapshot};

/// What is asked.
#[derive(Debug, Clone)]
pub struct MarginQuery {
    pub days: DayRange,
    /// A dimension named twice counts once.
    pub group_by: Vec<MarginDimension>,
    /// Without one, the range is a single period.
    pub interval: Option<Interval>,
    pub filter: DimensionFilter,
    /// Adds clients, projects and teams up at this level of their hierarchy; 1 is the topmost.
    pub level: Option<u32>,
    /// Every amount in the reporting currency, at the rate of its day.
    pub in_reporting_currency: bool,
}

/// One period and combination of keys in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarginRow {
    /// The name of the period; `None` without an interval.
    pub period: Option<String>,
    /// In the order asked for; `None` for what is without that dimension.
    pub keys: Vec<(MarginDimension, Option<String>)>,
    pub currency: Currency,
    pub figures: MarginFigures,
    /// None when too few persons stand behind them for the reader. Hours have no currency: rows of one key in two currencies both show them.
    pub hours: Option<Hours>,
}

impl MarginRow {
    /// AI and labor for each hour worked, to the ledger scale; none where hours are none, or not to be seen.
    pub fn effective_cost_per_hour(&self) -> Option<Exact> {
        let hours = i128::from(self.hours?.millionths());
        ratio_of_units(self.figures.direct_ai + self.figures.applied_labor, self.currency, hours)
    }

    /// The part of AI in all cost of revenue, in percent.
    pub fn ai_share(&self) -> Option<Exact> {
        percent(self.figures.direct_ai, self.figures.cost_of_revenue())
    }
}

/// One class of accounts: the rows' net of debits less credits beside the movement of the same days in the trial balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarginControl {
    pub class: AccountClass,
    pub control: Control,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarginReport {
    pub days: DayRange,
    pub through_entry: EntryNumber,
    /// Hours of fewer persons are not shown to everyone.
    pub least_persons: LeastPersons,
    /// In the order of period, keys and currency.
    pub rows: Vec<MarginRow>,
    /// One row a currency, without keys and period.
    pub totals: Vec<MarginRow>,
    pub controls: Vec<MarginControl>,
}

/// What the statement adds up, before codes stand in the place of ids.
pub(super) struct Statement {
    pub through_entry: EntryNumber,
    pub money: BTreeMap<(Option<Day>, Vec<i64>, Currency), Gathered>,
    pub hours: BTreeMap<(Option<Day>, Vec<i64>), Worked>,
    pub all_hours: Worked,
    pub controls: Vec<MarginControl>,
}

/// The rates for a statement in the reporting currency.
pub(super) async fn rates(app: &App, access: &Access<'_>, days: DayRange) -> Result<Rates, AppError> {
    in_reading(app, &access.books, move |ledger, books, _| Rates::load(ledger, books, days.to())).await
}

/// Margins by any dimensions over a range of days. A limited token gets the blocks it sees, totals included.
///
/// # Errors
/// `RANGE_TOO_LARGE` above [`MOST_ROWS`], a filter's refusals, `REPORTING_CURRENCY_MISSING`, `RATE_MISSING`, [`AppError::Forbidden`] or a
/// database failure.
pub async fn margin(app: &App, actor: &Actor, mut query: MarginQuery) -> Result<MarginReport, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    check_level(query.level)?;
    let mut seen = BTreeSet::new();
    query.group_by.retain(|dimension| seen.insert(*dimension));
    let (sees_persons, least_persons) = (actor.may(Permission::ReadLaborRates), access.masters.least_persons);
    let statement = statement(app, &access, &query, !sees_persons).await?;
    let codes = Codes::load(&access, statement.money.keys().flat_map(|(_, keys, _)| keys.iter().copied())).await?;
    let shown = |worked: Worked| {
        let hours = i64::try_from(worked.hours).ok().filter(|_| worked.is_shown(sees_persons, least_persons));
        hours.map(Hours::from_millionths)
    };
    let mut totals: BTreeMap<Currency, MarginFigures> = BTreeMap::new();
    let mut rows = Vec::with_capacity(statement.money.len());
    for ((day, ids, currency), gathered) in statement.money {
        let total = totals.entry(currency).or_default();
        *total = total.plus(&gathered.figures);
        let hours = shown(statement.hours.get(&(day, ids.clone())).copied().unwrap_or_default());
        let keys = query.group_by.iter().zip(&ids).map(|(dimension, id)| (*dimension, codes.code(*id))).collect();
        let period = query.interval.zip(day).map(|(interval, day)| interval.period_of(day));
        rows.push((day, MarginRow { period, keys, currency, figures: gathered.figures, hours }));
    }
    rows.sort_by(|(a_day, a), (b_day, b)| (a_day, &a.keys, a.currency.code()).cmp(&(b_day, &b.keys, b.currency.code())));
    let all_hours = shown(statement.all_hours);
    let total = |(currency, figures)| MarginRow { period: None, keys: Vec::new(), currency, figures, hours: all_hours };
    Ok(MarginReport {
        days: query.days,
        through_entry: statement.through_entry,
        least_persons,
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        totals: totals.into_iter().map(total).collect(),
        controls: statement.controls,
    })
}

/// Reads everything in one snapshot.
pub(super) async fn statement(app: &App, access: &Access<'_>, query: &MarginQuery, with_persons: bool) -> Result<Statement, AppError> {
    let rates = if query.in_reporting_currency { Some(rates(app, access, query.days).await?) } else { None };
    let lines = Lines::of(&access.masters);
    let resolved = query.filter.resolve(access).await?;
    let filter = BlockFilter { accounts: Some(lines.accounts(|_| true)), ..resolved.clone() };
    let row_keys = Keys { access, by: &query.group_by, level: query.level };
    let by = row_keys.stored();
    let figures = AsOf::begin(Snapshot::begin(access.store, access.books_id()).await?, None).await?;
    let gatherer = Gatherer {
        snapshot: &figures.snapshot,
        lines: &lines,
        days: query.days,
        interval: query.interval,
        filter: &filter,
        rates: rates.as_ref(),
    };
    let mut money: BTreeMap<_, Gathered> = BTreeMap::new();
    for ((day, keys, currency), gathered) in gatherer.money(&by).await? {
        money.entry((day, row_keys.of(&keys), currency)).or_default().add(&gathered);
    }
    let mut hours: BTreeMap<_, Worked> = BTreeMap::new();
    for ((day, keys), worked) in gatherer.hours(&by, with_persons).await? {
        hours.entry((day, row_keys.of(&keys))).or_default().add(worked);
    }
    let all = Gatherer { interval: None, ..gatherer };
    let all_hours = all.hours(&[], with_persons).await?.into_values().next().unwrap_or_default();
    money.retain(|(day, keys, _), gathered| !gathered.figures.is_zero() || hours.contains_key(&(*day, keys.clone())));
    // Hours that wait for a rate cost nothing yet: they are seen all the same.
    let currency = money.keys().next().map_or(Currency::USD, |(_, _, currency)| *currency);
    let with_money: BTreeSet<_> = money.keys().map(|(day, keys, _)| (*day, keys.clone())).collect();
    for (day, keys) in hours.keys().filter(|key| !with_money.contains(key)) {
        money.insert((*day, keys.clone(), currency), Gathered::default());
    }
    if money.len() > MOST_ROWS {
        return Err(Rejection::of(Code::RangeTooLarge).into());
    }
    // The trial balance is read from another roll-up, and never converted; so is what it is compared with.
    let unconverted = Gatherer { rates: None, ..all };
    let raw = if rates.is_some() { unconverted.money(&[]).await? } else { BTreeMap::new() };
    let controls = tie(&figures, &lines, query.days, &resolved, if rates.is_some() { &raw } else { &money }).await?;
    let through_entry = figures.through;
    figures.snapshot.end().await?;
    Ok(Statement { through_entry, money, hours, all_hours, controls })
}

/// The rows beside the trial balance, class by class.
async fn tie(
    figures: &AsOf,
    lines: &Lines,
    days: DayRange,
    resolved: &BlockFilter,
    money: &BTreeMap<(Option<Day>, Vec<i64>, Currency), Gathered>,
) -> Result<Vec<MarginControl>, AppError> {
    const CLASSES: [AccountClass; 3] = [AccountClass::Revenue, AccountClass::CostOfRevenue, AccountClass::OperatingExpense];
    let mut expected: BTreeMap<AccountClass, BTreeMap<Currency, i128>> = BTreeMap::new();
    for ((_, keys, currency), (debit, credit)) in figures.sums(days, &[SpendDimension::Account], false, resolved).await? {
        if let Some((_, class)) = lines.of_key(keys.first()) {
            *expected.entry(class).or_default().entry(currency).or_default() += debit - credit;
        }
    }
    let mut report: BTreeMap<AccountClass, BTreeMap<Currency, i128>> = BTreeMap::new();
    for ((_, _, currency), Gathered { figures, .. }) in money {
        for (class, net) in CLASSES.into_iter().zip([-figures.revenue, figures.cost_of_revenue(), figures.operating()]) {
            *report.entry(class).or_default().entry(*currency).or_default() += net;
        }
    }
    let mut ties = Vec::new();
    for class in CLASSES {
        let both = (report.remove(&class).unwrap_or_default(), expected.remove(&class).unwrap_or_default());
        ties.extend(controls(&both.0, &both.1).into_iter().map(|control| MarginControl { class, control }));
    }
    Ok(ties)
}
