//! Behaviour tests: the whole house through its doors, on SQLite and on PostgreSQL.
//!
//! Run them with `scripts/test --test it`. Every test opens fresh books named `main`, on a clock that stands at noon of 2026-01-15.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that meets something unexpected fails there and then"
)]

#[macro_use]
mod harness;

mod accidents;
mod acting;
mod activity_import;
mod aged;
mod all_or_nothing;
mod allocation;
mod attribution;
mod audit;
mod authorisation;
mod bad_charges;
mod bad_masters;
mod bench;
mod booking;
mod busy;
mod chargeback;
mod command_line;
mod concurrency;
mod contract;
mod corrections;
mod credits_as_of;
mod currencies;
mod duties;
mod erp_client;
mod export_batches;
mod faults;
mod flux_as_of;
mod golden;
mod http_limits;
mod idempotency;
mod immutability;
mod integrity;
mod labor;
mod manual_journals;
mod margin;
mod measures;
mod names;
mod outputs;
mod overflow;
mod payroll;
mod periods;
mod prepaid;
mod pricing;
mod rejections;
mod reports;
mod revenue;
mod reversal;
mod service;
mod streaming;
mod tampering;
mod upgrade;
mod visibility;
mod what_if;
