//! Periods: closing in order, late charges in the first open period, reopening by two persons, the checklist, the books' time zone.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::{Charge, World, charge};

mod activity;
mod checklist;
mod late;
mod race;
mod unfinished;
mod zone;

on_both_engines!(
    a_period_closes_forward_only_and_in_the_order_of_the_months,
    a_reversal_dated_in_a_closed_period_is_refused_and_names_the_first_open_day,
    a_soft_closed_period_takes_the_adjustments_of_closers_alone,
    a_period_is_reopened_by_two_persons_with_a_reason,
    a_locked_period_is_never_reopened,
    what_changes_a_period_is_in_the_audit_log,
    an_entry_that_a_person_dates_waits_until_its_period_begins,
);

/// A charge of 0.0065 USD with an owner.
fn owned(external_id: &str, instant: &str) -> Charge {
    charge(external_id).team("search").on(instant)
}

/// On 3 February 2026: one charge of December and two of January, whose owner is known.
async fn books_of_two_months(world: &World) {
    world.set_clock("2026-02-03T12:00:00Z");
    world.save_centers("search", "assistant", "gearpeak").await;
    world.book(&[owned("d1", "2025-12-31T12:00:00Z"), owned("c1", "2026-01-05T12:00:00Z"), owned("c2", "2026-01-31T12:00:00Z")]).await;
}

const PERIOD: &str =
    "period { period status fiscalYear firstDay lastDay throughEntry stale staleMarks { kind object } reopeningRequest { by reason }
    changes { fromStatus toStatus by requestedBy reason throughEntry } } userErrors { code message path }";

async fn mutate(world: &World, token: &str, mutation: &str, input_type: &str, input: Value) -> Value {
    let query = format!("mutation M($input: {input_type}!) {{ {mutation}(input: $input) {{ {PERIOD} }} }}");
    world.graphql_as(token, &query, json!({ "input": input })).await[mutation].take()
}

/// The admin closes a period and gives a reason for whatever is open.
async fn close(world: &World, period: &str, status: &str) -> Value {
    let input = json!({ "period": period, "status": status, "acceptOpenItems": "agreed with the controller" });
    mutate(world, &world.admin, "closePeriod", "ClosePeriodInput", input).await
}

async fn closed(world: &World, period: &str, status: &str) {
    let answer = close(world, period, status).await;
    assert_eq!((&answer["period"]["status"], &answer["userErrors"]), (&json!(status), &json!([])));
}

async fn reopening(world: &World, person: &str, mutation: &str, period: &str) -> Value {
    let token = world.token_of(person, "main", Role::Closer, None);
    mutate(world, &token, mutation, "ReopeningInput", json!({ "period": period, "reason": format!("{person} found an error") })).await
}

async fn reopened(world: &World, period: &str) {
    assert_eq!(reopening(world, "cleo", "requestReopening", period).await["userErrors"], json!([]));
    let answer = reopening(world, "otto", "approveReopening", period).await;
    assert_eq!((&answer["period"]["status"], &answer["userErrors"]), (&json!("OPEN"), &json!([])));
}

fn code(answer: &Value) -> &str {
    assert!(answer["period"].is_null() && answer["entry"].is_null(), "{answer}");
    answer["userErrors"][0]["code"].as_str().unwrap_or_else(|| panic!("no refusal in {answer}"))
}

async fn reverse_as(world: &World, token: &str, number: i64, day: &str) -> Value {
    let query = "mutation R($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) {
        entry { number effectiveOn serviceOn isPriorPeriod } userErrors { code message path } } }";
    let input = json!({ "idempotencyKey": format!("{number} {day}"), "number": number, "effectiveOn": day, "reason": "sent twice" });
    world.graphql_as(token, query, json!({ "input": input })).await["reverseJournalEntry"].take()
}

/// Cost, charges and input tokens of a month.
async fn spend(world: &World, from: &str, to: &str) -> String {
    let query =
        "query S($from: Date!, $to: Date!) { spend(from: $from, to: $to, groupBy: []) { rows { cost { amount } charges inputTokens } } }";
    let data = world.graphql(query, json!({ "from": from, "to": to })).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |row: &Value| format!("{} {} {}", text(&row["cost"]["amount"]), text(&row["charges"]), text(&row["inputTokens"]));
    data["spend"]["rows"].as_array().unwrap().iter().map(row).collect::<Vec<_>>().join(", ")
}

