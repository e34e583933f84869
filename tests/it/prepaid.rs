//! Credits: bought in advance, drawn down, expired and rolled forward; granted, applied and expired; and what is accrued.

use serde_json::{Value, json};

use crate::harness::{World, charge};

on_both_engines!(
    the_worked_example_of_a_commitment,
    the_lot_that_expires_first_is_drawn_first_and_what_is_left_is_breakage,
    usage_beyond_every_lot_is_shown_and_covered_by_the_next_one,
    usage_beyond_every_lot_is_owed_where_the_policy_says_so,
    a_roll_forward_as_of_an_entry_answers_the_same_for_ever,
    a_reversed_purchase_is_no_lot_and_an_adjustment,
    the_same_key_answers_with_the_first_receipt_and_other_content_conflicts,
    what_is_no_purchase_is_refused,
    a_grant_that_is_no_asset_lowers_the_cost_where_it_was_borne,
    a_deferred_grant_is_released_with_the_usage,
    a_grant_is_applied_no_further_than_usage_and_what_is_left,
    more_blocks_than_an_entry_holds_make_several_entries,
    granted_credits_of_a_prepaid_provider_are_not_drawn,
    accruals_are_those_of_the_ledger,
    corrections_are_for_those_who_may_post_them,
    the_audit_log_tells_who_bought_what,
    books_that_lack_default_accounts_get_them_and_keep_their_own,
);

/// One dollar of gpt-4o: 400,000 tokens in at 2.50 a million.
fn dollars(key: &str, dollars: i64, day: &str) -> crate::harness::Charge {
    charge(key).tokens(dollars * 400_000, 0).on(&format!("{day}T10:00:00Z"))
}

async fn settle_as(world: &World, settlement: &str, grants: &str) {
    let providers = json!([{ "provider": "openai", "settlement": settlement, "grants": grants }]);
    world.save("saveProviders", "SaveProvidersInput", json!({ "providers": providers })).await;
}

async fn purchase(world: &World, key: &str, amount: &str, day: &str, expires: Option<&str>) -> Value {
    let query =
        "mutation P($input: PurchaseCreditsInput!) { purchaseCredits(input: $input) { lot replayed entry { number kind effectiveOn memo
        postings { side amount { amount currency } account { code } provider } } userErrors { code path message } } }";
    let input = json!({ "idempotencyKey": key, "provider": "openai", "amount": amount, "currency": "USD", "purchasedOn": day,
        "expiresOn": expires, "paidFrom": "PAYABLE", "reference": "PO-1" });
    world.graphql(query, json!({ "input": input })).await["purchaseCredits"].take()
}

async fn grant(world: &World, key: &str, amount: &str, day: &str, expires: Option<&str>) -> Value {
    let query =
        "mutation G($input: GrantCreditsInput!) { grantCredits(input: $input) { lot replayed entry { number } userErrors { code path } } }";
    let input = json!({ "idempotencyKey": key, "provider": "openai", "amount": amount, "currency": "USD", "grantedOn": day,
        "expiresOn": expires, "reference": "startup programme" });
    world.graphql(query, json!({ "input": input })).await["grantCredits"].take()
}

async fn apply(world: &World, key: &str, period: &str, amount: Option<&str>) -> Value {
    let query = "mutation A($input: ApplyCreditsInput!) { applyCredits(input: $input) { replayed applied { amount currency } entry { number effectiveOn kind
        postings { side amount { amount } account { code } team { code } client { code } model } } userErrors { code path message } } }";
    let input = json!({ "idempotencyKey": key, "provider": "openai", "period": period, "amount": amount });
    world.graphql(query, json!({ "input": input })).await["applyCredits"].take()
}

async fn expire(world: &World, key: &str, as_of: &str) -> Value {
    let query = "mutation E($input: ExpireCreditsInput!) { expireCredits(input: $input) { replayed expired { lot amount { amount } } entry { number kind
        postings { side amount { amount } account { code } provider } } userErrors { code path } } }";
    let input = json!({ "idempotencyKey": key, "provider": "openai", "asOf": as_of });
    world.graphql(query, json!({ "input": input })).await["expireCredits"].take()
}

/// Opening, purchases, draw-down, breakage, adjustments and closing of the one currency.
async fn roll(world: &World, from: &str, to: &str) -> [String; 6] {
    let query = "query R($from: Date!, $to: Date!) { prepaidRollForward(provider: \"openai\", from: $from, to: $to) { rows { currency opening purchases
        drawDown breakage adjustments closing } } }";
    let data = world.graphql(query, json!({ "from": from, "to": to })).await;
    let row = &data["prepaidRollForward"]["rows"][0];
    ["opening", "purchases", "drawDown", "breakage", "adjustments", "closing"].map(|name| row[name].as_str().unwrap_or("none").to_owned())
}

