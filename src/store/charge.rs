//! Reads of charges with what became of them.

use std::collections::HashMap;

use sea_orm::{QueryResult, Value};

use super::balance::{BlockFilter, where_blocks};
use super::journal::sql::{column, id_list, one_of, rows};
use super::journal::{currency, small};
use super::ledger::{Cell, Ledger, RowExt};
use super::{Engine, Store, StoreError};
use crate::domain::ids::{BlockId, BooksId, ChargeNumber, EntryNumber, NameId, RuleId};
use crate::domain::money::{Amount, Currency, Money};
use crate::domain::period::Moment;

/// A charge as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    pub number: ChargeNumber,
    pub source: NameId,
    pub external_id: String,
    pub occurred_at: Moment,
    pub recorded_at: Moment,
    pub variant: NameId,
    pub api_key: NameId,
    pub end_user: Option<String>,
    pub tags: Option<String>,
    pub reported: Option<Money>,
    pub state: ChargeState,
}

/// How a charge is attributed and rated: by the charge itself, or by a later revision of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeState {
    /// Zero for the charge itself.
    pub revision: i64,
    /// Number of the [`EntryKind`](crate::domain::journal::EntryKind) of the correction that made a revision.
    pub kind: Option<i64>,
    pub recorded_at: Moment,
    pub block: BlockId,
    pub rule: RuleId,
    pub note: Option<String>,
    pub meter_lines: String,
    /// 0 unpriced, 1 rated, 2 reported cost, 3 reversed.
    pub basis: i64,
    pub money: Option<Money>,
    pub entry: Option<EntryNumber>,
}

/// Which state charges are listed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateFilter {
    Unpriced,
    Recorded,
    Reversed,
}

/// Which charges are listed.
#[derive(Debug, Clone, Default)]
pub struct ChargeFilter {
    pub state: Option<StateFilter>,
    /// From this moment on.
    pub from: Option<Moment>,
    /// Before this moment.
    pub to: Option<Moment>,
    pub source: Option<NameId>,
    pub blocks: BlockFilter,
}

const COLUMNS: &str = "c.id, c.source_id, c.external_id, c.occurred_at, c.recorded_at, c.variant_id, c.api_key_id, c.end_user, c.tags, \
     c.reported_amount, c.reported_currency_id, c.block_id, c.rule_id, c.note, c.meter_lines, c.basis, c.amount, c.currency_id, c.entry_number";

/// The charge with this hash of its key, whatever the hour it occurred in: one look-up an hour that has charges.
///
/// # Errors
/// Any database failure.
pub async fn charge_by_key_hash(store: &Store, books: BooksId, key_hash: i64) -> Result<Option<ChargeRow>, StoreError> {
    // Both forms walk the hours and look into the index of keys, whatever a planner makes of the sizes of the tables.
    let from = match store.engine() {
        Engine::Sqlite { .. } => {
            "charge_hour h CROSS JOIN charge c INDEXED BY charge_key WHERE c.books_id = h.books_id AND c.hour = h.hour AND c.key_hash = $2"
        }
        Engine::Postgres => {
            "charge_hour h CROSS JOIN LATERAL (SELECT * FROM charge k WHERE k.books_id = h.books_id AND k.hour = h.hour AND k.key_hash = $2 LIMIT 1) c \
             WHERE TRUE"
        }
    };
    // Most look-ups are for recent calls, so the latest hours come first.
    let sql = format!("SELECT {COLUMNS} FROM {from} AND h.books_id = $1 ORDER BY h.hour DESC LIMIT 1");
    let found = rows(&store.db, sql, vec![i64::from(books.0).into(), key_hash.into()]).await?;
    found.first().map(charge_row).transpose()
}

/// The charges of these numbers.
///
/// # Errors
/// Any database failure.
pub async fn charges_by_number(store: &Store, books: BooksId, numbers: &[ChargeNumber]) -> Result<Vec<ChargeRow>, StoreError> {
    let condition = one_of(store.db.get_database_backend(), "c.id", 2);
    let sql = format!("SELECT {COLUMNS} FROM charge c WHERE c.books_id = $1 AND {condition} ORDER BY c.id");
    let values = vec![i64::from(books.0).into(), id_list(numbers.iter().map(|number| number.0))];
    rows(&store.db, sql, values).await?.iter().map(charge_row).collect()
}

