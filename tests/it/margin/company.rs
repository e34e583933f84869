//! January of a made-up company: two clients, three projects, three persons, one shared platform. `other_half` adds the rest.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::allocation::{cost, done, rule};
use crate::harness::{Charge, World, charge};

const MARGIN: &str = "query M($from: Date!, $to: Date!, $groupBy: [MarginDimension!]!, $interval: Interval, $inReportingCurrency: Boolean) {
    margin(from: $from, to: $to, groupBy: $groupBy, interval: $interval, inReportingCurrency: $inReportingCurrency) {
    leastPersons rows { ...row } totals { ...row } controls { class control { currency report trialBalance difference } } } }
    fragment row on MarginRow { period keys { dimension code } currency revenue directAi appliedLabor otherCost contributionMargin contributionMarginPercent allocated
    grossMargin grossMarginPercent aiShareOfCogs operatingAi operatingExpense net hours effectiveCostPerHour }";

fn variables(query: Value) -> Value {
    let mut variables = json!({ "from": "2026-01-01", "to": "2026-02-01", "inReportingCurrency": false });
    variables.as_object_mut().unwrap().extend(query.as_object().unwrap().clone());
    variables
}

/// The statement of January 2026, or of what the query says.
pub async fn margin(world: &World, token: &str, query: Value) -> Value {
    world.graphql_as(token, MARGIN, variables(query)).await["margin"].take()
}

pub async fn margin_error(world: &World, token: &str, query: Value) -> String {
    world.graphql_error(token, MARGIN, variables(query)).await
}

/// Rows in words.
pub fn rows(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let row = |row: &Value| {
        let field = |name: &str| text(&row[name]);
        format!(
            "{} {}: revenue {} ai {} labor {} contribution {} {}% allocated {} gross {} {}% ai share {}% hours {} at {}",
            field("period"),
            text(&row["keys"][0]["code"]),
            field("revenue"),
            field("directAi"),
            field("appliedLabor"),
            field("contributionMargin"),
            field("contributionMarginPercent"),
            field("allocated"),
            field("grossMargin"),
            field("grossMarginPercent"),
            field("aiShareOfCogs"),
            field("hours"),
            field("effectiveCostPerHour")
        )
    };
    report["rows"].as_array().unwrap().iter().map(row).collect()
}

pub fn used(id: &str, model: &str, tokens: (i64, i64), owner: [&str; 3]) -> Charge {
    let [project, client, feature] = owner;
    charge(id).model("openai", model).tokens(tokens.0, tokens.1).team("search").project(project).client(client).feature(feature)
}

pub fn hours(id: &str, person: (&str, &str), day: &str, hours: &str, owner: [&str; 3]) -> Value {
    let [project, client, feature] = owner;
    json!({ "source": "hr", "externalId": id, "workedOn": day, "person": person.0, "role": person.1, "hours": hours,
        "team": "search", "project": project, "client": client, "feature": feature, "billable": true })
}

pub async fn work(world: &World, entries: Value) {
    world.save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": entries })).await;
}

pub async fn revenue(world: &World, entries: Value) {
    world.save("recordRevenue", "RecordRevenueInput", json!({ "entries": entries })).await;
}

pub fn earned(id: &str, day: &str, amount: &str, owner: [&str; 3]) -> Value {
    let [project, client, feature] = owner;
    json!({ "source": "erp", "externalId": id, "earnedOn": day, "amount": amount, "currency": "USD", "project": project, "client": client,
        "feature": feature, "memo": "as agreed" })
}

pub fn produced(id: &str, day: &str, quantity: &str, value: &str) -> Value {
    json!({ "source": "desk", "externalId": id, "producedOn": day, "unit": "ticket_resolved", "quantity": quantity, "value": value, "currency": "USD",
        "feature": "answers", "project": "helpdesk", "client": "gearpeak", "team": "search" })
}

pub const HELP: [&str; 3] = ["helpdesk", "gearpeak", "answers"];
pub const CLAIMS: [&str; 3] = ["claims", "gearpeak", "summaries"];
pub const NORTH: [&str; 3] = ["claims", "northwind", "summaries"];
pub const MIA: (&str, &str) = ("mia", "engineer");
const LEO: (&str, &str) = ("leo", "engineer");
pub const ADA: (&str, &str) = ("ada", "lead");

