//! `import_activity`: hours, revenue or outputs from a CSV file, recorded batch by batch.
//!
//! A batch is recorded without the lines that it is refused for, and counts once it is durable. Importing the same file again records nothing
//! twice, because each line has its own key.

use std::path::PathBuf;

use super::activity::MOST_FACTS;
use super::auth::Actor;
use super::import_file::{ImportError, RejectedLine, open_plain};
use super::labor::{TimeInput, record_time_entries};
use super::outputs::{OutputInput, record_outputs};
use super::revenue::{RevenueInput, record_revenue};
use super::{App, AppError};
use crate::import::activity::{ActivityCsv, ActivityLine, ActivityRow};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    Time,
    Revenue,
    Outputs,
}

/// What to import.
#[derive(Debug, Clone)]
pub struct ActivityImport {
    pub kind: ActivityKind,
    /// The standard input when absent. It may be packed with gzip or Zstandard.
    pub file: Option<PathBuf>,
    /// The byte between two cells; found from the header row when absent.
    pub delimiter: Option<u8>,
}

/// What became of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActivityCounts {
    pub recorded: u64,
    pub replayed: u64,
    /// Recorded, and waiting: hours for a rate, parts of revenue for their day.
    pub waiting: u64,
    pub rejected: u64,
}

/// A fact that a file can hold, and how it is recorded.
trait Imported: ActivityRow + Clone + Send + Sync {
    /// Recorded, replayed, waiting.
    async fn record(app: &App, actor: &Actor, facts: Vec<Self>) -> Result<[usize; 3], AppError>;
}

impl Imported for TimeInput {
    async fn record(app: &App, actor: &Actor, facts: Vec<Self>) -> Result<[usize; 3], AppError> {
        let done = record_time_entries(app, actor, facts).await?;
        Ok([done.recorded, done.replayed, done.waiting])
    }
}

impl Imported for RevenueInput {
    async fn record(app: &App, actor: &Actor, facts: Vec<Self>) -> Result<[usize; 3], AppError> {
        let done = record_revenue(app, actor, facts).await?;
        Ok([done.recorded, done.replayed, done.waiting])
    }
}

impl Imported for OutputInput {
    async fn record(app: &App, actor: &Actor, facts: Vec<Self>) -> Result<[usize; 3], AppError> {
        let done = record_outputs(app, actor, facts).await?;
        Ok([done.recorded, done.replayed, 0])
    }
}

/// Imports a file to its end. `news` is called with the counts and the refused lines of each durable batch.
///
/// # Errors
/// A file that cannot be read, a header that does not fit, and what recording answers beside refusals of lines. The same import may be run again.
pub async fn import_activity(
    app: &App,
    actor: &Actor,
    import: &ActivityImport,
    news: impl FnMut(ActivityCounts, &[RejectedLine]) -> Result<(), std::io::Error>,
) -> Result<ActivityCounts, ImportError> {
    match import.kind {
        ActivityKind::Time => import_rows::<TimeInput>(app, actor, import, news).await,
        ActivityKind::Revenue => import_rows::<RevenueInput>(app, actor, import, news).await,
        ActivityKind::Outputs => import_rows::<OutputInput>(app, actor, import, news).await,
    }
}

async fn import_rows<T: Imported>(
    app: &App,
    actor: &Actor,
    import: &ActivityImport,
    mut news: impl FnMut(ActivityCounts, &[RejectedLine]) -> Result<(), std::io::Error>,
) -> Result<ActivityCounts, ImportError> {
    let path = import.file.as_ref().map_or_else(|| "standard input".to_owned(), |file| file.display().to_string());
    let input = open_plain(import.file.as_deref()).map_err(|cause| ImportError::File { path: path.clone(), cause })?;
    let unreadable = |cause| ImportError::Csv { path: path.clone(), cause };
    let mut file = ActivityCsv::open::<T>(input, import.delimiter).map_err(unreadable)?;
    let mut counts = ActivityCounts::default();
    let mut is_at_end = false;
    while !is_at_end {
        let (mut batch, mut rejected, mut failure) = (Vec::new(), Vec::new(), None);
        while batch.len() < MOST_FACTS && !is_at_end {
            match file.read::<T>() {
                Ok(Some(ActivityLine { line, external_id, fact: Ok(fact) })) => batch.push((line, external_id, fact)),
                Ok(Some(ActivityLine { line, external_id, fact: Err(rejection) })) => {
                    rejected.push(RejectedLine { line, external_id, rejection });
                }
                Ok(None) => is_at_end = true,
                // What was read before is recorded first.
                Err(cause) => (is_at_end, failure) = (true, Some(unreadable(cause))),
            }
        }
        record_batch(app, actor, batch, &mut counts, &mut rejected).await?;
        rejected.sort_by_key(|line| line.line);
        counts.rejected = counts.rejected.saturating_add(u64::try_from(rejected.len()).unwrap_or(u64::MAX));
        news(counts, &rejected).map_err(|cause| ImportError::File { path: "the list of refused lines".to_owned(), cause })?;
        failure.map_or(Ok(()), Err)?;
    }
    Ok(counts)
}

type Lines<T> = Vec<(u64, Option<String>, T)>;

/// Records a batch as a whole; when lines are refused, the others as a whole, until none is.
async fn record_batch<T: Imported>(
    app: &App,
    actor: &Actor,
    mut batch: Lines<T>,
    counts: &mut ActivityCounts,
    rejected: &mut Vec<RejectedLine>,
) -> Result<(), AppError> {
    while !batch.is_empty() {
        let facts = batch.iter().map(|(_, _, fact)| fact.clone()).collect();
        let refused = match T::record(app, actor, facts).await {
            Ok(done) => {
                let [recorded, replayed, waiting] = done.map(|count| u64::try_from(count).unwrap_or(u64::MAX));
                counts.recorded = counts.recorded.saturating_add(recorded);
                counts.replayed = counts.replayed.saturating_add(replayed);
                counts.waiting = counts.waiting.saturating_add(waiting);
                return Ok(());
            }
            Err(AppError::Rejected(refused)) => refused,
            Err(error) => return Err(error),
        };
        let mut refused_at = vec![None; batch.len()];
        for mut rejection in refused {
            // List, position, then the field.
            let position = rejection.path.get(1).and_then(|position| position.parse::<usize>().ok());
            let Some(place) = position.and_then(|position| refused_at.get_mut(position)) else {
                return Err(AppError::Rejected(vec![rejection]));
            };
            rejection.path.drain(..2);
            place.get_or_insert(rejection);
        }
        let mut kept = Vec::with_capacity(batch.len());
        for ((line, external_id, fact), rejection) in batch.into_iter().zip(refused_at) {
            match rejection {
                None => kept.push((line, external_id, fact)),
                Some(rejection) => rejected.push(RejectedLine { line, external_id, rejection }),
            }
        }
        batch = kept;
    }
    Ok(())
}
