//! Statements as stale marks of a reopened period name them.

use crate::app::AppError;
use crate::app::posting::Session;
use crate::domain::chargeback::StatementStatus;
use crate::domain::period::Month;
use crate::store::chargeback::{StatementFilter, statement_list};

/// The kind under which stale marks name statements.
pub(in crate::app) const KIND: &str = "CHARGEBACK";

/// The statements of a month that charge somebody. A new draft of the month computes it again.
///
/// # Errors
/// Any database failure.
pub(in crate::app) fn objects(session: &mut Session, month: Month) -> Result<Vec<String>, AppError> {
    let filter = StatementFilter { period: Some(month), ..StatementFilter::default() };
    let statements = statement_list(&mut session.ledger, session.books, &filter)?;
    let counts = |status: StatementStatus| status.is_live() || status == StatementStatus::Draft;
    Ok(statements.iter().filter(|statement| counts(statement.status)).map(|statement| statement.number.to_string()).collect())
}