/// Opening, granted, applied, expired, closing.
async fn grant_roll(world: &World, from: &str, to: &str) -> [String; 5] {
    let query = "query R($from: Date!, $to: Date!) { grantRollForward(provider: \"openai\", from: $from, to: $to) { rows { opening granted applied expired closing } } }";
    let data = world.graphql(query, json!({ "from": from, "to": to })).await;
    let row = &data["grantRollForward"]["rows"][0];
    ["opening", "granted", "applied", "expired", "closing"].map(|name| row[name].as_str().unwrap_or("none").to_owned())
}

/// Each lot as `drawn expired left`, and what no lot covers.
async fn lots(world: &World, field: &str, as_of: &str) -> (Vec<String>, Value) {
    let query = format!(
        "query L($asOf: Date!) {{ {field}(provider: \"openai\", asOf: $asOf) {{ lots {{ number drawn expired left isLapsed }} uncovered {{ amount }} }} }}"
    );
    let mut data = world.graphql(&query, json!({ "asOf": as_of })).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lot = |lot: &Value| {
        let lapsed = if lot["isLapsed"] == true { " lapsed" } else { "" };
        format!("{} {} {}{lapsed}", text(&lot["drawn"]), text(&lot["expired"]), text(&lot["left"]))
    };
    let lots = data[field]["lots"].as_array().unwrap().iter().map(lot).collect();
    (lots, data[field]["uncovered"].take())
}

