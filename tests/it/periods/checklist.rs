//! The close checklist: what is missing is said, and a period closes without it only for a reason.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use super::{PERIOD, books_of_two_months, closed, code, mutate, owned};
use crate::harness::{World, charge};

on_both_engines!(
    every_item_says_what_is_missing,
    a_period_closes_once_every_item_is_settled,
    a_provider_that_stops_within_the_month_is_missed,
    a_sign_off_is_of_the_accruals_as_they_were_then,
    thresholds_are_settings_of_the_books,
    a_limited_token_gets_no_checklist,
);

pub(super) async fn checklist(world: &World, period: &str) -> Value {
    let query = "query C($period: String!) { closeChecklist(period: $period) { ok status
        items { code state ok mayStayOpen mustBeNamed measured threshold message detail } thresholds { unpricedCharges unattributedPercent feedGapDays } } }";
    world.graphql(query, json!({ "period": period })).await["closeChecklist"].take()
}

pub(super) fn item<'a>(checklist: &'a Value, code: &str) -> &'a Value {
    checklist["items"].as_array().unwrap().iter().find(|item| item["code"] == code).unwrap()
}

fn open(checklist: &Value) -> Vec<&str> {
    let items = checklist["items"].as_array().unwrap().iter();
    items.filter(|item| item["ok"] == false).map(|item| item["code"].as_str().unwrap()).collect()
}

async fn every_item_says_what_is_missing(world: World) {
    books_of_two_months(&world).await;
    world
        .book(&[
            owned("a1", "2025-12-30T12:00:00Z").model("anthropic", "claude-sonnet-4-5"),
            owned("a2", "2026-01-10T12:00:00Z").model("anthropic", "claude-sonnet-4-5"),
            charge("nobody").on("2026-01-09T12:00:00Z"),
        ])
        .await;
    world.record(&[owned("u1", "2026-01-12T12:00:00Z").model("acme-ai", "house-model")]).await;
    let list = checklist(&world, "2026-01").await;
    assert_eq!((&list["ok"], &list["status"]), (&json!(false), &json!("OPEN")));
    assert_eq!(open(&list), ["UNPRICED", "UNATTRIBUTED", "PROVIDER_FEEDS", "ACCRUALS_REVIEWED", "EARLIER_PERIODS"]);
    let unpriced = item(&list, "UNPRICED");
    assert_eq!((&unpriced["measured"], &unpriced["threshold"]), (&json!("1"), &json!("0")));
    assert!(unpriced["message"].as_str().unwrap().contains("rerateCharges"));
    assert!(unpriced["detail"][0].as_str().unwrap().starts_with("1: "), "{unpriced}");
    // 0.0065 of 0.0065 x 3 + 1,200 x 3.00 + 350 x 15.00 for a million = 0.00885: 0.0065 / 0.02835 = 22.93 percent, rounded up
    let unattributed = item(&list, "UNATTRIBUTED");
    assert_eq!((&unattributed["measured"], &unattributed["threshold"]), (&json!("22.93%"), &json!("1%")));
    assert_eq!(unattributed["detail"], json!(["0.0065 of 0.02835 USD"]));
    let feeds = item(&list, "PROVIDER_FEEDS");
    let told = json!([
        "acme-ai: last charge on 2026-01-12, incomplete",
        "anthropic: last charge on 2026-01-10, incomplete",
        "openai: last charge on 2026-01-31"
    ]);
    assert_eq!(feeds["detail"], told);
    assert_eq!((&item(&list, "ALLOCATIONS_RUN")["state"], &item(&list, "ALLOCATIONS_RUN")["ok"]), (&json!("NOT_APPLICABLE"), &json!(true)));
    assert_eq!(item(&list, "EARLIER_PERIODS")["detail"], json!(["2025-12 OPEN"]));
    assert_eq!(item(&list, "TRIAL_BALANCE")["detail"].as_array().unwrap().len(), 1);
    assert_eq!(item(&list, "TRIAL_BALANCE")["mayStayOpen"], false);
    let not_over = checklist(&world, "2026-02").await;
    assert_eq!(item(&not_over, "PERIOD_OVER")["state"], "OPEN");
    closed(&world, "2025-12", "CLOSED").await;
    let refused = mutate(&world, &world.admin, "closePeriod", "ClosePeriodInput", json!({ "period": "2026-01" })).await;
    let codes: Vec<&Value> = refused["userErrors"].as_array().unwrap().iter().map(|error| &error["code"]).collect();
    assert_eq!(codes, [&json!("CHECKLIST_OPEN"); 4]);
    let blank = json!({ "period": "2026-01", "acceptOpenItems": "  " });
    assert_eq!(code(&mutate(&world, &world.admin, "closePeriod", "ClosePeriodInput", blank).await), "MISSING_FIELD");
    closed(&world, "2026-01", "CLOSED").await;
}

