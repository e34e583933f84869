//! Trial balance and spend.

use async_graphql::{InputObject, SimpleObject};

use super::enums::{Processing, SpendDimension, SpendMeasure};
use super::finance::ReportBasis;
use super::masters::Account;
use super::money::Money;
use crate::app::reports as app;
use crate::domain::money::Currency;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report as domain;
use crate::domain::usage;
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, Decimal};

/// Debit and credit totals of every account at the end of a day. The totals are equal in each currency, which is its control.
#[derive(Debug, Clone, SimpleObject)]
pub struct TrialBalance {
    basis: ReportBasis,
    as_of: Date,
    /// The first day of the movement; absent when everything is movement.
    from: Option<Date>,
    /// The last entry that is in the figures: with `asOfEntry` that one, otherwise the last entry of the books when the balances were read: every entry up to it is in them, as far as it is dated by then.
    through_entry: BigInt,
    /// In the order of account code and currency.
    rows: Vec<TrialBalanceRow>,
    totals: Vec<TrialBalanceTotal>,
}

/// Gross totals of one account in one currency.
#[derive(Debug, Clone, SimpleObject)]
pub struct TrialBalanceRow {
    account: Account,
    currency: CurrencyCode,
    debit: Decimal,
    credit: Decimal,
    /// The difference on the account's normal side.
    balance: Decimal,
    /// The balance before `from`; zero without it.
    opening: Decimal,
    movement_debit: Decimal,
    movement_credit: Decimal,
    /// What is added from `from` to `asOf` on the account's normal side.
    movement: Decimal,
    /// Opening and movement: the same as `balance`.
    closing: Decimal,
}

/// The sum of all rows in one currency.
#[derive(Debug, Clone, SimpleObject)]
pub struct TrialBalanceTotal {
    currency: CurrencyCode,
    debit: Decimal,
    credit: Decimal,
}

impl From<app::TrialBalanceReport> for TrialBalance {
    fn from(report: app::TrialBalanceReport) -> Self {
        let row = |row: domain::TrialBalanceRow| TrialBalanceRow {
            currency: row.currency.into(),
            debit: Decimal::of_units(row.debit, row.currency),
            credit: Decimal::of_units(row.credit, row.currency),
            balance: Decimal::of_units(row.balance(), row.currency),
            opening: Decimal::of_units(row.opening(), row.currency),
            movement_debit: Decimal::of_units(row.debit - row.opening_debit, row.currency),
            movement_credit: Decimal::of_units(row.credit - row.opening_credit, row.currency),
            movement: Decimal::of_units(row.movement(), row.currency),
            closing: Decimal::of_units(row.balance(), row.currency),
            account: row.account.into(),
        };
        let total = |total: domain::TrialBalanceTotal| TrialBalanceTotal {
            currency: total.currency.into(),
            debit: Decimal::of_units(total.debit, total.currency),
            credit: Decimal::of_units(total.credit, total.currency),
        };
        Self {
            basis: ReportBasis::Accrual,
            as_of: report.as_of.into(),
            from: report.from.map(Date::from),
            through_entry: report.through_entry.0.into(),
            rows: report.balance.rows.into_iter().map(row).collect(),
            totals: report.balance.totals.into_iter().map(total).collect(),
        }
    }
}

/// Every list given must match; any of its codes does. A cost center matches with every center below it. `null` in a list stands for cost without
/// that dimension.
#[derive(Debug, Clone, Default, InputObject)]
pub struct DimensionFilter {
    providers: Option<Vec<Option<String>>>,
    models: Option<Vec<Option<String>>>,
    teams: Option<Vec<Option<String>>>,
    projects: Option<Vec<Option<String>>>,
    clients: Option<Vec<Option<String>>>,
    features: Option<Vec<Option<String>>>,
    environments: Option<Vec<Option<String>>>,
    /// Codes of accounts of cost.
    accounts: Option<Vec<Option<String>>>,
    /// Names of API keys; like the lists below, only `spend` takes it.
    api_keys: Option<Vec<Option<String>>>,
    end_users: Option<Vec<Option<String>>>,
    /// Systems that sent charges.
    sources: Option<Vec<Option<String>>>,
    regions: Option<Vec<Option<String>>>,
    processings: Option<Vec<Processing>>,
    service_tiers: Option<Vec<Option<String>>>,
    /// Every tag must match.
    tags: Option<Vec<TagFilter>>,
}

/// A tag has any of the values; `null` stands for charges without the tag.
#[derive(Debug, Clone, InputObject)]
pub struct TagFilter {
    key: String,
    values: Vec<Option<String>>,
}

impl DimensionFilter {
    /// The filter of coding blocks, and what charges must be like.
    pub fn parts(self) -> (app::DimensionFilter, Vec<app::ChargeTest>) {
        use domain::{ChargeDimension as Known, SpendDimension as Dimension};
        let lists = [
            (Dimension::Provider, self.providers),
            (Dimension::Model, self.models),
            (Dimension::Team, self.teams),
            (Dimension::Project, self.projects),
            (Dimension::Client, self.clients),
            (Dimension::Feature, self.features),
            (Dimension::Environment, self.environments),
            (Dimension::Account, self.accounts),
        ];
        let named = |processings: Vec<Processing>| {
            processings.into_iter().map(|processing| Some(usage::Processing::from(processing).as_str().to_owned())).collect()
        };
        let known = [
            (Known::ApiKey, self.api_keys),
            (Known::EndUser, self.end_users),
            (Known::Source, self.sources),
            (Known::Region, self.regions),
            (Known::Processing, self.processings.map(named)),
            (Known::ServiceTier, self.service_tiers),
        ];
        let known = known.into_iter().filter_map(|(dimension, values)| Some(app::ChargeTest { dimension, tag_key: None, values: values? }));
        let tag = |tag: TagFilter| app::ChargeTest { dimension: Known::Tag, tag_key: Some(tag.key), values: tag.values };
        let tags = self.tags.unwrap_or_default().into_iter().map(tag);
        let blocks = lists.into_iter().filter_map(|(dimension, codes)| Some((dimension, codes?))).collect();
        (app::DimensionFilter(blocks), known.chain(tags).collect())
    }

