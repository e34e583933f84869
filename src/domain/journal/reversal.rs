//! Reversal: the exact mirror of an entry, once.

use super::{EntryKind, JournalEntry, Posting};
use crate::domain::ids::EntryNumber;
use crate::domain::period::Day;
use crate::domain::rejection::{Code, Rejection};

/// What a reversal needs to know, read under the books' lock.
#[derive(Debug, Clone, Copy)]
pub struct ReversalView<'a> {
    pub original: &'a JournalEntry,
    /// The reversal the entry already has.
    pub reversed_by: Option<EntryNumber>,
}

/// The mirrored postings of an entry, side for side.
///
/// # Errors
/// `ALREADY_REVERSED`, `REVERSAL_OF_REVERSAL`, `REVERSAL_BEFORE_ENTRY`.
pub fn reverse(view: &ReversalView<'_>, effective_on: Day) -> Result<Vec<Posting>, Rejection> {
    if let Some(number) = view.reversed_by {
        return Err(Rejection::at(
            Code::AlreadyReversed,
            "number",
            format!("entry {} was reversed by entry {number}", view.original.number),
        ));
    }
    if view.original.kind == EntryKind::Reversal {
        return Err(Rejection::of(Code::ReversalOfReversal).under("number"));
    }
    if effective_on < view.original.effective_on {
        return Err(Rejection::at(
            Code::ReversalBeforeEntry,
            "effectiveOn",
            format!("entry {} is dated {}", view.original.number, view.original.effective_on),
        ));
    }
    Ok(view.original.postings.iter().map(|posting| Posting { side: posting.side.opposite(), ..*posting }).collect())
}
