//! Balances at the brim: who does not fit is refused alone and before anything of it is posted; reports add up what no single balance holds.

use serde_json::{Value, json};

use crate::authorisation::OPERATIONS;
use crate::harness::{Charge, World, charge, run};

on_both_engines!(
    a_charge_beyond_a_balance_is_refused_alone,
    the_brim_is_seen_by_every_process_and_after_a_restart,
    the_reversal_of_everything_fits,
    reports_add_up_more_than_a_balance_holds,
    commands_that_do_not_fit_say_so,
    tokens_of_unusual_size_stop_before_their_balance_is_full,
    a_price_that_does_not_fit_leaves_its_charge_waiting_and_the_others_go_on,
);

/// A charge of `openai` that reports what it cost, of a model without a price.
fn costs(external_id: &str, dollars: &str) -> Charge {
    charge(external_id).model("openai", "unlisted").with("reportedCost", json!({ "amount": dollars, "currency": "USD" }))
}

fn many(prefix: &str, count: usize, dollars: &str) -> Vec<Charge> {
    (0..count).map(|number| costs(&format!("{prefix}{number}"), dollars)).collect()
}

fn codes(receipts: &[Value]) -> Vec<&str> {
    receipts.iter().map(|receipt| receipt["error"]["code"].as_str().or(receipt["status"].as_str()).unwrap()).collect()
}

fn count(codes: &[&str], wanted: &str) -> usize {
    codes.iter().filter(|code| **code == wanted).count()
}

async fn booked(world: &World, charges: &[Charge]) {
    let receipts = world.record(charges).await;
    assert_eq!(count(&codes(&receipts), "RECORDED"), charges.len());
}

async fn charges_counted(world: &World) -> i64 {
    let query = "{ spend(from: \"2025-12-01\", to: \"2026-02-01\", groupBy: []) { rows { charges } } }";
    let rows = world.graphql(query, json!({})).await["spend"]["rows"].take();
    rows.as_array().unwrap().iter().map(|row| row["charges"].as_str().unwrap().parse::<i64>().unwrap()).sum()
}

/// 2^63 / 10^9 holds 931 times 9,900,000, and 6,472,036.85 more.
async fn a_charge_beyond_a_balance_is_refused_alone(world: World) {
    booked(&world, &many("a", 900, "9900000")).await;
    let mut batch = many("b", 40, "9900000");
    batch.insert(35, costs("small", "1"));
    // Another provider's debt is another block, but the account is the same; another month is another balance.
    batch.push(charge("elsewhere").model("mistral", "unlisted").with("reportedCost", json!({ "amount": "9900000", "currency": "USD" })));
    batch.push(costs("december", "9900000").with("occurredAt", "2025-12-31T12:00:00Z"));
    let receipts = world.record(&batch).await;
    let codes = codes(&receipts);
    assert_eq!((count(&codes, "RECORDED"), count(&codes, "LEDGER_OVERFLOW")), (31 + 2, 9 + 1), "{codes:?}");
    assert_eq!(
        (codes[30], codes[31], codes[35], codes[41], codes[42]),
        ("RECORDED", "LEDGER_OVERFLOW", "RECORDED", "LEDGER_OVERFLOW", "RECORDED")
    );
    assert_eq!(receipts[31]["error"]["path"], json!(["reportedCost"]));
    assert!(receipts[31]["error"]["message"].as_str().unwrap().contains("9223372036.854775807 USD"), "{}", receipts[31]);
    assert_eq!(charges_counted(&world).await, 931 + 2);
    // What was refused is not known: once it is corrected, it is sent again under its own key.
    assert_eq!(world.record_one(costs("b31", "2")).await["status"], "RECORDED");
    world.assert_verified().await;
}

async fn the_brim_is_seen_by_every_process_and_after_a_restart(world: World) {
    let other = world.second_process().await;
    booked(&world, &many("a", 300, "9900000")).await;
    booked(&other, &many("b", 300, "9900000")).await;
    booked(&world, &many("c", 300, "9900000")).await;
    for (process, id) in [(&other, "d"), (&world, "e"), (&world.second_process().await, "f")] {
        let receipts = process.record(&many(id, 12, "9900000")).await;
        let codes = codes(&receipts);
        // 31 fit in all: twelve, twelve and seven.
        assert_eq!(count(&codes, "RECORDED"), if id == "f" { 7 } else { 12 }, "{id} {codes:?}");
        assert_eq!(count(&codes, "RECORDED") + count(&codes, "LEDGER_OVERFLOW"), 12);
    }
    world.assert_verified().await;
}

const REVERSE: &str =
    "mutation R($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) { entry { number } userErrors { code path } } }";

