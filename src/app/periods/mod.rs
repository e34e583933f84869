//! Periods: closing months in their order, reopening them by two persons, and the checklist that says what is missing.
//!
//! Every change runs at the posting desk, under the lock of the books, so that an entry is either in the period before its close or refused.
//! It raises the masters' version: each writer reads the closed months again before it decides anything. What changes is told to the audit
//! log in the same transaction.

mod activity_items;
mod checklist;
mod close;
mod handover_items;
mod read;
mod reopen;
mod review;
mod settings;
mod stale;

pub use checklist::{CloseChecklist, Item, ItemCode, ItemState, close_checklist};
pub use close::{CloseInput, close_period};
pub use read::{PeriodQuery, PeriodView, periods};
pub use reopen::{ReopenInput, approve_reopening, request_reopening};
pub use review::{ReviewInput, review_accruals};
pub use settings::percent;
pub use settings::{BooksSettings, ThresholdsInput, save_books_settings, save_close_thresholds};
pub use stale::{mark_stale, renew, stale_objects_of};

pub use crate::store::period::{PeriodChange, ReopeningRequest, StaleMark, Thresholds};

use std::sync::Arc;

use super::auth::{Actor, Permission};
use super::masters::Masters;
use super::posting::Session;
use super::{App, AppError, Books};
use crate::domain::period::{Day, Moment, Month};
use crate::store::StoreError;
use crate::store::ledger::Ledger;
use crate::store::period::Periods;

/// Longest reason or note: a page of text.
const LONGEST_REASON: usize = 2_000;

impl Session {
    /// The period tables in this transaction.
    pub(in crate::app) fn periods(&mut self) -> Periods<'_> {
        Periods { books: self.books, ledger: &mut self.ledger }
    }

    /// The moment of this transaction.
    pub(in crate::app) fn recorded_at(&self) -> Moment {
        Moment(self.batch.recorded_at)
    }
}

/// The books of an actor who may do this.
async fn permitted(app: &App, actor: &Actor, permission: Permission) -> Result<Arc<Books>, AppError> {
    if !actor.may(permission) {
        return Err(AppError::Forbidden(permission));
    }
    app.books(actor).await
}

/// Changes periods in a transaction of its own under the books' lock, and lets this process see it at once.
async fn change<T: Send + 'static>(
    app: &App,
    books: &Books,
    work: impl FnOnce(&mut Session) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let answer = books.desk().run(Moment::from_instant(app.clock().now()), work).await?;
    if let Err(error) = books.refresh_masters(app.store()).await {
        // The change is durable; whoever works with the masters next finds their version and loads them.
        tracing::warn!(%error, "the changed periods are not loaded yet");
    }
    Ok(answer)
}

/// What reads are made with: the masters of now, today in the books' time zone, and one moment of the tables.
struct Reading<'a> {
    periods: Periods<'a>,
    masters: Arc<Masters>,
    today: Day,
}

impl Reading<'_> {
    fn current(&self) -> Month {
        self.today.month()
    }
}

/// Reads periods as of one moment.
async fn reading<T: Send + 'static>(
    app: &App,
    books: &Books,
    read: impl FnOnce(&mut Reading<'_>) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    let masters = books.refresh_masters(app.store()).await?;
    let today = masters.zone().day_of(Moment::from_instant(app.clock().now()));
    let (store, id, runtime) = (app.store().clone(), books.id(), tokio::runtime::Handle::current());
    let work = move || {
        let mut ledger = Ledger::open(&store, runtime)?;
        ledger.begin_reading()?;
        let answer = read(&mut Reading { periods: Periods { ledger: &mut ledger, books: id }, masters, today });
        ledger.rollback();
        answer
    };
    let answer = tokio::task::spawn_blocking(work).await;
    answer.map_err(|error| AppError::Internal(StoreError::Unavailable(error.to_string())))?
}
