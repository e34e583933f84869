//! Export batches: which entries each takes, under races and rejections; what is refused; what the database and `verify` hold.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use crate::erp_client::{CREATE, answer, code, create, file};
use crate::harness::{World, charge};

on_both_engines!(
    of_many_creators_one_takes_the_entries,
    kinds_are_taken_apart_and_every_entry_once,
    a_rounding_line_takes_the_differences,
    a_long_batch_is_cut_into_documents_that_balance,
    what_is_no_batch_is_refused,
    what_is_no_target_is_refused,
    what_a_format_does_not_hold_is_refused_before_anything_is_frozen,
    a_batch_of_a_reopened_period_is_stale_until_the_next_one,
    the_database_and_verify_hold_the_rules,
    batches_are_for_whole_books_and_for_those_who_deliver,
    whoever_approved_entries_makes_no_batch,
    a_target_that_exports_other_dimensions_takes_only_what_is_new,
    document_numbers_are_one_targets_own_in_all_books,
    a_target_keeps_its_letters_and_may_be_given_others,
    numbers_of_before_targets_had_letters_stay_as_they_are,
);

fn dollars(key: &str, dollars: i64) -> crate::harness::Charge {
    charge(key).tokens(dollars * 400_000, 0)
}

async fn made(world: &World, key: &str, target: &str) -> Value {
    let mut answer = create(world, &world.admin, key, target, "2026-01").await;
    assert_eq!(answer["userErrors"], json!([]), "{answer}");
    answer["batch"].take()
}

async fn refused(world: &World, target: &str) -> String {
    let answer = create(world, &world.admin, "refused", target, "2026-01").await;
    code(&answer).to_owned()
}

/// Lines as `document account debit credit`, the document without the letters of its target.
fn lines(batch: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let number = |value: &Value| text(value).trim_start_matches(char::is_alphabetic).to_owned();
    let line = |line: &Value| {
        format!("{} {} {} {}", number(&line["documentNumber"]), text(&line["account"]["code"]), text(&line["debit"]), text(&line["credit"]))
    };
    batch["lines"].as_array().unwrap().iter().map(line).collect()
}

async fn save_target(world: &World, target: Value) {
    world.save("saveExportTargets", "SaveExportTargetsInput", json!({ "targets": [target] })).await;
}

async fn target_refusal(world: &World, target: Value) -> (Value, Value) {
    let mut errors = world.refusals("saveExportTargets", "SaveExportTargetsInput", json!({ "targets": [target] })).await;
    (errors[0]["code"].take(), errors[0]["path"].take())
}

async fn of_many_creators_one_takes_the_entries(world: World) {
    world.book(&[dollars("c1", 3)]).await;
    let other = world.second_process().await;
    let keys: Vec<String> = (0..8).map(|number| format!("key-{number}")).collect();
    let creators = keys.iter().enumerate().map(|(position, key)| {
        let books = if position % 2 == 0 { &world } else { &other };
        create(books, &books.admin, key, "netsuite", "2026-01")
    });
    let answers = futures_util::future::join_all(creators).await;
    let batches = answers.iter().filter(|answer| answer["batch"].is_object()).count();
    let nothing = answers.iter().filter(|answer| answer["userErrors"][0]["code"] == "NOTHING_TO_EXPORT").count();
    assert_eq!((batches, nothing), (1, 7), "{answers:?}");
    // Creating goes on while entries are posted: every entry is taken once, whoever takes it.
    let post = async {
        for number in 0..10 {
            world.book(&[dollars(&format!("more-{number}"), 1)]).await;
        }
    };
    let take = async {
        for number in 0..10 {
            create(&other, &other.admin, &format!("racing-{number}"), "netsuite", "2026-01").await;
        }
    };
    tokio::join!(post, take);
    create(&world, &world.admin, "last", "netsuite", "2026-01").await;
    let exported = "SELECT CAST(SUM(exported) AS BIGINT) FROM export_sum WHERE exported > 0";
    assert_eq!(world.database.number(exported).await, 1_300);
    world.assert_verified().await;
}

