//! Tamper evidence: the tree over the journal, and proofs from it.

use async_graphql::SimpleObject;

use crate::app::integrity as app;
use crate::domain::integrity::Hash;
use crate::graphql::scalars::BigInt;

/// The Merkle tree (RFC 6962, SHA-256) over the posted entries, as of now. Entry n is leaf n - 1.
#[derive(Debug, SimpleObject)]
pub struct Integrity {
    /// The last entry in the tree.
    through_entry: BigInt,
    tree_size: BigInt,
    /// Lower-case hexadecimal.
    root_hash: String,
    /// The latest signed checkpoint in the form of C2SP tlog-checkpoint; where none was signed, the text of now without a signature.
    checkpoint: String,
    signed: bool,
}

/// That an entry is in a tree of a size.
#[derive(Debug, SimpleObject)]
pub struct InclusionProof {
    leaf_index: BigInt,
    tree_size: BigInt,
    root_hash: String,
    leaf_hash: String,
    /// The entry's canonical text: the leaf is SHA-256 over a zero byte and this.
    canonical: String,
    /// From the leaf's neighbour upwards, lower-case hexadecimal.
    path: Vec<String>,
}

/// That the tree of one size begins with the tree of a smaller one.
#[derive(Debug, SimpleObject)]
pub struct ConsistencyProof {
    from_size: BigInt,
    from_root_hash: String,
    to_size: BigInt,
    to_root_hash: String,
    path: Vec<String>,
}

fn size(size: u64) -> BigInt {
    i128::from(size).into()
}

fn texts(path: &[Hash]) -> Vec<String> {
    path.iter().map(Hash::to_string).collect()
}

impl From<app::Integrity> for Integrity {
    fn from(integrity: app::Integrity) -> Self {
        Self {
            through_entry: size(integrity.head.size),
            tree_size: size(integrity.head.size),
            root_hash: integrity.head.root.to_string(),
            checkpoint: integrity.checkpoint,
            signed: integrity.is_signed,
        }
    }
}

impl From<app::Inclusion> for InclusionProof {
    fn from(proof: app::Inclusion) -> Self {
        Self {
            leaf_index: size(proof.leaf_index),
            tree_size: size(proof.tree.size),
            root_hash: proof.tree.root.to_string(),
            leaf_hash: proof.leaf.to_string(),
            canonical: proof.canonical,
            path: texts(&proof.path),
        }
    }
}

impl From<app::Consistency> for ConsistencyProof {
    fn from(proof: app::Consistency) -> Self {
        Self {
            from_size: size(proof.first.size),
            from_root_hash: proof.first.root.to_string(),
            to_size: size(proof.second.size),
            to_root_hash: proof.second.root.to_string(),
            path: texts(&proof.path),
        }
    }
}
