//! The bulk write path: one connection, one transaction, rows as cells.
//!
//! The same statements run on both engines: SQLite takes rows one by one through a prepared statement on its own connection,
//! PostgreSQL takes a batch as arrays in one statement. Calls block, so they belong on a thread of their own.

mod coding;
mod fault;
mod postgres;
mod row_array;
mod sqlite;
mod table;
mod tape;

pub use fault::Fault;
use postgres::PostgresLedger;
use sqlite::SqliteLedger;
pub use table::{Cell, Column, Row, RowExt, Table, Value};
pub use tape::{Tape, Written};

use super::{Engine, Store, StoreError, StoreOptions};

/// A connection for writing. Create it and use it off the async runtime's threads.
pub struct Ledger {
    engine: Connection,
    /// Only `tallybook bench` has one.
    tape: Option<Tape>,
    fault: Option<Fault>,
}

enum Connection {
    Sqlite(SqliteLedger),
    Postgres(Box<PostgresLedger>),
}

impl Ledger {
    /// # Errors
    /// Any database failure.
    pub fn open(store: &Store, runtime: tokio::runtime::Handle) -> Result<Self, StoreError> {
        let engine = match store.engine() {
            Engine::Sqlite { path } => Connection::Sqlite(SqliteLedger::open(path, store.options().busy_timeout)?),
            Engine::Postgres => {
                Connection::Postgres(Box::new(PostgresLedger::new(store.db.get_postgres_connection_pool().clone(), runtime)))
            }
        };
        let StoreOptions { tape, fault, .. } = store.options();
        Ok(Self { engine, tape: tape.clone(), fault: fault.clone() })
    }

    /// Counts a call; a test may have armed a fault for it.
    fn call(&self) -> Result<(), StoreError> {
        self.fault.as_ref().map_or(Ok(()), Fault::call)
    }

    /// Begins a write transaction: SQLite takes its write lock at once.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process keeps the lock.
    pub fn begin(&mut self) -> Result<(), StoreError> {
        self.call()?;
        match &mut self.engine {
            Connection::Sqlite(ledger) => ledger.execute("BEGIN IMMEDIATE"),
            Connection::Postgres(ledger) => ledger.begin(),
        }
    }

    /// Begins a transaction that only reads, and sees the books as of one moment.
    ///
    /// # Errors
    /// Any database failure.
    pub fn begin_reading(&mut self) -> Result<(), StoreError> {
        match &mut self.engine {
            Connection::Sqlite(ledger) => ledger.execute("BEGIN"),
            Connection::Postgres(ledger) => ledger.begin_reading(),
        }
    }

