//! The oracle's own prices: whole numbers over one common denominator, looked up by a plain walk over all lines.

use super::call::{Content, Money, scale};

#[derive(Debug, Clone)]
pub struct PriceLine {
    pub provider: String,
    pub model: String,
    pub meter: &'static str,
    pub batch: bool,
    pub region: Option<String>,
    pub above: Option<i64>,
    pub from: i64,
    pub to: Option<i64>,
    /// A divisor of a million.
    pub per: i64,
    /// Millionths of the currency for `per` units.
    pub amount: i128,
    pub currency: &'static str,
    pub is_builtin: bool,
}

#[derive(Debug, Clone)]
pub struct DiscountLine {
    pub provider: String,
    pub model: Option<String>,
    /// Hundredths of a percent.
    pub percent: i128,
    pub from: i64,
    pub to: Option<i64>,
}

/// Lines in the order of saving: of two that compete, the later start wins, then the later line.
#[derive(Debug, Clone, Default)]
pub struct PriceList {
    pub prices: Vec<PriceLine>,
    pub discounts: Vec<DiscountLine>,
}

const NEVER_TOKENS: [&str; 3] = ["images", "web_searches", "seconds"];

/// quantity (10^6) x amount (10^6) x million / per (10^6) x share left by the discount (10^4).
const DENOMINATOR_DIGITS: u32 = 22;

impl PriceList {
    /// The cost, or `None` when it is not known.
    pub fn cost(&self, call: &Content) -> Option<Money> {
        if call.usage.is_empty() {
            return None;
        }
        let model = self.model(call)?;
        let applicable: Vec<(usize, &PriceLine)> = self
            .prices
            .iter()
            .enumerate()
            .filter(|(_, price)| {
                price.provider == call.provider
                    && price.model == model
                    && price.batch == call.batch
                    && (price.region.is_none() || price.region == call.region)
                    && price.from <= call.at
                    && price.to.is_none_or(|to| call.at < to)
            })
            .collect();
        let tokens = call.total_input() / 1_000_000;
        let tier = applicable.iter().filter_map(|(_, price)| price.above).filter(|above| tokens > *above).max();
        let reasoning = call.quantity("reasoning_tokens");
        let is_reasoning_apart = reasoning > 0 && applicable.iter().any(|(_, price)| price.meter == "reasoning_tokens");
        let left = 10_000 - self.discount(call, &model);
        let (mut sum, mut currency) = (0_i128, None);
        for (meter, quantity) in &call.usage {
            let quantity = match *meter {
                "reasoning_tokens" if !is_reasoning_apart => 0,
                "output_tokens" if is_reasoning_apart => quantity - reasoning,
                _ => *quantity,
            };
            if quantity == 0 {
                continue;
            }
            let of_tier = |wanted: Option<i64>| {
                let fitting = applicable.iter().filter(|(_, price)| price.meter == *meter && price.above == wanted);
                fitting.max_by_key(|(line, price)| (price.region.is_some(), !price.is_builtin, price.from, *line))
            };
            let is_token = !NEVER_TOKENS.contains(meter);
            let (_, price) = of_tier(tier).or_else(|| if tier.is_some() && !is_token { of_tier(None) } else { None })?;
            if *currency.get_or_insert(price.currency) != price.currency {
                return None;
            }
            sum += i128::from(quantity) * price.amount * i128::from(1_000_000 / price.per) * left;
        }
        let currency = currency.unwrap_or("USD");
        let units = half_even(sum, 10_i128.pow(DENOMINATOR_DIGITS - scale(currency)));
        i64::try_from(units).is_ok().then_some(Money { currency, units })
    }

    /// The name as it came, in lower case, or without its date: the first under which anything is priced.
    fn model(&self, call: &Content) -> Option<String> {
        let lower = call.model.to_lowercase();
        let mut names = vec![call.model.clone(), lower.clone()];
        if let Some(cut) = lower.len().checked_sub(11).filter(|_| lower.contains("-20")) {
            names.push(lower[..cut].to_owned());
        }
        names.into_iter().find(|name| self.prices.iter().any(|price| price.provider == call.provider && price.model == *name))
    }

    fn discount(&self, call: &Content, model: &str) -> i128 {
        let best = |wanted: Option<&str>| {
            let fitting = self.discounts.iter().enumerate().filter(|(_, line)| {
                line.provider == call.provider
                    && line.model.as_deref() == wanted
                    && line.from <= call.at
                    && line.to.is_none_or(|to| call.at < to)
            });
            fitting.max_by_key(|(number, line)| (line.from, *number)).map(|(_, line)| line.percent)
        };
        best(Some(model)).or_else(|| best(None)).unwrap_or(0)
    }
}

pub fn half_even(value: i128, divisor: i128) -> i128 {
    let (whole, rest) = (value.div_euclid(divisor), value.rem_euclid(divisor));
    match (rest * 2).cmp(&divisor) {
        std::cmp::Ordering::Less => whole,
        std::cmp::Ordering::Greater => whole + 1,
        std::cmp::Ordering::Equal => whole + whole % 2,
    }
}
