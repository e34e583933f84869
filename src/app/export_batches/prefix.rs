//! The letters with which the documents of a target begin: its own, whatever other books and targets send to the same system.

use sha2::{Digest, Sha256};

use crate::app::AppError;
use crate::app::posting::{Session, command};
use crate::domain::export_batch::Prefix;
use crate::domain::rejection::{Code, Rejection};
use crate::store::StoreError;
use crate::store::export_batch::{TargetRow, books_origin, prefix_insert, prefix_is_taken, prefix_list};

/// Derived letters are one of 160,000: of so many attempts one is free.
const MOST_ATTEMPTS: u32 = 100;

/// The prefix of a target: the one it was saved with, else the latest one it got; a derived one for a target that never had any.
///
/// # Errors
/// Any database failure.
pub(super) fn prefix_of(session: &mut Session, target: &TargetRow) -> Result<Prefix, AppError> {
    if let Some(saved) = &target.target.document_prefix {
        return Ok(Prefix::parse(saved)?);
    }
    if let Some(latest) = prefix_list(&mut session.ledger, session.books, target.id)?.pop() {
        return Ok(latest);
    }
    // When the books were created tells two databases apart whose books have the same code.
    let (books, created_at) = books_origin(&mut session.ledger, session.books)?;
    for attempt in 0..MOST_ATTEMPTS {
        let hash = Sha256::digest(format!("{books}\0{}\0{}\0{attempt}", created_at.0, target.code));
        let prefix = Prefix::of_hash(hash.into());
        if !prefix_is_taken(&mut session.ledger, session.books, target.id, &prefix)? {
            keep(session, target.id, &prefix)?;
            return Ok(prefix);
        }
    }
    Err(StoreError::corrupt("every derived prefix of documents is taken").into())
}

/// Reserves the prefix that a target is saved with.
///
/// # Errors
/// `EXPORT_TARGET_INVALID` at `documentPrefix` when another target has it; any database failure.
pub(super) fn reserve(session: &mut Session, target: i64, prefix: &str) -> Result<(), AppError> {
    let prefix = Prefix::parse(prefix)?;
    if prefix_is_taken(&mut session.ledger, session.books, target, &prefix)? {
        let message =
            format!("{} begins the numbers of another target, in these books or in others: choose other letters", prefix.as_str());
        return Err(Rejection::at(Code::ExportTargetInvalid, "documentPrefix", message).into());
    }
    keep(session, target, &prefix)
}

fn keep(session: &mut Session, target: i64, prefix: &Prefix) -> Result<(), AppError> {
    let known = prefix_list(&mut session.ledger, session.books, target)?;
    if known.contains(prefix) {
        return Ok(());
    }
    let number = i64::try_from(known.len()).unwrap_or(i64::MAX).saturating_add(1);
    let at = command::recorded_at(session);
    Ok(prefix_insert(&mut session.ledger, session.books, (target, number), prefix, at)?)
}
