//! The oracle can fail: one thing changed in what it expects, and the comparison must see it.

use super::call::Money;
use super::compare::{self, Outcome};
use super::engine::{Engine, TestDatabase};
use super::oracle::{Oracle, Status};
use super::swarm::Swarm;
use super::world::{END_DAY, FIRST_DAY};

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
