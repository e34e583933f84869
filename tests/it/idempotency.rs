//! A charge is recorded once: `source` and `externalId` are its key for ever.

use serde_json::{Value, json};

use crate::harness::{World, charge};

on_both_engines!(
    the_same_charge_sent_again_gets_the_first_receipt,
    the_same_content_in_another_spelling_is_the_same_charge,
    other_content_is_a_conflict_and_the_first_is_kept,
    a_resend_dated_on_another_day_is_a_conflict_not_a_second_charge,
    twins_in_one_batch_are_recorded_once,
    a_conflicting_twin_in_one_batch_is_refused,
    the_same_external_id_of_another_source_is_another_charge,
    an_atomic_call_records_all_or_none,
    an_unpriced_charge_sent_again_stays_one,
    a_resend_after_a_restart_is_still_known,
);

async fn count(world: &World) -> i64 {
    world.database.number("SELECT count(*) FROM charge").await
}

async fn the_same_charge_sent_again_gets_the_first_receipt(world: World) {
    let first = world.record_one(charge("c1")).await;
    let mut again = world.record_one(charge("c1")).await;
    assert_eq!((&first["status"], &again["status"]), (&json!("RECORDED"), &json!("REPLAYED")));
    again["status"] = json!("RECORDED");
    assert_eq!((again, count(&world).await), (first, 1));
}

async fn the_same_content_in_another_spelling_is_the_same_charge(world: World) {
    world.book(&[charge("c1").with("tags", json!([{ "key": "a", "value": "1" }, { "key": "b", "value": "2" }]))]).await;
    let spelled = charge("c1")
        .with("tags", json!([{ "key": "b", "value": "2" }, { "key": "a", "value": "1" }]))
        .on("2026-01-05T15:03:22+01:00")
        .usage(json!({ "outputTokens": "350", "inputTokens": "1200", "cacheReadTokens": 0 }))
        .with("processing", "STANDARD")
        .with("team", Value::Null);
    assert_eq!(world.record_one(spelled).await["status"], "REPLAYED");
}

async fn other_content_is_a_conflict_and_the_first_is_kept(world: World) {
    world.book(&[charge("c1").with("apiKey", "k1").with("tags", json!([{ "key": "a", "value": "1" }]))]).await;
    let first = charge("c1").with("apiKey", "k1").with("tags", json!([{ "key": "a", "value": "1" }]));
    let others = [
        first.clone().tokens(1_200, 351),
        first.clone().with("model", "gpt-4o-mini"),
        first.clone().team("search"),
        first.clone().with("apiKey", "k2"),
        first.clone().with("endUser", "kim"),
        first.clone().with("environment", "production"),
        first.clone().with("processing", "BATCH"),
        first.clone().with("region", "eu"),
        first.clone().with("tags", json!([{ "key": "a", "value": "2" }])),
        first.clone().with("reportedCost", json!({ "amount": "1", "currency": "USD" })),
        first.clone().usage(json!({ "inputTokens": 350, "outputTokens": 1200 })),
    ];
    for receipt in world.record(&others).await {
        assert_eq!((&receipt["status"], &receipt["error"]["code"]), (&json!("REJECTED"), &json!("IDEMPOTENCY_CONFLICT")), "{receipt}");
        assert_eq!(receipt["error"]["path"], json!(["externalId"]));
    }
    assert_eq!((world.charge("c1").await["cost"]["amount"].as_str(), count(&world).await), (Some("0.0065"), 1));
    assert_eq!(world.record_one(first).await["status"], "REPLAYED");
}

async fn a_resend_dated_on_another_day_is_a_conflict_not_a_second_charge(world: World) {
    world.book(&[charge("c1"), charge("c2")]).await;
    for instant in ["2026-01-05T15:03:22Z", "2026-01-06T14:03:22Z", "2025-06-01T00:00:00Z"] {
        let receipt = world.record_one(charge("c1").on(instant)).await;
        assert_eq!(receipt["error"]["code"], "IDEMPOTENCY_CONFLICT", "{instant}: {receipt}");
    }
    assert_eq!(count(&world).await, 2);
    world.assert_verified().await;
}

