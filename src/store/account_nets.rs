//! What moved an account: by day, by entry, by block; debits less credits.
//!
//! The same reads run on the desk, under the books' lock, and in a reading transaction of a report.

use super::StoreError;
use super::cells::{books_cell, currency_of, day_cell, day_of, name_id};
use super::ledger::{Cell, Ledger, RowExt};
use super::sums::exact_sum;
use crate::domain::ids::{AccountId, BlockId, BooksId, EntryNumber, NameId};
use crate::domain::journal::EntryKind;
use crate::domain::money::Currency;
use crate::domain::period::{Day, Month};

/// What one day moved on the blocks of an account: debits less credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayNet {
    pub provider: NameId,
    pub currency: Currency,
    pub day: Day,
    pub net: i64,
}

/// What an entry that neither books nor corrects a charge moved on an account: debits less credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryNet {
    pub provider: NameId,
    pub currency: Currency,
    pub day: Day,
    /// The kind of the entry, or of the one it reverses.
    pub kind: EntryKind,
    pub is_reversal: bool,
    pub net: i64,
}

/// What a coding block bore in a month: debits less credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockNet {
    pub block: BlockId,
    pub currency: Currency,
    pub net: i64,
}

/// The end of a day, as the books were after an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsAt {
    pub day: Day,
    pub through: EntryNumber,
}

impl AsAt {
    /// With all that is posted.
    pub fn day(day: Day) -> Self {
        Self { day, through: EntryNumber(i64::MAX) }
    }
}

/// The last entry of the books.
///
/// # Errors
/// Any database failure.
pub fn last_entry(ledger: &mut Ledger, books: BooksId) -> Result<EntryNumber, StoreError> {
    let rows = ledger.rows("SELECT last_entry FROM books_head WHERE books_id = $1", &[books_cell(books)])?;
    rows.first().map_or(Ok(EntryNumber(0)), |row| row.int(0).map(EntryNumber))
}

/// What each day moved on an account up to a day, by provider and currency, in the order of days.
///
/// The days on which the account moved are read from its own grain, so that the blocks are looked up on those days alone. A cross join keeps
/// this order on SQLite, which would otherwise read every balance.
///
/// # Errors
/// Any database failure.
pub fn day_nets(ledger: &mut Ledger, books: BooksId, account: AccountId, as_of: Day) -> Result<Vec<DayNet>, StoreError> {
    let sql = "SELECT b.provider_id, y.currency_id, y.period, CAST(SUM(y.debit - y.credit) AS BIGINT) \
               FROM (SELECT DISTINCT period FROM balance WHERE books_id = $1 AND grain = 3 AND key_id = $2 AND period <= $3) x \
               CROSS JOIN coding_block b CROSS JOIN balance y \
               WHERE b.books_id = $1 AND b.account_id = $2 AND y.books_id = $1 AND y.grain = 1 AND y.period = x.period AND y.key_id = b.id \
               GROUP BY b.provider_id, y.currency_id, y.period HAVING SUM(y.debit - y.credit) <> 0 ORDER BY y.period";
    let mut nets = Vec::new();
    ledger.scan(sql, &[books_cell(books), Cell::Int(i64::from(account.0)), day_cell(as_of)], |row| {
        let (provider, currency) = (name_id(row.int(0)?)?, currency_of(row.int(1)?)?);
        nets.push(DayNet { provider, currency, day: day_of(row.int(2)?)?, net: row.int(3)? });
        Ok(())
    })?;
    Ok(nets)
}

/// The balance of an account at the end of a day, by currency, from its own grain.
///
/// # Errors
/// Any database failure.
pub fn account_net(ledger: &mut Ledger, books: BooksId, account: AccountId, as_of: Day) -> Result<Vec<(Currency, i128)>, StoreError> {
    let sql = format!(
        "SELECT currency_id, {} FROM balance WHERE books_id = $1 AND grain = 3 AND key_id = $2 AND period <= $3 GROUP BY currency_id",
        exact_sum("debit - credit")
    );
    let mut nets = Vec::new();
    ledger.scan(&sql, &[books_cell(books), Cell::Int(i64::from(account.0)), day_cell(as_of)], |row| {
        nets.push((currency_of(row.int(0)?)?, row.sum(1)?));
        Ok(())
    })?;
    Ok(nets)
}