/// The balance of an account at the end of a day on its normal side.
async fn balance(world: &World, account: &str, as_of: &str) -> String {
    let query = "query T($asOf: Date!) { trialBalance(asOf: $asOf) { rows { account { code } balance } } }";
    let data = world.graphql(query, json!({ "asOf": as_of })).await;
    let rows = data["trialBalance"]["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["account"]["code"] == account);
    row.map_or_else(|| "0".to_owned(), |row| row["balance"].as_str().unwrap().to_owned())
}

fn refusal(answer: &Value) -> (&str, &Value) {
    (answer["userErrors"][0]["code"].as_str().unwrap_or_else(|| panic!("{answer}")), &answer["userErrors"][0]["path"])
}

/// Postings as `side account amount`, in the order of their lines.
fn postings(entry: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |line: &Value| format!("{} {} {}", text(&line["side"]), text(&line["account"]["code"]), text(&line["amount"]["amount"]));
    entry["postings"].as_array().unwrap_or_else(|| panic!("{entry}")).iter().map(line).collect()
}

/// 500,000.00 bought; list 25.00 in and 37.50 out, less 20 percent: 20.00 and 30.00 are drawn.
async fn the_worked_example_of_a_commitment(world: World) {
    settle_as(&world, "PREPAID", "NET").await;
    let discount = json!([{ "provider": "openai", "percent": "20", "effectiveFrom": "2026-01-01T00:00:00Z" }]);
    world.save("saveDiscounts", "SaveDiscountsInput", json!({ "discounts": discount })).await;
    let bought = purchase(&world, "p1", "500000.00", "2026-01-02", Some("2026-12-31")).await;
    assert_eq!((&bought["lot"], &bought["entry"]["kind"]), (&json!("1"), &json!("PREPAID_PURCHASE")));
    assert_eq!(postings(&bought["entry"]), ["DEBIT 1300 500000", "CREDIT 2000 500000"]);
    assert_eq!(bought["entry"]["postings"][0]["provider"], "openai");
    world.book(&[charge("in").tokens(10_000_000, 0), charge("out").tokens(0, 3_750_000)]).await;
    assert_eq!(world.charge("in").await["cost"]["amount"], "20");
    assert_eq!(world.charge("out").await["cost"]["amount"], "30");
    assert_eq!(roll(&world, "2026-01-01", "2026-02-01").await, ["0", "500000", "50", "0", "0", "499950"]);
    assert_eq!(roll(&world, "2026-01-04", "2026-01-06").await, ["500000", "0", "50", "0", "0", "499950"]);
    assert_eq!(balance(&world, "1300", "2026-01-31").await, "499950");
    assert_eq!(lots(&world, "prepaidLots", "2026-01-31").await, (vec!["50 0 499950".to_owned()], json!([])));
    world.assert_verified().await;
}

async fn the_lot_that_expires_first_is_drawn_first_and_what_is_left_is_breakage(world: World) {
    settle_as(&world, "PREPAID", "NET").await;
    purchase(&world, "long", "100", "2026-01-01", None).await;
    purchase(&world, "short", "40", "2026-01-02", Some("2026-01-20")).await;
    world.book(&[dollars("c1", 25, "2026-01-05")]).await;
    world.set_clock("2026-02-05T09:00:00Z");
    world.book(&[dollars("c2", 10, "2026-01-21")]).await;
    assert_eq!(
        lots(&world, "prepaidLots", "2026-01-31").await.0,
        ["10 0 90", "25 0 15 lapsed"],
        "after the 20th the short lot is not drawn"
    );
    let expired = expire(&world, "e1", "2026-01-31").await;
    assert_eq!(expired["expired"], json!([{ "lot": "2", "amount": { "amount": "15" } }]));
    assert_eq!(expired["entry"]["kind"], "BREAKAGE");
    assert_eq!(postings(&expired["entry"]), ["DEBIT 5095 15", "CREDIT 1300 15"]);
    assert_eq!(roll(&world, "2026-01-01", "2026-02-01").await, ["0", "140", "35", "15", "0", "90"]);
    assert_eq!(roll(&world, "2026-02-01", "2026-03-01").await, ["90", "0", "0", "0", "0", "90"]);
    assert_eq!(balance(&world, "1300", "2026-01-31").await, "90");
    assert_eq!(balance(&world, "5095", "2026-01-31").await, "15");
    for (key, day) in [("e2", "2026-02-01"), ("e3", "2026-01-25")] {
        let again = expire(&world, key, day).await;
        assert_eq!((&again["entry"], &again["expired"]), (&json!(null), &json!([])), "nothing expires twice");
    }
    // A call of the 6th arrives late: the short lot is gone, the long one pays.
    world.book(&[dollars("late", 5, "2026-01-06")]).await;
    assert_eq!(lots(&world, "prepaidLots", "2026-02-05").await.0, ["15 0 85", "25 15 0"]);
    assert_eq!(balance(&world, "1300", "2026-02-05").await, "85");
    world.assert_verified().await;
}

async fn usage_beyond_every_lot_is_shown_and_covered_by_the_next_one(world: World) {
    settle_as(&world, "PREPAID", "NET").await;
    world.book(&[dollars("c1", 30, "2026-01-05")]).await;
    assert_eq!(lots(&world, "prepaidLots", "2026-01-09").await, (vec![], json!([{ "amount": "30" }])));
    assert_eq!(balance(&world, "1300", "2026-01-09").await, "-30");
    purchase(&world, "p1", "100", "2026-01-10", None).await;
    assert_eq!(lots(&world, "prepaidLots", "2026-01-10").await, (vec!["30 0 70".to_owned()], json!([])));
    assert_eq!(roll(&world, "2026-01-10", "2026-01-11").await, ["-30", "100", "0", "0", "0", "70"]);
}

async fn accrue(world: &World, key: &str, as_of: &str) -> Value {
    let query = "mutation A($input: AccrueOverdrawInput!) { accrueOverdraw(input: $input) { replayed accrued { amount currency } entry { number kind effectiveOn
        corrects { number } postings { side amount { amount } account { code } provider } } userErrors { code path } } }";
    let input = json!({ "idempotencyKey": key, "provider": "openai", "asOf": as_of });
    world.graphql(query, json!({ "input": input })).await["accrueOverdraw"].take()
}

async fn overdraw_as(world: &World, policy: &str) {
    let providers = json!([{ "provider": "openai", "settlement": "PREPAID", "overdraw": policy }]);
    world.save("saveProviders", "SaveProvidersInput", json!({ "providers": providers })).await;
}

/// What was accrued beyond credits in January and February, and the difference of the control.
async fn accrued(world: &World) -> [String; 2] {
    let query = "{ prepaidRollForward(provider: \"openai\", from: \"2026-01-01\", to: \"2026-03-01\") { basis rows { accrued } controls { difference } } }";
    let report = world.graphql(query, json!({})).await["prepaidRollForward"].take();
    [&report["rows"][0]["accrued"], &report["controls"][0]["difference"]].map(|value| value.as_str().unwrap().to_owned())
}

