//! The demo: one hundred days of a believable company, recorded through the same use cases that everybody else uses.
//!
//! Invariants: the same seed and number of charges give the same charges, amount for amount, on every day; only their dates move, counted
//! back from the last day. Filling twice on one day records nothing twice, because each charge has its own key.

mod charges;
mod company;
mod fill;
mod open;
mod shape;
mod split_mix;

pub use charges::{Charges, DAYS, charges};
pub use company::{Company, company};
pub use fill::{DemoOptions, DemoSummary, fill};
pub use open::{Opened, open_demo};

/// The seed of the demo that everybody sees.
pub const DEFAULT_SEED: u64 = 0x7A11_B00C;
/// The number of charges of the demo, resent ones included.
pub const DEFAULT_CHARGES: usize = 100_000;

#[cfg(test)]
mod tests;
