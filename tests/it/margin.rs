//! The blended margin of a made-up company, every figure worked by hand; its tie to the trial balance; unit economics, flux and targets.

mod company;
mod other_half;
mod persons;
mod worked;

use serde_json::{Value, json};

use crate::allocation::rule;
use crate::harness::World;
use company::{company, february, margin, rows};

on_both_engines!(
    the_statement_of_a_company_is_as_worked_by_hand,
    any_grouping_adds_up_to_the_trial_balance,
    a_clients_margin_falls_account_by_account,
    a_unit_costs_and_is_worth_what_the_books_say,
    a_margin_moves_by_revenue_models_hours_and_rates,
    cost_moved_within_its_account_is_shown_as_allocated,
    two_currencies_make_one_margin_at_the_rates_of_their_days,
    targets_are_met_or_missed,
    what_is_no_target_is_refused_with_its_place,
    clients_operations_work_as_they_are_sent,
);

const CONTRACT: &str = include_str!("contract/margin.graphql");

/// By client. gearpeak: 1,000 + 300 - 50 earned; AI 20 + 9 + 4.50; 5 hours less half for the other client make 200 + 150 + 150; half of the pool of 60.
async fn the_statement_of_a_company_is_as_worked_by_hand(mut world: World) {
    company(&mut world).await;
    let report = margin(&world, &world.admin, json!({ "groupBy": ["CLIENT"], "interval": "MONTH" })).await;
    let gearpeak = json!({ "period": "2026-01", "keys": [{ "dimension": "CLIENT", "code": "gearpeak" }], "currency": "USD",
        "revenue": "1250", "directAi": "33.5", "appliedLabor": "500", "otherCost": "0",
        // 1,250 - 33.50 - 500; 716.50 / 1,250
        "contributionMargin": "716.5", "contributionMarginPercent": "57.32", "allocated": "30",
        // 716.50 - 30; 686.50 / 1,250; 33.50 / 563.50; 533.50 / 4.5
        "grossMargin": "686.5", "grossMarginPercent": "54.92", "aiShareOfCogs": "5.94", "operatingAi": "0", "operatingExpense": "0",
        "net": "686.5", "hours": "4.5", "effectiveCostPerHour": "118.555555556" });
    assert_eq!(report["rows"][1], gearpeak);
    // 120 - 2 - 50; 68 / 120; 38 / 120; 2 / 82; 52 / 0.5
    assert_eq!(
        rows(&report)[2],
        "2026-01 northwind: revenue 120 ai 2 labor 50 contribution 68 56.67% allocated 30 gross 38 31.67% ai share 2.44% hours 0.5 at 104"
    );
    // Without a client: the pool of 60 and 4.00 of development are operating AI; 60 were allocated out, and 550 of labor applied.
    let without = &report["rows"][0];
    assert_eq!((&without["keys"][0]["code"], &without["grossMarginPercent"]), (&Value::Null, &Value::Null));
    assert_eq!([&without["operatingAi"], &without["operatingExpense"], &without["net"]], ["64", "-610", "546"]);
    // 1,370 - 35.50 - 550 - 60; 724.50 / 1,370
    let total = &report["totals"][0];
    assert_eq!([&total["revenue"], &total["directAi"], &total["appliedLabor"], &total["allocated"]], ["1370", "35.5", "550", "60"]);
    assert_eq!([&total["grossMargin"], &total["grossMarginPercent"], &total["net"], &total["hours"]], ["724.5", "52.88", "1270.5", "5"]);
    let control = |class: &str, amount: &str| json!({ "class": class, "control": { "currency": "USD", "report": amount, "trialBalance": amount, "difference": "0" } });
    let controls = json!([control("REVENUE", "-1370"), control("COST_OF_REVENUE", "645.5"), control("OPERATING_EXPENSE", "-546")]);
    assert_eq!(report["controls"], controls);
    world.assert_verified().await;
}

