//! Closing a period: forward only, in the order of the months, and with every open item of the checklist settled or accepted with a reason.

use serde_json::json;

use super::checklist::{Item, ItemState, measure};
use super::handover_items::unfinished;
use super::read::{PeriodView, period};
use super::{LONGEST_REASON, change, permitted};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::required;
use crate::app::posting::Session;
use crate::app::{App, AppError};
use crate::domain::ids::EntryNumber;
use crate::domain::period::{Month, PeriodStatus};
use crate::domain::rejection::{Code, Rejection};
use crate::store::period::PeriodChange;

/// What the closer asks.
#[derive(Debug, Clone)]
pub struct CloseInput {
    /// `YYYY-MM`.
    pub period: String,
    /// Soft-closed, closed or locked.
    pub status: PeriodStatus,
    /// Why items of the checklist may stay open. Unposted statements, unexported entries and hours without a rate stay open where it names them
    /// (`CHARGEBACKS_POSTED`, `ENTRIES_EXPORTED`, `HOURS_RATED`).
    pub accept_open_items: Option<String>,
}

/// Closes a period. Asked for what it is already, it answers with the period and writes nothing.
///
/// # Errors
/// `Forbidden`; `Rejected` with `DATE_INVALID`, `PERIOD_FUTURE`, `PERIOD_CLOSED` or `PERIOD_LOCKED` (it is further closed), `EARLIER_PERIOD_OPEN`,
/// one `CHECKLIST_OPEN` for each open item; any database failure.
pub async fn close_period(app: &App, actor: &Actor, input: CloseInput) -> Result<PeriodView, AppError> {
    let books = permitted(app, actor, Permission::ClosePeriods).await?;
    let month = Month::parse(&input.period)?;
    let accepted = input.accept_open_items.map(|reason| required("acceptOpenItems", &reason, LONGEST_REASON)).transpose()?;
    let closer = actor.clone();
    change(app, &books, move |session| close_in_tx(session, &closer, month, input.status, accepted)).await?;
    period(app, &books, month).await
}

fn close_in_tx(session: &mut Session, actor: &Actor, month: Month, target: PeriodStatus, accepted: Option<String>) -> Result<(), AppError> {
    let (masters, current) = (session.masters().clone(), session.current_month());
    let closings = masters.calendar.closings;
    let status = closings.status(month, current);
    if status == target {
        return Ok(());
    }
    session.check_closer(actor, month)?;
    let with_entries = session.periods().months_with_entries()?;
    closings.check_close(month, current, target, with_entries)?;
    let today = session.service_day(session.recorded_at());
    let items = if target >= PeriodStatus::Closed && status < PeriodStatus::Closed {
        measure(&mut session.periods(), &masters, month, today)?
    } else {
        // A soft close is the first door that falls shut, and a lock the last: unfinished work is asked for at each.
        unfinished(&mut session.periods(), month)?.into()
    };
    let open: Vec<Item> = items.into_iter().filter(|item| item.state == ItemState::Open).collect();
    check_open_items(&open, accepted.as_deref())?;
    let last_entry = EntryNumber(session.head.last_entry);
    let mut periods = session.periods();
    // A period that is closed already holds nothing after its close.
    let through = periods.through_entry(month)?.unwrap_or(last_entry);
    let number = periods.last_change(month)?.saturating_add(1);
    let recorded_at = session.recorded_at();
    let change = PeriodChange {
        month,
        number,
        from: status,
        to: target,
        subject: actor.subject.clone(),
        requested_by: None,
        reason: accepted,
        through_entry: last_entry,
        recorded_at,
    };
    session.periods().change_insert(&change, through)?;
    let open: Vec<&str> = open.iter().map(|item| item.code.as_str()).collect();
    let told = Change {
        action: "period.close",
        object: format!("period {month}"),
        before: Some(json!({ "status": status.as_str() })),
        after: Some(json!({ "status": target.as_str(), "throughEntry": through.to_string(), "openItems": open })),
        reason: change.reason,
    };
    session.audit(audit::event(actor, told));
    Ok(())
}

/// Open items need a reason, some of them one that names them; a trial balance that does not foot has none.
fn check_open_items(open: &[Item], accepted: Option<&str>) -> Result<(), AppError> {
    let is_accepted = |item: &&Item| {
        let is_named = |reason: &str| !item.code.must_be_named() || item.code.is_named_in(reason);
        item.code.may_stay_open() && accepted.is_some_and(is_named)
    };
    let refusal = |item: &Item| {
        let code = item.code.as_str();
        let naming =
            if item.code.must_be_named() { format!("; to close all the same, name {code} in acceptOpenItems") } else { String::new() };
        Rejection::at(Code::ChecklistOpen, "period", format!("{code}: {}{naming}", item.message))
    };
    let refused: Vec<Rejection> = open.iter().filter(|item| !is_accepted(item)).map(refusal).collect();
    if refused.is_empty() { Ok(()) } else { Err(AppError::Rejected(refused)) }
}