/// 100 bought, 130 used: 30 are owed until the next purchase covers them.
async fn usage_beyond_every_lot_is_owed_where_the_policy_says_so(world: World) {
    world.set_clock("2026-02-14T12:00:00Z");
    overdraw_as(&world, "SHOW").await;
    purchase(&world, "p1", "100", "2026-01-02", None).await;
    world.book(&[dollars("c1", 130, "2026-01-20")]).await;
    let shown = accrue(&world, "a0", "2026-01-31").await;
    assert_eq!((&shown["entry"], &shown["accrued"]), (&Value::Null, &json!([])), "by this policy it stays where it is");
    assert_eq!(balance(&world, "1300", "2026-01-31").await, "-30");
    overdraw_as(&world, "ACCRUE").await;
    let moved = accrue(&world, "a1", "2026-01-31").await;
    assert_eq!(moved["accrued"], json!([{ "amount": "30", "currency": "USD" }]));
    let entry = &moved["entry"];
    assert_eq!(
        [&entry["kind"], &entry["effectiveOn"], &entry["corrects"]],
        [&json!("PREPAID_OVERDRAW"), &json!("2026-01-31"), &Value::Null]
    );
    assert_eq!(postings(entry), ["DEBIT 1300 30", "CREDIT 2100 30"]);
    assert_eq!([balance(&world, "1300", "2026-01-31").await, balance(&world, "2100", "2026-01-31").await], ["0", "30"]);
    assert_eq!(lots(&world, "prepaidLots", "2026-01-31").await, (vec!["100 0 0".to_owned()], json!([])));
    assert_eq!(roll(&world, "2026-01-01", "2026-02-01").await, ["0", "100", "130", "0", "0", "0"]);
    assert_eq!(accrued(&world).await, ["30", "0"]);
    // The same again moves nothing; a charge that arrives late moves the rest, and the entry names the one before.
    assert_eq!(accrue(&world, "a1", "2026-01-31").await["replayed"], true);
    assert_eq!(accrue(&world, "a2", "2026-01-31").await["accrued"], json!([]));
    world.book(&[dollars("c2", 5, "2026-01-25")]).await;
    let more = accrue(&world, "a3", "2026-01-31").await;
    assert_eq!((&more["accrued"][0]["amount"], &more["entry"]["corrects"]), (&json!("5"), &json!({ "number": entry["number"] })));
    // 20 are bought: they cover 20 of the 35, at once, and 15 stay owed.
    purchase(&world, "p2", "20", "2026-02-03", None).await;
    assert_eq!([balance(&world, "1300", "2026-02-28").await, balance(&world, "2100", "2026-02-28").await], ["0", "15"]);
    assert_eq!(lots(&world, "prepaidLots", "2026-02-28").await.0, ["100 0 0", "20 0 0"]);
    purchase(&world, "p3", "50", "2026-02-05", None).await;
    assert_eq!([balance(&world, "1300", "2026-02-28").await, balance(&world, "2100", "2026-02-28").await], ["35", "0"]);
    assert_eq!(roll(&world, "2026-02-01", "2026-03-01").await, ["0", "70", "0", "0", "0", "35"]);
    assert_eq!(accrued(&world).await, ["0", "0"]);
    assert_eq!(balance(&world, "2100", "2026-01-31").await, "35", "January stays as it was accrued");
    // Two moves to what is owed and two back; a call that moves nothing tells nothing.
    let told = "SELECT count(*) FROM audit_event WHERE action = 'credits.accrueOverdraw' AND object = 'credits of provider openai'";
    assert_eq!(world.database.number(told).await, 4);
    world.assert_verified().await;
}

async fn a_roll_forward_as_of_an_entry_answers_the_same_for_ever(world: World) {
    world.set_clock("2026-02-14T12:00:00Z");
    overdraw_as(&world, "ACCRUE").await;
    let query = "query R($n: BigInt) { prepaidRollForward(provider: \"openai\", from: \"2026-01-10\", to: \"2026-03-01\", asOfEntry: $n) { basis throughEntry
        rows { currency opening purchases drawDown accrued breakage adjustments closing } controls { currency report trialBalance difference } } }";
    let report = async |number: Option<i64>| {
        let report = world.graphql(query, json!({ "n": number.map(|number| number.to_string()) })).await["prepaidRollForward"].take();
        for control in report["controls"].as_array().unwrap() {
            assert_eq!(control["difference"], "0", "{report:#}");
        }
        report
    };
    let mut kept = Vec::new();
    let keep = async |kept: &mut Vec<(i64, Value)>| {
        let last = world.database.number("SELECT last_entry FROM books_head").await;
        let now = report(None).await;
        assert_eq!((report(Some(last)).await, &now["throughEntry"]), (now.clone(), &json!(last.to_string())));
        kept.push((last, now));
    };
    purchase(&world, "p1", "100", "2026-01-02", Some("2026-01-31")).await;
    keep(&mut kept).await;
    world.book(&[dollars("c1", 60, "2026-01-20"), dollars("c2", 10, "2026-01-05")]).await;
    keep(&mut kept).await;
    expire(&world, "e1", "2026-02-01").await;
    keep(&mut kept).await;
    world.book(&[dollars("c3", 20, "2026-02-02")]).await;
    accrue(&world, "a1", "2026-02-03").await;
    keep(&mut kept).await;
    purchase(&world, "p2", "50", "2026-02-04", None).await;
    keep(&mut kept).await;
    let reverse = "mutation { reverseJournalEntry(input: { idempotencyKey: \"r\", number: 2, effectiveOn: \"2026-01-25\", reason: \"twice\" }) { userErrors { code } } }";
    assert_eq!(world.graphql(reverse, json!({})).await["reverseJournalEntry"]["userErrors"], json!([]));
    keep(&mut kept).await;
    for (number, answer) in &kept {
        assert_eq!(&report(Some(*number)).await, answer, "as of {number}");
    }
    let unknown = "{ prepaidRollForward(provider: \"openai\", from: \"2026-01-10\", to: \"2026-03-01\", asOfEntry: 99) { basis } }";
    assert_eq!(world.graphql_error(&world.admin, unknown, json!({})).await, "AS_OF_ENTRY_UNKNOWN");
    world.assert_verified().await;
}