async fn a_period_closes_once_every_item_is_settled(world: World) {
    books_of_two_months(&world).await;
    closed(&world, "2025-12", "CLOSED").await;
    assert_eq!(open(&checklist(&world, "2026-01").await), ["ACCRUALS_REVIEWED"]);
    for (period, refusal) in [("2025-12", "PERIOD_CLOSED"), ("2026-03", "PERIOD_FUTURE")] {
        let note = json!({ "period": period, "note": "n" });
        assert_eq!(code(&mutate(&world, &world.admin, "reviewAccruals", "ReviewAccrualsInput", note).await), refusal);
    }
    let note = json!({ "period": "2026-01", "note": "2100 agrees with the usage pages" });
    mutate(&world, &world.admin, "reviewAccruals", "ReviewAccrualsInput", note).await;
    let list = checklist(&world, "2026-01").await;
    assert_eq!(
        (&list["ok"], &item(&list, "ACCRUALS_REVIEWED")["detail"][0]),
        (&json!(true), &json!("ana through entry 3: 2100 agrees with the usage pages"))
    );
    // As our clients send it.
    let query = format!("mutation ClosePeriod($period: String!) {{ closePeriod(input: {{ period: $period }}) {{ {PERIOD} }} }}");
    let answer = world.graphql(&query, json!({ "period": "2026-01" })).await["closePeriod"].take();
    assert_eq!((&answer["period"]["period"], &answer["period"]["status"]), (&json!("2026-01"), &json!("CLOSED")));
    super::reopened(&world, "2026-01").await;
    assert_eq!(open(&checklist(&world, "2026-01").await), ["ACCRUALS_REVIEWED"], "a sign-off is of what the period held then");
}

/// New in January, so that nothing of December says that it is expected.
async fn a_provider_that_stops_within_the_month_is_missed(world: World) {
    books_of_two_months(&world).await;
    closed(&world, "2025-12", "CLOSED").await;
    world.book(&[owned("a1", "2026-01-10T12:00:00Z").model("anthropic", "claude-sonnet-4-5")]).await;
    let feeds = item(&checklist(&world, "2026-01").await, "PROVIDER_FEEDS").clone();
    assert_eq!((&feeds["state"], &feeds["measured"]), (&json!("OPEN"), &json!("1")));
    assert_eq!(feeds["detail"], json!(["anthropic: last charge on 2026-01-10, incomplete", "openai: last charge on 2026-01-31"]));
    // A charge that waits for a price is a sign of life too.
    world.record(&[owned("a2", "2026-01-30T12:00:00Z").model("anthropic", "unheard-of")]).await;
    assert_eq!(item(&checklist(&world, "2026-01").await, "PROVIDER_FEEDS")["state"], "OK");
}

async fn a_sign_off_is_of_the_accruals_as_they_were_then(world: World) {
    books_of_two_months(&world).await;
    closed(&world, "2025-12", "CLOSED").await;
    let review = async || {
        let note = json!({ "period": "2026-01", "note": "agrees" });
        mutate(&world, &world.admin, "reviewAccruals", "ReviewAccrualsInput", note).await
    };
    review().await;
    assert_eq!(open(&checklist(&world, "2026-01").await), [""; 0]);
    // A charge of February moves the account, and not what was signed.
    world.book(&[owned("f1", "2026-02-01T12:00:00Z")]).await;
    assert_eq!(open(&checklist(&world, "2026-01").await), [""; 0]);
    world.book(&[owned("late", "2026-01-20T12:00:00Z")]).await;
    let list = checklist(&world, "2026-01").await;
    let reviewed = item(&list, "ACCRUALS_REVIEWED");
    assert_eq!((&reviewed["state"], &reviewed["measured"]), (&json!("OPEN"), &json!("not reviewed")));
    // One charge of December and two of January, and then three: 0.0065 each.
    assert_eq!(reviewed["message"], "ana signed accruals of 0.0195 USD off, now they are 0.026 USD: send reviewAccruals");
    review().await;
    assert_eq!(item(&checklist(&world, "2026-01").await, "ACCRUALS_REVIEWED")["state"], "OK");
}

async fn thresholds_are_settings_of_the_books(world: World) {
    books_of_two_months(&world).await;
    closed(&world, "2025-12", "CLOSED").await;
    world.book(&[charge("nobody").on("2026-01-09T12:00:00Z")]).await;
    world.record(&[owned("u1", "2026-01-30T12:00:00Z").model("acme-ai", "house-model")]).await;
    assert_eq!(open(&checklist(&world, "2026-01").await), ["UNPRICED", "UNATTRIBUTED", "ACCRUALS_REVIEWED"]);
    // A third of the cost, 33.33... percent, is above 33.33 and not above 33.34.
    let saved = |percent: &str| json!({ "unpricedCharges": 1, "unattributedPercent": percent });
    world.save("saveCloseThresholds", "SaveCloseThresholdsInput", saved("33.33")).await;
    assert_eq!(open(&checklist(&world, "2026-01").await), ["UNATTRIBUTED", "ACCRUALS_REVIEWED"]);
    world.save("saveCloseThresholds", "SaveCloseThresholdsInput", saved("33.34")).await;
    let list = checklist(&world, "2026-01").await;
    assert_eq!(open(&list), ["ACCRUALS_REVIEWED"]);
    assert_eq!(list["thresholds"], json!({ "unpricedCharges": "1", "unattributedPercent": "33.34", "feedGapDays": 2 }));
    for wrong in [
        json!({ "unattributedPercent": "0.001" }),
        json!({ "unattributedPercent": "101" }),
        json!({ "feedGapDays": 32 }),
        json!({ "unpricedCharges": -1 }),
    ] {
        let errors = world.refusals("saveCloseThresholds", "SaveCloseThresholdsInput", wrong).await;
        assert_eq!(errors[0]["code"], "THRESHOLD_INVALID");
    }
    assert_eq!(world.database.number("SELECT count(*) FROM audit_event WHERE action = 'books.saveCloseThresholds'").await, 2);
}

async fn a_limited_token_gets_no_checklist(world: World) {
    let scope = Scope { teams: ["search".to_owned()].into(), ..Scope::default() };
    let token = world.token("main", Role::Analyst, Some(scope));
    assert_eq!(world.graphql_error(&token, "{ closeChecklist(period: \"2026-01\") { ok } }", json!({})).await, "FORBIDDEN");
}
