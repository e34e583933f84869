//! Deciding: another person approves a draft, which posts it, or rejects it.

use super::read::{DraftView, draft_view};
use super::{LONGEST_TEXT, draft_by_id, now, permitted, tell};
use crate::app::auth::{Actor, Permission};
use crate::app::duties::persons;
use crate::app::masters::required;
use crate::app::posting::Session;
use crate::app::{App, AppError};
use crate::domain::chart::{CodingBlock, NameKind};
use crate::domain::duties::Duty;
use crate::domain::ids::{DraftId, EntryNumber, NameId};
use crate::domain::journal::Posting;
use crate::domain::manual_journals::{DraftContent, DraftStatus, Step};
use crate::domain::rejection::{Code, Rejection};
use crate::store::journal_draft::{Approval, Draft, approval_insert, approval_list, draft_save};
use crate::store::journal_limit::limits_find;

/// What an approver sends.
#[derive(Debug, Clone)]
pub struct ApproveInput {
    pub id: i64,
    /// The content that was read; refused when the draft says something else by now.
    pub content_hash: Option<String>,
}

/// Approves a draft. The approval that is the last needed posts the entry in the same transaction.
///
/// # Errors
/// `Forbidden`; `DRAFT_NOT_FOUND`, `DRAFT_NOT_OPEN`, `DRAFT_CHANGED`, `SAME_PERSON`, `APPROVER_LIMIT_EXCEEDED`, `JOURNAL_LIMIT_EXCEEDED`,
/// `DUTIES_EXCLUDED`, `PERIOD_CLOSED` and its kin, `LEDGER_OVERFLOW`; any database failure.
pub async fn approve_journal_draft(app: &App, actor: &Actor, input: ApproveInput) -> Result<DraftView, AppError> {
    let books = permitted(app, actor, Permission::ApproveJournals).await?;
    let (id, approving) = (DraftId(input.id), actor.clone());
    books.desk().run(now(app), move |session| approve_in_tx(session, &approving, &input)).await?;
    draft_view(app, actor, id).await
}

fn approve_in_tx(session: &mut Session, actor: &Actor, input: &ApproveInput) -> Result<(), AppError> {
    let before = draft_by_id(session, input.id)?;
    before.status.allow(Step::Decide)?;
    check_other_person(&before, actor)?;
    if input.content_hash.as_ref().is_some_and(|hash| *hash != before.content_hash) {
        return Err(Rejection::of(Code::DraftChanged).under("contentHash").into());
    }
    let approver = persons(actor);
    let given = approval_list(&mut session.ledger, session.books, &before)?;
    if given.iter().any(|approval| approval.approver.share_one_with(&approver)) {
        return Err(Rejection::at(Code::SamePerson, "id", "you approved it already: a second person has to").into());
    }
    session.check_duty(actor, Duty::Approving, None)?;
    session.check_duty(actor, Duty::Posting, None)?;
    let limits = limits_find(&mut session.ledger, session.books)?;
    limits.allow_approver(&approver, &before.content.lines)?;
    // The limits of now, when they ask for more than those at its submission.
    let approvals_needed = limits.approvals_needed(&before.content.lines)?.max(before.approvals_needed);
    let approval = Approval {
        draft: before.id,
        version: before.version,
        approver,
        issuer: actor.issuer.clone(),
        content_hash: before.content_hash.clone(),
        approved_at: session.recorded_at(),
    };
    approval_insert(&mut session.ledger, session.books, &before, &approval)?;
    let mut draft = Draft { approvals_needed, ..before.clone() };
    let count = i64::try_from(given.len()).unwrap_or(i64::MAX).saturating_add(1);
    if count >= approvals_needed {
        session.act_as_closer(actor.may(Permission::ClosePeriods) || before.prepared_as_closer);
        draft.entry = Some(post(session, &before.content)?);
        draft.status = DraftStatus::Posted;
        draft.decided_by = Some(actor.subject.clone());
        draft.decided_at = Some(session.recorded_at());
    }
    draft_save(&mut session.ledger, session.books, &draft)?;
    tell(session, actor, "journalDraft.approve", Some(&before), &draft);
    Ok(())
}

/// Passes the entry through the gate.
fn post(session: &mut Session, content: &DraftContent) -> Result<EntryNumber, AppError> {
    let mut postings: Vec<Posting> = Vec::with_capacity(content.lines.len());
    for line in &content.lines {
        let feature = session.name(NameKind::Feature, line.feature.as_deref()).map_err(|rejection| rejection.under("id"))?;
        let block = session.block(CodingBlock {
            account: line.account,
            team: line.team,
            project: line.project,
            client: line.client,
            feature,
            provider: NameId::NONE,
            model: NameId::NONE,
            environment: NameId::NONE,
        });
        postings.push(line.posting(block));
    }
    session.post(&content.entry(&postings)).map_err(|error| error.placed(Code::LedgerOverflow, "id"))
}

fn check_other_person(draft: &Draft, actor: &Actor) -> Result<(), Rejection> {
    if !draft.prepared_by.share_one_with(&persons(actor)) {
        return Ok(());
    }
    let message = format!("{} prepared this entry: another person approves or rejects it", draft.prepared_by.subject);
    Err(Rejection::at(Code::SamePerson, "id", message))
}

/// Gives a draft back to its preparer with a reason.
///
/// # Errors
/// `Forbidden`; `MISSING_FIELD`, `DRAFT_NOT_FOUND`, `DRAFT_NOT_OPEN`, `SAME_PERSON`; any database failure.
pub async fn reject_journal_draft(app: &App, actor: &Actor, id: i64, reason: String) -> Result<DraftView, AppError> {
    let books = permitted(app, actor, Permission::ApproveJournals).await?;
    let reason = required("reason", &reason, LONGEST_TEXT)?;
    let rejecting = actor.clone();
    let work = move |session: &mut Session| {
        let before = draft_by_id(session, id)?;
        before.status.allow(Step::Decide)?;
        check_other_person(&before, &rejecting)?;
        let draft = Draft {
            status: DraftStatus::Rejected,
            decided_by: Some(rejecting.subject.clone()),
            decided_at: Some(session.recorded_at()),
            reason: Some(reason),
            ..before.clone()
        };
        draft_save(&mut session.ledger, session.books, &draft)?;
        tell(session, &rejecting, "journalDraft.reject", Some(&before), &draft);
        Ok(())
    };
    books.desk().run(now(app), work).await?;
    draft_view(app, actor, DraftId(id)).await
}
