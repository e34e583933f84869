//! A client's statement tells what the client pays. What that cost, who made it, and through which rules and centers cost came is not the client's
//! business, unless its terms say so.

use std::io::Cursor;

use calamine::{Reader, Xlsx, open_workbook_from_rs};
use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use super::files::get;
use super::{approved, centers, drafted, input, post, statement};
use crate::harness::World;

on_both_engines!(
    a_clients_token_and_documents_show_prices_alone,
    terms_that_show_cost_show_everything,
    prices_add_up_to_the_total_whatever_the_lines,
    a_clients_token_follows_no_allocation,
    the_role_of_clients_reads_statements_and_nothing_else,
);

const FIELDS: &str =
    "query S($number: String!) { chargeback(number: $number) { number status total { amount } cost { amount } markupPercent
    recovery { amount } draftedBy approvedBy provider { code } treatment receivableAccount { code } reason
    journalEntry { number } reversal { number } lines { kind description quantity rate cost { amount } amount { amount } } } }";

/// Words that would tell a client what it is not told.
const SECRETS: [&str; 9] = ["Markup", "MARKUP", "recovered", "Drafted", "otto", "hidden-rule", "platform", "percent", ">Cost<"];

/// Gearpeak used 4.00 of its own and bore 2.00 of the platform by a rule; 25 percent on top make 7.50.
async fn gearpeak_is_charged(world: &World) {
    centers(world).await;
    let own = super::dollars("c1", 4, "2026-01-05").client("gearpeak").feature("answers");
    world.book(&[own, super::dollars("c2", 2, "2026-01-05").team("platform")]).await;
    let rule = json!({ "code": "hidden-rule", "validFrom": "2026-01-01", "method": "DIRECT", "pool": { "team": "platform" },
        "receivers": [{ "kind": "CLIENT", "costCenter": "gearpeak" }] });
    world.save("saveAllocationRule", "SaveAllocationRuleInput", rule).await;
    let run = "mutation R($input: RunAllocationInput!) { runAllocation(input: $input) { userErrors { code } } }";
    let ran = world.graphql(run, json!({ "input": { "idempotencyKey": "r", "period": "2026-01" } })).await;
    assert_eq!(ran["runAllocation"]["userErrors"], json!([]));
    let mut asked = input("CLIENT");
    asked["markupPercent"] = json!("25");
    drafted(world, asked).await;
    approved(world, "CB-000001").await;
    world.set_clock("2026-02-03T09:00:00Z");
    post(world, "p", "2026-01").await;
}

fn token(world: &World, role: Role) -> String {
    world.token_of("buyer", "main", role, Some(Scope { clients: ["gearpeak".to_owned()].into(), ..Scope::default() }))
}

/// Kind, description and amount of each line.
fn lines(statement: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |line: &Value| format!("{} {} {}", text(&line["kind"]), text(&line["description"]), text(&line["amount"]["amount"]));
    statement["lines"].as_array().unwrap().iter().map(line).collect()
}

