//! Credits bought and granted, their roll-forwards, and accruals.

use async_graphql::{Enum, SimpleObject};

use super::enums::GrantPolicy;
use super::finance::{ControlTotal, ReportBasis};
use super::journal::JournalEntry;
use super::money::Money;
use crate::app::prepaid as app;
use crate::domain::ids::EntryNumber;
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, Decimal};

/// Where the money for credits came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::app::prepaid::PaidFrom")]
pub enum PaidFrom {
    /// Owed to the provider: account 2000.
    Payable,
    /// Paid at once: account 1010.
    Cash,
}

/// Credits bought or granted at once. `drawn` + `expired` + `left` is `amount`.
#[derive(SimpleObject)]
pub struct CreditLot {
    /// Gapless within the books.
    number: BigInt,
    amount: Money,
    /// The first day on which they can be used.
    begins_on: Date,
    /// The last day on which they can be used; absent when they do not expire.
    expires_on: Option<Date>,
    reference: String,
    /// Absent for a grant.
    paid_from: Option<PaidFrom>,
    /// What the provider's grants were when this one was recorded.
    grants: GrantPolicy,
    /// The entry that booked it; absent for a grant that is no asset.
    entry: Option<JournalEntry>,
    /// Taken by usage; of a grant, applied to usage.
    drawn: Decimal,
    /// Booked as expired.
    expired: Decimal,
    left: Decimal,
    /// Its last day is over and something is left: `expireCredits` books that.
    is_lapsed: bool,
}

/// Lots of one provider at the end of a day. Bought lots are drawn down in the order in which they expire.
#[derive(SimpleObject)]
pub struct CreditLots {
    provider: String,
    as_of: Date,
    through_entry: BigInt,
    /// In the order of their numbers.
    lots: Vec<CreditLot>,
    /// What was drawn beyond every lot, in each currency in which there is any: usage on credit, for which the next lot pays first.
    uncovered: Vec<Money>,
}

impl From<app::LotView> for CreditLot {
    fn from(lot: app::LotView) -> Self {
        let units = |units: i128| Decimal::of_units(units, lot.money.currency);
        Self {
            number: lot.number.into(),
            amount: lot.money.into(),
            begins_on: lot.begins_on.into(),
            expires_on: lot.expires_on.map(Date::from),
            paid_from: lot.paid_from.map(PaidFrom::from),
            grants: lot.policy.into(),
            entry: lot.entry.map(JournalEntry::of_number),
            drawn: units(lot.drawn),
            expired: units(lot.expired),
            left: units(lot.left),
            is_lapsed: lot.is_lapsed,
            reference: lot.reference,
        }
    }
}

impl From<app::CreditLots> for CreditLots {
    fn from(lots: app::CreditLots) -> Self {
        Self {
            provider: lots.provider,
            as_of: lots.as_of.into(),
            through_entry: lots.through_entry.0.into(),
            lots: lots.lots.into_iter().map(CreditLot::from).collect(),
            uncovered: lots.uncovered.into_iter().map(|(currency, units)| Money::of_units(units, currency)).collect(),
        }
    }
}

/// What moved the prepaid credits of a provider: `opening` + `purchases` - `drawDown` + `accrued` - `breakage` + `adjustments` = `closing`.
#[derive(SimpleObject)]
pub struct PrepaidRollForward {
    basis: ReportBasis,
    provider: String,
    /// Included.
    from: Date,
    /// Excluded.
    to: Date,
    through_entry: BigInt,
    /// In the order of currencies.
    rows: Vec<PrepaidRollForwardRow>,
    /// Closing balances beside those of account 1300 for the provider.
    controls: Vec<ControlTotal>,
}

/// One currency of a roll-forward.
#[derive(SimpleObject)]
pub struct PrepaidRollForwardRow {
    currency: CurrencyCode,
    opening: Decimal,
    purchases: Decimal,
    /// What usage took, net of corrections and of usage that granted credits paid for.
    draw_down: Decimal,
    /// Usage beyond every lot that was moved to account 2100, less what was moved back: the part of `drawDown` that no credits paid for.
    accrued: Decimal,
    /// What expired unused.
    breakage: Decimal,
    /// Reversed purchases and breakage, and entries made by hand.
    adjustments: Decimal,
    /// The balance of account 1300 for the provider. Below zero when more was used than bought and the provider's `overdraw` is `SHOW`.
    closing: Decimal,
}

