//! From what a month cost to the lines of a statement.

use std::collections::BTreeMap;

use super::{Basis, Line, LineKind, MOST_LINES, StandardRate, Terms, amount_of, standard_lines, sum};
use crate::domain::money::{Amount, Currency, Exact};
use crate::domain::period::{Day, Month};
use crate::domain::rejection::{Code, Rejection};

/// Counts of usage. Input holds every class of input, also what was read from a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub charges: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cache_read_tokens: i64,
}

impl Counts {
    fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            charges: self.charges.checked_add(other.charges)?,
            input_tokens: self.input_tokens.checked_add(other.input_tokens)?,
            output_tokens: self.output_tokens.checked_add(other.output_tokens)?,
            cache_read_tokens: self.cache_read_tokens.checked_add(other.cache_read_tokens)?,
        })
    }
}

/// Cost of a center under one provider, model and feature: debits less credits, in ledger units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub provider: Option<String>,
    pub model: Option<String>,
    pub feature: Option<String>,
    /// The day of the balance, or the first of its month.
    pub day: Day,
    pub net: i64,
    pub counts: Counts,
}

/// What allocations under one memo put on a center, in ledger units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocated {
    pub memo: String,
    pub net: i64,
}

/// What a month cost one center in one currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonthCost {
    pub usage: Vec<Usage>,
    pub allocated: Vec<Allocated>,
}

/// What other statements charged of a month already, markups apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Billed {
    pub cost: i128,
    pub amount: i128,
    /// Whether one of them is of this month, so that only the difference is left to charge.
    pub has_statement: bool,
}

/// A month as it is chargeable now, and what was charged of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessed {
    pub month: Month,
    pub lines: Vec<Line>,
    pub billed: Billed,
}

/// The words of a usage line.
pub(super) fn usage_words(provider: Option<&str>, model: Option<&str>, feature: Option<&str>) -> String {
    let used = match (provider, model) {
        (Some(provider), Some(model)) => format!("{provider} {model}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Other cost".to_owned(),
    };
    feature.map_or_else(|| used.clone(), |feature| format!("{used} for {feature}"))
}

/// The chargeable lines of a month, in a stable order: usage by provider, model and feature, then allocations by memo.
///
/// # Errors
/// `STANDARD_RATE_MISSING`, `LEDGER_OVERFLOW`.
pub fn assess(month: Month, currency: Currency, cost: &MonthCost, basis: Basis, rates: &[StandardRate]) -> Result<Vec<Line>, Rejection> {
    let mut lines = match basis {
        Basis::Actual => usage_lines(month, &cost.usage)?,
        Basis::StandardRate => standard_lines(month, currency, &cost.usage, rates)?,
    };
    let mut by_memo: BTreeMap<&str, i128> = BTreeMap::new();
    for allocated in &cost.allocated {
        *by_memo.entry(&allocated.memo).or_default() += i128::from(allocated.net);
    }
    for (memo, net) in by_memo.into_iter().filter(|(_, net)| *net != 0) {
        let amount = amount_of(net)?;
        let described = if memo.is_empty() { "Shared cost".to_owned() } else { memo.to_owned() };
        lines.push(plain(LineKind::Allocated, month, described, amount));
    }
    Ok(lines)
}

fn plain(kind: LineKind, month: Month, description: String, amount: Amount) -> Line {
    Line {
        kind,
        month,
        description,
        provider: None,
        model: None,
        feature: None,
        quantity: None,
        unit: None,
        rate: None,
        cost: amount,
        amount,
    }
}

/// Provider, model and feature.
type Used<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);

/// Usage at what it cost. The quantity is its input and output tokens; of usage without tokens, its charges.
fn usage_lines(month: Month, usages: &[Usage]) -> Result<Vec<Line>, Rejection> {
    let overflow = || Rejection::of(Code::LedgerOverflow);
    let mut grouped: BTreeMap<Used<'_>, (i128, Counts)> = BTreeMap::new();
    for usage in usages {
        let key = (usage.provider.as_deref(), usage.model.as_deref(), usage.feature.as_deref());
        let group = grouped.entry(key).or_default();
        group.0 += i128::from(usage.net);
        group.1 = group.1.checked_add(usage.counts).ok_or_else(overflow)?;
    }
    let mut lines = Vec::with_capacity(grouped.len());
    for ((provider, model, feature), (net, counts)) in grouped {
        let tokens = counts.input_tokens.checked_add(counts.output_tokens).ok_or_else(overflow)?;
        let (quantity, unit) = if tokens == 0 { (counts.charges, "charges") } else { (tokens, "tokens") };
        if net == 0 {
            continue;
        }
        let mut line = plain(LineKind::Usage, month, usage_words(provider, model, feature), amount_of(net)?);
        (line.provider, line.model, line.feature) =
            (provider.map(ToOwned::to_owned), model.map(ToOwned::to_owned), feature.map(ToOwned::to_owned));
        if quantity != 0 {
            (line.quantity, line.unit) = (Some(quantity), Some(unit));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// The line that brings what was charged of a month to what it should be; none when it is.
///
/// # Errors
/// `LEDGER_OVERFLOW`.
pub fn adjustment(assessed: &Assessed) -> Result<Option<Line>, Rejection> {
    let cost = i128::from(sum(assessed.lines.iter().map(|line| line.cost))?.units());
    let amount = i128::from(sum(assessed.lines.iter().map(|line| line.amount))?.units());
    let (cost, amount) = (amount_of(cost - assessed.billed.cost)?, amount_of(amount - assessed.billed.amount)?);
    if cost == Amount::ZERO && amount == Amount::ZERO {
        return Ok(None);
    }
    let words = format!("Adjustment of {}", assessed.month);
    Ok(Some(Line { cost, ..plain(LineKind::Adjustment, assessed.month, words, amount) }))
}

/// The lines of a statement: the month itself, what changed in earlier months, and the markup on all of it.
///
/// # Errors
/// `TOO_MANY_STATEMENT_LINES`, `LEDGER_OVERFLOW`.
pub fn compose(terms: &Terms, currency: Currency, months: Vec<Assessed>) -> Result<Vec<Line>, Rejection> {
    let mut lines = Vec::new();
    for mut assessed in months {
        if assessed.month == terms.period && !assessed.billed.has_statement {
            lines.append(&mut assessed.lines);
        }
        lines.extend(adjustment(&assessed)?);
    }
    if let Some(markup) = markup(terms, currency, &lines)? {
        lines.push(markup);
    }
    if lines.len() > MOST_LINES {
        let message =
            format!("a statement of {} would have {} lines; it holds {MOST_LINES}. Use fewer features", terms.period, lines.len());
        return Err(Rejection::at(Code::TooManyStatementLines, "period", message));
    }
    Ok(lines)
}

/// The markup on all lines, rounded once to the ledger scale, half to even.
fn markup(terms: &Terms, currency: Currency, lines: &[Line]) -> Result<Option<Line>, Rejection> {
    let base = Exact::new(i128::from(sum(lines.iter().map(|line| line.amount))?.units()), currency.ledger_scale());
    // A percent is a hundredth: two more decimals.
    let share = Exact::new(terms.markup.mantissa(), terms.markup.scale().saturating_add(2));
    let units = base.checked_mul(share).and_then(|exact| exact.round_half_even(currency.ledger_scale()));
    let amount = units.map(Amount::from_units).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
    if amount == Amount::ZERO {
        return Ok(None);
    }
    let words = format!("Markup of {} percent on {}", terms.markup, base.normalized());
    Ok(Some(Line { cost: Amount::ZERO, ..plain(LineKind::Markup, terms.period, words, amount) }))
}
