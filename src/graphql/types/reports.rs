//! Trial balance and spend.

use async_graphql::{InputObject, SimpleObject};

use super::enums::SpendDimension;
use super::finance::ReportBasis;
use super::masters::Account;
use super::money::Money;
use crate::app::reports as app;
use crate::domain::money::Currency;
use crate::domain::report as domain;
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

/// Every list given must match; any of its codes does. `null` in a list stands for cost without that dimension.
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
}

impl From<DimensionFilter> for app::DimensionFilter {
    fn from(filter: DimensionFilter) -> Self {
        use domain::SpendDimension as Dimension;
        let lists = [
            (Dimension::Provider, filter.providers),
            (Dimension::Model, filter.models),
            (Dimension::Team, filter.teams),
            (Dimension::Project, filter.projects),
            (Dimension::Client, filter.clients),
            (Dimension::Feature, filter.features),
            (Dimension::Environment, filter.environments),
            (Dimension::Account, filter.accounts),
        ];
        Self(lists.into_iter().filter_map(|(dimension, codes)| Some((dimension, codes?))).collect())
    }
}

/// Cost and usage over a range of days. Cost is what accounts of cost bear: debits less credits.
#[derive(Debug, Clone, SimpleObject)]
pub struct Spend {
    /// In the order of period and keys; one row for each currency.
    rows: Vec<SpendRow>,
    /// The sum of the rows in the books' currency; the first currency where there are several, and then see `totals`.
    total: Money,
    /// The sum of the rows in each currency.
    totals: Vec<Money>,
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

impl From<app::SpendReport> for Spend {
    fn from(report: app::SpendReport) -> Self {
        // Without any cost there is no currency; zero dollars says as much as zero of another.
        let currency = report.totals.keys().next().copied().unwrap_or(Currency::USD);
        let in_first = |totals: &std::collections::BTreeMap<Currency, i128>| {
            Money::of_units(totals.get(&currency).copied().unwrap_or_default(), currency)
        };
        let all = |totals: &std::collections::BTreeMap<Currency, i128>| {
            totals.iter().map(|(currency, units)| Money::of_units(*units, *currency)).collect()
        };
        Self {
            total: in_first(&report.totals),
            totals: all(&report.totals),
            unattributed: in_first(&report.unattributed),
            unattributed_totals: all(&report.unattributed),
            unpriced_charges: i32::try_from(report.unpriced_charges).unwrap_or(i32::MAX),
            rows: report.rows.into_iter().map(SpendRow::from).collect(),
        }
    }
}

impl From<app::SpendRow> for SpendRow {
    fn from(row: app::SpendRow) -> Self {
        Self {
            period: row.period,
            keys: row.keys.into_iter().map(|(dimension, code)| SpendKey { dimension: dimension.into(), code }).collect(),
            cost: Money::of_units(row.cost, row.currency),
            charges: row.charges.into(),
            input_tokens: row.input_tokens.into(),
            output_tokens: row.output_tokens.into(),
            cache_read_tokens: row.cache_read_tokens.into(),
        }
    }
}
