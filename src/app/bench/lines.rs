//! Charges as the NDJSON lines that a gateway sends, and as a CSV file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::domain::usage::{ChargeDraft, Meter};

/// One line with its line break.
pub fn line_of(draft: &ChargeDraft) -> Vec<u8> {
    let mut line: Map<String, Value> = texts(draft).into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect();
    if !draft.tags.is_empty() {
        line.insert("tags".to_owned(), draft.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect());
    }
    if !draft.quantities.is_empty() {
        line.insert("usage".to_owned(), usage(draft));
    }
    if let Some(cost) = draft.reported_cost {
        line.insert("reportedCost".to_owned(), json!({ "amount": cost.exact().to_string(), "currency": cost.currency.code() }));
    }
    let mut bytes = Value::Object(line).to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

/// A CSV file with a header row. The charges are made twice: once for the columns they need, once for their cells.
///
/// # Errors
/// None in practice: the file is written into memory.
pub(super) fn csv_of<I: Iterator<Item = ChargeDraft>>(drafts: impl Fn() -> I) -> Result<Vec<u8>, csv::Error> {
    let columns: BTreeSet<String> = drafts().flat_map(|draft| cells(&draft).into_keys()).collect();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&columns)?;
    for draft in drafts() {
        let mut cells = cells(&draft);
        writer.write_record(columns.iter().map(|column| cells.remove(column).unwrap_or_default()))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// A charge by the columns of an import.
fn cells(draft: &ChargeDraft) -> BTreeMap<String, String> {
    let mut cells: BTreeMap<String, String> = texts(draft).into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    cells.extend(draft.tags.iter().map(|(key, value)| (format!("tag:{key}"), value.clone())));
    for (meter, quantity) in &draft.quantities {
        let column = token_field(meter).map_or_else(|| format!("meter:{}", meter.code()), ToOwned::to_owned);
        cells.insert(column, quantity.to_string());
    }
    if let Some(cost) = draft.reported_cost {
        cells.insert("reportedCost".to_owned(), cost.exact().to_string());
        cells.insert("reportedCurrency".to_owned(), cost.currency.code().to_owned());
    }
    cells
}

/// The fields that are one text, under their names.
fn texts(draft: &ChargeDraft) -> Vec<(&'static str, String)> {
    let optional = [
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
    let mut texts = vec![
        ("source", draft.source.clone()),
        ("externalId", draft.external_id.clone()),
        ("provider", draft.provider.clone()),
        ("model", draft.model.clone()),
    ];
    texts.extend(draft.occurred_at.map(|instant| ("occurredAt", instant.to_rfc3339())));
    texts.extend(draft.processing.map(|processing| ("processing", processing.as_str().to_owned())));
    texts.extend(optional.into_iter().filter_map(|(name, text)| text.clone().map(|text| (name, text))));
    texts
}

/// The field of a meter that has one of its own.
fn token_field(meter: &Meter) -> Option<&'static str> {
    let fields = [
        (Meter::INPUT, "inputTokens"),
        (Meter::OUTPUT, "outputTokens"),
        (Meter::CACHE_READ, "cacheReadTokens"),
        (Meter::CACHE_WRITE_5M, "cacheWrite5mTokens"),
        (Meter::CACHE_WRITE_1H, "cacheWrite1hTokens"),
        (Meter::REASONING, "reasoningTokens"),
    ];
    fields.into_iter().find(|(known, _)| known == meter).map(|(_, field)| field)
}

fn usage(draft: &ChargeDraft) -> Value {
    let mut usage = Map::new();
    let mut other = Vec::new();
    for (meter, quantity) in &draft.quantities {
        match token_field(meter) {
            Some(field) => drop(usage.insert(field.to_owned(), json!(quantity.to_string()))),
            None => other.push(json!({ "meter": meter.code(), "quantity": quantity.to_string() })),
        }
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

    #[test]
    fn a_csv_file_is_read_back_as_the_same_charges() {
        let now = "2026-02-01T00:00:00Z".parse().unwrap();
        let drafts = || crate::app::demo::charges(7, "2026-01-31".parse().unwrap(), 2_000);
        let file = csv_of(drafts).unwrap();
        let rows = crate::import::csv::ChargeCsv::open(file.as_slice(), crate::import::csv::CsvOptions::default()).unwrap();
        let read: Vec<_> = rows.map(|row| row.unwrap().charge.draft.unwrap()).collect();
        assert_eq!(read.len(), 2_000);
        for (read, draft) in read.into_iter().zip(drafts()) {
            assert_eq!(UsageEvent::new(read, now).unwrap(), UsageEvent::new(draft, now).unwrap());
        }
    }
}
