//! What spend means: the named measures of cost, parents that roll up, rows by what only charges know, the period before, and units by client.
//!
//! `dollars(key, team, n)` is a charge of n dollars that the provider reported.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use crate::allocation::{cost, done, rule, run, teams};
use crate::chargeback::{charged, input};
use crate::harness::{Charge, World};

mod by_charge;
mod histories;
mod parents;
mod units;

on_both_engines!(
    chargebacks_and_hours_are_no_ai_spend,
    a_rule_that_keeps_the_account_moves_no_use,
    an_agents_statement_takes_no_use_away,
    an_account_of_ones_own_that_bears_charges_is_ai,
    what_is_beside_charges_is_told_apart,
    a_limited_token_sees_its_rows_of_every_measure,
    flux_knows_the_measures,
    cost_is_compared_with_the_period_before,
);

pub const MEASURES: [&str; 4] = ["USED", "ALLOCATED", "CHARGED", "FULLY_LOADED"];

/// January of spend with these further arguments: the total, then rows as `key cost`.
pub async fn spend(world: &World, arguments: &str) -> Vec<String> {
    spend_as(world, &world.admin, arguments).await
}

pub async fn spend_as(world: &World, token: &str, arguments: &str) -> Vec<String> {
    let query = format!(
        "{{ spend(from: \"2026-01-01\", to: \"2026-02-01\", {arguments}) {{ total {{ amount }} rows {{ keys {{ code }} cost {{ amount }} }} }} }}"
    );
    let data = world.graphql_as(token, &query, json!({})).await;
    let row = |row: &Value| {
        let keys = row["keys"].as_array().unwrap().iter().map(|key| key["code"].as_str().unwrap_or("-")).collect::<Vec<_>>();
        format!("{} {}", keys.join(" "), row["cost"]["amount"].as_str().unwrap())
    };
    let total = data["spend"]["total"]["amount"].as_str().unwrap().to_owned();
    std::iter::once(total).chain(data["spend"]["rows"].as_array().unwrap().iter().map(row)).collect()
}

/// Spend of January by team in a measure.
async fn by_team(world: &World, measure: &str) -> Vec<String> {
    spend(world, &format!("groupBy: [TEAM], measure: {measure}")).await
}

/// Debits less credits of the accounts of cost at the end of January, in billionths.
async fn cost_of_trial_balance(world: &World) -> i128 {
    let query = "{ trialBalance(asOf: \"2026-01-31\") { rows { account { class } debit credit } } }";
    let data = world.graphql(query, json!({})).await;
    let is_cost = |row: &&Value| matches!(row["account"]["class"].as_str().unwrap(), "COST_OF_REVENUE" | "OPERATING_EXPENSE");
    let rows = data["trialBalance"]["rows"].as_array().unwrap();
    rows.iter().filter(is_cost).map(|row| billionths(&row["debit"]) - billionths(&row["credit"])).sum()
}

pub fn billionths(amount: &Value) -> i128 {
    let text = amount.as_str().unwrap();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let magnitude: i128 = format!("{}{decimals:0<9}", whole.trim_start_matches('-')).parse().unwrap();
    if text.starts_with('-') { -magnitude } else { magnitude }
}

/// The platform used 2.00 for claims; it is allocated, charged back, and posted.
async fn allocated_and_charged_back(world: &World, rule_terms: Value) {
    teams(world, &["claims", "platform"]).await;
    world.book(&[cost("c1", "platform", "2.00")]).await;
    done(world, "SaveAllocationRule", rule("platform", "DIRECT", rule_terms)).await;
    run(world, "january").await;
    charged(world, input("TEAM")).await;
}

fn direct() -> Value {
    json!({ "pool": { "team": "platform" }, "receivers": [{ "kind": "TEAM", "costCenter": "claims" }] })
}

async fn hours(world: &World) {
    let rates = json!({ "rates": [{ "role": "engineer", "costPerHour": "80", "currency": "USD", "effectiveFrom": "2026-01-01" }] });
    world.save("saveLaborRates", "SaveLaborRatesInput", rates).await;
    let entry = json!({ "source": "hr", "externalId": "1", "workedOn": "2026-01-06", "person": "mia", "role": "engineer", "hours": "2.5",
        "team": "claims", "client": "northmutual" });
    world.save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": [entry] })).await;
}