impl From<app::RollForwardReport<app::PrepaidRollForwardRow>> for PrepaidRollForward {
    fn from(report: app::RollForwardReport<app::PrepaidRollForwardRow>) -> Self {
        let row = |app::PrepaidRollForwardRow { currency, roll }: app::PrepaidRollForwardRow| {
            let units = |units: i128| Decimal::of_units(units, currency);
            PrepaidRollForwardRow {
                currency: currency.into(),
                opening: units(roll.opening),
                purchases: units(roll.purchases),
                draw_down: units(roll.draw_down),
                accrued: units(roll.accrued),
                breakage: units(roll.breakage),
                adjustments: units(roll.adjustments),
                closing: units(roll.closing()),
            }
        };
        Self {
            basis: ReportBasis::Accrual,
            provider: report.provider,
            from: report.range.from().into(),
            to: report.range.to().into(),
            through_entry: report.through_entry.0.into(),
            rows: report.rows.into_iter().map(row).collect(),
            controls: report.controls.into_iter().map(ControlTotal::from).collect(),
        }
    }
}

/// What moved the granted credits of a provider: `opening` + `granted` - `applied` - `expired` = `closing`.
#[derive(SimpleObject)]
pub struct GrantRollForward {
    basis: ReportBasis,
    provider: String,
    /// Included.
    from: Date,
    /// Excluded.
    to: Date,
    through_entry: BigInt,
    /// In the order of currencies.
    rows: Vec<GrantRollForwardRow>,
}

/// One currency of a roll-forward.
#[derive(SimpleObject)]
pub struct GrantRollForwardRow {
    currency: CurrencyCode,
    opening: Decimal,
    granted: Decimal,
    applied: Decimal,
    expired: Decimal,
    /// Under `DEFERRED` also the balance of account 2150 for the provider.
    closing: Decimal,
}

impl From<app::RollForwardReport<app::GrantRollForwardRow>> for GrantRollForward {
    fn from(report: app::RollForwardReport<app::GrantRollForwardRow>) -> Self {
        let row = |row: app::GrantRollForwardRow| {
            let units = |units: i128| Decimal::of_units(units, row.currency);
            GrantRollForwardRow {
                currency: row.currency.into(),
                opening: units(row.opening),
                granted: units(row.granted),
                applied: units(row.applied),
                expired: units(row.expired),
                closing: units(row.closing()),
            }
        };
        Self {
            basis: ReportBasis::Accrual,
            provider: report.provider,
            from: report.range.from().into(),
            to: report.range.to().into(),
            through_entry: report.through_entry.0.into(),
            rows: report.rows.into_iter().map(row).collect(),
        }
    }
}

/// Accrued usage at the end of a day, for review.
#[derive(SimpleObject)]
pub struct Accruals {
    basis: ReportBasis,
    as_of: Date,
    through_entry: BigInt,
    /// In the order of provider and currency.
    rows: Vec<AccrualRow>,
    /// What is open in all rows beside the balance of account 2100, debits above zero.
    controls: Vec<ControlTotal>,
}

/// What usage of one provider in one currency is accrued: `accrued` - `reconciled` + `revaluation` = `open`.
#[derive(SimpleObject)]
pub struct AccrualRow {
    /// Absent for what was booked by hand without a provider.
    provider: Option<String>,
    currency: CurrencyCode,
    /// Usage less what granted credits paid for.
    accrued: Decimal,
    /// What was settled.
    reconciled: Decimal,
    /// What revaluations in force added, in the reporting currency.
    revaluation: Decimal,
    /// What is owed: the balance of account 2100.
    open: Decimal,
}

impl From<app::Accruals> for Accruals {
    fn from(accruals: app::Accruals) -> Self {
        let row = |row: app::AccrualRow| {
            let units = |units: i128| Decimal::of_units(units, row.currency);
            AccrualRow {
                currency: row.currency.into(),
                accrued: units(row.accrued),
                reconciled: units(row.reconciled),
                revaluation: units(row.revaluation),
                open: units(row.open()),
                provider: row.provider,
            }
        };
        Self {
            basis: ReportBasis::Accrual,
            as_of: accruals.as_of.into(),
            through_entry: accruals.through_entry.0.into(),
            rows: accruals.rows.into_iter().map(row).collect(),
            controls: accruals.controls.into_iter().map(ControlTotal::from).collect(),
        }
    }
}

/// The entry of a receipt.
pub fn entry(number: Option<i64>) -> Option<JournalEntry> {
    number.map(|number| JournalEntry::of_number(EntryNumber(number)))
}
