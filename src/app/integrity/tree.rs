//! The tree as it is stored: the frontier on the head row, every 256th hash in `tree_node`.

use super::leaves::{Blocks, scan_leaves, sha256};
use crate::domain::ids::BooksId;
use crate::domain::integrity::{Frontier, Hash, Nodes, node_hash};
use crate::store::StoreError;
use crate::store::ledger::{Cell, Ledger, RowExt};

/// Levels whose hashes are stored: subtrees of 256, 65,536 and 16,777,216 entries. A proof reads a few hundred rows, however long the journal.
pub const STORED_LEVELS: [u32; 3] = [8, 16, 24];
const LEAVES_LEVEL: u32 = 8;

/// A hash to be stored: level, position, root of the subtree.
pub type Node = (u32, u64, Hash);

/// Adds a leaf to a frontier, and what is to be stored of the subtrees it completes to `nodes`.
pub fn push(frontier: &mut Frontier, leaf: Hash, nodes: &mut Vec<Node>) {
    frontier.push(sha256, leaf, |level, position, hash| {
        if STORED_LEVELS.contains(&level) {
            nodes.push((level, position, hash));
        }
    });
}

/// The frontier on the head row.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is none.
pub fn restore(size: i64, peaks: &str) -> Result<Frontier, StoreError> {
    let frontier = u64::try_from(size).ok().and_then(|size| Frontier::parse(size, peaks));
    frontier.ok_or_else(|| StoreError::corrupt("the head row has no frontier of the tree of its size"))
}

/// A number of entries or a position as it is stored.
pub fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Hashes of subtrees from the database: stored ones as they are, smaller ones from their entries.
pub struct StoredNodes<'a> {
    pub ledger: &'a mut Ledger,
    pub books: BooksId,
    pub blocks: &'a Blocks,
}

impl Nodes for StoredNodes<'_> {
    type Error = StoreError;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, StoreError> {
        if level < LEAVES_LEVEL {
            return self.over_entries(level, index);
        }
        if STORED_LEVELS.contains(&level) {
            let key = [Cell::Int(i64::from(self.books.0)), Cell::Int(i64::from(level)), Cell::Int(stored(index))];
            let rows = self.ledger.rows("SELECT hash FROM tree_node WHERE books_id = $1 AND level = $2 AND position = $3", &key)?;
            let hash = rows.first().map(|row| row.text(0)).transpose()?.and_then(Hash::parse);
            return hash.ok_or_else(|| StoreError::corrupt(format!("the tree lacks its node {level}/{index}")));
        }
        let (left, right) = (self.node(level - 1, index * 2)?, self.node(level - 1, index * 2 + 1)?);
        Ok(node_hash(sha256, &left, &right))
    }
}

impl StoredNodes<'_> {
    fn over_entries(&mut self, level: u32, index: u64) -> Result<Hash, StoreError> {
        let width = 1_u64 << level;
        let first = stored(index * width) + 1;
        let mut subtree = Frontier::default();
        scan_leaves(self.ledger, self.books, self.blocks, first..=first + stored(width) - 1, |leaf| {
            subtree.push(sha256, leaf.hash, |_, _, _| {});
            Ok(())
        })?;
        if subtree.size() == width {
            Ok(subtree.root(sha256))
        } else {
            Err(StoreError::corrupt(format!("entries from {first} are missing")))
        }
    }
}
