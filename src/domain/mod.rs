//! Floor 0: the pure centre. Values and decisions of bookkeeping; no I/O, no clock, no randomness, no `async`.
//!
//! Data flows one way: `usage` -> `attribution` -> `rating` -> `posting_rules` -> `journal::decide` -> folds in `report`.

pub mod allocation;
pub mod attribution;
pub mod chargeback;
pub mod chart;
pub mod duties;
pub mod export_batch;
pub mod ids;
pub mod integrity;
pub mod journal;
pub mod labor;
pub mod manual_journals;
pub mod margin;
pub mod money;
pub mod outputs;
pub mod payroll;
pub mod period;
pub mod posting_rules;
pub mod prepaid;
pub mod rating;
pub mod rejection;
pub mod report;
pub mod revenue;
pub mod spelling;
pub mod usage;
pub mod what_if;