async fn kinds_are_taken_apart_and_every_entry_once(world: World) {
    world.book(&[dollars("c1", 3), dollars("c2", 4)]).await;
    let reverse = json!({ "idempotencyKey": "r", "number": 1, "effectiveOn": "2026-01-12", "reason": "sent twice" });
    world.save("reverseJournalEntry", "ReverseJournalEntryInput", reverse).await;
    let input = json!({ "idempotencyKey": "reversals", "target": "netsuite", "period": "2026-01", "kinds": ["REVERSAL", "RERATING"] });
    let reversals = world.graphql(CREATE, json!({ "input": input })).await["createExportBatch"]["batch"].take();
    assert_eq!(lines(&reversals), ["2601-0001 2100 3 -", "2601-0001 6000 - 3"]);
    world.book(&[dollars("c3", 5)]).await;
    let rest = made(&world, "rest", "netsuite").await;
    assert_eq!(lines(&rest), ["2601-0002 6000 12 -", "2601-0002 2100 - 12"]);
    assert_eq!(refused(&world, "netsuite").await, "NOTHING_TO_EXPORT");
    // Another target has taken nothing yet, and sees what is left after all.
    assert_eq!(lines(&made(&world, "other", "quickbooks").await)[0], "2601-0001 6000 9 -");
    world.assert_verified().await;
}

async fn a_rounding_line_takes_the_differences(world: World) {
    save_target(&world, json!({ "code": "exact", "format": "netsuite", "rounding": "ROUNDING_LINE", "segments": [{ "dimension": "FEATURE", "name": "Class" }] })).await;
    // Three features of 0.335 each: 0.34 + 0.34 + 0.34 against 1.005, which is 1.00.
    let charges: Vec<_> = ["x", "y", "z"].iter().map(|name| charge(name).tokens(134_000, 0).feature(name)).collect();
    world.book(&charges).await;
    let batch = made(&world, "k", "exact").await;
    let by_account = |account: &str| lines(&batch).into_iter().filter(|line| line.contains(&format!(" {account} "))).collect::<Vec<_>>();
    assert_eq!(by_account("6000"), ["2601-0001 6000 0.34 -"; 3]);
    assert_eq!(by_account("2100"), ["2601-0001 2100 - 1"], "half to even");
    assert_eq!(by_account("7900"), ["2601-0001 7900 - 0.02"]);
    save_target(&world, json!({ "code": "flat", "format": "netsuite", "rounding": "ROUNDING_LINE", "segments": [] })).await;
    world.book(&[charge("odd").tokens(2_000, 0).feature("x")]).await;
    assert_eq!(lines(&made(&world, "k2", "flat").await), ["2601-0001 6000 1.01 -", "2601-0001 2100 - 1.01"]);
    world.assert_verified().await;
}

async fn a_long_batch_is_cut_into_documents_that_balance(world: World) {
    let segments = json!([{ "dimension": "FEATURE", "name": "Class" }]);
    save_target(&world, json!({ "code": "short", "format": "netsuite", "mostLines": 3, "segments": segments })).await;
    let charges: Vec<_> = (1..=4).map(|number| dollars(&format!("c{number}"), number).feature(&format!("f{number}"))).collect();
    world.book(&charges).await;
    let batch = made(&world, "k", "short").await;
    let numbers: std::collections::BTreeSet<String> = lines(&batch).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert!(numbers.len() > 1 && numbers.iter().all(|number| number.len() + "KQVT".len() == 16), "{numbers:?}");
    let taken = file(&world, &world.admin, &batch["id"]).await;
    assert_eq!(taken.text.lines().count(), lines(&batch).len() + 1);
    world.assert_verified().await;
}

