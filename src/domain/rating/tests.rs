//! Worked cases: the figures are multiplied by hand in the comments.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::{DiscountId, PriceId};
use crate::domain::money::{Currency, Exact};
use crate::domain::period::Moment;
use crate::domain::usage::{ChargeDraft, Meter, Processing, Quantity, UsageEvent};

fn moment(text: &str) -> Moment {
    Moment::from_instant(text.parse().unwrap())
}

struct Book(Vec<Price>);

impl Book {
    fn with(mut self, meter: &str, amount: &str, change: impl FnOnce(&mut PriceTerms)) -> Self {
        let key = PriceKey {
            provider: "anthropic".into(),
            model: "claude".into(),
            meter: Meter::parse(meter).unwrap(),
            processing: Processing::Standard,
            service_tier: None,
            region: None,
            above_input_tokens: None,
        };
        let unit_price = UnitPrice::new(Exact::parse(amount).unwrap(), 1_000_000, Currency::USD).unwrap();
        let mut terms = PriceTerms {
            key,
            unit_price,
            effective_from: moment("2025-01-01T00:00:00Z"),
            effective_to: None,
            precedence: Precedence::BuiltIn,
            source: "test".into(),
        };
        change(&mut terms);
        let id = PriceId(i32::try_from(self.0.len()).unwrap() + 1);
        self.0.push(Price { id, terms, recorded_at: moment("2025-01-01T00:00:00Z") });
        self
    }

    fn plain(self, meter: &str, amount: &str) -> Self {
        self.with(meter, amount, |_| {})
    }

    fn build(self) -> PriceBook {
        PriceBook::new(self.0, [("anthropic".into(), "sonnet".into(), "claude".into())], Vec::new())
    }
}

/// Claude Sonnet 4.5 as listed: 3 in, 15 out, 0.30 read, 3.75 and 6 write, web search 10 per thousand.
fn sonnet() -> Book {
    let per_thousand =
        |terms: &mut PriceTerms| terms.unit_price = UnitPrice::new(Exact::parse("10").unwrap(), 1000, Currency::USD).unwrap();
    Book(Vec::new())
        .plain("input_tokens", "3")
        .plain("output_tokens", "15")
        .plain("cache_read_tokens", "0.30")
        .plain("cache_write_5m_tokens", "3.75")
        .plain("cache_write_1h_tokens", "6")
        .with("web_searches", "10", per_thousand)
}

fn event(quantities: &[(&str, i64)], change: impl FnOnce(&mut ChargeDraft)) -> UsageEvent {
    let mut draft = ChargeDraft {
        source: "s".into(),
        external_id: "1".into(),
        occurred_at: Some("2026-01-05T14:00:00Z".parse().unwrap()),
        provider: "anthropic".into(),
        model: "claude-20250929".into(),
        quantities: quantities.iter().map(|(meter, units)| (Meter::parse(meter).unwrap(), Quantity::from_units(*units).unwrap())).collect(),
        ..ChargeDraft::default()
    };
    change(&mut draft);
    UsageEvent::new(draft, "2026-02-01T00:00:00Z".parse().unwrap()).unwrap()
}

fn cost(event: &UsageEvent, book: &PriceBook) -> String {
    match rate(event, book) {
        Rating::Rated(rated) => rated.exact.to_string(),
        Rating::Unpriced(reason) => reason,
    }
}

#[test]
fn every_class_at_its_own_price() {
    // 1,200 x 3 + 20,000 x 3.75 + 3,000 x 6 + 80,000 x 0.30 + 2,500 x 15 = 158,100 per million, and 2 x 0.01.
    let usage = [
        ("input_tokens", 1_200),
        ("cache_write_5m_tokens", 20_000),
        ("cache_write_1h_tokens", 3_000),
        ("cache_read_tokens", 80_000),
        ("output_tokens", 2_500),
        ("web_searches", 2),
    ];
    assert_eq!(cost(&event(&usage, |_| {}), &sonnet().build()), "0.1781");
    assert_eq!(cost(&event(&usage, |draft| draft.model = "sonnet".into()), &sonnet().build()), "0.1781");
}

#[test]
fn a_missing_class_leaves_the_charge_unpriced() {
    let book = sonnet().build();
    assert_eq!(cost(&event(&[("input_tokens", 5), ("input_audio_tokens", 1)], |_| {}), &book), "no price for input_audio_tokens");
    assert_eq!(
        cost(&event(&[("input_tokens", 5)], |draft| draft.processing = Some(Processing::Batch)), &book),
        "no price for input_tokens with processing BATCH, at 2026-01-05T14:00:00+00:00"
    );
    assert_eq!(
        cost(&event(&[("input_tokens", 5)], |draft| draft.service_tier = Some("fast".into())), &book),
        "no price for input_tokens with processing STANDARD, service tier fast, at 2026-01-05T14:00:00+00:00"
    );
    assert_eq!(
        cost(&event(&[("input_tokens", 5)], |draft| draft.model = "claude-next".into()), &book),
        "no price for model claude-next of anthropic"
    );
}

#[test]
fn reasoning_is_inside_the_output_unless_it_has_a_price() {
    let usage = [("output_tokens", 1_000), ("reasoning_tokens", 400)];
    // 1,000 x 15
    assert_eq!(cost(&event(&usage, |_| {}), &sonnet().build()), "0.015");
    // 600 x 15 + 400 x 3
    assert_eq!(cost(&event(&usage, |_| {}), &sonnet().plain("reasoning_tokens", "3").build()), "0.0102");
}