/// Every single dimension and every pair, whole and by interval, adds up to the totals, and they to the trial balance.
async fn any_grouping_adds_up_to_the_trial_balance(mut world: World) {
    company(&mut world).await;
    february(&world).await;
    let dimensions = ["CLIENT", "PROJECT", "TEAM", "SERVICE", "FEATURE"];
    let mut groupings: Vec<Vec<&str>> = vec![vec![]];
    for (position, first) in dimensions.iter().enumerate() {
        groupings.push(vec![first]);
        groupings.extend(dimensions[position + 1..].iter().map(|second| vec![*first, *second]));
    }
    let whole = margin(&world, &world.admin, json!({ "to": "2026-03-01", "groupBy": [] })).await["totals"].take();
    for grouping in groupings {
        for interval in [None, Some("DAY"), Some("WEEK"), Some("MONTH"), Some("QUARTER")] {
            let report = margin(&world, &world.admin, json!({ "to": "2026-03-01", "groupBy": grouping, "interval": interval })).await;
            assert_eq!(report["totals"], whole, "{grouping:?} {interval:?}");
            for field in ["revenue", "directAi", "appliedLabor", "allocated", "grossMargin", "net", "hours"] {
                let sum: i64 = report["rows"].as_array().unwrap().iter().map(|row| millionths(&row[field])).sum();
                assert_eq!(sum, millionths(&whole[0][field]), "{field} of {grouping:?} {interval:?}");
            }
            for tie in report["controls"].as_array().unwrap() {
                assert_eq!(tie["control"]["difference"], "0", "{grouping:?} {interval:?}");
            }
        }
    }
    let services = margin(&world, &world.admin, json!({ "groupBy": ["SERVICE"] })).await;
    let revenue: Vec<_> = services["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["keys"][0]["code"].as_str(), row["revenue"].as_str().unwrap()))
        .collect();
    assert_eq!(revenue, [(None, "0"), (Some("care"), "950"), (Some("claims"), "420")], "helpdesk is a project of care");
    // A part of a month is read day by day: until the 10th, two revenues of the 5th.
    let part = margin(&world, &world.admin, json!({ "to": "2026-01-10", "groupBy": [] })).await;
    assert_eq!([&part["totals"][0]["revenue"], &part["totals"][0]["hours"]], ["1120", "3.5"]);
}

fn millionths(text: &Value) -> i64 {
    let text = text.as_str().unwrap();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<6}").parse().unwrap()
}

async fn a_clients_margin_falls_account_by_account(mut world: World) {
    company(&mut world).await;
    let query = "query W($filter: MarginFilter) { marginWaterfall(from: \"2026-01-01\", to: \"2026-02-01\", filter: $filter) {
        currency contributionMargin grossMargin net steps { line account { code } amount running } } }";
    let data = world.graphql(query, json!({ "filter": { "clients": ["gearpeak"] } })).await;
    let waterfall = &data["marginWaterfall"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let step = |step: &Value| {
        format!("{} {} {} {}", text(&step["line"]), text(&step["account"]["code"]), text(&step["amount"]), text(&step["running"]))
    };
    let steps: Vec<String> = waterfall["steps"].as_array().unwrap().iter().map(step).collect();
    let expected = ["REVENUE 4000 1250 1250", "DIRECT_AI 5000 -33.5 1216.5", "APPLIED_LABOR 5020 -500 716.5", "ALLOCATED 5050 -30 686.5"];
    assert_eq!(steps, expected);
    assert_eq!([&waterfall["contributionMargin"], &waterfall["grossMargin"], &waterfall["net"]], ["716.5", "686.5", "686.5"]);
    let unknown = world.graphql_error(&world.admin, query, json!({ "filter": { "clients": ["gearpaek"] } })).await;
    assert_eq!(unknown, "COST_CENTER_UNKNOWN");
}