async fn what_is_no_batch_is_refused(world: World) {
    world.book(&[dollars("c1", 3)]).await;
    assert_eq!(refused(&world, "nowhere").await, "EXPORT_TARGET_UNKNOWN");
    assert_eq!(code(&create(&world, &world.admin, "k", "netsuite", "January").await), "DATE_INVALID");
    assert_eq!(code(&create(&world, &world.admin, "k", "netsuite", "2025-12").await), "NOTHING_TO_EXPORT");
    assert_eq!(code(&create(&world, &world.admin, "", "netsuite", "2026-01").await), "MISSING_FIELD");
    assert_eq!(refused(&world, "xero").await, "EXPORT_CURRENCY_UNSTATED");
    assert_eq!(refused(&world, "sap").await, "EXPORT_TARGET_INVALID", "the company is not known");
    assert_eq!(world.database.number("SELECT count(*) FROM export_target").await, 0, "what is refused leaves nothing");
    let batch = made(&world, "k", "netsuite").await;
    assert_eq!(code(&create(&world, &world.admin, "k", "netsuite", "2026-02").await), "IDEMPOTENCY_CONFLICT");
    let admin = world.admin.clone();
    let say = async |input: Value| code(&answer(&world, &admin, input).await).to_owned();
    let id = &batch["id"];
    assert_eq!(say(json!({ "id": 99, "documentNumber": "D", "postedOn": "2026-01-31" })).await, "EXPORT_BATCH_NOT_FOUND");
    assert_eq!(say(json!({ "id": id })).await, "EXPORT_ANSWER_INVALID");
    assert_eq!(say(json!({ "id": id, "rejected": [] })).await, "EXPORT_ANSWER_INVALID");
    assert_eq!(say(json!({ "id": id, "documentNumber": "D" })).await, "EXPORT_ANSWER_INVALID");
    assert_eq!(say(json!({ "id": id, "rejected": [{ "line": 3, "reason": "r" }] })).await, "EXPORT_LINE_UNKNOWN");
    assert_eq!(
        say(json!({ "id": id, "rejected": [{ "line": 1, "reason": "r" }, { "line": 1, "reason": "r" }] })).await,
        "EXPORT_LINE_UNKNOWN"
    );
    assert_eq!(say(json!({ "id": id, "rejected": [{ "line": 1, "reason": " " }] })).await, "MISSING_FIELD");
    assert_eq!(say(json!({ "id": id, "documentNumber": "D", "postedOn": "1999-01-01" })).await, "DATE_OUT_OF_RANGE");
    let gone = file(&world, &world.admin, &json!("77")).await;
    assert_eq!((gone.status.as_u16(), gone.error_code()), (404, "NOT_FOUND".to_owned()));
    assert_eq!(file(&world, &world.admin, &json!("x")).await.status.as_u16(), 404);
    assert_eq!(file(&world, "nonsense", id).await.status.as_u16(), 401);
    world.assert_verified().await;
}

async fn what_is_no_target_is_refused(world: World) {
    let invalid = |field: &str| (json!("EXPORT_TARGET_INVALID"), json!(["targets", "0", field]));
    assert_eq!(target_refusal(&world, json!({ "code": "x", "format": "abacus" })).await, invalid("format"));
    assert_eq!(target_refusal(&world, json!({ "code": "../x", "format": "netsuite" })).await, invalid("code"));
    assert_eq!(target_refusal(&world, json!({ "code": "sap" })).await, invalid("company"));
    assert_eq!(target_refusal(&world, json!({ "code": "odoo", "currency": "USD" })).await, invalid("journal"));
    assert_eq!(target_refusal(&world, json!({ "code": "xero" })).await, invalid("currency"));
    assert_eq!(target_refusal(&world, json!({ "code": "sap", "company": "1000", "mostLines": 1000 })).await, invalid("mostLines"));
    let segment = |dimension: &str, name: &str| json!({ "dimension": dimension, "name": name });
    let quickbooks = |segments: Value| json!({ "code": "quickbooks", "segments": segments });
    assert_eq!(target_refusal(&world, quickbooks(json!([segment("TEAM", "Location")]))).await, invalid("segments"));
    assert_eq!(target_refusal(&world, quickbooks(json!([segment("ACCOUNT", "ClassRef")]))).await, invalid("segments"));
    let twice = json!([segment("TEAM", "ClassRef"), segment("TEAM", "DepartmentRef")]);
    assert_eq!(target_refusal(&world, quickbooks(twice)).await, invalid("segments"));
    let twice = json!({ "code": "netsuite", "accounts": [{ "account": "5000", "external": "a" }, { "account": "5000", "external": "b" }] });
    assert_eq!(target_refusal(&world, twice).await, invalid("accounts"));
    let listed = world.graphql("{ exportTargets { code version format formatSource } }", json!({})).await;
    assert_eq!(listed["exportTargets"].as_array().unwrap().len(), 8);
}