async fn january(world: &World) -> String {
    spend(world, "2026-01-01", "2026-02-01").await
}

async fn february(world: &World) -> String {
    spend(world, "2026-02-01", "2026-03-01").await
}

/// Rows of the trial balance of a day as `code debit credit`.
async fn trial_balance(world: &World, as_of: &str) -> Vec<String> {
    let query = "query T($asOf: Date!) { trialBalance(asOf: $asOf) { rows { account { code } debit credit } totals { debit credit } } }";
    let data = world.graphql(query, json!({ "asOf": as_of })).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for total in data["trialBalance"]["totals"].as_array().unwrap() {
        assert_eq!(total["debit"], total["credit"]);
    }
    let row = |row: &Value| format!("{} {} {}", text(&row["account"]["code"]), text(&row["debit"]), text(&row["credit"]));
    data["trialBalance"]["rows"].as_array().unwrap().iter().map(row).collect()
}

async fn statuses(world: &World) -> Vec<String> {
    let data = world.graphql("{ periods { nodes { period status } } }", json!({})).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let nodes = data["periods"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| format!("{} {}", text(&node["period"]), text(&node["status"]))).collect()
}

async fn a_period_closes_forward_only_and_in_the_order_of_the_months(world: World) {
    books_of_two_months(&world).await;
    assert_eq!(statuses(&world).await, ["2025-12 OPEN", "2026-01 OPEN", "2026-02 OPEN"]);
    for status in ["SOFT_CLOSED", "CLOSED", "LOCKED"] {
        assert_eq!(code(&close(&world, "2026-01", status).await), "EARLIER_PERIOD_OPEN");
    }
    assert_eq!(code(&close(&world, "2026-03", "CLOSED").await), "PERIOD_FUTURE");
    assert_eq!(code(&close(&world, "2026-13", "CLOSED").await), "DATE_INVALID");
    closed(&world, "2025-12", "SOFT_CLOSED").await;
    assert_eq!(code(&close(&world, "2026-01", "CLOSED").await), "EARLIER_PERIOD_OPEN");
    closed(&world, "2025-12", "CLOSED").await;
    closed(&world, "2026-01", "CLOSED").await;
    assert_eq!(code(&close(&world, "2025-12", "SOFT_CLOSED").await), "PERIOD_CLOSED");
    // Asked again, it is what it is.
    let again = close(&world, "2026-01", "CLOSED").await;
    assert_eq!((&again["period"]["throughEntry"], again["period"]["changes"].as_array().unwrap().len()), (&json!("3"), 1));
    closed(&world, "2025-12", "LOCKED").await;
    assert_eq!(statuses(&world).await, ["2025-12 LOCKED", "2026-01 CLOSED", "2026-02 OPEN"]);
    let answer = world
        .graphql(
            "{ periods(fiscalYear: 2026, first: 3) { nodes { period status fiscalYear lastDay } pageInfo { hasNextPage endCursor } } }",
            json!({}),
        )
        .await;
    let page = &answer["periods"];
    assert_eq!(page["nodes"][2], json!({ "period": "2026-03", "status": "FUTURE", "fiscalYear": 2026, "lastDay": "2026-03-31" }));
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let rest = "query P($after: String!) { periods(fiscalYear: 2026, after: $after) { nodes { period } } }";
    let rest = world.graphql(rest, json!({ "after": page["pageInfo"]["endCursor"] })).await;
    assert_eq!((rest["periods"]["nodes"].as_array().unwrap().len(), &rest["periods"]["nodes"][0]["period"]), (9, &json!("2026-04")));
    world.assert_verified().await;
}

