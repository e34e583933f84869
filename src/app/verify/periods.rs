//! Periods: nothing entered a month after it was closed, and a late entry names the day that it belongs to.

use super::{Check, Verifier, narrow};
use crate::domain::journal::EntryKind;
use crate::domain::period::{Day, Moment, Month};
use crate::store::StoreError;
use crate::store::ledger::RowExt;

/// A closed month: the day after it, and the last entry of the books at its close.
struct Closed {
    end: Day,
    month: Month,
    through: i64,
}

impl Verifier<'_> {
    pub(super) fn check_periods(&mut self) -> Result<Vec<Check>, StoreError> {
        let mut closed = Check::new("every entry of a closed period was posted before its close");
        let mut dated = Check::new("every entry of a charge is dated on the day of the call, or names that day");
        let (key, zone, months) = (self.key(), self.masters.zone(), self.closed_months()?);
        let sql = "SELECT e.number, e.kind, e.effective_on, e.service_on, c.occurred_at FROM journal_entry e \
                   LEFT JOIN charge c ON c.books_id = e.books_id AND c.id = e.charge_id WHERE e.books_id = $1";
        self.ledger.scan(sql, &key, |row| {
            let (number, effective_on) = (row.int(0)?, Day(narrow(row.int(2)?)?));
            // A month that was skipped because it had no entries was closed with the next one that was not.
            let month = months.get(months.partition_point(|month| month.end <= effective_on));
            if let Some(Closed { month, through, .. }) = month {
                closed.expect(number <= *through, || {
                    format!("entry {number} is dated {effective_on}, and {month} was closed through entry {through}")
                });
            }
            if let Some(occurred_at) =
                row.int_or_none(4)?.filter(|_| row.int(1).is_ok_and(|kind| kind == i64::from(EntryKind::Charge.id())))
            {
                let service_on = row.int_or_none(3)?.map(narrow).transpose()?.map_or(effective_on, Day);
                let day = zone.day_of(Moment(occurred_at));
                dated.expect(service_on == day, || format!("entry {number} is of {service_on}, its charge of {day}"));
            }
            Ok(())
        })?;
        Ok(vec![closed, dated])
    }

    /// In the order of the months.
    fn closed_months(&mut self) -> Result<Vec<Closed>, StoreError> {
        let sql = "SELECT month, through_entry FROM period WHERE books_id = $1 AND status >= 3 ORDER BY month";
        let rows = self.ledger.rows(sql, &self.key())?;
        let closed = rows.iter().map(|row| {
            let month = Month(narrow(row.int(0)?)?);
            Ok(Closed { end: month.next().first_day(), month, through: row.int(1)? })
        });
        closed.collect()
    }
}
