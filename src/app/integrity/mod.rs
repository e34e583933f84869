//! Tamper evidence: the Merkle tree over the posted entries, its proofs, and the checkpoints that are signed of it.

mod export;
mod leaves;
mod note;
mod prove;
mod tree;

pub use export::{ExportCheck, check_export, export_jsonl};
pub use leaves::{Blocks, Leaf, block_digest, leaf_hash, scan_leaves, sha256};
pub use note::{NoteError, SigningKey, VerifierKey};
pub use prove::{Consistency, Inclusion, Integrity, integrity, prove_consistency, prove_inclusion, sign_checkpoint};
pub use tree::{Node, STORED_LEVELS, StoredNodes, push, restore, stored};
