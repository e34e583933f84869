//! Outputs: counted once, summed by day, taken back below zero but never below nothing, in units that the books know.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use crate::harness::World;

on_both_engines!(
    outputs_are_summed_by_day_unit_and_centers,
    late_and_corrected_counts_never_fall_below_nothing,
    a_key_of_outputs_is_recorded_once_for_ever,
    units_are_known_or_saved,
    what_is_no_output_is_refused_with_its_place,
    outputs_need_a_token_for_all_centers_and_are_never_changed,
    hours_are_summed_by_month_and_person,
    verify_names_sums_that_are_off,
);

const RECORD: &str =
    "mutation R($input: RecordOutputsInput!) { recordOutputs(input: $input) { recorded replayed userErrors { code message path } } }";
const SAVE: &str = "mutation S($input: SaveOutputUnitsInput!) { saveOutputUnits(input: $input) { units { code name isStandard } userErrors { code message path } } }";

fn output(id: &str, day: &str, quantity: &str) -> Value {
    json!({ "source": "helpdesk", "externalId": id, "producedOn": day, "unit": "ticket_resolved", "quantity": quantity,
        "team": "search", "project": "assistant", "client": "gearpeak", "feature": "answers" })
}

fn with(mut output: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        output[name] = value.clone();
    }
    output
}

async fn record(world: &World, outputs: &[Value]) -> Value {
    world.graphql(RECORD, json!({ "input": { "outputs": outputs } })).await["recordOutputs"].take()
}

/// Recorded, replayed.
fn counts(answer: &Value) -> [i64; 2] {
    assert_eq!(answer["userErrors"], json!([]));
    ["recorded", "replayed"].map(|count| answer[count].as_i64().unwrap())
}

fn refusals(answer: &Value) -> Vec<[String; 2]> {
    let refusal = |error: &Value| {
        let path: Vec<&str> = error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        [error["code"].as_str().unwrap().to_owned(), path.join(".")]
    };
    answer["userErrors"].as_array().unwrap().iter().map(refusal).collect()
}

async fn centers(world: &World) {
    world.save_centers("search", "assistant", "gearpeak").await;
}

/// 10 worth 2.50 and 5.5 without a value on one day; 3 on the next.
async fn outputs_are_summed_by_day_unit_and_centers(world: World) {
    centers(&world).await;
    let valued = with(output("o1", "2026-01-05", "10"), &json!({ "value": "2.50", "currency": "USD" }));
    let without = with(output("o2", "2026-01-05", "5.5"), &json!({ "currency": "USD" }));
    let more = with(output("o3", "2026-01-05", "1"), &json!({ "value": "0.25", "currency": "USD" }));
    assert_eq!(counts(&record(&world, &[valued, without, more, output("o4", "2026-01-06", "3")]).await), [4, 0]);
    let sum = |column: &str, of: &str| format!("SELECT CAST(SUM({column}) AS BIGINT) FROM output_day WHERE day = 20458 AND {of}");
    assert_eq!(world.database.number(&sum("quantity_millionths", "currency_id >= 0")).await, 11_000_000);
    assert_eq!(world.database.number(&sum("value", "currency_id >= 0")).await, 2_750_000_000);
    assert_eq!(world.database.number(&sum("quantity_millionths", "currency_id = -1")).await, 5_500_000);
    assert_eq!(world.database.number("SELECT count(*) FROM output_day").await, 3);
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry").await, 0, "outputs are counted, not posted");
    world.assert_verified().await;
}

async fn late_and_corrected_counts_never_fall_below_nothing(world: World) {
    centers(&world).await;
    record(&world, &[with(output("o1", "2026-01-05", "10"), &json!({ "value": "20", "currency": "USD" }))]).await;
    assert_eq!(counts(&record(&world, &[output("late", "2025-12-30", "2"), output("o1-fix", "2026-01-05", "-4")]).await), [2, 0]);
    assert_eq!(refusals(&record(&world, &[output("c", "2026-01-05", "-6.000001")]).await), [["OUTPUTS_EXCEEDED", "outputs.0.quantity"]]);
    let elsewhere = with(output("c", "2026-01-05", "-1"), &json!({ "client": null }));
    assert_eq!(refusals(&record(&world, &[elsewhere]).await), [["OUTPUTS_EXCEEDED", "outputs.0.quantity"]], "other centers have their own");
    let worth = with(output("c", "2026-01-05", "-1"), &json!({ "value": "-20.01", "currency": "USD" }));
    assert_eq!(refusals(&record(&world, &[worth]).await), [["OUTPUTS_EXCEEDED", "outputs.0.value"]]);
    let both = [output("d", "2026-01-05", "-5"), output("e", "2026-01-05", "-2")];
    assert_eq!(refusals(&record(&world, &both).await), [["OUTPUTS_EXCEEDED", "outputs.1.quantity"]], "a call counts its own");
    assert_eq!(counts(&record(&world, &[output("d", "2026-01-05", "-6")]).await), [1, 0]);
    world.assert_verified().await;
}

