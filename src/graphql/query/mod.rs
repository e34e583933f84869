//! The query side of the API, one file a subject.

mod analysis;
mod charges;
mod finance;
mod journal;
mod masters;
mod periods;
mod reports;
mod viewer;

use async_graphql::MergedObject;

/// Reads. A row that is of other books, or that the token does not see, is not found.
#[derive(MergedObject, Default)]
pub struct Query(
    analysis::AnalysisQueries,
    charges::ChargeQueries,
    finance::FinanceQueries,
    journal::JournalQueries,
    masters::MasterQueries,
    periods::PeriodQueries,
    reports::ReportQueries,
    viewer::ViewerQueries,
);
