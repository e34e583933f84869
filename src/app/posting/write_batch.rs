//! What one transaction writes, and the order in which it does.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt, HashSet};

use super::room::Movement;
use super::seal::Sealed;
use super::session::{Head, NewCharge};
use super::stored_charge::basis;
use crate::app::integrity::{Node, stored};
use crate::domain::chart::{CodingBlock, NameKind};
use crate::domain::ids::{BlockId, BooksId, ChargeNumber, EntryNumber, NameId};
use crate::domain::journal::{EntryDraft, EntryKind, Posting};
use crate::domain::money::{Currency, Money};
use crate::domain::period::{Day, Moment, Month};
use crate::domain::report::{Totals, grains_of};
use crate::store::StoreError;
use crate::store::audit::AuditEvent;
use crate::store::balance_row::RowKey;
use crate::store::ledger::{Cell, Ledger};
use crate::store::rows;

/// Everything decided in one transaction, in the order of its numbers.
#[derive(Default)]
pub struct Batch {
    pub recorded_at: i64,
    /// With the source whose charge brought it.
    pub names: Vec<NewName>,
    pub blocks: Vec<(BlockId, CodingBlock)>,
    pub charges: Vec<(ChargeNumber, NewCharge, ChargeNames)>,
    pub revisions: Vec<Revision>,
    /// Charges that no longer wait for a price.
    pub priced: Vec<ChargeNumber>,
    pub commands: Vec<Command>,
    /// Revisions (0 is the charge itself) that count on another day than that of the call.
    pub late: Vec<(ChargeNumber, i64, Day)>,
    pub audit: Vec<(i64, AuditEvent)>,
    pub(super) entries: Vec<Entry>,
    pub(super) postings: Vec<(EntryNumber, i64, Posting)>,
    balances: HashMap<(BlockId, Day, Currency), BlockTotals>,
    /// The balances of every grain, once one had to be looked at.
    rows: Option<HashMap<RowKey, Totals>>,
    /// What was added to balances since the outermost savepoint.
    added: Vec<Movement>,
    savepoints: usize,
}

/// A name that the books did not have: its id, kind and text, and the source whose charge brought it.
pub type NewName = (NameId, NameKind, String, NameId);

/// How far the lists of a batch had grown.
pub struct Mark {
    names: usize,
    blocks: usize,
    charges: usize,
    revisions: usize,
    priced: usize,
    commands: usize,
    late: usize,
    audit: usize,
    entries: usize,
    postings: usize,
    added: usize,
}

/// What was taken out of a batch, for the caches beside it.
pub struct Undone {
    pub names: Vec<NewName>,
    pub blocks: Vec<(BlockId, CodingBlock)>,
    pub changes: Vec<Movement>,
}

/// Interned names that only the charge carries.
pub struct ChargeNames {
    pub source: NameId,
    pub api_key: NameId,
    pub variant: NameId,
}

/// What became of a charge.
pub struct Revision {
    pub charge: ChargeNumber,
    pub revision: i64,
    pub kind: EntryKind,
    pub block: BlockId,
    pub rule: i64,
    pub note: Option<String>,
    pub meter_lines: String,
    pub basis: i64,
    pub cost: Option<Money>,
    pub entry: Option<EntryNumber>,
    /// The first entry as of which it counts: its own, or the next one when it has none.
    pub since: EntryNumber,
}

/// An idempotency key that was used, with its receipt.
pub struct Command {
    pub operation: &'static str,
    pub key: String,
    pub content_hash: i64,
    pub receipt: String,
}

pub(super) struct Entry {
    pub number: EntryNumber,
    pub kind: EntryKind,
    pub effective_on: Day,
    pub service_on: Option<Day>,
    pub charge: Option<ChargeNumber>,
    pub corrects: Option<EntryNumber>,
    postings: i64,
    pub memo: Option<String>,
}

struct BlockTotals {
    coding: CodingBlock,
    is_cost: bool,
    totals: Totals,
}

impl Batch {
    /// Empties the batch for the next transaction. It keeps its room, which the next one needs again.
    pub fn begin(&mut self, recorded_at: Moment) {
        let Self { recorded_at: at, names, blocks, charges, revisions, priced, commands, late, audit, entries, postings, .. } = self;
        *at = recorded_at.0;
        names.clear();
        blocks.clear();
        charges.clear();
        revisions.clear();
        priced.clear();
        commands.clear();
        late.clear();
        audit.clear();
        entries.clear();
        postings.clear();
        self.balances.clear();
        self.rows = None;
        self.added.clear();
        self.savepoints = 0;
    }

