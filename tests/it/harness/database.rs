//! One database a test: a SQLite file in a directory of its own, or a database of its own on the test server.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tallybook::app::App;
use tokio::sync::OnceCell;

use super::world::standing_clock;

/// On which engine a test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Where the books of one test are, and a way to their tables around the program.
#[derive(Debug, Clone)]
pub enum Database {
    Sqlite { directory: PathBuf },
    Postgres { server: String, name: String },
}

/// The file, and the name of the database, that a first start leaves. Made once; copying them is faster than starting anew.
static FILE: OnceCell<Vec<u8>> = OnceCell::const_new();
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

impl Database {
    /// Migrated, with the books `main`, their default chart and the built-in prices.
    pub async fn with_books(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let file = FILE.get_or_init(file_of_new_books).await;
                let database = Self::empty(engine).await;
                std::fs::write(database.path(), file).unwrap();
                database
            }
            Engine::Postgres => {
                let template = TEMPLATE.get_or_init(database_of_new_books).await;
                let name = next_name();
                on_server(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                Self::Postgres { server: server(), name }
            }
        }
    }

    /// Without any table.
    pub async fn empty(engine: Engine) -> Self {
        let name = next_name();
        match engine {
            Engine::Sqlite => {
                let directory = std::env::temp_dir().join(name);
                std::fs::create_dir_all(&directory).unwrap();
                Self::Sqlite { directory }
            }
            Engine::Postgres => {
                on_server(&format!("CREATE DATABASE {name}")).await;
                Self::Postgres { server: server(), name }
            }
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { .. } => format!("sqlite://{}", self.path().display()),
            Self::Postgres { server, name } => {
                let (address, options) = server.split_once('?').map_or((server.as_str(), ""), |(address, options)| (address, options));
                let (host, _) = address.rsplit_once('/').expect("TALLYBOOK_TEST_POSTGRES is postgres://user@host:port/database");
                format!("{host}/{name}?{options}")
            }
        }
    }

    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres { .. } => Engine::Postgres,
        }
    }

    /// The SQLite file.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Sqlite { directory } => directory.join("books.db"),
            Self::Postgres { .. } => panic!("PostgreSQL has no file of ours"),
        }
    }

    /// A server writes a checkpoint before it drops a database, which can take seconds: no test waits for that. What is left when
    /// the process ends is dropped by the next run.
    pub fn remove(&self) {
        match self {
            Self::Sqlite { directory } => std::fs::remove_dir_all(directory).unwrap(),
            Self::Postgres { name, .. } => {
                let drop_it = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(on_server(&drop_it));
                });
            }
        }
    }

    /// Runs statements as someone with a database client would.
    pub async fn execute(&self, sql: &str) -> Result<(), String> {
        match self {
            Self::Sqlite { .. } => open_file(&self.path()).execute_batch(sql).map_err(|error| error.to_string()),
            Self::Postgres { .. } => {
                let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
                connection.close().await.unwrap();
                done.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    /// The one number that a query answers with.
    pub async fn number(&self, sql: &str) -> i64 {
        match self {
            Self::Sqlite { .. } => open_file(&self.path()).query_row(sql, [], |row| row.get(0)).unwrap(),
            Self::Postgres { .. } => {
                let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                let row = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                row.get(0)
            }
        }
    }

    /// The texts of the one column that a query answers with.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite { .. } => {
                let file = open_file(&self.path());
                let mut statement = file.prepare(sql).unwrap();
                statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            }
            Self::Postgres { .. } => {
                let mut connection = PgConnection::connect(&self.url()).await.unwrap();
                let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// Ends every connection to the database of this test.
    pub async fn kill_connections(&self) {
        let Self::Postgres { name, .. } = self else { panic!("SQLite has no connections to kill") };
        on_server(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    }

    /// Whether the server lets anybody in: without it the database is as good as gone.
    pub async fn allow_connections(&self, allowed: bool) {
        let Self::Postgres { name, .. } = self else { panic!("SQLite has no server") };
        on_server(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}")).await;
    }
}

/// Unique on a server and a machine, as long as two processes of the same number do not run at once.
fn next_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("tallybook_it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn open_file(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

fn server() -> String {
    std::env::var("TALLYBOOK_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "TALLYBOOK_TEST_POSTGRES is not set, and no test is skipped without a word: run `scripts/test`, which starts a PostgreSQL \
             server of its own and sets it"
        )
    })
}

async fn on_server(sql: &str) {
    let mut connection = PgConnection::connect(&server())
        .await
        .unwrap_or_else(|error| panic!("the server of TALLYBOOK_TEST_POSTGRES does not answer ({error}): run `scripts/test`"));
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn file_of_new_books() -> Vec<u8> {
    let database = Database::empty(Engine::Sqlite).await;
    drop(App::create(&database.url(), standing_clock(), "main").await.unwrap());
    let file = open_file(&database.path());
    file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let bytes = std::fs::read(database.path()).unwrap();
    drop(file);
    database.remove();
    bytes
}

/// A server refuses to copy a database that someone is connected to.
async fn database_of_new_books() -> String {
    drop_databases_left_behind().await;
    let name = next_name();
    on_server(&format!("CREATE DATABASE {name}")).await;
    let template = Database::Postgres { server: server(), name: name.clone() };
    drop(App::create(&template.url(), standing_clock(), "main").await.unwrap());
    on_server(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    template.kill_connections().await;
    name
}

/// Those of processes that are no more.
async fn drop_databases_left_behind() {
    let mut connection = PgConnection::connect(&server()).await.unwrap();
    let rows =
        sqlx::query("SELECT datname FROM pg_database WHERE datname LIKE 'tallybook\\_it\\_%'").fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    for name in rows.iter().map(|row| row.get::<String, _>(0)) {
        let process = name.split('_').nth(2).unwrap_or_default();
        if !Path::new("/proc").join(process).exists() {
            on_server(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }
}
