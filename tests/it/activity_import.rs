//! Files of hours, revenue and outputs, as people save them: what can be read is recorded, what cannot is named, and again is safe.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::World;

on_both_engines!(
    hours_come_from_a_file_with_semicolons_quotes_and_duplicates,
    revenue_comes_from_a_file_and_is_recognized_by_a_command,
    outputs_come_from_a_file_of_more_than_a_batch,
    a_file_with_other_columns_is_refused_as_a_whole,
);

/// A file of its own for a test.
fn file(world: &World, name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("tallybook-{name}-{}-{:?}.csv", std::process::id(), world.database.engine()));
    std::fs::write(&path, text).unwrap();
    path
}

/// The exit code and everything that was said.
fn said(world: &World, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallybook"));
    command.args(["activity"]).args(arguments).args(["--books", "main", "--database-url", &world.database.url()]);
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

fn counts(text: &str) -> Vec<&str> {
    text.lines().take(4).filter_map(|line| line.split_whitespace().nth(1)).collect()
}

async fn hours_come_from_a_file_with_semicolons_quotes_and_duplicates(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let text = "\u{feff}source;externalId;workedOn;person;role;hours;team;client;billable\r\n\
        hr;1;2026-01-05;\"K\u{fc}hn; Mia \"\"M\"\"\";engineer;7.5;search;gearpeak;true\r\n\
        hr;1;2026-01-05;\"K\u{fc}hn; Mia \"\"M\"\"\";engineer;7.50;search;gearpeak;TRUE\r\n\
        hr;2;2026-01-05;\u{674e};engineer;7,5;search;gearpeak;\r\n\
        hr;3;2026-01-05;\u{674e};\"lead\r\nengineer\";8;search;gearpeak;\r\n\
        hr;4;2026-01-05;leo;;25;search;;\r\n\
        hr;5;2026-01-05;leo;;8;search\r\n\
        hr;6;2026-01-05;leo;;8;nowhere;;no\r\n\
        hr;7;2026-01-05;leo;;8;nowhere;;\r\n\
        hr;8;2026-01-05;leo;;8;search;;false\r\n\r\n";
    let path = file(&world, "hours", text);
    let errors = path.with_extension("jsonl");
    let (code, text) = said(&world, &["import", "time", path.to_str().unwrap(), "--errors", errors.to_str().unwrap()]);
    assert_eq!((code, counts(&text)), (3, vec!["2", "1", "2", "6"]), "{text}");
    let lines: Vec<Value> = std::fs::read_to_string(&errors).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<String> =
        lines.iter().map(|line| format!("{} {} {}", line["line"], line["code"].as_str().unwrap(), line["path"])).collect();
    let expected = [
        "4 AMOUNT_INVALID [\"hours\"]",
        "5 TEXT_INVALID [\"role\"]",
        "7 HOURS_INVALID [\"hours\"]",
        "8 MISSING_FIELD [\"client\"]",
        "9 WRONG_TYPE [\"billable\"]",
        "10 COST_CENTER_UNKNOWN [\"team\"]",
    ];
    assert_eq!(places, expected);
    assert!(text.contains(&format!("{}:10 (7): COST_CENTER_UNKNOWN at team:", path.display())), "{text}");
    let (code, text) = said(&world, &["import", "time", path.to_str().unwrap(), "--separator", ";"]);
    assert_eq!((code, counts(&text)), (3, vec!["0", "3", "0", "6"]), "again nothing is recorded twice: {text}");
    assert_eq!(world.database.number("SELECT CAST(SUM(hours_millionths) AS BIGINT) FROM time_month").await, 15_500_000);
    world.assert_verified().await;
    std::fs::remove_file(path).unwrap();
    std::fs::remove_file(errors).unwrap();
}

async fn revenue_comes_from_a_file_and_is_recognized_by_a_command(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let text = "source,externalId,earnedOn,earnedThrough,amount,currency,client,memo,kind,quantity,unitPrice\n\
        crm,r1,2026-01-05,,\"1250.50\",USD,gearpeak,\"audit, January\",,,\n\
        crm,r2,2026-01-05,2026-02-03,300,USD,gearpeak,,RETAINER,,\n\
        crm,r3,2026-01-05,,-5,USD,gearpeak,,,,\n\
        crm,r4,2026-01-05,,5,usd,gearpeak,,,,\n\
        crm,r1,2026-01-05,,1250.51,USD,gearpeak,\"audit, January\",,,\n\
        crm,r5,05.01.2026,,5,USD,gearpeak,,,,\n\
        crm,r6,2026-01-06,,,USD,gearpeak,,PER_UNIT,90,0.125\n";
    let path = file(&world, "revenue", text);
    let (code, text) = said(&world, &["import", "revenue", path.to_str().unwrap()]);
    assert_eq!((code, counts(&text)), (3, vec!["3", "0", "0", "4"]), "{text}");
    let query = "{ revenueEntries(from: \"2026-01-06\") { nodes { externalId quantity unitPrice amount { amount } } } }";
    let priced = json!([{ "externalId": "r6", "quantity": "90", "unitPrice": "0.125", "amount": { "amount": "11.25" } }]);
    assert_eq!(world.graphql(query, json!({})).await["revenueEntries"]["nodes"], priced);
    for said in [
        ":4 (r3): REVENUE_REASON_MISSING at memo",
        ":5 (r4): CURRENCY_UNKNOWN",
        ":6 (r1): IDEMPOTENCY_CONFLICT",
        ":7 (r5): DATE_INVALID at earnedOn",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let (code, text) = said(&world, &["recognize", "--through", "2026-02-03"]);
    assert_eq!((code, text.as_str()), (0, "0 parts of revenue recognized, 0 wait.\n"));
    world.assert_verified().await;
    std::fs::remove_file(path).unwrap();
}

/// 2,500 lines in three batches; a wrong one in the second does not hold up the others.
async fn outputs_come_from_a_file_of_more_than_a_batch(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let mut text = "source\texternalId\tproducedOn\tunit\tquantity\tclient\n".to_owned();
    for number in 0..2_500 {
        let unit = if number == 1_500 { "tickets_resolved" } else { "ticket_resolved" };
        text.push_str(&format!("desk\to{number}\t2026-01-05\t{unit}\t2\tgearpeak\n"));
    }
    let path = file(&world, "outputs", &text);
    let (code, text) = said(&world, &["import", "outputs", path.to_str().unwrap()]);
    assert_eq!((code, counts(&text)), (3, vec!["2,499", "0", "0", "1"]), "{text}");
    assert!(text.contains(":1502 (o1500): OUTPUT_UNIT_UNKNOWN at unit") && text.contains("did you mean ticket_resolved?"), "{text}");
    assert_eq!(world.database.number("SELECT quantity_millionths FROM output_day").await, 4_998_000_000);
    world.assert_verified().await;
    std::fs::remove_file(path).unwrap();
}

async fn a_file_with_other_columns_is_refused_as_a_whole(world: World) {
    for (name, text, sentence) in [
        ("unknown", "source,externalId,workedOn,person,hours,invoice\n", "a time entry has no column `invoice`"),
        ("near", "source,externalId,workedOn,person,hour\n", "did you mean `hours`?"),
        ("missing", "source,externalId,person,hours\n", "the header lacks workedOn"),
        ("empty", "", "the file is empty"),
    ] {
        let path = file(&world, name, text);
        let (code, said) = said(&world, &["import", "time", path.to_str().unwrap()]);
        assert!(code == 1 && said.contains(sentence), "{name}: {code} {said}");
        std::fs::remove_file(path).unwrap();
    }
    let (code, text) = said(&world, &["import", "time", "no-such-file.csv"]);
    assert!(code == 1 && text.contains("no-such-file.csv"), "{code} {text}");
    assert_eq!(
        world.graphql("{ labor(from: \"2026-01-01\", to: \"2026-02-01\", kind: TEAM) { rows { entries } } }", json!({})).await["labor"]["rows"],
        json!([])
    );
}
