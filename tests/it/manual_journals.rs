//! Entries made by hand: prepared by one person, approved by another, posted with the approval.

use serde_json::{Value, json};
use tallybook::app::auth::Role;

use crate::harness::{World, charge};

on_both_engines!(
    an_entry_waits_for_another_person_and_is_posted_with_the_approval,
    what_is_no_entry_is_refused_before_anybody_approves_it,
    an_edit_voids_the_approval_and_an_approver_approves_what_was_read,
    a_rejected_draft_is_edited_and_a_withdrawn_one_is_over,
    nobody_reverses_an_entry_of_their_own_hand_alone,
    the_same_key_is_the_same_draft,
    limits_by_amount_and_account,
    a_closed_period_takes_no_entry_and_a_soft_closed_one_takes_a_closers,
    a_write_off_names_its_entry_and_its_reason,
    the_database_itself_refuses_an_entry_without_another_persons_approval,
);

const DRAFT: &str = "entry { id number status kind version contentHash effectiveOn memo preparedBy approvalsNeeded approvals { by } decidedBy reason
    corrects { number } postings { side amount { amount } account { code } team { code } } journalEntry { number kind draft { preparedBy approvals { by } } } }
    userErrors { code message path }";

async fn send(world: &World, token: &str, mutation: &str, input_type: &str, input: Value) -> Value {
    let query = format!("mutation M($input: {input_type}!) {{ {mutation}(input: $input) {{ {DRAFT} }} }}");
    world.graphql_as(token, &query, json!({ "input": input })).await[mutation].take()
}

fn preparer(world: &World) -> String {
    world.token_of("pia", "main", Role::Preparer, None)
}

fn approver(world: &World, person: &str) -> String {
    world.token_of(person, "main", Role::Approver, None)
}

/// Ten dollars from accrued usage to operating expense of search, on 10 January.
fn entry(key: &str, amount: &str) -> Value {
    let posting = |account: &str, side: &str| json!({ "account": account, "side": side, "amount": amount, "currency": "USD" });
    json!({ "idempotencyKey": key, "effectiveOn": "2026-01-10", "memo": "seats of January", "postings": [posting("6000", "DEBIT"), posting("2100", "CREDIT")] })
}

async fn prepare(world: &World, input: Value) -> Value {
    send(world, &preparer(world), "postJournalEntry", "PostJournalEntryInput", input).await
}

async fn approve(world: &World, person: &str, id: &Value) -> Value {
    send(world, &approver(world, person), "approveJournalDraft", "ApproveJournalDraftInput", json!({ "id": id })).await
}

fn code(answer: &Value) -> &str {
    assert!(answer["entry"].is_null(), "{answer}");
    answer["userErrors"][0]["code"].as_str().unwrap()
}

async fn an_entry_waits_for_another_person_and_is_posted_with_the_approval(world: World) {
    let query = "mutation PostJournalEntry($input: PostJournalEntryInput!) { postJournalEntry(input: $input) { entry { number status } userErrors { code message path } } }";
    let data = world.graphql_as(&preparer(&world), query, json!({ "input": entry("k1", "10") })).await;
    assert_eq!(data["postJournalEntry"], json!({ "entry": { "number": null, "status": "PENDING_APPROVAL" }, "userErrors": [] }));
    assert_eq!(world.trial_balance().await, Vec::<String>::new());
    let id = json!("1");
    let admin_pia = world.token_of("pia", "main", Role::Admin, None);
    let own = send(&world, &admin_pia, "approveJournalDraft", "ApproveJournalDraftInput", json!({ "id": id })).await;
    assert_eq!(code(&own), "SAME_PERSON");
    let own = send(&world, &admin_pia, "rejectJournalDraft", "JournalDraftReasonInput", json!({ "id": id, "reason": "no" })).await;
    assert_eq!(code(&own), "SAME_PERSON");
    let posted = approve(&world, "otto", &id).await;
    assert_eq!([&posted["entry"]["number"], &posted["entry"]["status"]], [&json!("1"), &json!("POSTED")], "{posted}");
    let made_by = json!({ "preparedBy": "pia", "approvals": [{ "by": "otto" }] });
    assert_eq!(posted["entry"]["journalEntry"], json!({ "number": "1", "kind": "MANUAL", "draft": made_by }));
    assert_eq!(world.trial_balance().await, ["2100 0 10", "6000 10 0"]);
    assert_eq!(code(&approve(&world, "otto", &id).await), "DRAFT_NOT_OPEN");
    assert_eq!(code(&approve(&world, "otto", &json!("77")).await), "DRAFT_NOT_FOUND");
    world.assert_verified().await;
}

