//! Duties that exclude each other on one person, in the books that hold them apart.

use serde_json::{Value, json};
use tallybook::app::auth::Role;
use tallybook::app::export::ExportFormat;

use crate::harness::{World, charge};

on_both_engines!(
    by_default_one_person_runs_small_books,
    whoever_keeps_the_price_book_does_not_post,
    whoever_posts_does_not_keep_the_price_book,
    whoever_prepared_in_a_period_does_not_close_it_nor_the_other_way_round,
    whoever_approves_does_not_export_nor_the_other_way_round,
);

async fn strict(world: &World) {
    world.save("saveDuties", "SaveDutiesInput", json!({ "duties": "STRICT" })).await;
}

async fn codes(world: &World, person: &str, mutation: &str, input_type: &str, input: Value) -> Vec<String> {
    let query = format!("mutation M($input: {input_type}!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
    let token = world.token_of(person, "main", Role::Admin, None);
    let errors = world.graphql_as(&token, &query, json!({ "input": input })).await[mutation]["userErrors"].take();
    errors.as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
}

async fn price(world: &World, person: &str, model: &str) -> Vec<String> {
    let price = json!({ "provider": "acme", "model": model, "meter": "input_tokens", "per": "1000000", "amount": "3", "currency": "USD",
        "effectiveFrom": "2026-01-01T00:00:00Z" });
    codes(world, person, "savePrices", "SavePricesInput", json!({ "prices": [price] })).await
}

async fn reverse(world: &World, person: &str, number: i64) -> Vec<String> {
    let input =
        json!({ "idempotencyKey": format!("{person} {number}"), "number": number, "effectiveOn": "2026-01-12", "reason": "sent twice" });
    codes(world, person, "reverseJournalEntry", "ReverseJournalEntryInput", input).await
}

async fn prepare(world: &World, person: &str, day: &str) -> Vec<String> {
    let posting = |account: &str, side: &str| json!({ "account": account, "side": side, "amount": "10", "currency": "USD" });
    let input = json!({ "idempotencyKey": format!("{person} {day}"), "effectiveOn": day, "memo": "m", "postings": [posting("6000", "DEBIT"), posting("2100", "CREDIT")] });
    codes(world, person, "postJournalEntry", "PostJournalEntryInput", input).await
}

async fn approve(world: &World, person: &str, id: i64) -> Vec<String> {
    codes(world, person, "approveJournalDraft", "ApproveJournalDraftInput", json!({ "id": id })).await
}

async fn close(world: &World, person: &str, period: &str) -> Vec<String> {
    codes(world, person, "closePeriod", "ClosePeriodInput", json!({ "period": period, "acceptOpenItems": "agreed" })).await
}

const FINE: [&str; 0] = [];
const EXCLUDED: [&str; 1] = ["DUTIES_EXCLUDED"];

async fn by_default_one_person_runs_small_books(world: World) {
    world.set_clock("2026-02-03T12:00:00Z");
    world.book(&[charge("c1")]).await;
    assert_eq!(world.graphql("{ duties }", json!({})).await["duties"], "OFF");
    assert_eq!(price(&world, "ana", "m1").await, FINE);
    assert_eq!(reverse(&world, "ana", 1).await, FINE);
    assert_eq!(prepare(&world, "ana", "2026-01-10").await, FINE);
    assert_eq!(approve(&world, "ana", 1).await, ["SAME_PERSON"]);
    assert_eq!(close(&world, "ana", "2026-01").await, FINE);
}

async fn whoever_keeps_the_price_book_does_not_post(world: World) {
    world.book(&[charge("c1"), charge("c2")]).await;
    assert_eq!(price(&world, "ana", "m1").await, FINE);
    world.set_clock("2026-01-16T12:00:00Z");
    strict(&world).await;
    assert_eq!(reverse(&world, "ana", 1).await, FINE, "what was done before is not judged");
    assert_eq!(price(&world, "pia", "m2").await, FINE);
    assert_eq!(reverse(&world, "pia", 2).await, EXCLUDED);
    assert_eq!(prepare(&world, "paul", "2026-01-10").await, FINE);
    assert_eq!(approve(&world, "pia", 1).await, EXCLUDED);
    assert_eq!(approve(&world, "otto", 1).await, FINE);
    world.assert_verified().await;
}

async fn whoever_posts_does_not_keep_the_price_book(world: World) {
    world.book(&[charge("c1")]).await;
    strict(&world).await;
    assert_eq!(reverse(&world, "pia", 1).await, FINE);
    assert_eq!(price(&world, "pia", "m1").await, EXCLUDED);
    let discount = json!({ "discounts": [{ "provider": "acme", "percent": "5", "effectiveFrom": "2026-01-01T00:00:00Z" }] });
    assert_eq!(codes(&world, "pia", "saveDiscounts", "SaveDiscountsInput", discount).await, EXCLUDED);
    assert_eq!(price(&world, "paul", "m1").await, FINE);
}

async fn whoever_prepared_in_a_period_does_not_close_it_nor_the_other_way_round(world: World) {
    strict(&world).await;
    world.set_clock("2026-02-03T12:00:00Z");
    assert_eq!(prepare(&world, "pia", "2026-01-10").await, FINE);
    assert_eq!(close(&world, "pia", "2026-01").await, EXCLUDED);
    let soft = json!({ "period": "2026-01", "status": "SOFT_CLOSED", "acceptOpenItems": "agreed" });
    assert_eq!(codes(&world, "cleo", "closePeriod", "ClosePeriodInput", soft).await, FINE);
    assert_eq!(prepare(&world, "cleo", "2026-01-11").await, EXCLUDED);
    assert_eq!(prepare(&world, "cleo", "2026-02-01").await, FINE, "another period");
}

async fn whoever_approves_does_not_export_nor_the_other_way_round(world: World) {
    strict(&world).await;
    let export = async |person: &str| {
        let actor = world.actor(person, Role::Admin);
        let file = tallybook::app::export::export(&world.app, &actor, ExportFormat::Csv, std::io::sink()).await.is_ok();
        assert_eq!(tallybook::app::integrity::export_jsonl(&world.app, &actor, std::io::sink()).await.is_ok(), file, "every format alike");
        file
    };
    assert_eq!(prepare(&world, "pia", "2026-01-10").await, FINE);
    assert!(export("otto").await);
    assert_eq!(approve(&world, "otto", 1).await, EXCLUDED);
    assert_eq!(approve(&world, "olga", 1).await, FINE);
    assert!(!export("olga").await);
}