/// What entries after a number moved on an account up to a day: it is in the balances of now. Reads the entries
/// after it, as far as months up to that day have any.
///
/// # Errors
/// Any database failure.
pub fn later_day_nets(
    ledger: &mut Ledger,
    books: BooksId,
    account: AccountId,
    AsAt { day, through }: AsAt,
) -> Result<Vec<DayNet>, StoreError> {
    let sql = "SELECT b.provider_id, p.currency_id, e.effective_on, CAST(SUM(CASE p.side WHEN 1 THEN p.amount ELSE -p.amount END) AS BIGINT) \
               FROM posting p JOIN journal_entry e ON e.books_id = p.books_id AND e.number = p.entry_number \
               JOIN coding_block b ON b.books_id = p.books_id AND b.id = p.block_id \
               WHERE p.books_id = $1 AND p.entry_number > $4 AND e.effective_on <= $3 AND b.account_id = $2 \
               AND p.entry_number <= (SELECT MAX(m.last_entry) FROM entry_month m WHERE m.books_id = $1 AND m.month <= $5) \
               GROUP BY b.provider_id, p.currency_id, e.effective_on";
    let month = Cell::Int(i64::from(day.month().0));
    let values = [books_cell(books), Cell::Int(i64::from(account.0)), day_cell(day), Cell::Int(through.0), month];
    let mut nets = Vec::new();
    ledger.scan(sql, &values, |row| {
        let (provider, currency) = (name_id(row.int(0)?)?, currency_of(row.int(1)?)?);
        nets.push(DayNet { provider, currency, day: day_of(row.int(2)?)?, net: row.int(3)? });
        Ok(())
    })?;
    Ok(nets)
}

/// The balance of an account for a provider at the end of a day, by currency: whole months, then the days left over. These are other rows than
/// those of [`day_nets`].
///
/// # Errors
/// Any database failure.
pub fn provider_net(
    ledger: &mut Ledger,
    books: BooksId,
    (account, provider): (AccountId, NameId),
    as_of: Day,
) -> Result<Vec<(Currency, i128)>, StoreError> {
    let month = as_of.month();
    let mut nets = Vec::new();
    // By month: the grain of accounts, that of blocks, and the periods looked at; then by day.
    let months = (4, 2, i64::from(i32::MIN), i64::from(month.0).saturating_sub(1));
    let days = (3, 1, i64::from(month.first_day().0), i64::from(as_of.0));
    let net = exact_sum("y.debit - y.credit");
    for (accounts, blocks, from, through) in [months, days] {
        let sql = format!(
            "SELECT y.currency_id, {net} FROM (SELECT DISTINCT period FROM balance \
             WHERE books_id = $1 AND grain = {accounts} AND key_id = $2 AND period >= $4 AND period <= $5) x CROSS JOIN coding_block b \
             CROSS JOIN balance y WHERE b.books_id = $1 AND b.account_id = $2 AND b.provider_id = $3 AND y.books_id = $1 \
             AND y.grain = {blocks} AND y.period = x.period AND y.key_id = b.id GROUP BY y.currency_id"
        );
        let key =
            [books_cell(books), Cell::Int(i64::from(account.0)), Cell::Int(i64::from(provider.0)), Cell::Int(from), Cell::Int(through)];
        ledger.scan(&sql, &key, |row| {
            nets.push((currency_of(row.int(0)?)?, row.sum(1)?));
            Ok(())
        })?;
    }
    Ok(nets)
}