/// One page of charges beyond `after`, by their number. Filters look at the current state.
///
/// # Errors
/// Any database failure.
pub async fn charges_page(
    store: &Store,
    books: BooksId,
    filter: &ChargeFilter,
    after: Option<ChargeNumber>,
    newest_first: bool,
    limit: u64,
) -> Result<Vec<ChargeRow>, StoreError> {
    const HOUR_MICROS: i64 = 3_600_000_000;
    let conditions = where_blocks(&filter.blocks);
    if !conditions.is_empty() && !any_block(store, books, &conditions).await? {
        return Ok(Vec::new());
    }
    let Source { from, number, current } = source_of(filter, &conditions);
    let mut values: Vec<Value> = vec![i64::from(books.0).into()];
    let mut compared = String::new();
    let mut compare = |text: &str, value: i64| {
        values.push(value.into());
        compared.push_str(&format!(" AND {text} ${}", values.len()));
    };
    if let Some(after) = after {
        compare(&format!("{number} {}", if newest_first { "<" } else { ">" }), after.0);
    }
    if let Some(from) = filter.from {
        // The hour is indexed, the moment decides.
        compare("c.hour >=", from.0.div_euclid(HOUR_MICROS));
        compare("c.occurred_at >=", from.0);
    }
    if let Some(to) = filter.to {
        compare("c.hour <=", to.0.div_euclid(HOUR_MICROS));
        compare("c.occurred_at <", to.0);
    }
    if let Some(source) = filter.source {
        compare("c.source_id =", i64::from(source.0));
    }
    let order = if newest_first { "DESC" } else { "ASC" };
    let sql = format!("SELECT {COLUMNS} FROM {from} AND c.books_id = $1{compared}{current} ORDER BY {number} {order} LIMIT {limit}");
    rows(&store.db, sql, values).await?.iter().map(charge_row).collect()
}

/// Whether any coding block fits: charges of blocks that do not exist need not be looked for.
async fn any_block(store: &Store, books: BooksId, conditions: &str) -> Result<bool, StoreError> {
    let sql = format!("SELECT b.id FROM coding_block b WHERE b.books_id = $1{conditions} LIMIT 1");
    Ok(!rows(&store.db, sql, vec![i64::from(books.0).into()]).await?.is_empty())
}

/// Where a page of charges is read from.
struct Source {
    /// Tables up to and into the `WHERE`; the first leads, on SQLite because of the `CROSS JOIN`.
    from: String,
    /// The column of the leading table by which the page is ordered.
    number: &'static str,
    /// Conditions on the current state.
    current: String,
}

fn source_of(filter: &ChargeFilter, blocks: &str) -> Source {
    const LATEST: &str = "(SELECT MAX(n.revision) FROM charge_revision n WHERE n.books_id = c.books_id AND n.charge_id = c.id)";
    let latest = format!(" LEFT JOIN charge_revision r ON r.books_id = c.books_id AND r.charge_id = c.id AND r.revision = {LATEST}");
    let latest = if blocks.is_empty() { "" } else { latest.as_str() };
    let (from, number, state) = match filter.state {
        None => (format!("charge c{latest} WHERE TRUE"), "c.id", ""),
        // A charge is unpriced as long as it is on the worklist, which is short.
        Some(StateFilter::Unpriced) => {
            let from = format!("pending_charge w CROSS JOIN charge c{latest} WHERE w.books_id = $1 AND c.id = w.charge_id");
            (from, "w.charge_id", "")
        }
        Some(StateFilter::Reversed) => {
            let from =
                format!("charge_revision r CROSS JOIN charge c WHERE r.books_id = $1 AND c.id = r.charge_id AND r.revision = {LATEST}");
            (from, "r.charge_id", " AND r.basis = 3")
        }
        Some(StateFilter::Recorded) => {
            let basis = format!(
                "(SELECT s.basis FROM charge_revision s WHERE s.books_id = c.books_id AND s.charge_id = c.id AND s.revision = {LATEST})"
            );
            (format!("charge c{latest} WHERE COALESCE({basis}, c.basis) IN (1, 2)"), "c.id", "")
        }
    };
    let mut current = state.to_owned();
    if !blocks.is_empty() {
        current.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM coding_block b WHERE b.books_id = c.books_id AND b.id = COALESCE(r.block_id, c.block_id){blocks})"
        ));
    }
    Source { from, number, current }
}

/// The revisions of these charges, the first of each first.
///
/// # Errors
/// Any database failure.
pub async fn revisions_of(
    store: &Store,
    books: BooksId,
    numbers: &[ChargeNumber],
) -> Result<HashMap<ChargeNumber, Vec<ChargeState>>, StoreError> {
    let condition = one_of(store.db.get_database_backend(), "charge_id", 2);
    let sql = format!(
        "SELECT charge_id, revision, recorded_at, block_id, rule_id, note, meter_lines, basis, amount, currency_id, entry_number, kind \
         FROM charge_revision WHERE books_id = $1 AND {condition} ORDER BY charge_id, revision"
    );
    let values = vec![i64::from(books.0).into(), id_list(numbers.iter().map(|number| number.0))];
    let mut revisions: HashMap<ChargeNumber, Vec<ChargeState>> = HashMap::new();
    for row in rows(&store.db, sql, values).await? {
        let mut state = state_row(&row, 3, column(&row, 1)?, Moment(column(&row, 2)?))?;
        state.kind = Some(column(&row, 11)?);
        revisions.entry(ChargeNumber(column(&row, 0)?)).or_default().push(state);
    }
    Ok(revisions)
}