async fn a_reversed_purchase_is_no_lot_and_an_adjustment(world: World) {
    settle_as(&world, "PREPAID", "NET").await;
    purchase(&world, "p1", "100", "2026-01-02", None).await;
    purchase(&world, "p2", "60", "2026-01-02", None).await;
    world.book(&[dollars("c1", 20, "2026-01-05")]).await;
    let query = "mutation { reverseJournalEntry(input: { idempotencyKey: \"r\", number: 2, effectiveOn: \"2026-01-08\", reason: \"entered twice\" }) { userErrors { code } } }";
    assert_eq!(world.graphql(query, json!({})).await["reverseJournalEntry"]["userErrors"], json!([]));
    assert_eq!(lots(&world, "prepaidLots", "2026-01-31").await.0, ["20 0 80"]);
    assert_eq!(roll(&world, "2026-01-01", "2026-02-01").await, ["0", "160", "20", "0", "-60", "80"]);
    assert_eq!(balance(&world, "1300", "2026-01-31").await, "80");
    world.assert_verified().await;
}

async fn the_same_key_answers_with_the_first_receipt_and_other_content_conflicts(world: World) {
    settle_as(&world, "PREPAID", "NET").await;
    let mut first = purchase(&world, "p1", "100", "2026-01-02", None).await;
    let again = purchase(&world, "p1", "100", "2026-01-02", None).await;
    assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
    first["replayed"] = json!(true);
    assert_eq!(first, again);
    assert_eq!(refusal(&purchase(&world, "p1", "101", "2026-01-02", None).await), ("IDEMPOTENCY_CONFLICT", &json!(["idempotencyKey"])));
    expire(&world, "e", "2026-01-10").await;
    assert_eq!(expire(&world, "e", "2026-01-10").await["replayed"], true);
    assert_eq!(refusal(&expire(&world, "e", "2026-01-11").await).0, "IDEMPOTENCY_CONFLICT");
    assert_eq!(world.database.number("SELECT count(*) FROM credit_lot").await, 1);
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry").await, 1);
}

async fn what_is_no_purchase_is_refused(world: World) {
    assert_eq!(refusal(&purchase(&world, "p", "1", "2026-01-02", None).await), ("PROVIDER_NOT_PREPAID", &json!(["provider"])));
    settle_as(&world, "PREPAID", "NET").await;
    assert_eq!(refusal(&purchase(&world, "p", "1", "2026-01-02", Some("2026-01-01")).await), ("EXPIRY_INVALID", &json!(["expiresOn"])));
    assert_eq!(refusal(&purchase(&world, "p", "1", "2026-03-01", None).await), ("DATE_OUT_OF_RANGE", &json!(["purchasedOn"])));
    assert_eq!(refusal(&purchase(&world, "p", "0", "2026-01-02", None).await), ("POSTING_NOT_POSITIVE", &json!(["amount"])));
    assert_eq!(refusal(&purchase(&world, "p", "0.0000000001", "2026-01-02", None).await).0, "AMOUNT_TOO_PRECISE");
    assert_eq!(refusal(&purchase(&world, "", "1", "2026-01-02", None).await), ("MISSING_FIELD", &json!(["idempotencyKey"])));
    let unknown = "{ prepaidLots(provider: \"nobody\") { asOf } }";
    assert_eq!(world.graphql_error(&world.admin, unknown, json!({})).await, "PROVIDER_UNKNOWN");
    assert_eq!(refusal(&expire(&world, "e", "2026-01-02").await), ("PROVIDER_UNKNOWN", &json!(["provider"])));
    assert!(purchase(&world, "p", "1", "2026-01-02", None).await["lot"].is_string(), "a refused call does not use its key up");
}