/// What entries beside those of charges moved on an account up to a day, reversals of them included. Those entries have an index of their own;
/// a cross join makes SQLite begin with it.
///
/// # Errors
/// Any database failure.
pub fn entry_nets(
    ledger: &mut Ledger,
    books: BooksId,
    account: AccountId,
    AsAt { day, through }: AsAt,
) -> Result<Vec<EntryNet>, StoreError> {
    let nets = |entry: &str| {
        let (from, reversal) = if entry == "e" {
            ("journal_entry e", "")
        } else {
            ("journal_entry e CROSS JOIN journal_entry r", " AND r.books_id = $1 AND r.corrects = e.number AND r.kind = 2")
        };
        // The sum hides the number, by which postings would otherwise be read in a range instead of entry by entry.
        format!(
            "SELECT b.provider_id, p.currency_id, {entry}.effective_on, e.kind, \
             CAST(SUM(CASE p.side WHEN 1 THEN p.amount ELSE -p.amount END) AS BIGINT) \
             FROM {from} CROSS JOIN posting p CROSS JOIN coding_block b \
             WHERE e.books_id = $1 AND e.kind > 4 AND e.effective_on <= $3{reversal} AND {entry}.effective_on <= $3 \
             AND {entry}.number + 0 <= $4 AND p.books_id = $1 \
             AND p.entry_number = {entry}.number AND b.books_id = $1 AND b.id = p.block_id AND b.account_id = $2 \
             GROUP BY b.provider_id, p.currency_id, {entry}.effective_on, e.kind, {entry}.number"
        )
    };
    let mut found = Vec::new();
    for (entry, is_reversal) in [("e", false), ("r", true)] {
        let values = [books_cell(books), Cell::Int(i64::from(account.0)), day_cell(day), Cell::Int(through.0)];
        ledger.scan(&nets(entry), &values, |row| {
            let kind = i16::try_from(row.int(3)?).ok().and_then(EntryKind::from_id);
            found.push(EntryNet {
                provider: name_id(row.int(0)?)?,
                currency: currency_of(row.int(1)?)?,
                day: day_of(row.int(2)?)?,
                kind: kind.ok_or_else(|| StoreError::corrupt("an entry of unknown kind"))?,
                is_reversal,
                net: row.int(4)?,
            });
            Ok(())
        })?;
    }
    Ok(found)
}

/// The last entry of a kind that moved the blocks of a provider.
///
/// # Errors
/// Any database failure.
pub fn last_entry_of(
    ledger: &mut Ledger,
    books: BooksId,
    (kind, provider): (EntryKind, NameId),
) -> Result<Option<EntryNumber>, StoreError> {
    // The kind above 4 lets both engines read the index of entries beside charges.
    let sql = format!(
        "SELECT e.number FROM journal_entry e{} CROSS JOIN posting p CROSS JOIN coding_block b \
         WHERE e.books_id = $1 AND e.kind > 4 AND e.kind = $2 AND p.books_id = $1 AND p.entry_number = e.number AND p.line = 1 \
         AND b.books_id = $1 AND b.id = p.block_id AND b.provider_id = $3 ORDER BY e.number DESC LIMIT 1",
        ledger.by_index("journal_entry_beside_charges")
    );
    let key = [books_cell(books), Cell::Int(i64::from(kind.id())), Cell::Int(i64::from(provider.0))];
    ledger.rows(&sql, &key)?.first().map(|row| row.int(0).map(EntryNumber)).transpose()
}

/// What every block bore in a month. Blocks are not joined here: their tables are often just filled, and without statistics PostgreSQL would go
/// through all blocks for each balance.
///
/// # Errors
/// Any database failure.
pub fn month_nets(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<Vec<BlockNet>, StoreError> {
    let sql = "SELECT key_id, currency_id, debit - credit FROM balance WHERE books_id = $1 AND grain = 2 AND period = $2 \
               ORDER BY key_id, currency_id";
    let mut nets = Vec::new();
    ledger.scan(sql, &[books_cell(books), Cell::Int(i64::from(month.0))], |row| {
        let block = BlockId(i32::try_from(row.int(0)?).map_err(|_| StoreError::corrupt("a coding block"))?);
        nets.push(BlockNet { block, currency: currency_of(row.int(1)?)?, net: row.int(2)? });
        Ok(())
    })?;
    Ok(nets)
}
