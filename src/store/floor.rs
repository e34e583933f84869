//! The floor that `tallybook bench` measures against: the rows of a tape written by bare statements with the same durability, and nothing around them.
//!
//! The guards (triggers) are dropped first: what they cost is part of the service's own time.

use futures_util::TryFutureExt;
use rusqlite::params_from_iter;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor};

use super::ledger::{Column, Table, Value, Written};
use super::{Engine, Store, StoreError};

const SQLITE_TRIGGERS: &str = "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'";

/// A migrated, empty database ready to take a tape.
pub enum Floor {
    Sqlite(rusqlite::Connection),
    Postgres(Box<PgConnection>),
}

impl Floor {
    /// Rows that may exist already go through a temporary table on PostgreSQL: one for each such table of the tape.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn open(store: &Store, tape: &[Written]) -> Result<Self, StoreError> {
        match store.engine() {
            Engine::Sqlite { path } => {
                let connection = rusqlite::Connection::open(path)?;
                connection.set_prepared_statement_cache_capacity(64);
                connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 10000; PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY;")?;
                let drops: Vec<String> = connection.prepare(SQLITE_TRIGGERS)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
                connection.execute_batch(&drops.join(";"))?;
                Ok(Self::Sqlite(connection))
            }
            Engine::Postgres => {
                let pool = store.db.get_postgres_connection_pool();
                let (directory, port): (String, String) =
                    sqlx::query_as("SELECT split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port')")
                        .fetch_one(pool)
                        .await?;
                let options: PgConnectOptions = (*pool.connect_options()).clone();
                // A local socket where there is one: on TCP this client waits for a delayed acknowledgement at every COPY.
                let local = options.clone().socket(directory).port(port.parse().unwrap_or(5432));
                let mut connection = PgConnection::connect_with(&local).or_else(|_| PgConnection::connect_with(&options)).await?;
                for table in ["charge", "charge_revision", "journal_entry", "posting"] {
                    connection.execute(AssertSqlSafe(format!("ALTER TABLE {table} DISABLE TRIGGER USER"))).await?;
                }
                connection.execute("ALTER TABLE books_head DISABLE TRIGGER USER").await?;
                let added_to = tape.iter().filter_map(|written| match written {
                    Written::Rows { table, .. } if !table.on_conflict.is_empty() => Some(table.name),
                    _ => None,
                });
                for table in added_to.collect::<std::collections::BTreeSet<_>>() {
                    connection.execute(AssertSqlSafe(format!("CREATE TEMP TABLE copied_{table} (LIKE {table})"))).await?;
                }
                Ok(Self::Postgres(Box::new(connection)))
            }
        }
    }

    /// Writes the tape, commit by commit.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn write(&mut self, tape: &[Written]) -> Result<(), StoreError> {
        for commit in tape.split_inclusive(|written| matches!(written, Written::Commit)) {
            match self {
                Self::Sqlite(connection) => write_sqlite(connection, commit)?,
                Self::Postgres(connection) => write_postgres(connection, commit).await?,
            }
        }
        Ok(())
    }
}

fn columns(table: &Table) -> String {
    table.columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
}

fn write_sqlite(connection: &rusqlite::Connection, commit: &[Written]) -> Result<(), StoreError> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.raw_execute()?;
    for written in commit {
        match written {
            Written::Rows { table, cells } => {
                let marks = vec!["?"; table.columns.len()].join(", ");
                let sql = format!("INSERT INTO {} ({}) VALUES ({marks}) {}", table.name, columns(table), table.on_conflict);
                let mut statement = connection.prepare_cached(&sql)?;
                for row in cells.chunks_exact(table.columns.len()) {
                    for (position, value) in row.iter().enumerate() {
                        statement.raw_bind_parameter(position + 1, value.cell())?;
                    }
                    statement.raw_execute()?;
                }
            }
            Written::Statement { sql, parameters } => {
                connection.prepare_cached(&sql.replace('$', "?"))?.execute(params_from_iter(parameters.iter().map(Value::cell)))?;
            }
            Written::Commit => {
                connection.prepare_cached("COMMIT")?.raw_execute()?;
            }
        }
    }
    Ok(())
}

async fn write_postgres(connection: &mut PgConnection, commit: &[Written]) -> Result<(), StoreError> {
    connection.execute("BEGIN").await?;
    for written in commit {
        match written {
            Written::Rows { table, cells } => copy(connection, table, cells).await?,
            Written::Statement { sql, parameters } => {
                let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
                for parameter in parameters {
                    query = match parameter {
                        Value::Null => query.bind(None::<i64>),
                        Value::Int(value) => query.bind(*value),
                        Value::Text(text) => query.bind(text.clone()),
                    };
                }
                query.execute(&mut *connection).await?;
            }
            Written::Commit => {
                connection.execute("COMMIT").await?;
            }
        }
    }
    Ok(())
}

/// COPY BINARY; rows that may exist go through a temporary table.
async fn copy(connection: &mut PgConnection, table: &Table, cells: &[Value]) -> Result<(), StoreError> {
    let target = if table.on_conflict.is_empty() { table.name.to_owned() } else { format!("copied_{}", table.name) };
    let bytes = binary(table, cells);
    let mut copy = connection.copy_in_raw(&format!("COPY {target} ({}) FROM STDIN WITH (FORMAT BINARY)", columns(table))).await?;
    copy.send(bytes).await?;
    copy.finish().await?;
    if !table.on_conflict.is_empty() {
        let list = columns(table);
        connection
            .execute(AssertSqlSafe(format!("INSERT INTO {} ({list}) SELECT {list} FROM {target} {}", table.name, table.on_conflict)))
            .await?;
        connection.execute(AssertSqlSafe(format!("TRUNCATE {target}"))).await?;
    }
    Ok(())
}

/// The rows in PostgreSQL's binary COPY format: header, then each field as its length and its bytes, then -1.
fn binary(table: &Table, cells: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(cells.len() * 12);
    bytes.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    let width = i16::try_from(table.columns.len()).unwrap_or(i16::MAX);
    for row in cells.chunks_exact(table.columns.len()) {
        bytes.extend_from_slice(&width.to_be_bytes());
        for (column, value) in table.columns.iter().zip(row) {
            match (column, value) {
                (Column::Int(_), Value::Int(value)) => {
                    bytes.extend_from_slice(&8_i32.to_be_bytes());
                    bytes.extend_from_slice(&value.to_be_bytes());
                }
                (Column::Text(_), Value::Text(text)) => {
                    bytes.extend_from_slice(&i32::try_from(text.len()).unwrap_or(0).to_be_bytes());
                    bytes.extend_from_slice(text.as_bytes());
                }
                _ => bytes.extend_from_slice(&(-1_i32).to_be_bytes()),
            }
        }
    }
    bytes.extend_from_slice(&(-1_i16).to_be_bytes());
    bytes
}
