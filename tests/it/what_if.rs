//! What-if: the same usage under other assumptions, worked by hand; without a change it is what the books hold; nothing is written.

use std::io::Write;
use std::process::Command;

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use crate::harness::{Charge, World, charge};

on_both_engines!(
    each_kind_of_change_gives_the_figure_worked_by_hand,
    people_take_a_share_of_the_work_and_give_it_back,
    what_has_no_price_is_counted_and_named,
    without_a_change_it_is_what_the_books_hold,
    nothing_is_written,
    prices_are_told_to_those_who_may_read_them,
    what_is_no_scenario_is_refused_with_its_place,
    the_command_line_shows_scenarios_side_by_side,
);

const QUERY: &str = "query W($scenarios: [ScenarioInput!]!, $groupBy: SpendDimension, $filter: DimensionFilter) {
    whatIf(from: \"2026-01-01\", to: \"2026-02-01\", scenarios: $scenarios, groupBy: $groupBy, filter: $filter) {
        charges reversedCharges unpricedCharges scenarios { name reasons { provider model charges staysInCost reason }
            total { ...figures } groups { key ...figures } } } }
    fragment figures on ScenarioFigures { charges changedCharges unpricedCharges unbatchedCharges isComplete humanHours
        comparisons { actual { amount currency } cost { amount } aiCost { amount } humanCost { amount } difference { amount } differencePercent } }";

fn scenario(name: &str, changes: Value) -> Value {
    json!({ "name": name, "changes": changes })
}

async fn what_if(world: &World, scenarios: Value) -> Value {
    world.graphql(QUERY, json!({ "scenarios": scenarios })).await["whatIf"].take()
}

/// Actual, cost, difference and percent of the total in the first currency.
fn figures(result: &Value) -> [String; 4] {
    let first = &result["total"]["comparisons"][0];
    [&first["actual"]["amount"], &first["cost"]["amount"], &first["difference"]["amount"], &first["differencePercent"]]
        .map(|text| text.as_str().unwrap_or("-").to_owned())
}

/// The call costs 1,200 x 2.50 + 350 x 10.00 a million = 0.0065.
async fn each_kind_of_change_gives_the_figure_worked_by_hand(world: World) {
    world.book(&[charge("a")]).await;
    let price = |change: Value| json!([{ "price": change }]);
    let scenarios = [
        // 1,200 x 0.15 + 350 x 0.60 a million.
        (json!([{ "model": { "model": "gpt-4o", "toProvider": "openai", "toModel": "gpt-4o-mini" } }]), "0.00039", "-0.00611", "-94"),
        // 1,200 x 2.50 + 350 x 8.00.
        (
            price(
                json!({ "provider": "openai", "model": "gpt-4o", "meter": "output_tokens", "amount": "8.00", "per": "1000000", "currency": "USD" }),
            ),
            "0.0058",
            "-0.0007",
            "-10.77",
        ),
        (price(json!({ "provider": "openai", "percent": "110" })), "0.00715", "0.00065", "10"),
        // 600 x 2.50 + 600 x 1.25 + 350 x 10.00.
        (json!([{ "cacheShare": { "share": "0.5" } }]), "0.00575", "-0.00075", "-11.54"),
        // Four fifths at 0.0065, a fifth at half of it.
        (json!([{ "batchShare": { "share": "0.2" } }]), "0.00585", "-0.00065", "-10"),
        // One after the other: as mini 600 x 0.15 + 600 x 0.075 + 350 x 0.60 = 0.000345, and as batch 600 x 0.075 + 600 x 0.075 + 350 x 0.30
        // = 0.000195 (batch halves no cache read in the list); half of each.
        (
            json!([{ "model": { "toProvider": "openai", "toModel": "gpt-4o-mini" } }, { "cacheShare": { "share": "0.5" } }, { "batchShare": { "share": "0.5" } }]),
            "0.00027",
            "-0.00623",
            "-95.85",
        ),
    ];
    let asked: Vec<Value> = scenarios.iter().enumerate().map(|(at, row)| scenario(&at.to_string(), row.0.clone())).collect();
    let answer = what_if(&world, json!(asked)).await;
    assert_eq!([&answer["charges"], &answer["reversedCharges"], &answer["unpricedCharges"]], [&json!("1"), &json!("0"), &json!("0")]);
    for (result, (changes, cost, difference, percent)) in answer["scenarios"].as_array().unwrap().iter().zip(&scenarios) {
        assert_eq!(figures(result), ["0.0065", cost, difference, percent], "{changes}");
        assert_eq!((&result["total"]["changedCharges"], &result["total"]["isComplete"]), (&json!("1"), &json!(true)));
    }
}

