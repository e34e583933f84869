//! What clients send: every operation of `contract/*.graphql` validates against the checked-in schema and gives figures worked by hand.

use serde_json::{Value, json};

use crate::harness::{World, charge};

const CHARGES: &str = include_str!("contract/charges.graphql");
const MASTERS: &str = include_str!("contract/masters.graphql");
const ACTIVITY: &str = include_str!("contract/activity.graphql");
const BOOKS: &str = include_str!("contract/books.graphql");

on_both_engines!(clients_operations_work_and_their_figures_are_right);

/// One operation of a file, sent as clients send it; the whole file is validated.
async fn run(world: &World, file: &str, operation: &str, variables: Value) -> Value {
    let body = json!({ "query": file, "operationName": operation, "variables": variables });
    let answer = world.post_graphql(&world.admin, &body).await;
    let mut json = answer.json();
    assert!(json.get("errors").is_none(), "{operation}: {json:#}");
    json["data"].as_object_mut().unwrap().values_mut().next().unwrap().take()
}

async fn clients_operations_work_and_their_figures_are_right(world: World) {
    save_masters(&world).await;
    record(&world).await;
    charge_by_key(&world).await;
    trial_balance_and_spend(&world).await;
    rerate(&world).await;
    reverse_and_follow_the_journal(&world).await;
    close_and_prove(&world).await;
    record_activity(&world).await;
    world.assert_verified().await;
}

async fn save_masters(world: &World) {
    let centers = json!([
        { "kind": "TEAM", "code": "search", "name": "Search" },
        { "kind": "PROJECT", "code": "assistant", "name": "Assistant", "validFrom": "2025-01-01" },
        { "kind": "CLIENT", "code": "gearpeak", "name": "Gearpeak" },
        { "kind": "CLIENT", "code": "gearpeak-eu", "name": "Gearpeak EU", "parent": "gearpeak", "validTo": "2030-01-01" },
    ]);
    let saved = run(world, MASTERS, "SaveCostCenters", json!({ "input": { "costCenters": centers } })).await;
    assert_eq!(saved["userErrors"], json!([]));
    assert_eq!(saved["costCenters"][2], json!({ "kind": "CLIENT", "code": "gearpeak", "name": "Gearpeak" }));
    let price = |meter: &str, amount: &str| {
        json!({ "provider": "openai", "model": "gpt-4o", "meter": meter, "per": "1000000", "amount": amount, "currency": "USD",
                "effectiveFrom": "2026-01-01T00:00:00Z", "source": "contract 7" })
    };
    let prices = json!([price("input_tokens", "2.50"), price("output_tokens", "10.00")]);
    let saved = run(world, MASTERS, "SavePrices", json!({ "input": { "prices": prices } })).await;
    assert_eq!(saved["userErrors"], json!([]));
    assert_eq!((&saved["prices"][1]["model"], &saved["prices"][1]["meter"]), (&json!("gpt-4o"), &json!("output_tokens")));
}

async fn record(world: &World) {
    let charges = [
        charge("c1").team("search").project("assistant").client("gearpeak").feature("answers").with("environment", "production"),
        charge("c2").team("search").model("openai", "gpt-4o-mini").tokens(10_000, 2_000),
        charge("c3").team("search").model("acme-ai", "house-model"),
        charge("c4").tokens(-1, 350),
    ];
    let charges: Vec<Value> = charges.into_iter().map(|charge| charge.0).collect();
    let input = json!({ "input": { "atomic": false, "charges": charges } });
    let payload = run(world, CHARGES, "RecordCharges", input.clone()).await;
    let counts = |payload: &Value| ["recorded", "replayed", "unpriced", "rejected"].map(|count| payload[count].as_i64().unwrap());
    assert_eq!(counts(&payload), [2, 0, 1, 1]);
    assert_eq!(payload["userErrors"], json!([]));
    // 1,200 x 2.50 + 350 x 10.00 for a million = 0.0030 + 0.0035
    let first = &payload["results"][0];
    assert_eq!(first["charge"]["cost"], json!({ "amount": "0.0065", "currency": "USD" }));
    assert_eq!((&first["status"], &first["charge"]["externalId"]), (&json!("RECORDED"), &json!("c1")));
    assert_eq!(first["charge"]["journalEntry"], json!({ "number": "1" }));
    // 10,000 x 0.15 + 2,000 x 0.60 for a million = 0.0015 + 0.0012
    assert_eq!(payload["results"][1]["charge"]["cost"]["amount"], "0.0027");
    assert_eq!((&payload["results"][2]["status"], &payload["results"][2]["charge"]["cost"]), (&json!("UNPRICED"), &Value::Null));
    let error = &payload["results"][3]["error"];
    assert_eq!((&error["code"], &error["path"]), (&json!("QUANTITY_NEGATIVE"), &json!(["usage", "inputTokens"])));
    let again = run(world, CHARGES, "RecordCharges", input).await;
    assert_eq!(counts(&again), [0, 3, 0, 1]);
    assert_eq!(again["results"][0]["charge"], first["charge"]);
}