async fn twins_in_one_batch_are_recorded_once(world: World) {
    let receipts = world.record(&[charge("c1"), charge("c2"), charge("c1"), charge("c1")]).await;
    let statuses: Vec<&str> = receipts.iter().map(|receipt| receipt["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["RECORDED", "RECORDED", "REPLAYED", "REPLAYED"]);
    assert_eq!((&receipts[2]["entry"], &receipts[2]["charge"]), (&receipts[0]["entry"], &receipts[0]["charge"]));
    assert_eq!(count(&world).await, 2);
}

async fn a_conflicting_twin_in_one_batch_is_refused(world: World) {
    let receipts = world.record(&[charge("c1"), charge("c1").tokens(1, 1), charge("c1").on("2026-01-07T00:00:00Z"), charge("c1")]).await;
    let outcome = |receipt: &Value| receipt["error"]["code"].as_str().or(receipt["status"].as_str()).unwrap().to_owned();
    let outcomes: Vec<String> = receipts.iter().map(outcome).collect();
    assert_eq!(outcomes, ["RECORDED", "IDEMPOTENCY_CONFLICT", "IDEMPOTENCY_CONFLICT", "REPLAYED"]);
    assert_eq!(count(&world).await, 1);
}

async fn the_same_external_id_of_another_source_is_another_charge(world: World) {
    world.book(&[charge("c1"), charge("c1").with("source", "import"), charge("c1").with("source", "gateway2").tokens(1, 1)]).await;
    assert_eq!(count(&world).await, 3);
}

async fn an_atomic_call_records_all_or_none(world: World) {
    let query = "mutation R($charges: [ChargeInput!]!) { recordCharges(input: { atomic: true, charges: $charges }) {
        recorded rejected results { status error { code path } } userErrors { code } } }";
    let send = async |charges: Value| world.graphql(query, json!({ "charges": charges })).await["recordCharges"].take();
    let refused = send(json!([charge("c1").0, charge("c2").tokens(-1, 0).0])).await;
    let codes: Vec<&str> = refused["results"].as_array().unwrap().iter().map(|result| result["error"]["code"].as_str().unwrap()).collect();
    assert_eq!((codes, refused["rejected"].as_i64(), count(&world).await), (vec!["ATOMIC_REFUSED", "QUANTITY_NEGATIVE"], Some(2), 0));

    let recorded = send(json!([charge("c1").0, charge("c2").0])).await;
    assert_eq!((recorded["recorded"].as_i64(), count(&world).await), (Some(2), 2));

    let conflict = send(json!([charge("c3").0, charge("c2").tokens(1, 1).0])).await;
    let codes: Vec<&str> = conflict["results"].as_array().unwrap().iter().map(|result| result["error"]["code"].as_str().unwrap()).collect();
    assert_eq!((codes, count(&world).await), (vec!["ATOMIC_REFUSED", "IDEMPOTENCY_CONFLICT"], 2));

    let twins = send(json!([charge("c4").0, charge("c4").tokens(1, 1).0])).await;
    assert_eq!((twins["recorded"].as_i64(), count(&world).await), (Some(0), 2));
    world.assert_verified().await;
}

async fn an_unpriced_charge_sent_again_stays_one(world: World) {
    let waits = || charge("c1").model("acme-ai", "house");
    assert_eq!(world.record_one(waits()).await["status"], "UNPRICED");
    assert_eq!(world.record_one(waits()).await["status"], "REPLAYED");
    assert_eq!((count(&world).await, world.database.number("SELECT count(*) FROM pending_charge").await), (1, 1));
}

async fn a_resend_after_a_restart_is_still_known(world: World) {
    world.book(&[charge("c1"), charge("c2").on("2025-03-01T10:00:00Z")]).await;
    let later = world.second_process().await;
    later.set_clock("2026-02-10T12:00:00Z");
    assert_eq!(later.record_one(charge("c1")).await["status"], "REPLAYED");
    assert_eq!(later.record_one(charge("c2").on("2025-03-02T10:00:00Z")).await["error"]["code"], "IDEMPOTENCY_CONFLICT");
    assert_eq!(count(&later).await, 2);
}
