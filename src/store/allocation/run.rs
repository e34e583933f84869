//! Runs: what they covered, their pools, their lines, and the entries they posted. Only added to.

use super::driver::{kind_of, quantity_of};
use super::tables::{
    ALLOCATION_LINE, ALLOCATION_LIVE, ALLOCATION_POOL, ALLOCATION_RUN, ALLOCATION_RUN_DRIVER, ALLOCATION_RUN_ENTRY, ALLOCATION_RUN_RULE,
};
use crate::domain::allocation::{Center, Drivers};
use crate::domain::chart::CenterKind;
use crate::domain::ids::{AccountId, BooksId, EntryNumber, NameId};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::{Day, Moment, Month};
use crate::store::StoreError;
use crate::store::cells::{books_cell, currency_of, day_cell, day_of, name_id, next_number};
use crate::store::ledger::{Cell, Ledger, RowExt, Value};

/// What a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    Run,
    /// What late charges added to the run it refers to.
    Increment,
    /// The mirror of the run it refers to.
    Reversal,
}

impl RunKind {
    fn id(self) -> i64 {
        match self {
            Self::Run => 1,
            Self::Increment => 2,
            Self::Reversal => 3,
        }
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHead {
    /// Gapless in the books.
    pub number: i64,
    pub month: Month,
    pub kind: RunKind,
    pub refers_to: Option<i64>,
    pub effective_on: Day,
    /// The last entry whose cost it spread.
    pub through_entry: EntryNumber,
    pub through_driver_value: i64,
    /// SHA-256 of its lines, in hexadecimal.
    pub result_hash: String,
    pub reason: Option<String>,
    pub subject: String,
    pub acting_for: Option<String>,
    pub recorded_at: Moment,
}

/// A pool in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPool {
    /// From 1 within the run.
    pub pool: i64,
    pub step: i64,
    /// Position of its rule in the run, from 0.
    pub rule: i64,
    pub from: Option<(CenterKind, NameId)>,
    /// The account that the cost stayed in, where the rule kept it.
    pub account: Option<AccountId>,
    pub money: Money,
    pub allocated: Amount,
    pub driver: Option<String>,
    pub driver_total: Option<String>,
    /// Reciprocal: the cost with what other service centers gave.
    pub gross: Option<String>,
}

/// What one receiver got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLine {
    /// From 1 within the run.
    pub line: i64,
    pub pool: i64,
    pub to: Option<(CenterKind, NameId)>,
    pub quantity: Option<String>,
    pub share: Option<String>,
    pub unrounded: Option<String>,
    pub amount: Amount,
    pub has_extra_unit: bool,
    pub debit_account: AccountId,
    pub credit_account: AccountId,
    /// Absent for a part of zero.
    pub entry: Option<EntryNumber>,
}

/// A line with its pool and rule, as readers follow them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLine {
    pub run: i64,
    pub month: Month,
    pub rule: (String, i64),
    pub pool: RunPool,
    pub line: RunLine,
}

/// The pools of a run with its rules' codes, in the order in which they were spread.
pub type LivePool = ((String, i64), RunPool);

const HEAD: &str = "SELECT number, month, kind, refers_to, effective_on, through_entry, through_driver_value, result_hash, reason, subject, \
                    acting_for, recorded_at FROM allocation_run WHERE books_id = $1";

fn head_of(row: &[Value]) -> Result<RunHead, StoreError> {
    let kind = match row.int(2)? {
        1 => RunKind::Run,
        2 => RunKind::Increment,
        3 => RunKind::Reversal,
        _ => return Err(StoreError::corrupt("an allocation run of unknown kind")),
    };
    Ok(RunHead {
        number: row.int(0)?,
        month: month_of(row.int(1)?)?,
        kind,
        refers_to: row.int_or_none(3)?,
        effective_on: day_of(row.int(4)?)?,
        through_entry: EntryNumber(row.int(5)?),
        through_driver_value: row.int(6)?,
        result_hash: row.text(7)?.to_owned(),
        reason: row.text_or_none(8)?.map(ToOwned::to_owned),
        subject: row.text(9)?.to_owned(),
        acting_for: row.text_or_none(10)?.map(ToOwned::to_owned),
        recorded_at: Moment(row.int(11)?),
    })
}

