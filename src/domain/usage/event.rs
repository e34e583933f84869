//! One usage event: checked once, here, and immutable afterwards.

use chrono::{DateTime, Utc};

use super::{Meter, Quantity};
use crate::domain::money::Money;
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};

/// Longest texts and lists of one charge. Beyond these an input is a mistake or an attack, and indexes would suffer.
pub mod limits {
    pub const SOURCE: usize = 64;
    pub const EXTERNAL_ID: usize = 200;
    pub const CODE: usize = 64;
    pub const MODEL: usize = 128;
    pub const END_USER: usize = 128;
    pub const TAGS: usize = 32;
    pub const TAG_KEY: usize = 64;
    pub const TAG_VALUE: usize = 256;
    pub const METERS: usize = 32;
    /// Charges in one GraphQL call; larger requests are slower per charge, and streams have no limit.
    pub const CHARGES_PER_CALL: usize = 1_000;
    /// How far ahead of our clock a gateway's clock may be.
    pub const FUTURE_HOURS: i64 = 48;
    /// First year in which a charge can have occurred: before it nobody sold model calls.
    pub const FIRST_YEAR: i32 = 2015;
}

/// How the provider processed the call; each has its own prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Processing {
    Standard,
    Batch,
    Flex,
    Priority,
}

impl Processing {
    pub const ALL: [Self; 4] = [Self::Standard, Self::Batch, Self::Flex, Self::Priority];

    pub fn id(self) -> i16 {
        match self {
            Self::Standard => 0,
            Self::Batch => 1,
            Self::Flex => 2,
            Self::Priority => 3,
        }
    }

    pub fn from_id(id: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|processing| processing.id() == id)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Batch => "BATCH",
            Self::Flex => "FLEX",
            Self::Priority => "PRIORITY",
        }
    }

    /// Reads the word in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|processing| processing.as_str().eq_ignore_ascii_case(text))
    }
}

/// A charge as it comes in from any door, its scalars parsed, nothing else checked.
#[derive(Debug, Clone, Default)]
pub struct ChargeDraft {
    pub source: String,
    pub external_id: String,
    pub occurred_at: Option<DateTime<Utc>>,
    pub provider: String,
    pub model: String,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    pub environment: Option<String>,
    pub api_key: Option<String>,
    pub end_user: Option<String>,
    pub processing: Option<Processing>,
    pub service_tier: Option<String>,
    pub region: Option<String>,
    pub tags: Vec<(String, String)>,
    pub quantities: Vec<(Meter, Quantity)>,
    /// All input classes together, as inclusive sources count them; the fresh tokens are what is left of it.
    pub total_input: Option<Quantity>,
    pub reported_cost: Option<Money>,
}

/// One charge of a request or a file: its draft, or why it could not be read. Either way it gets a receipt.
#[derive(Debug, Clone)]
pub struct IncomingCharge {
    /// The caller's own name for the charge, as far as it could be read.
    pub external_id: Option<String>,
    pub draft: Result<ChargeDraft, Rejection>,
}

/// One AI call: the fact that is attributed, rated and booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageEvent {
    pub source: String,
    pub external_id: String,
    pub occurred_at: Moment,
    pub provider: String,
    pub model: String,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    pub environment: Option<String>,
    pub api_key: Option<String>,
    pub end_user: Option<String>,
    pub processing: Processing,
    /// The served tier where it has prices of its own; the provider's default tier is `None`.
    pub service_tier: Option<String>,
    pub region: Option<String>,
    /// In the order of their keys.
    pub tags: Vec<(String, String)>,
    /// Non-zero quantities in the order of their meters.
    pub quantities: Vec<(Meter, Quantity)>,
    pub reported_cost: Option<Money>,
}

