//! `import_file`: charges from a file, plain or packed, recorded batch by batch, with a position to resume from.
//!
//! Invariants: the next batch is read while one is written, and no more than that is held; a batch counts once it is durable; importing the
//! same file again records nothing twice, because each charge has its own key.

mod reader;
mod resume;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::auth::Actor;
use super::ingest::{Outcome, record_charges};
use super::{App, AppError};
use crate::domain::rejection::Rejection;
use crate::import::csv::CsvError;
use reader::Batch;
pub(super) use reader::open_plain;
use resume::Progress;

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    Ndjson,
    /// With a header row. The separator is found when it is not given.
    Csv {
        delimiter: Option<u8>,
    },
}

/// What to import, and how.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The standard input when absent.
    pub file: Option<PathBuf>,
    pub format: FileFormat,
    /// The source of charges that name none.
    pub default_source: Option<String>,
    /// Charges in one call; at least one.
    pub batch: usize,
    /// Keep a progress file beside the data, and continue where one says.
    pub is_resumable: bool,
}

/// One charge that was refused.
#[derive(Debug, Clone)]
pub struct RejectedLine {
    pub line: u64,
    pub external_id: Option<String>,
    pub rejection: Rejection,
}

/// What has become durable so far, in charges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    pub recorded: u64,
    pub replayed: u64,
    pub unpriced: u64,
    pub rejected: u64,
}

impl ImportCounts {
    pub fn charges(&self) -> u64 {
        self.recorded.saturating_add(self.replayed).saturating_add(self.unpriced).saturating_add(self.rejected)
    }
}

/// News after each durable batch.
#[derive(Debug)]
pub struct ImportNews<'a> {
    pub counts: ImportCounts,
    /// Bytes of the file as it is stored that have been read, and that there are where that is known.
    pub bytes_read: u64,
    pub bytes_total: Option<u64>,
    /// The lines that this batch had refused.
    pub rejected: &'a [RejectedLine],
}

/// How an import ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportSummary {
    pub counts: ImportCounts,
    /// Rows that an earlier run had imported; they were passed over.
    pub rows_passed: u64,
    /// It was asked to stop before the end of the file.
    pub was_stopped: bool,
}

/// Why an import did not come to its end. What was counted before is durable.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{path}: {cause}")]
    File { path: String, cause: std::io::Error },
    #[error("{path}: {cause}")]
    Csv { path: String, cause: CsvError },
    #[error("{0}")]
    Resume(String),
    #[error(transparent)]
    App(#[from] AppError),
}

/// Imports a file to its end, or until `stop` resolves and the batch in flight is durable.
///
/// # Errors
/// A file that cannot be read, and what `record_charges` answers. The same import may be run again.
pub async fn import_file(
    app: &App,
    actor: &Actor,
    request: &ImportRequest,
    stop: impl Future<Output = ()>,
    mut news: impl FnMut(ImportNews<'_>) -> Result<(), std::io::Error>,
) -> Result<ImportSummary, ImportError> {
    let progress = Progress::open(request, &actor.books)?;
    let position = progress.as_ref().map(Progress::position).unwrap_or_default();
    let bytes_read = Arc::new(AtomicU64::new(0));
    let (bytes_total, mut batches) = reader::start(request, position, bytes_read.clone())?;
    let mut summary = ImportSummary { rows_passed: position.rows, ..ImportSummary::default() };
    let mut stop = std::pin::pin!(stop);
    loop {
        let batch = tokio::select! {
            biased;
            () = &mut stop => {
                summary.was_stopped = true;
                break;
            }
            batch = batches.recv() => batch,
        };
        let Some(batch) = batch else { break };
        let Batch { charges, lines, reached } = batch?;
        let receipts = record_charges(app, actor, charges, false).await?;
        let mut rejected = Vec::new();
        for (receipt, line) in receipts.into_iter().zip(lines) {
            if let Some(rejection) = count(&mut summary.counts, receipt.outcome) {
                rejected.push(RejectedLine { line, external_id: receipt.external_id, rejection });
            }
        }
        if let Some(progress) = &progress {
            progress.save(reached)?;
        }
        let bytes_read = bytes_read.load(Ordering::Relaxed);
        let counts = summary.counts;
        news(ImportNews { counts, bytes_read, bytes_total, rejected: &rejected })
            .map_err(|cause| ImportError::File { path: "the list of refused lines".to_owned(), cause })?;
    }
    if let Some(progress) = progress
        && !summary.was_stopped
    {
        progress.finish();
    }
    Ok(summary)
}

fn count(counts: &mut ImportCounts, outcome: Outcome) -> Option<Rejection> {
    let (counter, rejection) = match outcome {
        Outcome::Recorded { .. } => (&mut counts.recorded, None),
        Outcome::Replayed { .. } => (&mut counts.replayed, None),
        Outcome::Unpriced { .. } => (&mut counts.unpriced, None),
        Outcome::Rejected(rejection) => (&mut counts.rejected, Some(rejection)),
    };
    *counter = counter.saturating_add(1);
    rejection
}

#[cfg(test)]
mod tests;
