//! Events of the audit log.

use async_graphql::{InputObject, SimpleObject};

use crate::app::audit::{EventFilter, RecordedEvent};
use crate::domain::rejection::Rejection;
use crate::graphql::scalars::{BigInt, DateTime};

/// One thing that somebody did, written in the transaction that did it. Events are never changed.
#[derive(Debug, Clone, SimpleObject)]
pub struct AuditEvent {
    /// Gapless within the books.
    number: BigInt,
    recorded_at: DateTime,
    /// What was done, such as `period.close`.
    action: String,
    /// What it was done to, such as `period 2026-01`.
    object: String,
    /// Who did it: `act.sub` of a token that acts for another, else `sub`.
    subject: String,
    /// For whom the subject acted: `sub` of a token that has `act`.
    acting_for: Option<String>,
    /// Who vouches for the subject: how it was authenticated.
    issuer: String,
    token_id: Option<String>,
    /// The request that it came with, as `x-request-id` of the answer names it.
    request_id: Option<String>,
    /// The object before, as JSON text; absent when it was created.
    before: Option<String>,
    /// The object after, as JSON text; absent when it was taken away.
    after: Option<String>,
    /// The reason that was given.
    reason: Option<String>,
}

/// Which events; all conditions hold.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AuditEventFilter {
    action: Option<String>,
    object: Option<String>,
    /// Who did it, or for whom it was done.
    subject: Option<String>,
    /// Recorded from this instant on.
    from: Option<DateTime>,
    /// Recorded before this instant.
    to: Option<DateTime>,
}

impl AuditEventFilter {
    /// # Errors
    /// `DATE_INVALID` at the field.
    pub fn read(self) -> Result<EventFilter, Rejection> {
        Ok(EventFilter {
            action: self.action,
            object: self.object,
            subject: self.subject,
            from: self.from.map(|from| from.to_moment("from")).transpose()?,
            to: self.to.map(|to| to.to_moment("to")).transpose()?,
        })
    }
}

impl From<RecordedEvent> for AuditEvent {
    fn from(event: RecordedEvent) -> Self {
        Self {
            number: event.number.into(),
            recorded_at: event.recorded_at.into(),
            action: event.action,
            object: event.object,
            subject: event.subject,
            acting_for: event.acting_for,
            issuer: event.issuer,
            token_id: event.token_id,
            request_id: event.request_id,
            before: event.before,
            after: event.after,
            reason: event.reason,
        }
    }
}
