//! Charges a second: the whole path from NDJSON bytes to durable receipts, and the same rows by bare statements.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::database::{Scratch, Target};
use super::lines::line_of;
use super::{SEED, actor, save_masters};
use crate::app::auth::Actor;
use crate::app::demo::Charges;
use crate::app::ingest::{Outcome, read_charge, record_charges};
use crate::app::{App, AppError, Stopwatch};
use crate::domain::usage::IncomingCharge;
use crate::store::StoreError;

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct IngestSizes {
    /// Charges measured.
    pub charges: u64,
    /// Lines handed in together.
    pub batch: usize,
    /// Charges that the books hold already.
    pub history: u64,
}

/// Charges and the time they took.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub charges: u64,
    pub path: Duration,
    pub floor: Duration,
    /// Growth of the SQLite file for each charge measured, log included in the file.
    pub bytes_per_charge: Option<u64>,
}

/// Batches on their way at once: one is written while the next ones are read and rated.
const BATCHES_IN_FLIGHT: usize = 8;
/// Charges of history in one batch: it is not what is measured.
const HISTORY_BATCH: u64 = 5_000;

/// Measures ingest on one engine.
///
/// # Errors
/// Any database failure.
pub async fn ingest(target: &Target, sizes: IngestSizes, progress: &impl Fn(&str, u64, u64)) -> Result<Measured, AppError> {
    let scratch = Scratch::create(target).await?;
    let app = scratch.app().await?;
    let actor = Arc::new(actor(&app));
    save_masters(&app, &actor).await?;
    let generator = generator(&app, sizes.history + sizes.charges);
    fill_history(&app, &actor, &generator, 0..sizes.history, progress).await?;
    let lines = lines(&generator, sizes);
    let before = scratch.size_bytes();
    let watch = Stopwatch::start();
    send(&app, &actor, &lines).await?;
    let path = watch.elapsed();
    drop(app);
    // The desk's thread moves its log into the file when it is idle.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let grown = scratch.size_bytes().zip(before).map(|(after, before)| after.saturating_sub(before) / sizes.charges.max(1));
    scratch.remove().await?;
    let floor = floor(target, &lines).await?;
    Ok(Measured { charges: sizes.charges, path, floor, bytes_per_charge: grown })
}

fn generator(app: &App, charges: u64) -> Charges {
    let yesterday: NaiveDate = app.clock().now().date_naive().pred_opt().unwrap_or_default();
    Charges::new(SEED, yesterday, usize::try_from(charges).unwrap_or(usize::MAX))
}

/// Records charges of the generator without measuring them.
pub(super) async fn fill_history(
    app: &App,
    actor: &Arc<Actor>,
    generator: &Charges,
    numbers: std::ops::Range<u64>,
    progress: &impl Fn(&str, u64, u64),
) -> Result<(), AppError> {
    let total = numbers.end;
    let starts = numbers.clone().step_by(usize::try_from(HISTORY_BATCH).unwrap_or(1));
    let batches = stream::iter(starts).map(|start| {
        let (app, actor) = (app.clone(), actor.clone());
        let drafts: Vec<_> = (start..(start + HISTORY_BATCH).min(total))
            .map(|number| IncomingCharge { external_id: None, draft: Ok(generator.charge(number)) })
            .collect();
        tokio::spawn(async move { record_charges(&app, &actor, drafts, false).await.map(|receipts| (start, receipts.len())) })
    });
    let mut batches = batches.buffered(BATCHES_IN_FLIGHT);
    while let Some(done) = batches.next().await {
        let (start, _) = done.map_err(joined)??;
        progress("history", start, total);
    }
    Ok(())
}

fn joined(error: tokio::task::JoinError) -> AppError {
    AppError::Internal(StoreError::Unavailable(error.to_string()))
}

/// The measured charges as request bodies.
fn lines(generator: &Charges, sizes: IngestSizes) -> Vec<Arc<Vec<u8>>> {
    let numbers: Vec<u64> = (sizes.history..sizes.history + sizes.charges).collect();
    numbers
        .chunks(sizes.batch.max(1))
        .map(|batch| Arc::new(batch.iter().flat_map(|number| line_of(&generator.charge(*number))).collect()))
        .collect()
}

/// Reads, prepares and books bodies as the charge stream does.
async fn send(app: &App, actor: &Arc<Actor>, bodies: &[Arc<Vec<u8>>]) -> Result<u64, AppError> {
    let batches = stream::iter(bodies).map(|body| {
        let (app, actor, body) = (app.clone(), actor.clone(), body.clone());
        tokio::spawn(async move {
            let items = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(read_charge).collect();
            record_charges(&app, &actor, items, false).await
        })
    });
    let receipts = batches.buffered(BATCHES_IN_FLIGHT).map(|receipts| receipts.map_err(joined)?);
    receipts
        .try_fold(0, |sum, receipts| async move {
            Ok(sum + u64::try_from(receipts.iter().filter(|receipt| !matches!(receipt.outcome, Outcome::Rejected(_))).count()).unwrap_or(0))
        })
        .await
}

/// The same rows, written again by bare statements into an empty database.
async fn floor(target: &Target, bodies: &[Arc<Vec<u8>>]) -> Result<Duration, AppError> {
    let scratch = Scratch::create(target).await?;
    let app = scratch.app().await?;
    let actor = Arc::new(actor(&app));
    save_masters(&app, &actor).await?;
    scratch.record();
    send(&app, &actor, bodies).await?;
    let tape = scratch.recorded();
    drop(app);
    scratch.remove().await?;
    let empty = Scratch::create(target).await?;
    let app = empty.app().await?;
    save_masters(&app, &actor).await?;
    drop(app);
    let mut floor = empty.floor(&tape).await?;
    let watch = Stopwatch::start();
    floor.write(&tape).await?;
    let elapsed = watch.elapsed();
    drop(floor);
    empty.remove().await?;
    Ok(elapsed)
}
