//! A price as it is given, and its way to checked terms.

use chrono::{DateTime, Datelike, Utc};

use super::check;
use crate::domain::money::{Currency, Exact};
use crate::domain::period::Moment;
use crate::domain::rating::{Precedence, PriceKey, PriceTerms, UnitPrice};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::usage::{Meter, Processing};

/// A price as it is given: `amount` of `currency` for `per` units of `meter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceInput {
    pub provider: String,
    pub model: String,
    /// A standard usage class, or a code of one's own.
    pub meter: String,
    /// Units that `amount` is for, such as `1000000`.
    pub per: String,
    /// Decimal text such as `2.50`.
    pub amount: String,
    /// ISO 4217, upper case.
    pub currency: String,
    pub effective_from: DateTime<Utc>,
    /// Excluded; open when absent.
    pub effective_to: Option<DateTime<Utc>>,
    /// Standard when absent.
    pub processing: Option<Processing>,
    pub service_tier: Option<String>,
    /// Absent for every region that has no price of its own.
    pub region: Option<String>,
    /// The price of whole requests whose input of all classes is above this many tokens.
    pub above_input_tokens: Option<i64>,
    /// Where the figure was read; who gave it, when absent.
    pub source: Option<String>,
}

/// Years in which a price can begin or end. What is outside is a slip of the pen or a wrong unit.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2999;

/// # Errors
/// The first refusal in the order of the fields, with the path of the field.
pub(super) fn checked(input: &PriceInput, precedence: Precedence, subject: &str) -> Result<PriceTerms, Rejection> {
    let provider = check::code("provider", &input.provider)?;
    let model = check::model("model", &input.model)?;
    let meter = Meter::parse(input.meter.trim()).map_err(|rejection| rejection.under("meter"))?;
    let unit_price = unit_price(input)?;
    let (effective_from, effective_to) = range(input.effective_from, input.effective_to)?;
    let (processing, service_tier) = tier(input.processing, check::optional_code("serviceTier", input.service_tier.as_deref())?);
    let key = PriceKey {
        provider,
        model,
        meter,
        processing,
        service_tier,
        region: check::optional_code("region", input.region.as_deref())?,
        above_input_tokens: threshold(input.above_input_tokens)?,
    };
    let source = check::source(input.source.as_deref(), subject)?;
    Ok(PriceTerms { key, unit_price, effective_from, effective_to, precedence, source })
}

fn unit_price(input: &PriceInput) -> Result<UnitPrice, Rejection> {
    let per = input.per.trim();
    let per = per.parse::<i64>().map_err(|_| {
        Rejection::at(
            Code::PerNotExact,
            "per",
            format!("`{}` is not a number of units such as 1000000", per.chars().take(40).collect::<String>()),
        )
    })?;
    let amount = Exact::parse(input.amount.trim()).map_err(|rejection| rejection.under("amount"))?;
    let currency = Currency::parse(input.currency.trim()).map_err(|rejection| rejection.under("currency"))?;
    let (amount, per) = of_one_unit(amount, per).unwrap_or((amount, per));
    UnitPrice::new(amount, per, currency)
}

/// A price per hour of seconds, as 0.36 for 3600, is kept for one second where that is a finite decimal: the rating divides by twos and
/// fives only. `None` where there is nothing to do, or nothing that is exact.
fn of_one_unit(amount: Exact, per: i64) -> Option<(Exact, i64)> {
    let mut rest = per;
    while rest > 1 && rest % 2 == 0 {
        rest /= 2;
    }
    while rest > 1 && rest % 5 == 0 {
        rest /= 5;
    }
    if rest <= 1 || amount.mantissa() % i128::from(rest) != 0 {
        return None;
    }
    let reduced = Exact::new(amount.mantissa() / i128::from(rest), amount.scale());
    Some((reduced.checked_div_exact(per / rest)?, 1))
}

/// # Errors
/// `DATE_OUT_OF_RANGE`, `RANGE_INVALID`.
pub(super) fn range(from: DateTime<Utc>, to: Option<DateTime<Utc>>) -> Result<(Moment, Option<Moment>), Rejection> {
    for (field, instant) in [("effectiveFrom", Some(from)), ("effectiveTo", to)] {
        if let Some(instant) = instant.filter(|instant| !YEARS.contains(&instant.year())) {
            let message = format!("{instant} is outside the years {} to {}; check the unit of the time stamp", YEARS.start(), YEARS.end());
            return Err(Rejection::at(Code::DateOutOfRange, field, message));
        }
    }
    if let Some(to) = to.filter(|to| *to <= from) {
        let message =
            format!("`effectiveTo` ({}) must be later than `effectiveFrom` ({}); it is not included", to.to_rfc3339(), from.to_rfc3339());
        return Err(Rejection::at(Code::RangeInvalid, "effectiveTo", message));
    }
    Ok((Moment::from_instant(from), to.map(Moment::from_instant)))
}

/// The form in which usage events carry their tier: processing apart, the default tier absent, other tiers in lower case.
fn tier(processing: Option<Processing>, tier: Option<String>) -> (Processing, Option<String>) {
    let otherwise = processing.unwrap_or(Processing::Standard);
    let Some(tier) = tier.map(|tier| tier.to_ascii_lowercase()) else { return (otherwise, None) };
    match Processing::parse(&tier) {
        Some(named) if processing.is_none_or(|processing| processing == named) => (named, None),
        _ if matches!(tier.as_str(), "default" | "standard" | "auto" | "on_demand") => (otherwise, None),
        _ => (otherwise, Some(tier)),
    }
}

fn threshold(above: Option<i64>) -> Result<Option<i64>, Rejection> {
    if above.is_some_and(|above| above < 1) {
        let message = "`aboveInputTokens` is a number of tokens above zero; leave it out for a price of every length";
        return Err(Rejection::at(Code::QuantityNegative, "aboveInputTokens", message));
    }
    Ok(above)
}
