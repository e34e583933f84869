//! Databases that live as long as a bench, and the service on one of them.

use std::sync::Arc;

use super::{BOOKS, actor, save_masters};
use crate::app::auth::Actor;
use crate::app::{App, AppError, Clock, ids};
pub use crate::store::floor::ScratchPlace as Target;
use crate::store::floor::{Floor, ScratchDatabase};
use crate::store::ledger::{Tape, Written};
use crate::store::{StoreError, StoreOptions};

impl Target {
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }
}

/// An empty database of a bench, removed by [`Scratch::remove`].
pub struct Scratch {
    database: ScratchDatabase,
    tape: Tape,
}

impl Scratch {
    /// # Errors
    /// Any database failure.
    pub async fn create(target: &Target) -> Result<Self, AppError> {
        let database = ScratchDatabase::create(target, &ids::random_id(), &ids::random_id()).await?;
        Ok(Self { database, tape: Tape::default() })
    }

    pub fn url(&self) -> &str {
        self.database.url()
    }

    /// The service on this database, its books created.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn app(&self) -> Result<App, AppError> {
        let options = StoreOptions { tape: Some(self.tape.clone()), ..StoreOptions::new(self.url()) };
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

    /// The floor on this database, which has the schema and the masters but no charge. Its guards are gone then.
    ///
    /// # Errors
    /// A refusal when another database stands in its place now, and any database failure.
    pub async fn floor(&self) -> Result<Floor, StoreError> {
        self.database.floor().await
    }

    /// Moves the log into the SQLite file, so that this falls into nobody's slice.
    ///
    /// # Errors
    /// Any database failure.
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.database.settle().await
    }

    /// Bytes of the SQLite file, its log not counted; `None` on a server.
    pub fn size_bytes(&self) -> Option<u64> {
        self.database.size_bytes()
    }

    /// # Errors
    /// A refusal when another database stands in its place now, and any database failure.
    pub async fn remove(self) -> Result<(), StoreError> {
        self.database.remove().await
    }
}

/// The service on a scratch database, with the masters of the demo company, and an administrator.
pub(super) struct Service {
    pub scratch: Scratch,
    pub app: App,
    pub actor: Arc<Actor>,
}

impl Service {
    pub async fn create(target: &Target) -> Result<Self, AppError> {
        let scratch = Scratch::create(target).await?;
        let app = scratch.app().await?;
        let actor = Arc::new(actor(&app));
        save_masters(&app, &actor).await?;
        Ok(Self { scratch, app, actor })
    }

    pub async fn remove(self) -> Result<(), AppError> {
        drop(self.app);
        Ok(self.scratch.remove().await?)
    }
}
