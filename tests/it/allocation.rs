//! Allocation through the doors: golden figures of a published case, the operations that clients send, and the trace of a cent.

mod charged;
mod life;
mod refusals;

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use crate::harness::{Charge, World, charge};

on_both_engines!(
    step_down_and_reciprocal_give_the_published_figures,
    clients_operations_work_and_their_figures_are_right,
    a_line_is_traced_to_the_charges_and_a_charge_to_where_it_ended,
    drivers_that_the_books_compute,
    a_limited_token_follows_what_its_centers_receive,
    followers_never_skip_a_line,
);

const CONTRACT: &str = include_str!("contract/allocation.graphql");

/// One operation of the file that clients send; the whole file is validated but for the operations of other features.
pub async fn operation(world: &World, token: &str, name: &str, variables: Value) -> Value {
    let starts: Vec<usize> = CONTRACT.match_indices("\nquery ").chain(CONTRACT.match_indices("\nmutation ")).map(|found| found.0).collect();
    let start = *starts.iter().find(|start| CONTRACT[**start..].trim_start().split([' ', '(']).nth(1) == Some(name)).unwrap();
    let end = starts.iter().copied().filter(|other| *other > start).min().unwrap_or(CONTRACT.len());
    let body = json!({ "query": &CONTRACT[start..end], "operationName": name, "variables": variables });
    let mut answer = world.post_graphql(token, &body).await.json();
    assert!(answer.get("errors").is_none(), "{name}: {answer:#}");
    answer["data"].as_object_mut().unwrap().values_mut().next().unwrap().take()
}

/// The operation with the admin's token, which must not be refused.
pub async fn done(world: &World, name: &str, variables: Value) -> Value {
    let answer = operation(world, &world.admin, name, variables).await;
    assert_eq!(answer["userErrors"], json!([]), "{name}");
    answer
}

/// Dollars that a team had of its own, by a cost that the provider reported.
pub fn cost(id: &str, team: &str, dollars: &str) -> Charge {
    let reported = json!({ "amount": dollars, "currency": "USD" });
    charge(id).model("acme", "tool").team(team).with("reportedCost", reported).without("usage")
}

/// Teams with these codes.
pub async fn teams(world: &World, codes: &[&str]) {
    let centers: Vec<Value> = codes.iter().map(|code| json!({ "kind": "TEAM", "code": code, "name": code })).collect();
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": centers })).await;
}

/// Quantities of drivers for January, as `driver team quantity`.
pub async fn drivers(world: &World, lines: &[&str]) {
    let value = |line: &&str| {
        let words: Vec<&str> = line.split(' ').collect();
        json!({ "driver": words[0], "period": "2026-01", "kind": "TEAM", "costCenter": words[1], "quantity": words[2] })
    };
    let values: Vec<Value> = lines.iter().map(value).collect();
    let recorded = done(world, "RecordDriverValues", json!({ "input": { "values": values } })).await;
    assert_eq!(recorded["recorded"], json!(lines.len()));
}

/// A rule of 2026 with these further fields.
pub fn rule(code: &str, method: &str, more: Value) -> Value {
    let mut rule = json!({ "code": code, "name": code, "validFrom": "2026-01-01", "method": method });
    rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "input": rule })
}

pub fn receivers(codes: &[&str]) -> Value {
    codes.iter().map(|code| json!({ "kind": "TEAM", "costCenter": code })).collect()
}

pub async fn run(world: &World, key: &str) -> Value {
    done(world, "RunAllocation", json!({ "input": { "idempotencyKey": key, "period": "2026-01" } })).await["run"].take()
}

/// What each team bears in January, with what runs moved.
pub async fn borne(world: &World) -> Vec<String> {
    let query = "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [TEAM], measure: ALLOCATED) { rows { keys { code } cost { amount } } } }";
    let data = world.graphql(query, json!({})).await;
    let row = |row: &Value| format!("{} {}", row["keys"][0]["code"].as_str().unwrap_or("-"), row["cost"]["amount"].as_str().unwrap());
    let mut rows: Vec<String> = data["spend"]["rows"].as_array().unwrap().iter().map(row).filter(|row| !row.ends_with(" 0")).collect();
    rows.sort();
    rows
}