impl UsageEvent {
    /// Checks a draft against every structural rule of a charge. `now` bounds the date.
    ///
    /// # Errors
    /// The first structural [`Rejection`] in the order of the fields, with the path of the field.
    pub fn new(draft: ChargeDraft, now: DateTime<Utc>) -> Result<Self, Rejection> {
        required("source", &draft.source, limits::SOURCE)?;
        required("externalId", &draft.external_id, limits::EXTERNAL_ID)?;
        let occurred_at = checked_moment(draft.occurred_at, now)?;
        required("provider", &draft.provider, limits::CODE)?;
        required("model", &draft.model, limits::MODEL)?;
        let code = |field, value: Option<String>| optional(field, value, limits::CODE);
        let (processing, service_tier) = served_tier(draft.processing, code("serviceTier", draft.service_tier)?);
        let tags = checked_tags(draft.tags)?;
        let quantities = checked_quantities(draft.quantities, draft.total_input)?;
        if quantities.is_empty() && draft.reported_cost.is_none() {
            return Err(Rejection { path: vec!["usage".into()], ..Rejection::of(Code::NoUsage) });
        }
        if draft.reported_cost.is_some_and(|cost| cost.amount.units() < 0) {
            return Err(Rejection { path: vec!["reportedCost".into(), "amount".into()], ..Rejection::of(Code::AmountNegative) });
        }
        Ok(Self {
            source: draft.source,
            external_id: draft.external_id,
            occurred_at,
            provider: draft.provider,
            model: draft.model,
            team: code("team", draft.team)?,
            project: code("project", draft.project)?,
            client: code("client", draft.client)?,
            feature: code("feature", draft.feature)?,
            environment: code("environment", draft.environment)?,
            api_key: optional("apiKey", draft.api_key, limits::END_USER)?,
            end_user: optional("endUser", draft.end_user, limits::END_USER)?,
            processing,
            service_tier,
            region: code("region", draft.region)?,
            tags,
            quantities,
            reported_cost: draft.reported_cost,
        })
    }

    /// The quantity of a meter; zero when the event does not have it.
    pub fn quantity(&self, meter: &Meter) -> Quantity {
        self.quantities.iter().find(|line| line.0 == *meter).map_or(Quantity::ZERO, |line| line.1)
    }

    /// All input classes together: what long-context thresholds look at.
    pub fn total_input(&self) -> Quantity {
        total_input(&self.quantities)
    }
}

fn total_input(quantities: &[(Meter, Quantity)]) -> Quantity {
    let inputs = quantities.iter().filter(|line| line.0.input_share() == super::InputShare::Input);
    inputs.fold(Quantity::ZERO, |sum, line| sum.saturating_add(line.1))
}

fn required(field: &'static str, text: &str, longest: usize) -> Result<(), Rejection> {
    if text.is_empty() {
        return Err(Rejection::at(Code::MissingField, field, format!("`{field}` is required")));
    }
    checked_text(field, text, longest)
}

fn optional(field: &'static str, text: Option<String>, longest: usize) -> Result<Option<String>, Rejection> {
    let text = text.filter(|text| !text.is_empty());
    if let Some(text) = &text {
        checked_text(field, text, longest)?;
    }
    Ok(text)
}

fn checked_text(field: &'static str, text: &str, longest: usize) -> Result<(), Rejection> {
    if text.len() > longest {
        return Err(Rejection::at(Code::TextTooLong, field, format!("`{field}` has {} bytes; it holds {longest}", text.len())));
    }
    // One pass over the bytes: control characters below space, and DEL. Multi-byte characters pass.
    if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) || text.trim().is_empty() {
        return Err(Rejection::at(Code::TextInvalid, field, format!("`{field}` has control characters or is blank")));
    }
    Ok(())
}

