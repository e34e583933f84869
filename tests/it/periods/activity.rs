//! The close checklist of revenue and labor: what was earned is recognised, and what was applied is trued up, before a month closes.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use super::{books_of_two_months, checklist::checklist, checklist::item, closed, mutate};
use crate::harness::World;

on_both_engines!(
    revenue_whose_day_has_come_keeps_a_month_open_until_it_is_recognised,
    books_without_payroll_need_no_true_up,
    applied_labor_keeps_a_month_open_until_it_is_trued_up,
    hours_that_come_late_for_a_closed_month_are_asked_for_in_the_next,
    a_true_up_of_before_a_reopening_is_asked_for_again,
);

/// The clock of February, with a token that holds then.
async fn february(world: &mut World) {
    world.set_clock("2026-02-03T12:00:00Z");
    world.admin = world.token("main", Role::Admin, None);
    books_of_two_months(world).await;
    closed(world, "2025-12", "CLOSED").await;
}

/// State, measured and message of an item.
async fn said(world: &World, period: &str, code: &str) -> [String; 3] {
    let list = checklist(world, period).await;
    let item = item(&list, code);
    assert_eq!(item["ok"] == true, item["state"] != "OPEN");
    ["state", "measured", "message"].map(|field| item[field].as_str().unwrap().to_owned())
}

async fn detail(world: &World, period: &str, code: &str) -> Value {
    item(&checklist(world, period).await, code)["detail"].clone()
}

/// 59.00 over 15 January to 14 March: 17, 28 and 14 days, so January earns 17.00 and February 28.00. It was agreed on 15 January, before any of
/// it was earned.
async fn revenue_whose_day_has_come_keeps_a_month_open_until_it_is_recognised(mut world: World) {
    assert_eq!(said(&world, "2026-01", "REVENUE_RECOGNIZED").await, ["NOT_APPLICABLE", "0 parts", "no revenue was ever recorded"]);
    world.save_centers("search", "assistant", "gearpeak").await;
    let retainer = json!({ "source": "crm", "externalId": "r1", "earnedOn": "2026-01-15", "earnedThrough": "2026-03-14", "amount": "59",
        "currency": "USD", "kind": "RETAINER", "client": "gearpeak" });
    let euros = json!({ "source": "crm", "externalId": "r2", "earnedOn": "2026-01-16", "earnedThrough": "2026-01-20", "amount": "5",
        "currency": "EUR", "client": "gearpeak" });
    world.save("recordRevenue", "RecordRevenueInput", json!({ "entries": [retainer, euros] })).await;
    let today = said(&world, "2026-01", "REVENUE_RECOGNIZED").await;
    assert_eq!(today, ["OK", "0 parts", "nothing is missing"], "on 15 January nothing of it is earned");
    february(&mut world).await;
    let waiting =
        "revenue earned by 2026-01-31 is not recognised, 2 parts of 17 USD, 5 EUR: send recognizeRevenue through 2026-01-31".to_owned();
    assert_eq!(said(&world, "2026-01", "REVENUE_RECOGNIZED").await, ["OPEN".to_owned(), "2 parts".to_owned(), waiting.clone()]);
    let lines = json!(["crm r2: 5 EUR earned on 2026-01-20", "crm r1: 17 USD earned on 2026-01-31"]);
    assert_eq!(detail(&world, "2026-01", "REVENUE_RECOGNIZED").await, lines);
    let refused = mutate(&world, &world.admin, "closePeriod", "ClosePeriodInput", json!({ "period": "2026-01" })).await;
    let told: Vec<&str> = refused["userErrors"].as_array().unwrap().iter().map(|error| error["message"].as_str().unwrap()).collect();
    assert!(told.contains(&format!("REVENUE_RECOGNIZED: {waiting}").as_str()), "{told:?}");
    // What was not recognised in January counts in February too, whose own part has a day to come.
    assert_eq!(said(&world, "2026-02", "REVENUE_RECOGNIZED").await[1], "2 parts");
    world.save("recognizeRevenue", "RecognizeRevenueInput", json!({ "through": "2026-01-31" })).await;
    for period in ["2026-01", "2026-02"] {
        assert_eq!(said(&world, period, "REVENUE_RECOGNIZED").await, ["OK", "0 parts", "nothing is missing"]);
    }
    let revenue = super::trial_balance(&world, "2026-01-31").await.into_iter().filter(|row| row.starts_with("4000"));
    assert_eq!(revenue.collect::<Vec<_>>(), ["4000 0 5", "4000 0 17"], "in euros and in dollars");
    world.assert_verified().await;
}

/// Hours of a person of a team, at 20.00.
async fn work(world: &World, id: &str, person: &str, day: &str, team: Option<&str>, hours: &str) {
    let rate = json!({ "role": "clerk", "costPerHour": "20", "currency": "USD", "effectiveFrom": "2025-01-01" });
    world.save("saveLaborRates", "SaveLaborRatesInput", json!({ "rates": [rate] })).await;
    let entry = json!({ "source": "hr", "externalId": id, "workedOn": day, "person": person, "role": "clerk", "hours": hours, "team": team,
        "client": "gearpeak" });
    world.save("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": [entry] })).await;
}

async fn payroll(world: &World, period: &str, hours: &str, amount: &str) {
    let entry = json!({ "source": "hr", "externalId": format!("{period} {amount}"), "period": period, "team": "search", "hours": hours,
        "amount": amount, "currency": "USD" });
    world.save("recordPayroll", "RecordPayrollInput", json!({ "entries": [entry] })).await;
}

async fn true_up(world: &World, period: &str) {
    world.save("trueUpLabor", "TrueUpLaborInput", json!({ "period": period })).await;
}

