//! Reports of finance: figures worked by hand, control totals, and the same answer for ever as of an entry.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use crate::harness::{World, charge};

on_both_engines!(
    the_trial_balance_has_opening_movement_and_closing,
    a_report_as_of_an_entry_answers_the_same_for_ever,
    the_general_ledger_runs_from_opening_to_closing_over_pages,
    months_whose_entries_lie_between_each_other_are_told_apart,
    the_register_counts_what_was_posted_between_two_numbers,
    profit_and_loss_is_split_by_client,
    a_limited_token_gets_reports_of_its_own_rows,
    flux_splits_the_difference_of_each_model,
    open_items_are_aged_first_in_first_out,
    an_entry_that_is_not_there_yet_is_refused,
);

/// A call of client `gearpeak` on each of 5, 20 January and 3 February, and one of nobody on 20 January; each costs 0.0065.
/// Client cost is on 5000, other cost on 6000.
async fn four_charges(world: &World) {
    world.set_clock("2026-02-14T12:00:00Z");
    world.save_centers("search", "assistant", "gearpeak").await;
    let on = |id: &str, day: &str| charge(id).on(&format!("{day}T10:00:00Z"));
    world.book(&[on("a", "2026-01-05").client("gearpeak"), on("b", "2026-01-20").client("gearpeak")]).await;
    world.book(&[on("c", "2026-01-20").team("search"), on("d", "2026-02-03").client("gearpeak")]).await;
}

async fn reverse(world: &World, number: i64, day: &str) {
    let query = "mutation R($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) { userErrors { code } } }";
    let input = json!({ "idempotencyKey": format!("k{number}"), "number": number, "effectiveOn": day, "reason": "mistake" });
    assert_eq!(world.graphql(query, json!({ "input": input })).await["reverseJournalEntry"]["userErrors"], json!([]));
}

async fn the_trial_balance_has_opening_movement_and_closing(world: World) {
    four_charges(&world).await;
    reverse(&world, 1, "2026-01-25").await;
    let query = "{ trialBalance(asOf: \"2026-01-31\", from: \"2026-01-10\") { from throughEntry
        rows { account { code } debit credit balance opening movementDebit movementCredit movement closing } totals { debit credit } } }";
    let report = world.graphql(query, json!({})).await["trialBalance"].take();
    let row = |code: &str, figures: [&str; 8]| {
        let [debit, credit, balance, opening, movement_debit, movement_credit, movement, closing] = figures;
        json!({ "account": { "code": code }, "debit": debit, "credit": credit, "balance": balance, "opening": opening,
            "movementDebit": movement_debit, "movementCredit": movement_credit, "movement": movement, "closing": closing })
    };
    let rows = json!([
        row("2100", ["0.0065", "0.0195", "0.013", "0.0065", "0.0065", "0.013", "0.0065", "0.013"]),
        row("5000", ["0.013", "0.0065", "0.0065", "0.0065", "0.0065", "0.0065", "0", "0.0065"]),
        row("6000", ["0.0065", "0", "0.0065", "0", "0.0065", "0", "0.0065", "0.0065"]),
    ]);
    assert_eq!(report["rows"], rows, "{report:#}");
    assert_eq!((&report["from"], &report["throughEntry"]), (&json!("2026-01-10"), &json!("5")));
    assert_eq!(report["totals"], json!([{ "debit": "0.026", "credit": "0.026" }]));
}

