//! Reads of balances, in one snapshot: what a report adds up was true at one moment.

mod as_of;
mod bare;
mod later;
mod margin;
mod moved;

use sea_orm::{AccessMode, DatabaseTransaction, IsolationLevel, TransactionTrait};

pub use as_of::{AccountLine, PostedBetween};
pub use later::{ChargeState, Charges};
pub use margin::{HoursSum, KeptSum, OutputSum};

use super::journal::sql::{column, in_list, rows, sum_column};
use super::journal::{Visible, currency};
use super::sums::exact_sum;
use super::{Engine, Store, StoreError};
use crate::domain::ids::{AccountId, BooksId, EntryNumber, NameId};
use crate::domain::money::Currency;
use crate::domain::period::DayRange;
use crate::domain::report::{Grain, SpendDimension};

/// A read transaction that sees the books as they were at its first read.
pub struct Snapshot {
    transaction: DatabaseTransaction,
    books: BooksId,
}

/// Rows of one grain over a range of its periods, cut into buckets of `divisor` periods after adding `offset`.
/// Without a bucket, the whole range is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    pub grain: Grain,
    pub from: i64,
    pub to: i64,
    pub bucket: Option<Bucket>,
}

/// How periods are gathered: `(period + offset) / divisor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    pub offset: i64,
    pub divisor: i64,
}

/// Which coding blocks are looked at: any of the ids in each list that is given, and only what the reader sees.
#[derive(Debug, Clone, Default)]
pub struct BlockFilter {
    pub accounts: Option<Vec<AccountId>>,
    pub dimensions: Vec<(SpendDimension, Vec<i64>)>,
    /// One of these standing centers in its place (team, project, client).
    pub any_center: Option<[NameId; 3]>,
    pub visible: Option<Visible>,
}

impl BlockFilter {
    /// Whether every block matches.
    pub fn is_open(&self) -> bool {
        self.accounts.is_none() && !self.is_narrow()
    }

    /// Whether it asks for more than certain accounts.
    fn is_narrow(&self) -> bool {
        !self.dimensions.is_empty() || self.any_center.is_some() || self.visible.is_some()
    }
}

/// A sum over balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Zero for a slice without buckets.
    pub bucket: i64,
    /// The ids grouped by, in the order they were asked for.
    pub keys: Vec<i64>,
    pub currency: Currency,
    pub totals: SumTotals,
}

/// What balances add up to: many of them may be more than one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SumTotals {
    pub debit: i128,
    pub credit: i128,
    pub charges: i128,
    /// All input classes.
    pub input_tokens: i128,
    pub output_tokens: i128,
    pub cache_read_tokens: i128,
}

const SUMS: [&str; 6] = ["debit", "credit", "charges", "input_tokens", "output_tokens", "cache_read_tokens"];

impl Snapshot {
    /// # Errors
    /// Any database failure.
    pub async fn begin(store: &Store, books: BooksId) -> Result<Self, StoreError> {
        let transaction = match store.engine() {
            // A deferred transaction reads one snapshot of the write-ahead log.
            Engine::Sqlite { .. } => store.db.begin().await?,
            Engine::Postgres => store.db.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await?,
        };
        Ok(Self { transaction, books })
    }

    /// # Errors
    /// Any database failure.
    pub async fn end(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    /// The last entry of the books.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn last_entry(&self) -> Result<EntryNumber, StoreError> {
        let sql = "SELECT last_entry FROM books_head WHERE books_id = $1".to_owned();
        let found = rows(&self.transaction, sql, vec![self.books_value()]).await?;
        found.first().map_or(Ok(EntryNumber(0)), |row| Ok(EntryNumber(column(row, 0)?)))
    }