/// Supplies, systems and staff serve each other and two producing teams (expertsmind.com, page 30131914).
async fn published_case(world: &World) {
    teams(world, &["s1", "s2", "s3", "p1", "p2"]).await;
    let own = [("s1", "92400"), ("s2", "184800"), ("s3", "138600"), ("p1", "400000"), ("p2", "500000")];
    let charges: Vec<Charge> = own.iter().map(|(team, dollars)| cost(team, team, dollars)).collect();
    world.book(&charges).await;
    let used = [
        "supplies s2 1000",
        "supplies s3 2000",
        "supplies p1 4000",
        "supplies p2 3000",
        "systems s1 2000",
        "systems s3 4000",
        "systems p1 10000",
        "systems p2 4000",
        "staff s1 4500",
        "staff p1 1500",
        "staff p2 9000",
    ];
    drivers(world, &used).await;
}

fn service_centers() -> Value {
    let center = |(code, driver): (&str, &str)| json!({ "kind": "TEAM", "costCenter": code, "driver": driver });
    [("s1", "supplies"), ("s2", "systems"), ("s3", "staff")].map(center).into_iter().collect()
}

async fn step_down_and_reciprocal_give_the_published_figures(world: World) {
    published_case(&world).await;
    done(&world, "SaveAllocationRule", rule("services", "STEP_DOWN", json!({ "serviceCenters": service_centers() }))).await;
    let posted = run(&world, "first").await;
    assert_eq!((&posted["status"], posted["entries"].as_array().unwrap().len()), (&json!("POSTED"), 3));
    assert_eq!(borne(&world).await, ["p1 573360", "p2 742440"]);
    done(&world, "ReverseAllocationRun", json!({ "input": { "id": posted["id"] } })).await;
    assert_eq!(borne(&world).await, ["p1 400000", "p2 500000", "s1 92400", "s2 184800", "s3 138600"]);

    let reciprocal = rule("services", "RECIPROCAL", json!({ "serviceCenters": service_centers() }));
    assert_eq!(done(&world, "SaveAllocationRule", reciprocal).await["rule"]["version"], 2);
    let query = "{ previewAllocation(period: \"2026-01\") { hash lineCount pools { from { code } gross flows { to { code } amount } }
        lines { from { code } to { code } shareFraction amount { amount } } } }";
    let preview = world.graphql(query, json!({})).await["previewAllocation"].take();
    let gross: Vec<&Value> = preview["pools"].as_array().unwrap().iter().map(|pool| &pool["gross"]).collect();
    assert_eq!(gross, [&json!("177000"), &json!("202500"), &json!("214500")]);
    let flow = |flow: &Value| format!("{} {}", flow["to"]["code"].as_str().unwrap(), flow["amount"].as_str().unwrap());
    let flows: Vec<String> = preview["pools"][2]["flows"].as_array().unwrap().iter().map(flow).collect();
    assert_eq!(flows, ["s1 64350", "p1 21450", "p2 128700"]);
    let line = |line: &Value| {
        format!(
            "{} {} {}",
            line["from"]["code"].as_str().unwrap(),
            line["to"]["code"].as_str().unwrap(),
            line["shareFraction"].as_str().unwrap()
        )
    };
    let lines: Vec<String> = preview["lines"].as_array().unwrap().iter().map(line).collect();
    let expected = ["s1 p1 118/231", "s1 p2 113/231", "s2 p1 139/231", "s2 p2 92/231", "s3 p1 39/154", "s3 p2 115/154"];
    assert_eq!(lines, expected);
    assert_eq!(borne(&world).await.len(), 5, "a preview writes nothing");
    let posted = run(&world, "second").await;
    assert_eq!(borne(&world).await, ["p1 593500", "p2 722300"]);
    let query = "query R($id: ID!) { allocationRun(id: $id) { hash performedAgain { isSame } lines { nodes { line } } } }";
    let kept = world.graphql(query, json!({ "id": posted["id"] })).await["allocationRun"].take();
    assert_eq!((&kept["hash"], &kept["performedAgain"]["isSame"]), (&preview["hash"], &json!(true)));
    assert_eq!(json!(kept["lines"]["nodes"].as_array().unwrap().len().to_string()), preview["lineCount"]);
    world.assert_verified().await;
}

