//! Refused charges leave nothing behind: not alone, not among others, and not in a call that records all or none.

use serde_json::{Value, json};
use tallybook::domain::chart::NameLimits;
use tallybook::http::HttpConfig;
use tallybook::store::StoreOptions;

use crate::harness::{Charge, Database, World, charge};

on_both_engines!(
    an_atomic_call_with_a_charge_beyond_a_balance_records_none,
    an_atomic_call_undoes_what_the_same_transaction_saw_of_it,
    a_batch_with_refused_charges_is_the_batch_without_them,
);

const RECORD: &str =
    "mutation R($charges: [ChargeInput!]!, $atomic: Boolean) { recordCharges(input: { charges: $charges, atomic: $atomic }) {
    recorded replayed unpriced rejected results { status note error { code path } charge { number } } userErrors { code } } }";

async fn record(world: &World, charges: &[Charge], atomic: bool) -> Value {
    let charges: Vec<&Value> = charges.iter().map(|charge| &charge.0).collect();
    world.graphql(RECORD, json!({ "charges": charges, "atomic": atomic })).await["recordCharges"].take()
}

fn codes(answer: &Value) -> Vec<String> {
    let results = answer["results"].as_array().unwrap();
    let code = |result: &Value| result["error"]["code"].as_str().or(result["status"].as_str()).unwrap().to_owned();
    results.iter().map(code).collect()
}

fn costs(external_id: &str, dollars: &str) -> Charge {
    charge(external_id).model("openai", "unlisted").with("reportedCost", json!({ "amount": dollars, "currency": "USD" }))
}

/// Everything that the books hold, but for the moments at which it was recorded.
async fn contents(database: &Database) -> Vec<String> {
    let tables = [
        (
            "charge",
            "id || ' ' || external_id || ' ' || block_id || ' ' || COALESCE(amount, -1) || ' ' || COALESCE(entry_number, -1) || ' ' || COALESCE(note, '-')",
        ),
        ("journal_entry", "number || ' ' || kind || ' ' || effective_on || ' ' || COALESCE(charge_id, -1)"),
        ("posting", "entry_number || ' ' || line || ' ' || side || ' ' || amount || ' ' || block_id"),
        ("balance", "grain || ' ' || period || ' ' || key_id || ' ' || debit || ' ' || credit || ' ' || charges || ' ' || input_tokens"),
        ("interned_name", "id || ' ' || kind || ' ' || name || ' ' || source_id"),
        ("coding_block", "id || ' ' || account_id || ' ' || model_id || ' ' || feature_id || ' ' || team_id"),
        ("pending_charge", "charge_id || ' ' || block_id"),
        ("pending_tally", "day || ' ' || block_id || ' ' || charges"),
        ("late_booking", "charge_id || ' ' || revision || ' ' || effective_on"),
        ("charge_hour", "CAST(hour AS TEXT)"),
        ("books_head", "last_charge || ' ' || last_entry || ' ' || last_block || ' ' || last_name"),
    ];
    let mut all = Vec::new();
    for (table, row) in tables {
        for text in database.texts(&format!("SELECT {row} FROM {table} ORDER BY 1")).await {
            all.push(format!("{table}: {text}"));
        }
    }
    all
}

async fn an_atomic_call_with_a_charge_beyond_a_balance_records_none(world: World) {
    let full: Vec<Charge> = (0..931).map(|number| costs(&format!("a{number}"), "9900000")).collect();
    world.record(&full).await;
    let before = contents(&world.database).await;
    let call = [costs("x1", "1").feature("new"), costs("x2", "9900000"), charge("x3").model("nobody", "unknown"), costs("a0", "9900000")];
    let answer = record(&world, &call, true).await;
    assert_eq!(codes(&answer), ["ATOMIC_REFUSED", "LEDGER_OVERFLOW", "ATOMIC_REFUSED", "ATOMIC_REFUSED"]);
    assert_eq!((&answer["recorded"], &answer["rejected"]), (&json!(0), &json!(4)));
    assert_eq!(contents(&world.database).await, before, "nothing of the call is left");
    let without = [call[0].clone(), call[2].clone(), call[3].clone()];
    assert_eq!(codes(&record(&world, &without, true).await), ["RECORDED", "UNPRICED", "REPLAYED"]);
    world.assert_verified().await;
}