async fn what_is_no_entry_is_refused_before_anybody_approves_it(world: World) {
    let changed = |path: &str, value: Value| {
        let mut input = entry("k", "10");
        *input.pointer_mut(path).unwrap() = value;
        input
    };
    for (input, expected) in [
        (changed("/postings/0/account", json!("9999")), "ACCOUNT_UNKNOWN"),
        (changed("/postings/0/amount", json!("11")), "ENTRY_UNBALANCED"),
        (entry("k", "0"), "POSTING_NOT_POSITIVE"),
        (entry("k", "-1"), "AMOUNT_NEGATIVE"),
        (changed("/memo", json!(" ")), "MISSING_FIELD"),
        (changed("/idempotencyKey", json!("")), "MISSING_FIELD"),
        (changed("/postings/1/currency", json!("XXQ")), "CURRENCY_UNKNOWN"),
    ] {
        assert_eq!(code(&prepare(&world, input).await), expected);
    }
    let answer = prepare(&world, changed("/postings/1/account", json!("9999"))).await;
    assert_eq!(answer["userErrors"][0]["path"], json!(["postings", "1", "account"]));
    let data = world.graphql("{ journalDrafts { nodes { id } } }", json!({})).await;
    assert_eq!(data["journalDrafts"]["nodes"], json!([]));
}

fn edit(id: &Value, amount: &str) -> Value {
    let mut input = entry("", amount);
    let fields = input.as_object_mut().unwrap();
    fields.remove("idempotencyKey");
    fields.insert("id".to_owned(), id.clone());
    input
}

async fn two_above_five(world: &World) {
    let limits = json!({ "limits": [{ "currency": "USD", "oneApproverUpTo": "5" }], "approvers": [] });
    world.save("saveJournalLimits", "SaveJournalLimitsInput", limits).await;
}

async fn an_edit_voids_the_approval_and_an_approver_approves_what_was_read(world: World) {
    two_above_five(&world).await;
    let draft = prepare(&world, entry("k1", "10")).await["entry"].take();
    let first = approve(&world, "otto", &draft["id"]).await;
    assert_eq!([&first["entry"]["status"], &first["entry"]["approvals"]], [&json!("PENDING_APPROVAL"), &json!([{ "by": "otto" }])]);
    assert_eq!(code(&approve(&world, "otto", &draft["id"]).await), "SAME_PERSON");
    let edited = send(&world, &preparer(&world), "editJournalDraft", "EditJournalDraftInput", edit(&draft["id"], "12")).await;
    assert_eq!([&edited["entry"]["version"], &edited["entry"]["approvals"]], [&json!("2"), &json!([])], "{edited}");
    let stale = json!({ "id": draft["id"], "contentHash": draft["contentHash"] });
    let answer = send(&world, &approver(&world, "olga"), "approveJournalDraft", "ApproveJournalDraftInput", stale).await;
    assert_eq!(code(&answer), "DRAFT_CHANGED");
    let other = world.token_of("paul", "main", Role::Preparer, None);
    let answer = send(&world, &other, "editJournalDraft", "EditJournalDraftInput", edit(&draft["id"], "13")).await;
    assert_eq!(code(&answer), "NOT_THE_PREPARER");
    assert_eq!(approve(&world, "olga", &draft["id"]).await["entry"]["status"], "PENDING_APPROVAL");
    assert_eq!(approve(&world, "otto", &draft["id"]).await["entry"]["number"], "1");
    assert_eq!(world.trial_balance().await, ["2100 0 12", "6000 12 0"]);
    let answer = send(&world, &preparer(&world), "editJournalDraft", "EditJournalDraftInput", edit(&draft["id"], "13")).await;
    assert_eq!(code(&answer), "DRAFT_NOT_OPEN");
    world.assert_verified().await;
}

async fn a_rejected_draft_is_edited_and_a_withdrawn_one_is_over(world: World) {
    let mut input = entry("k1", "10");
    input["submit"] = json!(false);
    let draft = prepare(&world, input).await["entry"].take();
    assert_eq!(draft["status"], "DRAFT");
    assert_eq!(code(&approve(&world, "otto", &draft["id"]).await), "DRAFT_NOT_OPEN");
    let id = json!({ "id": draft["id"] });
    let submitted = send(&world, &preparer(&world), "submitJournalDraft", "SubmitJournalDraftInput", id).await;
    assert_eq!(submitted["entry"]["status"], "PENDING_APPROVAL");
    let reason = |reason: &str| json!({ "id": draft["id"], "reason": reason });
    let rejected = send(&world, &approver(&world, "otto"), "rejectJournalDraft", "JournalDraftReasonInput", reason("whose seats?")).await;
    assert_eq!([&rejected["entry"]["status"], &rejected["entry"]["reason"]], [&json!("REJECTED"), &json!("whose seats?")]);
    let edited = send(&world, &preparer(&world), "editJournalDraft", "EditJournalDraftInput", edit(&draft["id"], "9")).await;
    assert_eq!([&edited["entry"]["status"], &edited["entry"]["reason"]], [&json!("PENDING_APPROVAL"), &Value::Null]);
    let over = send(&world, &preparer(&world), "withdrawJournalDraft", "JournalDraftReasonInput", reason("paid by card")).await;
    assert_eq!(over["entry"]["status"], "WITHDRAWN");
    assert_eq!(code(&approve(&world, "otto", &draft["id"]).await), "DRAFT_NOT_OPEN");
    let data = world.graphql("{ journalDrafts(status: WITHDRAWN) { nodes { id } } journalDraft(id: 1) { status } }", json!({})).await;
    assert_eq!(data, json!({ "journalDrafts": { "nodes": [{ "id": "1" }] }, "journalDraft": { "status": "WITHDRAWN" } }));
}