async fn a_clients_token_and_documents_show_prices_alone(world: World) {
    gearpeak_is_charged(&world).await;
    for role in [Role::Viewer, Role::Analyst, Role::Auditor] {
        let buyer = token(&world, role);
        let seen = world.graphql_as(&buyer, FIELDS, json!({ "number": "CB-000001" })).await["chargeback"].take();
        assert_eq!(seen["total"]["amount"], "7.5");
        assert_eq!(lines(&seen), ["USAGE openai gpt-4o for answers 5", "ALLOCATED Shared services 2.5"]);
        for hidden in [
            "cost",
            "markupPercent",
            "recovery",
            "draftedBy",
            "approvedBy",
            "provider",
            "treatment",
            "receivableAccount",
            "reason",
            "journalEntry",
            "reversal",
        ] {
            assert_eq!(seen[hidden], Value::Null, "{hidden}");
        }
        assert!(seen["lines"].as_array().unwrap().iter().all(|line| line["cost"].is_null()), "{seen}");
        let listed = "{ chargebacks { nodes { number draftedBy cost { amount } lines { description cost { amount } } } } }";
        let listed = world.graphql_as(&buyer, listed, json!({})).await["chargebacks"]["nodes"].take();
        assert_eq!(
            (&listed[0]["draftedBy"], &listed[0]["cost"], listed[0]["lines"].as_array().unwrap().len()),
            (&Value::Null, &Value::Null, 2)
        );
    }
    // The documents of a client's statement are for the client, whoever takes them out; asking for the provider's view helps no client.
    let buyer = token(&world, Role::Viewer);
    for (reader, path) in [
        (&world.admin, "CB-000001"),
        (&world.admin, "CB-000001?audience=client"),
        (&buyer, "CB-000001"),
        (&buyer, "CB-000001?audience=provider"),
    ] {
        let (status, _, body) = get(&world, reader, path).await;
        let page = String::from_utf8(body).unwrap();
        assert_eq!(status, 200);
        tells_nothing(&page, path);
        assert!(page.contains("7.5") && page.contains("Shared services"), "{page}");
    }
    for reader in [&world.admin, &buyer] {
        let csv = String::from_utf8(get(&world, reader, "CB-000001.csv").await.2).unwrap();
        tells_nothing(&csv, "csv");
        assert!(csv.contains(",5,USD") && csv.contains(",2.5,USD"), "{csv}");
        let (_, _, body) = get(&world, reader, "CB-000001.xlsx").await;
        let mut workbook: Xlsx<_> = open_workbook_from_rs(Cursor::new(body)).unwrap();
        let cells = ["Statement", "Lines"].map(|sheet| {
            let range = workbook.worksheet_range(sheet).unwrap();
            range.cells().map(|(_, _, cell)| cell.to_string()).collect::<Vec<_>>().join("\n")
        });
        tells_nothing(&cells.join("\n"), "xlsx");
        assert!(!cells[0].contains("Cost\n") && !cells[0].contains("Drafted by"), "{}", cells[0]);
    }
    // Whoever keeps the books sees everything, and takes it out on request.
    let seen = world.graphql(FIELDS, json!({ "number": "CB-000001" })).await["chargeback"].take();
    assert_eq!((&seen["cost"]["amount"], &seen["markupPercent"], &seen["draftedBy"]), (&json!("6"), &json!("25"), &json!("ana")));
    let allocated = "ALLOCATED allocation of 2026-01 by rule hidden-rule version 1 from team platform 2";
    assert_eq!(lines(&seen), ["USAGE openai gpt-4o for answers 4", allocated, "MARKUP Markup of 25 percent on 6 1.5"]);
    let page = String::from_utf8(get(&world, &world.admin, "CB-000001?audience=provider").await.2).unwrap();
    assert!(page.contains("Markup of 25 percent") && page.contains("ana") && page.contains("hidden-rule"), "{page}");
    let csv = String::from_utf8(get(&world, &world.admin, "CB-000001.csv?audience=provider").await.2).unwrap();
    assert!(csv.contains("hidden-rule"), "{csv}");
    assert_eq!(get(&world, &world.admin, "CB-000001?audience=everybody").await.0, 400);
}

fn tells_nothing(text: &str, what: &str) {
    // The hash is hexadecimal: any two letters or digits may be in it.
    let text = text.replace("bottom", "");
    let hashless: String = text.split_whitespace().filter(|word| word.len() < 60).collect::<Vec<_>>().join(" ");
    for secret in SECRETS {
        assert!(!hashless.contains(secret), "{what} tells {secret}:\n{hashless}");
    }
    assert!(!hashless.contains(" ana") && !hashless.contains(">ana<"), "{what}:\n{hashless}");
}

async fn terms_that_show_cost_show_everything(world: World) {
    gearpeak_is_charged(&world).await;
    let terms = |shows: bool| json!({ "terms": [{ "client": "gearpeak", "treatment": "PRINCIPAL", "showsCost": shows }] });
    world.save("saveRebillTerms", "SaveRebillTermsInput", terms(true)).await;
    assert_eq!(world.graphql("{ rebillTerms { showsCost } }", json!({})).await["rebillTerms"], json!([{ "showsCost": true }]));
    let buyer = token(&world, Role::Viewer);
    let seen = world.graphql_as(&buyer, FIELDS, json!({ "number": "CB-000001" })).await["chargeback"].take();
    assert_eq!((&seen["cost"]["amount"], &seen["markupPercent"], seen["lines"].as_array().unwrap().len()), (&json!("6"), &json!("25"), 3));
    let page = String::from_utf8(get(&world, &buyer, "CB-000001").await.2).unwrap();
    assert!(page.contains("Markup of 25 percent"), "{page}");
    world.save("saveRebillTerms", "SaveRebillTermsInput", terms(false)).await;
    let seen = world.graphql_as(&buyer, FIELDS, json!({ "number": "CB-000001" })).await["chargeback"].take();
    assert_eq!(seen["cost"], Value::Null);
}

