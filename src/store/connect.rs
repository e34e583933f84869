//! Connections: SQLite as an embedded file, PostgreSQL as a server.

use std::path::{Path, PathBuf};
use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::StoreError;
use crate::domain::chart::NameLimits;

/// Which engine holds the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    Sqlite { path: PathBuf },
    Postgres,
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    pub url: String,
    /// Connections for reads; writes of one set of books go through one.
    pub max_connections: u32,
    /// How long a writer waits for another process before it reports the database busy.
    pub busy_timeout: Duration,
    /// Remembers what the bulk path writes; for measuring.
    pub tape: Option<super::ledger::Tape>,
    /// Lets a call of the bulk path fail; for tests.
    pub fault: Option<super::ledger::Fault>,
    /// How many names the books take.
    pub names: NameLimits,
}

impl StoreOptions {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 8,
            busy_timeout: Duration::from_secs(10),
            tape: None,
            fault: None,
            names: NameLimits::default(),
        }
    }
}

/// The database of one process.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) db: DatabaseConnection,
    engine: Engine,
    options: StoreOptions,
}

impl Store {
    /// Opens the database; a SQLite file that is not there is created, with its directory.
    ///
    /// # Errors
    /// [`StoreError::Address`] for an address of no known kind, [`StoreError::Unavailable`] when nobody answers there.
    pub async fn connect(options: StoreOptions) -> Result<Self, StoreError> {
        let engine = engine_of(&options.url)?;
        let mut connect = match &engine {
            Engine::Sqlite { path } => {
                sqlite_create(path)?;
                let mut connect = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
                let busy_timeout = options.busy_timeout;
                connect.map_sqlx_sqlite_opts(move |sqlite| {
                    sqlite
                        .busy_timeout(busy_timeout)
                        .foreign_keys(true)
                        .pragma("synchronous", "FULL")
                        .pragma("cache_size", "-65536")
                        .pragma("temp_store", "MEMORY")
                });
                connect
            }
            Engine::Postgres => ConnectOptions::new(options.url.clone()),
        };
        connect.max_connections(options.max_connections).acquire_timeout(options.busy_timeout).sqlx_logging(false);
        let db = match Database::connect(connect).await {
            Ok(db) => db,
            Err(error) if engine == Engine::Postgres => return Err(why_unreachable(&options.url).await.unwrap_or_else(|| error.into())),
            Err(error) => return Err(error.into()),
        };
        Ok(Self { db, engine, options })
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub fn options(&self) -> &StoreOptions {
        &self.options
    }

    /// Brings the schema up to date. Two processes that start together on PostgreSQL take turns.
    ///
    /// # Errors
    /// Any database failure; the schema is then as it was after the last whole step.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        use sea_orm::ConnectionTrait;
        if self.engine != Engine::Postgres {
            return self.migrate_file().await;
        }
        // The lock belongs to one connection, so the whole migration runs on one.
        let mut single = ConnectOptions::new(self.options.url.clone());
        single.max_connections(1).sqlx_logging(false);
        let single = Database::connect(single).await?;
        single.execute_unprepared("SELECT pg_advisory_lock(7244652)").await?;
        let migrated = Migrator::up(&single, None).await;
        single.close().await?;
        Ok(migrated?)
    }

    /// A file has no lock for a whole migration. Of two processes that start together on a new one, the second finds a table of the
    /// first and stops before it has written anything; it looks again when the first is done.
    async fn migrate_file(&self) -> Result<(), StoreError> {
        const TRIES: u32 = 20;
        const PAUSE: Duration = Duration::from_millis(100);
        for _ in 1..TRIES {
            if Migrator::up(&self.db, None).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Migrator::up(&self.db, None).await?)
    }

    /// Names of migrations that have not run.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn pending_migrations(&self) -> Result<usize, StoreError> {
        Ok(Migrator::get_pending_migrations(&self.db).await?.len())
    }

    /// Closes all connections of this process.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.db.close().await?)
    }

    /// Answers when the database does.
    ///
    /// # Errors
    /// The failure, when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.db.ping().await?)
    }
}

/// The pool says only that it waited in vain; one connection says why.
async fn why_unreachable(url: &str) -> Option<StoreError> {
    use sqlx::Connection;
    const PATIENCE: Duration = Duration::from_secs(3);
    let attempt = tokio::time::timeout(PATIENCE, sqlx::PgConnection::connect(url)).await.ok()?;
    attempt.err().map(StoreError::from)
}

fn engine_of(url: &str) -> Result<Engine, StoreError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Engine::Postgres);
    }
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).map(|rest| rest.split('?').next().unwrap_or(rest));
    match path {
        Some(path) if !path.is_empty() && path != ":memory:" => Ok(Engine::Sqlite { path: PathBuf::from(path) }),
        Some(_) => Err(StoreError::Address("books in memory would be lost: give SQLite a file, such as sqlite://tallybook.db".to_owned())),
        None => Err(StoreError::Address("the database address begins with sqlite:// (a file) or postgres:// (a server)".to_owned())),
    }
}

/// Sets what only an empty file takes: pages of 8 KiB, which hold a batch of narrow rows in half the writes of 4 KiB, and the write-ahead log.
pub(super) fn sqlite_create(path: &Path) -> Result<(), StoreError> {
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory).map_err(|error| StoreError::Unavailable(format!("{}: {error}", directory.display())))?;
    }
    if path.metadata().is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; VACUUM;")?;
    Ok(())
}