    /// Makes the transaction durable.
    ///
    /// # Errors
    /// Any database failure; the transaction is then not known to be durable.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        if let Some(tape) = &self.tape {
            tape.commit();
        }
        self.call()?;
        match &mut self.engine {
            Connection::Sqlite(ledger) => ledger.execute("COMMIT")?,
            Connection::Postgres(ledger) => ledger.commit()?,
        }
        // The answer to a commit may be lost as well: nobody then knows that it is durable.
        self.call()
    }

    /// Gives the transaction up. A connection that cannot even do that is dropped.
    pub fn rollback(&mut self) {
        match &mut self.engine {
            Connection::Sqlite(ledger) => ledger.rollback(),
            Connection::Postgres(ledger) => ledger.rollback(),
        }
    }

    /// The row whose lock serialises all numbering of one set of books.
    pub fn lock_clause(&self) -> &'static str {
        match &self.engine {
            Connection::Sqlite(_) => "",
            Connection::Postgres(_) => " FOR UPDATE",
        }
    }

    /// Names the index that a table of a statement is read by, behind the table's name. SQLite has no statistics here, and takes the rows of one
    /// set of books for ten: for an equality it would rather walk all of them by the primary key. PostgreSQL finds the index by itself.
    pub fn by_index(&self, index: &str) -> String {
        match &self.engine {
            Connection::Sqlite(_) => format!(" INDEXED BY {index}"),
            Connection::Postgres(_) => String::new(),
        }
    }

    /// Runs a query and gives every row to `each`. Parameters are `$1`, `$2`, ...
    ///
    /// # Errors
    /// Any database failure, and what `each` returns.
    pub fn scan(
        &mut self,
        sql: &str,
        parameters: &[Cell<'_>],
        mut each: impl FnMut(&[Value]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.call()?;
        match &mut self.engine {
            Connection::Sqlite(ledger) => ledger.scan(sql, parameters, &mut each),
            Connection::Postgres(ledger) => ledger.scan(sql, parameters, &mut each),
        }
    }

    /// The rows of a query that is known to be small.
    ///
    /// # Errors
    /// Any database failure.
    pub fn rows(&mut self, sql: &str, parameters: &[Cell<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.scan(sql, parameters, |row| {
            rows.push(row.to_vec());
            Ok(())
        })?;
        Ok(rows)
    }

    /// Runs one statement.
    ///
    /// # Errors
    /// Any database failure.
    pub fn run(&mut self, sql: &str, parameters: &[Cell<'_>]) -> Result<(), StoreError> {
        if let Some(tape) = &self.tape {
            tape.statement(sql, parameters);
        }
        self.scan(sql, parameters, |_| Ok(()))
    }

    /// Inserts rows; `table.on_conflict` says what happens to keys that exist. SQLite binds them one by one as they come.
    ///
    /// # Errors
    /// Any database failure; the caller then rolls back.
    pub fn insert<'a, const N: usize>(
        &mut self,
        table: &'static Table,
        rows: impl Iterator<Item = [Cell<'a>; N]>,
    ) -> Result<(), StoreError> {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        self.call()?;
        let tape = self.tape.as_ref().filter(|tape| tape.is_on());
        let rows = rows.inspect(|row| {
            if let Some(tape) = tape {
                tape.row(table, row);
            }
        });
        match &mut self.engine {
            Connection::Sqlite(ledger) => ledger.insert(table, rows),
            Connection::Postgres(ledger) => ledger.insert(table, rows),
        }
    }

    /// Lets SQLite move its log into the file while nobody waits, so that a checkpoint does not fall into a batch.
    pub fn checkpoint_when_idle(&mut self) {
        if let Connection::Sqlite(ledger) = &mut self.engine {
            ledger.checkpoint();
        }
    }
}

/// Key, receipt and content of a stored charge, in this order: hour, key_hash, id, source_id, external_id, content_hash, amount, currency_id, entry_number.
const CHARGE_RECEIPT: &str =
    "c.hour, c.key_hash, c.id, c.source_id, c.external_id, c.content_hash, c.amount, c.currency_id, c.entry_number";

impl Ledger {
    /// Looks charges up by (hour, key hash) and gives each found one to `each`.
    ///
    /// # Errors
    /// Any database failure, and what `each` returns.
    pub fn charges_by_key(
        &mut self,
        books: crate::domain::ids::BooksId,
        keys: &[(i64, i64)],
        mut each: impl FnMut(&[Value]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.call()?;
        let books = i64::from(books.0);
        match &mut self.engine {
            Connection::Sqlite(ledger) => {
                let sql = format!("SELECT {CHARGE_RECEIPT} FROM charge c WHERE c.books_id = $1 AND c.hour = $2 AND c.key_hash = $3");
                keys.iter()
                    .try_for_each(|(hour, hash)| ledger.scan(&sql, &[Cell::Int(books), Cell::Int(*hour), Cell::Int(*hash)], &mut each))
            }
            Connection::Postgres(ledger) => {
                let sql = format!(
                    "SELECT {CHARGE_RECEIPT} FROM UNNEST($2::bigint[], $3::bigint[]) AS k (hour, key_hash) \
                     JOIN charge c ON c.books_id = $1 AND c.hour = k.hour AND c.key_hash = k.key_hash"
                );
                ledger.scan_keys(&sql, books, keys, &mut each)
            }
        }
    }
}
