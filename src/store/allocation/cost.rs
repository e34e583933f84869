//! The cost of a month by coding block, and what centers had of it.

use super::driver::kind_of;
use crate::domain::allocation::Filter;
use crate::domain::chart::{CenterKind, CodingBlock, NameKind};
use crate::domain::ids::{AccountId, BooksId, EntryNumber, NameId};
use crate::domain::journal::EntryKind;
use crate::domain::money::Currency;
use crate::domain::period::Month;
use crate::domain::report::{Grain, SpendDimension};
use crate::store::StoreError;
use crate::store::cells::{books_cell, currency_of, name_id};
use crate::store::journal::sql::in_list;
use crate::store::ledger::{Cell, Ledger, RowExt, Value};
use crate::store::sums::exact_sum;

/// What cost is added up by beside account, team, project and client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CostShape {
    pub accounts: Vec<AccountId>,
    pub by_feature: bool,
    pub by_model: bool,
    pub by_environment: bool,
}

impl CostShape {
    /// The columns of a block, zero for those that are not looked at; and the same for grouping.
    pub(super) fn columns(&self) -> (String, String) {
        let mut columns = vec!["b.account_id", "b.team_id", "b.project_id", "b.client_id"];
        let mut selected = columns.join(", ");
        for (is_asked, column) in
            [(self.by_feature, "b.feature_id"), (self.by_model, "b.model_id"), (self.by_environment, "b.environment_id")]
        {
            if is_asked {
                columns.push(column);
            }
            selected.push_str(", ");
            selected.push_str(if is_asked { column } else { "CAST(0 AS BIGINT)" });
        }
        (selected, columns.join(", "))
    }

    pub(super) fn condition(&self) -> String {
        in_list("b.account_id", self.accounts.iter().map(|account| i64::from(account.0)))
    }
}

/// A block, a currency, and debits less credits in ledger units.
type Each<'a> = &'a mut dyn FnMut(CodingBlock, Currency, i64) -> Result<(), StoreError>;

/// What a month moved, from the balances.
///
/// # Errors
/// Any database failure, and what `each` returns.
pub fn costs_of_month(ledger: &mut Ledger, books: BooksId, shape: &CostShape, month: Month, each: Each<'_>) -> Result<(), StoreError> {
    let (selected, grouped) = shape.columns();
    let sql = format!(
        "SELECT {selected}, x.currency_id, CAST(SUM(x.debit - x.credit) AS BIGINT) FROM balance x \
         JOIN coding_block b ON b.books_id = x.books_id AND b.id = x.key_id \
         WHERE x.books_id = $1 AND x.grain = $2 AND x.period = $3 AND {} GROUP BY {grouped}, x.currency_id",
        shape.condition()
    );
    let parameters = [books_cell(books), Cell::Int(Grain::BlockMonth.id()), Cell::Int(i64::from(month.0))];
    ledger.scan(&sql, &parameters, |row| give(row, each))
}

const POSTED: &str = "CAST(SUM(CASE p.side WHEN 1 THEN p.amount ELSE -p.amount END) AS BIGINT) FROM journal_entry e \
    CROSS JOIN posting p CROSS JOIN coding_block b WHERE e.books_id = $1 AND p.books_id = $1 AND p.entry_number = e.number \
    AND b.books_id = $1 AND b.id = p.block_id";

/// What one entry moved, if it is dated in the month.
///
/// # Errors
/// Any database failure, and what `each` returns.
pub fn costs_of_entries(
    ledger: &mut Ledger,
    books: BooksId,
    shape: &CostShape,
    (month, entries): (Month, &[EntryNumber]),
    each: Each<'_>,
) -> Result<(), StoreError> {
    let (selected, grouped) = shape.columns();
    let sql = format!(
        "SELECT {selected}, p.currency_id, {POSTED} AND {} AND e.number = $2 AND e.effective_on >= $3 AND e.effective_on < $4 \
         GROUP BY {grouped}, p.currency_id",
        shape.condition()
    );
    let [from, to] = days(month);
    entries.iter().try_for_each(|entry| ledger.scan(&sql, &[books_cell(books), Cell::Int(entry.0), from, to], |row| give(row, each)))
}

