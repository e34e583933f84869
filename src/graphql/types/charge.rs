//! Charges.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::OnceCell;

use super::enums::{ChargeStatus, EntryKind, Processing};
use super::journal::JournalEntry;
use super::money::Money;
use crate::app::AppError;
use crate::app::charges as app;
use crate::domain::ids::{ChargeNumber, EntryNumber};
use crate::domain::money::Money as DomainMoney;
use crate::graphql::error::failure;
use crate::graphql::loaders::{ChargeKey, load};
use crate::graphql::scalars::{BigInt, DateTime, Decimal};

/// One AI charge.
pub struct Charge {
    number: ChargeNumber,
    /// What a receipt says; the rest is read when it is asked for, by whoever may read charges.
    receipt: Option<Receipt>,
    charge: OnceCell<Arc<app::Charge>>,
}

struct Receipt {
    external_id: String,
    cost: Option<DomainMoney>,
    entry: Option<EntryNumber>,
}

impl Charge {
    /// A charge as its receipt tells it.
    pub fn of_receipt(number: ChargeNumber, external_id: String, cost: Option<DomainMoney>, entry: Option<EntryNumber>) -> Self {
        Self { number, receipt: Some(Receipt { external_id, cost, entry }), charge: OnceCell::new() }
    }

    /// The charge of this number, if it is visible.
    ///
    /// # Errors
    /// `FORBIDDEN` or a database failure.
    pub async fn load(ctx: &Context<'_>, number: ChargeNumber) -> Result<Option<Self>, Error> {
        let charge = load(ctx, ChargeKey(number)).await?;
        Ok(charge.map(|charge| Self { number, receipt: None, charge: OnceCell::new_with(Some(charge)) }))
    }

    async fn charge(&self, ctx: &Context<'_>) -> Result<&Arc<app::Charge>, Error> {
        self.charge
            .get_or_try_init(|| async {
                load(ctx, ChargeKey(self.number)).await?.ok_or_else(|| failure(ctx, &AppError::NotFound("the charge")))
            })
            .await
    }
}

impl From<app::Charge> for Charge {
    fn from(charge: app::Charge) -> Self {
        Self { number: charge.number, receipt: None, charge: OnceCell::new_with(Some(Arc::new(charge))) }
    }
}

/// One AI charge: a usage event that was attributed, rated and booked, or waits unpriced. In its current state.
#[Object]
impl Charge {
    /// Opaque.
    async fn id(&self) -> ID {
        ID(URL_SAFE_NO_PAD.encode(format!("1:charge:{}", self.number)))
    }

    /// Gapless within the books, in the order of arrival.
    async fn number(&self) -> BigInt {
        self.number.0.into()
    }

    /// The caller's name for it, unique per source for ever.
    async fn external_id(&self, ctx: &Context<'_>) -> Result<String, Error> {
        match &self.receipt {
            Some(receipt) => Ok(receipt.external_id.clone()),
            None => Ok(self.charge(ctx).await?.external_id.clone()),
        }
    }

    /// The system that sent it.
    async fn source(&self, ctx: &Context<'_>) -> Result<String, Error> {
        Ok(self.charge(ctx).await?.source.clone())
    }

    async fn status(&self, ctx: &Context<'_>) -> Result<ChargeStatus, Error> {
        Ok(self.charge(ctx).await?.status.into())
    }

    /// When the call happened.
    async fn occurred_at(&self, ctx: &Context<'_>) -> Result<DateTime, Error> {
        Ok(self.charge(ctx).await?.occurred_at.into())
    }

    /// When the books learned it.
    async fn recorded_at(&self, ctx: &Context<'_>) -> Result<DateTime, Error> {
        Ok(self.charge(ctx).await?.recorded_at.into())
    }

