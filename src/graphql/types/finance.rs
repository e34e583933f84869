//! Reports of finance: general ledger, journal register, profit and loss. Every one carries its control totals.

use std::collections::BTreeMap;

use async_graphql::{Context, Error, Object, SimpleObject};

use super::enums::{AccountClass, CostCenterKind, EntryKind, Side};
use super::journal::JournalEntry;
use super::masters::{Account, CostCenter};
use super::money::Money;
use crate::app::reports as app;
use crate::domain::money::Currency;
use crate::graphql::connection::{Connection, List, connection};
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, Decimal};

/// How the figures of every report were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
pub enum ReportBasis {
    /// By the accounting day of each entry, whether or not anything was paid; each currency apart and never converted.
    Accrual,
}

/// A total of the report beside the same total from the trial balance, as of the same entry. Debits are above zero.
#[derive(Debug, Clone, SimpleObject)]
pub struct ControlTotal {
    currency: CurrencyCode,
    report: Decimal,
    trial_balance: Decimal,
    /// Zero, or the books are broken: run `tallybook verify`.
    difference: Decimal,
}

impl From<app::Control> for ControlTotal {
    fn from(control: app::Control) -> Self {
        let decimal = |units| Decimal::of_units(units, control.currency);
        Self {
            currency: control.currency.into(),
            report: decimal(control.report),
            trial_balance: decimal(control.trial_balance),
            difference: decimal(control.report - control.trial_balance),
        }
    }
}

pub(super) fn amounts(units: &BTreeMap<Currency, i128>) -> Vec<Money> {
    units.iter().map(|(currency, units)| Money::of_units(*units, *currency)).collect()
}

/// Postings of one account with the running balance, in the order of posting.
#[derive(SimpleObject)]
pub struct GeneralLedger {
    basis: ReportBasis,
    account: Account,
    from: Date,
    to: Date,
    /// The last entry that is in the figures.
    through_entry: BigInt,
    /// Debits less credits before `from`, by currency.
    opening: Vec<Money>,
    /// Debits less credits before `to`, by currency.
    closing: Vec<Money>,
    /// Opening and all lines of the range, of every page, beside the balances.
    controls: Vec<ControlTotal>,
    lines: Connection<LedgerLine>,
}

/// One posting of the account.
pub struct LedgerLine(app::LedgerLine);

/// One posting of the account.
#[Object]
impl LedgerLine {
    /// Its position within the entry.
    async fn line(&self) -> i32 {
        i32::try_from(self.0.line).unwrap_or(i32::MAX)
    }

    async fn effective_on(&self) -> Date {
        self.0.effective_on.into()
    }

    async fn side(&self) -> Side {
        self.0.side.into()
    }

    async fn amount(&self) -> Money {
        self.0.money.into()
    }

    /// Debits less credits of the account in this currency, from the opening to this line.
    async fn running_balance(&self) -> Money {
        Money::of_units(self.0.running, self.0.money.currency)
    }

    /// The entry, and from there the charge.
    async fn entry(&self, ctx: &Context<'_>) -> Result<Option<JournalEntry>, Error> {
        JournalEntry::referred(ctx, Some(self.0.entry)).await
    }

    async fn team(&self) -> Option<CostCenter> {
        self.0.team.clone().map(CostCenter::from)
    }

    async fn project(&self) -> Option<CostCenter> {
        self.0.project.clone().map(CostCenter::from)
    }

    async fn client(&self) -> Option<CostCenter> {
        self.0.client.clone().map(CostCenter::from)
    }

    async fn feature(&self) -> Option<&str> {
        self.0.feature.as_deref()
    }

    async fn provider(&self) -> Option<&str> {
        self.0.provider.as_deref()
    }

    async fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    async fn environment(&self) -> Option<&str> {
        self.0.environment.as_deref()
    }
}

impl GeneralLedger {
    pub fn of(report: app::GeneralLedger, has_previous: bool) -> Self {
        let has_next = report.lines.has_next;
        let items = report
            .lines
            .items
            .into_iter()
            .map(|line| (List::LedgerLines.cursor(format!("{}:{}", line.entry, line.line)), LedgerLine(line)));
        Self {
            basis: ReportBasis::Accrual,
            account: report.account.into(),
            from: report.days.from().into(),
            to: report.days.to().into(),
            through_entry: report.through_entry.0.into(),
            opening: amounts(&report.opening),
            closing: amounts(&report.closing),
            controls: report.controls.into_iter().map(ControlTotal::from).collect(),
            lines: connection(items, has_previous, has_next),
        }
    }
}

