//! The whole company: every figure of January to March 2026 worked by hand from the facts of `company` and `other_half`, and asserted by client, by
//! project and by month, account by account, by unit, and against the trial balance.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use super::company::{self, company, margin, rows};
use super::other_half::{other_half, spread_february, whole, with};
use crate::harness::World;

on_both_engines!(
    the_whole_company_by_client_and_by_month,
    the_whole_company_by_project,
    the_whole_company_ties_to_the_trial_balance,
    a_clients_whole_margin_falls_account_by_account,
    a_unit_of_two_months_with_a_corrected_count,
    shared_cost_moves_the_gross_margin_and_not_the_contribution,
    a_rebill_is_revenue_once,
    what_is_earned_and_not_yet_due_waits,
);

fn quarter(more: &Value) -> Value {
    with(json!({ "from": "2026-01-01", "to": "2026-04-01" }), more)
}

/// Fields of a row in one text.
fn told(row: &Value, fields: &[&str]) -> String {
    fields.iter().map(|field| row[*field].as_str().unwrap_or("-")).collect::<Vec<_>>().join(" ")
}

async fn the_whole_company_by_client_and_by_month(mut world: World) {
    whole(&mut world).await;
    let report = margin(&world, &world.admin, quarter(&json!({ "groupBy": ["CLIENT"], "interval": "MONTH" }))).await;
    let expected = [
        "2026-01 -: revenue 0 ai 0 labor 0 contribution 0 -% allocated 0 gross 0 -% ai share -% hours 0 at -",
        // 1,250 of r1, r3 and r4, 225 of u1, 16 of s1, 79.375 rebilled; 20 + 9 + 4.50; 200 + 150 + 150; 1,036.875 and 1,006.875 of 1,570.375
        "2026-01 gearpeak: revenue 1570.375 ai 33.5 labor 500 contribution 1036.875 66.03% allocated 30 gross 1006.875 64.12% ai share 5.94% hours 4.5 at 118.555555556",
        // 160 of f1 and 1.50 rebilled against 541.20: the audit began before it earned; 541.20 / 6
        "2026-01 initech: revenue 161.5 ai 1.2 labor 540 contribution -379.7 -235.11% allocated 0 gross -379.7 -235.11% ai share 0.22% hours 6 at 90.2",
        // 120 of r2, 310 of w1, 40 rebilled; 418 and 388 of 470
        "2026-01 northwind: revenue 470 ai 2 labor 50 contribution 418 88.94% allocated 30 gross 388 82.55% ai share 2.44% hours 0.5 at 104",
        "2026-02 -: revenue 0 ai 0 labor 0 contribution 0 -% allocated 0 gross 0 -% ai share -% hours 0 at -",
        // 1,000 of r5, 28 of s1; 10; 320 + 220; 478 and 455.50 of 1,028; 10 / 572.50; 550 / 4
        "2026-02 gearpeak: revenue 1028 ai 10 labor 540 contribution 478 46.5% allocated 22.5 gross 455.5 44.31% ai share 1.75% hours 4 at 137.5",
        // 280 of f1, 1,500 of m1; 1,411 of 1,780; 9 / 369; 369 / 4
        "2026-02 initech: revenue 1780 ai 9 labor 360 contribution 1411 79.27% allocated 0 gross 1411 79.27% ai share 2.44% hours 4 at 92.25",
        // 280 of w1 without any work; 257.50 of 280
        "2026-02 northwind: revenue 280 ai 0 labor 0 contribution 280 100% allocated 22.5 gross 257.5 91.96% ai share 0% hours 0 at -",
        "2026-03 gearpeak: revenue 15 ai 0 labor 0 contribution 15 100% allocated 0 gross 15 100% ai share -% hours 0 at -",
        "2026-03 initech: revenue 150 ai 0 labor 0 contribution 150 100% allocated 0 gross 150 100% ai share -% hours 0 at -",
    ];
    assert_eq!(rows(&report), expected);
    // January without a client: the platform's 60 and 4 of development; 60 allocated out, 550 + 540 applied, and of delivery 760 paid, 220 of
    // variance, 220 more taken out of 6790: -60 - 1,090 + 760.
    let below = ["operatingAi", "operatingExpense", "net"];
    assert_eq!(told(&report["rows"][0], &below), "64 -390 326");
    // February: 45 of the platform; 45 allocated out, 540 + 360 applied.
    assert_eq!(told(&report["rows"][4], &below), "45 -945 900");
    let months = margin(&world, &world.admin, quarter(&json!({ "groupBy": [], "interval": "MONTH" }))).await;
    let lines = [
        "period",
        "revenue",
        "directAi",
        "appliedLabor",
        "contributionMargin",
        "allocated",
        "grossMargin",
        "grossMarginPercent",
        "net",
        "hours",
    ];
    let by_month: Vec<String> = months["rows"].as_array().unwrap().iter().map(|row| told(row, &lines)).collect();
    let expected = [
        // 1,570.375 + 161.50 + 470; 33.50 + 1.20 + 2; 500 + 540 + 50; 60; 1,015.175 / 2,201.875; - 64 + 390
        "2026-01 2201.875 36.7 1090 1075.175 60 1015.175 46.11 1341.175 11",
        // 1,028 + 1,780 + 280; 19; 900; 45; 2,124 / 3,088; - 45 + 945
        "2026-02 3088 19 900 2169 45 2124 68.78 3024 8",
        "2026-03 165 0 0 165 0 165 100 165 0",
    ];
    assert_eq!(by_month, expected);
    world.assert_verified().await;
}

