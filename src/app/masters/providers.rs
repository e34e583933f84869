//! How each provider is paid: invoiced afterwards, or from credits bought in advance.

use std::collections::BTreeMap;

use super::check;
use super::save::{permitted, save};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::posting_rules::Settlement;
use crate::domain::rejection::Rejection;
use crate::store::masters::MastersChange;

/// A provider's setting, as it is given and kept. The name is that of the charges, in the same case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderInput {
    pub provider: String,
    pub settlement: Settlement,
}

/// Saves how providers are paid, for what is booked from then on.
///
/// # Errors
/// Refusals by item; [`AppError::Forbidden`]; any database failure.
pub async fn save_providers(app: &App, actor: &Actor, inputs: Vec<ProviderInput>) -> Result<Vec<ProviderInput>, AppError> {
    let books = permitted(app, actor, Permission::SaveMasters).await?;
    let checked = |input: &ProviderInput| -> Result<ProviderInput, Rejection> {
        Ok(ProviderInput { provider: check::code("provider", &input.provider)?, settlement: input.settlement })
    };
    let given = check::items("providers", &inputs, checked)?;
    save(app, actor, &books, |masters, _| {
        let last: BTreeMap<&str, Settlement> = given.iter().map(|input| (input.provider.as_str(), input.settlement)).collect();
        let changed = last.into_iter().filter(|(provider, settlement)| masters.settlements.get(*provider) != Some(settlement));
        let settlements = changed.map(|(provider, settlement)| (provider.to_owned(), settlement)).collect();
        Ok((MastersChange { settlements, ..MastersChange::default() }, given.clone()))
    })
    .await
}
