//! The audit log: who did what, written in the transaction that did it. Rows are only ever added.

use entity::audit_event;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};

use super::StoreError;
use crate::domain::ids::BooksId;
use crate::domain::period::Moment;

/// An event before it has its number and its time, which are those of its transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// What was done, such as `period.close`.
    pub action: &'static str,
    /// What it was done to, such as `period 2026-01`.
    pub object: String,
    /// Whose token it was.
    pub subject: String,
    /// For whom the subject acted, if for another.
    pub acting_for: Option<String>,
    /// Who vouches for the subject: how it was authenticated.
    pub issuer: String,
    pub token_id: Option<String>,
    pub request_id: Option<String>,
    /// The object before, as JSON; none when it was created.
    pub before: Option<String>,
    /// The object after, as JSON; none when it was taken away.
    pub after: Option<String>,
    /// The reason that was given.
    pub reason: Option<String>,
}

/// Inserts events under the numbers after `last`, and answers the new last number.
///
/// # Errors
/// Any database failure.
pub(super) async fn event_insert(
    transaction: &DatabaseTransaction,
    books: BooksId,
    last: i64,
    events: &[(AuditEvent, Moment)],
) -> Result<i64, StoreError> {
    let mut last = last;
    for (event, recorded_at) in events.iter().cloned() {
        last = last.saturating_add(1);
        let row = audit_event::Model {
            books_id: i64::from(books.0),
            number: last,
            recorded_at: recorded_at.0,
            action: event.action.to_owned(),
            object: event.object,
            subject: event.subject,
            acting_for: event.acting_for,
            issuer: event.issuer,
            token_id: event.token_id,
            request_id: event.request_id,
            before: event.before,
            after: event.after,
            reason: event.reason,
        };
        audit_event::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    }
    Ok(last)
}
