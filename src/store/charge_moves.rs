//! What charges moved on the days of a range, with what only charges know: for rows that no balance is kept by.
//!
//! Each debit and credit, and each count, is given once. Charges that count on the day of their call are found by their hour; late ones and corrections
//! by the day they count on. So the sums are those of the balances, whatever was corrected, came late, or was booked in a later month.

use super::StoreError;
use super::cells::{books_cell, currency_of, day_cell, day_of};
use super::journal::small;
use super::ledger::{Cell, Ledger, RowExt, Value};
use crate::domain::ids::{BlockId, BooksId};
use crate::domain::journal::{EntryKind, Side};
use crate::domain::money::Currency;
use crate::domain::period::{Day, DayRange, Moment};

/// What a charge knows that coding blocks do not. Names are ids, zero for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeFacts<'a> {
    pub source: i64,
    pub variant: i64,
    pub api_key: i64,
    pub end_user: Option<&'a str>,
    /// Pairs of key and value in JSON.
    pub tags: Option<&'a str>,
}

/// Which charges are read: those that count on the day of their call, or the late ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountedOn {
    /// The day of the call, to be told from the moment: the hours are read whole.
    Call,
    Later,
}

/// One state of a charge and the one before it. Each is where the charge counts; it counts nowhere while it waits for a price or is reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange<'a> {
    pub occurred_at: Moment,
    /// The day on which the change counts, where it is not that of the call.
    pub late_on: Option<Day>,
    pub before: Option<(BlockId, Currency)>,
    pub now: Option<(BlockId, Currency)>,
    /// What an entry of the first booking debited, in ledger units of the currency of now.
    pub booked: i64,
    pub meter_lines: &'a str,
}

/// A posting of an entry that is no first booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaterPosting {
    /// Of the entry, or of the one that it reverses.
    pub kind: EntryKind,
    pub effective_on: Day,
    pub block: BlockId,
    pub currency: Currency,
    /// Debits above zero.
    pub net: i64,
}

/// The span of a range: its days, and the hours of its calls.
#[derive(Debug, Clone, Copy)]
pub struct MoveSpan {
    pub books: BooksId,
    pub days: DayRange,
    /// First and last, both included.
    pub hours: (i32, i32),
}

impl MoveSpan {
    fn hour_cells(&self) -> [Cell<'static>; 3] {
        [books_cell(self.books), Cell::Int(i64::from(self.hours.0)), Cell::Int(i64::from(self.hours.1))]
    }

    fn day_cells(&self) -> [Cell<'static>; 3] {
        [books_cell(self.books), day_cell(self.days.from()), day_cell(self.days.to())]
    }
}

const FACTS: &str = "c.source_id, c.variant_id, c.api_key_id, c.end_user, c.tags";
/// Columns of [`FACTS`].
const AFTER_FACTS: usize = 5;

impl Ledger {
    /// At least how many charges and entries the other reads look at.
    ///
    /// # Errors
    /// Any database failure.
    pub fn moves_to_read(&mut self, span: MoveSpan) -> Result<u64, StoreError> {
        let (charges, entries) = (self.by_index("charge_key"), self.by_index("journal_entry_beside_charges"));
        let (late, corrections) = (self.by_index("late_booking_of_day"), self.by_index("journal_entry_of_correction"));
        let of_days = "e.books_id = $1 AND e.effective_on >= $2 AND e.effective_on < $3";
        let counts = [
            (format!("charge c{charges} WHERE c.books_id = $1 AND c.hour >= $2 AND c.hour <= $3"), span.hour_cells()),
            (format!("late_booking e{late} WHERE {of_days}"), span.day_cells()),
            (format!("journal_entry e{corrections} WHERE {of_days} AND e.kind IN (2, 3, 4)"), span.day_cells()),
            (format!("journal_entry e{entries} WHERE {of_days} AND e.kind > 4"), span.day_cells()),
        ];
        let mut total = 0_u64;
        for (from, key) in counts {
            let rows = self.rows(&format!("SELECT COUNT(*) FROM {from}"), &key)?;
            let count = rows.first().map_or(Ok(0), |row| row.int(0))?;
            total = total.saturating_add(u64::try_from(count).unwrap_or(0));
        }
        Ok(total)
    }

