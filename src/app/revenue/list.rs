//! Revenue as it was recorded, for readers who compare it with the system that it came from.

use crate::app::auth::{Actor, Permission};
use crate::app::journal::Page;
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::chart::CostCenter;
use crate::store::revenue::{RevenueRow, revenue_list};

pub use crate::store::revenue::RevenueFilter;

/// One entry of revenue with its centers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenueEntry {
    pub recorded: RevenueRow,
    pub team: Option<CostCenter>,
    pub project: Option<CostCenter>,
    pub client: Option<CostCenter>,
}

/// Revenue after a number, in the order of recording.
///
/// # Errors
/// [`AppError::Forbidden`], also for a token limited to cost centers, or a database failure.
pub async fn revenue_entries(
    app: &App,
    actor: &Actor,
    filter: RevenueFilter,
    after: i64,
    first: usize,
) -> Result<Page<RevenueEntry>, AppError> {
    reading(app, actor, Permission::ReadReports, move |ledger, books, masters| {
        let list = revenue_list(ledger, books, filter, after, first.saturating_add(1))?;
        let view = |recorded: RevenueRow| {
            let [team, project, client] = recorded.centers.map(|id| masters.center_by_id(id).cloned());
            RevenueEntry { recorded, team, project, client }
        };
        Ok(Page::of(list.into_iter().map(view).collect(), first))
    })
    .await
}
