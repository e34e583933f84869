//! A pure reader of LiteLLM's public price map (`model_prices_and_context_window.json`): price lines out, nothing stored.
//!
//! Invariants: an amount is exactly the decimal text of the file times its divisor, never a float; every `*cost*` key
//! is either a price line or a skip with its reason. One exception is not reported: a reasoning price equal to the
//! model's output price, because reasoning tokens are part of the output and then need no price of their own.
//! Does not date prices, apply multipliers, or choose between prices that depend on hour, size or resolution.
//!
//! Source: LiteLLM 1.109.1 (4,553 entries); the meaning of its keys as its cost calculator applies them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use rust_decimal::Decimal;
use serde_json::Value;
use thiserror::Error;

use json::{Entry, Pairs, repeated_names};
use rates::{Rate, field, is_negative, is_price_key, read_rate};

mod json;
mod rates;

/// The file of November 2026 has 3.2 MB; twenty times that is no price map.
const MAX_PRICE_MAP_BYTES: u64 = 64 * 1024 * 1024;
/// The documentation entry of the file.
const SAMPLE_ENTRY: &str = "sample_spec";
/// LiteLLM states US dollars throughout.
const CURRENCY: &str = "USD";
/// Providers whose long-context price starts at the threshold itself (LiteLLM's inclusive thresholds).
const INCLUSIVE_THRESHOLD_PROVIDER: &str = "xai";

/// One price: `amount` of `currency` for `per` units of `meter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceLine {
    pub provider: String,
    pub model: String,
    pub meter: String,
    /// Divisor in units of the meter, always above zero.
    pub per: u64,
    /// US dollars for `per` units, exact, zero or above.
    pub amount: Decimal,
    pub currency: String,
    /// STANDARD, BATCH, FLEX or PRIORITY.
    pub processing: &'static str,
    pub service_tier: Option<String>,
    pub region: Option<String>,
    /// The price holds for requests with strictly more input tokens than this.
    pub above_input_tokens: Option<i64>,
}

/// An entry of the file, or one price of it, that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedModel {
    /// The entry's name as the file writes it.
    pub model: String,
    pub reason: String,
}

/// What one file holds: prices sorted by provider, model, meter; skips sorted by model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceMap {
    pub prices: Vec<PriceLine>,
    pub skipped: Vec<SkippedModel>,
}

/// Why a file is no price map at all.
#[derive(Debug, Error)]
pub enum PriceMapError {
    #[error("the price map cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("the price map is larger than {MAX_PRICE_MAP_BYTES} bytes")]
    TooLarge,
    #[error("the price map is not a JSON object of models: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// What makes a price unique within the map; its order is the order of the result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LineKey {
    provider: String,
    model: String,
    meter: &'static str,
    processing: &'static str,
    service_tier: Option<&'static str>,
    region: Option<String>,
    above_input_tokens: Option<i64>,
}

struct Line {
    amount: Decimal,
    per: u64,
    /// The entry it came from, and how near that entry's provider is to the model's maker (0 is direct).
    source: String,
    distance: u8,
}

#[derive(Default)]
struct Collected {
    lines: BTreeMap<LineKey, Line>,
    /// Keys that two equally direct entries price differently, with their distance: only a nearer entry may fill them.
    disputed: BTreeMap<LineKey, u8>,
    skipped: Vec<SkippedModel>,
}

impl Collected {
    fn skip(&mut self, model: &str, reason: impl Into<String>) {
        self.skipped.push(SkippedModel { model: model.to_owned(), reason: reason.into() });
    }

    fn offer(&mut self, key: LineKey, line: Line) {
        let described = format!("{} ({})", key.meter, key.processing);
        if self.disputed.get(&key).is_some_and(|distance| *distance <= line.distance) {
            return self.skip(&line.source, format!("{described}: other entries of the model disagree about it"));
        }
        let Some(held) = self.lines.get_mut(&key) else {
            self.disputed.remove(&key);
            self.lines.insert(key, line);
            return;
        };
        if held.amount == line.amount && held.per == line.per {
            held.distance = held.distance.min(line.distance);
            return;
        }
        let (held_source, held_distance) = (held.source.clone(), held.distance);
        if held_distance < line.distance {
            self.skip(&line.source, format!("{described}: differs from {held_source}, which is nearer to the provider"));
        } else if line.distance < held_distance {
            self.skip(&held_source, format!("{described}: differs from {}, which is nearer to the provider", line.source));
            self.lines.insert(key, line);
        } else {
            self.skip(&line.source, format!("{described}: differs from {held_source}; neither is taken"));
            self.lines.remove(&key);
            self.disputed.insert(key, line.distance);
        }
    }
}

