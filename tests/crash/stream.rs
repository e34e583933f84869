//! Streams that are cut off by `kill -9` and by SIGTERM.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::client::{Stream, graphql, stream};
use super::place::{Engine, Place};
use super::program::{Server, token, verify};

/// Charges of many shapes: priced, unpriced, without an owner, over several days.
pub fn lines(from: usize, to: usize) -> Vec<String> {
    let model = |number: usize| match number % 11 {
        0 => "never-priced",
        1..=5 => "gpt-4o",
        _ => "gpt-4o-mini",
    };
    (from..to)
        .map(|number| {
            format!(
                r#"{{"source":"crash","externalId":"call-{number}","occurredAt":"2026-01-{:02}T{:02}:00:00Z","provider":"openai","model":"{}","client":"c{}","usage":{{"inputTokens":{},"outputTokens":{}}}}}"#,
                number % 28 + 1,
                number % 24,
                model(number),
                number % 7,
                number * 13 % 9_000 + 1,
                number * 7 % 3_000 + 1
            )
        })
        .collect()
}

pub fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 11
}

/// The charge number and entry number that were acknowledged, by external id.
pub type Acknowledged = BTreeMap<String, (String, Option<String>)>;

/// Takes receipts in; what was acknowledged before must be answered with the same numbers.
pub fn acknowledge(acknowledged: &mut Acknowledged, answer: &Stream) {
    for receipt in answer.receipts.iter().filter(|receipt| receipt.get("index").is_some()) {
        let status = receipt["status"].as_str().unwrap();
        if status == "REJECTED" {
            // A batch that could not be stored before the end: not acknowledged, to be sent again.
            assert_eq!(receipt["error"]["code"], "UNAVAILABLE", "{receipt}");
            continue;
        }
        let text = |field: &str| receipt[field].as_str().map(str::to_owned);
        let (id, numbers) = (text("externalId").unwrap(), (text("charge").unwrap(), text("entry")));
        match acknowledged.get(&id) {
            Some(known) => {
                assert_eq!(status, "REPLAYED", "acknowledged before, and recorded again: {receipt}");
                assert_eq!(*known, numbers, "{id} was acknowledged under other numbers");
            }
            None => drop(acknowledged.insert(id, numbers)),
        }
    }
}

/// The trial balance, the counts of spend, and the numbers of all entries, which must be gapless.
pub fn state(server: &Server, token: &str) -> (Value, Value, u64) {
    let ask = |query: &str| graphql(server.address, token, query);
    let trial =
        ask(r#"{ trialBalance(asOf: "2026-12-31") { rows { account { code } currency debit credit } totals { currency debit credit } } }"#);
    for total in trial["trialBalance"]["totals"].as_array().unwrap() {
        assert_eq!(total["debit"], total["credit"], "the trial balance foots");
    }
    let spend = ask(
        r#"{ spend(from: "2026-01-01", to: "2026-02-01", groupBy: [MODEL]) { rows { cost { amount currency } charges inputTokens outputTokens } unpricedCharges } }"#,
    );
    let mut after = String::new();
    let mut last = 0;
    loop {
        let page =
            ask(&format!(r#"{{ journalEntries(first: 500{after}) {{ nodes {{ number }} pageInfo {{ hasNextPage endCursor }} }} }}"#));
        let page = &page["journalEntries"];
        for node in page["nodes"].as_array().unwrap() {
            last += 1;
            assert_eq!(node["number"].as_str().unwrap().parse(), Ok(last), "entry numbers have no gaps");
        }
        if page["pageInfo"]["hasNextPage"] != true {
            return (trial, spend, last);
        }
        after = format!(", after: {}", page["pageInfo"]["endCursor"]);
    }
}

/// Every line is there once: numbers are distinct and without gaps, and what books say agrees with the receipts.
fn check_complete(server: &Server, token: &str, acknowledged: &Acknowledged, count: usize) {
    assert_eq!(acknowledged.len(), count);
    let numbers: BTreeSet<u64> = acknowledged.values().map(|numbers| numbers.0.parse().unwrap()).collect();
    assert_eq!((numbers.len(), *numbers.last().unwrap()), (count, count as u64), "each charge has a number of its own, without gaps");
    let entries: BTreeSet<&str> = acknowledged.values().filter_map(|numbers| numbers.1.as_deref()).collect();
    let (_, spend, last) = state(server, token);
    assert_eq!(entries.len() as u64, last, "each entry books one acknowledged charge");
    let rows = spend["spend"]["rows"].as_array().unwrap();
    let figure = |value: &Value| value.as_u64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap());
    let booked: u64 = rows.iter().map(|row| figure(&row["charges"])).sum();
    assert_eq!(booked + figure(&spend["spend"]["unpricedCharges"]), count as u64, "booked and unpriced together are all");
}

/// Sends everything at once and waits for the whole answer.
fn send_all(server: &Server, token: &str, all: &[String]) -> Stream {
    let answer = stream(server.address, token, all, (500, Duration::ZERO), &AtomicUsize::new(0));
    assert!(answer.is_complete && answer.receipts.len() == all.len(), "{} receipts of {}", answer.receipts.len(), all.len());
    answer
}

/// Streams and calls `end` once `receipts` receipts have come, a moment later.
fn cut_short(
    server: &mut Server,
    token: &str,
    lines: &[String],
    pace: (usize, Duration),
    receipts: usize,
    end: impl FnOnce(&mut Server),
) -> Stream {
    let (address, seen) = (server.address, AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| stream(address, token, lines, pace, &seen));
        while seen.load(Ordering::Relaxed) < receipts && !sending.is_finished() {
            std::thread::sleep(Duration::from_micros(200));
        }
        end(server);
        sending.join().unwrap()
    })
}

