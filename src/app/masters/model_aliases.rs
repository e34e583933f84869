//! Other names of priced models.

use super::save::{permitted, save};
use super::{Masters, check};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
pub use crate::store::masters::ModelAlias;
use crate::store::masters::{MastersChange, alias_list, known_alias_list};

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

/// Takes aliases back: the names are priced as themselves again. Those of charges that are booked change by `rerateCharges`. One that was taken
/// back before stays so. Answers what was taken back now, in the order of the input.
///
/// # Errors
/// `MODEL_ALIAS_UNKNOWN` and other refusals by item; [`AppError::Forbidden`]; any database failure.
pub async fn delete_model_aliases(app: &App, actor: &Actor, inputs: Vec<AliasName>) -> Result<Vec<ModelAlias>, AppError> {
    let books = permitted(app, actor, Permission::SavePrices).await?;
    let given = check::items("modelAliases", &inputs, |input| {
        Ok(AliasName { provider: check::code("provider", &input.provider)?, alias: check::model("alias", &input.alias)? })
    })?;
    let ever = known_alias_list(app.store(), books.id()).await?;
    let now = Moment::from_instant(app.clock().now());
    save(app, actor, &books, |masters, _| {
        let known = check::items("modelAliases", &given, |name| known_alias(masters, &ever, name))?;
        let known: Vec<ModelAlias> = known.into_iter().flatten().collect();
        let once: std::collections::BTreeSet<&ModelAlias> = known.iter().collect();
        let removed_aliases = once.into_iter().map(|alias| (alias.clone(), now)).collect();
        Ok((MastersChange { removed_aliases, ..MastersChange::default() }, known))
    })
    .await
}

/// Which alias: a provider, and the name that is not the model's own.
#[derive(Debug, Clone)]
pub struct AliasName {
    pub provider: String,
    pub alias: String,
}

/// The alias of this name; none when it was taken back before.
fn known_alias(masters: &Masters, ever: &[ModelAlias], name: &AliasName) -> Result<Option<ModelAlias>, Rejection> {
    let AliasName { provider, alias } = name.clone();
    if let Some(model) = masters.price_book.alias(&provider, &alias) {
        return Ok(Some(ModelAlias { model: model.to_owned(), provider, alias }));
    }
    if ever.iter().any(|known| known.provider == provider && known.alias == alias) {
        return Ok(None);
    }
    let message = format!("{provider} has no alias `{alias}`; modelAliases lists those there are");
    Err(Rejection::at(Code::ModelAliasUnknown, "alias", message))
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
