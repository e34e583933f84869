//! What tamper evidence costs: entries a second turned into canonical bytes, hashed and grown into the tree, on one core.

use std::time::Duration;

use super::figures::Figures;
use super::pairs::repeat;
use super::statistics::{Quartiles, per_second};
use crate::app::integrity::{block_digest, leaf_hash, push};
use crate::app::{AppError, Stopwatch};
use crate::domain::ids::{ChargeNumber, EntryNumber};
use crate::domain::integrity::Frontier;
use crate::domain::journal::{EntryHead, EntryLine, Side, write_entry};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, Moment};

/// Seals this many entries of two postings a few times.
///
/// # Errors
/// None.
pub async fn sealing(entries: u64) -> Result<Figures, AppError> {
    let mut times = Vec::new();
    repeat(async || {
        times.push(seal(entries));
        Ok(())
    })
    .await?;
    let rates = Quartiles::of(times.iter().map(|time| per_second(entries, *time)));
    let figures = Figures::new("sealing").with("entries", entries).with("runs", times.len());
    Ok(figures.with_quartiles("perSecond", rates).with_spread(rates.and_then(Quartiles::spread)))
}

/// Seals this many entries of two postings, as ingest makes them, and answers the time it took. Digests of blocks are known, as they are in ingest.
fn seal(entries: u64) -> Duration {
    let blocks: Vec<String> = (0..64).map(|block| block_digest(&format!("[\"tallybook/block/1\",{block}]"))).collect();
    let (mut frontier, mut nodes, mut text) = (Frontier::default(), Vec::new(), String::with_capacity(512));
    let watch = Stopwatch::start();
    for (number, block) in (1..=i64::try_from(entries).unwrap_or(i64::MAX)).zip(blocks.iter().cycle()) {
        let day = Day(20_000 + i32::try_from(number % 30).unwrap_or(0));
        let head = EntryHead {
            number: EntryNumber(number),
            kind: "CHARGE",
            effective_on: day,
            service_on: None,
            recorded_at: Moment(1_750_000_000_000_000 + number),
            charge: Some(ChargeNumber(number)),
            corrects: None,
            memo: None,
        };
        let amount = Amount::from_units(1_000_000 + number);
        let line = |side| EntryLine { side, amount, currency: Currency::USD, block };
        text.clear();
        write_entry(&mut text, &head, [line(Side::Debit), line(Side::Credit)].into_iter());
        push(&mut frontier, leaf_hash(&text), &mut nodes);
        // Ingest stores the nodes with each batch.
        if nodes.len() > 10_000 {
            nodes.clear();
        }
    }
    watch.elapsed()
}
