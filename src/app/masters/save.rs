//! The frame of every save: permission, lock, current snapshot, decision, commit, refreshed snapshot.

use std::sync::Arc;
use std::time::Duration;

use super::told::Saving;
use super::{Masters, read};
use crate::app::auth::{Actor, Permission};
use crate::app::{App, AppError, Books, duties};
use crate::domain::duties::Duty;
use crate::domain::period::Moment;
use crate::store::masters::{MastersChange, MastersTransaction, Numbers, masters_begin};
use crate::store::{Store, StoreError};

/// Pauses before a save is tried again after another writer kept the database busy.
const PAUSES: [Duration; 3] = [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(400)];

/// The books of an actor who may do this.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`].
pub(super) async fn permitted(app: &App, actor: &Actor, permission: Permission) -> Result<Arc<Books>, AppError> {
    if !actor.may(permission) {
        return Err(AppError::Forbidden(permission));
    }
    app.books(actor).await
}

/// The tries of a use case while another writer keeps the database busy, in which case nothing was written.
///
/// A loop around it, and not a function that takes the use case: the futures of closures over references are not `Send` to the compiler.
#[derive(Default)]
pub(super) struct Tries {
    made: usize,
}

impl Tries {
    /// Waits for a moment, if the use case shall be tried again.
    pub(super) async fn again(&mut self, is_busy: bool) -> bool {
        let Some(pause) = PAUSES.get(self.made).filter(|_| is_busy) else { return false };
        self.made = self.made.saturating_add(1);
        tokio::time::sleep(*pause).await;
        true
    }
}

/// Whether another writer was in the way.
pub(super) fn is_busy<T>(answer: &Result<T, AppError>) -> bool {
    matches!(answer, Err(AppError::Unavailable(StoreError::Busy(_))))
}

/// Saves what `decide` makes of the current masters. It may run more than once; each run sees the masters that its commit would change.
pub(super) async fn save<T>(
    app: &App,
    actor: &Actor,
    books: &Books,
    decide: impl Fn(&Masters, &mut Numbers) -> Result<(MastersChange, T), AppError>,
) -> Result<T, AppError> {
    let saving = saving(app, actor);
    let mut tries = Tries::default();
    loop {
        let answer = save_once(app.store(), books, saving, &decide).await;
        if !tries.again(is_busy(&answer)).await {
            return answer;
        }
    }
}

async fn save_once<T>(
    store: &Store,
    books: &Books,
    saving: Saving<'_>,
    decide: impl Fn(&Masters, &mut Numbers) -> Result<(MastersChange, T), AppError>,
) -> Result<T, AppError> {
    let (mut transaction, masters) = begin(store, books).await?;
    let (change, answer) = decide(&masters, &mut transaction.numbers)?;
    commit(store, books, Decided { transaction, masters: &masters, saving, change }).await?;
    Ok(answer)
}

/// Takes the lock of the books' head row, with the masters as they are under it.
pub(super) async fn begin(store: &Store, books: &Books) -> Result<(MastersTransaction, Arc<Masters>), AppError> {
    // Loaded before the lock is taken, so that other writers rarely wait for it.
    let masters = books.refresh_masters(store).await?;
    let transaction = masters_begin(store, books.id()).await?;
    if transaction.version() == masters.version {
        return Ok((transaction, masters));
    }
    let masters = Arc::new(read::from_rows(transaction.load().await?));
    Ok((transaction, masters))
}

/// Who saves, and the moment of the save.
pub(super) fn saving<'a>(app: &App, actor: &'a Actor) -> Saving<'a> {
    Saving { actor, at: Moment::from_instant(app.clock().now()) }
}

/// A change that is ready to be stored, and the masters that it was decided on.
pub(super) struct Decided<'a> {
    pub transaction: MastersTransaction,
    pub masters: &'a Masters,
    pub saving: Saving<'a>,
    pub change: MastersChange,
}

/// Stores the change, if there is one, with what the audit log says of it, and lets the books' writers see it.
pub(super) async fn commit(store: &Store, books: &Books, decided: Decided<'_>) -> Result<(), AppError> {
    let Decided { transaction, masters, saving, mut change } = decided;
    if change.is_empty() {
        return Ok(());
    }
    let keeps_aliases = !(change.aliases.is_empty() && change.removed_aliases.is_empty());
    let keeps_prices = keeps_aliases || !(change.prices.is_empty() && change.discounts.is_empty());
    if keeps_prices {
        let (duty, persons) = (Duty::PriceBook, duties::persons(saving.actor));
        if let Some(event) = transaction.excluding_act(&persons, duty.excluded().actions()).await? {
            return Err(duties::excluded(duty, Some(event)).into());
        }
    }
    change.audit.extend(saving.events(masters, &change));
    transaction.commit(&change).await?;
    if let Err(error) = books.refresh_masters(store).await {
        // The save is durable; whoever works with the masters next finds their version and loads them.
        tracing::warn!(%error, "the saved masters are not loaded yet");
    }
    Ok(())
}
