//! The query side of the API, one file a subject.

mod activity;
pub mod allocation;
mod analysis;
mod audit;
mod chargebacks;
mod charges;
mod credits;
mod currencies;
mod export_batches;
mod finance;
mod integrity;
mod journal;
mod journal_drafts;
mod labor;
mod margin;
mod masters;
mod periods;
mod reports;
mod viewer;
mod what_if;

use async_graphql::MergedObject;

/// Reads. A row that is of other books, or that the token does not see, is not found.
#[derive(MergedObject, Default)]
pub struct Query(
    activity::ActivityQueries,
    allocation::AllocationQueries,
    analysis::AnalysisQueries,
    audit::AuditQueries,
    chargebacks::ChargebackQueries,
    charges::ChargeQueries,
    credits::CreditQueries,
    currencies::CurrencyQueries,
    export_batches::ExportBatchQueries,
    finance::FinanceQueries,
    integrity::IntegrityQueries,
    journal::JournalQueries,
    journal_drafts::JournalDraftQueries,
    labor::LaborQueries,
    margin::MarginQueries,
    masters::MasterQueries,
    periods::PeriodQueries,
    reports::ReportQueries,
    viewer::ViewerQueries,
    what_if::WhatIfQueries,
);