/// Two calls of 0.0065. A quarter by people: 0.00975 are left, and 2 x 0.25 x 6 minutes at 60.00 an hour are 3.00.
async fn people_take_a_share_of_the_work_and_give_it_back(world: World) {
    world.book(&[charge("a"), charge("b")]).await;
    let people =
        |share: &str| json!([{ "humanShare": { "share": share, "minutesPerCharge": "6", "costPerHour": "60.00", "currency": "USD" } }]);
    let answer = what_if(&world, json!([scenario("people", people("0.25")), scenario("machines", people("-0.5"))])).await;
    let shown = |at: usize| {
        let total = &answer["scenarios"][at]["total"];
        let first = &total["comparisons"][0];
        [&first["aiCost"]["amount"], &first["humanCost"]["amount"], &first["cost"]["amount"], &total["humanHours"]]
            .map(|text| text.as_str().unwrap().to_owned())
    };
    assert_eq!(shown(0), ["0.00975", "3", "3.00975", "0.05"]);
    // Half as many calls again, and 2 x 0.5 x 6 minutes saved.
    assert_eq!(shown(1), ["0.0195", "-6", "-5.9805", "-0.1"]);
}

async fn what_has_no_price_is_counted_and_named(world: World) {
    world.save_price("acme-ai", "house", "input_tokens", "1.00").await;
    world.save_price("acme-ai", "house", "output_tokens", "2.00").await;
    // 1,200 x 1.00 + 350 x 2.00 = 0.0019, and one that waits for a price.
    world.record(&[charge("a").model("acme-ai", "house"), charge("b").model("acme-ai", "unheard"), charge("c")]).await;
    let changes = [
        json!([]),
        json!([{ "batchShare": { "share": "1" } }]),
        json!([{ "cacheShare": { "share": "1" } }]),
        json!([{ "price": { "provider": "acme-ai", "model": "unheard", "meter": "input_tokens", "amount": "1", "per": "1000000", "currency": "USD" } },
            { "price": { "provider": "acme-ai", "model": "unheard", "meter": "output_tokens", "amount": "1", "per": "1000000", "currency": "USD" } }]),
    ];
    let asked: Vec<Value> = changes.into_iter().enumerate().map(|(at, changes)| scenario(&at.to_string(), changes)).collect();
    let answer = what_if(&world, json!(asked)).await;
    assert_eq!((&answer["charges"], &answer["unpricedCharges"]), (&json!("3"), &json!("1")));
    let counts = |at: usize| {
        let total = &answer["scenarios"][at]["total"];
        ["unpricedCharges", "unbatchedCharges", "isComplete"].map(|field| total[field].clone())
    };
    let reasons = |at: usize| -> Vec<String> {
        let text = |reason: &Value| {
            format!("{} {} {}", reason["model"].as_str().unwrap(), reason["staysInCost"], reason["reason"].as_str().unwrap())
        };
        answer["scenarios"][at]["reasons"].as_array().unwrap().iter().map(text).collect()
    };
    assert_eq!((figures(&answer["scenarios"][0])[1].as_str(), counts(0)), ("0.0084", [json!("1"), json!("0"), json!(false)]));
    assert_eq!(reasons(0), ["unheard false no price for model unheard of acme-ai"]);
    // gpt-4o at half of 0.0065, house as it was.
    assert_eq!((figures(&answer["scenarios"][1])[1].as_str(), counts(1)), ("0.00515", [json!("1"), json!("2"), json!(false)]));
    assert!(
        reasons(1).iter().any(|reason| reason.starts_with("house true no price for input_tokens with processing BATCH")),
        "{:?}",
        reasons(1)
    );
    // gpt-4o 1,200 x 1.25 + 350 x 10.00; house has no price of cache reads and is missing, not free.
    assert_eq!((figures(&answer["scenarios"][2])[1].as_str(), counts(2)), ("0.005", [json!("2"), json!("0"), json!(false)]));
    // 1,550 x 1.00 a million more.
    assert_eq!((figures(&answer["scenarios"][3])[1].as_str(), counts(3)), ("0.00995", [json!("0"), json!("0"), json!(true)]));
}