async fn a_report_as_of_an_entry_answers_the_same_for_ever(world: World) {
    four_charges(&world).await;
    let query = "query Q($n: BigInt) {
        trialBalance(asOf: \"2026-02-28\", from: \"2026-01-10\", asOfEntry: $n) { throughEntry rows { account { code } debit credit opening movement } totals { debit credit } }
        profitAndLoss(from: \"2026-01-01\", to: \"2026-03-01\", kind: CLIENT, asOfEntry: $n) { throughEntry rows { account { code } center { code } amount { amount } } net { amount } controls { report trialBalance difference } }
        generalLedger(account: \"5000\", from: \"2026-01-10\", to: \"2026-03-01\", asOfEntry: $n) { throughEntry opening { amount } closing { amount } controls { difference } lines { nodes { runningBalance { amount } entry { number } } } }
    }";
    let now = world.graphql(query, json!({})).await;
    let before = world.graphql(query, json!({ "n": "4" })).await;
    assert_eq!(now, before, "as of the last entry is as of now");
    reverse(&world, 2, "2026-01-21").await;
    world.book(&[charge("late").client("gearpeak").on("2026-01-06T10:00:00Z")]).await;
    assert_eq!(world.graphql(query, json!({ "n": "4" })).await, before);
    assert_ne!(world.graphql(query, json!({})).await, before);
    let third = world.graphql(query, json!({ "n": "3" })).await;
    assert_eq!(third["trialBalance"]["totals"], json!([{ "debit": "0.0195", "credit": "0.0195" }]));
    assert_eq!(third["profitAndLoss"]["net"], json!([{ "amount": "-0.0195" }]));
}

async fn the_general_ledger_runs_from_opening_to_closing_over_pages(world: World) {
    four_charges(&world).await;
    reverse(&world, 1, "2026-01-25").await;
    let query = "query L($after: String) { generalLedger(account: \"5000\", from: \"2026-01-10\", to: \"2026-03-01\", first: 2, after: $after) {
        basis opening { amount currency } closing { amount } controls { currency report trialBalance difference }
        lines { edges { cursor node { line effectiveOn side amount { amount } runningBalance { amount } client { code } model entry { number charge { externalId } } } } pageInfo { hasNextPage endCursor } } } }";
    let first = world.graphql(query, json!({})).await["generalLedger"].take();
    assert_eq!((&first["basis"], &first["opening"]), (&json!("ACCRUAL"), &json!([{ "amount": "0.0065", "currency": "USD" }])));
    assert_eq!(first["closing"], json!([{ "amount": "0.013" }]));
    assert_eq!(first["controls"], json!([{ "currency": "USD", "report": "0.013", "trialBalance": "0.013", "difference": "0" }]));
    let after = &first["lines"]["pageInfo"]["endCursor"];
    let second = world.graphql(query, json!({ "after": after })).await["generalLedger"].take();
    assert_eq!((&first["lines"]["pageInfo"]["hasNextPage"], &second["lines"]["pageInfo"]["hasNextPage"]), (&json!(true), &json!(false)));
    let line = |edge: &Value| {
        let node = &edge["node"];
        assert_eq!((&node["client"]["code"], &node["model"]), (&json!("gearpeak"), &json!("gpt-4o")));
        [
            &node["entry"]["number"],
            &node["entry"]["charge"]["externalId"],
            &node["effectiveOn"],
            &node["side"],
            &node["amount"]["amount"],
            &node["runningBalance"]["amount"],
        ]
        .map(|value| value.as_str().unwrap().to_owned())
        .join(" ")
    };
    let pages = [&first, &second].map(|page| page["lines"]["edges"].as_array().unwrap().iter().map(line).collect::<Vec<_>>());
    let expected = ["2 b 2026-01-20 DEBIT 0.0065 0.013", "4 d 2026-02-03 DEBIT 0.0065 0.0195", "5 a 2026-01-25 CREDIT 0.0065 0.013"];
    assert_eq!(pages.concat(), expected);
    let unknown = "{ generalLedger(account: \"nope\", from: \"2026-01-10\", to: \"2026-03-01\") { throughEntry } }";
    assert_eq!(world.graphql_error(&world.admin, unknown, json!({})).await, "ACCOUNT_UNKNOWN");
}

/// The entries of January are 1 and 3, those of February 2 and 4: a month is read from its first entry to its last one.
async fn months_whose_entries_lie_between_each_other_are_told_apart(world: World) {
    world.set_clock("2026-02-14T12:00:00Z");
    let days = ["2026-01-05", "2026-02-03", "2026-01-20", "2026-02-04"];
    for (number, day) in (1..).zip(days) {
        world.book(&[charge(&format!("c{number}")).on(&format!("{day}T10:00:00Z"))]).await;
    }
    let query = "query L($from: Date!, $to: Date!, $n: BigInt) { generalLedger(account: \"6000\", from: $from, to: $to, asOfEntry: $n) {
        controls { difference } lines { nodes { entry { number } } } } }";
    let january = ("2026-01-01", "2026-02-01");
    for ((from, to), as_of, numbers) in [
        (january, None, vec!["1", "3"]),
        (january, Some("2"), vec!["1"]),
        (("2026-02-01", "2026-03-01"), None, vec!["2", "4"]),
        (("2026-02-04", "2026-03-01"), None, vec!["4"]),
        (("2026-01-20", "2026-02-04"), None, vec!["2", "3"]),
        (("2026-03-01", "2026-04-01"), None, vec![]),
        (("2025-01-01", "2027-01-01"), Some("3"), vec!["1", "2", "3"]),
    ] {
        let ledger = world.graphql(query, json!({ "from": from, "to": to, "n": as_of })).await["generalLedger"].take();
        let found: Vec<_> =
            ledger["lines"]["nodes"].as_array().unwrap().iter().map(|line| line["entry"]["number"].as_str().unwrap()).collect();
        assert_eq!(found, numbers, "{from} to {to} as of {as_of:?}");
        assert!(ledger["controls"].as_array().unwrap().iter().all(|control| control["difference"] == "0"), "{ledger}");
    }
    world.assert_verified().await;
}

