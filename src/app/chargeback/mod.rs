//! Chargeback: statements of what a center is charged for a month, from their draft to what another system says of them.
//!
//! Every step runs at the posting desk, under the books' lock, and is told to the audit log in the same transaction. What a month costs is
//! read from the journal each time: this module depends on no table of those who post there.

mod approve;
mod draft;
mod file;
mod ground;
mod handover;
mod post;
mod read;
mod stale;
mod terms;

pub use approve::{ApproveInput, approve_chargeback, withdraw_chargeback};
pub use draft::{DraftInput, draft_chargebacks};
pub use file::{FileFormat, FileQuery, StatementFile, statement_file};
pub use handover::{AcknowledgeInput, acknowledge_chargeback, mark_chargeback_exported};
pub use post::{PostInput, PostedStatements, ReverseInput, post_chargebacks, reverse_chargeback};
pub use read::{Audience, StatementView, StatementsQuery, chargeback, chargeback_document, chargebacks};
pub(super) use stale::{KIND as STALE_KIND, objects as stale_objects};
pub use terms::{
    RebillTermsInput, RebillTermsView, StandardRateInput, rebill_terms, save_rebill_terms, save_standard_rates, standard_rates,
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::AppError;
use super::audit::{self, Change};
use super::auth::{Actor, Permission};
use super::posting::Session;
use crate::app::{App, Books};
use crate::domain::chargeback::{Content, StatementNumber};
use crate::domain::period::{Moment, Month};
use crate::domain::rejection::{Code, Rejection};
use crate::store::chargeback::{Statement, StatementFilter, statement_list, statement_save};

/// Longest reason or document number in bytes.
const LONGEST_TEXT: usize = 500;

/// The books of somebody who may do this, for all centers: a token limited to some does not charge others.
async fn permitted(app: &App, actor: &Actor, permission: Permission) -> Result<std::sync::Arc<Books>, AppError> {
    if !actor.may(permission) || actor.scope.is_some() {
        return Err(AppError::Forbidden(permission));
    }
    app.books(actor).await
}

fn now(app: &App) -> Moment {
    Moment::from_instant(app.clock().now())
}

/// Nothing is charged of a month that has not begun: nobody used anything in it.
fn refuse_future(session: &Session, period: Month) -> Result<(), Rejection> {
    if period <= session.current_month() {
        return Ok(());
    }
    let message = format!("{period} has not begun: statements are made of months that have");
    Err(Rejection::at(Code::PeriodFuture, "period", message))
}

fn not_found() -> Rejection {
    Rejection::of(Code::StatementNotFound).under("number")
}

/// The statement of this number as it is shown, under the books' lock.
fn statement_by_number(session: &mut Session, number: &str) -> Result<Statement, AppError> {
    let number = StatementNumber::parse(number).ok_or_else(not_found)?;
    let filter = StatementFilter { numbers: Some(vec![number]), ..StatementFilter::default() };
    let found = statement_list(&mut session.ledger, session.books, &filter)?.pop();
    found.ok_or_else(|| not_found().into())
}

/// Stores what became of a statement, and tells it to the audit log.
fn save_step(session: &mut Session, actor: &Actor, action: &'static str, before: &Statement, after: &Statement) -> Result<(), AppError> {
    statement_save(&mut session.ledger, session.books, after)?;
    let change = Change {
        action,
        object: format!("chargeback {}", after.number),
        before: Some(told(before)),
        after: Some(told(after)),
        reason: after.reason.clone(),
    };
    session.audit(audit::event(actor, change));
    Ok(())
}

fn told(statement: &Statement) -> Value {
    json!({
        "status": statement.status.as_str(),
        "total": statement.total.to_string(),
        "contentHash": statement.content_hash,
        "entry": statement.entry.map(|entry| entry.to_string()),
        "reversal": statement.reversal.map(|entry| entry.to_string()),
        "documentNumber": statement.document_number,
    })
}

/// SHA-256 of a statement's number and content, in hexadecimal: what an approval names. The form is fixed by its fields' order.
pub(super) fn content_hash(number: StatementNumber, content: &Content) -> String {
    let mut hasher = Sha256::new();
    let mut field = |text: &str| {
        hasher.update(text.len().to_be_bytes());
        hasher.update(text.as_bytes());
    };
    let terms = &content.terms;
    let numbers = [
        number.0,
        i64::from(terms.period.0),
        i64::from(content.kind.id()),
        i64::from(content.center.0),
        i64::from(content.currency.id()),
        i64::from(terms.basis.id()),
        i64::from(terms.showback),
        i64::from(terms.provider.0),
        i64::from(terms.treatment.id()),
        i64::from(terms.receivable.0),
    ];
    numbers.iter().for_each(|number| field(&number.to_string()));
    field(&terms.markup.normalized().to_string());
    for line in &content.lines {
        let numbers = [i64::from(line.kind.id()), i64::from(line.month.0), line.cost.units(), line.amount.units()];
        numbers.iter().for_each(|number| field(&number.to_string()));
        field(&line.description);
        for text in [line.provider.as_deref(), line.model.as_deref(), line.feature.as_deref(), line.unit, line.rate.as_deref()] {
            field(text.unwrap_or_default());
        }
        field(&line.quantity.map(|quantity| quantity.to_string()).unwrap_or_default());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
