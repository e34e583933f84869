//! Databases that live as long as a bench.

use std::path::PathBuf;

use super::BOOKS;
use crate::app::{App, AppError, Clock, ids};
use crate::store::floor::Floor;
use crate::store::ledger::{Tape, Written};
use crate::store::{Store, StoreError, StoreOptions};

/// Where to measure.
#[derive(Debug, Clone)]
pub enum Target {
    /// A file in this directory.
    Sqlite(PathBuf),
    /// A database of its own on the server at this address.
    Postgres(String),
}

/// An empty database of a bench, removed by [`Scratch::remove`].
pub struct Scratch {
    pub url: String,
    target: Target,
    name: String,
    tape: Tape,
}

impl Scratch {
    /// # Errors
    /// Any database failure.
    pub async fn create(target: &Target) -> Result<Self, AppError> {
        let name = format!("tallybook_bench_{}", ids::random_id());
        let url = match target {
            Target::Sqlite(directory) => format!("sqlite://{}", directory.join(format!("{name}.db")).display()),
            Target::Postgres(url) => Store::database_create(url, &name).await?,
        };
        Ok(Self { url, target: target.clone(), name, tape: Tape::default() })
    }

    /// The service on this database, its books created.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn app(&self) -> Result<App, AppError> {
        let options = StoreOptions { tape: Some(self.tape.clone()), ..StoreOptions::new(&self.url) };
        App::create_with(options, Clock::System, BOOKS).await
    }

    /// Remembers what is written from now on.
    pub fn record(&self) {
        self.tape.start();
    }

    /// What was written since.
    pub fn recorded(&self) -> Vec<Written> {
        self.tape.take()
    }

    /// The floor on this database, which has the schema and the masters but no charge.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn floor(&self, tape: &[Written]) -> Result<Floor, AppError> {
        let store = Store::connect(StoreOptions::new(&self.url)).await?;
        Ok(Floor::open(&store, tape).await?)
    }

    /// Bytes of the SQLite file and its log; `None` on a server.
    pub fn size_bytes(&self) -> Option<u64> {
        let path = self.url.strip_prefix("sqlite://")?;
        std::fs::metadata(path).map(|file| file.len()).ok()
    }

    /// # Errors
    /// Any database failure.
    pub async fn remove(self) -> Result<(), AppError> {
        match &self.target {
            Target::Sqlite(directory) => {
                for suffix in ["", "-wal", "-shm"] {
                    let file = directory.join(format!("{}.db{suffix}", self.name));
                    match std::fs::remove_file(&file) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            return Err(StoreError::Unavailable(format!("{}: {error}", file.display())).into());
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            Target::Postgres(url) => Ok(Store::database_drop(url, &self.name).await?),
        }
    }
}