    async fn provider(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.charge(ctx).await?.provider.clone())
    }

    async fn model(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.charge(ctx).await?.model.clone())
    }

    async fn environment(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.charge(ctx).await?.environment.clone())
    }

    async fn processing(&self, ctx: &Context<'_>) -> Result<Processing, Error> {
        Ok(self.charge(ctx).await?.processing.into())
    }

    /// The tier that served it; absent for the provider's default.
    async fn service_tier(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.charge(ctx).await?.service_tier.clone())
    }

    async fn region(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.charge(ctx).await?.region.clone())
    }

    /// The name of the key that made the call.
    async fn api_key(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.charge(ctx).await?.api_key.clone())
    }

    async fn end_user(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.charge(ctx).await?.end_user.clone())
    }

    /// In the order of their keys.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Vec<Tag>, Error> {
        Ok(self.charge(ctx).await?.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect())
    }

    /// What was used, as it came in.
    async fn usage(&self, ctx: &Context<'_>) -> Result<Vec<MeterQuantity>, Error> {
        let usage = &self.charge(ctx).await?.usage;
        Ok(usage
            .iter()
            .map(|(meter, quantity)| MeterQuantity { meter: meter.code().to_owned(), quantity: quantity.exact().into() })
            .collect())
    }

    /// By the latest rating, else the reported cost, rounded once; absent while unpriced. A reversed charge keeps what it had cost.
    async fn cost(&self, ctx: &Context<'_>) -> Result<Option<Money>, Error> {
        match &self.receipt {
            Some(receipt) => Ok(receipt.cost.map(Money::from)),
            None => Ok(self.charge(ctx).await?.cost.map(Money::from)),
        }
    }

    /// What the books carry for it now, corrections included: zero once reversed, absent while unpriced.
    async fn net_cost(&self, ctx: &Context<'_>) -> Result<Option<Money>, Error> {
        Ok(self.charge(ctx).await?.net_cost.map(Money::from))
    }

    /// The cost before its one rounding.
    async fn exact_cost(&self, ctx: &Context<'_>) -> Result<Option<Decimal>, Error> {
        Ok(self.charge(ctx).await?.exact_cost.map(Decimal::from))
    }

    /// What the caller said it cost; kept beside the rated cost.
    async fn reported_cost(&self, ctx: &Context<'_>) -> Result<Option<Money>, Error> {
        Ok(self.charge(ctx).await?.reported_cost.map(Money::from))
    }

    /// Why it waits for a price.
    async fn unpriced_reason(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.charge(ctx).await?.unpriced_reason.clone())
    }

    /// The priced meter lines; none when the cost is the reported one.
    async fn rating(&self, ctx: &Context<'_>) -> Result<Vec<RatingLine>, Error> {
        Ok(self.charge(ctx).await?.rating.iter().map(RatingLine::from).collect())
    }

    /// Who owns the cost, and how that was decided.
    async fn attribution(&self, ctx: &Context<'_>) -> Result<ChargeAttribution, Error> {
        Ok(self.charge(ctx).await?.attribution.clone().into())
    }

    /// Which of its names the books had no room for: it is booked on the name `(other)` in their place, and reports show it there. The charge
    /// itself keeps the names it came with, and is rated by them.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<String>, Error> {
        Ok(self.charge(ctx).await?.note.clone())
    }

    /// The entry that booked it. Absent while unpriced, and for a cost of zero.
    async fn journal_entry(&self, ctx: &Context<'_>) -> Result<Option<JournalEntry>, Error> {
        // What a receipt says is the caller's own; the rest of the entry is for whoever may read the journal.
        if let Some(receipt) = &self.receipt {
            return Ok(receipt.entry.map(JournalEntry::of_number));
        }
        let entry = self.charge(ctx).await?.entry;
        JournalEntry::referred(ctx, entry).await
    }

    /// Later entries that changed what the books carry for it, in the order of posting.
    async fn corrections(&self, ctx: &Context<'_>) -> Result<Vec<Correction>, Error> {
        let corrections = &self.charge(ctx).await?.corrections;
        let referred = corrections.iter().map(|one| async {
            let entry = JournalEntry::referred(ctx, Some(one.entry)).await?;
            Ok::<_, Error>(entry.map(|journal_entry| Correction { kind: one.kind.into(), journal_entry }))
        });
        // All at once, so that the loader asks for them together.
        Ok(futures_util::future::try_join_all(referred).await?.into_iter().flatten().collect())
    }
}

/// A free label on a charge.
#[derive(Debug, Clone, SimpleObject)]
pub struct Tag {
    key: String,
    value: String,
}

/// How much of one meter.
#[derive(Debug, Clone, SimpleObject)]
pub struct MeterQuantity {
    meter: String,
    quantity: Decimal,
}

/// One meter of a rated charge: `amount` = `quantity` x `unitPrice` / `per`, less the discount, unrounded.
#[derive(Debug, Clone, SimpleObject)]
pub struct RatingLine {
    meter: String,
    quantity: Decimal,
    /// Money for `per` units.
    unit_price: Decimal,
    per: BigInt,
    /// Contracted percent off the unit price.
    discount_percent: Option<Decimal>,
    amount: Decimal,
    /// The line of the price book; see `prices`.
    price_id: ID,
    discount_id: Option<ID>,
}

impl From<&app::RatingLine> for RatingLine {
    fn from(line: &app::RatingLine) -> Self {
        Self {
            meter: line.meter.code().to_owned(),
            quantity: line.quantity.exact().into(),
            unit_price: line.unit_price.amount().into(),
            per: line.unit_price.per().into(),
            discount_percent: line.discount_percent.map(Decimal::from),
            amount: line.amount.into(),
            price_id: ID(line.price.to_string()),
            discount_id: line.discount.map(|id| ID(id.to_string())),
        }
    }
}

/// Who owns a charge's cost, by code.
#[derive(Debug, Clone, SimpleObject)]
pub struct ChargeAttribution {
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
    /// The rule that decided at least one of them; absent when the charge's own facts did.
    rule_code: Option<String>,
    /// Why one of them is unattributed.
    reason: Option<String>,
}

impl From<app::ChargeAttribution> for ChargeAttribution {
    fn from(attribution: app::ChargeAttribution) -> Self {
        let app::ChargeAttribution { team, project, client, feature, rule, reason } = attribution;
        Self { team, project, client, feature, rule_code: rule, reason }
    }
}

/// A later entry of a charge.
#[derive(SimpleObject)]
pub struct Correction {
    kind: EntryKind,
    journal_entry: JournalEntry,
}
