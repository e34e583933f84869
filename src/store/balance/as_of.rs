//! What was posted after an entry, so that a report can be taken as of that entry: the balances of now less these postings.

use super::{BlockFilter, NO_SUM, Snapshot, Sum, block_column, where_blocks};
use crate::domain::ids::{BlockId, EntryNumber};
use crate::domain::journal::Side;
use crate::domain::money::{Amount, Money};
use crate::domain::period::{Day, DayRange};
use crate::domain::report::SpendDimension;
use crate::store::StoreError;
use crate::store::journal::currency;
use crate::store::journal::small;
use crate::store::journal::sql::{column, rows};
use crate::store::sums::exact_sum;

/// Postings that are dated in a range and whose entries lie between two numbers.
#[derive(Debug, Clone, Copy)]
pub struct PostedBetween {
    pub days: DayRange,
    /// The first number that is looked at comes after this one.
    pub after: EntryNumber,
    pub through: EntryNumber,
}

/// One posting of an account with its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountLine {
    pub entry: EntryNumber,
    pub line: i64,
    pub effective_on: Day,
    pub side: Side,
    pub money: Money,
    pub block: BlockId,
}

const POSTED: &str = "FROM posting p JOIN journal_entry e ON e.books_id = p.books_id AND e.number = p.entry_number \
                      JOIN coding_block b ON b.books_id = p.books_id AND b.id = p.block_id \
                      WHERE p.books_id = $1 AND p.entry_number > $2 AND p.entry_number <= $3 AND e.effective_on >= $4 AND e.effective_on < $5";

impl Snapshot {
    /// Sums of postings by dimensions, in the form of balances; `by_day` makes the day the bucket. Counts are zero.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn posted_sums(
        &self,
        posted: PostedBetween,
        by: &[SpendDimension],
        by_day: bool,
        filter: &BlockFilter,
    ) -> Result<Vec<Sum>, StoreError> {
        let keys: Vec<_> = by.iter().map(|dimension| format!("b.{}", block_column(*dimension))).collect();
        let mut groups = vec!["p.currency_id".to_owned()];
        if by_day {
            groups.push("e.effective_on".to_owned());
        }
        groups.extend(keys.iter().cloned());
        let side = |side: i16| exact_sum(&format!("CASE p.side WHEN {side} THEN p.amount ELSE 0 END"));
        let none = NO_SUM;
        let sql = format!(
            "SELECT CAST({} AS BIGINT), p.currency_id, {}, {}, {none}, {none}, {none}, {none}{} {POSTED}{} GROUP BY {}",
            if by_day { "e.effective_on" } else { "0" },
            side(Side::Debit.id()),
            side(Side::Credit.id()),
            keys.iter().map(|key| format!(", {key}")).collect::<String>(),
            where_blocks(filter),
            groups.join(", ")
        );
        self.read_sums(sql, self.posted_values(posted).await?, by.len()).await
    }

    /// Postings after a line of an entry, in the order of entry and line.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn lines_after(
        &self,
        posted: PostedBetween,
        after: (EntryNumber, i64),
        filter: &BlockFilter,
        limit: usize,
    ) -> Result<Vec<AccountLine>, StoreError> {
        let sql = format!(
            "SELECT p.entry_number, p.line, e.effective_on, p.side, p.amount, p.currency_id, p.block_id {POSTED}{} \
             AND (p.entry_number > {number} OR (p.entry_number = {number} AND p.line > {line})) ORDER BY p.entry_number, p.line LIMIT {limit}",
            where_blocks(filter),
            number = after.0,
            line = after.1
        );
        let mut lines = Vec::new();
        for row in rows(&self.transaction, sql, self.posted_values(posted).await?).await? {
            let at = |position| column::<i64>(&row, position);
            let side = i16::try_from(at(3)?).ok().and_then(Side::from_id);
            lines.push(AccountLine {
                entry: EntryNumber(at(0)?),
                line: at(1)?,
                effective_on: Day(small(at(2)?)?),
                side: side.ok_or_else(|| StoreError::corrupt("a posting of no side"))?,
                money: Amount::from_units(at(4)?).with(currency(at(5)?)?),
                block: BlockId(small(at(6)?)?),
            });
        }
        Ok(lines)
    }

    /// Debits and credits of the lines up to one of an entry, by currency, in the form of balances.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn sums_through_line(
        &self,
        posted: PostedBetween,
        through: (EntryNumber, i64),
        filter: &BlockFilter,
    ) -> Result<Vec<Sum>, StoreError> {
        let side = |side: i16| exact_sum(&format!("CASE p.side WHEN {side} THEN p.amount ELSE 0 END"));
        let none = NO_SUM;
        let sql = format!(
            "SELECT CAST(0 AS BIGINT), p.currency_id, {}, {}, {none}, {none}, {none}, {none} {POSTED}{} \
             AND (p.entry_number < {number} OR (p.entry_number = {number} AND p.line <= {line})) GROUP BY p.currency_id",
            side(Side::Debit.id()),
            side(Side::Credit.id()),
            where_blocks(filter),
            number = through.0,
            line = through.1
        );
        self.read_sums(sql, self.posted_values(posted).await?, 0).await
    }

    /// Entries by kind, and the postings they have, between two numbers (both included). A limited reader counts what it sees.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn entries_by_kind(&self, posted: PostedBetween, filter: &BlockFilter) -> Result<Vec<(i64, i64, i64)>, StoreError> {
        let sql = format!(
            "SELECT e.kind, CAST(COUNT(DISTINCT e.number) AS BIGINT), CAST(COUNT(*) AS BIGINT) {POSTED}{} GROUP BY e.kind ORDER BY e.kind",
            where_blocks(filter)
        );
        let found = rows(&self.transaction, sql, self.posted_values(posted).await?).await?;
        found.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?, column(row, 2)?))).collect()
    }

    /// The values of [`POSTED`]. Entries that lie before and behind those of the months are not read at all.
    async fn posted_values(&self, posted: PostedBetween) -> Result<Vec<sea_orm::Value>, StoreError> {
        let PostedBetween { days, after, through } = posted;
        let sql = "SELECT CAST(COALESCE(MIN(first_entry), 1) AS BIGINT), CAST(COALESCE(MAX(last_entry), 0) AS BIGINT) FROM entry_month \
                   WHERE books_id = $1 AND month >= $2 AND month <= $3";
        let (from, to) = (days.from().month(), days.to().previous().month());
        let values = vec![self.books_value(), i64::from(from.0).into(), i64::from(to.0).into()];
        let found = rows(&self.transaction, sql.to_owned(), values).await?;
        let row = found.first().ok_or_else(|| StoreError::corrupt("a sum without a row"))?;
        let (first, last): (i64, i64) = (column(row, 0)?, column(row, 1)?);
        let (after, through) = (after.0.max(first - 1), through.0.min(last));
        Ok(vec![self.books_value(), after.into(), through.into(), i64::from(days.from().0).into(), i64::from(days.to().0).into()])
    }
}
