//! PostgreSQL: a batch is one statement over arrays, one round trip a table. COPY would need a second small write after the rows, and
//! this client does not set TCP_NODELAY: on TCP it would wait for a delayed acknowledgement each time.

use futures_util::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Column as _, Executor, PgPool, Postgres, Row as _, TypeInfo};
use tokio::runtime::Handle;

use super::{Cell, Column, Table, Value};
use crate::store::StoreError;

pub struct PostgresLedger {
    pool: PgPool,
    runtime: Handle,
    connection: Option<PoolConnection<Postgres>>,
}

impl PostgresLedger {
    pub fn new(pool: PgPool, runtime: Handle) -> Self {
        Self { pool, runtime, connection: None }
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
        let mut arrays: Vec<Array> = table.columns.iter().map(|column| Array::of(*column)).collect();
        for row in rows {
            arrays.iter_mut().zip(row).for_each(|(array, cell)| array.push(cell));
        }
        let types: Vec<String> = arrays.iter().zip(1..).map(|(array, number)| format!("${number}::{}[]", array.type_name())).collect();
        let sql = format!(
            "INSERT INTO {} ({}) SELECT * FROM UNNEST({}) {}",
            table.name,
            table.column_list(),
            types.join(", "),
            table.on_conflict
        );
        let query = arrays.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, array| match array {
            Array::Int(values) => query.bind(values),
            Array::Text(values) => query.bind(values),
        });
        let (runtime, connection) = self.connection()?;
        runtime.block_on(query.execute(&mut **connection))?;
        Ok(())
    }
}

/// One column of many rows.
enum Array {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
}

impl Array {
    fn of(column: Column) -> Self {
        match column {
            Column::Int(_) => Self::Int(Vec::new()),
            Column::Text(_) => Self::Text(Vec::new()),
        }
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Int(_) => "bigint",
            Self::Text(_) => "text",
        }
    }

    fn push(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Int(values), Cell::Int(value)) => values.push(Some(value)),
            (Self::Text(values), Cell::Text(value)) => values.push(Some(value.to_owned())),
            (Self::Int(values), _) => values.push(None),
            (Self::Text(values), _) => values.push(None),
        }
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