/// Thirds of a cent, an adjustment that gives back, a charge by standard rates: to the unit, prices are the statement.
async fn prices_add_up_to_the_total_whatever_the_lines(world: World) {
    centers(&world).await;
    let used = |key: &str, tokens: i64, feature: &str| crate::harness::charge(key).tokens(tokens, 0).client("gearpeak").feature(feature);
    world.book(&[used("c1", 400_003, "a"), used("c2", 133_333, "b"), used("c3", 1, "c")]).await;
    let mut asked = input("CLIENT");
    asked["markupPercent"] = json!("33.333333");
    drafted(&world, asked.clone()).await;
    approved(&world, "CB-000001").await;
    world.set_clock("2026-02-03T09:00:00Z");
    let reverse = json!({ "idempotencyKey": "r", "number": 1, "effectiveOn": "2026-01-31", "reason": "twice" });
    world.save("reverseJournalEntry", "ReverseJournalEntryInput", reverse).await;
    world.book(&[used("f1", 77_777, "a").on("2026-02-01T10:00:00Z"), used("f2", 55_555, "b").on("2026-02-01T10:00:00Z")]).await;
    asked["period"] = json!("2026-02");
    drafted(&world, asked).await;
    let buyer = token(&world, Role::Viewer);
    for number in ["CB-000001", "CB-000002"] {
        let seen = world.graphql_as(&buyer, FIELDS, json!({ "number": number })).await["chargeback"].take();
        let units = |text: &Value| {
            let exact = tallybook::domain::money::Exact::parse(text.as_str().unwrap()).unwrap();
            exact.round_half_even(9).unwrap()
        };
        let sum: i64 = seen["lines"].as_array().unwrap().iter().map(|line| units(&line["amount"]["amount"])).sum();
        assert_eq!(sum, units(&seen["total"]["amount"]), "{seen}");
        assert!(seen["lines"].as_array().unwrap().iter().all(|line| line["kind"] != "MARKUP"), "{seen}");
    }
    assert_eq!(statement(&world, "CB-000002").await["lines"].as_array().unwrap().len(), 4, "usage twice, an adjustment, the markup");
}

async fn a_clients_token_follows_no_allocation(world: World) {
    gearpeak_is_charged(&world).await;
    let query = "{ allocations(period: \"2026-01\") { nodes { rule from { code } amount { amount } } } }";
    let buyer = token(&world, Role::Analyst);
    assert_eq!(world.graphql_as(&buyer, query, json!({})).await["allocations"]["nodes"], json!([]));
    let terms = json!({ "terms": [{ "client": "gearpeak", "treatment": "PRINCIPAL", "showsCost": true }] });
    world.save("saveRebillTerms", "SaveRebillTermsInput", terms).await;
    let shown = world.graphql_as(&buyer, query, json!({})).await["allocations"]["nodes"].take();
    assert_eq!(shown, json!([{ "rule": "hidden-rule", "from": { "code": "platform" }, "amount": { "amount": "2" } }]));
}

async fn the_role_of_clients_reads_statements_and_nothing_else(world: World) {
    gearpeak_is_charged(&world).await;
    let buyer = token(&world, Role::Client);
    let seen = world.graphql_as(&buyer, FIELDS, json!({ "number": "CB-000001" })).await["chargeback"].take();
    assert_eq!((&seen["total"]["amount"], &seen["cost"]), (&json!("7.5"), &Value::Null));
    assert_eq!(get(&world, &buyer, "CB-000001.csv").await.0, 200);
    for query in [
        "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [CLIENT]) { total { amount } } }",
        "{ margin(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [CLIENT]) { rows { revenue } } }",
        "{ charges { nodes { number } } }",
        "{ journalEntries { nodes { number } } }",
        "{ allocations(period: \"2026-01\") { nodes { rule } } }",
        "{ costCenters(kind: CLIENT) { nodes { code } } }",
        "{ rebillTerms { markupPercent } }",
    ] {
        assert_eq!(world.graphql_error(&buyer, query, json!({})).await, "FORBIDDEN", "{query}");
    }
    let unlimited = world.token_of("buyer", "main", Role::Client, None);
    assert_eq!(world.graphql_error(&unlimited, "{ chargebacks { nodes { number } } }", json!({})).await, "FORBIDDEN");
    let elsewhere = Scope { clients: ["northwind".to_owned()].into(), ..Scope::default() };
    let other = world.token_of("buyer", "main", Role::Client, Some(elsewhere));
    assert_eq!(world.graphql_as(&other, FIELDS, json!({ "number": "CB-000001" })).await["chargeback"], Value::Null);
}