    /// Charges as they came in, without those that wait for a price.
    ///
    /// # Errors
    /// Any database failure, and what `each` returns.
    pub fn first_states(
        &mut self,
        span: MoveSpan,
        counted: CountedOn,
        mut each: impl FnMut(ChargeFacts<'_>, StateChange<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (from, key) = self.charges_source(span, counted, "0", "");
        let sql = format!(
            "SELECT {FACTS}, c.occurred_at, l.effective_on, c.block_id, c.currency_id, \
             CASE WHEN c.entry_number IS NULL THEN 0 ELSE c.amount END, c.meter_lines {from} AND c.basis IN (1, 2)"
        );
        self.scan(&sql, &key, |row| {
            let at = |column: usize| AFTER_FACTS + column;
            let change = StateChange {
                occurred_at: Moment(row.int(at(0))?),
                late_on: row.int_or_none(at(1))?.map(day_of).transpose()?,
                before: None,
                now: Some((block_of(row, at(2))?, currency_of(row.int(at(3))?)?)),
                booked: row.int(at(4))?,
                meter_lines: row.text(at(5))?,
            };
            each(facts(row)?, change)
        })
    }

    /// What became of charges later, revision by revision.
    ///
    /// # Errors
    /// Any database failure, and what `each` returns.
    pub fn later_states(
        &mut self,
        span: MoveSpan,
        counted: CountedOn,
        mut each: impl FnMut(ChargeFacts<'_>, StateChange<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let revisions = "CROSS JOIN charge_revision r";
        let (from, key) = self.charges_source(span, counted, "r.revision", revisions);
        // A revision that priced the charge has the whole cost as its amount; the others moved money by entries that name what they correct.
        let sql = format!(
            "SELECT {FACTS}, c.occurred_at, l.effective_on, \
             COALESCE(q.block_id, c.block_id), COALESCE(q.basis, c.basis), CASE WHEN q.revision IS NULL THEN c.currency_id ELSE q.currency_id END, \
             r.block_id, r.basis, r.currency_id, CASE WHEN r.kind = {} THEN r.amount ELSE 0 END, c.meter_lines {from}",
            EntryKind::Charge.id()
        );
        self.scan(&sql, &key, |row| {
            let at = |column: usize| AFTER_FACTS + column;
            let change = StateChange {
                occurred_at: Moment(row.int(at(0))?),
                late_on: row.int_or_none(at(1))?.map(day_of).transpose()?,
                before: place(row, at(2))?,
                now: place(row, at(5))?,
                booked: row.int_or_none(at(8))?.unwrap_or(0),
                meter_lines: row.text(at(9))?,
            };
            each(facts(row)?, change)
        })
    }

    /// `FROM` and `WHERE` of charges `c` (and revisions `r`, with the state `q` before each), with the late booking `l` of the revision, and its key.
    fn charges_source(&self, span: MoveSpan, counted: CountedOn, revision: &str, revisions: &str) -> (String, [Cell<'static>; 3]) {
        let by_hour = self.by_index("charge_key");
        let late = "l.books_id = $1 AND l.charge_id = c.id";
        let (joined, of_charge) = if revisions.is_empty() {
            (String::new(), String::new())
        } else {
            let before = "LEFT JOIN charge_revision q ON q.books_id = $1 AND q.charge_id = c.id AND q.revision = r.revision - 1";
            (before.to_owned(), " AND r.books_id = $1 AND r.charge_id = c.id".to_owned())
        };
        match counted {
            CountedOn::Call => (
                format!(
                    "FROM charge c{by_hour} {revisions} LEFT JOIN late_booking l ON {late} AND l.revision = {revision} {joined} \
                     WHERE c.books_id = $1 AND c.hour >= $2 AND c.hour <= $3{of_charge} AND l.effective_on IS NULL"
                ),
                span.hour_cells(),
            ),
            CountedOn::Later => (
                format!(
                    "FROM late_booking l{} CROSS JOIN charge c {revisions} {joined} \
                     WHERE {late} AND l.effective_on >= $2 AND l.effective_on < $3 AND c.books_id = $1{of_charge} AND l.revision = {revision}",
                    self.by_index("late_booking_of_day")
                ),
                span.day_cells(),
            ),
        }
    }

    /// Postings of corrections of charges, and of every entry beside charges but those of the kinds that are left out, that are dated in the days.
    ///
    /// # Errors
    /// Any database failure, and what `each` returns.
    pub fn later_postings(
        &mut self,
        span: MoveSpan,
        left_out: &[EntryKind],
        mut each: impl FnMut(Option<ChargeFacts<'_>>, LaterPosting) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let left_out: String = left_out.iter().map(|kind| format!(" AND COALESCE(o.kind, e.kind) <> {}", kind.id())).collect();
        for (index, kinds) in [("journal_entry_of_correction", "e.kind IN (2, 3, 4)"), ("journal_entry_beside_charges", "e.kind > 4")] {
            // What an entry reverses says what it is; other corrections are what they are.
            let sql = format!(
                "SELECT {FACTS}, c.id, COALESCE(o.kind, e.kind), e.effective_on, p.block_id, p.currency_id, p.side, p.amount \
                 FROM journal_entry e{} LEFT JOIN journal_entry o ON o.books_id = $1 AND o.number = e.corrects AND e.kind = {} \
                 LEFT JOIN charge c ON c.books_id = $1 AND c.id = e.charge_id CROSS JOIN posting p \
                 WHERE e.books_id = $1 AND {kinds} AND e.effective_on >= $2 AND e.effective_on < $3{left_out} \
                 AND p.books_id = $1 AND p.entry_number = e.number",
                self.by_index(index),
                EntryKind::Reversal.id()
            );
            self.scan(&sql, &span.day_cells(), |row| {
                let at = |column: usize| AFTER_FACTS + column;
                let of_charge = row.int_or_none(at(0))?.map(|_| facts(row)).transpose()?;
                let kind = i16::try_from(row.int(at(1))?).ok().and_then(EntryKind::from_id);
                let side = i16::try_from(row.int(at(5))?).ok().and_then(Side::from_id);
                let amount = row.int(at(6))?;
                let posting = LaterPosting {
                    kind: kind.ok_or_else(|| StoreError::corrupt("an entry of unknown kind"))?,
                    effective_on: day_of(row.int(at(2))?)?,
                    block: block_of(row, at(3))?,
                    currency: currency_of(row.int(at(4))?)?,
                    net: match side.ok_or_else(|| StoreError::corrupt("a posting of no side"))? {
                        Side::Debit => amount,
                        Side::Credit => amount.saturating_neg(),
                    },
                };
                each(of_charge, posting)
            })?;
        }
        Ok(())
    }

    /// Charges of the hours that wait for a price now, with the moment of the call and the block they are on.
    ///
    /// # Errors
    /// Any database failure, and what `each` returns.
    pub fn waiting_states(
        &mut self,
        span: MoveSpan,
        mut each: impl FnMut(ChargeFacts<'_>, Moment, BlockId) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let latest = |column: &str| {
            format!(
                "COALESCE((SELECT r.{column} FROM charge_revision r WHERE r.books_id = $1 AND r.charge_id = c.id \
                 ORDER BY r.revision DESC LIMIT 1), c.{column})"
            )
        };
        let sql = format!(
            "SELECT {FACTS}, c.occurred_at, {}, {} FROM charge c{} \
             WHERE c.books_id = $1 AND c.hour >= $2 AND c.hour <= $3 AND c.basis = 0",
            latest("block_id"),
            latest("basis"),
            self.by_index("charge_key")
        );
        self.scan(&sql, &span.hour_cells(), |row| {
            let at = |column: usize| AFTER_FACTS + column;
            if row.int(at(2))? == 0 { each(facts(row)?, Moment(row.int(at(0))?), block_of(row, at(1))?) } else { Ok(()) }
        })
    }
}

fn facts(row: &[Value]) -> Result<ChargeFacts<'_>, StoreError> {
    Ok(ChargeFacts {
        source: row.int(0)?,
        variant: row.int(1)?,
        api_key: row.int(2)?,
        end_user: row.text_or_none(3)?,
        tags: row.text_or_none(4)?,
    })
}

/// Where a charge of a block, basis and currency counts: rated and reported ones do.
fn place(row: &[Value], column: usize) -> Result<Option<(BlockId, Currency)>, StoreError> {
    if !matches!(row.int(column + 1)?, 1 | 2) {
        return Ok(None);
    }
    Ok(Some((block_of(row, column)?, currency_of(row.int(column + 2)?)?)))
}

fn block_of(row: &[Value], column: usize) -> Result<BlockId, StoreError> {
    small(row.int(column)?).map(BlockId)
}
