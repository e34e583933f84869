//! The blended margin: AI, labor, allocated cost and revenue in one statement, and what a unit of output costs.

mod dimension;
mod flux;
mod gather;
mod statement;
mod targets;
mod units;
mod waterfall;

pub use dimension::MarginDimension;
pub use flux::{MarginFlux, MarginFluxQuery, MarginFluxRow, margin_flux};
pub use statement::{MarginControl, MarginQuery, MarginReport, MarginRow, margin};
pub use targets::{ScopedTarget, TargetInput, TargetResult, margin_targets, save_margin_targets};
pub use units::{ChargeCosts, ModelUse, UnitDimension, UnitQuery, UnitRow, charge_costs, unit_economics};
pub use waterfall::{Waterfall, WaterfallStep, margin_waterfall};
