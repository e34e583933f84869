//! Hours and their cost by cost center. Who may not know what a person costs sees rows that enough persons stand behind.

use std::collections::BTreeMap;

use crate::app::auth::{Actor, Permission};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::chart::{CenterKind, CostCenter};
use crate::domain::ids::NameId;
use crate::domain::labor::{Hours, LeastPersons};
use crate::domain::money::Currency;
use crate::domain::period::DayRange;
use crate::store::labor::{labor_costs, labor_sums, waiting_sum};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct LaborQuery {
    pub days: DayRange,
    /// The kind of cost center that the rows are split by.
    pub by: CenterKind,
}

/// The hours on one cost center.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaborRow {
    /// `None` for hours without a center of the kind.
    pub center: Option<CostCenter>,
    pub entries: i64,
    /// None when too few persons stand behind the row for its reader.
    pub figures: Option<LaborFigures>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaborFigures {
    pub hours: Hours,
    /// What they cost at the rates that count now, in ledger units.
    pub costs: BTreeMap<Currency, i128>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaborReport {
    /// Rows of fewer persons are not shown to everyone.
    pub least_persons: LeastPersons,
    /// In the order of the centers' codes.
    pub rows: Vec<LaborRow>,
    /// Entries that no rate is known for, which cost nothing yet.
    pub waiting_entries: i64,
    pub waiting_hours: Hours,
}

/// Hours by the day they were worked on, and what they cost.
///
/// # Errors
/// [`AppError::Forbidden`], also for a token limited to cost centers, or a database failure.
pub async fn labor(app: &App, actor: &Actor, query: LaborQuery) -> Result<LaborReport, AppError> {
    let sees_persons = actor.may(Permission::ReadLaborRates);
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let column = match query.by {
            CenterKind::Team => "team_id",
            CenterKind::Project => "project_id",
            CenterKind::Client => "client_id",
        };
        let mut costs: BTreeMap<i64, BTreeMap<Currency, i128>> = BTreeMap::new();
        for (key, currency, units) in labor_costs(ledger, books, query.days, column)? {
            costs.entry(key).or_default().insert(currency, units);
        }
        let mut rows = Vec::new();
        for sum in labor_sums(ledger, books, query.days, column)? {
            let center = i32::try_from(sum.key).ok().and_then(|id| masters.center_by_id(NameId(id))).cloned();
            let is_shown = sees_persons || masters.least_persons.are_reached_by(sum.persons);
            let figures = is_shown.then(|| LaborFigures { hours: sum.hours, costs: costs.remove(&sum.key).unwrap_or_default() });
            rows.push(LaborRow { center, entries: sum.entries, figures });
        }
        rows.sort_by(|a, b| a.center.as_ref().map(|center| &center.code).cmp(&b.center.as_ref().map(|center| &center.code)));
        let (waiting_entries, waiting_hours) = waiting_sum(ledger, books, query.days)?;
        Ok(LaborReport { least_persons: masters.least_persons, rows, waiting_entries, waiting_hours })
    })
    .await
}
