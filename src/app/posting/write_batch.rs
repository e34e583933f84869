//! What one transaction writes, and the order in which it does.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::session::{Head, NewCharge};
use crate::domain::chart::{CodingBlock, NameKind};
use crate::domain::ids::{BlockId, BooksId, ChargeNumber, EntryNumber, NameId};
use crate::domain::journal::{EntryDraft, EntryKind, Posting};
use crate::domain::money::{Currency, Money};
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::{Totals, grains_of};
use crate::store::StoreError;
use crate::store::ledger::{Cell, Ledger, Rows};
use crate::store::rows;

/// Everything decided in one transaction, in the order of its numbers.
#[derive(Default)]
pub struct Batch {
    pub recorded_at: i64,
    pub names: Vec<(NameId, NameKind, String)>,
    pub blocks: Vec<(BlockId, CodingBlock)>,
    pub charges: Vec<(ChargeNumber, NewCharge, ChargeNames)>,
    pub revisions: Vec<Revision>,
    /// Charges that no longer wait for a price.
    pub priced: Vec<ChargeNumber>,
    pub commands: Vec<Command>,
    entries: Vec<Entry>,
    postings: Vec<(EntryNumber, i64, Posting)>,
    balances: HashMap<(BlockId, Day, Currency), BlockTotals>,
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
}

/// An idempotency key that was used, with its receipt.
pub struct Command {
    pub operation: &'static str,
    pub key: String,
    pub content_hash: i64,
    pub receipt: String,
}

struct Entry {
    number: EntryNumber,
    kind: EntryKind,
    effective_on: Day,
    charge: Option<ChargeNumber>,
    corrects: Option<EntryNumber>,
    postings: i64,
    memo: Option<String>,
}

struct BlockTotals {
    coding: CodingBlock,
    is_cost: bool,
    totals: Totals,
}

impl Batch {
    pub fn at(recorded_at: Moment) -> Self {
        Self { recorded_at: recorded_at.0, ..Self::default() }
    }

    pub fn push_entry(&mut self, number: EntryNumber, draft: &EntryDraft<'_>) {
        self.entries.push(Entry {
            number,
            kind: draft.kind,
            effective_on: draft.effective_on,
            charge: draft.charge,
            corrects: draft.corrects,
            postings: i64::try_from(draft.postings.len()).unwrap_or(i64::MAX),
            memo: draft.memo.map(ToOwned::to_owned),
        });
        self.postings.extend((1..).zip(draft.postings).map(|(line, posting)| (number, line, *posting)));
    }

    pub fn add_balance(
        &mut self,
        key: (BlockId, Day, Currency),
        coding: &CodingBlock,
        is_cost: bool,
        totals: Totals,
    ) -> Result<(), Rejection> {
        let block = self.balances.entry(key).or_insert_with(|| BlockTotals { coding: *coding, is_cost, totals: Totals::default() });
        block.totals = block.totals.checked_add(totals).ok_or_else(|| Rejection::of(Code::LedgerOverflow))?;
        Ok(())
    }

    /// Balance rows of every grain, in the order of their keys, so that writers lock them in the same order.
    fn balance_rows(&self) -> Result<Vec<([i64; 4], Totals)>, StoreError> {
        let mut rows: HashMap<[i64; 4], Totals> = HashMap::with_capacity(self.balances.len() * 3);
        for ((block, day, currency), totals) in &self.balances {
            for (grain, period, key) in grains_of(*block, &totals.coding, totals.is_cost, *day) {
                let row = rows.entry([grain.id(), period, key, i64::from(currency.id())]).or_default();
                *row = row
                    .checked_add(totals.totals)
                    .ok_or_else(|| StoreError::Refused("a balance exceeds what the ledger holds".to_owned()))?;
            }
        }
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_unstable_by_key(|row| row.0);
        Ok(rows)
    }
}

