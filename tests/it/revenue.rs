//! Revenue: recorded once, booked as it is earned, at once, over time or by how much is done; taken back with a reason.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use crate::harness::World;

on_both_engines!(
    revenue_is_owed_by_the_client_and_earned_by_the_work,
    revenue_over_time_is_booked_month_by_month_as_it_comes,
    revenue_by_percentage_is_what_the_contract_lacks,
    quantity_times_price_is_the_amount,
    revenue_is_read_back_as_it_was_recorded,
    a_key_of_revenue_is_recorded_once_for_ever,
    what_is_no_revenue_is_refused_with_its_place,
    revenue_of_a_closed_month_is_booked_in_the_first_open_one,
    revenue_is_taken_back_with_a_reason_and_never_changed,
    revenue_needs_a_token_for_all_centers,
    verify_names_parts_that_do_not_add_up,
);

const RECORD: &str = "mutation R($input: RecordRevenueInput!) { recordRevenue(input: $input) { recorded replayed waiting userErrors { code message path } } }";
const RECOGNIZE: &str = "mutation R($input: RecognizeRevenueInput!) { recognizeRevenue(input: $input) { recognized waiting { parts amounts { amount currency } } userErrors { code path } } }";

fn revenue(id: &str, day: &str, amount: &str) -> Value {
    json!({ "source": "crm", "externalId": id, "earnedOn": day, "amount": amount, "currency": "USD", "team": "search",
        "project": "assistant", "client": "gearpeak", "feature": "answers" })
}

/// The same with other fields in place of, or beside, those of [`revenue`]; null leaves one out.
fn with(mut entry: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        entry[name] = value.clone();
    }
    entry
}

async fn record(world: &World, entries: &[Value]) -> Value {
    world.graphql(RECORD, json!({ "input": { "entries": entries } })).await["recordRevenue"].take()
}

async fn recognize(world: &World, through: &str) -> Value {
    world.graphql(RECOGNIZE, json!({ "input": { "through": through } })).await["recognizeRevenue"].take()
}

/// Recorded, replayed, waiting.
fn counts(answer: &Value) -> [i64; 3] {
    assert_eq!(answer["userErrors"], json!([]));
    ["recorded", "replayed", "waiting"].map(|count| answer[count].as_i64().unwrap())
}

fn refusals(answer: &Value) -> Vec<[String; 2]> {
    let refusal = |error: &Value| {
        let path: Vec<&str> = error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        [error["code"].as_str().unwrap().to_owned(), path.join(".")]
    };
    answer["userErrors"].as_array().unwrap().iter().map(refusal).collect()
}

/// Entries as `number kind day (service day): postings`.
async fn entries(world: &World) -> Vec<String> {
    let query = "{ journalEntries(first: 30) { nodes { number kind effectiveOn serviceOn memo postings { side amount { amount } account { code } team { code } client { code } feature } } } }";
    let data = world.graphql(query, json!({})).await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |line: &Value| {
        let dimensions = [&line["team"]["code"], &line["client"]["code"], &line["feature"]].map(text).join("/");
        format!("{} {} {} {dimensions}", text(&line["side"]), text(&line["account"]["code"]), text(&line["amount"]["amount"]))
    };
    let entry = |entry: &Value| {
        let lines: Vec<String> = entry["postings"].as_array().unwrap().iter().map(line).collect();
        let days = [&entry["kind"], &entry["effectiveOn"], &entry["serviceOn"], &entry["memo"]].map(text).join(" ");
        format!("{} {days}: {}", text(&entry["number"]), lines.join(", "))
    };
    data["journalEntries"]["nodes"].as_array().unwrap().iter().map(entry).collect()
}

async fn centers(world: &World) {
    world.save_centers("search", "assistant", "gearpeak").await;
}

async fn revenue_is_owed_by_the_client_and_earned_by_the_work(world: World) {
    centers(&world).await;
    assert_eq!(
        counts(&record(&world, &[with(revenue("r1", "2026-01-05", "1250.50"), &json!({ "memo": "January audit" }))]).await),
        [1, 0, 0]
    );
    assert_eq!(
        entries(&world).await,
        ["1 REVENUE 2026-01-05 - January audit: DEBIT 1150 1250.5 -/gearpeak/-, CREDIT 4000 1250.5 search/gearpeak/answers"]
    );
    world.assert_verified().await;
}