fn month_of(month: i64) -> Result<Month, StoreError> {
    i32::try_from(month).map(Month).map_err(|_| StoreError::corrupt(format!("{month} is no month")))
}

/// The next number of a run.
///
/// # Errors
/// Any database failure.
pub fn next_run(ledger: &mut Ledger, books: BooksId) -> Result<i64, StoreError> {
    next_number(ledger, books, "allocation_run")
}

/// # Errors
/// Any database failure.
pub fn run_by_number(ledger: &mut Ledger, books: BooksId, number: i64) -> Result<Option<RunHead>, StoreError> {
    let rows = ledger.rows(&format!("{HEAD} AND number = $2"), &[books_cell(books), Cell::Int(number)])?;
    rows.first().map(|row| head_of(row)).transpose()
}

/// Runs after a number, of a month where it is given, in the order of their numbers.
///
/// # Errors
/// Any database failure.
pub fn run_list(ledger: &mut Ledger, books: BooksId, month: Option<Month>, after: i64, limit: usize) -> Result<Vec<RunHead>, StoreError> {
    let sql = format!("{HEAD} AND number > $2 AND ($3 < 0 OR month = $3) ORDER BY number LIMIT {limit}");
    let month = Cell::Int(month.map_or(-1, |month| i64::from(month.0)));
    ledger.rows(&sql, &[books_cell(books), Cell::Int(after), month])?.iter().map(|row| head_of(row)).collect()
}

/// The number of the reversal that a run has.
///
/// # Errors
/// Any database failure.
pub fn reversal_of(ledger: &mut Ledger, books: BooksId, number: i64) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT number FROM allocation_run WHERE books_id = $1 AND refers_to = $2 AND kind = 3";
    ledger.rows(sql, &[books_cell(books), Cell::Int(number)])?.first().map(|row| row.int(0)).transpose()
}

/// The run that posted an entry.
///
/// # Errors
/// Any database failure.
pub fn run_of_entry(ledger: &mut Ledger, books: BooksId, entry: EntryNumber) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT run_number FROM allocation_run_entry WHERE books_id = $1 AND entry_number = $2";
    ledger.rows(sql, &[books_cell(books), Cell::Int(entry.0)])?.first().map(|row| row.int(0)).transpose()
}

/// Stores a run with its rules and the entries of each pool.
///
/// # Errors
/// Any database failure.
pub fn run_insert(
    ledger: &mut Ledger,
    books: BooksId,
    head: &RunHead,
    rules: &[(String, i64)],
    entries: &[(EntryNumber, i64)],
) -> Result<(), StoreError> {
    let (key, number) = (books_cell(books), Cell::Int(head.number));
    let row = [
        key,
        number,
        Cell::Int(i64::from(head.month.0)),
        Cell::Int(head.kind.id()),
        Cell::int_or_null(head.refers_to),
        day_cell(head.effective_on),
        Cell::Int(head.through_entry.0),
        Cell::Int(head.through_driver_value),
        Cell::Text(&head.result_hash),
        Cell::text_or_null(head.reason.as_deref()),
        Cell::Text(&head.subject),
        Cell::text_or_null(head.acting_for.as_deref()),
        Cell::Int(head.recorded_at.0),
    ];
    ledger.insert(&ALLOCATION_RUN, std::iter::once(row))?;
    let rules =
        (0..).zip(rules).map(|(position, (code, version))| [key, number, Cell::Int(position), Cell::Text(code), Cell::Int(*version)]);
    ledger.insert(&ALLOCATION_RUN_RULE, rules)?;
    ledger.insert(&ALLOCATION_RUN_ENTRY, entries.iter().map(|(entry, pool)| [key, number, Cell::Int(entry.0), Cell::Int(*pool)]))
}

/// Rules of a run with their versions, in their order.
///
/// # Errors
/// Any database failure.
pub fn rule_of_run_list(ledger: &mut Ledger, books: BooksId, number: i64) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT code, version FROM allocation_run_rule WHERE books_id = $1 AND run_number = $2 ORDER BY position";
    let rows = ledger.rows(sql, &[books_cell(books), Cell::Int(number)])?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
}

