//! A folder and a database of one test, gone with it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::ConnectionTrait;

static RUNS: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

pub struct Place {
    pub folder: PathBuf,
    pub url: String,
    /// The server and the database on it.
    database: Option<(String, String)>,
}

impl Place {
    pub fn new(engine: Engine) -> Self {
        let name = format!("tallybook_crash_{}_{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        if engine == Engine::Sqlite {
            return Self { url: format!("sqlite://{}/books.db", folder.display()), folder, database: None };
        }
        let server = std::env::var("TALLYBOOK_TEST_POSTGRES")
            .expect("TALLYBOOK_TEST_POSTGRES is not set: run the tests with scripts/test, which starts a PostgreSQL server for them");
        on_server(&server, &format!("CREATE DATABASE {name}"));
        let url = format!("{}/{name}", server.rsplit_once('/').unwrap().0);
        Self { folder, url, database: Some((server, name)) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.database {
            on_server(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn on_server(url: &str, statement: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let connection = sea_orm::Database::connect(url).await.unwrap();
        connection.execute_unprepared(statement).await.unwrap();
        connection.close().await.unwrap();
    });
}