/// 100 from 15 January to 14 March: 17, 28 and 14 of 59 days. January and February come while the year goes on; the mutation books each once.
async fn revenue_over_time_is_booked_month_by_month_as_it_comes(mut world: World) {
    centers(&world).await;
    let spread = with(revenue("r1", "2026-01-15", "100"), &json!({ "earnedThrough": "2026-03-14", "kind": "SUBSCRIPTION_SHARE" }));
    assert_eq!(counts(&record(&world, std::slice::from_ref(&spread)).await), [1, 0, 3], "no part is earned on 15 January");
    assert!(entries(&world).await.is_empty());
    assert_eq!(refusals(&recognize(&world, "2026-01-31").await), [["DATE_OUT_OF_RANGE", "through"]]);
    let waiting = world.graphql("{ waitingRevenue { parts amounts { amount currency } } }", json!({})).await;
    assert_eq!(waiting["waitingRevenue"], json!({ "parts": "3", "amounts": [{ "amount": "100", "currency": "USD" }] }));
    world.set_clock("2026-03-01T12:00:00Z");
    // Tokens end after a day.
    world.admin = world.token("main", Role::Admin, None);
    assert_eq!(recognize(&world, "2026-02-27").await["recognized"], 1);
    let second = recognize(&world, "2026-03-01").await;
    assert_eq!(second["recognized"], 1);
    assert_eq!(second["waiting"], json!({ "parts": "1", "amounts": [{ "amount": "23.728813559", "currency": "USD" }] }));
    assert_eq!(recognize(&world, "2026-03-01").await["recognized"], 0, "run again it finds nothing");
    let told = world.graphql("{ auditEvents(filter: { action: \"revenue.recognize\" }) { nodes { after } } }", json!({})).await;
    let told = told["auditEvents"]["nodes"].as_array().unwrap().clone();
    assert_eq!(told.len(), 2);
    assert_eq!(told[1]["after"], json!("{\"recognized\":1,\"through\":\"2026-03-01\"}"));
    assert_eq!(counts(&record(&world, &[spread]).await), [0, 1, 0]);
    world.set_clock("2026-03-14T12:00:00Z");
    world.admin = world.token("main", Role::Admin, None);
    assert_eq!(recognize(&world, "2026-03-14").await["waiting"], json!({ "parts": "0", "amounts": [] }));
    assert_eq!(
        entries(&world).await,
        [
            "1 REVENUE 2026-01-31 - -: DEBIT 1150 28.813559322 -/gearpeak/-, CREDIT 4000 28.813559322 search/gearpeak/answers",
            "2 REVENUE 2026-02-28 - -: DEBIT 1150 47.457627119 -/gearpeak/-, CREDIT 4000 47.457627119 search/gearpeak/answers",
            "3 REVENUE 2026-03-14 - -: DEBIT 1150 23.728813559 -/gearpeak/-, CREDIT 4000 23.728813559 search/gearpeak/answers",
        ]
    );
    world.assert_verified().await;
}

/// A contract of 1,000.00: a third is 333.3333, then 50 % adds 166.6667, the estimate falls to 40 %, and all of it is 1,000.00 in the end.
async fn revenue_by_percentage_is_what_the_contract_lacks(world: World) {
    centers(&world).await;
    let done = |id: &str, day: &str, percent: &str| {
        let fields = json!({ "amount": null, "contract": "gp-7", "contractAmount": "1000.00", "percentComplete": percent });
        with(revenue(id, day, "0"), &fields)
    };
    let given = [done("p1", "2026-01-05", "33.3333"), done("p2", "2026-01-06", "50"), done("p2b", "2026-01-07", "50")];
    assert_eq!(counts(&record(&world, &given).await), [3, 0, 0]);
    assert_eq!(
        counts(&record(&world, &[done("p3", "2026-01-08", "40")]).await),
        [1, 0, 0],
        "less is done than was thought: no reason asked"
    );
    assert_eq!(counts(&record(&world, &[given[0].clone(), done("p4", "2026-01-09", "100")]).await), [1, 1, 0]);
    let amounts = ["DEBIT 1150 333.333", "DEBIT 1150 166.667", "CREDIT 1150 100", "DEBIT 1150 600"];
    let all = entries(&world).await;
    assert_eq!(all.len(), 4, "unchanged progress books nothing: {all:?}");
    for (entry, amount) in all.iter().zip(amounts) {
        assert!(entry.contains(amount), "{entry}");
    }
    assert_eq!(world.account("4000").await, Some(("100".to_owned(), "1100".to_owned())));
    let euros = with(done("p5", "2026-01-09", "100"), &json!({ "currency": "EUR" }));
    assert_eq!(refusals(&record(&world, &[euros]).await), [["REVENUE_INVALID", "entries.0.currency"]]);
    world.assert_verified().await;
}

