//! Bare reads as baselines: the same rows, by the kind of connection that the measured use case reads them with.

use std::time::Duration;

use super::database::Service;
use crate::app::reports::slices::DatedSlice;
use crate::app::{AppError, Stopwatch};
use crate::domain::ids::BooksId;
use crate::store::StoreError;
use crate::store::balance::{Slice, Snapshot};
use crate::store::ledger::Ledger;

/// Runs a scan on a connection of the bulk path. The connection is opened before the clock runs.
pub(super) async fn bare(
    service: &Service,
    scan: impl FnOnce(&mut Ledger, BooksId) -> Result<u64, StoreError> + Send + 'static,
) -> Result<Duration, AppError> {
    let (store, books) = (service.app.store().clone(), service.app.books(&service.actor).await?.id());
    let runtime = tokio::runtime::Handle::current();
    let work = move || {
        let mut ledger = Ledger::open(&store, runtime)?;
        let watch = Stopwatch::start();
        scan(&mut ledger, books)?;
        Ok::<_, StoreError>(watch.elapsed())
    };
    Ok(tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Unavailable(error.to_string()))??)
}

/// The balances, and the hours where they are part of it, beneath a report.
#[derive(Debug, Clone, Default)]
pub(super) struct BareReport {
    pub balances: Vec<Slice>,
    pub hours: Vec<Slice>,
    pub with_persons: bool,
}

impl BareReport {
    /// Reads all rows in one snapshot, as reports do.
    pub async fn read(&self, service: &Service, books: BooksId) -> Result<(), AppError> {
        let snapshot = Snapshot::begin(service.app.store(), books).await?;
        for slice in &self.balances {
            snapshot.bare_balances(*slice).await?;
        }
        for slice in &self.hours {
            snapshot.bare_hours(*slice, self.with_persons).await?;
        }
        Ok(snapshot.end().await?)
    }
}

pub(super) fn without_days(slices: Vec<DatedSlice>) -> Vec<Slice> {
    slices.into_iter().map(|(slice, _)| slice).collect()
}