/// January 2026. gpt-4o costs 2.50 in and 10.00 out a million tokens, gpt-4o-mini 0.15 and 0.60; an engineer's hour 100, a lead's 150.
pub async fn company(world: &mut World) {
    world.set_clock("2026-02-28T12:00:00Z");
    // The token of January has expired by then.
    world.admin = world.token("main", Role::Admin, None);
    let center = |kind: &str, code: &str| json!({ "kind": kind, "code": code, "name": code });
    let mut helpdesk = center("PROJECT", "helpdesk");
    helpdesk["parent"] = json!("care");
    let centers = json!([
        center("TEAM", "search"),
        center("TEAM", "platform"),
        center("PROJECT", "care"),
        helpdesk,
        center("PROJECT", "claims"),
        center("CLIENT", "gearpeak"),
        center("CLIENT", "northwind"),
        center("CLIENT", "initech")
    ]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": centers })).await;
    let rate = |role: &str, cost: &str, from: &str| json!({ "role": role, "costPerHour": cost, "currency": "USD", "effectiveFrom": from });
    let rates = json!([rate("engineer", "100", "2026-01-01"), rate("lead", "150", "2026-01-01"), rate("engineer", "110", "2026-02-01")]);
    world.save("saveLaborRates", "SaveLaborRatesInput", json!({ "rates": rates })).await;
    let development = charge("a5").tokens(800_000, 200_000).team("search").feature("answers").with("environment", "development");
    let charges = [
        used("a1", "gpt-4o", (4_000_000, 1_000_000), HELP),
        used("a2", "gpt-4o", (2_000_000, 400_000), HELP),
        used("a3", "gpt-4o-mini", (10_000_000, 5_000_000), CLAIMS),
        used("a4", "gpt-4o", (400_000, 100_000), NORTH),
        development,
        cost("a6", "platform", "60"),
    ];
    world.book(&charges).await;
    let worked = json!([
        hours("t1", MIA, "2026-01-05", "2", HELP),
        hours("t2", LEO, "2026-01-06", "1.5", HELP),
        hours("t3", ADA, "2026-01-12", "1", CLAIMS),
        hours("t4", MIA, "2026-01-12", "0.5", NORTH),
    ]);
    work(world, worked).await;
    let earnings = json!([
        earned("r1", "2026-01-05", "1000", HELP),
        earned("r2", "2026-01-05", "120", NORTH),
        earned("r3", "2026-01-20", "300", CLAIMS),
        earned("r4", "2026-01-31", "-50", HELP),
    ]);
    revenue(world, earnings).await;
    let outputs = json!([
        produced("o1", "2026-01-10", "80", "400"),
        produced("o2", "2026-01-20", "20", "100"),
        produced("o3", "2026-01-10", "-10", "-50"),
    ]);
    world.save("recordOutputs", "RecordOutputsInput", json!({ "outputs": outputs })).await;
    let clients = json!([{ "kind": "CLIENT", "costCenter": "gearpeak" }, { "kind": "CLIENT", "costCenter": "northwind" }]);
    let share = json!({ "receivers": clients, "pool": { "accounts": ["6000"], "team": "platform" } });
    done(world, "SaveAllocationRule", rule("share", "EVEN", share)).await;
    let run = json!({ "input": { "idempotencyKey": "january", "period": "2026-01" } });
    done(world, "RunAllocation", run).await;
}

/// February for gearpeak: 8,000,000 tokens in and 2,000,000 out, 3 hours at 110, 1,000 earned.
pub async fn february(world: &World) {
    world.book(&[used("a7", "gpt-4o", (8_000_000, 2_000_000), HELP).on("2026-02-05T10:00:00Z")]).await;
    work(world, json!([hours("t5", MIA, "2026-02-05", "3", HELP)])).await;
    revenue(world, json!([earned("r5", "2026-02-05", "1000", HELP)])).await;
}
