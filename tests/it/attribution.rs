//! Who owns a charge: facts, then rules, then *unattributed* with the reason; and how cost moves when the masters catch up.

use serde_json::{Value, json};

use crate::harness::{World, charge};

on_both_engines!(
    facts_on_the_charge_win_over_rules,
    a_rule_fills_in_what_the_facts_leave_open_and_is_named,
    the_first_matching_rule_in_order_decides_alone,
    every_subject_of_a_condition_can_decide,
    a_charge_without_an_owner_is_unattributed_with_the_reason,
    a_center_that_is_not_valid_on_the_day_takes_no_cost,
    a_saved_center_takes_over_what_waited_for_it,
    reattribution_tried_dry_writes_nothing,
);

async fn save_rule(world: &World, rule: Value) {
    world.save("saveAttributionRules", "SaveAttributionRulesInput", json!({ "attributionRules": [rule] })).await;
}

fn on_key(code: &str, order: i64, pattern: &str, team: &str) -> Value {
    json!({ "code": code, "order": order, "conditions": [{ "on": "API_KEY", "pattern": pattern }], "team": team })
}

async fn reattribute(world: &World, dry_run: bool) -> Value {
    let query = "mutation R($dry: Boolean!) { reattributeCharges(input: { from: \"2026-01-01\", to: \"2026-02-01\", dryRun: $dry }) {
        examined moved entries userErrors { code } } }";
    world.graphql(query, json!({ "dry": dry_run })).await["reattributeCharges"].take()
}

async fn facts_on_the_charge_win_over_rules(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.save_centers("platform", "tools", "initech").await;
    save_rule(&world, on_key("by-key", 1, "k-*", "platform")).await;
    world.book(&[charge("facts").team("search").with("apiKey", "k-1")]).await;
    let attribution = world.charge("facts").await["attribution"].take();
    assert_eq!((&attribution["team"], &attribution["ruleCode"], &attribution["reason"]), (&json!("search"), &json!(null), &json!(null)));
}

async fn a_rule_fills_in_what_the_facts_leave_open_and_is_named(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let rule = json!({ "code": "gearpeak-key", "order": 1, "conditions": [{ "on": "API_KEY", "pattern": "gp-*" }],
                       "team": "search", "client": "gearpeak", "feature": "answers" });
    save_rule(&world, rule).await;
    world.book(&[charge("ruled").project("assistant").with("apiKey", "gp-42")]).await;
    let expected = json!({ "team": "search", "project": "assistant", "client": "gearpeak", "feature": "answers", "ruleCode": "gearpeak-key", "reason": null });
    assert_eq!(world.charge("ruled").await["attribution"], expected);
}

async fn the_first_matching_rule_in_order_decides_alone(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.save_centers("platform", "tools", "initech").await;
    save_rule(&world, on_key("second", 20, "k*", "platform")).await;
    save_rule(&world, on_key("first", 10, "k*", "search")).await;
    world.book(&[charge("both").with("apiKey", "k1")]).await;
    assert_eq!(world.charge("both").await["attribution"]["ruleCode"], "first");
    let mut retired = on_key("first", 10, "k*", "search");
    retired["isActive"] = json!(false);
    save_rule(&world, retired).await;
    world.book(&[charge("one").with("apiKey", "k1")]).await;
    assert_eq!(world.charge("one").await["attribution"]["ruleCode"], "second");
    assert_eq!(world.charge("both").await["attribution"]["ruleCode"], "first", "a charge keeps naming the rule that decided it");
}

async fn every_subject_of_a_condition_can_decide(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let subjects = [
        ("API_KEY", None, "key-*", "apiKey", json!("key-1")),
        ("END_USER", None, "*@gearpeak.example", "endUser", json!("kim@gearpeak.example")),
        ("ENVIRONMENT", None, "canary", "environment", json!("canary")),
        ("MODEL", None, "gpt-4o-*", "model", json!("gpt-4o-mini")),
        ("SOURCE", None, "batch*", "source", json!("batches")),
        ("TAG", Some("cost"), "gear*", "tags", json!([{ "key": "cost", "value": "gearpeak" }])),
    ];
    for (position, (on, tag, pattern, field, value)) in subjects.into_iter().enumerate() {
        let code = format!("rule-{}", on.to_lowercase());
        let mut condition = json!({ "on": on, "pattern": pattern });
        if let Some(tag) = tag {
            condition["tag"] = json!(tag);
        }
        save_rule(&world, json!({ "code": code, "order": position, "conditions": [condition], "client": "gearpeak" })).await;
        let id = format!("by-{on}");
        world.book(&[charge(&id).with(field, value)]).await;
        let query =
            "query Q($id: String!, $source: String!) { charge(source: $source, externalId: $id) { attribution { client ruleCode } } }";
        let source = if on == "SOURCE" { "batches" } else { "gateway" };
        let found = world.graphql(query, json!({ "id": id, "source": source })).await;
        assert_eq!(found["charge"]["attribution"], json!({ "client": "gearpeak", "ruleCode": code }), "{on}");
    }
}

