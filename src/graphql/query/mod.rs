//! The query side of the API, one file a subject.

mod charges;
mod credits;
mod currencies;
mod journal;
mod masters;
mod reports;
mod viewer;

use async_graphql::MergedObject;

/// Reads. A row that is of other books, or that the token does not see, is not found.
#[derive(MergedObject, Default)]
pub struct Query(
    charges::ChargeQueries,
    credits::CreditQueries,
    currencies::CurrencyQueries,
    journal::JournalQueries,
    masters::MasterQueries,
    reports::ReportQueries,
    viewer::ViewerQueries,
);
