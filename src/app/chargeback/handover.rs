//! What becomes of a posted statement elsewhere: it was taken, and booked under a document of its own.

use super::read::{StatementView, view_of};
use super::{LONGEST_TEXT, now, permitted, save_step, statement_by_number};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::{Session, command};
use crate::app::{App, AppError};
use crate::domain::chargeback::{StatementStatus, Step};
use crate::store::chargeback::Statement;

/// What the other system says.
#[derive(Debug, Clone)]
pub struct AcknowledgeInput {
    pub number: String,
    /// Under which it booked the statement.
    pub document_number: String,
}

/// Says that a posted statement was given to another system.
///
/// # Errors
/// `Forbidden`; `STATEMENT_NOT_FOUND`, `STATEMENT_NOT_OPEN`; any database failure.
pub async fn mark_chargeback_exported(app: &App, actor: &Actor, number: String) -> Result<StatementView, AppError> {
    let change = |before: &Statement| Statement { status: StatementStatus::Exported, ..before.clone() };
    step(app, actor, number, Step::Export, "chargeback.export", change).await
}

/// Takes the other system's answer.
///
/// # Errors
/// `Forbidden`; `MISSING_FIELD`, `TEXT_TOO_LONG`, `TEXT_INVALID`, `STATEMENT_NOT_FOUND`, `STATEMENT_NOT_OPEN`; any database failure.
pub async fn acknowledge_chargeback(app: &App, actor: &Actor, input: AcknowledgeInput) -> Result<StatementView, AppError> {
    let AcknowledgeInput { number, document_number } = input;
    permitted(app, actor, Permission::DeliverExports).await?;
    command::text("documentNumber", &document_number, LONGEST_TEXT)?;
    let change = move |before: &Statement| Statement {
        status: StatementStatus::Acknowledged,
        document_number: Some(document_number),
        ..before.clone()
    };
    step(app, actor, number, Step::Acknowledge, "chargeback.acknowledge", change).await
}

async fn step(
    app: &App,
    actor: &Actor,
    number: String,
    step: Step,
    action: &'static str,
    change: impl FnOnce(&Statement) -> Statement + Send + 'static,
) -> Result<StatementView, AppError> {
    let books = permitted(app, actor, Permission::DeliverExports).await?;
    let who = actor.clone();
    let work = move |session: &mut Session| {
        let before = statement_by_number(session, &number)?;
        before.status.allow(step)?;
        let after = change(&before);
        save_step(session, &who, action, &before, &after)?;
        Ok(after.number)
    };
    let number = books.desk().run(now(app), work).await?;
    view_of(app, actor, number).await
}
