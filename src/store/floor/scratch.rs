//! Databases that this process made for itself, to fill and to throw away.
//!
//! Invariants: a scratch database is created, never opened: its file or its name on the server was not there before. It carries a mark that
//! only this process knows. Before guards are dropped and before it is removed, the mark is read on the connection that does it: whatever
//! has come to stand at its address since then is refused, and stays as it is.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor};

use super::{Connection, Floor};
use crate::store::StoreError;
use crate::store::connect::sqlite_create;

/// Where scratch databases go.
#[derive(Debug, Clone)]
pub enum ScratchPlace {
    /// Files in this directory.
    Sqlite(PathBuf),
    /// Databases of their own on the server at this address.
    Postgres(String),
}

/// An empty database of this process. [`ScratchDatabase::remove`] removes it.
#[derive(Debug)]
pub struct ScratchDatabase {
    place: ScratchPlace,
    name: String,
    url: String,
    mark: String,
}

const MAKE_MARK: &str = "CREATE TABLE tallybook_scratch (mark TEXT NOT NULL)";
const READ_MARK: &str = "SELECT mark FROM tallybook_scratch";
const SQLITE_TRIGGERS: &str = "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'";
/// The tables of ingest.
const GUARDED: [&str; 5] = ["charge", "charge_revision", "journal_entry", "posting", "books_head"];
/// How often SQLite is asked to move its log while somebody still reads.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(10);

impl ScratchDatabase {
    /// Creates a database; `name` and `mark` are random ids of letters and digits.
    ///
    /// # Errors
    /// Any database failure, also when something of this name is there.
    pub async fn create(place: &ScratchPlace, name: &str, mark: &str) -> Result<Self, StoreError> {
        let name = format!("tallybook_bench_{name}");
        let url = match place {
            ScratchPlace::Sqlite(directory) => {
                let path = directory.join(format!("{name}.db"));
                OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| unavailable(&path, &error))?;
                sqlite_create(&path)?;
                let connection = rusqlite::Connection::open(&path)?;
                connection.execute_batch(MAKE_MARK)?;
                connection.execute("INSERT INTO tallybook_scratch VALUES (?1)", [mark])?;
                format!("sqlite://{}", path.display())
            }
            ScratchPlace::Postgres(server) => {
                on_server(server, &format!("CREATE DATABASE {name}")).await?;
                let url = beside(server, &name);
                let mut connection = PgConnection::connect_with(&options(&url)?).await?;
                connection.execute(MAKE_MARK).await?;
                sqlx::query("INSERT INTO tallybook_scratch VALUES ($1)").bind(mark).execute(&mut connection).await?;
                connection.close().await?;
                url
            }
        };
        Ok(Self { place: place.clone(), name, url, mark: mark.to_owned() })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    fn path(&self) -> Option<PathBuf> {
        match &self.place {
            ScratchPlace::Sqlite(directory) => Some(directory.join(format!("{}.db", self.name))),
            ScratchPlace::Postgres(_) => None,
        }
    }

    /// Bytes of the SQLite file, its log not counted; `None` on a server.
    pub fn size_bytes(&self) -> Option<u64> {
        std::fs::metadata(self.path()?).map(|file| file.len()).ok()
    }

    /// Moves SQLite's log into the file, as the posting desk does when nobody comes. A server does that when it likes.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn settle(&self) -> Result<(), StoreError> {
        let Some(path) = self.path() else { return Ok(()) };
        for _ in 0..TRIES {
            // A connection that has read nothing does not know that there is a log.
            let connection = self.own_file(&path)?;
            connection.busy_timeout(PAUSE)?;
            let (log, moved) =
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))?;
            if log == moved {
                break;
            }
            drop(connection);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Drops the guards of this database, which has the schema and the masters but no charge, and opens it for a tape.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when another database stands at its address: that one keeps its guards. Any database failure.
    pub async fn floor(&self) -> Result<Floor, StoreError> {
        match self.path() {
            Some(path) => {
                let connection = self.own_file(&path)?;
                connection.set_prepared_statement_cache_capacity(64);
                connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 10000; PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY;")?;
                let drops: Vec<String> = connection.prepare(SQLITE_TRIGGERS)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
                connection.execute_batch(&drops.join(";"))?;
                Ok(Floor(Connection::Sqlite(connection)))
            }
            None => {
                let mut connection = self.own_connection().await?;
                for table in GUARDED {
                    connection.execute(AssertSqlSafe(format!("ALTER TABLE {table} DISABLE TRIGGER USER"))).await?;
                }
                Ok(Floor(Connection::Postgres(Box::new(connection))))
            }
        }
    }

    /// # Errors
    /// [`StoreError::Refused`] when another database stands at its address: that one stays. Any database failure.
    pub async fn remove(self) -> Result<(), StoreError> {
        match (&self.place, self.path()) {
            (ScratchPlace::Postgres(server), _) => {
                self.own_connection().await?.close().await?;
                on_server(server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await
            }
            (ScratchPlace::Sqlite(_), Some(path)) => {
                drop(self.own_file(&path)?);
                for suffix in ["", "-wal", "-shm"] {
                    let mut file = path.clone().into_os_string();
                    file.push(suffix);
                    let file = PathBuf::from(file);
                    match std::fs::remove_file(&file) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unavailable(&file, &error)),
                        _ => {}
                    }
                }
                Ok(())
            }
            (ScratchPlace::Sqlite(_), None) => Ok(()),
        }
    }

    /// A connection to the file that this process made, and to no other in its place.
    fn own_file(&self, path: &Path) -> Result<rusqlite::Connection, StoreError> {
        let connection = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let mark = connection.query_row(READ_MARK, [], |row| row.get::<_, String>(0)).ok();
        if mark.as_deref() == Some(self.mark.as_str()) { Ok(connection) } else { Err(self.not_ours()) }
    }

    /// A connection to the database that this process made, by a local socket where there is one: on TCP this client waits for a delayed
    /// acknowledgement at every COPY.
    async fn own_connection(&self) -> Result<PgConnection, StoreError> {
        let options = options(&self.url)?;
        let mut connection = PgConnection::connect_with(&options).await?;
        let (directory, port): (String, String) =
            sqlx::query_as("SELECT split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port')")
                .fetch_one(&mut connection)
                .await?;
        let local = options.socket(directory).port(port.parse().unwrap_or(5432));
        if let Ok(local) = PgConnection::connect_with(&local).await {
            connection = local;
        }
        let mark = sqlx::query_scalar::<_, String>(READ_MARK).fetch_one(&mut connection).await.ok();
        if mark.as_deref() == Some(self.mark.as_str()) { Ok(connection) } else { Err(self.not_ours()) }
    }

    fn not_ours(&self) -> StoreError {
        StoreError::Refused(format!("this run did not create the database that stands at {} now; it is left as it is", self.name))
    }
}

fn unavailable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}

/// Nobody is warned of statements that are slow: a server writes a checkpoint before it drops a database.
fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(url.parse::<PgConnectOptions>()?.disable_statement_logging())
}

/// The address of another database on the same server.
fn beside(url: &str, name: &str) -> String {
    let (server, options) = url.split_once('?').map_or((url, String::new()), |(server, options)| (server, format!("?{options}")));
    let server = server.rsplit_once('/').map_or(server, |(server, _)| server);
    format!("{server}/{name}{options}")
}

async fn on_server(url: &str, statement: &str) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect_with(&options(url)?).await?;
    connection.execute(AssertSqlSafe(statement.to_owned())).await?;
    Ok(connection.close().await?)
}