async fn a_reversal_dated_in_a_closed_period_is_refused_and_names_the_first_open_day(world: World) {
    books_of_two_months(&world).await;
    closed(&world, "2025-12", "CLOSED").await;
    closed(&world, "2026-01", "CLOSED").await;
    let refused = reverse_as(&world, &world.admin, 2, "2026-01-31").await;
    assert_eq!((code(&refused), &refused["userErrors"][0]["path"]), ("PERIOD_CLOSED", &json!(["effectiveOn"])));
    assert_eq!(refused["userErrors"][0]["message"], "2026-01 is CLOSED: the first open day is 2026-02-01");
    let before = (january(&world).await, trial_balance(&world, "2026-01-31").await);
    let posted = reverse_as(&world, &world.admin, 2, "2026-02-01").await;
    assert_eq!(posted["entry"], json!({ "number": "4", "effectiveOn": "2026-02-01", "serviceOn": "2026-01-05", "isPriorPeriod": true }));
    // January keeps what it closed with; the reversal and its counts are February's.
    assert_eq!((january(&world).await, trial_balance(&world, "2026-01-31").await), before);
    assert_eq!((january(&world).await, february(&world).await), ("0.013 2 2400".to_owned(), "-0.0065 -1 -1200".to_owned()));
    world.assert_verified().await;
}

async fn a_soft_closed_period_takes_the_adjustments_of_closers_alone(world: World) {
    books_of_two_months(&world).await;
    closed(&world, "2025-12", "CLOSED").await;
    closed(&world, "2026-01", "SOFT_CLOSED").await;
    let preparer = world.token_of("paul", "main", Role::Preparer, None);
    let refused = reverse_as(&world, &preparer, 2, "2026-01-31").await;
    assert_eq!(code(&refused), "PERIOD_SOFT_CLOSED");
    let closer = world.token_of("cleo", "main", Role::Closer, None);
    let posted = reverse_as(&world, &closer, 2, "2026-01-31").await;
    assert_eq!((&posted["entry"]["number"], &posted["entry"]["isPriorPeriod"]), (&json!("4"), &json!(false)));
    // The permission was of that transaction alone.
    assert_eq!(code(&reverse_as(&world, &preparer, 3, "2026-01-31").await), "PERIOD_SOFT_CLOSED");
    // A charge is nobody's adjustment.
    world.book(&[owned("late", "2026-01-20T12:00:00Z")]).await;
    assert_eq!((january(&world).await, february(&world).await), ("0.0065 1 1200".to_owned(), "0.0065 1 1200".to_owned()));
    world.assert_verified().await;
}

async fn a_period_is_reopened_by_two_persons_with_a_reason(world: World) {
    books_of_two_months(&world).await;
    closed(&world, "2025-12", "CLOSED").await;
    let note = json!({ "period": "2026-01", "note": "accruals of both providers agree" });
    assert_eq!(mutate(&world, &world.admin, "reviewAccruals", "ReviewAccrualsInput", note).await["userErrors"], json!([]));
    closed(&world, "2026-01", "CLOSED").await;
    let cleo = |mutation| reopening(&world, "cleo", mutation, "2026-01");
    assert_eq!(code(&reopening(&world, "cleo", "requestReopening", "2026-02").await), "NOTHING_TO_REOPEN");
    assert_eq!(code(&reopening(&world, "cleo", "requestReopening", "2025-12").await), "LATER_PERIOD_CLOSED");
    assert_eq!(code(&cleo("approveReopening").await), "REOPENING_NOT_REQUESTED");
    let asked = cleo("requestReopening").await;
    assert_eq!(asked["period"]["reopeningRequest"], json!({ "by": "cleo", "reason": "cleo found an error" }));
    assert_eq!(asked["period"]["status"], "CLOSED");
    assert_eq!(cleo("requestReopening").await["userErrors"], json!([]), "asking twice changes nothing");
    assert_eq!(code(&reopening(&world, "otto", "requestReopening", "2026-01").await), "REOPENING_REQUESTED");
    assert_eq!(code(&cleo("approveReopening").await), "SAME_PERSON");
    let none = mutate(&world, &world.admin, "approveReopening", "ReopeningInput", json!({ "period": "2026-01", "reason": " " })).await;
    assert_eq!(code(&none), "MISSING_FIELD");
    let agreed = reopening(&world, "otto", "approveReopening", "2026-01").await;
    let period = &agreed["period"];
    assert_eq!((&period["status"], &period["throughEntry"], &period["reopeningRequest"]), (&json!("OPEN"), &Value::Null, &Value::Null));
    let change = &period["changes"][1];
    assert_eq!([&change["by"], &change["requestedBy"]], [&json!("otto"), &json!("cleo")]);
    assert_eq!(change["reason"], "asked: cleo found an error; agreed: otto found an error");
    // The sign-off was of what the month held then.
    assert_eq!((&period["stale"], &period["staleMarks"]), (&json!(true), &json!([{ "kind": "ACCRUAL_REVIEW", "object": "1" }])));
    world.book(&[owned("c3", "2026-01-20T12:00:00Z")]).await;
    assert_eq!(january(&world).await, "0.0195 3 3600");
    let note = json!({ "period": "2026-01", "note": "looked at again" });
    let reviewed = mutate(&world, &world.admin, "reviewAccruals", "ReviewAccrualsInput", note).await;
    assert_eq!(reviewed["period"]["stale"], false);
    // The answered request is no request.
    closed(&world, "2026-01", "CLOSED").await;
    assert_eq!(code(&reopening(&world, "otto", "approveReopening", "2026-01").await), "REOPENING_NOT_REQUESTED");
    world.assert_verified().await;
}