/// What only a client bears or pays (the rebill, the allocated platform) has no project.
async fn the_whole_company_by_project(mut world: World) {
    whole(&mut world).await;
    let report = margin(&world, &world.admin, quarter(&json!({ "groupBy": ["PROJECT"] }))).await;
    let fields = [
        "revenue",
        "directAi",
        "appliedLabor",
        "contributionMargin",
        "allocated",
        "grossMargin",
        "operatingAi",
        "operatingExpense",
        "net",
        "hours",
    ];
    let by_project: Vec<String> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{}: {}", row["keys"][0]["code"].as_str().unwrap_or("-"), told(row, &fields)))
        .collect();
    let expected = [
        // 79.375 + 40 + 1.50; 60 + 45; 64 + 45; -390 - 945
        "-: 120.875 0 0 120.875 105 15.875 109 -1335 1241.875 0",
        // 590 of f1, 1,500 of m1; 1.20 + 9; 540 + 360
        "audit: 2090 10.2 900 1179.8 0 1179.8 0 0 1179.8 10",
        // 120 of r2, 300 of r3, 590 of w1, 59 of s1; 4.50 + 2; 150 + 50 + 320
        "claims: 1069 6.5 520 542.5 0 542.5 0 0 542.5 3.5",
        // 1,000 - 50 + 225 + 1,000; 20 + 9 + 10; 200 + 150 + 220
        "helpdesk: 2175 39 570 1566 0 1566 0 0 1566 5.5",
    ];
    assert_eq!(by_project, expected);
    let total = &report["totals"][0];
    // 120.875 + 2,090 + 1,069 + 2,175, and so on down the columns
    assert_eq!(told(total, &fields), "5454.875 55.7 1990 3409.175 105 3304.175 109 -1335 4530.175 19");
    // 3,409.175 and 3,304.175 of 5,454.875
    assert_eq!([&total["contributionMarginPercent"], &total["grossMarginPercent"]], ["62.5", "60.57"]);
}

/// Debits less credits of the first quarter, account by account, as the facts say.
async fn the_whole_company_ties_to_the_trial_balance(mut world: World) {
    whole(&mut world).await;
    let query = "{ trialBalance(asOf: \"2026-03-31\") { rows { account { code } debit credit } totals { debit credit } } }";
    let balance = world.graphql(query, json!({})).await["trialBalance"].take();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |row: &Value| format!("{} {} {}", text(&row["account"]["code"]), text(&row["debit"]), text(&row["credit"]));
    let by_account: Vec<String> = balance["rows"].as_array().unwrap().iter().map(row).collect();
    let expected = [
        // Revenue of 5,504.875, and 50 taken back
        "1150 5504.875 50",
        // All AI: 55.70 + 109
        "2100 0 164.7",
        "2400 0 760",
        // 5,504.875 less the rebill
        "4000 50 5384",
        "4100 0 120.875",
        "5000 55.7 0",
        // 540 + 550 in January; 320 + 330 + 360 in February, and the hour of 110 taken back
        "5020 2100 110",
        "5050 105 0",
        "6000 109 0",
        // What the platform gave away
        "6590 0 105",
        "6700 760 0",
        // The same hours on the other side, and 220 of the true-up
        "6790 110 2320",
        "6795 220 0",
    ];
    assert_eq!(by_account, expected);
    // 5,504.875 + 50 + 55.70 + 2,100 + 105 + 109 + 760 + 110 + 220
    assert_eq!([&balance["totals"][0]["debit"], &balance["totals"][0]["credit"]], ["9014.575", "9014.575"]);
    let report = margin(&world, &world.admin, quarter(&json!({ "groupBy": ["CLIENT", "PROJECT"], "interval": "DAY" }))).await;
    let control = |class: &str, amount: &str| json!({ "class": class, "control": { "currency": "USD", "report": amount, "trialBalance": amount, "difference": "0" } });
    // 55.70 + 1,990 + 105; 109 - 105 + 760 - 2,210 + 220
    let controls = json!([control("REVENUE", "-5454.875"), control("COST_OF_REVENUE", "2150.7"), control("OPERATING_EXPENSE", "-1226")]);
    assert_eq!(report["controls"], controls);
    world.assert_verified().await;
}

