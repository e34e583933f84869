//! Bad charges: each gets a stable code, the field's path and a sentence that helps, through every door, and does not stop the others.

use serde_json::{Value, json};

use crate::harness::{Charge, World, charge, ndjson};

on_both_engines!(
    a_bad_line_is_refused_and_the_others_go_on,
    every_bad_charge_is_refused_with_code_path_and_sentence_at_the_stream,
    every_bad_charge_is_refused_with_code_and_path_by_graphql,
    what_is_not_one_json_object_is_refused_line_by_line,
    members_of_graphql_inputs_are_checked_before_anything_runs,
    a_line_that_is_too_long_is_refused_and_not_kept,
    nothing_refused_leaves_a_trace,
);

struct Bad {
    charge: Charge,
    code: &'static str,
    path: &'static [&'static str],
}

fn bad(change: impl FnOnce(Charge) -> Charge, code: &'static str, path: &'static [&'static str]) -> Bad {
    Bad { charge: change(charge("bad")), code, path }
}

/// What both doors refuse alike.
fn bad_charges() -> Vec<Bad> {
    let with = |name: &'static str, value: Value| move |charge: Charge| charge.with(name, value);
    let cost = |amount: &str, currency: &str| with("reportedCost", json!({ "amount": amount, "currency": currency }));
    let other = |meter: &str, quantity: &str| with("usage.other", json!([{ "meter": meter, "quantity": quantity }]));
    vec![
        bad(with("usage.inputTokens", json!("-5")), "QUANTITY_NEGATIVE", &["usage", "inputTokens"]),
        bad(with("usage.outputTokens", json!("9000000000000000")), "QUANTITY_TOO_LARGE", &["usage", "outputTokens"]),
        bad(with("usage.cacheReadTokens", json!("twelve")), "QUANTITY_INVALID", &["usage", "cacheReadTokens"]),
        bad(other("web_searches", "1.1234567"), "QUANTITY_INVALID", &["usage", "other", "0", "quantity"]),
        bad(other("Web Searches!", "1"), "TEXT_INVALID", &["usage", "other", "0", "meter"]),
        bad(other("input_tokens", "1"), "DUPLICATE_METER", &["usage", "other"]),
        bad(
            with("usage", json!({ "totalInputTokens": 100, "cacheReadTokens": 101 })),
            "CACHED_ABOVE_INPUT",
            &["usage", "totalInputTokens"],
        ),
        bad(with("usage.totalInputTokens", json!(5000)), "USAGE_INCONSISTENT", &["usage", "totalInputTokens"]),
        bad(with("usage.reasoningTokens", json!(351)), "USAGE_INCONSISTENT", &["usage", "reasoningTokens"]),
        bad(with("usage", json!({})), "NO_USAGE", &["usage"]),
        bad(|charge| charge.without("usage"), "NO_USAGE", &["usage"]),
        bad(with("occurredAt", json!("1970-01-20T09:00:00Z")), "DATE_OUT_OF_RANGE", &["occurredAt"]),
        bad(with("occurredAt", json!("2057-12-01T00:00:00Z")), "DATE_OUT_OF_RANGE", &["occurredAt"]),
        bad(with("occurredAt", json!("2026-01-17T12:00:01Z")), "DATE_OUT_OF_RANGE", &["occurredAt"]),
        bad(with("occurredAt", json!("yesterday")), "DATE_INVALID", &["occurredAt"]),
        bad(with("occurredAt", json!("2026-02-30T00:00:00Z")), "DATE_INVALID", &["occurredAt"]),
        bad(with("occurredAt", json!("2026-01-05T14:03:22")), "DATE_INVALID", &["occurredAt"]),
        bad(cost("1.00", "XXY"), "CURRENCY_UNKNOWN", &["reportedCost", "currency"]),
        bad(cost("1.00", "usd"), "CURRENCY_UNKNOWN", &["reportedCost", "currency"]),
        bad(cost("1e3", "USD"), "AMOUNT_INVALID", &["reportedCost", "amount"]),
        bad(cost("-1.00", "USD"), "AMOUNT_NEGATIVE", &["reportedCost", "amount"]),
        bad(cost("0.0000000001", "USD"), "AMOUNT_TOO_PRECISE", &["reportedCost", "amount"]),
        bad(cost("99999999999999", "USD"), "AMOUNT_TOO_LARGE", &["reportedCost", "amount"]),
        bad(|charge| charge.tokens(0, 999_999_999_999).with("processing", "PRIORITY"), "AMOUNT_TOO_LARGE", &["usage"]),
        bad(with("source", json!("s".repeat(65))), "TEXT_TOO_LONG", &["source"]),
        bad(with("externalId", json!("e".repeat(201))), "TEXT_TOO_LONG", &["externalId"]),
        bad(with("team", json!("t".repeat(65))), "TEXT_TOO_LONG", &["team"]),
        bad(with("endUser", json!("u".repeat(129))), "TEXT_TOO_LONG", &["endUser"]),
        bad(with("model", json!("gpt\u{0}4o")), "TEXT_INVALID", &["model"]),
        bad(with("client", json!("gear\npeak")), "TEXT_INVALID", &["client"]),
        bad(with("source", json!("   ")), "TEXT_INVALID", &["source"]),
        bad(with("provider", json!("")), "MISSING_FIELD", &["provider"]),
        bad(with("externalId", json!("")), "MISSING_FIELD", &["externalId"]),
        bad(with("tags", json!([{ "key": "a", "value": "1" }, { "key": "a", "value": "2" }])), "DUPLICATE_TAG", &["tags"]),
        bad(with("tags", json!([{ "key": "a", "value": "v".repeat(257) }])), "TEXT_TOO_LONG", &["tags", "0", "value"]),
        bad(
            with("tags", (0..33).map(|key| json!({ "key": format!("k{key}"), "value": "v" })).collect::<Vec<_>>().into()),
            "TOO_MANY_ITEMS",
            &["tags"],
        ),
    ]
}

/// What only the stream can meet: GraphQL's own types refuse it before any charge is read.
fn bad_lines() -> Vec<Bad> {
    let with = |name: &'static str, value: Value| move |charge: Charge| charge.with(name, value);
    vec![
        bad(with("reportedCost", json!({ "amount": 1.5, "currency": "USD" })), "MONEY_NOT_TEXT", &["reportedCost", "amount"]),
        bad(with("usage.inputTokens", json!(1.1234567)), "QUANTITY_INVALID", &["usage", "inputTokens"]),
        bad(with("usage.inputTokens", json!(true)), "WRONG_TYPE", &["usage", "inputTokens"]),
        bad(with("team", json!(7)), "WRONG_TYPE", &["team"]),
        bad(with("usage", json!([1])), "WRONG_TYPE", &["usage"]),
        bad(with("tags", json!("a=b")), "WRONG_TYPE", &["tags"]),
        bad(with("teem", json!("search")), "UNKNOWN_FIELD", &["teem"]),
        bad(with("usage.promptTokens", json!(1)), "UNKNOWN_FIELD", &["usage", "promptTokens"]),
        bad(|charge| charge.without("occurredAt"), "MISSING_FIELD", &["occurredAt"]),
        bad(|charge| charge.without("model"), "MISSING_FIELD", &["model"]),
        bad(with("reportedCost", json!({ "amount": "1" })), "MISSING_FIELD", &["reportedCost", "currency"]),
        bad(with("occurredAt", json!(1767621802)), "DATE_INVALID", &["occurredAt"]),
    ]
}

/// A message is for people: words, not a code.
fn assert_sentence(error: &Value) {
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.len() >= 15 && message.contains(' ') && !message.contains("Error("), "not a sentence that helps: {error}");
}