async fn the_same_key_is_the_same_draft(world: World) {
    let first = prepare(&world, entry("k1", "10")).await;
    assert_eq!(prepare(&world, entry("k1", "10")).await, first);
    assert_eq!(code(&prepare(&world, entry("k1", "11")).await), "IDEMPOTENCY_CONFLICT");
}

async fn limits_by_amount_and_account(world: World) {
    let limits = json!({
        "limits": [{ "account": "6000", "currency": "USD", "refusedAbove": "100" }, { "currency": "USD", "oneApproverUpTo": "50", "refusedAbove": "1000" }],
        "approvers": [{ "currency": "USD", "upTo": "20" }, { "approver": "olga", "currency": "USD", "upTo": "90" }, { "approver": "omar", "currency": "USD", "upTo": "90" }],
    });
    world.save("saveJournalLimits", "SaveJournalLimitsInput", limits.clone()).await;
    let read = "{ journalLimits { limits { account currency oneApproverUpTo refusedAbove } approvers { approver upTo } } }";
    let data = world.graphql(read, json!({})).await;
    assert_eq!(
        data["journalLimits"]["limits"][1],
        json!({ "account": "6000", "currency": "USD", "oneApproverUpTo": null, "refusedAbove": "100" })
    );
    let answer = prepare(&world, entry("k1", "100.01")).await;
    assert_eq!((code(&answer), &answer["userErrors"][0]["path"]), ("JOURNAL_LIMIT_EXCEEDED", &json!(["postings", "0", "amount"])));
    let draft = prepare(&world, entry("k2", "60")).await["entry"].take();
    assert_eq!(draft["approvalsNeeded"], 2);
    assert_eq!(code(&approve(&world, "otto", &draft["id"]).await), "APPROVER_LIMIT_EXCEEDED");
    assert_eq!(approve(&world, "olga", &draft["id"]).await["entry"]["number"], Value::Null);
    assert_eq!(approve(&world, "omar", &draft["id"]).await["entry"]["number"], "1");
    let small = prepare(&world, entry("k3", "20")).await["entry"].take();
    assert_eq!(approve(&world, "otto", &small["id"]).await["entry"]["number"], "2");
    let wrong = json!({ "limits": [{ "currency": "USD" }], "approvers": [] });
    let errors = world.refusals("saveJournalLimits", "SaveJournalLimitsInput", wrong).await;
    assert_eq!((&errors[0]["code"], &errors[0]["path"][0]), (&json!("JOURNAL_LIMIT_INVALID"), &json!("limits")));
}

async fn a_closed_period_takes_no_entry_and_a_soft_closed_one_takes_a_closers(world: World) {
    world.set_clock("2026-02-03T12:00:00Z");
    let close = |status: &str| json!({ "period": "2026-01", "status": status, "acceptOpenItems": "agreed" });
    world.save("closePeriod", "ClosePeriodInput", close("SOFT_CLOSED")).await;
    let draft = prepare(&world, entry("k1", "10")).await["entry"].take();
    let answer = approve(&world, "otto", &draft["id"]).await;
    assert_eq!((code(&answer), &answer["userErrors"][0]["path"]), ("PERIOD_SOFT_CLOSED", &json!(["effectiveOn"])));
    let closer = world.token_of("cleo", "main", Role::Closer, None);
    let adjusting = send(&world, &closer, "postJournalEntry", "PostJournalEntryInput", entry("k1 of cleo", "10")).await["entry"].take();
    assert_eq!(approve(&world, "otto", &adjusting["id"]).await["entry"]["number"], "1");
    let late = send(&world, &closer, "postJournalEntry", "PostJournalEntryInput", entry("k2 of cleo", "10")).await["entry"].take();
    world.save("closePeriod", "ClosePeriodInput", close("CLOSED")).await;
    assert_eq!(code(&approve(&world, "otto", &late["id"]).await), "PERIOD_CLOSED");
    let data = world.graphql("{ journalDraft(id: 3) { status approvals { by } } }", json!({})).await;
    assert_eq!(data["journalDraft"], json!({ "status": "PENDING_APPROVAL", "approvals": [] }), "a refused approval leaves nothing");
    world.assert_verified().await;
}

