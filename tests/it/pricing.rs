//! What a charge costs: variants, discounts, reported costs, prices that arrive or change.

use serde_json::{Value, json};

use crate::harness::{World, charge};

on_both_engines!(
    token_classes_are_disjoint_and_each_has_its_own_price,
    batch_flex_and_priority_have_prices_of_their_own,
    a_tier_without_a_price_leaves_the_charge_unpriced_never_guessed,
    a_dated_snapshot_finds_the_price_of_its_family,
    an_alias_stands_for_a_priced_model,
    a_price_of_long_requests_counts_for_the_whole_request,
    reasoning_is_taken_out_of_the_output_where_it_has_a_price,
    a_cost_is_rounded_once,
    a_contracted_discount_is_taken_off_exactly,
    a_reported_cost_is_kept_beside_the_rated_one,
    a_reported_cost_is_booked_where_there_is_no_price,
    an_unpriced_charge_is_listed_counted_and_booked_when_its_price_arrives,
    a_dry_run_of_rerating_writes_nothing,
    a_corrected_price_posts_only_the_difference_and_links_it,
    a_price_counts_from_its_start_to_its_end,
);

async fn cost(world: &World, id: &str) -> (String, String) {
    let stored = world.charge(id).await;
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    (text(&stored["cost"]["amount"]), text(&stored["exactCost"]))
}

async fn rerate(world: &World, dry_run: bool) -> (i64, i64, String) {
    let query = "mutation R($dry: Boolean!) { rerateCharges(input: { from: \"2026-01-01T00:00:00Z\", to: \"2026-02-01T00:00:00Z\", dryRun: $dry }) {
        adjusted posted delta { amount } userErrors { code } } }";
    let payload = world.graphql(query, json!({ "dry": dry_run })).await["rerateCharges"].take();
    assert_eq!(payload["userErrors"], json!([]));
    (payload["adjusted"].as_i64().unwrap(), payload["posted"].as_i64().unwrap(), payload["delta"]["amount"].as_str().unwrap().to_owned())
}

async fn token_classes_are_disjoint_and_each_has_its_own_price(world: World) {
    let usage = json!({ "inputTokens": 1000, "cacheReadTokens": 20000, "cacheWrite5mTokens": 4000, "cacheWrite1hTokens": 2000, "outputTokens": 500,
                        "other": [{ "meter": "web_searches", "quantity": "3" }] });
    world.book(&[charge("all").model("anthropic", "claude-3-5-sonnet").usage(usage)]).await;
    // 0.003 + 20,000 x 0.30 + 4,000 x 3.75 + 2,000 x 6.00 + 500 x 15.00 for a million, and 3 searches at 10.00 a thousand
    // = 0.003 + 0.006 + 0.015 + 0.012 + 0.0075 + 0.03
    assert_eq!(cost(&world, "all").await, ("0.0735".into(), "0.0735".into()));
    world.book(&[charge("total").usage(json!({ "totalInputTokens": 1200, "cacheReadTokens": 1000, "outputTokens": 0 }))]).await;
    // 200 fresh x 2.50 + 1,000 cached x 1.25
    assert_eq!(cost(&world, "total").await.0, "0.00175");
}

async fn batch_flex_and_priority_have_prices_of_their_own(world: World) {
    world
        .save_price_line(
            json!({ "provider": "openai", "model": "gpt-4o", "meter": "input_tokens", "per": 1000000, "amount": "2.00", "currency": "USD",
                                 "effectiveFrom": "2025-01-01T00:00:00Z", "processing": "FLEX" }),
        )
        .await;
    let of = |processing: &str| charge(processing).with("processing", processing).tokens(10_000, 0);
    world
        .book(&[of("STANDARD"), of("BATCH"), of("PRIORITY"), of("FLEX"), charge("by-tier").with("serviceTier", "batch").tokens(10_000, 0)])
        .await;
    for (id, amount) in [("STANDARD", "0.025"), ("BATCH", "0.0125"), ("PRIORITY", "0.0425"), ("FLEX", "0.02"), ("by-tier", "0.0125")] {
        assert_eq!(cost(&world, id).await.0, amount, "{id}");
    }
}

