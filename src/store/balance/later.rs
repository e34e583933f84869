//! What became of charges after an entry, so that their counts can be taken off the balances of now.
//!
//! A charge counts as of the entry that ingest booked it with; one without an entry (it costs nothing, or waits for its price) as of the next
//! entry that ingest booked. Charges are numbered in that order, so one number tells which charges there were. A revision counts as of
//! `since_entry`.

use sea_orm::ConnectionTrait;

use super::{BlockFilter, Snapshot, block_column, where_blocks};
use crate::domain::ids::{BlockId, ChargeNumber, EntryNumber};
use crate::domain::money::Currency;
use crate::domain::period::{Day, Moment};
use crate::domain::report::SpendDimension;
use crate::store::StoreError;
use crate::store::journal::currency;
use crate::store::journal::small;
use crate::store::journal::sql::{column, id_list, one_of, rows};

/// Which charges.
#[derive(Debug, Clone, Copy)]
pub enum Charges<'a> {
    /// Numbered after the first number, up to the second.
    Between(ChargeNumber, ChargeNumber),
    These(&'a [ChargeNumber]),
}

/// A charge as it came in (revision 0) or as one revision left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeState {
    pub charge: ChargeNumber,
    pub revision: i64,
    /// Of revision 0 alone, as are the meter lines.
    pub occurred_at: Moment,
    pub meter_lines: String,
    /// Where it counts; nowhere while it waits for a price or is reversed.
    pub place: Option<(BlockId, Currency)>,
    /// The day on which the change counts where it is not that of the call.
    pub late_on: Option<Day>,
}

impl Snapshot {
    /// The last charge of the books.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn last_charge(&self) -> Result<ChargeNumber, StoreError> {
        let sql = "SELECT last_charge FROM books_head WHERE books_id = $1".to_owned();
        let found = rows(&self.transaction, sql, vec![self.books_value()]).await?;
        found.first().map_or(Ok(ChargeNumber(0)), |row| Ok(ChargeNumber(column(row, 0)?)))
    }

    /// The last charge that counts as of an entry.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn last_charge_as_of(&self, through: EntryNumber) -> Result<ChargeNumber, StoreError> {
        // Backwards from the entry: the first one that ingest made ends the search.
        let sql = "SELECT c.id FROM journal_entry e JOIN charge c ON c.books_id = e.books_id AND c.id = e.charge_id AND c.entry_number = e.number \
                   WHERE e.books_id = $1 AND e.number <= $2 ORDER BY e.number DESC LIMIT 1";
        let found = rows(&self.transaction, sql.to_owned(), vec![self.books_value(), through.0.into()]).await?;
        found.first().map_or(Ok(ChargeNumber(0)), |row| Ok(ChargeNumber(column(row, 0)?)))
    }

    /// Charges up to a number that have revisions after an entry, each with the first of these.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn revised_after(&self, through: EntryNumber, last: ChargeNumber) -> Result<Vec<(ChargeNumber, i64)>, StoreError> {
        // Revisions of earlier programs do not know their entry: the moment decides, and no more of them are ever made.
        let sql = "SELECT charge_id, CAST(MIN(revision) AS BIGINT) FROM (\
                   SELECT charge_id, revision FROM charge_revision WHERE books_id = $1 AND since_entry > $2 UNION ALL \
                   SELECT charge_id, revision FROM charge_revision WHERE books_id = $1 AND since_entry IS NULL AND recorded_at > \
                   (SELECT recorded_at FROM journal_entry WHERE books_id = $1 AND number = $2)) later \
                   WHERE charge_id <= $3 GROUP BY charge_id ORDER BY charge_id";
        let values = vec![self.books_value(), through.0.into(), last.0.into()];
        let found = rows(&self.transaction, sql.to_owned(), values).await?;
        found.iter().map(|row| Ok((ChargeNumber(column(row, 0)?), column(row, 1)?))).collect()
    }

    /// Every state of some charges, in the order of charge and revision.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn charge_states(&self, charges: Charges<'_>) -> Result<Vec<ChargeState>, StoreError> {
        let backend = self.transaction.get_database_backend();
        let which = |column: &str| match charges {
            Charges::Between(..) => format!("{column} > $2 AND {column} <= $3"),
            Charges::These(_) => one_of(backend, column, 2),
        };
        let mut values = vec![self.books_value()];
        match charges {
            Charges::Between(after, through) => values.extend([after.0.into(), through.0.into()]),
            Charges::These(charges) => values.push(id_list(charges.iter().map(|charge| charge.0))),
        }
        let late = |charge: &str, revision: &str| {
            format!(
                "(SELECT l.effective_on FROM late_booking l WHERE l.books_id = $1 AND l.charge_id = {charge} AND l.revision = {revision})"
            )
        };
        let sql = format!(
            "SELECT c.id, CAST(0 AS BIGINT), c.occurred_at, c.meter_lines, c.block_id, c.basis, c.currency_id, {} FROM charge c \
             WHERE c.books_id = $1 AND {} UNION ALL \
             SELECT r.charge_id, r.revision, CAST(0 AS BIGINT), '', r.block_id, r.basis, r.currency_id, {} FROM charge_revision r \
             WHERE r.books_id = $1 AND {} ORDER BY 1, 2",
            late("c.id", "0"),
            which("c.id"),
            late("r.charge_id", "r.revision"),
            which("r.charge_id"),
        );
        let mut states = Vec::new();
        for row in rows(&self.transaction, sql, values).await? {
            let at = |position| column::<i64>(&row, position);
            // Rated and reported charges count.
            let place = if matches!(at(5)?, 1 | 2) { Some((BlockId(small(at(4)?)?), currency(at(6)?)?)) } else { None };
            states.push(ChargeState {
                charge: ChargeNumber(at(0)?),
                revision: at(1)?,
                occurred_at: Moment(at(2)?),
                meter_lines: column(&row, 3)?,
                place,
                late_on: column::<Option<i64>>(&row, 7)?.map(small).transpose()?.map(Day),
            });
        }
        Ok(states)
    }

    /// The value of a dimension of each of these blocks that match.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn block_keys(
        &self,
        blocks: impl IntoIterator<Item = BlockId>,
        by: SpendDimension,
        filter: &BlockFilter,
    ) -> Result<Vec<(BlockId, i64)>, StoreError> {
        let these = one_of(self.transaction.get_database_backend(), "b.id", 2);
        let (key, conditions) = (block_column(by), where_blocks(filter));
        let sql = format!("SELECT b.id, b.{key} FROM coding_block b WHERE b.books_id = $1 AND {these}{conditions}");
        let values = vec![self.books_value(), id_list(blocks.into_iter().map(|block| i64::from(block.0)))];
        let found = rows(&self.transaction, sql, values).await?;
        found.iter().map(|row| Ok((BlockId(small(column(row, 0)?)?), column(row, 1)?))).collect()
    }
}