/// 80 + 20 - 10 tickets are 90, worth 400 + 100 - 50. answers took 20 + 9 of the client's AI and 4 of development, and 350 of labor.
async fn a_unit_costs_and_is_worth_what_the_books_say(mut world: World) {
    company(&mut world).await;
    let query = "query U($feature: String, $unit: String!, $interval: Interval) { unitEconomics(from: \"2026-01-01\", to: \"2026-02-01\", feature: $feature, unit: $unit, interval: $interval) {
        rows { period feature units aiCost laborCost allocatedCost fullCost costPerUnit costPerUnitBefore valuePerUnit efficiencyRatio chargesPerUnit inputTokensPerUnit outputTokensPerUnit
               currency aiCostPerUnit breakEvenPrice withMargin: breakEvenPrice(marginPercent: \"20\") activeClients contributionPerActiveClient
               models { model aiCost aiCostPerUnit } }
        chargeCost { currency charges p50 p90 p95 p99 max } } }";
    let data = world.graphql(query, json!({ "feature": "answers", "unit": "ticket_resolved" })).await;
    let expected = json!({ "period": null, "feature": "answers", "units": "90", "aiCost": "33", "laborCost": "350", "allocatedCost": "0", "fullCost": "383",
        // 383 / 90; 450 / 90; 450 / 383
        "costPerUnit": "4.255555556", "costPerUnitBefore": null, "valuePerUnit": "5", "efficiencyRatio": "1.1749",
        // 3, 6,800,000 and 1,600,000 over 90
        "chargesPerUnit": "0.0333", "inputTokensPerUnit": "75555.5556", "outputTokensPerUnit": "17777.7778", "currency": "USD",
        // 33 / 90; 383 / 90 / 0.8
        "aiCostPerUnit": "0.366666667", "breakEvenPrice": "4.255555556", "withMargin": "5.319444444",
        // 950 - 33 - 350
        "activeClients": "1", "contributionPerActiveClient": "567",
        "models": [{ "model": "gpt-4o", "aiCost": "33", "aiCostPerUnit": "0.366666667" }] });
    assert_eq!(data["unitEconomics"]["rows"], json!([expected]));
    // 4, 9 and 20: half of three charges are two.
    let costs = json!({ "currency": "USD", "charges": "3", "p50": "9", "p90": "20", "p95": "20", "p99": "20", "max": "20" });
    assert_eq!(data["unitEconomics"]["chargeCost"], costs);
    let by_week = world.graphql(query, json!({ "unit": "ticket_resolved", "interval": "WEEK" })).await;
    let weeks: Vec<_> = by_week["unitEconomics"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["period"].as_str().unwrap(), row["units"].as_str().unwrap()))
        .collect();
    assert_eq!(
        weeks,
        [("2026-W02", "70"), ("2026-W04", "20"), ("2026-W05", "0")],
        "cost of the fifth is in the week of the tenth, a credit in the last"
    );
    let unknown = world.graphql_error(&world.admin, query, json!({ "unit": "tickets_resolved" })).await;
    assert_eq!(unknown, "OUTPUT_UNIT_UNKNOWN");
    let price = "{ unitEconomics(from: \"2026-01-01\", to: \"2026-02-01\", unit: \"ticket_resolved\") { rows { breakEvenPrice(marginPercent: \"100\") } } }";
    assert_eq!(world.graphql_error(&world.admin, price, json!({})).await, "MARGIN_TARGET_INVALID");
    let none = world.graphql(query, json!({ "unit": "document_processed" })).await;
    assert_eq!(none["unitEconomics"]["rows"], json!([]));
}