async fn what_a_format_does_not_hold_is_refused_before_anything_is_frozen(world: World) {
    let charges: Vec<_> = (0..120).map(|number| dollars(&format!("c{number}"), 1).feature(&format!("f{number}"))).collect();
    world.book(&charges).await;
    let mapped = json!([{ "account": "6000", "external": "12345678901" }]);
    save_target(&world, json!({ "code": "sap", "company": "1000", "accounts": mapped })).await;
    assert_eq!(refused(&world, "sap").await, "EXPORT_TEXT_TOO_LONG");
    save_target(
        &world,
        json!({ "code": "many", "format": "netsuite", "mostLines": 2, "segments": [{ "dimension": "FEATURE", "name": "Class" }] }),
    )
    .await;
    assert_eq!(refused(&world, "many").await, "EXPORT_TOO_LARGE");
    let posting = |account: &str, side: &str| json!({ "account": account, "side": side, "amount": "99999999999", "currency": "JPY" });
    let entry = json!({ "idempotencyKey": "e", "effectiveOn": "2026-01-10", "memo": "m", "postings": [posting("6000", "DEBIT"), posting("2100", "CREDIT")] });
    world.save("postJournalEntry", "PostJournalEntryInput", entry).await;
    let approve = "mutation { approveJournalDraft(input: { id: 1 }) { userErrors { code } } }";
    world.graphql_as(&world.token_of("otto", "main", Role::Admin, None), approve, json!({})).await;
    let answer = create(&world, &world.admin, "k", "netsuite", "2026-01").await;
    assert_eq!((code(&answer), &answer["userErrors"][0]["path"][0]), ("EXPORT_AMOUNT_TOO_LARGE", &json!("lines")));
    assert_eq!(world.database.number("SELECT count(*) FROM export_batch").await, 0);
    assert_eq!(world.database.number("SELECT count(*) FROM export_window").await, 0);
}

async fn a_batch_of_a_reopened_period_is_stale_until_the_next_one(world: World) {
    world.book(&[dollars("c1", 3)]).await;
    world.set_clock("2026-02-03T12:00:00Z");
    let batch = made(&world, "k", "netsuite").await;
    world.save("closePeriod", "ClosePeriodInput", json!({ "period": "2026-01", "acceptOpenItems": "agreed" })).await;
    let reopening = json!({ "input": { "period": "2026-01", "reason": "an invoice came" } });
    let ask = "mutation R($input: ReopeningInput!) { requestReopening(input: $input) { userErrors { code } } }";
    world.graphql(ask, reopening.clone()).await;
    let agree = "mutation R($input: ReopeningInput!) { approveReopening(input: $input) { userErrors { code } } }";
    world.graphql_as(&world.token_of("otto", "main", Role::Admin, None), agree, reopening).await;
    let stale = async || {
        let data = world.graphql("query B($id: BigInt!) { exportBatch(id: $id) { isStale } }", json!({ "id": batch["id"] })).await;
        data["exportBatch"]["isStale"].clone()
    };
    assert_eq!(stale().await, true);
    world.book(&[dollars("c2", 1)]).await;
    made(&world, "k2", "netsuite").await;
    assert_eq!(stale().await, false);
    world.assert_verified().await;
}

