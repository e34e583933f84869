//! What blocks of cost centers bore in a month, from balances, and which part of it allocations and chargebacks put there.

use crate::domain::chart::CenterKind;
use crate::domain::ids::{AccountId, BlockId, BooksId, NameId};
use crate::domain::journal::EntryKind;
use crate::domain::money::Currency;
use crate::domain::period::{Day, Month};
use crate::domain::report::{Grain, Totals};
use crate::store::StoreError;
use crate::store::cells::{books_cell, currency_of, day_of};
use crate::store::journal::sql::in_list;
use crate::store::ledger::{Cell, Ledger, RowExt, Value};

/// Whose cost is read.
#[derive(Debug, Clone)]
pub struct CostScope {
    pub kind: CenterKind,
    /// One center alone.
    pub center: Option<NameId>,
    pub accounts: Vec<AccountId>,
    /// Day by day, else as one sum dated on the first of the month.
    pub by_day: bool,
}

impl CostScope {
    fn blocks(&self) -> String {
        let column = format!("b.{}_id", self.kind.field());
        let accounts = in_list("b.account_id", self.accounts.iter().map(|id| i64::from(id.0)));
        let center = self.center.map_or_else(|| format!("{column} <> 0"), |center| format!("{column} = {center}"));
        format!("{accounts} AND {center}")
    }
}

/// What a block bore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostRow {
    pub block: BlockId,
    pub day: Day,
    pub currency: Currency,
    pub totals: Totals,
}

/// What entries of one kind and memo, and their reversals, put on a block: debits less credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecialRow {
    pub kind: EntryKind,
    pub memo: String,
    pub block: BlockId,
    pub day: Day,
    pub currency: Currency,
    pub net: i64,
}

/// The balances of a month, in the order of block, day and currency; at most `limit`.
///
/// # Errors
/// Any database failure.
pub fn cost_rows(ledger: &mut Ledger, books: BooksId, scope: &CostScope, month: Month, limit: usize) -> Result<Vec<CostRow>, StoreError> {
    let (grain, from, to) = if scope.by_day {
        (Grain::BlockDay, month.first_day().0, month.next().first_day().0)
    } else {
        (Grain::BlockMonth, month.0, month.next().0)
    };
    let sql = format!(
        "SELECT x.key_id, x.period, x.currency_id, x.debit, x.credit, x.charges, x.input_tokens, x.output_tokens, x.cache_read_tokens \
         FROM balance x JOIN coding_block b ON b.books_id = x.books_id AND b.id = x.key_id AND {} \
         WHERE x.books_id = $1 AND x.grain = $2 AND x.period >= $3 AND x.period < $4 ORDER BY x.key_id, x.period, x.currency_id LIMIT {limit}",
        scope.blocks()
    );
    let key = [books_cell(books), Cell::Int(grain.id()), Cell::Int(i64::from(from)), Cell::Int(i64::from(to))];
    let mut found = Vec::new();
    ledger.scan(&sql, &key, |row| {
        found.push(CostRow {
            block: block_of(row.int(0)?)?,
            day: if scope.by_day { day_of(row.int(1)?)? } else { month.first_day() },
            currency: currency_of(row.int(2)?)?,
            totals: Totals {
                debit: row.int(3)?,
                credit: row.int(4)?,
                charges: row.int(5)?,
                input_tokens: row.int(6)?,
                output_tokens: row.int(7)?,
                cache_read_tokens: row.int(8)?,
            },
        });
        Ok(())
    })?;
    Ok(found)
}

/// What allocations and chargebacks of the month put on the blocks. `kind > 4` is written out for the partial index of such entries.
///
/// # Errors
/// Any database failure.
pub fn special_rows(ledger: &mut Ledger, books: BooksId, scope: &CostScope, month: Month) -> Result<Vec<SpecialRow>, StoreError> {
    let kinds = format!("o.kind > 4 AND o.kind IN ({}, {})", EntryKind::Allocation.id(), EntryKind::Chargeback.id());
    let net = "CAST(SUM(CASE WHEN p.side = 1 THEN p.amount ELSE -p.amount END) AS BIGINT)";
    let index = ledger.by_index("journal_entry_beside_charges");
    // A cross join keeps SQLite from beginning with every posting there is.
    let part = |entry: &str, from: &str, reversal: &str| {
        format!(
            "SELECT o.kind, COALESCE(o.memo, '') AS memo, p.block_id, {entry}.effective_on, p.currency_id, {net} FROM journal_entry o{index}{from} \
             CROSS JOIN posting p CROSS JOIN coding_block b WHERE o.books_id = $1 AND {kinds}{reversal} \
             AND {entry}.effective_on >= $2 AND {entry}.effective_on < $3 AND p.books_id = $1 AND p.entry_number = {entry}.number \
             AND b.books_id = $1 AND b.id = p.block_id AND {} \
             GROUP BY o.kind, COALESCE(o.memo, ''), p.block_id, {entry}.effective_on, p.currency_id",
            scope.blocks()
        )
    };
    let reversed = (" CROSS JOIN journal_entry r", " AND r.books_id = $1 AND r.corrects = o.number AND r.kind = 2");
    let sql = format!("{} UNION ALL {}", part("o", "", ""), part("r", reversed.0, reversed.1));
    let key = [books_cell(books), Cell::Int(i64::from(month.first_day().0)), Cell::Int(i64::from(month.next().first_day().0))];
    let mut found = Vec::new();
    ledger.scan(&sql, &key, |row| {
        found.push(special_of(row, scope, month)?);
        Ok(())
    })?;
    Ok(found)
}

fn special_of(row: &[Value], scope: &CostScope, month: Month) -> Result<SpecialRow, StoreError> {
    let kind = i16::try_from(row.int(0)?).ok().and_then(EntryKind::from_id);
    Ok(SpecialRow {
        kind: kind.ok_or_else(|| StoreError::corrupt("an entry of unknown kind"))?,
        memo: row.text(1)?.to_owned(),
        block: block_of(row.int(2)?)?,
        day: if scope.by_day { day_of(row.int(3)?)? } else { month.first_day() },
        currency: currency_of(row.int(4)?)?,
        net: row.int(5)?,
    })
}

fn block_of(id: i64) -> Result<BlockId, StoreError> {
    i32::try_from(id).map(BlockId).map_err(|_| StoreError::corrupt(format!("{id} is no coding block")))
}
