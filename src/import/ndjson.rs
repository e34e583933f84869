//! Reads one charge from one line of NDJSON: the field names of `ChargeInput`, one JSON object a line.
//!
//! Invariants: one pass over the line; no bytes make it panic or do more work than the line is long; numbers keep their text, so that
//! quantities are exact and money as a JSON number is refused; `null` is the same as an absent member; every refusal names its field.
//! What a charge must hold (required fields, lengths, dates, sums) is `UsageEvent::new`'s to say, not this reader's.

mod json;
mod lines;

use std::borrow::Cow;

use serde::de::MapAccess;
use serde_json::value::RawValue;

use super::fields::{ChargeField, CostField, FieldName, OtherField, TagField, UsageField};
use super::scalars;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::{ChargeDraft, IncomingCharge, Meter, Quantity, limits};
pub use lines::ChargeLines;

use json::{Fault, Item, Members, Scalar, list, object, tags};

/// Longest line that is read. The longest valid charge, every character of its texts escaped, has about 80 KiB.
pub const MAX_LINE_BYTES: usize = 256 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether a line holds nothing but blanks: such lines are skipped, not charges.
pub fn is_blank(line: &[u8]) -> bool {
    line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// Reads one line, with or without its line end. A line that cannot be read carries its rejection, and its external id where that is legible.
pub fn read_charge(line: &[u8]) -> IncomingCharge {
    match read_draft(line) {
        Ok(draft) => {
            let external_id = (!draft.external_id.is_empty()).then(|| draft.external_id.clone());
            IncomingCharge { external_id, draft: Ok(draft) }
        }
        Err(rejection) => IncomingCharge { external_id: recovered_external_id(line), draft: Err(rejection) },
    }
}

fn read_draft(line: &[u8]) -> Result<ChargeDraft, Rejection> {
    let malformed = |message: String| Rejection { code: Code::MalformedJson, path: Vec::new(), message };
    if line.len() > MAX_LINE_BYTES {
        return Err(malformed(format!("the line has {} bytes; a charge has at most {MAX_LINE_BYTES}", line.len())));
    }
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    // One check of the whole line spares one for each text in it.
    let text = std::str::from_utf8(line)
        .map_err(|error| malformed(format!("the line is not UTF-8: byte {} begins no character", error.valid_up_to().saturating_add(1))))?;
    let mut charge = Charge::default();
    let mut fault = Fault::default();
    match json::read(text, &mut charge, &mut fault) {
        Ok(()) => Ok(charge.draft),
        Err(error) => Err(fault.rejection(&error)),
    }
}

/// The external id of a line that was refused for something else, so that its sender finds it.
fn recovered_external_id(line: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Key {
        #[serde(rename = "externalId")]
        external_id: Option<String>,
    }
    if line.len() > MAX_LINE_BYTES {
        return None;
    }
    let key: Key = serde_json::from_slice(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)).ok()?;
    key.external_id.filter(|id| !id.is_empty() && id.len() <= limits::EXTERNAL_ID)
}

#[derive(Default)]
struct Charge {
    draft: ChargeDraft,
}

impl<'de> Members<'de> for Charge {
    type Field = ChargeField;

