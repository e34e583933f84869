//! Batches for other finance systems: made, taken out, answered. See docs/decisions/0015.
//!
//! Not for tokens limited to cost centers: a part of a batch does not balance.

mod answer;
mod content;
mod create;
mod deliver;
mod file;
mod freeze;
mod gaps;
mod prefix;
mod read;
mod reconcile;
mod targets;

pub use answer::{AnswerInput, RejectedLine, acknowledge_export_batch};
pub(in crate::app) use content::content_hash;
pub use create::{CreateInput, create_export_batch};
pub use deliver::{DeliverInput, deliver_export_batch};
pub use file::{BatchFile, export_batch_file, export_batch_number_file};
pub(in crate::app) use gaps::target_gaps;
pub use read::{BatchView, LineView, attempts, export_batch, export_batches, lines};
pub use reconcile::{ReconciledAccount, Reconciliation, export_reconciliation};
pub use targets::{SegmentInput, TargetInput, TargetView, ValueInput, export_targets, save_export_targets};

pub use crate::app::posting::command::Done;
pub use crate::store::export_batch::{AttemptRow, BatchRow};

use super::AppError;
use super::posting::Session;
use crate::domain::period::Month;
use crate::store::export_batch::{BatchFilter, batch_list};

/// The kind under which stale marks name batches.
pub(in crate::app) const KIND: &str = "EXPORT_BATCH";

/// The batches that took entries of a month, as stale marks name them.
pub(in crate::app) fn objects(session: &mut Session, month: Month) -> Result<Vec<String>, AppError> {
    let batches = batch_list(&mut session.ledger, session.books, BatchFilter::Month(month))?;
    Ok(batches.iter().map(|batch| format!("{} {}", batch.target, batch.number)).collect())
}
