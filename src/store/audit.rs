//! The audit log: who did what, written in the transaction that did it. Rows are only ever added.

use entity::audit_event;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::{Store, StoreError};
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

/// A recorded event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Gapless within the books.
    pub number: i64,
    pub recorded_at: Moment,
    pub action: String,
    pub object: String,
    pub subject: String,
    pub acting_for: Option<String>,
    pub issuer: String,
    pub token_id: Option<String>,
    pub request_id: Option<String>,
    /// JSON text.
    pub before: Option<String>,
    /// JSON text.
    pub after: Option<String>,
    pub reason: Option<String>,
}

/// Which events; everything, by default.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub action: Option<String>,
    pub object: Option<String>,
    /// Whoever did it, or for whom it was done.
    pub subject: Option<String>,
    /// Included.
    pub from: Option<Moment>,
    /// Excluded.
    pub to: Option<Moment>,
}

/// Events beyond a number, in the order of their numbers.
///
/// # Errors
/// Any database failure.
pub async fn event_list(
    store: &Store,
    books: BooksId,
    filter: &EventFilter,
    after: i64,
    limit: u64,
) -> Result<Vec<RecordedEvent>, StoreError> {
    use audit_event::Column;
    let mut condition = Condition::all().add(Column::BooksId.eq(i64::from(books.0))).add(Column::Number.gt(after));
    condition = condition
        .add_option(filter.action.as_ref().map(|action| Column::Action.eq(action)))
        .add_option(filter.object.as_ref().map(|object| Column::Object.eq(object)))
        .add_option(filter.subject.as_ref().map(|subject| Column::Subject.eq(subject).or(Column::ActingFor.eq(subject))))
        .add_option(filter.from.map(|from| Column::RecordedAt.gte(from.0)))
        .add_option(filter.to.map(|to| Column::RecordedAt.lt(to.0)));
    let rows = audit_event::Entity::find().filter(condition).order_by_asc(Column::Number).limit(limit).all(&store.db).await?;
    Ok(rows.into_iter().map(recorded).collect())
}

fn recorded(row: audit_event::Model) -> RecordedEvent {
    RecordedEvent {
        number: row.number,
        recorded_at: Moment(row.recorded_at),
        action: row.action,
        object: row.object,
        subject: row.subject,
        acting_for: row.acting_for,
        issuer: row.issuer,
        token_id: row.token_id,
        request_id: row.request_id,
        before: row.before,
        after: row.after,
        reason: row.reason,
    }
}