/// Entries of a run with the pool that each moved, in their order.
///
/// # Errors
/// Any database failure.
pub fn entry_list(ledger: &mut Ledger, books: BooksId, number: i64) -> Result<Vec<(EntryNumber, i64)>, StoreError> {
    let sql = "SELECT entry_number, pool FROM allocation_run_entry WHERE books_id = $1 AND run_number = $2 ORDER BY entry_number";
    let rows = ledger.rows(sql, &[books_cell(books), Cell::Int(number)])?;
    rows.iter().map(|row| Ok((EntryNumber(row.int(0)?), row.int(1)?))).collect()
}

/// A quantity that the books computed: driver, currency of money, center, and the quantity as text.
pub type Standing = (String, Option<Currency>, (CenterKind, NameId), String);

/// Keeps what the books computed for a run.
///
/// # Errors
/// Any database failure.
pub fn driver_snapshot_insert(ledger: &mut Ledger, books: BooksId, number: i64, values: &[Standing]) -> Result<(), StoreError> {
    let rows = values.iter().map(|(driver, currency, (kind, center), quantity)| {
        [
            books_cell(books),
            Cell::Int(number),
            Cell::Text(driver),
            Cell::Int(currency.map_or(0, |currency| i64::from(currency.id()))),
            Cell::Int(i64::from(kind.id())),
            Cell::Int(i64::from(center.0)),
            Cell::Text(quantity),
        ]
    });
    ledger.insert(&ALLOCATION_RUN_DRIVER, rows)
}

/// What the books computed for a run; `code` gives a center's code.
///
/// # Errors
/// Any database failure.
pub fn driver_snapshot(
    ledger: &mut Ledger,
    books: BooksId,
    number: i64,
    drivers: &mut Drivers,
    code: impl Fn(NameId) -> Option<String>,
) -> Result<(), StoreError> {
    let sql = "SELECT driver, currency_id, kind, center_id, quantity FROM allocation_run_driver WHERE books_id = $1 AND run_number = $2";
    ledger.scan(sql, &[books_cell(books), Cell::Int(number)], |row| {
        let currency = if row.int(1)? == 0 { None } else { Some(currency_of(row.int(1)?)?) };
        let code = code(name_id(row.int(3)?)?).ok_or_else(|| StoreError::corrupt("a driver of an unknown center"))?;
        drivers.set(row.text(0)?, currency, Center::new(kind_of(row.int(2)?)?, &code), quantity_of(row.text(4)?)?);
        Ok(())
    })
}

/// Stores the pools of a run.
///
/// # Errors
/// Any database failure.
pub fn pool_insert(ledger: &mut Ledger, books: BooksId, number: i64, pools: &[RunPool]) -> Result<(), StoreError> {
    let rows = pools.iter().map(|pool| {
        let (kind, center) = center_cells(pool.from);
        [
            books_cell(books),
            Cell::Int(number),
            Cell::Int(pool.pool),
            Cell::Int(pool.step),
            Cell::Int(pool.rule),
            kind,
            center,
            Cell::Int(pool.account.map_or(0, |account| i64::from(account.0))),
            Cell::Int(i64::from(pool.money.currency.id())),
            Cell::Int(pool.money.amount.units()),
            Cell::Int(pool.allocated.units()),
            Cell::text_or_null(pool.driver.as_deref()),
            Cell::text_or_null(pool.driver_total.as_deref()),
            Cell::text_or_null(pool.gross.as_deref()),
        ]
    });
    ledger.insert(&ALLOCATION_POOL, rows)
}

fn center_cells(center: Option<(CenterKind, NameId)>) -> (Cell<'static>, Cell<'static>) {
    center.map_or((Cell::Int(0), Cell::Int(0)), |(kind, id)| (Cell::Int(i64::from(kind.id())), Cell::Int(i64::from(id.0))))
}

fn center_of(kind: i64, id: i64) -> Result<Option<(CenterKind, NameId)>, StoreError> {
    if kind == 0 { Ok(None) } else { Ok(Some((kind_of(kind)?, name_id(id)?))) }
}

fn account_of(id: i64) -> Result<AccountId, StoreError> {
    i32::try_from(id).map(AccountId).map_err(|_| StoreError::corrupt(format!("{id} is no account")))
}

