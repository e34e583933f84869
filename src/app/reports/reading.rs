//! Reads beside the balances' own snapshot: one reading transaction on a connection of its own, off the async threads.

use std::sync::Arc;

use super::access::Access;
use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::{App, AppError, Books};
use crate::domain::ids::BooksId;
use crate::store::StoreError;
use crate::store::journal::Visible;
use crate::store::ledger::Ledger;

/// Runs a read that sees the books as of one moment. What it shows belongs to no cost center, so a token limited to some is refused.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] for the books, a database failure, and what the read refuses.
pub(in crate::app) async fn reading<T: Send + 'static>(
    app: &App,
    actor: &Actor,
    permission: Permission,
    read: impl FnOnce(&mut Ledger, BooksId, &Masters) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    if !actor.may(permission) || actor.scope.is_some() {
        return Err(AppError::Forbidden(permission));
    }
    let books = app.books(actor).await?;
    in_reading(app, &books, read).await
}

/// The same for a read that shows a limited token its rows: it is given the centers that the token sees, `None` when it sees every row.
///
/// # Errors
/// As [`reading`].
pub(in crate::app) async fn reading_limited<T: Send + 'static>(
    app: &App,
    actor: &Actor,
    permission: Permission,
    read: impl FnOnce(&mut Ledger, BooksId, &Masters, Option<&Visible>) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let Access { books, visible, .. } = Access::to(app, actor, permission).await?;
    in_reading(app, &books, move |ledger, books, masters| read(ledger, books, masters, visible.as_ref())).await
}

/// The same for somebody who was let in already.
///
/// # Errors
/// A database failure, and what the read refuses.
pub(in crate::app) async fn in_reading<T: Send + 'static>(
    app: &App,
    books: &Books,
    read: impl FnOnce(&mut Ledger, BooksId, &Masters) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let masters: Arc<Masters> = books.refresh_masters(app.store()).await?;
    let (store, id, runtime) = (app.store().clone(), books.id(), tokio::runtime::Handle::current());
    let work = move || {
        let mut ledger = Ledger::open(&store, runtime)?;
        ledger.begin_reading()?;
        let answer = read(&mut ledger, id, &masters);
        ledger.rollback();
        answer
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Internal(StoreError::Unavailable(error.to_string())))?
}
