//! Names that are known from their first appearance.

use entity::{coding_block, interned_name};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};

use crate::domain::chart::{CenterKind, NameKind};
use crate::domain::ids::{BooksId, NameId};
use crate::store::{Store, StoreError};

/// All names of a kind in the order of their bytes.
///
/// # Errors
/// Any database failure.
pub async fn name_list(store: &Store, books: BooksId, kind: NameKind) -> Result<Vec<String>, StoreError> {
    Ok(sorted(name_query(books, kind).into_tuple().all(&store.db).await?))
}

/// The names of a kind that are recorded together with one of the cost centers. Kinds that no coding block carries have none.
///
/// # Errors
/// Any database failure.
pub async fn name_list_of_centers(
    store: &Store,
    books: BooksId,
    kind: NameKind,
    centers: &[(CenterKind, NameId)],
) -> Result<Vec<String>, StoreError> {
    use coding_block::Column;
    let named = match kind {
        NameKind::Feature => Column::FeatureId,
        NameKind::Provider => Column::ProviderId,
        NameKind::Model => Column::ModelId,
        NameKind::Environment => Column::EnvironmentId,
        NameKind::Source | NameKind::ApiKey | NameKind::Variant => return Ok(Vec::new()),
    };
    if centers.is_empty() {
        return Ok(Vec::new());
    }
    let of = |kind: CenterKind| centers.iter().filter(move |center| center.0 == kind).map(|center| i64::from(center.1.0));
    let any = Condition::any()
        .add(Column::TeamId.is_in(of(CenterKind::Team)))
        .add(Column::ProjectId.is_in(of(CenterKind::Project)))
        .add(Column::ClientId.is_in(of(CenterKind::Client)));
    let mut blocks = Query::select();
    blocks.column((coding_block::Entity, named)).from(coding_block::Entity);
    blocks.and_where(Expr::col((coding_block::Entity, Column::BooksId)).eq(i64::from(books.0))).cond_where(any);
    let query = name_query(books, kind).filter(interned_name::Column::Id.in_subquery(blocks));
    Ok(sorted(query.into_tuple().all(&store.db).await?))
}
fn name_query(books: BooksId, kind: NameKind) -> sea_orm::Select<interned_name::Entity> {
    interned_name::Entity::find()
        .select_only()
        .column(interned_name::Column::Name)
        .filter(interned_name::Column::BooksId.eq(i64::from(books.0)))
        .filter(interned_name::Column::Kind.eq(i64::from(kind.id())))
}

/// Here and not in SQL: the engines' collations differ.
fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names
}