/// Stores the lines of a run.
///
/// # Errors
/// Any database failure.
pub fn line_insert(ledger: &mut Ledger, books: BooksId, number: i64, lines: &[RunLine]) -> Result<(), StoreError> {
    let rows = lines.iter().map(|line| {
        let (kind, center) = center_cells(line.to);
        [
            books_cell(books),
            Cell::Int(number),
            Cell::Int(line.line),
            Cell::Int(line.pool),
            kind,
            center,
            Cell::text_or_null(line.quantity.as_deref()),
            Cell::text_or_null(line.share.as_deref()),
            Cell::text_or_null(line.unrounded.as_deref()),
            Cell::Int(line.amount.units()),
            Cell::Int(i64::from(line.has_extra_unit)),
            Cell::Int(i64::from(line.debit_account.0)),
            Cell::Int(i64::from(line.credit_account.0)),
            Cell::int_or_null(line.entry.map(|entry| entry.0)),
        ]
    });
    ledger.insert(&ALLOCATION_LINE, rows)
}

const POOL: &str = "p.pool, p.step, p.rule_position, p.from_kind, p.from_id, p.account_id, p.currency_id, p.amount, p.allocated, p.driver, \
                    p.driver_total, p.gross";
const LINE: &str = "l.line, l.pool, l.to_kind, l.to_id, l.quantity, l.share, l.unrounded, l.amount, l.has_extra_unit, l.debit_account_id, \
                    l.credit_account_id, l.entry_number";

fn pool_of(row: &[Value]) -> Result<RunPool, StoreError> {
    Ok(RunPool {
        pool: row.int(0)?,
        step: row.int(1)?,
        rule: row.int(2)?,
        from: center_of(row.int(3)?, row.int(4)?)?,
        account: if row.int(5)? == 0 { None } else { Some(account_of(row.int(5)?)?) },
        money: Amount::from_units(row.int(7)?).with(currency_of(row.int(6)?)?),
        allocated: Amount::from_units(row.int(8)?),
        driver: row.text_or_none(9)?.map(ToOwned::to_owned),
        driver_total: row.text_or_none(10)?.map(ToOwned::to_owned),
        gross: row.text_or_none(11)?.map(ToOwned::to_owned),
    })
}

fn line_of(row: &[Value]) -> Result<RunLine, StoreError> {
    Ok(RunLine {
        line: row.int(0)?,
        pool: row.int(1)?,
        to: center_of(row.int(2)?, row.int(3)?)?,
        quantity: row.text_or_none(4)?.map(ToOwned::to_owned),
        share: row.text_or_none(5)?.map(ToOwned::to_owned),
        unrounded: row.text_or_none(6)?.map(ToOwned::to_owned),
        amount: Amount::from_units(row.int(7)?),
        has_extra_unit: row.int(8)? == 1,
        debit_account: account_of(row.int(9)?)?,
        credit_account: account_of(row.int(10)?)?,
        entry: row.int_or_none(11)?.map(EntryNumber),
    })
}

/// The pools of a run, in the order in which they were spread.
///
/// # Errors
/// Any database failure.
pub fn pool_list(ledger: &mut Ledger, books: BooksId, number: i64) -> Result<Vec<RunPool>, StoreError> {
    let sql = format!("SELECT {POOL} FROM allocation_pool p WHERE p.books_id = $1 AND p.run_number = $2 ORDER BY p.pool");
    ledger.rows(&sql, &[books_cell(books), Cell::Int(number)])?.iter().map(|row| pool_of(row)).collect()
}

/// The lines of a run after one, of one pool where it is given.
///
/// # Errors
/// Any database failure.
pub fn line_list(
    ledger: &mut Ledger,
    books: BooksId,
    (number, pool): (i64, Option<i64>),
    after: i64,
    limit: usize,
) -> Result<Vec<RunLine>, StoreError> {
    let sql = format!(
        "SELECT {LINE} FROM allocation_line l WHERE l.books_id = $1 AND l.run_number = $2 AND l.line > $3 AND ($4 = 0 OR l.pool = $4) \
         ORDER BY l.line LIMIT {limit}"
    );
    let parameters = [books_cell(books), Cell::Int(number), Cell::Int(after), Cell::Int(pool.unwrap_or(0))];
    ledger.rows(&sql, &parameters)?.iter().map(|row| line_of(row)).collect()
}

