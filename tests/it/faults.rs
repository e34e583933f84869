//! The database goes away at every n-th call: nothing is half written, and the same command sent again does its work once.

use serde_json::{Value, json};
use tallybook::app::verify::verify;
use tallybook::http::HttpConfig;
use tallybook::store::StoreOptions;
use tallybook::store::ledger::Fault;

use crate::harness::{Charge, World, charge};

on_both_engines![charges_survive_a_fault_at_every_call, a_reversal_survives_a_fault_at_every_call];

/// More calls than any command of these tests makes.
const MOST_CALLS: i64 = 200;

async fn with_fault(world: &World) -> (World, Fault) {
    let fault = Fault::default();
    let options = StoreOptions { fault: Some(fault.clone()), ..StoreOptions::new(world.database.url()) };
    (world.reopened(options, &HttpConfig::default()).await, fault)
}

async fn assert_everything_holds(world: &World) {
    let report = verify(&world.app, "main").await.unwrap();
    let faults: Vec<_> = report.checks.iter().flat_map(|check| &check.faults).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

async fn counts(world: &World) -> (i64, i64) {
    let charges = world.database.number("SELECT count(*) FROM charge").await;
    (charges, world.database.number("SELECT count(*) FROM journal_entry").await)
}

/// Two that are booked, one that waits for a price, and a resend.
fn batch(name: &str) -> Vec<Charge> {
    let id = |part: &str| format!("{name}-{part}");
    let first = charge(&id("a")).team("search");
    vec![first.clone(), charge(&id("b")).model("openai", "never-priced"), charge(&id("c")).on("2026-01-06T08:00:00Z"), first]
}

async fn charges_survive_a_fault_at_every_call(world: World) {
    let (world, fault) = with_fault(&world).await;
    world.book(&[charge("warm")]).await;
    let mut faults = 0;
    for number in 1..MOST_CALLS {
        let before = counts(&world).await;
        fault.arm(number);
        let first = world.record(&batch(&format!("try-{number}"))).await;
        let is_over = fault.disarm();
        let after = counts(&world).await;
        let statuses =
            |receipts: &[Value]| receipts.iter().map(|receipt| receipt["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        if statuses(&first).contains(&"REJECTED".to_owned()) {
            faults += 1;
            assert!(first.iter().all(|receipt| receipt["error"]["code"] == "UNAVAILABLE"), "{first:?}");
            // All or nothing: everything, when only the answer to the commit was lost.
            assert!(after == before || after == (before.0 + 3, before.1 + 2), "call {number}: {before:?} became {after:?}");
        }
        let again = statuses(&world.record(&batch(&format!("try-{number}"))).await);
        assert!(!again.contains(&"REJECTED".to_owned()), "call {number}: {again:?}");
        assert_eq!(counts(&world).await, (before.0 + 3, before.1 + 2), "call {number}: recorded once");
        if is_over {
            break;
        }
        assert!(number < MOST_CALLS - 1, "the command ends before so many calls");
    }
    assert!(faults > 5, "only {faults} calls failed");
    assert_everything_holds(&world).await;
}

async fn a_reversal_survives_a_fault_at_every_call(world: World) {
    let (world, fault) = with_fault(&world).await;
    let mut faults = 0;
    for attempt in 1..MOST_CALLS {
        let receipt = world.record_one(charge(&format!("to-reverse-{attempt}"))).await;
        let entry = receipt["entry"].as_str().unwrap().to_owned();
        let command = json!({ "input": { "idempotencyKey": format!("reverse-{attempt}"), "number": entry, "effectiveOn": "2026-01-15", "reason": "a fault" } });
        let reverse =
            "mutation($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) { entry { number } userErrors { code } } }";
        let before = counts(&world).await;
        fault.arm(attempt);
        let first = world.post_graphql(&world.admin, &json!({ "query": reverse, "variables": command })).await;
        let is_over = fault.disarm();
        let after = counts(&world).await;
        if first.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE" {
            faults += 1;
            assert!(after == before || after == (before.0, before.1 + 1), "call {attempt}: {before:?} became {after:?}");
        }
        let again = world.post_graphql(&world.admin, &json!({ "query": reverse, "variables": command })).await;
        assert!(again.json()["data"]["reverseJournalEntry"]["entry"]["number"].is_string(), "{}", again.text);
        assert_eq!(counts(&world).await, (before.0, before.1 + 1), "call {attempt}: reversed once");
        if is_over {
            break;
        }
    }
    assert!(faults > 5, "only {faults} calls failed");
    assert_everything_holds(&world).await;
}