/// Writes the batch. Postings come before the entries that seal them, the head last: the database checks each step.
pub fn write(ledger: &mut Ledger, books: BooksId, head: &Head, batch: &Batch, known_hours: &mut HashSet<i32>) -> Result<(), StoreError> {
    let books = Cell::Int(i64::from(books.0));
    let now = Cell::Int(batch.recorded_at);
    write_names(ledger, books, batch)?;
    write_charges(ledger, books, batch, known_hours)?;
    write_revisions(ledger, books, batch)?;
    let mut postings = Rows::of(&rows::POSTING, batch.postings.len());
    for (number, line, posting) in &batch.postings {
        let (side, currency) = (i64::from(posting.side.id()), i64::from(posting.currency.id()));
        postings.push([
            books,
            Cell::Int(number.0),
            Cell::Int(*line),
            Cell::Int(side),
            Cell::Int(posting.amount.units()),
            Cell::Int(currency),
            Cell::Int(i64::from(posting.block.0)),
        ]);
    }
    ledger.insert(&rows::POSTING, &postings)?;
    let mut entries = Rows::of(&rows::JOURNAL_ENTRY, batch.entries.len());
    for entry in &batch.entries {
        entries.push([
            books,
            Cell::Int(entry.number.0),
            Cell::Int(i64::from(entry.kind.id())),
            Cell::Int(i64::from(entry.effective_on.0)),
            now,
            Cell::int_or_null(entry.charge.map(|charge| charge.0)),
            Cell::int_or_null(entry.corrects.map(|entry| entry.0)),
            Cell::Int(entry.postings),
            Cell::text_or_null(entry.memo.as_deref()),
        ]);
    }
    ledger.insert(&rows::JOURNAL_ENTRY, &entries)?;
    let balance_rows = batch.balance_rows()?;
    let mut balances = Rows::of(&rows::BALANCE, balance_rows.len());
    for ([grain, period, key, currency], totals) in &balance_rows {
        let int = |value: &i64| Cell::Int(*value);
        balances.push([
            books,
            int(grain),
            int(period),
            int(key),
            int(currency),
            int(&totals.debit),
            int(&totals.credit),
            int(&totals.charges),
            int(&totals.input_tokens),
            int(&totals.output_tokens),
            int(&totals.cache_read_tokens),
        ]);
    }
    ledger.insert(&rows::BALANCE, &balances)?;
    let advance = "UPDATE books_head SET last_charge = $1, last_entry = $2, last_block = $3, last_name = $4 WHERE books_id = $5";
    ledger.run(
        advance,
        &[Cell::Int(head.last_charge), Cell::Int(head.last_entry), Cell::Int(head.last_block), Cell::Int(head.last_name), books],
    )
}

fn write_names(ledger: &mut Ledger, books: Cell<'static>, batch: &Batch) -> Result<(), StoreError> {
    let mut names = Rows::of(&rows::INTERNED_NAME, batch.names.len());
    for (id, kind, name) in &batch.names {
        names.push([books, Cell::Int(i64::from(id.0)), Cell::Int(i64::from(kind.id())), Cell::Text(name)]);
    }
    ledger.insert(&rows::INTERNED_NAME, &names)?;
    let mut blocks = Rows::of(&rows::CODING_BLOCK, batch.blocks.len());
    for (id, coding) in &batch.blocks {
        let name = |id: NameId| Cell::Int(i64::from(id.0));
        blocks.push([
            books,
            Cell::Int(i64::from(id.0)),
            Cell::Int(i64::from(coding.account.0)),
            name(coding.team),
            name(coding.project),
            name(coding.client),
            name(coding.feature),
            name(coding.provider),
            name(coding.model),
            name(coding.environment),
        ]);
    }
    ledger.insert(&rows::CODING_BLOCK, &blocks)
}

