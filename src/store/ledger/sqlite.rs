//! SQLite: prepared statements on a connection of our own, which holds the file's write lock while it writes.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::{Cell, Table, Value};
use crate::store::StoreError;

pub struct SqliteLedger {
    connection: Connection,
}

/// Statements kept prepared: every statement of the posting path, and room for the commands.
const PREPARED_STATEMENTS: usize = 64;
const ROWS_PER_STATEMENT: usize = 128;

impl SqliteLedger {
    pub fn open(path: &Path, busy_timeout: Duration) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        // FULL: what is acknowledged survives a power failure. The log is moved into the file every 10,000 pages, which keeps that work off most batches.
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 10000; PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY;",
        )?;
        Ok(Self { connection })
    }

    pub fn execute(&mut self, sql: &str) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.raw_execute()?;
        Ok(())
    }

    pub fn rollback(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the transaction could not be rolled back");
        }
    }

    pub fn scan(
        &mut self,
        sql: &str,
        parameters: &[Cell<'_>],
        each: &mut dyn FnMut(&[Value]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // `$2` is a name to SQLite, numbered by appearance; `?2` is the second parameter, as on PostgreSQL.
        let mut statement = self.connection.prepare_cached(&sql.replace('$', "?"))?;
        let width = statement.column_count();
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut buffer = Vec::with_capacity(width);
        while let Some(row) = rows.next()? {
            buffer.clear();
            for column in 0..width {
                buffer.push(match row.get_ref(column)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Int(value),
                    ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                    ValueRef::Real(_) | ValueRef::Blob(_) => return Err(StoreError::corrupt("neither integer nor text")),
                });
            }
            each(&buffer)?;
        }
        Ok(())
    }

    /// Full blocks of rows run as one statement each, which opens its tables and its guards once for all of them; the rest run singly.
    pub fn insert<'a, const N: usize>(&mut self, table: &Table, rows: impl Iterator<Item = [Cell<'a>; N]>) -> Result<(), StoreError> {
        let mut block: Vec<[Cell<'a>; N]> = Vec::with_capacity(ROWS_PER_STATEMENT);
        for row in rows {
            block.push(row);
            if block.len() == ROWS_PER_STATEMENT {
                self.insert_by(ROWS_PER_STATEMENT, table, &block)?;
                block.clear();
            }
        }
        self.insert_by(1, table, &block)
    }

    /// Inserts rows by a statement for so many of them at a time.
    fn insert_by<const N: usize>(&self, at_a_time: usize, table: &Table, rows: &[[Cell<'_>; N]]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let row = format!("({})", vec!["?"; N].join(", "));
        let values = vec![row; at_a_time].join(", ");
        // A row that is refused ends the transaction. With the default, ABORT, each row of a guarded table would need a savepoint.
        let or = if table.on_conflict.is_empty() { "OR ROLLBACK " } else { "" };
        let sql = format!("INSERT {or}INTO {} ({}) VALUES {values} {}", table.name, table.column_list(), table.on_conflict);
        let mut statement = self.connection.prepare_cached(&sql)?;
        for rows in rows.chunks(at_a_time) {
            for (cell, position) in rows.iter().flatten().zip(1..) {
                statement.raw_bind_parameter(position, cell)?;
            }
            statement.raw_execute()?;
        }
        Ok(())
    }

    pub fn checkpoint(&mut self) {
        // PASSIVE never waits for a reader; a failure only means that the next one does the work.
        if let Err(error) = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            tracing::debug!(%error, "no checkpoint while idle");
        }
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Int(value) => ValueRef::Integer(*value),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}
