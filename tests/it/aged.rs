//! Open items by age, with suspense and accruals of every age; the figures are worked by hand.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::{World, charge};

on_both_engines!(suspense_is_aged_to_the_day_and_settled_oldest_first, accruals_are_aged_to_the_day_and_settled_oldest_first);

/// Days with their age on 1 May 2026: both ends of every class.
const AGES: [(&str, i64); 7] = [
    ("2026-01-30", 91),
    ("2026-01-31", 90),
    ("2026-03-01", 61),
    ("2026-03-02", 60),
    ("2026-03-31", 31),
    ("2026-04-01", 30),
    ("2026-04-15", 16),
];

/// Noon of 1 May; the admin's token of January has expired by then.
fn in_may(world: &mut World) {
    world.set_clock("2026-05-01T12:00:00Z");
    world.admin = world.token("main", Role::Admin, None);
}

/// Money that came or went without a reason, put on suspense by one person and approved by another.
async fn suspense(world: &World, day: &str, amount: i64, side: &str) {
    let other = if side == "DEBIT" { "CREDIT" } else { "DEBIT" };
    let posting = |account: &str, side: &str| json!({ "account": account, "side": side, "amount": amount.to_string(), "currency": "USD" });
    let input = json!({ "idempotencyKey": format!("{day} {side}"), "effectiveOn": day, "memo": "unknown payment",
        "postings": [posting("1999", side), posting("1010", other)] });
    let query = "mutation P($input: PostJournalEntryInput!) { postJournalEntry(input: $input) { entry { id } userErrors { code } } }";
    let pia = world.token_of("pia", "main", Role::Preparer, None);
    let draft = world.graphql_as(&pia, query, json!({ "input": input })).await["postJournalEntry"].take();
    assert_eq!(draft["userErrors"], json!([]), "{draft}");
    let query =
        "mutation A($input: ApproveJournalDraftInput!) { approveJournalDraft(input: $input) { entry { status } userErrors { code } } }";
    let otto = world.token_of("otto", "main", Role::Approver, None);
    let posted = world.graphql_as(&otto, query, json!({ "input": { "id": draft["entry"]["id"] } })).await;
    assert_eq!(posted["approveJournalDraft"]["entry"]["status"], "POSTED", "{posted}");
}

/// Balance, 0 to 30 days, 31 to 60, 61 to 90, over 90, unapplied: the one row of a kind on 1 May; the control must be nil.
async fn aged(world: &World, kind: &str) -> [String; 6] {
    let query = "{ agedItems(asOf: \"2026-05-01\") { groups { kind
        rows { balance { amount } days0To30 days31To60 days61To90 daysOver90 unapplied } controls { difference } } } }";
    let report = world.graphql(query, json!({})).await["agedItems"].take();
    let group = report["groups"].as_array().unwrap().iter().find(|group| group["kind"] == kind).unwrap();
    assert_eq!((group["rows"].as_array().unwrap().len(), &group["controls"]), (1, &json!([{ "difference": "0" }])), "{report:#}");
    let row = &group["rows"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let classes = ["days0To30", "days31To60", "days61To90", "daysOver90", "unapplied"].map(|name| text(&row[name]));
    let [current, second, third, over, unapplied] = classes;
    [text(&row["balance"]["amount"]), current, second, third, over, unapplied]
}

async fn suspense_is_aged_to_the_day_and_settled_oldest_first(mut world: World) {
    in_may(&mut world);
    // 640 of 91 days, 320 of 90, 160 of 61, 80 of 60, 40 of 31, 20 of 30, 10 of 16: 1,270.
    let mut amount = 640;
    for (day, _) in AGES {
        suspense(&world, day, amount, "DEBIT").await;
        amount /= 2;
    }
    assert_eq!(aged(&world, "SUSPENSE").await, ["1270", "30", "120", "480", "640", "0"]);
    // 700 are explained: the 640 of 91 days and 60 of the 320 of 90 days.
    suspense(&world, "2026-04-20", 700, "CREDIT").await;
    assert_eq!(aged(&world, "SUSPENSE").await, ["570", "30", "120", "420", "0", "0"]);
    world.assert_verified().await;
}

async fn accruals_are_aged_to_the_day_and_settled_oldest_first(mut world: World) {
    in_may(&mut world);
    // 1 call of 91 days, 2 of 90, 3 of 61, 4 of 60, 5 of 31, 6 of 30, 7 of 16; each costs 0.0065.
    for (calls, (day, _)) in (1..).zip(AGES) {
        let calls: Vec<_> = (0..calls).map(|call| charge(&format!("{day} {call}")).on(&format!("{day}T10:00:00Z"))).collect();
        world.book(&calls).await;
    }
    assert_eq!(aged(&world, "ACCRUAL").await, ["0.182", "0.0845", "0.0585", "0.0325", "0.0065", "0"]);
    // A call of 16 days is reversed in April: what is debited settles the oldest call.
    let query = "mutation R($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) { userErrors { code } } }";
    let input = json!({ "idempotencyKey": "r", "number": 28, "effectiveOn": "2026-04-30", "reason": "counted twice" });
    assert_eq!(world.graphql(query, json!({ "input": input })).await["reverseJournalEntry"]["userErrors"], json!([]));
    assert_eq!(aged(&world, "ACCRUAL").await, ["0.1755", "0.0845", "0.0585", "0.0325", "0", "0"]);
    world.assert_verified().await;
}

#[test]
fn the_ages_are_those_of_the_calendar() {
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    for (text, age) in AGES {
        assert_eq!((day("2026-05-01") - day(text)).num_days(), age, "{text}");
    }
}
