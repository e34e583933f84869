//! Object and input types. Each maps one domain value; none decides anything.

pub mod analysis;
pub mod charge;
pub mod charge_input;
pub mod enums;
pub mod finance;
pub mod journal;
pub mod masters;
pub mod money;
pub mod periods;
pub mod prices;
pub mod reports;
pub mod rules;
