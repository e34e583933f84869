//! Flux as of an entry: what happens later does not move the answer, tokens included.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::{World, charge};

on_both_engines!(
    tokens_are_those_of_the_charges_as_they_were_at_the_entry,
    whatever_comes_later_the_answer_of_an_entry_stays,
    revisions_of_an_earlier_program_count_by_their_moment,
);

/// January beside February, as of an entry or now.
async fn flux(world: &World, by: &str, as_of: Option<i64>) -> Value {
    let query = "query F($by: SpendDimension!, $n: BigInt) {
        flux(fromBefore: \"2025-11-20\", toBefore: \"2026-01-10\", from: \"2026-01-10\", to: \"2026-03-01\", by: $by, asOfEntry: $n) {
            basis throughEntry rows { code currency costBefore cost tokensBefore tokens difference volume mix price }
            controls { currency report trialBalance difference } } }";
    let number = as_of.map(|number| number.to_string());
    let flux = world.graphql(query, json!({ "by": by, "n": number })).await["flux"].take();
    for control in flux["controls"].as_array().unwrap() {
        assert_eq!(control["difference"], "0", "{flux:#}");
    }
    flux
}

/// Rows as `code cost before, cost, tokens before, tokens`.
fn rows(flux: &Value) -> Vec<String> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
    let row = |row: &Value| ["code", "costBefore", "cost", "tokensBefore", "tokens"].map(|name| text(row, name)).join(" ");
    flux["rows"].as_array().unwrap().iter().map(row).collect()
}

async fn last_entry(world: &World) -> i64 {
    world.database.number("SELECT last_entry FROM books_head").await
}

async fn correct(world: &World, mutation: &str, input: &str) {
    let query = format!("mutation {{ {mutation}(input: {{ {input} }}) {{ userErrors {{ code }} }} }}");
    assert_eq!(world.graphql(&query, json!({})).await[mutation]["userErrors"], json!([]));
}

