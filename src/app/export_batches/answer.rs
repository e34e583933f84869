//! What the other system says of a batch: booked, or refused line by line. An answer is given once.

use serde_json::json;

use super::freeze::left_over;
use super::read::BatchView;
use crate::app::audit::{self, Change};
use crate::app::auth::{Actor, Permission};
use crate::app::posting::{Session, command};
use crate::app::{App, AppError};
use crate::domain::export_batch::RoundingPolicy;
use crate::domain::period::{Day, Moment};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::export_batch::{
    Answer, BatchFilter, BatchRow, answer_insert, batch_list, batch_sums, carry_add, line_list, lines_exist, reason_insert, window_release,
};

/// Longest number of a document in another system, and longest reason of a refused line.
const LONGEST_DOCUMENT: usize = 200;
const LONGEST_REASON: usize = 1_000;

/// A line that the other system refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLine {
    pub line: i64,
    pub reason: String,
}

/// Either the document and its day, or the refused lines.
#[derive(Debug, Clone)]
pub struct AnswerInput {
    pub id: i64,
    pub document_number: Option<String>,
    pub posted_on: Option<Day>,
    pub rejected: Option<Vec<RejectedLine>>,
}

/// Takes the answer to a batch. A rejected one gives its entries and its carry back; the next batch takes them. The same answer once more
/// changes nothing.
///
/// # Errors
/// `Forbidden`; `EXPORT_ANSWER_INVALID`, `EXPORT_BATCH_NOT_FOUND`, `EXPORT_LINE_UNKNOWN`, `EXPORT_BATCH_ANSWERED`; any database failure.
pub async fn acknowledge_export_batch(app: &App, actor: &Actor, input: AnswerInput) -> Result<BatchView, AppError> {
    if !actor.may(Permission::DeliverExports) {
        return Err(AppError::Forbidden(Permission::DeliverExports));
    }
    let books = app.books(actor).await?;
    let id = input.id;
    let (now, answering) = (Moment::from_instant(app.clock().now()), actor.clone());
    let work = move |session: &mut Session| {
        let batch = find(session, input.id)?;
        match input {
            AnswerInput { document_number: Some(document), posted_on: Some(day), rejected: None, .. } => {
                book(session, &answering, &batch, document, day)
            }
            AnswerInput { document_number: None, posted_on: None, rejected: Some(lines), .. } if !lines.is_empty() => {
                reject(session, &answering, &batch, lines)
            }
            _ => Err(Rejection::of(Code::ExportAnswerInvalid).into()),
        }
    };
    books.desk().run(now, work).await?;
    super::read::must(app, actor, id).await
}

/// The batch of an id, under the books' lock.
///
/// # Errors
/// `EXPORT_BATCH_NOT_FOUND`; any database failure.
pub(super) fn find(session: &mut Session, id: i64) -> Result<BatchRow, AppError> {
    let found = batch_list(&mut session.ledger, session.books, BatchFilter::Id(id))?.pop();
    Ok(found.ok_or_else(|| Rejection::at(Code::ExportBatchNotFound, "id", format!("these books have no export batch {id}")))?)
}

fn book(session: &mut Session, actor: &Actor, batch: &BatchRow, document: String, day: Day) -> Result<(), AppError> {
    command::text("documentNumber", &document, LONGEST_DOCUMENT)?;
    // A posting day may lie in a coming period of the other system, but not before there were any.
    command::past_day("postedOn", day, Day(command::recorded_at(session).day().0.saturating_add(366)))?;
    if let Some(given) = &batch.answer {
        let is_same = given.document_number.as_deref() == Some(document.as_str()) && given.posted_on == Some(day);
        return if is_same { Ok(()) } else { Err(Rejection::at(Code::ExportBatchAnswered, "id", Code::ExportBatchAnswered.help()).into()) };
    }
    let answer = Answer {
        is_rejected: false,
        document_number: Some(document),
        posted_on: Some(day),
        subject: actor.subject.clone(),
        recorded_at: command::recorded_at(session),
    };
    answer_insert(&mut session.ledger, session.books, batch.id, &answer)?;
    let after = json!({ "documentNumber": answer.document_number, "postedOn": day.to_string() });
    tell(session, actor, batch, "exportBatch.acknowledge", after);
    Ok(())
}

fn reject(session: &mut Session, actor: &Actor, batch: &BatchRow, lines: Vec<RejectedLine>) -> Result<(), AppError> {
    let reasons = checked(session, batch, lines)?;
    if batch.answer.is_some() {
        let rows = line_list(&mut session.ledger, session.books, batch.id)?;
        let given: Vec<(i64, String)> = rows.into_iter().filter_map(|row| Some((row.line, row.reason?))).collect();
        let refused = Rejection::at(Code::ExportBatchAnswered, "id", Code::ExportBatchAnswered.help());
        return if given == reasons { Ok(()) } else { Err(refused.into()) };
    }
    let recorded_at = command::recorded_at(session);
    let answer = Answer { is_rejected: true, document_number: None, posted_on: None, subject: actor.subject.clone(), recorded_at };
    answer_insert(&mut session.ledger, session.books, batch.id, &answer)?;
    reason_insert(&mut session.ledger, session.books, batch.id, &reasons)?;
    window_release(&mut session.ledger, session.books, batch.id)?;
    if batch.rounding == RoundingPolicy::Carry {
        let (sums, rounded) = batch_sums(&mut session.ledger, session.books, batch.id)?;
        let negated = |(key, units): (_, i64)| units.checked_neg().map(|units| (key, units));
        let back = left_over(&sums, &rounded)?.into_iter().map(negated).collect::<Option<Vec<_>>>();
        let back = back.ok_or_else(|| StoreError::corrupt("the carry of a batch"))?;
        carry_add(&mut session.ledger, session.books, batch.target_id, &back)?;
    }
    let told: Vec<_> = reasons.iter().map(|(line, reason)| json!({ "line": line, "reason": reason })).collect();
    tell(session, actor, batch, "exportBatch.reject", json!({ "rejected": told }));
    Ok(())
}

/// The reasons in the order of their lines.
fn checked(session: &mut Session, batch: &BatchRow, lines: Vec<RejectedLine>) -> Result<Vec<(i64, String)>, AppError> {
    let last = lines_exist(&mut session.ledger, session.books, batch.id)?;
    let mut reasons: Vec<(i64, String)> = Vec::with_capacity(lines.len());
    let mut seen = std::collections::BTreeSet::new();
    for (position, RejectedLine { line, reason }) in lines.into_iter().enumerate() {
        let under = |rejection: Rejection| rejection.under(position.to_string()).under("rejected");
        command::text("reason", &reason, LONGEST_REASON).map_err(under)?;
        if !(1..=last).contains(&line) || !seen.insert(line) {
            let message =
                format!("the batch has lines 1 to {last}, and each is named once; line {line} is not one of them, or is named twice");
            return Err(under(Rejection::at(Code::ExportLineUnknown, "line", message)).into());
        }
        reasons.push((line, reason));
    }
    reasons.sort_unstable();
    Ok(reasons)
}

fn tell(session: &mut Session, actor: &Actor, batch: &BatchRow, action: &'static str, after: serde_json::Value) {
    let object = format!("export batch {} {}", batch.target, batch.number);
    session.audit(audit::event(actor, Change { action, object, after: Some(after), ..Change::default() }));
}