/// What entries after a number moved in the month: the balances of now less this are those as of that entry.
///
/// # Errors
/// Any database failure, and what `each` returns.
pub fn costs_posted_after(
    ledger: &mut Ledger,
    books: BooksId,
    shape: &CostShape,
    (month, after): (Month, EntryNumber),
    each: Each<'_>,
) -> Result<(), StoreError> {
    let (selected, grouped) = shape.columns();
    let sql = format!(
        "SELECT {selected}, p.currency_id, {POSTED} AND {} AND e.number > $2 AND e.effective_on >= $3 AND e.effective_on < $4 \
         GROUP BY {grouped}, p.currency_id",
        shape.condition()
    );
    let [from, to] = days(month);
    ledger.scan(&sql, &[books_cell(books), Cell::Int(after.0), from, to], |row| give(row, each))
}

pub(super) fn days(month: Month) -> [Cell<'static>; 2] {
    [month.first_day(), month.next().first_day()].map(|day| Cell::Int(i64::from(day.0)))
}

fn give(row: &[Value], each: Each<'_>) -> Result<(), StoreError> {
    let (block, currency) = read(row)?;
    each(block, currency, row.int(8)?)
}

/// The block of a row and its currency.
pub(super) fn read(row: &[Value]) -> Result<(CodingBlock, Currency), StoreError> {
    let name = |column| row.int(column).and_then(name_id);
    let block = CodingBlock {
        account: AccountId(name(0)?.0),
        team: name(1)?,
        project: name(2)?,
        client: name(3)?,
        feature: name(4)?,
        provider: NameId::NONE,
        model: name(5)?,
        environment: name(6)?,
    };
    Ok((block, currency_of(row.int(7)?)?))
}

/// What the charges of a month counted on each center of a kind: charges, input, output and cache-read tokens.
///
/// # Errors
/// Any database failure.
pub fn standing_counts(
    ledger: &mut Ledger,
    books: BooksId,
    (kind, month): (CenterKind, Month),
    mut each: impl FnMut(NameId, [i64; 4]),
) -> Result<(), StoreError> {
    let dimension = match kind {
        CenterKind::Team => SpendDimension::Team,
        CenterKind::Project => SpendDimension::Project,
        CenterKind::Client => SpendDimension::Client,
    };
    let sql = format!(
        "SELECT key_id, {}, {}, {}, {} FROM balance WHERE books_id = $1 AND grain = $2 AND period = $3 AND key_id <> 0 GROUP BY key_id",
        exact_sum("charges"),
        exact_sum("input_tokens"),
        exact_sum("output_tokens"),
        exact_sum("cache_read_tokens")
    );
    let grain = Cell::Int(Grain::DimensionMonth(dimension).id());
    ledger.scan(&sql, &[books_cell(books), grain, Cell::Int(i64::from(month.0))], |row| {
        let counts = [row.sum_of_one(1)?, row.sum_of_one(2)?, row.sum_of_one(3)?, row.sum_of_one(4)?];
        // A center that only received or was charged something has a balance and no calls.
        if counts.iter().any(|count| *count != 0) {
            each(name_id(row.int(0)?)?, counts);
        }
        Ok(())
    })
}

/// Millionths of hours that were worked in a month, by center.
///
/// # Errors
/// Any database failure.
pub fn standing_hours(
    ledger: &mut Ledger,
    books: BooksId,
    month: Month,
    mut each: impl FnMut(CenterKind, NameId, i64),
) -> Result<(), StoreError> {
    for kind in CenterKind::ALL {
        let column = format!("b.{}_id", kind.field());
        let sql = format!(
            "SELECT CAST({} AS BIGINT), {column}, CAST(SUM(t.hours_millionths) AS BIGINT) FROM time_entry t \
             JOIN coding_block b ON b.books_id = t.books_id AND b.id = t.block_id \
             WHERE t.books_id = $1 AND t.worked_on >= $2 AND t.worked_on < $3 AND {column} <> 0 GROUP BY {column}",
            kind.id()
        );
        let [from, to] = days(month);
        ledger.scan(&sql, &[books_cell(books), from, to], |row| {
            each(kind_of(row.int(0)?)?, name_id(row.int(1)?)?, row.int(2)?);
            Ok(())
        })?;
    }
    Ok(())
}