/// Why charges wait for a price, of those that do.
///
/// # Errors
/// Any database failure.
pub async fn pending_reasons(store: &Store, books: BooksId, numbers: &[ChargeNumber]) -> Result<HashMap<ChargeNumber, String>, StoreError> {
    let condition = one_of(store.db.get_database_backend(), "charge_id", 2);
    let sql = format!("SELECT charge_id, reason FROM pending_charge WHERE books_id = $1 AND {condition}");
    let values = vec![i64::from(books.0).into(), id_list(numbers.iter().map(|number| number.0))];
    let found = rows(&store.db, sql, values).await?;
    found.iter().map(|row| Ok((ChargeNumber(column(row, 0)?), column(row, 1)?))).collect()
}

fn charge_row(row: &QueryResult) -> Result<ChargeRow, StoreError> {
    let recorded_at = Moment(column(row, 4)?);
    Ok(ChargeRow {
        number: ChargeNumber(column(row, 0)?),
        source: NameId(small(column(row, 1)?)?),
        external_id: column(row, 2)?,
        occurred_at: Moment(column(row, 3)?),
        recorded_at,
        variant: NameId(small(column(row, 5)?)?),
        api_key: NameId(small(column(row, 6)?)?),
        end_user: column(row, 7)?,
        tags: column(row, 8)?,
        reported: money(column(row, 9)?, column(row, 10)?)?,
        state: state_row(row, 11, 0, recorded_at)?,
    })
}

/// The columns from `block_id` to `entry_number`, which a charge and its revisions share.
fn state_row(row: &QueryResult, first: usize, revision: i64, recorded_at: Moment) -> Result<ChargeState, StoreError> {
    Ok(ChargeState {
        revision,
        kind: None,
        recorded_at,
        block: BlockId(small(column(row, first)?)?),
        rule: RuleId(small(column(row, first + 1)?)?),
        note: column(row, first + 2)?,
        meter_lines: column(row, first + 3)?,
        basis: column(row, first + 4)?,
        money: money(column(row, first + 5)?, column(row, first + 6)?)?,
        entry: column::<Option<i64>>(row, first + 7)?.map(EntryNumber),
    })
}

fn money(units: Option<i64>, currency_id: Option<i64>) -> Result<Option<Money>, StoreError> {
    match (units, currency_id) {
        (Some(units), Some(id)) => Ok(Some(Amount::from_units(units).with(currency(id)?))),
        _ => Ok(None),
    }
}

/// The present cost of every recorded charge that occurred between two moments (the second excluded), on blocks that the filter leaves.
///
/// # Errors
/// Any database failure.
pub fn recorded_costs(
    ledger: &mut Ledger,
    books: BooksId,
    (from, to): (Moment, Moment),
    filter: &BlockFilter,
    mut each: impl FnMut(Currency, i64),
) -> Result<(), StoreError> {
    let now = |column: &str| format!("CASE WHEN r.revision IS NULL THEN c.{column} ELSE r.{column} END");
    let blocks = where_blocks(filter);
    let of_blocks = if blocks.is_empty() {
        String::new()
    } else {
        format!(" AND {} IN (SELECT b.id FROM coding_block b WHERE b.books_id = $1{blocks})", now("block_id"))
    };
    // 1 and 2 are the bases of recorded charges; others are unpriced or reversed.
    let sql = format!(
        "SELECT {}, {} FROM charge c LEFT JOIN charge_revision r ON r.books_id = c.books_id AND r.charge_id = c.id AND r.revision = \
         (SELECT MAX(n.revision) FROM charge_revision n WHERE n.books_id = c.books_id AND n.charge_id = c.id) \
         WHERE c.books_id = $1 AND c.hour >= $2 AND c.hour <= $3 AND c.occurred_at >= $4 AND c.occurred_at < $5 AND {} IN (1, 2){of_blocks}",
        now("currency_id"),
        now("amount"),
        now("basis")
    );
    let hour = |moment: Moment| Cell::Int(i64::from(moment.hour()));
    let parameters = [Cell::Int(i64::from(books.0)), hour(from), hour(to), Cell::Int(from.0), Cell::Int(to.0)];
    ledger.scan(&sql, &parameters, |row| {
        each(currency(row.int(0)?)?, row.int(1)?);
        Ok(())
    })
}