/// Two calls that share a transaction: the keys of the one that was refused are free for the other.
async fn an_atomic_call_undoes_what_the_same_transaction_saw_of_it(world: World) {
    let full: Vec<Charge> = (0..931).map(|number| costs(&format!("a{number}"), "9900000")).collect();
    world.record(&full).await;
    let [refused, also] =
        [[costs("k1", "1"), costs("k2", "9900000"), costs("k1", "2")], [costs("k1", "3"), costs("k3", "4"), costs("k3", "4")]];
    let answers = futures_util::future::join_all((0..20).map(|turn| {
        let world = &world;
        let call = if turn % 2 == 0 { refused.to_vec() } else { also.to_vec() };
        async move { (turn, record(world, &call, true).await) }
    }))
    .await;
    let mut recorded = 0;
    for (turn, answer) in answers {
        if turn % 2 == 0 {
            assert_eq!(answer["recorded"], 0);
            assert_eq!(codes(&answer)[1], "LEDGER_OVERFLOW");
        } else {
            assert_eq!(codes(&answer)[2], "REPLAYED", "{answer}");
            recorded += answer["recorded"].as_i64().unwrap();
        }
    }
    assert_eq!(recorded, 2, "k1 and k3, once");
    world.assert_verified().await;
}

/// A generator of 64 bits (SplitMix64), so that a failure can be repeated by its seed.
struct Rng(u64);

impl Rng {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below
    }
}

/// Charges that are booked, and charges that are refused for every reason that is found before and under the lock.
fn mixture(rng: &mut Rng, turn: u64) -> Vec<(Charge, bool)> {
    let one = |position: u64, rng: &mut Rng| {
        let id = format!("t{turn}-{position}");
        let team = ["search", "ads", "unknown"][usize::try_from(rng.next(3)).unwrap()];
        match rng.next(8) {
            0 => (costs(&id, "9900000").feature(&format!("f{id}")), false),
            1 => (costs(&id, "0.5").feature(&format!("f{}", rng.next(6))).with("team", team), true),
            2 => (charge(&id).with("team", team), true),
            3 => (charge(&id).model("openai", &format!("m{}", rng.next(6))), true),
            4 => (charge(&id).with("usage.outputTokens", json!("-1")), false),
            5 => (charge("known").tokens(1 + i64::try_from(rng.next(1_000)).unwrap(), 2).model("openai", &format!("n{id}")), false),
            6 => (costs(&id, "10000001").feature(&format!("g{id}")), false),
            _ => (costs(&id, "0"), true),
        }
    };
    (0..12 + rng.next(30)).map(|position| one(position, rng)).collect()
}

async fn a_batch_with_refused_charges_is_the_batch_without_them(world: World) {
    let limits = StoreOptions { names: NameLimits { per_kind: 12, per_source: 5 }, ..StoreOptions::new(world.database.url()) };
    let mixed = world.reopened(limits, &HttpConfig::default()).await;
    let database = Database::with_books(world.database.engine()).await;
    let limits = StoreOptions { names: NameLimits { per_kind: 12, per_source: 5 }, ..StoreOptions::new(database.url()) };
    let plain = World::on(database.clone()).await.reopened(limits, &HttpConfig::default()).await;
    let mut full: Vec<Charge> = (0..931).map(|number| costs(&format!("a{number}"), "9900000")).collect();
    full.push(charge("known"));
    for world in [&mixed, &plain] {
        world.save_centers("search", "assistant", "gearpeak").await;
        world.record(&full).await;
    }
    let mut rng = Rng(20_261_128);
    for turn in 0..12 {
        let charges = mixture(&mut rng, turn);
        let all: Vec<Charge> = charges.iter().map(|(charge, _)| charge.clone()).collect();
        let receipts = mixed.record(&all).await;
        for (receipt, (charge, fits)) in receipts.iter().zip(&charges) {
            assert_eq!(receipt["status"] != "REJECTED", *fits, "turn {turn}: {receipt} of {}", charge.0);
        }
        let fitting: Vec<Charge> = charges.into_iter().filter(|(_, fits)| *fits).map(|(charge, _)| charge).collect();
        // The same call as all or none: with the refused ones it changes nothing.
        if fitting.len() < all.len() {
            let before = contents(&plain.database).await;
            assert_eq!(record(&plain, &all, true).await["recorded"], 0);
            assert_eq!(contents(&plain.database).await, before, "turn {turn}");
        }
        plain.record(&fitting).await;
        assert_eq!(contents(&mixed.database).await, contents(&plain.database).await, "turn {turn}");
    }
    mixed.assert_verified().await;
    plain.assert_verified().await;
    database.remove();
}
