//! Chargeback statements, the terms of rebills, standard rates.

use async_graphql::{Enum, Error, InputObject, Object, SimpleObject};

use super::enums::CostCenterKind;
use super::journal::JournalEntry;
use super::masters::{Account, CostCenter};
use super::money::Money;
use crate::app::chargeback as app;
use crate::domain::chargeback as domain;
use crate::domain::money::{Currency, Money as DomainMoney};
use crate::domain::rejection::Rejection;
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, DateTime, Decimal};

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::chargeback::StatementStatus")]
pub enum ChargebackStatus {
    /// Waits for another person's approval; a new draft of the month replaces it.
    Draft,
    /// Frozen. Showback ends here.
    Approved,
    Posted,
    /// Given to another finance system.
    Exported,
    /// The other system said under which document it booked it.
    Acknowledged,
    /// Its entry was mirrored; the next draft takes its cost up again.
    Reversed,
    /// Replaced by a later draft, or withdrawn. It keeps its number.
    Void,
}

/// By what usage is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::chargeback::Basis")]
pub enum ChargebackBasis {
    /// What it cost.
    Actual,
    /// Quantities at agreed rates; the provider keeps the difference.
    StandardRate,
}

/// How a rebill to a client is booked. The margin is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::chargeback::Treatment")]
pub enum RebillTreatment {
    /// Gross: the whole statement is revenue (Cr 4100), the cost stays in 5000.
    Principal,
    /// Net: the cost is passed on (Cr 5000), only what exceeds it is revenue (Cr 4100).
    Agent,
}

/// What a line of a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::chargeback::LineKind")]
pub enum ChargebackLineKind {
    /// Usage at what it cost, by provider, model and feature.
    Usage,
    /// Usage at a standard rate.
    StandardRate,
    /// What allocations put on the center, by their memo.
    Allocated,
    /// What changed in a month since its statement was made.
    Adjustment,
    /// The percentage on all other lines.
    Markup,
}

/// What a cost center is charged for a month in one currency. What it says never changes; where it stands does.
pub struct Chargeback(pub app::StatementView);

/// A line of a statement. Lines add up to the statement's total.
#[derive(SimpleObject)]
pub struct ChargebackLine {
    kind: ChargebackLineKind,
    /// The month whose cost it charges, such as `2026-01`.
    month: String,
    description: String,
    provider: Option<String>,
    model: Option<String>,
    feature: Option<String>,
    /// Of usage, its input and output tokens; of usage without tokens, its charges. `unit` says which.
    quantity: Option<Decimal>,
    /// `tokens`, `charges`, or the meter of a standard rate.
    unit: Option<String>,
    /// The standard rate, such as `2.5 per 1000000`.
    rate: Option<String>,
    /// What it cost; zero on a markup. Absent for a client that is not shown cost.
    cost: Option<Money>,
    /// What it charges; below zero when it gives back.
    amount: Money,
}

fn line(line: &domain::Line, currency: Currency, audience: app::Audience) -> ChargebackLine {
    let money = |amount| Money::from(DomainMoney { amount, currency });
    ChargebackLine {
        kind: line.kind.into(),
        month: line.month.to_string(),
        description: line.description.clone(),
        provider: line.provider.clone(),
        model: line.model.clone(),
        feature: line.feature.clone(),
        quantity: line.quantity.map(|quantity| Decimal(quantity.to_string())),
        unit: line.unit.map(ToOwned::to_owned),
        rate: line.rate.clone(),
        cost: (audience == app::Audience::Provider).then(|| money(line.cost)),
        amount: money(line.amount),
    }
}

impl Chargeback {
    /// What a client is not told.
    fn internal<T>(&self, value: impl FnOnce() -> T) -> Option<T> {
        (self.0.audience == app::Audience::Provider).then(value)
    }
}

/// Fields that tell how it came about (cost, markup, recovery, provider, persons, entries, reasons) are absent for a token that is limited to a client,
/// unless the client's terms show cost; lines are then prices with the markup in them.
#[Object]
impl Chargeback {
    /// Gapless within the books, given when it is drafted.
    async fn number(&self) -> String {
        self.0.statement.number.to_string()
    }

