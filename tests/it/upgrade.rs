//! A database file of the first release is opened by this program: it is brought up to date, keeps every figure, and goes on.

use migration::{Migrator, MigratorTrait};
use serde_json::{Value, json};

use crate::harness::{Database, Engine, World, charge, run};

on_both_engines!(hours_of_before_get_their_sums);

/// Migrations of the first release.
const FIRST_RELEASE: u32 = 2;

/// Migrations up to the one before the sums of hours.
const BEFORE_SUMS: u32 = 12;

const FIGURES: &str = r#"{
    trialBalance(asOf: "2026-12-31") { throughEntry rows { account { code } currency debit credit balance } }
    spend(from: "2026-01-01", to: "2026-02-01", groupBy: [TEAM, MODEL]) { rows { keys { code } cost { amount currency } charges inputTokens } unpricedCharges }
    journalEntries(first: 100) { nodes { number kind effectiveOn memo postings { side amount { amount currency } account { code } team { code } } } }
}"#;

/// The file as the first release would have left it: its tables, its columns, its guards, the rows of `filled`.
async fn old_file_of(filled: &Database) -> Database {
    let old = Database::empty(Engine::Sqlite).await;
    let connection = sea_orm::Database::connect(format!("sqlite://{}?mode=rwc", old.path().display())).await.unwrap();
    Migrator::up(&connection, Some(FIRST_RELEASE)).await.unwrap();
    connection.close().await.unwrap();
    let file = rusqlite::Connection::open(old.path()).unwrap();
    file.execute_batch(&format!("ATTACH '{}' AS filled", filled.path().display())).unwrap();
    let list = |sql: &str| -> Vec<String> {
        file.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let tables = list(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT IN ('seaql_migrations', 'posting', 'journal_entry', 'books_head')",
    );
    // The guards let postings in before their entry, and both before the head says so.
    let in_order = tables.into_iter().chain(["posting", "journal_entry", "books_head"].map(str::to_owned));
    for table in in_order {
        let columns = list(&format!("SELECT name FROM pragma_table_info('{table}', 'main')")).join(", ");
        file.execute_batch(&format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM filled.{table}")).unwrap();
    }
    old
}

#[test]
fn a_file_of_the_first_release_goes_on() {
    run(Engine::Sqlite, async |world: World| {
        world.save_centers("search", "assistant", "gearpeak").await;
        world.book(&[charge("one").team("search"), charge("two"), charge("three").on("2026-01-07T10:00:00Z")]).await;
        world.record_one(charge("waits").model("openai", "never-priced")).await;
        let reverse = json!({ "input": { "idempotencyKey": "r", "number": "2", "effectiveOn": "2026-01-10", "reason": "twice" } });
        let mutation = "mutation($input: ReverseJournalEntryInput!) { reverseJournalEntry(input: $input) { userErrors { code } } }";
        world.graphql(mutation, reverse).await;
        let before: Value = world.graphql(FIGURES, json!({})).await;

        let old = old_file_of(&world.database).await;
        assert_eq!(old.number("SELECT count(*) FROM pragma_table_info('journal_entry') WHERE name = 'service_on'").await, 0);
        let upgraded = World::open(old.clone()).await;
        assert_eq!(upgraded.graphql(FIGURES, json!({})).await, before, "every figure is as it was");
        assert_eq!(upgraded.record_one(charge("one").team("search")).await["status"], "REPLAYED");
        upgraded.book(&[charge("four")]).await;
        let draft = "mutation { draftChargebacks(input: { period: \"2026-01\", kind: TEAM, showback: true }) { statements { number total { amount } } } }";
        let drafted = upgraded.graphql(draft, json!({})).await["draftChargebacks"]["statements"].take();
        assert_eq!(drafted, json!([{ "number": "CB-000001", "total": { "amount": "0.0065" } }]), "what was booked before is charged");
        let report = tallybook::app::verify::verify(&upgraded.app, "main").await.unwrap();
        let faults: Vec<_> = report.checks.iter().flat_map(|check| &check.faults).collect();
        assert!(faults.is_empty(), "{faults:?}");
        drop(upgraded);
        old.remove();
    });
}

/// Hours of the last of December, of a leap day and of two entries of one person in one month, recorded by a program that kept no sums.
async fn hours_of_before_get_their_sums(world: World) {
    let old = Database::empty(world.database.engine()).await;
    let url = if world.database.engine() == Engine::Sqlite { format!("{}?mode=rwc", old.url()) } else { old.url() };
    let connection = sea_orm::Database::connect(url).await.unwrap();
    Migrator::up(&connection, Some(BEFORE_SUMS)).await.unwrap();
    connection.close().await.unwrap();
    let hours = [
        (1, "2025-12-31", "mia", 1),
        (2, "2024-02-29", "mia", 2),
        (3, "2026-01-01", "mia", 3),
        (4, "2026-01-31", "mia", -1),
        (5, "2026-01-31", "leo", 8),
    ];
    for (number, day, person, hours) in hours {
        let day = day.parse::<chrono::NaiveDate>().unwrap().signed_duration_since(chrono::NaiveDate::default()).num_days();
        let insert = format!(
            "INSERT INTO time_entry (books_id, number, source, external_id, content_hash, worked_on, person, hours_millionths, is_billable, \
             block_id, applied_block_id, recorded_at) VALUES (1, {number}, 'hr', '{number}', 0, {day}, '{person}', {hours}000000, 1, 7, 8, 0)"
        );
        old.execute(&insert).await.unwrap();
    }
    let upgraded = World::open(old.clone()).await;
    for (month, sum) in [(671, 1_000_000), (649, 2_000_000), (672, 10_000_000)] {
        let sql = format!("SELECT hours_millionths FROM time_month WHERE books_id = 1 AND block_id = 7 AND month = {month}");
        assert_eq!(old.number(&sql).await, sum, "{month}");
    }
    assert_eq!(old.number("SELECT hours_millionths FROM time_person_month WHERE month = 672 AND person = 'mia'").await, 2_000_000);
    assert_eq!(old.number("SELECT count(*) FROM time_person_month").await, 4);
    upgraded.assert_verified().await;
    drop(upgraded);
    old.remove();
}
