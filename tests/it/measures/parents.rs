//! Parents roll up: in every filter, and in groupings at a level.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use super::{spend, spend_as};
use crate::allocation::cost;
use crate::harness::World;

on_both_engines!(
    a_filter_by_a_parent_takes_all_below_it,
    rows_are_added_up_at_a_level,
    every_report_follows_the_hierarchy,
    a_limited_token_is_told_of_no_parent,
    an_unknown_center_is_refused_with_the_one_that_was_meant,
);

/// company > delivery > care, claims > intake; company > staff. care 1, claims 2, intake 4, staff 8, delivery itself 16, and freelance 32.
async fn departments(world: &World) {
    let team = |code: &str, parent: Option<&str>| json!({ "kind": "TEAM", "code": code, "name": code, "parent": parent });
    let centers = [
        team("company", None),
        team("delivery", Some("company")),
        team("care", Some("delivery")),
        team("claims", Some("delivery")),
        team("intake", Some("claims")),
        team("staff", Some("company")),
        team("freelance", None),
    ];
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": centers })).await;
    let costs = [("care", "1"), ("claims", "2"), ("intake", "4"), ("staff", "8"), ("delivery", "16"), ("freelance", "32")];
    world.book(&costs.map(|(team, dollars)| cost(team, team, dollars))).await;
}

async fn a_filter_by_a_parent_takes_all_below_it(world: World) {
    departments(&world).await;
    let of = async |teams: &str| spend(&world, &format!("groupBy: [TEAM], filter: {{ teams: [{teams}] }}")).await;
    assert_eq!(of("\"delivery\"").await, ["23", "care 1", "claims 2", "delivery 16", "intake 4"]);
    assert_eq!(of("\"claims\"").await, ["6", "claims 2", "intake 4"]);
    assert_eq!(of("\"claims\", \"delivery\"").await[0], "23", "what is named twice counts once");
    assert_eq!(of("\"company\"").await[0], "31");
    assert_eq!(of("\"intake\"").await, ["4", "intake 4"]);
    let charges = world.graphql("{ charges(filter: { teams: [\"claims\"] }) { nodes { externalId } } }", json!({})).await;
    assert_eq!(charges["charges"]["nodes"], json!([{ "externalId": "claims" }, { "externalId": "intake" }]));
}

async fn rows_are_added_up_at_a_level(world: World) {
    departments(&world).await;
    let at = async |level: &str| spend(&world, &format!("groupBy: [TEAM], level: {level}")).await;
    assert_eq!(at("1").await, ["63", "company 31", "freelance 32"]);
    assert_eq!(at("2").await, ["63", "delivery 23", "freelance 32", "staff 8"]);
    assert_eq!(at("3").await, ["63", "care 1", "claims 6", "delivery 16", "freelance 32", "staff 8"]);
    assert_eq!(at("9").await, spend(&world, "groupBy: [TEAM]").await);
    let both = spend(&world, "groupBy: [TEAM, MODEL], level: 2, filter: { teams: [\"delivery\"] }").await;
    assert_eq!(both, ["23", "delivery tool 23"]);
    let by_source = spend(&world, "groupBy: [TEAM, SOURCE], level: 1").await;
    assert_eq!(by_source, ["63", "company gateway 31", "freelance gateway 32"]);
    for level in ["0", "-1"] {
        let query =
            format!("{{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [TEAM], level: {level}) {{ total {{ amount }} }} }}");
        assert_eq!(world.graphql_error(&world.admin, &query, json!({})).await, "RANGE_INVALID");
    }
}

