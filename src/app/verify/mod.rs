//! Verification: every balance and every invariant recomputed from the postings and the charges, without trusting what is checked.

mod activity;
mod allocations;
mod balances;
mod chargebacks;
mod charges;
mod exports;
mod journal;
mod late;
mod periods;
mod tree;

pub(in crate::app) use charges::counts_of;

use std::collections::HashMap;
use std::sync::Arc;

use crate::app::masters::{Masters, load_masters};
use crate::app::{App, AppError};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{BlockId, BooksId, NameId};
use crate::domain::money::Currency;
use crate::domain::period::Day;
use crate::domain::report::Totals;
use crate::store::StoreError;
use crate::store::ledger::{Cell, Ledger, RowExt};

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: &'static str,
    /// How many things were looked at.
    pub examined: u64,
    /// What does not hold, by name; at most [`MOST_FAULTS`] are listed.
    pub faults: Vec<String>,
}

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    pub entries: u64,
    pub checks: Vec<Check>,
}

impl VerifyReport {
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.faults.is_empty())
    }
}

/// A broken book can have millions of faults; the first ones show what kind they are.
pub const MOST_FAULTS: usize = 20;

impl Check {
    fn new(name: &'static str) -> Self {
        Self { name, examined: 0, faults: Vec::new() }
    }

    fn fault(&mut self, fault: impl FnOnce() -> String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault());
        }
    }

    /// Counts one thing looked at, and names it when it does not hold.
    fn expect(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        self.examined += 1;
        if !holds {
            self.fault(fault);
        }
    }
}

/// Checks one set of books as of one moment. Ingest may go on meanwhile.
///
/// # Errors
/// `NotFound` for unknown books, and database failures. What does not hold is in the report.
pub async fn verify(app: &App, books: &str) -> Result<VerifyReport, AppError> {
    let id = app.books_by_code(books).await?.id();
    let masters = Arc::new(load_masters(app.store(), id).await?);
    let store = app.store().clone();
    let runtime = tokio::runtime::Handle::current();
    let work = move || {
        let mut ledger = Ledger::open(&store, runtime)?;
        ledger.begin_reading()?;
        let report = Verifier::new(&mut ledger, id, masters)?.run();
        ledger.rollback();
        report
    };
    Ok(tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Internal(StoreError::Unavailable(error.to_string())))??)
}

/// What the checks share.
struct Verifier<'a> {
    ledger: &'a mut Ledger,
    books: BooksId,
    masters: Arc<Masters>,
    codings: HashMap<BlockId, CodingBlock>,
    names: HashMap<NameId, String>,
    last_charge: i64,
    last_entry: i64,
    /// Recomputed by the passes over journal and charges.
    recomputed: HashMap<(BlockId, Day, Currency), Totals>,
    /// The first and the last entry of each day, from the pass over the journal.
    entry_days: HashMap<Day, (i64, i64)>,
    /// The days on which charges of closed periods count, by charge and revision.
    late: HashMap<(i64, i64), Day>,
}

impl<'a> Verifier<'a> {
    fn new(ledger: &'a mut Ledger, books: BooksId, masters: Arc<Masters>) -> Result<Self, StoreError> {
        let mut verifier = Self {
            ledger,
            books,
            masters,
            codings: HashMap::new(),
            names: HashMap::new(),
            last_charge: 0,
            last_entry: 0,
            recomputed: HashMap::new(),
            entry_days: HashMap::new(),
            late: HashMap::new(),
        };
        verifier.load()?;
        verifier.load_late()?;
        Ok(verifier)
    }

    fn key(&self) -> [Cell<'static>; 1] {
        [Cell::Int(i64::from(self.books.0))]
    }

    fn load(&mut self) -> Result<(), StoreError> {
        let key = self.key();
        let head = self.ledger.rows("SELECT last_charge, last_entry FROM books_head WHERE books_id = $1", &key)?;
        let head = head.first().ok_or_else(|| StoreError::corrupt("the books have no head row"))?;
        (self.last_charge, self.last_entry) = (head.int(0)?, head.int(1)?);
        let codings = &mut self.codings;
        self.ledger.coding_blocks(self.books, 0, |id, coding| {
            codings.insert(id, coding);
        })?;
        let names = &mut self.names;
        self.ledger.scan("SELECT id, name FROM interned_name WHERE books_id = $1", &key, |row| {
            names.insert(NameId(narrow(row.int(0)?)?), row.text(1)?.to_owned());
            Ok(())
        })
    }

    fn run(mut self) -> Result<VerifyReport, StoreError> {
        let mut checks = self.check_journal()?;
        checks.extend(self.check_charges()?);
        checks.extend(self.check_periods()?);
        checks.extend(self.check_allocations()?);
        checks.extend(self.check_chargebacks()?);
        checks.extend(self.check_activity()?);
        checks.extend(self.check_balances()?);
        checks.push(self.check_entry_months()?);
        checks.extend(self.check_tree()?);
        checks.extend(self.check_exports()?);
        Ok(VerifyReport { entries: u64::try_from(self.last_entry).unwrap_or(0), checks })
    }

    fn add(&mut self, key: (BlockId, Day, Currency), totals: Totals) -> Result<(), StoreError> {
        let sum = self.recomputed.entry(key).or_default();
        *sum = sum.checked_add(totals).ok_or_else(|| StoreError::corrupt("a recomputed balance exceeds what the ledger holds"))?;
        Ok(())
    }
}

fn narrow(id: i64) -> Result<i32, StoreError> {
    i32::try_from(id).map_err(|_| StoreError::corrupt(format!("{id} is no id")))
}

fn currency(id: i64) -> Result<Currency, StoreError> {
    i16::try_from(id).ok().and_then(Currency::from_id).ok_or_else(|| StoreError::corrupt(format!("currency {id}")))
}
