//! Approving by another person, who is told when the cost changed meanwhile; and withdrawing.

use super::ground::{Ground, Wanted};
use super::read::{StatementView, view_of};
use super::{LONGEST_TEXT, content_hash, now, permitted, refuse_future, save_step, statement_by_number};
use crate::app::auth::{Actor, Permission};
use crate::app::duties::persons;
use crate::app::masters::required;
use crate::app::posting::Session;
use crate::app::{App, AppError};
use crate::domain::chargeback::{StatementStatus, Step};
use crate::domain::duties::Duty;
use crate::domain::rejection::{Code, Rejection};
use crate::store::chargeback::Statement;

/// What an approver sends.
#[derive(Debug, Clone)]
pub struct ApproveInput {
    pub number: String,
    /// The content that was read; refused when the statement says something else.
    pub content_hash: Option<String>,
}

/// Approves a statement, which freezes it.
///
/// # Errors
/// `Forbidden`; `STATEMENT_NOT_FOUND`, `STATEMENT_NOT_OPEN`, `PERIOD_FUTURE`, `SAME_PERSON`, `STATEMENT_CHANGED`, `DUTIES_EXCLUDED`; any database failure.
pub async fn approve_chargeback(app: &App, actor: &Actor, input: ApproveInput) -> Result<StatementView, AppError> {
    let books = permitted(app, actor, Permission::ApproveJournals).await?;
    let approver = actor.clone();
    let number = books.desk().run(now(app), move |session| approve_in_tx(session, &approver, &input)).await?;
    view_of(app, actor, number).await
}

fn approve_in_tx(
    session: &mut Session,
    actor: &Actor,
    input: &ApproveInput,
) -> Result<crate::domain::chargeback::StatementNumber, AppError> {
    let before = statement_by_number(session, &input.number)?;
    before.status.allow(Step::Approve)?;
    refuse_future(session, before.content.terms.period)?;
    let approver = persons(actor);
    if before.drafted_by.share_one_with(&approver) {
        let message = format!("{} drafted this statement: another person approves it", before.drafted_by.subject);
        return Err(Rejection::at(Code::SamePerson, "number", message).into());
    }
    if input.content_hash.as_ref().is_some_and(|hash| *hash != before.content_hash) {
        return Err(Rejection::of(Code::StatementChanged).under("contentHash").into());
    }
    session.check_duty(actor, Duty::Approving, None)?;
    check_unchanged(session, &before)?;
    let after = Statement {
        status: StatementStatus::Approved,
        approved_by: Some(approver),
        approved_at: Some(session.recorded_at()),
        ..before.clone()
    };
    save_step(session, actor, "chargeback.approve", &before, &after)?;
    Ok(after.number)
}

/// Makes the statement again: an approver does not freeze what is no longer so.
fn check_unchanged(session: &mut Session, statement: &Statement) -> Result<(), AppError> {
    let (content, terms) = (&statement.content, &statement.content.terms);
    let wanted =
        Wanted { kind: content.kind, showback: terms.showback, period: terms.period, basis: terms.basis, center: Some(content.center) };
    let made_again = Ground::read(session, wanted)?.content(terms.clone(), (content.center, content.currency))?;
    if content_hash(statement.number, &made_again) == statement.content_hash {
        return Ok(());
    }
    let message = format!(
        "the statement charges {}, by now it would be {}: draft {} again, then approve the new statement",
        statement.total,
        made_again.total()?,
        terms.period
    );
    Err(Rejection::at(Code::StatementChanged, "number", message).into())
}

/// Takes a statement back that is not posted. It keeps its number.
///
/// # Errors
/// `Forbidden`; `MISSING_FIELD`, `STATEMENT_NOT_FOUND`, `STATEMENT_NOT_OPEN`; any database failure.
pub async fn withdraw_chargeback(app: &App, actor: &Actor, number: String, reason: String) -> Result<StatementView, AppError> {
    let books = permitted(app, actor, Permission::PostCorrections).await?;
    let reason = required("reason", &reason, LONGEST_TEXT)?;
    let who = actor.clone();
    let work = move |session: &mut Session| {
        let before = statement_by_number(session, &number)?;
        before.status.allow(Step::Withdraw)?;
        let after = Statement { status: StatementStatus::Void, reason: Some(reason), ..before.clone() };
        save_step(session, &who, "chargeback.withdraw", &before, &after)?;
        Ok(after.number)
    };
    let number = books.desk().run(now(app), work).await?;
    view_of(app, actor, number).await
}
