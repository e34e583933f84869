//! Batches for another finance system: entries of a period, summed by account and exported dimensions, and rounded to what that system keeps.
//!
//! Invariants: the rounded amounts of a batch sum to zero in each currency; what rounding left over is carried to the next batch of the
//! target, below one minor unit for each key and zero over all keys; a batch is cut into documents that balance each on its own.
//! This module knows no file format and no table.

mod documents;
mod numbers;
mod rounding;
mod target;
#[cfg(test)]
mod tests;
pub mod windows;

pub use documents::{Document, DocumentLine, MOST_DOCUMENTS, cut};
pub use numbers::{Prefix, batch_number, document_number};
pub use rounding::{RoundingPolicy, Unbalanced, half_even, with_carry};
pub use target::{MOST_MAPPED, MOST_SEGMENTS, Segment, Target};

use super::chart::CodingBlock;
use super::ids::NameId;
use super::money::Currency;
use super::report::SpendDimension;

/// What is summed together: the account and the exported dimensions, the others being none.
pub type Key = (Currency, CodingBlock);

/// Keys that one batch may have: more lines are no summary that people could look through.
pub const MOST_KEYS: usize = 50_000;

/// The block without the dimensions that are not exported.
pub fn masked(block: CodingBlock, exported: &[SpendDimension]) -> CodingBlock {
    let keep = |dimension, id| if exported.contains(&dimension) { id } else { NameId::NONE };
    CodingBlock {
        account: block.account,
        team: keep(SpendDimension::Team, block.team),
        project: keep(SpendDimension::Project, block.project),
        client: keep(SpendDimension::Client, block.client),
        feature: keep(SpendDimension::Feature, block.feature),
        provider: keep(SpendDimension::Provider, block.provider),
        model: keep(SpendDimension::Model, block.model),
        environment: keep(SpendDimension::Environment, block.environment),
    }
}

/// Ledger units in one minor unit of the currency (ISO 4217).
pub fn units_per_minor(currency: Currency) -> i128 {
    10_i128.saturating_pow(currency.ledger_scale().saturating_sub(currency.minor_digits()))
}

/// Where a batch stands. It never changes; what happened to it is told beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BatchStatus {
    /// Made, and not delivered.
    Frozen,
    /// Delivered, and not answered.
    Exported,
    /// Booked by the other system.
    Acknowledged,
    /// Refused by the other system: its entries go into the next batch.
    Rejected,
}
