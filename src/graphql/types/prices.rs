//! Prices, discounts and model aliases.

use async_graphql::{Enum, ID, InputObject, SimpleObject};

use super::enums::Processing;
use crate::app::masters as app;
use crate::domain::rating;
use crate::domain::rejection::Rejection;
use crate::graphql::scalars::{BigInt, CurrencyCode, DateTime, Decimal};

/// Where a price comes from; a later one in this list stands above an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::rating::Precedence")]
pub enum PriceOrigin {
    /// The list that comes with the program.
    BuiltIn,
    /// An imported price map.
    Imported,
    /// Saved by the organisation.
    Set,
}

/// One immutable line of the price book. A correction is a new line; the latest applicable one counts.
#[derive(Debug, Clone, SimpleObject)]
pub struct Price {
    id: ID,
    provider: String,
    model: String,
    meter: String,
    processing: Processing,
    /// Absent: the provider's default tier.
    service_tier: Option<String>,
    /// Absent: every region without a price of its own.
    region: Option<String>,
    /// The price of the whole request when its input of all classes is above this many tokens.
    above_input_tokens: Option<BigInt>,
    /// Money for `per` units.
    amount: Decimal,
    per: BigInt,
    currency: CurrencyCode,
    effective_from: DateTime,
    /// Excluded; open when absent.
    effective_to: Option<DateTime>,
    origin: PriceOrigin,
    /// Where the figure was read.
    source: String,
    /// When the books learned it.
    recorded_at: DateTime,
}

impl From<rating::Price> for Price {
    fn from(price: rating::Price) -> Self {
        let rating::PriceTerms { key, unit_price, effective_from, effective_to, precedence, source } = price.terms;
        Self {
            id: ID(price.id.to_string()),
            provider: key.provider,
            model: key.model,
            meter: key.meter.code().to_owned(),
            processing: key.processing.into(),
            service_tier: key.service_tier,
            region: key.region,
            above_input_tokens: key.above_input_tokens.map(BigInt::from),
            amount: unit_price.amount().into(),
            per: unit_price.per().into(),
            currency: unit_price.currency().into(),
            effective_from: effective_from.into(),
            effective_to: effective_to.map(DateTime::from),
            origin: precedence.into(),
            source,
            recorded_at: price.recorded_at.into(),
        }
    }
}

/// A price to save: `amount` for `per` units, such as 2.50 for 1000000.
#[derive(Debug, Clone, InputObject)]
pub struct PriceInput {
    provider: String,
    model: String,
    meter: String,
    /// A product of twos and fives, such as 1, 1000 or 1000000.
    per: BigInt,
    amount: Decimal,
    currency: CurrencyCode,
    effective_from: DateTime,
    /// Excluded; open when absent.
    effective_to: Option<DateTime>,
    processing: Option<Processing>,
    service_tier: Option<String>,
    region: Option<String>,
    above_input_tokens: Option<BigInt>,
    /// Where the figure was read: an address or a contract's name.
    source: Option<String>,
}

impl PriceInput {
    /// # Errors
    /// `DATE_INVALID`, `QUANTITY_INVALID` at the field.
    pub fn read(self) -> Result<app::PriceInput, Rejection> {
        Ok(app::PriceInput {
            provider: self.provider,
            model: self.model,
            meter: self.meter,
            per: self.per.0,
            amount: self.amount.0,
            currency: self.currency.0,
            effective_from: self.effective_from.to_instant("effectiveFrom")?,
            effective_to: self.effective_to.map(|to| to.to_instant("effectiveTo")).transpose()?,
            processing: self.processing.map(Into::into),
            service_tier: self.service_tier,
            region: self.region,
            above_input_tokens: self.above_input_tokens.map(|tokens| tokens.to_i64("aboveInputTokens")).transpose()?,
            source: self.source,
        })
    }
}

/// A contracted discount on the list prices of a provider, or of one of its models.
#[derive(Debug, Clone, SimpleObject)]
pub struct Discount {
    id: ID,
    provider: String,
    /// Absent: every model without a discount of its own.
    model: Option<String>,
    /// Percent taken off, above 0 and at most 100.
    percent: Decimal,
    effective_from: DateTime,
    effective_to: Option<DateTime>,
    source: String,
}

impl From<rating::Discount> for Discount {
    fn from(discount: rating::Discount) -> Self {
        Self {
            id: ID(discount.id.to_string()),
            provider: discount.provider,
            model: discount.model,
            percent: discount.percent.into(),
            effective_from: discount.effective_from.into(),
            effective_to: discount.effective_to.map(DateTime::from),
            source: discount.source,
        }
    }
}

/// A discount to save.
#[derive(Debug, Clone, InputObject)]
pub struct DiscountInput {
    provider: String,
    model: Option<String>,
    /// Percent taken off, above 0 and at most 100, such as "12.5".
    percent: Decimal,
    effective_from: DateTime,
    effective_to: Option<DateTime>,
    /// The contract that grants it.
    source: Option<String>,
}

impl DiscountInput {
    /// # Errors
    /// `DATE_INVALID` at the field.
    pub fn read(self) -> Result<app::DiscountInput, Rejection> {
        Ok(app::DiscountInput {
            provider: self.provider,
            model: self.model,
            percent: self.percent.0,
            effective_from: self.effective_from.to_instant("effectiveFrom")?,
            effective_to: self.effective_to.map(|to| to.to_instant("effectiveTo")).transpose()?,
            source: self.source,
        })
    }
}

/// Another name of a priced model.
#[derive(Debug, Clone, SimpleObject)]
pub struct ModelAlias {
    provider: String,
    alias: String,
    /// The model whose prices count.
    model: String,
}

impl From<app::ModelAlias> for ModelAlias {
    fn from(alias: app::ModelAlias) -> Self {
        Self { provider: alias.provider, alias: alias.alias, model: alias.model }
    }
}

/// Which alias: a provider, and the name that is not the model's own.
#[derive(Debug, Clone, InputObject)]
pub struct ModelAliasName {
    provider: String,
    alias: String,
}

impl From<ModelAliasName> for app::AliasName {
    fn from(name: ModelAliasName) -> Self {
        Self { provider: name.provider, alias: name.alias }
    }
}

/// An alias to save; one with the same provider and alias is replaced.
#[derive(Debug, Clone, InputObject)]
pub struct ModelAliasInput {
    provider: String,
    alias: String,
    model: String,
}

impl From<ModelAliasInput> for app::ModelAlias {
    fn from(input: ModelAliasInput) -> Self {
        Self { provider: input.provider, alias: input.alias, model: input.model }
    }
}
