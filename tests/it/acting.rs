//! Delegated tokens (RFC 8693): who acts for another is told in the audit log, and is no second person beside them.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::{World, charge};

on_both_engines!(an_agent_posts_for_a_person_and_neither_is_the_others_second_person, a_reopening_takes_two_persons_whoever_acts_for_them,);

async fn prepare(world: &World, token: &str, key: &str) -> Value {
    let query =
        "mutation P($input: PostJournalEntryInput!) { postJournalEntry(input: $input) { entry { id status } userErrors { code } } }";
    let posting = |account: &str, side: &str| json!({ "account": account, "side": side, "amount": "10", "currency": "USD" });
    let input = json!({ "idempotencyKey": key, "effectiveOn": "2026-01-10", "memo": "seats of January",
        "postings": [posting("6000", "DEBIT"), posting("2100", "CREDIT")] });
    world.graphql_as(token, query, json!({ "input": input })).await["postJournalEntry"].take()
}

async fn approve(world: &World, token: &str, id: &Value) -> Value {
    let query =
        "mutation A($input: ApproveJournalDraftInput!) { approveJournalDraft(input: $input) { entry { status } userErrors { code } } }";
    world.graphql_as(token, query, json!({ "input": { "id": id } })).await["approveJournalDraft"].take()
}

/// What was done by whom and for whom, from the first event.
async fn told(world: &World) -> Vec<String> {
    let data = world.graphql("{ auditEvents { nodes { action subject actingFor } } }", json!({})).await;
    let text = |value: &Value| value.as_str().unwrap_or("nobody").to_owned();
    let line = |event: &Value| format!("{} {} for {}", text(&event["action"]), text(&event["subject"]), text(&event["actingFor"]));
    let lines: Vec<String> = data["auditEvents"]["nodes"].as_array().unwrap().iter().map(line).collect();
    lines.into_iter().filter(|line| line.contains("agent-7")).collect()
}

async fn an_agent_posts_for_a_person_and_neither_is_the_others_second_person(world: World) {
    let agent_for = |person: &str| world.token_acting(person, "agent-7", Role::Admin);
    let draft = prepare(&world, &agent_for("pia"), "k1").await;
    assert_eq!(draft["userErrors"], json!([]));
    let id = &draft["entry"]["id"];
    for token in [
        agent_for("pia"),
        // The same agent for somebody else, the person herself, and another agent of hers.
        agent_for("otto"),
        world.token_of("pia", "main", Role::Admin, None),
        world.token_acting("pia", "agent-8", Role::Admin),
    ] {
        assert_eq!(approve(&world, &token, id).await, json!({ "entry": null, "userErrors": [{ "code": "SAME_PERSON" }] }));
    }
    let posted = approve(&world, &world.token_acting("otto", "agent-8", Role::Approver), id).await;
    assert_eq!(posted, json!({ "entry": { "status": "POSTED" }, "userErrors": [] }));
    // What a person prepared is not approved by an agent that acts for the same person.
    let draft = prepare(&world, &world.token_of("pia", "main", Role::Preparer, None), "k2").await;
    let refused = approve(&world, &agent_for("pia"), &draft["entry"]["id"]).await;
    assert_eq!(refused["userErrors"], json!([{ "code": "SAME_PERSON" }]));
    assert_eq!(approve(&world, &agent_for("otto"), &draft["entry"]["id"]).await["entry"]["status"], "POSTED");
    let told = told(&world).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].ends_with(" agent-7 for pia") && told[1].ends_with(" agent-7 for otto"), "{told:?}");
    world.assert_verified().await;
}

/// The answer of a change of January: its status, or the code of the refusal.
async fn change(world: &World, token: &str, mutation: &str, input_type: &str, reason: &str) -> String {
    let query = format!(
        "mutation M($input: {input_type}!) {{ {mutation}(input: $input) {{ period {{ status }} userErrors {{ code message }} }} }}"
    );
    let mut input = json!({ "period": "2026-01" });
    input[if mutation == "closePeriod" { "acceptOpenItems" } else { "reason" }] = json!(reason);
    let answer = world.graphql_as(token, &query, json!({ "input": input })).await[mutation].take();
    let word = |value: &Value| value.as_str().map(str::to_owned);
    word(&answer["userErrors"][0]["code"]).or_else(|| word(&answer["period"]["status"])).unwrap_or_else(|| panic!("{answer}"))
}

async fn a_reopening_takes_two_persons_whoever_acts_for_them(world: World) {
    world.set_clock("2026-02-03T12:00:00Z");
    world.book(&[charge("c1")]).await;
    let (direct, agent) = (
        |person: &str| world.token_of(person, "main", Role::Closer, None),
        |person: &str, agent: &str| world.token_acting(person, agent, Role::Closer),
    );
    let ask = async |token: String| change(&world, &token, "requestReopening", "ReopeningInput", "an error").await;
    let agree = async |token: String| change(&world, &token, "approveReopening", "ReopeningInput", "agreed").await;
    let rounds: [(String, &[String], String); 4] = [
        // A person asks: neither she nor any agent of hers agrees.
        (direct("pia"), &[direct("pia"), agent("pia", "agent-7"), agent("pia", "agent-8")], direct("otto")),
        // An agent asks for her: neither she, nor another agent of hers, nor this agent for somebody else, nor the agent itself.
        (
            agent("pia", "agent-7"),
            &[direct("pia"), agent("pia", "agent-7"), agent("pia", "agent-8"), agent("otto", "agent-7"), direct("agent-7")],
            direct("otto"),
        ),
        // Two agents of two persons are two persons.
        (agent("pia", "agent-7"), &[agent("pia", "agent-8")], agent("otto", "agent-8")),
        // So is a person beside another one's agent.
        (direct("otto"), &[agent("otto", "agent-7")], agent("pia", "agent-7")),
    ];
    for (asking, same, other) in rounds {
        assert_eq!(change(&world, &world.admin, "closePeriod", "ClosePeriodInput", "a test").await, "CLOSED");
        assert_eq!(ask(asking.clone()).await, "CLOSED");
        for token in same {
            assert_eq!(ask(token.clone()).await, "CLOSED", "asked again by the same person: nothing changes");
            assert_eq!(agree(token.clone()).await, "SAME_PERSON");
        }
        assert_eq!(ask(other.clone()).await, "REOPENING_REQUESTED");
        assert_eq!(agree(other).await, "OPEN");
    }
    let told = told(&world).await;
    assert!(told.iter().any(|line| line == "period.requestReopening agent-7 for pia"), "{told:?}");
    assert!(told.iter().any(|line| line == "period.reopen agent-7 for pia"), "{told:?}");
    world.assert_verified().await;
}
