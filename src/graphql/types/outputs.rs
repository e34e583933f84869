//! Outputs and their units.

use async_graphql::{InputObject, SimpleObject};

use crate::app::outputs as app;
use crate::domain::money::{Currency, Money};
use crate::domain::outputs::output_quantity;
use crate::domain::rejection::{Code, Rejection};
use crate::graphql::scalars::{CurrencyCode, Date, Decimal};

/// What was produced on a day.
#[derive(Debug, Clone, InputObject)]
pub struct OutputInput {
    /// The system that counts; with `externalId` it is the key of the output, for ever.
    source: String,
    external_id: String,
    produced_on: Date,
    /// A standard unit such as `ticket_resolved`, or one saved with saveOutputUnits.
    unit: String,
    /// Not zero, with at most six decimals. Below zero it takes earlier outputs of the same unit, day and centers back.
    quantity: Decimal,
    /// What they are worth, with its currency; of the sign of the quantity.
    value: Option<Decimal>,
    currency: Option<CurrencyCode>,
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
}

impl OutputInput {
    /// # Errors
    /// `DATE_INVALID`, `OUTPUT_INVALID`, `CURRENCY_UNKNOWN`, `MISSING_FIELD` for a value without a currency, the refusals of an amount.
    pub fn read(self) -> Result<app::OutputInput, Rejection> {
        let currency = self.currency.map(|code| Currency::parse(&code.0).map_err(|rejection| rejection.under("currency"))).transpose()?;
        let value = match (self.value, currency) {
            (None, _) => None,
            (Some(_), None) => return Err(Rejection::at(Code::MissingField, "currency", "a value needs its `currency`, such as USD")),
            (Some(value), Some(currency)) => Some(Money::parse(&value.0, currency).map_err(|rejection| rejection.under("value"))?),
        };
        Ok(app::OutputInput {
            produced_on: self.produced_on.to_day("producedOn")?,
            quantity: output_quantity(&self.quantity.0)?,
            value,
            source: self.source,
            external_id: self.external_id,
            unit: self.unit,
            team: self.team,
            project: self.project,
            client: self.client,
            feature: self.feature,
        })
    }
}

/// A unit to save.
#[derive(Debug, Clone, InputObject)]
pub struct OutputUnitInput {
    /// Lower-case letters, digits and underscores, beginning with a letter; at most 50.
    code: String,
    name: String,
}

impl From<OutputUnitInput> for app::OutputUnit {
    fn from(input: OutputUnitInput) -> Self {
        Self { code: input.code, name: input.name }
    }
}

/// A unit that outputs are counted in.
#[derive(SimpleObject)]
pub struct OutputUnit {
    code: String,
    name: String,
    /// Whether every set of books has it.
    is_standard: bool,
}

impl From<app::KnownUnit> for OutputUnit {
    fn from(known: app::KnownUnit) -> Self {
        Self { code: known.unit.code, name: known.unit.name, is_standard: known.is_standard }
    }
}
