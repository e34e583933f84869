//! Many at once: one key is recorded once, whoever wins, and the numbers stay gapless.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Database, Engine, World, charge};

on_both_engines!(
    of_sixteen_tasks_with_one_key_exactly_one_records,
    many_small_requests_at_once_are_all_booked,
    two_processes_recording_the_same_keys_record_each_once,
    one_entry_reversed_by_many_is_reversed_once,
    prices_saved_during_ingest_are_seen_by_the_next_charge_of_every_process,
);

/// How often each status came back.
fn tally(receipts: impl IntoIterator<Item = Value>) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for receipt in receipts {
        *tally.entry(receipt["status"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    tally
}

async fn of_sixteen_tasks_with_one_key_exactly_one_records(world: World) {
    let receipts = futures_util::future::join_all((0..16).map(|_| world.record_one(charge("same")))).await;
    let entries: Vec<Value> = receipts.iter().map(|receipt| receipt["entry"].clone()).collect();
    assert!(entries.iter().all(|entry| *entry == json!("1")), "{entries:?}");
    assert_eq!(tally(receipts), BTreeMap::from([("RECORDED".to_owned(), 1), ("REPLAYED".to_owned(), 15)]));
    world.assert_verified().await;
}

async fn many_small_requests_at_once_are_all_booked(world: World) {
    let receipts = futures_util::future::join_all((0..64).map(|number| world.record_one(charge(&format!("c{number}"))))).await;
    assert_eq!(tally(receipts), BTreeMap::from([("RECORDED".to_owned(), 64)]));
    assert_eq!(world.database.number("SELECT max(number) FROM journal_entry").await, 64);
    world.assert_verified().await;
}

async fn two_processes_recording_the_same_keys_record_each_once(world: World) {
    let other = world.second_process().await;
    let batch = |from: i64| (from..from + 60).map(|number| charge(&format!("k{number}"))).collect::<Vec<_>>();
    // Eight batches of 60 keys, each begun 20 keys after the one before: k0 to k199, most of them three times.
    let batches: Vec<_> = (0..8).map(|position| batch(position * 20)).collect();
    let sent =
        batches.iter().enumerate().map(|(position, charges)| if position % 2 == 0 { world.record(charges) } else { other.record(charges) });
    let receipts: Vec<Value> = futures_util::future::join_all(sent).await.concat();
    assert_eq!(tally(receipts), BTreeMap::from([("RECORDED".to_owned(), 200), ("REPLAYED".to_owned(), 280)]));
    assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 200);
    assert_eq!(world.database.number("SELECT max(number) FROM journal_entry").await, 200);
    // Each has a snapshot of its own; both must see what the other wrote.
    let conflict = other.record_one(charge("k0").on("2026-01-08T00:00:00Z")).await;
    assert_eq!(conflict["error"]["code"], "IDEMPOTENCY_CONFLICT");
    world.assert_verified().await;
    other.assert_verified().await;
}

async fn one_entry_reversed_by_many_is_reversed_once(world: World) {
    world.book(&[charge("c1")]).await;
    let query = "mutation R($key: String!) { reverseJournalEntry(input: { idempotencyKey: $key, number: 1, effectiveOn: \"2026-01-10\", reason: \"twice\" }) {
        replayed entry { number } userErrors { code } } }";
    let keys: Vec<String> = (0..12).map(|number| format!("key-{}", number % 6)).collect();
    let answers = futures_util::future::join_all(keys.iter().map(|key| world.graphql(query, json!({ "key": key })))).await;
    let posted = answers
        .iter()
        .filter(|answer| {
            answer["reverseJournalEntry"]["entry"]["number"] == "2" && answer["reverseJournalEntry"]["replayed"] == json!(false)
        })
        .count();
    let refused = answers.iter().filter(|answer| answer["reverseJournalEntry"]["userErrors"][0]["code"] == "ALREADY_REVERSED").count();
    assert_eq!((posted, refused), (1, 10), "{answers:?}");
    assert_eq!(world.trial_balance().await, ["2100 0.0065 0.0065", "6000 0.0065 0.0065"]);
    world.assert_verified().await;
}

async fn prices_saved_during_ingest_are_seen_by_the_next_charge_of_every_process(world: World) {
    let other = world.second_process().await;
    other.book(&[charge("before")]).await;
    world.save_price("openai", "gpt-4o", "output_tokens", "20.00").await;
    world.save_centers("search", "assistant", "gearpeak").await;
    other.book(&[charge("after").team("search")]).await;
    let after = other.charge("after").await;
    // 0.0030 + 350 x 20.00 a million
    assert_eq!((&after["cost"]["amount"], &after["attribution"]["team"]), (&json!("0.01"), &json!("search")));
    other.assert_verified().await;
}

/// A database is opened by two processes at the same moment: both find one set of books.
fn two_processes_start_together(engine: Engine) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = runtime.block_on(Database::empty(engine));
    let opened = runtime.block_on(async {
        let (first, second) = tokio::join!(World::open(database.clone()), World::open(database.clone()));
        first.book(&[charge("c1")]).await;
        second.book(&[charge("c2")]).await;
        database.number("SELECT count(*) FROM books").await
    });
    database.remove();
    assert_eq!(opened, 1, "{engine:?}");
}

#[test]
fn two_processes_that_start_together_create_the_books_once_on_sqlite() {
    two_processes_start_together(Engine::Sqlite);
}

#[test]
fn two_processes_that_start_together_create_the_books_once_on_postgres() {
    two_processes_start_together(Engine::Postgres);
}
