//! Reads beside the balances' own snapshot: one reading transaction on a connection of its own, off the async threads.

use super::access::Access;
use crate::app::auth::{Actor, Permission};
use crate::app::masters::Masters;
use crate::app::{App, AppError};
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
    reading_limited(app, actor, permission, move |ledger, books, masters, _| read(ledger, books, masters)).await
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
    let access = Access::to(app, actor, permission).await?;
    let (store, id, masters, visible) = (access.store.clone(), access.books_id(), access.masters.clone(), access.visible);
    let runtime = tokio::runtime::Handle::current();
    let work = move || {
        let mut ledger = Ledger::open(&store, runtime)?;
        ledger.begin_reading()?;
        let answer = read(&mut ledger, id, &masters, visible.as_ref());
        ledger.rollback();
        answer
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| AppError::Internal(StoreError::Unavailable(error.to_string())))?
}