/// Eight hours, revenue and tickets, with every field that clients send.
async fn record_activity(world: &World) {
    let rate = json!({ "person": null, "role": "engineer", "costPerHour": "100", "currency": "USD", "effectiveFrom": "2026-01-01", "effectiveTo": null });
    assert_eq!(run(world, ACTIVITY, "SaveLaborRates", json!({ "input": { "rates": [rate] } })).await["userErrors"], json!([]));
    let time = json!({ "source": "hr", "externalId": "t1", "workedOn": "2026-01-05", "person": "mia", "role": "engineer", "hours": "8",
        "team": "search", "project": "assistant", "client": "gearpeak", "feature": "answers", "billable": true });
    let revenue = json!({ "source": "crm", "externalId": "r1", "earnedOn": "2026-01-05", "amount": "1500.00", "currency": "USD",
        "client": "gearpeak", "project": "assistant", "feature": "answers", "memo": "January" });
    let output = json!({ "source": "desk", "externalId": "o1", "producedOn": "2026-01-05", "unit": "ticket_resolved", "quantity": "120",
        "value": "600", "currency": "USD", "feature": "answers", "project": "assistant", "client": "gearpeak", "team": "search" });
    for (operation, list, item) in
        [("RecordTimeEntries", "entries", time), ("RecordRevenue", "entries", revenue), ("RecordOutputs", "outputs", output)]
    {
        let input = json!({ "input": { list: [item] } });
        let once = run(world, ACTIVITY, operation, input.clone()).await;
        assert_eq!(once, json!({ "recorded": 1, "replayed": 0, "userErrors": [] }), "{operation}");
        assert_eq!(run(world, ACTIVITY, operation, input).await["replayed"], 1, "{operation}");
    }
}

async fn charge_by_key(world: &World) {
    let found = run(world, CHARGES, "ChargeByKey", json!({ "source": "gateway", "externalId": "c1" })).await;
    assert_eq!((&found["status"], &found["occurredAt"]), (&json!("RECORDED"), &json!("2026-01-05T14:03:22Z")));
    assert_eq!((&found["cost"]["amount"], &found["exactCost"]), (&json!("0.0065"), &json!("0.0065")));
    let input_line = &found["rating"][0];
    assert_eq!(
        [&input_line["meter"], &input_line["quantity"], &input_line["amount"], &input_line["per"]],
        [&json!("input_tokens"), &json!("1200"), &json!("0.003"), &json!("1000000")]
    );
    assert_eq!(
        found["attribution"],
        json!({ "team": "search", "project": "assistant", "client": "gearpeak", "feature": "answers", "ruleCode": null })
    );
    let entry = &found["journalEntry"];
    assert_eq!([&entry["number"], &entry["effectiveOn"], &entry["kind"]], [&json!("1"), &json!("2026-01-05"), &json!("CHARGE")]);
    let (debit, credit) = (&entry["postings"][0], &entry["postings"][1]);
    assert_eq!(
        (&debit["side"], &debit["account"]["code"], &debit["account"]["class"]),
        (&json!("DEBIT"), &json!("5000"), &json!("COST_OF_REVENUE"))
    );
    assert_eq!(
        (&credit["side"], &credit["account"]["code"], &credit["account"]["class"]),
        (&json!("CREDIT"), &json!("2100"), &json!("LIABILITY"))
    );
    assert_eq!((&debit["amount"], &debit["client"]["code"], &debit["model"]), (&credit["amount"], &json!("gearpeak"), &json!("gpt-4o")));
    let never_sent = run(world, CHARGES, "ChargeByKey", json!({ "source": "gateway", "externalId": "never" })).await;
    assert_eq!(never_sent, Value::Null);
}

