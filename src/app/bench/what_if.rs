//! What-if over a history, beside a bare scan of the same rows.

use std::time::Duration;

use super::bare::bare;
use super::database::{Service, Target};
use super::figures::Figures;
use super::ingest::fill_history;
use super::pairs::{Sides, alternate};
use super::{SEED, peak_memory_mib};
use crate::app::demo::{Charges, DAYS};
use crate::app::reports::DimensionFilter;
use crate::app::what_if::{WhatIfQuery, what_if};
use crate::app::{AppError, Stopwatch};
use crate::domain::period::{Day, DayRange};
use crate::domain::what_if::{BatchShareInput, CacheShareInput, ChangeInput, ModelInput, PriceInput, ScenarioInput};
use crate::store::floor::scan;

/// Fills books with charges and computes scenarios over all of them, in pairs with the scan.
///
/// # Errors
/// Any database failure.
pub async fn what_if_bench(
    target: &Target,
    (charges, pairs): (u64, u64),
    progress: &impl Fn(&str, u64, u64),
) -> Result<Vec<Figures>, AppError> {
    let service = Service::create(target).await?;
    let last_day = service.app.clock().now().date_naive().pred_opt().unwrap_or_default();
    let generator = Charges::new(SEED, last_day, usize::try_from(charges).unwrap_or(usize::MAX));
    fill_history(&service.app, &service.actor, &generator, 0..charges, progress).await?;
    service.scratch.settle().await?;
    let last_day = Day::from_date(last_day);
    let first_day = Day(last_day.0.saturating_sub(i32::try_from(DAYS).unwrap_or(0)));
    let days = DayRange::new(first_day, last_day.next().next())?;
    let mut all = Vec::new();
    for (name, changes) in [
        ("what-if-actual", vec![vec![]]),
        ("what-if-model", vec![vec![model()]]),
        ("what-if-four", vec![vec![model()], vec![cache()], vec![batch()], vec![price()]]),
    ] {
        let scenarios = changes.len();
        let named = changes.into_iter().enumerate().map(|(position, changes)| ScenarioInput { name: position.to_string(), changes });
        let query = WhatIfQuery {
            days,
            filter: DimensionFilter::default(),
            scenarios: named.collect(),
            group_by: None,
            level: None,
            most_charges: None,
        };
        let mut sides = WhatIf { service: &service, query, read: 0, changed: 0 };
        let paired = alternate(&mut sides, pairs).await?;
        let figures = Figures::new(name).with("engine", target.engine()).with("charges", charges).with("scenarios", scenarios);
        let figures = figures.with("read", sides.read).with("changed", sides.changed).with("peakMemoryMiB", peak_memory_mib());
        all.push(paired.elapsed_into(paired.rates_into(figures)));
    }
    service.remove().await?;
    Ok(all)
}

/// One computation a slice.
struct WhatIf<'a> {
    service: &'a Service,
    query: WhatIfQuery,
    /// Charges in the range.
    read: u64,
    /// Charges that some change touched, all scenarios together.
    changed: u64,
}

impl Sides for WhatIf<'_> {
    type Error = AppError;

    async fn prepare(&mut self, _pair: u64) -> Result<u64, AppError> {
        if self.read == 0 {
            // The first computation tells how much there is to read, and finds everything cold.
            self.path().await?;
        }
        Ok(self.read)
    }

    async fn path(&mut self) -> Result<Duration, AppError> {
        let watch = Stopwatch::start();
        let report = what_if(&self.service.app, &self.service.actor, self.query.clone(), |_, _| {}).await?;
        let elapsed = watch.elapsed();
        self.read = report.charges;
        self.changed = report.scenarios.iter().map(|scenario| scenario.total.changed).sum();
        Ok(elapsed)
    }

    async fn floor(&mut self) -> Result<Duration, AppError> {
        bare(self.service, scan::charges).await
    }
}

fn model() -> ChangeInput {
    let (to_provider, to_model) = ("openai".to_owned(), "gpt-4o-mini".to_owned());
    ChangeInput::Model(ModelInput { provider: None, model: None, to_provider, to_model })
}

fn cache() -> ChangeInput {
    ChangeInput::CacheShare(CacheShareInput { provider: None, model: None, share: "0.5".to_owned() })
}

fn batch() -> ChangeInput {
    ChangeInput::BatchShare(BatchShareInput { provider: None, model: None, share: "0.3".to_owned() })
}

fn price() -> ChangeInput {
    ChangeInput::Price(PriceInput { provider: "openai".to_owned(), percent: Some("90".to_owned()), ..PriceInput::default() })
}
