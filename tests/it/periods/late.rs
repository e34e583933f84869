//! What arrives for a closed period is booked in the first open one, with the day that it belongs to.

use serde_json::{Value, json};

use super::{books_of_two_months, closed, february, january, owned, reopened, reverse_as, spend, trial_balance};
use crate::harness::{World, charge};

on_both_engines!(
    a_late_charge_is_booked_on_the_first_open_day_and_names_its_own,
    a_late_charge_without_a_price_waits_and_is_booked_when_the_price_arrives,
    corrections_of_a_closed_period_are_booked_in_the_open_one,
    a_late_charge_is_corrected_where_it_was_booked,
    a_correction_that_was_undone_leaves_no_trace_on_where_its_charge_is_corrected,
    a_charge_whose_late_correction_was_undone_is_reversed_in_its_own_month,
    random_work_over_closing_and_reopening_stays_verified,
);

const ENTRY: &str = "query E($number: BigInt!) { journalEntry(number: $number) { effectiveOn serviceOn isPriorPeriod kind } }";

async fn entry(world: &World, number: i64) -> String {
    let data = world.graphql(ENTRY, json!({ "number": number.to_string() })).await;
    let text = |name: &str| data["journalEntry"][name].as_str().unwrap_or("-").to_owned();
    let mark = if data["journalEntry"]["isPriorPeriod"] == true { " prior-period" } else { "" };
    format!("{} {} {}{mark}", text("kind"), text("effectiveOn"), text("serviceOn"))
}

async fn closed_january(world: &World) {
    books_of_two_months(world).await;
    closed(world, "2025-12", "CLOSED").await;
    closed(world, "2026-01", "CLOSED").await;
}

async fn rerate(world: &World) -> Value {
    let query = "mutation { rerateCharges(input: { from: \"2025-12-01T00:00:00Z\", to: \"2026-03-01T00:00:00Z\" }) { adjusted posted delta { amount } userErrors { code } } }";
    world.graphql(query, json!({})).await["rerateCharges"].take()
}

async fn reattribute(world: &World) -> Value {
    let query =
        "mutation { reattributeCharges(input: { from: \"2025-12-01\", to: \"2026-03-01\" }) { moved entries userErrors { code } } }";
    world.graphql(query, json!({})).await["reattributeCharges"].take()
}

async fn a_late_charge_is_booked_on_the_first_open_day_and_names_its_own(world: World) {
    closed_january(&world).await;
    world.book(&[owned("late", "2026-01-20T12:00:00Z"), owned("now", "2026-02-02T12:00:00Z")]).await;
    let input = json!({ "charges": [owned("late-2", "2025-12-24T12:00:00Z").0] });
    let query = "mutation R($input: RecordChargesInput!) { recordCharges(input: $input) { results { status charge { journalEntry { number } } } } }";
    let results = world.graphql(query, json!({ "input": input })).await["recordCharges"]["results"].take();
    assert_eq!(results, json!([{ "status": "RECORDED", "charge": { "journalEntry": { "number": "6" } } }]));
    assert_eq!(entry(&world, 4).await, "CHARGE 2026-02-01 2026-01-20 prior-period");
    assert_eq!(entry(&world, 5).await, "CHARGE 2026-02-02 -");
    assert_eq!(entry(&world, 6).await, "CHARGE 2026-02-01 2025-12-24 prior-period");
    // 1,200 x 2.50 + 350 x 10.00 for a million = 0.0065; two in January, three in February, of which two are late.
    assert_eq!((january(&world).await, february(&world).await), ("0.013 2 2400".to_owned(), "0.0195 3 3600".to_owned()));
    assert_eq!(spend(&world, "2026-02-01", "2026-02-02").await, "0.013 2 2400");
    assert_eq!(trial_balance(&world, "2026-01-31").await, ["2100 0 0.0195", "6000 0.0195 0"]);
    assert_eq!(trial_balance(&world, "2026-02-28").await, ["2100 0 0.039", "6000 0.039 0"]);
    // The charge says when it happened, and is found there.
    let query = "{ charges(filter: { period: \"2026-01\" }) { nodes { externalId } } }";
    let found = world.graphql(query, json!({})).await;
    assert_eq!(found["charges"]["nodes"].as_array().unwrap().len(), 3);
    // Sent again, it is the same charge.
    assert_eq!(world.record_one(owned("late", "2026-01-20T12:00:00Z")).await["status"], "REPLAYED");
    world.assert_verified().await;
}