/// Charges of every kind, drawn from a seed.
fn drawn(seed: u64, number: u64) -> Charge {
    let mut state = (seed ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut below = |count: u64| {
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(0x94d0_49bb_1331_11eb);
        (state >> 33) % count
    };
    let tokens = |tokens: u64| i64::try_from(tokens).unwrap();
    let drawn = charge(&format!("{seed}-{number}")).on(&format!("2026-01-{:02}T{:02}:00:00Z", 1 + below(14), below(24)));
    let drawn = drawn.tokens(tokens(below(9_000) + 1), tokens(below(3_000)));
    let drawn = match below(8) {
        0 => drawn.model("acme-ai", "unheard"),
        1 => drawn.model("acme-ai", "unheard").with("reportedCost", json!({ "amount": "0.123456789", "currency": "EUR" })),
        2 => drawn.model("acme-ai", "late"),
        3 => drawn.model("acme-ai", "free"),
        4 => drawn.with("processing", "BATCH"),
        5 => drawn.model("acme-ai", "changed"),
        _ => drawn,
    };
    match below(3) {
        0 => drawn.team("search").client("gearpeak"),
        1 => drawn.with("apiKey", "ads-key"),
        _ => drawn,
    }
}

/// Reversed, rated again, attributed again, unpriced, reported, priced later, free: the scenario is the ledger, by client and model too.
async fn without_a_change_it_is_what_the_books_hold(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    for (model, dollars) in [("free", "0"), ("changed", "3")] {
        world.save_price("acme-ai", model, "input_tokens", dollars).await;
        world.save_price("acme-ai", model, "output_tokens", dollars).await;
    }
    let charges: Vec<Charge> = (0..120).map(|number| drawn(7, number)).collect();
    world.record(&charges).await;
    let booked = world.database.number("SELECT count(*) FROM journal_entry").await;
    for (place, number) in (1..=booked).step_by(9).enumerate() {
        let input = json!({ "idempotencyKey": format!("r{number}"), "number": number, "effectiveOn": "2026-01-15", "reason": format!("reversed {place}") });
        world.save("reverseJournalEntry", "ReverseJournalEntryInput", input).await;
    }
    // Priced late, and at another price than before.
    for (model, dollars) in [("late", "1.5"), ("changed", "4.25")] {
        world.save_price("acme-ai", model, "input_tokens", dollars).await;
        world.save_price("acme-ai", model, "output_tokens", dollars).await;
    }
    world.save("rerateCharges", "RerateChargesInput", json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-01-09T00:00:00Z" })).await;
    let conditions = json!([{ "on": "API_KEY", "pattern": "ads-*" }]);
    let rule = json!({ "code": "ads", "order": 1, "conditions": conditions, "team": "search", "client": "gearpeak" });
    world.save("saveAttributionRules", "SaveAttributionRulesInput", json!({ "attributionRules": [rule] })).await;
    world.save("reattributeCharges", "ReattributeChargesInput", json!({ "from": "2026-01-01", "to": "2026-02-01" })).await;
    assert!(world.database.number("SELECT count(*) FROM charge_revision").await > 20);
    let same =
        json!([scenario("none", json!([])), scenario("same price", json!([{ "price": { "provider": "openai", "percent": "100" } }]))]);
    for dimension in ["CLIENT", "MODEL", "TEAM"] {
        let spent = world
            .graphql(
                "query S($by: [SpendDimension!]!) { spend(from: \"2026-01-01\", to: \"2026-02-01\", groupBy: $by) { rows { keys { code } cost { amount currency } } } }",
                json!({ "by": [dimension] }),
            )
            .await;
        let answer = world.graphql(QUERY, json!({ "scenarios": same, "groupBy": dimension })).await["whatIf"].take();
        for result in answer["scenarios"].as_array().unwrap() {
            let mut shown = Vec::new();
            for group in result["groups"].as_array().unwrap() {
                for row in group["comparisons"].as_array().unwrap() {
                    assert_eq!((&row["cost"], &row["difference"]["amount"]), (&json!({ "amount": row["actual"]["amount"] }), &json!("0")));
                    shown.push(format!("{} {} {}", group["key"], row["actual"]["amount"], row["actual"]["currency"]));
                }
            }
            let row = |row: &Value| format!("{} {} {}", row["keys"][0]["code"], row["cost"]["amount"], row["cost"]["currency"]);
            let mut ledger: Vec<String> = spent["spend"]["rows"].as_array().unwrap().iter().map(row).collect();
            // A group whose charges are all reversed is in the ledger with nothing.
            ledger.retain(|row| !row.contains(" \"0\" ") || shown.contains(row));
            shown.sort();
            ledger.sort();
            assert_eq!(shown, ledger, "{dimension}");
            assert_eq!(result["total"]["unpricedCharges"], answer["unpricedCharges"]);
            assert_eq!(result["total"]["changedCharges"], "0");
        }
    }
    world.assert_verified().await;
}

async fn nothing_is_written(world: World) {
    world.book(&[charge("a"), charge("b")]).await;
    let state = "{ integrity { treeSize rootHash } auditEvents { nodes { number } } }";
    let before = (world.graphql(state, json!({})).await, world.trial_balance().await);
    what_if(
        &world,
        json!([scenario(
            "all",
            json!([{ "model": { "toProvider": "openai", "toModel": "gpt-4o-mini" } }, { "cacheShare": { "share": "1" } }])
        )]),
    )
    .await;
    assert_eq!((world.graphql(state, json!({})).await, world.trial_balance().await), before);
    assert_eq!(world.database.number("SELECT count(*) FROM charge_revision").await, 0);
    world.assert_verified().await;
}

async fn prices_are_told_to_those_who_may_read_them(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.book(&[charge("a").team("search"), charge("b").team("search"), charge("c")]).await;
    let none = json!({ "scenarios": [scenario("none", json!([]))] });
    let mini = json!({ "scenarios": [scenario("mini", json!([{ "model": { "toProvider": "openai", "toModel": "gpt-4o-mini" } }]))] });
    let price = json!({ "scenarios": [scenario("price", json!([{ "price": { "provider": "openai", "percent": "50" } }]))] });
    let limited = |role| world.token("main", role, Some(Scope { teams: ["search".to_owned()].into(), ..Scope::default() }));
    assert_eq!(world.graphql_error(&world.token("main", Role::Viewer, None), QUERY, none.clone()).await, "FORBIDDEN");
    let analyst = limited(Role::Analyst);
    // Its two charges of three, and no other model's price.
    let seen = world.graphql_as(&analyst, QUERY, none).await;
    assert_eq!((figures(&seen["whatIf"]["scenarios"][0])[0].as_str(), &seen["whatIf"]["charges"]), ("0.013", &json!("2")));
    let seen = world.graphql_as(&analyst, QUERY, price).await;
    assert_eq!(figures(&seen["whatIf"]["scenarios"][0]), ["0.013", "0.0065", "-0.0065", "-50"]);
    assert_eq!(world.graphql_error(&analyst, QUERY, mini.clone()).await, "FORBIDDEN");
    let whole = world.graphql_as(&world.token("main", Role::Analyst, None), QUERY, mini.clone()).await;
    assert_eq!(figures(&whole["whatIf"]["scenarios"][0])[0], "0.0195");
    let mut one_team = mini;
    one_team["filter"] = json!({ "teams": ["search"] });
    assert_eq!(figures(&world.graphql(QUERY, one_team).await["whatIf"]["scenarios"][0])[..2], ["0.013", "0.00078"]);
}

async fn what_is_no_scenario_is_refused_with_its_place(world: World) {
    world.book(&[charge("a")]).await;
    let refused = async |scenarios: Value| {
        let body = json!({ "query": QUERY, "variables": { "scenarios": scenarios } });
        let answer = world.post_graphql(&world.admin, &body).await.json();
        let error = &answer["errors"][0];
        let path: Vec<&str> = error["extensions"]["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        assert!(error["message"].as_str().unwrap().len() > 20, "a sentence: {error}");
        (error["extensions"]["code"].as_str().unwrap().to_owned(), path.join("."))
    };
    let one = |change: Value| json!([scenario("a", json!([change]))]);
    let is = |code: &str, path: &str| (code.to_owned(), path.to_owned());
    assert_eq!(refused(json!([])).await, is("SCENARIO_INVALID", "scenarios"));
    assert_eq!(refused(json!([scenario("a", json!([])), scenario("a", json!([]))])).await, is("SCENARIO_INVALID", "scenarios.1.name"));
    assert_eq!(refused(one(json!({ "cacheShare": { "share": "1.5" } }))).await, is("SCENARIO_INVALID", "scenarios.0.changes.0.share"));
    let unknown = json!({ "model": { "toProvider": "openai", "toModel": "gpt-99" } });
    assert_eq!(refused(one(unknown)).await, is("MODEL_NOT_PRICED", "scenarios.0.changes.0.toModel"));
    let unknown = json!({ "price": { "provider": "openai", "model": "gpt-99", "percent": "90" } });
    assert_eq!(refused(one(unknown)).await, is("MODEL_NOT_PRICED", "scenarios.0.changes.0.model"));
    let thirds = json!({ "price": { "provider": "openai", "model": "gpt-4o", "meter": "input_tokens", "amount": "1", "per": "3", "currency": "USD" } });
    assert_eq!(refused(one(thirds)).await, is("PER_NOT_EXACT", "scenarios.0.changes.0.per"));
    let many: Vec<Value> = (0..9).map(|at| scenario(&at.to_string(), json!([]))).collect();
    assert_eq!(refused(json!(many)).await, is("TOO_MANY_ITEMS", "scenarios"));
    let many: Vec<Value> = (0..21).map(|_| json!({ "cacheShare": { "share": "0.5" } })).collect();
    assert_eq!(refused(json!([scenario("a", json!(many))])).await, is("TOO_MANY_ITEMS", "scenarios.0.changes"));
}

/// A range with too many charges is the use case's to refuse; the door's own limit is two million.
async fn the_command_line_shows_scenarios_side_by_side(world: World) {
    use tallybook::app::what_if::{WhatIfQuery, what_if};
    use tallybook::domain::period::{Day, DayRange};
    world.book(&[charge("a"), charge("b")]).await;
    let days = DayRange::new(Day::from_date("2026-01-01".parse().unwrap()), Day::from_date("2026-02-01".parse().unwrap())).unwrap();
    let input = serde_json::from_value(json!({ "name": "a" })).unwrap();
    let query =
        WhatIfQuery { days, filter: Default::default(), scenarios: vec![input], group_by: None, level: None, most_charges: Some(1) };
    let refused = what_if(&world.app, &world.actor("ana", Role::Admin), query, |_, _| {}).await.unwrap_err();
    assert!(refused.code() == "RANGE_TOO_LARGE" && refused.to_string().contains("tallybook what-if"), "{refused}");

    let file = std::env::temp_dir().join(format!("tallybook-what-if-{}-{:?}.json", std::process::id(), world.database.engine()));
    let scenario = scenario("mini", json!([{ "model": { "toProvider": "openai", "toModel": "gpt-4o-mini" } }]));
    std::fs::File::create(&file).unwrap().write_all(scenario.to_string().as_bytes()).unwrap();
    let path = file.to_str().unwrap();
    let said = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tallybook"));
        let arguments = [&["what-if", "--from", "2026-01-01", "--to", "2026-02-01", "--scenario", path], more].concat();
        let output = command.args(arguments).args(["--books", "main", "--database-url", &world.database.url()]).output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (output.status.code().unwrap(), text)
    };
    let (code, text) = said(&["--group-by", "model"]);
    let row = |name: &str| {
        text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{text}")).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!((code, row("mini ")), (0, vec!["mini", "USD", "0.013", "0.00078", "0", "-0.01222", "-94", "%"]));
    assert_eq!(row("  gpt-4o")[2..4], ["0.013", "0.00078"]);
    let (code, text) = said(&["--json"]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &answer["scenarios"][0]["total"]["comparisons"][0]["cost"]), (0, &json!("0.00078")));
    // The same name twice.
    let (code, text) = said(&["--scenario", path]);
    assert!(code == 1 && text.contains("SCENARIO_INVALID at scenarios.1.name"), "{code} {text}");
    std::fs::remove_file(&file).unwrap();
}
