//! Reversal: the exact mirror of an entry, once; corrections of one charge come off in the order last in, first out.

use serde_json::{Value, json};

use crate::harness::{World, charge};

on_both_engines!(
    a_reversal_is_the_exact_mirror_and_restores_the_balances,
    an_entry_is_reversed_once,
    a_reversal_is_not_reversed,
    a_reversal_is_not_dated_before_its_entry,
    an_entry_that_is_not_there_is_not_reversed,
    the_same_key_answers_with_the_first_reversal_and_other_content_conflicts,
    corrections_come_off_last_in_first_out,
    a_reversed_charge_is_left_alone_by_rerating_and_stays_known,
    a_reversal_needs_a_key_and_a_reason,
);

async fn reverse(world: &World, key: &str, number: i64, day: &str, reason: &str) -> Value {
    let query = "mutation R($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) {
        replayed entry { number effectiveOn kind memo reverses { number } charge { externalId } postings { side amount { amount } account { code } team { code } client { code } model } }
        userErrors { code message path } } }";
    let input = json!({ "idempotencyKey": key, "number": number, "effectiveOn": day, "reason": reason });
    world.graphql(query, json!({ "input": input })).await["reverseJournalEntry"].take()
}

fn refusal(answer: &Value) -> (&str, &Value) {
    assert!(answer["entry"].is_null(), "{answer}");
    (answer["userErrors"][0]["code"].as_str().unwrap(), &answer["userErrors"][0]["path"])
}

async fn rerate(world: &World) {
    let query = "mutation { rerateCharges(input: { from: \"2026-01-01T00:00:00Z\", to: \"2026-02-01T00:00:00Z\" }) { adjusted } }";
    world.graphql(query, json!({})).await;
}

