//! The life of a statement: who approves, what is told, what is reversed, what is only shown, what becomes of it elsewhere.

use serde_json::{Value, json};
use tallybook::app::auth::Role;
use tallybook::app::chargeback::{ApproveInput, approve_chargeback};

use super::{approve, approved, brief, centers, charged, dollars, drafted, input, lines, post, postings, refusal, spent, statement};
use crate::harness::World;

on_both_engines!(
    whoever_drafted_does_not_approve_nor_act_for_somebody_who_did,
    a_cost_that_changed_is_told_to_the_approver,
    a_new_draft_replaces_what_nobody_approved,
    a_withdrawn_statement_keeps_its_number,
    a_reversed_statement_is_taken_up_again,
    showback_is_approved_and_never_posted,
    another_system_takes_it_and_says_under_which_document,
    a_reopened_month_makes_its_statements_stale,
    a_closed_month_takes_no_chargeback,
    one_key_posts_once,
);

async fn search_used(world: &World, amount: i64) {
    centers(world).await;
    world.book(&[dollars("c1", amount, "2026-01-05").team("search")]).await;
}

async fn mutate(world: &World, mutation: &str, input_type: &str, input: Value) -> Value {
    let query = format!(
        "mutation M($input: {input_type}!) {{ {mutation}(input: $input) {{ statement {{ number status reason documentNumber }} userErrors {{ code message path }} }} }}"
    );
    world.graphql(&query, json!({ "input": input })).await[mutation].take()
}

async fn whoever_drafted_does_not_approve_nor_act_for_somebody_who_did(world: World) {
    search_used(&world, 10).await;
    drafted(&world, input("TEAM")).await;
    assert_eq!(refusal(&approve(&world, "ana", "CB-000001").await), ("SAME_PERSON".to_owned(), json!(["number"])));
    let mut assistant = world.actor("otto", Role::Approver);
    assistant.acting_for = Some("ana".to_owned());
    let asked = || ApproveInput { number: "CB-000001".to_owned(), content_hash: None };
    assert_eq!(approve_chargeback(&world.app, &assistant, asked()).await.unwrap_err().code(), "SAME_PERSON");
    let wrong = ApproveInput { content_hash: Some("0".repeat(64)), ..asked() };
    let refused = approve_chargeback(&world.app, &world.actor("otto", Role::Approver), wrong).await.unwrap_err();
    assert_eq!(refused.code(), "STATEMENT_CHANGED", "another content was read");
    let hash = statement(&world, "CB-000001").await["contentHash"].as_str().unwrap().to_owned();
    let right = ApproveInput { content_hash: Some(hash), ..asked() };
    approve_chargeback(&world.app, &world.actor("otto", Role::Approver), right).await.unwrap();
    assert_eq!(refusal(&approve(&world, "olga", "CB-000001").await), ("STATEMENT_NOT_OPEN".to_owned(), json!(["number"])));
}

async fn a_cost_that_changed_is_told_to_the_approver(world: World) {
    search_used(&world, 10).await;
    drafted(&world, input("TEAM")).await;
    world.book(&[dollars("elsewhere", 1, "2026-01-06").team("support")]).await;
    let hash = statement(&world, "CB-000001").await["contentHash"].clone();
    world.book(&[dollars("c2", 1, "2026-01-06").team("search")]).await;
    assert_eq!(refusal(&approve(&world, "otto", "CB-000001").await), ("STATEMENT_CHANGED".to_owned(), json!(["number"])));
    assert_eq!(brief(&drafted(&world, input("TEAM")).await), ["CB-000002 search 11", "CB-000003 support 1"]);
    assert_ne!(statement(&world, "CB-000002").await["contentHash"], hash);
    // What others used is none of this statement's business.
    world.book(&[dollars("c3", 1, "2026-01-07").team("support")]).await;
    approved(&world, "CB-000002").await;
}