/// 10.00 over costs of 20.00 and 10.00 of one month: 6.666666667 and 3.333333333, which add up to the unit.
async fn a_grant_that_is_no_asset_lowers_the_cost_where_it_was_borne(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let granted = grant(&world, "g1", "10", "2026-01-01", None).await;
    assert_eq!((&granted["lot"], &granted["entry"]), (&json!("1"), &json!(null)), "no asset, no entry");
    world.book(&[dollars("c1", 20, "2026-01-05").team("search"), dollars("c2", 10, "2026-01-06").client("gearpeak")]).await;
    let applied = apply(&world, "a1", "2026-01", None).await;
    assert_eq!(applied["applied"], json!([{ "amount": "10", "currency": "USD" }]));
    let entry = &applied["entry"];
    assert_eq!((&entry["kind"], &entry["effectiveOn"]), (&json!("PROMOTIONAL_CREDIT"), &json!("2026-01-15")), "the month still runs");
    assert_eq!(postings(entry), ["DEBIT 2100 10", "CREDIT 5010 3.333333333", "CREDIT 5010 6.666666667"]);
    assert_eq!((&entry["postings"][2]["team"]["code"], &entry["postings"][1]["client"]["code"]), (&json!("search"), &json!("gearpeak")));
    assert_eq!(entry["postings"][1]["model"], "gpt-4o");
    let query =
        "{ spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: [TEAM]) { total { amount } rows { keys { code } cost { amount } } } }";
    let spend = world.graphql(query, json!({})).await["spend"].take();
    assert_eq!(spend["total"]["amount"], "20");
    assert_eq!(grant_roll(&world, "2026-01-01", "2026-02-01").await, ["0", "10", "10", "0", "0"]);
    assert_eq!(refusal(&apply(&world, "a2", "2026-01", None).await), ("CREDITS_EXCEEDED", &json!(["period"])));
    world.assert_verified().await;
}

async fn a_deferred_grant_is_released_with_the_usage(world: World) {
    settle_as(&world, "ACCRUAL", "DEFERRED").await;
    assert_eq!(grant(&world, "g1", "100", "2026-01-01", Some("2026-01-31")).await["entry"]["number"], "1");
    assert_eq!([balance(&world, "1350", "2026-01-31").await, balance(&world, "2150", "2026-01-31").await], ["100", "100"]);
    world.book(&[dollars("c1", 30, "2026-01-05")]).await;
    let applied = apply(&world, "a1", "2026-01", None).await;
    assert_eq!(postings(&applied["entry"]), ["DEBIT 2100 30", "CREDIT 5010 30", "DEBIT 2150 30", "CREDIT 1350 30"]);
    assert_eq!([balance(&world, "1350", "2026-01-31").await, balance(&world, "2150", "2026-01-31").await], ["70", "70"]);
    assert_eq!(balance(&world, "2100", "2026-01-31").await, "0");
    world.set_clock("2026-02-03T09:00:00Z");
    assert_eq!(lots(&world, "grantedLots", "2026-02-01").await.0, ["30 0 70 lapsed"]);
    assert_eq!(postings(&expire(&world, "e1", "2026-02-01").await["entry"]), ["DEBIT 2150 70", "CREDIT 1350 70"]);
    assert_eq!(grant_roll(&world, "2026-02-01", "2026-03-01").await, ["70", "0", "0", "70", "0"]);
    assert_eq!(balance(&world, "2150", "2026-02-28").await, "0");
    world.assert_verified().await;
}

