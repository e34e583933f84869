//! The Merkle tree: every leaf, every stored hash, the root, and every checkpoint that was signed.

use std::collections::HashMap;

use super::{Check, Verifier};
use crate::app::integrity::{Blocks, STORED_LEVELS, restore, scan_leaves, sha256, stored};
use crate::domain::integrity::{Frontier, Hash};
use crate::store::StoreError;
use crate::store::ledger::RowExt;

struct Checks {
    marks: Check,
    nodes: Check,
    checkpoints: Check,
    frontier: Frontier,
    /// Stored hashes by level and position; what is left over at the end has no entries.
    stored: HashMap<(i64, i64), String>,
    /// Signed roots by size, the largest first.
    signed: Vec<(i64, String)>,
}

impl Verifier<'_> {
    pub(super) fn check_tree(&mut self) -> Result<Vec<Check>, StoreError> {
        let key = self.key();
        let mut checks = Checks {
            marks: Check::new("every entry is what was sealed"),
            nodes: Check::new("the tree's hashes and root are those of the journal"),
            checkpoints: Check::new("every signed checkpoint is consistent with the journal"),
            frontier: Frontier::default(),
            stored: HashMap::new(),
            signed: Vec::new(),
        };
        self.ledger.scan("SELECT level, position, hash FROM tree_node WHERE books_id = $1", &key, |row| {
            checks.stored.insert((row.int(0)?, row.int(1)?), row.text(2)?.to_owned());
            Ok(())
        })?;
        self.ledger.scan("SELECT size, root FROM checkpoint WHERE books_id = $1 ORDER BY size DESC", &key, |row| {
            checks.signed.push((row.int(0)?, row.text(1)?.to_owned()));
            Ok(())
        })?;
        let mut blocks = Blocks::default();
        blocks.catch_up(self.ledger, self.books)?;
        scan_leaves(self.ledger, self.books, &blocks, 1..=i64::MAX, |leaf| {
            checks.marks.expect(leaf.mark.is_none_or(|mark| mark == leaf.hash.mark()), || {
                format!("entry {} is not what was sealed: it, a posting of it, or a name it uses was changed", leaf.number)
            });
            checks.add(leaf.hash);
            Ok(())
        })?;
        checks.end(&self.head_row()?)?;
        Ok(vec![checks.marks, checks.nodes, checks.checkpoints])
    }

    /// Size and root of the tree on the head row.
    fn head_row(&mut self) -> Result<(i64, Option<Hash>), StoreError> {
        let rows = self.ledger.rows("SELECT tree_size, tree_peaks FROM books_head WHERE books_id = $1", &self.key())?;
        let row = rows.first().ok_or_else(|| StoreError::corrupt("the books have no head row"))?;
        let size = row.int(0)?;
        Ok((size, restore(size, row.text(1)?).ok().map(|frontier| frontier.root(sha256))))
    }
}

impl Checks {
    fn add(&mut self, leaf: Hash) {
        let (stored_nodes, nodes) = (&mut self.stored, &mut self.nodes);
        self.frontier.push(sha256, leaf, |level, position, hash| {
            if STORED_LEVELS.contains(&level) {
                let (first, width) = (position << level, 1_u64 << level);
                let found = stored_nodes.remove(&(i64::from(level), stored(position)));
                nodes.expect(found == Some(hash.to_string()), || {
                    format!("the hash over entries {} to {} is not the stored one", first + 1, first + width)
                });
            }
        });
        while let Some((_, root)) = self.signed.pop_if(|(size, _)| *size == stored(self.frontier.size())) {
            let size = self.frontier.size();
            self.checkpoints.expect(self.frontier.root(sha256).to_string() == root, || {
                format!("the checkpoint of {size} entries was signed over other entries than these")
            });
        }
    }

    fn end(&mut self, (size, root): &(i64, Option<Hash>)) -> Result<(), StoreError> {
        let entries = stored(self.frontier.size());
        self.nodes.expect(*size == entries, || format!("the tree has {size} leaves, the journal {entries} entries"));
        self.nodes.expect(*root == Some(self.frontier.root(sha256)), || "the root of the tree is not that of the journal".to_owned());
        let mut left: Vec<_> = self.stored.keys().copied().collect();
        left.sort_unstable();
        for (level, position) in left {
            self.nodes.fault(|| format!("the stored hash {level}/{position} has no entries"));
        }
        for (size, _) in &self.signed {
            self.checkpoints.fault(|| format!("a checkpoint of {size} entries was signed, and there are {entries}"));
        }
        Ok(())
    }
}