async fn a_charge_without_an_owner_is_unattributed_with_the_reason(world: World) {
    world.book(&[charge("nobody")]).await;
    let attribution = world.charge("nobody").await["attribution"].take();
    assert_eq!(attribution["team"], "unattributed");
    assert_eq!(attribution["reason"], "the event names no cost center and no rule matched");
    let query =
        "query { spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [TEAM]) { unattributed { amount } rows { keys { code } } } }";
    let spend = world.graphql(query, json!({})).await["spend"].take();
    assert_eq!((&spend["unattributed"]["amount"], &spend["rows"][0]["keys"][0]["code"]), (&json!("0.0065"), &json!("unattributed")));
}

async fn a_center_that_is_not_valid_on_the_day_takes_no_cost(world: World) {
    let center = json!({ "kind": "PROJECT", "code": "pilot", "name": "Pilot", "validFrom": "2026-01-02", "validTo": "2026-01-05" });
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": [center] })).await;
    let on = |id: &str, day: &str| charge(id).project("pilot").on(&format!("{day}T12:00:00Z"));
    world.book(&[on("before", "2026-01-01"), on("first", "2026-01-02"), on("last", "2026-01-04"), on("after", "2026-01-05")]).await;
    for (id, project) in [("before", "unattributed"), ("first", "pilot"), ("last", "pilot"), ("after", "unattributed")] {
        let attribution = world.charge(id).await["attribution"].take();
        assert_eq!(attribution["project"], project, "{id}");
        assert_eq!(attribution["reason"].is_null(), project == "pilot", "{id}: {attribution}");
    }
}

async fn a_saved_center_takes_over_what_waited_for_it(world: World) {
    world.book(&[charge("early").client("gearpeak"), charge("owned").team("unattributed")]).await;
    let attribution = world.charge("early").await["attribution"].take();
    assert_eq!(attribution["client"], "unattributed");
    assert!(attribution["reason"].as_str().unwrap().contains("client `gearpeak`"), "{attribution}");
    assert_eq!(world.account("6000").await, Some(("0.013".into(), "0".into())), "the client of an unknown code makes no cost of revenue");

    world.save_centers("search", "assistant", "gearpeak").await;
    assert_eq!(reattribute(&world, false).await, json!({ "examined": 2, "moved": 1, "entries": 1, "userErrors": [] }));
    let moved = world.charge("early").await;
    assert_eq!((&moved["attribution"]["client"], &moved["attribution"]["reason"]), (&json!("gearpeak"), &json!(null)));
    let correction = &moved["corrections"][0]["journalEntry"];
    assert_eq!((&correction["kind"], &correction["corrects"]["number"]), (&json!("RECLASSIFICATION"), &moved["journalEntry"]["number"]));
    let accounts: Vec<_> =
        correction["postings"].as_array().unwrap().iter().map(|line| (&line["side"], &line["account"]["code"])).collect();
    assert_eq!(accounts, [(&json!("DEBIT"), &json!("5000")), (&json!("CREDIT"), &json!("6000"))]);
    assert_eq!(world.trial_balance().await, ["2100 0 0.013", "5000 0.0065 0", "6000 0.013 0.0065"]);
    assert_eq!(reattribute(&world, false).await["moved"], 0, "a second run finds nothing to move");
    world.assert_verified().await;
}

async fn reattribution_tried_dry_writes_nothing(world: World) {
    world.book(&[charge("early").client("gearpeak")]).await;
    world.save_centers("search", "assistant", "gearpeak").await;
    let before = world.trial_balance().await;
    assert_eq!(reattribute(&world, true).await["moved"], 1);
    assert_eq!((world.trial_balance().await, world.database.number("SELECT count(*) FROM journal_entry").await), (before, 1));
    assert_eq!(world.charge("early").await["attribution"]["client"], "unattributed");
}