async fn a_tier_without_a_price_leaves_the_charge_unpriced_never_guessed(world: World) {
    let receipts = world
        .record(&[
            charge("tier").with("serviceTier", "scale"),
            charge("meter").usage(json!({ "other": [{ "meter": "pages", "quantity": "2" }] })),
        ])
        .await;
    for receipt in &receipts {
        assert_eq!(receipt["status"], "UNPRICED", "{receipt}");
        assert!(receipt["reason"].as_str().unwrap().len() > 10, "{receipt}");
    }
    assert_eq!(world.trial_balance().await, Vec::<String>::new());
}

async fn a_dated_snapshot_finds_the_price_of_its_family(world: World) {
    world
        .book(&[charge("dated").model("openai", "gpt-4o-2024-11-20"), charge("claude").model("anthropic", "claude-3-5-haiku-20241022")])
        .await;
    // 1,200 x 0.80 + 350 x 4.00
    assert_eq!((cost(&world, "dated").await.0, cost(&world, "claude").await.0), ("0.0065".into(), "0.00236".into()));
}

async fn an_alias_stands_for_a_priced_model(world: World) {
    let alias = json!({ "provider": "openai", "alias": "house-default", "model": "gpt-4o-mini" });
    world.save("saveModelAliases", "SaveModelAliasesInput", json!({ "modelAliases": [alias] })).await;
    world.book(&[charge("aliased").model("openai", "house-default").tokens(10_000, 2_000)]).await;
    assert_eq!(cost(&world, "aliased").await.0, "0.0027");
}

async fn a_price_of_long_requests_counts_for_the_whole_request(world: World) {
    for (meter, short, long) in [("input_tokens", "1.00", "2.00"), ("output_tokens", "4.00", "6.00"), ("cache_read_tokens", "0.10", "0.20")]
    {
        world.save_price("acme-ai", "long-1", meter, short).await;
        world
            .save_price_line(
                json!({ "provider": "acme-ai", "model": "long-1", "meter": meter, "per": "1000000", "amount": long, "currency": "USD",
                                     "effectiveFrom": "2026-01-01T00:00:00Z", "aboveInputTokens": "200000" }),
            )
            .await;
    }
    let of = |id: &str, cached: i64| {
        charge(id).model("acme-ai", "long-1").usage(json!({ "inputTokens": 100000, "cacheReadTokens": cached, "outputTokens": 1000 }))
    };
    world.book(&[of("at", 100_000), of("above", 100_001)]).await;
    // At the threshold: 0.1 + 0.01 + 0.004. Above it: 0.2 + 100,001 x 0.20 a million = 0.0200002, + 0.006
    assert_eq!((cost(&world, "at").await.0, cost(&world, "above").await.0), ("0.114".into(), "0.2260002".into()));
}

async fn reasoning_is_taken_out_of_the_output_where_it_has_a_price(world: World) {
    for (model, meter, amount) in
        [("plain", "output_tokens", "4.00"), ("apart", "output_tokens", "4.00"), ("apart", "reasoning_tokens", "10.00")]
    {
        world.save_price("acme-ai", model, meter, amount).await;
    }
    let of = |model: &str| charge(model).model("acme-ai", model).usage(json!({ "outputTokens": 1000, "reasoningTokens": 600 }));
    world.book(&[of("plain"), of("apart")]).await;
    // All 1,000 x 4.00; apart: 400 x 4.00 + 600 x 10.00
    assert_eq!((cost(&world, "plain").await.0, cost(&world, "apart").await.0), ("0.004".into(), "0.0076".into()));
}

