//! Histories drawn by chance, with corrections, late charges and closed months: rows by what only charges know add up to the balances, in every measure,
//! range, interval and filter.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use super::{MEASURES, billionths};
use crate::harness::{Charge, World, charge};

on_both_engines!(rows_by_charge_add_up_to_the_balances);

const HISTORIES: u64 = 4;
const STEPS: usize = 24;
const BY_CHARGE: [&str; 7] = ["API_KEY", "END_USER", "TAG", "SOURCE", "REGION", "PROCESSING", "SERVICE_TIER"];

/// SplitMix64: the same seed tells the same history.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

const DAYS: [&str; 8] = ["2025-12-05", "2025-12-31", "2026-01-01", "2026-01-15", "2026-01-31", "2026-02-01", "2026-02-14", "2026-02-28"];

fn drawn(draw: &mut Draw, id: usize) -> Charge {
    let mut drawn = charge(&format!("c{id}")).on(&format!("{}T{:02}:30:00Z", draw.pick(&DAYS), draw.below(24)));
    drawn = match draw.below(4) {
        0 => drawn.model("acme", "later").tokens(1_000 * (1 + i64::try_from(draw.below(9)).unwrap()), 0),
        1 => drawn.with("reportedCost", json!({ "amount": format!("{}.5", draw.below(7)), "currency": "EUR" })),
        _ => drawn.tokens(4_000 * (1 + i64::try_from(draw.below(9)).unwrap()), 100),
    };
    for (field, values) in [
        ("team", vec!["lab", "shop", "nobody"]),
        ("client", vec!["gearpeak"]),
        ("feature", vec!["answers"]),
        ("apiKey", vec!["ci", "web"]),
        ("endUser", vec!["u1", "u2"]),
        ("source", vec!["edge"]),
        ("region", vec!["eu", "us"]),
        ("processing", vec!["BATCH"]),
        ("serviceTier", vec!["scale"]),
    ] {
        let value = draw.below(values.len() + 1);
        if let Some(value) = values.get(value) {
            drawn = drawn.with(field, *value);
        }
    }
    if draw.below(2) == 0 { drawn.with("tags", json!([{ "key": "cost-code", "value": format!("r-{}", draw.below(3)) }])) } else { drawn }
}

/// One thing that happens. What the books refuse did not happen.
async fn step(world: &mut World, draw: &mut Draw, step: usize) {
    let all = json!({ "from": "2025-12-01T00:00:00Z", "to": "2026-03-01T00:00:00Z" });
    match draw.below(12) {
        0 => {
            let dollars = (1 + draw.below(9)).to_string();
            let price = json!({ "provider": "acme", "model": "later", "meter": "input_tokens", "per": "1000", "amount": dollars,
                "currency": if draw.below(3) == 0 { "EUR" } else { "USD" }, "effectiveFrom": format!("2025-12-01T{:02}:{:02}:00Z", step / 100, step % 100) });
            world.refusals("savePrices", "SavePricesInput", json!({ "prices": [price] })).await;
            world.refusals("rerateCharges", "RerateChargesInput", all).await;
        }
        1 => {
            let condition = json!({ "on": "API_KEY", "pattern": "web" });
            let rule = json!({ "code": "web", "order": 1, "conditions": [condition], "team": draw.pick(&["lab", "shop"]) });
            world.save("saveAttributionRules", "SaveAttributionRulesInput", json!({ "attributionRules": [rule] })).await;
            world.refusals("reattributeCharges", "ReattributeChargesInput", json!({ "from": "2025-12-01", "to": "2026-03-01" })).await;
        }
        2 | 3 => {
            let number = 1 + draw.below(30);
            let input =
                json!({ "idempotencyKey": format!("r{step}"), "number": number, "effectiveOn": draw.pick(&DAYS), "reason": "chance" });
            world.refusals("reverseJournalEntry", "ReverseJournalEntryInput", input).await;
        }
        4 => {
            let period = *draw.pick(&["2025-12", "2026-01"]);
            let input = json!({ "period": period, "acceptOpenItems": "chance" });
            world.refusals("closePeriod", "ClosePeriodInput", input).await;
        }
        5 => {
            let run = json!({ "idempotencyKey": format!("a{step}"), "period": draw.pick(&["2026-01", "2026-02"]), "mode": "RERUN" });
            world.refusals("runAllocation", "RunAllocationInput", run).await;
        }
        6 => {
            let entry = json!({ "source": "hr", "externalId": format!("{step}"), "workedOn": draw.pick(&DAYS), "person": "mia",
                "role": "engineer", "hours": "1.5", "team": "lab", "client": "gearpeak" });
            world.refusals("recordTimeEntries", "RecordTimeEntriesInput", json!({ "entries": [entry] })).await;
        }
        _ => {
            let charges: Vec<Charge> = (0..4).map(|position| drawn(draw, 10 * step + position)).collect();
            world.record(&charges).await;
        }
    }
}

