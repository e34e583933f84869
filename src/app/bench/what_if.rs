//! What-if over a history, beside a bare scan of the same rows.

use std::sync::Arc;
use std::time::Duration;

use super::database::{Scratch, Target};
use super::ingest::fill_history;
use super::{SEED, actor, save_masters};
use crate::app::auth::Actor;
use crate::app::demo::{Charges, DAYS};
use crate::app::reports::DimensionFilter;
use crate::app::what_if::{WhatIfQuery, what_if};
use crate::app::{App, AppError, Stopwatch};
use crate::domain::period::{Day, DayRange};
use crate::domain::what_if::{BatchShareInput, CacheShareInput, ChangeInput, ModelInput, PriceInput, ScenarioInput};
use crate::store::StoreError;
use crate::store::ledger::{Cell, Ledger};

/// One computation, timed once.
#[derive(Debug, Clone)]
pub struct WhatIfMeasured {
    pub name: &'static str,
    pub scenarios: usize,
    pub charges: u64,
    /// Charges that some change touched, all scenarios together.
    pub changed: u64,
    pub elapsed: Duration,
    /// Reading the columns of the same charges, and nothing else.
    pub floor: Duration,
}

/// Fills books with charges and computes scenarios over all of them.
///
/// # Errors
/// Any database failure.
pub async fn what_if_bench(target: &Target, charges: u64, progress: &impl Fn(&str, u64, u64)) -> Result<Vec<WhatIfMeasured>, AppError> {
    let scratch = Scratch::create(target).await?;
    let app = scratch.app().await?;
    let actor = Arc::new(actor(&app));
    save_masters(&app, &actor).await?;
    let last_day = app.clock().now().date_naive().pred_opt().unwrap_or_default();
    let generator = Charges::new(SEED, last_day, usize::try_from(charges).unwrap_or(usize::MAX));
    fill_history(&app, &actor, &generator, 0..charges, progress).await?;
    let last_day = Day::from_date(last_day);
    let first_day = Day(last_day.0.saturating_sub(i32::try_from(DAYS).unwrap_or(0)));
    let days = DayRange::new(first_day, last_day.next().next())?;
    let mut all = Vec::new();
    for (name, changes) in [
        ("what-if-actual", vec![vec![]]),
        ("what-if-model", vec![vec![model()]]),
        ("what-if-four", vec![vec![model()], vec![cache()], vec![batch()], vec![price()]]),
    ] {
        let floor = scan(&app, &actor).await?;
        let (scenarios, watch) = (changes.len(), Stopwatch::start());
        let named = changes.into_iter().enumerate().map(|(position, changes)| ScenarioInput { name: position.to_string(), changes });
        let query =
            WhatIfQuery { days, filter: DimensionFilter::default(), scenarios: named.collect(), group_by: None, most_charges: None };
        let report = what_if(&app, &actor, query, |_, _| {}).await?;
        let elapsed = watch.elapsed();
        let changed = report.scenarios.iter().map(|scenario| scenario.total.changed).sum();
        all.push(WhatIfMeasured { name, scenarios, charges: report.charges, changed, elapsed, floor });
    }
    drop(app);
    scratch.remove().await?;
    Ok(all)
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

async fn scan(app: &App, actor: &Actor) -> Result<Duration, AppError> {
    let (store, books, runtime) = (app.store().clone(), app.books(actor).await?.id(), tokio::runtime::Handle::current());
    let work = move || {
        let mut ledger = Ledger::open(&store, runtime)?;
        ledger.begin_reading()?;
        let watch = Stopwatch::start();
        let sql = "SELECT id, occurred_at, variant_id, block_id, meter_lines, basis, amount, currency_id FROM charge WHERE books_id = $1";
        ledger.scan(sql, &[Cell::Int(i64::from(books.0))], |_| Ok(()))?;
        let elapsed = watch.elapsed();
        ledger.rollback();
        Ok::<_, StoreError>(elapsed)
    };
    Ok(tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Unavailable(error.to_string()))??)
}
