//! The doors that measured charges come through: bodies of the charge stream, or a file.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use super::ingest::{BATCHES_IN_FLIGHT, joined};
use super::lines::{csv_of, line_of};
use crate::app::auth::Actor;
use crate::app::demo::Charges;
use crate::app::import_file::{FileFormat, ImportError, ImportRequest, import_file};
use crate::app::ingest::{Outcome, read_charge, record_charges};
use crate::app::{App, AppError, ids};
use crate::store::StoreError;

/// How charges come in.
#[derive(Debug, Clone)]
pub enum Door {
    /// NDJSON bodies, as the charge stream reads them, several on their way at once.
    Stream,
    /// The import of a file that is written into this directory and removed.
    File(FileFormat, PathBuf),
}

/// Charges ready to be sent.
pub(super) enum Slice {
    Bodies(Vec<Arc<Vec<u8>>>),
    File(SliceFile),
}

impl Default for Slice {
    fn default() -> Self {
        Self::Bodies(Vec::new())
    }
}

/// A file that goes with its slice.
pub(super) struct SliceFile {
    request: ImportRequest,
    path: PathBuf,
}

impl Drop for SliceFile {
    fn drop(&mut self) {
        // A file that is left behind lies among temporary files under a name of its own.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Door {
    /// Makes charges of the generator ready.
    pub(super) fn slice(&self, generator: &Charges, numbers: std::ops::Range<u64>, batch: usize) -> Result<Slice, AppError> {
        let numbers: Vec<u64> = numbers.collect();
        let (format, directory) = match self {
            Self::Stream => {
                let bodies = numbers.chunks(batch.max(1));
                let bodies = bodies.map(|batch| Arc::new(batch.iter().flat_map(|number| line_of(&generator.charge(*number))).collect()));
                return Ok(Slice::Bodies(bodies.collect()));
            }
            Self::File(format, directory) => (*format, directory),
        };
        let drafts = || numbers.iter().map(move |number: &u64| generator.charge(*number));
        let bytes = match format {
            FileFormat::Ndjson => drafts().flat_map(|draft| line_of(&draft)).collect(),
            FileFormat::Csv { .. } => csv_of(drafts).map_err(unwritten)?,
        };
        let path = directory.join(format!("tallybook_bench_{}", ids::random_id()));
        std::fs::write(&path, bytes).map_err(unwritten)?;
        let request = ImportRequest { file: Some(path.clone()), format, default_source: None, batch: batch.max(1), is_resumable: false };
        Ok(Slice::File(SliceFile { request, path }))
    }
}

fn unwritten(error: impl std::fmt::Display) -> AppError {
    AppError::Internal(StoreError::Unavailable(format!("the file to be imported: {error}")))
}

impl Slice {
    /// Sends everything, and waits for the last durable receipt. A charge that is refused would make the figure say too much: it ends the bench.
    pub(super) async fn send(&self, app: &App, actor: &Arc<Actor>) -> Result<(), AppError> {
        let rejected = match self {
            Self::Bodies(bodies) => stream_bodies(app, actor, bodies).await?,
            Self::File(file) => match import_file(app, actor, &file.request, std::future::pending(), |_| Ok(())).await {
                Ok(summary) => summary.counts.rejected,
                Err(ImportError::App(error)) => return Err(error),
                Err(error) => return Err(unwritten(error)),
            },
        };
        if rejected > 0 {
            return Err(AppError::Internal(StoreError::corrupt(format!("{rejected} charges of the bench were refused"))));
        }
        Ok(())
    }
}

/// Reads, prepares and books bodies as the charge stream does. Answers how many charges were refused.
async fn stream_bodies(app: &App, actor: &Arc<Actor>, bodies: &[Arc<Vec<u8>>]) -> Result<u64, AppError> {
    let batches = stream::iter(bodies).map(|body| {
        let (app, actor, body) = (app.clone(), actor.clone(), body.clone());
        tokio::spawn(async move {
            let items = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(read_charge).collect();
            record_charges(&app, &actor, items, false).await
        })
    });
    let mut batches = batches.buffered(BATCHES_IN_FLIGHT);
    let mut rejected = 0_u64;
    while let Some(receipts) = batches.next().await {
        for receipt in receipts.map_err(joined)?? {
            rejected += u64::from(matches!(receipt.outcome, Outcome::Rejected(_)));
        }
    }
    Ok(rejected)
}