/// Which lines a reader follows.
const FEED: &str = "FROM allocation_line l JOIN allocation_run r ON r.books_id = l.books_id AND r.number = l.run_number \
    JOIN allocation_pool p ON p.books_id = l.books_id AND p.run_number = l.run_number AND p.pool = l.pool \
    JOIN allocation_run_rule c ON c.books_id = l.books_id AND c.run_number = l.run_number AND c.position = p.rule_position \
    WHERE l.books_id = $1";

fn feed_line(row: &[Value]) -> Result<FeedLine, StoreError> {
    let (pool, line) = (row.get(4..16).unwrap_or_default(), row.get(16..28).unwrap_or_default());
    Ok(FeedLine {
        run: row.int(0)?,
        month: month_of(row.int(1)?)?,
        rule: (row.text(2)?.to_owned(), row.int(3)?),
        pool: pool_of(pool)?,
        line: line_of(line)?,
    })
}

/// Lines of a month beyond a run and line, in that order: numbers are given out under the books' lock, so none is ever skipped. `to` narrows
/// them to receivers.
///
/// # Errors
/// Any database failure.
pub fn feed(
    ledger: &mut Ledger,
    books: BooksId,
    (month, to): (Month, Option<&str>),
    (run, line): (i64, i64),
    limit: usize,
) -> Result<Vec<FeedLine>, StoreError> {
    let to = to.map(|condition| format!(" AND ({condition})")).unwrap_or_default();
    let sql = format!(
        "SELECT r.number, r.month, c.code, c.version, {POOL}, {LINE} {FEED} AND r.month = $2 AND l.amount <> 0 \
         AND (l.run_number > $3 OR (l.run_number = $3 AND l.line > $4)){to} ORDER BY l.run_number, l.line LIMIT {limit}"
    );
    let parameters = [books_cell(books), Cell::Int(i64::from(month.0)), Cell::Int(run), Cell::Int(line)];
    ledger.rows(&sql, &parameters)?.iter().map(|row| feed_line(row)).collect()
}

/// Lines by which a center received in a month, up to a run and line.
///
/// # Errors
/// Any database failure.
pub fn lines_into(
    ledger: &mut Ledger,
    books: BooksId,
    (month, to): (Month, (CenterKind, NameId)),
    (run, line): (i64, i64),
    limit: usize,
) -> Result<Vec<FeedLine>, StoreError> {
    let sql = format!(
        "SELECT r.number, r.month, c.code, c.version, {POOL}, {LINE} {FEED} AND r.month = $2 AND l.to_kind = $3 AND l.to_id = $4 \
         AND l.amount <> 0 AND (l.run_number < $5 OR (l.run_number = $5 AND l.line < $6)) ORDER BY l.run_number, l.line LIMIT {limit}"
    );
    let (kind, center) = center_cells(Some(to));
    let parameters = [books_cell(books), Cell::Int(i64::from(month.0)), kind, center, Cell::Int(run), Cell::Int(line)];
    ledger.rows(&sql, &parameters)?.iter().map(|row| feed_line(row)).collect()
}

/// Rules that have a run in force in a month, with its number.
///
/// # Errors
/// Any database failure.
pub fn live_codes(ledger: &mut Ledger, books: BooksId, month: Month) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT code, run_number FROM allocation_live WHERE books_id = $1 AND month = $2 ORDER BY code";
    let rows = ledger.rows(sql, &[books_cell(books), Cell::Int(i64::from(month.0))])?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
}

/// Puts the rules of a run in force. The key refuses a second run of a rule.
///
/// # Errors
/// Any database failure.
pub fn live_insert(ledger: &mut Ledger, books: BooksId, head: &RunHead, rules: &[(String, i64)]) -> Result<(), StoreError> {
    let (month, number) = (Cell::Int(i64::from(head.month.0)), Cell::Int(head.number));
    ledger.insert(&ALLOCATION_LIVE, rules.iter().map(|(code, _)| [books_cell(books), month, Cell::Text(code), number]))
}

/// Takes a run out of force.
///
/// # Errors
/// Any database failure.
pub fn live_remove(ledger: &mut Ledger, books: BooksId, number: i64) -> Result<(), StoreError> {
    ledger.run("DELETE FROM allocation_live WHERE books_id = $1 AND run_number = $2", &[books_cell(books), Cell::Int(number)])
}