async fn quantity_times_price_is_the_amount(world: World) {
    centers(&world).await;
    let priced =
        |id: &str, fields: &Value| with(with(revenue(id, "2026-01-05", "0"), &json!({ "amount": null, "kind": "PER_UNIT" })), fields);
    // 2.5 x 0.333333333333 = 0.8333333333325
    let given = [
        priced("q1", &json!({ "quantity": "2.5", "unitPrice": "0.333333333333" })),
        priced("q2", &json!({ "quantity": "12", "unitPrice": "150", "amount": "1800", "kind": "TIME_AND_MATERIAL" })),
    ];
    assert_eq!(counts(&record(&world, &given).await), [2, 0, 0]);
    assert_eq!(world.account("4000").await, Some(("0".to_owned(), "1800.833333333".to_owned())));
    let bad = [
        priced("q3", &json!({ "quantity": "2", "unitPrice": "3", "amount": "7" })),
        priced("q4", &json!({ "quantity": "2" })),
        priced("q5", &json!({ "quantity": "2", "unitPrice": "3", "kind": "RETAINER" })),
    ];
    assert_eq!(
        refusals(&record(&world, &bad).await),
        [["REVENUE_INVALID", "entries.0.amount"], ["REVENUE_INVALID", "entries.1.unitPrice"], ["REVENUE_INVALID", "entries.2.quantity"]]
    );
    world.assert_verified().await;
}

const ENTRIES: &str = "query E($from: Date, $to: Date, $after: String, $first: Int) { revenueEntries(from: $from, to: $to, after: $after, first: $first) {
    nodes { id source externalId kind earnedOn earnedThrough amount { amount currency } recognized { amount } contract contractAmount { amount } percentComplete
        quantity unitPrice team { code } project { code } client { code } feature memo recordedAt } pageInfo { endCursor hasNextPage } } }";

