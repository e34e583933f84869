//! How each provider is paid: invoiced afterwards, or from credits bought in advance.

use std::collections::BTreeMap;

use super::check;
use super::save::{permitted, save};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::posting_rules::{GrantPolicy, OverdrawPolicy, ProviderTerms, Settlement};
use crate::domain::rejection::Rejection;
use crate::store::masters::MastersChange;

/// A provider's setting, as it is given and kept. The name is that of the charges, in the same case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderInput {
    pub provider: String,
    pub settlement: Settlement,
    /// What its grants are; as before when absent.
    pub grants: Option<GrantPolicy>,
    /// What becomes of usage beyond prepaid credits; as before when absent.
    pub overdraw: Option<OverdrawPolicy>,
}

/// Saves how providers are paid, for what is booked from then on.
///
/// # Errors
/// Refusals by item; [`AppError::Forbidden`]; any database failure.
pub async fn save_providers(app: &App, actor: &Actor, inputs: Vec<ProviderInput>) -> Result<Vec<ProviderInput>, AppError> {
    let books = permitted(app, actor, Permission::SaveMasters).await?;
    let checked = |input: &ProviderInput| -> Result<ProviderInput, Rejection> {
        Ok(ProviderInput { provider: check::code("provider", &input.provider)?, ..input.clone() })
    };
    let given = check::items("providers", &inputs, checked)?;
    save(app, actor, &books, |masters, _| {
        let terms = |input: &ProviderInput| {
            let known = masters.provider_terms(&input.provider);
            ProviderTerms {
                settlement: input.settlement,
                grants: input.grants.unwrap_or(known.grants),
                overdraw: input.overdraw.unwrap_or(known.overdraw),
            }
        };
        let last: BTreeMap<&str, ProviderTerms> = given.iter().map(|input| (input.provider.as_str(), terms(input))).collect();
        let changed = last.iter().filter(|(provider, terms)| masters.settlements.get(**provider) != Some(*terms));
        let settlements = changed.map(|(provider, terms)| ((*provider).to_owned(), *terms)).collect();
        let saved = |input: &ProviderInput| {
            let ProviderTerms { grants, overdraw, .. } = terms(input);
            ProviderInput { grants: Some(grants), overdraw: Some(overdraw), ..input.clone() }
        };
        let saved = given.iter().map(saved).collect();
        Ok((MastersChange { settlements, ..MastersChange::default() }, saved))
    })
    .await
}
