//! Labor: hours come in once, wait for a rate in sight, and are booked at it; a later rate posts the difference; rates are for few.

use serde_json::{Value, json};
use tallybook::app::auth::{Role, Scope};

use crate::harness::World;

on_both_engines!(
    hours_are_booked_where_the_work_was_done,
    hours_without_a_rate_wait_in_sight_until_one_comes,
    a_persons_rate_wins_and_a_new_one_posts_the_difference,
    a_key_is_recorded_once_for_ever,
    a_person_works_at_most_a_day_a_day_and_takes_back_what_was_recorded,
    what_is_no_hour_and_no_rate_is_refused_with_its_place,
    hours_of_a_closed_month_are_booked_in_the_first_open_one,
    rates_are_for_few_and_totals_for_all,
    recorded_hours_are_never_changed,
    an_entry_of_hours_is_taken_back_with_hours,
);

const RECORD: &str = "mutation R($input: RecordTimeEntriesInput!) { recordTimeEntries(input: $input) { recorded replayed waiting userErrors { code message path } } }";
const SAVE: &str = "mutation S($input: SaveLaborRatesInput!) { saveLaborRates(input: $input) { rebooked rates { id person role costPerHour { amount currency } effectiveFrom effectiveTo }
    userErrors { code message path } } }";

fn hours(id: &str, person: &str, day: &str, hours: &str) -> Value {
    json!({ "source": "hr", "externalId": id, "workedOn": day, "person": person, "role": "engineer", "hours": hours,
        "team": "search", "project": "assistant", "client": "gearpeak", "feature": "answers", "billable": true })
}

fn rate(person: Option<&str>, role: Option<&str>, cost: &str, from: &str, to: Option<&str>) -> Value {
    json!({ "person": person, "role": role, "costPerHour": cost, "currency": "USD", "effectiveFrom": from, "effectiveTo": to })
}

async fn record(world: &World, entries: &[Value]) -> Value {
    world.graphql(RECORD, json!({ "input": { "entries": entries } })).await["recordTimeEntries"].take()
}

async fn save(world: &World, rates: &[Value]) -> Value {
    world.graphql(SAVE, json!({ "input": { "rates": rates } })).await["saveLaborRates"].take()
}

/// Recorded, replayed, waiting.
fn counts(answer: &Value) -> [i64; 3] {
    assert_eq!(answer["userErrors"], json!([]));
    ["recorded", "replayed", "waiting"].map(|count| answer[count].as_i64().unwrap())
}