async fn the_reversal_of_everything_fits(world: World) {
    let charges = many("a", 925, "9970000");
    booked(&world, &charges).await;
    assert_eq!(world.record_one(costs("more", "9970000")).await["error"]["code"], "LEDGER_OVERFLOW");
    for number in 1..=charges.len() {
        let input = json!({ "idempotencyKey": format!("r{number}"), "number": number.to_string(), "effectiveOn": "2026-01-15", "reason": "nanodollars" });
        let answer = world.graphql(REVERSE, json!({ "input": input })).await;
        assert_eq!(answer["reverseJournalEntry"]["userErrors"], json!([]), "entry {number}");
    }
    let answer =
        world.graphql("{ trialBalance(asOf: \"2026-01-31\") { rows { account { code } debit credit balance } } }", json!({})).await;
    for row in answer["trialBalance"]["rows"].as_array().unwrap() {
        assert_eq!((&row["debit"], &row["credit"], &row["balance"]), (&json!("9222250000"), &json!("9222250000"), &json!("0")), "{row}");
    }
    // Both columns are full now, which leaves nothing for ordinary charges of the month.
    assert_eq!(world.record_one(costs("again", "1")).await["error"]["code"], "LEDGER_OVERFLOW");
    world.assert_verified().await;
}

/// 921 times 9,999,999 dollars in each of two months: each month fits into 64 bits, and their sum does not.
async fn reports_add_up_more_than_a_balance_holds(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let of = |charge: Charge| charge.with("team", "search").with("project", "assistant").with("client", "gearpeak").feature("answers");
    let january: Vec<Charge> = many("a", 921, "9999999").into_iter().map(of).collect();
    booked(&world, &january).await;
    let december = |charge: Charge| charge.with("occurredAt", "2025-12-15T12:00:00Z");
    booked(&world, &many("b", 921, "9999999").into_iter().map(of).map(december).collect::<Vec<_>>()).await;
    let sum = "18419998158";
    let answer = world
        .graphql("{ trialBalance(asOf: \"2026-01-31\") { rows { account { code } debit credit } totals { debit credit } } }", json!({}))
        .await;
    assert_eq!(answer["trialBalance"]["totals"], json!([{ "debit": sum, "credit": sum }]));
    for by in ["[]", "[TEAM]", "[MODEL]", "[TEAM, MODEL]", "[ACCOUNT]"] {
        let query = format!(
            "{{ spend(from: \"2025-12-01\", to: \"2026-02-01\", groupBy: {by}) {{ total {{ amount }} rows {{ cost {{ amount }} }} }} }}"
        );
        let answer = world.graphql(&query, json!({})).await;
        assert_eq!(answer["spend"]["total"]["amount"], sum, "{by}");
    }
    let answer = world.graphql("{ accruals(asOf: \"2026-01-31\") { rows { open } } }", json!({})).await;
    assert_eq!(answer["accruals"]["rows"][0]["open"], sum);
    let answer = world.graphql("{ accruals(asOf: \"2026-01-31\", asOfEntry: 1000) { rows { open } } }", json!({})).await;
    assert_eq!(answer["accruals"]["rows"][0]["open"], "9999999000", "921 of January and 79 of December");
    let by_client = "{ profitAndLoss(from: \"2025-12-01\", to: \"2026-02-01\", kind: CLIENT) { rows { amount { amount } } } }";
    assert_eq!(world.graphql(by_client, json!({})).await["profitAndLoss"]["rows"][0]["amount"]["amount"], sum);
    // Every question that the schema knows, over both months: none is answered with a failure of ours.
    for (field, operation) in OPERATIONS.iter().filter(|(field, _)| field.starts_with("Query.")) {
        let operation = operation.replace("from: \"2026-01-01\"", "from: \"2025-12-01\"");
        let answer = world.post_graphql(&world.admin, &json!({ "query": operation })).await;
        for code in ["INTERNAL", "UNAVAILABLE"] {
            assert!(!answer.text.contains(code), "{field}: {}", answer.text);
        }
    }
    world.assert_verified().await;
}

const REVENUE: &str =
    "mutation R($input: RecordRevenueInput!) { recordRevenue(input: $input) { recorded userErrors { code path message } } }";

fn revenue(id: &str, amount: &str) -> Value {
    json!({ "source": "crm", "externalId": id, "earnedOn": "2026-01-05", "amount": amount, "currency": "USD", "client": "gearpeak", "memo": "m" })
}