/// February beside January for gearpeak: 1,000 earned, 10,000,000 tokens for 40, 3 hours at 110.
async fn a_margin_moves_by_revenue_models_hours_and_rates(mut world: World) {
    company(&mut world).await;
    february(&world).await;
    let query = "query F($groupBy: [MarginDimension!]!) { marginFlux(fromBefore: \"2026-01-01\", toBefore: \"2026-02-01\", from: \"2026-02-01\", to: \"2026-03-01\", groupBy: $groupBy) {
        rows { keys { code } grossMarginBefore grossMargin difference revenue ai aiVolume aiMix aiPrice labor laborHours laborRate otherCost allocated } } }";
    let data = world.graphql(query, json!({ "groupBy": ["CLIENT"] })).await;
    let gearpeak = &data["marginFlux"]["rows"][1];
    let expected = json!({ "keys": [{ "code": "gearpeak" }], "grossMarginBefore": "686.5", "grossMargin": "630", "difference": "-56.5",
        "revenue": "-250", "ai": "6.5",
        // 22.4 million tokens became 10. gpt-4o: 29 x 10 / 22.4 - 29, gpt-4o-mini: 4.50 x 10 / 22.4 - 4.50
        "aiVolume": "-18.544642858",
        // gpt-4o: 29 x 10 / 7.4 - 29 x 10 / 22.4, gpt-4o-mini is gone: - 4.50 x 10 / 22.4
        "aiMix": "24.233832047",
        // 40 - 29 x 10 / 7.4
        "aiPrice": "0.810810811",
        // 500 x 3 / 4.5 - 500; 330 - 500 x 3 / 4.5
        "labor": "-170", "laborHours": "-166.666666667", "laborRate": "-3.333333333", "otherCost": "0", "allocated": "-30" });
    assert_eq!(*gearpeak, expected);
}

/// A rule that keeps the account moves the 4.50 of claims to its two clients evenly: gearpeak gives 2.25 of it to northwind.
async fn cost_moved_within_its_account_is_shown_as_allocated(mut world: World) {
    company(&mut world).await;
    let keep = json!({ "receivers": [{ "kind": "CLIENT", "costCenter": "gearpeak" }, { "kind": "CLIENT", "costCenter": "northwind" }],
        "posting": "KEEP_ACCOUNT", "order": 20, "pool": { "accounts": ["5000"], "client": "gearpeak", "model": "gpt-4o-mini" } });
    crate::allocation::done(&world, "SaveAllocationRule", rule("keep", "EVEN", keep)).await;
    let again = json!({ "input": { "idempotencyKey": "again", "period": "2026-01", "rules": ["keep"] } });
    crate::allocation::done(&world, "RunAllocation", again).await;
    let report = margin(&world, &world.admin, json!({ "groupBy": ["CLIENT"] })).await;
    let told =
        |row: &Value| ["directAi", "allocated", "contributionMargin", "grossMargin"].map(|field| row[field].as_str().unwrap().to_owned());
    // 30 - 4.50 + 2.25 allocated to one, 30 + 2.25 to the other; the direct cost and the contribution stay.
    assert_eq!(told(&report["rows"][1]), ["33.5", "27.75", "716.5", "688.75"]);
    assert_eq!(told(&report["rows"][2]), ["2", "32.25", "68", "35.75"]);
    assert_eq!(report["controls"][1]["control"]["difference"], "0");
    world.assert_verified().await;
}

/// 100 EUR at 1.10 are 110.
async fn two_currencies_make_one_margin_at_the_rates_of_their_days(mut world: World) {
    company(&mut world).await;
    let report = margin(&world, &world.admin, json!({ "groupBy": ["CLIENT"] })).await;
    assert_eq!(report["rows"].as_array().unwrap().len(), 3);
    let euros = json!({ "source": "erp", "externalId": "eur", "earnedOn": "2026-01-06", "amount": "100", "currency": "EUR", "client": "northwind" });
    company::revenue(&world, json!([euros])).await;
    let query = json!({ "groupBy": ["CLIENT"], "inReportingCurrency": true });
    assert_eq!(company::margin_error(&world, &world.admin, query.clone()).await, "REPORTING_CURRENCY_MISSING");
    world.save("setReportingCurrency", "SetReportingCurrencyInput", json!({ "currency": "USD" })).await;
    assert_eq!(company::margin_error(&world, &world.admin, query.clone()).await, "RATE_MISSING");
    let rates = json!([{ "from": "EUR", "to": "USD", "day": "2026-01-06", "rate": "1.10", "source": "ecb" }]);
    world.save("saveExchangeRates", "SaveExchangeRatesInput", json!({ "rates": rates })).await;
    let apart = margin(&world, &world.admin, json!({ "groupBy": ["CLIENT"] })).await;
    let revenue = |report: &Value| -> Vec<String> {
        let rows = report["rows"].as_array().unwrap().iter();
        rows.map(|row| {
            format!(
                "{} {} {}",
                row["keys"][0]["code"].as_str().unwrap_or("-"),
                row["revenue"].as_str().unwrap(),
                row["currency"].as_str().unwrap()
            )
        })
        .collect()
    };
    assert_eq!(revenue(&apart), ["- 0 USD", "gearpeak 1250 USD", "northwind 100 EUR", "northwind 120 USD"]);
    let together = margin(&world, &world.admin, query).await;
    assert_eq!(revenue(&together), ["- 0 USD", "gearpeak 1250 USD", "northwind 230 USD"]);
    assert_eq!(together["totals"].as_array().unwrap().len(), 1);
    // The trial balance is in its own currencies, and so is what ties to it.
    assert!(together["controls"].as_array().unwrap().iter().all(|tie| tie["control"]["difference"] == "0"));
}