async fn a_new_draft_replaces_what_nobody_approved(world: World) {
    search_used(&world, 10).await;
    world.book(&[dollars("c2", 2, "2026-01-06").team("support")]).await;
    drafted(&world, input("TEAM")).await;
    approved(&world, "CB-000002").await;
    assert_eq!(brief(&drafted(&world, input("TEAM")).await), ["CB-000003 search 10"], "what is approved is charged");
    assert_eq!(statement(&world, "CB-000001").await["status"], "VOID");
    assert_eq!(statement(&world, "CB-000002").await["status"], "APPROVED");
    assert_eq!(refusal(&approve(&world, "otto", "CB-000001").await), ("STATEMENT_NOT_OPEN".to_owned(), json!(["number"])));
    let data = world.graphql("{ chargebacks(first: 2) { nodes { number } pageInfo { hasNextPage endCursor } } }", json!({})).await;
    assert_eq!(data["chargebacks"]["nodes"], json!([{ "number": "CB-000001" }, { "number": "CB-000002" }]));
    let rest = "query R($after: String) { chargebacks(after: $after, period: \"2026-01\", kind: TEAM, status: DRAFT) { nodes { number } pageInfo { hasNextPage } } }";
    let rest = world.graphql(rest, json!({ "after": data["chargebacks"]["pageInfo"]["endCursor"] })).await;
    assert_eq!(rest["chargebacks"], json!({ "nodes": [{ "number": "CB-000003" }], "pageInfo": { "hasNextPage": false } }));
    world.assert_verified().await;
}

async fn a_withdrawn_statement_keeps_its_number(world: World) {
    search_used(&world, 10).await;
    drafted(&world, input("TEAM")).await;
    approved(&world, "CB-000001").await;
    let withdraw = |reason: &str| json!({ "number": "CB-000001", "reason": reason });
    assert_eq!(
        refusal(&mutate(&world, "withdrawChargeback", "WithdrawChargebackInput", withdraw(" ")).await),
        ("MISSING_FIELD".to_owned(), json!(["reason"]))
    );
    let done = mutate(&world, "withdrawChargeback", "WithdrawChargebackInput", withdraw("wrong month")).await;
    assert_eq!([&done["statement"]["status"], &done["statement"]["reason"]], ["VOID", "wrong month"]);
    assert_eq!(brief(&drafted(&world, input("TEAM")).await), ["CB-000002 search 10"]);
    assert_eq!(refusal(&post(&world, "p", "2026-01").await), ("NOTHING_TO_POST".to_owned(), json!(["period"])));
}

async fn a_reversed_statement_is_taken_up_again(world: World) {
    search_used(&world, 10).await;
    world.set_clock("2026-02-03T09:00:00Z");
    charged(&world, input("TEAM")).await;
    let entry = statement(&world, "CB-000001").await["journalEntry"]["number"].clone();
    let around = json!({ "idempotencyKey": "r", "number": entry, "effectiveOn": "2026-01-31", "reason": "r" });
    let refused = world.refusals("reverseJournalEntry", "ReverseJournalEntryInput", around).await;
    assert_eq!([&refused[0]["code"], &refused[0]["path"]], [&json!("CHARGEBACK_ENTRY"), &json!(["number"])]);
    let reverse = json!({ "idempotencyKey": "r1", "number": "CB-000001", "reason": "wrong provider" });
    let done = mutate(&world, "reverseChargeback", "ReverseChargebackInput", reverse.clone()).await;
    assert_eq!(done["statement"]["status"], "REVERSED", "{done}");
    let again = "mutation R($input: ReverseChargebackInput!) { reverseChargeback(input: $input) { replayed statement { reversal { number effectiveOn kind } } } }";
    let again = world.graphql(again, json!({ "input": reverse })).await["reverseChargeback"].take();
    assert_eq!(
        again,
        json!({ "replayed": true, "statement": { "reversal": { "number": "3", "effectiveOn": "2026-01-31", "kind": "REVERSAL" } } })
    );
    assert_eq!(world.account("6600").await, Some(("10".to_owned(), "10".to_owned())));
    let other = json!({ "idempotencyKey": "r2", "number": "CB-000001", "reason": "again" });
    assert_eq!(
        refusal(&mutate(&world, "reverseChargeback", "ReverseChargebackInput", other).await),
        ("STATEMENT_NOT_OPEN".to_owned(), json!(["number"]))
    );
    // February takes January up, and so would January itself.
    let mut february = input("TEAM");
    february["period"] = json!("2026-02");
    drafted(&world, february).await;
    assert_eq!(lines(&statement(&world, "CB-000002").await), ["ADJUSTMENT 2026-01 10 10"]);
    assert_eq!(charged(&world, input("TEAM")).await, ["CB-000003"]);
    let third = statement(&world, "CB-000003").await;
    assert_eq!(
        (lines(&third), postings(&third)),
        (vec!["USAGE 2026-01 10 10".to_owned()], vec!["DEBIT 6600 search 10".to_owned(), "CREDIT 6690 platform 10".to_owned()])
    );
    world.assert_verified().await;
}

