//! Floor 1: the databases. One file per aggregate for reads and masters through sea-orm; `ledger` is the bulk write path.
//!
//! Nothing here decides anything: stores load facts, and write what was decided.

pub mod account_nets;
pub mod activity;
pub mod allocation;
pub mod audit;
pub mod balance;
pub mod balance_row;
mod cells;
pub mod charge;
mod charge_moves;
mod charge_scan;
pub mod chargeback;
mod connect;
pub mod duty;
mod error;
pub mod exchange;
pub mod export_batch;
pub mod floor;
pub mod journal;
pub mod journal_draft;
pub mod journal_limit;
pub mod labor;
pub mod ledger;
pub mod margin_target;
pub mod masters;
pub mod outputs;
pub mod payroll;
pub mod period;
mod period_figures;
pub mod prepaid;
pub mod revenue;
pub mod rows;
pub mod sums;

pub use charge_moves::{ChargeFacts, CountedOn, LaterPosting, MoveSpan, StateChange};
pub use charge_scan::{ChargeSpan, ScannedCharge};
pub use connect::{Engine, Store, StoreOptions};
pub use error::StoreError;