async fn the_database_and_verify_hold_the_rules(world: World) {
    world.book(&[charge("c1").tokens(401_337, 0)]).await;
    made(&world, "k", "netsuite").await;
    let window = "INSERT INTO export_window (books_id, batch_id, kind, after_entry, through_entry, target_id, period, released) VALUES (1, 9, 1, 0, 1, 1, 672, 0)";
    let refused = [
        window,
        "UPDATE export_window SET released = 1",
        "DELETE FROM export_window",
        "UPDATE export_batch SET number = 7",
        "DELETE FROM export_batch",
        "UPDATE export_line SET minor = 5",
        "UPDATE export_sum SET exported = 5",
        "UPDATE export_target SET settings = '{}'",
        "INSERT INTO export_line (books_id, batch_id, line, document, position, minor) VALUES (1, 1, 99, 1, 1, 5)",
    ];
    for statement in refused {
        assert!(world.database.execute(statement).await.is_err(), "{statement}");
    }
    world.assert_verified().await;
    world.database.execute("UPDATE export_carry SET units = units + 1").await.unwrap();
    let faults = world.faults().await;
    assert!(!faults.is_empty() && faults.iter().all(|fault| fault.starts_with("what is carried")), "{faults:?}");
}

async fn batches_are_for_whole_books_and_for_those_who_deliver(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    world.book(&[dollars("c1", 3).team("search")]).await;
    let batch = made(&world, "k", "netsuite").await;
    let limited = world.token("main", Role::Admin, Some(Scope { teams: ["search".to_owned()].into(), ..Scope::default() }));
    let query = "query B($id: BigInt!) { exportBatch(id: $id) { number } }";
    let id = json!({ "id": batch["id"] });
    assert_eq!(world.graphql_error(&limited, query, id.clone()).await, "FORBIDDEN");
    assert_eq!(file(&world, &limited, &batch["id"]).await.status.as_u16(), 403);
    let analyst = world.token("main", Role::Analyst, None);
    assert_eq!(world.graphql_as(&analyst, query, id.clone()).await["exportBatch"]["number"], "1");
    let input = json!({ "input": { "idempotencyKey": "a", "target": "netsuite", "period": "2026-01" } });
    assert_eq!(world.graphql_error(&analyst, CREATE, input).await, "FORBIDDEN");
    // Somebody who only reads takes the file without delivering it.
    assert_eq!(file(&world, &analyst, &batch["id"]).await.status.as_u16(), 200);
    let query = "query B($id: BigInt!) { exportBatch(id: $id) { status } }";
    assert_eq!(world.graphql(query, id.clone()).await["exportBatch"]["status"], "FROZEN");
    let deliver = json!({ "id": batch["id"], "channel": "rest", "delivered": false, "note": "timed out" });
    world.save("deliverExportBatch", "DeliverExportBatchInput", deliver).await;
    assert_eq!(world.graphql(query, id.clone()).await["exportBatch"]["status"], "FROZEN");
    world.save("deliverExportBatch", "DeliverExportBatchInput", json!({ "id": batch["id"], "channel": "rest" })).await;
    assert_eq!(world.graphql(query, id).await["exportBatch"]["status"], "EXPORTED");
    let audit = world.graphql("{ auditEvents(filter: { action: \"exportBatch.deliver\" }) { nodes { number } } }", json!({})).await;
    assert_eq!(audit["auditEvents"]["nodes"].as_array().unwrap().len(), 2);
}

async fn whoever_approved_entries_makes_no_batch(world: World) {
    world.book(&[dollars("c1", 3)]).await;
    world.save("saveDuties", "SaveDutiesInput", json!({ "duties": "STRICT" })).await;
    let posting = |account: &str, side: &str| json!({ "account": account, "side": side, "amount": "10", "currency": "USD" });
    let entry = json!({ "idempotencyKey": "e", "effectiveOn": "2026-01-10", "memo": "m", "postings": [posting("6000", "DEBIT"), posting("2100", "CREDIT")] });
    world.save("postJournalEntry", "PostJournalEntryInput", entry).await;
    let otto = world.token_of("otto", "main", Role::Admin, None);
    let approve = "mutation { approveJournalDraft(input: { id: 1 }) { userErrors { code } } }";
    assert_eq!(world.graphql_as(&otto, approve, json!({})).await["approveJournalDraft"]["userErrors"], json!([]));
    assert_eq!(code(&create(&world, &otto, "k", "netsuite", "2026-01").await), "DUTIES_EXCLUDED");
    assert_eq!(create(&world, &world.admin, "k", "netsuite", "2026-01").await["userErrors"], json!([]));
}

