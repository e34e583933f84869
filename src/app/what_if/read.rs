//! The pass over the charges: one reader, several raters.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::report::WhatIfReport;
use super::tally::{Ground, Tally};
use crate::app::AppError;
use crate::app::masters::Masters;
use crate::domain::ids::{BooksId, ChargeNumber};
use crate::domain::period::DayRange;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::SpendDimension;
use crate::domain::what_if::{Prepared, Scenario};
use crate::store::balance::BlockFilter;
use crate::store::ledger::{Cell, Ledger, RowExt};
use crate::store::{ChargeSpan, ScannedCharge, StoreError};

/// Numbers in one window: about two megabytes of charges.
const WINDOW: i64 = 10_000;
/// Windows that wait for a rater.
const WINDOWS_AHEAD: usize = 4;
/// Threads that rate: reading is a single thread, and keeps about this many busy.
const MOST_RATERS: usize = 4;

/// One computation, permitted and read.
pub(super) struct Pass {
    pub days: DayRange,
    pub filter: BlockFilter,
    pub scenarios: Vec<Scenario>,
    pub group_by: Option<SpendDimension>,
    /// By the id of a group: the group that it is added up in.
    pub above: HashMap<i64, i64>,
    pub most_charges: Option<u64>,
    pub stopped: Arc<AtomicBool>,
}

impl Pass {
    /// # Errors
    /// `MODEL_NOT_PRICED`, `RANGE_TOO_LARGE`, `LEDGER_OVERFLOW`, database failures.
    pub fn run(
        self,
        ledger: &mut Ledger,
        books: BooksId,
        masters: &Masters,
        progress: &impl Fn(u64, u64),
    ) -> Result<WhatIfReport, AppError> {
        let ground = Ground { scenarios: self.prepared(masters)?, ..ground(ledger, books, self.group_by)? };
        let zone = masters.zone();
        let moments = (zone.start_of(self.days.from()), zone.start_of(self.days.to()));
        let spans = ledger.charge_spans(books, moments.0, moments.1)?;
        let total: u64 = spans.iter().map(|span| span.charges).sum();
        if let Some(most) = self.most_charges.filter(|most| total > *most) {
            let message = format!(
                "the range has about {total} charges, more than the {most} that are computed while a request waits: narrow it, or run `tallybook what-if` beside the database"
            );
            return Err(Rejection::at(Code::RangeTooLarge, "to", message).into());
        }
        let allowed = ledger.blocks_of(books, &self.filter)?;
        let read = |windows: &SyncSender<Vec<ScannedCharge>>| {
            let mut done = 0;
            for window in windows_of(&spans) {
                if self.stopped.load(Ordering::Relaxed) {
                    return Err(AppError::Unavailable(StoreError::Unavailable("nobody waits for the answer".to_owned())));
                }
                let bounds = (ChargeNumber(window * WINDOW), ChargeNumber(window * WINDOW + (WINDOW - 1)));
                let mut charges = ledger.charges_between(books, bounds, moments)?;
                done += u64::try_from(charges.len()).unwrap_or(0);
                charges.retain(|charge| allowed.contains(&charge.block));
                if windows.send(charges).is_err() {
                    // The raters ended: what they found is told by them.
                    break;
                }
                progress(done, total);
            }
            Ok(())
        };
        let tally = rated(&ground, read)?.regrouped(&self.above)?;
        WhatIfReport::new(&ground, tally, masters)
    }

    fn prepared(&self, masters: &Masters) -> Result<Vec<Prepared>, Rejection> {
        let prepare = |(position, scenario): (usize, &Scenario)| {
            let prepared = scenario.clone().prepare(&masters.price_book);
            prepared.map_err(|rejection| rejection.under(position.to_string()).under("scenarios"))
        };
        self.scenarios.iter().enumerate().map(prepare).collect()
    }
}

/// Coding blocks and names, whole: they are few beside charges.
fn ground(ledger: &mut Ledger, books: BooksId, group_by: Option<SpendDimension>) -> Result<Ground, StoreError> {
    let (mut codings, mut names) = (HashMap::new(), HashMap::new());
    ledger.coding_blocks(books, 0, |id, coding| {
        codings.insert(id, coding);
    })?;
    // Features, providers, models, environments; and variants.
    let sql = "SELECT id, name FROM interned_name WHERE books_id = $1 AND (kind BETWEEN 4 AND 7 OR kind = 10)";
    ledger.scan(sql, &[Cell::Int(i64::from(books.0))], |row| {
        let id = i32::try_from(row.int(0)?).map_err(|_| StoreError::corrupt("no id of a name"))?;
        names.insert(crate::domain::ids::NameId(id), row.text(1)?.to_owned());
        Ok(())
    })?;
    Ok(Ground { scenarios: Vec::new(), codings, names, group_by })
}

/// The windows that hold any of the charges, in order. Charges that came in late are far from the others of their hour; the windows
/// between are read too, and found empty.
fn windows_of(spans: &[ChargeSpan]) -> BTreeSet<i64> {
    spans.iter().flat_map(|span| span.first.0.div_euclid(WINDOW)..=span.last.0.div_euclid(WINDOW)).collect()
}

/// Reads on this thread and rates on others. Sums do not depend on which of them got which window.
fn rated(ground: &Ground, read: impl FnOnce(&SyncSender<Vec<ScannedCharge>>) -> Result<(), AppError>) -> Result<Tally, AppError> {
    let raters = thread::available_parallelism().map_or(1, usize::from).clamp(1, MOST_RATERS);
    let (sender, receiver) = sync_channel(WINDOWS_AHEAD);
    let receiver = Arc::new(Mutex::new(receiver));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..raters)
            .map(|_| {
                let receiver = receiver.clone();
                scope.spawn(move || rater(ground, &receiver))
            })
            .collect();
        // Once the raters have ended, nobody receives, and the reader is told.
        drop(receiver);
        let outcome = read(&sender);
        drop(sender);
        let mut tally = Tally::new(ground);
        for thread in threads {
            let part = thread.join().map_err(|_| AppError::Internal(StoreError::Unavailable("a rating thread ended".to_owned())))?;
            tally.add(part?)?;
        }
        outcome.map(|()| tally)
    })
}

fn rater(ground: &Ground, windows: &Mutex<Receiver<Vec<ScannedCharge>>>) -> Result<Tally, AppError> {
    let mut rating = super::tally::Rating::new(ground);
    loop {
        // The lock is kept while waiting: the others wait for the same windows.
        let window = windows.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(window) = window else { return Ok(rating.into_tally()) };
        window.iter().try_for_each(|charge| rating.add(charge))?;
    }
}
