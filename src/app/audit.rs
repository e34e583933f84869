//! What the audit log says of a use case: who, for whom, how authenticated, on which request, before and after, and why.

use serde_json::Value;

use super::auth::Actor;
use crate::store::audit::AuditEvent;

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
