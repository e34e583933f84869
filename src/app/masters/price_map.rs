//! Imports a public price map without dates: what it says is the list of today.
//!
//! A changed price applies from today on, because when it changed is not known; what had no price at all applies from the beginning, so that
//! usage of the past is priced too. What no price can be made of is skipped with its reason, and the others are imported.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;

use chrono::{DateTime, NaiveTime, Utc};

use super::{ImportedPrices, PriceFilter, PriceInput, import_prices, prices};
use crate::app::auth::Actor;
use crate::app::{App, AppError};
use crate::domain::rating::Price;
use crate::domain::rejection::Rejection;
use crate::domain::usage::{Processing, limits};
use crate::import::litellm::{PriceLine, PriceMapError, read_price_map};

/// What an import of a price map did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedPriceMap {
    pub prices: ImportedPrices,
    pub skipped: Vec<SkippedPrice>,
}

/// An entry of the map, or one price of it, that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedPrice {
    pub model: String,
    pub reason: String,
}

/// Why a price map was not imported at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportPriceMapError {
    #[error(transparent)]
    Unreadable(#[from] PriceMapError),
    #[error(transparent)]
    App(#[from] AppError),
}

/// Imports LiteLLM's public price map. `from` dates all lines; without it they are dated as this module says. `name` is the file's, for the source.
///
/// # Errors
/// A file that is no price map; [`AppError::Forbidden`]; any database failure.
pub async fn import_price_map(
    app: &App,
    actor: &Actor,
    reader: impl Read,
    name: &str,
    from: Option<DateTime<Utc>>,
) -> Result<ImportedPriceMap, ImportPriceMapError> {
    let map = read_price_map(reader)?;
    let mut skipped: Vec<_> = map.skipped.into_iter().map(|skip| SkippedPrice { model: skip.model, reason: skip.reason }).collect();
    let known = prices(app, actor, PriceFilter::default()).await?;
    let inputs = dated(map.prices, &known, from, app.clock().now(), name);
    let refused = match import_prices(app, actor, inputs.clone()).await {
        Err(AppError::Rejected(rejections)) => rejections,
        answer => return Ok(ImportedPriceMap { prices: answer?, skipped }),
    };
    // One line that no price can be made of is no reason to go without the thousands of others.
    let refused: BTreeMap<usize, &Rejection> =
        refused.iter().filter_map(|rejection| Some((rejection.path.get(1)?.parse().ok()?, rejection))).collect();
    let mut accepted = Vec::with_capacity(inputs.len());
    for (position, input) in inputs.into_iter().enumerate() {
        match refused.get(&position) {
            None => accepted.push(input),
            Some(rejection) => skipped.push(SkippedPrice { reason: format!("{}: {}", input.meter, rejection.message), model: input.model }),
        }
    }
    Ok(ImportedPriceMap { prices: import_prices(app, actor, accepted).await?, skipped })
}

fn dated(lines: Vec<PriceLine>, known: &[Price], from: Option<DateTime<Utc>>, now: DateTime<Utc>, name: &str) -> Vec<PriceInput> {
    let key = |price: &Price| {
        let key = price.terms.key.clone();
        let meter = key.meter.code().to_owned();
        (key.provider, key.model, meter, key.processing.as_str(), key.service_tier, key.region, key.above_input_tokens)
    };
    let known: HashSet<_> = known.iter().map(key).collect();
    let today = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let beginning = chrono::NaiveDate::from_ymd_opt(limits::FIRST_YEAR, 1, 1).map_or(today, |day| day.and_time(NaiveTime::MIN).and_utc());
    let source = format!("LiteLLM price map, {name} ({})", today.date_naive());
    let input = |line: PriceLine| {
        let model = line.model.to_ascii_lowercase();
        let service_tier = line.service_tier.map(|tier| tier.to_ascii_lowercase());
        let key = (line.provider, model, line.meter, line.processing, service_tier, line.region, line.above_input_tokens);
        let effective_from = from.unwrap_or(if known.contains(&key) { today } else { beginning });
        let (provider, model, meter, processing, service_tier, region, above_input_tokens) = key;
        PriceInput {
            provider,
            model,
            meter,
            per: line.per.to_string(),
            amount: line.amount.to_string(),
            currency: line.currency,
            effective_from,
            effective_to: None,
            processing: Processing::parse(processing),
            service_tier,
            region,
            above_input_tokens,
            source: Some(source.clone()),
        }
    };
    lines.into_iter().map(input).collect()
}