async fn a_write_off_names_its_entry_and_its_reason(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    // 1,200 x 2.50 + 350 x 10.00 for a million = 0.0065
    world.book(&[charge("c1").team("search").client("gearpeak")]).await;
    let input = |account: &str, against: &str| {
        json!({ "idempotencyKey": format!("{account} {against}"), "number": 1, "effectiveOn": "2026-01-12", "reason": "the provider waived it",
            "account": account, "against": against, "amount": "0.0015", "currency": "USD", "client": "gearpeak" })
    };
    let sent = async |input: Value| send(&world, &preparer(&world), "writeOff", "WriteOffInput", input).await;
    assert_eq!(code(&sent(input("5000", "2100")).await), "WRITE_OFF_INVALID");
    assert_eq!(code(&sent(input("2100", "2100")).await), "WRITE_OFF_INVALID");
    let mut nothing = input("2100", "5000");
    nothing["number"] = json!(9);
    assert_eq!(code(&sent(nothing).await), "ENTRY_NOT_FOUND");
    let draft = sent(input("2100", "5000")).await["entry"].take();
    assert_eq!(
        [&draft["kind"], &draft["status"], &draft["memo"]],
        [&json!("WRITE_OFF"), &json!("PENDING_APPROVAL"), &json!("the provider waived it")]
    );
    assert_eq!(draft["corrects"], json!({ "number": "1" }));
    assert_eq!([&draft["postings"][0]["side"], &draft["postings"][1]["side"]], [&json!("DEBIT"), &json!("CREDIT")]);
    let posted = approve(&world, "otto", &draft["id"]).await;
    assert_eq!([&posted["entry"]["number"], &posted["entry"]["journalEntry"]["kind"]], [&json!("2"), &json!("WRITE_OFF")], "{posted}");
    let read = world.charge("c1").await;
    // 0.0065 - 0.0015
    assert_eq!([&read["netCost"]["amount"], &read["cost"]["amount"]], [&json!("0.005"), &json!("0.0065")]);
    assert_eq!([&read["corrections"][0]["kind"], &read["corrections"][0]["journalEntry"]["number"]], [&json!("WRITE_OFF"), &json!("2")]);
    world.assert_verified().await;
}

async fn the_database_itself_refuses_an_entry_without_another_persons_approval(world: World) {
    let draft = prepare(&world, entry("k1", "10")).await["entry"].take();
    let refused = [
        "UPDATE journal_draft SET status = 3, entry_number = 1 WHERE id = 1",
        "UPDATE journal_draft SET memo = 'another' WHERE id = 1",
        "DELETE FROM journal_draft",
        "INSERT INTO journal_approval (books_id, draft_id, version, approver, issuer, content_hash, prepared_by, approved_at)
         SELECT books_id, id, version, prepared_by, 'x', content_hash, prepared_by, 0 FROM journal_draft",
        "INSERT INTO journal_approval (books_id, draft_id, version, approver, issuer, content_hash, prepared_by, approved_at)
         SELECT books_id, id, version, prepared_by, 'x', content_hash, 'somebody', 0 FROM journal_draft",
        "INSERT INTO journal_entry (books_id, number, kind, effective_on, recorded_at, postings) VALUES (1, 1, 5, 20463, 0, 2)",
    ];
    for sql in refused {
        assert!(world.database.execute(sql).await.is_err(), "{sql}");
    }
    assert_eq!(approve(&world, "otto", &draft["id"]).await["entry"]["number"], "1");
}

async fn nobody_reverses_an_entry_of_their_own_hand_alone(world: World) {
    let draft = prepare(&world, entry("k1", "10")).await;
    let posted = approve(&world, "otto", &draft["entry"]["id"]).await;
    let input = json!({ "idempotencyKey": "r", "number": posted["entry"]["number"], "effectiveOn": "2026-01-12", "reason": "twice" });
    let query = "mutation R($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) { entry { number } userErrors { code path } } }";
    let by_pia = world.graphql_as(&preparer(&world), query, json!({ "input": input })).await["reverseJournalEntry"].take();
    assert_eq!(by_pia, json!({ "entry": null, "userErrors": [{ "code": "SAME_PERSON", "path": ["number"] }] }));
    let paul = world.token_of("paul", "main", Role::Preparer, None);
    let by_paul = world.graphql_as(&paul, query, json!({ "input": input })).await["reverseJournalEntry"].take();
    assert_eq!(by_paul["entry"]["number"], "2");
    world.assert_verified().await;
}
