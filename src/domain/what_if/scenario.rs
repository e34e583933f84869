//! Scenarios in the domain's own types, and the price book that each of them rates by.

use crate::domain::ids::PriceId;
use crate::domain::money::{Exact, Money};
use crate::domain::period::Moment;
use crate::domain::rating::{Precedence, Price, PriceBook, PriceKey, PriceTerms, UnitPrice};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::{Meter, Processing, UsageEvent};

/// Assumptions with a name. Changes apply in their order, each to what the ones before made; prices are changed before all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    pub name: String,
    pub changes: Vec<Change>,
}

/// Which usage a change is about. What is absent is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    pub provider: Option<String>,
    /// The served name, or the name that the price book has its prices under.
    pub model: Option<String>,
}

/// One assumption. A share is from 0 to 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The usage is rated as that of another model.
    Model {
        of: Selection,
        provider: String,
        model: String,
    },
    Price(PriceChange),
    /// This share of all text input is read from a cache: see [`super::Assessor`] for the rounding.
    CacheShare {
        of: Selection,
        share: Exact,
    },
    /// This share of each charge of standard processing is rated as batch.
    BatchShare {
        of: Selection,
        share: Exact,
    },
    /// People do this share of the charges; below zero, AI takes over work of people.
    HumanShare {
        of: Selection,
        share: Exact,
        per_charge: Human,
    },
}

/// What people's work for one charge takes and costs, the share counted in; below zero when it is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Human {
    /// Exact.
    pub minutes: Exact,
    /// Rounded half to even to the ledger scale, once a charge.
    pub cost: Money,
}

/// Prices of a provider that are others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChange {
    pub provider: String,
    /// Absent only with a percentage: every model.
    pub model: Option<String>,
    /// Absent only with a percentage: every meter.
    pub meter: Option<Meter>,
    /// Absent only with a percentage: every processing.
    pub processing: Option<Processing>,
    pub price: NewPrice,
}

/// What stands in the place of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewPrice {
    Set(UnitPrice),
    /// Of the price as it is; 100 changes nothing.
    Percent(Exact),
}

/// A scenario that was checked against the price book, with the prices it rates by.
pub struct Prepared {
    pub scenario: Scenario,
    pub book: PriceBook,
}

impl Selection {
    /// `priced` is the model's name in the price book, where it has one.
    pub fn matches(&self, event: &UsageEvent, priced: Option<&str>) -> bool {
        self.provider.as_ref().is_none_or(|provider| *provider == event.provider)
            && self.model.as_ref().is_none_or(|model| *model == event.model || Some(model.as_str()) == priced)
    }
}

impl Scenario {
    /// Whether it asks for prices that the charges themselves do not show: another model's, a cache's or a batch's.
    pub fn asks_for_other_prices(&self) -> bool {
        self.changes.iter().any(|change| match change {
            Change::Model { .. } | Change::CacheShare { .. } | Change::BatchShare { .. } => true,
            Change::Price(_) | Change::HumanShare { .. } => false,
        })
    }

    /// Finds the models it names and makes the price book it rates by.
    ///
    /// # Errors
    /// `MODEL_NOT_PRICED` at the change, `AMOUNT_TOO_LARGE` for a price that grows beyond what can be held.
    pub fn prepare(mut self, book: &PriceBook) -> Result<Prepared, Rejection> {
        let mut own = book.repriced(|_| None, None);
        for (position, change) in self.changes.iter_mut().enumerate() {
            let at = |rejection: Rejection| rejection.under(position.to_string()).under("changes");
            match change {
                Change::Model { provider, model, .. } => priced(book, provider, model, "toModel").map(|_| ()).map_err(at)?,
                Change::Price(price) => own = price.applied(&own, book).map_err(at)?,
                Change::CacheShare { .. } | Change::BatchShare { .. } | Change::HumanShare { .. } => {}
            }
        }
        Ok(Prepared { scenario: self, book: own })
    }
}

fn priced<'a>(book: &'a PriceBook, provider: &str, model: &str, field: &'static str) -> Result<&'a str, Rejection> {
    book.priced_model(provider, model).ok_or_else(|| {
        let short = |text: &str| text.chars().take(64).collect::<String>();
        let message = format!("the price book has no price of the model `{}` of `{}`", short(model), short(provider));
        Rejection::at(Code::ModelNotPriced, field, message)
    })
}

impl PriceChange {
    /// The book with this change. A named model is from now on the one of the price book that its name stands for; a price that is given
    /// whole may introduce a model.
    fn applied(&mut self, own: &PriceBook, book: &PriceBook) -> Result<PriceBook, Rejection> {
        if let Some(model) = &mut self.model {
            match (priced(book, &self.provider, model, "model"), self.price) {
                (Ok(name), _) => *model = name.to_owned(),
                (Err(_), NewPrice::Set(_)) => {}
                (Err(refused), NewPrice::Percent(_)) => return Err(refused),
            }
        }
        let fits = |key: &PriceKey| {
            key.provider == self.provider
                && self.model.as_ref().is_none_or(|model| *model == key.model)
                && self.meter.as_ref().is_none_or(|meter| *meter == key.meter)
                && self.processing.is_none_or(|processing| processing == key.processing)
        };
        match self.price {
            NewPrice::Percent(percent) => {
                let too_large = || Rejection::at(Code::AmountTooLarge, "percent", "the price would have more digits than can be held");
                let mut prices = own.prices().filter(|price| fits(&price.terms.key));
                if !prices.all(|price| price.terms.unit_price.scaled(percent).is_some()) {
                    return Err(too_large());
                }
                Ok(own.repriced(|terms| fits(&terms.key).then(|| terms.unit_price.scaled(percent)).flatten(), None))
            }
            // Prices of a tier or above a threshold are prices of their own and stay.
            NewPrice::Set(set) => {
                let is_plain = |key: &PriceKey| key.service_tier.is_none() && key.above_input_tokens.is_none();
                Ok(own.repriced(|terms| (fits(&terms.key) && is_plain(&terms.key)).then_some(set), self.for_all_time(set)))
            }
        }
    }

    /// A price where none was: the weakest of all, from the first moment on.
    fn for_all_time(&self, unit_price: UnitPrice) -> Option<Price> {
        let key = PriceKey {
            provider: self.provider.clone(),
            model: self.model.clone()?,
            meter: self.meter.clone()?,
            processing: self.processing?,
            service_tier: None,
            region: None,
            above_input_tokens: None,
        };
        let first = Moment(i64::MIN);
        let terms = PriceTerms {
            key,
            unit_price,
            effective_from: first,
            effective_to: None,
            precedence: Precedence::BuiltIn,
            source: "what-if".to_owned(),
        };
        Some(Price { id: PriceId(i32::MIN), terms, recorded_at: first })
    }

    /// Whether it changes a price that the event is rated by. `priced` is its model's name in the price book.
    pub(super) fn touches(&self, event: &UsageEvent, priced: Option<&str>) -> bool {
        let is_identity = matches!(self.price, NewPrice::Percent(percent) if percent.normalized() == Exact::new(100, 0));
        !is_identity
            && self.provider == event.provider
            && self.model.as_ref().is_none_or(|model| Some(model.as_str()) == priced)
            && self.meter.as_ref().is_none_or(|meter| event.quantities.iter().any(|line| line.0 == *meter))
            && self.processing.is_none_or(|processing| processing == event.processing)
    }
}