async fn clients_operations_work_and_their_figures_are_right(world: World) {
    teams(&world, &["platform", "claims", "sales", "legal"]).await;
    world.book(&[cost("c1", "platform", "1.002"), cost("c2", "claims", "5")]).await;
    drivers(&world, &["headcount claims 40", "headcount sales 60", "headcount legal 100"]).await;
    let shared = json!({ "pool": { "accounts": ["6000"], "team": "platform" }, "driver": "headcount", "order": 1,
        "receivers": receivers(&["claims", "legal", "sales"]), "residual": "RECEIVERS",
        "posting": { "debitAccount": "6500", "creditAccount": "6590" } });
    let saved = done(&world, "SaveAllocationRule", rule("platform", "DRIVER", shared)).await;
    assert_eq!(saved["rule"], json!({ "code": "platform", "version": 1 }));
    let preview = operation(&world, &world.admin, "PreviewAllocation", json!({ "period": "2026-01", "rules": ["platform"] })).await;
    // 1.002 by 40, 60 and 100 of 200.
    let line = &preview["lines"][0];
    assert_eq!(
        [
            &line["from"]["code"],
            &line["to"]["code"],
            &line["driver"],
            &line["driverQuantity"],
            &line["driverTotal"],
            &line["share"],
            &line["unrounded"]
        ],
        [&json!("platform"), &json!("claims"), &json!("headcount"), &json!("40"), &json!("200"), &json!("0.2"), &json!("0.2004")]
    );
    let pool = json!({ "rule": "platform", "pool": { "amount": "1.002", "currency": "USD" }, "allocated": { "amount": "1.002", "currency": "USD" },
        "retained": { "amount": "0", "currency": "USD" } });
    assert_eq!(preview["pools"], json!([pool]));
    let input = json!({ "input": { "idempotencyKey": "jan", "period": "2026-01", "rules": ["platform"] } });
    let ran = done(&world, "RunAllocation", input.clone()).await["run"].take();
    assert_eq!([&ran["id"], &ran["period"], &ran["throughEntry"]], [&json!("1"), &json!("2026-01"), &json!("2")]);
    assert_eq!(done(&world, "RunAllocation", input).await["run"], ran, "the same key is answered with the first run");
    let page = operation(&world, &world.admin, "Allocations", json!({ "period": "2026-01", "first": 2 })).await;
    let node = &page["edges"][1]["node"];
    assert_eq!(
        *node,
        json!({ "run": { "id": "1" }, "rule": "platform", "ruleVersion": 1, "from": { "kind": "TEAM", "code": "platform" },
            "to": { "kind": "TEAM", "code": "legal" }, "debitAccount": { "code": "6500" }, "creditAccount": { "code": "6590" },
            "amount": { "amount": "0.501", "currency": "USD" }, "journalEntry": { "number": "3" } })
    );
    let after = json!({ "period": "2026-01", "first": 2, "after": page["pageInfo"]["endCursor"] });
    let rest = operation(&world, &world.admin, "Allocations", after.clone()).await;
    assert_eq!((rest["edges"].as_array().unwrap().len(), &rest["pageInfo"]["hasNextPage"]), (1, &json!(false)));
    let reversed = done(&world, "ReverseAllocationRun", json!({ "input": { "id": "1", "reason": "wrong headcount" } })).await;
    assert_eq!(reversed["run"], json!({ "id": "1", "status": "REVERSED" }));
    // Whoever followed the lines gets them again with the other sign.
    let after = json!({ "period": "2026-01", "first": 10, "after": rest["pageInfo"]["endCursor"] });
    let told = operation(&world, &world.admin, "Allocations", after).await;
    let amounts: Vec<&Value> = told["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]["amount"]["amount"]).collect();
    assert_eq!(amounts, [&json!("-0.2004"), &json!("-0.501"), &json!("-0.3006")]);
    world.assert_verified().await;
}

async fn a_line_is_traced_to_the_charges_and_a_charge_to_where_it_ended(world: World) {
    teams(&world, &["network", "platform", "claims", "sales"]).await;
    world.book(&[cost("net-1", "network", "0.9"), cost("plat-1", "platform", "3"), cost("plat-2", "platform", "6")]).await;
    let to_platform = json!({ "order": 1, "pool": { "team": "network" }, "receivers": receivers(&["platform"]) });
    done(&world, "SaveAllocationRule", rule("network", "DIRECT", to_platform)).await;
    let weighted =
        json!([{ "kind": "TEAM", "costCenter": "claims", "weight": "33.3" }, { "kind": "TEAM", "costCenter": "sales", "weight": "66.7" }]);
    let on = json!({ "order": 2, "pool": { "team": "platform" }, "receivers": weighted });
    done(&world, "SaveAllocationRule", rule("platform", "FIXED_PERCENT", on)).await;
    run(&world, "k").await;
    // 9.9: claims 33.3 percent.
    assert_eq!(borne(&world).await, ["claims 3.2967", "sales 6.6033"]);
    let query = "{ allocations(period: \"2026-01\", first: 10) { nodes { rule to { code } amount { amount } share unrounded pool { amount }
        fedBy { rule from { code } amount { amount } sourceEntries(first: 10) { nodes { charge { externalId } } } }
        sourceEntries(first: 10) { nodes { charge { externalId } } } } } }";
    let data = world.graphql(query, json!({})).await;
    let claims = data["allocations"]["nodes"].as_array().unwrap().iter().find(|line| line["to"]["code"] == "claims").unwrap();
    assert_eq!([&claims["share"], &claims["unrounded"], &claims["pool"]["amount"]], [&json!("0.333"), &json!("3.2967"), &json!("9.9")]);
    let ids = |line: &Value| -> Vec<String> {
        let nodes = line["sourceEntries"]["nodes"].as_array().unwrap().iter();
        nodes.map(|entry| entry["charge"]["externalId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(claims), ["plat-1", "plat-2"]);
    let fed = claims["fedBy"].as_array().unwrap();
    assert_eq!((fed.len(), &fed[0]["rule"], &fed[0]["amount"]["amount"]), (1, &json!("network"), &json!("0.9")));
    assert_eq!(ids(&fed[0]), ["net-1"]);
    // Forward: the 0.9 of the network went to the platform, and on in its proportions.
    let query = "{ chargeTrace(source: \"gateway\", externalId: \"net-1\") { runs { id } destinations { account { code } costCenters { code } amount } } }";
    let trace = world.graphql(query, json!({})).await["chargeTrace"].take();
    let ended = |ended: &Value| {
        let center = ended["costCenters"][0]["code"].as_str().unwrap().to_owned();
        format!("{} {center} {}", ended["account"]["code"].as_str().unwrap(), ended["amount"].as_str().unwrap())
    };
    let destinations: Vec<String> = trace["destinations"].as_array().unwrap().iter().map(ended).collect();
    assert_eq!(destinations, ["5050 claims 0.2997", "5050 sales 0.6003"]);
    assert_eq!(trace["runs"], json!([{ "id": "1" }]));
}

async fn drivers_that_the_books_compute(world: World) {
    teams(&world, &["platform", "claims", "sales"]).await;
    // 1,000 and 500 tokens for claims, 4,500 for sales; claims costs 1 and 2 dollars, sales 1.
    let used = |id: &str, team: &str, input: i64, dollars: &str| {
        charge(id).model("acme", "m").team(team).tokens(input, 0).with("reportedCost", json!({ "amount": dollars, "currency": "USD" }))
    };
    world
        .book(&[
            used("a", "claims", 1_000, "1"),
            used("b", "claims", 500, "2"),
            used("c", "sales", 4_500, "1"),
            cost("p", "platform", "12"),
        ])
        .await;
    let by = async |driver: &str| {
        let more = json!({ "pool": { "team": "platform" }, "driver": driver, "receiverKind": "TEAM" });
        let method = if driver == "direct_cost" { "COST_WEIGHTED" } else { "DRIVER" };
        done(&world, "SaveAllocationRule", rule("p", method, more)).await;
        let preview = operation(&world, &world.admin, "PreviewAllocation", json!({ "period": "2026-01" })).await;
        let line = |line: &Value| format!("{} {}", line["to"]["code"].as_str().unwrap(), line["amount"]["amount"].as_str().unwrap());
        preview["lines"].as_array().unwrap().iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(by("tokens").await, ["claims 3", "sales 9"]);
    assert_eq!(by("charges").await, ["claims 8", "sales 4"]);
    assert_eq!(by("direct_cost").await, ["claims 9", "sales 3"]);
    // Two hours for claims and one for sales.
    let hours = |id: &str, team: &str, hours: &str| {
        json!({ "source": "hr", "externalId": id, "workedOn": "2026-01-12", "person": "pia", "role": "engineer",
        "hours": hours, "team": team })
    };
    let worked = json!({ "entries": [hours("h1", "claims", "2"), hours("h2", "sales", "1")] });
    world.save("recordTimeEntries", "RecordTimeEntriesInput", worked).await;
    assert_eq!(by("hours").await, ["claims 8", "sales 4"]);
    assert_eq!(by("direct_cost").await, ["claims 9", "sales 3"]);
    // Three tickets of claims and one of sales; what sales counts in another unit is not added to them.
    let output = |id: &str, team: &str, unit: &str, quantity: &str| json!({ "source": "desk", "externalId": id, "producedOn": "2026-01-12", "unit": unit, "quantity": quantity, "team": team });
    let produced = [
        output("o1", "claims", "ticket_resolved", "3"),
        output("o2", "sales", "ticket_resolved", "1"),
        output("o3", "sales", "conversation", "50"),
    ];
    world.save("recordOutputs", "RecordOutputsInput", json!({ "outputs": produced })).await;
    assert_eq!(by("outputs:ticket_resolved").await, ["claims 9", "sales 3"]);
    // The quantities are kept with the run, so that it can be performed again when more was counted since.
    run(&world, "k").await;
    world.book(&[used("d", "sales", 1, "7")]).await;
    let data = world.graphql("{ allocationRun(id: \"1\") { performedAgain { isSame } } }", json!({})).await;
    assert_eq!(data["allocationRun"]["performedAgain"]["isSame"], true);
}

async fn a_limited_token_follows_what_its_centers_receive(world: World) {
    teams(&world, &["platform", "claims", "sales"]).await;
    world.book(&[cost("p", "platform", "10")]).await;
    let even = json!({ "pool": { "team": "platform" }, "receivers": receivers(&["claims", "sales"]) });
    done(&world, "SaveAllocationRule", rule("p", "EVEN", even)).await;
    run(&world, "k").await;
    let scope = Scope { teams: ["claims".to_owned()].into(), ..Scope::default() };
    let limited = world.token("main", Role::Analyst, Some(scope));
    let page = operation(&world, &limited, "Allocations", json!({ "period": "2026-01", "first": 10 })).await;
    let nodes: Vec<&Value> = page["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]["to"]["code"]).collect();
    assert_eq!(nodes, [&json!("claims")]);
    assert_eq!(world.graphql_error(&limited, "{ previewAllocation(period: \"2026-01\") { hash } }", json!({})).await, "FORBIDDEN");
    let none = world.graphql_error(&limited, "{ allocations(period: \"2026-01\") { nodes { run { pools { step } } } } }", json!({})).await;
    assert_eq!(none, "FORBIDDEN");
}

/// Runs and reversals go on while somebody follows by cursor: at the end it has every line, once, in order.
async fn followers_never_skip_a_line(world: World) {
    teams(&world, &["platform", "claims", "sales"]).await;
    world.book(&[cost("p", "platform", "10")]).await;
    let even = json!({ "pool": { "team": "platform" }, "receivers": receivers(&["claims", "sales"]) });
    done(&world, "SaveAllocationRule", rule("p", "EVEN", even)).await;
    let rounds = 6;
    let posting = async {
        for round in 0..rounds {
            let posted = run(&world, &format!("k{round}")).await;
            done(&world, "ReverseAllocationRun", json!({ "input": { "id": posted["id"] } })).await;
        }
    };
    let following = async {
        let (mut cursor, mut seen) = (Value::Null, Vec::new());
        while seen.len() < rounds * 4 {
            let page = operation(&world, &world.admin, "Allocations", json!({ "period": "2026-01", "first": 3, "after": cursor })).await;
            for edge in page["edges"].as_array().unwrap() {
                seen.push((edge["node"]["run"]["id"].as_str().unwrap().parse::<usize>().unwrap(), edge["node"]["to"]["code"].clone()));
                cursor = edge["cursor"].clone();
            }
            tokio::task::yield_now().await;
        }
        seen
    };
    let ((), seen) = tokio::join!(posting, following);
    let expected: Vec<_> = (1..=rounds * 2).flat_map(|run| [(run, json!("claims")), (run, json!("sales"))]).collect();
    assert_eq!(seen, expected);
}