async fn a_key_of_outputs_is_recorded_once_for_ever(world: World) {
    centers(&world).await;
    let first = output("o1", "2026-01-05", "10");
    assert_eq!(counts(&record(&world, &[first.clone(), with(first.clone(), &json!({ "quantity": "10.0" }))]).await), [1, 1]);
    let again = world.second_process().await.graphql(RECORD, json!({ "input": { "outputs": [first] } })).await;
    assert_eq!(counts(&again["recordOutputs"]), [0, 1]);
    let other = record(&world, &[output("o2", "2026-01-05", "1"), output("o1", "2026-01-05", "11")]).await;
    assert_eq!(refusals(&other), [["IDEMPOTENCY_CONFLICT", "outputs.1.externalId"]]);
    assert_eq!(world.database.number("SELECT count(*) FROM output_entry").await, 1, "all or nothing");
}

async fn units_are_known_or_saved(world: World) {
    centers(&world).await;
    let of = |id: &str, unit: &str| with(output(id, "2026-01-05", "1"), &json!({ "unit": unit }));
    let refused = record(&world, &[of("a", "ticket_resolve"), of("b", "ticket_closed"), of("c", "contract_reviewed"), of("d", "")]).await;
    assert_eq!(refusals(&refused), [["MISSING_FIELD", "outputs.3.unit"]]);
    let refused = record(&world, &[of("a", "ticket_resolve"), of("b", "ticket_closed"), of("c", "contract_reviewed")]).await;
    let unknown = |position: usize| ["OUTPUT_UNIT_UNKNOWN".to_owned(), format!("outputs.{position}.unit")];
    assert_eq!(refusals(&refused), [unknown(0), unknown(1), unknown(2)]);
    for (position, sentence) in ["did you mean ticket_resolved?", "did you mean ticket_resolved?", "outputUnits"].into_iter().enumerate() {
        let message = refused["userErrors"][position]["message"].as_str().unwrap();
        assert!(message.contains(sentence) && message.contains("saveOutputUnits"), "{message}");
    }
    let save = |units: Value| json!({ "input": { "units": units } });
    let unit = |code: &str, name: &str| json!({ "code": code, "name": name });
    let bad = world.graphql(SAVE, save(json!([unit("Contract", "C"), unit("ticket_resolved", "T"), unit("ok", "")]))).await;
    assert_eq!(
        refusals(&bad["saveOutputUnits"]),
        [["OUTPUT_UNIT_INVALID", "units.0.code"], ["OUTPUT_UNIT_INVALID", "units.1.code"], ["MISSING_FIELD", "units.2.name"]]
    );
    world.graphql(SAVE, save(json!([unit("contract_reviewed", "Contract")]))).await;
    let saved = world.graphql(SAVE, save(json!([unit("contract_reviewed", "Contract reviewed")]))).await;
    let units = saved["saveOutputUnits"]["units"].as_array().unwrap();
    assert_eq!(units.last().unwrap(), &json!({ "code": "contract_reviewed", "name": "Contract reviewed", "isStandard": false }));
    assert_eq!(world.graphql("{ outputUnits { code } }", json!({})).await["outputUnits"].as_array().unwrap().len(), units.len());
    assert_eq!(counts(&record(&world, &[of("c", "contract_reviewed"), of("d", "document_processed")]).await), [2, 0]);
}