/// Two thirds of a cent have more decimals than the ledger: 1,500 x 0.0066666666666666 = 9.9999999999999, which rounds to 10.00.
async fn revenue_is_read_back_as_it_was_recorded(world: World) {
    centers(&world).await;
    let priced =
        json!({ "amount": null, "kind": "PER_UNIT", "quantity": "1500", "unitPrice": "0.00666666666666660", "memo": "January tickets" });
    let done = json!({ "amount": null, "contract": "gp-7", "contractAmount": "1000", "percentComplete": "33.3333" });
    let over = json!({ "earnedThrough": "2026-01-20", "kind": "RETAINER", "team": null, "feature": null });
    let given = [
        with(revenue("q1", "2026-01-05", "0"), &priced),
        with(revenue("p1", "2026-01-06", "0"), &done),
        with(revenue("s1", "2026-01-11", "100"), &over),
    ];
    assert_eq!(counts(&record(&world, &given).await), [3, 0, 1]);
    let read = async |variables: Value| world.graphql(ENTRIES, variables).await["revenueEntries"].take();
    let all = read(json!({})).await;
    let expected = json!({ "id": "1", "source": "crm", "externalId": "q1", "kind": "PER_UNIT", "earnedOn": "2026-01-05", "earnedThrough": "2026-01-05",
        "amount": { "amount": "10", "currency": "USD" }, "recognized": { "amount": "10" }, "contract": null, "contractAmount": null,
        "percentComplete": null, "quantity": "1500", "unitPrice": "0.0066666666666666", "team": { "code": "search" }, "project": { "code": "assistant" },
        "client": { "code": "gearpeak" }, "feature": "answers", "memo": "January tickets", "recordedAt": "2026-01-15T12:00:00Z" });
    assert_eq!(all["nodes"][0], expected);
    let by_percentage = &all["nodes"][1];
    assert_eq!([&by_percentage["contract"], &by_percentage["percentComplete"]], ["gp-7", "33.3333"]);
    assert_eq!([&by_percentage["contractAmount"]["amount"], &by_percentage["amount"]["amount"]], ["1000", "333.333"]);
    assert_eq!([&by_percentage["quantity"], &by_percentage["unitPrice"]], [&Value::Null, &Value::Null]);
    let waits = &all["nodes"][2];
    assert_eq!([&waits["earnedThrough"], &waits["recognized"]["amount"]], ["2026-01-20", "0"]);
    assert_eq!([&waits["team"], &waits["feature"]], [&Value::Null, &Value::Null]);
    let ids =
        |page: &Value| page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let first = read(json!({ "first": 2 })).await;
    assert_eq!((ids(&first), &first["pageInfo"]["hasNextPage"]), (vec!["1".to_owned(), "2".to_owned()], &json!(true)));
    assert_eq!(ids(&read(json!({ "first": 2, "after": first["pageInfo"]["endCursor"] })).await), ["3"]);
    assert_eq!(ids(&read(json!({ "from": "2026-01-06", "to": "2026-01-11" })).await), ["2"]);
    let limited = world.token("main", Role::Viewer, Some(Scope { teams: ["search".to_owned()].into(), ..Scope::default() }));
    assert_eq!(world.graphql_error(&limited, ENTRIES, json!({})).await, "FORBIDDEN");
    let reversed = json!({ "from": "2026-01-11", "to": "2026-01-06" });
    assert_eq!(world.graphql_error(&world.admin, ENTRIES, reversed).await, "RANGE_INVALID");
    // Revenue of an earlier version has no price; one whose price was changed by hand is named.
    let sql = "INSERT INTO revenue_entry SELECT books_id, 4, source, 'old', content_hash, kind, earned_from, earned_through, amount, currency_id, block_id, \
        receivable_block_id, contract, contract_amount, percent_millionths, quantity_millionths, memo, recorded_at, {price} FROM revenue_entry WHERE number = 1";
    world.database.execute(&sql.replace("{price}", "NULL")).await.unwrap();
    let old = read(json!({})).await["nodes"][3].clone();
    assert_eq!([&old["quantity"], &old["unitPrice"]], [&json!("1500"), &Value::Null]);
    world
        .database
        .execute(&sql.replace("{price}", "'0.007'").replace("books_id, 4", "books_id, 5").replace("'old'", "'other'"))
        .await
        .unwrap();
    let faults = world.faults().await;
    assert!(faults.iter().any(|fault| fault.contains("revenue 5 is") && fault.contains("unit price")), "{faults:?}");
}

async fn a_key_of_revenue_is_recorded_once_for_ever(world: World) {
    centers(&world).await;
    let first = revenue("r1", "2026-01-05", "100");
    assert_eq!(counts(&record(&world, &[first.clone(), with(first.clone(), &json!({ "amount": "100.00" }))]).await), [1, 1, 0]);
    let again = world.second_process().await.graphql(RECORD, json!({ "input": { "entries": [first] } })).await;
    assert_eq!(counts(&again["recordRevenue"]), [0, 1, 0]);
    let other = record(&world, &[revenue("r2", "2026-01-05", "1"), revenue("r1", "2026-01-05", "101")]).await;
    assert_eq!(refusals(&other), [["IDEMPOTENCY_CONFLICT", "entries.1.externalId"]]);
    assert_eq!(world.database.number("SELECT count(*) FROM revenue_entry").await, 1, "all or nothing");
    assert_eq!(world.account("4000").await, Some(("0".to_owned(), "100".to_owned())));
}