async fn a_bad_line_is_refused_and_the_others_go_on(world: World) {
    let body = format!(
        "{}{{\"source\": \"gateway\", \n\n{}{}",
        ndjson([&charge("a")]),
        ndjson([&charge("b").tokens(-1, 0)]),
        ndjson([&charge("c")])
    );
    let answer = world.post_charges(&world.admin, None, body).await;
    let lines = answer.lines();
    let seen: Vec<(i64, &str)> = lines.iter().map(|line| (line["index"].as_i64().unwrap(), line["status"].as_str().unwrap())).collect();
    assert_eq!(seen, [(0, "RECORDED"), (1, "REJECTED"), (2, "REJECTED"), (3, "RECORDED")]);
    assert_eq!((&lines[1]["error"]["code"], &lines[2]["error"]["code"]), (&json!("MALFORMED_JSON"), &json!("QUANTITY_NEGATIVE")));
    assert_eq!(lines[2]["externalId"], "b", "a line that was understood so far names its charge");
}

async fn every_bad_charge_is_refused_with_code_path_and_sentence_at_the_stream(world: World) {
    let all: Vec<Bad> = bad_charges().into_iter().chain(bad_lines()).collect();
    let sent: Vec<Charge> = all.iter().map(|bad| bad.charge.clone()).chain([charge("good")]).collect();
    let receipts = world.record(&sent).await;
    assert_eq!(receipts.len(), sent.len());
    for (bad, receipt) in all.iter().zip(&receipts) {
        assert_eq!(
            (&receipt["error"]["code"], &receipt["error"]["path"]),
            (&json!(bad.code), &json!(bad.path)),
            "{}\n{receipt}",
            bad.charge.0
        );
        assert_eq!(receipt["status"], "REJECTED");
        assert_sentence(&receipt["error"]);
    }
    assert_eq!(receipts.last().unwrap()["status"], "RECORDED");
}

