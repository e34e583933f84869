//! Allocation: rules in versions, drivers, the cost of a month by block, and runs with everything they decided.
//!
//! The same reads run at the desk, under the books' lock, and in a reading transaction.

mod charged_back;
mod cost;
mod driver;
mod rule;
mod run;
mod tables;

pub use charged_back::costs_charged_back;
pub use cost::{
    CostShape, costs_of_entries, costs_of_month, costs_posted_after, entries_of_pool, standing_amounts, standing_counts, standing_hours,
    standing_outputs,
};
pub use driver::{DriverValue, RecordedDriver, driver_list, driver_values, last_driver_value, value_insert};
pub use rule::{RuleVersion, approval_insert, rule_insert, rule_list};
pub use run::{
    FeedLine, LivePool, RunHead, RunKind, RunLine, RunPool, Standing, driver_snapshot, driver_snapshot_insert, entry_list, feed,
    line_insert, line_list, lines_into, live_codes, live_insert, live_remove, next_run, pool_insert, pool_list, reversal_of,
    rule_of_run_list, run_by_number, run_insert, run_list, run_of_entry,
};
