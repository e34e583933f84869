//! The oracle can fail: one thing changed in what it expects, and the comparison must see it.

use super::call::Money;
use super::closing_books;
use super::compare::{self, Outcome};
use super::engine::{Engine, TestDatabase};
use super::oracle::{Oracle, Status};
use super::swarm::Swarm;
use super::world::{END_DAY, FIRST_DAY};
use super::{PERIOD_SEEDS, STEPS};

async fn everything(swarm: &mut Swarm) -> Outcome {
    compare::journal(&swarm.books[0], &swarm.oracle, 0).await?;
    compare::charges(&swarm.books[0], &swarm.oracle).await?;
    compare::reports(&swarm.books[0], &swarm.oracle, (FIRST_DAY, END_DAY), &mut swarm.rng).await
}

/// Reports alone, as though the journal could not be read.
async fn reports(swarm: &mut Swarm) -> Outcome {
    compare::reports(&swarm.books[0], &swarm.oracle, (FIRST_DAY, END_DAY), &mut swarm.rng).await
}

/// What is changed, and how.
type Change = (&'static str, Box<dyn Fn(&mut Oracle)>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_changed_expectation_is_noticed() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let mut swarm = Swarm::new(7, &database.url).await;
    swarm.run(40).await.unwrap();
    everything(&mut swarm).await.unwrap();
    let booked = swarm.oracle.charges.iter().position(|charge| charge.state.status == Status::Recorded).unwrap();
    let waiting = swarm.oracle.charges.iter().position(|charge| charge.state.status == Status::Unpriced).unwrap();
    let changes: [Change; 8] = [
        ("one unit on one posting", Box::new(|oracle| oracle.journal[0].postings[0].money.units += 1)),
        ("the other side", Box::new(|oracle| oracle.journal[0].postings[1].is_debit = true)),
        ("another account", Box::new(|oracle| oracle.journal[0].postings[0].block.account = "6500".to_owned())),
        ("a day later", Box::new(|oracle| oracle.journal[0].day += 1)),
        ("an entry less", Box::new(|oracle| drop(oracle.journal.pop()))),
        (
            "another owner",
            Box::new(move |oracle| {
                oracle.charges[booked].state.owner.team = Some("growth!".to_owned());
                oracle.charges[booked].counts[0].block.team = Some("growth!".to_owned());
            }),
        ),
        ("a token more", Box::new(move |oracle| *oracle.charges[booked].content.usage.entry("output_tokens").or_insert(0) += 1_000_000)),
        (
            "a price that never came",
            Box::new(move |oracle| {
                oracle.charges[waiting].state.status = Status::Recorded;
                oracle.charges[waiting].state.cost = Some(Money { currency: "USD", units: 0 });
                let state = oracle.charges[waiting].state.clone();
                oracle.charges[waiting].count(1, &state, state.booked);
            }),
        ),
    ];
    for (name, change) in &changes {
        let (charges, journal) = (swarm.oracle.charges.clone(), swarm.oracle.journal.clone());
        change(&mut swarm.oracle);
        assert!(everything(&mut swarm).await.is_err(), "not noticed: {name}");
        // The next day in the same period may read the same; everything else shows in the balances too.
        if *name != "a day later" {
            assert!(reports(&mut swarm).await.is_err(), "not noticed in the reports: {name}");
        }
        (swarm.oracle.charges, swarm.oracle.journal) = (charges, journal);
        everything(&mut swarm).await.unwrap();
    }
    drop(swarm);
    database.remove().await;
}

/// Months and their checklists, beside everything else.
async fn months(swarm: &mut Swarm) -> Outcome {
    closing_books::months(&swarm.books[0], &swarm.oracle).await?;
    closing_books::checklists(&swarm.books[0], &swarm.oracle).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oracle_that_ignores_closing_is_caught() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let mut swarm = Swarm::with_periods(PERIOD_SEEDS[0], &database.url).await;
    swarm.oracle.months.is_blind = true;
    let difference = swarm.run(STEPS).await.unwrap_err();
    assert!(difference.contains("entry") && difference.contains("differs"), "{difference}");
    drop(swarm);
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_changed_expectation_of_a_month_is_noticed() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let mut swarm = Swarm::with_periods(PERIOD_SEEDS[0], &database.url).await;
    swarm.run(60).await.unwrap();
    let late = swarm.oracle.journal.iter().position(|entry| entry.service.is_some()).unwrap();
    let counted =
        |oracle: &Oracle| oracle.charges.iter().position(|charge| charge.counts.iter().any(|count| count.day != charge.content.day()));
    let counted = counted(&swarm.oracle).unwrap();
    let closed = *swarm.oracle.months.histories.iter().find(|month| month.1.through.is_some()).unwrap().0;
    let in_journal: [Change; 3] = [
        ("a late entry on the day of its call", Box::new(move |oracle| oracle.journal[late].day = oracle.journal[late].service.unwrap())),
        ("a late entry that does not say so", Box::new(move |oracle| oracle.journal[late].service = None)),
        (
            "a late call counted on its own day",
            Box::new(move |oracle| {
                let day = oracle.charges[counted].content.day();
                oracle.charges[counted].counts.iter_mut().for_each(|count| count.day = day);
            }),
        ),
    ];
    let in_months: [Change; 4] = [
        ("a month that was never closed", Box::new(move |oracle| drop(oracle.months.histories.remove(&closed)))),
        ("another last entry", Box::new(move |oracle| *oracle.months.histories.get_mut(&closed).unwrap().through.as_mut().unwrap() += 1)),
        ("another person", Box::new(move |oracle| oracle.months.histories.get_mut(&closed).unwrap().changes[0].by = "nobody".to_owned())),
        ("a sign-off less", Box::new(|oracle| oracle.months.histories.values_mut().for_each(|month| month.sign_offs.clear()))),
    ];
    for ((name, change), is_in_months) in in_journal.iter().map(|it| (it, false)).chain(in_months.iter().map(|it| (it, true))) {
        let before = (swarm.oracle.charges.clone(), swarm.oracle.journal.clone(), swarm.oracle.months.clone());
        change(&mut swarm.oracle);
        let outcome = if is_in_months { months(&mut swarm).await } else { everything(&mut swarm).await };
        assert!(outcome.is_err(), "not noticed: {name}");
        (swarm.oracle.charges, swarm.oracle.journal, swarm.oracle.months) = before;
        months(&mut swarm).await.unwrap();
    }
    everything(&mut swarm).await.unwrap();
    drop(swarm);
    database.remove().await;
}
