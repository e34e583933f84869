//! Charges on their way in, and their receipts.

use async_graphql::{InputObject, SimpleObject};

use super::charge::Charge;
use super::enums::{Processing, RecordStatus};
use super::money::MoneyInput;
use crate::app::ingest::{Outcome, Receipt};
use crate::domain::rejection::Rejection;
use crate::domain::usage::{ChargeDraft, IncomingCharge, Meter, Quantity};
use crate::graphql::error::UserError;
use crate::graphql::scalars::{BigInt, DateTime, Decimal};

/// Charges to record.
#[derive(Debug, Clone, InputObject)]
pub struct RecordChargesInput {
    /// At most 1,000; see `limits`.
    pub charges: Vec<ChargeInput>,
    /// Whether one refused charge refuses all.
    #[graphql(default)]
    pub atomic: bool,
}

/// One AI charge. `source` and `externalId` are its key for ever: the same key with the same content is answered with the first receipt.
#[derive(Debug, Clone, InputObject)]
pub struct ChargeInput {
    /// The system that sends it, such as the gateway's name.
    source: String,
    external_id: String,
    /// When the call happened.
    occurred_at: DateTime,
    provider: String,
    /// The served model; a dated snapshot finds its family's price.
    model: String,
    /// Code of a saved cost center; an unknown one is kept as unattributed with the reason.
    team: Option<String>,
    project: Option<String>,
    client: Option<String>,
    feature: Option<String>,
    environment: Option<String>,
    /// The name of the key that made the call, never the key itself.
    api_key: Option<String>,
    end_user: Option<String>,
    /// `STANDARD` when absent.
    processing: Option<Processing>,
    service_tier: Option<String>,
    region: Option<String>,
    tags: Option<Vec<TagInput>>,
    /// Required unless `reportedCost` is given.
    usage: Option<UsageInput>,
    /// What the provider or gateway said it cost: kept beside the rated cost, and booked where there is no price.
    reported_cost: Option<MoneyInput>,
}

/// A free label on a charge.
#[derive(Debug, Clone, InputObject)]
pub struct TagInput {
    key: String,
    value: String,
}

/// What was used. The classes are disjoint: `inputTokens` are fresh, uncached tokens. Only `reasoningTokens` is a part of another:
/// the part of `outputTokens` that was reasoning.
#[derive(Debug, Clone, InputObject)]
pub struct UsageInput {
    input_tokens: Option<BigInt>,
    output_tokens: Option<BigInt>,
    cache_read_tokens: Option<BigInt>,
    /// Written to a cache that lives five minutes.
    #[graphql(name = "cacheWrite5mTokens")]
    cache_write_5m_tokens: Option<BigInt>,
    /// Written to a cache that lives an hour.
    #[graphql(name = "cacheWrite1hTokens")]
    cache_write_1h_tokens: Option<BigInt>,
    reasoning_tokens: Option<BigInt>,
    /// All input classes together, for sources that count cached tokens as part of the input: the fresh tokens are what is left of it.
    total_input_tokens: Option<BigInt>,
    other: Option<Vec<MeterQuantityInput>>,
}

/// How much of another meter, such as `seconds` or `web_searches`.
#[derive(Debug, Clone, InputObject)]
pub struct MeterQuantityInput {
    meter: String,
    quantity: Decimal,
}

impl ChargeInput {
    /// The charge with whatever could not be read of it, so that it gets a receipt.
    pub fn into_incoming(self) -> IncomingCharge {
        IncomingCharge { external_id: Some(self.external_id.clone()), draft: self.into_draft() }
    }

    fn into_draft(self) -> Result<ChargeDraft, Rejection> {
        let occurred_at = self.occurred_at.to_instant("occurredAt")?;
        let (quantities, total_input) = match self.usage {
            Some(usage) => usage.read().map_err(|rejection| rejection.under("usage"))?,
            None => (Vec::new(), None),
        };
        let reported_cost =
            self.reported_cost.map(|cost| cost.to_money()).transpose().map_err(|rejection| rejection.under("reportedCost"))?;
        Ok(ChargeDraft {
            source: self.source,
            external_id: self.external_id,
            occurred_at: Some(occurred_at),
            provider: self.provider,
            model: self.model,
            team: self.team,
            project: self.project,
            client: self.client,
            feature: self.feature,
            environment: self.environment,
            api_key: self.api_key,
            end_user: self.end_user,
            processing: self.processing.map(Into::into),
            service_tier: self.service_tier,
            region: self.region,
            tags: self.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect(),
            quantities,
            total_input,
            reported_cost,
        })
    }
}

