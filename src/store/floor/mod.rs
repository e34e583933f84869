//! The floor that `tallybook bench` measures against: the rows of a tape written by bare statements with the same durability, and nothing around them.
//!
//! The guards (triggers) are dropped first: what they cost is part of the service's own time. That is done to databases of the same run
//! alone (`scratch`).

pub mod scan;
mod scratch;

use rusqlite::params_from_iter;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::StoreError;
use super::ledger::{Column, Table, Value, Written};
pub use scratch::{ScratchDatabase, ScratchPlace};

/// A migrated database of this run without its guards, ready to take a tape. Only a [`ScratchDatabase`] opens one.
pub struct Floor(Connection);

enum Connection {
    Sqlite(rusqlite::Connection),
    Postgres(Box<PgConnection>),
}

impl Floor {
    /// Writes the tape, commit by commit.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn write(&mut self, tape: &[Written]) -> Result<(), StoreError> {
        for commit in tape.split_inclusive(|written| matches!(written, Written::Commit)) {
            match &mut self.0 {
                Connection::Sqlite(connection) => write_sqlite(connection, commit)?,
                Connection::Postgres(connection) => write_postgres(connection, commit).await?,
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
    if !table.on_conflict.is_empty() {
        connection.execute(AssertSqlSafe(format!("CREATE TEMP TABLE IF NOT EXISTS {target} (LIKE {})", table.name))).await?;
    }
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