const SAVE_TARGETS: &str = "mutation T($input: SaveMarginTargetsInput!) { saveMarginTargets(input: $input) { targets { id client feature value } userErrors { code message path } } }";

/// 54.92 percent where 55 were wanted; 56.67 where 50; a ticket for 4.26 where 4.50; and nothing is earned from a client without revenue.
async fn targets_are_met_or_missed(mut world: World) {
    company(&mut world).await;
    let margin = |measure: &str, client: &str, value: &str| json!({ "measure": measure, "client": client, "value": value, "effectiveFrom": "2026-01-01" });
    let cost = json!({ "measure": "COST_PER_UNIT", "feature": "answers", "unit": "ticket_resolved", "value": "4.50", "currency": "USD", "effectiveFrom": "2026-01-01" });
    let targets = json!([
        margin("GROSS_MARGIN_PERCENT", "gearpeak", "40"),
        margin("GROSS_MARGIN_PERCENT", "gearpeak", "55"),
        margin("CONTRIBUTION_MARGIN_PERCENT", "northwind", "50"),
        margin("GROSS_MARGIN_PERCENT", "initech", "10"),
        cost
    ]);
    let saved = world.graphql(SAVE_TARGETS, json!({ "input": { "targets": targets } })).await;
    assert_eq!(saved["saveMarginTargets"]["userErrors"], json!([]));
    assert_eq!(saved["saveMarginTargets"]["targets"][4], json!({ "id": "5", "client": null, "feature": "answers", "value": "4.5" }));
    let query =
        "query T($to: Date!) { marginTargets(from: \"2026-01-01\", to: $to) { target { client feature value } actual gap status } }";
    let data = world.graphql(query, json!({ "to": "2026-02-01" })).await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |result: &Value| {
        let target = &result["target"];
        let of = if target["client"].is_null() { &target["feature"] } else { &target["client"] };
        format!("{} {}: {} {} {}", text(of), text(&target["value"]), text(&result["actual"]), text(&result["gap"]), text(&result["status"]))
    };
    let told: Vec<String> = data["marginTargets"].as_array().unwrap().iter().map(line).collect();
    let expected = [
        "gearpeak 55: 54.92 -0.08 MISSED",
        "initech 10: - - NO_DATA",
        "northwind 50: 56.67 6.67 MET",
        "answers 4.5: 4.255555556 -0.244444444 MET",
    ];
    assert_eq!(told, expected);
    let before = world.graphql("{ marginTargets(from: \"2025-01-01\", to: \"2026-01-01\") { status } }", json!({})).await;
    assert_eq!(before["marginTargets"], json!([]), "no target held then");
}

