//! Payroll beside applied labor: salaries come in, and the true-up moves what differs to 6795, by rate and by utilization.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::World;

on_both_engines!(
    the_golden_variances_are_posted_and_the_team_nets_to_nothing,
    a_true_up_again_posts_only_what_changed,
    a_team_without_payroll_is_left_alone,
    payroll_is_recorded_once_and_corrected_below_zero,
    what_is_no_payroll_is_refused_with_its_place,
    a_closed_month_is_trued_up_in_the_first_open_one,
    variances_are_for_those_who_know_rates,
    verify_names_payroll_that_is_not_posted,
);

const RECORD: &str =
    "mutation R($input: RecordPayrollInput!) { recordPayroll(input: $input) { recorded replayed userErrors { code message path } } }";
const TRUE_UP: &str = "mutation T($input: TrueUpLaborInput!) { trueUpLabor(input: $input) { posted userErrors { code path } } }";
const VARIANCE: &str = "query V($period: String!) { laborVariance(period: $period) { team { code } currency paid { amount } paidHours applied { amount } appliedHours
    rateVariance { amount } utilizationVariance { amount } postedRateVariance { amount } postedUtilizationVariance { amount } } }";

fn payroll(id: &str, period: &str, hours: &str, amount: &str) -> Value {
    json!({ "source": "hr", "externalId": id, "period": period, "team": "search", "hours": hours, "amount": amount, "currency": "USD" })
}

async fn record(world: &World, entries: &[Value]) -> Value {
    world.graphql(RECORD, json!({ "input": { "entries": entries } })).await["recordPayroll"].take()
}

async fn true_up(world: &World, period: &str) -> Value {
    world.graphql(TRUE_UP, json!({ "input": { "period": period } })).await["trueUpLabor"].take()
}

fn refusals(answer: &Value) -> Vec<[String; 2]> {
    let refusal = |error: &Value| {
        let path: Vec<&str> = error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        [error["code"].as_str().unwrap().to_owned(), path.join(".")]
    };
    answer["userErrors"].as_array().unwrap().iter().map(refusal).collect()
}

/// Standard hours at 15.00: `days` days of ten hours each, from the first of the month on, of as many persons as it takes.
async fn work(world: &World, month: &str, tens_of_hours: usize) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let rate = json!({ "role": "clerk", "costPerHour": "15.00", "currency": "USD", "effectiveFrom": "2025-01-01" });
    world.save("saveLaborRates", "SaveLaborRatesInput", json!({ "rates": [rate] })).await;
    let entries: Vec<Value> = (0..tens_of_hours)
        .map(|number| {
            let (day, person) = (number % 10 + 1, number / 10);
            json!({ "source": "hr", "externalId": format!("{month}-{number}"), "workedOn": format!("{month}-{day:02}"), "person": format!("p{person}"),
                "role": "clerk", "hours": "10", "team": "search", "client": "gearpeak" })
        })
        .collect();
    world.save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": entries })).await;
}

/// Debit and credit of the accounts of payroll.
async fn accounts(world: &World) -> Vec<String> {
    world.trial_balance().await.into_iter().filter(|row| ["24", "67"].iter().any(|code| row.starts_with(code))).collect()
}

/// The postings of the last entry.
async fn last_entry(world: &World) -> (String, Vec<String>) {
    let query = "{ journalEntries(first: 100) { nodes { kind effectiveOn serviceOn postings { side amount { amount } account { code } team { code } } } } }";
    let data = world.graphql(query, json!({})).await;
    let entry = data["journalEntries"]["nodes"].as_array().unwrap().last().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line =
        |line: &Value| [&line["side"], &line["account"]["code"], &line["amount"]["amount"], &line["team"]["code"]].map(text).join(" ");
    let head = [&entry["kind"], &entry["effectiveOn"], &entry["serviceOn"]].map(text).join(" ");
    (head, entry["postings"].as_array().unwrap().iter().map(line).collect())
}