async fn a_locked_period_is_never_reopened(world: World) {
    books_of_two_months(&world).await;
    closed(&world, "2025-12", "LOCKED").await;
    closed(&world, "2026-01", "LOCKED").await;
    assert_eq!(code(&close(&world, "2026-01", "CLOSED").await), "PERIOD_LOCKED");
    assert_eq!(code(&reopening(&world, "cleo", "requestReopening", "2026-01").await), "PERIOD_LOCKED");
    assert_eq!(code(&reopening(&world, "otto", "approveReopening", "2026-01").await), "PERIOD_LOCKED");
    assert_eq!(code(&reverse_as(&world, &world.admin, 2, "2026-01-31").await), "PERIOD_LOCKED");
    for change in ["UPDATE period SET status = 1", "DELETE FROM period"] {
        let refusal = world.database.execute(change).await.unwrap_err();
        assert!(refusal.contains("never"), "{refusal}");
    }
    for (table, column) in [("period_change", "to_status"), ("late_booking", "effective_on")] {
        world.book(&[owned(table, "2026-01-20T12:00:00Z")]).await;
        let refusal = world.database.execute(&format!("UPDATE {table} SET {column} = {column} + 0")).await.unwrap_err();
        assert!(refusal.contains("never changed"), "{refusal}");
    }
}

async fn what_changes_a_period_is_in_the_audit_log(world: World) {
    books_of_two_months(&world).await;
    let events = async |action: &str| {
        world
            .database
            .number(&format!("SELECT count(*) FROM audit_event WHERE action = '{action}' AND subject IN ('ana', 'cleo', 'otto')"))
            .await
    };
    let refused = mutate(&world, &world.admin, "closePeriod", "ClosePeriodInput", json!({ "period": "2025-12" })).await;
    assert_eq!((code(&refused), events("period.close").await), ("CHECKLIST_OPEN", 0));
    closed(&world, "2025-12", "CLOSED").await;
    closed(&world, "2025-12", "CLOSED").await;
    reopened(&world, "2025-12").await;
    for (action, count) in [("period.close", 1), ("period.requestReopening", 1), ("period.reopen", 1)] {
        assert_eq!(events(action).await, count, "{action}");
    }
    let told = "SELECT count(*) FROM audit_event WHERE object = 'period 2025-12' AND reason = 'agreed with the controller' AND before LIKE '%OPEN%' AND after LIKE '%ACCRUALS_REVIEWED%'";
    assert_eq!(world.database.number(told).await, 1);
}

async fn an_entry_that_a_person_dates_waits_until_its_period_begins(world: World) {
    world.set_clock("2026-01-31T12:00:00Z");
    world.book(&[charge("c1"), charge("ahead").on("2026-02-01T10:00:00Z")]).await;
    assert_eq!(code(&reverse_as(&world, &world.admin, 1, "2026-02-01").await), "PERIOD_FUTURE");
    assert_eq!(february(&world).await, "0.0065 1 1200", "a clock that runs ahead is no reason to refuse a charge");
    world.set_clock("2026-02-01T00:00:00Z");
    assert_eq!(reverse_as(&world, &world.admin, 1, "2026-02-01").await["userErrors"], json!([]));
    world.assert_verified().await;
}