async fn a_cost_is_rounded_once(world: World) {
    for meter in ["input_tokens", "output_tokens"] {
        world.save_price("acme-ai", "tiny", meter, "0.0005").await;
    }
    world.book(&[charge("tiny").model("acme-ai", "tiny").tokens(1, 1)]).await;
    // Two halves of a nano-dollar are one; rounded line by line they would be none.
    assert_eq!(cost(&world, "tiny").await, ("0.000000001".into(), "0.000000001".into()));
    world.book(&[charge("half").model("acme-ai", "tiny").tokens(5, 0)]).await;
    assert_eq!(cost(&world, "half").await, ("0.000000002".into(), "0.0000000025".into()), "half to even");
    world.assert_verified().await;
}

async fn a_contracted_discount_is_taken_off_exactly(world: World) {
    let discount = |model: Option<&str>, percent: &str| json!({ "provider": "openai", "model": model, "percent": percent, "effectiveFrom": "2026-01-01T00:00:00Z", "source": "contract 12" });
    world
        .save("saveDiscounts", "SaveDiscountsInput", json!({ "discounts": [discount(None, "10"), discount(Some("gpt-4o"), "12.5")] }))
        .await;
    world.book(&[charge("own"), charge("general").model("openai", "gpt-4o-mini").tokens(10_000, 2_000)]).await;
    // 0.0065 x 0.875 and 0.0027 x 0.9
    assert_eq!((cost(&world, "own").await.0, cost(&world, "general").await.0), ("0.0056875".into(), "0.00243".into()));
    assert_eq!(world.charge("own").await["rating"][0]["discountPercent"], "12.5");
    world.assert_verified().await;
}

async fn a_reported_cost_is_kept_beside_the_rated_one(world: World) {
    world.book(&[charge("both").with("reportedCost", json!({ "amount": "0.0070", "currency": "USD" }))]).await;
    let stored = world.charge("both").await;
    assert_eq!((&stored["cost"]["amount"], &stored["reportedCost"]["amount"]), (&json!("0.0065"), &json!("0.007")));
}

async fn a_reported_cost_is_booked_where_there_is_no_price(world: World) {
    let reported = |id: &str| charge(id).model("acme-ai", "house").with("reportedCost", json!({ "amount": "0.25", "currency": "EUR" }));
    world.book(&[reported("with-usage"), reported("without").without("usage")]).await;
    let stored = world.charge("without").await;
    assert_eq!((&stored["cost"], &stored["rating"]), (&json!({ "amount": "0.25", "currency": "EUR" }), &json!([])));
    let query = "query { trialBalance(asOf: \"2026-01-31\") { totals { currency debit credit } } }";
    let totals = world.graphql(query, json!({})).await;
    assert_eq!(totals["trialBalance"]["totals"], json!([{ "currency": "EUR", "debit": "0.5", "credit": "0.5" }]));
    world.assert_verified().await;
}

async fn an_unpriced_charge_is_listed_counted_and_booked_when_its_price_arrives(world: World) {
    let receipt = world.record_one(charge("waits").model("acme-ai", "house")).await;
    assert_eq!((&receipt["status"], &receipt["cost"]), (&json!("UNPRICED"), &json!(null)));
    let listed = async || {
        let query = "query { charges(filter: { status: UNPRICED }) { nodes { externalId unpricedReason } }
                     spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: []) { unpricedCharges } }";
        let data = world.graphql(query, json!({})).await;
        (data["charges"]["nodes"].as_array().unwrap().len(), data["spend"]["unpricedCharges"].as_i64().unwrap())
    };
    assert_eq!(listed().await, (1, 1));
    assert_eq!(rerate(&world, false).await, (0, 0, "0".into()), "without a price there is nothing to book");
    world.save_price("acme-ai", "house", "input_tokens", "1.00").await;
    world.save_price("acme-ai", "house", "output_tokens", "2.00").await;
    assert_eq!(rerate(&world, false).await, (0, 1, "0.0019".into()));
    let stored = world.charge("waits").await;
    assert_eq!((&stored["status"], &stored["cost"]["amount"]), (&json!("RECORDED"), &json!("0.0019")));
    assert_eq!(stored["journalEntry"]["effectiveOn"], "2026-01-05", "it is dated by the call, not by the price");
    assert_eq!(listed().await, (0, 0));
    assert_eq!(rerate(&world, false).await, (0, 0, "0".into()), "a second run books nothing");
    assert_eq!(world.record_one(charge("waits").model("acme-ai", "house")).await["status"], "REPLAYED");
    world.assert_verified().await;
}

