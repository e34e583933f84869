//! `verify` must be able to fail: someone with all rights takes the guards away and changes one thing, and it is named.

use crate::harness::{Engine, World, charge};
use serde_json::json;

on_both_engines!(
    a_changed_posting_is_named,
    a_changed_balance_is_named,
    a_missing_balance_is_named,
    a_balance_out_of_nothing_is_named,
    a_wrong_first_entry_of_a_month_is_named,
    a_forgotten_hour_is_named,
    a_deleted_entry_is_named,
    a_deleted_charge_is_named,
    a_changed_cost_of_a_charge_is_named,
    a_changed_key_of_a_charge_is_named,
    a_changed_price_is_named,
    a_forgotten_unpriced_charge_is_named,
    a_reversal_that_is_no_mirror_is_named,
);

async fn books(world: &World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world
        .book(&[charge("c1").team("search"), charge("c2").client("gearpeak"), charge("c3").team("search").on("2026-01-07T10:00:00Z")])
        .await;
    assert_eq!(world.record_one(charge("c4").model("acme-ai", "house")).await["status"], "UNPRICED");
    let query = "mutation { reverseJournalEntry(input: { idempotencyKey: \"r\", number: 3, effectiveOn: \"2026-01-09\", reason: \"mistake\" }) { entry { number } } }";
    assert_eq!(world.graphql(query, json!({})).await["reverseJournalEntry"]["entry"]["number"], "4");
    world.assert_verified().await;
}

/// Takes the guard of a table away, does it, and expects that a fault holds these words.
async fn tamper(world: &World, table: &str, sql: &str, words: &str) {
    books(world).await;
    match world.database.engine() {
        Engine::Sqlite => {
            let guards = format!("DROP TRIGGER IF EXISTS {table}_no_update; DROP TRIGGER IF EXISTS {table}_no_delete; {sql}");
            world.database.execute(&guards).await.unwrap();
        }
        Engine::Postgres => {
            world.database.execute(&format!("DROP TRIGGER IF EXISTS {table}_no_change ON {table}; {sql}")).await.unwrap();
        }
    }
    let faults = world.faults().await;
    assert!(faults.iter().any(|fault| fault.contains(words)), "{sql}\nexpected `{words}` among {faults:#?}");
}

async fn a_changed_posting_is_named(world: World) {
    tamper(
        &world,
        "posting",
        "UPDATE posting SET amount = amount + 1 WHERE entry_number = 2 AND line = 1",
        "entry 2 is off by 1 units of USD",
    )
    .await;
}

async fn a_changed_balance_is_named(world: World) {
    tamper(&world, "balance", "UPDATE balance SET debit = debit + 1 WHERE grain = 13 AND debit > 0", "every balance equals the fold").await;
}

async fn a_missing_balance_is_named(world: World) {
    tamper(&world, "balance", "DELETE FROM balance WHERE grain = 4", "is missing").await;
}

async fn a_balance_out_of_nothing_is_named(world: World) {
    let sql = "INSERT INTO balance (books_id, grain, period, key_id, currency_id, debit, credit, charges, input_tokens, output_tokens, cache_read_tokens)
               VALUES (1, 3, 20400, 1, 0, 5, 5, 0, 0, 0, 0)";
    tamper(&world, "balance", sql, "account by day").await;
}

async fn a_wrong_first_entry_of_a_month_is_named(world: World) {
    let words = "2026-01: entries 2 to 4 are stored, the journal has 1 to 4";
    tamper(&world, "entry_month", "UPDATE entry_month SET first_entry = 2", words).await;
}

async fn a_forgotten_hour_is_named(world: World) {
    tamper(&world, "charge_hour", "DELETE FROM charge_hour", "has charges and is not listed").await;
}

async fn a_deleted_entry_is_named(world: World) {
    tamper(&world, "journal_entry", "DELETE FROM journal_entry WHERE number = 2", "entry 2 is missing").await;
}

async fn a_deleted_charge_is_named(world: World) {
    tamper(&world, "charge", "DELETE FROM charge WHERE id = 2", "charge 2 is missing").await;
}

async fn a_changed_cost_of_a_charge_is_named(world: World) {
    tamper(&world, "charge", "UPDATE charge SET amount = amount * 2 WHERE id = 1", "charge 1 costs 13000000 units").await;
}

async fn a_changed_key_of_a_charge_is_named(world: World) {
    tamper(&world, "charge", "UPDATE charge SET external_id = 'other' WHERE id = 1", "charge 1 is not under the hour and hash of its key")
        .await;
}

async fn a_changed_price_is_named(world: World) {
    tamper(&world, "price", "UPDATE price SET amount = '99' WHERE model = 'gpt-4o' AND meter = 'input_tokens'", "its lines come to").await;
}

async fn a_forgotten_unpriced_charge_is_named(world: World) {
    tamper(&world, "pending_charge", "DELETE FROM pending_charge", "charge 4 is unpriced and not on the worklist").await;
}

async fn a_reversal_that_is_no_mirror_is_named(world: World) {
    tamper(&world, "posting", "UPDATE posting SET amount = 1 WHERE entry_number = 4", "reversal 4 is not the mirror of entry 3").await;
}
