//! `rate`: one event, one rated charge.

use std::collections::HashMap;

use super::book::{ModelPrices, PriceBook};
use super::{Discount, UnitPrice};
use crate::domain::ids::{DiscountId, PriceId};
use crate::domain::money::{Amount, Currency, Exact, Money};
use crate::domain::usage::{Meter, Quantity, UsageEvent};

/// The outcome for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rating {
    Rated(Rated),
    /// No price: the charge waits in sight, with the reason.
    Unpriced(String),
}

/// Money for one event before it is booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rated {
    pub lines: Vec<RatedLine>,
    /// The sum of the lines, unrounded.
    pub exact: Exact,
    /// The sum rounded once, half to even, to the currency's ledger scale.
    pub amount: Amount,
    pub currency: Currency,
}

/// One meter of a rated charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatedLine {
    pub meter: Meter,
    pub quantity: Quantity,
    pub price: PriceId,
    pub discount: Option<DiscountId>,
    pub unit_price: UnitPrice,
    /// Quantity times unit price, less the discount, unrounded.
    pub exact: Exact,
}

impl Rated {
    pub fn money(&self) -> Money {
        self.amount.with(self.currency)
    }
}

/// Rates an event against the price book.
///
/// Reasoning tokens are priced apart, and taken out of the output, only where the model has a price for them. Above a long-context
/// threshold every token class must have a price of that tier. Anything without a price of exactly its variant leaves the whole charge unpriced.
pub fn rate(event: &UsageEvent, book: &PriceBook) -> Rating {
    Rating::of(rated(event, book, book.model(&event.provider, &event.model)))
}

/// Rates many events against one price book exactly as [`rate`] does, and remembers which prices each served model has.
pub struct Rater<'a> {
    book: &'a PriceBook,
    /// By provider, then by served model: looked up without making a key.
    models: HashMap<String, HashMap<String, Option<PricedModel<'a>>>>,
}

type PricedModel<'a> = (&'a str, &'a ModelPrices);

impl<'a> Rater<'a> {
    pub fn new(book: &'a PriceBook) -> Self {
        Self { book, models: HashMap::new() }
    }

    /// As [`rate`].
    pub fn rate(&mut self, event: &UsageEvent) -> Rating {
        let model = self.model(&event.provider, &event.model);
        Rating::of(rated(event, self.book, model))
    }

    /// As [`PriceBook::priced_model`].
    pub fn priced_model(&mut self, provider: &str, name: &str) -> Option<&'a str> {
        self.model(provider, name).map(|found| found.0)
    }

    fn model(&mut self, provider: &str, name: &str) -> Option<PricedModel<'a>> {
        if let Some(found) = self.models.get(provider).and_then(|models| models.get(name)) {
            return *found;
        }
        let found = self.book.model(provider, name);
        self.models.entry(provider.to_owned()).or_default().insert(name.to_owned(), found);
        found
    }
}

impl Rating {
    fn of(rated: Result<Rated, String>) -> Self {
        match rated {
            Ok(rated) => Self::Rated(rated),
            Err(reason) => Self::Unpriced(reason),
        }
    }
}

fn rated(event: &UsageEvent, book: &PriceBook, model: Option<PricedModel<'_>>) -> Result<Rated, String> {
    if event.quantities.is_empty() {
        return Err("the charge has no usage to rate".to_owned());
    }
    let (model, prices) = model.ok_or_else(|| format!("no price for model {} of {}", event.model, event.provider))?;
    let discount = book.discount_of(&event.provider, model, event.occurred_at);
    let tier = prices.context_tier(event);
    let reasoning_apart = event.quantities.iter().any(|line| line.0 == Meter::REASONING) && prices.has(&Meter::REASONING, event);
    let mut lines = Vec::with_capacity(event.quantities.len());
    let mut exact = Exact::ZERO;
    for (meter, quantity) in &event.quantities {
        let quantity = match (meter == &Meter::REASONING, meter == &Meter::OUTPUT, reasoning_apart) {
            (true, _, false) => continue,
            (_, true, true) => quantity.checked_sub(event.quantity(&Meter::REASONING)).unwrap_or(Quantity::ZERO),
            _ => *quantity,
        };
        if quantity.is_zero() {
            continue;
        }
        let line = rated_line(meter, quantity, prices, discount, event, tier)?;
        exact = exact.checked_add(line.exact).ok_or("the cost exceeds what the ledger holds")?;
        lines.push(line);
    }
    let currency = lines.first().map_or(Currency::USD, |line| line.unit_price.currency());
    if let Some(other) = lines.iter().find(|line| line.unit_price.currency() != currency) {
        return Err(format!("prices in two currencies, {currency} and {}", other.unit_price.currency()));
    }
    let units = exact.round_half_even(currency.ledger_scale()).ok_or("the cost exceeds what the ledger holds")?;
    Ok(Rated { lines, exact: exact.normalized(), amount: Amount::from_units(units), currency })
}

fn rated_line(
    meter: &Meter,
    quantity: Quantity,
    prices: &ModelPrices,
    discount: Option<&Discount>,
    event: &UsageEvent,
    tier: Option<i64>,
) -> Result<RatedLine, String> {
    let price = prices.find(meter, event, tier)?;
    let unit_price = price.terms.unit_price;
    let exact = line_cost(quantity, &unit_price, discount).ok_or("the cost exceeds what the ledger holds")?;
    Ok(RatedLine { meter: meter.clone(), quantity, price: price.id, discount: discount.map(|discount| discount.id), unit_price, exact })
}

/// Quantity times unit price less the discount, exactly; `None` above 128 bits.
pub(super) fn line_cost(quantity: Quantity, unit_price: &UnitPrice, discount: Option<&Discount>) -> Option<Exact> {
    let list = quantity.exact().normalized().checked_mul(unit_price.each())?;
    match discount {
        None => Some(list),
        Some(discount) => list.checked_mul(discount.remaining_share()?).map(Exact::normalized),
    }
}

impl RatedLine {
    /// Rebuilds a stored line from the immutable price and discount it names.
    pub fn restore(meter: Meter, quantity: Quantity, price: PriceId, discount: Option<DiscountId>, book: &PriceBook) -> Option<Self> {
        let unit_price = book.price(price)?.terms.unit_price;
        let granted = match discount {
            Some(id) => Some(book.discount(id)?),
            None => None,
        };
        let exact = line_cost(quantity, &unit_price, granted)?;
        Some(Self { meter, quantity, price, discount, unit_price, exact })
    }
}
