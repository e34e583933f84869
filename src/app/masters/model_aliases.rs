//! Other names of priced models.

use super::check;
use super::save::{permitted, save};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::rejection::{Code, Rejection};
pub use crate::store::masters::ModelAlias;
use crate::store::masters::{MastersChange, alias_list};

/// Saves aliases; one of the same provider and name is replaced. Names are kept in lower case.
///
/// # Errors
/// Refusals by item; [`AppError::Forbidden`]; any database failure.
pub async fn save_model_aliases(app: &App, actor: &Actor, inputs: Vec<ModelAlias>) -> Result<Vec<ModelAlias>, AppError> {
    let books = permitted(app, actor, Permission::SavePrices).await?;
    let given = check::items("modelAliases", &inputs, checked)?;
    save(app, actor, &books, |masters, _| {
        // The last word on a name: one statement cannot write the same row twice.
        let last: std::collections::BTreeMap<_, _> = given.iter().map(|alias| ((&alias.provider, &alias.alias), alias)).collect();
        let is_new = |alias: &&ModelAlias| masters.price_book.alias(&alias.provider, &alias.alias) != Some(alias.model.as_str());
        let aliases = last.into_values().filter(is_new).cloned().collect();
        Ok((MastersChange { aliases, ..MastersChange::default() }, given.clone()))
    })
    .await
}

/// All aliases in the order of provider and alias.
///
/// # Errors
/// [`AppError::Forbidden`]; any database failure.
pub async fn model_aliases(app: &App, actor: &Actor) -> Result<Vec<ModelAlias>, AppError> {
    let books = permitted(app, actor, Permission::ReadPrices).await?;
    Ok(alias_list(app.store(), books.id()).await?)
}

fn checked(input: &ModelAlias) -> Result<ModelAlias, Rejection> {
    let provider = check::code("provider", &input.provider)?;
    let alias = check::model("alias", &input.alias)?;
    let model = check::model("model", &input.model)?;
    if alias == model {
        return Err(Rejection::at(Code::TextInvalid, "alias", format!("`{alias}` is the model's own name")));
    }
    Ok(ModelAlias { provider, alias, model })
}