    #[inline]
    fn member<M: MapAccess<'de>>(&mut self, field: ChargeField, map: &mut M, fault: &mut Fault) -> Result<(), M::Error> {
        let draft = &mut self.draft;
        match field {
            ChargeField::Source => draft.source = required_text(map)?,
            ChargeField::ExternalId => draft.external_id = required_text(map)?,
            ChargeField::OccurredAt => {
                if let Some(raw) = map.next_value::<Option<&RawValue>>()? {
                    draft.occurred_at = Some(fault.check(occurred_at(raw))?);
                }
            }
            ChargeField::Provider => draft.provider = required_text(map)?,
            ChargeField::Model => draft.model = required_text(map)?,
            ChargeField::Team => draft.team = map.next_value()?,
            ChargeField::Project => draft.project = map.next_value()?,
            ChargeField::Client => draft.client = map.next_value()?,
            ChargeField::Feature => draft.feature = map.next_value()?,
            ChargeField::Environment => draft.environment = map.next_value()?,
            ChargeField::ApiKey => draft.api_key = map.next_value()?,
            ChargeField::EndUser => draft.end_user = map.next_value()?,
            ChargeField::Processing => {
                if let Some(word) = map.next_value::<Option<Cow<'de, str>>>()? {
                    draft.processing = Some(fault.check(scalars::processing(&word))?);
                }
            }
            ChargeField::ServiceTier => draft.service_tier = map.next_value()?,
            ChargeField::Region => draft.region = map.next_value()?,
            ChargeField::Tags => map.next_value_seed(tags::<Tag>(&mut draft.tags, fault))?,
            ChargeField::Usage => map.next_value_seed(object(&mut Usage { draft }, fault))?,
            ChargeField::ReportedCost => {
                let mut cost = ReportedCost::default();
                map.next_value_seed(object(&mut cost, fault))?;
                if !cost.is_absent() {
                    draft.reported_cost = Some(fault.check(cost.money())?);
                }
            }
        }
        Ok(())
    }
}

/// A required text; absent and `null` are both empty, which the charge's own check refuses by name.
#[inline]
fn required_text<'de, M: MapAccess<'de>>(map: &mut M) -> Result<String, M::Error> {
    Ok(map.next_value::<Option<String>>()?.unwrap_or_default())
}

fn occurred_at(raw: &RawValue) -> Result<chrono::DateTime<chrono::Utc>, Rejection> {
    match Scalar::of(raw)? {
        Scalar::Text(text) => scalars::instant(&text),
        // The same sentence as for digits in a text: it looks like a Unix time.
        Scalar::Number(digits) => scalars::instant(digits),
        Scalar::Neither(kind) => Err(json::wrong_type(format!("takes an instant as text such as \"2026-01-05T14:03:22Z\", not {kind}"))),
    }
}

fn quantity(raw: &RawValue) -> Result<Quantity, Rejection> {
    match Scalar::of(raw)? {
        Scalar::Text(text) => Quantity::parse(&text),
        Scalar::Number(digits) => Quantity::parse(digits),
        Scalar::Neither(kind) => Err(json::wrong_type(format!("takes a count, as a JSON integer or as text, not {kind}"))),
    }
}

struct Usage<'a> {
    draft: &'a mut ChargeDraft,
}

impl<'de> Members<'de> for Usage<'_> {
    type Field = UsageField;

    #[inline]
    fn member<M: MapAccess<'de>>(&mut self, field: UsageField, map: &mut M, fault: &mut Fault) -> Result<(), M::Error> {
        let meter = match field {
            UsageField::InputTokens => Some(Meter::INPUT),
            UsageField::OutputTokens => Some(Meter::OUTPUT),
            UsageField::CacheReadTokens => Some(Meter::CACHE_READ),
            UsageField::CacheWrite5mTokens => Some(Meter::CACHE_WRITE_5M),
            UsageField::CacheWrite1hTokens => Some(Meter::CACHE_WRITE_1H),
            UsageField::ReasoningTokens => Some(Meter::REASONING),
            UsageField::TotalInputTokens => None,
            UsageField::Other => return map.next_value_seed(list::<Other<'de>>(&mut self.draft.quantities, fault)),
        };
        let Some(raw) = map.next_value::<Option<&RawValue>>()? else { return Ok(()) };
        let counted = quantity(raw).and_then(|quantity| quantity.of_meter(meter.as_ref().unwrap_or(&Meter::INPUT)));
        let quantity = fault.check(counted)?;
        match meter {
            Some(meter) => self.draft.quantities.push((meter, quantity)),
            None => self.draft.total_input = Some(quantity),
        }
        Ok(())
    }
}

