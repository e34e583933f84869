//! One charge under one scenario: what is rated, and what it comes to.

use std::borrow::Cow;

use super::scenario::{Change, Human, Prepared};
use crate::domain::money::{Amount, Exact, Money};
use crate::domain::rating::{Rated, Rater, Rating};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::{Meter, Processing, Quantity, UsageEvent};

/// A charge under a scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assessed {
    /// What AI would cost; `None` when it has no price, and then `unpriced` says why.
    pub cost: Option<Money>,
    /// Whether a change touched it. What none touched is carried over at what it was booked at.
    pub is_changed: bool,
    pub unpriced: Option<String>,
    /// Why it stays in its processing, where the scenario asked for batch.
    pub unbatched: Option<String>,
    pub human: Option<Human>,
}

/// Assesses many charges under one scenario.
///
/// Cost is exact until it is rounded once a charge, half to even, to the ledger scale, as in the books.
pub struct Assessor<'a> {
    prepared: &'a Prepared,
    rater: Rater<'a>,
}

/// An event after the changes.
struct Changed<'e> {
    event: Cow<'e, UsageEvent>,
    /// The share that is rated as batch.
    batch: Option<Exact>,
    /// The share that people take over, and what that means for one charge.
    human: Option<(Exact, Human)>,
}

impl<'a> Assessor<'a> {
    pub fn new(prepared: &'a Prepared) -> Self {
        Self { prepared, rater: Rater::new(&prepared.book) }
    }

    /// `booked` is what the charge costs in the books, `None` when it waits for a price there.
    ///
    /// # Errors
    /// `LEDGER_OVERFLOW` when a cost does not fit.
    pub fn assess(&mut self, event: &UsageEvent, booked: Option<Money>) -> Result<Assessed, Rejection> {
        let changed = self.changed(event);
        let mut answer =
            Assessed { human: changed.human.map(|(_, human)| human), is_changed: changed.human.is_some(), ..Assessed::default() };
        let batch = match self.batch(&changed) {
            None => None,
            Some(Ok(part)) => Some(part),
            Some(Err(reason)) => {
                answer.unbatched = Some(reason);
                None
            }
        };
        let is_rated = batch.is_some() || *changed.event != *event || self.is_repriced(&changed.event);
        answer.is_changed |= is_rated;
        let cost = if is_rated { self.rated(&changed.event, batch.as_ref()) } else { self.carried_over(event, booked) };
        match cost {
            Err(reason) => answer.unpriced = Some(reason),
            Ok((exact, currency)) => {
                let kept = match changed.human {
                    None => Some(exact),
                    Some((share, _)) => Exact::new(1, 0).checked_sub(share).and_then(|kept| exact.checked_mul(kept)),
                };
                let units = kept.and_then(|kept| kept.normalized().round_half_even(currency.ledger_scale()));
                let units = units.ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
                answer.cost = Some(Amount::from_units(units).with(currency));
            }
        }
        Ok(answer)
    }

