//! The query side of the API, one file a subject.

mod analysis;
mod audit;
mod charges;
mod credits;
mod currencies;
mod finance;
mod integrity;
mod journal;
mod journal_drafts;
mod labor;
mod masters;
mod periods;
mod reports;
mod viewer;

use async_graphql::MergedObject;

/// Reads. A row that is of other books, or that the token does not see, is not found.
#[derive(MergedObject, Default)]
pub struct Query(
    analysis::AnalysisQueries,
    audit::AuditQueries,
    charges::ChargeQueries,
    credits::CreditQueries,
    currencies::CurrencyQueries,
    finance::FinanceQueries,
    integrity::IntegrityQueries,
    journal::JournalQueries,
    journal_drafts::JournalDraftQueries,
    labor::LaborQueries,
    masters::MasterQueries,
    periods::PeriodQueries,
    reports::ReportQueries,
    viewer::ViewerQueries,
);
