//! The frontier: the roots of the complete subtrees that a tree is made of, which is all that is needed to add leaves and to know the root.

use super::{Hash, Sha256, node_hash};

/// A tree that grows. Adding a leaf takes two hashes on average, its own included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// One for each bit that is set in the size, the largest subtree first.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Leaves in the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// A frontier from its parts; `None` when there are not as many peaks as the size has.
    pub fn restore(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (u64::from(size.count_ones()) == u64::try_from(peaks.len()).ok()?).then_some(Self { size, peaks })
    }

    /// The stored form: the peaks as hexadecimal, one after the other.
    pub fn to_text(&self) -> String {
        self.peaks.iter().map(Hash::to_string).collect()
    }

    /// Reads the stored form.
    pub fn parse(size: u64, text: &str) -> Option<Self> {
        let peaks = text.as_bytes().chunks(2 * Hash::BYTES).map(|hex| std::str::from_utf8(hex).ok().and_then(Hash::parse));
        Self::restore(size, peaks.collect::<Option<_>>()?)
    }

    /// Adds a leaf. `completed` is told level, index and root of every subtree that this completes, from below.
    pub fn push(&mut self, sha256: Sha256, leaf: Hash, mut completed: impl FnMut(u32, u64, Hash)) {
        let (mut node, mut index, mut level) = (leaf, self.size, 0);
        while index & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            node = node_hash(sha256, &left, &node);
            index >>= 1;
            level += 1;
            completed(level, index, node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree; of none, the hash of nothing.
    pub fn root(&self, sha256: Sha256) -> Hash {
        let folded = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(sha256, &left, &right));
        folded.unwrap_or_else(|| sha256(&[]))
    }
}
