//! Inclusion and consistency proofs: made as RFC 6962 section 2.1 defines them, checked by the algorithms of RFC 9162 section 2.1.

use super::{Hash, Sha256, node_hash, split};

/// Where hashes of complete subtrees come from.
pub trait Nodes {
    type Error;

    /// The root of the complete subtree of 2^`level` leaves that begins at leaf `index` * 2^`level`.
    ///
    /// # Errors
    /// What the source reports.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the first `size` leaves.
///
/// # Errors
/// What the source of hashes reports.
pub fn root_at<N: Nodes>(sha256: Sha256, nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    if size == 0 { Ok(sha256(&[])) } else { range(sha256, nodes, 0, size) }
}

/// The root over the leaves from `from` (a multiple of the power of two that holds them) to `to`, which is greater.
fn range<N: Nodes>(sha256: Sha256, nodes: &mut N, from: u64, to: u64) -> Result<Hash, N::Error> {
    let mut complete = Vec::new();
    let mut from = from;
    // What is left of the top is complete; the rest is a smaller tree of the same kind.
    while to - from > 1 && !(to - from).is_power_of_two() {
        let left = split(to - from);
        complete.push(nodes.node(left.trailing_zeros(), from / left)?);
        from += left;
    }
    let width = to - from;
    let last = nodes.node(width.trailing_zeros(), from / width)?;
    Ok(complete.into_iter().rev().fold(last, |right, left| node_hash(sha256, &left, &right)))
}

/// The hashes that, with the leaf at `index`, give the root of the first `size` leaves: from the leaf's neighbour upwards.
/// The caller has checked that `index` is below `size`.
///
/// # Errors
/// What the source of hashes reports.
pub fn inclusion_proof<N: Nodes>(sha256: Sha256, nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(range(sha256, nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range(sha256, nodes, from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The hashes that show that the first `first` leaves of both trees are the same. The caller has checked that 0 < `first` <= `second`.
///
/// # Errors
/// What the source of hashes reports.
pub fn consistency_proof<N: Nodes>(sha256: Sha256, nodes: &mut N, first: u64, second: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut from, mut to) = (0, second);
    let mut path = Vec::new();
    while first < to {
        let middle = from + split(to - from);
        if first <= middle {
            path.push(range(sha256, nodes, middle, to)?);
            to = middle;
        } else {
            path.push(range(sha256, nodes, from, middle)?);
            from = middle;
        }
    }
    // The old root itself is known to whoever checks.
    if from > 0 {
        path.push(range(sha256, nodes, from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether the path leads from the leaf at `index` to the root of `size` leaves (RFC 9162 section 2.1.3.2).
pub fn verify_inclusion(sha256: Sha256, leaf: Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sha256, sibling, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(sha256, &hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// A tree as whoever checks a proof knows it: its size and its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    pub size: u64,
    pub root: Hash,
}

/// Whether the path shows that the second tree begins with the first (RFC 9162 section 2.1.4.2). Every tree begins with the empty one.
pub fn verify_consistency(sha256: Sha256, first: TreeHead, second: TreeHead, path: &[Hash]) -> bool {
    if first.size == 0 || first.size >= second.size {
        let is_same = first.size == second.size && first.root == second.root;
        return path.is_empty() && (is_same || (first.size == 0 && second.size > 0 && first.root == sha256(&[])));
    }
    let (mut node, mut last) = (first.size - 1, second.size - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    // A first tree that is complete is itself the place where the path begins.
    let complete = first.size.is_power_of_two().then_some(first.root);
    let mut path = complete.into_iter().chain(path.iter().copied());
    let Some(begin) = path.next() else { return false };
    let (mut old, mut new) = (begin, begin);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            (old, new) = (node_hash(sha256, &sibling, &old), node_hash(sha256, &sibling, &new));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new = node_hash(sha256, &new, &sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && old == first.root && new == second.root
}