async fn commands_that_do_not_fit_say_so(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let record = async |entries: Value| world.graphql(REVENUE, json!({ "input": { "entries": entries } })).await["recordRevenue"].take();
    let nine: Vec<Value> = (0..9).map(|number| revenue(&format!("r{number}"), "1000000000")).collect();
    assert_eq!(record(json!(nine)).await["recorded"], 9);
    // The second of three does not fit: none is recorded, and the place of the one is told.
    let answer = record(json!([revenue("s1", "1"), revenue("s2", "999999999"), revenue("s3", "1")])).await;
    assert_eq!((&answer["recorded"], &answer["userErrors"].as_array().unwrap().len()), (&json!(0), &1), "{answer}");
    assert_eq!(answer["userErrors"][0]["code"], "LEDGER_OVERFLOW");
    assert_eq!(answer["userErrors"][0]["path"], json!(["entries", "1", "amount"]));
    // Taken back, it fits; and so does the right amount in another month.
    let back: Vec<Value> = (0..9).map(|number| revenue(&format!("back{number}"), "-1000000000")).collect();
    assert_eq!(record(json!(back)).await["recorded"], 9);
    assert_eq!(record(json!([revenue("t", "1000000000.000000001")])).await["userErrors"][0]["code"], "AMOUNT_TOO_LARGE");
    let query = "{ profitAndLoss(from: \"2026-01-01\", to: \"2026-02-01\", kind: CLIENT) { rows { amount { amount } } } }";
    assert_eq!(world.graphql(query, json!({})).await["profitAndLoss"]["rows"][0]["amount"]["amount"], "0");
    world.assert_verified().await;
}

/// A count of a balance that is far above what any company uses is not filled to the last bit, and never wraps.
async fn tokens_of_unusual_size_stop_before_their_balance_is_full(world: World) {
    world.save_price("openai", "free", "input_tokens", "0").await;
    let free = |id: &str, tokens: i64| charge(id).model("openai", "free").with("usage", json!({ "inputTokens": tokens }));
    world.book(&[free("a", 1_000_000_000_000)]).await;
    let held = i64::MAX / 2 - 1_000_000;
    world.database.execute(&format!("UPDATE balance SET input_tokens = {held}")).await.unwrap();
    let receipts = world.record(&[free("b", 1_000_000_000_000), free("c", 1_000)]).await;
    assert_eq!(codes(&receipts), ["LEDGER_OVERFLOW", "RECORDED"]);
    assert_eq!(world.database.number("SELECT MAX(input_tokens) FROM balance").await, held + 1_000);
}

async fn a_price_that_does_not_fit_leaves_its_charge_waiting_and_the_others_go_on(world: World) {
    booked(&world, &many("a", 930, "9900000")).await;
    let waits = |id: &str, tokens: i64| charge(id).model("openai", "later").with("usage", json!({ "inputTokens": tokens }));
    // At 9 dollars a million tokens: 9,000,000 dollars each, of which one fits, then one of 9 dollars, and one that no charge costs.
    let receipts = world.record(&[waits("w1", 1_000_000_000_000), waits("w2", 1_000_000_000_000), waits("w3", 1_000_000)]).await;
    assert_eq!(codes(&receipts), ["UNPRICED", "UNPRICED", "UNPRICED"]);
    world.save_price("openai", "later", "input_tokens", "9").await;
    let query = "mutation { rerateCharges(input: { from: \"2026-01-01T00:00:00Z\", to: \"2026-02-01T00:00:00Z\", model: \"later\" }) {
        examined posted refused deltas { amount } userErrors { code path } } }";
    let answer = world.graphql(query, json!({})).await["rerateCharges"].take();
    assert_eq!((&answer["examined"], &answer["posted"], &answer["refused"]), (&json!(3), &json!(2), &json!(1)), "{answer}");
    assert_eq!(answer["userErrors"], json!([{ "code": "LEDGER_OVERFLOW", "path": ["charges", "932", "usage"] }]));
    assert_eq!(world.charge("w2").await["status"], "UNPRICED");
    assert_eq!(world.charge("w3").await["status"], "RECORDED");
    world.assert_verified().await;
}

/// What is refused at the gate leaves no trace among those that are booked in the same transaction: a fast check of many mixtures, on one engine.
#[test]
fn the_first_amounts_that_fit_are_booked_whatever_stands_between_them() {
    run(crate::harness::Engine::Sqlite, async |world| {
        booked(&world, &many("a", 931, "9900000")).await;
        // 6,472,036.854775807 are left of the month.
        let batch =
            [costs("x1", "6000000"), costs("x2", "1000000"), costs("x3", "472036.854775807"), costs("x4", "0.000000001"), costs("x5", "0")];
        assert_eq!(codes(&world.record(&batch).await), ["RECORDED", "LEDGER_OVERFLOW", "RECORDED", "LEDGER_OVERFLOW", "RECORDED"]);
        assert_eq!(world.database.number("SELECT MAX(credit) FROM balance").await, i64::MAX);
        world.assert_verified().await;
    });
}
