//! PostgreSQL: a batch is one statement over one array of rows, one round trip a table. COPY would need a second small write after the
//! rows, and this client does not set TCP_NODELAY: on TCP it would wait for a delayed acknowledgement each time. It could not add to balances.

use foldhash::{HashMap, HashMapExt};
use futures_util::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column as _, Executor, PgPool, Postgres, Row as _, TypeInfo};
use tokio::runtime::Handle;

use super::row_array::{RowArray, RowType};
use super::{Cell, Table, Value};
use crate::store::StoreError;

pub struct PostgresLedger {
    pool: PgPool,
    runtime: Handle,
    connection: Option<PoolConnection<Postgres>>,
    row_types: HashMap<&'static str, RowType>,
}

impl PostgresLedger {
    pub fn new(pool: PgPool, runtime: Handle) -> Self {
        Self { pool, runtime, connection: None, row_types: HashMap::new() }
    }

    pub fn begin(&mut self) -> Result<(), StoreError> {
        // READ COMMITTED: the head row's lock, not the snapshot, orders the writers of one set of books.
        self.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED")
    }

    pub fn begin_reading(&mut self) -> Result<(), StoreError> {
        self.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }

    fn begin_with(&mut self, begin: &'static str) -> Result<(), StoreError> {
        if self.connection.is_none() {
            self.connection = Some(self.runtime.block_on(self.pool.acquire())?);
        }
        let begun = self.execute(begin);
        if matches!(begun, Err(StoreError::Unavailable(_))) {
            // The server was restarted since the last batch: one fresh connection.
            self.connection = Some(self.runtime.block_on(self.pool.acquire())?);
            return self.execute(begin);
        }
        begun
    }

    pub fn commit(&mut self) -> Result<(), StoreError> {
        self.execute("COMMIT")
    }

    pub fn rollback(&mut self) {
        if let Err(error) = self.execute("ROLLBACK") {
            tracing::warn!(%error, "the connection is dropped with its transaction");
            if let Some(connection) = self.connection.take() {
                // Closing, not returning: a connection with an open transaction must not reach anybody else.
                drop(connection.detach());
            }
        }
    }

    fn connection(&mut self) -> Result<(&Handle, &mut PoolConnection<Postgres>), StoreError> {
        match &mut self.connection {
            Some(connection) => Ok((&self.runtime, connection)),
            None => Err(StoreError::Unavailable("no transaction was begun".to_owned())),
        }
    }

    fn execute(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let (runtime, connection) = self.connection()?;
        runtime.block_on(connection.execute(sql))?;
        Ok(())
    }

    pub fn scan(
        &mut self,
        sql: &str,
        parameters: &[Cell<'_>],
        each: &mut dyn FnMut(&[Value]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.fetch(bound(sqlx::query(AssertSqlSafe(sql.to_owned())), parameters), each)
    }

    /// A query whose second and third parameters are the two columns of many keys.
    pub fn scan_keys(
        &mut self,
        sql: &str,
        first: i64,
        keys: &[(i64, i64)],
        each: &mut dyn FnMut(&[Value]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (left, right): (Vec<i64>, Vec<i64>) = keys.iter().copied().unzip();
        self.fetch(sqlx::query(AssertSqlSafe(sql.to_owned())).bind(first).bind(left).bind(right), each)
    }

    fn fetch(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
        each: &mut dyn FnMut(&[Value]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (runtime, connection) = self.connection()?;
        runtime.block_on(async {
            let mut rows = query.fetch(&mut **connection);
            let mut buffer = Vec::new();
            while let Some(row) = rows.try_next().await? {
                buffer.clear();
                for column in row.columns() {
                    buffer.push(value(&row, column.ordinal(), column.type_info().name())?);
                }
                each(&buffer)?;
            }
            Ok(())
        })
    }

    pub fn insert<'a, const N: usize>(&mut self, table: &Table, rows: impl Iterator<Item = [Cell<'a>; N]>) -> Result<(), StoreError> {
        let types = self.row_type(table)?;
        let mut array = RowArray::new(types);
        rows.for_each(|row| array.push(&row, table.columns));
        let columns = table.column_list();
        let sql =
            format!("INSERT INTO {} ({columns}) SELECT {columns} FROM UNNEST($1::{}[]) {}", table.name, table.name, table.on_conflict);
        let (runtime, connection) = self.connection()?;
        runtime.block_on(sqlx::query(AssertSqlSafe(sql)).bind(array).execute(&mut **connection))?;
        Ok(())
    }

    /// The row type of a table and the type of its arrays, asked for once a connection.
    fn row_type(&mut self, table: &Table) -> Result<RowType, StoreError> {
        if let Some(known) = self.row_types.get(table.name) {
            return Ok(*known);
        }
        let sql = "SELECT t.oid, t.typarray FROM pg_type t WHERE t.oid = $1::regtype";
        let (runtime, connection) = self.connection()?;
        let (row, array) = runtime.block_on(sqlx::query_as(sql).bind(table.name).fetch_one(&mut **connection))?;
        let found = RowType { row, array };
        self.row_types.insert(table.name, found);
        Ok(found)
    }
}

fn bound<'q>(mut query: Query<'q, Postgres, PgArguments>, parameters: &[Cell<'_>]) -> Query<'q, Postgres, PgArguments> {
    for parameter in parameters {
        query = match parameter {
            Cell::Null => query.bind(None::<i64>),
            Cell::Int(value) => query.bind(*value),
            Cell::Text(text) => query.bind((*text).to_owned()),
        };
    }
    query
}

fn value(row: &PgRow, column: usize, type_name: &str) -> Result<Value, StoreError> {
    Ok(match type_name {
        "INT8" => row.try_get::<Option<i64>, _>(column)?.map_or(Value::Null, Value::Int),
        "INT4" => row.try_get::<Option<i32>, _>(column)?.map_or(Value::Null, |value| Value::Int(i64::from(value))),
        _ => row.try_get::<Option<String>, _>(column)?.map_or(Value::Null, Value::Text),
    })
}
