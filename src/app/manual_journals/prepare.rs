//! Preparing: a draft is written, edited, submitted and withdrawn by one person.

use chrono::NaiveDate;

use super::content::{PostingInput, Wanted, WriteOffInput, content_hash, resolve};
use super::read::{DraftView, draft_view};
use super::{LONGEST_KEY, LONGEST_TEXT, draft_by_id, now, permitted, tell};
use crate::app::auth::{Actor, Permission};
use crate::app::duties::persons;
use crate::app::ingest::key_hash;
use crate::app::masters::required;
use crate::app::posting::{Command, Session};
use crate::app::{App, AppError};
use crate::domain::duties::Duty;
use crate::domain::ids::DraftId;
use crate::domain::journal::EntryKind;
use crate::domain::manual_journals::{DraftContent, DraftStatus, Step};
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::journal_draft::{Draft, draft_next_id, draft_save, line_insert};
use crate::store::journal_limit::limits_find;

/// An entry made by hand, as it is given.
#[derive(Debug, Clone)]
pub struct PostInput {
    pub idempotency_key: String,
    pub effective_on: NaiveDate,
    pub memo: String,
    /// The entry that it corrects.
    pub corrects: Option<i64>,
    pub postings: Vec<PostingInput>,
    /// Submitted at once; else it stays a draft.
    pub submit: bool,
}

/// New content of a draft.
#[derive(Debug, Clone)]
pub struct EditInput {
    pub id: i64,
    pub effective_on: NaiveDate,
    pub memo: String,
    pub corrects: Option<i64>,
    pub postings: Vec<PostingInput>,
    pub submit: bool,
}

/// Prepares an entry. It gets its number when another person approves it. The same key and content again is answered with the same draft.
///
/// # Errors
/// `Forbidden`; refusals with their paths; `JOURNAL_LIMIT_EXCEEDED`, `IDEMPOTENCY_CONFLICT`, `DUTIES_EXCLUDED`; any database failure.
pub async fn post_journal_entry(app: &App, actor: &Actor, input: PostInput) -> Result<DraftView, AppError> {
    let PostInput { idempotency_key, effective_on, memo, corrects, postings, submit } = input;
    let wanted = Wanted { kind: EntryKind::Manual, effective_on, memo, corrects, postings };
    create(app, actor, ("postJournalEntry", idempotency_key), submit, move |_| Ok(wanted)).await
}

/// Prepares and submits a write-off.
///
/// # Errors
/// As [`post_journal_entry`]; `WRITE_OFF_INVALID`, `ENTRY_NOT_FOUND`.
pub async fn write_off(app: &App, actor: &Actor, input: WriteOffInput) -> Result<DraftView, AppError> {
    let key = input.idempotency_key.clone();
    create(app, actor, ("writeOff", key), true, move |session| Ok(input.wanted(session.masters())?)).await
}