async fn what_is_no_revenue_is_refused_with_its_place(world: World) {
    centers(&world).await;
    let base = || revenue("r", "2026-01-05", "5");
    for (fields, code, path) in [
        (json!({ "amount": "0" }), "REVENUE_INVALID", "amount"),
        (json!({ "amount": null }), "REVENUE_INVALID", "amount"),
        (json!({ "amount": "-5" }), "REVENUE_REASON_MISSING", "memo"),
        (json!({ "amount": "1,5" }), "AMOUNT_INVALID", "amount"),
        (json!({ "percentComplete": "40" }), "REVENUE_INVALID", "contractAmount"),
        (json!({ "client": "nobody" }), "COST_CENTER_UNKNOWN", "client"),
        (json!({ "source": "" }), "MISSING_FIELD", "source"),
        (json!({ "earnedOn": "2026-03-01" }), "DATE_OUT_OF_RANGE", "earnedOn"),
        (json!({ "earnedThrough": "2026-01-04" }), "RANGE_INVALID", "earnedThrough"),
        (json!({ "earnedThrough": "2206-01-04" }), "DATE_OUT_OF_RANGE", "earnedThrough"),
    ] {
        let refused = record(&world, &[with(base(), &fields)]).await;
        assert_eq!(refusals(&refused), [[code.to_owned(), format!("entries.0.{path}")]], "{fields}");
    }
    let many: Vec<Value> = (0..1001).map(|number| revenue(&format!("m{number}"), "2026-01-05", "1")).collect();
    assert_eq!(refusals(&record(&world, &many).await), [["TOO_MANY_ITEMS", "entries"]]);
    assert_eq!(world.database.number("SELECT count(*) FROM revenue_entry").await, 0);
}

async fn revenue_of_a_closed_month_is_booked_in_the_first_open_one(world: World) {
    centers(&world).await;
    let close = "mutation { closePeriod(input: { period: \"2025-12\", acceptOpenItems: \"agreed\" }) { userErrors { code } } }";
    assert_eq!(world.graphql(close, json!({})).await["closePeriod"]["userErrors"], json!([]));
    let over = with(revenue("late", "2025-12-01", "63"), &json!({ "earnedThrough": "2026-01-15" }));
    assert_eq!(counts(&record(&world, &[over]).await), [1, 0, 0]);
    let all = entries(&world).await;
    // 63 over 31 and 15 of 46 days.
    assert!(all[0].starts_with("1 REVENUE 2026-01-01 2025-12-31 -: DEBIT 1150 42.456521739"), "{all:?}");
    assert!(all[1].starts_with("2 REVENUE 2026-01-15 - -: DEBIT 1150 20.543478261"), "{all:?}");
    world.assert_verified().await;
}

async fn revenue_is_taken_back_with_a_reason_and_never_changed(world: World) {
    centers(&world).await;
    record(&world, &[revenue("r1", "2026-01-05", "100")]).await;
    let reverse = json!({ "idempotencyKey": "r", "number": "1", "effectiveOn": "2026-01-14", "reason": "r" });
    let refused = world.refusals("reverseJournalEntry", "ReverseJournalEntryInput", reverse).await;
    assert_eq!(refused[0]["code"], "REVENUE_ENTRY");
    let back = with(revenue("r1-back", "2026-01-05", "-100"), &json!({ "memo": "client withdrew" }));
    assert_eq!(counts(&record(&world, &[back]).await), [1, 0, 0]);
    assert_eq!(world.account("4000").await, Some(("100".to_owned(), "100".to_owned())));
    for table in ["revenue_entry", "revenue_part", "revenue_recognition"] {
        for change in [format!("UPDATE {table} SET books_id = books_id"), format!("DELETE FROM {table}")] {
            let refusal = world.database.execute(&change).await.expect_err(&change);
            assert!(refusal.contains("never"), "{change}: {refusal}");
        }
    }
    world.assert_verified().await;
}

async fn revenue_needs_a_token_for_all_centers(world: World) {
    centers(&world).await;
    let limited = world.token("main", Role::Preparer, Some(Scope { teams: ["search".to_owned()].into(), ..Scope::default() }));
    let given = json!({ "input": { "entries": [revenue("r1", "2026-01-05", "100")] } });
    assert_eq!(world.graphql_error(&limited, RECORD, given.clone()).await, "FORBIDDEN");
    assert_eq!(world.graphql_error(&limited, RECOGNIZE, json!({ "input": { "through": "2026-01-05" } })).await, "FORBIDDEN");
    let integrator = world.token("main", Role::Integrator, None);
    assert_eq!(world.graphql_as(&integrator, RECORD, given).await["recordRevenue"]["recorded"], 1);
}

async fn verify_names_parts_that_do_not_add_up(world: World) {
    centers(&world).await;
    record(&world, &[with(revenue("r1", "2026-01-15", "100"), &json!({ "earnedThrough": "2026-03-14" }))]).await;
    world.database.execute("DELETE FROM waiting_revenue WHERE part = 2").await.unwrap();
    let faults = world.faults().await;
    assert!(faults.iter().any(|fault| fault.contains("part 2 of revenue 1")), "{faults:?}");
}