/// double-entry-bookkeeping.com: 250 standard hours at 15.00 are 3,750.00; 230 hours at 18.00 were paid, 4,140.00. Rate 690.00 unfavourable,
/// efficiency 300.00 favourable, together 390.00 unfavourable.
async fn the_golden_variances_are_posted_and_the_team_nets_to_nothing(world: World) {
    work(&world, "2026-01", 25).await;
    let done = record(&world, &[payroll("p1", "2026-01", "230", "4140.00")]).await;
    assert_eq!((&done["recorded"], &done["userErrors"]), (&json!(1), &json!([])));
    let (head, lines) = last_entry(&world).await;
    assert_eq!((head.as_str(), lines), ("LABOR_VARIANCE 2026-01-31 -", vec!["DEBIT 6700 4140 search".into(), "CREDIT 2400 4140 -".into()]));
    let row = json!({ "team": { "code": "search" }, "currency": "USD", "paid": { "amount": "4140" }, "paidHours": "230",
        "applied": { "amount": "3750" }, "appliedHours": "250", "rateVariance": { "amount": "690" }, "utilizationVariance": { "amount": "-300" },
        "postedRateVariance": { "amount": "0" }, "postedUtilizationVariance": { "amount": "0" } });
    assert_eq!(world.graphql(VARIANCE, json!({ "period": "2026-01" })).await["laborVariance"], json!([row]));
    assert_eq!(true_up(&world, "2026-01").await["posted"], 1);
    let (head, lines) = last_entry(&world).await;
    assert_eq!(head, "LABOR_VARIANCE 2026-01-31 -");
    assert_eq!(lines, ["DEBIT 6795 690 search", "CREDIT 6795 300 search", "CREDIT 6790 390 search"]);
    let all = world.graphql("{ trialBalance(asOf: \"2026-01-31\") { rows { account { code } balance } } }", json!({})).await;
    let balance = |code: &str| {
        let rows = all["trialBalance"]["rows"].as_array().unwrap();
        rows.iter().find(|row| row["account"]["code"] == code).unwrap()["balance"].as_str().unwrap().to_owned()
    };
    // 6790 is a contra account: its balance stands on the credit side.
    assert_eq!([balance("6700"), balance("6790"), balance("6795")], ["4140", "4140", "390"]);
    world.assert_verified().await;
}

async fn a_true_up_again_posts_only_what_changed(world: World) {
    work(&world, "2026-01", 25).await;
    record(&world, &[payroll("p1", "2026-01", "230", "4140.00")]).await;
    true_up(&world, "2026-01").await;
    assert_eq!(true_up(&world, "2026-01").await["posted"], 0);
    // A bonus of 100.00 raises the rate variance alone; ten hours more were paid: 150.00 of it are utilization.
    record(&world, &[payroll("p2", "2026-01", "0", "100.00")]).await;
    assert_eq!(true_up(&world, "2026-01").await["posted"], 1);
    assert_eq!(last_entry(&world).await.1, ["DEBIT 6795 100 search", "CREDIT 6790 100 search"]);
    record(&world, &[payroll("p3", "2026-01", "10", "0")]).await;
    assert_eq!(true_up(&world, "2026-01").await["posted"], 1);
    assert_eq!(last_entry(&world).await.1, ["CREDIT 6795 150 search", "DEBIT 6795 150 search"], "from rate to utilization");
    assert_eq!(world.database.number("SELECT max(revision) FROM labor_true_up").await, 3);
    world.assert_verified().await;
}

async fn a_team_without_payroll_is_left_alone(world: World) {
    work(&world, "2026-01", 3).await;
    assert_eq!(true_up(&world, "2026-01").await, json!({ "posted": 0, "userErrors": [] }));
    let rows = world.graphql(VARIANCE, json!({ "period": "2026-01" })).await["laborVariance"].take();
    assert_eq!((&rows[0]["applied"]["amount"], &rows[0]["rateVariance"]), (&json!("450"), &Value::Null), "payroll has not come yet");
    assert_eq!(refusals(&true_up(&world, "2026-02").await), [["DATE_OUT_OF_RANGE", "period"]]);
    assert_eq!(refusals(&true_up(&world, "January").await), [["DATE_INVALID", "period"]]);
}

