//! One wrong input of each kind, with its code and its path.

use serde_json::{Value, json};

use super::{cost, done, drivers, operation, receivers, rule, teams};
use crate::harness::World;

on_both_engines!(what_is_no_rule_is_refused_in_its_place, what_cannot_be_run_is_refused, what_is_no_driver_value_is_refused);

async fn what_is_no_rule_is_refused_in_its_place(world: World) {
    teams(&world, &["platform", "claims"]).await;
    let weighted = |weight: &str| json!([{ "kind": "TEAM", "costCenter": "claims", "weight": weight }]);
    let service = |code: &str| json!([{ "kind": "TEAM", "costCenter": code, "driver": "d" }]);
    let cases = [
        ("DIRECT", json!({}), "ALLOCATION_RULE_INVALID", vec!["receivers"]),
        ("EVEN", json!({ "receivers": receivers(&["nobody"]) }), "COST_CENTER_UNKNOWN", vec!["receivers", "0", "costCenter"]),
        ("EVEN", json!({ "receivers": receivers(&["claims", "claims"]) }), "ALLOCATION_RULE_INVALID", vec!["receivers", "1", "costCenter"]),
        ("FIXED_PERCENT", json!({ "receivers": weighted("101") }), "ALLOCATION_PERCENT_INVALID", vec!["receivers"]),
        ("FIXED_PERCENT", json!({ "receivers": weighted("99.9") }), "ALLOCATION_PERCENT_INVALID", vec!["receivers"]),
        ("FIXED_PORTION", json!({ "receivers": weighted("-1") }), "AMOUNT_NEGATIVE", vec!["receivers", "0", "weight"]),
        ("FIXED_PORTION", json!({ "receivers": weighted("a") }), "AMOUNT_INVALID", vec!["receivers", "0", "weight"]),
        ("DRIVER", json!({}), "ALLOCATION_RULE_INVALID", vec!["driver"]),
        ("DRIVER", json!({ "driver": "tokens" }), "ALLOCATION_RULE_INVALID", vec!["receivers"]),
        ("STANDARD_RATE", json!({ "driver": "seats" }), "ALLOCATION_RULE_INVALID", vec!["rate"]),
        ("TIERED", json!({ "driver": "seats", "tiers": [{ "upTo": "5", "rate": "1" }] }), "ALLOCATION_RULE_INVALID", vec!["tiers"]),
        ("STEP_DOWN", json!({}), "ALLOCATION_RULE_INVALID", vec!["serviceCenters"]),
        ("STEP_DOWN", json!({ "serviceCenters": service("none") }), "COST_CENTER_UNKNOWN", vec!["serviceCenters", "0", "costCenter"]),
        (
            "RECIPROCAL",
            json!({ "serviceCenters": service("claims"), "receivers": receivers(&["claims"]) }),
            "ALLOCATION_RULE_INVALID",
            vec!["serviceCenters", "0", "costCenter"],
        ),
        (
            "EVEN",
            json!({ "receivers": receivers(&["claims"]), "pool": { "accounts": ["9"] } }),
            "ACCOUNT_UNKNOWN",
            vec!["pool", "accounts", "0"],
        ),
        (
            "EVEN",
            json!({ "receivers": receivers(&["claims"]), "posting": { "debitAccount": "9", "creditAccount": "6590" } }),
            "ACCOUNT_UNKNOWN",
            vec!["posting", "debitAccount"],
        ),
        ("EVEN", json!({ "receivers": receivers(&["claims"]), "validTo": "2026-01-01" }), "RANGE_INVALID", vec!["validTo"]),
        ("EVEN", json!({ "receivers": receivers(&["claims"]), "code": " " }), "MISSING_FIELD", vec!["code"]),
        ("RECLASSIFY", json!({ "posting": "KEEP_ACCOUNT" }), "ALLOCATION_RULE_INVALID", vec!["posting"]),
    ];
    for (method, more, code, path) in cases {
        let answer = operation(&world, &world.admin, "SaveAllocationRule", rule("r", method, more.clone())).await;
        let error = &answer["userErrors"][0];
        assert_eq!((&error["code"], &error["path"]), (&json!(code), &json!(path)), "{method} {more}");
    }
    let half = json!({ "query": "mutation($input: SaveAllocationRuleInput!) { saveAllocationRule(input: $input) { rule { code } } }",
        "variables": rule("r", "EVEN", json!({ "posting": { "debitAccount": "5050" } })) });
    assert_eq!(world.post_graphql(&world.admin, &half).await.error_code(), "BAD_USER_INPUT");
}

