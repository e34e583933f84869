//! One file per table: columns, no logic.
//!
//! Every key starts with the books. Integers are 64 bits wide on both engines; days are counted from 1970-01-01, moments in microseconds from then.

pub mod account;
pub mod accrual_review;
pub mod attribution_rule;
pub mod audit_event;
pub mod balance;
pub mod books;
pub mod books_head;
pub mod charge;
pub mod charge_hour;
pub mod charge_revision;
pub mod checkpoint;
pub mod close_threshold;
pub mod coding_block;
pub mod command;
pub mod cost_center;
pub mod credit_lot;
pub mod credit_use;
pub mod discount;
pub mod exchange_rate;
pub mod foreign_settlement;
pub mod interned_name;
pub mod journal_entry;
pub mod labor_rate;
pub mod late_booking;
pub mod model_alias;
pub mod pending_charge;
pub mod pending_tally;
pub mod period;
pub mod period_change;
pub mod posting;
pub mod posting_rule;
pub mod price;
pub mod provider_setting;
pub mod reopening_request;
pub mod revaluation_line;
pub mod stale_mark;
pub mod time_booking;
pub mod time_entry;
pub mod tree_node;
pub mod waiting_time;
