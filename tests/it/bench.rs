//! `tallybook bench`: what it prints at sizes that take no time. Nothing here says how fast anything is.

use std::path::PathBuf;
use std::process::{Command, Output};

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tallybook::app::bench::{Scratch, Target};
use tallybook::app::{App, Clock};

use crate::harness::{Database, Engine, World};

on_both_engines!(
    ingest_and_imports_tell_medians_and_quartiles,
    what_reads_the_books_stands_beside_a_baseline,
    a_database_in_the_place_of_a_floor_is_refused_and_keeps_its_triggers,
);

/// A directory of one test, removed with it.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tallybook-bench-it-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn is_empty(&self) -> bool {
        std::fs::read_dir(&self.0).unwrap().next().is_none()
    }

    fn file(&self, name: &str, lines: &[Value]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn bench(arguments: &[&str], database: Option<&Database>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallybook"));
    command.env_remove("DATABASE_URL").env_remove("TALLYBOOK_TEST_POSTGRES").arg("bench").args(arguments);
    if let Some(server @ Database::Postgres { .. }) = database {
        command.args(["--postgres", &server.url()]);
    }
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The figures of the engine of this world; SQLite is always measured.
fn figures(world: &World, arguments: &[&str]) -> Vec<Value> {
    let engine = match world.database.engine() {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    };
    let said = text(&bench(&[&["--json"], arguments].concat(), Some(&world.database)));
    let lines = said.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.filter(|line: &Value| line["engine"].is_null() || line["engine"] == engine).collect()
}

fn number(value: &Value) -> Decimal {
    value.to_string().parse().unwrap_or_else(|_| panic!("{value} is no number"))
}

/// Each median lies between its quartiles, and a ratio is told exactly where it may be.
fn assert_medians(line: &Value, keys: &[&str]) {
    for key in keys {
        let quartiles = &line[format!("{key}Quartiles")];
        assert!(number(&quartiles[0]) <= number(&quartiles[1]), "{key} of {line}");
        if line[*key].is_null() {
            assert_eq!((*key, &line["pairs"]), ("ratio", &json!(10)), "{line}");
            assert!(number(&line["spread"]) > 5.into(), "{line}");
        } else if *key != "p50Ms" && *key != "floorMs" {
            let median = number(&line[*key]);
            assert!(number(&quartiles[0]) <= median && median <= number(&quartiles[1]), "{key} of {line}");
        }
    }
    if keys.contains(&"ratio") && line["pairs"] == 10 && number(&line["spread"]) > 5.into() {
        assert!(line["ratio"].is_null(), "{line}");
    }
}

async fn ingest_and_imports_tell_medians_and_quartiles(world: World) {
    let directory = Directory::new(&format!("ingest-{:?}", world.database.engine()));
    let place = ["--directory", directory.0.to_str().unwrap(), "--charges", "1100", "--batch", "40"];
    let ingest = match world.database.engine() {
        Engine::Sqlite => "ingest-sqlite",
        Engine::Postgres => "ingest-postgres",
    };
    let mut told = Vec::new();
    for only in [ingest, "import"] {
        for line in figures(&world, &[&["--only", only, "--pairs", "11", "--history", "150"], place.as_slice()].concat()) {
            assert_medians(&line, &["perSecond", "floorPerSecond", "ratio"]);
            let sizes = ["charges", "batch", "history", "pairs"].map(|key| line[key].as_i64().unwrap());
            assert_eq!(sizes, [1_100, 40, 150, 11], "{line}");
            assert!(
                line["ratio"].is_number() && number(&line["perSecond"]) > 0.into() && number(&line["floorPerSecond"]) > 0.into(),
                "{line}"
            );
            assert_eq!(line["bytesPerCharge"].is_number(), line["engine"] == "sqlite", "{line}");
            told.push(line["name"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(told, [ingest, "import-ndjson", "import-csv"]);
    assert!(directory.is_empty(), "databases and files go with the bench");
}

#[test]
fn people_are_told_when_a_ratio_says_nothing() {
    let directory = Directory::new("people");
    let said = text(&bench(&["--only", "ingest-sqlite", "--charges", "1000", "--directory", directory.0.to_str().unwrap()], None));
    // A median with its quartiles in brackets.
    let rate = said.split("floorPerSecond ").nth(1).unwrap();
    assert!(rate.split_once(')').unwrap().0.contains(" to ") && said.contains("pairs 10"), "{said}");
    assert_eq!(said.contains("ask for more pairs with --pairs"), !said.contains("   ratio "), "{said}");
}

async fn what_reads_the_books_stands_beside_a_baseline(world: World) {
    let directory = Directory::new(&format!("reading-{:?}", world.database.engine()));
    let place = ["--directory", directory.0.to_str().unwrap()];
    let lines = figures(&world, &[&["--only", "report", "--report-history", "1000", "2000"], place.as_slice()].concat());
    let told: Vec<_> = lines.iter().map(|line| (line["name"].as_str().unwrap(), line["history"].as_i64().unwrap())).collect();
    let reports = ["report-trial-balance", "report-spend-team-month", "report-spend-client-model-month"];
    assert_eq!(told, [1000, 2000].into_iter().flat_map(|history| reports.map(|report| (report, history))).collect::<Vec<_>>());
    let margins = figures(&world, &[&["--only", "margin", "--charges", "1000", "--time-entries", "1500"], place.as_slice()].concat());
    assert_eq!((margins.len(), &margins[0]["name"]), (4, &json!("margin-time-entries")));
    assert_medians(&margins[0], &["perSecond"]);
    for line in lines.iter().chain(&margins[1..]) {
        assert_medians(line, &["p50Ms", "floorMs", "ratio"]);
        assert!(number(&line["p50Ms"]) <= number(&line["p99Ms"]) && number(&line["floorMs"]) > 0.into(), "{line}");
    }
    assert!(margins[1..].iter().all(|line| number(&line["rows"]) > 100.into()), "{margins:?}");
    let verify = figures(&world, &[&["--only", "verify", "--report-history", "1000", "1000"], place.as_slice()].concat());
    let what_if = figures(&world, &[&["--only", "what-if", "--charges", "1000"], place.as_slice()].concat());
    assert_eq!((verify.len(), what_if.len()), (1, 3));
    assert!(number(&verify[0]["entries"]) > 900.into() && number(&what_if[1]["changed"]) > 0.into(), "{verify:?} {what_if:?}");
    for line in verify.iter().chain(&what_if) {
        assert_medians(line, &["elapsedMs", "perSecond", "floorPerSecond", "ratio"]);
    }
    assert!(directory.is_empty());
}

#[test]
fn what_has_no_baseline_is_repeated_and_requests_are_sent_in_turns() {
    let directory = Directory::new("alone");
    let place = ["--json", "--directory", directory.0.to_str().unwrap()];
    let run = |arguments: &[&str]| -> Vec<Value> {
        let said = text(&bench(&[place.as_slice(), arguments].concat(), None));
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let sealing = run(&["--only", "sealing", "--charges", "1000"]);
    let allocation = run(&["--only", "allocation", "--allocation-sizes", "3", "2", "5"]);
    assert_eq!((sealing.len(), allocation.len(), &allocation[0]["lines"], &allocation[1]["lines"]), (1, 2, &json!(15), &json!(10)));
    assert_medians(&sealing[0], &["perSecond"]);
    for line in &allocation {
        assert_medians(line, &["elapsedMs"]);
    }
    assert!(sealing.iter().chain(&allocation).all(|line| number(&line["runs"]) >= 5.into() && line["spread"].is_number()));
    let single = run(&["--only", "single", "--requests", "1000", "--pairs", "12"]);
    assert_eq!((single.len(), &single[0]["requests"], &single[0]["pairs"]), (1, &json!(1000), &json!(12)));
    assert_medians(&single[0], &["perSecond", "floorPerSecond", "ratio"]);
    assert!(number(&single[0]["p50Ms"]) <= number(&single[0]["p99Ms"]));
    assert!(directory.is_empty());
}

#[test]
fn a_run_is_held_against_an_earlier_one() {
    let directory = Directory::new("compared");
    let sizes = ["--only", "sealing", "--charges", "1000"];
    let said = text(&bench(&[&["--json"], sizes.as_slice()].concat(), None));
    let mut then: Value = serde_json::from_str(&said).unwrap();
    // So fast that no spread of this run reaches it.
    then["perSecond"] = json!(1_000_000_000_000_i64);
    then["perSecondQuartiles"] = json!([1_000_000_000_000_i64, 1_000_000_000_000_i64]);
    let gone = json!({ "name": "sealing-by-hand", "engine": "sqlite", "charges": 5 });
    let unwanted = json!({ "name": "verify", "engine": "sqlite", "history": 5 });
    let file = directory.file("then.jsonl", &[then, gone.clone(), unwanted]);
    let said = text(&bench(&[&["--json", "--compare", &file], sizes.as_slice()].concat(), None));
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (lines.len(), &lines[1]["name"], &lines[1]["measuredIn"], &lines[1]["comparedWith"]),
        (3, &json!("sealing"), &json!("both"), &json!(file))
    );
    let change = &lines[1]["changes"][0];
    assert_eq!((&change["key"], &change["moved"], &change["verdict"]), (&json!("perSecond"), &json!(true), &json!("worse")));
    assert!(number(&change["percent"]) < Decimal::from(-90), "{change}");
    assert_eq!((&lines[2]["name"], &lines[2]["measuredIn"]), (&json!("sealing-by-hand"), &json!("the earlier run only")));
    // For people; what was compared before can be compared with again.
    let told = text(&bench(&[&["--compare", &file], sizes.as_slice()].concat(), None));
    assert!(
        told.contains("perSecond was 1000000000000, is ") && told.contains("worse") && told.contains("no counterpart in this run"),
        "{told}"
    );
    let again = directory.file("again.jsonl", &lines);
    let same = text(&bench(&[&["--compare", &again], sizes.as_slice()].concat(), None));
    assert!(same.contains("sealing (): perSecond was") && !same.contains("no counterpart"), "{same}");
    let other = directory.file("other.jsonl", &[gone]);
    let none = text(&bench(&[&["--compare", &other], sizes.as_slice()].concat(), None));
    assert!(none.contains("no counterpart in the earlier run"), "{none}");
}

#[test]
fn what_cannot_be_measured_is_refused_before_anything_is() {
    let directory = Directory::new("refused");
    let malformed = directory.0.join("malformed");
    std::fs::write(&malformed, "{\"name\":\"sealing\"}\nsealing 5\n").unwrap();
    let empty = directory.file("empty", &[]);
    let absent = directory.0.join("absent");
    for (arguments, sentence) in [
        (["--pairs", "9"], "at least 10 pairs"),
        (["--pairs", "many"], "a number from 10 to 1000"),
        (["--compare", absent.to_str().unwrap()], "absent cannot be read"),
        (["--compare", malformed.to_str().unwrap()], "malformed, line 2: not a line that `tallybook bench --json` printed"),
        (["--compare", &empty], "empty holds no figures"),
        (["--only", "speed"], "--only names no bench; they are ingest-sqlite,"),
        (["--charges", "999"], "999"),
    ] {
        let output = bench(&arguments, None);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(sentence) && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
    let both = bench(&["--markdown", "--json"], None);
    assert!(!both.status.success() && both.stdout.is_empty());
}

#[test]
fn the_table_of_the_page_has_a_row_a_bench() {
    let said = text(&bench(&["--markdown", "--only", "sealing", "--charges", "1000"], None));
    let rows: Vec<_> = said.lines().collect();
    assert_eq!((rows.len(), rows[0]), (3, "| Name | Command | Median | Floor | Ratio | Pairs | Spread |"));
    assert!(rows[2].starts_with("| sealing | `bench --only sealing --charges 1000` | ") && rows[2].ends_with(" % |"), "{said}");
}

/// Guards that work, and guards that do not.
async fn guards(database: &Database) -> (i64, i64) {
    match database.engine() {
        Engine::Sqlite => (database.number("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").await, 0),
        Engine::Postgres => {
            let count = |state: &str| format!("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = '{state}'");
            (database.number(&count("O")).await, database.number(&count("D")).await)
        }
    }
}

/// Another database under the address of the scratch: what a bench must never touch.
async fn swap(world: &World, scratch: &Scratch, directory: &Directory) -> Database {
    let database = match &world.database {
        Database::Sqlite { .. } => {
            let path = PathBuf::from(scratch.url().strip_prefix("sqlite://").unwrap());
            for entry in std::fs::read_dir(&directory.0).unwrap() {
                std::fs::remove_file(entry.unwrap().path()).unwrap();
            }
            // The harness knows files by this name alone.
            let alias = directory.0.join("books.db");
            std::os::unix::fs::symlink(&path, alias).unwrap();
            Database::Sqlite { directory: directory.0.clone() }
        }
        Database::Postgres { server, .. } => {
            let name = scratch.url().split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
            world.database.execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            world.database.execute(&format!("CREATE DATABASE {name}")).await.unwrap();
            Database::Postgres { server: server.clone(), name }
        }
    };
    drop(App::create(scratch.url(), Clock::System, "main").await.unwrap());
    database
}

async fn a_database_in_the_place_of_a_floor_is_refused_and_keeps_its_triggers(world: World) {
    let directory = Directory::new(&format!("swapped-{:?}", world.database.engine()));
    let target = match &world.database {
        Database::Sqlite { .. } => Target::Sqlite(directory.0.clone()),
        Database::Postgres { .. } => Target::Postgres(world.database.url()),
    };
    // Its own: the guards go.
    let own = Scratch::create(&target).await.unwrap();
    drop(own.app().await.unwrap());
    drop(own.floor().await.unwrap());
    own.remove().await.unwrap();

    let scratch = Scratch::create(&target).await.unwrap();
    drop(scratch.app().await.unwrap());
    let foreign = swap(&world, &scratch, &directory).await;
    let before = guards(&foreign).await;
    assert!(before.0 > 10 && before.1 == 0, "{before:?}");
    let refused = scratch.floor().await.err().unwrap().to_string();
    assert!(refused.contains("this run did not create the database"), "{refused}");
    assert_eq!(guards(&foreign).await, before);
    // The scratch of another run is a stranger too.
    foreign.execute("CREATE TABLE tallybook_scratch (mark TEXT); INSERT INTO tallybook_scratch VALUES ('of another run')").await.unwrap();
    assert!(scratch.floor().await.is_err());
    assert_eq!(guards(&foreign).await, before);
    let refused = scratch.remove().await.err().unwrap().to_string();
    assert!(refused.contains("it is left as it is"), "{refused}");
    assert_eq!(guards(&foreign).await, before, "it is not removed either");
    foreign.remove();
}
