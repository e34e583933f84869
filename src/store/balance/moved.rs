//! What entries of one kind and their reversals moved: they are few beside charges, and found by their day.

use sea_orm::ConnectionTrait;

use super::margin::keys_of;
use super::{BlockFilter, KeptSum, Snapshot, where_blocks};
use crate::domain::ids::{AccountId, EntryNumber};
use crate::domain::journal::EntryKind;
use crate::domain::period::{Day, DayRange};
use crate::domain::report::{Grain, SpendDimension};
use crate::store::StoreError;
use crate::store::journal::sql::{by_index, column, in_list, rows, sum_column};
use crate::store::journal::{currency, small};
use crate::store::sums::exact_sum;

impl Snapshot {
    /// Debits less credits that entries of a kind beside charges (and reversals of such entries) put on blocks, by day, dimensions and currency;
    /// of the entries up to a number when it is given. Cross joins keep SQLite from beginning with the postings of the whole journal, and the plus from
    /// looking for postings up to that number instead of those of the entry.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn moved_sums(
        &self,
        kind: EntryKind,
        (days, through): (DayRange, Option<EntryNumber>),
        by: &[SpendDimension],
        filter: &BlockFilter,
    ) -> Result<Vec<KeptSum>, StoreError> {
        let backend = self.transaction.get_database_backend();
        let (selected, mut groups) = keys_of(by);
        groups.extend(["e.effective_on".to_owned(), "p.currency_id".to_owned()]);
        let net = exact_sum("CASE p.side WHEN 1 THEN p.amount ELSE -p.amount END");
        let part = |index: &str, entries: &str| {
            format!(
                "SELECT CAST(e.effective_on AS BIGINT), p.currency_id, \
                 {net}{selected} \
                 FROM journal_entry e{}{entries} AND e.effective_on >= $2 AND e.effective_on < $3 AND +e.number <= $4 \
                 AND p.books_id = $1 AND p.entry_number = e.number AND b.books_id = $1 AND b.id = p.block_id{} GROUP BY {}",
                by_index(backend, index),
                where_blocks(filter),
                groups.join(", ")
            )
        };
        let id = kind.id();
        let own = format!(" CROSS JOIN posting p CROSS JOIN coding_block b WHERE e.books_id = $1 AND e.kind > 4 AND e.kind = {id}");
        let reversals = format!(
            " CROSS JOIN journal_entry o CROSS JOIN posting p CROSS JOIN coding_block b WHERE e.books_id = $1 AND e.kind IN (2, 3, 4) \
             AND e.kind = {} AND o.books_id = $1 AND o.number = e.corrects AND o.kind = {id}",
            EntryKind::Reversal.id()
        );
        let sql = format!("{} UNION ALL {}", part("journal_entry_beside_charges", &own), part("journal_entry_of_correction", &reversals));
        let mut values = self.day_values(days);
        values.push(through.map_or(i64::MAX, |through| through.0).into());
        let mut sums = Vec::new();
        for row in rows(&self.transaction, sql, values).await? {
            let keys = (0..by.len()).map(|position| column(&row, 3 + position)).collect::<Result<_, _>>()?;
            sums.push(KeptSum {
                day: Day(small(column(&row, 0)?)?),
                currency: currency(column(&row, 1)?)?,
                net: sum_column(&row, 2)?,
                keys,
            });
        }
        Ok(sums)
    }

    /// Whether any of the accounts has a balance in the months that the days touch.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn has_balances(&self, days: DayRange, accounts: &[AccountId]) -> Result<bool, StoreError> {
        let accounts = in_list("key_id", accounts.iter().map(|id| i64::from(id.0)));
        let sql = format!(
            "SELECT CAST(1 AS BIGINT) FROM balance WHERE books_id = $1 AND grain = $2 AND period >= $3 AND period <= $4 AND {accounts} LIMIT 1"
        );
        let (from, to) = (days.from().month(), days.to().previous().month());
        let values = vec![self.books_value(), Grain::AccountMonth.id().into(), i64::from(from.0).into(), i64::from(to.0).into()];
        Ok(!rows(&self.transaction, sql, values).await?.is_empty())
    }
}
