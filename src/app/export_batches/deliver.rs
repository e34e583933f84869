//! The log of deliveries: whoever carries a batch over says that it arrived, or why it did not.

use serde_json::json;

use super::answer::find;
use super::read::BatchView;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::{Session, command};
use crate::app::{App, AppError};
use crate::domain::period::Moment;
use crate::store::export_batch::{AttemptRow, attempt_insert, attempt_list};

const LONGEST_CHANNEL: usize = 100;
const LONGEST_NOTE: usize = 1_000;

/// An attempt.
#[derive(Debug, Clone)]
pub struct DeliverInput {
    pub id: i64,
    /// How it went over, such as `rest`.
    pub channel: String,
    pub is_delivered: bool,
    pub note: Option<String>,
}

/// Writes an attempt down. A delivered batch that has no answer yet is exported.
///
/// # Errors
/// `Forbidden`; `EXPORT_BATCH_NOT_FOUND`, `MISSING_FIELD`, `TEXT_TOO_LONG`; any database failure.
pub async fn deliver_export_batch(app: &App, actor: &Actor, input: DeliverInput) -> Result<BatchView, AppError> {
    if !actor.may(Permission::DeliverExports) {
        return Err(AppError::Forbidden(Permission::DeliverExports));
    }
    let books = app.books(actor).await?;
    command::text("channel", &input.channel, LONGEST_CHANNEL)?;
    input.note.as_deref().map_or(Ok(()), |note| command::text("note", note, LONGEST_NOTE))?;
    let (id, delivering) = (input.id, actor.clone());
    let work = move |session: &mut Session| deliver_in_tx(session, &delivering, input);
    books.desk().run(Moment::from_instant(app.clock().now()), work).await?;
    super::read::must(app, actor, id).await
}

pub(super) fn deliver_in_tx(session: &mut Session, actor: &Actor, input: DeliverInput) -> Result<(), AppError> {
    let batch = find(session, input.id)?;
    let number = attempt_list(&mut session.ledger, session.books, batch.id)?.last().map_or(0, |attempt| attempt.number);
    let attempt = AttemptRow {
        number: number.saturating_add(1),
        recorded_at: command::recorded_at(session),
        subject: actor.subject.clone(),
        channel: input.channel,
        is_delivered: input.is_delivered,
        note: input.note,
    };
    attempt_insert(&mut session.ledger, session.books, batch.id, &attempt)?;
    let after = json!({ "attempt": attempt.number, "channel": attempt.channel, "delivered": attempt.is_delivered, "note": attempt.note });
    let object = format!("export batch {} {}", batch.target, batch.number);
    session.audit(audit::event(actor, Change { action: "exportBatch.deliver", object, after: Some(after), ..Change::default() }));
    Ok(())
}
