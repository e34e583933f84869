//! From masters to figures: what a charge does to the accounts, and what finance reads back.

use serde_json::json;

use crate::harness::{World, charge};

on_both_engines!(
    work_for_a_client_is_cost_of_revenue_and_the_rest_operating_expense,
    work_in_a_development_environment_is_operating_expense_even_for_a_client,
    a_prepaid_provider_draws_down_the_credits,
    a_posting_rule_says_which_account_bears_the_cost,
    a_model_that_costs_nothing_is_recorded_without_an_entry,
    spend_adds_up_by_every_dimension_and_interval,
    trial_balance_stands_still_for_later_days,
    charges_are_paged_without_gaps_or_repeats,
);

async fn work_for_a_client_is_cost_of_revenue_and_the_rest_operating_expense(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.book(&[charge("for-client").client("gearpeak"), charge("inside").team("search").tokens(1_000, 0)]).await;
    assert_eq!(world.trial_balance().await, ["2100 0 0.009", "5000 0.0065 0", "6000 0.0025 0"]);
    world.assert_verified().await;
}

async fn work_in_a_development_environment_is_operating_expense_even_for_a_client(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.book(&[charge("dev").client("gearpeak").with("environment", "development")]).await;
    assert_eq!(world.trial_balance().await, ["2100 0 0.0065", "6000 0.0065 0"]);
}

async fn a_prepaid_provider_draws_down_the_credits(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.save("saveProviders", "SaveProvidersInput", json!({ "providers": [{ "provider": "openai", "settlement": "PREPAID" }] })).await;
    // 3.00 in and 15.00 out a million: 0.0036 + 0.00525
    world.book(&[charge("prepaid").team("search"), charge("accrued").team("search").model("anthropic", "claude-3-5-sonnet")]).await;
    assert_eq!(world.trial_balance().await, ["1300 0 0.0065", "2100 0 0.00885", "6000 0.01535 0"]);
    world.assert_verified().await;
}

async fn a_posting_rule_says_which_account_bears_the_cost(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let account = json!({ "code": "6100", "name": "Research", "class": "OPERATING_EXPENSE", "parent": "6000" });
    world.save("saveAccounts", "SaveAccountsInput", json!({ "accounts": [account] })).await;
    let rule = json!({ "code": "research", "order": 1, "team": "sea*", "account": "6100" });
    world.save("savePostingRules", "SavePostingRulesInput", json!({ "postingRules": [rule] })).await;
    world.book(&[charge("ruled").team("search").client("gearpeak")]).await;
    assert_eq!(world.trial_balance().await, ["2100 0 0.0065", "6100 0.0065 0"]);
    let deleted =
        world.graphql("mutation { deletePostingRules(input: { codes: [\"research\"] }) { deleted userErrors { code } } }", json!({})).await;
    assert_eq!(deleted["deletePostingRules"]["deleted"], json!(["research"]));
    world.book(&[charge("unruled").team("search").client("gearpeak")]).await;
    assert_eq!(world.account("5000").await, Some(("0.0065".into(), "0".into())));
}

async fn a_model_that_costs_nothing_is_recorded_without_an_entry(world: World) {
    for meter in ["input_tokens", "output_tokens"] {
        world.save_price("own", "llama-on-our-metal", meter, "0").await;
    }
    let receipt = world.record_one(charge("free").model("own", "llama-on-our-metal")).await;
    assert_eq!((&receipt["status"], &receipt["entry"], &receipt["cost"]["amount"]), (&json!("RECORDED"), &json!(null), &json!("0")));
    let stored = world.charge("free").await;
    assert_eq!((&stored["status"], &stored["journalEntry"], &stored["cost"]["amount"]), (&json!("RECORDED"), &json!(null), &json!("0")));
    assert_eq!(world.trial_balance().await, Vec::<String>::new());
    world.assert_verified().await;
}

