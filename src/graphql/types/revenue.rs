//! Revenue and what waits of it.

use async_graphql::{Enum, InputObject, SimpleObject};

use super::finance::amounts;
use super::masters::CostCenter;
use super::money::Money;
use crate::app::revenue as app;
use crate::domain::money::{Amount, Currency, Exact, Money as DomainMoney};
use crate::domain::rejection::Rejection;
use crate::domain::revenue::revenue_quantity;
use crate::graphql::scalars::{BigInt, CurrencyCode, Date, DateTime, Decimal};

/// What the client pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::revenue::RevenueKind")]
pub enum RevenueKind {
    FixedFee,
    TimeAndMaterial,
    Retainer,
    PerUnit,
    SubscriptionShare,
}

/// Revenue earned on a day, over a time, or by how much of a contract is done. Its amount is stated in one way: `amount`; `quantity` and
/// `unitPrice`; or `contractAmount` and `percentComplete`.
#[derive(Debug, Clone, InputObject)]
pub struct RevenueEntryInput {
    /// The system that knows the revenue; with `externalId` it is the key of the entry, for ever.
    source: String,
    external_id: String,
    #[graphql(default_with = "RevenueKind::FixedFee")]
    kind: RevenueKind,
    /// The day, or the first day of the time, on which it is earned.
    earned_on: Date,
    /// The last day of the time over which it is earned: the amount is spread over its days, one part a month. Parts of days to come wait.
    earned_through: Option<Date>,
    /// Not zero. Below zero it takes earlier revenue back, and `memo` says why.
    amount: Option<Decimal>,
    currency: CurrencyCode,
    /// The contract it is earned under.
    contract: Option<String>,
    /// What all of the contract is worth.
    contract_amount: Option<Decimal>,
    /// How much of the contract is done, from 0 to 100 with at most four decimals. Recognised is what is done less what was recorded under the
    /// contract before.
    percent_complete: Option<Decimal>,
    /// For PER_UNIT and TIME_AND_MATERIAL, with at most six decimals.
    quantity: Option<Decimal>,
    /// The amount is `quantity` times `unitPrice`, rounded once to the nine decimals of the ledger, half to even.
    unit_price: Option<Decimal>,
    team: Option<String>,
    project: Option<String>,
    /// Code of the client, who owes it.
    client: Option<String>,
    feature: Option<String>,
    /// Stands in the journal.
    memo: Option<String>,
}

impl RevenueEntryInput {
    /// # Errors
    /// `DATE_INVALID`, `CURRENCY_UNKNOWN`, `REVENUE_INVALID`, the refusals of an amount.
    pub fn read(self) -> Result<app::RevenueInput, Rejection> {
        let currency = Currency::parse(&self.currency.0).map_err(|rejection| rejection.under("currency"))?;
        let amount = |field: &'static str, text: Option<Decimal>| -> Result<Option<Amount>, Rejection> {
            let read = |text: Decimal| DomainMoney::parse(&text.0, currency).map(|money| money.amount);
            text.map(read).transpose().map_err(|rejection| rejection.under(field))
        };
        let stated = app::Stated {
            amount: amount("amount", self.amount)?,
            contract_amount: amount("contractAmount", self.contract_amount)?,
            complete: self.percent_complete.map(|percent| app::Completion::parse(&percent.0)).transpose()?,
            quantity: self.quantity.map(|quantity| revenue_quantity(&quantity.0)).transpose()?,
            unit_price: self
                .unit_price
                .map(|price| Exact::parse(&price.0).map_err(|rejection| rejection.under("unitPrice")))
                .transpose()?,
        };
        Ok(app::RevenueInput {
            source: self.source,
            external_id: self.external_id,
            kind: self.kind.into(),
            earned_on: self.earned_on.to_day("earnedOn")?,
            earned_through: self.earned_through.map(|day| day.to_day("earnedThrough")).transpose()?,
            stated,
            currency,
            contract: self.contract,
            team: self.team,
            project: self.project,
            client: self.client,
            feature: self.feature,
            memo: self.memo,
        })
    }
}

/// Revenue as it was recorded. It is never changed.
#[derive(SimpleObject)]
pub struct RevenueEntry {
    id: BigInt,
    source: String,
    external_id: String,
    kind: RevenueKind,
    earned_on: Date,
    /// The last day of the time over which it is earned; `earnedOn` where it is earned at once.
    earned_through: Date,
    amount: Money,
    /// What of it is booked: all parts whose day has come and that `recognizeRevenue` took.
    recognized: Money,
    contract: Option<String>,
    contract_amount: Option<Money>,
    /// How much of the contract was done.
    percent_complete: Option<Decimal>,
    quantity: Option<Decimal>,
    /// As it was given. Null beside a quantity that an earlier version recorded, which kept no price.
    unit_price: Option<Decimal>,
    team: Option<CostCenter>,
    project: Option<CostCenter>,
    client: Option<CostCenter>,
    feature: Option<String>,
    memo: Option<String>,
    recorded_at: DateTime,
}

impl From<app::RevenueEntry> for RevenueEntry {
    fn from(entry: app::RevenueEntry) -> Self {
        let app::RevenueEntry { recorded, team, project, client } = entry;
        Self {
            id: recorded.number.into(),
            source: recorded.source,
            external_id: recorded.external_id,
            kind: recorded.kind.into(),
            earned_on: recorded.earned_from.into(),
            earned_through: recorded.earned_through.into(),
            amount: recorded.money.into(),
            recognized: recorded.recognised.into(),
            contract: recorded.contract,
            contract_amount: recorded.contract_amount.map(Money::from),
            percent_complete: recorded.complete.map(|complete| complete.percent().into()),
            quantity: recorded.quantity.map(|quantity| quantity.exact().into()),
            unit_price: recorded.unit_price.map(Decimal::from),
            team: team.map(CostCenter::from),
            project: project.map(CostCenter::from),
            client: client.map(CostCenter::from),
            feature: recorded.feature,
            memo: recorded.memo,
            recorded_at: recorded.recorded_at.into(),
        }
    }
}

/// Parts of revenue whose day has not come, or that nobody recognised yet.
#[derive(SimpleObject)]
pub struct WaitingRevenue {
    parts: BigInt,
    amounts: Vec<Money>,
}

impl From<app::WaitingRevenue> for WaitingRevenue {
    fn from(waiting: app::WaitingRevenue) -> Self {
        Self { parts: waiting.parts.into(), amounts: amounts(&waiting.amounts) }
    }
}