#[test]
fn the_long_context_cliff_reprices_the_whole_request() {
    let above = |terms: &mut PriceTerms| terms.key.above_input_tokens = Some(200_000);
    let book =
        sonnet().with("input_tokens", "6", above).with("output_tokens", "22.50", above).with("cache_read_tokens", "0.60", above).build();
    let usage = |input: i64| event(&[("input_tokens", input), ("cache_read_tokens", 100_000), ("output_tokens", 1_000)], |_| {});
    // 100,000 x 3 + 100,000 x 0.30 + 1,000 x 15: exactly at the threshold, the base price.
    assert_eq!(cost(&usage(100_000), &book), "0.345");
    // 100,001 x 6 + 100,000 x 0.60 + 1,000 x 22.50: one token above, all of it.
    assert_eq!(cost(&usage(100_001), &book), "0.682506");
    let with_write = event(&[("input_tokens", 200_001), ("cache_write_5m_tokens", 1), ("web_searches", 1)], |_| {});
    assert_eq!(cost(&with_write, &book), "no price for cache_write_5m_tokens above 200000 input tokens");
    // Fees do not depend on the context: 200,001 x 6 + 0.01.
    assert_eq!(cost(&event(&[("input_tokens", 200_001), ("web_searches", 1)], |_| {}), &book), "1.210006");
}

#[test]
fn the_price_of_the_day_the_region_and_the_highest_precedence_win() {
    let dated = |terms: &mut PriceTerms| terms.effective_from = moment("2026-01-01T00:00:00Z");
    let regional = |terms: &mut PriceTerms| terms.key.region = Some("eu".into());
    let contract = |terms: &mut PriceTerms| terms.precedence = Precedence::Set;
    let usage = |region: Option<&str>| event(&[("input_tokens", 1_000_000)], |draft| draft.region = region.map(Into::into));
    assert_eq!(cost(&usage(None), &sonnet().with("input_tokens", "2.50", dated).build()), "2.5");
    let book = sonnet().with("input_tokens", "3.30", regional).build();
    assert_eq!((cost(&usage(Some("eu")), &book), cost(&usage(Some("us")), &book)), ("3.3".into(), "3".into()));
    assert_eq!(cost(&usage(None), &sonnet().with("input_tokens", "2", contract).with("input_tokens", "9", dated).build()), "2");
    let ended = |terms: &mut PriceTerms| {
        dated(terms);
        terms.effective_to = Some(moment("2026-01-05T14:00:00Z"));
    };
    assert_eq!(cost(&usage(None), &sonnet().with("input_tokens", "1", ended).build()), "3");
}

#[test]
fn a_discount_is_taken_off_exactly() {
    let discount = |model: Option<&str>, percent: &str, id| Discount {
        id: DiscountId(id),
        provider: "anthropic".into(),
        model: model.map(Into::into),
        percent: Exact::parse(percent).unwrap(),
        effective_from: moment("2025-01-01T00:00:00Z"),
        effective_to: None,
        source: "contract".into(),
    };
    let book = PriceBook::new(sonnet().0, [], vec![discount(None, "10", 1), discount(Some("claude"), "12.5", 2)]);
    let Rating::Rated(rated) = rate(&event(&[("output_tokens", 1_000)], |_| {}), &book) else { panic!("rated") };
    assert_eq!((rated.exact.to_string(), rated.lines[0].discount), ("0.013125".into(), Some(DiscountId(2))));
}

#[test]
fn the_built_in_list_has_the_well_known_prices() {
    let lines: Vec<Vec<&str>> = BUILTIN_PRICES.lines().map(|line| line.split(',').collect()).collect();
    let amount = |provider: &str, model: &str, meter: &str| {
        let row = lines
            .iter()
            .find(|row| row[..3] == [provider, model, meter] && row[7].is_empty() && row[8] == "STANDARD" && row[11].is_empty())
            .unwrap();
        (row[3].to_owned(), row[4].to_owned())
    };
    for (provider, model, input, output) in [
        ("openai", "gpt-4o", "2.50", "10.00"),
        ("openai", "gpt-4o-mini", "0.15", "0.60"),
        ("anthropic", "claude-3-5-sonnet", "3.00", "15.00"),
        ("anthropic", "claude-3-5-haiku", "0.80", "4.00"),
    ] {
        assert_eq!(amount(provider, model, "input_tokens"), ("1000000".into(), input.into()), "{model}");
        assert_eq!(amount(provider, model, "output_tokens"), ("1000000".into(), output.into()), "{model}");
    }
    let models: std::collections::BTreeSet<_> = lines.iter().skip(1).map(|row| (row[0], row[1])).collect();
    assert!(models.len() >= 60, "{} models", models.len());
    assert!(lines.iter().skip(1).all(|row| row[12].starts_with("http") && row[13].len() == 10), "every price has a source and a date");
}

proptest! {
    #[test]
    fn rating_is_linear_in_quantity_up_to_one_rounding(units in 1_i64..10_000_000, times in 1_i64..50) {
        let book = sonnet().build();
        let amount = |units: i64| match rate(&event(&[("input_tokens", units), ("output_tokens", units)], |_| {}), &book) {
            Rating::Rated(rated) => (rated.exact, rated.amount.units()),
            Rating::Unpriced(reason) => panic!("{reason}"),
        };
        let (one, _) = amount(units);
        let (many, rounded) = amount(units * times);
        prop_assert_eq!(one.checked_mul(Exact::new(i128::from(times), 0)).unwrap().normalized(), many);
        prop_assert_eq!(many.round_half_even(9), Some(rounded));
    }
}