/// Calls of 1,550 tokens that cost 0.0065. House models: `free` is free, `waits` gets its price later.
async fn tokens_are_those_of_the_charges_as_they_were_at_the_entry(world: World) {
    world.set_clock("2026-02-14T12:00:00Z");
    world.save_centers("search", "assistant", "gearpeak").await;
    for meter in ["input_tokens", "output_tokens"] {
        world.save_price("house", "free", meter, "0").await;
    }
    let on = |id: &str, day: &str| charge(id).on(&format!("2026-{day}T10:00:00Z"));
    world.book(&[on("a", "01-05").team("search"), on("b", "02-05").team("search")]).await;
    world.record(&[on("f", "02-06").team("search").model("house", "free"), on("w", "01-07").team("search").model("house", "waits")]).await;
    // The free charge is later than entry 2, and no entry says that it is there.
    assert_eq!(rows(&flux(&world, "TEAM", Some(2)).await), ["search 0.0065 0.0065 1550 1550"]);
    assert_eq!(flux(&world, "TEAM", None).await, flux(&world, "TEAM", Some(2)).await, "as of the last entry is as of now");
    world.book(&[on("c", "02-07")]).await;
    let third = ["search 0.0065 0.0065 1550 3100", "unattributed 0 0.0065 0 1550"];
    assert_eq!(rows(&flux(&world, "TEAM", Some(3)).await), third);
    // The price of the waiting charge comes (entry 4): 1,200 and 350 at a dollar a million.
    for meter in ["input_tokens", "output_tokens"] {
        world.save_price("house", "waits", meter, "1").await;
    }
    correct(&world, "rerateCharges", "from: \"2026-01-01T00:00:00Z\", to: \"2026-03-01T00:00:00Z\"").await;
    assert_eq!(rows(&flux(&world, "TEAM", Some(4)).await), ["search 0.00805 0.0065 3100 3100", "unattributed 0 0.0065 0 1550"]);
    // Everything of February moves (entry 5 and the free charge, which has none), and entry 6 takes the first charge away.
    let center = json!([{ "kind": "TEAM", "code": "search", "name": "Search", "validTo": "2026-02-01" }]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": center })).await;
    correct(&world, "reattributeCharges", "from: \"2026-01-01\", to: \"2026-03-01\"").await;
    assert_eq!(last_entry(&world).await, 5);
    // The free charge moved after entry 5 was posted: with entry 6 it counts at its new owner.
    assert_eq!(rows(&flux(&world, "TEAM", Some(5)).await), ["search 0.00805 0 3100 1550", "unattributed 0 0.013 0 3100"]);
    let reverse = "idempotencyKey: \"r\", number: 1, effectiveOn: \"2026-02-10\", reason: \"twice\"";
    correct(&world, "reverseJournalEntry", reverse).await;
    let sixth = ["search 0.00805 -0.0065 1550 0", "unattributed 0 0.013 0 4650"];
    assert_eq!(rows(&flux(&world, "TEAM", Some(6)).await), sixth);
    for (number, expected) in [(2, vec!["search 0.0065 0.0065 1550 1550"]), (3, third.to_vec()), (6, sixth.to_vec()), (0, vec![])] {
        assert_eq!(rows(&flux(&world, "TEAM", Some(number)).await), expected, "as of entry {number}");
    }
    let query = "{ flux(fromBefore: \"2026-01-01\", toBefore: \"2026-02-01\", from: \"2026-02-01\", to: \"2026-03-01\", by: TEAM, asOfEntry: 7) { throughEntry } }";
    assert_eq!(world.graphql_error(&world.admin, query, json!({})).await, "AS_OF_ENTRY_UNKNOWN");
}

/// Tokens of both ranges together, by the balances.
async fn spent_tokens(world: &World) -> i64 {
    let query = "{ spend(from: \"2025-11-20\", to: \"2026-03-01\", groupBy: []) { rows { inputTokens outputTokens } } }";
    let data = world.graphql(query, json!({})).await;
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    data["spend"]["rows"].as_array().unwrap().iter().map(|row| number(&row["inputTokens"]) + number(&row["outputTokens"])).sum()
}

fn tokens(flux: &Value) -> i64 {
    let number = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
    flux["rows"].as_array().unwrap().iter().map(|row| number(&row["tokensBefore"]) + number(&row["tokens"])).sum()
}

const DIMENSIONS: [&str; 3] = ["TEAM", "MODEL", "ACCOUNT"];

/// Charges of any month, price and owner, corrections, reversals, closed and reopened months, in any order. Each answer is kept when its entry is
/// the last one, and must be the same in the end.
async fn whatever_comes_later_the_answer_of_an_entry_stays(world: World) {
    world.set_clock("2026-02-14T12:00:00Z");
    world.save_centers("search", "assistant", "gearpeak").await;
    let mut state = 20_261_126_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let months = ["2025-11", "2025-12", "2026-01"];
    let (mut kept, mut compared): (BTreeMap<(i64, &str), Value>, usize) = (BTreeMap::new(), 0);
    for step in 0..90 {
        let month = months[random(3)];
        let mut is_paid = false;
        match random(14) {
            0..=5 => {
                let mut charge = charge(&format!("c{step}")).on(&format!("{month}-{:02}T12:00:00Z", random(28) + 1));
                if random(2) == 0 {
                    charge = charge.model("house", "model");
                }
                let receipt = world.record_one(if random(2) == 0 { charge.team("search") } else { charge }).await;
                is_paid = receipt["status"] == "RECORDED" && receipt["entry"].is_string();
            }
            6 => {
                // Free at times: such a charge has no entry, and neither has its revision.
                for meter in ["input_tokens", "output_tokens"] {
                    world.save_price("house", "model", meter, ["0", "0", "1", "2"][random(4)]).await;
                }
            }
            7 | 8 => correct(&world, "rerateCharges", "from: \"2025-11-01T00:00:00Z\", to: \"2026-03-01T00:00:00Z\"").await,
            9 => {
                let valid_to = ["2025-11-01", "2025-12-10", "2026-01-10", "2026-03-01"][random(4)];
                let center = json!([{ "kind": "TEAM", "code": "search", "name": "Search", "validTo": valid_to }]);
                world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": center })).await;
                correct(&world, "reattributeCharges", "from: \"2025-11-01\", to: \"2026-03-01\"").await;
            }
            10 | 11 => {
                let number = random(usize::try_from(last_entry(&world).await.max(1)).unwrap()) + 1;
                let query = "mutation R($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) { userErrors { code } } }";
                let input = json!({ "idempotencyKey": format!("r{step}"), "number": number.to_string(), "effectiveOn": "2026-02-05", "reason": "r" });
                world.graphql(query, json!({ "input": input })).await;
            }
            12 => {
                let query = "mutation C($input: ClosePeriodInput!) { closePeriod(input: $input) { userErrors { code } } }";
                world.graphql(query, json!({ "input": { "period": month, "acceptOpenItems": "a test" } })).await;
            }
            _ => {
                for (person, mutation) in [("cleo", "requestReopening"), ("otto", "approveReopening")] {
                    let query = format!("mutation R($input: ReopeningInput!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
                    let token = world.token_of(person, "main", Role::Closer, None);
                    world.graphql_as(&token, &query, json!({ "input": { "period": month, "reason": "a test" } })).await;
                }
            }
        }
        let last = last_entry(&world).await;
        for by in DIMENSIONS {
            let now = flux(&world, by, None).await;
            if is_paid {
                // Nothing without an entry came after it, so the balances of now are those of the entry.
                assert_eq!(tokens(&now), spent_tokens(&world).await, "step {step} by {by}");
                compared += 1;
            }
            assert_eq!(kept.entry((last, by)).or_insert_with(|| now.clone()), &now, "step {step} by {by}: as of {last}");
        }
    }
    assert!(compared > 20 && kept.len() > 90, "{compared} comparisons, {} answers", kept.len());
    for ((number, by), answer) in &kept {
        assert_eq!(&flux(&world, by, Some(*number)).await, answer, "by {by} as of {number}");
    }
    world.assert_verified().await;
}

/// They do not know their entry: those that were recorded with the entry or before count.
async fn revisions_of_an_earlier_program_count_by_their_moment(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.book(&[charge("a"), charge("b").on("2026-01-12T10:00:00Z")]).await;
    let before = flux(&world, "MODEL", None).await;
    world.set_clock("2026-01-16T12:00:00Z");
    correct(&world, "reverseJournalEntry", "idempotencyKey: \"r\", number: 1, effectiveOn: \"2026-01-16\", reason: \"twice\"").await;
    let after = flux(&world, "MODEL", None).await;
    let forget = match world.database.engine() {
        crate::harness::Engine::Sqlite => "DROP TRIGGER charge_revision_no_update; UPDATE charge_revision SET since_entry = NULL",
        crate::harness::Engine::Postgres => {
            "DROP TRIGGER charge_revision_no_change ON charge_revision; UPDATE charge_revision SET since_entry = NULL"
        }
    };
    world.database.execute(forget).await.unwrap();
    assert_eq!((flux(&world, "MODEL", Some(2)).await, flux(&world, "MODEL", Some(3)).await), (before, after));
}
