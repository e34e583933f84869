//! Reports that explain: flux, and open items by age.

use async_graphql::{Enum, SimpleObject};

use super::enums::{SpendDimension, SpendMeasure};
use super::finance::{ControlTotal, ReportBasis};
use super::masters::Account;
use super::money::Money;
use crate::app::reports as app;
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, Decimal};

/// Cost of two ranges of days beside each other.
#[derive(Debug, Clone, SimpleObject)]
pub struct Flux {
    basis: ReportBasis,
    from_before: Date,
    to_before: Date,
    from: Date,
    to: Date,
    by: SpendDimension,
    measure: SpendMeasure,
    /// The last entry that is in the figures.
    through_entry: BigInt,
    /// In the order of code and currency.
    rows: Vec<FluxRow>,
    /// The difference of all rows, beside the difference of the movements of the measure's accounts in the trial balance.
    controls: Vec<ControlTotal>,
}

/// One value of the dimension in one currency. `volume`, `mix` and `price` add up to `difference` exactly.
#[derive(Debug, Clone, SimpleObject)]
pub struct FluxRow {
    /// Absent for cost without the dimension.
    code: Option<String>,
    currency: CurrencyCode,
    cost_before: Decimal,
    cost: Decimal,
    /// Input and output tokens.
    tokens_before: BigInt,
    tokens: BigInt,
    difference: Decimal,
    /// What the cost had changed by, had the tokens of every value grown as the total did.
    volume: Decimal,
    /// What the shift of tokens between the values adds at their former cost of a token; all cost of a value that had no tokens before.
    mix: Decimal,
    /// The rest: another cost of a token.
    price: Decimal,
    /// Whether the difference, up or down, reaches the threshold that was asked for.
    is_above_threshold: bool,
}

impl From<app::Flux> for Flux {
    fn from(report: app::Flux) -> Self {
        Self {
            basis: ReportBasis::Accrual,
            from_before: report.before.from().into(),
            to_before: report.before.to().into(),
            from: report.now.from().into(),
            to: report.now.to().into(),
            by: report.by.into(),
            measure: report.measure.into(),
            through_entry: report.through_entry.0.into(),
            rows: report.rows.into_iter().map(FluxRow::from).collect(),
            controls: report.controls.into_iter().map(ControlTotal::from).collect(),
        }
    }
}

impl From<app::FluxRow> for FluxRow {
    fn from(row: app::FluxRow) -> Self {
        let decimal = |units| Decimal::of_units(units, row.currency);
        Self {
            currency: row.currency.into(),
            cost_before: decimal(row.before.cost),
            cost: decimal(row.now.cost),
            tokens_before: row.before.tokens.into(),
            tokens: row.now.tokens.into(),
            difference: decimal(row.parts.difference()),
            volume: decimal(row.parts.volume),
            mix: decimal(row.parts.mix),
            price: decimal(row.parts.price),
            is_above_threshold: row.is_above_threshold,
            code: row.code,
        }
    }
}

/// What stands open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::reports::AgedKind")]
pub enum AgedKind {
    /// The suspense account, 1999.
    Suspense,
    /// Cost on a standing center for unknown owners.
    Unattributed,
    /// Accrued usage, 2100, that is not yet reconciled with an invoice, by provider.
    Accrual,
}

/// Open balances by age at the end of a day. What lowers a balance settles its oldest part first.
#[derive(Debug, Clone, SimpleObject)]
pub struct AgedItems {
    basis: ReportBasis,
    as_of: Date,
    /// The last entry that is in the figures.
    through_entry: BigInt,
    groups: Vec<AgedGroup>,
}

/// Everything of one kind.
#[derive(Debug, Clone, SimpleObject)]
pub struct AgedGroup {
    kind: AgedKind,
    /// Where it stands; absent for cost without an owner, which is on many accounts.
    account: Option<Account>,
    rows: Vec<AgedRow>,
    /// The rows beside the balance of the same day, debits above zero.
    controls: Vec<ControlTotal>,
}

/// One open balance by age in days.
#[derive(Debug, Clone, SimpleObject)]
pub struct AgedRow {
    /// For accruals.
    provider: Option<String>,
    /// On the side that raises it: the buckets less `unapplied`.
    balance: Money,
    days_0_to_30: Decimal,
    days_31_to_60: Decimal,
    days_61_to_90: Decimal,
    days_over_90: Decimal,
    /// What was lowered beyond everything that was open.
    unapplied: Decimal,
}

impl From<app::AgedItems> for AgedItems {
    fn from(report: app::AgedItems) -> Self {
        Self {
            basis: ReportBasis::Accrual,
            as_of: report.as_of.into(),
            through_entry: report.through_entry.0.into(),
            groups: report.groups.into_iter().map(AgedGroup::from).collect(),
        }
    }
}

impl From<app::AgedGroup> for AgedGroup {
    fn from(group: app::AgedGroup) -> Self {
        Self {
            kind: group.kind.into(),
            account: group.account.map(Account::from),
            rows: group.rows.into_iter().map(AgedRow::from).collect(),
            controls: group.controls.into_iter().map(ControlTotal::from).collect(),
        }
    }
}

impl From<app::AgedRow> for AgedRow {
    fn from(row: app::AgedRow) -> Self {
        let decimal = |units| Decimal::of_units(units, row.currency);
        Self {
            balance: Money::of_units(row.aged.balance(), row.currency),
            days_0_to_30: decimal(row.aged.days_0_30),
            days_31_to_60: decimal(row.aged.days_31_60),
            days_61_to_90: decimal(row.aged.days_61_90),
            days_over_90: decimal(row.aged.days_over_90),
            unapplied: decimal(row.aged.unapplied),
            provider: row.provider,
        }
    }
}
