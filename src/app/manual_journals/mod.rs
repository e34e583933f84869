//! Entries made by hand: prepared by one person, approved by another, and posted in the transaction of the approval that is the last needed.
//!
//! Everything runs at the posting desk, under the books' lock, and is told to the audit log in the same transaction. The database refuses
//! an entry of these kinds that no approved draft stands behind.

mod content;
mod decide;
mod limits;
mod prepare;
mod read;

pub use crate::store::journal_draft::Approval;
pub use content::{PostingInput, WriteOffInput};
pub use decide::{ApproveInput, approve_journal_draft, reject_journal_draft};
pub use limits::{ApproverLimitInput, JournalLimitInput, LimitsView, journal_limits, save_journal_limits};
pub use prepare::{EditInput, PostInput, edit_journal_draft, post_journal_entry, submit_journal_draft, withdraw_journal_draft, write_off};
pub use read::{DraftView, LineView, drafts_of_entries, journal_draft, journal_drafts};

use serde_json::{Value, json};

use super::audit::{self, Change};
use super::auth::{Actor, Permission};
use super::posting::Session;
use super::{App, AppError, Books};
use crate::domain::ids::DraftId;
use crate::domain::period::Moment;
use crate::domain::rejection::{Code, Rejection};
use crate::store::journal_draft::{Draft, draft_find};

/// Longest memo or reason: a page of text.
const LONGEST_TEXT: usize = 2_000;
const LONGEST_KEY: usize = 200;

async fn permitted(app: &App, actor: &Actor, permission: Permission) -> Result<std::sync::Arc<Books>, AppError> {
    if !actor.may(permission) {
        return Err(AppError::Forbidden(permission));
    }
    app.books(actor).await
}

fn now(app: &App) -> Moment {
    Moment::from_instant(app.clock().now())
}

fn draft_by_id(session: &mut Session, id: i64) -> Result<Draft, AppError> {
    let found = draft_find(&mut session.ledger, session.books, DraftId(id))?;
    found.ok_or_else(|| Rejection::of(Code::DraftNotFound).under("id").into())
}

/// Tells a step of a draft to the audit log.
fn tell(session: &mut Session, actor: &Actor, action: &'static str, before: Option<&Draft>, after: &Draft) {
    let change = Change {
        action,
        object: format!("journal draft {}", after.id),
        before: before.map(told),
        after: Some(told(after)),
        reason: after.reason.clone(),
    };
    session.audit(audit::event(actor, change));
}

fn told(draft: &Draft) -> Value {
    json!({
        "status": draft.status.as_str(),
        "version": draft.version,
        "kind": draft.content.kind.as_str(),
        "effectiveOn": draft.content.effective_on.to_string(),
        "memo": draft.content.memo,
        "contentHash": draft.content_hash,
        "approvalsNeeded": draft.approvals_needed,
        "entry": draft.entry.map(|entry| entry.to_string()),
    })
}