async fn payroll_is_recorded_once_and_corrected_below_zero(world: World) {
    work(&world, "2026-01", 1).await;
    let first = payroll("p1", "2026-01", "230", "4140.00");
    let done = record(&world, &[first.clone(), first.clone()]).await;
    assert_eq!((&done["recorded"], &done["replayed"]), (&json!(1), &json!(1)));
    let other = record(&world, &[payroll("p1", "2026-01", "230", "4141.00")]).await;
    assert_eq!(refusals(&other), [["IDEMPOTENCY_CONFLICT", "entries.0.externalId"]]);
    let number = world.database.number("SELECT max(number) FROM journal_entry").await;
    let reverse = json!({ "idempotencyKey": "r", "number": number.to_string(), "effectiveOn": "2026-01-31", "reason": "r" });
    assert_eq!(world.refusals("reverseJournalEntry", "ReverseJournalEntryInput", reverse).await[0]["code"], "PAYROLL_ENTRY");
    assert_eq!(record(&world, &[payroll("p1-fix", "2026-01", "-30", "-140.00")]).await["recorded"], 1);
    assert_eq!(accounts(&world).await.first().unwrap(), "2400 140 4140");
    for table in ["payroll_entry", "labor_true_up"] {
        true_up(&world, "2026-01").await;
        let change = format!("DELETE FROM {table}");
        assert!(world.database.execute(&change).await.expect_err(&change).contains("never"));
    }
    world.assert_verified().await;
}

async fn what_is_no_payroll_is_refused_with_its_place(world: World) {
    work(&world, "2026-01", 1).await;
    for (entry, code, path) in [
        (payroll("p", "2026-01", "0", "0"), "PAYROLL_INVALID", "amount"),
        (payroll("p", "2026-01", "1.0000001", "1"), "PAYROLL_INVALID", "hours"),
        (payroll("p", "2026-1", "1", "1"), "DATE_INVALID", "period"),
        (payroll("p", "2026-02", "1", "1"), "DATE_OUT_OF_RANGE", "period"),
        (payroll("p", "2014-12", "1", "1"), "DATE_OUT_OF_RANGE", "period"),
        (payroll("p", "2026-01", "1", "1,5"), "AMOUNT_INVALID", "amount"),
        (payroll("", "2026-01", "1", "1"), "MISSING_FIELD", "externalId"),
    ] {
        assert_eq!(
            refusals(&record(&world, std::slice::from_ref(&entry)).await),
            [[code.to_owned(), format!("entries.0.{path}")]],
            "{entry}"
        );
    }
    let mut nobody = payroll("p", "2026-01", "1", "1");
    nobody["team"] = json!("nobody");
    assert_eq!(refusals(&record(&world, &[nobody]).await), [["COST_CENTER_UNKNOWN", "entries.0.team"]]);
}

async fn a_closed_month_is_trued_up_in_the_first_open_one(world: World) {
    work(&world, "2025-12", 25).await;
    record(&world, &[payroll("p1", "2025-12", "230", "4140.00")]).await;
    let close = "mutation { closePeriod(input: { period: \"2025-12\", acceptOpenItems: \"agreed\" }) { userErrors { code } } }";
    assert_eq!(world.graphql(close, json!({})).await["closePeriod"]["userErrors"], json!([]));
    assert_eq!(true_up(&world, "2025-12").await["posted"], 1);
    assert_eq!(last_entry(&world).await.0, "LABOR_VARIANCE 2026-01-01 2025-12-31");
    world.assert_verified().await;
}

async fn variances_are_for_those_who_know_rates(world: World) {
    work(&world, "2026-01", 1).await;
    for role in [Role::Viewer, Role::Analyst, Role::Closer, Role::Integrator] {
        let token = world.token("main", role, None);
        assert_eq!(world.graphql_error(&token, VARIANCE, json!({ "period": "2026-01" })).await, "FORBIDDEN", "{role}");
        assert_eq!(world.graphql_error(&token, TRUE_UP, json!({ "input": { "period": "2026-01" } })).await, "FORBIDDEN", "{role}");
    }
    let integrator = world.token("main", Role::Integrator, None);
    let given = json!({ "input": { "entries": [payroll("p1", "2026-01", "1", "1")] } });
    assert_eq!(world.graphql_as(&integrator, RECORD, given).await["recordPayroll"]["recorded"], 1);
}

async fn verify_names_payroll_that_is_not_posted(world: World) {
    work(&world, "2026-01", 25).await;
    record(&world, &[payroll("p1", "2026-01", "230", "4140.00")]).await;
    true_up(&world, "2026-01").await;
    let copy = "INSERT INTO labor_true_up SELECT books_id, month, team_id, currency_id, 2, rate_variance + 1, utilization_variance, entry_number + 1, recorded_at FROM labor_true_up";
    world.database.execute(copy).await.unwrap();
    let faults = world.faults().await;
    assert!(faults.iter().any(|fault| fault.contains("the true-up of month 672")), "{faults:?}");
}
