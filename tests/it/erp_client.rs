//! An ERP client acted out over HTTP: it makes batches, takes their files, books or refuses them, and comes back after crashes of either side.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::golden;
use crate::harness::{Answer, Engine, World, charge, run};

on_both_engines!(
    a_client_books_refuses_and_comes_back_after_crashes,
    a_client_that_pulls_the_journal_skips_nothing_while_others_post,
    in_six_months_of_odd_cents_nothing_drifts,
);

/// The contract's operation, with the fields of it and a few more.
pub const CREATE: &str = "mutation CreateExportBatch($input: CreateExportBatchInput!) { createExportBatch(input: $input) { replayed batch { id number status
    externalDocumentNumber supersededBy isStale lines { line documentNumber account { code } team { code } project { code } client { code } debit credit currency } }
    userErrors { code message path } } }";
/// The contract's operation.
pub const ACKNOWLEDGE: &str =
    "mutation AcknowledgeExportBatch($input: AcknowledgeExportBatchInput!) { acknowledgeExportBatch(input: $input) {
    batch { id status documentNumber } userErrors { code message path } } }";

pub async fn create(world: &World, token: &str, key: &str, target: &str, period: &str) -> Value {
    let input = json!({ "idempotencyKey": key, "target": target, "period": period });
    world.graphql_as(token, CREATE, json!({ "input": input })).await["createExportBatch"].take()
}

pub async fn answer(world: &World, token: &str, input: Value) -> Value {
    world.graphql_as(token, ACKNOWLEDGE, json!({ "input": input })).await["acknowledgeExportBatch"].take()
}

pub fn code(answer: &Value) -> &str {
    answer["userErrors"][0]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

pub async fn file(world: &World, token: &str, id: &Value) -> Answer {
    let address = format!("/v1/export-batches/{}/file", id.as_str().unwrap());
    world.send(Request::get(address).header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap()).await
}

/// Cents of each account in the lines, debits less credits.
fn cents(lines: &Value) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for line in lines.as_array().unwrap() {
        let amount = |side: &str| line[side].as_str().map_or(0, whole_cents);
        *sums.entry(line["account"]["code"].as_str().unwrap().to_owned()).or_default() += amount("debit") - amount("credit");
    }
    sums
}

