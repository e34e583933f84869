//! The Merkle tree of RFC 6962 over the posted entries: its root, its incremental frontier, its proofs.
//!
//! Pure: the hash function is a parameter ([`Sha256`]), and where hashes of subtrees come from is too ([`Nodes`]). Leaf *n* (from 0) is entry
//! *n* + 1. Leaves and nodes are told apart by their first byte, so that no entry can pass for a node.

mod frontier;
mod proof;

pub use frontier::Frontier;
pub use proof::{Nodes, TreeHead, consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion};

#[cfg(test)]
mod tests;

/// SHA-256 of some bytes.
pub type Sha256 = fn(&[u8]) -> Hash;

/// A SHA-256 hash. Shown as lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; Hash::BYTES]);

impl Hash {
    pub const BYTES: usize = 32;

    /// Reads what [`Display`](std::fmt::Display) shows; nothing else is a hash.
    pub fn parse(hex: &str) -> Option<Self> {
        if hex.len() != 2 * Self::BYTES || !hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return None;
        }
        let mut bytes = [0; Self::BYTES];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            *byte = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())?;
        }
        Some(Self(bytes))
    }

    /// The first 64 bits: the mark that is stored beside an entry.
    pub fn mark(&self) -> i64 {
        self.0.iter().take(8).fold(0, |mark, byte| (mark << 8) | i64::from(*byte))
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// What the bytes of a leaf begin with (RFC 6962 section 2.1).
pub const LEAF_PREFIX: u8 = 0;
const NODE_PREFIX: u8 = 1;

/// The hash over two subtrees.
pub fn node_hash(sha256: Sha256, left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [NODE_PREFIX; 1 + 2 * Hash::BYTES];
    for (byte, from) in bytes.iter_mut().skip(1).zip(left.0.iter().chain(&right.0)) {
        *byte = *from;
    }
    sha256(&bytes)
}

/// The largest power of two below `size`, which is at least 2: how many leaves are left of a tree's top.
fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - size.saturating_sub(1).leading_zeros())
}