async fn the_register_counts_what_was_posted_between_two_numbers(world: World) {
    four_charges(&world).await;
    reverse(&world, 1, "2026-01-25").await;
    let query = "query R($from: BigInt!, $to: BigInt) { journalRegister(fromNumber: $from, toNumber: $to) {
        fromNumber toNumber kinds { kind entries postings } totals { currency debit credit } controls { report trialBalance difference } } }";
    let whole = world.graphql(query, json!({ "from": 1 })).await["journalRegister"].take();
    let expected = json!({
        "fromNumber": "1", "toNumber": "5",
        "kinds": [{ "kind": "CHARGE", "entries": "4", "postings": "8" }, { "kind": "REVERSAL", "entries": "1", "postings": "2" }],
        "totals": [{ "currency": "USD", "debit": "0.0325", "credit": "0.0325" }],
        "controls": [{ "report": "0.0325", "trialBalance": "0.0325", "difference": "0" }],
    });
    assert_eq!(whole, expected);
    let part = world.graphql(query, json!({ "from": 2, "to": 3 })).await["journalRegister"].take();
    assert_eq!(part["kinds"], json!([{ "kind": "CHARGE", "entries": "2", "postings": "4" }]));
    assert_eq!(part["controls"], json!([{ "report": "0.013", "trialBalance": "0.013", "difference": "0" }]));
    for (variables, code) in [(json!({ "from": 0 }), "RANGE_INVALID"), (json!({ "from": 1, "to": 6 }), "AS_OF_ENTRY_UNKNOWN")] {
        assert_eq!(world.graphql_error(&world.admin, query, variables).await, code);
    }
}

async fn profit_and_loss_is_split_by_client(world: World) {
    four_charges(&world).await;
    let query = "{ profitAndLoss(from: \"2026-01-01\", to: \"2026-02-01\", kind: CLIENT) { basis by throughEntry
        rows { account { code } center { code } amount { amount currency } } classes { class amount { amount } } net { amount } controls { difference report } } }";
    let report = world.graphql(query, json!({})).await["profitAndLoss"].take();
    let row = |account: &str, center: Value, amount: &str| json!({ "account": { "code": account }, "center": center, "amount": { "amount": amount, "currency": "USD" } });
    assert_eq!(
        report["rows"],
        json!([row("5000", json!({ "code": "gearpeak" }), "0.013"), row("6000", json!(null), "0.0065")]),
        "{report:#}"
    );
    let class = |class: &str, amount: &str| json!({ "class": class, "amount": { "amount": amount } });
    assert_eq!(report["classes"], json!([class("COST_OF_REVENUE", "0.013"), class("OPERATING_EXPENSE", "0.0065")]));
    assert_eq!(report["net"], json!([{ "amount": "-0.0195" }]));
    assert_eq!(report["controls"], json!([{ "difference": "0", "report": "0.0195" }]));
}