async fn a_clients_whole_margin_falls_account_by_account(mut world: World) {
    whole(&mut world).await;
    let query = "{ marginWaterfall(from: \"2026-01-01\", to: \"2026-04-01\", filter: { clients: [\"gearpeak\"] }) {
        currency contributionMargin grossMargin net steps { line account { code } amount running } } }";
    let waterfall = world.graphql(query, json!({})).await["marginWaterfall"][0].take();
    let step = |step: &Value| {
        format!("{} {} {}", told(step, &["line"]), step["account"]["code"].as_str().unwrap(), told(step, &["amount", "running"]))
    };
    let steps: Vec<String> = waterfall["steps"].as_array().unwrap().iter().map(step).collect();
    let expected = [
        // 1,491 + 1,028 + 15
        "REVENUE 4000 2534 2534",
        "REVENUE 4100 79.375 2613.375",
        // 33.50 + 10
        "DIRECT_AI 5000 -43.5 2569.875",
        // 500 + 540
        "APPLIED_LABOR 5020 -1040 1529.875",
        // 30 + 22.50
        "ALLOCATED 5050 -52.5 1477.375",
    ];
    assert_eq!(steps, expected);
    assert_eq!(told(&waterfall, &["contributionMargin", "grossMargin", "net"]), "1529.875 1477.375 1477.375");
}

/// Tickets of the helpdesk: 90 in January worth 450, 40 - 4 in February worth 180. AI of January is 20 + 9 and 4 of development, of February 10.
async fn a_unit_of_two_months_with_a_corrected_count(mut world: World) {
    whole(&mut world).await;
    let query = "query U($interval: Interval) { unitEconomics(from: \"2026-01-01\", to: \"2026-04-01\", feature: \"answers\", unit: \"ticket_resolved\", interval: $interval) {
        rows { period units aiCost laborCost fullCost costPerUnit costPerUnitBefore valuePerUnit efficiencyRatio chargesPerUnit breakEvenPrice(marginPercent: \"20\")
               contributionPerActiveClient } } }";
    let fields = [
        "period",
        "units",
        "aiCost",
        "laborCost",
        "fullCost",
        "costPerUnit",
        "costPerUnitBefore",
        "valuePerUnit",
        "efficiencyRatio",
        "chargesPerUnit",
        "breakEvenPrice",
        "contributionPerActiveClient",
    ];
    let read = async |interval: Value| -> Vec<String> {
        let data = world.graphql(query, json!({ "interval": interval })).await;
        data["unitEconomics"]["rows"].as_array().unwrap().iter().map(|row| told(row, &fields)).collect()
    };
    let by_month = [
        // 383 / 90; 450 / 383; 3 / 90; 383 / 90 / 0.8; 950 + 225 - 33 - 350
        "2026-01 90 33 350 383 4.255555556 - 5 1.1749 0.0333 5.319444444 792",
        // 230 / 36; 180 / 230; 1 / 36; 230 / 36 / 0.8; 1,000 - 10 - 220
        "2026-02 36 10 220 230 6.388888889 4.255555556 5 0.7826 0.0278 7.986111111 770",
    ];
    assert_eq!(read(json!("MONTH")).await, by_month);
    // 613 / 126; 630 / 613; 4 / 126; 613 / 126 / 0.8; 2,175 - 43 - 570
    assert_eq!(read(Value::Null).await, ["- 126 43 570 613 4.865079365 - 5 1.0277 0.0317 6.081349206 1562"]);
    // 12 documents of the audit: 10.20 of AI and 900 of labor, 910.20 / 12.
    let documents = "{ unitEconomics(from: \"2026-01-01\", to: \"2026-04-01\", unit: \"document_processed\") { rows { feature units fullCost costPerUnit valuePerUnit } } }";
    let row = world.graphql(documents, json!({})).await["unitEconomics"]["rows"][0].take();
    assert_eq!(told(&row, &["feature", "units", "fullCost", "costPerUnit", "valuePerUnit"]), "review 12 910.2 75.85 -");
}

