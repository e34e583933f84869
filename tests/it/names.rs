//! Books whose names are used up: charges go on, on the name `(other)`, and keep their own.

use std::process::Command;

use serde_json::{Value, json};
use tallybook::app::auth::Role;
use tallybook::domain::chart::NameLimits;
use tallybook::http::HttpConfig;
use tallybook::store::StoreOptions;

use crate::harness::{Charge, Engine, World, charge, ndjson, run};

on_both_engines!(
    a_charge_whose_names_have_no_room_is_booked_on_other_with_a_note,
    one_source_does_not_use_up_the_names_of_the_others,
    a_charge_on_other_is_rated_by_its_own_model,
    a_resend_is_a_replay_whatever_its_names_were_booked_on,
    a_higher_limit_gives_the_names_back,
    commands_are_told_that_no_name_is_left,
);

async fn with_limits(world: &World, per_kind: u32, per_source: u32) -> World {
    let names = NameLimits { per_kind, per_source };
    world.reopened(StoreOptions { names, ..StoreOptions::new(world.database.url()) }, &HttpConfig::default()).await
}

/// A charge with a name of its own of every kind that a charge can bring.
fn unlike(number: usize) -> Charge {
    charge(&format!("u{number}"))
        .model(&format!("provider-{number}"), &format!("model-{number}"))
        .feature(&format!("feature-{number}"))
        .with("environment", format!("environment-{number}"))
        .with("apiKey", format!("key-{number}"))
        .with("region", format!("region-{number}"))
}

async fn read(world: &World, source: &str, id: &str) -> Value {
    let query = "query C($source: String!, $id: String!) { charge(source: $source, externalId: $id) {
        source provider model environment apiKey region status note cost { amount } attribution { feature team } } }";
    world.graphql(query, json!({ "source": source, "id": id })).await["charge"].take()
}

async fn spend_by(world: &World, dimension: &str) -> Vec<String> {
    let query = format!(
        "{{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [{dimension}]) {{ rows {{ keys {{ code }} charges cost {{ amount }} }} }} }}"
    );
    let rows = world.graphql(&query, json!({})).await["spend"]["rows"].take();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let row = |row: &Value| format!("{} {} {}", text(&row["keys"][0]["code"]), text(&row["charges"]), text(&row["cost"]["amount"]));
    rows.as_array().unwrap().iter().map(row).collect()
}

async fn a_charge_whose_names_have_no_room_is_booked_on_other_with_a_note(world: World) {
    let world = with_limits(&world, 20, 20).await;
    let charges: Vec<Charge> =
        (0..25).map(|number| unlike(number).with("reportedCost", json!({ "amount": "1", "currency": "USD" }))).collect();
    let receipts = world.record(&charges).await;
    for (number, receipt) in receipts.iter().enumerate() {
        assert_eq!(receipt["status"], "RECORDED", "{receipt}");
        assert_eq!(receipt["note"].is_string(), number >= 20, "{receipt}");
    }
    for name in ["provider-24", "model-24", "feature-24", "environment-24", "key-24", "region-24", "(other)"] {
        assert!(receipts[24]["note"].as_str().unwrap().contains(name), "{}", receipts[24]);
    }
    let known = read(&world, "gateway", "u3").await;
    assert_eq!((&known["model"], &known["note"]), (&json!("model-3"), &Value::Null));
    let other = read(&world, "gateway", "u24").await;
    assert_eq!(other["note"], receipts[24]["note"]);
    assert_eq!(
        (&other["provider"], &other["model"], &other["environment"]),
        (&json!("provider-24"), &json!("model-24"), &json!("environment-24"))
    );
    assert_eq!((&other["apiKey"], &other["region"], &other["source"]), (&json!("key-24"), &json!("region-24"), &json!("gateway")));
    let by_model = spend_by(&world, "MODEL").await;
    assert_eq!(by_model.len(), 21);
    assert!(by_model.contains(&"(other) 5 5".to_owned()), "{by_model:?}");
    assert!(spend_by(&world, "FEATURE").await.contains(&"(other) 5 5".to_owned()));
    // A name that is there is taken, beside one that is not.
    let mixed = world.record_one(unlike(7).with("externalId", "mixed").feature("one-more")).await;
    assert_eq!(mixed["status"], "UNPRICED", "{mixed}");
    assert!(
        mixed["note"].as_str().unwrap().contains("feature `one-more`") && !mixed["note"].as_str().unwrap().contains("model"),
        "{mixed}"
    );
    world.assert_verified().await;
    // Another process, which reads the names anew, does the same.
    let other = with_limits(&world, 20, 20).await;
    assert!(other.record_one(unlike(30)).await["note"].is_string());
    other.assert_verified().await;
}