fn whole_cents(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

/// What the ERP booked of accounts, as its own books add up.
fn add(books: &mut BTreeMap<String, i64>, lines: &Value) {
    for (account, cents) in cents(lines) {
        *books.entry(account).or_default() += cents;
    }
}

async fn reconciled(world: &World) -> Vec<String> {
    let query = "{ exportReconciliation(target: \"netsuite\", period: \"2026-01\") { rows { account { code } ledger exported acknowledged rounded open } } }";
    let data = world.graphql(query, json!({})).await;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let row = |row: &Value| {
        let account = row["account"]["code"].as_str().unwrap();
        format!("{account} {}", ["ledger", "exported", "acknowledged", "rounded", "open"].map(|name| text(row, name)).join(" "))
    };
    data["exportReconciliation"]["rows"].as_array().unwrap().iter().map(row).collect()
}

async fn a_client_books_refuses_and_comes_back_after_crashes(world: World) {
    let token = world.token_of("netsuite-connector", "main", Role::Integrator, None);
    world.save_centers("search", "assistant", "gearpeak").await;
    // 1.00 and 2.006 dollars.
    world.book(&[charge("c1").tokens(400_000, 0).team("search"), charge("c2").tokens(802_400, 0).client("gearpeak")]).await;
    let mut erp = BTreeMap::new();

    // It asks, crashes before it hears the answer, and asks again with the same key; the server has started anew meanwhile.
    let first = create(&world, &token, "january-1", "netsuite", "2026-01").await;
    let world = world.second_process().await;
    let again = create(&world, &token, "january-1", "netsuite", "2026-01").await;
    assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
    assert_eq!(first["batch"], again["batch"]);
    let batch = &first["batch"];
    assert_eq!((&batch["number"], &batch["status"]), (&json!("1"), &json!("FROZEN")));
    let number = batch["externalDocumentNumber"].as_str().unwrap().to_owned();
    assert!(number.ends_with("2601-0001") && number.len() == 13, "{number}");
    assert_eq!(cents(&batch["lines"]).values().sum::<i64>(), 0);
    assert_eq!(cents(&batch["lines"])["2100"], -301, "3.006 owed");

    // It takes the file twice, because the first one was lost: the same bytes, and two deliveries in the log.
    let taken = file(&world, &token, &batch["id"]).await;
    assert_eq!((taken.status.as_u16(), &taken.headers["content-type"]), (200, &"text/csv; charset=utf-8".parse().unwrap()));
    assert_eq!(taken.headers["content-disposition"], format!("attachment; filename=\"netsuite-{number}.csv\""));
    assert_eq!(file(&world, &token, &batch["id"]).await.text, taken.text);
    let query = "query B($id: BigInt!) { exportBatch(id: $id) { status attempts { number by channel delivered } } }";
    let stands = world.graphql_as(&token, query, json!({ "id": batch["id"] })).await["exportBatch"].take();
    assert_eq!((&stands["status"], stands["attempts"].as_array().unwrap().len()), (&json!("EXPORTED"), 2));
    assert_eq!(stands["attempts"][1]["by"], "netsuite-connector");

    // It books, and says so twice.
    add(&mut erp, &batch["lines"]);
    let booked = json!({ "id": batch["id"], "documentNumber": "JE-77", "postedOn": "2026-01-31" });
    for _ in 0..2 {
        let answered = answer(&world, &token, booked.clone()).await;
        assert_eq!((&answered["batch"]["status"], &answered["batch"]["documentNumber"]), (&json!("ACKNOWLEDGED"), &json!("JE-77")));
    }
    let other = json!({ "id": batch["id"], "documentNumber": "JE-78", "postedOn": "2026-01-31" });
    assert_eq!(code(&answer(&world, &token, other).await), "EXPORT_BATCH_ANSWERED");
    assert_eq!(code(&create(&world, &token, "january-none", "netsuite", "2026-01").await), "NOTHING_TO_EXPORT");

    // A late charge goes into the next batch of the period, which the ERP refuses; its entries and its carry go into the one after.
    world.book(&[charge("late").tokens(1_000_000, 0).team("search")]).await;
    let second = create(&world, &token, "january-2", "netsuite", "2026-01").await["batch"].take();
    assert_eq!(cents(&second["lines"])["2100"], -250, "3.006 + 2.50 is 5.506, of which 3.01 went out");
    let refusal = json!({ "id": second["id"], "rejected": [{ "line": 1, "reason": "Department is inactive" }] });
    for _ in 0..2 {
        assert_eq!(answer(&world, &token, refusal.clone()).await["batch"]["status"], "REJECTED");
    }
    world.assert_verified().await;
    world.book(&[charge("later").tokens(1_600, 0).team("search")]).await;
    let third = create(&world, &token, "january-3", "netsuite", "2026-01").await["batch"].take();
    assert_eq!((&third["number"], &third["externalDocumentNumber"]), (&json!("3"), &json!(number.replace("-0001", "-0003"))));
    // 5.51 in all, of which 3.01 is booked.
    assert_eq!(cents(&third["lines"])["2100"], -250);
    let query = "query B($id: BigInt!) { exportBatch(id: $id) { supersededBy lines { line rejectedBecause } } }";
    let refused = world.graphql_as(&token, query, json!({ "id": second["id"] })).await["exportBatch"].take();
    assert_eq!((&refused["supersededBy"], &refused["lines"][0]["rejectedBecause"]), (&third["id"], &json!("Department is inactive")));
    add(&mut erp, &third["lines"]);
    answer(&world, &token, json!({ "id": third["id"], "documentNumber": "JE-79", "postedOn": "2026-01-31" })).await;

    assert_eq!((erp["2100"], erp.values().sum::<i64>()), (-551, 0));
    let rows = reconciled(&world).await;
    assert_eq!(rows, ["2100 -5.51 -5.51 -5.51 0 0", "5000 2.006 2.01 2.01 -0.004 0", "6000 3.504 3.5 3.5 0.004 0"]);
    let listed = world
        .graphql_as(
            &token,
            "{ exportBatches(target: \"netsuite\", first: 2) { nodes { number } pageInfo { hasNextPage endCursor } } }",
            json!({}),
        )
        .await;
    assert_eq!(listed["exportBatches"]["pageInfo"]["hasNextPage"], true);
    world.assert_verified().await;
}

/// The cursor is the number given out under the books' lock, so what commits late has a later number.
async fn a_client_that_pulls_the_journal_skips_nothing_while_others_post(world: World) {
    let (other, token) = (world.second_process().await, world.token_of("connector", "main", Role::Integrator, None));
    let post = async |books: &World, name: &str| {
        for batch in 0..20 {
            let charges: Vec<_> = (0..5).map(|position| charge(&format!("{name}-{batch}-{position}"))).collect();
            books.book(&charges).await;
        }
    };
    let pull = async {
        let (mut seen, mut after) = (Vec::new(), Value::Null);
        while seen.len() < 200 {
            let query = "query P($after: String) { journalEntries(after: $after, first: 7) { nodes { number } pageInfo { endCursor } } }";
            let page = world.graphql_as(&token, query, json!({ "after": after })).await["journalEntries"].take();
            let numbers = page["nodes"].as_array().unwrap().iter().map(|node| node["number"].as_str().unwrap().parse::<i64>().unwrap());
            seen.extend(numbers);
            if page["pageInfo"]["endCursor"].is_string() {
                after = page["pageInfo"]["endCursor"].clone();
            }
        }
        seen
    };
    let (seen, (), ()) = tokio::join!(pull, post(&world, "a"), post(&other, "b"));
    assert_eq!(seen, (1..=200).collect::<Vec<i64>>());
}

/// A third of a cent a day on three teams: what is booked is never a cent away from the ledger, and every batch balances.
async fn in_six_months_of_odd_cents_nothing_drifts(mut world: World) {
    world.set_clock("2026-07-01T12:00:00Z");
    world.admin = world.token("main", Role::Admin, None);
    let centers: Vec<Value> = ["a", "b", "c"].iter().map(|code| json!({ "kind": "TEAM", "code": code, "name": code })).collect();
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": centers })).await;
    let (mut erp, mut ledger) = (BTreeMap::<String, i64>::new(), BTreeMap::<String, i64>::new());
    for month in 1..=6_i64 {
        let charges: Vec<_> = (0..9_i64)
            .map(|number| {
                let team = ["a", "b", "c"][usize::try_from(number % 3).unwrap()];
                // 2.5 dollars a million tokens: 25 ten-millionths of a dollar each ten tokens.
                let tokens = 1_337 * (number + 1) * month + 7;
                *ledger.entry(team.to_owned()).or_default() += tokens * 2_500;
                charge(&format!("m{month}-{number}")).tokens(tokens, 0).team(team).on(&format!("2026-0{month}-05T10:00:00Z"))
            })
            .collect();
        world.book(&charges).await;
        let made = create(&world, &world.admin, &format!("k{month}"), "netsuite", &format!("2026-0{month}")).await;
        assert_eq!(made["userErrors"], json!([]), "{made}");
        let lines = &made["batch"]["lines"];
        assert_eq!(cents(lines).values().sum::<i64>(), 0);
        for line in lines.as_array().unwrap().iter().filter(|line| line["account"]["code"] == "6000") {
            let amount = |side: &str| line[side].as_str().map_or(0, whole_cents);
            *erp.entry(line["team"]["code"].as_str().unwrap().to_owned()).or_default() += amount("debit") - amount("credit");
        }
        for (team, nanos) in &ledger {
            let drift = (nanos - erp.get(team).copied().unwrap_or_default() * 10_000_000).abs();
            assert!(drift < 10_000_000, "month {month}: team {team} is {drift} nanodollars away");
        }
    }
    world.assert_verified().await;
}

/// One batch in every format: what another system is given changes only on purpose.
#[test]
fn every_format_writes_what_it_wrote() {
    run(Engine::Sqlite, async |world| {
        world.save_centers("search", "assistant", "gearpeak").await;
        let charges = [
            charge("c1").tokens(400_000, 0).team("search").project("assistant").client("gearpeak"),
            charge("c2").tokens(4_938_271, 0).team("search"),
            charge("c3").tokens(1_333, 0),
        ];
        world.book(&charges).await;
        let formats = [
            ("businesscentral", "json"),
            ("dynamics365", "csv"),
            ("erpnext", "json"),
            ("netsuite", "csv"),
            ("odoo", "json"),
            ("quickbooks", "json"),
            ("sap", "json"),
            ("xero", "json"),
        ];
        let target = |(code, _): &(&str, &str)| {
            json!({ "code": code, "documentPrefix": code[..2].to_uppercase(), "company": "1000", "journal": "GENERAL", "currency": "USD", "accounts": [{ "account": "2100", "external": "21000000" }],
                "values": [{ "dimension": "TEAM", "code": "search", "external": "Search & Discovery" }] })
        };
        let targets: Vec<Value> = formats.iter().map(target).collect();
        world.save("saveExportTargets", "SaveExportTargetsInput", json!({ "targets": targets })).await;
        for (format, extension) in formats {
            let made = create(&world, &world.admin, format, format, "2026-01").await;
            assert_eq!(made["userErrors"], json!([]), "{format}");
            let taken = file(&world, &world.admin, &made["batch"]["id"]).await;
            golden::compare(&format!("tests/it/golden/erp/{format}.{extension}"), &taken.text);
        }
        world.assert_verified().await;
    });
}
