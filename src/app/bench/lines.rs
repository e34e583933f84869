//! Charges as the NDJSON lines that a gateway sends.

use serde_json::{Map, Value, json};

use crate::domain::usage::{ChargeDraft, Meter};

/// One line with its line break.
pub fn line_of(draft: &ChargeDraft) -> Vec<u8> {
    let mut line = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            line.insert(name.to_owned(), value);
        }
    };
    put("source", Some(json!(draft.source)));
    put("externalId", Some(json!(draft.external_id)));
    put("occurredAt", draft.occurred_at.map(|instant| json!(instant.to_rfc3339())));
    put("provider", Some(json!(draft.provider)));
    put("model", Some(json!(draft.model)));
    let texts = [
        ("team", &draft.team),
        ("project", &draft.project),
        ("client", &draft.client),
        ("feature", &draft.feature),
        ("environment", &draft.environment),
        ("apiKey", &draft.api_key),
        ("endUser", &draft.end_user),
        ("serviceTier", &draft.service_tier),
        ("region", &draft.region),
    ];
    for (name, text) in texts {
        put(name, text.as_ref().map(|text| json!(text)));
    }
    put("processing", draft.processing.map(|processing| json!(processing.as_str())));
    put("tags", (!draft.tags.is_empty()).then(|| draft.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()));
    put("usage", (!draft.quantities.is_empty()).then(|| usage(draft)));
    put("reportedCost", draft.reported_cost.map(|cost| json!({ "amount": cost.exact().to_string(), "currency": cost.currency.code() })));
    let mut bytes = Value::Object(line).to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

fn usage(draft: &ChargeDraft) -> Value {
    let mut usage = Map::new();
    let mut other = Vec::new();
    for (meter, quantity) in &draft.quantities {
        let field = match meter {
            meter if *meter == Meter::INPUT => "inputTokens",
            meter if *meter == Meter::OUTPUT => "outputTokens",
            meter if *meter == Meter::CACHE_READ => "cacheReadTokens",
            meter if *meter == Meter::CACHE_WRITE_5M => "cacheWrite5mTokens",
            meter if *meter == Meter::CACHE_WRITE_1H => "cacheWrite1hTokens",
            meter if *meter == Meter::REASONING => "reasoningTokens",
            meter => {
                other.push(json!({ "meter": meter.code(), "quantity": quantity.to_string() }));
                continue;
            }
        };
        usage.insert(field.to_owned(), json!(quantity.to_string()));
    }
    if !other.is_empty() {
        usage.insert("other".to_owned(), Value::Array(other));
    }
    Value::Object(usage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::usage::UsageEvent;

    #[test]
    fn a_line_is_read_back_as_the_same_charge() {
        let now = "2026-02-01T00:00:00Z".parse().unwrap();
        for draft in crate::app::demo::charges(7, "2026-01-31".parse().unwrap(), 2_000) {
            let line = line_of(&draft);
            let read = crate::import::ndjson::read_charge(line.trim_ascii_end()).draft.unwrap();
            assert_eq!(UsageEvent::new(read, now).unwrap(), UsageEvent::new(draft, now).unwrap());
        }
    }
}
