//! A session: one writer's view of one set of books, with what a transaction has decided so far.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::key_filter::KeyFilter;
use super::names::Names;
use super::room::{Movement, Room};
use super::seal::seal;
use super::write_batch::Batch;
use crate::app::AppError;
use crate::app::integrity::{Blocks, push, restore, scan_leaves, sha256, stored};
use crate::app::masters::{Masters, load_masters};
use crate::domain::chart::{NameKind, NameLimits};
use crate::domain::ids::{BlockId, BooksId, ChargeNumber, EntryNumber, NameId};
use crate::domain::integrity::{Frontier, TreeHead};
use crate::domain::money::Money;
use crate::domain::period::{Day, Moment, Month, PeriodStatus};
use crate::domain::usage::UsageEvent;
use crate::store::audit::AuditEvent;
use crate::store::ledger::{Cell, Ledger, RowExt};
use crate::store::{Store, StoreError};

/// The last numbers given out, read under the books' lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    pub last_charge: i64,
    pub last_entry: i64,
    pub last_block: i64,
    pub last_name: i64,
    pub last_audit: i64,
    pub masters_version: i64,
}

/// A charge to be stored.
pub struct NewCharge {
    pub event: UsageEvent,
    /// The day of the call in the books' zone.
    pub day: Day,
    /// The day on which it is booked, when the period of its own day is closed.
    pub late_on: Option<Day>,
    pub key_hash: i64,
    pub content_hash: i64,
    pub block: BlockId,
    pub rule: i32,
    pub note: Option<String>,
    pub tags: Option<String>,
    pub meter_lines: String,
    /// 0 unpriced, 1 rated, 2 reported.
    pub basis: i64,
    pub cost: Option<Money>,
    pub entry: Option<EntryNumber>,
    pub unpriced: Option<String>,
}

/// A charge that came before.
#[derive(Debug, Clone)]
pub struct KnownCharge {
    pub number: ChargeNumber,
    pub source: NameId,
    pub external_id: String,
    pub content_hash: i64,
    pub cost: Option<Money>,
    pub entry: Option<EntryNumber>,
}

/// One writer's session with one set of books.
pub struct Session {
    pub(in crate::app) ledger: Ledger,
    store: Store,
    runtime: tokio::runtime::Handle,
    pub(in crate::app) books: BooksId,
    pub(super) names: Names,
    pub(super) limits: NameLimits,
    pub(super) room: Room,
    keys: Option<KeyFilter>,
    hours: HashSet<i32>,
    pub(super) masters: Arc<Masters>,
    /// The head up to which the caches reach.
    cached: Head,
    /// The tree over the entries that are stored.
    frontier: Frontier,
    blocks: Blocks,
    pub(in crate::app) head: Head,
    pub(in crate::app) batch: Batch,
    /// Room for the changes of one entry, kept from entry to entry.
    pub(super) changes: Vec<Movement>,
    /// The first day after the month of the transaction's moment, in the books' zone.
    first_future_day: Day,
    /// Whether the person behind the transaction closes periods.
    pub(super) is_closer: bool,
    /// Whether the program itself dates an entry in a month that has not begun.
    dates_ahead: bool,
}

impl Session {
    pub fn new(ledger: Ledger, store: Store, runtime: tokio::runtime::Handle, books: BooksId, masters: Arc<Masters>) -> Self {
        let limits = store.options().names;
        Self {
            ledger,
            store,
            runtime,
            books,
            names: Names::default(),
            limits,
            room: Room::default(),
            keys: None,
            hours: HashSet::new(),
            masters,
            cached: Head::default(),
            frontier: Frontier::default(),
            blocks: Blocks::default(),
            head: Head::default(),
            batch: Batch::default(),
            changes: Vec::new(),
            first_future_day: Day(i32::MIN),
            is_closer: false,
            dates_ahead: false,
        }
    }

    pub fn masters(&self) -> &Arc<Masters> {
        &self.masters
    }

    /// Begins a transaction: takes the books' lock and catches up with what other processes wrote.
    ///
    /// # Errors
    /// Any database failure; nothing is then open.
    pub fn begin(&mut self, recorded_at: Moment) -> Result<(), AppError> {
        self.ledger.begin()?;
        self.batch.begin(recorded_at);
        self.is_closer = false;
        self.dates_ahead = false;
        self.catch_up().inspect_err(|_| self.forget())?;
        self.first_future_day = self.masters.calendar.month_of(recorded_at).next().first_day();
        Ok(())
    }

    /// Says that the person behind this transaction closes periods, so that the gate lets adjusting entries into soft-closed ones.
    pub fn act_as_closer(&mut self, is_closer: bool) {
        self.is_closer = is_closer;
    }

    /// Lets the rest of this transaction post into months that have not begun, as the mirror of a revaluation does.
    pub fn date_ahead(&mut self) {
        self.dates_ahead = true;
    }

    /// The day on which the books count what happened at a moment.
    pub fn service_day(&self, moment: Moment) -> Day {
        self.masters.zone().day_of(moment)
    }