/// Reads a whole price map.
///
/// # Errors
/// When the file cannot be read, is too large or is not a JSON object; a bad entry is skipped with its reason instead.
pub fn read_price_map(reader: impl Read) -> Result<PriceMap, PriceMapError> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_PRICE_MAP_BYTES.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_PRICE_MAP_BYTES {
        return Err(PriceMapError::TooLarge);
    }
    // Windows editors leave a byte order mark, which JSON does not allow.
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let entries: Pairs<Entry> = serde_json::from_slice(body)?;
    let repeated = repeated_names(&entries.0);
    let mut collected = Collected::default();
    for (name, entry) in &entries.0 {
        if name == SAMPLE_ENTRY {
            continue;
        }
        if repeated.contains(name.as_str()) {
            collected.skip(name, "the name occurs more than once in the file");
            continue;
        }
        match entry {
            Entry::Fields(fields) => read_model(name, fields, &mut collected),
            Entry::Other => collected.skip(name, "the entry is not a JSON object"),
        }
    }
    Ok(finish(collected))
}

fn finish(collected: Collected) -> PriceMap {
    let prices = collected.lines.into_iter().map(|(key, line)| PriceLine {
        provider: key.provider,
        model: key.model,
        meter: key.meter.to_owned(),
        per: line.per,
        amount: line.amount,
        currency: CURRENCY.to_owned(),
        processing: key.processing,
        service_tier: key.service_tier.map(str::to_owned),
        region: key.region,
        above_input_tokens: key.above_input_tokens,
    });
    let mut skipped = collected.skipped;
    skipped.sort_by(|left, right| (&left.model, &left.reason).cmp(&(&right.model, &right.reason)));
    skipped.dedup();
    PriceMap { prices: prices.collect(), skipped }
}

fn read_model(name: &str, fields: &[(String, Value)], collected: &mut Collected) {
    let (host, place) = match whole_model(name, fields) {
        Ok(accepted) => accepted,
        Err(reason) => return collected.skip(name, reason),
    };
    let mut found: BTreeMap<Rate, (Decimal, &str)> = BTreeMap::new();
    let mut clashing = BTreeSet::new();
    let mut is_priced = false;
    for (field, value) in fields.iter().filter(|(field, value)| is_price_key(field, value)) {
        is_priced = true;
        match read_rate(field, value, fields) {
            Ok((rate, amount)) => {
                // Seconds of input and of output are one meter: a zero on one side adds nothing to the other.
                let old = found.get(&rate).map(|(old, _)| *old);
                let sums = rate.meter == "seconds" && (amount.is_zero() || old.is_some_and(|old| old.is_zero()));
                match old {
                    Some(old) if old != amount && !sums => {
                        clashing.insert((rate, field.as_str()));
                    }
                    Some(old) if old >= amount => {}
                    _ => {
                        found.insert(rate, (amount, field));
                    }
                }
            }
            Err(reason) => collected.skip(name, format!("{field}: {reason}")),
        }
    }
    for (rate, field) in clashing {
        if let Some((_, other)) = found.remove(&rate) {
            collected.skip(name, format!("{field} and {other} price {} differently; neither is taken", rate.meter));
        }
    }
    drop_plain_reasoning(&mut found);
    if !is_priced {
        collected.skip(name, "states no price");
    }
    let inclusive = i64::from(place.provider == INCLUSIVE_THRESHOLD_PROVIDER);
    for (rate, (amount, _)) in found {
        let key = LineKey {
            provider: place.provider.clone(),
            model: place.model.clone(),
            meter: rate.meter,
            processing: rate.processing,
            service_tier: rate.service_tier,
            region: place.region.clone(),
            above_input_tokens: rate.above_input_tokens.map(|above| above.saturating_sub(inclusive)),
        };
        collected.offer(key, Line { amount, per: rate.per, source: name.to_owned(), distance: distance(host) });
    }
}

