//! What-if: the charges of a range under scenarios beside what they cost. Reads in one snapshot, one pass for all scenarios, writes nothing.
//!
//! One thread reads charges in windows of their numbers and hands them to threads that rate; memory holds a few windows and the sums.

mod read;
mod report;
mod tally;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use report::{Comparison, Group, Reason, ScenarioReport, WhatIfReport};

use crate::app::auth::{Actor, Permission};
use crate::app::reports::DimensionFilter;
use crate::app::reports::access::Access;
use crate::app::reports::hierarchy::{at_level, kind_of};
use crate::app::reports::reading::in_reading;
use crate::app::{App, AppError};
use crate::domain::period::DayRange;
use crate::domain::rejection::{Code, Rejection};
use crate::domain::report::SpendDimension;
use crate::domain::what_if::{ScenarioInput, read_scenarios};

/// What is asked.
#[derive(Debug, Clone)]
pub struct WhatIfQuery {
    /// Days of the calls, in the books' zone.
    pub days: DayRange,
    pub filter: DimensionFilter,
    pub scenarios: Vec<ScenarioInput>,
    pub group_by: Option<SpendDimension>,
    /// Adds cost centers up at this level of their hierarchy; 1 is the topmost.
    pub level: Option<u32>,
    /// A range with more charges is refused; without one, any number is read.
    pub most_charges: Option<u64>,
}

/// Tells the reading thread that nobody waits for the answer any more: a request that ran out of time is dropped, its thread is not.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Computes scenarios over the present state of the charges of a range. `progress` gets charges read and charges in all.
///
/// What a scenario costs tells prices, so it needs `READ_CHARGES` beside `READ_REPORTS`; what asks for prices that the charges do not show
/// themselves (other models, caches, batches) needs `READ_PRICES` too. A token limited to cost centers gets the charges it sees.
///
/// # Errors
/// `Forbidden`; `SCENARIO_INVALID`, `MODEL_NOT_PRICED` and others with the path of the field; `RANGE_TOO_LARGE` above
/// [`WhatIfQuery::most_charges`]; a filter's refusals; database failures.
pub async fn what_if(
    app: &App,
    actor: &Actor,
    query: WhatIfQuery,
    progress: impl Fn(u64, u64) + Send + 'static,
) -> Result<WhatIfReport, AppError> {
    let access = Access::to(app, actor, Permission::ReadReports).await?;
    if !actor.may(Permission::ReadCharges) {
        return Err(AppError::Forbidden(Permission::ReadCharges));
    }
    let scenarios = read_scenarios(query.scenarios)?;
    if scenarios.iter().any(crate::domain::what_if::Scenario::asks_for_other_prices) && !actor.may(Permission::ReadPrices) {
        return Err(AppError::Forbidden(Permission::ReadPrices));
    }
    let filter = query.filter.resolve(&access).await?;
    let above = query.group_by.zip(query.level).map_or_else(|| Ok(HashMap::new()), |(by, level)| above(&access, by, level))?;
    let stopped = Arc::new(AtomicBool::new(false));
    let _stop = StopOnDrop(stopped.clone());
    let pass =
        read::Pass { days: query.days, filter, scenarios, group_by: query.group_by, above, most_charges: query.most_charges, stopped };
    in_reading(app, &access.books, move |ledger, books, masters| pass.run(ledger, books, masters, &progress)).await
}

/// The center that each center of a dimension is added up in, by their ids.
fn above(access: &Access<'_>, by: SpendDimension, level: u32) -> Result<HashMap<i64, i64>, Rejection> {
    if level == 0 {
        return Err(Rejection::at(Code::RangeInvalid, "level", "a level is from 1, the topmost"));
    }
    let Some(kind) = kind_of(by) else { return Ok(HashMap::new()) };
    let ids = access.masters.centers.iter().filter(|center| center.kind == kind).map(|center| i64::from(center.id.0));
    Ok(ids.map(|id| (id, at_level(access, kind, id, level))).collect())
}
