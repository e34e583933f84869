//! The chain of a charge's entries, whatever was done to it: what they add up to on cost accounts is what the charge costs.

use serde_json::{Value, json};

use crate::harness::{World, charge};

on_both_engines!(the_chain_of_every_charge_adds_up_to_its_net_cost);

/// SplitMix64: the same steps on every engine.
struct Steps(u64);

impl Steps {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

const CHARGES: u64 = 6;

async fn rerate(world: &World, dollars: u64) {
    world.save_price("openai", "gpt-4o", "output_tokens", &format!("{dollars}.00")).await;
    let range = json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z" });
    world.save("rerateCharges", "RerateChargesInput", range).await;
}

async fn reattribute(world: &World, team: &str) {
    let rule = json!({ "code": "all", "order": 1, "conditions": [], "team": team, "isActive": true });
    world.save("saveAttributionRules", "SaveAttributionRulesInput", json!({ "attributionRules": [rule] })).await;
    world.save("reattributeCharges", "ReattributeChargesInput", json!({ "from": "2026-01-01", "to": "2026-02-01" })).await;
}

/// Reverses the entry of this number if it can be; a refusal is as good an answer.
async fn reverse(world: &World, step: u64, number: u64) {
    let input = json!({ "idempotencyKey": format!("r{step}"), "number": number, "effectiveOn": "2026-01-14", "reason": "tried" });
    world.refusals("reverseJournalEntry", "ReverseJournalEntryInput", input).await;
}

/// A decimal of dollars in ledger units.
fn units(amount: &str) -> i64 {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let scaled: i64 = format!("{whole}{fraction:0<9}").parse().unwrap();
    scaled
}

/// What an entry adds to cost accounts.
fn cost_of(entry: &Value) -> i64 {
    let lines = entry["postings"].as_array().unwrap().iter();
    let cost = lines.filter(|line| ["COST_OF_REVENUE", "OPERATING_EXPENSE"].contains(&line["account"]["class"].as_str().unwrap()));
    cost.map(|line| units(line["amount"]["amount"].as_str().unwrap()) * if line["side"] == "DEBIT" { 1 } else { -1 }).sum()
}

async fn check_chains(world: &World, trail: &[String]) {
    const ENTRY: &str = "number kind effectiveOn memo corrects { number } postings { side amount { amount } account { class } }";
    let query = format!(
        "{{ charges {{ nodes {{ externalId netCost {{ amount }} journalEntry {{ {ENTRY} }} corrections {{ kind journalEntry {{ {ENTRY} }} }} }} }} }}"
    );
    let data = world.graphql(&query, json!({})).await;
    let nodes = data["charges"]["nodes"].as_array().unwrap();
    assert_eq!(u64::try_from(nodes.len()).unwrap(), CHARGES);
    for charge in nodes {
        let mut chain = vec![&charge["journalEntry"]];
        chain.extend(charge["corrections"].as_array().unwrap().iter().map(|one| {
            assert_eq!(one["kind"], one["journalEntry"]["kind"], "{trail:?}");
            assert!(one["journalEntry"]["corrects"].is_object(), "a correction names what it corrects: {charge:#}");
            &one["journalEntry"]
        }));
        let numbers: Vec<i64> = chain.iter().map(|entry| entry["number"].as_str().unwrap().parse().unwrap()).collect();
        assert!(numbers.is_sorted_by(|left, right| left < right), "{numbers:?} after {trail:?}");
        let net: i64 = chain.iter().map(|entry| cost_of(entry)).sum();
        assert_eq!(net, units(charge["netCost"]["amount"].as_str().unwrap()), "{} after {trail:?}: {charge:#}", charge["externalId"]);
    }
    let entries: usize = nodes.iter().map(|charge| 1 + charge["corrections"].as_array().unwrap().len()).sum();
    let posted = world.database.number("SELECT count(*) FROM journal_entry").await;
    assert_eq!(i64::try_from(entries).unwrap(), posted, "every entry stands in the chain of one charge, after {trail:?}");
}

async fn the_chain_of_every_charge_adds_up_to_its_net_cost(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.save_centers("sales", "other", "another").await;
    let charges: Vec<_> = (0..CHARGES).map(|number| charge(&format!("c{number}"))).collect();
    world.book(&charges).await;
    let mut steps = Steps(20_261_124);
    let mut trail = Vec::new();
    for step in 0..40 {
        match steps.below(5) {
            0 => {
                let dollars = 5 + steps.below(20);
                trail.push(format!("rerate {dollars}"));
                rerate(&world, dollars).await;
            }
            1 => {
                let team = ["search", "sales", "unattributed"][usize::try_from(steps.below(3)).unwrap()];
                trail.push(format!("reattribute {team}"));
                reattribute(&world, team).await;
            }
            _ => {
                // Mostly late entries: earlier ones are often corrected since, and then refused.
                let last = u64::try_from(world.database.number("SELECT last_entry FROM books_head").await).unwrap();
                let reach = if steps.below(4) == 0 { last } else { last.min(10) };
                let number = last - steps.below(reach);
                trail.push(format!("reverse {number}"));
                reverse(&world, step, number).await;
            }
        }
        check_chains(&world, &trail).await;
    }
    assert!(world.database.number("SELECT count(*) FROM journal_entry WHERE kind = 2").await > 3, "{trail:?}");
    world.assert_verified().await;
}