/// New charges of a round, lines in a chunk, milliseconds between chunks. Short pauses make large batches; above 50 ms each chunk is one.
const ROUNDS: [(usize, usize, u64); 3] = [(1_200, 100, 60), (5_000, 400, 2), (500, 7, 3)];

fn killed_again_and_again(engine: Engine, seed: u64) {
    let place = Place::new(engine);
    let token = token(&place);
    let (mut random, mut acknowledged, mut cut_off) = (seed, Acknowledged::new(), 0);
    let mut count = 0;
    for (fresh, chunk, pause) in ROUNDS {
        let before = count;
        count += fresh;
        let all = lines(0, count);
        let mut server = Server::start(&place);
        let draw = |random: &mut u64, below: usize| usize::try_from(next_random(random) % below as u64).unwrap();
        let (receipts, delay) = (draw(&mut random, fresh / 2), Duration::from_millis(draw(&mut random, 60) as u64));
        let pace = (chunk, Duration::from_millis(pause));
        let answer = cut_short(&mut server, &token, &all[before..], pace, receipts, |server| {
            std::thread::sleep(delay);
            server.process.kill();
        });
        acknowledge(&mut acknowledged, &answer);
        let is_partial = acknowledged.len() > before && acknowledged.len() < count;
        cut_off += usize::from(is_partial);
        println!("{engine:?}: killed after {receipts} receipts and {delay:?}: {} of {fresh} acknowledged", acknowledged.len() - before);
        verify(&place);
        let server = Server::start(&place);
        let answer = send_all(&server, &token, &all);
        acknowledge(&mut acknowledged, &answer);
        check_complete(&server, &token, &acknowledged, count);
        let once = state(&server, &token);
        let again = send_all(&server, &token, &all);
        assert!(again.receipts.iter().all(|receipt| receipt["status"] == "REPLAYED"));
        acknowledge(&mut acknowledged, &again);
        assert_eq!(once, state(&server, &token), "a second send changes nothing");
        // Dropped means killed: the next round finds what that leaves, not what a graceful end tidies up.
    }
    verify(&place);
    assert!(cut_off > 0, "no kill fell between two receipts of a stream");
}

#[test]
fn kill_during_a_stream_on_sqlite() {
    killed_again_and_again(Engine::Sqlite, 0x5eed);
}

#[test]
fn kill_during_a_stream_on_postgres() {
    killed_again_and_again(Engine::Postgres, 0xfeed);
}

fn terminated(engine: Engine) {
    let place = Place::new(engine);
    let token = token(&place);
    // The server goes on reading for five seconds, so this stream takes longer.
    let all = lines(0, 2_400);
    let mut server = Server::start(&place);
    let pace = (20, Duration::from_millis(70));
    let answer = cut_short(&mut server, &token, &all, pace, 200, |server| server.process.terminate());
    let mut acknowledged = Acknowledged::new();
    acknowledge(&mut acknowledged, &answer);
    assert!(!acknowledged.is_empty() && acknowledged.len() < all.len(), "{} acknowledged", acknowledged.len());
    assert!(answer.is_complete, "a graceful end closes the answer");
    assert!(answer.receipts.last().unwrap().get("error").is_some(), "the last line says that the stream ended early");
    let server = Server::start(&place);
    let (_, spend, entries) = state(&server, &token);
    let booked = acknowledged.values().filter(|numbers| numbers.1.is_some()).count() as u64;
    assert_eq!(entries, booked, "a graceful end acknowledges everything it stored: {spend}");
    acknowledge(&mut acknowledged, &send_all(&server, &token, &all));
    check_complete(&server, &token, &acknowledged, all.len());
    drop(server);
    verify(&place);
}

#[test]
fn a_graceful_end_keeps_what_it_acknowledged_on_sqlite() {
    terminated(Engine::Sqlite);
}

#[test]
fn a_graceful_end_keeps_what_it_acknowledged_on_postgres() {
    terminated(Engine::Postgres);
}