/// One of `usage.other`.
#[derive(Default)]
struct Other<'de> {
    meter: Option<Cow<'de, str>>,
    quantity: Option<Quantity>,
}

impl<'de> Members<'de> for Other<'de> {
    type Field = OtherField;

    fn member<M: MapAccess<'de>>(&mut self, field: OtherField, map: &mut M, fault: &mut Fault) -> Result<(), M::Error> {
        match field {
            OtherField::Meter => self.meter = map.next_value()?,
            OtherField::Quantity => {
                if let Some(raw) = map.next_value::<Option<&RawValue>>()? {
                    self.quantity = Some(fault.check(quantity(raw))?);
                }
            }
        }
        Ok(())
    }
}

impl<'de> Item<'de> for Other<'de> {
    type Done = (Meter, Quantity);

    fn done(self) -> Result<Self::Done, Rejection> {
        let code = self.meter.ok_or_else(|| json::missing(OtherField::Meter))?;
        let meter = Meter::parse(&code).map_err(|rejection| rejection.under(OtherField::Meter.name()))?;
        let quantity = self.quantity.ok_or_else(|| json::missing(OtherField::Quantity))?;
        let quantity = quantity.of_meter(&meter).map_err(|rejection| rejection.under(OtherField::Quantity.name()))?;
        Ok((meter, quantity))
    }
}

/// One of `tags`.
#[derive(Default)]
struct Tag {
    key: Option<String>,
    value: Option<String>,
}

impl<'de> Members<'de> for Tag {
    type Field = TagField;

    fn member<M: MapAccess<'de>>(&mut self, field: TagField, map: &mut M, _: &mut Fault) -> Result<(), M::Error> {
        match field {
            TagField::Key => self.key = map.next_value()?,
            TagField::Value => self.value = map.next_value()?,
        }
        Ok(())
    }
}

impl<'de> Item<'de> for Tag {
    type Done = (String, String);

    fn done(self) -> Result<Self::Done, Rejection> {
        let key = self.key.ok_or_else(|| json::missing(TagField::Key))?;
        Ok((key, self.value.ok_or_else(|| json::missing(TagField::Value))?))
    }
}

#[derive(Default)]
struct ReportedCost<'de> {
    amount: Option<Cow<'de, str>>,
    currency: Option<Cow<'de, str>>,
}

impl<'de> Members<'de> for ReportedCost<'de> {
    type Field = CostField;

    fn member<M: MapAccess<'de>>(&mut self, field: CostField, map: &mut M, fault: &mut Fault) -> Result<(), M::Error> {
        match field {
            CostField::Currency => self.currency = map.next_value()?,
            CostField::Amount => {
                let Some(raw) = map.next_value::<Option<&'de RawValue>>()? else { return Ok(()) };
                self.amount = Some(fault.check(match Scalar::of(raw) {
                    Ok(Scalar::Text(text)) => Ok(text),
                    Ok(Scalar::Number(_)) => Err(Rejection::of(Code::MoneyNotText)),
                    Ok(Scalar::Neither(kind)) => Err(json::wrong_type(format!("takes a decimal as text such as \"0.25\", not {kind}"))),
                    Err(rejection) => Err(rejection),
                })?);
            }
        }
        Ok(())
    }
}

impl ReportedCost<'_> {
    /// `null` and `{}` say nothing, so there is no reported cost.
    fn is_absent(&self) -> bool {
        self.amount.is_none() && self.currency.is_none()
    }

    fn money(&self) -> Result<crate::domain::money::Money, Rejection> {
        let amount = self.amount.as_deref().ok_or_else(|| json::missing(CostField::Amount))?;
        let currency = self.currency.as_deref().ok_or_else(|| json::missing(CostField::Currency))?;
        scalars::money((CostField::Amount.name(), amount), (CostField::Currency.name(), currency))
    }
}

#[cfg(test)]
mod tests;