async fn a_late_charge_without_a_price_waits_and_is_booked_when_the_price_arrives(world: World) {
    closed_january(&world).await;
    let unpriced = owned("late", "2026-01-20T12:00:00Z").model("acme-ai", "house-model");
    assert_eq!(world.record_one(unpriced).await["status"], "UNPRICED");
    world.assert_verified().await;
    world.save_price("acme-ai", "house-model", "input_tokens", "1.00").await;
    world.save_price("acme-ai", "house-model", "output_tokens", "2.00").await;
    assert_eq!(rerate(&world).await["posted"], 1);
    assert_eq!(entry(&world, 4).await, "CHARGE 2026-02-01 2026-01-20 prior-period");
    // 1,200 x 1.00 + 350 x 2.00 for a million
    assert_eq!((january(&world).await, february(&world).await), ("0.013 2 2400".to_owned(), "0.0019 1 1200".to_owned()));
    world.assert_verified().await;
}

async fn corrections_of_a_closed_period_are_booked_in_the_open_one(world: World) {
    closed_january(&world).await;
    world.save_price("openai", "gpt-4o", "output_tokens", "20.00").await;
    let report = rerate(&world).await;
    // 350 x 10.00 for a million more, for the two charges of January; the price is not December's.
    assert_eq!((&report["adjusted"], &report["delta"]["amount"]), (&json!(2), &json!("0.007")));
    assert_eq!(entry(&world, 4).await, "RERATING 2026-02-01 2026-01-05 prior-period");
    assert_eq!((january(&world).await, february(&world).await), ("0.013 2 2400".to_owned(), "0.007 0 0".to_owned()));
    // The team's validity ends: everything of January moves to unattributed, in February.
    let center = json!([{ "kind": "TEAM", "code": "search", "name": "Search", "validTo": "2026-01-01" }]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": center })).await;
    assert_eq!(reattribute(&world).await["entries"], 2);
    assert_eq!(entry(&world, 6).await, "RECLASSIFICATION 2026-02-01 2026-01-05 prior-period");
    let by_team = "{ spend(from: \"2026-02-01\", to: \"2026-03-01\", groupBy: [TEAM]) { rows { keys { code } cost { amount } charges } } }";
    let rows = world.graphql(by_team, json!({})).await["spend"]["rows"].take();
    // Search gives back 0.013 that January bears and 0.007 of February: -0.020 + 0.007; its owner of now has the whole 0.020.
    assert_eq!(
        rows,
        json!([
            { "keys": [{ "code": "search" }], "cost": { "amount": "-0.013" }, "charges": "-2" },
            { "keys": [{ "code": "unattributed" }], "cost": { "amount": "0.02" }, "charges": "2" },
        ])
    );
    assert_eq!((january(&world).await, february(&world).await), ("0.013 2 2400".to_owned(), "0.007 0 0".to_owned()));
    world.assert_verified().await;
}

async fn a_late_charge_is_corrected_where_it_was_booked(world: World) {
    closed_january(&world).await;
    world.book(&[owned("late", "2026-01-20T12:00:00Z")]).await;
    reopened(&world, "2026-01").await;
    world.save_price("openai", "gpt-4o", "output_tokens", "20.00").await;
    rerate(&world).await;
    assert_eq!(entry(&world, 5).await, "RERATING 2026-01-05 -");
    assert_eq!(entry(&world, 6).await, "RERATING 2026-02-01 2026-01-20 prior-period");
    assert_eq!((january(&world).await, february(&world).await), ("0.02 2 2400".to_owned(), "0.01 1 1200".to_owned()));
    assert_eq!(reverse_as(&world, &world.admin, 6, "2026-02-02").await["userErrors"], json!([]));
    assert_eq!((january(&world).await, february(&world).await), ("0.02 2 2400".to_owned(), "0.0065 1 1200".to_owned()));
    world.assert_verified().await;
}

async fn a_correction_that_was_undone_leaves_no_trace_on_where_its_charge_is_corrected(world: World) {
    books_of_two_months(&world).await;
    world.save_price("openai", "gpt-4o", "output_tokens", "20.00").await;
    assert_eq!(rerate(&world).await["adjusted"], 2);
    assert_eq!(entry(&world, 4).await, "RERATING 2026-01-05 -");
    for month in ["2025-12", "2026-01"] {
        closed(&world, month, "CLOSED").await;
    }
    // The price was wrong, which is undone on days that a person chose.
    assert_eq!(reverse_as(&world, &world.admin, 4, "2026-02-02").await["userErrors"], json!([]));
    assert_eq!(reverse_as(&world, &world.admin, 5, "2026-02-27").await["userErrors"], json!([]));
    world.save_price("openai", "gpt-4o", "output_tokens", "16.00").await;
    rerate(&world).await;
    // What is corrected is the booking of January: on the first open day, not on the days of the undoing.
    assert_eq!(entry(&world, 8).await, "RERATING 2026-02-01 2026-01-05 prior-period");
    assert_eq!(entry(&world, 9).await, "RERATING 2026-02-01 2026-01-31 prior-period");
    // Twice 350 tokens for a million: 10.00 too much in January, taken back in February with 6.00 put in their place.
    assert_eq!((january(&world).await, february(&world).await), ("0.02 2 2400".to_owned(), "-0.0028 0 0".to_owned()));
    world.assert_verified().await;
}

async fn a_charge_whose_late_correction_was_undone_is_reversed_in_its_own_month(world: World) {
    closed_january(&world).await;
    world.save_price("openai", "gpt-4o", "output_tokens", "20.00").await;
    rerate(&world).await;
    assert_eq!(reverse_as(&world, &world.admin, 4, "2026-02-02").await["userErrors"], json!([]));
    assert_eq!(reverse_as(&world, &world.admin, 5, "2026-02-02").await["userErrors"], json!([]));
    reopened(&world, "2026-01").await;
    // The first charge is taken back in January, with its call and its tokens; the second costs less: 350 x 4.00 for a million.
    assert_eq!(reverse_as(&world, &world.admin, 2, "2026-01-28").await["userErrors"], json!([]));
    world.save_price("openai", "gpt-4o", "output_tokens", "6.00").await;
    assert_eq!(rerate(&world).await["adjusted"], 1);
    assert_eq!(entry(&world, 9).await, "RERATING 2026-01-31 -");
    assert_eq!(january(&world).await, "0.0051 1 1200");
    // Nothing of January is left in February.
    assert_eq!(february(&world).await, "0 0 0");
    world.assert_verified().await;
}

/// Charges of any month and price, corrections, closing and reopening, in any order: the balances are always those of the postings.
async fn random_work_over_closing_and_reopening_stays_verified(world: World) {
    world.set_clock("2026-02-14T12:00:00Z");
    world.save_centers("search", "assistant", "gearpeak").await;
    let mut state = 20_261_124_u64;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let months = ["2025-11", "2025-12", "2026-01"];
    for step in 0..120 {
        let month = months[usize::try_from(random(3)).unwrap()];
        match random(12) {
            0..=4 => {
                let mut charge = charge(&format!("c{step}")).on(&format!("{month}-{:02}T12:00:00Z", random(28) + 1));
                if random(3) == 0 {
                    charge = charge.model("acme-ai", "house-model");
                }
                world.record_one(if random(2) == 0 { charge.team("search") } else { charge }).await;
            }
            5 => {
                let (provider, model) = [("openai", "gpt-4o"), ("acme-ai", "house-model")][usize::try_from(random(2)).unwrap()];
                for meter in ["input_tokens", "output_tokens"] {
                    world.save_price(provider, model, meter, &format!("{}.00", random(9))).await;
                }
            }
            6 | 7 => drop(rerate(&world).await),
            8 => {
                let valid_to = ["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"][usize::try_from(random(4)).unwrap()];
                let center = json!([{ "kind": "TEAM", "code": "search", "name": "Search", "validTo": valid_to }]);
                world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": center })).await;
                reattribute(&world).await;
            }
            9 => {
                let last = world.database.number("SELECT last_entry FROM books_head").await.max(1);
                let number = i64::try_from(random(u64::try_from(last).unwrap())).unwrap() + 1;
                reverse_as(&world, &world.admin, number, "2026-02-05").await;
            }
            10 => drop(super::close(&world, month, ["SOFT_CLOSED", "CLOSED"][usize::try_from(random(2)).unwrap()]).await),
            _ => {
                super::reopening(&world, "cleo", "requestReopening", month).await;
                super::reopening(&world, "otto", "approveReopening", month).await;
            }
        }
        if step % 20 == 19 {
            world.assert_verified().await;
        }
    }
    let late = world.database.number("SELECT count(*) FROM late_booking").await;
    assert!(late > 5, "only {late} late bookings");
}