    /// Such as `2026-01`.
    async fn period(&self) -> String {
        self.0.statement.content.terms.period.to_string()
    }

    async fn kind(&self) -> CostCenterKind {
        self.0.statement.content.kind.into()
    }

    /// Who is charged.
    async fn cost_center(&self) -> CostCenter {
        self.0.center.clone().into()
    }

    /// The team that gets the recovery.
    async fn provider(&self) -> Option<CostCenter> {
        self.internal(|| self.0.provider.clone().map(CostCenter::from)).flatten()
    }

    async fn status(&self) -> ChargebackStatus {
        self.0.statement.status.into()
    }

    async fn basis(&self) -> ChargebackBasis {
        self.0.statement.content.terms.basis.into()
    }

    /// Only a report: it is approved, and never posted.
    async fn showback(&self) -> bool {
        self.0.statement.content.terms.showback
    }

    async fn markup_percent(&self) -> Option<Decimal> {
        self.internal(|| self.0.statement.content.terms.markup.into())
    }

    /// Of a rebill to a client.
    async fn treatment(&self) -> Option<RebillTreatment> {
        self.internal(|| self.0.receivable.as_ref().map(|_| self.0.statement.content.terms.treatment.into())).flatten()
    }

    /// The asset that a rebill goes to.
    async fn receivable_account(&self) -> Option<Account> {
        self.internal(|| self.0.receivable.clone().map(Account::from)).flatten()
    }

    /// The sum of the lines.
    async fn total(&self) -> Money {
        self.0.statement.total.into()
    }

    /// What it cost.
    async fn cost(&self) -> Option<Money> {
        self.internal(|| self.0.statement.cost.into())
    }

    /// What was charged beyond the cost before any markup: above zero is over-recovered, below zero under-recovered. Zero at actual cost.
    async fn recovery(&self) -> Result<Option<Money>, Error> {
        let recovery = self.internal(|| self.0.statement.content.recovery()).transpose();
        recovery.map(|recovery| recovery.map(Money::from)).map_err(|rejection| Error::new(rejection.message))
    }

    async fn lines(&self) -> Vec<ChargebackLine> {
        let content = &self.0.statement.content;
        content.lines.iter().map(|found| line(found, content.currency, self.0.audience)).collect()
    }

    /// SHA-256 of what it says; name it in `approveChargeback` to approve what you read.
    async fn content_hash(&self) -> &str {
        &self.0.statement.content_hash
    }

    /// The last entry of the books when it was drafted.
    async fn through_entry(&self) -> BigInt {
        self.0.statement.through_entry.0.into()
    }

    async fn drafted_by(&self) -> Option<&str> {
        self.internal(|| self.0.statement.drafted_by.subject.as_str())
    }

    async fn drafted_at(&self) -> DateTime {
        self.0.statement.drafted_at.into()
    }

    async fn approved_by(&self) -> Option<&str> {
        self.internal(|| self.0.statement.approved_by.as_ref().map(|persons| persons.subject.as_str())).flatten()
    }

    async fn approved_at(&self) -> Option<DateTime> {
        self.0.statement.approved_at.map(DateTime::from)
    }

    /// The entry that booked it.
    async fn journal_entry(&self) -> Option<JournalEntry> {
        self.internal(|| self.0.statement.entry.map(JournalEntry::of_number)).flatten()
    }

    async fn posted_at(&self) -> Option<DateTime> {
        self.0.statement.posted_at.map(DateTime::from)
    }

    /// The mirror of its entry, once it is reversed.
    async fn reversal(&self) -> Option<JournalEntry> {
        self.internal(|| self.0.statement.reversal.map(JournalEntry::of_number)).flatten()
    }

    /// Under which another system booked it.
    async fn document_number(&self) -> Option<&str> {
        self.0.statement.document_number.as_deref()
    }

    /// Why it is void or reversed.
    async fn reason(&self) -> Option<&str> {
        self.internal(|| self.0.statement.reason.as_deref()).flatten()
    }