    /// Remembers where the batch stands; [`Self::release`] ends it.
    pub fn mark(&mut self) -> Mark {
        self.savepoints += 1;
        Mark {
            names: self.names.len(),
            blocks: self.blocks.len(),
            charges: self.charges.len(),
            revisions: self.revisions.len(),
            priced: self.priced.len(),
            commands: self.commands.len(),
            late: self.late.len(),
            audit: self.audit.len(),
            entries: self.entries.len(),
            postings: self.postings.len(),
            added: self.added.len(),
        }
    }

    /// Takes out whatever came since the mark.
    pub fn undo(&mut self, mark: &Mark) -> Undone {
        self.charges.truncate(mark.charges);
        self.revisions.truncate(mark.revisions);
        self.priced.truncate(mark.priced);
        self.commands.truncate(mark.commands);
        self.late.truncate(mark.late);
        self.audit.truncate(mark.audit);
        self.entries.truncate(mark.entries);
        self.postings.truncate(mark.postings);
        let changes = self.added.split_off(mark.added.min(self.added.len()));
        for change in &changes {
            let key = (change.block, change.day, change.currency);
            if let Some(held) = self.balances.get_mut(&key) {
                held.totals = held.totals.less(change.totals);
                if held.totals == Totals::default() {
                    self.balances.remove(&key);
                }
            }
        }
        if !changes.is_empty() {
            self.rows = None;
        }
        let mut names = self.names.split_off(mark.names.min(self.names.len()));
        let mut blocks = self.blocks.split_off(mark.blocks.min(self.blocks.len()));
        // The last one in is the first one out.
        names.reverse();
        blocks.reverse();
        Undone { names, blocks, changes }
    }

    /// Ends a savepoint, undone or not.
    pub fn release(&mut self) {
        self.savepoints = self.savepoints.saturating_sub(1);
        if self.savepoints == 0 {
            self.added.clear();
        }
    }

    pub fn push_entry(&mut self, number: EntryNumber, draft: &EntryDraft<'_>) {
        self.entries.push(Entry {
            number,
            kind: draft.kind,
            effective_on: draft.effective_on,
            service_on: draft.service_on,
            charge: draft.charge,
            corrects: draft.corrects,
            postings: i64::try_from(draft.postings.len()).unwrap_or(i64::MAX),
            memo: draft.memo.map(ToOwned::to_owned),
        });
        self.postings.extend((1..).zip(draft.postings).map(|(line, posting)| (number, line, *posting)));
    }

    /// Adds to a block on a day. That every balance holds it was decided before.
    ///
    /// # Errors
    /// A balance beyond what it holds all the same.
    pub fn add_balance(&mut self, change: Movement, coding: &CodingBlock, is_cost: bool) -> Result<(), StoreError> {
        let Movement { block, day, currency, totals } = change;
        let held = self.balances.entry((block, day, currency));
        let held = held.or_insert_with(|| BlockTotals { coding: *coding, is_cost, totals: Totals::default() });
        held.totals = held.totals.checked_add(totals).ok_or_else(beyond)?;
        if let Some(rows) = &mut self.rows {
            add_to_rows(rows, (block, day, currency), held.coding, is_cost, totals)?;
        }
        if self.savepoints > 0 {
            self.added.push(change);
        }
        Ok(())
    }

    /// What the batch adds to one balance.
    ///
    /// # Errors
    /// A balance beyond what it holds.
    pub fn added_to(&mut self, key: RowKey) -> Result<Totals, StoreError> {
        let rows = match self.rows.take() {
            Some(rows) => rows,
            None => self.rows_by_key()?,
        };
        let added = rows.get(&key).copied().unwrap_or_default();
        self.rows = Some(rows);
        Ok(added)
    }

    /// The first and the last entry of each month.
    fn entry_months(&self) -> BTreeMap<Month, (EntryNumber, EntryNumber)> {
        let mut months = BTreeMap::new();
        let mut at: Option<(Day, Month)> = None;
        for entry in &self.entries {
            // Neighbours mostly share their day, and a month takes a calendar to find.
            let month = at.filter(|(day, _)| *day == entry.effective_on).map_or_else(|| entry.effective_on.month(), |(_, month)| month);
            at = Some((entry.effective_on, month));
            months.entry(month).or_insert((entry.number, entry.number)).1 = entry.number;
        }
        months
    }

