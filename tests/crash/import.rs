//! `tallybook import --resume`, killed midway and run again.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::place::{Engine, Place};
use super::program::{Guarded, Server, command, succeed, token, verify};
use super::stream::{lines, next_random, state};

const CHARGES: usize = 6_000;

fn killed_import(engine: Engine, seed: u64) {
    let place = Place::new(engine);
    succeed(&place, &["migrate"]);
    let file = place.folder.join("charges.ndjson");
    std::fs::write(&file, lines(0, CHARGES).join("\n") + "\n").unwrap();
    let progress = place.folder.join("charges.ndjson.tallybook-progress");
    let arguments = ["import", "ndjson", file.to_str().unwrap(), "--resume", "--batch", "200"];
    let mut random = seed;
    let mut killed = 0;
    for _ in 0..2 {
        let mut import = Guarded(command(&place, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let before = std::fs::read(&progress).ok();
        let begin = Instant::now();
        // From its first progress on: before that there is nothing to lose.
        while std::fs::read(&progress).ok() == before && begin.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(next_random(&mut random) % 150));
        killed += usize::from(import.0.try_wait().unwrap().is_none());
        import.kill();
        verify(&place);
    }
    assert!(killed > 0, "no kill fell into the import");
    let summary = succeed(&place, &arguments);
    assert!(summary.contains("were passed over"), "{summary}");
    verify(&place);
    let server = Server::start(&place);
    let token = token(&place);
    let complete = state(&server, &token);
    let unpriced = CHARGES.div_ceil(11) as u64;
    assert_eq!(complete.2, CHARGES as u64 - unpriced, "each priced charge has one entry");
    assert_eq!(complete.1["spend"]["unpricedCharges"].to_string().trim_matches('"'), unpriced.to_string());
    drop(server);
    // From the beginning once more, as though the progress had been lost.
    let _ = std::fs::remove_file(&progress);
    let summary = succeed(&place, &["import", "ndjson", file.to_str().unwrap()]);
    assert!(summary.lines().any(|line| line.trim_start().starts_with("replayed") && line.trim_end().ends_with("6,000")), "{summary}");
    let server = Server::start(&place);
    assert_eq!(state(&server, &token), complete, "a second import changes nothing");
}

#[test]
fn a_killed_import_goes_on_on_sqlite() {
    killed_import(Engine::Sqlite, 3);
}

#[test]
fn a_killed_import_goes_on_on_postgres() {
    killed_import(Engine::Postgres, 4);
}
