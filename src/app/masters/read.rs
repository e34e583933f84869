//! Reading masters: the snapshot for writers of charges, and lists for callers.

use std::sync::Arc;

use super::save::permitted;
use super::{Masters, visible_centers};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError};
use crate::domain::chart::{Account, CostCenter};
use crate::domain::ids::BooksId;
use crate::domain::rating::PriceBook;
use crate::store::Store;
use crate::store::masters::{MastersRows, masters_load};

/// Loads everything that charges are decided by, as of one moment.
///
/// # Errors
/// Any database failure.
pub async fn load_masters(store: &Store, books: BooksId) -> Result<Masters, AppError> {
    Ok(from_rows(masters_load(store, books).await?))
}

pub(super) fn from_rows(rows: MastersRows) -> Masters {
    let aliases = rows.aliases.into_iter().map(|alias| (alias.provider, alias.alias, alias.model));
    let mut masters = Masters::default();
    masters.version = rows.version;
    masters.accounts = rows.accounts;
    masters.centers = rows.centers;
    masters.attribution_rules = rows.attribution_rules;
    masters.posting_rules = rows.posting_rules;
    masters.settlements = rows.settlements.into_iter().collect();
    masters.price_book = PriceBook::new(rows.prices, aliases, rows.discounts);
    masters.calendar = rows.calendar;
    masters.least_persons = rows.least_persons;
    masters.bearing_accounts = rows.bearing_accounts.into_iter().collect();
    masters.indexed()
}

/// The whole current snapshot.
///
/// # Errors
/// [`AppError::Forbidden`] also for a token that is limited to cost centers: it reads [`cost_centers`] and [`accounts`] instead, because
/// rules name everybody's centers.
pub async fn masters(app: &App, actor: &Actor) -> Result<Arc<Masters>, AppError> {
    let books = permitted(app, actor, Permission::ReadMasters).await?;
    if actor.scope.is_some() {
        return Err(AppError::Forbidden(Permission::ReadMasters));
    }
    books.refresh_masters(app.store()).await
}

/// The cost centers that the actor may see, by kind and code.
///
/// # Errors
/// [`AppError::Forbidden`]; any database failure.
pub async fn cost_centers(app: &App, actor: &Actor) -> Result<Vec<CostCenter>, AppError> {
    let books = permitted(app, actor, Permission::ReadMasters).await?;
    let masters = books.refresh_masters(app.store()).await?;
    Ok(visible_centers(&masters, actor.scope.as_ref()))
}

/// The chart of accounts in the order of the codes. It holds nobody's figures, so limited tokens see it whole.
///
/// # Errors
/// [`AppError::Forbidden`]; any database failure.
pub async fn accounts(app: &App, actor: &Actor) -> Result<Vec<Account>, AppError> {
    let books = permitted(app, actor, Permission::ReadMasters).await?;
    Ok(books.refresh_masters(app.store()).await?.accounts.clone())
}
