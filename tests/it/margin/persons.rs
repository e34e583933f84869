//! Hours of few persons are for few; how few is a setting of the books.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use super::company::{self, company, margin};
use crate::harness::World;

on_both_engines!(
    few_persons_hours_are_for_few_and_a_limited_token_sees_its_rows,
    how_few_persons_hide_hours_is_a_setting_of_the_books,
    only_a_number_of_persons_that_hides_a_rate_is_taken,
);

async fn few_persons_hours_are_for_few_and_a_limited_token_sees_its_rows(mut world: World) {
    company(&mut world).await;
    let viewer = world.token("main", Role::Viewer, None);
    let report = margin(&world, &viewer, json!({ "groupBy": ["CLIENT"], "interval": "MONTH" })).await;
    let hours: Vec<_> = report["rows"].as_array().unwrap().iter().map(|row| (&row["hours"], &row["effectiveCostPerHour"])).collect();
    // Three persons worked for gearpeak, one for northwind.
    assert_eq!(hours, [(&json!("0"), &Value::Null), (&json!("4.5"), &json!("118.555555556")), (&Value::Null, &Value::Null)]);
    assert_eq!(report["rows"][2]["appliedLabor"], "50", "what a client's labor cost is in the ledger for every reader of reports");
    let scope = Scope { clients: ["northwind".to_owned()].into(), ..Scope::default() };
    let limited = world.token("main", Role::Viewer, Some(scope));
    let seen = margin(&world, &limited, json!({ "groupBy": ["CLIENT"] })).await;
    assert_eq!(seen["rows"].as_array().unwrap().len(), 1);
    assert_eq!([&seen["rows"][0]["revenue"], &seen["totals"][0]["revenue"]], ["120", "120"]);
    let ingest = world.token("main", Role::Ingest, None);
    assert_eq!(company::margin_error(&world, &ingest, json!({ "groupBy": [] })).await, "FORBIDDEN");
    let unseen = world.graphql("{ marginTargets(from: \"2026-01-01\", to: \"2026-02-01\") { status } }", json!({})).await;
    assert_eq!(unseen["marginTargets"], json!([]));
    let refused = world.graphql_error(&limited, "{ marginTargets(from: \"2026-01-01\", to: \"2026-02-01\") { status } }", json!({})).await;
    assert_eq!(refused, "FORBIDDEN");
}

/// Hours by client as a viewer sees them, and the number that hid the others.
async fn seen(world: &World, viewer: &str) -> (Value, Vec<Value>) {
    let report = margin(world, viewer, json!({ "groupBy": ["CLIENT"] })).await;
    (report["leastPersons"].clone(), report["rows"].as_array().unwrap().iter().map(|row| row["hours"].clone()).collect())
}

/// Mia, Leo and Ada worked for gearpeak, Mia alone for northwind, and then Leo too.
async fn how_few_persons_hide_hours_is_a_setting_of_the_books(mut world: World) {
    company(&mut world).await;
    let viewer = world.token("main", Role::Viewer, None);
    let least = async |persons: i64| world.save("saveBooksSettings", "SaveBooksSettingsInput", json!({ "leastPersons": persons })).await;
    assert_eq!(seen(&world, &viewer).await, (json!(3), vec![json!("0"), json!("4.5"), Value::Null]));
    least(4).await;
    assert_eq!(seen(&world, &viewer).await, (json!(4), vec![json!("0"), Value::Null, Value::Null]));
    let labor =
        "{ labor(from: \"2026-01-01\", to: \"2026-02-01\", kind: CLIENT) { leastPersons rows { center { code } hours cost { amount } } } }";
    let report = world.graphql_as(&viewer, labor, json!({})).await["labor"].take();
    assert_eq!((&report["leastPersons"], &report["rows"][0]["hours"], &report["rows"][0]["cost"]), (&json!(4), &Value::Null, &Value::Null));
    let flux =
        "{ marginFlux(fromBefore: \"2026-01-01\", toBefore: \"2026-02-01\", from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [CLIENT]) {
        leastPersons rows { labor laborHours laborRate } } }";
    let report = world.graphql_as(&viewer, flux, json!({})).await["marginFlux"].take();
    assert_eq!(report["leastPersons"], 4);
    assert_eq!(report["rows"][1], json!({ "labor": "0", "laborHours": null, "laborRate": null }));
    // Who may read rates sees all of it, and the same number.
    assert_eq!(seen(&world, &world.admin).await, (json!(4), vec![json!("0"), json!("4.5"), json!("0.5")]));
    let leo = json!({ "source": "hr", "externalId": "t9", "workedOn": "2026-01-13", "person": "leo", "role": "engineer", "hours": "1", "client": "northwind" });
    world.save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": [leo] })).await;
    least(2).await;
    let two = (json!(2), vec![json!("0"), json!("4.5"), json!("1.5")]);
    assert_eq!(seen(&world, &viewer).await, two);
    assert_eq!(seen(&world.second_process().await, &viewer).await, two, "every process notices");
    least(2).await;
    assert_eq!(world.graphql_as(&viewer, "{ books { leastPersons } }", json!({})).await["books"]["leastPersons"], 2);
    let data =
        world.graphql("{ auditEvents(filter: { action: \"books.saveSettings\" }) { nodes { subject before after } } }", json!({})).await;
    let told: Vec<Value> = data["auditEvents"]["nodes"].as_array().unwrap().clone();
    let side = |event: &Value, side: &str| serde_json::from_str::<Value>(event[side].as_str().unwrap()).unwrap()["leastPersons"].clone();
    let sides: Vec<_> = told.iter().map(|event| (side(event, "before"), side(event, "after"))).collect();
    assert_eq!(sides, [(json!(3), json!(4)), (json!(4), json!(2))], "the same number again changes nothing");
    world.assert_verified().await;
}

/// The hours of one person and their cost are that person's rate, whoever asks.
async fn only_a_number_of_persons_that_hides_a_rate_is_taken(world: World) {
    for persons in [-1, 0, 1, 101] {
        let refused = world.refusals("saveBooksSettings", "SaveBooksSettingsInput", json!({ "leastPersons": persons })).await;
        let message = format!("`leastPersons` is {persons}; it goes from 2 to 100");
        assert_eq!([&refused[0]["code"], &refused[0]["message"]], [&json!("THRESHOLD_INVALID"), &json!(message)]);
        assert_eq!(refused[0]["path"], json!(["leastPersons"]));
    }
    let query = "mutation { saveBooksSettings(input: { leastPersons: 2 }) { userErrors { code } } }";
    for role in [Role::Viewer, Role::Analyst, Role::Preparer, Role::Approver, Role::Closer, Role::Integrator, Role::Auditor] {
        assert_eq!(world.graphql_error(&world.token("main", role, None), query, json!({})).await, "FORBIDDEN", "{role}");
    }
    assert!(world.database.execute("UPDATE books SET least_persons = 1").await.is_err(), "the database itself refuses it");
    assert_eq!(world.graphql("{ books { leastPersons } }", json!({})).await["books"]["leastPersons"], 3);
    for persons in [100, 2] {
        world.save("saveBooksSettings", "SaveBooksSettingsInput", json!({ "leastPersons": persons })).await;
    }
}