async fn books_without_payroll_need_no_true_up(mut world: World) {
    february(&mut world).await;
    work(&world, "t1", "mia", "2026-01-05", Some("search"), "8").await;
    let none = "no payroll was ever recorded: applied labor stays at its rates, without a true-up";
    assert_eq!(said(&world, "2026-01", "LABOR_TRUE_UP").await, ["NOT_APPLICABLE", "no payroll", none]);
    // Whoever records payroll once is asked from then on, for any month with labor.
    payroll(&world, "2026-02", "1", "20").await;
    let asked = "labor of 2026-01 was applied and no payroll is recorded of search: send recordPayroll, then trueUpLabor";
    assert_eq!(said(&world, "2026-01", "LABOR_TRUE_UP").await, ["OPEN", "1 open", asked]);
}

/// 10 hours at 20.00 are applied: 200.00. 230.00 were paid for them, so that 30.00 of rate are to be posted.
async fn applied_labor_keeps_a_month_open_until_it_is_trued_up(mut world: World) {
    february(&mut world).await;
    let platform = json!({ "costCenters": [{ "kind": "TEAM", "code": "platform", "name": "Platform" }] });
    world.save("saveCostCenters", "SaveCostCentersInput", platform).await;
    work(&world, "t1", "mia", "2026-01-05", Some("search"), "10").await;
    work(&world, "t2", "leo", "2026-01-05", Some("platform"), "2").await;
    work(&world, "t3", "ada", "2026-01-05", None, "1").await;
    payroll(&world, "2026-01", "10", "230").await;
    let both = "labor of 2026-01 was applied and no payroll is recorded of platform: send recordPayroll, then trueUpLabor; \
        payroll of 2026-01 is not compared with the labor that was applied of search: send trueUpLabor";
    assert_eq!(said(&world, "2026-01", "LABOR_TRUE_UP").await, ["OPEN", "2 open", both]);
    let lines = json!(["2026-01 platform USD: no payroll", "2026-01 search USD: no true-up"]);
    assert_eq!(detail(&world, "2026-01", "LABOR_TRUE_UP").await, lines, "hours of no team are of nobody's payroll");
    true_up(&world, "2026-01").await;
    assert_eq!(detail(&world, "2026-01", "LABOR_TRUE_UP").await, json!(["2026-01 platform USD: no payroll"]));
    // The two hours of the platform were recorded by mistake, and are taken back.
    work(&world, "t2-back", "leo", "2026-01-05", Some("platform"), "-2").await;
    let settled = ["OK", "trued up", "nothing is missing"];
    assert_eq!(said(&world, "2026-01", "LABOR_TRUE_UP").await, settled);
    let changed = "labor or payroll of 2026-01 changed since the true-up of search: send trueUpLabor";
    for change in ["hours", "payroll"] {
        match change {
            "hours" => work(&world, "t4", "mia", "2026-01-07", Some("search"), "1").await,
            _ => payroll(&world, "2026-01", "0", "7").await,
        }
        assert_eq!(said(&world, "2026-01", "LABOR_TRUE_UP").await, ["OPEN", "1 open", changed], "{change}");
        true_up(&world, "2026-01").await;
        assert_eq!(said(&world, "2026-01", "LABOR_TRUE_UP").await, settled);
    }
    world.assert_verified().await;
}

/// 10 hours at 20.00 and payroll of 200.00 agree, so that there is nothing to post; an hour that comes after the close makes 20.00 of it.
async fn hours_that_come_late_for_a_closed_month_are_asked_for_in_the_next(mut world: World) {
    february(&mut world).await;
    work(&world, "t1", "mia", "2026-01-05", Some("search"), "10").await;
    payroll(&world, "2026-01", "10", "200").await;
    assert_eq!(said(&world, "2026-01", "LABOR_TRUE_UP").await[0], "OK", "payroll that agrees has no variance to post");
    closed(&world, "2026-01", "CLOSED").await;
    assert_eq!(said(&world, "2026-02", "LABOR_TRUE_UP").await[0], "OK");
    work(&world, "t2", "leo", "2026-01-30", Some("search"), "1").await;
    let asked = "payroll of 2026-01 is not compared with the labor that was applied of search: send trueUpLabor";
    assert_eq!(said(&world, "2026-02", "LABOR_TRUE_UP").await, ["OPEN", "1 open", asked]);
    true_up(&world, "2026-01").await;
    assert_eq!(said(&world, "2026-02", "LABOR_TRUE_UP").await[0], "OK");
    // The variance stands in February, where it was posted: 20.00 less than was applied.
    let variance = async |as_of: &str| -> Vec<String> {
        super::trial_balance(&world, as_of).await.into_iter().filter(|row| row.starts_with("6795")).collect()
    };
    assert_eq!([variance("2026-01-31").await, variance("2026-02-28").await], [vec![], vec!["6795 0 20".to_owned()]]);
    world.assert_verified().await;
}

async fn a_true_up_of_before_a_reopening_is_asked_for_again(mut world: World) {
    february(&mut world).await;
    work(&world, "t1", "mia", "2026-01-05", Some("search"), "10").await;
    payroll(&world, "2026-01", "10", "230").await;
    true_up(&world, "2026-01").await;
    closed(&world, "2026-01", "CLOSED").await;
    super::reopened(&world, "2026-01").await;
    let asked = "2026-01 was reopened since its labor was trued up: send trueUpLabor";
    assert_eq!(said(&world, "2026-01", "LABOR_TRUE_UP").await, ["OPEN", "stale", asked]);
    true_up(&world, "2026-01").await;
    assert_eq!(said(&world, "2026-01", "LABOR_TRUE_UP").await, ["OK", "trued up", "nothing is missing"]);
}