    fn rows_by_key(&self) -> Result<HashMap<RowKey, Totals>, StoreError> {
        let mut rows: HashMap<RowKey, Totals> = HashMap::with_capacity(self.balances.len() * 3);
        for (key, held) in &self.balances {
            add_to_rows(&mut rows, *key, held.coding, held.is_cost, held.totals)?;
        }
        Ok(rows)
    }

    /// Balance rows of every grain, in the order of their keys, so that writers lock them in the same order.
    fn balance_rows(&self) -> Result<Vec<(RowKey, Totals)>, StoreError> {
        let mut rows: Vec<_> = self.rows_by_key()?.into_iter().collect();
        rows.sort_unstable_by_key(|row| row.0);
        Ok(rows)
    }
}

fn add_to_rows(
    rows: &mut HashMap<RowKey, Totals>,
    (block, day, currency): (BlockId, Day, Currency),
    coding: CodingBlock,
    is_cost: bool,
    totals: Totals,
) -> Result<(), StoreError> {
    for (grain, period, key) in grains_of(block, &coding, is_cost, day) {
        let row = rows.entry([grain.id(), period, key, i64::from(currency.id())]).or_default();
        *row = row.checked_add(totals).ok_or_else(beyond)?;
    }
    Ok(())
}

fn beyond() -> StoreError {
    StoreError::Refused("a balance exceeds what the ledger holds".to_owned())
}

/// Writes the batch, whose names and blocks are written. Postings come before the entries that seal them, the head last: the database checks each step.
pub fn write(
    ledger: &mut Ledger,
    books: BooksId,
    head: &Head,
    batch: &Batch,
    sealed: &Sealed,
    known_hours: &mut HashSet<i32>,
) -> Result<(), StoreError> {
    let books = int(books.0);
    write_charges(ledger, books, batch, known_hours)?;
    write_revisions(ledger, books, batch)?;
    let late = batch.late.iter().map(|(charge, revision, day)| [books, int(charge.0), int(*revision), int(day.0)]);
    ledger.insert(&rows::LATE_BOOKING, late)?;
    let postings = batch.postings.iter().map(|(number, line, posting)| {
        let (side, currency) = (int(posting.side.id()), int(posting.currency.id()));
        [books, int(number.0), int(*line), side, int(posting.amount.units()), currency, int(posting.block.0)]
    });
    ledger.insert(&rows::POSTING, postings)?;
    let entries = batch.entries.iter().zip(&sealed.marks).map(|(entry, mark)| {
        let charge = Cell::int_or_null(entry.charge.map(|charge| charge.0));
        let corrects = Cell::int_or_null(entry.corrects.map(|entry| entry.0));
        let (kind, day, memo) = (int(entry.kind.id()), int(entry.effective_on.0), Cell::text_or_null(entry.memo.as_deref()));
        let service = Cell::int_or_null(entry.service_on.map(|day| i64::from(day.0)));
        [books, int(entry.number.0), kind, day, int(batch.recorded_at), charge, corrects, int(entry.postings), memo, service, int(*mark)]
    });
    ledger.insert(&rows::JOURNAL_ENTRY, entries)?;
    let balances = batch.balance_rows()?.into_iter().map(|([grain, period, key, currency], totals)| {
        let Totals { debit, credit, charges, input_tokens, output_tokens, cache_read_tokens } = totals;
        let counts = [int(charges), int(input_tokens), int(output_tokens), int(cache_read_tokens)];
        let [charges, input, output, cache_read] = counts;
        [books, int(grain), int(period), int(key), int(currency), int(debit), int(credit), charges, input, output, cache_read]
    });
    ledger.insert(&rows::BALANCE, balances)?;
    let months = batch.entry_months().into_iter().map(|(month, (first, last))| [books, int(month.0), int(first.0), int(last.0)]);
    ledger.insert(&rows::ENTRY_MONTH, months)?;
    write_audit(ledger, books, batch)?;
    write_nodes(ledger, books, &sealed.nodes)?;
    let advance = "UPDATE books_head SET last_charge = $1, last_entry = $2, last_block = $3, last_name = $4, last_audit = $5, \
                   tree_size = $6, tree_peaks = $7 WHERE books_id = $8";
    let Head { last_charge, last_entry, last_block, last_name, last_audit, .. } = *head;
    let (size, peaks) = (int(stored(sealed.frontier.size())), sealed.frontier.to_text());
    let counters = [int(last_charge), int(last_entry), int(last_block), int(last_name), int(last_audit), size, Cell::Text(&peaks), books];
    ledger.run(advance, &counters)
}

