//! The database itself refuses to change what was posted, for every client of it, and accepts no entry that does not balance.

use crate::harness::{World, charge};

on_both_engines!(
    posted_rows_are_neither_changed_nor_deleted,
    an_entry_that_does_not_balance_is_refused,
    an_entry_without_all_its_postings_is_refused,
    nothing_is_added_to_a_sealed_entry,
    the_head_does_not_skip_or_go_back,
    an_entry_is_reversed_once_by_the_database_too,
);

async fn books_with_charges(world: &World) {
    world.book(&[charge("c1"), charge("c2")]).await;
    assert_eq!(world.record_one(charge("c3").model("acme-ai", "house")).await["status"], "UNPRICED");
    world.save_price("acme-ai", "house", "input_tokens", "1.00").await;
    world.save_price("acme-ai", "house", "output_tokens", "1.00").await;
    let query = "mutation { rerateCharges(input: { from: \"2026-01-01T00:00:00Z\", to: \"2026-02-01T00:00:00Z\" }) { posted } }";
    assert_eq!(world.graphql(query, serde_json::json!({})).await["rerateCharges"]["posted"], 1);
    let discount = serde_json::json!([{ "provider": "openai", "percent": "5", "effectiveFrom": "2026-01-10T00:00:00Z" }]);
    world.save("saveDiscounts", "SaveDiscountsInput", serde_json::json!({ "discounts": discount })).await;
}

async fn assert_refused(world: &World, sql: &str, words: &[&str]) {
    let refusal = world.database.execute(sql).await.expect_err(sql);
    assert!(words.iter().any(|word| refusal.contains(word)), "{sql}\n{refusal}");
}

async fn posted_rows_are_neither_changed_nor_deleted(world: World) {
    books_with_charges(&world).await;
    for (table, column) in [
        ("charge", "amount"),
        ("charge_revision", "amount"),
        ("journal_entry", "effective_on"),
        ("posting", "amount"),
        ("price", "per"),
        ("discount", "effective_from"),
    ] {
        assert!(world.database.number(&format!("SELECT count(*) FROM {table}")).await > 0, "{table} has rows to try it on");
        assert_refused(&world, &format!("UPDATE {table} SET {column} = {column} + 1"), &["never changed"]).await;
        assert_refused(&world, &format!("DELETE FROM {table}"), &["never changed or deleted", "never deleted"]).await;
    }
    world.assert_verified().await;
}

/// An entry of the next number, posted by hand.
fn by_hand(debit: i64, credit: i64, posting_count: i64) -> String {
    format!(
        "INSERT INTO posting (books_id, entry_number, line, side, amount, currency_id, block_id) VALUES (1, 4, 1, 1, {debit}, 0, 1), (1, 4, 2, 2, {credit}, 0, 2);
         INSERT INTO journal_entry (books_id, number, kind, effective_on, recorded_at, posting_count) VALUES (1, 4, 1, 20458, 0, {posting_count});"
    )
}

async fn an_entry_that_does_not_balance_is_refused(world: World) {
    books_with_charges(&world).await;
    assert_refused(&world, &format!("BEGIN; {} COMMIT;", by_hand(5, 6, 2)), &["balance"]).await;
    let mixed = by_hand(5, 5, 2).replace("(1, 4, 2, 2, 5, 0, 2)", "(1, 4, 2, 2, 5, 1, 2)");
    assert_refused(&world, &format!("BEGIN; {mixed} COMMIT;"), &["balance"]).await;
    world.assert_verified().await;
}

async fn an_entry_without_all_its_postings_is_refused(world: World) {
    books_with_charges(&world).await;
    assert_refused(&world, &format!("BEGIN; {} COMMIT;", by_hand(5, 5, 3)), &["balance", "all its postings"]).await;
    let none =
        "INSERT INTO journal_entry (books_id, number, kind, effective_on, recorded_at, posting_count) VALUES (1, 4, 1, 20458, 0, 2);";
    assert_refused(&world, none, &["balance", "all its postings"]).await;
    world.assert_verified().await;
}

async fn nothing_is_added_to_a_sealed_entry(world: World) {
    books_with_charges(&world).await;
    let pair = "INSERT INTO posting (books_id, entry_number, line, side, amount, currency_id, block_id) VALUES (1, 1, 3, 1, 7, 0, 1), (1, 1, 4, 2, 7, 0, 2);";
    assert_refused(&world, pair, &["the entry is posted"]).await;
    world.assert_verified().await;
}

async fn the_head_does_not_skip_or_go_back(world: World) {
    books_with_charges(&world).await;
    for change in ["last_entry + 1", "last_entry - 1", "last_entry + 10"] {
        assert_refused(&world, &format!("UPDATE books_head SET last_entry = {change}"), &["gapless"]).await;
    }
    world.assert_verified().await;
    world.book(&[charge("c4")]).await;
}

async fn an_entry_is_reversed_once_by_the_database_too(world: World) {
    books_with_charges(&world).await;
    let reversal = |number: i64| {
        format!(
            "INSERT INTO posting (books_id, entry_number, line, side, amount, currency_id, block_id) VALUES (1, {number}, 1, 2, 6500000, 0, 1), (1, {number}, 2, 1, 6500000, 0, 2);
             INSERT INTO journal_entry (books_id, number, kind, effective_on, recorded_at, corrects, posting_count) VALUES (1, {number}, 2, 20458, 0, 1, 2);"
        )
    };
    assert_refused(&world, &format!("BEGIN; {} {} COMMIT;", reversal(4), reversal(5)), &["journal_entry_reversed_once", "UNIQUE"]).await;
    world.assert_verified().await;
}