async fn showback_is_approved_and_never_posted(world: World) {
    search_used(&world, 10).await;
    let mut shown = input("TEAM");
    (shown["showback"], shown["provider"]) = (json!(true), Value::Null);
    drafted(&world, shown).await;
    assert_eq!(brief(&drafted(&world, input("TEAM")).await), ["CB-000002 search 10"], "a report charges nothing");
    approved(&world, "CB-000001").await;
    world.set_clock("2026-02-03T09:00:00Z");
    assert_eq!(refusal(&post(&world, "p1", "2026-01").await), ("SHOWBACK_NOT_POSTED".to_owned(), json!(["period"])));
    let named = "mutation P($input: PostChargebacksInput!) { postChargebacks(input: $input) { userErrors { code path } } }";
    let numbers = json!(["CB-000002", "CB-000001", "CB-000009", "CB-000002"]);
    let mut answer = world.graphql(named, json!({ "input": { "idempotencyKey": "p2", "period": "2026-01", "numbers": numbers } })).await;
    assert_eq!(
        answer["postChargebacks"]["userErrors"].take(),
        json!([
            { "code": "STATEMENT_NOT_OPEN", "path": ["numbers", "0"] },
            { "code": "SHOWBACK_NOT_POSTED", "path": ["numbers", "1"] },
            { "code": "STATEMENT_NOT_FOUND", "path": ["numbers", "2"] },
            { "code": "STATEMENT_NOT_OPEN", "path": ["numbers", "3"] },
        ])
    );
    approved(&world, "CB-000002").await;
    assert_eq!(
        post(&world, "p1", "2026-01").await["statements"][0]["number"],
        "CB-000002",
        "the charging one is posted, the report is not"
    );
    assert_eq!(statement(&world, "CB-000001").await["status"], "APPROVED");
    world.assert_verified().await;
}

