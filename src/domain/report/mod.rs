//! Reports are folds over balances.

mod ageing;
mod flux;
mod grain;
mod measure;
mod previous;
mod room;
mod spend;
mod trial_balance;

pub use ageing::{Aged, AgedDay, aged};
pub use flux::{FluxParts, FluxSide, flux};
pub use grain::{Grain, Totals, grains_of};
pub use measure::{CostPart, SpendMeasure};
pub use previous::{before, parts};
pub use room::{Full, Weight};
pub use spend::{ChargeDimension, Interval, SpendDimension, SpendKey};
pub use trial_balance::{TrialBalance, TrialBalanceRow, TrialBalanceTotal, trial_balance};