async fn what_is_no_output_is_refused_with_its_place(world: World) {
    centers(&world).await;
    for (fields, code, path) in [
        (json!({ "quantity": "0" }), "OUTPUT_INVALID", "quantity"),
        (json!({ "quantity": "0.0000001" }), "OUTPUT_INVALID", "quantity"),
        (json!({ "quantity": "1,5" }), "OUTPUT_INVALID", "quantity"),
        (json!({ "value": "1" }), "MISSING_FIELD", "currency"),
        (json!({ "value": "-1", "currency": "USD" }), "OUTPUT_INVALID", "value"),
        (json!({ "value": "1", "currency": "usd" }), "CURRENCY_UNKNOWN", "currency"),
        (json!({ "producedOn": "2026-02-01" }), "DATE_OUT_OF_RANGE", "producedOn"),
        (json!({ "team": "nobody" }), "COST_CENTER_UNKNOWN", "team"),
        (json!({ "externalId": " " }), "MISSING_FIELD", "externalId"),
    ] {
        let refused = record(&world, &[with(output("o", "2026-01-05", "5"), &fields)]).await;
        assert_eq!(refusals(&refused), [[code.to_owned(), format!("outputs.0.{path}")]], "{fields}");
    }
    assert_eq!(world.database.number("SELECT count(*) FROM output_entry").await, 0);
}

async fn outputs_need_a_token_for_all_centers_and_are_never_changed(world: World) {
    centers(&world).await;
    let given = json!({ "input": { "outputs": [output("o1", "2026-01-05", "10")] } });
    let limited = world.token("main", Role::Preparer, Some(Scope { teams: ["search".to_owned()].into(), ..Scope::default() }));
    assert_eq!(world.graphql_error(&limited, RECORD, given.clone()).await, "FORBIDDEN");
    let viewer = world.token("main", Role::Viewer, None);
    assert_eq!(world.graphql_error(&viewer, RECORD, given.clone()).await, "FORBIDDEN");
    let integrator = world.token("main", Role::Integrator, None);
    assert_eq!(world.graphql_as(&integrator, RECORD, given).await["recordOutputs"]["recorded"], 1);
    for change in ["UPDATE output_entry SET value = 1", "DELETE FROM output_entry"] {
        let refusal = world.database.execute(change).await.expect_err(change);
        assert!(refusal.contains("never"), "{change}: {refusal}");
    }
}

/// 8 and 2 hours of one block in January, half of mia's taken back, one hour in December.
async fn hours_are_summed_by_month_and_person(world: World) {
    centers(&world).await;
    let time = |id: &str, person: &str, day: &str, hours: &str| json!({ "source": "hr", "externalId": id, "workedOn": day, "person": person, "hours": hours, "team": "search", "client": "gearpeak" });
    let given = [time("t1", "mia", "2026-01-05", "8"), time("t2", "leo", "2026-01-06", "2"), time("t3", "mia", "2025-12-31", "1")];
    world.save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": given })).await;
    world
        .save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": [given[0], time("t4", "mia", "2026-01-05", "-4")] }))
        .await;
    let month = |table: &str, of: &str| format!("SELECT hours_millionths FROM {table} WHERE {of}");
    assert_eq!(world.database.number(&month("time_month", "month = 672")).await, 6_000_000);
    assert_eq!(world.database.number(&month("time_month", "month = 671")).await, 1_000_000);
    assert_eq!(world.database.number(&month("time_person_month", "month = 672 AND person = 'mia'")).await, 4_000_000);
    assert_eq!(world.database.number("SELECT count(*) FROM time_person_month").await, 3);
    world.assert_verified().await;
}

async fn verify_names_sums_that_are_off(world: World) {
    centers(&world).await;
    record(&world, &[output("o1", "2026-01-05", "10")]).await;
    let time = json!({ "source": "hr", "externalId": "t1", "workedOn": "2026-01-05", "person": "mia", "hours": "8", "team": "search" });
    world.save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": [time] })).await;
    for (change, fault) in [
        ("UPDATE output_day SET quantity_millionths = 1", "ticket_resolved of day 20458 are off by -9999999"),
        ("UPDATE time_month SET hours_millionths = 1", "the hours of month 672"),
        ("UPDATE time_person_month SET hours_millionths = 1", "a person's hours of month 672"),
    ] {
        world.database.execute(change).await.unwrap();
        let faults = world.faults().await;
        assert!(faults.iter().any(|found| found.contains(fault)), "{change}: {faults:?}");
    }
}