async fn spend_adds_up_by_every_dimension_and_interval(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.set_clock("2026-02-10T12:00:00Z");
    let own =
        |id: &str| charge(id).team("search").project("assistant").client("gearpeak").feature("answers").with("environment", "production");
    world
        .book(&[
            own("a").on("2026-01-31T23:59:59Z"),
            own("b").on("2026-02-01T00:00:00Z").tokens(2_000, 0),
            own("c")
                .on("2026-02-02T08:00:00Z")
                .model("anthropic", "claude-3-5-haiku")
                .usage(json!({ "inputTokens": 0, "outputTokens": 1000, "cacheReadTokens": 50000 })),
        ])
        .await;
    // a: 0.0065; b: 2,000 x 2.50 = 0.005; c: 1,000 x 4.00 + 50,000 x 0.08 = 0.004 + 0.004
    let total = "0.0195";
    for dimension in ["PROVIDER", "MODEL", "TEAM", "PROJECT", "CLIENT", "FEATURE", "ENVIRONMENT", "ACCOUNT"] {
        for interval in ["DAY", "WEEK", "MONTH", "QUARTER"] {
            let query = format!(
                "query {{ spend(from: \"2026-01-01\", to: \"2026-03-01\", groupBy: [{dimension}], interval: {interval}) {{
                    total {{ amount }} rows {{ period keys {{ code }} cost {{ amount }} charges inputTokens cacheReadTokens }} }} }}"
            );
            let spend = world.graphql(&query, json!({})).await["spend"].take();
            assert_eq!(spend["total"]["amount"], total, "{dimension} {interval}");
            let rows = spend["rows"].as_array().unwrap();
            let charges: i64 = rows.iter().map(|row| row["charges"].as_str().unwrap().parse::<i64>().unwrap()).sum();
            let inputs: i64 = rows.iter().map(|row| row["inputTokens"].as_str().unwrap().parse::<i64>().unwrap()).sum();
            assert_eq!((charges, inputs), (3, 53_200), "{dimension} {interval}");
        }
    }
    let query = "query { spend(from: \"2026-02-01\", to: \"2026-02-02\", groupBy: []) { total { amount } rows { cost { amount } } } }";
    assert_eq!(world.graphql(query, json!({})).await["spend"]["total"]["amount"], "0.005");
    world.assert_verified().await;
}

async fn trial_balance_stands_still_for_later_days(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world
        .book(&[charge("early").team("search").on("2026-01-05T00:00:00Z"), charge("late").team("search").on("2026-01-06T00:00:00Z")])
        .await;
    let debit_on = async |day: &str| {
        let query = format!("query {{ trialBalance(asOf: \"{day}\") {{ totals {{ debit credit }} }} }}");
        world.graphql(&query, json!({})).await["trialBalance"]["totals"][0]["debit"].as_str().map(str::to_owned)
    };
    assert_eq!(debit_on("2026-01-04").await, None);
    assert_eq!(debit_on("2026-01-05").await.as_deref(), Some("0.0065"));
    assert_eq!(debit_on("2026-01-06").await.as_deref(), Some("0.013"));
    assert_eq!(debit_on("2026-12-31").await.as_deref(), Some("0.013"));
}

async fn charges_are_paged_without_gaps_or_repeats(world: World) {
    let sent: Vec<_> = (1..=25).map(|number| charge(&format!("c{number:02}"))).collect();
    world.book(&sent).await;
    let query = "query P($after: String) { charges(first: 10, after: $after) { nodes { externalId } pageInfo { hasNextPage endCursor } } }";
    let (mut after, mut seen, mut pages) = (json!(null), Vec::new(), 0);
    loop {
        let page = world.graphql(query, json!({ "after": after })).await["charges"].take();
        seen.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["externalId"].as_str().unwrap().to_owned()));
        pages += 1;
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!((pages, seen.len()), (3, 25));
    assert!(seen.is_sorted());
    let newest = "query { charges(first: 1, newestFirst: true, filter: { period: \"2026-01\", models: [\"gpt-4o\"], status: RECORDED }) { nodes { externalId } } }";
    assert_eq!(world.graphql(newest, json!({})).await["charges"]["nodes"][0]["externalId"], "c25");
}
