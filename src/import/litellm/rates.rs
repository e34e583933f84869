//! What each price key of LiteLLM's map means: its meter, divisor, processing and threshold, or why it is not taken.
//!
//! Invariants: an amount is the decimal text of the file with its point moved; a key that is not understood is refused.

use rust_decimal::Decimal;
use serde_json::Value;

/// Which price a key of the file states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rate {
    pub(super) meter: &'static str,
    pub(super) per: u64,
    pub(super) processing: &'static str,
    pub(super) service_tier: Option<&'static str>,
    pub(super) above_input_tokens: Option<i64>,
}

impl Rate {
    pub(super) fn is_plain(&self) -> bool {
        self.processing == "STANDARD" && self.service_tier.is_none() && self.above_input_tokens.is_none()
    }
}

/// Any key that may carry money or a multiplier of it; everything else describes the model.
pub(super) fn is_price_key(key: &str, value: &Value) -> bool {
    key.contains("cost") || key.contains("price") || key.contains("pricing") || key.contains("uplift_multiplier")
        // The map's `us` and `fast` multipliers; its other provider-specific entries are no money.
        || (key == "provider_specific_entry" && value.as_object().is_some_and(|entry| ["us", "fast"].iter().any(|name| entry.contains_key(*name))))
}

pub(super) fn read_rate(key: &str, value: &Value, fields: &[(String, Value)]) -> Result<(Rate, Decimal), String> {
    let mut base = key;
    let (mut processing, mut service_tier) = ("STANDARD", None);
    for (suffix, name, tier) in [
        ("_batches", "BATCH", None),
        ("_flex", "FLEX", None),
        ("_priority", "PRIORITY", None),
        ("_ultrafast", "STANDARD", Some("ultrafast")),
    ] {
        if let Some(rest) = base.strip_suffix(suffix) {
            (base, processing, service_tier) = (rest, name, tier);
            break;
        }
    }
    let mut above_input_tokens = None;
    if let Some((rest, thousands)) = base.strip_suffix("k_tokens").and_then(|rest| rest.rsplit_once("_above_")) {
        let count: i64 = thousands.parse().map_err(|_| "the threshold is not a number of tokens".to_owned())?;
        above_input_tokens = Some(count.checked_mul(1_000).ok_or("the threshold is too large")?);
        base = rest;
    }
    let (meter, per) = meter_of(base)?;
    if let Some(reason) = doubtful(base, fields) {
        return Err(reason.to_owned());
    }
    let amount = if base == "search_context_cost_per_query" { web_search(value, fields)? } else { decimal(value, per)? };
    Ok((Rate { meter, per, processing, service_tier, above_input_tokens }, amount))
}

const MILLION: u64 = 1_000_000;
const THOUSAND: u64 = 1_000;

/// The meter of a key without its processing and threshold suffixes, or why it has none.
fn meter_of(base: &str) -> Result<(&'static str, u64), String> {
    Ok(match base {
        "input_cost_per_token" => ("input_tokens", MILLION),
        "output_cost_per_token" => ("output_tokens", MILLION),
        "cache_read_input_token_cost" | "input_cost_per_token_cache_hit" => ("cache_read_tokens", MILLION),
        "cache_creation_input_token_cost" => ("cache_write_5m_tokens", MILLION),
        "cache_creation_input_token_cost_above_1hr" => ("cache_write_1h_tokens", MILLION),
        "output_cost_per_reasoning_token" => ("reasoning_tokens", MILLION),
        "input_cost_per_audio_token" => ("input_audio_tokens", MILLION),
        "output_cost_per_audio_token" => ("output_audio_tokens", MILLION),
        "cache_read_input_audio_token_cost" => ("cached_audio_tokens", MILLION),
        "input_cost_per_image_token" => ("input_image_tokens", MILLION),
        "output_cost_per_image_token" => ("output_image_tokens", MILLION),
        "output_cost_per_image" => ("images", 1),
        "input_cost_per_second" | "output_cost_per_second" | "output_cost_per_video_per_second" => ("seconds", 1),
        "input_cost_per_character" | "output_cost_per_character" => ("characters", MILLION),
        "ocr_cost_per_page" => ("pages", THOUSAND),
        "input_cost_per_query" | "input_cost_per_request" => ("requests", THOUSAND),
        "search_context_cost_per_query" => ("web_searches", THOUSAND),
        "code_interpreter_cost_per_session" => ("code_sessions", 1),
        other => return Err(unsupported(other).to_owned()),
    })
}

