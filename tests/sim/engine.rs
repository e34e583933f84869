//! A database of one run on either engine, gone when the run ends.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::ConnectionTrait;

static RUNS: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

pub enum Place {
    Folder(PathBuf),
    Database { server: String, name: String },
}

/// A fresh database.
pub struct TestDatabase {
    pub url: String,
    place: Place,
}

impl TestDatabase {
    pub async fn create(engine: Engine) -> Self {
        let name = format!("tallybook_sim_{}_{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        match engine {
            Engine::Sqlite => {
                let folder = std::env::temp_dir().join(name);
                std::fs::create_dir_all(&folder).unwrap();
                Self { url: format!("sqlite://{}/books.db", folder.display()), place: Place::Folder(folder) }
            }
            Engine::Postgres => {
                let server = std::env::var("TALLYBOOK_TEST_POSTGRES").expect(
                    "TALLYBOOK_TEST_POSTGRES is not set: run the tests with scripts/test, which starts a PostgreSQL server for them",
                );
                on_server(&server, &format!("CREATE DATABASE {name}")).await;
                let (base, _) = server.rsplit_once('/').unwrap();
                Self { url: format!("{base}/{name}"), place: Place::Database { server, name } }
            }
        }
    }

    /// Removes it.
    pub async fn remove(self) {
        match &self.place {
            Place::Folder(folder) => std::fs::remove_dir_all(folder).unwrap(),
            Place::Database { server, name } => on_server(server, &format!("DROP DATABASE {name} WITH (FORCE)")).await,
        }
    }
}

async fn on_server(url: &str, statement: &str) {
    let connection = sea_orm::Database::connect(url).await.unwrap();
    connection.execute_unprepared(statement).await.unwrap();
    connection.close().await.unwrap();
}
