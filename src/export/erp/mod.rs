//! Batches as other finance systems take them. One writer; a system is a description in a file beside this one, and nothing else.
//!
//! Invariants: amounts are written digit by digit, never through a float; a text or an amount that a field does not hold is refused with its
//! path, never cut; equal batches give equal bytes.

mod description;
mod values;
mod write;

pub use description::{Format, format, formats};
pub use write::write;

use crate::domain::export_batch::Target;
use crate::domain::money::Currency;
use crate::domain::period::Month;

/// A batch with its names spelled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub number: String,
    pub period: Month,
    pub target: Target,
    pub documents: Vec<Document>,
}

/// What the other system books at once: one currency, balanced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub number: String,
    pub currency: Currency,
    pub lines: Vec<Line>,
}

/// One line of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1 within the batch.
    pub line: i64,
    /// Our code of the account.
    pub account: String,
    /// Our codes of the exported dimensions, by the dimension's stored name.
    pub dimensions: Vec<(&'static str, Option<String>)>,
    /// Minor units of the currency: above zero for a debit, below for a credit.
    pub minor: i64,
}

#[cfg(test)]
mod tests;
