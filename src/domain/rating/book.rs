//! The price book: finds the one price of a meter line, or says why there is none.

use std::collections::HashMap;

use super::model_name;
use super::{Discount, Price, PriceTerms, UnitPrice};
use crate::domain::ids::{DiscountId, PriceId};
use crate::domain::period::Moment;
use crate::domain::usage::{Meter, UsageEvent};

/// Prices, aliases and discounts, indexed for rating. A snapshot: it never changes.
#[derive(Debug, Default)]
pub struct PriceBook {
    models: HashMap<(String, String), ModelPrices>,
    /// (provider, alias) -> model.
    aliases: HashMap<(String, String), String>,
    discounts: Vec<Discount>,
    prices: HashMap<PriceId, Price>,
}

/// The prices of one model, the strongest first.
#[derive(Debug, Default)]
pub(super) struct ModelPrices {
    prices: Vec<Price>,
}

impl PriceBook {
    /// The model that is meant by another name of this provider's.
    pub fn alias(&self, provider: &str, alias: &str) -> Option<&str> {
        self.aliases.get(&(provider.to_owned(), alias.to_owned())).map(String::as_str)
    }

    pub fn new(prices: Vec<Price>, aliases: impl IntoIterator<Item = (String, String, String)>, discounts: Vec<Discount>) -> Self {
        let mut book = Self { discounts, ..Self::default() };
        for (provider, alias, model) in aliases {
            book.aliases.insert((provider, alias), model);
        }
        for price in prices {
            let key = (price.terms.key.provider.clone(), price.terms.key.model.clone());
            book.models.entry(key).or_default().prices.push(price.clone());
            book.prices.insert(price.id, price);
        }
        for model in book.models.values_mut() {
            // Stronger first, so that the first applicable price of a key is the one that counts.
            model.prices.sort_by_key(|price| std::cmp::Reverse((price.terms.precedence, price.terms.effective_from, price.id)));
        }
        book
    }

    /// The price of this number, whether it still applies or not.
    pub fn price(&self, id: PriceId) -> Option<&Price> {
        self.prices.get(&id)
    }

    pub fn discount(&self, id: DiscountId) -> Option<&Discount> {
        self.discounts.iter().find(|discount| discount.id == id)
    }

    pub fn prices(&self) -> impl Iterator<Item = &Price> {
        self.prices.values()
    }

    /// The name under which the price book has the prices of a served model.
    pub fn priced_model(&self, provider: &str, name: &str) -> Option<&str> {
        self.model(provider, name).map(|found| found.0)
    }

    /// The same book with other prices: `reprice` answers what stands in the place of a price, or that it stays; `added` are new ones.
    #[must_use]
    pub fn repriced(&self, reprice: impl Fn(&PriceTerms) -> Option<UnitPrice>, added: impl IntoIterator<Item = Price>) -> Self {
        let changed = |price: &Price| {
            let unit_price = reprice(&price.terms).unwrap_or(price.terms.unit_price);
            Price { terms: PriceTerms { unit_price, ..price.terms.clone() }, ..price.clone() }
        };
        let aliases = self.aliases.iter().map(|((provider, alias), model)| (provider.clone(), alias.clone(), model.clone()));
        Self::new(self.prices.values().map(changed).chain(added).collect(), aliases, self.discounts.clone())
    }

    /// The priced model that the served name stands for.
    pub(super) fn model(&self, provider: &str, name: &str) -> Option<(&str, &ModelPrices)> {
        // The exact name first: most gateways send the family or a snapshot that was met before.
        let found = |name: &str| {
            let key = (provider.to_owned(), name.to_owned());
            let key = self.aliases.get(&key).map_or(key, |model| (provider.to_owned(), model.clone()));
            self.models.get_key_value(&key).map(|(key, prices)| (key.1.as_str(), prices))
        };
        found(name).or_else(|| model_name::candidates(provider, name).iter().find_map(|name| found(name)))
    }

    /// The discount on a model's list prices at a moment: the model's own before the provider's, the latest of each.
    pub(super) fn discount_of(&self, provider: &str, model: &str, moment: Moment) -> Option<&Discount> {
        if self.discounts.is_empty() {
            return None;
        }
        let of = |wanted: Option<&str>| {
            let applies =
                |discount: &&Discount| discount.provider == provider && discount.model.as_deref() == wanted && discount.applies_at(moment);
            self.discounts.iter().filter(applies).max_by_key(|discount| (discount.effective_from, discount.id))
        };
        of(Some(model)).or_else(|| of(None))
    }
}

impl ModelPrices {
    /// Whether the model has a price of its own for the meter in the event's variant.
    pub(super) fn has(&self, meter: &Meter, event: &UsageEvent) -> bool {
        self.variants(meter, event).next().is_some()
    }

    /// The largest threshold the event is above, among the prices of its variant.
    pub(super) fn context_tier(&self, event: &UsageEvent) -> Option<i64> {
        let total = event.total_input().whole_units();
        let thresholds = self.prices.iter().filter(|price| price.terms.key.above_input_tokens.is_some_and(|above| total > above));
        thresholds.filter(|price| fits_variant(price, event)).filter_map(|price| price.terms.key.above_input_tokens).max()
    }

    /// The price of a meter. `tier` is the context tier of the whole request.
    ///
    /// # Errors
    /// What is missing, for the reason of an unpriced charge.
    pub(super) fn find(&self, meter: &Meter, event: &UsageEvent, tier: Option<i64>) -> Result<&Price, String> {
        let of_tier = |wanted: Option<i64>| {
            let mut prices = self.variants(meter, event).filter(|price| price.terms.key.above_input_tokens == wanted);
            let first = prices.next()?;
            // A price of the event's own region stands above one for every region.
            let own_region = |price: &&Price| price.terms.key.region.is_some();
            if own_region(&first) { Some(first) } else { prices.find(own_region).or(Some(first)) }
        };
        if let Some(price) = of_tier(tier) {
            return Ok(price);
        }
        if tier.is_some() && !meter.is_tokens() {
            // Fees per call do not depend on the context.
            return of_tier(None).ok_or_else(|| self.missing(meter, event));
        }
        if let Some(above) = tier {
            return Err(format!("no price for {meter} above {above} input tokens"));
        }
        Err(self.missing(meter, event))
    }

    fn variants(&self, meter: &Meter, event: &UsageEvent) -> impl Iterator<Item = &Price> {
        self.prices.iter().filter(move |price| price.terms.key.meter == *meter && fits_variant(price, event))
    }

    fn missing(&self, meter: &Meter, event: &UsageEvent) -> String {
        let known = self.prices.iter().any(|price| price.terms.key.meter == *meter);
        let mut variant = Vec::new();
        if known {
            variant.push(format!("processing {}", event.processing.as_str()));
            variant.extend(event.service_tier.as_ref().map(|tier| format!("service tier {tier}")));
            variant.push(format!("at {}", event.occurred_at.to_instant().to_rfc3339()));
        }
        if variant.is_empty() { format!("no price for {meter}") } else { format!("no price for {meter} with {}", variant.join(", ")) }
    }
}

/// Whether a price is for the event's moment, processing, tier and region.
fn fits_variant(price: &Price, event: &UsageEvent) -> bool {
    let key = &price.terms.key;
    key.processing == event.processing
        && key.service_tier == event.service_tier
        && (key.region.is_none() || key.region == event.region)
        && price.applies_at(event.occurred_at)
}