async fn every_bad_charge_is_refused_with_code_and_path_by_graphql(world: World) {
    let all = bad_charges();
    let charges: Vec<Value> = all.iter().map(|bad| bad.charge.0.clone()).chain([charge("good").0]).collect();
    let query = "mutation R($charges: [ChargeInput!]!) { recordCharges(input: { charges: $charges }) {
        recorded rejected results { index status error { code message path } } userErrors { code } } }";
    let payload = world.graphql(query, json!({ "charges": charges })).await["recordCharges"].take();
    assert_eq!((payload["recorded"].as_i64(), payload["rejected"].as_u64()), (Some(1), u64::try_from(all.len()).ok()));
    for (bad, result) in all.iter().zip(payload["results"].as_array().unwrap()) {
        assert_eq!(
            (&result["error"]["code"], &result["error"]["path"]),
            (&json!(bad.code), &json!(bad.path)),
            "{}\n{result}",
            bad.charge.0
        );
        assert_sentence(&result["error"]);
    }
}

async fn what_is_not_one_json_object_is_refused_line_by_line(world: World) {
    let lines = [
        "[]",
        "\"text\"",
        "12",
        "null",
        "{}x",
        "{\"source\":\"a\",\"source\":\"b\"}",
        "{'source':'a'}",
        "{\"a\":1}{\"b\":2}",
        "{\"source\":\"\\ud800\"}",
    ];
    let answer = world.post_charges(&world.admin, None, lines.join("\n")).await;
    let receipts = answer.lines();
    assert_eq!(receipts.len(), lines.len());
    for (line, receipt) in lines.iter().zip(&receipts) {
        let code = receipt["error"]["code"].as_str().unwrap();
        assert!(["MALFORMED_JSON", "UNKNOWN_FIELD", "WRONG_TYPE"].contains(&code), "{line}: {receipt}");
        assert_sentence(&receipt["error"]);
    }
    let not_text = world.post_charges(&world.admin, None, b"{\"source\":\"\xff\xfe\"}\n".to_vec()).await;
    assert_eq!(not_text.lines()[0]["error"]["code"], "MALFORMED_JSON");
}

async fn members_of_graphql_inputs_are_checked_before_anything_runs(world: World) {
    let query = "mutation R($charges: [ChargeInput!]!) { recordCharges(input: { charges: $charges }) { recorded } }";
    let wrong = [
        charge("a").with("teem", "search"),
        charge("a").with("reportedCost", json!({ "amount": 1.5, "currency": "USD" })),
        charge("a").without("source"),
        charge("a").with("processing", "SLOW"),
        charge("a").with("usage.inputTokens", 1.5),
    ];
    for wrong in wrong {
        let answer =
            world.post_graphql(&world.admin, &json!({ "query": query, "variables": { "charges": [charge("b").0, wrong.0] } })).await;
        assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&answer.error_code().as_str()), "{}", answer.text);
        assert_sentence(&answer.json()["errors"][0]);
    }
    assert_eq!(world.database.number("SELECT count(*) FROM charge").await, 0);
    let many: Vec<Value> = (0..1_001).map(|number| charge(&format!("m{number}")).0).collect();
    let query = "mutation R($charges: [ChargeInput!]!) { recordCharges(input: { charges: $charges }) { recorded userErrors { code message path } } }";
    let refused = world.graphql(query, json!({ "charges": many })).await["recordCharges"].take();
    assert_eq!(
        (&refused["recorded"], &refused["userErrors"][0]["code"], &refused["userErrors"][0]["path"]),
        (&json!(0), &json!("TOO_MANY_ITEMS"), &json!(["charges"]))
    );
}

async fn a_line_that_is_too_long_is_refused_and_not_kept(world: World) {
    let long = charge("long").with("endUser", "u".repeat(300_000));
    let receipts = world.record(&[charge("a"), long, charge("b")]).await;
    let statuses: Vec<&str> = receipts.iter().map(|receipt| receipt["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["RECORDED", "REJECTED", "RECORDED"]);
    assert_sentence(&receipts[1]["error"]);
}

async fn nothing_refused_leaves_a_trace(world: World) {
    let sent: Vec<Charge> = bad_charges().into_iter().chain(bad_lines()).map(|bad| bad.charge).collect();
    world.record(&sent).await;
    for table in ["charge", "journal_entry", "posting", "balance", "pending_charge", "interned_name"] {
        assert_eq!(world.database.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    world.assert_verified().await;
}