/// Quantities by meter, and the total of all input classes where it was given.
type ReadUsage = (Vec<(Meter, Quantity)>, Option<Quantity>);

impl UsageInput {
    fn read(self) -> Result<ReadUsage, Rejection> {
        let classes = [
            ("inputTokens", Meter::INPUT, self.input_tokens),
            ("outputTokens", Meter::OUTPUT, self.output_tokens),
            ("cacheReadTokens", Meter::CACHE_READ, self.cache_read_tokens),
            ("cacheWrite5mTokens", Meter::CACHE_WRITE_5M, self.cache_write_5m_tokens),
            ("cacheWrite1hTokens", Meter::CACHE_WRITE_1H, self.cache_write_1h_tokens),
            ("reasoningTokens", Meter::REASONING, self.reasoning_tokens),
        ];
        let mut quantities = Vec::new();
        for (field, meter, value) in classes {
            let Some(value) = value else { continue };
            let quantity = Quantity::parse(&value.0).and_then(|quantity| quantity.of_meter(&meter));
            quantities.push((meter, quantity.map_err(|rejection| rejection.under(field))?));
        }
        for (position, line) in self.other.unwrap_or_default().into_iter().enumerate() {
            let at = |field: &'static str| move |rejection: Rejection| rejection.under(field).under(position.to_string()).under("other");
            let meter = Meter::parse(&line.meter).map_err(at("meter"))?;
            let quantity = Quantity::parse(&line.quantity.0).and_then(|quantity| quantity.of_meter(&meter));
            quantities.push((meter, quantity.map_err(at("quantity"))?));
        }
        let total = self.total_input_tokens.map(|total| Quantity::parse(&total.0)?.of_meter(&Meter::INPUT)).transpose();
        Ok((quantities, total.map_err(|rejection| rejection.under("totalInputTokens"))?))
    }
}

/// What became of the charges of one call, in their order.
#[derive(SimpleObject, Default)]
pub struct RecordChargesPayload {
    recorded: i32,
    replayed: i32,
    unpriced: i32,
    rejected: i32,
    results: Vec<RecordChargeResult>,
    /// Refusals of the call as a whole; nothing was recorded then.
    user_errors: Vec<UserError>,
}

impl RecordChargesPayload {
    /// The call was refused as a whole.
    pub fn refused(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

/// What became of one charge.
#[derive(SimpleObject)]
pub struct RecordChargeResult {
    /// Its position in the call, from 0.
    index: i32,
    status: RecordStatus,
    /// Absent when it was rejected.
    charge: Option<Charge>,
    /// Why it was rejected, with the path within the charge.
    error: Option<UserError>,
    /// Why it waits for a price.
    unpriced_reason: Option<String>,
    /// Which of its names the books had no room for: it is booked on the name `(other)` instead.
    note: Option<String>,
}

impl From<Vec<Receipt>> for RecordChargesPayload {
    fn from(receipts: Vec<Receipt>) -> Self {
        let mut payload = Self::default();
        for (index, receipt) in (0..).zip(receipts) {
            let result = RecordChargeResult::of(index, receipt);
            let count = match result.status {
                RecordStatus::Recorded => &mut payload.recorded,
                RecordStatus::Replayed => &mut payload.replayed,
                RecordStatus::Unpriced => &mut payload.unpriced,
                RecordStatus::Rejected => &mut payload.rejected,
            };
            *count += 1;
            payload.results.push(result);
        }
        payload
    }
}

impl RecordChargeResult {
    fn of(index: i32, receipt: Receipt) -> Self {
        let external_id = receipt.external_id.unwrap_or_default();
        let empty = |status| Self { index, status, charge: None, error: None, unpriced_reason: None, note: None };
        match receipt.outcome {
            Outcome::Recorded { charge, entry, cost, note } => {
                Self { charge: Some(Charge::of_receipt(charge, external_id, Some(cost), entry)), note, ..empty(RecordStatus::Recorded) }
            }
            Outcome::Unpriced { charge, reason, note } => Self {
                charge: Some(Charge::of_receipt(charge, external_id, None, None)),
                unpriced_reason: Some(reason),
                note,
                ..empty(RecordStatus::Unpriced)
            },
            Outcome::Replayed { charge, entry, cost } => {
                Self { charge: Some(Charge::of_receipt(charge, external_id, cost, entry)), ..empty(RecordStatus::Replayed) }
            }
            Outcome::Rejected(rejection) => Self { error: Some(UserError::from(rejection)), ..empty(RecordStatus::Rejected) },
        }
    }
}