async fn one_source_does_not_use_up_the_names_of_the_others(world: World) {
    let world = with_limits(&world, 20, 8).await;
    let receipts = world.record(&(0..15).map(unlike).collect::<Vec<_>>()).await;
    let noted = receipts.iter().filter(|receipt| receipt["note"].is_string()).count();
    assert_eq!(noted, 7);
    let from = |source: &str, number: usize| unlike(number).with("source", source);
    assert_eq!(world.record_one(from("batch", 100)).await["note"], Value::Null, "another source has room of its own");
    assert!(world.record_one(unlike(101)).await["note"].is_string());
    // Also after a restart: who brought a name is kept.
    let restarted = with_limits(&world, 20, 8).await;
    assert!(restarted.record_one(unlike(102)).await["note"].is_string());
    assert_eq!(restarted.record_one(from("batch", 103)).await["note"], Value::Null);
    // A name of one source is there for all.
    assert_eq!(restarted.record_one(unlike(100).with("externalId", "shared")).await["note"], Value::Null);
    restarted.assert_verified().await;
}

async fn a_charge_on_other_is_rated_by_its_own_model(world: World) {
    let world = with_limits(&world, 4, 4).await;
    world.record(&(0..4).map(unlike).collect::<Vec<_>>()).await;
    // A name of the public list that the books have not seen: it costs what the list says.
    let receipt = world.record_one(charge("listed")).await;
    assert_eq!((&receipt["status"], &receipt["cost"]["amount"]), (&json!("RECORDED"), &json!("0.0065")), "{receipt}");
    assert!(receipt["note"].as_str().unwrap().contains("model `gpt-4o`"), "{receipt}");
    let waiting = world.record_one(charge("waiting").model("openai", "brand-new").with("processing", "BATCH")).await;
    assert_eq!(waiting["status"], "UNPRICED");
    // A price of the name `(other)` is no price of theirs, and theirs is.
    world.save_price("openai", "(other)", "input_tokens", "1000").await;
    let range = "from: \"2026-01-01T00:00:00Z\", to: \"2026-02-01T00:00:00Z\"";
    let rerate = format!("mutation {{ rerateCharges(input: {{ {range} }}) {{ examined adjusted posted userErrors {{ code }} }} }}");
    let answer = world.graphql(&rerate, json!({})).await["rerateCharges"].take();
    assert_eq!((&answer["adjusted"], &answer["posted"]), (&json!(0), &json!(0)), "{answer}");
    for meter in ["input_tokens", "output_tokens"] {
        world
            .save_price_line(json!({
                "provider": "openai", "model": "brand-new", "meter": meter, "per": "1000000", "amount": "100", "currency": "USD",
                "processing": "BATCH", "effectiveFrom": "2026-01-01T00:00:00Z",
            }))
            .await;
    }
    let by_model = format!(
        "mutation {{ rerateCharges(input: {{ {range}, model: \"brand-new\" }}) {{ examined adjusted posted userErrors {{ code }} }} }}"
    );
    let answer = world.graphql(&by_model, json!({})).await["rerateCharges"].take();
    assert_eq!((&answer["examined"], &answer["posted"]), (&json!(1), &json!(1)), "{answer}");
    let read_again = read(&world, "gateway", "waiting").await;
    assert_eq!((&read_again["model"], &read_again["cost"]["amount"]), (&json!("brand-new"), &json!("0.155")));
    assert!(read_again["note"].is_string(), "{read_again}");
    // What-if rates them by their own names, too: twice the price of gpt-4o changes the one charge of it.
    let what_if = "{ whatIf(from: \"2026-01-01\", to: \"2026-02-01\", scenarios: [{ name: \"dearer\",
        changes: [{ price: { provider: \"openai\", model: \"gpt-4o\", percent: \"200\" } }] }]) { scenarios { total { changedCharges unpricedCharges
        comparisons { difference { amount } } } } } }";
    let total = world.graphql(what_if, json!({})).await["whatIf"]["scenarios"][0]["total"].take();
    assert_eq!((&total["changedCharges"], &total["comparisons"][0]["difference"]["amount"]), (&json!("1"), &json!("0.0065")), "{total}");
    world.assert_verified().await;
}

