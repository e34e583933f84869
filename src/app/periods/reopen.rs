//! Reopening a period takes two persons, each with a reason. What was computed on it is stale from then on.

use serde_json::json;

use super::read::{PeriodView, period};
use super::{LONGEST_REASON, change, mark_stale, permitted};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::duties::persons;
use crate::app::masters::required;
use crate::app::posting::Session;
use crate::app::{App, AppError};
use crate::domain::ids::EntryNumber;
use crate::domain::manual_journals::Persons;
use crate::domain::period::{Month, PeriodStatus};
use crate::domain::rejection::{Code, Rejection};
use crate::store::period::{PeriodChange, ReopeningRequest};

/// What either person sends.
#[derive(Debug, Clone)]
pub struct ReopenInput {
    /// `YYYY-MM`.
    pub period: String,
    pub reason: String,
}

/// Asks for a closed period to be reopened. The same person asking again changes nothing, also when an agent asks for that person.
///
/// # Errors
/// `Forbidden`; `Rejected` with `DATE_INVALID`, `MISSING_FIELD`, `PERIOD_LOCKED`, `NOTHING_TO_REOPEN`, `LATER_PERIOD_CLOSED`,
/// `REOPENING_REQUESTED`; any database failure.
pub async fn request_reopening(app: &App, actor: &Actor, input: ReopenInput) -> Result<PeriodView, AppError> {
    let books = permitted(app, actor, Permission::ClosePeriods).await?;
    let (month, reason) = (Month::parse(&input.period)?, required("reason", &input.reason, LONGEST_REASON)?);
    let asking = actor.clone();
    change(app, &books, move |session| request_in_tx(session, &asking, month, reason)).await?;
    period(app, &books, month).await
}

/// Agrees to the reopening that another person asked for, which opens the period.
///
/// # Errors
/// `Forbidden`; `Rejected` with `DATE_INVALID`, `MISSING_FIELD`, `PERIOD_LOCKED`, `NOTHING_TO_REOPEN`, `LATER_PERIOD_CLOSED`,
/// `REOPENING_NOT_REQUESTED`, `SAME_PERSON`; any database failure.
pub async fn approve_reopening(app: &App, actor: &Actor, input: ReopenInput) -> Result<PeriodView, AppError> {
    let books = permitted(app, actor, Permission::ReopenPeriods).await?;
    let (month, reason) = (Month::parse(&input.period)?, required("reason", &input.reason, LONGEST_REASON)?);
    let agreeing = actor.clone();
    change(app, &books, move |session| approve_in_tx(session, &agreeing, month, reason)).await?;
    period(app, &books, month).await
}

fn open_request(session: &mut Session, month: Month) -> Result<Option<ReopeningRequest>, AppError> {
    Ok(session.periods().open_request_list()?.into_iter().find(|request| request.month == month))
}

fn request_in_tx(session: &mut Session, actor: &Actor, month: Month, reason: String) -> Result<(), AppError> {
    session.masters().calendar.closings.check_reopen(month, session.current_month())?;
    if let Some(request) = open_request(session, month)? {
        if is_same_person(&request, actor) {
            return Ok(());
        }
        let message = format!("{} asked for it already: send approveReopening", request.subject);
        return Err(Rejection::at(Code::ReopeningRequested, "period", message).into());
    }
    let recorded_at = session.recorded_at();
    let after_change = session.periods().last_change(month)?;
    let request =
        ReopeningRequest { month, after_change, subject: actor.subject.clone(), acting_for: actor.acting_for.clone(), reason, recorded_at };
    session.periods().request_insert(&request)?;
    let told =
        Change { action: "period.requestReopening", object: format!("period {month}"), reason: Some(request.reason), ..Change::default() };
    session.audit(audit::event(actor, told));
    Ok(())
}

fn approve_in_tx(session: &mut Session, actor: &Actor, month: Month, reason: String) -> Result<(), AppError> {
    let (closings, current) = (session.masters().calendar.closings, session.current_month());
    closings.check_reopen(month, current)?;
    let request = open_request(session, month)?.ok_or_else(|| Rejection::of(Code::ReopeningNotRequested).under("period"))?;
    if is_same_person(&request, actor) {
        let message = format!("{} asked for this reopening: another person agrees to it", request.subject);
        return Err(Rejection::at(Code::SamePerson, "period", message).into());
    }
    let (status, recorded_at) = (closings.status(month, current), session.recorded_at());
    let through = EntryNumber(session.head.last_entry);
    let change = PeriodChange {
        month,
        number: request.after_change.saturating_add(1),
        from: status,
        to: PeriodStatus::Open,
        subject: actor.subject.clone(),
        requested_by: Some(request.subject),
        reason: Some(format!("asked: {}; agreed: {reason}", request.reason)),
        through_entry: through,
        recorded_at,
    };
    session.periods().change_insert(&change, through)?;
    let marked = mark_stale(session, month)?;
    let told = Change {
        action: "period.reopen",
        object: format!("period {month}"),
        before: Some(json!({ "status": status.as_str() })),
        after: Some(json!({ "status": "OPEN", "requestedBy": change.requested_by, "markedStale": marked })),
        reason: change.reason,
    };
    session.audit(audit::event(actor, told));
    Ok(())
}

/// Whoever acts for another is both: neither agrees to what either asked for.
fn is_same_person(request: &ReopeningRequest, actor: &Actor) -> bool {
    let asked = Persons { subject: request.subject.clone(), acting_for: request.acting_for.clone() };
    asked.share_one_with(&persons(actor))
}