fn write_charges(ledger: &mut Ledger, books: Cell<'static>, batch: &Batch, known_hours: &mut HashSet<i32>) -> Result<(), StoreError> {
    let mut charges = Rows::of(&rows::CHARGE, batch.charges.len());
    let mut pending = Rows::of(&rows::PENDING_CHARGE, 0);
    let mut new_hours = BTreeSet::new();
    for (number, charge, names) in &batch.charges {
        let event = &charge.event;
        let name = |id: NameId| Cell::Int(i64::from(id.0));
        let currency = |money: Option<Money>| Cell::int_or_null(money.map(|money| i64::from(money.currency.id())));
        let units = |money: Option<Money>| Cell::int_or_null(money.map(|money| money.amount.units()));
        let hour = event.occurred_at.hour();
        if !known_hours.contains(&hour) {
            new_hours.insert(hour);
        }
        charges.push([
            books,
            Cell::Int(number.0),
            Cell::Int(i64::from(hour)),
            Cell::Int(charge.key_hash),
            Cell::Int(charge.content_hash),
            name(names.source),
            Cell::Text(&event.external_id),
            Cell::Int(event.occurred_at.0),
            Cell::Int(batch.recorded_at),
            Cell::Int(i64::from(charge.block.0)),
            Cell::Int(i64::from(charge.rule)),
            name(names.variant),
            name(names.api_key),
            Cell::text_or_null(event.end_user.as_deref()),
            Cell::text_or_null(charge.tags.as_deref()),
            Cell::text_or_null(charge.note.as_deref()),
            Cell::Text(&charge.meter_lines),
            Cell::Int(charge.basis),
            units(charge.cost),
            currency(charge.cost),
            Cell::int_or_null(charge.entry.map(|entry| entry.0)),
            units(event.reported_cost),
            currency(event.reported_cost),
        ]);
        if let Some(reason) = &charge.unpriced {
            pending.push([
                books,
                Cell::Int(number.0),
                Cell::Int(i64::from(event.occurred_at.day().0)),
                Cell::Int(i64::from(charge.block.0)),
                Cell::Text(reason),
            ]);
        }
    }
    ledger.insert(&rows::CHARGE, &charges)?;
    ledger.insert(&rows::PENDING_CHARGE, &pending)?;
    let mut hours = Rows::of(&rows::CHARGE_HOUR, new_hours.len());
    for hour in &new_hours {
        hours.push([books, Cell::Int(i64::from(*hour))]);
    }
    ledger.insert(&rows::CHARGE_HOUR, &hours)?;
    known_hours.extend(new_hours);
    Ok(())
}

fn write_revisions(ledger: &mut Ledger, books: Cell<'static>, batch: &Batch) -> Result<(), StoreError> {
    let mut revisions = Rows::of(&rows::CHARGE_REVISION, batch.revisions.len());
    for revision in &batch.revisions {
        revisions.push([
            books,
            Cell::Int(revision.charge.0),
            Cell::Int(revision.revision),
            Cell::Int(batch.recorded_at),
            Cell::Int(i64::from(revision.kind.id())),
            Cell::Int(i64::from(revision.block.0)),
            Cell::Int(revision.rule),
            Cell::text_or_null(revision.note.as_deref()),
            Cell::Text(&revision.meter_lines),
            Cell::Int(revision.basis),
            Cell::int_or_null(revision.cost.map(|cost| cost.amount.units())),
            Cell::int_or_null(revision.cost.map(|cost| i64::from(cost.currency.id()))),
            Cell::int_or_null(revision.entry.map(|entry| entry.0)),
        ]);
    }
    ledger.insert(&rows::CHARGE_REVISION, &revisions)?;
    for charge in &batch.priced {
        ledger.run("DELETE FROM pending_charge WHERE books_id = $1 AND charge_id = $2", &[books, Cell::Int(charge.0)])?;
    }
    let mut commands = Rows::of(&rows::COMMAND, batch.commands.len());
    for command in &batch.commands {
        let now = Cell::Int(batch.recorded_at);
        commands.push([
            books,
            Cell::Text(command.operation),
            Cell::Text(&command.key),
            Cell::Int(command.content_hash),
            Cell::Text(&command.receipt),
            now,
        ]);
    }
    ledger.insert(&rows::COMMAND, &commands)
}
