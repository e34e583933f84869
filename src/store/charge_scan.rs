//! Charges of a span of time in their present state, window by window of their numbers: for readers of very many.

use std::collections::HashSet;

use super::StoreError;
use super::balance::{BlockFilter, where_blocks};
use super::journal::small;
use super::ledger::{Cell, Ledger, RowExt};
use crate::domain::ids::{BlockId, BooksId, ChargeNumber, NameId};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::Moment;

/// A charge as it is now: by its highest revision, or by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedCharge {
    pub number: ChargeNumber,
    pub occurred_at: Moment,
    pub variant: NameId,
    pub block: BlockId,
    /// As they came in: revisions change prices, never quantities.
    pub meter_lines: String,
    /// 0 unpriced, 1 rated, 2 reported cost, 3 reversed.
    pub basis: i64,
    pub cost: Option<Money>,
    /// The note of a charge that is booked on *other* names: it has its own.
    pub note: Option<String>,
}

/// The charges of one hour: how many, and between which numbers they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeSpan {
    pub charges: u64,
    pub first: ChargeNumber,
    pub last: ChargeNumber,
}

const SPANS: &str =
    "SELECT COUNT(*), MIN(id), MAX(id) FROM charge WHERE books_id = $1 AND hour >= $2 AND hour <= $3 GROUP BY hour ORDER BY hour";
const CHARGES: &str = "SELECT id, occurred_at, variant_id, block_id, meter_lines, basis, amount, currency_id, \
    CASE WHEN note LIKE '%\"other\":{%' THEN note END FROM charge \
    WHERE books_id = $1 AND id >= $2 AND id <= $3 AND occurred_at >= $4 AND occurred_at < $5 ORDER BY id";
const REVISIONS: &str = "SELECT charge_id, block_id, basis, amount, currency_id FROM charge_revision \
    WHERE books_id = $1 AND charge_id >= $2 AND charge_id <= $3 ORDER BY charge_id, revision";

impl Ledger {
    /// Hours from `from` (included) to `to` (excluded) that have charges. The first and the last are counted whole.
    ///
    /// # Errors
    /// Any database failure.
    pub fn charge_spans(&mut self, books: BooksId, from: Moment, to: Moment) -> Result<Vec<ChargeSpan>, StoreError> {
        let last = Moment(to.0.saturating_sub(1)).hour();
        let key = [Cell::Int(i64::from(books.0)), Cell::Int(i64::from(from.hour())), Cell::Int(i64::from(last))];
        let mut spans = Vec::new();
        self.scan(SPANS, &key, |row| {
            let charges = u64::try_from(row.int(0)?).unwrap_or(0);
            spans.push(ChargeSpan { charges, first: ChargeNumber(row.int(1)?), last: ChargeNumber(row.int(2)?) });
            Ok(())
        })?;
        Ok(spans)
    }

    /// The charges with numbers from `first` to `last`, both included, that occurred from `from` on and before `to`.
    ///
    /// # Errors
    /// Any database failure.
    pub fn charges_between(
        &mut self,
        books: BooksId,
        (first, last): (ChargeNumber, ChargeNumber),
        (from, to): (Moment, Moment),
    ) -> Result<Vec<ScannedCharge>, StoreError> {
        let key = [i64::from(books.0), first.0, last.0, from.0, to.0].map(Cell::Int);
        let mut charges: Vec<ScannedCharge> = Vec::new();
        self.scan(CHARGES, &key, |row| {
            charges.push(ScannedCharge {
                number: ChargeNumber(row.int(0)?),
                occurred_at: Moment(row.int(1)?),
                variant: NameId(small(row.int(2)?)?),
                block: BlockId(small(row.int(3)?)?),
                meter_lines: row.text(4)?.to_owned(),
                basis: row.int(5)?,
                cost: money(row.int_or_none(6)?, row.int_or_none(7)?)?,
                note: row.text_or_none(8)?.map(ToOwned::to_owned),
            });
            Ok(())
        })?;
        let [books, first, last, ..] = key;
        let mut position = 0;
        self.scan(REVISIONS, &[books, first, last], |row| {
            let number = ChargeNumber(row.int(0)?);
            // Both are in the order of numbers. The last revision of a charge stays.
            while charges.get(position).is_some_and(|charge| charge.number < number) {
                position += 1;
            }
            if let Some(charge) = charges.get_mut(position).filter(|charge| charge.number == number) {
                charge.block = BlockId(small(row.int(1)?)?);
                charge.basis = row.int(2)?;
                charge.cost = money(row.int_or_none(3)?, row.int_or_none(4)?)?;
            }
            Ok(())
        })?;
        Ok(charges)
    }

    /// The coding blocks that a filter lets through.
    ///
    /// # Errors
    /// Any database failure.
    pub fn blocks_of(&mut self, books: BooksId, filter: &BlockFilter) -> Result<HashSet<BlockId>, StoreError> {
        let sql = format!("SELECT b.id FROM coding_block b WHERE b.books_id = $1{}", where_blocks(filter));
        let mut blocks = HashSet::new();
        self.scan(&sql, &[Cell::Int(i64::from(books.0))], |row| {
            blocks.insert(BlockId(small(row.int(0)?)?));
            Ok(())
        })?;
        Ok(blocks)
    }
}

fn money(amount: Option<i64>, currency: Option<i64>) -> Result<Option<Money>, StoreError> {
    let (Some(amount), Some(currency)) = (amount, currency) else { return Ok(None) };
    let currency = i16::try_from(currency).ok().and_then(Currency::from_id);
    let currency = currency.ok_or_else(|| StoreError::corrupt("a currency that was never given out"))?;
    Ok(Some(Amount::from_units(amount).with(currency)))
}