async fn a_dry_run_of_rerating_writes_nothing(world: World) {
    world.record(&[charge("waits").model("acme-ai", "house").tokens(1_000, 0), charge("booked")]).await;
    world.save_price("acme-ai", "house", "input_tokens", "1.00").await;
    world.save_price("openai", "gpt-4o", "input_tokens", "5.00").await;
    let before = (world.trial_balance().await, world.database.number("SELECT count(*) FROM charge_revision").await);
    // 0.001 for what waits, and 1,200 x 2.50 more for what is booked
    assert_eq!(rerate(&world, true).await, (1, 1, "0.004".into()));
    assert_eq!((world.trial_balance().await, world.database.number("SELECT count(*) FROM charge_revision").await), before);
    assert_eq!(rerate(&world, false).await, (1, 1, "0.004".into()), "it said what would be posted");
}

async fn a_corrected_price_posts_only_the_difference_and_links_it(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.book(&[charge("dear").team("search"), charge("other").team("search").model("openai", "gpt-4o-mini")]).await;
    world.save_price("openai", "gpt-4o", "output_tokens", "8.00").await;
    assert_eq!(rerate(&world, false).await, (1, 0, "-0.0007".into()));
    let stored = world.charge("dear").await;
    // 0.0030 + 350 x 8.00 a million
    assert_eq!((&stored["cost"]["amount"], &stored["netCost"]["amount"]), (&json!("0.0058"), &json!("0.0058")));
    let correction = &stored["corrections"][0];
    assert_eq!(
        (&correction["kind"], &correction["journalEntry"]["corrects"]["number"]),
        (&json!("RERATING"), &stored["journalEntry"]["number"])
    );
    let postings = correction["journalEntry"]["postings"].as_array().unwrap();
    let lines: Vec<_> = postings
        .iter()
        .map(|line| (line["side"].as_str().unwrap(), line["account"]["code"].as_str().unwrap(), line["amount"]["amount"].as_str().unwrap()))
        .collect();
    assert_eq!(lines, [("DEBIT", "2100", "0.0007"), ("CREDIT", "6000", "0.0007")]);
    assert_eq!(rerate(&world, false).await, (0, 0, "0".into()));
    world.save_price("openai", "gpt-4o", "output_tokens", "12.00").await;
    assert_eq!(rerate(&world, false).await, (1, 0, "0.0014".into()), "the next difference is taken from what is booked now");
    assert_eq!(world.charge("dear").await["corrections"].as_array().unwrap().len(), 2);
    world.assert_verified().await;
}

async fn a_price_counts_from_its_start_to_its_end(world: World) {
    world
        .save_price_line(
            json!({ "provider": "acme-ai", "model": "dated", "meter": "input_tokens", "per": "1000", "amount": "1.00", "currency": "USD",
                                 "effectiveFrom": "2026-01-05T00:00:00Z", "effectiveTo": "2026-01-06T00:00:00Z" }),
        )
        .await;
    let at = |id: &str, instant: &str| charge(id).model("acme-ai", "dated").tokens(1_000, 0).on(instant);
    let receipts = world
        .record(&[
            at("before", "2026-01-04T23:59:59Z"),
            at("start", "2026-01-05T00:00:00Z"),
            at("end", "2026-01-06T00:00:00Z"),
            at("zone", "2026-01-06T00:30:00+01:00"),
        ])
        .await;
    let statuses: Vec<&str> = receipts.iter().map(|receipt| receipt["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["UNPRICED", "RECORDED", "UNPRICED", "RECORDED"]);
}