async fn a_target_that_exports_other_dimensions_takes_only_what_is_new(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    save_target(&world, json!({ "code": "netsuite", "segments": [] })).await;
    // 1.004 dollars: 0.004 is carried without dimensions.
    world.book(&[charge("c1").tokens(401_600, 0).team("search")]).await;
    assert_eq!(lines(&made(&world, "k1", "netsuite").await), ["2601-0001 6000 1 -", "2601-0001 2100 - 1"]);
    save_target(&world, json!({ "code": "netsuite" })).await;
    world.book(&[dollars("c2", 2).team("search")]).await;
    let second = made(&world, "k2", "netsuite").await;
    assert_eq!(lines(&second), ["2601-0002 6000 2 -", "2601-0002 2100 - 2"]);
    save_target(&world, json!({ "code": "netsuite", "segments": [] })).await;
    world.book(&[charge("c3").tokens(2_400, 0).team("search")]).await;
    // 0.004 + 0.006.
    assert_eq!(lines(&made(&world, "k3", "netsuite").await), ["2601-0003 6000 0.01 -", "2601-0003 2100 - 0.01"]);
    world.assert_verified().await;
}

/// The number of a batch of January in some books.
async fn number_in(world: &World, books: &str, key: &str, target: &str) -> String {
    let token = world.token(books, Role::Admin, None);
    let answer = create(world, &token, key, target, "2026-01").await;
    assert_eq!(answer["userErrors"], json!([]), "{books} {target}");
    answer["batch"]["externalDocumentNumber"].as_str().unwrap().to_owned()
}

/// More books in the same database, with a charge in them.
async fn more_books(world: &World, code: &str) {
    let app = tallybook::app::App::create(&world.database.url(), world.clock.clone(), code).await.unwrap();
    drop(app);
    let token = world.token(code, Role::Admin, None);
    let query = "mutation R($charges: [ChargeInput!]!) { recordCharges(input: { charges: $charges }) { recorded } }";
    let recorded = world.graphql_as(&token, query, json!({ "charges": [dollars("c1", 3).0] })).await;
    assert_eq!(recorded["recordCharges"]["recorded"], 1);
}

async fn save_target_in(world: &World, books: &str, target: Value) -> Value {
    let query = "mutation S($input: SaveExportTargetsInput!) { saveExportTargets(input: $input) { targets { code documentPrefix } userErrors { code path } } }";
    let token = world.token(books, Role::Admin, None);
    world.graphql_as(&token, query, json!({ "input": { "targets": [target] } })).await["saveExportTargets"].take()
}

async fn document_numbers_are_one_targets_own_in_all_books(world: World) {
    world.book(&[dollars("c1", 3)]).await;
    more_books(&world, "mian").await;
    save_target(&world, json!({ "code": "netsuite-eu", "format": "netsuite" })).await;
    let mut numbers = Vec::new();
    for (books, target) in [("main", "netsuite"), ("main", "netsuite-eu"), ("main", "sap"), ("mian", "netsuite"), ("mian", "xero")] {
        if target == "sap" || target == "xero" {
            save_target_in(&world, books, json!({ "code": target, "company": "1000", "currency": "USD" })).await;
        }
        numbers.push(number_in(&world, books, target, target).await);
    }
    let distinct: std::collections::BTreeSet<&String> = numbers.iter().collect();
    assert_eq!(distinct.len(), numbers.len(), "{numbers:?}");
    assert!(numbers.iter().all(|number| number.len() == 13 && number[4..] == *"2601-0001"), "{numbers:?}");
    // The letters are kept for what comes next, also by another process.
    world.book(&[dollars("c2", 1)]).await;
    let other = world.second_process().await;
    assert_eq!(number_in(&other, "main", "again", "netsuite").await, numbers[0].replace("-0001", "-0002"));
    let data = world.graphql("{ exportTargets { code documentPrefix } }", json!({})).await;
    let prefix = |code: &str| {
        let targets = data["exportTargets"].as_array().unwrap();
        targets.iter().find(|target| target["code"] == code).unwrap()["documentPrefix"].clone()
    };
    assert_eq!((prefix("netsuite"), prefix("odoo")), (json!(numbers[0][..4]), Value::Null));
    assert!(world.database.execute("UPDATE export_prefix SET prefix = 'ZZ'").await.is_err(), "letters are given for ever");
    world.assert_verified().await;
}

