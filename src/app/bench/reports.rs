//! Reports at two sizes of history, each beside the bare balances it is made of, and verification beside a bare scan of the journal.

use std::time::Duration;

use super::bare::{BareReport, bare, without_days};
use super::database::{Service, Target};
use super::figures::Figures;
use super::ingest::fill_history;
use super::pairs::{Sides, alternate, readings};
use super::{BOOKS, SEED, peak_memory_mib};
use crate::app::demo::{Charges, DAYS};
use crate::app::reports::slices::dated_slices;
use crate::app::reports::{SpendQuery, spend, trial_balance};
use crate::app::{AppError, Stopwatch, verify};
use crate::domain::period::{Day, DayRange};
use crate::domain::report::{Grain, Interval, SpendDimension, SpendKey};
use crate::store::floor::scan;

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct ReportSizes {
    /// Charges in the books when reports are measured. Verification is measured at the first size.
    pub history: [u64; 2],
    pub pairs: u64,
}

/// Runs of each report.
pub(super) const RUNS: u64 = 100;

/// Fills the books to each size in turn and measures what is wanted there.
///
/// # Errors
/// Any database failure.
pub async fn reports(
    target: &Target,
    sizes: ReportSizes,
    wants: &impl Fn(&str) -> bool,
    progress: &impl Fn(&str, u64, u64),
) -> Result<Vec<Figures>, AppError> {
    let service = Service::create(target).await?;
    let last_day = service.app.clock().now().date_naive().pred_opt().unwrap_or_default();
    let [first, second] = sizes.history;
    let generator = Charges::new(SEED, last_day, usize::try_from(first.max(second)).unwrap_or(usize::MAX));
    let mut measured = Vec::new();
    fill_history(&service.app, &service.actor, &generator, 0..first, progress).await?;
    service.scratch.settle().await?;
    if wants("verify") {
        measured.push(verification(&service, target, sizes).await?);
    }
    if wants("report") {
        let last_day = Day::from_date(last_day);
        measured.extend(all_reports(&service, target, (last_day, first, sizes.pairs), wants).await?);
        if second > first {
            fill_history(&service.app, &service.actor, &generator, first..second, progress).await?;
            service.scratch.settle().await?;
            measured.extend(all_reports(&service, target, (last_day, second, sizes.pairs), wants).await?);
        }
    }
    service.remove().await?;
    Ok(measured)
}

async fn all_reports(
    service: &Service,
    target: &Target,
    (last_day, history, pairs): (Day, u64, u64),
    wants: &impl Fn(&str) -> bool,
) -> Result<Vec<Figures>, AppError> {
    let first_day = Day(last_day.0 - i32::try_from(DAYS).unwrap_or(0) + 1);
    let (range, books) = (DayRange::new(first_day, last_day.next())?, service.app.books(&service.actor).await?.id());
    let by_team = (Grain::DimensionMonth(SpendDimension::Team), Grain::DimensionDay(SpendDimension::Team));
    let mut all = Vec::new();
    for (report, group_by, grains) in [
        ("report-trial-balance", None, (Grain::AccountMonth, Grain::AccountDay)),
        ("report-spend-team-month", Some(vec![SpendDimension::Team]), by_team),
        (
            "report-spend-client-model-month",
            Some(vec![SpendDimension::Client, SpendDimension::Model]),
            (Grain::BlockMonth, Grain::BlockDay),
        ),
    ] {
        if !wants(report) {
            continue;
        }
        // A trial balance is read from the beginning: all months are whole but the last one.
        let (from, interval) = if group_by.is_none() { (first_day.month().first_day(), None) } else { (first_day, Some(Interval::Month)) };
        let slices = dated_slices(DayRange::new(from, range.to())?, interval, grains);
        let baseline = BareReport { balances: without_days(slices), ..BareReport::default() };
        let query = group_by.map(|group_by| {
            let group_by = group_by.into_iter().map(SpendKey::Block).collect();
            SpendQuery { group_by, interval, ..SpendQuery::of(range) }
        });
        let path = async || match &query {
            None => trial_balance(&service.app, &service.actor, last_day).await.map(drop),
            Some(query) => spend(&service.app, &service.actor, query.clone()).await.map(drop),
        };
        let measured = readings(pairs, RUNS, path, async || baseline.read(service, books).await).await?;
        all.push(measured.into_figures(Figures::new(report).with("engine", target.engine()).with("history", history)));
    }
    Ok(all)
}

async fn verification(service: &Service, target: &Target, sizes: ReportSizes) -> Result<Figures, AppError> {
    let mut sides = Verification { service, entries: 0 };
    let paired = alternate(&mut sides, sizes.pairs).await?;
    let [history, _] = sizes.history;
    let figures = Figures::new("verify").with("engine", target.engine()).with("history", history).with("entries", sides.entries);
    Ok(paired.elapsed_into(paired.rates_into(figures.with("peakMemoryMiB", peak_memory_mib()))))
}

/// The whole journal a slice.
struct Verification<'a> {
    service: &'a Service,
    entries: u64,
}

impl Sides for Verification<'_> {
    type Error = AppError;

    async fn prepare(&mut self, _pair: u64) -> Result<u64, AppError> {
        if self.entries == 0 {
            // The first run tells how many entries there are, and finds everything cold.
            self.path().await?;
        }
        Ok(self.entries)
    }

    async fn path(&mut self) -> Result<Duration, AppError> {
        let watch = Stopwatch::start();
        self.entries = verify::verify(&self.service.app, BOOKS).await?.entries;
        Ok(watch.elapsed())
    }

    async fn floor(&mut self) -> Result<Duration, AppError> {
        bare(self.service, scan::journal).await
    }
}