async fn what_is_no_target_is_refused_with_its_place(mut world: World) {
    company(&mut world).await;
    let base = json!({ "measure": "GROSS_MARGIN_PERCENT", "client": "gearpeak", "value": "40", "effectiveFrom": "2026-01-01" });
    let cases = [
        (json!({ "feature": "answers" }), "MARGIN_TARGET_INVALID", "client"),
        (json!({ "client": null }), "MARGIN_TARGET_INVALID", "client"),
        (json!({ "client": "nobody" }), "COST_CENTER_UNKNOWN", "client"),
        (json!({ "unit": "ticket_resolved" }), "MARGIN_TARGET_INVALID", "unit"),
        (json!({ "measure": "COST_PER_UNIT" }), "MARGIN_TARGET_INVALID", "unit"),
        (
            json!({ "measure": "COST_PER_UNIT", "client": null, "feature": "answers", "unit": "tickets", "currency": "USD" }),
            "OUTPUT_UNIT_UNKNOWN",
            "unit",
        ),
        (json!({ "value": "100.01" }), "MARGIN_TARGET_INVALID", "value"),
        (json!({ "value": "forty" }), "AMOUNT_INVALID", "value"),
        (json!({ "effectiveTo": "2026-01-01" }), "MARGIN_TARGET_INVALID", "effectiveTo"),
        (json!({ "effectiveFrom": "2026-13-01" }), "DATE_INVALID", "effectiveFrom"),
    ];
    for (change, code, field) in cases {
        let mut target = base.clone();
        target.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = world.graphql(SAVE_TARGETS, json!({ "input": { "targets": [base, target] } })).await;
        let error = &answer["saveMarginTargets"]["userErrors"][0];
        assert_eq!((&error["code"], &error["path"]), (&json!(code), &json!(["targets", "1", field])), "{change}");
    }
    let data = world.graphql("{ marginTargets(from: \"2026-01-01\", to: \"2026-02-01\") { status } }", json!({})).await;
    assert_eq!(data["marginTargets"], json!([]), "all or nothing");
}

/// The whole file is validated with every operation.
async fn clients_operations_work_as_they_are_sent(mut world: World) {
    company(&mut world).await;
    let send = async |name: &str, variables: Value| {
        let body = json!({ "query": CONTRACT, "operationName": name, "variables": variables });
        let mut answer = world.post_graphql(&world.admin, &body).await.json();
        assert!(answer.get("errors").is_none(), "{name}: {answer:#}");
        answer["data"].as_object_mut().unwrap().values_mut().next().unwrap().take()
    };
    let time = json!({ "source": "hr", "externalId": "t9", "workedOn": "2026-01-07", "person": "leo", "role": "engineer", "hours": "1", "client": "gearpeak" });
    let done = json!({ "recorded": 1, "replayed": 0, "userErrors": [] });
    assert_eq!(send("RecordTimeEntries", json!({ "input": { "entries": [time] } })).await, done);
    let rate = json!({ "role": "engineer", "costPerHour": "100", "currency": "USD", "effectiveFrom": "2026-01-01" });
    assert_eq!(send("SaveLaborRates", json!({ "input": { "rates": [rate] } })).await["userErrors"], json!([]));
    let revenue =
        json!({ "source": "erp", "externalId": "r9", "earnedOn": "2026-01-08", "amount": "10", "currency": "USD", "client": "gearpeak" });
    assert_eq!(send("RecordRevenue", json!({ "input": { "entries": [revenue] } })).await, done);
    let output = json!({ "source": "desk", "externalId": "o9", "producedOn": "2026-01-10", "unit": "ticket_resolved", "quantity": "10", "feature": "answers" });
    assert_eq!(send("RecordOutputs", json!({ "input": { "outputs": [output] } })).await, done);
    let january = json!({ "from": "2026-01-01", "to": "2026-02-01", "groupBy": ["CLIENT", "PROJECT"], "interval": "MONTH", "unit": "ticket_resolved" });
    let margin = send("Margin", january.clone()).await;
    assert_eq!([&margin["totals"][0]["revenue"], &margin["totals"][0]["appliedLabor"]], ["1380", "650"]);
    let units = send("UnitEconomics", january).await;
    // 383 over 100 tickets, of which 90 have a value.
    assert_eq!([&units["rows"][0]["units"], &units["rows"][0]["costPerUnit"]], ["100", "3.83"]);
    assert_eq!(units["chargeCost"]["max"], "60");
    world.assert_verified().await;
}
