//! A charge in the words of bookkeeping, as the doors take it.

use serde_json::{Value, json};

/// A charge on its way in. It starts as a call that costs 0.0065 USD: gpt-4o, 1,200 tokens in at 2.50 and 350 out at 10.00 a million.
#[derive(Debug, Clone)]
pub struct Charge(pub Value);

/// The charge with this external id, sent by `gateway`, of 5 January 2026.
pub fn charge(external_id: &str) -> Charge {
    Charge(json!({
        "source": "gateway",
        "externalId": external_id,
        "occurredAt": "2026-01-05T14:03:22Z",
        "provider": "openai",
        "model": "gpt-4o",
        "usage": { "inputTokens": 1200, "outputTokens": 350 },
    }))
}

impl Charge {
    /// Sets any member; a dotted name reaches inside.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let mut member = &mut self.0;
        for part in name.split('.') {
            member = &mut member[part];
        }
        *member = value.into();
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.as_object_mut().unwrap().remove(name);
        self
    }

    pub fn model(self, provider: &str, model: &str) -> Self {
        self.with("provider", provider).with("model", model)
    }

    pub fn tokens(self, input: i64, output: i64) -> Self {
        self.with("usage", json!({ "inputTokens": input, "outputTokens": output }))
    }

    pub fn usage(self, usage: Value) -> Self {
        self.with("usage", usage)
    }

    pub fn on(self, instant: &str) -> Self {
        self.with("occurredAt", instant)
    }

    pub fn team(self, code: &str) -> Self {
        self.with("team", code)
    }

    pub fn project(self, code: &str) -> Self {
        self.with("project", code)
    }

    pub fn client(self, code: &str) -> Self {
        self.with("client", code)
    }

    pub fn feature(self, name: &str) -> Self {
        self.with("feature", name)
    }
}

/// One charge a line.
pub fn ndjson<'a>(charges: impl IntoIterator<Item = &'a Charge>) -> String {
    charges.into_iter().map(|charge| format!("{}\n", charge.0)).collect()
}