/// A reasoning price equal to the output price says only that reasoning is output; kept, it would hide the output's
/// batch and long-context prices, which such entries do not repeat.
fn drop_plain_reasoning(found: &mut BTreeMap<Rate, (Decimal, &str)>) {
    let plain = |meter| found.iter().find(|(rate, _)| rate.meter == meter && rate.is_plain()).map(|(_, price)| price.0);
    if plain("reasoning_tokens").is_some_and(|reasoning| plain("output_tokens") == Some(reasoning)) {
        found.retain(|rate, _| rate.meter != "reasoning_tokens");
    }
}

/// The provider and place of an entry, or why none of it can be taken.
fn whole_model<'a>(name: &str, fields: &'a [(String, Value)]) -> Result<(&'a str, Place), String> {
    if let Some(key) = repeated_names(fields).first() {
        return Err(format!("the key {key} occurs more than once"));
    }
    let Some(host) = field(fields, "litellm_provider").and_then(Value::as_str).filter(|host| !host.trim().is_empty()) else {
        return Err("names no litellm_provider".to_owned());
    };
    if field(fields, "off_peak_pricing").is_some() {
        return Err("off_peak_pricing: the price depends on the time of day".to_owned());
    }
    if field(fields, "tiered_pricing").is_some() {
        return Err("tiered_pricing: priced in bands of input length".to_owned());
    }
    if name.contains("-month-commitment") {
        return Err("provisioned throughput is paid for time, not for use".to_owned());
    }
    if name.split('/').any(is_image_variant) {
        return Err("the price depends on image size or quality".to_owned());
    }
    if fields.iter().any(|(key, value)| key.contains("cost") && is_negative(value)) {
        return Err("a price is negative, which marks a placeholder".to_owned());
    }
    let place = Place::of(host.trim(), name);
    if place.model.is_empty() { Err("names no model".to_owned()) } else { Ok((host, place)) }
}

/// `1024-x-1536`, `50-steps`: parts of a name that choose a price of an image model.
fn is_image_variant(part: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    part.split_once("-x-").is_some_and(|(width, height)| is_number(width) && is_number(height)) || part.ends_with("-steps")
}

/// Where an entry's prices hold.
struct Place {
    provider: String,
    model: String,
    region: Option<String>,
}

impl Place {
    /// `bedrock/us-east-1/amazon.nova-pro-v1:0` is Amazon, us-east-1, `amazon.nova-pro-v1:0`.
    fn of(host: &str, name: &str) -> Self {
        let provider = match host {
            "openai" | "text-completion-openai" => "openai",
            "gemini" | "vertex_ai" => "google",
            "azure" | "azure_text" => "azure",
            other if other.starts_with("vertex_ai-") => "google",
            other if other.starts_with("bedrock") => "amazon",
            other => other,
        };
        let mut model = name;
        if let Some((first, rest)) = name.split_once('/') {
            let family = host.split_once('-').map_or(host, |(family, _)| family);
            let is_host = first == host || first == provider || first == family;
            if is_host || (provider == "amazon" && first.starts_with("bedrock")) {
                model = rest;
            }
        }
        let mut region = None;
        if let Some((first, rest)) = model.split_once('/')
            && is_region(provider, first)
        {
            (region, model) = (Some(first.to_owned()), rest);
        }
        Self { provider: provider.to_owned(), model: model.to_owned(), region }
    }
}

fn is_region(provider: &str, part: &str) -> bool {
    match provider {
        "azure" => matches!(part, "us" | "eu" | "apac" | "us-gov" | "global" | "global-standard"),
        // us-east-1, us-gov-west-1: letters and hyphens that end in a digit.
        "amazon" => {
            part.contains('-')
                && part.ends_with(|last: char| last.is_ascii_digit())
                && part.trim_end_matches(|last: char| last.is_ascii_digit()).chars().all(|c| c == '-' || c.is_ascii_lowercase())
        }
        _ => false,
    }
}

