//! One AI call as the simulated gateways know it: its text as NDJSON, and its content as the oracle understands it.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Value, json};

pub const HOUR: i64 = 3_600_000_000;
pub const DAY: i64 = 24 * HOUR;

/// What is wrong with a line, and with which code it must be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    NegativeQuantity,
    MoneyAsNumber,
    Malformed,
    NoUsage,
    ReasoningAboveOutput,
    CachedAboveInput,
    DecadesOff,
    UnknownField,
    BlankSource,
    ControlCharacter,
    LongText,
    AbsurdQuantity,
}

pub const FLAWS: [Flaw; 12] = [
    Flaw::NegativeQuantity,
    Flaw::MoneyAsNumber,
    Flaw::Malformed,
    Flaw::NoUsage,
    Flaw::ReasoningAboveOutput,
    Flaw::CachedAboveInput,
    Flaw::DecadesOff,
    Flaw::UnknownField,
    Flaw::BlankSource,
    Flaw::ControlCharacter,
    Flaw::LongText,
    Flaw::AbsurdQuantity,
];

impl Flaw {
    pub fn code(self) -> &'static str {
        match self {
            Self::NegativeQuantity => "QUANTITY_NEGATIVE",
            Self::MoneyAsNumber => "MONEY_NOT_TEXT",
            Self::Malformed => "MALFORMED_JSON",
            Self::NoUsage => "NO_USAGE",
            Self::ReasoningAboveOutput => "USAGE_INCONSISTENT",
            Self::CachedAboveInput => "CACHED_ABOVE_INPUT",
            Self::DecadesOff => "DATE_OUT_OF_RANGE",
            Self::UnknownField => "UNKNOWN_FIELD",
            Self::BlankSource => "MISSING_FIELD",
            Self::ControlCharacter => "TEXT_INVALID",
            Self::LongText => "TEXT_TOO_LONG",
            Self::AbsurdQuantity => "QUANTITY_TOO_LARGE",
        }
    }
}

/// Money in ledger units: 10^-9 of USD and EUR, 10^-7 of JPY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money {
    pub currency: &'static str,
    pub units: i128,
}

pub fn scale(currency: &str) -> u32 {
    if currency == "JPY" { 7 } else { 9 }
}

/// A call. Quantities are millionths by meter code.
#[derive(Debug, Clone)]
pub struct Call {
    pub source: String,
    pub id: String,
    /// Microseconds since 1970.
    pub at: i64,
    pub provider: String,
    pub model: String,
    pub team: Option<String>,
    pub project: Option<String>,
    pub client: Option<String>,
    pub feature: Option<String>,
    pub environment: Option<String>,
    pub api_key: Option<String>,
    pub end_user: Option<String>,
    pub processing: Option<&'static str>,
    pub service_tier: Option<&'static str>,
    pub region: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub usage: BTreeMap<&'static str, i64>,
    /// Stands for the fresh input when `usage` names none.
    pub total_input: Option<i64>,
    pub reported: Option<Money>,
    pub flaw: Option<Flaw>,
}

/// What a call says, whatever its wording: two calls of one key with equal contents are the same charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub at: i64,
    pub provider: String,
    pub model: String,
    pub facts: [Option<String>; 7],
    pub batch: bool,
    pub region: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub usage: BTreeMap<&'static str, i64>,
    pub reported: Option<Money>,
}

impl Content {
    pub fn day(&self) -> i32 {
        i32::try_from(self.at.div_euclid(DAY)).unwrap()
    }

    pub fn environment(&self) -> Option<&str> {
        self.facts[4].as_deref()
    }

    pub fn quantity(&self, meter: &str) -> i64 {
        self.usage.get(meter).copied().unwrap_or(0)
    }

    /// Millionths of all input classes together.
    pub fn total_input(&self) -> i64 {
        self.usage.iter().filter(|line| INPUT.contains(line.0)).map(|line| line.1).sum()
    }
}