fn unsupported(base: &str) -> &'static str {
    match base {
        key if key.contains("above_12hr") => "no meter for cache writes kept 12 hours",
        key if key.ends_with("_decisions") || key.ends_with("_balanced") => "a service tier that is not told apart",
        key if key.contains("uplift_multiplier") || key == "provider_specific_entry" => {
            "a multiplier for regions or speed; not applied, add those prices by hand"
        }
        key if key.contains("_per_pixel") => "priced per pixel",
        key if key.contains("dbu") => "priced in Databricks units, not in money",
        key if key.contains("video_token") || key.contains("_per_video_per_second") || key.contains("_per_audio_per_second") => {
            "no meter for audio or video input of this kind"
        }
        key if key.starts_with("output_cost_per_second_") || key.starts_with("output_cost_per_image_") => {
            "the price depends on the resolution"
        }
        "cost_per_second" => "provisioned throughput is paid for time, not for use",
        "input_cost_per_image" => "priced per input image; images counts generated ones",
        "cache_creation_input_audio_token_cost" | "cache_read_input_image_token_cost" | "explicit_cache_read_input_token_cost" => {
            "no meter for this kind of cached input"
        }
        "annotation_cost_per_page"
        | "ocr_cost_per_credit"
        | "citation_cost_per_token"
        | "google_maps_grounding_cost_per_query"
        | "guardrail_cost_per_unit"
        | "input_cost_per_text_message" => "no meter for this unit",
        _ => "a price key this reader does not know",
    }
}

/// Keys that are sound alone but not beside another key of the same entry.
fn doubtful(base: &str, fields: &[(String, Value)]) -> Option<&'static str> {
    let has = |wanted: &str| fields.iter().any(|(key, value)| key == wanted && decimal(value, 1).is_ok_and(|amount| !amount.is_zero()));
    let sized = |prefix: &str| {
        fields.iter().any(|(key, _)| key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
    };
    match base {
        "output_cost_per_image" if has("output_cost_per_image_token") => Some("an average beside the price per image token"),
        "output_cost_per_image" if sized("output_cost_per_image_") => Some("the price depends on the resolution"),
        "output_cost_per_second" if sized("output_cost_per_second_") => Some("the price depends on the resolution"),
        "input_cost_per_second" | "output_cost_per_second"
            if ["input_cost_per_token", "input_cost_per_audio_token", "output_cost_per_audio_token"].iter().any(|key| has(key)) =>
        {
            Some("an estimate beside the price per token")
        }
        _ => None,
    }
}

/// The medium search size, when the sizes agree and no free allowance makes the price of a search depend on the count.
fn web_search(value: &Value, fields: &[(String, Value)]) -> Result<Decimal, String> {
    if field(fields, "search_free_requests").is_some() {
        return Err("a free quota of searches comes first".to_owned());
    }
    let sizes = value.as_object().ok_or("the price is not stated by search size")?;
    let medium = decimal(sizes.get("search_context_size_medium").ok_or("no price for the medium search size")?, THOUSAND)?;
    for (size, price) in sizes {
        if decimal(price, THOUSAND)? != medium {
            return Err(format!("the price depends on the search size ({size} differs)"));
        }
    }
    Ok(medium)
}

/// The price of `per` units, exactly: the decimal point of the number's text is moved, nothing is computed.
fn decimal(value: &Value, per: u64) -> Result<Decimal, String> {
    let Value::Number(number) = value else {
        return Err(match value {
            Value::String(_) => "the price is text, not a number".to_owned(),
            Value::Null => "the price is null".to_owned(),
            _ => "the price is not a number".to_owned(),
        });
    };
    let text = number.to_string();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let out_of_range = || format!("{text} has more digits than a price can have");
    let mut amount = Decimal::from_str_exact(mantissa).map_err(|_| out_of_range())?.normalize();
    let scale = i64::from(amount.scale()).checked_sub(exponent.parse().map_err(|_| out_of_range())?).ok_or_else(out_of_range)?;
    let zeros = u32::try_from(scale.min(0).unsigned_abs()).ok().and_then(|zeros| 10_i64.checked_pow(zeros));
    amount.set_scale(u32::try_from(scale.max(0)).map_err(|_| out_of_range())?).map_err(|_| out_of_range())?;
    let raised = zeros.and_then(|zeros| amount.checked_mul(Decimal::from(zeros)));
    let product = raised.and_then(|raised| raised.checked_mul(Decimal::from(per))).ok_or_else(out_of_range)?;
    if product.is_sign_negative() && !product.is_zero() {
        return Err("the price is negative, which marks a placeholder".to_owned());
    }
    Ok(product.normalize())
}

pub(super) fn is_negative(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.to_string().starts_with('-') && decimal(value, 1).is_err(),
        Value::Object(parts) => parts.values().any(is_negative),
        _ => false,
    }
}

pub(super) fn field<'a>(fields: &'a [(String, Value)], wanted: &str) -> Option<&'a Value> {
    fields.iter().find(|(key, _)| key == wanted).map(|(_, value)| value)
}
