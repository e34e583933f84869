//! The whole journal in the order of its numbers, in one read transaction, a page of entries at a time.

use std::collections::HashMap;

use super::{EntryRow, PostingRow, currency, small};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{BlockId, BooksId, ChargeNumber, EntryNumber, NameId};
use crate::domain::journal::{EntryKind, Side};
use crate::domain::money::{Amount, Currency};
use crate::domain::period::{Day, Moment};
use crate::domain::report::Grain;
use crate::store::ledger::{Cell, Ledger, RowExt, Value};
use crate::store::{Store, StoreError};

/// Entries read at once: few enough for any memory, enough that the statements cost nothing.
const PAGE: i64 = 1_000;

/// One moment of the journal. Calls block.
pub struct JournalScan {
    ledger: Ledger,
    books: BooksId,
}

impl JournalScan {
    /// # Errors
    /// Any database failure.
    pub fn begin(store: &Store, books: BooksId, runtime: tokio::runtime::Handle) -> Result<Self, StoreError> {
        let mut ledger = Ledger::open(store, runtime)?;
        ledger.begin_reading()?;
        Ok(Self { ledger, books })
    }

    pub fn end(mut self) {
        self.ledger.rollback();
    }

    fn key(&self) -> Cell<'static> {
        Cell::Int(i64::from(self.books.0))
    }

    /// The last entry of the books.
    ///
    /// # Errors
    /// Any database failure.
    pub fn last_entry(&mut self) -> Result<EntryNumber, StoreError> {
        let key = [self.key()];
        let head = self.ledger.rows("SELECT last_entry FROM books_head WHERE books_id = $1", &key)?;
        head.first().map_or(Ok(EntryNumber(0)), |row| Ok(EntryNumber(row.int(0)?)))
    }

    /// Every currency that something was posted in, in the order of their codes.
    ///
    /// # Errors
    /// Any database failure.
    pub fn currencies(&mut self) -> Result<Vec<Currency>, StoreError> {
        let key = [self.key(), Cell::Int(Grain::AccountMonth.id())];
        let found = self.ledger.rows("SELECT DISTINCT currency_id FROM balance WHERE books_id = $1 AND grain = $2", &key)?;
        let mut currencies = found.iter().map(|row| currency(row.int(0)?)).collect::<Result<Vec<_>, _>>()?;
        currencies.sort_by_key(|currency| currency.code());
        Ok(currencies)
    }

    /// Every coding block.
    ///
    /// # Errors
    /// Any database failure.
    pub fn blocks(&mut self) -> Result<HashMap<BlockId, CodingBlock>, StoreError> {
        let mut blocks = HashMap::new();
        self.ledger.coding_blocks(self.books, 0, |id, coding| {
            blocks.insert(id, coding);
        })?;
        Ok(blocks)
    }

    /// Every interned name of a dimension; cost centers are not among them.
    ///
    /// # Errors
    /// Any database failure.
    pub fn names(&mut self) -> Result<HashMap<NameId, String>, StoreError> {
        let (mut names, key) = (HashMap::new(), [self.key()]);
        self.ledger.scan("SELECT id, name FROM interned_name WHERE books_id = $1 AND kind BETWEEN 4 AND 7", &key, |row| {
            names.insert(NameId(small(row.int(0)?)?), row.text(1)?.to_owned());
            Ok(())
        })?;
        Ok(names)
    }

    /// Entries after a number and up to another, with their postings; empty when there are no more.
    ///
    /// # Errors
    /// Any database failure.
    pub fn page(&mut self, after: EntryNumber, through: EntryNumber) -> Result<Vec<(EntryRow, Vec<PostingRow>)>, StoreError> {
        let sql = "SELECT e.number, e.kind, e.effective_on, e.recorded_at, e.charge_id, e.corrects, e.memo, e.service_on, \
                   p.line, p.side, p.amount, p.currency_id, p.block_id \
                   FROM journal_entry e JOIN posting p ON p.books_id = e.books_id AND p.entry_number = e.number \
                   WHERE e.books_id = $1 AND e.number > $2 AND e.number <= $3 ORDER BY e.number, p.line";
        let last = through.0.min(after.0.saturating_add(PAGE));
        let key = [self.key(), Cell::Int(after.0), Cell::Int(last)];
        let mut entries: Vec<(EntryRow, Vec<PostingRow>)> = Vec::new();
        self.ledger.scan(sql, &key, |row| {
            let number = EntryNumber(row.int(0)?);
            if entries.last().is_none_or(|(entry, _)| entry.number != number) {
                entries.push((entry_row(number, row)?, Vec::with_capacity(2)));
            }
            if let Some((_, postings)) = entries.last_mut() {
                postings.push(posting_row(number, row)?);
            }
            Ok(())
        })?;
        Ok(entries)
    }
}

fn entry_row(number: EntryNumber, row: &[Value]) -> Result<EntryRow, StoreError> {
    let kind = row.int(1)?;
    let kind = i16::try_from(kind).ok().and_then(EntryKind::from_id);
    Ok(EntryRow {
        number,
        kind: kind.ok_or_else(|| StoreError::corrupt(format!("entry {number} is of no known kind")))?,
        effective_on: Day(small(row.int(2)?)?),
        recorded_at: Moment(row.int(3)?),
        charge: row.int_or_none(4)?.map(ChargeNumber),
        corrects: row.int_or_none(5)?.map(EntryNumber),
        memo: row.text_or_none(6)?.map(ToOwned::to_owned),
        service_on: row.int_or_none(7)?.map(small).transpose()?.map(Day),
    })
}

fn posting_row(entry: EntryNumber, row: &[Value]) -> Result<PostingRow, StoreError> {
    let side = row.int(9)?;
    let side = i16::try_from(side).ok().and_then(Side::from_id);
    Ok(PostingRow {
        entry,
        line: row.int(8)?,
        side: side.ok_or_else(|| StoreError::corrupt(format!("entry {entry} has a posting of no side")))?,
        money: Amount::from_units(row.int(10)?).with(currency(row.int(11)?)?),
        block: BlockId(small(row.int(12)?)?),
    })
}