    /// The day on which the program books what belongs to `day`: the day itself, or the first open day when its period is closed.
    pub fn booking_day(&self, day: Day) -> Day {
        self.masters.calendar.closings.open_day(day)
    }

    /// The state of the period of a day. Most days are open, which two comparisons tell.
    pub(super) fn period_status(&self, day: Day) -> PeriodStatus {
        let closings = &self.masters.calendar.closings;
        if day >= self.first_future_day && day >= closings.first_open_day() {
            if self.dates_ahead { PeriodStatus::Open } else { PeriodStatus::Future }
        } else if day >= closings.first_open_day() {
            PeriodStatus::Open
        } else {
            closings.status(day.month(), self.current_month())
        }
    }

    /// The month in which the transaction is recorded, in the books' zone.
    pub fn current_month(&self) -> Month {
        self.first_future_day.previous().month()
    }

    /// The number the next charge gets.
    pub fn next_charge(&self) -> i64 {
        self.head.last_charge + 1
    }

    /// The number the next entry gets.
    pub fn next_entry(&self) -> EntryNumber {
        EntryNumber(self.head.last_entry + 1)
    }

    fn catch_up(&mut self) -> Result<(), AppError> {
        let sql = format!(
            "SELECT last_charge, last_entry, last_block, last_name, masters_version, last_audit, tree_size, tree_peaks FROM books_head WHERE books_id = $1{}",
            self.ledger.lock_clause()
        );
        let rows = self.ledger.rows(&sql, &[self.books_cell()])?;
        let row = rows.first().ok_or(AppError::NotFound("books"))?;
        self.head = Head {
            last_charge: row.int(0)?,
            last_entry: row.int(1)?,
            last_block: row.int(2)?,
            last_name: row.int(3)?,
            masters_version: row.int(4)?,
            last_audit: row.int(5)?,
        };
        self.frontier = restore(row.int(6)?, row.text(7)?)?;
        self.room.begin(self.head.last_entry != self.cached.last_entry);
        if self.head.masters_version != self.masters.version {
            // The lock is held, so no other version can appear before this transaction ends.
            self.masters = Arc::new(self.runtime.block_on(load_masters(&self.store, self.books))?);
        }
        if self.head.last_name != self.cached.last_name {
            self.load_names()?;
        }
        if self.head.last_block != self.cached.last_block {
            self.load_blocks()?;
        }
        self.load_keys()?;
        self.seal_unsealed()?;
        self.cached = self.head;
        Ok(())
    }

    /// The tree over the entries that are stored.
    pub fn tree_head(&self) -> TreeHead {
        TreeHead { size: self.frontier.size(), root: self.frontier.root(sha256) }
    }

    /// Entries of an older program have no leaves yet: the tree is grown over them once.
    fn seal_unsealed(&mut self) -> Result<(), StoreError> {
        let size = stored(self.frontier.size());
        if size >= self.head.last_entry {
            return Ok(());
        }
        self.blocks.catch_up(&mut self.ledger, self.books)?;
        let (frontier, mut nodes) = (&mut self.frontier, Vec::new());
        scan_leaves(&mut self.ledger, self.books, &self.blocks, size + 1..=self.head.last_entry, |leaf| {
            push(frontier, leaf.hash, &mut nodes);
            Ok(())
        })?;
        super::write_batch::write_nodes(&mut self.ledger, Cell::Int(i64::from(self.books.0)), &nodes)
    }

