//! What-if: recorded usage under other assumptions. Each charge is changed and rated by the rater of the books; nothing is written.
//!
//! A charge that no change of a scenario touches is carried over at what it was booked at, so a scenario without changes is the actuals.
//! What cannot be priced is told apart, never taken as zero.

mod assess;
mod input;
mod scenario;

pub use assess::{Assessed, Assessor};
pub use input::{BatchShareInput, CacheShareInput, ChangeInput, HumanShareInput, ModelInput, PriceInput, ScenarioInput, read_scenarios};
pub use scenario::{Change, Human, NewPrice, Prepared, PriceChange, Scenario, Selection};

/// Scenarios beside each other: as many columns as people still compare.
pub const MOST_SCENARIOS: usize = 8;
/// Changes in one scenario.
pub const MOST_CHANGES: usize = 20;

#[cfg(test)]
mod tests;
