//! Spend by what only charges know: API key, end user, a tag, source, region, processing and service tier.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use super::{spend, spend_as};
use crate::allocation::{cost, teams};
use crate::harness::{Charge, World};

on_both_engines!(
    rows_by_what_only_charges_know,
    a_filter_finds_the_key_that_caused_it,
    corrections_and_late_charges_stay_with_their_key,
    what_is_of_no_charge_has_a_row_of_its_own,
    readers_without_charges_are_refused,
    reports_of_balances_refuse_what_only_charges_know,
);

fn with(charge: Charge, fields: &Value) -> Charge {
    fields.as_object().unwrap().iter().fold(charge, |charge, (name, value)| charge.with(name, value.clone()))
}

fn tags(cost_code: &str) -> Value {
    json!([{ "key": "cost-code", "value": cost_code }, { "key": "tier", "value": "gold" }])
}

/// a 1 and b 2 by one key, c 4 by another, d 8 by none.
async fn four(world: &World) {
    teams(world, &["lab", "shop"]).await;
    let batch = json!({ "apiKey": "ci", "endUser": "u1", "tags": tags("r-7"), "region": "eu-west-1", "processing": "BATCH" });
    let charges = [
        with(cost("a", "lab", "1"), &batch),
        with(cost("b", "shop", "2"), &json!({ "apiKey": "ci", "endUser": "u2", "tags": tags("r-8"), "serviceTier": "scale" })),
        with(cost("c", "shop", "4"), &json!({ "apiKey": "web", "endUser": "u1", "source": "edge" })),
        cost("d", "lab", "8"),
    ];
    world.book(&charges).await;
}

async fn rows_by_what_only_charges_know(world: World) {
    four(&world).await;
    for (by, expected) in [
        ("API_KEY", vec!["- 8", "ci 3", "web 4"]),
        ("END_USER", vec!["- 8", "u1 5", "u2 2"]),
        ("SOURCE", vec!["edge 4", "gateway 11"]),
        ("REGION", vec!["- 14", "eu-west-1 1"]),
        ("PROCESSING", vec!["BATCH 1", "STANDARD 14"]),
        ("SERVICE_TIER", vec!["- 13", "scale 2"]),
        ("TEAM, API_KEY", vec!["lab - 8", "lab ci 1", "shop ci 2", "shop web 4"]),
        ("API_KEY, MODEL", vec!["- tool 8", "ci tool 3", "web tool 4"]),
    ] {
        let rows = spend(&world, &format!("groupBy: [{by}]")).await;
        assert_eq!((rows[0].as_str(), &rows[1..]), ("15", &expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]), "{by}");
    }
    assert_eq!(spend(&world, "groupBy: [TAG], tagKey: \"cost-code\"").await, ["15", "- 12", "r-7 1", "r-8 2"]);
    assert_eq!(spend(&world, "groupBy: [TAG], tagKey: \"nobody\"").await, ["15", "- 15"]);
    let query = "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [TAG]) { total { amount } } }";
    assert_eq!(world.graphql_error(&world.admin, query, json!({})).await, "MISSING_FIELD");
}

async fn a_filter_finds_the_key_that_caused_it(world: World) {
    four(&world).await;
    for (filter, expected) in [
        ("apiKeys: [\"ci\"]", vec!["3", "lab 1", "shop 2"]),
        ("apiKeys: [null]", vec!["8", "lab 8"]),
        ("apiKeys: [\"ci\", null], teams: [\"lab\"]", vec!["9", "lab 9"]),
        ("endUsers: [\"u1\"], sources: [\"edge\"]", vec!["4", "shop 4"]),
        ("regions: [\"eu-west-1\"]", vec!["1", "lab 1"]),
        ("processings: [STANDARD]", vec!["14", "lab 8", "shop 6"]),
        ("serviceTiers: [\"scale\"]", vec!["2", "shop 2"]),
        ("tags: [{ key: \"tier\", values: [\"gold\"] }, { key: \"cost-code\", values: [\"r-8\"] }]", vec!["2", "shop 2"]),
        ("tags: [{ key: \"tier\", values: [null] }]", vec!["12", "lab 8", "shop 4"]),
        ("apiKeys: [\"never seen\"]", vec!["0"]),
    ] {
        assert_eq!(spend(&world, &format!("groupBy: [TEAM], filter: {{ {filter} }}")).await, expected, "{filter}");
    }
    // The finding of the FinOps lead: which key sends what nobody owns.
    world.book(&[with(cost("lost", "nobody", "16"), &json!({ "apiKey": "web" }))]).await;
    let query = "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [API_KEY], filter: { teams: [\"unattributed\"] }) {
        unattributed { amount } rows { keys { code } charges } } }";
    let found = world.graphql(query, json!({})).await["spend"].take();
    assert_eq!(found, json!({ "unattributed": { "amount": "16" }, "rows": [{ "keys": [{ "code": "web" }], "charges": "1" }] }));
}

