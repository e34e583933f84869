//! Parts of revenue whose day has come are booked; the others wait in sight.

use std::collections::BTreeMap;

use serde_json::json;

use super::post::post;
use crate::app::activity::permitted;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::{Session, command};
use crate::app::reports::reading::reading;
use crate::app::{App, AppError};
use crate::domain::money::Currency;
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::ledger::Ledger;
use crate::store::revenue::{recognition_insert, waiting_delete, waiting_list, waiting_sums};

/// Parts booked in one transaction, so that other writers wait shortly.
const PARTS_AT_ONCE: usize = 1_000;

/// What waits for its day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingRevenue {
    pub parts: i64,
    /// In ledger units.
    pub amounts: BTreeMap<Currency, i128>,
}

/// What was booked now, and what waits on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognized {
    pub recognized: usize,
    pub waiting: WaitingRevenue,
}

/// Books every waiting part whose day is at most `through` (included), the earliest first. Run again it finds nothing left; cut off, it goes on.
///
/// # Errors
/// `Forbidden`; `DATE_OUT_OF_RANGE` for a day that has not come; what the gate refuses.
pub async fn recognize_revenue(app: &App, actor: &Actor, through: Day) -> Result<Recognized, AppError> {
    let books = permitted(app, actor).await?;
    let recorded_at = Moment::from_instant(app.clock().now());
    let mut recognized = 0_usize;
    loop {
        let who = actor.clone();
        let count = books.desk().run(recorded_at, move |session| recognize_in_tx(session, &who, through)).await?;
        recognized = recognized.saturating_add(count);
        if count < PARTS_AT_ONCE {
            break;
        }
    }
    let waiting = crate::app::reports::reading::in_reading(app, &books, |ledger, books, _| waiting_of(ledger, books)).await?;
    Ok(Recognized { recognized, waiting })
}

/// Everything that waits for its day.
///
/// # Errors
/// [`AppError::Forbidden`], also for a token limited to cost centers, or a database failure.
pub async fn waiting_revenue(app: &App, actor: &Actor) -> Result<WaitingRevenue, AppError> {
    reading(app, actor, Permission::ReadReports, |ledger, books, _| waiting_of(ledger, books)).await
}

fn waiting_of(ledger: &mut Ledger, books: crate::domain::ids::BooksId) -> Result<WaitingRevenue, AppError> {
    let mut waiting = WaitingRevenue::default();
    for (currency, parts, units) in waiting_sums(ledger, books, Day(i32::MAX))? {
        waiting.parts = waiting.parts.saturating_add(parts);
        waiting.amounts.insert(currency, units);
    }
    Ok(waiting)
}

fn recognize_in_tx(session: &mut Session, actor: &Actor, through: Day) -> Result<usize, AppError> {
    let (books, recorded_at) = (command::books(session), command::recorded_at(session));
    let today = session.service_day(recorded_at);
    if through > today {
        let message = format!("`through` is {through}; today is {today}, and what is earned later waits for its day");
        return Err(Rejection::at(Code::DateOutOfRange, "through", message).into());
    }
    let due = waiting_list(command::ledger(session), books, through, PARTS_AT_ONCE)?;
    let mut recognised = Vec::with_capacity(due.len());
    for part in &due {
        recognised.push(post(session, part)?);
        waiting_delete(command::ledger(session), books, part)?;
    }
    recognition_insert(command::ledger(session), books, &recognised, recorded_at)?;
    if !recognised.is_empty() {
        let after = json!({ "through": through.to_string(), "recognized": recognised.len() });
        let change = Change { action: "revenue.recognize", object: "revenue".to_owned(), after: Some(after), ..Change::default() };
        session.audit(audit::event(actor, change));
    }
    Ok(recognised.len())
}
