//! The life of rules and runs: versions, approval, one run in force, reruns, increments, reversals, closed periods.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use super::{borne, cost, done, drivers, operation, receivers, rule, run, teams};
use crate::harness::World;

on_both_engines!(
    one_version_governs_a_posting_date,
    where_duties_are_held_apart_another_person_approves_a_rule,
    a_rule_has_one_run_in_force,
    late_charges_are_added_or_run_again,
    runs_are_reversed_in_their_order,
    two_runs_at_once_post_one,
    a_closed_period_takes_no_run_and_a_reopened_one_marks_it_stale,
    the_close_checklist_asks_for_the_rules_again_after_each_reopening,
    an_entry_of_a_run_is_reversed_with_its_run,
);

async fn even_rule(world: &World) {
    teams(world, &["platform", "claims", "sales"]).await;
    world.book(&[cost("p1", "platform", "10")]).await;
    let even = json!({ "pool": { "team": "platform" }, "receivers": receivers(&["claims", "sales"]) });
    done(world, "SaveAllocationRule", rule("p", "EVEN", even)).await;
}

async fn refused(world: &World, name: &str, input: Value) -> Value {
    let answer = operation(world, &world.admin, name, json!({ "input": input })).await;
    answer["userErrors"][0]["code"].clone()
}