/// How far an entry is from the provider's own API: two entries of one provider may name the same model.
fn distance(host: &str) -> u8 {
    match host {
        "vertex_ai" | "bedrock_mantle" | "azure_text" | "text-completion-openai" => 1,
        other if other.starts_with("vertex_ai-") => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line per price, `provider/model meter amount/per processing [tier] [@region] [>threshold]`, then the skips.
    fn read(json: &str) -> (Vec<String>, Vec<String>) {
        let map = read_price_map(json.as_bytes()).expect("a price map");
        let prices = map.prices.iter().map(|line| {
            let mut text = format!("{}/{} {} {}/{} {}", line.provider, line.model, line.meter, line.amount, line.per, line.processing);
            line.service_tier.iter().for_each(|tier| text.push_str(&format!(" {tier}")));
            line.region.iter().for_each(|region| text.push_str(&format!(" @{region}")));
            line.above_input_tokens.iter().for_each(|above| text.push_str(&format!(" >{above}")));
            text
        });
        (prices.collect(), map.skipped.iter().map(|skip| format!("{}: {}", skip.model, skip.reason)).collect())
    }

    #[track_caller]
    fn check(json: &str, prices: &[&str], skips: &[&str]) {
        let (got_prices, got_skips) = read(json);
        assert_eq!(got_prices, prices);
        assert_eq!(got_skips.len(), skips.len(), "{got_skips:#?}");
        for (got, wanted) in got_skips.iter().zip(skips) {
            assert!(got.contains(wanted), "{got} does not contain {wanted}");
        }
    }

    #[test]
    fn amounts_are_the_text_of_the_file() {
        check(
            r#"{"sample_spec":{"litellm_provider":"one of","input_cost_per_token":0.0},
                "m":{"litellm_provider":"openai","input_cost_per_token":2.5e-06,"output_cost_per_token":0.00001,"cache_read_input_token_cost":8.39233E-8,"input_cost_per_audio_token":1e0,"input_cost_per_image_token":1.1000000000000001e-06,"output_cost_per_audio_token":0}}"#,
            &[
                "openai/m cache_read_tokens 0.0839233/1000000 STANDARD",
                "openai/m input_audio_tokens 1000000/1000000 STANDARD",
                "openai/m input_image_tokens 1.1000000000000001/1000000 STANDARD",
                "openai/m input_tokens 2.5/1000000 STANDARD",
                "openai/m output_audio_tokens 0/1000000 STANDARD",
                "openai/m output_tokens 10/1000000 STANDARD",
            ],
            &[],
        );
        check(
            r#"{"m":{"litellm_provider":"openai","input_cost_per_token":1e-40,"output_cost_per_token":1e400}}"#,
            &[],
            &["input_cost_per_token: 1e-40", "output_cost_per_token: 1e"],
        );
    }

    #[test]
    fn suffixes_thresholds_and_regions() {
        check(
            r#"{"bedrock/us-gov-west-1/a.b-v1:0":{"litellm_provider":"bedrock_converse","cache_creation_input_token_cost_above_1hr_above_100k_tokens":1e-6,"input_cost_per_token_flex":5e-7},
                "gpt":{"litellm_provider":"openai","input_cost_per_token_above_272k_tokens_priority":4e-6,"input_cost_per_token_ultrafast":6e-5,"cache_creation_input_token_cost_above_12hr_batches":1e-6},
                "xai/grok":{"litellm_provider":"xai","output_cost_per_token_above_200k_tokens_batches":4e-6},
                "vertex_ai/meta/l":{"litellm_provider":"vertex_ai-llama_models","input_cost_per_token":1e-6}}"#,
            &[
                "amazon/a.b-v1:0 cache_write_1h_tokens 1/1000000 STANDARD @us-gov-west-1 >100000",
                "amazon/a.b-v1:0 input_tokens 0.5/1000000 FLEX @us-gov-west-1",
                "google/meta/l input_tokens 1/1000000 STANDARD",
                "openai/gpt input_tokens 4/1000000 PRIORITY >272000",
                "openai/gpt input_tokens 60/1000000 STANDARD ultrafast",
                "xai/grok output_tokens 4/1000000 BATCH >199999",
            ],
            &["12 hours"],
        );
    }

    #[test]
    fn whole_entries_that_are_refused() {
        check(
            r#"{"a":{"litellm_provider":"x","input_cost_per_token":1,"input_cost_per_token":2},"b":7,"bb":-0.123456789012345678901234567890,"bc":null,"bd":"x","be":true,"c":[1],"d":{"mode":"chat"},"e":{"litellm_provider":"x"},
                "f":{"litellm_provider":"openrouter","input_cost_per_token":-1000000,"output_cost_per_token":1},"g":{"litellm_provider":"deepseek","input_cost_per_token":1,"off_peak_pricing":{}},
                "h":{"litellm_provider":"x","tiered_pricing":[]},"i":{"litellm_provider":"x","input_cost_per_token":1e-6},"i":{"litellm_provider":"x","input_cost_per_token":1e-6},
                "1024-x-1024/j":{"litellm_provider":"openai","output_cost_per_image":1},"bedrock/*/1-month-commitment/k":{"litellm_provider":"bedrock","input_cost_per_second":1}}"#,
            &[],
            &[
                "image size",
                "input_cost_per_token occurs more than once",
                "b: the entry is not a JSON object",
                "bb: names no litellm_provider",
                "bc: the entry is not",
                "bd: the entry is not",
                "be: the entry is not",
                "time, not for use",
                "c: the entry is not",
                "no litellm_provider",
                "states no price",
                "negative",
                "time of day",
                "bands",
                "i: the name occurs more than once",
            ],
        );
        assert!(matches!(read_price_map("[]".as_bytes()), Err(PriceMapError::Malformed(_))));
    }

    #[test]
    fn single_prices_that_are_refused() {
        check(
            r#"{"a":{"litellm_provider":"x","input_cost_per_token":"2.5e-06","output_cost_per_token":null,"output_cost_per_pixel":1,"cost_of_tea":1},
                "b":{"litellm_provider":"x","search_context_cost_per_query":{"search_context_size_low":0.03,"search_context_size_medium":0.035}},
                "c":{"litellm_provider":"x","search_free_requests":{"count":1},"search_context_cost_per_query":{"search_context_size_medium":0.01}},
                "d":{"litellm_provider":"x","search_context_cost_per_query":{"search_context_size_low":0.010,"search_context_size_medium":0.01}},
                "e":{"litellm_provider":"x","output_cost_per_second":0.05,"output_cost_per_second_1080p":0.1},
                "f":{"litellm_provider":"x","provider_specific_entry":{"fast":2},"input_cost_per_query":0.002}}"#,
            &["x/d web_searches 10/1000 STANDARD", "x/f requests 2/1000 STANDARD"],
            &[
                "a: cost_of_tea: a price key this reader does not know",
                "a: input_cost_per_token: the price is text",
                "a: output_cost_per_pixel: priced per pixel",
                "a: output_cost_per_token: the price is null",
                "low differs",
                "free quota",
                "resolution",
                "resolution",
                "multiplier",
            ],
        );
    }

    #[test]
    fn the_order_of_the_file_decides_nothing() {
        let far = r#""vertex_ai/g":{"litellm_provider":"vertex_ai","input_cost_per_token":2e-6},"g":{"litellm_provider":"vertex_ai","input_cost_per_token":3e-6}"#;
        let near = r#""gemini/g":{"litellm_provider":"gemini","input_cost_per_token":1e-6}"#;
        for json in [format!("{{{far},{near}}}"), format!("{{{near},{far}}}")] {
            assert_eq!(read(&json).0, ["google/g input_tokens 1/1000000 STANDARD"]);
        }
    }

    #[test]
    fn one_price_said_twice() {
        check(
            r#"{"vertex_ai/g":{"litellm_provider":"vertex_ai","input_cost_per_token":2e-6},"gemini/g":{"litellm_provider":"gemini","input_cost_per_token":1e-6,"output_cost_per_token":3e-6,"output_cost_per_reasoning_token":3e-6},
                "d":{"litellm_provider":"deepseek","input_cost_per_token":1e-6,"output_cost_per_token":1e-6},"deepseek/d":{"litellm_provider":"deepseek","input_cost_per_token":2e-6,"output_cost_per_token":0.0000010},
                "w":{"litellm_provider":"openai","input_cost_per_second":1e-4,"output_cost_per_second":0.0001},"s":{"litellm_provider":"x","input_cost_per_second":0.2,"output_cost_per_second":0},"t":{"litellm_provider":"x","input_cost_per_second":1,"output_cost_per_second":2},
                "q":{"litellm_provider":"x","output_cost_per_token":2e-7,"output_cost_per_reasoning_token":5e-7}}"#,
            &[
                "deepseek/d output_tokens 1/1000000 STANDARD",
                "google/g input_tokens 1/1000000 STANDARD",
                "google/g output_tokens 3/1000000 STANDARD",
                "openai/w seconds 0.0001/1 STANDARD",
                "x/q output_tokens 0.2/1000000 STANDARD",
                "x/q reasoning_tokens 0.5/1000000 STANDARD",
                "x/s seconds 0.2/1 STANDARD",
            ],
            &[
                "deepseek/d: input_tokens (STANDARD): differs from d; neither is taken",
                "price seconds differently",
                "differs from gemini/g, which is nearer",
            ],
        );
    }
}