    /// The filter of coding blocks, for reports that read nothing else.
    ///
    /// # Errors
    /// `DIMENSION_UNSUPPORTED` when it asks for what only charges know.
    pub fn of_balances(self) -> Result<app::DimensionFilter, Rejection> {
        let (blocks, known) = self.parts();
        if known.is_empty() { Ok(blocks) } else { Err(Rejection::of(Code::DimensionUnsupported).under("filter")) }
    }
}

/// Cost and usage over a range of days. Cost is debits less credits of what the measure adds up.
#[derive(Debug, Clone, SimpleObject)]
pub struct Spend {
    /// What `cost` and `total` add up.
    measure: SpendMeasure,
    /// In the order of period and keys; one row for each currency.
    rows: Vec<SpendRow>,
    /// The sum of the rows in the books' currency; the first currency where there are several, and then see `totals`.
    total: Money,
    /// The sum of the rows in each currency.
    totals: Vec<Money>,
    /// The total of the range before: as many whole months before whole months, else as many days; with an interval, the sum of the periods before.
    previous: Option<Money>,
    /// The same in each currency.
    previous_totals: Vec<Money>,
    /// From `previous` to `total` in percent with two decimals, half to even; absent where `previous` is zero.
    change_percent: Option<Decimal>,
    /// The part of `total` whose team, project or client is not yet known.
    unattributed: Money,
    /// The part of each of `totals` whose team, project or client is not yet known.
    unattributed_totals: Vec<Money>,
    /// Charges of the range that wait for a price. They are in no row.
    unpriced_charges: i32,
}

/// Cost and usage of one period and one combination of keys.
#[derive(Debug, Clone, SimpleObject)]
pub struct SpendRow {
    /// The name of the period; absent without an interval.
    period: Option<String>,
    /// In the order of `groupBy`.
    keys: Vec<SpendKey>,
    cost: Money,
    /// The cost of the range before: as many whole months before whole months, else as many days. With an interval, that of the period before, of the
    /// same days of it where the range cuts the period. With it, rows show what had cost before and has none now.
    previous: Option<Money>,
    /// From `previous` to `cost` in percent with two decimals, half to even; absent where `previous` is zero.
    change_percent: Option<Decimal>,
    /// Booked charges.
    charges: BigInt,
    /// All input classes: fresh, cached and written to a cache.
    input_tokens: BigInt,
    output_tokens: BigInt,
    cache_read_tokens: BigInt,
}

/// One value that a row is grouped by.
#[derive(Debug, Clone, SimpleObject)]
pub struct SpendKey {
    dimension: SpendDimension,
    /// Absent for cost without that dimension.
    code: Option<String>,
}

impl Spend {
    pub fn of(report: app::SpendReport, measure: domain::SpendMeasure) -> Self {
        // Without any cost there is no currency; zero dollars says as much as zero of another.
        let currency = report.totals.keys().next().copied().unwrap_or(Currency::USD);
        let first = |totals: &Totals| totals.get(&currency).copied().unwrap_or_default();
        let all = |totals: &Totals| totals.iter().map(|(currency, units)| Money::of_units(*units, *currency)).collect();
        let total = first(&report.totals);
        let previous = report.previous.as_ref().map(first);
        Self {
            measure: measure.into(),
            total: Money::of_units(total, currency),
            totals: all(&report.totals),
            previous: previous.map(|units| Money::of_units(units, currency)),
            previous_totals: report.previous.as_ref().map(all).unwrap_or_default(),
            change_percent: previous.and_then(|previous| change_percent(total, previous)),
            unattributed: Money::of_units(first(&report.unattributed), currency),
            unattributed_totals: all(&report.unattributed),
            unpriced_charges: i32::try_from(report.unpriced_charges).unwrap_or(i32::MAX),
            rows: report.rows.into_iter().map(SpendRow::from).collect(),
        }
    }
}

type Totals = std::collections::BTreeMap<Currency, i128>;

fn change_percent(now: i128, before: i128) -> Option<Decimal> {
    crate::domain::margin::percent(now - before, before.abs()).map(Decimal::from)
}

impl From<app::SpendRow> for SpendRow {
    fn from(row: app::SpendRow) -> Self {
        Self {
            period: row.period,
            keys: row.keys.into_iter().map(|(key, code)| SpendKey { dimension: key.into(), code }).collect(),
            cost: Money::of_units(row.cost, row.currency),
            previous: row.previous.map(|units| Money::of_units(units, row.currency)),
            change_percent: row.previous.and_then(|previous| change_percent(row.cost, previous)),
            charges: row.charges.into(),
            input_tokens: row.input_tokens.into(),
            output_tokens: row.output_tokens.into(),
            cache_read_tokens: row.cache_read_tokens.into(),
        }
    }
}