/// Priced later, rated again, moved, reversed, and late in a closed month: cost and counts stay with the key, and add up to the balances.
async fn corrections_and_late_charges_stay_with_their_key(mut world: World) {
    teams(&world, &["lab"]).await;
    let call = |id: &str, key: &str, day: &str| {
        crate::harness::charge(id).model("acme", "large").tokens(1_000_000, 0).on(&format!("{day}T10:00:00Z")).with("apiKey", key)
    };
    world.record(&[call("later", "ci", "2026-01-05"), call("waits", "web", "2026-01-06").model("acme", "tiny")]).await;
    assert_eq!(spend(&world, "groupBy: [API_KEY]").await, ["0"]);
    let query = "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [], filter: { apiKeys: [\"web\"] }) { unpricedCharges } }";
    assert_eq!(world.graphql(query, json!({})).await["spend"]["unpricedCharges"], 1);
    world.save_price("acme", "large", "input_tokens", "2").await;
    let rerate = "mutation R($input: RerateChargesInput!) { rerateCharges(input: $input) { userErrors { code } } }";
    let range = json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z" });
    world.graphql(rerate, json!({ "input": range })).await;
    world.book(&[call("gone", "web", "2026-01-07"), call("kept", "web", "2026-01-08").team("lab")]).await;
    let reverse = json!({ "idempotencyKey": "r", "number": 2, "effectiveOn": "2026-01-09", "reason": "twice" });
    world.save("reverseJournalEntry", "ReverseJournalEntryInput", reverse).await;
    let rows = async |world: &World, from: &str, to: &str, by: &str| {
        let query = format!(
            "{{ spend(from: \"{from}\", to: \"{to}\", groupBy: [{by}]) {{ rows {{ keys {{ code }} cost {{ amount }} charges inputTokens }} }} }}"
        );
        let data = world.graphql(&query, json!({})).await;
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let row = |row: &Value| [&row["keys"][0]["code"], &row["cost"]["amount"], &row["charges"], &row["inputTokens"]].map(text).join(" ");
        data["spend"]["rows"].as_array().unwrap().iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(rows(&world, "2026-01-01", "2026-02-01", "API_KEY").await, ["ci 2 1 1000000", "web 2 1 1000000"]);
    // The counts left the day of the call, the money the day of the reversal.
    assert_eq!(rows(&world, "2026-01-07", "2026-01-08", "API_KEY").await, ["web 2 0 0"]);
    assert_eq!(rows(&world, "2026-01-09", "2026-01-10", "API_KEY").await, ["web -2 0 0"]);
    // January closes; a late charge and a new price of January are booked in February, under their keys.
    world.set_clock("2026-02-10T12:00:00Z");
    world.admin = world.token("main", Role::Admin, None);
    close(&world, "2026-01").await;
    world.book(&[call("late", "late-key", "2026-01-20")]).await;
    assert_eq!(rows(&world, "2026-01-01", "2026-02-01", "API_KEY").await, ["ci 2 1 1000000", "web 2 1 1000000"]);
    assert_eq!(rows(&world, "2026-02-01", "2026-03-01", "API_KEY").await, ["late-key 2 1 1000000"]);
    world
        .save_price_line(json!({ "provider": "acme", "model": "large", "meter": "input_tokens", "per": "1000000", "amount": "3",
        "currency": "USD", "effectiveFrom": "2026-01-05T00:00:00Z" }))
        .await;
    world.graphql(rerate, json!({ "input": range })).await;
    let february = rows(&world, "2026-02-01", "2026-03-01", "API_KEY").await;
    assert_eq!(february, ["ci 1 0 0", "late-key 3 1 1000000", "web 1 0 0"]);
    for (from, to) in [("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01"), ("2026-01-03", "2026-02-05")] {
        let sum = |rows: Vec<String>| {
            let mut sums = [0_i128; 3];
            for row in rows {
                let figures: Vec<&str> = row.split(' ').collect();
                for (sum, figure) in sums.iter_mut().zip(&figures[1..]) {
                    *sum += super::billionths(&json!(figure));
                }
            }
            sums
        };
        let (by_key, by_model) = (rows(&world, from, to, "API_KEY").await, rows(&world, from, to, "MODEL").await);
        assert_eq!(sum(by_key), sum(by_model), "{from}");
    }
    world.assert_verified().await;
}

/// Closes a month whatever its checklist says.
async fn close(world: &World, period: &str) {
    let input = json!({ "period": period, "status": "CLOSED", "acceptOpenItems": "a test" });
    world.save("closePeriod", "ClosePeriodInput", input).await;
}

/// What was applied of a grant lowers the use of a team, by an entry of no charge.
async fn what_is_of_no_charge_has_a_row_of_its_own(world: World) {
    four(&world).await;
    let grant = json!({ "idempotencyKey": "g", "provider": "acme", "amount": "3", "currency": "USD", "grantedOn": "2026-01-01",
        "reference": "programme" });
    world.save("grantCredits", "GrantCreditsInput", grant).await;
    let apply = json!({ "idempotencyKey": "a", "provider": "acme", "period": "2026-01" });
    world.save("applyCredits", "ApplyCreditsInput", apply).await;
    assert_eq!(spend(&world, "groupBy: []").await, ["12", " 12"]);
    assert_eq!(spend(&world, "groupBy: [API_KEY]").await, ["12", "- 5", "ci 3", "web 4"]);
    assert_eq!(spend(&world, "groupBy: [API_KEY], filter: { apiKeys: [\"ci\"] }").await, ["3", "ci 3"]);
}

async fn readers_without_charges_are_refused(world: World) {
    four(&world).await;
    let query = "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [END_USER]) { total { amount } } }";
    let viewer = world.token("main", Role::Viewer, None);
    assert_eq!(world.graphql_error(&viewer, query, json!({})).await, "FORBIDDEN");
    let scope = Scope { teams: ["lab".to_owned()].into(), ..Scope::default() };
    let lab = world.token("main", Role::Analyst, Some(scope));
    assert_eq!(spend_as(&world, &lab, "groupBy: [API_KEY]").await, ["9", "- 8", "ci 1"]);
    assert_eq!(spend_as(&world, &lab, "groupBy: [TEAM], filter: { apiKeys: [\"web\"] }").await, ["0"]);
}

async fn reports_of_balances_refuse_what_only_charges_know(world: World) {
    let january = "from: \"2026-01-01\", to: \"2026-02-01\"";
    for query in [
        format!("{{ flux(fromBefore: \"2025-12-01\", toBefore: \"2026-01-01\", {january}, by: API_KEY) {{ throughEntry }} }}"),
        format!("{{ whatIf({january}, scenarios: [{{ name: \"a\" }}], groupBy: TAG) {{ charges }} }}"),
        format!("{{ whatIf({january}, scenarios: [{{ name: \"a\" }}], filter: {{ apiKeys: [\"ci\"] }}) {{ charges }} }}"),
        format!("{{ generalLedger(account: \"6000\", {january}, filter: {{ regions: [null] }}) {{ throughEntry }} }}"),
    ] {
        assert_eq!(world.graphql_error(&world.admin, &query, json!({})).await, "DIMENSION_UNSUPPORTED", "{query}");
    }
    let segment = json!([{ "dimension": "END_USER", "name": "user" }]);
    let refused = world
        .refusals("saveExportTargets", "SaveExportTargetsInput", json!({ "targets": [{ "code": "netsuite", "segments": segment }] }))
        .await;
    assert_eq!(
        (&refused[0]["code"], &refused[0]["path"]),
        (&json!("DIMENSION_UNSUPPORTED"), &json!(["targets", "0", "segments", "0", "dimension"]))
    );
}
