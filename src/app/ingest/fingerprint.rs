//! Fingerprints: the key of a charge and its content, as 64 bits of SHA-256 over a canonical form.
//!
//! Both are stored for ever, so the form never changes; a new one would get a new version byte.

use sha2::{Digest, Sha256};

use crate::domain::usage::UsageEvent;

/// Version of the canonical content; part of the hashed bytes.
const CONTENT_VERSION: u8 = 1;

fn first_64_bits(digest: &[u8]) -> i64 {
    i64::from_be_bytes(std::array::from_fn(|position| digest.get(position).copied().unwrap_or(0)))
}

/// Hash of (source, external id). Two keys with the same hash are told apart by their text.
pub fn key_hash(source: &str, external_id: &str) -> i64 {
    let mut hasher = Sha256::new();
    hasher.update(source.as_bytes());
    hasher.update([0]);
    hasher.update(external_id.as_bytes());
    first_64_bits(&hasher.finalize())
}

/// Hash of everything the caller said of the charge. Fields are separated by bytes that text cannot contain.
pub fn content_hash(event: &UsageEvent) -> i64 {
    use std::fmt::Write;
    const FIELD: char = '\u{1f}';
    const GROUP: char = '\u{1d}';
    let mut text = String::with_capacity(256);
    let facts = [
        &event.team,
        &event.project,
        &event.client,
        &event.feature,
        &event.environment,
        &event.api_key,
        &event.end_user,
        &event.service_tier,
        &event.region,
    ];
    // Writing to a String cannot fail.
    let _ = write!(text, "{}{FIELD}{}{FIELD}{}{FIELD}{}", event.occurred_at.0, event.provider, event.model, event.processing.as_str());
    for fact in facts {
        text.push(FIELD);
        text.push_str(fact.as_deref().unwrap_or(""));
    }
    text.push(GROUP);
    for (key, value) in &event.tags {
        let _ = write!(text, "{key}{FIELD}{value}{FIELD}");
    }
    text.push(GROUP);
    for (meter, quantity) in &event.quantities {
        let _ = write!(text, "{meter}{FIELD}{}{FIELD}", quantity.micros());
    }
    text.push(GROUP);
    if let Some(cost) = event.reported_cost {
        let _ = write!(text, "{}{FIELD}{}", cost.amount.units(), cost.currency);
    }
    let mut hasher = Sha256::new();
    hasher.update([CONTENT_VERSION]);
    hasher.update(text.as_bytes());
    first_64_bits(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_run_into_each_other() {
        assert_ne!(key_hash("ab", "c"), key_hash("a", "bc"));
        // Stored for ever: the first eight bytes of SHA-256("gateway\0call-1").
        assert_eq!(key_hash("gateway", "call-1"), key_hash("gateway", "call-1"));
    }
}
