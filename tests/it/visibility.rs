//! A token limited to cost centers sees only theirs, totals included.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use crate::harness::{World, charge, ndjson};

on_both_engines!(
    a_limited_token_sees_its_charges_only,
    totals_of_a_limited_token_are_made_of_its_rows,
    a_limited_token_sees_its_part_of_the_journal,
    names_and_centers_of_others_are_not_listed,
    a_limited_token_records_for_its_centers_only,
    an_empty_limit_sees_nothing,
);

/// Two teams; the client of the second is the first's too. Reader of the team `search` and of the client `initech`.
async fn prepare(world: &World, role: Role) -> String {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.save_centers("platform", "tools", "initech").await;
    world
        .book(&[
            charge("own-1").team("search").client("gearpeak").feature("answers"),
            charge("own-2").team("search").tokens(1_000, 0),
            charge("theirs").team("platform").client("gearpeak").feature("hidden-feature").model("anthropic", "claude-3-5-sonnet"),
            charge("by-client").team("platform").client("initech").tokens(2_000, 0),
            charge("nobody").tokens(4_000, 0),
        ])
        .await;
    let receipt = world.record_one(charge("unpriced-theirs").team("platform").model("acme-ai", "house")).await;
    assert_eq!(receipt["status"], "UNPRICED");
    limited(world, role)
}

fn limited(world: &World, role: Role) -> String {
    let scope = Scope { teams: ["search".to_owned()].into(), clients: ["initech".to_owned()].into(), ..Scope::default() };
    world.token("main", role, Some(scope))
}

fn texts(nodes: &Value, field: &str) -> Vec<String> {
    let mut texts: Vec<String> = nodes.as_array().unwrap().iter().map(|node| node[field].as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts
}

async fn a_limited_token_sees_its_charges_only(world: World) {
    let token = prepare(&world, Role::Analyst).await;
    let data = world.graphql_as(&token, "{ charges { nodes { externalId } } }", json!({})).await;
    assert_eq!(texts(&data["charges"]["nodes"], "externalId"), ["by-client", "own-1", "own-2"]);
    for (id, is_seen) in [("own-1", true), ("by-client", true), ("theirs", false), ("nobody", false), ("unpriced-theirs", false)] {
        let query = "query C($id: String!) { charge(source: \"gateway\", externalId: $id) { externalId } }";
        let found = world.graphql_as(&token, query, json!({ "id": id })).await;
        assert_eq!(found["charge"].is_object(), is_seen, "{id}");
    }
    let filtered = world.graphql_as(&token, "{ charges(filter: { teams: [\"platform\"] }) { nodes { externalId } } }", json!({})).await;
    assert_eq!(texts(&filtered["charges"]["nodes"], "externalId"), ["by-client"]);
}

async fn totals_of_a_limited_token_are_made_of_its_rows(world: World) {
    let token = prepare(&world, Role::Viewer).await;
    // 0.0065 + 0.0025 + 0.005
    for group in ["[]", "[TEAM]", "[CLIENT, MODEL]", "[ACCOUNT]"] {
        for interval in ["DAY", "MONTH"] {
            let query = format!(
                "{{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: {group}, interval: {interval}) {{
                    total {{ amount }} unattributed {{ amount }} unpricedCharges rows {{ charges }} }} }}"
            );
            let spend = world.graphql_as(&token, &query, json!({})).await["spend"].take();
            assert_eq!((&spend["total"]["amount"], &spend["unattributed"]["amount"]), (&json!("0.014"), &json!("0")), "{group} {interval}");
            assert_eq!(spend["unpricedCharges"], 0, "{group} {interval}");
            let charges: i64 =
                spend["rows"].as_array().unwrap().iter().map(|row| row["charges"].as_str().unwrap().parse::<i64>().unwrap()).sum();
            assert_eq!(charges, 3, "{group} {interval}");
        }
    }
    let query = "{ trialBalance(asOf: \"2026-01-31\") { rows { account { code } debit } } }";
    let balance = world.graphql_as(&token, query, json!({})).await["trialBalance"].take();
    let cost: Vec<String> = balance["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["debit"] != "0")
        .map(|row| format!("{} {}", row["account"]["code"].as_str().unwrap(), row["debit"].as_str().unwrap()))
        .collect();
    assert_eq!(cost, ["5000 0.0115", "6000 0.0025"]);
}

async fn a_limited_token_sees_its_part_of_the_journal(world: World) {
    let token = prepare(&world, Role::Analyst).await;
    let query = "{ journalEntries { nodes { number charge { externalId } postings { team { code } client { code } account { code } } } } }";
    let data = world.graphql_as(&token, query, json!({})).await;
    assert_eq!(texts(&data["journalEntries"]["nodes"], "number"), ["1", "2", "4"]);
    for entry in data["journalEntries"]["nodes"].as_array().unwrap() {
        for posting in entry["postings"].as_array().unwrap() {
            let is_own = posting["team"]["code"] == "search" || posting["client"]["code"] == "initech";
            assert!(is_own, "{entry}");
        }
    }
    let hidden = world.graphql_as(&token, "{ journalEntry(number: 3) { number } }", json!({})).await;
    assert_eq!(hidden["journalEntry"], json!(null));
}

async fn names_and_centers_of_others_are_not_listed(world: World) {
    let token = prepare(&world, Role::Viewer).await;
    let data = world.graphql_as(&token, "{ features models costCenters { nodes { code } } }", json!({})).await;
    assert_eq!(texts(&data["costCenters"]["nodes"], "code"), ["initech", "search"]);
    assert_eq!(data["features"], json!(["answers"]));
    assert_eq!(data["models"], json!(["gpt-4o"]));
}

async fn a_limited_token_records_for_its_centers_only(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.save_centers("platform", "tools", "initech").await;
    let token = limited(&world, Role::Ingest);
    let sent = [charge("own").team("search"), charge("theirs").team("platform"), charge("nobody")];
    let receipts = world.post_charges(&token, None, ndjson(&sent)).await.lines();
    let outcomes: Vec<&str> = receipts.iter().map(|receipt| receipt["error"]["code"].as_str().unwrap_or("RECORDED")).collect();
    assert_eq!(outcomes, ["RECORDED", "COST_CENTER_UNKNOWN", "COST_CENTER_UNKNOWN"]);
}

async fn an_empty_limit_sees_nothing(world: World) {
    prepare(&world, Role::Viewer).await;
    let token = world.token("main", Role::Auditor, Some(Scope::default()));
    let query = "{ charges { nodes { number } } journalEntries { nodes { number } } costCenters { nodes { code } } features
        spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [TEAM]) { total { amount } unpricedCharges } trialBalance(asOf: \"2026-01-31\") { rows { debit } } }";
    let data = world.graphql_as(&token, query, json!({})).await;
    for list in ["charges", "journalEntries", "costCenters"] {
        assert_eq!(data[list]["nodes"], json!([]), "{list}");
    }
    assert_eq!(
        (&data["spend"]["total"]["amount"], &data["spend"]["unpricedCharges"], &data["trialBalance"]["rows"], &data["features"]),
        (&json!("0"), &json!(0), &json!([]), &json!([]))
    );
}
