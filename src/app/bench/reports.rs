//! Reports and verification at two sizes of history.

use std::sync::Arc;
use std::time::Duration;

use super::database::{Scratch, Target};
use super::ingest::fill_history;
use super::{BOOKS, SEED, actor, save_masters};
use crate::app::demo::{Charges, DAYS};
use crate::app::reports::{DimensionFilter, SpendQuery, spend, trial_balance};
use crate::app::{App, AppError, Stopwatch, verify};
use crate::domain::period::{Day, DayRange};
use crate::domain::report::{Interval, SpendDimension};

/// Times of one report, in ascending order.
#[derive(Debug, Clone)]
pub struct Latency {
    pub report: &'static str,
    pub history: u64,
    times: Vec<Duration>,
}

impl Latency {
    pub(super) fn of(report: &'static str, history: u64, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { report, history, times }
    }

    /// The time that this many in a hundred runs do not exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let position = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        self.times.get(position).copied().unwrap_or_default()
    }
}

/// What was measured at the sizes asked for.
#[derive(Debug, Clone, Default)]
pub struct Reports {
    pub latencies: Vec<Latency>,
    /// Entries of the larger size and the time `verify` took for them.
    pub verified: Option<(u64, Duration)>,
}

/// Runs of each report.
pub(super) const RUNS: usize = 100;

/// Fills the books to each size in turn and measures the reports there, and verification at the end.
///
/// # Errors
/// Any database failure.
pub async fn reports(target: &Target, sizes: [u64; 2], progress: &impl Fn(&str, u64, u64)) -> Result<Reports, AppError> {
    let scratch = Scratch::create(target).await?;
    let app = scratch.app().await?;
    let actor = Arc::new(actor(&app));
    save_masters(&app, &actor).await?;
    let last_day = app.clock().now().date_naive().pred_opt().unwrap_or_default();
    let [first, second] = sizes;
    let generator = Charges::new(SEED, last_day, usize::try_from(first.max(second)).unwrap_or(usize::MAX));
    let mut measured = Reports::default();
    let mut filled = 0;
    for size in sizes {
        fill_history(&app, &actor, &generator, filled..size, progress).await?;
        filled = size;
        measured.latencies.extend(latencies(&app, &actor, Day::from_date(last_day), size).await?);
    }
    let watch = Stopwatch::start();
    let report = verify::verify(&app, BOOKS).await?;
    measured.verified = Some((report.entries, watch.elapsed()));
    drop(app);
    scratch.remove().await?;
    Ok(measured)
}

async fn latencies(app: &App, actor: &crate::app::auth::Actor, last_day: Day, history: u64) -> Result<Vec<Latency>, AppError> {
    let first_day = Day(last_day.0 - i32::try_from(DAYS).unwrap_or(0) + 1);
    let query = |group_by: &[SpendDimension], interval| -> Result<SpendQuery, AppError> {
        Ok(SpendQuery {
            range: DayRange::new(first_day, last_day.next())?,
            group_by: group_by.to_vec(),
            interval: Some(interval),
            filter: DimensionFilter::default(),
        })
    };
    let by_team = query(&[SpendDimension::Team], Interval::Month)?;
    let by_client_and_model = query(&[SpendDimension::Client, SpendDimension::Model], Interval::Month)?;
    let mut all = Vec::new();
    for (report, spend_query) in [
        ("report-trial-balance", None),
        ("report-spend-team-month", Some(by_team)),
        ("report-spend-client-model-month", Some(by_client_and_model)),
    ] {
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let watch = Stopwatch::start();
            match &spend_query {
                None => drop(trial_balance(app, actor, last_day).await?),
                Some(query) => drop(spend(app, actor, query.clone()).await?),
            }
            times.push(watch.elapsed());
        }
        all.push(Latency::of(report, history, times));
    }
    Ok(all)
}
