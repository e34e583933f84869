//! Balances: every roll-up recomputed, and the trial balance footed.

use std::collections::{BTreeMap, HashMap};

use super::{Check, Verifier, narrow};
use crate::domain::money::Currency;
use crate::domain::period::Month;
use crate::domain::report::{Totals, grains_of};
use crate::store::StoreError;
use crate::store::ledger::{Cell, RowExt};
use crate::store::sums::exact_sum;

impl Verifier<'_> {
    pub(super) fn check_balances(&mut self) -> Result<Vec<Check>, StoreError> {
        let mut rolled = Check::new("every balance equals the fold of its postings and charges");
        let mut expected: HashMap<[i64; 4], Totals> = HashMap::new();
        for ((block, day, currency), totals) in &self.recomputed {
            let Some(coding) = self.codings.get(block) else { continue };
            let is_cost = self.masters.account_by_id(coding.account).is_some_and(|account| account.class.is_cost());
            for (grain, period, key) in grains_of(*block, coding, is_cost, *day) {
                let row = expected.entry([grain.id(), period, key, i64::from(currency.id())]).or_default();
                *row = row.checked_add(*totals).ok_or_else(|| StoreError::corrupt("a recomputed balance exceeds what the ledger holds"))?;
            }
        }
        let sql = "SELECT grain, period, key_id, currency_id, debit, credit, charges, input_tokens, output_tokens, cache_read_tokens FROM balance WHERE books_id = $1";
        let mut added_up: BTreeMap<(i64, i64), (i128, i128)> = BTreeMap::new();
        self.ledger.scan(sql, &[Cell::Int(i64::from(self.books.0))], |row| {
            let (grain, currency) = (row.int(0)?, row.int(3)?);
            let key = [grain, row.int(1)?, row.int(2)?, currency];
            let stored = Totals {
                debit: row.int(4)?,
                credit: row.int(5)?,
                charges: row.int(6)?,
                input_tokens: row.int(7)?,
                output_tokens: row.int(8)?,
                cache_read_tokens: row.int(9)?,
            };
            let sum = added_up.entry((grain, currency)).or_default();
            *sum = (sum.0 + i128::from(stored.debit), sum.1 + i128::from(stored.credit));
            let computed = expected.remove(&key).unwrap_or_default();
            rolled.expect(stored == computed, || format!("{} holds {stored:?}, its postings come to {computed:?}", name(&key)));
            Ok(())
        })?;
        let mut missing: Vec<_> = expected.into_iter().filter(|(_, totals)| *totals != Totals::default()).collect();
        missing.sort_unstable_by_key(|row| row.0);
        for (key, totals) in missing {
            rolled.expect(false, || format!("{} is missing; its postings come to {totals:?}", name(&key)));
        }
        Ok(vec![rolled, self.check_trial_balance(), self.check_sums(&added_up)?])
    }

    /// Adds balances up as reports do, in the database, beside the sums of the rows one by one.
    fn check_sums(&mut self, expected: &BTreeMap<(i64, i64), (i128, i128)>) -> Result<Check, StoreError> {
        let mut check = Check::new("the sums that reports are made of are those of the balances, however large");
        let sql = format!(
            "SELECT grain, currency_id, {}, {} FROM balance WHERE books_id = $1 GROUP BY grain, currency_id",
            exact_sum("debit"),
            exact_sum("credit")
        );
        let key = self.key();
        self.ledger.scan(&sql, &key, |row| {
            let (grain, currency, sums) = (row.int(0)?, row.int(1)?, (row.sum(2)?, row.sum(3)?));
            let rows = expected.get(&(grain, currency)).copied().unwrap_or_default();
            check.expect(sums == rows, || {
                format!("grain {grain}, currency {currency}: the database adds up {sums:?}, its rows come to {rows:?}")
            });
            Ok(())
        })?;
        Ok(check)
    }

    pub(super) fn check_entry_months(&mut self) -> Result<Check, StoreError> {
        let mut check = Check::new("the first and the last entry of every month are those of the journal");
        let mut expected: BTreeMap<Month, (i64, i64)> = BTreeMap::new();
        for (day, (first, last)) in &self.entry_days {
            let month = expected.entry(day.month()).or_insert((*first, *last));
            *month = (month.0.min(*first), month.1.max(*last));
        }
        for row in self.ledger.rows("SELECT month, first_entry, last_entry FROM entry_month WHERE books_id = $1", &self.key())? {
            let (month, (first, last)) = (Month(narrow(row.int(0)?)?), (row.int(1)?, row.int(2)?));
            let found = expected.remove(&month);
            check.expect(found == Some((first, last)), || match found {
                Some((true_first, true_last)) => {
                    format!("{month}: entries {first} to {last} are stored, the journal has {true_first} to {true_last}")
                }
                None => format!("{month}: entries {first} to {last} are stored, the journal has none"),
            });
        }
        for (month, (first, last)) in expected {
            check.expect(false, || format!("{month}: the entries {first} to {last} of the journal are not stored"));
        }
        Ok(check)
    }

    fn check_trial_balance(&self) -> Check {
        let mut check = Check::new("the trial balance foots to zero in every currency");
        let mut net: BTreeMap<Currency, i128> = BTreeMap::new();
        let mut sorted: Vec<_> = self.recomputed.iter().collect();
        sorted.sort_unstable_by_key(|row| row.0);
        for ((_, _, currency), totals) in sorted {
            *net.entry(*currency).or_default() += i128::from(totals.debit) - i128::from(totals.credit);
        }
        for (currency, net) in net {
            check.expect(net == 0, || format!("debits exceed credits by {net} units of {currency}"));
        }
        check
    }
}

/// The balance row for a reader: grain, period, key and currency.
fn name([grain, period, key, currency]: &[i64; 4]) -> String {
    let what = match grain {
        1 => "block by day",
        2 => "block by month",
        3 => "account by day",
        4 => "account by month",
        11..=17 => "dimension by day",
        21..=27 => "dimension by month",
        _ => "unknown grain",
    };
    format!("balance ({what}, grain {grain}, period {period}, key {key}, currency {currency})")
}
