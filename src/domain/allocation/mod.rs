//! Allocation: shared cost is moved from where it gathers to those who use it, by dated rules, exactly.
//!
//! Pure. A run takes the cost of a period by coding block, the quantities of the drivers, and rules in their order; it answers with pools, the
//! part of each receiver with its exact fraction, and balanced transfers to post. What leaves a pool arrives at receivers, to the unit: parts
//! are split by the largest remainder, ties by the order of kind and code. Equal input gives equal output.
//!
//! It does not post, and knows no run, approval or clock. Methods and their golden figures: the reference cases stand in `tests.rs`.

mod center;
mod difference;
mod equations;
mod fraction;
mod modular;
mod net_split;
mod outcome;
mod pool;
mod reciprocal;
mod rule;
mod run;
mod spread;
mod step_down;
mod weights;

pub use center::{Center, block_of, center_of, only_center};
pub use difference::{Earlier, difference};
pub use fraction::Fraction;
pub use outcome::{Basis, Flow, Gross, Outcome, PoolOutcome, PoolPart, Receiving};
pub use pool::{Costs, Filter, has_pool, is_pooled};
pub use rule::{
    AllocationRule, MOST_RECEIVERS, MOST_SERVICE_CENTERS, MOST_TIERS, Method, PoolFilter, PostingMode, Receiver, Residual, RuleTerms,
    ServiceCenter, ServiceOrder, Tier, TierMode, WhenMissing, WhenNegative, WhenZero, standing_driver, unit_of_driver,
};
pub use run::{Directory, Input, MOST_PARTS, allocate};
pub use weights::Drivers;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod solver_tests;
#[cfg(test)]
mod tests;
