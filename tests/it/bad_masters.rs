//! Bad masters: refused whole, with every fault by its path.

use serde_json::{Value, json};

use crate::harness::{World, charge};

on_both_engines!(
    bad_cost_centers_are_refused,
    bad_accounts_are_refused,
    bad_prices_are_refused,
    bad_rules_discounts_and_aliases_are_refused,
    of_a_list_with_one_fault_nothing_is_saved_and_every_fault_is_named,
    bad_ranges_of_corrections_are_refused,
);

/// Expects the first fault of one saved item to have this code at this path.
async fn assert_refused(world: &World, mutation: &str, list: &str, item: Value, code: &str, path: &str) {
    let input_type = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let errors = world.refusals(mutation, &input_type, json!({ list: [item.clone()] })).await;
    let expected: Vec<&str> = [list, "0"].into_iter().chain(path.split('.')).collect();
    assert_eq!((&errors[0]["code"], &errors[0]["path"]), (&json!(code), &json!(expected)), "{item}: {errors}");
    assert!(errors[0]["message"].as_str().unwrap().len() > 15, "{errors}");
}

fn with(mut item: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

async fn bad_cost_centers_are_refused(world: World) {
    let center = json!({ "kind": "TEAM", "code": "search", "name": "Search" });
    for (changes, code, path) in [
        (json!({ "code": "" }), "MISSING_FIELD", "code"),
        (json!({ "code": "c".repeat(65) }), "TEXT_TOO_LONG", "code"),
        (json!({ "code": "a\u{7}b" }), "TEXT_INVALID", "code"),
        (json!({ "parent": "nobody" }), "PARENT_INVALID", "parent"),
        (json!({ "parent": "search" }), "PARENT_INVALID", "parent"),
        (json!({ "validFrom": "2026-01-02", "validTo": "2026-01-02" }), "RANGE_INVALID", "validTo"),
        (json!({ "validFrom": "1492-10-12" }), "DATE_OUT_OF_RANGE", "validFrom"),
        (json!({ "validTo": "soon" }), "DATE_INVALID", "validTo"),
        (json!({ "code": "unattributed", "validTo": "2026-01-02" }), "RANGE_INVALID", "validTo"),
    ] {
        assert_refused(&world, "saveCostCenters", "costCenters", with(center.clone(), changes), code, path).await;
    }
    let many: Vec<Value> = (0..1_001).map(|number| with(center.clone(), json!({ "code": format!("c{number}") }))).collect();
    let errors = world.refusals("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": many })).await;
    assert_eq!((&errors[0]["code"], &errors[0]["path"]), (&json!("TOO_MANY_ITEMS"), &json!(["costCenters"])));
    let other_kind = json!({ "costCenters": [{ "kind": "CLIENT", "code": "x", "name": "x" }, { "kind": "TEAM", "code": "y", "name": "y", "parent": "x" }] });
    let errors = world.refusals("saveCostCenters", "SaveCostCentersInput", other_kind).await;
    assert_eq!((&errors[0]["code"], &errors[0]["path"]), (&json!("PARENT_INVALID"), &json!(["costCenters", "1", "parent"])));
}

async fn bad_accounts_are_refused(world: World) {
    let account = json!({ "code": "6100", "name": "Research", "class": "OPERATING_EXPENSE" });
    world.save("saveAccounts", "SaveAccountsInput", json!({ "accounts": [account] })).await;
    let rule = json!({ "code": "all", "order": 1, "account": "6100" });
    world.save("savePostingRules", "SavePostingRulesInput", json!({ "postingRules": [rule] })).await;
    world.book(&[charge("c1")]).await;
    for (changes, code, path) in [
        (json!({ "class": "ASSET" }), "ACCOUNT_CLASS_FIXED", "class"),
        (json!({ "isContra": true }), "ACCOUNT_CLASS_FIXED", "isContra"),
        (json!({ "code": "5000", "class": "ASSET" }), "ACCOUNT_CLASS_FIXED", "class"),
        (json!({ "parent": "7777" }), "PARENT_INVALID", "parent"),
        (json!({ "parent": "1000" }), "PARENT_INVALID", "parent"),
        (json!({ "parent": "6100" }), "PARENT_INVALID", "parent"),
        (json!({ "code": " " }), "MISSING_FIELD", "code"),
    ] {
        assert_refused(&world, "saveAccounts", "accounts", with(account.clone(), changes), code, path).await;
    }
}

