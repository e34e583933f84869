//! Lots of credits, what was used of them, and the movements of the accounts they are in.
//!
//! The same reads run on the desk, under the books' lock, and in a reading transaction of a report.

use super::StoreError;
use super::ledger::{Cell, Ledger, RowExt, Value};
use super::rows;
use crate::domain::chart::NameKind;
use crate::domain::ids::{AccountId, BlockId, BooksId, EntryNumber, NameId};
use crate::domain::journal::EntryKind;
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::{Day, Moment, Month};
use crate::domain::posting_rules::GrantPolicy;
use crate::domain::prepaid::{LotKind, PaidFrom, UseKind};

/// A lot as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditLot {
    pub number: i64,
    pub kind: LotKind,
    pub provider: NameId,
    pub money: Money,
    pub begins_on: Day,
    pub expires_on: Option<Day>,
    pub policy: GrantPolicy,
    pub paid_from: Option<PaidFrom>,
    pub entry: Option<EntryNumber>,
    pub reference: String,
}

/// A part of a lot that was used; its lot says the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditUse {
    pub number: i64,
    pub lot: i64,
    pub kind: UseKind,
    pub amount: Amount,
    pub effective_on: Day,
    pub entry: Option<EntryNumber>,
}

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

    /// A fact counts since its entry, and one whose entry was mirrored by then does not.
    fn in_force(self) -> String {
        let Self { day, through } = self;
        format!(
            "COALESCE(x.since_entry, x.entry_number, 0) <= {through} AND NOT EXISTS (SELECT 1 FROM journal_entry r \
             WHERE r.books_id = x.books_id AND r.corrects = x.entry_number AND r.kind = 2 AND r.effective_on <= {} AND r.number <= {through})",
            day.0
        )
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

/// The id of a provider that some charge or command named.
///
/// # Errors
/// Any database failure.
pub fn provider_id(ledger: &mut Ledger, books: BooksId, provider: &str) -> Result<Option<NameId>, StoreError> {
    let sql = "SELECT id FROM interned_name WHERE books_id = $1 AND kind = $2 AND name = $3";
    let key = [books_cell(books), Cell::Int(i64::from(NameKind::Provider.id())), Cell::Text(provider)];
    ledger.rows(sql, &key)?.first().map(|row| name_id(row.int(0)?)).transpose()
}

/// The names of all providers.
///
/// # Errors
/// Any database failure.
pub fn provider_names(ledger: &mut Ledger, books: BooksId) -> Result<Vec<(NameId, String)>, StoreError> {
    let sql = "SELECT id, name FROM interned_name WHERE books_id = $1 AND kind = $2";
    let rows = ledger.rows(sql, &[books_cell(books), Cell::Int(i64::from(NameKind::Provider.id()))])?;
    rows.iter().map(|row| Ok((name_id(row.int(0)?)?, row.text(1)?.to_owned()))).collect()
}

/// The lots of a provider that begin by a day and are in force then, in the order of their numbers.
///
/// # Errors
/// Any database failure.
pub fn lots(ledger: &mut Ledger, books: BooksId, provider: NameId, kind: LotKind, at: AsAt) -> Result<Vec<CreditLot>, StoreError> {
    let sql = format!(
        "SELECT x.number, x.currency_id, x.amount, x.begins_on, x.expires_on, x.policy, x.paid_from, x.entry_number, x.reference \
         FROM credit_lot x WHERE x.books_id = $1 AND x.provider_id = $2 AND x.begins_on <= $3 AND x.kind = $4 AND {} ORDER BY x.number",
        at.in_force()
    );
    let parameters = [books_cell(books), Cell::Int(i64::from(provider.0)), day_cell(at.day), Cell::Int(lot_kind_id(kind))];
    let mut lots = Vec::new();
    ledger.scan(&sql, &parameters, |row| {
        lots.push(lot_of(row, provider, kind)?);
        Ok(())
    })?;
    Ok(lots)
}

fn lot_of(row: &[Value], provider: NameId, kind: LotKind) -> Result<CreditLot, StoreError> {
    let corrupt = || StoreError::corrupt("a lot of credits");
    let policy = i16::try_from(row.int(5)?).ok().and_then(GrantPolicy::from_id).ok_or_else(corrupt)?;
    let paid_from = match row.int_or_none(6)? {
        None => None,
        Some(1) => Some(PaidFrom::Payable),
        Some(2) => Some(PaidFrom::Cash),
        Some(_) => return Err(corrupt()),
    };
    Ok(CreditLot {
        number: row.int(0)?,
        kind,
        provider,
        money: Amount::from_units(row.int(2)?).with(currency_of(row.int(1)?)?),
        begins_on: day_of(row.int(3)?)?,
        expires_on: row.int_or_none(4)?.map(day_of).transpose()?,
        policy,
        paid_from,
        entry: row.int_or_none(7)?.map(EntryNumber),
        reference: row.text(8)?.to_owned(),
    })
}

/// What was used of the lots of a provider by a day and is in force then.
///
/// # Errors
/// Any database failure.
pub fn uses(ledger: &mut Ledger, books: BooksId, provider: NameId, at: AsAt) -> Result<Vec<CreditUse>, StoreError> {
    let sql = format!(
        "SELECT x.number, x.lot_number, x.kind, x.amount, x.effective_on, x.entry_number FROM credit_use x \
         JOIN credit_lot l ON l.books_id = x.books_id AND l.number = x.lot_number \
         WHERE x.books_id = $1 AND l.provider_id = $2 AND x.effective_on <= $3 AND {} ORDER BY x.number",
        at.in_force()
    );
    let mut uses = Vec::new();
    ledger.scan(&sql, &[books_cell(books), Cell::Int(i64::from(provider.0)), day_cell(at.day)], |row| {
        uses.push(CreditUse {
            number: row.int(0)?,
            lot: row.int(1)?,
            kind: if row.int(2)? == 1 { UseKind::Applied } else { UseKind::Expired },
            amount: Amount::from_units(row.int(3)?),
            effective_on: day_of(row.int(4)?)?,
            entry: row.int_or_none(5)?.map(EntryNumber),
        });
        Ok(())
    })?;
    Ok(uses)
}

/// Stores a lot under the next number, and answers it. The lot's own number is not looked at.
///
/// # Errors
/// Any database failure.
pub fn lot_insert(ledger: &mut Ledger, books: BooksId, lot: &CreditLot, recorded_at: Moment) -> Result<i64, StoreError> {
    let number = next_number(ledger, books, "credit_lot")?;
    let next = last_entry(ledger, books)?.0.saturating_add(1);
    let row = [
        books_cell(books),
        Cell::Int(number),
        Cell::Int(lot_kind_id(lot.kind)),
        Cell::Int(i64::from(lot.provider.0)),
        Cell::Int(i64::from(lot.money.currency.id())),
        Cell::Int(lot.money.amount.units()),
        day_cell(lot.begins_on),
        Cell::int_or_null(lot.expires_on.map(|day| i64::from(day.0))),
        Cell::Int(i64::from(lot.policy.id())),
        Cell::int_or_null(lot.paid_from.map(|from| if from == PaidFrom::Payable { 1 } else { 2 })),
        Cell::int_or_null(lot.entry.map(|entry| entry.0)),
        Cell::Text(&lot.reference),
        Cell::Int(recorded_at.0),
        Cell::Int(lot.entry.map_or(next, |entry| entry.0)),
    ];
    ledger.insert(&rows::CREDIT_LOT, std::iter::once(row))?;
    Ok(number)
}

/// Stores uses under the next numbers. Their own numbers are not looked at.
///
/// # Errors
/// Any database failure.
pub fn use_insert(ledger: &mut Ledger, books: BooksId, uses: &[CreditUse], recorded_at: Moment) -> Result<(), StoreError> {
    let first = next_number(ledger, books, "credit_use")?;
    let next = last_entry(ledger, books)?.0.saturating_add(1);
    let rows = (first..).zip(uses).map(|(number, credit)| {
        [
            books_cell(books),
            Cell::Int(number),
            Cell::Int(credit.lot),
            Cell::Int(if credit.kind == UseKind::Applied { 1 } else { 2 }),
            Cell::Int(credit.amount.units()),
            day_cell(credit.effective_on),
            Cell::int_or_null(credit.entry.map(|entry| entry.0)),
            Cell::Int(recorded_at.0),
            Cell::Int(credit.entry.map_or(next, |entry| entry.0)),
        ]
    });
    ledger.insert(&rows::CREDIT_USE, rows)
}

/// The next number of a table whose rows are numbered within the books; the lock of the books keeps it free.
pub(super) fn next_number(ledger: &mut Ledger, books: BooksId, table: &'static str) -> Result<i64, StoreError> {
    let rows = ledger.rows(&format!("SELECT COALESCE(MAX(number), 0) FROM {table} WHERE books_id = $1"), &[books_cell(books)])?;
    Ok(rows.first().map_or(Ok(0), |row| row.int(0))?.saturating_add(1))
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
pub fn account_net(ledger: &mut Ledger, books: BooksId, account: AccountId, as_of: Day) -> Result<Vec<(Currency, i64)>, StoreError> {
    let sql = "SELECT currency_id, CAST(SUM(debit - credit) AS BIGINT) FROM balance \
               WHERE books_id = $1 AND grain = 3 AND key_id = $2 AND period <= $3 GROUP BY currency_id";
    let mut nets = Vec::new();
    ledger.scan(sql, &[books_cell(books), Cell::Int(i64::from(account.0)), day_cell(as_of)], |row| {
        nets.push((currency_of(row.int(0)?)?, row.int(1)?));
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
) -> Result<Vec<(Currency, i64)>, StoreError> {
    let month = as_of.month();
    let mut nets = Vec::new();
    // By month: the grain of accounts, that of blocks, and the periods looked at; then by day.
    let months = (4, 2, i64::from(i32::MIN), i64::from(month.0).saturating_sub(1));
    let days = (3, 1, i64::from(month.first_day().0), i64::from(as_of.0));
    for (accounts, blocks, from, through) in [months, days] {
        let sql = format!(
            "SELECT y.currency_id, CAST(SUM(y.debit - y.credit) AS BIGINT) FROM (SELECT DISTINCT period FROM balance \
             WHERE books_id = $1 AND grain = {accounts} AND key_id = $2 AND period >= $4 AND period <= $5) x CROSS JOIN coding_block b \
             CROSS JOIN balance y WHERE b.books_id = $1 AND b.account_id = $2 AND b.provider_id = $3 AND y.books_id = $1 \
             AND y.grain = {blocks} AND y.period = x.period AND y.key_id = b.id GROUP BY y.currency_id"
        );
        let key =
            [books_cell(books), Cell::Int(i64::from(account.0)), Cell::Int(i64::from(provider.0)), Cell::Int(from), Cell::Int(through)];
        ledger.scan(&sql, &key, |row| {
            nets.push((currency_of(row.int(0)?)?, row.int(1)?));
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

fn lot_kind_id(kind: LotKind) -> i64 {
    match kind {
        LotKind::Bought => 1,
        LotKind::Granted => 2,
    }
}

pub(super) fn books_cell(books: BooksId) -> Cell<'static> {
    Cell::Int(i64::from(books.0))
}

pub(super) fn day_cell(day: Day) -> Cell<'static> {
    Cell::Int(i64::from(day.0))
}

pub(super) fn name_id(id: i64) -> Result<NameId, StoreError> {
    i32::try_from(id).map(NameId).map_err(|_| StoreError::corrupt(format!("{id} is no name")))
}

pub(super) fn day_of(day: i64) -> Result<Day, StoreError> {
    i32::try_from(day).map(Day).map_err(|_| StoreError::corrupt(format!("{day} is no day")))
}

pub(super) fn currency_of(id: i64) -> Result<Currency, StoreError> {
    i16::try_from(id).ok().and_then(Currency::from_id).ok_or_else(|| StoreError::corrupt(format!("{id} is no currency")))
}