async fn a_target_keeps_its_letters_and_may_be_given_others(world: World) {
    world.book(&[dollars("c1", 3)]).await;
    more_books(&world, "mian").await;
    let saved = save_target_in(&world, "main", json!({ "code": "netsuite", "documentPrefix": "EMEA" })).await;
    assert_eq!(saved, json!({ "targets": [{ "code": "netsuite", "documentPrefix": "EMEA" }], "userErrors": [] }));
    assert_eq!(number_in(&world, "main", "k1", "netsuite").await, "EMEA2601-0001");
    let taken = json!([{ "code": "EXPORT_TARGET_INVALID", "path": ["targets", "0", "documentPrefix"] }]);
    for (books, target) in [("main", "xero"), ("mian", "netsuite")] {
        let refused = save_target_in(&world, books, json!({ "code": target, "currency": "USD", "documentPrefix": "EMEA" })).await;
        assert_eq!(refused["userErrors"], taken, "{books} {target}");
    }
    for bad in ["A", "emea", "ABCDE", "A1", "", "É9"] {
        let refused = save_target_in(&world, "main", json!({ "code": "netsuite", "documentPrefix": bad })).await;
        assert_eq!(refused["userErrors"], taken, "{bad}");
    }
    // Saved without a word of them, it keeps them; other letters go on with the number, and the earlier ones stay taken.
    let kept = save_target_in(&world, "main", json!({ "code": "netsuite", "mostLines": 50 })).await;
    assert_eq!(kept["targets"][0]["documentPrefix"], "EMEA");
    world.book(&[dollars("c2", 1)]).await;
    save_target_in(&world, "main", json!({ "code": "netsuite", "documentPrefix": "EU" })).await;
    assert_eq!(number_in(&world, "main", "k2", "netsuite").await, "EU2601-000002");
    let refused = save_target_in(&world, "mian", json!({ "code": "netsuite", "documentPrefix": "EMEA" })).await;
    assert_eq!(refused["userErrors"], taken, "numbers with it are in the other system");
    assert_eq!(number_in(&world, "mian", "k3", "netsuite").await.len(), 13);
    world.assert_verified().await;
}

/// Every number was `AL` once, and no target had letters. A target whose numbers alone were may go on with it; another may not.
async fn numbers_of_before_targets_had_letters_stay_as_they_are(world: World) {
    world.book(&[dollars("c1", 3)]).await;
    more_books(&world, "mian").await;
    number_in(&world, "main", "k1", "netsuite").await;
    let unguarded = match world.database.engine() {
        crate::harness::Engine::Sqlite => "DROP TRIGGER export_batch_no_update",
        crate::harness::Engine::Postgres => "ALTER TABLE export_batch DISABLE TRIGGER USER",
    };
    world.database.execute(unguarded).await.unwrap();
    world.database.execute("UPDATE export_batch SET external_number = 'AL2601-000001'").await.unwrap();
    let letters = || json!({ "code": "netsuite", "documentPrefix": "AL" });
    let refused = save_target_in(&world, "mian", letters()).await;
    assert_eq!(refused["userErrors"][0]["code"], "EXPORT_TARGET_INVALID", "the other books have a number with it");
    assert_eq!(save_target_in(&world, "main", letters()).await["userErrors"], json!([]));
    world.book(&[dollars("c2", 1)]).await;
    assert_eq!(number_in(&world, "main", "k2", "netsuite").await, "AL2601-000002");
    let data = world.graphql("{ exportBatches { nodes { externalDocumentNumber } } }", json!({})).await;
    let numbers = json!([{ "externalDocumentNumber": "AL2601-000001" }, { "externalDocumentNumber": "AL2601-000002" }]);
    assert_eq!(data["exportBatches"]["nodes"], numbers);
}