async fn every_report_follows_the_hierarchy(world: World) {
    departments(&world).await;
    let january = "from: \"2026-01-01\", to: \"2026-02-01\"";
    let december = "fromBefore: \"2025-12-01\", toBefore: \"2026-01-01\"";
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let margin = format!(
        "{{ margin({january}, groupBy: [TEAM], level: 2, filter: {{ teams: [\"company\"] }}) {{ rows {{ keys {{ code }} operatingAi }} }} }}"
    );
    let data = world.graphql(&margin, json!({})).await;
    let rows: Vec<_> = data["margin"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", text(&row["keys"][0]["code"]), text(&row["operatingAi"])))
        .collect();
    assert_eq!(rows, ["delivery 23", "staff 8"]);
    let moved = format!(
        "{{ marginFlux({december}, {january}, groupBy: [TEAM], level: 1, filter: {{ teams: [\"delivery\"] }}) {{ rows {{ keys {{ code }} }} }} }}"
    );
    assert_eq!(world.graphql(&moved, json!({})).await["marginFlux"]["rows"], json!([{ "keys": [{ "code": "company" }] }]));
    let flux = format!("{{ flux({december}, {january}, by: TEAM, level: 1) {{ rows {{ code cost tokens }} controls {{ difference }} }} }}");
    let data = world.graphql(&flux, json!({})).await;
    assert_eq!(
        data["flux"]["rows"],
        json!([{ "code": "company", "cost": "31", "tokens": "0" }, { "code": "freelance", "cost": "32", "tokens": "0" }])
    );
    let what_if = format!(
        "{{ whatIf({january}, scenarios: [{{ name: \"a\" }}], groupBy: TEAM, level: 1, filter: {{ teams: [\"company\"] }}) {{ scenarios {{ groups {{ key charges }} }} }} }}"
    );
    let data = world.graphql(&what_if, json!({})).await;
    assert_eq!(data["whatIf"]["scenarios"][0]["groups"], json!([{ "key": "company", "charges": "5" }]));
    let ledger = format!("{{ generalLedger(account: \"6000\", {january}, filter: {{ teams: [\"claims\"] }}) {{ closing {{ amount }} }} }}");
    assert_eq!(world.graphql(&ledger, json!({})).await["generalLedger"]["closing"], json!([{ "amount": "6" }]));
}

/// A token of claims alone: its rows stay its rows, and the parents that it does not see are not named.
async fn a_limited_token_is_told_of_no_parent(world: World) {
    departments(&world).await;
    let scope = |teams: &[&str]| Scope { teams: teams.iter().map(|team| (*team).to_owned()).collect(), ..Scope::default() };
    let claims = world.token("main", Role::Analyst, Some(scope(&["claims", "intake"])));
    assert_eq!(spend_as(&world, &claims, "groupBy: [TEAM], level: 1").await, ["6", "claims 6"]);
    assert_eq!(spend_as(&world, &claims, "groupBy: [TEAM], filter: { teams: [\"delivery\"] }").await, ["6", "claims 2", "intake 4"]);
    assert_eq!(spend_as(&world, &claims, "groupBy: [TEAM], filter: { teams: [\"staff\"] }").await, ["0"]);
    let intake = world.token("main", Role::Analyst, Some(scope(&["intake"])));
    assert_eq!(spend_as(&world, &intake, "groupBy: [TEAM], level: 1").await, ["4", "intake 4"]);
    let margin = "{ margin(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [TEAM], level: 1) { rows { keys { code } } } }";
    assert_eq!(world.graphql_as(&intake, margin, json!({})).await["margin"]["rows"], json!([{ "keys": [{ "code": "intake" }] }]));
}

async fn an_unknown_center_is_refused_with_the_one_that_was_meant(world: World) {
    departments(&world).await;
    let query = "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [], filter: { teams: [\"delivry\"] }) { total { amount } } }";
    let answer = world.post_graphql(&world.admin, &json!({ "query": query })).await.json();
    let error = &answer["errors"][0];
    assert_eq!(
        (&error["extensions"]["code"], &error["extensions"]["path"]),
        (&json!("COST_CENTER_UNKNOWN"), &json!(["filter", "teams", "0"]))
    );
    assert!(error["message"].as_str().unwrap().contains("did you mean `delivery`?"), "{error}");
}