async fn trial_balance_and_spend(world: &World) {
    let balance = run(world, BOOKS, "TrialBalance", json!({ "asOf": "2026-01-31" })).await;
    assert_eq!((&balance["asOf"], &balance["throughEntry"]), (&json!("2026-01-31"), &json!("2")));
    let rows: Vec<String> = balance["rows"].as_array().unwrap().iter().map(row_of_trial_balance).collect();
    assert_eq!(rows, ["2100 0 0.0092 0.0092", "5000 0.0065 0 0.0065", "6000 0.0027 0 0.0027"]);
    assert_eq!(balance["totals"], json!([{ "currency": "USD", "debit": "0.0092", "credit": "0.0092" }]));
    let before = run(world, BOOKS, "TrialBalance", json!({ "asOf": "2026-01-04" })).await;
    assert_eq!(before["rows"], json!([]));

    let variables = json!({ "from": "2026-01-01", "to": "2026-02-01", "groupBy": ["TEAM", "MODEL"], "interval": "MONTH" });
    let spend = run(world, BOOKS, "Spend", variables).await;
    assert_eq!(
        (&spend["total"]["amount"], &spend["unattributed"]["amount"], &spend["unpricedCharges"]),
        (&json!("0.0092"), &json!("0"), &json!(1))
    );
    let mut rows: Vec<String> = spend["rows"].as_array().unwrap().iter().map(row_of_spend).collect();
    rows.sort();
    assert_eq!(rows, ["2026-01 search/gpt-4o 0.0065 1 1200 350 0", "2026-01 search/gpt-4o-mini 0.0027 1 10000 2000 0"]);
    let filtered = json!({ "from": "2026-01-05", "to": "2026-01-06", "groupBy": ["CLIENT"], "filter": { "clients": ["gearpeak"] } });
    let spend = run(world, BOOKS, "Spend", filtered).await;
    assert_eq!(row_of_spend(&spend["rows"][0]), "null gearpeak 0.0065 1 1200 350 0");
    assert_eq!(spend["rows"].as_array().unwrap().len(), 1);
}

fn row_of_trial_balance(row: &Value) -> String {
    let text = |name: &str| row[name].as_str().unwrap().to_owned();
    format!("{} {} {} {}", row["account"]["code"].as_str().unwrap(), text("debit"), text("credit"), text("balance"))
}

fn row_of_spend(row: &Value) -> String {
    let keys: Vec<&str> = row["keys"].as_array().unwrap().iter().map(|key| key["code"].as_str().unwrap_or("-")).collect();
    let figures: Vec<&str> =
        ["charges", "inputTokens", "outputTokens", "cacheReadTokens"].iter().map(|name| row[*name].as_str().unwrap()).collect();
    let period = row["period"].as_str().unwrap_or("null");
    format!("{period} {} {} {}", keys.join("/"), row["cost"]["amount"].as_str().unwrap(), figures.join(" "))
}

async fn rerate(world: &World) {
    for (meter, amount) in [("input_tokens", "1.00"), ("output_tokens", "2.00")] {
        world.save_price("acme-ai", "house-model", meter, amount).await;
    }
    let input =
        json!({ "input": { "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "provider": "acme-ai", "dryRun": false } });
    let payload = run(world, MASTERS, "RerateCharges", input).await;
    // 1,200 x 1.00 + 350 x 2.00 for a million
    let expected =
        json!({ "examined": 1, "adjusted": 0, "posted": 1, "delta": { "amount": "0.0019", "currency": "USD" }, "userErrors": [] });
    assert_eq!(payload, expected);
}

async fn reverse_and_follow_the_journal(world: &World) {
    let input = json!({ "idempotencyKey": "r1", "number": "1", "effectiveOn": "2026-01-10", "reason": "sent by mistake" });
    let reversal = run(world, BOOKS, "ReverseJournalEntry", json!({ "input": input })).await;
    assert_eq!(reversal, json!({ "entry": { "number": "4", "reverses": { "number": "1" } }, "userErrors": [] }));

    let page = run(world, BOOKS, "JournalSince", json!({ "first": 3 })).await;
    assert_eq!(page["edges"].as_array().unwrap().len(), 3);
    assert_eq!(page["pageInfo"]["hasNextPage"], json!(true));
    let rest = run(world, BOOKS, "JournalSince", json!({ "after": page["pageInfo"]["endCursor"], "first": 3 })).await;
    assert_eq!(rest["pageInfo"]["hasNextPage"], json!(false));
    let node = &rest["edges"][0]["node"];
    assert_eq!(
        [&node["number"], &node["kind"], &node["memo"], &node["effectiveOn"]],
        [&json!("4"), &json!("REVERSAL"), &json!("sent by mistake"), &json!("2026-01-10")]
    );
    let sides: Vec<(&Value, &Value)> =
        node["postings"].as_array().unwrap().iter().map(|line| (&line["side"], &line["account"]["code"])).collect();
    assert_eq!(sides, [(&json!("CREDIT"), &json!("5000")), (&json!("DEBIT"), &json!("2100"))]);
}

async fn close_and_prove(world: &World) {
    let closed = run(world, BOOKS, "ClosePeriod", json!({ "period": "2026-01" })).await;
    // January is not over on the 15th: the checklist says so, and nothing is closed.
    assert!(closed["period"].is_null(), "{closed}");
    assert_eq!(closed["userErrors"][0]["code"], "CHECKLIST_OPEN", "{closed}");
    let integrity = run(world, BOOKS, "Integrity", json!({})).await;
    assert_eq!(integrity["throughEntry"], integrity["treeSize"]);
    assert_eq!(integrity["rootHash"].as_str().unwrap().len(), 64);
}
