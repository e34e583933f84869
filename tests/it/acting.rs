//! Delegated tokens (RFC 8693): who acts for another is told in the audit log, and is no second person beside them.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::World;

on_both_engines!(an_agent_posts_for_a_person_and_neither_is_the_others_second_person);

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