pub const INPUT: [&str; 5] = ["input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "input_audio_tokens"];
pub const OUTPUT: [&str; 2] = ["output_tokens", "output_audio_tokens"];
const FIELDS: [(&str, &str); 6] = [
    ("input_tokens", "inputTokens"),
    ("output_tokens", "outputTokens"),
    ("cache_read_tokens", "cacheReadTokens"),
    ("cache_write_5m_tokens", "cacheWrite5mTokens"),
    ("cache_write_1h_tokens", "cacheWrite1hTokens"),
    ("reasoning_tokens", "reasoningTokens"),
];

impl Call {
    pub fn content(&self) -> Content {
        let mut usage = self.usage.clone();
        if let Some(total) = self.total_input.filter(|_| !usage.contains_key("input_tokens")) {
            let classes: i64 = usage.iter().filter(|line| INPUT.contains(line.0)).map(|line| line.1).sum();
            usage.insert("input_tokens", total - classes);
        }
        usage.retain(|_, quantity| *quantity != 0);
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Content {
            at: self.at,
            provider: self.provider.clone(),
            model: self.model.clone(),
            facts: [&self.team, &self.project, &self.client, &self.feature, &self.environment, &self.api_key, &self.end_user].map(given),
            batch: self.processing == Some("BATCH") || self.service_tier == Some("batch"),
            region: given(&self.region),
            tags: self.tags.clone(),
            usage,
            reported: self.reported,
        }
    }

    /// The same content in other words.
    pub fn reworded(&self) -> Self {
        let mut other = self.clone();
        let content = self.content();
        if self.total_input.is_none() && content.quantity("input_tokens") > 0 {
            other.usage.remove("input_tokens");
            other.total_input = Some(content.total_input());
        } else {
            other.total_input = None;
            other.usage = content.usage.clone();
        }
        other.usage.entry("images").or_insert(0);
        (other.processing, other.service_tier) = match (content.batch, self.processing) {
            (true, Some(_)) => (None, Some("batch")),
            (true, None) => (Some("BATCH"), None),
            (false, _) => (Some("STANDARD"), Some("default")),
        };
        if other.region.is_none() {
            other.region = Some(String::new());
        }
        other
    }

    /// The line that a gateway sends.
    pub fn line(&self) -> String {
        let mut charge = json!({
            "source": self.source, "externalId": self.id, "provider": self.provider, "model": self.model,
            "occurredAt": DateTime::from_timestamp_micros(self.at).unwrap().to_rfc3339(),
        });
        let texts = [
            ("team", &self.team),
            ("project", &self.project),
            ("client", &self.client),
            ("feature", &self.feature),
            ("environment", &self.environment),
            ("apiKey", &self.api_key),
            ("endUser", &self.end_user),
            ("region", &self.region),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                charge[field] = json!(text);
            }
        }
        if let Some(processing) = self.processing {
            charge["processing"] = json!(processing);
        }
        if let Some(tier) = self.service_tier {
            charge["serviceTier"] = json!(tier);
        }
        if !self.tags.is_empty() {
            charge["tags"] = self.tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        }
        charge["usage"] = self.usage_json();
        if let Some(money) = self.reported {
            charge["reportedCost"] = json!({"amount": decimal(money.units, scale(money.currency)), "currency": money.currency});
        }
        self.spoiled(charge)
    }

    fn usage_json(&self) -> Value {
        let mut usage = json!({});
        let mut other = Vec::new();
        for (meter, quantity) in &self.usage {
            match FIELDS.iter().find(|field| field.0 == *meter) {
                Some((_, field)) => usage[*field] = number(*quantity),
                None => other.push(json!({"meter": meter, "quantity": number(*quantity)})),
            }
        }
        if let Some(total) = self.total_input {
            usage["totalInputTokens"] = number(total);
        }
        if !other.is_empty() {
            usage["other"] = Value::Array(other);
        }
        usage
    }

    fn spoiled(&self, mut charge: Value) -> String {
        match self.flaw {
            None => {}
            Some(Flaw::NegativeQuantity) => charge["usage"]["outputTokens"] = json!(-5),
            Some(Flaw::MoneyAsNumber) => charge["reportedCost"] = json!({"amount": 1.25, "currency": "USD"}),
            Some(Flaw::Malformed) => return charge.to_string().replacen(':', ";", 1),
            Some(Flaw::NoUsage) => {
                charge["usage"] = json!({"inputTokens": 0});
                charge["reportedCost"] = Value::Null;
            }
            Some(Flaw::ReasoningAboveOutput) => charge["usage"] = json!({"outputTokens": 10, "reasoningTokens": 11}),
            Some(Flaw::CachedAboveInput) => charge["usage"] = json!({"totalInputTokens": 10, "cacheReadTokens": 11}),
            Some(Flaw::DecadesOff) => charge["occurredAt"] = json!("1999-12-31T23:59:59Z"),
            Some(Flaw::UnknownField) => charge["teem"] = json!("claims"),
            Some(Flaw::BlankSource) => charge["source"] = json!(""),
            Some(Flaw::ControlCharacter) => charge["model"] = json!("swift\u{1}"),
            Some(Flaw::LongText) => charge["team"] = json!("x".repeat(65)),
            Some(Flaw::AbsurdQuantity) => charge["usage"]["outputTokens"] = json!(1_000_000_000_001_i64),
        }
        charge.to_string()
    }
}

/// Whole millionths as a JSON number, others as decimal text.
fn number(millionths: i64) -> Value {
    if millionths % 1_000_000 == 0 { json!(millionths / 1_000_000) } else { json!(decimal(i128::from(millionths), 6)) }
}

pub fn decimal(units: i128, scale: u32) -> String {
    let one = 10_i128.pow(scale);
    format!("{}.{:0width$}", units / one, units % one, width = scale as usize)
}
