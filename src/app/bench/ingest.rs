//! Charges a second: the whole path to durable receipts, beside the same rows by bare statements.
//!
//! Three databases live for the whole run: the service's, the floor's, and one whose service is fed the same slices first, unmeasured, so that
//! its tape tells the floor what to write. One slice's tape is in memory at a time.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::{StreamExt, stream};

use super::database::{Scratch, Service, Target};
use super::door::{Door, Slice};
use super::figures::Figures;
use super::pairs::{Sides, alternate, slice_of};
use super::{SEED, peak_memory_mib};
use crate::app::auth::Actor;
use crate::app::demo::Charges;
use crate::app::ingest::record_charges;
use crate::app::{App, AppError, Stopwatch};
use crate::domain::usage::IncomingCharge;
use crate::store::StoreError;
use crate::store::floor::Floor;
use crate::store::ledger::Written;

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct IngestSizes {
    /// Charges measured, all slices together.
    pub charges: u64,
    /// Charges handed in together.
    pub batch: usize,
    /// Charges that the books, and the floor, hold already.
    pub history: u64,
    pub pairs: u64,
}

/// Batches on their way at once: one is written while the next ones are read and rated.
pub(super) const BATCHES_IN_FLIGHT: usize = 8;
/// Charges of history in one batch: it is not what is measured.
const HISTORY_BATCH: u64 = 5_000;
/// Charges of history whose rows are in memory at a time, on their way to the floor.
const HISTORY_SLICE: u64 = 50_000;

/// Measures ingest through one door on one engine.
///
/// # Errors
/// Any database failure, and a file that cannot be written.
pub async fn ingest(
    name: &str,
    target: &Target,
    sizes: IngestSizes,
    door: Door,
    progress: &impl Fn(&str, u64, u64),
) -> Result<Figures, AppError> {
    let mut sides = Ingest::begin(target, sizes, door).await?;
    sides.fill(progress).await?;
    let before = sides.path.scratch.size_bytes();
    let paired = alternate(&mut sides, sizes.pairs).await?;
    let after = sides.path.scratch.size_bytes();
    let grown = after.zip(before).map(|(after, before)| after.saturating_sub(before) / sizes.charges.max(1));
    sides.end().await?;
    let figures = Figures::new(name).with("engine", target.engine()).with("charges", sizes.charges).with("batch", sizes.batch);
    let figures = figures.with("history", sizes.history).with("bytesPerCharge", grown).with("peakMemoryMiB", peak_memory_mib());
    Ok(paired.rates_into(figures))
}

struct Ingest {
    sizes: IngestSizes,
    door: Door,
    generator: Charges,
    path: Service,
    recorder: Service,
    floor: (Scratch, Floor),
    slice: Slice,
    tape: Vec<Written>,
}

impl Ingest {
    async fn begin(target: &Target, sizes: IngestSizes, door: Door) -> Result<Self, AppError> {
        let (path, recorder) = (Service::create(target).await?, Service::create(target).await?);
        let Service { scratch, app, .. } = Service::create(target).await?;
        drop(app);
        let floor = scratch.floor().await?;
        let generator = generator(&path.app, sizes.history + sizes.charges);
        Ok(Self { sizes, door, generator, path, recorder, floor: (scratch, floor), slice: Slice::default(), tape: Vec::new() })
    }

    async fn end(self) -> Result<(), AppError> {
        let (scratch, floor) = self.floor;
        drop(floor);
        scratch.remove().await?;
        self.recorder.remove().await?;
        self.path.remove().await
    }

    /// Puts the history into all three.
    async fn fill(&mut self, progress: &impl Fn(&str, u64, u64)) -> Result<(), AppError> {
        let history = self.sizes.history;
        for start in (0..history).step_by(usize::try_from(HISTORY_SLICE).unwrap_or(1)) {
            let numbers = start..(start + HISTORY_SLICE).min(history);
            progress("history", start, history);
            fill_history(&self.path.app, &self.path.actor, &self.generator, numbers.clone(), &|_, _, _| {}).await?;
            self.recorder.scratch.record();
            fill_history(&self.recorder.app, &self.recorder.actor, &self.generator, numbers, &|_, _, _| {}).await?;
            self.floor.1.write(&self.recorder.scratch.recorded()).await?;
        }
        self.path.scratch.settle().await?;
        Ok(self.floor.0.settle().await?)
    }
}

impl Sides for Ingest {
    type Error = AppError;

    async fn prepare(&mut self, pair: u64) -> Result<u64, AppError> {
        let numbers = slice_of(self.sizes.charges, pair, self.sizes.pairs);
        let count = numbers.end - numbers.start;
        let history = self.sizes.history;
        self.tape = Vec::new();
        self.slice = self.door.slice(&self.generator, history + numbers.start..history + numbers.end, self.sizes.batch)?;
        self.recorder.scratch.record();
        self.slice.send(&self.recorder.app, &self.recorder.actor).await?;
        self.tape = self.recorder.scratch.recorded();
        self.recorder.scratch.settle().await?;
        Ok(count)
    }

    async fn path(&mut self) -> Result<Duration, AppError> {
        let watch = Stopwatch::start();
        self.slice.send(&self.path.app, &self.path.actor).await?;
        let elapsed = watch.elapsed();
        self.path.scratch.settle().await?;
        Ok(elapsed)
    }

    async fn floor(&mut self) -> Result<Duration, AppError> {
        let watch = Stopwatch::start();
        self.floor.1.write(&self.tape).await?;
        let elapsed = watch.elapsed();
        self.floor.0.settle().await?;
        Ok(elapsed)
    }
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

pub(super) fn joined(error: tokio::task::JoinError) -> AppError {
    AppError::Internal(StoreError::Unavailable(error.to_string()))
}
