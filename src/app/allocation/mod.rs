//! Allocation: rules in versions, drivers, previews, runs, and the trace of a cent in both directions.
//!
//! A preview and a run compute the same plan from the same tables; the run posts it in the transaction in which it computed it, under the
//! books' lock. What a run used stays with it (the last entry, the last driver value, versions of rules, and what the books computed), so that it
//! can be performed again.

mod directory;
mod drivers;
mod feed;
mod increment;
mod lines;
mod perform;
mod plan;
mod preview;
mod read;
mod reverse;
mod rules;
mod run;
mod standing;
mod trace;
mod view;

pub use drivers::{DriverValueInput, driver_values, record_driver_values};
pub use feed::{AllocationLine, allocations, lines_of_run};
pub use lines::share_decimal;
pub use perform::{Performed, perform_again};
pub use preview::{Preview, PreviewInput, PreviewLine, preview_allocation};
pub use read::{RunView, run_view, runs, runs_by_number};
pub use reverse::{ReverseRunInput, reverse_allocation_run};
pub use rules::{RuleInput, allocation_rules, approve_allocation_rule, save_allocation_rule};
pub(in crate::app) use run::{RulesOfMonth, STALE_KIND, live_runs, rules_of_month, runs_in_force};
pub use run::{RunInput, RunMode, run_allocation};
pub use trace::{ChargeDestination, ChargeTrace, charge_trace, fed_by, source_entries};
pub use view::{CenterRef, PoolView, Traced};

pub use crate::domain::allocation as terms;
pub use crate::store::allocation::{RecordedDriver, RuleVersion, RunKind};