/// ERPNext 43216 merged the versions of several dates, and allocated more than there was.
async fn one_version_governs_a_posting_date(world: World) {
    even_rule(&world).await;
    let save = async |from: &str, to: Value, codes: &[&str]| {
        let more = json!({ "validFrom": from, "validTo": to, "pool": { "team": "platform" }, "receivers": receivers(codes) });
        done(&world, "SaveAllocationRule", rule("p", "EVEN", more)).await["rule"]["version"].clone()
    };
    let governing = async || {
        let query = "{ previewAllocation(period: \"2026-01\") { lines { ruleVersion to { code } } userErrors { code } } }";
        let preview = world.graphql(query, json!({})).await["previewAllocation"].take();
        let lines = preview["lines"].as_array().unwrap();
        assert_eq!(lines.is_empty(), preview["userErrors"] == json!([{ "code": "ALLOCATION_RULE_UNKNOWN" }]));
        lines.iter().map(|line| format!("{} {}", line["ruleVersion"], line["to"]["code"].as_str().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(save("2026-02-01", Value::Null, &["sales"]).await, 2, "it governs from February on");
    assert_eq!(governing().await, ["1 claims", "1 sales"]);
    assert_eq!(save("2026-01-15", Value::Null, &["claims"]).await, 3);
    assert_eq!(governing().await, ["3 claims"], "one version, and not the sum of two");
    assert_eq!(save("2026-01-15", Value::Null, &["claims"]).await, 3, "the same again is no new version");
    assert_eq!(save("2026-01-15", json!("2026-01-31"), &["claims"]).await, 4);
    assert_eq!(governing().await, Vec::<String>::new(), "the rule has ended: no earlier version comes back");
}

async fn where_duties_are_held_apart_another_person_approves_a_rule(world: World) {
    world.save("saveDuties", "SaveDutiesInput", json!({ "duties": "STRICT" })).await;
    even_rule(&world).await;
    let preview = world.graphql("{ previewAllocation(period: \"2026-01\") { lineCount } }", json!({})).await;
    assert_eq!(preview["previewAllocation"]["lineCount"], "2", "the approver sees what it would do");
    let (paul, otto) = (world.token_of("paul", "main", Role::Closer, None), world.token_of("otto", "main", Role::Approver, None));
    let run = json!({ "input": { "idempotencyKey": "k", "period": "2026-01", "rules": ["p"] } });
    let refused = operation(&world, &paul, "RunAllocation", run.clone()).await;
    assert_eq!(refused["userErrors"][0]["code"], "RULE_NOT_APPROVED");
    assert_eq!(refused["userErrors"][0]["path"], json!(["rules", "0"]));
    let approve =
        "mutation { approveAllocationRule(input: { code: \"p\", version: 1 }) { rule { approvedBy isInForce } userErrors { code } } }";
    let own = world.graphql(approve, json!({})).await["approveAllocationRule"].take();
    assert_eq!(own["userErrors"][0]["code"], "SAME_PERSON");
    let approved = world.graphql_as(&otto, approve, json!({})).await["approveAllocationRule"].take();
    assert_eq!(approved["rule"], json!({ "approvedBy": "otto", "isInForce": true }));
    let again = world.graphql_as(&otto, approve, json!({})).await["approveAllocationRule"].take();
    assert_eq!(again["userErrors"][0]["code"], "RULE_ALREADY_APPROVED");
    assert_eq!(operation(&world, &paul, "RunAllocation", run).await["run"]["status"], "POSTED");
    // The database holds it too, whoever writes.
    let forged =
        "INSERT INTO allocation_rule_approval (books_id, code, version, author, subject, recorded_at) VALUES (1, 'q', 1, 'ana', 'ana', 0)";
    assert!(world.database.execute(forged).await.is_err());
}

async fn a_rule_has_one_run_in_force(world: World) {
    even_rule(&world).await;
    run(&world, "k1").await;
    let again = json!({ "idempotencyKey": "k2", "period": "2026-01" });
    assert_eq!(refused(&world, "RunAllocation", again).await, "ALLOCATION_ALREADY_RUN");
    let other = json!({ "idempotencyKey": "k1", "period": "2026-02" });
    assert_eq!(refused(&world, "RunAllocation", other).await, "IDEMPOTENCY_CONFLICT");
    assert!(world.database.execute("UPDATE allocation_line SET amount = 1").await.is_err(), "what was decided never changes");
    world.assert_verified().await;
}

async fn late_charges_are_added_or_run_again(world: World) {
    even_rule(&world).await;
    run(&world, "k1").await;
    world.book(&[cost("p2", "platform", "3")]).await;
    let with = async |key: &str, mode: &str| {
        let input = json!({ "idempotencyKey": key, "period": "2026-01", "mode": mode });
        operation(&world, &world.admin, "RunAllocation", json!({ "input": input })).await
    };
    let query = "{ previewAllocation(period: \"2026-01\", mode: INCREMENT) { pools { pool { amount } } lines { amount { amount } } } }";
    let late = world.graphql(query, json!({})).await["previewAllocation"].take();
    assert_eq!(
        late,
        json!({ "pools": [{ "pool": { "amount": "3" } }], "lines": [{ "amount": { "amount": "1.5" } }, { "amount": { "amount": "1.5" } }] })
    );
    assert_eq!(with("k2", "INCREMENT").await["run"]["id"], "2");
    assert_eq!(borne(&world).await, ["claims 6.5", "sales 6.5"]);
    assert_eq!(with("k3", "INCREMENT").await["userErrors"][0]["code"], "NOTHING_TO_ALLOCATE");
    world.book(&[cost("p3", "platform", "0.000000001")]).await;
    let rerun = with("k4", "RERUN").await;
    assert_eq!(rerun["run"]["status"], "POSTED");
    assert_eq!(borne(&world).await, ["claims 6.500000001", "sales 6.5"]);
    let data = world.graphql("{ allocationRuns { nodes { id kind status refersTo reversedBy } } }", json!({})).await;
    let told: Vec<String> = data["allocationRuns"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| ["id", "kind", "status", "refersTo", "reversedBy"].map(|field| run[field].as_str().unwrap_or("-").to_owned()).join(" "))
        .collect();
    let expected =
        ["1 RUN REVERSED - 4", "2 INCREMENT REVERSED 1 3", "3 REVERSAL REVERSAL 2 -", "4 REVERSAL REVERSAL 1 -", "5 RUN POSTED 1 -"];
    assert_eq!(told, expected);
    for run in ["1", "2", "5"] {
        let query = "query P($id: ID!) { allocationRun(id: $id) { performedAgain { isSame } } }";
        let data = world.graphql(query, json!({ "id": run })).await;
        assert_eq!(data["allocationRun"]["performedAgain"]["isSame"], true, "run {run}");
    }
    world.assert_verified().await;
}

async fn runs_are_reversed_in_their_order(world: World) {
    even_rule(&world).await;
    let on = json!({ "order": 2, "pool": { "team": "claims" }, "receivers": receivers(&["sales"]) });
    done(&world, "SaveAllocationRule", rule("q", "DIRECT", on)).await;
    let one = |code: &str| json!({ "idempotencyKey": code, "period": "2026-01", "rules": [code] });
    done(&world, "RunAllocation", json!({ "input": one("p") })).await;
    done(&world, "RunAllocation", json!({ "input": one("q") })).await;
    assert_eq!(borne(&world).await, ["sales 10"]);
    assert_eq!(refused(&world, "ReverseAllocationRun", json!({ "id": "1" })).await, "LATER_ALLOCATION_RUN");
    let rerun = json!({ "idempotencyKey": "again", "period": "2026-01", "rules": ["p"], "mode": "RERUN" });
    assert_eq!(refused(&world, "RunAllocation", rerun).await, "LATER_ALLOCATION_RUN");
    done(&world, "ReverseAllocationRun", json!({ "input": { "id": "2" } })).await;
    assert_eq!(refused(&world, "ReverseAllocationRun", json!({ "id": "2", "idempotencyKey": "other" })).await, "ALLOCATION_NOT_LIVE");
    let replayed = done(&world, "ReverseAllocationRun", json!({ "input": { "id": "2" } })).await;
    assert_eq!(replayed["run"]["status"], "REVERSED", "asked again, it is answered with what was done");
    done(&world, "ReverseAllocationRun", json!({ "input": { "id": "1" } })).await;
    assert_eq!(borne(&world).await, ["platform 10"]);
    let none = json!({ "idempotencyKey": "inc", "period": "2026-01", "rules": ["p"], "mode": "INCREMENT" });
    assert_eq!(refused(&world, "RunAllocation", none).await, "ALLOCATION_NOT_LIVE");
    world.assert_verified().await;
}

async fn two_runs_at_once_post_one(world: World) {
    even_rule(&world).await;
    let go = |key: &str| {
        let input = json!({ "input": { "idempotencyKey": key, "period": "2026-01" } });
        let world = &world;
        async move { operation(world, &world.admin, "RunAllocation", input).await }
    };
    let answers = tokio::join!(go("a"), go("b"), go("c"), go("d"));
    let answers = [answers.0, answers.1, answers.2, answers.3];
    let posted = answers.iter().filter(|answer| answer["run"]["status"] == "POSTED").count();
    let refused = answers.iter().filter(|answer| answer["userErrors"][0]["code"] == "ALLOCATION_ALREADY_RUN").count();
    assert_eq!((posted, refused), (1, 3));
    assert_eq!(borne(&world).await, ["claims 5", "sales 5"]);
    world.assert_verified().await;
}

async fn a_closed_period_takes_no_run_and_a_reopened_one_marks_it_stale(world: World) {
    even_rule(&world).await;
    drivers(&world, &["seats claims 1"]).await;
    run(&world, "k1").await;
    world.set_clock("2026-02-10T12:00:00Z");
    let checklist = "{ closeChecklist(period: \"2026-01\") { items { code state measured } } }";
    let items = world.graphql(checklist, json!({})).await["closeChecklist"]["items"].take();
    let ran = items.as_array().unwrap().iter().find(|item| item["code"] == "ALLOCATIONS_RUN").unwrap().clone();
    assert_eq!([&ran["state"], &ran["measured"]], [&json!("OK"), &json!("1 of 1 rules")]);
    let close = json!({ "period": "2026-01", "acceptOpenItems": "a test" });
    world.save("closePeriod", "ClosePeriodInput", close).await;
    let late = json!({ "idempotencyKey": "k2", "period": "2026-01", "mode": "RERUN" });
    assert_eq!(refused(&world, "RunAllocation", late).await, "PERIOD_CLOSED");
    // A reversal goes to the first open day.
    done(&world, "ReverseAllocationRun", json!({ "input": { "id": "1" } })).await;
    let data = world.graphql("{ allocationRun(id: \"2\") { effectiveOn entries { serviceOn } } }", json!({})).await;
    assert_eq!(data["allocationRun"], json!({ "effectiveOn": "2026-02-01", "entries": [{ "serviceOn": "2026-01-31" }] }));
    world.assert_verified().await;
}

async fn the_close_checklist_asks_for_the_rules_again_after_each_reopening(world: World) {
    even_rule(&world).await;
    run(&world, "k1").await;
    world.set_clock("2026-02-10T12:00:00Z");
    let reopen = async |person: &str, mutation: &str| {
        let token = world.token_of(person, "main", Role::Closer, None);
        let query = format!("mutation R($input: ReopeningInput!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
        let input = json!({ "input": { "period": "2026-01", "reason": "a test" } });
        assert_eq!(world.graphql_as(&token, &query, input).await[mutation]["userErrors"], json!([]));
    };
    let ran = async || {
        let query = "{ closeChecklist(period: \"2026-01\") { items { code state detail } } }";
        let items = world.graphql(query, json!({})).await["closeChecklist"]["items"].take();
        items.as_array().unwrap().iter().find(|item| item["code"] == "ALLOCATIONS_RUN").unwrap().clone()
    };
    // Twice: what was computed again after a reopening is stale after the next one.
    for key in ["i1", "i2"] {
        world.save("closePeriod", "ClosePeriodInput", json!({ "period": "2026-01", "acceptOpenItems": "a test" })).await;
        reopen("cleo", "requestReopening").await;
        reopen("otto", "approveReopening").await;
        world.book(&[cost(key, "platform", "5")]).await;
        let item = ran().await;
        assert_eq!((&item["state"], &item["detail"][0]), (&json!("OPEN"), &json!("allocation run 1 is stale")));
        done(&world, "RunAllocation", json!({ "input": { "idempotencyKey": key, "period": "2026-01", "mode": "INCREMENT" } })).await;
        assert_eq!(ran().await["state"], "OK");
    }
    world.assert_verified().await;
}

async fn an_entry_of_a_run_is_reversed_with_its_run(world: World) {
    even_rule(&world).await;
    run(&world, "k1").await;
    let reverse = json!({ "idempotencyKey": "r", "number": "2", "effectiveOn": "2026-01-31", "reason": "r" });
    let errors = world.refusals("reverseJournalEntry", "ReverseJournalEntryInput", reverse).await;
    assert_eq!(errors[0]["code"], "ENTRY_OF_RUN");
}