/// Code and path of each refusal.
fn refusals(answer: &Value) -> Vec<[String; 2]> {
    let refusal = |error: &Value| {
        let path: Vec<&str> = error["path"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        [error["code"].as_str().unwrap().to_owned(), path.join(".")]
    };
    answer["userErrors"].as_array().unwrap().iter().map(refusal).collect()
}

/// Accounts at the end of February, as `code debit credit`.
async fn accounts(world: &World) -> Vec<String> {
    let data = world.graphql("{ trialBalance(asOf: \"2026-02-28\") { rows { account { code } debit credit } } }", json!({})).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = data["trialBalance"]["rows"].as_array().unwrap();
    rows.iter().map(|row| format!("{} {} {}", text(&row["account"]["code"]), text(&row["debit"]), text(&row["credit"]))).collect()
}

/// Entries as `number kind day: postings`.
async fn entries(world: &World) -> Vec<String> {
    let query = "{ journalEntries(first: 20) { nodes { number kind effectiveOn postings { side amount { amount } account { code } team { code } project { code } client { code } feature } } } }";
    let data = world.graphql(query, json!({})).await;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |line: &Value| {
        let dimensions = [&line["team"]["code"], &line["project"]["code"], &line["client"]["code"], &line["feature"]].map(text).join("/");
        format!("{} {} {} {dimensions}", text(&line["side"]), text(&line["account"]["code"]), text(&line["amount"]["amount"]))
    };
    let entry = |entry: &Value| {
        let lines: Vec<String> = entry["postings"].as_array().unwrap().iter().map(line).collect();
        format!("{} {} {}: {}", text(&entry["number"]), text(&entry["kind"]), text(&entry["effectiveOn"]), lines.join(", "))
    };
    data["journalEntries"]["nodes"].as_array().unwrap().iter().map(entry).collect()
}

/// 7.5 hours at 120.00 are 900.00: Dr 5020 on the work, Cr 6790 on the team.
async fn hours_are_booked_where_the_work_was_done(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let saved = save(&world, &[rate(None, Some("engineer"), "120.00", "2026-01-01", None)]).await;
    let expected = json!({ "id": "1", "person": null, "role": "engineer", "costPerHour": { "amount": "120", "currency": "USD" },
        "effectiveFrom": "2026-01-01", "effectiveTo": null });
    assert_eq!((&saved["rates"][0], &saved["rebooked"]), (&expected, &json!(0)));
    assert_eq!(counts(&record(&world, &[hours("t1", "mia", "2026-01-05", "7.5")]).await), [1, 0, 0]);
    assert_eq!(
        entries(&world).await,
        ["1 LABOR 2026-01-05: DEBIT 5020 900 search/assistant/gearpeak/answers, CREDIT 6790 900 search/-/-/-"]
    );
    assert_eq!(accounts(&world).await, ["5020 900 0", "6790 0 900"]);
    world.assert_verified().await;
}

async fn hours_without_a_rate_wait_in_sight_until_one_comes(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let given = [hours("t1", "mia", "2026-01-05", "8"), hours("t2", "leo", "2026-01-06", "2.25")];
    assert_eq!(counts(&record(&world, &given).await), [2, 0, 2]);
    let report = "{ labor(from: \"2026-01-01\", to: \"2026-02-01\", kind: CLIENT) { waitingEntries waitingHours rows { center { code } entries hours cost { amount } } } }";
    let data = world.graphql(report, json!({})).await;
    let row = json!({ "center": { "code": "gearpeak" }, "entries": "2", "hours": "10.25", "cost": [] });
    assert_eq!(data["labor"], json!({ "waitingEntries": "2", "waitingHours": "10.25", "rows": [row] }));
    assert!(entries(&world).await.is_empty(), "no silent zero: nothing is booked at no rate");
    // 8 x 50.00 = 400.00; leo has no rate yet.
    assert_eq!(save(&world, &[rate(Some("mia"), None, "50", "2026-01-01", None)]).await["rebooked"], 1);
    let data = world.graphql(report, json!({})).await;
    assert_eq!([&data["labor"]["waitingEntries"], &data["labor"]["waitingHours"]], [&json!("1"), &json!("2.25")]);
    assert_eq!(data["labor"]["rows"][0]["cost"], json!([{ "amount": "400" }]));
    assert_eq!(accounts(&world).await, ["5020 400 0", "6790 0 400"]);
    world.assert_verified().await;
}

/// 8 hours at 100 are 800; her own 130 makes 1,040, so 240 more; at 90 they are 720, so 320 less. Half a day of the 10th stays at 100.
async fn a_persons_rate_wins_and_a_new_one_posts_the_difference(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    save(&world, &[rate(None, Some("engineer"), "100", "2026-01-01", None)]).await;
    record(&world, &[hours("t1", "mia", "2026-01-05", "8"), hours("t2", "mia", "2026-01-10", "4")]).await;
    let own = |cost: &str| rate(Some("mia"), None, cost, "2026-01-01", Some("2026-01-10"));
    assert_eq!(save(&world, &[own("130")]).await["rebooked"], 1);
    assert_eq!(accounts(&world).await, ["5020 1440 0", "6790 0 1440"], "1,040 and 4 x 100");
    assert_eq!(save(&world, &[own("130")]).await["rebooked"], 0, "the same statement again changes nothing");
    assert_eq!(save(&world, &[own("90")]).await["rebooked"], 1);
    assert_eq!(accounts(&world).await, ["5020 1440 320", "6790 320 1440"], "720 and 400 stay");
    let all = entries(&world).await;
    assert_eq!(all.len(), 4, "every correction is an entry of its own");
    assert_eq!(all[3], "4 LABOR 2026-01-05: CREDIT 5020 320 search/assistant/gearpeak/answers, DEBIT 6790 320 search/-/-/-");
    // Another currency takes the one back and books the other.
    let mut euros = own("80");
    euros["currency"] = json!("EUR");
    assert_eq!(save(&world, &[euros]).await["rebooked"], 1);
    let data = world
        .graphql("{ labor(from: \"2026-01-05\", to: \"2026-01-06\", kind: TEAM) { rows { cost { amount currency } } } }", json!({}))
        .await;
    assert_eq!(data["labor"]["rows"][0]["cost"], json!([{ "amount": "640", "currency": "EUR" }]));
    world.assert_verified().await;
}

async fn a_key_is_recorded_once_for_ever(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    save(&world, &[rate(None, Some("engineer"), "100", "2025-01-01", None)]).await;
    let first = hours("t1", "mia", "2026-01-05", "8");
    assert_eq!(counts(&record(&world, &[first.clone(), first.clone()]).await), [1, 1, 0], "twice in one call");
    world.set_clock("2026-02-10T12:00:00Z");
    assert_eq!(
        counts(&world.second_process().await.graphql(RECORD, json!({ "input": { "entries": [first] } })).await["recordTimeEntries"]),
        [0, 1, 0]
    );
    let other = record(&world, &[hours("t2", "leo", "2026-01-05", "1"), hours("t1", "mia", "2026-01-05", "7")]).await;
    assert_eq!(refusals(&other), [["IDEMPOTENCY_CONFLICT", "entries.1.externalId"]]);
    assert_eq!(world.database.number("SELECT count(*) FROM time_entry").await, 1, "all or nothing");
    assert_eq!(accounts(&world).await, ["5020 800 0", "6790 0 800"]);
}

async fn a_person_works_at_most_a_day_a_day_and_takes_back_what_was_recorded(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    save(&world, &[rate(None, Some("engineer"), "100", "2026-01-01", None)]).await;
    assert_eq!(
        refusals(&record(&world, &[hours("a", "mia", "2026-01-05", "20"), hours("b", "mia", "2026-01-05", "4.5")]).await),
        [["HOURS_EXCEEDED", "entries.1.hours"]]
    );
    assert_eq!(counts(&record(&world, &[hours("a", "mia", "2026-01-05", "20")]).await), [1, 0, 0]);
    assert_eq!(refusals(&record(&world, &[hours("b", "mia", "2026-01-05", "4.000001")]).await), [["HOURS_EXCEEDED", "entries.0.hours"]]);
    assert_eq!(
        counts(&record(&world, &[hours("b", "leo", "2026-01-05", "4.5")]).await),
        [1, 0, 0],
        "another person has a day of their own"
    );
    // Entered too long: twelve hours are taken back, and no more than there are.
    assert_eq!(counts(&record(&world, &[hours("a-corrected", "mia", "2026-01-05", "-12")]).await), [1, 0, 0]);
    assert_eq!(refusals(&record(&world, &[hours("c", "mia", "2026-01-05", "-8.5")]).await), [["HOURS_EXCEEDED", "entries.0.hours"]]);
    assert_eq!(accounts(&world).await, ["5020 2450 1200", "6790 1200 2450"], "20 and 4.5 hours, less 12");
    world.assert_verified().await;
}

async fn what_is_no_hour_and_no_rate_is_refused_with_its_place(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    for bad in ["0", "24.1", "1.0000001", "eight"] {
        assert_eq!(
            refusals(&record(&world, &[hours("t", "mia", "2026-01-05", bad)]).await),
            [["HOURS_INVALID", "entries.0.hours"]],
            "{bad}"
        );
    }
    let mut unknown = hours("t", "mia", "2026-01-05", "1");
    unknown["client"] = json!("nobody");
    let nameless = hours("u", "", "2026-01-05", "1");
    assert_eq!(refusals(&record(&world, &[unknown]).await), [["COST_CENTER_UNKNOWN", "entries.0.client"]]);
    assert_eq!(refusals(&record(&world, &[nameless]).await), [["MISSING_FIELD", "entries.0.person"]]);
    assert_eq!(refusals(&record(&world, &[hours("v", "mia", "2026-03-01", "1")]).await), [["DATE_OUT_OF_RANGE", "entries.0.workedOn"]]);
    let many: Vec<Value> = (0..1001).map(|number| hours(&format!("m{number}"), "mia", "2026-01-05", "0.001")).collect();
    assert_eq!(refusals(&record(&world, &many).await), [["TOO_MANY_ITEMS", "entries"]]);
    let bad = [
        rate(None, None, "1", "2026-01-01", None),
        rate(Some("mia"), None, "-1", "2026-01-01", None),
        rate(Some("mia"), None, "1", "2026-01-02", Some("2026-01-02")),
    ];
    assert_eq!(
        refusals(&save(&world, &bad).await),
        [
            ["LABOR_RATE_INVALID", "rates.0.person"],
            ["LABOR_RATE_INVALID", "rates.1.costPerHour"],
            ["LABOR_RATE_INVALID", "rates.2.effectiveTo"]
        ]
    );
    assert_eq!(world.database.number("SELECT count(*) FROM labor_rate").await, 0);
    assert_eq!(world.database.number("SELECT count(*) FROM time_entry").await, 0);
}

async fn hours_of_a_closed_month_are_booked_in_the_first_open_one(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    save(&world, &[rate(None, Some("engineer"), "100", "2025-01-01", None)]).await;
    let close = "mutation { closePeriod(input: { period: \"2025-12\", acceptOpenItems: \"agreed\" }) { userErrors { code } } }";
    assert_eq!(world.graphql(close, json!({})).await["closePeriod"]["userErrors"], json!([]));
    record(&world, &[hours("late", "mia", "2025-12-30", "1")]).await;
    let query = "{ journalEntry(number: 1) { effectiveOn serviceOn } }";
    assert_eq!(world.graphql(query, json!({})).await["journalEntry"], json!({ "effectiveOn": "2026-01-01", "serviceOn": "2025-12-30" }));
    world.assert_verified().await;
}

async fn rates_are_for_few_and_totals_for_all(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    save(&world, &[rate(None, Some("engineer"), "100", "2026-01-01", None)]).await;
    record(&world, &[hours("t1", "mia", "2026-01-05", "8"), hours("t2", "leo", "2026-01-05", "2")]).await;
    let viewer = world.token("main", Role::Viewer, None);
    let report = "{ labor(from: \"2026-01-01\", to: \"2026-02-01\", kind: CLIENT) { rows { entries hours cost { amount } } } }";
    let seen = world.graphql_as(&viewer, report, json!({})).await;
    assert_eq!(seen["labor"]["rows"], json!([{ "entries": "2", "hours": null, "cost": null }]), "two persons are too few");
    let auditor = world.token("main", Role::Auditor, None);
    let seen = world.graphql_as(&auditor, report, json!({})).await;
    assert_eq!(seen["labor"]["rows"], json!([{ "entries": "2", "hours": "10", "cost": [{ "amount": "1000" }] }]));
    record(&world, &[hours("t3", "kim", "2026-01-05", "1")]).await;
    let seen = world.graphql_as(&viewer, report, json!({})).await;
    assert_eq!(seen["labor"]["rows"], json!([{ "entries": "3", "hours": "11", "cost": [{ "amount": "1100" }] }]));
    for role in [Role::Viewer, Role::Analyst, Role::Approver, Role::Closer, Role::Integrator] {
        let token = world.token("main", role, None);
        assert_eq!(world.graphql_error(&token, "{ laborRates { costPerHour { amount } } }", json!({})).await, "FORBIDDEN", "{role}");
    }
    let limited = world.token("main", Role::Preparer, Some(Scope { teams: ["search".to_owned()].into(), ..Scope::default() }));
    assert_eq!(world.graphql_error(&limited, report, json!({})).await, "FORBIDDEN");
    let integrator = world.token("main", Role::Integrator, None);
    let given = json!({ "input": { "entries": [hours("t4", "kim", "2026-01-06", "1")] } });
    assert_eq!(world.graphql_as(&integrator, RECORD, given).await["recordTimeEntries"]["recorded"], 1);
    // The audit log has readers who may not know what an hour costs.
    let events = world.graphql("{ auditEvents(filter: { action: \"laborRate.save\" }) { nodes { after } } }", json!({})).await;
    let after: Value = serde_json::from_str(events["auditEvents"]["nodes"][0]["after"].as_str().unwrap()).unwrap();
    assert_eq!(after, json!({ "added": 1, "rates": ["1: * as engineer from 2026-01-01"], "rebooked": 0 }));
}

async fn recorded_hours_are_never_changed(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    save(&world, &[rate(None, Some("engineer"), "100", "2026-01-01", None)]).await;
    record(&world, &[hours("t1", "mia", "2026-01-05", "8")]).await;
    for table in ["labor_rate", "time_entry", "time_booking"] {
        assert_eq!(world.database.number(&format!("SELECT count(*) FROM {table}")).await, 1, "{table}");
        for change in [format!("UPDATE {table} SET recorded_at = 0"), format!("DELETE FROM {table}")] {
            let refusal = world.database.execute(&change).await.expect_err(&change);
            assert!(refusal.contains("never"), "{change}: {refusal}");
        }
    }
}

async fn an_entry_of_hours_is_taken_back_with_hours(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    save(&world, &[rate(None, Some("engineer"), "100", "2026-01-01", None)]).await;
    record(&world, &[hours("h1", "pia", "2026-01-12", "2")]).await;
    let reverse = json!({ "idempotencyKey": "r", "number": "1", "effectiveOn": "2026-01-14", "reason": "r" });
    let refused = world.refusals("reverseJournalEntry", "ReverseJournalEntryInput", reverse).await;
    assert_eq!(refused[0]["code"], "LABOR_ENTRY");
    assert_eq!(counts(&record(&world, &[hours("h1-back", "pia", "2026-01-12", "-2")]).await), [1, 0, 0]);
    assert_eq!(accounts(&world).await, ["5020 200 200", "6790 200 200"]);
    world.assert_verified().await;
}