    pub(super) fn books_cell(&self) -> Cell<'static> {
        Cell::Int(i64::from(self.books.0))
    }

    fn load_names(&mut self) -> Result<(), StoreError> {
        let names = &mut self.names;
        let parameters = [Cell::Int(i64::from(self.books.0)), Cell::Int(self.cached.last_name)];
        self.ledger.scan("SELECT kind, name, id, source_id FROM interned_name WHERE books_id = $1 AND id > $2", &parameters, |row| {
            let kind = i16::try_from(row.int(0)?)
                .ok()
                .and_then(NameKind::from_id)
                .ok_or_else(|| StoreError::corrupt("an interned name of unknown kind"))?;
            names.insert(kind, row.text(1)?, NameId(narrow(row.int(2)?)?), NameId(narrow(row.int(3)?)?));
            Ok(())
        })
    }

    fn load_blocks(&mut self) -> Result<(), StoreError> {
        let names = &mut self.names;
        self.ledger.coding_blocks(self.books, self.cached.last_block, |id, coding| names.insert_block(id, coding))
    }

    fn load_keys(&mut self) -> Result<(), StoreError> {
        let through = self.keys.as_ref().map_or(0, |keys| keys.through.0);
        if self.keys.is_some() && through == self.head.last_charge {
            return Ok(());
        }
        let mut keys = self.keys.take().unwrap_or_else(|| KeyFilter::with_room_for(usize::try_from(self.head.last_charge).unwrap_or(0)));
        let parameters = [self.books_cell(), Cell::Int(through)];
        // The whole history reads the narrow key index; catching up reads the few newest rows.
        let sql = if through == 0 {
            "SELECT key_hash FROM charge WHERE books_id = $1 AND hour > $2"
        } else {
            "SELECT key_hash FROM charge WHERE books_id = $1 AND id > $2"
        };
        self.ledger.scan(sql, &parameters, |row| {
            keys.insert(row.int(0)?);
            Ok(())
        })?;
        keys.through = ChargeNumber(self.head.last_charge);
        self.keys = Some(keys);
        Ok(())
    }

    /// Makes everything decided so far durable.
    ///
    /// # Errors
    /// Any database failure; nothing was then written, unless the connection broke during the commit itself.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        let committed = self.write().and_then(|frontier| self.ledger.commit().map(|()| frontier));
        match committed {
            Ok(frontier) => self.frontier = frontier,
            Err(error) => {
                self.rollback();
                return Err(error);
            }
        }
        if let Some(keys) = &mut self.keys {
            for charge in &self.batch.charges {
                keys.insert(charge.1.key_hash);
            }
            keys.through = ChargeNumber(self.head.last_charge);
        }
        self.cached = self.head;
        let stored = std::mem::take(&mut self.batch.charges);
        self.batch.charges.reserve(stored.len());
        // Thousands of texts are freed beside the next transaction, not before it.
        self.runtime.spawn(async move { drop(stored) });
        self.batch.begin(Moment(0));
        Ok(())
    }

    /// Writes the batch, and answers the tree with its entries.
    fn write(&mut self) -> Result<Frontier, StoreError> {
        super::write_batch::write_names(&mut self.ledger, self.books, &self.batch)?;
        if self.blocks.through() < self.head.last_block {
            self.blocks.catch_up(&mut self.ledger, self.books)?;
        }
        let sealed = seal(&self.batch, &self.blocks, &self.frontier);
        super::write_batch::write(&mut self.ledger, self.books, &self.head, &self.batch, &sealed, &mut self.hours)?;
        Ok(sealed.frontier)
    }

    /// Forgets what was decided, and what the caches learned from it.
    pub fn rollback(&mut self) {
        if self.head == self.cached {
            self.ledger.rollback();
            self.batch.begin(Moment(0));
            self.room.forget();
        } else {
            self.forget();
        }
    }

    /// Rolls back and lets the next transaction load its caches anew. The filter of keys stays: it has only committed ones.
    fn forget(&mut self) {
        self.ledger.rollback();
        self.batch.begin(Moment(0));
        self.room.forget();
        self.names = Names::default();
        self.blocks = Blocks::default();
        self.hours.clear();
        self.cached = Head::default();
        self.head = Head::default();
    }

    /// Takes an event into the audit log, in the transaction that does what it tells.
    pub fn audit(&mut self, event: AuditEvent) {
        self.head.last_audit += 1;
        self.batch.audit.push((self.head.last_audit, event));
    }

    /// Whether the transaction changes charges that were stored before it.
    pub(super) fn has_revisions(&self) -> bool {
        !self.batch.revisions.is_empty()
    }

    /// Whether the key is certainly new to the books (the transaction's own charges apart).
    pub fn is_new_key(&self, key_hash: i64) -> bool {
        self.keys.as_ref().is_some_and(|keys| !keys.may_contain(key_hash))
    }

    /// Stored charges under these (hour, hash) keys, keyed by both.
    ///
    /// # Errors
    /// Any database failure.
    pub fn charges_at(&mut self, keys: &[(i64, i64)]) -> Result<HashMap<(i64, i64), KnownCharge>, StoreError> {
        let mut found = HashMap::new();
        self.ledger.charges_by_key(self.books, keys, |row| {
            found.insert((row.int(0)?, row.int(1)?), known_charge(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Stored charges under a hash in any hour that has charges.
    ///
    /// # Errors
    /// Any database failure.
    pub fn charges_at_any_hour(&mut self, key_hash: i64) -> Result<Vec<KnownCharge>, StoreError> {
        // One search of the key's index for each hour. As a join the planner may walk the whole index, which grows with history.
        let mut keys = Vec::new();
        self.ledger.scan("SELECT hour FROM charge_hour WHERE books_id = $1", &[self.books_cell()], |row| {
            keys.push((row.int(0)?, key_hash));
            Ok(())
        })?;
        Ok(self.charges_at(&keys)?.into_values().collect())
    }

    pub fn idle(&mut self) {
        self.ledger.checkpoint_when_idle();
    }
}

fn known_charge(row: &[crate::store::ledger::Value]) -> Result<KnownCharge, StoreError> {
    let cost = super::stored_charge::money(row.int_or_none(6)?, row.int_or_none(7)?)?;
    Ok(KnownCharge {
        number: ChargeNumber(row.int(2)?),
        source: NameId(narrow(row.int(3)?)?),
        external_id: row.text(4)?.to_owned(),
        content_hash: row.int(5)?,
        cost,
        entry: row.int_or_none(8)?.map(EntryNumber),
    })
}

/// # Errors
/// [`StoreError::Corrupt`] when a stored id is no id.
pub(super) fn narrow(id: i64) -> Result<i32, StoreError> {
    i32::try_from(id).map_err(|_| StoreError::corrupt(format!("{id} is no id")))
}
