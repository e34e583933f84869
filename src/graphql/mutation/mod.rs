//! The mutation side of the API, one file a subject.

mod activity;
pub mod allocation;
mod chargebacks;
mod charges;
mod corrections;
mod credits;
mod currencies;
mod export_batches;
mod journal_drafts;
mod labor;
mod margin;
mod masters;
mod periods;
mod prices;
mod rules;

use async_graphql::MergedObject;

use crate::app::AppError;
use crate::domain::rejection::Rejection;

/// Writes. A business refusal is data in `userErrors`, and nothing was written then.
#[derive(MergedObject, Default)]
pub struct Mutation(
    activity::ActivityMutations,
    allocation::AllocationMutations,
    chargebacks::ChargebackMutations,
    charges::ChargeMutations,
    corrections::CorrectionMutations,
    credits::CreditMutations,
    currencies::CurrencyMutations,
    export_batches::ExportBatchMutations,
    journal_drafts::JournalDraftMutations,
    labor::LaborMutations,
    margin::MarginMutations,
    masters::MasterMutations,
    periods::PeriodMutations,
    prices::PriceMutations,
    rules::RuleMutations,
);

/// Reads every item of a list; all that cannot be read are refused together, each with its place in the list.
fn read_all<I, O>(items: Vec<I>, field: &'static str, read: impl Fn(I) -> Result<O, Rejection>) -> Result<Vec<O>, AppError> {
    let (mut values, mut refused) = (Vec::with_capacity(items.len()), Vec::new());
    for (position, item) in items.into_iter().enumerate() {
        match read(item) {
            Ok(value) => values.push(value),
            Err(rejection) => refused.push(rejection.under(position.to_string()).under(field)),
        }
    }
    if refused.is_empty() { Ok(values) } else { Err(AppError::Rejected(refused)) }
}