    /// The event as the changes make it, one after the other. A charge is split once: the first share for batch, and the first for
    /// people, that match it count.
    fn changed<'e>(&mut self, event: &'e UsageEvent) -> Changed<'e> {
        let prepared = self.prepared;
        let mut changed = Changed { event: Cow::Borrowed(event), batch: None, human: None };
        for change in &prepared.scenario.changes {
            let of = match change {
                Change::Model { of, .. }
                | Change::CacheShare { of, .. }
                | Change::BatchShare { of, .. }
                | Change::HumanShare { of, .. } => of,
                Change::Price(_) => continue,
            };
            let priced = self.rater.priced_model(&changed.event.provider, &changed.event.model);
            if !of.matches(&changed.event, priced) {
                continue;
            }
            match change {
                Change::Model { provider, model, .. } => rename(&mut changed.event, provider, model),
                Change::CacheShare { share, .. } => cache(&mut changed.event, *share),
                Change::BatchShare { share, .. } => {
                    let is_standard = changed.event.processing == Processing::Standard && changed.event.service_tier.is_none();
                    if is_standard && share.mantissa() > 0 && changed.batch.is_none() {
                        changed.batch = Some(*share);
                    }
                }
                Change::HumanShare { share, per_charge, .. } => {
                    if share.mantissa() != 0 && changed.human.is_none() {
                        changed.human = Some((*share, *per_charge));
                    }
                }
                Change::Price(_) => {}
            }
        }
        changed
    }

    /// The whole charge at batch prices and the share of it that counts, or why it has no batch price. The whole is rated, because
    /// long-context prices look at the whole request.
    fn batch(&mut self, changed: &Changed<'_>) -> Option<Result<(Exact, Rated), String>> {
        let share = changed.batch?;
        let event = UsageEvent { processing: Processing::Batch, ..changed.event.clone().into_owned() };
        Some(match self.rater.rate(&event) {
            Rating::Rated(rated) => Ok((share, rated)),
            Rating::Unpriced(reason) => Err(reason),
        })
    }

    fn is_repriced(&mut self, event: &UsageEvent) -> bool {
        let prepared = self.prepared;
        let mut prices = prepared.scenario.changes.iter().filter_map(|change| match change {
            Change::Price(price) => Some(price),
            Change::Model { .. } | Change::CacheShare { .. } | Change::BatchShare { .. } | Change::HumanShare { .. } => None,
        });
        prices.any(|price| price.touches(event, self.rater.priced_model(&event.provider, &event.model)))
    }

    /// Exact cost by the price book of the scenario.
    fn rated(&mut self, event: &UsageEvent, batch: Option<&(Exact, Rated)>) -> Result<(Exact, crate::domain::money::Currency), String> {
        let rated = match self.rater.rate(event) {
            Rating::Rated(rated) => rated,
            Rating::Unpriced(reason) => return Err(reason),
        };
        let Some((share, batch)) = batch else { return Ok((rated.exact, rated.currency)) };
        if batch.currency != rated.currency {
            return Err(format!("prices in two currencies, {} and {}", rated.currency, batch.currency));
        }
        // At a share of s: standard + s * (batch - standard).
        let less = batch.exact.checked_sub(rated.exact).and_then(|difference| difference.checked_mul(*share));
        let exact = less.and_then(|less| rated.exact.checked_add(less)).ok_or("the cost exceeds what the ledger holds")?;
        Ok((exact.normalized(), rated.currency))
    }

    fn carried_over(&mut self, event: &UsageEvent, booked: Option<Money>) -> Result<(Exact, crate::domain::money::Currency), String> {
        match booked {
            Some(money) => Ok((money.exact(), money.currency)),
            None => Err(match self.rater.rate(event) {
                Rating::Unpriced(reason) => reason,
                Rating::Rated(_) => "it has a price by now: send rerateCharges to book it".to_owned(),
            }),
        }
    }
}

/// Another provider does not know the tiers and regions of the first one.
fn rename(event: &mut Cow<'_, UsageEvent>, provider: &str, model: &str) {
    if event.provider == provider && event.model == model {
        return;
    }
    let event = event.to_mut();
    if event.provider != provider {
        (event.service_tier, event.region) = (None, None);
        provider.clone_into(&mut event.provider);
    }
    model.clone_into(&mut event.model);
}

/// Of all text input, fresh, read and written, `share` is read from the cache: rounded half to even to whole tokens, and at most what is
/// fresh or read. The rest of these two is fresh; what is written to a cache stays. So the classes add up to what they did.
pub(super) fn cache(event: &mut Cow<'_, UsageEvent>, share: Exact) {
    let of = |meter: &Meter| event.quantity(meter);
    let (fresh, read) = (of(&Meter::INPUT), of(&Meter::CACHE_READ));
    let either = fresh.saturating_add(read);
    let all = either.saturating_add(of(&Meter::CACHE_WRITE_5M)).saturating_add(of(&Meter::CACHE_WRITE_1H));
    let wanted = all.exact().normalized().checked_mul(share).and_then(|wanted| wanted.round_half_even(0));
    // A share of at most one of a quantity is a quantity.
    let wanted = wanted.and_then(|units| Quantity::from_units(units).ok()).unwrap_or(either).min(either);
    if wanted == read {
        return;
    }
    let rest = either.checked_sub(wanted).unwrap_or(Quantity::ZERO);
    let quantities = &mut event.to_mut().quantities;
    quantities.retain(|line| line.0 != Meter::INPUT && line.0 != Meter::CACHE_READ);
    quantities.extend([(Meter::INPUT, rest), (Meter::CACHE_READ, wanted)].into_iter().filter(|line| !line.1.is_zero()));
    quantities.sort_by(|a, b| a.0.cmp(&b.0));
}
