//! The sign-off that the accruals of a period were looked at. A reopening makes it stale.

use serde_json::json;

use super::read::{PeriodView, period};
use super::{LONGEST_REASON, change, permitted, renew};
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::masters::{Masters, required};
use crate::app::posting::Session;
use crate::app::{App, AppError};
use crate::domain::chart::well_known;
use crate::domain::ids::EntryNumber;
use crate::domain::money::{Currency, Money};
use crate::domain::period::{Month, PeriodStatus};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::period::{AccrualReview, Periods};

/// The kind under which stale marks name sign-offs.
pub(super) const KIND: &str = "ACCRUAL_REVIEW";

/// What the reviewer signs.
#[derive(Debug, Clone)]
pub struct ReviewInput {
    pub period: String,
    /// What was looked at, and what came of it.
    pub note: String,
}

/// Signs the accruals of a period off, as its close checklist asks.
///
/// # Errors
/// `Forbidden`; `Rejected` with `DATE_INVALID`, `MISSING_FIELD`, `TEXT_TOO_LONG`, `PERIOD_FUTURE`, `PERIOD_CLOSED`; any database failure.
pub async fn review_accruals(app: &App, actor: &Actor, input: ReviewInput) -> Result<PeriodView, AppError> {
    let books = permitted(app, actor, Permission::ClosePeriods).await?;
    let month = Month::parse(&input.period)?;
    let note = required("note", &input.note, LONGEST_REASON)?;
    let reviewer = actor.clone();
    change(app, &books, move |session| review_in_tx(session, &reviewer, month, note)).await?;
    period(app, &books, month).await
}

fn review_in_tx(session: &mut Session, actor: &Actor, month: Month, note: String) -> Result<(), AppError> {
    // What may still be soft-closed may still be reviewed.
    let status = session.masters().calendar.closings.status(month, session.current_month());
    status.check_close(month, PeriodStatus::SoftClosed)?;
    if status >= PeriodStatus::Closed {
        return Err(Rejection::of(Code::PeriodClosed).under("period").into());
    }
    let masters = session.masters().clone();
    let figures = Some(accruals(&mut session.periods(), &masters, month)?);
    let number = i64::try_from(session.periods().review_list(month)?.len()).unwrap_or(i64::MAX).saturating_add(1);
    let review = AccrualReview {
        month,
        number,
        subject: actor.subject.clone(),
        note,
        through_entry: EntryNumber(session.head.last_entry),
        recorded_at: session.recorded_at(),
        figures,
    };
    session.periods().review_insert(&review)?;
    renew(session, month, KIND)?;
    let after = json!({ "review": number, "throughEntry": review.through_entry.to_string() });
    let told = Change {
        action: "period.reviewAccruals",
        object: format!("period {month}"),
        before: None,
        after: Some(after),
        reason: Some(review.note),
    };
    session.audit(audit::event(actor, told));
    Ok(())
}

/// The sign-offs of a month, as stale marks name them.
pub(super) fn objects(session: &mut Session, month: Month) -> Result<Vec<String>, AppError> {
    Ok(session.periods().review_list(month)?.into_iter().map(|review| review.number.to_string()).collect())
}

/// What is accrued at the end of a month, in words that a person can check against account 2100.
pub(super) fn accruals(periods: &mut Periods<'_>, masters: &Masters, month: Month) -> Result<String, StoreError> {
    let Some(account) = masters.account(well_known::ACCRUED_USAGE) else { return Ok("nothing".to_owned()) };
    let nets = periods.account_net(account.id, month)?;
    let shown = |(currency, net): &(Currency, i128)| format!("{} {currency}", Money::exact_of_units(-*net, *currency));
    let nets: Vec<String> = nets.iter().filter(|(_, net)| *net != 0).map(shown).collect();
    Ok(if nets.is_empty() { "nothing".to_owned() } else { nets.join(", ") })
}

/// Whether the accruals of a month are signed off as they are now; else what is missing.
pub(super) fn review_state(
    periods: &mut Periods<'_>,
    masters: &Masters,
    month: Month,
) -> Result<(Option<AccrualReview>, Option<String>), StoreError> {
    let Some(latest) = periods.review_list(month)?.pop() else {
        return Ok((None, Some(format!("nobody signed the accruals of {month} off: send reviewAccruals"))));
    };
    let object = latest.number.to_string();
    let is_stale = periods.stale_list()?.iter().any(|mark| mark.month == month && mark.kind == KIND && mark.object == object);
    let now = accruals(periods, masters, month)?;
    let missing = match &latest.figures {
        _ if is_stale => Some(format!("{month} was reopened since {} signed its accruals off: send reviewAccruals", latest.subject)),
        Some(signed) if *signed != now => {
            Some(format!("{} signed accruals of {signed} off, now they are {now}: send reviewAccruals", latest.subject))
        }
        _ => None,
    };
    Ok((Some(latest), missing))
}