async fn shared_cost_moves_the_gross_margin_and_not_the_contribution(mut world: World) {
    company(&mut world).await;
    other_half(&mut world).await;
    let february = async || {
        let report = margin(&world, &world.admin, json!({ "from": "2026-02-01", "to": "2026-03-01", "groupBy": ["CLIENT"] })).await;
        let fields = ["contributionMargin", "allocated", "grossMargin", "operatingAi", "operatingExpense", "net"];
        let rows: Vec<String> = report["rows"].as_array().unwrap().iter().map(|row| told(row, &fields)).collect();
        (rows, told(&report["totals"][0], &fields))
    };
    let (rows, total) = february().await;
    assert_eq!(rows, ["0 0 0 45 -900 855", "478 0 478 0 0 478", "1411 0 1411 0 0 1411", "280 0 280 0 0 280"]);
    assert_eq!(total, "2169 0 2169 45 -900 3024");
    spread_february(&world).await;
    let (rows, total) = february().await;
    // 45 / 2 each; what the clients bear more, the platform bears less.
    assert_eq!(rows, ["0 0 0 45 -945 900", "478 22.5 455.5 0 0 455.5", "1411 0 1411 0 0 1411", "280 22.5 257.5 0 0 257.5"]);
    assert_eq!(total, "2169 45 2124 45 -945 3024", "the company as a whole earns the same");
}

/// The entry of the posted statement is all the revenue of a rebill: its cost stays where the usage was, and nothing is left to charge.
async fn a_rebill_is_revenue_once(mut world: World) {
    whole(&mut world).await;
    let january = margin(&world, &world.admin, json!({ "groupBy": ["CLIENT"] })).await;
    let both = |row: &Value| told(row, &["revenue", "directAi", "allocated"]);
    let rows: Vec<String> = january["rows"].as_array().unwrap().iter().map(both).collect();
    assert_eq!(rows, ["0 0 0", "1570.375 33.5 30", "161.5 1.2 0", "470 2 30"]);
    // (33.50 + 30 + 1.20 + 2 + 30) x 1.25
    assert_eq!(world.account("4100").await, Some(("0".to_owned(), "120.875".to_owned())));
    let again = crate::chargeback::drafted(&world, crate::chargeback::input("CLIENT")).await;
    assert_eq!(again, Vec::<Value>::new(), "all of January is charged");
    let recorded = world.graphql("{ revenueEntries { nodes { externalId } } }", json!({})).await;
    let ids: Vec<&str> =
        recorded["revenueEntries"]["nodes"].as_array().unwrap().iter().map(|node| node["externalId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["r1", "r2", "r3", "r4", "r5", "f1", "m1", "w1", "u1", "s1"], "no rebill is among what was handed in");
}

/// Of w1 the 31 days of March are earned on the 31st.
async fn what_is_earned_and_not_yet_due_waits(mut world: World) {
    whole(&mut world).await;
    let waiting = world.graphql("{ waitingRevenue { parts amounts { amount currency } } }", json!({})).await["waitingRevenue"].take();
    assert_eq!(waiting, json!({ "parts": "1", "amounts": [{ "amount": "310", "currency": "USD" }] }));
    world.set_clock("2026-04-01T12:00:00Z");
    world.admin = world.token("main", Role::Admin, None);
    world.save("recognizeRevenue", "RecognizeRevenueInput", json!({ "through": "2026-03-31" })).await;
    let report = company::margin(&world, &world.admin, json!({ "from": "2026-03-01", "to": "2026-04-01", "groupBy": ["CLIENT"] })).await;
    let revenue: Vec<String> = report["rows"].as_array().unwrap().iter().map(|row| told(row, &["revenue"])).collect();
    assert_eq!(revenue, ["15", "150", "310"]);
    world.assert_verified().await;
}
