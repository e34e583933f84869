//! Object and input types. Each maps one domain value; none decides anything.

pub mod allocation;
pub mod allocation_preview;
pub mod allocation_rule;
pub mod allocation_run;
pub mod analysis;
pub mod audit;
pub mod charge;
pub mod charge_input;
pub mod chargebacks;
pub mod credits;
pub mod currencies;
pub mod enums;
pub mod export_batches;
pub mod finance;
pub mod integrity;
pub mod journal;
pub mod journal_drafts;
pub mod labor;
pub mod masters;
pub mod money;
pub mod periods;
pub mod prices;
pub mod reports;
pub mod rules;