    /// Its period was reopened, and not drafted again since.
    async fn stale(&self) -> bool {
        self.0.is_stale
    }
}

/// How a client is billed on.
#[derive(SimpleObject)]
pub struct RebillTerms {
    client: CostCenter,
    treatment: RebillTreatment,
    receivable_account: Account,
    /// That of the draft when absent.
    markup_percent: Option<Decimal>,
    /// Whether the client's statements show cost, markup, and where shared cost came from.
    shows_cost: bool,
}

impl From<app::RebillTermsView> for RebillTerms {
    fn from(view: app::RebillTermsView) -> Self {
        Self {
            client: view.client.into(),
            treatment: view.treatment.into(),
            receivable_account: view.receivable.into(),
            markup_percent: view.markup.map(Decimal::from),
            shows_cost: view.shows_cost,
        }
    }
}

/// How a client is billed on, as it is saved.
#[derive(Debug, Clone, InputObject)]
pub struct RebillTermsInput {
    /// Code of the client.
    client: String,
    treatment: RebillTreatment,
    /// An asset, such as 1100; 1150 when absent.
    receivable_account: Option<String>,
    /// That of the draft when absent.
    markup_percent: Option<Decimal>,
    /// Whether the client's statements show cost, markup, and where shared cost came from. What clients read shows prices alone otherwise.
    #[graphql(default)]
    shows_cost: bool,
}

impl From<RebillTermsInput> for app::RebillTermsInput {
    fn from(input: RebillTermsInput) -> Self {
        Self {
            client: input.client,
            treatment: input.treatment.into(),
            receivable: input.receivable_account,
            markup_percent: input.markup_percent.map(|percent| percent.0),
            shows_cost: input.shows_cost,
        }
    }
}

/// What a unit of usage is charged at, for days.
#[derive(SimpleObject)]
pub struct StandardRate {
    number: BigInt,
    /// Absent for every provider.
    provider: Option<String>,
    /// Absent for every model.
    model: Option<String>,
    meter: String,
    per: BigInt,
    amount: Decimal,
    currency: CurrencyCode,
    valid_from: Date,
    /// The first day on which it no longer is.
    valid_to: Option<Date>,
}

impl From<domain::StandardRate> for StandardRate {
    fn from(rate: domain::StandardRate) -> Self {
        Self {
            number: rate.number.into(),
            provider: rate.provider,
            model: rate.model,
            meter: rate.meter.as_str().to_owned(),
            per: rate.per.into(),
            amount: rate.amount.into(),
            currency: rate.currency.into(),
            valid_from: rate.valid_from.into(),
            valid_to: rate.valid_to.map(Date::from),
        }
    }
}

/// What a unit of usage is charged at. Of several rates that apply, one for the model goes before one for all, and the latest saved
/// before earlier ones.
#[derive(Debug, Clone, InputObject)]
pub struct StandardRateInput {
    /// Absent for every provider.
    provider: Option<String>,
    /// Absent for every model; then a meter is needed.
    model: Option<String>,
    /// `tokens` (input and output, the default), `input_tokens`, `output_tokens`, `cache_read_tokens` or `charges`.
    meter: Option<String>,
    /// Units that the amount is for, such as 1000000.
    per: BigInt,
    amount: Decimal,
    currency: CurrencyCode,
    valid_from: Date,
    /// The first day on which it no longer is.
    valid_to: Option<Date>,
}

impl StandardRateInput {
    /// # Errors
    /// Refusals of the numbers and days at their fields.
    pub fn read(self) -> Result<app::StandardRateInput, Rejection> {
        Ok(app::StandardRateInput {
            provider: self.provider,
            model: self.model,
            meter: self.meter,
            per: self.per.to_i64("per")?,
            amount: self.amount.0,
            currency: self.currency.0,
            valid_from: self.valid_from.to_day("validFrom")?,
            valid_to: self.valid_to.map(|day| day.to_day("validTo")).transpose()?,
        })
    }
}