/// Stores hashes of the tree.
pub fn write_nodes(ledger: &mut Ledger, books: Cell<'static>, nodes: &[Node]) -> Result<(), StoreError> {
    let hashes: Vec<String> = nodes.iter().map(|node| node.2.to_string()).collect();
    let rows = nodes.iter().zip(&hashes).map(|((level, position, _), hash)| [books, int(*level), int(stored(*position)), Cell::Text(hash)]);
    ledger.insert(&rows::TREE_NODE, rows)
}

fn int(value: impl Into<i64>) -> Cell<'static> {
    Cell::Int(value.into())
}

fn write_audit(ledger: &mut Ledger, books: Cell<'static>, batch: &Batch) -> Result<(), StoreError> {
    let events = batch.audit.iter().map(|(number, event)| {
        let [subject, issuer] = [Cell::Text(&event.subject), Cell::Text(&event.issuer)];
        let [acting_for, token, request] =
            [&event.acting_for, &event.token_id, &event.request_id].map(|text| Cell::text_or_null(text.as_deref()));
        let [before, after, reason] = [&event.before, &event.after, &event.reason].map(|text| Cell::text_or_null(text.as_deref()));
        let (action, object) = (Cell::Text(event.action), Cell::Text(&event.object));
        [books, int(*number), int(batch.recorded_at), action, object, subject, acting_for, issuer, token, request, before, after, reason]
    });
    ledger.insert(&rows::AUDIT_EVENT, events)
}

/// Writes what the batch names for the first time.
pub fn write_names(ledger: &mut Ledger, books: BooksId, batch: &Batch) -> Result<(), StoreError> {
    let books = int(books.0);
    let names = batch.names.iter().map(|(id, kind, name, giver)| [books, int(id.0), int(kind.id()), Cell::Text(name), int(giver.0)]);
    ledger.insert(&rows::INTERNED_NAME, names)?;
    let blocks = batch.blocks.iter().map(|(id, coding)| {
        let centers = [int(coding.team.0), int(coding.project.0), int(coding.client.0)];
        let [team, project, client] = centers;
        let (feature, provider) = (int(coding.feature.0), int(coding.provider.0));
        [books, int(id.0), int(coding.account.0), team, project, client, feature, provider, int(coding.model.0), int(coding.environment.0)]
    });
    ledger.insert(&rows::CODING_BLOCK, blocks)
}

fn write_charges(ledger: &mut Ledger, books: Cell<'static>, batch: &Batch, known_hours: &mut HashSet<i32>) -> Result<(), StoreError> {
    let charges = batch.charges.iter().map(|(number, charge, names)| charge_row(books, batch.recorded_at, *number, charge, names));
    ledger.insert(&rows::CHARGE, charges)?;
    let pending = batch.charges.iter().filter_map(|(number, charge, _)| {
        let reason = Cell::Text(charge.unpriced.as_deref()?);
        Some([books, int(number.0), int(charge.day.0), int(charge.block.0), reason])
    });
    ledger.insert(&rows::PENDING_CHARGE, pending)?;
    let mut tally: BTreeMap<(i32, i32), i64> = BTreeMap::new();
    for (_, charge, _) in batch.charges.iter().filter(|(_, charge, _)| charge.unpriced.is_some()) {
        *tally.entry((charge.day.0, charge.block.0)).or_default() += 1;
    }
    ledger.insert(&rows::PENDING_TALLY, tally.into_iter().map(|((day, block), count)| [books, int(day), int(block), int(count)]))?;
    let hours = batch.charges.iter().map(|(_, charge, _)| charge.event.occurred_at.hour());
    let new_hours: BTreeSet<i32> = hours.filter(|hour| !known_hours.contains(hour)).collect();
    ledger.insert(&rows::CHARGE_HOUR, new_hours.iter().map(|hour| [books, int(*hour)]))?;
    known_hours.extend(new_hours);
    Ok(())
}