    /// Sums of a grain whose key is the account or the dimension itself; of these keys alone when they are given.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn key_sums(&self, slice: Slice, by_key: bool, only: Option<&[i64]>, limit: usize) -> Result<Vec<Sum>, StoreError> {
        let only = only.map(|keys| format!(" AND {}", in_list("x.key_id", keys.iter().copied()))).unwrap_or_default();
        let (bucket, key) = (bucket_sql(slice.bucket), if by_key { "x.key_id" } else { "0" });
        let mut groups = vec!["x.currency_id"];
        if by_key {
            groups.push("x.key_id");
        }
        if slice.bucket.is_some() {
            groups.push(&bucket);
        }
        let sql = format!(
            "SELECT CAST({bucket} AS BIGINT), x.currency_id, {}, CAST({key} AS BIGINT) FROM balance x \
             WHERE x.books_id = $1 AND x.grain = $2 AND x.period >= $3 AND x.period < $4{only} GROUP BY {} LIMIT {limit}",
            exact_sums("x."),
            groups.join(", ")
        );
        self.sums(sql, slice, usize::from(by_key)).await
    }

    /// Sums of a block grain, by any dimensions of the block.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn block_sums(
        &self,
        slice: Slice,
        by: &[SpendDimension],
        filter: &BlockFilter,
        limit: usize,
    ) -> Result<Vec<Sum>, StoreError> {
        let keys: Vec<_> = by.iter().map(|dimension| format!("b.{}", block_column(*dimension))).collect();
        let bucket = bucket_sql(slice.bucket);
        let conditions = where_blocks(filter);
        let range = "x.books_id = $1 AND x.grain = $2 AND x.period >= $3 AND x.period < $4";
        // Few blocks match a narrow filter: rows of the others are passed over before they are added up or joined.
        let matching = format!(" AND x.key_id IN (SELECT b.id FROM coding_block b WHERE b.books_id = $1{conditions})");
        let narrowed = if keys.is_empty() || filter.is_narrow() { matching.as_str() } else { "" };
        let mut groups = vec!["x.currency_id".to_owned()];
        if slice.bucket.is_some() {
            groups.push(bucket.clone());
        }
        groups.extend(keys.iter().cloned());
        let (keys_sql, groups) = (keys.iter().map(|key| format!(", {key}")).collect::<String>(), groups.join(", "));
        let head = format!("SELECT CAST({bucket} AS BIGINT), x.currency_id, {}{keys_sql}", exact_sums("x."));
        let join = format!("JOIN coding_block b ON b.books_id = $1 AND b.id = x.key_id{conditions}");
        let sql = if keys.is_empty() {
            format!("{head} FROM balance x WHERE {range}{narrowed} GROUP BY {groups} LIMIT {limit}")
        } else if slice.bucket.is_some() {
            // A block has few rows in a bucket: adding them up first would only cost.
            format!("{head} FROM balance x {join} WHERE {range}{narrowed} GROUP BY {groups} LIMIT {limit}")
        } else {
            // Summed per block first: a block has a row for each period, and is looked up once.
            let halves = |name| format!("SUM(x.{name} >> 32) AS {name}_upper, SUM(x.{name} & 4294967295) AS {name}_lower");
            let sums = SUMS.map(halves).join(", ");
            let blocks =
                format!("SELECT x.key_id, x.currency_id, {sums} FROM balance x WHERE {range}{narrowed} GROUP BY x.key_id, x.currency_id");
            let head = format!("SELECT CAST({bucket} AS BIGINT), x.currency_id, {}{keys_sql}", sums_of_halves("x."));
            format!("{head} FROM ({blocks}) x {join} GROUP BY {groups} LIMIT {limit}")
        };
        self.sums(sql, slice, keys.len()).await
    }

    /// Charges that wait for a price, dated in the range.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn pending_count(&self, range: DayRange, filter: &BlockFilter) -> Result<i64, StoreError> {
        let conditions = where_blocks(filter);
        let join = if conditions.is_empty() { "" } else { " JOIN coding_block b ON b.books_id = p.books_id AND b.id = p.block_id" };
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(p.charges), 0) AS BIGINT) FROM pending_tally p{join} WHERE p.books_id = $1 AND p.day >= $2 AND p.day < $3{conditions}"
        );
        let values = vec![self.books_value(), i64::from(range.from().0).into(), i64::from(range.to().0).into()];
        rows(&self.transaction, sql, values).await?.first().map_or(Ok(0), |row| column(row, 0))
    }

    async fn sums(&self, sql: String, slice: Slice, keys: usize) -> Result<Vec<Sum>, StoreError> {
        self.read_sums(sql, vec![self.books_value(), slice.grain.id().into(), slice.from.into(), slice.to.into()], keys).await
    }

    async fn read_sums(&self, sql: String, values: Vec<sea_orm::Value>, keys: usize) -> Result<Vec<Sum>, StoreError> {
        let mut sums = Vec::new();
        for row in rows(&self.transaction, sql, values).await? {
            let at = |position| column::<i64>(&row, position);
            let sum = |position| sum_column(&row, position);
            let totals = SumTotals {
                debit: sum(2)?,
                credit: sum(3)?,
                charges: sum(4)?,
                input_tokens: sum(5)?,
                output_tokens: sum(6)?,
                cache_read_tokens: sum(7)?,
            };
            let keys = (0..keys).map(|position| at(8 + position)).collect::<Result<_, _>>()?;
            sums.push(Sum { bucket: at(0)?, keys, currency: currency(at(1)?)?, totals });
        }
        Ok(sums)
    }

    fn books_value(&self) -> sea_orm::Value {
        i64::from(self.books.0).into()
    }
}

fn bucket_sql(bucket: Option<Bucket>) -> String {
    bucket.map_or_else(|| "0".to_owned(), |bucket| format!("(x.period + {}) / {}", bucket.offset, bucket.divisor))
}

fn exact_sums(alias: &str) -> String {
    SUMS.map(|name| exact_sum(&format!("{alias}{name}"))).join(", ")
}

/// The same over rows that have the sums of the halves already.
fn sums_of_halves(alias: &str) -> String {
    let sum = |name| format!("CAST(SUM({alias}{name}_upper) AS TEXT) || ' ' || CAST(SUM({alias}{name}_lower) AS TEXT)");
    SUMS.map(sum).join(", ")
}

/// No sum, in the place of one.
const NO_SUM: &str = "'0 0'";

pub(in crate::store) fn block_column(dimension: SpendDimension) -> &'static str {
    match dimension {
        SpendDimension::Provider => "provider_id",
        SpendDimension::Model => "model_id",
        SpendDimension::Team => "team_id",
        SpendDimension::Project => "project_id",
        SpendDimension::Client => "client_id",
        SpendDimension::Feature => "feature_id",
        SpendDimension::Environment => "environment_id",
        SpendDimension::Account => "account_id",
    }
}

/// The conditions on the coding block `b`, each after an `AND`.
pub(in crate::store) fn where_blocks(filter: &BlockFilter) -> String {
    let mut conditions = Vec::new();
    if let Some(accounts) = &filter.accounts {
        conditions.push(in_list("b.account_id", accounts.iter().map(|id| i64::from(id.0))));
    }
    for (dimension, ids) in &filter.dimensions {
        conditions.push(in_list(&format!("b.{}", block_column(*dimension)), ids.iter().copied()));
    }
    if let Some([team, project, client]) = filter.any_center {
        conditions.push(format!("(b.team_id = {team} OR b.project_id = {project} OR b.client_id = {client})"));
    }
    if let Some(visible) = &filter.visible {
        conditions.push(visible.condition("b"));
    }
    conditions.iter().map(|condition| format!(" AND {condition}")).collect()
}
