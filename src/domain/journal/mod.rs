//! The journal: balanced, immutable entries. It knows accounts and money, not what a token is.

mod canonical;
mod decide;
mod entry;
mod reversal;

pub use canonical::{BlockNames, EntryHead, EntryLine, write_block, write_entry};
pub use decide::{View, decide};
pub use entry::{EntryDraft, EntryKind, JournalEntry, MOST_POSTINGS, Posting, Side};
pub use reversal::{ReversalView, reverse};

#[cfg(test)]
mod tests;