/// One row of the table `charge`, in the order of its columns.
fn charge_row<'a>(
    books: Cell<'static>,
    recorded_at: i64,
    number: ChargeNumber,
    charge: &'a NewCharge,
    names: &ChargeNames,
) -> [Cell<'a>; 23] {
    let event = &charge.event;
    let currency = |money: Option<Money>| Cell::int_or_null(money.map(|money| i64::from(money.currency.id())));
    let units = |money: Option<Money>| Cell::int_or_null(money.map(|money| money.amount.units()));
    [
        books,
        int(number.0),
        int(event.occurred_at.hour()),
        int(charge.key_hash),
        int(charge.content_hash),
        int(names.source.0),
        Cell::Text(&event.external_id),
        int(event.occurred_at.0),
        int(recorded_at),
        int(charge.block.0),
        int(charge.rule),
        int(names.variant.0),
        int(names.api_key.0),
        Cell::text_or_null(event.end_user.as_deref()),
        Cell::text_or_null(charge.tags.as_deref()),
        Cell::text_or_null(charge.note.as_deref()),
        Cell::Text(&charge.meter_lines),
        int(charge.basis),
        units(charge.cost),
        currency(charge.cost),
        Cell::int_or_null(charge.entry.map(|entry| entry.0)),
        units(event.reported_cost),
        currency(event.reported_cost),
    ]
}

/// Counts a charge of the worklist in or out, on its day and under its block.
fn tally_pending(ledger: &mut Ledger, step: &str, books: Cell<'static>, charge: ChargeNumber) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE pending_tally SET charges = charges {step} WHERE books_id = $1 AND (day, block_id) IN \
         (SELECT p.day, p.block_id FROM pending_charge p WHERE p.books_id = $1 AND p.charge_id = $2)"
    );
    ledger.run(&sql, &[books, int(charge.0)])
}

fn write_revisions(ledger: &mut Ledger, books: Cell<'static>, batch: &Batch) -> Result<(), StoreError> {
    let now = int(batch.recorded_at);
    let revisions = batch.revisions.iter().map(|revision| {
        let cost = revision.cost;
        [
            books,
            int(revision.charge.0),
            int(revision.revision),
            now,
            int(revision.kind.id()),
            int(revision.block.0),
            int(revision.rule),
            Cell::text_or_null(revision.note.as_deref()),
            Cell::Text(&revision.meter_lines),
            int(revision.basis),
            Cell::int_or_null(cost.map(|cost| cost.amount.units())),
            Cell::int_or_null(cost.map(|cost| i64::from(cost.currency.id()))),
            Cell::int_or_null(revision.entry.map(|entry| entry.0)),
            int(revision.since.0),
        ]
    });
    ledger.insert(&rows::CHARGE_REVISION, revisions)?;
    // A charge that waits for its price is counted under its owner of now.
    for revision in batch.revisions.iter().filter(|revision| revision.basis == basis::UNPRICED) {
        tally_pending(ledger, "- 1", books, revision.charge)?;
        let key = [int(i64::from(revision.block.0)), books, int(revision.charge.0)];
        ledger.run("UPDATE pending_charge SET block_id = $1 WHERE books_id = $2 AND charge_id = $3", &key)?;
        let (block, charge) = (int(revision.block.0), int(revision.charge.0));
        let row = "INSERT INTO pending_tally (books_id, day, block_id, charges) SELECT books_id, day, $1, 0 FROM pending_charge \
                   WHERE books_id = $2 AND charge_id = $3 ON CONFLICT (books_id, day, block_id) DO NOTHING";
        ledger.run(row, &[block, books, charge])?;
        tally_pending(ledger, "+ 1", books, revision.charge)?;
    }
    for charge in &batch.priced {
        tally_pending(ledger, "- 1", books, *charge)?;
        ledger.run("DELETE FROM pending_charge WHERE books_id = $1 AND charge_id = $2", &[books, int(charge.0)])?;
    }
    let commands = batch.commands.iter().map(|command| {
        let (operation, key) = (Cell::Text(command.operation), Cell::Text(&command.key));
        [books, operation, key, int(command.content_hash), Cell::Text(&command.receipt), now]
    });
    ledger.insert(&rows::COMMAND, commands)
}