async fn masters(world: &World) {
    world.save_centers("lab", "assistant", "gearpeak").await;
    let center = json!([{ "kind": "TEAM", "code": "shop", "name": "Shop" }]);
    world.save("saveCostCenters", "SaveCostCentersInput", json!({ "costCenters": center })).await;
    let rates = json!({ "rates": [{ "role": "engineer", "costPerHour": "80", "currency": "USD", "effectiveFrom": "2025-12-01" }] });
    world.save("saveLaborRates", "SaveLaborRatesInput", rates).await;
    for (code, posting, pool) in [("keep", Some("KEEP_ACCOUNT"), "lab"), ("move", None, "shop")] {
        let terms = json!({ "code": code, "validFrom": "2025-12-01", "method": "FIXED_PERCENT", "residual": "SENDER", "pool": { "team": pool },
            "posting": posting, "receivers": [{ "kind": "CLIENT", "costCenter": "gearpeak", "weight": "30" }] });
        world.save("saveAllocationRule", "SaveAllocationRuleInput", terms).await;
    }
}

/// Figures by period, currency and the first keys of rows.
type Sums = BTreeMap<(String, String, Vec<String>), [i128; 5]>;

async fn sums(world: &World, arguments: &str, keys: usize) -> (Value, Sums) {
    let query = format!(
        "{{ spend({arguments}) {{ totals {{ amount currency }} unattributedTotals {{ amount currency }} unpricedCharges
            rows {{ period keys {{ code }} cost {{ amount currency }} charges inputTokens outputTokens cacheReadTokens }} }} }}"
    );
    let mut data = world.graphql(&query, json!({})).await;
    let mut sums = Sums::new();
    for row in data["spend"]["rows"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let key = row["keys"].as_array().unwrap().iter().take(keys).map(|key| text(&key["code"])).collect();
        let own = sums.entry((text(&row["period"]), text(&row["cost"]["currency"]), key)).or_default();
        let figures = [&row["cost"]["amount"], &row["charges"], &row["inputTokens"], &row["outputTokens"], &row["cacheReadTokens"]];
        for (sum, figure) in own.iter_mut().zip(figures) {
            *sum += billionths(figure);
        }
    }
    sums.retain(|_, figures| *figures != [0; 5]);
    let spend = &mut data["spend"];
    // A zero of a currency says nothing.
    let told = |totals: &Value| {
        let mut told: Vec<String> =
            totals.as_array().unwrap().iter().filter(|total| total["amount"] != "0").map(ToString::to_string).collect();
        told.sort();
        told
    };
    (json!([told(&spend["totals"]), told(&spend["unattributedTotals"]), spend["unpricedCharges"]]), sums)
}

async fn rows_by_charge_add_up_to_the_balances(mut world: World) {
    world.set_clock("2026-02-28T23:00:00Z");
    world.admin = world.token("main", Role::Admin, None);
    masters(&world).await;
    let (mut compared, mut rows) = (0, 0);
    for history in 0..HISTORIES {
        let mut draw = Draw(history);
        for position in 0..STEPS {
            step(&mut world, &mut draw, 100 * usize::try_from(history).unwrap() + position).await;
        }
        for _ in 0..10 {
            let (from, to) = {
                let (from, to) = (draw.below(DAYS.len()), draw.below(DAYS.len()));
                (DAYS[from.min(to)], if from == to { "2026-03-01" } else { DAYS[from.max(to)] })
            };
            let interval = draw.pick(&["", ", interval: DAY", ", interval: WEEK", ", interval: MONTH"]);
            let filter = draw.pick(&["", ", filter: { teams: [\"lab\"] }", ", filter: { clients: [null], models: [\"gpt-4o\"] }"]);
            let measure = draw.pick(&MEASURES);
            let shared = draw.pick(&["", "TEAM", "MODEL", "ACCOUNT, CLIENT"]);
            let rest = format!("from: \"{from}\", to: \"{to}\"{interval}{filter}, measure: {measure}, tagKey: \"cost-code\"");
            let keys = shared.split_terminator(", ").count();
            let by_balance = sums(&world, &format!("{rest}, groupBy: [{shared}]"), keys).await;
            rows += by_balance.1.len();
            for by in BY_CHARGE {
                compared += 1;
                let separator = if shared.is_empty() { "" } else { ", " };
                let by_charge = sums(&world, &format!("{rest}, groupBy: [{shared}{separator}{by}]"), keys).await;
                assert_eq!(by_charge, by_balance, "history {history}: {rest} by {shared}, {by}");
            }
        }
    }
    assert!(rows > HISTORIES as usize * 10, "{rows} rows in {compared} comparisons");
    for (kind, what) in [(1, "charges"), (2, "reversals"), (3, "new prices"), (4, "moves"), (12, "runs"), (14, "hours")] {
        let happened = world.database.number(&format!("SELECT COUNT(*) FROM journal_entry WHERE kind = {kind}")).await;
        assert!(happened > 0, "no {what}");
    }
    assert!(world.database.number("SELECT COUNT(*) FROM late_booking").await > 0, "nothing came late");
    world.assert_verified().await;
}