/// What was posted between two numbers, both included.
#[derive(Debug, Clone, SimpleObject)]
pub struct JournalRegister {
    basis: ReportBasis,
    from_number: BigInt,
    /// The last entry that is in the figures.
    to_number: BigInt,
    /// In the order of the kinds.
    kinds: Vec<JournalRegisterKind>,
    /// By currency; debits and credits are equal.
    totals: Vec<JournalRegisterTotal>,
    /// Debits of the entries, beside those of the trial balance as of `toNumber` less what was posted before `fromNumber`.
    controls: Vec<ControlTotal>,
}

/// Entries of one kind.
#[derive(Debug, Clone, SimpleObject)]
pub struct JournalRegisterKind {
    kind: EntryKind,
    entries: BigInt,
    postings: BigInt,
}

/// Debits and credits of one currency.
#[derive(Debug, Clone, SimpleObject)]
pub struct JournalRegisterTotal {
    currency: CurrencyCode,
    debit: Decimal,
    credit: Decimal,
}

impl From<app::Register> for JournalRegister {
    fn from(register: app::Register) -> Self {
        let kind = |kind: app::RegisterKind| JournalRegisterKind {
            kind: kind.kind.into(),
            entries: kind.entries.into(),
            postings: kind.postings.into(),
        };
        let total = |(currency, (debit, credit)): (Currency, (i128, i128))| JournalRegisterTotal {
            currency: currency.into(),
            debit: Decimal::of_units(debit, currency),
            credit: Decimal::of_units(credit, currency),
        };
        Self {
            basis: ReportBasis::Accrual,
            from_number: register.from.0.into(),
            to_number: register.to.0.into(),
            kinds: register.kinds.into_iter().map(kind).collect(),
            totals: register.totals.into_iter().map(total).collect(),
            controls: register.controls.into_iter().map(ControlTotal::from).collect(),
        }
    }
}

/// Revenue and cost of a range of days by account and cost center.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProfitAndLoss {
    basis: ReportBasis,
    from: Date,
    to: Date,
    by: CostCenterKind,
    /// The last entry that is in the figures.
    through_entry: BigInt,
    /// In the order of account, cost center and currency.
    rows: Vec<ProfitAndLossRow>,
    classes: Vec<ProfitAndLossClass>,
    /// Revenue less cost, by currency.
    net: Vec<Money>,
    /// Cost less revenue of the rows, beside the movement of the same accounts in the trial balance.
    controls: Vec<ControlTotal>,
}

/// One account on one cost center.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProfitAndLossRow {
    account: Account,
    /// Absent for postings without a cost center of the kind.
    center: Option<CostCenter>,
    /// On the normal side of the account's class: revenue and cost are above zero, contra accounts below.
    amount: Money,
}

/// The sum of the rows of one class and currency.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProfitAndLossClass {
    class: AccountClass,
    /// On the normal side of the class.
    amount: Money,
}

impl From<app::ProfitAndLoss> for ProfitAndLoss {
    fn from(report: app::ProfitAndLoss) -> Self {
        let row = |row: app::ProfitAndLossRow| ProfitAndLossRow {
            amount: Money::of_units(row.amount, row.currency),
            account: row.account.into(),
            center: row.center.map(CostCenter::from),
        };
        let classes = report.classes.iter();
        let class = |(class, currency): &(crate::domain::chart::AccountClass, Currency), units: &i128| ProfitAndLossClass {
            class: (*class).into(),
            amount: Money::of_units(*units, *currency),
        };
        Self {
            basis: ReportBasis::Accrual,
            from: report.days.from().into(),
            to: report.days.to().into(),
            by: report.by.into(),
            through_entry: report.through_entry.0.into(),
            classes: classes.map(|(key, units)| class(key, units)).collect(),
            net: amounts(&report.net),
            rows: report.rows.into_iter().map(row).collect(),
            controls: report.controls.into_iter().map(ControlTotal::from).collect(),
        }
    }
}
