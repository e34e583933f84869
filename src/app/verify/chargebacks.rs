//! Chargebacks: statements say what their lines say, and each posted one has the entry of its total.

use super::{Check, Verifier};
use crate::app::chargeback::content_hash;
use crate::domain::chargeback::{StatementNumber, StatementStatus};
use crate::domain::chart::{CenterKind, well_known};
use crate::domain::ids::AccountId;
use crate::domain::journal::EntryKind;
use crate::store::StoreError;
use crate::store::chargeback::{Statement, StatementFilter, statement_list};
use crate::store::ledger::{Cell, RowExt};

/// Statements read at a time.
const PAGE: usize = 500;

impl Verifier<'_> {
    pub(super) fn check_chargebacks(&mut self) -> Result<Vec<Check>, StoreError> {
        let mut said = Check::new("every chargeback statement is numbered without a gap and says what its lines and its hash say");
        let mut posted = Check::new("every posted chargeback statement has the entry of its total, and every such entry its statement");
        let (mut last, mut entries) = (0_i64, 0_i64);
        loop {
            let filter = StatementFilter { after: last, limit: Some(PAGE), ..StatementFilter::default() };
            let page = statement_list(self.ledger, self.books, &filter)?;
            for statement in &page {
                let next = StatementNumber(last.saturating_add(1));
                said.expect(statement.number == next, || format!("statement {next} is missing"));
                last = statement.number.0;
                self.check_statement(statement, &mut said, &mut posted)?;
                entries = entries.saturating_add(i64::from(statement.entry.is_some()));
            }
            if page.len() < PAGE {
                break;
            }
        }
        let key = [Cell::Int(i64::from(self.books.0)), Cell::Int(i64::from(EntryKind::Chargeback.id()))];
        let found = self.ledger.rows("SELECT count(*) FROM journal_entry WHERE books_id = $1 AND kind > 4 AND kind = $2", &key)?;
        let found = found.first().map_or(Ok(0), |row| row.int(0))?;
        posted.expect(found == entries, || format!("{found} entries are of chargebacks, {entries} statements were posted"));
        Ok(vec![said, posted])
    }

    fn check_statement(&mut self, statement: &Statement, said: &mut Check, posted: &mut Check) -> Result<(), StoreError> {
        let (content, number) = (&statement.content, statement.number);
        said.expect(content.total() == Ok(statement.total), || {
            format!("the lines of statement {number} do not add up to {}", statement.total)
        });
        said.expect(content.cost() == Ok(statement.cost), || format!("the lines of statement {number} do not cost {}", statement.cost));
        said.expect(content_hash(number, content) == statement.content_hash, || format!("statement {number} does not have its hash"));
        let Some(entry) = statement.entry else { return Ok(()) };
        let account = match content.kind {
            CenterKind::Team | CenterKind::Project => self.masters.account(well_known::CHARGEBACK_EXPENSE).map(|account| account.id),
            CenterKind::Client => Some(content.terms.receivable),
        };
        let net = self.net_on(entry.0, account.unwrap_or_default())?;
        let total = statement.total.amount.units();
        posted.expect(net == Some(total), || format!("entry {entry} charges {net:?}, statement {number} {total}"));
        let sql = "SELECT number FROM journal_entry WHERE books_id = $1 AND corrects = $2 AND kind = 2";
        let mirror = self.ledger.rows(sql, &[Cell::Int(i64::from(self.books.0)), Cell::Int(entry.0)])?;
        let mirror = mirror.first().map(|row| row.int(0)).transpose()?;
        let is_reversed = statement.status == StatementStatus::Reversed;
        posted.expect(mirror == statement.reversal.map(|entry| entry.0) && mirror.is_some() == is_reversed, || {
            format!("entry {entry} is mirrored by {mirror:?}, statement {number} is {}", statement.status.as_str())
        });
        Ok(())
    }

    /// Debits less credits of an entry on an account; none when it is no chargeback's.
    fn net_on(&mut self, entry: i64, account: AccountId) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT CAST(SUM(CASE WHEN p.side = 1 THEN p.amount ELSE -p.amount END) AS BIGINT) FROM journal_entry e \
                   JOIN posting p ON p.books_id = e.books_id AND p.entry_number = e.number \
                   JOIN coding_block b ON b.books_id = p.books_id AND b.id = p.block_id AND b.account_id = $3 \
                   WHERE e.books_id = $1 AND e.number = $2 AND e.kind = $4";
        let kind = Cell::Int(i64::from(EntryKind::Chargeback.id()));
        let key = [Cell::Int(i64::from(self.books.0)), Cell::Int(entry), Cell::Int(i64::from(account.0)), kind];
        self.ledger.rows(sql, &key)?.first().map_or(Ok(None), |row| row.int_or_none(0))
    }
}