fn checked_moment(instant: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Moment, Rejection> {
    use chrono::{Datelike, TimeDelta};
    let instant = instant.ok_or_else(|| {
        Rejection::at(Code::MissingField, "occurredAt", "`occurredAt` is required: when the call happened, such as 2026-01-05T14:03:22Z")
    })?;
    let latest = now.checked_add_signed(TimeDelta::hours(limits::FUTURE_HOURS)).unwrap_or(now);
    if instant.year() < limits::FIRST_YEAR || instant > latest {
        return Err(Rejection::at(
            Code::DateOutOfRange,
            "occurredAt",
            format!(
                "{} is outside the years a charge can be from: {} until {} hours from now. Check the unit of the time stamp",
                instant.to_rfc3339(),
                limits::FIRST_YEAR,
                limits::FUTURE_HOURS
            ),
        ));
    }
    Ok(Moment::from_instant(instant))
}

/// Providers name processing in their tier (`flex`, `batch`, `priority`) and the default tier in several ways; one form of each is kept.
fn served_tier(processing: Option<Processing>, tier: Option<String>) -> (Processing, Option<String>) {
    let Some(tier) = tier.map(|tier| tier.to_ascii_lowercase()) else {
        return (processing.unwrap_or(Processing::Standard), None);
    };
    match (processing, Processing::parse(&tier)) {
        (Some(processing), Some(named)) if processing == named => (processing, None),
        (None, Some(named)) => (named, None),
        _ if matches!(tier.as_str(), "default" | "standard" | "auto" | "on_demand") => (processing.unwrap_or(Processing::Standard), None),
        _ => (processing.unwrap_or(Processing::Standard), Some(tier)),
    }
}

fn checked_tags(mut tags: Vec<(String, String)>) -> Result<Vec<(String, String)>, Rejection> {
    if tags.is_empty() {
        return Ok(tags);
    }
    if tags.len() > limits::TAGS {
        return Err(Rejection::at(Code::TooManyItems, "tags", format!("a charge has at most {} tags", limits::TAGS)));
    }
    for (position, (key, value)) in tags.iter().enumerate() {
        let under = |rejection: Rejection| rejection.under(position.to_string()).under("tags");
        required("key", key, limits::TAG_KEY).map_err(under)?;
        if !value.is_empty() {
            checked_text("value", value, limits::TAG_VALUE).map_err(under)?;
        }
    }
    tags.sort();
    match tags.windows(2).find(|pair| matches!(pair, [first, second] if first.0 == second.0)) {
        Some([twice, _]) => Err(Rejection::at(Code::DuplicateTag, "tags", format!("the tag `{}` is given twice", twice.0))),
        _ => Ok(tags),
    }
}

fn checked_quantities(mut quantities: Vec<(Meter, Quantity)>, total: Option<Quantity>) -> Result<Vec<(Meter, Quantity)>, Rejection> {
    let inconsistent =
        |code, field: &'static str, message: String| Err(Rejection { code, path: vec!["usage".into(), field.into()], message });
    if quantities.len() > limits::METERS {
        return inconsistent(Code::TooManyItems, "other", format!("a charge has at most {} meters", limits::METERS));
    }
    for (meter, quantity) in &quantities {
        quantity.of_meter(meter).map_err(|rejection| rejection.under("other").under("usage"))?;
    }
    if let Some(total) = total {
        total.of_meter(&Meter::INPUT).map_err(|rejection| rejection.under("totalInputTokens").under("usage"))?;
    }
    quantities.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some([twice, _]) = quantities.windows(2).find(|pair| matches!(pair, [first, second] if first.0 == second.0)) {
        return inconsistent(Code::DuplicateMeter, "other", format!("the meter `{}` is given twice", twice.0));
    }
    if let Some(total) = total {
        let classes = total_input(&quantities);
        let has_fresh = quantities.iter().any(|line| line.0 == Meter::INPUT);
        match total.checked_sub(classes) {
            None => {
                return inconsistent(
                    Code::CachedAboveInput,
                    "totalInputTokens",
                    format!("the cached and other input classes ({classes}) exceed the total input ({total})"),
                );
            }
            Some(rest) if has_fresh && !rest.is_zero() => {
                return inconsistent(
                    Code::UsageInconsistent,
                    "totalInputTokens",
                    format!("the input classes add up to {classes}, not to {total}"),
                );
            }
            Some(fresh) if !has_fresh => quantities.insert(0, (Meter::INPUT, fresh)),
            Some(_) => {}
        }
    }
    quantities.retain(|line| !line.1.is_zero());
    let of = |meter: &Meter| quantities.iter().find(|line| line.0 == *meter).map_or(Quantity::ZERO, |line| line.1);
    let (reasoning, output) = (of(&Meter::REASONING), of(&Meter::OUTPUT));
    if reasoning > output {
        return inconsistent(
            Code::UsageInconsistent,
            "reasoningTokens",
            format!("reasoningTokens ({reasoning}) is the part of outputTokens ({output}) that was reasoning, so it cannot exceed it"),
        );
    }
    Ok(quantities)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-01-06T00:00:00Z".parse().unwrap()
    }

    fn draft() -> ChargeDraft {
        ChargeDraft {
            source: "gateway".into(),
            external_id: "call-1".into(),
            occurred_at: Some("2026-01-05T14:00:00Z".parse().unwrap()),
            provider: "openai".into(),
            model: "gpt-4o".into(),
            quantities: vec![(Meter::OUTPUT, Quantity::from_units(5).unwrap()), (Meter::INPUT, Quantity::from_units(7).unwrap())],
            ..ChargeDraft::default()
        }
    }

    fn refused(change: impl FnOnce(&mut ChargeDraft)) -> (Code, String) {
        let mut changed = draft();
        change(&mut changed);
        let rejection = UsageEvent::new(changed, now()).unwrap_err();
        (rejection.code, rejection.path.join("."))
    }

    fn units(units: i64) -> Quantity {
        Quantity::from_units(units).unwrap()
    }

    #[test]
    fn every_structural_rule_names_its_field() {
        assert_eq!(refused(|draft| draft.source.clear()), (Code::MissingField, "source".into()));
        assert_eq!(refused(|draft| draft.external_id = "x".repeat(201)), (Code::TextTooLong, "externalId".into()));
        assert_eq!(refused(|draft| draft.model = "gpt\u{0}".into()), (Code::TextInvalid, "model".into()));
        assert_eq!(refused(|draft| draft.occurred_at = None), (Code::MissingField, "occurredAt".into()));
        assert_eq!(
            refused(|draft| draft.occurred_at = Some("1970-01-20T00:00:00Z".parse().unwrap())),
            (Code::DateOutOfRange, "occurredAt".into())
        );
        assert_eq!(
            refused(|draft| draft.occurred_at = Some("2056-01-20T00:00:00Z".parse().unwrap())),
            (Code::DateOutOfRange, "occurredAt".into())
        );
        assert_eq!(refused(|draft| draft.quantities.clear()), (Code::NoUsage, "usage".into()));
        assert_eq!(
            refused(|draft| draft.quantities.push((Meter::REASONING, units(6)))),
            (Code::UsageInconsistent, "usage.reasoningTokens".into())
        );
        assert_eq!(refused(|draft| draft.quantities.push((Meter::INPUT, units(6)))), (Code::DuplicateMeter, "usage.other".into()));
        assert_eq!(
            refused(|draft| draft.tags = vec![("a".into(), "1".into()), ("a".into(), "2".into())]),
            (Code::DuplicateTag, "tags".into())
        );
        assert_eq!(refused(|draft| draft.tags = vec![("a".into(), "x".repeat(300))]), (Code::TextTooLong, "tags.0.value".into()));
        let cached_above_input = |draft: &mut ChargeDraft| {
            draft.quantities = vec![(Meter::CACHE_READ, units(9))];
            draft.total_input = Some(units(8));
        };
        assert_eq!(refused(cached_above_input), (Code::CachedAboveInput, "usage.totalInputTokens".into()));
    }

    #[test]
    fn an_inclusive_total_leaves_the_fresh_tokens() {
        let mut inclusive = draft();
        inclusive.quantities = vec![(Meter::CACHE_READ, units(9000)), (Meter::OUTPUT, units(1))];
        inclusive.total_input = Some(units(12_000));
        let event = UsageEvent::new(inclusive, now()).unwrap();
        assert_eq!(event.quantity(&Meter::INPUT), units(3000));
        assert_eq!(event.total_input(), units(12_000));
    }

    #[test]
    fn the_served_tier_has_one_form() {
        let tier = |processing, tier: &str| served_tier(processing, Some(tier.into()));
        assert_eq!(tier(None, "default"), (Processing::Standard, None));
        assert_eq!(tier(None, "Flex"), (Processing::Flex, None));
        assert_eq!(tier(Some(Processing::Batch), "standard"), (Processing::Batch, None));
        assert_eq!(tier(None, "fast"), (Processing::Standard, Some("fast".into())));
        assert_eq!(tier(Some(Processing::Batch), "priority"), (Processing::Batch, Some("priority".into())));
    }
}
