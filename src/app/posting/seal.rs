//! Sealing: the entries of a transaction become leaves of the Merkle tree, in the transaction that stores them.

use super::write_batch::Batch;
use crate::app::integrity::{Blocks, Node, leaf_hash, push};
use crate::domain::integrity::Frontier;
use crate::domain::journal::{EntryHead, EntryLine, write_entry};
use crate::domain::period::Moment;

/// What the tree gains by a transaction.
pub struct Sealed {
    pub frontier: Frontier,
    /// The mark of each entry, in their order.
    pub marks: Vec<i64>,
    pub nodes: Vec<Node>,
}

/// Adds the batch's entries to the tree. `blocks` knows every coding block they name.
pub fn seal(batch: &Batch, blocks: &Blocks, frontier: &Frontier) -> Sealed {
    let mut sealed = Sealed { frontier: frontier.clone(), marks: Vec::with_capacity(batch.entries.len()), nodes: Vec::new() };
    let mut postings = batch.postings.iter().peekable();
    let mut text = String::with_capacity(512);
    for entry in &batch.entries {
        text.clear();
        let head = EntryHead {
            number: entry.number,
            kind: entry.kind.as_str(),
            effective_on: entry.effective_on,
            service_on: entry.service_on,
            recorded_at: Moment(batch.recorded_at),
            charge: entry.charge,
            corrects: entry.corrects,
            memo: entry.memo.as_deref(),
        };
        // Postings stand in the order of their entries.
        let own = std::iter::from_fn(|| postings.next_if(|posting| posting.0 == entry.number));
        let lines = own.map(|(_, _, posting)| EntryLine {
            side: posting.side,
            amount: posting.amount,
            currency: posting.currency,
            block: blocks.digest(i64::from(posting.block.0)),
        });
        write_entry(&mut text, &head, lines);
        let leaf = leaf_hash(&text);
        sealed.marks.push(leaf.mark());
        push(&mut sealed.frontier, leaf, &mut sealed.nodes);
    }
    sealed
}