async fn create(
    app: &App,
    actor: &Actor,
    (operation, key): (&'static str, String),
    submit: bool,
    wanted: impl FnOnce(&Session) -> Result<Wanted, AppError> + Send + 'static,
) -> Result<DraftView, AppError> {
    let books = permitted(app, actor, Permission::PrepareJournals).await?;
    let key = required("idempotencyKey", &key, LONGEST_KEY)?;
    let preparing = actor.clone();
    let work = move |session: &mut Session| {
        let wanted = wanted(session)?;
        let content = key_hash(if submit { "submitted" } else { "draft" }, &format!("{wanted:?}"));
        if let Some((hash, receipt)) = session.command(operation, &key)? {
            if hash != content {
                return Err(Rejection::of(Code::IdempotencyConflict).under("idempotencyKey").into());
            }
            return receipt.parse().map(DraftId).map_err(|_| StoreError::corrupt("the receipt of a draft").into());
        }
        let id = create_in_tx(session, &preparing, &wanted, submit)?;
        session.batch.commands.push(Command { operation, key, content_hash: content, receipt: id.to_string() });
        Ok(id)
    };
    let id = books.desk().run(now(app), work).await?;
    draft_view(app, actor, id).await
}

fn create_in_tx(session: &mut Session, actor: &Actor, wanted: &Wanted, submit: bool) -> Result<DraftId, AppError> {
    let content = resolve(session, wanted)?;
    check_preparer(session, actor, &content)?;
    let approvals_needed = limits_find(&mut session.ledger, session.books)?.approvals_needed(&content.lines)?;
    let mut draft = Draft {
        id: draft_next_id(&mut session.ledger, session.books)?,
        status: DraftStatus::Draft,
        version: 1,
        content,
        content_hash: String::new(),
        approvals_needed,
        prepared_by: persons(actor),
        prepared_issuer: actor.issuer.clone(),
        prepared_at: session.recorded_at(),
        prepared_as_closer: actor.may(Permission::ClosePeriods),
        decided_by: None,
        decided_at: None,
        reason: None,
        entry: None,
    };
    draft.content_hash = content_hash(&draft);
    if submit {
        draft.status = DraftStatus::PendingApproval;
    }
    draft_save(&mut session.ledger, session.books, &draft)?;
    line_insert(&mut session.ledger, session.books, &draft)?;
    tell(session, actor, "journalDraft.create", None, &draft);
    Ok(draft.id)
}

/// Where duties exclude each other, whoever closed the period does not prepare entries in it.
fn check_preparer(session: &mut Session, actor: &Actor, content: &DraftContent) -> Result<(), AppError> {
    session.check_duty(actor, Duty::Preparing, Some(&format!("period {}", content.effective_on.month())))
}

/// The draft, if this person prepared it and may take the step.
fn own_draft(session: &mut Session, actor: &Actor, id: i64, step: Step) -> Result<Draft, AppError> {
    let draft = draft_by_id(session, id)?;
    if draft.prepared_by != persons(actor) {
        let message = format!("{} prepared it", draft.prepared_by.subject);
        return Err(Rejection::at(Code::NotThePreparer, "id", message).into());
    }
    draft.status.allow(step)?;
    Ok(draft)
}

/// Gives a draft new content, which voids what was approved: it is a new version.
///
/// # Errors
/// As [`post_journal_entry`]; `DRAFT_NOT_FOUND`, `NOT_THE_PREPARER`, `DRAFT_NOT_OPEN`.
pub async fn edit_journal_draft(app: &App, actor: &Actor, input: EditInput) -> Result<DraftView, AppError> {
    let books = permitted(app, actor, Permission::PrepareJournals).await?;
    let (id, preparing) = (DraftId(input.id), actor.clone());
    let work = move |session: &mut Session| edit_in_tx(session, &preparing, input);
    books.desk().run(now(app), work).await?;
    draft_view(app, actor, id).await
}

fn edit_in_tx(session: &mut Session, actor: &Actor, input: EditInput) -> Result<(), AppError> {
    let EditInput { id, effective_on, memo, corrects, postings, submit } = input;
    let before = own_draft(session, actor, id, Step::Edit)?;
    let kind = before.content.kind;
    // A write-off stays the write-off of its entry.
    let corrects = if kind == EntryKind::WriteOff { before.content.corrects.map(|entry| entry.0) } else { corrects };
    let content = resolve(session, &Wanted { kind, effective_on, memo, corrects, postings })?;
    check_preparer(session, actor, &content)?;
    let approvals_needed = limits_find(&mut session.ledger, session.books)?.approvals_needed(&content.lines)?;
    let mut draft = Draft {
        status: DraftStatus::Draft,
        version: before.version.saturating_add(1),
        content,
        approvals_needed,
        prepared_as_closer: actor.may(Permission::ClosePeriods),
        decided_by: None,
        decided_at: None,
        reason: None,
        ..before.clone()
    };
    draft.content_hash = content_hash(&draft);
    draft_save(&mut session.ledger, session.books, &draft)?;
    line_insert(&mut session.ledger, session.books, &draft)?;
    if submit {
        draft.status = DraftStatus::PendingApproval;
        draft_save(&mut session.ledger, session.books, &draft)?;
    }
    tell(session, actor, "journalDraft.edit", Some(&before), &draft);
    Ok(())
}

/// Submits a draft for approval.
///
/// # Errors
/// `Forbidden`; `DRAFT_NOT_FOUND`, `NOT_THE_PREPARER`, `DRAFT_NOT_OPEN`, `DUTIES_EXCLUDED`; any database failure.
pub async fn submit_journal_draft(app: &App, actor: &Actor, id: i64) -> Result<DraftView, AppError> {
    step(app, actor, id, |session, actor, id| {
        let before = own_draft(session, actor, id, Step::Submit)?;
        check_preparer(session, actor, &before.content)?;
        let draft = Draft { status: DraftStatus::PendingApproval, ..before.clone() };
        draft_save(&mut session.ledger, session.books, &draft)?;
        tell(session, actor, "journalDraft.submit", Some(&before), &draft);
        Ok(())
    })
    .await
}

/// Takes a draft back, for good.
///
/// # Errors
/// `Forbidden`; `MISSING_FIELD`, `DRAFT_NOT_FOUND`, `NOT_THE_PREPARER`, `DRAFT_NOT_OPEN`; any database failure.
pub async fn withdraw_journal_draft(app: &App, actor: &Actor, id: i64, reason: String) -> Result<DraftView, AppError> {
    let reason = required("reason", &reason, LONGEST_TEXT)?;
    step(app, actor, id, move |session, actor, id| {
        let before = own_draft(session, actor, id, Step::Withdraw)?;
        let decided_at = Some(session.recorded_at());
        let draft = Draft {
            status: DraftStatus::Withdrawn,
            decided_by: Some(actor.subject.clone()),
            decided_at,
            reason: Some(reason),
            ..before.clone()
        };
        draft_save(&mut session.ledger, session.books, &draft)?;
        tell(session, actor, "journalDraft.withdraw", Some(&before), &draft);
        Ok(())
    })
    .await
}

async fn step(
    app: &App,
    actor: &Actor,
    id: i64,
    work: impl FnOnce(&mut Session, &Actor, i64) -> Result<(), AppError> + Send + 'static,
) -> Result<DraftView, AppError> {
    let books = permitted(app, actor, Permission::PrepareJournals).await?;
    let preparing = actor.clone();
    books.desk().run(now(app), move |session| work(session, &preparing, id)).await?;
    draft_view(app, actor, DraftId(id)).await
}
