//! Worked cases, and what must hold of every scenario.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::PriceId;
use crate::domain::money::{Amount, Currency, Exact, Money};
use crate::domain::period::Moment;
use crate::domain::rating::{Precedence, Price, PriceBook, PriceKey, PriceTerms, Rating, UnitPrice, rate};
use crate::domain::rejection::Code;
use crate::domain::usage::{Meter, Processing, Quantity, UsageEvent};

fn exact(text: &str) -> Exact {
    Exact::parse(text).unwrap()
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

/// Dollars for a million. `small` has no batch price and no price of cache reads; batch costs half, above 1,000 tokens of input double.
fn book() -> PriceBook {
    let mut prices = Vec::new();
    let mut add = |model: &str, meter: Meter, processing, above, amount: &str| {
        let key = PriceKey {
            provider: "maker".into(),
            model: model.into(),
            meter,
            processing,
            service_tier: None,
            region: None,
            above_input_tokens: above,
        };
        let unit_price = UnitPrice::new(exact(amount), 1_000_000, Currency::USD).unwrap();
        let effective_from = Moment(0);
        let terms = PriceTerms { key, unit_price, effective_from, effective_to: None, precedence: Precedence::Set, source: "test".into() };
        let id = PriceId(i32::try_from(prices.len()).unwrap() + 1);
        prices.push(Price { id, terms, recorded_at: Moment(0) });
    };
    for (processing, above, [input, output, read]) in [
        (Processing::Standard, None, ["4", "8", "1"]),
        (Processing::Batch, None, ["2", "4", "0.5"]),
        (Processing::Standard, Some(1_000), ["8", "16", "2"]),
        (Processing::Batch, Some(1_000), ["4", "8", "1"]),
    ] {
        add("large", Meter::INPUT, processing, above, input);
        add("large", Meter::OUTPUT, processing, above, output);
        add("large", Meter::CACHE_READ, processing, above, read);
    }
    add("small", Meter::INPUT, Processing::Standard, None, "0.4");
    add("small", Meter::OUTPUT, Processing::Standard, None, "0.8");
    PriceBook::new(prices, None::<(String, String, String)>, Vec::new())
}

fn call(model: &str, quantities: &[(Meter, i64)]) -> UsageEvent {
    let mut quantities: Vec<_> =
        quantities.iter().filter(|line| line.1 > 0).map(|(meter, units)| (meter.clone(), Quantity::from_units(*units).unwrap())).collect();
    quantities.sort_by(|a, b| a.0.cmp(&b.0));
    UsageEvent {
        source: "gateway".into(),
        external_id: "c".into(),
        occurred_at: Moment(1),
        provider: "maker".into(),
        model: model.into(),
        team: None,
        project: None,
        client: None,
        feature: None,
        environment: None,
        api_key: None,
        end_user: None,
        processing: Processing::Standard,
        service_tier: None,
        region: None,
        tags: Vec::new(),
        quantities,
        reported_cost: None,
    }
}

fn scenario(json: &str) -> Scenario {
    let inputs = serde_json::from_str(&format!("[{{\"name\":\"s\",\"changes\":[{json}]}}]")).unwrap();
    read_scenarios(inputs).unwrap().remove(0)
}

fn assess(json: &str, event: &UsageEvent, booked: Option<Money>) -> Assessed {
    let prepared = scenario(json).prepare(&book()).unwrap();
    Assessor::new(&prepared).assess(event, booked).unwrap()
}

fn cost(json: &str, event: &UsageEvent) -> Option<Money> {
    assess(json, event, Some(usd("99"))).cost
}

/// 100 in at 4 and 50 out at 8 a million are 0.0008.
fn usual() -> UsageEvent {
    call("large", &[(Meter::INPUT, 100), (Meter::OUTPUT, 50)])
}

#[test]
fn each_change_gives_the_figure_worked_by_hand() {
    let event = usual();
    // 100 x 0.4 and 50 x 0.8 a million.
    assert_eq!(cost(r#"{"model":{"model":"large","toProvider":"maker","toModel":"small"}}"#, &event), Some(usd("0.00008")));
    // 100 x 4 and 50 x 6.
    let set = r#"{"price":{"provider":"maker","model":"large","meter":"output_tokens","amount":"6","per":1000000,"currency":"USD"}}"#;
    assert_eq!(cost(set, &event), Some(usd("0.0007")));
    assert_eq!(cost(r#"{"price":{"provider":"maker","percent":"50"}}"#, &event), Some(usd("0.0004")));
    // 25 of the 100 are read at 1: 75 x 4 + 25 x 1 + 50 x 8.
    assert_eq!(cost(r#"{"cacheShare":{"share":"0.25"}}"#, &event), Some(usd("0.000725")));
    // Half of it at half the price.
    assert_eq!(cost(r#"{"batchShare":{"share":"0.5"}}"#, &event), Some(usd("0.0006")));
    // A quarter of 0.0008 is people's; 6 minutes at 60 an hour are 6, a quarter of it 1.5. The booked cost is what is shared.
    let people = assess(
        r#"{"humanShare":{"share":"0.25","minutesPerCharge":"6","costPerHour":"60","currency":"USD"}}"#,
        &event,
        Some(usd("0.0008")),
    );
    assert_eq!((people.cost, people.human), (Some(usd("0.0006")), Some(Human { minutes: exact("1.5"), cost: usd("1.5") })));
}

#[test]
fn batch_looks_at_the_context_of_the_whole_call() {
    // 2,000 in: double prices, although no half of it is above the threshold. 2,000 x 8 = 0.016; batch 0.008; half of each 0.012.
    let event = call("large", &[(Meter::INPUT, 2_000)]);
    assert_eq!(cost(r#"{"batchShare":{"share":"0.5"}}"#, &event), Some(usd("0.012")));
}

#[test]
fn what_cannot_be_priced_is_told_and_never_zero() {
    let event = call("small", &[(Meter::INPUT, 100)]);
    let cached = assess(r#"{"cacheShare":{"share":"1"}}"#, &event, Some(usd("7")));
    assert_eq!((cached.cost, cached.unpriced.as_deref()), (None, Some("no price for cache_read_tokens")));
    // Without a batch price the charge stays as it was booked.
    let batch = assess(r#"{"batchShare":{"share":"1"}}"#, &event, Some(usd("7")));
    assert_eq!((batch.cost, batch.is_changed, batch.unpriced), (Some(usd("7")), false, None));
    assert!(batch.unbatched.unwrap().starts_with("no price for input_tokens with processing BATCH"));
    let waiting = assess("", &call("unheard", &[(Meter::INPUT, 1)]), None);
    assert_eq!((waiting.cost, waiting.unpriced.as_deref()), (None, Some("no price for model unheard of maker")));
}

#[test]
fn a_price_may_be_introduced_where_none_was() {
    let price = r#"{"price":{"provider":"maker","model":"unheard","meter":"input_tokens","amount":"3","per":1000000,"currency":"USD"}}"#;
    assert_eq!(assess(price, &call("unheard", &[(Meter::INPUT, 100)]), None).cost, Some(usd("0.0003")));
}

#[test]
fn a_charge_that_no_change_touches_keeps_what_it_was_booked_at() {
    for change in [
        "",
        r#"{"price":{"provider":"maker","percent":"100"}}"#,
        r#"{"cacheShare":{"share":"0"}}"#,
        r#"{"batchShare":{"share":"0"}}"#,
        r#"{"model":{"toProvider":"maker","toModel":"large"}}"#,
        r#"{"cacheShare":{"model":"small","share":"1"}}"#,
    ] {
        let kept = assess(change, &usual(), Some(usd("99")));
        assert_eq!((kept.cost, kept.is_changed), (Some(usd("99")), false), "{change}");
    }
}

#[test]
fn what_is_no_scenario_is_refused_with_its_place() {
    let refused = |json: &str| {
        let rejection = read_scenarios(serde_json::from_str(json).unwrap()).unwrap_err();
        (rejection.code, rejection.path.join("."))
    };
    let change = |change: &str| refused(&format!("[{{\"name\":\"a\"}},{{\"name\":\"b\",\"changes\":[{change}]}}]"));
    assert_eq!(refused("[]"), (Code::ScenarioInvalid, "scenarios".into()));
    assert_eq!(refused(r#"[{"name":"a"},{"name":"a"}]"#), (Code::ScenarioInvalid, "scenarios.1.name".into()));
    assert_eq!(refused(r#"[{"name":" "}]"#), (Code::ScenarioInvalid, "scenarios.0.name".into()));
    let share = "scenarios.1.changes.0.share";
    assert_eq!(change(r#"{"cacheShare":{"share":"1.01"}}"#), (Code::ScenarioInvalid, share.into()));
    assert_eq!(change(r#"{"batchShare":{"share":"-0.1"}}"#), (Code::ScenarioInvalid, share.into()));
    assert_eq!(change(r#"{"batchShare":{"share":"0.1234567"}}"#), (Code::ScenarioInvalid, share.into()));
    let people = r#"{"humanShare":{"share":"-11","minutesPerCharge":"6","costPerHour":"60","currency":"USD"}}"#;
    assert_eq!(change(people), (Code::ScenarioInvalid, share.into()));
    assert_eq!(change(r#"{"price":{"provider":"maker"}}"#), (Code::ScenarioInvalid, "scenarios.1.changes.0.amount".into()));
    let of_every_model = r#"{"price":{"provider":"maker","amount":"1","per":1,"currency":"USD"}}"#;
    assert_eq!(change(of_every_model), (Code::ScenarioInvalid, "scenarios.1.changes.0.model".into()));
    let unknown = scenario(r#"{"model":{"toProvider":"maker","toModel":"unheard"}}"#).prepare(&book()).err().unwrap();
    assert_eq!((unknown.code, unknown.path.join(".")), (Code::ModelNotPriced, "changes.0.toModel".into()));
}

fn share_text() -> impl Strategy<Value = String> {
    (0_i128..=1_000_000).prop_map(|millionths| Exact::new(millionths, 6).normalized().to_string())
}

proptest! {
    #[test]
    fn cache_shares_conserve_tokens(share in share_text(), [input, read, write, output] in prop::array::uniform4(0_i64..5_000)) {
        let event = call("large", &[(Meter::INPUT, input), (Meter::CACHE_READ, read), (Meter::CACHE_WRITE_5M, write), (Meter::OUTPUT, output)]);
        let mut changed = std::borrow::Cow::Borrowed(&event);
        super::assess::cache(&mut changed, exact(&share));
        prop_assert_eq!(changed.total_input(), event.total_input());
        prop_assert_eq!(changed.quantity(&Meter::CACHE_WRITE_5M), event.quantity(&Meter::CACHE_WRITE_5M));
        prop_assert_eq!(changed.quantity(&Meter::OUTPUT), event.quantity(&Meter::OUTPUT));
        // Within half a token of the share of all input, unless the writes leave no room for it.
        let all = Exact::new(i128::from(input + read + write), 0).checked_mul(exact(&share)).unwrap();
        let wanted = all.round_half_even(0).unwrap().min(input + read);
        prop_assert_eq!(changed.quantity(&Meter::CACHE_READ).whole_units(), wanted);
        prop_assert!(changed.quantities.is_sorted() && changed.quantities.iter().all(|line| !line.1.is_zero()));
    }

    /// Every unit is rated once: standard plus batch at the shares, exactly, rounded once.
    #[test]
    fn batch_shares_conserve_quantity(share in share_text(), input in 1_i64..5_000, output in 0_i64..5_000) {
        let event = call("large", &[(Meter::INPUT, input), (Meter::OUTPUT, output)]);
        let at = |processing| match rate(&UsageEvent { processing, ..event.clone() }, &book()) {
            Rating::Rated(rated) => rated.exact,
            Rating::Unpriced(reason) => panic!("{reason}"),
        };
        let (share, rest) = (exact(&share), exact("1").checked_sub(exact(&share)).unwrap());
        let parts = at(Processing::Batch).checked_mul(share).unwrap().checked_add(at(Processing::Standard).checked_mul(rest).unwrap()).unwrap();
        let booked = Money { amount: Amount::from_units(at(Processing::Standard).round_half_even(9).unwrap()), currency: Currency::USD };
        let batch = format!("{{\"batchShare\":{{\"share\":\"{share}\"}}}}");
        prop_assert_eq!(assess(&batch, &event, Some(booked)).cost.unwrap().amount.units(), parts.round_half_even(9).unwrap());
    }

    #[test]
    fn scaling_by_a_hundred_percent_is_the_identity(input in 0_i64..5_000, output in 1_i64..5_000, read in 0_i64..5_000) {
        let event = call("large", &[(Meter::INPUT, input), (Meter::OUTPUT, output), (Meter::CACHE_READ, read)]);
        let scaled = scenario(r#"{"price":{"provider":"maker","percent":"100"}}"#).prepare(&book()).unwrap();
        prop_assert_eq!(rate(&event, &scaled.book), rate(&event, &book()));
        // There and back again.
        let twice = r#"{"price":{"provider":"maker","percent":"50"}},{"price":{"provider":"maker","percent":"200"}}"#;
        prop_assert_eq!(rate(&event, &scenario(twice).prepare(&book()).unwrap().book), rate(&event, &book()));
    }

    #[test]
    fn a_scenario_without_changes_is_what_was_booked(units in 0_i64..i64::MAX / 2) {
        let booked = Money { amount: Amount::from_units(units), currency: Currency::USD };
        prop_assert_eq!(assess("", &usual(), Some(booked)), Assessed { cost: Some(booked), ..Assessed::default() });
    }

    /// What people take over and what AI takes back are mirrors: the hours of a share and of the same share below zero cancel out.
    #[test]
    fn hours_mirror(share in share_text(), minutes in 1_i64..600) {
        let human = |sign: &str| {
            let json = format!(r#"{{"humanShare":{{"share":"{sign}{share}","minutesPerCharge":"{minutes}","costPerHour":"47.11","currency":"USD"}}}}"#);
            assess(&json, &usual(), Some(usd("1"))).human.unwrap_or(Human { minutes: Exact::ZERO, cost: usd("0") })
        };
        let (given, taken) = (human(""), human("-"));
        prop_assert_eq!(given.minutes.checked_add(taken.minutes).unwrap().mantissa(), 0);
        prop_assert_eq!(given.cost.amount.units() + taken.cost.amount.units(), 0);
    }
}
