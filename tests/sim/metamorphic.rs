//! The same charges in another order, in other batches and sent again give the same balances.

use tallybook::app::Clock;

use super::books::{Books, instant};
use super::compare::{self, trial};
use super::engine::{Engine, TestDatabase};
use super::oracle::Oracle;
use super::rng::SplitMix64;
use super::world::{self, END_DAY, FIRST_DAY};

async fn in_any_order(engine: Engine) {
    let mut rng = SplitMix64::new(11);
    let mut oracle = Oracle::new();
    let price_lines: Vec<_> = (0..6).map(|_| world::prices(&mut rng)).filter(|lines| no_overlap(lines)).collect();
    let rules: Vec<_> = ["a", "b"].into_iter().map(|code| (code.to_owned(), world::rule(&mut rng))).collect();
    let centers = [("team", &world::TEAMS[..]), ("project", &world::PROJECTS), ("client", &world::CLIENTS)];
    let mut calls: Vec<_> = (0..300).map(|number| world::call(&mut rng, number)).filter(|call| call.provider != "openai").collect();
    for lines in &price_lines {
        oracle.prices.prices.extend(lines.iter().cloned());
    }
    for (kind, codes) in centers {
        oracle.centers.extend(codes.iter().map(|code| ((kind, (*code).to_owned()), (None, None))));
    }
    oracle.rules.extend(rules.iter().cloned());
    oracle.record(&calls, false);
    for batch in [1, 50, 400] {
        let database = TestDatabase::create(engine).await;
        let books = Books::open(&database.url, &Clock::fixed(instant(world::NOW))).await;
        for (kind, codes) in centers {
            for code in codes.iter().filter(|code| **code != "unattributed") {
                books.save_center(kind, code, None, (None, None)).await.unwrap();
            }
        }
        for lines in &price_lines {
            books.save_prices(lines).await.unwrap();
        }
        for (code, rule) in &rules {
            books.save_rule(code, rule).await.unwrap();
        }
        let count = if batch == 1 { 60 } else { calls.len() };
        for some in calls[..count].chunks(batch) {
            books.record(some, false).await;
        }
        // The rest, and all of it again.
        books.record(&calls, false).await;
        let expected = super::balances::trial(&oracle, END_DAY);
        compare::equal(&format!("the trial balance with batches of {batch}"), &trial(&books, END_DAY).await, &expected).unwrap();
        compare::reports(&books, &oracle, (FIRST_DAY, END_DAY), &mut rng).await.unwrap();
        compare::verified(&books).await.unwrap();
        drop(books);
        database.remove().await;
        rng.shuffle(&mut calls);
    }
}

fn no_overlap(lines: &[super::price_list::PriceLine]) -> bool {
    let mut meters: Vec<_> = lines.iter().map(|line| line.meter).collect();
    meters.dedup();
    meters.len() == lines.len() && lines.iter().enumerate().all(|(at, line)| lines[..at].iter().all(|other| other.meter != line.meter))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_and_batches_do_not_change_balances_on_sqlite() {
    in_any_order(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_and_batches_do_not_change_balances_on_postgres() {
    in_any_order(Engine::Postgres).await;
}