async fn bad_prices_are_refused(world: World) {
    let price = json!({ "provider": "openai", "model": "gpt-4o", "meter": "input_tokens", "per": "1000000", "amount": "2.50", "currency": "USD",
                        "effectiveFrom": "2026-01-01T00:00:00Z" });
    for (changes, code, path) in [
        (json!({ "amount": "two" }), "AMOUNT_INVALID", "amount"),
        (json!({ "amount": "-1" }), "AMOUNT_NEGATIVE", "amount"),
        (json!({ "amount": "0.0000000000001" }), "AMOUNT_TOO_PRECISE", "amount"),
        (json!({ "amount": "9999999999999999999" }), "AMOUNT_TOO_LARGE", "amount"),
        (json!({ "per": "3" }), "PER_NOT_EXACT", "per"),
        (json!({ "per": "0" }), "PER_NOT_EXACT", "per"),
        (json!({ "currency": "XXY" }), "CURRENCY_UNKNOWN", "currency"),
        (json!({ "effectiveTo": "2026-01-01T00:00:00Z" }), "RANGE_INVALID", "effectiveTo"),
        (json!({ "effectiveFrom": "0099-01-01T00:00:00Z" }), "DATE_OUT_OF_RANGE", "effectiveFrom"),
        (json!({ "aboveInputTokens": "0" }), "QUANTITY_NEGATIVE", "aboveInputTokens"),
        (json!({ "aboveInputTokens": "x" }), "QUANTITY_INVALID", "aboveInputTokens"),
        (json!({ "meter": "Input Tokens" }), "TEXT_INVALID", "meter"),
        (json!({ "model": "" }), "MISSING_FIELD", "model"),
    ] {
        assert_refused(&world, "savePrices", "prices", with(price.clone(), changes), code, path).await;
    }
    let overlap = json!({ "prices": [price, with(price.clone(), json!({ "amount": "3.00" }))] });
    let errors = world.refusals("savePrices", "SavePricesInput", overlap).await;
    assert_eq!((&errors[0]["code"], &errors[0]["path"]), (&json!("PRICE_OVERLAP"), &json!(["prices", "1", "amount"])));
}

async fn bad_rules_discounts_and_aliases_are_refused(world: World) {
    let rule = json!({ "code": "r", "order": 1, "conditions": [{ "on": "API_KEY", "pattern": "k*" }], "team": "unattributed" });
    for (changes, code, path) in [
        (json!({ "team": "nobody" }), "COST_CENTER_UNKNOWN", "team"),
        (json!({ "team": null }), "MISSING_FIELD", "team"),
        (json!({ "conditions": [{ "on": "API_KEY", "pattern": "" }] }), "PATTERN_INVALID", "conditions.0.pattern"),
        (json!({ "conditions": [{ "on": "TAG", "pattern": "x" }] }), "MISSING_FIELD", "conditions.0.tag"),
        (json!({ "conditions": [{ "on": "MODEL", "tag": "x", "pattern": "x" }] }), "TEXT_INVALID", "conditions.0.tag"),
    ] {
        assert_refused(&world, "saveAttributionRules", "attributionRules", with(rule.clone(), changes), code, path).await;
    }
    assert_refused(
        &world,
        "savePostingRules",
        "postingRules",
        json!({ "code": "p", "order": 1, "account": "9999" }),
        "ACCOUNT_UNKNOWN",
        "account",
    )
    .await;
    for percent in ["0", "100.01", "-5"] {
        let discount = json!({ "provider": "openai", "percent": percent, "effectiveFrom": "2026-01-01T00:00:00Z" });
        assert_refused(&world, "saveDiscounts", "discounts", discount, "DISCOUNT_INVALID", "percent").await;
    }
    let alias = json!({ "provider": "openai", "alias": "gpt-4o", "model": "gpt-4o" });
    assert_refused(&world, "saveModelAliases", "modelAliases", alias, "TEXT_INVALID", "alias").await;
    for (alias, code) in [("never", "MODEL_ALIAS_UNKNOWN"), ("gpt-4o", "MODEL_ALIAS_UNKNOWN"), ("", "MISSING_FIELD")] {
        let alias = json!({ "provider": "openai", "alias": alias });
        assert_refused(&world, "deleteModelAliases", "modelAliases", alias, code, "alias").await;
    }
    let provider = json!({ "provider": "", "settlement": "PREPAID" });
    assert_refused(&world, "saveProviders", "providers", provider, "MISSING_FIELD", "provider").await;
}

async fn of_a_list_with_one_fault_nothing_is_saved_and_every_fault_is_named(world: World) {
    let center = |code: &str, parent: Value| json!({ "kind": "TEAM", "code": code, "name": code, "parent": parent });
    let centers =
        json!([center("good", json!(null)), center("a", json!("nobody")), center("fine", json!("good")), center("b", json!("nobody"))]);
    let errors = world.refusals("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": centers })).await;
    let paths: Vec<&Value> = errors.as_array().unwrap().iter().map(|error| &error["path"][1]).collect();
    assert_eq!(paths, ["1", "3"]);
    assert_eq!(world.database.number("SELECT count(*) FROM cost_center WHERE code <> 'unattributed'").await, 0);
}

async fn bad_ranges_of_corrections_are_refused(world: World) {
    let rerate =
        "mutation { rerateCharges(input: { from: \"2026-02-01T00:00:00Z\", to: \"2026-02-01T00:00:00Z\" }) { userErrors { code path } } }";
    let reattribute = "mutation { reattributeCharges(input: { from: \"2026-02-01\", to: \"2026-01-01\" }) { userErrors { code path } } }";
    for (query, mutation) in [(rerate, "rerateCharges"), (reattribute, "reattributeCharges")] {
        let errors = world.graphql(query, json!({})).await[mutation]["userErrors"].take();
        assert_eq!(errors[0]["code"], "RANGE_INVALID", "{mutation}");
    }
}