async fn a_grant_is_applied_no_further_than_usage_and_what_is_left(world: World) {
    grant(&world, "g1", "10", "2026-01-01", Some("2026-01-10")).await;
    grant(&world, "g2", "50", "2026-01-02", None).await;
    world.book(&[dollars("c1", 25, "2026-01-05")]).await;
    assert_eq!(refusal(&apply(&world, "a", "2026-01", Some("25.000000001")).await), ("CREDITS_EXCEEDED", &json!(["amount"])));
    assert_eq!(apply(&world, "a", "2026-01", Some("4")).await["applied"][0]["amount"], "4");
    assert_eq!(lots(&world, "grantedLots", "2026-01-31").await.0, ["4 0 6 lapsed", "0 0 50"], "the one that expires first");
    let second = apply(&world, "b", "2026-01", None).await;
    assert_eq!(second["applied"][0]["amount"], "21", "no more than what is left of the usage");
    assert_eq!(lots(&world, "grantedLots", "2026-01-31").await.0, ["10 0 0", "15 0 35"]);
    let number = second["entry"]["number"].as_str().unwrap();
    let query = format!(
        "mutation {{ reverseJournalEntry(input: {{ idempotencyKey: \"r\", number: {number}, effectiveOn: \"2026-01-15\", reason: \"wrong month\" }}) {{ userErrors {{ code }} }} }}"
    );
    assert_eq!(world.graphql(&query, json!({})).await["reverseJournalEntry"]["userErrors"], json!([]));
    assert_eq!(lots(&world, "grantedLots", "2026-01-31").await.0, ["4 0 6 lapsed", "0 0 50"], "a reversed use did not happen");
    assert_eq!(grant_roll(&world, "2026-01-01", "2026-02-01").await, ["0", "60", "4", "0", "56"]);
    assert_eq!(refusal(&apply(&world, "c", "2025-12", None).await).0, "CREDITS_EXCEEDED");
}

/// 10,050 features, each with a call of 0.0065: 65.325 of cost, of which a deferred grant of 40 and one of 10 pay 50.
async fn more_blocks_than_an_entry_holds_make_several_entries(world: World) {
    settle_as(&world, "ACCRUAL", "DEFERRED").await;
    let calls: Vec<_> = (0..10_050).map(|call| charge(&format!("c{call}")).feature(&format!("f{call}"))).collect();
    for calls in calls.chunks(5_000) {
        world.book(calls).await;
    }
    grant(&world, "g1", "40", "2026-01-02", Some("2026-06-30")).await;
    grant(&world, "g2", "10", "2026-01-02", Some("2026-12-31")).await;
    let query = "mutation A($key: String!) { applyCredits(input: { idempotencyKey: $key, provider: \"openai\", period: \"2026-01\" }) {
        replayed applied { amount } entry { number } entries { number kind } userErrors { code } } }";
    let applied = world.graphql(query, json!({ "key": "a1" })).await["applyCredits"].take();
    assert_eq!((&applied["applied"], &applied["userErrors"]), (&json!([{ "amount": "50" }]), &json!([])));
    let entries = applied["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["number"]), (2, &applied["entry"]["number"]), "{applied}");
    assert!(entries.iter().all(|entry| entry["kind"] == "PROMOTIONAL_CREDIT"));
    assert_eq!(balance(&world, "5010", "2026-01-31").await, "50");
    assert_eq!(balance(&world, "2100", "2026-01-31").await, "15.325");
    assert_eq!(balance(&world, "2150", "2026-01-31").await, "0");
    assert_eq!(grant_roll(&world, "2026-01-01", "2026-02-01").await, ["0", "50", "50", "0", "0"]);
    let mut again = world.graphql(query, json!({ "key": "a1" })).await["applyCredits"].take();
    assert_eq!(again["replayed"].take(), true);
    assert_eq!(again["entries"], applied["entries"]);
    world.assert_verified().await;
    // Reversing the second entry gives back what it released, and nothing of the first.
    let reverse = "mutation R($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) { userErrors { code } } }";
    let input = json!({ "idempotencyKey": "r", "number": entries[1]["number"].as_str().unwrap(), "effectiveOn": "2026-01-15", "reason": "mistake" });
    assert_eq!(world.graphql(reverse, json!({ "input": input })).await["reverseJournalEntry"]["userErrors"], json!([]));
    let discounts = balance(&world, "5010", "2026-01-31").await;
    let [_, _, given, _, closing] = grant_roll(&world, "2026-01-01", "2026-02-01").await;
    assert_eq!((given == discounts, balance(&world, "2150", "2026-01-31").await == closing), (true, true), "{given} {discounts} {closing}");
    let last = world.graphql(query, json!({ "key": "a2" })).await["applyCredits"].take();
    assert_eq!((&last["applied"][0]["amount"], balance(&world, "5010", "2026-01-31").await.as_str()), (&json!(closing), "50"));
    world.assert_verified().await;
}

async fn granted_credits_of_a_prepaid_provider_are_not_drawn(world: World) {
    settle_as(&world, "PREPAID", "NET").await;
    purchase(&world, "p1", "100", "2026-01-01", None).await;
    grant(&world, "g1", "5", "2026-01-01", None).await;
    world.book(&[dollars("c1", 20, "2026-01-05")]).await;
    assert_eq!(postings(&apply(&world, "a1", "2026-01", None).await["entry"]), ["DEBIT 1300 5", "CREDIT 5010 5"]);
    assert_eq!(roll(&world, "2026-01-01", "2026-02-01").await, ["0", "100", "15", "0", "0", "85"]);
    assert_eq!(lots(&world, "prepaidLots", "2026-01-31").await.0, ["15 0 85"]);
    assert_eq!(balance(&world, "1300", "2026-01-31").await, "85");
}

