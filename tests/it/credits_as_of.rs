//! Reports of credits and accruals as of an entry: what is posted, reversed or granted later changes no answer of before.

use serde_json::{Value, json};

use crate::harness::{World, charge};

on_both_engines!(
    grants_and_their_lots_as_of_an_entry_answer_the_same_for_ever,
    a_grant_that_is_no_asset_counts_as_of_the_next_entry,
    accruals_as_of_an_entry_answer_the_same_for_ever,
    an_entry_that_is_not_there_is_refused,
);

/// One dollar of gpt-4o: 400,000 tokens in at 2.50 a million.
async fn book(world: &World, key: &str, dollars: i64, day: &str) {
    world.book(&[charge(key).tokens(dollars * 400_000, 0).on(&format!("{day}T10:00:00Z"))]).await;
}

async fn does(world: &World, field: &str, input: &str) {
    let query = format!("mutation {{ {field}(input: {{ {input} }}) {{ userErrors {{ code message }} }} }}");
    let answer = world.graphql(&query, json!({})).await;
    assert_eq!(answer[field]["userErrors"], json!([]), "{field} {input}");
}

async fn grant(world: &World, key: &str, amount: &str) {
    let input = format!(
        "idempotencyKey: \"{key}\", provider: \"openai\", amount: \"{amount}\", currency: \"USD\", grantedOn: \"2026-01-02\",
         expiresOn: \"2026-01-31\", reference: \"startup programme\""
    );
    does(world, "grantCredits", &input).await;
}

async fn reverse(world: &World, number: i64) {
    let input = format!("idempotencyKey: \"r{number}\", number: {number}, effectiveOn: \"2026-01-31\", reason: \"twice\"");
    does(world, "reverseJournalEntry", &input).await;
}

async fn last_entry(world: &World) -> i64 {
    world.database.number("SELECT last_entry FROM books_head").await
}

/// The answer of now with each entry, kept to be asked for again.
#[derive(Default)]
struct Kept(Vec<(i64, Value)>);

impl Kept {
    /// `query` names `$n`; without a number it answers the same as with the last one.
    async fn keep(&mut self, world: &World, query: &str) {
        let last = last_entry(world).await;
        let now = world.graphql(query, json!({ "n": null })).await;
        assert_eq!(world.graphql(query, json!({ "n": last.to_string() })).await, now);
        self.0.push((last, now));
    }

    async fn ask_again(&self, world: &World, query: &str) {
        for (number, answer) in &self.0 {
            assert_eq!(&world.graphql(query, json!({ "n": number.to_string() })).await, answer, "as of {number}");
        }
        let mut answers: Vec<String> = self.0.iter().map(|(_, answer)| answer.to_string()).collect();
        answers.dedup();
        assert_eq!(answers.len(), self.0.len(), "every step changes the answer");
        world.assert_verified().await;
    }
}

async fn grants_and_their_lots_as_of_an_entry_answer_the_same_for_ever(world: World) {
    let query = "query G($n: BigInt) {
        roll: grantRollForward(provider: \"openai\", from: \"2026-01-01\", to: \"2026-03-01\", asOfEntry: $n) { throughEntry rows { opening granted applied expired closing } }
        lots: grantedLots(provider: \"openai\", asOf: \"2026-02-02\", asOfEntry: $n) { throughEntry lots { number drawn expired left } } }";
    let providers = json!([{ "provider": "openai", "settlement": "ACCRUAL", "grants": "DEFERRED" }]);
    world.save("saveProviders", "SaveProvidersInput", json!({ "providers": providers })).await;
    world.set_clock("2026-02-03T09:00:00Z");
    let mut kept = Kept::default();
    grant(&world, "g1", "100").await;
    kept.keep(&world, query).await;
    book(&world, "c1", 30, "2026-01-05").await;
    does(&world, "applyCredits", "idempotencyKey: \"a\", provider: \"openai\", period: \"2026-01\"").await;
    kept.keep(&world, query).await;
    reverse(&world, last_entry(&world).await).await;
    kept.keep(&world, query).await;
    grant(&world, "g2", "7").await;
    kept.keep(&world, query).await;
    does(&world, "expireCredits", "idempotencyKey: \"e\", provider: \"openai\", asOf: \"2026-02-01\"").await;
    kept.keep(&world, query).await;
    kept.ask_again(&world, query).await;
}

async fn a_grant_that_is_no_asset_counts_as_of_the_next_entry(world: World) {
    let granted = async |number: Option<i64>| {
        let query =
            "query G($n: BigInt) { grantRollForward(provider: \"openai\", from: \"2026-01-01\", to: \"2026-02-01\", asOfEntry: $n) {
            throughEntry rows { granted } } }";
        world.graphql(query, json!({ "n": number.map(|number| number.to_string()) })).await["grantRollForward"].take()
    };
    book(&world, "c1", 1, "2026-01-05").await;
    grant(&world, "g1", "100").await;
    assert_eq!(granted(None).await, json!({ "throughEntry": "1", "rows": [{ "granted": "100" }] }), "the grant is there");
    assert_eq!(granted(Some(1)).await, json!({ "throughEntry": "1", "rows": [] }));
    book(&world, "c2", 1, "2026-01-06").await;
    assert_eq!(granted(Some(1)).await, json!({ "throughEntry": "1", "rows": [] }));
    assert_eq!(granted(Some(2)).await, json!({ "throughEntry": "2", "rows": [{ "granted": "100" }] }));
}

async fn accruals_as_of_an_entry_answer_the_same_for_ever(world: World) {
    let query = "query A($n: BigInt) { accruals(asOf: \"2026-01-31\", asOfEntry: $n) { throughEntry
        rows { provider currency accrued reconciled revaluation open } controls { currency report trialBalance difference } } }";
    world.set_clock("2026-02-03T09:00:00Z");
    let mut kept = Kept::default();
    kept.keep(&world, query).await;
    book(&world, "c1", 30, "2026-01-05").await;
    kept.keep(&world, query).await;
    book(&world, "c2", 12, "2026-01-20").await;
    kept.keep(&world, query).await;
    reverse(&world, 1).await;
    kept.keep(&world, query).await;
    assert_eq!(kept.0[3].1["accruals"]["rows"][0]["open"], "12");
    for (_, answer) in &kept.0 {
        for control in answer["accruals"]["controls"].as_array().unwrap() {
            assert_eq!(control["difference"], "0", "{answer:#}");
        }
    }
    kept.ask_again(&world, query).await;
}

async fn an_entry_that_is_not_there_is_refused(world: World) {
    book(&world, "c1", 1, "2026-01-05").await;
    for field in [
        "accruals(asOf: \"2026-01-31\", asOfEntry: 2)",
        "grantedLots(provider: \"openai\", asOfEntry: 2)",
        "prepaidLots(provider: \"openai\", asOfEntry: 2)",
        "grantRollForward(provider: \"openai\", from: \"2026-01-01\", to: \"2026-02-01\", asOfEntry: 2)",
    ] {
        let query = format!("{{ {field} {{ throughEntry }} }}");
        assert_eq!(world.graphql_error(&world.admin, &query, json!({})).await, "AS_OF_ENTRY_UNKNOWN", "{field}");
    }
}
