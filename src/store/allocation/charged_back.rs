//! What chargebacks put on the blocks of a month. Cost that was charged on is no other cost than before: nothing here is spread again.

use super::cost::{CostShape, days, read};
use crate::domain::chart::CodingBlock;
use crate::domain::ids::{BooksId, EntryNumber};
use crate::domain::journal::EntryKind;
use crate::domain::money::Currency;
use crate::domain::period::Month;
use crate::store::StoreError;
use crate::store::cells::books_cell;
use crate::store::ledger::{Cell, Ledger, RowExt};

/// What entries of statements, and the reversals of such entries, put on the blocks: debits and credits in ledger units. Entries count that are
/// dated in the month, up to a number.
///
/// # Errors
/// Any database failure, and what `each` returns.
pub fn costs_charged_back(
    ledger: &mut Ledger,
    books: BooksId,
    shape: &CostShape,
    (month, through): (Month, EntryNumber),
    mut each: impl FnMut(CodingBlock, Currency, [i64; 2]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (selected, grouped) = shape.columns();
    let side = |id: i16| format!("CAST(SUM(CASE WHEN p.side = {id} THEN p.amount ELSE 0 END) AS BIGINT)");
    let (debit, credit) = (side(1), side(2));
    // A cross join keeps SQLite from beginning with every posting there is.
    let part = |entries: &str, condition: &str| {
        format!(
            "SELECT {selected}, p.currency_id, {debit}, {credit} FROM {entries} CROSS JOIN posting p CROSS JOIN coding_block b \
             WHERE {condition} AND e.books_id = $1 AND e.number <= $2 AND e.effective_on >= $3 AND e.effective_on < $4 \
             AND p.books_id = $1 AND p.entry_number = e.number AND b.books_id = $1 AND b.id = p.block_id AND {} \
             GROUP BY {grouped}, p.currency_id",
            shape.condition()
        )
    };
    // `kind > 4` is written out for the partial index of entries beside charges.
    let statements = format!("journal_entry e{}", ledger.by_index("journal_entry_beside_charges"));
    let is_statement = format!("e.kind > 4 AND e.kind = {}", EntryKind::Chargeback.id());
    let reversals = format!("chargeback c{} CROSS JOIN journal_entry e", ledger.by_index("chargeback_reversal"));
    let is_reversal = "c.books_id = $1 AND c.reversal_number IS NOT NULL AND e.number = c.reversal_number";
    let sql = format!("{} UNION ALL {}", part(&statements, &is_statement), part(&reversals, is_reversal));
    let [from, to] = days(month);
    ledger.scan(&sql, &[books_cell(books), Cell::Int(through.0), from, to], |row| {
        let (block, currency) = read(row)?;
        each(block, currency, [row.int(8)?, row.int(9)?])
    })
}
