//! Allocation runs: what left a pool arrived, the journal has it, and a rule has one run in force.

use super::{Check, Verifier};
use crate::domain::journal::EntryKind;
use crate::store::StoreError;
use crate::store::ledger::{Cell, RowExt};

/// A pool with the sum of its lines, and of what its entries have on the accounts that receivers are debited in. A rule that keeps the account
/// debits and credits the same one: its entries net to zero there.
const POOLS: &str = "SELECT p.run_number, p.pool, p.allocated, \
    (SELECT CAST(COALESCE(SUM(l.amount), 0) AS BIGINT) FROM allocation_line l WHERE l.books_id = p.books_id AND l.run_number = p.run_number \
     AND l.pool = p.pool), \
    (SELECT COUNT(*) FROM allocation_line l WHERE l.books_id = p.books_id AND l.run_number = p.run_number AND l.pool = p.pool \
     AND l.debit_account_id <> l.credit_account_id), \
    (SELECT CAST(COALESCE(SUM(CASE s.side WHEN 1 THEN s.amount ELSE -s.amount END), 0) AS BIGINT) FROM allocation_run_entry e \
     JOIN posting s ON s.books_id = e.books_id AND s.entry_number = e.entry_number \
     JOIN coding_block b ON b.books_id = s.books_id AND b.id = s.block_id \
     WHERE e.books_id = p.books_id AND e.run_number = p.run_number AND e.pool = p.pool AND b.account_id IN \
     (SELECT l.debit_account_id FROM allocation_line l WHERE l.books_id = p.books_id AND l.run_number = p.run_number AND l.pool = p.pool)) \
    FROM allocation_pool p WHERE p.books_id = $1";

const LIVE: &str = "SELECT v.code, v.month, v.run_number, (SELECT COUNT(*) FROM allocation_run r WHERE r.books_id = v.books_id \
    AND r.number = v.run_number AND r.month = v.month AND r.kind = 1), (SELECT COUNT(*) FROM allocation_run r WHERE r.books_id = v.books_id \
    AND r.refers_to = v.run_number AND r.kind = 3) FROM allocation_live v WHERE v.books_id = $1";

impl Verifier<'_> {
    pub(super) fn check_allocations(&mut self) -> Result<Vec<Check>, StoreError> {
        let key = self.key();
        let mut pools = Check::new("what left a pool of an allocation arrived, and the journal has it");
        self.ledger.scan(POOLS, &key, |row| {
            let (run, pool, allocated) = (row.int(0)?, row.int(1)?, row.int(2)?);
            let (lines, moves_account, posted) = (row.int(3)?, row.int(4)? > 0, row.int(5)?);
            let in_journal = if moves_account { allocated } else { 0 };
            pools.expect(lines == allocated && posted == in_journal, || {
                format!("pool {pool} of run {run} allocated {allocated} units, its lines hold {lines} and its entries {posted}")
            });
            Ok(())
        })?;
        let mut runs = Check::new("every allocation entry belongs to a run");
        let by_kind = [Cell::Int(i64::from(self.books.0)), Cell::Int(i64::from(EntryKind::Allocation.id()))];
        let sql = "SELECT e.number, (SELECT COUNT(*) FROM allocation_run_entry r WHERE r.books_id = e.books_id AND r.entry_number = e.number) \
                   FROM journal_entry e WHERE e.books_id = $1 AND e.kind = $2 AND e.kind > 4";
        self.ledger.scan(sql, &by_kind, |row| {
            let number = row.int(0)?;
            runs.expect(row.int(1)? == 1, || format!("entry {number} belongs to no run"));
            Ok(())
        })?;
        let mut live = Check::new("a rule has one run in force in a period, and it is not reversed");
        self.ledger.scan(LIVE, &key, |row| {
            let run = row.int(2)?;
            let (code, month) = (row.text(0)?.to_owned(), row.int(1)?);
            live.expect(row.int(3)? == 1 && row.int(4)? == 0, || format!("rule {code} of month {month} names run {run}"));
            Ok(())
        })?;
        Ok(vec![pools, runs, live])
    }
}
