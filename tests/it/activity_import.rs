//! Hours, revenue and outputs from CSV files as other systems write them, traps included.

use std::process::Command;

use serde_json::{Value, json};

use crate::harness::World;

on_both_engines!(files_are_recorded_once_and_their_bad_rows_are_named, a_file_that_is_none_is_refused_as_a_whole);

/// The exit code and everything that was said.
fn tallybook(world: &World, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallybook"));
    let output = command.args(arguments).args(["--books", "main", "--database-url", &world.database.url()]).output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (output.status.code().unwrap(), text)
}

fn file(world: &World, name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("tallybook-{name}-{}-{:?}.csv", std::process::id(), world.database.engine()));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A byte order mark, semicolons, CRLF, quotes with separators and line breaks, blank lines, a row twice, decimal commas.
const TIME: &str = "\u{feff}Source;External_Id;workedOn;person;role;hours;client;billable\r\n\
    hr;1;2026-01-05;Mia;engineer;7.5;gearpeak;true\r\n\
    hr;\"2;b\";2026-01-05;\"José \"\"Pepe\"\"\r\nNúñez\";engineer;2;gearpeak;no\r\n\
    \r\n\
    hr;3;2026-01-05;Leo;engineer;7,5;gearpeak;\r\n\
    hr;4;05.01.2026;Leo;engineer;1;gearpeak;\r\n\
    hr;1;2026-01-05;Mia;engineer;7.5;gearpeak;true\r\n\
    hr;5;2026-01-05;Mia;engineer;20;gearpeak;\r\n\
    hr;6;2026-01-05;Leo;engineer;1;gaerpeak;\r\n\
    hr;7;2026-01-05;Leo\r\n\
    hr;8;2026-01-05;Leo;engineer;1;;maybe\r\n";

const REVENUE: &str = "source,externalId,earnedOn,earnedThrough,amount,currency,client,kind,quantity,unitPrice,memo\n\
    erp,1,2026-01-05,,\"1000.00\",USD,gearpeak,,,,\"January, as agreed\"\n\
    erp,2,2026-01-01,2026-01-10,30,USD,gearpeak,SUBSCRIPTION_SHARE,,,\n\
    erp,3,2026-01-06,,,USD,gearpeak,PER_UNIT,40,1.25,\n\
    erp,4,2026-01-06,,-5,USD,gearpeak,,,,\n\
    erp,5,2026-01-06,,5,DOLLARS,gearpeak,,,,\n\
    erp,6,2026-01-06,,5,USD,gearpeak,GIFT,,,\n";

const OUTPUTS: &str = "source\texternalId\tproducedOn\tunit\tquantity\tvalue\tcurrency\tfeature\n\
    desk\t1\t2026-01-05\tticket_resolved\t120\t600.00\tUSD\tanswers\n\
    desk\t2\t2026-01-05\tticket_resolved\t-20\t-100\tUSD\tanswers\n\
    desk\t3\t2026-01-05\ttickets_resolved\t1\t\t\tanswers\n\
    desk\t4\t2026-01-05\tticket_resolved\t0\t\t\tanswers\n\
    desk\t5\t2026-01-05\tticket_resolved\t1\t5\t\tanswers\n";

async fn files_are_recorded_once_and_their_bad_rows_are_named(world: World) {
    world.save_centers("search", "assistant", "gearpeak").await;
    let rate = json!({ "role": "engineer", "costPerHour": "100", "currency": "USD", "effectiveFrom": "2026-01-01" });
    world.save("saveLaborRates", "SaveLaborRatesInput", json!({ "rates": [rate] })).await;
    let time = file(&world, "time", TIME);
    let errors = format!("{time}.errors");
    let (code, text) = tallybook(&world, &["activity", "import", "time", &time, "--errors", &errors]);
    assert_eq!(code, 3, "{text}");
    assert!(text.ends_with("2 recorded, 1 known before, 6 refused.\n"), "{text}");
    let refused: Vec<String> = std::fs::read_to_string(&errors)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|error| format!("{} {} {}", error["line"], error["code"].as_str().unwrap(), error["column"].as_str().unwrap()))
        .collect();
    let expected = [
        "6 HOURS_INVALID hours",
        "7 DATE_INVALID workedOn",
        "9 HOURS_EXCEEDED hours",
        "10 COST_CENTER_UNKNOWN client",
        "11 MISSING_FIELD role",
        "12 TEXT_INVALID billable",
    ];
    assert_eq!(refused, expected);
    // The same file again, after a failure or not, records nothing twice.
    let (code, text) = tallybook(&world, &["activity", "import", "time", &time]);
    assert!(code == 3 && text.ends_with("0 recorded, 3 known before, 6 refused.\n"), "{text}");
    let revenue = file(&world, "revenue", REVENUE);
    let (code, text) = tallybook(&world, &["activity", "import", "revenue", &revenue]);
    assert!(code == 3 && text.ends_with("3 recorded, 0 known before, 3 refused.\n"), "{text}");
    for told in ["line 5: REVENUE_REASON_MISSING", "line 6: CURRENCY_UNKNOWN", "line 7: REVENUE_INVALID"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let outputs = file(&world, "outputs", OUTPUTS);
    let (code, text) = tallybook(&world, &["activity", "import", "outputs", &outputs]);
    assert!(code == 3 && text.ends_with("2 recorded, 0 known before, 3 refused.\n"), "{text}");
    for told in ["line 4: OUTPUT_UNIT_UNKNOWN", "line 5: OUTPUT_INVALID", "line 6: MISSING_FIELD"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    // 9.5 hours at 100; 1,000 + 30 + 40 x 1.25.
    let booked = [world.account("5020").await, world.account("4000").await];
    assert_eq!(booked, [Some(("950".to_owned(), "0".to_owned())), Some(("0".to_owned(), "1080".to_owned()))]);
    let (code, text) = tallybook(&world, &["activity", "recognize", "--through", "2026-01-15"]);
    assert_eq!((code, text.as_str()), (0, "0 parts of revenue recognised through 2026-01-15.\n"));
    world.assert_verified().await;
}

async fn a_file_that_is_none_is_refused_as_a_whole(world: World) {
    let cases = [
        ("", "the file is empty"),
        ("source,externalId,workedOn,person\nhr,1,2026-01-05,mia\n", "the header lacks hours"),
        ("source,externalId,workedOn,person,hourz\n", "`hours` may be meant"),
        ("source,externalId,workedOn,person,hours,Hours\n", "is there twice"),
    ];
    for (text, told) in cases {
        let path = file(&world, "none", text);
        let (code, said) = tallybook(&world, &["activity", "import", "time", &path]);
        assert!(code == 1 && said.contains(told), "{told}: {said}");
    }
    let (code, said) = tallybook(&world, &["activity", "import", "time", "no-such-file.csv"]);
    assert!(code == 1 && said.contains("cannot be opened"), "{said}");
    assert_eq!(tallybook(&world, &["activity", "import", "payroll", "x.csv"]).0, 2);
}
