//! The books count days in their own time zone.

use serde_json::json;

use super::{closed, february, january};
use crate::harness::{World, charge};

on_both_engines!(
    a_charge_belongs_to_the_day_of_the_books_time_zone,
    the_time_zone_is_set_before_the_first_charge,
    the_fiscal_year_begins_when_the_books_say,
    corrections_count_days_in_the_zone_too,
);

async fn in_berlin(world: &World) {
    world.set_clock("2026-02-03T12:00:00Z");
    world.save("saveBooksSettings", "SaveBooksSettingsInput", json!({ "timeZone": "Europe/Berlin" })).await;
}

async fn a_charge_belongs_to_the_day_of_the_books_time_zone(world: World) {
    in_berlin(&world).await;
    world.book(&[charge("jan").on("2026-01-31T22:30:00Z"), charge("feb").on("2026-01-31T23:30:00Z")]).await;
    assert_eq!(world.charge("feb").await["journalEntry"]["effectiveOn"], "2026-02-01");
    assert_eq!(world.charge("jan").await["journalEntry"]["effectiveOn"], "2026-01-31");
    assert_eq!((january(&world).await, february(&world).await), ("0.0065 1 1200".to_owned(), "0.0065 1 1200".to_owned()));
    let listed = world.graphql("{ charges(filter: { period: \"2026-02\" }) { nodes { externalId occurredAt } } }", json!({})).await;
    assert_eq!(listed["charges"]["nodes"], json!([{ "externalId": "feb", "occurredAt": "2026-01-31T23:30:00Z" }]));
    // The unpriced wait under the same day.
    world.record(&[charge("waits").model("acme-ai", "house").on("2026-01-31T23:45:00Z")]).await;
    let spend = |from: &str, to: &str| format!("{{ spend(from: \"{from}\", to: \"{to}\", groupBy: []) {{ unpricedCharges }} }}");
    assert_eq!(world.graphql(&spend("2026-02-01", "2026-03-01"), json!({})).await["spend"]["unpricedCharges"], 1);
    closed(&world, "2026-01", "CLOSED").await;
    world.book(&[charge("late").on("2026-01-31T22:45:00Z"), charge("in-time").on("2026-01-31T23:45:00Z")]).await;
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry WHERE service_on = 20484").await, 1);
    assert_eq!(february(&world).await, "0.0195 3 3600");
    world.assert_verified().await;
}

async fn the_time_zone_is_set_before_the_first_charge(world: World) {
    in_berlin(&world).await;
    let books = world.graphql("{ books { timeZone fiscalYearStart } }", json!({})).await;
    assert_eq!(books["books"], json!({ "timeZone": "Europe/Berlin", "fiscalYearStart": 1 }));
    let refused = async |input| world.refusals("saveBooksSettings", "SaveBooksSettingsInput", input).await[0]["code"].take();
    assert_eq!(refused(json!({ "timeZone": "Berlin" })).await, "TIME_ZONE_UNKNOWN");
    assert_eq!(refused(json!({ "fiscalYearStart": 13 })).await, "FISCAL_YEAR_START_INVALID");
    world.book(&[charge("c1")]).await;
    assert_eq!(refused(json!({ "timeZone": "UTC" })).await, "TIME_ZONE_FIXED");
    world.save("saveBooksSettings", "SaveBooksSettingsInput", json!({ "timeZone": "Europe/Berlin", "fiscalYearStart": 4 })).await;
    assert_eq!(world.database.number("SELECT count(*) FROM audit_event WHERE action = 'books.saveSettings'").await, 2);
}

async fn the_fiscal_year_begins_when_the_books_say(world: World) {
    world.save("saveBooksSettings", "SaveBooksSettingsInput", json!({ "fiscalYearStart": 4 })).await;
    let data = world.graphql("{ periods(fiscalYear: 2026) { nodes { period fiscalYear } } }", json!({})).await;
    let nodes = data["periods"]["nodes"].as_array().unwrap();
    assert_eq!((nodes.len(), &nodes[0]["period"], &nodes[11]["period"]), (12, &json!("2025-04"), &json!("2026-03")));
    assert!(nodes.iter().all(|node| node["fiscalYear"] == 2026));
}

async fn corrections_count_days_in_the_zone_too(world: World) {
    in_berlin(&world).await;
    world.save_centers("search", "assistant", "gearpeak").await;
    let on = |id: &str, instant: &str| charge(id).team("search").on(instant);
    world.book(&[on("jan", "2026-01-31T22:30:00Z"), on("feb", "2026-01-31T23:30:00Z")]).await;
    world.save_price("openai", "gpt-4o", "output_tokens", "20.00").await;
    world
        .graphql(
            "mutation { rerateCharges(input: { from: \"2026-01-01T00:00:00Z\", to: \"2026-03-01T00:00:00Z\" }) { adjusted } }",
            json!({}),
        )
        .await;
    assert_eq!((january(&world).await, february(&world).await), ("0.01 1 1200".to_owned(), "0.01 1 1200".to_owned()));
    // The team takes no cost from 1 February on, which began at 23:00 UTC.
    let center = json!([{ "kind": "TEAM", "code": "search", "name": "Search", "validTo": "2026-02-01" }]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": center })).await;
    let query = "mutation { reattributeCharges(input: { from: \"2026-02-01\", to: \"2026-02-02\" }) { examined moved } }";
    assert_eq!(world.graphql(query, json!({})).await["reattributeCharges"], json!({ "examined": 1, "moved": 1 }));
    world.graphql("mutation { reverseJournalEntry(input: { idempotencyKey: \"k\", number: 3, effectiveOn: \"2026-01-31\", reason: \"r\" }) { userErrors { code } } }", json!({})).await;
    assert_eq!((january(&world).await, february(&world).await), ("0.0065 1 1200".to_owned(), "0.01 1 1200".to_owned()));
    world.assert_verified().await;
}