async fn a_limited_token_gets_reports_of_its_own_rows(world: World) {
    four_charges(&world).await;
    let scope = Scope { teams: ["search".to_owned()].into(), ..Scope::default() };
    let token = world.token("main", Role::Analyst, Some(scope));
    let query = "{ profitAndLoss(from: \"2026-01-01\", to: \"2026-03-01\", kind: TEAM) { net { amount } controls { difference } rows { center { code } } }
        generalLedger(account: \"6000\", from: \"2026-01-01\", to: \"2026-03-01\") { closing { amount } lines { nodes { entry { number } } } }
        other: generalLedger(account: \"5000\", from: \"2026-01-01\", to: \"2026-03-01\") { closing { amount } lines { nodes { line } } }
        journalRegister(fromNumber: 1) { kinds { entries } controls { difference } } }";
    let seen = world.graphql_as(&token, query, json!({})).await;
    assert_eq!(seen["profitAndLoss"]["net"], json!([{ "amount": "-0.0065" }]), "{seen:#}");
    assert_eq!(seen["profitAndLoss"]["rows"], json!([{ "center": { "code": "search" } }]));
    assert_eq!(seen["generalLedger"]["lines"]["nodes"], json!([{ "entry": { "number": "3" } }]));
    assert_eq!(seen["other"], json!({ "closing": [], "lines": { "nodes": [] } }));
    assert_eq!(seen["journalRegister"]["kinds"], json!([{ "entries": "1" }]));
}

async fn an_entry_that_is_not_there_yet_is_refused(world: World) {
    world.book(&[charge("c1")]).await;
    let query = "{ trialBalance(asOf: \"2026-01-31\", asOfEntry: 2) { throughEntry } }";
    assert_eq!(world.graphql_error(&world.admin, query, json!({})).await, "AS_OF_ENTRY_UNKNOWN");
}

/// Model a: 1,000 tokens for 0.001, then 3,000 for 0.0033 (its price rose by a tenth); model b: 1,000 for 0.003, the same again.
async fn flux_splits_the_difference_of_each_model(world: World) {
    world.set_clock("2026-02-14T12:00:00Z");
    for (model, from, dollars) in [("a", "2026-01-01", "1"), ("a", "2026-02-01", "1.1"), ("b", "2026-01-01", "3")] {
        world
            .save_price_line(json!({ "provider": "openai", "model": model, "meter": "input_tokens", "per": "1000000", "amount": dollars,
                "currency": "USD", "effectiveFrom": format!("{from}T00:00:00Z") }))
            .await;
    }
    let call = |id: &str, model: &str, tokens: i64, day: &str| {
        charge(id).model("openai", model).usage(json!({ "inputTokens": tokens })).on(&format!("{day}T10:00:00Z"))
    };
    world.book(&[call("1", "a", 1_000, "2026-01-05"), call("2", "b", 1_000, "2026-01-05")]).await;
    world.book(&[call("3", "a", 3_000, "2026-02-05"), call("4", "b", 1_000, "2026-02-05")]).await;
    let query = "{ flux(fromBefore: \"2026-01-01\", toBefore: \"2026-02-01\", from: \"2026-02-01\", to: \"2026-03-01\", by: MODEL, threshold: \"0.002\") {
        throughEntry rows { code costBefore cost tokensBefore tokens difference volume mix price isAboveThreshold } controls { report trialBalance difference } } }";
    let report = world.graphql(query, json!({})).await["flux"].take();
    let expected = json!([
        { "code": "a", "costBefore": "0.001", "cost": "0.0033", "tokensBefore": "1000", "tokens": "3000", "difference": "0.0023",
          "volume": "0.001", "mix": "0.001", "price": "0.0003", "isAboveThreshold": true },
        { "code": "b", "costBefore": "0.003", "cost": "0.003", "tokensBefore": "1000", "tokens": "1000", "difference": "0",
          "volume": "0.003", "mix": "-0.003", "price": "0", "isAboveThreshold": false },
    ]);
    assert_eq!(report["rows"], expected, "{report:#}");
    assert_eq!(report["controls"], json!([{ "report": "0.0023", "trialBalance": "0.0023", "difference": "0" }]));
}

/// Four accruals of 0.0065; the reversal on 25 January takes the oldest, of 5 January, away.
async fn open_items_are_aged_first_in_first_out(world: World) {
    four_charges(&world).await;
    reverse(&world, 2, "2026-01-25").await;
    let query = "query A($n: BigInt) { agedItems(asOf: \"2026-03-01\", asOfEntry: $n) { throughEntry groups { kind account { code }
        rows { provider balance { amount } days0To30 days31To60 days61To90 daysOver90 unapplied } controls { report difference } } } }";
    let report = world.graphql(query, json!({})).await["agedItems"].take();
    let group = |kind: &str| report["groups"].as_array().unwrap().iter().find(|group| group["kind"] == kind).unwrap().clone();
    let accrual = group("ACCRUAL");
    // 20 January is 40 days before 1 March, 3 February 26.
    let row = json!({ "provider": "openai", "balance": { "amount": "0.0195" }, "days0To30": "0.0065", "days31To60": "0.013",
        "days61To90": "0", "daysOver90": "0", "unapplied": "0" });
    assert_eq!((&accrual["account"]["code"], &accrual["rows"]), (&json!("2100"), &json!([row])), "{report:#}");
    assert_eq!(accrual["controls"], json!([{ "report": "-0.0195", "difference": "0" }]));
    assert_eq!((&group("SUSPENSE")["account"]["code"], &group("SUSPENSE")["rows"]), (&json!("1999"), &json!([])));
    assert_eq!(group("UNATTRIBUTED")["rows"], json!([]));
    let before = world.graphql(query, json!({ "n": 4 })).await["agedItems"].take();
    assert_eq!(before["groups"][2]["rows"][0]["days31To60"], "0.0195");
    assert_eq!(before["groups"][2]["rows"][0]["balance"]["amount"], "0.026");
    // What nobody owns is cost on the standing centers.
    world.book(&[charge("lost").on("2026-01-05T10:00:00Z")]).await;
    let report = world.graphql(query, json!({})).await["agedItems"].take();
    let lost = report["groups"].as_array().unwrap().iter().find(|group| group["kind"] == "UNATTRIBUTED").unwrap();
    assert_eq!((&lost["rows"][0]["days31To60"], &lost["controls"][0]["difference"]), (&json!("0.0065"), &json!("0")), "{lost:#}");
}