async fn what_cannot_be_run_is_refused(world: World) {
    teams(&world, &["platform", "claims", "sales"]).await;
    world.book(&[cost("p", "platform", "10")]).await;
    let center = json!({ "costCenters": [{ "kind": "TEAM", "code": "gone", "name": "Gone", "validTo": "2026-01-10" }] });
    world.save("saveCostCenters", "SaveCostCentersInput", center).await;
    drivers(
        &world,
        &["zero claims 0", "zero sales 0", "part claims 1", "below claims -1", "below sales 2", "a platform 1", "a claims 1", "b claims 1"],
    )
    .await;
    let on = |more: Value| {
        let mut fields = json!({ "pool": { "team": "platform" }, "receivers": receivers(&["claims", "sales"]) });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    let fixed = json!([{ "kind": "TEAM", "costCenter": "claims", "weight": "10.01" }]);
    let loops =
        json!([{ "kind": "TEAM", "costCenter": "platform", "driver": "b" }, { "kind": "TEAM", "costCenter": "claims", "driver": "a" }]);
    let cases = [
        ("DRIVER", on(json!({ "driver": "zero" })), "DRIVER_ZERO"),
        ("DRIVER", on(json!({ "driver": "part" })), "DRIVER_MISSING"),
        ("DRIVER", on(json!({ "driver": "below" })), "DRIVER_NEGATIVE"),
        ("FIXED_AMOUNT", on(json!({ "receivers": fixed })), "FIXED_AMOUNTS_EXCEED_POOL"),
        ("EVEN", on(json!({ "receivers": receivers(&["gone"]) })), "RECEIVER_NOT_VALID"),
        ("EVEN", on(json!({ "pool": { "team": "sales" } })), "NOTHING_TO_ALLOCATE"),
        ("RECIPROCAL", json!({ "serviceCenters": loops, "whenMissing": "ZERO" }), "CLOSED_LOOP"),
    ];
    for (method, more, code) in cases {
        done(&world, "SaveAllocationRule", rule("r", method, more.clone())).await;
        let input = json!({ "idempotencyKey": code, "period": "2026-01" });
        let answer = operation(&world, &world.admin, "RunAllocation", json!({ "input": input })).await;
        assert_eq!(answer["userErrors"][0]["code"], code, "{method} {more}: {answer}");
        assert!(!answer["userErrors"][0]["message"].as_str().unwrap().is_empty());
    }
    for (rules, code, path) in
        [(json!(["none"]), "ALLOCATION_RULE_UNKNOWN", json!(["rules", "0"])), (json!([]), "ALLOCATION_RULE_UNKNOWN", json!(["rules"]))]
    {
        let input = json!({ "idempotencyKey": "k", "period": "2026-01", "rules": rules });
        let answer = operation(&world, &world.admin, "RunAllocation", json!({ "input": input })).await;
        assert_eq!((&answer["userErrors"][0]["code"], &answer["userErrors"][0]["path"]), (&json!(code), &path));
    }
    let period = json!({ "input": { "idempotencyKey": "k", "period": "January" } });
    assert_eq!(operation(&world, &world.admin, "RunAllocation", period).await["userErrors"][0]["code"], "DATE_INVALID");
    for id in ["7", "x", "01"] {
        let answer = operation(&world, &world.admin, "ReverseAllocationRun", json!({ "input": { "id": id } })).await;
        assert_eq!(answer["userErrors"][0]["code"], "ALLOCATION_RUN_NOT_FOUND");
    }
    assert_eq!(world.database.number("SELECT count(*) FROM allocation_run").await, 0, "nothing is half written");
    world.assert_verified().await;
}

async fn what_is_no_driver_value_is_refused(world: World) {
    teams(&world, &["claims"]).await;
    let value = |more: Value| {
        let mut value = json!({ "driver": "seats", "period": "2026-01", "kind": "TEAM", "costCenter": "claims", "quantity": "1" });
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        value
    };
    let cases = [
        (json!({ "driver": "tokens" }), "DRIVER_RESERVED", "driver"),
        (json!({ "driver": "" }), "MISSING_FIELD", "driver"),
        (json!({ "period": "2026-13" }), "DATE_INVALID", "period"),
        (json!({ "costCenter": "none" }), "COST_CENTER_UNKNOWN", "costCenter"),
        (json!({ "quantity": "many" }), "AMOUNT_INVALID", "quantity"),
    ];
    for (more, code, field) in cases {
        let values = json!({ "input": { "values": [value(json!({})), value(more)] } });
        let answer = operation(&world, &world.admin, "RecordDriverValues", values).await;
        assert_eq!((&answer["userErrors"][0]["code"], &answer["userErrors"][0]["path"]), (&json!(code), &json!(["values", "1", field])));
        assert_eq!(answer["recorded"], 0);
    }
    let many: Vec<Value> = (0..10_001).map(|_| value(json!({}))).collect();
    let answer = operation(&world, &world.admin, "RecordDriverValues", json!({ "input": { "values": many } })).await;
    assert_eq!(answer["userErrors"][0]["code"], "TOO_MANY_ITEMS");
    assert_eq!(world.database.number("SELECT count(*) FROM driver_value").await, 0);
}