async fn a_reversal_is_the_exact_mirror_and_restores_the_balances(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.book(&[charge("kept").client("gearpeak")]).await;
    let before = world.trial_balance().await;
    world.book(&[charge("wrong").team("search").client("gearpeak")]).await;
    let answer = reverse(&world, "k", 2, "2026-01-09", "charged twice by the gateway").await;
    let entry = &answer["entry"];
    assert_eq!([&entry["number"], &entry["kind"], &entry["effectiveOn"]], [&json!("3"), &json!("REVERSAL"), &json!("2026-01-09")]);
    assert_eq!(
        [&entry["memo"], &entry["reverses"]["number"], &entry["charge"]["externalId"]],
        [&json!("charged twice by the gateway"), &json!("2"), &json!("wrong")]
    );
    let original = world.graphql("{ journalEntry(number: 2) { reversedBy { number } postings { side amount { amount } account { code } team { code } client { code } model } } }", json!({})).await;
    assert_eq!(original["journalEntry"]["reversedBy"]["number"], "3");
    for (mirrored, line) in entry["postings"].as_array().unwrap().iter().zip(original["journalEntry"]["postings"].as_array().unwrap()) {
        let mut expected = line.clone();
        expected["side"] = if line["side"] == "DEBIT" { json!("CREDIT") } else { json!("DEBIT") };
        assert_eq!(*mirrored, expected);
    }
    let net = |rows: Vec<String>| rows.into_iter().map(|row| row.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(net(before.clone()), net(world.trial_balance().await));
    let query = "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [CLIENT], interval: QUARTER) { total { amount } rows { charges inputTokens } } }";
    let spend = world.graphql(query, json!({})).await["spend"].take();
    assert_eq!(
        (&spend["total"]["amount"], &spend["rows"][0]["charges"], &spend["rows"][0]["inputTokens"]),
        (&json!("0.0065"), &json!("1"), &json!("1200"))
    );
    let stored = world.charge("wrong").await;
    assert_eq!(
        (&stored["status"], &stored["cost"]["amount"], &stored["netCost"]["amount"]),
        (&json!("REVERSED"), &json!("0.0065"), &json!("0"))
    );
    world.assert_verified().await;
}

async fn an_entry_is_reversed_once(world: World) {
    world.book(&[charge("c1")]).await;
    reverse(&world, "k1", 1, "2026-01-09", "mistake").await;
    assert_eq!(refusal(&reverse(&world, "k2", 1, "2026-01-09", "mistake").await), ("ALREADY_REVERSED", &json!(["number"])));
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry").await, 2);
}

async fn a_reversal_is_not_reversed(world: World) {
    world.book(&[charge("c1")]).await;
    reverse(&world, "k1", 1, "2026-01-09", "mistake").await;
    assert_eq!(refusal(&reverse(&world, "k2", 2, "2026-01-10", "after all").await), ("REVERSAL_OF_REVERSAL", &json!(["number"])));
}

async fn a_reversal_is_not_dated_before_its_entry(world: World) {
    world.book(&[charge("c1")]).await;
    assert_eq!(refusal(&reverse(&world, "k", 1, "2026-01-04", "mistake").await), ("REVERSAL_BEFORE_ENTRY", &json!(["effectiveOn"])));
    assert!(reverse(&world, "k", 1, "2026-01-05", "mistake").await["entry"].is_object(), "a refused call does not use its key up");
}

async fn an_entry_that_is_not_there_is_not_reversed(world: World) {
    assert_eq!(refusal(&reverse(&world, "k", 7, "2026-01-05", "mistake").await), ("ENTRY_NOT_FOUND", &json!(["number"])));
}

async fn the_same_key_answers_with_the_first_reversal_and_other_content_conflicts(world: World) {
    world.book(&[charge("c1"), charge("c2")]).await;
    let mut first = reverse(&world, "k", 1, "2026-01-09", "mistake").await;
    let again = reverse(&world, "k", 1, "2026-01-09", "mistake").await;
    assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
    first["replayed"] = json!(true);
    assert_eq!(first, again);
    for (number, day, reason) in [(2, "2026-01-09", "mistake"), (1, "2026-01-10", "mistake"), (1, "2026-01-09", "another")] {
        assert_eq!(refusal(&reverse(&world, "k", number, day, reason).await), ("IDEMPOTENCY_CONFLICT", &json!(["idempotencyKey"])));
    }
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry").await, 3);
}

async fn corrections_come_off_last_in_first_out(world: World) {
    world.book(&[charge("c1")]).await;
    world.save_price("openai", "gpt-4o", "output_tokens", "12.00").await;
    rerate(&world).await;
    world.save_price("openai", "gpt-4o", "output_tokens", "20.00").await;
    rerate(&world).await;
    let net = async || world.charge("c1").await["netCost"]["amount"].as_str().unwrap().to_owned();
    assert_eq!(net().await, "0.01");
    for number in [1, 2] {
        assert_eq!(refusal(&reverse(&world, "early", number, "2026-01-09", "mistake").await).0, "LATER_CORRECTION", "entry {number}");
    }
    for (number, left, cost) in [(3, "0.0072", "0.0072"), (2, "0.0065", "0.0065"), (1, "0", "0.0065")] {
        let answer = reverse(&world, &format!("k{number}"), number, "2026-01-09", "mistake").await;
        assert_eq!(answer["userErrors"], json!([]), "entry {number}");
        let stored = world.charge("c1").await;
        assert_eq!(
            (stored["netCost"]["amount"].as_str(), stored["cost"]["amount"].as_str()),
            (Some(left), Some(cost)),
            "after entry {number}"
        );
        world.assert_verified().await;
    }
    assert_eq!(world.charge("c1").await["status"], "REVERSED");
}

async fn a_reversed_charge_is_left_alone_by_rerating_and_stays_known(world: World) {
    world.book(&[charge("c1")]).await;
    reverse(&world, "k", 1, "2026-01-09", "mistake").await;
    world.save_price("openai", "gpt-4o", "output_tokens", "12.00").await;
    rerate(&world).await;
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry").await, 2);
    assert_eq!(world.record_one(charge("c1")).await["status"], "REPLAYED", "its key is used for ever");
    world.assert_verified().await;
}

async fn a_reversal_needs_a_key_and_a_reason(world: World) {
    world.book(&[charge("c1")]).await;
    assert_eq!(refusal(&reverse(&world, "", 1, "2026-01-09", "mistake").await), ("MISSING_FIELD", &json!(["idempotencyKey"])));
    assert_eq!(refusal(&reverse(&world, "k", 1, "2026-01-09", "").await), ("MISSING_FIELD", &json!(["reason"])));
    assert_eq!(refusal(&reverse(&world, "k", 1, "2026-01-09", &"r".repeat(5_000)).await).0, "TEXT_TOO_LONG");
    assert_eq!(refusal(&reverse(&world, "k", 1, "09.01.2026", "mistake").await), ("DATE_INVALID", &json!(["effectiveOn"])));
}
