//! The other half of the company's lines, from January to March 2026.
//!
//! Prices for a million tokens: gpt-4o 2.50 in and 10.00 out, gpt-4o-mini 0.15 and 0.60, claude-sonnet-4-5 3.00 and 15.00. An hour costs 100 of an
//! engineer, 110 from February on; 150 of a lead, and 160 of Ada herself from February on; 90 of a consultant.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use super::company::{ADA, CLAIMS, HELP, MIA, NORTH, company, earned, hours, produced, revenue, used, work};
use crate::allocation::{cost, done};
use crate::harness::{World, charge};

const AUDIT: [&str; 3] = ["audit", "initech", "review"];
const NOA: (&str, &str) = ("noa", "consultant");

/// An entry with other fields in place of, or beside, its own.
pub fn with(mut entry: Value, fields: &Value) -> Value {
    entry.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    entry
}

/// The other half of the lines, up to the rebill of January; the shared cost of February is not spread yet. The clock stands on 16 March.
///
/// | AI | | |
/// |---|---|---|
/// | a7 | 12 January, audit of initech | 0.2 x 3.00 + 0.04 x 15.00 = 1.20 |
/// | a8 | 2 February, audit of initech | 20 x 0.15 + 10 x 0.60 = 9.00 |
/// | a9 | 10 February, helpdesk of gearpeak | 2 x 2.50 + 0.5 x 10.00 = 10.00 |
/// | a10 | 12 February, platform | 45.00, as reported |
///
/// | Hours | | |
/// |---|---|---|
/// | t5 | Noa, 14 January, audit of initech | 6 x 90 = 540 |
/// | t6 | Ada, 3 February, claims of gearpeak | 2 x 160 = 320 |
/// | t7, t8 | Mia, 5 February, helpdesk of gearpeak | 3 x 110 - 1 x 110 = 220 |
/// | t9 | Noa, 6 February, audit of initech | 4 x 90 = 360 |
///
/// | Revenue | | January | February | March |
/// |---|---|---|---|---|
/// | r5 | 1,000 of gearpeak for the helpdesk | | 1,000 | |
/// | f1 | fixed fee of 590 for the audit, 16 January to 15 March: 16, 28 and 15 of 59 days | 160 | 280 | 150 |
/// | m1 | time and material: 10 hours of the audit at 150 | | 1,500 | |
/// | w1 | retainer of 900 of northwind, January to March: 31, 28 and 31 of 90 days | 310 | 280 | 310 waits |
/// | u1 | per unit: 90 tickets of gearpeak at 2.50 | 225 | | |
/// | s1 | share of 59 of gearpeak's subscription, 16 January to 15 March | 16 | 28 | 15 |
///
/// Outputs: 40 tickets of 10 February worth 200, 4 of them taken back (20); 12 documents of the audit.
///
/// Payroll of January for delivery: 8 hours, 760.00. Applied were 6 hours at 90, so the rate variance is 760 - 8 x 90 = 40 and the utilization
/// variance 8 x 90 - 540 = 180.
///
/// Rebilled for January at cost plus 25 %: gearpeak (33.50 + 30 of the platform) x 1.25 = 79.375, northwind (2 + 30) x 1.25 = 40, initech
/// 1.20 x 1.25 = 1.50.
pub async fn other_half(world: &mut World) {
    let center = |kind: &str, code: &str| json!({ "kind": kind, "code": code, "name": code });
    let centers = json!([center("TEAM", "delivery"), center("PROJECT", "audit")]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": centers })).await;
    let rates = json!([{ "role": "consultant", "costPerHour": "90", "currency": "USD", "effectiveFrom": "2026-01-01" },
        { "person": "ada", "costPerHour": "160", "currency": "USD", "effectiveFrom": "2026-02-01" }]);
    world.save("saveLaborRates", "SaveLaborRatesInput", json!({ "rates": rates })).await;
    let review = charge("a7").model("anthropic", "claude-sonnet-4-5").tokens(200_000, 40_000).on("2026-01-12T10:00:00Z");
    let charges = [
        review.team("delivery").project("audit").client("initech").feature("review"),
        used("a8", "gpt-4o-mini", (20_000_000, 10_000_000), AUDIT).on("2026-02-02T10:00:00Z"),
        used("a9", "gpt-4o", (2_000_000, 500_000), HELP).on("2026-02-10T10:00:00Z"),
        cost("a10", "platform", "45").on("2026-02-12T10:00:00Z"),
    ];
    world.book(&charges).await;
    let delivery = json!({ "team": "delivery" });
    let worked = json!([
        with(hours("t5", NOA, "2026-01-14", "6", AUDIT), &delivery),
        hours("t6", ADA, "2026-02-03", "2", CLAIMS),
        hours("t7", MIA, "2026-02-05", "3", HELP),
        hours("t8", MIA, "2026-02-05", "-1", HELP),
        with(hours("t9", NOA, "2026-02-06", "4", AUDIT), &delivery),
    ]);
    work(world, worked).await;
    let priced =
        |quantity: &str, price: &str, kind: &str| json!({ "amount": null, "quantity": quantity, "unitPrice": price, "kind": kind });
    let earnings = json!([
        earned("r5", "2026-02-05", "1000", HELP),
        with(earned("f1", "2026-01-16", "590", AUDIT), &json!({ "earnedThrough": "2026-03-15" })),
        with(earned("m1", "2026-02-06", "0", AUDIT), &priced("10", "150", "TIME_AND_MATERIAL")),
        with(earned("w1", "2026-01-01", "900", NORTH), &json!({ "earnedThrough": "2026-03-31", "kind": "RETAINER" })),
        with(earned("u1", "2026-01-31", "0", HELP), &priced("90", "2.50", "PER_UNIT")),
        with(earned("s1", "2026-01-16", "59", CLAIMS), &json!({ "earnedThrough": "2026-03-15", "kind": "SUBSCRIPTION_SHARE" })),
    ]);
    revenue(world, earnings).await;
    let documents = json!({ "source": "desk", "externalId": "o6", "producedOn": "2026-01-14", "unit": "document_processed", "quantity": "12",
        "project": "audit", "client": "initech", "feature": "review" });
    let outputs = json!([produced("o4", "2026-02-10", "40", "200"), produced("o5", "2026-02-10", "-4", "-20"), documents]);
    world.save("recordOutputs", "RecordOutputsInput", json!({ "outputs": outputs })).await;
    let payroll = json!({ "source": "hr", "externalId": "p1", "period": "2026-01", "team": "delivery", "hours": "8", "amount": "760", "currency": "USD" });
    world.save("recordPayroll", "RecordPayrollInput", json!({ "entries": [payroll] })).await;
    world.save("trueUpLabor", "TrueUpLaborInput", json!({ "period": "2026-01" })).await;
    let mut asked = crate::chargeback::input("CLIENT");
    asked["markupPercent"] = json!("25");
    assert_eq!(crate::chargeback::charged(world, asked).await.len(), 3);
    world.set_clock("2026-03-16T12:00:00Z");
    world.admin = world.token("main", Role::Admin, None);
    world.save("recognizeRevenue", "RecognizeRevenueInput", json!({ "through": "2026-03-16" })).await;
}

/// The shared cost of February, 45.00, falls evenly on gearpeak and northwind.
pub async fn spread_february(world: &World) {
    done(world, "RunAllocation", json!({ "input": { "idempotencyKey": "february", "period": "2026-02" } })).await;
}

pub async fn whole(world: &mut World) {
    company(world).await;
    other_half(world).await;
    spread_february(world).await;
}
