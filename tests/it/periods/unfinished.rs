//! Statements nobody posted, entries nobody exported, hours without a rate: a month closes over them where the closer names them.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use super::checklist::{checklist, item};
use super::{close, code, mutate, reopened};
use crate::chargeback::{approved, charged, drafted, input, post};
use crate::erp_client::create;
use crate::harness::{World, charge};

on_both_engines!(
    a_month_with_unposted_statements_closes_where_they_are_named,
    every_door_that_falls_shut_asks_again,
    a_month_with_unexported_entries_closes_where_they_are_named,
    a_target_of_some_kinds_is_asked_for_those,
    a_month_with_waiting_hours_closes_where_they_are_named,
    statements_of_months_that_have_not_begun_are_refused,
    posting_says_what_it_leaves_open_and_what_to_do_with_it,
    what_was_withdrawn_after_a_close_is_taken_up_by_the_next_month,
);

/// On 3 February 2026: January has cost of one team, the platform provides.
async fn world_of_january(world: &World) {
    let team = |code: &str| json!({ "kind": "TEAM", "code": code, "name": code });
    let client = json!({ "kind": "CLIENT", "code": "gearpeak", "name": "Gearpeak" });
    let centers = json!([team("search"), team("support"), team("platform"), client]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": centers })).await;
    world.book(&[charge("c1").team("search"), charge("c2").team("support")]).await;
    world.set_clock("2026-02-03T09:00:00Z");
}

/// The admin closes January, and says this of what is open.
async fn close_saying(world: &World, status: &str, reason: &str) -> Value {
    let input = json!({ "period": "2026-01", "status": status, "acceptOpenItems": reason });
    mutate(world, &world.admin, "closePeriod", "ClosePeriodInput", input).await
}

/// The items that a refused close names.
fn refused_items(answer: &Value) -> Vec<String> {
    let errors = answer["userErrors"].as_array().unwrap();
    assert!(errors.iter().all(|error| error["code"] == "CHECKLIST_OPEN" && error["path"] == json!(["period"])), "{answer}");
    errors.iter().map(|error| error["message"].as_str().unwrap().split(':').next().unwrap().to_owned()).collect()
}

async fn state(world: &World, name: &str) -> Value {
    item(&checklist(world, "2026-01").await, name)["state"].clone()
}

async fn a_month_with_unposted_statements_closes_where_they_are_named(world: World) {
    world_of_january(&world).await;
    assert_eq!(state(&world, "CHARGEBACKS_POSTED").await, "NOT_APPLICABLE");
    drafted(&world, input("TEAM")).await;
    approved(&world, "CB-000002").await;
    let list = checklist(&world, "2026-01").await;
    let found = item(&list, "CHARGEBACKS_POSTED");
    assert_eq!([&found["state"], &found["measured"], &found["mustBeNamed"]], [&json!("OPEN"), &json!("2 statements"), &json!(true)]);
    assert_eq!(found["detail"], json!(["CB-000001 is DRAFT", "CB-000002 is APPROVED"]));
    let said = found["message"].as_str().unwrap();
    assert!(said.contains("postChargebacks") && said.contains("withdrawChargeback"), "{said}");
    // A reason for everything is none for this; nor is a name that only begins alike.
    for reason in ["agreed", "CHARGEBACKS_POSTED_LATER: agreed", "chargebacks_posted"] {
        let refused = close_saying(&world, "CLOSED", reason).await;
        assert_eq!(refused_items(&refused), ["CHARGEBACKS_POSTED"], "{reason}");
        assert!(refused["userErrors"][0]["message"].as_str().unwrap().contains("name CHARGEBACKS_POSTED in acceptOpenItems"), "{refused}");
    }
    let closed = close_saying(&world, "CLOSED", "accruals on paper; CHARGEBACKS_POSTED: charged with February").await;
    assert_eq!((&closed["period"]["status"], &closed["userErrors"]), (&json!("CLOSED"), &json!([])));
    reopened(&world, "2026-01").await;
    approved(&world, "CB-000001").await;
    assert_eq!(post(&world, "p", "2026-01").await["userErrors"], json!([]));
    assert_eq!(state(&world, "CHARGEBACKS_POSTED").await, "OK");
    let mut shown = input("CLIENT");
    shown["showback"] = json!(true);
    world.book(&[charge("c3").client("gearpeak").on("2026-01-20T10:00:00Z")]).await;
    assert_eq!(drafted(&world, shown).await.len(), 1);
    assert_eq!(state(&world, "CHARGEBACKS_POSTED").await, "OK", "what is only shown is never posted");
    assert_eq!(close(&world, "2026-01", "CLOSED").await["userErrors"], json!([]));
}

/// Soft-closed, closed, locked: at each the same is asked, and an answer to one is none to the next.
async fn every_door_that_falls_shut_asks_again(world: World) {
    world_of_january(&world).await;
    drafted(&world, input("TEAM")).await;
    for status in ["SOFT_CLOSED", "CLOSED", "LOCKED"] {
        assert_eq!(refused_items(&close_saying(&world, status, "agreed").await), ["CHARGEBACKS_POSTED"], "{status}");
        let closed = close_saying(&world, status, "CHARGEBACKS_POSTED: agreed").await;
        assert_eq!((&closed["period"]["status"], &closed["userErrors"]), (&json!(status), &json!([])), "{status}");
    }
    world.book(&[charge("f1").team("search").on("2026-02-01T10:00:00Z")]).await;
    let soft = json!({ "period": "2026-02", "status": "SOFT_CLOSED" });
    let closed = mutate(&world, &world.admin, "closePeriod", "ClosePeriodInput", soft).await;
    assert_eq!(closed["userErrors"], json!([]), "a soft close asks for unfinished work alone");
}

async fn a_month_with_unexported_entries_closes_where_they_are_named(world: World) {
    world_of_january(&world).await;
    assert_eq!(state(&world, "ENTRIES_EXPORTED").await, "NOT_APPLICABLE");
    world
        .save(
            "saveExportTargets",
            "SaveExportTargetsInput",
            json!({ "targets": [{ "code": "netsuite" }, { "code": "netsuite-eu", "format": "netsuite" }] }),
        )
        .await;
    let refused = close_saying(&world, "CLOSED", "agreed").await;
    assert_eq!(refused_items(&refused), ["ENTRIES_EXPORTED"]);
    let message = refused["userErrors"][0]["message"].as_str().unwrap();
    assert!(message.contains("netsuite, netsuite-eu: send createExportBatch"), "{message}");
    let batch = create(&world, &world.admin, "k1", "netsuite", "2026-01").await["batch"].take();
    let found = item(&checklist(&world, "2026-01").await, "ENTRIES_EXPORTED").clone();
    assert_eq!([&found["state"], &found["measured"]], ["OPEN", "1 of 2 targets"]);
    let number = batch["externalDocumentNumber"].as_str().unwrap();
    assert_eq!(found["detail"], json!([format!("netsuite: batch {number} not delivered"), "netsuite-eu: entries in no batch"]));
    create(&world, &world.admin, "k2", "netsuite-eu", "2026-01").await;
    assert_eq!(state(&world, "ENTRIES_EXPORTED").await, "OK");
    // A late entry is in no batch, nor is what the other system refused.
    world.book(&[charge("late").team("search").on("2026-01-31T10:00:00Z")]).await;
    assert_eq!(state(&world, "ENTRIES_EXPORTED").await, "OPEN");
    create(&world, &world.admin, "k3", "netsuite", "2026-01").await;
    create(&world, &world.admin, "k4", "netsuite-eu", "2026-01").await;
    assert_eq!(state(&world, "ENTRIES_EXPORTED").await, "OK");
    // What is dated in another month is no entry of this one.
    world.book(&[charge("feb").team("search").on("2026-02-01T10:00:00Z")]).await;
    assert_eq!(state(&world, "ENTRIES_EXPORTED").await, "OK");
    let refusal = json!({ "id": batch["id"], "rejected": [{ "line": 1, "reason": "Department is inactive" }] });
    crate::erp_client::answer(&world, &world.admin, refusal).await;
    assert_eq!(refused_items(&close_saying(&world, "SOFT_CLOSED", "agreed").await), ["ENTRIES_EXPORTED"]);
    let closed = close_saying(&world, "CLOSED", "ENTRIES_EXPORTED: booked by hand").await;
    assert_eq!(closed["userErrors"], json!([]));
}

async fn a_target_of_some_kinds_is_asked_for_those(world: World) {
    world_of_january(&world).await;
    let reverse =
        |key: &str, number: i64| json!({ "idempotencyKey": key, "number": number, "effectiveOn": "2026-01-12", "reason": "twice" });
    world.save("reverseJournalEntry", "ReverseJournalEntryInput", reverse("r1", 1)).await;
    let input = json!({ "idempotencyKey": "k", "target": "netsuite", "period": "2026-01", "kinds": ["REVERSAL"] });
    world.save("createExportBatch", "CreateExportBatchInput", input).await;
    assert_eq!(state(&world, "ENTRIES_EXPORTED").await, "OK", "this target takes reversals alone");
    world.save("reverseJournalEntry", "ReverseJournalEntryInput", reverse("r2", 2)).await;
    assert_eq!(state(&world, "ENTRIES_EXPORTED").await, "OPEN");
}

async fn a_month_with_waiting_hours_closes_where_they_are_named(world: World) {
    world_of_january(&world).await;
    assert_eq!(state(&world, "HOURS_RATED").await, "NOT_APPLICABLE");
    let hours = |id: &str, day: &str| json!({ "source": "hr", "externalId": id, "workedOn": day, "person": "mia", "role": "engineer", "hours": "8", "team": "search" });
    world
        .save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": [hours("t1", "2026-01-31"), hours("t2", "2026-02-01")] }))
        .await;
    let found = item(&checklist(&world, "2026-01").await, "HOURS_RATED").clone();
    assert_eq!([&found["state"], &found["measured"]], ["OPEN", "1 time entry"]);
    for status in ["SOFT_CLOSED", "CLOSED"] {
        let refused = close_saying(&world, status, "agreed").await;
        assert_eq!(refused_items(&refused), ["HOURS_RATED"]);
        assert!(refused["userErrors"][0]["message"].as_str().unwrap().contains("saveLaborRates"), "{refused}");
    }
    assert_eq!(close_saying(&world, "CLOSED", "HOURS_RATED: mia's rate comes with payroll").await["userErrors"], json!([]));
    reopened(&world, "2026-01").await;
    let rate = json!({ "role": "engineer", "costPerHour": "100", "currency": "USD", "effectiveFrom": "2026-01-01" });
    world.save("saveLaborRates", "SaveLaborRatesInput", json!({ "rates": [rate] })).await;
    assert_eq!(state(&world, "HOURS_RATED").await, "OK");
    assert_eq!(close(&world, "2026-01", "CLOSED").await["userErrors"], json!([]));
}

async fn statements_of_months_that_have_not_begun_are_refused(world: World) {
    world_of_january(&world).await;
    let draft =
        "mutation D($input: DraftChargebacksInput!) { draftChargebacks(input: $input) { statements { number } userErrors { code path } } }";
    for (kind, showback) in [("TEAM", false), ("TEAM", true), ("CLIENT", false), ("PROJECT", true)] {
        let mut future = input(kind);
        (future["period"], future["showback"]) = (json!("2026-03"), json!(showback));
        let answer = world.graphql(draft, json!({ "input": future })).await["draftChargebacks"].take();
        assert_eq!(answer, json!({ "statements": [], "userErrors": [{ "code": "PERIOD_FUTURE", "path": ["period"] }] }));
    }
    world.book(&[charge("f").team("search").on("2026-02-02T10:00:00Z")]).await;
    let mut current = input("TEAM");
    current["period"] = json!("2026-02");
    assert_eq!(drafted(&world, current).await.len(), 1, "the month of today has begun");
}

async fn posting_says_what_it_leaves_open_and_what_to_do_with_it(world: World) {
    world_of_january(&world).await;
    let post = async |key: &str, numbers: Value| {
        let query = "mutation P($input: PostChargebacksInput!) { postChargebacks(input: $input) { statements { number } leftOpen userErrors { code path message } } }";
        let input = json!({ "idempotencyKey": key, "period": "2026-01", "numbers": numbers });
        world.graphql(query, json!({ "input": input })).await["postChargebacks"].take()
    };
    drafted(&world, input("TEAM")).await;
    let nothing = post("p0", Value::Null).await;
    assert_eq!(nothing["userErrors"][0]["code"], "NOTHING_TO_POST");
    assert!(nothing["userErrors"][0]["message"].as_str().unwrap().contains("2 drafts approved first, from CB-000001 on"), "{nothing}");
    approved(&world, "CB-000001").await;
    let posted = post("p1", Value::Null).await;
    assert_eq!((&posted["statements"], &posted["leftOpen"]), (&json!([{ "number": "CB-000001" }]), &json!(["CB-000002"])));
    assert_eq!(post("p1", Value::Null).await["leftOpen"], json!(["CB-000002"]), "asked again, it says how things stand");
    approved(&world, "CB-000002").await;
    close_saying(&world, "CLOSED", "CHARGEBACKS_POSTED: agreed").await;
    let refused = post("p2", Value::Null).await["userErrors"][0].take();
    assert_eq!((&refused["code"], &refused["path"]), (&json!("PERIOD_CLOSED"), &json!(["period"])));
    let message = refused["message"].as_str().unwrap();
    for said in ["requestReopening", "approveReopening", "withdrawChargeback"] {
        assert!(message.contains(said), "{message}");
    }
    close_saying(&world, "LOCKED", "CHARGEBACKS_POSTED: agreed").await;
    let refused = post("p3", Value::Null).await["userErrors"][0].take();
    let message = refused["message"].as_str().unwrap();
    assert!(
        refused["code"] == "PERIOD_LOCKED" && message.contains("withdrawChargeback") && !message.contains("requestReopening"),
        "{message}"
    );
    assert_eq!(code(&close_saying(&world, "CLOSED", "agreed").await), "PERIOD_LOCKED");
}

/// What the refusal advises is true: the cost of a withdrawn statement is not lost.
async fn what_was_withdrawn_after_a_close_is_taken_up_by_the_next_month(world: World) {
    world_of_january(&world).await;
    drafted(&world, input("TEAM")).await;
    approved(&world, "CB-000001").await;
    approved(&world, "CB-000002").await;
    close_saying(&world, "CLOSED", "CHARGEBACKS_POSTED: agreed").await;
    for number in ["CB-000001", "CB-000002"] {
        let reason = json!({ "number": number, "reason": "January is closed" });
        world.save("withdrawChargeback", "WithdrawChargebackInput", reason).await;
    }
    let auditor = world.token_of("au", "main", Role::Auditor, None);
    let events = world.graphql_as(&auditor, "{ auditEvents(first: 200) { nodes { action reason } } }", json!({})).await;
    let withdrawn =
        events["auditEvents"]["nodes"].as_array().unwrap().iter().filter(|event| event["action"] == "chargeback.withdraw").count();
    assert_eq!(withdrawn, 2);
    let mut february = input("TEAM");
    february["period"] = json!("2026-02");
    let numbers = charged(&world, february.clone()).await;
    assert_eq!(numbers, ["CB-000003", "CB-000004"]);
    let query = "query S($number: String!) { chargeback(number: $number) { lines { kind month } } }";
    let lines = world.graphql(query, json!({ "number": numbers[0] })).await["chargeback"]["lines"].take();
    assert_eq!(lines, json!([{ "kind": "ADJUSTMENT", "month": "2026-01" }]));
    assert_eq!(drafted(&world, february).await, Vec::<Value>::new(), "and it is charged once");
    world.assert_verified().await;
}