/// Fresh books: claims was charged what the platform used. The use stays the platform's; nothing is counted twice.
async fn chargebacks_and_hours_are_no_ai_spend(world: World) {
    allocated_and_charged_back(&world, direct()).await;
    assert_eq!(by_team(&world, "USED").await, ["2", "platform 2"]);
    assert_eq!(spend(&world, "groupBy: [TEAM]").await, ["2", "platform 2"], "USED is what spend means without a word");
    // The platform's call is counted where it was made; its cost has moved.
    assert_eq!(by_team(&world, "ALLOCATED").await, ["2", "claims 2", "platform 0"]);
    assert_eq!(by_team(&world, "CHARGED").await, ["0", "claims 2", "platform -2"]);
    assert_eq!(by_team(&world, "FULLY_LOADED").await, ["2", "claims 4", "platform -2"]);
    for by in ["PROVIDER", "MODEL", "FEATURE", "ENVIRONMENT", "PROJECT", "CLIENT"] {
        let rows = spend(&world, &format!("groupBy: [{by}]")).await;
        assert_eq!((rows.len(), rows[0].as_str()), (2, "2"), "{by}: no row of nothing: {rows:?}");
    }
    let center = json!([{ "kind": "CLIENT", "code": "northmutual", "name": "Northmutual" }]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": center })).await;
    world.book(&[cost("c2", "claims", "1.26").client("northmutual")]).await;
    hours(&world).await;
    assert_eq!(spend(&world, "groupBy: [CLIENT, MODEL]").await, ["3.26", "- tool 2", "northmutual tool 1.26"]);
    assert_eq!(spend(&world, "groupBy: [CLIENT], measure: FULLY_LOADED").await, ["3.26", "- -198", "northmutual 201.26"]);
    // Headline and rows tell one story in every measure, by every dimension; fully loaded it is that of the trial balance.
    for measure in MEASURES {
        let mut headlines = Vec::new();
        for by in ["", "PROVIDER", "MODEL", "TEAM", "PROJECT", "CLIENT", "FEATURE", "ENVIRONMENT", "ACCOUNT", "TEAM, ACCOUNT"] {
            let rows = spend(&world, &format!("groupBy: [{by}], measure: {measure}")).await;
            let sum: i128 = rows[1..].iter().map(|row| billionths(&json!(row.rsplit(' ').next().unwrap()))).sum();
            assert_eq!(billionths(&json!(rows[0])), sum, "{measure} by {by}: {rows:?}");
            headlines.push(sum);
        }
        assert!(headlines.iter().all(|sum| *sum == headlines[0]), "{measure}: {headlines:?}");
        if measure == "FULLY_LOADED" {
            assert_eq!(headlines[0], cost_of_trial_balance(&world).await);
        }
    }
    world.assert_verified().await;
}

/// The same with a rule that moves the cost within its account: 6000 of claims holds 2.00 that claims did not use.
async fn a_rule_that_keeps_the_account_moves_no_use(world: World) {
    let mut terms = direct();
    terms["posting"] = json!("KEEP_ACCOUNT");
    allocated_and_charged_back(&world, terms).await;
    assert_eq!(by_team(&world, "USED").await, ["2", "platform 2"]);
    // The platform's call is counted where it was made; its cost has moved.
    assert_eq!(by_team(&world, "ALLOCATED").await, ["2", "claims 2", "platform 0"]);
    assert_eq!(by_team(&world, "CHARGED").await, ["0", "claims 2", "platform -2"]);
    assert_eq!(by_team(&world, "FULLY_LOADED").await, ["2", "claims 4", "platform -2"]);
    assert_eq!(spend(&world, "groupBy: [MODEL]").await, ["2", "tool 2"]);
    // By day it stands where it was posted, and is taken out there.
    assert_eq!(spend(&world, "groupBy: [TEAM], interval: DAY").await, ["2", "platform 2"]);
    let runs = world.graphql("{ allocationRuns { nodes { id } } }", json!({})).await;
    let id = runs["allocationRuns"]["nodes"][0]["id"].clone();
    done(&world, "ReverseAllocationRun", json!({ "input": { "id": id } })).await;
    assert_eq!(by_team(&world, "USED").await, ["2", "platform 2"]);
    assert_eq!(by_team(&world, "ALLOCATED").await, ["2", "platform 2"], "taken back");
}

/// As agent the cost is passed on: 5000 is credited by the statement, but the client used what it used.
async fn an_agents_statement_takes_no_use_away(world: World) {
    world.save_centers("search", "assistant", "northwind").await;
    let terms = json!([{ "client": "northwind", "treatment": "AGENT", "receivableAccount": "1100", "markupPercent": "25" }]);
    world.save("saveRebillTerms", "SaveRebillTermsInput", json!({ "terms": terms })).await;
    world.book(&[cost("c1", "search", "4.00").client("northwind")]).await;
    let mut asked = input("CLIENT");
    asked["markupPercent"] = json!("25");
    let numbers = charged(&world, asked).await;
    let by_client = |measure: &str| format!("groupBy: [CLIENT], measure: {measure}");
    assert_eq!(spend(&world, &by_client("USED")).await, ["4", "northwind 4"]);
    assert_eq!(spend(&world, &by_client("CHARGED")).await, ["-4", "northwind -4"]);
    assert_eq!(spend(&world, &by_client("FULLY_LOADED")).await, ["0", "northwind 0"], "passed on whole; the call is counted");
    let reverse = json!({ "idempotencyKey": "r", "number": numbers[0], "reason": "twice" });
    world.save("reverseChargeback", "ReverseChargebackInput", reverse).await;
    assert_eq!(spend(&world, &by_client("USED")).await, ["4", "northwind 4"]);
    assert_eq!(spend(&world, &by_client("CHARGED")).await, ["0"]);
    assert_eq!(spend(&world, &by_client("FULLY_LOADED")).await, ["4", "northwind 4"]);
}

async fn an_account_of_ones_own_that_bears_charges_is_ai(world: World) {
    teams(&world, &["lab"]).await;
    let accounts = json!({ "accounts": [{ "code": "6100", "name": "Research: AI", "class": "OPERATING_EXPENSE" }] });
    world.save("saveAccounts", "SaveAccountsInput", accounts).await;
    let rules = json!({ "postingRules": [{ "code": "lab", "order": 1, "team": "lab", "account": "6100" }] });
    world.save("savePostingRules", "SavePostingRulesInput", rules).await;
    world.book(&[cost("c1", "lab", "3.00")]).await;
    assert_eq!(spend(&world, "groupBy: [TEAM, ACCOUNT]").await, ["3", "lab 6100 3"]);
    // The rule goes, the charges stay.
    world.save("deletePostingRules", "DeletePostingRulesInput", json!({ "codes": ["lab"] })).await;
    assert_eq!(spend(&world, "groupBy: [TEAM, ACCOUNT]").await, ["3", "lab 6100 3"]);
}

/// A journal made by hand on rent and on suspense is cost of the books, and no AI.
async fn what_is_beside_charges_is_told_apart(world: World) {
    teams(&world, &["lab"]).await;
    world.book(&[cost("c1", "lab", "3.00")]).await;
    let accounts = json!({ "accounts": [{ "code": "6200", "name": "Rent", "class": "OPERATING_EXPENSE" }] });
    world.save("saveAccounts", "SaveAccountsInput", accounts).await;
    let posting = |side: &str, account: &str| json!({ "side": side, "account": account, "team": "lab", "amount": "7", "currency": "USD" });
    let input = json!({ "idempotencyKey": "rent", "effectiveOn": "2026-01-06", "memo": "rent",
        "postings": [posting("DEBIT", "6200"), { "side": "CREDIT", "account": "1010", "amount": "7", "currency": "USD" }] });
    let query = "mutation P($input: PostJournalEntryInput!) { postJournalEntry(input: $input) { entry { id contentHash } userErrors { code message path } } }";
    let mut answer = world.graphql(query, json!({ "input": input })).await["postJournalEntry"].take();
    assert_eq!(answer["userErrors"], json!([]), "{answer}");
    let approve = "mutation A($input: ApproveJournalDraftInput!) { approveJournalDraft(input: $input) { userErrors { code message } } }";
    let token = world.token_of("otto", "main", Role::Approver, None);
    let draft = answer["entry"].take();
    let input = json!({ "id": draft["id"], "contentHash": draft["contentHash"] });
    let answer = world.graphql_as(&token, approve, json!({ "input": input })).await;
    assert_eq!(answer["approveJournalDraft"]["userErrors"], json!([]));
    assert_eq!(spend(&world, "groupBy: [TEAM]").await, ["3", "lab 3"]);
    assert_eq!(spend(&world, "groupBy: [MODEL]").await, ["3", "tool 3"], "no row of what has no model");
    assert_eq!(spend(&world, "groupBy: [TEAM], measure: FULLY_LOADED").await, ["10", "lab 10"]);
    assert_eq!(
        spend(&world, "groupBy: [TEAM], filter: { accounts: [\"6200\"] }").await,
        ["7", "lab 7"],
        "the account says what is counted"
    );
}

async fn a_limited_token_sees_its_rows_of_every_measure(world: World) {
    allocated_and_charged_back(&world, direct()).await;
    let token = |team: &str| {
        let scope = Scope { teams: [team.to_owned()].into(), ..Scope::default() };
        world.token("main", Role::Analyst, Some(scope))
    };
    for (team, figures) in [("claims", ["0", "2", "2", "4"]), ("platform", ["2", "0", "-2", "-2"])] {
        for (measure, figure) in MEASURES.into_iter().zip(figures) {
            let rows = spend_as(&world, &token(team), &format!("groupBy: [TEAM], measure: {measure}")).await;
            // Of claims nothing was used; the platform made a call.
            let is_row = figure != "0" || team == "platform";
            let expected: Vec<String> = std::iter::once(figure.to_owned()).chain(is_row.then(|| format!("{team} {figure}"))).collect();
            assert_eq!(rows, expected, "{team} {measure}");
        }
    }
}

async fn flux_knows_the_measures(world: World) {
    allocated_and_charged_back(&world, direct()).await;
    let query = "query F($measure: SpendMeasure!) { flux(fromBefore: \"2025-12-01\", toBefore: \"2026-01-01\", from: \"2026-01-01\", to: \"2026-02-01\",
        by: TEAM, measure: $measure) { measure rows { code cost difference } controls { report trialBalance difference } } }";
    for (measure, expected) in
        MEASURES.into_iter().zip([vec!["platform 2"], vec!["claims 2"], vec!["claims 2", "platform -2"], vec!["claims 4", "platform -2"]])
    {
        let flux = world.graphql(query, json!({ "measure": measure })).await["flux"].take();
        let row = |row: &Value| format!("{} {}", row["code"].as_str().unwrap_or("-"), row["cost"].as_str().unwrap());
        assert_eq!(flux["rows"].as_array().unwrap().iter().map(row).collect::<Vec<_>>(), expected, "{measure}");
        assert!(flux["controls"].as_array().unwrap().iter().all(|control| control["difference"] == "0"), "{flux}");
    }
    // Without a word it is AI that was used, and so it was before the statement of its entry.
    let as_of =
        "{ flux(fromBefore: \"2025-12-01\", toBefore: \"2026-01-01\", from: \"2026-01-01\", to: \"2026-02-01\", by: TEAM, asOfEntry: 1) {
        measure rows { code cost } controls { difference } } }";
    let flux = world.graphql(as_of, json!({})).await["flux"].take();
    assert_eq!((&flux["measure"], &flux["rows"]), (&json!("USED"), &json!([{ "code": "platform", "cost": "2" }])));
    assert!(flux["controls"].as_array().unwrap().iter().all(|control| control["difference"] == "0"), "{flux}");
}

