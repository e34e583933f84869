//! Standard rates: what a unit of usage is charged at, whatever it costs.

use std::collections::BTreeMap;

use super::{Counts, Line, LineKind, Usage};
use crate::domain::money::{Amount, Currency, Exact};
use crate::domain::period::{Day, Month};
use crate::domain::rejection::{Code, Rejection};

/// What a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateMeter {
    /// Input and output, as far as no rate of their own applies.
    Tokens,
    InputTokens,
    OutputTokens,
    /// Input read from a cache; where it has no rate, it counts as input.
    CacheReadTokens,
    /// Calls.
    Charges,
}

impl RateMeter {
    pub const ALL: [Self; 5] = [Self::Tokens, Self::InputTokens, Self::OutputTokens, Self::CacheReadTokens, Self::Charges];

    /// The word in which it is given, stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::CacheReadTokens => "cache_read_tokens",
            Self::Charges => "charges",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meter| meter.as_str() == text)
    }

    /// The meters whose rate a quantity of this one is charged at, the first that has one.
    fn fallbacks(self) -> &'static [Self] {
        match self {
            Self::CacheReadTokens => &[Self::CacheReadTokens, Self::InputTokens, Self::Tokens],
            Self::InputTokens => &[Self::InputTokens, Self::Tokens],
            Self::OutputTokens => &[Self::OutputTokens, Self::Tokens],
            Self::Tokens => &[Self::Tokens],
            Self::Charges => &[Self::Charges],
        }
    }
}

/// A rate for days. Of several that apply, one for the model goes before one for all, and the latest saved before earlier ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandardRate {
    pub number: i64,
    /// Absent for every provider.
    pub provider: Option<String>,
    /// Absent for every model.
    pub model: Option<String>,
    pub meter: RateMeter,
    /// Units that `amount` is for; a product of twos and fives.
    pub per: i64,
    pub amount: Exact,
    pub currency: Currency,
    pub valid_from: Day,
    /// The first day on which it no longer is.
    pub valid_to: Option<Day>,
}

impl StandardRate {
    fn applies(&self, currency: Currency, usage: &Usage) -> bool {
        let is_of = |wanted: &Option<String>, given: &Option<String>| wanted.is_none() || wanted == given;
        self.currency == currency
            && self.valid_from <= usage.day
            && self.valid_to.is_none_or(|end| usage.day < end)
            && is_of(&self.provider, &usage.provider)
            && is_of(&self.model, &usage.model)
    }

    /// Quantity times rate, rounded once to the ledger scale, half to even.
    fn charge(&self, quantity: i64) -> Result<Amount, Rejection> {
        let exact = self.amount.checked_mul(Exact::new(i128::from(quantity), 0)).and_then(|product| product.checked_div_exact(self.per));
        let units = exact.and_then(|exact| exact.round_half_even(self.currency.ledger_scale()));
        units.map(Amount::from_units).ok_or_else(|| Rejection::of(Code::LedgerOverflow))
    }
}

/// The rate for a meter of one usage: the narrowest, then the latest.
fn rate_for<'a>(rates: &'a [StandardRate], currency: Currency, usage: &Usage, meter: RateMeter) -> Option<&'a StandardRate> {
    let applying: Vec<_> = rates.iter().filter(|rate| rate.applies(currency, usage)).collect();
    let narrowness = |rate: &StandardRate| (rate.model.is_some(), rate.provider.is_some(), rate.number);
    meter
        .fallbacks()
        .iter()
        .find_map(|meter| applying.iter().copied().filter(|rate| rate.meter == *meter).max_by_key(|rate| narrowness(rate)))
}

/// The disjoint quantities of a usage.
fn quantities(counts: Counts) -> Result<[(RateMeter, i64); 4], Rejection> {
    let fresh = counts.input_tokens.checked_sub(counts.cache_read_tokens).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
    Ok([
        (RateMeter::InputTokens, fresh),
        (RateMeter::CacheReadTokens, counts.cache_read_tokens),
        (RateMeter::OutputTokens, counts.output_tokens),
        (RateMeter::Charges, counts.charges),
    ])
}

type Key = (Option<String>, Option<String>, Option<String>, Option<i64>);

/// Usage at standard rates: one line for each provider, model, feature and rate. What a usage cost stands on its first line; cost without
/// a quantity stands on a line of its own that charges nothing.
///
/// # Errors
/// `STANDARD_RATE_MISSING` for usage that no rate covers, `LEDGER_OVERFLOW`.
pub fn standard_lines(month: Month, currency: Currency, usages: &[Usage], rates: &[StandardRate]) -> Result<Vec<Line>, Rejection> {
    let overflow = || Rejection::of(Code::LedgerOverflow);
    let mut grouped: BTreeMap<Key, (i64, i128)> = BTreeMap::new();
    for usage in usages {
        let key = |rate: Option<i64>| (usage.provider.clone(), usage.model.clone(), usage.feature.clone(), rate);
        let (mut first, mut covered, mut missing) = (None, false, None);
        for (meter, quantity) in quantities(usage.counts)?.into_iter().filter(|(_, quantity)| *quantity != 0) {
            let Some(rate) = rate_for(rates, currency, usage, meter) else {
                missing = missing.or(Some(meter));
                continue;
            };
            covered |= meter == RateMeter::Charges;
            first = first.or(Some(rate.number));
            let line = grouped.entry(key(Some(rate.number))).or_default();
            line.0 = line.0.checked_add(quantity).ok_or_else(overflow)?;
        }
        match missing {
            // Calls at a rate need no rate for their tokens, and tokens at rates none for their calls.
            Some(RateMeter::Charges) if first.is_some() => {}
            Some(meter) if !covered => return Err(no_rate(usage, meter, currency)),
            Some(_) | None => {}
        }
        grouped.entry(key(first)).or_default().1 += i128::from(usage.net);
    }
    let mut lines = Vec::with_capacity(grouped.len());
    for ((provider, model, feature, number), (quantity, cost)) in grouped {
        let rate = number.and_then(|number| rates.iter().find(|rate| rate.number == number));
        let cost = super::amount_of(cost)?;
        if rate.is_none() && cost == Amount::ZERO {
            continue;
        }
        lines.push(Line {
            kind: LineKind::StandardRate,
            month,
            description: super::compose::usage_words(provider.as_deref(), model.as_deref(), feature.as_deref()),
            provider,
            model,
            feature,
            quantity: rate.map(|_| quantity),
            unit: rate.map(|rate| rate.meter.as_str()),
            rate: rate.map(|rate| format!("{} per {}", rate.amount.normalized(), rate.per)),
            cost,
            amount: rate.map_or(Ok(Amount::ZERO), |rate| rate.charge(quantity))?,
        });
    }
    Ok(lines)
}

fn no_rate(usage: &Usage, meter: RateMeter, currency: Currency) -> Rejection {
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
    let message = format!(
        "no standard rate in {currency} covers {} of {} {} on {}: save one with saveStandardRates",
        meter.as_str(),
        name(&usage.provider),
        name(&usage.model),
        usage.day
    );
    Rejection::at(Code::StandardRateMissing, "basis", message)
}
