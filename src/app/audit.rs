//! What the audit log says of a use case: who, for whom, how authenticated, on which request, before and after, and why.

use serde_json::{Value, json};

use super::auth::{Actor, Permission};
use super::journal::Page;
use super::{App, AppError};
use crate::domain::rejection::{Code, Rejection};
use crate::store::audit::{AuditEvent, event_list};

pub use crate::store::audit::{EventFilter, RecordedEvent};

/// A change that is told to the audit log.
#[derive(Debug, Default)]
pub struct Change {
    /// What was done, such as `period.close`.
    pub action: &'static str,
    /// What it was done to, such as `period 2026-01`.
    pub object: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    pub reason: Option<String>,
}

/// The event of a change by this actor. Secrets and prompts have no place in it.
pub fn event(actor: &Actor, change: Change) -> AuditEvent {
    let Change { action, object, before, after, reason } = change;
    AuditEvent {
        action,
        object,
        subject: actor.subject.clone(),
        acting_for: actor.acting_for.clone(),
        issuer: actor.issuer.clone(),
        token_id: actor.token_id.clone(),
        request_id: actor.request_id.clone(),
        before: before.map(|value| value.to_string()),
        after: after.map(|value| value.to_string()),
        reason,
    }
}

/// An event of the program itself: nobody asked it, it belongs to creating or upgrading the books.
pub fn event_of_program(action: &'static str, object: String, after: Value) -> AuditEvent {
    AuditEvent {
        action,
        object,
        subject: "tallybook".to_owned(),
        acting_for: None,
        issuer: "program".to_owned(),
        token_id: None,
        request_id: None,
        before: None,
        after: Some(after.to_string()),
        reason: None,
    }
}

/// One page of the audit log after a number, in the order of the numbers.
///
/// # Errors
/// [`AppError::Forbidden`]; `RANGE_INVALID` when `to` is not later than `from`; any database failure.
pub async fn events(app: &App, actor: &Actor, filter: &EventFilter, after: i64, first: usize) -> Result<Page<RecordedEvent>, AppError> {
    if !actor.may(Permission::ReadAudit) {
        return Err(AppError::Forbidden(Permission::ReadAudit));
    }
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from >= to
    {
        return Err(Rejection::at(Code::RangeInvalid, "to", "`to` must be later than `from`; it is the first moment not included").into());
    }
    let books = app.books(actor).await?;
    let limit = u64::try_from(first).unwrap_or(u64::MAX).saturating_add(1);
    Ok(Page::of(event_list(app.store(), books.id(), filter, after, limit).await?, first))
}

/// One event as a line of JSON: what `tallybook audit export` writes. Absent members are null; before and after are objects.
pub fn line(event: &RecordedEvent) -> Value {
    let object =
        |text: &Option<String>| text.as_deref().map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or_else(|_| text.into()));
    json!({
        "number": event.number,
        "recordedAt": event.recorded_at.to_instant().to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        "action": event.action,
        "object": event.object,
        "subject": event.subject,
        "actingFor": event.acting_for,
        "issuer": event.issuer,
        "tokenId": event.token_id,
        "requestId": event.request_id,
        "before": object(&event.before),
        "after": object(&event.after),
        "reason": event.reason,
    })
}