async fn accruals_are_those_of_the_ledger(world: World) {
    world
        .book(&[
            dollars("c1", 20, "2026-01-05"),
            charge("c2").model("anthropic", "claude-sonnet-4-5").tokens(100_000, 0),
            charge("c3").with("reportedCost", json!({ "amount": "1200", "currency": "JPY" })).model("acme", "x").on("2026-01-09T00:00:00Z"),
        ])
        .await;
    let query =
        "query A($asOf: Date!) { accruals(asOf: $asOf) { throughEntry rows { provider currency accrued reconciled revaluation open } } }";
    let rows = async |as_of: &str| {
        let data = world.graphql(query, json!({ "asOf": as_of })).await;
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let row = |row: &Value| ["provider", "currency", "accrued", "reconciled", "open"].map(|name| text(row, name)).join(" ");
        data["accruals"]["rows"].as_array().unwrap().iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(rows("2026-01-31").await, ["acme JPY 1200 0 1200", "anthropic USD 0.3 0 0.3", "openai USD 20 0 20"]);
    assert_eq!(rows("2026-01-08").await, ["anthropic USD 0.3 0 0.3", "openai USD 20 0 20"]);
    grant(&world, "g1", "5", "2026-01-01", None).await;
    apply(&world, "a1", "2026-01", None).await;
    assert_eq!(rows("2026-01-31").await[2], "openai USD 15 0 15");
}

async fn corrections_are_for_those_who_may_post_them(world: World) {
    use tallybook::app::auth::{Role, Scope};
    settle_as(&world, "PREPAID", "NET").await;
    purchase(&world, "p1", "100", "2026-01-02", None).await;
    let buy = "mutation { purchaseCredits(input: { idempotencyKey: \"k\", provider: \"openai\", amount: \"1\", currency: \"USD\", purchasedOn: \"2026-01-02\",
        paidFrom: CASH, reference: \"r\" }) { lot } }";
    assert_eq!(world.graphql_error(&world.token("main", Role::Analyst, None), buy, json!({})).await, "FORBIDDEN");
    let limited = world.token("main", Role::Admin, Some(Scope { teams: ["search".to_owned()].into(), ..Scope::default() }));
    let read = "{ prepaidLots(provider: \"openai\") { asOf } }";
    assert_eq!(world.graphql_error(&limited, read, json!({})).await, "FORBIDDEN", "credits belong to no cost center");
    assert_eq!(world.graphql_as(&world.token("main", Role::Viewer, None), read, json!({})).await["prepaidLots"]["asOf"], "2026-01-15");
}

async fn the_audit_log_tells_who_bought_what(world: World) {
    settle_as(&world, "PREPAID", "NET").await;
    purchase(&world, "p1", "100", "2026-01-02", None).await;
    purchase(&world, "p1", "100", "2026-01-02", None).await;
    purchase(&world, "p2", "0", "2026-01-02", None).await;
    let told = "SELECT count(*) FROM audit_event WHERE action = 'credits.purchase' AND subject = 'ana' AND object = 'credit lot 1'";
    assert_eq!(world.database.number(told).await, 1);
    for table in ["credit_lot"] {
        let refusal = world.database.execute(&format!("UPDATE {table} SET amount = amount + 1")).await.unwrap_err();
        assert!(refusal.contains("never changed"), "{refusal}");
    }
}

/// Books of an earlier program: the accounts that the chart gained since are added, and what was saved stays.
async fn books_that_lack_default_accounts_get_them_and_keep_their_own(world: World) {
    world
        .database
        .execute(
            "DELETE FROM account WHERE code IN ('2150', '5095', '6950', '1950'); UPDATE account SET name = 'Our cash' WHERE code = '1010';",
        )
        .await
        .unwrap();
    let app = tallybook::app::App::create(&world.database.url(), world.clock.clone(), "main").await.unwrap();
    let accounts = "SELECT count(*) FROM account WHERE code IN ('2150', '5095', '6950', '1950')";
    assert_eq!(world.database.number(accounts).await, 4);
    assert_eq!(world.database.number("SELECT count(*) FROM account WHERE name = 'Our cash'").await, 1);
    assert_eq!(world.database.number("SELECT count(DISTINCT id) - count(*) FROM account").await, 0);
    drop(app);
}