async fn another_system_takes_it_and_says_under_which_document(world: World) {
    search_used(&world, 10).await;
    world.set_clock("2026-02-03T09:00:00Z");
    drafted(&world, input("TEAM")).await;
    let mark = || json!({ "number": "CB-000001" });
    let early = mutate(&world, "markChargebackExported", "MarkChargebackExportedInput", mark()).await;
    assert_eq!(refusal(&early), ("STATEMENT_NOT_OPEN".to_owned(), json!(["number"])));
    approved(&world, "CB-000001").await;
    post(&world, "p1", "2026-01").await;
    let integrator = world.token_of("netsuite", "main", Role::Integrator, None);
    let export = "mutation { markChargebackExported(input: { number: \"CB-000001\" }) { statement { status } userErrors { code } } }";
    let exported = world.graphql_as(&integrator, export, json!({})).await["markChargebackExported"].take();
    assert_eq!(exported, json!({ "statement": { "status": "EXPORTED" }, "userErrors": [] }));
    let acknowledge = |document: &str| json!({ "number": "CB-000001", "documentNumber": document });
    let nothing = mutate(&world, "acknowledgeChargeback", "AcknowledgeChargebackInput", acknowledge("")).await;
    assert_eq!(refusal(&nothing), ("MISSING_FIELD".to_owned(), json!(["documentNumber"])));
    let done = mutate(&world, "acknowledgeChargeback", "AcknowledgeChargebackInput", acknowledge("JE-4711")).await;
    assert_eq!([&done["statement"]["status"], &done["statement"]["documentNumber"]], ["ACKNOWLEDGED", "JE-4711"]);
    let preparer = world.token_of("pia", "main", Role::Preparer, None);
    assert_eq!(world.graphql_error(&preparer, export, json!({})).await, "FORBIDDEN");
    let reverse = json!({ "idempotencyKey": "r1", "number": "CB-000001", "reason": "wrong" });
    assert_eq!(mutate(&world, "reverseChargeback", "ReverseChargebackInput", reverse).await["statement"]["status"], "REVERSED");
    world.assert_verified().await;
}

async fn close(world: &World, period: &str) {
    world
        .save("closePeriod", "ClosePeriodInput", json!({ "period": period, "acceptOpenItems": "agreed, and so is CHARGEBACKS_POSTED" }))
        .await;
}

async fn a_reopened_month_makes_its_statements_stale(world: World) {
    search_used(&world, 10).await;
    world.set_clock("2026-02-03T09:00:00Z");
    charged(&world, input("TEAM")).await;
    close(&world, "2026-01").await;
    assert_eq!(statement(&world, "CB-000001").await["stale"], false);
    let reopening = json!({ "period": "2026-01", "reason": "an invoice came" });
    world.save("requestReopening", "ReopeningInput", reopening.clone()).await;
    let other = world.token_of("otto", "main", Role::Admin, None);
    let approve = "mutation A($input: ReopeningInput!) { approveReopening(input: $input) { userErrors { code } } }";
    world.graphql_as(&other, approve, json!({ "input": reopening })).await;
    assert_eq!(statement(&world, "CB-000001").await["stale"], true);
    world.book(&[dollars("late", 1, "2026-01-20").team("search")]).await;
    assert_eq!(brief(&drafted(&world, input("TEAM")).await), ["CB-000002 search 1"]);
    assert_eq!(statement(&world, "CB-000001").await["stale"], false, "the month was drafted again");
}

async fn a_closed_month_takes_no_chargeback(world: World) {
    search_used(&world, 10).await;
    world.set_clock("2026-02-03T09:00:00Z");
    drafted(&world, input("TEAM")).await;
    approved(&world, "CB-000001").await;
    close(&world, "2026-01").await;
    let refused = post(&world, "p1", "2026-01").await;
    assert_eq!(refusal(&refused), ("PERIOD_CLOSED".to_owned(), json!(["period"])));
    assert_eq!(statement(&world, "CB-000001").await["status"], "APPROVED", "nothing was posted");
    world.assert_verified().await;
}

async fn one_key_posts_once(world: World) {
    search_used(&world, 10).await;
    world.set_clock("2026-02-03T09:00:00Z");
    drafted(&world, input("TEAM")).await;
    approved(&world, "CB-000001").await;
    let first = post(&world, "p1", "2026-01").await;
    assert_eq!(post(&world, "p1", "2026-01").await, first);
    assert_eq!(refusal(&post(&world, "p1", "2026-02").await), ("IDEMPOTENCY_CONFLICT".to_owned(), json!(["idempotencyKey"])));
    assert_eq!(spent(&world, "TEAM", "search").await, "20");
    assert_eq!(world.database.number("SELECT count(*) FROM journal_entry WHERE kind = 13").await, 1);
}