async fn a_resend_is_a_replay_whatever_its_names_were_booked_on(world: World) {
    let world = with_limits(&world, 3, 3).await;
    let of = |source: usize, id: &str| charge(id).with("source", format!("source-{source}"));
    world.book(&[of(0, "a"), of(1, "a"), of(2, "a"), of(3, "a"), of(4, "a"), of(3, "b")]).await;
    assert_eq!(read(&world, "source-4", "a").await["source"], "source-4");
    assert_eq!(read(&world, "source-5", "a").await, Value::Null);
    let codes = async |world: &World, charges: &[Charge]| {
        let receipts = world.record(charges).await;
        receipts
            .iter()
            .map(|receipt| receipt["error"]["code"].as_str().or(receipt["status"].as_str()).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let again = [of(0, "a"), of(3, "a"), of(4, "a"), of(3, "a").tokens(1, 1), of(4, "b")];
    assert_eq!(codes(&world, &again).await, ["REPLAYED", "REPLAYED", "REPLAYED", "IDEMPOTENCY_CONFLICT", "RECORDED"]);
    // With room again the source gets its name, and the first charges of it are still known.
    let roomy = with_limits(&world, 100, 100).await;
    assert_eq!(codes(&roomy, &[of(3, "c"), of(3, "a"), of(3, "b"), of(4, "a")]).await, ["RECORDED", "REPLAYED", "REPLAYED", "REPLAYED"]);
    assert_eq!(roomy.database.number("SELECT count(*) FROM charge").await, 8);
    roomy.assert_verified().await;
}

async fn a_higher_limit_gives_the_names_back(world: World) {
    let small = with_limits(&world, 2, 2).await;
    let cost = json!({ "amount": "2", "currency": "USD" });
    small.book(&(0..4).map(|number| unlike(number).with("reportedCost", cost.clone())).collect::<Vec<_>>()).await;
    assert!(spend_by(&small, "MODEL").await.contains(&"(other) 2 4".to_owned()));
    let roomy = with_limits(&world, 100, 100).await;
    let reattribute = "mutation { reattributeCharges(input: { from: \"2026-01-01\", to: \"2026-02-01\" }) { examined moved entries userErrors { code } } }";
    let answer = roomy.graphql(reattribute, json!({})).await["reattributeCharges"].take();
    assert_eq!((&answer["moved"], &answer["entries"]), (&json!(2), &json!(2)), "{answer}");
    let by_model = spend_by(&roomy, "MODEL").await;
    assert!(
        by_model.contains(&"model-3 1 2".to_owned()) && !by_model.iter().any(|row| row.starts_with("(other)") && !row.ends_with(" 0 0")),
        "{by_model:?}"
    );
    let note = read(&roomy, "gateway", "u3").await["note"].as_str().unwrap_or_default().to_owned();
    assert!(
        !note.contains("model") && note.contains("provider `provider-3`"),
        "what is owed stays under the name it was booked on: {note}"
    );
    assert_eq!(roomy.graphql(reattribute, json!({})).await["reattributeCharges"]["moved"], 0, "once");
    roomy.assert_verified().await;
}

async fn commands_are_told_that_no_name_is_left(world: World) {
    let world = with_limits(&world, 5, 5).await;
    world.record(&(0..6).map(unlike).collect::<Vec<_>>()).await;
    let query = "mutation R($input: RecordRevenueInput!) { recordRevenue(input: $input) { recorded userErrors { code path message } } }";
    let entry = |feature: &str| json!({ "source": "crm", "externalId": feature, "earnedOn": "2026-01-05", "amount": "1", "currency": "USD", "feature": feature });
    let token = world.token("main", Role::Admin, None);
    let answer = world.graphql_as(&token, query, json!({ "input": { "entries": [entry("feature-1"), entry("of-its-own")] } })).await;
    let errors = &answer["recordRevenue"]["userErrors"];
    assert_eq!(errors[0]["code"], "NAMES_EXHAUSTED", "{answer}");
    assert_eq!(errors[0]["path"], json!(["entries", "1", "feature"]));
    assert!(errors[0]["message"].as_str().unwrap().contains("names.per_kind"));
    world.assert_verified().await;
}

/// The setting reaches the books through the program's own environment.
#[test]
fn the_limits_are_settings_of_the_program() {
    run(Engine::Sqlite, async |world| {
        let file = world.database.path().with_file_name("charges.ndjson");
        std::fs::write(&file, ndjson(&(0..3).map(unlike).collect::<Vec<_>>())).unwrap();
        let import = |limit: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_tallybook"));
            command.args(["import", "ndjson"]).arg(&file).args(["--books", "main", "--database-url", &world.database.url()]);
            let output = command.env("TALLYBOOK_NAMES__PER_KIND", limit).output().unwrap();
            (output.status.success(), String::from_utf8(output.stderr).unwrap())
        };
        let (done, said) = import("0");
        assert!(!done && said.contains("names.per_kind"), "{said}");
        let (done, said) = import("2");
        assert!(done, "{said}");
        assert_eq!(world.database.number("SELECT count(*) FROM interned_name WHERE kind = 6 AND name = '(other)'").await, 1);
        assert_eq!(world.database.number("SELECT count(*) FROM interned_name WHERE kind = 6").await, 3);
        assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 3);
        world.assert_verified().await;
    });
}
