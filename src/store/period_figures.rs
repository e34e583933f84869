//! What the close checklist measures, read from balances and the worklist of unpriced charges.

use std::collections::BTreeMap;

use super::StoreError;
use super::journal::currency;
use super::ledger::{Cell, RowExt};
use super::period::Periods;
use super::sums::exact_sum;
use crate::domain::ids::{AccountId, NameId};
use crate::domain::money::Currency;
use crate::domain::period::{Day, Month};
use crate::domain::report::Grain;

impl Periods<'_> {
    fn within(&self, month: Month) -> [Cell<'static>; 3] {
        let day = |day: Day| Cell::Int(i64::from(day.0));
        [Cell::Int(i64::from(self.books.0)), day(month.first_day()), day(month.next().first_day())]
    }

    /// Why charges of a month wait for a price, and how many do, the most frequent reason first.
    ///
    /// # Errors
    /// Any database failure.
    pub fn unpriced_reasons(&mut self, month: Month) -> Result<Vec<(String, i64)>, StoreError> {
        let sql =
            "SELECT reason, COUNT(*) FROM pending_charge WHERE books_id = $1 AND day >= $2 AND day < $3 GROUP BY reason ORDER BY 2 DESC, 1";
        let rows = self.ledger.rows(sql, &self.within(month))?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
    }

    /// Cost of a month, and the part of it on the standing centers (team, project, client) for unknown owners, in ledger units.
    ///
    /// # Errors
    /// Any database failure.
    pub fn unattributed_cost(&mut self, month: Month, standing: [NameId; 3]) -> Result<Vec<(Currency, i128, i128)>, StoreError> {
        let [team, project, client] = standing.map(|center| Cell::Int(i64::from(center.0)));
        let sql = format!(
            "SELECT x.currency_id, {}, {} \
                   FROM balance x JOIN coding_block b ON b.books_id = x.books_id AND b.id = x.key_id \
                   JOIN account a ON a.books_id = b.books_id AND a.id = b.account_id AND a.class >= 5 \
                   WHERE x.books_id = $1 AND x.grain = $2 AND x.period = $3 GROUP BY x.currency_id ORDER BY 1",
            exact_sum("x.debit - x.credit"),
            exact_sum("CASE WHEN b.team_id = $4 OR b.project_id = $5 OR b.client_id = $6 THEN x.debit - x.credit ELSE 0 END")
        );
        let (books, grain) = (Cell::Int(i64::from(self.books.0)), Cell::Int(Grain::BlockMonth.id()));
        let rows = self.ledger.rows(&sql, &[books, grain, Cell::Int(i64::from(month.0)), team, project, client])?;
        rows.iter().map(|row| Ok((currency(row.int(0)?)?, row.sum(1)?, row.sum(2)?))).collect()
    }

    /// The last day of a month on which each provider has charges, priced or not, in the order of the providers.
    ///
    /// # Errors
    /// Any database failure.
    pub fn last_charge_days(&mut self, month: Month) -> Result<Vec<(String, Day)>, StoreError> {
        let booked = "SELECT n.name, MAX(x.period) FROM balance x JOIN coding_block b ON b.books_id = x.books_id AND b.id = x.key_id \
                      JOIN interned_name n ON n.books_id = b.books_id AND n.id = b.provider_id \
                      WHERE x.books_id = $1 AND x.grain = 1 AND x.period >= $2 AND x.period < $3 AND x.charges > 0 GROUP BY n.name";
        let waiting = "SELECT n.name, MAX(p.day) FROM pending_charge p JOIN coding_block b ON b.books_id = p.books_id AND b.id = p.block_id \
                       JOIN interned_name n ON n.books_id = b.books_id AND n.id = b.provider_id \
                       WHERE p.books_id = $1 AND p.day >= $2 AND p.day < $3 GROUP BY n.name";
        let mut last: BTreeMap<String, Day> = BTreeMap::new();
        for sql in [booked, waiting] {
            for row in self.ledger.rows(sql, &self.within(month))? {
                let day = Day(i32::try_from(row.int(1)?).map_err(|_| StoreError::corrupt("a balance of no day"))?);
                last.entry(row.text(0)?.to_owned()).and_modify(|last| *last = (*last).max(day)).or_insert(day);
            }
        }
        Ok(last.into_iter().collect())
    }

    /// Debits less credits of an account up to the end of a month, in ledger units, by currency.
    ///
    /// # Errors
    /// Any database failure.
    pub fn account_net(&mut self, account: AccountId, month: Month) -> Result<Vec<(Currency, i128)>, StoreError> {
        let sql = format!(
            "SELECT currency_id, {} FROM balance \
             WHERE books_id = $1 AND grain = $2 AND period <= $3 AND key_id = $4 GROUP BY currency_id ORDER BY 1",
            exact_sum("debit - credit")
        );
        let (books, grain) = (Cell::Int(i64::from(self.books.0)), Cell::Int(Grain::AccountMonth.id()));
        let rows = self.ledger.rows(&sql, &[books, grain, Cell::Int(i64::from(month.0)), Cell::Int(i64::from(account.0))])?;
        rows.iter().map(|row| Ok((currency(row.int(0)?)?, row.sum(1)?))).collect()
    }

    /// Debits and credits of each account and currency up to the end of a month, in ledger units.
    ///
    /// # Errors
    /// Any database failure.
    pub fn account_totals(&mut self, month: Month) -> Result<Vec<(Currency, i128, i128)>, StoreError> {
        let sql = format!(
            "SELECT currency_id, {}, {} FROM balance WHERE books_id = $1 AND grain = $2 AND period <= $3 GROUP BY key_id, currency_id",
            exact_sum("debit"),
            exact_sum("credit")
        );
        let (books, grain) = (Cell::Int(i64::from(self.books.0)), Cell::Int(Grain::AccountMonth.id()));
        let rows = self.ledger.rows(&sql, &[books, grain, Cell::Int(i64::from(month.0))])?;
        rows.iter().map(|row| Ok((currency(row.int(0)?)?, row.sum(1)?, row.sum(2)?))).collect()
    }
}