/// Millionths of a unit that were produced in a month, by center.
///
/// # Errors
/// Any database failure.
pub fn standing_outputs(
    ledger: &mut Ledger,
    books: BooksId,
    (unit, month): (&str, Month),
    mut each: impl FnMut(CenterKind, NameId, i64),
) -> Result<(), StoreError> {
    for kind in CenterKind::ALL {
        let column = format!("{}_id", kind.field());
        let sql = format!(
            "SELECT {column}, {} FROM output_day \
             WHERE books_id = $1 AND unit = $2 AND day >= $3 AND day < $4 AND {column} <> 0 GROUP BY {column}",
            exact_sum("quantity_millionths")
        );
        let [from, to] = days(month);
        ledger.scan(&sql, &[books_cell(books), Cell::Text(unit), from, to], |row| {
            each(kind, name_id(row.int(0)?)?, row.sum_of_one(1)?);
            Ok(())
        })?;
    }
    Ok(())
}

/// Debits and credits of a month by center and currency, on blocks of these accounts; of AI providers alone when `of_providers`.
///
/// # Errors
/// Any database failure.
pub fn standing_amounts(
    ledger: &mut Ledger,
    books: BooksId,
    (accounts, of_providers, month): (&[AccountId], bool, Month),
    mut each: impl FnMut(CenterKind, NameId, Currency, [i64; 2]),
) -> Result<(), StoreError> {
    let condition = in_list("b.account_id", accounts.iter().map(|account| i64::from(account.0)));
    let providers = if of_providers { " AND b.provider_id <> 0" } else { "" };
    for kind in CenterKind::ALL {
        let column = format!("b.{}_id", kind.field());
        let sql = format!(
            "SELECT CAST({} AS BIGINT), {column}, x.currency_id, {}, {} FROM balance x \
             JOIN coding_block b ON b.books_id = x.books_id AND b.id = x.key_id \
             WHERE x.books_id = $1 AND x.grain = $2 AND x.period = $3 AND {column} <> 0 AND {condition}{providers} \
             GROUP BY {column}, x.currency_id",
            kind.id(),
            exact_sum("x.debit"),
            exact_sum("x.credit")
        );
        let parameters = [books_cell(books), Cell::Int(Grain::BlockMonth.id()), Cell::Int(i64::from(month.0))];
        ledger.scan(&sql, &parameters, |row| {
            each(kind_of(row.int(0)?)?, name_id(row.int(1)?)?, currency_of(row.int(2)?)?, [row.sum_of_one(3)?, row.sum_of_one(4)?]);
            Ok(())
        })?;
    }
    Ok(())
}

/// Entries of a month with a posting in a pool, between two numbers (the first excluded), in their order. What statements charged on was not in it.
///
/// # Errors
/// Any database failure.
pub fn entries_of_pool(
    ledger: &mut Ledger,
    books: BooksId,
    (month, filter): (Month, &Filter),
    (after, through): (EntryNumber, EntryNumber),
    limit: usize,
) -> Result<Vec<EntryNumber>, StoreError> {
    let mut conditions = vec![in_list("b.account_id", filter.accounts().map(|account| i64::from(account.0)))];
    conditions.extend(filter.centers().iter().map(|(kind, id)| format!("b.{}_id = {}", kind.field(), id.0)));
    for (kind, id) in filter.names() {
        let column = match kind {
            NameKind::Feature => "feature_id",
            NameKind::Model => "model_id",
            _ => "environment_id",
        };
        conditions.push(format!("b.{column} = {}", id.0));
    }
    let sql = format!(
        "SELECT e.number FROM journal_entry e WHERE e.books_id = $1 AND e.number > $2 AND e.number <= $3 AND e.effective_on >= $4 \
         AND e.effective_on < $5 AND e.kind <> {charged} AND NOT EXISTS (SELECT 1 FROM journal_entry o WHERE o.books_id = $1 \
         AND o.number = e.corrects AND o.kind = {charged} AND e.kind = {reversal}) AND EXISTS (SELECT 1 FROM posting p JOIN coding_block b ON b.books_id = p.books_id AND b.id = p.block_id \
         WHERE p.books_id = $1 AND p.entry_number = e.number AND {}) ORDER BY e.number LIMIT {limit}",
        conditions.join(" AND "),
        charged = EntryKind::Chargeback.id(),
        reversal = EntryKind::Reversal.id(),
    );
    let [from, to] = days(month);
    let rows = ledger.rows(&sql, &[books_cell(books), Cell::Int(after.0), Cell::Int(through.0), from, to])?;
    rows.iter().map(|row| row.int(0).map(EntryNumber)).collect()
}
