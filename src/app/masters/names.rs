//! Features, providers, models and environments: known from their first appearance on a charge.

use super::save::permitted;
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::chart::{CenterKind, NameKind};
use crate::store::masters::{name_list, name_list_of_centers};

/// The names of a kind, sorted. A token limited to cost centers sees those recorded together with one of its centers.
///
/// # Errors
/// [`AppError::Forbidden`]; any database failure.
pub async fn names(app: &App, actor: &Actor, kind: NameKind) -> Result<Vec<String>, AppError> {
    let books = permitted(app, actor, Permission::ReadMasters).await?;
    let Some(scope) = &actor.scope else { return Ok(name_list(app.store(), books.id(), kind).await?) };
    let masters = books.refresh_masters(app.store()).await?;
    let of = |kind: CenterKind, codes: &std::collections::BTreeSet<String>| {
        codes.iter().filter_map(|code| Some((kind, masters.center_by_code(kind, code)?.id))).collect::<Vec<_>>()
    };
    let centers =
        [of(CenterKind::Team, &scope.teams), of(CenterKind::Project, &scope.projects), of(CenterKind::Client, &scope.clients)].concat();
    Ok(name_list_of_centers(app.store(), books.id(), kind, &centers).await?)
}