/// December: lab 4.00 and shop 1.00. January: lab 5.00. From 5 to 5 is no change of lab and shop together.
async fn cost_is_compared_with_the_period_before(world: World) {
    teams(&world, &["lab", "shop", "new"]).await;
    let on = |charge: Charge, day: &str| charge.on(&format!("{day}T10:00:00Z"));
    world.book(&[on(cost("d1", "lab", "4.00"), "2025-12-10"), on(cost("d2", "shop", "1.00"), "2025-12-31")]).await;
    world.book(&[on(cost("j1", "lab", "5.00"), "2026-01-05"), on(cost("j2", "new", "0.50"), "2026-01-10")]).await;
    let compared = async |arguments: &str| {
        let query = format!(
            "{{ spend({arguments}) {{ total {{ amount }} previous {{ amount currency }} previousTotals {{ amount }} changePercent
                rows {{ period keys {{ code }} cost {{ amount }} previous {{ amount }} changePercent }} }} }}"
        );
        let spend = world.graphql(&query, json!({})).await["spend"].take();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let row = |row: &Value| {
            let keys = [text(&row["period"]), text(&row["keys"][0]["code"])];
            [&keys[..], &[text(&row["cost"]["amount"]), text(&row["previous"]["amount"]), text(&row["changePercent"])]].concat().join(" ")
        };
        let total = [&spend["total"]["amount"], &spend["previous"]["amount"], &spend["changePercent"]].map(text).join(" ");
        std::iter::once(total).chain(spend["rows"].as_array().unwrap().iter().map(row)).collect::<Vec<_>>()
    };
    // A whole month with the whole month before, though it has another length. What had cost before and has none now is a row.
    let january = compared("from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [TEAM]").await;
    assert_eq!(january, ["5.5 5 10", "- lab 5 4 25", "- new 0.5 0 -", "- shop 0 1 -100"]);
    // Ten days with the ten days before them: from 22 to 31 December.
    let days = compared("from: \"2026-01-01\", to: \"2026-01-11\", groupBy: []").await;
    assert_eq!(days, ["5.5 1 450", "- - 5.5 1 450"]);
    let months = compared("from: \"2025-12-01\", to: \"2026-02-01\", groupBy: [], interval: MONTH").await;
    assert_eq!(months, ["10.5 5 110", "2025-12 - 5 0 -", "2026-01 - 5.5 5 10"]);
    // Until 6 January, with the first five days of December.
    let cut = compared("from: \"2025-12-01\", to: \"2026-01-06\", groupBy: [], interval: MONTH").await;
    assert_eq!(cut, ["10 0 -", "2025-12 - 5 0 -", "2026-01 - 5 0 -"]);
    let plain = spend(&world, "groupBy: [TEAM]").await;
    assert_eq!(plain, ["5.5", "lab 5", "new 0.5"], "nothing is read of the period before unless it is asked for");
    let by_key = compared("from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [SOURCE]").await;
    assert_eq!(by_key, ["5.5 5 10", "- gateway 5.5 5 10"]);
}
